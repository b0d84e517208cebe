/* column_check.h - whether a column is what its headers say: for checks of a whole database. */
#ifndef MED_STORAGE_COLUMN_CHECK_H
#define MED_STORAGE_COLUMN_CHECK_H

#include "storage/column_vector.h"
#include "storage/page_run.h"

/* Decodes every vector, and compares counts, bounds and sums of the headers with them, the number of rows with `rows`, and the
 * number of pages in the run with those that the headers name. CORRUPT, with a message, at the first contradiction. */
MEDLEY_MUST_USE int med_column_check(med_txn *txn, const med_page_run *run, med_column_type type, uint64_t rows);

#endif
