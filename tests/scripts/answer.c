/* answer.c - writes values as a script shows them. */
#include "tests/scripts/answer.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct line_builder {
  char *bytes;
  size_t len;
} line_builder;

void *test_answer_must(void *memory) {
  if (memory != NULL) return memory;
  fprintf(stderr, "out of memory\n");
  exit(2);
}

/* ---- Writing values ---------------------------------------------------------------------------------------- */

static void put(line_builder *line, const char *format, ...) {
  va_list args, again;
  va_start(args, format);
  va_copy(again, args);
  int len = vsnprintf(NULL, 0, format, args);
  va_end(args);
  line->bytes = test_answer_must(realloc(line->bytes, line->len + (size_t)len + 1));
  vsnprintf(line->bytes + line->len, (size_t)len + 1, format, again);
  va_end(again);
  line->len += (size_t)len;
}

static void put_text(line_builder *line, const char *bytes, size_t len) {
  if (len == 0) put(line, "(empty)");
  for (size_t i = 0; i < len; i++) {
    unsigned char byte = (unsigned char)bytes[i];
    if (byte == '\t')
      put(line, "\\t");
    else if (byte == '\n')
      put(line, "\\n");
    else if (byte == '\\')
      put(line, "\\\\");
    else if (byte < 0x20 || byte == 0x7f)
      put(line, "\\x%02x", byte);
    else
      put(line, "%c", byte);
  }
}

/* Fifteen digits, and always told apart from an integer. */
static void put_real(line_builder *line, double real) {
  char text[64];
  snprintf(text, sizeof text, "%.15g", real);
  put(line, "%s%s", text, strpbrk(text, ".eni") == NULL ? ".0" : "");
}

static void put_value(line_builder *line, const medley_value *value, bool redis);

static void put_values(line_builder *line, const medley_value *items, size_t count, bool redis) {
  put(line, "[");
  for (size_t i = 0; i < count; i++) {
    if (i > 0) put(line, ", ");
    put_value(line, &items[i], redis);
  }
  put(line, "]");
}

static void put_map(line_builder *line, const medley_value *value, bool redis) {
  put(line, "{");
  for (size_t i = 0; i < value->as.map.count; i++) {
    if (i > 0) put(line, ", ");
    put_value(line, &value->as.map.keys[i], redis);
    put(line, ": ");
    put_value(line, &value->as.map.values[i], redis);
  }
  put(line, "}");
}

static void put_value(line_builder *line, const medley_value *value, bool redis) {
  switch (value->type) {
    case MEDLEY_TYPE_NULL: put(line, redis ? "(nil)" : "NULL"); break;
    case MEDLEY_TYPE_BOOLEAN: put(line, value->as.boolean ? "true" : "false"); break;
    case MEDLEY_TYPE_INTEGER: put(line, redis ? "(integer) %" PRId64 : "%" PRId64, value->as.integer); break;
    case MEDLEY_TYPE_REAL: put_real(line, value->as.real); break;
    case MEDLEY_TYPE_TEXT:
    case MEDLEY_TYPE_STATUS: put_text(line, value->as.text.bytes, value->as.text.len); break;
    case MEDLEY_TYPE_BLOB:
      put(line, "x'");
      for (size_t i = 0; i < value->as.text.len; i++) put(line, "%02x", (unsigned char)value->as.text.bytes[i]);
      put(line, "'");
      break;
    case MEDLEY_TYPE_LIST: put_values(line, value->as.list.items, value->as.list.count, redis); break;
    case MEDLEY_TYPE_MAP: put_map(line, value, redis); break;
    default: put(line, "(a value of type %d)", (int)value->type);
  }
}

/* ---- Answers ----------------------------------------------------------------------------------------------- */

void test_answer_init(test_answer *answer) { memset(answer, 0, sizeof *answer); }

void test_answer_clear(test_answer *answer) {
  for (size_t i = 0; i < answer->count; i++) free(answer->lines[i]);
  free(answer->lines);
  test_answer_init(answer);
}

static void add_line(test_answer *answer, line_builder *line) {
  answer->lines = test_answer_must(realloc(answer->lines, (answer->count + 1) * sizeof *answer->lines));
  answer->lines[answer->count++] = line->bytes != NULL ? line->bytes : test_answer_must(strdup(""));
}

static void add_reply(test_answer *answer, const medley_value *reply) {
  bool list = reply->type == MEDLEY_TYPE_LIST && reply->as.list.count > 0;
  for (size_t i = 0; i < (list ? reply->as.list.count : 1); i++) {
    line_builder line = {0};
    put_value(&line, list ? &reply->as.list.items[i] : reply, true);
    add_line(answer, &line);
  }
}

void test_answer_add_row(test_answer *answer, medley_statement *statement, medley_language language) {
  if (language == MEDLEY_LANGUAGE_REDIS) {
    add_reply(answer, medley_column_value(statement, 0));
    return;
  }
  line_builder line = {0};
  for (int i = 0; i < medley_column_count(statement); i++) {
    if (i > 0) put(&line, "\t");
    put_value(&line, medley_column_value(statement, i), false);
  }
  add_line(answer, &line);
}

void test_answer_set_error(test_answer *answer, int status, const medley_error *error) {
  answer->is_error = true;
  answer->status = status;
  answer->line = error->line;
  answer->column = error->column;
  snprintf(answer->error_text, sizeof answer->error_text, "error %s @%d:%d %s", medley_status_name(status), error->line,
           error->column, error->message);
}

/* error STATUS [@LINE:COLUMN] [part of the message] */
static bool matches_error(const test_answer *answer, const char *expected) {
  char name[32];
  int used = 0, line, column;
  if (sscanf(expected, "error %31s%n", name, &used) != 1) return false;
  if (strcmp(name, medley_status_name(answer->status)) != 0) return false;
  const char *rest = expected + used;
  used = 0;
  if (sscanf(rest, " @%d:%d%n", &line, &column, &used) == 2 && used > 0) {
    if (line != answer->line || column != answer->column) return false;
    rest += used;
  }
  while (*rest == ' ') rest++;
  return strstr(answer->error_text, rest) != NULL;
}

static int compare_lines(const void *left, const void *right) {
  return strcmp(*(char *const *)left, *(char *const *)right);
}

bool test_answer_matches(test_answer *answer, char *const *expected, size_t expected_count, bool sorted) {
  bool wants_error = expected_count == 1 && strncmp(expected[0], "error ", 6) == 0;
  if (answer->is_error) return wants_error && matches_error(answer, expected[0]);
  if (answer->count != expected_count) return false;
  char **wanted = test_answer_must(calloc(expected_count + 1, sizeof *wanted));
  memcpy(wanted, expected, expected_count * sizeof *wanted);
  if (sorted && expected_count > 0) {
    qsort(wanted, expected_count, sizeof *wanted, compare_lines);
    qsort(answer->lines, answer->count, sizeof *answer->lines, compare_lines);
  }
  bool equal = true;
  for (size_t i = 0; equal && i < expected_count; i++) equal = strcmp(answer->lines[i], wanted[i]) == 0;
  free(wanted);
  return equal;
}

void test_answer_print(const test_answer *answer) {
  if (answer->is_error) printf("  %s\n", answer->error_text);
  for (size_t i = 0; !answer->is_error && i < answer->count; i++) printf("  %s\n", answer->lines[i]);
  if (!answer->is_error && answer->count == 0) printf("  (no rows)\n");
}
