/* modify.h - INSERT, UPDATE, DELETE and BATCH: planned once, then applied.
 *
 * A statement with IF answers one row: [applied], and, where a condition failed, what is there. A batch that has one answers a row for each
 * of its conditional rows that is there. Timestamps are the handle's next ones, one for each statement: in a batch the later statement wins,
 * where Cassandra gives all of it one timestamp and lets deletes win.
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
  bool statics, regulars;   /* which columns it changes; a DELETE of rows: regulars */
  med_cql_if_kind if_kind;
  const med_cql_where *conditions;
  bool condition_statics, condition_regulars; /* which columns they are of */
  const med_cql_using *using;
} med_cql_modify_plan;

typedef struct med_cql_batch_plan {
  med_cql_modify_plan *plans; /* one, if the statement is no batch */
  size_t count;
  const med_cql_using *using; /* of the batch */
  bool batch, conditional;
  const med_wide_column **shown; /* behind [applied] */
  size_t shown_count;
} med_cql_batch_plan;

typedef struct med_cql_applied { /* what a conditional statement answers: in the run's arena; else none */
  const medley_value **rows;
  size_t count;
} med_cql_applied;

MEDLEY_MUST_USE int med_cql_modify_plan_make(med_cql_run *run, const med_cql_statement *statement,
                                             med_cql_batch_plan *plan);
MEDLEY_MUST_USE int med_cql_modify_run(med_cql_run *run, const med_cql_batch_plan *plan, med_cql_applied *applied);
MEDLEY_MUST_USE int med_cql_modify_add_columns(const med_cql_batch_plan *plan, medley_statement *statement);

/* For modify.c: what IF may say of the plan's table; before its WHERE is planned. */
MEDLEY_MUST_USE int med_cql_conditions_plan(med_cql_run *run, med_cql_modify_plan *plan);
/* For modify_run.c: whether a statement's conditions hold for the row that it changes; row: where not NULL, what is there instead. */
typedef struct med_cql_row_key {
  const med_slice *partition, *clustering; /* clustering NULL: static columns alone */
} med_cql_row_key;
MEDLEY_MUST_USE int med_cql_conditions_hold(med_cql_run *run, const med_cql_batch_plan *plan,
                                            const med_cql_modify_plan *one, const med_cql_row_key *key, bool *hold,
                                            medley_value *row);
/* The columns that are shown where the conditions fail. */
MEDLEY_MUST_USE int med_cql_conditions_columns(med_cql_run *run, med_cql_batch_plan *plan);
/* The rows of a batch that had conditions, of which one failed: those that are there, in their order; keys are of one partition. */
MEDLEY_MUST_USE int med_cql_conditions_show(med_cql_run *run, const med_cql_batch_plan *plan, med_cql_row_key *keys,
                                            size_t count, med_cql_applied *applied);

#endif
