/* groups_state.h - what groups.c, group_vectors.c and group_halves.c work on: groups while they are made.
 *
 * Threads and lifetime: as of groups.h; each thread has its own. */
#ifndef MED_WIDECOLUMN_GROUPS_STATE_H
#define MED_WIDECOLUMN_GROUPS_STATE_H

#include <stdatomic.h>

#include "models/widecolumn/group_numbers.h"
#include "models/widecolumn/groups.h"

typedef struct med_wide_group_range {
  const med_wide_column *column;
  med_integer_range range;
} med_wide_group_range;

struct med_wide_groups {
  med_wide_group_query query;
  med_txn *txn;
  const med_wide_table *table;
  int64_t now_s;
  med_wide_group_range ranges[MED_WIDE_GROUP_TESTS_MAX]; /* what the tests of integers leave */
  size_t range_count;
  med_group_values values[MED_WIDE_GROUP_KEYS_MAX];
  med_group_pairs pairs[MED_WIDE_GROUP_KEYS_MAX]; /* [k]: of the groups by keys before k, and key k; [0] is not used */
  uint32_t capacity;                              /* of groups, in `rows` and `totals` */
  uint64_t *rows;
  med_wide_total *totals[MED_WIDE_GROUP_TOTALS_MAX];
  uint32_t *numbers[MED_WIDE_GROUP_KEYS_MAX]; /* of each row of a vector */
  uint32_t groups[MED_VECTOR_ROWS];           /* of each listed row */
  uint16_t listed[MED_VECTOR_ROWS];           /* the rows that count */
  bool lists_all;                             /* they are 0, 1, 2 ... */
  const uint64_t *selected;                   /* the same as a bitmap */
  size_t vector_rows;
  uint32_t some_groups[MED_VECTOR_ROWS]; /* of listed rows that have a value */
  union {                                /* their values */
    int64_t integers[MED_VECTOR_ROWS];
    double reals[MED_VECTOR_ROWS];
  } packed;
  med_arena arena;         /* of a record's row */
  const atomic_bool *stop; /* NULL, or whether the other thread has failed */
};

static inline med_column_type med_wide_groups_type(const med_wide_column *column) {
  return med_wide_segment_type(column->type.kind);
}

/* Without rows. NULL: memory is short. */
med_wide_groups *med_wide_groups_new(med_txn *txn, const med_wide_table *table, const med_wide_group_query *query);
/* From the numbers of `count` rows to their groups, which have room for totals then. TOO_BIG, NO_MEMORY. */
MEDLEY_MUST_USE int med_wide_groups_find(med_wide_groups *of, size_t count);

/* ---- group_vectors.c ---- Adds the segments that the scan comes to. */
MEDLEY_MUST_USE int med_wide_groups_add_segments(med_wide_groups *of, med_wide_segment_scan *scan);

/* ---- group_halves.c ---- Adds all segments, half of them by another thread where that is worth it; *done is false if it is not, or cannot be. */
MEDLEY_MUST_USE int med_wide_groups_add_halves(med_wide_groups *of, bool *done);

#endif
