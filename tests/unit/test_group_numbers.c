/* test_group_numbers.c - small numbers for values and pairs: the same for the same, and quickly whatever the values are. */
#include <stdio.h>

#include "models/widecolumn/group_numbers.h"
#include "tests/unit/property.h"

START_TEST(equal_values_have_one_number) {
  enum { COUNT = 5000 };
  uint64_t random = property_seed("group_numbers");
  med_group_values integers, texts;
  med_group_pairs pairs;
  ck_assert(med_group_values_init(&integers, false, random) && med_group_values_init(&texts, true, random) &&
            med_group_pairs_init(&pairs, random));
  for (int round = 0; round < 2; round++) {
    for (uint32_t i = 0; i < COUNT; i++) {
      uint32_t number, of_text, of_pair;
      char text[20];
      int len = snprintf(text, sizeof text, "%u", i);
      ck_assert(med_group_values_integer(&integers, (int64_t)i * i - 9, &number));
      ck_assert(med_group_values_text(&texts, med_slice_of(text, (size_t)len), &of_text));
      ck_assert(med_group_pairs_number(&pairs, i / 70, i % 70, &of_pair));
      ck_assert_uint_eq(number, i + 1); /* null is 0 */
      ck_assert_uint_eq(of_text, i + 1);
      ck_assert_uint_eq(of_pair, i);
    }
  }
  med_group_values_clear(&integers);
  med_group_values_clear(&texts);
  med_group_pairs_clear(&pairs);
}
END_TEST

static uint64_t undo_shift(uint64_t value, unsigned bits) {
  uint64_t found = value;
  for (unsigned done = bits; done < 64; done += bits) found = value ^ (found >> bits);
  return found;
}

static uint64_t inverse(uint64_t odd) {
  uint64_t found = odd;
  for (int i = 0; i < 6; i++) found *= 2 - odd * found;
  return found;
}

/* What the finalizer of splitmix64 makes `mixed` of. */
static uint64_t unmix(uint64_t mixed) {
  mixed = undo_shift(mixed, 31) * inverse(UINT64_C(0x94D049BB133111EB));
  mixed = undo_shift(mixed, 27) * inverse(UINT64_C(0xBF58476D1CE4E5B9));
  return undo_shift(mixed, 30);
}

/* Without a seed, each of them would be looked for among all before it: minutes. */
START_TEST(numbers_chosen_to_fall_together_do_not) {
  enum { COUNT = 500000 };
  med_group_values values;
  ck_assert(med_group_values_init(&values, false, 12345));
  bool ok = true;
  for (uint32_t i = 0; ok && i < COUNT; i++) {
    uint32_t number;
    ok = med_group_values_integer(&values, (int64_t)unmix((uint64_t)(i + 1) << 32), &number) && number == i + 1;
  }
  ck_assert(ok);
  med_group_values_clear(&values);
}
END_TEST

/* Integers by the hundred, with bounds that are near, far, or lies: each has the number that it has alone. */
START_TEST(many_integers_have_the_numbers_of_each) {
  uint64_t random = property_seed("many");
  med_group_values together, alone;
  ck_assert(med_group_values_init(&together, false, random) && med_group_values_init(&alone, false, random));
  for (int round = 0; round < 300; round++) {
    int64_t integers[200], base = round % 3 == 0 ? -70 : round % 3 == 1 ? 65530 : (int64_t)property_number(&random);
    uint32_t numbers[200], number;
    uint64_t width = round % 5 == 0 ? 200000 : 1 + property_below(&random, 60000);
    if (base > INT64_MAX - 200000) base = INT64_MAX - 200000;
    size_t count = property_below(&random, 201);
    for (size_t i = 0; i < count; i++) integers[i] = base + (int64_t)property_below(&random, width);
    ck_assert(med_group_values_integers(&together, integers, count, base, base + (int64_t)width - 1, numbers));
    for (size_t i = 0; i < count; i++) {
      ck_assert(med_group_values_integer(&alone, integers[i], &number));
      ck_assert_uint_eq(numbers[i], number);
      ck_assert_int_eq(together.integers[numbers[i]], integers[i]);
    }
  }
  int64_t far[3] = {INT64_MIN, 0, INT64_MAX};
  uint32_t numbers[3];
  ck_assert(
      med_group_values_integers(&together, far, 3, 5, 7, numbers)); /* of a damaged file: any numbers that there are */
  for (int i = 0; i < 3; i++) ck_assert_uint_lt(numbers[i], together.count);
  med_group_values_clear(&together);
  med_group_values_clear(&alone);
}
END_TEST

START_TEST(codes_have_the_numbers_of_their_texts) {
  med_group_values values;
  med_slice first[3] = {med_slice_of_text("a"), med_slice_of_text("b"), med_slice_of_text("")};
  med_slice second[2] = {med_slice_of_text("b"), med_slice_of_text("c")};
  static const uint32_t expected[] = {1, 2, 3, 1};
  uint32_t numbers[4], number;
  ck_assert(med_group_values_init(&values, true, 7));
  ck_assert(med_group_values_codes(&values, 1, first, 3, (const uint32_t[]){2, 0, 1, 2}, 4, numbers));
  for (int i = 0; i < 4; i++) ck_assert_uint_eq(numbers[i], expected[i]);
  ck_assert(med_group_values_codes(&values, 2, second, 2, (const uint32_t[]){1, 0}, 2, numbers));
  ck_assert_uint_eq(numbers[0], 4);
  ck_assert_uint_eq(numbers[1], 3);
  ck_assert(med_group_values_text(&values, med_slice_of_text("c"), &number));
  ck_assert_uint_eq(number, 4);
  med_group_values_clear(&values);
}
END_TEST

PROPERTY_MAIN("group_numbers", many_integers_have_the_numbers_of_each, codes_have_the_numbers_of_their_texts,
              equal_values_have_one_number, numbers_chosen_to_fall_together_do_not)
