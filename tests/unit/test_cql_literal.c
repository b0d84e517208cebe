/* test_cql_literal.c - terms where a value of a known type is wanted, and Cassandra's words where they do not fit. */
#include "engine/cql/collection.h"
#include "engine/cql/literal.h"
#include "tests/unit/cql_kit.h"

/* What is no literal: markers take what is wanted and are 7 or '7'; calls are ints and 8. */
static int other(void *context, const med_wide_type *type, const med_cql_term *term, const med_cql_place *place,
                 med_slice *value, medley_error *error) {
  med_arena *arena = context;
  const char *text = term->kind == MED_CQL_MARKER ? "7" : "8";
  (void)place;
  return med_cql_text_value(type->kind, med_slice_of_text(text), arena, value, error);
}

/* While planning markers have no value. */
static int unknown(void *context, const med_wide_type *type, const med_cql_term *term, const med_cql_place *place,
                   med_slice *value, medley_error *error) {
  (void)context, (void)type, (void)term, (void)place, (void)error;
  *value = med_slice_of(NULL, 0);
  return MEDLEY_OK;
}

static int type_of(void *context, const med_cql_term *term, const med_wide_type **type, medley_error *error) {
  static const med_wide_type of_calls = {.kind = MED_WIDE_INT};
  (void)context;
  (void)error;
  *type = term->kind == MED_CQL_MARKER ? NULL : &of_calls;
  return MEDLEY_OK;
}

static int make(const char *type_text, const char *text, cql_parsed *parsed, med_wide_type *type, med_slice *value) {
  char statement[2048];
  snprintf(statement, sizeof statement, "INSERT INTO t (c) VALUES (%s)", text);
  cql_parse(parsed, statement);
  cql_type(type_text, &parsed->arena, type);
  med_cql_literals literals = {.text = med_slice_of_text(statement),
                               .arena = &parsed->arena,
                               .finder = cql_find_type,
                               .other = other,
                               .type_of = type_of,
                               .context = &parsed->arena};
  med_cql_place place = med_cql_place_of(med_slice_of_text("c"));
  return med_cql_literal(&literals, type, parsed->statement->as.insert.values[0], &place, value, &parsed->error);
}

static void gives(const char *type_text, const char *text, const char *wanted) {
  cql_parsed parsed;
  med_wide_type type;
  med_slice value;
  ck_assert_msg(make(type_text, text, &parsed, &type, &value) == MEDLEY_OK, "%s: %s", text, parsed.error.message);
  cql_value_is(&type, value, wanted, text);
  cql_clear(&parsed);
}

static void refuses(const char *type_text, const char *text, int status, int column, const char *message) {
  cql_parsed parsed;
  med_wide_type type;
  med_slice value;
  ck_assert_msg(make(type_text, text, &parsed, &type, &value) == status, "%s: %s", text, parsed.error.message);
  ck_assert_str_eq(parsed.error.message, message);
  ck_assert_msg(parsed.error.column == 26 + column, "%s: at %d", text, parsed.error.column - 26);
  cql_clear(&parsed);
}

START_TEST(constants_fit_the_types_that_cassandra_lets_them) {
  static const char *const fits[][3] = {
      {"text", "'it''s'", "'it''s'"},
      {"ascii", "''", "''"},
      {"inet", "'::1'", "'::1'"},
      {"date", "'2024-02-29'", "'2024-02-29'"},
      {"time", "'1:2:3'", "'01:02:03.000000000'"},
      {"timestamp", "0", "'1970-01-01 00:00:00.000+0000'"},
      {"tinyint", "-128", "-128"},
      {"bigint", "9223372036854775807", "9223372036854775807"},
      {"counter", "1", "1"},
      {"decimal", "1.50", "1.50"},
      {"decimal", "1", "1"},
      {"double", "1", "1.0"},
      {"float", "-nan", "NaN"},
      {"double", "Infinity", "Infinity"},
      {"varint", "123456789012345678901234567890", "123456789012345678901234567890"},
      {"boolean", "TRUE", "true"},
      {"blob", "0xCAFE", "0xcafe"},
      {"blob", "0x", "0x"},
      {"duration", "1h", "3600000000000ns"},
      {"uuid", "123E4567-e89b-42d3-a456-426655440000", "123e4567-e89b-42d3-a456-426655440000"},
      {"int", "null", "null"},
      {"int", "?", "7"},
      {"int", "(5)", "5"},
      {"varint", "f()", "8"}};
  for (size_t i = 0; i < sizeof fits / sizeof *fits; i++) gives(fits[i][0], fits[i][1], fits[i][2]);
}
END_TEST

START_TEST(constants_that_do_not_fit_are_named) {
  refuses("int", "'x'", MEDLEY_TYPE, 1, "Invalid STRING constant (x) for \"c\" of type int");
  refuses("text", "5", MEDLEY_TYPE, 1, "Invalid INTEGER constant (5) for \"c\" of type text");
  refuses("int", "1.5", MEDLEY_TYPE, 1, "Invalid FLOAT constant (1.5) for \"c\" of type int");
  refuses("text", "0xAB", MEDLEY_TYPE, 1, "Invalid HEX constant (0xAB) for \"c\" of type text");
  refuses("text", "true", MEDLEY_TYPE, 1, "Invalid BOOLEAN constant (true) for \"c\" of type text");
  refuses("int", "1h", MEDLEY_TYPE, 1, "Invalid DURATION constant (1h) for \"c\" of type int");
  refuses("list<int>", "5", MEDLEY_TYPE, 1, "Invalid INTEGER constant (5) for \"c\" of type list<int>");
  refuses("text", "123e4567-e89b-42d3-a456-426655440000", MEDLEY_TYPE, 1,
          "Invalid UUID constant (123e4567-e89b-42d3-a456-426655440000) for \"c\" of type text");
  refuses("text", "f()", MEDLEY_TYPE, 1, "Type error: cannot assign result of function f (type int) to c (type text)");
}
END_TEST

START_TEST(texts_that_are_no_values_are_refused_in_cassandras_words) {
  refuses("int", "99999999999", MEDLEY_RANGE, 1, "Unable to make int from '99999999999'");
  refuses("tinyint", "128", MEDLEY_RANGE, 1, "Unable to make byte from '128'");
  refuses("date", "'2024-02-30'", MEDLEY_TYPE, 1, "Unable to coerce '2024-02-30' to a formatted date (long)");
  refuses("timestamp", "''", MEDLEY_TYPE, 1, "Unable to parse a date/time from ''");
  refuses("inet", "'x'", MEDLEY_TYPE, 1, "Unable to make inet address from 'x'");
  refuses("ascii", "'\xC3\xA4'", MEDLEY_TYPE, 1, "Invalid ASCII character in string literal: '\xC3\xA4'");
  refuses("duration", "5", MEDLEY_TYPE, 1, "Unable to convert '5' to a duration");
  refuses("blob", "0xabc", MEDLEY_TYPE, 1, "Unable to make bytes from '0xabc'");
  refuses("timeuuid", "123e4567-e89b-42d3-a456-426655440000", MEDLEY_TYPE, 1,
          "Unknown timeuuid representation: 123e4567-e89b-42d3-a456-426655440000");
}
END_TEST

START_TEST(collections_are_made_in_order_and_without_repetition) {
  gives("list<int>", "[3, 1, 3]", "[3, 1, 3]");
  gives("set<int>", "{3, -1, 3, 2}", "{-1, 2, 3}");
  gives("set<text>", "{'b', 'a', 'b'}", "{'a', 'b'}");
  gives("map<int, text>", "{2: 'b', 1: 'a', 2: 'c'}", "{1: 'a', 2: 'c'}");
  gives("set<int>", "{}", "{}");
  gives("map<int, int>", "{}", "{}");
  gives("list<int>", "[?, f()]", "[7, 8]");
  gives("map<frozen<list<int>>, frozen<set<text>>>", "{[2]: {'y', 'x'}, [1]: {}}", "{[1]: {}, [2]: {'x', 'y'}}");
}
END_TEST

START_TEST(tuples_and_user_types_have_their_missing_parts_as_null) {
  gives("tuple<int, text, int>", "(1, 'a')", "(1, 'a', null)");
  gives("tuple<int>", "(1)", "(1)");
  gives("tuple<tuple<int>>", "((1))", "((1))");
  gives("tuple<int, int>", "(null, null)", "(null, null)");
  gives("u", "{\"B\": 'x'}", "{a: null, \"B\": 'x'}");
  gives("list<frozen<u>>", "[{a: 1}, {a: ?, \"B\": null}]", "[{a: 1, \"B\": null}, {a: 7, \"B\": null}]");
}
END_TEST

START_TEST(collections_that_do_not_fit_are_named_with_their_part) {
  refuses("int", "[1]", MEDLEY_TYPE, 1, "Invalid list literal for c of type int");
  refuses("set<int>", "[1]", MEDLEY_TYPE, 1, "Invalid list literal for c of type set<int>");
  refuses("list<int>", "{1}", MEDLEY_TYPE, 1, "Invalid set literal for c of type list<int>");
  refuses("set<int>", "{1: 2}", MEDLEY_TYPE, 1, "Invalid map literal for c of type set<int>");
  refuses("map<int, int>", "{a: 1}", MEDLEY_TYPE, 1, "Invalid user type literal for c of type map<int, int>");
  refuses("list<int>", "[1, 'x']", MEDLEY_TYPE, 5, "Invalid list literal for c: value 'x' is not of type int");
  refuses("map<int, text>", "{'x': 'y'}", MEDLEY_TYPE, 2, "Invalid map literal for c: key 'x' is not of type int");
  refuses("map<int, text>", "{1: 2}", MEDLEY_TYPE, 5, "Invalid map literal for c: value 2 is not of type text");
  refuses("list<frozen<list<int>>>", "[['x']]", MEDLEY_TYPE, 2,
          "Invalid list literal for c: value ['x'] is not of type frozen<list<int>>");
  refuses("tuple<int, text>", "(1, 2)", MEDLEY_TYPE, 5, "Invalid tuple literal for c: component 1 is not of type text");
  refuses("tuple<int>", "(1, 2)", MEDLEY_TYPE, 1,
          "Invalid tuple literal for c: too many elements. Type tuple<int> expects 1 but got 2");
  refuses("int", "(1, 2)", MEDLEY_TYPE, 1, "Invalid tuple type literal for c of type int");
  refuses("u", "{a: 'x'}", MEDLEY_TYPE, 5, "Invalid user type literal for c: field a is not of type int");
  refuses("u", "{x: 1}", MEDLEY_TYPE, 1, "Unknown field 'x' in value of user defined type u");
  refuses("list<int>", "[null]", MEDLEY_TYPE, 1, "null is not supported inside collections");
  refuses("list<tinyint>", "[1, 300]", MEDLEY_RANGE, 5, "Unable to make byte from '300'");
  refuses("list<text>", "[f()]", MEDLEY_TYPE, 2, "Invalid list literal for c: value f() is not of type text");
}
END_TEST

START_TEST(hints_must_be_of_the_wanted_type) {
  gives("int", "(int) 5", "5");
  gives("varint", "(int) 5", "5");
  gives("text", "(ascii) 'x'", "'x'");
  gives("list<int>", "(list<int>) [1]", "[1]");
  gives("blob", "(int) 1", "0x00000001");
  gives("text", "fromJson('8')", "'8'");
  refuses("int", "(text) 'x'", MEDLEY_TYPE, 1, "Cannot assign value (text)'x' to c of type int");
  refuses("int", "(int) 'x'", MEDLEY_TYPE, 7, "Invalid STRING constant (x) for \"c\" of type int");
  refuses("int", "(nix) 1", MEDLEY_NOT_FOUND, 1, "Unknown type nix");
}
END_TEST

START_TEST(without_a_helper_only_literals_are_values) {
  cql_parsed parsed;
  med_slice value;
  med_wide_type type = med_wide_type_of(MED_WIDE_INT);
  cql_parse(&parsed, "INSERT INTO t (c) VALUES (?)");
  med_cql_literals literals = {.arena = &parsed.arena};
  med_cql_place place = med_cql_place_of(med_slice_of_text("c"));
  ck_assert_int_eq(
      med_cql_literal(&literals, &type, parsed.statement->as.insert.values[0], &place, &value, &parsed.error),
      MEDLEY_TYPE);
  ck_assert_str_eq(parsed.error.message, "Cannot assign value ? to c of type int");
  cql_clear(&parsed);
}
END_TEST

START_TEST(while_planning_a_collection_with_a_marker_is_not_known) {
  static const struct {
    const char *type, *term;
    int status;
  } rows[] = {{"list<int>", "[1, ?]", MEDLEY_OK},     {"list<frozen<list<int>>>", "[[?]]", MEDLEY_OK},
              {"map<int, int>", "{1: ?}", MEDLEY_OK}, {"list<int>", "[null, ?]", MEDLEY_OK},
              {"list<int>", "[null]", MEDLEY_TYPE},   {"list<int>", "['x', ?]", MEDLEY_TYPE}};
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    char statement[128];
    cql_parsed parsed;
    med_wide_type type;
    med_slice value;
    snprintf(statement, sizeof statement, "INSERT INTO t (c) VALUES (%s)", rows[i].term);
    cql_parse(&parsed, statement);
    cql_type(rows[i].type, &parsed.arena, &type);
    med_cql_literals literals = {.arena = &parsed.arena, .other = unknown, .planning = true};
    med_cql_place place = med_cql_place_of(med_slice_of_text("c"));
    int rc = med_cql_literal(&literals, &type, parsed.statement->as.insert.values[0], &place, &value, NULL);
    ck_assert_msg(rc == rows[i].status, "%s: %d", rows[i].term, rc);
    ck_assert(rc != MEDLEY_OK || med_wide_is_null(value));
    cql_clear(&parsed);
  }
}
END_TEST

START_TEST(places_are_written_from_the_outside_in) {
  med_cql_place column = med_cql_place_of(med_slice_of_text("c"));
  med_cql_place value = {.kind = MED_CQL_PLACE_VALUE, .outer = &column};
  med_cql_place key = {.kind = MED_CQL_PLACE_KEY, .outer = &value};
  med_cql_place component = {.kind = MED_CQL_PLACE_COMPONENT, .outer = &key, .index = 2};
  med_cql_place field = {.kind = MED_CQL_PLACE_FIELD, .outer = &component, .name = med_slice_of_text("f")};
  med_buffer text = {0};
  ck_assert(med_cql_place_write(&field, &text));
  ck_assert_slice_eq(med_slice_of(text.bytes, text.len), "key(value(c))[2].f");
  med_buffer_clear(&text);
}
END_TEST

START_TEST(terms_are_written_as_they_were_read) {
  static const char *const terms[] = {"'it''s'",   "0xCAFE",     "[1, 2]",         "{1: 'a', 2: 'b'}", "{a: 1}",
                                      "(1, ?)",    "ks.f(1, 2)", "cast(a as int)", "(int)1",           "-f(?)",
                                      "a + 1 * 2", "a.b",        "m['k']",         "m[1..2]",          "m[1..]",
                                      "m[..2]",    "null",       "count(*)"};
  for (size_t i = 0; i < sizeof terms / sizeof *terms; i++) {
    char statement[128];
    cql_parsed parsed;
    med_buffer text = {0};
    snprintf(statement, sizeof statement, "SELECT %s FROM t", terms[i]);
    cql_parse(&parsed, statement);
    ck_assert(med_cql_term_write(parsed.statement->as.select.selectors[0].term, &text));
    ck_assert_slice_eq(med_slice_of(text.bytes, text.len), terms[i]);
    med_buffer_clear(&text);
    cql_clear(&parsed);
  }
}
END_TEST

START_TEST(terms_are_named_as_cassandra_names_their_columns) {
  static const char *const names[][2] = {{"a", "a"},
                                         {"\"A b\"", "A b"},
                                         {"count(*)", "count"},
                                         {"COUNT(1)", "count"},
                                         {"count(a)", "system.count(a)"},
                                         {"toDate(NOW())", "system.todate(system.now())"},
                                         {"ks.f(a)", "ks.f(a)"},
                                         {"WRITETIME(a)", "writetime(a)"},
                                         {"ttl(a)", "ttl(a)"},
                                         {"CAST(max(a) AS INT)", "cast(system.max(a) as int)"},
                                         {"a+1", "a + 1"},
                                         {"m[ 'k' ]", "m['k']"},
                                         {"u . f", "u.f"},
                                         {"-a", "-a"}};
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    char statement[128];
    cql_parsed parsed;
    med_buffer text = {0};
    snprintf(statement, sizeof statement, "SELECT %s FROM t", names[i][0]);
    cql_parse(&parsed, statement);
    ck_assert(med_cql_term_name(parsed.statement->as.select.selectors[0].term, &text));
    ck_assert_slice_eq(med_slice_of(text.bytes, text.len), names[i][1]);
    med_buffer_clear(&text);
    cql_clear(&parsed);
  }
}
END_TEST

START_TEST(literals_have_types_of_their_own) {
  static const struct {
    const char *term;
    med_wide_kind kind; /* 0: none */
  } rows[] = {{"1", MED_WIDE_INT},
              {"-2147483648", MED_WIDE_INT},
              {"2147483648", MED_WIDE_BIGINT},
              {"99999999999999999999", MED_WIDE_VARINT},
              {"1.5", MED_WIDE_DOUBLE},
              {"'x'", MED_WIDE_TEXT},
              {"0x00", MED_WIDE_BLOB},
              {"true", MED_WIDE_BOOLEAN},
              {"1h", MED_WIDE_DURATION},
              {"123e4567-e89b-42d3-a456-426655440000", MED_WIDE_UUID},
              {"null", 0},
              {"?", 0},
              {"[1]", 0},
              {"f()", 0}};
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    char statement[128];
    cql_parsed parsed;
    med_wide_type type;
    snprintf(statement, sizeof statement, "INSERT INTO t (c) VALUES (%s)", rows[i].term);
    cql_parse(&parsed, statement);
    bool found = med_cql_literal_type(parsed.statement->as.insert.values[0], &type);
    ck_assert_msg(found == (rows[i].kind != 0) && (!found || type.kind == rows[i].kind), "%s", rows[i].term);
    cql_clear(&parsed);
  }
}
END_TEST

START_TEST(a_type_accepts_what_has_its_bytes) {
  static const struct {
    const char *wanted, *given;
    bool accepts;
  } rows[] = {{"int", "int", true},
              {"bigint", "int", false},
              {"varint", "bigint", true},
              {"text", "ascii", true},
              {"ascii", "text", false},
              {"uuid", "timeuuid", true},
              {"timeuuid", "uuid", false},
              {"blob", "list<int>", true},
              {"bigint", "timestamp", true},
              {"timestamp", "bigint", true},
              {"list<int>", "frozen<list<int>>", true},
              {"list<varint>", "list<int>", false},
              {"u", "frozen<u>", true},
              {"map<int, int>", "map<int, text>", false}};
  med_arena arena = {0};
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    med_wide_type wanted, given;
    cql_type(rows[i].wanted, &arena, &wanted);
    cql_type(rows[i].given, &arena, &given);
    ck_assert_msg(med_cql_type_accepts(&wanted, &given) == rows[i].accepts, "%s, %s", rows[i].wanted, rows[i].given);
  }
  med_arena_clear(&arena);
}
END_TEST

PROPERTY_MAIN("cql_literal", constants_fit_the_types_that_cassandra_lets_them, constants_that_do_not_fit_are_named,
              texts_that_are_no_values_are_refused_in_cassandras_words,
              collections_are_made_in_order_and_without_repetition,
              tuples_and_user_types_have_their_missing_parts_as_null,
              collections_that_do_not_fit_are_named_with_their_part, hints_must_be_of_the_wanted_type,
              without_a_helper_only_literals_are_values, while_planning_a_collection_with_a_marker_is_not_known,
              places_are_written_from_the_outside_in, terms_are_written_as_they_were_read,
              terms_are_named_as_cassandra_names_their_columns, literals_have_types_of_their_own,
              a_type_accepts_what_has_its_bytes)
