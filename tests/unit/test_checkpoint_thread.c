/* test_checkpoint_thread.c - checkpoints made by a thread of the store's own: commits go on meanwhile, wait where far too much has gathered, are never
 * told that the lock was busy with it, and a close waits for it.
 *
 * The linker leads two calls of a checkpoint through here, one before it takes the write lock, one while it has it, and the start of threads. */
#include <errno.h>
#include <fcntl.h>
#include <lmdb.h>
#include <pthread.h>
#include <time.h>

#include "tests/unit/checkpoint_kit.h"

enum { DUE = 10, OVERDUE = 4 * DUE };

/* ---- A gate at which a checkpoint is held ---- */
static struct gate {
  pthread_mutex_t mutex;
  pthread_cond_t moved;
  const char *call; /* NULL: none is held */
  bool was_opened;
  unsigned waiting, passed;
  pthread_t last;
} gate = {.mutex = PTHREAD_MUTEX_INITIALIZER, .moved = PTHREAD_COND_INITIALIZER};

static void pass(const char *call) {
  pthread_mutex_lock(&gate.mutex);
  gate.last = pthread_self();
  gate.passed++;
  while (gate.call != NULL && strcmp(gate.call, call) == 0) {
    gate.waiting++;
    pthread_cond_broadcast(&gate.moved);
    pthread_cond_wait(&gate.moved, &gate.mutex);
    gate.waiting--;
  }
  pthread_mutex_unlock(&gate.mutex);
}

static void close_gate(const char *call) {
  pthread_mutex_lock(&gate.mutex);
  gate.call = call;
  gate.was_opened = false;
  gate.passed = 0;
  pthread_mutex_unlock(&gate.mutex);
}

static void wait_at_gate(void) {
  pthread_mutex_lock(&gate.mutex);
  while (gate.waiting == 0) pthread_cond_wait(&gate.moved, &gate.mutex);
  pthread_mutex_unlock(&gate.mutex);
}

static void open_gate(void) {
  pthread_mutex_lock(&gate.mutex);
  gate.call = NULL;
  gate.was_opened = true;
  pthread_cond_broadcast(&gate.moved);
  pthread_mutex_unlock(&gate.mutex);
}

static bool gate_was_opened(void) {
  pthread_mutex_lock(&gate.mutex);
  bool opened = gate.was_opened;
  pthread_mutex_unlock(&gate.mutex);
  return opened;
}

/* Who does not wait for the checkpoint is through long before. */
static void *open_later(void *unused) {
  nanosleep(&(struct timespec){0, 200000000}, NULL);
  open_gate();
  return unused;
}

int __real_sync_file_range(int fd, off_t at, off_t len, unsigned how);
int __wrap_sync_file_range(int fd, off_t at, off_t len, unsigned how);
int __wrap_sync_file_range(int fd, off_t at, off_t len, unsigned how) {
  if (how != SYNC_FILE_RANGE_WRITE) pass("sync_file_range"); /* else it is a commit's */
  return __real_sync_file_range(fd, at, len, how);
}

int __real_mdb_env_sync(MDB_env *env, int force);
int __wrap_mdb_env_sync(MDB_env *env, int force);
int __wrap_mdb_env_sync(MDB_env *env, int force) {
  pass("mdb_env_sync");
  return __real_mdb_env_sync(env, force);
}

static bool no_thread_can_be_started;

int __real_pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*run)(void *), void *context);
int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*run)(void *), void *context);
int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*run)(void *), void *context) {
  return no_thread_can_be_started ? EAGAIN : __real_pthread_create(thread, attributes, run, context);
}

/* ---- The database ---- */
static void put_many(med_store *store, int first, int end) {
  for (int i = first; i < end; i++) {
    char key[16];
    snprintf(key, sizeof key, "%d", i);
    ck_assert_msg(put(store, key) == MEDLEY_OK, "%s: %s", key, error.message);
  }
}

/* One that has had its first checkpoint, which is made by who writes first. */
static med_store *open_small(unsigned flags) {
  options.checkpoint_commits = DUE;
  options.flags |= flags;
  med_store *store = open_store();
  put_many(store, 0, 1);
  return store;
}

static bool can_start_threads(const med_store *store) {
  bool can = med_store_may_start_threads(store);
  if (!can) printf("skipped: one processor alone, so no thread is started\n");
  return can;
}

static void close_and_look(med_store *store, int count) {
  med_store_close(store);
  store = open_store();
  for (int i = 0; i < count; i++) {
    char key[16];
    snprintf(key, sizeof key, "%d", i);
    ck_assert_msg(has(store, key), "%s is lost", key);
  }
  med_store_close(store);
}

/* A checkpoint is due, and held at that call. */
static void hold_checkpoint(med_store *store, const char *call) {
  close_gate(call);
  put_many(store, 1, DUE);
  wait_at_gate();
}

static pthread_t start_opener(void) {
  pthread_t opener;
  ck_assert_int_eq(pthread_create(&opener, NULL, open_later, NULL), 0);
  return opener;
}

START_TEST(commits_go_on_while_a_checkpoint_is_made_until_far_too_much_has_gathered) {
  med_store *store = open_small(0);
  if (can_start_threads(store)) {
    uint64_t before = checkpoint_id();
    hold_checkpoint(store, "sync_file_range");
    put_many(store, DUE, OVERDUE - 1);
    ck_assert(!gate_was_opened());
    ck_assert_uint_eq(checkpoint_id(), before);
    pthread_t opener = start_opener();
    put_many(store, OVERDUE - 1, OVERDUE);
    ck_assert(gate_was_opened());
    ck_assert_int_eq(pthread_join(opener, NULL), 0);
    ck_assert_uint_gt(checkpoint_id(), before + DUE);
  }
  close_and_look(store, 1);
}
END_TEST

START_TEST(nobody_is_told_that_a_checkpoint_kept_the_lock_busy) {
  med_store *store = open_small(0);
  med_member *member;
  if (can_start_threads(store)) {
    ck_assert_int_eq(med_member_open(store, &member), MEDLEY_OK);
    hold_checkpoint(store, "mdb_env_sync");
    pthread_t opener = start_opener();
    ck_assert_msg(med_writer_begin(member, true, 0, &error) == MEDLEY_OK, "%s", error.message);
    ck_assert(gate_was_opened());
    ck_assert_int_eq(med_writer_commit(member, &error), MEDLEY_OK);
    ck_assert_int_eq(pthread_join(opener, NULL), 0);
    med_member_close(member);
    close_and_look(store, DUE);
  } else {
    med_store_close(store);
  }
}
END_TEST

START_TEST(a_close_waits_for_the_checkpoint_and_leaves_one_file) {
  med_store *store = open_small(0);
  if (can_start_threads(store)) {
    hold_checkpoint(store, "sync_file_range");
    pthread_t opener = start_opener();
    med_store_close(store);
    ck_assert(gate_was_opened());
    ck_assert_int_eq(pthread_join(opener, NULL), 0);
    ck_assert_int_ne(access(log_path, F_OK), 0);
    store = open_store();
  }
  close_and_look(store, 1);
}
END_TEST

START_TEST(a_checkpoint_that_is_asked_for_is_made_behind_the_one_that_is_being_made) {
  med_store *store = open_small(0);
  med_member *member;
  if (can_start_threads(store)) {
    ck_assert_int_eq(med_member_open(store, &member), MEDLEY_OK);
    hold_checkpoint(store, "mdb_env_sync");
    pthread_t opener = start_opener();
    put_many(store, DUE, DUE + 1); /* behind it */
    uint64_t between = checkpoint_id();
    med_writer_checkpoint(member);
    ck_assert_uint_eq(checkpoint_id(), between + 1);
    ck_assert_int_eq(pthread_join(opener, NULL), 0);
    med_member_close(member);
  }
  close_and_look(store, 1);
}
END_TEST

static void *commit_much(void *context) {
  med_store *store = context;
  medley_error failure = {0};
  med_member *member;
  bool well = med_member_open(store, &member) == MEDLEY_OK;
  for (int i = 0; i < 150 && well; i++) {
    char key[40];
    snprintf(key, sizeof key, "%d of %p", i, (void *)member);
    well =
        med_writer_begin(member, true, 60000, &failure) == MEDLEY_OK &&
        med_txn_put(med_member_txn(member), MED_TREE_KV, med_slice_of_text(key), med_slice_of_text("v")) == MEDLEY_OK &&
        med_writer_commit(member, &failure) == MEDLEY_OK;
  }
  med_member_close(member);
  return well ? context : NULL;
}

/* Each may lead, and find that a checkpoint is due while another starts or ends one. */
START_TEST(many_threads_may_find_that_a_checkpoint_is_due) {
  enum { THREADS = 4 };
  pthread_t threads[THREADS];
  void *well;
  med_store *store = open_small(0);
  store->options.checkpoint_commits = 1;
  for (int i = 0; i < THREADS; i++) ck_assert_int_eq(pthread_create(&threads[i], NULL, commit_much, store), 0);
  for (int i = 0; i < THREADS; i++) {
    ck_assert_int_eq(pthread_join(threads[i], &well), 0);
    ck_assert_ptr_nonnull(well);
  }
  close_and_look(store, 1);
}
END_TEST

static void *commit_until_it_waits(void *store) {
  put_many(store, DUE, OVERDUE);
  return NULL;
}

/* What the child has of the parent's threads is as they were, and none of them goes on. */
START_TEST(a_forked_child_closes_though_a_thread_of_its_parent_waits_for_a_checkpoint) {
  med_store *store = open_small(0);
  pthread_t waiting;
  if (can_start_threads(store)) {
    int status;
    hold_checkpoint(store, "sync_file_range");
    ck_assert_int_eq(pthread_create(&waiting, NULL, commit_until_it_waits, store), 0);
    while (!has(store, "38")) nanosleep(&(struct timespec){0, 1000000}, NULL);
    nanosleep(&(struct timespec){0, 200000000}, NULL);
    pid_t child = fork();
    if (child == 0) {
      alarm(60); /* it hangs */
      med_store_close(store);
      _exit(0);
    }
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    open_gate();
    ck_assert_int_eq(pthread_join(waiting, NULL), 0);
  }
  close_and_look(store, 1);
}
END_TEST

START_TEST(where_no_thread_can_be_started_who_commits_makes_the_checkpoint) {
  med_store *store = open_small(0);
  uint64_t before = checkpoint_id();
  close_gate(NULL);
  no_thread_can_be_started = true;
  put_many(store, 1, DUE);
  no_thread_can_be_started = false;
  ck_assert_uint_eq(checkpoint_id(), before + DUE);
  ck_assert(pthread_equal(gate.last, pthread_self()));
  close_and_look(store, DUE);
}
END_TEST

START_TEST(without_threads_who_commits_makes_the_checkpoint) {
  med_store *store = open_small(MEDLEY_OPEN_NO_THREADS);
  uint64_t before = checkpoint_id();
  close_gate(NULL);
  put_many(store, 1, DUE);
  ck_assert_uint_eq(checkpoint_id(), before + DUE);
  ck_assert_uint_gt(gate.passed, 0);
  ck_assert(pthread_equal(gate.last, pthread_self()));
  close_and_look(store, DUE);
}
END_TEST

PROPERTY_MAIN_BETWEEN("checkpoint_thread", setup, teardown,
                      commits_go_on_while_a_checkpoint_is_made_until_far_too_much_has_gathered,
                      nobody_is_told_that_a_checkpoint_kept_the_lock_busy,
                      a_close_waits_for_the_checkpoint_and_leaves_one_file,
                      a_checkpoint_that_is_asked_for_is_made_behind_the_one_that_is_being_made,
                      many_threads_may_find_that_a_checkpoint_is_due,
                      a_forked_child_closes_though_a_thread_of_its_parent_waits_for_a_checkpoint,
                      where_no_thread_can_be_started_who_commits_makes_the_checkpoint,
                      without_threads_who_commits_makes_the_checkpoint)
