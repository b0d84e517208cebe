/* workload.h - a workload is a list of tasks over one interface of the peers; a task is one row of the tables.
 *
 * How one row comes to be: for each peer the harness forks a process, which opens the workload (its load phase). Then
 * task by task and round by round it orders peer after peer (A B A B ...) to run the same operations, drawn from the
 * same seed, checks that the answers are equal, and only then looks at the times. */
#ifndef MED_BENCH_WORKLOAD_H
#define MED_BENCH_WORKLOAD_H

#include "bench/peer.h"
#include "bench/sample.h"

typedef struct med_contestant {
  const med_peer *peer;
  med_place place;
  uint64_t seed;
  int threads;  /* --threads, 0: the task's own */
  pid_t server; /* of the peer, 0 if it runs inside this process */
  void *state;  /* the workload's own */
} med_contestant;

typedef struct med_order {
  uint64_t operation_count;
  uint64_t round_seed; /* equal for all peers, different for each round */
} med_order;

typedef struct med_target {
  const char *peer;
  double ratio; /* what Medley's rate must be, divided by the peer's */
} med_target;

#define MED_TARGET_COUNT_MAX 4
typedef struct med_task {
  const char *id;
  const char *title; /* as in the table of targets */
  const char *unit;  /* what the rate counts, in the plural */
  int clients;
  uint64_t first_count; /* operations in the first try, from which the number is found that fills the time budget, and
                         * never fewer; 0: the task does a fixed amount of work */
  int reads_only; /* it leaves the data as it was: once answers agree, each peer may do as many as fill its own budget */
  unsigned latency_stride;
  /* Runs and fills the sample; -1 after med_sample_fail; MED_SAMPLE_ABSENT if the peer has nothing of the kind. */
  int (*run)(med_contestant *contestant, const struct med_task *task, const med_order *order, med_sample *sample);
  med_target targets[MED_TARGET_COUNT_MAX];
  int parameter; /* the run function's own */
} med_task;

typedef struct med_workload {
  const char *name;
  const char *summary;
  uint64_t scale_default;
  const char *scale_unit;
  int (*can_run)(const med_peer *peer);
  int (*open)(med_contestant *contestant); /* 0, or -1 after med_peer_fail */
  void (*close)(med_contestant *contestant);
  const med_task *tasks;
  int task_count;
} med_workload;

extern const med_workload med_workload_relational; /* workload_relational.c */
extern const med_workload med_workload_tpcb;     /* workload_relational.c: its transfers, at more numbers of clients */
extern const med_workload med_workload_keyvalue; /* workload_keyvalue.c */
extern const med_workload med_workload_ycsb;     /* workload_ycsb.c */
extern const med_workload med_workload_useraction; /* workload_useraction.c */
extern const med_workload med_workload_widecolumn; /* workload_widecolumn.c */
extern const med_workload med_workload_open;       /* workload_open.c */

/* A sum that changes when any of its terms does, whatever their order: each term is mixed before it is added. */
static inline void med_answer_add(uint64_t *answer, uint64_t term) { *answer += med_dice_mix(term); }

#endif
