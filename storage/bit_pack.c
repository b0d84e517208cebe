/* bit_pack.c - packing and unpacking, with the compilers' vectors.
 *
 * Vectors are those of gcc and clang (vector_size), not a processor's: where it has narrower ones they are split. On x86-64 the same
 * code is compiled a second time for AVX2, which is asked for when it runs. */
#include "storage/bit_pack.h"

#include <assert.h>
#include <stdbool.h>
#include <string.h>

enum { BLOCK = 128, LANES_32 = 32, LANES_64 = 16 }; /* a word of every lane is 128 bytes */

typedef uint32_t numbers_32 __attribute__((vector_size(32)));
typedef uint64_t numbers_64 __attribute__((vector_size(32)));

static bool has_lanes(size_t count) { return count >= MED_BIT_PACK_LANES_MIN; }

size_t med_bit_pack_size(size_t count, unsigned width) {
  if (!has_lanes(count)) return (count * width + 7) / 8;
  size_t lanes = width <= 32 ? LANES_32 : LANES_64, bits = width <= 32 ? 32 : 64;
  size_t rows = (count + lanes - 1) / lanes;
  return (rows * width + bits - 1) / bits * BLOCK;
}

/* ---- One string of bits ---- */
static void put_string(const uint64_t *numbers, size_t count, unsigned width, uint8_t *to) {
  __extension__ unsigned __int128 held = 0;
  unsigned held_bits = 0;
  for (size_t i = 0; i < count; i++) {
    __extension__ unsigned __int128 number = numbers[i];
    held |= number << held_bits;
    for (held_bits += width; held_bits >= 8; held_bits -= 8, held >>= 8) *to++ = (uint8_t)held;
  }
  if (held_bits > 0) *to = (uint8_t)held;
}

static void get_string(const uint8_t *from, size_t count, unsigned width, uint64_t *numbers) {
  __extension__ unsigned __int128 held = 0;
  unsigned held_bits = 0;
  uint64_t mask = width == 64 ? UINT64_MAX : ((uint64_t)1 << width) - 1;
  for (size_t i = 0; i < count; i++) {
    for (; held_bits < width; held_bits += 8) {
      __extension__ unsigned __int128 byte = *from++;
      held |= byte << held_bits;
    }
    numbers[i] = (uint64_t)held & mask;
    held >>= width;
    held_bits -= width;
  }
}

/* ---- Lanes ---- */
static void put_lanes_32(const uint64_t *numbers, size_t count, unsigned width, uint8_t *to) {
  uint32_t words[MED_BIT_PACK_COUNT_MAX] = {0};
  for (size_t i = 0; i < count; i++) {
    size_t bit = i / LANES_32 * width, at = bit / 32 * LANES_32 + i % LANES_32;
    words[at] |= (uint32_t)(numbers[i] << bit % 32);
    if (bit % 32 + width > 32) words[at + LANES_32] |= (uint32_t)(numbers[i] >> (32 - bit % 32));
  }
  memcpy(to, words, med_bit_pack_size(count, width));
}

static void put_lanes_64(const uint64_t *numbers, size_t count, unsigned width, uint8_t *to) {
  uint64_t words[MED_BIT_PACK_COUNT_MAX] = {0};
  for (size_t i = 0; i < count; i++) {
    size_t bit = i / LANES_64 * width, at = bit / 64 * LANES_64 + i % LANES_64;
    words[at] |= numbers[i] << bit % 64;
    if (bit % 64 + width > 64) words[at + LANES_64] |= numbers[i] >> (64 - bit % 64);
  }
  memcpy(to, words, med_bit_pack_size(count, width));
}

static inline __attribute__((always_inline)) void get_lanes_32(const uint8_t *from, size_t rows, unsigned width,
                                                               uint32_t *numbers) {
  const uint32_t mask = (uint32_t)(((uint64_t)1 << width) - 1);
  size_t bit = 0;
  for (size_t row = 0; row < rows; row++, bit += width, numbers += LANES_32) {
    const uint8_t *word = from + bit / 32 * BLOCK;
    unsigned shift = bit % 32;
    bool spills = shift + width > 32;
    for (size_t lane = 0; lane < BLOCK; lane += sizeof(numbers_32)) {
      numbers_32 part;
      memcpy(&part, word + lane, sizeof part);
      part >>= shift;
      if (spills) {
        numbers_32 rest;
        memcpy(&rest, word + BLOCK + lane, sizeof rest);
        part |= rest << (32 - shift);
      }
      part &= mask;
      memcpy((uint8_t *)numbers + lane, &part, sizeof part);
    }
  }
}

static inline __attribute__((always_inline)) void get_lanes_64(const uint8_t *from, size_t rows, unsigned width,
                                                               uint64_t base, uint64_t *numbers) {
  const uint64_t mask = width == 64 ? UINT64_MAX : ((uint64_t)1 << width) - 1;
  size_t bit = 0;
  for (size_t row = 0; row < rows; row++, bit += width, numbers += LANES_64) {
    const uint8_t *word = from + bit / 64 * BLOCK;
    unsigned shift = bit % 64;
    bool spills = shift + width > 64;
    for (size_t lane = 0; lane < BLOCK; lane += sizeof(numbers_64)) {
      numbers_64 part;
      memcpy(&part, word + lane, sizeof part);
      part >>= shift;
      if (spills) {
        numbers_64 rest;
        memcpy(&rest, word + BLOCK + lane, sizeof rest);
        part |= rest << (64 - shift);
      }
      part = (part & mask) + base;
      memcpy((uint8_t *)numbers + lane, &part, sizeof part);
    }
  }
}

static inline __attribute__((always_inline)) void widen(const uint32_t *narrow, uint64_t base, uint64_t *numbers) {
  for (size_t i = 0; i < MED_BIT_PACK_COUNT_MAX; i++) numbers[i] = base + narrow[i];
}

static inline __attribute__((always_inline)) void get_lanes(const uint8_t *from, size_t count, unsigned width,
                                                            uint64_t base, uint64_t *numbers) {
  if (width > 32) {
    get_lanes_64(from, (count + LANES_64 - 1) / LANES_64, width, base, numbers);
  } else {
    uint32_t narrow[MED_BIT_PACK_COUNT_MAX];
    size_t rows = (count + LANES_32 - 1) / LANES_32;
    get_lanes_32(from, rows, width, narrow);
    memset(narrow + rows * LANES_32, 0, (MED_BIT_PACK_COUNT_MAX - rows * LANES_32) * sizeof *narrow);
    widen(narrow, base, numbers);
  }
}

#if defined(__x86_64__) && !defined(MED_VECTORS_PLAIN)
__attribute__((target("avx2"))) static void get_lanes_avx2(const uint8_t *from, size_t count, unsigned width,
                                                           uint64_t base, uint64_t *numbers) {
  get_lanes(from, count, width, base, numbers);
}
__attribute__((target("avx2"))) static void get_lanes_32_avx2(const uint8_t *from, size_t rows, unsigned width,
                                                              uint32_t *numbers) {
  get_lanes_32(from, rows, width, numbers);
}
#endif

/* ---- Either ---- */
void med_bit_pack_put(const uint64_t *numbers, size_t count, unsigned width, uint8_t *to) {
  assert(count <= MED_BIT_PACK_COUNT_MAX && width <= 64);
  if (width == 0 || count == 0) return;
  if (!has_lanes(count)) {
    put_string(numbers, count, width, to);
  } else if (width <= 32) {
    put_lanes_32(numbers, count, width, to);
  } else {
    put_lanes_64(numbers, count, width, to);
  }
}

void med_bit_pack_get(const uint8_t *from, size_t count, unsigned width, uint64_t base, uint64_t *numbers) {
  assert(count <= MED_BIT_PACK_COUNT_MAX && width <= 64);
  if (width == 0) {
    for (size_t i = 0; i < count; i++) numbers[i] = base;
    return;
  }
  if (!has_lanes(count)) {
    get_string(from, count, width, numbers);
    for (size_t i = 0; i < count; i++) numbers[i] += base;
    return;
  }
#if defined(__x86_64__) && !defined(MED_VECTORS_PLAIN)
  if (__builtin_cpu_supports("avx2")) {
    get_lanes_avx2(from, count, width, base, numbers);
    return;
  }
#endif
  get_lanes(from, count, width, base, numbers);
}

void med_bit_pack_get_u32(const uint8_t *from, size_t count, unsigned width, uint32_t *numbers) {
  assert(count <= MED_BIT_PACK_COUNT_MAX && width <= 32);
  size_t rows = (count + LANES_32 - 1) / LANES_32;
  if (width == 0) {
    memset(numbers, 0, count * sizeof *numbers);
    return;
  }
  if (!has_lanes(count)) {
    uint64_t wide[MED_BIT_PACK_LANES_MIN];
    get_string(from, count, width, wide);
    for (size_t i = 0; i < count; i++) numbers[i] = (uint32_t)wide[i];
    return;
  }
#if defined(__x86_64__) && !defined(MED_VECTORS_PLAIN)
  if (__builtin_cpu_supports("avx2")) {
    get_lanes_32_avx2(from, rows, width, numbers);
    return;
  }
#endif
  get_lanes_32(from, rows, width, numbers);
}
