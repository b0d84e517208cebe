/* housekeeping.c - see housekeeping.h. */
#include "engine/housekeeping.h"

#include <time.h>

#include "models/keyvalue/keyspace.h"
#include "models/widecolumn/seal.h"
#include "models/widecolumn/sweep.h"
#include "storage/memory.h"
#include "storage/thread.h"

#define SLICE_STEP 128  /* in a user's commit */
#define SWEEP_STEP 256  /* in a transaction of its own */
#define SWEEP_ROWS 2048 /* and so many rows more, where to look is most of it */
#define WRITES_BETWEEN_SLICES 32
/* A commit that brings many rows at once does more: about what they will cost to be sealed, all their writings counted. */
#define SLICE_PER_ROW 8
#define SLICE_MAX 131072

struct med_housekeeper {
  pthread_t thread;
  pthread_mutex_t mutex;
  pthread_cond_t wake;
  med_member *member;
  bool stopping, woken;
  _Atomic uint64_t commits;
  uint64_t commits_seen; /* the thread's */
};

static int64_t monotonic_us(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

/* ---- Slices ---- */
/* One of every model. rows: that wide-column tables may look at besides, since to look is most of it. */
static int sweep_models(med_txn *txn, size_t limit, size_t rows, size_t *swept, bool *left) {
  size_t wide_swept = 0;
  bool wide_left = false;
  int rc = med_kv_sweep(txn, limit, swept, left);
  if (rc == MEDLEY_OK) rc = med_wide_sweep(txn, limit + rows, &wide_swept, &wide_left);
  *swept += wide_swept;
  *left = *left || wide_left;
  return rc;
}

/* In a small transaction, so that nobody waits long for the write lock. */
static int sweep_once(medley *db, med_member *member, size_t *swept, bool *left, medley_error *error) {
  int rc = med_writer_begin(member, true, db->options.busy_timeout_ms, error);
  if (rc != MEDLEY_OK) return rc;
  med_txn *txn = med_member_txn(member);
  rc = med_txn_begin_statement(txn, true);
  if (rc == MEDLEY_OK) rc = sweep_models(txn, SWEEP_STEP, SWEEP_ROWS, swept, left);
  if (rc == MEDLEY_OK && *swept > 0) return med_writer_commit(member, error);
  med_writer_rollback(member);
  return rc;
}

/* Nothing is left to be done: what was not worth while amid other work may be now. */
static int rest_models(medley *db, med_member *member, bool *wanted, medley_error *error) {
  int rc = med_writer_begin(member, true, db->options.busy_timeout_ms, error);
  *wanted = false;
  if (rc != MEDLEY_OK) return rc;
  med_txn *txn = med_member_txn(member);
  rc = med_txn_begin_statement(txn, true);
  if (rc == MEDLEY_OK) rc = med_wide_seal_rest(txn, wanted);
  if (rc == MEDLEY_OK && *wanted) return med_writer_commit(member, error);
  med_writer_rollback(member);
  return rc;
}

static void wake(struct med_housekeeper *keeper) {
  pthread_mutex_lock(&keeper->mutex);
  keeper->woken = true;
  pthread_cond_signal(&keeper->wake);
  pthread_mutex_unlock(&keeper->mutex);
}

static size_t slice_of(size_t rows) { return rows < SLICE_MAX / SLICE_PER_ROW ? rows * SLICE_PER_ROW : SLICE_MAX; }

void med_housekeeping_slice(medley *db, med_txn *txn) {
  if (db->housekeeper != NULL) db->housekeeper->commits++;
  size_t rows = med_txn_deferred(txn) != NULL ? med_txn_deferred(txn)->count : 0;
  db->writes_since_sweep += (unsigned)(1 + (rows < SLICE_MAX ? rows : SLICE_MAX) / WRITES_BETWEEN_SLICES);
  if (!db->sweep_due && db->writes_since_sweep < WRITES_BETWEEN_SLICES) return;
  db->writes_since_sweep = 0;
  if (db->housekeeper != NULL) {
    wake(db->housekeeper);
    return;
  }
  med_txn_set_undo(txn, true);
  med_mark mark = med_txn_mark(txn);
  size_t swept = 0;
  bool left = false;
  medley_error *slot = med_txn_error(txn);
  medley_error kept = *slot;
  if (sweep_models(txn, SLICE_STEP, slice_of(rows), &swept, &left) != MEDLEY_OK && !med_txn_broken(txn)) {
    if (med_txn_rollback_to(txn, mark) != MEDLEY_OK) med_txn_break(txn);
    left = false;
  }
  *slot = kept;
  db->sweep_due = left && swept > 0;
}

/* ---- By a call ---- */
int medley_maintain(medley *db, uint64_t budget_us, int *more, medley_error *error) {
  if (db == NULL) return med_error_set(error, MEDLEY_MISUSE, "no database is given");
  if (error != NULL) med_error_clear(error);
  if (more != NULL) *more = 0;
  int rc = med_store_usable(db->store, error);
  if (rc != MEDLEY_OK || db->options.flags & MEDLEY_OPEN_READ_ONLY) return rc;
  const uint64_t day_us = (uint64_t)86400 * 1000000;
  int64_t end_us = monotonic_us() + (int64_t)(budget_us < day_us ? budget_us : day_us);
  med_store_check_readers(db->store);
  med_member *member;
  if (med_member_open(db->store, &member) != MEDLEY_OK) return med_error_no_memory(error);
  med_writer_checkpoint(member);
  bool left = true;
  size_t swept = 1;
  while (rc == MEDLEY_OK && left && swept > 0) {
    rc = sweep_once(db, member, &swept, &left, error);
    if (rc == MEDLEY_OK && !left) { /* what is worth while at rest is done by the next steps */
      rc = rest_models(db, member, &left, error);
      swept = 1;
    }
    if (monotonic_us() >= end_us) break;
  }
  med_member_close(member);
  if (more != NULL) *more = rc == MEDLEY_OK && left;
  return rc;
}

/* ---- By the thread ---- */
/* Waits so long, at most until it is stopped or, if it may, woken. Whether that was all the time. The mutex is held. */
static bool rest(struct med_housekeeper *keeper, int64_t pause_us, bool wakes) {
  int64_t end_us = monotonic_us() + pause_us;
  struct timespec end = {(time_t)(end_us / 1000000), (long)(end_us % 1000000) * 1000};
  int code = 0;
  while (!keeper->stopping && !(wakes && keeper->woken) && code == 0)
    code = pthread_cond_timedwait(&keeper->wake, &keeper->mutex, &end);
  return !keeper->stopping && !(wakes && keeper->woken);
}

/* Slices until nothing is left. Between two of them it rests as long as the last one took: the write lock is for users. A failure (a full
 * disk, a lock that another process holds) is met again later. */
static void sweep_all(medley *db, struct med_housekeeper *keeper) {
  bool left = true;
  size_t swept = 1;
  while (left && swept > 0) {
    medley_error ignored = {0};
    int64_t begun_us = monotonic_us();
    if (sweep_once(db, keeper->member, &swept, &left, &ignored) != MEDLEY_OK) return;
    pthread_mutex_lock(&keeper->mutex);
    bool rested = rest(keeper, monotonic_us() - begun_us, false);
    pthread_mutex_unlock(&keeper->mutex);
    if (!rested) return;
  }
}

static bool rests(medley *db, struct med_housekeeper *keeper) {
  medley_error ignored = {0};
  bool wanted = false;
  return keeper->commits == keeper->commits_seen && rest_models(db, keeper->member, &wanted, &ignored) == MEDLEY_OK &&
         wanted;
}

/* Nobody has written for a whole pause: the log is brought to its end, so that a crash has little to do again. */
static void settle(medley *db, struct med_housekeeper *keeper) {
  uint64_t commits = keeper->commits;
  med_store_check_readers(db->store);
  if (commits == keeper->commits_seen) med_writer_checkpoint(keeper->member);
  keeper->commits_seen = commits;
}

static void *keep(void *context) {
  medley *db = context;
  struct med_housekeeper *keeper = db->housekeeper;
  pthread_mutex_lock(&keeper->mutex);
  while (!keeper->stopping) {
    bool idle = rest(keeper, (int64_t)db->options.maintenance_ms * 1000, true);
    if (keeper->stopping) break;
    keeper->woken = false;
    pthread_mutex_unlock(&keeper->mutex);
    if (med_store_usable(db->store, NULL) == MEDLEY_OK) {
      sweep_all(db, keeper);
      if (idle && rests(db, keeper)) sweep_all(db, keeper);
      if (idle) settle(db, keeper);
    }
    pthread_mutex_lock(&keeper->mutex);
  }
  pthread_mutex_unlock(&keeper->mutex);
  return NULL;
}

static void free_keeper(struct med_housekeeper *keeper) {
  med_member_close(keeper->member);
  pthread_cond_destroy(&keeper->wake);
  pthread_mutex_destroy(&keeper->mutex);
  med_free(keeper);
}

int med_housekeeping_start(medley *db, medley_error *error) {
  if (db->options.maintenance_ms == 0 || db->options.flags & MEDLEY_OPEN_READ_ONLY) return MEDLEY_OK;
  struct med_housekeeper *keeper = med_alloc_zero(sizeof *keeper);
  if (keeper == NULL) return med_error_no_memory(error);
  if (med_member_open(db->store, &keeper->member) != MEDLEY_OK) {
    med_free(keeper);
    return med_error_no_memory(error);
  }
  pthread_condattr_t attributes;
  pthread_condattr_init(&attributes);
  pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
  pthread_cond_init(&keeper->wake, &attributes);
  pthread_condattr_destroy(&attributes);
  pthread_mutex_init(&keeper->mutex, NULL);
  db->housekeeper = keeper;
  if (med_thread_start(&keeper->thread, keep, db)) return MEDLEY_OK;
  db->housekeeper = NULL;
  free_keeper(keeper);
  return med_error_set(error, MEDLEY_NO_MEMORY, "open: the maintenance thread cannot be started");
}

void med_housekeeping_stop(medley *db) {
  struct med_housekeeper *keeper = db->housekeeper;
  if (keeper == NULL) return;
  if (med_store_usable(db->store, NULL) != MEDLEY_FORKED) {
    pthread_mutex_lock(&keeper->mutex);
    keeper->stopping = true;
    pthread_cond_signal(&keeper->wake);
    pthread_mutex_unlock(&keeper->mutex);
    pthread_join(keeper->thread, NULL);
    free_keeper(keeper);
  } else {
    med_free(keeper); /* the rest may be as the thread held it */
  }
  db->housekeeper = NULL;
}
