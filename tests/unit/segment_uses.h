/* segment_uses.h - whoever reads sealed rows, as functions that answer a status: by columns, in order, by key, for the sweep. What they read is the
 * segment kit's table; what they change, the caller undoes. The end of the rows is OK. */
#ifndef SEGMENT_USES_H
#define SEGMENT_USES_H

#include "models/widecolumn/segment_expiry.h"
#include "models/widecolumn/segment_scan.h"
#include "models/widecolumn/tiers.h"
#include "tests/unit/segment_kit.h"

static size_t used_rows; /* seen by the last use */

/* ---- By columns ---- everything that can be asked of a column. */
static inline int scan_column(med_wide_segment_scan *scan, const med_wide_column *column) {
  const med_wide_vector *vector;
  const med_column_group *header;
  med_wide_texts texts;
  uint64_t rows[MED_VECTOR_WORDS];
  bool stores, any, all;
  int64_t min, max;
  static const uint8_t five[16] = {0, 0, 0, 5};
  med_column_type type = med_wide_segment_type(column->type.kind);
  med_slice constant =
      type == MED_COLUMN_TEXTS ? med_slice_of_text("odd") : med_slice_of(five, med_wide_kind_size(column->type.kind));
  int rc;
  MED_TRY(med_wide_segment_scan_stores(scan, column, &stores));
  if (!stores) goto done;
  MED_TRY(med_wide_segment_scan_present(scan, column, rows));
  MED_TRY(med_wide_segment_scan_match(scan, column, MED_EQUAL, constant, rows));
  MED_TRY(med_wide_segment_scan_match(scan, column, MED_LESS, constant, rows));
  MED_TRY(med_wide_segment_scan_header(scan, column, &header));
  if (type == MED_COLUMN_TEXTS) MED_TRY(med_wide_segment_scan_texts(scan, column, &texts));
  if (type == MED_COLUMN_INTEGERS) {
    MED_TRY(med_wide_segment_scan_bounds(scan, column, &any, &min, &max));
    MED_TRY(med_wide_segment_scan_ask(scan, column, MED_GREATER, 3, &any, &all));
  }
  MED_TRY(med_wide_segment_scan_vector(scan, column, &vector));
  MED_TRY(med_wide_segment_scan_match(scan, column, MED_GREATER, constant, rows));
done:
  return rc;
}

static inline int scan_rows(med_wide_segment_scan *scan) {
  uint64_t live[MED_VECTOR_WORDS];
  med_key key;
  int64_t number;
  bool whole;
  size_t rows;
  int rc;
  while ((rc = med_wide_segment_scan_next(scan, &rows, live)) == MEDLEY_OK) {
    MED_TRY(med_wide_segment_scan_whole(scan, &whole));
    for (size_t i = 0; i < table->column_count; i++) MED_TRY(scan_column(scan, &table->columns[i]));
    MED_TRY(med_wide_segment_scan_key(scan, rows - 1, &key));
    MED_TRY(med_wide_segment_scan_time(scan, rows - 1, &number));
    MED_TRY(med_wide_segment_scan_expiry(scan, rows - 1, &number));
  }
  if (rc == MEDLEY_NOT_FOUND) rc = MEDLEY_OK; /* the end of the rows; anywhere else it would be none */
done:
  return rc;
}

static inline int use_scan(void) {
  med_wide_segment_scan *scan;
  int rc = med_wide_segment_scan_open(txn, table, &scan);
  ck_assert((rc == MEDLEY_OK) == (scan != NULL));
  if (rc == MEDLEY_OK) rc = scan_rows(scan);
  med_wide_segment_scan_close(scan);
  return rc;
}

static inline int use_expired_scan(void) {
  med_wide_segment_scan *scan;
  uint64_t live[MED_VECTOR_WORDS];
  size_t rows, seen = 0;
  int rc = med_wide_segment_scan_open(txn, table, &scan);
  if (rc != MEDLEY_OK) return rc;
  med_wide_segment_scan_expired(scan, INT64_MAX);
  while ((rc = med_wide_segment_scan_next(scan, &rows, live)) == MEDLEY_OK) seen += rows - med_rows_count(live);
  med_wide_segment_scan_close(scan);
  ck_assert(rc != MEDLEY_NOT_FOUND || seen > 0);
  return rc == MEDLEY_NOT_FOUND ? MEDLEY_OK : rc;
}

/* ---- In order ---- */
static inline int take_row(med_wide_tiers *tiers, const med_wide_found *found) {
  med_wide_row row;
  med_arena own = {0};
  int rc = med_wide_tiers_row(tiers, found, &own, &row);
  med_arena_clear(&own);
  return rc;
}

static inline int use_walk(bool forward, bool held) {
  med_wide_tiers tiers;
  med_wide_found found;
  med_key at, prefix;
  int rc;
  used_rows = 0;
  med_wide_table_prefix(table->id, &prefix);
  at = prefix;
  if (!forward) (void)med_key_after_prefix(&at, med_key_slice(&at));
  med_wide_tiers_init(&tiers, txn, table);
  if (held) med_wide_tiers_hold(&tiers);
  do {
    rc = forward ? med_wide_tiers_seek(&tiers, med_key_slice(&at), &found)
                 : med_wide_tiers_seek_before(&tiers, med_key_slice(&at), &found);
    if (rc == MEDLEY_OK && !med_slice_starts_with(found.key, med_key_slice(&prefix))) rc = MEDLEY_NOT_FOUND;
    if (rc != MEDLEY_OK) break;
    med_key_set(&at, found.key);
    if (forward) at.bytes[at.len++] = 0;
    rc = take_row(&tiers, &found);
    ck_assert_int_ne(rc, MEDLEY_NOT_FOUND);
    used_rows++;
  } while (rc == MEDLEY_OK);
  med_wide_tiers_clear(&tiers);
  return rc == MEDLEY_NOT_FOUND ? MEDLEY_OK : rc;
}

static inline int use_walk_forth(void) { return use_walk(true, true); }
static inline int use_walk_back(void) { return use_walk(false, false); }

/* ---- By key ---- of keys that were made before, as making one may fail, too. */
#define USED_KEYS_MAX 64
static med_key used_keys[USED_KEYS_MAX];
static size_t used_key_count;

static inline void use_key(int p, int c) {
  ck_assert_uint_lt(used_key_count, USED_KEYS_MAX);
  kinds_tree_key(p, c, &used_keys[used_key_count++]);
}

static inline int use_find(void) {
  med_wide_tiers tiers;
  med_wide_found found;
  int rc = MEDLEY_OK;
  used_rows = 0;
  med_wide_tiers_init(&tiers, txn, table);
  for (size_t i = 0; rc == MEDLEY_OK && i < used_key_count; i++) {
    rc = med_wide_tiers_get(&tiers, med_key_slice(&used_keys[i]), &found);
    if (rc == MEDLEY_OK) rc = take_row(&tiers, &found);
    used_rows += rc == MEDLEY_OK;
    if (rc == MEDLEY_NOT_FOUND) rc = MEDLEY_OK;
  }
  med_wide_tiers_clear(&tiers);
  return rc;
}

/* ---- For the sweep ---- */
static inline int use_sweep(void) { return kinds_try_sweep(50); }

static inline int use_expiry(void) {
  size_t dropped = 0;
  bool any;
  return med_wide_segments_expire(txn, table, 1000, &dropped, &any);
}

#endif
