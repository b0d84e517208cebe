/* test_wide_segment.c - what is sealed, written anew and freed, and what med_wide_check says of damaged segments. */
#include "models/widecolumn/record.h"
#include "models/widecolumn/segment_scan.h"
#include "models/widecolumn/tiers.h"
#include "tests/unit/property.h"
#include "tests/unit/segment_kit.h"

enum { PARTITIONS = 20, ROWS = 10, SEGMENT_ROWS = 16, TABLE = 100, SECOND_TABLE = 101 };

static void make_table_of(uint32_t id, const char *name, const char *segment_rows) {
  med_wide_column columns[4] = {
      {.id = 1, .name = med_slice_of_text("p"), .type = {.kind = MED_WIDE_INT}, .role = MED_WIDE_PARTITION},
      {.id = 2, .name = med_slice_of_text("id"), .type = {.kind = MED_WIDE_INT}, .role = MED_WIDE_CLUSTERING},
      {.id = 3, .name = med_slice_of_text("a"), .type = {.kind = MED_WIDE_TEXT}, .role = MED_WIDE_REGULAR},
      {.id = 4, .name = med_slice_of_text("b"), .type = {.kind = MED_WIDE_TINYINT}, .role = MED_WIDE_REGULAR}};
  sealing_make_table(id, name, columns, sizeof columns / sizeof columns[0], segment_rows);
}

static void make_table(uint32_t id, const char *name) { make_table_of(id, name, "16"); }

static void setup(void) {
  sealing_open();
  make_table(TABLE, "t");
}

static med_slice number(uint8_t bytes[4], int value) {
  med_put_u32(bytes, (uint32_t)value);
  return med_slice_of(bytes, 4);
}

static void insert(int p, int id, const char *text) {
  uint8_t p_bytes[4], id_bytes[4];
  med_slice partition = number(p_bytes, p), clustering = number(id_bytes, id);
  uint8_t small = (uint8_t)id;
  med_wide_change changes[2] = {
      {.kind = MED_WIDE_CHANGE_SET, .column = &table->columns[2], .value = med_slice_of_text(text)},
      {.kind = MED_WIDE_CHANGE_SET, .column = &table->columns[3], .value = med_slice_of(&small, 1)}};
  med_wide_write write = {.table = table,
                          .partition = &partition,
                          .clustering = &clustering,
                          .timestamp_us = 1000 + p,
                          .marker = true,
                          .changes = changes,
                          .change_count = 2};
  OK(med_wide_apply(txn, &write, &arena));
  med_arena_reset(&arena);
}

static void insert_all(void) {
  for (int p = 0; p < PARTITIONS; p++) {
    for (int id = 0; id < ROWS; id++) insert(p, id, id % 2 == 0 ? "even" : "odd");
  }
}

static void delete_row(int p, int id) {
  uint8_t p_bytes[4], id_bytes[4];
  med_slice partition = number(p_bytes, p), clustering = number(id_bytes, id);
  OK(med_wide_delete_row(txn, table, &partition, &clustering, 5000, &arena));
  med_arena_reset(&arena);
}

static void sweep_by(size_t limit) {
  bool left = true;
  for (int i = 0; left && i < 10000; i++) {
    size_t swept;
    OK(med_wide_sweep(txn, limit, &swept, &left));
  }
  ck_assert(!left);
  sealing_read_catalog("t");
}

static void sweep(void) { sweep_by(50); }

/* Keys of tree WIDE that begin with a byte and a table's number. */
static size_t count_keys_of(uint8_t first, uint32_t table_id) {
  uint8_t prefix[5] = {first};
  med_cursor *cursor;
  med_slice key;
  size_t count = 0;
  med_put_u32(prefix + 1, table_id);
  OK(med_cursor_open(txn, MED_TREE_WIDE, &cursor));
  int rc = med_cursor_seek(cursor, med_slice_of(prefix, 5), &key, NULL);
  for (; rc == MEDLEY_OK && med_slice_starts_with(key, med_slice_of(prefix, 5)); count++)
    rc = med_cursor_next(cursor, &key, NULL);
  med_cursor_close(cursor);
  return count;
}

static size_t count_keys(uint8_t first) { return count_keys_of(first, TABLE); }

START_TEST(numbers_of_columns_are_the_values_bit_for_bit) {
  static const med_wide_kind kinds[] = {MED_WIDE_BOOLEAN, MED_WIDE_TINYINT,   MED_WIDE_SMALLINT, MED_WIDE_INT,
                                        MED_WIDE_BIGINT,  MED_WIDE_TIMESTAMP, MED_WIDE_TIME,     MED_WIDE_DATE,
                                        MED_WIDE_FLOAT,   MED_WIDE_DOUBLE};
  static const uint64_t odd[] = {UINT64_C(0x7F800001) << 32,
                                 UINT64_C(0xFFC00000) << 32,
                                 UINT64_C(0x7FF0000000000001),
                                 UINT64_C(1) << 63,
                                 0,
                                 UINT64_MAX};
  uint64_t random = property_seed("numbers");
  for (int i = 0; i < 20000; i++) {
    med_wide_kind kind = kinds[property_below(&random, 10)];
    size_t pick = (size_t)property_below(&random, 12);
    uint8_t bytes[8], back[8];
    med_put_u64(bytes, pick < 6 ? odd[pick] : property_random(&random));
    med_slice value = med_slice_of(bytes, med_wide_kind_size(kind));
    med_slice made = med_wide_segment_type(kind) == MED_COLUMN_REALS
                         ? med_wide_segment_of_real(kind, med_wide_segment_real(value), back)
                         : med_wide_segment_of_integer(kind, med_wide_segment_integer(kind, value), back);
    ck_assert_msg(med_slice_equal(value, made), "kind %d: %016llx", (int)kind, (unsigned long long)med_get_u64(bytes));
  }
}
END_TEST

START_TEST(rows_are_sealed_once_enough_have_gathered) {
  for (int id = 0; id < ROWS; id++) insert(0, id, "few");
  sweep();
  ck_assert_uint_eq(count_keys(MED_WIDE_KEY_SEGMENT), 0);
  insert_all();
  sweep();
  ck_assert_uint_ge(count_keys(MED_WIDE_KEY_SEGMENT), PARTITIONS * ROWS / SEGMENT_ROWS);
  ck_assert_uint_lt(count_keys(MED_WIDE_KEY_ROW), SEGMENT_ROWS);
  ck_assert(table->flags & MED_WIDE_TABLE_SEGMENTS);
  ck_assert_uint_eq(problems(), 0);
}
END_TEST

START_TEST(the_sweep_says_that_another_table_is_left) {
  insert_all();
  make_table(SECOND_TABLE, "u");
  insert_all();
  sweep_by(1);
  ck_assert_uint_gt(count_keys_of(MED_WIDE_KEY_SEGMENT, TABLE), 0);
  ck_assert_uint_gt(count_keys_of(MED_WIDE_KEY_SEGMENT, SECOND_TABLE), 0);
}
END_TEST

START_TEST(a_segment_that_lost_many_rows_is_written_anew) {
  uint64_t gone;
  insert_all();
  sweep();
  for (int p = 0; p < PARTITIONS; p++) {
    for (int id = 0; id < ROWS; id += 2) delete_row(p, id);
  }
  ck_assert_uint_gt(count_keys(MED_WIDE_KEY_GONE), 0);
  size_t before = count_keys(MED_WIDE_KEY_SEGMENT);
  sweep();
  med_wide_segment segment = first_segment();
  OK(med_wide_segment_count_gone(txn, &segment, &gone));
  ck_assert_uint_eq(gone, 0);
  ck_assert_uint_lt(count_keys(MED_WIDE_KEY_SEGMENT), before);
  ck_assert_uint_eq(problems(), 0);
}
END_TEST

START_TEST(a_slice_writes_few_segments) {
  bool left = true;
  make_table_of(TABLE, "t", "256");
  for (int p = 0; p < 250; p++) {
    for (int id = 0; id < ROWS; id++) insert(p, id, "many");
  }
  sweep();
  ck_assert_uint_lt(count_keys(MED_WIDE_KEY_SEGMENT), 20);
  med_wide_table small = *table;
  med_wide_property property = {med_slice_of_text(MED_WIDE_SEGMENT_ROWS_PROPERTY), med_slice_of_text("2")};
  small.properties = &property;
  OK(med_wide_catalog_put_table(txn, &small));
  sealing_read_catalog("t");
  for (int p = 0; p < 250; p++) {
    for (int id = 0; id < ROWS; id += 2) delete_row(p, id);
  }
  size_t swept, before = count_keys(MED_WIDE_KEY_SEGMENT), first = before;
  while (left) {
    OK(med_wide_sweep(txn, 1, &swept, &left));
    size_t now = count_keys(MED_WIDE_KEY_SEGMENT);
    ck_assert_uint_le(now, before + 8);
    before = now;
  }
  ck_assert_uint_gt(before, 2 * first);
  sealing_read_catalog("t");
  ck_assert_uint_eq(problems(), 0);
}
END_TEST

START_TEST(nothing_is_left_of_rows_that_are_all_deleted) {
  insert_all();
  sweep();
  for (int p = 0; p < PARTITIONS; p++) {
    for (int id = 0; id < ROWS; id++) delete_row(p, id);
  }
  sweep();
  ck_assert_uint_eq(count_keys(MED_WIDE_KEY_SEGMENT), 0);
  ck_assert_uint_eq(count_keys(MED_WIDE_KEY_PAGE), 0);
  ck_assert_uint_eq(count_keys(MED_WIDE_KEY_GONE), 0);
  ck_assert_uint_eq(problems(), 0);
}
END_TEST

START_TEST(a_dropped_table_gives_its_segments_back) {
  insert_all();
  sweep();
  delete_row(3, 3);
  OK(med_wide_catalog_drop_table(txn, table));
  ck_assert_uint_eq(problems(), 0);
  sweep();
  for (uint8_t first = MED_WIDE_KEY_ROW; first <= MED_WIDE_KEY_SEALING; first++)
    ck_assert_uint_eq(count_keys(first), 0);
  ck_assert_uint_eq(problems(), 0);
}
END_TEST

/* ---- Damage ---- each is undone, so that the next one is alone. */
START_TEST(columns_that_are_not_those_of_the_table_are_noticed) {
  insert_all();
  sweep();
  med_wide_segment segment = first_segment();
  ck_assert_uint_eq(segment.column_count, 4);
  uint64_t partition = (uint64_t)MED_WIDE_SEGMENT_COLUMN + segment.columns[0].id;
  uint64_t text = (uint64_t)MED_WIDE_SEGMENT_COLUMN + segment.columns[2].id;
  uint64_t small = (uint64_t)MED_WIDE_SEGMENT_COLUMN + segment.columns[3].id;
  med_mark mark = med_txn_mark(txn);
  put_integers(&segment, MED_WIDE_SEGMENT_TIMES, 7, true);
  put_integers(&segment, MED_WIDE_SEGMENT_MARKERS, 1, true);
  put_integers(&segment, small, -128, false);
  ck_assert_uint_eq(problems(), 0);
  OK(med_txn_rollback_to(txn, mark));
  put_integers(&segment, MED_WIDE_SEGMENT_TIMES, 7, false);
  expect_problem(mark, "a row without a time");
  put_integers(&segment, MED_WIDE_SEGMENT_MARKERS, 1, false);
  expect_problem(mark, "a row without a word about its marker");
  put_integers(&segment, MED_WIDE_SEGMENT_MARKERS, 2, true);
  expect_problem(mark, "a marker that is 2");
  put_integers(&segment, MED_WIDE_SEGMENT_MARKERS, -1, true);
  expect_problem(mark, "a marker that is -1");
  put_integers(&segment, small, 128, true);
  expect_problem(mark, "a number beyond its type");
  put_integers(&segment, small, -129, true);
  expect_problem(mark, "a number before its type");
  put_integers(&segment, partition, 7777, true);
  expect_problem(mark, "a column of the key with another value");
  put_integers(&segment, text, 1, true);
  segment.columns[2].type = MED_COLUMN_INTEGERS;
  OK(med_wide_segment_put(txn, &segment));
  expect_problem(mark, "a column of another type");
  put_integers(&segment, MED_WIDE_SEGMENT_COLUMN + 77, 1, true);
  segment.columns[2].type = MED_COLUMN_TEXTS;
  segment.columns[3] = (med_wide_segment_column){77, MED_COLUMN_INTEGERS};
  OK(med_wide_segment_put(txn, &segment));
  expect_problem(mark, "a column that the table never had");
}
END_TEST

/* Walks over all rows; what the walk ended with. */
static int walk(bool forward) {
  med_wide_tiers tiers;
  med_wide_found found;
  med_key at;
  int rc = MEDLEY_OK, steps = 0;
  med_wide_table_prefix(TABLE, &at);
  if (!forward) (void)med_key_after_prefix(&at, med_key_slice(&at));
  med_wide_tiers_init(&tiers, txn, table);
  for (; rc == MEDLEY_OK && steps < 10 * PARTITIONS * ROWS; steps++) {
    rc = forward ? med_wide_tiers_seek(&tiers, med_key_slice(&at), &found)
                 : med_wide_tiers_seek_before(&tiers, med_key_slice(&at), &found);
    if (rc != MEDLEY_OK) break;
    med_key_set(&at, found.key);
    if (forward) at.bytes[at.len++] = 0;
  }
  med_wide_tiers_clear(&tiers);
  ck_assert_msg(rc != MEDLEY_OK, "the walk has no end");
  return rc;
}

/* Every other row of each partition expires. */
static void insert_expiring(void) {
  for (int p = 0; p < PARTITIONS; p++) {
    for (int id = 0; id < ROWS; id++) {
      uint8_t p_bytes[4], id_bytes[4];
      med_slice partition = number(p_bytes, p), clustering = number(id_bytes, id);
      med_wide_write write = {.table = table,
                              .partition = &partition,
                              .clustering = &clustering,
                              .timestamp_us = 1000 + p,
                              .ttl_s = id % 2 == 0 ? 0 : 1000000 + (uint32_t)id,
                              .marker = true};
      OK(med_wide_apply(txn, &write, &arena));
      med_arena_reset(&arena);
    }
  }
}

/* What it says is looked at by readers before any row is. */
START_TEST(times_to_live_that_are_not_those_of_the_rows_are_noticed) {
  insert_expiring();
  sweep();
  med_wide_segment segment = first_segment(), wrong = segment;
  ck_assert_uint_gt(segment.first_expiry_s, 1000000);
  ck_assert_uint_eq(segment.last_expiry_s, 0);
  ck_assert_uint_eq(problems(), 0);
  med_mark mark = med_txn_mark(txn);
  wrong.first_expiry_s++;
  OK(med_wide_segment_put(txn, &wrong));
  expect_problem(mark, "a later beginning");
  wrong.first_expiry_s = 0;
  OK(med_wide_segment_put(txn, &wrong));
  expect_problem(mark, "times to live that no row is said to have");
  wrong.first_expiry_s = segment.first_expiry_s;
  wrong.last_expiry_s = segment.first_expiry_s + 100;
  OK(med_wide_segment_put(txn, &wrong));
  expect_problem(mark, "an end for rows that have none");
  wrong.last_expiry_s = segment.first_expiry_s - 1;
  OK(med_wide_segment_put(txn, &wrong));
  ck_assert_int_eq(walk(true), MEDLEY_CORRUPT);
  expect_problem(mark, "an end before the beginning");
  put_integers(&segment, MED_WIDE_SEGMENT_TTLS, 1, true);
  expect_problem(mark, "times to live of rows that do not expire");
  put_integers(&segment, MED_WIDE_SEGMENT_TTLS, 0, false);
  expect_problem(mark, "times to live of no length");
  drop_pages(&segment, MED_WIDE_SEGMENT_TTLS, true);
  expect_problem(mark, "times to live that are missing");
  drop_pages(&segment, MED_WIDE_SEGMENT_EXPIRIES, true);
  expect_problem(mark, "expiries that are missing");
}
END_TEST

/* A row that expires, and says of no time to live that it has: it stays as it is, and is read. */
START_TEST(a_row_with_an_end_and_no_time_to_live_stays_a_record) {
  uint8_t p_bytes[4], id_bytes[4];
  insert_all();
  for (int id = 100; id < 140; id++) {
    med_slice partition = number(p_bytes, 1), clustering = number(id_bytes, id);
    med_wide_row row;
    med_wide_row_init(&row);
    row.marker = (med_wide_marker){.present = true, .timestamp_us = 1000, .expiry_s = UINT32_MAX};
    OK(med_wide_row_replace(txn, table, &partition, &clustering, &row, &arena));
    med_arena_reset(&arena);
  }
  sweep();
  ck_assert_uint_eq(count_keys(MED_WIDE_KEY_ROW), 40);
  ck_assert_int_eq(walk(true), MEDLEY_NOT_FOUND);
  ck_assert_uint_eq(problems(), 0);
}
END_TEST

START_TEST(damage_of_a_segment_is_noticed) {
  uint8_t bits[MED_WIDE_GONE_ROWS / 8] = {0}, row[3] = {0, 1, 2};
  med_key key;
  insert_all();
  sweep();
  med_wide_segment segment = first_segment();
  ck_assert_uint_eq(problems(), 0);
  med_mark mark = med_txn_mark(txn);

  drop_pages(&segment, MED_WIDE_SEGMENT_TIMES, true);
  expect_problem(mark, "a column that is missing");

  key = segment.first;
  key.bytes[0] = MED_WIDE_KEY_SEGMENT;
  OK(med_wide_record_delete(txn, med_key_slice(&key)));
  expect_problem(mark, "pages without a segment");

  OK(med_txn_put(txn, MED_TREE_WIDE, med_key_slice(&segment.first), med_slice_of(row, sizeof row)));
  expect_problem(mark, "a row that stands twice");

  med_key_init(&key);
  med_key_add_u8(&key, MED_WIDE_KEY_GONE);
  med_key_add_u32(&key, TABLE);
  med_key_add_u64(&key, segment.id);
  med_key_add_u32(&key, 0);
  bits[segment.rows / 8] = (uint8_t)(1u << segment.rows % 8);
  OK(med_txn_put(txn, MED_TREE_WIDE, med_key_slice(&key), med_slice_of(bits, sizeof bits)));
  expect_problem(mark, "a bit behind the rows");

  size_t before_rest = MED_WIDE_TAIL_OFFSET + 8;
  odd_column same = {MED_COLUMN_TEXTS, segment.rows, segment.rows, 0, {0}, 0};
  same.text = med_slice_of(segment.first.bytes + before_rest, segment.first.len - before_rest);
  put_column(&segment, MED_WIDE_SEGMENT_RESTS, &same);
  expect_problem(mark, "a key that all rows have");

  segment.last.bytes[segment.last.len - 1]++;
  OK(med_wide_segment_put(txn, &segment));
  expect_problem(mark, "another last key");
  segment.rows--;
  OK(med_wide_segment_put(txn, &segment));
  expect_problem(mark, "another number of rows");
}
END_TEST

static void tell(void *context, const char *problem) {
  char *all = context;
  strncat(all, problem, 4000 - strlen(all));
}

START_TEST(segments_that_overlap_are_named) {
  char told[4096] = "";
  uint64_t count = 0;
  insert_all();
  sweep();
  med_wide_segment segment = first_segment();
  segment.first.bytes[segment.first.len - 1]++; /* amid its rows */
  OK(med_wide_segment_put(txn, &segment));
  OK(med_wide_check(txn, tell, told, &count));
  ck_assert_uint_gt(count, 0);
  ck_assert_msg(strstr(told, "overlaps the one before") != NULL, "%s", told);
}
END_TEST

/* Of columns and of the table: what its segments cannot be of. */
START_TEST(a_table_that_is_not_that_of_its_segments_is_noticed) {
  static const med_wide_type parts[] = {{.kind = MED_WIDE_TINYINT}};
  insert_all();
  sweep();
  med_mark mark = med_txn_mark(txn);
  for (int change = 0; change < 4; change++) {
    med_wide_column columns[4];
    med_wide_table other = *table;
    memcpy(columns, table->columns, sizeof columns);
    other.columns = columns;
    if (change == 0) columns[3].type = (med_wide_type){.kind = MED_WIDE_SET, .part_count = 1, .parts = parts};
    if (change == 1) { /* static columns stand before the others */
      columns[2] = table->columns[3];
      columns[2].role = MED_WIDE_STATIC;
      columns[3] = table->columns[2];
    }
    if (change == 2) columns[3].type.kind = MED_WIDE_TEXT;
    if (change == 3) other.flags &= ~(uint32_t)MED_WIDE_TABLE_SEGMENTS;
    OK(med_wide_catalog_put_table(txn, &other));
    sealing_read_catalog("t");
    ck_assert_msg(problems() > 0, "change %d", change);
    OK(med_txn_rollback_to(txn, mark));
    sealing_read_catalog("t");
    ck_assert_uint_eq(problems(), 0);
  }
}
END_TEST

START_TEST(bounds_of_a_vector_spare_its_values) {
  static const struct {
    med_compare compare;
    const char *text;
    bool all;
  } decided[] = {{MED_EQUAL, "zebra", false},
                 {MED_LESS, "big", false},
                 {MED_GREATER, "p", false},
                 {MED_LESS, "p", true},
                 {MED_GREATER_EQUAL, "a", true}};
  med_wide_segment_scan *scan;
  uint64_t live[MED_VECTOR_WORDS], selected[MED_VECTOR_WORDS];
  size_t rows;
  insert_all();
  sweep();
  med_wide_segment segment = first_segment();
  const med_wide_column *column = &table->columns[2];
  drop_pages(&segment, (uint64_t)MED_WIDE_SEGMENT_COLUMN + column->id, false);
  OK(med_wide_segment_scan_open(txn, table, &scan));
  OK(med_wide_segment_scan_next(scan, &rows, live));
  ck_assert_uint_eq(med_rows_count(live), segment.rows);
  OK(med_wide_segment_scan_present(scan, column, selected));
  ck_assert_uint_eq(med_rows_count(selected), segment.rows);
  for (size_t i = 0; i < sizeof decided / sizeof decided[0]; i++) {
    memcpy(selected, live, sizeof selected);
    OK(med_wide_segment_scan_match(scan, column, decided[i].compare, med_slice_of_text(decided[i].text), selected));
    ck_assert_uint_eq(med_rows_count(selected), decided[i].all ? segment.rows : 0);
  }
  ck_assert_int_eq(med_wide_segment_scan_match(scan, column, MED_EQUAL, med_slice_of_text("even"), selected),
                   MEDLEY_CORRUPT);
  med_wide_segment_scan_close(scan);
}
END_TEST

/* By columns: how many rows there are, or 0 if the segments are damaged. */
static size_t scan_all(void) {
  med_wide_segment_scan *scan;
  uint64_t live[MED_VECTOR_WORDS];
  size_t rows, count = 0;
  int rc;
  OK(med_wide_segment_scan_open(txn, table, &scan));
  while ((rc = med_wide_segment_scan_next(scan, &rows, live)) == MEDLEY_OK) count += med_rows_count(live);
  med_wide_segment_scan_close(scan);
  ck_assert(rc == MEDLEY_NOT_FOUND || rc == MEDLEY_CORRUPT);
  return rc == MEDLEY_NOT_FOUND ? count : 0;
}

START_TEST(a_directory_that_names_a_segment_twice_does_not_hang) {
  insert_all();
  sweep();
  ck_assert_int_eq(walk(true), MEDLEY_NOT_FOUND);
  ck_assert_int_eq(walk(false), MEDLEY_NOT_FOUND);
  ck_assert_uint_eq(scan_all() + count_keys(MED_WIDE_KEY_ROW), PARTITIONS * ROWS);
  med_wide_segment segment = first_segment();
  med_mark mark = med_txn_mark(txn);
  segment.first.bytes[segment.first.len - 1]++; /* amid its rows */
  OK(med_wide_segment_put(txn, &segment));
  ck_assert_int_eq(walk(true), MEDLEY_NOT_FOUND);
  ck_assert_int_eq(walk(false), MEDLEY_NOT_FOUND);
  ck_assert_uint_eq(scan_all(), 0);
  OK(med_txn_rollback_to(txn, mark));
  segment.first = segment.last; /* behind them */
  segment.first.bytes[segment.first.len - 1]++;
  segment.last = segment.first;
  OK(med_wide_segment_put(txn, &segment));
  ck_assert_int_eq(walk(true), MEDLEY_CORRUPT);
  ck_assert_int_eq(walk(false), MEDLEY_NOT_FOUND);
}
END_TEST

PROPERTY_MAIN_BETWEEN("wide_segment", setup, sealing_close, numbers_of_columns_are_the_values_bit_for_bit,
                      rows_are_sealed_once_enough_have_gathered, the_sweep_says_that_another_table_is_left,
                      a_segment_that_lost_many_rows_is_written_anew, a_slice_writes_few_segments,
                      nothing_is_left_of_rows_that_are_all_deleted, a_dropped_table_gives_its_segments_back,
                      times_to_live_that_are_not_those_of_the_rows_are_noticed,
                      a_row_with_an_end_and_no_time_to_live_stays_a_record, damage_of_a_segment_is_noticed,
                      segments_that_overlap_are_named, a_table_that_is_not_that_of_its_segments_is_noticed,
                      columns_that_are_not_those_of_the_table_are_noticed, bounds_of_a_vector_spare_its_values,
                      a_directory_that_names_a_segment_twice_does_not_hang)
