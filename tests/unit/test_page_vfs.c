/* test_page_vfs.c - SQLite on shared pages: its rules, each as the shortest case that breaks without it. */
#include <fcntl.h>
#include <sqlite3.h>

#include "models/relational/connection.h"
#include "storage/writer.h"
#include "tests/unit/property.h"

typedef struct vfs_kit {
  med_store *store;
  med_page_vfs *vfs;
  med_member *member;
  med_txn *reader;
  medley_error error;
} vfs_kit;

static int never_stop(void *context) {
  (void)context;
  return MEDLEY_OK;
}
static const med_sql_hooks hooks = {.poll = never_stop};

static void kit_open(vfs_kit *kit) {
  *kit = (vfs_kit){0};
  medley_options options;
  medley_options_init(&options);
  options.flags = MEDLEY_OPEN_MEMORY;
  ck_assert_int_eq(med_store_open("", &options, &kit->store, &kit->error), MEDLEY_OK);
  ck_assert_int_eq(med_page_vfs_open(kit->store, &kit->vfs, &kit->error), MEDLEY_OK);
  ck_assert_int_eq(med_member_open(kit->store, &kit->member), MEDLEY_OK);
  ck_assert_int_eq(med_txn_open_reader(kit->store, &kit->reader, &kit->error), MEDLEY_OK);
}

static void kit_close(vfs_kit *kit) {
  med_txn_close_reader(kit->reader);
  med_member_close(kit->member);
  med_page_vfs_close(kit->vfs);
  med_store_close(kit->store);
}

static med_sql_connection *connect(vfs_kit *kit) {
  med_sql_connection *connection;
  ck_assert_int_eq(med_sql_open(kit->store, kit->vfs, &hooks, &connection, &kit->error), MEDLEY_OK);
  return connection;
}

static void begin(vfs_kit *kit, med_sql_connection *connection) {
  ck_assert_int_eq(med_writer_begin(kit->member, true, 1000, &kit->error), MEDLEY_OK);
  ck_assert_int_eq(med_sql_bind(connection, med_member_txn(kit->member)), MEDLEY_OK);
}

static int run(med_sql_connection *connection, const char *text) {
  return sqlite3_exec(med_sql_handle(connection), text, NULL, NULL, NULL);
}

static void commit(vfs_kit *kit, med_sql_connection *connection) {
  med_sql_unbind(connection);
  ck_assert_int_eq(med_writer_commit(kit->member, &kit->error), MEDLEY_OK);
}

static void write_once(vfs_kit *kit, med_sql_connection *connection, const char *text) {
  begin(kit, connection);
  ck_assert_msg(run(connection, text) == SQLITE_OK, "%s", sqlite3_errmsg(med_sql_handle(connection)));
  commit(kit, connection);
}

static int64_t read_number(vfs_kit *kit, med_sql_connection *connection, const char *text) {
  ck_assert_int_eq(med_txn_renew(kit->reader), MEDLEY_OK);
  ck_assert_int_eq(med_sql_bind(connection, kit->reader), MEDLEY_OK);
  sqlite3_stmt *statement;
  ck_assert_int_eq(sqlite3_prepare_v2(med_sql_handle(connection), text, -1, &statement, NULL), SQLITE_OK);
  ck_assert_int_eq(sqlite3_step(statement), SQLITE_ROW);
  int64_t number = sqlite3_column_int64(statement, 0);
  sqlite3_finalize(statement);
  med_sql_unbind(connection);
  med_txn_reset(kit->reader);
  return number;
}

START_TEST(connections_see_each_others_commits) {
  vfs_kit kit;
  kit_open(&kit);
  med_sql_connection *a = connect(&kit), *b = connect(&kit);
  write_once(&kit, a, "CREATE TABLE t(x)");
  for (int i = 1; i <= 50; i++) {
    write_once(&kit, i % 2 ? a : b, "INSERT INTO t VALUES (1)");
    ck_assert_int_eq(read_number(&kit, a, "SELECT sum(x) FROM t"), i);
    ck_assert_int_eq(read_number(&kit, b, "SELECT sum(x) FROM t"), i);
  }
  med_sql_close(a);
  med_sql_close(b);
  kit_close(&kit);
}
END_TEST

/* SQLite has committed, the storage has not: the cache is stale although the change counter will match again. */
START_TEST(a_connection_whose_batch_was_dropped_is_opened_anew) {
  vfs_kit kit;
  kit_open(&kit);
  med_sql_connection *a = connect(&kit), *b = connect(&kit);
  write_once(&kit, a, "CREATE TABLE t(id INTEGER PRIMARY KEY, x); INSERT INTO t VALUES (1, 0), (2, 0)");
  begin(&kit, a);
  ck_assert_int_eq(run(a, "UPDATE t SET x = 1 WHERE id = 1; CREATE TABLE ghost(y)"), SQLITE_OK);
  uint64_t generation = med_sql_generation(a);
  med_txn_break(med_member_txn(kit.member));
  med_sql_unbind(a);
  ck_assert_int_eq(med_writer_commit(kit.member, &kit.error), MEDLEY_ABORTED);
  write_once(&kit, b, "UPDATE t SET x = 7 WHERE id = 2");
  write_once(&kit, a, "UPDATE t SET x = x + 1 WHERE id = 1"); /* the same page */
  ck_assert_uint_gt(med_sql_generation(a), generation);
  ck_assert_int_eq(read_number(&kit, b, "SELECT x FROM t WHERE id = 1"), 1);
  ck_assert_int_eq(read_number(&kit, b, "SELECT x FROM t WHERE id = 2"), 7);
  ck_assert_int_eq(read_number(&kit, a, "SELECT count(*) FROM sqlite_schema WHERE name = 'ghost'"), 0);
  med_sql_close(a);
  med_sql_close(b);
  kit_close(&kit);
}
END_TEST

/* A statement that is not finalized yet keeps what is left of a dropped connection alive. When that rolls back at last, it must
 * not play its old pages into whatever transaction is open then. */
START_TEST(a_dropped_connection_never_writes_again) {
  vfs_kit kit;
  kit_open(&kit);
  med_sql_connection *a = connect(&kit), *b = connect(&kit);
  write_once(&kit, a,
             "CREATE TABLE t(id INTEGER PRIMARY KEY, x);"
             "INSERT INTO t WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 400)"
             " SELECT i, hex(zeroblob(500)) FROM n");
  begin(&kit, a);
  ck_assert_int_eq(run(a, "PRAGMA cache_size = 5"), SQLITE_OK);
  sqlite3_stmt *kept;
  ck_assert_int_eq(sqlite3_prepare_v2(med_sql_handle(a), "SELECT 1", -1, &kept, NULL), SQLITE_OK);
  ck_assert_int_eq(med_sql_begin(a), MEDLEY_OK);
  ck_assert_int_eq(run(a, "UPDATE t SET x = hex(randomblob(500))"), SQLITE_OK); /* it spills */
  med_txn_break(med_member_txn(kit.member));
  med_sql_drop(a);
  med_writer_rollback(kit.member);
  write_once(&kit, b, "UPDATE t SET x = 'acknowledged'");
  begin(&kit, b);
  ck_assert_int_eq(run(b, "INSERT INTO t VALUES (1000, 'acknowledged')"), SQLITE_OK);
  sqlite3_finalize(kept);
  commit(&kit, b);
  ck_assert_int_eq(read_number(&kit, b, "SELECT count(*) FROM t WHERE x = 'acknowledged'"), 401);
  ck_assert_int_eq(read_number(&kit, a, "SELECT count(*) FROM t WHERE x = 'acknowledged'"), 401);
  med_sql_close(a);
  med_sql_close(b);
  kit_close(&kit);
}
END_TEST

START_TEST(half_of_a_failed_statement_does_not_stay) {
  vfs_kit kit;
  kit_open(&kit);
  med_sql_connection *a = connect(&kit);
  write_once(&kit, a, "CREATE TABLE t(x UNIQUE); INSERT INTO t VALUES (9)");
  begin(&kit, a);
  ck_assert_int_eq(med_sql_begin(a), MEDLEY_OK);
  ck_assert_int_eq(run(a, "INSERT INTO t VALUES (1), (2), (9)"), SQLITE_CONSTRAINT_UNIQUE);
  ck_assert_int_eq(med_sql_commit(a), MEDLEY_OK);
  commit(&kit, a);
  ck_assert_int_eq(read_number(&kit, a, "SELECT count(*) FROM t"), 1);
  med_sql_close(a);
  kit_close(&kit);
}
END_TEST

/* A cache of one page or so spills in the middle of a transaction: the rollback has to bring every page back. */
START_TEST(a_rollback_after_a_spill_restores_the_pages) {
  vfs_kit kit;
  kit_open(&kit);
  med_sql_connection *a = connect(&kit), *b = connect(&kit);
  write_once(&kit, a,
             "CREATE TABLE t(id INTEGER PRIMARY KEY, x);"
             "INSERT INTO t WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 5000)"
             " SELECT i, hex(zeroblob(50)) FROM n");
  begin(&kit, a);
  ck_assert_int_eq(run(a, "PRAGMA cache_size = 5"), SQLITE_OK);
  ck_assert_int_eq(med_sql_begin(a), MEDLEY_OK);
  ck_assert_int_eq(run(a, "UPDATE t SET x = 'changed'; DELETE FROM t WHERE id > 2500; CREATE INDEX i ON t(x)"),
                   SQLITE_OK);
  med_sql_rollback(a);
  ck_assert(!med_txn_broken(med_member_txn(kit.member)));
  commit(&kit, a);
  ck_assert_int_eq(read_number(&kit, b, "SELECT count(*) FROM t WHERE x = hex(zeroblob(50))"), 5000);
  ck_assert_int_eq(read_number(&kit, b, "SELECT count(*) FROM pragma_integrity_check WHERE integrity_check = 'ok'"), 1);
  med_sql_close(a);
  med_sql_close(b);
  kit_close(&kit);
}
END_TEST

/* SQLite truncates after xSync; a rollback of a spilled growth truncates too. */
START_TEST(pages_behind_the_end_of_a_rolled_back_growth_are_gone) {
  vfs_kit kit;
  kit_open(&kit);
  med_sql_connection *a = connect(&kit);
  write_once(&kit, a, "CREATE TABLE t(x)");
  int64_t before = read_number(&kit, a, "SELECT page_count FROM pragma_page_count");
  begin(&kit, a);
  ck_assert_int_eq(run(a, "PRAGMA cache_size = 5"), SQLITE_OK);
  ck_assert_int_eq(med_sql_begin(a), MEDLEY_OK);
  ck_assert_int_eq(run(a,
                       "INSERT INTO t WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 2000)"
                       " SELECT zeroblob(1000) FROM n"),
                   SQLITE_OK);
  uint32_t last;
  ck_assert_int_eq(med_txn_last_page(med_member_txn(kit.member), &last), MEDLEY_OK);
  ck_assert_int_gt(last, 100); /* it has spilled */
  med_sql_rollback(a);
  commit(&kit, a);
  ck_assert_int_eq(med_txn_renew(kit.reader), MEDLEY_OK);
  ck_assert_int_eq(med_txn_last_page(kit.reader, &last), MEDLEY_OK);
  ck_assert_int_eq(last, before);
  med_txn_reset(kit.reader);
  med_sql_close(a);
  kit_close(&kit);
}
END_TEST

START_TEST(a_write_ahead_log_is_refused_at_every_door) {
  vfs_kit kit;
  kit_open(&kit);
  med_sql_connection *a = connect(&kit);
  write_once(&kit, a, "CREATE TABLE t(x)");
  begin(&kit, a);
  static const char *const texts[] = {
      "PRAGMA journal_mode = WAL",
      "PRAGMA main.journal_mode = WAL",
      "PRAGMA locking_mode = EXCLUSIVE",
      "PRAGMA temp.journal_mode = WAL",
      "PRAGMA page_size = 8192",
      "PRAGMA writable_schema = ON",
      "SELECT load_extension('x')",
      "ATTACH 'x' AS y",
      "VACUUM INTO 'x'",
      "SELECT fts3_tokenizer('simple')",
      "BEGIN",
      "SAVEPOINT s",
  };
  for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) ck_assert_int_ne(run(a, texts[i]), SQLITE_OK);
  med_sql_unbind(a);
  med_writer_rollback(kit.member);
  med_sql_close(a);
  kit_close(&kit);
}
END_TEST

START_TEST(a_reader_cannot_be_made_to_write) {
  vfs_kit kit;
  kit_open(&kit);
  med_sql_connection *a = connect(&kit);
  write_once(&kit, a, "CREATE TABLE t(x)");
  ck_assert_int_eq(med_txn_renew(kit.reader), MEDLEY_OK);
  ck_assert_int_eq(med_sql_bind(a, kit.reader), MEDLEY_OK);
  ck_assert_int_eq(run(a, "INSERT INTO t VALUES (1)") & 0xFF, SQLITE_READONLY);
  med_sql_unbind(a);
  med_txn_reset(kit.reader);
  ck_assert_int_eq(read_number(&kit, a, "SELECT count(*) FROM t"), 0);
  med_sql_close(a);
  kit_close(&kit);
}
END_TEST

START_TEST(a_value_that_is_not_its_page_is_found) {
  uint8_t value[MED_PAGE_VALUE_SIZE] = {1, 2, 3};
  med_put_u64(value + MED_PAGE_USED, med_hash64(value, MED_PAGE_USED, 7));
  ck_assert(med_page_vfs_value_is_sound(7, med_slice_of(value, sizeof value)));
  ck_assert(!med_page_vfs_value_is_sound(8, med_slice_of(value, sizeof value)));
  ck_assert(!med_page_vfs_value_is_sound(7, med_slice_of(value, sizeof value - 1)));
  value[4000] ^= 1;
  ck_assert(!med_page_vfs_value_is_sound(7, med_slice_of(value, sizeof value)));
}
END_TEST

/* FORMAT.md says that the pages are those of an SQLite database. */
START_TEST(the_pages_put_together_are_a_file_that_stock_sqlite_opens) {
  vfs_kit kit;
  kit_open(&kit);
  med_sql_connection *a = connect(&kit);
  write_once(&kit, a,
             "CREATE TABLE t(id INTEGER PRIMARY KEY, x); CREATE INDEX i ON t(x);"
             "INSERT INTO t WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 3000)"
             " SELECT i, i * 7 % 1000 FROM n; DELETE FROM t WHERE id % 3 = 0");
  char path[] = "/tmp/medley-test-pages-XXXXXX";
  int fd = mkstemp(path);
  ck_assert_int_ge(fd, 0);
  uint32_t last;
  ck_assert_int_eq(med_txn_renew(kit.reader), MEDLEY_OK);
  ck_assert_int_eq(med_txn_last_page(kit.reader, &last), MEDLEY_OK);
  for (uint32_t page = 1; page <= last; page++) {
    uint8_t bytes[MED_PAGE_SIZE] = {0};
    med_slice value;
    if (med_txn_get_page(kit.reader, page, &value) == MEDLEY_OK) memcpy(bytes, value.bytes, MED_PAGE_USED);
    ck_assert_int_eq(pwrite(fd, bytes, sizeof bytes, (off_t)(page - 1) * MED_PAGE_SIZE), sizeof bytes);
  }
  med_txn_reset(kit.reader);
  close(fd);
  sqlite3 *stock;
  sqlite3_stmt *statement;
  ck_assert_int_eq(sqlite3_open(path, &stock), SQLITE_OK);
  ck_assert_int_eq(
      sqlite3_prepare_v2(stock, "SELECT count(*), (SELECT integrity_check FROM pragma_integrity_check) FROM t", -1,
                         &statement, NULL),
      SQLITE_OK);
  ck_assert_int_eq(sqlite3_step(statement), SQLITE_ROW);
  ck_assert_int_eq(sqlite3_column_int(statement, 0), 2000);
  ck_assert_str_eq((const char *)sqlite3_column_text(statement, 1), "ok");
  sqlite3_finalize(statement);
  sqlite3_close(stock);
  unlink(path);
  med_sql_close(a);
  kit_close(&kit);
}
END_TEST

PROPERTY_MAIN("page_vfs", connections_see_each_others_commits, a_dropped_connection_never_writes_again,
              a_connection_whose_batch_was_dropped_is_opened_anew, half_of_a_failed_statement_does_not_stay,
              a_rollback_after_a_spill_restores_the_pages, pages_behind_the_end_of_a_rolled_back_growth_are_gone,
              a_write_ahead_log_is_refused_at_every_door, a_reader_cannot_be_made_to_write,
              a_value_that_is_not_its_page_is_found, the_pages_put_together_are_a_file_that_stock_sqlite_opens)
