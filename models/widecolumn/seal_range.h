/* seal_range.h - a range of a table written anew: its plain records and the rows of its segments become new segments.
 *
 * Rows of segments move by columns, a run between two records at a time (segment_writer.h); records are read where they stand, and deleted run by
 * run. What is no plain row stays a record. All in the caller's transaction: a failure leaves part of it, and goes with its mark.
 * Threads and lifetime: as the transaction's. */
#ifndef MED_WIDECOLUMN_SEAL_RANGE_H
#define MED_WIDECOLUMN_SEAL_RANGE_H

#include "models/widecolumn/catalog.h"
#include "models/widecolumn/plain_row.h"
#include "models/widecolumn/segment.h"

#define MED_WIDE_SEGMENT_BYTES_MAX ((uint64_t)8 << 20) /* of records that become one segment */

typedef struct med_wide_seal_range {
  med_wide_table *table; /* gets its flag with the first segment */
  const med_wide_sealed_columns *columns;
  med_key from, to;                 /* from <= keys < to: of records, and of the segments' rows */
  const med_wide_segment *segments; /* those that begin in it, in order */
  size_t segment_count;
  uint64_t per_segment; /* rows of each new one */
  uint64_t records_max; /* so many are taken at most; 0: only sealed rows are written anew */
} med_wide_seal_range;

/* Within which clustering parts are. */
typedef struct med_wide_seal_reach {
  bool known;
  med_key low, high;
} med_wide_seal_reach;
static inline bool med_wide_seal_reaches(const med_wide_seal_reach *reach, med_slice clustering) {
  return !reach->known || (med_slice_compare(med_key_slice(&reach->low), clustering) <= 0 &&
                           med_slice_compare(clustering, med_key_slice(&reach->high)) <= 0);
}

/* *next: behind the range, or, if there may be more plain records than were taken, behind the last of those. *rows: how many were written. *reach: of the records
 * among them, if there were any. CORRUPT. */
MEDLEY_MUST_USE int med_wide_seal_range_write(med_txn *txn, const med_wide_seal_range *range, uint64_t *rows,
                                              med_key *next, med_wide_seal_reach *reach);

#endif
