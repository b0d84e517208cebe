/* segment_scan.h - a table's sealed rows by columns: a vector of rows at a time, of which only the columns that are asked for are decoded.
 *
 * For whoever goes over all rows in any order; med_wide_reader reads the others, told to leave sealed rows out (med_wide_reader_only_records). A
 * segment's vectors come in key order, and so do segments; of a table with time windows those of each window do, and windows as their times.
 * Nobody may write in the transaction meanwhile. Threads and lifetime: as the transaction's; what is answered lives until the next
 * vector. */
#ifndef MED_WIDECOLUMN_SEGMENT_SCAN_H
#define MED_WIDECOLUMN_SEGMENT_SCAN_H

#include "models/widecolumn/segment.h"
#include "models/widecolumn/time_window.h"
#include "storage/column_kernels.h"
#include "storage/column_page.h"

typedef struct med_wide_segment_scan med_wide_segment_scan;

/* What a column has in the present vector. Values behind the rows mean nothing, those of rows that are not present are 0 and empty. */
typedef struct med_wide_vector {
  uint64_t present[MED_VECTOR_WORDS];
  union { /* as its type is (med_wide_segment_type); NULL if no row of the segment has a value */
    const int64_t *integers;
    const double *reals;
    const med_slice *texts;
  } values;
} med_wide_vector;

MEDLEY_MUST_USE int med_wide_segment_scan_open(med_txn *txn, const med_wide_table *table, med_wide_segment_scan **scan);
/* Only the segment that begins with the key `from`, and those behind it that begin before `to`. It may be written meanwhile, but not to them: texts then live until the next write. */
void med_wide_segment_scan_only(med_wide_segment_scan *scan, const med_key *from, const med_key *to);
/* Of a table with time windows only those of these windows. Before the first vector. */
void med_wide_segment_scan_windows(med_wide_segment_scan *scan, const med_wide_window_span *span);
void med_wide_segment_scan_close(med_wide_segment_scan *scan);

/* Rows that have expired at that time, in seconds, are as gone; without this call, at the transaction's time. */
void med_wide_segment_scan_expired(med_wide_segment_scan *scan, int64_t at_s);

/* The next vector; NOT_FOUND at the end. live: its rows that are not gone and have a marker or a value of a column that the table has still; it
 * has room for MED_VECTOR_WORDS, as all bitmaps here. */
MEDLEY_MUST_USE int med_wide_segment_scan_next(med_wide_segment_scan *scan, size_t *rows, uint64_t *live);

/* Whether the present segment stores the column: a regular one that is not complex always, one of the key if all of its rows have it. Only
 * of such columns the rest may be asked; a vector of any that may be in segments. */
MEDLEY_MUST_USE int med_wide_segment_scan_stores(med_wide_segment_scan *scan, const med_wide_column *column,
                                                 bool *stores);
MEDLEY_MUST_USE int med_wide_segment_scan_vector(med_wide_segment_scan *scan, const med_wide_column *column,
                                                 const med_wide_vector **vector);
/* The same, if no other rows' values than those of `wanted` matter: the others' mean nothing. */
MEDLEY_MUST_USE int med_wide_segment_scan_some(med_wide_segment_scan *scan, const med_wide_column *column,
                                               const uint64_t *wanted, const med_wide_vector **vector);
/* Texts, as numbers of a dictionary where they are stored so. */
typedef struct med_wide_texts {
  uint64_t present[MED_VECTOR_WORDS];
  uint64_t segment; /* each has a dictionary of its own */
  const uint32_t *
      codes; /* of each row, below text_count, meaning nothing where no text is present; NULL: texts has one for each row */
  const med_slice *texts; /* NULL if no row of the segment has one */
  size_t text_count;
} med_wide_texts;
MEDLEY_MUST_USE int med_wide_segment_scan_texts(med_wide_segment_scan *scan, const med_wide_column *column,
                                                med_wide_texts *texts);
/* The rows that have a value: of the values themselves none is decoded. */
MEDLEY_MUST_USE int med_wide_segment_scan_present(med_wide_segment_scan *scan, const med_wide_column *column,
                                                  uint64_t *present);
/* Takes out of `selected` the rows that have no value, or one that does not compare so with the constant, which is a value of the column: numbers
 * by med_column_compare_..., texts in memcmp order. Where the bounds of the vector decide it, nothing is decoded. */
MEDLEY_MUST_USE int med_wide_segment_scan_match(med_wide_segment_scan *scan, const med_wide_column *column,
                                                med_compare compare, med_slice constant, uint64_t *selected);

/* The same of integers: those without a value in the range go. */
MEDLEY_MUST_USE int med_wide_segment_scan_within(med_wide_segment_scan *scan, const med_wide_column *column,
                                                 const med_integer_range *range, uint64_t *selected);

/* ---- What headers say, without a vector being decoded. A file that lies here lies about values, too: med_wide_check finds out. ---- */
/* Of integers in the present vector, within which they are; false: it has none. */
MEDLEY_MUST_USE int med_wide_segment_scan_bounds(med_wide_segment_scan *scan, const med_wide_column *column, bool *any,
                                                 int64_t *min, int64_t *max);
/* Of integers in the present segment: *some: rows may compare so with the constant; *all: every row has a value that does. */
MEDLEY_MUST_USE int med_wide_segment_scan_ask(med_wide_segment_scan *scan, const med_wide_column *column,
                                              med_compare compare, int64_t constant, bool *some, bool *all);
/* Whether every row of the present segment is there: then what follows is of those that readers see. */
MEDLEY_MUST_USE int med_wide_segment_scan_whole(med_wide_segment_scan *scan, bool *whole);
/* Count, bounds and sum of all values of a column in the present segment; NULL: there are none. */
MEDLEY_MUST_USE int med_wide_segment_scan_header(med_wide_segment_scan *scan, const med_wide_column *column,
                                                 const med_column_group **header);
uint64_t med_wide_segment_scan_rows(const med_wide_segment_scan *scan); /* of the present segment */
bool med_wide_segment_scan_is_first(const med_wide_segment_scan *scan); /* the vector is the first one of its segment */
/* What is left of the present segment is passed over. */
void med_wide_segment_scan_skip(med_wide_segment_scan *scan);

/* A column besides the table's (MED_WIDE_SEGMENT_...): before MED_WIDE_SEGMENT_FULL every row has a value; of those behind values may be NULL. */
MEDLEY_MUST_USE int med_wide_segment_scan_fixed(med_wide_segment_scan *scan, uint64_t number,
                                                const med_wide_vector **vector);

/* Of a row of the present vector: its key, from 04 on; the time of its marker and cells. */
MEDLEY_MUST_USE int med_wide_segment_scan_key(med_wide_segment_scan *scan, size_t row, med_key *key);
MEDLEY_MUST_USE int med_wide_segment_scan_time(med_wide_segment_scan *scan, size_t row, int64_t *timestamp_us);
/* When it expires; 0: never. */
MEDLEY_MUST_USE int med_wide_segment_scan_expiry(med_wide_segment_scan *scan, size_t row, int64_t *expiry_s);

#endif
