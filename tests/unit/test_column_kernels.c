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

START_TEST(packed_numbers_are_found_within_bounds) {
  uint64_t seed = property_seed("column_kernels numbers");
  uint64_t found[MED_VECTOR_WORDS];
  for (int round = 0; round < ROUNDS; round++) {
    size_t rows = (size_t)property_below(&seed, MED_VECTOR_ROWS + 1);
    unsigned shift = (unsigned)property_below(&seed, 32);
    for (size_t row = 0; row < MED_VECTOR_ROWS; row++) codes[row] = (uint32_t)property_random(&seed) >> shift;
    uint32_t low = codes[property_below(&seed, MED_VECTOR_ROWS)], high = codes[property_below(&seed, MED_VECTOR_ROWS)];
    if (round % 10 == 0) high = UINT32_MAX;
    med_column_numbers_within(codes, rows, low, high, found);
    bool good = true;
    for (size_t row = 0; row < MED_VECTOR_ROWS; row++)
      good = good && med_rows_has(found, row) == (row < rows && low <= codes[row] && codes[row] <= high);
    ck_assert_msg(good, "round %d", round);
  }
}
END_TEST

static bool is_in(const med_integer_range *range, int64_t value) {
  return (range->low <= value && value <= range->high) != range->outside;
}

START_TEST(ranges_hold_what_the_comparison_says) {
  static const int64_t values[] = {INT64_MIN, INT64_MIN + 1, -1, 0, 1, INT64_MAX - 1, INT64_MAX};
  for (int i = 0; i < 6 * 7 * 6 * 7; i++) {
    med_compare compare = (med_compare)(i % 6), other = (med_compare)(i / 6 % 6);
    int64_t constant = values[i / 36 % 7], other_constant = values[i / 252];
    med_integer_range range = med_integer_range_of(compare, constant), both = range;
    med_integer_range with = med_integer_range_of(other, other_constant);
    bool narrowed = med_integer_range_narrow(&both, &with);
    ck_assert(narrowed == (compare != MED_NOT_EQUAL && other != MED_NOT_EQUAL));
    for (size_t v = 0; v < 7; v++) {
      bool first = integer_is(values[v], compare, constant);
      ck_assert(is_in(&range, values[v]) == first);
      ck_assert(is_in(&both, values[v]) == (first && (!narrowed || integer_is(values[v], other, other_constant))));
    }
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
  med_int128 sum = 0;
  uint64_t count = 0;
  int64_t min = INT64_MAX, max = INT64_MIN;
  for (int round = 0; round < ROUNDS; round++) {
    if (round % 20 == 0) {
      total = (med_integer_total){0};
      sum = count = 0;
      min = INT64_MAX, max = INT64_MIN;
    }
    make_selection((size_t)property_below(&seed, MED_VECTOR_ROWS + 1), selected, &seed);
    column_kit_integers((enum column_shape)property_below(&seed, SHAPE_COUNT), integers, MED_VECTOR_ROWS, &seed);
    med_column_total_integers(integers, selected, &total);
    size_t listed = med_column_list_rows(selected, list), at = 0;
    bool good = listed == med_rows_count(selected);
    for (size_t row = 0; row < MED_VECTOR_ROWS; row++) {
      if (!med_rows_has(selected, row)) continue;
      good = good && list[at++] == row;
      sum += integers[row];
      min = integers[row] < min ? integers[row] : min;
      max = integers[row] > max ? integers[row] : max;
      count++;
    }
    ck_assert(good && total.count == count && total.sum == sum);
    if (count == 0) continue;
    ck_assert(total.min == min && total.max == max);
  }
}
END_TEST

PROPERTY_MAIN("column_kernels", filters_select_what_the_comparison_says, packed_numbers_are_found_within_bounds,
              ranges_hold_what_the_comparison_says, bounds_leave_out_only_vectors_without_a_match,
              prefixes_leave_out_only_vectors_without_a_match, sums_counts_and_bounds_are_those_of_the_selected_rows)
