/* aggregate.h - count, min, max, sum and avg.
 *
 * Sums of integers and averages are exact inside: a sum shows its low bytes, as Cassandra's wraps around. Sums of varints and decimals are
 * exact; those of reals are compensated.
 * Threads and lifetime: as of expression.h; an accumulator's value is on the heap, for its owner to clear. */
#ifndef MED_CQL_AGGREGATE_H
#define MED_CQL_AGGREGATE_H

#include "engine/cql/expression.h"
#include "storage/column_vector.h"

struct med_cql_accumulator { /* begins as {0}, but for what value has as memory */
  uint64_t count;            /* of rows, or of values that are not null */
  bool any;                  /* there is a value */
  med_int128 integer;        /* sums of integers */
  double real, lost;         /* of reals: Kahan's summation as improved by Neumaier */
  med_buffer value;          /* min, max; sums of varints and decimals */
};

/* Whether a call is that of an aggregate. */
bool med_cql_aggregate_find(const med_cql_term *term, med_cql_aggregate_kind *kind);
/* aggregates: as for med_cql_expression_make. */
MEDLEY_MUST_USE int med_cql_aggregate_make(med_cql_run *run, const med_cql_term *term, med_cql_aggregate_kind kind,
                                           size_t *aggregates, med_cql_expression **result);
/* Takes the row into every aggregate within the expression. */
MEDLEY_MUST_USE int med_cql_aggregate_add(med_cql_run *run, const med_cql_expression *expression,
                                          const med_cql_row_scope *scope, med_cql_accumulator *accumulators);
/* The aggregate's value, in the scope's arena. */
MEDLEY_MUST_USE int med_cql_aggregate_value(med_cql_run *run, const med_cql_expression *expression,
                                            const med_cql_row_scope *scope, med_slice *value);

/* For select_totals.c: a number into a sum of reals; a value into a min or max, which is copied. */
void med_cql_accumulator_add_real(med_cql_accumulator *accumulator, double real);
MEDLEY_MUST_USE int med_cql_accumulator_offer(med_cql_run *run, const med_cql_expression *expression, med_slice value,
                                              med_cql_accumulator *accumulator);

#endif
