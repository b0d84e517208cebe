/* scenario_arrivals.c - rows that arrive together while calls fail: put off, written as runs, merged, sealed, changed where they stand.
 *
 * An INSERT that answered OK is there at the commit, though it was only put off and what made it failed once; a statement that failed has left
 * nothing; and a read sees neither more nor less, whether rows are put off, in runs or sealed. A transaction goes on behind a statement that failed
 * as long as it can. What is acknowledged stands in the report: a value for each row, 0 for none. */
#include <string.h>
#include <unistd.h>

#include "tests/fault/calls.h"
#include "tests/fault/scenario.h"

#define IDS FAULT_ARRIVED_IDS
#define OLD_IDS 100 /* below: those of most steps */
#define MAINTAIN_STEPS_MAX 20
#define BATCH_ROWS 8

typedef struct rows {
  int32_t values[IDS];
} rows;

typedef struct scene {
  fault_run *run;
  medley_session *session;
  medley *db;
  rows acknowledged, now; /* now: as the open transaction sees it */
  bool over;              /* dead, or nobody knows what is there */
} scene;

static void acknowledge(scene *self, const rows *sure, const rows *perhaps) {
  memcpy(self->run->report->arrived[0], sure->values, sizeof sure->values);
  memcpy(self->run->report->arrived[1], perhaps->values, sizeof perhaps->values);
}

/* Whether the statement is to be counted as made. A transaction that is lost takes all of it back. */
static bool made(scene *self, const char *what, int rc) {
  fault_run_note(self->run, what, rc, fault_error(self->session));
  if (rc == MEDLEY_DEAD) self->over = true;
  return rc == MEDLEY_OK;
}

static bool is_lost(const scene *self) {
  return self->over || medley_session_state(self->session) == MEDLEY_NO_TRANSACTION;
}

/* ---- Statements ---- ids from `from` on, in steps */
static void insert(scene *self, int from, int count, int step, int32_t value) {
  for (int i = 0; i < count && !is_lost(self); i++) {
    int id = from + i * step;
    int64_t values[2] = {id, value + id};
    int rc = fault_cql(self->session, "INSERT INTO arrivals.t (part, id, value) VALUES (1, ?, ?)", 2, values);
    if (made(self, "insert", rc)) self->now.values[id] = value + id;
  }
}

static void insert_batch(scene *self, int from, int32_t value) {
  int64_t values[2 * BATCH_ROWS];
  if (is_lost(self)) return;
  for (int i = 0; i < BATCH_ROWS; i++) {
    values[2 * i] = from + i;
    values[2 * i + 1] = value + from + i;
  }
  static const char batch[] =
      "BEGIN BATCH INSERT INTO arrivals.t (part, id, value) VALUES (1, ?, ?); INSERT INTO arrivals.t (part, id, value) "
      "VALUES (1, ?, ?); INSERT INTO arrivals.t (part, id, value) VALUES (1, ?, ?); INSERT INTO arrivals.t (part, id, "
      "value) VALUES (1, ?, ?); INSERT INTO arrivals.t (part, id, value) VALUES (1, ?, ?); INSERT INTO arrivals.t "
      "(part, id, value) VALUES (1, ?, ?); INSERT INTO arrivals.t (part, id, value) VALUES (1, ?, ?); INSERT INTO "
      "arrivals.t (part, id, value) VALUES (1, ?, ?); APPLY BATCH";
  if (!made(self, "batch", fault_cql(self->session, batch, 2 * BATCH_ROWS, values))) return;
  for (int i = 0; i < BATCH_ROWS; i++) self->now.values[from + i] = value + from + i;
}

static void update(scene *self, int id, int32_t value) {
  int64_t values[2] = {value, id};
  if (is_lost(self)) return;
  int rc = fault_cql(self->session, "UPDATE arrivals.t SET value = ? WHERE part = 1 AND id = ?", 2, values);
  if (made(self, "update", rc)) self->now.values[id] = value;
}

static void delete_range(scene *self, int from, int to) {
  int64_t values[2] = {from, to};
  if (is_lost(self)) return;
  int rc = fault_cql(self->session, "DELETE FROM arrivals.t WHERE part = 1 AND id >= ? AND id < ?", 2, values);
  if (made(self, "delete", rc)) memset(self->now.values + from, 0, (size_t)(to - from) * sizeof self->now.values[0]);
}

/* Of SQL: a row at a time. */
static void update_by_sql(scene *self, int from, int to) {
  int64_t values[2] = {from, to};
  if (is_lost(self)) return;
  int rc =
      fault_sql(self->session, "UPDATE \"arrivals.t\" SET value = value + 1000 WHERE id >= ?1 AND id < ?2", 2, values);
  if (!made(self, "update of many", rc)) return;
  for (int i = from; i < to; i++) self->now.values[i] += self->now.values[i] != 0 ? 1000 : 0;
}

static void dump(const int32_t *values, fault_text *text) {
  for (int id = 0; id < IDS; id++) {
    if (values[id] != 0) fault_text_add(text, "%d|%d\n", id, values[id]);
  }
}

static bool is_as(const int32_t *values, const fault_text *found, char *why, size_t why_size) {
  fault_text expected = {0};
  dump(values, &expected);
  bool equal = fault_text_equal(&expected, found);
  if (!equal) fault_text_difference(&expected, found, why, why_size);
  fault_text_clear(&expected);
  return equal;
}

static int look_at(medley_session *session, bool by_sql, fault_text *found) {
  return by_sql ? fault_sql_rows(session, "SELECT id, value FROM \"arrivals.t\" WHERE part = 1 ORDER BY id", 0, NULL,
                                 found)
                : fault_cql_rows(session, "SELECT id, value FROM arrivals.t WHERE part = 1", 0, NULL, found);
}

static void look(scene *self, bool by_sql) {
  fault_text found = {0};
  char why[256];
  if (is_lost(self)) return;
  int rc = look_at(self->session, by_sql, &found);
  if (made(self, "look", rc) && !is_as(self->now.values, &found, why, sizeof why))
    fault_run_bad(self->run, "wrong rows without an error, %s: %s", by_sql ? "by SQL" : "by CQL", why);
  fault_text_clear(&found);
}

/* ---- Transactions ---- */
static void begin(scene *self) {
  self->now = self->acknowledged;
  if (!self->over) (void)made(self, "begin", medley_begin(self->session, MEDLEY_WRITE));
}

static void commit(scene *self) {
  if (is_lost(self)) return;
  int rc = medley_commit(self->session);
  if (made(self, "commit", rc)) self->acknowledged = self->now;
  acknowledge(self, &self->acknowledged, rc == MEDLEY_COMMIT_UNKNOWN ? &self->now : &self->acknowledged);
  if (rc == MEDLEY_COMMIT_UNKNOWN) self->over = true;
  if (medley_session_state(self->session) != MEDLEY_NO_TRANSACTION) (void)medley_rollback(self->session);
}

/* Put off on both sides of a savepoint, with what was made meanwhile, or without. */
static void insert_around_a_savepoint(scene *self, int from, bool looks) {
  rows before;
  insert(self, from, 6, 1, 500);
  if (is_lost(self) || !made(self, "savepoint", medley_savepoint(self->session, "s"))) return;
  before = self->now;
  insert(self, from + 3, 9, 1, 600);
  if (looks) look(self, false);
  if (is_lost(self)) return;
  if (made(self, "rollback to", medley_rollback_to(self->session, "s"))) self->now = before;
  insert(self, from + 5, 4, 1, 700);
}

static void maintain(scene *self) {
  medley_error error = {0};
  int more = 1, rc = MEDLEY_OK;
  for (int steps = 0; rc == MEDLEY_OK && more && steps < MAINTAIN_STEPS_MAX && !self->over; steps++) {
    rc = medley_maintain(self->db, 100000, &more, &error);
    fault_run_note(self->run, "maintain", rc, error.message);
    if (rc == MEDLEY_DEAD) self->over = true;
  }
}

/* New rows make the pass that seals due; of two runs it leaves one row each, amid rows that are sealed, and those are gathered. */
static void leave_few_in_runs(scene *self) {
  for (int i = 0; i < 2; i++) {
    begin(self);
    insert(self, OLD_IDS + 36 * i, 36, 1, 300);
    insert(self, 51 + i, 1, 1, 400);
    commit(self);
  }
}

/* Four runs of about one size become one with the fourth; with eight the pass that seals is due. */
static void take_steps(scene *self) {
  for (int i = 0; i < 4; i++) {
    begin(self);
    insert(self, i, 12, 4, 100); /* runs that overlap */
    commit(self);
  }
  begin(self);
  look(self, false);
  insert(self, 40, 20, 1, 200); /* some of them are there */
  update(self, 45, 7);
  delete_range(self, 50, 54);
  look(self, true);
  commit(self);
  begin(self);
  insert_around_a_savepoint(self, 64, true);
  commit(self);
  begin(self);
  insert_batch(self, 72, 300);
  insert_around_a_savepoint(self, 76, false);
  insert_batch(self, 84, 800);
  commit(self);
  maintain(self);
  begin(self);
  look(self, true);
  update_by_sql(self, 10, 14);
  delete_range(self, 60, 70);
  insert(self, 56, 20, 2, 900);
  commit(self);
  maintain(self);
  leave_few_in_runs(self);
  maintain(self);
  begin(self);
  look(self, false);
  commit(self);
}

static bool make_table(medley_session *session) {
  static const char *const definitions[] = {
      "CREATE KEYSPACE arrivals WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 1}",
      "CREATE TABLE arrivals.t (part int, id int, value int, note text, PRIMARY KEY (part, id)) WITH segment_rows = "
      "16"};
  int rc = MEDLEY_OK;
  for (size_t i = 0; rc == MEDLEY_OK && i < 2; i++) rc = fault_cql(session, definitions[i], 0, NULL);
  return rc == MEDLEY_OK;
}

void fault_arrivals(fault_run *run) {
  scene self = {.run = run};
  if (!fault_run_open(run, &self.db, &self.session)) return;
  if (!make_table(self.session)) _exit(3);
  fault_run_arm(run);
  take_steps(&self);
  fault_run_disarm(run);
  if (!self.over) {
    begin(&self);
    look(&self, false);
    look(&self, true);
    commit(&self);
  }
  if (medley_session_state(self.session) != MEDLEY_NO_TRANSACTION) medley_rollback(self.session);
  fault_run_go_on(run, self.session, FAULT_PREPARED_TXNS + 1);
  fault_run_close(run, self.db, self.session);
}

void fault_arrivals_verify(fault_run *run) {
  medley *db;
  medley_session *session;
  fault_text found = {0};
  char why[300];
  if (fault_open(run->path, &run->options, &db, &session, why, sizeof why) != MEDLEY_OK) {
    fault_run_bad(run, "after reopening: %s", why);
    return;
  }
  int rc = look_at(session, false, &found);
  if (rc != MEDLEY_OK)
    fault_run_bad(run, "after reopening rows that arrived together cannot be read: %s", fault_error(session));
  else if (!is_as(run->report->arrived[1], &found, why, sizeof why) &&
           !is_as(run->report->arrived[0], &found, why, sizeof why))
    fault_run_bad(run, "after reopening rows that arrived together are others: %s", why);
  fault_text_clear(&found);
  fault_run_close(run, db, session);
}
