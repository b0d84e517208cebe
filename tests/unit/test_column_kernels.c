/* test_column_kernels.c - filters and sums of vectors against the plainest loops. */
#include <math.h>

#include "storage/column_kernels.h"
#include "storage/column_page.h"
#include "tests/unit/column_kit.h"

enum { ROUNDS = 3000 };

static int64_t integers[MED_VECTOR_ROWS];
static double reals[MED_VECTOR_ROWS];
static uint32_t codes[MED_VECTOR_ROWS];

static bool integer_is(int64_t a, med_compare compare, int64_t b) {
  return compare == MED_LESS            ? a < b
         : compare == MED_LESS_EQUAL    ? a <= b
         : compare == MED_EQUAL         ? a == b
         : compare == MED_NOT_EQUAL     ? a != b
         : compare == MED_GREATER_EQUAL ? a >= b
                                        : a > b;
}

/* By their place in the order: 0 before, 1 equal, 2 behind. */
static bool real_is(double a, med_compare compare, double b) {
  return integer_is(med_real_less(a, b) ? 0 : med_real_less(b, a) ? 2 : 1, compare, 1);
}

static void make_reals(size_t rows, uint64_t *seed) {
  static const double special[] = {0.0, -0.0, NAN, INFINITY, -INFINITY, 1.5, -1.5};
  bool nan_only = property_below(seed, 20) == 0, plain = property_below(seed, 2) == 0;
  for (size_t row = 0; row < rows; row++) {
    reals[row] = plain ? (double)property_below(seed, 1000) / 8 : special[property_below(seed, 7)];
    if (nan_only) reals[row] = NAN;
  }
}

static void make_selection(size_t rows, uint64_t *selected, uint64_t *seed) {
  uint64_t kind = property_below(seed, 4);
  med_rows_fill(selected, kind == 0 ? 0 : rows);
  for (size_t word = 0; word < MED_VECTOR_WORDS && kind > 1; word++) {
    if (property_below(seed, 4) != 0) selected[word] &= property_random(seed);
    if (kind == 3) selected[word] &= property_random(seed) & property_random(seed);
  }
}

START_TEST(filters_select_what_the_comparison_says) {
  uint64_t seed = property_seed("column_kernels filters");
  uint64_t of_integers[MED_VECTOR_WORDS], of_reals[MED_VECTOR_WORDS], of_codes[MED_VECTOR_WORDS];
  uint8_t matches[50];
  for (int round = 0; round < ROUNDS; round++) {
    size_t rows = (size_t)property_below(&seed, MED_VECTOR_ROWS + 1);
    med_compare compare = (med_compare)(round % 6);
    column_kit_integers((enum column_shape)property_below(&seed, SHAPE_COUNT), integers, MED_VECTOR_ROWS, &seed);
    make_reals(MED_VECTOR_ROWS, &seed);
    for (size_t row = 0; row < MED_VECTOR_ROWS; row++) codes[row] = (uint32_t)property_below(&seed, 50);
    for (size_t code = 0; code < 50; code++) matches[code] = property_below(&seed, 3) == 0;
    int64_t integer = integers[property_below(&seed, MED_VECTOR_ROWS)];
    double real = reals[property_below(&seed, MED_VECTOR_ROWS)];
    med_column_compare_integers(integers, rows, compare, integer, of_integers);
    med_column_compare_reals(reals, rows, compare, real, of_reals);
    med_column_match_codes(codes, rows, matches, of_codes);
    bool good = true;
    for (size_t row = 0; row < MED_VECTOR_ROWS; row++) {
      bool there = row < rows;
      good = good && med_rows_has(of_integers, row) == (there && integer_is(integers[row], compare, integer));
      good = good && med_rows_has(of_reals, row) == (there && real_is(reals[row], compare, real));
      good = good && med_rows_has(of_codes, row) == (there && matches[codes[row]] != 0);
    }
    ck_assert_msg(good, "round %d", round);
  }
}
END_TEST

START_TEST(bounds_leave_out_only_vectors_without_a_match) {
  uint64_t seed = property_seed("column_kernels bounds");
  for (int round = 0; round < 20000; round++) {
    med_compare compare = (med_compare)(round % 6);
    int64_t a = (int64_t)property_below(&seed, 5), b = a + (int64_t)property_below(&seed, 3),
            c = (int64_t)property_below(&seed, 8);
    bool any = false;
    for (int64_t value = a; value <= b; value++) any = any || integer_is(value, compare, c);
    ck_assert_int_eq(med_column_may_match_integers(a, b, compare, c), any);
    double bounds[2] = {(double)a, property_below(&seed, 4) == 0 ? NAN : (double)b};
    double constant = property_below(&seed, 4) == 0 ? NAN : (double)c;
    any = real_is(bounds[0], compare, constant) || real_is(bounds[1], compare, constant);
    for (int64_t value = a; value <= (isnan(bounds[1]) ? 10 : b); value++)
      any = any || real_is((double)value, compare, constant);
    ck_assert_int_eq(med_column_may_match_reals(bounds[0], bounds[1], compare, constant), any);
  }
}
END_TEST

/* A text of up to 10 bytes, few of them different. */
static med_slice make_text(char *buffer, uint64_t *seed) {
  size_t len = (size_t)property_below(seed, 11);
  for (size_t i = 0; i < len; i++) buffer[i] = i < 7 ? 'a' : (char)property_below(seed, 3);
  if (len > 3 && property_below(seed, 3) == 0) buffer[3] = (char)(0x60 + property_below(seed, 130));
  return med_slice_of(buffer, len);
}

START_TEST(prefixes_leave_out_only_vectors_without_a_match) {
  uint64_t seed = property_seed("column_kernels prefixes");
  int left_out = 0;
  for (int round = 0; round < 20000; round++) {
    char values[3][10], constant_bytes[10];
    med_slice constant = make_text(constant_bytes, &seed);
    med_compare compare = (med_compare)(round % 6);
    uint64_t min = UINT64_MAX, max = 0;
    bool any = false;
    for (int i = 0; i < 3; i++) {
      med_slice value = make_text(values[i], &seed);
      uint64_t prefix = med_column_text_prefix(value);
      min = prefix < min ? prefix : min;
      max = prefix > max ? prefix : max;
      any = any || integer_is(med_slice_compare(value, constant), compare, 0);
    }
    bool may = med_column_may_match_texts(min, max, compare, constant);
    ck_assert(may || !any);
    left_out += !may;
  }
  ck_assert_int_gt(left_out, 1000);
}
END_TEST

START_TEST(sums_counts_and_bounds_are_those_of_the_selected_rows) {
  uint64_t seed = property_seed("column_kernels sums"), selected[MED_VECTOR_WORDS];
  uint16_t list[MED_VECTOR_ROWS];
  med_integer_total total = {0};
  med_real_total real_total = {0};
  med_int128 sum = 0;
  uint64_t count = 0, real_count = 0;
  int64_t min = INT64_MAX, max = INT64_MIN;
  double real_sum = 0, magnitude = 0, real_min = 0, real_max = 0;
  for (int round = 0; round < ROUNDS; round++) {
    if (round % 20 == 0) {
      total = (med_integer_total){0};
      real_total = (med_real_total){0};
      sum = count = real_count = 0;
      min = INT64_MAX, max = INT64_MIN;
      real_sum = magnitude = 0;
    }
    make_selection((size_t)property_below(&seed, MED_VECTOR_ROWS + 1), selected, &seed);
    column_kit_integers((enum column_shape)property_below(&seed, SHAPE_COUNT), integers, MED_VECTOR_ROWS, &seed);
    make_reals(MED_VECTOR_ROWS, &seed);
    med_column_total_integers(integers, selected, &total);
    med_column_total_reals(reals, selected, &real_total);
    size_t listed = med_column_list_rows(selected, list), at = 0;
    bool good = listed == med_rows_count(selected);
    for (size_t row = 0; row < MED_VECTOR_ROWS; row++) {
      if (!med_rows_has(selected, row)) continue;
      good = good && list[at++] == row;
      sum += integers[row];
      min = integers[row] < min ? integers[row] : min;
      max = integers[row] > max ? integers[row] : max;
      count++;
      real_sum += reals[row];
      magnitude += fabs(reals[row]);
      if (real_count == 0 || med_real_less(reals[row], real_min)) real_min = reals[row];
      if (real_count == 0 || med_real_less(real_max, reals[row])) real_max = reals[row];
      real_count++;
    }
    ck_assert(good && total.count == count && real_total.count == real_count && total.sum == sum);
    if (count == 0) continue;
    ck_assert(total.min == min && total.max == max);
    ck_assert(!med_real_less(real_min, real_total.min) && !med_real_less(real_total.min, real_min));
    ck_assert(!med_real_less(real_max, real_total.max) && !med_real_less(real_total.max, real_max));
    if (isfinite(magnitude)) ck_assert_double_eq_tol(real_total.sum, real_sum, magnitude * 1e-12 + 1e-12);
    if (isnan(real_sum)) ck_assert(isnan(real_total.sum));
  }
}
END_TEST

static void try_codes(uint32_t code_count, uint64_t *seed) {
  med_code_totals *totals, *real_totals, *counts;
  uint64_t selected[MED_VECTOR_WORDS], *expected = calloc(code_count, 8), count;
  med_int128 *sums = calloc(code_count, sizeof *sums), sum;
  double *real_sums = calloc(code_count, 8), real_sum;
  ck_assert_int_eq(med_code_totals_open(code_count, &totals), MEDLEY_OK);
  ck_assert_int_eq(med_code_totals_open(code_count, &real_totals), MEDLEY_OK);
  ck_assert_int_eq(med_code_totals_open(code_count, &counts), MEDLEY_OK);
  for (int round = 0; round < 64; round++) {
    make_selection(MED_VECTOR_ROWS, selected, seed);
    column_kit_integers(SHAPE_ANY, integers, MED_VECTOR_ROWS, seed);
    for (size_t row = 0; row < MED_VECTOR_ROWS; row++) {
      codes[row] = (uint32_t)property_below(seed, code_count);
      reals[row] = (double)property_below(seed, 100); /* sums of these are exact in any order */
      if (!med_rows_has(selected, row)) continue;
      expected[codes[row]]++;
      sums[codes[row]] += integers[row];
      real_sums[codes[row]] += reals[row];
    }
    med_code_totals_add_integers(totals, codes, integers, selected);
    med_code_totals_add_reals(real_totals, codes, reals, selected);
    med_code_totals_count(counts, codes, selected);
  }
  bool good = true;
  for (uint32_t code = 0; code < code_count; code++) {
    med_code_totals_get(totals, code, &count, &sum, &real_sum);
    good = good && count == expected[code] && sum == sums[code] && real_sum == 0;
    med_code_totals_get(real_totals, code, &count, &sum, &real_sum);
    good = good && count == expected[code] && sum == 0 && real_sum == real_sums[code];
    med_code_totals_get(counts, code, &count, &sum, &real_sum);
    good = good && count == expected[code] && sum == 0;
  }
  ck_assert(good);
  med_code_totals_close(totals);
  med_code_totals_close(real_totals);
  med_code_totals_close(counts);
  free(expected);
  free(sums);
  free(real_sums);
}

START_TEST(sums_by_code_are_those_of_the_codes_rows) {
  uint64_t seed = property_seed("column_kernels codes");
  try_codes(1, &seed);
  try_codes(20, &seed);
  try_codes(1024, &seed);
  try_codes(16384, &seed);
}
END_TEST

PROPERTY_MAIN("column_kernels", filters_select_what_the_comparison_says, bounds_leave_out_only_vectors_without_a_match,
              prefixes_leave_out_only_vectors_without_a_match, sums_counts_and_bounds_are_those_of_the_selected_rows,
              sums_by_code_are_those_of_the_codes_rows)
