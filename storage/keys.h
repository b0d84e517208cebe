/* keys.h - order-preserving keys: memcmp order of what is built here is the order of the values.
 *
 * FORMAT.md section "Keys". One encoder for all models. A key is at most MED_KEY_SIZE_MAX bytes. A part of free length
 * that would not fit is stored as its first bytes and a 128-bit hash of all of it (med_key_add_bytes says which); the
 * record's value then carries the whole part, and the reader compares it. Tuple encoding after FoundationDB's tuple
 * layer (design/tuple.md): bytes with 00 escaped as 00 FF and ended by 00 00, so that no part is a prefix of another.
 *
 * Threads: none of this shares anything. Lifetime: a med_key is a plain struct on the caller's stack. */
#ifndef MED_STORAGE_KEYS_H
#define MED_STORAGE_KEYS_H

#include <assert.h>

#include "storage/bytes.h"

#define MED_KEY_SIZE_MAX 511

typedef struct med_key {
  uint16_t len;
  uint8_t bytes[MED_KEY_SIZE_MAX + 1];
} med_key;

static inline med_slice med_key_slice(const med_key *key) { return med_slice_of(key->bytes, key->len); }
static inline void med_key_init(med_key *key) { key->len = 0; }
/* A copy of bytes, no more than MED_KEY_SIZE_MAX (asserted); they do not lie in the key. */
static inline void med_key_set(med_key *key, med_slice bytes) {
  assert(bytes.len <= MED_KEY_SIZE_MAX);
  if (bytes.len > 0) memcpy(key->bytes, bytes.bytes, bytes.len);
  key->len = (uint16_t)bytes.len;
}
/* Fixed-width parts. The caller keeps their sum within MED_KEY_SIZE_MAX (asserted). */
void med_key_add_u8(med_key *key, uint8_t value);
void med_key_add_u16(med_key *key, uint16_t value);
void med_key_add_u32(med_key *key, uint32_t value);
void med_key_add_u64(med_key *key, uint64_t value);
void med_key_add_i64(med_key *key, int64_t value); /* sign flipped: negative before positive */
void med_key_add_real(med_key *key, double value); /* IEEE order, -0 equal to 0, NaN last */
/* The last part: raw bytes, neither escaped nor ended. Answers true if all of it is in the key; false if it was too
 * long for `room` (the bytes this part may take, >= 48; a whole part takes fewer) and is now a prefix and a hash, which
 * sorts by that prefix. */
bool med_key_add_bytes(med_key *key, med_slice part, size_t room);
/* A part that others follow: escaped and ended. Same answer and same room. */
bool med_key_add_escaped(med_key *key, med_slice part, size_t room);

/* The smallest key greater than every key that begins with `prefix`: false if there is none (all bytes FF). */
bool med_key_after_prefix(med_key *key, med_slice prefix);

uint64_t med_key_real_bits(double value); /* the sortable form used by med_key_add_real */
double med_key_real_from_bits(uint64_t bits);

#endif
