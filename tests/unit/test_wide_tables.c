/* test_wide_tables.c - wide-column tables as SQL tables: values, plans, what a plan finds against what a scan finds, writes, savepoints,
 * definitions that change under prepared statements. */
#include "tests/unit/session_kit.h"

static void cql(medley_session *session, const char *text) { kit_exec(session, MEDLEY_LANGUAGE_CQL, text); }

/* Without "SCAN ", "VIRTUAL TABLE INDEX " and the numbers of plans. */
static int plan_line(char *to, size_t size, const char *line) {
  if (strncmp(line, "SCAN ", 5) == 0) line += 5;
  const char *index = strstr(line, "VIRTUAL TABLE INDEX ");
  return snprintf(to, size, "%.*s%s", index != NULL ? (int)(index - line) : (int)strlen(line), line,
                  index != NULL ? strchr(index, ':') + 1 : "");
}

static void open_shop(session_kit *kit) {
  kit_open(kit);
  cql(kit->session, "CREATE KEYSPACE shop WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 1}");
}

static void open_events(session_kit *kit) {
  open_shop(kit);
  cql(kit->session,
      "CREATE TABLE shop.events (user int, day text, time timestamp, seq bigint, page text, size double, owner text "
      "static, "
      "PRIMARY KEY ((user, day), time, seq)) WITH CLUSTERING ORDER BY (time DESC, seq ASC)");
}

START_TEST(every_type_has_a_value_of_sql_and_takes_it_back) {
  session_kit kit;
  open_shop(&kit);
  cql(kit.session, "CREATE TYPE shop.place (street text, number int)");
  static const char table[] =
      "CREATE TABLE shop.%s (k int PRIMARY KEY, a ascii, b bigint, c blob, d boolean, e date, f decimal, g double, h "
      "duration, i float, j inet, l smallint, m text, n time, o timestamp, p timeuuid, q tinyint, r uuid, s varint, t "
      "list<int>, u set<text>, v map<text, int>, w tuple<int, text>, x frozen<place>, y place)";
  char text[600];
  snprintf(text, sizeof text, table, "one");
  cql(kit.session, text);
  snprintf(text, sizeof text, table, "two");
  cql(kit.session, text);
  cql(kit.session,
      "INSERT INTO shop.one JSON '{\"k\": 1, \"a\": \"ab\", \"b\": -5, \"c\": \"0x00ff\", \"d\": true, \"e\": "
      "\"2024-02-29\", \"f\": 1.50, "
      "\"g\": 2.5, \"h\": \"1y2mo\", \"i\": 0.5, \"j\": \"10.0.0.1\", \"l\": 7, \"m\": \"caf\u00e9\", \"n\": "
      "\"08:12:54.123\", \"o\": \"2024-02-29 12:00:00.250Z\", \"p\": \"50554d6e-29bb-11e5-b345-feff819cdc9f\", \"q\": "
      "-1, "
      "\"r\": \"123e4567-e89b-12d3-a456-426614174000\", \"s\": 123456789012345678901234567890, \"t\": [3, 1], "
      "\"u\": [\"y\", \"x\"], \"v\": {\"a\": 1}, \"w\": [1, \"z\"], \"x\": {\"street\": \"s\", \"number\": 2}, \"y\": "
      "{\"street\": \"t\", \"number\": null}}'");
  cql(kit.session, "INSERT INTO shop.one (k) VALUES (2)");
  SQL_IS(kit.session, "SELECT a, b, hex(c), d, e, f, g, h, i, j, l, m FROM \"shop.one\" WHERE k = 1",
         "ab|-5|00FF|1|2024-02-29|1.50|2.5|1y2mo|0.5|10.0.0.1|7|caf\u00e9\n");
  SQL_IS(
      kit.session, "SELECT n, o, p, q, r, s, t, u, v, w, x, y FROM \"shop.one\" WHERE k = 1",
      "08:12:54.123000000|1709208000250|50554d6e-29bb-11e5-b345-feff819cdc9f|-1|123e4567-e89b-12d3-a456-426614174000|"
      "123456789012345678901234567890|[3, 1]|[\"x\", \"y\"]|{\"a\": 1}|[1, \"z\"]|{\"street\": \"s\", \"number\": 2}|"
      "{\"street\": \"t\", \"number\": null}\n");
  SQL_IS(kit.session,
         "SELECT typeof(a), typeof(b), typeof(c), typeof(d), typeof(e), typeof(f), typeof(g), typeof(i), typeof(o), "
         "typeof(s), typeof(t), date(e, '+1 day'), json_extract(v, '$.a') FROM \"shop.one\" WHERE k = 1",
         "text|integer|blob|integer|text|text|real|real|integer|text|text|2024-03-01|1\n");
  SQL_IS(kit.session,
         "SELECT coalesce(a, b, c, d, e, f, g, h, i, j, l, m, n, o, p, q, r, s, t, u, v, w, x, y) FROM "
         "\"shop.one\" WHERE k = 2",
         "NULL\n");
  SQL_OK(kit.session, "INSERT INTO \"shop.two\" SELECT * FROM \"shop.one\"");
  SQL_IS(kit.session, "SELECT count(*) FROM (SELECT * FROM \"shop.one\" EXCEPT SELECT * FROM \"shop.two\")", "0\n");
  SQL_IS(kit.session, "SELECT count(*) FROM \"shop.two\"", "2\n");
  kit_rows rows = {0}, copies = {0};
  ck_assert_int_eq(kit_run(kit.session, MEDLEY_LANGUAGE_CQL, "SELECT JSON * FROM shop.one", &rows), MEDLEY_OK);
  ck_assert_int_eq(kit_run(kit.session, MEDLEY_LANGUAGE_CQL, "SELECT JSON * FROM shop.two", &copies), MEDLEY_OK);
  ck_assert_str_eq(rows.text, copies.text);
  kit_close(&kit);
}
END_TEST

START_TEST(values_are_taken_with_the_affinity_of_their_columns) {
  session_kit kit;
  open_shop(&kit);
  cql(kit.session,
      "CREATE TABLE shop.v (k int PRIMARY KEY, i int, t text, d double, f decimal, o timestamp, u uuid, b blob, z "
      "boolean)");
  SQL_OK(kit.session,
         "INSERT INTO \"shop.v\"(k, i, t, d, f, o, u, b, z) VALUES ('1', '5', 6, 7, 1.5, '2024-02-29', "
         "x'123e4567e89b12d3a456426614174000', x'', 1), (2.0, 8.0, 2.5, '1e3', '1.50', 1000, NULL, NULL, 'true')");
  SQL_IS(kit.session, "SELECT k, i, t, d, f, o, u, hex(b), z FROM \"shop.v\" ORDER BY k",
         "1|5|6|7.0|1.5|1709164800000|123e4567-e89b-12d3-a456-426614174000||1\n2|8|2.5|1000.0|1.50|1000|NULL||1\n");
  SQL_FAILS_WITH(kit.session, "INSERT INTO \"shop.v\"(k, i) VALUES (3, 'five')", MEDLEY_TYPE, "shop.v: i: ");
  SQL_FAILS_WITH(kit.session, "INSERT INTO \"shop.v\"(k, i) VALUES (3, 1.5)", MEDLEY_TYPE, "shop.v: i: ");
  SQL_FAILS_WITH(kit.session, "INSERT INTO \"shop.v\"(k, i) VALUES (3, 3000000000)", MEDLEY_TYPE, "shop.v: i: ");
  SQL_FAILS_WITH(kit.session, "INSERT INTO \"shop.v\"(k, t) VALUES (3, x'ff')", MEDLEY_TYPE, "shop.v: t: ");
  SQL_FAILS_WITH(kit.session, "INSERT INTO \"shop.v\"(k, u) VALUES (3, 'none')", MEDLEY_TYPE, "shop.v: u: ");
  SQL_IS(kit.session, "SELECT count(*) FROM \"shop.v\"", "2\n");
  kit_close(&kit);
}
END_TEST

START_TEST(joins_and_queries_come_with_keys) {
  session_kit kit;
  open_events(&kit);
  cql(kit.session, "CREATE INDEX by_page ON shop.events (page)");
  SQL_OK(kit.session, "CREATE TABLE users(id INTEGER PRIMARY KEY, name TEXT)");
  PLAN_IS(kit.session, "SELECT * FROM \"shop.events\" WHERE user = 1 AND day = 'x'", "shop.events user= day=");
  PLAN_IS(kit.session, "SELECT * FROM \"shop.events\" WHERE user IN (1, 2) AND day = 'x' AND time > 5",
          "shop.events user= day= time>");
  PLAN_IS(kit.session, "SELECT * FROM \"shop.events\" WHERE user = 1 AND day = 'x' AND time BETWEEN 1 AND 2",
          "shop.events user= day= time> time<");
  PLAN_IS(kit.session, "SELECT * FROM \"shop.events\" WHERE user = 1 AND day = 'x' AND time = 3 AND seq < 9",
          "shop.events user= day= time= seq<");
  PLAN_IS(kit.session, "SELECT * FROM \"shop.events\" WHERE user = 1 AND day = 'x' AND time = 3 AND seq = 9",
          "shop.events user= day= time= seq=");
  PLAN_IS(kit.session, "SELECT * FROM \"shop.events\" WHERE user = 1 AND day = 'x' AND seq = 9",
          "shop.events user= day=");
  PLAN_IS(kit.session, "SELECT * FROM \"shop.events\" WHERE page = 'p'", "shop.events index page=");
  PLAN_IS(kit.session, "SELECT * FROM \"shop.events\" WHERE user = 1 AND page = 'p'", "shop.events index page=");
  PLAN_IS(kit.session, "SELECT * FROM \"shop.events\" WHERE user = 1 AND time > 5", "shop.events ");
  PLAN_IS(kit.session, "SELECT * FROM \"shop.events\" WHERE user = 1 AND day = 'x' COLLATE NOCASE", "shop.events ");
  /* the last twenty, the first twenty; an order that is not the key's is sorted */
  PLAN_IS(kit.session, "SELECT * FROM \"shop.events\" WHERE user = 1 AND day = 'x' ORDER BY time DESC LIMIT 20",
          "shop.events user= day=");
  PLAN_IS(kit.session, "SELECT * FROM \"shop.events\" WHERE user = 1 AND day = 'x' ORDER BY time, seq DESC LIMIT 20",
          "shop.events user= day= backwards");
  PLAN_IS(kit.session, "SELECT * FROM \"shop.events\" WHERE user = 1 AND day = 'x' ORDER BY user, time DESC, day, seq",
          "shop.events user= day=");
  PLAN_IS(kit.session, "SELECT * FROM \"shop.events\" WHERE user = 1 AND day = 'x' AND time = 3 ORDER BY seq DESC",
          "shop.events user= day= time= backwards");
  PLAN_IS(kit.session, "SELECT * FROM \"shop.events\" WHERE user = 1 AND day = 'x' ORDER BY time, seq",
          "shop.events user= day= / USE TEMP B-TREE FOR ORDER BY");
  PLAN_IS(kit.session, "SELECT * FROM \"shop.events\" WHERE user = 1 AND day = 'x' ORDER BY seq",
          "shop.events user= day= / USE TEMP B-TREE FOR ORDER BY");
  PLAN_IS(kit.session, "SELECT * FROM \"shop.events\" WHERE user IN (1, 2) AND day = 'x' ORDER BY time DESC",
          "shop.events user= day= / USE TEMP B-TREE FOR ORDER BY");
  PLAN_IS(kit.session, "SELECT * FROM \"shop.events\" ORDER BY user", "shop.events  / USE TEMP B-TREE FOR ORDER BY");
  /* an outer row brings its key, whichever is written first */
  PLAN_IS(kit.session,
          "SELECT name, page FROM \"shop.events\" JOIN users ON users.id = user WHERE day = 'x' AND name = 'a'",
          "users / shop.events user= day=");
  PLAN_IS(kit.session,
          "SELECT name, page FROM users JOIN \"shop.events\" e ON e.user = users.id WHERE e.day = 'x' AND time > 5",
          "users / e user= day= time>");
  PLAN_IS(kit.session, "SELECT name FROM \"shop.events\" JOIN users ON users.id = user",
          "shop.events  / SEARCH users USING INTEGER PRIMARY KEY (rowid=?)");
  PLAN_IS(kit.session, "DELETE FROM \"shop.events\" WHERE user = 1 AND day = 'x' AND time < 5",
          "shop.events user= day= time<");
  kit_close(&kit);
}
END_TEST

static const char *const conditions[] = {"a = 1",
                                         "a = '1'",
                                         "a = 1.0",
                                         "a = 1.5",
                                         "a = 'x'",
                                         "a = x'31'",
                                         "a = NULL",
                                         "a = 5000000000",
                                         "a IN (0, 2, 7, NULL)",
                                         "a = 1 AND b = 'b3'",
                                         "a = 1 AND b > 'b3'",
                                         "a = 1 AND b >= 'b3' AND b < 'b5'",
                                         "a = 1 AND b > 3",
                                         "a = 1 AND b < x'00'",
                                         "a = 1 AND b > x'00'",
                                         "a = 1 AND b = ''",
                                         "a = 1 AND b > ''",
                                         "a = 1 AND b <= char(233)",
                                         "a = 1 AND b IN ('b3', 'b4', '')",
                                         "a = 1 AND b = 'b' || char(0)",
                                         "a = 1 AND b > NULL",
                                         "a = 1 AND b = 'b3' AND c = 0.5",
                                         "a = 1 AND b = 'b3' AND c >= 0",
                                         "a = 1 AND b = 'b3' AND c > '0'",
                                         "a = 1 AND b = 'b3' AND c < 'x'",
                                         "a = 1 AND b = 'b3' AND c <= 0",
                                         "a = 1 AND b = 'b3' AND c > 1e300",
                                         "a = 1 AND b = 'b3' AND c = 0.5 AND d > 0.5",
                                         "a = 1 AND b = 'b3' AND c IN (0, 0.5, 1) AND d >= -1.5 AND d < 1.5",
                                         "a = 1 AND b = 'b3' AND c IN (0, 0.5, 1) AND d > -1e30",
                                         "a = 1 AND b = 'b3' AND c IN (0, 0.5, 1) AND d < 99999999999999999999",
                                         "a = 1 AND b = 'b3' AND c = 1 AND d = 0 AND e > x'00ff'",
                                         "a = 1 AND b = 'b3' AND c = 1 AND d = 0 AND e < 'x'",
                                         "a = 1 AND b = 'b3' AND c = 1 AND d = 0 AND e = 'x'",
                                         "a = 1 AND b > printf('%400c', 'b')",
                                         "a = 1 AND b = printf('%70000c', 'b')",
                                         "(a = 1 AND b = 'b3') OR (a = 1 AND b > 'b')",
                                         "(a = 1 AND b < 'b4') OR a = 1 AND c = 0.5 AND b > 'b2'",
                                         "c = 0.5",
                                         "v < 20",
                                         "a = 2 AND b LIKE 'b%'",
                                         "a = 1 AND b = 'B3' COLLATE NOCASE"};
static const char *const orders[] = {"v", "b DESC, c, d DESC, e", "b, c DESC, d, e DESC", "b DESC, v", "a, b, v"};

START_TEST(a_plan_finds_what_a_scan_of_a_stock_table_finds) {
  session_kit kit;
  open_shop(&kit);
  cql(kit.session,
      "CREATE TABLE shop.t (a int, b text, c double, d timestamp, e blob, v int, PRIMARY KEY (a, b, c, d, e)) WITH "
      "CLUSTERING ORDER BY (b DESC, c ASC, d DESC, e ASC)");
  SQL_OK(kit.session, "CREATE TABLE stock(a INTEGER, b TEXT, c REAL, d INTEGER, e BLOB, v INTEGER)");
  SQL_OK(
      kit.session,
      "INSERT INTO stock WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 499) SELECT i % 3, "
      "CASE i % 7 WHEN 0 THEN '' WHEN 1 THEN 'b' || char(0) WHEN 2 THEN char(233) ELSE 'b' || (i % 7) END, (i % 11) / "
      "2.0 - 2, "
      "i % 5 - 2, CAST(x'00ff' || (i % 13) AS BLOB), i FROM n; INSERT INTO \"shop.t\" SELECT * FROM stock");
  SQL_IS(kit.session, "SELECT count(*) FROM \"shop.t\"", "500\n");
  for (size_t i = 0; i < sizeof conditions / sizeof conditions[0]; i++) {
    for (size_t j = 0; j < sizeof orders / sizeof orders[0]; j++) {
      char query[400], scan[400];
      kit_rows found, expected;
      static const char form[] = "SELECT count(*), group_concat(v) FROM (SELECT v FROM %s WHERE %s ORDER BY %s)";
      snprintf(query, sizeof query, form, "\"shop.t\"", conditions[i], orders[j]);
      snprintf(scan, sizeof scan, form, "stock", conditions[i], orders[j]);
      ck_assert_msg(kit_run(kit.session, MEDLEY_LANGUAGE_SQL, query, &found) == MEDLEY_OK, "%s: %s", query,
                    medley_session_error(kit.session)->message);
      ck_assert_int_eq(kit_run(kit.session, MEDLEY_LANGUAGE_SQL, scan, &expected), MEDLEY_OK);
      ck_assert_msg(strcmp(found.text, expected.text) == 0, "%s: found\n%sexpected\n%s", query, found.text,
                    expected.text);
    }
  }
  kit_close(&kit);
}
END_TEST

START_TEST(an_index_finds_its_rows_and_no_others) {
  session_kit kit;
  open_shop(&kit);
  cql(kit.session, "CREATE TABLE shop.t (a int, b int, c text, s int static, PRIMARY KEY (a, b))");
  cql(kit.session, "CREATE INDEX ON shop.t (c)");
  cql(kit.session, "CREATE INDEX ON shop.t (b)");
  cql(kit.session, "CREATE INDEX ON shop.t (s)");
  SQL_OK(
      kit.session,
      "INSERT INTO \"shop.t\"(a, b, c, s) WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 99) "
      "SELECT i / 10, i % 10, 'c' || (i % 4), i / 10 FROM n");
  SQL_IS(kit.session, "SELECT count(*), sum(a * 10 + b) FROM \"shop.t\" WHERE c = 'c1'", "25|1225\n");
  SQL_IS(kit.session, "SELECT count(*), sum(a) FROM \"shop.t\" WHERE b = 3", "10|45\n");
  SQL_IS(kit.session, "SELECT count(*) FROM \"shop.t\" WHERE c IN ('c1', 'c2', 'c9', NULL)", "50\n");
  SQL_IS(kit.session, "SELECT count(*) FROM \"shop.t\" WHERE s = 3", "10\n"); /* static: every row of the partition */
  SQL_OK(kit.session, "UPDATE \"shop.t\" SET c = 'new' WHERE c = 'c1' AND a < 5");
  SQL_IS(kit.session,
         "SELECT (SELECT count(*) FROM \"shop.t\" WHERE c = 'c1'), (SELECT count(*) FROM \"shop.t\" WHERE c = 'new')",
         "12|13\n");
  SQL_OK(kit.session, "DELETE FROM \"shop.t\" WHERE c = 'new'");
  SQL_IS(kit.session, "SELECT count(*) FROM \"shop.t\"", "87\n");
  kit_close(&kit);
}
END_TEST

START_TEST(writes_follow_the_conflict_clause) {
  session_kit kit;
  open_events(&kit);
  SQL_OK(kit.session,
         "INSERT INTO \"shop.events\"(user, day, time, seq, page, size) VALUES (1, 'd', 10, 1, 'home', 1.5)");
  SQL_FAILS_WITH(
      kit.session,
      "INSERT INTO \"shop.events\"(user, day, time, seq, page) VALUES (1, 'd', 11, 1, 'x'), (1, 'd', 10, 1, 'y')",
      MEDLEY_CONSTRAINT,
      "UNIQUE constraint failed: shop.events.user, shop.events.day, shop.events.time, shop.events.seq");
  SQL_IS(kit.session, "SELECT time, page, size FROM \"shop.events\"", "10|home|1.5\n");
  SQL_OK(kit.session,
         "INSERT OR IGNORE INTO \"shop.events\"(user, day, time, seq, page) VALUES (1, 'd', 10, 1, 'y'), (1, 'd', 9, "
         "1, 'z')");
  SQL_IS(kit.session, "SELECT time, page, size FROM \"shop.events\"", "10|home|1.5\n9|z|NULL\n");
  SQL_OK(kit.session, "REPLACE INTO \"shop.events\"(user, day, time, seq, page) VALUES (1, 'd', 10, 1, 'new')");
  SQL_IS(kit.session, "SELECT time, page, size FROM \"shop.events\"", "10|new|NULL\n9|z|NULL\n");
  SQL_OK(kit.session,
         "UPDATE \"shop.events\" SET size = time * 2, page = page || '!' WHERE user = 1 AND day = 'd' AND time > 9");
  SQL_IS(kit.session, "SELECT time, page, size FROM \"shop.events\"", "10|new!|20.0\n9|z|NULL\n");
  SQL_FAILS_WITH(kit.session, "UPDATE \"shop.events\" SET day = 'e'", MEDLEY_CONSTRAINT,
                 "shop.events: day is part of the primary key and cannot be updated");
  SQL_OK(kit.session, "UPDATE \"shop.events\" SET day = day, page = NULL WHERE time = 9");
  SQL_FAILS_WITH(kit.session, "INSERT INTO \"shop.events\"(user, day, time, page) VALUES (1, 'd', 10, 'x')",
                 MEDLEY_CONSTRAINT, "NOT NULL constraint failed: shop.events.seq");
  SQL_FAILS_WITH(kit.session, "INSERT INTO \"shop.events\"(day, time, seq) VALUES ('d', 10, 1)", MEDLEY_CONSTRAINT,
                 "NOT NULL constraint failed: shop.events.user");
  CQL_IS(kit.session, "SELECT user, day, seq, page, size FROM shop.events", "1|d|1|new!|20.0\n1|d|1|NULL|NULL\n");
  SQL_OK(kit.session, "DELETE FROM \"shop.events\" WHERE time = 9");
  SQL_IS(kit.session, "SELECT count(*) FROM \"shop.events\"", "1\n");
  SQL_OK(kit.session, "DELETE FROM \"shop.events\"");
  CQL_IS(kit.session, "SELECT count(*) FROM shop.events", "0\n");
  kit_close(&kit);
}
END_TEST

START_TEST(static_columns_are_the_partitions) {
  session_kit kit;
  open_events(&kit);
  SQL_OK(kit.session, "INSERT INTO \"shop.events\"(user, day, owner) VALUES (1, 'd', 'ann')");
  SQL_IS(kit.session, "SELECT user, day, time, seq, owner FROM \"shop.events\"", "1|d|NULL|NULL|ann\n");
  SQL_FAILS_WITH(kit.session, "INSERT INTO \"shop.events\"(user, day, owner, page) VALUES (2, 'd', 'ann', 'p')",
                 MEDLEY_CONSTRAINT, "which page is not");
  SQL_OK(kit.session, "INSERT INTO \"shop.events\"(user, day, time, seq) VALUES (1, 'd', 1, 1), (1, 'd', 2, 1)");
  SQL_IS(kit.session, "SELECT time, owner FROM \"shop.events\"", "2|ann\n1|ann\n");
  SQL_OK(kit.session, "REPLACE INTO \"shop.events\"(user, day, time, seq, page) VALUES (1, 'd', 1, 1, 'p')");
  SQL_OK(kit.session, "UPDATE \"shop.events\" SET owner = 'bob' WHERE time = 1");
  SQL_IS(kit.session, "SELECT time, owner FROM \"shop.events\"", "2|bob\n1|bob\n");
  SQL_OK(kit.session, "DELETE FROM \"shop.events\" WHERE time > 0");
  SQL_IS(kit.session, "SELECT time, owner FROM \"shop.events\" WHERE user = 1 AND day = 'd'", "NULL|bob\n");
  SQL_IS(kit.session, "SELECT count(*) FROM \"shop.events\" WHERE user = 1 AND day = 'd' AND time > 0", "0\n");
  SQL_OK(kit.session, "DELETE FROM \"shop.events\"");
  SQL_IS(kit.session, "SELECT count(*) FROM \"shop.events\"", "0\n");
  kit_close(&kit);
}
END_TEST

START_TEST(counters_count_and_views_only_read) {
  session_kit kit;
  open_shop(&kit);
  cql(kit.session, "CREATE TABLE shop.hits (page text PRIMARY KEY, n counter)");
  cql(kit.session, "UPDATE shop.hits SET n = n + 5 WHERE page = 'a'");
  SQL_OK(kit.session, "UPDATE \"shop.hits\" SET n = n + 2 WHERE page = 'a'; INSERT INTO \"shop.hits\" VALUES ('b', 3)");
  SQL_OK(kit.session, "REPLACE INTO \"shop.hits\" VALUES ('b', 4)");
  CQL_IS(kit.session, "SELECT n FROM shop.hits WHERE page = 'a'", "7\n");
  CQL_IS(kit.session, "SELECT n FROM shop.hits WHERE page = 'b'", "4\n");
  SQL_FAILS(kit.session, "UPDATE \"shop.hits\" SET n = NULL", MEDLEY_CONSTRAINT);
  SQL_FAILS_WITH(kit.session, "INSERT INTO \"shop.hits\"(page) VALUES ('c')", MEDLEY_CONSTRAINT, "at least one value");
  cql(kit.session, "CREATE TABLE shop.t (a int PRIMARY KEY, b int)");
  cql(kit.session,
      "CREATE MATERIALIZED VIEW shop.by_b AS SELECT * FROM shop.t WHERE b IS NOT NULL AND a IS NOT NULL PRIMARY KEY "
      "(b, a)");
  SQL_OK(kit.session, "INSERT INTO \"shop.t\" VALUES (1, 10), (2, 20), (3, NULL)");
  SQL_IS(kit.session, "SELECT b, a FROM \"shop.by_b\" WHERE b = 20", "20|2\n");
  SQL_FAILS_WITH(kit.session, "DELETE FROM \"shop.by_b\"", MEDLEY_READ_ONLY, "shop.by_b: a materialized view");
  kit_close(&kit);
}
END_TEST

START_TEST(times_are_hidden_columns) {
  session_kit kit;
  open_events(&kit);
  SQL_OK(kit.session, "INSERT INTO \"shop.events\"(user, day, time, seq, page, _ttl) VALUES (1, 'd', 1, 1, 'p', 60)");
  SQL_OK(kit.session,
         "INSERT INTO \"shop.events\"(user, day, time, seq, page, _writetime) VALUES (1, 'd', 2, 1, 'q', 1000)");
  SQL_IS(kit.session,
         "SELECT time, _ttl BETWEEN 58 AND 60, _writetime > 1700000000000000 FROM \"shop.events\" WHERE user = 1 AND "
         "day = 'd' AND time = 1",
         "1|1|1\n");
  SQL_IS(kit.session, "SELECT time, _ttl, _writetime FROM \"shop.events\" WHERE time = 2", "2|NULL|1000\n");
  SQL_OK(kit.session, "UPDATE \"shop.events\" SET page = 'older', _writetime = 999 WHERE time = 2");
  SQL_IS(kit.session, "SELECT page FROM \"shop.events\" WHERE time = 2", "q\n"); /* the younger write stays */
  SQL_OK(kit.session, "UPDATE \"shop.events\" SET page = 'younger' WHERE time = 2");
  SQL_IS(kit.session, "SELECT page FROM \"shop.events\" WHERE time = 2", "younger\n");
  SQL_OK(kit.session, "CREATE TABLE u(t, p); INSERT INTO u VALUES (2, 'from')");
  SQL_OK(kit.session, "UPDATE \"shop.events\" SET page = p FROM u WHERE time = t");
  SQL_IS(kit.session, "SELECT page, _ttl FROM \"shop.events\" WHERE time = 2", "from|NULL\n");
  SQL_OK(kit.session, "UPDATE \"shop.events\" SET page = page, _ttl = 100 WHERE time = 2");
  kit_rows ttl = {0};
  ck_assert_int_eq(
      kit_run(kit.session, MEDLEY_LANGUAGE_CQL,
              "SELECT ttl(page) FROM shop.events WHERE user = 1 AND day = 'd' AND time = 2 AND seq = 1", &ttl),
      MEDLEY_OK);
  ck_assert_msg(atoi(ttl.text) >= 98 && atoi(ttl.text) <= 100, "%s", ttl.text);
  SQL_OK(kit.session, "UPDATE \"shop.events\" SET page = 'from' WHERE time = 2"); /* written, if with the same value */
  CQL_IS(kit.session, "SELECT ttl(page) FROM shop.events WHERE user = 1 AND day = 'd' AND time = 2 AND seq = 1",
         "NULL\n");
  SQL_FAILS_WITH(kit.session, "UPDATE \"shop.events\" SET _ttl = 100", MEDLEY_CONSTRAINT,
                 "_ttl and _writetime are those of the columns that an UPDATE sets: it sets none");
  SQL_FAILS(kit.session, "INSERT INTO \"shop.events\"(user, day, time, seq, _ttl) VALUES (1, 'd', 3, 1, -1)",
            MEDLEY_CONSTRAINT);
  SQL_FAILS(kit.session, "INSERT INTO \"shop.events\"(user, day, time, seq, _ttl) VALUES (1, 'd', 3, 1, 'x')",
            MEDLEY_TYPE);
  SQL_IS(kit.session, "SELECT name FROM pragma_table_xinfo('shop.events') WHERE hidden > 0", "_ttl\n_writetime\n");
  kit_close(&kit);
}
END_TEST

START_TEST(statements_and_savepoints_take_rows_back) {
  session_kit kit;
  open_shop(&kit);
  cql(kit.session, "CREATE TABLE shop.t (a int PRIMARY KEY, b int)");
  SQL_OK(kit.session,
         "CREATE TABLE s(a UNIQUE); INSERT INTO s VALUES (1); BEGIN; INSERT INTO \"shop.t\" VALUES (1, 1)");
  SQL_OK(kit.session, "SAVEPOINT p; INSERT INTO \"shop.t\" VALUES (2, 2)");
  cql(kit.session, "INSERT INTO shop.t (a, b) VALUES (3, 3)");
  SQL_IS(kit.session, "SELECT group_concat(a) FROM (SELECT a FROM \"shop.t\" ORDER BY a)", "1,2,3\n");
  SQL_OK(kit.session, "ROLLBACK TO p; RELEASE p");
  SQL_OK(kit.session, "CREATE TRIGGER follow AFTER INSERT ON s BEGIN INSERT INTO \"shop.t\" VALUES (new.a, 0); END");
  SQL_FAILS(kit.session, "INSERT INTO s VALUES (5), (1)", MEDLEY_CONSTRAINT);
  SQL_FAILS(kit.session, "INSERT INTO \"shop.t\" VALUES (6, 1), (7, 1), (1, 1)", MEDLEY_CONSTRAINT);
  SQL_IS(kit.session, "SELECT a, b FROM \"shop.t\"", "1|1\n");
  SQL_OK(kit.session, "INSERT INTO s VALUES (8); COMMIT");
  CQL_IS(kit.session, "SELECT b FROM shop.t WHERE a = 8", "0\n");
  SQL_OK(kit.session, "BEGIN; DELETE FROM \"shop.t\"; ROLLBACK");
  SQL_IS(kit.session, "SELECT count(*) FROM \"shop.t\"", "2\n");
  kit_close(&kit);
}
END_TEST

START_TEST(a_row_that_a_view_cannot_have_is_not_left_behind) {
  session_kit kit;
  open_shop(&kit);
  cql(kit.session, "CREATE TABLE shop.t (a int PRIMARY KEY, b text)");
  cql(kit.session,
      "CREATE MATERIALIZED VIEW shop.v AS SELECT * FROM shop.t WHERE a IS NOT NULL AND b IS NOT NULL PRIMARY KEY (a, "
      "b)");
  SQL_OK(kit.session, "BEGIN; INSERT INTO \"shop.t\" VALUES (1, 'short')");
  /* one row: SQLite takes no savepoint around the statement */
  SQL_FAILS(kit.session, "INSERT INTO \"shop.t\" VALUES (2, printf('%0400d', 1))", MEDLEY_TOO_BIG);
  SQL_FAILS(kit.session, "UPDATE \"shop.t\" SET b = printf('%0400d', 1) WHERE a = 1", MEDLEY_TOO_BIG);
  SQL_OK(kit.session, "COMMIT");
  SQL_IS(kit.session, "SELECT * FROM \"shop.t\"", "1|short\n");
  SQL_IS(kit.session, "SELECT * FROM \"shop.v\"", "1|short\n");
  kit_close(&kit);
}
END_TEST

START_TEST(definitions_may_change_under_a_prepared_statement) {
  session_kit kit;
  medley_session *other;
  medley_statement *read, *write;
  medley_error error = {0};
  open_shop(&kit);
  cql(kit.session, "CREATE TABLE shop.t (a int PRIMARY KEY, b int)");
  ck_assert_int_eq(medley_session_open(kit.db, &other, &error), MEDLEY_OK);
  ck_assert_int_eq(
      medley_prepare(other, MEDLEY_LANGUAGE_SQL, "SELECT * FROM \"shop.t\"", MEDLEY_NUL_ENDED, &read, NULL), MEDLEY_OK);
  ck_assert_int_eq(medley_prepare(other, MEDLEY_LANGUAGE_SQL, "INSERT INTO \"shop.t\"(a, b) VALUES (?, 7)",
                                  MEDLEY_NUL_ENDED, &write, NULL),
                   MEDLEY_OK);
  ck_assert_int_eq(medley_bind_integer(write, 1, 1), MEDLEY_OK);
  ck_assert_int_eq(medley_step(write), MEDLEY_DONE);
  cql(kit.session, "ALTER TABLE shop.t ADD a2 text");
  ck_assert_int_eq(medley_reset(write), MEDLEY_OK);
  ck_assert_int_eq(medley_bind_integer(write, 1, 2), MEDLEY_OK);
  ck_assert_msg(medley_step(write) == MEDLEY_DONE, "%s", medley_session_error(other)->message);
  ck_assert_msg(medley_step(read) == MEDLEY_ROW, "%s", medley_session_error(other)->message);
  ck_assert_int_eq(medley_column_count(read), 3);
  ck_assert_str_eq(medley_column_name(read, 1), "a2");
  ck_assert_int_eq(medley_column_integer(read, 2), 7);
  /* a statement under way keeps its definition */
  cql(kit.session, "ALTER TABLE shop.t DROP a2");
  ck_assert_int_eq(medley_step(read), MEDLEY_ROW);
  ck_assert_int_eq(medley_step(read), MEDLEY_DONE);
  cql(kit.session, "DROP TABLE shop.t");
  ck_assert_int_eq(medley_reset(read), MEDLEY_OK);
  ck_assert_int_eq(medley_step(read), MEDLEY_ERROR);
  ck_assert_str_eq(medley_session_error(other)->message, "no such table: shop.t");
  ck_assert_int_eq(medley_reset(write), MEDLEY_OK);
  ck_assert_int_eq(medley_step(write), MEDLEY_ERROR);
  ck_assert_str_eq(medley_session_error(other)->message, "no such table: shop.t");
  /* another table of that name: its key is another one */
  cql(kit.session, "CREATE TABLE shop.t (x int, a int, b int, PRIMARY KEY (x, a))");
  ck_assert_int_eq(medley_reset(write), MEDLEY_OK);
  ck_assert_msg(medley_step(write) == MEDLEY_CONSTRAINT, "%s", medley_session_error(other)->message);
  medley_statement_close(read);
  medley_statement_close(write);
  ck_assert_int_eq(medley_session_close(other), MEDLEY_OK);
  kit_close(&kit);
}
END_TEST

START_TEST(a_view_of_sql_has_the_columns_that_its_table_has_now) {
  session_kit kit;
  medley_statement *prepared;
  open_shop(&kit);
  cql(kit.session, "CREATE TABLE shop.t (a int PRIMARY KEY, b int)");
  SQL_OK(kit.session, "INSERT INTO \"shop.t\" VALUES (1, 2); CREATE VIEW seen AS SELECT * FROM \"shop.t\"");
  SQL_IS(kit.session, "SELECT * FROM seen", "1|2\n");
  ck_assert_int_eq(
      medley_prepare(kit.session, MEDLEY_LANGUAGE_SQL, "SELECT * FROM seen", MEDLEY_NUL_ENDED, &prepared, NULL),
      MEDLEY_OK);
  cql(kit.session, "ALTER TABLE shop.t ADD c int");
  SQL_OK(kit.session, "CREATE TEMP TABLE kept(x); INSERT INTO kept VALUES (5)");
  SQL_IS(kit.session, "SELECT * FROM seen", "1|2|NULL\n");
  ck_assert_msg(medley_step(prepared) == MEDLEY_ROW, "%s", medley_session_error(kit.session)->message);
  medley_statement_close(prepared);
  SQL_OK(kit.session, "UPDATE \"shop.t\" SET c = 3");
  cql(kit.session, "ALTER TABLE shop.t DROP b");
  SQL_IS(kit.session, "SELECT * FROM seen, kept", "1|3|5\n");
  SQL_FAILS(kit.session, "SELECT b FROM seen", MEDLEY_ERROR);
  SQL_OK(kit.session, "BEGIN; CREATE TABLE mine(x)");
  cql(kit.session, "ALTER TABLE shop.t ADD d int");
  SQL_IS(kit.session, "SELECT * FROM seen", "1|3|NULL\n");
  SQL_OK(kit.session, "ROLLBACK");
  SQL_IS(kit.session, "SELECT * FROM seen", "1|3\n");
  SQL_FAILS_WITH(kit.session, "SELECT * FROM mine", MEDLEY_ERROR, "no such table: mine");
  kit_close(&kit);
}
END_TEST

START_TEST(a_definition_is_seen_and_unseen_with_its_transaction) {
  session_kit kit;
  open_shop(&kit);
  SQL_OK(kit.session, "BEGIN");
  cql(kit.session, "CREATE TABLE shop.t (a int PRIMARY KEY, b int)");
  SQL_OK(kit.session, "INSERT INTO \"shop.t\" VALUES (1, 2)");
  SQL_IS(kit.session, "SELECT * FROM \"shop.t\"", "1|2\n");
  SQL_FAILS_WITH(kit.session, "SELECT * FROM shop.t", MEDLEY_ERROR,
                 "no such table: shop.t (write \"shop.t\" in double quotes)");
  SQL_OK(kit.session, "ROLLBACK");
  SQL_FAILS_WITH(kit.session, "SELECT * FROM \"shop.t\"", MEDLEY_ERROR, "no such table: shop.t");
  cql(kit.session, "CREATE TABLE shop.t (a int PRIMARY KEY, b int)");
  SQL_OK(kit.session, "CREATE VIEW t AS SELECT a, b FROM \"shop.t\"; INSERT INTO \"shop.t\" VALUES (3, 4)");
  PLAN_IS(kit.session, "SELECT * FROM t WHERE a = 3", "shop.t a=");
  cql(kit.session, "DROP TABLE shop.t");
  SQL_FAILS_WITH(kit.session, "SELECT * FROM t", MEDLEY_ERROR, "no such table: main.shop.t");
  /* a table of SQL's own of that very name is the one that is meant */
  cql(kit.session, "CREATE TABLE shop.t (a int PRIMARY KEY, b int)");
  SQL_OK(kit.session, "CREATE TABLE \"shop.t\"(own); INSERT INTO \"shop.t\" VALUES ('mine')");
  SQL_IS(kit.session, "SELECT * FROM \"shop.t\"", "mine\n");
  kit_close(&kit);
}
END_TEST

START_TEST(names_and_columns_that_sql_cannot_tell_apart_are_an_error_and_no_harm) {
  session_kit kit;
  open_shop(&kit);
  cql(kit.session, "CREATE TABLE shop.\"T\" (a int PRIMARY KEY)");
  cql(kit.session, "CREATE TABLE shop.t (a int PRIMARY KEY, b int)");
  SQL_IS(kit.session, "SELECT count(*) FROM pragma_table_info('shop.t')", "1\n");
  cql(kit.session, "CREATE TABLE shop.c (a int PRIMARY KEY, \"A\" int)");
  SQL_FAILS_WITH(kit.session, "SELECT * FROM \"shop.c\"", MEDLEY_ERROR,
                 "shop.c cannot be a table of SQL: duplicate column name");
  cql(kit.session, "CREATE TABLE shop.q (\"a\"\"b\" int PRIMARY KEY, \"_ttl\" int, \"select\" text)");
  SQL_OK(kit.session, "INSERT INTO \"shop.q\"(\"a\"\"b\", \"_ttl\", \"select\") VALUES (1, 2, 'x')");
  SQL_IS(kit.session, "SELECT * FROM \"shop.q\" WHERE \"a\"\"b\" = 1", "1|2|x\n");
  SQL_FAILS(kit.session, "CREATE VIRTUAL TABLE x USING \"shop.q\"", MEDLEY_ERROR);
  kit_close(&kit);
}
END_TEST

PROPERTY_MAIN("wide_tables", every_type_has_a_value_of_sql_and_takes_it_back,
              values_are_taken_with_the_affinity_of_their_columns, joins_and_queries_come_with_keys,
              a_plan_finds_what_a_scan_of_a_stock_table_finds, an_index_finds_its_rows_and_no_others,
              writes_follow_the_conflict_clause, static_columns_are_the_partitions, counters_count_and_views_only_read,
              times_are_hidden_columns, statements_and_savepoints_take_rows_back,
              a_row_that_a_view_cannot_have_is_not_left_behind, definitions_may_change_under_a_prepared_statement,
              a_view_of_sql_has_the_columns_that_its_table_has_now,
              a_definition_is_seen_and_unseen_with_its_transaction,
              names_and_columns_that_sql_cannot_tell_apart_are_an_error_and_no_harm)
