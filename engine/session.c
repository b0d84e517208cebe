/* session.c - opening and closing sessions, entering them, and the transaction of one statement. */
#include "engine/session.h"

#include <assert.h>
#include <time.h>

#include "engine/cql/client.h"
#include "engine/housekeeping.h"
#include "engine/session_state.h"
#include "engine/sql/tables.h"
#include "engine/sql/wide_names.h"

static int64_t monotonic_us(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

/* ---- Open and close ---- */
static int poll_for_sql(void *context) { return med_session_poll(context); }

static int open_parts(medley_session *session, medley_error *error) {
  med_sql_hooks hooks = {med_sql_tables_register, poll_for_sql, session};
  int rc;
  MED_TRY(med_store_usable(session->db->store, error));
  MED_TRY(med_txn_open_reader(session->db->store, &session->reader, error));
  med_txn_set_error_slot(session->reader, &session->error);
  rc = med_member_open(session->db->store, &session->member);
  if (rc != MEDLEY_OK) return med_error_no_memory(error);
  MED_TRY(med_sql_open(session->db->store, session->db->vfs, &hooks, &session->sql, error));
  session->savepoints = med_alloc_zero(MED_SAVEPOINTS_MAX * sizeof *session->savepoints);
  if (session->savepoints == NULL) rc = med_error_no_memory(error);
done:
  return rc;
}

static void free_parts(medley_session *session) {
  med_sql_close(session->sql);
  med_wide_names_close(session->wide_names);
  med_redis_client_close(session->redis);
  med_cache_client_close(session->cache);
  med_cql_client_close(session->cql);
  med_member_close(session->member);
  med_txn_close_reader(session->reader);
  for (int i = 0; i < session->savepoint_count; i++) med_free(session->savepoints[i].name);
  med_free(session->savepoints);
  med_arena_clear(&session->arena);
  med_arena_clear(&session->cells);
  med_buffer_clear(&session->scratch);
}

int medley_session_open(medley *db, medley_session **opened, medley_error *error) {
  if (error != NULL) med_error_clear(error);
  if (opened == NULL || db == NULL) return med_error_set(error, MEDLEY_MISUSE, "session: no database is given");
  *opened = NULL;
  medley_session *session = med_alloc_zero(sizeof *session);
  if (session == NULL) return med_error_no_memory(error);
  session->db = db;
  session->busy_timeout_ms = db->options.busy_timeout_ms;
  int rc = open_parts(session, error);
  if (rc != MEDLEY_OK) {
    free_parts(session);
    med_free(session);
    return rc;
  }
  db->session_count++;
  *opened = session;
  return MEDLEY_OK;
}

int medley_session_close(medley_session *session) {
  if (session == NULL) return MEDLEY_OK;
  if (med_store_usable(session->db->store, NULL) == MEDLEY_FORKED) return MEDLEY_FORKED;
  if (session->state == MEDLEY_WRITING && !med_member_is_owner(session->member)) return MEDLEY_MISUSE;
  if (atomic_exchange(&session->inside, 1) != 0) return MEDLEY_MISUSE;
  med_session_abort_statements(session);
  med_session_end_transaction(session, false);
  med_txn_reset(session->reader);
  while (session->statements != NULL) {
    medley_statement *statement = session->statements;
    session->statements = statement->next;
    med_statement_orphan(statement);
  }
  free_parts(session);
  session->db->session_count--;
  med_free(session);
  return MEDLEY_OK;
}

/* ---- Enter and leave ---- */
void med_session_drop_kept(medley_session *session) {
  if (!session->kept) return;
  session->kept = false;
  med_txn_reset(session->reader);
}

int med_session_enter(medley_session *session) {
  if (session == NULL || atomic_exchange_explicit(&session->inside, 1, memory_order_acquire) != 0) return MEDLEY_MISUSE;
  if (session->error.status != MEDLEY_OK) med_error_clear(&session->error);
  session->kept = session->lent;
  session->lent = false;
  int rc = med_store_usable(session->db->store, &session->error);
  if (rc == MEDLEY_FORKED) {
    session->inside = 0;
    return rc;
  }
  if (session->state == MEDLEY_WRITING && !med_member_is_owner(session->member)) {
    rc = med_error_set(&session->error, MEDLEY_MISUSE,
                       "session: a write transaction is continued on the thread that began it");
  } else if (rc != MEDLEY_OK && session->state != MEDLEY_NO_TRANSACTION) {
    rc = med_session_give_up(session, rc); /* never to be committed: others must not wait for its write lock */
  }
  if (rc != MEDLEY_OK) med_session_leave(session);
  return rc;
}

void med_session_leave(medley_session *session) {
  med_session_drop_kept(session);
  atomic_store_explicit(&session->inside, 0, memory_order_release);
}

/* ---- Small things ---- */
medley *med_session_database(medley_session *session) { return session->db; }
medley_error *med_session_error_slot(medley_session *session) { return &session->error; }
const medley_error *medley_session_error(const medley_session *session) {
  static const medley_error no_session = {.status = MEDLEY_MISUSE, .message = "there is no session"};
  return session != NULL ? &session->error : &no_session;
}
struct med_redis_client **med_session_redis_client(medley_session *session) {
  return &session->redis;
}
struct med_redis_hub *med_session_redis_hub(medley_session *session) {
  return session->db->redis_hub;
}
struct med_cache_client **med_session_cache_client(medley_session *session) {
  return &session->cache;
}
struct med_cache_hub *med_session_cache_hub(medley_session *session) {
  return session->db->cache_hub;
}
struct med_cql_client **med_session_cql_client(medley_session *session) {
  return &session->cql;
}
struct med_wide_names **med_session_wide_names(medley_session *session) {
  return &session->wide_names;
}
int64_t med_session_next_timestamp_us(medley_session *session) {
  med_txn *txn = med_session_txn(session);
  int64_t now_us = txn != NULL ? med_txn_now_us(txn) : med_store_now_us(session->db->store);
  int64_t last = atomic_load(&session->db->wide_timestamp_us), next;
  do next = now_us > last ? now_us : last + 1;
  while (!atomic_compare_exchange_weak(&session->db->wide_timestamp_us, &last, next));
  return next;
}
med_arena *med_session_arena(medley_session *session) { return &session->arena; }
medley_transaction_state medley_session_state(const medley_session *session) {
  return session != NULL ? session->state : MEDLEY_NO_TRANSACTION;
}
int64_t medley_changes(const medley_session *session) { return session != NULL ? session->changes : 0; }
int64_t medley_last_rowid(const medley_session *session) { return session != NULL ? session->last_rowid : 0; }
void medley_session_interrupt(medley_session *session) {
  if (session == NULL) return;
  session->interrupted = true;
  med_member_interrupt(session->member);
}
void medley_session_set_deadline_ms(medley_session *session, uint32_t deadline_ms) {
  if (session != NULL) session->deadline_ms = deadline_ms;
}
void medley_session_set_busy_timeout_ms(medley_session *session, uint32_t timeout_ms) {
  if (session != NULL) session->busy_timeout_ms = timeout_ms;
}

int med_session_fail(medley_session *session, medley_language language, int rc) {
  medley_error *error = &session->error;
  if (rc == MEDLEY_OK || rc == MEDLEY_ROW || rc == MEDLEY_DONE) return rc;
  if (error->status == MEDLEY_OK || error->message[0] == '\0') {
    med_error_set(error, rc, "%s", medley_status_text(rc));
  }
  error->status = rc;
  error->language = language;
  return rc;
}

int med_session_poll(medley_session *session) {
  if (atomic_load_explicit(&session->interrupted, memory_order_relaxed))
    return med_error_set(&session->error, MEDLEY_INTERRUPTED, "interrupted");
  if (session->deadline_us == 0 || monotonic_us() < session->deadline_us) return MEDLEY_OK;
  return med_error_set(&session->error, MEDLEY_DEADLINE, "the deadline of %u ms passed", session->deadline_ms);
}

static void start_clock(medley_session *session) {
  if (session->depth > 0) return;
  /* As in SQLite, an interrupt holds until the statements that were running have ended. */
  if (session->open_reads == 0) atomic_store_explicit(&session->interrupted, false, memory_order_relaxed);
  session->deadline_us = session->deadline_ms > 0 ? monotonic_us() + (int64_t)session->deadline_ms * 1000 : 0;
}

med_txn *med_session_txn(medley_session *session) {
  med_txn *writing = med_member_txn(session->member);
  if (writing != NULL) return writing;
  return med_txn_is_active(session->reader) ? session->reader : NULL;
}

/* ---- SQLite in the present transaction ---- */
bool med_session_sql_gave_up(const medley_session *session) {
  return session->sql_begun && session->state == MEDLEY_WRITING && !med_sql_in_transaction(session->sql);
}

int med_session_give_up(medley_session *session, int rc) {
  medley_error kept = session->error;
  med_session_abort_statements(session);
  med_session_end_transaction(session, false);
  if (kept.status == MEDLEY_OK)
    return med_error_set(&session->error, MEDLEY_ABORTED, "the transaction was rolled back");
  session->error = kept;
  return rc;
}

static int bring_sql_into_transaction(medley_session *session) {
  if (session->state != MEDLEY_READING && session->state != MEDLEY_WRITING) return MEDLEY_OK;
  int rc = MEDLEY_OK;
  if (med_session_sql_gave_up(session)) return med_session_give_up(session, MEDLEY_ABORTED);
  if (!med_sql_in_transaction(session->sql)) {
    session->sql_savepoints = 0;
    rc = med_sql_begin(session->sql);
    session->sql_begun = rc == MEDLEY_OK;
  }
  while (rc == MEDLEY_OK && session->sql_savepoints < session->savepoint_count) {
    rc = med_sql_savepoint(session->sql, session->sql_savepoints + 1);
    if (rc == MEDLEY_OK) session->sql_savepoints++;
  }
  return rc;
}

int med_session_bind_sql(medley_session *session, sqlite3 **handle) {
  int rc = med_sql_bind(session->sql, med_session_txn(session));
  if (rc == MEDLEY_OK) rc = bring_sql_into_transaction(session);
  *handle = med_sql_handle(session->sql);
  return rc;
}

int med_session_peek_begin(medley_session *session, sqlite3 **handle) {
  int rc = MEDLEY_OK;
  med_session_drop_kept(session);
  if (med_session_txn(session) == NULL) {
    rc = med_txn_renew(session->reader);
    if (rc != MEDLEY_OK) return rc;
  }
  rc = med_sql_bind(session->sql, med_session_txn(session));
  *handle = med_sql_handle(session->sql);
  if (rc != MEDLEY_OK) med_session_peek_end(session);
  return rc;
}

void med_session_peek_end(medley_session *session) {
  if (session->state == MEDLEY_READING || session->state == MEDLEY_WRITING || session->depth > 0) return;
  if (session->open_reads > 0) return;
  med_sql_unbind(session->sql);
  med_txn_reset(session->reader);
}

/* ---- The transaction of one statement ---- */
static med_marks take_marks(medley_session *session) {
  return (med_marks){
      .undo = med_txn_mark(med_member_txn(session->member)),
      .cache = med_cache_mark(session->cache),
      .redis = session->redis != NULL ? med_redis_client_position(session->redis) : 0,
  };
}

static int refuse_write(medley_session *session, const char *why) {
  return med_error_set(&session->error, MEDLEY_READ_ONLY, "%s", why);
}

/* How long to wait for the lock. */
static uint32_t lock_timeout_ms(const medley_session *session) {
  uint32_t timeout_ms = session->busy_timeout_ms;
  if (session->deadline_us == 0) return timeout_ms;
  int64_t left_ms = (session->deadline_us - monotonic_us()) / 1000 + 1;
  if (left_ms >= (int64_t)timeout_ms) return timeout_ms;
  return left_ms > 0 ? (uint32_t)left_ms : 0;
}

/* It may not have been the lock's time that was over. */
static int explain_waiting(medley_session *session, int rc) {
  if (rc != MEDLEY_BUSY && rc != MEDLEY_INTERRUPTED) return rc;
  int stop = med_session_poll(session);
  return stop != MEDLEY_OK ? stop : rc;
}

static int begin_member(medley_session *session, bool patient) {
  if (session->db->options.flags & MEDLEY_OPEN_READ_ONLY) return refuse_write(session, "the database is read-only");
  int rc = med_writer_begin(session->member, patient, lock_timeout_ms(session), &session->error);
  if (rc == MEDLEY_OK) session->begun_us = monotonic_us();
  return explain_waiting(session, rc);
}

/* Statements that held the lock for long last time lead their own batch, so that nobody's acknowledgement waits for them.
 * BEGIN ... COMMIT may take any time in between: it follows others only if its caller has promised to end at once. */
#define SHORT_HOLD_US 2000

static bool is_short(const medley_session *session) { return session->hold_us < SHORT_HOLD_US; }

/* READING becomes WRITING on the same snapshot, or not at all. */
static int upgrade(medley_session *session) {
  int rc;
  if (session->only_reads) return refuse_write(session, "the transaction was begun for reading");
  MED_TRY(med_session_drain(session));
  MED_TRY(begin_member(session, false));
  med_txn *txn = med_member_txn(session->member);
  if (med_txn_id(txn) != med_txn_id(session->reader) + 1) {
    med_writer_rollback(session->member);
    return med_error_set(&session->error, MEDLEY_SNAPSHOT,
                         "the transaction read an older snapshot and can no longer write: roll back and begin for "
                         "writing");
  }
  if (med_sql_in_transaction(session->sql)) {
    rc = med_sql_bind(session->sql, txn);
    assert(rc == MEDLEY_OK);
  } else {
    med_sql_unbind(session->sql);
  }
  med_txn_reset(session->reader);
  session->state = MEDLEY_WRITING;
done:
  return rc;
}

int med_session_become_writer(medley_session *session) {
  if (session->state == MEDLEY_WRITING) return MEDLEY_OK;
  if (session->state == MEDLEY_READING) return upgrade(session);
  if (session->only_reads) return refuse_write(session, "the transaction was begun for reading");
  int rc;
  MED_TRY(med_session_drain(session));
  MED_TRY(begin_member(session, session->batched && is_short(session)));
  session->state = MEDLEY_WRITING;
done:
  return rc;
}

static int begin_autocommit_write(medley_session *session) {
  int rc;
  MED_TRY(med_session_drain(session));
  MED_TRY(begin_member(session, is_short(session)));
  /* Who leads alone is rolled back by dropping the batch: nothing has to be remembered. */
  if (med_member_leads(session->member)) med_txn_set_undo(med_member_txn(session->member), false);
done:
  return rc;
}

static int begin_write(medley_session *session, int access) {
  int rc;
  if (session->depth >= MED_STATEMENT_DEPTH_MAX) {
    return med_error_set(&session->error, MEDLEY_TOO_BIG, "statements are nested deeper than %d",
                         MED_STATEMENT_DEPTH_MAX);
  }
  bool autocommit = session->state == MEDLEY_NO_TRANSACTION;
  if (session->depth == 0) {
    MED_TRY(autocommit ? begin_autocommit_write(session) : med_session_become_writer(session));
  }
  med_txn *txn = med_member_txn(session->member);
  med_frame *frame = &session->frames[session->depth++];
  *frame = (med_frame){.marks = take_marks(session)};
  if (session->depth > 1) return MEDLEY_OK;
  rc = med_txn_begin_statement(txn, access == MED_FREES);
  if (rc != MEDLEY_OK) (void)med_session_statement_end(session, rc, false);
done:
  return rc;
}

static int begin_read(medley_session *session) {
  if (session->depth > 0) {
    session->frames[session->depth - 1].reads++;
    return MEDLEY_OK;
  }
  if (session->state == MEDLEY_READING || session->state == MEDLEY_WRITING) return MEDLEY_OK;
  int rc = MEDLEY_OK;
  if (session->state == MEDLEY_DEFERRED) {
    rc = med_session_drain(session);
    if (rc == MEDLEY_OK) rc = med_txn_renew(session->reader);
    if (rc == MEDLEY_OK) session->state = MEDLEY_READING;
    return rc;
  }
  bool goes_on = session->kept && med_txn_go_on(session->reader);
  if (goes_on)
    session->kept = false;
  else
    med_session_drop_kept(session);
  if (session->open_reads == 0 && !goes_on) rc = med_txn_renew(session->reader);
  if (rc == MEDLEY_OK) session->open_reads++;
  return rc;
}

/* What statements before have put off is made before one that may see it. */
static int settle(medley_session *session, int access) {
  if (session->state != MEDLEY_WRITING || session->depth > 0 || access == MED_ADDS) return MEDLEY_OK;
  return med_txn_settle(med_member_txn(session->member));
}

int med_session_statement_begin(medley_session *session, int access, med_txn **txn) {
  start_clock(session);
  if (access != MED_READS || session->state != MEDLEY_NO_TRANSACTION) med_session_drop_kept(session);
  int rc = settle(session, access);
  if (rc == MEDLEY_OK) rc = access == MED_READS ? begin_read(session) : begin_write(session, access);
  *txn = rc == MEDLEY_OK ? med_session_txn(session) : NULL;
  return rc;
}

static int end_read(medley_session *session, int rc, bool lend) {
  /* Even a SELECT that fails for want of memory or with a damaged page makes SQLite roll back all of its transaction. */
  if (med_session_sql_gave_up(session)) return med_session_give_up(session, rc);
  if (session->state != MEDLEY_NO_TRANSACTION || session->open_reads == 0) return rc;
  if (--session->open_reads > 0) return rc;
  session->lent = lend;
  med_sql_unbind(session->sql);
  if (!lend) med_txn_reset(session->reader);
  return rc;
}

/* A failed statement inside of a transaction. SQLite has undone its own part, unless it gave up all of it. */
static int undo_statement(medley_session *session, const med_marks *marks, int rc) {
  medley_error kept = session->error;
  med_cache_rollback_to(session->cache, marks->cache);
  if (session->redis != NULL) med_redis_client_rollback_to(session->redis, marks->redis);
  med_txn *txn = med_member_txn(session->member);
  if (med_txn_rollback_to(txn, marks->undo) != MEDLEY_OK || med_txn_broken(txn)) {
    med_session_abort_statements(session);
    med_session_end_transaction(session, false);
    return med_error_set(&session->error, rc, "%.180s (the transaction was rolled back)", kept.message);
  }
  session->error = kept;
  return rc;
}

/* One statement outside of a transaction: its end is a commit or a rollback. */
static int end_autocommit(medley_session *session, int rc) {
  if (rc == MEDLEY_OK) rc = med_txn_settle(med_member_txn(session->member));
  if (rc == MEDLEY_OK) rc = med_cache_prepare_commit(session->cache, &session->error);
  if (rc == MEDLEY_OK) {
    med_session_learn_hold_time(session);
    med_housekeeping_slice(session->db, med_member_txn(session->member));
    rc = med_writer_commit(session->member, &session->error);
    med_session_end_transaction(session, rc == MEDLEY_OK);
    return rc;
  }
  medley_error kept = session->error;
  bool confirmed = med_sql_take_confirmed(session->sql), committed_rows = session->frames[0].committed;
  /* INSERT OR FAIL and RAISE(FAIL) fail and keep what they did before: SQLite has committed it. */
  if ((confirmed || committed_rows) && (rc == MEDLEY_CONSTRAINT || rc == MEDLEY_ERROR)) {
    int committed = med_writer_commit(session->member, &session->error);
    med_session_end_transaction(session, committed == MEDLEY_OK);
    if (committed != MEDLEY_OK) return committed;
    session->error = kept;
    return rc;
  }
  /* Other pages that SQLite has committed into the batch cannot be taken out of it again. */
  if (confirmed) {
    med_txn_break(med_member_txn(session->member));
    med_sql_drop(session->sql);
  }
  med_session_end_transaction(session, false);
  session->error = kept;
  return rc;
}

void med_session_statement_undone(medley_session *session) {
  if (session->depth > 0) session->frames[session->depth - 1].undone = true;
}

void med_session_statement_committed(medley_session *session) {
  if (session->depth > 0) session->frames[session->depth - 1].committed = true;
}

int med_session_statement_end(medley_session *session, int rc, bool lend) {
  if (session->depth == 0) return end_read(session, rc, lend);
  med_frame *frame = &session->frames[session->depth - 1];
  if (frame->reads > 0) {
    frame->reads--;
    return rc;
  }
  session->depth--;
  if (session->depth == 0 && session->state == MEDLEY_NO_TRANSACTION) return end_autocommit(session, rc);
  if (rc == MEDLEY_OK && !med_session_sql_gave_up(session)) return rc;
  if (session->depth == 0 && med_session_sql_gave_up(session)) return med_session_give_up(session, rc);
  if (frame->undone && !med_txn_broken(med_member_txn(session->member))) return rc;
  return undo_statement(session, &frame->marks, rc);
}

/* ---- Changes that any thread may make ---- */
typedef struct change_call {
  medley *db;
  bool frees;
  med_writer_work change;
  void *context;
} change_call;

static int change_alone(med_txn *txn, void *context) {
  change_call *call = context;
  int rc = med_txn_begin_statement(txn, call->frees);
  if (rc == MEDLEY_OK) rc = call->change(txn, call->context);
  if (rc == MEDLEY_OK) med_housekeeping_slice(call->db, txn);
  return rc;
}

int med_session_change(medley_session *session, int access, med_writer_work change, void *context) {
  med_txn *txn;
  if (session->state != MEDLEY_NO_TRANSACTION || session->depth > 0) {
    int rc = med_session_statement_begin(session, access, &txn);
    return rc == MEDLEY_OK ? med_session_statement_end(session, change(txn, context), false) : rc;
  }
  start_clock(session);
  med_session_drop_kept(session);
  int rc = med_session_drain(session);
  if (rc != MEDLEY_OK) return rc;
  if (session->db->options.flags & MEDLEY_OPEN_READ_ONLY) return refuse_write(session, "the database is read-only");
  change_call call = {session->db, access == MED_FREES, change, context};
  return explain_waiting(
      session, med_writer_run(session->member, change_alone, &call, lock_timeout_ms(session), &session->error));
}
