/* format.c - the choice of a format; see format.h. */
#include "tools/format.h"

#include <stdlib.h>
#include <string.h>

static const char *const kind_names[] = {"table", "csv", "tsv", "json", "jsonl"};

int format_by_name(const char *name) {
  for (int i = 0; i < (int)(sizeof kind_names / sizeof *kind_names); i++)
    if (strcmp(name, kind_names[i]) == 0) return i;
  return -1;
}

const char *format_name(format_kind kind) { return kind_names[kind]; }

static const format_functions *functions_of(const format_result *result) {
  switch (result->kind) {
    case FORMAT_TABLE: return result->redis ? &format_reply : &format_table;
    case FORMAT_CSV:
    case FORMAT_TSV: return &format_separated;
    case FORMAT_JSON:
    case FORMAT_JSONL: break;
  }
  return &format_json;
}

void format_begin(format_result *result, FILE *out, format_kind kind, medley_language language,
                  const medley_statement *statement) {
  *result = (format_result){.out = out, .kind = kind, .redis = language == MEDLEY_LANGUAGE_REDIS};
  result->column_count = medley_column_count(statement);
  result->names = text_allocate(NULL, sizeof *result->names * (size_t)(result->column_count + 1));
  for (int i = 0; i < result->column_count; i++) {
    const char *name = medley_column_name(statement, i);
    result->names[i] = name ? name : "";
  }
  functions_of(result)->begin(result);
}

void format_row(format_result *result, medley_statement *statement) {
  static const medley_value null_value = {.type = MEDLEY_TYPE_NULL};
  const medley_value *few[32] = {NULL};
  const medley_value **values = few;
  if (result->column_count > 32) values = text_allocate(NULL, sizeof *values * (size_t)result->column_count);
  for (int i = 0; i < result->column_count; i++) {
    values[i] = medley_column_value(statement, i);
    if (!values[i]) values[i] = &null_value;
  }
  functions_of(result)->row(result, values);
  result->row_count++;
  if (values != few) free(values);
}

void format_end(format_result *result) {
  functions_of(result)->end(result);
  free(result->names);
  result->names = NULL;
}
