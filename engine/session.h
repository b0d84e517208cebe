/* session.h - one client's conversation: its transaction over all models, and what its statements stand on.
 *
 * States (medley_transaction_state) and who moves between them:
 *
 *              BEGIN                  first read              first write (only on the newest snapshot)
 *   NONE ───────────────► DEFERRED ───────────────► READING ───────────────────────────► WRITING
 *     ▲  │  BEGIN IMMEDIATE   │ first write                                                 ▲ │
 *     │  └────────────────────┴─────────────────────────────────────────────────────────────┘ │
 *     └────────────── COMMIT, ROLLBACK, or a failure that ends the transaction ◄──────────────┘
 *
 * Outside of a transaction every statement is one of its own (autocommit), between med_session_statement_begin and _end.
 *
 * Threads: see medley.h; med_session_enter finds a second thread. */
#ifndef MED_ENGINE_SESSION_H
#define MED_ENGINE_SESSION_H

#include "engine/medley.h"
#include "storage/memory.h"
#include "storage/store.h"
#include "storage/writer.h"

/* Every public function that works on a session is between these two. enter: MISUSE if another thread is inside, FORKED,
 * DEAD, which ends the session's transaction; clears the error slot and gives back what the previous call lent out. */
MEDLEY_MUST_USE int med_session_enter(medley_session *session);
void med_session_leave(medley_session *session);

medley *med_session_database(medley_session *session);
medley_error *med_session_error_slot(medley_session *session);
/* Records language and status of a failure whose message a deeper function has set (or a default one), returns rc. */
int med_session_fail(medley_session *session, medley_language language, int rc);

/* The transaction that a statement works in: the session's, or one made for it. On success *txn is ready and _end must
 * follow. A write takes undo marks in every model and comes to its end before anything else begins; reads may overlap.
 * A write in a READING transaction: SNAPSHOT unless its snapshot is the newest. */
typedef enum med_access {
  MED_READS = 0,
  MED_WRITES = 1,
  MED_FREES = 2, /* a write that only gives space back, and may use the reserve of a full disk */
  MED_ADDS = 3   /* one that its model may put off (med_txn_defer): before any other, what was put off is made */
} med_access;
MEDLEY_MUST_USE int med_session_statement_begin(medley_session *session, int access, med_txn **txn);
/* rc: how the statement went. After a failed write everything since its marks is undone; autocommit ends here. Answers rc,
 * or the failure of the commit. An autocommit read keeps its snapshot until the next enter if `lend`, so that what was
 * borrowed from it stays valid. */
int med_session_statement_end(medley_session *session, int rc, bool lend);
/* A write that needs nothing of the session but its transaction: in the session's, or, outside of one, as a member whose work any
 * thread may do (writer.h: med_writer_run). change answers OK, or a failure that leaves nothing. */
MEDLEY_MUST_USE int med_session_change(medley_session *session, int access, med_writer_work change, void *context);
/* The transaction that statements of the session see now; NULL outside of statements and transactions. */
med_txn *med_session_txn(medley_session *session);

/* What BEGIN and its like do, between enter and leave; failures are in the error slot. */
MEDLEY_MUST_USE int med_session_begin(medley_session *session, medley_mode mode);
MEDLEY_MUST_USE int med_session_commit(medley_session *session);
int med_session_rollback(medley_session *session);
MEDLEY_MUST_USE int med_session_savepoint(medley_session *session, med_slice name);
MEDLEY_MUST_USE int med_session_release(medley_session *session, med_slice name);
MEDLEY_MUST_USE int med_session_rollback_to(medley_session *session, med_slice name);

/* INTERRUPTED or DEADLINE if the running statement should stop; OK otherwise. Cheap: call it in every long loop. */
MEDLEY_MUST_USE int med_session_poll(medley_session *session);

/* The Redis side of the session, owned by engine/redis: selected bucket, MULTI queue, WATCHes, subscriptions. Made on
 * first use with med_redis_client_open. */
struct med_redis_client;
struct med_redis_client **med_session_redis_client(medley_session *session);
/* Things of the whole handle that engine/redis owns: waiters of blocking pops, channels, scan cursors, CONFIG. */
struct med_redis_hub;
struct med_redis_hub *med_session_redis_hub(medley_session *session);

/* The cache side of the session, owned by engine/cache.c: the overlay of its transaction. And of the whole handle:
 * the segments that are attached. */
struct med_cache_client;
struct med_cache_client **med_session_cache_client(medley_session *session);
struct med_cache_hub;
struct med_cache_hub *med_session_cache_hub(medley_session *session);

/* The CQL side of the session, owned by engine/cql: keyspace and definitions. Made on first use. */
struct med_cql_client;
struct med_cql_client **med_session_cql_client(medley_session *session);
/* The names under which SQL knows the wide-column tables, owned by engine/sql: made when a connection opens. */
struct med_wide_names;
struct med_wide_names **med_session_wide_names(medley_session *session);
/* A timestamp for a write of the wide-column model: the transaction's time, or later, so that each of the handle is greater than the one
 * before. */
int64_t med_session_next_timestamp_us(medley_session *session);

/* Cleared at the start of each statement that is not nested in another. */
med_arena *med_session_arena(medley_session *session);

#endif
