/* column_kernels.c - filters and sums, four values at a time.
 *
 * As in bit_pack.c, vectors are the compilers', and the same code is compiled a second time for AVX2. A bitmap's word of 64 rows is 16
 * such vectors; lane i of vector j is its bit 4 * j + i. */
#include "storage/column_kernels.h"

#include <math.h>
#include <string.h>

#include "storage/column_page.h"

enum { LANES = 4, PARTS = 16, FEW = 64 };

typedef int64_t integers_4 __attribute__((vector_size(32)));
typedef uint64_t bits_4 __attribute__((vector_size(32)));
typedef uint32_t numbers_8 __attribute__((vector_size(32)));
typedef double reals_4 __attribute__((vector_size(32)));

#define INLINE static inline __attribute__((always_inline))
#define FIRST_BITS ((bits_4){1, 2, 4, 8})

/* Defines name##_fast, which is `name` with AVX2 where there is AVX2. */
#if defined(__x86_64__) && !defined(MED_VECTORS_PLAIN)
#define FAST(name, parameters, arguments)                                                \
  __attribute__((target("avx2"))) static void name##_avx2 parameters { name arguments; } \
  static void name##_fast parameters {                                                   \
    if (__builtin_cpu_supports("avx2")) {                                                \
      name##_avx2 arguments;                                                             \
    } else {                                                                             \
      name arguments;                                                                    \
    }                                                                                    \
  }
#else
#define FAST(name, parameters, arguments) \
  static void name##_fast parameters { name arguments; }
#endif

static size_t words_of(size_t rows) { return (rows + 63) / 64; }

static void keep_rows(uint64_t *selected, size_t rows, bool inverted) {
  uint64_t there[MED_VECTOR_WORDS];
  med_rows_fill(there, rows);
  for (size_t i = 0; i < MED_VECTOR_WORDS; i++) selected[i] = (inverted ? ~selected[i] : selected[i]) & there[i];
}

/* ---- Filters ---- Three comparisons are computed; the others are what they leave. */
/* Defines a filter of one comparison. */
#define FILTER(name, number, numbers_4, SIGN)                                                 \
  INLINE void name(const number *values, size_t words, number constant, uint64_t *selected) { \
    for (size_t word = 0; word < words; word++) {                                             \
      bits_4 found = {0}, bits = FIRST_BITS;                                                  \
      for (size_t part = 0; part < PARTS; part++, values += LANES, bits <<= LANES) {          \
        numbers_4 four;                                                                       \
        memcpy(&four, values, sizeof four);                                                   \
        found |= (bits_4)(four SIGN constant)&bits;                                           \
      }                                                                                       \
      selected[word] = found[0] | found[1] | found[2] | found[3];                             \
    }                                                                                         \
  }
FILTER(integers_less, int64_t, integers_4, <)
FILTER(integers_equal, int64_t, integers_4, ==)
FILTER(integers_greater, int64_t, integers_4, >)
FILTER(reals_less, double, reals_4, <)
FILTER(reals_equal, double, reals_4, ==)
FILTER(reals_less_equal, double, reals_4, <=)

INLINE void compare_integers(const int64_t *values, size_t words, med_compare compare, int64_t constant,
                             uint64_t *selected) {
  if (compare == MED_LESS) integers_less(values, words, constant, selected);
  if (compare == MED_EQUAL) integers_equal(values, words, constant, selected);
  if (compare == MED_GREATER) integers_greater(values, words, constant, selected);
}
FAST(compare_integers, (const int64_t *values, size_t words, med_compare compare, int64_t constant, uint64_t *selected),
     (values, words, compare, constant, selected))

/* Eight numbers a vector; lane i of vector j of a half word is its bit 8 * j + i. */
INLINE void numbers_within(const uint32_t *numbers, size_t words, uint32_t low, uint32_t span, uint64_t *selected) {
  for (size_t half = 0; half < 2 * words; half++, numbers += 32) {
    numbers_8 found = {0}, bits = {1, 2, 4, 8, 16, 32, 64, 128};
    for (size_t part = 0; part < 4; part++, bits <<= 8) {
      numbers_8 eight;
      memcpy(&eight, numbers + 8 * part, sizeof eight);
      found |= (numbers_8)(eight - low <= span) & bits;
    }
    uint32_t there = (found[0] | found[1]) | (found[2] | found[3]) | (found[4] | found[5]) | (found[6] | found[7]);
    selected[half / 2] |= (uint64_t)there << (half % 2 * 32);
  }
}
FAST(numbers_within, (const uint32_t *numbers, size_t words, uint32_t low, uint32_t span, uint64_t *selected),
     (numbers, words, low, span, selected))

void med_column_numbers_within(const uint32_t *numbers, size_t rows, uint32_t low, uint32_t high, uint64_t *selected) {
  memset(selected, 0, MED_VECTOR_WORDS * sizeof *selected);
  if (low > high) return;
  numbers_within_fast(numbers, words_of(rows), low, high - low, selected);
  keep_rows(selected, rows, false);
}

med_compare med_compare_opposite(med_compare compare) {
  switch (compare) {
    case MED_LESS: return MED_GREATER_EQUAL;
    case MED_LESS_EQUAL: return MED_GREATER;
    case MED_EQUAL: return MED_NOT_EQUAL;
    case MED_NOT_EQUAL: return MED_EQUAL;
    case MED_GREATER_EQUAL: return MED_LESS;
    default: return MED_LESS_EQUAL;
  }
}

med_integer_range med_integer_range_of(med_compare compare, int64_t constant) {
  const med_integer_range none = {INT64_MAX, INT64_MIN, false};
  switch (compare) {
    case MED_LESS: return constant > INT64_MIN ? (med_integer_range){INT64_MIN, constant - 1, false} : none;
    case MED_LESS_EQUAL: return (med_integer_range){INT64_MIN, constant, false};
    case MED_EQUAL: return (med_integer_range){constant, constant, false};
    case MED_NOT_EQUAL: return (med_integer_range){constant, constant, true};
    case MED_GREATER_EQUAL: return (med_integer_range){constant, INT64_MAX, false};
    default: return constant < INT64_MAX ? (med_integer_range){constant + 1, INT64_MAX, false} : none;
  }
}

bool med_integer_range_narrow(med_integer_range *range, const med_integer_range *other) {
  if (range->outside || other->outside) return false;
  if (other->low > range->low) range->low = other->low;
  if (other->high < range->high) range->high = other->high;
  return true;
}

void med_column_compare_integers(const int64_t *values, size_t rows, med_compare compare, int64_t constant,
                                 uint64_t *selected) {
  bool inverted = compare == MED_LESS_EQUAL || compare == MED_NOT_EQUAL || compare == MED_GREATER_EQUAL;
  memset(selected, 0, MED_VECTOR_WORDS * sizeof *selected);
  compare_integers_fast(values, words_of(rows), inverted ? med_compare_opposite(compare) : compare, constant, selected);
  keep_rows(selected, rows, inverted);
}

INLINE void compare_reals(const double *values, size_t words, med_compare compare, double constant,
                          uint64_t *selected) {
  if (compare == MED_LESS) reals_less(values, words, constant, selected);
  if (compare == MED_EQUAL) reals_equal(values, words, constant, selected);
  if (compare == MED_LESS_EQUAL) reals_less_equal(values, words, constant, selected);
}
FAST(compare_reals, (const double *values, size_t words, med_compare compare, double constant, uint64_t *selected),
     (values, words, compare, constant, selected))

/* With NaN: every other real is less, and NaN is equal. */
static void compare_with_nan(const double *values, size_t rows, med_compare compare, uint64_t *selected) {
  bool less = compare == MED_LESS || compare == MED_LESS_EQUAL || compare == MED_NOT_EQUAL;
  bool equal = compare == MED_LESS_EQUAL || compare == MED_EQUAL || compare == MED_GREATER_EQUAL;
  for (size_t row = 0; row < rows; row++) {
    if (isnan(values[row]) ? equal : less) med_rows_add(selected, row);
  }
}

void med_column_compare_reals(const double *values, size_t rows, med_compare compare, double constant,
                              uint64_t *selected) {
  memset(selected, 0, MED_VECTOR_WORDS * sizeof *selected);
  if (isnan(constant)) {
    compare_with_nan(values, rows, compare, selected);
    return;
  }
  /* IEEE's less, equal and less-or-equal are false for a NaN, and so right; the others are what they leave, NaN included. */
  bool inverted = compare == MED_GREATER || compare == MED_NOT_EQUAL || compare == MED_GREATER_EQUAL;
  compare_reals_fast(values, words_of(rows), inverted ? med_compare_opposite(compare) : compare, constant, selected);
  keep_rows(selected, rows, inverted);
}

void med_column_match_codes(const uint32_t *codes, size_t rows, const uint8_t *matches, uint64_t *selected) {
  memset(selected, 0, MED_VECTOR_WORDS * sizeof *selected);
  for (size_t row = 0; row < rows; row++) selected[row / 64] |= (uint64_t)(matches[codes[row]] != 0) << row % 64;
}

bool med_column_may_match_integers(int64_t min, int64_t max, med_compare compare, int64_t constant) {
  switch (compare) {
    case MED_LESS: return min < constant;
    case MED_LESS_EQUAL: return min <= constant;
    case MED_EQUAL: return min <= constant && constant <= max;
    case MED_NOT_EQUAL: return min != constant || max != constant;
    case MED_GREATER_EQUAL: return max >= constant;
    default: return max > constant;
  }
}

bool med_column_may_match_reals(double min, double max, med_compare compare, double constant) {
  bool min_less = med_real_less(min, constant), min_greater = med_real_less(constant, min);
  bool max_less = med_real_less(max, constant), max_greater = med_real_less(constant, max);
  switch (compare) {
    case MED_LESS: return min_less;
    case MED_LESS_EQUAL: return !min_greater;
    case MED_EQUAL: return !min_greater && !max_less;
    case MED_NOT_EQUAL: return min_less || max_greater;
    case MED_GREATER_EQUAL: return !max_less;
    default: return max_greater;
  }
}

bool med_column_may_match_texts(uint64_t min, uint64_t max, med_compare compare, med_slice constant) {
  uint64_t prefix = med_column_text_prefix(constant);
  switch (compare) {
    case MED_LESS:
    case MED_LESS_EQUAL: return min <= prefix;
    case MED_EQUAL: return min <= prefix && prefix <= max;
    case MED_NOT_EQUAL: return true;
    default: return max >= prefix;
  }
}

/* AVX2 brings an instruction for it. */
INLINE void count_rows(const uint64_t *rows, size_t *count) {
  for (size_t word = 0; word < MED_VECTOR_WORDS; word++) *count += (size_t)__builtin_popcountll(rows[word]);
}
FAST(count_rows, (const uint64_t *rows, size_t *count), (rows, count))

size_t med_rows_count(const uint64_t *rows) {
  size_t count = 0;
  count_rows_fast(rows, &count);
  return count;
}

size_t med_column_list_rows(const uint64_t *selected, uint16_t *to) {
  size_t count = 0;
  for (size_t word = 0; word < MED_VECTOR_WORDS; word++) {
    for (uint64_t left = selected[word]; left != 0; left &= left - 1) {
      to[count++] = (uint16_t)(word * 64 + (size_t)__builtin_ctzll(left));
    }
  }
  return count;
}

/* ---- Sums ---- */
/* All bits of the lanes whose row is selected. */
#define LANES_OF(word, bits) ((bits_4)(((bits_4){(word), (word), (word), (word)} & (bits)) == (bits)))

typedef struct integer_parts {
  bits_4 low, high; /* sums of the halves of value + 2^63, which no vector overflows */
  integers_4 min, max;
} integer_parts;

INLINE void total_integers(const int64_t *values, const uint64_t *selected, integer_parts *parts) {
  const bits_4 sign = {1ull << 63, 1ull << 63, 1ull << 63, 1ull << 63};
  bits_4 low = {0}, high = {0};
  integers_4 min = parts->min, max = parts->max;
  for (size_t word = 0; word < MED_VECTOR_WORDS; word++, values += 64) {
    bits_4 bits = FIRST_BITS;
    if (selected[word] == 0) continue;
    for (size_t part = 0; part < PARTS; part++, bits <<= LANES) {
      bits_4 lanes = LANES_OF(selected[word], bits), four;
      memcpy(&four, values + part * LANES, sizeof four);
      bits_4 shifted = (four ^ sign) & lanes;
      low += shifted & UINT32_MAX;
      high += shifted >> 32;
      bits_4 is_less = (bits_4)((integers_4)four < min) & lanes, is_more = (bits_4)((integers_4)four > max) & lanes;
      min = (integers_4)((four & is_less) | ((bits_4)min & ~is_less));
      max = (integers_4)((four & is_more) | ((bits_4)max & ~is_more));
    }
  }
  *parts = (integer_parts){low, high, min, max};
}
FAST(total_integers, (const int64_t *values, const uint64_t *selected, integer_parts *parts), (values, selected, parts))

static void total_few(const int64_t *values, const uint64_t *selected, med_integer_total *total) {
  for (size_t word = 0; word < MED_VECTOR_WORDS; word++) {
    for (uint64_t left = selected[word]; left != 0; left &= left - 1) {
      int64_t value = values[word * 64 + (size_t)__builtin_ctzll(left)];
      total->sum += value;
      if (value < total->min) total->min = value;
      if (value > total->max) total->max = value;
    }
  }
}

void med_column_total_integers(const int64_t *values, const uint64_t *selected, med_integer_total *total) {
  size_t count = med_rows_count(selected);
  integer_parts parts = {.min = {INT64_MAX, INT64_MAX, INT64_MAX, INT64_MAX},
                         .max = {INT64_MIN, INT64_MIN, INT64_MIN, INT64_MIN}};
  if (count == 0) return;
  if (total->count == 0) {
    total->min = INT64_MAX;
    total->max = INT64_MIN;
  }
  total->count += count;
  if (count <= FEW) {
    total_few(values, selected, total);
    return;
  }
  total_integers_fast(values, selected, &parts);
  total->sum -= (med_int128)count << 63;
  for (size_t lane = 0; lane < LANES; lane++) {
    total->sum += ((med_int128)parts.high[lane] << 32) + (med_int128)parts.low[lane];
    if (parts.min[lane] < total->min) total->min = parts.min[lane];
    if (parts.max[lane] > total->max) total->max = parts.max[lane];
  }
}
