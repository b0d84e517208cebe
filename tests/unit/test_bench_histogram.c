/* test_bench_histogram.c - buckets, quantiles, merging. */
#include <check.h>
#include <stdlib.h>

#include "bench/dice.h"
#include "bench/histogram.h"
#include "tests/unit/property.h"

START_TEST(buckets_follow_each_other_without_gap_or_overlap) {
  uint64_t next = 0;
  for (int bucket = 0; bucket < MED_HISTOGRAM_BUCKET_COUNT; bucket++) {
    ck_assert_uint_eq(med_histogram_bucket_low(bucket), next);
    ck_assert_uint_ge(med_histogram_bucket_high(bucket), next);
    next = med_histogram_bucket_high(bucket) + 1;
  }
  ck_assert_uint_eq(next, UINT64_C(1) << MED_HISTOGRAM_VALUE_BITS);
}
END_TEST

START_TEST(a_value_lies_within_its_bucket_which_is_narrow) {
  med_dice dice;
  med_dice_init(&dice, 1, 2, 3);
  for (int i = 0; i < 200000; i++) {
    uint64_t value = med_dice_roll(&dice) >> (64 - MED_HISTOGRAM_VALUE_BITS) >> med_dice_below(&dice, 40);
    int bucket = med_histogram_bucket_of(value);
    uint64_t low = med_histogram_bucket_low(bucket), high = med_histogram_bucket_high(bucket);
    ck_assert_uint_le(low, value);
    ck_assert_uint_ge(high, value);
    ck_assert_uint_le((high - low) * 32, low);
  }
}
END_TEST

START_TEST(what_is_too_large_counts_as_the_largest) {
  med_histogram *histogram = calloc(1, sizeof *histogram);
  med_histogram_record(histogram, UINT64_MAX);
  ck_assert_uint_eq(histogram->buckets[MED_HISTOGRAM_BUCKET_COUNT - 1], 1);
  ck_assert_uint_eq(histogram->max, UINT64_MAX);
  free(histogram);
}
END_TEST

static int compare(const void *a, const void *b) {
  uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;
  return (left > right) - (left < right);
}

START_TEST(quantiles_are_those_of_the_sorted_values_within_a_bucket) {
  enum { COUNT = 10001 };
  static uint64_t values[COUNT];
  med_histogram *histogram = calloc(1, sizeof *histogram);
  med_dice dice;
  med_dice_init(&dice, 7, 0, 0);
  for (int i = 0; i < COUNT; i++) {
    values[i] = med_dice_power_law(&dice, 100, 100000000);
    med_histogram_record(histogram, values[i]);
  }
  qsort(values, COUNT, sizeof *values, compare);
  static const double parts[] = {0, 0.01, 0.25, 0.5, 0.9, 0.99, 0.999, 1};
  for (unsigned i = 0; i < sizeof parts / sizeof *parts; i++) {
    double exact = parts[i] * COUNT;
    int rank = (int)exact + ((double)(int)exact < exact);
    uint64_t wanted = values[rank > 0 ? rank - 1 : 0];
    uint64_t got = med_histogram_quantile(histogram, parts[i]);
    ck_assert_uint_ge(got, wanted);
    ck_assert_uint_le(got, wanted + wanted / 32);
  }
  ck_assert_uint_eq(med_histogram_quantile(histogram, 1), values[COUNT - 1]);
  free(histogram);
}
END_TEST

START_TEST(merging_equals_recording_everything_in_one) {
  med_histogram *parts = calloc(3, sizeof *parts);
  med_dice dice;
  med_dice_init(&dice, 9, 0, 0);
  for (int i = 0; i < 5000; i++) {
    uint64_t value = med_dice_below(&dice, 1000000);
    med_histogram_record(&parts[i % 2], value);
    med_histogram_record(&parts[2], value);
  }
  med_histogram_merge(&parts[0], &parts[1]);
  ck_assert_mem_eq(&parts[0], &parts[2], sizeof *parts);
  free(parts);
}
END_TEST

START_TEST(an_empty_one_answers_zero) {
  med_histogram *histogram = malloc(sizeof *histogram);
  med_histogram_clear(histogram);
  ck_assert_uint_eq(med_histogram_quantile(histogram, 0.5), 0);
  free(histogram);
}
END_TEST

PROPERTY_MAIN("bench histogram", buckets_follow_each_other_without_gap_or_overlap,
              a_value_lies_within_its_bucket_which_is_narrow, what_is_too_large_counts_as_the_largest,
              quantiles_are_those_of_the_sorted_values_within_a_bucket, merging_equals_recording_everything_in_one,
              an_empty_one_answers_zero)
