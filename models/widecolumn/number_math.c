/* number_math.c - arithmetic of whole numbers in decimal digits, for varint and decimal. */
#include <assert.h>

#include "models/widecolumn/number.h"

#define MAX MED_WIDE_NUMBER_DIGITS_MAX

/* Digits in either direction, the first ones perhaps 0, as a number. False if they are too many. */
static bool take(const uint8_t *digits, size_t count, bool negative, med_wide_digits *number) {
  while (count > 0 && *digits == 0) digits++, count--;
  if (count > MAX) return false;
  memmove(number->digits, digits, count);
  number->count = (uint16_t)count;
  number->negative = negative && count > 0;
  return true;
}

static int compare_sizes(const med_wide_digits *a, const med_wide_digits *b) {
  if (a->count != b->count) return a->count < b->count ? -1 : 1;
  return a->count == 0 ? 0 : memcmp(a->digits, b->digits, a->count);
}

int med_wide_digits_compare(const med_wide_digits *a, const med_wide_digits *b) {
  if (a->negative != b->negative) return a->negative ? -1 : 1;
  int order = compare_sizes(a, b);
  return a->negative ? -order : order;
}

/* The digit of ten to the power `place`. */
static int digit_at(const med_wide_digits *number, size_t place) {
  return place < number->count ? number->digits[number->count - 1 - place] : 0;
}

/* |larger| + sign * |smaller|, into the digits' end of `result`; answers how many there are. */
static size_t combine(const med_wide_digits *larger, const med_wide_digits *smaller, int sign,
                      uint8_t result[MAX + 1]) {
  int carry = 0;
  size_t count = larger->count + 1u;
  for (size_t place = 0; place < count; place++) {
    int digit = digit_at(larger, place) + sign * digit_at(smaller, place) + carry;
    carry = digit > 9 ? 1 : digit < 0 ? -1 : 0;
    result[count - 1 - place] = (uint8_t)(digit - 10 * carry);
  }
  return count;
}

bool med_wide_digits_add(const med_wide_digits *a, const med_wide_digits *b, med_wide_digits *sum) {
  uint8_t result[MAX + 1];
  bool swapped = compare_sizes(a, b) < 0;
  const med_wide_digits *larger = swapped ? b : a, *smaller = swapped ? a : b;
  size_t count = combine(larger, smaller, a->negative == b->negative ? 1 : -1, result);
  return take(result, count, larger->negative, sum);
}

bool med_wide_digits_multiply(const med_wide_digits *a, const med_wide_digits *b, med_wide_digits *product) {
  uint8_t result[2 * MAX] = {0};
  size_t count = (size_t)a->count + b->count;
  for (size_t i = 0; i < a->count; i++) {
    unsigned carry = 0, digit = (unsigned)digit_at(a, i);
    for (size_t j = 0; j < b->count || carry > 0; j++) {
      uint8_t *at = &result[count - 1 - i - j];
      unsigned part = *at + digit * (unsigned)digit_at(b, j) + carry;
      *at = (uint8_t)(part % 10);
      carry = part / 10;
    }
  }
  return take(result, count, a->negative != b->negative, product);
}

void med_wide_digits_divide(const med_wide_digits *a, const med_wide_digits *b, med_wide_digits *quotient,
                            med_wide_digits *remainder) {
  uint8_t result[MAX];
  med_wide_digits rest = {.count = 0}, divisor = *b, dividend = *a;
  assert(b->count > 0);
  divisor.negative = true; /* added, it is taken away */
  for (size_t i = 0; i < dividend.count; i++) {
    if (rest.count > 0 || dividend.digits[i] > 0) rest.digits[rest.count++] = dividend.digits[i];
    result[i] = 0;
    while (compare_sizes(&rest, &divisor) >= 0) {
      bool fits = med_wide_digits_add(&rest, &divisor, &rest);
      assert(fits);
      (void)fits;
      result[i]++;
    }
  }
  (void)take(result, dividend.count, dividend.negative != b->negative, quotient);
  rest.negative = dividend.negative && rest.count > 0;
  *remainder = rest;
}

bool med_wide_digits_shift(med_wide_digits *digits, uint64_t power) {
  if (digits->count == 0) return true;
  if (power > (uint64_t)(MAX - digits->count)) return false;
  memset(digits->digits + digits->count, 0, power);
  digits->count = (uint16_t)(digits->count + power);
  return true;
}

/* Whether the digits from `kept` on are more than a half of the last kept one, or a half that goes up. */
static bool rounds_up(const med_wide_digits *digits, size_t kept, bool half_even) {
  if (digits->digits[kept] != 5 || !half_even) return digits->digits[kept] >= 5;
  for (size_t i = kept + 1; i < digits->count; i++) {
    if (digits->digits[i] > 0) return true;
  }
  return digits->digits[kept - 1] % 2 == 1;
}

uint64_t med_wide_digits_round(med_wide_digits *digits, size_t kept, bool half_even) {
  static const med_wide_digits one = {.count = 1, .digits = {1}};
  assert(kept > 0);
  if (digits->count <= kept) return 0;
  size_t dropped = digits->count - kept;
  bool up = rounds_up(digits, kept, half_even), negative = digits->negative;
  digits->count = (uint16_t)kept;
  digits->negative = false;
  if (up) {
    bool fits = med_wide_digits_add(digits, &one, digits);
    assert(fits); /* it had more digits before */
    (void)fits;
  }
  digits->negative = negative && digits->count > 0;
  if (digits->count <= kept) return dropped;
  digits->count--; /* 99.9 became 100 */
  return dropped + 1;
}
