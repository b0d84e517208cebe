/* chunks.h - long byte strings as chunks of fixed raw size under an object id: random access, each compressed by itself.
 *
 * FORMAT.md section "Key-value". Key: 02 object id(8) index(4). Value: 00 and the bytes, or 01, the raw length(2) and
 * the LZ4 block, when that saves at least an eighth. Every chunk but the last holds MED_CHUNK_SIZE raw bytes.
 * Used for long strings (string.h) and very long keys (keyspace.h).
 * Threads and lifetime: as the transaction's. */
#ifndef MED_KEYVALUE_CHUNKS_H
#define MED_KEYVALUE_CHUNKS_H

#include "storage/memory.h"
#include "storage/store.h"

#define MED_CHUNK_SIZE 4064

static inline uint64_t med_chunk_count(uint64_t len) { return (len + MED_CHUNK_SIZE - 1) / MED_CHUNK_SIZE; }

/* The raw bytes of one chunk: borrowed from the transaction, or unpacked into space. CORRUPT if it is missing or does not
 * decode. */
MEDLEY_MUST_USE int med_chunk_get(med_txn *txn, uint64_t object_id, uint64_t index, uint8_t space[MED_CHUNK_SIZE],
                                  med_slice *raw);
/* raw may be borrowed from the transaction. */
MEDLEY_MUST_USE int med_chunk_put(med_txn *txn, uint64_t object_id, uint64_t index, med_slice raw);

/* Writes all of `bytes` as chunks 0 and on. */
MEDLEY_MUST_USE int med_chunks_put(med_txn *txn, uint64_t object_id, med_slice bytes);
/* Appends bytes [offset, offset + len) of an object that is that long at least to the buffer. */
MEDLEY_MUST_USE int med_chunks_read(med_txn *txn, uint64_t object_id, uint64_t offset, uint64_t len,
                                    med_buffer *buffer);
/* Writes at offset into an object of old_len bytes; what lies between old_len and offset becomes zeros. */
MEDLEY_MUST_USE int med_chunks_write(med_txn *txn, uint64_t object_id, uint64_t old_len, uint64_t offset,
                                     med_slice bytes);
/* *equal: whether the object's first bytes are these. CORRUPT if it has fewer. */
MEDLEY_MUST_USE int med_chunks_equal(med_txn *txn, uint64_t object_id, med_slice bytes, bool *equal);

#endif
