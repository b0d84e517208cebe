/* csv_reader.c - records of CSV as RFC 4180 has them: quotes around fields, quotes doubled inside, line ends inside quotes.
 *
 * Stricter than many: a quote in the middle of a bare field, or bytes after a closing quote, are errors, because a file
 * that has them was made by something that did not quote. An empty field is null, "" is the empty text. */
#include <stdlib.h>

#include "tools/load_rows.h"

typedef enum field_end { ENDS_FIELD, ENDS_RECORD, ENDS_FILE, ENDS_BADLY } field_end;

static field_end end_of(load_input *input, int c, char delimiter) {
  if (c == EOF) return ENDS_FILE;
  if (c == (unsigned char)delimiter) return ENDS_FIELD;
  if (c == '\n') return ENDS_RECORD;
  int next = getc_unlocked(input->file); /* c is \r: part of the line end if \n follows */
  if (next == '\n') {
    input->bytes_read++;
    input->line++;
    return ENDS_RECORD;
  }
  ungetc(next, input->file);
  return next == EOF ? ENDS_FILE : ENDS_RECORD;
}

static field_end read_quoted(load_input *input, char delimiter, text *bytes) {
  uint64_t begun = input->line;
  for (;;) {
    int c = load_input_get(input);
    if (c == EOF) {
      load_input_fail(input, begun, "a quoted field never ends");
      return ENDS_BADLY;
    }
    if (c == '"') {
      c = load_input_get(input);
      if (c == EOF || c == '\n' || c == '\r' || c == (unsigned char)delimiter) {
        if (c == '\n') return ENDS_RECORD;
        return end_of(input, c, delimiter);
      }
      if (c != '"') {
        load_input_fail(input, input->line, "after a closing quote the field goes on");
        return ENDS_BADLY;
      }
    }
    char byte = (char)c;
    text_add(bytes, &byte, 1);
  }
}

static field_end read_bare(load_input *input, char delimiter, int c, text *bytes) {
  for (;; c = load_input_get(input)) {
    if (c == EOF || c == '\n' || c == '\r' || c == (unsigned char)delimiter) return end_of(input, c, delimiter);
    if (c == '"') {
      load_input_fail(input, input->line, "a quote inside a field that does not begin with one");
      return ENDS_BADLY;
    }
    char byte = (char)c;
    text_add(bytes, &byte, 1);
  }
}

static field_end read_field(load_input *input, char delimiter, text *bytes, bool *quoted) {
  int c = load_input_get(input);
  *quoted = c == '"';
  return *quoted ? read_quoted(input, delimiter, bytes) : read_bare(input, delimiter, c, bytes);
}

static void skip_byte_order_mark(load_input *input) {
  static const unsigned char mark[] = {0xEF, 0xBB, 0xBF};
  int seen[3] = {EOF, EOF, EOF};
  for (int i = 0; i < 3; i++) {
    seen[i] = getc_unlocked(input->file);
    if (seen[i] == mark[i]) continue;
    for (; i >= 0; i--) ungetc(seen[i], input->file); /* glibc takes more than one byte back */
    return;
  }
  input->bytes_read += 3;
}

static load_result add_header_name(load_input *input, load_columns *columns, const text *name, uint32_t **order,
                                   size_t *len) {
  if (!name->len) return load_input_fail(input, 1, "the header has an empty name in column %zu", *len + 1);
  long index = load_columns_find(columns, name->bytes, name->len);
  if (index < 0) return load_input_fail(input, 1, "the table has no column called %.100s", name->bytes);
  for (size_t i = 0; i < *len; i++)
    if ((*order)[i] == (uint32_t)index) return load_input_fail(input, 1, "the header names %.100s twice", name->bytes);
  *order = text_allocate(*order, sizeof **order * (*len + 1));
  (*order)[(*len)++] = (uint32_t)index;
  return LOAD_ROW;
}

load_result csv_reader_header(load_input *input, char delimiter, load_columns *columns, uint32_t **order,
                              size_t *order_len) {
  text name = {0};
  bool quoted;
  field_end end = ENDS_FIELD;
  load_result result = LOAD_ROW;
  *order = NULL;
  *order_len = 0;
  skip_byte_order_mark(input);
  while (result == LOAD_ROW && end == ENDS_FIELD) {
    name.len = 0;
    end = read_field(input, delimiter, &name, &quoted);
    if (end == ENDS_BADLY)
      result = LOAD_FAILED;
    else if (end == ENDS_FILE && name.len == 0 && *order_len == 0)
      result = load_input_fail(input, 1, "the file is empty");
    else
      result = add_header_name(input, columns, &name, order, order_len);
  }
  text_clear(&name);
  return result;
}

load_result csv_reader_row(load_input *input, char delimiter, const uint32_t *order, size_t order_len,
                           load_rows *rows) {
  for (;;) {
    uint64_t line = input->line;
    size_t count = 0;
    bool quoted = false;
    field_end end = ENDS_FIELD;
    load_rows_begin_row(rows, line);
    while (end == ENDS_FIELD) {
      size_t offset = rows->bytes.len;
      end = read_field(input, delimiter, &rows->bytes, &quoted);
      if (end == ENDS_BADLY) break;
      bool is_null = rows->bytes.len == offset && !quoted;
      if (count < order_len) load_rows_add_field(rows, order[count], is_null ? LOAD_NULL : LOAD_TEXT, offset);
      count++;
    }
    if (end == ENDS_BADLY) {
      load_rows_drop_row(rows);
      return LOAD_FAILED;
    }
    bool blank = count == 1 && !quoted && rows->fields[rows->field_count - 1].kind == LOAD_NULL;
    if (blank && end == ENDS_FILE) {
      load_rows_drop_row(rows);
      return LOAD_END;
    }
    if (count == order_len) return LOAD_ROW;
    load_rows_drop_row(rows);
    if (!blank) return load_input_fail(input, line, "expected %zu fields, found %zu", order_len, count);
  }
}
