/* parser.h - from CQL's text to the statement its author wrote (ast.h).
 *
 * The grammar of CQL 3.4.5 (Cassandra 4.0 and 4.1). What CQL has and Medley has not (roles, functions, triggers, ...) is
 * refused by name. README.md's table says which is which, and a test parses every example in it. */
#ifndef MED_CQL_PARSER_H
#define MED_CQL_PARSER_H

#include "engine/cql/ast.h"
#include "storage/memory.h"

typedef struct
    med_cql_markers { /* of one statement, in the order they were first written; a marker's parameter is its place + 1 */
  const med_slice *names; /* with the first character: ?1, :name, $name, @name; bytes NULL for ? */
  size_t count;
} med_cql_markers;

/* Reads one statement up to its semicolon, which belongs to it; *used says how many bytes that took. Blank text is no
 * statement: *statement is NULL. Markers of the same name are one. The statement lives in the arena and borrows from the
 * text. SYNTAX, or UNSUPPORTED by name, with a position; TOO_BIG for text of 2 GiB or nesting beyond MED_CQL_DEPTH_MAX;
 * NO_MEMORY; and MEDLEY_ERROR for what Cassandra calls an invalid request and is seen at once. */
MEDLEY_MUST_USE int med_cql_parse(med_slice text, med_arena *arena, med_cql_statement **statement,
                                  med_cql_markers *markers, size_t *used, medley_error *error);

#endif
