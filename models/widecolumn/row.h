/* row.h - a row in memory: its cells with their timestamps, how two writes of one cell are settled, and the row as bytes.
 *
 * FORMAT.md section "Wide-column". A cell is (column, path): the path is empty for a simple or frozen column; in a set it is the
 * element, in a map the key, in a list a position of 16 bytes, in a user type the field's number(2). Cells stand in the order of
 * their column's id, then of their path.
 *
 * Of two writes of a cell the younger timestamp wins. With equal ones, as in Cassandra: what expires or is a tombstone before
 * what does not; a tombstone before what expires; the later expiry; the greater value in memcmp order.
 *
 * Threads: none of this shares anything. Lifetime: a row's cells are in the arena it was made in, their bytes in that arena or, after
 * med_wide_row_decode, in the record. */
#ifndef MED_WIDECOLUMN_ROW_H
#define MED_WIDECOLUMN_ROW_H

#include "models/widecolumn/schema.h"
#include "models/widecolumn/value.h"

#define MED_WIDE_NO_TIMESTAMP INT64_MIN /* older than every other */
#define MED_WIDE_POSITION_SIZE 16       /* bytes of a list's path */

typedef struct med_wide_cell {
  uint16_t column_id;
  bool has_path;
  bool tombstone; /* without a path in a complex column: of all its cells */
  med_slice path;
  int64_t timestamp_us;
  uint32_t ttl_s, expiry_s; /* expiry: seconds since 1970; 0: none */
  med_slice value;
} med_wide_cell;

typedef struct med_wide_marker { /* an INSERT was here: the row is there though all its columns may be null */
  bool present;
  int64_t timestamp_us;
  uint32_t ttl_s, expiry_s;
} med_wide_marker;

typedef struct med_wide_row {
  med_wide_marker marker;
  int64_t deleted_us; /* everything of this timestamp and older is gone; MED_WIDE_NO_TIMESTAMP: no tombstone */
  med_wide_cell *cells;
  size_t count, capacity;
} med_wide_row;

void med_wide_row_init(med_wide_row *row);
/* CORRUPT, NO_MEMORY. */
MEDLEY_MUST_USE int med_wide_row_decode(med_slice bytes, med_arena *arena, med_wide_row *row, medley_error *error);
/* The same without memory: first what the row has once, which is put into a row without cells, then each cell, borrowed from the record. False
 * if it is damaged; it is not looked at whether cells stand in their order. */
typedef struct med_wide_row_reader {
  med_slice left; /* no bytes: that was the last cell */
  int64_t base_us;
} med_wide_row_reader;
MEDLEY_MUST_USE bool med_wide_row_reader_init(med_wide_row_reader *reader, med_slice bytes, med_wide_row *row);
MEDLEY_MUST_USE bool med_wide_row_reader_cell(med_wide_row_reader *reader, med_wide_cell *cell);
/* Appends; false if memory is short. */
MEDLEY_MUST_USE bool med_wide_row_encode(const med_wide_row *row, med_buffer *bytes);
static inline bool med_wide_row_is_empty(const med_wide_row *row) {
  return !row->marker.present && row->count == 0 && row->deleted_us == MED_WIDE_NO_TIMESTAMP;
}

/* What has no expiry, or one in the future. */
static inline bool med_wide_is_live(uint32_t expiry_s, int64_t now_s) {
  return expiry_s == 0 || (int64_t)expiry_s > now_s;
}
static inline bool med_wide_cell_is_live(const med_wide_cell *cell, int64_t now_s) {
  return !cell->tombstone && med_wide_is_live(cell->expiry_s, now_s);
}
/* Whether a reader sees the row. */
bool med_wide_row_is_live(const med_wide_row *row, int64_t now_s);

/* The cells of a column: *first of them, answers how many. */
size_t med_wide_row_cells(const med_wide_row *row, uint16_t column_id, const med_wide_cell **first);
/* The cell of a column and path (empty: none); NULL if there is none. */
const med_wide_cell *med_wide_row_cell(const med_wide_row *row, const med_wide_column *column, med_slice path);

/* Order of two paths of a column of that type; a cell without one stands first. */
int med_wide_row_compare_paths(const med_wide_type *type, const med_wide_cell *a, const med_wide_cell *b);

/* Puts a cell: replaces an older one, or loses to a younger one or to a tombstone; `force` wins against all. The cell's bytes are not
 * copied. False if memory is short. */
MEDLEY_MUST_USE bool med_wide_row_put(med_wide_row *row, const med_wide_column *column, const med_wide_cell *cell,
                                      bool force, med_arena *arena);
/* Puts cells of one column, whose paths are in order and differ, as med_wide_row_put does one. A tombstone with `force` leaves nothing. */
MEDLEY_MUST_USE bool med_wide_row_put_all(med_wide_row *row, const med_wide_column *column, const med_wide_cell *cells,
                                          size_t count, bool force, med_arena *arena);
/* Removes the cells of a column up to a timestamp (force: all). */
void med_wide_row_drop_column(med_wide_row *row, uint16_t column_id, int64_t up_to_us, bool force);
/* Removes marker and cells up to a timestamp (force: all); tombstones of columns among them. */
void med_wide_row_drop(med_wide_row *row, int64_t up_to_us, bool force);
void med_wide_row_mark(med_wide_row *row, const med_wide_marker *marker, bool force);
/* Of a row that was decoded: removes the cells of columns that the table no longer has. CORRUPT if a cell is none of its column; what passes
 * may be compared, taken apart and put into keys. That a text's bytes are characters is not looked at, nor the order of paths. */
MEDLEY_MUST_USE int med_wide_row_accept(med_wide_row *row, const med_wide_table *table, medley_error *error);
/* Removes what has expired, and, up to a timestamp, tombstones. */
void med_wide_row_purge(med_wide_row *row, int64_t now_s, int64_t tombstones_up_to_us);

/* A column's value as a reader sees it: borrowed from the cell, or, for a complex column, put together in the arena. Null bytes: null. *ok
 * false if memory is short. */
med_slice med_wide_row_value(const med_wide_row *row, const med_wide_column *column, int64_t now_s, med_arena *arena,
                             bool *ok);

/* The copy of a slice in an arena, empty ones with an address; NULL bytes and *ok false if memory is short. */
med_slice med_wide_copy(med_arena *arena, med_slice slice, bool *ok);

#endif
