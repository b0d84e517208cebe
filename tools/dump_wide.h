/* dump_wide.h - what the files of a dump's wide-column part share: the columns of a table, and values as JSON. Not for anybody else.
 *
 * Threads: none. Lifetime: dump_columns_clear gives the columns back; a zeroed struct is a table without any. */
#ifndef MEDLEY_TOOLS_DUMP_WIDE_H
#define MEDLEY_TOOLS_DUMP_WIDE_H

#include "tools/text.h"

typedef enum dump_role { DUMP_PARTITION, DUMP_CLUSTERING, DUMP_STATIC, DUMP_REGULAR } dump_role;

typedef struct dump_column {
  char *name;
  dump_role role;
  bool has_ttl;   /* one can be asked for */
  int ttl_column; /* in the rows that are selected, if has_ttl */
} dump_column;

typedef struct dump_columns {
  dump_column *at; /* the key first */
  int count;
  bool counters;    /* all that are not of the key */
  bool default_ttl; /* perhaps: what is written without a time to live gets the table's */
} dump_columns;

/* From the statement with which DESCRIBE makes the table. False if it is no such statement. Times to live are the
 * caller's. */
bool dump_columns_read(dump_columns *columns, const char *create);
void dump_columns_clear(dump_columns *columns);

/* Adds CQL's JSON of a value as it is, but for what JSON has no numbers for: "NaN", "Infinity" and "-Infinity" in quotes, which
 * CQL reads, stand where toJson has written null. */
void dump_json_add(text *out, const char *json, const medley_value *value);

#endif
