/* select.h - SELECT: planned once, then read row by row.
 *
 * Rows stream from the model's reader; a group is put together while its rows pass; only ORDER BY over several partitions takes all rows
 * or groups into memory first. How it runs is in select_cursor.h.
 * Threads: a session's. Lifetime: what a plan points to is in the arena of the run that planned it, or of the catalog; a cursor lives until closed, its rows until the next
 * one is asked for. */
#ifndef MED_CQL_SELECT_H
#define MED_CQL_SELECT_H

#include "engine/cql/expression.h"
#include "engine/cql/where.h"

typedef struct med_cql_selected {
  med_slice name; /* of the column in the result */
  med_cql_expression *expression;
} med_cql_selected;

typedef struct med_cql_select_plan {
  const med_cql_select *ast;
  const med_wide_table *table;
  med_cql_restrictions where;
  med_cql_selected *selected;
  size_t count;
  size_t shown_count; /* columns of the result: one for JSON, else count */
  size_t aggregate_count;
  const med_wide_column **group;
  size_t group_count;
  bool grouped; /* by columns, or all rows in one group */
  bool reverse; /* against the clustering order */
  bool sort;    /* rows or groups of several partitions are put into the order of their clustering keys */
} med_cql_select_plan;

MEDLEY_MUST_USE int med_cql_select_plan_make(med_cql_run *run, const med_cql_select *select, med_cql_select_plan *plan);

typedef struct med_cql_page {
  uint64_t rows;   /* at most; 0: all */
  med_slice state; /* where an earlier page ended; empty: from the beginning */
} med_cql_page;

typedef struct med_cql_select_cursor med_cql_select_cursor;
/* run: with its transaction, until the cursor is closed. page: borrowed for the call. UNSUPPORTED for pages of what ORDER BY
 * puts together from several partitions. */
MEDLEY_MUST_USE int med_cql_select_open(med_cql_run *run, const med_cql_select_plan *plan, const med_cql_page *page,
                                        med_cql_select_cursor **cursor);
/* After DONE: appends where the next page begins, or nothing if there is none. False if memory is short. */
MEDLEY_MUST_USE bool med_cql_select_page_state(const med_cql_select_cursor *cursor, med_buffer *state);
/* ROW with plan->shown_count values, or DONE. */
MEDLEY_MUST_USE int med_cql_select_next(med_cql_select_cursor *cursor, const medley_value **row);
void med_cql_select_close(med_cql_select_cursor *cursor);

/* The statement's columns by name: of a plan. */
MEDLEY_MUST_USE int med_cql_select_add_columns(const med_cql_select_plan *plan, medley_statement *statement);

#endif
