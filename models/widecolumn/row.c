/* row.c - cells of a row: settled, decoded, encoded, put together as values. */
#include "models/widecolumn/row.h"

#include "models/widecolumn/pack.h"

/* The first byte of a row. */
enum { ROW_MARKER = 1, ROW_MARKER_EXPIRES = 2, ROW_DELETED = 4 };
/* The low bits of a cell's first number; above them the column's id. */
enum { CELL_TOMBSTONE = 1, CELL_EXPIRES = 2, CELL_PATH = 4, CELL_FLAG_BITS = 3 };

void med_wide_row_init(med_wide_row *row) { *row = (med_wide_row){.deleted_us = MED_WIDE_NO_TIMESTAMP}; }

med_slice med_wide_copy(med_arena *arena, med_slice slice, bool *ok) {
  if (slice.bytes == NULL) return slice;
  void *copy = med_arena_alloc(arena, slice.len + 1);
  if (copy == NULL) {
    *ok = false;
    return med_slice_of(NULL, 0);
  }
  if (slice.len > 0) memcpy(copy, slice.bytes, slice.len);
  return med_slice_of(copy, slice.len);
}

static bool reserve(med_wide_row *row, size_t count, med_arena *arena) {
  if (count <= row->capacity) return true;
  size_t capacity = count < 8 ? 8 : count + count / 2;
  med_wide_cell *cells = med_arena_alloc(arena, capacity * sizeof *cells);
  if (cells == NULL) return false;
  if (row->count > 0) memcpy(cells, row->cells, row->count * sizeof *cells);
  row->cells = cells;
  row->capacity = capacity;
  return true;
}

/* ---- As bytes ---- timestamps are differences to the first one, which is that of the marker, the tombstone or the first cell. */
typedef struct clock_state {
  int64_t base;
} clock_state;

static bool put_time(med_buffer *bytes, clock_state *clock, int64_t timestamp_us) {
  bool ok = med_pack_signed(bytes, (int64_t)((uint64_t)timestamp_us - (uint64_t)clock->base));
  if (clock->base == 0) clock->base = timestamp_us;
  return ok;
}

static bool take_time(med_slice *bytes, clock_state *clock, int64_t *timestamp_us) {
  int64_t difference;
  if (!med_unpack_signed(bytes, &difference)) return false;
  *timestamp_us = (int64_t)((uint64_t)clock->base + (uint64_t)difference);
  if (clock->base == 0) clock->base = *timestamp_us;
  return true;
}

static bool put_expiry(med_buffer *bytes, uint32_t ttl_s, uint32_t expiry_s) {
  return med_pack_number(bytes, expiry_s) && med_pack_number(bytes, ttl_s);
}

static bool take_expiry(med_slice *bytes, uint32_t *ttl_s, uint32_t *expiry_s) {
  uint64_t expiry, ttl;
  if (!med_unpack_number(bytes, &expiry) || !med_unpack_number(bytes, &ttl) || expiry > UINT32_MAX || expiry == 0 ||
      ttl > UINT32_MAX)
    return false;
  *expiry_s = (uint32_t)expiry;
  *ttl_s = (uint32_t)ttl;
  return true;
}

bool med_wide_row_encode(const med_wide_row *row, med_buffer *bytes) {
  clock_state clock = {0};
  bool deleted = row->deleted_us != MED_WIDE_NO_TIMESTAMP;
  const med_wide_marker *marker = &row->marker;
  int flags = (marker->present ? ROW_MARKER : 0) | (marker->present && marker->expiry_s != 0 ? ROW_MARKER_EXPIRES : 0) |
              (deleted ? ROW_DELETED : 0);
  bool ok = med_buffer_append_byte(bytes, (uint8_t)flags);
  if (marker->present) ok = ok && put_time(bytes, &clock, marker->timestamp_us);
  if (flags & ROW_MARKER_EXPIRES) ok = ok && put_expiry(bytes, marker->ttl_s, marker->expiry_s);
  if (deleted) ok = ok && put_time(bytes, &clock, row->deleted_us);
  for (size_t i = 0; ok && i < row->count; i++) {
    const med_wide_cell *cell = &row->cells[i];
    unsigned cell_flags = (cell->tombstone ? CELL_TOMBSTONE : 0u) | (cell->expiry_s != 0 ? CELL_EXPIRES : 0u) |
                          (cell->has_path ? CELL_PATH : 0u);
    ok = med_pack_number(bytes, (uint64_t)cell->column_id << CELL_FLAG_BITS | cell_flags) &&
         put_time(bytes, &clock, cell->timestamp_us);
    if (cell->has_path) ok = ok && med_pack_bytes(bytes, cell->path);
    if (cell->expiry_s != 0) ok = ok && put_expiry(bytes, cell->ttl_s, cell->expiry_s);
    if (!cell->tombstone) ok = ok && med_pack_bytes(bytes, cell->value);
  }
  return ok;
}

static bool take_cell(med_slice *left, clock_state *clock, med_wide_cell *cell) {
  uint64_t head;
  *cell = (med_wide_cell){0};
  if (!med_unpack_number(left, &head) || head >> CELL_FLAG_BITS > UINT16_MAX) return false;
  cell->column_id = (uint16_t)(head >> CELL_FLAG_BITS);
  cell->tombstone = head & CELL_TOMBSTONE;
  cell->has_path = head & CELL_PATH;
  if (!take_time(left, clock, &cell->timestamp_us)) return false;
  if (cell->has_path && !med_unpack_bytes(left, &cell->path)) return false;
  if (head & CELL_EXPIRES && !take_expiry(left, &cell->ttl_s, &cell->expiry_s)) return false;
  return cell->tombstone || med_unpack_bytes(left, &cell->value);
}

static bool decode(med_slice left, med_arena *arena, med_wide_row *row, bool *memory) {
  if (left.len == 0) return false;
  clock_state clock = {0};
  uint8_t flags = *(const uint8_t *)left.bytes;
  left = med_slice_of((const uint8_t *)left.bytes + 1, left.len - 1);
  if (flags > (ROW_MARKER | ROW_MARKER_EXPIRES | ROW_DELETED)) return false;
  row->marker.present = flags & ROW_MARKER;
  if (flags & ROW_MARKER && !take_time(&left, &clock, &row->marker.timestamp_us)) return false;
  if (flags & ROW_MARKER_EXPIRES && !take_expiry(&left, &row->marker.ttl_s, &row->marker.expiry_s)) return false;
  if (flags & ROW_DELETED && !take_time(&left, &clock, &row->deleted_us)) return false;
  while (left.len > 0) {
    *memory = reserve(row, row->count + 1, arena);
    if (!*memory || !take_cell(&left, &clock, &row->cells[row->count])) return false;
    if (row->count > 0 && row->cells[row->count - 1].column_id > row->cells[row->count].column_id) return false;
    row->count++;
  }
  return true;
}

int med_wide_row_decode(med_slice bytes, med_arena *arena, med_wide_row *row, medley_error *error) {
  bool memory = true;
  med_wide_row_init(row);
  if (decode(bytes, arena, row, &memory)) return MEDLEY_OK;
  med_wide_row_init(row);
  return memory ? med_error_set(error, MEDLEY_CORRUPT, "wide-column: a damaged row") : med_error_no_memory(error);
}

/* ---- What is there ---- */
bool med_wide_row_is_live(const med_wide_row *row, int64_t now_s) {
  if (row->marker.present && med_wide_is_live(row->marker.expiry_s, now_s)) return true;
  for (size_t i = 0; i < row->count; i++) {
    if (med_wide_cell_is_live(&row->cells[i], now_s)) return true;
  }
  return false;
}

static size_t first_cell(const med_wide_row *row, uint16_t column_id) {
  size_t low = 0, high = row->count;
  while (low < high) {
    size_t middle = low + (high - low) / 2;
    if (row->cells[middle].column_id < column_id)
      low = middle + 1;
    else
      high = middle;
  }
  return low;
}

size_t med_wide_row_cells(const med_wide_row *row, uint16_t column_id, const med_wide_cell **first) {
  size_t begin = first_cell(row, column_id), end = begin;
  while (end < row->count && row->cells[end].column_id == column_id) end++;
  *first = row->count > 0 ? row->cells + begin : NULL;
  return end - begin;
}

int med_wide_row_compare_paths(const med_wide_type *type, const med_wide_cell *a, const med_wide_cell *b) {
  if (a->has_path != b->has_path) return a->has_path ? 1 : -1;
  if (!a->has_path) return 0;
  if (type->kind == MED_WIDE_SET || type->kind == MED_WIDE_MAP)
    return med_wide_value_compare(&type->parts[0], a->path, b->path);
  return med_slice_compare(a->path, b->path);
}

/* Where a cell of the column and path stands or would stand. */
static size_t place_of(const med_wide_row *row, const med_wide_column *column, const med_wide_cell *like, bool *there) {
  size_t low = first_cell(row, column->id), high = row->count;
  while (low < high) {
    size_t middle = low + (high - low) / 2;
    const med_wide_cell *cell = &row->cells[middle];
    int order = cell->column_id != column->id ? 1 : med_wide_row_compare_paths(&column->type, cell, like);
    if (order == 0) {
      *there = true;
      return middle;
    }
    if (order < 0)
      low = middle + 1;
    else
      high = middle;
  }
  *there = false;
  return low;
}

const med_wide_cell *med_wide_row_cell(const med_wide_row *row, const med_wide_column *column, med_slice path) {
  bool there;
  med_wide_cell like = {.has_path = path.bytes != NULL, .path = path};
  size_t at = place_of(row, column, &like, &there);
  return there ? &row->cells[at] : NULL;
}

/* ---- Settling ---- */
static bool wins(const med_wide_cell *now, const med_wide_cell *old) {
  if (now->timestamp_us != old->timestamp_us) return now->timestamp_us > old->timestamp_us;
  bool now_ends = now->tombstone || now->expiry_s != 0, old_ends = old->tombstone || old->expiry_s != 0;
  if (now_ends != old_ends) return now_ends;
  if (now->tombstone != old->tombstone) return now->tombstone;
  if (now->expiry_s != old->expiry_s) return now->expiry_s > old->expiry_s;
  return med_slice_compare(now->value, old->value) >= 0;
}

bool med_wide_row_put(med_wide_row *row, const med_wide_column *column, const med_wide_cell *cell, bool force,
                      med_arena *arena) {
  bool there;
  if (!force && cell->timestamp_us <= row->deleted_us) return true;
  if (!force && cell->has_path) {
    const med_wide_cell *all = med_wide_row_cell(row, column, med_slice_of(NULL, 0));
    if (all != NULL && all->tombstone && all->timestamp_us >= cell->timestamp_us) return true;
  }
  size_t at = place_of(row, column, cell, &there);
  if (there) {
    if (force || wins(cell, &row->cells[at])) row->cells[at] = *cell;
    return true;
  }
  if (!reserve(row, row->count + 1, arena)) return false;
  memmove(row->cells + at + 1, row->cells + at, (row->count - at) * sizeof *row->cells);
  row->cells[at] = *cell;
  row->count++;
  return true;
}

/* The present cells of a column and new ones as one sequence. Answers how many there are. */
static size_t merge_cells(const med_wide_type *type, const med_wide_cell *old, size_t old_count,
                          const med_wide_cell *now, size_t count, bool force, med_wide_cell *to) {
  size_t kept = 0;
  for (size_t i = 0, j = 0; i < old_count || j < count;) {
    int order = i == old_count ? 1 : j == count ? -1 : med_wide_row_compare_paths(type, &old[i], &now[j]);
    bool takes_old = order < 0 || (order == 0 && !force && !wins(&now[j], &old[i]));
    if (takes_old)
      to[kept++] = old[i];
    else if (!force || !now[j].tombstone)
      to[kept++] = now[j];
    i += order <= 0;
    j += order >= 0;
  }
  return kept;
}

/* What a tombstone of the row or of all the column's cells does not cover. */
static size_t uncovered(const med_wide_row *row, const med_wide_column *column, const med_wide_cell *cells,
                        size_t count, med_wide_cell *to) {
  const med_wide_cell *all = med_wide_row_cell(row, column, med_slice_of(NULL, 0));
  int64_t deleted_us = row->deleted_us;
  size_t kept = 0;
  if (all != NULL && all->tombstone && all->timestamp_us > deleted_us) deleted_us = all->timestamp_us;
  for (size_t i = 0; i < count; i++) {
    if (cells[i].timestamp_us > deleted_us) to[kept++] = cells[i];
  }
  return kept;
}

bool med_wide_row_put_all(med_wide_row *row, const med_wide_column *column, const med_wide_cell *cells, size_t count,
                          bool force, med_arena *arena) {
  const med_wide_cell *old;
  size_t old_count = med_wide_row_cells(row, column->id, &old);
  size_t before = first_cell(row, column->id), behind = row->count - before - old_count, capacity = row->count + count;
  if (count == 0) return true;
  med_wide_cell *all = med_arena_alloc(arena, capacity * sizeof *all);
  med_wide_cell *now = force ? NULL : med_arena_alloc(arena, count * sizeof *now);
  if (all == NULL || (!force && now == NULL)) return false;
  if (!force) {
    count = uncovered(row, column, cells, count, now);
    cells = now;
  }
  if (before > 0) memcpy(all, row->cells, before * sizeof *all);
  size_t merged = merge_cells(&column->type, old, old_count, cells, count, force, all + before);
  if (behind > 0) memcpy(all + before + merged, old + old_count, behind * sizeof *all);
  row->cells = all;
  row->count = before + merged + behind;
  row->capacity = capacity;
  return true;
}

void med_wide_row_drop_column(med_wide_row *row, uint16_t column_id, int64_t up_to_us, bool force) {
  size_t kept = 0;
  for (size_t i = 0; i < row->count; i++) {
    const med_wide_cell *cell = &row->cells[i];
    if (cell->column_id == column_id && (force || cell->timestamp_us <= up_to_us)) continue;
    row->cells[kept++] = *cell;
  }
  row->count = kept;
}

void med_wide_row_drop(med_wide_row *row, int64_t up_to_us, bool force) {
  size_t kept = 0;
  for (size_t i = 0; i < row->count; i++) {
    if (!force && row->cells[i].timestamp_us > up_to_us) row->cells[kept++] = row->cells[i];
  }
  row->count = kept;
  if (force || row->marker.timestamp_us <= up_to_us) row->marker = (med_wide_marker){0};
}

void med_wide_row_mark(med_wide_row *row, const med_wide_marker *marker, bool force) {
  if (!force && marker->timestamp_us <= row->deleted_us) return;
  const med_wide_marker *old = &row->marker;
  bool younger = !old->present || marker->timestamp_us > old->timestamp_us;
  bool ends = marker->timestamp_us == old->timestamp_us && marker->expiry_s != 0 && marker->expiry_s > old->expiry_s;
  if (force || younger || ends) row->marker = *marker;
}

/* ---- Accepting ---- */
/* The bytes of texts are taken as they are: whatever they are, nobody counts on more than their length. */
static bool fits_type(const med_wide_type *type, med_slice value) {
  return type->kind == MED_WIDE_TEXT || type->kind == MED_WIDE_BLOB || type->kind == MED_WIDE_ASCII ||
         med_wide_value_check(type, value, NULL) == MEDLEY_OK;
}

static bool fits_collection(const med_wide_type *type, const med_wide_cell *cell) {
  const uint8_t *path = cell->path.bytes;
  const med_wide_type *value = &type->parts[0];
  if (!cell->has_path) return cell->tombstone;
  if (type->kind == MED_WIDE_LIST) {
    if (cell->path.len != MED_WIDE_POSITION_SIZE) return false;
  } else if (type->kind == MED_WIDE_UDT) {
    if (cell->path.len != 2 || med_get_u16(path) >= type->part_count) return false;
    value = &type->parts[med_get_u16(path)];
  } else {
    if (!fits_type(value, cell->path)) return false;
    if (type->kind == MED_WIDE_SET) return cell->tombstone || cell->value.len == 0;
    value = &type->parts[1];
  }
  return cell->tombstone || fits_type(value, cell->value);
}

static bool fits_column(const med_wide_column *column, const med_wide_cell *cell) {
  if (med_wide_type_is_complex(&column->type)) return fits_collection(&column->type, cell);
  return !cell->has_path && (cell->tombstone || fits_type(&column->type, cell->value));
}

/* Most cells are whole numbers and texts: nothing but their length is to be looked at. */
static bool fits_at_once(const med_wide_table *table, const med_wide_cell *cell) {
  if (table->placed != table->columns || cell->column_id >= table->next_column_id) return false;
  med_wide_column_place place = table->places[cell->column_id];
  return place.index > 0 && !cell->has_path && !cell->tombstone &&
         (place.size == MED_WIDE_SIZE_ANY || (place.size != MED_WIDE_SIZE_LOOK && place.size == cell->value.len));
}

int med_wide_row_accept(med_wide_row *row, const med_wide_table *table, medley_error *error) {
  size_t kept = 0;
  for (size_t i = 0; i < row->count; i++) {
    bool fits = fits_at_once(table, &row->cells[i]);
    const med_wide_column *column = fits ? NULL : med_wide_table_column_by_id(table, row->cells[i].column_id);
    if (!fits && column == NULL) continue;
    if (!fits && !fits_column(column, &row->cells[i]))
      return med_error_set(error, MEDLEY_CORRUPT, "wide-column: table %.*s: a value of column %.*s is none of its type",
                           (int)table->name.len, (const char *)table->name.bytes, (int)column->name.len,
                           (const char *)column->name.bytes);
    if (kept != i) row->cells[kept] = row->cells[i];
    kept++;
  }
  row->count = kept;
  return MEDLEY_OK;
}

void med_wide_row_purge(med_wide_row *row, int64_t now_s, int64_t tombstones_up_to_us) {
  size_t kept = 0;
  for (size_t i = 0; i < row->count; i++) {
    const med_wide_cell *cell = &row->cells[i];
    bool gone = cell->tombstone ? cell->timestamp_us <= tombstones_up_to_us : !med_wide_is_live(cell->expiry_s, now_s);
    if (!gone) row->cells[kept++] = *cell;
  }
  row->count = kept;
  if (row->marker.present && !med_wide_is_live(row->marker.expiry_s, now_s)) row->marker = (med_wide_marker){0};
  if (row->deleted_us <= tombstones_up_to_us) row->deleted_us = MED_WIDE_NO_TIMESTAMP;
}

/* ---- Values ---- */
static bool put_user_type(const med_wide_type *type, const med_wide_cell *cells, size_t count, int64_t now_s,
                          med_buffer *value) {
  for (uint16_t field = 0; field < type->part_count; field++) {
    med_slice part = {0};
    for (size_t i = 0; i < count; i++) {
      const med_wide_cell *cell = &cells[i];
      if (cell->has_path && cell->path.len == 2 && med_get_u16(cell->path.bytes) == field &&
          med_wide_cell_is_live(cell, now_s))
        part = cell->value;
    }
    if (!med_wide_put_part(value, part)) return false;
  }
  return true;
}

static bool put_elements(const med_wide_type *type, const med_wide_cell *cells, size_t count, int64_t now_s,
                         med_buffer *value) {
  uint32_t live = 0;
  if (!med_wide_put_count(value, 0)) return false;
  for (size_t i = 0; i < count; i++) {
    const med_wide_cell *cell = &cells[i];
    if (!cell->has_path || !med_wide_cell_is_live(cell, now_s)) continue;
    live++;
    if (type->kind != MED_WIDE_LIST && !med_wide_put_part(value, cell->path)) return false;
    if (type->kind != MED_WIDE_SET && !med_wide_put_part(value, cell->value)) return false;
  }
  med_put_u32((uint8_t *)value->bytes, live);
  return true;
}

med_slice med_wide_row_value(const med_wide_row *row, const med_wide_column *column, int64_t now_s, med_arena *arena,
                             bool *ok) {
  const med_wide_cell *cells;
  size_t count = med_wide_row_cells(row, column->id, &cells);
  if (!med_wide_type_is_complex(&column->type)) {
    bool there = count > 0 && med_wide_cell_is_live(&cells[0], now_s);
    return there ? cells[0].value : med_slice_of(NULL, 0);
  }
  size_t live = 0;
  for (size_t i = 0; i < count; i++) live += cells[i].has_path && med_wide_cell_is_live(&cells[i], now_s);
  if (live == 0) return med_slice_of(NULL, 0); /* an empty collection is null, as in Cassandra */
  med_buffer value = {0};
  bool written = column->type.kind == MED_WIDE_UDT ? put_user_type(&column->type, cells, count, now_s, &value)
                                                   : put_elements(&column->type, cells, count, now_s, &value);
  med_slice copy = {0};
  if (written)
    copy = med_wide_copy(arena, med_slice_of(value.bytes, value.len), ok);
  else
    *ok = false;
  med_buffer_clear(&value);
  return copy;
}
