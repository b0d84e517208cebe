/* client.c - a session's keyspace and catalog. */
#include "engine/cql/client.h"

int med_cql_client_open(medley_session *session, med_cql_client **client) {
  med_cql_client **slot = med_session_cql_client(session);
  if (*slot == NULL) *slot = med_alloc_zero(sizeof **slot);
  *client = *slot;
  return *slot != NULL ? MEDLEY_OK : med_error_no_memory(med_session_error_slot(session));
}

void med_cql_client_close(med_cql_client *client) {
  if (client == NULL) return;
  med_wide_catalog_release(client->catalog);
  med_free(client);
}

int med_cql_client_catalog(med_cql_client *client, med_txn *txn, med_wide_catalog **catalog) {
  uint64_t version;
  int rc = med_wide_catalog_version_now(txn, &version);
  if (rc != MEDLEY_OK) return rc;
  if (client->catalog == NULL || med_wide_catalog_version(client->catalog) != version) {
    med_wide_catalog *fresh;
    rc = med_wide_catalog_open(txn, &fresh);
    if (rc != MEDLEY_OK) return rc;
    med_wide_catalog_release(client->catalog);
    client->catalog = fresh;
  }
  *catalog = client->catalog;
  return MEDLEY_OK;
}
