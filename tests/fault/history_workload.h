/* history_workload.h - processes and threads that work on lists and accounts in every model, and remember what they saw.
 *
 * What they remember lies in shared memory and outlives them: a client that is killed leaves its last transaction there with
 * an unknown outcome, and another one goes on behind it. */
#ifndef HISTORY_WORKLOAD_H
#define HISTORY_WORKLOAD_H

#include "tests/fault/history_check.h"

typedef struct history_settings {
  const char *path; /* of the database; must not exist */
  uint64_t seed;
  uint32_t process_count, thread_count; /* threads of each process */
  uint32_t txn_count;                   /* of all together, about */
  uint32_t kill_count;                  /* how often a process is killed on the way */
} history_settings;

typedef struct history_result {
  history_txn *txns; /* free(txns), free(ops) */
  history_op *ops;
  uint32_t txn_count, key_count;
  uint64_t bank_reads, bank_wrong; /* sums over the accounts, and those that were not what was paid in */
  uint64_t conflicts;              /* BUSY, SNAPSHOT: given up */
  uint64_t surprises;              /* failures that nothing explains; described on stdout */
  uint64_t kills, by_sql, by_list, by_string, by_hash, by_wide, by_rows, multi;
} history_result;

/* Ends the program if the machine does not give what it needs. The lists point into shared memory that stays mapped. */
void history_run(const history_settings *settings, history_result *result);

#endif
