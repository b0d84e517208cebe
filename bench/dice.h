/* dice.h - deterministic random numbers for generated data: the same seed gives the same rows on every machine.
 *
 * Integers only, so that no compiler and no libm can change a row. Each entity rolls its own dice, seeded from (seed,
 * section, entity): adding a roll in one section changes nothing in another. The mixing step is SplitMix64 (Steele,
 * Lea and Flood, Fast splittable pseudorandom number generators, 2014). */
#ifndef MED_BENCH_DICE_H
#define MED_BENCH_DICE_H

#include <stdint.h>

__extension__ typedef unsigned __int128 med_uint128;

typedef struct med_dice {
  uint64_t state;
} med_dice;

static inline uint64_t med_dice_mix(uint64_t x) {
  x += UINT64_C(0x9e3779b97f4a7c15);
  x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
  x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
  return x ^ (x >> 31);
}

static inline void med_dice_init(med_dice *dice, uint64_t seed, uint64_t section, uint64_t entity) {
  dice->state = med_dice_mix(med_dice_mix(med_dice_mix(seed) ^ section) ^ entity);
}

static inline uint64_t med_dice_roll(med_dice *dice) {
  dice->state += UINT64_C(0x9e3779b97f4a7c15);
  return med_dice_mix(dice->state);
}

/* Uniform in [0, bound); 0 if bound is 0. The bias is below bound / 2^64. */
static inline uint64_t med_dice_below(med_dice *dice, uint64_t bound) {
  return (uint64_t)(((med_uint128)med_dice_roll(dice) * bound) >> 64);
}

/* Uniform in [low, high]. */
static inline int64_t med_dice_between(med_dice *dice, int64_t low, int64_t high) {
  return low + (int64_t)med_dice_below(dice, (uint64_t)(high - low) + 1);
}

/* 1 with a chance of per_mille in 1,000. */
static inline int med_dice_chance(med_dice *dice, unsigned per_mille) { return med_dice_below(dice, 1000) < per_mille; }

/* A rank in [0, bound), low ranks far more often than high ones: bound times the cube of a uniform number. */
static inline uint64_t med_dice_skewed(med_dice *dice, uint64_t bound) {
  uint64_t u = med_dice_roll(dice) >> 43; /* 21 bits, so that its cube fits in 63 */
  return (uint64_t)(((med_uint128)(u * u * u) * bound) >> 63);
}

/* A power law with exponent 2 on [low, high]: P(x) ~ x^-2, mean about low * ln(high / low). */
static inline uint64_t med_dice_power_law(med_dice *dice, uint64_t low, uint64_t high) {
  uint64_t u = (med_dice_roll(dice) >> 32) + 1; /* 1 ... 2^32 */
  uint64_t x = (low << 32) / u;
  return x > high ? high : x;
}

#endif
