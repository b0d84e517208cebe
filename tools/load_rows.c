/* load_rows.c - see load_rows.h. */
#include "tools/load_rows.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

void load_rows_begin_row(load_rows *rows, uint64_t line) {
  if (rows->row_count == rows->row_capacity) {
    rows->row_capacity = rows->row_capacity ? rows->row_capacity * 2 : 256;
    rows->rows = text_allocate(rows->rows, sizeof *rows->rows * rows->row_capacity);
  }
  rows->rows[rows->row_count++] = (load_row){rows->field_count, 0, line};
}

load_field *load_rows_add_field(load_rows *rows, uint32_t column, load_kind kind, size_t offset) {
  if (rows->field_count == rows->field_capacity) {
    rows->field_capacity = rows->field_capacity ? rows->field_capacity * 2 : 1024;
    rows->fields = text_allocate(rows->fields, sizeof *rows->fields * rows->field_capacity);
  }
  load_field *field = &rows->fields[rows->field_count++];
  *field = (load_field){.column = column, .kind = kind, .offset = offset, .len = rows->bytes.len - offset};
  rows->rows[rows->row_count - 1].field_count++;
  return field;
}

void load_rows_drop_row(load_rows *rows) {
  rows->row_count--;
  rows->field_count = rows->rows[rows->row_count].first_field;
}

bool load_rows_add_hex(text *bytes, const char *digits, size_t len) {
  static const char known[] = "0123456789abcdefABCDEF";
  size_t before = bytes->len;
  if (len % 2) return false;
  for (size_t i = 0; i < len; i += 2) {
    unsigned byte = 0;
    for (size_t j = 0; j < 2; j++) {
      const char *found = digits[i + j] ? strchr(known, digits[i + j]) : NULL;
      if (!found) {
        bytes->len = before;
        return false;
      }
      unsigned digit = (unsigned)(found - known);
      byte = byte << 4 | (digit < 16 ? digit : digit - 6);
    }
    text_add(bytes, &(char){(char)byte}, 1);
  }
  return true;
}

void load_rows_reset(load_rows *rows) {
  rows->bytes.len = 0;
  rows->field_count = rows->row_count = 0;
}

void load_rows_clear(load_rows *rows) {
  text_clear(&rows->bytes);
  free(rows->fields);
  free(rows->rows);
  *rows = (load_rows){0};
}

long load_columns_find(load_columns *columns, const char *name, size_t len) {
  for (uint32_t i = 0; i < columns->count; i++)
    if (text_equal_ignoring_case(name, len, columns->names[i])) return (long)i;
  if (!columns->open || columns->count == LOAD_COLUMNS_MAX) return -1;
  columns->names = text_allocate(columns->names, sizeof *columns->names * (columns->count + 1));
  char *copy = text_allocate(NULL, len + 1);
  memcpy(copy, name, len);
  copy[len] = 0;
  columns->names[columns->count] = copy;
  return (long)columns->count++;
}

void load_columns_clear(load_columns *columns) {
  for (uint32_t i = 0; i < columns->count; i++) free(columns->names[i]);
  free(columns->names);
  *columns = (load_columns){0};
}

int load_input_get(load_input *input) {
  int c = getc_unlocked(input->file);
  if (c == EOF) return EOF;
  input->bytes_read++;
  if (c == '\n') input->line++;
  return c;
}

load_result load_input_fail(load_input *input, uint64_t line, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(input->message, sizeof input->message, format, arguments);
  va_end(arguments);
  input->failed_line = line;
  return LOAD_FAILED;
}
