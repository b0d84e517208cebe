/* sample.c - random choices by a sample of the names. */
#include "models/keyvalue/sample.h"

#define SAMPLE_ONE_IN 16
#define RUN_FAIR_LEN 96 /* longer runs, one in 500, are chosen a little too seldom */
#define TRIES_MAX 128
#define SPREAD 32 /* a random hash finds a name in proportion to the gap before it: some random steps even that out */

static uint64_t hash_of(med_slice name) { return med_hash64(name.bytes, name.len, 0); }
static bool is_sampled(med_slice name) { return hash_of(name) % SAMPLE_ONE_IN == 0; }

static void sample_key(const med_collection *collection, uint64_t hash, med_key *key) {
  med_part_key(collection, MED_PART_SAMPLE, key);
  med_key_add_u64(key, hash);
}

int med_sample_add(med_collection *collection, med_slice stored_name) {
  uint64_t hash = hash_of(stored_name);
  if (hash % SAMPLE_ONE_IN != 0) return MEDLEY_OK;
  med_key key;
  sample_key(collection, hash, &key);
  return med_txn_put(collection->kv->txn, MED_TREE_KV, med_key_slice(&key), stored_name);
}

int med_sample_remove(med_collection *collection, med_slice stored_name) {
  uint64_t hash = hash_of(stored_name);
  if (hash % SAMPLE_ONE_IN != 0) return MEDLEY_OK;
  med_key key;
  sample_key(collection, hash, &key);
  int rc = med_txn_delete(collection->kv->txn, MED_TREE_KV, med_key_slice(&key));
  return rc == MEDLEY_NOT_FOUND ? MEDLEY_OK : rc; /* two names of one hash shared the record */
}

uint64_t med_sample_random(med_collection *collection, uint64_t below) {
  uint64_t random = med_store_random(med_txn_store(collection->kv->txn));
  return random % below;
}

static void copy_name(med_key *to, med_slice name) {
  to->len = (uint16_t)name.len;
  if (name.len > 0) memcpy(to->bytes, name.bytes, name.len);
}

/* A walk that begins anew behind the last part. */
typedef struct cyclic_walk {
  med_part_walk parts;
  bool wrapped;
} cyclic_walk;

static int cyclic_open(med_collection *collection, uint8_t tag, med_slice from, cyclic_walk *walk) {
  walk->wrapped = false;
  return med_part_walk_open(collection, tag, from, false, &walk->parts);
}

/* NOT_FOUND only if there is nothing at all, or the end was met a second time. */
static int cyclic_next(cyclic_walk *walk) {
  int rc = med_part_walk_next(&walk->parts);
  if (rc != MEDLEY_NOT_FOUND || walk->wrapped) return rc;
  med_collection *collection = walk->parts.collection;
  uint8_t tag = walk->parts.tag;
  walk->wrapped = true;
  med_part_walk_close(&walk->parts);
  rc = med_part_walk_open(collection, tag, med_slice_of(NULL, 0), false, &walk->parts);
  return rc == MEDLEY_OK ? med_part_walk_next(&walk->parts) : rc;
}

/* The name `steps` behind `from`, cyclically. */
static int name_at(med_collection *collection, uint8_t tag, med_slice from, uint64_t steps, med_key *name) {
  cyclic_walk walk;
  int rc = cyclic_open(collection, tag, from, &walk);
  if (rc != MEDLEY_OK) return rc;
  for (uint64_t i = 0; i <= steps && rc == MEDLEY_OK; i++) rc = cyclic_next(&walk);
  if (rc == MEDLEY_OK) copy_name(name, walk.parts.name);
  med_part_walk_close(&walk.parts);
  return rc;
}

/* A sampled name, about equally likely each; NOT_FOUND if there are none. */
static int pick_sampled(med_collection *collection, med_key *name) {
  uint8_t start[8];
  med_put_u64(start, med_store_random(med_txn_store(collection->kv->txn)));
  uint64_t steps = med_sample_random(collection, SPREAD);
  cyclic_walk walk;
  int rc = cyclic_open(collection, MED_PART_SAMPLE, med_slice_of(start, sizeof start), &walk);
  if (rc != MEDLEY_OK) return rc;
  for (uint64_t i = 0; i <= steps; i++) {
    rc = cyclic_next(&walk);
    if (rc != MEDLEY_OK) break;
  }
  if (rc == MEDLEY_OK && walk.parts.value.len > MED_PART_LONG_NAME) {
    rc = med_collection_damaged(collection, "a sampled name is too long");
  }
  if (rc == MEDLEY_OK) copy_name(name, walk.parts.value);
  med_part_walk_close(&walk.parts);
  return rc;
}

/* How many names there are from `first` up to the next sampled one, cyclically; at most `limit`. */
static int run_len(med_collection *collection, uint8_t tag, med_slice first, uint64_t limit, uint64_t *len) {
  cyclic_walk walk;
  *len = 0;
  int rc = cyclic_open(collection, tag, first, &walk);
  if (rc != MEDLEY_OK) return rc;
  while (*len < limit) {
    rc = cyclic_next(&walk);
    if (rc != MEDLEY_OK || (*len > 0 && is_sampled(walk.parts.name))) break;
    ++*len;
  }
  med_part_walk_close(&walk.parts);
  return rc == MEDLEY_NOT_FOUND ? MEDLEY_OK : rc;
}

int med_sample_pick(med_collection *collection, uint8_t tag, med_key *name) {
  uint64_t count = collection->meta.count;
  med_slice none = med_slice_of(NULL, 0);
  if (!collection->exists || count == 0) return MEDLEY_NOT_FOUND;
  if (count <= MED_SAMPLE_WALK) return name_at(collection, tag, none, med_sample_random(collection, count), name);
  for (int tries = 0; tries < TRIES_MAX; tries++) {
    med_key first;
    uint64_t len;
    int rc = pick_sampled(collection, &first);
    if (rc == MEDLEY_NOT_FOUND) break;
    if (rc == MEDLEY_OK) rc = run_len(collection, tag, med_key_slice(&first), count, &len);
    if (rc != MEDLEY_OK) return rc;
    if (len == 0 || med_sample_random(collection, RUN_FAIR_LEN) >= len) continue;
    return name_at(collection, tag, med_key_slice(&first), med_sample_random(collection, len), name);
  }
  return name_at(collection, tag, none, med_sample_random(collection, count), name);
}
