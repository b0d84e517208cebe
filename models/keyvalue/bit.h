/* bit.h - strings as arrays of bits: one bit, ranges of bits, small integers anywhere, and combining whole strings.
 *
 * Bit 0 is the highest bit of byte 0, as in Redis. Beyond its end a string is zeros. What changes a string touches the chunks
 * that hold those bits only.
 * Threads and lifetime: as the transaction's. Statuses: as string.h. */
#ifndef MED_KEYVALUE_BIT_H
#define MED_KEYVALUE_BIT_H

#include "models/keyvalue/string.h"

#define MED_BIT_COUNT_MAX (MED_KV_VALUE_SIZE_MAX * 8)

/* 0 if there is no such key. */
MEDLEY_MUST_USE int med_bit_get(med_kv *kv, med_slice key, uint64_t offset, int *bit);
/* Makes and lengthens the string as needed. */
MEDLEY_MUST_USE int med_bit_set(med_kv *kv, med_slice key, uint64_t offset, int bit, int *old);

/* How many bits of [first, last] are set. meta: of a string that was found; last must be within it. */
MEDLEY_MUST_USE int med_bit_count(med_kv *kv, const med_kv_meta *meta, uint64_t first, uint64_t last,
                                  med_buffer *scratch, uint64_t *count);
/* The first bit of [first, last] that equals `bit`; -1 if there is none. */
MEDLEY_MUST_USE int med_bit_find(med_kv *kv, const med_kv_meta *meta, int bit, uint64_t first, uint64_t last,
                                 med_buffer *scratch, int64_t *position);

typedef enum med_bit_operation { MED_BIT_AND, MED_BIT_OR, MED_BIT_XOR, MED_BIT_NOT } med_bit_operation;
/* Combines the strings of the keys (missing ones are empty, shorter ones end in zeros) into *result, which is
 * overwritten. */
MEDLEY_MUST_USE int med_bit_combine(med_kv *kv, med_bit_operation operation, const med_slice *keys, size_t key_count,
                                    med_buffer *scratch, med_buffer *result);

/* The `width` (1 to 64) bits from offset on as an unsigned number. */
MEDLEY_MUST_USE int med_bit_field_get(med_kv *kv, med_slice key, uint64_t offset, unsigned width, uint64_t *value);
MEDLEY_MUST_USE int med_bit_field_set(med_kv *kv, med_slice key, uint64_t offset, unsigned width, uint64_t value);
/* Makes the string at least long enough to hold bit `last`. */
MEDLEY_MUST_USE int med_bit_extend(med_kv *kv, med_slice key, uint64_t last);

#endif
