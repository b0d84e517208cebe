/* sql_language.c - SQL statements in the session's transaction.
 *
 * A statement that reads streams from SQLite; one that writes runs to its end in its first step and hands its rows out of
 * memory, because its transaction must not stay open between steps. When the transaction under a streaming statement ends,
 * what is left of its rows is taken into memory (drain). */
#include <assert.h>
#include <string.h>
#include <strings.h>

#include "engine/row_buffer.h"
#include "engine/session_state.h"
#include "engine/sql/control.h"
#include "engine/sql/group_query.h"
#include "engine/sql/wide_names.h"

typedef struct sql_state {
  char *text; /* of this statement alone */
  size_t text_len;
  med_control control;
  sqlite3_stmt *stmt;
  bool of_groups;       /* it asks medley_groups in the place of the text */
  uint64_t definitions; /* of CQL, when that was found to be the same */
  uint64_t generation;  /* of the connection that stmt belongs to */
  int access;
  int64_t deadline_us; /* of a streaming read: each statement has a clock of its own */
  bool streaming;      /* a read that holds its transaction */
  medley_value *row;   /* of a streaming row, column by column as they are asked for */
  uint64_t *row_numbers;
  uint64_t row_number;
  med_mark mark;  /* of a write: where its transaction's undo stood when it began */
  int reprepared; /* how often SQLite has compiled it anew: names of columns may have changed */
  med_row_buffer rows;
} sql_state;

static sql_state *state_of(medley_statement *statement) { return statement->state; }

static void drop_compiled(sql_state *state) {
  (void)sqlite3_finalize(state->stmt);
  state->stmt = NULL;
}

/* ---- Prepare ---- */
static int add_columns(medley_statement *statement) {
  sql_state *state = state_of(statement);
  int count = sqlite3_column_count(state->stmt);
  med_statement_clear_columns(statement);
  for (int i = 0; i < count; i++) {
    const char *name = sqlite3_column_name(state->stmt, i);
    if (name == NULL) return MEDLEY_NO_MEMORY;
    int rc = med_statement_add_column(statement, name, strlen(name));
    if (rc != MEDLEY_OK) return rc;
  }
  medley_value *row = med_realloc(state->row, (size_t)(count > 0 ? count : 1) * sizeof *row);
  if (row == NULL) return MEDLEY_NO_MEMORY;
  state->row = row;
  uint64_t *numbers = med_realloc(state->row_numbers, (size_t)(count > 0 ? count : 1) * sizeof *numbers);
  if (numbers == NULL) return MEDLEY_NO_MEMORY;
  memset(numbers, 0, (size_t)(count > 0 ? count : 1) * sizeof *numbers);
  state->row_numbers = numbers;
  return MEDLEY_OK;
}

static int add_parameters(medley_statement *statement) {
  sql_state *state = state_of(statement);
  int count = sqlite3_bind_parameter_count(state->stmt);
  for (int i = statement->parameter_count + 1; i <= count; i++) {
    const char *name = sqlite3_bind_parameter_name(state->stmt, i);
    int number = med_statement_add_parameter(statement, name, name != NULL ? strlen(name) : 0);
    if (number != i) return number == 0 ? MEDLEY_NO_MEMORY : MEDLEY_ERROR;
  }
  return MEDLEY_OK;
}

static bool frees_space(med_slice word) {
  static const char *const words[] = {"delete", "drop"};
  for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
    if (word.len == strlen(words[i]) && strncasecmp(word.bytes, words[i], word.len) == 0) return true;
  }
  return false;
}

static int refuse_vacuum(medley_session *session, const char *text, size_t text_len, med_slice word) {
  if (word.len != 6 || strncasecmp(word.bytes, "vacuum", 6) != 0) return MEDLEY_OK;
  med_error_set(&session->error, MEDLEY_UNSUPPORTED,
                "VACUUM is not supported: the file is shared by all models: use compact, which copies it");
  med_error_set_position(&session->error, text, text_len, (size_t)((const char *)word.bytes - text));
  return MEDLEY_UNSUPPORTED;
}

static bool same_text(const char *a, const char *b) { return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0); }

/* For whoever reads its rows and binds its parameters. */
static bool look_the_same(sqlite3_stmt *a, sqlite3_stmt *b) {
  int columns = sqlite3_column_count(a), parameters = sqlite3_bind_parameter_count(a);
  bool same = columns == sqlite3_column_count(b) && parameters == sqlite3_bind_parameter_count(b);
  for (int i = 0; same && i < columns; i++) same = same_text(sqlite3_column_name(a, i), sqlite3_column_name(b, i));
  for (int i = 1; same && i <= parameters; i++)
    same = same_text(sqlite3_bind_parameter_name(a, i), sqlite3_bind_parameter_name(b, i));
  return same;
}

/* Totals by groups are asked in another way: the statement that does takes the place of the text's own. */
static int compile_groups(medley_session *session, sql_state *state, const char *text, size_t text_len) {
  med_buffer rewritten = {0};
  sqlite3_stmt *other = NULL;
  if (state->stmt == NULL || !sqlite3_stmt_readonly(state->stmt) || !med_wide_names_any(session)) return MEDLEY_OK;
  int rc = med_group_query_rewrite(session, state->stmt, text, text_len, &rewritten);
  if (rc == MEDLEY_OK && rewritten.len > 0)
    (void)sqlite3_prepare_v3(med_sql_handle(session->sql), rewritten.bytes, (int)rewritten.len,
                             SQLITE_PREPARE_PERSISTENT, &other, NULL);
  med_buffer_clear(&rewritten);
  state->of_groups = other != NULL && look_the_same(state->stmt, other);
  if (state->of_groups) rc = med_wide_catalog_version_now(med_session_txn(session), &state->definitions);
  (void)sqlite3_finalize(state->of_groups ? state->stmt : other);
  if (state->of_groups) state->stmt = other;
  return rc;
}

/* Compiles state->text (or, at first, text) and says where the statement ended. state->stmt is NULL before, and after a failure. */
static int compile(medley_session *session, sql_state *state, const char *text, size_t text_len, const char **tail) {
  const char *end = text + text_len;
  state->of_groups = false;
  state->reprepared = 0;
  if (text_len > INT32_MAX) return med_error_set(&session->error, MEDLEY_TOO_BIG, "the text is larger than 2 GiB");
  int code = sqlite3_prepare_v3(med_sql_handle(session->sql), text, (int)text_len, SQLITE_PREPARE_PERSISTENT,
                                &state->stmt, &end);
  if (code != SQLITE_OK) {
    int rc = med_sql_fail(session->sql, code, text, text_len, &session->error);
    med_wide_names_explain(session, &session->error);
    return rc;
  }
  if (tail != NULL) *tail = end;
  int rc = compile_groups(session, state, text, (size_t)(end - text));
  if (rc != MEDLEY_OK) drop_compiled(state);
  return rc;
}

static int prepare_ordinary(medley_statement *statement, const char *text, size_t text_len, size_t *used) {
  medley_session *session = statement->session;
  sql_state *state = state_of(statement);
  sqlite3 *handle;
  const char *tail = text + text_len;
  int rc = med_session_peek_begin(session, &handle);
  if (rc != MEDLEY_OK) return rc;
  MED_TRY(med_wide_names_refresh(session, handle));
  MED_TRY(compile(session, state, text, text_len, &tail));
  *used = (size_t)(tail - text);
  if (state->stmt == NULL) goto done; /* blanks and comments */
  state->generation = med_sql_generation(session->sql);
  state->text_len = *used;
  state->text = med_strndup(text, *used);
  if (state->text == NULL) rc = MEDLEY_NO_MEMORY;
  if (rc == MEDLEY_OK) rc = add_columns(statement);
  if (rc == MEDLEY_OK) rc = add_parameters(statement);
  statement->writes = !sqlite3_stmt_readonly(state->stmt);
  state->access = !statement->writes                                    ? MED_READS
                  : frees_space(med_control_first_word(text, text_len)) ? MED_FREES
                                                                        : MED_WRITES;
done:
  med_session_peek_end(session);
  return rc == MEDLEY_NO_MEMORY ? med_error_no_memory(&session->error) : rc;
}

static void sql_close(medley_statement *statement) {
  sql_state *state = state_of(statement);
  if (state == NULL) return;
  (void)sqlite3_finalize(state->stmt);
  med_row_buffer_clear(&state->rows);
  med_free(state->row);
  med_free(state->row_numbers);
  med_free(state->text);
  med_free(state);
  statement->state = NULL;
}

static int prepare_control(sql_state *state, const char *text, size_t *used) {
  *used = state->control.used;
  state->text_len = *used;
  state->text = med_strndup(text, *used);
  if (state->text == NULL) return MEDLEY_NO_MEMORY;
  if (state->control.name.len > 0) {
    size_t offset = (size_t)((const char *)state->control.name.bytes - text);
    state->control.name.bytes = state->text + offset;
  }
  return MEDLEY_OK;
}

static int sql_prepare(medley_statement *statement, const char *text, size_t text_len, size_t *used) {
  medley_session *session = statement->session;
  sql_state *state = med_alloc_zero(sizeof *state);
  if (state == NULL) return med_error_no_memory(&session->error);
  statement->state = state;
  int rc;
  MED_TRY(med_control_parse(text, text_len, &state->control, &session->error));
  MED_TRY(refuse_vacuum(session, text, text_len, med_control_first_word(text, text_len)));
  if (state->control.kind != MED_CONTROL_NONE) {
    rc = prepare_control(state, text, used);
  } else {
    rc = prepare_ordinary(statement, text, text_len, used);
    if (rc == MEDLEY_OK && state->stmt == NULL) sql_close(statement);
  }
done:
  return rc == MEDLEY_NO_MEMORY ? med_error_no_memory(&session->error) : rc;
}

/* ---- Rows ---- */
/* A failed conversion is a NULL pointer of SQLite's: memory was short. */
static bool read_column(sqlite3_stmt *stmt, int i, medley_value *value) {
  switch (sqlite3_column_type(stmt, i)) {
    case SQLITE_INTEGER:
      value->type = MEDLEY_TYPE_INTEGER;
      value->as.integer = sqlite3_column_int64(stmt, i);
      return true;
    case SQLITE_FLOAT:
      value->type = MEDLEY_TYPE_REAL;
      value->as.real = sqlite3_column_double(stmt, i);
      return true;
    case SQLITE_TEXT:
      value->type = MEDLEY_TYPE_TEXT;
      value->as.text.bytes = (const char *)sqlite3_column_text(stmt, i);
      value->as.text.len = (size_t)sqlite3_column_bytes(stmt, i);
      return value->as.text.bytes != NULL;
    case SQLITE_BLOB:
      value->type = MEDLEY_TYPE_BLOB;
      value->as.text.bytes = sqlite3_column_blob(stmt, i);
      value->as.text.len = (size_t)sqlite3_column_bytes(stmt, i);
      return value->as.text.bytes != NULL || value->as.text.len == 0;
    default: value->type = MEDLEY_TYPE_NULL; return true;
  }
}

/* Of a streaming row: read when it is asked for, and then kept until the next step. */
static const medley_value *sql_column(medley_statement *statement, int column) {
  sql_state *state = state_of(statement);
  medley_value *value = &state->row[column];
  if (state->row_numbers[column] == state->row_number) return value;
  if (!read_column(state->stmt, column, value)) {
    value->type = MEDLEY_TYPE_NULL;
    (void)med_error_no_memory(&statement->session->error);
  }
  state->row_numbers[column] = state->row_number;
  return value;
}

static int64_t sql_integer(medley_statement *statement, int column) {
  return sqlite3_column_int64(state_of(statement)->stmt, column);
}
static double sql_real(medley_statement *statement, int column) {
  return sqlite3_column_double(state_of(statement)->stmt, column);
}
static const char *sql_text(medley_statement *statement, int column, size_t *len) {
  sqlite3_stmt *stmt = state_of(statement)->stmt;
  const char *text = (const char *)sqlite3_column_text(stmt, column);
  *len = text != NULL ? (size_t)sqlite3_column_bytes(stmt, column) : 0;
  if (text == NULL && sqlite3_column_type(stmt, column) == SQLITE_NULL) return "";
  return text;
}
/* A number has its text here, as everywhere; an empty blob is a NULL pointer of SQLite's. */
static const void *sql_blob(medley_statement *statement, int column, size_t *len) {
  sqlite3_stmt *stmt = state_of(statement)->stmt;
  if (sqlite3_column_type(stmt, column) != SQLITE_BLOB) return sql_text(statement, column, len);
  const void *blob = sqlite3_column_blob(stmt, column);
  *len = (size_t)sqlite3_column_bytes(stmt, column);
  if (blob != NULL || *len == 0) return blob != NULL ? blob : "";
  *len = 0;
  return NULL;
}
static const med_column_access sql_access = {sql_integer, sql_real, sql_text, sql_blob};

static int buffer_row(medley_statement *statement) {
  sql_state *state = state_of(statement);
  for (int i = 0; i < statement->column_count; i++) {
    if (!read_column(state->stmt, i, &state->row[i])) return MEDLEY_NO_MEMORY;
  }
  return med_row_buffer_add(&state->rows, state->row, (size_t)statement->column_count, &statement->session->error);
}

static int next_buffered_row(medley_statement *statement) {
  return med_row_buffer_next(&state_of(statement)->rows, &statement->row, &statement->session->error);
}

/* ---- Binding ---- */
static int bind_parameter(sqlite3_stmt *stmt, int index, const medley_value *value) {
  switch (value->type) {
    case MEDLEY_TYPE_NULL: return sqlite3_bind_null(stmt, index);
    case MEDLEY_TYPE_BOOLEAN: return sqlite3_bind_int(stmt, index, value->as.boolean);
    case MEDLEY_TYPE_INTEGER: return sqlite3_bind_int64(stmt, index, value->as.integer);
    case MEDLEY_TYPE_REAL: return sqlite3_bind_double(stmt, index, value->as.real);
    case MEDLEY_TYPE_TEXT:
    case MEDLEY_TYPE_STATUS:
      return sqlite3_bind_text64(stmt, index, value->as.text.bytes, value->as.text.len, SQLITE_STATIC, SQLITE_UTF8);
    case MEDLEY_TYPE_BLOB:
      return sqlite3_bind_blob64(stmt, index, value->as.text.bytes, value->as.text.len, SQLITE_STATIC);
    default: return SQLITE_MISMATCH;
  }
}

static int bind_parameters(medley_statement *statement) {
  sql_state *state = state_of(statement);
  for (int i = 0; i < statement->parameter_count; i++) {
    if (!statement->parameters[i].changed) continue;
    int code = bind_parameter(state->stmt, i + 1, &statement->parameters[i].value);
    statement->parameters[i].changed = code != SQLITE_OK;
    if (code == SQLITE_OK) continue;
    if (code == SQLITE_MISMATCH) {
      return med_error_set(&statement->session->error, MEDLEY_TYPE,
                           "bind: parameter %d is a list, map or graph value, which SQL does not have", i + 1);
    }
    return med_sql_fail(statement->session->sql, code, NULL, 0, &statement->session->error);
  }
  return MEDLEY_OK;
}

/* ---- Running ---- */
/* Whether CQL has defined something since: a table by which SQLite knows that is not in a statement of groups. */
static int find_redefined(medley_session *session, const sql_state *state, bool *redefined) {
  uint64_t version = state->definitions;
  int rc = state->of_groups ? med_wide_catalog_version_now(med_session_txn(session), &version) : MEDLEY_OK;
  *redefined = version != state->definitions;
  return rc;
}

/* The statement on the present connection: compiled anew if the connection was reopened. */
static int ready(medley_statement *statement) {
  medley_session *session = statement->session;
  sql_state *state = state_of(statement);
  sqlite3 *handle;
  bool redefined;
  int rc;
  MED_TRY(med_session_bind_sql(session, &handle));
  MED_TRY(find_redefined(session, state, &redefined));
  if (state->stmt == NULL || redefined || state->generation != med_sql_generation(session->sql)) {
    drop_compiled(state);
    MED_TRY(med_wide_names_refresh(session, handle));
    MED_TRY(compile(session, state, state->text, state->text_len, NULL));
    state->generation = med_sql_generation(session->sql);
    for (int i = 0; i < statement->parameter_count; i++) statement->parameters[i].changed = true;
    MED_TRY(add_columns(statement));
  }
  rc = bind_parameters(statement);
done:
  return rc;
}

/* After a failure: whether a wide-column table was altered since the statement was compiled, and it has been compiled anew. */
static bool made_ready_again(medley_statement *statement, int *rc) {
  medley_session *session = statement->session;
  sql_state *state = state_of(statement);
  if (*rc != MEDLEY_ERROR || med_session_sql_gave_up(session) || !med_wide_names_take_outdated(session)) return false;
  /* What has written came beyond its beginning: another reason made it fail, and what it altered is its own. */
  if (statement->writes && med_txn_mark(med_session_txn(session)) != state->mark) return false;
  drop_compiled(state);
  med_error_clear(&session->error);
  *rc = ready(statement);
  return *rc == MEDLEY_OK;
}

/* After the first step of a statement of groups: whether SQLite has compiled it anew, for its schema has changed: names may mean something
 * else in the text now. Then that is compiled anew. */
static bool made_anew(medley_statement *statement, int *rc) {
  sql_state *state = state_of(statement);
  if (!state->of_groups || sqlite3_stmt_status(state->stmt, SQLITE_STMTSTATUS_REPREPARE, 0) == 0) return false;
  if (*rc != MEDLEY_ROW && *rc != MEDLEY_DONE && *rc != MEDLEY_ERROR) return false;
  drop_compiled(state);
  med_error_clear(&statement->session->error);
  *rc = ready(statement);
  return *rc == MEDLEY_OK;
}

/* One step of SQLite; columns may have changed if the schema did. */
static int step_once(medley_statement *statement) {
  sql_state *state = state_of(statement);
  int code = sqlite3_step(state->stmt);
  if (code == SQLITE_ROW || code == SQLITE_DONE) {
    int reprepared = sqlite3_stmt_status(state->stmt, SQLITE_STMTSTATUS_REPREPARE, 0);
    if (reprepared != state->reprepared || sqlite3_column_count(state->stmt) != statement->column_count) {
      state->reprepared = reprepared;
      int rc = add_columns(statement);
      if (rc != MEDLEY_OK) return rc;
    }
    return code == SQLITE_ROW ? MEDLEY_ROW : MEDLEY_DONE;
  }
  return med_sql_fail(statement->session->sql, code, state->text, state->text_len, &statement->session->error);
}

/* *finished: SQLite came to the statement's end, well or not; otherwise a row did not fit into memory. */
static int buffer_all(medley_statement *statement, bool *finished) {
  int rc;
  *finished = false;
  while ((rc = step_once(statement)) == MEDLEY_ROW) {
    rc = buffer_row(statement);
    if (rc != MEDLEY_OK) return rc == MEDLEY_NO_MEMORY ? med_error_no_memory(&statement->session->error) : rc;
  }
  *finished = true;
  return rc;
}

/* Ends SQLite's part and keeps the failure that is in the slot. */
static void end_sqlite(sql_state *state, medley_session *session, int rc) {
  if (state->stmt == NULL) return;
  if (rc == MEDLEY_OK || rc == MEDLEY_DONE) {
    (void)sqlite3_reset(state->stmt);
    return;
  }
  medley_error kept = session->error;
  (void)sqlite3_reset(state->stmt);
  session->error = kept;
}

/* A write whose rows do not fit into memory must not stay; but SQLite completes a statement that is reset before its end. In a
 * transaction such a statement runs inside of a savepoint. Outside of one it is interrupted, which rolls it back: a transaction
 * around it would keep what SQLite undoes only when it is in none (OR IGNORE and a value of the wrong type in a STRICT table). */
#define GUARD_NUMBER 1000000

/* Ends the savepoint. rc: how the statement went; finished: SQLite came to its end, well or not. */
static int close_guard(medley_session *session, int rc, bool finished) {
  if (!med_sql_in_transaction(session->sql)) return rc; /* SQLite has rolled back everything */
  medley_error kept = session->error;
  int closed = finished ? MEDLEY_OK : med_sql_rollback_to(session->sql, GUARD_NUMBER);
  if (closed == MEDLEY_OK) closed = med_sql_release(session->sql, GUARD_NUMBER);
  if (rc == MEDLEY_OK) return closed;
  session->error = kept;
  return rc;
}

/* The statement has rows left that nobody will read, and is in no transaction. */
static void abandon(sql_state *state, medley_session *session) {
  sqlite3_interrupt(med_sql_handle(session->sql));
  (void)sqlite3_step(state->stmt);
}

static int run_in_transaction(medley_statement *statement) {
  medley_session *session = statement->session;
  sql_state *state = state_of(statement);
  bool guarded = statement->column_count > 0 && session->state != MEDLEY_NO_TRANSACTION;
  int rc = ready(statement);
  if (rc == MEDLEY_OK && guarded) rc = med_sql_savepoint(session->sql, GUARD_NUMBER);
  if (rc != MEDLEY_OK) return rc;
  bool finished = false;
  state->mark = med_txn_mark(med_session_txn(session));
  rc = buffer_all(statement, &finished);
  if (state->rows.first == NULL && made_ready_again(statement, &rc)) rc = buffer_all(statement, &finished);
  if (rc == MEDLEY_DONE) {
    rc = MEDLEY_OK;
    session->changes = sqlite3_changes64(med_sql_handle(session->sql));
    session->last_rowid = sqlite3_last_insert_rowid(med_sql_handle(session->sql));
  }
  if (!finished && !guarded) abandon(state, session);
  end_sqlite(state, session, rc);
  if (guarded) rc = close_guard(session, rc, finished);
  return rc;
}

static int run_write(medley_statement *statement) {
  medley_session *session = statement->session;
  sql_state *state = state_of(statement);
  med_txn *txn;
  int rc = med_session_statement_begin(session, state->access, &txn);
  if (rc != MEDLEY_OK) return rc;
  med_txn_set_undo(txn, true); /* virtual tables roll back to marks within a statement */
  rc = run_in_transaction(statement);
  /* SQLite has its own savepoint around a statement, virtual tables included; OR FAIL means what it says. */
  if (rc != MEDLEY_OK && med_sql_in_transaction(session->sql)) med_session_statement_undone(session);
  rc = med_session_statement_end(session, rc, false);
  if (rc != MEDLEY_OK) return rc;
  med_row_buffer_end(&state->rows, MEDLEY_DONE, NULL);
  statement->running = true;
  return next_buffered_row(statement);
}

static int end_stream(medley_statement *statement, int rc) {
  sql_state *state = state_of(statement);
  medley_session *session = statement->session;
  end_sqlite(state, session, rc);
  state->streaming = false;
  (void)med_session_statement_end(session, rc == MEDLEY_DONE ? MEDLEY_OK : rc, false);
  return rc;
}

static int begin_stream(medley_statement *statement) {
  medley_session *session = statement->session;
  med_txn *txn;
  int rc = med_session_statement_begin(session, MED_READS, &txn);
  if (rc != MEDLEY_OK) return rc;
  state_of(statement)->streaming = true;
  state_of(statement)->deadline_us = session->deadline_us;
  statement->running = true;
  rc = ready(statement);
  return rc == MEDLEY_OK ? rc : end_stream(statement, rc);
}

static int run_control(medley_statement *statement) {
  medley_session *session = statement->session;
  const med_control *control = &state_of(statement)->control;
  int rc = MEDLEY_MISUSE;
  switch (control->kind) {
    case MED_CONTROL_BEGIN: rc = med_session_begin(session, control->mode); break;
    case MED_CONTROL_COMMIT: rc = med_session_commit(session); break;
    case MED_CONTROL_ROLLBACK: rc = med_session_rollback(session); break;
    case MED_CONTROL_SAVEPOINT: rc = med_session_savepoint(session, control->name); break;
    case MED_CONTROL_RELEASE: rc = med_session_release(session, control->name); break;
    case MED_CONTROL_ROLLBACK_TO: rc = med_session_rollback_to(session, control->name); break;
    case MED_CONTROL_NONE: break;
  }
  return rc == MEDLEY_OK ? MEDLEY_DONE : rc;
}

static int sql_step(medley_statement *statement) {
  sql_state *state = state_of(statement);
  bool begun = statement->running;
  if (state->control.kind != MED_CONTROL_NONE) return run_control(statement);
  if (!begun) {
    if (statement->writes) return run_write(statement);
    int rc = begin_stream(statement);
    if (rc != MEDLEY_OK) return rc;
  }
  if (state->rows.active) return next_buffered_row(statement);
  statement->session->deadline_us = state->deadline_us;
  int rc = step_once(statement);
  if (!begun && (made_ready_again(statement, &rc) || made_anew(statement, &rc))) rc = step_once(statement);
  if (rc != MEDLEY_ROW) return end_stream(statement, rc);
  state->row_number++;
  return rc;
}

static void sql_reset(medley_statement *statement) {
  sql_state *state = state_of(statement);
  if (state == NULL) return;
  if (state->streaming) (void)end_stream(statement, MEDLEY_DONE);
  med_row_buffer_reset(&state->rows);
}

/* Its failure, if there is one, comes to whoever steps on; the transaction that ends meanwhile goes its way. */
static int sql_drain(medley_statement *statement) {
  sql_state *state = state_of(statement);
  medley_session *session = statement->session;
  const medley_value *present = NULL;
  int rc;
  if (statement->has_row && statement->row == NULL) { /* its reader may not have finished with it */
    size_t count = (size_t)statement->column_count;
    for (size_t i = 0; i < count; i++) (void)sql_column(statement, (int)i);
    rc = med_row_buffer_keep(&state->rows, state->row, count, &present, &session->error);
    if (rc != MEDLEY_OK) return rc;
  }
  bool finished;
  rc = buffer_all(statement, &finished);
  med_row_buffer_end(&state->rows, rc, &session->error);
  (void)end_stream(statement, rc);
  med_error_clear(&session->error);
  statement->row = present;
  return MEDLEY_OK;
}

static bool sql_streams(const medley_statement *statement) {
  const sql_state *state = statement->state;
  return state->streaming;
}

const med_language med_language_sql = {
    .id = MEDLEY_LANGUAGE_SQL,
    .prepare = sql_prepare,
    .step = sql_step,
    .reset = sql_reset,
    .close = sql_close,
    .drain = sql_drain,
    .streams = sql_streams,
    .column = sql_column,
    .access = &sql_access,
};
