/* segment_scan.h - a table's sealed rows by columns: a vector of rows at a time, of which only the columns that are asked for are decoded.
 *
 * For totals over many rows; med_wide_reader reads the others, told to leave sealed rows out (med_wide_reader_only_records). A segment's vectors
 * come in key order, and so do segments.
 * Nobody may write in the transaction meanwhile. Threads and lifetime: as the transaction's; what is answered lives until the next
 * vector. */
#ifndef MED_WIDECOLUMN_SEGMENT_SCAN_H
#define MED_WIDECOLUMN_SEGMENT_SCAN_H

#include "models/widecolumn/segment.h"
#include "storage/column_kernels.h"

typedef struct med_wide_segment_scan med_wide_segment_scan;

/* What a column has in the present vector. Values behind the rows mean nothing, those of rows that are not present are 0. */
typedef struct med_wide_vector {
  uint64_t present[MED_VECTOR_WORDS];
  int64_t *integers; /* one of the two, as its type is; of texts none */
  double *reals;
} med_wide_vector;

MEDLEY_MUST_USE int med_wide_segment_scan_open(med_txn *txn, const med_wide_table *table, med_wide_segment_scan **scan);
void med_wide_segment_scan_close(med_wide_segment_scan *scan);

/* NOT_FOUND at the end. live: its rows that are not gone and have a marker or a value of a column that the table has still; it has room for
 * MED_VECTOR_WORDS. */
MEDLEY_MUST_USE int med_wide_segment_scan_next(med_wide_segment_scan *scan, size_t *rows, uint64_t *live);
/* A regular column, not a complex one, of integers or reals (med_wide_segment_type). */
MEDLEY_MUST_USE int med_wide_segment_scan_vector(med_wide_segment_scan *scan, const med_wide_column *column,
                                                 const med_wide_vector **vector);
/* The rows whose text, in memcmp order, compares so with a constant; the rows that have a text. Each has room for MED_VECTOR_WORDS. */
MEDLEY_MUST_USE int med_wide_segment_scan_texts(med_wide_segment_scan *scan, const med_wide_column *column,
                                                med_compare compare, med_slice constant, uint64_t *selected);
MEDLEY_MUST_USE int med_wide_segment_scan_present(med_wide_segment_scan *scan, const med_wide_column *column,
                                                  uint64_t *present);

#endif
