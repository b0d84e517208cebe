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

/* One number at a bit of the string, byte by byte: near the end, and where bytes are in another order. */
static uint64_t get_slowly(const uint8_t *from, size_t bit, unsigned width) {
  uint64_t number = 0;
  for (size_t got = 0; got < width; got += 8 - (bit + got) % 8) {
    size_t at = bit + got;
    number |= (uint64_t)(from[at / 8] >> at % 8) << got;
  }
  return number;
}

static void get_string(const uint8_t *from, size_t count, unsigned width, uint64_t *numbers) {
  size_t size = (count * width + 7) / 8, i = 0, bit = 0;
  uint64_t mask = width == 64 ? UINT64_MAX : ((uint64_t)1 << width) - 1;
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
  for (; i < count && bit / 8 + 9 <= size; i++, bit += width) {
    uint64_t number, ninth = from[bit / 8 + 8]; /* its bits belong here if the number does not begin at a byte */
    memcpy(&number, from + bit / 8, sizeof number);
    unsigned shift = bit % 8;
    number >>= shift;
    if (shift > 0) number |= ninth << (64 - shift);
    numbers[i] = number & mask;
  }
#endif
  for (; i < count; i++, bit += width) numbers[i] = get_slowly(from, bit, width) & mask;
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

/* 32 bytes of a word of all lanes, and of the next word, if the numbers reach into it. Written out, because compilers do not
 * unroll a loop of four by themselves. */
#define GET_PART(type, at)                                 \
  do {                                                     \
    type part;                                             \
    memcpy(&part, word + (at), sizeof part);               \
    part = ((part >> shift) & mask) + base;                \
    memcpy((uint8_t *)numbers + (at), &part, sizeof part); \
  } while (0)
#define GET_SPILLING_PART(type, at)                                      \
  do {                                                                   \
    type part, rest;                                                     \
    memcpy(&part, word + (at), sizeof part);                             \
    memcpy(&rest, word + BLOCK + (at), sizeof rest);                     \
    part = (((part >> shift) | (rest << (bits - shift))) & mask) + base; \
    memcpy((uint8_t *)numbers + (at), &part, sizeof part);               \
  } while (0)
#define GET_ROWS(type, lanes)                               \
  do {                                                      \
    size_t bit = 0;                                         \
    for (size_t row = 0; row < rows; row++, bit += width) { \
      const uint8_t *word = from + bit / bits * BLOCK;      \
      unsigned shift = (unsigned)(bit % bits);              \
      if (shift + width <= bits) {                          \
        GET_PART(type, 0);                                  \
        GET_PART(type, 32);                                 \
        GET_PART(type, 64);                                 \
        GET_PART(type, 96);                                 \
      } else {                                              \
        GET_SPILLING_PART(type, 0);                         \
        GET_SPILLING_PART(type, 32);                        \
        GET_SPILLING_PART(type, 64);                        \
        GET_SPILLING_PART(type, 96);                        \
      }                                                     \
      numbers += (lanes);                                   \
    }                                                       \
  } while (0)

static inline __attribute__((always_inline)) void get_lanes_32(const uint8_t *from, size_t rows, unsigned width,
                                                               uint32_t *numbers) {
  const unsigned bits = 32;
  const uint32_t mask = (uint32_t)(((uint64_t)1 << width) - 1), base = 0;
  GET_ROWS(numbers_32, LANES_32);
}

static inline __attribute__((always_inline)) void get_lanes_64(const uint8_t *from, size_t rows, unsigned width,
                                                               uint64_t base, uint64_t *numbers) {
  const unsigned bits = 64;
  const uint64_t mask = width == 64 ? UINT64_MAX : ((uint64_t)1 << width) - 1;
  GET_ROWS(numbers_64, LANES_64);
}

/* A loop of fixed length without overlap is one that compilers make vector instructions of. */
static inline __attribute__((always_inline)) void widen(const uint32_t *restrict narrow, size_t rows, uint64_t base,
                                                        uint64_t *restrict numbers) {
  for (size_t row = 0; row < rows; row++, narrow += LANES_32, numbers += LANES_32) {
    for (size_t lane = 0; lane < LANES_32; lane++) numbers[lane] = base + narrow[lane];
  }
}

static inline __attribute__((always_inline)) void get_lanes(const uint8_t *from, size_t count, unsigned width,
                                                            uint64_t base, uint64_t *numbers) {
  if (width > 32) {
    get_lanes_64(from, (count + LANES_64 - 1) / LANES_64, width, base, numbers);
  } else {
    uint32_t narrow[MED_BIT_PACK_COUNT_MAX];
    size_t rows = (count + LANES_32 - 1) / LANES_32;
    get_lanes_32(from, rows, width, narrow);
    widen(narrow, rows, base, numbers);
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

/* Words of 32 bits, which memcpy reads wherever they stand. */
static uint64_t get_lane_32(const uint8_t *from, unsigned width, size_t index) {
  size_t bit = index / LANES_32 * width;
  const uint8_t *word = from + bit / 32 * BLOCK + index % LANES_32 * sizeof(uint32_t);
  uint32_t part, rest = 0;
  memcpy(&part, word, sizeof part);
  if (bit % 32 + width > 32) memcpy(&rest, word + BLOCK, sizeof rest);
  return ((uint64_t)rest << 32 | part) >> bit % 32 & (((uint64_t)1 << width) - 1);
}

static uint64_t get_lane_64(const uint8_t *from, unsigned width, size_t index) {
  size_t bit = index / LANES_64 * width;
  const uint8_t *word = from + bit / 64 * BLOCK + index % LANES_64 * sizeof(uint64_t);
  uint64_t part, rest = 0, mask = width == 64 ? UINT64_MAX : ((uint64_t)1 << width) - 1;
  memcpy(&part, word, sizeof part);
  if (bit % 64 + width <= 64) return part >> bit % 64 & mask;
  memcpy(&rest, word + BLOCK, sizeof rest);
  return (part >> bit % 64 | rest << (64 - bit % 64)) & mask;
}

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
    for (size_t i = 0; i < MED_BIT_PACK_COUNT_MAX; i++) numbers[i] = base; /* a fixed number is faster than fewer */
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

uint64_t med_bit_pack_get_one(const uint8_t *from, size_t count, unsigned width, size_t index) {
  assert(count <= MED_BIT_PACK_COUNT_MAX && width <= 64 && index < count);
  if (width == 0) return 0;
  if (has_lanes(count)) return width <= 32 ? get_lane_32(from, width, index) : get_lane_64(from, width, index);
  uint64_t mask = width == 64 ? UINT64_MAX : ((uint64_t)1 << width) - 1;
  return get_slowly(from, index * width, width) & mask;
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
