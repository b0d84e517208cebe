/* scenario_cache.c - cache buckets while calls fail.
 *
 * Every key stands for a row of the table "cached" and is changed in the row's transaction. So whatever failed, and whoever died: what
 * the bucket says of a key is what the row says, or nothing. */
#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/fault/calls.h"
#include "tests/fault/scenario.h"

#define BUCKET "c"
#define BUCKET_BYTES ((uint64_t)1 << 20)
#define KEY_COUNT 5
#define ROUNDS 9
#define LARGE_COUNT 30 /* more than the bucket holds */
#define LARGE_LEN ((size_t)50000)
#define KILLED_AT_CALLS 6
#define HITS_MIN 40

typedef struct work {
  fault_run *run;
  medley *db;
  medley_session *session;
  bool faults_are_over;
  unsigned hits; /* keys that the bucket knew */
} work;

/* A cache may have lost what is asked for; a lease may have been voided with it. */
static void note(work *self, const char *what, int rc) {
  if (rc == MEDLEY_NOT_FOUND || rc == MEDLEY_CONSTRAINT) rc = MEDLEY_OK;
  fault_run_note(self->run, what, rc, rc == MEDLEY_OK ? "" : medley_session_error(self->session)->message);
  if (self->faults_are_over && rc != MEDLEY_OK && rc != MEDLEY_DEAD)
    fault_run_bad(self->run, "after the faults %s answers %s", what, medley_status_name(rc));
}

static size_t key_of(char key[16], int number) { return (size_t)snprintf(key, 16, "row:%d", number); }

/* ---- The row is right ---- */
static int read_version(const work *self, int number, int64_t *version) {
  return fault_sql_number(self->session, "SELECT version FROM cached WHERE id = ?", 1, (int64_t[]){number}, version);
}

static void compare(work *self) {
  for (int number = 1; number <= KEY_COUNT; number++) {
    char key[16], text[24];
    medley_cache_item item;
    int64_t version;
    int rc = medley_cache_get(self->session, BUCKET, key, key_of(key, number), &item);
    note(self, "cache get", rc);
    if (rc != MEDLEY_OK) continue;
    self->hits++;
    snprintf(text, sizeof text, "%.*s", (int)(item.value.len < 20 ? item.value.len : 20),
             (const char *)item.value.bytes);
    if (read_version(self, number, &version) != MEDLEY_OK) continue;
    if (strtoll(text, NULL, 10) != version)
      fault_run_bad(self->run, "key %s is %s where its row is %" PRId64, key, text, version);
  }
}

/* ---- Changes ---- */
static int change_row_and_key(work *self, int number) {
  char key[16], text[24];
  int64_t version;
  int rc = fault_sql(self->session, "UPDATE cached SET version = version + 1 WHERE id = ?", 1, (int64_t[]){number});
  if (rc == MEDLEY_OK) rc = read_version(self, number, &version);
  if (rc != MEDLEY_OK) return rc;
  size_t len = (size_t)snprintf(text, sizeof text, "%" PRId64, version);
  return medley_cache_put(self->session, BUCKET, MEDLEY_CACHE_SET, key, key_of(key, number), text, len, 7, 0, 0);
}

static void change(work *self, int number, bool give_up) {
  int rc = medley_begin(self->session, MEDLEY_WRITE);
  if (rc == MEDLEY_OK) rc = change_row_and_key(self, number);
  if (rc == MEDLEY_OK && !give_up) rc = medley_commit(self->session);
  fault_run_note(self->run, "change", rc, rc == MEDLEY_OK ? "" : fault_error(self->session));
  if (medley_session_state(self->session) != MEDLEY_NO_TRANSACTION) medley_rollback(self->session);
}

/* As an application does it: what is missing is computed under a lease. Answers whether it was taken. */
static bool read_through(work *self, int number) {
  char key[16], text[24];
  medley_cache_item item;
  int64_t version;
  size_t key_len = key_of(key, number);
  note(self, "cache delete", medley_cache_delete(self->session, BUCKET, key, key_len));
  int rc = medley_cache_lease(self->session, BUCKET, key, key_len, &item);
  note(self, "cache lease", rc);
  if (rc != MEDLEY_NOT_FOUND || item.lease == 0 || read_version(self, number, &version) != MEDLEY_OK) return false;
  size_t len = (size_t)snprintf(text, sizeof text, "%" PRId64, version);
  rc = medley_cache_fill(self->session, BUCKET, key, key_len, item.lease, text, len, 0, 60000);
  note(self, "cache fill", rc);
  return rc == MEDLEY_OK;
}

/* What stands for no row; the bucket has to give up other things for it. */
static void fill_up(work *self) {
  char *large = calloc(1, LARGE_LEN);
  for (int i = 0; large != NULL && i < LARGE_COUNT; i++) {
    char key[16];
    size_t key_len = (size_t)snprintf(key, sizeof key, "large:%d", i);
    note(self, "cache put",
         medley_cache_put(self->session, BUCKET, MEDLEY_CACHE_SET, key, key_len, large, LARGE_LEN, 0, 0, 0));
  }
  free(large);
}

static void change_in_place(work *self) {
  medley_session *session = self->session;
  medley_cache_item item;
  uint64_t result;
  note(self, "cache put", medley_cache_put(session, BUCKET, MEDLEY_CACHE_SET, "n", 1, "41", 2, 0, 0, 0));
  note(self, "cache increment", medley_cache_increment(session, BUCKET, "n", 1, 1, 0, &result));
  note(self, "cache append", medley_cache_put(session, BUCKET, MEDLEY_CACHE_APPEND, "n", 1, "5", 1, 0, 0, 0));
  note(self, "cache touch", medley_cache_touch(session, BUCKET, "n", 1, 5000));
  note(self, "cache get and touch", medley_cache_get_and_touch(session, BUCKET, "n", 1, 9000, &item));
  note(self, "cache delete", medley_cache_delete(session, BUCKET, "n", 1));
}

/* The same inside of a transaction, with a flush that is taken back and one that is not. */
static void change_in_transaction(work *self) {
  medley_session *session = self->session;
  int rc = medley_begin(session, MEDLEY_WRITE);
  note(self, "begin", rc);
  if (rc == MEDLEY_OK) {
    change_in_place(self);
    rc = medley_savepoint(session, "s");
    if (rc == MEDLEY_OK) rc = medley_cache_flush(session, BUCKET);
    if (rc == MEDLEY_OK) rc = medley_rollback_to(session, "s");
    if (rc == MEDLEY_OK) rc = change_row_and_key(self, 1);
    if (rc == MEDLEY_OK) rc = medley_commit(session);
    fault_run_note(self->run, "changes in a transaction", rc, rc == MEDLEY_OK ? "" : fault_error(session));
  }
  if (medley_session_state(session) != MEDLEY_NO_TRANSACTION) medley_rollback(session);
  compare(self);
  note(self, "cache flush", medley_cache_flush(session, BUCKET));
}

static void use_bucket(work *self) {
  medley_cache_stats stats;
  for (int i = 0; i < ROUNDS; i++) {
    change(self, i % KEY_COUNT + 1, i % 3 == 2);
    compare(self);
  }
  for (int number = 1; number <= 2; number++) (void)read_through(self, number);
  compare(self);
  fill_up(self);
  compare(self);
  change_in_place(self);
  change_in_transaction(self);
  note(self, "cache stat", medley_cache_stat(self->session, BUCKET, &stats));
}

/* ---- Before and after ---- */
static bool begin(work *self, fault_run *run) {
  *self = (work){.run = run};
  snprintf(run->control->beside[0], sizeof run->control->beside[0], "/dev/shm/medley-cache-");
  snprintf(run->control->beside[1], sizeof run->control->beside[1], "/proc/");
  return fault_run_open(run, &self->db, &self->session);
}

static bool make_rows(const work *self) {
  return fault_sql(self->session, "CREATE TABLE cached (id INTEGER PRIMARY KEY, version INTEGER NOT NULL)", 0, NULL) ==
             MEDLEY_OK &&
         fault_sql(self->session,
                   "WITH RECURSIVE r(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM r WHERE x < 5) "
                   "INSERT INTO cached SELECT x, x * 1000 FROM r",
                   0, NULL) == MEDLEY_OK;
}

/* A bucket that forgets everything agrees with every row: so what it has just taken it must know. */
static void expect_hit(work *self, int number) {
  medley_cache_stats stats;
  if (medley_cache_stat(self->session, BUCKET, &stats) != MEDLEY_OK)
    return; /* it never came about, or the handle is dead */
  if (!read_through(self, number)) fault_run_bad(self->run, "after the faults the bucket takes nothing");
  unsigned before = self->hits;
  compare(self);
  if (self->hits == before) fault_run_bad(self->run, "after the faults the bucket has forgotten what it took");
}

/* When the faults are over the bucket works, unless it never came about or the handle is dead. */
static void end(work *self) {
  fault_run_disarm(self->run);
  self->faults_are_over = true;
  if (self->run->report->failed == 0 && self->hits < HITS_MIN)
    fault_run_bad(self->run, "without a failure the bucket knew %u keys only", self->hits);
  if (self->session != NULL) {
    compare(self);
    expect_hit(self, 3);
    fault_run_go_on(self->run, self->session, FAULT_PREPARED_TXNS + 1);
  }
  fault_run_close(self->run, self->db, self->session);
}

void fault_cache_buckets(fault_run *run) {
  work self;
  if (!begin(&self, run) || !make_rows(&self)) _exit(3);
  fault_run_arm(run);
  note(&self, "cache create", medley_cache_create(self.session, BUCKET, BUCKET_BYTES, MEDLEY_EVICT_SEGMENTED_LRU));
  use_bucket(&self);
  note(&self, "cache create", medley_cache_create(self.session, BUCKET, 2 * BUCKET_BYTES, MEDLEY_EVICT_ALLKEYS_LFU));
  change(&self, 2, false);
  compare(&self);
  note(&self, "cache drop", medley_cache_drop(self.session, BUCKET));
  note(&self, "cache create", medley_cache_create(self.session, BUCKET, BUCKET_BYTES, MEDLEY_EVICT_SEGMENTED_LRU));
  change(&self, 4, false);
  end(&self);
}

/* Dies within the commit of a transaction that holds keys. */
static void die_while_committing(fault_run *run) {
  work self;
  if (!begin(&self, run) || !make_rows(&self)) _exit(3);
  if (medley_cache_create(self.session, BUCKET, BUCKET_BYTES, MEDLEY_EVICT_SEGMENTED_LRU) != MEDLEY_OK) _exit(3);
  for (int number = 1; number <= KEY_COUNT; number++) change(&self, number, false);
  if (medley_begin(self.session, MEDLEY_WRITE) != MEDLEY_OK) _exit(3);
  for (int number = 1; number < KEY_COUNT; number++) {
    if (change_row_and_key(&self, number) != MEDLEY_OK) _exit(3);
  }
  run->error = FAULT_INJECT_KILL;
  run->kind = FAULT_INJECT_IO;
  run->at = 1 + run->at % KILLED_AT_CALLS;
  fault_run_arm(run);
  int rc = medley_commit(self.session);
  (void)rc;
  kill(getpid(), SIGKILL); /* the commit had fewer calls than that */
}

/* The dead one's bucket is found again while calls fail: its segment has a holder that is no more. */
void fault_cache_after_kill(fault_run *run) {
  work self;
  int status;
  pid_t pid = fork();
  if (pid == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    fault_run other = *run;
    die_while_committing(&other);
    _exit(3);
  }
  if (pid < 0 || waitpid(pid, &status, 0) != pid || !WIFSIGNALED(status) || WTERMSIG(status) != SIGKILL) _exit(4);
  fault_run_arm(run);
  if (begin(&self, run)) {
    compare(&self);
    use_bucket(&self);
  }
  end(&self);
}

/* ---- What is left in shared memory ---- */
#define SEGMENTS "/dev/shm"
#define SEGMENT_NAME "medley-cache-"
#define SEGMENT_HEADER_SIZE 4096 /* somewhere in it stands the path of the database */

static bool names_database(const fault_run *run, const char *name) {
  char path[FAULT_PATH_SIZE], header[SEGMENT_HEADER_SIZE];
  fault_scratch_join(path, SEGMENTS, name);
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  ssize_t len = fd < 0 ? -1 : pread(fd, header, sizeof header, 0);
  if (fd >= 0) close(fd);
  return len > 0 && memmem(header, (size_t)len, run->path, strlen(run->path) + 1) != NULL;
}

/* The files of one database begin alike. Counts those that begin so; with an empty beginning, finds it: it is copied from the first one
 * that names the run's database. */
static int count_segments(const fault_run *run, char beginning[FAULT_PATH_SIZE]) {
  int count = 0;
  DIR *folder = opendir(SEGMENTS);
  for (struct dirent *entry; folder != NULL && (entry = readdir(folder)) != NULL;) {
    const char *dash = strrchr(entry->d_name, '-');
    if (dash == NULL || strncmp(entry->d_name, SEGMENT_NAME, sizeof SEGMENT_NAME - 1) != 0) continue;
    if (beginning[0] == 0 && names_database(run, entry->d_name))
      snprintf(beginning, FAULT_PATH_SIZE, "%.*s", (int)(dash + 1 - entry->d_name), entry->d_name);
    count += beginning[0] != 0 && strncmp(entry->d_name, beginning, strlen(beginning)) == 0;
  }
  if (folder != NULL) closedir(folder);
  return count;
}

/* Another process sees the same. Making a bucket removes the segments that nobody knows any more; and with the buckets dropped nothing
 * stays in shared memory. */
void fault_cache_verify(fault_run *run) {
  work self;
  char beginning[FAULT_PATH_SIZE] = "";
  if (!begin(&self, run)) {
    fault_run_bad(run, "after reopening: %s", run->report->last_message);
    return;
  }
  self.faults_are_over = true;
  compare(&self);
  note(&self, "cache create", medley_cache_create(self.session, "other", BUCKET_BYTES, MEDLEY_EVICT_NONE));
  if (count_segments(run, beginning) < 1) fault_run_bad(run, "after reopening: a bucket has no segment");
  note(&self, "cache drop", medley_cache_drop(self.session, "other"));
  note(&self, "cache drop", medley_cache_drop(self.session, BUCKET));
  int left = count_segments(run, beginning);
  if (left > 0) fault_run_bad(run, "after reopening: %d segments of dropped buckets are left: %.60s", left, beginning);
  fault_run_close(run, self.db, self.session);
}
