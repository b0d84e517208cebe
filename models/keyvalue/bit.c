/* bit.c - bits of strings. Long strings are read a window at a time. */
#include "models/keyvalue/bit.h"

#define WINDOW_SIZE 65536
#define FIELD_BYTES_MAX 9 /* that 64 bits can touch */

int med_bit_get(med_kv *kv, med_slice key, uint64_t offset, int *bit) {
  uint64_t value;
  int rc = med_bit_field_get(kv, key, offset, 1, &value);
  *bit = rc == MEDLEY_OK && value != 0;
  return rc;
}

/* The bytes that [offset, offset + width) touches; zeros where the string has ended. */
static int read_field(med_kv *kv, const med_kv_meta *meta, uint64_t offset, unsigned width,
                      uint8_t bytes[FIELD_BYTES_MAX], size_t *byte_count) {
  med_buffer scratch = {0};
  med_slice part;
  *byte_count = (size_t)((offset + width + 7) / 8 - offset / 8);
  memset(bytes, 0, FIELD_BYTES_MAX);
  int rc = med_string_read(kv, meta, offset / 8, *byte_count, &scratch, &part);
  if (rc == MEDLEY_OK && part.len > 0) memcpy(bytes, part.bytes, part.len);
  med_buffer_clear(&scratch);
  return rc;
}

int med_bit_field_get(med_kv *kv, med_slice key, uint64_t offset, unsigned width, uint64_t *value) {
  med_kv_meta meta;
  uint8_t bytes[FIELD_BYTES_MAX];
  size_t byte_count;
  *value = 0;
  int rc = med_kv_find_typed(kv, key, MED_KV_STRING, &meta);
  if (rc == MEDLEY_NOT_FOUND) return MEDLEY_OK;
  if (rc == MEDLEY_OK) rc = read_field(kv, &meta, offset, width, bytes, &byte_count);
  for (unsigned i = 0; rc == MEDLEY_OK && i < width; i++) {
    unsigned at = (unsigned)(offset % 8) + i;
    *value = *value << 1 | (bytes[at / 8] >> (7 - at % 8) & 1u);
  }
  return rc;
}

int med_bit_field_set(med_kv *kv, med_slice key, uint64_t offset, unsigned width, uint64_t value) {
  med_kv_meta meta;
  bool created;
  uint8_t bytes[FIELD_BYTES_MAX];
  size_t byte_count;
  int rc;
  MED_TRY(med_kv_find_or_create(kv, key, MED_KV_STRING, &meta, &created));
  MED_TRY(read_field(kv, &meta, offset, width, bytes, &byte_count));
  for (unsigned i = 0; i < width; i++) {
    unsigned at = (unsigned)(offset % 8) + i;
    uint8_t mask = (uint8_t)(1u << (7 - at % 8));
    bool set = value >> (width - 1 - i) & 1u;
    bytes[at / 8] = (uint8_t)(set ? bytes[at / 8] | mask : bytes[at / 8] & ~mask);
  }
  MED_TRY(med_string_write(kv, key, &meta, offset / 8, med_slice_of(bytes, byte_count)));
done:
  return rc;
}

int med_bit_set(med_kv *kv, med_slice key, uint64_t offset, int bit, int *old) {
  med_kv_meta meta;
  bool created;
  uint8_t bytes[FIELD_BYTES_MAX];
  size_t byte_count;
  int rc;
  MED_TRY(med_kv_find_or_create(kv, key, MED_KV_STRING, &meta, &created));
  MED_TRY(read_field(kv, &meta, offset, 1, bytes, &byte_count));
  uint8_t mask = (uint8_t)(0x80u >> (offset % 8));
  *old = (bytes[0] & mask) != 0;
  if (*old == (bit != 0) && offset / 8 < meta.count) goto done; /* nothing changes, nothing is written */
  bytes[0] = (uint8_t)(bit ? bytes[0] | mask : bytes[0] & ~mask);
  MED_TRY(med_string_write(kv, key, &meta, offset / 8, med_slice_of(bytes, 1)));
done:
  return rc;
}

int med_bit_extend(med_kv *kv, med_slice key, uint64_t last) {
  med_kv_meta meta;
  bool created;
  int rc = med_kv_find_or_create(kv, key, MED_KV_STRING, &meta, &created);
  if (rc != MEDLEY_OK || meta.count > last / 8) return rc;
  return med_string_write(kv, key, &meta, last / 8, med_slice_of("", 1));
}

/* ---- Ranges ---- */

/* The byte with the bits before `first` and behind `last` (bits of the whole string) cleared. */
static uint8_t masked(uint8_t byte, uint64_t byte_index, uint64_t first, uint64_t last) {
  if (byte_index == first / 8) byte &= (uint8_t)(0xFFu >> (first % 8));
  if (byte_index == last / 8) byte &= (uint8_t)(0xFFu << (7 - last % 8));
  return byte;
}

static uint64_t count_bytes(const uint8_t *bytes, size_t len) {
  uint64_t count = 0, word;
  for (; len >= sizeof word; bytes += sizeof word, len -= sizeof word) {
    memcpy(&word, bytes, sizeof word);
    count += (uint64_t)__builtin_popcountll(word);
  }
  for (; len > 0; bytes++, len--) count += (uint64_t)__builtin_popcount(*bytes);
  return count;
}

int med_bit_count(med_kv *kv, const med_kv_meta *meta, uint64_t first, uint64_t last, med_buffer *scratch,
                  uint64_t *count) {
  *count = 0;
  for (uint64_t at = first / 8; at <= last / 8;) {
    med_slice part;
    uint64_t len = last / 8 - at + 1;
    int rc = med_string_read(kv, meta, at, len < WINDOW_SIZE ? len : WINDOW_SIZE, scratch, &part);
    if (rc != MEDLEY_OK) return rc;
    if (part.len == 0) break;
    const uint8_t *bytes = part.bytes;
    *count += count_bytes(bytes, part.len);
    /* What the ends have too much. */
    uint64_t end = at + part.len - 1;
    uint8_t head = bytes[0], tail = bytes[part.len - 1];
    *count -= (uint64_t)__builtin_popcount((unsigned)(head & ~masked(head, at, first, last)));
    if (end != at) *count -= (uint64_t)__builtin_popcount((unsigned)(tail & ~masked(tail, end, first, last)));
    at += part.len;
  }
  return MEDLEY_OK;
}

int med_bit_find(med_kv *kv, const med_kv_meta *meta, int bit, uint64_t first, uint64_t last, med_buffer *scratch,
                 int64_t *position) {
  uint8_t flip = bit ? 0x00 : 0xFF; /* so that what is looked for is a set bit */
  *position = -1;
  for (uint64_t at = first / 8; at <= last / 8;) {
    med_slice part;
    uint64_t len = last / 8 - at + 1;
    int rc = med_string_read(kv, meta, at, len < WINDOW_SIZE ? len : WINDOW_SIZE, scratch, &part);
    if (rc != MEDLEY_OK) return rc;
    if (part.len == 0) break;
    const uint8_t *bytes = part.bytes;
    for (size_t i = 0; i < part.len; i++) {
      if (bytes[i] == flip) continue;
      uint8_t byte = masked((uint8_t)(bytes[i] ^ flip), at + i, first, last);
      if (byte == 0) continue;
      *position = (int64_t)((at + i) * 8) + __builtin_clz(byte) - 24;
      return MEDLEY_OK;
    }
    at += part.len;
  }
  return MEDLEY_OK;
}

/* ---- Whole strings ---- */

static void combine_bytes(med_bit_operation operation, uint8_t *to, const uint8_t *from, size_t len) {
  switch (operation) {
    case MED_BIT_AND:
      for (size_t i = 0; i < len; i++) to[i] &= from[i];
      break;
    case MED_BIT_OR:
      for (size_t i = 0; i < len; i++) to[i] |= from[i];
      break;
    case MED_BIT_XOR:
      for (size_t i = 0; i < len; i++) to[i] ^= from[i];
      break;
    case MED_BIT_NOT:
      for (size_t i = 0; i < len; i++) to[i] = (uint8_t)~from[i];
      break;
  }
}

static int add_source(med_kv *kv, med_bit_operation operation, med_slice key, bool is_first, med_buffer *scratch,
                      med_buffer *result) {
  med_kv_meta meta;
  int rc = med_kv_find_typed(kv, key, MED_KV_STRING, &meta);
  uint64_t len = rc == MEDLEY_OK ? meta.count : 0, at = 0;
  if (rc == MEDLEY_NOT_FOUND) rc = MEDLEY_OK;
  if (is_first && operation != MED_BIT_NOT) operation = MED_BIT_OR; /* into zeros: a copy */
  while (rc == MEDLEY_OK && at < len) {
    med_slice part;
    rc = med_string_read(kv, &meta, at, WINDOW_SIZE, scratch, &part);
    if (rc != MEDLEY_OK || part.len == 0) break;
    combine_bytes(operation, (uint8_t *)result->bytes + at, part.bytes, part.len);
    at += part.len;
  }
  if (rc == MEDLEY_OK && operation == MED_BIT_AND && result->len > len)
    memset(result->bytes + len, 0, result->len - (size_t)len);
  return rc;
}

int med_bit_combine(med_kv *kv, med_bit_operation operation, const med_slice *keys, size_t key_count,
                    med_buffer *scratch, med_buffer *result) {
  uint64_t len = 0;
  /* All of them are looked up before any is read: finding an expired one is a write. */
  for (size_t i = 0; i < key_count; i++) {
    uint64_t one;
    int rc = med_string_len(kv, keys[i], &one);
    if (rc != MEDLEY_OK) return rc;
    if (one > len) len = one;
  }
  result->len = 0;
  if (!med_buffer_reserve(result, (size_t)len)) return med_error_no_memory(med_txn_error(kv->txn));
  if (len > 0) memset(result->bytes, 0, (size_t)len);
  result->len = (size_t)len;
  for (size_t i = 0; i < key_count; i++) {
    int rc = add_source(kv, operation, keys[i], i == 0, scratch, result);
    if (rc != MEDLEY_OK) return rc;
  }
  return MEDLEY_OK;
}
