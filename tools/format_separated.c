/* format_separated.c - csv (quoting of RFC 4180, lines end in \n) and tsv (tabs, with \t \n \r \\ escaped and \N for null).
 *
 * A Redis reply that is a list gives a line for each of its items. In csv null is an empty field and the empty text is
 * "": `medley load` reads them back as what they were. */
#include "tools/format.h"

#include <string.h>

static void print_csv(FILE *out, const char *bytes, size_t len, bool is_null) {
  bool quoted = !is_null && len == 0;
  for (size_t i = 0; i < len && !quoted; i++)
    quoted = bytes[i] == '"' || bytes[i] == ',' || bytes[i] == '\n' || bytes[i] == '\r';
  if (!quoted) {
    if (len) fwrite(bytes, 1, len, out);
    return;
  }
  fputc('"', out);
  for (size_t i = 0; i < len; i++) {
    if (bytes[i] == '"') fputc('"', out);
    fputc(bytes[i], out);
  }
  fputc('"', out);
}

static void print_tsv(FILE *out, const char *bytes, size_t len, bool is_null) {
  if (is_null) fputs("\\N", out);
  for (size_t i = 0; i < len; i++) {
    switch (bytes[i]) {
      case '\t': fputs("\\t", out); break;
      case '\n': fputs("\\n", out); break;
      case '\r': fputs("\\r", out); break;
      case '\\': fputs("\\\\", out); break;
      default: fputc(bytes[i], out);
    }
  }
}

static void print_field(format_result *result, int column, const char *bytes, size_t len, bool is_null) {
  if (column) fputc(result->kind == FORMAT_CSV ? ',' : '\t', result->out);
  if (result->kind == FORMAT_CSV)
    print_csv(result->out, bytes, len, is_null);
  else
    print_tsv(result->out, bytes, len, is_null);
}

static void print_value(format_result *result, int column, const medley_value *value) {
  text plain = {0};
  text_add_plain(&plain, value, result->redis);
  print_field(result, column, plain.bytes, plain.len, value->type == MEDLEY_TYPE_NULL);
  text_clear(&plain);
}

static void end_line(format_result *result) { fputc('\n', result->out); }

static void begin(format_result *result) {
  if (result->redis) return; /* a heading above each reply would tell nothing */
  for (int i = 0; i < result->column_count; i++)
    print_field(result, i, result->names[i], strlen(result->names[i]), false);
  end_line(result);
}

static void row(format_result *result, const medley_value *const *values) {
  if (result->redis && values[0]->type == MEDLEY_TYPE_LIST) {
    for (size_t i = 0; i < values[0]->as.list.count; i++) {
      print_value(result, 0, &values[0]->as.list.items[i]);
      end_line(result);
    }
    return;
  }
  for (int i = 0; i < result->column_count; i++) print_value(result, i, values[i]);
  end_line(result);
}

static void end(format_result *result) { (void)result; }

const format_functions format_separated = {begin, row, end};
