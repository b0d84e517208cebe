/* segment_source.h - the rows of segments that are written anew: a vector at a time, with all its columns.
 *
 * Its owner writes in the transaction while it reads, so everything that is answered is a copy. Nothing in the file is believed: rows stand in key
 * order, in the range that was asked for, or CORRUPT is answered.
 * Threads and lifetime: as the transaction's; what is answered lives until the next vector. */
#ifndef MED_WIDECOLUMN_SEGMENT_SOURCE_H
#define MED_WIDECOLUMN_SEGMENT_SOURCE_H

#include "models/widecolumn/plain_row.h"
#include "models/widecolumn/segment_scan.h"

typedef struct med_wide_source_vector {
  size_t rows;
  uint64_t live[MED_VECTOR_WORDS]; /* rows that are not gone and have something that the table still has */
  med_wide_vector fixed[MED_WIDE_SEGMENT_FIXED];
  med_wide_vector *columns;        /* those of the list */
  uint32_t sizes[MED_VECTOR_ROWS]; /* of each row: what it took as a record, about */
} med_wide_source_vector;

typedef struct med_wide_segment_source med_wide_segment_source;

/* The segment that begins with the key `from`, and those behind it that begin before `to`. The list lives as long as the source. */
MEDLEY_MUST_USE int med_wide_segment_source_open(med_txn *txn, const med_wide_sealed_columns *columns,
                                                 const med_key *from, const med_key *to,
                                                 med_wide_segment_source **source);
void med_wide_segment_source_close(med_wide_segment_source *source);
/* NOT_FOUND at the end: then it is not asked again. */
MEDLEY_MUST_USE int med_wide_segment_source_next(med_wide_segment_source *source,
                                                 const med_wide_source_vector **vector);

/* Of a row of a vector: its token and the rest of its tail against those; its key. */
int med_wide_source_compare(const med_wide_source_vector *vector, size_t row, int64_t token, med_slice rest);
void med_wide_source_key(const med_wide_source_vector *vector, size_t row, uint32_t table_id, med_key *key);

#endif
