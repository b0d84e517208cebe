/* column_reader.h - reads a column that column_writer.h wrote: headers of groups, and vectors.
 *
 * FORMAT.md section "Columns". What the header of a group says - counts, sums, smallest and largest values of the group and of each
 * vector - is read without touching a value; a caller looks there first, and asks only for vectors that may matter. Vector v is that of
 * rows v * MED_VECTOR_ROWS and following; it is in group v / MED_GROUP_VECTORS.
 *
 * Nothing in the file is believed: any content answers CORRUPT or values within bounds.
 *
 * Threads: a reader belongs to one thread at a time. Lifetime: a reader lives at most as long as its transaction's snapshot. Slices
 * of texts live until the reader reads the next vector, or, in a writing transaction, until the next write. */
#ifndef MED_STORAGE_COLUMN_READER_H
#define MED_STORAGE_COLUMN_READER_H

#include "storage/column_page.h"
#include "storage/page_run.h"

typedef struct med_column_reader med_column_reader;

/* The run is copied. CORRUPT later if the column has another type. */
MEDLEY_MUST_USE int med_column_reader_open(med_txn *txn, const med_page_run *run, med_column_type type,
                                           med_column_reader **reader);
/* Pages are found with that cursor, which is on the run's tree, and borrowed until the reader is closed: columns whose pages are neighbours share
 * one. */
void med_column_reader_use(med_column_reader *reader, med_cursor *cursor);
void med_column_reader_close(med_column_reader *reader);

/* The header of group number `group`, which stays until another group is asked for. NOT_FOUND (without filling the error slot)
 * behind the last one. */
MEDLEY_MUST_USE int med_column_reader_group(med_column_reader *reader, uint32_t group, const med_column_group **header);

/* `present` are the rows that have a value; the values of others are 0, and empty. values has room for MED_VECTOR_ROWS; what
 * is in it behind `rows` means nothing. NOT_FOUND behind the last vector. */
typedef struct med_vector_rows {
  size_t rows;
  size_t nulls;
  size_t first, end; /* rows [first, end) were read: all, but for med_column_reader_text_range */
  uint64_t present[MED_VECTOR_WORDS];
} med_vector_rows;

MEDLEY_MUST_USE int med_column_reader_integers(med_column_reader *reader, uint64_t vector, med_vector_rows *rows,
                                               int64_t *values);
MEDLEY_MUST_USE int med_column_reader_reals(med_column_reader *reader, uint64_t vector, med_vector_rows *rows,
                                            double *values);
MEDLEY_MUST_USE int med_column_reader_texts(med_column_reader *reader, uint64_t vector, med_vector_rows *rows,
                                            med_slice *values);

/* Which rows have an integer in [low, high]: found has MED_VECTOR_WORDS words. Much is known without decoding. */
MEDLEY_MUST_USE int med_column_reader_within(med_column_reader *reader, uint64_t vector, int64_t low, int64_t high,
                                             med_vector_rows *rows, uint64_t *found);
/* Rows [first, end) of the vector, as of texts below. */
MEDLEY_MUST_USE int med_column_reader_integer_range(med_column_reader *reader, uint64_t vector, size_t first,
                                                    size_t end, med_vector_rows *rows, int64_t *values);
/* The integers of the rows in `wanted`, in their places in `values`; what is in others means nothing. For a few rows it costs less than all. */
MEDLEY_MUST_USE int med_column_reader_integers_of(med_column_reader *reader, uint64_t vector, const uint64_t *wanted,
                                                  med_vector_rows *rows, int64_t *values);

/* Which rows of the vector have a value, of any type: no value is decoded. */
MEDLEY_MUST_USE int med_column_reader_present(med_column_reader *reader, uint64_t vector, med_vector_rows *rows);

/* Only rows [first, end) of the vector, in their places in `values`, and such neighbours as cost nothing then: rows->first and rows->end say
 * which. The others' values mean nothing, and they are not in `present`. Few pages are looked at; of a row alone, one text is decoded. */
MEDLEY_MUST_USE int med_column_reader_text_range(med_column_reader *reader, uint64_t vector, size_t first, size_t end,
                                                 med_vector_rows *rows, med_slice *values);

/* The texts of the vector as numbers of its group's dictionary, all below its dictionary_texts; those of empty rows are 0. *coded is
 * false, and nothing else is said, if some of the vector is stored in another way: then its texts have to be read. */
MEDLEY_MUST_USE int med_column_reader_codes(med_column_reader *reader, uint64_t vector, med_vector_rows *rows,
                                            uint32_t *codes, bool *coded);
/* The texts of the dictionary of a group, in order of their numbers: dictionary_texts of the group's header. They live until
 * another group is asked for. */
MEDLEY_MUST_USE int med_column_reader_dictionary(med_column_reader *reader, uint32_t group, const med_slice **texts);

#endif
