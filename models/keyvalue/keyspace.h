/* keyspace.h - the keys of a bucket: one metadata record each, with type, expiry and, for what is large, an object id.
 *
 * FORMAT.md section "Key-value". What it is: finding, saving, removing, renaming, walking keys, expiry, and the parts of
 * large objects. What it is not: what the types mean (string.h, hash.h, list.h, set.h, sorted_set.h), Redis's words.
 *
 * Layout: tree KV
 *   01 bucket(4) tail              -> metadata record (short strings are inside it)
 *   02 object id(8)                -> back-pointer of a hash with expiring fields: bucket(4) tail
 *   02 object id(8) part           -> a part of a collection or a chunk of a long string, as its type defines
 * tree EXPIRY
 *   01 time in ms(8) bucket(4) tail -> a key that is due
 *   02 object id(8)                -> an object whose parts are to be freed, in slices
 *   03 time in ms(8) object id(8) field -> a hash field that is due
 * tree META
 *   "kv/b" bucket(4)               -> number of keys(8), name of the bucket (empty for the numbered ones)
 *   "kv/n" name                    -> bucket(4)
 * The tail of a key up to MED_KV_TAIL_MAX - 1 bytes is the key; of a longer one its first MED_KV_TAIL_MAX - 16 bytes and
 * the XXH3-128 of all of it, and the record carries the whole key. So their lengths tell them apart.
 * Removing a key of any size is O(1): its record goes, its object id is queued, and housekeeping frees the parts.
 * Differs from Redis: nothing is packed into one value, because a value here is at most one page.
 *
 * Time is in milliseconds, from med_txn_now_us. An expired key is never visible; in a write transaction the first look at
 * it removes it.
 * Threads and lifetime: as the transaction's. */
#ifndef MED_KEYVALUE_KEYSPACE_H
#define MED_KEYVALUE_KEYSPACE_H

#include "storage/memory.h"
#include "storage/store.h"

/* Limits of this model, with Redis's own beside them. */
#define MED_KV_VALUE_SIZE_MAX ((uint64_t)64 << 20) /* Redis: 512 MiB */
#define MED_KV_NUMBERED_BUCKETS 16
#define MED_KV_KEY_SIZE_MAX MED_KV_VALUE_SIZE_MAX
#define MED_KV_KEY_INLINE_MAX 1024 /* longer keys lie in chunks beside their record */
#define MED_KV_BUCKET_NAME_MAX 255
#define MED_KV_TAIL_MAX 498 /* 511 - the 13 bytes before it in tree EXPIRY */
/* A record, short string inside, is at most this big: at least two lie in a leaf page. */
#define MED_KV_RECORD_SIZE_MAX 1900

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
  int64_t expires_ms;       /* 0: never */
  uint64_t object_id;       /* 0: a string that lies inside the record */
  uint64_t count;           /* elements; of a string its length in bytes */
  uint64_t stamp;           /* med_txn_id of the transaction that changed it last, set by save: WATCH compares it */
  int64_t head, tail;       /* lists: position of the first element, and one past the last */
  uint64_t expiring_fields; /* hashes: how many fields carry an expiry; 0: none needs to be looked at */
  med_slice inline_value;   /* strings without object id; borrowed from the transaction when found */
  /* What find saw in the file; save compares it, nobody else touches it. */
  bool stored;
  int64_t stored_expires_ms;
  uint64_t stored_object_id;
  uint64_t stored_expiring_fields;
  uint64_t key_object_id; /* keys above MED_KV_KEY_INLINE_MAX lie in chunks of their own */
} med_kv_meta;

/* Buckets. Numbered ones exist always and have ids 0-15; named ones get an id in the catalog with their first write.
 * NOT_FOUND if a name has none and create is false. */
MEDLEY_MUST_USE int med_kv_open(med_txn *txn, med_slice bucket_name, bool create, med_kv *kv);
/* Each durable bucket in id order; a non-zero answer ends the walk. */
MEDLEY_MUST_USE int med_kv_each_bucket(med_txn *txn, int (*on_bucket)(void *, med_slice name, uint32_t id),
                                       void *context);

/* Milliseconds since 1970 at which the transaction began. */
static inline int64_t med_kv_now_ms(const med_kv *kv) { return med_txn_now_us(kv->txn) / 1000; }

/* NOT_FOUND if there is none or it has expired. A meta that was found is good for one save or one removal, and stays
 * good as long as nobody else saves, moves or removes that key; inline_value only until the next write. */
MEDLEY_MUST_USE int med_kv_find(med_kv *kv, med_slice key, med_kv_meta *meta);
/* The same, and TYPE (message in Redis's words, "WRONGTYPE ...") if it is of another type. */
MEDLEY_MUST_USE int med_kv_find_typed(med_kv *kv, med_slice key, med_kv_type type, med_kv_meta *meta);
/* Find it, or prepare an empty one of that type (object id taken; not saved). *created says which. */
MEDLEY_MUST_USE int med_kv_find_or_create(med_kv *kv, med_slice key, med_kv_type type, med_kv_meta *meta,
                                          bool *created);
/* Writes the record and keeps the expiry index in step with it. A collection whose count is 0 is removed instead. meta
 * must come from find or find_or_create of this key in this transaction; it may be saved again. An object that the
 * record no longer names is queued to be freed. An expiry that has passed removes the key. */
MEDLEY_MUST_USE int med_kv_save(med_kv *kv, med_slice key, med_kv_meta *meta);
/* O(1). NOT_FOUND if there is none. */
MEDLEY_MUST_USE int med_kv_remove(med_kv *kv, med_slice key);
/* The same for a key that has just been found. */
MEDLEY_MUST_USE int med_kv_remove_found(med_kv *kv, med_slice key, const med_kv_meta *meta);
/* How many bytes a string may have to lie inside the record of this key. */
size_t med_kv_inline_room(med_slice key, const med_kv_meta *meta);
/* Queues the parts of an object to be freed by the sweep. */
MEDLEY_MUST_USE int med_kv_free_object(med_txn *txn, uint64_t object_id);
/* Overwrites the target; the object moves without being copied. Buckets may differ. NOT_FOUND if there is no source. */
MEDLEY_MUST_USE int med_kv_move(med_kv *from, med_slice key, med_kv *to, med_slice target);
/* The target, overwritten, gets a copy of its own; O(size). Expiry is copied too. NOT_FOUND if there is no source. */
MEDLEY_MUST_USE int med_kv_copy(med_kv *from, med_slice key, med_kv *to, med_slice target);
/* Exchanges the keys of two buckets, by moving records. */
MEDLEY_MUST_USE int med_kv_swap(med_kv *a, med_kv *b);
/* Removes every key of the bucket; what is large is freed later. */
MEDLEY_MUST_USE int med_kv_flush(med_kv *kv);
/* Removes up to limit of them, for who looks up between slices. *left: whether there are more. */
MEDLEY_MUST_USE int med_kv_flush_slice(med_kv *kv, size_t limit, bool *left);
/* Exact number of live records, expired but unswept ones included: O(1). */
MEDLEY_MUST_USE int med_kv_count(med_kv *kv, uint64_t *count);

/* The key of a part of an object: 02 object id, to which the type adds its own bytes. */
void med_kv_part_key(uint64_t object_id, med_key *key);

/* Walking keys in the order of their tails, which is memcmp order up to MED_KV_TAIL_MAX - 16 bytes; expired ones are
 * skipped. The walk survives writes, and sees those ahead of it. */
typedef struct med_kv_walk {
  med_kv kv;
  med_cursor *cursor;
  med_key position; /* of the present record, in tree KV */
  med_slice key;    /* the whole key, borrowed until the next step or write */
  med_kv_meta meta;
  med_buffer long_key;
  bool started;
} med_kv_walk;
/* Keys >= from. */
MEDLEY_MUST_USE int med_kv_walk_open(med_kv *kv, med_slice from, med_kv_walk *walk);
/* Records whose tail is >= the given one: where an earlier walk stopped. */
MEDLEY_MUST_USE int med_kv_walk_open_tail(med_kv *kv, med_slice tail, med_kv_walk *walk);
MEDLEY_MUST_USE int med_kv_walk_next(med_kv_walk *walk); /* OK: walk->key and walk->meta; NOT_FOUND at the end */
med_slice med_kv_walk_tail(const med_kv_walk *walk);     /* of the present record; borrowed until the next step */
void med_kv_walk_close(med_kv_walk *walk);               /* also of a zeroed one */
/* Some key that is alive, near to where `random` points. NOT_FOUND if there is none. The key is copied. */
MEDLEY_MUST_USE int med_kv_random_key(med_kv *kv, uint64_t random, med_buffer *key);

/* Housekeeping in a write transaction: removes up to `limit` due keys, fields and parts of removed objects. *left: whether
 * more is due. For each due field whose hash still names its object, the sweep calls
 *   int med_hash_expire_field(med_kv *kv, med_slice key, med_kv_meta *meta, med_slice due);      (hash.h)
 * with the hash's key and found record and with the whole entry key of tree EXPIRY (03 time(8) object id(8) and what hash.c
 * put behind it; a copy). It removes that field, its entry, and saves the record, which may remove the hash. */
MEDLEY_MUST_USE int med_kv_sweep(med_txn *txn, size_t limit, size_t *swept, bool *left);
/* Checks every record and part of every bucket against each other; one line for each problem. */
MEDLEY_MUST_USE int med_kv_check(med_txn *txn, void (*on_problem)(void *, const char *), void *context,
                                 uint64_t *count);

#endif
