/* test_wide_failing.c - sealing, reading, checking and freeing of rows while memory ends or the store fails: each request of each of them fails once,
 * is answered by that, and afterwards everything is as it was. */
#include "models/widecolumn/record.h"
#include "models/widecolumn/segment_expiry.h"
#include "models/widecolumn/segment_scan.h"
#include "models/widecolumn/tiers.h"
#include "tests/unit/failing_kit.h"
#include "tests/unit/property.h"
#include "tests/unit/segment_kit.h"

enum { PARTITIONS = 4, ROWS = 10 };

static void fails_everywhere(failing_call *call, const char *name) {
  ck_assert_uint_gt(failing_each(FAILING_MEMORY, call, name, med_txn_error(txn)), 0);
  ck_assert_uint_gt(failing_each(FAILING_STORE, call, name, med_txn_error(txn)), 0);
  ck_assert_uint_eq(problems(), 0);
}
#define FAILS_EVERYWHERE(call_) fails_everywhere(call_, #call_)

static int undone(med_mark mark, int rc) {
  failing.inside++;
  OK(med_txn_rollback_to(txn, mark));
  failing.inside--;
  return rc;
}

/* Rows, a third of which expire. */
static void setup(void) {
  sealing_open();
  kinds_make("16", true);
  for (int p = 0; p < PARTITIONS; p++) {
    for (int c = 0; c < ROWS; c++) kinds_insert(p, c, c % 3 == 1 ? 1000 : 0);
  }
}

static void teardown(void) {
  table = NULL;
  sealing_close();
}

static int seal(void) {
  med_mark mark = med_txn_mark(txn);
  return undone(mark, kinds_try_sweep(50));
}

START_TEST(sealing_fails_whole) {
  FAILS_EVERYWHERE(seal);
  kinds_sweep();
  ck_assert_uint_gt(first_segment().rows, 0);
  for (int p = 0; p < PARTITIONS; p++) {
    for (int c = 0; c < ROWS; c += 2) kinds_delete(p, c);
  }
  FAILS_EVERYWHERE(seal); /* anew, as half of the rows are gone */
}
END_TEST

static int drop_expired(void) {
  med_mark mark = med_txn_mark(txn);
  size_t dropped = 0;
  bool any;
  return undone(mark, med_wide_segments_expire(txn, table, 1000, &dropped, &any));
}

/* What has expired by now is counted in its column. */
START_TEST(counting_what_has_expired_fails_whole) {
  kinds_sweep();
  med_wide_segment segment = first_segment();
  odd_column past = {MED_COLUMN_INTEGERS, segment.rows, segment.rows / 2, 1, {0}};
  put_column(&segment, MED_WIDE_SEGMENT_EXPIRIES, &past);
  put_column(&segment, MED_WIDE_SEGMENT_TTLS, &past);
  segment.first_expiry_s = 1;
  segment.last_expiry_s = 0;
  OK(med_wide_segment_put(txn, &segment));
  FAILS_EVERYWHERE(drop_expired);
}
END_TEST

/* ---- Reading ---- */
static int scan_column(med_wide_segment_scan *scan, const med_wide_column *column) {
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

static int scan_rows(med_wide_segment_scan *scan) {
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
done:
  return rc == MEDLEY_NOT_FOUND ? MEDLEY_OK : rc;
}

static int scan_all(void) {
  med_wide_segment_scan *scan;
  int rc = med_wide_segment_scan_open(txn, table, &scan);
  ck_assert((rc == MEDLEY_OK) == (scan != NULL));
  if (rc == MEDLEY_OK) rc = scan_rows(scan);
  med_wide_segment_scan_close(scan);
  return rc;
}

START_TEST(scans_by_columns_fail_whole) {
  kinds_sweep();
  FAILS_EVERYWHERE(scan_all);
  kinds_make("16", false); /* rows may be left without a value */
  FAILS_EVERYWHERE(scan_all);
}
END_TEST

static int scan_at_end_of_time(void) {
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

START_TEST(scans_of_what_expires_fail_whole) {
  kinds_sweep();
  FAILS_EVERYWHERE(scan_at_end_of_time);
}
END_TEST

static int take_row(med_wide_tiers *tiers, const med_wide_found *found) {
  med_wide_row row;
  med_arena own = {0};
  int rc = med_wide_tiers_row(tiers, found, &own, &row);
  med_arena_clear(&own);
  return rc;
}

static int walk(bool forward, bool held) {
  med_wide_tiers tiers;
  med_wide_found found;
  med_key at, prefix;
  int rc, rows = 0;
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
    memcpy(at.bytes, found.key.bytes, found.key.len);
    at.len = (uint16_t)found.key.len;
    if (forward) at.bytes[at.len++] = 0;
    rc = take_row(&tiers, &found);
    rows++;
  } while (rc == MEDLEY_OK);
  med_wide_tiers_clear(&tiers);
  ck_assert(rc != MEDLEY_NOT_FOUND || rows == PARTITIONS * ROWS - 1);
  return rc == MEDLEY_NOT_FOUND ? MEDLEY_OK : rc;
}

static int walk_forth(void) { return walk(true, true); }
static int walk_back(void) { return walk(false, false); }

static int find_rows(void) {
  med_wide_tiers tiers;
  med_wide_found found;
  med_key key;
  int rc = MEDLEY_OK;
  med_wide_tiers_init(&tiers, txn, table);
  for (int c = 0; rc == MEDLEY_OK && c < ROWS + 2; c++) {
    failing.inside++; /* the test's own */
    kinds_tree_key(1, c, &key);
    failing.inside--;
    rc = med_wide_tiers_get(&tiers, med_key_slice(&key), &found);
    if (rc == MEDLEY_OK) rc = take_row(&tiers, &found);
    if (rc == MEDLEY_NOT_FOUND) {
      ck_assert_int_ge(c, ROWS);
      rc = MEDLEY_OK;
    }
  }
  med_wide_tiers_clear(&tiers);
  return rc;
}

START_TEST(walks_and_look_ups_fail_whole) {
  kinds_sweep();
  kinds_delete(0, 3);
  FAILS_EVERYWHERE(walk_forth);
  FAILS_EVERYWHERE(walk_back);
  FAILS_EVERYWHERE(find_rows);
}
END_TEST

/* A sealed row becomes a record again. */
static int change_rows(void) {
  med_mark mark = med_txn_mark(txn);
  med_arena own = {0};
  int rc = MEDLEY_OK;
  for (int c = 0; rc == MEDLEY_OK && c < 3; c++) {
    kinds_key key;
    kinds_key_of(1, c, &key);
    med_wide_change change = {
        .kind = MED_WIDE_CHANGE_SET, .column = &table->columns[2], .value = med_slice_of_text("other")};
    med_wide_write write = {.table = table,
                            .partition = &key.partition,
                            .clustering = &key.clustering,
                            .timestamp_us = 9000,
                            .changes = &change,
                            .change_count = 1};
    rc = med_wide_apply(txn, &write, &own);
    if (rc == MEDLEY_OK && c == 2) rc = med_wide_delete_row(txn, table, &key.partition, &key.clustering, 9001, &own);
  }
  med_arena_clear(&own);
  return undone(mark, rc);
}

START_TEST(changes_of_sealed_rows_fail_whole) {
  kinds_sweep();
  FAILS_EVERYWHERE(change_rows);
}
END_TEST

static int check(void) {
  uint64_t count = 0;
  int rc = med_wide_check(txn, NULL, NULL, &count);
  ck_assert_uint_eq(count, 0);
  return rc;
}

/* What cannot be read is no damage. */
START_TEST(the_check_fails_whole) {
  kinds_sweep();
  kinds_delete(0, 3);
  FAILS_EVERYWHERE(check);
  OK(med_wide_catalog_drop_table(txn, table));
  FAILS_EVERYWHERE(check); /* rows of a table that is no more, and is known to be none */
}
END_TEST

/* ---- Records in parts ---- */
static int use_records(void) {
  static const uint8_t bytes[3 * MED_VALUE_SIZE_MAX];
  uint8_t key_bytes[8] = {MED_WIDE_KEY_ROW, 0, 0, 0, KINDS_TABLE, 7, 7, 7};
  med_slice key = med_slice_of(key_bytes, sizeof key_bytes), found;
  med_mark mark = med_txn_mark(txn);
  med_buffer space = {0};
  int rc;
  MED_TRY(med_wide_record_add(txn, key, med_slice_of(bytes, sizeof bytes)));
  MED_TRY(med_wide_record_get(txn, key, &space, &found));
  ck_assert_uint_eq(found.len, sizeof bytes);
  MED_TRY(med_wide_record_put(txn, key, med_slice_of(bytes, sizeof bytes - MED_VALUE_SIZE_MAX)));
  MED_TRY(med_wide_record_get(txn, key, &space, &found));
  ck_assert_uint_eq(found.len, sizeof bytes - MED_VALUE_SIZE_MAX);
  MED_TRY(med_wide_record_delete(txn, key));
  MED_TRY(med_wide_record_add(txn, key, med_slice_of(bytes, sizeof bytes)));
  MED_TRY(med_wide_record_put(txn, key, med_slice_of(bytes, 5)));
  MED_TRY(med_wide_record_get(txn, key, &space, &found));
  ck_assert_uint_eq(found.len, 5);
  MED_TRY(med_wide_record_delete(txn, key));
done:
  med_buffer_clear(&space);
  return undone(mark, rc);
}

START_TEST(records_in_parts_fail_whole) { FAILS_EVERYWHERE(use_records); }
END_TEST

PROPERTY_MAIN_BETWEEN("wide_failing", setup, teardown, sealing_fails_whole, counting_what_has_expired_fails_whole,
                      scans_by_columns_fail_whole, scans_of_what_expires_fail_whole, walks_and_look_ups_fail_whole,
                      changes_of_sealed_rows_fail_whole, the_check_fails_whole, records_in_parts_fail_whole)
