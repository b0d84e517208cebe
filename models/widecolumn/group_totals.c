/* group_totals.c - see group_totals.h. */
#include "models/widecolumn/group_totals.h"

#include <math.h>
#include <string.h>

enum { SIDES = 4, RUN_MIN = 4, SAMPLE = 128 };

/* Of so many equal neighbours that a run of them is added faster, as far as some of them tell. */
static bool look_like_runs(const uint32_t *groups, size_t count) {
  size_t seen = count < SAMPLE ? count : SAMPLE, runs = 1;
  for (size_t i = 1; i < seen; i++) runs += groups[i] != groups[i - 1];
  return runs * RUN_MIN <= seen;
}

static void count_few(med_group_rows *rows) {
  uint32_t sides[SIDES][MED_GROUPS_FEW];
  const uint32_t *groups = rows->groups;
  size_t i = 0;
  for (size_t side = 0; side < SIDES; side++) memset(sides[side], 0, rows->group_count * sizeof sides[side][0]);
  for (; i + SIDES <= rows->count; i += SIDES) {
    sides[0][groups[i]]++;
    sides[1][groups[i + 1]]++;
    sides[2][groups[i + 2]]++;
    sides[3][groups[i + 3]]++;
  }
  for (; i < rows->count; i++) sides[0][groups[i]]++;
  for (uint32_t group = 0; group < rows->group_count; group++)
    rows->counts[group] = sides[0][group] + sides[1][group] + sides[2][group] + sides[3][group];
}

void med_group_rows_init(med_group_rows *rows, const uint32_t *groups, size_t count, uint32_t group_count) {
  rows->groups = groups;
  rows->count = count;
  rows->group_count = group_count;
  rows->is_runs = look_like_runs(groups, count);
  rows->is_few = !rows->is_runs && group_count <= MED_GROUPS_FEW && group_count <= count;
  if (rows->is_few) count_few(rows);
}

void med_group_count_rows(const med_group_rows *rows, uint64_t *counts) {
  const uint32_t *groups = rows->groups;
  if (rows->is_few) {
    for (uint32_t group = 0; group < rows->group_count; group++) counts[group] += rows->counts[group];
    return;
  }
  for (size_t i = 0, from = 0; i < rows->count; from = i) {
    uint32_t group = groups[i];
    for (i++; i < rows->count && groups[i] == group; i++) continue;
    counts[group] += i - from;
  }
}

/* ---- Integers ---- */
static inline void add_sum(med_wide_total *total, uint64_t count, med_int128 sum) {
  total->count += count; /* a total begins as zeros */
  total->as.integers.sum += sum;
}

static inline void widen_bounds(med_wide_total *total, int64_t min, int64_t max) {
  bool is_first = total->count == 0;
  if (is_first || min < total->as.integers.min) total->as.integers.min = min;
  if (is_first || max > total->as.integers.max) total->as.integers.max = max;
}

void med_group_add_sum(med_wide_total *total, uint64_t count, med_int128 sum, int64_t min, int64_t max) {
  widen_bounds(total, min, max);
  add_sum(total, count, sum);
}

static void add_runs(const med_group_rows *rows, const int64_t *values, bool bounds, med_wide_total *totals) {
  for (size_t i = 0, from = 0; i < rows->count; from = i) {
    uint32_t group = rows->groups[i];
    med_int128 sum = 0;
    int64_t min = values[i], max = values[i];
    for (; i < rows->count && rows->groups[i] == group; i++) {
      sum += values[i];
      if (values[i] < min) min = values[i];
      if (values[i] > max) max = values[i];
    }
    med_wide_total *total = &totals[group];
    if (bounds) widen_bounds(total, min, max);
    add_sum(total, i - from, sum);
  }
}

/* Sums of few groups. */
static void add_few(const med_group_rows *rows, const int64_t *values, med_wide_total *totals) {
  uint64_t sides[SIDES][MED_GROUPS_FEW];
  const uint32_t *groups = rows->groups;
  size_t i = 0;
  for (size_t side = 0; side < SIDES; side++) memset(sides[side], 0, rows->group_count * sizeof sides[side][0]);
  for (; i + SIDES <= rows->count; i += SIDES) {
    sides[0][groups[i]] += (uint64_t)values[i];
    sides[1][groups[i + 1]] += (uint64_t)values[i + 1];
    sides[2][groups[i + 2]] += (uint64_t)values[i + 2];
    sides[3][groups[i + 3]] += (uint64_t)values[i + 3];
  }
  for (; i < rows->count; i++) sides[0][groups[i]] += (uint64_t)values[i];
  for (uint32_t group = 0; group < rows->group_count; group++)
    add_sum(&totals[group], rows->counts[group],
            (med_int128)(int64_t)(sides[0][group] + sides[1][group] + sides[2][group] + sides[3][group]));
}

static void add_each(const med_group_rows *rows, const int64_t *values, bool bounds, med_wide_total *totals) {
  for (size_t i = 0; i < rows->count; i++) {
    med_wide_total *total = &totals[rows->groups[i]];
    if (bounds) widen_bounds(total, values[i], values[i]);
    add_sum(total, 1, values[i]);
  }
}

void med_group_add_integers(const med_group_rows *rows, const int64_t *values, bool bounds, bool narrow,
                            med_wide_total *totals) {
  if (rows->is_runs)
    add_runs(rows, values, bounds, totals);
  else if (rows->is_few && narrow && !bounds)
    add_few(rows, values, totals);
  else
    add_each(rows, values, bounds, totals);
}

/* ---- Reals ---- */
static inline void add_real(med_wide_total *total, double value) {
  if (isnan(value)) return;
  if (total->count++ == 0) {
    total->as.reals.sum = total->as.reals.min = total->as.reals.max = value;
    return;
  }
  total->as.reals.sum += value;
  if (value < total->as.reals.min) total->as.reals.min = value;
  if (value > total->as.reals.max) total->as.reals.max = value;
}

void med_group_add_real(med_wide_total *total, double value) { add_real(total, value); }

void med_group_add_reals(const med_group_rows *rows, const double *values, med_wide_total *totals) {
  for (size_t i = 0; i < rows->count; i++) add_real(&totals[rows->groups[i]], values[i]);
}
