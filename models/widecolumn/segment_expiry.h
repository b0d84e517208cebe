/* segment_expiry.h - sealed rows that are past their time: counted, and freed.
 *
 * A row that has expired is one that no reader sees. A segment all of whose rows have is dropped as a whole, without being read; what has expired
 * beside rows that have not goes when the range is written anew. From what derives something - indexes, views - nothing goes in
 * either way: its rows are taken out one by one (sweep.c).
 * Threads and lifetime: as the transaction's. */
#ifndef MED_WIDECOLUMN_SEGMENT_EXPIRY_H
#define MED_WIDECOLUMN_SEGMENT_EXPIRY_H

#include "models/widecolumn/segment.h"

/* What expired by that time, in seconds since 1970, need not be kept; 0: everything is. A table with explicit timestamps remembers it for its
 * gc_grace_seconds, as it does tombstones. */
int64_t med_wide_segment_purged_s(const med_txn *txn, const med_wide_table *table);
/* Rows of the segment that need not be kept; those that are gone may be among them. */
MEDLEY_MUST_USE int med_wide_segment_count_expired(med_txn *txn, const med_wide_table *table,
                                                   const med_wide_segment *segment, uint64_t *expired);
/* Drops segments of which nothing need be kept, and has a range written anew of which a fifth need not. `limit` as med_wide_sweep's, *dropped is as many of it as were
 * used up, or a little more; with 0 nothing is dropped. *any: of some segment rows will expire. */
MEDLEY_MUST_USE int med_wide_segments_expire(med_txn *txn, const med_wide_table *table, size_t limit, size_t *dropped,
                                             bool *any);

#endif
