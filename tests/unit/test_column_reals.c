/* test_column_reals.c - reals encoded: every bit comes back, decimals are small, golden bytes, damage. */
#include <math.h>

#include "storage/column_reals.h"
#include "tests/unit/column_kit.h"

enum { ROUNDS = 4000, BYTES_MAX = 8192 + 64, DECIMALS = SHAPE_COUNT, MIXED, SPECIAL, SHAPES };

static void make(int shape, double *values, size_t count, uint64_t *seed) {
  static const double special[] = {0.0, -0.0, NAN, INFINITY, -INFINITY, 1e300, 5e-324, 0.1, 2251799813685248.0};
  int digits = (int)property_below(seed, 7);
  if (shape < SHAPE_COUNT) {
    int64_t bits[MED_VECTOR_ROWS];
    column_kit_integers((enum column_shape)shape, bits, count, seed);
    memcpy(values, bits, count * sizeof *values);
    return;
  }
  for (size_t i = 0; i < count; i++) {
    values[i] = ((double)property_below(seed, 1000000) - 300000) / pow(10, digits);
    if (shape == MIXED && property_below(seed, 20) == 0) values[i] = sqrt((double)i);
    if (shape == SPECIAL) values[i] = special[property_below(seed, 9)];
  }
}

static med_slice encode(const double *values, size_t count, med_real_plan *plan, uint8_t *bytes) {
  med_column_reals_plan(values, count, plan);
  size_t padded = med_column_padded(plan->size);
  ck_assert_uint_le(padded, BYTES_MAX);
  uint8_t *exact = malloc(plan->size);
  med_column_reals_encode(plan, values, count, exact);
  memset(bytes, 0, padded);
  memcpy(bytes, exact, plan->size);
  free(exact);
  return med_slice_of(bytes, padded);
}

START_TEST(reals_of_every_shape_come_back_bit_for_bit) {
  uint64_t seed = property_seed("column_reals");
  double values[MED_VECTOR_ROWS], found[MED_VECTOR_ROWS];
  static uint8_t bytes[BYTES_MAX];
  static med_real_plan plan;
  for (int round = 0; round < ROUNDS; round++) {
    size_t count = 1 + (size_t)property_below(&seed, MED_VECTOR_ROWS);
    make(round % SHAPES, values, count, &seed);
    med_slice payload = encode(values, count, &plan, bytes);
    uint8_t *exact = column_kit_exact(payload.bytes, payload.len);
    ck_assert(med_column_reals_decode(plan.codec, med_slice_of(exact, payload.len), count, found));
    ck_assert_mem_eq(found, values, count * sizeof *values);
    free(exact);
  }
}
END_TEST

START_TEST(decimals_take_the_bits_of_their_digits_and_no_price_is_an_exception) {
  static med_real_plan plan;
  double values[MED_VECTOR_ROWS];
  for (int first = 0; first < 1 << 20; first += MED_VECTOR_ROWS) { /* every price of up to 10,485.75 */
    for (int i = 0; i < MED_VECTOR_ROWS; i++) values[i] = (double)(first + i * 7 % 1024) / 100;
    med_column_reals_plan(values, MED_VECTOR_ROWS, &plan);
    ck_assert_int_eq(plan.codec, MED_CODEC_DECIMALS);
    ck_assert_uint_eq(plan.exceptions, 0);
    ck_assert_uint_le(plan.size, 8 + 16 + 128 * 10);
  }
}
END_TEST

START_TEST(a_decimal_of_fifteen_digits_is_none_too_many) {
  static med_real_plan plan;
  double values[3] = {0.123456789012345, 0.999999999999999, 1.5}, found[MED_VECTOR_ROWS];
  static uint8_t bytes[BYTES_MAX];
  med_slice payload = encode(values, 3, &plan, bytes);
  ck_assert(med_column_reals_decode(plan.codec, payload, 3, found));
  ck_assert_mem_eq(found, values, sizeof values);
}
END_TEST

START_TEST(golden_bytes) {
  /* The header; 150 and 151 in turn, packed above 150 in a bit each; row 19 is -0. */
  static const uint8_t golden[] = {2,    MED_CODEC_PACKED,
                                   1,    0,
                                   24,   0,
                                   0,    0,
                                   150,  0,
                                   0,    0,
                                   0,    0,
                                   0,    0,
                                   1,    0,
                                   0,    0,
                                   0,    0,
                                   0,    0,
                                   0xAA, 0xAA,
                                   0x02, 0,
                                   0,    0,
                                   0,    0,
                                   0,    0,
                                   0,    0,
                                   0,    0,
                                   0,    0x80,
                                   19,   0,
                                   0,    0,
                                   0,    0,
                                   0,    0};
  static med_real_plan plan;
  static uint8_t bytes[BYTES_MAX];
  double values[20];
  for (int i = 0; i < 20; i++) values[i] = i % 2 == 0 ? 1.5 : 1.51;
  values[19] = -0.0;
  med_slice payload = encode(values, 20, &plan, bytes);
  ck_assert_uint_eq(payload.len, sizeof golden);
  ck_assert_mem_eq(bytes, golden, sizeof golden);
}
END_TEST

START_TEST(damaged_bytes_are_decoded_into_bounds_or_refused) {
  uint64_t seed = property_seed("column_reals damaged");
  static double values[MED_VECTOR_ROWS], found[MED_VECTOR_ROWS];
  static uint8_t bytes[BYTES_MAX];
  static med_real_plan plan;
  int refused = 0;
  for (int round = 0; round < ROUNDS; round++) {
    size_t count = 1 + (size_t)property_below(&seed, MED_VECTOR_ROWS);
    make(round % SHAPES, values, count, &seed);
    med_slice payload = encode(values, count, &plan, bytes);
    size_t len = property_below(&seed, 4) == 0 ? (size_t)property_below(&seed, payload.len) : payload.len;
    uint8_t *exact = column_kit_exact(payload.bytes, len);
    column_kit_damage(exact, len, &seed);
    med_column_codec codec = property_below(&seed, 2) == 0 ? plan.codec : MED_CODEC_DECIMALS;
    refused += !med_column_reals_decode(codec, med_slice_of(exact, len), count, found);
    free(exact);
  }
  ck_assert_int_gt(refused, ROUNDS / 8);
}
END_TEST

START_TEST(an_exception_of_no_row_is_refused) {
  static med_real_plan plan;
  static uint8_t bytes[BYTES_MAX];
  double values[MED_VECTOR_ROWS];
  for (int i = 0; i < 20; i++) values[i] = i % 2 == 0 ? 1.5 : 1.51;
  values[19] = -0.0;
  med_slice payload = encode(values, 20, &plan, bytes);
  ck_assert(med_column_reals_decode(plan.codec, payload, 20, values));
  bytes[40] = 20; /* there are 20 values, so the last one is 19 */
  ck_assert(!med_column_reals_decode(plan.codec, payload, 20, values));
}
END_TEST

PROPERTY_MAIN("column_reals", reals_of_every_shape_come_back_bit_for_bit,
              decimals_take_the_bits_of_their_digits_and_no_price_is_an_exception,
              a_decimal_of_fifteen_digits_is_none_too_many, golden_bytes, an_exception_of_no_row_is_refused,
              damaged_bytes_are_decoded_into_bounds_or_refused)
