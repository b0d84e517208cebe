/* client.h - what CQL remembers of a session: the keyspace in use and the definitions it read last.
 *
 * Threads: a session's. Lifetime: made on first use, closed with the session. USE is not undone by a rollback, as in Cassandra. */
#ifndef MED_CQL_CLIENT_H
#define MED_CQL_CLIENT_H

#include "engine/session.h"
#include "models/widecolumn/catalog.h"

typedef struct med_cql_client {
  char keyspace[MED_WIDE_NAME_MAX + 1];
  size_t keyspace_len; /* 0: none */
  med_wide_catalog *catalog;
} med_cql_client;

MEDLEY_MUST_USE int med_cql_client_open(medley_session *session, med_cql_client **client);
void med_cql_client_close(med_cql_client *client); /* NULL is allowed */

/* The definitions of the transaction's snapshot; they live as long as the client's, or as whoever retains them. */
MEDLEY_MUST_USE int med_cql_client_catalog(med_cql_client *client, med_txn *txn, med_wide_catalog **catalog);

#endif
