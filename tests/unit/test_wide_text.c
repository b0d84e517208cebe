/* test_wide_text.c - values as CQL's literals. */
#include <string.h>

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
  med_slice none = med_slice_of(NULL, 0);
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
  check_read(MED_WIDE_DATE, "2024-02-29", MEDLEY_UNSUPPORTED, none);
}
END_TEST

PROPERTY_MAIN("wide_text", values_are_written_as_literals, literals_are_read_or_refused)
