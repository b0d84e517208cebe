/* redis_server.h - a real redis-server of our own, on a Unix socket in a temporary folder, and connections to it.
 *
 * The server keeps nothing on disk, ends with stop, and also when this process dies. Owner of hiredis.h.
 * Lifetime: start, connect any number of times, disconnect each, stop. */
#ifndef TEST_REDIS_SERVER_H
#define TEST_REDIS_SERVER_H

#include "tests/conformance/redis_reply.h"

typedef struct test_redis_server {
  char folder[64];
  char socket[96];
  int process_id; /* 0: not running */
} test_redis_server;

typedef struct test_redis_connection test_redis_connection;

/* False if there is no redis-server or it does not come up within ten seconds. */
bool test_redis_server_start(test_redis_server *server);
void test_redis_server_stop(test_redis_server *server);

/* NULL if refused. */
test_redis_connection *test_redis_server_connect(const test_redis_server *server);
void test_redis_server_disconnect(test_redis_connection *connection);
/* A broken connection gives an ERROR reply that begins with "connection:". */
test_redis_reply *test_redis_server_run(test_redis_connection *connection, size_t count, const char *const *words,
                                        const size_t *lens);

#endif
