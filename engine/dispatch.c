/* dispatch.c - the statement: prepare, parameters, step, columns, for every language. */
#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "engine/language.h"
#include "engine/session_state.h"

#define PARAMETER_COUNT_MAX 32766
#define COLUMN_COUNT_MAX 32767

static const med_language *find_language(medley_language language) {
  switch (language) {
    case MEDLEY_LANGUAGE_SQL: return &med_language_sql;
    case MEDLEY_LANGUAGE_REDIS: return &med_language_redis;
    case MEDLEY_LANGUAGE_CQL: return &med_language_cql;
    default: return NULL;
  }
}

/* ---- Life ---- */
static void link_statement(medley_session *session, medley_statement *statement) {
  statement->next = session->statements;
  if (statement->next != NULL) statement->next->previous = statement;
  session->statements = statement;
}

static void unlink_statement(medley_session *session, medley_statement *statement) {
  if (statement->next != NULL) statement->next->previous = statement->previous;
  if (statement->previous != NULL)
    statement->previous->next = statement->next;
  else
    session->statements = statement->next;
  statement->next = statement->previous = NULL;
}

static void free_statement(medley_statement *statement) {
  for (int i = 0; i < statement->parameter_count; i++) {
    med_free(statement->parameters[i].name);
    med_arena_clear(&statement->parameters[i].memory);
  }
  med_free(statement->parameters);
  med_statement_clear_columns(statement);
  med_arena_clear(&statement->conversions);
  med_free(statement);
}

static int prepare(medley_session *session, medley_language language, const char *text, size_t text_len,
                   medley_statement **prepared, const char **tail) {
  const med_language *implementation = find_language(language);
  if (implementation == NULL) {
    const char *name = medley_language_name(language);
    return med_error_set(&session->error, MEDLEY_UNSUPPORTED, "%s is not built yet", name != NULL ? name : "language");
  }
  medley_statement *statement = med_alloc_zero(sizeof *statement);
  if (statement == NULL) return med_error_no_memory(&session->error);
  statement->session = session;
  statement->language = implementation;
  size_t used = text_len;
  int rc = implementation->prepare(statement, text, text_len, &used);
  if (tail != NULL) *tail = text + used;
  if (rc != MEDLEY_OK || statement->state == NULL) {
    if (statement->state != NULL) implementation->close(statement);
    free_statement(statement);
    return rc;
  }
  link_statement(session, statement);
  *prepared = statement;
  return MEDLEY_OK;
}

int medley_prepare(medley_session *session, medley_language language, const char *text, size_t text_len,
                   medley_statement **statement, const char **tail) {
  if (statement == NULL || text == NULL) return MEDLEY_MISUSE;
  *statement = NULL;
  if (text_len == MEDLEY_NUL_ENDED) text_len = strlen(text);
  if (tail != NULL) *tail = text + text_len;
  int rc = med_session_enter(session);
  if (rc != MEDLEY_OK) return rc;
  rc = med_session_fail(session, language, prepare(session, language, text, text_len, statement, tail));
  med_session_leave(session);
  return rc;
}

static void forget_conversions(medley_statement *statement) {
  statement->converted = NULL;
  statement->short_columns = 0;
  statement->known_column = 0;
  med_arena_reset(&statement->conversions);
}

static void end_execution(medley_statement *statement) {
  statement->language->reset(statement);
  statement->running = statement->has_row = false;
  statement->row = NULL;
  forget_conversions(statement);
}

void medley_statement_close(medley_statement *statement) {
  if (statement == NULL) return;
  medley_session *session = statement->session;
  if (session == NULL) {
    free_statement(statement);
    return;
  }
  /* Not through enter: a dead handle gives its statements back too, and so does a finalizer on any thread. */
  if (atomic_exchange(&session->inside, 1) != 0) {
    statement->given_back = true; /* the session frees it when it closes */
    return;
  }
  medley_error kept = session->error; /* whoever closes a failed statement still wants to read why it failed */
  end_execution(statement);
  statement->language->close(statement);
  unlink_statement(session, statement);
  free_statement(statement);
  session->error = kept;
  session->inside = 0;
}

void med_statement_orphan(medley_statement *statement) {
  end_execution(statement);
  if (statement->state != NULL) statement->language->close(statement);
  statement->session = NULL;
  statement->next = statement->previous = NULL;
  if (statement->given_back) free_statement(statement);
}

int med_session_drain(medley_session *session) {
  for (medley_statement *statement = session->statements; statement != NULL; statement = statement->next) {
    if (!statement->running || statement->language->drain == NULL) continue;
    if (!statement->language->streams(statement)) continue;
    int rc = statement->language->drain(statement);
    if (rc != MEDLEY_OK) return rc;
  }
  return MEDLEY_OK;
}

void med_session_abort_statements(medley_session *session) {
  for (medley_statement *statement = session->statements; statement != NULL; statement = statement->next) {
    if (!statement->running || statement->language->streams == NULL) continue;
    if (!statement->language->streams(statement)) continue;
    end_execution(statement);
    statement->aborted = true;
  }
}

/* ---- Step ---- */
static int step(medley_statement *statement) {
  if (statement->aborted) {
    statement->aborted = false;
    return med_error_set(&statement->session->error, MEDLEY_ABORTED,
                         "the statement's transaction was rolled back while it was running");
  }
  forget_conversions(statement);
  statement->row = NULL;
  int rc = statement->language->step(statement);
  statement->has_row = rc == MEDLEY_ROW;
  if (rc != MEDLEY_ROW) end_execution(statement);
  return rc;
}

int medley_step(medley_statement *statement) {
  if (statement == NULL || statement->session == NULL) return MEDLEY_MISUSE;
  medley_session *session = statement->session;
  int rc = med_session_enter(session);
  if (rc != MEDLEY_OK) return rc;
  rc = med_session_fail(session, statement->language->id, step(statement));
  med_session_leave(session);
  return rc;
}

int medley_reset(medley_statement *statement) {
  if (statement == NULL || statement->session == NULL) return MEDLEY_MISUSE;
  int rc = med_session_enter(statement->session);
  if (rc != MEDLEY_OK) return rc;
  end_execution(statement);
  statement->aborted = false;
  med_session_leave(statement->session);
  return MEDLEY_OK;
}

int medley_statement_writes(const medley_statement *statement) { return statement != NULL && statement->writes; }

/* ---- Parameters ---- */
int med_statement_add_parameter(medley_statement *statement, const char *name, size_t name_len) {
  for (int i = 0; name != NULL && i < statement->parameter_count; i++) {
    const char *present = statement->parameters[i].name;
    if (present != NULL && strlen(present) == name_len && memcmp(present, name, name_len) == 0) return i + 1;
  }
  return med_statement_add_new_parameter(statement, name, name_len);
}

int med_statement_add_new_parameter(medley_statement *statement, const char *name, size_t name_len) {
  if (statement->parameter_count >= PARAMETER_COUNT_MAX) return 0;
  char *copy = name != NULL ? med_strndup(name, name_len) : NULL;
  if (name != NULL && copy == NULL) return 0;
  size_t size = ((size_t)statement->parameter_count + 1) * sizeof(med_parameter);
  med_parameter *parameters = med_realloc(statement->parameters, size);
  if (parameters == NULL) {
    med_free(copy);
    return 0;
  }
  statement->parameters = parameters;
  parameters[statement->parameter_count] = (med_parameter){.name = copy};
  return ++statement->parameter_count;
}

int medley_bind_count(const medley_statement *statement) { return statement != NULL ? statement->parameter_count : 0; }

const char *medley_bind_name(const medley_statement *statement, int index) {
  if (statement == NULL || index < 1 || index > statement->parameter_count) return NULL;
  return statement->parameters[index - 1].name;
}

static bool is_sigil(char c) { return c == '$' || c == ':' || c == '@' || c == '?'; }

int medley_bind_index(const medley_statement *statement, const char *name) {
  if (statement == NULL || name == NULL) return 0;
  for (int i = 0; i < statement->parameter_count; i++) {
    const char *present = statement->parameters[i].name;
    if (present == NULL) continue;
    if (strcmp(present, name) == 0 || (!is_sigil(name[0]) && strcmp(present + 1, name) == 0)) return i + 1;
  }
  return 0;
}

/* The value may be one of the statement's own row, which the end of the execution frees: it is copied before that. */
static int take_value(medley_statement *statement, med_parameter *parameter, const medley_value *value) {
  med_arena fresh = {0};
  medley_value copy;
  bool from_row = statement->running;
  if (!from_row) med_arena_reset(&parameter->memory);
  int rc = med_value_copy(from_row ? &fresh : &parameter->memory, value, &copy);
  if (from_row) {
    end_execution(statement);
    med_arena_clear(&parameter->memory);
    parameter->memory = fresh;
  }
  parameter->value = rc == MEDLEY_OK ? copy : (medley_value){.type = MEDLEY_TYPE_NULL};
  parameter->changed = true;
  return rc;
}

static int bind(medley_statement *statement, int index, const medley_value *value) {
  if (statement == NULL || statement->session == NULL) return MEDLEY_MISUSE;
  medley_session *session = statement->session;
  int rc = med_session_enter(session);
  if (rc != MEDLEY_OK) return rc;
  if (index < 1 || index > statement->parameter_count) {
    rc = med_error_set(&session->error, MEDLEY_RANGE, "bind: there is no parameter %d: the statement has %d", index,
                       statement->parameter_count);
  } else {
    rc = take_value(statement, &statement->parameters[index - 1], value);
  }
  rc = med_session_fail(session, statement->language->id, rc);
  med_session_leave(session);
  return rc;
}

int medley_bind_null(medley_statement *statement, int index) {
  return bind(statement, index, &(medley_value){.type = MEDLEY_TYPE_NULL});
}
int medley_bind_boolean(medley_statement *statement, int index, int boolean) {
  return bind(statement, index, &(medley_value){.type = MEDLEY_TYPE_BOOLEAN, .as.boolean = boolean != 0});
}
int medley_bind_integer(medley_statement *statement, int index, int64_t integer) {
  return bind(statement, index, &(medley_value){.type = MEDLEY_TYPE_INTEGER, .as.integer = integer});
}
int medley_bind_real(medley_statement *statement, int index, double real) {
  return bind(statement, index, &(medley_value){.type = MEDLEY_TYPE_REAL, .as.real = real});
}

static int bind_bytes(medley_statement *statement, int index, medley_type type, const char *bytes, size_t len) {
  if (bytes == NULL) return medley_bind_null(statement, index);
  if (len == MEDLEY_NUL_ENDED) len = strlen(bytes);
  return bind(statement, index, &(medley_value){.type = type, .as.text = {bytes, len}});
}
int medley_bind_text(medley_statement *statement, int index, const char *text, size_t len) {
  return bind_bytes(statement, index, MEDLEY_TYPE_TEXT, text, len);
}
int medley_bind_blob(medley_statement *statement, int index, const void *bytes, size_t len) {
  return bind_bytes(statement, index, MEDLEY_TYPE_BLOB, bytes, len);
}
int medley_bind_value(medley_statement *statement, int index, const medley_value *value) {
  if (value == NULL) return medley_bind_null(statement, index);
  return bind(statement, index, value);
}

int medley_bind_clear(medley_statement *statement) {
  int rc = medley_reset(statement);
  if (rc != MEDLEY_OK) return rc;
  for (int i = 0; i < statement->parameter_count; i++) {
    med_arena_clear(&statement->parameters[i].memory);
    statement->parameters[i].value.type = MEDLEY_TYPE_NULL;
    statement->parameters[i].changed = true;
  }
  return MEDLEY_OK;
}

/* ---- Pages ---- */
int medley_page_set(medley_statement *statement, uint64_t rows, const void *state, size_t state_len) {
  if (statement == NULL || statement->session == NULL) return MEDLEY_MISUSE;
  medley_session *session = statement->session;
  int rc = med_session_enter(session);
  if (rc != MEDLEY_OK) return rc;
  end_execution(statement);
  if (statement->language->page == NULL)
    rc = med_error_set(&session->error, MEDLEY_UNSUPPORTED, "%s has no pages",
                       medley_language_name(statement->language->id));
  else
    rc = statement->language->page(statement, rows, med_slice_of(state, state != NULL ? state_len : 0));
  rc = med_session_fail(session, statement->language->id, rc);
  med_session_leave(session);
  return rc;
}

int medley_page_state(medley_statement *statement, const void **state, size_t *state_len) {
  if (statement == NULL || statement->session == NULL || state == NULL || state_len == NULL) return MEDLEY_MISUSE;
  med_slice answer = {0};
  if (statement->language->page_state != NULL) answer = statement->language->page_state(statement);
  *state = answer.len > 0 ? answer.bytes : NULL;
  *state_len = answer.len;
  return MEDLEY_OK;
}

/* ---- Columns ---- */
int med_statement_add_column(medley_statement *statement, const char *name, size_t name_len) {
  if (statement->column_count >= COLUMN_COUNT_MAX) return MEDLEY_TOO_BIG;
  size_t size = ((size_t)statement->column_count + 1) * sizeof(char *);
  char **names = med_realloc(statement->column_names, size);
  if (names == NULL) return MEDLEY_NO_MEMORY;
  statement->column_names = names;
  names[statement->column_count] = med_strndup(name, name_len);
  if (names[statement->column_count] == NULL) return MEDLEY_NO_MEMORY;
  statement->column_count++;
  return MEDLEY_OK;
}

void med_statement_clear_columns(medley_statement *statement) {
  for (int i = 0; i < statement->column_count; i++) med_free(statement->column_names[i]);
  med_free(statement->column_names);
  statement->column_names = NULL;
  statement->column_count = 0;
}

int medley_column_count(const medley_statement *statement) { return statement != NULL ? statement->column_count : 0; }

const char *medley_column_name(const medley_statement *statement, int column) {
  if (statement == NULL || column < 0 || column >= statement->column_count) return "";
  return statement->column_names[column];
}

static const medley_value null_value = {.type = MEDLEY_TYPE_NULL};

const medley_value *medley_column_value(medley_statement *statement, int column) {
  if (statement == NULL || !statement->has_row || column < 0 || column >= statement->column_count) return &null_value;
  if (statement->row != NULL) return &statement->row[column];
  if (statement->session == NULL) return &null_value;
  const medley_value *value = statement->language->column(statement, column);
  return value != NULL ? value : &null_value;
}

medley_type medley_column_type(medley_statement *statement, int column) {
  return medley_column_value(statement, column)->type;
}

/* The row streams: its columns are asked for one by one. */
static bool streams_column(const medley_statement *statement, int column) {
  return statement != NULL && statement->has_row && statement->row == NULL && statement->session != NULL &&
         column >= 0 && column < statement->column_count;
}

static bool has_bytes(const medley_value *value) {
  return value->type == MEDLEY_TYPE_TEXT || value->type == MEDLEY_TYPE_STATUS || value->type == MEDLEY_TYPE_BLOB;
}

int64_t medley_column_integer(medley_statement *statement, int column) {
  if (streams_column(statement, column)) return statement->language->access->integer(statement, column);
  const medley_value *value = medley_column_value(statement, column);
  switch (value->type) {
    case MEDLEY_TYPE_INTEGER: return value->as.integer;
    case MEDLEY_TYPE_BOOLEAN: return value->as.boolean;
    case MEDLEY_TYPE_REAL: return med_value_real_to_integer(value->as.real);
    default: return has_bytes(value) ? med_value_text_to_integer(value->as.text.bytes, value->as.text.len) : 0;
  }
}

int medley_column_boolean(medley_statement *statement, int column) {
  const medley_value *value = medley_column_value(statement, column);
  if (value->type == MEDLEY_TYPE_REAL) return value->as.real != 0;
  return medley_column_integer(statement, column) != 0;
}

double medley_column_real(medley_statement *statement, int column) {
  if (streams_column(statement, column)) return statement->language->access->real(statement, column);
  const medley_value *value = medley_column_value(statement, column);
  if (value->type == MEDLEY_TYPE_REAL) return value->as.real;
  if (has_bytes(value)) return med_value_text_to_real(value->as.text.bytes, value->as.text.len);
  return (double)medley_column_integer(statement, column);
}

/* A number of the present row as text. It is kept, so that text and length of a column always belong together. */
struct med_conversion {
  struct med_conversion *next;
  int column;
  size_t len;
  char text[40];
};

static size_t write_number(const medley_value *value, char *text, size_t size) {
  switch (value->type) {
    case MEDLEY_TYPE_INTEGER: return (size_t)snprintf(text, size, "%lld", (long long)value->as.integer);
    case MEDLEY_TYPE_BOOLEAN: return (size_t)snprintf(text, size, "%s", value->as.boolean ? "true" : "false");
    case MEDLEY_TYPE_REAL: return med_value_real_to_text(value->as.real, text, size);
    default: text[0] = '\0'; return 0;
  }
}

static const struct med_conversion *convert(medley_statement *statement, int column, const medley_value *value) {
  for (struct med_conversion *made = statement->converted; made != NULL; made = made->next) {
    if (made->column == column) return made;
  }
  struct med_conversion *made = med_arena_alloc(&statement->conversions, sizeof *made);
  if (made == NULL) return NULL;
  made->column = column;
  made->len = write_number(value, made->text, sizeof made->text);
  made->next = statement->converted;
  statement->converted = made;
  return made;
}

/* NULL with a length of 0 if memory is short. */
static const char *column_bytes(medley_statement *statement, int column, bool blob, size_t *len) {
  *len = 0;
  if (streams_column(statement, column)) {
    const med_column_access *access = statement->language->access;
    uint64_t bit = (uint64_t)1 << (column & 63);
    if (statement->short_columns & bit) return NULL; /* what was "" once is not N bytes long the next time */
    const char *bytes = blob ? access->blob(statement, column, len) : access->text(statement, column, len);
    if (bytes == NULL) statement->short_columns |= bit;
    statement->known_column = bytes != NULL ? column + 1 : 0;
    statement->known_len = *len;
    return bytes;
  }
  const medley_value *value = medley_column_value(statement, column);
  if (has_bytes(value)) {
    *len = value->as.text.len;
    return value->as.text.bytes;
  }
  if (value->type == MEDLEY_TYPE_NULL) return "";
  const struct med_conversion *made = convert(statement, column, value);
  *len = made != NULL ? made->len : 0;
  return made != NULL ? made->text : NULL;
}

const char *medley_column_text(medley_statement *statement, int column) {
  if (statement == NULL) return "";
  size_t len;
  const char *text = column_bytes(statement, column, false, &len);
  return text != NULL ? text : "";
}

const void *medley_column_blob(medley_statement *statement, int column) {
  if (statement == NULL) return "";
  size_t len;
  const void *bytes = column_bytes(statement, column, true, &len);
  return bytes != NULL ? bytes : "";
}

size_t medley_column_bytes(medley_statement *statement, int column) {
  if (statement == NULL) return 0;
  size_t len;
  /* Asked for after the bytes themselves, as a rule: what a language answered is not converted and counted again. */
  if (streams_column(statement, column) && statement->known_column == column + 1) return statement->known_len;
  (void)column_bytes(statement, column, true, &len);
  return len;
}

/* ---- Exec ---- */
static int run_statement(medley_session *session, medley_statement *statement, medley_row_callback on_row,
                         void *context) {
  int rc;
  while ((rc = medley_step(statement)) == MEDLEY_ROW) {
    if (on_row == NULL || on_row(context, statement) == 0) continue;
    (void)medley_reset(statement);
    return med_error_set(&session->error, MEDLEY_INTERRUPTED, "the caller's row callback stopped the statement");
  }
  return rc == MEDLEY_DONE ? MEDLEY_OK : rc;
}

/* A failure's position counts from the beginning of the text that exec was given. One that has none, as a violated
 * constraint, is at its statement. */
static void shift_position(medley_error *error, const char *text, const char *begin, const char *end) {
  if (error->line <= 0) {
    while (begin < end && (*begin == ' ' || (*begin >= '\t' && *begin <= '\r'))) begin++;
    med_error_set_position(error, text, (size_t)(end - text), (size_t)(begin - text));
    return;
  }
  medley_error start = {0};
  med_error_set_position(&start, text, (size_t)(begin - text), (size_t)(begin - text));
  if (error->line == 1) error->column += start.column - 1;
  error->line += start.line - 1;
}

int medley_exec(medley_session *session, medley_language language, const char *text, size_t text_len,
                medley_row_callback on_row, void *context) {
  if (text == NULL) return MEDLEY_MISUSE;
  if (text_len == MEDLEY_NUL_ENDED) text_len = strlen(text);
  const char *end = text + text_len, *at = text;
  while (at < end) {
    medley_statement *statement = NULL;
    const char *tail = end;
    int rc = medley_prepare(session, language, at, (size_t)(end - at), &statement, &tail);
    if (rc == MEDLEY_OK && statement != NULL) rc = run_statement(session, statement, on_row, context);
    if (rc != MEDLEY_OK) {
      medley_error kept = {0};
      if (session != NULL) kept = session->error;
      if (kept.status != MEDLEY_OK) shift_position(&kept, text, at, end);
      medley_statement_close(statement);
      if (session != NULL) session->error = kept;
      return rc;
    }
    bool ran = statement != NULL;
    medley_statement_close(statement);
    if (tail < end && *tail == '\0' && (!ran || tail > at)) {
      med_error_set(&session->error, MEDLEY_SYNTAX, "a NUL byte in the text");
      med_error_set_position(&session->error, text, text_len, (size_t)(tail - text));
      return med_session_fail(session, language, MEDLEY_SYNTAX);
    }
    if (tail <= at) break;
    at = tail;
  }
  return MEDLEY_OK;
}
