/* sweep.c - what nobody waits for: removing due keys and fields, and freeing the parts of removed objects, in slices. */
#include "models/keyvalue/hash.h"
#include "models/keyvalue/record.h"

typedef struct sweep {
  med_txn *txn;
  size_t limit, swept;
  int64_t now_ms;
} sweep;

/* The first entry of a kind in tree EXPIRY, copied. NOT_FOUND if there is none. */
static int first_entry(sweep *work, uint8_t kind, med_key *entry) {
  med_cursor *cursor = NULL;
  med_slice key;
  int rc = med_cursor_open(work->txn, MED_TREE_EXPIRY, &cursor);
  if (rc != MEDLEY_OK) return rc;
  rc = med_cursor_seek(cursor, med_slice_of(&kind, 1), &key, NULL);
  if (rc == MEDLEY_OK && (key.len < 9 || *(const uint8_t *)key.bytes != kind)) rc = MEDLEY_NOT_FOUND;
  if (rc == MEDLEY_OK) {
    med_key_set(entry, key);
  }
  med_cursor_close(cursor);
  return rc;
}

static int delete_entry(sweep *work, const med_key *entry) {
  int rc = med_txn_delete(work->txn, MED_TREE_EXPIRY, med_key_slice(entry));
  return rc == MEDLEY_NOT_FOUND ? MEDLEY_OK : rc;
}

static int read_record(sweep *work, const med_key *tree_key, med_kv_meta *meta, med_buffer *space, med_slice *key) {
  med_slice value;
  med_kv_whole_key whole;
  int rc = med_txn_get(work->txn, MED_TREE_KV, med_key_slice(tree_key), &value);
  if (rc == MEDLEY_OK) rc = med_record_decode(work->txn, value, meta, &whole);
  if (rc == MEDLEY_OK && key != NULL) rc = med_record_whole_key(work->txn, tree_key, meta, &whole, space, key);
  return rc;
}

static int sweep_key(sweep *work, const med_key *entry) {
  if (entry->len < MED_KV_DUE_TAIL_OFFSET) return delete_entry(work, entry);
  med_key tree_key;
  med_kv_meta meta;
  uint32_t bucket_id = med_get_u32(entry->bytes + 9);
  med_record_key_of_tail(
      bucket_id, med_slice_of(entry->bytes + MED_KV_DUE_TAIL_OFFSET, (size_t)entry->len - MED_KV_DUE_TAIL_OFFSET),
      &tree_key);
  int rc = read_record(work, &tree_key, &meta, NULL, NULL);
  if (rc == MEDLEY_NOT_FOUND) return delete_entry(work, entry);
  if (rc != MEDLEY_OK) return rc;
  if ((uint64_t)meta.expires_ms != med_get_u64(entry->bytes + 1)) return delete_entry(work, entry);
  return med_record_remove(work->txn, bucket_id, &tree_key, &meta);
}

/* The hash that owns the object of a due field; NOT_FOUND if that object is gone. */
static int find_owner(sweep *work, uint64_t object_id, med_kv *kv, med_kv_meta *meta, med_buffer *key) {
  med_key back, tree_key;
  med_slice owner, whole;
  med_buffer space = {0};
  int rc;
  med_kv_part_key(object_id, &back);
  MED_TRY(med_txn_get(work->txn, MED_TREE_KV, med_key_slice(&back), &owner));
  rc = MEDLEY_NOT_FOUND;
  if (owner.len < 4 || owner.len > 4 + MED_KV_TAIL_MAX) goto done;
  kv->txn = work->txn;
  kv->bucket_id = med_get_u32(owner.bytes);
  med_record_key_of_tail(kv->bucket_id, med_slice_of((const uint8_t *)owner.bytes + 4, owner.len - 4), &tree_key);
  MED_TRY(read_record(work, &tree_key, meta, &space, &whole));
  if (meta->type != MED_KV_HASH || meta->object_id != object_id) rc = MEDLEY_NOT_FOUND;
  key->len = 0;
  if (rc == MEDLEY_OK && !med_buffer_append(key, whole.bytes, whole.len))
    rc = med_error_no_memory(med_txn_error(work->txn));
done:
  med_buffer_clear(&space);
  return rc;
}

static int sweep_field(sweep *work, const med_key *entry) {
  if (entry->len < 17) return delete_entry(work, entry);
  med_kv kv;
  med_kv_meta meta;
  med_buffer key = {0};
  int rc = find_owner(work, med_get_u64(entry->bytes + 9), &kv, &meta, &key);
  if (rc == MEDLEY_OK) rc = med_hash_expire_field(&kv, med_slice_of(key.bytes, key.len), &meta, med_key_slice(entry));
  if (rc == MEDLEY_OK || rc == MEDLEY_NOT_FOUND) rc = delete_entry(work, entry);
  med_buffer_clear(&key);
  return rc;
}

static int sweep_object(sweep *work, const med_key *entry) {
  med_key from, to;
  size_t deleted = 0, room = work->limit - work->swept;
  uint64_t object_id = med_get_u64(entry->bytes + 1);
  med_kv_part_key(object_id, &from);
  med_kv_part_key(object_id + 1, &to);
  int rc = med_txn_delete_range(work->txn, MED_TREE_KV, med_key_slice(&from), med_key_slice(&to), room, &deleted);
  if (rc != MEDLEY_OK) return rc;
  work->swept += deleted;
  return deleted < room ? delete_entry(work, entry) : MEDLEY_OK;
}

static bool entry_is_due(const sweep *work, uint8_t kind, const med_key *entry) {
  return kind == MED_KV_DUE_OBJECT || med_get_u64(entry->bytes + 1) <= (uint64_t)work->now_ms;
}

int med_kv_sweep(med_txn *txn, size_t limit, size_t *swept, bool *left) {
  sweep work = {txn, limit, 0, med_txn_now_us(txn) / 1000};
  static const uint8_t kinds[] = {MED_KV_DUE_KEY, MED_KV_DUE_FIELD, MED_KV_DUE_OBJECT};
  int rc = MEDLEY_OK;
  *left = false;
  for (size_t i = 0; i < sizeof kinds && rc == MEDLEY_OK; i++) {
    med_key entry;
    while ((rc = first_entry(&work, kinds[i], &entry)) == MEDLEY_OK && entry_is_due(&work, kinds[i], &entry)) {
      if (work.swept >= limit) {
        *left = true;
        goto done;
      }
      if (kinds[i] != MED_KV_DUE_OBJECT) work.swept++;
      if (kinds[i] == MED_KV_DUE_KEY) rc = sweep_key(&work, &entry);
      if (kinds[i] == MED_KV_DUE_FIELD) rc = sweep_field(&work, &entry);
      if (kinds[i] == MED_KV_DUE_OBJECT) rc = sweep_object(&work, &entry);
      if (rc != MEDLEY_OK) goto done;
    }
    if (rc == MEDLEY_NOT_FOUND) rc = MEDLEY_OK;
  }
done:
  *swept = work.swept;
  return rc;
}
