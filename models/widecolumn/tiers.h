/* tiers.h - a table's records of rows, those that stand in runs and its sealed rows as one sequence in key order.
 *
 * A table with time windows has these three in each of its windows, and all of them are one sequence (window_walk.h).
 * A row's key stands in one of them (segment.h), so nothing is merged but the order. A partition's own record is among the records. Where a caller
 * wants records only, rows of runs are among them, too.
 * It may be written in the same transaction between two calls; sealing (seal.h) may not happen then.
 * Threads and lifetime: as the transaction's. */
#ifndef MED_WIDECOLUMN_TIERS_H
#define MED_WIDECOLUMN_TIERS_H

#include "models/widecolumn/segment_rows.h"
#include "models/widecolumn/sorted_runs.h"
#include "models/widecolumn/time_window.h"
#include "models/widecolumn/partition.h"

typedef struct med_wide_window_walk med_wide_window_walk; /* window_walk.h */

typedef enum med_wide_tier { MED_WIDE_TIER_RECORDS, MED_WIDE_TIER_RUNS, MED_WIDE_TIER_SEALED } med_wide_tier;
#define MED_WIDE_TIERS 3

typedef struct med_wide_candidate { /* what a tier has at or behind a key, or before it */
  bool there;
  med_slice key, value;
} med_wide_candidate;

typedef struct med_wide_tiers {
  med_txn *txn;
  const med_wide_table *table;
  med_cursor *cursor;            /* NULL until records are walked */
  med_wide_run_rows *runs;       /* NULL: the table has none, or has not been asked */
  med_wide_segment_rows *sealed; /* the same */
  bool only_records, holds;
  const bool *wanted; /* columns of sealed rows; NULL: all, and their times */
  bool times;
  med_buffer space;
  /* While nobody writes: what was answered last, and what all tiers have had to say of it. */
  bool kept, forward;
  uint64_t changes; /* of the transaction, then */
  med_key asked;
  med_wide_candidate candidates[MED_WIDE_TIERS];
  med_wide_tier last; /* whose candidate was answered */
  /* Of a table with time windows */
  med_wide_window_walk *walk; /* NULL until something is asked */
  const med_key *from, *to;   /* keys that are asked for are in between; NULL: any */
  med_wide_window_span span;  /* and in these windows */
  uint64_t bounds_number;     /* another one when these were moved */
} med_wide_tiers;

/* What was found: it lives until the next call or write. */
typedef struct med_wide_found {
  med_slice key;
  bool sealed, in_run; /* neither: it has a record of its own */
  med_slice value;     /* of a record, also in a run */
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
/* The same, faster where the parts of its clustering key, which the caller knows, are beyond those of all rows that are sealed or stand in runs. */
MEDLEY_MUST_USE int med_wide_tiers_find(med_wide_tiers *tiers, med_slice key, med_slice clustering,
                                        med_wide_found *found);
/* A row that was found last, in the arena. Cells of columns that the table no longer has are left out. */
MEDLEY_MUST_USE int med_wide_tiers_row(med_wide_tiers *tiers, const med_wide_found *found, med_arena *arena,
                                       med_wide_row *row);
/* The record of the partition with that key, as med_wide_partition_load. */
MEDLEY_MUST_USE int med_wide_tiers_partition(med_wide_tiers *tiers, const med_key *key, med_arena *arena,
                                             med_wide_partition *partition);
/* The run in which a row stands that was found last, until the next call; NULL: in none, or the table has time windows and is no window itself. */
const med_wide_run *med_wide_tiers_run(const med_wide_tiers *tiers, const med_wide_found *found);
/* A row that was found last, which has no record of its own, is gone from there. Not of a table with time windows: of one window. */
MEDLEY_MUST_USE int med_wide_tiers_take(med_wide_tiers *tiers, const med_wide_found *found);

#endif
