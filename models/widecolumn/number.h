/* number.h - whole numbers of many digits: between two's complement (varint, the unscaled part of decimal) and digits.
 *
 * Bounded, so that no value costs more than its limit says: the work is quadratic in the length. */
#ifndef MED_WIDECOLUMN_NUMBER_H
#define MED_WIDECOLUMN_NUMBER_H

#include "storage/bytes.h"

#define MED_WIDE_NUMBER_SIZE_MAX 256   /* bytes of two's complement; Cassandra knows no limit */
#define MED_WIDE_NUMBER_DIGITS_MAX 617 /* of such a number */

typedef struct med_wide_digits {
  bool negative;
  uint16_t count;                             /* 0 for zero */
  uint8_t digits[MED_WIDE_NUMBER_DIGITS_MAX]; /* 0 ... 9, the most significant first and not zero */
} med_wide_digits;

/* number: big-endian two's complement, 1 ... MED_WIDE_NUMBER_SIZE_MAX bytes (asserted). */
void med_wide_digits_of(med_slice number, med_wide_digits *digits);
/* The shortest two's complement; answers its length, or 0 if it would be longer than the limit. */
size_t med_wide_digits_write(const med_wide_digits *digits, uint8_t number[MED_WIDE_NUMBER_SIZE_MAX]);
/* The same number without bytes that only repeat its sign: borrowed. */
med_slice med_wide_number_shortest(med_slice number);

/* ---- number_math.c: schoolbook arithmetic. False if there would be more digits than the limit; a result may be one of the
 * operands. Zero is never negative. ---- */
int med_wide_digits_compare(const med_wide_digits *a, const med_wide_digits *b);
MEDLEY_MUST_USE bool med_wide_digits_add(const med_wide_digits *a, const med_wide_digits *b, med_wide_digits *sum);
MEDLEY_MUST_USE bool med_wide_digits_multiply(const med_wide_digits *a, const med_wide_digits *b,
                                              med_wide_digits *product);
/* Towards zero; the remainder has the sign of a. b is not zero (asserted). */
void med_wide_digits_divide(const med_wide_digits *a, const med_wide_digits *b, med_wide_digits *quotient,
                            med_wide_digits *remainder);
/* Times ten to the power. */
MEDLEY_MUST_USE bool med_wide_digits_shift(med_wide_digits *digits, uint64_t power);
/* Leaves the first `kept` digits (one at least), rounded to the nearest; halves go to the even one, or up (away from zero). Answers the
 * power of ten by which what is left must be multiplied. */
uint64_t med_wide_digits_round(med_wide_digits *digits, size_t kept, bool half_even);

#endif
