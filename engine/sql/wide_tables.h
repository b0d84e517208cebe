/* wide_tables.h - what the files of the wide-column tables share: tables, cursors, plans.
 *
 * wide_names.c registers, wide_tables.c connects and finds definitions, wide_plans.c plans, wide_rows.c reads, wide_writes.c
 * writes. Not for anybody else. Threads and lifetime: as the session's. */
#ifndef MED_SQL_WIDE_TABLES_H
#define MED_SQL_WIDE_TABLES_H

#include "engine/sql/marks.h"
#include "engine/sql/remembered.h"
#include "engine/sql/wide_names.h"
#include "engine/sql/wide_values.h"
#include "models/widecolumn/read.h"

/* A plan is idxNum; argv has the values of the partition key, of the equal clustering columns, of the lower and the upper bound; or
 * the one of the index. */
enum { MED_WIDE_PLAN_SCAN = 0, MED_WIDE_PLAN_PARTITION = 1, MED_WIDE_PLAN_INDEX = 2, MED_WIDE_PLAN_KIND = 3 };
enum {
  MED_WIDE_PLAN_REVERSE = 4,
  MED_WIDE_PLAN_LOWER = 8,
  MED_WIDE_PLAN_UPPER = 16,
  MED_WIDE_PLAN_RELIED_ON = 32,  /* SQLite relies on the order, or on the rows, and cannot be given others */
  MED_WIDE_PLAN_NUMBER_SHIFT = 8 /* how many clustering columns are equal; the column that is indexed */
};

typedef struct wide_table {
  sqlite3_vtab base;
  const med_wide_name *name; /* the module's, which outlives its tables */
  medley_session *session;
  sqlite3 *handle;
  med_wide_catalog *catalog; /* the last that was looked at; it agreed with the name's shape */
  const med_wide_table *definition;
  bool has_hidden;
  int open_cursors;
  med_sql_remembered rows; /* the tails of rows whose rowid was asked */
  med_sql_marks marks;
} wide_table;

typedef struct wide_cursor {
  sqlite3_vtab_cursor base;
  med_wide_catalog *catalog;
  const med_wide_table *definition;
  med_wide_reader *reader;
  med_wide_index_reader *index;
  med_wide_entry entry; /* the present row */
  bool at_end;
  int64_t now_s;
  uint64_t steps;
  med_arena places; /* of the filter */
  med_arena arena;  /* of the present row */
} wide_cursor;

static inline wide_table *wide_table_of(sqlite3_vtab *base) { return (wide_table *)base; }
static inline wide_table *wide_table_of_cursor(wide_cursor *cursor) { return (wide_table *)cursor->base.pVtab; }

/* The columns behind those of CQL: seconds until the row is gone, and microseconds of its youngest cell. Counters have none, and
 * neither has a table with columns of these names. */
bool med_wide_table_has_hidden(const med_wide_table *table);

const sqlite3_module *med_wide_tables_module(void);

/* The definition in the transaction's snapshot. If it is not what the table was declared as, or gone: an error, and the session's
 * names are outdated. An SQLite code. */
int med_wide_table_now(wide_table *tab, const med_wide_table **definition);
/* A failure with "keyspace.table: " before its words. Answers code. */
int med_wide_table_refuse(wide_table *tab, int code, const char *format, ...) MED_PRINTF(3, 4);

/* The youngest write and the latest expiry (INT64_MAX: never) of what is live in a row. */
void med_wide_rows_times(const med_wide_entry *entry, int64_t now_s, int64_t *youngest_us, int64_t *expiry_s);

/* ---- sqlite3_module's functions ---- */
int med_wide_plans_best_index(sqlite3_vtab *base, sqlite3_index_info *info);
int med_wide_rows_open(sqlite3_vtab *base, sqlite3_vtab_cursor **opened);
int med_wide_rows_close(sqlite3_vtab_cursor *base);
int med_wide_rows_filter(sqlite3_vtab_cursor *base, int plan, const char *plan_text, int argc, sqlite3_value **argv);
int med_wide_rows_next(sqlite3_vtab_cursor *base);
int med_wide_rows_eof(sqlite3_vtab_cursor *base);
int med_wide_rows_column(sqlite3_vtab_cursor *base, sqlite3_context *context, int index);
int med_wide_rows_rowid(sqlite3_vtab_cursor *base, sqlite3_int64 *id);
int med_wide_writes_update(sqlite3_vtab *base, int argc, sqlite3_value **argv, sqlite3_int64 *id);

#endif
