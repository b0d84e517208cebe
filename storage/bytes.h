/* bytes.h - borrowed slices, fixed-width integers in big-endian order, and 64-bit hashes of bytes.
 *
 * Big-endian so that memcmp order is numeric order. Nothing here allocates. */
#ifndef MED_STORAGE_BYTES_H
#define MED_STORAGE_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "engine/medley.h"

/* Borrowed bytes: whoever hands them out says how long they live. */
typedef medley_slice med_slice;

static inline med_slice med_slice_of(const void *bytes, size_t len) {
  med_slice slice = {bytes, len};
  return slice;
}
static inline med_slice med_slice_of_text(const char *text) { return med_slice_of(text, strlen(text)); }
static inline bool med_slice_equal(med_slice a, med_slice b) {
  return a.len == b.len && (a.len == 0 || memcmp(a.bytes, b.bytes, a.len) == 0);
}
/* memcmp order; a prefix comes before what it begins. */
static inline int med_slice_compare(med_slice a, med_slice b) {
  size_t len = a.len < b.len ? a.len : b.len;
  int order = len > 0 ? memcmp(a.bytes, b.bytes, len) : 0;
  if (order != 0) return order;
  return a.len < b.len ? -1 : a.len > b.len;
}
static inline bool med_slice_starts_with(med_slice slice, med_slice prefix) {
  return slice.len >= prefix.len && (prefix.len == 0 || memcmp(slice.bytes, prefix.bytes, prefix.len) == 0);
}

static inline void med_put_u16(uint8_t *to, uint16_t value) {
  to[0] = (uint8_t)(value >> 8);
  to[1] = (uint8_t)value;
}
static inline void med_put_u32(uint8_t *to, uint32_t value) {
  med_put_u16(to, (uint16_t)(value >> 16));
  med_put_u16(to + 2, (uint16_t)value);
}
static inline void med_put_u64(uint8_t *to, uint64_t value) {
  med_put_u32(to, (uint32_t)(value >> 32));
  med_put_u32(to + 4, (uint32_t)value);
}
static inline uint16_t med_get_u16(const uint8_t *from) { return (uint16_t)((from[0] << 8) | from[1]); }
static inline uint32_t med_get_u32(const uint8_t *from) {
  return ((uint32_t)med_get_u16(from) << 16) | med_get_u16(from + 2);
}
static inline uint64_t med_get_u64(const uint8_t *from) {
  return ((uint64_t)med_get_u32(from) << 32) | med_get_u32(from + 4);
}

/* XXH3-64. */
uint64_t med_hash64(const void *bytes, size_t len, uint64_t seed);
/* XXH3-128 as 16 big-endian bytes. */
void med_hash128(const void *bytes, size_t len, uint8_t hash[16]);

#endif
