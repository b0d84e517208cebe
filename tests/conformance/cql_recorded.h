/* cql_recorded.h - what cqlsh printed, as a list of tables and errors.
 *
 *    user | kind          a table: names, a line of dashes, rows, `(N rows)`; cells are without the blanks around them
 *   ------+------
 *       1 | view
 *
 *   (1 rows)
 *
 *   <stdin>:4:InvalidRequest: Error from server: code=2200 [Invalid query] message="..."     an error; file and line may be absent
 *   <stdin>:5:SyntaxException: line 1:0 no viable alternative ...
 *
 * Warnings and other lines are counted and left out. */
#ifndef TEST_CQL_RECORDED_H
#define TEST_CQL_RECORDED_H

#include "tests/conformance/text_file.h"

typedef struct test_cql_row {
  char **cells;
} test_cql_row;

typedef struct test_cql_item {
  bool is_error;
  size_t line;           /* of the recorded file, from 1 */
  char *class, *message; /* of an error; message is what stands in message="...", or all behind the class */
  size_t script_line;    /* 0: not said */
  size_t column_count;   /* of a table */
  char **names;
  test_cql_row *rows;
  size_t row_count;
} test_cql_item;

typedef struct test_cql_recorded {
  test_text_file file;
  test_cql_item *items;
  size_t count, capacity;
  size_t other_lines;
} test_cql_recorded;

/* False, with the reason on stderr, if the file cannot be read. */
bool test_cql_recorded_read(test_cql_recorded *recorded, const char *path);
void test_cql_recorded_clear(test_cql_recorded *recorded);

#endif
