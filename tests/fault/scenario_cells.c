/* scenario_cells.c - the typed calls for tables of cells while calls fail: each leaves all of its effect or none. */
#include <stdio.h>
#include <string.h>

#include "tests/fault/calls.h"
#include "tests/fault/scenario.h"

#define TABLE "faults.cells"
#define TEXT_SIZE 2048

static medley_slice bytes_of(const char *text) { return (medley_slice){text, strlen(text)}; }
static medley_cell cell_of(const char *family, const char *qualifier, int64_t version_ms, const char *value) {
  return (medley_cell){family, bytes_of(qualifier), version_ms, bytes_of(value)};
}

/* ---- Steps ---- */
static int put_rows(medley_session *session) {
  const medley_cell cells[] = {cell_of("info", "a", 1, "1"), cell_of("info", "a", 2, "2"), cell_of("info", "a", 3, "3"),
                               cell_of("log", "x", 1, "l1"), cell_of("log", "x", 2, "l2")};
  return medley_cells_put(session, TABLE, "r", 1, cells, 5);
}

static int put_value_of_pages(medley_session *session) {
  static char pages[20000];
  memset(pages, 'p', sizeof pages - 1);
  const medley_cell cell = cell_of("log", "long", 5, pages);
  return medley_cells_put(session, TABLE, "s", 1, &cell, 1);
}

static int put_with_a_time_to_live(medley_session *session) {
  const medley_cell cell = cell_of("brief", "b", 5, "t");
  return medley_cells_put(session, TABLE, "r", 1, &cell, 1);
}

static int change_a_row(medley_session *session) {
  const medley_cells_change changes[] = {{MEDLEY_CELLS_DELETE, cell_of("log", "x", 1, "")},
                                         {MEDLEY_CELLS_PUT, cell_of("info", "b", 1, "4")},
                                         {MEDLEY_CELLS_DELETE_VERSION, cell_of("info", "a", 0, "")}};
  return medley_cells_mutate(session, TABLE, "r", 1, changes, 3);
}

static int check_and_change(medley_session *session) {
  const medley_cells_check check = {"info", bytes_of("a"), MEDLEY_CELLS_EQUAL, bytes_of("2")};
  const medley_cells_change change = {MEDLEY_CELLS_PUT, cell_of("info", "a", 9, "9")};
  int applied = 0;
  int rc = medley_cells_check_and_mutate(session, TABLE, "r", 1, &check, &change, 1, &applied);
  return rc;
}

static int count_up(medley_session *session) {
  int64_t sum;
  return medley_cells_increment(session, TABLE, "n", 1, "info", bytes_of("hits"), 0x41, &sum);
}

static int append(medley_session *session) {
  medley_slice whole;
  return medley_cells_append(session, TABLE, "n", 1, "info", bytes_of("hits"), bytes_of("BC"), &whole);
}

static int delete_a_row(medley_session *session) {
  const medley_cells_change row = {MEDLEY_CELLS_DELETE, {.family = NULL}};
  return medley_cells_mutate(session, TABLE, "s", 1, &row, 1);
}

/* What the rows are afterwards: only the newest version of each column, of a value its length and its last byte. */
static const struct {
  const char *name;
  int (*make)(medley_session *session);
  const char *rows;
} steps[] = {
    {"put", put_rows, "r info:a=1.3 log:x=2.2;"},
    {"put of pages", put_value_of_pages, "r info:a=1.3 log:x=2.2;s log:long=19999.p;"},
    {"put with a ttl", put_with_a_time_to_live, "r brief:b=1.t info:a=1.3 log:x=2.2;s log:long=19999.p;"},
    {"mutate", change_a_row, "r brief:b=1.t info:a=1.2 info:b=1.4 log:x=2.2;s log:long=19999.p;"},
    {"check and mutate", check_and_change, "r brief:b=1.t info:a=1.9 info:b=1.4 log:x=2.2;s log:long=19999.p;"},
    {"increment", count_up, "n info:hits=8.A;r brief:b=1.t info:a=1.9 info:b=1.4 log:x=2.2;s log:long=19999.p;"},
    {"append", append, "n info:hits=10.C;r brief:b=1.t info:a=1.9 info:b=1.4 log:x=2.2;s log:long=19999.p;"},
    {"delete", delete_a_row, "n info:hits=10.C;r brief:b=1.t info:a=1.9 info:b=1.4 log:x=2.2;"}};

/* ---- What is seen ---- */
static int on_row(void *context, const medley_cells_row *row) {
  char *text = context;
  size_t len = strlen(text);
  len += (size_t)snprintf(text + len, TEXT_SIZE - len, "%.*s", (int)row->key.len, (const char *)row->key.bytes);
  for (size_t i = 0; i < row->count && len < TEXT_SIZE; i++) {
    const medley_cell *cell = &row->cells[i];
    len += (size_t)snprintf(text + len, TEXT_SIZE - len, " %s:%.*s=%zu.%c", cell->family, (int)cell->qualifier.len,
                            (const char *)cell->qualifier.bytes, cell->value.len,
                            cell->value.len > 0 ? ((const char *)cell->value.bytes)[cell->value.len - 1] : '-');
  }
  if (len < TEXT_SIZE) snprintf(text + len, TEXT_SIZE - len, ";");
  return 0;
}

/* In both directions; expected is what the forward scan finds. */
static int look(medley_session *session, bool reverse, char *text) {
  const medley_cells_query query = {.reverse = reverse};
  text[0] = '\0';
  return medley_cells_scan(session, TABLE, &query, on_row, text);
}

static void judge(fault_run *run, medley_session *session, const char *expected) {
  char text[TEXT_SIZE];
  int rc = look(session, false, text);
  if (rc == MEDLEY_OK && strcmp(text, expected) != 0)
    fault_run_bad(run, "cells are %.150s, expected %.150s", text, expected);
  else if (rc != MEDLEY_OK && rc != MEDLEY_DEAD)
    fault_run_bad(run, "cells cannot be read: %s", fault_error(session));
}

static int make_table(medley_session *session) {
  static const medley_cells_family families[] = {{"info", 2, 0}, {"log", 0, 0}, {"brief", 1, 100000}};
  static const char keyspace[] = "CREATE KEYSPACE faults WITH replication = {'class': 'SimpleStrategy'}";
  int rc = medley_exec(session, MEDLEY_LANGUAGE_CQL, keyspace, strlen(keyspace), NULL, NULL);
  return rc == MEDLEY_OK ? medley_cells_create(session, TABLE, families, 3) : rc;
}

/* Every other time in a transaction, which outlives a step that failed unless it was lost with it. */
void fault_cells(fault_run *run) {
  medley *db;
  medley_session *session;
  const char *rows = "";
  char text[TEXT_SIZE];
  bool in_transaction = run->at % 2 == 1;
  if (!fault_run_open(run, &db, &session)) return;
  int rc = make_table(session);
  if (rc == MEDLEY_OK && in_transaction) rc = medley_begin(session, MEDLEY_WRITE);
  if (rc != MEDLEY_OK) fault_run_bad(run, "no table of cells: %s", fault_error(session));
  fault_run_arm(run);
  for (size_t i = 0; rc == MEDLEY_OK && i < sizeof steps / sizeof steps[0]; i++) {
    rc = steps[i].make(session);
    fault_run_note(run, steps[i].name, rc, fault_error(session));
    if (rc == MEDLEY_OK) rows = steps[i].rows;
    if (rc == MEDLEY_OK) rc = look(session, i % 2 == 1, text);
  }
  fault_run_note(run, "cells", rc, fault_error(session));
  fault_run_disarm(run);
  bool lost = in_transaction && medley_session_state(session) == MEDLEY_NO_TRANSACTION;
  if (rc != MEDLEY_COMMIT_UNKNOWN && rc != MEDLEY_DEAD) judge(run, session, lost ? "" : rows);
  if (medley_session_state(session) != MEDLEY_NO_TRANSACTION) medley_rollback(session);
  fault_run_go_on(run, session, FAULT_PREPARED_TXNS + 1);
  fault_run_close(run, db, session);
}
