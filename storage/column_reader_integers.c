/* column_reader_integers.c - vectors of integers: all of one, some rows, or which of them are within bounds. */
#include "storage/column_integers.h"
#include "storage/column_kernels.h"
#include "storage/column_pieces.h"

MED_COLUMN_SPREAD(spread_integers, int64_t, 0)

static int fill_constant(const med_column_reader *reader, size_t vector, bool constant, int64_t *values) {
  int64_t value = constant ? reader->group.zones[vector].min.integer : 0;
  for (size_t row = 0; row < MED_VECTOR_ROWS; row++) values[row] = value;
  return MEDLEY_OK;
}

static int decode_integers(med_column_reader *reader, const med_column_piece *piece, const med_piece_walk *walk,
                           int64_t *values) {
  /* A whole vector is decoded into its place. */
  int64_t of_piece[MED_VECTOR_ROWS], *to = piece->rows == walk->rows ? values : of_piece;
  if (!med_column_integers_decode(piece->codec, piece->payload, piece->values, to))
    return med_column_corrupt(reader, "damaged integers");
  if (to != values) memcpy(values + walk->row, to, piece->values * sizeof *values);
  spread_integers(values + walk->row, piece);
  return MEDLEY_OK;
}

int med_column_reader_integers(med_column_reader *reader, uint64_t vector, med_vector_rows *rows, int64_t *values) {
  size_t at = 0;
  bool constant;
  med_piece_walk walk;
  med_column_piece piece;
  int rc = med_column_enter(reader, MED_COLUMN_INTEGERS, vector, &at);
  if (rc != MEDLEY_OK) return rc;
  if (med_column_is_without_pieces(reader, at, rows, &constant)) return fill_constant(reader, at, constant, values);
  for (med_piece_walk_start(reader, at, rows, &walk); walk.row < walk.rows; walk.row += piece.rows) {
    rc = med_piece_walk_next(reader, &walk, rows, &piece);
    if (rc == MEDLEY_OK) rc = decode_integers(reader, &piece, &walk, values);
    if (rc != MEDLEY_OK) return rc;
  }
  return med_piece_walk_end(reader, &walk, rows);
}

/* From bits of values to bits of the rows that have them. */
static void spread_bits(uint64_t *bits, const med_column_piece *piece) {
  uint64_t of_rows[MED_VECTOR_WORDS] = {0};
  size_t value = 0;
  const uint8_t *bytes = piece->rows_with.bytes;
  if (piece->rows_with.len == 0) return;
  for (size_t row = 0; row < piece->rows; row++) {
    bool has = (med_native_u64(bytes + row / 64 * 8) >> row % 64 & 1) != 0;
    if (has && med_rows_has(bits, value++)) med_rows_add(of_rows, row);
  }
  memcpy(bits, of_rows, sizeof of_rows);
}

int med_column_reader_within(med_column_reader *reader, uint64_t vector, int64_t low, int64_t high,
                             med_vector_rows *rows, uint64_t *found) {
  size_t at = 0;
  bool constant;
  med_piece_walk walk;
  med_column_piece piece;
  int rc = med_column_enter(reader, MED_COLUMN_INTEGERS, vector, &at);
  if (rc != MEDLEY_OK) return rc;
  memset(found, 0, MED_VECTOR_WORDS * sizeof *found);
  if (med_column_is_without_pieces(reader, at, rows, &constant)) {
    int64_t value = reader->group.zones[at].min.integer;
    if (low <= value && value <= high) memcpy(found, rows->present, sizeof rows->present);
    return MEDLEY_OK;
  }
  for (med_piece_walk_start(reader, at, rows, &walk); walk.row < walk.rows; walk.row += piece.rows) {
    uint64_t of_piece[MED_VECTOR_WORDS];
    rc = med_piece_walk_next(reader, &walk, rows, &piece);
    if (rc != MEDLEY_OK) return rc;
    if (!med_column_integers_within(piece.codec, piece.payload, piece.values, low, high, of_piece))
      return med_column_corrupt(reader, "damaged integers");
    spread_bits(of_piece, &piece);
    med_rows_add_at(found, walk.row, of_piece);
  }
  return med_piece_walk_end(reader, &walk, rows);
}

/* Of a piece without empty rows, the first of which is `row`; *listed grows by those of the `count` rows that are in it. */
static int decode_wanted(med_column_reader *reader, const med_column_piece *piece, size_t row, const uint16_t *wanted,
                         size_t count, size_t *listed, int64_t *values) {
  uint16_t indexes[MED_COLUMN_FEW];
  size_t picked = 0;
  for (; *listed < count && wanted[*listed] < row + piece->rows; ++*listed)
    indexes[picked++] = (uint16_t)(wanted[*listed] - row);
  if (picked == 0) return MEDLEY_OK;
  bool sound = med_column_integers_pick(piece->codec, piece->payload, piece->values, indexes, picked, values + row);
  return sound ? MEDLEY_OK : med_column_corrupt(reader, "damaged integers");
}

/* Until row `end`; `list` has `count` rows that are wanted, ascending. */
static int read_listed(med_column_reader *reader, med_piece_walk *walk, size_t end, const uint16_t *list, size_t count,
                       med_vector_rows *rows, int64_t *values) {
  size_t listed = 0;
  med_column_piece piece;
  for (; walk->row < end; walk->row += piece.rows) {
    int rc = med_piece_walk_next(reader, walk, rows, &piece);
    if (rc != MEDLEY_OK) return rc;
    if (piece.rows_with.len > 0) rc = decode_integers(reader, &piece, walk, values);
    if (piece.rows_with.len == 0) rc = decode_wanted(reader, &piece, walk->row, list, count, &listed, values);
    while (listed < count && list[listed] < walk->row + piece.rows) listed++;
    if (rc != MEDLEY_OK) return rc;
  }
  return walk->row < walk->rows ? MEDLEY_OK : med_piece_walk_end(reader, walk, rows);
}

int med_column_reader_integers_of(med_column_reader *reader, uint64_t vector, const uint64_t *wanted,
                                  med_vector_rows *rows, int64_t *values) {
  size_t at = 0, count = med_rows_count(wanted);
  uint16_t list[MED_VECTOR_ROWS];
  bool constant;
  med_piece_walk walk;
  if (count > MED_COLUMN_FEW) return med_column_reader_integers(reader, vector, rows, values);
  int rc = med_column_enter(reader, MED_COLUMN_INTEGERS, vector, &at);
  if (rc != MEDLEY_OK) return rc;
  if (med_column_is_without_pieces(reader, at, rows, &constant)) return fill_constant(reader, at, constant, values);
  med_piece_walk_start(reader, at, rows, &walk);
  (void)med_column_list_rows(wanted, list);
  return read_listed(reader, &walk, walk.rows, list, count, rows, values);
}

int med_column_reader_integer_range(med_column_reader *reader, uint64_t vector, size_t first, size_t end,
                                    med_vector_rows *rows, int64_t *values) {
  size_t at = 0, count = 0;
  uint16_t list[MED_COLUMN_FEW];
  bool constant;
  med_piece_walk walk;
  if (first >= end || end - first > MED_COLUMN_FEW) return med_column_reader_integers(reader, vector, rows, values);
  int rc = med_column_enter(reader, MED_COLUMN_INTEGERS, vector, &at);
  if (rc != MEDLEY_OK) return rc;
  if (med_column_is_without_pieces(reader, at, rows, &constant)) return fill_constant(reader, at, constant, values);
  med_piece_walk_start(reader, at, rows, &walk);
  if (end > walk.rows) end = walk.rows;
  for (size_t row = first; row < end; row++) list[count++] = (uint16_t)row;
  rc = read_listed(reader, &walk, end, list, count, rows, values);
  rows->first = first < end ? first : end;
  rows->end = end;
  med_vector_rows_keep_range(rows);
  return rc;
}
