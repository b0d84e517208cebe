/* keyspace.c - finding, saving, removing, moving and copying the keys of a bucket. */
#include "models/keyvalue/keyspace.h"

#include "models/keyvalue/chunks.h"
#include "models/keyvalue/hash.h"
#include "models/keyvalue/record.h"

void med_kv_part_key(uint64_t object_id, med_key *key) {
  key->bytes[0] = MED_KV_KEY_PART;
  med_put_u64(key->bytes + 1, object_id);
  key->len = 9;
}

int med_kv_free_object(med_txn *txn, uint64_t object_id) {
  med_key key;
  med_key_init(&key);
  med_key_add_u8(&key, MED_KV_DUE_OBJECT);
  med_key_add_u64(&key, object_id);
  return med_txn_put(txn, MED_TREE_EXPIRY, med_key_slice(&key), med_slice_of(NULL, 0));
}

int med_kv_count(med_kv *kv, uint64_t *count) { return med_bucket_count(kv->txn, kv->bucket_id, count); }

/* Two long keys with one tail differ in what the record carries. */
static int check_whole_key(med_kv *kv, med_slice key, const med_kv_meta *meta, const med_kv_whole_key *whole) {
  bool equal = whole->present && whole->len == key.len;
  if (equal && whole->len <= MED_KV_KEY_INLINE_MAX) {
    equal = med_slice_equal(whole->bytes, key);
  } else if (equal) {
    int rc = med_chunks_equal(kv->txn, meta->key_object_id, key, &equal);
    if (rc != MEDLEY_OK) return rc;
  }
  if (equal) return MEDLEY_OK;
  return med_error_set(med_txn_error(kv->txn), MEDLEY_ERROR, "ERR another long key has the same hash");
}

int med_kv_find(med_kv *kv, med_slice key, med_kv_meta *meta) {
  med_key tree_key;
  med_slice value;
  med_kv_whole_key whole;
  med_record_key(kv->bucket_id, key, &tree_key);
  int rc = med_txn_get(kv->txn, MED_TREE_KV, med_key_slice(&tree_key), &value);
  if (rc == MEDLEY_OK) rc = med_record_decode(kv->txn, value, meta, &whole);
  if (rc == MEDLEY_OK && med_record_key_is_long(key)) rc = check_whole_key(kv, key, meta, &whole);
  if (rc != MEDLEY_OK) return rc;
  bool live;
  rc = med_record_is_live(kv->txn, meta, &live);
  if (rc != MEDLEY_OK || live) return rc;
  if (med_txn_writes(kv->txn)) {
    rc = med_record_remove(kv->txn, kv->bucket_id, &tree_key, meta);
    if (rc != MEDLEY_OK) return rc;
  }
  return MEDLEY_NOT_FOUND;
}

int med_kv_find_typed(med_kv *kv, med_slice key, med_kv_type type, med_kv_meta *meta) {
  int rc = med_kv_find(kv, key, meta);
  if (rc != MEDLEY_OK || meta->type == type) return rc;
  return med_error_set(med_txn_error(kv->txn), MEDLEY_TYPE,
                       "WRONGTYPE Operation against a key holding the wrong kind of value");
}

int med_kv_find_or_create(med_kv *kv, med_slice key, med_kv_type type, med_kv_meta *meta, bool *created) {
  int rc = med_kv_find_typed(kv, key, type, meta);
  *created = rc == MEDLEY_NOT_FOUND;
  if (rc != MEDLEY_NOT_FOUND) return rc;
  memset(meta, 0, sizeof *meta);
  meta->type = type;
  return type == MED_KV_STRING ? MEDLEY_OK : med_txn_next_id(kv->txn, &meta->object_id);
}

/* A long key's own bytes; very long ones get an object when their record is made. */
static int prepare_whole_key(med_kv *kv, med_slice key, med_kv_meta *meta, med_kv_whole_key *whole) {
  memset(whole, 0, sizeof *whole);
  if (!med_record_key_is_long(key)) return MEDLEY_OK;
  if (key.len > MED_KV_KEY_SIZE_MAX)
    return med_error_set(med_txn_error(kv->txn), MEDLEY_TOO_BIG, "ERR key exceeds the maximum size (%llu bytes)",
                         (unsigned long long)MED_KV_KEY_SIZE_MAX);
  whole->present = true;
  whole->len = (uint32_t)key.len;
  whole->bytes = key;
  if (key.len <= MED_KV_KEY_INLINE_MAX || meta->stored) return MEDLEY_OK;
  int rc = med_txn_next_id(kv->txn, &meta->key_object_id);
  return rc == MEDLEY_OK ? med_chunks_put(kv->txn, meta->key_object_id, key) : rc;
}

size_t med_kv_inline_room(med_slice key, const med_kv_meta *meta) {
  size_t header = 1 + 8 + (meta->expires_ms != 0 ? 8 : 0);
  if (med_record_key_is_long(key)) header += 4 + (key.len <= MED_KV_KEY_INLINE_MAX ? key.len : 8);
  return MED_KV_RECORD_SIZE_MAX - header;
}

/* Keeps tree EXPIRY, the back-pointer and the queue of freed objects in step with a record that has just changed. */
static int save_index(med_kv *kv, const med_key *tree_key, med_kv_meta *meta) {
  int rc = MEDLEY_OK;
  med_key due;
  if (meta->stored_expires_ms != meta->expires_ms) {
    if (meta->stored_expires_ms != 0) {
      med_record_due_key(meta->stored_expires_ms, tree_key, &due);
      MED_TRY(med_txn_delete(kv->txn, MED_TREE_EXPIRY, med_key_slice(&due)));
    }
    if (meta->expires_ms != 0) {
      med_record_due_key(meta->expires_ms, tree_key, &due);
      MED_TRY(med_txn_put(kv->txn, MED_TREE_EXPIRY, med_key_slice(&due), med_slice_of(NULL, 0)));
    }
  }
  if (meta->stored_object_id != 0 && meta->stored_object_id != meta->object_id)
    MED_TRY(med_kv_free_object(kv->txn, meta->stored_object_id));
  if (!meta->stored) MED_TRY(med_bucket_count_add(kv->txn, kv->bucket_id, 1));
  if (meta->expiring_fields != 0 && meta->stored_expiring_fields == 0) {
    med_key back;
    med_kv_part_key(meta->object_id, &back);
    uint8_t owner[4 + MED_KV_TAIL_MAX];
    memcpy(owner, tree_key->bytes + 1, (size_t)tree_key->len - 1);
    MED_TRY(med_txn_put(kv->txn, MED_TREE_KV, med_key_slice(&back), med_slice_of(owner, (size_t)tree_key->len - 1)));
  }
  meta->stored = true;
  meta->stored_expires_ms = meta->expires_ms;
  meta->stored_object_id = meta->object_id;
  meta->stored_expiring_fields = meta->expiring_fields;
done:
  return rc;
}

int med_kv_save(med_kv *kv, med_slice key, med_kv_meta *meta) {
  bool empty = meta->type != MED_KV_STRING && meta->count == 0;
  bool due = meta->expires_ms != 0 && meta->expires_ms <= med_kv_now_ms(kv);
  if (empty || due) {
    if (!meta->stored) return meta->object_id != 0 ? med_kv_free_object(kv->txn, meta->object_id) : MEDLEY_OK;
    if (meta->object_id != 0 && meta->object_id != meta->stored_object_id) {
      int rc = med_kv_free_object(kv->txn, meta->object_id);
      if (rc != MEDLEY_OK) return rc;
    }
    return med_kv_remove_found(kv, key, meta);
  }
  med_key tree_key;
  med_kv_whole_key whole;
  uint8_t record[MED_KV_HEADER_SIZE_MAX + MED_KV_RECORD_SIZE_MAX];
  int rc = prepare_whole_key(kv, key, meta, &whole);
  if (rc != MEDLEY_OK) return rc;
  med_record_key(kv->bucket_id, key, &tree_key);
  meta->stamp = med_txn_id(kv->txn);
  size_t len = med_record_encode(meta, &whole, record);
  if (meta->object_id == 0 && meta->inline_value.len > 0) {
    memcpy(record + len, meta->inline_value.bytes, meta->inline_value.len);
    len += meta->inline_value.len;
  }
  rc = med_txn_put(kv->txn, MED_TREE_KV, med_key_slice(&tree_key), med_slice_of(record, len));
  return rc == MEDLEY_OK ? save_index(kv, &tree_key, meta) : rc;
}

int med_kv_remove_found(med_kv *kv, med_slice key, const med_kv_meta *meta) {
  med_key tree_key;
  med_record_key(kv->bucket_id, key, &tree_key);
  return med_record_remove(kv->txn, kv->bucket_id, &tree_key, meta);
}

int med_kv_remove(med_kv *kv, med_slice key) {
  med_kv_meta meta;
  int rc = med_kv_find(kv, key, &meta);
  return rc == MEDLEY_OK ? med_kv_remove_found(kv, key, &meta) : rc;
}

/* Takes a record out of the way and leaves its object alone. */
static int detach(med_kv *kv, med_slice key, med_kv_meta *meta) {
  med_kv_meta shell = *meta;
  shell.stored_object_id = 0;
  int rc = med_kv_remove_found(kv, key, &shell);
  meta->stored = false;
  meta->stored_expires_ms = 0;
  meta->stored_object_id = 0;
  meta->stored_expiring_fields = 0;
  meta->key_object_id = 0;
  return rc;
}

static int remove_if_present(med_kv *kv, med_slice key) {
  int rc = med_kv_remove(kv, key);
  return rc == MEDLEY_NOT_FOUND ? MEDLEY_OK : rc;
}

/* A longer target key may leave too little room for the string that lay inside the record. */
static int fit_inline(med_kv *to, med_slice target, med_kv_meta *meta) {
  if (meta->object_id != 0 || meta->inline_value.len <= med_kv_inline_room(target, meta)) return MEDLEY_OK;
  int rc = med_txn_next_id(to->txn, &meta->object_id);
  return rc == MEDLEY_OK ? med_chunks_put(to->txn, meta->object_id, meta->inline_value) : rc;
}

int med_kv_move(med_kv *from, med_slice key, med_kv *to, med_slice target) {
  med_kv_meta meta;
  uint8_t inline_bytes[MED_KV_RECORD_SIZE_MAX];
  int rc;
  MED_TRY(med_kv_find(from, key, &meta));
  if (from->bucket_id == to->bucket_id && med_slice_equal(key, target)) goto done;
  if (meta.inline_value.len > sizeof inline_bytes)
    return med_error_set(med_txn_error(from->txn), MEDLEY_CORRUPT, "key-value: a record is too long");
  if (meta.inline_value.len > 0) memcpy(inline_bytes, meta.inline_value.bytes, meta.inline_value.len);
  meta.inline_value.bytes = inline_bytes;
  MED_TRY(detach(from, key, &meta));
  MED_TRY(remove_if_present(to, target));
  MED_TRY(fit_inline(to, target, &meta));
  MED_TRY(med_kv_save(to, target, &meta));
done:
  return rc;
}

/* ---- Copying ---- */

typedef struct parts_copy {
  med_kv *kv;
  uint64_t from_id, to_id;
  bool is_hash;
  med_cursor *cursor;
} parts_copy;

/* A hash field that expires has, beside its part 'x' time name, an entry 03 time object name in tree EXPIRY. */
static int copy_due_field(parts_copy *copy, med_slice part) {
  const uint8_t *bytes = part.bytes;
  uint8_t due[MED_KEY_SIZE_MAX];
  if (part.len < 18 || bytes[9] != MED_PART_FIELD_EXPIRY) return MEDLEY_OK;
  due[0] = MED_KV_DUE_FIELD;
  memcpy(due + 1, bytes + 10, 8);
  med_put_u64(due + 9, copy->to_id);
  memcpy(due + 17, bytes + 18, part.len - 18);
  return med_txn_put(copy->kv->txn, MED_TREE_EXPIRY, med_slice_of(due, part.len - 1), med_slice_of("", 0));
}

static int copy_parts(parts_copy *copy) {
  med_key from, prefix;
  med_kv_part_key(copy->from_id, &from);
  prefix = from;
  med_slice key, value;
  int rc = med_cursor_open(copy->kv->txn, MED_TREE_KV, &copy->cursor);
  if (rc != MEDLEY_OK) return rc;
  for (rc = med_cursor_seek(copy->cursor, med_key_slice(&from), &key, &value); rc == MEDLEY_OK;
       rc = med_cursor_next(copy->cursor, &key, &value)) {
    if (!med_slice_starts_with(key, med_key_slice(&prefix))) break;
    if (key.len == prefix.len) continue; /* the back-pointer, which save makes anew */
    uint8_t target[MED_KEY_SIZE_MAX], data[MED_VALUE_SIZE_MAX];
    memcpy(target, key.bytes, key.len);
    med_put_u64(target + 1, copy->to_id);
    if (value.len > 0) memcpy(data, value.bytes, value.len);
    size_t key_len = key.len;
    rc = med_txn_put(copy->kv->txn, MED_TREE_KV, med_slice_of(target, key_len), med_slice_of(data, value.len));
    if (rc == MEDLEY_OK && copy->is_hash) rc = copy_due_field(copy, med_slice_of(target, key_len));
    if (rc != MEDLEY_OK) break;
  }
  med_cursor_close(copy->cursor);
  return rc == MEDLEY_NOT_FOUND ? MEDLEY_OK : rc;
}

int med_kv_copy(med_kv *from, med_slice key, med_kv *to, med_slice target) {
  med_kv_meta meta;
  uint8_t inline_bytes[MED_KV_RECORD_SIZE_MAX];
  int rc;
  MED_TRY(med_kv_find(from, key, &meta));
  if (from->bucket_id == to->bucket_id && med_slice_equal(key, target)) goto done;
  if (meta.inline_value.len > sizeof inline_bytes)
    return med_error_set(med_txn_error(from->txn), MEDLEY_CORRUPT, "key-value: a record is too long");
  if (meta.inline_value.len > 0) memcpy(inline_bytes, meta.inline_value.bytes, meta.inline_value.len);
  meta.inline_value.bytes = inline_bytes;
  meta.stored = false;
  meta.stored_expires_ms = 0;
  meta.stored_object_id = 0;
  meta.stored_expiring_fields = 0;
  meta.key_object_id = 0;
  MED_TRY(remove_if_present(to, target));
  if (meta.object_id != 0) {
    parts_copy copy = {from, meta.object_id, 0, meta.type == MED_KV_HASH, NULL};
    MED_TRY(med_txn_next_id(from->txn, &copy.to_id));
    MED_TRY(copy_parts(&copy));
    meta.object_id = copy.to_id;
  }
  MED_TRY(fit_inline(to, target, &meta));
  MED_TRY(med_kv_save(to, target, &meta));
done:
  return rc;
}
