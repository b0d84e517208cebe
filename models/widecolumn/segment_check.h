/* segment_check.h - whether a segment is what its directory record says: for med_wide_check. */
#ifndef MED_WIDECOLUMN_SEGMENT_CHECK_H
#define MED_WIDECOLUMN_SEGMENT_CHECK_H

#include "models/widecolumn/schema.h"
#include "models/widecolumn/segment.h"

/* Reads every column in full, and compares keys, their order, rows and bits of gone rows with the record, and the columns with those of
 * the table: their types, whether their numbers are values, and that every row has a time and says whether it has a marker. CORRUPT, with a
 * message, at the first contradiction. Adds how many keys of tree WIDE it has for pages and bits. */
MEDLEY_MUST_USE int med_wide_segment_check(med_txn *txn, const med_wide_table *table, const med_wide_segment *segment,
                                           uint64_t *key_count);

#endif
