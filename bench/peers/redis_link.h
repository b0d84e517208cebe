/* redis_link.h - a connection to one of the Redis servers that bench/peers/setup starts. */
#ifndef MED_BENCH_REDIS_LINK_H
#define MED_BENCH_REDIS_LINK_H

#include <hiredis/hiredis.h>

#include "bench/peer.h"

/* socket: "redis" (append-only file) or "redis-cache" (keeps nothing on disk). 0, or -1 after med_peer_fail. */
int med_redis_link_open(const char *servers, const char *socket, redisContext **link);
/* Sends and waits; the reply is borrowed until the next call with the same slot. NULL after med_peer_fail. */
const redisReply *med_redis_link_call(redisContext *link, redisReply **slot, int count, const char *const *words,
                                      const size_t *lens);
int med_redis_link_empty(redisContext *link); /* FLUSHALL */
/* When the append-only file reaches the disk. */
int med_redis_link_set_durability(redisContext *link, med_durability durability);
/* Integers count as themselves, texts by their length, lists by their items. */
int64_t med_redis_link_answer(const redisReply *reply);

#endif
