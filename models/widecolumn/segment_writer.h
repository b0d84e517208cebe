/* segment_writer.h - rows in key order become a segment.
 *
 * Only plain rows can: see med_wide_row_is_plain. The pages are put as they fill; the segment exists once its owner has put its directory
 * record (med_wide_segment_put), which is to be in the same transaction.
 *
 * Threads: as the transaction's. A writer that failed is closed, and what it wrote goes with its transaction or mark. */
#ifndef MED_WIDECOLUMN_SEGMENT_WRITER_H
#define MED_WIDECOLUMN_SEGMENT_WRITER_H

#include "models/widecolumn/row.h"
#include "models/widecolumn/segment.h"

/* A table's columns whose values go into segments, by id, as the cells of a row stand. */
typedef struct med_wide_sealed_columns {
  const med_wide_column **columns;
  size_t count;
} med_wide_sealed_columns;
/* Columns of the key stand in segments a second time, by themselves: integers and texts, for who reads by columns. */
bool med_wide_segment_keeps(const med_wide_column *column);
/* The list is in the arena, the columns are the table's. False if memory is short. */
MEDLEY_MUST_USE bool med_wide_sealed_columns_list(const med_wide_table *table, med_arena *arena,
                                                  med_wide_sealed_columns *list);

/* What an INSERT or UPDATE without times to live makes of a row without collections: one timestamp, nothing that expires, no tombstones,
 * no cells with paths. Such a row loses nothing in a segment. */
bool med_wide_row_is_plain(const med_wide_sealed_columns *columns, const med_wide_row *row);

typedef struct med_wide_segment_writer med_wide_segment_writer;

/* Neither counters nor views are sealed, nor tables with more columns than MED_WIDE_SEGMENT_COLUMNS_MAX (asserted). */
MEDLEY_MUST_USE int med_wide_segment_writer_open(med_txn *txn, const med_wide_table *table,
                                                 med_wide_segment_writer **writer);
void med_wide_segment_writer_close(med_wide_segment_writer *writer);

/* The next row, which is plain; its key is behind the last one's (asserted). Its values are copied. bytes: what it took as a record. */
MEDLEY_MUST_USE int med_wide_segment_writer_add(med_wide_segment_writer *writer, med_slice key, const med_wide_row *row,
                                                size_t bytes);
uint64_t med_wide_segment_writer_rows(const med_wide_segment_writer *writer);
uint64_t med_wide_segment_writer_bytes(const med_wide_segment_writer *writer);
/* Writes what is left of at least one row, and says what came of it; then the writer can only be closed. The segment's columns are in the
 * arena. */
MEDLEY_MUST_USE int med_wide_segment_writer_finish(med_wide_segment_writer *writer, med_arena *arena,
                                                   med_wide_segment *segment);

#endif
