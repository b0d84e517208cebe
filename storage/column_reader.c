/* column_reader.c - pieces of vectors found, decoded and put into their rows: reals and texts. Integers: column_reader_integers.c. */
#include "storage/column_reader.h"

#include "storage/column_pieces.h"

#include "storage/column_reals.h"
#include "storage/column_texts.h"
#include "storage/column_writer.h"
#include "storage/memory.h"
#include "storage/native.h"

enum { CODES_HEADER = 8, LONG_SIZE = 16, BYTES_PER_PAGE = MED_VALUE_SIZE_MAX - MED_PAGE_HEADER_SIZE };
#define NONE UINT32_MAX

int med_column_reader_open(med_txn *txn, const med_page_run *run, med_column_type type, med_column_reader **reader) {
  *reader = med_alloc(sizeof **reader);
  if (*reader == NULL) return med_error_no_memory(med_txn_error(txn));
  memset(*reader, 0, offsetof(med_column_reader, group)); /* what follows is space for the header */
  (*reader)->txn = txn;
  (*reader)->run = *run;
  (*reader)->type = type;
  (*reader)->keeps_pages = !med_txn_writes(txn);
  return MEDLEY_OK;
}

void med_column_reader_use(med_column_reader *reader, med_cursor *cursor) { reader->cursor = cursor; }

void med_column_reader_close(med_column_reader *reader) {
  if (reader == NULL) return;
  med_column_dictionary_drop(&reader->dictionary);
  med_arena_clear(&reader->arena);
  med_free(reader);
}

int med_column_corrupt(const med_column_reader *reader, const char *what) {
  return med_error_set(med_txn_error(reader->txn), MEDLEY_CORRUPT, "column: run %llu, group %u, page %u: %s",
                       (unsigned long long)reader->run.id, reader->group_number, reader->page_number, what);
}

static int get_page(med_column_reader *reader, uint32_t number, med_slice *page) {
  uint64_t at = (uint64_t)reader->group_number << 32 | number;
  return reader->cursor != NULL ? med_page_run_get_near(reader->cursor, &reader->run, at, page)
                                : med_page_run_get(reader->txn, &reader->run, at, page);
}

/* ---- Groups ---- */
int med_column_reader_group(med_column_reader *reader, uint32_t group, const med_column_group **header) {
  *header = &reader->group;
  if (reader->has_group && reader->group_number == group) return MEDLEY_OK;
  med_slice page;
  reader->has_group = reader->has_dictionary = reader->has_page = false;
  reader->group_number = group;
  reader->page_number = MED_COLUMN_HEADER_AT;
  int rc = get_page(reader, MED_COLUMN_HEADER_AT, &page);
  if (rc == MEDLEY_OK) rc = med_column_group_read(page, &reader->group, med_txn_error(reader->txn));
  if (rc != MEDLEY_OK) return rc;
  if (reader->group.type != reader->type) return med_column_corrupt(reader, "the column has another type");
  reader->has_group = true;
  return MEDLEY_OK;
}

static int load_dictionary(med_column_reader *reader) {
  if (reader->has_dictionary) return MEDLEY_OK;
  uint32_t next = 0, count = reader->group.dictionary_texts, pages = reader->group.dictionary_pages;
  medley_error *error = med_txn_error(reader->txn);
  if (pages > MED_DICTIONARY_PAGES) return med_column_corrupt(reader, "the dictionary has too many pages");
  int rc = med_column_dictionary_start(&reader->dictionary, count, error);
  for (uint32_t i = 0; rc == MEDLEY_OK && i < pages; i++) {
    med_slice page;
    reader->page_number = MED_COLUMN_DICTIONARY_AT + i;
    reader->has_page = false;
    rc = get_page(reader, reader->page_number, &page);
    if (rc == MEDLEY_NOT_FOUND) return med_column_corrupt(reader, "a page of the dictionary is missing");
    if (rc == MEDLEY_OK) rc = med_column_dictionary_read(&reader->dictionary, page, &next, error);
  }
  if (rc == MEDLEY_OK && next != count) return med_column_corrupt(reader, "texts of the dictionary are missing");
  reader->has_dictionary = rc == MEDLEY_OK;
  return rc;
}

int med_column_reader_dictionary(med_column_reader *reader, uint32_t group, const med_slice **texts) {
  const med_column_group *header;
  int rc = med_column_reader_group(reader, group, &header);
  if (rc == MEDLEY_OK) rc = load_dictionary(reader);
  if (rc == MEDLEY_OK) *texts = reader->dictionary.texts;
  return rc;
}

/* ---- Pieces ---- */
static int load_page(med_column_reader *reader, uint32_t number, bool *is_bytes) {
  *is_bytes = false;
  if (reader->keeps_pages && reader->has_page && reader->page_number == number) return MEDLEY_OK;
  reader->has_page = false;
  reader->page_number = number;
  if (number >= reader->group.pages) return med_column_corrupt(reader, "a vector is not complete");
  int rc = get_page(reader, number, &reader->page);
  if (rc == MEDLEY_NOT_FOUND) return med_column_corrupt(reader, "the page is missing");
  if (rc == MEDLEY_OK)
    rc = med_column_page_read(reader->page, &reader->piece_count, is_bytes, med_txn_error(reader->txn));
  reader->has_page = rc == MEDLEY_OK && !*is_bytes;
  return rc;
}

void med_piece_walk_start(const med_column_reader *reader, size_t vector, med_vector_rows *rows, med_piece_walk *walk) {
  *walk = (med_piece_walk){.page = reader->group.zones[vector].page, .index = NONE};
  walk->rows = med_column_group_vector_rows(&reader->group, vector);
  walk->first_row = vector * MED_VECTOR_ROWS;
  rows->rows = walk->rows;
  rows->nulls = reader->group.zones[vector].nulls;
  rows->first = 0;
  rows->end = rows->rows;
  memset(rows->present, 0, sizeof rows->present);
}

/* The first piece of a vector stands somewhere in its page, the others follow, from the next page's beginning if need be. */
static int find_piece(med_column_reader *reader, med_piece_walk *walk, med_column_piece *piece) {
  medley_error *error = med_txn_error(reader->txn);
  bool is_bytes, first = walk->index == NONE;
  int rc = load_page(reader, walk->page, &is_bytes);
  if (first) walk->index = 0;
  while (rc == MEDLEY_OK && !first && (is_bytes || walk->index >= reader->piece_count)) {
    rc = load_page(reader, ++walk->page, &is_bytes);
    walk->index = 0;
  }
  if (rc == MEDLEY_OK && is_bytes) return med_column_corrupt(reader, "a vector begins in a long text");
  while (rc == MEDLEY_OK && walk->index < reader->piece_count) {
    rc = med_column_page_piece(reader->page, reader->piece_count, (uint16_t)walk->index++, piece, error);
    if (rc == MEDLEY_OK && piece->first_row == walk->first_row + walk->row) return MEDLEY_OK;
    if (!first) break;
  }
  return rc != MEDLEY_OK ? rc : med_column_corrupt(reader, "a piece of a vector is missing");
}

/* Behind the last page that may hold a piece of the vector. */
static uint32_t page_behind(const med_column_reader *reader, size_t vector) {
  for (size_t next = vector + 1; next < reader->group.vectors; next++) {
    if (reader->group.zones[next].page != MED_COLUMN_NO_PAGE) return reader->group.zones[next].page + 1;
  }
  return reader->group.pages;
}

/* Loads page `number` or, if it holds bytes of a long text, the next one below `end` that has pieces; *first_row is that of its
 * first piece, or NONE if there is no such page. */
static int load_pieces(med_column_reader *reader, uint32_t *number, uint32_t end, uint32_t *first_row) {
  bool is_bytes = true;
  med_column_piece piece;
  int rc = MEDLEY_OK;
  *first_row = NONE;
  for (uint32_t at = *number; is_bytes && at < end; at++) {
    rc = load_page(reader, at, &is_bytes);
    if (rc != MEDLEY_OK) return rc;
    *number = at;
  }
  if (is_bytes) return MEDLEY_OK;
  if (reader->piece_count == 0) return med_column_corrupt(reader, "a page without pieces");
  rc = med_column_page_piece(reader->page, reader->piece_count, 0, &piece, med_txn_error(reader->txn));
  if (rc == MEDLEY_OK) *first_row = piece.first_row;
  return rc;
}

/* Moves a walk at its beginning to the piece with that row of the vector: halves the pages, then looks through one. */
static int walk_to_row(med_column_reader *reader, med_piece_walk *walk, size_t row, uint32_t end) {
  medley_error *error = med_txn_error(reader->txn);
  size_t wanted = walk->first_row + row;
  uint32_t low = walk->page, first_row;
  med_column_piece piece;
  int rc;
  while (end > low && end - low > 1) {
    uint32_t middle = low + (end - low) / 2, number = middle;
    rc = load_pieces(reader, &number, end, &first_row);
    if (rc != MEDLEY_OK) return rc;
    if (first_row != NONE && first_row <= wanted) {
      low = number;
    } else {
      end = middle;
    }
  }
  bool is_bytes, found = false;
  rc = load_page(reader, low, &is_bytes);
  for (uint16_t i = 0; rc == MEDLEY_OK && !is_bytes && i < reader->piece_count; i++) {
    rc = med_column_page_piece(reader->page, reader->piece_count, i, &piece, error);
    if (rc != MEDLEY_OK || piece.first_row > wanted) break;
    if (piece.first_row < walk->first_row) continue;
    found = true;
    walk->row = piece.first_row - walk->first_row;
    walk->page = low;
    walk->index = i;
  }
  return rc != MEDLEY_OK || found ? rc : med_column_corrupt(reader, "a piece of a vector is missing");
}

/* Adds bits of a piece's rows, the first of which is row `row` of the vector. */
void med_rows_add_at(uint64_t *rows, size_t row, const uint64_t *bits) {
  size_t word = row / 64, shift = row % 64;
  for (size_t i = 0; word + i < MED_VECTOR_WORDS; i++) {
    rows[word + i] |= bits[i] << shift;
    if (shift > 0 && word + i + 1 < MED_VECTOR_WORDS) rows[word + i + 1] |= bits[i] >> (64 - shift);
  }
}

int med_piece_walk_next(med_column_reader *reader, med_piece_walk *walk, med_vector_rows *rows,
                        med_column_piece *piece) {
  int rc = find_piece(reader, walk, piece);
  if (rc != MEDLEY_OK) return rc;
  if (piece->rows > walk->rows - walk->row) return med_column_corrupt(reader, "a piece has rows beyond its vector");
  walk->values += piece->values;
  if (piece->rows == walk->rows && piece->rows_with.len == 0) { /* the whole vector, and no row is empty */
    med_rows_fill(rows->present, piece->rows);
    return MEDLEY_OK;
  }
  uint64_t with[MED_VECTOR_WORDS] = {0};
  if (piece->rows_with.len > 0) {
    memcpy(with, piece->rows_with.bytes, piece->rows_with.len);
  } else {
    med_rows_fill(with, piece->rows);
  }
  med_rows_add_at(rows->present, walk->row, with);
  return MEDLEY_OK;
}

int med_piece_walk_end(const med_column_reader *reader, const med_piece_walk *walk, const med_vector_rows *rows) {
  return walk->values == rows->rows - rows->nulls
             ? MEDLEY_OK
             : med_column_corrupt(reader, "a vector has other empty rows than its zone says");
}

/* True if the vector has no pieces and *constant, or no values at all. */
bool med_column_is_without_pieces(const med_column_reader *reader, size_t vector, med_vector_rows *rows,
                                  bool *constant) {
  const med_column_zone *zone = &reader->group.zones[vector];
  if (zone->page != MED_COLUMN_NO_PAGE) return false;
  rows->rows = med_column_group_vector_rows(&reader->group, vector);
  rows->nulls = zone->nulls;
  rows->first = 0;
  rows->end = rows->rows;
  *constant = zone->nulls == 0;
  med_rows_fill(rows->present, *constant ? rows->rows : 0);
  return true;
}

/* Makes the group of the vector the present one; *in_group is the vector's number there. */
int med_column_enter(med_column_reader *reader, med_column_type type, uint64_t vector, size_t *in_group) {
  const med_column_group *group;
  if (type != reader->type) {
    return med_error_set(med_txn_error(reader->txn), MEDLEY_MISUSE, "column: read as type %d, opened as %d", (int)type,
                         (int)reader->type);
  }
  if (vector / MED_GROUP_VECTORS > UINT32_MAX) return MEDLEY_NOT_FOUND;
  int rc = med_column_reader_group(reader, (uint32_t)(vector / MED_GROUP_VECTORS), &group);
  if (rc != MEDLEY_OK) return rc;
  *in_group = vector % MED_GROUP_VECTORS;
  return *in_group < group->vectors ? MEDLEY_OK : MEDLEY_NOT_FOUND;
}

MED_COLUMN_SPREAD(spread_reals, double, 0)
MED_COLUMN_SPREAD(spread_codes, uint32_t, 0)
MED_COLUMN_SPREAD(spread_texts, med_slice, med_slice_of("", 0))

/* ---- Vectors ---- */
void med_vector_rows_keep_range(med_vector_rows *rows) {
  uint64_t before[MED_VECTOR_WORDS], up_to[MED_VECTOR_WORDS];
  med_rows_fill(before, rows->first);
  med_rows_fill(up_to, rows->end);
  for (size_t i = 0; i < MED_VECTOR_WORDS; i++) rows->present[i] &= up_to[i] & ~before[i];
}

int med_column_reader_reals(med_column_reader *reader, uint64_t vector, med_vector_rows *rows, double *values) {
  size_t at = 0;
  bool constant;
  med_piece_walk walk;
  med_column_piece piece;
  int rc = med_column_enter(reader, MED_COLUMN_REALS, vector, &at);
  if (rc != MEDLEY_OK) return rc;
  if (med_column_is_without_pieces(reader, at, rows, &constant)) {
    double value = constant ? reader->group.zones[at].min.real : 0;
    for (size_t row = 0; row < MED_VECTOR_ROWS; row++) values[row] = value;
    return MEDLEY_OK;
  }
  for (med_piece_walk_start(reader, at, rows, &walk); walk.row < walk.rows; walk.row += piece.rows) {
    rc = med_piece_walk_next(reader, &walk, rows, &piece);
    if (rc != MEDLEY_OK) return rc;
    double of_piece[MED_VECTOR_ROWS], *to = piece.rows == walk.rows ? values : of_piece;
    if (!med_column_reals_decode(piece.codec, piece.payload, piece.values, to))
      return med_column_corrupt(reader, "damaged reals");
    if (to != values) memcpy(values + walk.row, to, piece.values * sizeof *values);
    spread_reals(values + walk.row, &piece);
  }
  return med_piece_walk_end(reader, &walk, rows);
}

int med_column_reader_present(med_column_reader *reader, uint64_t vector, med_vector_rows *rows) {
  size_t at = 0;
  bool constant;
  med_piece_walk walk;
  med_column_piece piece;
  int rc = med_column_enter(reader, reader->type, vector, &at);
  if (rc != MEDLEY_OK || med_column_is_without_pieces(reader, at, rows, &constant)) return rc;
  med_piece_walk_start(reader, at, rows, &walk);
  if (rows->nulls == 0) {
    med_rows_fill(rows->present, walk.rows);
    return MEDLEY_OK;
  }
  for (; walk.row < walk.rows; walk.row += piece.rows) {
    rc = med_piece_walk_next(reader, &walk, rows, &piece);
    if (rc != MEDLEY_OK) return rc;
  }
  return med_piece_walk_end(reader, &walk, rows);
}

/* ---- Texts ---- */
/* codes has room for MED_VECTOR_ROWS. */
static int decode_codes(med_column_reader *reader, const med_column_piece *piece, uint32_t *codes) {
  const uint8_t *from = piece->payload.bytes;
  if (piece->payload.len < CODES_HEADER) return med_column_corrupt(reader, "damaged codes");
  med_slice part = med_slice_of(from + CODES_HEADER, piece->payload.len - CODES_HEADER);
  bool sound = med_column_integers_decode_codes((med_column_codec)from[0], part, piece->values,
                                                reader->group.dictionary_texts, codes);
  return sound ? MEDLEY_OK : med_column_corrupt(reader, "damaged codes");
}

/* Rows of a piece that are to be read; it becomes what was. */
typedef struct piece_range {
  size_t first, end;
} piece_range;

/* Of a piece without empty rows, whose values are in the places of its rows. */
static int read_few_coded(med_column_reader *reader, const med_column_piece *piece, const piece_range *range,
                          med_slice *texts) {
  const uint8_t *from = piece->payload.bytes;
  if (piece->payload.len < CODES_HEADER) return med_column_corrupt(reader, "damaged codes");
  med_slice part = med_slice_of(from + CODES_HEADER, piece->payload.len - CODES_HEADER);
  uint16_t indexes[MED_COLUMN_FEW];
  int64_t codes[MED_VECTOR_ROWS];
  size_t count = range->end - range->first;
  for (size_t i = 0; i < count; i++) indexes[i] = (uint16_t)(range->first + i);
  bool sound = med_column_integers_pick((med_column_codec)from[0], part, piece->values, indexes, count, codes);
  for (size_t i = range->first; sound && i < range->end; i++) {
    sound = (uint64_t)codes[i] < reader->group.dictionary_texts;
    if (sound) texts[i] = reader->dictionary.texts[codes[i]];
  }
  return sound ? MEDLEY_OK : med_column_corrupt(reader, "damaged codes");
}

static int read_coded(med_column_reader *reader, const med_column_piece *piece, piece_range *range, med_slice *texts) {
  int rc = load_dictionary(reader);
  if (rc == MEDLEY_OK && range->end - range->first <= MED_COLUMN_FEW && piece->rows_with.len == 0)
    return read_few_coded(reader, piece, range, texts);
  uint32_t codes[MED_VECTOR_ROWS];
  *range = (piece_range){0, piece->rows};
  if (rc == MEDLEY_OK) rc = decode_codes(reader, piece, codes);
  for (size_t i = 0; rc == MEDLEY_OK && i < piece->values; i++) texts[i] = reader->dictionary.texts[codes[i]];
  return rc;
}

static int read_long(med_column_reader *reader, const med_column_piece *piece, med_slice *text) {
  med_slice page;
  const uint8_t *from = piece->payload.bytes;
  if (piece->payload.len != LONG_SIZE || piece->values != 1) return med_column_corrupt(reader, "a damaged long text");
  uint64_t len = med_native_u64(from), number = med_native_u32(from + 8);
  uint64_t pages = len / BYTES_PER_PAGE + (len % BYTES_PER_PAGE > 0);
  if (len > MED_COLUMN_TEXT_SIZE_MAX || number < reader->long_end || number + pages > reader->group.pages) {
    return med_column_corrupt(reader, "a damaged long text");
  }
  reader->long_end = number + pages;
  /* Before memory is given for it: the last page is there. */
  int rc = pages == 0 ? MEDLEY_OK : get_page(reader, (uint32_t)(number + pages - 1), &page);
  if (rc != MEDLEY_OK)
    return rc == MEDLEY_NOT_FOUND ? med_column_corrupt(reader, "a page of a long text is missing") : rc;
  uint8_t *bytes = med_arena_alloc(&reader->arena, len + 1);
  if (bytes == NULL) return med_error_no_memory(med_txn_error(reader->txn));
  *text = med_slice_of(bytes, len);
  for (uint64_t at = 0; at < len; number++) {
    uint16_t count;
    uint64_t part = len - at < BYTES_PER_PAGE ? len - at : BYTES_PER_PAGE;
    rc = get_page(reader, (uint32_t)number, &page);
    if (rc == MEDLEY_NOT_FOUND) return med_column_corrupt(reader, "a page of a long text is missing");
    if (rc == MEDLEY_OK) rc = med_page_header_read(page, MED_PAGE_COLUMN_BYTES, 1, &count, med_txn_error(reader->txn));
    if (rc != MEDLEY_OK) return rc;
    if (page.len != MED_PAGE_HEADER_SIZE + part)
      return med_column_corrupt(reader, "a page of a long text has another length");
    memcpy(bytes + at, (const uint8_t *)page.bytes + MED_PAGE_HEADER_SIZE, part);
    at += part;
  }
  return MEDLEY_OK;
}

static int read_texts(med_column_reader *reader, const med_column_piece *piece, piece_range *range, med_slice *texts) {
  int rc;
  if (piece->codec == MED_CODEC_CODES) return read_coded(reader, piece, range, texts);
  bool one = range->end - range->first == 1 && piece->rows_with.len == 0;
  if (!one) *range = (piece_range){0, piece->rows};
  if (piece->codec == MED_CODEC_LONG) return read_long(reader, piece, texts);
  if (one)
    rc = med_column_texts_decode_one(piece->codec, piece->payload, piece->values, range->first, &reader->arena,
                                     &texts[range->first]);
  else
    rc = med_column_texts_decode(piece->codec, piece->payload, piece->values, &reader->arena, texts);
  if (rc == MEDLEY_NO_MEMORY) return med_error_no_memory(med_txn_error(reader->txn));
  return rc == MEDLEY_OK ? rc : med_column_corrupt(reader, "damaged texts");
}

/* Reads the pieces from the walk's place until row `end` is behind it; what was read begins at or before `first`. */
static int read_pieces(med_column_reader *reader, med_piece_walk *walk, size_t first, size_t end, med_vector_rows *rows,
                       med_slice *values) {
  med_column_piece piece;
  rows->first = first;
  for (; walk->row < end; walk->row += piece.rows) {
    int rc = med_piece_walk_next(reader, walk, rows, &piece);
    if (rc != MEDLEY_OK) return rc;
    piece_range range = {first > walk->row ? first - walk->row : 0, piece.rows};
    if (range.first >= piece.rows) return med_column_corrupt(reader, "a piece of a vector is missing");
    if (end - walk->row < piece.rows) range.end = end - walk->row;
    rc = read_texts(reader, &piece, &range, values + walk->row);
    if (rc != MEDLEY_OK) return rc;
    spread_texts(values + walk->row, &piece);
    if (walk->row + range.first < rows->first) rows->first = walk->row + range.first;
    rows->end = walk->row + range.end;
  }
  med_vector_rows_keep_range(rows);
  return MEDLEY_OK;
}

int med_column_reader_texts(med_column_reader *reader, uint64_t vector, med_vector_rows *rows, med_slice *values) {
  return med_column_reader_text_range(reader, vector, 0, MED_VECTOR_ROWS, rows, values);
}

int med_column_reader_text_range(med_column_reader *reader, uint64_t vector, size_t first, size_t end,
                                 med_vector_rows *rows, med_slice *values) {
  size_t at = 0;
  bool constant;
  med_piece_walk walk;
  int rc = med_column_enter(reader, MED_COLUMN_TEXTS, vector, &at);
  if (rc != MEDLEY_OK) return rc;
  med_arena_reset(&reader->arena);
  reader->long_end = 0;
  if (med_column_is_without_pieces(reader, at, rows, &constant)) {
    for (size_t row = 0; row < rows->rows; row++) values[row] = med_slice_of("", 0);
    return MEDLEY_OK;
  }
  med_piece_walk_start(reader, at, rows, &walk);
  if (end > walk.rows) end = walk.rows;
  if (first >= end) {
    rows->end = 0;
    return MEDLEY_OK;
  }
  if (first > 0) rc = walk_to_row(reader, &walk, first, page_behind(reader, at));
  if (rc == MEDLEY_OK) rc = read_pieces(reader, &walk, first, end, rows, values);
  if (rc != MEDLEY_OK || first > 0 || end < walk.rows) return rc;
  return med_piece_walk_end(reader, &walk, rows);
}

int med_column_reader_codes(med_column_reader *reader, uint64_t vector, med_vector_rows *rows, uint32_t *codes,
                            bool *coded) {
  size_t at = 0;
  bool constant;
  med_piece_walk walk;
  med_column_piece piece;
  int rc = med_column_enter(reader, MED_COLUMN_TEXTS, vector, &at);
  *coded = rc == MEDLEY_OK;
  if (rc != MEDLEY_OK) return rc;
  if (med_column_is_without_pieces(reader, at, rows, &constant)) {
    memset(codes, 0, rows->rows * sizeof *codes);
    return MEDLEY_OK;
  }
  for (med_piece_walk_start(reader, at, rows, &walk); walk.row < walk.rows; walk.row += piece.rows) {
    rc = med_piece_walk_next(reader, &walk, rows, &piece);
    if (rc != MEDLEY_OK) return rc;
    *coded = piece.codec == MED_CODEC_CODES;
    if (!*coded) return MEDLEY_OK;
    uint32_t of_piece[MED_VECTOR_ROWS], *to = piece.rows == walk.rows ? codes : of_piece;
    rc = decode_codes(reader, &piece, to);
    if (rc != MEDLEY_OK) return rc;
    if (to != codes) memcpy(codes + walk.row, to, piece.values * sizeof *codes);
    spread_codes(codes + walk.row, &piece);
  }
  return med_piece_walk_end(reader, &walk, rows);
}
