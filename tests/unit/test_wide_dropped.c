/* test_wide_dropped.c - the room of what is dropped or truncated comes back: rows, rows longer than a page, index entries, views' rows. */
#include "engine/database.h"
#include "models/widecolumn/sweep.h"
#include "storage/writer.h"
#include "tests/unit/sealed_rows.h"
#include "tests/unit/session_kit.h"

enum { ROWS = 300, LONG_BYTES = 20000, SHORT_ROWS = 6000, PAGE_SIZE = 4096 };

static void cql(medley_session *session, const char *text) { kit_exec(session, MEDLEY_LANGUAGE_CQL, text); }

/* Bytes of the pages that are neither SQL's nor of key-value. */
static uint64_t bytes_used(medley *db) {
  medley_stats stats;
  medley_error error = {0};
  ck_assert_msg(medley_stat(db, &stats, &error) == MEDLEY_OK, "%s", error.message);
  return stats.other_bytes;
}

static void check(medley *db) {
  medley_error error = {0};
  uint64_t problems = 1;
  ck_assert_msg(medley_check(db, NULL, NULL, &problems, &error) == MEDLEY_OK, "%s", error.message);
  ck_assert_uint_eq(problems, 0);
}

static void fill(medley_session *session) {
  char text[256];
  cql(session, "CREATE TABLE k.t (p int, c int, v int, long text, PRIMARY KEY (p, c))");
  cql(session, "CREATE INDEX by_v ON k.t (v)");
  cql(session,
      "CREATE MATERIALIZED VIEW k.turned AS SELECT p, c, v FROM k.t WHERE p IS NOT NULL AND c IS NOT NULL AND v IS NOT "
      "NULL PRIMARY KEY (v, p, c)");
  snprintf(text, sizeof text,
           "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %d) "
           "INSERT INTO \"k.t\"(p, c, v, long) SELECT i %% 7, i, i %% 11, hex(randomblob(%d)) FROM n",
           ROWS, LONG_BYTES / 2);
  kit_exec(session, MEDLEY_LANGUAGE_SQL, text);
}

static void open_with_rows(session_kit *kit, uint64_t *before) {
  kit_open(kit);
  cql(kit->session, "CREATE KEYSPACE k WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 1}");
  *before = bytes_used(kit->db);
  fill(kit->session);
  ck_assert_uint_gt(bytes_used(kit->db), *before + (uint64_t)ROWS * LONG_BYTES);
}

/* All but a page of each tree that is not empty any more. */
static void expect_room_back(session_kit *kit, uint64_t before) {
  sealed_rows_maintain(kit->db);
  check(kit->db);
  ck_assert_uint_lt(bytes_used(kit->db), before + (uint64_t)4 * PAGE_SIZE);
}

START_TEST(a_dropped_table_gives_its_room_back) {
  session_kit kit;
  uint64_t before;
  open_with_rows(&kit, &before);
  cql(kit.session, "DROP MATERIALIZED VIEW k.turned");
  cql(kit.session, "DROP TABLE k.t");
  check(kit.db); /* what waits for the sweep is no problem */
  expect_room_back(&kit, before);
  fill(kit.session); /* one of that name is another one */
  SQL_IS(kit.session, "SELECT count(*) FROM \"k.t\"", "300\n");
  check(kit.db);
  kit_close(&kit);
}
END_TEST

START_TEST(a_truncated_table_gives_its_room_back_and_lives) {
  session_kit kit;
  uint64_t before;
  open_with_rows(&kit, &before);
  cql(kit.session, "TRUNCATE k.t");
  SQL_IS(kit.session, "SELECT count(*) FROM \"k.t\"", "0\n");
  SQL_IS(kit.session, "SELECT count(*) FROM \"k.turned\"", "0\n");
  cql(kit.session, "INSERT INTO k.t (p, c, v) VALUES (1, 1, 5)");
  expect_room_back(&kit, before);
  SQL_IS(kit.session, "SELECT p, c FROM \"k.turned\" WHERE v = 5", "1|1\n");
  SQL_IS(kit.session, "SELECT p, c FROM \"k.t\" WHERE v = 5", "1|1\n");
  kit_close(&kit);
}
END_TEST

START_TEST(a_dropped_keyspace_gives_its_room_back) {
  session_kit kit;
  uint64_t before;
  open_with_rows(&kit, &before);
  cql(kit.session, "DROP KEYSPACE k");
  expect_room_back(&kit, before);
  kit_close(&kit);
}
END_TEST

/* A row of this test is of five parts beside its record, an entry and a view's row. */
START_TEST(a_slice_of_the_sweep_counts_the_parts_of_long_rows) {
  enum { LIMIT = 50, PARTS = 5 };
  session_kit kit;
  uint64_t before;
  med_member *member;
  medley_error error = {0};
  size_t swept, slices = 0;
  open_with_rows(&kit, &before);
  cql(kit.session, "DROP KEYSPACE k");
  ck_assert_int_eq(med_member_open(kit.db->store, &member), MEDLEY_OK);
  for (bool left = true; left; slices++) {
    ck_assert_int_eq(med_writer_begin(member, false, 1000, &error), MEDLEY_OK);
    ck_assert_int_eq(med_wide_sweep(med_member_txn(member), LIMIT, &swept, &left), MEDLEY_OK);
    ck_assert_uint_le(swept, LIMIT + PARTS + 10); /* the last row's parts, and what says what was dropped */
    ck_assert_int_eq(med_writer_commit(member, &error), MEDLEY_OK);
  }
  med_member_close(member);
  ck_assert_uint_ge(slices, (size_t)ROWS * (1 + PARTS) / (LIMIT + PARTS));
  expect_room_back(&kit, before);
  kit_close(&kit);
}
END_TEST

/* Rows that are sealed, and an index that is larger than what rounding to pages hides. */
START_TEST(a_dropped_index_gives_its_room_back_and_nothing_else) {
  session_kit kit;
  char text[200];
  kit_open(&kit);
  cql(kit.session, "CREATE KEYSPACE k WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 1}");
  uint64_t empty = bytes_used(kit.db);
  cql(kit.session, "CREATE TABLE k.t (p int, c int, v int, PRIMARY KEY (p, c)) WITH segment_rows = 100");
  snprintf(text, sizeof text,
           "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %d) "
           "INSERT INTO \"k.t\"(p, c, v) SELECT i %% 7, i, i %% 11 FROM n",
           SHORT_ROWS);
  kit_exec(kit.session, MEDLEY_LANGUAGE_SQL, text);
  sealed_rows_maintain(kit.db);
  ck_assert_uint_eq(sealed_rows_count(kit.db, "k", "t"), SHORT_ROWS);
  uint64_t without = bytes_used(kit.db);
  cql(kit.session, "CREATE INDEX by_v ON k.t (v)");
  sealed_rows_maintain(kit.db);
  uint64_t with = bytes_used(kit.db);
  ck_assert_uint_gt(with, without + 100 * PAGE_SIZE);
  SQL_IS(kit.session, "SELECT count(*) FROM \"k.t\" WHERE v = 5", "546\n");
  cql(kit.session, "DROP INDEX k.by_v");
  sealed_rows_maintain(kit.db);
  check(kit.db);
  ck_assert_uint_lt(bytes_used(kit.db), without + 4 * PAGE_SIZE);
  SQL_IS(kit.session, "SELECT count(*) FROM \"k.t\" WHERE v = 5", "546\n");
  cql(kit.session, "DROP TABLE k.t");
  expect_room_back(&kit, empty);
  kit_close(&kit);
}
END_TEST

PROPERTY_MAIN("wide_dropped", a_slice_of_the_sweep_counts_the_parts_of_long_rows, a_dropped_table_gives_its_room_back,
              a_truncated_table_gives_its_room_back_and_lives, a_dropped_keyspace_gives_its_room_back,
              a_dropped_index_gives_its_room_back_and_nothing_else)
