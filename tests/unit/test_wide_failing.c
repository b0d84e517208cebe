/* test_wide_failing.c - sealing, reading, checking and freeing of rows while memory ends or the store fails: each request of each of them fails once,
 * is answered by that, and afterwards everything is as it was. */
#include "models/widecolumn/record.h"
#include "tests/unit/failing_kit.h"
#include "tests/unit/property.h"
#include "tests/unit/segment_uses.h"

enum { PARTITIONS = 4, ROWS = 10 };

static void fails_everywhere(failing_call *call, const char *name) {
  ck_assert_uint_gt(failing_each(FAILING_MEMORY, call, name, med_txn_error(txn)), 0);
  ck_assert_uint_gt(failing_each(FAILING_STORE, call, name, med_txn_error(txn)), 0);
  ck_assert_uint_eq(problems(), 0);
}
#define FAILS_EVERYWHERE(call_) fails_everywhere(call_, #call_)

static int undone(med_mark mark, int rc) {
  failing_inside++;
  OK(med_txn_rollback_to(txn, mark));
  failing_inside--;
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
  return undone(mark, use_sweep());
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

/* (p text, c text, v int): texts of keys are copied. */
static void make_table_of_texts(void) {
  med_wide_column columns[3] = {
      {.id = 1, .name = med_slice_of_text("p"), .type = {.kind = MED_WIDE_TEXT}, .role = MED_WIDE_PARTITION},
      {.id = 2, .name = med_slice_of_text("c"), .type = {.kind = MED_WIDE_TEXT}, .role = MED_WIDE_CLUSTERING},
      {.id = 3, .name = med_slice_of_text("v"), .type = {.kind = MED_WIDE_INT}, .role = MED_WIDE_REGULAR}};
  sealing_make_table(KINDS_TABLE + 1, "u", columns, sizeof columns / sizeof columns[0], "16");
}

START_TEST(sealing_of_keys_that_are_texts_fails_whole) {
  char text[20];
  make_table_of_texts();
  for (int i = 0; i < 40; i++) {
    med_slice partition = med_slice_of_text(i < 20 ? "first" : "second");
    med_slice clustering = med_slice_of(text, (size_t)snprintf(text, sizeof text, "text %d", i));
    med_wide_change change = {
        .kind = MED_WIDE_CHANGE_SET, .column = &table->columns[2], .value = med_slice_of_text("1234")};
    med_wide_write write = {.table = table,
                            .partition = &partition,
                            .clustering = &clustering,
                            .timestamp_us = 1000,
                            .marker = true,
                            .changes = &change,
                            .change_count = 1};
    OK(med_wide_apply(txn, &write, &arena));
    med_arena_reset(&arena);
  }
  FAILS_EVERYWHERE(seal);
  OK(use_sweep());
  sealing_read_catalog("u");
  ck_assert_uint_gt(first_segment().rows, 0);
  ck_assert_uint_eq(problems(), 0);
}
END_TEST

static int drop_expired(void) {
  med_mark mark = med_txn_mark(txn);
  return undone(mark, use_expiry());
}

/* What has expired by now is counted in its column. */
START_TEST(counting_what_has_expired_fails_whole) {
  kinds_sweep();
  med_wide_segment segment = first_segment();
  odd_column past = {MED_COLUMN_INTEGERS, segment.rows, segment.rows / 2, 1, {0}, 0};
  put_column(&segment, MED_WIDE_SEGMENT_EXPIRIES, &past);
  put_column(&segment, MED_WIDE_SEGMENT_TTLS, &past);
  segment.first_expiry_s = 1;
  segment.last_expiry_s = 0;
  OK(med_wide_segment_put(txn, &segment));
  FAILS_EVERYWHERE(drop_expired);
}
END_TEST

/* ---- Reading ---- */
static int walk_forth(void) {
  int rc = use_walk_forth();
  ck_assert(rc != MEDLEY_OK || used_rows == PARTITIONS * ROWS - 1);
  return rc;
}

static int walk_back(void) {
  int rc = use_walk_back();
  ck_assert(rc != MEDLEY_OK || used_rows == PARTITIONS * ROWS - 1);
  return rc;
}

static int find_rows(void) {
  int rc = use_find();
  ck_assert(rc != MEDLEY_OK || used_rows == ROWS);
  return rc;
}

START_TEST(scans_by_columns_fail_whole) {
  kinds_sweep();
  FAILS_EVERYWHERE(use_scan);
  kinds_make("16", false); /* rows may be left without a value */
  FAILS_EVERYWHERE(use_scan);
}
END_TEST

START_TEST(scans_of_what_expires_fail_whole) {
  kinds_sweep();
  FAILS_EVERYWHERE(use_expired_scan);
}
END_TEST

START_TEST(walks_and_look_ups_fail_whole) {
  kinds_sweep();
  kinds_delete(0, 3);
  FAILS_EVERYWHERE(walk_forth);
  FAILS_EVERYWHERE(walk_back);
  for (int c = 0; c < ROWS + 2; c++) use_key(1, c);
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

PROPERTY_MAIN_BETWEEN("wide_failing", setup, teardown, sealing_fails_whole, sealing_of_keys_that_are_texts_fails_whole,
                      counting_what_has_expired_fails_whole, scans_by_columns_fail_whole,
                      scans_of_what_expires_fail_whole, walks_and_look_ups_fail_whole,
                      changes_of_sealed_rows_fail_whole, the_check_fails_whole, records_in_parts_fail_whole)
