/* script.c - runs scripts of statements with the expected answer under each; README.md describes the format.
 *
 *   script FILE...
 *
 * Each file gets a database in memory and a clock that only `clock` moves, and must pass medley_check at its end. Ends with
 * `N passed, N failed`, counted in statements; a failure is named file:line and shows what came instead. */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/medley.h"
#include "tests/conformance/text_file.h"
#include "tests/scripts/answer.h"

#define SESSION_COUNT_MAX 8
#define NAME_SIZE_MAX 32
/* 2033-05-18T03:33:20Z: no test can take it for the present. */
#define CLOCK_START_US ((int64_t)2000000000 * 1000000)
#define BUSY_TIMEOUT_DEFAULT_MS 0

typedef struct named_session {
  char name[NAME_SIZE_MAX];
  medley_session *session;
} named_session;

typedef struct runner {
  const char *path;
  test_text_file file;
  size_t line_index;     /* of the next line to read */
  size_t statement_line; /* from 1 */
  medley *db;
  int64_t now_us;
  medley_language default_language;
  named_session sessions[SESSION_COUNT_MAX];
  size_t session_count;
  medley_session *session; /* the present one */
  size_t passed, failed;   /* over all files */
} runner;

static int64_t read_clock(void *context) { return ((runner *)context)->now_us; }

static void fail(runner *run, const char *what, const char *detail) {
  run->failed++;
  printf("%s:%zu: %s%s%s\n", run->path, run->statement_line, what, detail[0] != '\0' ? ": " : "", detail);
}

/* ---- Lines ------------------------------------------------------------------------------------------------- */

static const char *peek_line(const runner *run) {
  return run->line_index < run->file.line_count ? run->file.lines[run->line_index] : NULL;
}

static bool begins_with(const char *line, const char *word) { return strncmp(line, word, strlen(word)) == 0; }

static bool ends_with(const char *line, const char *end) {
  size_t line_len = strlen(line), end_len = strlen(end);
  while (line_len > 0 && line[line_len - 1] == ' ') line_len--;
  return line_len >= end_len && memcmp(line + line_len - end_len, end, end_len) == 0;
}

/* Takes the tag off a line that has one. */
static medley_language take_tag(const runner *run, const char **line) {
  const char *colon = strchr(*line, ':');
  if (colon == NULL) return run->default_language;
  medley_language language = medley_language_by_name(*line, (size_t)(colon - *line));
  if (language == MEDLEY_LANGUAGE_NONE) return run->default_language;
  *line = colon + 1;
  while (**line == ' ') (*line)++;
  return language;
}

/* The statement that begins with first, joined with the lines it goes on in. The caller frees it. NULL: it has no end. */
static char *read_statement(runner *run, medley_language language, const char *first) {
  char *text = test_answer_must(strdup(first));
  if (language == MEDLEY_LANGUAGE_REDIS) return text;
  bool trigger = begins_with(first, "CREATE TRIGGER") || begins_with(first, "CREATE TEMP TRIGGER");
  bool batch = language == MEDLEY_LANGUAGE_CQL && begins_with(first, "BEGIN") && strstr(first, "BATCH") != NULL;
  const char *end = trigger ? "END;" : batch ? "APPLY BATCH;" : ";";
  const char *last = first;
  while (!ends_with(last, end)) {
    last = peek_line(run);
    if (last == NULL || strcmp(last, "----") == 0) {
      free(text);
      return NULL;
    }
    run->line_index++;
    size_t len = strlen(text);
    text = test_answer_must(realloc(text, len + strlen(last) + 2));
    text[len] = '\n';
    memcpy(text + len + 1, last, strlen(last) + 1);
  }
  return text;
}

/* ---- Statements -------------------------------------------------------------------------------------------- */

static void run_statement(runner *run, medley_language language, const char *text, test_answer *answer) {
  medley_statement *statement = NULL;
  int rc = medley_prepare(run->session, language, text, MEDLEY_NUL_ENDED, &statement, NULL);
  if (rc == MEDLEY_OK) {
    while ((rc = medley_step(statement)) == MEDLEY_ROW) test_answer_add_row(answer, statement, language);
  }
  if (rc != MEDLEY_OK && rc != MEDLEY_DONE) test_answer_set_error(answer, rc, medley_session_error(run->session));
  medley_statement_close(statement);
}

/* Under a statement: `----` or `---- sorted`, then lines up to a blank one. Nothing: only success is asked for. */
static void check_answer(runner *run, test_answer *answer) {
  const char *line = peek_line(run);
  if (line == NULL || !begins_with(line, "----")) {
    if (answer->is_error)
      fail(run, "the statement failed", answer->error_text);
    else
      run->passed++;
    return;
  }
  bool sorted = strcmp(line, "---- sorted") == 0;
  run->line_index++;
  char **expected = run->file.lines + run->line_index;
  size_t expected_count = 0;
  while ((line = peek_line(run)) != NULL && line[0] != '\0') {
    expected_count++;
    run->line_index++;
  }
  if (test_answer_matches(answer, expected, expected_count, sorted)) {
    run->passed++;
    return;
  }
  fail(run, "another answer", "got");
  test_answer_print(answer);
}

static void statement(runner *run, const char *line) {
  medley_language language = take_tag(run, &line);
  char *text = read_statement(run, language, line);
  if (text == NULL) {
    fail(run, "the statement has no end", line);
    return;
  }
  test_answer answer;
  test_answer_init(&answer);
  run_statement(run, language, text, &answer);
  check_answer(run, &answer);
  test_answer_clear(&answer);
  free(text);
}

/* ---- Directives -------------------------------------------------------------------------------------------- */

static void use_session(runner *run, const char *name) {
  for (size_t i = 0; i < run->session_count; i++) {
    if (strcmp(run->sessions[i].name, name) != 0) continue;
    run->session = run->sessions[i].session;
    return;
  }
  medley_error error;
  if (run->session_count == SESSION_COUNT_MAX || strlen(name) >= NAME_SIZE_MAX) {
    fail(run, "too many sessions, or too long a name", name);
    return;
  }
  named_session *added = &run->sessions[run->session_count];
  if (medley_session_open(run->db, &added->session, &error) != MEDLEY_OK) {
    fail(run, "the session cannot be opened", error.message);
    return;
  }
  snprintf(added->name, sizeof added->name, "%s", name);
  medley_session_set_busy_timeout_ms(added->session, BUSY_TIMEOUT_DEFAULT_MS);
  run->session = added->session;
  run->session_count++;
}

static void close_session(runner *run, const char *name) {
  for (size_t i = 0; i < run->session_count; i++) {
    named_session *named = &run->sessions[i];
    if (strcmp(named->name, name) != 0) continue;
    bool present = run->session == named->session;
    if (medley_session_close(named->session) != MEDLEY_OK) fail(run, "the session cannot be closed", name);
    *named = run->sessions[--run->session_count];
    if (present) use_session(run, "main");
    return;
  }
  fail(run, "there is no such session", name);
}

static void on_problem(void *context, const char *problem) { fail(context, "medley_check", problem); }

static void check_database(runner *run) {
  medley_error error;
  uint64_t problem_count = 0;
  if (medley_check(run->db, on_problem, run, &problem_count, &error) != MEDLEY_OK)
    fail(run, "medley_check failed", error.message);
  else if (problem_count == 0)
    run->passed++;
}

static void maintain(runner *run) {
  medley_error error;
  int more = 1;
  while (more) {
    if (medley_maintain(run->db, 1000000, &more, &error) == MEDLEY_OK) continue;
    fail(run, "medley_maintain failed", error.message);
    return;
  }
  run->passed++;
}

/* NAME BYTES */
static void make_cache(runner *run, const char *arguments) {
  char name[NAME_SIZE_MAX] = "";
  size_t len = strcspn(arguments, " ");
  if (len < sizeof name) memcpy(name, arguments, len);
  uint64_t size_bytes = strtoull(arguments + len, NULL, 10);
  if (medley_cache_create(run->session, name, size_bytes, MEDLEY_EVICT_SEGMENTED_LRU) == MEDLEY_OK)
    run->passed++;
  else
    fail(run, "the cache bucket cannot be made", medley_session_error(run->session)->message);
}

/* True if the line was one. */
static bool directive(runner *run, const char *line) {
  if (begins_with(line, "session "))
    use_session(run, line + 8);
  else if (begins_with(line, "close "))
    close_session(run, line + 6);
  else if (begins_with(line, "timeout "))
    medley_session_set_busy_timeout_ms(run->session, (uint32_t)strtoul(line + 8, NULL, 10));
  else if (begins_with(line, "clock +"))
    run->now_us += strtoll(line + 7, NULL, 10) * 1000;
  else if (begins_with(line, "cache "))
    make_cache(run, line + 6);
  else if (strcmp(line, "check") == 0)
    check_database(run);
  else if (strcmp(line, "maintain") == 0)
    maintain(run);
  else
    return false;
  return true;
}

/* ---- Files ------------------------------------------------------------------------------------------------- */

/* The language that the file's folder is named after, otherwise SQL. */
static medley_language language_of_folder(const char *path) {
  const char *slash = strrchr(path, '/');
  const char *start = slash;
  while (start != NULL && start > path && start[-1] != '/') start--;
  medley_language language = MEDLEY_LANGUAGE_NONE;
  if (slash != NULL) language = medley_language_by_name(start, (size_t)(slash - start));
  return language != MEDLEY_LANGUAGE_NONE ? language : MEDLEY_LANGUAGE_SQL;
}

static void run_lines(runner *run) {
  const char *line;
  while ((line = peek_line(run)) != NULL) {
    run->statement_line = ++run->line_index;
    if (line[0] == '\0' || line[0] == '#') continue;
    if (!directive(run, line)) statement(run, line);
  }
}

static void close_sessions(runner *run) {
  for (size_t i = 0; i < run->session_count; i++) {
    if (medley_session_close(run->sessions[i].session) != MEDLEY_OK) {
      fail(run, "the session cannot be closed", run->sessions[i].name);
    }
  }
  run->session_count = 0;
}

static void run_file(runner *run, const char *path) {
  medley_options options;
  medley_error error;
  run->path = path;
  run->line_index = 0;
  run->statement_line = 0;
  run->now_us = CLOCK_START_US;
  run->default_language = language_of_folder(path);
  if (!test_text_file_read(&run->file, path)) {
    fail(run, "the file cannot be read", "");
    return;
  }
  medley_options_init(&options);
  options.flags |= MEDLEY_OPEN_MEMORY;
  options.clock_us = read_clock;
  options.clock_context = run;
  options.seed = 1;
  if (medley_open(NULL, &options, &run->db, &error) != MEDLEY_OK) {
    fail(run, "the database cannot be opened", error.message);
  } else {
    use_session(run, "main");
    run_lines(run);
    close_sessions(run);
    check_database(run);
    if (medley_close(run->db) != MEDLEY_OK) fail(run, "the database cannot be closed", "");
  }
  test_text_file_clear(&run->file);
}

int main(int argc, char **argv) {
  runner run = {0};
  if (argc < 2) {
    fprintf(stderr, "usage: script FILE...\n");
    return 2;
  }
  for (int i = 1; i < argc; i++) run_file(&run, argv[i]);
  printf("%zu passed, %zu failed\n", run.passed, run.failed);
  return run.failed == 0 && run.passed > 0 ? 0 : 1;
}
