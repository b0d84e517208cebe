/* collection.c - opening and saving collections, part keys, elements in chunks, walks over parts. */
#include "models/keyvalue/collection.h"

#define CHUNK_SIZE 4064
#define CHUNKED 0xFFFF
#define CHUNKED_SIZE 18
#define LENGTH_SIZE 2
#define HASH_SIZE 16

int med_collection_open(med_kv *kv, med_slice key, med_kv_type type, med_arena *arena, med_collection *collection) {
  memset(collection, 0, sizeof *collection);
  collection->kv = kv;
  collection->key = key;
  collection->type = type;
  collection->arena = arena;
  collection->now_ms = med_txn_now_us(kv->txn) / 1000;
  int rc = med_kv_find_typed(kv, key, type, &collection->meta);
  collection->exists = rc == MEDLEY_OK;
  if (rc == MEDLEY_NOT_FOUND) {
    memset(&collection->meta, 0, sizeof collection->meta);
    collection->meta.type = type;
    return MEDLEY_OK;
  }
  return rc;
}

int med_collection_create(med_collection *collection) {
  if (collection->exists) return MEDLEY_OK;
  bool created;
  int rc = med_kv_find_or_create(collection->kv, collection->key, collection->type, &collection->meta, &created);
  if (rc != MEDLEY_OK) return rc;
  collection->exists = true;
  return MEDLEY_OK;
}

int med_collection_save(med_collection *collection) {
  if (!collection->changed || !collection->exists) return MEDLEY_OK;
  collection->changed = false;
  int rc = med_kv_save(collection->kv, collection->key, &collection->meta);
  if (collection->meta.count == 0) collection->exists = false;
  return rc;
}

int med_collection_damaged(const med_collection *collection, const char *what) {
  return med_error_set(med_txn_error(collection->kv->txn), MEDLEY_CORRUPT, "key-value: %s: object %llu", what,
                       (unsigned long long)collection->meta.object_id);
}

/* ---- Names and keys of parts ---- */
void med_part_key(const med_collection *collection, uint8_t tag, med_key *key) {
  med_kv_part_key(collection->meta.object_id, key);
  med_key_add_u8(key, tag);
}

static void add_raw(med_key *key, const void *bytes, size_t len) {
  if (len == 0) return;
  memcpy(key->bytes + key->len, bytes, len);
  key->len = (uint16_t)(key->len + len);
}

void med_part_add_name(med_key *key, med_slice name) {
  if (name.len <= MED_PART_NAME_MAX) {
    add_raw(key, name.bytes, name.len);
    return;
  }
  uint8_t hash[HASH_SIZE];
  med_hash128(name.bytes, name.len, hash);
  add_raw(key, name.bytes, MED_PART_NAME_MAX);
  add_raw(key, hash, HASH_SIZE);
}

/* ---- Elements ---- */
static void chunk_key(const med_collection *collection, uint64_t number, uint64_t index, med_key *key) {
  med_part_key(collection, MED_PART_CHUNK, key);
  med_key_add_u64(key, number);
  med_key_add_u32(key, (uint32_t)index);
}

static int put_chunks(med_collection *collection, uint64_t number, med_slice bytes) {
  const char *from = bytes.bytes;
  for (uint64_t offset = 0; offset < bytes.len; offset += CHUNK_SIZE) {
    size_t len = bytes.len - offset < CHUNK_SIZE ? (size_t)(bytes.len - offset) : CHUNK_SIZE;
    med_key key;
    chunk_key(collection, number, offset / CHUNK_SIZE, &key);
    int rc = med_txn_put(collection->kv->txn, MED_TREE_KV, med_key_slice(&key), med_slice_of(from + offset, len));
    if (rc != MEDLEY_OK) return rc;
  }
  return MEDLEY_OK;
}

int med_element_add(med_collection *collection, med_part_record *record, med_slice bytes, size_t reserve) {
  uint8_t *at = record->bytes + record->len;
  if (record->len + LENGTH_SIZE + bytes.len + reserve <= MED_VALUE_SIZE_MAX) {
    med_put_u16(at, (uint16_t)bytes.len);
    if (bytes.len > 0) memcpy(at + LENGTH_SIZE, bytes.bytes, bytes.len);
    record->len += LENGTH_SIZE + bytes.len;
    return MEDLEY_OK;
  }
  if (bytes.len > MED_ELEMENT_SIZE_MAX) {
    return med_error_set(med_txn_error(collection->kv->txn), MEDLEY_TOO_BIG,
                         "ERR string exceeds maximum allowed size (64 MiB for one element)");
  }
  uint64_t number;
  int rc = med_txn_next_id(collection->kv->txn, &number);
  if (rc == MEDLEY_OK) rc = put_chunks(collection, number, bytes);
  if (rc != MEDLEY_OK) return rc;
  med_put_u16(at, CHUNKED);
  med_put_u64(at + 2, number);
  med_put_u64(at + 10, bytes.len);
  record->len += CHUNKED_SIZE;
  return MEDLEY_OK;
}

int med_element_take(med_collection *collection, med_slice *rest, med_element *element) {
  const uint8_t *at = rest->bytes;
  if (rest->len < LENGTH_SIZE) return med_collection_damaged(collection, "an element is missing");
  size_t taken;
  element->len = med_get_u16(at);
  element->chunked = element->len == CHUNKED;
  if (element->chunked) {
    taken = CHUNKED_SIZE;
    if (rest->len < taken) return med_collection_damaged(collection, "an element is cut");
    element->number = med_get_u64(at + 2);
    element->len = med_get_u64(at + 10);
    element->bytes = med_slice_of(NULL, 0);
    if (element->len > MED_ELEMENT_SIZE_MAX) return med_collection_damaged(collection, "an element is too long");
  } else {
    taken = LENGTH_SIZE + (size_t)element->len;
    if (rest->len < taken) return med_collection_damaged(collection, "an element is cut");
    element->bytes = med_slice_of(at + LENGTH_SIZE, (size_t)element->len);
  }
  *rest = med_slice_of(at + taken, rest->len - taken);
  return MEDLEY_OK;
}

/* Hands each chunk to on_chunk with its offset. */
static int each_chunk(med_collection *collection, const med_element *element,
                      bool (*on_chunk)(void *, uint64_t offset, med_slice chunk), void *context) {
  for (uint64_t offset = 0; offset < element->len; offset += CHUNK_SIZE) {
    med_key key;
    med_slice chunk;
    chunk_key(collection, element->number, offset / CHUNK_SIZE, &key);
    int rc = med_txn_get(collection->kv->txn, MED_TREE_KV, med_key_slice(&key), &chunk);
    if (rc == MEDLEY_NOT_FOUND) return med_collection_damaged(collection, "a chunk is missing");
    if (rc != MEDLEY_OK) return rc;
    uint64_t left = element->len - offset;
    if (chunk.len != (left < CHUNK_SIZE ? left : CHUNK_SIZE)) {
      return med_collection_damaged(collection, "a chunk has a wrong length");
    }
    if (!on_chunk(context, offset, chunk)) break;
  }
  return MEDLEY_OK;
}

static bool copy_chunk(void *context, uint64_t offset, med_slice chunk) {
  memcpy((char *)context + offset, chunk.bytes, chunk.len);
  return true;
}

int med_element_load(med_collection *collection, const med_element *element, med_slice *bytes) {
  *bytes = element->bytes;
  if (!element->chunked) return MEDLEY_OK;
  char *space = med_arena_alloc(collection->arena, (size_t)element->len);
  if (space == NULL) return med_error_no_memory(med_txn_error(collection->kv->txn));
  *bytes = med_slice_of(space, (size_t)element->len);
  return each_chunk(collection, element, copy_chunk, space);
}

typedef struct comparison {
  const char *bytes;
  bool equal;
} comparison;

static bool compare_chunk(void *context, uint64_t offset, med_slice chunk) {
  comparison *compared = context;
  compared->equal = memcmp(compared->bytes + offset, chunk.bytes, chunk.len) == 0;
  return compared->equal;
}

int med_element_equal(med_collection *collection, const med_element *element, med_slice bytes, bool *equal) {
  *equal = false;
  if (element->len != bytes.len) return MEDLEY_OK;
  if (!element->chunked) {
    *equal = med_slice_equal(element->bytes, bytes);
    return MEDLEY_OK;
  }
  comparison compared = {bytes.bytes, true};
  int rc = each_chunk(collection, element, compare_chunk, &compared);
  *equal = rc == MEDLEY_OK && compared.equal;
  return rc;
}

int med_element_drop(med_collection *collection, const med_element *element) {
  if (!element->chunked) return MEDLEY_OK;
  med_key from, to;
  chunk_key(collection, element->number, 0, &from);
  chunk_key(collection, element->number, UINT32_MAX, &to);
  size_t deleted;
  return med_txn_delete_range(collection->kv->txn, MED_TREE_KV, med_key_slice(&from), med_key_slice(&to), SIZE_MAX,
                              &deleted);
}

/* ---- Walking ---- */
int med_part_walk_open(med_collection *collection, uint8_t tag, med_slice from, bool reverse, med_part_walk *walk) {
  memset(walk, 0, sizeof *walk);
  walk->collection = collection;
  walk->tag = tag;
  walk->reverse = reverse;
  if (!collection->exists) return MEDLEY_OK;
  med_part_key(collection, reverse && from.len == 0 ? (uint8_t)(tag + 1) : tag, &walk->from);
  add_raw(&walk->from, from.bytes, from.len);
  return med_cursor_open(collection->kv->txn, MED_TREE_KV, &walk->cursor);
}

static int step(med_part_walk *walk, med_slice *key) {
  if (walk->begun) {
    return walk->reverse ? med_cursor_previous(walk->cursor, key, &walk->value)
                         : med_cursor_next(walk->cursor, key, &walk->value);
  }
  walk->begun = true;
  med_slice from = med_key_slice(&walk->from);
  return walk->reverse ? med_cursor_seek_before(walk->cursor, from, key, &walk->value)
                       : med_cursor_seek(walk->cursor, from, key, &walk->value);
}

int med_part_walk_next(med_part_walk *walk) {
  if (walk->cursor == NULL) return MEDLEY_NOT_FOUND;
  med_slice key;
  int rc = step(walk, &key);
  if (rc != MEDLEY_OK) return rc;
  const uint8_t *bytes = key.bytes;
  if (key.len < MED_PART_PREFIX_SIZE || memcmp(bytes, walk->from.bytes, MED_PART_PREFIX_SIZE - 1) != 0 ||
      bytes[MED_PART_PREFIX_SIZE - 1] != walk->tag) {
    return MEDLEY_NOT_FOUND;
  }
  walk->name = med_slice_of(bytes + MED_PART_PREFIX_SIZE, key.len - MED_PART_PREFIX_SIZE);
  return MEDLEY_OK;
}

void med_part_walk_close(med_part_walk *walk) {
  if (walk->cursor != NULL) med_cursor_close(walk->cursor);
  walk->cursor = NULL;
}
