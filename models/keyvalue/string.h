/* string.h - strings of a bucket: byte values up to 64 MiB with random access, and decimal counters.
 *
 * FORMAT.md section "Key-value". A value that fits a record (MED_KV_RECORD_SIZE_MAX) lies in it and is read without a
 * copy; a longer one lies in chunks under an object id, and reading or changing a part of it touches those chunks only.
 * What it is not: bits (bit.h), Redis's words for options.
 *
 * Every function answers TYPE (in Redis's words) if the key holds something else, unless it says that it overwrites.
 * Threads and lifetime: as the transaction's. */
#ifndef MED_KEYVALUE_STRING_H
#define MED_KEYVALUE_STRING_H

#include "models/keyvalue/keyspace.h"

/* The value: borrowed from the transaction until its next write when it lies in the record, else read into scratch
 * (which need not be empty; it is overwritten). NOT_FOUND if there is none. */
MEDLEY_MUST_USE int med_string_get(med_kv *kv, med_slice key, med_buffer *scratch, med_slice *value);
/* Overwrites whatever was there, its expiry too. expires_ms 0: never. value must not be borrowed from this
 * transaction. */
MEDLEY_MUST_USE int med_string_set(med_kv *kv, med_slice key, med_slice value, int64_t expires_ms);

/* The same for a key that was found or prepared just now (type STRING or not): one lookup for a read and a write. */
MEDLEY_MUST_USE int med_string_load(med_kv *kv, const med_kv_meta *meta, med_buffer *scratch, med_slice *value);
/* meta->expires_ms is what is saved. `meta` zeroed: the key does not exist. */
MEDLEY_MUST_USE int med_string_store(med_kv *kv, med_slice key, med_kv_meta *meta, med_slice value);

/* 0 if there is none. */
MEDLEY_MUST_USE int med_string_len(med_kv *kv, med_slice key, uint64_t *len);
/* What of bytes [offset, offset + len) is there; empty if there is none. Borrowed or in scratch. */
MEDLEY_MUST_USE int med_string_read(med_kv *kv, const med_kv_meta *meta, uint64_t offset, uint64_t len,
                                    med_buffer *scratch, med_slice *part);
/* Lays bytes over the value at offset; a gap becomes zeros. meta comes from find_or_create. The expiry stays. TOO_BIG
 * beyond MED_KV_VALUE_SIZE_MAX. */
MEDLEY_MUST_USE int med_string_write(med_kv *kv, med_slice key, med_kv_meta *meta, uint64_t offset, med_slice bytes);
MEDLEY_MUST_USE int med_string_append(med_kv *kv, med_slice key, med_slice bytes, uint64_t *len);

/* Adds to a decimal integer, 0 if there is none. RANGE, in Redis's words, if it is none or would overflow. */
MEDLEY_MUST_USE int med_string_increment(med_kv *kv, med_slice key, int64_t by, int64_t *result);

/* Exactly the decimal form of a 64-bit integer: no spaces, no plus, no leading zeros. */
bool med_string_to_integer(med_slice text, int64_t *integer);
/* Digits of integer; answers how many. */
size_t med_string_from_integer(int64_t integer, char digits[24]);

/* One problem of a string's chunks is reported as CORRUPT. */
MEDLEY_MUST_USE int med_string_check(med_kv *kv, const med_kv_meta *meta);

#endif
