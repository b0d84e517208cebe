/* checkpoint.h - one flush per commit: what the redo log (log.h) and LMDB have to do with each other.
 *
 * A commit is a record in the log, flushed, and an LMDB commit that is not; the disk may write the one while LMDB writes the
 * other. A checkpoint flushes LMDB's file and writes LMDB's two meta pages, as they are then, into the log's header. From then
 * until the next one a reader of ours, the pin, keeps LMDB from using any page again that the checkpoint's snapshot needs. After
 * a power cut the two meta pages are put back, which makes the file what it was at the checkpoint, and the records are done again.
 *
 *   open: alone with the file and its log?  no ──► go on where the others are
 *            │ yes: med_checkpoint_restore (meta pages back) ► LMDB opens ► med_checkpoint_settle (records again, checkpoint)
 *   batch: med_checkpoint_begin_batch (the log's end is known, the snapshot is pinned) ► operations ► med_checkpoint_commit
 *   now and then: med_checkpoint_run          close: med_checkpoint_close (checkpoint, and the log goes)
 *
 * Threads: all but _due, _flush_ahead and _await under the write lock, or alone with the file.
 *
 * Invariants
 *  1. A record is on disk before its commit is acknowledged (durable).                    fault: power cut; mutant
 *     No reader is shown a commit before that.                                test_commit_ahead; fault: power cut; mutants
 *  2. Nobody writes pages into the file while no living process has a pin at or before the checkpoint. Who has one holds a shared
 *     lock on a byte of the data file.                                                    fault: power cut, kill loop
 *  3. LMDB forgets dead readers (mdb_reader_check) only inside a checkpoint: the pin of a dead process may still be needed. mutant
 *  4. A record whose commit LMDB does not have was not acknowledged: the next writer takes it back before anything else, and
 *     who opens the database sees to it that none is left before he looks.                          fault: late commit, kill loop */
#ifndef MED_STORAGE_CHECKPOINT_H
#define MED_STORAGE_CHECKPOINT_H

#include "storage/txn.h"

typedef struct med_checkpoint med_checkpoint; /* of one store */

/* The path of the log that belongs to a database's. */
MEDLEY_MUST_USE int med_checkpoint_open(med_store *store, med_checkpoint **checkpoint, medley_error *error);
void med_checkpoint_free(med_checkpoint *checkpoint); /* NULL is allowed; writes nothing */

/* Before LMDB opens the file, alone with it. OK if there is nothing to do. CORRUPT, or CANNOT_OPEN if the log belongs to another
 * database or another time of this one: then nothing was written. */
MEDLEY_MUST_USE int med_checkpoint_restore(med_checkpoint *checkpoint, medley_error *error);
bool med_checkpoint_log_exists(const med_checkpoint *checkpoint);
/* Whether restore found a log, so that settle has to follow. */
bool med_checkpoint_is_unsettled(const med_checkpoint *checkpoint);
/* The number of the commit that restore went back to. */
uint64_t med_checkpoint_saved_id(const med_checkpoint *checkpoint);
/* When LMDB and the trees are open. */
MEDLEY_MUST_USE int med_checkpoint_settle(med_checkpoint *checkpoint, medley_error *error);
/* At open beside other processes, under the write lock: a record that a killed process left without a commit is taken back, so that
 * what the first look does not see does not appear later. */
MEDLEY_MUST_USE int med_checkpoint_look(med_checkpoint *checkpoint, medley_error *error);
/* The same without the lock, while another process has it: *seen: there is a record whose commit is not visible (yet). Whoever has the lock is
 * about to commit it or to take it back. */
MEDLEY_MUST_USE int med_checkpoint_sees_tail(const med_checkpoint *checkpoint, bool *seen, medley_error *error);
/* From now on commits are logged (the header of the database says so). */
void med_checkpoint_enable(med_checkpoint *checkpoint);
bool med_checkpoint_is_enabled(const med_checkpoint *checkpoint);

/* At open beside other processes, whose commit may have reached LMDB and not the disk yet: what of the log is not on disk is flushed. */
MEDLEY_MUST_USE int med_checkpoint_flush_others(const med_checkpoint *checkpoint, medley_error *error);
/* By a reader that has been given the snapshot of commit `id`: returns when that is on disk, or the store is dead. Whether it had to wait. Any
 * thread; NULL is allowed. */
bool med_checkpoint_await(med_checkpoint *checkpoint, uint64_t id);

/* The batch's LMDB transaction is open. */
MEDLEY_MUST_USE int med_checkpoint_begin_batch(med_checkpoint *checkpoint, med_batch *batch, medley_error *error);
/* Ends the batch's LMDB transaction in any case. */
MEDLEY_MUST_USE int med_checkpoint_commit(med_checkpoint *checkpoint, med_batch *batch, medley_error *error);

/* Whether enough has been written since the last one. Any thread; NULL is allowed. */
bool med_checkpoint_due(const med_checkpoint *checkpoint);
/* Of one that is due: whether several times as much has, so that who commits has to wait for it. */
bool med_checkpoint_overdue(const med_checkpoint *checkpoint);
/* Whether this process has committed anything since. Any thread; NULL is allowed. */
bool med_checkpoint_has_news(const med_checkpoint *checkpoint);
/* Flushes most of what a checkpoint would have to, while others go on, in pieces, so that commits wait little for them. Any thread. */
void med_checkpoint_flush_ahead(const med_checkpoint *checkpoint);
/* A checkpoint of the last commit. */
MEDLEY_MUST_USE int med_checkpoint_run(med_checkpoint *checkpoint, medley_error *error);
/* Bytes of the log's file, and commits that stand in it; both 0 if there is none. Any thread, no lock. */
MEDLEY_MUST_USE int med_checkpoint_stat(const med_checkpoint *checkpoint, uint64_t *log_bytes, uint64_t *log_commits,
                                        medley_error *error);
/* Reads the log as recovery would: CORRUPT if it does not hold every commit since its checkpoint. Any thread, no lock. */
MEDLEY_MUST_USE int med_checkpoint_check(const med_checkpoint *checkpoint, medley_error *error);
/* At close. alone: no other process has the database open, so the log goes. Failures leave the log to the next opener. */
void med_checkpoint_close(med_checkpoint *checkpoint, bool alone);

#endif
