/* expression_make.h - the insides of expressions, for the two files that make them. */
#ifndef MED_CQL_EXPRESSION_MAKE_H
#define MED_CQL_EXPRESSION_MAKE_H

#include "engine/cql/expression.h"

/* NULL after med_cql_no_memory. */
med_cql_expression *med_cql_expression_new(med_cql_run *run, med_cql_expression_kind kind, const med_cql_term *term);
/* The term within parentheses that only group: one term, where no tuple is wanted. */
const med_cql_term *med_cql_expression_inner(const med_cql_term *term, const med_wide_type *wanted);
/* Literals, markers, hints: of the wanted type, or of their own. */
MEDLEY_MUST_USE int med_cql_expression_literal(med_cql_run *run, const med_cql_term *term, const med_wide_type *wanted,
                                               med_cql_expression **made);
/* Calls of scalar functions, operators, CAST. */
MEDLEY_MUST_USE int med_cql_expression_call(med_cql_run *run, const med_cql_term *term, const med_wide_type *wanted,
                                            size_t *aggregates, med_cql_expression **result);
/* Lists, sets, maps and tuples that hold more than literals, where nothing is known to be wanted: (a, b), [a + 1]. */
bool med_cql_expression_is_put_together(const med_cql_term *term, const med_wide_type *wanted);
MEDLEY_MUST_USE int med_cql_expression_put_together(med_cql_run *run, const med_cql_term *term, size_t *aggregates,
                                                    med_cql_expression **result);
/* Gives a failure that has no position the term's. Answers rc. */
int med_cql_expression_placed(med_cql_run *run, const med_cql_term *term, int rc);

#endif
