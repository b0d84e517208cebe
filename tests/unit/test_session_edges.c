/* test_session_edges.c - what goes wrong half-way, and calls that a program should not make: nothing is lost, nobody hangs. */
#include <pthread.h>
#include <stdbool.h>
#include <sys/wait.h>

#include "engine/session_state.h"
#include "storage/txn.h"
#include "tests/unit/session_kit.h"

static medley_statement *prepare(medley_session *session, const char *text) {
  medley_statement *statement;
  ck_assert_msg(medley_prepare(session, MEDLEY_LANGUAGE_SQL, text, MEDLEY_NUL_ENDED, &statement, NULL) == MEDLEY_OK,
                "%s", medley_session_error(session)->message);
  return statement;
}

static void put(medley_session *session, const char *key, const char *value) {
  ck_assert_int_eq(medley_kv_put(session, "0", key, strlen(key), value, strlen(value), 0), MEDLEY_OK);
}

START_TEST(a_transaction_may_begin_right_behind_a_borrowed_value) {
  session_kit kit;
  kit_open(&kit);
  put(kit.session, "k", "v");
  static const medley_mode modes[] = {MEDLEY_READ, MEDLEY_DEFER, MEDLEY_WRITE, MEDLEY_WRITE_BATCHED};
  for (size_t i = 0; i < 4; i++) {
    medley_slice value;
    ck_assert_int_eq(medley_kv_get(kit.session, "0", "k", 1, &value), MEDLEY_OK);
    ck_assert_int_eq(medley_begin(kit.session, modes[i]), MEDLEY_OK);
    ck_assert_int_eq(medley_kv_get(kit.session, "0", "k", 1, &value), MEDLEY_OK);
    ck_assert_int_eq(medley_commit(kit.session), MEDLEY_OK);
  }
  kit_close(&kit);
}
END_TEST

START_TEST(a_backup_inside_of_a_write_transaction_comes_to_its_end) {
  session_kit kit;
  kit_open(&kit);
  put(kit.session, "k", "old");
  ck_assert_int_eq(medley_begin(kit.session, MEDLEY_WRITE), MEDLEY_OK);
  put(kit.session, "k", "new");
  char path[64], lock[80];
  snprintf(path, sizeof path, "/tmp/medley-test-backup-%d", (int)getpid());
  medley_error error;
  for (int compact = 0; compact < 2; compact++) {
    ck_assert_int_eq(medley_backup(kit.db, path, compact, &error), MEDLEY_OK);
    ck_assert_int_eq(medley_backup(kit.db, path, compact, &error), MEDLEY_EXISTS);
    medley *copy;
    medley_session *session;
    medley_slice value;
    ck_assert_int_eq(medley_open(path, NULL, &copy, &error), MEDLEY_OK);
    ck_assert_int_eq(medley_session_open(copy, &session, &error), MEDLEY_OK);
    ck_assert_int_eq(medley_kv_get(session, "0", "k", 1, &value), MEDLEY_OK);
    ck_assert_int_eq(memcmp(value.bytes, "old", 3), 0);
    ck_assert_int_eq(medley_session_close(session), MEDLEY_OK);
    ck_assert_int_eq(medley_close(copy), MEDLEY_OK);
    snprintf(lock, sizeof lock, "%s-lock", path);
    unlink(path);
    unlink(lock);
  }
  ck_assert_int_eq(medley_commit(kit.session), MEDLEY_OK);
  kit_close(&kit);
}
END_TEST

START_TEST(rows_that_do_not_fit_into_memory_are_not_written_either) {
  session_kit kit;
  kit_open(&kit);
  static const char too_much[] = "INSERT INTO t VALUES (1), (2), (3) RETURNING zeroblob(95000000)";
  SQL_OK(kit.session, "CREATE TABLE t(a); BEGIN");
  SQL_FAILS(kit.session, too_much, MEDLEY_TOO_BIG);
  SQL_IS(kit.session, "SELECT count(*) FROM t", "0\n");
  SQL_OK(kit.session, "INSERT INTO t VALUES (4); COMMIT");
  SQL_FAILS(kit.session, too_much, MEDLEY_TOO_BIG);
  SQL_IS(kit.session, "SELECT a FROM t", "4\n");
  SQL_IS(kit.session, "INSERT INTO t VALUES (5), (6) RETURNING a", "5\n6\n");
  SQL_IS(kit.session, "SELECT count(*) FROM t", "3\n");
  kit_close(&kit);
}
END_TEST

/* Inside of a transaction SQLite keeps the first row here; outside of one it keeps nothing, RETURNING or not. */
START_TEST(a_failed_statement_that_returns_rows_leaves_nothing) {
  session_kit kit;
  kit_open(&kit);
  SQL_OK(kit.session, "CREATE TABLE t(a INTEGER PRIMARY KEY, b INTEGER) STRICT");
  SQL_FAILS(kit.session, "INSERT OR IGNORE INTO t VALUES (1, 1), (2, 'x')", MEDLEY_CONSTRAINT);
  SQL_FAILS(kit.session, "INSERT OR IGNORE INTO t VALUES (1, 1), (2, 'x') RETURNING a", MEDLEY_CONSTRAINT);
  SQL_IS(kit.session, "SELECT count(*) FROM t", "0\n");
  SQL_FAILS(kit.session, "INSERT OR FAIL INTO t VALUES (1, 1), (1, 2) RETURNING a", MEDLEY_CONSTRAINT);
  SQL_IS(kit.session, "SELECT * FROM t", "1|1\n");
  kit_close(&kit);
}
END_TEST

START_TEST(an_update_of_a_key_that_fails_half_way_keeps_the_old_row) {
  session_kit kit;
  kit_open(&kit);
  SQL_OK(kit.session, "INSERT INTO kv_hash(key, field, value) VALUES ('h', 'f', 'old'); BEGIN");
  SQL_FAILS(kit.session, "UPDATE kv_hash SET field = 'g', value = zeroblob(70000000) WHERE key = 'h' AND field = 'f'",
            MEDLEY_TOO_BIG);
  SQL_IS(kit.session, "SELECT field, value FROM kv_hash", "f|old\n");
  SQL_OK(kit.session, "COMMIT");
  SQL_IS(kit.session, "SELECT field, value FROM kv_hash", "f|old\n");
  kit_close(&kit);
}
END_TEST

/* SQLite looks at the clock and at interrupts after so many steps, also in its COMMIT. */
START_TEST(commits_are_not_stopped_by_what_was_meant_for_statements) {
  session_kit kit;
  kit_open(&kit);
  SQL_OK(kit.session, "CREATE TABLE t(a)");
  for (int i = 0; i < 1500; i++) {
    ck_assert_int_eq(medley_begin(kit.session, MEDLEY_WRITE), MEDLEY_OK);
    SQL_OK(kit.session, "INSERT INTO t VALUES (1)");
    medley_session_interrupt(kit.session);
    ck_assert_int_eq(i % 3 == 0 ? medley_rollback(kit.session) : medley_commit(kit.session), MEDLEY_OK);
  }
  SQL_IS(kit.session, "SELECT sum(a) FROM t", "1000\n");
  kit_close(&kit);
}
END_TEST

START_TEST(each_statement_has_a_clock_of_its_own) {
  session_kit kit;
  kit_open(&kit);
  SQL_OK(kit.session, "CREATE TABLE t(a); INSERT INTO t VALUES (1), (2), (3)");
  medley_session_set_deadline_ms(kit.session, 1000);
  medley_statement *select = prepare(kit.session, "SELECT a FROM t");
  ck_assert_int_eq(medley_step(select), MEDLEY_ROW);
  usleep(1100000);
  SQL_IS(kit.session, "SELECT count(*) FROM t", "3\n"); /* although the other one's time is over */
  medley_statement_close(select);
  kit_close(&kit);
}
END_TEST

/* ---- Waiting ---- */
typedef struct waiter {
  medley *db;
  medley_session *session;
  int status;
  _Atomic bool done;
} waiter;

static void *write_once(void *context) {
  waiter *self = context;
  self->status = medley_exec(self->session, MEDLEY_LANGUAGE_REDIS, "SET w 1", MEDLEY_NUL_ENDED, NULL, NULL);
  self->done = true;
  return NULL;
}

START_TEST(waiting_for_the_lock_ends_with_the_deadline_and_with_an_interrupt) {
  session_kit kit;
  kit_open(&kit);
  ck_assert_int_eq(medley_begin(kit.session, MEDLEY_WRITE), MEDLEY_OK);
  for (int interrupted = 0; interrupted < 2; interrupted++) {
    medley_error error;
    waiter other = {.db = kit.db};
    ck_assert_int_eq(medley_session_open(kit.db, &other.session, &error), MEDLEY_OK);
    medley_session_set_busy_timeout_ms(other.session, 3600000);
    if (!interrupted) medley_session_set_deadline_ms(other.session, 30);
    pthread_t thread;
    ck_assert_int_eq(pthread_create(&thread, NULL, write_once, &other), 0);
    while (interrupted && !other.done) { /* one that comes before the statement begins is not for it */
      usleep(10000);
      medley_session_interrupt(other.session);
    }
    pthread_join(thread, NULL);
    ck_assert_int_eq(other.status, interrupted ? MEDLEY_INTERRUPTED : MEDLEY_DEADLINE);
    ck_assert_int_eq(medley_session_close(other.session), MEDLEY_OK);
  }
  ck_assert_int_eq(medley_rollback(kit.session), MEDLEY_OK);
  kit_close(&kit);
}
END_TEST

static void *commit_something(void *context) {
  waiter *self = context;
  self->status = medley_begin(self->session, MEDLEY_WRITE);
  if (self->status == MEDLEY_OK) put(self->session, "a", "1");
  if (self->status == MEDLEY_OK) self->status = medley_commit(self->session);
  return NULL;
}

/* B has had many short transactions, begins another one, and waits for A's commit before it ends. */
START_TEST(a_commit_does_not_wait_for_another_sessions_open_transaction) {
  session_kit kit;
  kit_open(&kit);
  for (int i = 0; i < 50; i++) SQL_OK(kit.session, "BEGIN IMMEDIATE; COMMIT");
  medley_error error;
  waiter other = {.db = kit.db};
  ck_assert_int_eq(medley_session_open(kit.db, &other.session, &error), MEDLEY_OK);
  for (int i = 0; i < 20; i++) {
    pthread_t thread;
    ck_assert_int_eq(pthread_create(&thread, NULL, commit_something, &other), 0);
    ck_assert_int_eq(medley_begin(kit.session, MEDLEY_WRITE), MEDLEY_OK);
    ck_assert_int_eq(medley_rollback(kit.session), MEDLEY_OK);
    pthread_join(thread, NULL);
    ck_assert_int_eq(other.status, MEDLEY_OK);
  }
  ck_assert_int_eq(medley_session_close(other.session), MEDLEY_OK);
  kit_close(&kit);
}
END_TEST

/* ---- Statements in odd places ---- */
START_TEST(a_column_of_a_statement_may_be_bound_to_it_again) {
  session_kit kit;
  kit_open(&kit);
  medley_statement *statement = prepare(kit.session, "SELECT ? || 'x'");
  ck_assert_int_eq(medley_bind_text(statement, 1, "start", MEDLEY_NUL_ENDED), MEDLEY_OK);
  for (int i = 0; i < 5; i++) {
    ck_assert_int_eq(medley_step(statement), MEDLEY_ROW);
    ck_assert_int_eq(medley_bind_value(statement, 1, medley_column_value(statement, 0)), MEDLEY_OK);
  }
  ck_assert_int_eq(medley_step(statement), MEDLEY_ROW);
  ck_assert_str_eq(medley_column_text(statement, 0), "startxxxxxx");
  medley_statement_close(statement);
  kit_close(&kit);
}
END_TEST

static void *close_statement(void *context) {
  medley_statement_close(context);
  return NULL;
}

START_TEST(a_statement_may_be_closed_on_any_thread) {
  session_kit kit;
  kit_open(&kit);
  SQL_OK(kit.session, "CREATE TABLE t(a); BEGIN; INSERT INTO t VALUES (1), (2)");
  medley_statement *statement = prepare(kit.session, "SELECT a FROM t");
  ck_assert_int_eq(medley_step(statement), MEDLEY_ROW);
  pthread_t thread;
  ck_assert_int_eq(pthread_create(&thread, NULL, close_statement, statement), 0);
  pthread_join(thread, NULL);
  SQL_OK(kit.session, "COMMIT");
  SQL_IS(kit.session, "SELECT count(*) FROM t", "2\n");
  medley_statement *row = prepare(kit.session, "INSERT INTO t VALUES (3) RETURNING a");
  ck_assert_int_eq(medley_step(row), MEDLEY_ROW);
  kit_close(&kit);
  ck_assert_int_eq(medley_column_integer(row, 0), 0); /* its session has closed */
  medley_statement_close(row);
}
END_TEST

START_TEST(odd_arguments_are_misuse_and_change_nothing) {
  session_kit kit;
  kit_open(&kit);
  medley_session *s = kit.session;
  int64_t number;
  medley_slice value;
  put(s, "n", "5");
  ck_assert_int_eq(medley_kv_get(s, "0", "n", 1, NULL), MEDLEY_MISUSE);
  ck_assert_int_eq(medley_kv_get(s, "0", NULL, 3, &value), MEDLEY_MISUSE);
  ck_assert_int_eq(medley_kv_put(s, "0", "n", 1, NULL, 3, 0), MEDLEY_MISUSE);
  ck_assert_int_eq(medley_kv_put(s, "0", "n", MEDLEY_NUL_ENDED, "x", 1, 0), MEDLEY_MISUSE);
  ck_assert_int_eq(medley_kv_increment(s, "0", "n", 1, 1, NULL), MEDLEY_MISUSE);
  ck_assert_int_eq(medley_kv_each(s, "0", NULL, 0, NULL, NULL), MEDLEY_MISUSE);
  ck_assert_int_eq(medley_kv_increment(s, "0", "n", 1, 1, &number), MEDLEY_OK);
  ck_assert_int_eq(number, 6);
  ck_assert_int_eq(medley_session_error(NULL)->status, MEDLEY_MISUSE);
  ck_assert_int_eq(medley_changes(NULL), 0);
  ck_assert_int_eq(medley_language_by_name(NULL, 3), MEDLEY_LANGUAGE_NONE);
  medley_error error;
  int more;
  ck_assert_int_eq(medley_maintain(kit.db, UINT64_MAX, &more, &error), MEDLEY_OK);
  medley_statement *statement = prepare(s, "SELECT length(?)");
  ck_assert_int_eq(medley_bind_blob(statement, 1, "four", MEDLEY_NUL_ENDED), MEDLEY_OK);
  ck_assert_int_eq(medley_step(statement), MEDLEY_ROW);
  ck_assert_int_eq(medley_column_integer(statement, 0), 4);
  medley_value endless = {.type = MEDLEY_TYPE_TEXT, .as.text = {"x", MEDLEY_NUL_ENDED}};
  ck_assert_int_eq(medley_bind_value(statement, 1, &endless), MEDLEY_TOO_BIG);
  medley_statement_close(statement);
  ck_assert_int_eq(medley_exec(s, MEDLEY_LANGUAGE_SQL, "SELECT 1;\0SELECT 2", 18, NULL, NULL), MEDLEY_SYNTAX);
  kit_close(&kit);
}
END_TEST

START_TEST(a_forked_child_leaves_its_parents_locks_alone_and_can_open_the_file_itself) {
  char path[64], lock[80];
  snprintf(path, sizeof path, "/tmp/medley-test-child-%d", (int)getpid());
  medley *db;
  medley_session *session;
  medley_error error;
  ck_assert_int_eq(medley_open(path, NULL, &db, &error), MEDLEY_OK);
  ck_assert_int_eq(medley_session_open(db, &session, &error), MEDLEY_OK);
  ck_assert_int_eq(medley_begin(session, MEDLEY_WRITE), MEDLEY_OK);
  pid_t child = fork();
  if (child == 0) {
    medley *own;
    medley_session *mine;
    bool as_wanted = medley_session_close(session) == MEDLEY_FORKED && medley_rollback(session) == MEDLEY_FORKED &&
                     medley_open(path, NULL, &own, &error) == MEDLEY_OK && own != db &&
                     medley_session_open(own, &mine, &error) == MEDLEY_OK;
    if (as_wanted) medley_session_set_busy_timeout_ms(mine, 50);
    _exit(as_wanted && medley_begin(mine, MEDLEY_WRITE) == MEDLEY_BUSY ? 0 : 1);
  }
  int status;
  ck_assert_int_eq(waitpid(child, &status, 0), child);
  ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0);
  put(session, "k", "v");
  ck_assert_int_eq(medley_commit(session), MEDLEY_OK);
  ck_assert_int_eq(medley_session_close(session), MEDLEY_OK);
  ck_assert_int_eq(medley_close(db), MEDLEY_OK);
  snprintf(lock, sizeof lock, "%s-lock", path);
  unlink(path);
  unlink(lock);
}
END_TEST

typedef struct waiting_begin {
  medley_session *session;
  int status;
} waiting_begin;

static void *begin_on_another_thread(void *context) {
  waiting_begin *self = context;
  self->status = medley_begin(self->session, MEDLEY_WRITE);
  return NULL;
}

/* A checkpoint of another thread may find out, in the middle of a transaction, that nothing can be trusted any more. */
START_TEST(a_transaction_on_a_dead_handle_is_ended_by_the_next_call) {
  for (int call = 0; call < 4; call++) {
    session_kit kit;
    kit_open(&kit);
    put(kit.session, "k", "old");
    medley_session *other;
    medley_error error;
    ck_assert_int_eq(medley_session_open(kit.db, &other, &error), MEDLEY_OK);
    medley_session_set_busy_timeout_ms(other, 600000);
    ck_assert_int_eq(medley_begin(kit.session, MEDLEY_WRITE), MEDLEY_OK);
    put(kit.session, "k", "new");
    medley_statement *cursor = prepare(kit.session, "VALUES (1), (2)");
    ck_assert_int_eq(medley_step(cursor), MEDLEY_ROW);
    waiting_begin waiting = {.session = other};
    pthread_t thread;
    ck_assert_int_eq(pthread_create(&thread, NULL, begin_on_another_thread, &waiting), 0);
    kit.db->store->dead = true;
    medley_slice value;
    switch (call) {
      case 0: ck_assert_int_eq(medley_rollback(kit.session), MEDLEY_DEAD); break;
      case 1: ck_assert_int_eq(medley_commit(kit.session), MEDLEY_DEAD); break;
      case 2: ck_assert_int_eq(medley_step(cursor), MEDLEY_DEAD); break;
      default: ck_assert_int_eq(medley_kv_get(kit.session, "0", "k", 1, &value), MEDLEY_DEAD);
    }
    ck_assert_int_eq(medley_session_error(kit.session)->status, MEDLEY_DEAD);
    ck_assert_int_eq(medley_session_state(kit.session), MEDLEY_NO_TRANSACTION);
    ck_assert_int_eq(pthread_join(thread, NULL), 0); /* its turn has come */
    ck_assert_int_eq(waiting.status, MEDLEY_DEAD);
    ck_assert_int_eq(medley_rollback(kit.session), MEDLEY_DEAD);
    kit.db->store->dead = false; /* only a test may do that: what was begun is not there */
    ck_assert_int_eq(medley_kv_get(kit.session, "0", "k", 1, &value), MEDLEY_OK);
    ck_assert_int_eq(memcmp(value.bytes, "old", 3), 0);
    medley_statement_close(cursor);
    ck_assert_int_eq(medley_session_close(other), MEDLEY_OK);
    kit_close(&kit);
  }
}
END_TEST

PROPERTY_MAIN("session_edges", a_transaction_may_begin_right_behind_a_borrowed_value,
              a_backup_inside_of_a_write_transaction_comes_to_its_end,
              rows_that_do_not_fit_into_memory_are_not_written_either,
              a_failed_statement_that_returns_rows_leaves_nothing,
              an_update_of_a_key_that_fails_half_way_keeps_the_old_row,
              commits_are_not_stopped_by_what_was_meant_for_statements, each_statement_has_a_clock_of_its_own,
              waiting_for_the_lock_ends_with_the_deadline_and_with_an_interrupt,
              a_commit_does_not_wait_for_another_sessions_open_transaction,
              a_column_of_a_statement_may_be_bound_to_it_again, a_statement_may_be_closed_on_any_thread,
              odd_arguments_are_misuse_and_change_nothing,
              a_forked_child_leaves_its_parents_locks_alone_and_can_open_the_file_itself,
              a_transaction_on_a_dead_handle_is_ended_by_the_next_call)
