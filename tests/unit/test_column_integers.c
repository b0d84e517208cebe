/* test_column_integers.c - integers encoded: round trips, the choice, golden bytes, damage. */
#include "storage/column_integers.h"
#include "storage/native.h"
#include "tests/unit/column_kit.h"

enum { ROUNDS = 4000, BYTES_MAX = 8192 + 64 };

/* Encodes into exactly the planned bytes, padded. */
static med_slice encode(const int64_t *values, size_t count, med_integer_plan *plan, uint8_t *bytes) {
  med_column_integers_plan(values, count, plan);
  size_t padded = med_column_padded(plan->size);
  ck_assert_uint_le(padded, BYTES_MAX);
  uint8_t *exact = malloc(plan->size);
  med_column_integers_encode(plan, values, count, exact);
  memset(bytes, 0, padded);
  memcpy(bytes, exact, plan->size);
  free(exact);
  return med_slice_of(bytes, padded);
}

/* A bound: one of the values, a neighbour of it, or anything. */
static int64_t bound_near(const int64_t *values, size_t count, uint64_t *seed) {
  uint64_t kind = property_below(seed, 8);
  if (kind == 0) return property_below(seed, 2) == 0 ? INT64_MIN : INT64_MAX;
  if (kind == 1) return (int64_t)property_random(seed);
  return (int64_t)((uint64_t)values[property_below(seed, count)] + property_below(seed, 5) - 2);
}

/* What is found, and picked, without decoding is what decoding says; `values` are decoded. */
static void expect_within(med_column_codec codec, med_slice payload, const int64_t *values, size_t count,
                          uint64_t *seed) {
  uint64_t found[MED_VECTOR_WORDS];
  uint16_t indexes[MED_VECTOR_ROWS];
  static int64_t picked[MED_VECTOR_ROWS];
  int64_t low = bound_near(values, count, seed), high = bound_near(values, count, seed);
  ck_assert(med_column_integers_within(codec, payload, count, low, high, found));
  bool good = true;
  for (size_t i = 0; i < MED_VECTOR_ROWS; i++)
    good = good && med_rows_has(found, i) == (i < count && low <= values[i] && values[i] <= high);
  ck_assert_msg(good, "codec %d, %d values, %lld to %lld", (int)codec, (int)count, (long long)low, (long long)high);
  size_t few = 0;
  for (size_t i = (size_t)property_below(seed, count); i < count; i += 1 + (size_t)property_below(seed, 300))
    indexes[few++] = (uint16_t)i;
  for (size_t i = 0; i < MED_VECTOR_ROWS; i++) picked[i] = (int64_t)~i;
  ck_assert(med_column_integers_pick(codec, payload, count, indexes, few, picked));
  for (size_t i = 0, at = 0; i < MED_VECTOR_ROWS; i++) {
    bool wanted = at < few && indexes[at] == i;
    good = good && picked[i] == (wanted ? values[i] : (int64_t)~i);
    at += wanted;
  }
  ck_assert_msg(good, "codec %d, %d values, %d of them picked", (int)codec, (int)count, (int)few);
}

START_TEST(integers_of_every_shape_come_back) {
  uint64_t seed = property_seed("column_integers");
  int64_t values[MED_VECTOR_ROWS], found[MED_VECTOR_ROWS];
  static uint8_t bytes[BYTES_MAX];
  med_integer_plan plan;
  for (int round = 0; round < ROUNDS; round++) {
    size_t count = 1 + (size_t)property_below(&seed, MED_VECTOR_ROWS);
    column_kit_integers((enum column_shape)(round % SHAPE_COUNT), values, count, &seed);
    med_slice payload = encode(values, count, &plan, bytes);
    uint8_t *exact = column_kit_exact(payload.bytes, payload.len);
    ck_assert(med_column_integers_decode(plan.codec, med_slice_of(exact, payload.len), count, found));
    ck_assert_mem_eq(found, values, count * sizeof *values);
    size_t index = (size_t)property_below(&seed, count);
    int64_t one = ~values[index];
    ck_assert(med_column_integers_decode_one(plan.codec, med_slice_of(exact, payload.len), count, index, &one));
    ck_assert(one == values[index]);
    ck_assert(!med_column_integers_decode_one(plan.codec, med_slice_of(exact, payload.len), count, count, &one));
    expect_within(plan.codec, med_slice_of(exact, payload.len), values, count, &seed);
    free(exact);
  }
}
END_TEST

static void expect_choice(enum column_shape shape, med_column_codec codec, size_t size_max) {
  uint64_t seed = 12;
  int64_t values[MED_VECTOR_ROWS];
  med_integer_plan plan;
  column_kit_integers(shape, values, MED_VECTOR_ROWS, &seed);
  med_column_integers_plan(values, MED_VECTOR_ROWS, &plan);
  ck_assert_msg(plan.codec == codec, "shape %d: codec %d", (int)shape, (int)plan.codec);
  ck_assert_uint_le(plan.size, size_max);
}

START_TEST(each_shape_gets_the_encoding_that_is_made_for_it) {
  expect_choice(SHAPE_CONSTANT, MED_CODEC_PACKED, 16);
  expect_choice(SHAPE_SMALL, MED_CODEC_PACKED, 16 + 128 * 10);
  expect_choice(SHAPE_TIMES, MED_CODEC_DELTAS, 24 + 128 * 5);
  expect_choice(SHAPE_RUNS, MED_CODEC_RUNS, 600);
  expect_choice(SHAPE_FEW, MED_CODEC_DISTINCT, 16 + 72 + 128 * 4);
  expect_choice(SHAPE_ANY, MED_CODEC_PACKED, 16 + 128 * 64);
  expect_choice(SHAPE_SCALED, MED_CODEC_SCALED, 24 + 16 + 128 * 9);
  expect_choice(SHAPE_EXTREMES, MED_CODEC_DISTINCT, 16 + 16 + 128);
}
END_TEST

START_TEST(golden_bytes) {
  static const uint8_t packed[] = {0xFE, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 3, 0, 0, 0, 0, 0, 0, 0, 0xC5, 0x01};
  static const uint8_t deltas[] = {0xE8, 3, 0, 0, 0, 0, 0, 0, 10, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 4};
  static const uint8_t runs[] = {5, 0, 0, 0, 0, 0, 0, 0, 2, 0, 3, 5, 0, 0, 0, 0, 4 << 3, 29 | (9 & 7) << 5, 9 >> 3};
  static const uint8_t distinct[] = {5, 0, 0, 0, 0, 0, 0, 0, 2, 0, 20, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0x80, 0xAA, 0xAA};
  static const uint8_t scaled[] = {
      0xF6, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xE8, 3,    0,   0, 0, 0, 0, 0, MED_CODEC_PACKED,
      0,    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,   0, 0, 0, 0, 4, 0,
      0,    0,    0,    0,    0,    0,    0x10, 0x32, 0x54, 0x76, 0x98};
  int64_t values[40] = {3, -2, 5};
  static uint8_t bytes[BYTES_MAX];
  med_integer_plan plan;
  encode(values, 3, &plan, bytes); /* 5, 0 and 7 above -2, in 3 bits each */
  ck_assert_int_eq(plan.codec, MED_CODEC_PACKED);
  ck_assert_mem_eq(bytes, packed, sizeof packed);
  for (int i = 0; i < 40; i++) values[i] = 1000 + 10 * i + (i > 1);
  encode(values, 40, &plan, bytes);
  ck_assert_int_eq(plan.codec, MED_CODEC_DELTAS);
  ck_assert_mem_eq(bytes, deltas, sizeof deltas);
  for (int i = 0; i < 30; i++) values[i] = i % 16 * 1000 - 10; /* by 1,000 from -10 on */
  encode(values, 30, &plan, bytes);
  ck_assert_int_eq(plan.codec, MED_CODEC_SCALED);
  ck_assert_mem_eq(bytes, scaled, sizeof scaled);
  for (int i = 0; i < 40; i++) values[i] = i < 30 ? 5 : 9;
  encode(values, 40, &plan, bytes);
  ck_assert_int_eq(plan.codec, MED_CODEC_RUNS);
  ck_assert_mem_eq(bytes, runs, sizeof runs);
  for (int i = 0; i < 16; i++) values[i] = i % 2 == 0 ? 5 : 5 + (1 << 19);
  encode(values, 16, &plan, bytes);
  ck_assert_int_eq(plan.codec, MED_CODEC_DISTINCT);
  ck_assert_mem_eq(bytes, distinct, sizeof distinct);
}
END_TEST

START_TEST(damaged_bytes_are_decoded_into_bounds_or_refused) {
  uint64_t seed = property_seed("column_integers damaged");
  static int64_t values[MED_VECTOR_ROWS], found[MED_VECTOR_ROWS];
  static uint8_t bytes[BYTES_MAX];
  med_integer_plan plan;
  int refused = 0;
  for (int round = 0; round < ROUNDS; round++) {
    size_t count = 1 + (size_t)property_below(&seed, MED_VECTOR_ROWS);
    column_kit_integers((enum column_shape)(round % SHAPE_COUNT), values, count, &seed);
    med_slice payload = encode(values, count, &plan, bytes);
    size_t len = property_below(&seed, 4) == 0 ? (size_t)property_below(&seed, payload.len) : payload.len;
    uint8_t *exact = column_kit_exact(payload.bytes, len);
    column_kit_damage(exact, len, &seed);
    med_column_codec codec = property_below(&seed, 2) == 0 ? plan.codec : (med_column_codec)property_below(&seed, 11);
    bool good = med_column_integers_decode(codec, med_slice_of(exact, len), count, found);
    size_t index = (size_t)property_below(&seed, count);
    int64_t one;
    bool one_good = med_column_integers_decode_one(codec, med_slice_of(exact, len), count, index, &one);
    ck_assert(good == one_good && (!good || one == found[index]));
    uint64_t within[MED_VECTOR_WORDS];
    if (good)
      expect_within(codec, med_slice_of(exact, len), found, count, &seed);
    else
      ck_assert(!med_column_integers_within(codec, med_slice_of(exact, len), count, -1000, 1000, within));
    refused += !good;
    free(exact);
  }
  ck_assert_int_gt(refused, ROUNDS / 2);
}
END_TEST

START_TEST(what_cannot_be_is_refused) {
  int64_t values[MED_VECTOR_ROWS];
  static uint8_t bytes[BYTES_MAX];
  med_integer_plan plan;
  for (int i = 0; i < 40; i++) values[i] = i < 30 ? 5 : 9;
  med_slice payload = encode(values, 40, &plan, bytes);
  ck_assert(med_column_integers_decode(MED_CODEC_RUNS, payload, 40, values));
  ck_assert(!med_column_integers_decode(MED_CODEC_RUNS, payload, 39, values)); /* the last run is too long */
  ck_assert(!med_column_integers_decode(MED_CODEC_RUNS, payload, 41, values)); /* a value is missing */
  ck_assert(!med_column_integers_decode(MED_CODEC_RUNS, payload, 0, values));
  ck_assert(!med_column_integers_decode(MED_CODEC_PLAIN, payload, 40, values));
  payload.len += 8;
  ck_assert(!med_column_integers_decode(MED_CODEC_RUNS, payload, 40, values));
  for (int i = 0; i < 18; i++) values[i] = (i % 3) * 100000;
  payload = encode(values, 18, &plan, bytes);
  ck_assert_int_eq(plan.codec, MED_CODEC_DISTINCT);
  bytes[16 + 7] |= 0xC0; /* the number of some value becomes 3, and there are three */
  ck_assert(!med_column_integers_decode(MED_CODEC_DISTINCT, payload, 18, values));
}
END_TEST

START_TEST(codes_come_back_and_are_below_their_end) {
  uint64_t seed = property_seed("column_integers codes");
  int64_t values[MED_VECTOR_ROWS];
  uint32_t codes[MED_VECTOR_ROWS];
  static uint8_t bytes[BYTES_MAX];
  med_integer_plan plan;
  for (int round = 0; round < ROUNDS; round++) {
    size_t count = 1 + (size_t)property_below(&seed, MED_VECTOR_ROWS);
    uint64_t limit = round % 2 == 0 ? 1 + property_below(&seed, 1 << 14) : property_number(&seed) % (UINT64_C(1) << 33);
    int64_t largest = 0;
    for (size_t i = 0; i < count; i++) {
      values[i] = (int64_t)property_below(&seed, limit);
      if (round % 3 == 0 && i > 0 && property_below(&seed, 10) != 0) values[i] = values[i - 1];
      largest = values[i] > largest ? values[i] : largest;
    }
    med_slice payload = encode(values, count, &plan, bytes);
    uint32_t end = (uint32_t)(largest + 1);
    if (largest < INT32_MAX) {
      ck_assert(med_column_integers_decode_codes(plan.codec, payload, count, end, codes));
      bool good = true;
      for (size_t i = 0; i < count; i++) good = good && codes[i] == values[i];
      ck_assert(good);
      ck_assert(!med_column_integers_decode_codes(plan.codec, payload, count, end - 1, codes));
    } else {
      ck_assert(!med_column_integers_decode_codes(plan.codec, payload, count, INT32_MAX, codes));
    }
    values[0] = -1;
    payload = encode(values, count, &plan, bytes);
    ck_assert(!med_column_integers_decode_codes(plan.codec, payload, count, INT32_MAX, codes));
  }
}
END_TEST

PROPERTY_MAIN("column_integers", integers_of_every_shape_come_back, each_shape_gets_the_encoding_that_is_made_for_it,
              golden_bytes, codes_come_back_and_are_below_their_end, damaged_bytes_are_decoded_into_bounds_or_refused,
              what_cannot_be_is_refused)
