/* read.h - reading rows: one partition or a range of tokens, forwards or backwards, from any place on.
 *
 * A reader walks one snapshot in the table's order: by token, then by partition key, then in clustering order. It answers what is live at
 * the transaction's time. It copies what it answers, so a write in the same transaction may come between two steps; it then sees what it
 * has not passed yet, static columns as they were when it came to their partition. Threads and lifetime: as the transaction's; what an entry points to lives until the next step. */
#ifndef MED_WIDECOLUMN_READ_H
#define MED_WIDECOLUMN_READ_H

#include "models/widecolumn/partition.h"
#include "models/widecolumn/time_window.h"

typedef struct med_wide_reader med_wide_reader;

typedef struct med_wide_entry {
  const med_slice *partition;  /* values */
  const med_slice *clustering; /* values; NULL: a partition that has only static columns */
  const med_wide_row *row;     /* empty if clustering is NULL */
  const med_wide_row *statics; /* of the partition; never NULL */
  int64_t token;
  bool first;       /* of its partition, in this reading */
  med_slice tail;   /* of its key: a place to go on behind (med_wide_reader_resume) */
  uint64_t visited; /* records that were looked at so far, dead ones included */
} med_wide_entry;

/* Reads nothing yet. Close it before the transaction ends. */
MEDLEY_MUST_USE int med_wide_reader_open(med_txn *txn, const med_wide_table *table, med_wide_reader **reader);
void med_wide_reader_close(med_wide_reader *reader);

/* What to read; may be called again. One partition (its values, checked): range NULL for all of its rows; then a partition without
 * live rows is one entry with clustering NULL if it has live static columns. The range's bytes are copied. */
MEDLEY_MUST_USE int med_wide_reader_partition(med_wide_reader *reader, const med_slice *values,
                                              const med_wide_range *range, bool reverse);
/* All partitions whose token is within from and to, both inclusive. */
void med_wide_reader_tokens(med_wide_reader *reader, int64_t from, int64_t to);
/* Sealed rows are left out: whoever reads them by columns (segment_scan.h). */
void med_wide_reader_only_records(med_wide_reader *reader);
/* Before anything is read: regular columns that are not wanted, by their places among the table's, may be left out of rows, and without times
 * timestamps may be 0, since each column of a sealed row is read by itself. Which rows are live does not change. Borrowed until the reader
 * is closed. */
void med_wide_reader_columns(med_wide_reader *reader, const bool *wanted, bool times);
/* Rows of other windows of a table with time windows are left out (time_window.h). Before anything is read. */
void med_wide_reader_windows(med_wide_reader *reader, const med_wide_window_span *span);
/* Only the first entry of each partition that has any. */
void med_wide_reader_distinct(med_wide_reader *reader, bool distinct);
/* Goes on behind the row of that tail, which may be gone meanwhile. CORRUPT if it is no tail of the table. */
MEDLEY_MUST_USE int med_wide_reader_resume(med_wide_reader *reader, med_slice tail);
/* The rest of the present partition is left out. */
void med_wide_reader_skip_partition(med_wide_reader *reader);

/* NOT_FOUND at the end. */
MEDLEY_MUST_USE int med_wide_reader_next(med_wide_reader *reader, med_wide_entry *entry);
/* The row of that tail; NOT_FOUND if it is not there, or not live. A partition's own tail: clustering is NULL, found if its static
 * columns are live. */
MEDLEY_MUST_USE int med_wide_reader_at(med_wide_reader *reader, med_slice tail, med_wide_entry *entry);

/* The same of a row that is known to be there, by its key alone: no cells, no marker. */
MEDLEY_MUST_USE int med_wide_reader_key(med_wide_reader *reader, med_slice tail, med_wide_entry *entry);

/* Of a clustering key: the first `count` columns are equal to the values, and the next one is within the bounds (NULL: none). The bytes are in
 * the arena. TOO_BIG if no key can begin with the values; a bound may be longer than any key. RANGE as med_wide_key_add, NO_MEMORY. */
typedef struct med_wide_bound {
  med_slice value;
  bool inclusive;
} med_wide_bound;
MEDLEY_MUST_USE int med_wide_clustering_range(const med_wide_table *table, const med_slice *values, size_t count,
                                              const med_wide_bound *lower, const med_wide_bound *upper,
                                              med_arena *arena, med_wide_range *range, medley_error *error);

/* Rows by an indexed value: tails for med_wide_reader_at, in the order of the table but for those that are too long for an entry's key, whose
 * order ends where they are cut. The caller looks whether the row has the value: entries outlive what expires, and equal values share them. */
typedef struct med_wide_index_reader med_wide_index_reader;
MEDLEY_MUST_USE int med_wide_index_reader_open(med_txn *txn, const med_wide_table *table, const med_wide_index *index,
                                               med_slice value, med_wide_index_reader **reader);
/* Goes on behind the entry of a row's tail. */
void med_wide_index_reader_resume(med_wide_index_reader *reader, med_slice tail);
/* Begins at the entries of partitions with that token. */
void med_wide_index_reader_token(med_wide_index_reader *reader, int64_t token);
/* NOT_FOUND at the end. The tail lives until the next step. */
MEDLEY_MUST_USE int med_wide_index_reader_next(med_wide_index_reader *reader, med_slice *tail);
void med_wide_index_reader_close(med_wide_index_reader *reader);

#endif
