/* test_wide_memory.c - values, keys, rows and definitions while memory ends: each request of each of them fails once, is answered by that, and what
 * was given stays as it was. */
#include <string.h>

#include "models/widecolumn/row.h"
#include "models/widecolumn/row_key.h"
#include "models/widecolumn/value_key.h"
#include "models/widecolumn/value_text.h"
#include "tests/unit/failing_kit.h"
#include "tests/unit/property.h"

#define BYTES(literal) med_slice_of(literal, sizeof(literal) - 1)
#define FAILS_EVERYWHERE(call_) ck_assert_uint_gt(failing_each(FAILING_MEMORY, call_, #call_, NULL), 0)
#define FAILS_EVERYWHERE_AND_SAYS_SO(call_) ck_assert_uint_gt(failing_each(FAILING_MEMORY, call_, #call_, &error), 0)

static medley_error error;
static med_arena types; /* of the test, beside what fails */

static int status_of(bool ok) { return ok ? MEDLEY_OK : MEDLEY_NO_MEMORY; }

/* A user type of its own. */
static int find_type(void *context, med_slice keyspace, med_slice name, med_wide_type *type) {
  static const med_wide_type parts[] = {{.kind = MED_WIDE_TEXT}, {.kind = MED_WIDE_INT}};
  static const med_slice fields[] = {{"a", 1}, {"b c", 3}};
  (void)context, (void)keyspace, (void)name;
  if (failing_now(FAILING_MEMORY)) return MEDLEY_NO_MEMORY;
  *type = (med_wide_type){.kind = MED_WIDE_UDT,
                          .part_count = 2,
                          .parts = parts,
                          .fields = fields,
                          .keyspace = med_slice_of_text("ks"),
                          .name = med_slice_of_text("Pair")};
  return MEDLEY_OK;
}

static med_wide_type type_of(const char *text) {
  med_wide_type type;
  ck_assert_int_eq(med_wide_type_parse(med_slice_of_text(text), find_type, NULL, &types, &type, NULL), MEDLEY_OK);
  return type;
}

/* ---- Values ---- */
#define VALUE(literal) \
  { literal, sizeof(literal) - 1 }
static const struct {
  const char *type;
  med_slice value;
  const char *literal; /* NULL: it is not read */
} samples[] = {
    {"text", VALUE("it's\0so"), "it is so"},
    {"blob", VALUE("\0\xAB"), "0x00ab"},
    {"boolean", VALUE("\1"), "true"},
    {"int", VALUE("\0\0\0\7"), "7"},
    {"varint", VALUE("\x80\0"), "-32768"},
    {"varint", VALUE("\0"), "0"},
    {"decimal", VALUE("\0\0\0\2\xFF\x0C"), "-2.44"},
    {"decimal", VALUE("\0\0\0\3\1"), "0.001"},
    {"decimal", VALUE("\0\0\0\0\7"), "7"},
    {"decimal", VALUE("\xFF\xFF\xFF\xFE\x7B"), "1.23E+4"},
    {"decimal", VALUE("\0\0\0\0\0"), "0"},
    {"double", VALUE("\x3F\xB9\x99\x99\x99\x99\x99\x9A"), "0.1"},
    {"float", VALUE("\x40\0\0\0"), "2"},
    {"uuid", VALUE("\0\0\0\0\0\0\x40\0\x80\0\0\0\0\0\0\xFF"), "00000000-0000-4000-8000-0000000000ff"},
    {"inet", VALUE("\x7F\0\0\1"), "127.0.0.1"},
    {"date", VALUE("\x80\0\0\x3B"), "1970-03-01"},
    {"time", VALUE("\0\0\x4E\x94\x91\x4E\xFF\xFF"), "23:59:59.999999999"},
    {"timestamp", VALUE("\0\0\1\x8D\xF4\xBC\x56\0"), "2024-02-29 12:00:00+0000"},
    {"frozen<list<text>>", VALUE("\0\0\0\2\0\0\0\1a\0\0\0\0"), NULL},
    {"frozen<map<text, int>>", VALUE("\0\0\0\1\0\0\0\1a\0\0\0\4\0\0\0\7"), NULL},
    {"tuple<int, frozen<set<int>>>", VALUE("\0\0\0\4\0\0\0\7\0\0\0\x0C\0\0\0\1\0\0\0\4\0\0\0\1"), NULL},
    {"frozen<\"Pair\">", VALUE("\0\0\0\1x\xFF\xFF\xFF\xFF"), NULL},
    {"duration", VALUE("\3\5\0"), "-2mo3d"},
    {"duration", VALUE("\0\0\0"), "0s"},
};
#define SAMPLE_COUNT (sizeof samples / sizeof samples[0])
static size_t sample;
static med_wide_type sample_type;

static int write_text(void) {
  med_buffer text = {0};
  bool ok = med_wide_text_write(&sample_type, samples[sample].value, &text);
  med_buffer_clear(&text);
  return status_of(ok);
}

static int read_text(void) {
  med_buffer value = {0};
  int rc = med_wide_text_read(sample_type.kind, med_slice_of_text(samples[sample].literal), &value, &error);
  ck_assert(rc == MEDLEY_OK || value.len == 0);
  med_buffer_clear(&value);
  return rc;
}

START_TEST(literals_are_written_and_read_or_memory_ends) {
  for (sample = 0; sample < SAMPLE_COUNT; sample++) {
    sample_type = type_of(samples[sample].type);
    FAILS_EVERYWHERE(write_text);
    if (samples[sample].literal != NULL) FAILS_EVERYWHERE_AND_SAYS_SO(read_text);
  }
}
END_TEST

static int add_and_take(void) {
  med_buffer key = {0}, value = {0};
  int rc = med_wide_key_add(&sample_type, samples[sample].value, true, &key);
  ck_assert(rc == MEDLEY_OK || key.len == 0);
  med_slice left = med_slice_of(key.bytes, key.len);
  if (rc == MEDLEY_OK) rc = med_wide_key_take(&sample_type, true, &left, &value);
  ck_assert(rc == MEDLEY_OK ? left.len == 0 : value.len == 0);
  med_buffer_clear(&key);
  med_buffer_clear(&value);
  return rc;
}

START_TEST(keys_are_made_and_taken_apart_or_memory_ends) {
  for (sample = 0; sample < SAMPLE_COUNT; sample++) {
    sample_type = type_of(samples[sample].type);
    if (med_wide_type_has_order(&sample_type)) FAILS_EVERYWHERE(add_and_take);
  }
}
END_TEST

/* ---- Types and definitions ---- */
#define LONG_TYPE "map<text, frozen<tuple<int, frozen<list<frozen<\"Pair\">>>, text, text, text>>>"

static int parse_and_write(void) {
  med_arena arena = {0};
  med_buffer text = {0};
  med_wide_type type;
  int rc = med_wide_type_parse(med_slice_of_text(LONG_TYPE), find_type, NULL, &arena, &type, &error);
  if (rc == MEDLEY_OK && !med_wide_type_write(&type, &text)) rc = med_error_no_memory(&error);
  med_buffer_clear(&text);
  med_arena_clear(&arena);
  return rc;
}

START_TEST(types_are_read_and_written_or_memory_ends) { FAILS_EVERYWHERE_AND_SAYS_SO(parse_and_write); }
END_TEST

static med_wide_column columns[] = {
    {.id = 1, .name = {"p", 1}, .type = {.kind = MED_WIDE_INT}, .role = MED_WIDE_PARTITION},
    {.id = 2, .name = {"q", 1}, .type = {.kind = MED_WIDE_DECIMAL}, .role = MED_WIDE_PARTITION},
    {.id = 3, .name = {"c", 1}, .type = {.kind = MED_WIDE_TEXT}, .role = MED_WIDE_CLUSTERING, .descending = true},
    {.id = 4, .name = {"d", 1}, .type = {.kind = MED_WIDE_BIGINT}, .role = MED_WIDE_CLUSTERING},
    {.id = 5, .name = {"m", 1}, .role = MED_WIDE_REGULAR, .base_id = 5},
    {.id = 6, .name = {"u", 1}, .role = MED_WIDE_REGULAR},
    {.id = 7, .name = {"v", 1}, .role = MED_WIDE_REGULAR},
    {.id = 8, .name = {"w", 1}, .type = {.kind = MED_WIDE_TEXT}, .role = MED_WIDE_REGULAR}};
static const med_wide_property properties[] = {{{"comment", 7}, {"'x'", 3}}, {{"segment_rows", 12}, {"16", 2}}};
static const med_wide_index indexes[] = {{1, {"by_m", 4}, 5, MED_WIDE_INDEX_KEYS},
                                         {2, {"by_w", 4}, 8, MED_WIDE_INDEX_VALUE}};
static const med_wide_filter filters[] = {{4, MED_WIDE_GREATER, {"\0\0\0\0\0\0\0\1", 8}}};
static med_wide_table table = {.id = 7,
                               .columns = columns,
                               .column_count = 8,
                               .partition_count = 2,
                               .clustering_count = 2,
                               .next_column_id = 9,
                               .properties = properties,
                               .property_count = 2,
                               .indexes = indexes,
                               .index_count = 2,
                               .base_name = {"base", 4},
                               .filters = filters,
                               .filter_count = 1};

static void setup(void) {
  columns[4].type = type_of("map<text, int>");
  columns[5].type = type_of("ks.\"Pair\"");
  columns[6].type = type_of("list<int>");
}

static void teardown(void) { med_arena_clear(&types); }

static int write_and_read_table(void) {
  med_buffer record = {0};
  med_arena arena = {0};
  med_wide_table again = {.name = {"t", 1}};
  int rc = med_wide_table_write(&table, &record) ? MEDLEY_OK : med_error_no_memory(&error);
  if (rc == MEDLEY_OK)
    rc = med_wide_table_read(med_slice_of(record.bytes, record.len), find_type, NULL, &arena, &again, &error);
  if (rc == MEDLEY_OK) ck_assert_uint_eq(again.segment_rows, 16);
  med_buffer_clear(&record);
  med_arena_clear(&arena);
  return rc;
}

static int write_and_read_others(void) {
  med_slice fields[] = {{"x", 1}, {"y", 1}}, spellings[] = {{"int", 3}, {"text", 4}};
  med_wide_user_type type = {.fields = fields, .types = spellings, .count = 2}, type_again;
  med_wide_keyspace keyspace = {.properties = properties, .property_count = 2}, keyspace_again;
  med_buffer of_type = {0}, of_keyspace = {0};
  med_arena arena = {0};
  bool ok = med_wide_user_type_write(&type, &of_type) && med_wide_keyspace_write(&keyspace, &of_keyspace);
  int rc = ok ? MEDLEY_OK : med_error_no_memory(&error);
  if (rc == MEDLEY_OK)
    rc = med_wide_user_type_read(med_slice_of(of_type.bytes, of_type.len), &arena, &type_again, &error);
  if (rc == MEDLEY_OK)
    rc = med_wide_keyspace_read(med_slice_of(of_keyspace.bytes, of_keyspace.len), &arena, &keyspace_again, &error);
  med_buffer_clear(&of_type);
  med_buffer_clear(&of_keyspace);
  med_arena_clear(&arena);
  return rc;
}

START_TEST(definitions_are_written_and_read_or_memory_ends) {
  FAILS_EVERYWHERE_AND_SAYS_SO(write_and_read_table);
  FAILS_EVERYWHERE_AND_SAYS_SO(write_and_read_others);
}
END_TEST

/* ---- Keys of rows ---- */
static med_slice partition[2], clustering[2];

static int make_keys(void) {
  med_arena arena = {0};
  med_buffer parts = {0}, whole = {0};
  med_key at, key, entry;
  bool hashed, in_key;
  med_wide_place place;
  med_slice values[2];
  int rc;
  MED_TRY(med_wide_partition_key(&table, partition, &at, &hashed, &error));
  if (!med_wide_partition_pack(&table, partition, &whole)) MED_TRY(med_error_no_memory(&error));
  MED_TRY(med_wide_partition_unpack(&table, med_slice_of(whole.bytes, whole.len), values, &error));
  MED_TRY(med_wide_clustering_parts(&table, clustering, 2, &parts, &error));
  med_wide_row_key(&at, med_slice_of(parts.bytes, parts.len), &key);
  MED_TRY(med_wide_key_place(&table, med_key_slice(&key), &place, &error));
  if (!place.hashed) MED_TRY(med_wide_key_values(columns, 2, place.parts, &arena, values, &error));
  MED_TRY(med_wide_key_values(columns + 2, 2, place.clustering, &arena, values, &error));
  ck_assert(med_slice_equal(values[0], clustering[0]) && med_slice_equal(values[1], clustering[1]));
  MED_TRY(med_wide_index_key(3, &columns[7].type, clustering[0], med_slice_of("tail", 4), &entry, &in_key, &error));
done:
  med_buffer_clear(&parts);
  med_buffer_clear(&whole);
  med_arena_clear(&arena);
  return rc;
}

/* Once in parts, once as a hash, because a decimal's zeros are lost in a key. */
START_TEST(keys_of_rows_are_made_and_taken_apart_or_memory_ends) {
  clustering[0] = BYTES("some\0text");
  clustering[1] = BYTES("\0\0\0\0\0\0\0\5");
  partition[0] = BYTES("\0\0\0\1");
  partition[1] = BYTES("\0\0\0\1\x0F");
  FAILS_EVERYWHERE_AND_SAYS_SO(make_keys);
  partition[1] = BYTES("\0\0\0\2\x64");
  FAILS_EVERYWHERE_AND_SAYS_SO(make_keys);
}
END_TEST

/* ---- Rows ---- */
/* Everything that a row can have. */
static med_wide_cell cells[] = {
    {.column_id = 5, .tombstone = true, .timestamp_us = 1},
    {.column_id = 5, .has_path = true, .path = {"a", 1}, .value = {"\0\0\0\1", 4}, .timestamp_us = 9},
    {.column_id = 5, .has_path = true, .path = {"b", 1}, .tombstone = true, .timestamp_us = 9, .expiry_s = 500},
    {.column_id = 6, .has_path = true, .path = {"\0\0", 2}, .value = {"x", 1}, .timestamp_us = 9},
    {.column_id = 7, .has_path = true, .path = {"0123456789012345", 16}, .value = {"\0\0\0\1", 4}, .timestamp_us = 9},
    {.column_id = 8, .value = {"w", 1}, .timestamp_us = 9, .ttl_s = 10, .expiry_s = 100}};
static med_wide_row row = {.marker = {true, 5, 10, 100}, .deleted_us = 3, .cells = cells, .count = 6, .capacity = 6};

static int write_and_read_row(void) {
  med_buffer bytes = {0};
  med_arena arena = {0};
  med_wide_row again;
  int rc = med_wide_row_encode(&row, &bytes) ? MEDLEY_OK : med_error_no_memory(&error);
  if (rc == MEDLEY_OK) rc = med_wide_row_decode(med_slice_of(bytes.bytes, bytes.len), &arena, &again, &error);
  if (rc == MEDLEY_OK) rc = med_wide_row_accept(&again, &table, &error);
  if (rc == MEDLEY_OK) ck_assert_uint_eq(again.count, row.count);
  med_buffer_clear(&bytes);
  med_arena_clear(&arena);
  return rc;
}

/* What failed is not in the row; what was there is. */
static int change_row(void) {
  med_arena arena = {0};
  med_wide_row changed;
  med_wide_row_init(&changed);
  bool ok = true;
  size_t put = 0;
  for (; ok && put < 2; put++) ok = med_wide_row_put(&changed, &columns[4], &cells[1 + put], false, &arena);
  if (!ok) put--;
  ck_assert_uint_eq(changed.count, put);
  if (ok) {
    ok = med_wide_row_put_all(&changed, &columns[6], &cells[4], 1, false, &arena) &&
         med_wide_row_put_all(&changed, &columns[6], &cells[4], 1, true, &arena);
    ck_assert(changed.count == 3 || (!ok && changed.count == 2));
  }
  med_arena_clear(&arena);
  return status_of(ok);
}

static int take_values(void) {
  med_arena arena = {0};
  bool ok = true;
  for (size_t i = 4; ok && i < 8; i++) {
    med_slice value = med_wide_row_value(&row, &columns[i], 50, &arena, &ok);
    ck_assert(ok == (value.bytes != NULL));
  }
  med_arena_clear(&arena);
  return status_of(ok);
}

START_TEST(rows_are_written_read_and_changed_or_memory_ends) {
  FAILS_EVERYWHERE_AND_SAYS_SO(write_and_read_row);
  FAILS_EVERYWHERE(change_row);
  FAILS_EVERYWHERE(take_values);
}
END_TEST

PROPERTY_MAIN_BETWEEN("wide_memory", setup, teardown, literals_are_written_and_read_or_memory_ends,
                      keys_are_made_and_taken_apart_or_memory_ends, types_are_read_and_written_or_memory_ends,
                      definitions_are_written_and_read_or_memory_ends,
                      keys_of_rows_are_made_and_taken_apart_or_memory_ends,
                      rows_are_written_read_and_changed_or_memory_ends)
