/* test_bit.c - a string is an array of bits, and fields of bits are numbers. */
#include "models/keyvalue/bit.h"

#include "tests/unit/collection_kit.h"

enum { BITS = 60000, ROUNDS = 3000 };

static void compare_ranges(collection_kit *kit, const bool *bits, uint64_t len_bytes, uint64_t *random) {
  med_kv_meta meta;
  med_buffer scratch = {0};
  KIT_OK(kit, med_kv_find(&kit->kv, med_slice_of_text("b"), &meta));
  ck_assert_uint_eq(meta.count, len_bytes);
  uint64_t first = property_below(random, len_bytes * 8);
  uint64_t last = first + property_below(random, len_bytes * 8 - first);
  uint64_t count = 0, expected = 0;
  for (uint64_t i = first; i <= last; i++) expected += bits[i];
  KIT_OK(kit, med_bit_count(&kit->kv, &meta, first, last, &scratch, &count));
  ck_assert_uint_eq(count, expected);
  for (int bit = 0; bit < 2; bit++) {
    int64_t position, wanted = -1;
    for (uint64_t i = first; i <= last && wanted < 0; i++)
      if (bits[i] == (bit != 0)) wanted = (int64_t)i;
    KIT_OK(kit, med_bit_find(&kit->kv, &meta, bit, first, last, &scratch, &position));
    ck_assert_int_eq(position, wanted);
  }
  med_buffer_clear(&scratch);
}

START_TEST(a_string_is_an_array_of_bits) {
  collection_kit kit;
  uint64_t random = property_seed("bit"), len_bytes = 0;
  kit_open(&kit, random);
  bool *bits = calloc(BITS + 64, sizeof *bits);
  for (unsigned round = 0; round < ROUNDS; round++) {
    uint64_t offset = property_below(&random, property_below(&random, 3) ? 500 : BITS);
    if (property_below(&random, 2)) {
      int old, bit = (int)property_below(&random, 2);
      KIT_OK(&kit, med_bit_set(&kit.kv, med_slice_of_text("b"), offset, bit, &old));
      ck_assert_int_eq(old, bits[offset]);
      bits[offset] = bit != 0;
      if (offset / 8 + 1 > len_bytes) len_bytes = offset / 8 + 1;
    } else {
      unsigned width = 1 + (unsigned)property_below(&random, 64);
      uint64_t number = property_random(&random) >> (64 - width), read;
      KIT_OK(&kit, med_bit_field_set(&kit.kv, med_slice_of_text("b"), offset, width, number));
      for (unsigned i = 0; i < width; i++) bits[offset + i] = number >> (width - 1 - i) & 1;
      uint64_t end = (offset + width + 7) / 8;
      if (end > len_bytes) len_bytes = end;
      KIT_OK(&kit, med_bit_field_get(&kit.kv, med_slice_of_text("b"), offset, width, &read));
      ck_assert_uint_eq(read, number);
    }
    int bit;
    offset = property_below(&random, BITS + 64);
    KIT_OK(&kit, med_bit_get(&kit.kv, med_slice_of_text("b"), offset, &bit));
    ck_assert_int_eq(bit, bits[offset]);
    if (round % 20 == 0) compare_ranges(&kit, bits, len_bytes, &random);
  }
  free(bits);
  kit_close(&kit);
}
END_TEST

START_TEST(combining_ends_shorter_strings_in_zeros) {
  collection_kit kit;
  kit_open(&kit, 1);
  med_slice keys[3] = {med_slice_of_text("x"), med_slice_of_text("none"), med_slice_of_text("y")};
  med_buffer scratch = {0}, result = {0};
  KIT_OK(&kit, med_string_set(&kit.kv, keys[0], med_slice_of("\xF0\x0F\xAA", 3), 0));
  KIT_OK(&kit, med_string_set(&kit.kv, keys[2], med_slice_of("\xFF", 1), 0));
  KIT_OK(&kit, med_bit_combine(&kit.kv, MED_BIT_OR, keys, 3, &scratch, &result));
  ck_assert(med_slice_equal(med_slice_of(result.bytes, result.len), med_slice_of("\xFF\x0F\xAA", 3)));
  KIT_OK(&kit, med_bit_combine(&kit.kv, MED_BIT_XOR, keys, 3, &scratch, &result));
  ck_assert(med_slice_equal(med_slice_of(result.bytes, result.len), med_slice_of("\x0F\x0F\xAA", 3)));
  KIT_OK(&kit, med_bit_combine(&kit.kv, MED_BIT_AND, keys, 3, &scratch, &result));
  ck_assert(med_slice_equal(med_slice_of(result.bytes, result.len), med_slice_of("\0\0\0", 3)));
  keys[1] = keys[2];
  KIT_OK(&kit, med_bit_combine(&kit.kv, MED_BIT_AND, keys, 2, &scratch, &result));
  ck_assert(med_slice_equal(med_slice_of(result.bytes, result.len), med_slice_of("\xF0\0\0", 3)));
  KIT_OK(&kit, med_bit_combine(&kit.kv, MED_BIT_NOT, keys, 1, &scratch, &result));
  ck_assert(med_slice_equal(med_slice_of(result.bytes, result.len), med_slice_of("\x0F\xF0\x55", 3)));
  med_buffer_clear(&scratch);
  med_buffer_clear(&result);
  kit_close(&kit);
}
END_TEST

PROPERTY_MAIN("bit", a_string_is_an_array_of_bits, combining_ends_shorter_strings_in_zeros)
