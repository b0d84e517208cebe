/* scenario.c - see scenario.h. */
#include "tests/fault/scenario.h"

#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

#include "tests/fault/calls.h"

#define CHECKPOINT_COMMITS 3 /* so that faults meet checkpoints */
#define SCENARIO_TXNS 8
#define GROUP_TXNS 5
#define SEALING_TURNS 3
#define SEALING_TXNS 2
#define SEALING_STEPS_MAX 20

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

/* Transactions of one worker; stops when an outcome is unknown. */
static void run_txns(fault_run *run, medley_session *session, uint32_t worker, uint64_t first, uint64_t count) {
  fault_state *state = &run->report->states[worker];
  for (uint64_t number = first; number < first + count && !run->report->bad; number++) {
    bool committed;
    int rc = fault_workload_run(&run->workload, session, worker, number, state, &committed);
    fault_run_note(run, "transaction", rc, fault_workload_error());
    if (rc == MEDLEY_COMMIT_UNKNOWN) run->report->in_doubt[worker] = number;
    if (rc == MEDLEY_COMMIT_UNKNOWN || rc == MEDLEY_DEAD) return;
    /* Another thread's failed commit may have made the handle dead between this one's failure and its rollback. */
    if (medley_session_state(session) != MEDLEY_NO_TRANSACTION && medley_rollback(session) != MEDLEY_DEAD) {
      fault_run_bad(run, "a transaction is left open after %s", medley_status_name(rc));
    }
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
    if (rc == MEDLEY_OK) run_txns(run, session, 0, 1, 2);
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
  run_txns(run, session, 0, FAULT_PREPARED_TXNS + 1, SCENARIO_TXNS);
  fault_run_disarm(run);
  fault_run_go_on(run, session, FAULT_PREPARED_TXNS + SCENARIO_TXNS + 1);
  fault_run_close(run, db, session);
}

/* Rows are sealed between transactions that write to sealed ones. */
static void sealing(fault_run *run) {
  medley *db;
  medley_session *session;
  medley_error error = {0};
  if (!fault_run_open(run, &db, &session)) return;
  fault_run_arm(run);
  for (uint64_t turn = 0; turn < SEALING_TURNS; turn++) {
    int more = 1;
    for (int steps = 0; more && steps < SEALING_STEPS_MAX; steps++) {
      int rc = medley_maintain(db, 100000, &more, &error);
      fault_run_note(run, "maintain", rc, error.message);
      if (rc != MEDLEY_OK) break;
    }
    run_txns(run, session, 0, FAULT_PREPARED_TXNS + 1 + turn * SEALING_TXNS, SEALING_TXNS);
  }
  fault_run_disarm(run);
  fault_run_go_on(run, session, FAULT_PREPARED_TXNS + SEALING_TURNS * SEALING_TXNS + 1);
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
    if (run->report->in_doubt[0] == 0) run_txns(run, first, 0, number, 1);
    if (run->report->in_doubt[1] == 0) run_txns(run, second, 1, number, 1);
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
  run_txns(self->run, self->session, self->worker, FAULT_PREPARED_TXNS + 1, GROUP_TXNS);
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
  fault_run_arm(run);
  pthread_barrier_wait(&start);
  for (uint32_t w = 0; w < FAULT_SCENARIO_WORKERS; w++) pthread_join(threads[w].id, NULL);
  fault_run_disarm(run);
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

static void judge_wide_table(fault_run *run, medley_session *session, int64_t expected_rows, int64_t expected_sum) {
  int64_t rows = 0, sum = 0;
  int rc = fault_sql_number(session, "SELECT count(*) FROM \"faults.t\"", 0, NULL, &rows);
  if (rc == MEDLEY_OK) rc = fault_sql_number(session, "SELECT coalesce(sum(c), 0) FROM \"faults.t\"", 0, NULL, &sum);
  if (rc == MEDLEY_OK && (rows != expected_rows || sum != expected_sum))
    fault_run_bad(run, "%d rows of the wide-column table, expected %d; sum %d, expected %d", (int)rows,
                  (int)expected_rows, (int)sum, (int)expected_sum);
  else if (rc != MEDLEY_OK && rc != MEDLEY_DEAD)
    fault_run_bad(run, "the wide-column table cannot be read: %s", fault_error(session));
}

/* Statements of SQL on a wide-column table, one by one, every other time in a transaction: each leaves all of its effect or none. */
static void wide_tables(fault_run *run) {
  static const struct {
    const char *sql;
    int64_t rows, sum; /* afterwards */
  } steps[] = {
      {"INSERT INTO \"faults.t\"(a, b, c, d) VALUES (1, 1, 1, '[1]'), (1, 2, 2, NULL), (2, 1, 3, '[2, 3]')", 3, 6},
      {"INSERT INTO \"faults.t\"(a, b, c, _ttl) SELECT 3, value, value, 1000 FROM json_each('[1, 2, 3]')", 6, 12},
      {"UPDATE \"faults.t\" SET c = c + 1 WHERE a < 3", 6, 15},
      {"REPLACE INTO \"faults.t\"(a, b, c) VALUES (1, 1, 10)", 6, 23},
      {"DELETE FROM \"faults.t\" WHERE (a = 1 AND b = 2) OR (a = 1 AND b > 1)", 5, 20},
      {"SELECT x.d, y.c FROM \"faults.t\" x JOIN \"faults.t\" y ON y.a = x.a AND y.b = x.b WHERE y.c = 10", 5, 20}};
  static const char *const definitions[] = {
      "CREATE KEYSPACE faults WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 1}",
      "CREATE TABLE faults.t (a int, b int, c int, d frozen<list<int>>, PRIMARY KEY (a, b))",
      "CREATE INDEX ON faults.t (c)"};
  medley *db;
  medley_session *session;
  int64_t rows = 0, sum = 0;
  bool in_transaction = run->at % 2 == 1;
  int rc = MEDLEY_OK;
  if (!fault_run_open(run, &db, &session)) return;
  for (size_t i = 0; rc == MEDLEY_OK && i < 3; i++)
    rc = medley_exec(session, MEDLEY_LANGUAGE_CQL, definitions[i], strlen(definitions[i]), NULL, NULL);
  if (rc == MEDLEY_OK && in_transaction) rc = medley_begin(session, MEDLEY_WRITE);
  if (rc != MEDLEY_OK) fault_run_bad(run, "no wide-column table: %s", medley_session_error(session)->message);
  fault_run_arm(run);
  for (size_t i = 0; rc == MEDLEY_OK && i < sizeof steps / sizeof steps[0]; i++) {
    rc = fault_sql(session, steps[i].sql, 0, NULL);
    if (rc != MEDLEY_OK) continue;
    rows = steps[i].rows;
    sum = steps[i].sum;
  }
  fault_run_note(run, "wide-column table", rc, fault_error(session));
  fault_run_disarm(run);
  bool lost =
      in_transaction && medley_session_state(session) == MEDLEY_NO_TRANSACTION; /* SQLite rolled all of it back */
  if (rc != MEDLEY_COMMIT_UNKNOWN && rc != MEDLEY_DEAD) judge_wide_table(run, session, lost ? 0 : rows, lost ? 0 : sum);
  if (medley_session_state(session) != MEDLEY_NO_TRANSACTION) medley_rollback(session);
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
    {"create", "sql keyvalue", true, create_new, NULL},
    {"open and read", "sql keyvalue", false, open_and_read, NULL},
    {"sql transactions", "sql", false, transactions, NULL},
    {"key-value transactions", "keyvalue", false, transactions, NULL},
    {"cross-model transactions", "sql keyvalue", false, transactions, NULL},
    {"wide-column rows sealed", "wide", false, sealing, NULL},
    {"group commit", "sql keyvalue", false, group_commit, NULL},
    {"large transaction", "sql", false, large_transaction, NULL},
    {"schema changes", "sql", false, schema_changes, NULL},
    {"wide-column tables in SQL", "sql", false, wide_tables, NULL},
    {"backup", "sql keyvalue", false, backup, NULL},
    {"check, stat, maintain", "sql keyvalue", false, check_and_stat, NULL},
    {"alternating sessions", "sql", false, alternating_sessions, NULL},
    {"cache buckets", "sql", false, fault_cache_buckets, fault_cache_verify},
    {"cache after a kill", "sql", false, fault_cache_after_kill, fault_cache_verify},
    {"expiry and sweep", "keyvalue", false, fault_expiry, fault_expiry_verify},
    {"cells", "wide", false, fault_cells, NULL},
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
