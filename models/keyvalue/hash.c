/* hash.c - fields: reading, writing, walking. */
#include "models/keyvalue/hash.h"

#include "models/keyvalue/hash_field.h"
#include "models/keyvalue/sample.h"

#define PICK_TRIES 16 /* before a random choice walks, because expired fields were met */

int med_hash_open(med_kv *kv, med_slice key, med_arena *arena, med_collection *hash) {
  int rc = med_collection_open(kv, key, MED_KV_HASH, arena, hash);
  if (rc != MEDLEY_OK || !hash->exists || hash->meta.expiring_fields == 0) return rc;
  if (med_txn_writes(kv->txn)) {
    rc = med_hash_purge(hash);
    /* Saved at once: who opens it to read does not save. */
    if (rc == MEDLEY_OK && hash->changed) rc = med_collection_save(hash);
    if (rc != MEDLEY_OK || hash->exists) return rc;
    return med_collection_open(kv, key, MED_KV_HASH, arena, hash);
  }
  bool live;
  rc = med_hash_has_live_fields(kv->txn, &hash->meta, hash->now_ms, &live);
  if (rc == MEDLEY_OK && !live) {
    hash->exists = false;
    hash->meta.count = 0;
  }
  return rc;
}

int med_hash_count(med_collection *hash, uint64_t *count) {
  *count = hash->meta.count;
  if (!hash->exists || hash->meta.expiring_fields == 0) return MEDLEY_OK;
  uint64_t expired;
  int rc = med_hash_count_expired(hash, &expired);
  if (rc == MEDLEY_OK) *count -= expired < *count ? expired : *count;
  return rc;
}

int med_hash_field_decode(med_collection *hash, med_slice record, med_hash_field *field) {
  memset(field, 0, sizeof *field);
  const uint8_t *bytes = record.bytes;
  if (record.len < 1 || bytes[0] > 3) return med_collection_damaged(hash, "a field's record does not decode");
  med_slice rest = med_slice_of(bytes + 1, record.len - 1);
  if (bytes[0] & MED_FIELD_EXPIRES) {
    if (rest.len < 8) return med_collection_damaged(hash, "a field's record does not decode");
    field->expires_ms = (int64_t)med_get_u64(rest.bytes);
    rest = med_slice_of(bytes + 9, record.len - 9);
  }
  field->long_name = (bytes[0] & MED_FIELD_LONG_NAME) != 0;
  int rc = field->long_name ? med_element_take(hash, &rest, &field->name) : MEDLEY_OK;
  return rc == MEDLEY_OK ? med_element_take(hash, &rest, &field->value) : rc;
}

static void field_key(const med_collection *hash, med_slice name, med_key *key) {
  med_part_key(hash, MED_PART_FIELD, key);
  med_part_add_name(key, name);
}

static med_slice stored_name_of(const med_key *key) {
  return med_slice_of(key->bytes + MED_PART_PREFIX_SIZE, (size_t)key->len - MED_PART_PREFIX_SIZE);
}

/* The field as it stands in the file, expired or not; NOT_FOUND if there is none. */
static int read_field(med_collection *hash, med_slice name, med_key *key, med_hash_field *field) {
  if (!hash->exists) return MEDLEY_NOT_FOUND;
  med_slice record;
  field_key(hash, name, key);
  int rc = med_txn_get(hash->kv->txn, MED_TREE_KV, med_key_slice(key), &record);
  if (rc == MEDLEY_OK) rc = med_hash_field_decode(hash, record, field);
  if (rc != MEDLEY_OK || !field->long_name) return rc;
  bool equal;
  rc = med_element_equal(hash, &field->name, name, &equal);
  if (rc != MEDLEY_OK || equal) return rc;
  return med_error_set(med_txn_error(hash->kv->txn), MEDLEY_ERROR, "ERR another long field has the same hash");
}

static bool is_expired(const med_collection *hash, const med_hash_field *field) {
  return field->expires_ms != 0 && field->expires_ms <= hash->now_ms;
}

/* The same, unless it has expired. */
static int read_live_field(med_collection *hash, med_slice name, med_key *key, med_hash_field *field) {
  int rc = read_field(hash, name, key, field);
  return rc == MEDLEY_OK && is_expired(hash, field) ? MEDLEY_NOT_FOUND : rc;
}

int med_hash_get(med_collection *hash, med_slice field, med_slice *value, int64_t *expires_ms) {
  med_key key;
  med_hash_field found;
  int rc = read_live_field(hash, field, &key, &found);
  if (rc != MEDLEY_OK) return rc;
  if (expires_ms != NULL) *expires_ms = found.expires_ms;
  return value != NULL ? med_element_load(hash, &found.value, value) : MEDLEY_OK;
}

int med_hash_value_len(med_collection *hash, med_slice field, uint64_t *len) {
  med_key key;
  med_hash_field found;
  int rc = read_live_field(hash, field, &key, &found);
  if (rc == MEDLEY_OK) *len = found.value.len;
  return rc;
}

static int write_field(med_collection *hash, const med_key *key, med_slice name, med_slice value, int64_t expires_ms) {
  med_part_record record;
  record.len = 1;
  record.bytes[0] = 0;
  if (expires_ms != 0) {
    record.bytes[0] |= MED_FIELD_EXPIRES;
    med_put_u64(record.bytes + 1, (uint64_t)expires_ms);
    record.len += 8;
  }
  int rc = MEDLEY_OK;
  if (name.len > MED_PART_NAME_MAX) {
    record.bytes[0] |= MED_FIELD_LONG_NAME;
    rc = med_element_add(hash, &record, name, MED_VALUE_SIZE_MAX / 2);
  }
  if (rc == MEDLEY_OK) rc = med_element_add(hash, &record, value, 0);
  if (rc != MEDLEY_OK) return rc;
  hash->changed = true;
  return med_txn_put(hash->kv->txn, MED_TREE_KV, med_key_slice(key), med_slice_of(record.bytes, record.len));
}

static int drop_elements(med_collection *hash, const med_hash_field *field) {
  int rc = field->long_name ? med_element_drop(hash, &field->name) : MEDLEY_OK;
  return rc == MEDLEY_OK ? med_element_drop(hash, &field->value) : rc;
}

int med_hash_put(med_collection *hash, med_slice field, med_slice value, bool keep_expiry, bool *created) {
  med_key key;
  med_hash_field present;
  int rc;
  MED_TRY(med_collection_create(hash));
  rc = read_field(hash, field, &key, &present);
  if (rc != MEDLEY_OK && rc != MEDLEY_NOT_FOUND) goto done;
  bool fresh = rc == MEDLEY_NOT_FOUND;
  if (created != NULL) *created = fresh;
  int64_t expires_ms = 0;
  if (!fresh) {
    MED_TRY(drop_elements(hash, &present));
    if (keep_expiry) expires_ms = present.expires_ms;
    if (present.expires_ms != expires_ms) {
      MED_TRY(med_hash_index_remove(hash, stored_name_of(&key), present.expires_ms));
    }
  }
  MED_TRY(write_field(hash, &key, field, value, expires_ms));
  if (fresh) {
    hash->meta.count++;
    MED_TRY(med_sample_add(hash, stored_name_of(&key)));
  }
done:
  return rc;
}

int med_hash_remove_stored(med_collection *hash, med_slice stored_name, const med_hash_field *field) {
  med_key key;
  med_part_key(hash, MED_PART_FIELD, &key);
  memcpy(key.bytes + key.len, stored_name.bytes, stored_name.len);
  key.len = (uint16_t)(key.len + stored_name.len);
  int rc;
  MED_TRY(drop_elements(hash, field));
  MED_TRY(med_txn_delete(hash->kv->txn, MED_TREE_KV, med_key_slice(&key)));
  if (field->expires_ms != 0) MED_TRY(med_hash_index_remove(hash, stored_name_of(&key), field->expires_ms));
  MED_TRY(med_sample_remove(hash, stored_name_of(&key)));
  if (hash->meta.count == 0) return med_collection_damaged(hash, "more fields than were counted");
  hash->meta.count--;
  hash->changed = true;
done:
  return rc;
}

int med_hash_delete(med_collection *hash, med_slice field) {
  med_key key;
  med_hash_field present;
  int rc = read_live_field(hash, field, &key, &present);
  return rc == MEDLEY_OK ? med_hash_remove_stored(hash, stored_name_of(&key), &present) : rc;
}

int med_hash_set_expiry(med_collection *hash, med_slice field, int64_t expires_ms) {
  med_key key;
  med_hash_field present;
  int rc = read_live_field(hash, field, &key, &present);
  if (rc != MEDLEY_OK || present.expires_ms == expires_ms) return rc;
  if (expires_ms != 0 && expires_ms <= hash->now_ms) {
    return med_hash_remove_stored(hash, stored_name_of(&key), &present);
  }
  med_slice record;
  uint8_t changed[MED_VALUE_SIZE_MAX + 8];
  MED_TRY(med_txn_get(hash->kv->txn, MED_TREE_KV, med_key_slice(&key), &record));
  /* The elements stay as they are: only flags and time are made anew. */
  size_t old_head = present.expires_ms != 0 ? 9 : 1, head = expires_ms != 0 ? 9 : 1;
  size_t len = record.len - old_head + head;
  if (record.len > MED_VALUE_SIZE_MAX) return med_collection_damaged(hash, "a field's record is too long");
  if (len > MED_VALUE_SIZE_MAX) {
    med_slice value;
    MED_TRY(med_element_load(hash, &present.value, &value));
    void *copy = med_arena_copy(hash->arena, value.bytes, value.len);
    if (copy == NULL) return med_error_no_memory(med_txn_error(hash->kv->txn));
    MED_TRY(drop_elements(hash, &present));
    MED_TRY(write_field(hash, &key, field, med_slice_of(copy, value.len), expires_ms));
  } else {
    changed[0] = (uint8_t)((present.long_name ? MED_FIELD_LONG_NAME : 0) | (expires_ms != 0 ? MED_FIELD_EXPIRES : 0));
    if (expires_ms != 0) med_put_u64(changed + 1, (uint64_t)expires_ms);
    memcpy(changed + head, (const uint8_t *)record.bytes + old_head, record.len - old_head);
    MED_TRY(med_txn_put(hash->kv->txn, MED_TREE_KV, med_key_slice(&key), med_slice_of(changed, len)));
  }
  if (present.expires_ms != 0) MED_TRY(med_hash_index_remove(hash, stored_name_of(&key), present.expires_ms));
  if (expires_ms != 0) MED_TRY(med_hash_index_add(hash, stored_name_of(&key), expires_ms));
  hash->changed = true;
done:
  return rc;
}

/* ---- Walking ---- */
int med_hash_walk_open(med_collection *hash, med_slice from, bool values, med_hash_walk *walk) {
  memset(walk, 0, sizeof *walk);
  walk->values = values;
  return med_part_walk_open(hash, MED_PART_FIELD, from, false, &walk->parts);
}

int med_hash_walk_next(med_hash_walk *walk) {
  med_collection *hash = walk->parts.collection;
  med_hash_field field;
  int rc;
  do {
    MED_TRY(med_part_walk_next(&walk->parts));
    MED_TRY(med_hash_field_decode(hash, walk->parts.value, &field));
  } while (is_expired(hash, &field));
  walk->expires_ms = field.expires_ms;
  walk->field = walk->parts.name;
  if (field.long_name) MED_TRY(med_element_load(hash, &field.name, &walk->field));
  if (walk->values) MED_TRY(med_element_load(hash, &field.value, &walk->value));
done:
  return rc;
}

void med_hash_walk_close(med_hash_walk *walk) { med_part_walk_close(&walk->parts); }

/* Whether the field of that stored name can be seen. */
static int is_visible(med_collection *hash, const med_key *stored_name, bool *visible) {
  med_key key;
  med_slice record;
  med_hash_field field;
  med_part_key(hash, MED_PART_FIELD, &key);
  memcpy(key.bytes + key.len, stored_name->bytes, stored_name->len);
  key.len = (uint16_t)(key.len + stored_name->len);
  int rc = med_txn_get(hash->kv->txn, MED_TREE_KV, med_key_slice(&key), &record);
  if (rc == MEDLEY_OK) rc = med_hash_field_decode(hash, record, &field);
  *visible = rc == MEDLEY_OK && !is_expired(hash, &field);
  return rc;
}

int med_hash_pick(med_collection *hash, med_key *stored_name) {
  int rc = MEDLEY_NOT_FOUND;
  for (int tries = 0; tries < PICK_TRIES; tries++) {
    bool visible = true;
    rc = med_sample_pick(hash, MED_PART_FIELD, stored_name);
    if (rc == MEDLEY_OK && hash->meta.expiring_fields > 0) rc = is_visible(hash, stored_name, &visible);
    if (rc != MEDLEY_OK || visible) return rc;
  }
  uint64_t count;
  rc = med_hash_count(hash, &count);
  if (rc != MEDLEY_OK || count == 0) return rc != MEDLEY_OK ? rc : MEDLEY_NOT_FOUND;
  uint64_t steps = med_sample_random(hash, count);
  med_hash_walk walk;
  rc = med_hash_walk_open(hash, med_slice_of(NULL, 0), false, &walk);
  for (uint64_t i = 0; i <= steps && rc == MEDLEY_OK; i++) rc = med_hash_walk_next(&walk);
  if (rc == MEDLEY_OK) {
    med_key_set(stored_name, walk.parts.name);
  }
  med_hash_walk_close(&walk);
  return rc;
}
