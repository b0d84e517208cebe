/* segment_rows.h - reading a table's sealed rows: found by key, in key order, forwards and backwards.
 *
 * Only what is asked for is decoded: of a row that is found by its key a piece of each column, of rows in a sequence whole vectors. Rows that are
 * gone are passed over. It may be written in the same transaction between two calls, also to the rows that are read here; only
 * sealing (seal.h) may not happen then.
 *
 * Nothing in the file is believed. Threads and lifetime: as the transaction's. */
#ifndef MED_WIDECOLUMN_SEGMENT_ROWS_H
#define MED_WIDECOLUMN_SEGMENT_ROWS_H

#include "models/widecolumn/row.h"
#include "models/widecolumn/segment.h"

typedef struct med_wide_segment_rows med_wide_segment_rows;

MEDLEY_MUST_USE int med_wide_segment_rows_open(med_txn *txn, uint32_t table_id, med_wide_segment_rows **rows);
void med_wide_segment_rows_close(med_wide_segment_rows *rows);

/* No row is removed while the reader is open, though it is written: then bits are looked at once. */
void med_wide_segment_rows_hold(med_wide_segment_rows *rows);

/* Of rows with a marker, only the regular columns that are wanted, by their places among the table's, are taken (NULL: all), and without times
 * their timestamps are 0. Borrowed. */
void med_wide_segment_rows_columns(med_wide_segment_rows *rows, const bool *wanted, bool times);

/* The first row at or behind a key; the last one before it. Keys begin with 04; those outside of the table are its ends. NOT_FOUND without a
 * message. *found lives until the next call. */
MEDLEY_MUST_USE int med_wide_segment_rows_seek(med_wide_segment_rows *rows, med_slice key, med_slice *found);
MEDLEY_MUST_USE int med_wide_segment_rows_seek_before(med_wide_segment_rows *rows, med_slice key, med_slice *found);

/* The row of a key, which is one of the table's; NOT_FOUND without a message. Cheaper than to seek it: the texts of keys are read only where
 * their numbers leave it open (segment_lookup.h). */
MEDLEY_MUST_USE int med_wide_segment_rows_find(med_wide_segment_rows *rows, const med_wide_table *table, med_slice key);

/* The row that was found: its cells and their bytes are in the arena. Cells of columns that the table no longer has are left out. */
MEDLEY_MUST_USE int med_wide_segment_rows_take(med_wide_segment_rows *rows, const med_wide_table *table,
                                               med_arena *arena, med_wide_row *row);
/* It is gone from here. */
MEDLEY_MUST_USE int med_wide_segment_rows_remove(med_wide_segment_rows *rows);

#endif
