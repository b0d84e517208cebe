/* fuzz_wide.c - records of wide-column tables with good checksums and wrong contents: rows, definitions, entries, segments.
 *
 * A small database with every kind of column is made, some of its rows sealed; then its records are changed through storage's own door. An input
 * is a list of changes: record(1) kind(1) place(1) and what the kind needs. Afterwards definitions are read anew, everything that reads and writes
 * the tables runs, and so does the check. CORRUPT is a good answer; a crash, a hang or a wild read is none. An input that begins with FF has a table
 * with windows of time besides, one with FE tables whose rows stand in sorted runs; those count records from the last one on, where the directory of
 * windows, and blocks of runs and their directory, are. */
#include <stdio.h>

#include "engine/database.h"
#include "tests/fuzz/kit.h"
#include "tests/fuzz/target.h"

enum { VALUE_MAX = MED_VALUE_SIZE_MAX, CHANGES_MAX = 8, DEADLINE_MS = 2000 };

static const char *const makers[] = {
    "CREATE KEYSPACE k WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 1}",
    "CREATE TYPE k.pair (x int, y text)",
    "CREATE TABLE k.t (p int, c text, a bigint, b uuid, d decimal, e varint, f duration, g inet, h time, i boolean, j "
    "list<double>, l set<int>, m map<text, int>, n pair, o frozen<pair>, q frozen<list<int>>, r text, s int static, "
    "PRIMARY KEY (p, c))",
    "CREATE TABLE k.sealed (p int, c int, v text, w double, u uuid, PRIMARY KEY (p, c)) WITH segment_rows = 4",
    "CREATE INDEX ON k.t (a)",
    "CREATE INDEX ON k.t (l)",
    "CREATE INDEX ON k.t (ENTRIES(m))",
    "CREATE INDEX ON k.t (s)",
    "CREATE MATERIALIZED VIEW k.by_a AS SELECT * FROM k.t WHERE a > 0 AND p IS NOT NULL AND c IS NOT NULL PRIMARY KEY "
    "(a, p, c)",
    "INSERT INTO k.t (p, c, a, b, d, e, f, g, h, i, j, l, m, n, o, q, r, s) VALUES (1, 'c', 5, "
    "123e4567-e89b-12d3-a456-426614174000, 1.50, 77, 1y2mo, '10.0.0.1', '08:12:54', true, [0.5, 1.5], {1, 2}, {'a': 1, "
    "'b': 2}, {x: 1, y: 'z'}, {x: 2, y: 'w'}, [1, 2], 'text', 9)",
    "INSERT INTO k.t (p, c, a) VALUES (2, 'd', 6) USING TTL 1000",
    "DELETE FROM k.t USING TIMESTAMP 5 WHERE p = 1 AND c > 'x'"};
static const char *const window_makers[] = {
    "CREATE TABLE k.seen (p text, at timestamp, n int, v int, PRIMARY KEY (p, at, n)) WITH segment_rows = 2 AND "
    "time_window = "
    "{'column': 'at', 'size': '1d', 'keep': '30000d'}",
    "CREATE TABLE k.gone (p int, at timestamp, PRIMARY KEY (p, at)) WITH time_window = {'column': 'at', 'size': '1d'}",
    "INSERT INTO k.gone (p, at) VALUES (1, 1)"};
static const char *const window_users[] = {
    "SELECT * FROM k.seen",
    "SELECT count(*), sum(v) FROM k.seen",
    "SELECT * FROM k.seen WHERE p = 'a' AND at >= '2001-01-02' ORDER BY at DESC",
    "SELECT * FROM k.seen WHERE p = 'a' AND at = '2001-01-01' AND n = 3",
    "INSERT INTO k.seen (p, at, n, v) VALUES ('a', '2001-01-01', 3, 9)",
    "INSERT INTO k.seen (p, at, n, v) VALUES ('a', '2001-02-01', 3, 9) USING TTL 100",
    "DELETE FROM k.seen WHERE p = 'a' AND at < '2001-01-02'",
    "ALTER TABLE k.seen WITH time_window = {'column': 'at', 'size': '1d', 'keep': '1d'}",
    "DROP TABLE k.gone"};
static const char *const run_makers[] = {
    "CREATE TABLE k.runs (p int, c int, v text, w bigint, PRIMARY KEY (p, c)) WITH segment_rows = 4096",
    "CREATE TABLE k.many (p text, c int, v text, PRIMARY KEY (p, c)) WITH segment_rows = 4 AND time_window = "
    "{'column': "
    "'c', 'size': '20s', 'unit': 's'}",
    "INSERT INTO k.many (p, c) VALUES ('a', 0)"};
static const char *const run_users[] = {"SELECT * FROM k.runs",
                                        "SELECT c, v FROM k.runs WHERE p = 1 ORDER BY c DESC",
                                        "SELECT v FROM k.runs WHERE p = 1 AND c = 33",
                                        "SELECT v FROM k.runs WHERE p = 2 AND c > 20 AND c < 60",
                                        "SELECT p, count(*), max(w) FROM k.runs GROUP BY p",
                                        "SELECT * FROM k.many WHERE c < 15 ALLOW FILTERING",
                                        "UPDATE k.runs SET v = 'x' WHERE p = 1 AND c = 13",
                                        "DELETE FROM k.runs WHERE p = 2 AND c = 14",
                                        "INSERT INTO k.runs (p, c, w) VALUES (0, 3, 7)",
                                        "DELETE FROM k.runs WHERE p = 2 AND c > 40",
                                        "INSERT INTO k.runs (p, c, w) VALUES (1, 10, 7) IF NOT EXISTS",
                                        "ALTER TABLE k.runs DROP v"};
static const char *const run_last_users[] = {"TRUNCATE k.runs", "DROP TABLE k.many"};
static const char *const users[] = {
    "SELECT * FROM k.t",
    "SELECT JSON * FROM k.t WHERE p = 1",
    "SELECT * FROM k.t WHERE a = 5",
    "SELECT * FROM k.t WHERE l CONTAINS 1",
    "SELECT * FROM k.t WHERE m['a'] = 1",
    "SELECT * FROM k.by_a",
    "SELECT * FROM k.sealed",
    "SELECT count(*), sum(w), max(v) FROM k.sealed",
    "SELECT * FROM k.sealed WHERE p = 1 AND c > 2 ORDER BY c DESC",
    "UPDATE k.sealed SET v = 'w' WHERE p = 1 AND c = 3",
    "UPDATE k.t SET a = 6, l = l + {0}, j = j - [0.5], m['a'] = 3, n.x = 5, s = 1 WHERE p = 1 AND c = 'c'",
    "UPDATE k.t SET j = [2.5] + j, l = l - {1}, j[0] = 3 WHERE p = 1 AND c = 'c'",
    "UPDATE k.t SET r = 'x' WHERE p = 1 AND c = 'c' IF a > 3 AND l CONTAINS 1 AND d > 1 AND o.x = 2",
    "DELETE FROM k.t WHERE p = 1 AND c < 'd'",
    "DELETE FROM k.t WHERE p = 1",
    "TRUNCATE k.sealed"};

static int run(fuzz_kit *kit, const char *text) {
  return fuzz_kit_run(kit, MEDLEY_LANGUAGE_CQL, text, strlen(text), NULL);
}

static void make_rows(fuzz_kit *kit) {
  int more = 1;
  for (size_t i = 0; i < sizeof makers / sizeof *makers; i++) MUST(run(kit, makers[i]) == MEDLEY_DONE);
  for (int i = 0; i < 24; i++) {
    char text[160];
    snprintf(text, sizeof text,
             "INSERT INTO k.sealed (p, c, v, w, u) VALUES (%d, %d, 'v%d', %d.5, "
             "123e4567-e89b-12d3-a456-426614174000)",
             i % 3, i, i % 5, i);
    MUST(run(kit, text) == MEDLEY_DONE);
  }
  for (int i = 0; i < 100 && more; i++) MUST(medley_maintain(kit->db, 1000, &more, NULL) == MEDLEY_OK);
}

/* Of two windows each row of one is sealed; keys of partitions are short, and hashes. */
static void make_windows(fuzz_kit *kit) {
  int more = 1;
  for (size_t i = 0; i < sizeof window_makers / sizeof *window_makers; i++)
    MUST(run(kit, window_makers[i]) == MEDLEY_DONE);
  for (int i = 0; i < 24; i++) {
    char text[400];
    snprintf(text, sizeof text, "INSERT INTO k.seen (p, at, n, v) VALUES ('%0*d', '2001-01-0%d', %d, %d)",
             i % 2 == 0 ? 1 : 200, i % 4, i < 16 ? 1 : 1 + i % 3, i, i);
    MUST(run(kit, text) == MEDLEY_DONE);
  }
  MUST(run(kit, "INSERT INTO k.seen (p, at, n, v) VALUES ('a', '2001-01-01', 3, 3)") == MEDLEY_DONE);
  for (int i = 0; i < 100 && more; i++) MUST(medley_maintain(kit->db, 1000, &more, NULL) == MEDLEY_OK);
}

/* Rows that come in one transaction; all of it fails, or nothing. */
static void insert_many(fuzz_kit *kit, int first, int step, int count, const char *table) {
  if (medley_begin(kit->session, MEDLEY_WRITE) != MEDLEY_OK) return;
  bool windows = strcmp(table, "many") == 0;
  for (int i = 0; i < count; i++) {
    char text[300];
    int c = first + i * step;
    if (windows)
      snprintf(text, sizeof text, "INSERT INTO k.many (p, c, v) VALUES ('p%d', %d, 'v%d')", i % 2, c % 40, c);
    else
      snprintf(text, sizeof text, "INSERT INTO k.runs (p, c, v, w) VALUES (%d, %d, '%0*d', %d)%s", c % 3, c, 1 + i % 60,
               i, i, i % 4 == 1 ? " USING TTL 100000" : "");
    (void)run(kit, text);
  }
  if (medley_session_state(kit->session) == MEDLEY_NO_TRANSACTION) return;
  if (medley_commit(kit->session) != MEDLEY_OK && medley_session_state(kit->session) != MEDLEY_NO_TRANSACTION)
    MUST(medley_rollback(kit->session) == MEDLEY_OK);
}

/* Runs of one block and of several, which overlap; and of a window. */
static void make_runs(fuzz_kit *kit) {
  for (size_t i = 0; i < sizeof run_makers / sizeof *run_makers; i++) MUST(run(kit, run_makers[i]) == MEDLEY_DONE);
  insert_many(kit, 0, 2, 100, "runs");
  insert_many(kit, 1, 4, 24, "runs");
  insert_many(kit, 3, 4, 24, "runs");
  insert_many(kit, 1, 1, 12, "many");
}

/* More of them come, so that runs are merged; then the next ones are sealed. */
static void use_runs(fuzz_kit *kit) {
  int more = 1;
  medley_error error;
  for (size_t i = 0; i < sizeof run_users / sizeof *run_users; i++) (void)run(kit, run_users[i]);
  insert_many(kit, 200, 3, 24, "runs");
  insert_many(kit, 190, 5, 24, "runs");
  insert_many(kit, 10, 1, 12, "many");
  (void)run(kit, "ALTER TABLE k.runs WITH segment_rows = 16");
  insert_many(kit, 1, 3, 24, "runs");
  for (int i = 0; i < 10 && more; i++) {
    if (medley_maintain(kit->db, 1000, &more, &error) != MEDLEY_OK) more = 0;
  }
  (void)run(kit, run_users[0]);
  static const char sql[] = "SELECT p, count(*), sum(w) FROM \"k.runs\" GROUP BY p";
  (void)fuzz_kit_run(kit, MEDLEY_LANGUAGE_SQL, sql, sizeof sql - 1, NULL);
  for (size_t i = 0; i < sizeof run_last_users / sizeof *run_last_users; i++) (void)run(kit, run_last_users[i]);
}

/* The record of that number; false if there are not so many. */
static bool find_record(med_txn *txn, unsigned number, bool backwards, med_key *key, uint8_t *value, size_t *len) {
  med_cursor *cursor;
  med_slice at, bytes;
  MUST(med_cursor_open(txn, MED_TREE_WIDE, &cursor) == MEDLEY_OK);
  int rc = backwards ? med_cursor_last(cursor, &at, &bytes) : med_cursor_first(cursor, &at, &bytes);
  for (unsigned i = 0; rc == MEDLEY_OK && i < number; i++)
    rc = backwards ? med_cursor_previous(cursor, &at, &bytes) : med_cursor_next(cursor, &at, &bytes);
  if (rc == MEDLEY_OK) {
    med_key_set(key, at);
    memcpy(value, bytes.bytes, bytes.len);
    *len = bytes.len;
  }
  med_cursor_close(cursor);
  return rc == MEDLEY_OK;
}

static void change_record(med_txn *txn, input *in, bool backwards) {
  uint8_t value[VALUE_MAX + 256];
  size_t len, taken;
  med_key key;
  unsigned number = input_byte(in), kind = input_byte(in), at = input_byte(in);
  if (!find_record(txn, number % 80, backwards, &key, value, &len)) return;
  const uint8_t *from = input_take(in, 1 + kind / 5 % 12, &taken);
  switch (kind % 5) {
    case 0: /* bytes of the value */
    case 1:
      for (size_t i = 0; i < taken && at + i < len; i++) value[at + i] = from[i];
      break;
    case 2: len = len > 0 ? at % len : 0; break; /* cut */
    case 3:                                      /* more of it */
      if (at > len) at = (unsigned)len;
      memmove(value + at + taken, value + at, len - at);
      memcpy(value + at, from, taken);
      len += taken;
      break;
    default: /* another key */
      for (size_t i = 0; i < taken && at + i < MED_KEY_SIZE_MAX; i++) key.bytes[at + i] = from[i];
      if (at + taken > key.len && at <= key.len) key.len = (uint16_t)(at + taken);
  }
  if (len <= MED_VALUE_SIZE_MAX)
    input_any_status(med_txn_put(txn, MED_TREE_WIDE, med_key_slice(&key), med_slice_of(value, len)));
}

static void change_records(fuzz_kit *kit, input *in, bool backwards) {
  static const uint8_t version_key[2] = {1, 0}, version[8] = {9, 9, 9, 9, 9, 9, 9, 9};
  med_member *member;
  medley_error error;
  MUST(med_member_open(kit->db->store, &member) == MEDLEY_OK);
  MUST(med_writer_begin(member, false, 1000, &error) == MEDLEY_OK);
  med_txn *txn = med_member_txn(member);
  for (unsigned i = 0; i < CHANGES_MAX && in->left > 2; i++) change_record(txn, in, backwards);
  MUST(med_txn_put(txn, MED_TREE_WIDE, med_slice_of(version_key, 2), med_slice_of(version, 8)) == MEDLEY_OK);
  MUST(med_writer_commit(member, &error) == MEDLEY_OK);
  med_member_close(member);
}

static void on_problem(void *context, const char *problem) {
  size_t *bytes = context;
  MUST(problem != NULL);
  *bytes += strlen(problem);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
  fuzz_kit kit;
  uint64_t problems;
  size_t problem_bytes = 0;
  medley_error error;
  int more;
  input in = {bytes, size};
  fuzz_kit_open(&kit, DEADLINE_MS);
  make_rows(&kit);
  bool windows = size > 0 && bytes[0] == 0xFF, runs = size > 0 && bytes[0] == 0xFE;
  if (windows || runs) (void)input_byte(&in);
  if (windows) make_windows(&kit);
  if (runs) make_runs(&kit);
  change_records(&kit, &in, windows || runs);
  input_any_status(medley_check(kit.db, on_problem, &problem_bytes, &problems, &error));
  for (size_t i = 0; i < sizeof users / sizeof *users; i++) (void)run(&kit, users[i]);
  static const char sql[] = "SELECT * FROM \"k.t\" ORDER BY a, d";
  (void)fuzz_kit_run(&kit, MEDLEY_LANGUAGE_SQL, sql, sizeof sql - 1, NULL);
  for (size_t i = 0; windows && i < sizeof window_users / sizeof *window_users; i++) (void)run(&kit, window_users[i]);
  if (runs) use_runs(&kit);
  input_any_status(medley_maintain(kit.db, 2000, &more, &error));
  input_any_status(medley_check(kit.db, on_problem, &problem_bytes, &problems, &error));
  fuzz_kit_close(&kit);
  return 0;
}
