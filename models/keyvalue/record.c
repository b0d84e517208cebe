/* record.c - metadata records as bytes, and what must stay in step with one when it comes or goes. */
#include "models/keyvalue/record.h"

#include "models/keyvalue/chunks.h"
#include "models/keyvalue/hash.h"

enum { TYPE_MASK = 0x0F, HAS_EXPIRY = 0x10, HAS_OBJECT = 0x20, HAS_EXPIRING_FIELDS = 0x40, HAS_WHOLE_KEY = 0x80 };

void med_record_key_of_tail(uint32_t bucket_id, med_slice tail, med_key *tree_key) {
  tree_key->bytes[0] = MED_KV_KEY_RECORD;
  med_put_u32(tree_key->bytes + 1, bucket_id);
  if (tail.len > 0) memcpy(tree_key->bytes + MED_KV_TAIL_OFFSET, tail.bytes, tail.len);
  tree_key->len = (uint16_t)(MED_KV_TAIL_OFFSET + tail.len);
}

void med_record_key(uint32_t bucket_id, med_slice key, med_key *tree_key) {
  if (!med_record_key_is_long(key)) {
    med_record_key_of_tail(bucket_id, key, tree_key);
    return;
  }
  med_record_key_of_tail(bucket_id, med_slice_of(key.bytes, MED_KV_TAIL_MAX - 16), tree_key);
  med_hash128(key.bytes, key.len, tree_key->bytes + tree_key->len);
  tree_key->len = (uint16_t)(tree_key->len + 16);
}

void med_record_due_key(int64_t expires_ms, const med_key *tree_key, med_key *due) {
  due->bytes[0] = MED_KV_DUE_KEY;
  med_put_u64(due->bytes + 1, (uint64_t)expires_ms);
  memcpy(due->bytes + 9, tree_key->bytes + 1, (size_t)tree_key->len - 1);
  due->len = (uint16_t)(tree_key->len + 8);
}

/* Takes from the front of a record; remembers that it ran out. */
typedef struct reader {
  const uint8_t *at;
  size_t left;
  bool short_of;
} reader;

static const uint8_t *take(reader *from, size_t len) {
  static const uint8_t zeros[8] = {0};
  if (from->short_of || from->left < len) {
    from->short_of = true;
    return zeros;
  }
  const uint8_t *bytes = from->at;
  from->at += len;
  from->left -= len;
  return bytes;
}

static void decode_whole_key(reader *from, med_kv_meta *meta, med_kv_whole_key *whole) {
  whole->present = true;
  whole->len = med_get_u32(take(from, 4));
  if (whole->len > MED_KV_KEY_INLINE_MAX)
    meta->key_object_id = med_get_u64(take(from, 8));
  else if (from->left >= whole->len)
    whole->bytes = med_slice_of(take(from, whole->len), whole->len);
  else
    from->short_of = true;
}

int med_record_decode(med_txn *txn, med_slice value, med_kv_meta *meta, med_kv_whole_key *whole) {
  reader from = {value.bytes, value.len, false};
  memset(meta, 0, sizeof *meta);
  memset(whole, 0, sizeof *whole);
  if (value.len < 9) goto damaged;
  unsigned flags = *take(&from, 1);
  meta->type = (med_kv_type)(flags & TYPE_MASK);
  meta->stamp = med_get_u64(take(&from, 8));
  if (flags & HAS_EXPIRY) meta->expires_ms = (int64_t)med_get_u64(take(&from, 8));
  if (flags & HAS_OBJECT) {
    meta->object_id = med_get_u64(take(&from, 8));
    meta->count = med_get_u64(take(&from, 8));
  }
  if (meta->type == MED_KV_LIST || meta->type == MED_KV_SORTED_SET) {
    meta->head = (int64_t)med_get_u64(take(&from, 8));
    meta->tail = (int64_t)med_get_u64(take(&from, 8));
  }
  if (flags & HAS_EXPIRING_FIELDS) meta->expiring_fields = med_get_u64(take(&from, 8));
  if (flags & HAS_WHOLE_KEY) decode_whole_key(&from, meta, whole);
  if (from.short_of || meta->type < MED_KV_STRING || meta->type > MED_KV_SORTED_SET) goto damaged;
  if (whole->len > MED_KV_KEY_SIZE_MAX) goto damaged;
  if (meta->object_id == 0) {
    if (meta->type != MED_KV_STRING) goto damaged;
    meta->inline_value = med_slice_of(from.at, from.left);
    meta->count = from.left;
  } else if (from.left > 0 || (meta->type == MED_KV_STRING && meta->count > MED_KV_VALUE_SIZE_MAX)) {
    goto damaged;
  }
  meta->stored = true;
  meta->stored_expires_ms = meta->expires_ms;
  meta->stored_object_id = meta->object_id;
  meta->stored_expiring_fields = meta->expiring_fields;
  return MEDLEY_OK;
damaged:
  return med_error_set(med_txn_error(txn), MEDLEY_CORRUPT, "key-value: a key's record does not decode");
}

int med_record_is_live(med_txn *txn, const med_kv_meta *meta, bool *live) {
  *live = true;
  if (meta->expires_ms == 0 && meta->expiring_fields == 0) return MEDLEY_OK;
  int64_t now_ms = med_txn_now_us(txn) / 1000;
  *live = meta->expires_ms == 0 || meta->expires_ms > now_ms;
  if (!*live || meta->expiring_fields == 0) return MEDLEY_OK;
  return med_hash_has_live_fields(txn, meta, now_ms, live);
}

size_t med_record_encode(const med_kv_meta *meta, const med_kv_whole_key *whole,
                         uint8_t header[MED_KV_HEADER_SIZE_MAX]) {
  unsigned flags = (unsigned)meta->type;
  uint8_t *at = header + 1;
  med_put_u64(at, meta->stamp);
  at += 8;
  if (meta->expires_ms != 0) {
    flags |= HAS_EXPIRY;
    med_put_u64(at, (uint64_t)meta->expires_ms);
    at += 8;
  }
  if (meta->object_id != 0) {
    flags |= HAS_OBJECT;
    med_put_u64(at, meta->object_id);
    med_put_u64(at + 8, meta->count);
    at += 16;
  }
  if (meta->type == MED_KV_LIST || meta->type == MED_KV_SORTED_SET) {
    med_put_u64(at, (uint64_t)meta->head);
    med_put_u64(at + 8, (uint64_t)meta->tail);
    at += 16;
  }
  if (meta->expiring_fields != 0) {
    flags |= HAS_EXPIRING_FIELDS;
    med_put_u64(at, meta->expiring_fields);
    at += 8;
  }
  if (whole->present) {
    flags |= HAS_WHOLE_KEY;
    med_put_u32(at, whole->len);
    at += 4;
    if (whole->len > MED_KV_KEY_INLINE_MAX) {
      med_put_u64(at, meta->key_object_id);
      at += 8;
    } else {
      memcpy(at, whole->bytes.bytes, whole->len);
      at += whole->len;
    }
  }
  header[0] = (uint8_t)flags;
  return (size_t)(at - header);
}

int med_record_whole_key(med_txn *txn, const med_key *tree_key, const med_kv_meta *meta, const med_kv_whole_key *whole,
                         med_buffer *space, med_slice *key) {
  if (!whole->present) {
    *key = med_record_tail(tree_key);
    return MEDLEY_OK;
  }
  if (whole->len <= MED_KV_KEY_INLINE_MAX) {
    *key = whole->bytes;
    return MEDLEY_OK;
  }
  space->len = 0;
  int rc = med_chunks_read(txn, meta->key_object_id, 0, whole->len, space);
  if (rc == MEDLEY_OK) *key = med_slice_of(space->bytes, space->len);
  return rc;
}

int med_record_remove(med_txn *txn, uint32_t bucket_id, const med_key *tree_key, const med_kv_meta *meta) {
  int rc;
  MED_TRY(med_txn_delete(txn, MED_TREE_KV, med_key_slice(tree_key)));
  if (meta->stored_expires_ms != 0) {
    med_key due;
    med_record_due_key(meta->stored_expires_ms, tree_key, &due);
    MED_TRY(med_txn_delete(txn, MED_TREE_EXPIRY, med_key_slice(&due)));
  }
  if (meta->stored_object_id != 0) MED_TRY(med_kv_free_object(txn, meta->stored_object_id));
  if (meta->key_object_id != 0) MED_TRY(med_kv_free_object(txn, meta->key_object_id));
  MED_TRY(med_bucket_count_add(txn, bucket_id, -1));
done:
  if (rc == MEDLEY_NOT_FOUND)
    rc = med_error_set(med_txn_error(txn), MEDLEY_CORRUPT, "key-value: a record and its expiry entry do not agree");
  return rc;
}
