/* walk.c - walking the keys of a bucket, and what is done to all of them: flush, swap, a random one. */
#include "models/keyvalue/record.h"

/* A record's key as a copy; CORRUPT if it is longer than those of records, of which keys of other trees are made. */
static int copy_key(med_kv *kv, med_slice key, med_key *copy) {
  copy->len = 0;
  if (key.len > MED_KV_TAIL_OFFSET + MED_KV_TAIL_MAX)
    return med_error_set(med_txn_error(kv->txn), MEDLEY_CORRUPT, "key-value: a record's key has a wrong length");
  med_key_set(copy, key);
  return MEDLEY_OK;
}

int med_kv_walk_open_tail(med_kv *kv, med_slice tail, med_kv_walk *walk) {
  memset(walk, 0, offsetof(med_kv_walk, position));
  memset(&walk->long_key, 0, sizeof walk->long_key);
  walk->key = med_slice_of(NULL, 0);
  walk->started = false;
  walk->kv = *kv;
  if (tail.len > MED_KV_TAIL_MAX) tail.len = MED_KV_TAIL_MAX;
  med_record_key_of_tail(kv->bucket_id, tail, &walk->position);
  return med_cursor_open(kv->txn, MED_TREE_KV, &walk->cursor);
}

int med_kv_walk_open(med_kv *kv, med_slice from, med_kv_walk *walk) {
  med_key tree_key;
  med_record_key(kv->bucket_id, from, &tree_key);
  return med_kv_walk_open_tail(kv, med_record_tail(&tree_key), walk);
}

/* The entry after the present position, which need not exist any more. */
static int step(med_kv_walk *walk, med_slice *key, med_slice *value) {
  if (!walk->started) {
    walk->started = true;
    return med_cursor_seek(walk->cursor, med_key_slice(&walk->position), key, value);
  }
  return med_cursor_next(walk->cursor, key, value);
}

int med_kv_walk_next(med_kv_walk *walk) {
  for (;;) {
    med_slice key, value;
    int rc = step(walk, &key, &value);
    if (rc != MEDLEY_OK) return rc;
    const uint8_t *bytes = key.bytes;
    if (key.len < MED_KV_TAIL_OFFSET || bytes[0] != MED_KV_KEY_RECORD || med_get_u32(bytes + 1) != walk->kv.bucket_id)
      return MEDLEY_NOT_FOUND;
    med_kv_whole_key whole;
    rc = copy_key(&walk->kv, key, &walk->position);
    if (rc == MEDLEY_OK) rc = med_record_decode(walk->kv.txn, value, &walk->meta, &whole);
    if (rc != MEDLEY_OK) return rc;
    bool live;
    rc = med_record_is_live(walk->kv.txn, &walk->meta, &live);
    if (rc != MEDLEY_OK) return rc;
    if (!live) continue;
    return med_record_whole_key(walk->kv.txn, &walk->position, &walk->meta, &whole, &walk->long_key, &walk->key);
  }
}

med_slice med_kv_walk_tail(const med_kv_walk *walk) { return med_record_tail(&walk->position); }

void med_kv_walk_close(med_kv_walk *walk) {
  med_cursor_close(walk->cursor);
  walk->cursor = NULL;
  med_buffer_clear(&walk->long_key);
}

/* The first record of the bucket, expired or not. */
static int first_record(med_kv *kv, med_key *tree_key, med_kv_meta *meta) {
  med_cursor *cursor = NULL;
  med_kv_whole_key whole;
  med_slice key, value;
  int rc = med_cursor_open(kv->txn, MED_TREE_KV, &cursor);
  if (rc != MEDLEY_OK) return rc;
  med_record_key_of_tail(kv->bucket_id, med_slice_of(NULL, 0), tree_key);
  MED_TRY(med_cursor_seek(cursor, med_key_slice(tree_key), &key, &value));
  if (!med_slice_starts_with(key, med_key_slice(tree_key))) {
    rc = MEDLEY_NOT_FOUND;
    goto done;
  }
  MED_TRY(copy_key(kv, key, tree_key));
  rc = med_record_decode(kv->txn, value, meta, &whole);
done:
  med_cursor_close(cursor);
  return rc;
}

int med_kv_flush_slice(med_kv *kv, size_t limit, bool *left) {
  *left = false;
  for (size_t i = 0; i < limit; i++) {
    med_key tree_key;
    med_kv_meta meta;
    int rc = first_record(kv, &tree_key, &meta);
    if (rc == MEDLEY_NOT_FOUND) return MEDLEY_OK;
    if (rc == MEDLEY_OK) rc = med_record_remove(kv->txn, kv->bucket_id, &tree_key, &meta);
    if (rc != MEDLEY_OK) return rc;
  }
  *left = true;
  return MEDLEY_OK;
}

int med_kv_flush(med_kv *kv) {
  bool left;
  return med_kv_flush_slice(kv, SIZE_MAX, &left);
}

/* Moves every key into a bucket that is empty. */
static int move_all(med_kv *from, med_kv *to) {
  for (;;) {
    med_kv_walk walk;
    med_buffer key = {0};
    int rc = med_kv_walk_open_tail(from, med_slice_of(NULL, 0), &walk);
    if (rc == MEDLEY_OK) rc = med_kv_walk_next(&walk);
    if (rc == MEDLEY_OK && !med_buffer_append(&key, walk.key.bytes, walk.key.len))
      rc = med_error_no_memory(med_txn_error(from->txn));
    med_kv_walk_close(&walk);
    if (rc == MEDLEY_OK) rc = med_kv_move(from, med_slice_of(key.bytes, key.len), to, med_slice_of(key.bytes, key.len));
    med_buffer_clear(&key);
    if (rc == MEDLEY_NOT_FOUND) return med_kv_flush(from); /* what is left has expired */
    if (rc != MEDLEY_OK) return rc;
  }
}

int med_kv_swap(med_kv *a, med_kv *b) {
  if (a->bucket_id == b->bucket_id) return MEDLEY_OK;
  med_kv between = {a->txn, MED_KV_SWAP_BUCKET};
  int rc;
  MED_TRY(move_all(a, &between));
  MED_TRY(move_all(b, a));
  MED_TRY(move_all(&between, b));
done:
  return rc;
}

int med_kv_random_key(med_kv *kv, uint64_t random, med_buffer *key) {
  med_key first, last;
  med_kv_meta meta;
  med_kv_walk walk = {0};
  med_cursor *cursor = NULL;
  med_slice end;
  uint8_t after[MED_KV_TAIL_OFFSET], point[8];
  int rc = first_record(kv, &first, &meta);
  if (rc != MEDLEY_OK) return rc;
  after[0] = MED_KV_KEY_RECORD;
  med_put_u32(after + 1, kv->bucket_id + 1);
  MED_TRY(med_cursor_open(kv->txn, MED_TREE_KV, &cursor));
  MED_TRY(med_cursor_seek_before(cursor, med_slice_of(after, sizeof after), &end, NULL));
  MED_TRY(copy_key(kv, end, &last));
  /* What first and last have in common, then eight random bytes between their next ones: cheap, and every key can come
   * up; how often depends on how the keys are spread. */
  size_t common = MED_KV_TAIL_OFFSET;
  while (common < first.len && common < last.len && first.bytes[common] == last.bytes[common]) common++;
  uint8_t low = common < first.len ? first.bytes[common] : 0, high = common < last.len ? last.bytes[common] : 0;
  med_put_u64(point, random);
  point[0] = (uint8_t)(low + (random >> 56) % ((unsigned)high - low + 1u));
  med_slice tail = med_slice_of(first.bytes + MED_KV_TAIL_OFFSET, common - MED_KV_TAIL_OFFSET);
  uint8_t from[MED_KV_TAIL_MAX + 8];
  memcpy(from, tail.bytes, tail.len);
  memcpy(from + tail.len, point, sizeof point);
  MED_TRY(med_kv_walk_open_tail(kv, med_slice_of(from, tail.len + sizeof point), &walk));
  rc = med_kv_walk_next(&walk);
  if (rc == MEDLEY_NOT_FOUND) {
    med_kv_walk_close(&walk);
    MED_TRY(med_kv_walk_open_tail(kv, med_slice_of(NULL, 0), &walk));
    rc = med_kv_walk_next(&walk);
  }
  if (rc == MEDLEY_OK) {
    key->len = 0;
    if (!med_buffer_append(key, walk.key.bytes, walk.key.len)) rc = med_error_no_memory(med_txn_error(kv->txn));
  }
done:
  med_cursor_close(cursor);
  med_kv_walk_close(&walk);
  return rc;
}
