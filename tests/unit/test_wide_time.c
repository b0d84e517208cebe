/* test_wide_time.c - dates, times, timestamps and durations from their texts. */
#include <string.h>

#include "models/widecolumn/time_text.h"
#include "models/widecolumn/value_text.h"
#include "tests/unit/property.h"

/* What was read is seen as med_wide_text_write writes it. */
static void reads(med_wide_kind kind, const char *text, const char *wanted) {
  med_wide_type type = med_wide_type_of(kind);
  med_buffer value = {0}, written = {0};
  medley_error error = {0};
  ck_assert_msg(med_wide_text_read(kind, med_slice_of_text(text), &value, &error) == MEDLEY_OK, "%s: %s", text,
                error.message);
  ck_assert_int_eq(med_wide_value_check(&type, med_slice_of(value.bytes, value.len), NULL), MEDLEY_OK);
  ck_assert(med_wide_text_write(&type, med_slice_of(value.bytes, value.len), &written));
  ck_assert(med_buffer_append_byte(&written, 0));
  ck_assert_msg(strcmp(written.bytes, wanted) == 0, "%s: %s instead of %s", text, written.bytes, wanted);
  med_buffer_clear(&value);
  med_buffer_clear(&written);
}

static void refuses(med_wide_kind kind, int status, size_t count, const char *const *texts) {
  for (size_t i = 0; i < count; i++) {
    med_buffer value = {0};
    ck_assert_msg(med_wide_text_read(kind, med_slice_of_text(texts[i]), &value, NULL) == status, "%s", texts[i]);
    ck_assert_uint_eq(value.len, 0);
    med_buffer_clear(&value);
  }
}
#define REFUSES(kind, status, ...)                              \
  do {                                                          \
    static const char *const texts[] = {__VA_ARGS__};           \
    refuses(kind, status, sizeof texts / sizeof *texts, texts); \
  } while (0)

START_TEST(dates_are_of_the_gregorian_calendar_or_a_number) {
  reads(MED_WIDE_DATE, "1970-01-01", "'1970-01-01'");
  reads(MED_WIDE_DATE, "2024-02-29", "'2024-02-29'");
  reads(MED_WIDE_DATE, "2000-02-29", "'2000-02-29'");
  reads(MED_WIDE_DATE, "0000-03-01", "'0000-03-01'");
  reads(MED_WIDE_DATE, "+9999-12-31", "'9999-12-31'");
  reads(MED_WIDE_DATE, "-0001-12-31", "2146764119"); /* the day before 0000-01-01 */
  reads(MED_WIDE_DATE, "2147483648", "'1970-01-01'");
  reads(MED_WIDE_DATE, "0", "0");
  REFUSES(MED_WIDE_DATE, MEDLEY_TYPE, "", "2023-02-29", "1900-02-29", "2024-13-01", "2024-00-01", "2024-01-32",
          "2024-01-00", "24-01-01", "2024-1-1", "2024-01-01 ", "2024-01", "x", "-");
  REFUSES(MED_WIDE_DATE, MEDLEY_RANGE, "-1", "4294967296", "99999999999999999999999", "999999999-01-01");
}
END_TEST

static void expect_day(int64_t year, unsigned month, unsigned day, int64_t days) {
  int64_t found_year;
  unsigned found_month, found_day;
  ck_assert_int_eq(med_wide_days_of(year, month, day), days);
  med_wide_date_of(days, &found_year, &found_month, &found_day);
  ck_assert(found_year == year && found_month == month && found_day == day);
}

START_TEST(every_day_follows_the_one_before) {
  static const uint8_t lens[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  int64_t days = med_wide_days_of(-401, 1, 1);
  for (int64_t year = -401; year < 2402; year++) {
    bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    for (unsigned month = 1; month <= 12; month++) {
      for (unsigned day = 1; day <= lens[month - 1] + (unsigned)(month == 2 && leap); day++)
        expect_day(year, month, day, days++);
    }
  }
  ck_assert_int_eq(med_wide_days_of(1970, 1, 1), 0);
}
END_TEST

START_TEST(times_have_seconds_and_up_to_nine_digits_behind_them) {
  reads(MED_WIDE_TIME, "08:12:54", "'08:12:54.000000000'");
  reads(MED_WIDE_TIME, "8:1:5.5", "'08:01:05.500000000'");
  reads(MED_WIDE_TIME, "23:59:59.123456789", "'23:59:59.123456789'");
  reads(MED_WIDE_TIME, "86399999999999", "'23:59:59.999999999'");
  REFUSES(MED_WIDE_TIME, MEDLEY_TYPE, "", "08:12", "24:00:00", "08:60:00", "08:00:60", "08:00:00.",
          "08:00:00.1234567890", "08:00:00 ", "8:0:0x", "::");
  REFUSES(MED_WIDE_TIME, MEDLEY_RANGE, "-1", "86400000000000", "99999999999999999999");
}
END_TEST

START_TEST(timestamps_have_a_date_perhaps_a_time_and_perhaps_a_zone) {
  reads(MED_WIDE_TIMESTAMP, "2011-02-03", "'2011-02-03 00:00:00.000+0000'");
  reads(MED_WIDE_TIMESTAMP, "2011-02-03+0130", "'2011-02-02 22:30:00.000+0000'");
  reads(MED_WIDE_TIMESTAMP, "2011-02-03 04:05", "'2011-02-03 04:05:00.000+0000'");
  reads(MED_WIDE_TIMESTAMP, "2011-02-03T04:05:06", "'2011-02-03 04:05:06.000+0000'");
  reads(MED_WIDE_TIMESTAMP, "2011-02-03T04:05:06.7Z", "'2011-02-03 04:05:06.700+0000'");
  reads(MED_WIDE_TIMESTAMP, "2011-02-03 04:05:06.123456+02:00", "'2011-02-03 02:05:06.123+0000'");
  reads(MED_WIDE_TIMESTAMP, "2011-02-03 04:05 -08", "'2011-02-03 12:05:00.000+0000'");
  reads(MED_WIDE_TIMESTAMP, "2011-02-03 04:05:06 UTC", "'2011-02-03 04:05:06.000+0000'");
  reads(MED_WIDE_TIMESTAMP, "2011-02-03 GMT", "'2011-02-03 00:00:00.000+0000'");
  reads(MED_WIDE_TIMESTAMP, "-1", "'1969-12-31 23:59:59.999+0000'");
  reads(MED_WIDE_TIMESTAMP, "1709208000000", "'2024-02-29 12:00:00.000+0000'");
  REFUSES(MED_WIDE_TIMESTAMP, MEDLEY_TYPE, "", "2011-02-30", "2011-02-03T", "2011-02-03 ", "2011-02-03 4:05",
          "2011-02-03 04:05 PST", "2011-02-03 04:05+1", "2011-02-03 04:05+19",
          "2011-02-03 04:05+01:", "2011-02-03 04:05Zx", "2011-02-03 25:00", "now");
  reads(MED_WIDE_TIMESTAMP, "1969-12-31 23:59:59.999", "'1969-12-31 23:59:59.999+0000'");
  REFUSES(MED_WIDE_TIMESTAMP, MEDLEY_RANGE, "9223372036854775808", "-99999999999999999999");
}
END_TEST

START_TEST(timestamps_end_where_64_bits_do) {
  static const struct {
    const char *text;
    int64_t milliseconds;
  } edges[] = {{"292278994-08-17 07:12:55.807", INT64_MAX},
               {"292278994-08-18 01:12:55.807+18:00", INT64_MAX},
               {"-292275055-05-16 16:47:04.192", INT64_MIN},
               {"-292275055-05-15 22:47:04.192-18:00", INT64_MIN}};
  for (size_t i = 0; i < sizeof edges / sizeof *edges; i++) {
    med_buffer value = {0};
    ck_assert_int_eq(med_wide_text_read(MED_WIDE_TIMESTAMP, med_slice_of_text(edges[i].text), &value, NULL), MEDLEY_OK);
    ck_assert_uint_eq(value.len, 8);
    ck_assert_int_eq((int64_t)med_get_u64((const uint8_t *)value.bytes), edges[i].milliseconds);
    med_buffer_clear(&value);
  }
  REFUSES(MED_WIDE_TIMESTAMP, MEDLEY_RANGE, "292278994-08-17 07:12:55.808", "-292275055-05-16 16:47:04.191",
          "999999999-12-31 23:59:59.999", "-999999999-01-01", "292278994-08-17 07:12:55-18:00");
}
END_TEST

START_TEST(durations_have_three_spellings) {
  reads(MED_WIDE_DURATION, "1y2mo3w4d5h6m7s8ms9us10ns", "14mo25d18367008009010ns");
  reads(MED_WIDE_DURATION, "1H30M", "5400000000000ns");
  reads(MED_WIDE_DURATION, "-2mo3d", "-2mo3d");
  reads(MED_WIDE_DURATION, "5\xC2\xB5s", "5000ns");
  reads(MED_WIDE_DURATION, "P1Y2M3DT4H5M6S", "14mo3d14706000000000ns");
  reads(MED_WIDE_DURATION, "-PT5M", "-300000000000ns");
  reads(MED_WIDE_DURATION, "P3W", "21d");
  reads(MED_WIDE_DURATION, "P0001-02-03T04:05:06", "14mo3d14706000000000ns");
  reads(MED_WIDE_DURATION, "2147483647mo2147483647d9223372036854775807ns",
        "2147483647mo2147483647d9223372036854775807ns");
  REFUSES(MED_WIDE_DURATION, MEDLEY_TYPE, "", "-", "P", "PT", "P1", "1", "1x", "1d1y", "1d2d", "1h ", "1h-2m", "P1M1Y",
          "P1YT", "P1H", "PT1D", "P1W1D", "P0001-02-03", "P0001-02-03T04:05:6", "P1WT", "--1d",
          "12345678901234567890ns");
  REFUSES(MED_WIDE_DURATION, MEDLEY_RANGE, "2147483648mo", "999999999y", "2147483648d", "9223372036855h",
          "100000000000000000y", "306783378w6d");
}
END_TEST

START_TEST(a_duration_of_any_size_comes_back) {
  uint64_t state = property_seed("wide_time");
  for (int round = 0; round < 20000; round++) {
    int64_t wanted[3] = {(int64_t)(property_number(&state) & INT32_MAX), (int64_t)(property_number(&state) & INT32_MAX),
                         (int64_t)(property_number(&state) & INT64_MAX)};
    int64_t found;
    if (property_below(&state, 2) == 0) {
      for (int i = 0; i < 3; i++) wanted[i] = -wanted[i];
    }
    med_buffer value = {0};
    ck_assert(med_wide_duration_put((int32_t)wanted[0], (int32_t)wanted[1], wanted[2], &value));
    med_slice left = med_slice_of(value.bytes, value.len);
    for (int i = 0; i < 3; i++) {
      ck_assert(med_wide_take_vint(&left, &found));
      ck_assert_int_eq(found, wanted[i]);
    }
    ck_assert_uint_eq(left.len, 0);
    med_buffer_clear(&value);
  }
}
END_TEST

PROPERTY_MAIN("wide_time", dates_are_of_the_gregorian_calendar_or_a_number, every_day_follows_the_one_before,
              times_have_seconds_and_up_to_nine_digits_behind_them,
              timestamps_have_a_date_perhaps_a_time_and_perhaps_a_zone, timestamps_end_where_64_bits_do,
              durations_have_three_spellings, a_duration_of_any_size_comes_back)
