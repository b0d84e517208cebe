/* hot_rows.c - a cursor over records, which goes on by steps as long as nobody writes, merged with runs. */
#include "models/widecolumn/hot_rows.h"

#include "models/widecolumn/record.h"

void med_wide_hot_rows_init(med_wide_hot_rows *hot, med_txn *txn, med_cursor *cursor, med_wide_run_rows *runs,
                            const med_wide_sealed_columns *columns, med_slice *values, const med_key *from,
                            const med_key *to) {
  *hot = (med_wide_hot_rows){.txn = txn, .columns = columns, .cursor = cursor, .runs = runs, .to = *to, .key = *from};
  hot->row.values = values;
  hot->now_s = med_txn_now_us(txn) / 1000000;
  hot->keeps_expiring = med_wide_table_derives(columns->table);
}

int med_wide_key_step(med_txn *txn, med_key *key) {
  if (key->len >= MED_KEY_SIZE_MAX)
    return med_error_set(med_txn_error(txn), MEDLEY_CORRUPT, "wide-column: a key that is none");
  key->bytes[key->len++] = 0;
  return MEDLEY_OK;
}

/* A record that is in parts is longer than a page. */
static int look(med_wide_hot_rows *hot, med_slice value) {
  med_wide_place place;
  med_buffer none = {0};
  med_slice record;
  bool fresh;
  medley_error *error = med_txn_error(hot->txn);
  hot->plain = false;
  int rc = med_wide_key_walk_place(&hot->walk, hot->columns->table, med_key_slice(&hot->key), &place, &fresh, error);
  if (rc != MEDLEY_OK || place.sub != MED_WIDE_SUB_ROW) return rc;
  if (value.len == 0 || *(const uint8_t *)value.bytes != 0) return MEDLEY_OK;
  rc = med_wide_record_open(hot->txn, value, &none, &record);
  if (rc == MEDLEY_OK) rc = med_wide_plain_row_take(hot->columns, record, &hot->row, &hot->plain, error);
  if (hot->row.expiry_s > 0)
    hot->plain =
        hot->plain && !hot->keeps_expiring && hot->row.ttl_s > 0 && med_wide_is_live(hot->row.expiry_s, hot->now_s);
  hot->bytes = med_wide_plain_row_size(hot->key.len) + hot->row.bytes;
  return rc;
}

/* The first record at or behind `key`, if it is not known. */
static int find_record(med_wide_hot_rows *hot) {
  med_slice found = {0};
  if (hot->records_end) return MEDLEY_NOT_FOUND;
  if (hot->has_record && med_slice_compare(med_key_slice(&hot->record), med_key_slice(&hot->key)) >= 0)
    return MEDLEY_OK;
  int rc = hot->stands ? med_cursor_next(hot->cursor, &found, &hot->record_value)
                       : med_cursor_seek(hot->cursor, med_key_slice(&hot->key), &found, &hot->record_value);
  bool beyond = rc == MEDLEY_OK && med_slice_compare(found, med_key_slice(&hot->to)) >= 0;
  hot->records_end = beyond || rc == MEDLEY_NOT_FOUND;
  hot->has_record = hot->stands = rc == MEDLEY_OK && !beyond;
  if (hot->has_record) med_key_set(&hot->record, found);
  return beyond ? MEDLEY_NOT_FOUND : rc;
}

/* The first row of a run at or behind `key`, if it is not known. */
static int find_in_runs(med_wide_hot_rows *hot) {
  if (hot->runs == NULL || hot->runs_end) return MEDLEY_NOT_FOUND;
  if (hot->has_in_run && !hot->in_run) return MEDLEY_OK;
  int rc = hot->has_in_run
               ? med_wide_run_rows_next(hot->runs, &hot->run_key, &hot->run_value)
               : med_wide_run_rows_seek(hot->runs, med_key_slice(&hot->key), true, &hot->run_key, &hot->run_value);
  if (rc == MEDLEY_OK && med_slice_compare(hot->run_key, med_key_slice(&hot->to)) >= 0) rc = MEDLEY_NOT_FOUND;
  hot->has_in_run = rc == MEDLEY_OK;
  hot->runs_end = rc == MEDLEY_NOT_FOUND;
  return rc;
}

static int stand_again(med_wide_hot_rows *hot) {
  med_slice found = {0};
  int rc = med_cursor_seek(hot->cursor, med_key_slice(&hot->record), &found, &hot->record_value);
  bool same = rc == MEDLEY_OK && med_slice_equal(found, med_key_slice(&hot->record));
  if (rc == MEDLEY_NOT_FOUND || (rc == MEDLEY_OK && !same))
    return med_error_set(med_txn_error(hot->txn), MEDLEY_CORRUPT, "wide-column: a record is gone while it is sealed");
  hot->stands = rc == MEDLEY_OK;
  return rc;
}

int med_wide_hot_rows_next(med_wide_hot_rows *hot) {
  int rc = hot->passed ? med_wide_key_step(hot->txn, &hot->key) : MEDLEY_OK;
  if (rc == MEDLEY_OK) rc = find_record(hot);
  if (rc != MEDLEY_OK && rc != MEDLEY_NOT_FOUND) return rc;
  bool record = rc == MEDLEY_OK;
  uint64_t changes = med_txn_changes(hot->txn);
  rc = find_in_runs(hot);
  if (med_txn_changes(hot->txn) != changes) hot->stands = false; /* a block that lost rows was written */
  if (rc != MEDLEY_OK && (rc != MEDLEY_NOT_FOUND || !record)) return rc;
  int order = rc == MEDLEY_OK && record ? med_slice_compare(med_key_slice(&hot->record), hot->run_key)
              : record                  ? -1
                                        : 1;
  if (order == 0) return med_error_set(med_txn_error(hot->txn), MEDLEY_CORRUPT, "wide-column: a row stands twice");
  hot->in_run = order > 0;
  rc = hot->in_run || hot->stands ? MEDLEY_OK : stand_again(hot);
  if (rc != MEDLEY_OK) return rc;
  if (hot->in_run)
    med_key_set(&hot->key, hot->run_key);
  else
    hot->key = hot->record;
  hot->passed = true;
  return look(hot, hot->in_run ? hot->run_value : hot->record_value);
}

int med_wide_hot_rows_again(med_wide_hot_rows *hot) {
  if (hot->in_run) return MEDLEY_OK; /* what is read of runs is a copy */
  int rc = stand_again(hot);
  return rc == MEDLEY_OK ? look(hot, hot->record_value) : rc;
}

void med_wide_hot_rows_leave(med_wide_hot_rows *hot) { hot->stands = false; }
