/* scenario.c - see scenario.h. */
#include "tests/fault/scenario.h"

#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

#include "tests/fault/calls.h"

#define CHECKPOINT_COMMITS 3 /* so that faults meet checkpoints */
#define SCENARIO_TXNS 8
#define GROUP_TXNS 5

static const char big_insert[] =
    "WITH RECURSIVE r(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM r WHERE x < 150) "
    "INSERT INTO big (size, bytes) SELECT x, zeroblob(300 + x * 20) FROM r";
_Static_assert(FAULT_BIG_ROWS == 150, "big_insert says so too");

void fault_run_bad(fault_run *run, const char *format, ...) {
  if (run->report->bad) return;
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(run->report->why, sizeof run->report->why, format, arguments);
  va_end(arguments);
  run->report->bad = true;
}

void fault_run_arm(fault_run *run) {
  fault_inject_control *control = run->control;
  control->error = run->error;
  control->at = run->at;
  control->repeat = run->repeat;
  control->seen = control->failed = 0;
  control->last_call = NULL;
  __sync_synchronize();
  control->kind = run->kind;
}

void fault_run_disarm(fault_run *run) {
  run->control->kind = FAULT_INJECT_NONE;
  run->report->seen = run->control->seen;
  run->report->failed = run->control->failed;
  run->report->call = run->control->last_call;
}

/* Failures that would send the user looking in the wrong place. */
static bool misleads(const fault_run *run, int status) {
  const char *call = run->control->last_call;
  bool reading = call != NULL && (strcmp(call, "pread") == 0 || strcmp(call, "read") == 0);
  switch (status) {
    case MEDLEY_CORRUPT: return !reading && run->error != FAULT_LMDB_DAMAGED;
    case MEDLEY_NOT_A_DATABASE:
    case MEDLEY_NEWER_FORMAT: return !reading;
    case MEDLEY_SYNTAX:
    case MEDLEY_MISUSE:
    case MEDLEY_TYPE:
    case MEDLEY_RANGE:
    case MEDLEY_CONSTRAINT:
    case MEDLEY_UNSUPPORTED: return true;
    default: return false;
  }
}

void fault_run_note(fault_run *run, const char *what, int status, const char *message) {
  fault_report *report = run->report;
  if (status == MEDLEY_OK) {
    __sync_fetch_and_add(&report->ok_count, 1);
    return;
  }
  __sync_fetch_and_add(&report->failure_count, 1);
  report->last_status = status;
  snprintf(report->last_message, sizeof report->last_message, "%s: %s", what, message);
  if (message[0] == 0) fault_run_bad(run, "%s: %s without a message", what, medley_status_name(status));
  if (misleads(run, status)) fault_run_bad(run, "%s: misleading: %s: %s", what, medley_status_name(status), message);
}

/* ---- Opening and closing ---- */
bool fault_run_open(fault_run *run, medley **db, medley_session **session) {
  medley_error error = {0};
  *db = NULL;
  *session = NULL;
  int rc = medley_open(run->path, &run->options, db, &error);
  fault_run_note(run, "open", rc, error.message);
  if (rc != MEDLEY_OK) return false;
  rc = medley_session_open(*db, session, &error);
  fault_run_note(run, "session", rc, error.message);
  return rc == MEDLEY_OK;
}

void fault_run_close(fault_run *run, medley *db, medley_session *session) {
  if (medley_session_close(session) != MEDLEY_OK) fault_run_bad(run, "the session cannot be closed");
  if (medley_close(db) != MEDLEY_OK) fault_run_bad(run, "the database cannot be closed");
}

void fault_run_txns(fault_run *run, medley_session *session, uint32_t worker, uint64_t first, uint64_t count) {
  fault_state *state = &run->report->states[worker];
  for (uint64_t number = first; number < first + count && !run->report->bad; number++) {
    bool committed;
    int rc = fault_workload_run(&run->workload, session, worker, number, state, &committed);
    fault_run_note(run, "transaction", rc, fault_workload_error());
    if (rc == MEDLEY_COMMIT_UNKNOWN) run->report->in_doubt[worker] = number;
    if (rc == MEDLEY_COMMIT_UNKNOWN || rc == MEDLEY_DEAD) {
      /* A write that met a dead handle is open still, and only this thread may end it. */
      if (medley_session_state(session) != MEDLEY_NO_TRANSACTION) (void)medley_rollback(session);
      return;
    }
    if (medley_session_state(session) == MEDLEY_NO_TRANSACTION) continue;
    int rolled_back = medley_rollback(session);
    /* Another thread's failed commit may have made the handle dead between this one's failure and its rollback. */
    if (!run->has_threads || rolled_back != MEDLEY_DEAD)
      fault_run_bad(run, "a transaction is left open after %s", medley_status_name(rc));
  }
}

void fault_run_go_on(fault_run *run, medley_session *session, uint64_t number) {
  fault_state *state = &run->report->states[0];
  bool committed;
  if (run->report->bad || run->report->in_doubt[0] != 0) return;
  int rc = fault_workload_run(&run->workload, session, 0, number, state, &committed);
  if (rc == MEDLEY_OK || rc == MEDLEY_DEAD) return;
  fault_run_bad(run, "after the fault (%s) the handle neither works nor is dead: %s: %s", run->report->last_message,
                medley_status_name(rc), fault_workload_error());
}

/* ---- Looking at what is there ---- */
static void judge(fault_run *run, medley_session *session) {
  static fault_state states[FAULT_SCENARIO_WORKERS][2];
  fault_candidates candidates[FAULT_SCENARIO_WORKERS];
  size_t chosen[FAULT_SCENARIO_WORKERS];
  char why[400];
  for (uint32_t w = 0; w < run->workload.worker_count; w++) {
    uint64_t in_doubt = run->report->in_doubt[w];
    bool committed;
    states[w][0] = states[w][1] = run->report->states[w];
    if (in_doubt != 0) (void)fault_workload_run(&run->workload, NULL, w, in_doubt, &states[w][1], &committed);
    candidates[w] = (fault_candidates){states[w], in_doubt != 0 ? 2 : 1};
  }
  int rc = fault_workload_judge(&run->workload, session, candidates, chosen, why, sizeof why);
  if (rc != MEDLEY_OK) fault_run_bad(run, "after reopening: %.300s", why);
}

static void judge_big(fault_run *run, medley_session *session) {
  int64_t rows = 0, expected = run->report->big_rows;
  int rc = fault_sql_number(session, "SELECT count(*) FROM big", 0, NULL, &rows);
  if (rc == MEDLEY_OK && (rows == expected || (expected < 0 && (rows == 0 || rows == FAULT_BIG_ROWS)))) return;
  fault_run_bad(run, "after reopening: table big has %lld rows, %lld are acknowledged: %s", (long long)rows,
                (long long)expected, medley_status_name(rc));
}

static void verify_file(fault_run *run, const char *path, bool with_big) {
  medley *db;
  medley_session *session;
  char why[400];
  int64_t tables = 0;
  if (fault_open(path, &run->options, &db, &session, why, sizeof why) != MEDLEY_OK) {
    fault_run_bad(run, "after reopening: %.300s", why);
    return;
  }
  if (fault_check(db, why, sizeof why) != MEDLEY_OK) fault_run_bad(run, "after reopening: %.300s", why);
  int rc = fault_sql_number(session, "SELECT count(*) FROM sqlite_schema", 0, NULL, &tables);
  if (rc != MEDLEY_OK) fault_run_bad(run, "after reopening: %s", fault_error(session));
  if (run->report->created || (run->report->creation_in_doubt && tables > 0)) {
    judge(run, session);
    if (with_big) judge_big(run, session);
  } else if (tables > 0) {
    fault_run_bad(run, "after reopening: tables are there that were not acknowledged");
  }
  medley_session_close(session);
  if (medley_close(db) != MEDLEY_OK) fault_run_bad(run, "after reopening: the database cannot be closed");
}

/* ---- Scenarios ---- */
static void create_new(fault_run *run) {
  medley *db;
  medley_session *session;
  fault_run_arm(run);
  if (fault_run_open(run, &db, &session)) {
    int rc = fault_workload_create(&run->workload, session);
    fault_run_note(run, "create", rc, fault_error(session));
    run->report->created = rc == MEDLEY_OK;
    run->report->creation_in_doubt = rc == MEDLEY_COMMIT_UNKNOWN;
    if (rc == MEDLEY_OK) fault_run_txns(run, session, 0, 1, 2);
  }
  fault_run_close(run, db, session);
  fault_run_disarm(run);
}

static void open_and_read(fault_run *run) {
  medley *db;
  medley_session *session;
  fault_candidates candidates[FAULT_SCENARIO_WORKERS];
  size_t chosen[FAULT_SCENARIO_WORKERS];
  char why[400] = "";
  for (uint32_t w = 0; w < run->workload.worker_count; w++) {
    candidates[w] = (fault_candidates){&run->report->states[w], 1};
  }
  fault_run_arm(run);
  if (fault_run_open(run, &db, &session)) {
    int rc = fault_workload_judge(&run->workload, session, candidates, chosen, why, sizeof why);
    if (rc == FAULT_MISMATCH) fault_run_bad(run, "wrong data without an error: %.300s", why);
    if (rc != FAULT_MISMATCH) fault_run_note(run, "reading", rc, why);
  }
  fault_run_disarm(run);
  if (session != NULL) fault_run_go_on(run, session, FAULT_PREPARED_TXNS + 1);
  fault_run_close(run, db, session);
}

static void transactions(fault_run *run) {
  medley *db;
  medley_session *session;
  if (!fault_run_open(run, &db, &session)) return;
  fault_run_arm(run);
  fault_run_txns(run, session, 0, FAULT_PREPARED_TXNS + 1, SCENARIO_TXNS);
  fault_run_disarm(run);
  fault_run_go_on(run, session, FAULT_PREPARED_TXNS + SCENARIO_TXNS + 1);
  fault_run_close(run, db, session);
}

/* Two sessions in turn: what one keeps of a commit that failed must not outlive the other's next commit. */
static void alternating_sessions(fault_run *run) {
  medley *db;
  medley_session *first, *second = NULL;
  medley_error error = {0};
  if (!fault_run_open(run, &db, &first)) return;
  if (medley_session_open(db, &second, &error) != MEDLEY_OK) _exit(3);
  fault_run_arm(run);
  for (uint64_t number = FAULT_PREPARED_TXNS + 1; number <= FAULT_PREPARED_TXNS + SCENARIO_TXNS; number++) {
    if (run->report->in_doubt[0] == 0) fault_run_txns(run, first, 0, number, 1);
    if (run->report->in_doubt[1] == 0) fault_run_txns(run, second, 1, number, 1);
  }
  fault_run_disarm(run);
  fault_run_go_on(run, first, FAULT_PREPARED_TXNS + SCENARIO_TXNS + 1);
  medley_session_close(second);
  fault_run_close(run, db, first);
}

typedef struct thread {
  pthread_t id;
  fault_run *run;
  medley_session *session;
  pthread_barrier_t *start;
  uint32_t worker;
} thread;

static void *run_thread(void *argument) {
  thread *self = argument;
  pthread_barrier_wait(self->start);
  fault_run_txns(self->run, self->session, self->worker, FAULT_PREPARED_TXNS + 1, GROUP_TXNS);
  return NULL;
}

static void group_commit(fault_run *run) {
  medley *db;
  medley_session *session;
  thread threads[FAULT_SCENARIO_WORKERS];
  pthread_barrier_t start;
  medley_error error = {0};
  if (!fault_run_open(run, &db, &session)) return;
  pthread_barrier_init(&start, NULL, FAULT_SCENARIO_WORKERS + 1);
  for (uint32_t w = 0; w < FAULT_SCENARIO_WORKERS; w++) {
    threads[w] = (thread){0, run, NULL, &start, w};
    if (medley_session_open(db, &threads[w].session, &error) != MEDLEY_OK) _exit(3);
    if (pthread_create(&threads[w].id, NULL, run_thread, &threads[w]) != 0) _exit(3);
  }
  run->has_threads = true;
  fault_run_arm(run);
  pthread_barrier_wait(&start);
  for (uint32_t w = 0; w < FAULT_SCENARIO_WORKERS; w++) pthread_join(threads[w].id, NULL);
  fault_run_disarm(run);
  run->has_threads = false;
  for (uint32_t w = 0; w < FAULT_SCENARIO_WORKERS; w++) medley_session_close(threads[w].session);
  fault_run_go_on(run, session, FAULT_PREPARED_TXNS + GROUP_TXNS + 1);
  fault_run_close(run, db, session);
}

/* One statement over many pages, a savepoint given up after it, and the same kept. */
static void large_transaction(fault_run *run) {
  medley *db;
  medley_session *session;
  if (!fault_run_open(run, &db, &session)) return;
  fault_run_arm(run);
  int rc = medley_begin(session, MEDLEY_WRITE);
  if (rc == MEDLEY_OK) rc = medley_savepoint(session, "s");
  if (rc == MEDLEY_OK) rc = fault_sql(session, big_insert, 0, NULL);
  if (rc == MEDLEY_OK) rc = fault_sql(session, "UPDATE big SET bytes = zeroblob(10) WHERE size % 2 = 0", 0, NULL);
  if (rc == MEDLEY_OK) rc = medley_rollback_to(session, "s");
  if (rc == MEDLEY_OK) rc = fault_sql(session, big_insert, 0, NULL);
  if (rc == MEDLEY_OK) rc = medley_commit(session);
  if (rc == MEDLEY_OK) run->report->big_rows = FAULT_BIG_ROWS;
  if (rc == MEDLEY_COMMIT_UNKNOWN) run->report->big_rows = -1;
  fault_run_note(run, "large transaction", rc, fault_error(session));
  if (medley_session_state(session) != MEDLEY_NO_TRANSACTION) medley_rollback(session);
  fault_run_disarm(run);
  fault_run_go_on(run, session, FAULT_PREPARED_TXNS + 1);
  fault_run_close(run, db, session);
}

static void schema_changes(fault_run *run) {
  static const char *const changes[] = {
      "CREATE TABLE extra (a INTEGER PRIMARY KEY, b TEXT UNIQUE, c REFERENCES account (id))",
      "INSERT INTO extra SELECT id, 'name ' || id, id FROM account",
      "CREATE INDEX extra_c ON extra (c, b)",
      "ALTER TABLE extra ADD COLUMN d INTEGER NOT NULL DEFAULT 7",
      "CREATE VIEW extra_view AS SELECT a, d FROM extra",
      "ALTER TABLE extra RENAME COLUMN d TO e",
      "DROP VIEW extra_view",
      "DROP TABLE extra"};
  medley *db;
  medley_session *session;
  if (!fault_run_open(run, &db, &session)) return;
  fault_run_arm(run);
  int rc = MEDLEY_OK;
  for (size_t i = 0; rc == MEDLEY_OK && i < sizeof changes / sizeof changes[0]; i++) {
    rc = fault_sql(session, changes[i], 0, NULL);
  }
  fault_run_note(run, "schema", rc, fault_error(session));
  fault_run_disarm(run);
  fault_run_go_on(run, session, FAULT_PREPARED_TXNS + 1);
  fault_run_close(run, db, session);
}

static void backup(fault_run *run) {
  medley *db;
  medley_session *session;
  medley_error error = {0};
  if (!fault_run_open(run, &db, &session)) return;
  fault_run_arm(run);
  int rc = medley_backup(db, run->backup, run->at % 2 == 0, &error);
  fault_run_note(run, "backup", rc, error.message);
  fault_run_disarm(run);
  if (rc == MEDLEY_OK) verify_file(run, run->backup, true);
  bool removable = run->report->call == NULL || strcmp(run->report->call, "unlink") != 0;
  if (rc != MEDLEY_OK && removable && access(run->backup, F_OK) == 0)
    fault_run_bad(run, "a failed backup left its file behind");
  fault_run_go_on(run, session, FAULT_PREPARED_TXNS + 1);
  fault_run_close(run, db, session);
}

/* A call of LMDB that fails while it reads is a problem of the file to whoever reads it. */
static bool may_tell_problems(const fault_run *run) {
  return run->control->kind == FAULT_INJECT_LMDB && run->control->failed > 0;
}

static void count_problem(void *context, const char *problem) {
  if (!may_tell_problems(context)) fault_run_bad(context, "check tells a problem that is not there: %s", problem);
}

static void check_and_stat(fault_run *run) {
  medley *db;
  medley_session *session;
  medley_error error = {0};
  medley_stats stats;
  uint64_t count = 0;
  int more = 0;
  if (!fault_run_open(run, &db, &session)) return;
  fault_run_arm(run);
  int rc = medley_check(db, count_problem, run, &count, &error);
  fault_run_note(run, "check", rc, error.message);
  if (rc == MEDLEY_OK && count > 0 && !may_tell_problems(run))
    fault_run_bad(run, "check counts problems that are not there");
  rc = medley_stat(db, &stats, &error);
  fault_run_note(run, "stat", rc, error.message);
  rc = medley_maintain(db, 1000, &more, &error);
  fault_run_note(run, "maintain", rc, error.message);
  fault_run_disarm(run);
  fault_run_go_on(run, session, FAULT_PREPARED_TXNS + 1);
  fault_run_close(run, db, session);
}

const fault_scenario fault_scenarios[] = {
    {"create", "sql wide keyvalue", true, create_new, NULL},
    {"open and read", "sql wide keyvalue", false, open_and_read, NULL},
    {"sql transactions", "sql", false, transactions, NULL},
    {"key-value transactions", "keyvalue", false, transactions, NULL},
    {"cross-model transactions", "sql wide keyvalue", false, transactions, NULL},
    {"wide-column rows sealed", "wide", false, fault_sealing, NULL},
    {"group commit", "sql wide keyvalue", false, group_commit, NULL},
    {"large transaction", "sql", false, large_transaction, NULL},
    {"schema changes", "sql", false, schema_changes, NULL},
    {"wide-column tables in SQL", "sql", false, fault_wide_tables, fault_wide_tables_verify},
    {"wide-column tables at once", "sql", false, fault_wide_tables_at_once, fault_wide_tables_verify},
    {"backup", "sql wide keyvalue", false, backup, NULL},
    {"check, stat, maintain", "sql wide keyvalue", false, check_and_stat, NULL},
    {"alternating sessions", "sql", false, alternating_sessions, NULL},
    {"cache buckets", "sql", false, fault_cache_buckets, fault_cache_verify},
    {"cache after a kill", "sql", false, fault_cache_after_kill, fault_cache_verify},
    {"expiry and sweep", "keyvalue", false, fault_expiry, fault_expiry_verify},
    {"cells", "wide", false, fault_cells, NULL},
    {"rows that arrive together", "wide", false, fault_arrivals, fault_arrivals_verify},
};
const size_t fault_scenario_count = sizeof fault_scenarios / sizeof fault_scenarios[0];

/* ---- Before and after ---- */
void fault_run_init(fault_run *run, const fault_scenario *scenario, const char *folder, fault_report *report) {
  fault_workload all;
  *run = (fault_run){.scenario = scenario, .report = report, .control = fault_inject_find()};
  fault_workload_init(&all, 4711, FAULT_SCENARIO_WORKERS);
  run->workload = all;
  run->workload.model_count = 0;
  for (uint32_t i = 0; i < all.model_count; i++) {
    if (strstr(scenario->models, all.models[i]->name) != NULL) {
      run->workload.models[run->workload.model_count++] = all.models[i];
    }
  }
  fault_workload_options(&run->workload, &run->options);
  run->options.busy_timeout_ms = 5000;
  run->options.checkpoint_commits = CHECKPOINT_COMMITS;
  /* The n-th call is the same one in every run, but where threads are what is looked at. */
  if (scenario->run != group_commit) run->options.flags |= MEDLEY_OPEN_NO_THREADS;
  run->prepared = !scenario->starts_without_file;
  snprintf(run->folder, sizeof run->folder, "%s", folder);
  snprintf(run->control->folder, sizeof run->control->folder, "%s/", folder); /* watched from the first open on */
  fault_scratch_join(run->path, folder, "faults.medley");
  fault_scratch_join(run->backup, folder, "backup.medley");
}

bool fault_run_prepare(fault_run *run) {
  medley *db;
  medley_session *session;
  char why[300];
  memset(run->report, 0, sizeof *run->report);
  if (fault_open(run->path, &run->options, &db, &session, why, sizeof why) != MEDLEY_OK) {
    printf("prepare: %s\n", why);
    return false;
  }
  int rc = fault_workload_create(&run->workload, session);
  if (rc == MEDLEY_OK) {
    rc = fault_sql(session, "CREATE TABLE big (id INTEGER PRIMARY KEY, size INTEGER, bytes BLOB)", 0, NULL);
  }
  for (uint64_t n = 1; rc == MEDLEY_OK && n <= FAULT_PREPARED_TXNS; n++) {
    for (uint32_t w = 0; rc == MEDLEY_OK && w < run->workload.worker_count; w++) {
      bool committed;
      rc = fault_workload_run(&run->workload, session, w, n, &run->report->states[w], &committed);
    }
  }
  if (rc != MEDLEY_OK) printf("prepare: %s\n", fault_error(session));
  run->report->created = true;
  medley_session_close(session);
  return medley_close(db) == MEDLEY_OK && rc == MEDLEY_OK;
}

void fault_run_verify(fault_run *run) {
  verify_file(run, run->path, run->prepared);
  if (run->scenario->verify != NULL) run->scenario->verify(run);
}
