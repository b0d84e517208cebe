/* arrivals.h - rows that a transaction inserts, collected, to be put into a sorted run together (sorted_runs.h).
 *
 * An INSERT that is plain (plain_row.h), reads nothing and has no index or view to tell, need not look whether its row is there: whatever the answer, what
 * follows is the same. So its row is put off (storage/store.h, med_deferred), and when many are made at once, they are sorted, looked for in the order
 * of their keys, and written behind one another. Those that are there already are changed where they stand. In an
 * append-only table each is looked for at once, since it must not be there: among those that were put off, and beyond them by what is known of runs and segments.
 * The first few of a transaction are not put off, nor those of a transaction that reads between its INSERTs; and few together become records.
 * Threads and lifetime: as the transaction's. */
#ifndef MED_WIDECOLUMN_ARRIVALS_H
#define MED_WIDECOLUMN_ARRIVALS_H

#include "models/widecolumn/mutation.h"

/* Whether a write of the table can be put off: of one of the model's tables, or of a window. */
bool med_wide_arrivals_may_take(const med_wide_write *write);
/* Whether one is to be put off now: then med_wide_arrivals_add follows. Not accepted, or not added: the caller makes the write at once. */
MEDLEY_MUST_USE int med_wide_arrivals_accept(med_txn *txn, bool *accepted);
/* The row's key from 04 on, where its clustering parts begin in it, its marker and cells, and the columns of it that become null. The table is copied, its catalog retained. */
MEDLEY_MUST_USE int med_wide_arrivals_add(med_txn *txn, const med_wide_table *table, med_slice key, size_t clustering,
                                          const med_wide_row *row, const med_wide_write *write, bool *added);
/* Whether the transaction has put rows of the table, or window, into a run: its definition may not say so yet. */
bool med_wide_arrivals_has_runs(const med_txn *txn, uint32_t table_id);

#endif
