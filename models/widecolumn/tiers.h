/* tiers.h - a table's records of rows and its sealed rows as one sequence in key order.
 *
 * A table with time windows has these two in each of its windows, and all of them are one sequence (window_walk.h).
 * A row's key stands in one of the two (segment.h), so nothing is merged but the order. A partition's own record is among the records.
 * It may be written in the same transaction between two calls; sealing (seal.h) may not happen then.
 * Threads and lifetime: as the transaction's. */
#ifndef MED_WIDECOLUMN_TIERS_H
#define MED_WIDECOLUMN_TIERS_H

#include "models/widecolumn/segment_rows.h"
#include "models/widecolumn/time_window.h"
#include "models/widecolumn/partition.h"

typedef struct med_wide_window_walk med_wide_window_walk; /* window_walk.h */

typedef struct med_wide_tiers {
  med_txn *txn;
  const med_wide_table *table;
  med_cursor *cursor;            /* NULL until records are walked */
  med_wide_segment_rows *sealed; /* NULL: the table has none, or has not been asked */
  bool only_records, holds;
  const bool *wanted; /* columns of sealed rows; NULL: all, and their times */
  bool times;
  med_buffer space;
  /* While nobody writes: what was answered for `asked` last; no bytes: there was none. */
  bool has_record, forward;
  med_key asked;
  med_slice record, record_value;
  /* Of a table with time windows */
  med_wide_window_walk *walk; /* NULL until something is asked */
  const med_key *from, *to;   /* keys that are asked for are in between; NULL: any */
  med_wide_window_span span;  /* and in these windows */
  uint64_t bounds_number;     /* another one when these were moved */
} med_wide_tiers;

/* What was found: it lives until the next call or write. */
typedef struct med_wide_found {
  med_slice key;
  bool sealed;
  med_slice value; /* of a record */
} med_wide_found;

void med_wide_tiers_init(med_wide_tiers *tiers, med_txn *txn, const med_wide_table *table);
void med_wide_tiers_clear(med_wide_tiers *tiers);
/* Sealed rows are passed over. */
void med_wide_tiers_only_records(med_wide_tiers *tiers);

/* Of sealed rows with a marker, regular columns that are not wanted are left out, and, without times, timestamps are 0. By their places among the
 * table's columns; borrowed. Before anything is read. */
void med_wide_tiers_columns(med_wide_tiers *tiers, const bool *wanted, bool times);

/* Of a table with time windows: what will be sought is in from <= key < to, so other windows need not be looked at; both are borrowed and must not
 * change before the next call of this. And in these windows. Other tables take no notice. */
void med_wide_tiers_within(med_wide_tiers *tiers, const med_key *from, const med_key *to);
void med_wide_tiers_span(med_wide_tiers *tiers, const med_wide_window_span *span);

/* No sealed row is removed meanwhile. */
void med_wide_tiers_hold(med_wide_tiers *tiers);

/* Keys begin with 04. The first one at or behind a key, the last one before it; NOT_FOUND without a message. What is behind the table's
 * end may be another one's record. */
MEDLEY_MUST_USE int med_wide_tiers_seek(med_wide_tiers *tiers, med_slice key, med_wide_found *found);
MEDLEY_MUST_USE int med_wide_tiers_seek_before(med_wide_tiers *tiers, med_slice key, med_wide_found *found);
/* The row of a key of the table. */
MEDLEY_MUST_USE int med_wide_tiers_get(med_wide_tiers *tiers, med_slice key, med_wide_found *found);
/* A row that was found last, in the arena. Cells of columns that the table no longer has are left out. */
MEDLEY_MUST_USE int med_wide_tiers_row(med_wide_tiers *tiers, const med_wide_found *found, med_arena *arena,
                                       med_wide_row *row);
/* The record of the partition with that key, as med_wide_partition_load. */
MEDLEY_MUST_USE int med_wide_tiers_partition(med_wide_tiers *tiers, const med_key *key, med_arena *arena,
                                             med_wide_partition *partition);
/* A sealed row that was found last is gone from there. Not of a table with time windows: of one window. */
MEDLEY_MUST_USE int med_wide_tiers_unseal(med_wide_tiers *tiers);

#endif
