/* segment_check.c - a segment read in full. */
#include "models/widecolumn/segment_check.h"

#include "storage/column_check.h"
#include "storage/column_reader.h"

typedef struct keys_check {
  med_txn *txn;
  const med_wide_segment *segment;
  med_column_reader *token_reader, *rest_reader;
  med_vector_rows token_rows, rest_rows;
  int64_t tokens[MED_VECTOR_ROWS];
  med_slice rests[MED_VECTOR_ROWS];
  med_key key, last;
} keys_check;

static int contradicts(med_txn *txn, const med_wide_segment *segment, const char *what) {
  return med_error_set(med_txn_error(txn), MEDLEY_CORRUPT, "wide-column: segment %llu of table %u: %s",
                       (unsigned long long)segment->id, segment->table_id, what);
}

static int check_column(med_txn *txn, const med_wide_segment *segment, uint64_t number, med_column_type type,
                        uint64_t *key_count) {
  med_page_run run;
  uint64_t pages = 0;
  med_wide_segment_run(segment, number, &run);
  int rc = med_column_check(txn, &run, type, segment->rows);
  if (rc == MEDLEY_OK) rc = med_page_run_count(txn, &run, &pages);
  *key_count += pages;
  return rc;
}

static int check_columns(med_txn *txn, const med_wide_segment *segment, uint64_t *key_count) {
  int rc = MEDLEY_OK;
  for (uint64_t i = 0; rc == MEDLEY_OK && i < MED_WIDE_SEGMENT_FIXED; i++)
    rc = check_column(txn, segment, i, i == MED_WIDE_SEGMENT_RESTS ? MED_COLUMN_TEXTS : MED_COLUMN_INTEGERS, key_count);
  for (size_t i = 0; rc == MEDLEY_OK && i < segment->column_count; i++) {
    const med_wide_segment_column *column = &segment->columns[i];
    rc = check_column(txn, segment, (uint64_t)MED_WIDE_SEGMENT_COLUMN + column->id, column->type, key_count);
  }
  return rc;
}

static int check_key(keys_check *work, size_t row, bool first) {
  med_slice rest = work->rests[row];
  med_wide_token_prefix(work->segment->table_id, work->tokens[row], &work->key);
  if (!med_rows_has(work->token_rows.present, row) || !med_rows_has(work->rest_rows.present, row) ||
      rest.len > MED_KEY_SIZE_MAX - (size_t)work->key.len)
    return contradicts(work->txn, work->segment, "a row has no key");
  if (rest.len > 0) memcpy(work->key.bytes + work->key.len, rest.bytes, rest.len);
  work->key.len = (uint16_t)(work->key.len + rest.len);
  const med_key *before = first ? &work->segment->first : &work->last;
  int order = med_slice_compare(med_key_slice(before), med_key_slice(&work->key));
  if (first ? order != 0 : order >= 0)
    return contradicts(work->txn, work->segment, first ? "its first key is another one" : "its keys are not in order");
  work->last = work->key;
  return MEDLEY_OK;
}

static int check_keys(keys_check *work) {
  const med_wide_segment *segment = work->segment;
  med_page_run run;
  int rc;
  med_wide_segment_run(segment, MED_WIDE_SEGMENT_TOKENS, &run);
  MED_TRY(med_column_reader_open(work->txn, &run, MED_COLUMN_INTEGERS, &work->token_reader));
  med_wide_segment_run(segment, MED_WIDE_SEGMENT_RESTS, &run);
  MED_TRY(med_column_reader_open(work->txn, &run, MED_COLUMN_TEXTS, &work->rest_reader));
  for (uint64_t vector = 0; vector * MED_VECTOR_ROWS < segment->rows; vector++) {
    MED_TRY(med_column_reader_integers(work->token_reader, vector, &work->token_rows, work->tokens));
    MED_TRY(med_column_reader_texts(work->rest_reader, vector, &work->rest_rows, work->rests));
    for (size_t row = 0; row < work->rest_rows.rows; row++) MED_TRY(check_key(work, row, vector == 0 && row == 0));
  }
  if (!med_slice_equal(med_key_slice(&work->last), med_key_slice(&segment->last)))
    rc = contradicts(work->txn, segment, "its last key is another one");
done:
  med_column_reader_close(work->token_reader);
  med_column_reader_close(work->rest_reader);
  return rc == MEDLEY_NOT_FOUND ? contradicts(work->txn, segment, "a column has fewer rows than there are") : rc;
}

static int check_gone(med_txn *txn, const med_wide_segment *segment, uint64_t *key_count) {
  for (uint32_t chunk = 0; (uint64_t)chunk * MED_WIDE_GONE_ROWS < segment->rows; chunk++) {
    med_slice bits;
    int rc = med_wide_segment_gone_chunk(txn, segment, chunk, &bits);
    if (rc != MEDLEY_OK) return rc;
    *key_count += bits.len > 0;
    uint64_t left = segment->rows - (uint64_t)chunk * MED_WIDE_GONE_ROWS;
    for (size_t bit = left < MED_WIDE_GONE_ROWS ? (size_t)left : MED_WIDE_GONE_ROWS; bit < bits.len * 8; bit++) {
      if (((const uint8_t *)bits.bytes)[bit / 8] >> bit % 8 & 1)
        return contradicts(txn, segment, "a row is gone that it does not have");
    }
  }
  return MEDLEY_OK;
}

int med_wide_segment_check(med_txn *txn, const med_wide_segment *segment, uint64_t *key_count) {
  keys_check *work = med_alloc_zero(sizeof *work);
  if (work == NULL) return med_error_no_memory(med_txn_error(txn));
  work->txn = txn;
  work->segment = segment;
  int rc = check_columns(txn, segment, key_count);
  if (rc == MEDLEY_OK) rc = check_keys(work);
  if (rc == MEDLEY_OK) rc = check_gone(txn, segment, key_count);
  med_free(work);
  return rc;
}
