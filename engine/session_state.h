/* session_state.h - the insides of a session, for session.c, transaction.c and dispatch.c. */
#ifndef MED_ENGINE_SESSION_STATE_H
#define MED_ENGINE_SESSION_STATE_H

#include "engine/database.h"
#include "engine/language.h"
#include "engine/redis/client.h"
#include "models/relational/connection.h"

#define MED_STATEMENT_DEPTH_MAX 8 /* writes inside writes: SQL that calls a table function that ... */
#define MED_SAVEPOINTS_MAX 256

/* Where every model stood. */
typedef struct med_marks {
  med_mark undo;
  size_t cache;
  size_t redis;
} med_marks;

typedef struct med_frame {
  med_marks marks;
  uint32_t reads; /* reads that began inside and have not ended */
  bool undone;    /* the statement itself has undone what a failure must not leave */
  bool committed; /* SQLite has committed the rows of virtual tables that it wrote, whether or not it failed then */
} med_frame;

typedef struct med_savepoint_entry {
  char *name;
  med_marks marks;
} med_savepoint_entry;

struct medley_session {
  medley *db;
  medley_error error;
  _Atomic int inside; /* a thread is between enter and leave */
  _Atomic bool interrupted;
  int64_t deadline_us; /* monotonic; 0: none */
  uint32_t deadline_ms;
  uint32_t busy_timeout_ms;
  /* the transaction */
  medley_transaction_state state;
  bool only_reads;         /* begun with MEDLEY_READ */
  bool batched;            /* begun with MEDLEY_WRITE_BATCHED */
  bool begun_by_savepoint; /* releasing the outermost savepoint commits */
  med_txn *reader;
  med_member *member;
  uint32_t open_reads; /* autocommit reads that hold the reader's snapshot */
  bool lent;           /* the last call lent out bytes of the reader's snapshot */
  bool kept;           /* this call has the snapshot that the last one lent out of, and may go on with it */
  med_frame frames[MED_STATEMENT_DEPTH_MAX];
  uint32_t depth; /* writes under way */
  med_savepoint_entry *savepoints;
  int savepoint_count;
  int64_t begun_us; /* monotonic: how long explicit transactions hold the lock decides whether they may follow others */
  int64_t hold_us;
  /* SQL */
  med_sql_connection *sql;
  bool sql_begun;     /* SQLite was brought into the session's transaction and must still be in it */
  int sql_savepoints; /* how many of the savepoints SQLite knows */
  int64_t changes, last_rowid;
  /* the rest */
  struct med_redis_client *redis;
  struct med_cache_client *cache;
  struct med_cql_client *cql;
  struct med_wide_names *wide_names;
  med_arena arena;
  med_buffer scratch; /* bytes lent by typed calls */
  med_arena cells;    /* a row of cells that was lent */
  medley_statement *statements;
};

/* SQLite bound to the statement's transaction, in a transaction of its own if the session is in one. */
MEDLEY_MUST_USE int med_session_bind_sql(medley_session *session, sqlite3 **handle);
/* Called before the end of a write that failed and has undone its own part, no more and no less. */
void med_session_statement_undone(medley_session *session);
/* Called when SQLite commits rows of virtual tables: outside of a transaction that is before its statement ends. */
void med_session_statement_committed(medley_session *session);
/* Gives back the snapshot that the last call lent out of, unless this call goes on with it. */
void med_session_drop_kept(medley_session *session);
/* Whether SQLite has rolled back its whole transaction inside of the session's: the session's is lost with it. give_up ends it
 * and answers rc with the message that is in the slot, or ABORTED. */
bool med_session_sql_gave_up(const medley_session *session);
int med_session_give_up(medley_session *session, int rc);
void med_session_learn_hold_time(medley_session *session);
/* A snapshot for preparing a statement that does not start a deferred transaction. */
MEDLEY_MUST_USE int med_session_peek_begin(medley_session *session, sqlite3 **handle);
void med_session_peek_end(medley_session *session);
/* Every running statement takes its remaining rows into memory (drain), or is ended with ABORTED (abort). */
MEDLEY_MUST_USE int med_session_drain(medley_session *session);
void med_session_abort_statements(medley_session *session);
/* DEFERRED or READING becomes WRITING. */
MEDLEY_MUST_USE int med_session_become_writer(medley_session *session);
/* The session is in no transaction afterwards; what the storage has not committed is rolled back. */
void med_session_end_transaction(medley_session *session, bool committed);

#endif
