/* json_lines_reader.c - one JSON object a line; its members are the columns.
 *
 * Numbers keep their kind (an integer beyond 64 bits becomes a real), lists and objects inside are kept as JSON text,
 * but for an object that is a blob.
 * The grammar is RFC 8259's, without mercy; depth is bounded. */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "tools/load_rows.h"

#define DEPTH_MAX 200

typedef struct json_line {
  load_input *input;
  const char *bytes;
  size_t len, at;
  uint64_t line;
  int depth;
} json_line;

static load_result fail(json_line *j, const char *what) {
  return load_input_fail(j->input, j->line, "%s at column %zu", what, j->at + 1);
}

static void skip_blanks(json_line *j) {
  while (j->at < j->len && strchr(" \t\r", j->bytes[j->at]) && j->bytes[j->at]) j->at++;
}

static bool take(json_line *j, char c) {
  skip_blanks(j);
  if (j->at >= j->len || j->bytes[j->at] != c) return false;
  j->at++;
  return true;
}

static int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

/* The four digits after \u. */
static bool take_unit(json_line *j, uint32_t *unit) {
  *unit = 0;
  if (j->len - j->at < 4) return false;
  for (int i = 0; i < 4; i++) {
    int digit = hex_digit(j->bytes[j->at++]);
    if (digit < 0) return false;
    *unit = *unit << 4 | (uint32_t)digit;
  }
  return true;
}

static void add_code_point(text *out, uint32_t code) {
  char b[4];
  size_t len = code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
  static const unsigned char lead[] = {0, 0, 0xC0, 0xE0, 0xF0};
  for (size_t i = len; i-- > 1; code >>= 6) b[i] = (char)(0x80 | (code & 0x3F));
  b[0] = (char)(lead[len] | code);
  text_add(out, b, len);
}

static load_result take_unicode(json_line *j, text *out) {
  uint32_t unit, low;
  if (!take_unit(j, &unit)) return fail(j, "a bad \\u escape");
  if (unit >= 0xD800 && unit <= 0xDBFF) {
    if (j->len - j->at < 2 || j->bytes[j->at] != '\\' || j->bytes[j->at + 1] != 'u')
      return fail(j, "half a surrogate pair");
    j->at += 2;
    if (!take_unit(j, &low) || low < 0xDC00 || low > 0xDFFF) return fail(j, "half a surrogate pair");
    unit = 0x10000 + ((unit - 0xD800) << 10) + (low - 0xDC00);
  } else if (unit >= 0xDC00 && unit <= 0xDFFF) {
    return fail(j, "half a surrogate pair");
  }
  add_code_point(out, unit);
  return LOAD_ROW;
}

static load_result take_escape(json_line *j, text *out) {
  static const char names[] = "\"\\/bfnrt", meanings[] = "\"\\/\b\f\n\r\t";
  if (j->at >= j->len) return fail(j, "a string that never ends");
  char c = j->bytes[j->at++];
  if (c == 'u') return take_unicode(j, out);
  const char *found = c ? strchr(names, c) : NULL;
  if (!found) return fail(j, "an unknown escape");
  text_add(out, &meanings[found - names], 1);
  return LOAD_ROW;
}

static load_result take_string(json_line *j, text *out) {
  if (!take(j, '"')) return fail(j, "expected a string");
  for (;;) {
    if (j->at >= j->len) return fail(j, "a string that never ends");
    unsigned char c = (unsigned char)j->bytes[j->at];
    if (c == '"') {
      j->at++;
      return LOAD_ROW;
    }
    if (c < 0x20) return fail(j, "a control character in a string");
    if (c == '\\') {
      j->at++;
      load_result result = take_escape(j, out);
      if (result != LOAD_ROW) return result;
      continue;
    }
    size_t step = text_character_len(j->bytes + j->at, j->len - j->at);
    if (!step) return fail(j, "bytes that are no UTF-8");
    text_add(out, j->bytes + j->at, step);
    j->at += step;
  }
}

static bool take_digits(json_line *j) {
  size_t begun = j->at;
  while (j->at < j->len && isdigit((unsigned char)j->bytes[j->at])) j->at++;
  return j->at > begun;
}

/* The number's text is the bytes from its beginning to j->at. */
static load_result take_number(json_line *j, bool *is_integer) {
  *is_integer = true;
  if (j->bytes[j->at] == '-') j->at++;
  if (j->at < j->len && j->bytes[j->at] == '0')
    j->at++;
  else if (!take_digits(j))
    return fail(j, "expected a value");
  if (j->at < j->len && j->bytes[j->at] == '.') {
    *is_integer = false;
    j->at++;
    if (!take_digits(j)) return fail(j, "a number without digits after its point");
  }
  if (j->at < j->len && (j->bytes[j->at] == 'e' || j->bytes[j->at] == 'E')) {
    *is_integer = false;
    j->at++;
    if (j->at < j->len && (j->bytes[j->at] == '+' || j->bytes[j->at] == '-')) j->at++;
    if (!take_digits(j)) return fail(j, "a number without an exponent");
  }
  return LOAD_ROW;
}

static bool take_word(json_line *j, const char *word) {
  size_t len = strlen(word);
  if (j->len - j->at < len || memcmp(j->bytes + j->at, word, len) != 0) return false;
  j->at += len;
  return true;
}

static load_result skip_value(json_line *j, text *scratch);

static load_result skip_members(json_line *j, text *scratch, char close, bool named) {
  if (++j->depth > DEPTH_MAX) return fail(j, "nested too deeply");
  j->at++;
  if (take(j, close)) {
    j->depth--;
    return LOAD_ROW;
  }
  for (;;) {
    load_result result = LOAD_ROW;
    scratch->len = 0;
    if (named) result = take_string(j, scratch);
    if (result == LOAD_ROW && named && !take(j, ':')) return fail(j, "expected a colon");
    if (result == LOAD_ROW) result = skip_value(j, scratch);
    if (result != LOAD_ROW) return result;
    if (take(j, close)) break;
    if (!take(j, ',')) return fail(j, "expected a comma or the end of the list");
  }
  j->depth--;
  return LOAD_ROW;
}

/* Checks a nested value without keeping it: its text is kept whole by the caller. */
static load_result skip_value(json_line *j, text *scratch) {
  bool is_integer;
  skip_blanks(j);
  if (j->at >= j->len) return fail(j, "expected a value");
  switch (j->bytes[j->at]) {
    case '{': return skip_members(j, scratch, '}', true);
    case '[': return skip_members(j, scratch, ']', false);
    case '"': scratch->len = 0; return take_string(j, scratch);
    case 't': return take_word(j, "true") ? LOAD_ROW : fail(j, "expected a value");
    case 'f': return take_word(j, "false") ? LOAD_ROW : fail(j, "expected a value");
    case 'n': return take_word(j, "null") ? LOAD_ROW : fail(j, "expected a value");
    default: return take_number(j, &is_integer);
  }
}

static void add_number(json_line *j, load_rows *rows, uint32_t column, size_t begun, bool is_integer) {
  size_t offset = rows->bytes.len;
  text_add(&rows->bytes, j->bytes + begun, j->at - begun);
  const char *written = rows->bytes.bytes + offset;
  errno = 0;
  long long integer = is_integer ? strtoll(written, NULL, 10) : 0;
  bool fits = is_integer && errno == 0;
  double real = strtod(written, NULL);
  load_field *field = load_rows_add_field(rows, column, fits ? LOAD_INTEGER : LOAD_REAL, offset);
  field->integer = integer;
  field->real = real;
}

/* What the shell writes for a blob: {"$hex":"00ff"}, blanks allowed. */
static bool add_blob(text *bytes, const char *json, size_t len) {
  static const char *const parts[] = {"{", "\"$hex\"", ":", "\""};
  const char *end = json + len;
  for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
    size_t part_len = strlen(parts[i]);
    while (json < end && isspace((unsigned char)*json)) json++;
    if ((size_t)(end - json) < part_len || memcmp(json, parts[i], part_len) != 0) return false;
    json += part_len;
  }
  const char *quote = memchr(json, '"', (size_t)(end - json));
  if (!quote || strspn(quote + 1, " \t\r") + 2 != (size_t)(end - quote)) return false;
  return load_rows_add_hex(bytes, json, (size_t)(quote - json));
}

/* A list or an object stays the text that it is, unless it is a blob. */
static void add_nested(json_line *j, load_rows *rows, uint32_t column, size_t begun) {
  size_t offset = rows->bytes.len;
  bool is_blob = add_blob(&rows->bytes, j->bytes + begun, j->at - begun);
  if (!is_blob) text_add(&rows->bytes, j->bytes + begun, j->at - begun);
  load_rows_add_field(rows, column, is_blob ? LOAD_BLOB : LOAD_TEXT, offset);
}

/* The value of one member of the line's object, as a field. */
static load_result take_field(json_line *j, load_rows *rows, uint32_t column) {
  size_t offset = rows->bytes.len;
  bool is_integer;
  skip_blanks(j);
  if (j->at >= j->len) return fail(j, "expected a value");
  size_t begun = j->at;
  char c = j->bytes[j->at];
  load_result result = LOAD_ROW;
  if (c == '"') {
    result = take_string(j, &rows->bytes);
    if (result == LOAD_ROW) load_rows_add_field(rows, column, LOAD_TEXT, offset);
  } else if (c == '-' || isdigit((unsigned char)c)) {
    result = take_number(j, &is_integer);
    if (result == LOAD_ROW) add_number(j, rows, column, begun, is_integer);
  } else {
    text scratch = {0};
    result = skip_value(j, &scratch);
    text_clear(&scratch);
    if (result != LOAD_ROW) return result;
    if (c == '{' || c == '[') {
      add_nested(j, rows, column, begun);
    } else {
      load_rows_add_field(rows, column, c == 'n' ? LOAD_NULL : LOAD_BOOLEAN, offset)->integer = c == 't';
    }
  }
  return result;
}

static bool row_has(const load_rows *rows, uint32_t column) {
  const load_row *row = &rows->rows[rows->row_count - 1];
  for (size_t i = 0; i < row->field_count; i++)
    if (rows->fields[row->first_field + i].column == column) return true;
  return false;
}

static load_result take_members(json_line *j, load_columns *columns, load_rows *rows, text *name) {
  if (!take(j, '{')) return fail(j, "expected an object");
  if (take(j, '}')) return LOAD_ROW;
  for (;;) {
    name->len = 0;
    load_result result = take_string(j, name);
    if (result != LOAD_ROW) return result;
    long column = name->len ? load_columns_find(columns, name->bytes, name->len) : -1;
    if (column < 0)
      return load_input_fail(j->input, j->line, "the table has no column called %.100s",
                             name->len ? name->bytes : "\"\"");
    if (row_has(rows, (uint32_t)column)) return load_input_fail(j->input, j->line, "%.100s stands twice", name->bytes);
    if (!take(j, ':')) return fail(j, "expected a colon");
    result = take_field(j, rows, (uint32_t)column);
    if (result != LOAD_ROW) return result;
    if (take(j, '}')) return LOAD_ROW;
    if (!take(j, ',')) return fail(j, "expected a comma or the end of the object");
  }
}

/* The next line that is not blank, without its newline. */
static bool read_line(load_input *input, text *line, uint64_t *number) {
  for (;;) {
    bool blank = true;
    int c;
    line->len = 0;
    *number = input->line;
    while ((c = load_input_get(input)) != EOF && c != '\n') {
      char byte = (char)c;
      if (!isspace(c)) blank = false;
      text_add(line, &byte, 1);
    }
    if (!blank) return true;
    if (c == EOF) return false;
  }
}

load_result json_lines_reader_row(load_input *input, load_columns *columns, load_rows *rows) {
  text line = {0}, name = {0};
  json_line j = {.input = input};
  load_result result = LOAD_END;
  if (read_line(input, &line, &j.line)) {
    j.bytes = line.bytes;
    j.len = line.len;
    if (j.line == 1 && j.len >= 3 && memcmp(j.bytes, "\xEF\xBB\xBF", 3) == 0) j.at = 3;
    load_rows_begin_row(rows, j.line);
    result = take_members(&j, columns, rows, &name);
    skip_blanks(&j);
    if (result == LOAD_ROW && j.at < j.len) result = fail(&j, "something stands after the object");
    if (result != LOAD_ROW) load_rows_drop_row(rows);
  }
  text_clear(&line);
  text_clear(&name);
  return result;
}
