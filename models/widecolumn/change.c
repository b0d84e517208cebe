/* change.c - what each kind of change does to the cells of a row. */
#include "models/widecolumn/change.h"

#include <stdlib.h>

static med_wide_cell cell_of(const med_wide_changer *changer, const med_wide_column *column, med_slice path,
                             med_slice value) {
  med_wide_cell cell = {.column_id = column->id,
                        .has_path = path.bytes != NULL,
                        .tombstone = value.bytes == NULL,
                        .path = path,
                        .timestamp_us = changer->timestamp_us,
                        .ttl_s = changer->ttl_s,
                        .expiry_s = changer->expiry_s,
                        .value = value};
  if (cell.tombstone) cell.ttl_s = cell.expiry_s = 0;
  return cell;
}

static int put(med_wide_changer *changer, const med_wide_column *column, med_slice path, med_slice value) {
  med_wide_cell cell = cell_of(changer, column, path, value);
  return med_wide_row_put(changer->row, column, &cell, changer->force, changer->arena)
             ? MEDLEY_OK
             : med_error_no_memory(changer->error);
}

/* One cell is deleted: a tombstone where they are kept, else nothing is left. */
static int delete_cell(med_wide_changer *changer, const med_wide_column *column, med_slice path) {
  if (!changer->force) return put(changer, column, path, med_slice_of(NULL, 0));
  med_wide_row *row = changer->row;
  const med_wide_cell *cell = med_wide_row_cell(row, column, path);
  if (cell == NULL) return MEDLEY_OK;
  size_t at = (size_t)(cell - row->cells);
  memmove(row->cells + at, row->cells + at + 1, (row->count - at - 1) * sizeof *row->cells);
  row->count--;
  return MEDLEY_OK;
}

/* All cells of a complex column up to a timestamp. */
static int clear_column(med_wide_changer *changer, const med_wide_column *column, int64_t up_to_us) {
  med_wide_row_drop_column(changer->row, column->id, up_to_us, changer->force);
  if (changer->force) return MEDLEY_OK;
  med_wide_cell all = {.column_id = column->id, .tombstone = true, .timestamp_us = up_to_us};
  return med_wide_row_put(changer->row, column, &all, false, changer->arena) ? MEDLEY_OK
                                                                             : med_error_no_memory(changer->error);
}

/* ---- Collections ---- */
/* time(8) count and salt(8): in front of the list for times before 2^63 that shrink, behind it for those that grow. */
static med_slice new_position(med_wide_changer *changer, bool in_front) {
  uint8_t *bytes = med_arena_alloc(changer->arena, MED_WIDE_POSITION_SIZE);
  if (bytes == NULL) return med_slice_of(NULL, 0);
  const uint64_t middle = UINT64_C(1) << 63;
  med_put_u64(bytes, in_front ? middle - changer->time_us : middle + changer->time_us);
  med_put_u32(bytes + 8, changer->added++);
  med_put_u32(bytes + 12, changer->salt);
  return med_slice_of(bytes, MED_WIDE_POSITION_SIZE);
}

/* The clock of another process, or one that was set back, may be behind that of an element that is there: what is appended is behind it all the
 * same, and what is put in front is before it. */
static void pass_present(med_wide_changer *changer, const med_wide_column *column, bool in_front) {
  const med_wide_cell *cells;
  size_t count = med_wide_row_cells(changer->row, column->id, &cells);
  const uint64_t middle = UINT64_C(1) << 63;
  while (in_front && count > 0 && !cells->has_path) {
    cells++;
    count--;
  }
  if (count == 0) return;
  const med_wide_cell *edge = in_front ? &cells[0] : &cells[count - 1];
  if (!edge->has_path || edge->path.len != MED_WIDE_POSITION_SIZE) return;
  uint64_t place = med_get_u64(edge->path.bytes), time = in_front ? middle - place : place - middle;
  bool beyond = in_front ? place < middle : place >= middle;
  if (beyond && time >= changer->time_us) changer->time_us = time + 1;
}

/* Many elements at once, of which each is a cell: the row's are gone through once. */
typedef struct batch {
  med_wide_cell *cells;
  size_t count;
} batch;

static int begin_batch(med_wide_changer *changer, size_t capacity, batch *made) {
  *made = (batch){.cells = med_arena_alloc(changer->arena, (capacity + 1) * sizeof *made->cells)};
  return made->cells != NULL ? MEDLEY_OK : med_error_no_memory(changer->error);
}

static int put_batch(med_wide_changer *changer, const med_wide_column *column, const batch *made) {
  return med_wide_row_put_all(changer->row, column, made->cells, made->count, changer->force, changer->arena)
             ? MEDLEY_OK
             : med_error_no_memory(changer->error);
}

static int add_elements(med_wide_changer *changer, const med_wide_column *column, med_slice value, bool in_front) {
  med_wide_parts parts;
  med_slice part, mapped = {0};
  batch made;
  med_wide_kind kind = column->type.kind;
  med_wide_parts_init(&column->type, value, &parts);
  if (kind == MED_WIDE_LIST) pass_present(changer, column, in_front);
  int rc = begin_batch(changer, parts.count, &made);
  while (rc == MEDLEY_OK && med_wide_parts_next(&parts, &part)) {
    if (kind == MED_WIDE_MAP && !med_wide_parts_next(&parts, &mapped)) break;
    if (med_wide_is_null(part) || (kind == MED_WIDE_MAP && med_wide_is_null(mapped)))
      return med_error_set(changer->error, MEDLEY_TYPE, "null is not supported inside collections");
    med_slice path = kind == MED_WIDE_LIST ? new_position(changer, in_front) : part;
    med_slice content = kind == MED_WIDE_SET ? med_slice_of("", 0) : kind == MED_WIDE_MAP ? mapped : part;
    if (path.bytes == NULL) return med_error_no_memory(changer->error);
    made.cells[made.count++] = cell_of(changer, column, path, content);
  }
  return rc == MEDLEY_OK ? put_batch(changer, column, &made) : rc;
}

static med_slice field_path(med_wide_changer *changer, uint16_t field) {
  uint8_t *bytes = med_arena_alloc(changer->arena, 2);
  if (bytes == NULL) return med_slice_of(NULL, 0);
  med_put_u16(bytes, field);
  return med_slice_of(bytes, 2);
}

static int set_field(med_wide_changer *changer, const med_wide_column *column, uint16_t field, med_slice value) {
  med_slice path = field_path(changer, field);
  if (path.bytes == NULL) return med_error_no_memory(changer->error);
  return med_wide_is_null(value) ? delete_cell(changer, column, path) : put(changer, column, path, value);
}

static int set_whole(med_wide_changer *changer, const med_wide_column *column, med_slice value) {
  if (!med_wide_type_is_complex(&column->type)) {
    return med_wide_is_null(value) ? delete_cell(changer, column, value)
                                   : put(changer, column, med_slice_of(NULL, 0), value);
  }
  /* What the statement puts itself is of its timestamp and stays: so the tombstone is one older. */
  int rc = clear_column(
      changer, column, changer->timestamp_us - (med_wide_is_null(value) || changer->timestamp_us == INT64_MIN ? 0 : 1));
  if (rc != MEDLEY_OK || med_wide_is_null(value)) return rc;
  if (column->type.kind != MED_WIDE_UDT) return add_elements(changer, column, value, false);
  med_wide_parts parts;
  med_slice part;
  med_wide_parts_init(&column->type, value, &parts);
  for (uint16_t field = 0; rc == MEDLEY_OK && med_wide_parts_next(&parts, &part); field++) {
    if (!med_wide_is_null(part)) rc = set_field(changer, column, field, part);
  }
  return rc;
}

/* ---- Elements of a list ---- */
static int list_path(med_wide_changer *changer, const med_wide_column *column, int64_t index, med_slice *path) {
  const med_wide_cell *cells;
  size_t count = med_wide_row_cells(changer->row, column->id, &cells);
  int64_t live = 0;
  for (size_t i = 0; i < count; i++) {
    if (!cells[i].has_path || !med_wide_cell_is_live(&cells[i], changer->now_s)) continue;
    if (live++ == index) *path = cells[i].path;
  }
  if (live == 0)
    return med_error_set(changer->error, MEDLEY_RANGE, "Attempted to set an element on a list which is null");
  if (index >= 0 && index < live) return MEDLEY_OK;
  return med_error_set(changer->error, MEDLEY_RANGE, "List index %lld out of bound, list has size %lld",
                       (long long)index, (long long)live);
}

static int compare_elements(const void *a, const void *b, void *type) {
  return med_wide_value_compare(type, *(const med_slice *)a, *(const med_slice *)b);
}

/* The elements of a list, in the order of their values. */
static int sort_elements(med_wide_changer *changer, const med_wide_type *list, med_slice value, med_slice **elements,
                         size_t *count) {
  med_wide_parts parts;
  med_slice part;
  med_wide_parts_init(list, value, &parts);
  *count = 0;
  *elements = med_arena_alloc(changer->arena, ((size_t)parts.count + 1) * sizeof **elements);
  if (*elements == NULL) return med_error_no_memory(changer->error);
  while (med_wide_parts_next(&parts, &part)) {
    if (!med_wide_is_null(part)) (*elements)[(*count)++] = part;
  }
  if (*count > 1) qsort_r(*elements, *count, sizeof **elements, compare_elements, (void *)(uintptr_t)&list->parts[0]);
  return MEDLEY_OK;
}

static bool has_element(const med_wide_type *type, const med_slice *elements, size_t count, med_slice value) {
  size_t low = 0;
  while (low < count) {
    size_t middle = low + (count - low) / 2;
    int order = med_wide_value_compare(type, elements[middle], value);
    if (order == 0) return true;
    if (order < 0)
      low = middle + 1;
    else
      count = middle;
  }
  return false;
}

static int remove_from_list(med_wide_changer *changer, const med_wide_column *column, med_slice values) {
  const med_wide_cell *cells;
  med_slice *elements;
  size_t element_count, count = med_wide_row_cells(changer->row, column->id, &cells);
  batch gone;
  int rc = sort_elements(changer, &column->type, values, &elements, &element_count);
  if (rc == MEDLEY_OK) rc = begin_batch(changer, count, &gone);
  for (size_t i = 0; rc == MEDLEY_OK && i < count; i++) {
    if (!cells[i].has_path || !med_wide_cell_is_live(&cells[i], changer->now_s)) continue;
    if (has_element(&column->type.parts[0], elements, element_count, cells[i].value))
      gone.cells[gone.count++] = cell_of(changer, column, cells[i].path, med_slice_of(NULL, 0));
  }
  return rc == MEDLEY_OK ? put_batch(changer, column, &gone) : rc;
}

static int remove_elements(med_wide_changer *changer, const med_wide_column *column, med_slice values) {
  if (column->type.kind == MED_WIDE_LIST) return remove_from_list(changer, column, values);
  med_wide_type set = {.kind = MED_WIDE_SET, .part_count = 1, .parts = column->type.parts};
  med_wide_parts parts;
  med_slice part;
  batch gone;
  med_wide_parts_init(&set, values, &parts);
  int rc = begin_batch(changer, parts.count, &gone);
  while (rc == MEDLEY_OK && med_wide_parts_next(&parts, &part))
    gone.cells[gone.count++] = cell_of(changer, column, part, med_slice_of(NULL, 0));
  return rc == MEDLEY_OK ? put_batch(changer, column, &gone) : rc;
}

/* ---- Counters ---- */
static int add_counter(med_wide_changer *changer, const med_wide_column *column, int64_t by) {
  const med_wide_cell *cell = med_wide_row_cell(changer->row, column, med_slice_of(NULL, 0));
  uint64_t sum = (uint64_t)by;
  if (cell != NULL && !cell->tombstone && cell->value.len == 8) sum += med_get_u64(cell->value.bytes);
  uint8_t *bytes = med_arena_alloc(changer->arena, 8);
  if (bytes == NULL) return med_error_no_memory(changer->error);
  med_put_u64(bytes, sum);
  return put(changer, column, med_slice_of(NULL, 0), med_slice_of(bytes, 8));
}

int med_wide_change_apply(med_wide_changer *changer, const med_wide_change *change) {
  const med_wide_column *column = change->column;
  med_slice path = {0};
  int rc;
  switch (change->kind) {
    case MED_WIDE_CHANGE_SET: return set_whole(changer, column, change->value);
    case MED_WIDE_CHANGE_ADD: return add_elements(changer, column, change->value, false);
    case MED_WIDE_CHANGE_PREPEND: return add_elements(changer, column, change->value, true);
    case MED_WIDE_CHANGE_REMOVE: return remove_elements(changer, column, change->value);
    case MED_WIDE_CHANGE_SET_ELEMENT:
      if (med_wide_is_null(change->value)) return delete_cell(changer, column, change->element);
      return put(changer, column, change->element, change->value);
    case MED_WIDE_CHANGE_SET_AT:
      rc = list_path(changer, column, change->index, &path);
      if (rc != MEDLEY_OK) return rc;
      return med_wide_is_null(change->value) ? delete_cell(changer, column, path)
                                             : put(changer, column, path, change->value);
    case MED_WIDE_CHANGE_REMOVE_ELEMENT: return delete_cell(changer, column, change->element);
    case MED_WIDE_CHANGE_SET_FIELD: return set_field(changer, column, (uint16_t)change->index, change->value);
    default: return add_counter(changer, column, change->index);
  }
}
