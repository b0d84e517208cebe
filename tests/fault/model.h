/* model.h - what a data model brings to join the power-cut, kill and fault tests.
 *
 * Each worker owns a part of every model and runs transactions numbered from 1. A transaction makes random changes in one
 * or several models and then ticks: it writes its number into each model that it touched. The reference is a plain struct
 * without pointers; it makes the same changes in memory. After a crash each worker's number is read from every model, and
 * every model must hold exactly what the reference held after that transaction.
 *
 * To join: fill in a fault_model, add it to the list in workload.c. All random choices are drawn from turn->random before
 * the database is called, so that the reference alone can repeat them (turn->session NULL). */
#ifndef FAULT_MODEL_H
#define FAULT_MODEL_H

#include "engine/medley.h"
#include "tests/fault/random.h"
#include "tests/fault/text.h"

typedef struct fault_turn {
  medley_session *session; /* NULL: change the reference only */
  fault_random *random;
  uint32_t worker;
  bool may_fail; /* changes that must fail, and leave nothing behind, may be among the choices */
  bool queued;   /* between MULTI and EXEC: replies are "QUEUED" */
} fault_turn;

typedef struct fault_model {
  const char *name;
  size_t reference_size; /* at most FAULT_REFERENCE_SIZE_MAX; all zero is the empty one */
  /* Makes what the changes stand on, once, in an empty database. */
  int (*create)(medley_session *session, uint32_t worker_count);
  /* One random change of the worker's own part, in the open transaction. Answers a status other than OK only for failures
   * that were not asked for; then the reference may be half changed. */
  int (*change)(fault_turn *turn, void *reference);
  /* Writes the number in one statement, so that it can be a transaction of its own. */
  int (*tick)(fault_turn *turn, void *reference, uint64_t number);
  /* The number of the last tick; 0 if there was none. */
  int (*read_tick)(medley_session *session, uint32_t worker, uint64_t *number);
  /* Everything that the worker owns, in the same words. */
  int (*database_dump)(medley_session *session, uint32_t worker, fault_text *text);
  void (*reference_dump)(const void *reference, uint32_t worker, fault_text *text);
} fault_model;

#define FAULT_REFERENCE_SIZE_MAX 4096

extern const fault_model fault_sql_model, fault_wide_model, fault_keyvalue_model;

/* Reproducible bytes of a long value. */
static inline void fault_model_fill(uint8_t *bytes, size_t len, uint64_t seed) {
  fault_random random = {seed};
  for (size_t i = 0; i < len; i += 8) {
    uint64_t word = fault_random_next(&random);
    if ((seed & 1) != 0) word = seed; /* half of the values compress well */
    memcpy(bytes + i, &word, len - i < 8 ? len - i : 8);
  }
}

#endif
