/* expression.h - terms made ready to run: names, functions and types found once, then values for every row.
 *
 * An aggregate is an expression whose value is that of its group: med_cql_expression_value asks the group's accumulators, which
 * aggregate.h's functions feed with each row.
 * Threads: a session's. Lifetime: the expression is in the run's arena; values are in the arena that is given. */
#ifndef MED_CQL_EXPRESSION_H
#define MED_CQL_EXPRESSION_H

#include "engine/cql/functions.h"
#include "engine/cql/run.h"

typedef enum med_cql_expression_kind {
  MED_CQL_IS_LITERAL, /* the term for the type, markers in it included */
  MED_CQL_IS_COLUMN,
  MED_CQL_IS_CALL, /* function of arguments */
  MED_CQL_IS_TOKEN,
  MED_CQL_IS_WRITETIME,
  MED_CQL_IS_TTL,
  MED_CQL_IS_PART, /* arguments[0].field number, or [arguments[1]] */
  MED_CQL_IS_SLICE,
  MED_CQL_IS_PUT_TOGETHER, /* a collection or tuple of arguments */
  MED_CQL_IS_AGGREGATE
} med_cql_expression_kind;

typedef enum med_cql_aggregate_kind {
  MED_CQL_COUNT_ROWS,
  MED_CQL_COUNT,
  MED_CQL_MIN,
  MED_CQL_MAX,
  MED_CQL_SUM,
  MED_CQL_AVG
} med_cql_aggregate_kind;

typedef struct med_cql_expression med_cql_expression;
struct med_cql_expression {
  med_cql_expression_kind kind;
  const med_cql_term *term;
  med_wide_type type;
  const med_wide_column *column;
  med_cql_function function;
  med_cql_expression **arguments; /* NULL for the absent bound of a slice */
  size_t count;
  uint16_t field;
  bool by_field;
  med_cql_aggregate_kind aggregate;
  size_t slot; /* of the accumulator */
};

typedef struct med_cql_accumulator med_cql_accumulator; /* aggregate.h */

/* term for what is wanted (NULL: whatever it is by itself). aggregates: how many were met so far; NULL where there may be none. */
MEDLEY_MUST_USE int med_cql_expression_make(med_cql_run *run, const med_cql_term *term, const med_wide_type *wanted,
                                            size_t *aggregates, med_cql_expression **made);
/* entry NULL: there is no row. now_s as the reader's. */
typedef struct med_cql_row_scope {
  const med_wide_entry *entry;
  const med_cql_accumulator *accumulators; /* of the row's group, one for each aggregate; NULL where there is none */
  int64_t now_s;
  med_arena *arena;
} med_cql_row_scope;
MEDLEY_MUST_USE int med_cql_expression_value(med_cql_run *run, const med_cql_expression *expression,
                                             const med_cql_row_scope *scope, med_slice *value);

#endif
