/* sorted_runs.h - rows that were inserted together, many in one value: sorted runs of blocks, as in a log-structured merge tree.
 *
 * FORMAT.md section "Wide-column", "Sorted run". A record of its own costs a row a place in the tree, and a commit as many pages as it has rows. Rows
 * that one transaction inserts are put off (arrivals.h) and written as a run: blocks of a page, in key order. Runs of a table may overlap, but a
 * row's key stands in one of them, in one segment, or as a record: so who reads takes turns and merges nothing but the order (tiers.h).
 * Runs are few: run_writer.h merges those of about one size, and sealing empties them (seal.h).
 *
 *   0b table run(8)              directory: rows, the first tail and the last, the lowest clustering parts and the highest
 *   0c table run(8) tail         block: rows from that tail on
 *
 * Nothing in the file is believed. Threads and lifetime: as the transaction's; what is answered is a copy, which lives until the next call. */
#ifndef MED_WIDECOLUMN_SORTED_RUNS_H
#define MED_WIDECOLUMN_SORTED_RUNS_H

#include "models/widecolumn/run_blocks.h"

/* ---- Reading: all of them as one sequence ---- */
typedef struct med_wide_run_rows med_wide_run_rows;

MEDLEY_MUST_USE int med_wide_run_rows_open(med_txn *txn, uint32_t table_id, med_wide_run_rows **rows);
void med_wide_run_rows_close(med_wide_run_rows *rows);
/* Only these runs, of the table. Before anything is read. */
MEDLEY_MUST_USE int med_wide_run_rows_only(med_wide_run_rows *rows, const med_wide_run *runs, size_t count);
/* Nobody else changes runs of the table as long as this is open, though the transaction writes. Else what others write between two calls is seen. */
void med_wide_run_rows_own(med_wide_run_rows *rows);

/* The first row at or behind a key, or, not forward, the last one before it: its key, from 04 on, and its record's value (record.h). Keys begin with
 * 04; those outside of the table are its ends. NOT_FOUND without a message; CORRUPT. */
MEDLEY_MUST_USE int med_wide_run_rows_seek(med_wide_run_rows *rows, med_slice key, bool forward, med_slice *found,
                                           med_slice *value);
/* The row behind the one that was answered last, by this call or by seek forwards. */
MEDLEY_MUST_USE int med_wide_run_rows_next(med_wide_run_rows *rows, med_slice *found, med_slice *value);
/* The row of a key of the table; cheap where keys are asked for in their order, or where the parts of its clustering key (no bytes: not known) are beyond
 * those of the runs, as those of events are that come in the order of their times. NOT_FOUND without a message. */
MEDLEY_MUST_USE int med_wide_run_rows_find(med_wide_run_rows *rows, med_slice key, med_slice clustering,
                                           med_slice *value);
/* The run in which the row stands that was answered last; until the next call. NULL: none was. */
const med_wide_run *med_wide_run_rows_entry(const med_wide_run_rows *rows);

/* The row that was found last leaves its run, once its block is left or at med_wide_run_rows_settle. It is passed over from now on. Who does not own
 * the table's blocks settles at once; what was found before that is found again before it is taken. */
MEDLEY_MUST_USE int med_wide_run_rows_take(med_wide_run_rows *rows);
MEDLEY_MUST_USE int med_wide_run_rows_settle(med_wide_run_rows *rows);

#endif
