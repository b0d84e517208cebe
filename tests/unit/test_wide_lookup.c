/* test_wide_lookup.c - sealed rows found by their keys, whatever the keys are made of; and what a reader may leave out of them. */
#include "models/widecolumn/read.h"
#include "models/widecolumn/segment_lookup.h"
#include "models/widecolumn/tiers.h"
#include "tests/unit/property.h"
#include "tests/unit/segment_kit.h"

enum { PARTITIONS = 20, ROWS = 30, VALUE_MAX = 300, TABLE = 100 };

/* Keys of one table: (p, c1, c2), of these kinds. */
typedef struct shape {
  const char *name;
  med_wide_kind partition, first, second;
  bool descending;
  bool is_long; /* texts of the partition key are longer than a key can be: it is a hash there */
  bool mixed;   /* of every other partition */
  bool numbers; /* all are whole numbers, so that no text of a key is looked at */
} shape;

static const shape shapes[] = {
    {"numbers", MED_WIDE_INT, MED_WIDE_BIGINT, MED_WIDE_SMALLINT, .numbers = true},
    {"descending", MED_WIDE_BIGINT, MED_WIDE_TIMESTAMP, MED_WIDE_BOOLEAN, .descending = true, .numbers = true},
    {"text", MED_WIDE_TEXT, MED_WIDE_INT, MED_WIDE_INT, .descending = false},
    {"texts", MED_WIDE_TEXT, MED_WIDE_TEXT, MED_WIDE_TEXT, .descending = false},
    {"hash", MED_WIDE_TEXT, MED_WIDE_INT, MED_WIDE_DATE, .is_long = true},
    {"mixed", MED_WIDE_TEXT, MED_WIDE_INT, MED_WIDE_DATE, .is_long = true, .mixed = true},
    {"uuid", MED_WIDE_UUID, MED_WIDE_UUID, MED_WIDE_TINYINT, .descending = false},
    {"half", MED_WIDE_INT, MED_WIDE_UUID, MED_WIDE_INT, .descending = false},
};

static void make_table(const shape *of) {
  med_wide_column columns[5] = {
      {.id = 1, .name = med_slice_of_text("p"), .type = {.kind = of->partition}, .role = MED_WIDE_PARTITION},
      {.id = 2, .name = med_slice_of_text("c1"), .type = {.kind = of->first}, .role = MED_WIDE_CLUSTERING},
      {.id = 3, .name = med_slice_of_text("c2"), .type = {.kind = of->second}, .role = MED_WIDE_CLUSTERING},
      {.id = 4, .name = med_slice_of_text("a"), .type = {.kind = MED_WIDE_INT}, .role = MED_WIDE_REGULAR},
      {.id = 5, .name = med_slice_of_text("b"), .type = {.kind = MED_WIDE_TEXT}, .role = MED_WIDE_REGULAR}};
  columns[1].descending = columns[2].descending = of->descending;
  sealing_make_table(TABLE, "t", columns, sizeof columns / sizeof columns[0], "128");
}

/* A value of the kind for a small number, in its order. */
static med_slice value_of(med_wide_kind kind, int number, bool is_long, char bytes[VALUE_MAX]) {
  size_t len = med_wide_kind_size(kind);
  memset(bytes, 'x', VALUE_MAX);
  if (kind == MED_WIDE_TEXT) {
    len = (size_t)snprintf(bytes, VALUE_MAX, "text %d", number);
    if (is_long) bytes[len] = 'x';
    return med_slice_of(bytes, is_long ? VALUE_MAX : len);
  }
  if (kind == MED_WIDE_UUID) len = 16;
  memset(bytes, 0, len);
  if (kind == MED_WIDE_UUID) bytes[6] = 0x40; /* version 4 */
  bytes[len - 1] = (char)number;
  return med_slice_of(bytes, len);
}

typedef struct row_values {
  char bytes[3][VALUE_MAX];
  med_slice partition, clustering[2];
} row_values;

static bool is_hashed(const shape *of, int p) { return of->is_long && !(of->mixed && p % 2 == 0); }

static void make_values(const shape *of, int p, int id, row_values *values) {
  values->partition = value_of(of->partition, p, is_hashed(of, p), values->bytes[0]);
  values->clustering[0] = value_of(of->first, id / 2, false, values->bytes[1]);
  values->clustering[1] = value_of(of->second, id % 2, false, values->bytes[2]);
}

/* Rows with an odd id have no marker, and some of those only b. */
static void insert(const shape *of, int p, int id) {
  row_values values;
  uint8_t number[4];
  make_values(of, p, id, &values);
  med_put_u32(number, (uint32_t)(p * 1000 + id));
  med_wide_change changes[2] = {
      {.kind = MED_WIDE_CHANGE_SET, .column = &table->columns[4], .value = med_slice_of_text("some text")},
      {.kind = MED_WIDE_CHANGE_SET, .column = &table->columns[3], .value = med_slice_of(number, 4)}};
  med_wide_write write = {.table = table,
                          .partition = &values.partition,
                          .clustering = values.clustering,
                          .timestamp_us = 1000 + p,
                          .marker = id % 2 == 0,
                          .changes = changes,
                          .change_count = id % 4 == 3 ? 1 : 2};
  OK(med_wide_apply(txn, &write, &arena));
  med_arena_reset(&arena);
}

static void delete_row(const shape *of, int p, int id) {
  row_values values;
  make_values(of, p, id, &values);
  OK(med_wide_delete_row(txn, table, &values.partition, values.clustering, 5000, &arena));
  med_arena_reset(&arena);
}

static void sweep(void) {
  bool left = true;
  for (int i = 0; left && i < 10000; i++) {
    size_t swept;
    OK(med_wide_sweep(txn, 1000, &swept, &left));
  }
  sealing_read_catalog("t");
}

static void key_of(const shape *of, int p, int id, med_key *key) {
  row_values values;
  med_key partition;
  med_buffer parts = {0};
  bool hashed;
  make_values(of, p, id, &values);
  OK(med_wide_partition_key(table, &values.partition, &partition, &hashed, &error));
  ck_assert(hashed == is_hashed(of, p));
  OK(med_wide_clustering_parts(table, values.clustering, 2, &parts, &error));
  med_wide_row_key(&partition, med_slice_of(parts.bytes, parts.len), key);
  med_buffer_clear(&parts);
}

/* 1: sealed; 0: a record; -1: not there. */
static int find(med_wide_tiers *tiers, const shape *of, int p, int id) {
  med_wide_found found;
  med_wide_row row;
  med_key key;
  key_of(of, p, id, &key);
  int rc = med_wide_tiers_get(tiers, med_key_slice(&key), &found);
  if (rc == MEDLEY_NOT_FOUND) return -1;
  ck_assert_msg(rc == MEDLEY_OK, "%s: %s", of->name, error.message);
  OK(med_wide_tiers_row(tiers, &found, &arena, &row));
  bool has_a = id % 4 != 3;
  ck_assert_uint_eq(row.count, has_a ? 2 : 1);
  if (has_a) ck_assert_uint_eq(med_get_u32(row.cells[0].value.bytes), (unsigned)(p * 1000 + id));
  ck_assert(row.marker.present == (id % 2 == 0));
  ck_assert_int_eq(row.cells[0].timestamp_us, 1000 + p);
  med_arena_reset(&arena);
  return found.sealed;
}

/* All rows, and those beside them that are not there; answers how many are sealed. */
static int find_all(const shape *of, bool deleted) {
  med_wide_tiers tiers;
  int sealed = 0;
  med_wide_tiers_init(&tiers, txn, table);
  for (int p = 0; p < PARTITIONS + 2; p++) {
    for (int id = 0; id < ROWS + 4; id++) {
      bool there = p < PARTITIONS && id < ROWS && !(deleted && id % 5 == 0);
      int found = find(&tiers, of, p, id);
      ck_assert_msg((found >= 0) == there, "%s: row %d of partition %d", of->name, id, p);
      sealed += found == 1;
    }
  }
  med_wide_tiers_clear(&tiers);
  return sealed;
}

/* How many rows are found by numbers alone. */
static int count_places(const shape *of) {
  med_cursor *cursor;
  int certain = 0;
  OK(med_cursor_open(txn, MED_TREE_WIDE, &cursor));
  for (int p = 0; p < PARTITIONS; p++) {
    for (int id = 0; id < ROWS; id++) {
      med_wide_segment segment;
      med_wide_segment_place place;
      med_key key;
      key_of(of, p, id, &key);
      int rc = med_wide_segment_at(txn, cursor, med_key_slice(&key), &arena, &segment);
      if (rc == MEDLEY_OK && med_slice_compare(med_key_slice(&key), med_key_slice(&segment.last)) <= 0) {
        OK(med_wide_segment_lookup(txn, cursor, &segment, table, med_key_slice(&key), &place));
        ck_assert_uint_le(place.high, segment.rows);
        ck_assert(!place.is_row || place.high == place.low + 1);
        certain += place.is_row;
      }
      med_arena_reset(&arena);
    }
  }
  med_cursor_close(cursor);
  return certain;
}

START_TEST(rows_are_found_whatever_their_keys_are_made_of) {
  const shape *of = &shapes[_i];
  make_table(of);
  for (int p = 0; p < PARTITIONS; p++) {
    for (int id = 0; id < ROWS; id++) insert(of, p, id);
  }
  ck_assert_int_eq(find_all(of, false), 0);
  sweep();
  int sealed = find_all(of, false);
  ck_assert_int_gt(sealed, PARTITIONS * ROWS / 2);
  ck_assert_int_eq(count_places(of), of->numbers ? sealed : 0);
  ck_assert_uint_eq(problems(), 0);
  for (int p = 0; p < PARTITIONS; p++) {
    for (int id = 0; id < ROWS; id += 5) delete_row(of, p, id);
  }
  ck_assert_int_lt(find_all(of, true), sealed);
}
END_TEST

/* Where some partition keys are hashes, their column has no value; where it has one, it is that of the key. */
START_TEST(a_column_of_a_key_that_says_more_than_the_key_is_noticed) {
  const shape *of = &shapes[_i];
  make_table(of);
  for (int p = 0; p < PARTITIONS; p++) {
    for (int id = 0; id < ROWS; id++) insert(of, p, id);
  }
  sweep();
  med_mark mark = med_txn_mark(txn);
  med_wide_segment segment = first_segment();
  size_t own = 0;
  for (size_t i = 0; i < segment.column_count; i++) {
    if (segment.columns[i].id > 3) continue;
    odd_column odd = {segment.columns[i].type, segment.rows, segment.rows, 77, med_slice_of_text("another"), 0};
    own++;
    put_column(&segment, (uint64_t)MED_WIDE_SEGMENT_COLUMN + segment.columns[i].id, &odd);
    expect_problem(mark, "another value than the key's");
    odd.present = 0;
    put_column(&segment, (uint64_t)MED_WIDE_SEGMENT_COLUMN + segment.columns[i].id, &odd);
    expect_problem(mark, "no value, and the key has one");
  }
  ck_assert_uint_gt(own, 0);
}
END_TEST

/* Reads all of the table with some columns wanted; the sum of a over rows that have it. */
static uint64_t read_all(const bool *wanted, bool times, int *rows, int *with_b, int *timed) {
  med_wide_reader *reader;
  med_wide_entry entry;
  uint64_t sum = 0;
  int rc;
  *rows = *with_b = *timed = 0;
  OK(med_wide_reader_open(txn, table, &reader));
  med_wide_reader_columns(reader, wanted, times);
  while ((rc = med_wide_reader_next(reader, &entry)) == MEDLEY_OK) {
    ++*rows;
    for (size_t i = 0; i < entry.row->count; i++) {
      if (entry.row->cells[i].column_id == 4) sum += med_get_u32(entry.row->cells[i].value.bytes);
      *with_b += entry.row->cells[i].column_id == 5;
    }
    *timed += entry.row->marker.present && entry.row->marker.timestamp_us > 0;
  }
  ck_assert_int_eq(rc, MEDLEY_NOT_FOUND);
  med_wide_reader_close(reader);
  return sum;
}

START_TEST(what_is_not_wanted_is_left_out_and_no_row_is_lost) {
  static const bool only_a[5] = {false, false, false, true, false}, none[5] = {false};
  int rows, with_b, timed;
  make_table(&shapes[0]);
  for (int p = 0; p < PARTITIONS; p++) {
    for (int id = 0; id < ROWS; id++) insert(&shapes[0], p, id);
  }
  sweep();
  int hot = PARTITIONS * ROWS - find_all(&shapes[0], false);
  uint64_t sum = read_all(NULL, true, &rows, &with_b, &timed);
  ck_assert_int_eq(rows, PARTITIONS * ROWS);
  ck_assert_int_eq(with_b, PARTITIONS * ROWS);
  ck_assert_int_eq(timed, PARTITIONS * ROWS / 2);
  ck_assert_uint_eq(read_all(only_a, true, &rows, &with_b, &timed), sum);
  ck_assert_int_eq(rows, PARTITIONS * ROWS);
  ck_assert_int_lt(with_b, PARTITIONS * ROWS / 2 + hot + 1); /* those without a marker, and records */
  ck_assert_int_eq(timed, PARTITIONS * ROWS / 2);
  (void)read_all(none, false, &rows, &with_b, &timed);
  ck_assert_int_eq(rows, PARTITIONS * ROWS);
  ck_assert_int_lt(timed, hot + 1);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("wide_lookup");
  TCase *cases = tcase_create("all");
  tcase_add_checked_fixture(cases, sealing_open, sealing_close);
  tcase_set_timeout(cases, 0);
  tcase_add_loop_test(cases, rows_are_found_whatever_their_keys_are_made_of, 0, sizeof shapes / sizeof shapes[0]);
  tcase_add_loop_test(cases, a_column_of_a_key_that_says_more_than_the_key_is_noticed, 0,
                      sizeof shapes / sizeof shapes[0]);
  tcase_add_test(cases, what_is_not_wanted_is_left_out_and_no_row_is_lost);
  suite_add_tcase(suite, cases);
  SRunner *runner = srunner_create(suite);
  srunner_run_all(runner, CK_ENV);
  int failed = srunner_ntests_failed(runner);
  printf("%d passed, %d failed\n", srunner_ntests_run(runner) - failed, failed);
  srunner_free(runner);
  return failed == 0 ? 0 : 1;
}
