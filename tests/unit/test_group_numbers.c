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

PROPERTY_MAIN("group_numbers", equal_values_have_one_number, numbers_chosen_to_fall_together_do_not)
