/* cql_recorded.c - see cql_recorded.h. Columns are where the line of dashes has them, counted in characters. */
#include "tests/conformance/cql_recorded.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *must(void *memory) {
  if (memory != NULL) return memory;
  fprintf(stderr, "cql: out of memory\n");
  exit(2);
}

static char *trimmed(const char *from, const char *to) {
  while (from < to && isspace((unsigned char)*from)) from++;
  while (to > from && isspace((unsigned char)to[-1])) to--;
  return must(strndup(from, (size_t)(to - from)));
}

static test_cql_item *add_item(test_cql_recorded *recorded, size_t line) {
  if (recorded->count == recorded->capacity) {
    recorded->capacity = recorded->capacity == 0 ? 16 : 2 * recorded->capacity;
    recorded->items = must(realloc(recorded->items, recorded->capacity * sizeof *recorded->items));
  }
  test_cql_item *item = &recorded->items[recorded->count++];
  *item = (test_cql_item){.line = line};
  return item;
}

/* ---- Tables ---- */

static bool is_dashes(const char *line) { return *line == '-' && line[strspn(line, "-+")] == '\0'; }

/* The byte where the character of that number is, or the end. */
static const char *character_at(const char *line, size_t number) {
  for (; *line != '\0'; line++) {
    if (((unsigned char)*line & 0xC0) == 0x80) continue;
    if (number-- == 0) break;
  }
  return line;
}

static char **cut_cells(const char *line, const char *dashes, size_t count) {
  char **cells = must(calloc(count, sizeof *cells));
  const char *column = dashes;
  for (size_t i = 0; i < count; i++) {
    size_t len = strcspn(column, "+"), start = (size_t)(column - dashes);
    bool last = i + 1 == count;
    const char *from = character_at(line, start), *to = last ? from + strlen(from) : character_at(from, len);
    cells[i] = trimmed(from, to);
    column += len + !last;
  }
  return cells;
}

static size_t count_columns(const char *dashes) {
  size_t count = 1;
  for (; *dashes != '\0'; dashes++) count += *dashes == '+';
  return count;
}

static bool is_row_count(const char *line) { return *line == '(' && strstr(line, " rows)") != NULL; }

/* The lines from its names on; answers the line behind it. */
static size_t read_table(test_cql_recorded *recorded, size_t line) {
  const test_text_file *file = &recorded->file;
  const char *dashes = file->lines[line + 1];
  test_cql_item *item = add_item(recorded, line + 1);
  item->column_count = count_columns(dashes);
  item->names = cut_cells(file->lines[line], dashes, item->column_count);
  for (line += 2; line < file->line_count && !is_row_count(file->lines[line]); line++) {
    if (file->lines[line][strspn(file->lines[line], " ")] == '\0') continue;
    item->rows = must(realloc(item->rows, (item->row_count + 1) * sizeof *item->rows));
    item->rows[item->row_count++].cells = cut_cells(file->lines[line], dashes, item->column_count);
  }
  return line + 1;
}

/* ---- Errors ---- */

static bool is_class(const char *at) {
  static const char *const classes[] = {"InvalidRequest",         "SyntaxException",  "AlreadyExists",
                                        "ConfigurationException", "Unauthorized",     "ServerError",
                                        "FunctionFailure",        "OperationTimedOut"};
  for (size_t i = 0; i < sizeof classes / sizeof *classes; i++) {
    size_t len = strlen(classes[i]);
    if (strncmp(at, classes[i], len) == 0 && at[len] == ':') return true;
  }
  return false;
}

/* FILE:LINE:Class: text, or Class: text. */
static bool read_error(test_cql_recorded *recorded, size_t line) {
  static const char quoted[] = "message=\"";
  const char *text = recorded->file.lines[line], *class = text;
  size_t script_line = 0;
  if (!is_class(class)) {
    const char *colon = strchr(text, ':');
    char *end = NULL;
    if (colon == NULL) return false;
    script_line = strtoul(colon + 1, &end, 10);
    if (end == colon + 1 || *end != ':' || !is_class(end + 1)) return false;
    class = end + 1;
  }
  test_cql_item *item = add_item(recorded, line + 1);
  const char *colon = strchr(class, ':'), *message = strstr(colon, quoted);
  item->is_error = true;
  item->script_line = script_line;
  item->class = trimmed(class, colon);
  if (message == NULL) {
    item->message = trimmed(colon + 1, colon + strlen(colon));
  } else {
    message += sizeof quoted - 1;
    const char *close = strrchr(message, '"');
    item->message = trimmed(message, close != NULL ? close : message + strlen(message));
  }
  return true;
}

/* ---- The file ---- */

bool test_cql_recorded_read(test_cql_recorded *recorded, const char *path) {
  *recorded = (test_cql_recorded){0};
  if (!test_text_file_read(&recorded->file, path)) return false;
  const test_text_file *file = &recorded->file;
  for (size_t line = 0; line < file->line_count;) {
    const char *text = file->lines[line];
    if (line + 1 < file->line_count && *text == ' ' && is_dashes(file->lines[line + 1])) {
      line = read_table(recorded, line);
      continue;
    }
    recorded->other_lines += text[strspn(text, " ")] != '\0' && !read_error(recorded, line);
    line++;
  }
  return true;
}

static void clear_cells(char **cells, size_t count) {
  for (size_t i = 0; cells != NULL && i < count; i++) free(cells[i]);
  free(cells);
}

void test_cql_recorded_clear(test_cql_recorded *recorded) {
  for (size_t i = 0; i < recorded->count; i++) {
    test_cql_item *item = &recorded->items[i];
    free(item->class);
    free(item->message);
    clear_cells(item->names, item->column_count);
    for (size_t row = 0; row < item->row_count; row++) clear_cells(item->rows[row].cells, item->column_count);
    free(item->rows);
  }
  free(recorded->items);
  test_text_file_clear(&recorded->file);
}
