/* json_text.h - JSON as text: where values end, what strings hold, the items of arrays and objects.
 *
 * Nothing is built: a value is the slice of its text. What has been checked once is walked without distrust. */
#ifndef MED_CQL_JSON_TEXT_H
#define MED_CQL_JSON_TEXT_H

#include "engine/cql/json.h"

/* The value's text without the blanks around it; TYPE if the text is not one JSON value, TOO_BIG for nesting. */
MEDLEY_MUST_USE int med_cql_json_check(med_slice text, med_slice *value, medley_error *error);

/* Items of a checked array, or keys and values in turn of a checked object. */
typedef struct med_cql_json_items {
  med_slice text;
  size_t at;
} med_cql_json_items;
void med_cql_json_items_init(med_slice value, med_cql_json_items *items);
bool med_cql_json_items_next(med_cql_json_items *items, med_slice *item);

/* What a checked string holds, in the arena. TYPE for half a surrogate pair. */
MEDLEY_MUST_USE int med_cql_json_string(med_slice value, med_arena *arena, med_slice *text, medley_error *error);

/* The name that Cassandra's parser gives to such a value: String, Integer, Long, BigInteger, Double, Boolean, ArrayList,
 * LinkedHashMap, null. */
const char *med_cql_json_class(med_slice value);

/* A name in its stored form from an object's key: in lower case unless it is in quotes of its own. Arena. */
MEDLEY_MUST_USE int med_cql_json_name(med_slice key, med_arena *arena, med_slice *name, medley_error *error);

#endif
