/* record.h - the model's records in tree WIDE: of any length up to a limit, the long ones in parts of a page.
 *
 * FORMAT.md section "Wide-column". A record is 00 and its bytes, or, beyond MED_WIDE_INLINE_MAX, 01 object id(8) length(4), the bytes
 * being in parts: key 03 object id(8) index(4), each as long as a page takes. A record that is written anew keeps its object.
 * Threads and lifetime: as the transaction's. */
#ifndef MED_WIDECOLUMN_RECORD_H
#define MED_WIDECOLUMN_RECORD_H

#include "storage/memory.h"
#include "storage/store.h"

/* The first byte of a key in tree WIDE. */
enum {
  MED_WIDE_KEY_CATALOG = 1,
  MED_WIDE_KEY_DROPPED = 2, /* tables and indexes whose records wait to be freed */
  MED_WIDE_KEY_PART = 3,
  MED_WIDE_KEY_ROW = 4,
  MED_WIDE_KEY_INDEX = 5,
  MED_WIDE_KEY_SEGMENT = 6, /* segment.h */
  MED_WIDE_KEY_PAGE = 7,
  MED_WIDE_KEY_GONE = 8,
  MED_WIDE_KEY_SEALING = 9, /* seal.h */
  MED_WIDE_KEY_WINDOW = 10, /* window_directory.h */
  MED_WIDE_KEY_RUN = 11,    /* sorted_runs.h */
  MED_WIDE_KEY_BLOCK = 12
};

#define MED_WIDE_FORM_INLINE 0 /* what a record begins with that is whole in its value */
#define MED_WIDE_INLINE_MAX (MED_VALUE_SIZE_MAX - 1)
#define MED_WIDE_RECORD_SIZE_MAX ((size_t)64 << 20)

/* The record's bytes: borrowed from the transaction, or, if it is in parts, read into `space` (whose former bytes are lost). NOT_FOUND
 * without a message; CORRUPT. */
MEDLEY_MUST_USE int med_wide_record_get(med_txn *txn, med_slice key, med_buffer *space, med_slice *bytes);
/* The same for a value that a cursor stands on. */
MEDLEY_MUST_USE int med_wide_record_open(med_txn *txn, med_slice value, med_buffer *space, med_slice *bytes);
/* TOO_BIG beyond MED_WIDE_RECORD_SIZE_MAX. Neither slice is borrowed from the transaction. */
MEDLEY_MUST_USE int med_wide_record_put(med_txn *txn, med_slice key, med_slice bytes);
/* The same where the caller knows that there is no record of that key. */
MEDLEY_MUST_USE int med_wide_record_add(med_txn *txn, med_slice key, med_slice bytes);
/* NOT_FOUND if there is none. */
MEDLEY_MUST_USE int med_wide_record_delete(med_txn *txn, med_slice key);
/* Deletes the parts of a value that a cursor stands on, *parts of them; the key itself stays. */
MEDLEY_MUST_USE int med_wide_record_free(med_txn *txn, med_slice value, size_t *parts);

#endif
