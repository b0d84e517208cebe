/* hash_expiry.c - fields that expire: their two indexes, and removing what is due. */
#include "models/keyvalue/hash_field.h"

#define DUE_FIELD 3
#define DUE_NAME_OFFSET 17 /* in tree EXPIRY: behind 03 expires(8) object id(8) */
#define TIME_SIZE 8

static void add_name(med_key *key, med_slice stored_name) {
  if (stored_name.len > 0) memcpy(key->bytes + key->len, stored_name.bytes, stored_name.len);
  key->len = (uint16_t)(key->len + stored_name.len);
}

static void index_keys(const med_collection *hash, med_slice stored_name, int64_t expires_ms, med_key *part,
                       med_key *due) {
  med_part_key(hash, MED_PART_FIELD_EXPIRY, part);
  med_key_add_u64(part, (uint64_t)expires_ms);
  add_name(part, stored_name);
  med_key_init(due);
  med_key_add_u8(due, DUE_FIELD);
  med_key_add_u64(due, (uint64_t)expires_ms);
  med_key_add_u64(due, hash->meta.object_id);
  add_name(due, stored_name);
}

int med_hash_index_add(med_collection *hash, med_slice stored_name, int64_t expires_ms) {
  med_key part, due;
  index_keys(hash, stored_name, expires_ms, &part, &due);
  int rc;
  MED_TRY(med_txn_put(hash->kv->txn, MED_TREE_KV, med_key_slice(&part), med_slice_of(NULL, 0)));
  MED_TRY(med_txn_put(hash->kv->txn, MED_TREE_EXPIRY, med_key_slice(&due), med_slice_of(NULL, 0)));
  hash->meta.expiring_fields++;
  hash->changed = true;
done:
  return rc;
}

int med_hash_index_remove(med_collection *hash, med_slice stored_name, int64_t expires_ms) {
  med_key part, due;
  index_keys(hash, stored_name, expires_ms, &part, &due);
  int rc = med_txn_delete(hash->kv->txn, MED_TREE_KV, med_key_slice(&part));
  if (rc != MEDLEY_OK || hash->meta.expiring_fields == 0) {
    return rc != MEDLEY_OK && rc != MEDLEY_NOT_FOUND ? rc
                                                     : med_collection_damaged(hash, "a field's expiry is not indexed");
  }
  rc = med_txn_delete(hash->kv->txn, MED_TREE_EXPIRY, med_key_slice(&due));
  hash->meta.expiring_fields--;
  hash->changed = true;
  return rc == MEDLEY_NOT_FOUND ? MEDLEY_OK : rc;
}

/* A part 'x' as time and name; CORRUPT if it is too short. */
static int split_index_name(med_collection *hash, med_slice name, int64_t *expires_ms, med_slice *stored_name) {
  if (name.len < TIME_SIZE || name.len > TIME_SIZE + MED_PART_LONG_NAME) {
    return med_collection_damaged(hash, "a field's expiry does not decode");
  }
  *expires_ms = (int64_t)med_get_u64(name.bytes);
  *stored_name = med_slice_of((const uint8_t *)name.bytes + TIME_SIZE, name.len - TIME_SIZE);
  return MEDLEY_OK;
}

/* Removes a field that has expired; stored_name may be borrowed from the transaction. */
static int remove_expired(med_collection *hash, med_slice stored_name) {
  med_key key;
  med_slice record;
  med_hash_field field;
  med_part_key(hash, MED_PART_FIELD, &key);
  add_name(&key, stored_name);
  int rc = med_txn_get(hash->kv->txn, MED_TREE_KV, med_key_slice(&key), &record);
  if (rc == MEDLEY_NOT_FOUND) return med_collection_damaged(hash, "a field that expires is missing");
  if (rc == MEDLEY_OK) rc = med_hash_field_decode(hash, record, &field);
  if (rc != MEDLEY_OK) return rc;
  if (field.expires_ms == 0) return med_collection_damaged(hash, "a field's expiry does not match its index");
  med_slice own = med_slice_of(key.bytes + MED_PART_PREFIX_SIZE, (size_t)key.len - MED_PART_PREFIX_SIZE);
  return med_hash_remove_stored(hash, own, &field);
}

int med_hash_purge(med_collection *hash) {
  int rc = MEDLEY_OK;
  while (rc == MEDLEY_OK && hash->meta.expiring_fields > 0) {
    med_part_walk walk;
    int64_t expires_ms = INT64_MAX;
    med_slice name = med_slice_of(NULL, 0);
    rc = med_part_walk_open(hash, MED_PART_FIELD_EXPIRY, med_slice_of(NULL, 0), false, &walk);
    if (rc == MEDLEY_OK) rc = med_part_walk_next(&walk);
    if (rc == MEDLEY_NOT_FOUND) rc = med_collection_damaged(hash, "fewer expiring fields than were counted");
    if (rc == MEDLEY_OK) rc = split_index_name(hash, walk.name, &expires_ms, &name);
    if (rc == MEDLEY_OK && expires_ms <= hash->now_ms) rc = remove_expired(hash, name);
    med_part_walk_close(&walk);
    if (expires_ms > hash->now_ms) break;
  }
  return rc;
}

int med_hash_count_expired(med_collection *hash, uint64_t *count) {
  *count = 0;
  med_part_walk walk;
  int rc = med_part_walk_open(hash, MED_PART_FIELD_EXPIRY, med_slice_of(NULL, 0), false, &walk);
  if (rc != MEDLEY_OK) return rc;
  while ((rc = med_part_walk_next(&walk)) == MEDLEY_OK) {
    int64_t expires_ms = 0;
    med_slice name;
    rc = split_index_name(hash, walk.name, &expires_ms, &name);
    if (rc != MEDLEY_OK || expires_ms > hash->now_ms) break;
    ++*count;
  }
  med_part_walk_close(&walk);
  return rc == MEDLEY_NOT_FOUND ? MEDLEY_OK : rc;
}

int med_hash_has_live_fields(med_txn *txn, const med_kv_meta *meta, int64_t now_ms, bool *live) {
  *live = true;
  if (meta->expiring_fields < meta->count) return MEDLEY_OK;
  /* Every field expires: the latest one decides. */
  med_kv kv = {txn, 0};
  med_collection hash = {.kv = &kv, .type = MED_KV_HASH, .meta = *meta, .exists = true, .now_ms = now_ms};
  med_part_walk walk;
  int64_t expires_ms = 0;
  med_slice name;
  int rc = med_part_walk_open(&hash, MED_PART_FIELD_EXPIRY, med_slice_of(NULL, 0), true, &walk);
  if (rc != MEDLEY_OK) return rc;
  rc = med_part_walk_next(&walk);
  if (rc == MEDLEY_OK) rc = split_index_name(&hash, walk.name, &expires_ms, &name);
  if (rc == MEDLEY_OK) *live = expires_ms > now_ms;
  if (rc == MEDLEY_NOT_FOUND) *live = false;
  med_part_walk_close(&walk);
  return rc == MEDLEY_NOT_FOUND ? MEDLEY_OK : rc;
}

int med_hash_expire_field(med_kv *kv, med_slice key, med_kv_meta *meta, med_slice entry) {
  if (entry.len < DUE_NAME_OFFSET) return MEDLEY_OK;
  const uint8_t *bytes = entry.bytes;
  int64_t expires_ms = (int64_t)med_get_u64(bytes + 1);
  med_collection hash = {.kv = kv, .key = key, .type = MED_KV_HASH, .meta = *meta, .exists = true};
  hash.now_ms = med_txn_now_us(kv->txn) / 1000;
  med_slice name = med_slice_of(bytes + DUE_NAME_OFFSET, entry.len - DUE_NAME_OFFSET);
  med_key part;
  med_slice record;
  med_hash_field field;
  med_part_key(&hash, MED_PART_FIELD, &part);
  if (name.len > MED_PART_LONG_NAME) return MEDLEY_OK;
  add_name(&part, name);
  int rc;
  MED_TRY(med_txn_get(kv->txn, MED_TREE_KV, med_key_slice(&part), &record));
  MED_TRY(med_hash_field_decode(&hash, record, &field));
  if (field.expires_ms != expires_ms) return MEDLEY_OK;
  MED_TRY(med_hash_remove_stored(&hash, name, &field));
  MED_TRY(med_collection_save(&hash));
  *meta = hash.meta;
done:
  return rc;
}
