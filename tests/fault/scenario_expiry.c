/* scenario_expiry.c - keys and fields that end, and the sweep that removes them, while calls fail.
 *
 * So do windows of a table that are past, and rows with a time to live, both sealed before. The clock is the scenario's own. What is due is not seen, swept or not; what is not due stays; and when the faults are over the
 * sweep gets to its end, so that nothing due is left in the file. */
#include <stdlib.h>
#include <unistd.h>

#include "tests/fault/calls.h"
#include "tests/fault/scenario.h"

#define START_US ((int64_t)1900000000 * 1000000)
#define LIFE_MS "1000"
#define AFTER_US (START_US + 65000000) /* more than a round of the sweep of rows */
#define DUE_STRINGS 25
#define KEPT_STRINGS 5
#define FIELDS 24   /* every other one is due */
#define ITEMS 300   /* more parts than one step of the sweep frees */
#define DUE_ROWS 40 /* in four windows */
#define KEPT_ROWS 6
#define LIVED_ROWS 24 /* of each of two partitions: all of the first are due, every other one of the second */
#define WRITES 70     /* a write now and then sweeps, too */
#define STEPS_MAX 50

static int64_t now_us;

static int64_t read_clock(void *context) {
  (void)context;
  return now_us;
}

static int64_t number_of(medley_session *session, int *rc, const char *command, const char *key) {
  const medley_value *reply = NULL;
  *rc = fault_redis(session, &reply, command, key, (char *)NULL);
  return *rc == MEDLEY_OK && reply->type == MEDLEY_TYPE_INTEGER ? reply->as.integer : -1;
}

/* ---- What there is ---- */
static int make_strings(medley_session *session) {
  char key[24];
  int rc = MEDLEY_OK;
  for (int i = 0; rc == MEDLEY_OK && i < DUE_STRINGS; i++) {
    snprintf(key, sizeof key, "e:due%d", i);
    rc = fault_redis(session, NULL, "SET", key, "due", "PX", LIFE_MS, (char *)NULL);
  }
  for (int i = 0; rc == MEDLEY_OK && i < KEPT_STRINGS; i++) {
    snprintf(key, sizeof key, "e:kept%d", i);
    rc = fault_redis(session, NULL, "SET", key, "kept", "EX", "100000", (char *)NULL);
  }
  return rc;
}

static int make_collections(medley_session *session) {
  char name[24];
  int rc = MEDLEY_OK;
  for (int i = 0; rc == MEDLEY_OK && i < FIELDS; i++) {
    snprintf(name, sizeof name, "f%d", i);
    rc = fault_redis(session, NULL, "HSET", "e:hash", name, "value", (char *)NULL);
    if (rc == MEDLEY_OK && i % 2 == 0)
      rc = fault_redis(session, NULL, "HPEXPIRE", "e:hash", LIFE_MS, "FIELDS", "1", name, (char *)NULL);
  }
  for (int i = 0; rc == MEDLEY_OK && i < ITEMS; i++) {
    snprintf(name, sizeof name, "member number %d", i);
    rc = fault_redis(session, NULL, "SADD", "e:set", name, (char *)NULL);
    if (rc == MEDLEY_OK) rc = fault_redis(session, NULL, "HSET", "e:removed", name, "value", (char *)NULL);
  }
  if (rc == MEDLEY_OK) rc = fault_redis(session, NULL, "PEXPIRE", "e:set", LIFE_MS, (char *)NULL);
  if (rc == MEDLEY_OK) rc = fault_redis(session, NULL, "DEL", "e:removed", (char *)NULL);
  return rc;
}

static int make_windows(medley_session *session) {
  static const char *const statements[] = {
      "CREATE KEYSPACE expiry WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 1}",
      "CREATE TABLE expiry.seen (who int, at bigint, n int, PRIMARY KEY (who, at, n)) WITH segment_rows = 2 AND "
      "time_window = {'column': 'at', 'size': '1s', 'unit': 'ms', 'keep': '1s'}"};
  int rc = MEDLEY_OK;
  for (size_t i = 0; rc == MEDLEY_OK && i < sizeof statements / sizeof statements[0]; i++)
    rc = fault_cql(session, statements[i], 0, NULL);
  for (int i = 0; rc == MEDLEY_OK && i < DUE_ROWS + KEPT_ROWS; i++) {
    int64_t at_ms = START_US / 1000 + (i < DUE_ROWS ? i % 4 * 1000 : 100000);
    rc = fault_cql(session, "INSERT INTO expiry.seen (who, at, n) VALUES (?, ?, ?)", 3,
                   (const int64_t[]){i % 3, at_ms, i});
  }
  return rc;
}

static int make_lived(medley_session *session) {
  int rc = fault_cql(session, "CREATE TABLE expiry.lived (who int, n int, PRIMARY KEY (who, n)) WITH segment_rows = 4",
                     0, NULL);
  for (int i = 0; rc == MEDLEY_OK && i < 2 * LIVED_ROWS; i++) {
    int64_t values[3] = {i / LIVED_ROWS, i, i < LIVED_ROWS || i % 2 == 0 ? 3 : 1000};
    rc = fault_cql(session, "INSERT INTO expiry.lived (who, n) VALUES (?, ?) USING TTL ?", 3, values);
  }
  return rc;
}

static int make_everything(medley_session *session) {
  int rc = medley_begin(session, MEDLEY_WRITE);
  if (rc == MEDLEY_OK) rc = make_strings(session);
  if (rc == MEDLEY_OK) rc = make_collections(session);
  if (rc == MEDLEY_OK) rc = make_windows(session);
  if (rc == MEDLEY_OK) rc = make_lived(session);
  return rc == MEDLEY_OK ? medley_commit(session) : rc;
}

/* ---- What is seen ---- */
static void look_at(fault_run *run, medley_session *session, const char *command, const char *key, int64_t expected) {
  int rc;
  int64_t found = number_of(session, &rc, command, key);
  fault_run_note(run, command, rc, rc == MEDLEY_OK ? "" : fault_error(session));
  if (rc == MEDLEY_OK && found != expected)
    fault_run_bad(run, "%s %s is %lld instead of %lld", command, key, (long long)found, (long long)expected);
}

static void look_at_rows(fault_run *run, medley_session *session, const char *count, int expected) {
  fault_text text = {0};
  int rc = fault_cql_rows(session, count, 0, NULL, &text);
  fault_run_note(run, "SELECT", rc, rc == MEDLEY_OK ? "" : fault_error(session));
  if (rc == MEDLEY_OK && (text.len == 0 || atoi(text.bytes) != expected))
    fault_run_bad(run, "%s: %s instead of %d", count, text.len > 0 ? text.bytes : "nothing", expected);
  fault_text_clear(&text);
}

static void look(fault_run *run, medley_session *session) {
  look_at_rows(run, session, "SELECT count(*) FROM expiry.seen", KEPT_ROWS);
  look_at_rows(run, session, "SELECT count(*) FROM expiry.lived", LIVED_ROWS / 2);
  look_at_rows(run, session, "SELECT count(*) FROM expiry.lived WHERE who = 0", 0);
  look_at(run, session, "EXISTS", "e:due0", 0);
  look_at(run, session, "EXISTS", "e:due7", 0);
  look_at(run, session, "EXISTS", "e:kept0", 1);
  look_at(run, session, "STRLEN", "e:kept4", 4);
  look_at(run, session, "HLEN", "e:hash", FIELDS / 2);
  look_at(run, session, "SCARD", "e:set", 0);
  look_at(run, session, "EXISTS", "e:removed", 0);
}

/* ---- The sweep ---- */
static int maintain(fault_run *run, medley *db, bool to_the_end) {
  medley_error error = {0};
  int more = 1, rc = MEDLEY_OK;
  for (int step = 0; rc == MEDLEY_OK && more && step < (to_the_end ? STEPS_MAX : 1); step++)
    rc = medley_maintain(db, 100000, &more, &error);
  fault_run_note(run, "maintain", rc, error.message);
  if (to_the_end && rc == MEDLEY_OK && more) fault_run_bad(run, "the sweep does not come to its end");
  return rc;
}

static void sweep_and_look(fault_run *run, medley *db, medley_session *session) {
  look(run, session);
  for (int i = 0; i < WRITES; i++) {
    int rc = fault_redis(session, NULL, "SET", "e:written", "x", (char *)NULL);
    fault_run_note(run, "SET", rc, rc == MEDLEY_OK ? "" : fault_error(session));
    if (rc == MEDLEY_DEAD) break;
  }
  look(run, session);
  int rc = maintain(run, db, false);
  (void)rc;
  look(run, session);
}

/* Due things are gone from the file, not only from sight. */
static void count_keys(fault_run *run, medley *db, medley_session *session, uint64_t keys_before) {
  medley_error error = {0};
  medley_stats stats;
  int rc;
  int64_t written = number_of(session, &rc, "EXISTS", "e:written");
  if (rc == MEDLEY_OK) rc = medley_stat(db, &stats, &error);
  if (rc != MEDLEY_OK) {
    fault_run_bad(run, "after the faults the keys cannot be counted: %s", medley_status_name(rc));
    return;
  }
  uint64_t expected = keys_before + KEPT_STRINGS + 1 + (uint64_t)written;
  if (stats.keys != expected)
    fault_run_bad(run, "after the sweep there are %llu keys instead of %llu", (unsigned long long)stats.keys,
                  (unsigned long long)expected);
}

void fault_expiry(fault_run *run) {
  medley *db;
  medley_session *session;
  medley_error error = {0};
  medley_stats before;
  now_us = START_US;
  run->options.clock_us = read_clock;
  if (!fault_run_open(run, &db, &session)) _exit(3);
  if (medley_stat(db, &before, &error) != MEDLEY_OK || make_everything(session) != MEDLEY_OK) _exit(3);
  for (int more = 1; more;) { /* rows are sealed */
    if (medley_maintain(db, 100000, &more, &error) != MEDLEY_OK) _exit(3);
  }
  now_us = AFTER_US;
  fault_run_arm(run);
  sweep_and_look(run, db, session);
  fault_run_disarm(run);
  int rc = maintain(run, db, true);
  if (rc == MEDLEY_OK) {
    look(run, session);
    count_keys(run, db, session, before.keys);
  } else if (rc != MEDLEY_DEAD) {
    fault_run_bad(run, "after the faults the sweep answers %s", medley_status_name(rc));
  }
  fault_run_go_on(run, session, FAULT_PREPARED_TXNS + 1);
  fault_run_close(run, db, session);
}

void fault_expiry_verify(fault_run *run) {
  medley *db;
  medley_session *session;
  now_us = AFTER_US;
  run->options.clock_us = read_clock;
  if (!fault_run_open(run, &db, &session)) {
    fault_run_bad(run, "after reopening: %s", run->report->last_message);
    return;
  }
  look(run, session);
  if (maintain(run, db, true) != MEDLEY_OK) fault_run_bad(run, "after reopening the sweep fails");
  look(run, session);
  fault_run_close(run, db, session);
}
