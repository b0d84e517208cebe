/* test_cql_totals.c - aggregates of CQL and scans of SQL over sealed rows, which go by columns, against those over the same rows as records, which
 * go row by row.
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

static void answer_in(medley_language language, const char *table, const char *what, char *text) {
  char cql[512];
  medley_statement *statement;
  snprintf(cql, sizeof cql, what, table);
  ck_assert_msg(medley_prepare(session, language, cql, strlen(cql), &statement, NULL) == MEDLEY_OK, "%s: %s", cql,
                medley_session_error(session)->message);
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

static void answer(const char *table, const char *what, char *text) {
  answer_in(MEDLEY_LANGUAGE_CQL, table, what, text);
}

static const char *const queries[] = {
    "SELECT count(*) FROM %s",
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
    "SELECT sum(f), avg(f), count(f) FROM %s WHERE f < -1.0 ALLOW FILTERING",
    "SELECT count(*), avg(b) FROM %s PER PARTITION LIMIT 1",
    "SELECT count(*) FROM %s WHERE a = 99999 ALLOW FILTERING",
    "SELECT sum(a) FROM %s WHERE a IN (1, 2) ALLOW FILTERING",
    "SELECT count(*) FROM %s WHERE id > 10 ALLOW FILTERING",
    "SELECT count(*), sum(id), max(id), min(id), avg(a) FROM %s WHERE id <= 40 AND id > 7 ALLOW FILTERING",
    "SELECT count(*), sum(a) FROM %s WHERE day < '2020-01-09' ALLOW FILTERING",
    "SELECT p, count(*), sum(a) FROM %s GROUP BY p",
    "SELECT count(*), sum(a) FROM %s LIMIT 1"};

/* What is not asked for is not decoded; comparisons are looked at before SQLite sees the rows. The first few rows of everything stand for all. */
static const char *const sql_queries[] = {
    "SELECT count(*) FROM \"%s\"",
    "SELECT t, count(*), avg(a), sum(d), max(yes) FROM \"%s\" GROUP BY t ORDER BY t LIMIT 40",
    "SELECT count(*), sum(a), min(day), max(day) FROM \"%s\" WHERE a > 3",
    "SELECT count(*), sum(a) FROM \"%s\" WHERE a >= -2.5 AND d < 10.5",
    "SELECT count(*), total(d) FROM \"%s\" WHERE t = 'few1' AND a <= 5",
    "SELECT count(*) FROM \"%s\" WHERE t > 'few1'",
    "SELECT count(*) FROM \"%s\" WHERE t IN ('few0', 'few2') AND a IN (1, 2, 3)",
    "SELECT count(*), max(f) FROM \"%s\" WHERE f >= 0",
    "SELECT count(*) FROM \"%s\" WHERE f = 0.0",
    "SELECT count(*) FROM \"%s\" WHERE f < 0.1 AND f > -1e300",
    "SELECT count(*) FROM \"%s\" WHERE f = 1e300 OR f = 1.5",
    "SELECT count(*) FROM \"%s\" WHERE yes = 1",
    "SELECT count(*) FROM \"%s\" WHERE day = '2020-01-09' OR day < '2020-01-04'",
    "SELECT count(*) FROM \"%s\" WHERE a = 99999999999 OR b > 4e18",
    "SELECT count(*) FROM \"%s\" WHERE a IS NULL",
    "SELECT count(*), count(tags), count(_ttl) FROM \"%s\" WHERE t < x'00'",
    "SELECT p, id, a, b, d, f, t, yes, day, tags FROM \"%s\" WHERE d > 5 ORDER BY p, id LIMIT 20",
    "SELECT p, count(*), sum(id) FROM \"%s\" GROUP BY p ORDER BY p",
    "SELECT count(*) FROM \"%s\" WHERE id > 10 AND _writetime > 0",
    "SELECT l.p, r.id, l.a FROM \"%1$s\" AS l JOIN \"%1$s\" AS r ON r.a = l.id AND r.b = l.b WHERE l.p = 3 ORDER BY 2",
    "SELECT count(*) FROM (SELECT rowid FROM \"%s\" GROUP BY rowid)"};

static void compare_sql_answers(void) {
  static char plain[SIZE], sealed[SIZE];
  for (size_t i = 0; i < sizeof sql_queries / sizeof sql_queries[0]; i++) {
    plain[0] = sealed[0] = '\0';
    answer_in(MEDLEY_LANGUAGE_SQL, "k.plain", sql_queries[i], plain);
    answer_in(MEDLEY_LANGUAGE_SQL, "k.sealed", sql_queries[i], sealed);
    ck_assert_msg(strcmp(plain, sealed) == 0, "%s: %s, sealed: %s", sql_queries[i], plain, sealed);
  }
}

static void compare_answers(void) {
  static char plain[SIZE], sealed[SIZE];
  compare_sql_answers();
  ck_assert_int_eq(medley_begin(session, MEDLEY_WRITE), MEDLEY_OK); /* there rows are read one by one */
  compare_sql_answers();
  ck_assert_int_eq(medley_commit(session), MEDLEY_OK);
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
  static const char *const updates[] = {"f = 2.5", "yes = true", "day = '2020-02-03'", "t = 'few1'"};
  char text[400];
  unsigned p = (unsigned)property_below(random, PARTITIONS), id = (unsigned)property_below(random, ROWS);
  if (property_below(random, 10) == 0) { /* no marker: the row lasts as long as its columns */
    snprintf(text, sizeof text, "%s WHERE p = %u AND id = %u", updates[property_below(random, 4)], p, id);
    run_on_both("UPDATE %s SET %s", text);
    return;
  }
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

static void make_tables(void) {
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
}

START_TEST(totals_by_columns_are_those_of_the_rows) {
  uint64_t random = property_seed("totals");
  medley_error error;
  uint64_t problems = 0;
  open_database();
  make_tables();
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

START_TEST(rows_whose_last_column_was_dropped_are_not_counted) {
  char text[SIZE] = "", update[100];
  open_database();
  make_tables();
  for (unsigned i = 0; i < 300; i++) {
    static const char *const columns[] = {"f = 1.5", "t = 'few'", "f = 1.5, day = '2020-01-02'"};
    snprintf(update, sizeof update, "%s WHERE p = %u AND id = %u", columns[i % 3], i % 20, i / 20);
    run_on_both("UPDATE %s SET %s", update);
  }
  run_on_both("INSERT INTO %s %s", "(p, id) VALUES (3, 0)");
  run_on_both("INSERT INTO %s %s", "(p, id, f) VALUES (100, 0, 1.5)");
  sealed_rows_maintain(db);
  answer("k.sealed", "SELECT count(*) FROM %s", text);
  ck_assert_str_eq(text, "301|");
  run_on_both("ALTER TABLE %s DROP %s", "f");
  answer("k.sealed", "SELECT count(*) FROM %s", text);
  ck_assert_str_eq(text, "202|");
  answer("k.sealed", "SELECT count(*), count(p) FROM %s", text);
  ck_assert_str_eq(text, "202|202|");
  run_on_both("ALTER TABLE %s ADD %s", "f float");
  compare_answers();
  close_database();
}
END_TEST

START_TEST(scans_of_sql_look_at_sealed_rows_by_comparisons) {
  char text[SIZE] = "";
  uint64_t random = property_seed("plans");
  open_database();
  make_tables();
  for (int i = 0; i < 400; i++) put_row(&random);
  sealed_rows_maintain(db);
  answer_in(MEDLEY_LANGUAGE_SQL, "k.sealed",
            "EXPLAIN QUERY PLAN SELECT sum(b) FROM \"%s\" WHERE a > 3 AND d <= 7 AND t = 'few1' AND a IN (5, 6) AND id "
            "> 2 AND "
            "day > '2020-01-02' AND f <> 1",
            text);
  ck_assert_msg(strstr(text, "VIRTUAL TABLE INDEX 768:2:a> 4:d< 7:t= |") != NULL, "%s", text);
  close_database();
}
END_TEST

PROPERTY_MAIN("cql_totals", scans_of_sql_look_at_sealed_rows_by_comparisons, totals_by_columns_are_those_of_the_rows,
              rows_whose_last_column_was_dropped_are_not_counted)
