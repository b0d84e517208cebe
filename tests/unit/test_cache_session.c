/* test_cache_session.c - cache buckets through sessions: transactions, savepoints, leases under snapshots. */
#include "tests/unit/cache_session_kit.h"

/* ---- Transactions ---- */
START_TEST(changes_are_seen_by_their_session_at_once_and_by_others_after_the_commit) {
  OK(one, put(one, "kept", "old"));
  OK(one, put(one, "gone", "old"));
  OK(one, medley_begin(one, MEDLEY_WRITE));
  OK(one, put(one, "kept", "new"));
  OK(one, put(one, "made", "new"));
  OK(one, erase(one, "gone"));
  EXPECT(one, "kept", "new");
  EXPECT(one, "made", "new");
  EXPECT(one, "gone", NULL);
  EXPECT(two, "kept", "old");
  EXPECT(two, "made", NULL);
  EXPECT(two, "gone", "old");
  OK(one, medley_commit(one));
  for (int i = 0; i < 2; i++) {
    medley_session *session = i == 0 ? one : two;
    EXPECT(session, "kept", "new");
    EXPECT(session, "made", "new");
    EXPECT(session, "gone", NULL);
  }
}
END_TEST

START_TEST(a_rollback_leaves_no_trace) {
  uint64_t result;
  OK(one, put(one, "k", "old"));
  OK(one, put(one, "n", "5"));
  uint64_t token = lease(two, "leased");
  OK(one, medley_begin(one, MEDLEY_WRITE));
  OK(one, put(one, "k", "new"));
  OK(one, put(one, "made", "new"));
  OK(one, put(one, "leased", "new"));
  OK(one, medley_cache_increment(one, "c", "n", 1, 3, 0, &result));
  OK(one, erase(one, "k"));
  OK(one, medley_cache_flush(one, "c"));
  EXPECT(one, "n", NULL);
  EXPECT(two, "n", "5");
  OK(one, medley_rollback(one));
  for (int i = 0; i < 2; i++) {
    medley_session *session = i == 0 ? one : two;
    EXPECT(session, "k", "old");
    EXPECT(session, "n", "5");
    EXPECT(session, "made", NULL);
  }
  OK(two, fill(two, "leased", token, "filled")); /* not even its lease was voided */
}
END_TEST

START_TEST(savepoints_and_failed_statements_take_back_what_came_after_them) {
  OK(one, sql(one, "CREATE TABLE t(a INTEGER PRIMARY KEY)"));
  OK(one, put(one, "k", "0"));
  OK(one, medley_begin(one, MEDLEY_WRITE));
  OK(one, put(one, "k", "1"));
  OK(one, medley_savepoint(one, "s"));
  OK(one, put(one, "k", "2"));
  OK(one, put(one, "x", "2"));
  OK(one, medley_cache_flush(one, "c"));
  OK(one, put(one, "y", "2"));
  OK(one, medley_rollback_to(one, "s"));
  EXPECT(one, "k", "1");
  EXPECT(one, "x", NULL);
  EXPECT(one, "y", NULL);
  OK(one, put(one, "x", "3"));
  OK(one, sql(one, "INSERT INTO t VALUES(1)"));
  IS(one, CONSTRAINT, sql(one, "INSERT INTO t VALUES(1)")); /* the statement fails, the transaction goes on */
  EXPECT(one, "x", "3");
  OK(one, medley_release(one, "s"));
  OK(one, medley_commit(one));
  EXPECT(two, "k", "1");
  EXPECT(two, "x", "3");
}
END_TEST

START_TEST(a_transaction_that_fails_to_commit_leaves_its_keys_as_they_were_or_missing) {
  OK(one, sql(one, "CREATE TABLE p(a PRIMARY KEY); CREATE TABLE c(a REFERENCES p DEFERRABLE INITIALLY DEFERRED)"));
  OK(one, put(one, "k", "old"));
  OK(one, medley_begin(one, MEDLEY_WRITE));
  OK(one, put(one, "k", "new"));
  OK(one, sql(one, "INSERT INTO c VALUES(7)"));
  IS(one, CONSTRAINT, medley_commit(one)); /* still open */
  EXPECT(one, "k", "new");
  EXPECT(two, "k", "old");
  OK(one, medley_rollback(one));
  EXPECT(one, "k", "old");
}
END_TEST

START_TEST(every_mode_works_inside_of_a_transaction) {
  uint64_t result;
  medley_cache_item item;
  OK(one, medley_cache_put(one, "c", MEDLEY_CACHE_SET, "k", 1, "b", 1, 77, 60000, 0));
  OK(one, put(one, "n", "18446744073709551615"));
  OK(one, medley_begin(one, MEDLEY_WRITE));
  IS(one, EXISTS, put_mode(one, MEDLEY_CACHE_ADD, "k", "x"));
  IS(one, NOT_FOUND, put_mode(one, MEDLEY_CACHE_REPLACE, "none", "x"));
  IS(one, NOT_FOUND, put_mode(one, MEDLEY_CACHE_APPEND, "none", "x"));
  IS(one, NOT_FOUND, erase(one, "none"));
  OK(one, put_mode(one, MEDLEY_CACHE_APPEND, "k", "c"));
  OK(one, put_mode(one, MEDLEY_CACHE_PREPEND, "k", "a"));
  EXPECT(one, "k", "abc");
  OK(one, medley_cache_increment(one, "c", "n", 1, 2, 0, &result));
  ck_assert_uint_eq(result, 1);
  OK(one, medley_cache_increment(one, "c", "n", 1, 5, 1, &result));
  ck_assert_uint_eq(result, 0);
  IS(one, TYPE, medley_cache_increment(one, "c", "k", 1, 5, 1, &result));
  OK(one, medley_cache_get(one, "c", "k", 1, &item));
  ck_assert_uint_eq(item.flags, 77);
  IS(one, CONSTRAINT, medley_cache_put(one, "c", MEDLEY_CACHE_CAS, "k", 1, "x", 1, 0, 0, item.cas + 1));
  OK(one, medley_cache_put(one, "c", MEDLEY_CACHE_CAS, "k", 1, "cas", 3, 5, 60000, item.cas));
  OK(one, put_mode(one, MEDLEY_CACHE_REPLACE, "k", "replaced"));
  OK(one, put_mode(one, MEDLEY_CACHE_ADD, "added", "v"));
  OK(one, medley_cache_touch(one, "c", "added", 5, 1000));
  IS(one, NOT_FOUND, medley_cache_touch(one, "c", "none", 4, 1000));
  OK(one, medley_cache_get_and_touch(one, "c", "added", 5, 2000, &item));
  OK(one, medley_commit(one));
  EXPECT(two, "k", "replaced");
  EXPECT(two, "n", "0");
  EXPECT(two, "added", "v");
  clock_now += 2 * SECOND;
  EXPECT(two, "added", NULL);
  EXPECT(two, "k", "replaced");
}
END_TEST

START_TEST(a_value_made_from_what_changed_meanwhile_is_not_stored) {
  uint64_t result;
  OK(one, put(one, "n", "10"));
  OK(one, put(one, "a", "x"));
  OK(one, put(one, "blind", "x"));
  OK(one, medley_begin(one, MEDLEY_WRITE));
  OK(one, medley_cache_increment(one, "c", "n", 1, 1, 0, &result));
  OK(one, put_mode(one, MEDLEY_CACHE_APPEND, "a", "y"));
  OK(one, put(one, "blind", "y"));
  OK(two, medley_cache_increment(two, "c", "n", 1, 100, 0, &result));
  OK(two, put(two, "blind", "z"));
  OK(one, medley_commit(one));
  EXPECT(two, "n", NULL); /* neither 11 nor 110 counts everything */
  EXPECT(two, "a", "xy");
  EXPECT(two, "blind", "y"); /* set without looking: the commit is later */
}
END_TEST

START_TEST(flush_inside_of_a_transaction_empties_the_bucket_at_the_commit) {
  OK(one, put(one, "a", "1"));
  OK(one, put(one, "b", "1"));
  uint64_t token = lease(two, "leased");
  OK(one, medley_begin(one, MEDLEY_WRITE));
  OK(one, put(one, "before", "2"));
  OK(one, medley_cache_flush(one, "c"));
  OK(one, put(one, "a", "2"));
  EXPECT(one, "a", "2");
  EXPECT(one, "b", NULL);
  EXPECT(one, "before", NULL);
  EXPECT(two, "b", "1");
  OK(one, medley_commit(one));
  EXPECT(two, "a", "2");
  EXPECT(two, "b", NULL);
  EXPECT(two, "before", NULL);
  IS(two, CONSTRAINT, fill(two, "leased", token, "stale"));
  OK(two, put(two, "b", "3"));
  EXPECT(one, "b", "3");
}
END_TEST

START_TEST(more_keys_than_a_segment_can_hold_empty_it_instead) {
  OK(one, put(one, "other", "old"));
  OK(one, put(one, "k 5", "old"));
  OK(one, medley_begin(one, MEDLEY_WRITE));
  for (int i = 0; i < 8000; i++) {
    char key[16];
    snprintf(key, sizeof key, "k %d", i);
    OK(one, put(one, key, "new"));
  }
  OK(one, medley_commit(one));
  EXPECT(two, "other", NULL);
  medley_cache_item item;
  ck_assert_int_eq(medley_cache_get(two, "c", "k 5", 3, &item), MEDLEY_NOT_FOUND);
  OK(two, put(two, "other", "new")); /* and it is open again */
  EXPECT(two, "other", "new");
}
END_TEST

START_TEST(a_change_makes_a_deferred_transaction_a_writing_one_and_a_reading_one_refuses_it) {
  OK(one, medley_begin(one, MEDLEY_DEFER));
  OK(one, put(one, "k", "v"));
  ck_assert_int_eq(medley_session_state(one), MEDLEY_WRITING);
  EXPECT(two, "k", NULL);
  OK(one, medley_rollback(one));
  EXPECT(one, "k", NULL);
  OK(one, medley_begin(one, MEDLEY_READ));
  IS(one, READ_ONLY, put(one, "k", "v"));
  EXPECT(one, "k", NULL);
  OK(one, medley_rollback(one));
  OK(one, sql(one, "CREATE TABLE t(a)"));
  OK(one, medley_begin(one, MEDLEY_DEFER));
  OK(one, sql(one, "SELECT * FROM t"));
  OK(two, sql(two, "INSERT INTO t VALUES(1)"));
  IS(one, SNAPSHOT, put(one, "k", "v"));
  OK(one, medley_rollback(one));
  EXPECT(two, "k", NULL);
}
END_TEST

/* ---- Leases ---- */
START_TEST(a_commit_voids_leases_and_gives_none_while_it_lasts) {
  uint64_t token = lease(two, "k");
  ck_assert_uint_ne(token, 0);
  OK(one, medley_begin(one, MEDLEY_WRITE));
  IS(one, NOT_FOUND, erase(one, "k"));
  OK(one, medley_commit(one));
  IS(two, CONSTRAINT, fill(two, "k", token, "stale"));
  token = lease(two, "k");
  OK(one, erase(one, "other") == MEDLEY_NOT_FOUND ? MEDLEY_OK : MEDLEY_ERROR);
  OK(two, fill(two, "k", token, "fresh"));
  EXPECT(one, "k", "fresh");
  /* Between the two halves of a commit. */
  med_cache_client *client;
  medley_error error = {0};
  OK(one, medley_begin(one, MEDLEY_WRITE));
  OK(one, put(one, "k", "committed"));
  client = *med_session_cache_client(one);
  ck_assert_int_eq(med_cache_prepare_commit(client, &error), MEDLEY_OK);
  ck_assert_uint_eq(lease(two, "k"), 0);
  OK(two, put(two, "elsewhere", "v")); /* only that key waits */
  EXPECT(two, "elsewhere", "v");
  med_cache_finish_commit(client, true);
  EXPECT(two, "k", "committed");
  OK(one, medley_rollback(one));
}
END_TEST

START_TEST(a_session_on_an_old_snapshot_gets_no_lease) {
  OK(one, sql(one, "CREATE TABLE t(a)"));
  OK(two, medley_begin(two, MEDLEY_READ));
  OK(two, sql(two, "SELECT * FROM t"));
  uint64_t token = lease(two, "k"); /* its snapshot is the newest: what it reads is what is */
  ck_assert_uint_ne(token, 0);
  OK(two, fill(two, "k", token, "v"));
  OK(one, sql(one, "INSERT INTO t VALUES(1)"));
  OK(one, erase(one, "k"));
  ck_assert_uint_eq(lease(two, "k"), 0);
  ck_assert_uint_ne(lease(one, "k"), 0); /* and it took nobody's place */
  OK(two, medley_rollback(two));
  /* The same of a statement that has begun and not ended. */
  OK(one, sql(one, "INSERT INTO t VALUES(2)"));
  medley_statement *statement;
  OK(two, medley_prepare(two, MEDLEY_LANGUAGE_SQL, "SELECT a FROM t", MEDLEY_NUL_ENDED, &statement, NULL));
  ck_assert_int_eq(medley_step(statement), MEDLEY_ROW);
  ck_assert_uint_ne(lease(two, "row 1"), 0);
  OK(one, sql(one, "UPDATE t SET a = 9"));
  ck_assert_uint_eq(lease(two, "row 2"), 0);
  medley_statement_close(statement);
  ck_assert_uint_ne(lease(two, "row 2"), 0);
}
END_TEST

START_TEST(a_fill_inside_of_a_transaction_comes_with_its_commit) {
  uint64_t early = lease(one, "early"), lost = lease(one, "lost");
  OK(two, put(two, "lost", "theirs"));
  OK(two, erase(two, "lost"));
  OK(one, medley_begin(one, MEDLEY_WRITE));
  OK(one, fill(one, "early", early, "v")); /* the lease is from before */
  IS(one, CONSTRAINT, fill(one, "lost", lost, "v"));
  uint64_t token = lease(one, "k");
  ck_assert_uint_ne(token, 0);
  OK(one, fill(one, "k", token, "v"));
  IS(one, CONSTRAINT, fill(one, "k", token, "again"));
  EXPECT(one, "k", "v");
  EXPECT(two, "k", NULL);
  token = lease(one, "unfilled");
  OK(one, medley_commit(one));
  EXPECT(two, "k", "v");
  EXPECT(two, "early", "v");
  EXPECT(two, "unfilled", NULL);
  IS(one, CONSTRAINT, fill(one, "unfilled", token, "late"));
}
END_TEST

int main(void) {
  Suite *suite = suite_create("cache_session");
  TCase *tests = tcase_create("sessions");
  tcase_set_timeout(tests, 0);
  tcase_add_checked_fixture(tests, setup, teardown);
  tcase_add_test(tests, changes_are_seen_by_their_session_at_once_and_by_others_after_the_commit);
  tcase_add_test(tests, a_rollback_leaves_no_trace);
  tcase_add_test(tests, savepoints_and_failed_statements_take_back_what_came_after_them);
  tcase_add_test(tests, a_transaction_that_fails_to_commit_leaves_its_keys_as_they_were_or_missing);
  tcase_add_test(tests, every_mode_works_inside_of_a_transaction);
  tcase_add_test(tests, a_value_made_from_what_changed_meanwhile_is_not_stored);
  tcase_add_test(tests, flush_inside_of_a_transaction_empties_the_bucket_at_the_commit);
  tcase_add_test(tests, more_keys_than_a_segment_can_hold_empty_it_instead);
  tcase_add_test(tests, a_change_makes_a_deferred_transaction_a_writing_one_and_a_reading_one_refuses_it);
  tcase_add_test(tests, a_commit_voids_leases_and_gives_none_while_it_lasts);
  tcase_add_test(tests, a_session_on_an_old_snapshot_gets_no_lease);
  tcase_add_test(tests, a_fill_inside_of_a_transaction_comes_with_its_commit);
  suite_add_tcase(suite, tests);
  return kit_run(suite);
}
