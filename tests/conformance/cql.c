/* cql.c - runs a CQL script against Medley and compares what it answers with what cqlsh printed for the same script.
 *
 *   cql [--file] [--print] [--failures=N] SCRIPT EXPECTED
 *
 * The database is in memory, or with --file in a temporary file that is removed afterwards. Every table and every error in
 * EXPECTED is compared, in order, with what the script's statements answer: names of columns, rows in their order, values; of
 * an error its class and what README.md says. A statement that fails does not end the script, as with cqlsh.
 * DESCRIBE runs and is not compared. --print shows what Medley answers instead, in cqlsh's form. README.md says more about
 * the format. Ends with `N passed, N failed`; a failure is named SCRIPT:LINE. --failures: so many there must be, because that recording is
 * wrong in so many places. */
#include "engine/medley.h"
#include "tests/conformance/cql_match.h"
#include "tests/conformance/cql_recorded.h"
#include "tests/conformance/cql_script.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

typedef struct runner {
  const char *path;
  medley_session *session;
  test_cql_recorded recorded;
  size_t next_item;
  const test_cql_statement *statement; /* the present one */
  bool prints;
  size_t passed, failed, failures_wanted;
} runner;

static void fail(runner *run, const char *what, const char *found, const char *expected) {
  run->failed++;
  printf("%s:%zu: %s\n    %.*s\n", run->path, run->statement->first_line, what, (int)run->statement->len,
         run->statement->text);
  if (expected != NULL) printf("  expected: %s\n", expected);
  if (found != NULL) printf("  found:    %s\n", found);
}

/* ---- Errors ---- */

/* What is no fault of the statement has the name of its status: no recording has that. */
static const char *class_of(int status) {
  switch (status) {
    case MEDLEY_SYNTAX: return "SyntaxException";
    case MEDLEY_EXISTS: return "AlreadyExists";
    case MEDLEY_ERROR:
    case MEDLEY_TYPE:
    case MEDLEY_RANGE:
    case MEDLEY_TOO_BIG:
    case MEDLEY_NOT_FOUND: return "InvalidRequest";
    default: return medley_status_name(status);
  }
}

/* Medley's own messages say where they come from. */
static const char *message_of(const medley_error *error) {
  return strncmp(error->message, "cql: ", 5) == 0 ? error->message + 5 : error->message;
}

/* Cassandra's driver says "Table 'keyspace.name' already exists" in place of the server's words: both names must be in ours. */
static bool names_the_same(const char *recorded, const char *message) {
  char part[64];
  const char *at = strchr(recorded, '\'');
  if (at == NULL) return false;
  do {
    size_t len = strcspn(++at, ".'");
    if (len == 0 || len >= sizeof part - 2) return false;
    snprintf(part, sizeof part, "\"%.*s\"", (int)len, at);
    if (strstr(message, part) == NULL) return false;
    at += len;
  } while (*at == '.');
  return true;
}

/* Where the grammar is at fault the parsers differ in their words, and in what they stumble over, hardly in the line. */
static bool same_line(const char *recorded, const medley_error *error) {
  if (strncmp(recorded, "line ", 5) != 0) return strcmp(recorded, message_of(error)) == 0;
  return strtoul(recorded + 5, NULL, 10) == (unsigned long)error->line;
}

/* NULL, or in what the error differs from the recorded one. */
static const char *difference_of(const runner *run, const test_cql_item *item, const medley_error *error) {
  const char *class = class_of(error->status);
  bool configuration = strcmp(item->class, "ConfigurationException") == 0 && strcmp(class, "InvalidRequest") == 0;
  if (item->script_line != 0 && item->script_line < run->statement->first_line) return "an error of an earlier line";
  if (!configuration && strcmp(item->class, class) != 0) return "another class of error";
  if (strcmp(class, "SyntaxException") == 0) return same_line(item->message, error) ? NULL : "another line or message";
  if (strcmp(class, "AlreadyExists") == 0)
    return names_the_same(item->message, error->message) ? NULL : "another thing that exists";
  return strcmp(item->message, message_of(error)) == 0 ? NULL : "another message";
}

/* What the recording has next; NULL if that is an error of a later statement. */
static const test_cql_item *next_item(const runner *run) {
  const test_cql_item *item = run->next_item < run->recorded.count ? &run->recorded.items[run->next_item] : NULL;
  bool later = item != NULL && item->is_error && item->script_line > run->statement->last_line;
  return later ? NULL : item;
}

static void judge_error(runner *run) {
  const medley_error *error = medley_session_error(run->session);
  const test_cql_item *item = next_item(run);
  if (run->prints) {
    printf("%s:%zu:%s: message=\"%s\"\n", run->path, run->statement->last_line, class_of(error->status),
           message_of(error));
    return;
  }
  if (item == NULL || !item->is_error) {
    fail(run, "it failed", error->message, item != NULL ? "a table" : "nothing");
    if (item != NULL) run->next_item++;
    return;
  }
  run->next_item++;
  const char *difference = difference_of(run, item, error);
  if (difference != NULL)
    fail(run, difference, error->message, item->message);
  else
    run->passed++;
}

/* ---- Tables ---- */

/* Where a condition was met Cassandra answers [applied] alone; Medley's columns are the same whether it was or not. */
static int judged_columns(medley_statement *statement, const test_cql_item *item) {
  bool met = item->column_count == 1 && strcmp(item->names[0], "[applied]") == 0;
  return met && medley_column_count(statement) > 0 ? 1 : medley_column_count(statement);
}

static bool judge_names(runner *run, medley_statement *statement, const test_cql_item *item) {
  int count = judged_columns(statement, item);
  if ((size_t)count != item->column_count) {
    fail(run, "another number of columns", NULL, NULL);
    return false;
  }
  for (int i = 0; i < count; i++) {
    if (strcmp(medley_column_name(statement, i), item->names[i]) == 0) continue;
    fail(run, "another name of a column", medley_column_name(statement, i), item->names[i]);
    return false;
  }
  return true;
}

static bool judge_row(runner *run, medley_statement *statement, const test_cql_item *item, size_t row_index) {
  const test_cql_row *row = &item->rows[row_index];
  for (int i = 0; i < judged_columns(statement, item); i++) {
    const medley_value *value = medley_column_value(statement, i);
    char found[1024];
    if (value == NULL) exit(2);
    if (test_cql_match(value, row->cells[i])) continue;
    test_cql_print(value, found, sizeof found);
    fail(run, medley_column_name(statement, i), found, row->cells[i]);
    return false;
  }
  return true;
}

/* The first step has been made. */
static void judge_rows(runner *run, medley_statement *statement, int rc) {
  const test_cql_item *item = next_item(run);
  size_t count = 0;
  bool fine = item != NULL && !item->is_error && judge_names(run, statement, item);
  if (item == NULL || item->is_error) fail(run, "it answers rows", NULL, item != NULL ? item->message : "nothing");
  for (; rc == MEDLEY_ROW; rc = medley_step(statement)) {
    if (fine && count == item->row_count) fail(run, "there are more rows", NULL, NULL), fine = false;
    if (fine) fine = judge_row(run, statement, item, count);
    count++;
  }
  if (rc != MEDLEY_DONE && fine) fail(run, "it failed", medley_session_error(run->session)->message, NULL);
  if (rc == MEDLEY_DONE && fine && count < item->row_count) fail(run, "there are fewer rows", NULL, NULL);
  if (rc == MEDLEY_DONE && fine && count == item->row_count) run->passed++;
  if (item != NULL) run->next_item++;
}

static void print_rows(medley_statement *statement, int rc) {
  char text[1024];
  size_t count = 0;
  for (int i = 0; i < medley_column_count(statement); i++)
    printf("%s%s", i > 0 ? " | " : " ", medley_column_name(statement, i));
  printf("\n");
  for (; rc == MEDLEY_ROW; rc = medley_step(statement), count++) {
    for (int i = 0; i < medley_column_count(statement); i++) {
      const medley_value *value = medley_column_value(statement, i);
      if (value == NULL) exit(2);
      test_cql_print(value, text, sizeof text);
      printf("%s%s", i > 0 ? " | " : " ", text);
    }
    printf("\n");
  }
  printf("\n(%zu rows)\n\n", count);
}

/* ---- Statements ---- */

static bool is_describe(const test_cql_statement *statement) { return strncasecmp(statement->text, "desc", 4) == 0; }

/* It worked without rows: right, unless the recording has an error from its lines. */
static void judge_silence(runner *run) {
  const test_cql_item *item = next_item(run);
  bool error_here = item != NULL && item->is_error && item->script_line >= run->statement->first_line &&
                    item->script_line <= run->statement->last_line;
  if (run->prints) return;
  if (!error_here) {
    run->passed++;
    return;
  }
  fail(run, "it worked", NULL, item->message);
  run->next_item++;
}

static void run_statement(runner *run) {
  medley_statement *statement = NULL;
  int rc =
      medley_prepare(run->session, MEDLEY_LANGUAGE_CQL, run->statement->text, run->statement->len, &statement, NULL);
  if (rc == MEDLEY_OK) rc = medley_step(statement);
  if (rc != MEDLEY_ROW && rc != MEDLEY_DONE) {
    judge_error(run);
  } else if (medley_column_count(statement) == 0) {
    judge_silence(run);
  } else if (run->prints) {
    print_rows(statement, rc);
  } else if (is_describe(run->statement)) {
    run->passed++;
  } else {
    judge_rows(run, statement, rc);
  }
  medley_statement_close(statement);
}

static void run_script(runner *run, const char *text, size_t len) {
  test_cql_script script;
  test_cql_statement statement;
  test_cql_script_init(&script, text, len);
  while (test_cql_script_next(&script, &statement)) {
    run->statement = &statement;
    run_statement(run);
  }
  for (; !run->prints && run->next_item < run->recorded.count; run->next_item++) {
    printf("line %zu of the recording: nothing in the script answers it\n", run->recorded.items[run->next_item].line);
    run->failed++;
  }
}

/* ---- The program ---- */

static char *read_all(const char *path, size_t *len) {
  FILE *file = fopen(path, "rb");
  char *text = NULL;
  size_t capacity = 0;
  *len = 0;
  if (file == NULL) {
    perror(path);
    exit(2);
  }
  do {
    capacity = capacity == 0 ? 1 << 16 : 2 * capacity;
    text = realloc(text, capacity);
    if (text == NULL) exit(2);
    *len += fread(text + *len, 1, capacity - *len, file);
  } while (*len == capacity);
  fclose(file);
  return text;
}

static medley *open_database(bool in_file, char *path) {
  medley_options options;
  medley_error error;
  medley *db = NULL;
  medley_options_init(&options);
  if (!in_file) options.flags = MEDLEY_OPEN_MEMORY;
  int fd = in_file ? mkstemp(path) : -1;
  if (fd >= 0) {
    close(fd);
    unlink(path);
  }
  if (medley_open(in_file ? path : NULL, &options, &db, &error) != MEDLEY_OK) {
    fprintf(stderr, "cql: %s\n", error.message);
    exit(2);
  }
  return db;
}

int main(int argc, char **argv) {
  runner run = {0};
  bool in_file = false;
  char path[] = "/tmp/medley-cql-XXXXXX", beside[sizeof path + 8];
  int first = 1;
  size_t len;
  medley_error error;
  for (; first < argc && strncmp(argv[first], "--", 2) == 0; first++) {
    in_file = in_file || strcmp(argv[first], "--file") == 0;
    run.prints = run.prints || strcmp(argv[first], "--print") == 0;
    if (strncmp(argv[first], "--failures=", 11) == 0) run.failures_wanted = strtoul(argv[first] + 11, NULL, 10);
  }
  if (argc - first != (run.prints ? 1 : 2)) {
    fprintf(stderr, "usage: cql [--file] [--failures=N] SCRIPT EXPECTED\n       cql [--file] --print SCRIPT\n");
    return 2;
  }
  run.path = argv[first];
  char *text = read_all(run.path, &len);
  if (!run.prints && !test_cql_recorded_read(&run.recorded, argv[first + 1])) return 2;
  medley *db = open_database(in_file, path);
  if (medley_session_open(db, &run.session, &error) != MEDLEY_OK) return 2;
  run_script(&run, text, len);
  if (medley_session_close(run.session) != MEDLEY_OK || medley_close(db) != MEDLEY_OK) return 2;
  if (in_file) {
    snprintf(beside, sizeof beside, "%s-lock", path);
    unlink(path);
    unlink(beside);
    snprintf(beside, sizeof beside, "%s-log", path);
    unlink(beside);
  }
  if (run.recorded.other_lines > 0)
    printf("%zu lines of the recording are no tables and no errors\n", run.recorded.other_lines);
  test_cql_recorded_clear(&run.recorded);
  free(text);
  if (run.prints) return 0;
  bool fine = run.failed == run.failures_wanted && run.passed > 0;
  if (run.failures_wanted > 0) {
    printf("%zu places are wrong, %zu were found\n%d passed, %d failed\n", run.failures_wanted, run.failed, fine,
           !fine);
    return !fine;
  }
  printf("%zu passed, %zu failed\n", run.passed, run.failed);
  return !fine;
}
