/* modify.h - INSERT, UPDATE, DELETE and BATCH: planned once, then applied.
 *
 * A statement with IF, and a batch that has one, answers one row: [applied], and, where a condition failed, what is there. Timestamps are the
 * handle's next ones, one for each statement: in a batch the later statement wins, where Cassandra gives all of it one timestamp and
 * lets deletes win.
 * Threads: a session's. Lifetime: as select.h. */
#ifndef MED_CQL_MODIFY_H
#define MED_CQL_MODIFY_H

#include "engine/cql/expression.h"
#include "engine/cql/where.h"
#include "models/widecolumn/mutation.h"

typedef struct med_cql_target { /* of an INSERT's value, an UPDATE's assignment, a DELETE's column */
  const med_wide_column *column;
  med_wide_change_kind kind;
  const med_cql_term *value, *element;
  uint16_t field;
  bool negative; /* a counter is lowered */
} med_cql_target;

typedef struct med_cql_modify_plan {
  const med_cql_statement *ast;
  const med_wide_table *table;
  med_cql_restrictions where; /* not of an INSERT */
  med_cql_target *targets;
  size_t count;
  const med_cql_term **key; /* of an INSERT: the terms of the key's columns; NULL where there is none */
  bool has_clustering;      /* of an INSERT: all of them are there */
  bool statics, regulars;   /* which columns it changes */
  med_cql_if_kind if_kind;
  const med_cql_where *conditions;
  const med_cql_using *using;
} med_cql_modify_plan;

typedef struct med_cql_batch_plan {
  med_cql_modify_plan *plans; /* one, if the statement is no batch */
  size_t count;
  const med_cql_using *using; /* of the batch */
  bool conditional;
  const med_wide_column **shown; /* behind [applied], of a single statement */
  size_t shown_count;
} med_cql_batch_plan;

MEDLEY_MUST_USE int med_cql_modify_plan_make(med_cql_run *run, const med_cql_statement *statement,
                                             med_cql_batch_plan *plan);
/* *row: NULL, or the one row of a conditional statement, in the run's arena. */
MEDLEY_MUST_USE int med_cql_modify_run(med_cql_run *run, const med_cql_batch_plan *plan, const medley_value **row);
MEDLEY_MUST_USE int med_cql_modify_add_columns(const med_cql_batch_plan *plan, medley_statement *statement);

/* For modify_run.c: whether a statement's conditions hold for the row that it changes. entry: what is there, NULL key parts if nothing. */
typedef struct med_cql_row_key {
  const med_slice *partition, *clustering; /* clustering NULL: static columns alone */
} med_cql_row_key;
MEDLEY_MUST_USE int med_cql_conditions_hold(med_cql_run *run, const med_cql_modify_plan *plan,
                                            const med_cql_row_key *key, bool *hold, const med_wide_column **shown,
                                            size_t shown_count, medley_value *row);
/* The columns that are shown where the conditions fail. */
MEDLEY_MUST_USE int med_cql_conditions_columns(med_cql_run *run, const med_cql_modify_plan *plan,
                                               const med_wide_column ***columns, size_t *count);

#endif
