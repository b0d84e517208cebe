/* demo_scene.c - see demo_scene.h. */
#include "tools/demo_scene.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define WORDS_MAX 16

bool scene_open(scene *s, const char *path) {
  medley_options options;
  medley_error error = {0};
  medley_options_init(&options);
  options.flags |= MEDLEY_OPEN_NO_CREATE;
  s->path = path;
  if (medley_open(path, &options, &s->db, &error) != MEDLEY_OK ||
      medley_session_open(s->db, &s->session, &error) != MEDLEY_OK) {
    fprintf(stderr, "medley-demo-story: %s: %s\n", path, error.message);
    medley_close(s->db);
    return false;
  }
  return true;
}

void scene_close(scene *s) {
  medley_session_close(s->session);
  medley_close(s->db);
  s->session = NULL;
  s->db = NULL;
}

void scene_say(const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  fputs("  ", stdout);
  vprintf(format, arguments);
  putchar('\n');
  va_end(arguments);
  fflush(stdout);
}

bool scene_claim(scene *s, bool fine, const char *format, ...) {
  va_list arguments;
  s->claim_count++;
  if (!fine) s->broken_count++;
  va_start(arguments, format);
  fputs(fine ? "    ok: " : "    WRONG: ", stdout);
  vprintf(format, arguments);
  putchar('\n');
  va_end(arguments);
  fflush(stdout);
  return fine;
}

bool scene_must(scene *s, int status, const char *what) {
  if (status == MEDLEY_OK || status == MEDLEY_DONE || status == MEDLEY_ROW) return true;
  return scene_claim(s, false, "%s: %s", what, medley_session_error(s->session)->message);
}

double scene_now_ms(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

static medley_statement *prepare(scene *s, medley_language language, const char *query, int count,
                                 const int64_t *numbers) {
  medley_statement *statement = NULL;
  int rc = medley_prepare(s->session, language, query, strlen(query), &statement, NULL);
  for (int i = 0; i < count && rc == MEDLEY_OK; i++) rc = medley_bind_integer(statement, i + 1, numbers[i]);
  if (scene_must(s, rc, query)) return statement;
  medley_statement_close(statement);
  return NULL;
}

int64_t scene_sql(scene *s, const char *sql, int count, const int64_t *numbers) {
  medley_statement *statement = prepare(s, MEDLEY_LANGUAGE_SQL, sql, count, numbers);
  int64_t answer = 0;
  if (!statement) return 0;
  int rc = medley_step(statement);
  if (rc == MEDLEY_ROW) answer = medley_column_integer(statement, 0);
  scene_must(s, rc, sql);
  medley_statement_close(statement);
  return answer;
}

void scene_sql_text(scene *s, const char *sql, int64_t number, char *text, size_t size) {
  medley_statement *statement = prepare(s, MEDLEY_LANGUAGE_SQL, sql, 1, &number);
  text[0] = 0;
  if (!statement) return;
  int rc = medley_step(statement);
  const char *found = rc == MEDLEY_ROW ? medley_column_text(statement, 0) : NULL;
  if (found) snprintf(text, size, "%s", found);
  scene_must(s, rc, sql);
  medley_statement_close(statement);
}

static void print_cell(medley_statement *statement, int column) {
  bool is_number = medley_column_type(statement, column) == MEDLEY_TYPE_INTEGER;
  const char *text = medley_column_text(statement, column);
  if (!text) text = "NULL";
  int width = 0; /* in characters, not bytes */
  for (const char *c = text; *c; c++) width += (*c & 0xC0) != 0x80;
  int missing = (is_number ? 14 : 24) - width;
  if (missing < 0) missing = 0;
  if (is_number)
    printf("%*s%s  ", missing, "", text);
  else
    printf("%s%*s  ", text, missing, "");
}

static int print(scene *s, medley_language language, const char *query, int count, const int64_t *numbers) {
  medley_statement *statement = prepare(s, language, query, count, numbers);
  int rows = 0;
  if (!statement) return 0;
  int rc;
  while ((rc = medley_step(statement)) == MEDLEY_ROW) {
    fputs("      ", stdout);
    for (int i = 0; i < medley_column_count(statement); i++) print_cell(statement, i);
    putchar('\n');
    rows++;
  }
  scene_must(s, rc, query);
  medley_statement_close(statement);
  return rows;
}

int scene_print(scene *s, const char *sql, int count, const int64_t *numbers) {
  return print(s, MEDLEY_LANGUAGE_SQL, sql, count, numbers);
}

int scene_print_cql(scene *s, const char *cql, int count, const int64_t *numbers) {
  return print(s, MEDLEY_LANGUAGE_CQL, cql, count, numbers);
}

bool scene_cql(scene *s, const char *cql, int count, const int64_t *numbers) {
  medley_statement *statement = prepare(s, MEDLEY_LANGUAGE_CQL, cql, count, numbers);
  if (!statement) return false;
  bool done = scene_must(s, medley_step(statement), cql);
  medley_statement_close(statement);
  return done;
}

static const medley_value *command(scene *s, const char *word, va_list arguments) {
  const char *words[WORDS_MAX];
  size_t lens[WORDS_MAX], count = 0;
  const medley_value *reply = NULL;
  for (; word && count < WORDS_MAX; word = va_arg(arguments, const char *)) {
    words[count] = word;
    lens[count++] = strlen(word);
  }
  return scene_must(s, medley_command(s->session, count, words, lens, &reply), words[0]) ? reply : NULL;
}

const medley_value *scene_redis(scene *s, const char *word, ...) {
  va_list arguments;
  va_start(arguments, word);
  const medley_value *reply = command(s, word, arguments);
  va_end(arguments);
  return reply;
}

int64_t scene_redis_number(scene *s, const char *word, ...) {
  va_list arguments;
  va_start(arguments, word);
  const medley_value *reply = command(s, word, arguments);
  va_end(arguments);
  return reply && reply->type == MEDLEY_TYPE_INTEGER ? reply->as.integer : -1;
}
