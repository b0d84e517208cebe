/* column_reals.h - up to 1,024 reals as few bytes.
 *
 * FORMAT.md section "Columns", "Reals". Most reals that people store are decimals: prices, ratings, measured values. Such a one is an
 * integer divided by a power of ten, and the integers are encoded as integers are (column_integers.h); the values of which that is
 * not true bit for bit stand beside them. Other reals are encoded as the integers that their bits are.
 *
 * ALP (Afroozeh and others, 2023) multiplies by an inexact inverse, looks for two exponents and keeps what does not come out
 * right. Here it is a division, which IEEE rounds correctly: every decimal of up to 15 digits comes out right, so one exponent is
 * enough, and a price never is an exception.
 *
 * Decoding distrusts: whatever the bytes are, it answers false or fills `count` values, and reads nothing beyond the slice. */
#ifndef MED_STORAGE_COLUMN_REALS_H
#define MED_STORAGE_COLUMN_REALS_H

#include "storage/column_integers.h"

typedef struct med_real_plan {
  med_column_codec codec;
  size_t size; /* exactly what med_column_reals_encode writes */
  unsigned exponent;
  size_t exceptions;
  med_integer_plan integer_plan;
  int64_t integers[MED_VECTOR_ROWS]; /* what is encoded: bits, or decimals */
  uint16_t exception_at[MED_VECTOR_ROWS];
} med_real_plan;

/* The smallest encoding of the values, 1 to MED_VECTOR_ROWS of them. Every bit comes back: also of NaN and -0. */
void med_column_reals_plan(const double *values, size_t count, med_real_plan *plan);
/* The plan is of the same values. */
void med_column_reals_encode(const med_real_plan *plan, const double *values, size_t count, uint8_t *to);
/* values has room for MED_VECTOR_ROWS, whatever count is. payload is padded as in column_integers.h. */
MEDLEY_MUST_USE bool med_column_reals_decode(med_column_codec codec, med_slice payload, size_t count, double *values);

#endif
