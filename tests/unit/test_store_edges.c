/* test_store_edges.c - what the store answers when LMDB, the file or its user do what they should not: foreign values in the trees, broken
 * batches, headers of other databases, handles in forked children, numbers that are read beside. */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "storage/txn.h"
#include "storage/writer.h"
#include "tests/unit/property.h"

static char directory[64], path[128];
static med_store *store;
static med_member *member;
static medley_options options;
static medley_error error;

static med_slice text(const char *bytes) { return med_slice_of_text(bytes); }

static int open_store(void) {
  memset(&error, 0, sizeof error);
  int rc = med_store_open(path, &options, &store, &error);
  if (rc == MEDLEY_OK) ck_assert_int_eq(med_member_open(store, &member), MEDLEY_OK);
  return rc;
}

static void close_store(void) {
  med_member_close(member);
  med_store_close(store);
}

static void setup(void) {
  snprintf(directory, sizeof directory, "/tmp/medley-test-edges-XXXXXX");
  ck_assert_ptr_nonnull(mkdtemp(directory));
  snprintf(path, sizeof path, "%s/db", directory);
  medley_options_init(&options);
  options.busy_timeout_ms = 1000;
}

static void teardown(void) {
  char command[100];
  snprintf(command, sizeof command, "rm -rf '%s'", directory);
  ck_assert_int_eq(system(command), 0);
}

static med_txn *begin(void) {
  memset(&error, 0, sizeof error);
  ck_assert_int_eq(med_writer_begin(member, true, 1000, &error), MEDLEY_OK);
  return med_member_txn(member);
}

static void commit(void) { ck_assert_int_eq(med_writer_commit(member, &error), MEDLEY_OK); }

static med_txn *open_reader(void) {
  med_txn *reader;
  ck_assert_int_eq(med_txn_open_reader(store, &reader, &error), MEDLEY_OK);
  ck_assert_int_eq(med_txn_renew(reader), MEDLEY_OK);
  return reader;
}

static void close_reader(med_txn *reader) {
  med_txn_reset(reader);
  med_txn_close_reader(reader);
}

/* Past the door: as a damaged file would have it. */
static void put_raw(med_txn *txn, med_tree tree, const char *key, size_t len) {
  char bytes[6000] = "";
  MDB_val mdb_key = {strlen(key), (void *)(uintptr_t)key}, value = {len, bytes};
  ck_assert_int_eq(mdb_put(txn->mdb, store->trees[tree], &mdb_key, &value, 0), MDB_SUCCESS);
}

/* ---- Codes and slots ---- */
START_TEST(every_code_of_lmdb_has_a_status_and_words) {
  static const struct {
    int code, status;
  } known[] = {{MDB_NOTFOUND, MEDLEY_NOT_FOUND},
               {MDB_MAP_FULL, MEDLEY_FULL},
               {ENOSPC, MEDLEY_FULL},
               {EDQUOT, MEDLEY_FULL},
               {EFBIG, MEDLEY_FULL},
               {MDB_TXN_FULL, MEDLEY_TXN_TOO_BIG},
               {MDB_PANIC, MEDLEY_DEAD},
               {MDB_READERS_FULL, MEDLEY_READERS_FULL},
               {MDB_BAD_TXN, MEDLEY_ABORTED},
               {MDB_BAD_VALSIZE, MEDLEY_TOO_BIG},
               {MDB_CORRUPTED, MEDLEY_CORRUPT},
               {MDB_PAGE_NOTFOUND, MEDLEY_CORRUPT},
               {MDB_CURSOR_FULL, MEDLEY_CORRUPT},
               {MDB_INVALID, MEDLEY_NOT_A_DATABASE},
               {ENOMEM, MEDLEY_NO_MEMORY},
               {MDB_VERSION_MISMATCH, MEDLEY_NOT_A_DATABASE},
               {EACCES, MEDLEY_READ_ONLY},
               {EROFS, MEDLEY_READ_ONLY},
               {EIO, MEDLEY_IO}};
  for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
    medley_error slot = {0};
    ck_assert_int_eq(med_store_fail(&slot, known[i].code, "here"), known[i].status);
    ck_assert_int_eq(slot.status, known[i].status);
    ck_assert_int_ne(slot.message[0], 0);
  }
}
END_TEST

START_TEST(null_is_nothing_to_close_or_reset) {
  med_txn_reset(NULL);
  med_txn_close_reader(NULL);
  med_cursor_close(NULL);
  med_writer_close(NULL, false);
  med_member_close(NULL);
  med_store_close(NULL);
  med_batch batch = {0};
  options.flags = MEDLEY_OPEN_MEMORY;
  ck_assert_int_eq(open_store(), MEDLEY_OK);
  med_batch_abort(store, &batch);
  close_store();
}
END_TEST

/* ---- Values that are none of ours ---- */
START_TEST(values_that_are_too_short_or_too_long_are_damage) {
  med_slice value;
  ck_assert_int_eq(open_store(), MEDLEY_OK);
  med_txn *txn = begin();
  put_raw(txn, MED_TREE_KV, "short", 3);
  put_raw(txn, MED_TREE_KV, "long", 5000);
  ck_assert_int_eq(med_txn_get(txn, MED_TREE_KV, text("short"), &value), MEDLEY_CORRUPT);
  ck_assert_int_eq(med_txn_get(txn, MED_TREE_KV, text("long"), &value), MEDLEY_CORRUPT);
  ck_assert_int_eq(med_txn_get(txn, MED_TREE_KV, med_slice_of("", 0), &value), MEDLEY_NOT_FOUND);
  char key[600] = "";
  ck_assert_int_eq(med_txn_get(txn, MED_TREE_KV, med_slice_of(key, sizeof key), &value), MEDLEY_NOT_FOUND);
  med_cursor *cursor;
  ck_assert_int_eq(med_cursor_open(txn, MED_TREE_KV, &cursor), MEDLEY_OK);
  ck_assert_int_eq(med_cursor_seek(cursor, med_slice_of("", 0), NULL, NULL), MEDLEY_OK); /* the first */
  ck_assert_int_eq(med_cursor_seek_before(cursor, text("short"), NULL, NULL), MEDLEY_OK);
  ck_assert_int_eq(med_cursor_seek_before(cursor, text("long"), NULL, NULL), MEDLEY_NOT_FOUND);
  med_cursor_close(cursor);
  med_writer_rollback(member);
  close_store();
}
END_TEST

START_TEST(a_page_of_another_size_is_written_over_whole) {
  uint8_t page[MED_PAGE_VALUE_SIZE] = {1};
  char rest[20] = "";
  uint32_t number = 1;
  med_slice value;
  ck_assert_int_eq(open_store(), MEDLEY_OK);
  med_txn *txn = begin();
  MDB_val key = {sizeof number, &number}, stored = {sizeof rest, rest};
  ck_assert_int_eq(mdb_put(txn->mdb, store->trees[MED_TREE_SQL], &key, &stored, 0), MDB_SUCCESS);
  ck_assert_int_eq(med_txn_put_page(txn, number, page), MEDLEY_OK);
  ck_assert_int_eq(med_txn_get_page(txn, number, &value), MEDLEY_OK);
  ck_assert(value.len == sizeof page && memcmp(value.bytes, page, sizeof page) == 0);
  commit();
  close_store();
}
END_TEST

START_TEST(undoing_a_put_that_somebody_else_undid_is_no_failure) {
  med_slice value;
  ck_assert_int_eq(open_store(), MEDLEY_OK);
  med_txn *txn = begin();
  ck_assert_int_eq(med_txn_put(txn, MED_TREE_KV, text("k"), text("v")), MEDLEY_OK);
  MDB_val key = {1, (void *)(uintptr_t) "k"};
  ck_assert_int_eq(mdb_del(txn->mdb, store->trees[MED_TREE_KV], &key, NULL), MDB_SUCCESS);
  ck_assert_int_eq(med_txn_rollback_to(txn, 0), MEDLEY_OK);
  ck_assert_int_eq(med_txn_get(txn, MED_TREE_KV, text("k"), &value), MEDLEY_NOT_FOUND);
  med_writer_rollback(member);
  close_store();
}
END_TEST

/* ---- The door ---- */
static void expect_refusal(med_txn *txn, int status) {
  uint8_t page[MED_PAGE_VALUE_SIZE] = {0};
  size_t deleted = 7;
  ck_assert_int_eq(med_txn_put(txn, MED_TREE_KV, text("k"), text("v")), status);
  ck_assert_int_eq(med_txn_delete(txn, MED_TREE_KV, text("k")), status);
  ck_assert_int_eq(med_txn_delete_range(txn, MED_TREE_KV, text("a"), text("z"), 9, &deleted), status);
  ck_assert_uint_eq(deleted, 0);
  ck_assert_int_eq(med_txn_put_page(txn, 1, page), status);
  ck_assert_int_eq(med_txn_delete_page(txn, 1), status);
}

START_TEST(a_reader_and_a_broken_batch_change_nothing) {
  ck_assert_int_eq(open_store(), MEDLEY_OK);
  med_txn *reader = open_reader();
  ck_assert(!med_txn_broken(reader));
  expect_refusal(reader, MEDLEY_READ_ONLY);
  close_reader(reader);
  med_txn *txn = begin();
  ck_assert(!med_txn_broken(txn));
  med_txn_break(txn);
  ck_assert(med_txn_broken(txn));
  expect_refusal(txn, MEDLEY_ABORTED);
  ck_assert_ptr_nonnull(strstr(error.message, "can only be rolled back"));
  med_error_set(&error, MEDLEY_FULL, "the first failure");
  ck_assert_int_eq(med_txn_put(txn, MED_TREE_KV, text("k"), text("v")), MEDLEY_ABORTED);
  ck_assert_str_eq(error.message, "the first failure"); /* its words are the better ones */
  med_writer_rollback(member);
  close_store();
}
END_TEST

/* Each kind of change in turn meets the cap, which is looked at every few hundred of them. */
START_TEST(every_kind_of_change_meets_the_page_cap) {
  options.txn_page_cap = 60;
  ck_assert_int_eq(open_store(), MEDLEY_OK);
  med_txn *txn = begin();
  for (int i = 0; i < 4000; i++) { /* in several transactions, so that each stays below */
    char key[40] = "";
    snprintf(key, sizeof key, "%08d and some more bytes", i);
    if (i % 20 == 19) {
      commit();
      txn = begin();
    }
    ck_assert_int_eq(med_txn_put(txn, MED_TREE_KV, text(key), med_slice_of(key, sizeof key)), MEDLEY_OK);
    uint8_t page[MED_PAGE_VALUE_SIZE] = {0};
    if (i < 1000) ck_assert_int_eq(med_txn_put_page(txn, (uint32_t)i + 1, page), MEDLEY_OK);
  }
  commit();
  for (int kind = 0; kind < 4; kind++) {
    uint8_t page[MED_PAGE_VALUE_SIZE] = {0};
    int rc = MEDLEY_OK;
    txn = begin();
    for (uint32_t i = 0; i < 3000 && rc == MEDLEY_OK; i++) {
      char key[40];
      size_t deleted;
      snprintf(key, sizeof key, "%08d and some more bytes", (int)i);
      if (kind == 0) rc = med_txn_put_page(txn, i + 1000, page);
      if (kind == 1) rc = med_txn_delete(txn, MED_TREE_KV, text(key));
      if (kind == 2) rc = med_txn_delete_range(txn, MED_TREE_KV, text("0"), text("9"), 5000, &deleted);
      if (kind == 3) rc = med_txn_delete_page(txn, i + 1);
    }
    ck_assert_msg(rc == MEDLEY_TXN_TOO_BIG, "kind %d: %s", kind, medley_status_name(rc));
    med_writer_rollback(member);
  }
  close_store();
}
END_TEST

/* ---- Mapped pages ---- */
START_TEST(only_a_readers_page_at_its_place_counts_as_mapped) {
  uint8_t page[MED_PAGE_VALUE_SIZE] = {0};
  med_slice value;
  ck_assert_int_eq(open_store(), MEDLEY_OK);
  med_txn *txn = begin();
  for (uint32_t i = 1; i < 200; i++) ck_assert_int_eq(med_txn_put_page(txn, i, page), MEDLEY_OK);
  ck_assert_int_eq(med_txn_get_page(txn, 3, &value), MEDLEY_OK);
  ck_assert(!med_txn_is_mapped(txn, value.bytes, value.len));
  commit();
  med_txn *reader = open_reader();
  ck_assert_int_eq(med_txn_get_page(reader, 3, &value), MEDLEY_OK);
  ck_assert(med_txn_is_mapped(reader, value.bytes, value.len));
  ck_assert(!med_txn_is_mapped(reader, (const uint8_t *)value.bytes + 8, value.len));
  ck_assert(!med_txn_is_mapped(reader, value.bytes, (size_t)1 << 40)); /* beyond the end of the file */
  close_reader(reader);
  close_store();
}
END_TEST

/* ---- Readers ---- */
START_TEST(a_snapshot_goes_on_while_it_is_the_newest) {
  ck_assert_int_eq(open_store(), MEDLEY_OK);
  med_txn *reader = open_reader();
  ck_assert(med_txn_go_on(reader));
  ck_assert_int_eq(med_txn_put(begin(), MED_TREE_KV, text("k"), text("v")), MEDLEY_OK);
  commit();
  ck_assert(!med_txn_go_on(reader));
  close_reader(reader);
  close_store();
}
END_TEST

START_TEST(numbers_tell_of_the_oldest_reader_and_the_limit) {
  medley_stats stats = {0};
  options.size_limit_bytes = (uint64_t)64 << 20;
  ck_assert_int_eq(open_store(), MEDLEY_OK);
  ck_assert_str_eq(med_store_path(store), path);
  ck_assert_int_eq(med_txn_put(begin(), MED_TREE_KV, text("k"), text("v")), MEDLEY_OK);
  commit(); /* the snapshot before is the checkpoint's, whose pin does not count */
  med_txn *old = open_reader();
  for (int i = 0; i < 3; i++) {
    ck_assert_int_eq(med_txn_put(begin(), MED_TREE_KV, text("k"), text("v")), MEDLEY_OK);
    commit();
  }
  med_txn *reader = open_reader();
  ck_assert_int_eq(med_store_stat(reader, &stats), MEDLEY_OK);
  ck_assert_uint_eq(stats.size_limit_bytes, options.size_limit_bytes);
  ck_assert_uint_ge(stats.oldest_reader_lag, 3);
  ck_assert_uint_gt(stats.log_bytes, 0);
  close_reader(old);
  close_reader(reader);
  close_store();
}
END_TEST

START_TEST(a_forked_child_can_close_what_it_may_not_use) {
  ck_assert_int_eq(open_store(), MEDLEY_OK);
  med_txn *reader = open_reader();
  ck_assert_int_eq(med_txn_put(begin(), MED_TREE_KV, text("k"), text("v")), MEDLEY_OK);
  commit();
  pid_t child = fork();
  if (child == 0) {
    bool goes_on = med_txn_go_on(reader);
    med_txn_reset(reader);
    med_txn_close_reader(reader);
    bool refused = med_store_backup(store, "nowhere", &error) == MEDLEY_FORKED;
    med_member_close(member);
    med_store_close(store);
    _exit(!goes_on && refused ? 0 : 1);
  }
  int status;
  ck_assert_int_eq(waitpid(child, &status, 0), child);
  ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0);
  med_slice value;
  ck_assert(!med_txn_go_on(reader)); /* the parent's is what it was */
  ck_assert_int_eq(med_txn_get(reader, MED_TREE_KV, text("k"), &value), MEDLEY_NOT_FOUND);
  close_reader(reader);
  close_store();
}
END_TEST

/* ---- Checks ---- */
static void tell_page(void *context, const char *problem) {
  *(bool *)context = strcmp(problem, "sql: page 4294967295 does not match its checksum") == 0;
}

/* What lies between it and the others is not looked for: that would take minutes, and behind the last number there is none. */
START_TEST(a_page_with_a_damaged_number_is_told_at_once) {
  uint8_t page[MED_PAGE_VALUE_SIZE] = {0};
  uint64_t problems = 0;
  bool told = false;
  options.journal = MEDLEY_JOURNAL_NONE;
  ck_assert_int_eq(open_store(), MEDLEY_OK);
  med_txn *txn = begin();
  med_put_u64(page + MED_PAGE_VALUE_SIZE - 8, med_hash64(page, MED_PAGE_VALUE_SIZE - 8, 1));
  ck_assert_int_eq(med_txn_put_page(txn, 1, page), MEDLEY_OK);
  ck_assert_int_eq(med_txn_put_page(txn, UINT32_MAX, page), MEDLEY_OK);
  commit();
  ck_assert_int_eq(med_store_check(store, tell_page, &told, &problems, NULL), MEDLEY_OK);
  ck_assert_uint_eq(problems, 1);
  ck_assert(told);
  close_store();
}
END_TEST

START_TEST(a_page_that_was_never_written_is_no_problem_and_no_log_is_needed) {
  uint8_t page[MED_PAGE_VALUE_SIZE] = {0};
  uint64_t problems = 0;
  options.journal = MEDLEY_JOURNAL_NONE;
  ck_assert_int_eq(open_store(), MEDLEY_OK);
  med_txn *txn = begin();
  med_put_u64(page + MED_PAGE_VALUE_SIZE - 8, med_hash64(page, MED_PAGE_VALUE_SIZE - 8, 1));
  ck_assert_int_eq(med_txn_put_page(txn, 1, page), MEDLEY_OK);
  med_put_u64(page + MED_PAGE_VALUE_SIZE - 8, med_hash64(page, MED_PAGE_VALUE_SIZE - 8, 3));
  ck_assert_int_eq(med_txn_put_page(txn, 3, page), MEDLEY_OK);
  commit();
  ck_assert_int_eq(med_store_check(store, NULL, NULL, &problems, NULL), MEDLEY_OK);
  ck_assert_uint_eq(problems, 0);
  close_store();
  options.journal = MEDLEY_JOURNAL_DEFAULT;
  options.flags = MEDLEY_OPEN_MEMORY;
  ck_assert_int_eq(open_store(), MEDLEY_OK);
  ck_assert_int_eq(med_store_check(store, NULL, NULL, &problems, NULL), MEDLEY_OK);
  medley_stats stats = {0};
  med_txn *reader = open_reader();
  ck_assert_int_eq(med_store_stat(reader, &stats), MEDLEY_OK);
  ck_assert_uint_eq(stats.log_bytes, 0);
  close_reader(reader);
  close_store();
}
END_TEST

START_TEST(damaged_pages_are_one_problem_also_for_who_wants_no_words) {
  uint64_t problems = 0;
  options.journal = MEDLEY_JOURNAL_NONE;
  ck_assert_int_eq(open_store(), MEDLEY_OK);
  med_txn *txn = begin();
  for (int i = 0; i < 500; i++) {
    char key[20], value[200] = "";
    snprintf(key, sizeof key, "%06d", i);
    ck_assert_int_eq(med_txn_put(txn, MED_TREE_KV, text(key), med_slice_of(value, sizeof value)), MEDLEY_OK);
  }
  commit();
  struct stat facts;
  ck_assert_int_eq(stat(path, &facts), 0);
  static const uint8_t wrong[16] = {0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF};
  int fd = open(path, O_WRONLY);
  for (off_t at = 2 * 4096; at < facts.st_size; at += 4096) ck_assert_int_eq(pwrite(fd, wrong, sizeof wrong, at), 16);
  close(fd);
  ck_assert_int_eq(med_store_check(store, NULL, NULL, &problems, NULL), MEDLEY_OK);
  ck_assert_uint_eq(problems, 1);
  memset(&error, 0, sizeof error);
  ck_assert_int_eq(med_store_check(store, NULL, NULL, &problems, &error), MEDLEY_OK);
  ck_assert_uint_eq(problems, 2);
  ck_assert_int_ne(error.message[0], 0);
  med_member_close(member);
  store->dead = true;
  med_store_close(store);
}
END_TEST

/* ---- Headers ---- */
static med_slice header_key(void) { return text("header"); }

static void change_header(size_t at, const void *bytes, size_t len, size_t total) {
  uint8_t header[64] = {0};
  med_slice present;
  ck_assert_int_eq(open_store(), MEDLEY_OK);
  med_txn *txn = begin();
  ck_assert_int_eq(med_txn_get(txn, MED_TREE_META, header_key(), &present), MEDLEY_OK);
  memcpy(header, present.bytes, present.len);
  memcpy(header + at, bytes, len);
  ck_assert_int_eq(med_txn_put(txn, MED_TREE_META, header_key(), med_slice_of(header, total)), MEDLEY_OK);
  commit();
  close_store();
}

static void expect_not_opened(int status, const char *words) {
  ck_assert_int_eq(open_store(), status);
  ck_assert_msg(strstr(error.message, words) != NULL, "%s", error.message);
  ck_assert_ptr_null(store);
  unlink(path);
}

START_TEST(headers_of_something_else_are_refused_by_name) {
  uint8_t number[4];
  change_header(0, "medusa", 6, 40);
  expect_not_opened(MEDLEY_NOT_A_DATABASE, "not a Medley database");
  change_header(0, "m", 1, 39);
  expect_not_opened(MEDLEY_NOT_A_DATABASE, "not a Medley database");
  med_put_u32(number, 8192);
  change_header(12, number, 4, 40);
  expect_not_opened(MEDLEY_UNSUPPORTED, "pages of 8192 bytes");
  med_put_u32(number, MED_FORMAT_VERSION + 1);
  change_header(8, number, 4, 40);
  expect_not_opened(MEDLEY_NEWER_FORMAT, "newer");
  ck_assert_int_eq(open_store(), MEDLEY_OK);
  ck_assert_int_eq(med_txn_delete(begin(), MED_TREE_META, header_key()), MEDLEY_OK);
  commit();
  close_store();
  expect_not_opened(MEDLEY_NOT_A_DATABASE, "not a Medley database");
}
END_TEST

START_TEST(a_database_keeps_to_the_journal_that_it_was_made_with) {
  options.journal = MEDLEY_JOURNAL_LOG;
  ck_assert_int_eq(open_store(), MEDLEY_OK);
  close_store();
  options.journal = MEDLEY_JOURNAL_NONE;
  expect_not_opened(MEDLEY_MISUSE, "made with a redo log");
  ck_assert_int_eq(open_store(), MEDLEY_OK);
  close_store();
  options.journal = MEDLEY_JOURNAL_LOG;
  expect_not_opened(MEDLEY_MISUSE, "made without a redo log");
}
END_TEST

/* Plain records where our trees should be. */
START_TEST(an_environment_with_records_of_its_own_is_refused) {
  MDB_env *env;
  MDB_txn *txn;
  MDB_dbi dbi;
  MDB_val key = {4, (void *)(uintptr_t) "meta"}, value = {5, (void *)(uintptr_t) "value"};
  ck_assert_int_eq(mdb_env_create(&env), MDB_SUCCESS);
  ck_assert_int_eq(mdb_env_open(env, path, MDB_NOSUBDIR, 0600), MDB_SUCCESS);
  ck_assert_int_eq(mdb_txn_begin(env, NULL, 0, &txn), MDB_SUCCESS);
  ck_assert_int_eq(mdb_dbi_open(txn, NULL, 0, &dbi), MDB_SUCCESS);
  ck_assert_int_eq(mdb_put(txn, dbi, &key, &value, 0), MDB_SUCCESS);
  ck_assert_int_eq(mdb_txn_commit(txn), MDB_SUCCESS);
  mdb_env_close(env);
  expect_not_opened(MEDLEY_NOT_A_DATABASE, "not a Medley database");
}
END_TEST

START_TEST(another_programs_environment_is_refused_and_left_as_it_is) {
  MDB_env *env;
  MDB_txn *txn;
  MDB_dbi dbi;
  ck_assert_int_eq(mdb_env_create(&env), MDB_SUCCESS);
  ck_assert_int_eq(mdb_env_set_maxdbs(env, 4), MDB_SUCCESS);
  ck_assert_int_eq(mdb_env_open(env, path, MDB_NOSUBDIR, 0600), MDB_SUCCESS);
  ck_assert_int_eq(mdb_txn_begin(env, NULL, 0, &txn), MDB_SUCCESS);
  ck_assert_int_eq(mdb_dbi_open(txn, "meta", MDB_CREATE, &dbi), MDB_SUCCESS);
  ck_assert_int_eq(mdb_dbi_open(txn, "sql", MDB_CREATE, &dbi), MDB_SUCCESS); /* of another kind than ours */
  ck_assert_int_eq(mdb_txn_commit(txn), MDB_SUCCESS);
  mdb_env_close(env);
  expect_not_opened(MEDLEY_NOT_A_DATABASE, "not a Medley database");
}
END_TEST

static void make_empty_environment(void) {
  MDB_env *env;
  MDB_txn *txn;
  ck_assert_int_eq(mdb_env_create(&env), MDB_SUCCESS);
  ck_assert_int_eq(mdb_env_open(env, path, MDB_NOSUBDIR, 0600), MDB_SUCCESS);
  ck_assert_int_eq(mdb_txn_begin(env, NULL, 0, &txn), MDB_SUCCESS);
  ck_assert_int_eq(mdb_txn_commit(txn), MDB_SUCCESS);
  mdb_env_close(env);
}

START_TEST(who_only_reads_makes_nothing_of_an_empty_file) {
  int fd = open(path, O_CREAT | O_WRONLY, 0600);
  ck_assert_int_ge(fd, 0);
  close(fd);
  options.flags = MEDLEY_OPEN_READ_ONLY;
  ck_assert_int_eq(open_store(), MEDLEY_NOT_A_DATABASE);
  ck_assert_ptr_nonnull(strstr(error.message, "the file is empty"));
  struct stat facts;
  ck_assert(stat(path, &facts) == 0 && facts.st_size == 0);
  ck_assert_int_eq(unlink(path), 0);
  make_empty_environment();
  expect_not_opened(MEDLEY_NOT_A_DATABASE, "holds nothing");
}
END_TEST

START_TEST(a_path_without_a_folder_is_one_in_the_present_one) {
  ck_assert_int_eq(chdir(directory), 0);
  snprintf(path, sizeof path, "alone");
  options.flags = MEDLEY_OPEN_FORCE_NETWORK;
  ck_assert_int_eq(open_store(), MEDLEY_OK);
  close_store();
  ck_assert_int_eq(access("alone", F_OK), 0);
  ck_assert_int_eq(med_store_flush_directory("/", &error), MEDLEY_OK);
  ck_assert_int_eq(med_store_flush_directory("/nowhere/at/all", &error), MEDLEY_IO);
  ck_assert_int_eq(med_store_flush_directory("/proc/version", &error), MEDLEY_OK); /* it cannot, and need not */
  ck_assert_int_eq(chdir("/"), 0);
}
END_TEST

START_TEST(what_is_no_regular_file_is_not_opened) {
  ck_assert_int_eq(mkfifo(path, 0600), 0);
  options.flags = MEDLEY_OPEN_FORCE_NETWORK;
  ck_assert_int_eq(open_store(), MEDLEY_CANNOT_OPEN);
  ck_assert_ptr_nonnull(strstr(error.message, "not a regular file"));
}
END_TEST

PROPERTY_MAIN_BETWEEN("store_edges", setup, teardown, every_code_of_lmdb_has_a_status_and_words,
                      null_is_nothing_to_close_or_reset, values_that_are_too_short_or_too_long_are_damage,
                      undoing_a_put_that_somebody_else_undid_is_no_failure, a_reader_and_a_broken_batch_change_nothing,
                      every_kind_of_change_meets_the_page_cap, only_a_readers_page_at_its_place_counts_as_mapped,
                      a_snapshot_goes_on_while_it_is_the_newest, numbers_tell_of_the_oldest_reader_and_the_limit,
                      a_forked_child_can_close_what_it_may_not_use, a_page_with_a_damaged_number_is_told_at_once,
                      a_page_that_was_never_written_is_no_problem_and_no_log_is_needed,
                      damaged_pages_are_one_problem_also_for_who_wants_no_words,
                      headers_of_something_else_are_refused_by_name,
                      a_database_keeps_to_the_journal_that_it_was_made_with,
                      an_environment_with_records_of_its_own_is_refused, a_page_of_another_size_is_written_over_whole,
                      another_programs_environment_is_refused_and_left_as_it_is,
                      who_only_reads_makes_nothing_of_an_empty_file, a_path_without_a_folder_is_one_in_the_present_one,
                      what_is_no_regular_file_is_not_opened)
