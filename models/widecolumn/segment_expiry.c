/* segment_expiry.c - see segment_expiry.h. */
#include "models/widecolumn/segment_expiry.h"

#include "models/widecolumn/seal.h"
#include "storage/column_kernels.h"
#include "storage/column_reader.h"

#define DROP_COST 64 /* of `limit`: a segment has as many pages, about */

int64_t med_wide_segment_purged_s(const med_txn *txn, const med_wide_table *table) {
  int64_t now_s = med_txn_now_us(txn) / 1000000;
  if (med_wide_table_derives(table)) return 0;
  return table->flags & MED_WIDE_TABLE_TIMESTAMPS ? now_s - (int64_t)table->gc_grace_s : now_s;
}

static int count_by_column(med_txn *txn, const med_wide_segment *segment, int64_t up_to_s, uint64_t *expired) {
  med_column_reader *reader;
  med_page_run run;
  med_vector_rows rows;
  int64_t values[MED_VECTOR_ROWS];
  uint64_t found[MED_VECTOR_WORDS];
  med_wide_segment_run(segment, MED_WIDE_SEGMENT_EXPIRIES, &run);
  int rc = med_column_reader_open(txn, &run, MED_COLUMN_INTEGERS, &reader);
  if (rc != MEDLEY_OK) return rc;
  for (uint64_t i = 0; rc == MEDLEY_OK && i * MED_VECTOR_ROWS < segment->rows; i++) {
    rc = med_column_reader_integers(reader, i, &rows, values);
    if (rc != MEDLEY_OK) break;
    med_column_compare_integers(values, rows.rows, MED_LESS_EQUAL, up_to_s, found);
    for (size_t word = 0; word < MED_VECTOR_WORDS; word++) found[word] &= rows.present[word];
    *expired += med_rows_count(found);
  }
  med_column_reader_close(reader);
  if (rc == MEDLEY_NOT_FOUND)
    return med_error_set(med_txn_error(txn), MEDLEY_CORRUPT, "wide-column: segment %llu: rows have no time to live",
                         (unsigned long long)segment->id);
  return rc;
}

int med_wide_segment_count_expired(med_txn *txn, const med_wide_table *table, const med_wide_segment *segment,
                                   uint64_t *expired) {
  int64_t up_to_s = med_wide_segment_purged_s(txn, table);
  *expired = 0;
  if (segment->first_expiry_s == 0 || (int64_t)segment->first_expiry_s > up_to_s) return MEDLEY_OK;
  if (segment->last_expiry_s > 0 && (int64_t)segment->last_expiry_s <= up_to_s) {
    *expired = segment->rows;
    return MEDLEY_OK;
  }
  return count_by_column(txn, segment, up_to_s, expired);
}

/* *at is then behind the segment's beginning. */
static int look_at_next(med_txn *txn, med_cursor *cursor, const med_wide_table *table, med_arena *arena, med_key *at,
                        med_wide_segment *segment, uint64_t *expired) {
  int rc = med_wide_segment_behind(txn, cursor, med_key_slice(at), arena, segment);
  if (rc != MEDLEY_OK) return rc;
  *at = segment->first;
  return med_wide_segment_count_expired(txn, table, segment, expired);
}

int med_wide_segments_expire(med_txn *txn, const med_wide_table *table, size_t limit, size_t *dropped, bool *any) {
  med_cursor *cursor;
  med_wide_segment segment;
  med_arena arena = {0};
  med_key at;
  uint64_t expired;
  bool asks = false;
  *any = false;
  med_wide_table_prefix(table->id, &at);
  int rc = med_cursor_open(txn, MED_TREE_WIDE, &cursor);
  if (rc != MEDLEY_OK) return rc;
  while ((rc = look_at_next(txn, cursor, table, &arena, &at, &segment, &expired)) == MEDLEY_OK) {
    if (expired == segment.rows && *dropped < limit) {
      rc = med_wide_segment_drop(txn, &segment);
      *dropped += DROP_COST;
    } else {
      *any = *any || segment.first_expiry_s > 0;
      asks = asks || (expired * 5 > segment.rows && expired < segment.rows);
    }
    med_arena_reset(&arena);
    if (rc != MEDLEY_OK) break;
  }
  med_arena_clear(&arena);
  med_cursor_close(cursor);
  if (rc == MEDLEY_NOT_FOUND) rc = MEDLEY_OK;
  return rc == MEDLEY_OK && asks ? med_wide_seal_request(txn, table) : rc;
}
