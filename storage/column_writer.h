/* column_writer.h - writes one column as the pages of a run, vector after vector.
 *
 * FORMAT.md section "Columns". The caller hands over vectors of MED_VECTOR_ROWS rows, of which only the column's last one may be
 * shorter; the writer chooses encodings, fills pages and, for every group of MED_GROUP_ROWS rows, says in its header what it
 * holds. What it needs in memory does not grow with the column: one page, the zones of a group, a dictionary of at most 64 KiB;
 * all in all about 100 KiB, and 200 more for texts.
 *
 * The rows may be handed over in several transactions. The column is whole after med_column_writer_finish, and visible once the
 * caller's record of the run says so.
 *
 * Threads: a writer belongs to one thread at a time. Errors: after a failure the writer is of no use, and what it wrote is to be deleted, or
 * its transaction rolled back if all of it was written there. */
#ifndef MED_STORAGE_COLUMN_WRITER_H
#define MED_STORAGE_COLUMN_WRITER_H

#include "storage/column_vector.h"
#include "storage/page_run.h"

#define MED_COLUMN_TEXT_SIZE_MAX (64u << 20)

typedef struct med_column_writer med_column_writer;

/* The run is copied. */
MEDLEY_MUST_USE int med_column_writer_open(const med_page_run *run, med_column_type type, med_column_writer **writer,
                                           medley_error *error);
void med_column_writer_close(med_column_writer *writer);

/* One vector: values[0 .. rows-1], of which those count whose row is in `present` (NULL: all). Bits of `present` behind rows are
 * 0. MISUSE if the type is another one, rows is 0 or above MED_VECTOR_ROWS, or a shorter vector came before. TOO_BIG for a text
 * above MED_COLUMN_TEXT_SIZE_MAX. */
MEDLEY_MUST_USE int med_column_writer_add_integers(med_column_writer *writer, med_txn *txn, const int64_t *values,
                                                   const uint64_t *present, size_t rows);
MEDLEY_MUST_USE int med_column_writer_add_reals(med_column_writer *writer, med_txn *txn, const double *values,
                                                const uint64_t *present, size_t rows);
MEDLEY_MUST_USE int med_column_writer_add_texts(med_column_writer *writer, med_txn *txn, const med_slice *values,
                                                const uint64_t *present, size_t rows);
/* Writes what is left. The writer then takes nothing more. */
MEDLEY_MUST_USE int med_column_writer_finish(med_column_writer *writer, med_txn *txn);

#endif
