/* workload_relational.h - the tables, the statements and the clients of the relational workloads.
 *
 * account(id, owner, balance, note): `scale` rows; ledger(id, from_id, to_id, amount, made_at); item(id, name, price),
 * filled and emptied by the bulk insert. */
#ifndef MED_BENCH_WORKLOAD_RELATIONAL_H
#define MED_BENCH_WORKLOAD_RELATIONAL_H

#include "bench/workload.h"

#define MED_RELATIONAL_BALANCE INT64_C(1000000) /* of each account at first */

typedef struct med_relational {
  void *db;
  void *connection; /* the main thread's */
  int64_t entry_next;
} med_relational;

/* 0, or -1 after med_peer_fail */
int med_relational_open(med_contestant *contestant);
void med_relational_close(med_contestant *contestant);
int med_relational_can_run(const med_peer *peer);

/* Tasks' run functions. */
int med_relational_transfer(med_contestant *contestant, const med_task *task, const med_order *order,
                            med_sample *sample);
int med_relational_read_beside_writer(med_contestant *contestant, const med_task *task, const med_order *order,
                                      med_sample *sample);
/* `task->parameter` is the number of reads in a transaction, 1 or more. */
int med_relational_read(med_contestant *contestant, const med_task *task, const med_order *order, med_sample *sample);

/* The first column of the first row. */
int med_relational_number(const med_sql *sql, void *connection, const char *text, int64_t *number);

#endif
