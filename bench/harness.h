/* harness.h - runs the tasks of a workload on Medley and its peers by turns and keeps what came out.
 *
 * Each peer lives in a process of its own, forked before any thread exists; orders and samples cross a socket pair.
 * At any moment one of them works, the others wait in read(). */
#ifndef MED_BENCH_HARNESS_H
#define MED_BENCH_HARNESS_H

#include <stdio.h>

#include "bench/statistics.h"
#include "bench/workload.h"

#define MED_PEER_COUNT_MAX 12
#define MED_TASK_COUNT_MAX 40

typedef struct med_setting {
  const med_workload *workload;
  const med_peer *peers[MED_PEER_COUNT_MAX]; /* Medley first */
  int peer_count;
  uint64_t scale;
  uint64_t seed;
  int rounds;
  int threads;              /* 0: each task's own */
  uint64_t operation_count; /* 0: as many as fill the budget; else that many in each round, and no rounds before */
  int budget_ms;            /* about how long one peer works on one round of one task */
  med_durability durability;
  const char *task_filter; /* only tasks whose id begins so; NULL: all */
  const char *folder;      /* the peers' folders are made and removed in it */
  const char *servers;
  FILE *progress; /* NULL: silent */
} med_setting;

typedef struct med_result { /* of one peer at one task */
  const med_task *task;
  const med_peer *peer;
  int status; /* 0, MED_SAMPLE_ABSENT, or -1 */
  char failure[MED_FAILURE_SIZE];
  int round_count;
  uint64_t operation_count;                    /* of one round */
  int answers_compared;                        /* rounds in which another peer's answer was there to compare with */
  double rates[MED_STATISTICS_COUNT_MAX];      /* operations a second, round by round */
  double rate, rate_low, rate_high;            /* median and quartiles */
  double ratio_to_peer, ratio_low, ratio_high; /* Medley's rate divided by this peer's; 0 for Medley itself */
  double cpu_ratio;                            /* this peer's processor time an operation divided by Medley's */
  double sign_chance;                          /* sign test on the rounds */
  double target;                               /* 0: none */
  double p50_us, p95_us, p99_us, max_us;
  double cpu_us;        /* a operation, median of the rounds */
  double written_bytes; /* a operation, median of the rounds */
  double peak_bytes, disk_bytes;
  med_histogram latency;
} med_result;

typedef struct med_outcome {
  const med_setting *setting;
  int result_count;
  med_result *results; /* task by task, peer by peer */
  int failure_count;   /* peers that failed and answers that differed */
  double load_seconds[MED_PEER_COUNT_MAX];
  char open_failure[MED_PEER_COUNT_MAX][MED_FAILURE_SIZE]; /* empty if the peer opened */
} med_outcome;

/* 0, or -1 if not even the processes could be made. Give back with med_harness_clear. */
int med_harness_run(const med_setting *setting, med_outcome *outcome);
void med_harness_clear(med_outcome *outcome);

#endif
