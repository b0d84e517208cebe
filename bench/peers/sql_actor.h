/* sql_actor.h - a user's action for every peer that speaks SQL: accounts, ledger and events in tables; the session and
 * the cached profile either in tables as well (store NULL) or wherever a session store keeps them.
 *
 * A peer's own actor is an open function that hands its interfaces over; all else is shared. */
#ifndef MED_BENCH_SQL_ACTOR_H
#define MED_BENCH_SQL_ACTOR_H

#include "bench/peer.h"

typedef struct med_session_store {
  int (*open)(const med_place *place, void *sql_db, void **db);
  void (*close)(void *db);
  /* sql_connection is in the transaction of the action when the functions below are called. */
  int (*connect)(void *db, void *sql_connection, void **connection);
  void (*disconnect)(void *connection);
  int (*add)(void *connection, uint32_t person); /* a session with 0 hits and a cached profile */
  /* Answers the hits so far, adds one, and lets the session live on; drops the cached profile. */
  int (*touch)(void *connection, uint32_t person, uint64_t *hits);
  int (*hits)(void *connection, uint32_t person, int64_t *hits);
  /* The event of an action, and how many there are; NULL: events are rows beside the ledger's. */
  int (*note)(void *connection, const med_action *action);
  int (*events)(void *connection, int64_t *count);
} med_session_store;

int med_sql_actor_open(const med_sql *sql, const med_session_store *store, const med_place *place, void **db);
void med_sql_actor_close(void *db);
int med_sql_actor_connect(void *db, void **connection);
void med_sql_actor_disconnect(void *connection);
int med_sql_actor_act(void *connection, const med_action *action, uint64_t *hits);
int med_sql_actor_audit(void *connection, med_audit *audit);

#endif
