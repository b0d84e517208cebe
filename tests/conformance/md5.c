/* md5.c - MD5 in the shape of RFC 1321: 64 steps a block, their constants computed from the sine as it defines them. */
#include "tests/conformance/md5.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* Left rotations of the four rounds, repeated four times in each. */
static const unsigned rotations[4][4] = {{7, 12, 17, 22}, {5, 9, 14, 20}, {4, 11, 16, 23}, {6, 10, 15, 21}};

/* The integer part of 2^32 times |sin(step + 1)|. */
static void fill_step_constants(uint32_t table[64]) {
  for (unsigned step = 0; step < 64; step++) table[step] = (uint32_t)(4294967296.0 * fabs(sin((double)step + 1.0)));
}

static uint32_t rotate_left(uint32_t word, unsigned bits) { return (word << bits) | (word >> (32 - bits)); }

static uint32_t mix(unsigned round, uint32_t b, uint32_t c, uint32_t d) {
  switch (round) {
    case 0: return (b & c) | (~b & d);
    case 1: return (b & d) | (c & ~d);
    case 2: return b ^ c ^ d;
    default: return c ^ (b | ~d);
  }
}

/* Which word of the block each step takes. */
static unsigned word_index(unsigned round, unsigned step) {
  static const unsigned factors[4] = {1, 5, 3, 7}, offsets[4] = {0, 1, 5, 0};
  return (factors[round] * step + offsets[round]) % 16;
}

static void digest_block(test_md5 *md5) {
  uint32_t words[16];
  for (unsigned i = 0; i < 16; i++) {
    const uint8_t *bytes = md5->block + 4 * i;
    words[i] = (uint32_t)bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 | (uint32_t)bytes[3] << 24;
  }
  static uint32_t constants[64];
  if (constants[0] == 0) fill_step_constants(constants);
  uint32_t a = md5->state[0], b = md5->state[1], c = md5->state[2], d = md5->state[3];
  for (unsigned step = 0; step < 64; step++) {
    unsigned round = step / 16;
    uint32_t sum = a + mix(round, b, c, d) + words[word_index(round, step)] + constants[step];
    a = d, d = c, c = b;
    b += rotate_left(sum, rotations[round][step % 4]);
  }
  md5->state[0] += a, md5->state[1] += b, md5->state[2] += c, md5->state[3] += d;
}

void test_md5_init(test_md5 *md5) {
  memset(md5, 0, sizeof *md5);
  md5->state[0] = 0x67452301u, md5->state[1] = 0xefcdab89u, md5->state[2] = 0x98badcfeu, md5->state[3] = 0x10325476u;
}

void test_md5_add(test_md5 *md5, const void *bytes, size_t len) {
  const uint8_t *from = bytes;
  while (len > 0) {
    size_t used = md5->byte_count % 64, take = 64 - used < len ? 64 - used : len;
    memcpy(md5->block + used, from, take);
    md5->byte_count += take, from += take, len -= take;
    if (md5->byte_count % 64 == 0) digest_block(md5);
  }
}

void test_md5_finish(test_md5 *md5, char hex[TEST_MD5_HEX_SIZE]) {
  static const uint8_t padding[64] = {0x80};
  uint64_t bit_count = md5->byte_count * 8;
  size_t used = md5->byte_count % 64;
  test_md5_add(md5, padding, used < 56 ? 56 - used : 120 - used);
  uint8_t length[8];
  for (unsigned i = 0; i < 8; i++) length[i] = (uint8_t)(bit_count >> (8 * i));
  test_md5_add(md5, length, sizeof length);
  for (unsigned i = 0; i < 16; i++) snprintf(hex + 2 * i, 3, "%02x", (md5->state[i / 4] >> (8 * (i % 4))) & 0xffu);
}
