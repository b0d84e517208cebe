/* redis_pair.h - one client of Medley and one of a real server, who are told the same things; and whole states of both.
 *
 * Lifetime: open, close. */
#ifndef TEST_REDIS_PAIR_H
#define TEST_REDIS_PAIR_H

#include "tests/conformance/redis_random.h"
#include "tests/conformance/redis_server.h"

#define TEST_REDIS_QUEUE_MAX 64
/* Databases that the random commands reach. */
#define TEST_REDIS_DATABASE_COUNT 3

typedef struct test_redis_pair {
  medley_session *session;
  test_redis_connection *connection;
  bool in_multi;
  test_redis_way queued[TEST_REDIS_QUEUE_MAX]; /* ways of the commands that wait for EXEC */
  size_t queued_count;
  char database[8]; /* the selected one */
  test_redis_reply
      *watched_absent; /* [database, key, ...] of keys that were absent when they were watched; NULL: none */
} test_redis_pair;

bool test_redis_pair_open(test_redis_pair *pair, medley *db, const test_redis_server *server);
bool test_redis_pair_close(test_redis_pair *pair);

/* One side's reply; the caller frees it. */
test_redis_reply *test_redis_pair_run_medley(test_redis_pair *pair, const test_redis_command *command);
test_redis_reply *test_redis_pair_run_redis(test_redis_pair *pair, const test_redis_command *command);
/* Words up to NULL, on one side or on both (replies thrown away). */
test_redis_reply *test_redis_pair_ask(test_redis_pair *pair, bool of_medley, const char *const *words);
void test_redis_pair_tell_both(test_redis_pair *pair, const char *const *words);
/* The same with a key of any bytes after the first word; rest are words up to NULL. */
test_redis_reply *test_redis_pair_ask_key(test_redis_pair *pair, bool of_medley, const char *name, const char *key,
                                          size_t key_len, const char *const *rest);

/* Whether the server has the key. */
bool test_redis_pair_has(test_redis_pair *pair, const char *key, size_t key_len);

/* Everything that one side holds: of each key its database, name, type, expiry and content. Selects databases. */
test_redis_reply *test_redis_pair_state(test_redis_pair *pair, bool of_medley);
/* Whether two states are alike, times of expiry within tolerance_ms. If not, *difference is where (or NULL). */
bool test_redis_states_equal(const test_redis_reply *left, const test_redis_reply *right, int64_t tolerance_ms,
                             const test_redis_reply **left_difference, const test_redis_reply **right_difference);

#endif
