/* record.h - a key's place in the trees and its metadata record as bytes. Private to keyspace*.c.
 *
 * FORMAT.md section "Key-value".
 *   flags and type(1) stamp(8) [expires(8)] [object id(8) count(8)] [head(8) tail(8)] [expiring fields(8)]
 *   [key length(4) and the key, or its object id(8)] then the bytes of a short string
 * The low four bits of the first byte are the type, the high ones say which of the optional parts are there. */
#ifndef MED_KEYVALUE_RECORD_H
#define MED_KEYVALUE_RECORD_H

#include "models/keyvalue/keyspace.h"

/* The prefixes of tree KV and of tree EXPIRY. */
enum { MED_KV_KEY_RECORD = 1, MED_KV_KEY_PART = 2 };
enum { MED_KV_DUE_KEY = 1, MED_KV_DUE_OBJECT = 2, MED_KV_DUE_FIELD = 3 };
#define MED_KV_TAIL_OFFSET 5      /* in a key of tree KV: behind 01 bucket(4) */
#define MED_KV_DUE_TAIL_OFFSET 13 /* in a key of tree EXPIRY: behind 01 time(8) bucket(4) */

/* Ids beyond belong to no named bucket: the last one holds the keys of a bucket while two are exchanged. */
#define MED_KV_BUCKET_ID_MAX 0xFFFFFF00u
#define MED_KV_SWAP_BUCKET 0xFFFFFFFFu

/* Everything of a record before the string's bytes, at most. */
#define MED_KV_HEADER_SIZE_MAX (1 + 8 + 8 + 16 + 16 + 8 + 4 + MED_KV_KEY_INLINE_MAX)

/* The whole key, when the tail does not hold it. */
typedef struct med_kv_whole_key {
  bool present;
  uint32_t len;
  med_slice bytes; /* borrowed, when len <= MED_KV_KEY_INLINE_MAX; else it is in chunks of meta.key_object_id */
} med_kv_whole_key;

void med_record_key(uint32_t bucket_id, med_slice key, med_key *tree_key);
void med_record_key_of_tail(uint32_t bucket_id, med_slice tail, med_key *tree_key);
static inline med_slice med_record_tail(const med_key *tree_key) {
  return med_slice_of(tree_key->bytes + MED_KV_TAIL_OFFSET, (size_t)tree_key->len - MED_KV_TAIL_OFFSET);
}
static inline bool med_record_key_is_long(med_slice key) { return key.len >= MED_KV_TAIL_MAX; }

/* CORRUPT, with a message, if the bytes are no record. meta->inline_value is borrowed from value. */
MEDLEY_MUST_USE int med_record_decode(med_txn *txn, med_slice value, med_kv_meta *meta, med_kv_whole_key *whole);
/* The record without the string's bytes; answers its length. whole.bytes need not be set for a key in chunks. */
size_t med_record_encode(const med_kv_meta *meta, const med_kv_whole_key *whole,
                         uint8_t header[MED_KV_HEADER_SIZE_MAX]);

/* *live: whether the key can be seen: it has not expired, and neither has every field of a hash. */
MEDLEY_MUST_USE int med_record_is_live(med_txn *txn, const med_kv_meta *meta, bool *live);

/* The bucket's number of keys. */
MEDLEY_MUST_USE int med_bucket_count(med_txn *txn, uint32_t bucket_id, uint64_t *count);
MEDLEY_MUST_USE int med_bucket_count_add(med_txn *txn, uint32_t bucket_id, int64_t by);

/* Removes a record that has been decoded: its expiry entry, its place in the count, and queues its objects. */
MEDLEY_MUST_USE int med_record_remove(med_txn *txn, uint32_t bucket_id, const med_key *tree_key,
                                      const med_kv_meta *meta);
/* The whole key of a record: borrowed, or read into `space`. */
MEDLEY_MUST_USE int med_record_whole_key(med_txn *txn, const med_key *tree_key, const med_kv_meta *meta,
                                         const med_kv_whole_key *whole, med_buffer *space, med_slice *key);
/* 01 time bucket tail, in tree EXPIRY. */
void med_record_due_key(int64_t expires_ms, const med_key *tree_key, med_key *due);

#endif
