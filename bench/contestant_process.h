/* contestant_process.h - the process in which one peer lives, seen from the harness.
 *
 * start forks it and makes its folder; open orders its load phase; run orders one round; end closes it, waits for it
 * and removes the folder. A process that died answers -1 to everything. */
#ifndef MED_BENCH_CONTESTANT_PROCESS_H
#define MED_BENCH_CONTESTANT_PROCESS_H

#include "bench/harness.h"

typedef struct med_contestant_process {
  pid_t pid;
  int socket;
  char folder[4096];
} med_contestant_process;

int med_contestant_process_start(med_contestant_process *process, const med_setting *setting, const med_peer *peer);
/* failure has MED_FAILURE_SIZE bytes */
int med_contestant_process_open(med_contestant_process *process, double *seconds, char *failure);
int med_contestant_process_run(med_contestant_process *process, int task_index, const med_order *order,
                               med_sample *sample);
void med_contestant_process_end(med_contestant_process *process);
void med_contestant_process_remove(const char *folder); /* with all that is in it */

#endif
