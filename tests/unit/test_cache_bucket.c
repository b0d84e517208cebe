/* test_cache_bucket.c - cache buckets by name: making, dropping, limits, what languages ask, other processes. */
#include "tests/unit/cache_session_kit.h"

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

/* Files of this database's segments. */
static int count_segments(void) {
  uint8_t bytes[32];
  struct stat facts;
  char command[160];
  ck_assert_int_eq(stat(path, &facts), 0);
  med_put_u64(bytes, (uint64_t)facts.st_dev);
  med_put_u64(bytes + 8, (uint64_t)facts.st_ino);
  memcpy(bytes + 16, med_store_identity(med_cache_hub_store(med_session_cache_hub(one))), 16);
  snprintf(command, sizeof command, "ls -d /dev/shm/medley-cache-%016llx-* 2>/dev/null | wc -l",
           (unsigned long long)med_hash64(bytes, sizeof bytes, 0));
  FILE *list = popen(command, "r");
  int count = -1;
  ck_assert_ptr_nonnull(list);
  ck_assert_int_eq(fscanf(list, "%d", &count), 1);
  pclose(list);
  return count;
}

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
  if (access("/dev/shm", W_OK) == 0)
    ck_assert_int_eq(count_segments(), 1); /* the old one's and the undone one's are gone */
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
  Suite *suite = suite_create("cache_bucket");
  TCase *tests = tcase_create("sessions");
  tcase_set_timeout(tests, 0);
  tcase_add_checked_fixture(tests, setup, teardown);
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
