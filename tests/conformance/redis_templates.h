/* redis_templates.h - the commands that redis_random.c draws from; its head says how a template reads. */
#ifndef TEST_REDIS_TEMPLATES_H
#define TEST_REDIS_TEMPLATES_H

#include "tests/conformance/redis_random.h"

typedef struct test_redis_template {
  char type;       /* of the keys: s string, h hash, l list, t set, z sorted set, y one of equal scores, a any */
  unsigned weight; /* how often, beside the others */
  test_redis_way way;
  bool wild; /* may well fail, empty a database or depend on others: never inside MULTI */
  const char *text;
} test_redis_template;

extern const test_redis_template test_redis_templates[];
extern const size_t test_redis_template_count;

#endif
