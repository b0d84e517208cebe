/* test_cql_pages.c - pages of a SELECT, put one behind the other, are the whole answer, also over a restart. */
#include <stdbool.h>
#include <unistd.h>

#include "tests/unit/session_kit.h"

#define STATE_MAX 1024

typedef struct store {
  char folder[64], path[96];
  session_kit kit;
} store;

static void open_store(store *s) {
  medley_error error = {0};
  ck_assert_msg(medley_open(s->path, NULL, &s->kit.db, &error) == MEDLEY_OK, "%s", error.message);
  ck_assert_int_eq(medley_session_open(s->kit.db, &s->kit.session, &error), MEDLEY_OK);
}

static void run(store *s, const char *cql) { kit_exec(s->kit.session, MEDLEY_LANGUAGE_CQL, cql); }

/* Partitions of different sizes, one of static columns alone, an index. */
static void make(store *s) {
  snprintf(s->folder, sizeof s->folder, "/tmp/medley-pages-XXXXXX");
  ck_assert_ptr_nonnull(mkdtemp(s->folder));
  snprintf(s->path, sizeof s->path, "%s/db.medley", s->folder);
  open_store(s);
  run(s, "CREATE KEYSPACE k WITH replication = {'class': 'SimpleStrategy'}");
  run(s, "CREATE TABLE k.t (p int, a int, b int, kind text, note text STATIC, PRIMARY KEY (p, a, b))");
  run(s, "CREATE INDEX ON k.t (kind)");
  run(s, "CREATE INDEX ON k.t (note)");
  for (int p = 0; p < 7; p++) {
    for (int i = 0; i < p * 2; i++) {
      char cql[160];
      snprintf(cql, sizeof cql, "INSERT INTO k.t (p, a, b, kind) VALUES (%d, %d, %d, '%s')", p, i / 3, i % 3,
               i % 2 == 0 ? "even" : "odd");
      run(s, cql);
    }
  }
  run(s, "INSERT INTO k.t (p, note) VALUES (50, 'alone')");
  run(s, "INSERT INTO k.t (p, note) VALUES (5, 'noted')");
  run(s, "INSERT INTO k.t (p, note) VALUES (3, 'noted')");
  run(s, "INSERT INTO k.t (p, note) VALUES (60, 'noted')");
}

static void end(store *s) {
  kit_close(&s->kit);
  unlink(s->path);
  char other[128];
  snprintf(other, sizeof other, "%s-lock", s->path);
  unlink(other);
  rmdir(s->folder);
}

/* Steps to the end; the rows are appended. */
static void take_rows(medley_statement *statement, kit_rows *rows, int *count) {
  int rc;
  while ((rc = medley_step(statement)) == MEDLEY_ROW) {
    kit_on_row(rows, statement);
    ++*count;
  }
  ck_assert_int_eq(rc, MEDLEY_DONE);
}

static medley_statement *prepare(store *s, const char *cql) {
  medley_statement *statement;
  ck_assert_msg(
      medley_prepare(s->kit.session, MEDLEY_LANGUAGE_CQL, cql, MEDLEY_NUL_ENDED, &statement, NULL) == MEDLEY_OK,
      "%s: %s", cql, medley_session_error(s->kit.session)->message);
  return statement;
}

static void read_in_pages(store *s, const char *cql, uint64_t size, bool restart, kit_rows *rows) {
  char state[STATE_MAX];
  size_t len = 0;
  int pages = 0;
  rows->len = 0;
  rows->text[0] = '\0';
  do {
    const void *next;
    int count = 0;
    medley_statement *statement = prepare(s, cql);
    ck_assert_int_eq(medley_page_set(statement, size, len > 0 ? state : NULL, len), MEDLEY_OK);
    take_rows(statement, rows, &count);
    ck_assert(count <= (int)size);
    ck_assert_int_eq(medley_page_state(statement, &next, &len), MEDLEY_OK);
    ck_assert(len <= sizeof state && (len == 0 || count == (int)size));
    if (len > 0) memcpy(state, next, len);
    medley_statement_close(statement);
    if (restart) {
      kit_close(&s->kit);
      open_store(s);
    }
    ck_assert_int_lt(++pages, 200);
  } while (len > 0);
}

static const char *const queries[] = {
    "SELECT * FROM k.t",
    "SELECT * FROM k.t WHERE p = 6",
    "SELECT * FROM k.t WHERE p = 6 ORDER BY a DESC, b DESC",
    "SELECT * FROM k.t WHERE p IN (6, 1, 50, 3, 99)",
    "SELECT * FROM k.t WHERE p IN (6, 3, 5) AND a IN (0, 2) AND b >= 1",
    "SELECT * FROM k.t WHERE p IN (4, 6) AND a > 0",
    "SELECT * FROM k.t WHERE p = 6 AND a IN (0, 1, 3) ORDER BY a DESC, b DESC",
    "SELECT * FROM k.t WHERE kind = 'odd'",
    "SELECT * FROM k.t WHERE kind = 'odd' AND token(p) > -5000000000000000000 AND token(p) < 4000000000000000000",
    "SELECT * FROM k.t WHERE note = 'noted'",
    "SELECT * FROM k.t WHERE note = 'noted' PER PARTITION LIMIT 2",
    "SELECT DISTINCT p FROM k.t WHERE note = 'noted'",
    "SELECT * FROM k.t WHERE p = 6 AND kind = 'odd'",
    "SELECT * FROM k.t WHERE token(p) > -5000000000000000000",
    "SELECT p, a FROM k.t WHERE b = 1 ALLOW FILTERING",
    "SELECT DISTINCT p, note FROM k.t",
    "SELECT * FROM k.t LIMIT 11",
    "SELECT * FROM k.t PER PARTITION LIMIT 3",
    "SELECT * FROM k.t WHERE p IN (6, 5, 4) PER PARTITION LIMIT 3 LIMIT 7",
    "SELECT * FROM k.t WHERE p = 1000"};

START_TEST(pages_of_every_size_are_the_whole_answer) {
  static store s;
  static kit_rows whole, paged;
  make(&s);
  for (size_t q = 0; q < sizeof queries / sizeof queries[0]; q++) {
    ck_assert_int_eq(kit_run(s.kit.session, MEDLEY_LANGUAGE_CQL, queries[q], &whole), MEDLEY_OK);
    ck_assert(strstr(queries[q], "1000") != NULL || whole.len > 0);
    for (uint64_t size = 1; size <= 8; size++) {
      read_in_pages(&s, queries[q], size, false, &paged);
      ck_assert_msg(strcmp(whole.text, paged.text) == 0, "%s in pages of %d:\n%s\ninstead of\n%s", queries[q],
                    (int)size, paged.text, whole.text);
    }
  }
  end(&s);
}
END_TEST

START_TEST(a_page_state_outlives_the_process_that_made_it) {
  static store s;
  static kit_rows whole, paged;
  make(&s);
  ck_assert_int_eq(kit_run(s.kit.session, MEDLEY_LANGUAGE_CQL, queries[0], &whole), MEDLEY_OK);
  read_in_pages(&s, queries[0], 5, true, &paged);
  ck_assert_str_eq(whole.text, paged.text);
  end(&s);
}
END_TEST

START_TEST(rows_that_come_or_go_between_two_pages_do_not_disturb_the_others) {
  static store s;
  static kit_rows rows;
  const void *next;
  char state[STATE_MAX];
  size_t len;
  int count = 0;
  make(&s);
  medley_statement *statement = prepare(&s, "SELECT a, b FROM k.t WHERE p = 4");
  ck_assert_int_eq(medley_page_set(statement, 3, NULL, 0), MEDLEY_OK);
  rows.len = 0;
  take_rows(statement, &rows, &count);
  ck_assert_str_eq(rows.text, "0|0\n0|1\n0|2\n");
  ck_assert_int_eq(medley_page_state(statement, &next, &len), MEDLEY_OK);
  memcpy(state, next, len);
  run(&s, "DELETE FROM k.t WHERE p = 4 AND a = 0");
  run(&s, "INSERT INTO k.t (p, a, b) VALUES (4, 1, 7)");
  ck_assert_int_eq(medley_page_set(statement, 3, state, len), MEDLEY_OK);
  rows.len = 0;
  take_rows(statement, &rows, &count);
  ck_assert_str_eq(rows.text, "1|0\n1|1\n1|2\n");
  medley_statement_close(statement);
  end(&s);
}
END_TEST

START_TEST(a_group_that_grows_between_two_pages_is_answered_once) {
  static store s;
  static kit_rows rows;
  const void *next;
  char state[STATE_MAX];
  size_t len;
  int count = 0;
  make(&s);
  medley_statement *statement = prepare(&s, "SELECT a, count(*) FROM k.t WHERE p = 4 GROUP BY p, a");
  ck_assert_int_eq(medley_page_set(statement, 2, NULL, 0), MEDLEY_OK);
  rows.len = 0;
  take_rows(statement, &rows, &count);
  ck_assert_str_eq(rows.text, "0|3\n1|3\n");
  ck_assert_int_eq(medley_page_state(statement, &next, &len), MEDLEY_OK);
  memcpy(state, next, len);
  run(&s, "INSERT INTO k.t (p, a, b) VALUES (4, 1, 7)");
  run(&s, "INSERT INTO k.t (p, a, b) VALUES (4, 1, 8)");
  run(&s, "INSERT INTO k.t (p, a, b) VALUES (4, 5, 1)");
  ck_assert_int_eq(medley_page_set(statement, 0, state, len), MEDLEY_OK);
  rows.len = 0;
  take_rows(statement, &rows, &count);
  ck_assert_str_eq(rows.text, "2|2\n5|1\n");
  medley_statement_close(statement);
  end(&s);
}
END_TEST

/* Both statements are over the same table; the values are of their one marker, if they have one. */
static void other_statement(store *s, const char *cql, int64_t value, const char *other, int64_t other_value,
                            int expected) {
  char state[STATE_MAX];
  const void *next;
  size_t len;
  medley_statement *statement = prepare(s, cql), *second = prepare(s, other);
  if (medley_bind_count(statement) > 0) ck_assert_int_eq(medley_bind_integer(statement, 1, value), MEDLEY_OK);
  if (medley_bind_count(second) > 0) ck_assert_int_eq(medley_bind_integer(second, 1, other_value), MEDLEY_OK);
  ck_assert_int_eq(medley_page_set(statement, 2, NULL, 0), MEDLEY_OK);
  for (int i = 0; i < 3; i++) ck_assert_int_eq(medley_step(statement), i < 2 ? MEDLEY_ROW : MEDLEY_DONE);
  ck_assert_int_eq(medley_page_state(statement, &next, &len), MEDLEY_OK);
  ck_assert(len > 0 && len <= sizeof state);
  memcpy(state, next, len);
  ck_assert_int_eq(medley_page_set(second, 2, state, len), MEDLEY_OK);
  int rc = medley_step(second);
  ck_assert_msg(rc == expected, "%s behind %s: %d", other, cql, rc);
  if (rc == MEDLEY_ERROR)
    ck_assert_str_eq(medley_session_error(s->kit.session)->message,
                     "cql: the paging state is that of another statement, or of other values");
  medley_statement_close(statement);
  medley_statement_close(second);
}

START_TEST(a_state_is_good_for_its_statement_and_its_values) {
  static store s;
  static const char all[] = "SELECT * FROM k.t", bound[] = "SELECT * FROM k.t WHERE p = ?",
                    filtered[] = "SELECT * FROM k.t WHERE a >= ? ALLOW FILTERING";
  make(&s);
  other_statement(&s, all, 0, all, 0, MEDLEY_ROW);
  other_statement(&s, all, 0, "SELECT p, a FROM k.t", 0, MEDLEY_ERROR);
  other_statement(&s, all, 0, "SELECT * FROM k.t WHERE p = 6", 0, MEDLEY_ERROR);
  other_statement(&s, "SELECT * FROM k.t WHERE kind = 'odd'", 0, "SELECT * FROM k.t WHERE kind = 'even'", 0,
                  MEDLEY_ERROR);
  other_statement(&s, bound, 6, bound, 6, MEDLEY_ROW);
  other_statement(&s, bound, 6, bound, 5, MEDLEY_ERROR);
  other_statement(&s, filtered, 1, filtered, 1, MEDLEY_ROW);
  other_statement(&s, filtered, 1, filtered, 0, MEDLEY_ERROR);
  end(&s);
}
END_TEST

START_TEST(what_is_no_state_of_the_statement_is_refused) {
  static store s;
  make(&s);
  const char junk[] = "\x01junk";
  const void *next;
  size_t len;
  medley_statement *statement = prepare(&s, queries[1]);
  for (size_t i = 1; i < sizeof junk; i++) {
    ck_assert_int_eq(medley_page_set(statement, 3, junk, i), MEDLEY_OK);
    ck_assert_int_eq(medley_step(statement), MEDLEY_ERROR);
  }
  ck_assert_int_eq(medley_page_set(statement, 3, NULL, 0), MEDLEY_OK);
  for (int i = 0; i < 4; i++) ck_assert_int_eq(medley_step(statement), i < 3 ? MEDLEY_ROW : MEDLEY_DONE);
  ck_assert_int_eq(medley_page_state(statement, &next, &len), MEDLEY_OK);
  medley_statement *other = prepare(&s, "SELECT * FROM k.t WHERE p = 3");
  ck_assert_int_eq(medley_page_set(other, 3, next, len), MEDLEY_OK);
  ck_assert_int_eq(medley_step(other), MEDLEY_ERROR); /* another partition */
  medley_statement_close(other);
  medley_statement_close(statement);
  statement = prepare(&s, "SELECT * FROM k.t WHERE p IN (1, 2) ORDER BY a");
  ck_assert_int_eq(medley_page_set(statement, 3, NULL, 0), MEDLEY_OK);
  ck_assert_int_eq(medley_step(statement), MEDLEY_UNSUPPORTED);
  medley_statement_close(statement);
  statement = prepare(&s, "INSERT INTO k.t (p, note) VALUES (1, 'x')");
  ck_assert_int_eq(medley_page_set(statement, 3, NULL, 0), MEDLEY_UNSUPPORTED);
  medley_statement_close(statement);
  ck_assert_int_eq(medley_prepare(s.kit.session, MEDLEY_LANGUAGE_SQL, "SELECT 1", MEDLEY_NUL_ENDED, &statement, NULL),
                   MEDLEY_OK);
  ck_assert_int_eq(medley_page_set(statement, 3, NULL, 0), MEDLEY_UNSUPPORTED);
  medley_statement_close(statement);
  end(&s);
}
END_TEST

PROPERTY_MAIN("cql_pages", pages_of_every_size_are_the_whole_answer, a_page_state_outlives_the_process_that_made_it,
              rows_that_come_or_go_between_two_pages_do_not_disturb_the_others,
              a_group_that_grows_between_two_pages_is_answered_once, a_state_is_good_for_its_statement_and_its_values,
              what_is_no_state_of_the_statement_is_refused)
