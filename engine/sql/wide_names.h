/* wide_names.h - which wide-column tables a connection knows as SQL tables, and under which names.
 *
 * A table of CQL is the SQL table "keyspace.table": one name with a point in it, so it is quoted, and no table of SQL's own is in its
 * way (one of exactly that name hides it). Each is an eponymous module, so nothing of it is in SQL's schema: what CQL defines,
 * alters or drops is so for SQL at the next statement, in every session and within the transaction too. SQL
 * does not tell upper from lower case in names: of two tables that differ in it alone, the first in order is the one.
 *
 * A statement that was prepared before a table was altered finds out when it begins (med_wide_table_now): it fails, and
 * sql_language.c compiles it anew.
 * Threads and lifetime: as the session's; the names themselves are a connection's. */
#ifndef MED_SQL_WIDE_NAMES_H
#define MED_SQL_WIDE_NAMES_H

#include "engine/sql/tables.h"
#include "models/widecolumn/catalog.h"

/* What a module knows: the context of its registration, alive as long as its tables. */
typedef struct med_wide_name {
  medley_session *session;
  char *name; /* keyspace.table */
  size_t keyspace_len;
  char *schema; /* what is declared */
  char *shape;  /* schema and whatever else plans and cursors rely on */
  size_t shape_len;
} med_wide_name;

static inline med_slice med_wide_name_keyspace(const med_wide_name *name) {
  return med_slice_of(name->name, name->keyspace_len);
}
static inline med_slice med_wide_name_table(const med_wide_name *name) {
  return med_slice_of_text(name->name + name->keyspace_len + 1);
}

typedef struct med_wide_names med_wide_names;
/* A new connection knows none. An SQLite code. */
int med_wide_names_register(medley_session *session);
void med_wide_names_close(med_wide_names *names); /* after the connection; NULL is allowed */

/* Brings the connection's tables to the definitions of the session's transaction. */
MEDLEY_MUST_USE int med_wide_names_refresh(medley_session *session, sqlite3 *handle);

/* Whether it has any. */
bool med_wide_names_any(medley_session *session);

/* A statement has found that a table is not what it was compiled for. take: whether one has since this was last asked, or the
 * connection's tables are not those of the transaction: SQLite compiles a statement anew by itself, and then knows only the former. */
void med_wide_names_set_outdated(medley_session *session);
bool med_wide_names_take_outdated(medley_session *session);

/* Adds to "no such table: ks.t" that it is one of these, whose name is written in quotes. */
void med_wide_names_explain(medley_session *session, medley_error *error);

/* The shape of a table, to be compared with a name's. False if memory is short. schema_len: how much of it is the schema. */
MEDLEY_MUST_USE bool med_wide_names_shape(const med_wide_table *table, med_buffer *shape, size_t *schema_len);

#endif
