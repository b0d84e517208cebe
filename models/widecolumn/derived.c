/* derived.c - index entries and view rows, made from rows. */
#include "models/widecolumn/derived.h"

#include <stdlib.h>

/* Whether the row holds anything but tombstones. */
static bool holds_anything(const med_wide_row *row) {
  if (row->marker.present) return true;
  for (size_t i = 0; i < row->count; i++) {
    if (!row->cells[i].tombstone) return true;
  }
  return false;
}

/* The value of a key column in a row's key; null bytes if the row has none (statics). */
static med_slice key_value(const med_wide_place_of_row *place, const med_wide_column *column) {
  size_t at = (size_t)(column - place->table->columns);
  if (column->role == MED_WIDE_PARTITION) return place->partition[at];
  return place->clustering == NULL ? med_slice_of(NULL, 0) : place->clustering[at - place->table->partition_count];
}

/* ---- Indexes ---- */
bool med_wide_index_type(const med_wide_table *table, const med_wide_index *index, med_arena *arena,
                         med_wide_type *type) {
  const med_wide_type *column = &med_wide_table_column_by_id(table, index->column_id)->type;
  *type = *column;
  if (index->target == MED_WIDE_INDEX_VALUES) *type = column->parts[column->kind == MED_WIDE_MAP];
  if (index->target == MED_WIDE_INDEX_KEYS) *type = column->parts[0];
  if (index->target != MED_WIDE_INDEX_ENTRIES) return true;
  med_wide_type *parts = med_arena_alloc(arena, 2 * sizeof *parts);
  if (parts == NULL) return false;
  memcpy(parts, column->parts, 2 * sizeof *parts);
  *type = (med_wide_type){.kind = MED_WIDE_TUPLE, .frozen = true, .part_count = 2, .parts = parts};
  return true;
}

/* A map's pair as a tuple. */
static med_slice pair_of(med_slice key, med_slice value, med_arena *arena, bool *ok) {
  med_buffer pair = {0};
  med_slice copy = {0};
  if (med_wide_put_part(&pair, key) && med_wide_put_part(&pair, value))
    copy = med_wide_copy(arena, med_slice_of(pair.bytes, pair.len), ok);
  else
    *ok = false;
  med_buffer_clear(&pair);
  return copy;
}

static int compare_values(const void *a, const void *b, void *type) {
  return med_wide_value_compare(type, *(const med_slice *)a, *(const med_slice *)b);
}

/* Paths of cells are in order and differ; values of a list or map need not. */
static void settle_values(med_wide_index_values *values) {
  bool settled = true;
  for (size_t i = 1; settled && i < values->count; i++)
    settled = compare_values(&values->values[i - 1], &values->values[i], &values->type) < 0;
  if (settled) return;
  qsort_r(values->values, values->count, sizeof *values->values, compare_values, &values->type);
  size_t kept = 1;
  for (size_t i = 1; i < values->count; i++) {
    if (compare_values(&values->values[kept - 1], &values->values[i], &values->type) != 0)
      values->values[kept++] = values->values[i];
  }
  values->count = kept;
}

int med_wide_index_values_of(const med_wide_place_of_row *place, const med_wide_index *index, const med_wide_row *row,
                             med_arena *arena, med_wide_index_values *values, medley_error *error) {
  const med_wide_column *column = med_wide_table_column_by_id(place->table, index->column_id);
  const med_wide_cell *cells;
  size_t count = med_wide_row_cells(row, column->id, &cells);
  bool ok = true;
  values->count = 0;
  values->values = med_arena_alloc(arena, (count + 1) * sizeof *values->values);
  if (values->values == NULL || !med_wide_index_type(place->table, index, arena, &values->type))
    return med_error_no_memory(error);
  if (column->role <= MED_WIDE_CLUSTERING) {
    med_slice value = key_value(place, column);
    if (holds_anything(row) && !med_wide_is_null(value)) values->values[values->count++] = value;
    return MEDLEY_OK;
  }
  for (size_t i = 0; ok && i < count; i++) {
    const med_wide_cell *cell = &cells[i];
    bool is_path = index->target == MED_WIDE_INDEX_KEYS ||
                   (column->type.kind == MED_WIDE_SET && index->target != MED_WIDE_INDEX_VALUE);
    if (cell->tombstone) continue;
    values->values[values->count++] = index->target == MED_WIDE_INDEX_ENTRIES
                                          ? pair_of(cell->path, cell->value, arena, &ok)
                                      : is_path ? cell->path
                                                : cell->value;
  }
  if (ok) settle_values(values);
  return ok ? MEDLEY_OK : med_error_no_memory(error);
}

static int entry_change(med_txn *txn, const med_wide_place_of_row *place, const med_wide_index *index,
                        const med_wide_type *type, med_slice value, bool put) {
  med_key key;
  bool whole;
  int rc = med_wide_index_key(index->id, type, value, place->tail, &key, &whole, med_txn_error(txn));
  if (rc != MEDLEY_OK) return rc;
  if (put) return med_txn_put(txn, MED_TREE_WIDE, med_key_slice(&key), whole ? med_slice_of("", 0) : place->tail);
  rc = med_txn_delete(txn, MED_TREE_WIDE, med_key_slice(&key));
  if (rc != MEDLEY_NOT_FOUND) return rc;
  return med_error_set(med_txn_error(txn), MEDLEY_CORRUPT, "wide-column: an entry of index %.*s is missing",
                       (int)index->name.len, (const char *)index->name.bytes);
}

/* Both are in order: one pass finds what only one of them has. */
static int index_update(med_txn *txn, const med_wide_place_of_row *place, const med_wide_index *index,
                        const med_wide_row *old, const med_wide_row *row, med_arena *arena) {
  med_wide_index_values before, after;
  medley_error *error = med_txn_error(txn);
  int rc = med_wide_index_values_of(place, index, old, arena, &before, error);
  if (rc == MEDLEY_OK) rc = med_wide_index_values_of(place, index, row, arena, &after, error);
  for (size_t i = 0, j = 0; rc == MEDLEY_OK && (i < before.count || j < after.count);) {
    int order = i == before.count  ? 1
                : j == after.count ? -1
                                   : compare_values(&before.values[i], &after.values[j], &before.type);
    if (order < 0) rc = entry_change(txn, place, index, &before.type, before.values[i], false);
    if (order > 0) rc = entry_change(txn, place, index, &after.type, after.values[j], true);
    i += order <= 0;
    j += order >= 0;
  }
  return rc;
}

static bool index_concerns(const med_wide_place_of_row *place, const med_wide_index *index) {
  med_wide_role role = med_wide_table_column_by_id(place->table, index->column_id)->role;
  return role == MED_WIDE_PARTITION || (role == MED_WIDE_STATIC) == (place->clustering == NULL);
}

int med_wide_indexes_update(med_txn *txn, const med_wide_place_of_row *place, const med_wide_row *old,
                            const med_wide_row *row, med_arena *arena) {
  int rc = MEDLEY_OK;
  for (size_t i = 0; rc == MEDLEY_OK && i < place->table->index_count; i++) {
    const med_wide_index *index = &place->table->indexes[i];
    if (index_concerns(place, index)) rc = index_update(txn, place, index, old, row, arena);
  }
  return rc;
}

int med_wide_index_add(med_txn *txn, const med_wide_place_of_row *place, const med_wide_index *index,
                       const med_wide_row *row, med_arena *arena) {
  med_wide_row none;
  med_wide_row_init(&none);
  return index_concerns(place, index) ? index_update(txn, place, index, &none, row, arena) : MEDLEY_OK;
}

/* ---- Views ---- */
/* The earlier of two expiries; 0 is none. */
static uint32_t earlier(uint32_t a, uint32_t b) { return a == 0 || (b != 0 && b < a) ? b : a; }

/* The value of a base column for a key or filter, and how long it lasts. */
static med_slice base_value(const med_wide_place_of_row *place, const med_wide_column *column, const med_wide_row *row,
                            uint32_t *expiry_s) {
  if (column->role <= MED_WIDE_CLUSTERING) return key_value(place, column);
  const med_wide_cell *cells;
  size_t count = med_wide_row_cells(row, column->id, &cells);
  if (count == 0 || cells[0].tombstone) return med_slice_of(NULL, 0);
  *expiry_s = earlier(*expiry_s, cells[0].expiry_s);
  return cells[0].value;
}

static bool compares(const med_wide_filter *filter, int order) {
  switch (filter->comparison) {
    case MED_WIDE_EQUAL: return order == 0;
    case MED_WIDE_LESS: return order < 0;
    case MED_WIDE_LESS_OR_EQUAL: return order <= 0;
    case MED_WIDE_GREATER: return order > 0;
    case MED_WIDE_GREATER_OR_EQUAL: return order >= 0;
    default: return order != 0;
  }
}

static bool passes_filters(const med_wide_place_of_row *place, const med_wide_table *view, const med_wide_row *row,
                           uint32_t *expiry_s) {
  for (size_t i = 0; i < view->filter_count; i++) {
    const med_wide_filter *filter = &view->filters[i];
    const med_wide_column *column = med_wide_table_column_by_id(place->table, filter->base_id);
    med_slice value = column == NULL ? med_slice_of(NULL, 0) : base_value(place, column, row, expiry_s);
    if (med_wide_is_null(value) || !compares(filter, med_wide_value_compare(&column->type, value, filter->value)))
      return false;
  }
  return true;
}

/* How long the base row lasts, when nothing else decides: 0 if any part of it has no end. */
static void span_of(const med_wide_row *row, uint32_t *expiry_s, int64_t *timestamp_us) {
  bool endless = row->marker.present && row->marker.expiry_s == 0;
  uint32_t last = row->marker.present ? row->marker.expiry_s : 0;
  *timestamp_us = row->marker.present ? row->marker.timestamp_us : MED_WIDE_NO_TIMESTAMP;
  for (size_t i = 0; i < row->count; i++) {
    const med_wide_cell *cell = &row->cells[i];
    if (cell->tombstone) continue;
    endless = endless || cell->expiry_s == 0;
    if (cell->expiry_s > last) last = cell->expiry_s;
    if (cell->timestamp_us > *timestamp_us) *timestamp_us = cell->timestamp_us;
  }
  *expiry_s = endless ? 0 : last;
}

/* Nothing of the row outlasts what puts it into the view (0: that is for ever). */
static bool copy_cells(const med_wide_table *base, const med_wide_table *view, const med_wide_row *row,
                       uint32_t expiry_s, med_arena *arena, med_wide_row *made) {
  for (size_t i = view->partition_count + view->clustering_count; i < view->column_count; i++) {
    const med_wide_column *column = &view->columns[i];
    const med_wide_cell *cells;
    size_t count = med_wide_row_cells(row, column->base_id, &cells);
    if (med_wide_table_column_by_id(base, column->base_id) == NULL) continue;
    for (size_t j = 0; j < count; j++) {
      med_wide_cell cell = cells[j];
      cell.column_id = column->id;
      cell.expiry_s = earlier(cell.expiry_s, expiry_s);
      if (!cell.tombstone && !med_wide_row_put(made, column, &cell, true, arena)) return false;
    }
  }
  return true;
}

int med_wide_view_row_of(const med_wide_place_of_row *place, const med_wide_table *view, const med_wide_row *row,
                         med_arena *arena, med_wide_view_row *made, medley_error *error) {
  size_t keys = view->partition_count + view->clustering_count;
  *made = (med_wide_view_row){.partition = med_arena_alloc(arena, (keys + 1) * sizeof(med_slice))};
  if (made->partition == NULL) return med_error_no_memory(error);
  made->clustering = made->partition + view->partition_count;
  med_wide_row_init(&made->row);
  if (place->clustering == NULL || !holds_anything(row)) return MEDLEY_OK;
  uint32_t decided = 0, span;
  bool by_key = false;
  for (size_t i = 0; i < keys; i++) {
    const med_wide_column *column = med_wide_table_column_by_id(place->table, view->columns[i].base_id);
    made->partition[i] = column == NULL ? med_slice_of(NULL, 0) : base_value(place, column, row, &decided);
    if (med_wide_is_null(made->partition[i])) return MEDLEY_OK;
    by_key = by_key || column->role == MED_WIDE_REGULAR;
  }
  if (!passes_filters(place, view, row, &decided)) return MEDLEY_OK;
  med_wide_marker marker = {.present = true};
  span_of(row, &span, &marker.timestamp_us);
  marker.expiry_s = by_key ? decided : earlier(span, decided);
  made->row.marker = marker;
  made->there = true;
  return copy_cells(place->table, view, row, decided, arena, &made->row) ? MEDLEY_OK : med_error_no_memory(error);
}

/* Where a view's row stands; its partition's record, if the key is hashed. */
static int view_row_key(const med_wide_table *view, const med_wide_view_row *made, med_key *partition, bool *hashed,
                        med_key *key, medley_error *error) {
  med_buffer parts = {0};
  int rc = med_wide_partition_key(view, made->partition, partition, hashed, error);
  if (rc == MEDLEY_OK) rc = med_wide_clustering_parts(view, made->clustering, view->clustering_count, &parts, error);
  if (rc == MEDLEY_OK) med_wide_row_key(partition, med_slice_of(parts.bytes, parts.len), key);
  med_buffer_clear(&parts);
  return rc;
}

static int view_put(med_txn *txn, const med_wide_table *view, const med_wide_view_row *made, med_arena *arena) {
  med_key partition, key;
  bool hashed;
  med_buffer bytes = {0};
  int rc = view_row_key(view, made, &partition, &hashed, &key, med_txn_error(txn));
  if (rc == MEDLEY_OK && !med_wide_row_encode(&made->row, &bytes)) rc = med_error_no_memory(med_txn_error(txn));
  if (rc == MEDLEY_OK) rc = med_wide_record_put(txn, med_key_slice(&key), med_slice_of(bytes.bytes, bytes.len));
  if (rc == MEDLEY_OK && hashed) rc = med_wide_partition_remember(txn, view, made->partition, &partition, arena);
  med_buffer_clear(&bytes);
  return rc;
}

static int view_delete(med_txn *txn, const med_wide_table *view, const med_wide_view_row *made, med_arena *arena) {
  med_key partition, key;
  bool hashed;
  med_wide_partition present;
  int rc = view_row_key(view, made, &partition, &hashed, &key, med_txn_error(txn));
  if (rc == MEDLEY_OK) rc = med_wide_record_delete(txn, med_key_slice(&key));
  if (rc == MEDLEY_NOT_FOUND)
    rc = med_error_set(med_txn_error(txn), MEDLEY_CORRUPT, "wide-column: a row of view %.*s is missing",
                       (int)view->name.len, (const char *)view->name.bytes);
  if (rc != MEDLEY_OK || !hashed) return rc;
  rc = med_wide_partition_load(txn, view, &partition, arena, &present);
  return rc == MEDLEY_OK ? med_wide_partition_store(txn, &partition, &present) : rc;
}

static bool same_key(const med_wide_table *view, const med_wide_view_row *a, const med_wide_view_row *b) {
  if (!a->there || !b->there) return false;
  for (size_t i = 0; i < view->partition_count + view->clustering_count; i++) {
    if (!med_slice_equal(a->partition[i], b->partition[i])) return false;
  }
  return true;
}

int med_wide_views_update(med_txn *txn, const med_wide_place_of_row *place, const med_wide_row *old,
                          const med_wide_row *row, med_arena *arena) {
  int rc = MEDLEY_OK;
  for (size_t i = 0; rc == MEDLEY_OK && i < place->table->view_count; i++) {
    const med_wide_table *view = place->table->views[i];
    med_wide_view_row before, after;
    MED_TRY(med_wide_view_row_of(place, view, old, arena, &before, med_txn_error(txn)));
    MED_TRY(med_wide_view_row_of(place, view, row, arena, &after, med_txn_error(txn)));
    if (before.there && !same_key(view, &before, &after)) MED_TRY(view_delete(txn, view, &before, arena));
    if (after.there) MED_TRY(view_put(txn, view, &after, arena));
  }
done:
  return rc;
}

int med_wide_view_add(med_txn *txn, const med_wide_place_of_row *place, const med_wide_table *view,
                      const med_wide_row *row, med_arena *arena) {
  med_wide_view_row made;
  int rc = med_wide_view_row_of(place, view, row, arena, &made, med_txn_error(txn));
  return rc == MEDLEY_OK && made.there ? view_put(txn, view, &made, arena) : rc;
}
