/* test_session.c - transactions over SQL and keys: atomicity, snapshots, savepoints, misuse. */
#include <pthread.h>

#include "tests/unit/session_kit.h"

static int redis(medley_session *session, const char *command) {
  kit_rows rows = {0};
  return kit_run(session, MEDLEY_LANGUAGE_REDIS, command, &rows);
}

static void second_session(const session_kit *kit, medley_session **session) {
  medley_error error = {0};
  ck_assert_int_eq(medley_session_open(kit->db, session, &error), MEDLEY_OK);
}

START_TEST(a_rollback_takes_back_rows_and_keys_alike) {
  session_kit kit;
  kit_open(&kit);
  SQL_OK(kit.session, "CREATE TABLE t(a); INSERT INTO t VALUES (1)");
  ck_assert_int_eq(redis(kit.session, "SET k old"), MEDLEY_OK);
  SQL_OK(kit.session, "BEGIN; INSERT INTO t VALUES (2)");
  ck_assert_int_eq(redis(kit.session, "SET k new"), MEDLEY_OK);
  SQL_IS(kit.session, "SELECT count(*), (SELECT value FROM kv WHERE key = 'k') FROM t", "2|new\n");
  SQL_OK(kit.session, "ROLLBACK");
  SQL_IS(kit.session, "SELECT count(*), (SELECT value FROM kv WHERE key = 'k') FROM t", "1|old\n");
  kit_close(&kit);
}
END_TEST

START_TEST(a_savepoint_spans_the_models_and_nests) {
  session_kit kit;
  kit_open(&kit);
  SQL_OK(kit.session, "CREATE TABLE t(a)");
  SQL_OK(kit.session, "BEGIN; SAVEPOINT one");
  ck_assert_int_eq(redis(kit.session, "RPUSH l a"), MEDLEY_OK);
  SQL_OK(kit.session, "INSERT INTO t VALUES (1); SAVEPOINT two; INSERT INTO t VALUES (2)");
  ck_assert_int_eq(redis(kit.session, "RPUSH l b"), MEDLEY_OK);
  SQL_OK(kit.session, "ROLLBACK TO two");
  SQL_IS(kit.session, "SELECT a, (SELECT group_concat(element) FROM kv_list) FROM t", "1|a\n");
  SQL_OK(kit.session, "RELEASE two; ROLLBACK TO one");
  SQL_IS(kit.session, "SELECT count(*), (SELECT count(*) FROM kv) FROM t", "0|0\n");
  SQL_FAILS(kit.session, "ROLLBACK TO two", MEDLEY_ERROR);
  SQL_OK(kit.session, "COMMIT");
  kit_close(&kit);
}
END_TEST

START_TEST(a_failed_statement_leaves_nothing_and_the_transaction_goes_on) {
  session_kit kit;
  kit_open(&kit);
  SQL_OK(kit.session, "CREATE TABLE t(a UNIQUE); BEGIN; INSERT INTO t VALUES (1)");
  SQL_FAILS(kit.session, "INSERT INTO t VALUES (2), (1)", MEDLEY_CONSTRAINT);
  SQL_FAILS(kit.session, "INSERT INTO kv(key, value) VALUES ('a', 1), ('a', 2)", MEDLEY_CONSTRAINT);
  ck_assert_int_eq(redis(kit.session, "LPUSH k x"), MEDLEY_OK);
  ck_assert_int_eq(redis(kit.session, "GET k"), MEDLEY_TYPE);
  SQL_OK(kit.session, "COMMIT");
  SQL_IS(kit.session, "SELECT group_concat(a), (SELECT group_concat(key) FROM kv) FROM t", "1|k\n");
  kit_close(&kit);
}
END_TEST

START_TEST(a_statement_that_rolls_all_back_ends_the_session_transaction) {
  session_kit kit;
  kit_open(&kit);
  SQL_OK(kit.session, "CREATE TABLE t(a UNIQUE); INSERT INTO t VALUES (1); BEGIN");
  ck_assert_int_eq(redis(kit.session, "SET k v"), MEDLEY_OK);
  SQL_FAILS(kit.session, "INSERT OR ROLLBACK INTO t VALUES (1)", MEDLEY_CONSTRAINT);
  ck_assert_int_eq(medley_session_state(kit.session), MEDLEY_NO_TRANSACTION);
  SQL_IS(kit.session, "SELECT count(*) FROM kv", "0\n");
  kit_close(&kit);
}
END_TEST

START_TEST(a_deferred_foreign_key_stops_the_commit_and_leaves_it_open) {
  session_kit kit;
  kit_open(&kit);
  SQL_OK(kit.session,
         "CREATE TABLE p(id INTEGER PRIMARY KEY);"
         "CREATE TABLE c(p INTEGER REFERENCES p(id) DEFERRABLE INITIALLY DEFERRED);"
         "BEGIN; INSERT INTO c VALUES (1)");
  ck_assert_int_eq(medley_commit(kit.session), MEDLEY_CONSTRAINT);
  ck_assert_int_eq(medley_session_state(kit.session), MEDLEY_WRITING);
  SQL_OK(kit.session, "INSERT INTO p VALUES (1); COMMIT");
  SQL_IS(kit.session, "SELECT count(*) FROM c", "1\n");
  kit_close(&kit);
}
END_TEST

START_TEST(a_read_transaction_sees_one_snapshot_of_every_model) {
  session_kit kit;
  kit_open(&kit);
  medley_session *writer;
  second_session(&kit, &writer);
  SQL_OK(writer, "CREATE TABLE t(a); INSERT INTO t VALUES (1)");
  ck_assert_int_eq(medley_begin(kit.session, MEDLEY_READ), MEDLEY_OK);
  SQL_IS(kit.session, "SELECT count(*) FROM t", "1\n");
  SQL_OK(writer, "INSERT INTO t VALUES (2)");
  ck_assert_int_eq(redis(writer, "SET k v"), MEDLEY_OK);
  SQL_IS(kit.session, "SELECT count(*), (SELECT count(*) FROM kv) FROM t", "1|0\n");
  SQL_FAILS(kit.session, "INSERT INTO t VALUES (3)", MEDLEY_READ_ONLY);
  ck_assert_int_eq(medley_commit(kit.session), MEDLEY_OK);
  SQL_IS(kit.session, "SELECT count(*), (SELECT count(*) FROM kv) FROM t", "2|1\n");
  ck_assert_int_eq(medley_session_close(writer), MEDLEY_OK);
  kit_close(&kit);
}
END_TEST

START_TEST(an_outdated_reader_cannot_become_a_writer) {
  session_kit kit;
  kit_open(&kit);
  medley_session *other;
  second_session(&kit, &other);
  SQL_OK(kit.session, "CREATE TABLE t(a); BEGIN; SELECT count(*) FROM t");
  SQL_OK(kit.session, "INSERT INTO t VALUES (1)"); /* nobody wrote in between */
  SQL_OK(kit.session, "COMMIT; BEGIN; SELECT count(*) FROM t");
  ck_assert_int_eq(redis(other, "SET k v"), MEDLEY_OK);
  SQL_FAILS(kit.session, "INSERT INTO t VALUES (2)", MEDLEY_SNAPSHOT);
  ck_assert_int_eq(medley_session_state(kit.session), MEDLEY_READING);
  SQL_IS(kit.session, "SELECT count(*) FROM t", "1\n");
  SQL_OK(kit.session, "ROLLBACK; BEGIN; INSERT INTO t VALUES (2); COMMIT");
  ck_assert_int_eq(medley_session_close(other), MEDLEY_OK);
  kit_close(&kit);
}
END_TEST

START_TEST(open_cursors_keep_their_rows_over_writes_and_commits) {
  session_kit kit;
  kit_open(&kit);
  SQL_OK(kit.session, "CREATE TABLE t(a); INSERT INTO t VALUES (1), (2), (3)");
  medley_statement *select;
  ck_assert_int_eq(medley_prepare(kit.session, MEDLEY_LANGUAGE_SQL, "SELECT a FROM t ORDER BY rowid", MEDLEY_NUL_ENDED,
                                  &select, NULL),
                   MEDLEY_OK);
  for (int i = 1; i <= 3; i++) {
    ck_assert_int_eq(medley_step(select), MEDLEY_ROW);
    ck_assert_int_eq(medley_column_integer(select, 0), i);
    SQL_OK(kit.session, "UPDATE t SET a = a + 10; INSERT INTO t VALUES (0)");
    ck_assert_int_eq(medley_column_integer(select, 0), i); /* the row itself stays until the next step */
    ck_assert_int_eq(medley_column_type(select, 0), MEDLEY_TYPE_INTEGER);
  }
  ck_assert_int_eq(medley_step(select), MEDLEY_DONE);
  SQL_IS(kit.session, "SELECT sum(a) FROM t", "126\n");
  ck_assert_int_eq(medley_step(select), MEDLEY_ROW);
  ck_assert_int_eq(medley_column_integer(select, 0), 31);
  SQL_OK(kit.session, "BEGIN; DELETE FROM t; ROLLBACK");
  ck_assert_int_eq(medley_step(select), MEDLEY_ROW); /* its rows were taken into memory by BEGIN */
  medley_statement_close(select);
  kit_close(&kit);
}
END_TEST

START_TEST(a_cursor_of_a_rolled_back_transaction_says_so) {
  session_kit kit;
  kit_open(&kit);
  SQL_OK(kit.session, "CREATE TABLE t(a); BEGIN; INSERT INTO t VALUES (1), (2)");
  medley_statement *select;
  ck_assert_int_eq(medley_prepare(kit.session, MEDLEY_LANGUAGE_SQL, "SELECT a FROM t", MEDLEY_NUL_ENDED, &select, NULL),
                   MEDLEY_OK);
  ck_assert_int_eq(medley_step(select), MEDLEY_ROW);
  SQL_OK(kit.session, "ROLLBACK");
  ck_assert_int_eq(medley_step(select), MEDLEY_ABORTED);
  ck_assert_int_eq(medley_step(select), MEDLEY_DONE);
  medley_statement_close(select);
  kit_close(&kit);
}
END_TEST

START_TEST(transactions_do_not_nest_and_do_not_end_twice) {
  session_kit kit;
  kit_open(&kit);
  SQL_OK(kit.session, "BEGIN");
  SQL_FAILS(kit.session, "BEGIN", MEDLEY_MISUSE);
  SQL_OK(kit.session, "COMMIT");
  SQL_FAILS(kit.session, "COMMIT", MEDLEY_MISUSE);
  SQL_FAILS(kit.session, "ROLLBACK", MEDLEY_MISUSE);
  SQL_OK(kit.session, "SAVEPOINT s; CREATE TABLE t(a); RELEASE s"); /* its own transaction */
  ck_assert_int_eq(medley_session_state(kit.session), MEDLEY_NO_TRANSACTION);
  SQL_IS(kit.session, "SELECT count(*) FROM t", "0\n");
  kit_close(&kit);
}
END_TEST

static void *commit_elsewhere(void *context) {
  medley_session *session = context;
  return (void *)(intptr_t)medley_commit(session);
}

START_TEST(a_write_transaction_ends_on_its_own_thread) {
  session_kit kit;
  kit_open(&kit);
  SQL_OK(kit.session, "CREATE TABLE t(a); BEGIN; INSERT INTO t VALUES (1)");
  pthread_t thread;
  void *status;
  ck_assert_int_eq(pthread_create(&thread, NULL, commit_elsewhere, kit.session), 0);
  pthread_join(thread, &status);
  ck_assert_int_eq((intptr_t)status, MEDLEY_MISUSE);
  SQL_OK(kit.session, "COMMIT");
  kit_close(&kit);
}
END_TEST

START_TEST(a_running_statement_ends_at_its_deadline_and_when_interrupted) {
  session_kit kit;
  kit_open(&kit);
  static const char forever[] =
      "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n";
  medley_session_set_deadline_ms(kit.session, 20);
  SQL_FAILS(kit.session, forever, MEDLEY_DEADLINE);
  medley_session_set_deadline_ms(kit.session, 0);
  SQL_OK(kit.session, "CREATE TABLE t(a); BEGIN; INSERT INTO t VALUES (1)");
  medley_session_set_deadline_ms(kit.session, 20);
  SQL_FAILS(kit.session,
            "INSERT INTO t WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n",
            MEDLEY_DEADLINE);
  ck_assert_int_eq(medley_session_state(kit.session), MEDLEY_NO_TRANSACTION); /* as SQLite: all of it is rolled back */
  medley_session_set_deadline_ms(kit.session, 0);
  SQL_IS(kit.session, "SELECT count(*) FROM t", "0\n");
  kit_close(&kit);
}
END_TEST

START_TEST(statements_outlive_their_session_as_empty_shells) {
  session_kit kit;
  kit_open(&kit);
  medley_statement *statement;
  ck_assert_int_eq(medley_prepare(kit.session, MEDLEY_LANGUAGE_SQL, "SELECT 1", MEDLEY_NUL_ENDED, &statement, NULL),
                   MEDLEY_OK);
  ck_assert_int_eq(medley_step(statement), MEDLEY_ROW);
  ck_assert_int_eq(medley_close(kit.db), MEDLEY_MISUSE); /* a session is open */
  kit_close(&kit);
  ck_assert_int_eq(medley_step(statement), MEDLEY_MISUSE);
  ck_assert_int_eq(medley_column_integer(statement, 0), 0);
  medley_statement_close(statement);
}
END_TEST

static void *many_transfers(void *context) {
  const session_kit *kit = context;
  medley_session *session;
  medley_error error = {0};
  if (medley_session_open(kit->db, &session, &error) != MEDLEY_OK) return (void *)1;
  intptr_t failures = 0;
  for (int i = 0; i < 100; i++) {
    failures += medley_begin(session, MEDLEY_WRITE) != MEDLEY_OK;
    failures += medley_exec(session, MEDLEY_LANGUAGE_SQL, "UPDATE account SET balance = balance - 1 WHERE id = 1",
                            MEDLEY_NUL_ENDED, NULL, NULL) != MEDLEY_OK;
    failures += redis(session, "INCR account") != MEDLEY_OK;
    if (i % 3 == 0)
      failures += medley_rollback(session) != MEDLEY_OK;
    else
      failures += medley_commit(session) != MEDLEY_OK;
  }
  failures += medley_session_close(session) != MEDLEY_OK;
  return (void *)failures;
}

START_TEST(threads_move_money_between_the_models_and_the_sum_stays) {
  session_kit kit;
  kit_open(&kit);
  SQL_OK(kit.session, "CREATE TABLE account(id INTEGER PRIMARY KEY, balance); INSERT INTO account VALUES (1, 1000)");
  pthread_t threads[6];
  for (int i = 0; i < 6; i++) ck_assert_int_eq(pthread_create(&threads[i], NULL, many_transfers, &kit), 0);
  for (int i = 0; i < 6; i++) {
    void *failures;
    pthread_join(threads[i], &failures);
    ck_assert_ptr_null(failures);
  }
  SQL_IS(kit.session, "SELECT balance, (SELECT value FROM kv WHERE key = 'account') FROM account", "604|396\n");
  kit_close(&kit);
}
END_TEST

PROPERTY_MAIN("session", a_rollback_takes_back_rows_and_keys_alike, a_savepoint_spans_the_models_and_nests,
              a_failed_statement_leaves_nothing_and_the_transaction_goes_on,
              a_statement_that_rolls_all_back_ends_the_session_transaction,
              a_deferred_foreign_key_stops_the_commit_and_leaves_it_open,
              a_read_transaction_sees_one_snapshot_of_every_model, an_outdated_reader_cannot_become_a_writer,
              open_cursors_keep_their_rows_over_writes_and_commits, a_cursor_of_a_rolled_back_transaction_says_so,
              transactions_do_not_nest_and_do_not_end_twice, a_write_transaction_ends_on_its_own_thread,
              a_running_statement_ends_at_its_deadline_and_when_interrupted,
              statements_outlive_their_session_as_empty_shells, threads_move_money_between_the_models_and_the_sum_stays)
