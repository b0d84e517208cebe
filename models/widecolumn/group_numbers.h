/* group_numbers.h - values of a column, and pairs of numbers, as small numbers in order of appearance: hash tables.
 *
 * Number 0 of values is null. Open addressing with linear probing, at most half full; the seed, which nobody can know, keeps values that were
 * chosen to fall together from doing so. False everywhere: memory is short.
 * Threads: nothing is shared. {0} may be cleared. */
#ifndef MED_WIDECOLUMN_GROUP_NUMBERS_H
#define MED_WIDECOLUMN_GROUP_NUMBERS_H

#include "storage/bytes.h"
#include "storage/memory.h"

#define MED_GROUP_NULL 0u

typedef struct med_group_slots {
  uint32_t *slots; /* number + 1; 0: free */
  uint32_t mask;
  uint64_t seed;
} med_group_slots;

typedef struct med_group_values {
  bool is_text;
  uint32_t count, capacity; /* numbers, null's among them */
  int64_t *integers;        /* one of the two, by number */
  med_slice *texts;         /* in the arena */
  med_group_slots slots;
  uint32_t last; /* the number of the last value: neighbours are often equal */
  med_arena arena;
  /* Of a dictionary: its codes' numbers as far as they were asked for; MED_GROUP_NULL: not yet. */
  uint64_t dictionary;
  uint32_t *of_code;
  size_t code_count, code_capacity;
} med_group_values;

typedef struct med_group_pairs {
  uint32_t count, capacity;
  uint32_t *left, *right; /* by number */
  med_group_slots slots;
} med_group_pairs;

MEDLEY_MUST_USE bool med_group_values_init(med_group_values *values, bool is_text, uint64_t seed);
void med_group_values_clear(med_group_values *values);
MEDLEY_MUST_USE bool med_group_values_integer(med_group_values *values, int64_t integer, uint32_t *number);
MEDLEY_MUST_USE bool med_group_values_text(med_group_values *values, med_slice text, uint32_t *number);
/* Text number `code` of a dictionary of `count` texts, which `dictionary` (not 0) tells from every other one. */
MEDLEY_MUST_USE bool med_group_values_code(med_group_values *values, uint64_t dictionary, uint32_t code,
                                           const med_slice *texts, size_t count, uint32_t *number);

MEDLEY_MUST_USE bool med_group_pairs_init(med_group_pairs *pairs, uint64_t seed);
void med_group_pairs_clear(med_group_pairs *pairs);
MEDLEY_MUST_USE bool med_group_pairs_number(med_group_pairs *pairs, uint32_t left, uint32_t right, uint32_t *number);

#endif
