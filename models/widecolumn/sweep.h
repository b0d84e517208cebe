/* sweep.h - giving space back: rows of what was dropped, expired cells, tombstones past their grace; sealing rows. And checking all of it.
 *
 * Called in slices inside write transactions of its own. Nothing that a reader sees changes by it.
 * Threads and lifetime: as the transaction's. */
#ifndef MED_WIDECOLUMN_SWEEP_H
#define MED_WIDECOLUMN_SWEEP_H

#include "models/widecolumn/catalog.h"

/* Looks at or frees at most `limit` records, each part of a long one counting as one; of the last one all parts go. *swept: how many writes were made; *left: whether there is more to look at in this round. Rounds begin
 * anew by themselves: a table in which something may expire is gone through from its beginning once a minute at most. Rows that have come to rest are sealed (seal.h):
 * then a slice may write more than `limit`, and definitions may have a new version. */
MEDLEY_MUST_USE int med_wide_sweep(med_txn *txn, size_t limit, size_t *swept, bool *left);

/* A round begins with the next slice: a table has become one in which something may expire. */
MEDLEY_MUST_USE int med_wide_sweep_request(med_txn *txn);

/* Reads every definition, row, index entry and view row, and compares what is derived with what it is derived from. As med_kv_check. */
MEDLEY_MUST_USE int med_wide_check(med_txn *txn, void (*on_problem)(void *context, const char *problem), void *context,
                                   uint64_t *problem_count);

#endif
