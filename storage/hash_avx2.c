/* hash_avx2.c - xxhash.h compiled a second time, for AVX2. */
#include "storage/hash_avx2.h"

#ifdef MED_HASH_HAS_AVX2
#include <immintrin.h>

/* Includes what xxhash.h does, for its functions alone are to be AVX2's. */
#include <assert.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#ifdef __clang__
#pragma clang attribute push(__attribute__((target("avx2"))), apply_to = function)
#define XXH_VECTOR 2 /* XXH_AVX2, which gcc's pragma makes it see by itself */
#else
#pragma GCC push_options
#pragma GCC target("avx2")
#endif
#define XXH_INLINE_ALL
#include <xxhash.h>

uint64_t med_hash64_avx2(const void *bytes, size_t len, uint64_t seed) {
  return XXH3_64bits_withSeed(bytes, len, seed);
}

#ifdef __clang__
#pragma clang attribute pop
#else
#pragma GCC pop_options
#endif
#endif
