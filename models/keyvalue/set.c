/* set.c - members of a set. */
#include "models/keyvalue/set.h"

#include "models/keyvalue/sample.h"

int med_set_open(med_kv *kv, med_slice key, med_arena *arena, med_collection *set) {
  return med_collection_open(kv, key, MED_KV_SET, arena, set);
}

static med_slice stored_name_of(const med_key *key) {
  return med_slice_of(key->bytes + MED_PART_PREFIX_SIZE, (size_t)key->len - MED_PART_PREFIX_SIZE);
}

/* Finds the member's record; element is filled only for a long one. */
static int read_member(med_collection *set, med_slice member, med_key *key, med_element *element) {
  element->chunked = false;
  if (!set->exists) return MEDLEY_NOT_FOUND;
  med_slice record;
  med_part_key(set, MED_PART_MEMBER, key);
  med_part_add_name(key, member);
  int rc = med_txn_get(set->kv->txn, MED_TREE_KV, med_key_slice(key), &record);
  if (rc != MEDLEY_OK || member.len <= MED_PART_NAME_MAX) return rc;
  bool equal;
  rc = med_element_take(set, &record, element);
  if (rc == MEDLEY_OK) rc = med_element_equal(set, element, member, &equal);
  if (rc != MEDLEY_OK || equal) return rc;
  return med_error_set(med_txn_error(set->kv->txn), MEDLEY_ERROR, "ERR another long member has the same hash");
}

int med_set_add(med_collection *set, med_slice member, bool *added) {
  med_key key;
  med_element element;
  int rc;
  *added = false;
  MED_TRY(med_collection_create(set));
  rc = read_member(set, member, &key, &element);
  if (rc != MEDLEY_NOT_FOUND) return rc;
  *added = true;
  med_slice value = med_slice_of(NULL, 0);
  med_part_record record = {.len = 0};
  if (member.len > MED_PART_NAME_MAX) {
    MED_TRY(med_element_add(set, &record, member, 0));
    value = med_slice_of(record.bytes, record.len);
  }
  MED_TRY(med_txn_put(set->kv->txn, MED_TREE_KV, med_key_slice(&key), value));
  MED_TRY(med_sample_add(set, stored_name_of(&key)));
  set->meta.count++;
  set->changed = true;
done:
  return rc;
}

int med_set_remove(med_collection *set, med_slice member) {
  med_key key;
  med_element element;
  int rc;
  MED_TRY(read_member(set, member, &key, &element));
  MED_TRY(med_element_drop(set, &element));
  MED_TRY(med_txn_delete(set->kv->txn, MED_TREE_KV, med_key_slice(&key)));
  MED_TRY(med_sample_remove(set, stored_name_of(&key)));
  if (set->meta.count == 0) return med_collection_damaged(set, "more members than were counted");
  set->meta.count--;
  set->changed = true;
done:
  return rc;
}

int med_set_has(med_collection *set, med_slice member, bool *has) {
  med_key key;
  med_element element;
  int rc = read_member(set, member, &key, &element);
  *has = rc == MEDLEY_OK;
  return rc == MEDLEY_NOT_FOUND ? MEDLEY_OK : rc;
}

int med_set_pick(med_collection *set, med_slice *member, med_key *stored_name) {
  med_key name, key;
  int rc = med_sample_pick(set, MED_PART_MEMBER, &name);
  if (rc != MEDLEY_OK) return rc;
  if (stored_name != NULL) *stored_name = name;
  if (!med_part_is_long(med_key_slice(&name))) {
    void *copy = med_arena_copy(set->arena, name.bytes, name.len);
    *member = med_slice_of(copy, name.len);
    return copy != NULL ? MEDLEY_OK : med_error_no_memory(med_txn_error(set->kv->txn));
  }
  med_slice record;
  med_element element;
  med_part_key(set, MED_PART_MEMBER, &key);
  memcpy(key.bytes + key.len, name.bytes, name.len);
  key.len = (uint16_t)(key.len + name.len);
  rc = med_txn_get(set->kv->txn, MED_TREE_KV, med_key_slice(&key), &record);
  if (rc == MEDLEY_OK) rc = med_element_take(set, &record, &element);
  return rc == MEDLEY_OK ? med_element_load(set, &element, member) : rc;
}
