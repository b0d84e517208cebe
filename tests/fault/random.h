/* random.h - a small seeded generator (SplitMix64, after Steele, Lea and Flood 2014), so that a run can be repeated from
 * its printed seed on any machine. */
#ifndef FAULT_RANDOM_H
#define FAULT_RANDOM_H

#include <stdbool.h>
#include <stdint.h>

typedef struct fault_random {
  uint64_t state;
} fault_random;

static inline uint64_t fault_random_next(fault_random *random) {
  uint64_t z = (random->state += 0x9e3779b97f4a7c15u);
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return z ^ (z >> 31);
}

/* A generator of its own for each combination of seed and two numbers. */
static inline fault_random fault_random_of(uint64_t seed, uint64_t first, uint64_t second) {
  fault_random random = {seed * 0x2545f4914f6cdd1du + first};
  random.state = fault_random_next(&random) + second;
  random.state = fault_random_next(&random);
  return random;
}

/* 0 <= answer < bound; bound > 0. */
static inline uint32_t fault_random_below(fault_random *random, uint32_t bound) {
  return (uint32_t)(((fault_random_next(random) >> 32) * bound) >> 32);
}

static inline bool fault_random_percent(fault_random *random, uint32_t percent) {
  return fault_random_below(random, 100) < percent;
}

#endif
