/* care.c - numbers, checks and backups of a database. */
#include "engine/database.h"
#include "engine/session_state.h"
#include "models/keyvalue/keyspace.h"
#include "models/widecolumn/sweep.h"

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
