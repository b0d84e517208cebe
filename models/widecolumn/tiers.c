/* tiers.c - two sequences walked as one. */
#include "models/widecolumn/tiers.h"

#include "models/widecolumn/record.h"
#include "models/widecolumn/window_walk.h"

void med_wide_tiers_init(med_wide_tiers *tiers, med_txn *txn, const med_wide_table *table) {
  *tiers = (med_wide_tiers){.txn = txn, .table = table, .span = MED_WIDE_WINDOWS_ALL};
  tiers->only_records = !(table->flags & MED_WIDE_TABLE_SEGMENTS);
}

void med_wide_tiers_clear(med_wide_tiers *tiers) {
  med_wide_window_walk_close(tiers->walk);
  med_wide_segment_rows_close(tiers->sealed);
  med_cursor_close(tiers->cursor);
  med_buffer_clear(&tiers->space);
  *tiers = (med_wide_tiers){0};
}

void med_wide_tiers_only_records(med_wide_tiers *tiers) { tiers->only_records = true; }

void med_wide_tiers_columns(med_wide_tiers *tiers, const bool *wanted, bool times) {
  tiers->wanted = wanted;
  tiers->times = times;
}

void med_wide_tiers_within(med_wide_tiers *tiers, const med_key *from, const med_key *to) {
  tiers->from = from;
  tiers->to = to;
  tiers->bounds_number++;
}

void med_wide_tiers_span(med_wide_tiers *tiers, const med_wide_window_span *span) {
  tiers->span = *span;
  tiers->bounds_number++;
}

void med_wide_tiers_hold(med_wide_tiers *tiers) { tiers->holds = true; }

static int open_sealed(med_wide_tiers *tiers) {
  if (tiers->sealed != NULL) return MEDLEY_OK;
  int rc = med_wide_segment_rows_open(tiers->txn, tiers->table->id, &tiers->sealed);
  if (rc == MEDLEY_OK && tiers->holds) med_wide_segment_rows_hold(tiers->sealed);
  if (rc == MEDLEY_OK && tiers->wanted != NULL)
    med_wide_segment_rows_columns(tiers->sealed, tiers->wanted, tiers->times);
  return rc;
}

/* A walk asks for what is behind the last record that was found: its key and 00, or, backwards, its key. */
static bool follows(const med_wide_tiers *tiers, med_slice key, bool forward) {
  med_slice last = tiers->record;
  if (last.bytes == NULL || key.len != last.len + forward || memcmp(key.bytes, last.bytes, last.len) != 0) return false;
  return !forward || ((const uint8_t *)key.bytes)[last.len] == 0;
}

/* The last record that was found is the answer: the key lies between what was asked for then and the record. */
static bool answers(const med_wide_tiers *tiers, med_slice key, bool forward) {
  med_slice asked = med_key_slice(&tiers->asked), last = tiers->record;
  if (forward) return med_slice_compare(asked, key) <= 0 && (last.bytes == NULL || med_slice_compare(last, key) >= 0);
  return med_slice_compare(asked, key) >= 0 && (last.bytes == NULL || med_slice_compare(last, key) < 0);
}

/* While nobody writes, the cursor stays on the record that was found last: the next one is a step away, or it is still this one. */
static int seek_record(med_wide_tiers *tiers, med_slice key, bool forward, med_slice *at, med_slice *value) {
  bool keeps = tiers->has_record && tiers->forward == forward, steps = keeps && follows(tiers, key, forward);
  if (keeps && !steps && !tiers->only_records && answers(tiers, key, forward)) {
    *at = tiers->record;
    *value = tiers->record_value;
    return at->bytes != NULL ? MEDLEY_OK : MEDLEY_NOT_FOUND;
  }
  int rc = tiers->cursor != NULL ? MEDLEY_OK : med_cursor_open(tiers->txn, MED_TREE_WIDE, &tiers->cursor);
  if (rc != MEDLEY_OK) return rc;
  if (steps)
    rc = forward ? med_cursor_next(tiers->cursor, at, value) : med_cursor_previous(tiers->cursor, at, value);
  else
    rc = forward ? med_cursor_seek(tiers->cursor, key, at, value)
                 : med_cursor_seek_before(tiers->cursor, key, at, value);
  tiers->has_record = (rc == MEDLEY_OK || rc == MEDLEY_NOT_FOUND) && !med_txn_writes(tiers->txn);
  if (!tiers->has_record) return rc;
  tiers->forward = forward;
  tiers->record = rc == MEDLEY_OK ? *at : med_slice_of(NULL, 0);
  tiers->record_value = *value;
  tiers->asked.len = (uint16_t)key.len;
  if (!tiers->only_records) memcpy(tiers->asked.bytes, key.bytes, key.len);
  return rc;
}

static int seek_both(med_wide_tiers *tiers, med_slice key, bool forward, med_wide_found *found) {
  med_slice at = {0}, value = {0}, sealed = {0};
  int rc = seek_record(tiers, key, forward, &at, &value);
  bool has_record = rc == MEDLEY_OK, has_sealed = false;
  if (rc != MEDLEY_OK && rc != MEDLEY_NOT_FOUND) return rc;
  if (!tiers->only_records) {
    rc = open_sealed(tiers);
    if (rc == MEDLEY_OK)
      rc = forward ? med_wide_segment_rows_seek(tiers->sealed, key, &sealed)
                   : med_wide_segment_rows_seek_before(tiers->sealed, key, &sealed);
    if (rc != MEDLEY_OK && rc != MEDLEY_NOT_FOUND) return rc;
    has_sealed = rc == MEDLEY_OK;
  }
  /* Rows of a damaged segment that are out of order would be walked for ever. */
  if (has_sealed && (med_slice_compare(sealed, key) < 0) == forward)
    return med_error_set(med_txn_error(tiers->txn), MEDLEY_CORRUPT,
                         "wide-column: table %.*s: a segment is out of order", (int)tiers->table->name.len,
                         (const char *)tiers->table->name.bytes);
  if (!has_record && !has_sealed) return MEDLEY_NOT_FOUND;
  int order = has_record && has_sealed ? med_slice_compare(at, sealed) : 0;
  if (has_record && has_sealed && order == 0)
    return med_error_set(med_txn_error(tiers->txn), MEDLEY_CORRUPT, "wide-column: table %.*s: a row stands twice",
                         (int)tiers->table->name.len, (const char *)tiers->table->name.bytes);
  bool takes_sealed = has_sealed && (!has_record || (order > 0) == forward);
  *found = (med_wide_found){.key = takes_sealed ? sealed : at, .sealed = takes_sealed, .value = value};
  return MEDLEY_OK;
}

/* Of a table with time windows the walk over them is asked. */
static int open_walk(med_wide_tiers *tiers) {
  return tiers->walk != NULL ? MEDLEY_OK : med_wide_window_walk_open(tiers, &tiers->walk);
}

static int seek(med_wide_tiers *tiers, med_slice key, bool forward, med_wide_found *found) {
  if (tiers->table->time_window == NULL) return seek_both(tiers, key, forward, found);
  int rc = open_walk(tiers);
  return rc == MEDLEY_OK ? med_wide_window_walk_seek(tiers->walk, key, forward, found) : rc;
}

int med_wide_tiers_seek(med_wide_tiers *tiers, med_slice key, med_wide_found *found) {
  return seek(tiers, key, true, found);
}

int med_wide_tiers_seek_before(med_wide_tiers *tiers, med_slice key, med_wide_found *found) {
  return seek(tiers, key, false, found);
}

int med_wide_tiers_get(med_wide_tiers *tiers, med_slice key, med_wide_found *found) {
  if (tiers->table->time_window != NULL) {
    int opened = open_walk(tiers);
    return opened == MEDLEY_OK ? med_wide_window_walk_get(tiers->walk, key, found) : opened;
  }
  *found = (med_wide_found){.key = key};
  int rc = med_txn_get(tiers->txn, MED_TREE_WIDE, key, &found->value);
  if (rc != MEDLEY_NOT_FOUND || tiers->only_records) return rc;
  rc = open_sealed(tiers);
  if (rc == MEDLEY_OK) rc = med_wide_segment_rows_find(tiers->sealed, tiers->table, key);
  found->sealed = rc == MEDLEY_OK;
  return rc;
}

int med_wide_tiers_row(med_wide_tiers *tiers, const med_wide_found *found, med_arena *arena, med_wide_row *row) {
  medley_error *error = med_txn_error(tiers->txn);
  med_slice bytes;
  int rc;
  if (tiers->walk != NULL) return med_wide_window_walk_row(tiers->walk, found, arena, row);
  if (found->sealed) {
    rc = med_wide_segment_rows_take(tiers->sealed, tiers->table, arena, row);
    return rc == MEDLEY_OK ? med_wide_row_accept(row, tiers->table, error) : rc;
  }
  rc = med_wide_record_open(tiers->txn, found->value, &tiers->space, &bytes);
  const void *copy = rc == MEDLEY_OK ? med_arena_copy(arena, bytes.bytes, bytes.len) : NULL;
  if (rc == MEDLEY_OK && copy == NULL) rc = med_error_no_memory(error);
  if (rc == MEDLEY_OK) rc = med_wide_row_decode(med_slice_of(copy, bytes.len), arena, row, error);
  if (rc == MEDLEY_OK) rc = med_wide_row_accept(row, tiers->table, error);
  return rc;
}

int med_wide_tiers_partition(med_wide_tiers *tiers, const med_key *key, med_arena *arena,
                             med_wide_partition *partition) {
  if (tiers->table->time_window == NULL)
    return med_wide_partition_load(tiers->txn, tiers->table, key, arena, partition);
  int rc = open_walk(tiers);
  med_wide_partition_init(partition);
  return rc == MEDLEY_OK ? med_wide_window_walk_partition(tiers->walk, key, arena, partition) : rc;
}

int med_wide_tiers_unseal(med_wide_tiers *tiers) { return med_wide_segment_rows_remove(tiers->sealed); }
