/* string.c - values inside the record or in chunks, and the way between the two. */
#include "models/keyvalue/string.h"

#include "models/keyvalue/chunks.h"

static int too_big(med_kv *kv) {
  return med_error_set(med_txn_error(kv->txn), MEDLEY_TOO_BIG,
                       "ERR string exceeds maximum allowed size (proto-max-bulk-len)");
}

int med_string_load(med_kv *kv, const med_kv_meta *meta, med_buffer *scratch, med_slice *value) {
  if (meta->object_id == 0) {
    *value = meta->inline_value;
    return MEDLEY_OK;
  }
  scratch->len = 0;
  int rc = med_chunks_read(kv->txn, meta->object_id, 0, meta->count, scratch);
  if (rc == MEDLEY_OK) *value = med_slice_of(scratch->bytes, scratch->len);
  return rc;
}

int med_string_get(med_kv *kv, med_slice key, med_buffer *scratch, med_slice *value) {
  med_kv_meta meta;
  int rc = med_kv_find_typed(kv, key, MED_KV_STRING, &meta);
  return rc == MEDLEY_OK ? med_string_load(kv, &meta, scratch, value) : rc;
}

int med_string_store(med_kv *kv, med_slice key, med_kv_meta *meta, med_slice value) {
  if (value.len > MED_KV_VALUE_SIZE_MAX) return too_big(kv);
  meta->type = MED_KV_STRING;
  meta->count = value.len;
  meta->head = meta->tail = 0;
  meta->expiring_fields = 0;
  meta->object_id = 0;
  if (value.len <= med_kv_inline_room(key, meta)) {
    meta->inline_value = value;
    return med_kv_save(kv, key, meta);
  }
  /* A new object each time: the old one is queued by save, and freed when nobody waits. */
  meta->inline_value = med_slice_of(NULL, 0);
  int rc;
  MED_TRY(med_txn_next_id(kv->txn, &meta->object_id));
  MED_TRY(med_chunks_put(kv->txn, meta->object_id, value));
  MED_TRY(med_kv_save(kv, key, meta));
done:
  return rc;
}

int med_string_set(med_kv *kv, med_slice key, med_slice value, int64_t expires_ms) {
  med_kv_meta meta;
  int rc = med_kv_find(kv, key, &meta);
  if (rc == MEDLEY_NOT_FOUND)
    memset(&meta, 0, sizeof meta);
  else if (rc != MEDLEY_OK)
    return rc;
  meta.expires_ms = expires_ms;
  return med_string_store(kv, key, &meta, value);
}

int med_string_len(med_kv *kv, med_slice key, uint64_t *len) {
  med_kv_meta meta;
  *len = 0;
  int rc = med_kv_find_typed(kv, key, MED_KV_STRING, &meta);
  if (rc == MEDLEY_OK) *len = meta.count;
  return rc == MEDLEY_NOT_FOUND ? MEDLEY_OK : rc;
}

int med_string_read(med_kv *kv, const med_kv_meta *meta, uint64_t offset, uint64_t len, med_buffer *scratch,
                    med_slice *part) {
  *part = med_slice_of(NULL, 0);
  if (offset >= meta->count) return MEDLEY_OK;
  if (len > meta->count - offset) len = meta->count - offset;
  if (meta->object_id == 0) {
    *part = med_slice_of((const uint8_t *)meta->inline_value.bytes + offset, (size_t)len);
    return MEDLEY_OK;
  }
  scratch->len = 0;
  int rc = med_chunks_read(kv->txn, meta->object_id, offset, len, scratch);
  if (rc == MEDLEY_OK) *part = med_slice_of(scratch->bytes, scratch->len);
  return rc;
}

/* The value stays inside its record. */
static int write_inline(med_kv *kv, med_slice key, med_kv_meta *meta, uint64_t offset, med_slice bytes) {
  uint8_t value[MED_KV_RECORD_SIZE_MAX] = {0};
  size_t len = (size_t)offset + bytes.len;
  if (meta->inline_value.len > 0) memcpy(value, meta->inline_value.bytes, meta->inline_value.len);
  memcpy(value + offset, bytes.bytes, bytes.len);
  if (len < meta->inline_value.len) len = meta->inline_value.len;
  meta->inline_value = med_slice_of(value, len);
  meta->count = len;
  int rc = med_kv_save(kv, key, meta);
  meta->inline_value = med_slice_of(NULL, 0);
  return rc;
}

/* The value leaves its record for chunks. */
static int spill(med_kv *kv, med_kv_meta *meta) {
  uint8_t value[MED_KV_RECORD_SIZE_MAX];
  size_t len = meta->inline_value.len;
  if (len > 0) memcpy(value, meta->inline_value.bytes, len);
  meta->inline_value = med_slice_of(NULL, 0);
  int rc = med_txn_next_id(kv->txn, &meta->object_id);
  return rc == MEDLEY_OK ? med_chunks_put(kv->txn, meta->object_id, med_slice_of(value, len)) : rc;
}

int med_string_write(med_kv *kv, med_slice key, med_kv_meta *meta, uint64_t offset, med_slice bytes) {
  if (offset > MED_KV_VALUE_SIZE_MAX || bytes.len > MED_KV_VALUE_SIZE_MAX - offset) return too_big(kv);
  if (bytes.len == 0) return MEDLEY_OK;
  uint64_t end = offset + bytes.len > meta->count ? offset + bytes.len : meta->count;
  if (meta->object_id == 0 && end <= med_kv_inline_room(key, meta)) return write_inline(kv, key, meta, offset, bytes);
  int rc;
  if (meta->object_id == 0) MED_TRY(spill(kv, meta));
  MED_TRY(med_chunks_write(kv->txn, meta->object_id, meta->count, offset, bytes));
  meta->count = end;
  MED_TRY(med_kv_save(kv, key, meta));
done:
  return rc;
}

int med_string_append(med_kv *kv, med_slice key, med_slice bytes, uint64_t *len) {
  med_kv_meta meta;
  bool created;
  int rc;
  MED_TRY(med_kv_find_or_create(kv, key, MED_KV_STRING, &meta, &created));
  if (created)
    rc = med_string_store(kv, key, &meta, bytes);
  else if (bytes.len == 0)
    rc = med_kv_save(kv, key, &meta); /* a change nevertheless: whoever watches the key is told, as in Redis */
  else
    rc = med_string_write(kv, key, &meta, meta.count, bytes);
  *len = meta.count;
done:
  return rc;
}

bool med_string_to_integer(med_slice text, int64_t *integer) {
  const char *at = text.bytes, *end = at + text.len;
  if (text.len == 0 || text.len > 20) return false;
  bool negative = *at == '-';
  if (negative && ++at == end) return false;
  if (*at == '0') {
    *integer = 0;
    return !negative && text.len == 1;
  }
  uint64_t value = 0;
  for (; at < end; at++) {
    if (*at < '0' || *at > '9') return false;
    if (__builtin_mul_overflow(value, (uint64_t)10, &value) ||
        __builtin_add_overflow(value, (uint64_t)(*at - '0'), &value))
      return false;
  }
  if (value > (uint64_t)INT64_MAX + (negative ? 1 : 0)) return false;
  *integer = (int64_t)(negative ? 0 - value : value);
  return true;
}

size_t med_string_from_integer(int64_t integer, char digits[24]) {
  char reversed[24];
  size_t count = 0, len = 0;
  uint64_t value = integer < 0 ? 0 - (uint64_t)integer : (uint64_t)integer;
  do {
    reversed[count++] = (char)('0' + value % 10);
    value /= 10;
  } while (value > 0);
  if (integer < 0) digits[len++] = '-';
  while (count > 0) digits[len++] = reversed[--count];
  return len;
}

int med_string_increment(med_kv *kv, med_slice key, int64_t by, int64_t *result) {
  med_kv_meta meta;
  bool created;
  int64_t present = 0;
  char digits[24];
  int rc;
  MED_TRY(med_kv_find_or_create(kv, key, MED_KV_STRING, &meta, &created));
  if (!created && (meta.object_id != 0 || !med_string_to_integer(meta.inline_value, &present)))
    return med_error_set(med_txn_error(kv->txn), MEDLEY_RANGE, "ERR value is not an integer or out of range");
  if (__builtin_add_overflow(present, by, result))
    return med_error_set(med_txn_error(kv->txn), MEDLEY_RANGE, "ERR increment or decrement would overflow");
  size_t len = med_string_from_integer(*result, digits);
  MED_TRY(med_string_store(kv, key, &meta, med_slice_of(digits, len)));
done:
  return rc;
}

int med_string_check(med_kv *kv, const med_kv_meta *meta) {
  if (meta->object_id == 0) return MEDLEY_OK;
  uint8_t space[MED_CHUNK_SIZE];
  uint64_t chunks = med_chunk_count(meta->count);
  for (uint64_t i = 0; i < chunks; i++) {
    med_slice raw;
    int rc = med_chunk_get(kv->txn, meta->object_id, i, space, &raw);
    if (rc != MEDLEY_OK) return rc;
    size_t expected = i + 1 < chunks ? MED_CHUNK_SIZE : (size_t)(meta->count - i * MED_CHUNK_SIZE);
    if (raw.len != expected)
      return med_error_set(med_txn_error(kv->txn), MEDLEY_CORRUPT,
                           "key-value: a string's chunk has the wrong length: object %llu",
                           (unsigned long long)meta->object_id);
  }
  return MEDLEY_OK;
}
