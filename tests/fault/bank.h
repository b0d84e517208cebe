/* bank.h - money that moves between accounts in a SQL table and accounts in key-value counters, shared by all workers. */
#ifndef FAULT_BANK_H
#define FAULT_BANK_H

#include "tests/fault/workload.h"

#define FAULT_OPENING_BALANCE 1000

int fault_bank_create(const fault_workload *workload, medley_session *session);
/* One transfer in the open transaction. */
int fault_bank_transfer(const fault_workload *workload, fault_turn *turn, fault_state *state, uint64_t number);
/* Compares every balance and the ledger with what the workers did; states[worker] is where each one is. */
int fault_bank_judge(const fault_workload *workload, medley_session *session, const fault_state *const *states,
                     char *why, size_t why_size);

#endif
