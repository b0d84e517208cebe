/* late_commit.c - a process killed in its commit, or while it opens the database, leaves nothing unsettled behind.
 *
 * LMDB makes a commit durable first and visible to readers a moment later. A process killed between the two would leave a
 * transaction that is absent for those who look, until the next writer comes: then it appears. Whoever looked, saw that
 * the payment had not been made and made it again, has paid twice. So the answer that the first look gives must stay.
 *
 * And whoever opens the database first makes the lock file's contents anew; one who waits meanwhile must not go on with a
 * half made one when the first is killed.
 *
 * Another process has the database open all the time: alone, LMDB would begin with a new table of readers.
 * The process is killed after its n-th write or flush, for every n.   Usage: late_commit INJECTOR [--journal=1|2] */
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/fault/calls.h"
#include "tests/fault/inject.h"
#include "tests/fault/scratch.h"

#define TIME_LIMIT_S 60

enum { PAYING, GLANCING, LOOKING, WRITING };

typedef struct shared {
  int64_t seen; /* payments, as the first one who looked saw them */
  int64_t seen_later;
  char why[300];
} shared;

static shared *all;
static char folder[FAULT_PATH_SIZE], path[FAULT_PATH_SIZE];

static void must(int rc, const char *what, medley_session *session) {
  if (rc == MEDLEY_OK) return;
  snprintf(all->why, sizeof all->why, "%s: %s: %.200s", what, medley_status_name(rc), fault_error(session));
  _exit(1);
}

/* A payment is a row of SQL and rows of a wide-column table that arrive together, so that they stand in a run. */
enum { PARTS = 7 };
_Static_assert(PARTS == 7, "count_payments says so too");

static void pay(medley_session *session) {
  must(medley_begin(session, MEDLEY_WRITE), "paying", session);
  must(fault_sql(session, "INSERT INTO payment (amount) VALUES (1)", 0, NULL), "paying", session);
  int64_t values[2];
  must(fault_sql_number(session, "SELECT max(id) FROM payment", 0, NULL, &values[0]), "paying", session);
  for (values[1] = 0; values[1] < PARTS; values[1]++)
    must(fault_cql(session, "INSERT INTO k.parts (id, part) VALUES (?, ?)", 2, values), "paying in parts", session);
  must(medley_commit(session), "paying", session);
}

static int64_t count_payments(medley_session *session) {
  int64_t count = -1;
  must(fault_sql_number(session,
                        "SELECT CASE WHEN p * 7 = q THEN p ELSE -2 END FROM (SELECT (SELECT count(*) FROM payment) p, "
                        "(SELECT count(*) FROM \"k.parts\") q)",
                        0, NULL, &count),
       "looking", session);
  if (count == -2) snprintf(all->why, sizeof all->why, "a payment is there in one model and not in the other");
  return count;
}

/* One life: opens, acts, closes. Answers whether it was killed. */
static bool live(int act, long kill_at) {
  int status = 0;
  fflush(NULL);
  pid_t pid = fork();
  if (pid == 0) {
    medley *db;
    medley_session *session;
    medley_options options;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    alarm(TIME_LIMIT_S);
    medley_options_init(&options);
    if (fault_open(path, &options, &db, &session, all->why, sizeof all->why) != MEDLEY_OK) _exit(1);
    if (act == PAYING) {
      fault_inject_control *control = fault_inject_find();
      control->error = FAULT_INJECT_KILL;
      control->at = kill_at;
      control->repeat = 1;
      control->kind = FAULT_INJECT_IO;
      pay(session);
      control->kind = FAULT_INJECT_NONE;
    }
    if (act == GLANCING) all->seen = count_payments(session); /* the write lock may be somebody's */
    if (act == LOOKING) {
      char why[300];
      all->seen_later = all->seen;
      all->seen = count_payments(session); /* first of all: a check takes the write lock, which settles the commit */
      if (fault_check(db, why, sizeof why) != MEDLEY_OK) snprintf(all->why, sizeof all->why, "%s", why);
    }
    if (act == WRITING) {
      must(fault_sql(session, "INSERT INTO other (x) VALUES (1)", 0, NULL), "writing", session);
      all->seen_later = count_payments(session);
    }
    medley_session_close(session);
    medley_close(db);
    _exit(0);
  }
  if (pid < 0 || waitpid(pid, &status, 0) != pid) exit(2);
  bool killed = WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
  if (!killed && (!WIFEXITED(status) || WEXITSTATUS(status) != 0) && all->why[0] == 0) {
    snprintf(all->why, sizeof all->why, "a process ended with status %x", (unsigned)status);
  }
  return killed;
}

static bool make_tables(medley_journal journal) {
  medley *db;
  medley_session *session;
  medley_options options;
  medley_options_init(&options);
  options.journal = journal;
  int status = 0;
  pid_t pid = fork();
  if (pid == 0) {
    if (fault_open(path, &options, &db, &session, all->why, sizeof all->why) != MEDLEY_OK) _exit(1);
    must(fault_sql(session, "CREATE TABLE payment (id INTEGER PRIMARY KEY, amount INTEGER)", 0, NULL), "create",
         session);
    must(fault_cql(session, "CREATE KEYSPACE k WITH replication = {'class': 'SimpleStrategy'}", 0, NULL), "create",
         session);
    must(fault_cql(session, "CREATE TABLE k.parts (id int, part int, PRIMARY KEY (id, part)) WITH segment_rows = 64", 0,
                   NULL),
         "create", session);
    must(fault_sql(session, "CREATE TABLE other (x INTEGER)", 0, NULL), "create", session);
    medley_session_close(session);
    _exit(medley_close(db) == MEDLEY_OK ? 0 : 1);
  }
  return pid > 0 && waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/* Holds the database open until it is killed, and a write transaction from when it is told to. */
typedef struct bystander {
  pid_t pid;
  int told, answers;
} bystander;

static void wait_for_answer(const bystander *other) {
  char byte;
  if (read(other->answers, &byte, 1) != 1) exit(2);
}

static bystander start_bystander(bool has_written) {
  int answers[2], told[2];
  if (pipe(answers) != 0 || pipe(told) != 0) exit(2);
  bystander other = {fork(), told[1], answers[0]};
  if (other.pid == 0) {
    medley *db;
    medley_session *session;
    char byte;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    close(told[1]);
    if (fault_open(path, NULL, &db, &session, all->why, sizeof all->why) != MEDLEY_OK) _exit(1);
    (void)count_payments(session);
    if (has_written) must(fault_sql(session, "INSERT INTO other (x) VALUES (2)", 0, NULL), "writing", session);
    if (write(answers[1], "r", 1) != 1 || read(told[0], &byte, 1) != 1) _exit(1);
    must(medley_begin(session, MEDLEY_WRITE), "holding", session);
    if (write(answers[1], "r", 1) != 1) _exit(1);
    for (;;) pause();
  }
  close(answers[1]);
  close(told[0]);
  if (other.pid < 0) exit(2);
  wait_for_answer(&other);
  return other;
}

static void begin_to_write(const bystander *other) {
  if (write(other->told, "w", 1) != 1) exit(2);
  wait_for_answer(other);
}

static void end(const bystander *other) {
  kill(other->pid, SIGKILL);
  waitpid(other->pid, NULL, 0);
  close(other->told);
  close(other->answers);
}

/* Killed after every call of a commit, beside a process that lives. How many calls there are, and which one is the meta page's, depends on which pages are
 * free, and so on what came before: writers in another number each time. */
static int64_t interrupted_commit(long at, int writers, bool *killed) {
  *killed = live(PAYING, at);
  (void)live(LOOKING, 0);
  for (int i = 0; i < writers; i++) (void)live(WRITING, 0);
  if (all->why[0] == 0 && all->seen != all->seen_later) {
    snprintf(all->why, sizeof all->why, "the first look saw %lld payments, a later one %lld", (long long)all->seen,
             (long long)all->seen_later);
  }
  if (all->why[0] != 0) printf("killed after call %ld of a commit: %s\n", at, all->why);
  return all->seen_later;
}

static bool interrupted_commits(void) {
  enum { SURVIVALS = 8, WRITERS_MAX = 3 };
  int kills = 0, there = 0;
  int64_t before = 0;
  bystander other = start_bystander(false);
  for (int writers = 1; writers <= WRITERS_MAX; writers++) {
    int survivals = 0;
    for (long at = 1; all->why[0] == 0 && survivals < SURVIVALS; at++) {
      bool killed;
      int64_t seen = interrupted_commit(at, writers, &killed);
      there += killed && all->seen > before;
      before = seen;
      kills += killed;
      survivals = killed ? 0 : survivals + 1;
    }
  }
  end(&other);
  printf("killed after each of %d calls of commits; %d times the payment was there\n", kills, there);
  return all->why[0] == 0 && kills >= 3 && there >= 1 && there < kills;
}

/* Killed after every call of a commit; then a writer takes the lock and changes nothing, somebody looks meanwhile, and all are killed: who
 * comes then must see what he saw. */
static bool interrupted_beside_a_writer(void) {
  enum { SURVIVALS = 8 };
  int kills = 0, there = 0, survivals = 0;
  (void)live(LOOKING, 0);
  int64_t before = all->seen;
  for (long at = 1; all->why[0] == 0 && survivals < SURVIVALS; at++) {
    bystander writer = start_bystander(true); /* it has pinned the checkpoint */
    bool killed = live(PAYING, at);
    begin_to_write(&writer);
    (void)live(GLANCING, 0);
    end(&writer);
    (void)live(LOOKING, 0);
    if (all->why[0] == 0 && all->seen != all->seen_later)
      snprintf(all->why, sizeof all->why, "the look beside a writer saw %lld payments, one after all had died %lld",
               (long long)all->seen_later, (long long)all->seen);
    if (all->why[0] != 0) printf("killed after call %ld of a commit, beside a writer: %s\n", at, all->why);
    there += killed && all->seen_later > before;
    before = all->seen;
    kills += killed;
    survivals = killed ? 0 : survivals + 1;
  }
  printf("killed after each of %d calls of a commit, a writer then holding the lock; %d times the payment was seen\n",
         kills, there);
  return all->why[0] == 0 && kills >= 3 && there >= 1 && there < kills;
}

/* The first process is killed after its n-th call while it opens; the second began to open meanwhile, and writes. */
static bool interrupted_openings(void) {
  int kills = 0;
  for (long at = 1; all->why[0] == 0; at++) {
    int status = 0;
    int64_t before;
    (void)live(WRITING, 0);
    before = all->seen_later;
    fflush(NULL);
    pid_t first = fork();
    if (first == 0) {
      medley *db;
      medley_session *session;
      fault_inject_control *control = fault_inject_find();
      control->error = FAULT_INJECT_KILL;
      control->at = at;
      control->repeat = 1;
      control->kill_delay_us = 40000;
      control->kind = FAULT_INJECT_IO;
      _exit(fault_open(path, NULL, &db, &session, all->why, sizeof all->why) == MEDLEY_OK ? 0 : 1);
    }
    usleep(10000);
    (void)live(PAYING, 1000000);
    if (first < 0 || waitpid(first, &status, 0) != first) exit(2);
    bool killed = WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
    (void)live(LOOKING, 0);
    if (all->why[0] == 0 && all->seen != before + 1) {
      snprintf(all->why, sizeof all->why, "%lld payments instead of %lld", (long long)all->seen, (long long)before + 1);
    }
    if (all->why[0] != 0) printf("killed after call %ld of an opening: %s\n", at, all->why);
    kills += killed;
    if (!killed) break;
  }
  printf("killed after each of %d calls of an opening\n", kills);
  return all->why[0] == 0 && kills >= 3;
}

int main(int argc, char **argv) {
  if (argc < 2) {
    fprintf(stderr, "usage: late_commit INJECTOR\n");
    return 2;
  }
  if (fault_inject_find() == NULL) {
    if (getenv("FAULT_PRELOADED") == NULL) {
      setenv("FAULT_PRELOADED", "1", 1);
      fault_scratch_preload(argv[1]);
      execv(argv[0], argv);
    }
    printf("the injector cannot be preloaded: %s\n0 passed, 1 failed\n", argv[1]);
    return 1;
  }
  all = mmap(NULL, sizeof *all, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (all == MAP_FAILED) return 2;
  fault_scratch_make(folder);
  fault_scratch_join(path, folder, "late.medley");
  snprintf(fault_inject_find()->folder, sizeof fault_inject_find()->folder, "%s/", folder);
  int passed = 0;
  if (make_tables((medley_journal)fault_scratch_number(argc, argv, "--journal", NULL, MEDLEY_JOURNAL_DEFAULT))) {
    passed += interrupted_commits();
    all->why[0] = 0;
    passed += interrupted_openings();
    all->why[0] = 0;
    passed += interrupted_beside_a_writer();
  }
  fault_scratch_remove(folder);
  printf("%d passed, %d failed\n", passed, 3 - passed);
  return passed == 3 ? 0 : 1;
}
