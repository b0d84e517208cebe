/* seal.h - rows that have come to rest move from records into segments, in the sweep's slices.
 *
 * A pass goes through a table in key order, range by range: a segment's range is from its first key to that of the next segment. Where enough
 * plain rows (segment_writer.h) have gathered as records, they and the rows of the range's segment are written as new segments, and the records
 * and the old segment are deleted, all in one transaction. So segments never overlap, and a key is looked for in one of them. They become one or
 * two; after the table's property segment_rows was made smaller up to about eight, which may then be larger than it says. A segment that has
 * lost a fifth of its rows is written anew as well, a small one together with the next.
 *
 * Rows that one transaction inserted stand in runs (sorted_runs.h), and leave them as records are deleted; what a pass leaves in runs is moved into one.
 *
 * A pass begins when so many rows were put or taken from segments since the last one that it is worth its while: four segments' worth, or an
 * eighth of the table. They are counted by a sample of their keys.
 *
 * What is not sealed: tables whose property segment_rows is 0, counters, views, tables that settle by timestamps (mutation.h), with more
 * than MED_WIDE_SEGMENT_COLUMNS_MAX columns; rows that are not plain or longer than a page. They stay as they are.
 *
 * Readers see no difference. Threads and lifetime: as the transaction's. */
#ifndef MED_WIDECOLUMN_SEAL_H
#define MED_WIDECOLUMN_SEAL_H

#include "models/widecolumn/catalog.h"
#include "models/widecolumn/seal_range.h"

/* A row of that key was put as a record, or taken from a segment. */
MEDLEY_MUST_USE int med_wide_seal_note(med_txn *txn, const med_wide_table *table, med_slice key);

/* A run of so many rows was written: it may be merged with others at once (run_writer.h). */
MEDLEY_MUST_USE int med_wide_seal_note_run(med_txn *txn, const med_wide_table *table, uint64_t rows);
/* The clustering parts of all rows of the table that were ever sealed, whatever has become of them: a key beyond them is in no segment. Not known for a
 * table without segments. */
MEDLEY_MUST_USE int med_wide_seal_bounds(med_txn *txn, const med_wide_table *table, med_wide_seal_reach *reach);
/* The same, also where the table's definition says that it has no segments: the state of sealing is proven. CORRUPT. */
MEDLEY_MUST_USE int med_wide_seal_check(med_txn *txn, uint32_t table_id, med_wide_seal_reach *reach);
/* Whether records of the table are sealed, if their rows are plain. */
bool med_wide_seal_takes_records(const med_wide_table *table);

/* Looks at `limit` records, and may write one range anew: the rows of its segment, or of two small ones, and as many records as one segment has.
 * *left: a pass is not at its end, or other tables were not looked at.
 * A table gets its flag MED_WIDE_TABLE_SEGMENTS with its first segment: whoever holds the catalog reads it again. */
MEDLEY_MUST_USE int med_wide_seal_step(med_txn *txn, size_t limit, size_t *looked, size_t *written, bool *left);

/* There is time: tables of which a thirty-second part or more is not sealed, though no pass is due, get one that takes all such rows.
 * *wanted: there is one. Once nothing is left to be done by med_wide_seal_step. */
MEDLEY_MUST_USE int med_wide_seal_rest(med_txn *txn, bool *wanted);

/* The next pass over the table is due: much of what is sealed has expired. */
MEDLEY_MUST_USE int med_wide_seal_request(med_txn *txn, const med_wide_table *table);

#endif
