/* column_vector.h - what a vector of a column is, and which rows of it have a value.
 *
 * FORMAT.md section "Columns". A column is cut into vectors of MED_VECTOR_ROWS rows, of which only the last one may be shorter, and
 * into groups of MED_GROUP_ROWS rows. So row r of every column of a table is in vector r / 1024 of it, and vectors of several
 * columns are worked on side by side. */
#ifndef MED_STORAGE_COLUMN_VECTOR_H
#define MED_STORAGE_COLUMN_VECTOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MED_VECTOR_ROWS 1024
#define MED_VECTOR_WORDS 16 /* of a bitmap of rows */
#define MED_GROUP_VECTORS 64
#define MED_GROUP_ROWS 65536

/* Part of the file format: append only. */
typedef enum med_column_type {
  MED_COLUMN_INTEGERS = 1, /* int64_t */
  MED_COLUMN_REALS = 2,    /* double, bit for bit */
  MED_COLUMN_TEXTS = 3,    /* any bytes */
} med_column_type;

/* Part of the file format: append only. How the values of a piece of a vector are encoded. */
typedef enum med_column_codec {
  MED_CODEC_PACKED = 1,   /* differences to the smallest value, packed */
  MED_CODEC_DELTAS = 2,   /* differences to the value before, packed */
  MED_CODEC_RUNS = 3,     /* equal neighbours once, with their number */
  MED_CODEC_DISTINCT = 4, /* different values once, and their packed numbers */
  MED_CODEC_DECIMALS = 5, /* reals that are integers divided by a power of ten */
  MED_CODEC_CODES = 6,    /* texts as packed numbers of the group's dictionary */
  MED_CODEC_PLAIN = 7,    /* texts one behind the other */
  MED_CODEC_LZ4 = 8,      /* the same, compressed */
  MED_CODEC_LONG = 9,     /* one text whose bytes fill pages of their own */
  MED_CODEC_SCALED = 10,  /* integers that are multiples of a factor, as the encoded quotients */
} med_column_codec;

/* The order of reals in columns: -0 is 0, and NaN is above everything and equal to itself (as in keys.h). */
static inline bool med_real_less(double a, double b) { return a < b || (b != b && a == a); }

/* Sums of integers, which never overflow it. */
__extension__ typedef __int128 med_int128;

/* A bitmap of rows: bit r % 64 of word r / 64. Bits behind the last row are 0. */
static inline bool med_rows_has(const uint64_t *rows, size_t row) { return (rows[row / 64] >> row % 64 & 1) != 0; }
static inline void med_rows_add(uint64_t *rows, size_t row) { rows[row / 64] |= (uint64_t)1 << row % 64; }
/* The first `count` rows of a vector. */
static inline void med_rows_fill(uint64_t *rows, size_t count) {
  for (size_t word = 0; word < MED_VECTOR_WORDS; word++) {
    size_t left = count > word * 64 ? count - word * 64 : 0;
    rows[word] = left >= 64 ? UINT64_MAX : ((uint64_t)1 << left) - 1;
  }
}
static inline bool med_rows_any(const uint64_t *rows) {
  uint64_t any = 0;
  for (size_t word = 0; word < MED_VECTOR_WORDS; word++) any |= rows[word];
  return any != 0;
}
size_t med_rows_count(const uint64_t *rows); /* column_kernels.c */

#endif
