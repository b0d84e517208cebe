/* test_cql_convert.c - what is bound, and what a row shows. */
#include <math.h>

#include "engine/cql/convert.h"
#include "tests/unit/cql_kit.h"

static medley_value null_value(void) { return (medley_value){.type = MEDLEY_TYPE_NULL}; }
static medley_value integer(int64_t number) {
  return (medley_value){.type = MEDLEY_TYPE_INTEGER, .as.integer = number};
}
static medley_value real(double number) { return (medley_value){.type = MEDLEY_TYPE_REAL, .as.real = number}; }
static medley_value boolean(int yes) { return (medley_value){.type = MEDLEY_TYPE_BOOLEAN, .as.boolean = yes}; }
static medley_value text(const char *bytes) {
  return (medley_value){.type = MEDLEY_TYPE_TEXT, .as.text = {bytes, strlen(bytes)}};
}
static medley_value blob(const char *bytes, size_t len) {
  return (medley_value){.type = MEDLEY_TYPE_BLOB, .as.text = {bytes, len}};
}
static medley_value list(const medley_value *items, size_t count) {
  return (medley_value){.type = MEDLEY_TYPE_LIST, .as.list = {items, count}};
}
static medley_value map(const medley_value *keys, const medley_value *values, size_t count) {
  return (medley_value){.type = MEDLEY_TYPE_MAP, .as.map = {keys, values, count}};
}

static void binds(const char *type_text, medley_value bound, const char *wanted) {
  med_arena arena = {0};
  med_wide_type type;
  med_slice value;
  medley_error error = {0};
  med_cql_place place = med_cql_place_of(med_slice_of_text("c"));
  cql_type(type_text, &arena, &type);
  ck_assert_msg(med_cql_bind(&type, &bound, &place, &arena, &value, &error) == MEDLEY_OK, "%s: %s", type_text,
                error.message);
  cql_value_is(&type, value, wanted, type_text);
  med_arena_clear(&arena);
}

static void refuses(const char *type_text, medley_value bound, int status, const char *message) {
  med_arena arena = {0};
  med_wide_type type;
  med_slice value;
  medley_error error = {0};
  med_cql_place place = med_cql_place_of(med_slice_of_text("c"));
  cql_type(type_text, &arena, &type);
  ck_assert_msg(med_cql_bind(&type, &bound, &place, &arena, &value, &error) == status, "%s: %s", type_text,
                error.message);
  ck_assert_str_eq(error.message, message);
  med_arena_clear(&arena);
}

START_TEST(values_without_parts_are_bound) {
  binds("int", null_value(), "null");
  binds("int", integer(-5), "-5");
  binds("tinyint", integer(-128), "-128");
  binds("varint", integer(INT64_MIN), "-9223372036854775808");
  binds("double", integer(3), "3.0");
  binds("decimal", integer(3), "3");
  binds("timestamp", integer(0), "'1970-01-01 00:00:00.000+0000'");
  binds("boolean", integer(1), "true");
  binds("boolean", boolean(0), "false");
  binds("double", real(0.1), "0.1");
  binds("float", real(0.1), "0.1");
  binds("double", real((double)NAN), "NaN");
  binds("decimal", real(0.1), "0.1");
  binds("text", text("it's"), "'it''s'");
  binds("text", text(""), "''");
  binds("varint", text("123456789012345678901234567890"), "123456789012345678901234567890");
  binds("int", text("5"), "5");
  binds("date", text("2024-02-29"), "'2024-02-29'");
  binds("duration", text("1mo2d"), "1mo2d");
  binds("uuid", text("123e4567-e89b-42d3-a456-426655440000"), "123e4567-e89b-42d3-a456-426655440000");
  binds("blob", blob("\0\xFF", 2), "0x00ff");
  binds("blob", blob(NULL, 0), "0x");
  binds("uuid", blob("\0\0\0\0\0\0\x40\0\x80\0\0\0\0\0\0\1", 16), "00000000-0000-4000-8000-000000000001");
  binds("inet", blob("\x7F\0\0\1", 4), "'127.0.0.1'");
}
END_TEST

START_TEST(values_with_parts_are_bound) {
  const medley_value numbers[] = {integer(3), integer(1), integer(3)};
  const medley_value texts[] = {text("a"), text("b"), text("a")};
  binds("list<int>", list(numbers, 3), "[3, 1, 3]");
  binds("set<int>", list(numbers, 3), "{1, 3}");
  binds("set<int>", list(NULL, 0), "{}");
  binds("tuple<int, int, int, text>", list(numbers, 3), "(3, 1, 3, null)");
  binds("map<text, int>", map(texts, numbers, 3), "{'a': 3, 'b': 1}");
  binds("map<int, text>", map(numbers, texts, 3), "{1: 'b', 3: 'a'}");
  const medley_value names[] = {text("B"), text("a")};
  const medley_value fields[] = {text("x"), integer(1)};
  binds("u", map(names, fields, 2), "{a: 1, \"B\": 'x'}");
  binds("u", map(names, fields, 1), "{a: null, \"B\": 'x'}");
  const medley_value nested[] = {list(numbers, 1), list(numbers, 2)};
  binds("list<frozen<set<int>>>", list(nested, 2), "[{3}, {1, 3}]");
}
END_TEST

START_TEST(what_does_not_fit_is_refused_with_its_place) {
  const medley_value texts[] = {text("a")}, nothing[] = {null_value()}, numbers[] = {integer(1), integer(2)};
  refuses("int", real(1), MEDLEY_TYPE, "cql: a real is no value for \"c\" of type int");
  refuses("int", boolean(1), MEDLEY_TYPE, "cql: a boolean is no value for \"c\" of type int");
  refuses("tinyint", integer(128), MEDLEY_RANGE, "cql: an integer is out of the range of \"c\" of type tinyint");
  refuses("boolean", integer(2), MEDLEY_TYPE, "cql: an integer is no value for \"c\" of type boolean");
  refuses("text", integer(2), MEDLEY_TYPE, "cql: an integer is no value for \"c\" of type text");
  refuses("decimal", real((double)INFINITY), MEDLEY_TYPE, "cql: a real is no value for \"c\" of type decimal");
  refuses("blob", text("x"), MEDLEY_TYPE, "cql: a text is no value for \"c\" of type blob");
  refuses("int", text("x"), MEDLEY_TYPE, "Unable to make int from 'x'");
  refuses("text", text("\xFF"), MEDLEY_TYPE, "Invalid UTF-8 in string literal: '\xFF'");
  refuses("text", blob("x", 1), MEDLEY_TYPE, "cql: a blob is no value for \"c\" of type text");
  refuses("uuid", blob("x", 1), MEDLEY_TYPE, "cql: a blob is no value for \"c\" of type uuid");
  refuses("list<int>", text("[1]"), MEDLEY_TYPE, "cql: a text is no value for \"c\" of type list<int>");
  refuses("list<int>", list(texts, 1), MEDLEY_TYPE, "Unable to make int from 'a'");
  refuses("list<blob>", list(texts, 1), MEDLEY_TYPE, "cql: a text is no value for \"value(c)\" of type blob");
  refuses("list<int>", list(nothing, 1), MEDLEY_TYPE, "null is not supported inside collections");
  refuses("tuple<int>", list(numbers, 2), MEDLEY_TYPE, "cql: a list is no value for \"c\" of type tuple<int>");
  refuses("map<int, int>", list(numbers, 2), MEDLEY_TYPE, "cql: a list is no value for \"c\" of type map<int, int>");
  refuses("set<int>", map(numbers, numbers, 1), MEDLEY_TYPE, "cql: a map is no value for \"c\" of type set<int>");
  refuses("map<blob, int>", map(texts, numbers, 1), MEDLEY_TYPE, "cql: a text is no value for \"key(c)\" of type blob");
  refuses("u", map(texts, texts, 1), MEDLEY_TYPE, "Unable to make int from 'a'");
  refuses("u", map(numbers, numbers, 1), MEDLEY_TYPE, "cql: a map is no value for \"c\" of type ks.u");
  const medley_value wrong[] = {text("x")};
  refuses("u", map(wrong, numbers, 1), MEDLEY_TYPE, "Unknown field 'x' in value of user defined type u");
  refuses("int", (medley_value){.type = MEDLEY_TYPE_PATH}, MEDLEY_TYPE,
          "cql: a path is no value for \"c\" of type int");
}
END_TEST

/* A shown value as JSON-like text. */
static void add_shown(med_buffer *found, const medley_value *value) {
  bool map = value->type == MEDLEY_TYPE_MAP;
  size_t count = map ? value->as.map.count : value->type == MEDLEY_TYPE_LIST ? value->as.list.count : 0;
  switch (value->type) {
    case MEDLEY_TYPE_NULL: cql_add_text(found, "null"); break;
    case MEDLEY_TYPE_BOOLEAN: cql_add_text(found, value->as.boolean ? "yes" : "no"); break;
    case MEDLEY_TYPE_INTEGER: ck_assert(med_buffer_printf(found, "%lld", (long long)value->as.integer)); break;
    case MEDLEY_TYPE_REAL: ck_assert(med_buffer_printf(found, "%g", value->as.real)); break;
    case MEDLEY_TYPE_TEXT:
      ck_assert_int_eq(value->as.text.bytes[value->as.text.len], 0);
      ck_assert(med_buffer_printf(found, "'%s'", value->as.text.bytes));
      break;
    case MEDLEY_TYPE_BLOB:
      cql_add_text(found, "x");
      for (size_t i = 0; i < value->as.text.len; i++)
        ck_assert(med_buffer_printf(found, "%02x", (unsigned char)value->as.text.bytes[i]));
      break;
    default:
      cql_add_text(found, map ? "{" : "[");
      for (size_t i = 0; i < count; i++) {
        if (i > 0) cql_add_text(found, ", ");
        if (map) add_shown(found, &value->as.map.keys[i]), cql_add_text(found, ": ");
        add_shown(found, map ? &value->as.map.values[i] : &value->as.list.items[i]);
      }
      cql_add_text(found, map ? "}" : "]");
  }
}

static void shows(const char *type_text, const char *bytes, size_t len, const char *wanted) {
  med_arena arena = {0};
  med_buffer found = {0};
  med_wide_type type;
  medley_value shown;
  cql_type(type_text, &arena, &type);
  ck_assert_int_eq(med_wide_value_check(&type, med_slice_of(bytes, len), NULL), MEDLEY_OK);
  ck_assert_int_eq(med_cql_show(&type, med_slice_of(bytes, len), &arena, &shown, NULL), MEDLEY_OK);
  add_shown(&found, &shown);
  ck_assert(med_buffer_append_byte(&found, 0));
  ck_assert_str_eq(found.bytes, wanted);
  med_buffer_clear(&found);
  med_arena_clear(&arena);
}
#define SHOWS(type, literal, wanted) shows(type, literal, sizeof(literal) - 1, wanted)

START_TEST(values_are_shown_as_the_kind_they_are) {
  shows("int", NULL, 0, "null");
  SHOWS("int", "\xFF\xFF\xFF\xFB", "-5");
  SHOWS("tinyint", "\x7F", "127");
  SHOWS("counter", "\0\0\0\0\0\0\0\1", "1");
  SHOWS("varint", "\0\0\0\0\0\0\0\0\0\5", "5");
  SHOWS("varint", "\1\0\0\0\0\0\0\0\0", "'18446744073709551616'");
  SHOWS("boolean", "\1", "yes");
  SHOWS("double", "\x40\x09\0\0\0\0\0\0", "3.125");
  SHOWS("float", "\x40\x48\0\0", "3.125");
  SHOWS("text", "it's", "'it's'");
  SHOWS("blob", "\0\xFF", "x00ff");
  SHOWS("decimal", "\0\0\0\2\x64", "'1.00'");
  SHOWS("inet", "\x7F\0\0\1", "'127.0.0.1'");
  SHOWS("date", "\x80\0\0\0", "'1970-01-01'");
  SHOWS("time", "\0\0\0\0\0\0\0\1", "'00:00:00.000000001'");
  SHOWS("timestamp", "\0\0\1\x8D\xF4\xBC\x56\1", "'2024-02-29 12:00:00.001000+0000'");
  SHOWS("timestamp", "\x7F\xFF\xFF\xFF\xFF\xFF\xFF\xFF", "'9223372036854775807'");
  SHOWS("duration", "\x1C\6\0", "'1y2mo3d'");
  SHOWS("duration", "\1\0\0", "'-1mo'");
  SHOWS("duration", "\0\0\0", "'0ns'");
  SHOWS("duration", "\0\0\xFC\x06\xC5\xA8\xA9\x95\x1E", "'1h2m3s4ms5us7ns'");
}
END_TEST

START_TEST(values_with_parts_are_shown_as_lists_and_maps) {
  SHOWS("list<tinyint>", "\0\0\0\2\0\0\0\1\2\0\0\0\1\1", "[2, 1]");
  SHOWS("set<text>", "\0\0\0\1\0\0\0\1a", "['a']");
  SHOWS("map<text, tinyint>", "\0\0\0\1\0\0\0\1a\0\0\0\1\7", "{'a': 7}");
  SHOWS("tuple<tinyint, text, text>", "\0\0\0\1\7\xFF\xFF\xFF\xFF", "[7, null, null]");
  SHOWS("u", "\0\0\0\4\0\0\0\7", "{'a': 7, 'B': null}");
}
END_TEST

PROPERTY_MAIN("cql_convert", values_without_parts_are_bound, values_with_parts_are_bound,
              what_does_not_fit_is_refused_with_its_place, values_are_shown_as_the_kind_they_are,
              values_with_parts_are_shown_as_lists_and_maps)
