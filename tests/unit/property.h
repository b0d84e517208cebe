/* property.h - seeded random values for property tests, and the main function of a unit test that has one suite. */
#ifndef PROPERTY_H
#define PROPERTY_H

#include <check.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

/* splitmix64 */
static inline uint64_t property_random(uint64_t *state) {
  uint64_t z = *state += 0x9E3779B97F4A7C15u;
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
  return z ^ (z >> 31);
}

/* Below end; 0 if end is 0. */
static inline uint64_t property_below(uint64_t *state, uint64_t end) {
  return end == 0 ? 0 : property_random(state) % end;
}

/* A number of any magnitude, and often one beside a power of two. */
static inline uint64_t property_number(uint64_t *state) {
  uint64_t bits = property_below(state, 65);
  uint64_t number = bits == 0 ? 0 : property_random(state) >> (64 - bits);
  if (property_below(state, 3) == 0 && bits < 64) number = ((uint64_t)1 << bits) - 1 + property_below(state, 3);
  return number;
}

static inline int property_sign(int order) { return order < 0 ? -1 : order > 0; }

/* MEDLEY_TEST_SEED, or a new one; printed with the name. */
static inline uint64_t property_seed(const char *name) {
  const char *given = getenv("MEDLEY_TEST_SEED");
  uint64_t seed = given != NULL ? strtoull(given, NULL, 0) : (uint64_t)time(NULL) * 1000003u + (uint64_t)getpid();
  printf("%s: MEDLEY_TEST_SEED=%llu\n", name, (unsigned long long)seed);
  fflush(stdout);
  return seed;
}

/* Runs the tests, each between `setup` and `teardown` (NULL: nothing), prints "N passed, N failed". */
#define PROPERTY_MAIN_BETWEEN(name, setup, teardown, ...)                          \
  int main(void) {                                                                 \
    const TTest *const tests[] = {__VA_ARGS__};                                    \
    Suite *suite = suite_create(name);                                             \
    TCase *tcase = tcase_create(name);                                             \
    tcase_set_timeout(tcase, 0);                                                   \
    tcase_add_checked_fixture(tcase, setup, teardown);                             \
    for (size_t i = 0; i < sizeof tests / sizeof *tests; i++) {                    \
      tcase_add_test(tcase, tests[i]);                                             \
    }                                                                              \
    suite_add_tcase(suite, tcase);                                                 \
    SRunner *runner = srunner_create(suite);                                       \
    srunner_run_all(runner, CK_ENV);                                               \
    int failed = srunner_ntests_failed(runner);                                    \
    printf("%d passed, %d failed\n", srunner_ntests_run(runner) - failed, failed); \
    srunner_free(runner);                                                          \
    return failed != 0;                                                            \
  }

#define PROPERTY_MAIN(name, ...) PROPERTY_MAIN_BETWEEN(name, NULL, NULL, __VA_ARGS__)

#endif
