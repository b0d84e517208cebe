/* redis_link.c - see redis_link.h. */
#include "bench/peers/redis_link.h"

#include <stdio.h>
#include <string.h>

int med_redis_link_open(const char *servers, const char *socket, redisContext **link) {
  char path[4096];
  snprintf(path, sizeof path, "%s/%s.sock", servers, socket);
  *link = redisConnectUnix(path);
  if (*link && (*link)->err == 0) return 0;
  return med_peer_fail("redis: %s: %s", path, *link ? (*link)->errstr : "no memory");
}

const redisReply *med_redis_link_call(redisContext *link, redisReply **slot, int count, const char *const *words,
                                      const size_t *lens) {
  if (*slot) freeReplyObject(*slot);
  *slot = redisCommandArgv(link, count, (const char **)(uintptr_t)words, lens);
  if (!*slot) {
    med_peer_fail("redis: %s", link->errstr);
    return NULL;
  }
  if ((*slot)->type == REDIS_REPLY_ERROR) {
    med_peer_fail("redis: %s", (*slot)->str);
    return NULL;
  }
  return *slot;
}

static int call_words(redisContext *link, const char *const *words, int count) {
  size_t lens[4];
  redisReply *slot = NULL;
  for (int i = 0; i < count; i++) lens[i] = strlen(words[i]);
  const redisReply *reply = med_redis_link_call(link, &slot, count, words, lens);
  if (slot) freeReplyObject(slot);
  return reply ? 0 : -1;
}

int med_redis_link_empty(redisContext *link) { return call_words(link, (const char *[]){"FLUSHALL"}, 1); }

int med_redis_link_set_durability(redisContext *link, med_durability durability) {
  static const char *const flushes[] = {"always", "everysec", "no"};
  return call_words(link, (const char *[]){"CONFIG", "SET", "appendfsync", flushes[durability]}, 4);
}

int64_t med_redis_link_answer(const redisReply *reply) {
  switch (reply->type) {
    case REDIS_REPLY_INTEGER: return reply->integer;
    case REDIS_REPLY_STRING:
    case REDIS_REPLY_STATUS: return (int64_t)reply->len;
    case REDIS_REPLY_ARRAY: return (int64_t)reply->elements;
    default: return 0;
  }
}
