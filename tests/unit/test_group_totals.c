/* test_group_totals.c - a vector's values in the totals of their groups: few groups, many, and runs of one, beside one row after the other. */
#include "models/widecolumn/group_totals.h"

#include <math.h>
#include <string.h>

#include "tests/unit/property.h"

enum { GROUPS = 2000 };

typedef struct rows {
  uint32_t groups[MED_VECTOR_ROWS];
  int64_t integers[MED_VECTOR_ROWS];
  double reals[MED_VECTOR_ROWS];
  size_t count;
  uint32_t group_count;
} rows;

static void draw(uint64_t *random, bool runs, bool narrow, rows *to) {
  static const uint32_t counts[] = {1, 2, 7, 255, 256, 257, GROUPS};
  to->count = 1 + property_below(random, MED_VECTOR_ROWS);
  to->group_count = counts[property_below(random, sizeof counts / sizeof *counts)];
  for (size_t i = 0; i < to->count; i++) {
    bool again = i > 0 && runs && property_below(random, 20) > 0;
    uint64_t number = property_random(random);
    to->groups[i] = again ? to->groups[i - 1] : (uint32_t)property_below(random, to->group_count);
    to->integers[i] = narrow ? (int64_t)(number >> 12) - (INT64_C(1) << 51) : (int64_t)number;
    to->reals[i] = property_below(random, 9) == 0 ? NAN : (double)(number % 1000) - 500;
  }
}

static void add_one_by_one(const rows *of, uint64_t *counts, med_wide_total *integers, med_wide_total *reals) {
  for (size_t i = 0; i < of->count; i++) {
    uint32_t group = of->groups[i];
    counts[group]++;
    med_group_add_sum(&integers[group], 1, of->integers[i], of->integers[i], of->integers[i]);
    med_group_add_real(&reals[group], of->reals[i]);
  }
}

static void same(const med_wide_total *a, const med_wide_total *b, bool bounds) {
  ck_assert_uint_eq(a->count, b->count);
  if (a->count == 0) return;
  ck_assert(a->as.integers.sum == b->as.integers.sum);
  if (!bounds) return;
  ck_assert_int_eq(a->as.integers.min, b->as.integers.min);
  ck_assert_int_eq(a->as.integers.max, b->as.integers.max);
}

static void same_real(const med_wide_total *a, const med_wide_total *b) {
  ck_assert_uint_eq(a->count, b->count);
  if (a->count > 0) ck_assert(memcmp(&a->as.reals, &b->as.reals, sizeof a->as.reals) == 0);
}

START_TEST(vectors_have_the_totals_of_their_rows) {
  static med_wide_total integers[2][GROUPS], reals[2][GROUPS];
  static uint64_t counts[2][GROUPS];
  static rows drawn;
  uint64_t random = property_seed("group_totals");
  for (int way = 0; way < 8; way++) {
    bool runs = way & 1, narrow = way & 2, bounds = way & 4;
    memset(integers, 0, sizeof integers);
    memset(reals, 0, sizeof reals);
    memset(counts, 0, sizeof counts);
    for (int vector = 0; vector < 60; vector++) {
      med_group_rows of;
      draw(&random, runs, narrow, &drawn);
      add_one_by_one(&drawn, counts[0], integers[0], reals[0]);
      med_group_rows_init(&of, drawn.groups, drawn.count, drawn.group_count);
      med_group_count_rows(&of, counts[1]);
      med_group_add_integers(&of, drawn.integers, bounds, narrow, integers[1]);
      med_group_add_reals(&of, drawn.reals, reals[1]);
    }
    ck_assert(memcmp(counts[0], counts[1], sizeof counts[0]) == 0);
    for (int group = 0; group < GROUPS; group++) {
      same(&integers[0][group], &integers[1][group], bounds);
      same_real(&reals[0][group], &reals[1][group]);
    }
  }
}
END_TEST

PROPERTY_MAIN("group_totals", vectors_have_the_totals_of_their_rows)
