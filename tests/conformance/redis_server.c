/* redis_server.c - starts the server as a child, waits for its socket, converts hiredis's replies. */
#include "tests/conformance/redis_server.h"

#include <errno.h>
#include <fcntl.h>
#include <hiredis/hiredis.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define WAIT_STEPS_MAX 1000
#define WAIT_STEP_NS 10000000L

struct test_redis_connection {
  redisContext *context;
};

/* In the child: becomes the server, silently, and is ended with its parent. */
static void become_server(const test_redis_server *server) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  int null = open("/dev/null", O_RDWR);
  if (null >= 0) {
    dup2(null, STDOUT_FILENO);
    dup2(null, STDERR_FILENO);
  }
  execlp("redis-server", "redis-server", "--port", "0", "--unixsocket", server->socket, "--save", "", "--appendonly",
         "no", "--daemonize", "no", "--dir", server->folder, (char *)NULL);
  _exit(127);
}

static bool is_gone(test_redis_server *server) {
  if (waitpid(server->process_id, NULL, WNOHANG) != server->process_id) return false;
  server->process_id = 0;
  return true;
}

bool test_redis_server_start(test_redis_server *server) {
  memset(server, 0, sizeof *server);
  snprintf(server->folder, sizeof server->folder, "/tmp/medley-redis-XXXXXX");
  if (mkdtemp(server->folder) == NULL) return false;
  snprintf(server->socket, sizeof server->socket, "%s/socket", server->folder);
  pid_t child = fork();
  if (child < 0) return false;
  if (child == 0) become_server(server);
  server->process_id = child;
  for (int i = 0; i < WAIT_STEPS_MAX && !is_gone(server); i++) {
    test_redis_connection *connection = test_redis_server_connect(server);
    if (connection != NULL) {
      test_redis_server_disconnect(connection);
      return true;
    }
    nanosleep(&(struct timespec){.tv_nsec = WAIT_STEP_NS}, NULL);
  }
  test_redis_server_stop(server);
  return false;
}

void test_redis_server_stop(test_redis_server *server) {
  if (server->process_id > 0) {
    kill(server->process_id, SIGKILL);
    waitpid(server->process_id, NULL, 0);
  }
  server->process_id = 0;
  if (server->folder[0] == '\0') return;
  unlink(server->socket);
  rmdir(server->folder);
}

test_redis_connection *test_redis_server_connect(const test_redis_server *server) {
  redisContext *context = redisConnectUnix(server->socket);
  if (context == NULL || context->err != 0) {
    if (context != NULL) redisFree(context);
    return NULL;
  }
  test_redis_connection *connection = test_redis_reply_must(calloc(1, sizeof *connection));
  connection->context = context;
  return connection;
}

void test_redis_server_disconnect(test_redis_connection *connection) {
  if (connection == NULL) return;
  redisFree(connection->context);
  free(connection);
}

static test_redis_reply *convert(const redisReply *from) {
  test_redis_reply *reply;
  switch (from->type) {
    case REDIS_REPLY_STRING: return test_redis_reply_text(TEST_REDIS_BULK, from->str, (size_t)from->len);
    case REDIS_REPLY_STATUS: return test_redis_reply_text(TEST_REDIS_STATUS, from->str, (size_t)from->len);
    case REDIS_REPLY_ERROR: return test_redis_reply_text(TEST_REDIS_ERROR, from->str, (size_t)from->len);
    case REDIS_REPLY_INTEGER:
      reply = test_redis_reply_new(TEST_REDIS_INTEGER);
      reply->integer = from->integer;
      return reply;
    case REDIS_REPLY_ARRAY:
      reply = test_redis_reply_new(TEST_REDIS_LIST);
      for (size_t i = 0; i < from->elements; i++) test_redis_reply_append(reply, convert(from->element[i]));
      return reply;
    default: return test_redis_reply_new(TEST_REDIS_NIL);
  }
}

test_redis_reply *test_redis_server_run(test_redis_connection *connection, size_t count, const char *const *words,
                                        const size_t *lens) {
  /* hiredis takes the words without const but does not write to them. */
  redisReply *raw = redisCommandArgv(connection->context, (int)count, (const char **)(uintptr_t)words, lens);
  if (raw == NULL) {
    char text[192];
    int len = snprintf(text, sizeof text, "connection: %s", connection->context->errstr);
    return test_redis_reply_text(TEST_REDIS_ERROR, text, (size_t)len);
  }
  test_redis_reply *reply = convert(raw);
  freeReplyObject(raw);
  return reply;
}
