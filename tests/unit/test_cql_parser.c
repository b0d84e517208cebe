/* test_cql_parser.c - CQL's grammar: what a statement's parts become, and what is refused where. */
#include "tests/unit/cql_kit.h"

/* ---- Terms ---- */

static void expect_text(med_buffer *found, const char *expected, const char *text) {
  ck_assert(med_buffer_append_byte(found, 0));
  ck_assert_msg(strcmp(found->bytes, expected) == 0, "%s: %s instead of %s", text, found->bytes, expected);
  med_buffer_clear(found);
}

/* A term where no column may stand. */
static void term(const char *text, const char *expected) {
  char statement[1024];
  cql_parsed parsed;
  med_buffer found = {0};
  snprintf(statement, sizeof statement, "INSERT INTO t (a) VALUES (%s)", text);
  cql_parse(&parsed, statement);
  cql_add_term(&found, parsed.statement->as.insert.values[0]);
  expect_text(&found, expected, text);
  cql_clear(&parsed);
}

static void selector(const char *text, const char *expected) {
  char statement[1024];
  cql_parsed parsed;
  med_buffer found = {0};
  snprintf(statement, sizeof statement, "SELECT %s FROM t", text);
  cql_parse(&parsed, statement);
  ck_assert_uint_eq(parsed.statement->as.select.selector_count, 1);
  ck_assert_slice_eq(parsed.statement->as.select.selectors[0].text, text);
  cql_add_term(&found, parsed.statement->as.select.selectors[0].term);
  expect_text(&found, expected, text);
  cql_clear(&parsed);
}

START_TEST(literals_keep_their_text) {
  term("NULL", "null NULL");
  term("True", "boolean true");
  term("-12", "int -12");
  term("1.5e3", "real 1.5e3");
  term("-nan", "real -nan");
  term("Infinity", "real Infinity");
  term("'it''s'", "string it's");
  term("$$it's$$", "string it's");
  term("''", "string");
  term("0xCAFE", "blob CAFE");
  term("123e4567-e89b-12d3-a456-426655440000", "uuid 123e4567-e89b-12d3-a456-426655440000");
  term("-1h30m", "duration -1h30m");
  term("P1DT2H", "duration P1DT2H");
}
END_TEST

START_TEST(collections_nest) {
  term("[]", "list");
  term("[1, [2]]", "list(int 1, list(int 2))");
  term("{}", "set");
  term("{1, 2}", "set(int 1, int 2)");
  term("{'a': 1, 'b': {}}", "map(string a, int 1, string b, set)");
  term("{street: 'x', \"Zip\": 1}", "fields(street: string x, Zip: int 1)");
  term("{f(1): 2}", "map(call f(int 1), int 2)");
  term("(1, 'a')", "tuple(int 1, string a)");
  term("((1))", "tuple(tuple(int 1))");
}
END_TEST

START_TEST(calls_casts_and_hints) {
  term("now()", "call now");
  term("ks.\"F\"(1, ?)", "call ks.F(int 1, ?1)");
  term("token(1)", "call token(int 1)");
  term("CAST(1 AS text)", "cast text(int 1)");
  term("(int) 1", "hint int(int 1)");
  term("(int) -1", "hint int(int -1)");
  term("(map<text, frozen<list<int>>>) {}", "hint map<text, frozen<list<int>>>(set)");
  term("(list<int>)[1]", "hint list<int>(list(int 1))");
  term("(ks.point) (1, 2)", "hint ks.point(tuple(int 1, int 2))");
  term("(text) ?", "hint text(?1)");
  term("(text) f(1)", "hint text(call f(int 1))");
}
END_TEST

START_TEST(arithmetic_has_precedence_and_goes_from_the_left) {
  term("1 + 2 * 3", "+(int 1, *(int 2, int 3))");
  term("1 - 2 - 3", "-(-(int 1, int 2), int 3)");
  term("(1 + 2) % 3", "%(tuple(+(int 1, int 2)), int 3)");
  term("1-2", "-(int 1, int 2)");
  term("1 - -2", "-(int 1, int -2)");
  term("- (1)", "negate(tuple(int 1))");
  term("-?", "negate(?1)");
  term("6 / 2 / 3", "/(/(int 6, int 2), int 3)");
}
END_TEST

START_TEST(selectors_know_columns) {
  selector("a", "column a");
  selector("\"A b\"", "column A b");
  selector("a-1", "-(column a, int 1)");
  selector("count(*)", "call count(*)");
  selector("count(1)", "call count(int 1)");
  selector("max(a + b)", "call max(+(column a, column b))");
  selector("writetime(a)", "call writetime(column a)");
  selector("ttl(a)", "call ttl(column a)");
  selector("ttl", "column ttl");
  selector("a.b.c", "field c(field b(column a))");
  selector("m['k']", "element(column m, string k)");
  selector("m['a'..'c']", "slice(column m, string a, string c)");
  selector("m[..?]", "slice(column m, none, ?1)");
  selector("m[1..]", "slice(column m, int 1, none)");
  selector("CAST(a AS int)", "cast int(column a)");
  selector("(a, 1)", "tuple(column a, int 1)");
  selector("(a) - 1", "-(tuple(column a), int 1)");
  selector("(int) a", "hint int(column a)");
  selector("(a)", "tuple(column a)");
  selector("ks.f(a)", "call ks.f(column a)");
  selector("[a, b]", "list(column a, column b)");
  selector("token(a, b)", "call token(column a, column b)");
}
END_TEST

START_TEST(a_column_is_no_value) {
  cql_refused("INSERT INTO t (a) VALUES (b)", MEDLEY_SYNTAX, 1, 27,
              "cql: syntax error: unexpected 'b', expected a value");
  cql_refused("SELECT * FROM t WHERE a = b", MEDLEY_SYNTAX, 1, 27,
              "cql: syntax error: unexpected 'b', expected a value");
}
END_TEST

/* ---- Markers ---- */

START_TEST(markers_of_one_name_are_one_parameter) {
  cql_parsed parsed;
  med_buffer found = {0};
  cql_parse(&parsed, "INSERT INTO t (a) VALUES ([?, :Name, ?, : name, $x, @x, ?7, ?7, :\"Name\"])");
  cql_add_term(&found, parsed.statement->as.insert.values[0]);
  expect_text(&found, "list(?1, ?2, ?3, ?2, ?4, ?5, ?6, ?6, ?7)", "markers");
  ck_assert_uint_eq(parsed.markers.count, 7);
  ck_assert(parsed.markers.names[0].bytes == NULL && parsed.markers.names[2].bytes == NULL);
  ck_assert_slice_eq(parsed.markers.names[1], ":name");
  ck_assert_slice_eq(parsed.markers.names[3], "$x");
  ck_assert_slice_eq(parsed.markers.names[5], "?7");
  ck_assert_slice_eq(parsed.markers.names[6], ":Name");
  cql_clear(&parsed);
}
END_TEST

/* ---- SELECT ---- */

START_TEST(markers_keep_their_numbers_however_many_there_are) {
  enum { MANY = 20000 };
  med_buffer text = {0};
  cql_parsed parsed;
  cql_add_text(&text, "SELECT * FROM t WHERE a IN (?");
  for (int round = 0; round < 2; round++) {
    for (int i = 0; i < MANY; i++) ck_assert(med_buffer_printf(&text, ", :n%d", round == 0 ? i : MANY - 1 - i));
  }
  cql_add_text(&text, ")");
  cql_parse_bytes(&parsed, med_slice_of(text.bytes, text.len));
  ck_assert_int_eq(parsed.status, MEDLEY_OK);
  ck_assert_uint_eq(parsed.markers.count, MANY + 1);
  const med_cql_relation *relation = &parsed.statement->as.select.where.relations[0];
  ck_assert_uint_eq(relation->value_count, 2 * MANY + 1);
  ck_assert_int_eq(relation->values[0]->parameter, 1);
  for (int i = 0; i < MANY; i++) {
    ck_assert_int_eq(relation->values[1 + i]->parameter, i + 2);
    ck_assert_int_eq(relation->values[2 * MANY - i]->parameter, i + 2);
  }
  cql_clear(&parsed);
  med_buffer_clear(&text);
}
END_TEST

START_TEST(a_select_has_all_of_its_clauses) {
  cql_parsed parsed;
  cql_parse(&parsed,
            "SELECT JSON DISTINCT a AS x, b FROM Ks.\"T\" WHERE a = 1 AND (b, c) > (1, 2) AND token(a) <= token(?) "
            "AND d IN (1, 2) AND e IN () AND f IN ? AND g CONTAINS KEY 'x' AND h CONTAINS 1 AND i LIKE 'a%' "
            "AND j IS NOT NULL AND m['k'] >= 1 AND (k != 2) AND (l, n) IN ((1, 2), ?) "
            "GROUP BY a, b ORDER BY b DESC, c ASC, d PER PARTITION LIMIT 2 LIMIT :n ALLOW FILTERING;");
  const med_cql_select *select = &parsed.statement->as.select;
  ck_assert_int_eq(parsed.statement->kind, MED_CQL_SELECT);
  ck_assert(select->json && select->distinct && select->allow_filtering);
  ck_assert_slice_eq(select->table.keyspace, "ks");
  ck_assert_slice_eq(select->table.name, "T");
  ck_assert_slice_eq(select->selectors[0].alias.name, "x");
  ck_assert(select->selectors[1].alias.name.bytes == NULL);
  static const struct {
    med_cql_left_kind left;
    med_cql_operator operation;
    size_t columns, values;
  } wanted[] = {{MED_CQL_LEFT_COLUMN, MED_CQL_EQUAL, 1, 0},
                {MED_CQL_LEFT_TUPLE, MED_CQL_GREATER, 2, 0},
                {MED_CQL_LEFT_TOKEN, MED_CQL_LESS_OR_EQUAL, 1, 0},
                {MED_CQL_LEFT_COLUMN, MED_CQL_IN, 1, 2},
                {MED_CQL_LEFT_COLUMN, MED_CQL_IN, 1, 0},
                {MED_CQL_LEFT_COLUMN, MED_CQL_IN, 1, 0},
                {MED_CQL_LEFT_COLUMN, MED_CQL_CONTAINS_KEY, 1, 0},
                {MED_CQL_LEFT_COLUMN, MED_CQL_CONTAINS, 1, 0},
                {MED_CQL_LEFT_COLUMN, MED_CQL_LIKE, 1, 0},
                {MED_CQL_LEFT_COLUMN, MED_CQL_IS_NOT_NULL, 1, 0},
                {MED_CQL_LEFT_ELEMENT, MED_CQL_GREATER_OR_EQUAL, 1, 0},
                {MED_CQL_LEFT_COLUMN, MED_CQL_NOT_EQUAL, 1, 0},
                {MED_CQL_LEFT_TUPLE, MED_CQL_IN, 2, 2}};
  ck_assert_uint_eq(select->where.count, sizeof wanted / sizeof *wanted);
  for (size_t i = 0; i < select->where.count; i++) {
    const med_cql_relation *relation = &select->where.relations[i];
    ck_assert_msg(relation->left == wanted[i].left && relation->operation == wanted[i].operation, "relation %zu", i);
    ck_assert_msg(relation->column_count == wanted[i].columns && relation->value_count == wanted[i].values,
                  "relation %zu: %zu columns, %zu values", i, relation->column_count, relation->value_count);
  }
  ck_assert(select->where.relations[4].value == NULL && select->where.relations[5].value->kind == MED_CQL_MARKER);
  ck_assert_uint_eq(select->group_count, 2);
  ck_assert_uint_eq(select->order_count, 3);
  ck_assert(select->order_by[0].descending && !select->order_by[1].descending && !select->order_by[2].descending);
  ck_assert_slice_eq(select->per_partition_limit->text, "2");
  ck_assert_int_eq(select->limit->parameter, 4);
  cql_clear(&parsed);
}
END_TEST

START_TEST(keywords_that_are_not_reserved_are_names) {
  cql_parsed parsed;
  cql_parse(&parsed, "SELECT json, distinct, key AS as, ttl, filtering FROM values WHERE contains CONTAINS 1");
  ck_assert(!parsed.statement->as.select.json && !parsed.statement->as.select.distinct);
  ck_assert_uint_eq(parsed.statement->as.select.selector_count, 5);
  cql_clear(&parsed);
  cql_parse(&parsed, "SELECT json FROM t");
  ck_assert(!parsed.statement->as.select.json);
  cql_clear(&parsed);
  cql_parse(&parsed, "select distinct from t");
  ck_assert(!parsed.statement->as.select.distinct);
  cql_clear(&parsed);
  cql_refused("SELECT select FROM t", MEDLEY_SYNTAX, 1, 8,
              "cql: syntax error: unexpected 'select', expected a column or a value");
}
END_TEST

START_TEST(reserved_keywords_are_no_names) {
  static const char *const reserved[] = {
      "add",     "allow",    "alter",        "and",    "apply",       "asc",      "authorize", "batch",
      "begin",   "by",       "columnfamily", "create", "default",     "delete",   "desc",      "drop",
      "entries", "execute",  "false",        "from",   "full",        "grant",    "if",        "in",
      "index",   "infinity", "insert",       "into",   "is",          "keyspace", "limit",     "materialized",
      "mbean",   "mbeans",   "modify",       "nan",    "norecursive", "not",      "null",      "on",
      "or",      "order",    "primary",      "rename", "replace",     "revoke",   "schema",    "select",
      "set",     "table",    "to",           "token",  "true",        "truncate", "unlogged",  "unset",
      "update",  "use",      "using",        "view",   "where",       "with"};
  static const char *const names[] = {"ad",  "addx",  "key",      "ttl",       "a",  "zz",
                                      "wit", "withx", "contains", "aggregate", "to_"};
  for (size_t i = 0; i < sizeof reserved / sizeof *reserved; i++) {
    char text[64];
    cql_parsed parsed;
    snprintf(text, sizeof text, "USE %s", reserved[i]);
    cql_parse_bytes(&parsed, med_slice_of_text(text));
    ck_assert_msg(parsed.status == MEDLEY_SYNTAX, "%s", text);
    cql_clear(&parsed);
    snprintf(text, sizeof text, "USE \"%s\"", reserved[i]);
    cql_parse(&parsed, text);
    cql_clear(&parsed);
  }
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    char text[64];
    cql_parsed parsed;
    snprintf(text, sizeof text, "USE %s", names[i]);
    cql_parse(&parsed, text);
    cql_clear(&parsed);
  }
}
END_TEST

/* ---- Changes ---- */

START_TEST(an_insert_has_values_or_json) {
  cql_parsed parsed;
  cql_parse(&parsed, "INSERT INTO ks.t (a, \"B\") VALUES (1, ?) IF NOT EXISTS USING TTL 10 AND TIMESTAMP ?");
  const med_cql_insert *insert = &parsed.statement->as.insert;
  ck_assert_uint_eq(insert->count, 2);
  ck_assert_slice_eq(insert->columns[1].name, "B");
  ck_assert(insert->if_not_exists && insert->json == NULL);
  ck_assert_slice_eq(insert->using.ttl->text, "10");
  ck_assert_int_eq(insert->using.timestamp->parameter, 2);
  cql_clear(&parsed);
  cql_parse(&parsed, "INSERT INTO t JSON '{}' DEFAULT UNSET");
  ck_assert(parsed.statement->as.insert.default_unset && parsed.statement->as.insert.count == 0);
  ck_assert_slice_eq(parsed.statement->as.insert.json->text, "{}");
  cql_clear(&parsed);
  cql_parse(&parsed, "INSERT INTO t JSON :j DEFAULT NULL");
  ck_assert(!parsed.statement->as.insert.default_unset && parsed.statement->as.insert.json->kind == MED_CQL_MARKER);
  cql_clear(&parsed);
  cql_refused("INSERT INTO t (a, b) VALUES (1)", MEDLEY_ERROR, 1, 15, "cql: Unmatched column names/values");
  cql_refused("INSERT INTO t (a) VALUES (1) USING TTL 1 AND TTL 2", MEDLEY_SYNTAX, 1, 46,
              "cql: syntax error: USING TTL is written twice");
}
END_TEST

static void assignment(const char *text, med_cql_assignment_kind kind, const char *value) {
  char statement[256];
  cql_parsed parsed;
  med_buffer found = {0};
  snprintf(statement, sizeof statement, "UPDATE t SET %s WHERE k = 1", text);
  cql_parse(&parsed, statement);
  ck_assert_uint_eq(parsed.statement->as.update.count, 1);
  ck_assert_int_eq(parsed.statement->as.update.assignments[0].kind, kind);
  cql_add_term(&found, parsed.statement->as.update.assignments[0].value);
  expect_text(&found, value, text);
  cql_clear(&parsed);
}

START_TEST(assignments_have_all_their_forms) {
  assignment("a = 1 + 2", MED_CQL_SET_VALUE, "+(int 1, int 2)");
  assignment("a = f(1)", MED_CQL_SET_VALUE, "call f(int 1)");
  assignment("a = a + 1", MED_CQL_ADD, "int 1");
  assignment("a = a +1", MED_CQL_ADD, "int 1");
  assignment("a = a -1", MED_CQL_SUBTRACT, "int 1");
  assignment("a = a - {1}", MED_CQL_SUBTRACT, "set(int 1)");
  assignment("a += [1]", MED_CQL_ADD, "list(int 1)");
  assignment("a -= ?", MED_CQL_SUBTRACT, "?1");
  assignment("a = [1] + a", MED_CQL_PREPEND, "list(int 1)");
  assignment("a = 1 + f(2)", MED_CQL_SET_VALUE, "+(int 1, call f(int 2))");
  assignment("a[1] = 2", MED_CQL_SET_ELEMENT, "int 2");
  assignment("a.b = 2", MED_CQL_SET_FIELD, "int 2");
  cql_refused(
      "UPDATE t SET a = b + 1 WHERE k = 1", MEDLEY_SYNTAX, 1, 18,
      "cql: syntax error: Only expressions of the form X = X + <value>, X = X - <value> and X = <value> + X are "
      "supported");
  cql_refused(
      "UPDATE t SET a = [1] + b WHERE k = 1", MEDLEY_SYNTAX, 1, 24,
      "cql: syntax error: Only expressions of the form X = X + <value>, X = X - <value> and X = <value> + X are "
      "supported");
}
END_TEST

START_TEST(an_update_has_conditions) {
  cql_parsed parsed;
  cql_parse(&parsed,
            "UPDATE t USING TTL ? SET a = 1, b = 2 WHERE k = 1 IF a = 1 AND b[2] IN (1) AND c.d != 3 AND e IN ?");
  const med_cql_update *update = &parsed.statement->as.update;
  ck_assert_uint_eq(update->count, 2);
  ck_assert_int_eq(update->if_kind, MED_CQL_IF_CONDITIONS);
  ck_assert_uint_eq(update->conditions.count, 4);
  ck_assert_int_eq(update->conditions.relations[1].left, MED_CQL_LEFT_ELEMENT);
  ck_assert_int_eq(update->conditions.relations[2].left, MED_CQL_LEFT_FIELD);
  cql_clear(&parsed);
  cql_parse(&parsed, "UPDATE t SET a = 1 WHERE k = 1 IF EXISTS");
  ck_assert_int_eq(parsed.statement->as.update.if_kind, MED_CQL_IF_EXISTS);
  cql_clear(&parsed);
  cql_parse(&parsed, "UPDATE t SET a = 1 WHERE k = 1 IF exists = 2");
  ck_assert_int_eq(parsed.statement->as.update.if_kind, MED_CQL_IF_CONDITIONS);
  cql_clear(&parsed);
}
END_TEST

START_TEST(a_delete_names_cells_or_rows) {
  cql_parsed parsed;
  med_buffer found = {0};
  cql_parse(&parsed, "DELETE a, m['k'], u.f FROM t USING TIMESTAMP 5 WHERE k = 1 IF EXISTS");
  const med_cql_delete *delete = &parsed.statement->as.delete;
  ck_assert_uint_eq(delete->count, 3);
  cql_add_term(&found, delete->targets[1]);
  expect_text(&found, "element(column m, string k)", "target");
  cql_add_term(&found, delete->targets[2]);
  expect_text(&found, "field f(column u)", "target");
  ck_assert_slice_eq(delete->using.timestamp->text, "5");
  ck_assert_int_eq(delete->if_kind, MED_CQL_IF_EXISTS);
  cql_clear(&parsed);
  cql_parse(&parsed, "DELETE FROM t WHERE k = 1");
  ck_assert_uint_eq(parsed.statement->as.delete.count, 0);
  cql_clear(&parsed);
  cql_refused("DELETE FROM t USING TTL 1 WHERE k = 1", MEDLEY_SYNTAX, 1, 21,
              "cql: syntax error: unexpected 'TTL', expected TIMESTAMP");
}
END_TEST

START_TEST(a_batch_holds_statements_to_its_end) {
  cql_parsed parsed;
  const char *text =
      "BEGIN COUNTER BATCH USING TIMESTAMP 1 INSERT INTO t (a) VALUES (?); UPDATE t SET a = ? WHERE b = 1 "
      "DELETE FROM t WHERE a = :x; APPLY BATCH; SELECT";
  cql_parse(&parsed, text);
  const med_cql_batch *batch = &parsed.statement->as.batch;
  ck_assert_int_eq(batch->kind, MED_CQL_BATCH_COUNTER);
  ck_assert_uint_eq(batch->count, 3);
  ck_assert_int_eq(batch->statements[2].kind, MED_CQL_DELETE);
  ck_assert(memcmp(text + batch->statements[2].at, "DELETE", 6) == 0);
  ck_assert_uint_eq(parsed.markers.count, 3);
  ck_assert_str_eq(text + parsed.used, " SELECT");
  cql_clear(&parsed);
  cql_parse(&parsed, "BEGIN BATCH APPLY BATCH");
  ck_assert_uint_eq(parsed.statement->as.batch.count, 0);
  cql_clear(&parsed);
  cql_refused("BEGIN BATCH SELECT * FROM t APPLY BATCH", MEDLEY_SYNTAX, 1, 13,
              "cql: syntax error: unexpected 'SELECT', expected INSERT, UPDATE, DELETE or APPLY BATCH");
}
END_TEST

/* ---- Ends and refusals ---- */

START_TEST(a_statement_ends_at_its_semicolon) {
  cql_parsed parsed;
  static const struct {
    const char *text;
    size_t used;
    bool blank;
  } rows[] = {
      {"USE a; USE b", 6, false}, {"USE a", 5, false}, {"  -- x\n", 7, true}, {"; USE a", 1, true}, {"", 0, true}};
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    cql_parse(&parsed, rows[i].text);
    ck_assert_uint_eq(parsed.used, rows[i].used);
    ck_assert((parsed.statement == NULL) == rows[i].blank);
    cql_clear(&parsed);
  }
}
END_TEST

START_TEST(what_medley_has_not_is_refused_by_name) {
  cql_refused("CREATE ROLE r", MEDLEY_UNSUPPORTED, 1, 1, "cql: CREATE ROLE is not supported");
  cql_refused("  CREATE OR REPLACE FUNCTION f", MEDLEY_UNSUPPORTED, 1, 3, "cql: CREATE FUNCTION is not supported");
  cql_refused("DROP TRIGGER t ON x", MEDLEY_UNSUPPORTED, 1, 1, "cql: DROP TRIGGER is not supported");
  cql_refused("ALTER USER u", MEDLEY_UNSUPPORTED, 1, 1, "cql: ALTER USER is not supported");
  cql_refused("-- x\ngrant SELECT ON t TO u", MEDLEY_UNSUPPORTED, 2, 1, "cql: GRANT is not supported");
  cql_refused("LIST ROLES", MEDLEY_UNSUPPORTED, 1, 1, "cql: LIST is not supported");
  cql_refused("CONSISTENCY ONE", MEDLEY_UNSUPPORTED, 1, 1, "cql: CONSISTENCY, a command of cqlsh, is not supported");
  cql_refused("DESCRIBE CLUSTER", MEDLEY_UNSUPPORTED, 1, 1, "cql: DESCRIBE CLUSTER is not supported");
  cql_refused("DESCRIBE TABLE t WITH INTERNALS", MEDLEY_UNSUPPORTED, 1, 18,
              "cql: DESCRIBE ... WITH INTERNALS is not supported");
  cql_refused("ALTER TABLE t DROP COMPACT STORAGE", MEDLEY_UNSUPPORTED, 1, 20,
              "cql: DROP COMPACT STORAGE is not supported");
  cql_refused("CREATE INDEX ON t (a, b)", MEDLEY_UNSUPPORTED, 1, 21,
              "cql: an index on several columns is not supported");
}
END_TEST

START_TEST(syntax_errors_say_where_and_what_was_expected) {
  cql_refused("SELEC * FROM t", MEDLEY_SYNTAX, 1, 1, "cql: syntax error: unexpected 'SELEC', expected a statement");
  cql_refused("SELECT *\n FORM t", MEDLEY_SYNTAX, 2, 2, "cql: syntax error: unexpected 'FORM', expected FROM");
  cql_refused("SELECT * FROM", MEDLEY_SYNTAX, 1, 14,
              "cql: syntax error: unexpected end of the statement, expected a name");
  cql_refused("SELECT * FROM t WHERE a ~ 1", MEDLEY_SYNTAX, 1, 25,
              "cql: syntax error: a character that CQL does not use: ~");
  cql_refused("INSERT INTO t (a) VALUES ('x)", MEDLEY_SYNTAX, 1, 27, "cql: syntax error: a string is left open: 'x)");
  cql_refused("USE a b", MEDLEY_SYNTAX, 1, 7, "cql: syntax error: unexpected 'b', expected the end of the statement");
  cql_refused("SELECT a[..] FROM t", MEDLEY_SYNTAX, 1, 14,
              "cql: syntax error: unexpected 'FROM', expected a bound of the slice before it");
  cql_refused("SELECT * FROM t LIMIT 'x'", MEDLEY_SYNTAX, 1, 23,
              "cql: syntax error: unexpected ''x'', expected a whole number or a bind marker");
  cql_refused("CREATE VIEW v", MEDLEY_SYNTAX, 1, 8,
              "cql: syntax error: unexpected 'VIEW', expected KEYSPACE, TABLE, TYPE, INDEX or MATERIALIZED VIEW");
}
END_TEST

START_TEST(a_long_token_is_cut_at_a_character) {
  cql_refused(
      "USE a '01234567890123456789012345678901234567\xC3\xBC"
      "789'",
      MEDLEY_SYNTAX, 1, 7,
      "cql: syntax error: unexpected ''01234567890123456789012345678901234567...', expected the end of the "
      "statement");
}
END_TEST

/* `before` n times, `middle`, `after` n times, in the place of a value. */
static int parse_nested(const char *before, const char *middle, const char *after, size_t n) {
  med_buffer text = {0};
  cql_parsed parsed;
  cql_add_text(&text, "INSERT INTO t (a) VALUES (");
  for (size_t i = 0; i < n; i++) cql_add_text(&text, before);
  cql_add_text(&text, middle);
  for (size_t i = 0; i < n; i++) cql_add_text(&text, after);
  cql_add_text(&text, ")");
  cql_parse_bytes(&parsed, med_slice_of(text.bytes, text.len));
  int status = parsed.status;
  if (status == MEDLEY_OK) ck_assert_uint_le(parsed.statement->as.insert.values[0]->height, MED_CQL_DEPTH_MAX);
  cql_clear(&parsed);
  med_buffer_clear(&text);
  return status;
}

START_TEST(nesting_is_bounded_whatever_nests) {
  static const char *const nests[][3] = {
      {"[", "1", "]"},    {"(", "1", ")"},   {"{", "1", "}"},   {"f(", "1", ")"},    {"- ", "f()", ""},
      {"{1: ", "1", "}"}, {"1 + ", "1", ""}, {"", "1", " * 2"}, {"(int) ", "1", ""}, {"CAST(", "1", " AS int)"},
      {"{a: ", "1", "}"}};
  for (size_t i = 0; i < sizeof nests / sizeof *nests; i++) {
    ck_assert_int_eq(parse_nested(nests[i][0], nests[i][1], nests[i][2], MED_CQL_DEPTH_MAX / 2), MEDLEY_OK);
    ck_assert_int_eq(parse_nested(nests[i][0], nests[i][1], nests[i][2], MED_CQL_DEPTH_MAX + 1), MEDLEY_TOO_BIG);
    ck_assert_int_eq(parse_nested(nests[i][0], nests[i][1], nests[i][2], 100000), MEDLEY_TOO_BIG);
  }
  ck_assert_int_eq(parse_nested("(list<", "int", ">) []", 100000), MEDLEY_SYNTAX);
}
END_TEST

START_TEST(text_of_any_shape_is_parsed_or_refused) {
  static const char *const words[] = {
      "SELECT", "*",   "FROM",   "t",     "WHERE", "(",      ")",      "{",     "}",       "[",
      "]",      ",",   ":",      ".",     "..",    "1",      "-",      "+",     "'x'",     "?",
      "a",      "AND", "IN",     "IF",    "NOT",   "EXISTS", "INSERT", "INTO",  "VALUES",  "UPDATE",
      "SET",    "=",   "DELETE", "BEGIN", "BATCH", "APPLY",  "CREATE", "TABLE", "PRIMARY", "KEY",
      "<",      ">",   "int",    "map",   "WITH",  "ALTER",  "token",  "CAST",  "AS",      ";"};
  uint64_t state = property_seed("cql_parser");
  for (int round = 0; round < 20000; round++) {
    med_buffer text = {0};
    cql_parsed parsed;
    for (uint64_t left = property_below(&state, 30); left > 0; left--) {
      cql_add_text(&text, words[property_below(&state, sizeof words / sizeof *words)]);
      if (property_below(&state, 4) > 0) cql_add_text(&text, " ");
    }
    cql_parse_bytes(&parsed, med_slice_of(text.bytes, text.len));
    ck_assert(parsed.used <= text.len);
    ck_assert(parsed.status == MEDLEY_OK || parsed.error.line > 0);
    cql_clear(&parsed);
    med_buffer_clear(&text);
  }
}
END_TEST

PROPERTY_MAIN("cql_parser", literals_keep_their_text, collections_nest, calls_casts_and_hints,
              arithmetic_has_precedence_and_goes_from_the_left, selectors_know_columns, a_column_is_no_value,
              markers_of_one_name_are_one_parameter, markers_keep_their_numbers_however_many_there_are,
              a_select_has_all_of_its_clauses, keywords_that_are_not_reserved_are_names, reserved_keywords_are_no_names,
              an_insert_has_values_or_json, assignments_have_all_their_forms, an_update_has_conditions,
              a_delete_names_cells_or_rows, a_batch_holds_statements_to_its_end, a_statement_ends_at_its_semicolon,
              what_medley_has_not_is_refused_by_name, syntax_errors_say_where_and_what_was_expected,
              a_long_token_is_cut_at_a_character, nesting_is_bounded_whatever_nests,
              text_of_any_shape_is_parsed_or_refused)
