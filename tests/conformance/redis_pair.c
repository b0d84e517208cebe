/* redis_pair.c - the same words to both sides; states as lists of [database, key, type, expiry in ms, content]. */
#include "tests/conformance/redis_pair.h"

#include <stdlib.h>
#include <string.h>

#define STATE_ITEM_EXPIRY 3

bool test_redis_pair_open(test_redis_pair *pair, medley *db, const test_redis_server *server) {
  medley_error error;
  memset(pair, 0, sizeof *pair);
  snprintf(pair->database, sizeof pair->database, "0");
  pair->connection = test_redis_server_connect(server);
  if (pair->connection == NULL) return false;
  if (medley_session_open(db, &pair->session, &error) == MEDLEY_OK) return true;
  fprintf(stderr, "the session cannot be opened: %s\n", error.message);
  return false;
}

bool test_redis_pair_close(test_redis_pair *pair) {
  test_redis_server_disconnect(pair->connection);
  test_redis_reply_free(pair->watched_absent);
  bool ok = medley_session_close(pair->session) == MEDLEY_OK;
  memset(pair, 0, sizeof *pair);
  return ok;
}

test_redis_reply *test_redis_pair_run_medley(test_redis_pair *pair, const test_redis_command *command) {
  return test_redis_reply_run(pair->session, command->count, command->words, command->lens);
}

test_redis_reply *test_redis_pair_run_redis(test_redis_pair *pair, const test_redis_command *command) {
  return test_redis_server_run(pair->connection, command->count, command->words, command->lens);
}

static test_redis_reply *run(test_redis_pair *pair, bool of_medley, const test_redis_command *command) {
  return of_medley ? test_redis_pair_run_medley(pair, command) : test_redis_pair_run_redis(pair, command);
}

static test_redis_command *new_command(void) {
  test_redis_command *command = test_redis_reply_must(malloc(sizeof *command));
  test_redis_command_clear(command);
  return command;
}

test_redis_reply *test_redis_pair_ask(test_redis_pair *pair, bool of_medley, const char *const *words) {
  test_redis_command *command = new_command();
  for (; *words != NULL; words++) test_redis_command_add_text(command, *words);
  test_redis_reply *reply = run(pair, of_medley, command);
  free(command);
  return reply;
}

void test_redis_pair_tell_both(test_redis_pair *pair, const char *const *words) {
  test_redis_reply_free(test_redis_pair_ask(pair, true, words));
  test_redis_reply_free(test_redis_pair_ask(pair, false, words));
}

test_redis_reply *test_redis_pair_ask_key(test_redis_pair *pair, bool of_medley, const char *name, const char *key,
                                          size_t key_len, const char *const *rest) {
  test_redis_command *command = new_command();
  test_redis_command_add_text(command, name);
  test_redis_command_add(command, key, key_len);
  for (; rest != NULL && *rest != NULL; rest++) test_redis_command_add_text(command, *rest);
  test_redis_reply *reply = run(pair, of_medley, command);
  free(command);
  return reply;
}

bool test_redis_pair_has(test_redis_pair *pair, const char *key, size_t key_len) {
  test_redis_reply *exists = test_redis_pair_ask_key(pair, false, "EXISTS", key, key_len, NULL);
  bool has = exists->kind == TEST_REDIS_INTEGER && exists->integer == 1;
  test_redis_reply_free(exists);
  return has;
}

/* ---- States ------------------------------------------------------------------------------------------------ */

typedef struct content_command {
  const char *type, *name;
  const char *rest[4];
  size_t sort_width; /* 0: the order counts */
} content_command;

static const content_command content_commands[] = {
    {"string", "GET", {NULL}, 0},
    {"hash", "HGETALL", {NULL}, 2},
    {"list", "LRANGE", {"0", "-1", NULL}, 0},
    {"set", "SMEMBERS", {NULL}, 1},
    {"zset", "ZRANGE", {"0", "-1", "WITHSCORES", NULL}, 0},
};

static test_redis_reply *content(test_redis_pair *pair, bool of_medley, const test_redis_reply *key, const char *type) {
  for (size_t i = 0; i < sizeof content_commands / sizeof content_commands[0]; i++) {
    const content_command *of_type = &content_commands[i];
    if (strcmp(type, of_type->type) != 0) continue;
    test_redis_reply *reply =
        test_redis_pair_ask_key(pair, of_medley, of_type->name, key->bytes, key->len, of_type->rest);
    if (of_type->sort_width > 0) test_redis_reply_sort(reply, of_type->sort_width);
    return reply;
  }
  return test_redis_reply_new(TEST_REDIS_NIL);
}

static test_redis_reply *key_state(test_redis_pair *pair, bool of_medley, const char *database,
                                   const test_redis_reply *key) {
  test_redis_reply *state = test_redis_reply_new(TEST_REDIS_LIST);
  test_redis_reply *type = test_redis_pair_ask_key(pair, of_medley, "TYPE", key->bytes, key->len, NULL);
  test_redis_reply_append(state, test_redis_reply_text(TEST_REDIS_BULK, database, strlen(database)));
  test_redis_reply_append(state, test_redis_reply_text(TEST_REDIS_BULK, key->bytes, key->len));
  test_redis_reply_append(state, type);
  test_redis_reply_append(state, test_redis_pair_ask_key(pair, of_medley, "PEXPIRETIME", key->bytes, key->len, NULL));
  test_redis_reply_append(state, content(pair, of_medley, key, type->bytes != NULL ? type->bytes : ""));
  return state;
}

test_redis_reply *test_redis_pair_state(test_redis_pair *pair, bool of_medley) {
  test_redis_reply *state = test_redis_reply_new(TEST_REDIS_LIST);
  for (int i = 0; i < TEST_REDIS_DATABASE_COUNT; i++) {
    char database[8];
    snprintf(database, sizeof database, "%d", i);
    test_redis_reply_free(test_redis_pair_ask(pair, of_medley, (const char *const[]){"SELECT", database, NULL}));
    test_redis_reply *keys = test_redis_pair_ask(pair, of_medley, (const char *const[]){"KEYS", "*", NULL});
    test_redis_reply_sort(keys, 1);
    for (size_t j = 0; j < keys->count; j++) {
      test_redis_reply_append(state, key_state(pair, of_medley, database, keys->items[j]));
    }
    test_redis_reply_free(keys);
  }
  return state;
}

static bool equal_keys(const test_redis_reply *left, const test_redis_reply *right, int64_t tolerance_ms) {
  if (left->count != right->count) return false;
  for (size_t i = 0; i < left->count; i++) {
    const test_redis_reply *a = left->items[i], *b = right->items[i];
    bool times = i == STATE_ITEM_EXPIRY && a->kind == TEST_REDIS_INTEGER && b->kind == TEST_REDIS_INTEGER;
    if (times && a->integer > 0 && b->integer > 0) {
      int64_t apart = a->integer - b->integer;
      if (apart <= tolerance_ms && apart >= -tolerance_ms) continue;
    }
    if (!test_redis_reply_equal_scores(a, b)) return false;
  }
  return true;
}

bool test_redis_states_equal(const test_redis_reply *left, const test_redis_reply *right, int64_t tolerance_ms,
                             const test_redis_reply **left_difference, const test_redis_reply **right_difference) {
  for (size_t i = 0; i < left->count || i < right->count; i++) {
    *left_difference = i < left->count ? left->items[i] : NULL;
    *right_difference = i < right->count ? right->items[i] : NULL;
    if (*left_difference == NULL || *right_difference == NULL) return false;
    if (!equal_keys(*left_difference, *right_difference, tolerance_ms)) return false;
  }
  return true;
}
