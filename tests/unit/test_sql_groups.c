/* test_sql_groups.c - totals by groups over wide-column tables: what is found by columns, beside a table of SQL's own with the same rows. */
#include <stdbool.h>

#include "tests/unit/session_kit.h"

#define ROWS 4000

static void cql(medley_session *session, const char *text) { kit_exec(session, MEDLEY_LANGUAGE_CQL, text); }

static void maintain(medley *db) {
  medley_error error = {0};
  for (int more = 1; more;) ck_assert_msg(medley_maintain(db, 10000, &more, &error) == MEDLEY_OK, "%s", error.message);
}

static void open_tables(session_kit *kit) {
  kit_open(kit);
  cql(kit->session, "CREATE KEYSPACE k WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 1}");
  cql(kit->session,
      "CREATE TABLE k.t (user int, time timestamp, page text, kind ascii, n int, big bigint, flag boolean, "
      "price double, rate float, raw blob, PRIMARY KEY (user, time)) WITH segment_rows = 256");
  SQL_OK(kit->session,
         "CREATE TABLE stock(user INTEGER, time INTEGER, page TEXT, kind TEXT, n INTEGER, big INTEGER, flag INTEGER, "
         "price REAL, rate REAL, raw BLOB)");
}

/* Reals are such that their sums are exact in every order. */
static void add_rows(session_kit *kit, uint64_t *random, int count) {
  char text[400];
  snprintf(
      text, sizeof text,
      "WITH RECURSIVE i(x) AS (SELECT %d UNION ALL SELECT x + 1 FROM i LIMIT %d) INSERT INTO stock SELECT x %% 61, x, "
      "iif(x %% 5 = 0, NULL, '/page/' || (x %% 23)), substr('abcdefg', 1 + x %% 7, 1), iif(x %% 11 = 0, NULL, x %% 9 - "
      "4), "
      "(x %% 3 - 1) * 4000000000000000000, x %% 2, iif(x %% 13 = 0, NULL, x %% 101 * 0.25 - 5), x %% 17 * 0.5, "
      "CAST(x %% 4 AS BLOB) FROM i",
      (int)property_below(random, 1u << 20), count);
  SQL_OK(kit->session, "DELETE FROM stock");
  SQL_OK(kit->session, text);
  SQL_OK(kit->session,
         "INSERT INTO \"k.t\"(user, time, page, kind, n, big, flag, price, rate, raw) SELECT * FROM stock");
}

/* Some rows are taken out of their segments again. */
static void disturb(session_kit *kit) {
  static const char *const changes[] = {
      "UPDATE %s SET page = '/changed', n = 100 WHERE user %% 7 = 3 AND time %% 3 = 1",
      "DELETE FROM %s WHERE user %% 5 = 2 AND time %% 2 = 1", "UPDATE %s SET price = NULL WHERE user = 11"};
  for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
    char text[200];
    snprintf(text, sizeof text, changes[i], "stock");
    SQL_OK(kit->session, text);
    snprintf(text, sizeof text, changes[i], "\"k.t\"");
    SQL_OK(kit->session, text);
  }
}

/* ---- Random questions ---- */
static const char *any(uint64_t *random, const char *const *of, size_t count) {
  return of[property_below(random, count)];
}
#define ANY(random_, array_) any(random_, array_, sizeof array_ / sizeof *array_)

static void make_keys(uint64_t *random, char *keys, size_t size, int *count) {
  static const char *const columns[] = {"page", "kind", "n", "big", "flag", "raw", "\"Page\"", "user"};
  *count = (int)property_below(random, 4);
  keys[0] = '\0';
  for (int i = 0; i < *count; i++)
    snprintf(keys + strlen(keys), size - strlen(keys), "%s%s", i > 0 ? ", " : "", ANY(random, columns));
}

static void make_tests(uint64_t *random, char *where, size_t size) {
  static const char *const tests[] = {"n > 0",
                                      "n BETWEEN -2 AND 3",
                                      "n <> 1",
                                      "n >= 1.5",
                                      "n = '2'",
                                      "n < 'x'",
                                      "big > 0",
                                      "price < 10.25",
                                      "price >= -1",
                                      "price <> 0",
                                      "price > 'a'",
                                      "rate = 0.5",
                                      "rate < 3",
                                      "page = '/page/3'",
                                      "page >= '/page/2'",
                                      "page = 7",
                                      "page <> '/changed'",
                                      "kind <= 'c'",
                                      "flag = 1",
                                      "flag = NULL",
                                      "raw = x'31'",
                                      "raw > 'x'",
                                      "user < 30",
                                      "time >= 1000",
                                      "n = 4000000000",
                                      "price > 1e300",
                                      "n = abs(-3)",
                                      "rate < 0.1"};
  size_t count = property_below(random, 4);
  where[0] = '\0';
  for (size_t i = 0; i < count; i++)
    snprintf(where + strlen(where), size - strlen(where), "%s %s", i > 0 ? " AND" : " WHERE", ANY(random, tests));
}

static void make_question(uint64_t *random, char *text, size_t size) {
  static const char *const totals[] = {"count(*)",
                                       "count(page)",
                                       "sum(n)",
                                       "total(n)",
                                       "avg(price)",
                                       "min(price)",
                                       "max(n)",
                                       "sum(price)",
                                       "avg(big)",
                                       "min(rate) AS lowest",
                                       "count(raw)",
                                       "sum(flag)",
                                       "max(big) - min(big)",
                                       "round(avg(rate), 2)",
                                       "sum(n) * 2 / count(*)",
                                       "ifnull(max(flag), 9) m",
                                       "sum(time)",
                                       "count(*) > 5"};
  char keys[100], where[200];
  int key_count;
  make_keys(random, keys, sizeof keys, &key_count);
  make_tests(random, where, sizeof where);
  size_t len = (size_t)snprintf(text, size, "SELECT %s%s", keys, key_count > 0 ? ", " : "");
  for (size_t i = 0, count = 1 + property_below(random, 3); i < count; i++)
    len += (size_t)snprintf(text + len, size - len, "%s%s", i > 0 ? ", " : "", ANY(random, totals));
  len += (size_t)snprintf(text + len, size - len, " FROM %%s%s", where);
  if (key_count == 0) return;
  len += (size_t)snprintf(text + len, size - len, " GROUP BY %s", keys);
  if (property_below(random, 3) == 0) len += (size_t)snprintf(text + len, size - len, " HAVING count(*) > 3");
  static const char *const orders[] = {"count(*) DESC, ", "", "1 DESC, "}; /* the first key */
  len += (size_t)snprintf(text + len, size - len, " ORDER BY %s%s%s", ANY(random, orders), keys,
                          property_below(random, 2) ? " DESC" : "");
  if (property_below(random, 3) == 0) snprintf(text + len, size - len, " LIMIT 5 OFFSET 1");
}

static bool is_by_columns(medley_session *session, const char *question) {
  char text[700];
  kit_rows plan = {0};
  snprintf(text, sizeof text, "EXPLAIN QUERY PLAN %s", question);
  ck_assert_msg(kit_run(session, MEDLEY_LANGUAGE_SQL, text, &plan) == MEDLEY_OK, "%s: %s", text,
                medley_session_error(session)->message);
  return strstr(plan.text, "medley_groups") != NULL;
}

/* Hashes all rows: there may be many. */
static int hash_row(void *context, medley_statement *statement) {
  uint64_t *hash = context;
  for (int i = 0; i < medley_column_count(statement); i++) {
    bool null = medley_column_type(statement, i) == MEDLEY_TYPE_NULL;
    const char *text = null ? "NULL" : medley_column_text(statement, i);
    *hash = (*hash ^ (uint64_t)medley_column_type(statement, i)) * 1099511628211u;
    for (; *text != '\0'; text++) *hash = (*hash ^ (uint8_t)*text) * 1099511628211u;
  }
  return 0;
}

static uint64_t ask(medley_session *session, const char *question, const char *table) {
  char text[700];
  uint64_t hash = 14695981039346656037u;
  snprintf(text, sizeof text, question, table);
  int rc = medley_exec(session, MEDLEY_LANGUAGE_SQL, text, MEDLEY_NUL_ENDED, hash_row, &hash);
  return rc == MEDLEY_OK ? hash : (uint64_t)rc;
}

START_TEST(answers_are_those_of_a_table_of_sqls_own) {
  uint64_t random = property_seed("sql_groups");
  session_kit kit;
  open_tables(&kit);
  add_rows(&kit, &random, ROWS);
  int by_columns = 0, questions = 0;
  for (int stage = 0; stage < 4; stage++) { /* records alone; sealed; some taken out again; sealed anew */
    if (stage == 1 || stage == 3) maintain(kit.db);
    if (stage == 2) disturb(&kit);
    if (stage == 2) SQL_OK(kit.session, "BEGIN; INSERT INTO stock(n) VALUES (1); DELETE FROM stock WHERE user IS NULL");
    for (int i = 0; i < 250; i++, questions++) {
      char question[600], wide[700];
      make_question(&random, question, sizeof question);
      snprintf(wide, sizeof wide, question, "\"k.t\"");
      by_columns += is_by_columns(kit.session, wide);
      ck_assert_msg(ask(kit.session, question, "stock") == ask(kit.session, question, "\"k.t\""), "stage %d: %s", stage,
                    wide);
    }
    if (stage == 2) SQL_OK(kit.session, "COMMIT");
  }
  ck_assert_int_gt(by_columns, questions / 2);
  kit_close(&kit);
}
END_TEST

START_TEST(only_what_has_no_better_way_is_found_by_columns) {
  static const struct {
    const char *question;
    bool by_columns;
  } cases[] = {
      {"SELECT page, count(*) FROM \"k.t\" GROUP BY page", true},
      {"select count(*) from \"k.t\"", true},
      {"SELECT count(*) FROM \"K.T\"", true},
      {"SELECT count(*) FROM [k.t]", true},
      {"SELECT count(*) FROM \"k.t\" -- all\n", true},
      {"SELECT page FROM \"k.t\" GROUP BY page ORDER BY sum(n) DESC LIMIT 3", true},
      {"SELECT strftime('%H', n, 'unixepoch') h, sum(price) FROM \"k.t\" WHERE n >= unixepoch('now') GROUP BY n", true},
      {"SELECT page, avg(price) AS a FROM \"k.t\" WHERE n = 1 AND price BETWEEN 1 AND 2 GROUP BY page HAVING a > 1",
       true},
      {"SELECT page, count(*) FROM all_of_it GROUP BY page", true},
      {"SELECT sum(n) FROM Too", true},
      {"SELECT sum(n) FROM some", false},
      {"SELECT sum(n) FROM of_view", false},
      {"SELECT count(*) FROM sqlite_schema", false},
      {"SELECT count(*) FROM \"k.t\" WHERE user = 3", false},           /* by the key */
      {"SELECT count(*) FROM \"k.t\" WHERE n = 3 AND user = 3", false}, /* by the key */
      {"SELECT count(*) FROM \"k.t\" WHERE kind = 'a'", false},         /* by an index */
      {"SELECT page FROM \"k.t\"", false},
      {"SELECT page, n FROM \"k.t\" GROUP BY page", false}, /* a column of any row */
      {"SELECT count(DISTINCT page) FROM \"k.t\"", false},
      {"SELECT count(*) FILTER (WHERE n > 1) FROM \"k.t\"", false},
      {"SELECT group_concat(page) FROM \"k.t\"", false},
      {"SELECT min(page) FROM \"k.t\"", false},
      {"SELECT max(n, 3) FROM \"k.t\" GROUP BY n", false},
      {"SELECT price, count(*) FROM \"k.t\" GROUP BY price", false},
      {"SELECT count(*) FROM \"k.t\" WHERE n = 1 OR n = 2", false},
      {"SELECT count(*) FROM \"k.t\" WHERE n = big", false},
      {"SELECT count(*) FROM \"k.t\" WHERE n IN (1, 2)", false},
      {"SELECT count(*) FROM \"k.t\" WHERE n > (SELECT 1)", false},
      {"SELECT count(*) FROM \"k.t\" WHERE n > random()", false},
      {"SELECT count(*) FROM \"k.t\" AS t", false},
      {"SELECT count(*) FROM \"k.t\", \"k.t\" AS u", false},
      {"SELECT count(*) FROM \"k.t\" UNION SELECT 1", false},
      {"SELECT page AS kind, count(*) FROM \"k.t\" GROUP BY page", false}, /* a name of two meanings */
      {"SELECT n = '1', count(*) FROM \"k.t\" GROUP BY n", false},         /* by the column's affinity */
      {"SELECT DISTINCT page FROM \"k.t\" GROUP BY page", false},
      {"SELECT row_number() OVER (), count(*) FROM \"k.t\" GROUP BY page", false},
      {"SELECT count(*) FROM stock", false},
      {"WITH x AS (SELECT 1) SELECT count(*) FROM \"k.t\"", false},
  };
  session_kit kit;
  open_tables(&kit);
  cql(kit.session, "CREATE INDEX ON k.t (kind)");
  SQL_OK(kit.session,
         "CREATE VIEW all_of_it AS SELECT * FROM \"k.t\"; CREATE TEMP VIEW too as select * from [K.T];"
         "CREATE VIEW some AS SELECT page, n FROM \"k.t\"; CREATE VIEW of_view AS SELECT * FROM all_of_it");
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
    ck_assert_msg(is_by_columns(kit.session, cases[i].question) == cases[i].by_columns, "%s", cases[i].question);
  kit_close(&kit);
}
END_TEST

/* Names of columns, and rows. */
static void show(medley_session *session, const char *question, const char *table, kit_rows *shown) {
  char text[700];
  kit_rows rows;
  medley_statement *statement;
  snprintf(text, sizeof text, question, table);
  ck_assert_msg(medley_prepare(session, MEDLEY_LANGUAGE_SQL, text, MEDLEY_NUL_ENDED, &statement, NULL) == MEDLEY_OK,
                "%s: %s", text, medley_session_error(session)->message);
  shown->len = 0;
  for (int i = 0; i < medley_column_count(statement); i++)
    shown->len += (size_t)snprintf(shown->text + shown->len, sizeof shown->text - shown->len, "%s, ",
                                   medley_column_name(statement, i));
  medley_statement_close(statement);
  ck_assert_int_eq(kit_run(session, MEDLEY_LANGUAGE_SQL, text, &rows), MEDLEY_OK);
  snprintf(shown->text + shown->len, sizeof shown->text - shown->len, "%s", rows.text);
}

START_TEST(names_mean_what_they_mean_to_sqlite) {
  static const char *const questions[] = {
      "SELECT n AS x, count(*) FROM %s GROUP BY n HAVING x = '1'", /* by the column's affinity */
      "SELECT n AS x, count(*) FROM %s GROUP BY n ORDER BY x = '1', x",
      "SELECT n + 0 AS x, count(*) FROM %s GROUP BY n HAVING x < '1' ORDER BY 1",
      "SELECT n, sum(n) AS sum FROM %s GROUP BY n ORDER BY sum(n * -2), n", /* a function, not the alias */
      "SELECT n, count(*) AS group_concat FROM %s GROUP BY n ORDER BY length(group_concat(n)), n",
      "SELECT n, count(*) AS count FROM %s GROUP BY n HAVING count(1) > 5 ORDER BY n",
      "SELECT page, count(*) AS \"medley key 0\" FROM %s GROUP BY page HAVING \"medley key 0\" > 5 ORDER BY 1",
      "SELECT page, 1 AS \"medley rows\" FROM %s GROUP BY page HAVING \"medley rows\" > 5 ORDER BY 1",
      "SELECT 1, -count(*) AS \"1\", page FROM %s GROUP BY page ORDER BY \"1\", page",
      "SELECT count(*), sum(n) AS \"COUNT(*)\" FROM %s GROUP BY page ORDER BY \"count(*)\", 1, page",
      "SELECT ((page)), +page, page  || '' FROM %s GROUP BY page",
      "SELECT count(*) /* all */, (sum(n)) -- of them\n, page FROM %s GROUP BY page",
      "SELECT n, 0xe-sum(n), 0xE+count(n) FROM %s GROUP BY n",
      "SELECT n end, min(n) isnull, count(*) AS 'text' FROM %s GROUP BY n",
  };
  uint64_t random = 2;
  session_kit kit;
  open_tables(&kit);
  add_rows(&kit, &random, 300);
  for (size_t i = 0; i < sizeof questions / sizeof *questions; i++) {
    static kit_rows stock, wide;
    show(kit.session, questions[i], "stock", &stock);
    show(kit.session, questions[i], "\"k.t\"", &wide);
    ck_assert_msg(strcmp(stock.text, wide.text) == 0, "%s:\n%s\n%s", questions[i], stock.text, wide.text);
  }
  SQL_FAILS(kit.session, "SELECT count(*) FROM \"k.t\" /*", MEDLEY_SYNTAX);
  SQL_FAILS(kit.session, "SELECT\vcount(*) FROM \"k.t\"", MEDLEY_SYNTAX);
  cql(kit.session, "CREATE TABLE k.twice (a int PRIMARY KEY, \"B\" int, b int)");
  SQL_FAILS(kit.session, "SELECT sum(b) FROM \"k.twice\"", MEDLEY_ERROR); /* as a SELECT of its rows */
  /* Every row has a rowid, and may have a time to live, whatever else is called so. */
  SQL_IS(kit.session, "SELECT n, count(*) AS _ttl FROM \"k.t\" GROUP BY n HAVING _ttl > 0", "");
  ck_assert(!is_by_columns(kit.session, "SELECT count(*) AS rowid FROM \"k.t\" GROUP BY n HAVING rowid > 5"));
  kit_close(&kit);
}
END_TEST

/* The one value that a prepared statement answers when it is run (again). */
static void answers(medley_statement *statement, int64_t number) {
  ck_assert_int_eq(medley_step(statement), MEDLEY_ROW);
  ck_assert_int_eq(medley_column_integer(statement, 0), number);
  ck_assert_int_eq(medley_step(statement), MEDLEY_DONE);
}

START_TEST(a_prepared_statement_goes_with_its_names) {
  session_kit kit;
  medley_session *other;
  medley_statement *of_table, *of_view, *of_alias;
  medley_error error;
  open_tables(&kit);
  uint64_t random = 1;
  add_rows(&kit, &random, 300);
  ck_assert_int_eq(medley_session_open(kit.db, &other, &error), MEDLEY_OK);
  SQL_OK(kit.session, "CREATE VIEW v AS SELECT * FROM \"k.t\"");
  medley_statement **const made[] = {&of_table, &of_view, &of_alias};
  static const char *const texts[] = {
      "SELECT count(*) FROM \"k.t\"", "SELECT count(*) FROM v",
      "SELECT count(*) AS later FROM \"k.t\" GROUP BY flag HAVING later > 0 ORDER BY 1 LIMIT 1"};
  for (size_t i = 0; i < sizeof made / sizeof *made; i++) {
    ck_assert(is_by_columns(kit.session, texts[i]));
    ck_assert_int_eq(medley_prepare(kit.session, MEDLEY_LANGUAGE_SQL, texts[i], MEDLEY_NUL_ENDED, made[i], NULL),
                     MEDLEY_OK);
  }
  answers(of_table, 300);
  answers(of_view, 300);
  answers(of_alias, 150);
  SQL_OK(kit.session, "DROP VIEW v; CREATE VIEW v AS SELECT 1 UNION SELECT 2");
  answers(of_view, 2);
  SQL_OK(other, "DROP VIEW v; CREATE TABLE v(a); INSERT INTO v VALUES (1), (2), (3)");
  answers(of_view, 3);
  SQL_OK(kit.session, "CREATE TEMP VIEW v AS SELECT * FROM \"k.t\"");
  answers(of_view, 300);
  SQL_OK(kit.session, "DROP VIEW temp.v");
  answers(of_view, 3);
  SQL_OK(kit.session, "DROP TABLE v");
  ck_assert_int_eq(medley_step(of_view), MEDLEY_ERROR);
  ck_assert_ptr_nonnull(strstr(medley_session_error(kit.session)->message, "no such table: v"));
  cql(other, "ALTER TABLE k.t ADD later int"); /* what HAVING means now: it is null */
  ck_assert_int_eq(medley_step(of_alias), MEDLEY_DONE);
  SQL_OK(other, "CREATE TABLE \"k.t\"(flag, later)"); /* hides it */
  answers(of_table, 0);
  SQL_OK(other, "DROP TABLE \"k.t\"");
  SQL_OK(kit.session, "BEGIN");
  cql(kit.session, "DROP TABLE k.t");
  cql(kit.session, "CREATE TABLE k.t (a int PRIMARY KEY)");
  answers(of_table, 0);
  SQL_OK(kit.session, "ROLLBACK");
  answers(of_table, 300);
  for (size_t i = 0; i < sizeof made / sizeof *made; i++) medley_statement_close(*made[i]);
  ck_assert_int_eq(medley_session_close(other), MEDLEY_OK);
  kit_close(&kit);
}
END_TEST

static int plan_line(char *to, size_t size, const char *line) { return snprintf(to, size, "%s", line); }

START_TEST(names_plans_and_errors_are_the_statements_own) {
  session_kit kit;
  medley_statement *statement;
  open_tables(&kit);
  uint64_t random = 1;
  add_rows(&kit, &random, 300);
  PLAN_IS(kit.session, "SELECT page, avg(n) FROM \"k.t\" WHERE price >= ?1 GROUP BY page",
          "SCAN medley_groups VIRTUAL TABLE INDEX 67:k.t by \"page\" of \"n\" ct where \"price\" >=");
  ck_assert_int_eq(
      medley_prepare(kit.session, MEDLEY_LANGUAGE_SQL,
                     "SELECT PAGE, count( * ), sum(n) AS \"the sum\" FROM \"k.t\" WHERE n > :low AND n < ? "
                     "GROUP BY page; SELECT 1",
                     MEDLEY_NUL_ENDED, &statement, NULL),
      MEDLEY_OK);
  ck_assert_str_eq(medley_column_name(statement, 0), "page");
  ck_assert_str_eq(medley_column_name(statement, 1), "count( * )");
  ck_assert_str_eq(medley_column_name(statement, 2), "the sum");
  ck_assert_int_eq(medley_bind_count(statement), 2);
  ck_assert_int_eq(medley_bind_index(statement, ":low"), 1);
  ck_assert_int_eq(medley_bind_integer(statement, 1, -100), MEDLEY_OK);
  ck_assert_int_eq(medley_bind_integer(statement, 2, 100), MEDLEY_OK);
  int rows = 0;
  while (medley_step(statement) == MEDLEY_ROW) rows++;
  ck_assert_int_eq(rows, 24);
  SQL_IS(kit.session, "SELECT count(*) AS spec, page IS NULL AS \"table\" FROM \"k.t\" GROUP BY page HAVING spec > 50",
         "60|1\n");
  cql(kit.session, "ALTER TABLE k.t DROP n"); /* under the prepared statement */
  ck_assert_int_eq(medley_step(statement), MEDLEY_ERROR);
  ck_assert_ptr_nonnull(strstr(medley_session_error(kit.session)->message, "no such column"));
  medley_statement_close(statement);
  SQL_FAILS(kit.session, "SELECT sum(n) FROM \"k.t\"", MEDLEY_ERROR);
  ck_assert_int_eq(medley_session_error(kit.session)->column, 12);
  SQL_FAILS(kit.session, "SELECT count(*) FROM \"k.t\" GROUP page", MEDLEY_SYNTAX);
  SQL_OK(kit.session, "UPDATE \"k.t\" SET big = 9223372036854775807");
  SQL_FAILS(kit.session, "SELECT sum(big) FROM \"k.t\"", MEDLEY_ERROR);
  ck_assert_ptr_nonnull(strstr(medley_session_error(kit.session)->message, "integer overflow"));
  SQL_IS(kit.session, "SELECT avg(big) > 9.2e18, max(big) FROM \"k.t\"", "1|9223372036854775807\n");
  SQL_OK(kit.session, "CREATE TABLE \"k.t\"(page); INSERT INTO \"k.t\" VALUES (1)"); /* hides it */
  SQL_IS(kit.session, "SELECT count(*) FROM \"k.t\"", "1\n");
  kit_close(&kit);
}
END_TEST

START_TEST(what_sql_shows_as_null_is_in_no_total) {
  session_kit kit;
  open_tables(&kit);
  cql(kit.session, "INSERT INTO k.t (user, time, price, rate) VALUES (1, 1, NaN, NaN)");
  cql(kit.session, "INSERT INTO k.t (user, time, price, rate) VALUES (1, 2, Infinity, 1)");
  cql(kit.session, "INSERT INTO k.t (user, time, price, rate) VALUES (1, 3, -0.0, 2)");
  cql(kit.session, "INSERT INTO k.t (user, time, page) VALUES (1, 4, '')");
  for (int sealed = 0; sealed < 2; sealed++) {
    SQL_IS(kit.session, "SELECT count(*), count(price), max(price), min(price), sum(rate) FROM \"k.t\"",
           "4|2|Inf|0.0|3.0\n");
    SQL_IS(kit.session, "SELECT count(*) FROM \"k.t\" WHERE price > 1", "1\n");
    SQL_IS(kit.session, "SELECT count(*) FROM \"k.t\" WHERE price <> 1", "2\n");
    SQL_IS(kit.session, "SELECT count(*) FROM \"k.t\" WHERE price >= 0", "2\n");
    SQL_IS(kit.session, "SELECT page, count(*) FROM \"k.t\" GROUP BY page", "NULL|3\n|1\n");
    cql(kit.session, "ALTER TABLE k.t WITH segment_rows = 2");
    maintain(kit.db);
  }
  cql(kit.session, "INSERT INTO k.t (user, time, price) VALUES (1, 5, -Infinity)"); /* what is added up is NaN */
  SQL_IS(kit.session, "SELECT sum(price), total(price), avg(price), total(rate) FROM \"k.t\"", "NULL|NULL|NULL|3.0\n");
  SQL_IS(kit.session, "SELECT flag, total(price), avg(price) FROM \"k.t\" GROUP BY flag", "NULL|NULL|NULL\n");
  SQL_IS(kit.session, "SELECT count(*), count(n), total(n), sum(n), avg(n), max(n) FROM \"k.t\" WHERE user > 1",
         "0|0|0.0|NULL|NULL|NULL\n");
  SQL_IS(kit.session, "SELECT flag, count(*), total(n) FROM \"k.t\" WHERE user > 1 GROUP BY flag", "");
  kit_close(&kit);
}
END_TEST

static void refuse(medley_session *session, const char *text, const char *words) {
  SQL_FAILS(session, text, MEDLEY_ERROR);
  ck_assert_msg(strstr(medley_session_error(session)->message, words) != NULL, "%s: %s", text,
                medley_session_error(session)->message);
}

START_TEST(the_function_by_itself_refuses_what_it_does_not_know) {
  session_kit kit;
  open_tables(&kit);
  refuse(kit.session, "SELECT * FROM medley_groups", "have to be given");
  refuse(kit.session, "SELECT * FROM medley_groups('k.t')", "have to be given");
  refuse(kit.session, "SELECT * FROM medley_groups('k.t', 'by page')", "not what it is asked with");
  refuse(kit.session, "SELECT * FROM medley_groups('k.t', 'by \"page\" of \"n\" x')", "not what it is asked with");
  refuse(kit.session, "SELECT * FROM medley_groups('k.t', 'where \"n\" >')", "not what it is asked with");
  refuse(kit.session, "SELECT * FROM medley_groups('k.t', NULL)", "not what it is asked with");
  refuse(kit.session, "SELECT * FROM medley_groups('k.t', 'by \"page\"; more')", "not what it is asked with");
  refuse(kit.session, "SELECT * FROM medley_groups('k.t', 'by \"n\" \"n\" \"n\" \"n\" \"n\"')",
         "not what it is asked with");
  refuse(kit.session, "SELECT * FROM medley_groups('k.none', '')", "no such table: k.none");
  refuse(kit.session, "SELECT * FROM medley_groups('k.t', 'by \"none\"')", "no such column");
  SQL_OK(kit.session, "SELECT * FROM medley_groups('k.t', 'by \"page\" \"kind\"')");
  cql(kit.session, "ALTER TABLE k.t ADD day date");
  cql(kit.session, "UPDATE k.t SET day = '2024-02-29' WHERE user = 1 AND time = 1");
  SQL_IS(kit.session, "SELECT \"medley key 0\", \"medley max 0\" FROM medley_groups('k.t', 'by \"day\" of \"day\" h')",
         "2024-02-29|2024-02-29\n"); /* a number inside, a text to SQL */
  kit_close(&kit);
}
END_TEST

PROPERTY_MAIN("sql_groups", answers_are_those_of_a_table_of_sqls_own, only_what_has_no_better_way_is_found_by_columns,
              names_mean_what_they_mean_to_sqlite, a_prepared_statement_goes_with_its_names,
              names_plans_and_errors_are_the_statements_own, what_sql_shows_as_null_is_in_no_total,
              the_function_by_itself_refuses_what_it_does_not_know)
