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
#define MED_GROUP_DIRECT 65536

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
  uint32_t *
      direct; /* NULL, or the numbers of MED_GROUP_DIRECT integers from direct_from on; MED_GROUP_NULL: it has none yet */
  int64_t direct_from;
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
/* The same of `count` integers, all within min and max: small ones by a table. */
MEDLEY_MUST_USE bool med_group_values_integers(med_group_values *values, const int64_t *integers, size_t count,
                                               int64_t min, int64_t max, uint32_t *numbers);
MEDLEY_MUST_USE bool med_group_values_text(med_group_values *values, med_slice text, uint32_t *number);
/* The texts that have these numbers in a dictionary of `text_count`, which `dictionary` (not 0) tells from every other one. */
MEDLEY_MUST_USE bool med_group_values_codes(med_group_values *values, uint64_t dictionary, const med_slice *texts,
                                            size_t text_count, const uint32_t *codes, size_t count, uint32_t *numbers);

MEDLEY_MUST_USE bool med_group_pairs_init(med_group_pairs *pairs, uint64_t seed);
void med_group_pairs_clear(med_group_pairs *pairs);
MEDLEY_MUST_USE bool med_group_pairs_number(med_group_pairs *pairs, uint32_t left, uint32_t right, uint32_t *number);

#endif
