/* format_json.c - json: one array of objects for each statement; jsonl: one object a line.
 *
 * Column names are the keys, in column order; of two columns with one name both are written, as JSON allows and most
 * readers take the last. */
#include "tools/format.h"

#include <string.h>

static void begin(format_result *result) {
  if (result->kind == FORMAT_JSON) fputc('[', result->out);
}

static void row(format_result *result, const medley_value *const *values) {
  text line = {0};
  if (result->kind == FORMAT_JSON && result->row_count) text_add_string(&line, ",\n ");
  text_add_string(&line, "{");
  for (int i = 0; i < result->column_count; i++) {
    if (i) text_add_string(&line, ",");
    text_add_json_string(&line, result->names[i], strlen(result->names[i]));
    text_add_string(&line, ":");
    text_add_json(&line, values[i], result->redis);
  }
  text_add_string(&line, result->kind == FORMAT_JSON ? "}" : "}\n");
  fwrite(line.bytes, 1, line.len, result->out);
  text_clear(&line);
}

static void end(format_result *result) {
  if (result->kind == FORMAT_JSON) fputs("]\n", result->out);
}

const format_functions format_json = {begin, row, end};
