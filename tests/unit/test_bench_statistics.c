/* test_bench_statistics.c - medians, intervals, exponents, and the history's lines. */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/dice.h"
#include "bench/history.h"
#include "bench/statistics.h"
#include "tests/unit/property.h"

START_TEST(the_median_is_the_middle_or_the_mean_of_two) {
  ck_assert_double_eq_tol(med_statistics_median((double[]){5, 1, 3}, 3), 3, 1e-12);
  ck_assert_double_eq_tol(med_statistics_median((double[]){4, 1, 3, 2}, 4), 2.5, 1e-12);
  ck_assert_double_eq_tol(med_statistics_median((double[]){7}, 1), 7, 1e-12);
  ck_assert_double_eq_tol(med_statistics_median(NULL, 0), 0, 1e-12);
  ck_assert_double_eq_tol(med_statistics_quantile((double[]){10, 20, 30, 40, 50}, 5, 0.25), 20, 1e-12);
  ck_assert_double_eq_tol(med_statistics_quantile((double[]){10, 20}, 2, 0.75), 17.5, 1e-12);
}
END_TEST

START_TEST(quantiles_leave_their_values_alone) {
  double values[] = {3, 1, 2};
  (void)med_statistics_median(values, 3);
  ck_assert_double_eq_tol(values[0], 3, 1e-15);
  ck_assert_double_eq_tol(values[1], 1, 1e-15);
}
END_TEST

START_TEST(the_interval_holds_the_median_and_is_the_same_for_the_same_seed) {
  double values[] = {1.0, 1.1, 0.9, 1.3, 1.05, 0.95, 1.2};
  med_interval a = med_statistics_bootstrap(values, 7, 5), b = med_statistics_bootstrap(values, 7, 5);
  ck_assert_double_eq_tol(a.middle, 1.05, 1e-12);
  ck_assert_double_le(a.low, a.middle);
  ck_assert_double_ge(a.high, a.middle);
  ck_assert_double_ge(a.low, 0.9);
  ck_assert_double_le(a.high, 1.3);
  ck_assert_double_eq_tol(a.low, b.low, 1e-15);
  ck_assert_double_eq_tol(a.high, b.high, 1e-15);
}
END_TEST

START_TEST(few_values_have_their_range_as_interval) {
  med_interval interval = med_statistics_bootstrap((double[]){2, 1, 4}, 3, 1);
  ck_assert_double_eq_tol(interval.low, 1, 1e-15);
  ck_assert_double_eq_tol(interval.high, 4, 1e-15);
}
END_TEST

/* Of 400 intervals from samples of one population about 95 % must hold its median; far fewer or all would be wrong. */
START_TEST(nineteen_intervals_of_twenty_hold_the_true_median) {
  int held = 0;
  for (uint64_t run = 0; run < 400; run++) {
    double values[25];
    med_dice dice;
    med_dice_init(&dice, 3, 0, run);
    for (int i = 0; i < 25; i++) values[i] = (double)med_dice_below(&dice, 1000001);
    med_interval interval = med_statistics_bootstrap(values, 25, run);
    held += interval.low <= 500000 && interval.high >= 500000;
  }
  ck_assert_int_ge(held, 360);
  ck_assert_int_le(held, 396);
}
END_TEST

START_TEST(the_sign_test_counts_heads_and_tails) {
  ck_assert_double_eq_tol(med_statistics_sign_test(5, 5), 2.0 / 32, 1e-12);
  ck_assert_double_eq_tol(med_statistics_sign_test(0, 5), 2.0 / 32, 1e-12);
  ck_assert_double_eq_tol(med_statistics_sign_test(5, 6), 2.0 * 7 / 64, 1e-12);
  ck_assert_double_eq_tol(med_statistics_sign_test(3, 6), 1, 1e-12);
  ck_assert_double_eq_tol(med_statistics_sign_test(0, 0), 1, 1e-12);
}
END_TEST

START_TEST(the_exponent_of_a_power_is_found) {
  double x[] = {10, 100, 1000}, y[3];
  for (int i = 0; i < 3; i++) y[i] = 0.3 * pow(x[i], 1.5);
  ck_assert_double_eq_tol(med_statistics_exponent(x, y, 3), 1.5, 1e-9);
  ck_assert_double_eq_tol(med_statistics_exponent(x, y, 1), 0, 1e-15);
}
END_TEST

START_TEST(a_line_is_read_back_and_what_is_no_line_is_refused) {
  med_record record;
  ck_assert_int_eq(
      med_history_parse("{\"workload\":\"w\",\"task\":\"t\",\"peer\":\"a\\\"b\",\"ratio\":1.25,\"new\":3}\n", &record),
      0);
  ck_assert_str_eq(record.peer, "a\"b");
  ck_assert_double_eq_tol(record.ratio, 1.25, 1e-15);
  static const char *const bad[] = {"",
                                    "\n",
                                    "{}",
                                    "[]",
                                    "{\"workload\":\"w\"}",
                                    "{\"workload\":\"w\",\"task\":\"t\",\"peer\":\"p\"",
                                    "{\"workload\":\"w\",\"task\":\"t\",\"peer\":\"p\",\"ratio\":}",
                                    "{\"workload\":\"w,\"task\":1}",
                                    "{\"workload"};
  for (unsigned i = 0; i < sizeof bad / sizeof *bad; i++) ck_assert_int_eq(med_history_parse(bad[i], &record), -1);
}
END_TEST

START_TEST(a_text_longer_than_its_field_is_cut) {
  char line[2000];
  med_record record;
  int len = snprintf(line, sizeof line, "{\"workload\":\"");
  memset(line + len, 'x', 1000);
  snprintf(line + len + 1000, sizeof line - (size_t)len - 1000, "\",\"task\":\"t\",\"peer\":\"p\"}");
  ck_assert_int_eq(med_history_parse(line, &record), 0);
  ck_assert_uint_eq(strlen(record.workload), sizeof record.workload - 1);
  ck_assert_str_eq(record.task, "t");
}
END_TEST

START_TEST(the_newest_line_of_each_row_is_kept) {
  char path[] = "bench-history-XXXXXX";
  int descriptor = mkstemp(path);
  ck_assert_int_ge(descriptor, 0);
  FILE *file = fdopen(descriptor, "w");
  static const struct {
    const char *task;
    int scale;
    double ratio;
  } lines[] = {{"a", 1, 1}, {"b", 1, 2}, {"a", 2, 3}, {"a", 1, 4}};
  for (unsigned i = 0; i < 4; i++) {
    fprintf(file,
            "{\"machine\":\"m\",\"workload\":\"w\",\"task\":\"%s\",\"peer\":\"p\",\"status\":\"ok\",\"scale\":%d,"
            "\"ratio\":%g}\n",
            lines[i].task, lines[i].scale, lines[i].ratio);
  }
  fputs("not a result\n", file);
  fclose(file);
  med_history history;
  ck_assert_int_eq(med_history_read(path, &history), 0);
  ck_assert_uint_eq(history.count, 4);
  ck_assert_uint_eq(history.bad_line, 5);
  med_record like = history.records[0];
  ck_assert_double_eq_tol(med_history_find(&history, &like)->ratio, 4, 1e-15);
  med_history_keep_newest(&history);
  ck_assert_uint_eq(history.count, 3);
  ck_assert_double_eq_tol(history.records[0].ratio, 4, 1e-15);
  med_history_clear(&history);
  remove(path);
}
END_TEST

PROPERTY_MAIN("bench statistics", the_median_is_the_middle_or_the_mean_of_two, quantiles_leave_their_values_alone,
              the_interval_holds_the_median_and_is_the_same_for_the_same_seed, few_values_have_their_range_as_interval,
              nineteen_intervals_of_twenty_hold_the_true_median, the_sign_test_counts_heads_and_tails,
              the_exponent_of_a_power_is_found, a_line_is_read_back_and_what_is_no_line_is_refused,
              a_text_longer_than_its_field_is_cut, the_newest_line_of_each_row_is_kept)
