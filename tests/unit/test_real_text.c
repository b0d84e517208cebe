/* test_real_text.c - real numbers from texts, in a locale that writes them with a comma, if the host has one. */
#include <errno.h>
#include <locale.h>
#include <math.h>
#include <string.h>

#include "storage/real_text.h"
#include "tests/unit/property.h"

START_TEST(a_point_is_a_point_in_every_locale) {
  static const char *const locales[] = {"C", "de_DE.UTF-8", "de_DE", "fr_FR.UTF-8"};
  for (size_t i = 0; i < sizeof locales / sizeof *locales; i++) {
    char *end;
    const char text[] = "-1.25e2,5";
    if (setlocale(LC_ALL, locales[i]) == NULL) continue;
    ck_assert_double_eq(med_real_text_double(text, &end), -125);
    ck_assert_str_eq(end, ",5");
    ck_assert(med_real_text_float(text, &end) == -125.0f);
    ck_assert_str_eq(end, ",5");
    ck_assert(med_real_text_long_double(text, &end) == -125.0L);
    ck_assert_str_eq(end, ",5");
  }
}
END_TEST

START_TEST(what_is_none_ends_where_it_begins_and_what_does_not_fit_is_told) {
  char *end;
  const char none[] = "x1";
  ck_assert_double_eq(med_real_text_double(none, &end), 0);
  ck_assert_ptr_eq(end, none);
  ck_assert(med_real_text_float("0.1", NULL) == 0.1f);
  errno = 0;
  ck_assert(isinf(med_real_text_double("1e999", NULL)));
  ck_assert_int_eq(errno, ERANGE);
  errno = 0;
  ck_assert(isfinite(med_real_text_long_double("1e999", NULL)));
  ck_assert_int_eq(errno, 0);
}
END_TEST

PROPERTY_MAIN("real_text", a_point_is_a_point_in_every_locale,
              what_is_none_ends_where_it_begins_and_what_does_not_fit_is_told)
