/* hot_rows.h - a table's records and the rows of its runs, one after the other, each with what sealing has to know of it.
 *
 * Threads and lifetime: as the transaction's; what is answered lives until the next call or write. */
#ifndef MED_WIDECOLUMN_HOT_ROWS_H
#define MED_WIDECOLUMN_HOT_ROWS_H

#include "models/widecolumn/plain_row.h"
#include "models/widecolumn/sorted_runs.h"

typedef struct med_wide_hot_rows {
  med_txn *txn;
  const med_wide_sealed_columns *columns;
  med_cursor *cursor;      /* the caller's, on tree WIDE, used by nobody else meanwhile */
  med_wide_run_rows *runs; /* the caller's; NULL: the table has none */
  med_key to;              /* rows before this key */
  bool passed;             /* `key` was answered: the next one is behind it */
  int64_t now_s;
  bool keeps_expiring; /* indexes and views are to be told when a row expires: such a row is no plain one */
  med_wide_key_walk walk;
  /* The record that comes next, or is the row that was found. */
  bool has_record, records_end; /* neither: it is looked for */
  bool stands;                  /* the cursor is on it, and nothing was written since: its value is there */
  med_key record;
  med_slice record_value;
  /* The row of a run that comes next, likewise. */
  bool has_in_run, runs_end;
  med_slice run_key, run_value;
  /* The row that was found. */
  med_key key;
  bool in_run;            /* it has no record of its own */
  bool plain;             /* a plain row, and short; only then the rest means anything */
  med_wide_plain_row row; /* its values have the caller's room */
  size_t bytes;           /* what it takes, about */
} med_wide_hot_rows;

/* From `from` on, before `to`, which are of the table. values has room for one of each column. */
void med_wide_hot_rows_init(med_wide_hot_rows *hot, med_txn *txn, med_cursor *cursor, med_wide_run_rows *runs,
                            const med_wide_sealed_columns *columns, med_slice *values, const med_key *from,
                            const med_key *to);
/* NOT_FOUND at the end; CORRUPT. */
MEDLEY_MUST_USE int med_wide_hot_rows_next(med_wide_hot_rows *hot);
/* It was written in the transaction, but not to the row: the same once more. */
MEDLEY_MUST_USE int med_wide_hot_rows_again(med_wide_hot_rows *hot);
/* It was written in the transaction: the next one is looked for. */
void med_wide_hot_rows_leave(med_wide_hot_rows *hot);
/* The parts of its clustering key. */
static inline med_slice med_wide_hot_rows_clustering(const med_wide_hot_rows *hot) {
  size_t at = (size_t)hot->walk.partition.len + 1;
  return med_slice_of(hot->key.bytes + at, hot->key.len - at);
}
/* The next key after that of a row: rows have shorter ones than there may be, or CORRUPT. */
MEDLEY_MUST_USE int med_wide_key_step(med_txn *txn, med_key *key);

#endif
