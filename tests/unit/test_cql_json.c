/* test_cql_json.c - values as JSON and JSON as values. */
#include "engine/cql/json.h"
#include "tests/unit/cql_kit.h"

static void writes(const char *type_text, const char *literal, const char *wanted) {
  med_arena arena = {0};
  med_buffer text = {0};
  med_wide_type type;
  cql_type(type_text, &arena, &type);
  ck_assert(med_cql_json_write(&type, cql_literal(&type, literal, &arena), &text) && med_buffer_append_byte(&text, 0));
  ck_assert_str_eq(text.bytes, wanted);
  med_buffer_clear(&text);
  med_arena_clear(&arena);
}

static void reads(const char *type_text, const char *json, const char *wanted) {
  med_arena arena = {0};
  med_wide_type type;
  med_slice value;
  medley_error error = {0};
  cql_type(type_text, &arena, &type);
  ck_assert_msg(med_cql_json_read(&type, med_slice_of_text(json), &arena, &value, &error) == MEDLEY_OK, "%s: %s", json,
                error.message);
  cql_value_is(&type, value, wanted, json);
  med_arena_clear(&arena);
}

static void refuses(const char *type_text, const char *json, int status, const char *message) {
  med_arena arena = {0};
  med_wide_type type;
  med_slice value;
  medley_error error = {0};
  cql_type(type_text, &arena, &type);
  int rc = med_cql_json_read(&type, med_slice_of_text(json), &arena, &value, &error);
  ck_assert_msg(rc == status, "%s: %d", json, rc);
  ck_assert_str_eq(error.message, message);
  med_arena_clear(&arena);
}

START_TEST(values_are_written_as_cassandra_writes_them) {
  writes("int", "null", "null");
  writes("int", "-5", "-5");
  writes("varint", "99999999999999999999", "99999999999999999999");
  writes("decimal", "1.50", "1.50");
  writes("double", "0.1", "0.1");
  writes("double", "NaN", "null");
  writes("float", "-Infinity", "null");
  writes("boolean", "true", "true");
  writes("text", "'a\"b\\c'", "\"a\\\"b\\\\c\"");
  writes("text", "'\x01\n\t\xC3\xA4'", "\"\\u0001\\n\\t\xC3\xA4\"");
  writes("blob", "0xCAFE", "\"0xcafe\"");
  writes("uuid", "123e4567-e89b-42d3-a456-426655440000", "\"123e4567-e89b-42d3-a456-426655440000\"");
  writes("inet", "'::1'", "\"::1\"");
  writes("date", "'2024-02-29'", "\"2024-02-29\"");
  writes("time", "'8:0:0'", "\"08:00:00.000000000\"");
  writes("timestamp", "'2015-05-03 13:30:54.234'", "\"2015-05-03 13:30:54.234Z\"");
  writes("timestamp", "9223372036854775807", "\"9223372036854775807\"");
  writes("duration", "1y2mo3d", "\"1y2mo3d\"");
  writes("list<int>", "[1, 2]", "[1, 2]");
  writes("set<text>", "{'b', 'a'}", "[\"a\", \"b\"]");
  writes("map<int, text>", "{1: 'x'}", "{\"1\": \"x\"}");
  writes("map<frozen<list<text>>, int>", "{['a']: 1}", "{\"[\\\"a\\\"]\": 1}");
  writes("tuple<int, text>", "(1, null)", "[1, null]");
  writes("u", "{a: 1, \"B\": 'x'}", "{\"a\": 1, \"\\\"B\\\"\": \"x\"}");
  writes("list<int>", "[]", "[]");
}
END_TEST

START_TEST(json_is_read_as_values) {
  reads("int", " 5 ", "5");
  reads("int", "\"5\"", "5");
  reads("int", "null", "null");
  reads("bigint", "9223372036854775807", "9223372036854775807");
  reads("varint", "99999999999999999999", "99999999999999999999");
  reads("decimal", "1.50", "1.50");
  reads("decimal", "\"1.50\"", "1.50");
  reads("double", "1e3", "1000.0");
  reads("float", "\"NaN\"", "NaN");
  reads("boolean", "true", "true");
  reads("boolean", "\"false\"", "false");
  reads("text", "\"a\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e4\\ud83d\\ude00\"", "'a\"\\/\b\f\n\r\t\xC3\xA4\xF0\x9F\x98\x80'");
  reads("text", "\"\"", "''");
  reads("blob", "\"0xcafe\"", "0xcafe");
  reads("timestamp", "\"2015-05-03 13:30:54.234Z\"", "'2015-05-03 13:30:54.234+0000'");
  reads("timestamp", "0", "'1970-01-01 00:00:00.000+0000'");
  reads("date", "\"2024-02-29\"", "'2024-02-29'");
  reads("list<int>", "[3, \"1\", 3]", "[3, 1, 3]");
  reads("set<int>", "[3, 1, 3]", "{1, 3}");
  reads("map<int, text>", "{\"2\": \"b\", \"1\" : \"a\", \"2\": \"c\"}", "{1: 'a', 2: 'c'}");
  reads("map<frozen<list<text>>, int>", "{\"[\\\"a\\\"]\": 1}", "{['a']: 1}");
  reads("tuple<int, text>", "[1, null]", "(1, null)");
  reads("u", "{\"A\": 1, \"\\\"B\\\"\": \"x\"}", "{a: 1, \"B\": 'x'}");
  reads("u", "{}", "{a: null, \"B\": null}");
  reads("list<frozen<map<text, int>>>", "[{\"x\": 1}, {}]", "[{'x': 1}, {}]");
  reads("list<int>", "\"[1]\"", "[1]");
}
END_TEST

START_TEST(json_that_does_not_fit_is_refused_in_cassandras_words) {
  refuses("int", "1.5", MEDLEY_TYPE, "Expected an int value, but got a Double: 1.5");
  refuses("int", "99999999999", MEDLEY_TYPE, "Expected an int value, but got a Long: 99999999999");
  refuses("int", "true", MEDLEY_TYPE, "Expected an int value, but got a Boolean: true");
  refuses("int", "[1]", MEDLEY_TYPE, "Expected an int value, but got a ArrayList: [1]");
  refuses("int", "\"x\"", MEDLEY_TYPE, "Unable to make int from 'x'");
  refuses("text", "5", MEDLEY_TYPE, "Expected a UTF-8 string, but got a Integer: 5");
  refuses("date", "5", MEDLEY_TYPE, "Expected a string representation of a date value, but got a Integer: 5");
  refuses("boolean", "1", MEDLEY_TYPE, "Expected a boolean value, but got a Integer: 1");
  refuses("list<int>", "{}", MEDLEY_TYPE, "Expected a list, but got a LinkedHashMap: {}");
  refuses("set<int>", "5", MEDLEY_TYPE, "Expected a list (representing a set), but got a Integer: 5");
  refuses("map<int, int>", "[]", MEDLEY_TYPE, "Expected a map, but got a ArrayList: []");
  refuses("list<int>", "[null]", MEDLEY_TYPE, "Invalid null element in list");
  refuses("set<int>", "[null]", MEDLEY_TYPE, "Invalid null element in set");
  refuses("map<int, int>", "{\"1\": null}", MEDLEY_TYPE, "Invalid null value in map");
  refuses("tuple<int, int>", "[1]", MEDLEY_TYPE, "Tuple is missing items (expected 2): [1]");
  refuses("tuple<int>", "[1, 2]", MEDLEY_TYPE, "Tuple contains extra items (expected 1): [1, 2]");
  refuses("u", "{\"x\": 1}", MEDLEY_TYPE, "Unknown field 'x' in value of user defined type u");
  refuses("text", "\"\\ud83d\"", MEDLEY_TYPE, "Could not decode JSON string: half a surrogate pair");
}
END_TEST

START_TEST(text_that_is_no_json_is_refused) {
  static const char *const wrong[] = {"",      " ",        "[1",     "[1,]", "{\"a\"}", "{a: 1}",  "01",          "1.",
                                      "1e",    "-",        "tru",    "'x'",  "\"x",     "\"\\x\"", "\"\\u12g4\"", "1 2",
                                      "[1 2]", "{\"a\":}", "\"\n\"", "nul"};
  med_arena arena = {0};
  med_wide_type type = med_wide_type_of(MED_WIDE_TEXT);
  for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
    med_slice value;
    ck_assert_msg(med_cql_json_read(&type, med_slice_of_text(wrong[i]), &arena, &value, NULL) == MEDLEY_TYPE, "%s",
                  wrong[i]);
  }
  med_arena_clear(&arena);
}
END_TEST

START_TEST(nesting_is_bounded) {
  char json[2 * MED_CQL_JSON_DEPTH_MAX + 3];
  med_arena arena = {0};
  med_wide_type type = med_wide_type_of(MED_WIDE_INT);
  med_slice value;
  size_t depth = MED_CQL_JSON_DEPTH_MAX + 1;
  memset(json, '[', depth);
  memset(json + depth, ']', depth);
  ck_assert_int_eq(med_cql_json_read(&type, med_slice_of(json, 2 * depth), &arena, &value, NULL), MEDLEY_TOO_BIG);
  ck_assert_int_eq(med_cql_json_read(&type, med_slice_of(json + 1, 2 * depth - 2), &arena, &value, NULL), MEDLEY_TYPE);
  med_arena_clear(&arena);
}
END_TEST

START_TEST(members_have_names_in_their_stored_form) {
  med_arena arena = {0};
  med_cql_json_member *members;
  size_t count;
  const char *json = "{\"A\": 1, \"\\\"B\\\"\": {\"x\": [2]}, \"a\": 3, \"\\u0063\": null}";
  ck_assert_int_eq(med_cql_json_members(med_slice_of_text(json), &arena, &members, &count, NULL), MEDLEY_OK);
  ck_assert_uint_eq(count, 3);
  ck_assert_slice_eq(members[0].name, "a");
  ck_assert_slice_eq(members[0].value, "3");
  ck_assert_slice_eq(members[1].name, "B");
  ck_assert_slice_eq(members[1].value, "{\"x\": [2]}");
  ck_assert_slice_eq(members[2].name, "c");
  ck_assert_int_eq(med_cql_json_members(med_slice_of_text("[]"), &arena, &members, &count, NULL), MEDLEY_TYPE);
  med_buffer many = {0};
  cql_add_text(&many, "{\"a\":1");
  for (int i = 0; i < 4096; i++) cql_add_text(&many, ",\"a\":1");
  cql_add_text(&many, "}");
  ck_assert_int_eq(med_cql_json_members(med_slice_of(many.bytes, many.len), &arena, &members, &count, NULL),
                   MEDLEY_TOO_BIG);
  med_buffer_clear(&many);
  med_arena_clear(&arena);
}
END_TEST

START_TEST(names_are_written_as_they_are_read) {
  static const char *const names[] = {"a", "A", "a b", "x\"y"};
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    med_arena arena = {0};
    med_buffer text = {0};
    med_cql_json_member *members;
    size_t count;
    ck_assert(med_buffer_append_byte(&text, '{') && med_cql_json_write_name(med_slice_of_text(names[i]), &text));
    cql_add_text(&text, ": 1}");
    ck_assert_int_eq(med_cql_json_members(med_slice_of(text.bytes, text.len), &arena, &members, &count, NULL),
                     MEDLEY_OK);
    ck_assert_slice_eq(members[0].name, names[i]);
    med_buffer_clear(&text);
    med_arena_clear(&arena);
  }
}
END_TEST

PROPERTY_MAIN("cql_json", values_are_written_as_cassandra_writes_them, json_is_read_as_values,
              json_that_does_not_fit_is_refused_in_cassandras_words, text_that_is_no_json_is_refused,
              nesting_is_bounded, members_have_names_in_their_stored_form, names_are_written_as_they_are_read)
