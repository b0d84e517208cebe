/* walk.h - every row and record of a table as it is stored, sealed, expired and dead ones included: for whoever derives, sweeps or proves.
 *
 * It may be written to the table between two steps; what lies before the present place is not seen again.
 * Threads and lifetime: as the transaction's; what is answered lives until the next step. */
#ifndef MED_WIDECOLUMN_WALK_H
#define MED_WIDECOLUMN_WALK_H

#include "models/widecolumn/derived.h"
#include "models/widecolumn/run_blocks.h"

typedef struct med_wide_walker med_wide_walker;

typedef struct med_wide_walked {
  med_wide_place_of_row place; /* clustering NULL: a partition's own record */
  med_key partition_key;
  med_wide_row row;             /* its static columns, if it is the partition's */
  med_wide_partition partition; /* only of a partition's own record */
  med_slice clustering_parts;   /* as its key has them; none of a partition's own record */
  bool sealed;
  const med_wide_run
      *run;         /* in which it stands; NULL: in none, or the table has time windows and is no window itself */
  med_arena *arena; /* lives as long as the answer */
} med_wide_walked;

MEDLEY_MUST_USE int med_wide_walker_open(med_txn *txn, const med_wide_table *table, med_wide_walker **walker);
/* Sealed rows are passed over. */
void med_wide_walker_only_records(med_wide_walker *walker);
/* Goes on behind a tail. */
void med_wide_walker_resume(med_wide_walker *walker, med_slice tail);
/* NOT_FOUND at the end; CORRUPT. */
MEDLEY_MUST_USE int med_wide_walker_next(med_wide_walker *walker, med_wide_walked *walked);
void med_wide_walker_close(med_wide_walker *walker);

#endif
