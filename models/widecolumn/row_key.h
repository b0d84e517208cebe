/* row_key.h - where a partition, its rows and its index entries stand in tree WIDE.
 *
 * FORMAT.md section "Wide-column".
 *   partition   04 table(4) token(8, sign flipped) form(1) key columns     form 00: their parts (value_key.h);
 *                                                                          01: XXH3-128 of all values, packed, when the parts are
 *                                                                          longer than 180 bytes or do not give the values back
 *   its record  partition 00      static columns, tombstones of ranges, the values if form is 01 (partition.h)
 *   its rows    partition 01 clustering columns
 *   index       05 index(4) value, escaped and ended; then the row's key from the token on (its tail)
 * So a table is in the order of its tokens, a partition in clustering order. Threads: none of this shares anything. */
#ifndef MED_WIDECOLUMN_ROW_KEY_H
#define MED_WIDECOLUMN_ROW_KEY_H

#include "models/widecolumn/schema.h"
#include "models/widecolumn/value.h"
#include "storage/keys.h"

#define MED_WIDE_PARTITION_INLINE_MAX 180 /* bytes of the parts of a partition key in a tree key */
#define MED_WIDE_CLUSTERING_MAX 315       /* bytes of the parts of a clustering key */
#define MED_WIDE_ROW_KEY_MAX 510          /* bytes of a row's key, with both of these: less than a key may have */
#define MED_WIDE_TAIL_OFFSET 5            /* in a row's key: behind 04 table(4) */
#define MED_WIDE_INDEX_VALUE_ROOM 122

enum { MED_WIDE_SUB_PARTITION = 0, MED_WIDE_SUB_ROW = 1 };
enum { MED_WIDE_FORM_PARTS = 0, MED_WIDE_FORM_HASH = 1 };

/* 04 table. */
void med_wide_table_prefix(uint32_t table_id, med_key *key);
/* 04 table token: where the token's partitions begin. */
void med_wide_token_prefix(uint32_t table_id, int64_t token, med_key *key);
/* The partition of these values, which have been checked and are not null. *hashed: form 01. TOO_BIG if a value has more than 65,535
 * bytes, RANGE as med_wide_key_add, NO_MEMORY. */
MEDLEY_MUST_USE int med_wide_partition_key(const med_wide_table *table, const med_slice *values, med_key *key,
                                           bool *hashed, medley_error *error);
/* A partition key whole: its values one behind the other (pack.h). unpack: borrowed from it. CORRUPT. */
MEDLEY_MUST_USE bool med_wide_partition_pack(const med_wide_table *table, const med_slice *values, med_buffer *whole);
MEDLEY_MUST_USE int med_wide_partition_unpack(const med_wide_table *table, med_slice whole, med_slice *values,
                                              medley_error *error);
/* Appends clustering values, all or the first `count` of them, to parts of at most MED_WIDE_CLUSTERING_MAX bytes. TOO_BIG beyond. */
MEDLEY_MUST_USE int med_wide_clustering_parts(const med_wide_table *table, const med_slice *values, size_t count,
                                              med_buffer *parts, medley_error *error);
/* Appends what a key has room for. Where the whole would stand among rows' keys, its beginning stands, too: none of them is as long as that. */
void med_wide_key_extend(med_key *key, med_slice bytes);
/* A row's key: the partition's, 01, the parts. The parts of a range's end, which may be longer than any row's, are cut as above. */
void med_wide_row_key(const med_key *partition, med_slice parts, med_key *key);
void med_wide_partition_record_key(const med_key *partition, med_key *key);

/* A key of a table taken apart. CORRUPT if it is none. parts: of the partition, empty if hashed; clustering: of a row. */
typedef struct med_wide_place {
  int64_t token;
  bool hashed;
  uint8_t sub;
  med_slice partition; /* the key up to the byte that says what it is of */
  med_slice parts;     /* of the partition key; the 16 bytes of the hash */
  med_slice clustering;
} med_wide_place;
MEDLEY_MUST_USE int med_wide_key_place(const med_wide_table *table, med_slice key, med_wide_place *place,
                                       medley_error *error);
/* The values of parts, each in the arena. CORRUPT, NO_MEMORY. columns: the key's first one. */
MEDLEY_MUST_USE int med_wide_key_values(const med_wide_column *columns, size_t count, med_slice parts, med_arena *arena,
                                        med_slice *values, medley_error *error);

/* The entry of an indexed value and a row's tail. *whole: whether the tail is in the key as it is. RANGE, NO_MEMORY. */
MEDLEY_MUST_USE int med_wide_index_key(uint32_t index_id, const med_wide_type *type, med_slice value, med_slice tail,
                                       med_key *key, bool *whole, medley_error *error);
/* 05 index value: what the entries of a value begin with; and of any value. */
MEDLEY_MUST_USE int med_wide_index_prefix(uint32_t index_id, const med_wide_type *type, med_slice value, med_key *key,
                                          medley_error *error);

#endif
