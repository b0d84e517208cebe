/* log_operations.h - what one commit did to the trees, as bytes: written at the door, and done again after a power cut.
 *
 * FORMAT.md section "Log". Operations stand in the order in which they were made; a rollback is recorded as what it did. A page of
 * SQLite's is recorded as its difference to what the tree held before, so operations mean something only behind all those before
 * them. Threads: a list belongs to one thread at a time. */
#ifndef MED_STORAGE_LOG_OPERATIONS_H
#define MED_STORAGE_LOG_OPERATIONS_H

#include "storage/log.h"
#include "storage/store.h"

typedef struct med_log_operations {
  med_buffer bytes;
  bool wanted;   /* else nothing is recorded */
  bool too_many; /* for one record, or for the memory: what is in bytes is not all */
} med_log_operations;

/* Empty, and recording or not. */
void med_log_operations_start(med_log_operations *list, bool wanted);
void med_log_operations_clear(med_log_operations *list);

/* stored: as LMDB holds it, checksum included. Memory that is short makes the list too_many, nothing else. */
void med_log_operations_put(med_log_operations *list, med_tree tree, med_slice key, med_slice stored);
void med_log_operations_delete(med_log_operations *list, med_tree tree, med_slice key);
/* old is NULL if there was none; both are MED_PAGE_VALUE_SIZE bytes. */
void med_log_operations_put_page(med_log_operations *list, uint32_t page_number, const uint8_t *old,
                                 const uint8_t *page);
void med_log_operations_delete_page(med_log_operations *list, uint32_t page_number);

/* Does them again in an LMDB transaction, trees being its handles by med_tree. CORRUPT if they do not fit what is there. */
struct MDB_txn;
MEDLEY_MUST_USE int med_log_operations_apply(med_slice operations, struct MDB_txn *mdb, const unsigned *trees,
                                             medley_error *error);

#endif
