/* power_cut.h - the recorded child of the power-cut test, and the history that its trace tells. */
#ifndef FAULT_POWER_CUT_H
#define FAULT_POWER_CUT_H

#include "tests/fault/trace.h"
#include "tests/fault/workload.h"

#define FAULT_POWER_CUT_FILE "bank.medley"

typedef struct fault_power_cut_plan {
  uint64_t seed;
  uint32_t worker_count;
  uint32_t txn_count; /* of each worker */
  uint32_t relaxed;   /* durability level */
  uint32_t journal;   /* a medley_journal */
  uint32_t checkpoint_commits;
} fault_power_cut_plan;

/* Runs the plan over a new database in the folder, its marks in a file "marks.ack" there. Half-way it closes the database
 * and opens it again. Answers an exit status. */
int fault_power_cut_workload(const fault_power_cut_plan *plan, const char *folder);

/* What had happened when: positions are record numbers of the trace; SIZE_MAX: never. */
typedef struct fault_power_cut_history {
  fault_power_cut_plan plan;
  fault_workload workload;
  size_t opened, ready;
  size_t *begun[FAULT_WORKER_COUNT_MAX]; /* [number] */
  size_t *acked[FAULT_WORKER_COUNT_MAX];
  size_t *seen[FAULT_WORKER_COUNT_MAX];        /* [number]: it, or a later one */
  fault_state *states[FAULT_WORKER_COUNT_MAX]; /* [number]: after that transaction */
} fault_power_cut_history;

void fault_power_cut_history_init(fault_power_cut_history *history, const fault_power_cut_plan *plan,
                                  const fault_trace *trace);
void fault_power_cut_history_clear(fault_power_cut_history *history);
/* The newest transaction of the worker that was begun (acknowledged, shown to a reader) before record `end`; 0: none. */
uint64_t fault_power_cut_begun(const fault_power_cut_history *history, uint32_t worker, size_t end);
uint64_t fault_power_cut_acked(const fault_power_cut_history *history, uint32_t worker, size_t end);
uint64_t fault_power_cut_seen(const fault_power_cut_history *history, uint32_t worker, size_t end);

/* The recorded child of a second cut: copies the files of an image into the folder, durably, marks it, and opens the database. */
int fault_power_cut_recover(const char *image, const char *folder);

#endif
