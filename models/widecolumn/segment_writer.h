/* segment_writer.h - rows in key order become a segment.
 *
 * They are plain rows, taken from records (plain_row.h), or rows that stood in a segment before, moved by columns (segment_source.h). The pages are
 * put as they fill; the segment exists once its owner has put its directory record (med_wide_segment_put), which is to be in the same
 * transaction.
 *
 * Threads: as the transaction's. A writer that failed is closed, and what it wrote goes with its transaction or mark. */
#ifndef MED_WIDECOLUMN_SEGMENT_WRITER_H
#define MED_WIDECOLUMN_SEGMENT_WRITER_H

#include "models/widecolumn/segment_source.h"

typedef struct med_wide_segment_writer med_wide_segment_writer;

/* The list lives as long as the writer. Neither counters nor views are sealed, nor tables with more columns than
 * MED_WIDE_SEGMENT_COLUMNS_MAX (asserted). */
MEDLEY_MUST_USE int med_wide_segment_writer_open(med_txn *txn, const med_wide_sealed_columns *columns,
                                                 med_wide_segment_writer **writer);
void med_wide_segment_writer_close(med_wide_segment_writer *writer);

/* The next row, or rows, whose keys are behind the last one's (asserted where it costs nothing). bytes: what they took as records. Values of a plain row are
 * copied. */
MEDLEY_MUST_USE int med_wide_segment_writer_add(med_wide_segment_writer *writer, med_slice key,
                                                const med_wide_plain_row *row, size_t bytes);
/* Live rows [first, first + count) of a vector. It stays as it is until the writer is told to settle. */
MEDLEY_MUST_USE int med_wide_segment_writer_add_rows(med_wide_segment_writer *writer,
                                                     const med_wide_source_vector *from, size_t first, size_t count,
                                                     size_t bytes);
/* Nothing is borrowed from a vector any more. */
MEDLEY_MUST_USE int med_wide_segment_writer_settle(med_wide_segment_writer *writer);

uint64_t med_wide_segment_writer_rows(const med_wide_segment_writer *writer);
uint64_t med_wide_segment_writer_bytes(const med_wide_segment_writer *writer);
/* Vectors that were put: each time, what was borrowed from the transaction is lost. */
uint64_t med_wide_segment_writer_vectors(const med_wide_segment_writer *writer);
/* Writes what is left of at least one row, and says what came of it; then the writer can only be closed. The segment's columns are in the
 * arena. */
MEDLEY_MUST_USE int med_wide_segment_writer_finish(med_wide_segment_writer *writer, med_arena *arena,
                                                   med_wide_segment *segment);

#endif
