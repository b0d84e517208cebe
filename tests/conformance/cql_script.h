/* cql_script.h - a CQL script cut into statements, as cqlsh does: at semicolons outside of strings, comments and batches. */
#ifndef TEST_CQL_SCRIPT_H
#define TEST_CQL_SCRIPT_H

#include <stdbool.h>
#include <stddef.h>

typedef struct test_cql_statement {
  const char *text; /* borrowed from the script, without its semicolon */
  size_t len;
  size_t first_line, last_line; /* from 1 */
} test_cql_statement;

typedef struct test_cql_script {
  const char *at, *end;
  size_t line;
} test_cql_script;

void test_cql_script_init(test_cql_script *script, const char *text, size_t len);
/* False at the end. Statements that are blank or comments only are left out. */
bool test_cql_script_next(test_cql_script *script, test_cql_statement *statement);

#endif
