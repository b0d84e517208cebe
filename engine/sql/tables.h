/* tables.h - the virtual tables of a connection: what other models look like from SQL.
 *
 * keyvalue_tables.c: kv, kv_hash, kv_set, kv_zset, kv_list. A table of a bucket is made with
 *   CREATE VIRTUAL TABLE sessions USING kv_hash('sessions')
 * or used by its module's name, where the hidden column `bucket` (default '0') chooses:
 *   SELECT field, value FROM kv_hash('sessions') WHERE key = 's:1'
 * Threads and lifetime: as the session's, which is the context of the registration. */
#ifndef MED_SQL_TABLES_H
#define MED_SQL_TABLES_H

#include <sqlite3.h>

#include "engine/session.h"

/* Registers all modules of this folder on a new handle; context is the session. An SQLite code. */
int med_sql_tables_register(void *context, sqlite3 *handle);
int med_sql_keyvalue_tables_register(medley_session *session, sqlite3 *handle);

/* The failure of a storage or model function as an SQLite code; the session's error slot keeps the words, and the virtual
 * table gets them for SQLite's message. */
int med_sql_tables_fail(medley_session *session, sqlite3_vtab *table, int rc);

/* Within xUpdate: the code for a constraint that a row breaks. OR IGNORE, OR FAIL and OR ROLLBACK mean something to SQLite only with the
 * plain one; else it is the more exact one. */
int med_sql_tables_constraint(sqlite3 *handle, int extended);

#endif
