/* group_totals.h - adding a vector's values to the totals of their groups: the inner loops of groups.c.
 *
 * Row i of `count` rows is in group groups[i], below group_count, and has values[i]. Where groups are few, the rows of a vector are added up in
 * tables of their own, four side by side, since neighbours are often in one group and an addition would wait for the one before; where
 * neighbours are in one group mostly (a table is in the order of its keys), a run of them is added up before its total is touched.
 *
 * None of these can fail. Threads: nothing is shared. */
#ifndef MED_WIDECOLUMN_GROUP_TOTALS_H
#define MED_WIDECOLUMN_GROUP_TOTALS_H

#include "storage/column_vector.h"

/* Of one column in one group. Numbers have either `integers` or `reals`; a text is only counted. */
typedef struct med_wide_total {
  uint64_t count; /* rows with a value */
  union {
    struct {
      med_int128 sum;
      int64_t min, max; /* if count > 0, and they are asked for */
    } integers;
    struct {
      double sum; /* in the order of the rows of the group */
      double min, max;
    } reals;
  } as;
} med_wide_total;

/* The rows of a vector and their groups; what is found out about them once, for all columns. */
#define MED_GROUPS_FEW 256
typedef struct med_group_rows {
  const uint32_t *groups;
  size_t count; /* at most MED_VECTOR_ROWS */
  uint32_t group_count;
  bool is_runs, is_few;
  uint32_t counts[MED_GROUPS_FEW]; /* rows of each group, where groups are few */
} med_group_rows;
void med_group_rows_init(med_group_rows *rows, const uint32_t *groups, size_t count, uint32_t group_count);

/* Adds each row to the number of its group. */
void med_group_count_rows(const med_group_rows *rows, uint64_t *counts);
/* bounds: min and max are wanted. narrow: no value is beyond 2^52 in either direction, so that a vector's sum is within 64 bits. */
void med_group_add_integers(const med_group_rows *rows, const int64_t *values, bool bounds, bool narrow,
                            med_wide_total *totals);
/* Adds a sum of `count` values, at least one, to a total. */
void med_group_add_sum(med_wide_total *total, uint64_t count, med_int128 sum, int64_t min, int64_t max);
/* A NaN is no value. */
void med_group_add_real(med_wide_total *total, double value);
void med_group_add_reals(const med_group_rows *rows, const double *values, med_wide_total *totals);

#endif
