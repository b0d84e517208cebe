/* redis_differences.c - the rules of redis/differences.md in code, as narrow as they can be. */
#include "tests/conformance/redis_differences.h"

#include <string.h>
#include <strings.h>

const char *test_redis_rule_name(test_redis_rule rule) {
  static const char *const names[TEST_REDIS_RULE_COUNT] = {
      "none",       "exec-rolls-back", "sort-nosort-of-a-set", "named-bucket", "watch-absent-again",
      "lcs-memory", "negative-zero",   "sort-alpha-of-nuls"};
  return names[rule];
}

static bool word_is(const test_redis_command *command, size_t index, const char *word) {
  size_t len = strlen(word);
  return command->lens[index] == len && strncasecmp(command->words[index], word, len) == 0;
}

bool test_redis_command_is(const test_redis_command *command, const char *name) {
  return command->count > 0 && word_is(command, 0, name);
}

bool test_redis_command_has(const test_redis_command *command, const char *word) {
  for (size_t i = 1; i < command->count; i++) {
    if (word_is(command, i, word)) return true;
  }
  return false;
}

/* The first error among the replies of an EXEC. */
static const test_redis_reply *first_error(const test_redis_reply *reply) {
  for (size_t i = 0; i < reply->count; i++) {
    if (reply->items[i]->kind == TEST_REDIS_ERROR) return reply->items[i];
  }
  return NULL;
}

/* Redis goes on after a failed command of an EXEC; Medley fails with that command's message and has changed nothing. */
static bool rolls_back(const test_redis_command *command, const test_redis_reply *ours,
                       const test_redis_reply *theirs) {
  if (!test_redis_command_is(command, "EXEC") || theirs->kind != TEST_REDIS_LIST || ours->kind != TEST_REDIS_ERROR)
    return false;
  const test_redis_reply *error = first_error(theirs);
  return error != NULL && strstr(ours->bytes, error->bytes) != NULL;
}

/* BY nosort leaves the order of a set to the implementation, and with LIMIT the choice too. */
static bool sorts_nothing(const test_redis_command *command, const test_redis_reply *ours,
                          const test_redis_reply *theirs) {
  if (!test_redis_command_is(command, "SORT") && !test_redis_command_is(command, "SORT_RO")) return false;
  return test_redis_command_has(command, "nosort") && ours->kind == theirs->kind && ours->count == theirs->count;
}

static bool equal_up_to_nuls(const test_redis_reply *ours, const test_redis_reply *theirs) {
  if (ours->kind != TEST_REDIS_LIST || theirs->kind != TEST_REDIS_LIST || ours->count != theirs->count) return false;
  for (size_t i = 0; i < ours->count; i++) {
    const test_redis_reply *a = ours->items[i], *b = theirs->items[i];
    if (a->kind != TEST_REDIS_BULK || b->kind != TEST_REDIS_BULK || strcmp(a->bytes, b->bytes) != 0) return false;
  }
  return true;
}

/* Redis collates texts up to their first NUL, and leaves those that are equal so far in any order. */
static bool sorts_nuls(const test_redis_command *command, const test_redis_reply *ours,
                       const test_redis_reply *theirs) {
  if (test_redis_command_is(command, "SORT") || test_redis_command_is(command, "SORT_RO"))
    return test_redis_command_has(command, "alpha") && equal_up_to_nuls(ours, theirs);
  if (!test_redis_command_is(command, "EXEC") || ours->kind != TEST_REDIS_LIST || theirs->kind != TEST_REDIS_LIST)
    return false;
  bool all = ours->count == theirs->count;
  for (size_t i = 0; i < ours->count && all; i++) {
    const test_redis_reply *a = ours->items[i], *b = theirs->items[i];
    all = test_redis_reply_equal(a, b) || equal_up_to_nuls(a, b);
  }
  return all;
}

/* The table of LCS takes four bytes for each pair of bytes of its two strings. */
static bool lacks_memory(const test_redis_command *command, const test_redis_reply *ours,
                         const test_redis_reply *theirs) {
  static const char message[] = "ERR Insufficient memory";
  return test_redis_command_is(command, "LCS") && ours->kind == TEST_REDIS_ERROR && theirs->kind != TEST_REDIS_ERROR &&
         strncmp(ours->bytes, message, sizeof message - 1) == 0;
}

/* Commands of sorted sets, alone or in an EXEC. */
static bool lacks_sign(const test_redis_command *command, const test_redis_reply *ours,
                       const test_redis_reply *theirs) {
  bool scored = test_redis_command_is(command, "EXEC") || strncasecmp(command->words[0], "z", 1) == 0 ||
                strncasecmp(command->words[0], "bz", 2) == 0;
  return scored && test_redis_reply_equal_scores(ours, theirs);
}

/* A database that is no number is a bucket of that name. */
static bool names_bucket(const test_redis_command *command, const test_redis_reply *theirs) {
  static const char *const names[] = {"SELECT", "MOVE", "SWAPDB", "COPY"};
  static const char *const messages[] = {"ERR value is not an integer or out of range", "ERR invalid DB index",
                                         "ERR invalid first DB index", "ERR invalid second DB index"};
  bool takes_database = false, refused = false;
  for (size_t i = 0; i < 4; i++) {
    takes_database = takes_database || test_redis_command_is(command, names[i]);
    refused = refused || (theirs->kind == TEST_REDIS_ERROR && strcmp(theirs->bytes, messages[i]) == 0);
  }
  return takes_database && refused;
}

test_redis_rule test_redis_difference(const test_redis_command *command, const test_redis_reply *ours,
                                      const test_redis_reply *theirs, test_redis_circumstances circumstances) {
  bool is_exec = test_redis_command_is(command, "EXEC");
  if (rolls_back(command, ours, theirs)) return TEST_REDIS_EXEC_ROLLS_BACK;
  if (circumstances.first_key_is_set && sorts_nothing(command, ours, theirs)) return TEST_REDIS_SORT_NOSORT_OF_A_SET;
  if (names_bucket(command, theirs)) return TEST_REDIS_NAMED_BUCKET;
  if (is_exec && circumstances.watched_absent_again && theirs->kind == TEST_REDIS_NIL)
    return TEST_REDIS_WATCH_ABSENT_AGAIN;
  if (lacks_memory(command, ours, theirs)) return TEST_REDIS_LCS_MEMORY;
  if (sorts_nuls(command, ours, theirs)) return TEST_REDIS_SORT_ALPHA_OF_NULS;
  if (lacks_sign(command, ours, theirs)) return TEST_REDIS_NEGATIVE_ZERO;
  return TEST_REDIS_NO_RULE;
}
