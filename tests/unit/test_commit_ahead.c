/* test_commit_ahead.c - LMDB commits while the disk writes the record, and nobody sees a commit before it is on disk: readers of the process wait for the
 * flush, and it comes first where a reader had to wait or another process has the database open.
 *
 * The linker leads the calls of a commit through here; they are told apart by what they do: a flush or a write-out of the log, LMDB's commit. */
#include <errno.h>
#include <fcntl.h>
#include <lmdb.h>
#include <pthread.h>
#include <time.h>

#include "tests/unit/checkpoint_kit.h"

enum { IN_ORDER = 64 }; /* commits that flush first when a reader had to wait */

/* ---- What is called, and a gate before the log's flush ---- */
static struct calls {
  pthread_mutex_t mutex;
  pthread_cond_t moved;
  char list
      [400]; /* w: the log's write-out begins, f: it is flushed, c: LMDB commits, C: and flushes by itself before anybody sees that */
  bool closed;       /* flushes wait */
  bool fails;        /* flushes of the log do */
  bool commit_fails; /* LMDB's do */
  unsigned waiting;
} calls = {.mutex = PTHREAD_MUTEX_INITIALIZER, .moved = PTHREAD_COND_INITIALIZER};

static void note(char call) {
  pthread_mutex_lock(&calls.mutex);
  size_t len = strlen(calls.list);
  if (len + 1 < sizeof calls.list) calls.list[len] = call;
  pthread_mutex_unlock(&calls.mutex);
}

static bool is_log(int fd) {
  char link[64], target[256];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t len = readlink(link, target, sizeof target - 1);
  target[len > 0 ? len : 0] = 0;
  return strcmp(target, log_path) == 0;
}

int __real_sync_file_range(int fd, off_t at, off_t len, unsigned how);
int __wrap_sync_file_range(int fd, off_t at, off_t len, unsigned how);
int __wrap_sync_file_range(int fd, off_t at, off_t len, unsigned how) {
  if (is_log(fd)) note('w');
  return __real_sync_file_range(fd, at, len, how);
}

int __real_mdb_txn_commit(MDB_txn *txn);
int __wrap_mdb_txn_commit(MDB_txn *txn);
int __wrap_mdb_txn_commit(MDB_txn *txn) {
  unsigned flags = 0;
  ck_assert_int_eq(mdb_env_get_flags(mdb_txn_env(txn), &flags), MDB_SUCCESS);
  note((flags & MDB_NOSYNC) != 0 ? 'c' : 'C');
  if (!calls.commit_fails) return __real_mdb_txn_commit(txn);
  mdb_txn_abort(txn);
  return EIO;
}

int __real_fdatasync(int fd);
int __wrap_fdatasync(int fd);
int __wrap_fdatasync(int fd) {
  if (!is_log(fd)) return __real_fdatasync(fd);
  pthread_mutex_lock(&calls.mutex);
  calls.waiting++;
  pthread_cond_broadcast(&calls.moved);
  while (calls.closed) pthread_cond_wait(&calls.moved, &calls.mutex);
  calls.waiting--;
  bool fails = calls.fails;
  pthread_mutex_unlock(&calls.mutex);
  note('f');
  if (!fails) return __real_fdatasync(fd);
  errno = EIO;
  return -1;
}

static void close_gate(void) { calls.closed = true; }

static void wait_at_gate(void) {
  pthread_mutex_lock(&calls.mutex);
  while (calls.waiting == 0) pthread_cond_wait(&calls.moved, &calls.mutex);
  pthread_mutex_unlock(&calls.mutex);
}

static void open_gate(void) {
  pthread_mutex_lock(&calls.mutex);
  calls.closed = false;
  pthread_cond_broadcast(&calls.moved);
  pthread_mutex_unlock(&calls.mutex);
}

static const char *calls_of_put(med_store *store, const char *key) {
  memset(calls.list, 0, sizeof calls.list);
  ck_assert_msg(put(store, key) == MEDLEY_OK, "%s: %s", key, error.message);
  return calls.list;
}

/* ---- Threads ---- */
typedef struct actor {
  pthread_t thread;
  med_store *store;
  const char *key;
  int rc;
  bool found;
  _Atomic bool ended;
} actor;

static void *run_put(void *context) {
  actor *self = context;
  med_member *member;
  medley_error own = {0};
  ck_assert_int_eq(med_member_open(self->store, &member), MEDLEY_OK);
  ck_assert_int_eq(med_writer_begin(member, true, 5000, &own), MEDLEY_OK);
  ck_assert_int_eq(
      med_txn_put(med_member_txn(member), MED_TREE_KV, med_slice_of_text(self->key), med_slice_of_text("v")),
      MEDLEY_OK);
  self->rc = med_writer_commit(member, &own);
  med_member_close(member);
  return NULL;
}

static void *run_look(void *context) {
  actor *self = context;
  med_txn *reader;
  med_slice value;
  medley_error own = {0};
  ck_assert_int_eq(med_txn_open_reader(self->store, &reader, &own), MEDLEY_OK);
  self->rc = med_txn_renew(reader);
  if (self->rc == MEDLEY_OK) {
    self->found = med_txn_get(reader, MED_TREE_KV, med_slice_of_text(self->key), &value) == MEDLEY_OK;
    med_txn_reset(reader);
  }
  self->ended = true;
  med_txn_close_reader(reader);
  return NULL;
}

static void start(actor *who, med_store *store, const char *key, void *(*run)(void *)) {
  *who = (actor){.store = store, .key = key};
  ck_assert_int_eq(pthread_create(&who->thread, NULL, run, who), 0);
}

static void join(const actor *who) { ck_assert_int_eq(pthread_join(who->thread, NULL), 0); }

static void rest(void) { nanosleep(&(struct timespec){0, 50000000}, NULL); }

/* A store that has a checkpoint, and a commit of "held" that LMDB has and the log's flush is waiting for. */
static med_store *hold_commit(actor *writer) {
  med_store *store = open_store();
  ck_assert_str_eq(calls_of_put(store, "first"), "fwcf"); /* its checkpoint's header first */
  close_gate();
  start(writer, store, "held", run_put);
  wait_at_gate();
  return store;
}

START_TEST(the_disk_begins_to_write_and_is_waited_for_last) {
  med_store *store = open_store();
  (void)calls_of_put(store, "one");
  ck_assert_str_eq(calls_of_put(store, "two"), "wcf");
  ck_assert_str_eq(calls_of_put(store, "three"), "wcf");
  med_store_close(store);
}
END_TEST

/* More than a record can hold. */
static int put_much(med_store *store) {
  med_member *member;
  uint8_t value[MED_VALUE_SIZE_MAX] = {0};
  ck_assert_int_eq(med_member_open(store, &member), MEDLEY_OK);
  ck_assert_int_eq(med_writer_begin(member, true, 5000, &error), MEDLEY_OK);
  for (unsigned i = 0; i * sizeof value <= MED_LOG_RAW_SIZE_MAX; i++) {
    char key[16];
    snprintf(key, sizeof key, "%u", i);
    ck_assert_int_eq(
        med_txn_put(med_member_txn(member), MED_TREE_KV, med_slice_of_text(key), med_slice_of(value, sizeof value)),
        MEDLEY_OK);
  }
  memset(calls.list, 0, sizeof calls.list);
  int rc = med_writer_commit(member, &error);
  med_member_close(member);
  return rc;
}

START_TEST(what_no_record_can_hold_is_flushed_by_lmdb) {
  med_store *store = open_store();
  (void)calls_of_put(store, "one");
  ck_assert_int_eq(put_much(store), MEDLEY_OK);
  ck_assert_str_eq(calls.list, "Cf"); /* f: the header of its checkpoint */
  ck_assert_str_eq(calls_of_put(store, "two"), "wcf");
  med_store_close(store);
}
END_TEST

/* It may have been LMDB's flush, after which no other can be trusted. */
START_TEST(what_lmdb_cannot_flush_ends_the_store) {
  med_store *store = open_store();
  (void)calls_of_put(store, "one");
  calls.commit_fails = true;
  ck_assert_int_eq(put_much(store), MEDLEY_IO);
  calls.commit_fails = false;
  ck_assert_int_eq(put(store, "two"), MEDLEY_DEAD);
  med_store_close(store);
  store = open_store();
  ck_assert(has(store, "one") && !has(store, "0") && !has(store, "two"));
  med_store_close(store);
}
END_TEST

START_TEST(a_commit_that_fails_beside_its_record_takes_that_back) {
  med_store *store = open_store();
  (void)calls_of_put(store, "one");
  calls.commit_fails = true;
  ck_assert_int_eq(put(store, "two"), MEDLEY_IO);
  calls.commit_fails = false;
  ck_assert(has(store, "one") && !has(store, "two")); /* and no reader waits */
  ck_assert_str_eq(calls_of_put(store, "three"), "wcf");
  store->dead = true; /* the log stays, as after a power cut */
  med_store_close(store);
  store = open_store();
  ck_assert(has(store, "one") && !has(store, "two") && has(store, "three"));
  med_store_close(store);
}
END_TEST

START_TEST(relaxed_commits_are_not_waited_for) {
  options.durability = MEDLEY_RELAXED;
  med_store *store = open_store();
  (void)calls_of_put(store, "one");
  const char *list = calls_of_put(store, "two");
  ck_assert_msg(strcmp(list, "c") == 0 || strcmp(list, "fc") == 0, "%s", list);
  med_store_close(store);
}
END_TEST

START_TEST(a_reader_is_shown_a_commit_when_it_is_on_disk) {
  actor writer, reader;
  med_store *store = hold_commit(&writer);
  start(&reader, store, "held", run_look);
  rest();
  ck_assert(!reader.ended);
  open_gate();
  join(&reader);
  join(&writer);
  ck_assert_int_eq(writer.rc, MEDLEY_OK);
  ck_assert_int_eq(reader.rc, MEDLEY_OK);
  ck_assert(reader.found);
  med_store_close(store);
}
END_TEST

START_TEST(a_reader_that_has_its_snapshot_goes_on) {
  actor writer;
  med_store *store = open_store();
  med_txn *reader;
  med_slice value;
  (void)calls_of_put(store, "first");
  ck_assert_int_eq(med_txn_open_reader(store, &reader, &error), MEDLEY_OK);
  ck_assert_int_eq(med_txn_renew(reader), MEDLEY_OK);
  close_gate();
  start(&writer, store, "held", run_put);
  wait_at_gate();
  ck_assert_int_eq(med_txn_get(reader, MED_TREE_KV, med_slice_of_text("first"), &value), MEDLEY_OK);
  ck_assert_int_eq(med_txn_get(reader, MED_TREE_KV, med_slice_of_text("held"), &value), MEDLEY_NOT_FOUND);
  ck_assert(!med_txn_go_on(reader));
  med_txn_reset(reader);
  med_txn_close_reader(reader);
  open_gate();
  join(&writer);
  med_store_close(store);
}
END_TEST

/* A store in which a reader has had to wait for a commit. */
static med_store *let_reader_wait(void) {
  actor writer, reader;
  med_store *store = hold_commit(&writer);
  start(&reader, store, "held", run_look);
  rest();
  open_gate();
  join(&reader);
  join(&writer);
  return store;
}

START_TEST(commits_are_in_order_for_a_while_after_a_reader_had_to_wait) {
  med_store *store = let_reader_wait();
  for (int i = 0; i < IN_ORDER; i++) ck_assert_str_eq(calls_of_put(store, "later"), "fc");
  ck_assert_str_eq(calls_of_put(store, "later"), "wcf");
  /* And then readers are there at once. */
  (void)has(store, "later");
  ck_assert_str_eq(calls_of_put(store, "later"), "wcf");
  med_store_close(store);
}
END_TEST

START_TEST(a_reader_beside_a_commit_in_order_does_not_wait) {
  actor writer, reader;
  med_store *store = let_reader_wait();
  close_gate();
  start(&writer, store, "next", run_put);
  wait_at_gate();
  start(&reader, store, "next", run_look);
  join(&reader);
  ck_assert(!reader.found);
  open_gate();
  join(&writer);
  ck_assert(has(store, "next"));
  med_store_close(store);
}
END_TEST

START_TEST(a_flush_that_fails_behind_the_commit_shows_it_to_nobody) {
  actor writer, reader;
  med_store *store = hold_commit(&writer);
  start(&reader, store, "held", run_look);
  rest();
  calls.fails = true;
  open_gate();
  join(&writer);
  join(&reader);
  ck_assert_int_eq(writer.rc, MEDLEY_COMMIT_UNKNOWN);
  ck_assert_int_eq(reader.rc, MEDLEY_DEAD);
  ck_assert_int_eq(put(store, "later"), MEDLEY_DEAD);
  calls.fails = false;
  med_store_close(store);
  store = open_store();
  ck_assert(has(store, "first"));
  ck_assert_int_eq(put(store, "again"), MEDLEY_OK);
  med_store_close(store);
}
END_TEST

static void *run_backup(void *context) {
  actor *self = context;
  medley_error own = {0};
  self->rc = med_store_backup(self->store, self->key, &own);
  self->ended = true;
  return NULL;
}

START_TEST(a_copy_has_nothing_that_is_not_on_disk) {
  actor writer, copier;
  char copy[160];
  med_store *store = hold_commit(&writer);
  snprintf(copy, sizeof copy, "%s/copy", directory);
  start(&copier, store, copy, run_backup);
  rest();
  ck_assert(!copier.ended);
  open_gate();
  join(&copier);
  join(&writer);
  ck_assert_int_eq(copier.rc, MEDLEY_OK);
  med_store_close(store);
}
END_TEST

/* ---- Another process ---- forked before anything is open, and told when to open the database and when to close it. */
typedef struct other_process {
  pid_t pid;
  int to, from;
} other_process;

static char hear(int fd) {
  char byte = 0;
  return read(fd, &byte, 1) == 1 ? byte : 0;
}

static void say(int fd, char byte) { ck_assert_int_eq(write(fd, &byte, 1), 1); }

/* What it says once it has opened: whether its open flushed the log (F), and whether the log's checkpoint is the commit that it sees (C). */
static void be_other(int from, int to) {
  (void)hear(from);
  memset(calls.list, 0, sizeof calls.list);
  med_store *store = open_store();
  say(to, strchr(calls.list, 'f') != NULL ? 'F' : '-');
  med_txn *reader;
  ck_assert_int_eq(med_txn_open_reader(store, &reader, &error), MEDLEY_OK);
  ck_assert_int_eq(med_txn_renew(reader), MEDLEY_OK);
  say(to, access(log_path, F_OK) == 0 && checkpoint_id() == med_txn_id(reader) ? 'C' : '-');
  med_txn_reset(reader);
  med_txn_close_reader(reader);
  say(to, has(store, "held") ? 'H' : '-');
  (void)hear(from);
  med_store_close(store);
  _exit(0);
}

static other_process start_other(void) {
  int to[2], from[2];
  ck_assert_int_eq(pipe(to), 0);
  ck_assert_int_eq(pipe(from), 0);
  pid_t pid = fork();
  if (pid == 0) {
    close(to[1]);
    be_other(to[0], from[1]);
  }
  close(to[0]);
  close(from[1]);
  return (other_process){pid, to[1], from[0]};
}

static void end_other(const other_process *other) {
  int status;
  say(other->to, 'e');
  ck_assert_int_eq(waitpid(other->pid, &status, 0), other->pid);
  ck_assert_int_eq(status, 0);
  close(other->to);
  close(other->from);
}

START_TEST(commits_are_in_order_while_another_process_has_the_database_open) {
  other_process other = start_other();
  med_store *store = open_store();
  (void)calls_of_put(store, "one");
  ck_assert_str_eq(calls_of_put(store, "two"), "wcf");
  say(other.to, 'o');
  for (int i = 0; i < 3; i++) (void)hear(other.from);
  ck_assert_str_eq(calls_of_put(store, "three"), "fc");
  end_other(&other);
  ck_assert_str_eq(calls_of_put(store, "four"), "wcf");
  med_store_close(store);
}
END_TEST

START_TEST(a_process_that_opens_beside_a_commit_flushes_what_it_sees) {
  other_process other = start_other();
  actor writer;
  med_store *store = hold_commit(&writer);
  say(other.to, 'o');
  ck_assert_int_eq(hear(other.from), 'F');
  (void)hear(other.from);
  ck_assert_int_eq(hear(other.from), 'H');
  open_gate();
  join(&writer);
  end_other(&other);
  med_store_close(store);
}
END_TEST

START_TEST(a_process_that_opens_behind_a_failed_flush_begins_with_a_checkpoint) {
  other_process other = start_other();
  actor writer;
  med_store *store = hold_commit(&writer);
  calls.fails = true;
  open_gate();
  join(&writer);
  ck_assert_int_eq(writer.rc, MEDLEY_COMMIT_UNKNOWN);
  say(other.to, 'o');
  (void)hear(other.from);
  ck_assert_int_eq(hear(other.from), 'C');
  ck_assert_int_eq(hear(other.from), 'H');
  end_other(&other);
  calls.fails = false;
  med_store_close(store);
}
END_TEST

PROPERTY_MAIN_BETWEEN("commit_ahead", setup, teardown, the_disk_begins_to_write_and_is_waited_for_last,
                      what_no_record_can_hold_is_flushed_by_lmdb, what_lmdb_cannot_flush_ends_the_store,
                      a_commit_that_fails_beside_its_record_takes_that_back, relaxed_commits_are_not_waited_for,
                      a_reader_is_shown_a_commit_when_it_is_on_disk, a_reader_that_has_its_snapshot_goes_on,
                      commits_are_in_order_for_a_while_after_a_reader_had_to_wait,
                      a_reader_beside_a_commit_in_order_does_not_wait,
                      a_flush_that_fails_behind_the_commit_shows_it_to_nobody, a_copy_has_nothing_that_is_not_on_disk,
                      commits_are_in_order_while_another_process_has_the_database_open,
                      a_process_that_opens_beside_a_commit_flushes_what_it_sees,
                      a_process_that_opens_behind_a_failed_flush_begins_with_a_checkpoint)
