/* test_bit_pack.c - packed numbers: round trips of every width and count, sizes, golden bytes. */
#include <stdbool.h>
#include <string.h>

#include "storage/bit_pack.h"
#include "tests/unit/property.h"

enum { MAX = MED_BIT_PACK_COUNT_MAX };

static void round_trip(size_t count, unsigned width, uint64_t *seed) {
  uint64_t numbers[MAX], found[MAX], base = property_number(seed);
  uint32_t narrow[MAX];
  size_t size = med_bit_pack_size(count, width);
  uint8_t *bytes = malloc(size > 0 ? size : 1); /* exact: a sanitizer sees what is read or written beyond */
  for (size_t i = 0; i < count; i++) numbers[i] = width == 0 ? 0 : property_random(seed) >> (64 - width);
  med_bit_pack_put(numbers, count, width, bytes);
  med_bit_pack_get(bytes, count, width, base, found);
  bool good = true; /* Check writes a line for each of its assertions */
  for (size_t i = 0; i < count; i++) {
    good = good && found[i] == numbers[i] + base && med_bit_pack_get_one(bytes, count, width, i) == numbers[i];
  }
  if (width <= 32) {
    med_bit_pack_get_u32(bytes, count, width, narrow);
    for (size_t i = 0; i < count; i++) good = good && narrow[i] == numbers[i];
  }
  ck_assert_msg(good, "%zu numbers of %u bits differ", count, width);
  free(bytes);
}

START_TEST(every_width_and_count_comes_back) {
  uint64_t seed = property_seed("bit_pack");
  for (unsigned width = 0; width <= 64; width++) {
    for (size_t count = 0; count <= MAX; count += 1 + property_below(&seed, 40)) round_trip(count, width, &seed);
    round_trip(MED_BIT_PACK_LANES_MIN - 1, width, &seed);
    round_trip(MED_BIT_PACK_LANES_MIN, width, &seed);
    round_trip(MAX, width, &seed);
  }
}
END_TEST

START_TEST(a_full_vector_has_no_padding) {
  for (unsigned width = 0; width <= 64; width++) ck_assert_uint_eq(med_bit_pack_size(MAX, width), 128 * width);
  ck_assert_uint_eq(med_bit_pack_size(100, 3), 38);
  ck_assert_uint_eq(med_bit_pack_size(128, 3), 128);
  /* 10 rows of 33 bits: 6 words of 64 in each of 16 lanes, with 54 bits left. */
  ck_assert_uint_eq(med_bit_pack_size(160, 33), 768);
}
END_TEST

START_TEST(a_width_is_the_bits_that_a_number_needs) {
  ck_assert_uint_eq(med_bit_pack_width(0), 0);
  for (unsigned width = 1; width <= 64; width++) {
    ck_assert_uint_eq(med_bit_pack_width((uint64_t)1 << (width - 1)), width);
    ck_assert_uint_eq(med_bit_pack_width(UINT64_MAX >> (64 - width)), width);
  }
}
END_TEST

START_TEST(golden_bytes) {
  static const uint8_t string[] = {0xD1, 0xD8, 0x0F}; /* 1 2 3 4 5 7 3 in 3 bits each, the first lowest */
  static const uint8_t word_0[] = {0, 32, 64, 96, 1, 33, 65, 97}, word_1[] = {128, 160, 192, 224};
  uint64_t numbers[MAX] = {1, 2, 3, 4, 5, 7, 3};
  uint8_t bytes[8192];
  med_bit_pack_put(numbers, 7, 3, bytes);
  ck_assert_mem_eq(bytes, string, sizeof string);
  for (size_t i = 0; i < MAX; i++) numbers[i] = i & 0xFF;
  med_bit_pack_put(numbers, MAX, 8, bytes);
  ck_assert_mem_eq(bytes, word_0, sizeof word_0);
  ck_assert_mem_eq(bytes + 128, word_1, sizeof word_1);
  med_bit_pack_put(numbers, MAX, 40, bytes); /* lane 0: numbers 0, 16, 32 ... at bits 0, 40, 80 */
  ck_assert_uint_eq(bytes[5], 16);
  ck_assert_uint_eq(bytes[8], 1);
  ck_assert_uint_eq(bytes[128 + 2], 32);
}
END_TEST

PROPERTY_MAIN("bit_pack", every_width_and_count_comes_back, a_full_vector_has_no_padding,
              a_width_is_the_bits_that_a_number_needs, golden_bytes)
