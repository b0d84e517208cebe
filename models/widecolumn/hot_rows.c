/* hot_rows.c - a cursor over records that goes on by steps as long as nobody writes. */
#include "models/widecolumn/hot_rows.h"

#include "models/widecolumn/record.h"

void med_wide_hot_rows_init(med_wide_hot_rows *hot, med_txn *txn, med_cursor *cursor,
                            const med_wide_sealed_columns *columns, med_slice *values, const med_key *from,
                            const med_key *to) {
  *hot = (med_wide_hot_rows){.txn = txn, .columns = columns, .cursor = cursor, .to = *to, .key = *from};
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

static int answer(med_wide_hot_rows *hot, int rc, med_slice found, med_slice value) {
  if (rc != MEDLEY_OK) return rc;
  if (med_slice_compare(found, med_key_slice(&hot->to)) >= 0) return MEDLEY_NOT_FOUND;
  memcpy(hot->key.bytes, found.bytes, found.len);
  hot->key.len = (uint16_t)found.len;
  hot->stands = hot->passed = true;
  return look(hot, value);
}

int med_wide_hot_rows_next(med_wide_hot_rows *hot) {
  med_slice found = {0}, value = {0};
  int rc;
  if (hot->stands) {
    rc = med_cursor_next(hot->cursor, &found, &value);
    return answer(hot, rc, found, value);
  }
  rc = hot->passed ? med_wide_key_step(hot->txn, &hot->key) : MEDLEY_OK;
  hot->passed = false;
  if (rc == MEDLEY_OK) rc = med_cursor_seek(hot->cursor, med_key_slice(&hot->key), &found, &value);
  return answer(hot, rc, found, value);
}

int med_wide_hot_rows_again(med_wide_hot_rows *hot) {
  med_slice found = {0}, value = {0};
  int rc = med_cursor_seek(hot->cursor, med_key_slice(&hot->key), &found, &value);
  bool same = rc == MEDLEY_OK && med_slice_equal(found, med_key_slice(&hot->key));
  if (rc == MEDLEY_NOT_FOUND || (rc == MEDLEY_OK && !same))
    return med_error_set(med_txn_error(hot->txn), MEDLEY_CORRUPT, "wide-column: a record is gone while it is sealed");
  return answer(hot, rc, found, value);
}

void med_wide_hot_rows_leave(med_wide_hot_rows *hot) { hot->stands = false; }
