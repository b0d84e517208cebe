/* transaction.c - BEGIN, COMMIT, ROLLBACK and savepoints over all models.
 *
 * Order of a commit: open cursors take their rows into memory; SQLite commits its pages into the storage transaction (it may
 * still say no: a deferred foreign key); cache buckets hold the keys that are about to change; the storage commits; held
 * keys are released; messages are published. */
#include <assert.h>
#include <string.h>
#include <time.h>

#include "engine/housekeeping.h"
#include "engine/session.h"
#include "engine/session_state.h"

static int64_t monotonic_us(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static void drop_savepoints(medley_session *session, int kept) {
  while (session->savepoint_count > kept) {
    med_free(session->savepoints[--session->savepoint_count].name);
    session->savepoints[session->savepoint_count].name = NULL;
  }
  if (session->sql_savepoints > kept) session->sql_savepoints = kept;
}

/* Everything that a transaction leaves behind in the session. The storage part has ended, or is rolled back here. */
void med_session_end_transaction(medley_session *session, bool committed) {
  if (!committed) med_sql_rollback(session->sql);
  if (med_member_txn(session->member) != NULL) med_writer_rollback(session->member);
  med_cache_finish_commit(session->cache, committed);
  med_sql_unbind(session->sql);
  med_txn_reset(session->reader);
  session->kept = session->lent = false;
  drop_savepoints(session, 0);
  session->state = MEDLEY_NO_TRANSACTION;
  session->only_reads = session->begun_by_savepoint = session->batched = session->sql_begun = false;
  session->open_reads = 0;
  session->depth = 0;
  med_redis_client_transaction_ended(session->redis, committed);
}

static int misuse(medley_session *session, const char *why) {
  return med_error_set(&session->error, MEDLEY_MISUSE, "%s", why);
}

int med_session_begin(medley_session *session, medley_mode mode) {
  if (session->state != MEDLEY_NO_TRANSACTION) {
    return misuse(session, "cannot start a transaction within a transaction");
  }
  if (mode < MEDLEY_READ || mode > MEDLEY_WRITE_BATCHED) return misuse(session, "begin: no such mode");
  med_session_drop_kept(session);
  int rc = med_session_drain(session);
  if (rc != MEDLEY_OK) return rc;
  session->state = MEDLEY_DEFERRED;
  session->only_reads = mode == MEDLEY_READ;
  session->batched = mode == MEDLEY_WRITE_BATCHED;
  if (mode == MEDLEY_DEFER) return MEDLEY_OK;
  if (mode == MEDLEY_READ) {
    rc = med_txn_renew(session->reader);
    if (rc == MEDLEY_OK) session->state = MEDLEY_READING;
  } else {
    rc = med_session_become_writer(session);
  }
  if (rc == MEDLEY_OK) return rc;
  medley_error kept = session->error;
  med_session_end_transaction(session, false);
  session->error = kept;
  return rc;
}

void med_session_learn_hold_time(medley_session *session) {
  int64_t hold_us = monotonic_us() - session->begun_us + 1;
  session->hold_us = session->hold_us == 0 ? hold_us : (session->hold_us * 3 + hold_us) / 4;
}

static int commit_writing(medley_session *session) {
  med_txn_set_error_slot(med_member_txn(session->member), &session->error);
  int rc = med_txn_settle(med_member_txn(session->member)); /* before SQLite has confirmed anything */
  if (rc != MEDLEY_OK) goto failed;
  if (med_sql_in_transaction(session->sql)) {
    rc = med_sql_commit(session->sql);
    if (rc == MEDLEY_CONSTRAINT && med_sql_in_transaction(session->sql)) return rc; /* still open, as in SQLite */
  }
  if (rc == MEDLEY_OK) rc = med_cache_prepare_commit(session->cache, &session->error);
  if (rc != MEDLEY_OK) {
    /* Pages that SQLite has committed into the batch cannot be taken out of it again. */
    if (med_sql_take_confirmed(session->sql)) {
      med_txn_break(med_member_txn(session->member));
      med_sql_drop(session->sql);
    }
    goto failed;
  }
  med_session_learn_hold_time(session);
  med_housekeeping_slice(session->db, med_member_txn(session->member));
  rc = med_writer_commit(session->member, &session->error);
failed:;
  medley_error kept = session->error;
  med_session_end_transaction(session, rc == MEDLEY_OK);
  session->error = kept;
  return rc;
}

int med_session_commit(medley_session *session) {
  if (session->state == MEDLEY_NO_TRANSACTION) return misuse(session, "cannot commit - no transaction is active");
  int rc = med_session_drain(session);
  if (rc != MEDLEY_OK) return rc;
  if (session->state == MEDLEY_NO_TRANSACTION ||
      med_session_sql_gave_up(session)) { /* a cursor failed, and all with it */
    if (session->state != MEDLEY_NO_TRANSACTION) (void)med_session_give_up(session, MEDLEY_ABORTED);
    return med_error_set(&session->error, MEDLEY_ABORTED,
                         "commit: a statement that was still open failed and rolled the transaction back");
  }
  if (session->state == MEDLEY_WRITING) return commit_writing(session);
  med_sql_rollback(session->sql);
  med_session_end_transaction(session, true);
  return MEDLEY_OK;
}

int med_session_rollback(medley_session *session) {
  if (session->state == MEDLEY_NO_TRANSACTION) return misuse(session, "cannot rollback - no transaction is active");
  med_session_abort_statements(session);
  med_session_end_transaction(session, false);
  return MEDLEY_OK;
}

/* ---- Savepoints ---- numbered from the outermost; the innermost of a name is meant. */
static int find_savepoint(medley_session *session, med_slice name) {
  for (int i = session->savepoint_count - 1; i >= 0; i--) {
    const char *present = session->savepoints[i].name;
    if (strlen(present) == name.len && strncasecmp(present, name.bytes, name.len) == 0) return i;
  }
  med_error_set(&session->error, MEDLEY_ERROR, "no such savepoint: %.*s", (int)(name.len < 100 ? name.len : 100),
                (const char *)name.bytes);
  return -1;
}

int med_session_savepoint(medley_session *session, med_slice name) {
  if (med_session_sql_gave_up(session)) return med_session_give_up(session, MEDLEY_ABORTED);
  if (session->savepoint_count >= MED_SAVEPOINTS_MAX) {
    return med_error_set(&session->error, MEDLEY_TOO_BIG, "more than %d savepoints", MED_SAVEPOINTS_MAX);
  }
  char *copy = med_strndup(name.bytes, name.len);
  if (copy == NULL) return med_error_no_memory(&session->error);
  bool outermost = session->state == MEDLEY_NO_TRANSACTION;
  int rc = outermost ? med_session_begin(session, MEDLEY_DEFER) : MEDLEY_OK;
  if (rc != MEDLEY_OK) {
    med_free(copy);
    return rc;
  }
  session->begun_by_savepoint = session->begun_by_savepoint || outermost;
  med_txn *txn = med_member_txn(session->member);
  session->savepoints[session->savepoint_count++] = (med_savepoint_entry){
      .name = copy,
      .marks = {.undo = txn != NULL ? med_txn_mark(txn) : 0,
                .cache = med_cache_mark(session->cache),
                .redis = session->redis != NULL ? med_redis_client_position(session->redis) : 0},
  };
  if (!med_sql_in_transaction(session->sql)) return MEDLEY_OK; /* SQLite hears of it when it is needed */
  rc = med_sql_savepoint(session->sql, session->savepoint_count);
  if (rc == MEDLEY_OK)
    session->sql_savepoints = session->savepoint_count;
  else
    drop_savepoints(session, session->savepoint_count - 1);
  return rc;
}

int med_session_release(medley_session *session, med_slice name) {
  int index = find_savepoint(session, name);
  if (index < 0) return MEDLEY_ERROR;
  if (index == 0 && session->begun_by_savepoint) return med_session_commit(session);
  int rc = MEDLEY_OK;
  if (med_sql_in_transaction(session->sql) && session->sql_savepoints > index) {
    rc = med_sql_release(session->sql, index + 1);
  }
  if (rc == MEDLEY_OK) drop_savepoints(session, index);
  return rc;
}

int med_session_rollback_to(medley_session *session, med_slice name) {
  int index = find_savepoint(session, name);
  if (index < 0) return MEDLEY_ERROR;
  med_session_abort_statements(session);
  int rc = MEDLEY_OK;
  if (med_sql_in_transaction(session->sql)) {
    if (session->sql_savepoints > index) rc = med_sql_rollback_to(session->sql, index + 1);
  }
  const med_marks *marks = &session->savepoints[index].marks;
  med_cache_rollback_to(session->cache, marks->cache);
  if (session->redis != NULL) med_redis_client_rollback_to(session->redis, marks->redis);
  med_txn *txn = med_member_txn(session->member);
  if (rc == MEDLEY_OK && txn != NULL) rc = med_txn_rollback_to(txn, marks->undo);
  if (rc == MEDLEY_OK) {
    drop_savepoints(session, index + 1);
    return rc;
  }
  medley_error kept = session->error;
  med_session_end_transaction(session, false);
  session->error = kept;
  return rc;
}

/* ---- The public forms ---- */
#define IN_SESSION(call)                                          \
  do {                                                            \
    int rc = med_session_enter(session);                          \
    if (rc != MEDLEY_OK) return rc;                               \
    rc = med_session_fail(session, MEDLEY_LANGUAGE_NONE, (call)); \
    med_session_leave(session);                                   \
    return rc;                                                    \
  } while (0)

int medley_begin(medley_session *session, medley_mode mode) { IN_SESSION(med_session_begin(session, mode)); }
int medley_commit(medley_session *session) { IN_SESSION(med_session_commit(session)); }
int medley_rollback(medley_session *session) { IN_SESSION(med_session_rollback(session)); }

static med_slice name_slice(const char *name) { return med_slice_of_text(name != NULL ? name : ""); }
int medley_savepoint(medley_session *session, const char *name) {
  IN_SESSION(med_session_savepoint(session, name_slice(name)));
}
int medley_release(medley_session *session, const char *name) {
  IN_SESSION(med_session_release(session, name_slice(name)));
}
int medley_rollback_to(medley_session *session, const char *name) {
  IN_SESSION(med_session_rollback_to(session, name_slice(name)));
}
