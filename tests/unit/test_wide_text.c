/* test_wide_text.c - values as CQL's literals. */
#include <string.h>

#include "models/widecolumn/number.h"
#include "models/widecolumn/value_text.h"
#include "tests/unit/property.h"

#define BYTES(literal) med_slice_of(literal, sizeof(literal) - 1)

static void check_written(const char *type_text, med_slice value, const char *wanted) {
  med_arena arena = {0};
  med_buffer text = {0};
  med_wide_type type;
  ck_assert_int_eq(med_wide_type_parse(med_slice_of_text(type_text), NULL, NULL, &arena, &type, NULL), MEDLEY_OK);
  ck_assert_int_eq(med_wide_value_check(&type, value, NULL), MEDLEY_OK);
  ck_assert(med_wide_text_write(&type, value, &text) && med_buffer_append_byte(&text, 0));
  ck_assert_str_eq(text.bytes, wanted);
  med_buffer_clear(&text);
  med_arena_clear(&arena);
}

static void check_read(med_wide_kind kind, const char *text, int status, med_slice wanted) {
  med_buffer value = {0};
  ck_assert_int_eq(med_wide_text_read(kind, med_slice_of_text(text), &value, NULL), status);
  ck_assert(med_slice_equal(med_slice_of(value.bytes, value.len), wanted));
  med_buffer_clear(&value);
}

START_TEST(values_are_written_as_literals) {
  check_written("text", BYTES("it's"), "'it''s'");
  check_written("blob", BYTES("\0\xAB"), "0x00ab");
  check_written("int", BYTES("\x80\0\0\0"), "-2147483648");
  check_written("boolean", BYTES("\1"), "true");
  check_written("decimal", BYTES("\0\0\0\2\x64"), "1.00");
  check_written("decimal", BYTES("\0\0\0\3\xF4"), "-0.012");
  check_written("decimal", BYTES("\xFF\xFF\xFF\xFE\x0C"), "1.2E+3");
  check_written("decimal", BYTES("\0\0\0\7\1"), "1E-7");
  check_written("double", BYTES("\x3F\xB9\x99\x99\x99\x99\x99\x9A"), "0.1");
  check_written("float", BYTES("\x3D\xCC\xCC\xCD"), "0.1");
  check_written("double", BYTES("\x40\0\0\0\0\0\0\0"), "2.0");
  check_written("float", BYTES("\xFF\x80\0\0"), "-Infinity");
  check_written("inet", BYTES("\x7F\0\0\1"), "'127.0.0.1'");
  check_written("date", BYTES("\x80\0\0\x3B"), "'1970-03-01'");
  check_written("date", BYTES("\0\0\0\0"), "0");
  check_written("timestamp", BYTES("\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF"), "'1969-12-31 23:59:59.999+0000'");
  check_written("timestamp", BYTES("\0\0\1\x8D\xF4\xBC\x56\0"), "'2024-02-29 12:00:00.000+0000'");
  check_written("time", BYTES("\0\0\x4E\x94\x91\x4E\xFF\xFF"), "'23:59:59.999999999'");
  check_written("duration", BYTES("\3\5\0"), "-2mo3d");
  check_written("duration", BYTES("\0\0\0"), "0ns");
  check_written("map<text, int>", BYTES("\0\0\0\1\0\0\0\1a\0\0\0\4\0\0\0\7"), "{'a': 7}");
  check_written("tuple<int, text>", BYTES("\0\0\0\4\0\0\0\7"), "(7, null)");
  check_written("list<tinyint>", BYTES("\0\0\0\2\0\0\0\1\1\0\0\0\1\2"), "[1, 2]");
}
END_TEST

START_TEST(literals_are_read_or_refused) {
  med_slice none = med_slice_of("", 0);
  check_read(MED_WIDE_INT, "-1", MEDLEY_OK, BYTES("\xFF\xFF\xFF\xFF"));
  check_read(MED_WIDE_TINYINT, "128", MEDLEY_RANGE, none);
  check_read(MED_WIDE_BIGINT, "-9223372036854775808", MEDLEY_OK, BYTES("\x80\0\0\0\0\0\0\0"));
  check_read(MED_WIDE_BIGINT, "9223372036854775808", MEDLEY_RANGE, none);
  check_read(MED_WIDE_INT, "1x", MEDLEY_TYPE, none);
  check_read(MED_WIDE_INT, "-", MEDLEY_TYPE, none);
  check_read(MED_WIDE_VARINT, "-0128", MEDLEY_OK, BYTES("\x80"));
  check_read(MED_WIDE_BOOLEAN, "TRUE", MEDLEY_OK, BYTES("\1"));
  check_read(MED_WIDE_BLOB, "0xaBc", MEDLEY_TYPE, none);
  check_read(MED_WIDE_BLOB, "0x00zz", MEDLEY_TYPE, none);
  check_read(MED_WIDE_BLOB, "0xaB", MEDLEY_OK, BYTES("\xAB"));
  check_read(MED_WIDE_INET, "::1", MEDLEY_OK, BYTES("\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1"));
  check_read(MED_WIDE_INET, "1.2.3", MEDLEY_TYPE, none);
  check_read(MED_WIDE_TEXT, "\xFF", MEDLEY_TYPE, none);
  check_read(MED_WIDE_TIMEUUID, "00000000-0000-4000-8000-000000000000", MEDLEY_TYPE, none);
  check_read(MED_WIDE_UUID, "00000000-0000-4000-8000-0000000000fF", MEDLEY_OK,
             BYTES("\0\0\0\0\0\0\x40\0\x80\0\0\0\0\0\0\xFF"));
  check_read(MED_WIDE_DATE, "2024-02-29", MEDLEY_OK, BYTES("\x80\0\x4D\x46"));
  check_read(MED_WIDE_LIST, "[]", MEDLEY_UNSUPPORTED, none);
}
END_TEST

START_TEST(literals_with_one_thing_wrong_are_refused) {
  static const struct {
    med_wide_kind kind;
    const char *text;
  } wrong[] = {{MED_WIDE_INT, ""},
               {MED_WIDE_INT, "1:"},
               {MED_WIDE_BLOB, ""},
               {MED_WIDE_BLOB, "1x00"},
               {MED_WIDE_BLOB, "0y00"},
               {MED_WIDE_BLOB, "0x/0"},
               {MED_WIDE_BLOB, "0x0`"},
               {MED_WIDE_BLOB, "0xg0"},
               {MED_WIDE_BLOB, "0x0G"},
               {MED_WIDE_BLOB, "0x@0"},
               {MED_WIDE_BOOLEAN, "tree"},
               {MED_WIDE_BOOLEAN, "false "},
               {MED_WIDE_BOOLEAN, "falls"},
               {MED_WIDE_INET, "1111:2222:3333:4444:5555:6666:7777:8888:9999:aaaa"},
               {MED_WIDE_UUID, "00000000-0000-4000-8000-0000000000f"},
               {MED_WIDE_UUID, "00000000+0000-4000-8000-0000000000ff"},
               {MED_WIDE_UUID, "00000000-0000+4000-8000-0000000000ff"},
               {MED_WIDE_UUID, "0000000g-0000-4000-8000-0000000000ff"},
               {MED_WIDE_UUID, "000000g0-0000-4000-8000-0000000000ff"}};
  for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
    check_read(wrong[i].kind, wrong[i].text, MEDLEY_TYPE, med_slice_of(NULL, 0));
  char digits[MED_WIDE_NUMBER_DIGITS_MAX + 2], word[100];
  memset(digits, '9', sizeof digits);
  digits[MED_WIDE_NUMBER_DIGITS_MAX + 1] = '\0';
  check_read(MED_WIDE_VARINT, digits, MEDLEY_TOO_BIG, med_slice_of(NULL, 0));
  digits[MED_WIDE_NUMBER_DIGITS_MAX] = '\0'; /* as many as a number may have, and more than its bytes can say */
  check_read(MED_WIDE_VARINT, digits, MEDLEY_TOO_BIG, med_slice_of(NULL, 0));
  memset(word, 'x', sizeof word);
  word[99] = '\0'; /* cut in the message */
  check_read(MED_WIDE_INT, word, MEDLEY_TYPE, med_slice_of(NULL, 0));
}
END_TEST

/* Read and written again: what was read is seen by its text. */
static void check_again(const char *kind, const char *text, const char *wanted) {
  med_arena arena = {0};
  med_buffer value = {0};
  med_wide_type type;
  ck_assert_int_eq(med_wide_type_parse(med_slice_of_text(kind), NULL, NULL, &arena, &type, NULL), MEDLEY_OK);
  ck_assert_msg(med_wide_text_read(type.kind, med_slice_of_text(text), &value, NULL) == MEDLEY_OK, "%s", text);
  check_written(kind, med_slice_of(value.bytes, value.len), wanted);
  med_buffer_clear(&value);
  med_arena_clear(&arena);
}

START_TEST(decimals_keep_their_digits_and_scale) {
  med_slice none = med_slice_of("", 0);
  check_read(MED_WIDE_DECIMAL, "1.00", MEDLEY_OK, BYTES("\0\0\0\2\x64"));
  check_read(MED_WIDE_DECIMAL, "-0.012", MEDLEY_OK, BYTES("\0\0\0\3\xF4"));
  check_read(MED_WIDE_DECIMAL, "1.2E+3", MEDLEY_OK, BYTES("\xFF\xFF\xFF\xFE\x0C"));
  check_read(MED_WIDE_DECIMAL, "-0.0", MEDLEY_OK, BYTES("\0\0\0\1\0"));
  check_read(MED_WIDE_DECIMAL, "007.", MEDLEY_OK, BYTES("\0\0\0\0\7"));
  check_read(MED_WIDE_DECIMAL, "+.5e-1", MEDLEY_OK, BYTES("\0\0\0\2\5"));
  check_read(MED_WIDE_DECIMAL, "1e2147483648", MEDLEY_OK, BYTES("\x80\0\0\0\1"));
  check_read(MED_WIDE_DECIMAL, "1e2147483649", MEDLEY_RANGE, none);
  check_read(MED_WIDE_DECIMAL, "1e-99999999999999999999", MEDLEY_RANGE, none);
  static const char *const wrong[] = {"", ".", "-", "1e", "1e+", "1.2.3", "1x", "e5", "0x1", "NaN", " 1", "1 "};
  for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) check_read(MED_WIDE_DECIMAL, wrong[i], MEDLEY_TYPE, none);
  char digits[MED_WIDE_NUMBER_DIGITS_MAX + 2];
  memset(digits, '9', sizeof digits - 1);
  digits[sizeof digits - 1] = '\0';
  check_read(MED_WIDE_DECIMAL, digits, MEDLEY_TOO_BIG, none);
}
END_TEST

START_TEST(reals_are_rounded_once) {
  med_slice none = med_slice_of("", 0);
  check_again("double", "0.1", "0.1");
  check_again("double", "-1", "-1.0");
  check_again("double", "1e400", "Infinity");
  check_again("double", "-infinity", "-Infinity");
  check_again("double", "+NaN", "NaN");
  check_again("double", "1e-400", "0.0");
  check_again("double", "123456789012345678901234567890", "1.2345678901234568e+29");
  check_again("float", "16777217", "16777216.0");
  /* Rounded to a double first, it would become even, that is 1.0000000. */
  check_read(MED_WIDE_FLOAT, "1.000000059604644776", MEDLEY_OK, BYTES("\x3F\x80\0\1"));
  check_read(MED_WIDE_DOUBLE, "0x10", MEDLEY_TYPE, none);
  check_read(MED_WIDE_DOUBLE, "inf", MEDLEY_TYPE, none);
  check_read(MED_WIDE_FLOAT, "", MEDLEY_TYPE, none);
  char digits[2000];
  memset(digits, '1', sizeof digits - 1);
  digits[sizeof digits - 1] = '\0';
  check_read(MED_WIDE_DOUBLE, digits, MEDLEY_TOO_BIG, none);
}
END_TEST

START_TEST(text_that_was_written_is_read_as_the_same_value) {
  static const med_wide_kind kinds[] = {MED_WIDE_DOUBLE, MED_WIDE_FLOAT, MED_WIDE_DECIMAL,  MED_WIDE_VARINT,
                                        MED_WIDE_DATE,   MED_WIDE_TIME,  MED_WIDE_TIMESTAMP};
  uint64_t state = property_seed("wide_text");
  for (int round = 0; round < 20000; round++) {
    med_wide_type type = med_wide_type_of(kinds[property_below(&state, sizeof kinds / sizeof *kinds)]);
    uint8_t bytes[16];
    size_t size = med_wide_kind_size(type.kind);
    for (size_t i = 0; i < sizeof bytes; i++) bytes[i] = (uint8_t)property_random(&state);
    if (size == 0) size = 5 + property_below(&state, 12);
    if (type.kind == MED_WIDE_TIME) med_put_u64(bytes, property_below(&state, 86400000000000));
    if (type.kind == MED_WIDE_DECIMAL) med_put_u32(bytes, (uint32_t)property_below(&state, 40) - 20);
    if (type.kind == MED_WIDE_TIMESTAMP && property_below(&state, 2) == 0)
      med_put_u64(bytes, property_below(&state, 1ull << 47));
    med_buffer text = {0}, again = {0};
    ck_assert(med_wide_text_write(&type, med_slice_of(bytes, size), &text));
    bool quoted = text.bytes[0] == '\'';
    med_slice literal = med_slice_of(text.bytes + quoted, text.len - 2u * quoted);
    ck_assert_msg(med_wide_text_read(type.kind, literal, &again, NULL) == MEDLEY_OK, "%.*s", (int)text.len, text.bytes);
    ck_assert_msg(med_wide_value_compare(&type, med_slice_of(bytes, size), med_slice_of(again.bytes, again.len)) == 0,
                  "%.*s", (int)text.len, text.bytes);
    med_buffer_clear(&text);
    med_buffer_clear(&again);
  }
}
END_TEST

PROPERTY_MAIN("wide_text", decimals_keep_their_digits_and_scale, reals_are_rounded_once,
              text_that_was_written_is_read_as_the_same_value, values_are_written_as_literals,
              literals_are_read_or_refused, literals_with_one_thing_wrong_are_refused)
