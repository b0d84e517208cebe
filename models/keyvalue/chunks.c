/* chunks.c - long byte strings as separately compressed chunks. */
#include "models/keyvalue/chunks.h"

#include <lz4.h>

enum { CHUNK_RAW = 0, CHUNK_LZ4 = 1 };
#define LZ4_HEADER_SIZE 3
#define COMPRESS_MIN 64 /* nothing shorter is worth a try */

static void chunk_key(uint64_t object_id, uint64_t index, med_key *key) {
  med_key_init(key);
  med_key_add_u8(key, 2);
  med_key_add_u64(key, object_id);
  med_key_add_u32(key, (uint32_t)index);
}

static int damaged(med_txn *txn, uint64_t object_id, uint64_t index, const char *what) {
  return med_error_set(med_txn_error(txn), MEDLEY_CORRUPT, "key-value: %s: chunk %llu of object %llu", what,
                       (unsigned long long)index, (unsigned long long)object_id);
}

int med_chunk_get(med_txn *txn, uint64_t object_id, uint64_t index, uint8_t space[MED_CHUNK_SIZE], med_slice *raw) {
  med_key key;
  chunk_key(object_id, index, &key);
  med_slice value;
  int rc = med_txn_get(txn, MED_TREE_KV, med_key_slice(&key), &value);
  if (rc == MEDLEY_NOT_FOUND) return damaged(txn, object_id, index, "a part is missing");
  if (rc != MEDLEY_OK) return rc;
  const uint8_t *bytes = value.bytes;
  if (value.len >= 1 && bytes[0] == CHUNK_RAW && value.len - 1 <= MED_CHUNK_SIZE) {
    *raw = med_slice_of(bytes + 1, value.len - 1);
    return MEDLEY_OK;
  }
  if (value.len <= LZ4_HEADER_SIZE || bytes[0] != CHUNK_LZ4) return damaged(txn, object_id, index, "unknown form");
  int raw_len = med_get_u16(bytes + 1);
  if (LZ4_decompress_safe((const char *)bytes + LZ4_HEADER_SIZE, (char *)space, (int)(value.len - LZ4_HEADER_SIZE),
                          MED_CHUNK_SIZE) != raw_len)
    return damaged(txn, object_id, index, "it does not unpack");
  *raw = med_slice_of(space, (size_t)raw_len);
  return MEDLEY_OK;
}

int med_chunk_put(med_txn *txn, uint64_t object_id, uint64_t index, med_slice raw) {
  med_key key;
  chunk_key(object_id, index, &key);
  uint8_t value[LZ4_HEADER_SIZE + MED_CHUNK_SIZE];
  size_t len = 0;
  /* 12 % at least: the limit given to LZ4 makes it give up early. */
  int room = (int)(raw.len * 88 / 100) - 2;
  int packed = 0;
  if (raw.len >= COMPRESS_MIN)
    packed = LZ4_compress_default(raw.bytes, (char *)value + LZ4_HEADER_SIZE, (int)raw.len, room);
  if (packed > 0) {
    value[0] = CHUNK_LZ4;
    med_put_u16(value + 1, (uint16_t)raw.len);
    len = (size_t)packed + LZ4_HEADER_SIZE;
  } else {
    value[0] = CHUNK_RAW;
    memcpy(value + 1, raw.bytes, raw.len);
    len = raw.len + 1;
  }
  return med_txn_put(txn, MED_TREE_KV, med_key_slice(&key), med_slice_of(value, len));
}

int med_chunks_put(med_txn *txn, uint64_t object_id, med_slice bytes) {
  const uint8_t *from = bytes.bytes;
  for (size_t offset = 0; offset < bytes.len; offset += MED_CHUNK_SIZE) {
    size_t len = bytes.len - offset < MED_CHUNK_SIZE ? bytes.len - offset : MED_CHUNK_SIZE;
    int rc = med_chunk_put(txn, object_id, offset / MED_CHUNK_SIZE, med_slice_of(from + offset, len));
    if (rc != MEDLEY_OK) return rc;
  }
  return MEDLEY_OK;
}

int med_chunks_read(med_txn *txn, uint64_t object_id, uint64_t offset, uint64_t len, med_buffer *buffer) {
  if (!med_buffer_reserve(buffer, len)) return med_error_no_memory(med_txn_error(txn));
  uint8_t space[MED_CHUNK_SIZE];
  while (len > 0) {
    uint64_t index = offset / MED_CHUNK_SIZE;
    size_t begin = (size_t)(offset % MED_CHUNK_SIZE);
    med_slice raw;
    int rc = med_chunk_get(txn, object_id, index, space, &raw);
    if (rc != MEDLEY_OK) return rc;
    if (raw.len <= begin) return damaged(txn, object_id, index, "it is too short");
    size_t part = raw.len - begin < len ? raw.len - begin : (size_t)len;
    if (part < len && raw.len != MED_CHUNK_SIZE) return damaged(txn, object_id, index, "it is too short");
    if (!med_buffer_append(buffer, (const uint8_t *)raw.bytes + begin, part))
      return med_error_no_memory(med_txn_error(txn));
    offset += part;
    len -= part;
  }
  return MEDLEY_OK;
}

/* Lays bytes at `begin` over one chunk whose present raw length is present_len; a gap becomes zeros. */
static int chunk_patch(med_txn *txn, uint64_t object_id, uint64_t index, size_t present_len, size_t begin,
                       med_slice bytes) {
  uint8_t space[MED_CHUNK_SIZE], patched[MED_CHUNK_SIZE];
  if (present_len > 0 && (begin > 0 || bytes.len < present_len)) {
    med_slice raw;
    int rc = med_chunk_get(txn, object_id, index, space, &raw);
    if (rc != MEDLEY_OK) return rc;
    if (raw.len < present_len) return damaged(txn, object_id, index, "it is too short");
    memcpy(patched, raw.bytes, present_len);
  }
  if (begin > present_len) memset(patched + present_len, 0, begin - present_len);
  if (bytes.len > 0) memcpy(patched + begin, bytes.bytes, bytes.len);
  size_t len = begin + bytes.len > present_len ? begin + bytes.len : present_len;
  return med_chunk_put(txn, object_id, index, med_slice_of(patched, len));
}

int med_chunks_write(med_txn *txn, uint64_t object_id, uint64_t old_len, uint64_t offset, med_slice bytes) {
  uint64_t end = offset + bytes.len;
  uint64_t from = offset < old_len ? offset : old_len; /* the first byte that changes */
  const uint8_t *source = bytes.bytes;
  while (from < end) {
    uint64_t index = from / MED_CHUNK_SIZE, start = index * MED_CHUNK_SIZE;
    size_t present = old_len <= start                   ? 0
                     : old_len - start < MED_CHUNK_SIZE ? (size_t)(old_len - start)
                                                        : MED_CHUNK_SIZE;
    uint64_t begin = offset > start ? offset - start : 0;
    size_t len = 0;
    if (begin >= MED_CHUNK_SIZE) { /* all of it is gap */
      begin = MED_CHUNK_SIZE;
    } else {
      uint64_t done = start + begin - offset;
      len = bytes.len - done < MED_CHUNK_SIZE - begin ? (size_t)(bytes.len - done) : (size_t)(MED_CHUNK_SIZE - begin);
      source = (const uint8_t *)bytes.bytes + done;
    }
    int rc = chunk_patch(txn, object_id, index, present, (size_t)begin, med_slice_of(source, len));
    if (rc != MEDLEY_OK) return rc;
    from = start + MED_CHUNK_SIZE;
  }
  return MEDLEY_OK;
}

int med_chunks_equal(med_txn *txn, uint64_t object_id, med_slice bytes, bool *equal) {
  *equal = false;
  uint8_t space[MED_CHUNK_SIZE];
  for (uint64_t offset = 0; offset < bytes.len; offset += MED_CHUNK_SIZE) {
    med_slice raw;
    int rc = med_chunk_get(txn, object_id, offset / MED_CHUNK_SIZE, space, &raw);
    if (rc != MEDLEY_OK) return rc;
    size_t part = bytes.len - offset < MED_CHUNK_SIZE ? (size_t)(bytes.len - offset) : MED_CHUNK_SIZE;
    if (raw.len < part) return damaged(txn, object_id, offset / MED_CHUNK_SIZE, "it is too short");
    if (memcmp(raw.bytes, (const uint8_t *)bytes.bytes + offset, part) != 0) return MEDLEY_OK;
  }
  *equal = true;
  return MEDLEY_OK;
}
