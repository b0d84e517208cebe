/* cache_bucket.h - names of cache buckets: the catalog in the database, and the segments that a handle has attached.
 *
 * FORMAT.md section "Cache buckets". A record of tree META: key "cache/" name, value: version(1) id(8) size in bytes(8)
 * policy(1) place(1). The id never comes again, so that a bucket made again under its old name never meets old memory.
 *
 * Names are always looked up in the newest snapshot, whatever the session reads: a segment is not part of any snapshot. What
 * a transaction has made or dropped itself and not yet committed is known to its overlay alone.
 *
 * Threads: the hub has a mutex; a bucket that is borrowed stays attached until it is returned. */
#ifndef MED_ENGINE_CACHE_BUCKET_H
#define MED_ENGINE_CACHE_BUCKET_H

#include "engine/cache.h"
#include "models/keyvalue/cache_segment.h"

#define MED_CACHE_NAME_MAX 255

typedef struct med_cache_record {
  uint64_t id, size_bytes;
  medley_eviction eviction;
  uint8_t beside; /* the segment lies beside the database file, because shared memory had no room when it was made */
} med_cache_record;

typedef struct med_cache_bucket {
  char *name;
  size_t name_len;
  med_cache_record record;
  med_cache_segment *segment;
  uint32_t borrowed; /* hub's mutex */
  bool listed;       /* the hub still hands it out, and keeps it attached */
  struct med_cache_bucket *next;
} med_cache_bucket;

med_store *med_cache_hub_store(const med_cache_hub *hub);
/* The number of the newest commit. */
MEDLEY_MUST_USE int med_cache_hub_newest(med_cache_hub *hub, uint64_t *commit_id, medley_error *error);

/* The committed bucket of that name, attached and borrowed. NOT_FOUND without a message. */
MEDLEY_MUST_USE int med_cache_hub_borrow(med_cache_hub *hub, med_slice name, med_cache_bucket **bucket,
                                         medley_error *error);
/* Once more, what is borrowed already. */
void med_cache_hub_borrow_again(med_cache_hub *hub, med_cache_bucket *bucket);
void med_cache_hub_return(med_cache_hub *hub, med_cache_bucket *bucket); /* NULL is allowed */
/* Ends it for everybody; it is still to be returned. */
void med_cache_hub_drop(med_cache_hub *hub, med_cache_bucket *bucket);

/* In a write transaction: the record of that name as the transaction sees it; NOT_FOUND. */
MEDLEY_MUST_USE int med_cache_catalog_get(med_txn *txn, med_slice name, med_cache_record *record);
/* Makes record and segment; the segment is borrowed. */
MEDLEY_MUST_USE int med_cache_catalog_create(med_cache_hub *hub, med_txn *txn, med_slice name, uint64_t size_bytes,
                                             medley_eviction eviction, med_cache_bucket **bucket);
MEDLEY_MUST_USE int med_cache_catalog_delete(med_txn *txn, med_slice name);
/* The attached segment of a record, borrowed. */
MEDLEY_MUST_USE int med_cache_hub_attach(med_cache_hub *hub, med_slice name, const med_cache_record *record,
                                         med_cache_bucket **bucket, medley_error *error);
MEDLEY_MUST_USE int med_cache_hub_each(med_cache_hub *hub,
                                       int (*on_bucket)(void *context, const med_cache_bucket_info *info),
                                       void *context, medley_error *error);

#endif
