/* keyspace.h - the keys of a bucket: one metadata record each, with type, expiry and, for what is large, an object id.
 *
 * FORMAT.md section "Key-value". What it is: finding, saving, removing, renaming, walking keys, expiry, and the parts of
 * large objects. What it is not: what the types mean (string.h, hash.h, list.h, set.h, sorted_set.h), Redis's words.
 *
 * Layout: tree KV
 *   01 bucket(4) key               -> metadata record (short strings are inside it)
 *   02 object id(8) part           -> a part of a collection or a chunk of a long string, as its type defines
 * tree EXPIRY
 *   01 time in ms(8) bucket(4) key -> a key that is due
 *   02 object id(8)                -> an object whose parts are to be freed, in slices
 *   03 time in ms(8) object id(8) field -> a hash field that is due
 * Removing a key of any size is O(1): its record goes, its object id is queued, and medley_maintain frees the parts.
 * Differs from Redis: nothing is packed into one value, because a value here is at most one page.
 *
 * Time is in milliseconds, from med_txn_now_us. An expired key is never visible; in a write transaction the first look at
 * it removes it.
 * Threads and lifetime: as the transaction's. */
#ifndef MED_KEYVALUE_KEYSPACE_H
#define MED_KEYVALUE_KEYSPACE_H

#include "storage/store.h"

/* Limits of this model, with Redis's own beside them. */
#define MED_KV_VALUE_SIZE_MAX ((uint64_t)64 << 20) /* Redis: 512 MiB */
#define MED_KV_NUMBERED_BUCKETS 16

typedef enum med_kv_type { /* numbers are part of the file format */
  MED_KV_STRING = 1,
  MED_KV_HASH = 2,
  MED_KV_LIST = 3,
  MED_KV_SET = 4,
  MED_KV_SORTED_SET = 5
} med_kv_type;

/* A bucket as one transaction sees it. */
typedef struct med_kv {
  med_txn *txn;
  uint32_t bucket_id;
} med_kv;

/* The metadata record, decoded. */
typedef struct med_kv_meta {
  med_kv_type type;
  int64_t expires_ms;    /* 0: never */
  uint64_t object_id;    /* 0: a string that lies inside the record */
  uint64_t count;        /* elements; of a string its length in bytes */
  uint64_t stamp;        /* med_txn_id of the transaction that changed it last, set by save: WATCH compares it */
  int64_t head, tail;    /* lists: position of the first element, and one past the last */
  uint64_t expiring_fields; /* hashes: how many fields carry an expiry; 0: none needs to be looked at */
  int64_t accessed_ms;   /* not stored: reserved for OBJECT IDLETIME */
  med_slice inline_value; /* strings without object id; borrowed from the transaction when found */
} med_kv_meta;

/* Buckets. Numbered ones exist always and have ids 0-15; named ones get an id in the catalog with their first write.
 * NOT_FOUND if a name has none and create is false. */
MEDLEY_MUST_USE int med_kv_open(med_txn *txn, med_slice bucket_name, bool create, med_kv *kv);
/* Each durable bucket in id order; a non-zero answer ends the walk. */
MEDLEY_MUST_USE int med_kv_each_bucket(med_txn *txn, int (*on_bucket)(void *, med_slice name, uint32_t id), void *context);

/* NOT_FOUND if there is none or it has expired. */
MEDLEY_MUST_USE int med_kv_find(med_kv *kv, med_slice key, med_kv_meta *meta);
/* The same, and TYPE (message in Redis's words, "WRONGTYPE ...") if it is of another type. */
MEDLEY_MUST_USE int med_kv_find_typed(med_kv *kv, med_slice key, med_kv_type type, med_kv_meta *meta);
/* Find it, or prepare an empty one of that type (object id taken; not saved). *created says which. */
MEDLEY_MUST_USE int med_kv_find_or_create(med_kv *kv, med_slice key, med_kv_type type, med_kv_meta *meta, bool *created);
/* Writes the record and keeps the expiry index in step with it. A collection whose count is 0 is removed instead. */
MEDLEY_MUST_USE int med_kv_save(med_kv *kv, med_slice key, med_kv_meta *meta);
/* O(1). NOT_FOUND if there is none. */
MEDLEY_MUST_USE int med_kv_remove(med_kv *kv, med_slice key);
/* Overwrites the target; the object moves without being copied. Buckets may differ. NOT_FOUND if there is no source. */
MEDLEY_MUST_USE int med_kv_move(med_kv *from, med_slice key, med_kv *to, med_slice target);
/* Removes every key of the bucket; what is large is freed later. */
MEDLEY_MUST_USE int med_kv_flush(med_kv *kv);
/* Exact number of live records, expired but unswept ones included: O(1). */
MEDLEY_MUST_USE int med_kv_count(med_kv *kv, uint64_t *count);

/* The key of a part of an object: 02 object id, to which the type adds its own bytes. */
void med_kv_part_key(uint64_t object_id, med_key *key);

/* Walking keys in memcmp order: >= from; expired ones are skipped. */
typedef struct med_kv_walk {
  med_kv *kv;
  med_cursor *cursor;
  med_key position;
  med_slice key; /* the whole key, borrowed until the next step */
  med_kv_meta meta;
} med_kv_walk;
MEDLEY_MUST_USE int med_kv_walk_open(med_kv *kv, med_slice from, med_kv_walk *walk);
MEDLEY_MUST_USE int med_kv_walk_next(med_kv_walk *walk); /* OK: walk->key and walk->meta; NOT_FOUND at the end */
void med_kv_walk_close(med_kv_walk *walk);

/* Housekeeping in a write transaction: removes up to `limit` due keys, fields and parts of removed objects. *left: whether
 * more is due. */
MEDLEY_MUST_USE int med_kv_sweep(med_txn *txn, size_t limit, size_t *swept, bool *left);
/* Checks every record and part of every bucket against each other; one line for each problem. */
MEDLEY_MUST_USE int med_kv_check(med_txn *txn, void (*on_problem)(void *, const char *), void *context, uint64_t *count);

#endif
