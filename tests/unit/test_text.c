/* test_text.c - values as the program writes them: JSON, plain text, quoted as redis-cli does; and UTF-8. */
#include <check.h>
#include <locale.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/property.h"
#include "tools/format.h"

static medley_value bytes_of(medley_type type, const char *bytes, size_t len) {
  medley_value value = {.type = type};
  value.as.text.bytes = bytes;
  value.as.text.len = len;
  return value;
}
#define TEXT(bytes) bytes_of(MEDLEY_TYPE_TEXT, bytes, sizeof bytes - 1)

static void expect_json(const medley_value *value, bool redis, const char *expected) {
  text t = {0};
  text_add_json(&t, value, redis);
  ck_assert_str_eq(t.bytes, expected);
  text_clear(&t);
}

static void expect_plain(const medley_value *value, bool redis, const char *expected) {
  text t = {0};
  text_add_string(&t, ">");
  text_add_plain(&t, value, redis);
  ck_assert_str_eq(t.bytes + 1, expected);
  text_clear(&t);
}

static void expect_reply(const medley_value *value, const char *expected) {
  char *written = NULL;
  size_t len = 0;
  FILE *out = open_memstream(&written, &len);
  format_reply_print(out, value, 0);
  fclose(out);
  ck_assert_str_eq(written, expected);
  free(written);
}

/* ---- A value of every type ---- */
static medley_value labels_items[1], map_keys[2], map_values[2], labels, map, empty_map, type, truth, falsehood,
    path_items[3];

static void make_values(void) {
  truth = (medley_value){.type = MEDLEY_TYPE_BOOLEAN, .as.boolean = 1};
  falsehood = (medley_value){.type = MEDLEY_TYPE_BOOLEAN, .as.boolean = 0};
  labels_items[0] = TEXT("Person");
  labels = (medley_value){.type = MEDLEY_TYPE_LIST};
  labels.as.list.items = labels_items;
  labels.as.list.count = 1;
  map_keys[0] = TEXT("name");
  map_keys[1] = (medley_value){.type = MEDLEY_TYPE_INTEGER, .as.integer = 7};
  map_values[0] = TEXT("Ann");
  map_values[1] = truth;
  map = empty_map = (medley_value){.type = MEDLEY_TYPE_MAP};
  map.as.map.keys = map_keys;
  map.as.map.values = map_values;
  map.as.map.count = 2;
  type = TEXT("KNOWS");
  path_items[0] = path_items[2] = (medley_value){.type = MEDLEY_TYPE_NODE};
  path_items[0].as.node.id = 1;
  path_items[2].as.node.id = 2;
  path_items[0].as.node.labels = path_items[2].as.node.labels = &labels;
  path_items[0].as.node.properties = path_items[2].as.node.properties = &map;
  path_items[1] = (medley_value){.type = MEDLEY_TYPE_RELATIONSHIP};
  path_items[1].as.relationship.id = 5;
  path_items[1].as.relationship.start_id = 1;
  path_items[1].as.relationship.end_id = 2;
  path_items[1].as.relationship.type = &type;
  path_items[1].as.relationship.properties = &map;
}

START_TEST(every_type_has_its_json) {
  make_values();
  expect_json(&truth, false, "true");
  expect_json(&falsehood, false, "false");
  expect_json(&map, false, "{\"name\":\"Ann\",\"7\":true}");
  expect_json(&empty_map, false, "{}");
  expect_json(&path_items[0], false, "{\"id\":1,\"labels\":[\"Person\"],\"properties\":{\"name\":\"Ann\",\"7\":true}}");
  expect_json(&path_items[1], false,
              "{\"id\":5,\"start\":1,\"end\":2,\"type\":\"KNOWS\",\"properties\":{\"name\":\"Ann\",\"7\":true}}");
  medley_value path = {.type = MEDLEY_TYPE_PATH};
  path.as.list.items = path_items;
  text t = {0};
  path.as.list.count = 3;
  text_add_json(&t, &path, false);
  ck_assert_ptr_nonnull(strstr(t.bytes, "]"));
  ck_assert_int_eq(t.bytes[0], '[');
  text_clear(&t);
  medley_value infinite = {.type = MEDLEY_TYPE_REAL, .as.real = INFINITY};
  expect_json(&infinite, false, "null");
  medley_value nothing = {.type = MEDLEY_TYPE_NULL};
  expect_json(&nothing, false, "null");
  medley_value blob = bytes_of(MEDLEY_TYPE_BLOB, "a\xff", 2), letters = bytes_of(MEDLEY_TYPE_BLOB, "ab", 2);
  expect_json(&blob, true, "{\"$hex\":\"61ff\"}");
  expect_json(&letters, false, "{\"$hex\":\"6162\"}");
  expect_json(&letters, true, "\"ab\"");
}
END_TEST

START_TEST(plain_text_is_what_a_person_reads) {
  make_values();
  medley_value blob = bytes_of(MEDLEY_TYPE_BLOB, "a\x01", 2), nothing = {.type = MEDLEY_TYPE_NULL};
  medley_value half = {.type = MEDLEY_TYPE_REAL, .as.real = 0.5};
  expect_plain(&blob, false, "x'6101'");
  expect_plain(&blob, true, "a\x01");
  expect_plain(&nothing, false, "");
  expect_plain(&half, false, "0.5");
  expect_plain(&map, false, "{\"name\":\"Ann\",\"7\":true}");
}
END_TEST

START_TEST(replies_look_like_redis_cli) {
  make_values();
  expect_reply(&truth, "(true)\n");
  expect_reply(&falsehood, "(false)\n");
  medley_value half = {.type = MEDLEY_TYPE_REAL, .as.real = 0.5}, ok = bytes_of(MEDLEY_TYPE_STATUS, "OK", 2);
  expect_reply(&half, "(double) 0.5\n");
  expect_reply(&ok, "OK\n");
  expect_reply(&map, "1# \"name\" => \"Ann\"\n2# 7 => (true)\n");
  expect_reply(&empty_map, "(empty hash)\n");
  medley_value items[11], list = {.type = MEDLEY_TYPE_LIST};
  for (int i = 0; i < 11; i++) items[i] = (medley_value){.type = MEDLEY_TYPE_INTEGER, .as.integer = i};
  items[10] = map;
  list.as.list.items = items;
  list.as.list.count = 11;
  char *written = NULL;
  size_t len = 0;
  FILE *out = open_memstream(&written, &len);
  format_reply_print(out, &list, 0);
  fclose(out);
  ck_assert_ptr_nonnull(strstr(written, "\n10) (integer) 9\n11) 1# \"name\" => \"Ann\"\n    2# 7 => (true)\n"));
  ck_assert_int_eq(strncmp(written, " 1) (integer) 0\n", 16), 0);
  free(written);
}
END_TEST

START_TEST(quotes_and_escapes_are_redis_clis_and_jsons) {
  text t = {0};
  text_add_redis_quoted(&t, "\"\\\n\r\t\a\b\x01\x7f z", 11);
  ck_assert_str_eq(t.bytes, "\"\\\"\\\\\\n\\r\\t\\a\\b\\x01\\x7f z\"");
  text_clear(&t);
  text_add_json_string(&t, "\"\\\n\r\t\x01\x7f \xff \xc3\xa9", 12);
  ck_assert_str_eq(t.bytes, "\"\\\"\\\\\\n\\r\\t\\u0001\\u007f \xEF\xBF\xBD \xc3\xa9\"");
  text_clear(&t);
}
END_TEST

START_TEST(only_what_unicode_allows_is_utf8) {
  static const char *const good[] = {
      "a", "\xc2\x80", "\xe0\xa0\x80", "\xed\x9f\xbf", "\xee\x80\x80", "\xf0\x90\x80\x80", "\xf4\x8f\xbf\xbf"};
  static const char *const bad[] = {"\x80",
                                    "\xc0\x80",
                                    "\xc1\xbf",
                                    "\xe0\x9f\xbf",
                                    "\xed\xa0\x80",
                                    "\xf0\x8f\xbf\xbf",
                                    "\xf4\x90\x80\x80",
                                    "\xf5\x80\x80\x80",
                                    "\xc3",
                                    "\xe2\x82",
                                    "\xf0\x9f\x98",
                                    "\xc3(",
                                    "\xe2(\x82",
                                    "\xff"};
  for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
    ck_assert_msg(text_is_utf8(good[i], strlen(good[i])), "good %zu", i);
    ck_assert_uint_eq(text_character_len(good[i], strlen(good[i])), strlen(good[i]));
  }
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
    ck_assert_msg(!text_is_utf8(bad[i], strlen(bad[i])), "bad %zu", i);
    ck_assert_uint_eq(text_character_len(bad[i], strlen(bad[i])), 0);
  }
}
END_TEST

START_TEST(a_terminal_needs_two_columns_for_some_characters) {
  ck_assert_ptr_nonnull(setlocale(LC_CTYPE, "C.UTF-8"));
  ck_assert_uint_eq(text_width("abc", 3), 3);
  ck_assert_uint_eq(text_width("\xe6\x97\xa5\xe6\x9c\xac", 6), 4); /* two of Japan's */
  ck_assert_uint_eq(text_width("\xf0\x9f\x98\x80", 4), 2);
  ck_assert_uint_eq(text_width("\xc2\x85\xff", 3), 2); /* a control, and no character at all */
  ck_assert_uint_eq(text_width("e\xcc\x81", 3), 1);    /* an accent of its own */
}
END_TEST

PROPERTY_MAIN("text", every_type_has_its_json, plain_text_is_what_a_person_reads, replies_look_like_redis_cli,
              quotes_and_escapes_are_redis_clis_and_jsons, only_what_unicode_allows_is_utf8,
              a_terminal_needs_two_columns_for_some_characters)
