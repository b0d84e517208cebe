/* window_walk.h - the windows of a table as one sequence in key order: what tiers.h is of such a table. For tiers.c alone.
 *
 * Keys that begin with all that stands before the time are in the order of their windows, or in one (med_wide_window_span_of_keys): then window
 * after window is read, and only those that are come to. Other keys are merged: each window of the bounds is sought once and stands in a
 * heap, so that a step costs one step of one window and a logarithm; after a write in the transaction all of them are sought again.
 * A partition whose key is hashed has a record in each of its windows, which is found once or as often as there are; whoever walks such a table passes
 * over them. Threads and lifetime: as the transaction's. */
#ifndef MED_WIDECOLUMN_WINDOW_WALK_H
#define MED_WIDECOLUMN_WINDOW_WALK_H

#include "models/widecolumn/tiers.h"

/* The tiers outlive the walk; what they say of columns, sealed rows and bounds is taken when it is needed. */
MEDLEY_MUST_USE int med_wide_window_walk_open(const med_wide_tiers *tiers, med_wide_window_walk **walk);
void med_wide_window_walk_close(med_wide_window_walk *walk);

/* As those of tiers.h. */
MEDLEY_MUST_USE int med_wide_window_walk_seek(med_wide_window_walk *walk, med_slice key, bool forward,
                                              med_wide_found *found);
MEDLEY_MUST_USE int med_wide_window_walk_get(med_wide_window_walk *walk, med_slice key, med_wide_found *found);
MEDLEY_MUST_USE int med_wide_window_walk_row(med_wide_window_walk *walk, const med_wide_found *found, med_arena *arena,
                                             med_wide_row *row);
MEDLEY_MUST_USE int med_wide_window_walk_partition(med_wide_window_walk *walk, const med_key *key, med_arena *arena,
                                                   med_wide_partition *partition);

#endif
