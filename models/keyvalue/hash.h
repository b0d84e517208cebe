/* hash.h - hashes: fields with values, each with an expiry of its own if it wants one.
 *
 * FORMAT.md section "Collections". Layout:
 *   part 'f' name -> flags(1) [expires in ms(8)] [element: the whole name, if it is long] element: the value
 *   part 'x' expires(8) name -> nothing, for each field that expires
 *   tree EXPIRY: 03 expires(8) object id(8) name -> nothing, for the same fields: what the sweep reads
 * meta.count counts fields, meta.expiring_fields those with an expiry: while it is 0 nobody looks for expiries.
 * An expired field is visible nowhere: reading skips it, and the first look in a write transaction removes it.
 *
 * A hash is a med_collection that med_hash_open has opened; changes are in the file after med_collection_save.
 * Costs: get, put and delete of a field are one record each, whatever the size of the hash. */
#ifndef MED_KEYVALUE_HASH_H
#define MED_KEYVALUE_HASH_H

#include "models/keyvalue/collection.h"

/* As med_collection_open; in a write transaction removes the fields that have expired. A hash with none left does not
 * exist. */
MEDLEY_MUST_USE int med_hash_open(med_kv *kv, med_slice key, med_arena *arena, med_collection *hash);
/* How many fields can be seen. */
MEDLEY_MUST_USE int med_hash_count(med_collection *hash, uint64_t *count);

/* NOT_FOUND if there is no such field. value and expires_ms may be NULL. *expires_ms 0: never. */
MEDLEY_MUST_USE int med_hash_get(med_collection *hash, med_slice field, med_slice *value, int64_t *expires_ms);
/* The length of its value, which is not read. */
MEDLEY_MUST_USE int med_hash_value_len(med_collection *hash, med_slice field, uint64_t *len);
/* Makes or overwrites a field. A present field keeps its expiry if keep_expiry, else it loses it. created may be NULL. */
MEDLEY_MUST_USE int med_hash_put(med_collection *hash, med_slice field, med_slice value, bool keep_expiry,
                                 bool *created);
/* NOT_FOUND if there is no such field. */
MEDLEY_MUST_USE int med_hash_delete(med_collection *hash, med_slice field);
/* 0: no longer expires. A time that is not in the future deletes the field. NOT_FOUND if there is no such field. */
MEDLEY_MUST_USE int med_hash_set_expiry(med_collection *hash, med_slice field, int64_t expires_ms);

/* Fields in name order from the stored name `from` (empty: all). */
typedef struct med_hash_walk {
  med_part_walk parts;
  bool values; /* whether value is loaded */
  med_slice field, value;
  int64_t expires_ms;
} med_hash_walk;
MEDLEY_MUST_USE int med_hash_walk_open(med_collection *hash, med_slice from, bool values, med_hash_walk *walk);
MEDLEY_MUST_USE int med_hash_walk_next(med_hash_walk *walk); /* NOT_FOUND at the end */
void med_hash_walk_close(med_hash_walk *walk);

/* A random field: its stored name for med_hash_walk_open, whose first answer it then is. NOT_FOUND if there is none. */
MEDLEY_MUST_USE int med_hash_pick(med_collection *hash, med_key *stored_name);

/* ---- For keyspace.c and sweep.c ---- */
/* entry: a key of tree EXPIRY, 03 expires(8) object id(8) name, that is due; meta: of the hash at key, whose object it
 * names. Removes the field and saves the hash (or removes it, if that was its last field). The entry may be gone
 * afterwards. */
MEDLEY_MUST_USE int med_hash_expire_field(med_kv *kv, med_slice key, med_kv_meta *meta, med_slice entry);
/* *live: whether any field can be seen at now_ms. Cheap: one record is read unless every field carries an expiry. */
MEDLEY_MUST_USE int med_hash_has_live_fields(med_txn *txn, const med_kv_meta *meta, int64_t now_ms, bool *live);

#endif
