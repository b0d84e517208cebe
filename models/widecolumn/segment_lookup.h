/* segment_lookup.h - where a key is in a segment: vectors of tokens and of the key's columns compared as numbers, before a key is looked at.
 *
 * A row that is not there costs a vector or two of numbers, not the texts of keys, which are compressed. Which is true of every row that
 * is added to a table of sealed rows. Nothing in the file is believed: a place is within the segment, whatever its columns say.
 *
 * Threads and lifetime: as the transaction's. */
#ifndef MED_WIDECOLUMN_SEGMENT_LOOKUP_H
#define MED_WIDECOLUMN_SEGMENT_LOOKUP_H

#include "models/widecolumn/schema.h"
#include "models/widecolumn/segment.h"

/* The row of a key, if it is in the segment, is one of [low, high), which are in key order; is_row: it is row `low`. None: low == high. */
typedef struct med_wide_segment_place {
  uint64_t low, high;
  bool is_row;
} med_wide_segment_place;

/* A row's key of the table. Rows that are gone are found, too. The cursor is the caller's, on tree WIDE. */
MEDLEY_MUST_USE int med_wide_segment_lookup(med_txn *txn, med_cursor *cursor, const med_wide_segment *segment,
                                            const med_wide_table *table, med_slice key, med_wide_segment_place *place);

#endif
