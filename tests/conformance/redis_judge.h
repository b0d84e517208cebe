/* redis_judge.h - runs a random command on both sides of a pair and says whether the replies agree.
 *
 * What is random on both sides is checked by its shape and against what the server holds, and then made alike. */
#ifndef TEST_REDIS_JUDGE_H
#define TEST_REDIS_JUDGE_H

#include "tests/conformance/redis_pair.h"

/* Both replies belong to the caller. *agree: whether they do, differences.md not considered. Sorts what has no order. */
void test_redis_judge_run(test_redis_pair *pair, const test_redis_command *command, test_redis_reply **ours,
                          test_redis_reply **theirs, bool *agree);

#endif
