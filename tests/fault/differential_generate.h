/* differential_generate.h - random SQL over a schema that is read back from the database itself.
 *
 * Most statements are meant to work; some are meant to fail, in their grammar, their names, their constraints or half-way
 * through their rows. Nothing depends on time, on randomness or on how the pages lie, so that two engines must agree. */
#ifndef DIFFERENTIAL_GENERATE_H
#define DIFFERENTIAL_GENERATE_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tests/fault/random.h"

enum { TABLES_MAX = 24, COLUMNS_MAX = 12, NAME_SIZE = 24, PARAMETERS_MAX = 4 };

typedef struct sql_table {
  char name[NAME_SIZE];
  bool view, without_rowid;
  int column_count;
  char columns[COLUMNS_MAX][NAME_SIZE];
} sql_table;

/* What a session can see. */
typedef struct sql_schema {
  int table_count;
  sql_table tables[TABLES_MAX];
} sql_schema;

typedef enum parameter_kind {
  PARAMETER_NULL,
  PARAMETER_INTEGER,
  PARAMETER_REAL,
  PARAMETER_TEXT,
  PARAMETER_BLOB
} parameter_kind;
typedef struct sql_parameter {
  parameter_kind kind;
  int64_t integer;
  double real;
  uint8_t *bytes; /* of the generator; valid until its next statement */
  size_t len;
} sql_parameter;

typedef struct sql_statement {
  char *text; /* sqlite3_free */
  int parameter_count;
  sql_parameter parameters[PARAMETERS_MAX];
} sql_statement;

typedef struct sql_generator sql_generator;
/* temporary: whether it may make temporary tables. Medley takes the write lock for them too, so that they fit only where one
 * session is alone. */
sql_generator *sql_generator_open(uint64_t seed, bool temporary);
void sql_generator_close(sql_generator *generator);
fault_random *sql_generator_random(sql_generator *generator);
/* in_transaction: of the session that will run it. */
void sql_generate(sql_generator *generator, const sql_schema *schema, bool in_transaction, sql_statement *statement);
/* Reads tables, views and columns of the main and temporary schema. */
void sql_schema_load(sqlite3 *db, sql_schema *schema);

#endif
