/* token.c - MurmurHash3 x64 128 (Austin Appleby, public domain algorithm) as Cassandra computes it.
 *
 * The bytes are fed piece by piece, so that a key of several columns need not be joined first. */
#include "models/widecolumn/token.h"

#include <assert.h>

#define C1 0x87c37b91114253d5ull
#define C2 0x4cf5ad432745937full
#define BLOCK_SIZE 16

typedef struct hash_state {
  uint64_t h1, h2, total;
  size_t held;
  uint8_t block[BLOCK_SIZE]; /* bytes that do not fill a block yet */
} hash_state;

static uint64_t rotate(uint64_t x, unsigned by) { return (x << by) | (x >> (64 - by)); }
static uint64_t mix_first(uint64_t k) { return rotate(k * C1, 31) * C2; }
static uint64_t mix_second(uint64_t k) { return rotate(k * C2, 33) * C1; }

static uint64_t little_u64(const uint8_t *from) {
  uint64_t value = 0;
  for (unsigned i = 0; i < 8; i++) value |= (uint64_t)from[i] << (8 * i);
  return value;
}

static void add_block(hash_state *state) {
  state->h1 ^= mix_first(little_u64(state->block));
  state->h1 = (rotate(state->h1, 27) + state->h2) * 5 + 0x52dce729;
  state->h2 ^= mix_second(little_u64(state->block + 8));
  state->h2 = (rotate(state->h2, 31) + state->h1) * 5 + 0x38495ab5;
  state->held = 0;
}

static void add(hash_state *state, const void *bytes, size_t len) {
  const uint8_t *from = bytes;
  state->total += len;
  for (size_t i = 0; i < len; i++) {
    state->block[state->held++] = from[i];
    if (state->held == BLOCK_SIZE) add_block(state);
  }
}

static uint64_t finish_mix(uint64_t k) {
  k = (k ^ (k >> 33)) * 0xff51afd7ed558ccdull;
  k = (k ^ (k >> 33)) * 0xc4ceb9fe1a85ec53ull;
  return k ^ (k >> 33);
}

static int64_t finish(hash_state *state) {
  uint64_t k1 = 0, k2 = 0;
  /* A byte of 80 and more fills all bits above it with ones: that is the slip. */
  for (size_t i = 0; i < state->held; i++) {
    uint64_t byte = (uint64_t)(int64_t)(int8_t)state->block[i];
    if (i < 8)
      k1 ^= byte << (8 * i);
    else
      k2 ^= byte << (8 * (i - 8));
  }
  if (state->held > 8) state->h2 ^= mix_second(k2);
  if (state->held > 0) state->h1 ^= mix_first(k1);
  state->h1 ^= state->total;
  state->h2 ^= state->total;
  state->h1 += state->h2;
  state->h2 += state->h1;
  int64_t token = (int64_t)(finish_mix(state->h1) + finish_mix(state->h2));
  return token == INT64_MIN ? INT64_MAX : token; /* the smallest is the empty key's alone */
}

int64_t med_wide_token(med_slice partition_key) { return med_wide_token_of_values(&partition_key, 1); }

int64_t med_wide_token_of_values(const med_slice *values, size_t count) {
  hash_state state = {.total = 0};
  if (count == 1) {
    if (values[0].len == 0) return INT64_MIN;
    add(&state, values[0].bytes, values[0].len);
    return finish(&state);
  }
  for (size_t i = 0; i < count; i++) {
    uint8_t len[2];
    assert(values[i].len <= UINT16_MAX);
    med_put_u16(len, (uint16_t)values[i].len);
    add(&state, len, sizeof len);
    add(&state, values[i].bytes, values[i].len);
    add(&state, "", 1);
  }
  return finish(&state);
}
