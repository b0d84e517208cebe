/* test_housekeeping.c - the maintenance thread: what it does without being called, beside writers, and how it ends. */
#include <pthread.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/unit/sealed_rows.h"
#include "tests/unit/session_kit.h"

#define PATIENCE_MS 60000 /* for what only the thread can bring about */

typedef struct scratch {
  char folder[64], path[96];
} scratch;

static void make_scratch(scratch *place) {
  snprintf(place->folder, sizeof place->folder, "/tmp/medley-housekeeping-XXXXXX");
  ck_assert_ptr_nonnull(mkdtemp(place->folder));
  snprintf(place->path, sizeof place->path, "%s/db.medley", place->folder);
}

static void remove_scratch(const scratch *place) {
  char lock[128];
  snprintf(lock, sizeof lock, "%s-lock", place->path);
  ck_assert_int_eq(unlink(place->path), 0);
  ck_assert_int_eq(unlink(lock), 0);
  ck_assert_int_eq(rmdir(place->folder), 0); /* the log is gone, too */
}

static void nap(void) { nanosleep(&(struct timespec){0, 5000000}, NULL); }

static medley *open_kept(const char *path, uint32_t maintenance_ms) {
  medley_options options;
  medley_options_init(&options);
  options.maintenance_ms = maintenance_ms;
  options.durability = MEDLEY_RELAXED;
  medley *db;
  medley_error error;
  ck_assert_msg(medley_open(path, &options, &db, &error) == MEDLEY_OK, "%s", error.message);
  return db;
}

static medley_session *open_session(medley *db) {
  medley_session *session;
  medley_error error;
  ck_assert_msg(medley_session_open(db, &session, &error) == MEDLEY_OK, "%s", error.message);
  return session;
}

static medley_stats stats_of(medley *db) {
  medley_stats stats;
  medley_error error;
  ck_assert_msg(medley_stat(db, &stats, &error) == MEDLEY_OK, "%s", error.message);
  return stats;
}

START_TEST(expired_keys_go_and_the_log_ends_without_a_call) {
  scratch place;
  make_scratch(&place);
  medley *db = open_kept(place.path, 5);
  medley_session *session = open_session(db);
  kit_exec(session, MEDLEY_LANGUAGE_REDIS, "SET stays 1");
  for (int i = 0; i < 500; i++) {
    char text[60];
    snprintf(text, sizeof text, "SET k:%d v PX 1", i);
    kit_exec(session, MEDLEY_LANGUAGE_REDIS, text);
  }
  medley_stats stats = stats_of(db);
  for (int waited = 0; waited < PATIENCE_MS && (stats.keys > 1 || stats.log_commits > 0); waited += 5) {
    nap();
    stats = stats_of(db);
  }
  ck_assert_uint_eq(stats.keys, 1);
  ck_assert_uint_eq(stats.log_commits, 0);
  medley_session_close(session);
  ck_assert_int_eq(medley_close(db), MEDLEY_OK);
  remove_scratch(&place);
}
END_TEST

static void *write_rows(void *context) {
  medley_session *session = open_session(context);
  for (int i = 0; i < 300; i++) {
    char text[200];
    snprintf(text, sizeof text,
             "BEGIN UNLOGGED BATCH INSERT INTO k.t (a, b, c) VALUES (%d, 1, 'x'); "
             "INSERT INTO k.t (a, b, c) VALUES (%d, 2, 'y'); APPLY BATCH",
             i % 50, i);
    kit_exec(session, MEDLEY_LANGUAGE_CQL, text);
    snprintf(text, sizeof text, "SET e:%d v PX 1", i);
    kit_exec(session, MEDLEY_LANGUAGE_REDIS, text);
  }
  ck_assert_int_eq(medley_session_close(session), MEDLEY_OK);
  return NULL;
}

START_TEST(rows_are_sealed_beside_writers) {
  enum { WRITERS = 3 };
  scratch place;
  make_scratch(&place);
  medley *db = open_kept(place.path, 1);
  medley_session *session = open_session(db);
  kit_exec(session, MEDLEY_LANGUAGE_CQL,
           "CREATE KEYSPACE k WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 1}");
  kit_exec(session, MEDLEY_LANGUAGE_CQL,
           "CREATE TABLE k.t (a int, b int, c text, PRIMARY KEY (a, b)) WITH segment_rows = 64");
  pthread_t writers[WRITERS];
  for (int i = 0; i < WRITERS; i++) ck_assert_int_eq(pthread_create(&writers[i], NULL, write_rows, db), 0);
  for (int i = 0; i < WRITERS; i++) ck_assert_int_eq(pthread_join(writers[i], NULL), 0);
  SQL_IS(session, "SELECT count(*), count(DISTINCT a) FROM \"k.t\"", "350|300\n");
  uint64_t problems;
  medley_error error;
  ck_assert_int_eq(medley_check(db, NULL, NULL, &problems, &error), MEDLEY_OK);
  ck_assert_uint_eq(problems, 0);
  medley_session_close(session);
  ck_assert_int_eq(medley_close(db), MEDLEY_OK); /* in the middle of whatever it does */
  remove_scratch(&place);
}
END_TEST

START_TEST(a_forked_child_closes_what_it_inherited) {
  scratch place;
  make_scratch(&place);
  medley *db = open_kept(place.path, 1);
  pid_t child = fork();
  ck_assert_int_ge(child, 0);
  if (child == 0) {
    alarm(20);
    _exit(medley_close(db) == MEDLEY_OK ? 0 : 1);
  }
  int status;
  ck_assert_int_eq(waitpid(child, &status, 0), child);
  ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 0, "status %d", status);
  ck_assert_int_eq(medley_close(db), MEDLEY_OK);
  db = open_kept(place.path, 1); /* opened and closed at once */
  ck_assert_int_eq(medley_close(db), MEDLEY_OK);
  remove_scratch(&place);
}
END_TEST

/* Rows from .. to - 1, all over the table. */
static void add_rows(medley_session *session, int from, int to) {
  char text[200];
  ck_assert_int_eq(medley_begin(session, MEDLEY_WRITE), MEDLEY_OK);
  for (int i = from; i < to; i++) {
    snprintf(text, sizeof text, "INSERT INTO k.t (p, c, v) VALUES (%d, %d, %d)", i % 97, i, i);
    kit_exec(session, MEDLEY_LANGUAGE_CQL, text);
  }
  ck_assert_int_eq(medley_commit(session), MEDLEY_OK);
}

/* Commits leave rows alone of which few have gathered in a place; whoever has the time does not, unless they are few in all. */
START_TEST(where_there_is_time_all_rows_are_sealed) {
  session_kit kit;
  kit_open(&kit);
  kit_exec(kit.session, MEDLEY_LANGUAGE_CQL,
           "CREATE KEYSPACE k WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 1};"
           "CREATE TABLE k.t (p int, c int, v int, PRIMARY KEY (p, c)) WITH segment_rows = 128");
  add_rows(kit.session, 0, 4000);
  sealed_rows_maintain(kit.db);
  ck_assert_uint_eq(sealed_rows_count(kit.db, "k", "t"), 4000);
  add_rows(kit.session, 4000, 4100); /* less than a pass is for */
  sealed_rows_maintain(kit.db);
  ck_assert_uint_eq(sealed_rows_count(kit.db, "k", "t"), 4000);
  for (int i = 4100; i < 4500; i += 10) add_rows(kit.session, i, i + 10);
  sealed_rows_maintain(kit.db);
  ck_assert_uint_eq(sealed_rows_count(kit.db, "k", "t"), 4500);
  CQL_IS(kit.session, "SELECT count(*), sum(v) FROM k.t", "4500|10122750\n");
  kit_close(&kit);
}
END_TEST

PROPERTY_MAIN("housekeeping", expired_keys_go_and_the_log_ends_without_a_call, rows_are_sealed_beside_writers,
              where_there_is_time_all_rows_are_sealed, a_forked_child_closes_what_it_inherited)
