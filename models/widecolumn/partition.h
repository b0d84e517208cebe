/* partition.h - what is kept once for a partition: static columns, tombstones of ranges, and a key too long for a tree key.
 *
 * FORMAT.md section "Wide-column". A partition without any of these has no such record.
 * Threads and lifetime: as row.h. */
#ifndef MED_WIDECOLUMN_PARTITION_H
#define MED_WIDECOLUMN_PARTITION_H

#include "models/widecolumn/record.h"
#include "models/widecolumn/row.h"
#include "models/widecolumn/row_key.h"

/* Of the clustering keys' parts: from <= parts < to in memcmp order; to.bytes NULL: without an end. */
typedef struct med_wide_range {
  med_slice from, to;
  bool is_row; /* all of one row's parts are said, by `from`: the range has no other row */
} med_wide_range;
bool med_wide_range_has(const med_wide_range *range, med_slice parts);

typedef struct med_wide_tombstone {
  med_wide_range range;
  int64_t deleted_us;
} med_wide_tombstone;

typedef struct med_wide_partition {
  int64_t deleted_us; /* the whole partition; MED_WIDE_NO_TIMESTAMP: no */
  med_wide_tombstone *tombstones;
  size_t tombstone_count;
  med_slice whole_key; /* of a hashed partition key: its values, packed; empty otherwise */
  med_wide_row statics;
} med_wide_partition;

void med_wide_partition_init(med_wide_partition *partition);
/* Of the partition with that key; an empty one if there is no record. Its bytes are copied into the arena; static columns are accepted
 * (row.h). CORRUPT, NO_MEMORY. */
MEDLEY_MUST_USE int med_wide_partition_load(med_txn *txn, const med_wide_table *table, const med_key *key,
                                            med_arena *arena, med_wide_partition *partition);
/* Puts it, or deletes its record if nothing but the key is in it and there are no rows. */
MEDLEY_MUST_USE int med_wide_partition_store(med_txn *txn, const med_key *key, const med_wide_partition *partition);
/* Keeps the key of a hashed partition, if it is not kept yet. CORRUPT if another key has the same hash. */
MEDLEY_MUST_USE int med_wide_partition_remember(med_txn *txn, const med_wide_table *table, const med_slice *values,
                                                const med_key *key, med_arena *arena);
/* The youngest tombstone over a row of these clustering parts. */
int64_t med_wide_partition_deleted(const med_wide_partition *partition, med_slice parts);

#endif
