/* test_wide_row.c - rows and their keys as bytes: what was written is read, and with one thing wrong it is damage or another row; which of two writes of
 * a cell wins. */
#include <string.h>

#include "models/widecolumn/pack.h"
#include "models/widecolumn/record.h"
#include "models/widecolumn/row.h"
#include "models/widecolumn/row_key.h"
#include "tests/unit/property.h"

#define BYTES(literal) med_slice_of(literal, sizeof(literal) - 1)

static med_arena arena;
static medley_error error;

static void teardown(void) { med_arena_clear(&arena); }

static const med_wide_type map_parts[] = {{.kind = MED_WIDE_TEXT}, {.kind = MED_WIDE_INT}};
static const med_slice fields[] = {{"x", 1}, {"y", 1}};
static med_wide_column columns[] = {
    {.id = 1, .name = {"p", 1}, .type = {.kind = MED_WIDE_INT}, .role = MED_WIDE_PARTITION},
    {.id = 2, .name = {"q", 1}, .type = {.kind = MED_WIDE_DECIMAL}, .role = MED_WIDE_PARTITION},
    {.id = 3, .name = {"c", 1}, .type = {.kind = MED_WIDE_TEXT}, .role = MED_WIDE_CLUSTERING},
    {.id = 4, .name = {"d", 1}, .type = {.kind = MED_WIDE_BIGINT}, .role = MED_WIDE_CLUSTERING, .descending = true},
    {.id = 5,
     .name = {"m", 1},
     .type = {.kind = MED_WIDE_MAP, .part_count = 2, .parts = map_parts},
     .role = MED_WIDE_REGULAR},
    {.id = 6,
     .name = {"u", 1},
     .type = {.kind = MED_WIDE_UDT, .part_count = 2, .parts = map_parts, .fields = fields},
     .role = MED_WIDE_REGULAR},
    {.id = 7, .name = {"w", 1}, .type = {.kind = MED_WIDE_ASCII}, .role = MED_WIDE_REGULAR}};
static const med_wide_table table = {.id = 7,
                                     .name = {"t", 1},
                                     .columns = columns,
                                     .column_count = 7,
                                     .partition_count = 2,
                                     .clustering_count = 2,
                                     .next_column_id = 8};

static void is_corrupt(int rc, const char *what) {
  ck_assert_msg(rc == MEDLEY_CORRUPT && error.status == MEDLEY_CORRUPT && error.message[0] != '\0', "%s: %s", what,
                medley_status_name(rc));
  med_error_clear(&error);
}

/* ---- Rows as bytes ---- */
static med_wide_cell cells[] = {
    {.column_id = 5, .tombstone = true, .timestamp_us = 1},
    {.column_id = 5, .has_path = true, .path = {"a", 1}, .value = {"\0\0\0\1", 4}, .timestamp_us = 9},
    {.column_id = 6, .has_path = true, .path = {"\0\0", 2}, .value = {"x", 1}, .timestamp_us = INT64_MIN + 1},
    {.column_id = 7, .value = {"w", 1}, .timestamp_us = INT64_MAX, .ttl_s = 300, .expiry_s = UINT32_MAX}};
static const med_wide_row row = {
    .marker = {true, 5, 10, 70000}, .deleted_us = 3, .cells = cells, .count = 4, .capacity = 4};

/* Written again it has the same bytes: nothing that was read is lost. */
static void is_itself(const med_wide_row *read) {
  med_buffer first = {0}, second = {0};
  med_wide_row again;
  ck_assert(med_wide_row_encode(read, &first));
  ck_assert_int_eq(med_wide_row_decode(med_slice_of(first.bytes, first.len), &arena, &again, &error), MEDLEY_OK);
  ck_assert(med_wide_row_encode(&again, &second));
  ck_assert(med_slice_equal(med_slice_of(first.bytes, first.len), med_slice_of(second.bytes, second.len)));
  med_buffer_clear(&first);
  med_buffer_clear(&second);
}

static void is_answered(med_slice bytes, const char *what) {
  med_wide_row read;
  uint8_t *exact = malloc(bytes.len + 1); /* so that a sanitizer sees the first byte beyond */
  memcpy(exact, bytes.bytes, bytes.len);
  int rc = med_wide_row_decode(med_slice_of(exact, bytes.len), &arena, &read, &error);
  if (rc == MEDLEY_OK)
    is_itself(&read);
  else
    is_corrupt(rc, what);
  if (rc == MEDLEY_OK && (rc = med_wide_row_accept(&read, &table, &error)) != MEDLEY_OK) is_corrupt(rc, what);
  free(exact);
  med_arena_reset(&arena);
}

START_TEST(whatever_bytes_a_row_has_it_is_read_whole_or_is_damage) {
  med_buffer bytes = {0};
  med_wide_row read;
  ck_assert(med_wide_row_encode(&row, &bytes));
  ck_assert_int_eq(med_wide_row_decode(med_slice_of(bytes.bytes, bytes.len), &arena, &read, &error), MEDLEY_OK);
  ck_assert_uint_eq(read.count, 4);
  ck_assert_int_eq(read.cells[3].timestamp_us, INT64_MAX);
  ck_assert_uint_eq(read.cells[3].expiry_s, UINT32_MAX);
  for (size_t len = 0; len < bytes.len; len++) is_answered(med_slice_of(bytes.bytes, len), "a row that is cut");
  for (size_t at = 0; at < bytes.len; at++) {
    for (unsigned change = 1; change < 256; change++) {
      bytes.bytes[at] = (char)(bytes.bytes[at] ^ change);
      is_answered(med_slice_of(bytes.bytes, bytes.len), "a row with another byte");
      bytes.bytes[at] = (char)(bytes.bytes[at] ^ change);
    }
  }
  for (unsigned more = 0; more < 256; more++) {
    ck_assert(med_buffer_append_byte(&bytes, (uint8_t)more));
    is_answered(med_slice_of(bytes.bytes, bytes.len), "a row with a byte too many");
    bytes.len--;
  }
  med_buffer_clear(&bytes);
}
END_TEST

/* Numbers of a row: flags; then what stands behind them. */
static void is_no_row(uint8_t flags, const uint64_t *numbers, size_t count, const char *what) {
  med_buffer bytes = {0};
  med_wide_row read;
  ck_assert(med_buffer_append_byte(&bytes, flags));
  for (size_t i = 0; i < count; i++) ck_assert(med_pack_number(&bytes, numbers[i]));
  is_corrupt(med_wide_row_decode(med_slice_of(bytes.bytes, bytes.len), &arena, &read, &error), what);
  ck_assert_uint_eq(read.count, 0);
  med_buffer_clear(&bytes);
}
#define IS_NO_ROW(what_, flags_, ...) \
  is_no_row(flags_, (uint64_t[]){__VA_ARGS__}, sizeof((uint64_t[]){__VA_ARGS__}) / sizeof(uint64_t), what_)

START_TEST(a_row_with_one_thing_wrong_is_damage) {
  const uint64_t beyond = (uint64_t)UINT32_MAX + 1;
  is_no_row(1, NULL, 0, "a marker without a time");
  is_no_row(4, NULL, 0, "a tombstone without a time");
  is_no_row(8, NULL, 0, "a flag that is none");
  IS_NO_ROW("an expiry of 0", 3, 2, 0, 5);
  IS_NO_ROW("an expiry beyond all time", 3, 2, beyond, 5);
  IS_NO_ROW("a time to live beyond all time", 3, 2, 5, beyond);
  IS_NO_ROW("no time to live", 3, 2, 5);
  IS_NO_ROW("no expiry", 3, 2);
  IS_NO_ROW("a column beyond every number", 0, (UINT64_C(65536) << 3) + 1, 2);
  IS_NO_ROW("a cell without a time", 0, (5 << 3) + 1);
  IS_NO_ROW("a path that is longer than the row", 0, (5 << 3) + 5, 2, 9);
  IS_NO_ROW("a value that is longer than the row", 0, 5 << 3, 2, 9);
  IS_NO_ROW("an expiry of a cell of 0", 0, (5 << 3) + 3, 2, 0, 1);
  IS_NO_ROW("columns out of order", 0, (5 << 3) + 1, 2, (4 << 3) + 1, 2);
  IS_NO_ROW("a number without an end", 0, UINT64_MAX);
}
END_TEST

START_TEST(a_cell_that_is_none_of_its_column_is_not_accepted) {
  static const med_wide_cell odd[] = {
      {.column_id = 5, .value = {"\0\0\0\1", 4}},                                        /* a map without a path */
      {.column_id = 5, .has_path = true, .path = {"a", 1}, .value = {"\0\0\1", 3}},      /* no int */
      {.column_id = 6, .has_path = true, .path = {"\0\2", 2}, .value = {"\0\0\0\1", 4}}, /* no field */
      {.column_id = 6, .has_path = true, .path = {"\0\0\0", 3}, .value = {"a", 1}},
      {.column_id = 6, .has_path = true, .path = {"\0\1", 2}, .value = {"a", 1}},
      {.column_id = 7, .has_path = true, .path = {"a", 1}, .value = {"a", 1}}, /* a text with a path */
      {.column_id = 1, .value = {"\0", 1}}};
  for (size_t i = 0; i < sizeof odd / sizeof *odd; i++) {
    med_wide_cell cell = odd[i];
    med_wide_row of = {.cells = &cell, .count = 1, .capacity = 1};
    is_corrupt(med_wide_row_accept(&of, &table, &error), "a cell");
  }
  med_wide_cell unknown[] = {{.column_id = 4, .value = {"12345678", 8}}, {.column_id = 900, .value = {"a", 1}}};
  med_wide_row of = {.cells = unknown, .count = 2, .capacity = 2};
  ck_assert_int_eq(med_wide_row_accept(&of, &table, &error), MEDLEY_OK);
  ck_assert_uint_eq(of.count, 1); /* what the table no longer has is left out */
}
END_TEST

/* A value is put together from what fits, whatever was not accepted before. */
START_TEST(a_user_types_value_has_each_field_once) {
  med_wide_cell all[] = {{.column_id = 6, .tombstone = true},
                         {.column_id = 6, .has_path = true, .path = {"\0\0\0", 3}, .value = {"no", 2}},
                         {.column_id = 6, .has_path = true, .path = {"\0\1", 2}, .value = {"\0\0\0\7", 4}}};
  med_wide_row of = {.cells = all, .count = 3, .capacity = 3};
  bool ok = true;
  ck_assert(
      med_slice_equal(med_wide_row_value(&of, &columns[5], 0, &arena, &ok), BYTES("\xFF\xFF\xFF\xFF\0\0\0\4\0\0\0\7")));
  all[2].expiry_s = 5;
  ck_assert(
      med_slice_equal(med_wide_row_value(&of, &columns[5], 9, &arena, &ok), BYTES("\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF")));
  of.count = 1;
  ck_assert_ptr_null(med_wide_row_value(&of, &columns[5], 0, &arena, &ok).bytes);
  ck_assert(ok);
}
END_TEST

/* ---- Which write wins ---- */
static med_wide_cell cell_at(int64_t timestamp_us, uint32_t expiry_s, const char *value) {
  med_wide_cell cell = {.column_id = 7, .timestamp_us = timestamp_us, .expiry_s = expiry_s};
  cell.tombstone = value == NULL;
  if (value != NULL) cell.value = med_slice_of_text(value);
  return cell;
}

/* In either order: the second one is there in the end. */
static void wins(med_wide_cell loser, med_wide_cell winner) {
  for (int turn = 0; turn < 2; turn++) {
    med_wide_row of;
    med_wide_row_init(&of);
    ck_assert(med_wide_row_put(&of, &columns[6], turn == 0 ? &loser : &winner, false, &arena));
    ck_assert(med_wide_row_put(&of, &columns[6], turn == 0 ? &winner : &loser, false, &arena));
    ck_assert_uint_eq(of.count, 1);
    ck_assert(of.cells[0].expiry_s == winner.expiry_s && of.cells[0].tombstone == winner.tombstone &&
              of.cells[0].timestamp_us == winner.timestamp_us && med_slice_equal(of.cells[0].value, winner.value));
  }
}

START_TEST(of_two_writes_of_a_cell_the_same_one_wins_in_either_order) {
  wins(cell_at(5, 0, "z"), cell_at(6, 0, "a"));
  wins(cell_at(5, 0, "a"), cell_at(5, 0, "b"));
  wins(cell_at(5, 0, "z"), cell_at(5, 100, "a"));
  wins(cell_at(5, 100, "z"), cell_at(5, 200, "a"));
  wins(cell_at(5, 100, "z"), cell_at(5, 0, NULL));
  wins(cell_at(5, 0, "z"), cell_at(5, 0, NULL));
}
END_TEST

START_TEST(a_tombstone_of_all_elements_covers_older_ones) {
  med_wide_row of;
  med_wide_cell all = {.column_id = 5, .tombstone = true, .timestamp_us = 50};
  med_wide_cell element = {
      .column_id = 5, .has_path = true, .path = {"a", 1}, .value = {"\0\0\0\1", 4}, .timestamp_us = 50};
  med_wide_row_init(&of);
  ck_assert(med_wide_row_put(&of, &columns[4], &all, false, &arena));
  ck_assert(med_wide_row_put(&of, &columns[4], &element, false, &arena));
  ck_assert(med_wide_row_put_all(&of, &columns[4], &element, 1, false, &arena));
  ck_assert_uint_eq(of.count, 1);
  element.timestamp_us = 51;
  ck_assert(med_wide_row_put(&of, &columns[4], &element, false, &arena));
  ck_assert_uint_eq(of.count, 2);
  of.deleted_us = 90; /* of the row: the younger one counts */
  element.timestamp_us = 80;
  ck_assert(med_wide_row_put_all(&of, &columns[4], &element, 1, false, &arena));
  ck_assert_int_eq(of.cells[1].timestamp_us, 51);
  all.tombstone = false; /* what is no tombstone covers nothing */
  of.cells[0] = all;
  element.timestamp_us = 95;
  ck_assert(med_wide_row_put_all(&of, &columns[4], &element, 1, false, &arena));
  ck_assert_int_eq(of.cells[1].timestamp_us, 95);
}
END_TEST

START_TEST(of_two_markers_the_younger_or_the_one_that_ends_later_stays) {
  static const struct {
    med_wide_marker old, now;
    bool force, replaced;
  } cases[] = {{{true, 5, 0, 0}, {true, 6, 0, 0}, false, true},    {{true, 5, 0, 0}, {true, 4, 0, 0}, false, false},
               {{true, 5, 0, 0}, {true, 4, 0, 0}, true, true},     {{true, 5, 0, 0}, {true, 5, 9, 90}, false, true},
               {{true, 5, 9, 90}, {true, 5, 8, 80}, false, false}, {{true, 5, 9, 90}, {true, 5, 0, 0}, false, false},
               {{false, 0, 0, 0}, {true, -5, 0, 0}, false, true},  {{true, 5, 9, 90}, {true, 5, 10, 100}, false, true}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    med_wide_row of;
    med_wide_row_init(&of);
    of.marker = cases[i].old;
    med_wide_row_mark(&of, &cases[i].now, cases[i].force);
    const med_wide_marker *wanted = cases[i].replaced ? &cases[i].now : &cases[i].old;
    ck_assert(of.marker.timestamp_us == wanted->timestamp_us && of.marker.expiry_s == wanted->expiry_s);
  }
}
END_TEST

/* ---- Keys ---- */
static med_slice partition[] = {{"\0\0\0\1", 4}, {"\0\0\0\1\x0F", 5}},
                 clustering[] = {{"text", 4}, {"\0\0\0\0\0\0\0\5", 8}};

static void make_key(med_key *partition_key, med_key *key) {
  med_buffer parts = {0};
  bool hashed;
  ck_assert_int_eq(med_wide_partition_key(&table, partition, partition_key, &hashed, &error), MEDLEY_OK);
  ck_assert_int_eq(med_wide_clustering_parts(&table, clustering, 2, &parts, &error), MEDLEY_OK);
  med_wide_row_key(partition_key, med_slice_of(parts.bytes, parts.len), key);
  med_buffer_clear(&parts);
}

static int take_key(med_slice key) {
  med_wide_place place;
  med_slice values[2];
  int rc = med_wide_key_place(&table, key, &place, &error);
  if (rc == MEDLEY_OK && !place.hashed) rc = med_wide_key_values(columns, 2, place.parts, &arena, values, &error);
  if (rc == MEDLEY_OK && place.sub == MED_WIDE_SUB_ROW)
    rc = med_wide_key_values(columns + 2, 2, place.clustering, &arena, values, &error);
  med_arena_reset(&arena);
  return rc;
}

START_TEST(whatever_bytes_a_key_has_it_is_taken_apart_or_is_damage) {
  med_key of_partition, key;
  make_key(&of_partition, &key);
  ck_assert_int_eq(take_key(med_key_slice(&key)), MEDLEY_OK);
  for (size_t len = 0; len < key.len; len++) {
    uint8_t *exact = malloc(len + 1);
    memcpy(exact, key.bytes, len);
    is_corrupt(take_key(med_slice_of(exact, len)), "a key that is cut");
    free(exact);
  }
  for (size_t at = MED_WIDE_TAIL_OFFSET; at < key.len; at++) {
    for (unsigned change = 1; change < 256; change++) {
      key.bytes[at] ^= (uint8_t)change;
      int rc = take_key(med_key_slice(&key));
      if (rc != MEDLEY_OK) is_corrupt(rc, "a key with another byte");
      key.bytes[at] ^= (uint8_t)change;
    }
  }
  key.bytes[key.len++] = 0;
  is_corrupt(take_key(med_key_slice(&key)), "a key with a byte too many");
  key.bytes[MED_WIDE_TAIL_OFFSET + 8] = MED_WIDE_FORM_HASH + 1;
  is_corrupt(take_key(med_key_slice(&key)), "a form that is none");
  key.len = MED_WIDE_ROW_KEY_MAX + 1;
  is_corrupt(take_key(med_key_slice(&key)), "a key that is longer than any");
  key = of_partition;
  key.bytes[key.len++] = MED_WIDE_SUB_ROW + 1;
  is_corrupt(take_key(med_key_slice(&key)), "a key of nothing");
  key.bytes[key.len - 1] = MED_WIDE_SUB_PARTITION;
  ck_assert_int_eq(take_key(med_key_slice(&key)), MEDLEY_OK);
  key.bytes[key.len++] = 1;
  is_corrupt(take_key(med_key_slice(&key)), "a partition's record with a clustering key");
  key.bytes[MED_WIDE_TAIL_OFFSET + 8] = MED_WIDE_FORM_HASH;
  is_corrupt(take_key(med_slice_of(key.bytes, MED_WIDE_TAIL_OFFSET + 9 + 16)), "a hash without what follows");
}
END_TEST

START_TEST(values_that_no_key_can_hold_are_refused) {
  static uint8_t big[65536];
  med_slice values[2] = {partition[0], med_slice_of(big, sizeof big)};
  med_key key;
  bool hashed;
  med_buffer parts = {0};
  ck_assert_int_eq(med_wide_partition_key(&table, values, &key, &hashed, &error), MEDLEY_TOO_BIG);
  values[1] = BYTES("\x80\0\0\0\x0A"); /* its scale leaves 32 bits when a zero is taken off */
  ck_assert_int_eq(med_wide_partition_key(&table, values, &key, &hashed, &error), MEDLEY_RANGE);
  ck_assert_ptr_nonnull(strstr(error.message, "column q"));
  ck_assert_int_eq(med_wide_index_prefix(3, &columns[1].type, values[1], &key, &error), MEDLEY_RANGE);
  values[0] = med_slice_of(big, MED_WIDE_CLUSTERING_MAX);
  values[1] = clustering[1];
  memset(big, 'x', sizeof big);
  ck_assert_int_eq(med_wide_clustering_parts(&table, values, 2, &parts, &error), MEDLEY_TOO_BIG);
  ck_assert_uint_eq(parts.len, 0);
  med_buffer_clear(&parts);
}
END_TEST

START_TEST(a_partitions_packed_key_comes_back_or_is_damage) {
  med_buffer packed = {0};
  med_slice values[2];
  ck_assert(med_wide_partition_pack(&table, partition, &packed));
  med_slice all = med_slice_of(packed.bytes, packed.len);
  ck_assert_int_eq(med_wide_partition_unpack(&table, all, values, &error), MEDLEY_OK);
  ck_assert(med_slice_equal(values[0], partition[0]) && med_slice_equal(values[1], partition[1]));
  for (size_t len = 0; len < all.len; len++)
    is_corrupt(med_wide_partition_unpack(&table, med_slice_of(all.bytes, len), values, &error), "a key that is cut");
  ck_assert(med_buffer_append_byte(&packed, 0));
  all = med_slice_of(packed.bytes, packed.len);
  is_corrupt(med_wide_partition_unpack(&table, all, values, &error), "a key with a byte too many");
  packed.bytes[0] = 3; /* an int of three bytes */
  is_corrupt(med_wide_partition_unpack(&table, all, values, &error), "a key of other values");
  med_buffer_clear(&packed);
}
END_TEST

PROPERTY_MAIN_BETWEEN("wide_row", NULL, teardown, whatever_bytes_a_row_has_it_is_read_whole_or_is_damage,
                      a_row_with_one_thing_wrong_is_damage, a_cell_that_is_none_of_its_column_is_not_accepted,
                      a_user_types_value_has_each_field_once, of_two_writes_of_a_cell_the_same_one_wins_in_either_order,
                      a_tombstone_of_all_elements_covers_older_ones,
                      of_two_markers_the_younger_or_the_one_that_ends_later_stays,
                      whatever_bytes_a_key_has_it_is_taken_apart_or_is_damage, values_that_no_key_can_hold_are_refused,
                      a_partitions_packed_key_comes_back_or_is_damage)
