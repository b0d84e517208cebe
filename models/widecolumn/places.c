/* places.c - a key looked for in each tier. */
#include "models/widecolumn/places.h"

int med_wide_places_open(med_wide_places *of, med_txn *txn, const med_wide_table *table, bool in_order) {
  *of = (med_wide_places){.txn = txn, .table = table, .in_order = in_order};
  int rc = med_cursor_open(txn, MED_TREE_WIDE, &of->cursor);
  if (rc == MEDLEY_OK && table->flags & MED_WIDE_TABLE_RUNS) rc = med_wide_run_rows_open(txn, table->id, &of->runs);
  if (of->runs != NULL) med_wide_run_rows_own(of->runs);
  if (rc == MEDLEY_OK && table->flags & MED_WIDE_TABLE_SEGMENTS)
    rc = med_wide_segment_rows_open(txn, table->id, &of->sealed);
  return rc == MEDLEY_OK ? med_wide_seal_bounds(txn, table, &of->reach) : rc;
}

void med_wide_places_close(med_wide_places *of) {
  med_wide_segment_rows_close(of->sealed);
  med_wide_run_rows_close(of->runs);
  med_cursor_close(of->cursor);
}

static int has_record(med_wide_places *of, med_slice key, bool *there) {
  *there = false;
  if (!of->in_order) {
    med_slice value;
    int rc = med_txn_get(of->txn, MED_TREE_WIDE, key, &value);
    *there = rc == MEDLEY_OK;
    return rc == MEDLEY_NOT_FOUND ? MEDLEY_OK : rc;
  }
  if (of->known && of->record.bytes == NULL) return MEDLEY_OK;
  int order = of->known ? med_slice_compare(of->record, key) : -1;
  if (order < 0) {
    int rc = med_cursor_seek(of->cursor, key, &of->record, NULL);
    if (rc != MEDLEY_OK && rc != MEDLEY_NOT_FOUND) return rc;
    of->known = true;
    if (rc == MEDLEY_NOT_FOUND) of->record = med_slice_of(NULL, 0);
    order = rc == MEDLEY_OK ? med_slice_compare(of->record, key) : 1;
  }
  *there = order == 0;
  return MEDLEY_OK;
}

int med_wide_places_have(med_wide_places *of, med_slice key, med_slice clustering, bool *there) {
  med_slice value;
  int rc = has_record(of, key, there);
  if (rc == MEDLEY_OK && !*there && of->runs != NULL) {
    rc = med_wide_run_rows_find(of->runs, key, clustering, &value);
    *there = rc == MEDLEY_OK;
    if (rc == MEDLEY_NOT_FOUND) rc = MEDLEY_OK;
  }
  if (rc == MEDLEY_OK && !*there && of->sealed != NULL && med_wide_seal_reaches(&of->reach, clustering)) {
    rc = med_wide_segment_rows_find(of->sealed, of->table, key);
    *there = rc == MEDLEY_OK;
    if (rc == MEDLEY_NOT_FOUND) rc = MEDLEY_OK;
  }
  return rc;
}
