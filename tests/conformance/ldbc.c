/* ldbc.c - loads a data folder of the LDBC social network, runs the reads of an answers file, and compares every answer.
 *
 *   ldbc DATA_DIR ANSWERS.jsonl [--language sql] [--updates] [--queries FOLDER] [--times]
 *
 * DATA_DIR has static/, dynamic/ and, for --updates, update_streams/, which are then applied before the reads. A line of
 * the answers is {"query":"IC2","params":{...},"rows":[[...],...]}; its query is FOLDER/LANGUAGE/ic2.LANGUAGE, with the
 * parameters by name. A column that should be a list is a list value, or a text that holds it as JSON; a truth value may
 * be a boolean or 0 and 1, because SQL has no other. Ends with `N passed, N failed`; a failure is named file:line. */
#include "engine/medley.h"
#include "tests/conformance/json.h"
#include "tests/conformance/ldbc_data.h"
#include "tests/conformance/text_file.h"

#include <ctype.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#ifndef LDBC_QUERIES
#define LDBC_QUERIES "tests/conformance/ldbc"
#endif
#define QUERY_COUNT_MAX 64
#define PATH_SIZE_MAX 4096
#define NAME_SIZE_MAX 32

typedef struct query {
  char name[NAME_SIZE_MAX];
  medley_statement *statement; /* NULL: it was refused, and said so */
  size_t run_count;
  double seconds;
} query;

typedef struct runner {
  const char *data, *answers, *queries_folder, *language_name;
  medley_language language;
  bool updates, times;
  medley_session *session;
  query queries[QUERY_COUNT_MAX];
  size_t query_count;
  size_t line_number; /* of the present answer */
  size_t passed, failed;
} runner;

/* ---- Comparing --------------------------------------------------------------------------------------------- */

static bool equals_value(const test_json *expected, const medley_value *actual);

/* A text that is expected to be a list is read as JSON and compared item by item. */
static bool equals_json(const test_json *expected, const test_json *actual) {
  if (expected->type == TEST_JSON_REAL || actual->type == TEST_JSON_REAL) {
    double left = expected->type == TEST_JSON_REAL ? expected->as.real : (double)expected->as.integer;
    double right = actual->type == TEST_JSON_REAL ? actual->as.real : (double)actual->as.integer;
    bool numbers = (expected->type == TEST_JSON_REAL || expected->type == TEST_JSON_INTEGER) &&
                   (actual->type == TEST_JSON_REAL || actual->type == TEST_JSON_INTEGER);
    return numbers && left == right;
  }
  if (expected->type != actual->type) return false;
  switch (expected->type) {
    case TEST_JSON_NULL: return true;
    case TEST_JSON_BOOLEAN: return expected->as.boolean == actual->as.boolean;
    case TEST_JSON_INTEGER: return expected->as.integer == actual->as.integer;
    case TEST_JSON_TEXT: return test_json_is_text(actual, expected->as.text.bytes, expected->as.text.len);
    default: break;
  }
  if (expected->as.list.count != actual->as.list.count) return false;
  for (size_t i = 0; i < expected->as.list.count; i++) {
    if (!equals_json(&expected->as.list.items[i], &actual->as.list.items[i])) return false;
  }
  return true;
}

static bool equals_list(const test_json *expected, const medley_value *actual) {
  if (actual->type == MEDLEY_TYPE_LIST) {
    if (expected->as.list.count != actual->as.list.count) return false;
    for (size_t i = 0; i < actual->as.list.count; i++) {
      if (!equals_value(&expected->as.list.items[i], &actual->as.list.items[i])) return false;
    }
    return true;
  }
  test_json parsed;
  if (actual->type != MEDLEY_TYPE_TEXT) return false;
  if (!test_json_parse(&parsed, actual->as.text.bytes, actual->as.text.len, NULL)) return false;
  bool equal = equals_json(expected, &parsed);
  test_json_clear(&parsed);
  return equal;
}

static bool equals_value(const test_json *expected, const medley_value *actual) {
  switch (expected->type) {
    case TEST_JSON_NULL: return actual->type == MEDLEY_TYPE_NULL;
    case TEST_JSON_BOOLEAN:
      if (actual->type == MEDLEY_TYPE_BOOLEAN) return (actual->as.boolean != 0) == expected->as.boolean;
      return actual->type == MEDLEY_TYPE_INTEGER && actual->as.integer == expected->as.boolean;
    case TEST_JSON_INTEGER: return actual->type == MEDLEY_TYPE_INTEGER && actual->as.integer == expected->as.integer;
    case TEST_JSON_REAL:
      if (actual->type == MEDLEY_TYPE_INTEGER) return (double)actual->as.integer == expected->as.real;
      return actual->type == MEDLEY_TYPE_REAL && actual->as.real == expected->as.real;
    case TEST_JSON_TEXT:
      return actual->type == MEDLEY_TYPE_TEXT &&
             test_json_is_text(expected, actual->as.text.bytes, actual->as.text.len);
    case TEST_JSON_LIST: return equals_list(expected, actual);
    default: return false;
  }
}

static void print_value(const medley_value *value) {
  switch (value->type) {
    case MEDLEY_TYPE_NULL: printf("null"); break;
    case MEDLEY_TYPE_INTEGER: printf("%lld", (long long)value->as.integer); break;
    case MEDLEY_TYPE_REAL: printf("%.17g", value->as.real); break;
    case MEDLEY_TYPE_TEXT: printf("\"%.*s\"", (int)value->as.text.len, value->as.text.bytes); break;
    default: printf("a value of type %d", (int)value->type);
  }
}

/* ---- Running ----------------------------------------------------------------------------------------------- */

static void begin_failure(runner *run, const char *name) {
  run->failed++;
  printf("%s:%zu: %s: ", run->answers, run->line_number, name);
}

static double now_seconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* Runs every statement of a file, without rows. */
static bool run_script(runner *run, const char *path) {
  FILE *stream = fopen(path, "rb");
  char *text = stream != NULL ? calloc(1, 1 << 20) : NULL;
  if (text == NULL || fread(text, 1, (1 << 20) - 1, stream) == 0) {
    fprintf(stderr, "%s: cannot be read\n", path);
    if (stream != NULL) fclose(stream);
    free(text);
    return false;
  }
  fclose(stream);
  bool ok = medley_exec(run->session, MEDLEY_LANGUAGE_SQL, text, MEDLEY_NUL_ENDED, NULL, NULL) == MEDLEY_OK;
  if (!ok) fprintf(stderr, "%s: %s\n", path, medley_session_error(run->session)->message);
  free(text);
  return ok;
}

static medley_statement *prepare_file(runner *run, const char *name) {
  char path[PATH_SIZE_MAX];
  test_text_file file;
  snprintf(path, sizeof path, "%s/%s/%s.%s", run->queries_folder, run->language_name, name, run->language_name);
  if (!test_text_file_read(&file, path)) return NULL;
  for (size_t i = 0; i + 1 < file.line_count; i++) file.lines[i][strlen(file.lines[i])] = '\n'; /* whole again */
  medley_statement *statement = NULL;
  if (medley_prepare(run->session, run->language, file.bytes, MEDLEY_NUL_ENDED, &statement, NULL) != MEDLEY_OK) {
    const medley_error *error = medley_session_error(run->session);
    fprintf(stderr, "%s:%d:%d: %s\n", path, error->line, error->column, error->message);
    statement = NULL;
  }
  test_text_file_clear(&file);
  return statement;
}

static query *find_query(runner *run, const char *given_name) {
  char name[NAME_SIZE_MAX] = {0};
  for (size_t i = 0; i + 1 < sizeof name && given_name[i] != '\0'; i++) {
    if (!isalnum((unsigned char)given_name[i])) return NULL;
    name[i] = (char)tolower((unsigned char)given_name[i]);
  }
  for (size_t i = 0; i < run->query_count; i++) {
    if (strcmp(run->queries[i].name, name) == 0) return &run->queries[i];
  }
  if (run->query_count == QUERY_COUNT_MAX) return NULL;
  query *added = &run->queries[run->query_count++];
  memcpy(added->name, name, sizeof name);
  added->statement = prepare_file(run, name);
  return added;
}

static bool bind_parameters(runner *run, const query *one, const test_json *params) {
  for (size_t i = 0; i + 1 < params->as.list.count; i += 2) {
    const test_json *key = &params->as.list.items[i], *value = key + 1;
    int index = medley_bind_index(one->statement, key->as.text.bytes);
    int rc = MEDLEY_RANGE;
    if (index != 0 && value->type == TEST_JSON_INTEGER)
      rc = medley_bind_integer(one->statement, index, value->as.integer);
    else if (index != 0 && value->type == TEST_JSON_TEXT)
      rc = medley_bind_text(one->statement, index, value->as.text.bytes, value->as.text.len);
    if (rc == MEDLEY_OK) continue;
    begin_failure(run, one->name);
    printf("parameter %s cannot be bound\n", key->as.text.bytes);
    return false;
  }
  return true;
}

/* True if the present row equals the expected one. */
static bool check_row(runner *run, const query *one, size_t row_index, const test_json *row) {
  int column_count = medley_column_count(one->statement);
  if (row->type != TEST_JSON_LIST || (size_t)column_count != row->as.list.count) {
    begin_failure(run, one->name);
    printf("row %zu has %d columns, expected %zu\n", row_index + 1, column_count, row->as.list.count);
    return false;
  }
  for (int i = 0; i < column_count; i++) {
    const medley_value *actual = medley_column_value(one->statement, i);
    if (equals_value(&row->as.list.items[i], actual)) continue;
    char expected[512];
    test_json_print(&row->as.list.items[i], expected, sizeof expected);
    begin_failure(run, one->name);
    printf("row %zu, column %d: expected %s, got ", row_index + 1, i + 1, expected);
    print_value(actual);
    printf("\n");
    return false;
  }
  return true;
}

static void check_rows(runner *run, query *one, const test_json *rows) {
  size_t row_index = 0;
  int rc;
  while ((rc = medley_step(one->statement)) == MEDLEY_ROW) {
    if (row_index < rows->as.list.count && !check_row(run, one, row_index, &rows->as.list.items[row_index])) return;
    row_index++;
  }
  if (rc != MEDLEY_DONE) {
    begin_failure(run, one->name);
    printf("%s\n", medley_session_error(run->session)->message);
  } else if (row_index != rows->as.list.count) {
    begin_failure(run, one->name);
    printf("%zu rows, expected %zu\n", row_index, rows->as.list.count);
  } else {
    run->passed++;
  }
}

static void check_answer(runner *run, const char *line) {
  test_json answer;
  size_t offset;
  if (!test_json_parse(&answer, line, strlen(line), &offset)) {
    begin_failure(run, "answer");
    printf("no JSON at byte %zu\n", offset);
    return;
  }
  const char *name = test_json_get_text(&answer, "query");
  const test_json *params = test_json_get(&answer, "params"), *rows = test_json_get(&answer, "rows");
  query *one = name != NULL ? find_query(run, name) : NULL;
  if (params == NULL || rows == NULL || params->type != TEST_JSON_MAP || rows->type != TEST_JSON_LIST) {
    begin_failure(run, "answer");
    printf("query, params or rows are missing\n");
  } else if (one == NULL || one->statement == NULL) {
    begin_failure(run, name != NULL ? name : "answer");
    printf("there is no such query\n");
  } else if (bind_parameters(run, one, params)) {
    double start = now_seconds();
    check_rows(run, one, rows);
    one->seconds += now_seconds() - start;
    one->run_count++;
    medley_reset(one->statement);
  }
  test_json_clear(&answer);
}

static bool check_answers(runner *run) {
  test_text_file answers;
  if (!test_text_file_read(&answers, run->answers)) return false;
  for (size_t i = 0; i < answers.line_count; i++) {
    run->line_number = i + 1;
    if (answers.lines[i][0] != '\0') check_answer(run, answers.lines[i]);
  }
  test_text_file_clear(&answers);
  for (size_t i = 0; i < run->query_count; i++) {
    const query *one = &run->queries[i];
    if (run->times)
      printf("%-5s %4zu runs %10.3f ms each\n", one->name, one->run_count, 1e3 * one->seconds / (double)one->run_count);
    medley_statement_close(one->statement);
  }
  return true;
}

static bool run_session(runner *run) {
  char path[PATH_SIZE_MAX];
  size_t row_count, update_count;
  snprintf(path, sizeof path, "%s/schema.sql", run->queries_folder);
  double start = now_seconds();
  if (!run_script(run, path) || !test_ldbc_data_load(run->session, run->data, &row_count)) return false;
  printf("%zu rows loaded", row_count);
  if (run->times) printf(" in %.3f s", now_seconds() - start);
  printf("\n");
  start = now_seconds();
  if (run->updates) {
    if (!test_ldbc_data_update(run->session, run->data, &update_count)) return false;
    printf("%zu updates applied", update_count);
    if (run->times) printf(" in %.3f s", now_seconds() - start);
    printf("\n");
  }
  return check_answers(run);
}

static bool run_database(runner *run) {
  medley_options options;
  medley_error error;
  medley *db = NULL;
  medley_options_init(&options);
  options.flags |= MEDLEY_OPEN_MEMORY;
  if (medley_open(NULL, &options, &db, &error) != MEDLEY_OK) {
    fprintf(stderr, "the database cannot be opened: %s\n", error.message);
    return false;
  }
  bool ok = medley_session_open(db, &run->session, &error) == MEDLEY_OK;
  if (ok) ok = run_session(run);
  bool closed = medley_session_close(run->session) == MEDLEY_OK;
  return medley_close(db) == MEDLEY_OK && closed && ok;
}

static bool read_arguments(runner *run, int argc, char **argv) {
  run->language_name = "sql";
  run->queries_folder = LDBC_QUERIES;
  for (int i = 1; i < argc; i++) {
    bool has_value = i + 1 < argc;
    if (strcmp(argv[i], "--updates") == 0)
      run->updates = true;
    else if (strcmp(argv[i], "--times") == 0)
      run->times = true;
    else if (strcmp(argv[i], "--language") == 0 && has_value)
      run->language_name = argv[++i];
    else if (strcmp(argv[i], "--queries") == 0 && has_value)
      run->queries_folder = argv[++i];
    else if (argv[i][0] == '-')
      return false;
    else if (run->data == NULL)
      run->data = argv[i];
    else if (run->answers == NULL)
      run->answers = argv[i];
    else
      return false;
  }
  run->language = medley_language_by_name(run->language_name, strlen(run->language_name));
  return run->answers != NULL && run->language != MEDLEY_LANGUAGE_NONE;
}

int main(int argc, char **argv) {
  runner run = {0};
  if (!read_arguments(&run, argc, argv)) {
    fprintf(stderr, "usage: ldbc DATA_DIR ANSWERS.jsonl [--language sql] [--updates] [--queries FOLDER] [--times]\n");
    return 2;
  }
  bool ok = run_database(&run);
  if (!ok) run.failed++;
  printf("%zu passed, %zu failed\n", run.passed, run.failed);
  return run.failed == 0 && run.passed > 0 ? 0 : 1;
}
