/* run.h - what the parts of CQL share while a statement is planned or run: its transaction, definitions, parameters, memory, errors.
 *
 * Planning (prepare) and running use the same functions: planning has no parameter values (planning is true) and goes as far as types.
 * Threads: a session's. Lifetime: everything is in the arena, which its statement clears before the next execution. */
#ifndef MED_CQL_RUN_H
#define MED_CQL_RUN_H

#include "engine/cql/ast.h"
#include "engine/cql/client.h"
#include "engine/language.h"
#include "models/widecolumn/read.h"

typedef struct med_cql_run {
  medley_session *session;
  medley_statement *statement;
  med_slice text; /* of the statement: for positions */
  med_txn *txn;
  med_wide_catalog *catalog;
  med_slice keyspace; /* in use; empty: none */
  med_arena *arena;
  medley_error *error;
  bool planning;
  const med_wide_table *table; /* what names and token() mean; NULL: nothing */
  uint64_t random;             /* the state of a generator */
  unsigned flags_noted;        /* how often this execution has changed the definition of a table that it writes to */
} med_cql_run;

/* Cassandra's words, and where. Answers status. */
int med_cql_fail(med_cql_run *run, uint32_t at, int status, const char *format, ...) MED_PRINTF(4, 5);
int med_cql_no_memory(med_cql_run *run);
/* Names in messages. */
#define MED_CQL_TEXT(slice) (int)(slice).len, (const char *)((slice).len > 0 ? (slice).bytes : "")

/* In the arena; NULL after med_cql_no_memory has been put into the slot. */
void *med_cql_alloc(med_cql_run *run, size_t size);

/* The keyspace that a name is in. */
MEDLEY_MUST_USE int med_cql_keyspace_of(med_cql_run *run, const med_cql_name *name, med_slice *keyspace);
MEDLEY_MUST_USE int med_cql_find_table(med_cql_run *run, const med_cql_name *name, const med_wide_table **table);
MEDLEY_MUST_USE int med_cql_find_column(med_cql_run *run, const med_wide_table *table, med_slice name, uint32_t at,
                                        const med_wide_column **column);
/* The type in its spelling, for messages and results; NUL-ended; "?" if memory is short. */
const char *med_cql_type_text(med_cql_run *run, const med_wide_type *type);
/* Reads a type; user types are looked for in the keyspace. */
MEDLEY_MUST_USE int med_cql_read_type(med_cql_run *run, med_slice text, uint32_t at, med_slice keyspace,
                                      med_wide_type *type);

#endif
