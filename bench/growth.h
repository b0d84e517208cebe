/* growth.h - how the cost of an operation grows with the data: runs at three sizes, one exponent for each row. */
#ifndef MED_BENCH_GROWTH_H
#define MED_BENCH_GROWTH_H

#include "bench/harness.h"

#define MED_GROWTH_SIZE_COUNT 3 /* a factor 10 apart; the last is the wanted scale */
#define MED_GROWTH_LINE_COUNT_MAX (MED_TASK_COUNT_MAX * MED_PEER_COUNT_MAX)

typedef struct med_growth_line {
  const char *task, *title, *peer;
  double us[MED_GROWTH_SIZE_COUNT]; /* wall time of one operation; 0: not measured */
} med_growth_line;

typedef struct med_growth {
  int size_count;
  double scales[MED_GROWTH_SIZE_COUNT];
  int line_count;
  med_growth_line lines[MED_GROWTH_LINE_COUNT_MAX];
} med_growth;

/* Adds the outcome of the next size; outcomes are of the same workload with the same peers. */
void med_growth_add(med_growth *growth, const med_outcome *outcome);
/* Exponent 0: the cost of one operation does not depend on the size; 1: it is proportional to it. */
void med_growth_print(FILE *file, const med_growth *growth);

#endif
