/* json.h - values as JSON and JSON as values: SELECT JSON, INSERT JSON, toJson, fromJson.
 *
 * The spellings are Cassandra's: numbers as they are, a decimal's digits kept; dates, times, uuids, addresses and durations
 * as strings; blobs as "0x..."; maps and user types as objects, whose keys are strings that hold the key's own JSON; tuples
 * as arrays. Names that are not in lower case are in a second pair of quotes, as CQL writes them. */
#ifndef MED_CQL_JSON_H
#define MED_CQL_JSON_H

#include "engine/cql/literal.h"

#define MED_CQL_JSON_DEPTH_MAX 64

/* The value has been checked; null is null. False if memory is short. */
MEDLEY_MUST_USE bool med_cql_json_write(const med_wide_type *type, med_slice value, med_buffer *text);
/* A column's name as a key, with its quotes: "a", "\"A\"". */
MEDLEY_MUST_USE bool med_cql_json_write_name(med_slice name, med_buffer *text);

/* One value of the type from a JSON text. TYPE in Cassandra's words, RANGE, TOO_BIG for nesting, NO_MEMORY. */
MEDLEY_MUST_USE int med_cql_json_read(const med_wide_type *type, med_slice text, med_arena *arena, med_slice *value,
                                      medley_error *error);

/* The members of an object: names in their stored form, and the text of each value, borrowed. Of a name that is repeated the
 * last one stays. TOO_BIG beyond 4,096. */
typedef struct med_cql_json_member {
  med_slice name, value;
} med_cql_json_member;
MEDLEY_MUST_USE int med_cql_json_members(med_slice text, med_arena *arena, med_cql_json_member **members, size_t *count,
                                         medley_error *error);

#endif
