/* column_integers.h - up to 1,024 integers as few bytes.
 *
 * FORMAT.md section "Columns", "Integers". The size of each encoding is known before it is written, so the smallest one is chosen
 * and not tried. Reals use the same for their bits (column_reals.h), dictionaries for their codes.
 *
 * Decoding distrusts: whatever the bytes are, it answers false or fills `count` values, and reads nothing beyond the slice. */
#ifndef MED_STORAGE_COLUMN_INTEGERS_H
#define MED_STORAGE_COLUMN_INTEGERS_H

#include "storage/bytes.h"
#include "storage/column_vector.h"

typedef struct med_integer_plan {
  med_column_codec codec;
  size_t size; /* exactly what med_column_integers_encode writes */
  int64_t base;
  unsigned width;        /* of the differences to base */
  unsigned number_width; /* of run lengths, or of the numbers of distinct values */
  size_t entries;        /* runs, or distinct values */
  /* Of MED_CODEC_SCALED: value = origin + factor * number, and how the numbers are encoded; the fields above are theirs. */
  int64_t origin;
  uint64_t factor;
  med_column_codec inner;
  size_t inner_size;
} med_integer_plan;

/* The smallest encoding of the values, 1 to MED_VECTOR_ROWS of them. */
void med_column_integers_plan(const int64_t *values, size_t count, med_integer_plan *plan);
/* The plan is of the same values. */
void med_column_integers_encode(const med_integer_plan *plan, const int64_t *values, size_t count, uint8_t *to);
/* values has room for MED_VECTOR_ROWS, whatever count is. payload ends with zero to seven bytes of padding up to a multiple of 8. */
MEDLEY_MUST_USE bool med_column_integers_decode(med_column_codec codec, med_slice payload, size_t count,
                                                int64_t *values);

/* The same for integers that have to be below `end`, which is at most 2^31: false if one is not. */
MEDLEY_MUST_USE bool med_column_integers_decode_codes(med_column_codec codec, med_slice payload, size_t count,
                                                      uint32_t end, uint32_t *codes);

/* One of them: number `index` of count. Those beside it are not looked at where the encoding lets it stand by itself. */
MEDLEY_MUST_USE bool med_column_integers_decode_one(med_column_codec codec, med_slice payload, size_t count,
                                                    size_t index, int64_t *value);

/* Which of them are in [low, high]: bit i of found, of MED_VECTOR_WORDS words, is value i's. Packed numbers are compared as such. */
MEDLEY_MUST_USE bool med_column_integers_within(med_column_codec codec, med_slice payload, size_t count, int64_t low,
                                                int64_t high, uint64_t *found);
/* Value number indexes[i] into values[indexes[i]], for each of `picked`; no other place is touched, so values needs room for the last of them alone. */
MEDLEY_MUST_USE bool med_column_integers_pick(med_column_codec codec, med_slice payload, size_t count,
                                              const uint16_t *indexes, size_t picked, int64_t *values);

/* How many bytes a payload takes in a page. */
static inline size_t med_column_padded(size_t size) { return (size + 7) & ~(size_t)7; }

#endif
