/* test_wide_schema.c - definitions as bytes: what was written is read, and a definition with one thing wrong is damage. */
#include <string.h>

#include "models/widecolumn/schema.h"
#include "tests/unit/property.h"

static med_arena arena;
static medley_error error;

static void teardown(void) { med_arena_clear(&arena); }

static int no_type(void *context, med_slice keyspace, med_slice name, med_wide_type *type) {
  (void)context, (void)keyspace, (void)name, (void)type;
  return MEDLEY_NOT_FOUND;
}

/* A table with one of everything, in room that a test may change. */
static const med_wide_type map_parts[] = {{.kind = MED_WIDE_TEXT}, {.kind = MED_WIDE_INT}};
static med_wide_column columns[MED_WIDE_COLUMNS_MAX + 1];
static med_wide_property properties[] = {{{"comment", 7}, {"'x'", 3}}, {{"segment_rows", 12}, {"16", 2}}};
static med_wide_index indexes[] = {{1, {"by_m", 4}, 5, MED_WIDE_INDEX_KEYS}, {2, {"by_v", 4}, 6, MED_WIDE_INDEX_VALUE}};
static med_wide_filter filters[] = {{4, MED_WIDE_GREATER, {"\0\0\0\1", 4}}};

static med_wide_table make_table(void) {
  static const med_wide_column made[] = {
      {.id = 1, .name = {"p", 1}, .type = {.kind = MED_WIDE_INT}, .role = MED_WIDE_PARTITION},
      {.id = 2, .name = {"c", 1}, .type = {.kind = MED_WIDE_TEXT}, .role = MED_WIDE_CLUSTERING, .descending = true},
      {.id = 3, .name = {"d", 1}, .type = {.kind = MED_WIDE_INT}, .role = MED_WIDE_CLUSTERING},
      {.id = 4, .name = {"s", 1}, .type = {.kind = MED_WIDE_INT}, .role = MED_WIDE_STATIC},
      {.id = 5,
       .name = {"m", 1},
       .type = {.kind = MED_WIDE_MAP, .part_count = 2, .parts = map_parts},
       .role = MED_WIDE_REGULAR,
       .base_id = 5},
      {.id = 6, .name = {"v", 1}, .type = {.kind = MED_WIDE_UUID}, .role = MED_WIDE_REGULAR}};
  memcpy(columns, made, sizeof made);
  return (med_wide_table){.id = 7,
                          .columns = columns,
                          .column_count = 6,
                          .partition_count = 1,
                          .clustering_count = 2,
                          .next_column_id = 9,
                          .gc_grace_s = 10,
                          .properties = properties,
                          .property_count = 2,
                          .indexes = indexes,
                          .index_count = 2,
                          .base_name = {"base", 4},
                          .filters = filters,
                          .filter_count = 1};
}

static int read_table(med_slice record, med_wide_table *table) {
  uint8_t *exact = med_arena_alloc(&arena, record.len + 1);
  memcpy(exact, record.bytes, record.len);
  *table = (med_wide_table){.name = {"t", 1}};
  return med_wide_table_read(med_slice_of(exact, record.len), no_type, NULL, &arena, table, &error);
}

static int write_and_read(const med_wide_table *table, med_wide_table *again) {
  med_buffer record = {0};
  ck_assert(med_wide_table_write(table, &record));
  int rc = read_table(med_slice_of(record.bytes, record.len), again);
  med_buffer_clear(&record);
  return rc;
}

static void is_corrupt(int rc, const char *what) {
  ck_assert_msg(rc == MEDLEY_CORRUPT && error.message[0] != '\0', "%s: %s", what, medley_status_name(rc));
  med_error_clear(&error);
}

START_TEST(a_definition_comes_back) {
  med_wide_table table = make_table(), again, third;
  ck_assert_int_eq(write_and_read(&table, &again), MEDLEY_OK);
  ck_assert_uint_eq(again.column_count, 6);
  ck_assert_uint_eq(again.partition_count, 1);
  ck_assert_uint_eq(again.clustering_count, 2);
  ck_assert_uint_eq(again.segment_rows, 16);
  ck_assert(again.columns[1].descending && !again.columns[2].descending);
  ck_assert(med_wide_type_equal(&again.columns[4].type, &columns[4].type));
  ck_assert_ptr_eq(med_wide_table_column_by_id(&again, 5), &again.columns[4]);
  ck_assert_ptr_null(med_wide_table_column_by_id(&again, 8));
  ck_assert_ptr_null(med_wide_table_column_by_id(&again, 900));
  ck_assert_ptr_eq(med_wide_table_column_by_id(&table, 5), &table.columns[4]); /* without places */
  ck_assert_ptr_null(med_wide_table_column_by_id(&table, 8));
  ck_assert_ptr_null(med_wide_table_column(&again, med_slice_of_text("no")));
  ck_assert_ptr_null(med_wide_table_index(&again, 5, MED_WIDE_INDEX_VALUES));
  ck_assert_ptr_eq(med_wide_table_index(&again, 5, MED_WIDE_INDEX_KEYS), &again.indexes[0]);
  ck_assert_int_eq(write_and_read(&again, &third), MEDLEY_OK);
}
END_TEST

/* The columns of the table, or what else it says, with one thing wrong. */
#define NO_TABLE(what_, ...)                           \
  do {                                                 \
    med_wide_table table = make_table(), again;        \
    __VA_ARGS__;                                       \
    is_corrupt(write_and_read(&table, &again), what_); \
    med_arena_reset(&arena);                           \
  } while (0)

/* So many columns of one role and type behind the first ones. */
static void add_columns(med_wide_table *table, size_t from, size_t count, med_wide_role role) {
  for (size_t i = 0; i < count; i++)
    columns[from + i] = (med_wide_column){
        .id = (uint16_t)(from + i + 1), .name = {"x", 1}, .type = {.kind = MED_WIDE_INT}, .role = role};
  table->column_count = from + count;
  table->next_column_id = (uint16_t)(table->column_count + 1);
  table->index_count = 0;
}

START_TEST(a_definition_with_one_thing_wrong_is_damage) {
  static med_wide_index first, second;
  first = indexes[0], second = indexes[1];
  NO_TABLE("no partition key", columns[0].role = MED_WIDE_CLUSTERING);
  NO_TABLE("a partition key behind a clustering key", columns[2].role = MED_WIDE_PARTITION);
  NO_TABLE("static columns out of order", columns[5].role = MED_WIDE_STATIC);
  NO_TABLE("columns out of order", columns[5].name = med_slice_of_text("a"));
  NO_TABLE("a key of durations", columns[1].type.kind = MED_WIDE_DURATION);
  NO_TABLE("a key of counters", columns[0].type.kind = MED_WIDE_COUNTER);
  NO_TABLE("a column without a number", columns[3].id = 0);
  NO_TABLE("a number that is yet to be given", columns[3].id = 9);
  NO_TABLE("a number twice", columns[3].id = columns[4].id);
  NO_TABLE("a time to live beyond the limit", table.default_ttl_s = MED_WIDE_TTL_MAX + 1);
  NO_TABLE("too many columns of a partition key", add_columns(&table, 1, MED_WIDE_KEY_COLUMNS_MAX, MED_WIDE_PARTITION));
  NO_TABLE("too many columns of a clustering key",
           add_columns(&table, 1, MED_WIDE_KEY_COLUMNS_MAX + 1, MED_WIDE_CLUSTERING));
  NO_TABLE("too many columns", add_columns(&table, 1, MED_WIDE_COLUMNS_MAX, MED_WIDE_REGULAR));
  NO_TABLE("an index of no column", indexes[0].column_id = 8);
  indexes[0] = first;
  NO_TABLE("an index of a whole map", indexes[0].target = MED_WIDE_INDEX_VALUE);
  indexes[0] = first;
  NO_TABLE("an index of the keys of a uuid", indexes[1].target = MED_WIDE_INDEX_KEYS);
  indexes[1] = second;
  NO_TABLE("an index of durations", columns[5].type.kind = MED_WIDE_DURATION);
  NO_TABLE("an index of the keys of a list",
           { columns[4].type = (med_wide_type){.kind = MED_WIDE_LIST, .part_count = 1, .parts = map_parts}; });
  NO_TABLE("an index of a key's elements", {
    columns[2].type = (med_wide_type){.kind = MED_WIDE_SET, .part_count = 1, .parts = map_parts};
    indexes[0].column_id = 3;
    indexes[0].target = MED_WIDE_INDEX_VALUES;
  });
  indexes[0] = first;
  NO_TABLE("an index of nothing", indexes[0].target = (med_wide_index_target)(MED_WIDE_INDEX_ENTRIES + 1));
  indexes[0] = first;
  NO_TABLE("a comparison that is none", filters[0].comparison = (med_wide_comparison)(MED_WIDE_NOT_EQUAL + 1));
  filters[0].comparison = MED_WIDE_GREATER;
  med_wide_table whole = make_table(), again;
  ck_assert_int_eq(write_and_read(&whole, &again), MEDLEY_OK);
}
END_TEST

START_TEST(rows_of_a_segment_are_what_the_property_says_within_limits) {
  static const struct {
    const char *text;
    uint32_t rows;
  } cases[] = {{"16", 16},       {"0", 0},           {"", 0},
               {"65536", 65536}, {"65537", 65536},   {"1/6", 16},
               {"'400'", 400},   {"9999999", 65536}, {"99999999999999999999", 65536},
               {"x:y", 0}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    med_wide_table table = make_table(), again;
    properties[1].value = med_slice_of_text(cases[i].text);
    ck_assert_int_eq(write_and_read(&table, &again), MEDLEY_OK);
    ck_assert_msg(again.segment_rows == cases[i].rows, "%s: %u", cases[i].text, again.segment_rows);
  }
  med_wide_table table = make_table(), again;
  table.property_count = 1;
  ck_assert_int_eq(write_and_read(&table, &again), MEDLEY_OK);
  ck_assert_uint_eq(again.segment_rows, MED_WIDE_SEGMENT_ROWS_DEFAULT);
}
END_TEST

/* A definition that is read is a definition: it is written and read again. What a type's text says is answered as the type's reader does. */
static void is_answered(med_slice record, const char *what) {
  med_wide_table table, again;
  int rc = read_table(record, &table);
  bool of_type = rc == MEDLEY_SYNTAX || rc == MEDLEY_TYPE || rc == MEDLEY_NOT_FOUND || rc == MEDLEY_UNSUPPORTED ||
                 rc == MEDLEY_TOO_BIG;
  if (rc == MEDLEY_OK)
    ck_assert_int_eq(write_and_read(&table, &again), MEDLEY_OK);
  else if (!of_type)
    is_corrupt(rc, what);
  ck_assert(rc == MEDLEY_OK || !of_type || error.message[0] != '\0');
  med_arena_reset(&arena);
}

START_TEST(whatever_bytes_a_definition_has_it_is_read_or_is_damage) {
  med_buffer record = {0};
  med_wide_table table = make_table();
  ck_assert(med_wide_table_write(&table, &record));
  for (size_t len = 0; len < record.len; len++) {
    med_wide_table again;
    is_corrupt(read_table(med_slice_of(record.bytes, len), &again), "a definition that is cut");
    med_arena_reset(&arena);
  }
  for (size_t at = 0; at < record.len; at++) {
    for (unsigned change = 1; change < 256; change++) {
      record.bytes[at] = (char)(record.bytes[at] ^ change);
      is_answered(med_slice_of(record.bytes, record.len), "a definition with another byte");
      record.bytes[at] = (char)(record.bytes[at] ^ change);
    }
  }
  med_buffer_clear(&record);
}
END_TEST

START_TEST(keyspaces_and_user_types_come_back_or_are_damage) {
  med_slice names[] = {{"x", 1}, {"y", 1}}, spellings[] = {{"int", 3}, {"text", 4}};
  med_wide_user_type type = {.fields = names, .types = spellings, .count = 2}, type_again;
  med_wide_keyspace keyspace = {.properties = properties, .property_count = 2}, keyspace_again;
  med_buffer of_type = {0}, of_keyspace = {0};
  ck_assert(med_wide_user_type_write(&type, &of_type) && med_wide_keyspace_write(&keyspace, &of_keyspace));
  ck_assert_int_eq(med_wide_user_type_read(med_slice_of(of_type.bytes, of_type.len), &arena, &type_again, &error), 0);
  ck_assert(type_again.count == 2 && med_slice_equal(type_again.types[1], spellings[1]));
  for (size_t len = 0; len < of_type.len; len++)
    is_corrupt(med_wide_user_type_read(med_slice_of(of_type.bytes, len), &arena, &type_again, &error), "a user type");
  for (size_t len = 0; len < of_keyspace.len; len++)
    is_corrupt(med_wide_keyspace_read(med_slice_of(of_keyspace.bytes, len), &arena, &keyspace_again, &error),
               "a keyspace");
  med_buffer_clear(&of_type);
  med_buffer_clear(&of_keyspace);
}
END_TEST

START_TEST(columns_are_put_into_their_order) {
  med_wide_column some[] = {{.name = {"z", 1}, .role = MED_WIDE_REGULAR},
                            {.name = {"b", 1}, .role = MED_WIDE_REGULAR},
                            {.name = {"b", 1}, .role = MED_WIDE_PARTITION},
                            {.name = {"s", 1}, .role = MED_WIDE_STATIC},
                            {.name = {"a", 1}, .role = MED_WIDE_PARTITION}};
  char order[6] = "";
  med_wide_columns_sort(some, 5);
  for (size_t i = 0; i < 5; i++) order[i] = *(const char *)some[i].name.bytes;
  ck_assert_str_eq(order, "basbz");
}
END_TEST

PROPERTY_MAIN_BETWEEN("wide_schema", NULL, teardown, a_definition_comes_back,
                      a_definition_with_one_thing_wrong_is_damage,
                      rows_of_a_segment_are_what_the_property_says_within_limits,
                      whatever_bytes_a_definition_has_it_is_read_or_is_damage,
                      keyspaces_and_user_types_come_back_or_are_damage, columns_are_put_into_their_order)
