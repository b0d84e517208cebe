/* language.c - CQL statements in the session's transaction.
 *
 * Prepared: parsed, and planned against the definitions of that moment; planned anew when they have changed. A SELECT streams and holds its
 * transaction; what writes runs to its end in its first step. When the transaction under a streaming SELECT ends, what is left of its
 * rows is taken into memory (drain). */
#include <string.h>

#include "engine/cql/define.h"
#include "engine/cql/describe.h"
#include "engine/cql/modify.h"
#include "engine/cql/parser.h"
#include "engine/cql/select.h"
#include "engine/row_buffer.h"
#include "engine/session_state.h"

typedef struct cql_state {
  med_arena memory;    /* the text and what it says */
  med_arena planning;  /* of the present plan */
  med_arena execution; /* of one execution */
  med_slice text;
  med_cql_statement *statement;
  char keyspace[MED_WIDE_NAME_MAX + 1]; /* in use when it was prepared */
  size_t keyspace_len;
  med_wide_catalog *catalog; /* of the plan */
  union {
    med_cql_select_plan select;
    med_cql_batch_plan modify;
  } plan;
  med_cql_run run; /* of the execution that goes on */
  int64_t deadline_us;
  uint64_t page_rows;            /* 0: all */
  med_buffer page;               /* where this page begins */
  med_buffer next_page;          /* where it ended */
  med_cql_select_cursor *cursor; /* streaming */
  med_row_buffer rows;
} cql_state;

static cql_state *state_of(medley_statement *statement) { return statement->state; }

static bool is_modification(med_cql_statement_kind kind) {
  return kind == MED_CQL_INSERT || kind == MED_CQL_UPDATE || kind == MED_CQL_DELETE || kind == MED_CQL_BATCH;
}

static bool only_reads(med_cql_statement_kind kind) {
  return kind == MED_CQL_SELECT || kind == MED_CQL_DESCRIBE || kind == MED_CQL_USE;
}

/* ---- Planning ---- */
static void begin_run(medley_statement *statement, med_txn *txn, bool planning) {
  cql_state *state = state_of(statement);
  state->run = (med_cql_run){.session = statement->session,
                             .statement = statement,
                             .text = state->text,
                             .txn = txn,
                             .catalog = state->catalog,
                             .keyspace = med_slice_of(state->keyspace, state->keyspace_len),
                             .arena = planning ? &state->planning : &state->execution,
                             .error = med_session_error_slot(statement->session),
                             .planning = planning};
  if (!planning) state->run.random = med_store_random(med_txn_store(txn));
}

static int add_describe_columns(medley_statement *statement, const med_cql_describe *describe) {
  static const char *const names[] = {"keyspace_name", "type", "name", "create_statement"};
  med_statement_clear_columns(statement);
  int rc = MEDLEY_OK;
  for (int i = 0; rc == MEDLEY_OK && i < med_cql_describe_column_count(describe); i++)
    rc = med_statement_add_column(statement, names[i], strlen(names[i]));
  return rc;
}

static int make_plan(medley_statement *statement) {
  cql_state *state = state_of(statement);
  const med_cql_statement *ast = state->statement;
  int rc = MEDLEY_OK;
  if (ast->kind == MED_CQL_SELECT) {
    rc = med_cql_select_plan_make(&state->run, &ast->as.select, &state->plan.select);
    return rc == MEDLEY_OK ? med_cql_select_add_columns(&state->plan.select, statement) : rc;
  }
  if (is_modification(ast->kind)) {
    rc = med_cql_modify_plan_make(&state->run, ast, &state->plan.modify);
    return rc == MEDLEY_OK ? med_cql_modify_add_columns(&state->plan.modify, statement) : rc;
  }
  if (ast->kind == MED_CQL_DESCRIBE) rc = add_describe_columns(statement, &ast->as.describe);
  return rc;
}

/* The plan for the definitions of the transaction: the present one, or a new one. */
static int ready(medley_statement *statement, med_txn *txn) {
  cql_state *state = state_of(statement);
  med_cql_client *client;
  med_wide_catalog *catalog;
  int rc;
  MED_TRY(med_cql_client_open(statement->session, &client));
  MED_TRY(med_cql_client_catalog(client, txn, &catalog));
  if (state->catalog != NULL && med_wide_catalog_version(state->catalog) == med_wide_catalog_version(catalog))
    return rc;
  med_wide_catalog_release(state->catalog);
  state->catalog = med_wide_catalog_retain(catalog);
  med_arena_reset(&state->planning);
  begin_run(statement, txn, true);
  rc = make_plan(statement);
  if (rc != MEDLEY_OK) {
    med_wide_catalog_release(state->catalog);
    state->catalog = NULL;
  }
done:
  return rc;
}

/* ---- Prepare ---- */
static void cql_close(medley_statement *statement) {
  cql_state *state = state_of(statement);
  if (state == NULL) return;
  med_wide_catalog_release(state->catalog);
  med_arena_clear(&state->memory);
  med_arena_clear(&state->planning);
  med_arena_clear(&state->execution);
  med_row_buffer_clear(&state->rows);
  med_buffer_clear(&state->page);
  med_buffer_clear(&state->next_page);
  med_free(state);
  statement->state = NULL;
}

static int add_parameters(medley_statement *statement, const med_cql_markers *markers) {
  for (size_t i = 0; i < markers->count; i++) {
    if (med_statement_add_new_parameter(statement, markers->names[i].bytes, markers->names[i].len) != (int)i + 1)
      return med_error_set(med_session_error_slot(statement->session), MEDLEY_TOO_BIG, "cql: too many bind markers");
  }
  return MEDLEY_OK;
}

static int plan_now(medley_statement *statement) {
  medley_session *session = statement->session;
  sqlite3 *handle;
  int rc = med_session_peek_begin(session, &handle);
  if (rc != MEDLEY_OK) return rc;
  rc = ready(statement, med_session_txn(session));
  med_session_peek_end(session);
  return rc;
}

static int parse(medley_statement *statement, const char *text, size_t text_len, size_t *used) {
  cql_state *state = state_of(statement);
  medley_error *error = med_session_error_slot(statement->session);
  med_cql_markers markers = {0};
  char *copy = med_arena_strndup(&state->memory, text, text_len);
  if (copy == NULL) return med_error_no_memory(error);
  state->text = med_slice_of(copy, text_len);
  int rc = med_cql_parse(state->text, &state->memory, &state->statement, &markers, used, error);
  if (rc == MEDLEY_OK) state->text.len = *used;
  return rc == MEDLEY_OK && state->statement != NULL ? add_parameters(statement, &markers) : rc;
}

static int cql_prepare(medley_statement *statement, const char *text, size_t text_len, size_t *used) {
  med_cql_client *client;
  cql_state *state = med_alloc_zero(sizeof *state);
  statement->state = state;
  if (state == NULL) return med_error_no_memory(med_session_error_slot(statement->session));
  int rc;
  MED_TRY(med_cql_client_open(statement->session, &client));
  memcpy(state->keyspace, client->keyspace, client->keyspace_len);
  state->keyspace_len = client->keyspace_len;
  MED_TRY(parse(statement, text, text_len, used));
  if (state->statement == NULL) {
    cql_close(statement);
    return MEDLEY_OK;
  }
  statement->writes = !only_reads(state->statement->kind);
  rc = plan_now(statement);
done:
  if (rc != MEDLEY_OK) cql_close(statement);
  return rc;
}

/* ---- Running ---- */
static int buffer_row(medley_statement *statement, const medley_value *values) {
  return med_row_buffer_add(&state_of(statement)->rows, values, (size_t)statement->column_count,
                            med_session_error_slot(statement->session));
}

static int next_buffered_row(medley_statement *statement) {
  return med_row_buffer_next(&state_of(statement)->rows, &statement->row, med_session_error_slot(statement->session));
}

static bool only_adds(const med_cql_statement *statement) {
  if (statement->kind != MED_CQL_BATCH) return statement->kind == MED_CQL_INSERT && !statement->as.insert.if_not_exists;
  for (size_t i = 0; i < statement->as.batch.count; i++) {
    if (!only_adds(&statement->as.batch.statements[i])) return false;
  }
  return true;
}

static int access_of(const med_cql_statement *statement) {
  bool frees =
      statement->kind == MED_CQL_DELETE || statement->kind == MED_CQL_TRUNCATE || statement->kind == MED_CQL_DROP;
  return frees ? MED_FREES : only_adds(statement) ? MED_ADDS : MED_WRITES;
}

static int run_changes(medley_statement *statement, med_txn *txn) {
  cql_state *state = state_of(statement);
  int rc = ready(statement, txn);
  if (rc != MEDLEY_OK) return rc;
  begin_run(statement, txn, false);
  if (!is_modification(state->statement->kind)) return med_cql_define(&state->run, state->statement);
  med_cql_applied applied;
  rc = med_cql_modify_run(&state->run, &state->plan.modify, &applied);
  for (size_t i = 0; rc == MEDLEY_OK && i < applied.count; i++) rc = buffer_row(statement, applied.rows[i]);
  return rc;
}

static int run_write(medley_statement *statement) {
  cql_state *state = state_of(statement);
  med_txn *txn;
  int rc = med_session_statement_begin(statement->session, access_of(state->statement), &txn);
  if (rc != MEDLEY_OK) return rc;
  rc = run_changes(statement, txn);
  rc = med_session_statement_end(statement->session, rc, false);
  if (rc != MEDLEY_OK) return rc;
  statement->running = true;
  med_row_buffer_end(&state->rows, MEDLEY_DONE, NULL);
  return next_buffered_row(statement);
}

static int end_stream(medley_statement *statement, int rc) {
  cql_state *state = state_of(statement);
  if (rc == MEDLEY_DONE && state->cursor != NULL && !med_cql_select_page_state(state->cursor, &state->next_page))
    rc = med_error_no_memory(med_session_error_slot(statement->session));
  med_cql_select_close(state->cursor);
  state->cursor = NULL;
  (void)med_session_statement_end(statement->session, rc == MEDLEY_DONE ? MEDLEY_OK : rc, false);
  return rc;
}

/* What reads and comes from memory: definitions. */
static int run_describe(medley_statement *statement) {
  cql_state *state = state_of(statement);
  med_cql_described *rows = NULL;
  int rc = state->statement->kind == MED_CQL_USE
               ? med_cql_use(&state->run, &state->statement->as.use)
               : med_cql_describe_run(&state->run, &state->statement->as.describe, &rows);
  for (; rc == MEDLEY_OK && rows != NULL; rows = rows->next) rc = buffer_row(statement, rows->values);
  return rc;
}

static int begin_read(medley_statement *statement) {
  cql_state *state = state_of(statement);
  medley_session *session = statement->session;
  med_txn *txn;
  int rc = med_session_statement_begin(session, MED_READS, &txn);
  if (rc != MEDLEY_OK) return rc;
  state->deadline_us = session->deadline_us;
  rc = ready(statement, txn);
  begin_run(statement, txn, false);
  med_cql_page page = {state->page_rows, med_slice_of(state->page.bytes, state->page.len)};
  state->next_page.len = 0;
  if (rc == MEDLEY_OK && state->statement->kind == MED_CQL_SELECT)
    rc = med_cql_select_open(&state->run, &state->plan.select, &page, &state->cursor);
  else if (rc == MEDLEY_OK)
    rc = run_describe(statement);
  if (rc == MEDLEY_OK) statement->running = true;
  if (rc == MEDLEY_OK && state->cursor != NULL) return rc;
  if (rc == MEDLEY_OK) med_row_buffer_end(&state->rows, MEDLEY_DONE, NULL);
  return end_stream(statement, rc);
}

static int cql_step(medley_statement *statement) {
  cql_state *state = state_of(statement);
  if (!statement->running) {
    int rc = statement->writes ? run_write(statement) : begin_read(statement);
    if (rc != MEDLEY_OK || statement->writes) return rc;
  }
  if (state->rows.active) return next_buffered_row(statement);
  statement->session->deadline_us = state->deadline_us;
  int rc = med_cql_select_next(state->cursor, &statement->row);
  return rc == MEDLEY_ROW ? rc : end_stream(statement, rc);
}

static void cql_reset(medley_statement *statement) {
  cql_state *state = state_of(statement);
  if (state == NULL) return;
  if (state->cursor != NULL) (void)end_stream(statement, MEDLEY_DONE);
  med_row_buffer_reset(&state->rows);
  med_arena_reset(&state->execution);
}

/* As in SQL: a failure comes to whoever steps on. */
static int cql_drain(medley_statement *statement) {
  cql_state *state = state_of(statement);
  medley_session *session = statement->session;
  const medley_value *present = NULL, *row;
  int rc = MEDLEY_OK;
  if (statement->has_row && statement->row != NULL) { /* its reader may not have finished with it */
    rc = med_row_buffer_keep(&state->rows, statement->row, (size_t)statement->column_count, &present, &session->error);
    if (rc != MEDLEY_OK) return rc;
  }
  while ((rc = med_cql_select_next(state->cursor, &row)) == MEDLEY_ROW) {
    rc = buffer_row(statement, row);
    if (rc != MEDLEY_OK) break;
  }
  med_row_buffer_end(&state->rows, rc, &session->error);
  (void)end_stream(statement, rc);
  med_error_clear(&session->error);
  statement->row = present;
  return MEDLEY_OK;
}

static int cql_page(medley_statement *statement, uint64_t rows, med_slice page) {
  cql_state *state = state_of(statement);
  medley_error *error = med_session_error_slot(statement->session);
  if (state->statement->kind != MED_CQL_SELECT)
    return med_error_set(error, MEDLEY_UNSUPPORTED, "cql: only SELECT has pages");
  state->page_rows = rows;
  state->page.len = 0;
  return med_buffer_append(&state->page, page.bytes, page.len) ? MEDLEY_OK : med_error_no_memory(error);
}

static med_slice cql_page_state(const medley_statement *statement) {
  const cql_state *state = statement->state;
  return med_slice_of(state->next_page.bytes, state->next_page.len);
}

static bool cql_streams(const medley_statement *statement) {
  const cql_state *state = statement->state;
  return state->cursor != NULL;
}

const med_language med_language_cql = {
    .id = MEDLEY_LANGUAGE_CQL,
    .prepare = cql_prepare,
    .step = cql_step,
    .reset = cql_reset,
    .close = cql_close,
    .drain = cql_drain,
    .streams = cql_streams,
    .page = cql_page,
    .page_state = cql_page_state,
};
