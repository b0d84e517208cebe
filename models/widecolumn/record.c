/* record.c - records of any length, the long ones in parts. */
#include "models/widecolumn/record.h"

#define FORM_PARTS 1
#define PARTS_HEADER_SIZE 13
#define PART_SIZE MED_VALUE_SIZE_MAX

typedef struct parts {
  uint64_t id;
  uint32_t len;
} parts;

static int damaged(med_txn *txn, const char *what) {
  return med_error_set(med_txn_error(txn), MEDLEY_CORRUPT, "wide-column: %s", what);
}

static void part_key(uint64_t id, uint32_t index, med_key *key) {
  med_key_init(key);
  med_key_add_u8(key, MED_WIDE_KEY_PART);
  med_key_add_u64(key, id);
  med_key_add_u32(key, index);
}

static uint32_t part_count(uint32_t len) { return (len + PART_SIZE - 1) / PART_SIZE; }

/* False if the record is whole in its value. */
static bool is_in_parts(med_slice value, parts *of) {
  const uint8_t *bytes = value.bytes;
  if (value.len != PARTS_HEADER_SIZE || bytes[0] != FORM_PARTS) return false;
  *of = (parts){med_get_u64(bytes + 1), med_get_u32(bytes + 9)};
  return true;
}

static int read_parts(med_txn *txn, parts of, med_buffer *space) {
  if (of.len > MED_WIDE_RECORD_SIZE_MAX) return damaged(txn, "a record is longer than any may be");
  space->len = 0;
  for (uint32_t i = 0; i < part_count(of.len); i++) {
    med_key key;
    med_slice part;
    part_key(of.id, i, &key);
    int rc = med_txn_get(txn, MED_TREE_WIDE, med_key_slice(&key), &part);
    if (rc == MEDLEY_NOT_FOUND) return damaged(txn, "a part of a record is missing");
    if (rc != MEDLEY_OK) return rc;
    size_t expected = of.len - space->len < PART_SIZE ? of.len - space->len : PART_SIZE;
    if (part.len != expected) return damaged(txn, "a part of a record has the wrong length");
    if (!med_buffer_append(space, part.bytes, part.len)) return med_error_no_memory(med_txn_error(txn));
  }
  return MEDLEY_OK;
}

int med_wide_record_open(med_txn *txn, med_slice value, med_buffer *space, med_slice *bytes) {
  if (value.len >= 1 && *(const uint8_t *)value.bytes == MED_WIDE_FORM_INLINE) {
    *bytes = med_slice_of((const uint8_t *)value.bytes + 1, value.len - 1);
    return MEDLEY_OK;
  }
  parts of;
  if (!is_in_parts(value, &of)) return damaged(txn, "a record of unknown form");
  int rc = read_parts(txn, of, space);
  if (rc == MEDLEY_OK) *bytes = med_slice_of(space->bytes, space->len);
  return rc;
}

int med_wide_record_get(med_txn *txn, med_slice key, med_buffer *space, med_slice *bytes) {
  med_slice value;
  int rc = med_txn_get(txn, MED_TREE_WIDE, key, &value);
  return rc == MEDLEY_OK ? med_wide_record_open(txn, value, space, bytes) : rc;
}

static int delete_parts(med_txn *txn, parts of, uint32_t from) {
  for (uint32_t i = from; i < part_count(of.len); i++) {
    med_key key;
    part_key(of.id, i, &key);
    int rc = med_txn_delete(txn, MED_TREE_WIDE, med_key_slice(&key));
    if (rc == MEDLEY_NOT_FOUND) return damaged(txn, "a part of a record is missing");
    if (rc != MEDLEY_OK) return rc;
  }
  return MEDLEY_OK;
}

static int put_parts(med_txn *txn, med_slice key, med_slice bytes, parts old) {
  parts now = {old.id, (uint32_t)bytes.len};
  int rc = old.id != 0 ? MEDLEY_OK : med_txn_next_id(txn, &now.id);
  for (uint32_t i = 0; rc == MEDLEY_OK && i < part_count(now.len); i++) {
    size_t offset = (size_t)i * PART_SIZE, left = bytes.len - offset;
    med_key at;
    part_key(now.id, i, &at);
    rc = med_txn_put(txn, MED_TREE_WIDE, med_key_slice(&at),
                     med_slice_of((const uint8_t *)bytes.bytes + offset, left < PART_SIZE ? left : PART_SIZE));
  }
  if (rc == MEDLEY_OK) rc = delete_parts(txn, old, part_count(now.len));
  if (rc != MEDLEY_OK) return rc;
  uint8_t header[PARTS_HEADER_SIZE] = {FORM_PARTS};
  med_put_u64(header + 1, now.id);
  med_put_u32(header + 9, now.len);
  return med_txn_put(txn, MED_TREE_WIDE, key, med_slice_of(header, sizeof header));
}

static int put_inline(med_txn *txn, med_slice key, med_slice bytes) {
  uint8_t whole[MED_VALUE_SIZE_MAX];
  whole[0] = MED_WIDE_FORM_INLINE;
  if (bytes.len > 0) memcpy(whole + 1, bytes.bytes, bytes.len);
  return med_txn_put(txn, MED_TREE_WIDE, key, med_slice_of(whole, bytes.len + 1));
}

static int too_big(med_txn *txn, med_slice bytes) {
  return med_error_set(med_txn_error(txn), MEDLEY_TOO_BIG, "wide-column: a row of %zu bytes: at most %zu", bytes.len,
                       (size_t)MED_WIDE_RECORD_SIZE_MAX);
}

int med_wide_record_add(med_txn *txn, med_slice key, med_slice bytes) {
  if (bytes.len > MED_WIDE_RECORD_SIZE_MAX) return too_big(txn, bytes);
  return bytes.len > MED_WIDE_INLINE_MAX ? put_parts(txn, key, bytes, (parts){0}) : put_inline(txn, key, bytes);
}

int med_wide_record_put(med_txn *txn, med_slice key, med_slice bytes) {
  if (bytes.len > MED_WIDE_RECORD_SIZE_MAX) return too_big(txn, bytes);
  med_slice value;
  parts old = {0};
  int rc = med_txn_get(txn, MED_TREE_WIDE, key, &value);
  if (rc != MEDLEY_OK && rc != MEDLEY_NOT_FOUND) return rc;
  bool was_long = rc == MEDLEY_OK && is_in_parts(value, &old);
  if (bytes.len > MED_WIDE_INLINE_MAX) return put_parts(txn, key, bytes, old);
  if (was_long) rc = delete_parts(txn, old, 0);
  if (was_long && rc != MEDLEY_OK) return rc;
  return put_inline(txn, key, bytes);
}

int med_wide_record_free(med_txn *txn, med_slice value, size_t *count) {
  parts of;
  *count = is_in_parts(value, &of) ? part_count(of.len) : 0;
  return *count > 0 ? delete_parts(txn, of, 0) : MEDLEY_OK;
}

int med_wide_record_delete(med_txn *txn, med_slice key) {
  med_slice value;
  size_t count;
  int rc = med_txn_get(txn, MED_TREE_WIDE, key, &value);
  if (rc == MEDLEY_OK) rc = med_wide_record_free(txn, value, &count);
  return rc == MEDLEY_OK ? med_txn_delete(txn, MED_TREE_WIDE, key) : rc;
}
