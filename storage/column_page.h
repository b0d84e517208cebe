/* column_page.h - the pages of a column: pieces of vectors in a page, and the header of a group.
 *
 * FORMAT.md section "Columns", "Pages". A vector that does not fit the rest of a page is cut into *pieces*, each of which is encoded
 * by itself and lies in one page; so pages are full, and each decodes in place.
 *
 *   number in the group   0, 1, 2 ...          FFFFFF00 ...     FFFFFFFF
 *                         vectors, long texts  dictionary       header: counts, sums, zones
 *
 * The header comes last because it is known last; and it is found without looking, because its number is fixed.
 *
 * Reading distrusts: what these functions answer lies inside of the page and inside of the group. */
#ifndef MED_STORAGE_COLUMN_PAGE_H
#define MED_STORAGE_COLUMN_PAGE_H

#include "storage/bytes.h"
#include "storage/column_vector.h"

#define MED_COLUMN_DICTIONARY_AT 0xFFFFFF00u
#define MED_COLUMN_HEADER_AT 0xFFFFFFFFu
#define MED_COLUMN_NO_PAGE 0xFFFFFFFFu /* the vector has no pieces: all rows are empty, or all are equal */

/* A smallest or largest value, or a sum. Of texts: their first 8 bytes as a big-endian number, with zeros behind a shorter one. */
typedef union med_column_bound {
  int64_t integer;
  double real;
  uint64_t prefix;
} med_column_bound;

static inline uint64_t med_column_text_prefix(med_slice text) {
  uint8_t first[8] = {0};
  if (text.len > 0) memcpy(first, text.bytes, text.len < 8 ? text.len : 8);
  return med_get_u64(first);
}

/* What is known of a vector without reading it. min and max say nothing if every row is empty. */
typedef struct med_column_zone {
  uint32_t page; /* with its first piece; MED_COLUMN_NO_PAGE */
  uint32_t nulls;
  med_column_bound min, max;
} med_column_zone;

typedef struct med_column_group {
  med_column_type type;
  uint32_t rows;  /* 1 to MED_GROUP_ROWS; fewer than that only in the last group */
  uint32_t nulls; /* rows without a value */
  uint32_t vectors;
  uint32_t pages; /* of vectors and long texts */
  uint32_t dictionary_pages, dictionary_texts;
  med_column_bound min, max; /* of values; nothing if nulls == rows */
  med_int128 sum;            /* of integers; of texts their lengths */
  double real_sum;           /* of reals, with the error that is known of it added: Neumaier's sum */
  med_column_zone zones[MED_GROUP_VECTORS];
} med_column_group;

static inline size_t med_column_group_vector_rows(const med_column_group *group, size_t vector) {
  size_t left = group->rows - vector * MED_VECTOR_ROWS;
  return left < MED_VECTOR_ROWS ? left : MED_VECTOR_ROWS;
}

/* page has room for MED_VALUE_SIZE_MAX; answers its length. */
size_t med_column_group_write(const med_column_group *group, uint8_t *page);
MEDLEY_MUST_USE int med_column_group_read(med_slice page, med_column_group *group, medley_error *error);

/* ---- Pieces ---- */
typedef struct med_column_piece {
  uint16_t first_row; /* in the group */
  uint16_t rows;      /* 1 to MED_VECTOR_ROWS, of one vector */
  uint16_t values;    /* rows that have one: at least 1 */
  med_column_codec codec;
  med_slice rows_with; /* a bitmap of the rows, in words of 8 bytes, if some are empty; else no bytes */
  med_slice payload;
} med_column_piece;

/* A page that is being filled. */
#define MED_COLUMN_PIECES_MAX 255
typedef struct med_column_page_writer {
  size_t piece_count;
  size_t used; /* bytes of payloads */
  struct {
    uint16_t offset, first_row, rows;
    uint8_t codec;
    bool has_nulls;
  } pieces[MED_COLUMN_PIECES_MAX];
  uint8_t payloads[4096];
} med_column_page_writer;

/* Bytes, a multiple of 8, that the bitmap and the payload of one more piece may have. */
size_t med_column_page_room(const med_column_page_writer *page);
/* Takes that many bytes, which are zero, for a piece; the caller writes the bitmap of its rows, if it has nulls, and the payload. */
uint8_t *med_column_page_add(med_column_page_writer *page, const med_column_piece *piece, bool has_nulls, size_t size);
/* Fills page, of MED_VALUE_SIZE_MAX bytes, answers its length, and is empty again. */
size_t med_column_page_finish(med_column_page_writer *page, uint8_t *to);

/* Whether the page holds the bytes of long texts instead of pieces. */
MEDLEY_MUST_USE int med_column_page_read(med_slice page, uint16_t *piece_count, bool *is_bytes, medley_error *error);
/* Piece number `index` of a page whose header was read. CORRUPT. */
MEDLEY_MUST_USE int med_column_page_piece(med_slice page, uint16_t piece_count, uint16_t index, med_column_piece *piece,
                                          medley_error *error);

#endif
