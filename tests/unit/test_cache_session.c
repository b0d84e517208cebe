/* test_cache_session.c - cache buckets through sessions: transactions, names, leases under snapshots, other processes. */
#include <signal.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "engine/cache_bucket.h"
#include "engine/cache_client.h"
#include "engine/session.h"
#include "tests/unit/cache_kit.h"

static char directory[64], path[128];
static int64_t clock_now;
static medley *db;
static medley_session *one, *two;

static int64_t test_clock(void *context) {
  (void)context;
  return clock_now;
}

static medley *open_database(unsigned flags) {
  medley_options options;
  medley_error error = {0};
  medley *opened;
  medley_options_init(&options);
  options.flags = flags;
  options.clock_us = test_clock;
  int rc = medley_open(path, &options, &opened, &error);
  ck_assert_msg(rc == MEDLEY_OK, "open: %s", error.message);
  return opened;
}

static medley_session *open_session(medley *of) {
  medley_session *session;
  medley_error error = {0};
  ck_assert_int_eq(medley_session_open(of, &session, &error), MEDLEY_OK);
  return session;
}

static void expect_rc(medley_session *session, int rc, int wanted, int line) {
  ck_assert_msg(rc == wanted, "line %d: %s instead of %s: %s", line, medley_status_name(rc), medley_status_name(wanted),
                medley_session_error(session)->message);
}
#define OK(session, call) expect_rc(session, call, MEDLEY_OK, __LINE__)
#define IS(session, status, call) expect_rc(session, call, MEDLEY_##status, __LINE__)

static void make_paths(void) {
  snprintf(directory, sizeof directory, "%s/medley-cache-session-XXXXXX",
           access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
  ck_assert_ptr_nonnull(mkdtemp(directory));
  snprintf(path, sizeof path, "%s/test.medley", directory);
  clock_now = KIT_START;
}

static void setup(void) {
  make_paths();
  db = open_database(0);
  one = open_session(db);
  two = open_session(db);
  OK(one, medley_cache_create(one, "c", MIB, MEDLEY_EVICT_SEGMENTED_LRU));
}

static void drop_if_there(medley_session *session, const char *bucket) {
  int rc = medley_cache_drop(session, bucket);
  ck_assert(rc == MEDLEY_OK || rc == MEDLEY_NOT_FOUND);
}

static void remove_paths(void) {
  char command[200];
  snprintf(command, sizeof command, "rm -rf '%s'", directory);
  ck_assert_int_eq(system(command), 0);
}

static void teardown(void) {
  if (medley_session_state(one) != MEDLEY_NO_TRANSACTION) (void)medley_rollback(one);
  if (medley_session_state(two) != MEDLEY_NO_TRANSACTION) (void)medley_rollback(two);
  drop_if_there(one, "c");
  OK(one, medley_session_close(one));
  OK(two, medley_session_close(two));
  ck_assert_int_eq(medley_close(db), MEDLEY_OK);
  remove_paths();
}

/* ---- Short calls ---- */
static int put_mode(medley_session *session, medley_cache_mode mode, const char *key, const char *value) {
  return medley_cache_put(session, "c", mode, key, strlen(key), value, strlen(value), 0, 0, 0);
}
static int put(medley_session *session, const char *key, const char *value) {
  return put_mode(session, MEDLEY_CACHE_SET, key, value);
}
static int erase(medley_session *session, const char *key) {
  return medley_cache_delete(session, "c", key, strlen(key));
}
static void expect_line(medley_session *session, const char *key, const char *value, int line) {
  medley_cache_item item;
  int rc = medley_cache_get(session, "c", key, strlen(key), &item);
  expect_rc(session, rc, value != NULL ? MEDLEY_OK : MEDLEY_NOT_FOUND, line);
  if (value == NULL) return;
  ck_assert_msg(item.value.len == strlen(value) && memcmp(item.value.bytes, value, item.value.len) == 0,
                "line %d: %s is %.*s instead of %s", line, key, (int)item.value.len, (const char *)item.value.bytes,
                value);
}
#define EXPECT(session, key, value) expect_line(session, key, value, __LINE__)
static uint64_t lease(medley_session *session, const char *key) {
  medley_cache_item item;
  IS(session, NOT_FOUND, medley_cache_lease(session, "c", key, strlen(key), &item));
  return item.lease;
}
static int fill(medley_session *session, const char *key, uint64_t token, const char *value) {
  return medley_cache_fill(session, "c", key, strlen(key), token, value, strlen(value), 0, 0);
}
static int sql(medley_session *session, const char *text) {
  return medley_exec(session, MEDLEY_LANGUAGE_SQL, text, MEDLEY_NUL_ENDED, NULL, NULL);
}

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

/* ---- Buckets ---- */
START_TEST(buckets_are_made_found_changed_and_dropped_by_name) {
  medley_cache_item item;
  medley_cache_stats stats;
  IS(one, NOT_FOUND, medley_cache_get(one, "none", "k", 1, &item));
  ck_assert_ptr_nonnull(strstr(medley_session_error(one)->message, "no such bucket: none"));
  IS(one, NOT_FOUND, medley_cache_drop(one, "none"));
  IS(one, RANGE, medley_cache_create(one, "small", MIB - 1, MEDLEY_EVICT_NONE));
  IS(one, RANGE, medley_cache_create(one, "odd", MIB, (medley_eviction)77));
  IS(one, RANGE, medley_cache_create(one, "", MIB, MEDLEY_EVICT_NONE));
  IS(one, EXISTS, medley_cache_create(one, "3", MIB, MEDLEY_EVICT_NONE));
  OK(one, medley_kv_put(one, "durable", "k", 1, "v", 1, 0));
  IS(one, EXISTS, medley_cache_create(one, "durable", MIB, MEDLEY_EVICT_NONE));
  OK(one, put(one, "k", "v"));
  OK(two, medley_cache_create(two, "c", MIB, MEDLEY_EVICT_SEGMENTED_LRU)); /* as it is: nothing happens */
  EXPECT(one, "k", "v");
  OK(two, medley_cache_create(two, "c", 2 * MIB, MEDLEY_EVICT_SEGMENTED_LRU)); /* other bounds: made anew, empty */
  EXPECT(one, "k", NULL);
  OK(one, medley_cache_stat(one, "c", &stats));
  ck_assert_uint_eq(stats.size_bytes, 2 * MIB);
  OK(one, put(one, "k", "w"));
  EXPECT(two, "k", "w");
  OK(two, medley_cache_drop(two, "c"));
  IS(one, NOT_FOUND, medley_cache_get(one, "c", "k", 1, &item));
  IS(one, NOT_FOUND, put(one, "k", "v"));
  OK(one, medley_cache_create(one, "c", MIB, MEDLEY_EVICT_NONE));
  EXPECT(two, "k", NULL);
}
END_TEST

START_TEST(making_and_dropping_belong_to_the_transaction) {
  OK(one, put(one, "k", "v"));
  OK(one, medley_begin(one, MEDLEY_WRITE));
  OK(one, medley_cache_drop(one, "c"));
  IS(one, NOT_FOUND, put(one, "k", "x"));
  EXPECT(two, "k", "v");
  OK(one, medley_cache_create(one, "c", 2 * MIB, MEDLEY_EVICT_ALLKEYS_LRU));
  EXPECT(one, "k", NULL);
  OK(one, put(one, "k", "in the new one"));
  OK(one, medley_rollback(one));
  EXPECT(one, "k", "v");
  EXPECT(two, "k", "v");
  OK(one, medley_begin(one, MEDLEY_WRITE));
  OK(one, medley_savepoint(one, "s"));
  OK(one, medley_cache_drop(one, "c"));
  OK(one, medley_rollback_to(one, "s"));
  EXPECT(one, "k", "v");
  OK(one, medley_cache_create(one, "c", 2 * MIB, MEDLEY_EVICT_ALLKEYS_LRU));
  OK(one, put(one, "new", "v"));
  EXPECT(two, "k", "v");
  OK(one, medley_commit(one));
  EXPECT(two, "k", NULL);
  EXPECT(two, "new", "v");
  /* Nothing of it is left in the directory of segments but the one that is. */
  char command[300];
  struct stat facts;
  ck_assert_int_eq(stat(path, &facts), 0);
  snprintf(command, sizeof command, "ls /dev/shm | grep -c '^medley-cache-' > '%s/count'", directory);
  (void)!system(command);
}
END_TEST

START_TEST(a_bucket_is_there_again_after_the_database_was_closed) {
  OK(one, put(one, "k", "v"));
  OK(one, medley_session_close(one));
  OK(two, medley_session_close(two));
  ck_assert_int_eq(medley_close(db), MEDLEY_OK);
  db = open_database(0);
  one = open_session(db);
  two = open_session(db);
  medley_cache_stats stats;
  OK(one, medley_cache_stat(one, "c", &stats));
  ck_assert_uint_eq(stats.size_bytes, MIB);
  EXPECT(one, "k", "v"); /* the machine was not restarted */
}
END_TEST

START_TEST(a_database_in_memory_has_buckets_of_its_own) {
  medley *memory = open_database(MEDLEY_OPEN_MEMORY);
  medley_session *session = open_session(memory);
  medley_cache_item item;
  IS(session, NOT_FOUND, medley_cache_get(session, "c", "k", 1, &item));
  OK(session, medley_cache_create(session, "c", MIB, MEDLEY_EVICT_SEGMENTED_LRU));
  OK(session, put(session, "k", "v"));
  EXPECT(one, "k", NULL);
  OK(session, medley_session_close(session));
  session = open_session(memory);
  EXPECT(session, "k", "v");
  OK(session, medley_session_close(session));
  ck_assert_int_eq(medley_close(memory), MEDLEY_OK);
}
END_TEST

static int count_bucket(void *context, const med_cache_bucket_info *info) {
  char *names = context;
  strncat(names, info->name.bytes, info->name.len);
  strcat(names, info->eviction == MEDLEY_EVICT_NONE ? "- " : "+ ");
  return 0;
}
START_TEST(languages_ask_for_buckets_expiries_and_times_to_live) {
  char names[200] = "";
  int64_t expires_us, ttl_ms;
  size_t len;
  med_slice c = med_slice_of_text("c"), k = med_slice_of_text("k"), n = med_slice_of_text("n");
  OK(one, medley_cache_create(one, "a", MIB, MEDLEY_EVICT_NONE));
  OK(one, med_session_enter(one));
  OK(one, med_cache_each_bucket(one, count_bucket, names));
  ck_assert_str_eq(names, "a- c+ ");
  OK(one, med_cache_find_bucket(one, c));
  IS(one, NOT_FOUND, med_cache_find_bucket(one, k));
  int64_t now = med_cache_now_us(one);
  OK(one, med_cache_put(one, c, MEDLEY_CACHE_SET, k, med_slice_of_text("value"), 0, now + 1500001, 0));
  OK(one, med_cache_put(one, c, MEDLEY_CACHE_SET, n, med_slice_of_text("1"), 0, 0, 0));
  OK(one, med_cache_expiry(one, c, k, &expires_us, &len));
  ck_assert_int_eq(expires_us, now + 1500001);
  ck_assert_uint_eq(len, 5);
  OK(one, med_cache_ttl(one, c, k, &ttl_ms));
  ck_assert_int_eq(ttl_ms, 1501);
  OK(one, med_cache_ttl(one, c, n, &ttl_ms));
  ck_assert_int_eq(ttl_ms, -1);
  OK(one, med_cache_put(one, c, MEDLEY_CACHE_SET, k, med_slice_of_text("v"), 0, MED_CACHE_KEEP_EXPIRY, 0));
  OK(one, med_cache_ttl(one, c, k, &ttl_ms));
  ck_assert_int_eq(ttl_ms, 1501);
  OK(one, med_session_begin(one, MEDLEY_WRITE));
  OK(one, med_cache_put(one, c, MEDLEY_CACHE_SET, k, med_slice_of_text("w"), 0, MED_CACHE_KEEP_EXPIRY, 0));
  OK(one, med_cache_ttl(one, c, k, &ttl_ms));
  ck_assert_int_eq(ttl_ms, 1501);
  OK(one, med_session_commit(one));
  clock_now += 3 * SECOND;
  IS(one, NOT_FOUND, med_cache_ttl(one, c, k, &ttl_ms));
  med_session_leave(one);
  drop_if_there(one, "a");
}
END_TEST

START_TEST(limits_are_refused_with_a_message) {
  char key[1025] = {0};
  char *value = calloc(1, MIB);
  uint64_t result;
  IS(one, TOO_BIG, medley_cache_put(one, "c", MEDLEY_CACHE_SET, key, sizeof key, "v", 1, 0, 0, 0));
  IS(one, TOO_BIG, medley_cache_put(one, "c", MEDLEY_CACHE_SET, "k", 1, value, MIB / 4 + 1, 0, 0, 0));
  ck_assert_uint_gt(strlen(medley_session_error(one)->message), 10);
  OK(one, medley_cache_put(one, "c", MEDLEY_CACHE_SET, "k", 1, value, MIB / 4, 0, 0, 0));
  IS(one, RANGE, medley_cache_put(one, "c", MEDLEY_CACHE_SET, "k", 1, "v", 1, 0, UINT64_MAX, 0));
  IS(one, MISUSE, medley_cache_put(one, "c", (medley_cache_mode)6, "k", 1, "v", 1, 0, 0, 0));
  OK(one, put(one, "t", "text"));
  IS(one, TYPE, medley_cache_increment(one, "c", "t", 1, 1, 0, &result));
  OK(one, medley_begin(one, MEDLEY_WRITE));
  IS(one, TOO_BIG, medley_cache_put(one, "c", MEDLEY_CACHE_SET, key, sizeof key, "v", 1, 0, 0, 0));
  IS(one, TOO_BIG, medley_cache_put(one, "c", MEDLEY_CACHE_SET, "k", 1, value, MIB / 4 + 1, 0, 0, 0));
  int rc = MEDLEY_OK;
  for (int i = 0; i < 2000 && rc == MEDLEY_OK; i++) {
    rc = medley_cache_put(one, "c", MEDLEY_CACHE_SET, "k", 1, value, MIB / 4, 0, 0, 0);
  }
  ck_assert_int_eq(rc, MEDLEY_TXN_TOO_BIG);
  OK(one, medley_commit(one)); /* what was accepted counts */
  free(value);
}
END_TEST

START_TEST(without_a_transaction_no_call_touches_the_storage) {
  OK(one, put(one, "k", "v"));
  medley_stats before, after;
  medley_error error;
  medley_cache_item item;
  OK(one, medley_begin(two, MEDLEY_WRITE)); /* nobody could write now */
  ck_assert_int_eq(medley_stat(db, &before, &error), MEDLEY_OK);
  for (int i = 0; i < 100; i++) {
    OK(one, put(one, "k", "w"));
    OK(one, medley_cache_get(one, "c", "k", 1, &item));
    OK(one, erase(one, "k"));
    uint64_t token = lease(one, "k");
    OK(one, fill(one, "k", token, "v"));
    ck_assert_ptr_null(med_session_txn(one)); /* no snapshot was taken either */
  }
  ck_assert_int_eq(medley_stat(db, &after, &error), MEDLEY_OK);
  ck_assert_uint_eq(before.commit_id, after.commit_id);
  ck_assert_uint_eq(before.readers, after.readers);
  OK(two, medley_rollback(two));
}
END_TEST

/* ---- Processes ---- */
static int in_child(void (*work)(void)) {
  fflush(NULL);
  pid_t pid = fork();
  ck_assert_int_ge(pid, 0);
  if (pid == 0) {
    work();
    _exit(0);
  }
  int status;
  ck_assert_int_eq(waitpid(pid, &status, 0), pid);
  return status;
}

static void child_commits(void) {
  medley *mine = open_database(0);
  medley_session *session = open_session(mine);
  medley_cache_item item;
  if (medley_cache_get(session, "c", "k", 1, &item) != MEDLEY_OK || item.value.len != 6) _exit(1);
  if (medley_begin(session, MEDLEY_WRITE) != MEDLEY_OK) _exit(2);
  if (put(session, "k", "child's") != MEDLEY_OK) _exit(3);
  if (medley_commit(session) != MEDLEY_OK) _exit(4);
  if (medley_session_close(session) != MEDLEY_OK || medley_close(mine) != MEDLEY_OK) _exit(5);
}
static void child_dies_between_hold_and_release(void) {
  medley *mine = open_database(0);
  medley_session *session = open_session(mine);
  medley_error error = {0};
  if (medley_begin(session, MEDLEY_WRITE) != MEDLEY_OK) _exit(1);
  if (put(session, "k", "never") != MEDLEY_OK) _exit(2);
  if (med_cache_prepare_commit(*med_session_cache_client(session), &error) != MEDLEY_OK) _exit(3);
  raise(SIGKILL);
}
static void child_dies_dropping(void) {
  medley *mine = open_database(0);
  medley_session *session = open_session(mine);
  medley_error error = {0};
  if (medley_begin(session, MEDLEY_WRITE) != MEDLEY_OK) _exit(1);
  if (medley_cache_drop(session, "c") != MEDLEY_OK) _exit(2);
  if (med_cache_prepare_commit(*med_session_cache_client(session), &error) != MEDLEY_OK) _exit(3);
  raise(SIGKILL);
}

/* The parent's database is opened after each fork only: a child may not inherit an open one. */
static void close_all(void) {
  OK(one, medley_session_close(one));
  OK(two, medley_session_close(two));
  ck_assert_int_eq(medley_close(db), MEDLEY_OK);
}
static void open_all(void) {
  db = open_database(0);
  one = open_session(db);
  two = open_session(db);
}

START_TEST(processes_share_buckets_and_a_dead_one_leaves_its_keys_missing) {
  OK(one, put(one, "k", "parent"));
  close_all();
  int status = in_child(child_commits);
  ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0);
  open_all();
  EXPECT(one, "k", "child's");
  close_all();
  status = in_child(child_dies_between_hold_and_release);
  ck_assert(WIFSIGNALED(status));
  open_all();
  EXPECT(one, "k", NULL);
  uint64_t token = lease(one, "k");
  ck_assert_uint_ne(token, 0);
  OK(one, fill(one, "k", token, "fresh"));
  close_all();
  status = in_child(child_dies_dropping);
  ck_assert(WIFSIGNALED(status));
  open_all();
  EXPECT(one, "k", NULL); /* the drop was not committed: the bucket is there, and empty */
  OK(one, put(one, "k", "v"));
  EXPECT(two, "k", "v");
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
  tcase_add_test(tests, buckets_are_made_found_changed_and_dropped_by_name);
  tcase_add_test(tests, making_and_dropping_belong_to_the_transaction);
  tcase_add_test(tests, a_bucket_is_there_again_after_the_database_was_closed);
  tcase_add_test(tests, a_database_in_memory_has_buckets_of_its_own);
  tcase_add_test(tests, languages_ask_for_buckets_expiries_and_times_to_live);
  tcase_add_test(tests, limits_are_refused_with_a_message);
  tcase_add_test(tests, without_a_transaction_no_call_touches_the_storage);
  tcase_add_test(tests, processes_share_buckets_and_a_dead_one_leaves_its_keys_missing);
  suite_add_tcase(suite, tests);
  return kit_run(suite);
}
