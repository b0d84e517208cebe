/* redis_differences.h - where Medley means to answer otherwise than Redis; redis/differences.md gives each reason.
 *
 * A rule is named here and there alike. Whatever no rule covers is a failure. */
#ifndef TEST_REDIS_DIFFERENCES_H
#define TEST_REDIS_DIFFERENCES_H

#include "tests/conformance/redis_random.h"
#include "tests/conformance/redis_reply.h"

typedef enum test_redis_rule {
  TEST_REDIS_NO_RULE = 0,
  TEST_REDIS_EXEC_ROLLS_BACK, /* both databases must be made alike again */
  TEST_REDIS_SORT_NOSORT_OF_A_SET,
  TEST_REDIS_NAMED_BUCKET,       /* both databases must be made alike again */
  TEST_REDIS_WATCH_ABSENT_AGAIN, /* both databases must be made alike again */
  TEST_REDIS_LCS_MEMORY,
  TEST_REDIS_NEGATIVE_ZERO,
  TEST_REDIS_SORT_ALPHA_OF_NULS
} test_redis_rule;

#define TEST_REDIS_RULE_COUNT 8
const char *test_redis_rule_name(test_redis_rule rule);

/* What a rule may want to know besides the replies. */
typedef struct test_redis_circumstances {
  bool first_key_is_set;
  bool watched_absent_again; /* a key was absent when it was watched, and is absent now */
} test_redis_circumstances;

/* The rule that allows two different replies to a command. */
test_redis_rule test_redis_difference(const test_redis_command *command, const test_redis_reply *ours,
                                      const test_redis_reply *theirs, test_redis_circumstances circumstances);

/* Without regard to case. */
bool test_redis_command_is(const test_redis_command *command, const char *name);
bool test_redis_command_has(const test_redis_command *command, const char *word);

#endif
