/* format.h - writes the rows of one statement in the format that the user chose.
 *
 * One result is begin, any number of rows, end. Each format is a set of these three functions in a file of its own:
 * format_table.c, format_separated.c (csv and tsv), format_json.c (json and jsonl), format_reply.c (Redis replies for
 * people, which is what `table` means for Redis).
 * What it is not: it decides nothing about errors; those go to stderr elsewhere.
 *
 * NULL reads: table NULL (Redis: (nil)), csv an empty field, tsv \N, json null. */
#ifndef MEDLEY_TOOLS_FORMAT_H
#define MEDLEY_TOOLS_FORMAT_H

#include <stdbool.h>
#include <stdio.h>
#include "engine/medley.h"
#include "tools/text.h"

typedef enum format_kind { FORMAT_TABLE, FORMAT_CSV, FORMAT_TSV, FORMAT_JSON, FORMAT_JSONL } format_kind;

/* The kind of that name; -1 if there is none. */
int format_by_name(const char *name);
const char *format_name(format_kind kind);

typedef struct format_result {
  FILE *out;
  format_kind kind;
  bool redis; /* the bytes of its BLOBs are text to people */
  bool raw;   /* a Redis reply that is a text of lines, such as INFO's: not quoted */
  int column_count;
  const char **names; /* borrowed from the statement */
  uint64_t row_count;
  void *state; /* the format's own */
} format_result;

typedef struct format_functions {
  void (*begin)(format_result *result);
  void (*row)(format_result *result, const medley_value *const *values);
  void (*end)(format_result *result);
} format_functions;

extern const format_functions format_table, format_separated, format_json, format_reply;

void format_begin(format_result *result, FILE *out, format_kind kind, medley_language language,
                  const medley_statement *statement);
void format_row(format_result *result, medley_statement *statement);
/* Also after a failure in the middle: what was written stays well-formed. */
void format_end(format_result *result);

/* One reply as redis-cli prints it, with its newline; nested lines are indented by `indent`. */
void format_reply_print(FILE *out, const medley_value *value, size_t indent);

#endif
