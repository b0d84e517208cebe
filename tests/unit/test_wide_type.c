/* test_wide_type.c - types are read, refused and written as CQL spells them. */
#include <check.h>
#include <stdio.h>
#include <string.h>

#include "models/widecolumn/type.h"

static int find_address(void *context, med_slice keyspace, med_slice name, med_wide_type *type) {
  static const med_wide_type parts[] = {{.kind = MED_WIDE_TEXT}, {.kind = MED_WIDE_INT}};
  static const med_slice fields[] = {{"street", 6}, {"zip", 3}};
  (void)context;
  if (!med_slice_equal(name, med_slice_of_text("Address"))) return MEDLEY_NOT_FOUND;
  if (keyspace.len > 0 && !med_slice_equal(keyspace, med_slice_of_text("ks"))) return MEDLEY_NOT_FOUND;
  *type = (med_wide_type){.kind = MED_WIDE_UDT,
                          .part_count = 2,
                          .parts = parts,
                          .fields = fields,
                          .keyspace = med_slice_of_text("ks"),
                          .name = med_slice_of_text("Address")};
  return MEDLEY_OK;
}

static void check_text(const char *text, const char *wanted) {
  med_arena arena = {0};
  med_buffer written = {0};
  med_wide_type type, again;
  medley_error error = {0};
  ck_assert_msg(med_wide_type_parse(med_slice_of_text(text), find_address, NULL, &arena, &type, &error) == MEDLEY_OK,
                "%s: %s", text, error.message);
  ck_assert(med_wide_type_write(&type, &written));
  ck_assert(med_buffer_append_byte(&written, 0));
  ck_assert_str_eq(written.bytes, wanted);
  ck_assert_int_eq(med_wide_type_parse(med_slice_of_text(wanted), find_address, NULL, &arena, &again, &error), 0);
  ck_assert(med_wide_type_equal(&type, &again));
  med_buffer_clear(&written);
  med_arena_clear(&arena);
}

static void check_refused(const char *text, int status, const char *message) {
  med_arena arena = {0};
  med_wide_type type;
  medley_error error = {0};
  ck_assert_int_eq(med_wide_type_parse(med_slice_of_text(text), find_address, NULL, &arena, &type, &error), status);
  ck_assert_msg(strstr(error.message, message) != NULL, "%s: %s", text, error.message);
  med_arena_clear(&arena);
}

START_TEST(every_kind_reads_back_what_it_writes) {
  static const char *const names[] = {"ascii", "bigint", "blob",      "boolean",  "counter", "decimal", "double",
                                      "float", "int",    "timestamp", "uuid",     "text",    "varint",  "timeuuid",
                                      "inet",  "date",   "time",      "smallint", "tinyint", "duration"};
  for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) check_text(names[i], names[i]);
  check_text("VarChar", "text");
}
END_TEST

START_TEST(nested_types_are_written_as_cql_spells_them) {
  check_text(" Map < TEXT , frozen<list<int>> > ", "map<text, frozen<list<int>>>");
  check_text("tuple<int,text,set<int>>", "tuple<int, text, set<int>>");
  check_text("frozen<tuple<int>>", "tuple<int>");
  check_text("\"Address\"", "ks.\"Address\"");
  check_text("set<frozen<ks.\"Address\">>", "set<frozen<ks.\"Address\">>");
}
END_TEST

START_TEST(what_is_no_type_is_refused_with_its_place) {
  check_refused("", MEDLEY_SYNTAX, "a type expected at byte 1");
  check_refused("list", MEDLEY_SYNTAX, "'<' expected at byte 5");
  check_refused("list<int", MEDLEY_SYNTAX, "'>' expected at byte 9");
  check_refused("list<int, int>", MEDLEY_SYNTAX, "'>' expected");
  check_refused("map<int>", MEDLEY_SYNTAX, "a map's value type");
  check_refused("int int", MEDLEY_SYNTAX, "the end expected at byte 5");
  check_refused("\"Address", MEDLEY_SYNTAX, "a closing quote");
  check_refused("\"Add\"\"ress\"", MEDLEY_NOT_FOUND, "Unknown type Add\"ress");
  check_refused("_address", MEDLEY_NOT_FOUND, "Unknown type _address");
  check_refused("address", MEDLEY_NOT_FOUND, "Unknown type address");
  check_refused("'org.example.Type'", MEDLEY_UNSUPPORTED, "custom types");
}
END_TEST

START_TEST(what_cassandra_refuses_inside_collections_is_refused) {
  check_refused("list<counter>", MEDLEY_TYPE, "Counters are not allowed inside collections");
  check_refused("tuple<counter>", MEDLEY_TYPE, "Counters");
  check_refused("list<set<int>>", MEDLEY_TYPE, "Non-frozen collections");
  check_refused("list<\"Address\">", MEDLEY_TYPE, "Non-frozen UDTs");
  check_refused("set<duration>", MEDLEY_TYPE, "Durations are not allowed inside sets");
  check_refused("map<duration, int>", MEDLEY_TYPE, "Durations are not allowed as map keys");
  check_refused("frozen<int>", MEDLEY_TYPE, "frozen<> is only allowed");
  check_text("map<int, duration>", "map<int, duration>");
}
END_TEST

/* One thing apart from a user type of its own. */
START_TEST(types_are_equal_if_nothing_of_them_differs) {
  static const med_wide_type parts[] = {{.kind = MED_WIDE_TEXT}, {.kind = MED_WIDE_INT}, {.kind = MED_WIDE_BLOB}};
  static const med_slice fields[] = {{"a", 1}, {"b", 1}}, others[] = {{"a", 1}, {"c", 1}};
  const med_wide_type whole = {
      .kind = MED_WIDE_UDT, .part_count = 2, .parts = parts, .fields = fields, .keyspace = {"k", 1}, .name = {"t", 1}};
  for (int change = 0; change < 8; change++) {
    med_wide_type other = whole;
    if (change == 1) other.kind = MED_WIDE_TUPLE;
    if (change == 2) other.frozen = true;
    if (change == 3) other.part_count = 1;
    if (change == 4) other.keyspace = med_slice_of_text("l");
    if (change == 5) other.name = med_slice_of_text("u");
    if (change == 6) other.parts = parts + 1;
    if (change == 7) other.fields = others;
    ck_assert_msg(med_wide_type_equal(&whole, &other) == (change == 0), "change %d", change);
    ck_assert_msg(med_wide_type_equal(&other, &whole) == (change == 0), "change %d", change);
  }
}
END_TEST

START_TEST(a_type_nests_sixteen_deep_and_no_more) {
  for (int depth = 15; depth <= 16; depth++) {
    char text[256] = "";
    for (int i = 0; i < depth; i++) strcat(text, "tuple<");
    strcat(text, "int");
    for (int i = 0; i < depth; i++) strcat(text, ">");
    if (depth == 15)
      check_text(text, text);
    else
      check_refused(text, MEDLEY_TOO_BIG, "nested more than 16 deep");
  }
}
END_TEST

START_TEST(a_type_has_4096_parts_and_no_more) {
  for (int last = 1023; last <= 1024; last++) { /* four tuples in one, which are five; the rest of them int */
    size_t len = 0;
    static char text[6 * 4096];
    len += (size_t)snprintf(text + len, sizeof text - len, "tuple<");
    for (int i = 0, size = 1; i < 4; i++) {
      int count = i < 3 ? 1023 : last - 1;
      len += (size_t)snprintf(text + len, sizeof text - len, "%stuple<int", i > 0 ? ", " : "");
      for (int j = 1; j < count; j++) len += (size_t)snprintf(text + len, sizeof text - len, ", int");
      len += (size_t)snprintf(text + len, sizeof text - len, ">");
      size += 1 + count;
      if (i == 3) ck_assert_int_eq(size, last == 1023 ? 4096 : 4097);
    }
    snprintf(text + len, sizeof text - len, ">");
    if (last == 1023)
      check_text(text, text);
    else
      check_refused(text, MEDLEY_TOO_BIG, "more than 4096 parts");
  }
}
END_TEST

int main(void) {
  Suite *suite = suite_create("wide_type");
  TCase *cases = tcase_create("type");
  tcase_add_test(cases, every_kind_reads_back_what_it_writes);
  tcase_add_test(cases, nested_types_are_written_as_cql_spells_them);
  tcase_add_test(cases, what_is_no_type_is_refused_with_its_place);
  tcase_add_test(cases, what_cassandra_refuses_inside_collections_is_refused);
  tcase_add_test(cases, types_are_equal_if_nothing_of_them_differs);
  tcase_add_test(cases, a_type_nests_sixteen_deep_and_no_more);
  tcase_add_test(cases, a_type_has_4096_parts_and_no_more);
  suite_add_tcase(suite, cases);
  SRunner *runner = srunner_create(suite);
  srunner_run_all(runner, CK_ENV);
  int failed = srunner_ntests_failed(runner);
  srunner_free(runner);
  return failed == 0 ? 0 : 1;
}
