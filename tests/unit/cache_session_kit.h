/* cache_session_kit.h - a database with two sessions and a cache bucket "c", for the tests of cache buckets in sessions. */
#ifndef MED_TESTS_CACHE_SESSION_KIT_H
#define MED_TESTS_CACHE_SESSION_KIT_H

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

static inline int64_t test_clock(void *context) {
  (void)context;
  return clock_now;
}

static inline medley *open_database(unsigned flags) {
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

static inline medley_session *open_session(medley *of) {
  medley_session *session;
  medley_error error = {0};
  ck_assert_int_eq(medley_session_open(of, &session, &error), MEDLEY_OK);
  return session;
}

static inline void expect_rc(medley_session *session, int rc, int wanted, int line) {
  ck_assert_msg(rc == wanted, "line %d: %s instead of %s: %s", line, medley_status_name(rc), medley_status_name(wanted),
                medley_session_error(session)->message);
}
#define OK(session, call) expect_rc(session, call, MEDLEY_OK, __LINE__)
#define IS(session, status, call) expect_rc(session, call, MEDLEY_##status, __LINE__)

static inline void make_paths(void) {
  snprintf(directory, sizeof directory, "%s/medley-cache-session-XXXXXX",
           access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
  ck_assert_ptr_nonnull(mkdtemp(directory));
  snprintf(path, sizeof path, "%s/test.medley", directory);
  clock_now = KIT_START;
}

static inline void setup(void) {
  make_paths();
  db = open_database(0);
  one = open_session(db);
  two = open_session(db);
  OK(one, medley_cache_create(one, "c", MIB, MEDLEY_EVICT_SEGMENTED_LRU));
}

static inline void drop_if_there(medley_session *session, const char *bucket) {
  int rc = medley_cache_drop(session, bucket);
  ck_assert(rc == MEDLEY_OK || rc == MEDLEY_NOT_FOUND);
}

static inline void remove_paths(void) {
  char command[200];
  snprintf(command, sizeof command, "rm -rf '%s'", directory);
  ck_assert_int_eq(system(command), 0);
}

static inline void teardown(void) {
  if (medley_session_state(one) != MEDLEY_NO_TRANSACTION) (void)medley_rollback(one);
  if (medley_session_state(two) != MEDLEY_NO_TRANSACTION) (void)medley_rollback(two);
  drop_if_there(one, "c");
  OK(one, medley_session_close(one));
  OK(two, medley_session_close(two));
  ck_assert_int_eq(medley_close(db), MEDLEY_OK);
  remove_paths();
}

/* ---- Short calls ---- */
static inline int put_mode(medley_session *session, medley_cache_mode mode, const char *key, const char *value) {
  return medley_cache_put(session, "c", mode, key, strlen(key), value, strlen(value), 0, 0, 0);
}
static inline int put(medley_session *session, const char *key, const char *value) {
  return put_mode(session, MEDLEY_CACHE_SET, key, value);
}
static inline int erase(medley_session *session, const char *key) {
  return medley_cache_delete(session, "c", key, strlen(key));
}
static inline void expect_line(medley_session *session, const char *key, const char *value, int line) {
  medley_cache_item item;
  int rc = medley_cache_get(session, "c", key, strlen(key), &item);
  expect_rc(session, rc, value != NULL ? MEDLEY_OK : MEDLEY_NOT_FOUND, line);
  if (value == NULL) return;
  ck_assert_msg(item.value.len == strlen(value) && memcmp(item.value.bytes, value, item.value.len) == 0,
                "line %d: %s is %.*s instead of %s", line, key, (int)item.value.len, (const char *)item.value.bytes,
                value);
}
#define EXPECT(session, key, value) expect_line(session, key, value, __LINE__)
static inline uint64_t lease(medley_session *session, const char *key) {
  medley_cache_item item;
  IS(session, NOT_FOUND, medley_cache_lease(session, "c", key, strlen(key), &item));
  return item.lease;
}
static inline int fill(medley_session *session, const char *key, uint64_t token, const char *value) {
  return medley_cache_fill(session, "c", key, strlen(key), token, value, strlen(value), 0, 0);
}
static inline int sql(medley_session *session, const char *text) {
  return medley_exec(session, MEDLEY_LANGUAGE_SQL, text, MEDLEY_NUL_ENDED, NULL, NULL);
}

#endif
