/* history_check.h - finds out whether a recorded history could have happened one transaction after another.
 *
 * After Kingsbury and Alvaro, Elle: Inferring Isolation Anomalies from Experimental Observations (2020): transactions append
 * values, each used once, to lists and read whole lists, so that a list tells the order of the writes to its key. From these
 * orders follow the dependencies between transactions; a cycle of dependencies is an anomaly (Adya, 1999). Everything is
 * linear in the length of the history.
 *
 * Differs from Elle: readers are held to strict serializability as well, because a Medley reader takes the newest snapshot. */
#ifndef HISTORY_CHECK_H
#define HISTORY_CHECK_H

#include <stdint.h>
#include <stdio.h>

typedef enum history_status { HISTORY_UNKNOWN, HISTORY_OK, HISTORY_FAILED } history_status;
/* ASKED: a read whose answer was never seen, because its client was killed before. It says nothing. */
typedef enum history_op_kind { HISTORY_APPEND, HISTORY_READ, HISTORY_ASKED } history_op_kind;

typedef struct history_op {
  history_op_kind kind;
  uint32_t key;
  uint32_t value;       /* appended; not 0 */
  const uint32_t *list; /* read */
  uint32_t list_len;
} history_op;

typedef struct history_txn {
  uint64_t begin_ns, end_ns; /* end_ns is not looked at while the status is unknown */
  history_status status;
  uint32_t op_count;
  const history_op *ops;
} history_txn;

typedef enum history_anomaly {
  ANOMALY_G0,          /* dirty write: a cycle of writes alone */
  ANOMALY_G1A,         /* aborted read */
  ANOMALY_G1B,         /* intermediate read */
  ANOMALY_G1C,         /* circular information flow */
  ANOMALY_G_SINGLE,    /* read skew: a cycle with one anti-dependency */
  ANOMALY_G2,          /* write skew: with several */
  ANOMALY_LOST_UPDATE, /* two transactions read the same version and wrote the next */
  ANOMALY_REAL_TIME,   /* a cycle that needs the order in which transactions ended and began */
  ANOMALY_LOST_WRITE,  /* acknowledged and not there at the end */
  ANOMALY_INTERNAL,    /* a transaction contradicts its own writes or reads */
  ANOMALY_ORDER,       /* reads of one key that are no prefixes of each other, a value twice, or from nowhere */
  ANOMALY_COUNT
} history_anomaly;

const char *history_anomaly_name(history_anomaly anomaly);

typedef struct history_report {
  uint64_t counts[ANOMALY_COUNT];
  uint64_t committed, failed, unknown, unknown_seen, edges;
} history_report;

/* txns: in any order. The last reads of the history must cover every key, and happen after everything. key_count: keys are
 * below it. The first few anomalies of each kind are described on `out` (may be NULL). Answers their number. */
uint64_t history_check(const history_txn *txns, uint32_t txn_count, uint32_t key_count, history_report *report,
                       FILE *out);

#endif
