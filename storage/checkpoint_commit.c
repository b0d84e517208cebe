/* checkpoint_commit.c - a batch becomes durable: its record, LMDB's commit, and when a checkpoint is due. See checkpoint.h. */
#include <errno.h>

#include "storage/checkpoint_state.h"
#include "storage/wait.h"

#define LOG_BYTES_DUE ((uint64_t)8 << 20)
#define FILE_PAGES_DUE 16384 /* 64 MiB: what the pin keeps from being used again */
#define OVERDUE_TIMES 4
#define RELAXED_FLUSH_US 20000
#define IN_ORDER_COMMITS 64

static int die(med_store *store, medley_error *error, int code) {
  store->dead = true;
  return med_error_set_foreign(error, MEDLEY_COMMIT_UNKNOWN, code,
                               "commit: %s: its outcome is unknown: reopen the database and look",
                               code > 0 ? strerror(code) : mdb_strerror(code));
}

static bool wants_flush(med_checkpoint *checkpoint) {
  if (!med_checkpoint_is_relaxed(checkpoint)) return true;
  uint64_t now = (uint64_t)med_store_monotonic_us();
  if (now - checkpoint->last_flush_us < RELAXED_FLUSH_US) return false;
  checkpoint->last_flush_us = now;
  return true;
}

/* What the log cannot hold: LMDB flushes by itself before it shows the commit, and a checkpoint makes that known. */
static int commit_by_checkpoint(med_checkpoint *checkpoint, med_batch *batch, medley_error *error) {
  med_store *store = checkpoint->store;
  (void)mdb_env_set_flags(store->env, MDB_NOSYNC, 0);
  int code = mdb_txn_commit(batch->mdb);
  batch->mdb = NULL;
  if (code != MDB_SUCCESS) {
    int failed = med_store_failed_commit(store, code, error);
    /* If it was the flush, pages of the commits before may be gone from the page cache, and no later one would say so. */
    if (failed == MEDLEY_IO) store->dead = true;
    return failed;
  }
  int rc = med_checkpoint_make(checkpoint, batch->id, error);
  if (rc == MEDLEY_OK) return rc;
  return die(store, error, error != NULL ? error->foreign_code : EIO);
}

static int append(med_checkpoint *checkpoint, med_batch *batch, medley_error *error) {
  med_slice operations = med_slice_of(batch->redo.bytes.bytes, batch->redo.bytes.len);
  return med_log_append(&checkpoint->log, batch->id, operations, error);
}

static int flush_log(med_checkpoint *checkpoint, medley_error *error) {
  int rc = med_log_flush(&checkpoint->log, error);
  return rc == MEDLEY_OK ? rc : die(checkpoint->store, error, error != NULL ? error->foreign_code : EIO);
}

/* ---- LMDB's commit ahead of the flush ---- The disk writes the record while LMDB writes its pages: a quarter of a small commit's time. Whoever is
 * shown the commit before the flush has ended could act on what a power cut takes away, so nobody is: a reader of this process waits, and the flush comes
 * first while another process has the database open, and for a while after a reader had to wait.
 * The record has been appended: a process that opens the database after this look flushes it before it reads (med_checkpoint_flush_others). */
static bool may_go_ahead(med_checkpoint *checkpoint) {
  if (med_checkpoint_is_relaxed(checkpoint)) return false;
  if (checkpoint->in_order > 0) {
    checkpoint->in_order--;
    return false;
  }
  return !med_store_sees_lock(checkpoint->store, MED_LOCK_IN_USE);
}

static void take_off(med_checkpoint *checkpoint, const med_batch *batch, uint64_t record_at) {
  med_log_start_flush(&checkpoint->log, record_at);
  atomic_store(&checkpoint->in_flight, batch->id);
}

static void land(med_checkpoint *checkpoint) {
  atomic_store(&checkpoint->in_flight, 0);
  atomic_fetch_add(&checkpoint->landings, 1);
  if (atomic_load(&checkpoint->waiting) > 0) med_wake_all(&checkpoint->landings);
}

/* LMDB has the commit, and nobody knows whether the log does. Without our pin the next writer, of another process, begins with a checkpoint. */
static int flush_behind(med_checkpoint *checkpoint, medley_error *error) {
  medley_error ignored = {0};
  int rc = flush_log(checkpoint, error);
  if (rc == MEDLEY_OK) return rc;
  int hidden = med_store_show_pin(checkpoint->store, false, &ignored);
  (void)hidden;
  return rc;
}

bool med_checkpoint_await(med_checkpoint *checkpoint, uint64_t id) {
  bool waited = false;
  if (checkpoint == NULL) return waited;
  for (;;) {
    uint32_t landings = atomic_load(&checkpoint->landings);
    uint64_t in_flight = atomic_load(&checkpoint->in_flight);
    if (in_flight == 0 || id < in_flight) return waited;
    waited = true;
    atomic_store(&checkpoint->in_order, IN_ORDER_COMMITS);
    atomic_fetch_add(&checkpoint->waiting, 1);
    (void)med_wait_while(&checkpoint->landings, landings, NULL);
    atomic_fetch_sub(&checkpoint->waiting, 1);
  }
}

static int commit_by_record(med_checkpoint *checkpoint, med_batch *batch, medley_error *error) {
  med_log *log = &checkpoint->log;
  med_store *store = checkpoint->store;
  uint64_t tail = log->tail, chain = log->chain, last_id = log->last_id;
  int rc = append(checkpoint, batch, error);
  if (rc != MEDLEY_OK) return rc;
  bool ahead = may_go_ahead(checkpoint);
  if (ahead)
    take_off(checkpoint, batch, tail);
  else if (wants_flush(checkpoint))
    rc = flush_log(checkpoint, error);
  if (rc != MEDLEY_OK) return rc;
  int code = mdb_txn_commit(batch->mdb);
  batch->mdb = NULL;
  if (ahead && code == MDB_SUCCESS) rc = flush_behind(checkpoint, error);
  if (code != MDB_SUCCESS) rc = med_store_failed_commit(store, code, error);
  if (ahead) land(checkpoint); /* it is known by now whether the store is dead */
  if (code == MDB_SUCCESS) return rc;
  /* The record must not be done again for a commit that has failed. */
  if (rc == MEDLEY_FULL) store->disk_full = true;
  medley_error ignored = {0};
  if (rc == MEDLEY_COMMIT_UNKNOWN || med_log_take_back(log, tail, chain, last_id, &ignored) == MEDLEY_OK) return rc;
  return die(store, error, code);
}

/* ---- When a checkpoint is due ---- */
/* Where the file may grow to, in pages: what the pin holds must not be what fills it. */
static uint64_t room_end(const med_store *store) {
  uint64_t limit = store->options.size_limit_bytes, map = store->map_size_bytes;
  return (limit > 0 && limit < map ? limit : map) / MED_PAGE_SIZE;
}

/* `times` as much as makes a checkpoint due; of the room that is left to the file an eighth does. */
static bool has_gathered(const med_checkpoint *checkpoint, uint64_t grown, uint64_t left, uint64_t times) {
  return checkpoint->commits / times >= checkpoint->store->options.checkpoint_commits ||
         checkpoint->log.tail / times >= LOG_BYTES_DUE || grown / times >= FILE_PAGES_DUE || grown > left / 8 * times;
}

static void look_whether_due(med_checkpoint *checkpoint) {
  MDB_envinfo info = {0};
  checkpoint->commits++;
  if (mdb_env_info(checkpoint->store->env, &info) != MDB_SUCCESS) info.me_last_pgno = checkpoint->pages_then;
  uint64_t end = info.me_last_pgno, then = checkpoint->pages_then, limit = room_end(checkpoint->store);
  uint64_t left = limit > end ? limit - end : 0, grown = end > then ? end - then : 0;
  checkpoint->due = has_gathered(checkpoint, grown, left, 1);
  checkpoint->overdue = has_gathered(checkpoint, grown, left, OVERDUE_TIMES);
}

/* ---- A batch ---- */
static int commit_logged(med_checkpoint *checkpoint, med_batch *batch, medley_error *error) {
  /* The pin's process may have died since the batch began; the last commit's pages are all still there. */
  int rc = med_checkpoint_is_pinned(checkpoint) ? MEDLEY_OK : med_checkpoint_make(checkpoint, batch->id - 1, error);
  if (rc != MEDLEY_OK) return rc;
  if (batch->redo.too_many) return commit_by_checkpoint(checkpoint, batch, error);
  rc = commit_by_record(checkpoint, batch, error);
  if (rc != MEDLEY_FULL || batch->mdb == NULL) return rc;
  /* No room for the log to grow: it begins again from its start, or the commit goes without it. */
  rc = med_checkpoint_make(checkpoint, batch->id - 1, error);
  if (rc == MEDLEY_OK) rc = commit_by_record(checkpoint, batch, error);
  return rc == MEDLEY_FULL && batch->mdb != NULL ? commit_by_checkpoint(checkpoint, batch, error) : rc;
}

int med_checkpoint_commit(med_checkpoint *checkpoint, med_batch *batch, medley_error *error) {
  bool nothing = batch->redo.bytes.len == 0 && !batch->redo.too_many;
  int rc = MEDLEY_OK;
  if (nothing) {
    mdb_txn_abort(batch->mdb);
    batch->mdb = NULL;
    return MEDLEY_OK;
  }
  rc = commit_logged(checkpoint, batch, error);
  if (batch->mdb != NULL) mdb_txn_abort(batch->mdb);
  batch->mdb = NULL;
  if (rc == MEDLEY_OK) look_whether_due(checkpoint);
  return rc;
}
