/* bytes.c - the owner of xxhash.h. */
#include "storage/bytes.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

uint64_t med_hash64(const void *bytes, size_t len, uint64_t seed) { return XXH3_64bits_withSeed(bytes, len, seed); }

void med_hash128(const void *bytes, size_t len, uint8_t hash[16]) {
  XXH128_canonical_t canonical;
  XXH128_canonicalFromHash(&canonical, XXH3_128bits(bytes, len));
  memcpy(hash, canonical.digest, 16);
}
