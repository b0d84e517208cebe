/* calls.c - see calls.h. */
#include "tests/fault/calls.h"

#define WORD_COUNT_MAX 64

void *(*fault_text_allocator)(void *memory, size_t size) = realloc;

static _Thread_local char last_error[MEDLEY_ERROR_MESSAGE_SIZE];

const char *fault_error(const medley_session *session) {
  const char *present = session != NULL ? medley_session_error(session)->message : "";
  return present[0] != 0 ? present : last_error;
}

void fault_error_clear(void) { last_error[0] = 0; }

/* Closes the statement; answers rc. */
static int finish(medley_session *session, medley_statement *statement, int rc) {
  if (rc != MEDLEY_OK) snprintf(last_error, sizeof last_error, "%s", medley_session_error(session)->message);
  medley_statement_close(statement);
  return rc;
}

static int prepare_in(medley_language language, medley_session *session, const char *text, int count,
                      const int64_t *values, medley_statement **statement) {
  int rc = medley_prepare(session, language, text, MEDLEY_NUL_ENDED, statement, NULL);
  for (int i = 0; rc == MEDLEY_OK && i < count; i++) rc = medley_bind_integer(*statement, i + 1, values[i]);
  return rc;
}

static int prepare(medley_session *session, const char *sql, int count, const int64_t *values,
                   medley_statement **statement) {
  return prepare_in(MEDLEY_LANGUAGE_SQL, session, sql, count, values, statement);
}

static int run(medley_statement *statement) {
  int rc;
  do rc = medley_step(statement);
  while (rc == MEDLEY_ROW);
  return rc == MEDLEY_DONE ? MEDLEY_OK : rc;
}

int fault_sql(medley_session *session, const char *sql, int count, const int64_t *values) {
  medley_statement *statement = NULL;
  int rc = prepare(session, sql, count, values, &statement);
  if (rc == MEDLEY_OK) rc = run(statement);
  return finish(session, statement, rc);
}

int fault_sql_blob(medley_session *session, const char *sql, int count, const int64_t *values, const void *blob,
                   size_t blob_len) {
  medley_statement *statement = NULL;
  int rc = prepare(session, sql, count, values, &statement);
  if (rc == MEDLEY_OK) rc = medley_bind_blob(statement, count + 1, blob, blob_len);
  if (rc == MEDLEY_OK) rc = run(statement);
  return finish(session, statement, rc);
}

int fault_cql(medley_session *session, const char *cql, int count, const int64_t *values) {
  medley_statement *statement = NULL;
  int rc = prepare_in(MEDLEY_LANGUAGE_CQL, session, cql, count, values, &statement);
  if (rc == MEDLEY_OK) rc = run(statement);
  return finish(session, statement, rc);
}

int fault_cql_text(medley_session *session, const char *cql, const char *text, size_t len, int count,
                   const int64_t *values) {
  medley_statement *statement = NULL;
  int rc = medley_prepare(session, MEDLEY_LANGUAGE_CQL, cql, MEDLEY_NUL_ENDED, &statement, NULL);
  if (rc == MEDLEY_OK) rc = medley_bind_text(statement, 1, text, len);
  for (int i = 0; rc == MEDLEY_OK && i < count; i++) rc = medley_bind_integer(statement, i + 2, values[i]);
  if (rc == MEDLEY_OK) rc = run(statement);
  return finish(session, statement, rc);
}

static void add_value(const medley_value *value, fault_text *rows) {
  switch (value->type) {
    case MEDLEY_TYPE_NULL: fault_text_add(rows, "null"); break;
    case MEDLEY_TYPE_INTEGER: fault_text_add(rows, "%lld", (long long)value->as.integer); break;
    case MEDLEY_TYPE_TEXT:
      fault_text_add(rows, "%zu:%016llx", value->as.text.len,
                     (unsigned long long)fault_text_hash(value->as.text.bytes, value->as.text.len));
      break;
    case MEDLEY_TYPE_LIST:
      fault_text_add(rows, "[");
      for (size_t i = 0; i < value->as.list.count; i++) {
        fault_text_add(rows, " ");
        add_value(&value->as.list.items[i], rows);
      }
      fault_text_add(rows, "]");
      break;
    case MEDLEY_TYPE_MAP:
      fault_text_add(rows, "{");
      for (size_t i = 0; i < value->as.map.count; i++) {
        fault_text_add(rows, " ");
        add_value(&value->as.map.keys[i], rows);
        fault_text_add(rows, "=");
        add_value(&value->as.map.values[i], rows);
      }
      fault_text_add(rows, "}");
      break;
    default: fault_text_add(rows, "(type %d)", (int)value->type); break;
  }
}

int fault_cql_rows(medley_session *session, const char *cql, int count, const int64_t *values, fault_text *rows) {
  medley_statement *statement = NULL;
  int rc = prepare_in(MEDLEY_LANGUAGE_CQL, session, cql, count, values, &statement);
  while (rc == MEDLEY_OK || rc == MEDLEY_ROW) {
    rc = medley_step(statement);
    if (rc != MEDLEY_ROW) break;
    for (int i = 0; i < medley_column_count(statement); i++) {
      if (i > 0) fault_text_add(rows, "|");
      add_value(medley_column_value(statement, i), rows);
    }
    fault_text_add(rows, "\n");
  }
  return finish(session, statement, rc == MEDLEY_DONE ? MEDLEY_OK : rc);
}

static void add_column(medley_statement *statement, int column, fault_text *rows) {
  switch (medley_column_type(statement, column)) {
    case MEDLEY_TYPE_NULL: fault_text_add(rows, "null"); break;
    case MEDLEY_TYPE_INTEGER: fault_text_add(rows, "%lld", (long long)medley_column_integer(statement, column)); break;
    case MEDLEY_TYPE_BLOB: {
      const void *bytes = medley_column_blob(statement, column);
      size_t len = medley_column_bytes(statement, column);
      fault_text_add(rows, "%zu:%016llx", len, (unsigned long long)fault_text_hash(bytes, len));
      break;
    }
    default: fault_text_add(rows, "%s", medley_column_text(statement, column)); break;
  }
}

int fault_sql_rows(medley_session *session, const char *sql, int count, const int64_t *values, fault_text *rows) {
  medley_statement *statement = NULL;
  int rc = prepare(session, sql, count, values, &statement);
  while (rc == MEDLEY_OK || rc == MEDLEY_ROW) {
    rc = medley_step(statement);
    if (rc != MEDLEY_ROW) break;
    for (int i = 0; i < medley_column_count(statement); i++) {
      if (i > 0) fault_text_add(rows, "|");
      add_column(statement, i, rows);
    }
    fault_text_add(rows, "\n");
  }
  return finish(session, statement, rc == MEDLEY_DONE ? MEDLEY_OK : rc);
}

int fault_sql_number(medley_session *session, const char *sql, int count, const int64_t *values, int64_t *number) {
  medley_statement *statement = NULL;
  int rc = prepare(session, sql, count, values, &statement);
  if (rc == MEDLEY_OK) rc = medley_step(statement);
  if (rc == MEDLEY_ROW) {
    *number = medley_column_integer(statement, 0);
    rc = MEDLEY_OK;
  } else if (rc == MEDLEY_DONE) {
    rc = MEDLEY_NOT_FOUND;
  }
  return finish(session, statement, rc);
}

int fault_redis(medley_session *session, const medley_value **reply, ...) {
  const char *words[WORD_COUNT_MAX];
  size_t lens[WORD_COUNT_MAX], count = 0;
  va_list arguments;
  va_start(arguments, reply);
  for (const char *word; count < WORD_COUNT_MAX && (word = va_arg(arguments, const char *)) != NULL;) {
    words[count] = word;
    lens[count++] = strlen(word);
  }
  va_end(arguments);
  return medley_command(session, count, words, lens, reply);
}

int fault_redis_bytes(medley_session *session, const char *command, const char *key, const void *bytes, size_t len) {
  const char *words[3] = {command, key, bytes};
  const size_t lens[3] = {strlen(command), strlen(key), len};
  return medley_command(session, 3, words, lens, NULL);
}

int fault_open(const char *path, const medley_options *options, medley **db, medley_session **session, char *why,
               size_t why_size) {
  medley_error error = {0};
  *session = NULL;
  int rc = medley_open(path, options, db, &error);
  if (rc == MEDLEY_OK && medley_session_open(*db, session, &error) != MEDLEY_OK) {
    rc = error.status;
    medley_close(*db);
    *db = NULL;
  }
  if (rc != MEDLEY_OK) snprintf(why, why_size, "open: %s: %.200s", medley_status_name(rc), error.message);
  return rc;
}

typedef struct problems {
  char *why;
  size_t why_size;
  uint64_t count;
} problems;

static void note_problem(void *context, const char *problem) {
  problems *found = context;
  if (found->count++ == 0) snprintf(found->why, found->why_size, "check: %.300s", problem);
}

int fault_check(medley *db, char *why, size_t why_size) {
  problems found = {why, why_size, 0};
  uint64_t count = 0;
  medley_error error = {0};
  int rc = medley_check(db, note_problem, &found, &count, &error);
  if (rc == MEDLEY_OK && count != found.count) {
    snprintf(why, why_size, "check: counted %llu problems, told %llu", (unsigned long long)count,
             (unsigned long long)found.count);
    return MEDLEY_CORRUPT;
  }
  if (rc == MEDLEY_OK && count > 0) return MEDLEY_CORRUPT;
  if (rc != MEDLEY_OK && found.count == 0) snprintf(why, why_size, "check: %.200s", error.message);
  return rc;
}

void fault_text_difference(const fault_text *expected, const fault_text *found, char *out, size_t out_size) {
  const char *a = expected->len > 0 ? expected->bytes : "", *b = found->len > 0 ? found->bytes : "";
  while (*a != 0 && *b != 0) {
    size_t a_len = strcspn(a, "\n"), b_len = strcspn(b, "\n");
    if (a_len != b_len || memcmp(a, b, a_len) != 0) break;
    a += a_len + (a[a_len] != 0);
    b += b_len + (b[b_len] != 0);
  }
  snprintf(out, out_size, "expected '%.*s' found '%.*s'", (int)(strcspn(a, "\n") > 90 ? 90 : strcspn(a, "\n")), a,
           (int)(strcspn(b, "\n") > 90 ? 90 : strcspn(b, "\n")), b);
}
