/* housekeeping.h - what nobody waits for: expired keys, parts of what was deleted, rows that are to be sealed, the redo log's checkpoint.
 *
 * It is done in slices, each a transaction or a part of one: by users' commits, by medley_maintain, or by a thread of the database
 * (medley_options.maintenance_ms), and then not by this process's commits.
 * Threads: any; start and stop by who opens and closes the database. */
#ifndef MED_ENGINE_HOUSEKEEPING_H
#define MED_ENGINE_HOUSEKEEPING_H

#include "engine/database.h"

/* Starts the thread, if the options ask for one and the database can be written. NO_MEMORY. */
MEDLEY_MUST_USE int med_housekeeping_start(medley *db, medley_error *error);
/* Waits for the slice that the thread is in. In a forked child there is no thread, and only its memory is freed. */
void med_housekeeping_stop(medley *db);

/* In a transaction that is about to commit: does a slice now and then, or tells the thread. Nobody has to call medley_maintain
 * for the file to stay small. A failure leaves the transaction as it was, or broken. */
void med_housekeeping_slice(medley *db, med_txn *txn);

#endif
