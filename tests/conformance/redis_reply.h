/* redis_reply.h - one reply of a Redis command, whoever gave it: Medley, a real server, or an expectation in a file.
 *
 * A tree in malloc'ed memory; given back with test_redis_reply_free, which accepts NULL. Allocation failures end the
 * program, as everywhere in these runners. */
#ifndef TEST_REDIS_REPLY_H
#define TEST_REDIS_REPLY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "engine/medley.h"

typedef enum test_redis_kind {
  TEST_REDIS_NIL = 0,
  TEST_REDIS_INTEGER,
  TEST_REDIS_BULK,
  TEST_REDIS_STATUS,
  TEST_REDIS_ERROR,
  TEST_REDIS_LIST
} test_redis_kind;

typedef struct test_redis_reply {
  test_redis_kind kind;
  int64_t integer;
  char *bytes; /* BULK, STATUS, ERROR: len bytes and a NUL */
  size_t len;
  struct test_redis_reply **items; /* LIST */
  size_t count;
} test_redis_reply;

/* Memory or the end of the program. */
void *test_redis_reply_must(void *memory);

test_redis_reply *test_redis_reply_new(test_redis_kind kind);
test_redis_reply *test_redis_reply_text(test_redis_kind kind, const char *bytes, size_t len);
void test_redis_reply_append(test_redis_reply *list, test_redis_reply *item); /* takes the item */
void test_redis_reply_free(test_redis_reply *reply);

/* Runs words on the session; a failure is a reply of kind ERROR with its message. Maps become flat lists, truth values 0
 * and 1, reals bulk texts: what a client of Redis's second protocol sees. */
test_redis_reply *test_redis_reply_run(medley_session *session, size_t count, const char *const *words,
                                       const size_t *lens);
test_redis_reply *test_redis_reply_of_value(const medley_value *value);

/* Kinds and bytes alike. An error of Medley's largest message size may be a cut one: then its beginning counts. */
bool test_redis_reply_equal(const test_redis_reply *left, const test_redis_reply *right);
/* The same, but 0 and -0 are equal: rule negative-zero of redis/differences.md. */
bool test_redis_reply_equal_scores(const test_redis_reply *left, const test_redis_reply *right);
/* An order of all replies: for sorting what comes in no particular order. */
int test_redis_reply_order(const test_redis_reply *left, const test_redis_reply *right);
/* Sorts the items of a list in groups of width (1: members, 2: fields with values); other replies stay as they are. */
void test_redis_reply_sort(test_redis_reply *reply, size_t width);
/* Whether one of a list's items equals it. */
bool test_redis_reply_holds(const test_redis_reply *list, const test_redis_reply *item);

/* In the manner of redis-cli, bytes escaped, long texts shortened. */
void test_redis_reply_print(FILE *stream, const test_redis_reply *reply);
void test_redis_reply_print_words(FILE *stream, size_t count, const char *const *words, const size_t *lens);

#endif
