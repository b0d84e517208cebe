/* connection.h - one hardened SQLite connection whose pages are those of a Medley transaction.
 *
 * What it is: opening, settings, refusals, SQLite's own BEGIN, COMMIT and savepoints, and what SQLite's codes mean in ours.
 * What it is not: statements for users (engine/sql), the order of commits over the models (engine/session).
 *
 * Life of a connection: bind a transaction (med_sql_bind), let SQLite work in it, unbind. A connection whose SQL COMMIT
 * succeeded inside a storage transaction that then did not commit must never be used again: SQLite decides by a change
 * counter whether its cache is fresh, the counter repeats after an abort, and the next commit would write stale pages over
 * another session's rows. med_sql_generation tells who has to prepare again after such a reopening.
 *
 * Refused, with the reason in the error text: ATTACH, DETACH, VACUUM, load_extension, fts3_tokenizer, and every PRAGMA that
 * is not on the allow list (engine/sql/README.md).
 * Threads: as the session's. */
#ifndef MED_RELATIONAL_CONNECTION_H
#define MED_RELATIONAL_CONNECTION_H

#include <sqlite3.h>

#include "storage/page_vfs.h"

typedef struct med_sql_connection med_sql_connection;

/* Called with each new SQLite handle, before anything is prepared: registers modules and functions. */
typedef int (*med_sql_on_open)(void *context, sqlite3 *handle);
/* Answers a status that is not MEDLEY_OK if the running statement has to stop. */
typedef int (*med_sql_poll)(void *context);

typedef struct med_sql_hooks {
  med_sql_on_open on_open;
  med_sql_poll poll;
  void *context;
} med_sql_hooks;

MEDLEY_MUST_USE int med_sql_open(med_store *store, med_page_vfs *vfs, const med_sql_hooks *hooks,
                                 med_sql_connection **connection, medley_error *error);
void med_sql_close(med_sql_connection *connection); /* NULL is allowed */

/* The SQLite handle, usable after an OK of med_sql_bind. */
sqlite3 *med_sql_handle(const med_sql_connection *connection);
/* Grows when the connection was reopened: statements of an older generation are finalized by their owners, and prepared
 * anew. */
uint64_t med_sql_generation(const med_sql_connection *connection);

/* From now on SQLite works in txn. Reopens first if a storage commit of this process has failed since the last use. */
MEDLEY_MUST_USE int med_sql_bind(med_sql_connection *connection, med_txn *txn);
void med_sql_unbind(med_sql_connection *connection);
/* Whether SQLite has committed pages into the bound transaction since it was bound; forgets it. */
bool med_sql_take_confirmed(med_sql_connection *connection);
/* Closes SQLite's handle; the next bind opens a new one. */
void med_sql_drop(med_sql_connection *connection);

/* SQLite's own transaction inside the bound one. Savepoints are numbered from 1 from the outermost. */
MEDLEY_MUST_USE int med_sql_begin(med_sql_connection *connection);
bool med_sql_in_transaction(const med_sql_connection *connection);
/* CONSTRAINT (a deferred foreign key): SQLite's transaction is still open. */
MEDLEY_MUST_USE int med_sql_commit(med_sql_connection *connection);
void med_sql_rollback(med_sql_connection *connection);
/* What SQLite has read of the schema is read anew: views keep the columns that their tables had, and a virtual table's may change
 * beneath them without SQLite's knowledge. */
MEDLEY_MUST_USE int med_sql_forget_schema(med_sql_connection *connection);
MEDLEY_MUST_USE int med_sql_savepoint(med_sql_connection *connection, int number);
MEDLEY_MUST_USE int med_sql_release(med_sql_connection *connection, int number);
MEDLEY_MUST_USE int med_sql_rollback_to(med_sql_connection *connection, int number);

/* Our status for the last failure of the handle, with its message, and the position within text if SQLite knows one. */
int med_sql_fail(med_sql_connection *connection, int sqlite_code, const char *text, size_t text_len,
                 medley_error *error);
/* Runs PRAGMA integrity_check and foreign_key_check; one line for each problem. */
MEDLEY_MUST_USE int med_sql_check(med_sql_connection *connection, void (*on_problem)(void *, const char *),
                                  void *context, uint64_t *problem_count, medley_error *error);

#endif
