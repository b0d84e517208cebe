/* test_wide_value.c - what is a value and what is not, and Cassandra's order of values. */
#include <string.h>

#include "models/widecolumn/number.h"
#include "models/widecolumn/value.h"
#include "tests/unit/property.h"

static med_arena arena;

static med_wide_type type_of(const char *text) {
  med_wide_type type;
  ck_assert_int_eq(med_wide_type_parse(med_slice_of_text(text), NULL, NULL, &arena, &type, NULL), MEDLEY_OK);
  return type;
}

#define BYTES(literal) med_slice_of(literal, sizeof(literal) - 1)

static int check(const char *type_text, med_slice value) {
  med_wide_type type = type_of(type_text);
  return med_wide_value_check(&type, value, NULL);
}

static int order(const char *type_text, med_slice a, med_slice b) {
  med_wide_type type = type_of(type_text);
  ck_assert_int_eq(med_wide_value_check(&type, a, NULL), MEDLEY_OK);
  ck_assert_int_eq(med_wide_value_check(&type, b, NULL), MEDLEY_OK);
  int forth = property_sign(med_wide_value_compare(&type, a, b));
  ck_assert_int_eq(forth, -property_sign(med_wide_value_compare(&type, b, a)));
  return forth;
}

START_TEST(lengths_and_bytes_are_checked) {
  ck_assert_int_eq(check("int", BYTES("\0\0\0\1")), MEDLEY_OK);
  ck_assert_int_eq(check("int", BYTES("\0\0\1")), MEDLEY_TYPE);
  ck_assert_int_eq(check("int", BYTES("")), MEDLEY_TYPE);
  ck_assert_int_eq(check("int", med_slice_of(NULL, 0)), MEDLEY_OK);
  ck_assert_int_eq(check("text", BYTES("")), MEDLEY_OK);
  ck_assert_int_eq(check("text", BYTES("gr\xC3\xBC\xC3\x9F")), MEDLEY_OK);
  ck_assert_int_eq(check("text", BYTES("\xC3")), MEDLEY_TYPE);
  ck_assert_int_eq(check("text", BYTES("\xC0\x80")), MEDLEY_TYPE);
  ck_assert_int_eq(check("text", BYTES("\xED\xA0\x80")), MEDLEY_TYPE);
  ck_assert_int_eq(check("text", BYTES("\xF4\x90\x80\x80")), MEDLEY_TYPE);
  ck_assert_int_eq(check("ascii", BYTES("\x80")), MEDLEY_TYPE);
  ck_assert_int_eq(check("boolean", BYTES("\2")), MEDLEY_TYPE);
  ck_assert_int_eq(check("inet", BYTES("\1\2\3\4\5")), MEDLEY_TYPE);
  ck_assert_int_eq(check("time", BYTES("\0\0\x4E\x94\x91\x4E\xFF\xFF")), MEDLEY_OK);
  ck_assert_int_eq(check("time", BYTES("\0\0\x4E\x94\x91\x4F\0\0")), MEDLEY_TYPE);
  ck_assert_int_eq(check("timeuuid", BYTES("\0\0\0\0\0\0\x40\0\0\0\0\0\0\0\0\0")), MEDLEY_TYPE);
  ck_assert_int_eq(check("duration", BYTES("\2\4\6")), MEDLEY_OK);
  ck_assert_int_eq(check("duration", BYTES("\2\4\5")), MEDLEY_TYPE); /* signs differ */
  ck_assert_int_eq(check("duration", BYTES("\2\4\xFF")), MEDLEY_TYPE);
  ck_assert_int_eq(check("decimal", BYTES("\0\0\0\1")), MEDLEY_TYPE);
}
END_TEST

/* Each text is one character that is the first or the last of its kind, or the one beside it, which is none. */
START_TEST(characters_are_those_of_unicode) {
  static const struct {
    const char *text;
    int status;
  } cases[] = {{"\x7F", MEDLEY_OK},
               {"\xC2\x80", MEDLEY_OK},
               {"\xC1\xBF", MEDLEY_TYPE},
               {"\xE0\xA0\x80", MEDLEY_OK},
               {"\xE0\x9F\xBF", MEDLEY_TYPE},
               {"\xED\x9F\xBF", MEDLEY_OK},
               {"\xED\xA0\x80", MEDLEY_TYPE},
               {"\xEE\x80\x80", MEDLEY_OK},
               {"\xF0\x90\x80\x80", MEDLEY_OK},
               {"\xF0\x8F\xBF\xBF", MEDLEY_TYPE},
               {"\xF4\x8F\xBF\xBF", MEDLEY_OK},
               {"\xF4\x90\x80\x80", MEDLEY_TYPE},
               {"\xF5\x80\x80\x80", MEDLEY_TYPE},
               {"\xE1\x80", MEDLEY_TYPE},
               {"\xE1\x80\x41", MEDLEY_TYPE},
               {"\x80", MEDLEY_TYPE}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
    ck_assert_msg(check("text", med_slice_of_text(cases[i].text)) == cases[i].status, "case %d", (int)i);
}
END_TEST

START_TEST(numbers_and_durations_end_where_their_limits_are) {
  static uint8_t number[4 + MED_WIDE_NUMBER_SIZE_MAX + 1] = {1};
  ck_assert_int_eq(check("varint", med_slice_of(number, MED_WIDE_NUMBER_SIZE_MAX)), MEDLEY_OK);
  ck_assert_int_eq(check("varint", med_slice_of(number, MED_WIDE_NUMBER_SIZE_MAX + 1)), MEDLEY_TOO_BIG);
  ck_assert_int_eq(check("varint", BYTES("")), MEDLEY_TYPE);
  ck_assert_int_eq(check("decimal", med_slice_of(number, 4 + MED_WIDE_NUMBER_SIZE_MAX)), MEDLEY_OK);
  ck_assert_int_eq(check("decimal", med_slice_of(number, 4 + MED_WIDE_NUMBER_SIZE_MAX + 1)), MEDLEY_TOO_BIG);
  ck_assert_int_eq(check("decimal", BYTES("\0\0\1")), MEDLEY_TYPE);
  ck_assert_int_eq(check("duration", BYTES("")), MEDLEY_TYPE);
  ck_assert_int_eq(check("duration", BYTES("\2")), MEDLEY_TYPE);
  ck_assert_int_eq(check("duration", BYTES("\2\2")), MEDLEY_TYPE);
  ck_assert_int_eq(check("duration", BYTES("\2\2\2\2")), MEDLEY_TYPE);
  ck_assert_int_eq(check("duration", BYTES("\xF0\xFF\xFF\xFF\xFE\2\2")), MEDLEY_OK); /* months up to 32 bits */
  ck_assert_int_eq(check("duration", BYTES("\xF1\0\0\0\0\2\2")), MEDLEY_TYPE);       /* and not beyond */
  ck_assert_int_eq(check("duration", BYTES("\2\xF1\0\0\0\0\2")), MEDLEY_TYPE);       /* days */
  ck_assert_int_eq(check("duration", BYTES("\2\2\xF1\0\0\0\0")), MEDLEY_OK);         /* nanoseconds */
  ck_assert_int_eq(check("duration", BYTES("\1\1\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF")), MEDLEY_OK);
}
END_TEST

START_TEST(collections_are_checked_to_their_end) {
  ck_assert_int_eq(check("list<int>", BYTES("")), MEDLEY_TYPE);
  ck_assert_int_eq(check("list<int>", BYTES("\0\0\0")), MEDLEY_TYPE);
  ck_assert_int_eq(check("list<int>", BYTES("\0\0\0\1\0\0")), MEDLEY_TYPE);
  ck_assert_int_eq(check("tuple<int>", BYTES("\0\0\0")), MEDLEY_TYPE);
  ck_assert_int_eq(check("map<int, int>", BYTES("\0\0\0\1\0\0\0\4\0\0\0\7")), MEDLEY_TYPE);
  ck_assert_int_eq(check("list<int>", BYTES("\0\0\0\1\0\0\0\4\0\0\0\7")), MEDLEY_OK);
  ck_assert_int_eq(check("list<int>", BYTES("\0\0\0\1\0\0\0\4\0\0\0\7\0")), MEDLEY_TYPE);
  ck_assert_int_eq(check("list<int>", BYTES("\0\0\0\2\0\0\0\4\0\0\0\7")), MEDLEY_TYPE);
  ck_assert_int_eq(check("list<int>", BYTES("\xFF\xFF\xFF\xFF")), MEDLEY_TYPE);
  ck_assert_int_eq(check("list<int>", BYTES("\0\0\0\1\xFF\xFF\xFF\xFF")), MEDLEY_TYPE);
  ck_assert_int_eq(check("list<text>", BYTES("\0\0\0\1\x7F\xFF\xFF\xFF")), MEDLEY_TYPE);
  ck_assert_int_eq(check("set<text>", BYTES("\0\0\0\2\0\0\0\1b\0\0\0\1a")), MEDLEY_TYPE);
  ck_assert_int_eq(check("set<text>", BYTES("\0\0\0\2\0\0\0\1a\0\0\0\1a")), MEDLEY_TYPE);
  ck_assert_int_eq(check("map<text, text>", BYTES("\0\0\0\1\0\0\0\1a\0\0\0\0")), MEDLEY_OK);
  ck_assert_int_eq(check("map<text, text>", BYTES("\0\0\0\1\0\0\0\1a")), MEDLEY_TYPE);
  ck_assert_int_eq(check("tuple<int, text>", BYTES("\xFF\xFF\xFF\xFF")), MEDLEY_OK);
  ck_assert_int_eq(check("tuple<int>", BYTES("\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF")), MEDLEY_TYPE);
}
END_TEST

START_TEST(the_order_is_cassandras) {
  ck_assert_int_lt(order("int", BYTES("\xFF\xFF\xFF\xFF"), BYTES("\0\0\0\0")), 0);
  ck_assert_int_lt(order("date", BYTES("\x7F\xFF\xFF\xFF"), BYTES("\x80\0\0\0")), 0);
  ck_assert_int_lt(order("double", BYTES("\x80\0\0\0\0\0\0\0"), BYTES("\0\0\0\0\0\0\0\0")), 0);
  ck_assert_int_lt(order("float", BYTES("\x7F\x80\0\0"), BYTES("\xFF\xC0\0\1")), 0); /* infinity, a NaN */
  ck_assert_int_eq(order("float", BYTES("\x7F\xC0\0\0"), BYTES("\xFF\xC0\0\1")), 0);
  ck_assert_int_eq(order("decimal", BYTES("\0\0\0\1\x0A"), BYTES("\0\0\0\2\x64")), 0); /* 1.0, 1.00 */
  ck_assert_int_lt(order("decimal", BYTES("\0\0\0\0\xF6"), BYTES("\0\0\0\1\xF6")), 0); /* -10, -1.0 */
  ck_assert_int_lt(order("decimal", BYTES("\x7F\xFF\xFF\xFF\1"), BYTES("\x80\0\0\0\1")), 0);
  ck_assert_int_lt(order("varint", BYTES("\x80\0"), BYTES("\x80")), 0);
  ck_assert_int_eq(order("varint", BYTES("\0\1"), BYTES("\1")), 0);
  ck_assert_int_lt(
      order("uuid", BYTES("\xFF\0\0\0\0\0\x10\0\0\0\0\0\0\0\0\0"), BYTES("\0\0\0\0\0\0\x40\0\0\0\0\0\0\0\0\0")), 0);
  ck_assert_int_lt(
      order("timeuuid", BYTES("\xFF\0\0\0\0\0\x10\0\0\0\0\0\0\0\0\0"), BYTES("\0\0\0\0\0\1\x10\0\0\0\0\0\0\0\0\0")), 0);
  ck_assert_int_gt(
      order("timeuuid", BYTES("\0\0\0\0\0\0\x10\0\0\0\0\0\0\0\0\0"), BYTES("\0\0\0\0\0\0\x10\0\x80\0\0\0\0\0\0\0")), 0);
  ck_assert_int_lt(
      order("uuid", BYTES("\0\0\0\0\0\0\x10\0\0\0\0\0\0\0\0\0"), BYTES("\0\0\0\0\0\0\x10\0\x80\0\0\0\0\0\0\0")), 0);
  ck_assert_int_lt(
      order("list<int>", BYTES("\0\0\0\1\0\0\0\4\0\0\0\7"), BYTES("\0\0\0\2\0\0\0\4\0\0\0\7\0\0\0\4\0\0\0\1")), 0);
  ck_assert_int_gt(
      order("list<int>", BYTES("\0\0\0\1\0\0\0\4\0\0\0\7"), BYTES("\0\0\0\2\0\0\0\4\0\0\0\6\0\0\0\4\0\0\0\1")), 0);
  ck_assert_int_eq(order("tuple<int, int>", BYTES("\0\0\0\4\0\0\0\7"), BYTES("\0\0\0\4\0\0\0\7\xFF\xFF\xFF\xFF")), 0);
}
END_TEST

START_TEST(numbers_come_back_from_their_digits) {
  uint64_t random = property_seed("wide_value");
  for (int i = 0; i < 3000; i++) {
    uint8_t bytes[MED_WIDE_NUMBER_SIZE_MAX], again[MED_WIDE_NUMBER_SIZE_MAX];
    size_t len = 1 + property_below(&random, i % 20 == 0 ? MED_WIDE_NUMBER_SIZE_MAX : 9);
    for (size_t k = 0; k < len; k++) bytes[k] = (uint8_t)(property_below(&random, 4) ? property_random(&random) : 0x80);
    if (i == 0) memset(bytes, 0, sizeof bytes), bytes[0] = 0x80, len = sizeof bytes;
    med_wide_digits digits;
    med_wide_digits_of(med_slice_of(bytes, len), &digits);
    size_t again_len = med_wide_digits_write(&digits, again);
    ck_assert(med_slice_equal(med_wide_number_shortest(med_slice_of(bytes, len)), med_slice_of(again, again_len)));
  }
  med_wide_digits digits;
  med_wide_digits_of(BYTES("\xFE\0"), &digits);
  ck_assert(digits.negative && digits.count == 3 && memcmp(digits.digits, "\5\1\2", 3) == 0);
  memset(digits.digits, 9, sizeof digits.digits);
  digits.count = MED_WIDE_NUMBER_DIGITS_MAX;
  uint8_t bytes[MED_WIDE_NUMBER_SIZE_MAX];
  ck_assert_uint_eq(med_wide_digits_write(&digits, bytes), 0);
  med_arena_clear(&arena);
}
END_TEST

PROPERTY_MAIN("wide_value", characters_are_those_of_unicode, numbers_and_durations_end_where_their_limits_are,
              lengths_and_bytes_are_checked, collections_are_checked_to_their_end, the_order_is_cassandras,
              numbers_come_back_from_their_digits)
