/* test_wide_seal.c - ranges that are written anew: vectors of sealed rows and records between them, against a plain model. */
#include "models/widecolumn/mutation.h"
#include "models/widecolumn/sweep.h"
#include "models/widecolumn/tiers.h"
#include "tests/unit/property.h"
#include "tests/unit/sealing_kit.h"

/* A segment has several vectors of 1,024 rows, so that runs cross their ends. */
enum { PARTITIONS = 40, ROWS = 200, CHANGES = 15000, ROUNDS = 4, TABLE = 100, TEXT_SIZE = 6000 };
#define SEGMENT_ROWS "1400"

/* A row as it ought to be; numbers: of what its values are made, 0: null. */
typedef struct expected {
  bool marked;
  int text, number;
} expected;

static expected model[PARTITIONS][ROWS];
static int64_t clock_us;

static void make_table(size_t column_count, uint32_t flags) {
  med_wide_column columns[4] = {
      {.id = 1, .name = med_slice_of_text("p"), .type = {.kind = MED_WIDE_INT}, .role = MED_WIDE_PARTITION},
      {.id = 2, .name = med_slice_of_text("id"), .type = {.kind = MED_WIDE_INT}, .role = MED_WIDE_CLUSTERING},
      {.id = 3, .name = med_slice_of_text("a"), .type = {.kind = MED_WIDE_TEXT}, .role = MED_WIDE_REGULAR},
      {.id = 4, .name = med_slice_of_text("b"), .type = {.kind = MED_WIDE_DOUBLE}, .role = MED_WIDE_REGULAR}};
  med_wide_property property = sealing_rows(SEGMENT_ROWS);
  med_wide_table made = sealing_table(TABLE, "t", columns, column_count, &property);
  made.flags = flags;
  made.next_column_id = 5;
  sealing_put_table(&made);
  sealing_read_catalog("t");
}

static void setup(void) {
  sealing_open();
  memset(model, 0, sizeof model);
  clock_us = 1000;
  make_table(4, 0);
}

/* ---- Changes ---- */
static med_slice int_value(uint8_t bytes[4], int value) {
  med_put_u32(bytes, (uint32_t)value);
  return med_slice_of(bytes, 4);
}

/* Some repeat, most do not, a few are long, and fewer still longer than a page. */
static med_slice text_value(char *bytes, int number) {
  size_t len = number % 997 == 0 ? 5000 : number % 101 == 0 ? 900 : (size_t)(number % 30);
  memset(bytes, 'a' + number % 26, len);
  if (len > 12 && number % 3 != 0) snprintf(bytes, 12, "%011d", number);
  return med_slice_of(bytes, len);
}

static med_slice double_value(uint8_t bytes[8], int number) {
  double value = number / 8.0;
  uint64_t bits;
  memcpy(&bits, &value, sizeof bits);
  med_put_u64(bytes, bits);
  return med_slice_of(bytes, 8);
}

static void put(int p, int id, bool marker, int text, int number) {
  static char text_bytes[TEXT_SIZE];
  uint8_t p_bytes[4], id_bytes[4], double_bytes[8];
  med_slice partition = int_value(p_bytes, p), clustering = int_value(id_bytes, id);
  med_wide_change changes[2];
  size_t count = 0;
  expected *row = &model[p][id];
  if (text != 0)
    changes[count++] = (med_wide_change){
        .kind = MED_WIDE_CHANGE_SET, .column = &table->columns[2], .value = text_value(text_bytes, text)};
  if (number != 0)
    changes[count++] = (med_wide_change){
        .kind = MED_WIDE_CHANGE_SET, .column = &table->columns[3], .value = double_value(double_bytes, number)};
  med_wide_write write = {.table = table,
                          .partition = &partition,
                          .clustering = &clustering,
                          .timestamp_us = clock_us++,
                          .marker = marker,
                          .changes = changes,
                          .change_count = count};
  OK(med_wide_apply(txn, &write, &arena));
  med_arena_reset(&arena);
  row->marked = row->marked || marker;
  if (text != 0) row->text = text;
  if (number != 0) row->number = number;
}

static void delete_row(int p, int id) {
  uint8_t p_bytes[4], id_bytes[4];
  med_slice partition = int_value(p_bytes, p), clustering = int_value(id_bytes, id);
  OK(med_wide_delete_row(txn, table, &partition, &clustering, clock_us++, &arena));
  med_arena_reset(&arena);
  model[p][id] = (expected){0};
}

/* Whole rows and parts of them; rows without a marker are only as long as they have a value. */
static void change(uint64_t *random, bool has_number) {
  int p = (int)property_below(random, PARTITIONS), id = (int)property_below(random, ROWS);
  int text = 1 + (int)property_below(random, 100000), number = has_number ? 1 + (int)property_below(random, 5000) : 0;
  switch (property_below(random, 10)) {
    case 0: delete_row(p, id); break;
    case 1: put(p, id, true, 0, 0); break;
    case 2: put(p, id, false, text, 0); break;
    case 3: put(p, id, false, has_number ? 0 : text, number); break;
    default: put(p, id, true, text, number); break;
  }
}

/* ---- What is there ---- */
static void seal(void) {
  bool left = true;
  for (int i = 0; left && i < 100000; i++) {
    size_t swept;
    OK(med_wide_sweep(txn, 700, &swept, &left));
  }
  ck_assert(!left);
  sealing_read_catalog("t");
}

static void expect_value(const med_wide_row *row, size_t column, med_slice value, bool there) {
  const med_wide_cell *cell =
      column < table->column_count ? med_wide_row_cell(row, &table->columns[column], (med_slice){0}) : NULL;
  ck_assert_msg((cell != NULL) == there, "column %zu: a value is %s", column, there ? "missing" : "too much");
  if (there) ck_assert(med_slice_equal(cell->value, value));
}

static void expect_row(const med_wide_place *place, const med_wide_row *row, bool *seen) {
  static char text[TEXT_SIZE];
  uint8_t number[8];
  int p = (int32_t)(med_get_u32(place->parts.bytes) ^ UINT32_C(1) << 31);
  int id = (int32_t)(med_get_u32(place->clustering.bytes) ^ UINT32_C(1) << 31);
  ck_assert(p >= 0 && p < PARTITIONS && id >= 0 && id < ROWS);
  const expected *of = &model[p][id];
  ck_assert_msg(!seen[p * ROWS + id], "row %d %d twice", p, id);
  seen[p * ROWS + id] = true;
  ck_assert_msg(row->marker.present == of->marked, "row %d %d: its marker", p, id);
  expect_value(row, 2, text_value(text, of->text), of->text != 0);
  expect_value(row, 3, double_value(number, of->number), of->number != 0);
}

/* Every row of the model and no other one; answers how many of them are sealed. */
static size_t expect_all(void) {
  static bool seen[PARTITIONS * ROWS];
  med_wide_tiers tiers;
  med_wide_found found;
  med_key at, end;
  size_t sealed = 0;
  uint64_t problems = 0;
  memset(seen, 0, sizeof seen);
  med_wide_table_prefix(TABLE, &at);
  med_wide_table_prefix(TABLE + 1, &end);
  med_wide_tiers_init(&tiers, txn, table);
  while (med_wide_tiers_seek(&tiers, med_key_slice(&at), &found) == MEDLEY_OK &&
         med_slice_compare(found.key, med_key_slice(&end)) < 0) {
    med_wide_row row;
    med_wide_place place;
    med_key_set(&at, found.key);
    sealed += found.sealed;
    OK(med_wide_key_place(table, med_key_slice(&at), &place, &error));
    OK(med_wide_tiers_row(&tiers, &found, &arena, &row));
    if (row.marker.present || row.count > 0) expect_row(&place, &row, seen);
    med_arena_reset(&arena);
    at.bytes[at.len++] = 0;
  }
  med_wide_tiers_clear(&tiers);
  for (int i = 0; i < PARTITIONS * ROWS; i++) {
    const expected *of = &model[i / ROWS][i % ROWS];
    ck_assert_msg(seen[i] == (of->marked || of->text != 0 || of->number != 0), "row %d %d", i / ROWS, i % ROWS);
  }
  OK(med_wide_check(txn, NULL, NULL, &problems));
  ck_assert_uint_eq(problems, 0);
  return sealed;
}

START_TEST(sealed_rows_and_records_become_segments_in_order) {
  uint64_t random = property_seed("seal");
  size_t most = 0;
  for (int round = 0; round < ROUNDS; round++) {
    for (int i = 0; i < CHANGES; i++) change(&random, true);
    (void)expect_all();
    seal();
    size_t sealed = expect_all();
    if (sealed > most) most = sealed;
  }
  ck_assert_uint_gt(most, 3000);
}
END_TEST

START_TEST(a_column_that_was_dropped_does_not_go_into_new_segments) {
  uint64_t random = property_seed("seal dropped");
  for (int i = 0; i < CHANGES; i++) change(&random, true);
  seal();
  ck_assert_uint_gt(expect_all(), 1000);
  make_table(3, table->flags);
  for (int i = 0; i < PARTITIONS * ROWS; i++) model[i / ROWS][i % ROWS].number = 0;
  (void)expect_all();
  for (int i = 0; i < CHANGES; i++) change(&random, false);
  seal();
  ck_assert_uint_gt(expect_all(), 1000);
}
END_TEST

/* A record with the key of a sealed row, which no write makes. */
static bool seal_fails(void) {
  bool left = true;
  int rc = MEDLEY_OK;
  for (int i = 0; rc == MEDLEY_OK && left && i < 100000; i++) {
    size_t swept;
    rc = med_wide_sweep(txn, 700, &swept, &left);
  }
  return rc == MEDLEY_CORRUPT;
}

START_TEST(a_row_that_stands_twice_is_not_sealed) {
  static const uint8_t marker_only[] = {0, 1, 2}; /* in its value, a marker, its time */
  uint64_t random = property_seed("seal twice");
  med_wide_tiers tiers;
  med_wide_found found;
  med_key at;
  for (int i = 0; i < CHANGES; i++) change(&random, true);
  seal();
  for (int i = 0; i < 2 * CHANGES; i++) change(&random, true);
  med_wide_table_prefix(TABLE, &at);
  med_wide_tiers_init(&tiers, txn, table);
  do {
    OK(med_wide_tiers_seek(&tiers, med_key_slice(&at), &found));
    memcpy(at.bytes, found.key.bytes, found.key.len);
    at.len = (uint16_t)(found.key.len + 1);
    at.bytes[found.key.len] = 0;
  } while (!found.sealed);
  med_wide_tiers_clear(&tiers);
  at.len--;
  OK(med_txn_put(txn, MED_TREE_WIDE, med_key_slice(&at), med_slice_of(marker_only, sizeof marker_only)));
  ck_assert(seal_fails());
}
END_TEST

PROPERTY_MAIN_BETWEEN("wide_seal", setup, sealing_close, sealed_rows_and_records_become_segments_in_order,
                      a_column_that_was_dropped_does_not_go_into_new_segments, a_row_that_stands_twice_is_not_sealed)
