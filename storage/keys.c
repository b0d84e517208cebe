/* keys.c - building order-preserving keys. */
#include "storage/keys.h"

#include <assert.h>

#define HASH_SIZE 16

static uint8_t *take(med_key *key, size_t size) {
  assert(key->len + size <= MED_KEY_SIZE_MAX);
  uint8_t *at = key->bytes + key->len;
  key->len = (uint16_t)(key->len + size);
  return at;
}

void med_key_add_u8(med_key *key, uint8_t value) { *take(key, 1) = value; }
void med_key_add_u16(med_key *key, uint16_t value) { med_put_u16(take(key, 2), value); }
void med_key_add_u32(med_key *key, uint32_t value) { med_put_u32(take(key, 4), value); }
void med_key_add_u64(med_key *key, uint64_t value) { med_put_u64(take(key, 8), value); }
void med_key_add_i64(med_key *key, int64_t value) { med_put_u64(take(key, 8), (uint64_t)value ^ ((uint64_t)1 << 63)); }

uint64_t med_key_real_bits(double value) {
  if (value != value) return UINT64_MAX; /* only a damaged record holds it; it sorts last */
  if (value == 0) value = 0;             /* -0 equals 0 */
  uint64_t bits;
  memcpy(&bits, &value, sizeof bits);
  return bits >> 63 ? ~bits : bits | ((uint64_t)1 << 63);
}

double med_key_real_from_bits(uint64_t bits) {
  bits = bits >> 63 ? bits & ~((uint64_t)1 << 63) : ~bits;
  double value;
  memcpy(&value, &bits, sizeof value);
  return value;
}

void med_key_add_real(med_key *key, double value) { med_key_add_u64(key, med_key_real_bits(value)); }

bool med_key_add_bytes(med_key *key, med_slice part, size_t room) {
  assert(room >= 48);
  if (part.len < room) { /* a cut part takes all of its room: a whole one never looks like it */
    if (part.len > 0) memcpy(take(key, part.len), part.bytes, part.len);
    return true;
  }
  size_t prefix_len = room - HASH_SIZE;
  memcpy(take(key, prefix_len), part.bytes, prefix_len);
  med_hash128(part.bytes, part.len, take(key, HASH_SIZE));
  return false;
}

/* 00 becomes 00 FF and the end is 00 00, of which the second byte keeps "ends here" below every escaped 00. */
static size_t escaped_len(med_slice part) {
  size_t len = part.len + 2;
  const uint8_t *bytes = part.bytes;
  for (size_t i = 0; i < part.len; i++) len += bytes[i] == 0;
  return len;
}

static void add_escaped_bytes(med_key *key, const uint8_t *bytes, size_t len) {
  for (size_t i = 0; i < len; i++) {
    *take(key, 1) = bytes[i];
    if (bytes[i] == 0) *take(key, 1) = 0xFF;
  }
}

bool med_key_add_escaped(med_key *key, med_slice part, size_t room) {
  assert(room >= 48);
  const uint8_t *bytes = part.bytes;
  if (escaped_len(part) <= room) {
    add_escaped_bytes(key, bytes, part.len);
    med_put_u16(take(key, 2), 0);
    return true;
  }
  /* As many escaped bytes as leave room for the mark, the hash and the end. 00 01 lies above the end and below any
   * escaped 00, so a cut part sorts behind the shorter part that equals its prefix. */
  size_t budget = room - HASH_SIZE - 4;
  size_t used = 0, count = 0;
  while (count < part.len) {
    size_t cost = bytes[count] == 0 ? 2 : 1;
    if (used + cost > budget) break;
    used += cost;
    count++;
  }
  add_escaped_bytes(key, bytes, count);
  med_put_u16(take(key, 2), 1);
  med_hash128(part.bytes, part.len, take(key, HASH_SIZE));
  med_put_u16(take(key, 2), 0);
  return false;
}

bool med_key_after_prefix(med_key *key, med_slice prefix) {
  assert(prefix.len <= MED_KEY_SIZE_MAX);
  const uint8_t *bytes = prefix.bytes;
  size_t len = prefix.len;
  while (len > 0 && bytes[len - 1] == 0xFF) len--;
  if (len == 0) return false;
  memmove(key->bytes, bytes, len);
  key->bytes[len - 1]++;
  key->len = (uint16_t)len;
  return true;
}
