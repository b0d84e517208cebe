/* redis_random.h - random Redis commands: every command of the groups that Medley has, on few keys of colliding types, with
 * good and bad arguments. One seed always gives the same sequence. */
#ifndef TEST_REDIS_RANDOM_H
#define TEST_REDIS_RANDOM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TEST_REDIS_WORD_COUNT_MAX 64
#define TEST_REDIS_BYTES_MAX 65536

/* How replies are compared. */
typedef enum test_redis_way {
  TEST_REDIS_EXACT = 0,
  TEST_REDIS_ANY_ORDER,       /* a list in no particular order */
  TEST_REDIS_PAIRS_ANY_ORDER, /* fields with values in no particular order */
  TEST_REDIS_ABOUT,           /* a time that passes between the two runs */
  TEST_REDIS_KEY_COUNT,       /* may count expired keys that nobody has met yet */
  TEST_REDIS_RANDOM_KEY,      /* any key */
  TEST_REDIS_RANDOM_MEMBERS,  /* any of the key's members */
  TEST_REDIS_RANDOM_FIELDS,
  TEST_REDIS_RANDOM_SCORED,
  TEST_REDIS_POPPED_MEMBERS, /* any members, which are gone then */
  TEST_REDIS_SCAN,           /* a whole iteration gives each element at least once */
  TEST_REDIS_SCAN_PAIRS
} test_redis_way;

typedef struct test_redis_command {
  size_t count;
  const char *words[TEST_REDIS_WORD_COUNT_MAX];
  size_t lens[TEST_REDIS_WORD_COUNT_MAX];
  test_redis_way way;
  char bytes[TEST_REDIS_BYTES_MAX]; /* of the words */
  size_t used;
} test_redis_command;

typedef struct test_redis_random {
  uint64_t state;
} test_redis_random;

void test_redis_random_init(test_redis_random *random, uint64_t seed);
/* From 0 up to, not including, bound. */
uint64_t test_redis_random_below(test_redis_random *random, uint64_t bound);
bool test_redis_random_chance(test_redis_random *random, unsigned percent);

/* The next command. tame: one that is likely to succeed and whose reply is not random, for use inside MULTI. */
void test_redis_random_command(test_redis_random *random, bool tame, test_redis_command *command);

/* Building commands by hand. */
void test_redis_command_clear(test_redis_command *command);
void test_redis_command_add(test_redis_command *command, const char *bytes, size_t len);
void test_redis_command_add_text(test_redis_command *command, const char *text);

#endif
