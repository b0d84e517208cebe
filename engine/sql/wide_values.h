/* wide_values.h - between SQLite's values and those of CQL's types.
 *
 *   ascii, text                        TEXT
 *   tinyint ... bigint, counter        INTEGER
 *   boolean                            0 or 1
 *   float, double                      REAL; NaN is NULL, as everywhere in SQLite
 *   blob                               BLOB
 *   timestamp                          INTEGER: milliseconds since 1970, as expires_ms of the buckets' tables
 *   varint, decimal, uuid, timeuuid,   TEXT as CQL shows them (engine/cql/convert.h); a date is what SQLite's date functions read
 *   inet, date, time, duration
 *   collections, tuples, user types    TEXT: JSON as CQL writes it (engine/cql/json.h)
 *
 * Written, these go the other way, with what SQLite's affinity would do; besides, what CQL takes for a parameter of the type: a
 * timestamp as text, a decimal as a number, a uuid as a blob; a blob as the text 0x... Threads: none of this shares anything. */
#ifndef MED_SQL_WIDE_VALUES_H
#define MED_SQL_WIDE_VALUES_H

#include <sqlite3.h>

#include "models/widecolumn/schema.h"

/* The type that a column is declared with. */
const char *med_wide_values_declared(const med_wide_type *type);
/* Whether SQLite orders what it is shown as a clustering key orders the values; only then may a range be read. */
bool med_wide_values_have_sql_order(const med_wide_type *type);
/* And equal values are next to each other, and no value is NULL: then the order of a key is an ORDER BY. */
bool med_wide_values_can_sort(const med_wide_type *type);
/* Whether it is declared as TEXT: compared with a number that has an affinity (another table's column, a CAST), SQLite takes its values for
 * numbers, as far as they look like one. */
bool med_wide_values_are_text(const med_wide_type *type);

/* Gives a value as a column's. OK or NO_MEMORY. */
MEDLEY_MUST_USE int med_wide_values_give(sqlite3_context *context, const med_wide_type *type, med_slice value,
                                         med_arena *arena, medley_error *error);

/* The value that SQL writes into a column, in the arena. TYPE, RANGE, TOO_BIG, NO_MEMORY. */
MEDLEY_MUST_USE int med_wide_values_take(const med_wide_column *column, sqlite3_value *given, med_arena *arena,
                                         med_slice *value, medley_error *error);

/* What a comparison with a value can find. */
typedef enum med_wide_match {
  MED_WIDE_MATCH_VALUE,   /* *value; for a bound: everything on its side is within it */
  MED_WIDE_MATCH_NOTHING, /* no row */
  MED_WIDE_MATCH_UNKNOWN  /* what the key does not have: SQLite looks at every row */
} med_wide_match;
typedef enum med_wide_comparing { MED_WIDE_AS_EQUAL, MED_WIDE_AS_LOWER, MED_WIDE_AS_UPPER } med_wide_comparing;
/* OK or NO_MEMORY. */
MEDLEY_MUST_USE int med_wide_values_match(const med_wide_type *type, sqlite3_value *given, med_wide_comparing comparing,
                                          med_arena *arena, med_slice *value, med_wide_match *match);

#endif
