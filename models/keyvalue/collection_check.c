/* collection_check.c - reading all parts of a collection and comparing its structures with each other. */
#include "models/keyvalue/collection.h"

#include <inttypes.h>
#include <stdio.h>

#include "models/keyvalue/hash_field.h"
#include "models/keyvalue/ranks.h"
#include "models/keyvalue/runs.h"
#include "models/keyvalue/sorted_set.h"

typedef struct check {
  med_collection collection;
  med_collection_problem on_problem;
  void *context;
  uint64_t *problem_count;
} check;

static void problem(check *work, const char *what) {
  char line[MEDLEY_ERROR_MESSAGE_SIZE + 64];
  snprintf(line, sizeof line, "key-value: object %" PRIu64 ": %s", work->collection.meta.object_id, what);
  work->on_problem(work->context, line);
  ++*work->problem_count;
}

/* A function's failure: damage is a problem like any other, all else ends the check. */
static int survive(check *work, int rc) {
  if (rc != MEDLEY_CORRUPT) return rc == MEDLEY_NOT_FOUND ? MEDLEY_OK : rc;
  problem(work, med_txn_error(work->collection.kv->txn)->message);
  return MEDLEY_OK;
}

/* *names: a sum of the parts' names, the same in whatever order they are met. */
static int count_parts(check *work, uint8_t tag, uint64_t *count, uint64_t *names) {
  med_part_walk walk;
  *count = *names = 0;
  int rc = med_part_walk_open(&work->collection, tag, med_slice_of(NULL, 0), false, &walk);
  while (rc == MEDLEY_OK) {
    rc = med_part_walk_next(&walk);
    if (rc != MEDLEY_OK) break;
    ++*count;
    *names += med_hash64(walk.name.bytes, walk.name.len, 0);
  }
  med_part_walk_close(&walk);
  return rc == MEDLEY_NOT_FOUND ? MEDLEY_OK : rc;
}

/* Every element can be put together. */
static int check_element(check *work, const med_element *element) {
  med_slice bytes;
  int rc = med_element_load(&work->collection, element, &bytes);
  med_arena_reset(work->collection.arena);
  return rc;
}

/* A part with that key, and the name behind it, is there; `missing` says what it means if it is not. */
static int check_part(check *work, med_key *key, med_slice stored_name, const char *missing) {
  if (stored_name.len > MED_PART_LONG_NAME) { /* the file may hold longer ones, a key may not */
    problem(work, "a name is too long");
    return MEDLEY_OK;
  }
  if (stored_name.len > 0) memcpy(key->bytes + key->len, stored_name.bytes, stored_name.len);
  key->len = (uint16_t)(key->len + stored_name.len);
  int rc = med_txn_get(work->collection.kv->txn, MED_TREE_KV, med_key_slice(key), NULL);
  if (rc == MEDLEY_NOT_FOUND) problem(work, missing);
  return rc == MEDLEY_NOT_FOUND ? MEDLEY_OK : rc;
}

/* Every sampled name is a part of that tag. */
static int check_samples(check *work, uint8_t tag) {
  med_part_walk walk;
  int rc = med_part_walk_open(&work->collection, MED_PART_SAMPLE, med_slice_of(NULL, 0), false, &walk);
  while (rc == MEDLEY_OK && (rc = med_part_walk_next(&walk)) == MEDLEY_OK) {
    med_key key;
    med_part_key(&work->collection, tag, &key);
    rc = check_part(work, &key, walk.value, "a sampled name is not there");
  }
  med_part_walk_close(&walk);
  return survive(work, rc);
}

/* ---- Hashes ---- */
static int check_index_entry(check *work, med_slice stored_name, int64_t expires_ms) {
  med_key key;
  med_part_key(&work->collection, MED_PART_FIELD_EXPIRY, &key);
  med_key_add_u64(&key, (uint64_t)expires_ms);
  return check_part(work, &key, stored_name, "a field's expiry is not indexed");
}

static int check_hash(check *work) {
  med_collection *hash = &work->collection;
  uint64_t count = 0, expiring = 0, indexed, names;
  med_part_walk walk;
  int rc = med_part_walk_open(hash, MED_PART_FIELD, med_slice_of(NULL, 0), false, &walk);
  while (rc == MEDLEY_OK && (rc = med_part_walk_next(&walk)) == MEDLEY_OK) {
    med_hash_field field;
    count++;
    rc = med_hash_field_decode(hash, walk.value, &field);
    if (rc == MEDLEY_OK && field.long_name != med_part_is_long(walk.name)) problem(work, "a field's name is cut");
    if (rc == MEDLEY_OK && field.long_name) rc = check_element(work, &field.name);
    if (rc == MEDLEY_OK) rc = check_element(work, &field.value);
    if (rc == MEDLEY_OK && field.expires_ms != 0) {
      expiring++;
      rc = check_index_entry(work, walk.name, field.expires_ms);
    }
    rc = rc == MEDLEY_NOT_FOUND ? MEDLEY_OK : survive(work, rc);
  }
  med_part_walk_close(&walk);
  rc = survive(work, rc);
  if (rc == MEDLEY_OK) rc = count_parts(work, MED_PART_FIELD_EXPIRY, &indexed, &names);
  if (rc != MEDLEY_OK) return rc;
  if (count != hash->meta.count) problem(work, "the number of fields is wrong");
  if (expiring != hash->meta.expiring_fields || indexed != expiring) {
    problem(work, "the number of expiring fields is wrong");
  }
  return check_samples(work, MED_PART_FIELD);
}

/* ---- Lists ---- */
static int check_list(check *work) {
  med_collection *list = &work->collection;
  uint64_t count = 0, elements, nodes, names, found = 0, ignored;
  int rc = count_parts(work, MED_PART_ELEMENT, &elements, &names);
  if (rc != MEDLEY_OK) return rc;
  /* Runs of a damaged list may name one element again and again: no more are looked at than there are. */
  while (count < list->meta.count && count < elements && rc == MEDLEY_OK) {
    med_run run = {list->meta.head, list->meta.count};
    uint64_t offset = 0;
    if (!med_runs_is_dense(list)) rc = med_runs_find(list, count, &run, &offset);
    if (rc != MEDLEY_OK) break;
    uint8_t from[8];
    med_put_u64(from, (uint64_t)run.start ^ ((uint64_t)1 << 63));
    med_part_walk walk;
    rc = med_part_walk_open(list, MED_PART_ELEMENT, med_slice_of(from, sizeof from), false, &walk);
    for (uint64_t i = 0; i < run.len && rc == MEDLEY_OK; i++) {
      med_element element;
      rc = med_part_walk_next(&walk);
      if (rc == MEDLEY_OK &&
          (walk.name.len != 8 || med_get_u64(walk.name.bytes) != (((uint64_t)run.start + i) ^ ((uint64_t)1 << 63)))) {
        problem(work, "an element is missing");
        rc = MEDLEY_NOT_FOUND;
      }
      if (rc == MEDLEY_OK) rc = med_element_take(list, &walk.value, &element);
      if (rc == MEDLEY_OK) rc = check_element(work, &element);
      if (rc == MEDLEY_OK) found += med_hash64(walk.name.bytes, walk.name.len, 0);
    }
    med_part_walk_close(&walk);
    count += run.len;
  }
  if (rc == MEDLEY_NOT_FOUND) problem(work, "fewer elements than were counted");
  if (rc == MEDLEY_OK && count == elements && found != names) problem(work, "an element is in no run, another in two");
  rc = survive(work, rc);
  if (rc != MEDLEY_OK) return rc;
  if (elements != list->meta.count) problem(work, "the number of elements is wrong");
  rc = count_parts(work, MED_PART_RUNS, &nodes, &ignored);
  if (rc == MEDLEY_OK && med_runs_is_dense(list) && nodes > 0) problem(work, "a dense list has runs");
  return rc;
}

/* ---- Sets and sorted sets ---- */
static int check_place(check *work, med_slice stored_name, double score) {
  med_key key;
  med_part_key(&work->collection, MED_PART_SCORE, &key);
  med_key_add_u64(&key, med_key_real_bits(score));
  return check_part(work, &key, stored_name, "a member has no place among the scores");
}

static int check_members(check *work) {
  med_collection *set = &work->collection;
  bool sorted = set->type == MED_KV_SORTED_SET;
  uint64_t count = 0, places, names;
  med_member_walk walk;
  int rc = med_member_walk_open(set, med_slice_of(NULL, 0), &walk);
  while (rc == MEDLEY_OK && (rc = med_member_walk_next(&walk)) == MEDLEY_OK) {
    count++;
    med_key name = {.len = 0};
    med_part_add_name(&name, walk.member);
    if (!med_slice_equal(med_key_slice(&name), walk.parts.name))
      problem(work, "a member's name does not match its key");
    if (sorted) rc = check_place(work, walk.parts.name, walk.score);
    med_arena_reset(set->arena);
  }
  med_member_walk_close(&walk);
  rc = survive(work, rc);
  if (rc != MEDLEY_OK) return rc;
  if (count != set->meta.count) problem(work, "the number of members is wrong");
  if (!sorted) return check_samples(work, MED_PART_MEMBER);
  rc = count_parts(work, MED_PART_SCORE, &places, &names);
  if (rc != MEDLEY_OK) return rc;
  if (places != count) problem(work, "the number of scores is wrong");
  return survive(work, med_ranks_check(set, work->on_problem, work->context, work->problem_count));
}

int med_collection_check(med_kv *kv, med_slice key, const med_kv_meta *meta, med_collection_problem on_problem,
                         void *context, uint64_t *problem_count) {
  med_arena arena = {0};
  check work = {.on_problem = on_problem, .context = context, .problem_count = problem_count};
  work.collection.kv = kv;
  work.collection.key = key;
  work.collection.type = meta->type;
  work.collection.meta = *meta;
  work.collection.exists = true;
  work.collection.arena = &arena;
  int rc = MEDLEY_OK;
  if (meta->type == MED_KV_HASH) rc = check_hash(&work);
  if (meta->type == MED_KV_LIST) rc = check_list(&work);
  if (meta->type == MED_KV_SET || meta->type == MED_KV_SORTED_SET) rc = check_members(&work);
  med_arena_clear(&arena);
  return rc;
}
