/* rules.c - the rules under which SQLite's pages live in a shared tree, each in the shortest form that breaks without it.
 *
 * Broken, most of them lose an acknowledged row and integrity_check still says ok; so each case compares the rows.
 * Usage: rules [--case=N] */
#include <stdlib.h>

#include "tests/fault/calls.h"
#include "tests/fault/scratch.h"

static int failures;

#define REQUIRE(condition, ...)        \
  do {                                 \
    if (!(condition)) {                \
      printf("  line %d: ", __LINE__); \
      printf(__VA_ARGS__);             \
      printf("\n");                    \
      failures++;                      \
      return;                          \
    }                                  \
  } while (0)
#define RUN(session, sql)                                                                              \
  do {                                                                                                 \
    int run_rc = fault_sql(session, sql, 0, NULL);                                                     \
    REQUIRE(run_rc == MEDLEY_OK, "%s: %s: %s", sql, medley_status_name(run_rc), fault_error(session)); \
  } while (0)

typedef struct pair {
  medley *db;
  medley_session *a, *b;
} pair;

static int64_t number_of(medley_session *session, const char *sql) {
  int64_t number = INT64_MIN;
  if (fault_sql_number(session, sql, 0, NULL, &number) != MEDLEY_OK) {
    printf("  %s: %s\n", sql, fault_error(session));
  }
  return number;
}

static void make_rows(pair *two) {
  RUN(two->a, "CREATE TABLE t (id INTEGER PRIMARY KEY, value INTEGER NOT NULL, pad BLOB)");
  RUN(two->a,
      "INSERT INTO t WITH RECURSIVE r(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM r WHERE x < 400) "
      "SELECT x, 0, zeroblob(1000) FROM r");
}

/* Opens a SELECT on the session and takes one row. */
static medley_statement *open_select(medley_session *session) {
  medley_statement *statement = NULL;
  int rc = medley_prepare(session, MEDLEY_LANGUAGE_SQL, "SELECT id, value FROM t ORDER BY id", MEDLEY_NUL_ENDED,
                          &statement, NULL);
  if (rc == MEDLEY_OK) rc = medley_step(statement);
  return rc == MEDLEY_ROW ? statement : NULL;
}

static int64_t count_rest(medley_statement *statement) {
  int64_t count = 1;
  int rc;
  while ((rc = medley_step(statement)) == MEDLEY_ROW) count++;
  return rc == MEDLEY_DONE ? count : -1;
}

/* While a statement is open SQLite does not look whether its pages are still the newest: nobody may slip in between a
 * commit and the next look. */
static void open_statement_over_commits(pair *two) {
  make_rows(two);
  for (int64_t round = 0; round < 6; round++) {
    int64_t before = number_of(two->b, "SELECT value FROM t WHERE id = 1");
    medley_statement *statement = open_select(two->a);
    REQUIRE(statement != NULL, "no row: %s", fault_error(two->a));
    if (round % 2 == 1) REQUIRE(medley_begin(two->a, MEDLEY_WRITE) == MEDLEY_OK, "%s", fault_error(two->a));
    RUN(two->a, "UPDATE t SET value = value + 1 WHERE id = 1");
    if (round % 2 == 1) REQUIRE(medley_commit(two->a) == MEDLEY_OK, "%s", fault_error(two->a));
    if (round >= 2) REQUIRE(medley_step(statement) == MEDLEY_ROW, "the open statement ended");
    RUN(two->b, "UPDATE t SET value = value + 10 WHERE id = 1");
    if (round >= 4) REQUIRE(medley_step(statement) == MEDLEY_ROW, "the open statement ended");
    RUN(two->a, "UPDATE t SET value = value + 100 WHERE id = 1");
    int64_t taken = count_rest(statement) + (round >= 2) + (round >= 4);
    medley_statement_close(statement);
    int64_t after = number_of(two->b, "SELECT value FROM t WHERE id = 1");
    REQUIRE(after == before + 111, "round %lld: an acknowledged update is lost: %lld instead of %lld", (long long)round,
            (long long)after, (long long)before + 111);
    REQUIRE(taken == 400, "round %lld: the open statement gave %lld rows", (long long)round, (long long)taken);
  }
}

/* The same while the statement stays open inside a transaction that reads and then commits a write. */
static void read_then_write_on_an_old_snapshot(pair *two) {
  make_rows(two);
  REQUIRE(medley_begin(two->a, MEDLEY_DEFER) == MEDLEY_OK, "%s", fault_error(two->a));
  int64_t seen = number_of(two->a, "SELECT value FROM t WHERE id = 1");
  RUN(two->b, "UPDATE t SET value = value + 10 WHERE id = 1");
  int64_t values[1] = {seen + 1};
  int rc = fault_sql(two->a, "UPDATE t SET value = ? WHERE id = 1", 1, values);
  REQUIRE(rc == MEDLEY_SNAPSHOT, "a write on an old snapshot answered %s", medley_status_name(rc));
  if (medley_session_state(two->a) != MEDLEY_NO_TRANSACTION) medley_rollback(two->a);
  REQUIRE(number_of(two->b, "SELECT value FROM t WHERE id = 1") == 10, "an acknowledged update is lost");
  /* The newest snapshot may become a writer. */
  REQUIRE(medley_begin(two->a, MEDLEY_DEFER) == MEDLEY_OK, "%s", fault_error(two->a));
  values[0] = number_of(two->a, "SELECT value FROM t WHERE id = 1") + 1;
  rc = fault_sql(two->a, "UPDATE t SET value = ? WHERE id = 1", 1, values);
  REQUIRE(rc == MEDLEY_OK && medley_commit(two->a) == MEDLEY_OK, "%s", fault_error(two->a));
  REQUIRE(number_of(two->b, "SELECT value FROM t WHERE id = 1") == 11, "the update is not there");
  /* Key-value changes make a snapshot old, too: one snapshot for all models. */
  REQUIRE(medley_begin(two->a, MEDLEY_DEFER) == MEDLEY_OK, "%s", fault_error(two->a));
  (void)number_of(two->a, "SELECT value FROM t WHERE id = 1");
  REQUIRE(medley_kv_put(two->b, "0", "k", 1, "v", 1, 0) == MEDLEY_OK, "%s", fault_error(two->b));
  rc = medley_kv_put(two->a, "0", "k", 1, "w", 1, 0);
  REQUIRE(rc == MEDLEY_SNAPSHOT, "a key-value write on an old snapshot answered %s", medley_status_name(rc));
}

/* The cache is small: pages are written before the commit, and are read again from where they went. */
static void own_writes_are_seen(pair *two) {
  make_rows(two);
  (void)number_of(two->a, "SELECT sum(value) + sum(length(pad)) FROM t");
  REQUIRE(medley_begin(two->a, MEDLEY_WRITE) == MEDLEY_OK, "%s", fault_error(two->a));
  for (int64_t round = 1; round <= 5; round++) {
    int64_t sum = number_of(two->a, "SELECT sum(value) FROM t");
    REQUIRE(sum == (round - 1) * 400, "before update %lld the sum is %lld", (long long)round, (long long)sum);
    RUN(two->a, "UPDATE t SET value = value + 1");
    sum = number_of(two->a, "SELECT sum(value) FROM t");
    REQUIRE(sum == round * 400, "after update %lld the sum is %lld", (long long)round, (long long)sum);
    REQUIRE(number_of(two->b, "SELECT sum(value) FROM t") == 0, "the other session sees what is not committed");
  }
  REQUIRE(medley_commit(two->a) == MEDLEY_OK, "%s", fault_error(two->a));
  REQUIRE(number_of(two->b, "SELECT sum(value) FROM t") == 2000, "the sum after the commit");
}

/* What was written and then rolled back to a savepoint is cut off again: SQLite shrinks its file after it has synced. */
static void rolled_back_pages_are_given_back(pair *two) {
  medley_stats before, after;
  medley_error error = {0};
  make_rows(two);
  REQUIRE(medley_stat(two->db, &before, &error) == MEDLEY_OK, "%s", error.message);
  REQUIRE(medley_begin(two->a, MEDLEY_WRITE) == MEDLEY_OK, "%s", fault_error(two->a));
  REQUIRE(medley_savepoint(two->a, "s") == MEDLEY_OK, "%s", fault_error(two->a));
  RUN(two->a, "INSERT INTO t SELECT id + 1000, 1, zeroblob(4000) FROM t");
  REQUIRE(medley_rollback_to(two->a, "s") == MEDLEY_OK, "%s", fault_error(two->a));
  RUN(two->a, "UPDATE t SET value = value + 1 WHERE id = 1");
  REQUIRE(medley_commit(two->a) == MEDLEY_OK, "%s", fault_error(two->a));
  REQUIRE(medley_stat(two->db, &after, &error) == MEDLEY_OK, "%s", error.message);
  REQUIRE(after.sql_bytes < before.sql_bytes + 100 * 4096, "%llu KiB of SQL pages have become %llu KiB",
          (unsigned long long)before.sql_bytes / 1024, (unsigned long long)after.sql_bytes / 1024);
  REQUIRE(number_of(two->b, "SELECT count(*) FROM t") == 400, "rows");
}

/* A statement that fails in its middle leaves nothing of itself, in a transaction that goes on. */
static void failed_statements_leave_nothing(pair *two) {
  make_rows(two);
  REQUIRE(medley_begin(two->a, MEDLEY_WRITE) == MEDLEY_OK, "%s", fault_error(two->a));
  RUN(two->a, "INSERT INTO t VALUES (1001, 5, NULL)");
  int rc = fault_sql(two->a, "INSERT INTO t VALUES (1002, 5, NULL), (1003, 5, NULL), (1001, 5, NULL)", 0, NULL);
  REQUIRE(rc == MEDLEY_CONSTRAINT, "a duplicate key answered %s", medley_status_name(rc));
  rc = fault_sql(two->a, "UPDATE t SET id = CASE WHEN id < 300 THEN id + 5000 ELSE 5100 END", 0, NULL);
  REQUIRE(rc == MEDLEY_CONSTRAINT, "a duplicate key answered %s", medley_status_name(rc));
  REQUIRE(medley_commit(two->a) == MEDLEY_OK, "%s", fault_error(two->a));
  REQUIRE(number_of(two->b, "SELECT count(*) FROM t") == 401, "%lld rows",
          (long long)number_of(two->b, "SELECT count(*) FROM t"));
  REQUIRE(number_of(two->b, "SELECT count(*) FROM t WHERE id > 1001") == 0, "rows of failed statements");
}

/* Journal mode, page size and their like belong to the engine; asking for another is refused or changes nothing. */
static void layout_cannot_be_changed(pair *two) {
  static const char *const attempts[] = {
      "PRAGMA journal_mode = WAL",   "PRAGMA journal_mode = OFF",      "PRAGMA main.journal_mode = DELETE",
      "PRAGMA page_size = 8192",     "PRAGMA auto_vacuum = FULL",      "PRAGMA locking_mode = EXCLUSIVE",
      "PRAGMA synchronous = OFF",    "PRAGMA max_page_count = 3",      "PRAGMA writable_schema = ON",
      "PRAGMA schema_version = 77",  "PRAGMA encoding = 'UTF-16'",     "VACUUM",
      "ATTACH ':memory:' AS other",  "PRAGMA journal_mode(WAL)",       "PRAGMA main.locking_mode(EXCLUSIVE)",
      "PRAGMA legacy_file_format=1", "PRAGMA wal_checkpoint(TRUNCATE)"};
  make_rows(two);
  for (size_t i = 0; i < sizeof attempts / sizeof attempts[0]; i++) {
    (void)!fault_sql(two->a, attempts[i], 0, NULL);
    RUN(two->a, "UPDATE t SET value = value + 1, pad = zeroblob(1000 + id) WHERE id % 3 = 0");
    int64_t expected = ((int64_t)i + 1) * 133;
    int64_t sum = number_of(two->b, "SELECT sum(value) FROM t");
    REQUIRE(sum == expected, "after %s: sum %lld instead of %lld", attempts[i], (long long)sum, (long long)expected);
  }
  REQUIRE(number_of(two->a, "PRAGMA page_size") == 4096, "the page size");
}

typedef struct rule_case {
  const char *name;
  void (*run)(pair *two);
} rule_case;

static const rule_case cases[] = {{"an open statement over commits", open_statement_over_commits},
                                  {"a read that becomes a write", read_then_write_on_an_old_snapshot},
                                  {"own writes are seen", own_writes_are_seen},
                                  {"rolled back pages are given back", rolled_back_pages_are_given_back},
                                  {"failed statements leave nothing", failed_statements_leave_nothing},
                                  {"the layout cannot be changed", layout_cannot_be_changed}};

static bool run_case(const rule_case *one) {
  char folder[FAULT_PATH_SIZE], path[FAULT_PATH_SIZE], why[300];
  medley_options options;
  medley_error error = {0};
  pair two = {NULL, NULL, NULL};
  failures = 0;
  printf("%s\n", one->name);
  fflush(stdout);
  fault_scratch_make(folder);
  fault_scratch_join(path, folder, "rules.medley");
  medley_options_init(&options);
  options.map_size_bytes = (uint64_t)256 << 20;
  options.sql_cache_bytes = 16 << 10;
  options.busy_timeout_ms = 1000;
  int rc = fault_open(path, &options, &two.db, &two.a, why, sizeof why);
  if (rc == MEDLEY_OK) rc = medley_session_open(two.db, &two.b, &error);
  if (rc != MEDLEY_OK) {
    printf("  %s %s\n", why, error.message);
    failures++;
  } else {
    one->run(&two);
    if (medley_session_state(two.a) != MEDLEY_NO_TRANSACTION) medley_rollback(two.a);
    if (fault_check(two.db, why, sizeof why) != MEDLEY_OK) {
      printf("  %s\n", why);
      failures++;
    }
  }
  medley_session_close(two.a);
  medley_session_close(two.b);
  medley_close(two.db);
  fault_scratch_remove(folder);
  if (failures > 0) printf("  FAILED\n");
  return failures == 0;
}

int main(int argc, char **argv) {
  uint64_t only = fault_scratch_number(argc, argv, "--case", NULL, UINT64_MAX);
  int passed = 0, failed = 0;
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    if (only != UINT64_MAX && only != i) continue;
    if (run_case(&cases[i]))
      passed++;
    else
      failed++;
  }
  printf("%d passed, %d failed\n", passed, failed);
  return failed == 0 ? 0 : 1;
}
