/* sqllogictest.c - runs files in the format of SQLite's sqllogictest against Medley.
 *
 *   sqllogictest [--file] FILE-OR-FOLDER...
 *
 * Each file gets a database of its own, in memory, or with --file in a temporary file that is removed afterwards.
 * Format: blank-line separated records; `#` begins a comment.
 *   statement ok|error            then the SQL
 *   query TYPES SORT [LABEL]      then the SQL, `----`, then one value a line or `N values hashing to MD5`
 *   hash-threshold N, halt        accepted at the top level
 *   skipif NAME, onlyif NAME      apply to the next record; this engine answers to the name sqlite
 * TYPES has a letter for each column: T text, I integer, R three decimals. SORT: nosort, rowsort, valuesort. Queries
 * with the same LABEL must give the same values. Ends with `N passed, N failed`; a failure is named file:line. */
#include "engine/medley.h"
#include "tests/conformance/md5.h"
#include "tests/conformance/text_file.h"

#include <ctype.h>
#include <fts.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

/* The name under which skipif and onlyif know the SQL that Medley speaks. */
#define ENGINE_NAME "sqlite"
#define FAILURES_SHOWN_MAX 50
/* The suite writes reals with SQLite's own printf, which gives 16 significant digits and then zeros. */
#define REAL_DIGITS_MAX 16
/* A sum that overflows is written in the suite as a query without values; no other failure is forgiven. */
#define OVERFLOW_MESSAGE "integer overflow"

typedef struct value_list {
  char **values;
  size_t count, capacity;
} value_list;

typedef struct label_hash {
  char *label;
  char hex[TEST_MD5_HEX_SIZE];
} label_hash;

typedef struct runner {
  const char *path;
  test_text_file file;
  size_t line_index;  /* of the next line to read */
  size_t record_line; /* from 1: where the present record begins */
  medley_session *session;
  label_hash *labels;
  size_t label_count;
  size_t passed, failed, skipped; /* over all files */
  bool in_file;
} runner;

/* ---- Reporting --------------------------------------------------------------------------------------------- */

static void report_failure(runner *run, const char *what, const char *detail) {
  run->failed++;
  if (run->failed > FAILURES_SHOWN_MAX) return;
  printf("%s:%zu: %s%s%s\n", run->path, run->record_line, what, detail[0] != '\0' ? ": " : "", detail);
  if (run->failed == FAILURES_SHOWN_MAX) printf("(further failures are only counted)\n");
}

static const char *session_message(const runner *run) { return medley_session_error(run->session)->message; }

static void *must(void *memory) {
  if (memory != NULL) return memory;
  fprintf(stderr, "sqllogictest: out of memory\n");
  exit(2);
}

/* ---- Values ------------------------------------------------------------------------------------------------ */

static void add_value(value_list *list, const char *text) {
  if (list->count == list->capacity) {
    list->capacity = list->capacity == 0 ? 64 : list->capacity * 2;
    list->values = must(realloc(list->values, list->capacity * sizeof *list->values));
  }
  list->values[list->count++] = must(strdup(text));
}

static void clear_values(value_list *list) {
  for (size_t i = 0; i < list->count; i++) free(list->values[i]);
  free(list->values);
  memset(list, 0, sizeof *list);
}

/* Text is shown with (empty) for nothing and @ for every byte that is not printable ASCII. */
static void add_text(value_list *list, const char *text) {
  if (text[0] == '\0') {
    add_value(list, "(empty)");
    return;
  }
  char *shown = must(strdup(text));
  for (char *at = shown; *at != '\0'; at++) {
    if (*at < ' ' || *at > '~') *at = '@';
  }
  add_value(list, shown);
  free(shown);
}

/* Three decimals, of a number too large for them in the suite's way: see REAL_DIGITS_MAX. */
static void add_real(value_list *list, double real) {
  char text[400], digits[64];
  snprintf(text, sizeof text, "%.3f", real);
  char *first = text[0] == '-' ? text + 1 : text, *point = strchr(first, '.');
  if (point != NULL && point - first > REAL_DIGITS_MAX - 3) {
    snprintf(digits, sizeof digits, "%.*e", REAL_DIGITS_MAX - 1, real < 0 ? -real : real);
    memmove(digits + 1, digits + 2, strlen(digits + 2) + 1); /* drops the decimal point */
    for (ptrdiff_t i = 0, place = 0; first[i] != '\0'; i++) {
      if (first[i] != '.') first[i] = place < REAL_DIGITS_MAX ? digits[place] : '0';
      place += first[i] != '.';
    }
  }
  add_value(list, text);
}

static void add_column(value_list *list, medley_statement *statement, int column, char type) {
  char number[64];
  if (medley_column_type(statement, column) == MEDLEY_TYPE_NULL) {
    add_value(list, "NULL");
    return;
  }
  switch (type) {
    case 'I':
      snprintf(number, sizeof number, "%lld", (long long)medley_column_integer(statement, column));
      add_value(list, number);
      break;
    case 'R': add_real(list, medley_column_real(statement, column)); break;
    default: add_text(list, medley_column_text(statement, column));
  }
}

static size_t row_width; /* qsort takes no context; set just before it */

static int compare_rows(const void *left, const void *right) {
  char *const *a = left, *const *b = right;
  for (size_t i = 0; i < row_width; i++) {
    int order = strcmp(a[i], b[i]);
    if (order != 0) return order;
  }
  return 0;
}

static void sort_values(value_list *list, const char *sort, size_t column_count) {
  row_width = strcmp(sort, "rowsort") == 0 ? column_count : 1;
  if (strcmp(sort, "nosort") == 0 || list->count == 0) return;
  qsort(list->values, list->count / row_width, row_width * sizeof *list->values, compare_rows);
}

static void hash_values(const value_list *list, char hex[TEST_MD5_HEX_SIZE]) {
  test_md5 md5;
  test_md5_init(&md5);
  for (size_t i = 0; i < list->count; i++) {
    test_md5_add(&md5, list->values[i], strlen(list->values[i]));
    test_md5_add(&md5, "\n", 1);
  }
  test_md5_finish(&md5, hex);
}

/* ---- Records ----------------------------------------------------------------------------------------------- */

static const char *next_line(runner *run) {
  return run->line_index < run->file.line_count ? run->file.lines[run->line_index++] : NULL;
}

/* Joins the lines up to a blank one, or to `----` (then *expects is true). The caller frees it. */
static char *read_sql(runner *run, bool *expects) {
  size_t len = 0;
  char *sql = must(calloc(1, 1));
  const char *line;
  *expects = false;
  while ((line = next_line(run)) != NULL && line[0] != '\0') {
    if (strcmp(line, "----") == 0) {
      *expects = true;
      break;
    }
    size_t line_len = strlen(line);
    sql = must(realloc(sql, len + line_len + 2));
    memcpy(sql + len, line, line_len);
    len += line_len;
    sql[len++] = '\n';
    sql[len] = '\0';
  }
  return sql;
}

static void read_expected(runner *run, value_list *expected) {
  const char *line;
  while ((line = next_line(run)) != NULL && line[0] != '\0') add_value(expected, line);
}

static void statement_record(runner *run, const char *outcome, bool skip) {
  bool expects;
  char *sql = read_sql(run, &expects);
  if (skip) {
    run->skipped++;
  } else if (strcmp(outcome, "ok") != 0 && strcmp(outcome, "error") != 0) {
    report_failure(run, "neither `statement ok` nor `statement error`", outcome);
  } else {
    bool wants_ok = strcmp(outcome, "ok") == 0;
    bool is_ok = medley_exec(run->session, MEDLEY_LANGUAGE_SQL, sql, MEDLEY_NUL_ENDED, NULL, NULL) == MEDLEY_OK;
    if (is_ok == wants_ok)
      run->passed++;
    else
      report_failure(run, wants_ok ? "the statement failed" : "the statement did not fail",
                     is_ok ? "" : session_message(run));
  }
  free(sql);
}

/* Fills actual with the values of the query, sorted; false after a report. */
static bool run_query(runner *run, const char *sql, const char *types, const char *sort, value_list *actual) {
  medley_statement *statement = NULL;
  int rc = medley_prepare(run->session, MEDLEY_LANGUAGE_SQL, sql, MEDLEY_NUL_ENDED, &statement, NULL);
  if (rc != MEDLEY_OK || statement == NULL) {
    report_failure(run, "the query was refused", session_message(run));
    return false;
  }
  int column_count = medley_column_count(statement);
  if ((size_t)column_count != strlen(types)) {
    report_failure(run, "the number of columns differs from", types);
    medley_statement_close(statement);
    return false;
  }
  while ((rc = medley_step(statement)) == MEDLEY_ROW) {
    for (int i = 0; i < column_count; i++) add_column(actual, statement, i, types[i]);
  }
  bool is_done = rc == MEDLEY_DONE || (actual->count == 0 && strstr(session_message(run), OVERFLOW_MESSAGE) != NULL);
  if (!is_done) report_failure(run, "the query failed", session_message(run));
  medley_statement_close(statement);
  sort_values(actual, sort, (size_t)column_count);
  return is_done;
}

/* True if the label is new or its earlier values were the same. */
static bool label_agrees(runner *run, const char *label, const char *hex) {
  for (size_t i = 0; i < run->label_count; i++) {
    if (strcmp(run->labels[i].label, label) == 0) return strcmp(run->labels[i].hex, hex) == 0;
  }
  run->labels = must(realloc(run->labels, (run->label_count + 1) * sizeof *run->labels));
  label_hash *added = &run->labels[run->label_count++];
  added->label = must(strdup(label));
  snprintf(added->hex, sizeof added->hex, "%s", hex);
  return true;
}

static void clear_labels(runner *run) {
  for (size_t i = 0; i < run->label_count; i++) free(run->labels[i].label);
  free(run->labels);
  run->labels = NULL;
  run->label_count = 0;
}

static void check_values(runner *run, const value_list *actual, const value_list *expected, const char *label) {
  char hex[TEST_MD5_HEX_SIZE], summary[96], detail[512];
  hash_values(actual, hex);
  snprintf(summary, sizeof summary, "%zu values hashing to %s", actual->count, hex);
  bool by_hash = expected->count == 1 && strstr(expected->values[0], " values hashing to ") != NULL;
  if (by_hash && strcmp(expected->values[0], summary) != 0) {
    snprintf(detail, sizeof detail, "expected %s, got %s", expected->values[0], summary);
    report_failure(run, "another result", detail);
    return;
  }
  if (!by_hash && actual->count != expected->count) {
    snprintf(detail, sizeof detail, "expected %zu, got %zu", expected->count, actual->count);
    report_failure(run, "another number of values", detail);
    return;
  }
  for (size_t i = 0; !by_hash && i < actual->count; i++) {
    if (strcmp(actual->values[i], expected->values[i]) == 0) continue;
    snprintf(detail, sizeof detail, "value %zu: expected %.200s, got %.200s", i + 1, expected->values[i],
             actual->values[i]);
    report_failure(run, "another value", detail);
    return;
  }
  if (label[0] != '\0' && !label_agrees(run, label, hex))
    report_failure(run, "another result than before under label", label);
  else
    run->passed++;
}

static void query_record(runner *run, const char *types, const char *sort, const char *label, bool skip) {
  bool expects;
  char *sql = read_sql(run, &expects);
  value_list expected = {0}, actual = {0};
  if (expects) read_expected(run, &expected);
  bool known_sort = strcmp(sort, "nosort") == 0 || strcmp(sort, "rowsort") == 0 || strcmp(sort, "valuesort") == 0;
  if (skip)
    run->skipped++;
  else if (!expects)
    report_failure(run, "a query without ----", "");
  else if (!known_sort)
    report_failure(run, "an unknown sort mode", sort);
  else if (run_query(run, sql, types, sort, &actual))
    check_values(run, &actual, &expected, label);
  clear_values(&expected);
  clear_values(&actual);
  free(sql);
}

/* Runs one record; false at `halt`. *skip is what the conditions before it said, and is cleared by what consumes it. */
static bool run_record(runner *run, const char *line, bool *skip) {
  char words[4][128] = {{0}};
  char *copy = must(strdup(line)), *rest = copy, *word;
  for (size_t i = 0; i < 4 && (word = strtok_r(rest, " \t", &rest)) != NULL && word[0] != '#'; i++) {
    snprintf(words[i], sizeof words[i], "%s", word);
  }
  free(copy);
  bool go_on = true, is_condition = false, skipped = *skip;
  if (strcmp(words[0], "skipif") == 0 || strcmp(words[0], "onlyif") == 0) {
    is_condition = true;
    if ((strcasecmp(words[1], ENGINE_NAME) == 0) == (words[0][0] == 's')) *skip = true;
  } else if (strcmp(words[0], "statement") == 0) {
    statement_record(run, words[1], skipped);
  } else if (strcmp(words[0], "query") == 0) {
    query_record(run, words[1], words[2][0] != '\0' ? words[2] : "nosort", words[3], skipped);
  } else if (strcmp(words[0], "halt") == 0) {
    go_on = skipped;
  } else if (strcmp(words[0], "hash-threshold") != 0) {
    report_failure(run, "an unknown record", line);
  }
  if (!is_condition) *skip = false;
  return go_on;
}

/* ---- Files ------------------------------------------------------------------------------------------------- */

static void run_records(runner *run) {
  bool skip = false;
  const char *line;
  while ((line = next_line(run)) != NULL) {
    run->record_line = run->line_index;
    if (line[0] == '\0' || line[0] == '#') continue;
    if (!run_record(run, line, &skip)) break;
  }
}

static void run_in_database(runner *run, const char *database_path) {
  medley_options options;
  medley_error error;
  medley *db = NULL;
  medley_options_init(&options);
  if (database_path == NULL) options.flags |= MEDLEY_OPEN_MEMORY;
  run->record_line = 0;
  if (medley_open(database_path, &options, &db, &error) != MEDLEY_OK) {
    report_failure(run, "the database cannot be opened", error.message);
    return;
  }
  if (medley_session_open(db, &run->session, &error) == MEDLEY_OK)
    run_records(run);
  else
    report_failure(run, "the session cannot be opened", error.message);
  if (medley_session_close(run->session) != MEDLEY_OK) report_failure(run, "the session cannot be closed", "");
  if (medley_close(db) != MEDLEY_OK) report_failure(run, "the database cannot be closed", "");
  run->session = NULL;
}

static void run_file(runner *run, const char *path) {
  run->path = path;
  run->line_index = 0;
  run->record_line = 0;
  if (!test_text_file_read(&run->file, path)) {
    report_failure(run, "the file cannot be read", "");
    return;
  }
  size_t passed = run->passed, failed = run->failed;
  if (run->in_file) {
    char folder[] = "/tmp/sqllogictest-XXXXXX", database[64], lock[80];
    if (mkdtemp(folder) == NULL) exit(2);
    snprintf(database, sizeof database, "%s/test.medley", folder);
    snprintf(lock, sizeof lock, "%s-lock", database);
    run_in_database(run, database);
    unlink(database);
    unlink(lock);
    rmdir(folder);
  } else {
    run_in_database(run, NULL);
  }
  printf("%s: %zu passed, %zu failed\n", path, run->passed - passed, run->failed - failed);
  clear_labels(run);
  test_text_file_clear(&run->file);
}

static int order_by_path(const FTSENT **left, const FTSENT **right) {
  return strcmp((*left)->fts_path, (*right)->fts_path);
}

/* A file as it is; of a folder every .test file below it, in the order of their names. */
static void run_path(runner *run, char *path) {
  char *const paths[] = {path, NULL};
  FTS *walk = must(fts_open(paths, FTS_LOGICAL | FTS_NOCHDIR, order_by_path));
  FTSENT *entry;
  size_t file_count = 0;
  while ((entry = fts_read(walk)) != NULL) {
    const char *dot = strrchr(entry->fts_name, '.');
    bool named = entry->fts_level == 0 || (dot != NULL && strcmp(dot, ".test") == 0);
    if (entry->fts_info != FTS_F || !named) continue;
    file_count++;
    run_file(run, entry->fts_path);
  }
  fts_close(walk);
  run->path = path;
  run->record_line = 0;
  if (file_count == 0) report_failure(run, "no test file here", "");
}

int main(int argc, char **argv) {
  runner run = {0};
  int first = 1;
  if (argc > 1 && strcmp(argv[1], "--file") == 0) {
    run.in_file = true;
    first = 2;
  }
  if (first >= argc) {
    fprintf(stderr, "usage: sqllogictest [--file] FILE-OR-FOLDER...\n");
    return 2;
  }
  for (int i = first; i < argc; i++) run_path(&run, argv[i]);
  printf("%zu records, %zu of them for other engines only\n", run.passed + run.failed + run.skipped, run.skipped);
  printf("%zu passed, %zu failed\n", run.passed, run.failed);
  return run.failed == 0 && run.passed > 0 ? 0 : 1;
}
