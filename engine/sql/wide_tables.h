/* wide_tables.h - what the files of the wide-column tables share: tables, cursors, plans.
 *
 * wide_names.c registers, wide_tables.c connects and finds definitions, wide_plans.c plans, wide_rows.c reads rows, wide_vectors.c
 * sealed ones by columns, wide_writes.c writes. Not for anybody else. Threads and lifetime: as the session's. */
#ifndef MED_SQL_WIDE_TABLES_H
#define MED_SQL_WIDE_TABLES_H

#include "engine/sql/marks.h"
#include "engine/sql/remembered.h"
#include "engine/sql/wide_names.h"
#include "engine/sql/wide_values.h"
#include "models/widecolumn/read.h"
#include "models/widecolumn/segment_scan.h"

/* A plan is idxNum; argv has the values of the partition key, of the equal clustering columns, of the lower and the upper bound; or
 * the one of the index; or of a scan those that regular columns are compared with, in the order of idxStr: "7:name> ", column 7 of the
 * table, for each. */
enum { MED_WIDE_PLAN_SCAN = 0, MED_WIDE_PLAN_PARTITION = 1, MED_WIDE_PLAN_INDEX = 2, MED_WIDE_PLAN_KIND = 3 };
enum {
  MED_WIDE_PLAN_REVERSE = 4,
  MED_WIDE_PLAN_LOWER = 8,
  MED_WIDE_PLAN_UPPER = 16,
  MED_WIDE_PLAN_RELIED_ON = 32, /* SQLite relies on the order, or on the rows, and cannot be given others */
  MED_WIDE_PLAN_NUMBER_SHIFT =
      8 /* how many clustering columns are equal; the column that is indexed; the tests of a scan */
};
#define MED_WIDE_PLAN_TESTS_MAX 8

/* What sealed rows are held against before SQLite sees them, and looks again: passes too much, never too little. */
typedef struct wide_test {
  const med_wide_column *column;
  med_compare compare;
  med_slice constant;
} wide_test;

/* Sealed rows of a scan, which come after all records, vector by vector. */
typedef struct wide_vectors {
  med_wide_segment_scan *scan; /* NULL: none, or the records are not at their end yet */
  bool wanted;
  wide_test tests[MED_WIDE_PLAN_TESTS_MAX];
  size_t test_count;
  med_wide_window_span windows;        /* of a table with time windows: those that the plan leaves over */
  uint64_t selected[MED_VECTOR_WORDS]; /* rows of the present vector; of `word` and those before only what is left */
  size_t word, row;
  bool has_key; /* the cursor's entry has the key of the present row */
} wide_vectors;

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
  med_wide_entry entry; /* the present row, unless it is one of the vectors */
  wide_vectors vectors;
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

/* ---- Sealed rows ---- OK, NOT_FOUND at the end, or a failure that is in the error slot. */
/* Makes what a scan's plan says to the cursor's vectors, if sealed rows can be read so; else they come with the others. NOT_FOUND: there is no
 * row. */
int med_wide_vectors_plan(wide_cursor *cursor, int plan, const char *plan_text, sqlite3_value **argv);
void med_wide_vectors_close(wide_cursor *cursor);
int med_wide_vectors_next(wide_cursor *cursor);
/* Fills the cursor's entry with the present row's key. */
int med_wide_vectors_key(wide_cursor *cursor);
/* The value of a regular column, null if there is none: it lives until the next vector, or is in `bytes`. */
int med_wide_vectors_value(wide_cursor *cursor, const med_wide_column *column, uint8_t bytes[8], med_slice *value);

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
