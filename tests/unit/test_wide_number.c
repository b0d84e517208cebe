/* test_wide_number.c - arithmetic of numbers with many digits, against the machine's. */
#include <string.h>

#include "models/widecolumn/number.h"
#include "tests/unit/property.h"

__extension__ typedef __int128 wide;
__extension__ typedef unsigned __int128 unsigned_wide;

static med_wide_digits of(wide number) {
  uint8_t reversed[40];
  med_wide_digits digits = {.negative = number < 0};
  size_t count = 0;
  for (unsigned_wide rest = number < 0 ? -(unsigned_wide)number : (unsigned_wide)number; rest > 0; rest /= 10)
    reversed[count++] = (uint8_t)(rest % 10);
  digits.count = (uint16_t)count;
  for (size_t i = 0; i < count; i++) digits.digits[i] = reversed[count - 1 - i];
  return digits;
}

static bool same(const med_wide_digits *a, const med_wide_digits *b) {
  return a->negative == b->negative && a->count == b->count && memcmp(a->digits, b->digits, a->count) == 0;
}

static void is(const med_wide_digits *found, wide wanted, const char *what) {
  med_wide_digits digits = of(wanted);
  ck_assert_msg(same(found, &digits), "%s", what);
}

static int64_t any_number(uint64_t *state) {
  int64_t number = (int64_t)(property_number(state) >> 1);
  return property_below(state, 2) == 0 ? number : -number;
}

START_TEST(small_numbers_are_computed_as_the_machine_does) {
  uint64_t state = property_seed("wide_number");
  for (int round = 0; round < 50000; round++) {
    int64_t a = any_number(&state), b = any_number(&state);
    med_wide_digits da = of(a), db = of(b), result, remainder;
    ck_assert(med_wide_digits_add(&da, &db, &result));
    is(&result, (wide)a + b, "sum");
    ck_assert(med_wide_digits_multiply(&da, &db, &result));
    is(&result, (wide)a * b, "product");
    ck_assert_int_eq(property_sign(med_wide_digits_compare(&da, &db)), a < b ? -1 : a > b);
    if (b == 0) continue;
    med_wide_digits_divide(&da, &db, &result, &remainder);
    is(&result, (wide)a / b, "quotient");
    is(&remainder, (wide)a % b, "remainder");
  }
}
END_TEST

START_TEST(a_result_may_be_an_operand) {
  med_wide_digits a = of(-1234), b = of(34), rest;
  ck_assert(med_wide_digits_add(&a, &b, &a));
  is(&a, -1200, "sum");
  ck_assert(med_wide_digits_multiply(&a, &b, &b));
  is(&b, -40800, "product");
  a = of(7);
  med_wide_digits_divide(&b, &a, &b, &a);
  is(&b, -5828, "quotient");
  is(&a, -4, "remainder");
  rest = of(5);
  b = of(-5);
  ck_assert(med_wide_digits_add(&rest, &b, &rest));
  is(&rest, 0, "zero is not negative");
}
END_TEST

START_TEST(too_many_digits_are_refused) {
  med_wide_digits most = {.count = MED_WIDE_NUMBER_DIGITS_MAX}, one = of(1), rest;
  memset(most.digits, 9, sizeof most.digits);
  ck_assert(!med_wide_digits_add(&most, &one, &rest));
  ck_assert(!med_wide_digits_multiply(&most, &most, &rest));
  med_wide_digits_divide(&most, &most, &rest, &one);
  is(&rest, 1, "quotient");
  is(&one, 0, "remainder");
  ck_assert(!med_wide_digits_shift(&most, 1));
  one = of(3);
  ck_assert(med_wide_digits_shift(&one, 3));
  is(&one, 3000, "shifted");
  ck_assert(!med_wide_digits_shift(&one, UINT64_MAX));
  one = of(0);
  ck_assert(med_wide_digits_shift(&one, UINT64_MAX));
}
END_TEST

static void rounds(int64_t number, size_t kept, bool half_even, int64_t wanted, uint64_t power) {
  med_wide_digits digits = of(number);
  ck_assert_uint_eq(med_wide_digits_round(&digits, kept, half_even), power);
  is(&digits, wanted, "rounded");
}

START_TEST(rounding_goes_to_the_nearest) {
  rounds(1234, 4, true, 1234, 0);
  rounds(1234, 2, true, 12, 2);
  rounds(1251, 2, true, 13, 2);
  rounds(1250, 2, true, 12, 2);
  rounds(1350, 2, true, 14, 2);
  rounds(1250, 2, false, 13, 2);
  rounds(-1250, 2, false, -13, 2);
  rounds(9999, 2, true, 10, 3);
}
END_TEST

PROPERTY_MAIN("wide_number", small_numbers_are_computed_as_the_machine_does, a_result_may_be_an_operand,
              too_many_digits_are_refused, rounding_goes_to_the_nearest)
