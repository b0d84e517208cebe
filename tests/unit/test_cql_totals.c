/* test_cql_totals.c - aggregates over sealed rows, which go by columns, against those over the same rows as records, which go row by row.
 *
 * Two tables get the same statements; the rows of one are sealed at random moments, those of the other never. */
#include <check.h>
#include <stdio.h>
#include <string.h>

#include "engine/medley.h"
#include "tests/unit/property.h"
#include "tests/unit/sealed_rows.h"

enum { PARTITIONS = 40, ROWS = 25, SIZE = 4096 };

static medley *db;
static medley_session *session;

static void open_database(void) {
  medley_options options;
  medley_error error;
  medley_options_init(&options);
  options.flags |= MEDLEY_OPEN_MEMORY;
  ck_assert_msg(medley_open("", &options, &db, &error) == MEDLEY_OK, "%s", error.message);
  ck_assert_msg(medley_session_open(db, &session, &error) == MEDLEY_OK, "%s", error.message);
}

static void close_database(void) {
  (void)medley_session_close(session);
  medley_close(db);
}

static void run(const char *cql) {
  ck_assert_msg(medley_exec(session, MEDLEY_LANGUAGE_CQL, cql, strlen(cql), NULL, NULL) == MEDLEY_OK, "%s: %s", cql,
                medley_session_error(session)->message);
}

/* The statement for both tables: %s is the table's name. */
static void run_on_both(const char *format, const char *text) {
  char cql[512];
  for (int i = 0; i < 2; i++) {
    snprintf(cql, sizeof cql, format, i == 0 ? "k.plain" : "k.sealed", text);
    run(cql);
  }
}

static void answer(const char *table, const char *what, char *text) {
  char cql[512];
  medley_statement *statement;
  snprintf(cql, sizeof cql, what, table);
  ck_assert_msg(medley_prepare(session, MEDLEY_LANGUAGE_CQL, cql, strlen(cql), &statement, NULL) == MEDLEY_OK, "%s: %s",
                cql, medley_session_error(session)->message);
  size_t len = 0;
  int rc;
  while ((rc = medley_step(statement)) == MEDLEY_ROW) {
    for (int i = 0; i < medley_column_count(statement); i++) {
      const medley_value *value = medley_column_value(statement, i);
      if (value->type == MEDLEY_TYPE_REAL)
        len += (size_t)snprintf(text + len, SIZE - len, "%a|", value->as.real);
      else if (value->type == MEDLEY_TYPE_NULL)
        len += (size_t)snprintf(text + len, SIZE - len, "null|");
      else
        len += (size_t)snprintf(text + len, SIZE - len, "%s|", medley_column_text(statement, i));
    }
  }
  ck_assert_msg(rc == MEDLEY_DONE, "%s: %s", cql, medley_session_error(session)->message);
  medley_statement_close(statement);
}

static const char *const queries[] = {"SELECT count(*) FROM %s",
                                      "SELECT count(a), count(b), count(d), count(t), count(f) FROM %s",
                                      "SELECT sum(a), avg(a), min(a), max(a) FROM %s",
                                      "SELECT sum(b), avg(b), min(b), max(b) FROM %s",
                                      "SELECT sum(d), avg(d), min(d), max(d) FROM %s",
                                      "SELECT min(f), max(f), count(f) FROM %s",
                                      "SELECT min(day), max(day), min(yes), max(yes), count(yes) FROM %s",
                                      "SELECT min(t), max(t) FROM %s",
                                      "SELECT count(*), sum(b) FROM %s WHERE a > 3 ALLOW FILTERING",
                                      "SELECT count(*), sum(d) FROM %s WHERE a >= -2 AND d < 10.5 ALLOW FILTERING",
                                      "SELECT count(*), max(a) FROM %s WHERE t = 'few1' ALLOW FILTERING",
                                      "SELECT count(*) FROM %s WHERE t > 'few2' AND a <= 5 ALLOW FILTERING",
                                      "SELECT count(*), min(d) FROM %s WHERE d = 0 ALLOW FILTERING",
                                      "SELECT count(*) FROM %s WHERE f = 0.0 ALLOW FILTERING",
                                      "SELECT count(*) FROM %s WHERE f < 0.0 ALLOW FILTERING",
                                      "SELECT count(*) FROM %s WHERE f > 1.0 ALLOW FILTERING",
                                      "SELECT count(*) FROM %s WHERE a = 99999 ALLOW FILTERING",
                                      "SELECT sum(a) FROM %s WHERE a IN (1, 2) ALLOW FILTERING",
                                      "SELECT count(*) FROM %s WHERE id > 10 ALLOW FILTERING",
                                      "SELECT count(*), sum(a) FROM %s WHERE day < '2020-01-09' ALLOW FILTERING",
                                      "SELECT p, count(*), sum(a) FROM %s GROUP BY p",
                                      "SELECT count(*), sum(a) FROM %s LIMIT 1"};

static void compare_answers(void) {
  static char plain[SIZE], sealed[SIZE];
  for (size_t i = 0; i < sizeof queries / sizeof queries[0]; i++) {
    plain[0] = sealed[0] = '\0';
    answer("k.plain", queries[i], plain);
    answer("k.sealed", queries[i], sealed);
    ck_assert_msg(strcmp(plain, sealed) == 0, "%s: %s, sealed: %s", queries[i], plain, sealed);
  }
}

/* Reals are multiples of a quarter: sums of them have no last digits that depend on the order. */
static void put_row(uint64_t *random) {
  static const char *const odd[] = {"NaN", "-0.0", "0.0", "-Infinity", "1.5"};
  char text[400];
  unsigned p = (unsigned)property_below(random, PARTITIONS), id = (unsigned)property_below(random, ROWS);
  if (property_below(random, 5) == 0) {
    snprintf(text, sizeof text, "(p, id, a) VALUES (%u, %u, %d)", p, id, (int)property_below(random, 20) - 10);
  } else if (property_below(random, 40) == 0) {
    snprintf(text, sizeof text, "(p, id, tags) VALUES (%u, %u, {1, 2})", p, id);
  } else {
    char t[32];
    unsigned kind = (unsigned)property_below(random, 4);
    snprintf(t, sizeof t, kind == 3 ? "other%08x" : "few%u", kind == 3 ? (unsigned)property_random(random) : kind);
    snprintf(text, sizeof text,
             "(p, id, a, b, d, f, t, yes, day) VALUES (%u, %u, %d, %lld, %.2f, %s, '%s', %s, '2020-01-%02u')", p, id,
             (int)property_below(random, 20) - 10, (long long)(property_random(random) >> 1),
             ((double)property_below(random, 200) - 80) / 4, odd[property_below(random, 5)], t,
             property_below(random, 2) == 0 ? "true" : "false", 1 + (unsigned)property_below(random, 28));
  }
  run_on_both("INSERT INTO %s %s", text);
}

static void delete_row(uint64_t *random) {
  char text[80];
  unsigned p = (unsigned)property_below(random, PARTITIONS), id = (unsigned)property_below(random, ROWS);
  if (property_below(random, 10) == 0)
    snprintf(text, sizeof text, "p = %u AND id > %u", p, id);
  else
    snprintf(text, sizeof text, "p = %u AND id = %u", p, id);
  run_on_both("DELETE FROM %s WHERE %s", text);
}

START_TEST(totals_by_columns_are_those_of_the_rows) {
  uint64_t random = property_seed("totals");
  medley_error error;
  uint64_t problems = 0;
  open_database();
  run("CREATE KEYSPACE k WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 1}");
  static const char *const properties[] = {"k.plain", "0", "k.sealed", "30"};
  for (int i = 0; i < 2; i++) {
    char cql[400];
    snprintf(cql, sizeof cql,
             "CREATE TABLE %s (p int, id int, a int, b bigint, d double, f float, t text, yes boolean, day date, tags "
             "set<int>, PRIMARY KEY (p, id)) WITH segment_rows = %s",
             properties[i * 2], properties[i * 2 + 1]);
    run(cql);
  }
  for (int round = 0; round < 12; round++) {
    for (int i = 0; i < 150; i++) {
      if (property_below(&random, 6) == 0)
        delete_row(&random);
      else
        put_row(&random);
    }
    if (round % 4 == 3) {
      run_on_both("ALTER TABLE %s DROP %s", round == 3 ? "yes" : round == 7 ? "day" : "f");
      run_on_both("ALTER TABLE %s ADD %s", round == 3 ? "yes boolean" : round == 7 ? "day date" : "f float");
    }
    if (property_below(&random, 3) > 0) sealed_rows_maintain(db);
    compare_answers();
  }
  sealed_rows_maintain(db);
  compare_answers();
  ck_assert_uint_gt(sealed_rows_count(db, "k", "sealed"), 100);
  ck_assert_uint_eq(sealed_rows_count(db, "k", "plain"), 0);
  ck_assert_msg(medley_check(db, NULL, NULL, &problems, &error) == MEDLEY_OK, "%s", error.message);
  ck_assert_int_eq((int)problems, 0);
  close_database();
}
END_TEST

PROPERTY_MAIN("cql_totals", totals_by_columns_are_those_of_the_rows)
