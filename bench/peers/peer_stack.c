/* peer_stack.c - what an application uses instead of one embedded engine: PostgreSQL for money, RocksDB for events, Redis
 * for sessions and cached profiles, each with its durable settings, called one after the other. There is no transaction
 * over all three: event and session are written within the time of PostgreSQL's transaction, before its commit. */
#include <hiredis/hiredis.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/peers/postgres_link.h"
#include "bench/peers/redis_link.h"
#include "bench/peers/sql_actor.h"

#define SESSION_TTL_MS "1800000"
#define PROFILE "a profile that took some work to make"
#define WORD_COUNT_MAX 4

extern const med_peer med_peer_rocksdb; /* with its own settings */

typedef struct stack_store {
  char servers[4000];
  void *events; /* of RocksDB */
} stack_store;

typedef struct stack_client {
  redisContext *link, *cache;
  redisReply *reply;
  void *events;
} stack_client;

static void disconnect_store(void *argument) {
  stack_client *client = argument;
  if (client->reply) freeReplyObject(client->reply);
  if (client->link) redisFree(client->link);
  if (client->cache) redisFree(client->cache);
  if (client->events) med_peer_rocksdb.kv->disconnect(client->events);
  free(client);
}

static int connect_store(void *db, void *sql_connection, void **out) {
  const stack_store *store = db;
  stack_client *client = calloc(1, sizeof *client);
  (void)sql_connection;
  *out = client;
  if (med_redis_link_open(store->servers, "redis", &client->link) != 0) return -1;
  if (med_redis_link_open(store->servers, "redis-cache", &client->cache) != 0) return -1;
  return med_peer_rocksdb.kv->connect(store->events, &client->events);
}

static int open_store(const med_place *place, void *sql_db, void **out) {
  stack_store *store = calloc(1, sizeof *store);
  void *first = NULL;
  (void)sql_db;
  snprintf(store->servers, sizeof store->servers, "%s", place->servers);
  *out = store;
  int status = med_peer_rocksdb.kv->open(place, &store->events);
  if (status == 0) status = connect_store(store, NULL, &first);
  if (status == 0 && !place->keeps) status = med_redis_link_empty(((stack_client *)first)->link);
  if (status == 0 && !place->keeps) status = med_redis_link_empty(((stack_client *)first)->cache);
  if (status == 0) status = med_redis_link_set_durability(((stack_client *)first)->link, place->durability);
  if (first) disconnect_store(first);
  return status;
}

static void close_store(void *db) {
  stack_store *store = db;
  if (store->events) med_peer_rocksdb.kv->close(store->events);
  free(store);
}

static const redisReply *call(stack_client *client, redisContext *link, int count, const char *const *words) {
  size_t lens[WORD_COUNT_MAX];
  for (int i = 0; i < count; i++) lens[i] = strlen(words[i]);
  return med_redis_link_call(link, &client->reply, count, words, lens);
}

static int add(void *argument, uint32_t person) {
  stack_client *client = argument;
  char session[32], profile[32];
  snprintf(session, sizeof session, "session:%u", person);
  snprintf(profile, sizeof profile, "profile:%u", person);
  if (!call(client, client->link, 4, (const char *[]){"HSET", session, "hits", "0"})) return -1;
  if (!call(client, client->link, 3, (const char *[]){"PEXPIRE", session, SESSION_TTL_MS})) return -1;
  return call(client, client->cache, 3, (const char *[]){"SET", profile, PROFILE}) ? 0 : -1;
}

static int touch(void *argument, uint32_t person, uint64_t *hits) {
  stack_client *client = argument;
  char session[32], profile[32];
  snprintf(session, sizeof session, "session:%u", person);
  snprintf(profile, sizeof profile, "profile:%u", person);
  const redisReply *reply = call(client, client->link, 4, (const char *[]){"HINCRBY", session, "hits", "1"});
  if (!reply) return -1;
  *hits = (uint64_t)reply->integer - 1;
  if (!call(client, client->link, 3, (const char *[]){"PEXPIRE", session, SESSION_TTL_MS})) return -1;
  return call(client, client->cache, 2, (const char *[]){"DEL", profile}) ? 0 : -1;
}

static int note(void *argument, const med_action *action) {
  stack_client *client = argument;
  char key[32], event[64];
  int key_len = snprintf(key, sizeof key, "event:%020llu", (unsigned long long)action->number);
  int len = snprintf(event, sizeof event, "payment %u %lld", action->person, (long long)action->amount);
  return med_peer_rocksdb.kv->put(client->events, key, (size_t)key_len, event, (size_t)len);
}

static int events(void *argument, int64_t *count) {
  return med_peer_rocksdb.kv->count(((stack_client *)argument)->events, count);
}

static int hits_of(void *argument, uint32_t person, int64_t *hits) {
  stack_client *client = argument;
  char session[32];
  snprintf(session, sizeof session, "session:%u", person);
  const redisReply *reply = call(client, client->link, 3, (const char *[]){"HGET", session, "hits"});
  if (!reply || !reply->str) return -1;
  *hits = strtoll(reply->str, NULL, 10);
  return 0;
}

static const med_session_store store = {.open = open_store,
                                        .close = close_store,
                                        .connect = connect_store,
                                        .disconnect = disconnect_store,
                                        .add = add,
                                        .touch = touch,
                                        .hits = hits_of,
                                        .note = note,
                                        .events = events};

static int open_actor(const med_place *place, void **db) {
  return med_sql_actor_open(&med_postgres_link_sql, &store, place, db);
}

static const med_actor actor = {.open = open_actor,
                                .close = med_sql_actor_close,
                                .connect = med_sql_actor_connect,
                                .disconnect = med_sql_actor_disconnect,
                                .act = med_sql_actor_act,
                                .audit = med_sql_actor_audit};

const med_peer med_peer_stack = {.name = "stack",
                                 .description = "PostgreSQL, RocksDB and Redis, durable, one after the other",
                                 .version = med_postgres_link_version,
                                 .actor = &actor,
                                 .server = "postgres"};
