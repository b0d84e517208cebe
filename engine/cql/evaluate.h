/* evaluate.h - terms that stand for a value of a known type: literals, bind markers, function calls without columns.
 *
 * While planning, a marker is some value of its type and calls are checked for their types only. Values are in the run's arena. */
#ifndef MED_CQL_EVALUATE_H
#define MED_CQL_EVALUATE_H

#include "engine/cql/run.h"

/* The value of a term for something of a type, with a name for messages. Null bytes: null. */
MEDLEY_MUST_USE int med_cql_evaluate(med_cql_run *run, const med_cql_term *term, const med_wide_type *type,
                                     med_slice name, med_slice *value);
/* An integer of a LIMIT, TTL or TIMESTAMP; *null if it is null (or a marker, while planning). what: "ttl". */
MEDLEY_MUST_USE int med_cql_evaluate_number(med_cql_run *run, const med_cql_term *term, med_wide_kind kind,
                                            const char *what, bool *null, int64_t *number);

#endif
