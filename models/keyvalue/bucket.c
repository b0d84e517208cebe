/* bucket.c - the catalog of buckets: numbers, names, and how many keys each holds. */
#include "models/keyvalue/record.h"

#define COUNT_SIZE 8

static void bucket_key(uint32_t bucket_id, med_key *key) {
  memcpy(key->bytes, "kv/b", 4);
  med_put_u32(key->bytes + 4, bucket_id);
  key->len = 8;
}

static void name_key(med_slice name, med_key *key) {
  memcpy(key->bytes, "kv/n", 4);
  memcpy(key->bytes + 4, name.bytes, name.len);
  key->len = (uint16_t)(4 + name.len);
}

/* "0" to "15". */
static bool numbered_bucket(med_slice name, uint32_t *id) {
  const char *text = name.bytes;
  if (name.len == 1 && text[0] >= '0' && text[0] <= '9') {
    *id = (uint32_t)(text[0] - '0');
    return true;
  }
  if (name.len == 2 && text[0] == '1' && text[1] >= '0' && text[1] <= '5') {
    *id = 10 + (uint32_t)(text[1] - '0');
    return true;
  }
  return false;
}

static int damaged(med_txn *txn) {
  return med_error_set(med_txn_error(txn), MEDLEY_CORRUPT, "key-value: the catalog of buckets does not decode");
}

/* Ids are taken in order: the next one is one past the last. */
static int next_bucket_id(med_txn *txn, uint32_t *id) {
  med_cursor *cursor = NULL;
  med_slice found;
  med_key end;
  int rc;
  MED_TRY(med_cursor_open(txn, MED_TREE_META, &cursor));
  *id = MED_KV_NUMBERED_BUCKETS;
  bucket_key(MED_KV_BUCKET_ID_MAX, &end);
  rc = med_cursor_seek_before(cursor, med_key_slice(&end), &found, NULL);
  if (rc == MEDLEY_OK && found.len == 8 && memcmp(found.bytes, "kv/b", 4) == 0) {
    uint32_t last = med_get_u32((const uint8_t *)found.bytes + 4);
    if (last >= *id) *id = last + 1;
  }
  if (rc == MEDLEY_NOT_FOUND) rc = MEDLEY_OK;
  if (rc == MEDLEY_OK && *id >= MED_KV_BUCKET_ID_MAX)
    rc = med_error_set(med_txn_error(txn), MEDLEY_TOO_BIG, "key-value: there are no more numbers for buckets");
done:
  med_cursor_close(cursor);
  return rc;
}

static int create_bucket(med_txn *txn, med_slice name, uint32_t *id) {
  int rc;
  med_key key;
  uint8_t record[COUNT_SIZE + MED_KV_BUCKET_NAME_MAX] = {0}, id_bytes[4];
  MED_TRY(next_bucket_id(txn, id));
  med_put_u32(id_bytes, *id);
  name_key(name, &key);
  MED_TRY(med_txn_put(txn, MED_TREE_META, med_key_slice(&key), med_slice_of(id_bytes, sizeof id_bytes)));
  memcpy(record + COUNT_SIZE, name.bytes, name.len);
  bucket_key(*id, &key);
  MED_TRY(med_txn_put(txn, MED_TREE_META, med_key_slice(&key), med_slice_of(record, COUNT_SIZE + name.len)));
done:
  return rc;
}

int med_kv_open(med_txn *txn, med_slice bucket_name, bool create, med_kv *kv) {
  kv->txn = txn;
  if (numbered_bucket(bucket_name, &kv->bucket_id)) return MEDLEY_OK;
  if (bucket_name.len == 0 || bucket_name.len > MED_KV_BUCKET_NAME_MAX)
    return med_error_set(med_txn_error(txn), MEDLEY_TOO_BIG, "key-value: a bucket's name has 1 to %d bytes",
                         MED_KV_BUCKET_NAME_MAX);
  med_key key;
  med_slice value;
  name_key(bucket_name, &key);
  int rc = med_txn_get(txn, MED_TREE_META, med_key_slice(&key), &value);
  if (rc == MEDLEY_NOT_FOUND && create) return create_bucket(txn, bucket_name, &kv->bucket_id);
  if (rc != MEDLEY_OK) return rc;
  if (value.len != 4) return damaged(txn);
  kv->bucket_id = med_get_u32(value.bytes);
  return MEDLEY_OK;
}

int med_bucket_count(med_txn *txn, uint32_t bucket_id, uint64_t *count) {
  med_key key;
  med_slice value;
  *count = 0;
  bucket_key(bucket_id, &key);
  int rc = med_txn_get(txn, MED_TREE_META, med_key_slice(&key), &value);
  if (rc == MEDLEY_NOT_FOUND) return MEDLEY_OK;
  if (rc != MEDLEY_OK) return rc;
  if (value.len < COUNT_SIZE) return damaged(txn);
  *count = med_get_u64(value.bytes);
  return MEDLEY_OK;
}

int med_bucket_count_add(med_txn *txn, uint32_t bucket_id, int64_t by) {
  med_key key;
  med_slice value;
  uint8_t record[COUNT_SIZE + MED_KV_BUCKET_NAME_MAX] = {0};
  size_t len = COUNT_SIZE;
  bucket_key(bucket_id, &key);
  int rc = med_txn_get(txn, MED_TREE_META, med_key_slice(&key), &value);
  if (rc == MEDLEY_OK) {
    if (value.len < COUNT_SIZE || value.len > sizeof record) return damaged(txn);
    memcpy(record, value.bytes, value.len);
    len = value.len;
  } else if (rc != MEDLEY_NOT_FOUND) {
    return rc;
  }
  uint64_t count = med_get_u64(record);
  if (by < 0 && count < (uint64_t)-by) return damaged(txn);
  count += (uint64_t)by;
  if (count == 0 && bucket_id == MED_KV_SWAP_BUCKET) return med_txn_delete(txn, MED_TREE_META, med_key_slice(&key));
  med_put_u64(record, count);
  return med_txn_put(txn, MED_TREE_META, med_key_slice(&key), med_slice_of(record, len));
}

/* The first named bucket with an id of at least *id; its name is copied. */
static int named_bucket_from(med_txn *txn, uint32_t *id, char name[MED_KV_BUCKET_NAME_MAX], size_t *name_len) {
  med_cursor *cursor = NULL;
  med_key from;
  med_slice key, value;
  int rc;
  MED_TRY(med_cursor_open(txn, MED_TREE_META, &cursor));
  bucket_key(*id, &from);
  MED_TRY(med_cursor_seek(cursor, med_key_slice(&from), &key, &value));
  if (key.len != 8 || memcmp(key.bytes, "kv/b", 4) != 0) {
    rc = MEDLEY_NOT_FOUND;
    goto done;
  }
  *id = med_get_u32((const uint8_t *)key.bytes + 4);
  if (*id >= MED_KV_BUCKET_ID_MAX) {
    rc = MEDLEY_NOT_FOUND;
    goto done;
  }
  if (value.len < COUNT_SIZE || value.len - COUNT_SIZE > MED_KV_BUCKET_NAME_MAX) {
    rc = damaged(txn);
    goto done;
  }
  *name_len = value.len - COUNT_SIZE;
  memcpy(name, (const char *)value.bytes + COUNT_SIZE, *name_len);
done:
  med_cursor_close(cursor);
  return rc;
}

int med_kv_each_bucket(med_txn *txn, int (*on_bucket)(void *, med_slice name, uint32_t id), void *context) {
  for (uint32_t id = 0; id < MED_KV_NUMBERED_BUCKETS; id++) {
    char digits[2] = {(char)('0' + (id < 10 ? id : 1)), (char)('0' + (id < 10 ? 0 : id - 10))};
    int rc = on_bucket(context, med_slice_of(digits, id < 10 ? 1 : 2), id);
    if (rc != 0) return rc;
  }
  char name[MED_KV_BUCKET_NAME_MAX];
  size_t name_len = 0;
  for (uint32_t id = MED_KV_NUMBERED_BUCKETS;; id++) {
    int rc = named_bucket_from(txn, &id, name, &name_len);
    if (rc == MEDLEY_NOT_FOUND) return MEDLEY_OK;
    if (rc == MEDLEY_OK) rc = on_bucket(context, med_slice_of(name, name_len), id);
    if (rc != MEDLEY_OK) return rc;
  }
}
