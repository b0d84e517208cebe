/* segment.h - sealed rows: immutable segments of a table's rows, stored by columns; which there are, and which of their rows are gone.
 *
 * FORMAT.md section "Wide-column", "Segments". A segment holds rows in key order, each column a run of pages (storage/page_run.h). It exists
 * once its directory record stands in the tree, and is never changed but for the bits of rows that are gone: deleted, or taken back among
 * the records of rows because they were written to.
 *
 *   06 table tail of its first row             directory: number, rows, last row, columns
 *   07 table segment(8), column(8) page(8)     pages
 *   08 table segment(8) chunk(4)               bits of rows that are gone
 *
 * Invariants, proven by med_wide_check:
 *  1. A row's key stands in one place: as a record, or in one segment with its bit clear.
 *  2. Segments of a table do not overlap: the last key of one is below the first of the next one.
 *
 * Threads and lifetime: as the transaction's. */
#ifndef MED_WIDECOLUMN_SEGMENT_H
#define MED_WIDECOLUMN_SEGMENT_H

#include "models/widecolumn/row_key.h"
#include "models/widecolumn/segment_value.h"
#include "storage/memory.h"
#include "storage/page_run.h"

#define MED_WIDE_SEGMENT_ROWS_MAX MED_GROUP_ROWS /* one group of every column */
#define MED_WIDE_SEGMENT_COLUMNS_MAX \
  256 /* regular columns of a table whose rows are sealed: a writer needs memory for each */

/* Columns besides the table's; a table's column stands at MED_WIDE_SEGMENT_COLUMN + its id. */
enum {
  MED_WIDE_SEGMENT_TOKENS = 0,  /* integers: of a tail, the token */
  MED_WIDE_SEGMENT_RESTS = 1,   /* texts: the tail behind the token */
  MED_WIDE_SEGMENT_TIMES = 2,   /* integers: of marker and cells, in microseconds */
  MED_WIDE_SEGMENT_MARKERS = 3, /* integers: 1 if the row has a marker */
  MED_WIDE_SEGMENT_FULL =
      4, /* those before have a value in every row; those behind in rows that expire, and are there if any does: */
  MED_WIDE_SEGMENT_EXPIRIES = 4, /* integers: of marker and cells, in seconds since 1970 */
  MED_WIDE_SEGMENT_TTLS = 5,     /* integers: the seconds that were given */
  MED_WIDE_SEGMENT_FIXED = 6,
  MED_WIDE_SEGMENT_COLUMN = 16
};

typedef struct med_wide_segment_column {
  uint16_t id;
  med_column_type type;
} med_wide_segment_column;

typedef struct med_wide_segment {
  uint32_t table_id;
  uint64_t id, rows, bytes;         /* bytes: what its rows took as records, about */
  med_key first, last;              /* keys of rows, from 04 on */
  uint32_t first_expiry_s;          /* of rows that expire, the smallest; 0: none does */
  uint32_t last_expiry_s;           /* the largest, if all rows expire; else 0 */
  med_wide_segment_column *columns; /* those that have a value in it, by id */
  size_t column_count;
} med_wide_segment;

/* The place of the column with that id among its columns; column_count if no row has a value of it. */
size_t med_wide_segment_column_at(const med_wide_segment *segment, uint16_t id);
/* The run of one of its columns: MED_WIDE_SEGMENT_... */
void med_wide_segment_run(const med_wide_segment *segment, uint64_t column, med_page_run *run);
/* What the keys of all of a table's directory begin with. */
void med_wide_segment_prefix(uint32_t table_id, med_key *prefix);

/* The cursor is the caller's, on tree WIDE; the segment's columns are in the arena. at: the last one whose first key is not behind
 * the key; before: the last one whose first key is before it; behind: the first one whose first key is behind it. NOT_FOUND, without a message; CORRUPT. The key begins with 04 table. */
MEDLEY_MUST_USE int med_wide_segment_at(med_txn *txn, med_cursor *cursor, med_slice key, med_arena *arena,
                                        med_wide_segment *segment);
MEDLEY_MUST_USE int med_wide_segment_before(med_txn *txn, med_cursor *cursor, med_slice key, med_arena *arena,
                                            med_wide_segment *segment);
MEDLEY_MUST_USE int med_wide_segment_behind(med_txn *txn, med_cursor *cursor, med_slice key, med_arena *arena,
                                            med_wide_segment *segment);

MEDLEY_MUST_USE int med_wide_segment_put(med_txn *txn, const med_wide_segment *segment);
/* Its directory record, bits and pages. */
MEDLEY_MUST_USE int med_wide_segment_drop(med_txn *txn, const med_wide_segment *segment);

/* The row was not gone, or CORRUPT. */
MEDLEY_MUST_USE int med_wide_segment_remove(med_txn *txn, const med_wide_segment *segment, uint64_t row);
MEDLEY_MUST_USE int med_wide_segment_count_gone(med_txn *txn, const med_wide_segment *segment, uint64_t *gone);
/* The bits of MED_WIDE_GONE_ROWS rows from chunk * MED_WIDE_GONE_ROWS on; no bytes if none of them is gone. */
#define MED_WIDE_GONE_ROWS 16384
MEDLEY_MUST_USE int med_wide_segment_gone_chunk(med_txn *txn, const med_wide_segment *segment, uint32_t chunk,
                                                med_slice *bits);

#endif
