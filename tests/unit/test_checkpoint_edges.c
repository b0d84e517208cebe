/* test_checkpoint_edges.c - a database and a log beside it that no writer of ours leaves so: commits that the log does not know, logs of
 * others, logs cut off while they were made. */
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>

#include "tests/unit/checkpoint_kit.h"

static void copy_file(const char *from, const char *to) {
  char command[400];
  snprintf(command, sizeof command, "cp '%s' '%s'", from, to);
  ck_assert_int_eq(system(command), 0);
}

static void read_log(med_log *log) {
  med_log_record record;
  med_log_init(log);
  ck_assert_int_eq(med_log_open(log, log_path, false, &error), MEDLEY_OK);
  ck_assert_int_eq(med_log_read_header(log, &error), MEDLEY_OK);
  while (med_log_next(log, &record, &error) == MEDLEY_OK) continue;
}

/* A commit that passes the log by. */
static void commit_past_the_log(med_store *store) {
  MDB_txn *txn;
  MDB_val key = {3, (void *)(uintptr_t) "raw"}, value = {3, (void *)(uintptr_t) "raw"};
  ck_assert_int_eq(mdb_txn_begin(store->env, NULL, 0, &txn), MDB_SUCCESS);
  ck_assert_int_eq(mdb_put(txn, store->trees[MED_TREE_WIDE], &key, &value, 0), MDB_SUCCESS);
  ck_assert_int_eq(mdb_txn_commit(txn), MDB_SUCCESS);
}

/* ---- A log that does not know every commit ---- */
START_TEST(after_a_commit_that_the_log_does_not_know_there_is_a_new_checkpoint) {
  med_store *store = open_store();
  ck_assert_int_eq(put(store, "a"), MEDLEY_OK);
  uint64_t before = checkpoint_id();
  commit_past_the_log(store);
  ck_assert_int_eq(put(store, "b"), MEDLEY_OK);
  ck_assert_uint_eq(checkpoint_id(), before + 2);
  ck_assert(has(store, "a") && has(store, "b"));
  med_store_close(store);
}
END_TEST

START_TEST(a_record_of_a_later_commit_is_written_over) {
  med_store *store = open_store();
  med_log log;
  ck_assert_int_eq(put(store, "a"), MEDLEY_OK);
  read_log(&log);
  ck_assert_int_eq(med_log_append(&log, log.last_id + 2, med_slice_of_text("later"), &error), MEDLEY_OK);
  med_log_clear(&log);
  commit_past_the_log(store);
  ck_assert_int_eq(put(store, "b"), MEDLEY_OK);
  ck_assert(has(store, "a") && has(store, "b"));
  med_store_close(store);
  store = open_store();
  ck_assert(has(store, "b"));
  med_store_close(store);
}
END_TEST

START_TEST(a_damaged_record_in_the_middle_stops_the_writer) {
  med_store *store = open_store();
  med_log log;
  ck_assert_int_eq(put(store, "a"), MEDLEY_OK);
  read_log(&log);
  uint64_t at = log.tail;
  for (int i = 1; i <= 3; i++) {
    ck_assert_int_eq(med_log_append(&log, log.last_id + 1, med_slice_of_text("by another"), &error), MEDLEY_OK);
    ck_assert_int_eq(med_log_flush(&log, &error), MEDLEY_OK);
  }
  ck_assert_int_eq(pwrite(log.fd, "?", 1, (off_t)at + 20), 1);
  med_log_clear(&log);
  commit_past_the_log(store);
  ck_assert_int_eq(put(store, "b"), MEDLEY_CORRUPT);
  ck_assert_ptr_nonnull(strstr(error.message, "log: damaged"));
  ck_assert_int_eq(put(store, "b"), MEDLEY_CORRUPT); /* and nothing hangs */
  store->dead = true;                                /* the log stays as it is */
  med_store_close(store);
}
END_TEST

START_TEST(check_tells_of_a_log_that_ends_before_the_newest_commit) {
  med_store *store = open_store();
  uint64_t problems = 0;
  static const uint8_t zeros[4096];
  ck_assert_int_eq(put(store, "a"), MEDLEY_OK);
  ck_assert_int_eq(put(store, "b"), MEDLEY_OK);
  int fd = open(log_path, O_WRONLY);
  ck_assert_int_eq(pwrite(fd, zeros, sizeof zeros, MED_LOG_FIRST_RECORD), sizeof zeros);
  close(fd);
  ck_assert_int_eq(med_store_check(store, NULL, NULL, &problems, &error), MEDLEY_OK);
  ck_assert_uint_eq(problems, 1);
  store->dead = true;
  med_store_close(store);
}
END_TEST

/* ---- Logs of others ---- */
START_TEST(a_log_of_another_database_stops_the_writer) {
  char kept[160];
  snprintf(kept, sizeof kept, "%s/foreign", directory);
  leave_database();
  copy_file(log_path, kept);
  ck_assert(unlink(path) == 0 && unlink(log_path) == 0);
  med_store *store = open_store();
  copy_file(kept, log_path);
  ck_assert_int_eq(put(store, "a"), MEDLEY_CANNOT_OPEN);
  ck_assert_ptr_nonnull(strstr(error.message, "belongs to another database"));
  ck_assert_int_eq(unlink(log_path), 0);
  ck_assert_int_eq(put(store, "a"), MEDLEY_OK);
  med_store_close(store);
}
END_TEST

START_TEST(a_log_beside_a_database_made_without_one_is_refused) {
  options.journal = MEDLEY_JOURNAL_NONE;
  med_store *store = open_store();
  ck_assert_int_eq(put(store, "a"), MEDLEY_OK);
  med_log_header header = {.salt = 1};
  memcpy(header.identity, store->identity, sizeof header.identity);
  MDB_envinfo info;
  ck_assert_int_eq(mdb_env_info(store->env, &info), MDB_SUCCESS);
  header.checkpoint_id = info.me_last_txnid;
  med_store_close(store);
  int fd = open(path, O_RDONLY);
  ck_assert_int_eq(pread(fd, header.metas, sizeof header.metas, 0), sizeof header.metas);
  close(fd);
  med_log log;
  med_log_init(&log);
  ck_assert_int_eq(med_log_open(&log, log_path, true, &error), MEDLEY_OK);
  ck_assert_int_eq(med_log_write_header(&log, &header, &error), MEDLEY_OK);
  med_log_clear(&log);
  options.journal = MEDLEY_JOURNAL_DEFAULT;
  ck_assert_int_eq(try_open(&store), MEDLEY_CORRUPT);
  ck_assert_ptr_nonnull(strstr(error.message, "a log beside a database without one"));
  ck_assert_int_eq(unlink(log_path), 0);
  store = open_store();
  ck_assert(has(store, "a"));
  med_store_close(store);
}
END_TEST

START_TEST(a_record_that_does_not_follow_the_one_before_is_not_done) {
  med_store *store;
  med_log log;
  leave_database();
  read_log(&log);
  ck_assert_int_eq(med_log_append(&log, log.last_id + 2, med_slice_of_text("later"), &error), MEDLEY_OK);
  med_log_clear(&log);
  ck_assert_int_eq(try_open(&store), MEDLEY_CORRUPT);
  ck_assert_ptr_nonnull(strstr(error.message, "does not follow"));
}
END_TEST

START_TEST(a_record_of_nonsense_is_not_done) {
  med_store *store;
  med_log log;
  leave_database();
  read_log(&log);
  ck_assert_int_eq(med_log_append(&log, log.last_id + 1, med_slice_of_text("nonsense"), &error), MEDLEY_OK);
  med_log_clear(&log);
  ck_assert_int_eq(try_open(&store), MEDLEY_CORRUPT);
}
END_TEST

/* ---- Logs that were cut off while they were made ---- */
static void write_log(const void *bytes, size_t len, off_t size) {
  int fd = open(log_path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
  ck_assert_int_ge(fd, 0);
  ck_assert_int_eq(ftruncate(fd, size), 0);
  ck_assert_int_eq(pwrite(fd, bytes, len, size > (off_t)len ? size - (off_t)len : 0), (ssize_t)len);
  close(fd);
}

START_TEST(a_log_of_zeros_is_removed_and_one_without_a_header_but_with_records_is_damage) {
  med_store *store = open_store();
  ck_assert_int_eq(put(store, "a"), MEDLEY_OK);
  med_store_close(store);
  static const off_t sizes[] = {0, 100, MED_LOG_HEADER_SIZE, MED_LOG_FIRST_RECORD, MED_LOG_FIRST_RECORD + 100};
  for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
    write_log("", 0, sizes[i]);
    store = open_store();
    ck_assert(has(store, "a"));
    ck_assert_int_ne(access(log_path, F_OK), 0);
    med_store_close(store);
  }
  write_log("records", 7, MED_LOG_FIRST_RECORD + 7);
  ck_assert_int_eq(try_open(&store), MEDLEY_CORRUPT);
  ck_assert_ptr_nonnull(strstr(error.message, "both headers are damaged"));
  write_log("header", 6, 6);
  ck_assert_int_eq(try_open(&store), MEDLEY_CORRUPT);
}
END_TEST

/* ---- When one is due ---- */
START_TEST(a_long_log_makes_a_checkpoint_due) {
  enum { VALUES = 950, COMMITS = 3 };
  uint64_t state = 5;
  char value[MED_VALUE_SIZE_MAX];
  options.checkpoint_commits = 1000000;
  med_store *store = open_store();
  med_member *member;
  ck_assert_int_eq(put(store, "first"), MEDLEY_OK);
  uint64_t before = checkpoint_id();
  ck_assert_int_eq(med_member_open(store, &member), MEDLEY_OK);
  for (int commit = 0; commit < COMMITS; commit++) {
    ck_assert_int_eq(med_writer_begin(member, true, 0, &error), MEDLEY_OK);
    for (int i = 0; i < VALUES; i++) {
      char key[24];
      snprintf(key, sizeof key, "%d", i); /* the same ones each time: the file does not grow much */
      for (size_t at = 0; at < sizeof value; at++) value[at] = (char)property_random(&state);
      ck_assert_int_eq(
          med_txn_put(med_member_txn(member), MED_TREE_KV, med_slice_of_text(key), med_slice_of(value, sizeof value)),
          MEDLEY_OK);
    }
    ck_assert_msg(med_writer_commit(member, &error) == MEDLEY_OK, "%s", error.message);
  }
  med_member_close(member);
  med_writer_stop(store->writer); /* a thread may be making it */
  ck_assert_uint_gt(checkpoint_id(), before);
  med_store_close(store);
}
END_TEST

START_TEST(a_handle_that_becomes_relaxed_says_so_in_the_log_first) {
  med_log log;
  med_store *store = open_store();
  ck_assert_int_eq(put(store, "a"), MEDLEY_OK);
  read_log(&log);
  ck_assert(!log.header.relaxed);
  med_log_clear(&log);
  store->options.durability = MEDLEY_RELAXED; /* as another process may have opened it */
  ck_assert_int_eq(put(store, "b"), MEDLEY_OK);
  read_log(&log);
  ck_assert(log.header.relaxed);
  med_log_clear(&log);
  ck_assert(has(store, "a") && has(store, "b"));
  med_store_close(store);
}
END_TEST

PROPERTY_MAIN_BETWEEN("checkpoint_edges", setup, teardown,
                      after_a_commit_that_the_log_does_not_know_there_is_a_new_checkpoint,
                      a_record_of_a_later_commit_is_written_over, a_damaged_record_in_the_middle_stops_the_writer,
                      check_tells_of_a_log_that_ends_before_the_newest_commit,
                      a_log_of_another_database_stops_the_writer, a_log_beside_a_database_made_without_one_is_refused,
                      a_record_that_does_not_follow_the_one_before_is_not_done, a_record_of_nonsense_is_not_done,
                      a_log_of_zeros_is_removed_and_one_without_a_header_but_with_records_is_damage,
                      a_long_log_makes_a_checkpoint_due, a_handle_that_becomes_relaxed_says_so_in_the_log_first)
