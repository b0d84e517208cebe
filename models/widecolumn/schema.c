/* schema.c - definitions as bytes. */
#include "models/widecolumn/schema.h"

#include <stdlib.h>

#include "models/widecolumn/family.h"
#include "models/widecolumn/pack.h"
#include "models/widecolumn/property_text.h"
#include "models/widecolumn/time_window.h"

/* ---- Looking up ---- */
const med_wide_column *med_wide_table_column(const med_wide_table *table, med_slice name) {
  for (size_t i = 0; i < table->column_count; i++) {
    if (med_slice_equal(table->columns[i].name, name)) return &table->columns[i];
  }
  return NULL;
}

const med_wide_column *med_wide_table_column_by_id(const med_wide_table *table, uint16_t id) {
  if (table->placed != NULL && table->placed == table->columns) {
    uint16_t place = id < table->next_column_id ? table->places[id].index : 0;
    return place > 0 ? &table->columns[place - 1] : NULL;
  }
  for (size_t i = 0; i < table->column_count; i++) {
    if (table->columns[i].id == id) return &table->columns[i];
  }
  return NULL;
}

const med_wide_index *med_wide_table_index(const med_wide_table *table, uint16_t column_id,
                                           med_wide_index_target target) {
  for (size_t i = 0; i < table->index_count; i++) {
    if (table->indexes[i].column_id == column_id && table->indexes[i].target == target) return &table->indexes[i];
  }
  return NULL;
}

/* Key columns stay in the order they have among each other. */
static bool comes_after(const med_wide_column *a, const med_wide_column *b) {
  if (a->role != b->role) return a->role > b->role;
  return a->role >= MED_WIDE_STATIC && med_slice_compare(a->name, b->name) > 0;
}

void med_wide_columns_sort(med_wide_column *columns, size_t count) {
  for (size_t i = 1; i < count; i++) {
    med_wide_column moved = columns[i];
    size_t at = i;
    for (; at > 0 && comes_after(&columns[at - 1], &moved); at--) columns[at] = columns[at - 1];
    columns[at] = moved;
  }
}

/* ---- Writing ---- */
static bool write_properties(const med_wide_property *properties, size_t count, med_buffer *record) {
  bool ok = med_pack_number(record, count);
  for (size_t i = 0; ok && i < count; i++)
    ok = med_pack_bytes(record, properties[i].name) && med_pack_bytes(record, properties[i].value);
  return ok;
}

bool med_wide_keyspace_write(const med_wide_keyspace *keyspace, med_buffer *record) {
  return write_properties(keyspace->properties, keyspace->property_count, record);
}

bool med_wide_user_type_write(const med_wide_user_type *type, med_buffer *record) {
  bool ok = med_pack_number(record, type->count);
  for (size_t i = 0; ok && i < type->count; i++)
    ok = med_pack_bytes(record, type->fields[i]) && med_pack_bytes(record, type->types[i]);
  return ok;
}

static bool write_column(const med_wide_column *column, med_buffer *record) {
  med_buffer type = {0};
  bool ok = med_wide_type_write(&column->type, &type) && med_pack_number(record, column->id) &&
            med_pack_bytes(record, column->name) && med_pack_bytes(record, med_slice_of(type.bytes, type.len)) &&
            med_pack_number(record, (uint64_t)column->role << 1 | column->descending) &&
            med_pack_number(record, column->base_id);
  med_buffer_clear(&type);
  return ok;
}

bool med_wide_table_write(const med_wide_table *table, med_buffer *record) {
  bool ok = med_pack_number(record, table->id) && med_pack_number(record, table->flags) &&
            med_pack_number(record, table->default_ttl_s) && med_pack_number(record, table->gc_grace_s) &&
            med_pack_number(record, table->next_column_id) && med_pack_number(record, table->column_count);
  for (size_t i = 0; ok && i < table->column_count; i++) ok = write_column(&table->columns[i], record);
  ok = ok && write_properties(table->properties, table->property_count, record) &&
       med_pack_number(record, table->index_count);
  for (size_t i = 0; ok && i < table->index_count; i++) {
    const med_wide_index *index = &table->indexes[i];
    ok = med_pack_number(record, index->id) && med_pack_bytes(record, index->name) &&
         med_pack_number(record, index->column_id) && med_pack_number(record, (uint64_t)index->target);
  }
  ok = ok && med_pack_bytes(record, table->base_name) && med_pack_number(record, table->filter_count);
  for (size_t i = 0; ok && i < table->filter_count; i++) {
    const med_wide_filter *filter = &table->filters[i];
    ok = med_pack_number(record, filter->base_id) && med_pack_number(record, (uint64_t)filter->comparison) &&
         med_pack_bytes(record, filter->value);
  }
  return ok;
}

/* ---- Reading ---- one reader that remembers that it failed. */
typedef struct reader {
  med_slice left;
  med_arena *arena;
  medley_error *error;
  int rc;
} reader;

static void fail(reader *from, const char *what) {
  if (from->rc == MEDLEY_OK)
    from->rc = med_error_set(from->error, MEDLEY_CORRUPT, "wide-column: damaged definition: %s", what);
}

static uint64_t take_number(reader *from, uint64_t max) {
  uint64_t number = 0;
  if (from->rc != MEDLEY_OK) return 0;
  if (!med_unpack_number(&from->left, &number) || number > max) {
    fail(from, "a number");
    return 0;
  }
  return number;
}

static med_slice take_bytes(reader *from) {
  med_slice bytes = {0};
  if (from->rc == MEDLEY_OK && !med_unpack_bytes(&from->left, &bytes)) fail(from, "a text");
  return bytes;
}

/* Room for as many things as the record says, each of which takes a byte of it at least. */
static void *take_array(reader *from, size_t size, size_t *count) {
  *count = (size_t)take_number(from, from->left.len);
  void *array = from->rc == MEDLEY_OK ? med_arena_alloc(from->arena, size * (*count + 1)) : NULL;
  if (from->rc == MEDLEY_OK && array == NULL) from->rc = med_error_no_memory(from->error);
  if (array == NULL) *count = 0;
  return array;
}

static const med_wide_property *take_properties(reader *from, size_t *count) {
  med_wide_property *properties = take_array(from, sizeof *properties, count);
  for (size_t i = 0; i < *count; i++) {
    properties[i].name = take_bytes(from);
    properties[i].value = take_bytes(from);
  }
  return properties;
}

int med_wide_keyspace_read(med_slice record, med_arena *arena, med_wide_keyspace *keyspace, medley_error *error) {
  reader from = {record, arena, error, MEDLEY_OK};
  keyspace->properties = take_properties(&from, &keyspace->property_count);
  return from.rc;
}

int med_wide_user_type_read(med_slice record, med_arena *arena, med_wide_user_type *type, medley_error *error) {
  reader from = {record, arena, error, MEDLEY_OK};
  const med_wide_property *pairs = take_properties(&from, &type->count);
  med_slice *names = from.rc == MEDLEY_OK ? med_arena_alloc(arena, 2 * (type->count + 1) * sizeof *names) : NULL;
  if (from.rc == MEDLEY_OK && names == NULL) from.rc = med_error_no_memory(error);
  if (from.rc != MEDLEY_OK) return from.rc;
  for (size_t i = 0; i < type->count; i++) {
    names[i] = pairs[i].name;
    names[type->count + i] = pairs[i].value;
  }
  type->fields = names;
  type->types = names + type->count;
  return MEDLEY_OK;
}

/* Values that are right if their length is, or whatever it is. */
static uint8_t cell_size(const med_wide_type *type) {
  switch (type->kind) {
    case MED_WIDE_TEXT:
    case MED_WIDE_ASCII:
    case MED_WIDE_BLOB: return MED_WIDE_SIZE_ANY;
    case MED_WIDE_BOOLEAN:
    case MED_WIDE_TIME:
    case MED_WIDE_TIMEUUID: return MED_WIDE_SIZE_LOOK;
    default: return med_wide_kind_size(type->kind) > 0 ? (uint8_t)med_wide_kind_size(type->kind) : MED_WIDE_SIZE_LOOK;
  }
}

static void place_columns(reader *from, med_wide_table *table) {
  size_t size = ((size_t)table->next_column_id + 1) * sizeof *table->places;
  med_wide_column_place *places = from->rc == MEDLEY_OK ? med_arena_alloc(from->arena, size) : NULL;
  if (from->rc == MEDLEY_OK && places == NULL) from->rc = med_error_no_memory(from->error);
  if (places == NULL) return;
  memset(places, 0, size);
  for (size_t i = 0; i < table->column_count && i < MED_WIDE_COLUMNS_MAX; i++) {
    uint16_t id = table->columns[i].id;
    if (id == 0 || id >= table->next_column_id || places[id].index != 0)
      fail(from, "a column's number");
    else
      places[id] = (med_wide_column_place){(uint16_t)(i + 1), cell_size(&table->columns[i].type)};
  }
  table->places = places;
  table->placed = table->columns;
}

static void take_columns(reader *from, med_wide_type_finder finder, void *context, med_wide_table *table) {
  med_wide_column *columns = take_array(from, sizeof *columns, &table->column_count);
  for (size_t i = 0; from->rc == MEDLEY_OK && i < table->column_count; i++) {
    med_wide_column *column = &columns[i];
    *column = (med_wide_column){.id = (uint16_t)take_number(from, UINT16_MAX), .name = take_bytes(from)};
    med_slice type = take_bytes(from);
    uint64_t role = take_number(from, MED_WIDE_REGULAR << 1 | 1);
    column->role = (med_wide_role)(role >> 1);
    column->descending = role & 1;
    column->base_id = (uint16_t)take_number(from, UINT16_MAX);
    if (from->rc == MEDLEY_OK &&
        (from->rc = med_wide_type_parse(type, finder, context, from->arena, &column->type, from->error)) != MEDLEY_OK)
      return;
    if (i > 0 && comes_after(&columns[i - 1], column)) fail(from, "the order of columns");
    table->partition_count += column->role == MED_WIDE_PARTITION;
    table->clustering_count += column->role == MED_WIDE_CLUSTERING;
    if (column->role <= MED_WIDE_CLUSTERING && !med_wide_type_has_order(&column->type)) fail(from, "a key's type");
  }
  table->columns = columns;
  place_columns(from, table);
  if (table->partition_count == 0 || table->partition_count > MED_WIDE_KEY_COLUMNS_MAX ||
      table->clustering_count > MED_WIDE_KEY_COLUMNS_MAX || table->column_count > MED_WIDE_COLUMNS_MAX)
    fail(from, "the number of columns");
}

/* Whether a column can have an index of that target: what derived.c takes for granted. */
static bool can_be_indexed(const med_wide_column *column, med_wide_index_target target) {
  const med_wide_type *type = &column->type;
  if (!med_wide_type_has_order(type)) return false;
  if (target == MED_WIDE_INDEX_VALUE) return !med_wide_type_is_complex(type);
  return med_wide_type_is_complex(type) && column->role >= MED_WIDE_STATIC &&
         (target == MED_WIDE_INDEX_VALUES ? med_wide_kind_is_collection(type->kind) : type->kind == MED_WIDE_MAP);
}

static void take_indexes(reader *from, med_wide_table *table) {
  med_wide_index *indexes = take_array(from, sizeof *indexes, &table->index_count);
  for (size_t i = 0; from->rc == MEDLEY_OK && i < table->index_count; i++) {
    indexes[i] = (med_wide_index){.id = (uint32_t)take_number(from, UINT32_MAX), .name = take_bytes(from)};
    indexes[i].column_id = (uint16_t)take_number(from, UINT16_MAX);
    indexes[i].target = (med_wide_index_target)take_number(from, MED_WIDE_INDEX_ENTRIES);
    const med_wide_column *column = med_wide_table_column_by_id(table, indexes[i].column_id);
    if (column == NULL || !can_be_indexed(column, indexes[i].target)) fail(from, "an index without a column");
  }
  table->indexes = indexes;
}

static void take_view(reader *from, med_wide_table *table) {
  table->base_name = take_bytes(from);
  med_wide_filter *filters = take_array(from, sizeof *filters, &table->filter_count);
  for (size_t i = 0; i < table->filter_count; i++) {
    filters[i].base_id = (uint16_t)take_number(from, UINT16_MAX);
    filters[i].comparison = (med_wide_comparison)take_number(from, MED_WIDE_NOT_EQUAL);
    filters[i].value = take_bytes(from);
  }
  table->filters = filters;
}

/* What the property says; what is no number is not believed. */
static uint32_t segment_rows_of(const med_wide_table *table) {
  uint64_t rows = MED_WIDE_SEGMENT_ROWS_DEFAULT;
  for (size_t i = 0; i < table->property_count; i++) {
    med_slice text = table->properties[i].value;
    const char *digits = text.bytes;
    if (!med_slice_equal(table->properties[i].name, med_slice_of_text(MED_WIDE_SEGMENT_ROWS_PROPERTY))) continue;
    rows = 0;
    for (size_t j = 0; j < text.len && rows <= MED_WIDE_SEGMENT_ROWS_LIMIT; j++) {
      if (digits[j] >= '0' && digits[j] <= '9') rows = rows * 10 + (uint64_t)(digits[j] - '0');
    }
  }
  return rows <= MED_WIDE_SEGMENT_ROWS_LIMIT ? (uint32_t)rows : MED_WIDE_SEGMENT_ROWS_LIMIT;
}

/* Windows that are not understood would hide rows; what they may not be together with was refused when they were defined. */
static void take_windows(reader *from, med_wide_table *table) {
  if (from->rc != MEDLEY_OK) return;
  int rc = med_wide_time_window_read(table, from->arena, NULL);
  if (rc == MEDLEY_NO_MEMORY)
    from->rc = med_error_no_memory(from->error);
  else if (rc != MEDLEY_OK)
    fail(from, "its windows of time");
}

int med_wide_table_read(med_slice record, med_wide_type_finder finder, void *context, med_arena *arena,
                        med_wide_table *table, medley_error *error) {
  reader from = {record, arena, error, MEDLEY_OK};
  *table = (med_wide_table){.keyspace = table->keyspace, .name = table->name};
  table->id = (uint32_t)take_number(&from, UINT32_MAX);
  table->flags = (uint32_t)take_number(&from, UINT32_MAX);
  table->default_ttl_s = (uint32_t)take_number(&from, MED_WIDE_TTL_MAX);
  table->gc_grace_s = (uint32_t)take_number(&from, UINT32_MAX);
  table->next_column_id = (uint16_t)take_number(&from, UINT16_MAX);
  take_columns(&from, finder, context, table);
  table->properties = take_properties(&from, &table->property_count);
  take_indexes(&from, table);
  take_view(&from, table);
  table->segment_rows = segment_rows_of(table);
  /* Properties that were not checked when they were put say nothing. */
  if (from.rc == MEDLEY_OK && med_wide_family_read(table, arena, NULL) == MEDLEY_NO_MEMORY)
    from.rc = med_error_no_memory(error);
  take_windows(&from, table);
  med_slice append_only = med_wide_property_find(table, MED_WIDE_APPEND_ONLY_PROPERTY);
  table->append_only = med_slice_equal(append_only, med_slice_of_text("true"));
  return from.rc;
}
