/* scenario.h - what is going on while a call fails: one scenario runs in a child process, and its report outlives it. */
#ifndef FAULT_SCENARIO_H
#define FAULT_SCENARIO_H

#include "tests/fault/inject.h"
#include "tests/fault/scratch.h"
#include "tests/fault/workload.h"

#define FAULT_SCENARIO_WORKERS 4
#define FAULT_BIG_ROWS 150
#define FAULT_PREPARED_TXNS 6 /* of each worker, in the prepared file */

#define FAULT_ARRIVED_IDS 172 /* rows of scenario_arrivals.c */

/* In shared memory. */
typedef struct fault_report {
  long seen, failed;
  const char *call;
  fault_state states[FAULT_SCENARIO_WORKERS]; /* after what was acknowledged */
  uint64_t in_doubt[FAULT_SCENARIO_WORKERS];  /* number of a transaction of unknown outcome; 0: none */
  bool created, creation_in_doubt;
  int64_t big_rows;                 /* rows of the table "big" that are acknowledged; -1: in doubt */
  uint32_t wide_step, wide_or_step; /* steps of scenario_wide.c that are acknowledged, and that may be there instead */
  int32_t arrived
      [2]
      [FAULT_ARRIVED_IDS]; /* of scenario_arrivals.c: rows that are acknowledged, and those that may be there instead */
  uint64_t ok_count, failure_count;
  int last_status;
  char last_message[MEDLEY_ERROR_MESSAGE_SIZE + 64];
  bool bad;
  char why[400];
} fault_report;

typedef struct fault_scenario fault_scenario;

typedef struct fault_run {
  const fault_scenario *scenario;
  fault_workload workload;
  medley_options options;
  char folder[FAULT_PATH_SIZE], path[FAULT_PATH_SIZE], backup[FAULT_PATH_SIZE];
  fault_inject_control *control;
  int kind, error; /* what is armed */
  long at, repeat;
  bool prepared;    /* the scenario starts from the prepared file */
  bool has_threads; /* several run transactions now */
  fault_report *report;
} fault_run;

struct fault_scenario {
  const char *name;
  const char *models; /* which of the models: "sql", "wide", "keyvalue" or several */
  bool starts_without_file;
  void (*run)(fault_run *run);
  void (*verify)(fault_run *run); /* of what is not the models', after them, in the process without faults; or NULL */
};

extern const fault_scenario fault_scenarios[];
extern const size_t fault_scenario_count;

void fault_run_init(fault_run *run, const fault_scenario *scenario, const char *folder, fault_report *report);
/* Makes the file that most scenarios start from: tables, some transactions of each worker, the table "big". */
bool fault_run_prepare(fault_run *run);
/* After the scenario, in another process without faults: is everything there that was acknowledged, and nothing else? */
void fault_run_verify(fault_run *run);

void fault_run_arm(fault_run *run);
void fault_run_disarm(fault_run *run);
void fault_run_bad(fault_run *run, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Counts an outcome; a failure must have a message and a status that fits. */
void fault_run_note(fault_run *run, const char *what, int status, const char *message);

/* ---- Parts that scenarios share ---- */
/* Notes how it went; on failure the session is NULL, and perhaps the database. */
bool fault_run_open(fault_run *run, medley **db, medley_session **session);
void fault_run_close(fault_run *run, medley *db, medley_session *session);
/* Transactions of one worker; stops when an outcome is unknown. */
void fault_run_txns(fault_run *run, medley_session *session, uint32_t worker, uint64_t first, uint64_t count);
/* When the faults are over the handle works, or says that it is dead. */
void fault_run_go_on(fault_run *run, medley_session *session, uint64_t number);

/* ---- Scenarios with a file of their own ---- scenario_wide.c, scenario_arrivals.c, scenario_cells.c, scenario_cache.c, scenario_expiry.c */
void fault_sealing(fault_run *run);
void fault_wide_tables(fault_run *run);
void fault_wide_tables_at_once(fault_run *run);
void fault_wide_tables_verify(fault_run *run);
void fault_arrivals(fault_run *run);
void fault_arrivals_verify(fault_run *run);
void fault_cells(fault_run *run);
void fault_cache_buckets(fault_run *run);
void fault_cache_after_kill(fault_run *run);
void fault_cache_verify(fault_run *run);
void fault_expiry(fault_run *run);
void fault_expiry_verify(fault_run *run);

#endif
