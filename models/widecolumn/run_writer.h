/* run_writer.h - sorted runs (sorted_runs.h) written: of rows that come in key order, and of other runs.
 *
 * A run's blocks stand behind one another in the tree, so many rows touch few pages. Runs of about one size, a factor of four, are merged when there are
 * four of them (a tiered log-structured merge tree: O'Neil et al., 1996): so a table has a few for each size, and a row is written once for each. What
 * sealing leaves of them is gathered in one, in slices: a row that was moved is in the new run, and in none of the others.
 * Threads: as the transaction's. What a failure leaves goes with the caller's mark. */
#ifndef MED_WIDECOLUMN_RUN_WRITER_H
#define MED_WIDECOLUMN_RUN_WRITER_H

#include "models/widecolumn/sorted_runs.h"

#define MED_WIDE_RUNS_OF_A_SIZE 4

typedef struct med_wide_run_writer {
  med_txn *txn;
  uint32_t table_id;
  uint64_t number, rows;
  med_key first, last; /* tails */
  bool bounded;
  med_key low, high; /* clustering parts */
  med_key fence;     /* tail of the block's first row */
  size_t count, len; /* of the block: rows, bytes of tails and values */
  uint8_t lengths[MED_VALUE_SIZE_MAX], bytes[MED_VALUE_SIZE_MAX];
} med_wide_run_writer;

/* Whether a row may stand in a run. */
bool med_wide_run_takes(med_slice tail, med_slice value);

MEDLEY_MUST_USE int med_wide_run_writer_open(med_wide_run_writer *writer, med_txn *txn, uint32_t table_id);
/* The next row (asserted): its tail, its record's value. Copied. */
MEDLEY_MUST_USE int med_wide_run_writer_add(med_wide_run_writer *writer, med_slice tail, med_slice value);
/* The clustering parts of a row of it, or of all: those of all of its rows are to be within what was given here. */
void med_wide_run_writer_bound(med_wide_run_writer *writer, med_slice low, med_slice high);
/* The run is there from now on, if it has a row. */
MEDLEY_MUST_USE int med_wide_run_writer_finish(med_wide_run_writer *writer);

/* Merges runs of the table with numbers above one, as long as there are MED_WIDE_RUNS_OF_A_SIZE of one size that have no more than rows_max
 * together. */
MEDLEY_MUST_USE int med_wide_runs_merge(med_txn *txn, uint32_t table_id, uint64_t above, uint64_t rows_max);
/* Moves so many rows at most from all runs below a number to the run with it. *done: no such runs are left. */
MEDLEY_MUST_USE int med_wide_runs_gather(med_txn *txn, uint32_t table_id, uint64_t target, uint64_t limit,
                                         uint64_t *moved, bool *done);

#endif
