/* cut.h - builds every crash image of a trace, has each one checked in a process of its own, and counts.
 *
 * The checker opens the image and answers. It may crash or hang: its process is then replaced and the image is bad. */
#ifndef FAULT_CUT_H
#define FAULT_CUT_H

#include "tests/fault/image.h"

typedef enum fault_verdict {
  FAULT_GOOD = 0,
  FAULT_UNACKNOWLEDGED, /* could not be opened, but nothing had been acknowledged yet: counted apart */
  FAULT_LOST,           /* an acknowledged transaction is missing; what is there is consistent */
  FAULT_INCONSISTENT,   /* a state that never was */
  FAULT_UNOPENABLE,
  FAULT_CRASHED, /* signal or time limit: from the driver, not from checkers */
  FAULT_VERDICT_COUNT
} fault_verdict;

typedef struct fault_cut {
  const fault_trace *trace;
  const char *scratch; /* an empty folder for images; each process makes its own beneath it */
  uint64_t seed;
  uint32_t process_count;
  uint32_t subset_count, torn_count; /* images of those variants at each cut */
  uint32_t every;                    /* 1: every cut; n: one of n, chosen by the seed */
  /* `record_index` records were begun at the cut. why takes a sentence if the verdict is not good. */
  fault_verdict (*check)(void *context, const char *folder, size_t record_index, char *why, size_t why_size);
  void *context;
} fault_cut;

typedef struct fault_cut_result {
  uint64_t images;
  uint64_t verdicts[FAULT_VERDICT_COUNT];
  uint64_t cuts;
  char first_bad[512];
} fault_cut_result;

/* Answers 0, or -1 if images could not be made. */
int fault_cut_run(const fault_cut *cut, fault_cut_result *result);
const char *fault_verdict_name(fault_verdict verdict);
static inline uint64_t fault_cut_bad(const fault_cut_result *result) {
  return result->images - result->verdicts[FAULT_GOOD] - result->verdicts[FAULT_UNACKNOWLEDGED];
}

#endif
