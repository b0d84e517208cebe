/* test_cache_race.c - never stale: readers fill a cache bucket from SQL under leases while writers change rows and
 * invalidate in the same transaction, in threads and in processes.
 *
 * Every row has a version that only grows. `seen` is the highest version that anybody has read from SQL. Whoever takes it
 * down before he asks the cache may not get an older version from the cache afterwards. */
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "engine/medley.h"
#include "tests/unit/cache_kit.h"

enum { ROWS = 4, THREADS = 6, PROCESSES = 3, ROUNDS = 2000 };

typedef struct board { /* shared by all processes */
  _Atomic int64_t seen[ROWS];
  _Atomic uint64_t hits, fills, refused_fills, without_lease, commits, stale, failures, finished_writers;
} board;

static char directory[64], path[128];
static board *shared;

static void setup(void) {
  snprintf(directory, sizeof directory, "%s/medley-cache-race-XXXXXX",
           access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
  ck_assert_ptr_nonnull(mkdtemp(directory));
  snprintf(path, sizeof path, "%s/test.medley", directory);
  shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  ck_assert(shared != MAP_FAILED);
}

static void teardown(void) {
  char command[128];
  snprintf(command, sizeof command, "rm -rf '%s'", directory);
  ck_assert_int_eq(system(command), 0);
  munmap(shared, sizeof *shared);
}

typedef struct person {
  medley *db;
  uint64_t random;
  int rounds;
} person;

static medley *open_database(void) {
  medley *db = NULL;
  medley_error error;
  if (medley_open(path, NULL, &db, &error) != MEDLEY_OK) fprintf(stderr, "open: %s\n", error.message);
  return db;
}

static medley_session *open_session(medley *db) {
  medley_session *session = NULL;
  medley_error error;
  if (medley_session_open(db, &session, &error) != MEDLEY_OK) atomic_fetch_add(&shared->failures, 1);
  return session;
}

static int run(medley_session *session, const char *text) {
  int rc = medley_exec(session, MEDLEY_LANGUAGE_SQL, text, MEDLEY_NUL_ENDED, NULL, NULL);
  if (rc != MEDLEY_OK) {
    atomic_fetch_add(&shared->failures, 1);
    fprintf(stderr, "%s: %s\n", text, medley_session_error(session)->message);
  }
  return rc;
}

/* Gives the others time between two steps, so that every step of one falls between any two of another. */
static void linger(uint64_t *random) {
  uint64_t what = kit_random(random) % 8;
  if (what > 1) return;
  struct timespec pause = {0, what == 0 ? 1 : (long)(kit_random(random) % 300000)};
  nanosleep(&pause, NULL);
}

/* ---- Writers ---- */
static void write_once(medley_session *session, uint64_t *random) {
  int row = (int)(kit_random(random) % ROWS);
  char text[100], key[16];
  int key_len = snprintf(key, sizeof key, "row %d", row);
  if (medley_begin(session, MEDLEY_WRITE) != MEDLEY_OK) {
    atomic_fetch_add(&shared->failures, 1);
    return;
  }
  snprintf(text, sizeof text, "UPDATE t SET version = version + 1 WHERE id = %d", row);
  (void)!run(session, text);
  uint64_t what = kit_random(random) % 10;
  int rc = MEDLEY_OK;
  if (what < 5) {
    rc = medley_cache_delete(session, "c", key, (size_t)key_len);
  } else if (what < 7) { /* write through: the new version goes into the cache with the commit */
    medley_statement *statement;
    snprintf(text, sizeof text, "SELECT version FROM t WHERE id = %d", row);
    rc = medley_prepare(session, MEDLEY_LANGUAGE_SQL, text, MEDLEY_NUL_ENDED, &statement, NULL);
    if (rc == MEDLEY_OK && medley_step(statement) == MEDLEY_ROW) {
      int64_t version = medley_column_integer(statement, 0);
      rc = medley_cache_put(session, "c", MEDLEY_CACHE_SET, key, (size_t)key_len, &version, sizeof version, 0, 0, 0);
    }
    medley_statement_close(statement);
  } else if (what < 8) {
    rc = medley_cache_flush(session, "c");
  } else { /* changes its mind, with a value in the overlay that must never be seen */
    int64_t version = INT64_MAX;
    rc = medley_cache_put(session, "c", MEDLEY_CACHE_SET, key, (size_t)key_len, &version, sizeof version, 0, 0, 0);
    if (medley_rollback(session) != MEDLEY_OK) atomic_fetch_add(&shared->failures, 1);
  }
  if (rc != MEDLEY_OK && rc != MEDLEY_NOT_FOUND) atomic_fetch_add(&shared->failures, 1);
  linger(random);
  if (what < 8 && medley_commit(session) != MEDLEY_OK) atomic_fetch_add(&shared->failures, 1);
  atomic_fetch_add(&shared->commits, 1);
}

static void *writer(void *context) {
  person *mine = context;
  medley_session *session = open_session(mine->db);
  for (int i = 0; i < mine->rounds; i++) write_once(session, &mine->random);
  medley_session_close(session);
  atomic_fetch_add(&shared->finished_writers, 1);
  return NULL;
}

/* ---- Readers ---- */
static void raise_seen(int row, int64_t version) {
  int64_t seen = atomic_load(&shared->seen[row]);
  while (version > seen && !atomic_compare_exchange_weak(&shared->seen[row], &seen, version)) continue;
}

static int64_t read_row(medley_session *session, medley_statement *statement, int row) {
  int64_t version = -1;
  if (medley_bind_integer(statement, 1, row) == MEDLEY_OK && medley_step(statement) == MEDLEY_ROW) {
    version = medley_column_integer(statement, 0);
  } else {
    fprintf(stderr, "read: %s\n", medley_session_error(session)->message);
    atomic_fetch_add(&shared->failures, 1);
  }
  (void)medley_reset(statement);
  return version;
}

static void read_once(medley_session *session, medley_statement *statement, int row, uint64_t *random) {
  char key[16];
  int key_len = snprintf(key, sizeof key, "row %d", row);
  int64_t version;
  if (kit_random(random) % 8 == 0) { /* somebody who does not use the cache */
    raise_seen(row, read_row(session, statement, row));
    return;
  }
  int64_t floor = atomic_load(&shared->seen[row]);
  medley_cache_item item;
  int rc = medley_cache_lease(session, "c", key, (size_t)key_len, &item);
  if (rc == MEDLEY_OK) {
    memcpy(&version, item.value.bytes, sizeof version);
    atomic_fetch_add(&shared->hits, 1);
    if (version < floor || version == INT64_MAX) atomic_fetch_add(&shared->stale, 1);
    return;
  }
  if (rc != MEDLEY_NOT_FOUND) atomic_fetch_add(&shared->failures, 1);
  linger(random);
  version = read_row(session, statement, row);
  linger(random);
  raise_seen(row, version);
  if (item.lease == 0) {
    atomic_fetch_add(&shared->without_lease, 1);
    return;
  }
  rc = medley_cache_fill(session, "c", key, (size_t)key_len, item.lease, &version, sizeof version, 0, 0);
  if (rc == MEDLEY_OK)
    atomic_fetch_add(&shared->fills, 1);
  else if (rc == MEDLEY_CONSTRAINT)
    atomic_fetch_add(&shared->refused_fills, 1);
  else
    atomic_fetch_add(&shared->failures, 1);
}

static uint64_t writers_expected;

static void *reader(void *context) {
  person *mine = context;
  medley_session *session = open_session(mine->db);
  medley_statement *statement;
  if (medley_prepare(session, MEDLEY_LANGUAGE_SQL, "SELECT version FROM t WHERE id = ?", MEDLEY_NUL_ENDED, &statement,
                     NULL) != MEDLEY_OK) {
    atomic_fetch_add(&shared->failures, 1);
    return NULL;
  }
  while (atomic_load(&shared->finished_writers) < writers_expected) {
    read_once(session, statement, (int)(kit_random(&mine->random) % ROWS), &mine->random);
  }
  medley_statement_close(statement);
  medley_session_close(session);
  return NULL;
}

/* ---- The two arrangements ---- */
static void make_database(void) {
  medley *db = open_database();
  ck_assert_ptr_nonnull(db);
  medley_session *session = open_session(db);
  ck_assert_int_eq(run(session, "CREATE TABLE t(id INTEGER PRIMARY KEY, version INTEGER NOT NULL)"), MEDLEY_OK);
  for (int row = 0; row < ROWS; row++) {
    char text[80];
    snprintf(text, sizeof text, "INSERT INTO t VALUES(%d, 1)", row);
    ck_assert_int_eq(run(session, text), MEDLEY_OK);
  }
  ck_assert_int_eq(medley_cache_create(session, "c", MIB, MEDLEY_EVICT_SEGMENTED_LRU), MEDLEY_OK);
  ck_assert_int_eq(medley_session_close(session), MEDLEY_OK);
  ck_assert_int_eq(medley_close(db), MEDLEY_OK);
}

/* Half of the threads write. */
static void run_threads(medley *db, int count, int rounds, uint64_t seed) {
  person people[THREADS];
  pthread_t threads[THREADS];
  for (int i = 0; i < count; i++) {
    people[i] = (person){db, kit_random(&seed), rounds};
    if (pthread_create(&threads[i], NULL, i % 2 == 0 ? writer : reader, &people[i]) != 0) abort();
  }
  for (int i = 0; i < count; i++) pthread_join(threads[i], NULL);
}

static void report(const char *name) {
  printf("%s: %llu transactions, %llu hits, %llu fills, %llu refused fills, %llu misses without lease\n", name,
         (unsigned long long)shared->commits, (unsigned long long)shared->hits, (unsigned long long)shared->fills,
         (unsigned long long)shared->refused_fills, (unsigned long long)shared->without_lease);
  ck_assert_uint_eq(shared->failures, 0);
  ck_assert_uint_gt(shared->hits, 0);
  ck_assert_uint_gt(shared->fills, 0);
  ck_assert_msg(shared->stale == 0, "%llu stale reads", (unsigned long long)shared->stale);
}

static void drop_bucket(void) {
  medley *db = open_database();
  medley_session *session = open_session(db);
  ck_assert_int_eq(medley_cache_drop(session, "c"), MEDLEY_OK);
  medley_session_close(session);
  medley_close(db);
}

START_TEST(threads_never_read_from_the_cache_what_is_older_than_what_was_read_from_sql) {
  uint64_t seed = kit_seed("threads_never_read");
  make_database();
  medley *db = open_database();
  writers_expected = THREADS / 2;
  run_threads(db, THREADS, ROUNDS, seed);
  ck_assert_int_eq(medley_close(db), MEDLEY_OK);
  report("threads");
  drop_bucket();
}
END_TEST

/* A process with one writer and one reader. */
static pid_t start_process(uint64_t seed, int rounds) {
  fflush(NULL);
  pid_t pid = fork();
  ck_assert_int_ge(pid, 0);
  if (pid != 0) return pid;
  medley *db = open_database();
  run_threads(db, 2, rounds, seed);
  _exit(medley_close(db) == MEDLEY_OK ? 0 : 1);
}

static void wait_for(const pid_t *pids, int count) {
  for (int i = 0; i < count; i++) {
    int status;
    ck_assert_int_eq(waitpid(pids[i], &status, 0), pids[i]);
    ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0);
  }
}

START_TEST(processes_never_do_either) {
  uint64_t seed = kit_seed("processes_never_do");
  make_database();
  writers_expected = PROCESSES;
  pid_t pids[PROCESSES];
  for (int i = 0; i < PROCESSES; i++) pids[i] = start_process(kit_random(&seed), ROUNDS / 2);
  wait_for(pids, PROCESSES);
  report("processes");
  drop_bucket();
}
END_TEST

START_TEST(nor_do_they_when_others_are_killed_in_the_middle_of_everything) {
  uint64_t seed = kit_seed("nor_do_they_when_others_are_killed");
  make_database();
  writers_expected = 2;
  pid_t pids[2];
  for (int i = 0; i < 2; i++) pids[i] = start_process(kit_random(&seed), ROUNDS);
  for (int i = 0; i < 60 && atomic_load(&shared->finished_writers) < writers_expected; i++) {
    pid_t victim = start_process(kit_random(&seed), 1000000);
    struct timespec pause = {0, (long)(2000000 + kit_random(&seed) % 15000000)};
    nanosleep(&pause, NULL);
    ck_assert_int_eq(kill(victim, SIGKILL), 0);
    ck_assert_int_eq(waitpid(victim, NULL, 0), victim);
  }
  wait_for(pids, 2);
  report("killed processes");
  drop_bucket();
}
END_TEST

int main(void) {
  Suite *suite = suite_create("cache_race");
  TCase *races = tcase_create("races");
  tcase_set_timeout(races, 0);
  tcase_add_checked_fixture(races, setup, teardown);
  tcase_add_test(races, threads_never_read_from_the_cache_what_is_older_than_what_was_read_from_sql);
  tcase_add_test(races, processes_never_do_either);
  tcase_add_test(races, nor_do_they_when_others_are_killed_in_the_middle_of_everything);
  suite_add_tcase(suite, races);
  return kit_run(suite);
}
