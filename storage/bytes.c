/* bytes.c - the owner of xxhash.h. */
#include "storage/bytes.h"

#include "storage/hash_avx2.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#define LONG_FROM 241 /* XXH3 has no use for vectors below */

uint64_t med_hash64(const void *bytes, size_t len, uint64_t seed) {
#ifdef MED_HASH_HAS_AVX2
  if (len >= LONG_FROM && __builtin_cpu_supports("avx2")) return med_hash64_avx2(bytes, len, seed);
#endif
  return XXH3_64bits_withSeed(bytes, len, seed);
}

void med_hash128(const void *bytes, size_t len, uint8_t hash[16]) {
  XXH128_canonical_t canonical;
  XXH128_canonicalFromHash(&canonical, XXH3_128bits(bytes, len));
  memcpy(hash, canonical.digest, 16);
}
