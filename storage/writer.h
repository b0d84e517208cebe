/* writer.h - who may write, in which order, and when it is durable: the write lock and group commit.
 *
 * Members (one session's write transaction each) run one after another inside one open LMDB write transaction; one LMDB
 * commit makes all of them durable, and only then is any of them acknowledged. The thread that began the LMDB
 * transaction, the leader, ends it. While the leader flushes, others queue; the first of them leads the next batch. A lone
 * writer is a leader without followers: it pays for a mutex and no more.
 *
 * Threads: any; a member belongs to the thread that began it. Across processes: an OFD lock on a byte of the data file,
 * taken with timed retries before LMDB's own mutex, so that waiting has an end.
 *
 * Invariants
 *  1. Acknowledged (med_writer_commit answered OK) = on disk at durable level.      fault: power cut, kill
 *  2. A member that rolled back leaves nothing behind for the members after it.     test_writer
 *  3. Members that committed into a batch that failed all get its failure, and
 *     med_writer_failures() has grown by one.                                        test_writer
 *  4. Nobody waits for a member that has not begun: a batch ends when no one-shot member is queued, or at a limit. */
#ifndef MED_STORAGE_WRITER_H
#define MED_STORAGE_WRITER_H

#include "storage/store.h"

typedef struct med_member med_member; /* one session's slot at the writer; kept and used again */

MEDLEY_MUST_USE int med_member_open(med_store *store, med_member **member);
void med_member_close(med_member *member); /* NULL is allowed; not while it writes */

/* Waits for its turn. patient: may run behind others' uncommitted members (one-shot statements and transactions that are
 * known to be short); a member that is not always leads its own batch, so that nobody's acknowledgement waits for its
 * thinking. BUSY after timeout_ms, MISUSE if this thread is writing already. */
MEDLEY_MUST_USE int med_writer_begin(med_member *member, bool patient, uint32_t timeout_ms, medley_error *error);
/* A whole member in one call: waits for its turn, runs work in its transaction, and answers when that is durable, or with
 * work's failure and nothing left of it. Whoever has the open batch runs what waits, on his own thread, while the caller of this
 * sleeps: no thread has to wake for each member ("flat combining", Hendler et al., SPAA 2010). So work touches what context
 * points to and txn, whose error slot is `error`; it begins no member and does not wait. Always patient. */
typedef int (*med_writer_work)(med_txn *txn, void *context);
MEDLEY_MUST_USE int med_writer_run(med_member *member, med_writer_work work, void *context, uint32_t timeout_ms,
                                   medley_error *error);
/* From any thread: a member that waits for its turn gives up with INTERRUPTED. Nothing happens to one that does not wait. */
void med_member_interrupt(med_member *member);
/* The transaction of a member that has begun; NULL before and after. */
med_txn *med_member_txn(const med_member *member);
/* Ends the member: answers when its batch is durable, or with the batch's failure: IO, FULL, COMMIT_UNKNOWN, NO_MEMORY. */
MEDLEY_MUST_USE int med_writer_commit(med_member *member, medley_error *error);
/* A checkpoint of the redo log now, behind one that is being made, if this process has committed anything since the last one; it also gives the
 * pages of readers that died back. Does nothing where there is no log. */
void med_writer_checkpoint(med_member *member);
/* Ends the member: what it changed through the door is undone. SQL pages must have been restored by SQLite before. */
void med_writer_rollback(med_member *member);
/* Whether this member committing now would run alone in its batch so far (then a rollback may drop the whole batch). */
bool med_member_leads(const med_member *member);
/* Whether the calling thread is the one that began it: only that one may end it. */
bool med_member_is_owner(const med_member *member);
/* The commit counters of medley_stats. */
void med_writer_stat(const med_store *store, medley_stats *stats);
/* Grows by one with every batch whose commit failed: SQL connections of an older number are reopened, never reused. */
uint64_t med_writer_failures(const med_store *store);

#endif
