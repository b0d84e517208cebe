/* peer_memcached.c - memcached over a Unix socket, two threads, 512 MiB, binary protocol off (as it is by default). It
 * has no durable store: it takes part in the cache tasks only. */
#include <libmemcached/memcached.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/peer.h"

typedef struct memcached_place {
  char socket[4100];
} memcached_place;

typedef struct memcached_client {
  memcached_st *link;
  char *value; /* of the last get */
} memcached_client;

static void version(char *text, size_t size) { snprintf(text, size, "1.6 (libmemcached %s)", memcached_lib_version()); }

static int fail(memcached_client *client, memcached_return_t code) {
  return med_peer_fail("memcached: %s", memcached_strerror(client->link, code));
}

static void disconnect_db(void *argument) {
  memcached_client *client = argument;
  free(client->value);
  if (client->link) memcached_free(client->link);
  free(client);
}

static int connect_db(void *db, void **out) {
  memcached_client *client = calloc(1, sizeof *client);
  *out = client;
  client->link = memcached_create(NULL);
  memcached_return_t code = memcached_server_add_unix_socket(client->link, ((memcached_place *)db)->socket);
  return memcached_success(code) ? 0 : fail(client, code);
}

static int open_db(const med_place *place, void **db) {
  memcached_place *made = calloc(1, sizeof *made);
  void *first = NULL;
  snprintf(made->socket, sizeof made->socket, "%s/memcached.sock", place->servers);
  *db = made;
  int status = connect_db(made, &first);
  if (status == 0) {
    memcached_return_t code = memcached_flush(((memcached_client *)first)->link, 0);
    if (!memcached_success(code)) status = fail(first, code);
  }
  if (first) disconnect_db(first);
  return status;
}

static void close_db(void *db) { free(db); }

static int get(void *argument, const void *key, size_t key_len, const void **value, size_t *value_len) {
  memcached_client *client = argument;
  memcached_return_t code = MEMCACHED_SUCCESS;
  uint32_t flags;
  free(client->value);
  client->value = memcached_get(client->link, key, key_len, value_len, &flags, &code);
  *value = client->value;
  if (code == MEMCACHED_NOTFOUND) return MED_KV_MISSING;
  return memcached_success(code) && client->value ? MED_KV_FOUND : fail(client, code);
}

static int put(void *argument, const void *key, size_t key_len, const void *value, size_t value_len) {
  memcached_client *client = argument;
  memcached_return_t code = memcached_set(client->link, key, key_len, value, value_len, 0, 0);
  return memcached_success(code) ? 0 : fail(client, code);
}

static const med_kv kv = {.open = open_db,
                          .close = close_db,
                          .connect = connect_db,
                          .disconnect = disconnect_db,
                          .cache_get = get,
                          .cache_put = put};

const med_peer med_peer_memcached = {.name = "memcached",
                                     .description = "memcached over a Unix socket, 2 threads, 512 MiB",
                                     .version = version,
                                     .kv = &kv,
                                     .server = "memcached"};
