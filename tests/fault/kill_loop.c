/* kill_loop.c - processes that write to every model are killed at random; nothing acknowledged may be missing.
 *
 * Three processes of four threads run the workload on one file. One of them after the other is killed with SIGKILL, at any
 * moment, and started again. What each worker has been told stands in memory that survives it: its state after the last
 * acknowledgement, and the number of the transaction in flight. A worker that comes back must find itself in that state or
 * in the one after the transaction in flight, in every model. Now and then all are killed, and the file is checked as a
 * whole: medley_check, every model, the bank's sums, the size of the file.
 *
 * Half of the lives end from inside: with the injector preloaded, the process kills itself right after a random write or
 * flush, where a commit is half done. The others end from outside, anywhere.
 *
 * A write lock that a dead process holds, or a reader slot of one, would stop the others: then nothing moves any more.
 *
 * Usage: kill_loop [INJECTOR] [--seed=N] [--kills=N] [--journal=1|2] */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/fault/calls.h"
#include "tests/fault/inject.h"
#include "tests/fault/scratch.h"
#include "tests/fault/workload.h"

#define PROCESS_COUNT 3
#define THREAD_COUNT 4
#define WORKER_COUNT (PROCESS_COUNT * THREAD_COUNT)
#define KILLS_SHORT 1000
#define KILLS_LONG 100000
#define KILLS_PER_ROUND 100
#define KILL_POINTS 300 /* among the first so many writes and flushes of a process */
#define LIFE_US_MAX 30000
#define STANDSTILL_S_MAX 30
#define TXNS_PER_MAINTENANCE 20
#define MAINTENANCE_US 2000
#define CHECKPOINT_COMMITS 40
#define READER_SLOTS 96                       /* dead readers that nobody clears would fill them within one round */
#define GROWTH_BYTES_MAX ((uint64_t)64 << 20) /* of the file: what waits to be freed while the machine is busy */
#define USED_BYTES_MAX ((uint64_t)16 << 20)   /* of live data, once everything is freed: about 3 MiB */

typedef struct slot {
  fault_state states[2];
  uint32_t published; /* which of the two is valid */
  uint64_t begun;     /* number of the transaction in flight, or of the last one that ended */
  uint64_t ended;
} slot;

typedef struct shared {
  slot slots[WORKER_COUNT];
  uint64_t acknowledged, unknown;
  uint64_t file_bytes;
  int failed;
  char why[400];
} shared;

static shared *all;
static fault_workload workload;
static medley_journal journal;
static uint64_t lives;
static char folder[FAULT_PATH_SIZE], path[FAULT_PATH_SIZE];

static void fail(const char *why) {
  if (__sync_lock_test_and_set(&all->failed, 1) == 0) snprintf(all->why, sizeof all->why, "%s", why);
}

static void publish(slot *mine, const fault_state *state) {
  uint32_t other = 1 - __atomic_load_n(&mine->published, __ATOMIC_ACQUIRE);
  mine->states[other] = *state;
  __atomic_store_n(&mine->published, other, __ATOMIC_RELEASE);
}

/* The last acknowledged state and, if a transaction was in flight, the one after it. */
static size_t candidates_of(uint32_t worker, fault_state states[2]) {
  const slot *mine = &all->slots[worker];
  bool committed;
  states[0] = mine->states[mine->published];
  if (mine->begun == mine->ended || states[0].number == mine->begun) return 1;
  states[1] = states[0];
  if (fault_workload_run(&workload, NULL, worker, mine->begun, &states[1], &committed) != MEDLEY_OK) abort();
  return 2;
}

/* After a death: which of the two states is it? */
static bool recover(uint32_t worker, medley_session *session) {
  slot *mine = &all->slots[worker];
  fault_state states[2];
  fault_candidates candidates = {states, candidates_of(worker, states)};
  size_t chosen = 0;
  char why[400] = "";
  int rc = medley_begin(session, MEDLEY_READ);
  if (rc != MEDLEY_OK) {
    snprintf(why, sizeof why, "begin after a death: %s", fault_error(session));
  } else {
    rc = fault_workload_judge_worker(&workload, session, &candidates, worker, &chosen, why, sizeof why);
    medley_rollback(session);
  }
  if (rc != MEDLEY_OK) {
    fail(why);
    return false;
  }
  publish(mine, &states[chosen]);
  __atomic_store_n(&mine->ended, mine->begun, __ATOMIC_RELEASE);
  return true;
}

typedef struct thread {
  pthread_t id;
  medley *db;
  uint32_t worker;
} thread;

/* Somebody has to: parts of replaced values are freed here. */
static void maintain(medley *db) {
  int more = 0;
  medley_error error = {0};
  if (medley_maintain(db, MAINTENANCE_US, &more, &error) != MEDLEY_OK) {
    char why[400];
    snprintf(why, sizeof why, "maintain: %s", error.message);
    fail(why);
  }
}

static void *run_thread(void *argument) {
  thread *self = argument;
  slot *mine = &all->slots[self->worker];
  medley_session *session = NULL;
  medley_error error = {0};
  char why[400];
  if (medley_session_open(self->db, &session, &error) != MEDLEY_OK) {
    snprintf(why, sizeof why, "session: %s", error.message);
    fail(why);
    return NULL;
  }
  medley_session_set_busy_timeout_ms(session, 60000);
  if (!recover(self->worker, session)) return NULL;
  fault_state state = mine->states[mine->published];
  while (!__atomic_load_n(&all->failed, __ATOMIC_ACQUIRE)) {
    bool committed;
    uint64_t number = mine->ended + 1;
    __atomic_store_n(&mine->begun, number, __ATOMIC_RELEASE);
    int rc = fault_workload_run(&workload, session, self->worker, number, &state, &committed);
    if (rc != MEDLEY_OK) {
      snprintf(why, sizeof why, "worker %u transaction %llu: %s: %.200s", self->worker, (unsigned long long)number,
               medley_status_name(rc), fault_workload_error());
      fail(why);
      return NULL;
    }
    if (committed) publish(mine, &state);
    if (self->worker % THREAD_COUNT == 0 && number % TXNS_PER_MAINTENANCE == 0) maintain(self->db);
    __atomic_store_n(&mine->ended, number, __ATOMIC_RELEASE);
    __atomic_fetch_add(&all->acknowledged, 1, __ATOMIC_RELAXED);
  }
  return NULL;
}

static void options_of(medley_options *options) {
  fault_workload_options(&workload, options);
  options->reader_count_max = READER_SLOTS;
  options->busy_timeout_ms = 60000;
  options->journal = journal;
  options->checkpoint_commits = CHECKPOINT_COMMITS;
}

/* Half of the processes carry a kill point. */
static void choose_kill_point(void) {
  fault_inject_control *control = fault_inject_find();
  fault_random random = fault_random_of(workload.seed, 77, lives);
  if (control == NULL || fault_random_percent(&random, 50)) return;
  snprintf(control->folder, sizeof control->folder, "%s/", folder);
  control->error = FAULT_INJECT_KILL;
  control->at = 1 + fault_random_below(&random, KILL_POINTS);
  control->repeat = 1;
  control->kind = FAULT_INJECT_IO;
}

static void run_process(uint32_t process) {
  thread threads[THREAD_COUNT];
  medley_options options;
  medley *db = NULL;
  medley_error error = {0};
  options_of(&options);
  choose_kill_point();
  if (medley_open(path, &options, &db, &error) != MEDLEY_OK) {
    char why[400];
    snprintf(why, sizeof why, "open after a death: %s", error.message);
    fail(why);
    _exit(1);
  }
  for (uint32_t t = 0; t < THREAD_COUNT; t++) {
    threads[t] = (thread){0, db, process * THREAD_COUNT + t};
    if (pthread_create(&threads[t].id, NULL, run_thread, &threads[t]) != 0) _exit(1);
  }
  for (uint32_t t = 0; t < THREAD_COUNT; t++) pthread_join(threads[t].id, NULL);
  _exit(1);
}

static pid_t start(void (*run)(uint32_t), uint32_t argument) {
  lives++;
  fflush(NULL);
  pid_t pid = fork();
  if (pid < 0) {
    perror("fork");
    exit(2);
  }
  if (pid > 0) return pid;
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  run(argument);
  _exit(0);
}

static void create(uint32_t unused) {
  medley_options options;
  medley *db;
  medley_session *session;
  char why[400];
  (void)unused;
  options_of(&options);
  if (fault_open(path, &options, &db, &session, why, sizeof why) != MEDLEY_OK) {
    fail(why);
  } else if (fault_workload_create(&workload, session) != MEDLEY_OK) {
    fail(fault_error(session));
  }
  _exit(0);
}

/* Everything, while nobody writes. */
static void check(uint32_t unused) {
  static fault_state states[WORKER_COUNT][2];
  fault_candidates candidates[WORKER_COUNT];
  size_t chosen[WORKER_COUNT];
  medley_options options;
  medley *db;
  medley_session *session;
  medley_stats stats;
  medley_error error;
  char why[400];
  (void)unused;
  options_of(&options);
  for (uint32_t w = 0; w < WORKER_COUNT; w++) {
    candidates[w] = (fault_candidates){states[w], candidates_of(w, states[w])};
  }
  if (fault_open(path, &options, &db, &session, why, sizeof why) != MEDLEY_OK ||
      fault_check(db, why, sizeof why) != MEDLEY_OK ||
      fault_workload_judge(&workload, session, candidates, chosen, why, sizeof why) != MEDLEY_OK) {
    fail(why);
    _exit(1);
  }
  int more = 1;
  while (more && medley_maintain(db, 1000000, &more, &error) == MEDLEY_OK) continue;
  if (medley_stat(db, &stats, &error) != MEDLEY_OK) fail(error.message);
  if (more || stats.used_bytes > USED_BYTES_MAX) fail("what was replaced or deleted is not freed");
  all->file_bytes = stats.file_bytes;
  for (uint32_t w = 0; w < WORKER_COUNT; w++) all->unknown += candidates[w].count == 2;
  medley_session_close(session);
  medley_close(db);
  _exit(0);
}

static void run_alone(void (*run)(uint32_t), const char *what) {
  int status = 0;
  pid_t pid = start(run, 0);
  waitpid(pid, &status, 0);
  char why[100];
  snprintf(why, sizeof why, "%s ended with status %x", what, (unsigned)status);
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) fail(why);
}

static void pause_us(uint32_t us) {
  struct timespec rest = {us / 1000000, (long)(us % 1000000) * 1000};
  nanosleep(&rest, NULL);
}

static void require_killed(int status) {
  if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGKILL) {
    char why[100];
    snprintf(why, sizeof why, "a process had died by itself, status %x", (unsigned)status);
    fail(why);
  }
}

static void kill_process(pid_t pid) {
  int status;
  kill(pid, SIGKILL);
  waitpid(pid, &status, 0);
  require_killed(status);
}

/* Starts those anew that have reached their kill point; answers how many. */
static uint64_t replace_dead(pid_t *pids) {
  uint64_t count = 0;
  int status;
  for (uint32_t p = 0; p < PROCESS_COUNT; p++) {
    if (waitpid(pids[p], &status, WNOHANG) != pids[p]) continue;
    require_killed(status);
    pids[p] = start(run_process, p);
    count++;
  }
  return count;
}

/* Someone must get on: the lock of the dead is taken over. */
static void wait_for_progress(uint64_t before) {
  for (uint32_t waited_ms = 0; !all->failed; waited_ms += 10) {
    if (__atomic_load_n(&all->acknowledged, __ATOMIC_ACQUIRE) > before) return;
    if (waited_ms > STANDSTILL_S_MAX * 1000) fail("nothing moves: the lock or the readers of a dead process stay");
    pause_us(10000);
  }
}

static uint64_t run_round(fault_random *random, uint64_t kills) {
  pid_t pids[PROCESS_COUNT];
  uint64_t before = all->acknowledged, done = 0;
  for (uint32_t p = 0; p < PROCESS_COUNT; p++) pids[p] = start(run_process, p);
  while (done + PROCESS_COUNT < kills && !all->failed) {
    uint32_t victim = fault_random_below(random, PROCESS_COUNT);
    pause_us(fault_random_below(random, LIFE_US_MAX));
    done += replace_dead(pids);
    kill_process(pids[victim]);
    done++;
    pids[victim] = start(run_process, victim);
  }
  wait_for_progress(before);
  for (uint32_t p = 0; p < PROCESS_COUNT; p++, done++) kill_process(pids[p]);
  if (!all->failed) run_alone(check, "the check");
  return done;
}

int main(int argc, char **argv) {
  if (argc > 1 && argv[1][0] != '-' && fault_inject_find() == NULL && getenv("FAULT_PRELOADED") == NULL) {
    setenv("FAULT_PRELOADED", "1", 1);
    fault_scratch_preload(argv[1]);
    execv(argv[0], argv);
  }
  if (argc > 1 && argv[1][0] != '-' && fault_inject_find() == NULL) {
    printf("the injector cannot be preloaded: %s\n0 passed, 1 failed\n", argv[1]);
    return 1;
  }
  if (fault_inject_find() == NULL) printf("without the injector: kills from outside only\n");
  uint64_t seed = fault_scratch_seed(argc, argv);
  uint64_t wanted = fault_scratch_number(argc, argv, "--kills", NULL, fault_scratch_long() ? KILLS_LONG : KILLS_SHORT);
  journal = (medley_journal)fault_scratch_journal(argc, argv, seed);
  fault_random random = fault_random_of(seed, 1, 2);
  fault_scratch_make(folder);
  fault_scratch_join(path, folder, "kill.medley");
  all = mmap(NULL, sizeof *all, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (all == MAP_FAILED) return 2;
  fault_workload_init(&workload, seed, WORKER_COUNT);
  run_alone(create, "creation");
  uint64_t kills = 0, early_bytes = 0, rounds = 0;
  while (kills < wanted && !all->failed) {
    uint64_t left = wanted - kills;
    kills += run_round(&random, left < KILLS_PER_ROUND ? (left < 10 ? 10 : left) : KILLS_PER_ROUND);
    rounds++;
    if (early_bytes == 0 && kills * 4 >= wanted) early_bytes = all->file_bytes;
  }
  if (!all->failed && all->file_bytes > early_bytes * 3 / 2 + GROWTH_BYTES_MAX) fail("the file grows without bound");
  printf("%llu kills, %llu whole checks, %llu transactions ended, file %llu KiB after a quarter, %llu KiB at the end\n",
         (unsigned long long)kills, (unsigned long long)rounds, (unsigned long long)all->acknowledged,
         (unsigned long long)early_bytes / 1024, (unsigned long long)all->file_bytes / 1024);
  if (all->failed) printf("FAILED: %s\n", all->why);
  bool keep = all->failed && fault_scratch_number(argc, argv, "--keep", "MEDLEY_TEST_KEEP", 0) != 0;
  if (keep) printf("kept: %s\n", folder);
  if (!keep) fault_scratch_remove(folder);
  printf("%d passed, %d failed\n", !all->failed, all->failed);
  return all->failed ? 1 : 0;
}
