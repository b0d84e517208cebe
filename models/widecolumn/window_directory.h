/* window_directory.h - the windows of tables with time windows (time_window.h): which there are, found, made and dropped.
 *
 * FORMAT.md section "Wide-column". A window is a table of its own by its number: rows, segments, their bits and the state of sealing stand under
 * that, and nothing under its table's. So whoever works on one table works on one window, given med_wide_table as it is answered here: its
 * definition is its table's, which outlives it, and its flags MED_WIDE_TABLE_SEGMENTS and _RUNS its own. The table's first one says that some window has, or had, any.
 *
 *   0a table window(8, sign flipped)    number(4) flags(1)
 *   0a                                  when the first window will be past (8): the sweep looks no sooner
 *
 * The directory is read where it is needed, by one lookup or with a cursor, and is no part of the catalog: a new window draws no new version.
 * Windows that are past (by the transaction's time) are answered by none of the calls that find one, but by med_wide_window_next_of_all.
 * Threads and lifetime: as the transaction's. */
#ifndef MED_WIDECOLUMN_WINDOW_DIRECTORY_H
#define MED_WIDECOLUMN_WINDOW_DIRECTORY_H

#include "models/widecolumn/catalog.h"
#include "models/widecolumn/time_window.h"

/* NOT_FOUND, without a message, if there is none or it is past; CORRUPT. */
MEDLEY_MUST_USE int med_wide_window_find(med_txn *txn, const med_wide_table *table, int64_t number,
                                         med_wide_table *window);
/* The same, made if there is none; then the one before it, in time, has its rows sealed soon (seal.h). RANGE, with its bounds, if it is past. */
MEDLEY_MUST_USE int med_wide_window_need(med_txn *txn, const med_wide_table *table, int64_t number,
                                         med_wide_table *window);
/* The first at or behind a number (up), or the last at or before it. The cursor is the caller's, on tree WIDE. NOT_FOUND. */
MEDLEY_MUST_USE int med_wide_window_next(med_txn *txn, med_cursor *cursor, const med_wide_table *table, int64_t from,
                                         bool up, med_wide_table *window);
/* The same upwards, past ones included. */
MEDLEY_MUST_USE int med_wide_window_next_of_all(med_txn *txn, med_cursor *cursor, const med_wide_table *table,
                                                int64_t from, med_wide_table *window);
/* Any table's window of that number, past ones included, in all of the directory: NOT_FOUND. */
MEDLEY_MUST_USE int med_wide_window_by_id(med_txn *txn, const med_wide_catalog *catalog, uint32_t id,
                                          med_wide_table *window);

/* The window has its first segment (MED_WIDE_TABLE_SEGMENTS) or run (MED_WIDE_TABLE_RUNS): it gets its flag, and with the first segment of all
 * so does its table. */
MEDLEY_MUST_USE int med_wide_window_note(med_txn *txn, med_wide_table *window, uint32_t flag);
/* No rows are looked at: they wait for the sweep as those of a dropped table. */
MEDLEY_MUST_USE int med_wide_window_drop(med_txn *txn, const med_wide_table *window);

/* Drops windows that are past, `limit` of them at most. *written: how many, and one more if it had to be looked; *left: there may be more. */
MEDLEY_MUST_USE int med_wide_windows_expire(med_txn *txn, size_t limit, size_t *written, bool *left);
/* The next sweep looks: a table keeps its windows for another time. */
MEDLEY_MUST_USE int med_wide_windows_request(med_txn *txn);

/* One entry of the directory taken apart, for whoever goes through all of it. CORRUPT. */
MEDLEY_MUST_USE int med_wide_window_take(med_txn *txn, med_slice key, med_slice value, uint32_t *table_id,
                                         int64_t *number, uint32_t *id, uint32_t *flags);

#endif
