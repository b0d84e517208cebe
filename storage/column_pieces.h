/* column_pieces.h - what column_reader.c and column_reader_integers.c share: a reader's insides, and its way through the pieces of a vector.
 *
 * Not for anybody else. Failures are CORRUPT with the place in the message. */
#ifndef MED_STORAGE_COLUMN_PIECES_H
#define MED_STORAGE_COLUMN_PIECES_H

#include "storage/column_dictionary.h"
#include "storage/column_reader.h"
#include "storage/memory.h"
#include "storage/native.h"

#define MED_COLUMN_FEW 64 /* values that are taken one by one rather than with all of their piece */

struct med_column_reader {
  med_txn *txn;
  med_cursor *cursor; /* NULL: pages are found without */
  med_page_run run;
  med_column_type type;
  bool keeps_pages; /* nobody writes in the transaction: a page stays where it is */
  bool has_group, has_dictionary, has_page;
  uint32_t group_number, page_number;
  uint16_t piece_count;
  med_slice page;
  uint64_t long_end; /* page behind the last long text of the vector: none is read twice */
  med_dictionary dictionary;
  med_arena arena;        /* texts of the vector that was read last */
  med_column_group group; /* if has_group */
};

/* A walk over the pieces of one vector. */
typedef struct med_piece_walk {
  uint32_t page, index;
  size_t row, rows; /* in the vector: of the next piece, of all */
  size_t first_row; /* of the vector, in the group */
  size_t values;
} med_piece_walk;

int med_column_corrupt(const med_column_reader *reader, const char *what);
/* Makes the group of the vector the present one; *in_group is the vector's number there. NOT_FOUND behind the last. */
MEDLEY_MUST_USE int med_column_enter(med_column_reader *reader, med_column_type type, uint64_t vector,
                                     size_t *in_group);
/* True if the vector has no pieces, and then *constant, or no values at all. */
bool med_column_is_without_pieces(const med_column_reader *reader, size_t vector, med_vector_rows *rows,
                                  bool *constant);

void med_piece_walk_start(const med_column_reader *reader, size_t vector, med_vector_rows *rows, med_piece_walk *walk);
/* The piece at walk->row, which the caller moves behind it; its rows with a value are added to rows->present. */
MEDLEY_MUST_USE int med_piece_walk_next(med_column_reader *reader, med_piece_walk *walk, med_vector_rows *rows,
                                        med_column_piece *piece);
/* Behind the last piece: as many values as the header says. */
MEDLEY_MUST_USE int med_piece_walk_end(const med_column_reader *reader, const med_piece_walk *walk,
                                       const med_vector_rows *rows);

/* Adds bits of a piece's rows, the first of which is row `row` of the vector. */
void med_rows_add_at(uint64_t *rows, size_t row, const uint64_t *bits);
/* Only rows [first, end) stay in `present`. */
void med_vector_rows_keep_range(med_vector_rows *rows);

/* Moves the values at the beginning of `at`, in order, to the rows that have one; the others become 0. From the end, so that
 * nothing is overwritten before it was moved. */
#define MED_COLUMN_SPREAD(name, type, zero)                                   \
  static void name(type *at, const med_column_piece *piece) {                 \
    size_t from = piece->values;                                              \
    const uint8_t *bytes = piece->rows_with.bytes;                            \
    if (piece->rows_with.len == 0) return;                                    \
    for (size_t row = piece->rows; row-- > 0;) {                              \
      bool has = (med_native_u64(bytes + row / 64 * 8) >> row % 64 & 1) != 0; \
      at[row] = has ? at[--from] : (zero);                                    \
    }                                                                         \
  }

#endif
