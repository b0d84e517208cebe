/* number.c - schoolbook conversion between base 256 and base 10. */
#include "models/widecolumn/number.h"

#include <assert.h>

static void negate(uint8_t *bytes, size_t len) {
  unsigned carry = 1;
  for (size_t i = len; i-- > 0;) {
    unsigned sum = (unsigned)(uint8_t)~bytes[i] + carry;
    bytes[i] = (uint8_t)sum;
    carry = sum >> 8;
  }
}

/* Divides in place; answers the remainder. */
static uint8_t divide_by_ten(uint8_t *bytes, size_t len) {
  unsigned remainder = 0;
  for (size_t i = 0; i < len; i++) {
    unsigned part = (remainder << 8) | bytes[i];
    bytes[i] = (uint8_t)(part / 10);
    remainder = part % 10;
  }
  return (uint8_t)remainder;
}

void med_wide_digits_of(med_slice number, med_wide_digits *digits) {
  uint8_t rest[MED_WIDE_NUMBER_SIZE_MAX];
  uint8_t reversed[MED_WIDE_NUMBER_DIGITS_MAX];
  size_t count = 0, first = 0;
  assert(number.len > 0 && number.len <= MED_WIDE_NUMBER_SIZE_MAX);
  memcpy(rest, number.bytes, number.len);
  digits->negative = (rest[0] & 0x80) != 0;
  if (digits->negative) negate(rest, number.len); /* the smallest number stays as it is: right, for rest is unsigned */
  for (;;) {
    while (first < number.len && rest[first] == 0) first++;
    if (first == number.len) break;
    assert(count < MED_WIDE_NUMBER_DIGITS_MAX);
    reversed[count++] = divide_by_ten(rest + first, number.len - first);
  }
  digits->count = (uint16_t)count;
  for (size_t i = 0; i < count; i++) digits->digits[i] = reversed[count - 1 - i];
}

size_t med_wide_digits_write(const med_wide_digits *digits, uint8_t number[MED_WIDE_NUMBER_SIZE_MAX]) {
  uint8_t bytes[MED_WIDE_NUMBER_SIZE_MAX + 1] = {0}; /* one more for the sign */
  for (size_t d = 0; d < digits->count; d++) {
    unsigned carry = digits->digits[d];
    for (size_t i = sizeof bytes; i-- > 0;) {
      unsigned part = (unsigned)bytes[i] * 10 + carry;
      bytes[i] = (uint8_t)part;
      carry = part >> 8;
    }
    assert(carry == 0); /* the digits of the limit take one byte more than its bytes */
  }
  if (digits->negative) negate(bytes, sizeof bytes);
  med_slice shortest = med_wide_number_shortest(med_slice_of(bytes, sizeof bytes));
  if (shortest.len > MED_WIDE_NUMBER_SIZE_MAX) return 0;
  memcpy(number, shortest.bytes, shortest.len);
  return shortest.len;
}

med_slice med_wide_number_shortest(med_slice number) {
  const uint8_t *bytes = number.bytes;
  size_t len = number.len;
  while (len > 1 && ((bytes[0] == 0 && bytes[1] < 0x80) || (bytes[0] == 0xFF && bytes[1] >= 0x80))) {
    bytes++;
    len--;
  }
  return med_slice_of(bytes, len);
}
