/* test_column_texts.c - texts as bytes: round trips, how many fit, golden bytes, damage. */
#include "storage/column_texts.h"
#include "tests/unit/column_kit.h"

enum { ROUNDS = 1500 };

static med_text_plan plan;
static med_slice texts[MED_VECTOR_ROWS], found[MED_VECTOR_ROWS];
static char bytes[MED_VECTOR_ROWS * 64];

/* Texts of up to 63 bytes: of few letters, so that LZ4 shortens them, or of any bytes. */
static void make(size_t count, uint64_t *seed) {
  size_t len_max = (size_t)property_below(seed, 64), at = 0;
  bool any = property_below(seed, 2) == 0;
  for (size_t i = 0; i < count; i++) {
    size_t len = (size_t)property_below(seed, len_max + 1);
    for (size_t j = 0; j < len; j++)
      bytes[at + j] = any ? (char)property_random(seed) : "ab"[property_below(seed, 10) == 0];
    texts[i] = med_slice_of(bytes + at, len);
    at += len;
  }
}

/* The plan's payload, padded; freed by the caller. */
static uint8_t *encode(size_t *len) {
  *len = med_column_padded(plan.size);
  uint8_t *payload = calloc(1, *len);
  med_column_texts_encode(&plan, texts, payload);
  return payload;
}

START_TEST(texts_come_back_and_fit_the_room_they_were_given) {
  uint64_t seed = property_seed("column_texts");
  int compressed = 0, plain = 0, all = 0;
  for (int round = 0; round < ROUNDS; round++) {
    med_arena arena = {0};
    size_t count = 1 + (size_t)property_below(&seed, MED_VECTOR_ROWS), len;
    size_t room = (size_t)property_below(&seed, MED_TEXTS_PAYLOAD_MAX + 1);
    make(count, &seed);
    size_t fitting = med_column_texts_plan(texts, count, room, &plan);
    ck_assert_uint_eq(fitting, plan.count);
    ck_assert_uint_le(fitting, count);
    if (fitting == 0) continue;
    compressed += plan.codec == MED_CODEC_LZ4;
    plain += plan.codec == MED_CODEC_PLAIN;
    all += fitting == count;
    uint8_t *payload = encode(&len);
    ck_assert_uint_le(len, room);
    ck_assert_int_eq(med_column_texts_decode(plan.codec, med_slice_of(payload, len), fitting, &arena, found),
                     MEDLEY_OK);
    bool good = true;
    for (size_t i = 0; i < fitting; i++) good = good && med_slice_equal(found[i], texts[i]);
    for (size_t i = 0; i < fitting; i += 1 + (size_t)property_below(&seed, 100)) {
      med_slice one;
      ck_assert_int_eq(med_column_texts_decode_one(plan.codec, med_slice_of(payload, len), fitting, i, &arena, &one),
                       MEDLEY_OK);
      good = good && med_slice_equal(one, texts[i]);
    }
    ck_assert(good);
    free(payload);
    med_arena_clear(&arena);
  }
  ck_assert_int_gt(compressed, ROUNDS / 10);
  ck_assert_int_gt(plain, ROUNDS / 10);
  ck_assert_int_gt(all, 0);
}
END_TEST

START_TEST(a_page_takes_more_texts_compressed_than_plain) {
  for (size_t i = 0; i < MED_VECTOR_ROWS; i++) texts[i] = med_slice_of_text("the same sentence again, ");
  ck_assert_uint_eq(med_column_texts_plan(texts, MED_VECTOR_ROWS, 1000, &plan), MED_VECTOR_ROWS);
  ck_assert_int_eq(plan.codec, MED_CODEC_LZ4);
  ck_assert_uint_eq(med_column_texts_plan(texts, MED_VECTOR_ROWS, 20, &plan), 0);
}
END_TEST

/* The header; lengths 1, 2 and 3, packed above 1 in 2 bits each; the bytes. */
static const uint8_t golden[] = {MED_CODEC_PACKED,
                                 0,
                                 0,
                                 0,
                                 24,
                                 0,
                                 6,
                                 0,
                                 6,
                                 0,
                                 0,
                                 0,
                                 0,
                                 0,
                                 0,
                                 0,
                                 1,
                                 0,
                                 0,
                                 0,
                                 0,
                                 0,
                                 0,
                                 0,
                                 2,
                                 0,
                                 0,
                                 0,
                                 0,
                                 0,
                                 0,
                                 0,
                                 0x24,
                                 0,
                                 0,
                                 0,
                                 0,
                                 0,
                                 0,
                                 0,
                                 'a',
                                 'b',
                                 'c',
                                 'd',
                                 'e',
                                 'f',
                                 0,
                                 0};

START_TEST(a_text_that_fits_is_not_left_out_for_the_lengths_of_those_behind_it) {
  static char large[3800];
  uint64_t seed = 6;
  for (size_t i = 0; i < sizeof large; i++) large[i] = (char)property_random(&seed);
  texts[0] = med_slice_of(large, sizeof large);
  for (size_t i = 1; i < MED_VECTOR_ROWS; i++) texts[i] = med_slice_of(large + i, i % 2);
  for (size_t room = sizeof large + 32; room < sizeof large + 200; room += 8) {
    ck_assert_uint_ge(med_column_texts_plan(texts, MED_VECTOR_ROWS, room, &plan), 1);
  }
}
END_TEST

START_TEST(golden_bytes) {
  size_t len;
  texts[0] = med_slice_of_text("a");
  texts[1] = med_slice_of_text("bc");
  texts[2] = med_slice_of_text("def");
  ck_assert_uint_eq(med_column_texts_plan(texts, 3, 100, &plan), 3);
  uint8_t *payload = encode(&len);
  ck_assert_int_eq(plan.codec, MED_CODEC_PLAIN);
  ck_assert_uint_eq(len, sizeof golden);
  ck_assert_mem_eq(payload, golden, sizeof golden);
  free(payload);
}
END_TEST

START_TEST(damaged_bytes_are_decoded_into_bounds_or_refused) {
  uint64_t seed = property_seed("column_texts damaged"), sum = 0;
  int refused = 0;
  for (int round = 0; round < ROUNDS; round++) {
    med_arena arena = {0};
    size_t count = 1 + (size_t)property_below(&seed, MED_VECTOR_ROWS), len;
    make(count, &seed);
    if (med_column_texts_plan(texts, count, MED_TEXTS_PAYLOAD_MAX, &plan) == 0) continue;
    uint8_t *payload = encode(&len);
    if (property_below(&seed, 4) == 0) len = (size_t)property_below(&seed, len);
    uint8_t *exact = column_kit_exact(payload, len);
    column_kit_damage(exact, len, &seed);
    int rc = med_column_texts_decode(plan.codec, med_slice_of(exact, len), plan.count, &arena, found);
    refused += rc == MEDLEY_CORRUPT;
    for (size_t i = 0; rc == MEDLEY_OK && i < plan.count; i++) {
      for (size_t j = 0; j < found[i].len; j++) sum += ((const uint8_t *)found[i].bytes)[j];
    }
    size_t index = (size_t)property_below(&seed, plan.count + 1);
    med_slice one = {0};
    int one_rc = med_column_texts_decode_one(plan.codec, med_slice_of(exact, len), plan.count, index, &arena, &one);
    for (size_t j = 0; one_rc == MEDLEY_OK && j < one.len; j++) sum += ((const uint8_t *)one.bytes)[j];
    if (rc == MEDLEY_OK && index < plan.count) ck_assert(one_rc == MEDLEY_OK && med_slice_equal(one, found[index]));
    free(exact);
    free(payload);
    med_arena_clear(&arena);
  }
  ck_assert_uint_gt(sum, 0);
  ck_assert_int_gt(refused, ROUNDS / 8);
}
END_TEST

START_TEST(lengths_that_are_not_those_of_the_bytes_are_refused) {
  med_arena arena = {0};
  size_t len;
  for (int i = 0; i < 3; i++) texts[i] = med_slice_of_text("abc");
  ck_assert_uint_eq(med_column_texts_plan(texts, 3, 100, &plan), 3);
  uint8_t *payload = encode(&len);
  for (int lengths = 2; lengths <= 4; lengths++) { /* 3 bytes for each, of 9 */
    payload[16] = (uint8_t)lengths;
    int rc = med_column_texts_decode(MED_CODEC_PLAIN, med_slice_of(payload, len), 3, &arena, found);
    ck_assert_int_eq(rc, lengths == 3 ? MEDLEY_OK : MEDLEY_CORRUPT);
  }
  payload[16] = 3;
  static const size_t counts[] = {0, MED_VECTOR_ROWS + 1}; /* of texts: no piece has as few, or as many */
  for (size_t i = 0; i < 2; i++)
    ck_assert_int_eq(med_column_texts_decode(MED_CODEC_PLAIN, med_slice_of(payload, len), counts[i], &arena, found),
                     MEDLEY_CORRUPT);
  ck_assert_int_eq(med_column_texts_decode(MED_CODEC_CODES, med_slice_of(payload, len), 3, &arena, found),
                   MEDLEY_CORRUPT);
  free(payload);
  med_arena_clear(&arena);
}
END_TEST

PROPERTY_MAIN("column_texts", texts_come_back_and_fit_the_room_they_were_given,
              a_page_takes_more_texts_compressed_than_plain, golden_bytes,
              a_text_that_fits_is_not_left_out_for_the_lengths_of_those_behind_it,
              lengths_that_are_not_those_of_the_bytes_are_refused, damaged_bytes_are_decoded_into_bounds_or_refused)
