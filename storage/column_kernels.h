/* column_kernels.h - filters and sums over decoded vectors: the inner loops of scans.
 *
 * A vector is MED_VECTOR_ROWS values as column_reader.h fills them; the first `rows` count. A selection is a bitmap of rows
 * (column_vector.h): begin with the rows that have a value, and AND each filter's answer into it. What is behind `rows`
 * in values means nothing, but is memory that may be read.
 *
 * None of these can fail, and none knows a file. Threads: nothing is shared. */
#ifndef MED_STORAGE_COLUMN_KERNELS_H
#define MED_STORAGE_COLUMN_KERNELS_H

#include "storage/bytes.h"
#include "storage/column_vector.h"

typedef enum med_compare {
  MED_LESS,
  MED_LESS_EQUAL,
  MED_EQUAL,
  MED_NOT_EQUAL,
  MED_GREATER_EQUAL,
  MED_GREATER,
} med_compare;

/* The comparison that is true where the given one is false. */
med_compare med_compare_opposite(med_compare compare);

/* Whether an order, negative, 0 or positive, is so. */
static inline bool med_compare_holds(int order, med_compare compare) {
  switch (compare) {
    case MED_LESS: return order < 0;
    case MED_LESS_EQUAL: return order <= 0;
    case MED_EQUAL: return order == 0;
    case MED_NOT_EQUAL: return order != 0;
    case MED_GREATER_EQUAL: return order >= 0;
    default: return order > 0;
  }
}

/* The integers from low to high, both included, or, if `outside`, all others. None: low is above high. */
typedef struct med_integer_range {
  int64_t low, high;
  bool outside;
} med_integer_range;
/* Those that compare so with the constant. */
med_integer_range med_integer_range_of(med_compare compare, int64_t constant);
/* Takes the other's integers out of *range that are not in both; false, and nothing is changed, if that is no range. */
bool med_integer_range_narrow(med_integer_range *range, const med_integer_range *other);

/* ---- Filters ---- selected becomes the rows of the first `rows` whose value compares so with the constant; rows without a value
 * compare as 0. Reals in the order of med_real_less: NaN equals NaN and is greater than all others. */
void med_column_compare_integers(const int64_t *values, size_t rows, med_compare compare, int64_t constant,
                                 uint64_t *selected);
void med_column_compare_reals(const double *values, size_t rows, med_compare compare, double constant,
                              uint64_t *selected);
/* The rows whose number is in [low, high]: numbers as they were packed, so that nobody widens them. */
void med_column_numbers_within(const uint32_t *numbers, size_t rows, uint32_t low, uint32_t high, uint64_t *selected);
/* The rows whose code c has matches[c] != 0: decide once for each text of a dictionary, then for rows. */
void med_column_match_codes(const uint32_t *codes, size_t rows, const uint8_t *matches, uint64_t *selected);

/* Whether a vector or group with these bounds may have (true) or certainly has not (false) a value that compares so. */
bool med_column_may_match_integers(int64_t min, int64_t max, med_compare compare, int64_t constant);
bool med_column_may_match_reals(double min, double max, med_compare compare, double constant);
/* Of texts in memcmp order; min and max are prefixes, as in a zone, and say less: true also where they leave it open. */
bool med_column_may_match_texts(uint64_t min, uint64_t max, med_compare compare, med_slice constant);

/* The numbers of the selected rows, ascending; answers how many. to has room for MED_VECTOR_ROWS. */
size_t med_column_list_rows(const uint64_t *selected, uint16_t *to);

/* ---- Sums ---- {0} is the total of nothing. Each call adds the selected rows of one vector. */
typedef struct med_integer_total {
  uint64_t count;
  med_int128 sum;
  int64_t min, max; /* if count > 0 */
} med_integer_total;
void med_column_total_integers(const int64_t *values, const uint64_t *selected, med_integer_total *total);

#endif
