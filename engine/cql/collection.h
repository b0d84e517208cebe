/* collection.h - the values of collections, tuples and user types put together from their parts. */
#ifndef MED_CQL_COLLECTION_H
#define MED_CQL_COLLECTION_H

#include "models/widecolumn/value.h"

/* The value of a type with parts. Parts have been checked for their types: a list's or a set's elements; a map's keys and
 * values in turn; a tuple's or user type's components, of which the last may be missing. Sets and maps need not be in
 * order: the array is sorted, and of equal elements or keys the last one stays. A null part of a collection is refused as
 * Cassandra words it. The value lives in the arena. TYPE, TOO_BIG beyond 2 GiB, NO_MEMORY. */
MEDLEY_MUST_USE int med_cql_collection_make(const med_wide_type *type, med_slice *parts, size_t count, med_arena *arena,
                                            med_slice *value, medley_error *error);

/* A value of no type with parts, out of a buffer that is then empty. Length 0 is the empty value, not null. */
MEDLEY_MUST_USE int med_cql_value_take(med_buffer *buffer, med_arena *arena, med_slice *value, medley_error *error);

#endif
