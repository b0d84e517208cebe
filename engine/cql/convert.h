/* convert.h - between the values of medley.h and those of CQL's types: what is bound, and what a row shows.
 *
 *   ascii, text                       TEXT
 *   tinyint ... bigint, counter       INTEGER
 *   varint                            INTEGER, or TEXT beyond 64 bits
 *   float, double                     REAL
 *   boolean                           BOOLEAN
 *   blob                              BLOB
 *   decimal, uuid, timeuuid, inet,    TEXT as cqlsh prints it: 2024-02-29 12:00:00.000000+0000, 1y2mo3d4h
 *   timestamp, date, time, duration
 *   list, set, tuple                  LIST; a tuple's missing components are NULL
 *   map, user type                    MAP; a user type's keys are TEXT
 *
 * Bound, these go the other way; besides: TEXT for every kind without parts but blob (as in a literal); INTEGER for float,
 * double, decimal, varint, for timestamp (milliseconds), date, time, and 0 or 1 for boolean; REAL for decimal; BLOB for
 * uuid, timeuuid, inet. Sets and maps need not be in order. */
#ifndef MED_CQL_CONVERT_H
#define MED_CQL_CONVERT_H

#include "engine/cql/literal.h"

/* The value lives in the arena and borrows nothing. TYPE, RANGE, TOO_BIG with `place` in the message; NO_MEMORY. */
MEDLEY_MUST_USE int med_cql_bind(const med_wide_type *type, const medley_value *bound, const med_cql_place *place,
                                 med_arena *arena, med_slice *value, medley_error *error);
/* The value has been checked. Text and blobs are copied into the arena and have a NUL behind them. NO_MEMORY. */
MEDLEY_MUST_USE int med_cql_show(const med_wide_type *type, med_slice value, med_arena *arena, medley_value *shown,
                                 medley_error *error);

#endif
