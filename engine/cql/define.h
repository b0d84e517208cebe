/* define.h - USE, CREATE, ALTER, DROP, TRUNCATE: definitions checked and put into the catalog, in the statement's transaction.
 *
 * Threads: a session's. Errors are Cassandra's, in its words where it has some. */
#ifndef MED_CQL_DEFINE_H
#define MED_CQL_DEFINE_H

#include "engine/cql/run.h"

MEDLEY_MUST_USE int med_cql_use(med_cql_run *run, const med_cql_identifier *keyspace);
/* Every other kind of definition; TRUNCATE among them. */
MEDLEY_MUST_USE int med_cql_define(med_cql_run *run, const med_cql_statement *statement);

/* ---- Between define*.c ---- */
#define MED_CQL_INDEX_NAME_MAX 222 /* bytes: room for a table's name and a column's */

/* Letters, digits and underscores, so many of them at most. what: "table". */
MEDLEY_MUST_USE int med_cql_check_name(med_cql_run *run, const char *what, size_t max, med_slice name, uint32_t at);
/* Options of a table or view: known ones are taken in, all are kept as text. */
MEDLEY_MUST_USE int med_cql_table_options(med_cql_run *run, const med_cql_with *with, med_wide_table *table);
/* Whether what its properties say of families makes sense, and its columns are those of a table of cells if they say something. */
MEDLEY_MUST_USE int med_cql_check_families(med_cql_run *run, uint32_t at, med_wide_table *table);
/* Whether the table can have the windows of time and be append_only as its properties say, and, if it is there (its number is not 0), whether it
 * may have come to say so. with: what the statement says; NULL: nothing of properties. at: where to point to otherwise. define_windows.c */
MEDLEY_MUST_USE int med_cql_check_windows(med_cql_run *run, const med_cql_with *with, uint32_t at,
                                          med_wide_table *table);
MEDLEY_MUST_USE int med_cql_take_append_only(med_cql_run *run, const med_cql_property *property, med_wide_table *table);
MEDLEY_MUST_USE int med_cql_check_append_only(med_cql_run *run, const med_cql_with *with, uint32_t at,
                                              const med_wide_table *table);
MEDLEY_MUST_USE int med_cql_properties(med_cql_run *run, const med_cql_with *with, const med_wide_property *old,
                                       size_t old_count, const med_wide_property **properties, size_t *count);
/* The key of a new table or view: roles, order and direction of columns. columns: all, in the order written. */
MEDLEY_MUST_USE int med_cql_arrange_key(med_cql_run *run, const med_cql_key *key, const med_cql_with *with,
                                        med_slice table_name, med_wide_column *columns, size_t count);
/* Counts roles and puts columns in order. */
void med_cql_finish_table(med_wide_table *table, med_wide_column *columns, size_t count);
bool med_cql_type_uses(const med_wide_type *type, const med_wide_user_type *user_type);
bool med_cql_type_has_counter(const med_wide_type *type); /* define_types.c */
/* What is not frozen has no parts that are not. */
MEDLEY_MUST_USE int med_cql_check_nesting(med_cql_run *run, uint32_t at, const med_wide_type *type);
/* The type of a column or field, whose user types are of the keyspace. */
MEDLEY_MUST_USE int med_cql_read_own_type(med_cql_run *run, const med_cql_column_definition *definition,
                                          med_slice keyspace, med_wide_type *type);

MEDLEY_MUST_USE int med_cql_define_table(med_cql_run *run, const med_cql_statement *statement); /* define_tables.c */
MEDLEY_MUST_USE int med_cql_define_type(med_cql_run *run, const med_cql_statement *statement);  /* define_types.c */
MEDLEY_MUST_USE int med_cql_define_index(med_cql_run *run,
                                         const med_cql_index_definition *index); /* define_derived.c */
MEDLEY_MUST_USE int med_cql_define_view(med_cql_run *run, const med_cql_view_definition *view);
MEDLEY_MUST_USE int med_cql_drop_index(med_cql_run *run, const med_cql_drop *drop);

#endif
