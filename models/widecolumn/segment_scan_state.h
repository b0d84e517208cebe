/* segment_scan_state.h - what segment_scan.c and segment_match.c share: a scan, and its columns.
 *
 * Not for anybody else. Threads and lifetime: as of segment_scan.h. */
#ifndef MED_WIDECOLUMN_SEGMENT_SCAN_STATE_H
#define MED_WIDECOLUMN_SEGMENT_SCAN_STATE_H

#include "models/widecolumn/segment_scan.h"
#include "models/widecolumn/window_directory.h"
#include "storage/column_reader.h"

/* Which texts of a column's dictionary compare so with a constant: found out once for a segment. */
typedef struct med_wide_text_match med_wide_text_match;
struct med_wide_text_match {
  med_wide_text_match *next;
  med_compare compare;
  med_slice constant;
  uint8_t *matches;
};

typedef struct med_wide_scanned {
  uint64_t number; /* MED_WIDE_SEGMENT_... */
  uint16_t id;     /* of the table's column */
  bool kept;       /* the table has the column still */
  med_column_type type;
  med_column_reader *reader; /* NULL: not asked for yet */
  void *values;              /* room for those of a vector, once they are wanted */
  bool decoded;              /* `vector` is the present one's */
  med_wide_vector vector;
  med_wide_text_match *matches;
} med_wide_scanned;

struct med_wide_segment_scan {
  med_txn *txn;
  const med_wide_table *table;
  med_cursor *cursor;
  uint32_t table_id; /* under which the segments stand: the table's, or the window's that is gone through */
  /* Of a table with time windows */
  bool in_window;            /* there is a present one */
  med_wide_window_span span; /* those that are left */
  bool entered, bounded;
  med_key from, to; /* of first keys, where it is bounded */
  med_wide_segment segment;
  uint64_t vector;           /* the present one */
  size_t rows;               /* of it */
  med_wide_scanned *columns; /* the segment's, by id, and behind them MED_WIDE_SEGMENT_FIXED */
  int64_t now_s;             /* what expires by then is gone */
  bool lacks;                /* the table has dropped one of them: rows may be left without a value */
  med_arena arena;           /* of the segment */
  med_cursor **cursors;      /* of each place in columns, or NULL: a column's pages are neighbours */
  size_t cursor_count;
  uint32_t codes[MED_VECTOR_ROWS];
};

/* CORRUPT: a column is not that of the segment's record. */
int med_wide_scan_damaged(const med_wide_segment_scan *scan);
/* *of is open, or NULL if no row of the segment has a value of the column. */
MEDLEY_MUST_USE int med_wide_scan_column(med_wide_segment_scan *scan, const med_wide_column *column,
                                         med_wide_scanned **of);
/* The header of an open column: a segment is one group. */
MEDLEY_MUST_USE int med_wide_scan_header_of(med_wide_segment_scan *scan, med_wide_scanned *of,
                                            const med_column_group **group);
/* All values of the present vector of an open column. */
MEDLEY_MUST_USE int med_wide_scan_decode(med_wide_segment_scan *scan, med_wide_scanned *of);
/* rc, of reading a vector; its rows are to be the scan's, and those with a value go to `present`. */
MEDLEY_MUST_USE int med_wide_scan_take_rows(const med_wide_segment_scan *scan, int rc, const med_vector_rows *rows,
                                            uint64_t *present);

static inline void med_wide_scan_and_rows(uint64_t *rows, const uint64_t *with) {
  for (size_t i = 0; i < MED_VECTOR_WORDS; i++) rows[i] &= with[i];
}

#endif
