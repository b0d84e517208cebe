/* load_rows.h - rows read from a file, some at a time, before they become rows of a table.
 *
 * csv_reader.c and json_lines_reader.c fill it, load.c inserts it. A row is a run of fields, each with its column; a
 * column that a row does not name is left to the table's default.
 * Threads: none. Lifetime: everything is valid until load_rows_reset or _clear. */
#ifndef MEDLEY_TOOLS_LOAD_ROWS_H
#define MEDLEY_TOOLS_LOAD_ROWS_H

#include <stdbool.h>
#include <stdio.h>
#include "tools/text.h"

#define LOAD_COLUMNS_MAX 2000 /* SQLite's own limit */

typedef enum load_kind { LOAD_NULL, LOAD_TEXT, LOAD_INTEGER, LOAD_REAL, LOAD_BOOLEAN, LOAD_BLOB } load_kind;

typedef struct load_field {
  uint32_t column;
  load_kind kind;
  size_t offset, len; /* in bytes: what TEXT and BLOB hold, and how a number was written */
  int64_t integer;    /* INTEGER, BOOLEAN */
  double real;
} load_field;

typedef struct load_row {
  size_t first_field, field_count;
  uint64_t line; /* of the file, where the row begins */
} load_row;

typedef struct load_rows {
  text bytes;
  load_field *fields;
  size_t field_count, field_capacity;
  load_row *rows;
  size_t row_count, row_capacity;
} load_rows;

void load_rows_begin_row(load_rows *rows, uint64_t line);
/* The new field of the last row; its bytes are those that were added since `offset`. */
load_field *load_rows_add_field(load_rows *rows, uint32_t column, load_kind kind, size_t offset);
/* Takes the last row away, as after a failure in its middle. */
void load_rows_drop_row(load_rows *rows);
/* Adds the bytes that hexadecimal digits stand for; false, and nothing is added, if they are none. */
bool load_rows_add_hex(text *bytes, const char *digits, size_t len);
void load_rows_reset(load_rows *rows);
void load_rows_clear(load_rows *rows);

/* The names of the columns, by index. */
typedef struct load_columns {
  char **names;
  uint32_t count;
  bool open; /* a name that is not there may be added */
} load_columns;

/* The index of a name, ignoring case as SQL does; -1 if it is not there (or there is no room for another). */
long load_columns_find(load_columns *columns, const char *name, size_t len);
void load_columns_clear(load_columns *columns);

/* What a reader stands on. */
typedef struct load_input {
  FILE *file;
  const char *name;
  uint64_t line; /* of the next byte, from 1 */
  uint64_t bytes_read;
  char message[200]; /* of a failure; `failed_line` is where */
  uint64_t failed_line;
} load_input;

typedef enum load_result { LOAD_ROW, LOAD_END, LOAD_FAILED } load_result;

int load_input_get(load_input *input); /* a byte, or EOF */
load_result load_input_fail(load_input *input, uint64_t line, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* One line of column names. */
load_result csv_reader_header(load_input *input, char delimiter, load_columns *columns, uint32_t **order,
                              size_t *order_len);
/* One record; `order` says which column each of its fields is. */
load_result csv_reader_row(load_input *input, char delimiter, const uint32_t *order, size_t order_len, load_rows *rows);
/* One object. */
load_result json_lines_reader_row(load_input *input, load_columns *columns, load_rows *rows);

#endif
