/* sorted_set.c - members with scores, in two orders. */
#include "models/keyvalue/sorted_set.h"

#include "models/keyvalue/ranks.h"

#define SCORE_SIZE 8
#define REMOVE_SLICE 256 /* members that one walk collects before they are removed */

int med_sorted_set_open(med_kv *kv, med_slice key, med_arena *arena, med_collection *set) {
  return med_collection_open(kv, key, MED_KV_SORTED_SET, arena, set);
}

/* ---- Records ---- */
typedef struct member_record {
  uint64_t score_bits;
  bool long_name;
  med_element name; /* if long_name */
} member_record;

static int decode_member(med_collection *set, med_slice record, bool long_name, member_record *member) {
  if (record.len < SCORE_SIZE) return med_collection_damaged(set, "a member's record does not decode");
  member->score_bits = med_get_u64(record.bytes);
  member->long_name = long_name;
  if (!long_name) return MEDLEY_OK;
  med_slice rest = med_slice_of((const uint8_t *)record.bytes + SCORE_SIZE, record.len - SCORE_SIZE);
  return med_element_take(set, &rest, &member->name);
}

static void member_key(const med_collection *set, med_slice member, med_key *key) {
  med_part_key(set, MED_PART_MEMBER, key);
  med_part_add_name(key, member);
}

static med_slice stored_name_of(const med_key *key) {
  return med_slice_of(key->bytes + MED_PART_PREFIX_SIZE, (size_t)key->len - MED_PART_PREFIX_SIZE);
}

static void add_stored(med_key *key, med_slice bytes) {
  if (bytes.len > 0) memcpy(key->bytes + key->len, bytes.bytes, bytes.len);
  key->len = (uint16_t)(key->len + bytes.len);
}

static void item_of(uint64_t score_bits, med_slice stored_name, med_key *item) {
  med_key_init(item);
  med_key_add_u64(item, score_bits);
  add_stored(item, stored_name);
}

static int read_member(med_collection *set, med_slice member, med_key *key, member_record *record) {
  if (!set->exists) return MEDLEY_NOT_FOUND;
  med_slice value;
  member_key(set, member, key);
  int rc = med_txn_get(set->kv->txn, MED_TREE_KV, med_key_slice(key), &value);
  if (rc == MEDLEY_OK) rc = decode_member(set, value, member.len > MED_PART_NAME_MAX, record);
  if (rc != MEDLEY_OK || !record->long_name) return rc;
  bool equal;
  rc = med_element_equal(set, &record->name, member, &equal);
  if (rc != MEDLEY_OK || equal) return rc;
  return med_error_set(med_txn_error(set->kv->txn), MEDLEY_ERROR, "ERR another long member has the same hash");
}

int med_sorted_set_score(med_collection *set, med_slice member, double *score) {
  med_key key;
  member_record record;
  int rc = read_member(set, member, &key, &record);
  if (rc == MEDLEY_OK) *score = med_key_real_from_bits(record.score_bits);
  return rc;
}

/* ---- Changes ---- */
static int add_item(med_collection *set, uint64_t score_bits, med_slice stored_name) {
  med_key item, key;
  item_of(score_bits, stored_name, &item);
  med_part_key(set, MED_PART_SCORE, &key);
  add_stored(&key, med_key_slice(&item));
  int rc = med_txn_put(set->kv->txn, MED_TREE_KV, med_key_slice(&key), med_slice_of(NULL, 0));
  set->meta.count++;
  return rc == MEDLEY_OK ? med_ranks_added(set, med_key_slice(&item)) : rc;
}

static int remove_item(med_collection *set, uint64_t score_bits, med_slice stored_name) {
  med_key item, key;
  item_of(score_bits, stored_name, &item);
  med_part_key(set, MED_PART_SCORE, &key);
  add_stored(&key, med_key_slice(&item));
  int rc = med_txn_delete(set->kv->txn, MED_TREE_KV, med_key_slice(&key));
  if (rc == MEDLEY_NOT_FOUND || (rc == MEDLEY_OK && set->meta.count == 0)) {
    return med_collection_damaged(set, "a member has no place among the scores");
  }
  if (rc != MEDLEY_OK) return rc;
  set->meta.count--;
  return med_ranks_removed(set, med_key_slice(&item));
}

/* The member's record with another score; the element of a long member stays as it is. */
static int rewrite_score(med_collection *set, const med_key *key, uint64_t score_bits) {
  med_slice present;
  med_part_record record;
  int rc = med_txn_get(set->kv->txn, MED_TREE_KV, med_key_slice(key), &present);
  if (rc != MEDLEY_OK) return rc;
  if (present.len > sizeof record.bytes) return med_collection_damaged(set, "a member's record is too long");
  record.len = present.len;
  memcpy(record.bytes, present.bytes, present.len);
  med_put_u64(record.bytes, score_bits);
  return med_txn_put(set->kv->txn, MED_TREE_KV, med_key_slice(key), med_slice_of(record.bytes, record.len));
}

int med_sorted_set_put(med_collection *set, med_slice member, double score, bool *created, bool *changed) {
  med_key key;
  member_record present;
  uint64_t bits = med_key_real_bits(score);
  int rc;
  MED_TRY(med_collection_create(set));
  rc = read_member(set, member, &key, &present);
  if (rc != MEDLEY_OK && rc != MEDLEY_NOT_FOUND) goto done;
  bool fresh = rc == MEDLEY_NOT_FOUND, moved = !fresh && present.score_bits != bits;
  if (created != NULL) *created = fresh;
  if (changed != NULL) *changed = moved;
  rc = MEDLEY_OK;
  if (fresh) {
    med_part_record record = {.len = SCORE_SIZE};
    med_put_u64(record.bytes, bits);
    if (member.len > MED_PART_NAME_MAX) MED_TRY(med_element_add(set, &record, member, 0));
    MED_TRY(med_txn_put(set->kv->txn, MED_TREE_KV, med_key_slice(&key), med_slice_of(record.bytes, record.len)));
  } else if (moved) {
    MED_TRY(rewrite_score(set, &key, bits));
    MED_TRY(remove_item(set, present.score_bits, stored_name_of(&key)));
  }
  if (fresh || moved) MED_TRY(add_item(set, bits, stored_name_of(&key)));
done:
  return rc;
}

static int remove_member(med_collection *set, const med_key *key, const member_record *record) {
  int rc = record->long_name ? med_element_drop(set, &record->name) : MEDLEY_OK;
  if (rc == MEDLEY_OK) rc = med_txn_delete(set->kv->txn, MED_TREE_KV, med_key_slice(key));
  return rc == MEDLEY_OK ? remove_item(set, record->score_bits, stored_name_of(key)) : rc;
}

int med_sorted_set_remove(med_collection *set, med_slice member) {
  med_key key;
  member_record record;
  int rc = read_member(set, member, &key, &record);
  return rc == MEDLEY_OK ? remove_member(set, &key, &record) : rc;
}

int med_sorted_set_rank(med_collection *set, med_slice member, uint64_t *rank) {
  med_key key, item;
  member_record record;
  int rc = read_member(set, member, &key, &record);
  if (rc != MEDLEY_OK) return rc;
  item_of(record.score_bits, stored_name_of(&key), &item);
  return med_ranks_of(set, med_key_slice(&item), rank);
}

/* ---- Bounds ---- */
void med_sorted_set_bound_start(med_sorted_set_bound *bound) { item_of(0, med_slice_of(NULL, 0), bound); }
void med_sorted_set_bound_end(med_sorted_set_bound *bound) { item_of(UINT64_MAX, med_slice_of(NULL, 0), bound); }

void med_sorted_set_bound_score(double score, bool behind, med_sorted_set_bound *bound) {
  item_of(med_key_real_bits(score) + behind, med_slice_of(NULL, 0), bound);
}

int med_sorted_set_bound_name(med_collection *set, med_slice member, bool behind, med_sorted_set_bound *bound) {
  med_part_walk walk;
  med_sorted_set_bound_start(bound);
  int rc = med_part_walk_open(set, MED_PART_SCORE, med_slice_of(NULL, 0), false, &walk);
  if (rc == MEDLEY_OK) rc = med_part_walk_next(&walk);
  if (rc == MEDLEY_OK && walk.name.len < SCORE_SIZE) rc = med_collection_damaged(set, "a score is missing");
  if (rc == MEDLEY_OK) {
    bound->len = SCORE_SIZE;
    memcpy(bound->bytes, walk.name.bytes, SCORE_SIZE);
    med_part_add_name(bound, member);
    if (behind) med_key_add_u8(bound, 0);
  }
  med_part_walk_close(&walk);
  return rc == MEDLEY_NOT_FOUND ? MEDLEY_OK : rc;
}

int med_sorted_set_bound_rank(med_collection *set, uint64_t rank, med_sorted_set_bound *bound) {
  if (rank < set->meta.count) return med_ranks_at(set, rank, bound);
  med_sorted_set_bound_end(bound);
  return MEDLEY_OK;
}

int med_sorted_set_bound_place(med_collection *set, const med_sorted_set_bound *bound, uint64_t *rank) {
  return med_ranks_of(set, med_key_slice(bound), rank);
}

/* ---- Walking ---- */
int med_sorted_set_walk_open(med_collection *set, const med_sorted_set_bound *from, const med_sorted_set_bound *until,
                             bool reverse, med_sorted_set_walk *walk) {
  memset(walk, 0, sizeof *walk);
  walk->until = reverse ? *from : *until;
  walk->names = true;
  return med_part_walk_open(set, MED_PART_SCORE, med_key_slice(reverse ? until : from), reverse, &walk->parts);
}

static int load_long_member(med_collection *set, med_slice stored_name, med_slice *member) {
  med_key key;
  med_slice record;
  member_record decoded;
  med_part_key(set, MED_PART_MEMBER, &key);
  add_stored(&key, stored_name);
  int rc = med_txn_get(set->kv->txn, MED_TREE_KV, med_key_slice(&key), &record);
  if (rc == MEDLEY_NOT_FOUND) return med_collection_damaged(set, "a member is missing");
  if (rc == MEDLEY_OK) rc = decode_member(set, record, true, &decoded);
  return rc == MEDLEY_OK ? med_element_load(set, &decoded.name, member) : rc;
}

int med_sorted_set_walk_next(med_sorted_set_walk *walk) {
  med_collection *set = walk->parts.collection;
  int rc = med_part_walk_next(&walk->parts);
  if (rc != MEDLEY_OK) return rc;
  med_slice item = walk->parts.name;
  int order = med_slice_compare(item, med_key_slice(&walk->until));
  if (walk->parts.reverse ? order < 0 : order >= 0) return MEDLEY_NOT_FOUND;
  if (item.len < SCORE_SIZE || item.len > SCORE_SIZE + MED_PART_LONG_NAME) {
    return med_collection_damaged(set, "a member's score does not decode");
  }
  walk->score = med_key_real_from_bits(med_get_u64(item.bytes));
  walk->member = med_slice_of((const uint8_t *)item.bytes + SCORE_SIZE, item.len - SCORE_SIZE);
  if (!walk->names || !med_part_is_long(walk->member)) return MEDLEY_OK;
  return load_long_member(set, walk->member, &walk->member);
}

void med_sorted_set_walk_close(med_sorted_set_walk *walk) { med_part_walk_close(&walk->parts); }

int med_member_walk_open(med_collection *collection, med_slice from, med_member_walk *walk) {
  memset(walk, 0, sizeof *walk);
  walk->score = 1;
  return med_part_walk_open(collection, MED_PART_MEMBER, from, false, &walk->parts);
}

int med_member_walk_next(med_member_walk *walk) {
  med_collection *set = walk->parts.collection;
  int rc = med_part_walk_next(&walk->parts);
  if (rc != MEDLEY_OK) return rc;
  walk->member = walk->parts.name;
  bool is_long = med_part_is_long(walk->member);
  med_element name;
  if (set->type == MED_KV_SORTED_SET) {
    member_record record;
    rc = decode_member(set, walk->parts.value, is_long, &record);
    if (rc != MEDLEY_OK) return rc;
    walk->score = med_key_real_from_bits(record.score_bits);
    name = record.name;
  } else if (is_long) {
    med_slice rest = walk->parts.value;
    rc = med_element_take(set, &rest, &name);
    if (rc != MEDLEY_OK) return rc;
  }
  return is_long ? med_element_load(set, &name, &walk->member) : MEDLEY_OK;
}

void med_member_walk_close(med_member_walk *walk) { med_part_walk_close(&walk->parts); }

/* ---- Ranges ---- */
/* Copies of up to REMOVE_SLICE items in front of `until`. */
static int collect(med_collection *set, const med_sorted_set_bound *from, const med_sorted_set_bound *until,
                   med_arena *arena, med_slice *items, size_t *count) {
  med_sorted_set_walk walk;
  *count = 0;
  int rc = med_sorted_set_walk_open(set, from, until, false, &walk);
  walk.names = false;
  while (rc == MEDLEY_OK && *count < REMOVE_SLICE) {
    rc = med_sorted_set_walk_next(&walk);
    if (rc != MEDLEY_OK) break;
    void *copy = med_arena_copy(arena, walk.parts.name.bytes, walk.parts.name.len);
    if (copy == NULL) {
      rc = med_error_no_memory(med_txn_error(set->kv->txn));
      break;
    }
    items[(*count)++] = med_slice_of(copy, walk.parts.name.len);
  }
  med_sorted_set_walk_close(&walk);
  return rc == MEDLEY_NOT_FOUND ? MEDLEY_OK : rc;
}

static int remove_stored_item(med_collection *set, med_slice item) {
  med_key key;
  med_slice value;
  member_record record;
  med_slice stored_name = med_slice_of((const uint8_t *)item.bytes + SCORE_SIZE, item.len - SCORE_SIZE);
  med_part_key(set, MED_PART_MEMBER, &key);
  add_stored(&key, stored_name);
  int rc = med_txn_get(set->kv->txn, MED_TREE_KV, med_key_slice(&key), &value);
  if (rc == MEDLEY_NOT_FOUND) return med_collection_damaged(set, "a member is missing");
  if (rc == MEDLEY_OK) rc = decode_member(set, value, med_part_is_long(stored_name), &record);
  return rc == MEDLEY_OK ? remove_member(set, &key, &record) : rc;
}

int med_sorted_set_remove_range(med_collection *set, const med_sorted_set_bound *from,
                                const med_sorted_set_bound *until, uint64_t *removed) {
  *removed = 0;
  med_arena arena = {0};
  size_t count;
  int rc;
  do {
    med_slice items[REMOVE_SLICE];
    med_arena_reset(&arena);
    rc = collect(set, from, until, &arena, items, &count);
    for (size_t i = 0; i < count && rc == MEDLEY_OK; i++) rc = remove_stored_item(set, items[i]);
    *removed += count;
  } while (rc == MEDLEY_OK && count == REMOVE_SLICE);
  med_arena_clear(&arena);
  return rc;
}
