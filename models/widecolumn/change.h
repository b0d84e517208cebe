/* change.h - one change of a column applied to a row in memory. Private to mutation.c.
 *
 * Threads: none of this shares anything. Lifetime: what the row refers to afterwards is the change's bytes and the arena's. */
#ifndef MED_WIDECOLUMN_CHANGE_H
#define MED_WIDECOLUMN_CHANGE_H

#include "models/widecolumn/mutation.h"

typedef struct med_wide_changer {
  med_wide_row *row;
  med_arena *arena;
  medley_error *error;
  bool force; /* the table does not settle by timestamps, and keeps no tombstones */
  int64_t timestamp_us, now_s;
  uint32_t ttl_s, expiry_s;
  uint64_t time_us; /* of list elements that are added */
  uint32_t added;   /* how many there are: their order in one time */
  uint32_t salt;    /* so that two processes' positions differ */
} med_wide_changer;

/* RANGE for a list index that is not there, TYPE for a null element, NO_MEMORY. */
MEDLEY_MUST_USE int med_wide_change_apply(med_wide_changer *changer, const med_wide_change *change);

#endif
