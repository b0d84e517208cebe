/* test_checkpoint.c - the redo log beneath a database: what a process leaves behind, and what the next one makes of it. */
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "storage/log.h"
#include "storage/txn.h"
#include "storage/writer.h"
#include "tests/unit/property.h"

static char folder[64], path[96], log_path[104];
static medley_error error;

static void make_folder(void) {
  snprintf(folder, sizeof folder, "/tmp/medley-test-checkpoint-%d", (int)getpid());
  snprintf(path, sizeof path, "%s/db", folder);
  snprintf(log_path, sizeof log_path, "%s-log", path);
  (void)mkdir(folder, 0700);
}

static void remove_folder(void) {
  char lock_path[112];
  snprintf(lock_path, sizeof lock_path, "%s-lock", path);
  unlink(path);
  unlink(log_path);
  unlink(lock_path);
  ck_assert_int_eq(rmdir(folder), 0);
}

static int open_with(const char *at, unsigned flags, medley_journal journal, med_store **store) {
  medley_options options;
  medley_options_init(&options);
  options.flags = flags;
  options.journal = journal;
  return med_store_open(at, &options, store, &error);
}

static med_store *open_store(void) {
  med_store *store;
  ck_assert_msg(open_with(path, 0, MEDLEY_JOURNAL_DEFAULT, &store) == MEDLEY_OK, "%s", error.message);
  return store;
}

static void put(med_store *store, const char *key, const char *value) {
  med_member *member;
  ck_assert_int_eq(med_member_open(store, &member), MEDLEY_OK);
  ck_assert_msg(med_writer_begin(member, true, 5000, &error) == MEDLEY_OK, "%s", error.message);
  med_txn *txn = med_member_txn(member);
  ck_assert_int_eq(med_txn_put(txn, MED_TREE_KV, med_slice_of_text(key), med_slice_of_text(value)), MEDLEY_OK);
  ck_assert_msg(med_writer_commit(member, &error) == MEDLEY_OK, "%s", error.message);
  med_member_close(member);
}

static bool has(med_store *store, const char *key, const char *value) {
  med_txn *reader;
  med_slice found = {0};
  ck_assert_int_eq(med_txn_open_reader(store, &reader, &error), MEDLEY_OK);
  ck_assert_int_eq(med_txn_renew(reader), MEDLEY_OK);
  int rc = med_txn_get(reader, MED_TREE_KV, med_slice_of_text(key), &found);
  bool same = rc == MEDLEY_OK && med_slice_equal(found, med_slice_of_text(value));
  med_txn_reset(reader);
  med_txn_close_reader(reader);
  return same;
}

static bool exists(const char *file) { return access(file, F_OK) == 0; }

/* A process that opens the database, does this, and is killed. */
static void in_killed_process(void (*work)(med_store *)) {
  int ready[2];
  char byte;
  ck_assert_int_eq(pipe(ready), 0);
  pid_t child = fork();
  if (child == 0) {
    med_store *store = open_store();
    work(store);
    if (write(ready[1], "r", 1) != 1) _exit(1);
    for (;;) pause();
  }
  ck_assert_int_eq(read(ready[0], &byte, 1), 1);
  kill(child, SIGKILL);
  ck_assert_int_eq(waitpid(child, NULL, 0), child);
  close(ready[0]);
  close(ready[1]);
}

static void put_a_few(med_store *store) {
  char key[16];
  for (int i = 0; i < 20; i++) {
    snprintf(key, sizeof key, "key %d", i);
    put(store, key, "value");
  }
}

static void copy_file(const char *from, const char *to) {
  static char bytes[1 << 20];
  int in = open(from, O_RDONLY), out = open(to, O_WRONLY | O_CREAT | O_TRUNC, 0600);
  ck_assert(in >= 0 && out >= 0);
  for (ssize_t len; (len = read(in, bytes, sizeof bytes)) > 0;) ck_assert_int_eq(write(out, bytes, (size_t)len), len);
  close(in);
  close(out);
}

START_TEST(a_closed_database_is_one_file_and_only_reading_makes_no_log) {
  make_folder();
  med_store *store = open_store();
  ck_assert(!exists(log_path));
  put(store, "a", "1");
  ck_assert(exists(log_path));
  med_store_close(store);
  ck_assert(!exists(log_path));
  store = open_store();
  ck_assert(has(store, "a", "1") && !exists(log_path));
  med_store_close(store);
  remove_folder();
}
END_TEST

START_TEST(the_journal_is_the_files_own) {
  make_folder();
  med_store *store;
  ck_assert_int_eq(open_with(path, 0, MEDLEY_JOURNAL_NONE, &store), MEDLEY_OK);
  put(store, "a", "1");
  ck_assert(!exists(log_path));
  med_store_close(store);
  store = open_store();
  put(store, "b", "1");
  ck_assert(!exists(log_path));
  med_store_close(store);
  ck_assert_int_eq(open_with(path, 0, MEDLEY_JOURNAL_LOG, &store), MEDLEY_MISUSE);
  ck_assert_int_eq(open_with(path, 0, MEDLEY_JOURNAL_NONE, &store), MEDLEY_OK);
  med_store_close(store);
  remove_folder();
}
END_TEST

START_TEST(what_a_killed_process_committed_is_there_and_who_only_reads_is_told_to_wait) {
  make_folder();
  in_killed_process(put_a_few);
  ck_assert(exists(log_path));
  med_store *store;
  ck_assert_int_eq(open_with(path, MEDLEY_OPEN_READ_ONLY, MEDLEY_JOURNAL_DEFAULT, &store), MEDLEY_CANNOT_OPEN);
  store = open_store();
  ck_assert(has(store, "key 0", "value") && has(store, "key 19", "value"));
  put(store, "key 0", "new");
  med_store_close(store);
  store = open_store();
  ck_assert(has(store, "key 0", "new") && has(store, "key 19", "value"));
  med_store_close(store);
  remove_folder();
}
END_TEST

/* The meta pages of the checkpoint over a file of whatever is behind it: what a power cut may leave. */
START_TEST(records_are_done_again_on_the_checkpoint) {
  make_folder();
  in_killed_process(put_a_few);
  uint8_t meta[MED_PAGE_SIZE] = {0};
  int fd = open(path, O_RDWR);
  ck_assert_int_eq(pwrite(fd, meta, sizeof meta, 0), sizeof meta); /* torn beyond recognition */
  ck_assert_int_eq(pwrite(fd, meta, sizeof meta, MED_PAGE_SIZE), sizeof meta);
  close(fd);
  med_store *store = open_store();
  ck_assert(has(store, "key 0", "value") && has(store, "key 19", "value"));
  med_store_close(store);
  remove_folder();
}
END_TEST

START_TEST(a_log_beside_another_database_is_refused_and_nothing_is_changed) {
  make_folder();
  char other[112], other_log[120];
  snprintf(other, sizeof other, "%s-other", path);
  snprintf(other_log, sizeof other_log, "%s-log", other);
  in_killed_process(put_a_few);
  med_store *store;
  ck_assert_int_eq(open_with(other, 0, MEDLEY_JOURNAL_DEFAULT, &store), MEDLEY_OK);
  put(store, "mine", "1");
  med_store_close(store);
  copy_file(log_path, other_log);
  ck_assert_int_eq(open_with(other, 0, MEDLEY_JOURNAL_DEFAULT, &store), MEDLEY_CANNOT_OPEN);
  unlink(other_log);
  ck_assert_int_eq(open_with(other, 0, MEDLEY_JOURNAL_DEFAULT, &store), MEDLEY_OK);
  ck_assert(has(store, "mine", "1"));
  med_store_close(store);
  unlink(other);
  snprintf(other_log, sizeof other_log, "%s-lock", other);
  unlink(other_log);
  remove_folder();
}
END_TEST

/* The same file as it was long before: its log belongs to a later time. */
START_TEST(a_log_beside_an_older_copy_is_refused) {
  make_folder();
  char old[112];
  snprintf(old, sizeof old, "%s-old", path);
  med_store *store = open_store();
  put(store, "old", "1");
  med_store_close(store);
  copy_file(path, old);
  store = open_store();
  for (int i = 0; i < 5; i++) put(store, "later", "1");
  med_store_close(store);
  in_killed_process(put_a_few);
  ck_assert_int_eq(rename(old, path), 0);
  ck_assert_int_eq(open_with(path, 0, MEDLEY_JOURNAL_DEFAULT, &store), MEDLEY_CANNOT_OPEN);
  unlink(log_path);
  store = open_store();
  ck_assert(has(store, "old", "1") && !has(store, "later", "1"));
  med_store_close(store);
  remove_folder();
}
END_TEST

/* The same file as it became without the log: what it has committed since may not be undone. */
START_TEST(a_log_beside_a_newer_file_is_refused) {
  make_folder();
  char old_log[120], key[24];
  snprintf(old_log, sizeof old_log, "%s-old", log_path);
  in_killed_process(put_a_few);
  copy_file(log_path, old_log);
  med_store *store = open_store();
  for (int i = 0; i < 3; i++) {
    snprintf(key, sizeof key, "later %d", i);
    put(store, key, "1");
  }
  med_store_close(store);
  ck_assert_int_eq(rename(old_log, log_path), 0);
  ck_assert_int_eq(open_with(path, 0, MEDLEY_JOURNAL_DEFAULT, &store), MEDLEY_CANNOT_OPEN);
  unlink(log_path);
  store = open_store();
  ck_assert(has(store, "later 0", "1") && has(store, "later 2", "1") && has(store, "key 0", "value"));
  med_store_close(store);
  remove_folder();
}
END_TEST

static void checkpoint_and_put(med_store *store) {
  put(store, "first", "1");
  med_member *member;
  ck_assert_int_eq(med_member_open(store, &member), MEDLEY_OK);
  put(store, "second", "1");
  med_writer_checkpoint(member);
  med_member_close(member);
  put_a_few(store);
}

/* The older header is sound, but the file has left its time: going back to it would read pages that are used again. */
START_TEST(a_damaged_header_does_not_bring_the_older_one_back) {
  make_folder();
  in_killed_process(checkpoint_and_put);
  for (off_t at = 16; at < 2 * 4096; at += 1237) {
    for (off_t header = 0; header < 2; header++) { /* one of the two is the newer one: only that one matters */
      char kept[112], kept_log[120];
      snprintf(kept, sizeof kept, "%s-kept", path);
      snprintf(kept_log, sizeof kept_log, "%s-kept", log_path);
      copy_file(path, kept);
      copy_file(log_path, kept_log);
      int fd = open(log_path, O_RDWR);
      uint8_t byte = 0;
      ck_assert_int_eq(pread(fd, &byte, 1, header * 12288 + at), 1);
      byte ^= 4;
      ck_assert_int_eq(pwrite(fd, &byte, 1, header * 12288 + at), 1);
      close(fd);
      med_store *store = NULL;
      int rc = open_with(path, 0, MEDLEY_JOURNAL_DEFAULT, &store);
      ck_assert_msg(rc == MEDLEY_OK || rc == MEDLEY_CORRUPT || rc == MEDLEY_CANNOT_OPEN, "%d %s", rc, error.message);
      if (rc == MEDLEY_OK) ck_assert(has(store, "second", "1") && has(store, "key 19", "value"));
      med_store_close(store);
      ck_assert_int_eq(rename(kept, path), 0);
      ck_assert_int_eq(rename(kept_log, log_path), 0);
    }
  }
  unlink(log_path);
  remove_folder();
}
END_TEST

static void note_problem(void *context, const char *problem) { snprintf(context, 256, "%s", problem); }

START_TEST(check_reads_the_log_and_stat_counts_it) {
  make_folder();
  med_store *store = open_store();
  char problem[256] = "";
  uint64_t count = 0;
  medley_stats stats = {0};
  med_txn *reader;
  put_a_few(store);
  ck_assert_int_eq(med_store_check(store, note_problem, problem, &count, &error), MEDLEY_OK);
  ck_assert_msg(count == 0, "%s", problem);
  ck_assert_int_eq(med_txn_open_reader(store, &reader, &error), MEDLEY_OK);
  ck_assert_int_eq(med_txn_renew(reader), MEDLEY_OK);
  ck_assert_int_eq(med_store_stat(reader, &stats), MEDLEY_OK);
  med_txn_close_reader(reader);
  ck_assert_uint_eq(stats.log_commits, 20);
  ck_assert_uint_ge(stats.log_bytes, 24576 + 20 * 40);
  for (off_t at = 24576 + 17; at < 24576 + 1000; at += 400) { /* the first, and one in the middle */
    uint8_t byte, changed;
    int fd = open(log_path, O_RDWR);
    ck_assert_int_eq(pread(fd, &byte, 1, at), 1);
    changed = byte ^ 8;
    ck_assert_int_eq(pwrite(fd, &changed, 1, at), 1);
    count = 0;
    ck_assert_int_eq(med_store_check(store, note_problem, problem, &count, &error), MEDLEY_OK);
    ck_assert_uint_eq(count, 1);
    ck_assert(strstr(problem, "log: ") != NULL);
    ck_assert_int_eq(pwrite(fd, &byte, 1, at), 1);
    close(fd);
  }
  med_store_close(store);
  remove_folder();
}
END_TEST

START_TEST(check_says_what_it_cannot_read_of_the_log) {
  make_folder();
  med_store *store = open_store();
  char problem[256] = "", kept[160];
  uint8_t header[MED_LOG_HEADER_SIZE], newer[MED_LOG_HEADER_SIZE];
  uint64_t count = 0;
  put_a_few(store);
  snprintf(kept, sizeof kept, "%s-kept", log_path);
  int fd = open(log_path, O_RDWR);
  for (off_t at = 0; at < 2 * MED_LOG_HEADER_SIZE;
       at += MED_LOG_HEADER_SIZE) { /* both: one of them is the present one */
    if (pread(fd, header, sizeof header, at) != (ssize_t)sizeof header || med_get_u32(header + 8) == 0) continue;
    memcpy(newer, header, sizeof newer);
    med_put_u32(newer + 8, MED_LOG_VERSION + 1);
    med_put_u64(newer + 56, med_hash64(newer + MED_LOG_PAGE, 2 * MED_LOG_PAGE, med_hash64(newer, 56, 0)));
    ck_assert_int_eq(pwrite(fd, newer, sizeof newer, at), sizeof newer);
    ck_assert_int_eq(med_store_check(store, note_problem, problem, &count, &error), MEDLEY_OK);
    ck_assert_int_eq(pwrite(fd, header, sizeof header, at), sizeof header);
  }
  close(fd);
  ck_assert_uint_eq(count, 1);
  ck_assert_msg(strstr(problem, "newer") != NULL, "%s", problem);
  ck_assert_int_eq(rename(log_path, kept), 0);
  ck_assert_int_eq(mkdir(log_path, 0700), 0);
  ck_assert_int_eq(med_store_check(store, note_problem, problem, &count, &error), MEDLEY_CANNOT_OPEN);
  ck_assert_int_eq(med_store_check(store, note_problem, problem, &count, NULL), MEDLEY_CANNOT_OPEN);
  ck_assert_int_eq(rmdir(log_path), 0);
  ck_assert_int_eq(rename(kept, log_path), 0);
  ck_assert_uint_eq(count, 1);
  ck_assert_int_eq(med_store_check(store, note_problem, problem, &count, &error), MEDLEY_OK);
  ck_assert_uint_eq(count, 1);
  med_store_close(store);
  remove_folder();
}
END_TEST

/* Handles of one seed draw the same numbers; what they left in the log before must not count again. */
static void put_with_seed(const char *key) {
  medley_options options;
  med_store *store;
  medley_options_init(&options);
  options.seed = 7;
  ck_assert_msg(med_store_open(path, &options, &store, &error) == MEDLEY_OK, "%s", error.message);
  put(store, key, "1");
  put(store, key, "2");
  _exit(0); /* without closing */
}

START_TEST(no_salt_comes_twice_whatever_the_seed) {
  make_folder();
  uint64_t salts[6];
  for (int i = 0; i < 6; i++) {
    char key[16];
    snprintf(key, sizeof key, "life %d", i);
    pid_t child = fork();
    if (child == 0) put_with_seed(key);
    int status;
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_int_eq(status, 0);
    med_log left;
    med_log_init(&left);
    ck_assert_int_eq(med_log_open(&left, log_path, false, &error), MEDLEY_OK);
    ck_assert_int_eq(med_log_read_header(&left, &error), MEDLEY_OK);
    salts[i] = left.header.salt;
    med_log_clear(&left);
    for (int j = 0; j < i; j++) ck_assert_uint_ne(salts[i], salts[j]);
  }
  remove_folder();
}
END_TEST

/* Two processes: the one that pinned the checkpoint is killed, the other one must make its own before it writes. */
START_TEST(whoever_writes_after_the_pins_process_died_pins_anew) {
  make_folder();
  med_store *store = open_store(); /* has written nothing, so it holds nothing */
  ck_assert_uint_eq(store->pinned_id, 0);
  in_killed_process(put_a_few);
  put(store, "mine", "1");
  ck_assert_uint_ne(store->pinned_id, 0);
  ck_assert(has(store, "mine", "1") && has(store, "key 19", "value"));
  med_store_close(store);
  ck_assert(!exists(log_path));
  remove_folder();
}
END_TEST

/* A process that was killed between the log and its commit leaves a record that nobody has seen: the next to open takes it back. */
START_TEST(an_opener_takes_back_a_record_without_a_commit) {
  make_folder();
  int ready[2], done[2];
  char byte = 0;
  ck_assert(pipe(ready) == 0 && pipe(done) == 0);
  pid_t child = fork();
  if (child == 0) {
    close(done[1]);
    med_store *other = open_store();
    put_a_few(other);
    if (write(ready[1], &byte, 1) != 1 || read(done[0], &byte, 1) != 0) _exit(1);
    _exit(0); /* without closing */
  }
  close(done[0]);
  ck_assert_int_eq(read(ready[0], &byte, 1), 1);
  med_log left;
  med_log_record record;
  med_log_init(&left);
  ck_assert_int_eq(med_log_open(&left, log_path, false, &error), MEDLEY_OK);
  ck_assert_int_eq(med_log_read_header(&left, &error), MEDLEY_OK);
  while (med_log_next(&left, &record, &error) == MEDLEY_OK) continue;
  uint64_t last_id = left.last_id;
  ck_assert_int_eq(med_log_append(&left, last_id + 1, med_slice_of_text("never committed"), &error), MEDLEY_OK);
  med_log_clear(&left);
  med_store *store = open_store();
  ck_assert_int_eq(med_log_open(&left, log_path, false, &error), MEDLEY_OK);
  ck_assert_int_eq(med_log_read_header(&left, &error), MEDLEY_OK);
  while (med_log_next(&left, &record, &error) == MEDLEY_OK) continue;
  ck_assert_uint_eq(left.last_id, last_id);
  med_log_clear(&left);
  put(store, "mine", "1");
  ck_assert(has(store, "mine", "1") && has(store, "key 19", "value"));
  med_store_close(store);
  close(done[1]);
  ck_assert_int_eq(waitpid(child, NULL, 0), child);
  store = open_store();
  ck_assert(has(store, "mine", "1"));
  med_store_close(store);
  remove_folder();
}
END_TEST

/* An opener that is refused is nobody whom others may follow: each of many at once must be refused. */
START_TEST(openers_at_once_do_not_take_each_other_for_users) {
  enum { OPENERS = 4, OPENINGS = 400 };
  pid_t openers[OPENERS];
  make_folder();
  in_killed_process(put_a_few);
  uint8_t bytes[2 * 12288];
  memset(bytes, 0x5A, sizeof bytes);
  int fd = open(log_path, O_RDWR);
  ck_assert_int_eq(pwrite(fd, bytes, sizeof bytes, 0), sizeof bytes);
  close(fd);
  for (int i = 0; i < OPENERS; i++) {
    openers[i] = fork();
    if (openers[i] != 0) continue;
    for (int n = 0; n < OPENINGS; n++) {
      med_store *store;
      int rc = open_with(path, i % 2 == 0 ? MEDLEY_OPEN_READ_ONLY : 0, MEDLEY_JOURNAL_DEFAULT, &store);
      if (rc != (i % 2 == 0 ? MEDLEY_CANNOT_OPEN : MEDLEY_CORRUPT)) _exit(1);
    }
    _exit(0);
  }
  int refused = 0;
  for (int i = 0; i < OPENERS; i++) {
    int status;
    ck_assert_int_eq(waitpid(openers[i], &status, 0), openers[i]);
    refused += WIFEXITED(status) && WEXITSTATUS(status) == 0;
  }
  ck_assert_int_eq(refused, OPENERS);
  unlink(log_path);
  remove_folder();
}
END_TEST

/* Two living processes write in turn: one log, one pin. */
START_TEST(two_processes_share_one_log) {
  make_folder();
  int orders[2], answers[2];
  char byte = 0;
  ck_assert(pipe(orders) == 0 && pipe(answers) == 0);
  pid_t child = fork();
  if (child == 0) {
    close(orders[1]);
    med_store *other = open_store();
    char key[24];
    for (int i = 0; read(orders[0], &byte, 1) == 1; i++) {
      snprintf(key, sizeof key, "child %d", i);
      put(other, key, "1");
      if (write(answers[1], &byte, 1) != 1) _exit(1);
    }
    med_store_close(other);
    _exit(0);
  }
  close(orders[0]);
  med_store *store = open_store();
  char key[24];
  for (int i = 0; i < 30; i++) {
    ck_assert(write(orders[1], &byte, 1) == 1 && read(answers[0], &byte, 1) == 1);
    snprintf(key, sizeof key, "parent %d", i);
    put(store, key, "1");
  }
  ck_assert(has(store, "child 0", "1") && has(store, "child 29", "1") && has(store, "parent 0", "1"));
  close(orders[1]);
  int status;
  ck_assert_int_eq(waitpid(child, &status, 0), child);
  ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0);
  ck_assert(exists(log_path));
  put(store, "last", "1");
  med_store_close(store);
  ck_assert(!exists(log_path));
  store = open_store();
  ck_assert(has(store, "child 29", "1") && has(store, "parent 29", "1") && has(store, "last", "1"));
  med_store_close(store);
  remove_folder();
}
END_TEST

START_TEST(a_transaction_larger_than_a_record_is_durable_by_its_checkpoint) {
  make_folder();
  pid_t child = fork();
  if (child == 0) {
    med_store *store = open_store();
    med_member *member;
    char key[24], value[4000];
    memset(value, 'v', sizeof value);
    if (med_member_open(store, &member) != MEDLEY_OK || med_writer_begin(member, true, 0, &error) != MEDLEY_OK)
      _exit(1);
    for (int i = 0; i < 2000; i++) {
      snprintf(key, sizeof key, "large %d", i);
      if (med_txn_put(med_member_txn(member), MED_TREE_KV, med_slice_of_text(key), med_slice_of(value, sizeof value)) !=
          MEDLEY_OK)
        _exit(2);
    }
    if (med_writer_commit(member, &error) != MEDLEY_OK) _exit(3);
    _exit(0); /* without closing */
  }
  int status;
  ck_assert_int_eq(waitpid(child, &status, 0), child);
  ck_assert_int_eq(status, 0);
  struct stat log_status;
  ck_assert(stat(log_path, &log_status) == 0 && log_status.st_size < 1 << 20);
  med_store *store = open_store();
  med_txn *reader;
  med_slice value;
  ck_assert_int_eq(med_txn_open_reader(store, &reader, &error), MEDLEY_OK);
  ck_assert_int_eq(med_txn_renew(reader), MEDLEY_OK);
  ck_assert_int_eq(med_txn_get(reader, MED_TREE_KV, med_slice_of_text("large 1999"), &value), MEDLEY_OK);
  med_txn_reset(reader);
  med_txn_close_reader(reader);
  med_store_close(store);
  remove_folder();
}
END_TEST

PROPERTY_MAIN("checkpoint", a_closed_database_is_one_file_and_only_reading_makes_no_log, the_journal_is_the_files_own,
              what_a_killed_process_committed_is_there_and_who_only_reads_is_told_to_wait,
              records_are_done_again_on_the_checkpoint, a_log_beside_another_database_is_refused_and_nothing_is_changed,
              a_log_beside_an_older_copy_is_refused, a_log_beside_a_newer_file_is_refused,
              a_damaged_header_does_not_bring_the_older_one_back, check_reads_the_log_and_stat_counts_it,
              check_says_what_it_cannot_read_of_the_log, no_salt_comes_twice_whatever_the_seed,
              whoever_writes_after_the_pins_process_died_pins_anew, an_opener_takes_back_a_record_without_a_commit,
              openers_at_once_do_not_take_each_other_for_users, two_processes_share_one_log,
              a_transaction_larger_than_a_record_is_durable_by_its_checkpoint)
