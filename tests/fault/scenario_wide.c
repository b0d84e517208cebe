/* scenario_wide.c - wide-column tables while calls fail: rows that are sealed meanwhile, and statements of SQL. */
#include <string.h>
#include <unistd.h>

#include "tests/fault/calls.h"
#include "tests/fault/scenario.h"

#define SEALING_TURNS 3
#define SEALING_TXNS 2
#define SEALING_STEPS_MAX 20

/* Rows are sealed between transactions that write to sealed ones. */
void fault_sealing(fault_run *run) {
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
    fault_run_txns(run, session, 0, FAULT_PREPARED_TXNS + 1 + turn * SEALING_TXNS, SEALING_TXNS);
  }
  fault_run_disarm(run);
  fault_run_go_on(run, session, FAULT_PREPARED_TXNS + SEALING_TURNS * SEALING_TXNS + 1);
  fault_run_close(run, db, session);
}

/* ---- Statements of SQL ---- each leaves all of its effect or none. The table after the first n of them is shown by number n. */
static const struct {
  const char *sql, *table; /* afterwards */
} steps[] = {{NULL, ""},
             {"INSERT INTO \"faults.t\"(a, b, c, d) VALUES (1, 1, 1, '[1]'), (1, 2, 2, NULL), (2, 1, 3, '[2, 3]')",
              "1|1|1|[1]\n1|2|2|null\n2|1|3|[2, 3]\n"},
             {"INSERT INTO \"faults.t\"(a, b, c, _ttl) SELECT 3, value, value, 1000 FROM json_each('[1, 2, 3]')",
              "1|1|1|[1]\n1|2|2|null\n2|1|3|[2, 3]\n3|1|1|null\n3|2|2|null\n3|3|3|null\n"},
             {"UPDATE \"faults.t\" SET c = c + 1 WHERE a < 3",
              "1|1|2|[1]\n1|2|3|null\n2|1|4|[2, 3]\n3|1|1|null\n3|2|2|null\n3|3|3|null\n"},
             {"REPLACE INTO \"faults.t\"(a, b, c) VALUES (1, 1, 10)",
              "1|1|10|null\n1|2|3|null\n2|1|4|[2, 3]\n3|1|1|null\n3|2|2|null\n3|3|3|null\n"},
             {"DELETE FROM \"faults.t\" WHERE (a = 1 AND b = 2) OR (a = 1 AND b > 1)",
              "1|1|10|null\n2|1|4|[2, 3]\n3|1|1|null\n3|2|2|null\n3|3|3|null\n"},
             {"SELECT x.d, y.c FROM \"faults.t\" x JOIN \"faults.t\" y ON y.a = x.a AND y.b = x.b WHERE y.c = 10",
              "1|1|10|null\n2|1|4|[2, 3]\n3|1|1|null\n3|2|2|null\n3|3|3|null\n"}};
#define STEP_COUNT ((uint32_t)(sizeof steps / sizeof steps[0]) - 1)

/* Whether the table is as it is after one of the two numbers of steps. */
static void judge_table(fault_run *run, medley_session *session, uint32_t step, uint32_t or_step, const char *when) {
  fault_text rows = {0};
  int rc = fault_sql_rows(session, "SELECT a, b, c, d FROM \"faults.t\" ORDER BY a, b", 0, NULL, &rows);
  const char *found = rows.bytes != NULL ? rows.bytes : "";
  if (rc == MEDLEY_OK && strcmp(found, steps[step].table) != 0 && strcmp(found, steps[or_step].table) != 0)
    fault_run_bad(run, "%s the wide-column table has %.150s after %u steps (or %u): %.150s", when, found, step, or_step,
                  steps[step].table);
  else if (rc != MEDLEY_OK && rc != MEDLEY_DEAD)
    fault_run_bad(run, "%s the wide-column table cannot be read: %s", when, fault_error(session));
  fault_text_clear(&rows);
}

static bool make_table(medley_session *session) {
  static const char *const definitions[] = {
      "CREATE KEYSPACE faults WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 1}",
      "CREATE TABLE faults.t (a int, b int, c int, d frozen<list<int>>, PRIMARY KEY (a, b))",
      "CREATE INDEX ON faults.t (c)"};
  int rc = MEDLEY_OK;
  for (size_t i = 0; rc == MEDLEY_OK && i < 3; i++) rc = fault_cql(session, definitions[i], 0, NULL);
  return rc == MEDLEY_OK;
}

/* What the steps have come to: step is acknowledged, or_step may be there instead. */
static void acknowledge(fault_run *run, uint32_t step, uint32_t or_step) {
  run->report->wide_step = step;
  run->report->wide_or_step = or_step;
}

/* Answers the last status; *step: how many steps the session has seen succeed. */
static int take_steps(fault_run *run, medley_session *session, bool each_commits, uint32_t *step) {
  for (*step = 0; *step < STEP_COUNT; ++*step) {
    int rc = fault_sql(session, steps[*step + 1].sql, 0, NULL);
    if (each_commits)
      acknowledge(run, *step + (rc == MEDLEY_OK), *step + (rc == MEDLEY_OK || rc == MEDLEY_COMMIT_UNKNOWN));
    if (rc != MEDLEY_OK) return rc;
  }
  return MEDLEY_OK;
}

static int commit_steps(fault_run *run, medley_session *session, uint32_t step) {
  int rc = medley_commit(session);
  fault_run_note(run, "commit", rc, fault_error(session));
  acknowledge(run, rc == MEDLEY_OK ? step : 0, rc == MEDLEY_OK || rc == MEDLEY_COMMIT_UNKNOWN ? step : 0);
  return rc;
}

static void run_steps(fault_run *run, bool in_transaction) {
  medley *db;
  medley_session *session;
  uint32_t step = 0;
  if (!fault_run_open(run, &db, &session)) return;
  if (!make_table(session) || (in_transaction && medley_begin(session, MEDLEY_WRITE) != MEDLEY_OK)) _exit(3);
  fault_run_arm(run);
  int rc = take_steps(run, session, !in_transaction, &step);
  fault_run_note(run, "wide-column table", rc, fault_error(session));
  if (rc == MEDLEY_OK && in_transaction) rc = commit_steps(run, session, step);
  fault_run_disarm(run);
  bool lost = in_transaction && rc != MEDLEY_OK && medley_session_state(session) == MEDLEY_NO_TRANSACTION;
  if (rc != MEDLEY_COMMIT_UNKNOWN && rc != MEDLEY_DEAD)
    judge_table(run, session, lost ? 0 : step, lost ? 0 : step, "at once");
  if (medley_session_state(session) == MEDLEY_WRITING) (void)commit_steps(run, session, step); /* what has succeeded */
  if (medley_session_state(session) != MEDLEY_NO_TRANSACTION) medley_rollback(session);
  fault_run_go_on(run, session, FAULT_PREPARED_TXNS + 1);
  fault_run_close(run, db, session);
}

void fault_wide_tables(fault_run *run) { run_steps(run, false); }
void fault_wide_tables_at_once(fault_run *run) { run_steps(run, true); }

void fault_wide_tables_verify(fault_run *run) {
  medley *db;
  medley_session *session;
  char why[300];
  if (fault_open(run->path, &run->options, &db, &session, why, sizeof why) != MEDLEY_OK) {
    fault_run_bad(run, "after reopening: %s", why);
    return;
  }
  judge_table(run, session, run->report->wide_step, run->report->wide_or_step, "after reopening");
  fault_run_close(run, db, session);
}
