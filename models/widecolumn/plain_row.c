/* plain_row.c - records of rows read for segments: without memory, and without a key's partition when it was there before. */
#include "models/widecolumn/plain_row.h"

#include <stdlib.h>

#include "models/widecolumn/segment_value.h"

#define KEY_HEADER (MED_WIDE_TAIL_OFFSET + 9) /* 04 table token form */

/* ---- Columns ---- */
static int compare_ids(const void *a, const void *b) {
  const med_wide_column *const *left = a, *const *right = b;
  return (*left)->id < (*right)->id ? -1 : (*left)->id > (*right)->id;
}

bool med_wide_segment_keeps(const med_wide_column *of) {
  med_wide_kind kind = of->type.kind;
  return (of->role == MED_WIDE_PARTITION || of->role == MED_WIDE_CLUSTERING) &&
         (med_wide_segment_type(kind) == MED_COLUMN_INTEGERS || kind == MED_WIDE_TEXT || kind == MED_WIDE_ASCII ||
          kind == MED_WIDE_BLOB);
}

bool med_wide_sealed_columns_list(const med_wide_table *table, med_arena *arena, med_wide_sealed_columns *list) {
  *list = (med_wide_sealed_columns){.table = table};
  list->columns = med_arena_alloc(arena, (table->column_count + 1) * sizeof *list->columns);
  if (list->columns == NULL) return false;
  for (size_t i = 0; i < table->column_count; i++) {
    const med_wide_column *of = &table->columns[i];
    bool own = of->role == MED_WIDE_REGULAR && !med_wide_type_is_complex(&of->type);
    if (own || med_wide_segment_keeps(of)) list->columns[list->count++] = of;
  }
  qsort(list->columns, list->count, sizeof *list->columns, compare_ids);
  return true;
}

/* ---- Rows ---- */
static bool is_plain_cell(const med_wide_cell *cell, const med_wide_column *column) {
  if (column->id != cell->column_id || column->role != MED_WIDE_REGULAR) return false;
  if (cell->has_path || cell->tombstone) return false;
  med_wide_kind kind = column->type.kind;
  return med_wide_segment_type(kind) == MED_COLUMN_TEXTS || cell->value.len == med_wide_kind_size(kind);
}

/* One time, and one end of it, for the whole row. */
static bool is_of_one_time(const med_wide_plain_row *row, const med_wide_cell *cell) {
  return cell->timestamp_us == row->timestamp_us && cell->ttl_s == row->ttl_s && cell->expiry_s == row->expiry_s;
}

/* The values of the cells, by id as the columns are; *plain only ever becomes false. False if the record is damaged. */
static bool take_cells(const med_wide_sealed_columns *columns, med_wide_row_reader *reader, med_wide_plain_row *row,
                       bool *plain) {
  size_t at = 0;
  uint16_t last = 0;
  bool timed = row->marked;
  while (reader->left.len > 0) {
    med_wide_cell cell;
    if (!med_wide_row_reader_cell(reader, &cell) || cell.column_id < last) return false;
    last = cell.column_id;
    while (at < columns->count && columns->columns[at]->id < cell.column_id) at++;
    if (at < columns->count && is_plain_cell(&cell, columns->columns[at]) && (!timed || is_of_one_time(row, &cell))) {
      timed = true;
      row->timestamp_us = cell.timestamp_us;
      row->ttl_s = cell.ttl_s;
      row->expiry_s = cell.expiry_s;
      row->bytes += cell.value.len + MED_WIDE_PLAIN_CELL_SIZE;
      row->values[at++] = cell.value;
    } else if (med_wide_table_column_by_id(columns->table, cell.column_id) != NULL) {
      *plain = false;
    }
  }
  *plain = *plain && timed;
  return true;
}

int med_wide_plain_row_take(const med_wide_sealed_columns *columns, med_slice record, med_wide_plain_row *row,
                            bool *plain, medley_error *error) {
  med_wide_row head;
  med_wide_row_reader reader;
  memset(row->values, 0, columns->count * sizeof *row->values);
  row->bytes = 0;
  if (!med_wide_row_reader_init(&reader, record, &head))
    return med_error_set(error, MEDLEY_CORRUPT, "wide-column: a damaged row");
  *plain = head.deleted_us == MED_WIDE_NO_TIMESTAMP;
  row->marked = head.marker.present;
  row->timestamp_us = head.marker.timestamp_us;
  row->ttl_s = head.marker.ttl_s;
  row->expiry_s = head.marker.expiry_s;
  return take_cells(columns, &reader, row, plain) ? MEDLEY_OK
                                                  : med_error_set(error, MEDLEY_CORRUPT, "wide-column: a damaged row");
}

/* ---- Keys ---- */
/* No partition's parts begin with those of another one: what begins as the last key did is of its partition. */
int med_wide_key_walk_place(med_wide_key_walk *walk, const med_wide_table *table, med_slice key, med_wide_place *place,
                            bool *fresh, medley_error *error) {
  size_t len = walk->partition.len;
  const uint8_t *bytes = key.bytes;
  *fresh = len == 0 || key.len <= len || memcmp(bytes, walk->partition.bytes, len) != 0;
  if (*fresh) {
    int rc = med_wide_key_place(table, key, place, error);
    walk->partition.len = 0;
    if (rc != MEDLEY_OK) return rc;
    med_key_set(&walk->partition, place->partition);
    walk->hashed = place->hashed;
    return MEDLEY_OK;
  }
  place->token = (int64_t)(med_get_u64(bytes + MED_WIDE_TAIL_OFFSET) ^ UINT64_C(1) << 63);
  place->hashed = walk->hashed;
  place->partition = med_slice_of(bytes, len);
  place->parts = med_slice_of(bytes + KEY_HEADER, len - KEY_HEADER);
  place->sub = bytes[len];
  place->clustering = med_slice_of(bytes + len + 1, key.len - len - 1);
  bool ends = place->sub == MED_WIDE_SUB_PARTITION && place->clustering.len == 0;
  return place->sub == MED_WIDE_SUB_ROW || ends ? MEDLEY_OK
                                                : med_error_set(error, MEDLEY_CORRUPT, "wide-column: a damaged key");
}
