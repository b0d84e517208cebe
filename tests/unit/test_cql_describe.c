/* test_cql_describe.c - what DESCRIBE SCHEMA answers makes the same schema again, whatever names and values it has. */
#include "storage/memory.h"
#include "tests/unit/session_kit.h"

#define LONG_NAME                                                                                       \
  "a_name_of_a_column_that_is_longer_than_what_a_table_may_be_called_and_than_what_is_left_to_an_index" \
  "_that_gets_its_name_from_it_because_its_author_gave_it_none_however_long_that_author_has_thought_about_it_all"

static const char *const schema[] = {
    "CREATE KEYSPACE \"Odd\" WITH replication = {'class': 'it''s', 'dc1': 3, 'x': -1.5e3, 'y': true} AND "
    "durable_writes = "
    "false",
    "CREATE KEYSPACE select_ WITH replication = {'class': 'SimpleStrategy'}",
    "ALTER KEYSPACE select_ WITH durable_writes = true",
    "USE \"Odd\"",
    "CREATE TYPE z (\"a \"\"quoted\"\" field\" int, \"select\" text)",
    "CREATE TYPE \"table\" (\"_x\" int, \"true\" frozen<set<int>>)",
    "CREATE TYPE \"int\" (\"NaN\" frozen<\"table\">)",
    "CREATE TYPE \"M\" (h frozen<\"table\">, i frozen<\"Odd\".\"int\">, f frozen<z>, g frozen<list<frozen<z>>>)",
    "CREATE TYPE a (m frozen<\"M\">, \"É\" map<text, frozen<z>>)",
    "ALTER TYPE z RENAME \"select\" TO \"from\"",
    "ALTER TYPE z ADD \"9\" duration",
    "CREATE TABLE \"Table\" (\"select\" int, \"Mixed Case\" text, \"É\" timestamp, s frozen<a> STATIC, v int, w "
    "set<text>, "
    "x map<text, int>, y frozen<list<int>>, t tuple<int, frozen<z>>, " LONG_NAME
    " int, PRIMARY KEY ((\"select\", "
    "\"Mixed Case\"), \"É\", v)) WITH CLUSTERING ORDER BY (\"É\" DESC, v ASC) AND comment = 'it''s\nso' AND caching = "
    "{} AND "
    "compaction = {'class': 'x', 'n': 0xff, 'u': 00000000-0000-0000-0000-000000000001} AND default_time_to_live = 60 "
    "AND "
    "speculative_retry = always AND segment_rows = 100",
    "CREATE INDEX ON \"Table\" (\"Mixed Case\")",
    "CREATE INDEX ON \"Table\" (\"É\")",
    "CREATE INDEX ON \"Table\" (" LONG_NAME ")",
    "CREATE INDEX ON \"Table\" (KEYS(x))",
    "CREATE INDEX ON \"Table\" (ENTRIES(x))",
    "CREATE INDEX ON \"Table\" (x)",
    "CREATE INDEX ON \"Table\" (w)",
    "CREATE INDEX \"I\" ON \"Table\" (FULL(y))",
    "CREATE TABLE base (p int, c text, n decimal, b blob, u uuid, d timestamp, z boolean, PRIMARY KEY (p, c))",
    "CREATE MATERIALIZED VIEW \"View\" AS SELECT * FROM base WHERE p IS NOT NULL AND c IS NOT NULL AND c > 'it''s' AND "
    "n = "
    "-1.50 AND b >= 0x00 AND u = 00000000-0000-0000-0000-000000000001 AND d < '2020-01-01' AND z = true PRIMARY KEY "
    "(c, p) WITH CLUSTERING ORDER BY (p DESC) AND comment = 'a view'",
    "CREATE MATERIALIZED VIEW some AS SELECT n, u FROM base WHERE p > -5 AND c IS NOT NULL AND n IS NOT NULL PRIMARY "
    "KEY "
    "((n, p), c)",
    "ALTER TABLE base ADD \"later \"\" one\" int",
    "ALTER TABLE base RENAME p TO \"P\" AND c TO \"key\"",
    "CREATE TABLE kinds (p int PRIMARY KEY, a ascii, b bigint, c double, d float, e inet, f smallint, g time, h "
    "timeuuid, i "
    "tinyint, j varint, k date, l frozen<list<text>>, m frozen<map<text, date>>, n frozen<set<inet>>, o frozen<z>, q "
    "frozen<tuple<text, frozen<z>, timestamp>>, s frozen<\"int\">)",
    "CREATE MATERIALIZED VIEW of_kinds AS SELECT * FROM kinds WHERE p IS NOT NULL AND a = 'x''y' AND b > "
    "-9223372036854775808 "
    "AND c = NaN AND d = -Infinity AND e = '::1' AND f = 1 AND g = '01:02:03.000000004' AND h = "
    "00000000-0000-1000-8000-000000000001 AND i = -128 AND j = 123456789012345678901234567890 AND k = '2020-02-29' AND "
    "l = "
    "['a''b', ''] AND m = {'k''': '1970-01-01'} AND n = {'1.2.3.4'} AND o = {\"a \"\"quoted\"\" field\": 5, \"from\": "
    "'it''s', \"9\": 1mo2d3ns} AND q = ('t', {\"from\": 'x'}, '2020-01-01 00:00:00.123+0000') AND s = {\"NaN\": "
    "{\"_x\": 1, \"true\": {1, 2}}} PRIMARY KEY (p)",
    "CREATE TABLE hits (p int PRIMARY KEY, n counter)",
};

typedef struct described {
  med_buffer all;
  medley_session *again; /* runs each statement; or NULL */
} described;

static int on_row(void *context, medley_statement *statement) {
  described *to = context;
  const char *text = medley_column_text(statement, 3);
  ck_assert(med_buffer_printf(&to->all, "%s %s %s\n%s\n", medley_column_text(statement, 0),
                              medley_column_text(statement, 1), medley_column_text(statement, 2), text));
  if (to->again != NULL) kit_exec(to->again, MEDLEY_LANGUAGE_CQL, text);
  return 0;
}

static void describe(medley_session *session, described *to) {
  ck_assert_int_eq(medley_exec(session, MEDLEY_LANGUAGE_CQL, "DESCRIBE SCHEMA", MEDLEY_NUL_ENDED, on_row, to),
                   MEDLEY_OK);
}

START_TEST(a_described_schema_makes_itself_again) {
  session_kit from, into;
  kit_open(&from);
  kit_open(&into);
  for (size_t i = 0; i < sizeof schema / sizeof schema[0]; i++) kit_exec(from.session, MEDLEY_LANGUAGE_CQL, schema[i]);
  described first = {.again = into.session}, second = {0};
  describe(from.session, &first);
  describe(into.session, &second);
  ck_assert_uint_gt(first.all.len, 2000);
  ck_assert_str_eq((const char *)first.all.bytes, (const char *)second.all.bytes);
  ck_assert_ptr_nonnull(strstr((const char *)first.all.bytes, "CREATE INDEX \"Table_MixedCase_idx\" ON"));
  ck_assert_ptr_nonnull(strstr((const char *)first.all.bytes, "CREATE INDEX \"Table__idx\" ON"));
  med_buffer_clear(&first.all);
  med_buffer_clear(&second.all);
  kit_close(&from);
  kit_close(&into);
}
END_TEST

static void insert_for(medley_session *session, const char *cql, int ttl) {
  medley_statement *statement;
  ck_assert_int_eq(medley_prepare(session, MEDLEY_LANGUAGE_CQL, cql, MEDLEY_NUL_ENDED, &statement, NULL), MEDLEY_OK);
  ck_assert_int_eq(ttl < 0 ? medley_bind_null(statement, 1) : medley_bind_integer(statement, 1, ttl), MEDLEY_OK);
  ck_assert_int_eq(medley_step(statement), MEDLEY_DONE);
  medley_statement_close(statement);
}

START_TEST(a_time_to_live_of_null_is_none_whatever_the_table_says) {
  session_kit kit;
  kit_rows rows;
  kit_open(&kit);
  kit_exec(kit.session, MEDLEY_LANGUAGE_CQL, "CREATE KEYSPACE k WITH replication = {'class': 'SimpleStrategy'}");
  kit_exec(kit.session, MEDLEY_LANGUAGE_CQL,
           "CREATE TABLE k.t (p int PRIMARY KEY, v int) WITH default_time_to_live = 1000");
  insert_for(kit.session, "INSERT INTO k.t (p, v) VALUES (1, 1) USING TTL ?", -1);
  insert_for(kit.session, "INSERT INTO k.t (p, v) VALUES (2, 2) USING TTL ?", 0);
  insert_for(kit.session, "UPDATE k.t USING TTL ? SET v = 3 WHERE p = 3", -1);
  ck_assert_int_eq(kit_run(kit.session, MEDLEY_LANGUAGE_CQL, "SELECT p, ttl(v) FROM k.t", &rows), MEDLEY_OK);
  ck_assert_str_eq(rows.text, "1|NULL\n2|NULL\n3|NULL\n");
  kit_close(&kit);
}
END_TEST

PROPERTY_MAIN("cql_describe", a_described_schema_makes_itself_again,
              a_time_to_live_of_null_is_none_whatever_the_table_says)
