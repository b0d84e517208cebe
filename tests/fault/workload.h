/* workload.h - transactions over all models, and the judge of what a crash left.
 *
 * Transaction `number` of a worker is a function of the seed, the worker, the number and the worker's state. It is one of:
 * a tick of one model as a statement of its own; MULTI ... EXEC; changes in some or all models and a tick in each; the same
 * with a savepoint rolled back in the middle; the same rolled back; or a transfer of money between an account in a SQL table
 * and an account in a key-value counter, with a ledger row, which all workers share. */
#ifndef FAULT_WORKLOAD_H
#define FAULT_WORKLOAD_H

#include "tests/fault/model.h"

#define FAULT_WORKER_COUNT_MAX 16
#define FAULT_MODEL_COUNT_MAX 8
#define FAULT_ACCOUNT_COUNT 8
#define FAULT_LEDGER_ROWS 16

/* What one worker has done: plain bytes, may be copied and may lie in shared memory. */
typedef struct fault_state {
  uint64_t number;                        /* of its last transaction that committed */
  uint64_t ticks[FAULT_MODEL_COUNT_MAX];  /* the same for each model */
  int64_t sql_delta[FAULT_ACCOUNT_COUNT]; /* money moved to (from) each account by this worker */
  int64_t kv_delta[FAULT_ACCOUNT_COUNT];
  uint64_t transfers;
  int64_t recent[FAULT_LEDGER_ROWS]; /* amounts of the last transfers: what the ledger keeps of this worker */
  _Alignas(16) unsigned char references[FAULT_MODEL_COUNT_MAX / 2][FAULT_REFERENCE_SIZE_MAX];
} fault_state;

typedef struct fault_workload {
  uint64_t seed;
  uint32_t worker_count;
  uint32_t model_count;
  const fault_model *models[FAULT_MODEL_COUNT_MAX / 2];
} fault_workload;

/* All models, or those that MEDLEY_TEST_MODELS names ("sql,keyvalue"). */
void fault_workload_init(fault_workload *workload, uint64_t seed, uint32_t worker_count);
/* Options that all fault tests open with: a map of 256 MiB, a small SQL cache, a seed. */
void fault_workload_options(const fault_workload *workload, medley_options *options);
/* Makes tables and accounts in one transaction. */
int fault_workload_create(const fault_workload *workload, medley_session *session);

/* Runs transaction `number`; session NULL: in the state only. *committed: whether the state moved on. On a status other
 * than OK the transaction was rolled back (or its outcome is unknown: COMMIT_UNKNOWN) and the state is as before. */
int fault_workload_run(const fault_workload *workload, medley_session *session, uint32_t worker, uint64_t number,
                       fault_state *state, bool *committed);

/* What the session said about the last failure of this thread's fault_workload_run (a rollback has cleared it there). */
const char *fault_workload_error(void);

/* The states in which a worker may be: candidates[0] is the oldest. */
typedef struct fault_candidates {
  const fault_state *states;
  size_t count;
} fault_candidates;

/* Finds, in one snapshot, the candidate that each worker is in (its index in chosen[worker], the newest if several fit) and
 * compares everything with it. OK; FAULT_MISMATCH if something differs; or the status of a read that failed. Both with a
 * sentence in `why`. */
#define FAULT_MISMATCH (-1)
int fault_workload_judge(const fault_workload *workload, medley_session *session, const fault_candidates *candidates,
                         size_t *chosen, char *why, size_t why_size);

/* The same for one worker, without the bank, in the open read transaction. */
int fault_workload_judge_worker(const fault_workload *workload, medley_session *session,
                                const fault_candidates *candidates, uint32_t worker, size_t *chosen, char *why,
                                size_t why_size);

#endif
