/* care.c - numbers, checks, backups and housekeeping of a database. */
#include <time.h>

#include "engine/database.h"
#include "engine/session_state.h"
#include "models/keyvalue/keyspace.h"
#include "models/widecolumn/sweep.h"

#define SWEEP_STEP 256

static int64_t monotonic_us(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static int misuse(medley_error *error) { return med_error_set(error, MEDLEY_MISUSE, "no database is given"); }

/* ---- Numbers ---- */
typedef struct key_count {
  med_txn *txn;
  uint64_t keys;
  int rc;
} key_count;

static int count_bucket(void *context, med_slice name, uint32_t id) {
  key_count *count = context;
  (void)name;
  med_kv kv = {count->txn, id};
  uint64_t keys = 0;
  count->rc = med_kv_count(&kv, &keys);
  count->keys += keys;
  return count->rc != MEDLEY_OK;
}

int medley_stat(medley *db, medley_stats *stats, medley_error *error) {
  if (db == NULL || stats == NULL) return misuse(error);
  if (error != NULL) med_error_clear(error);
  *stats = (medley_stats){0};
  med_txn *txn;
  int rc = med_txn_open_reader(db->store, &txn, error);
  if (rc != MEDLEY_OK) return rc;
  MED_TRY(med_txn_renew(txn));
  MED_TRY(med_store_stat(txn, stats));
  med_writer_stat(db->store, stats);
  key_count count = {txn, 0, MEDLEY_OK};
  MED_TRY(med_kv_each_bucket(txn, count_bucket, &count));
  rc = count.rc;
  stats->keys = count.keys;
done:
  med_txn_reset(txn);
  med_txn_close_reader(txn);
  return rc;
}

/* ---- Check ---- in the write lock, if there is one to be had, so that nothing changes meanwhile; nothing is written. */
typedef struct check {
  medley_problem_callback on_problem;
  void *context;
  uint64_t count;
} check;

static int check_models(medley_session *session, check *checked) {
  sqlite3 *handle;
  int rc;
  MED_TRY(med_session_begin(session, MEDLEY_READ));
  MED_TRY(med_session_bind_sql(session, &handle));
  MED_TRY(med_sql_check(session->sql, checked->on_problem, checked->context, &checked->count, &session->error));
  MED_TRY(med_kv_check(med_session_txn(session), checked->on_problem, checked->context, &checked->count));
  rc = med_wide_check(med_session_txn(session), checked->on_problem, checked->context, &checked->count);
done:
  if (session->state != MEDLEY_NO_TRANSACTION) (void)med_session_rollback(session);
  return rc;
}

static int check_locked(medley *db, check *checked, medley_error *error) {
  bool read_only = (db->options.flags & MEDLEY_OPEN_READ_ONLY) != 0;
  med_member *member = NULL;
  int rc = read_only ? MEDLEY_OK : med_member_open(db->store, &member);
  if (rc != MEDLEY_OK) return med_error_no_memory(error);
  if (!read_only) rc = med_writer_begin(member, false, db->options.busy_timeout_ms, error);
  if (rc == MEDLEY_OK) {
    rc = med_store_check(db->store, checked->on_problem, checked->context, &checked->count, error);
    if (!read_only) med_writer_rollback(member);
  }
  med_member_close(member);
  return rc;
}

static void ignore_problem(void *context, const char *problem) {
  (void)context;
  (void)problem;
}

int medley_check(medley *db, medley_problem_callback on_problem, void *context, uint64_t *problem_count,
                 medley_error *error) {
  if (db == NULL || problem_count == NULL) return misuse(error);
  medley_error own_error;
  if (error == NULL) error = &own_error;
  med_error_clear(error);
  *problem_count = 0;
  check checked = {on_problem != NULL ? on_problem : ignore_problem, context, 0};
  int rc = check_locked(db, &checked, error);
  medley_session *session = NULL;
  /* What stands on damaged pages is not looked at: every line of it would be a consequence. */
  if (rc == MEDLEY_OK && checked.count == 0) rc = medley_session_open(db, &session, error);
  if (session != NULL) {
    rc = check_models(session, &checked);
    if (rc != MEDLEY_OK) *error = session->error;
    (void)medley_session_close(session);
  }
  *problem_count = checked.count;
  return rc;
}

/* ---- Backup ---- */
int medley_backup(medley *db, const char *path, int compact, medley_error *error) {
  if (db == NULL || path == NULL) return misuse(error);
  if (error != NULL) med_error_clear(error);
  (void)compact;
  return med_store_backup(db->store, path, error);
}

/* A slice of every model's housekeeping. */
static int sweep_models(med_txn *txn, size_t limit, size_t *swept, bool *left) {
  size_t wide_swept = 0;
  bool wide_left = false;
  int rc = med_kv_sweep(txn, limit, swept, left);
  if (rc == MEDLEY_OK) rc = med_wide_sweep(txn, limit, &wide_swept, &wide_left);
  *swept += wide_swept;
  *left = *left || wide_left;
  return rc;
}

/* ---- Housekeeping ---- in small transactions, so that nobody waits long for the write lock. */
static int sweep_once(medley *db, med_member *member, size_t *swept, bool *left, medley_error *error) {
  int rc = med_writer_begin(member, true, db->options.busy_timeout_ms, error);
  if (rc != MEDLEY_OK) return rc;
  med_txn *txn = med_member_txn(member);
  rc = med_txn_begin_statement(txn, true);
  if (rc == MEDLEY_OK) rc = sweep_models(txn, SWEEP_STEP, swept, left);
  if (rc == MEDLEY_OK && *swept > 0) return med_writer_commit(member, error);
  med_writer_rollback(member);
  return rc;
}

#define WRITES_BETWEEN_SLICES 32
#define SLICE_STEP 128

void med_database_sweep_slice(medley *db, med_txn *txn) {
  if (!db->sweep_due && ++db->writes_since_sweep < WRITES_BETWEEN_SLICES) return;
  db->writes_since_sweep = 0;
  med_txn_set_undo(txn, true);
  med_mark mark = med_txn_mark(txn);
  size_t swept = 0;
  bool left = false;
  medley_error *slot = med_txn_error(txn);
  medley_error kept = *slot;
  if (sweep_models(txn, SLICE_STEP, &swept, &left) != MEDLEY_OK && !med_txn_broken(txn)) {
    if (med_txn_rollback_to(txn, mark) != MEDLEY_OK) med_txn_break(txn);
    left = false;
  }
  *slot = kept;
  db->sweep_due = left && swept > 0;
}

int medley_maintain(medley *db, uint64_t budget_us, int *more, medley_error *error) {
  if (db == NULL) return misuse(error);
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
    if (monotonic_us() >= end_us) break;
  }
  med_member_close(member);
  if (more != NULL) *more = rc == MEDLEY_OK && left;
  return rc;
}
