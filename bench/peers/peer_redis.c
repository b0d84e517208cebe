/* peer_redis.c - Redis over a Unix socket, one connection a client, no pipelining except for groups of commands, which
 * go as one pipeline. Durable: append-only file with appendfsync always; relaxed: everysec. The cache tasks use a
 * second server that keeps nothing on disk, as a cache does. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/peer.h"
#include "bench/peers/redis_link.h"

#define PIPELINE_LENGTH 16

typedef struct redis_place {
  char servers[4000];
  med_durability durability;
} redis_place;

typedef struct redis_client {
  redisContext *link, *cache;
  redisReply *reply;
  int waiting; /* commands sent whose replies have not been read */
} redis_client;

static void version(char *text, size_t size) {
  snprintf(text, size, "7 (hiredis %d.%d.%d)", HIREDIS_MAJOR, HIREDIS_MINOR, HIREDIS_PATCH);
}

static void disconnect_db(void *argument) {
  redis_client *client = argument;
  if (client->reply) freeReplyObject(client->reply);
  if (client->link) redisFree(client->link);
  if (client->cache) redisFree(client->cache);
  free(client);
}

static int connect_db(void *db, void **out) {
  redis_client *client = calloc(1, sizeof *client);
  const char *servers = ((redis_place *)db)->servers;
  *out = client;
  if (med_redis_link_open(servers, "redis", &client->link) != 0) return -1;
  return med_redis_link_open(servers, "redis-cache", &client->cache);
}

static int open_db(const med_place *place, void **db) {
  redis_place *made = calloc(1, sizeof *made);
  void *first = NULL;
  snprintf(made->servers, sizeof made->servers, "%s", place->servers);
  made->durability = place->durability;
  *db = made;
  int status = connect_db(made, &first);
  if (status == 0) status = med_redis_link_empty(((redis_client *)first)->link);
  if (status == 0) status = med_redis_link_empty(((redis_client *)first)->cache);
  if (status == 0) status = med_redis_link_set_durability(((redis_client *)first)->link, MED_IN_MEMORY);
  if (first) disconnect_db(first);
  return status;
}

static int loaded(void *db) {
  redisContext *link = NULL;
  int status = med_redis_link_open(((redis_place *)db)->servers, "redis", &link);
  if (status == 0) status = med_redis_link_set_durability(link, ((redis_place *)db)->durability);
  if (link) redisFree(link);
  return status;
}

static void close_db(void *db) { free(db); }

static int get_from(redis_client *client, redisContext *link, const void *key, size_t key_len, const void **value,
                    size_t *value_len) {
  const char *words[] = {"GET", key};
  const size_t lens[] = {3, key_len};
  const redisReply *reply = med_redis_link_call(link, &client->reply, 2, words, lens);
  if (!reply) return -1;
  if (reply->type == REDIS_REPLY_NIL) return MED_KV_MISSING;
  *value = reply->str;
  *value_len = (size_t)reply->len;
  return MED_KV_FOUND;
}

static int put_to(redis_client *client, redisContext *link, const void *key, size_t key_len, const void *value,
                  size_t value_len) {
  const char *words[] = {"SET", key, value};
  const size_t lens[] = {3, key_len, value_len};
  return med_redis_link_call(link, &client->reply, 3, words, lens) ? 0 : -1;
}

static int flush(void *argument, int64_t *answers) {
  redis_client *client = argument;
  for (; client->waiting > 0; client->waiting--) {
    void *reply = NULL;
    if (redisGetReply(client->link, &reply) != REDIS_OK) return med_peer_fail("redis: %s", client->link->errstr);
    redisReply *got = reply;
    int failed = got->type == REDIS_REPLY_ERROR;
    if (failed) med_peer_fail("redis: %s", got->str);
    if (answers) *answers += med_redis_link_answer(got);
    freeReplyObject(got);
    if (failed) return -1;
  }
  return 0;
}

static int command(void *argument, int word_count, const char *const *words, const size_t *word_lens,
                   int64_t *answers) {
  redis_client *client = argument;
  if (redisAppendCommandArgv(client->link, word_count, (const char **)(uintptr_t)words, word_lens) != REDIS_OK) {
    return med_peer_fail("redis: %s", client->link->errstr);
  }
  return ++client->waiting == PIPELINE_LENGTH ? flush(client, answers) : 0;
}

static int get(void *argument, const void *key, size_t key_len, const void **value, size_t *value_len) {
  return get_from(argument, ((redis_client *)argument)->link, key, key_len, value, value_len);
}

static int put(void *argument, const void *key, size_t key_len, const void *value, size_t value_len) {
  return put_to(argument, ((redis_client *)argument)->link, key, key_len, value, value_len);
}

static int remove_key(void *argument, const void *key, size_t key_len) {
  redis_client *client = argument;
  const char *words[] = {"DEL", key};
  const size_t lens[] = {3, key_len};
  const redisReply *reply = med_redis_link_call(client->link, &client->reply, 2, words, lens);
  if (!reply) return -1;
  return reply->integer > 0 ? MED_KV_FOUND : MED_KV_MISSING;
}

static int cache_get(void *argument, const void *key, size_t key_len, const void **value, size_t *value_len) {
  return get_from(argument, ((redis_client *)argument)->cache, key, key_len, value, value_len);
}

static int cache_put(void *argument, const void *key, size_t key_len, const void *value, size_t value_len) {
  return put_to(argument, ((redis_client *)argument)->cache, key, key_len, value, value_len);
}

static const med_kv kv = {.open = open_db,
                          .close = close_db,
                          .connect = connect_db,
                          .disconnect = disconnect_db,
                          .get = get,
                          .put = put,
                          .remove = remove_key,
                          .loaded = loaded,
                          .cache_get = cache_get,
                          .cache_put = cache_put,
                          .command = command,
                          .flush = flush};

const med_peer med_peer_redis = {.name = "redis",
                                 .description = "Redis over a Unix socket, AOF appendfsync by durability",
                                 .version = version,
                                 .kv = &kv,
                                 .server = "redis"};
