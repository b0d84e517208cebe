/* format_table.c - aligned columns for people.
 *
 * The first rows are kept until their widths are known; the rest streams with these widths, so that a long result
 * neither waits nor fills the memory. Control characters are written as escapes: a cell never breaks its line. */
#include "tools/format.h"

#include <stdlib.h>
#include <string.h>

#define MEASURED_ROWS_MAX 1000 /* rows that decide the widths */
#define MEASURED_BYTES_MAX ((size_t)4 << 20)
#define COLUMN_WIDTH_MAX 60 /* a wider cell moves its own line's rest, not the whole table */

typedef struct cell {
  text content;
  size_t width;
  bool right; /* numbers stand to the right */
} cell;

typedef struct table_state {
  cell *cells; /* row_count * column_count */
  size_t row_count, capacity, bytes;
  size_t *widths;
  bool streaming;
  cell *scratch; /* one row */
} table_state;

static void clean(text *t, const char *bytes, size_t len) {
  for (size_t i = 0; i < len;) {
    unsigned char c = (unsigned char)bytes[i];
    size_t step = text_character_len(bytes + i, len - i);
    if (!step)
      text_add_format(t, "\\x%02x", c);
    else if (c == '\n')
      text_add_string(t, "\\n");
    else if (c == '\r')
      text_add_string(t, "\\r");
    else if (c == '\t')
      text_add_string(t, "\\t");
    else if (c < 0x20 || c == 0x7F)
      text_add_format(t, "\\x%02x", c);
    else
      text_add(t, bytes + i, step);
    i += step ? step : 1;
  }
}

static void fill_cell(cell *c, const medley_value *value) {
  c->content.len = 0;
  c->right = value->type == MEDLEY_TYPE_INTEGER || value->type == MEDLEY_TYPE_REAL;
  if (value->type == MEDLEY_TYPE_NULL) {
    text_add_string(&c->content, "NULL");
  } else if (value->type == MEDLEY_TYPE_TEXT || value->type == MEDLEY_TYPE_STATUS) {
    clean(&c->content, value->as.text.bytes, value->as.text.len);
  } else {
    text_add_plain(&c->content, value, false);
  }
  if (!c->content.bytes) text_add_string(&c->content, "");
  c->width = text_width(c->content.bytes, c->content.len);
}

static void pad(FILE *out, size_t count) {
  while (count--) fputc(' ', out);
}

static void print_row(format_result *result, const table_state *state, const cell *cells) {
  for (int i = 0; i < result->column_count; i++) {
    size_t width = state->widths[i];
    size_t missing = cells[i].width < width ? width - cells[i].width : 0;
    if (i) fputs("  ", result->out);
    if (cells[i].right) pad(result->out, missing);
    fwrite(cells[i].content.bytes, 1, cells[i].content.len, result->out);
    if (!cells[i].right && i + 1 < result->column_count) pad(result->out, missing);
  }
  fputc('\n', result->out);
}

static void widen(size_t *width, size_t to) {
  if (to > COLUMN_WIDTH_MAX) to = COLUMN_WIDTH_MAX;
  if (to > *width) *width = to;
}

static void print_head(format_result *result, table_state *state) {
  for (int i = 0; i < result->column_count; i++) widen(&state->widths[i], state->scratch[i].width);
  print_row(result, state, state->scratch);
  for (int i = 0; i < result->column_count; i++) {
    if (i) fputs("  ", result->out);
    for (size_t dash = 0; dash < state->widths[i]; dash++) fputc('-', result->out);
  }
  fputc('\n', result->out);
}

/* Prints what was kept; from now on rows stream. */
static void flush_kept(format_result *result, table_state *state) {
  size_t columns = (size_t)result->column_count;
  for (size_t i = 0; i < state->row_count * columns; i++) widen(&state->widths[i % columns], state->cells[i].width);
  for (size_t i = 0; i < columns; i++) {
    medley_value name = {.type = MEDLEY_TYPE_TEXT, .as.text = {result->names[i], strlen(result->names[i])}};
    fill_cell(&state->scratch[i], &name);
  }
  print_head(result, state);
  for (size_t row = 0; row < state->row_count; row++) print_row(result, state, state->cells + row * columns);
  for (size_t i = 0; i < state->row_count * columns; i++) text_clear(&state->cells[i].content);
  state->row_count = 0;
  state->streaming = true;
}

static void begin(format_result *result) {
  table_state *state = text_allocate(NULL, sizeof *state);
  size_t columns = (size_t)result->column_count;
  *state = (table_state){0};
  state->widths = text_allocate(NULL, sizeof *state->widths * columns);
  state->scratch = text_allocate(NULL, sizeof *state->scratch * columns);
  memset(state->widths, 0, sizeof *state->widths * columns);
  memset(state->scratch, 0, sizeof *state->scratch * columns);
  result->state = state;
}

static void row(format_result *result, const medley_value *const *values) {
  table_state *state = result->state;
  size_t columns = (size_t)result->column_count;
  if (state->streaming) {
    for (size_t i = 0; i < columns; i++) fill_cell(&state->scratch[i], values[i]);
    print_row(result, state, state->scratch);
    return;
  }
  if (state->row_count == state->capacity) {
    state->capacity = state->capacity ? state->capacity * 2 : 16;
    state->cells = text_allocate(state->cells, sizeof *state->cells * state->capacity * columns);
  }
  cell *cells = state->cells + state->row_count * columns;
  memset(cells, 0, sizeof *cells * columns);
  for (size_t i = 0; i < columns; i++) {
    fill_cell(&cells[i], values[i]);
    state->bytes += cells[i].content.len;
  }
  state->row_count++;
  if (state->row_count >= MEASURED_ROWS_MAX || state->bytes >= MEASURED_BYTES_MAX) flush_kept(result, state);
}

static void end(format_result *result) {
  table_state *state = result->state;
  if (!state->streaming) flush_kept(result, state);
  for (int i = 0; i < result->column_count; i++) text_clear(&state->scratch[i].content);
  free(state->cells);
  free(state->widths);
  free(state->scratch);
  free(state);
  result->state = NULL;
}

const format_functions format_table = {begin, row, end};
