/* places.h - whether a row is there already: as a record, in a run or sealed. For whoever asks for many keys of a table.
 *
 * Nobody may write in the transaction while it is open. Threads and lifetime: as the transaction's. */
#ifndef MED_WIDECOLUMN_PLACES_H
#define MED_WIDECOLUMN_PLACES_H

#include "models/widecolumn/seal.h"
#include "models/widecolumn/segment_rows.h"
#include "models/widecolumn/sorted_runs.h"

typedef struct med_wide_places {
  med_txn *txn;
  const med_wide_table *table;
  bool in_order;      /* keys are asked for in their order: */
  med_cursor *cursor; /* on records, */
  bool known;         /* `record` is the first one at or behind all keys that were asked for; no bytes: there is none */
  med_slice record;
  med_wide_run_rows *runs;       /* NULL: there are none */
  med_wide_segment_rows *sealed; /* NULL: there are none */
  med_wide_seal_reach reach;     /* of sealed rows */
} med_wide_places;

/* in_order: each key is at or behind the one before. What failed to open is closed all the same. */
MEDLEY_MUST_USE int med_wide_places_open(med_wide_places *of, med_txn *txn, const med_wide_table *table, bool in_order);
void med_wide_places_close(med_wide_places *of);
/* A key of the table, and the parts of its clustering key: where those are beyond what stands in runs and segments, nothing is read of them. */
MEDLEY_MUST_USE int med_wide_places_have(med_wide_places *of, med_slice key, med_slice clustering, bool *there);

#endif
