/* select_totals.h - aggregates over all of a table: its sealed rows by columns, without making rows of them.
 *
 * Takes count(*), count of columns that stand in segments (regular ones; of the key integers and texts), sum, avg, min and max of numbers
 * (segment_value.h), over all tokens, with comparisons of such columns with constants in WHERE, outside of transactions that write, of tables without static columns. What else a statement asks for
 * is the row path's. Both give the same answers (test_cql_totals.c), but that sums of reals are added in another order. */
#ifndef MED_CQL_SELECT_TOTALS_H
#define MED_CQL_SELECT_TOTALS_H

#include "engine/cql/aggregate.h"
#include "engine/cql/select.h"

/* *taken: the sealed rows are in the accumulators, and only records are left to be read; else nothing was done. */
MEDLEY_MUST_USE int med_cql_totals_add(med_cql_run *run, const med_cql_select_plan *plan, const med_cql_bounds *bounds,
                                       med_cql_accumulator *accumulators, bool *taken);

#endif
