/* faults.c - fails the n-th call of every scenario, for every n, and looks at what is left.
 *
 * Each run is a child process: it starts from a prepared file, arms the injector, does its work, goes on without faults and
 * closes. Then a second child opens the file and compares it with what was acknowledged. A run is bad if it crashes, hangs,
 * answers a failure without a message or with a misleading status, leaves a handle that neither works nor says that it is
 * dead, or leaves a file that differs from what was acknowledged.
 *
 * Usage: faults INJECTOR memory|io|lmdb [--seed=N] [--runs=N] [--scenario=NAME] [--journal=1|2]; runs: at most so many calls of each kind of
 * failure are tried, the first ones and a random choice of the others; 0 (and the long form): all of them. NAME: as it is printed. */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/fault/random.h"
#include "tests/fault/scenario.h"

#define RUNS_SHORT 250
#define TIME_LIMIT_S 60
#define ALWAYS 1000000000L
#define EINTR_REPEAT 20 /* a signal storm ends; LMDB repeats a call for as long as it is interrupted */
#define REPORTED_MAX 12

typedef struct failure {
  const char *name;
  int error;
  long persistent_repeat;
} failure;

static const failure memory_failures[] = {{"no memory", ENOMEM, ALWAYS}};
static const failure io_failures[] = {{"EIO", EIO, ALWAYS},
                                      {"ENOSPC", ENOSPC, ALWAYS},
                                      {"short", FAULT_INJECT_SHORT, ALWAYS},
                                      {"EINTR", EINTR, EINTR_REPEAT}};

static const failure lmdb_failures[] = {
    {"EIO", EIO, ALWAYS}, {"damaged", FAULT_LMDB_DAMAGED, ALWAYS}, {"map full", FAULT_LMDB_MAP_FULL, ALWAYS}};

typedef struct failing_kind {
  const char *name;
  int kind;
  size_t count;
  const failure *failures;
} failing_kind;

#define FAILURES(list) sizeof(list) / sizeof *(list), list
static const failing_kind failing_kinds[] = {{"memory", FAULT_INJECT_MEMORY, FAILURES(memory_failures)},
                                             {"io", FAULT_INJECT_IO, FAILURES(io_failures)},
                                             {"lmdb", FAULT_INJECT_LMDB, FAILURES(lmdb_failures)}};

extern void *__libc_realloc(void *memory, size_t size);
extern void *(*fault_text_allocator)(void *memory, size_t size);

typedef struct totals {
  uint64_t runs, injected, bad;
} totals;

/* Runs it in a child; a signal or a time limit makes the report bad. */
static void in_child(fault_run *run, void (*work)(fault_run *), const char *what) {
  int status = 0;
  fflush(NULL);
  pid_t pid = fork();
  if (pid == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    alarm(TIME_LIMIT_S);
    work(run);
    _exit(0);
  }
  if (pid < 0 || waitpid(pid, &status, 0) != pid) exit(2);
  if (WIFSIGNALED(status)) {
    fault_run_bad(run, "%s died of signal %d%s", what, WTERMSIG(status),
                  WTERMSIG(status) == SIGALRM ? " (it hung)" : "");
  } else if (WEXITSTATUS(status) != 0) {
    fault_run_bad(run, "%s ended with status %d", what, WEXITSTATUS(status));
  }
}

typedef struct campaign {
  const fault_scenario *scenario;
  fault_run run;
  char prepared_path[FAULT_PATH_SIZE];
  fault_state prepared_states[FAULT_SCENARIO_WORKERS];
  bool prepared;
} campaign;

static void remove_file(const char *path) {
  char beside[FAULT_PATH_SIZE + 8];
  unlink(path);
  snprintf(beside, sizeof beside, "%s-lock", path);
  unlink(beside);
  snprintf(beside, sizeof beside, "%s-log", path);
  unlink(beside);
}

static void prepare_in_child(fault_run *run) {
  bool prepared = fault_run_prepare(run);
  fflush(stdout);
  _exit(prepared ? 0 : 1);
}

static bool prepare(campaign *self, const char *scratch, unsigned journal, fault_report *report) {
  fault_run_init(&self->run, self->scenario, scratch, report);
  self->run.options.journal = (medley_journal)journal;
  memset(self->prepared_states, 0, sizeof self->prepared_states);
  self->prepared = !self->scenario->starts_without_file;
  if (self->run.workload.model_count == 0) {
    printf("%s: SKIPPED: MEDLEY_TEST_MODELS leaves no model\n", self->scenario->name);
    return false;
  }
  if (!self->prepared) return true;
  fault_scratch_join(self->prepared_path, scratch, "prepared");
  remove_file(self->run.path);
  in_child(&self->run, prepare_in_child, "preparation");
  memcpy(self->prepared_states, report->states, sizeof self->prepared_states);
  if (report->bad) printf("%s: %s\n", self->scenario->name, report->why);
  return !report->bad && fault_scratch_copy(self->run.path, self->prepared_path) == 0;
}

/* One run with the call number `at` failing; at 0: none fails, the calls are counted. */
static void run_once(campaign *self, int kind, const failure *how, long at, bool persistent) {
  fault_report *report = self->run.report;
  memset(report, 0, sizeof *report);
  memcpy(report->states, self->prepared_states, sizeof report->states);
  report->created = self->prepared;
  remove_file(self->run.path);
  remove_file(self->run.backup);
  if (self->prepared && fault_scratch_copy(self->prepared_path, self->run.path) != 0) exit(2);
  self->run.kind = kind;
  self->run.error = how->error;
  self->run.at = at == 0 ? ALWAYS * 2 : at;
  self->run.repeat = persistent ? how->persistent_repeat : 1;
  in_child(&self->run, self->scenario->run, "the scenario");
  if (!report->bad) in_child(&self->run, fault_run_verify, "verification");
}

/* Which calls are tried: the first ones one by one, then a random choice. */
static long next_call(long at, long count, long runs, fault_random *random) {
  if (runs == 0 || count <= runs || at < runs / 3) return at + 1;
  long left = runs - runs / 3;
  long step = (count - runs / 3) / left;
  return at + 1 + (step > 0 ? (long)fault_random_below(random, (uint32_t)(2 * step)) : 0);
}

static void try_failure(campaign *self, int kind, const failure *how, bool persistent, long count, long runs,
                        fault_random *random, totals *sum) {
  const fault_report *report = self->run.report;
  uint64_t before = sum->bad;
  for (long at = 1; at <= count; at = next_call(at, count, runs, random)) {
    run_once(self, kind, how, at, persistent);
    sum->runs++;
    sum->injected += report->failed > 0;
    if (!report->bad) continue;
    sum->bad++;
    if (sum->bad - before > REPORTED_MAX) continue;
    printf("BAD: %s, %s %s at call %ld of %ld (%s): %s [%s]\n", self->scenario->name, how->name,
           persistent ? "from there on" : "once", at, count, report->call != NULL ? report->call : "-", report->why,
           report->last_message);
    fflush(stdout);
  }
}

static void run_scenario(const fault_scenario *scenario, const char *scratch, const failing_kind *what, long runs,
                         uint64_t seed, unsigned journal, fault_report *report, totals *sum) {
  campaign self = {.scenario = scenario};
  int kind = what->kind;
  fault_random random = fault_random_of(seed, 3, (uint64_t)kind);
  totals before = *sum;
  if (!prepare(&self, scratch, journal, report)) {
    sum->bad += report->bad;
    return;
  }
  run_once(&self, kind, &what->failures[0], 0, false);
  long count = report->seen;
  if (report->bad || report->failure_count > 0 || count == 0) {
    printf("BAD: %s without faults: %ld calls: %s [%s]\n", scenario->name, count, report->why, report->last_message);
    sum->bad++;
    return;
  }
  for (size_t i = 0; i < what->count; i++) {
    try_failure(&self, kind, &what->failures[i], false, count, runs, &random, sum);
    try_failure(&self, kind, &what->failures[i], true, count, runs, &random, sum);
  }
  printf("%-26s %-6s %6ld calls, %6llu runs, %6llu with a failure, %llu bad\n", scenario->name,
         journal == MEDLEY_JOURNAL_LOG ? "log" : "no log", count, (unsigned long long)(sum->runs - before.runs),
         (unsigned long long)(sum->injected - before.injected), (unsigned long long)(sum->bad - before.bad));
  fflush(stdout);
}

static const failing_kind *find_kind(const char *name) {
  for (size_t i = 0; i < sizeof failing_kinds / sizeof failing_kinds[0]; i++) {
    if (strcmp(failing_kinds[i].name, name) == 0) return &failing_kinds[i];
  }
  return NULL;
}

/* The one that is asked for; all of them: the number of scenarios. Ends the program if there is none of that name. */
static size_t chosen_scenario(int argc, char **argv) {
  static const char option[] = "--scenario=";
  size_t chosen = fault_scenario_count;
  for (int i = 3; i < argc; i++) {
    if (strncmp(argv[i], option, sizeof option - 1) != 0) continue;
    const char *name = argv[i] + sizeof option - 1;
    for (chosen = 0; chosen < fault_scenario_count; chosen++) {
      if (strcmp(fault_scenarios[chosen].name, name) == 0) break;
    }
    if (chosen < fault_scenario_count) continue;
    fprintf(stderr, "faults: no scenario is called \"%s\"\n", name);
    exit(2);
  }
  return chosen;
}

int main(int argc, char **argv) {
  if (argc < 3 || find_kind(argv[2]) == NULL) {
    fprintf(stderr, "usage: faults INJECTOR memory|io|lmdb [--seed=N] [--runs=N] [--scenario=NAME]\n");
    return 2;
  }
  if (fault_inject_find() == NULL) {
    if (getenv("FAULT_PRELOADED") != NULL) {
      printf("the injector cannot be preloaded: %s\n0 passed, 1 failed\n", argv[1]);
      return 1;
    }
    setenv("FAULT_PRELOADED", "1", 1);
    fault_scratch_preload(argv[1]);
    execv(argv[0], argv);
    perror(argv[0]);
    return 2;
  }
  fault_text_allocator = __libc_realloc;
  const failing_kind *what = find_kind(argv[2]);
  uint64_t seed = fault_scratch_seed(argc, argv);
  long runs = (long)fault_scratch_number(argc, argv, "--runs", NULL, fault_scratch_long() ? 0 : RUNS_SHORT);
  size_t only = chosen_scenario(argc, argv);
  uint64_t journal = fault_scratch_number(argc, argv, "--journal", "MEDLEY_TEST_JOURNAL", 0);
  fault_report *report = mmap(NULL, sizeof *report, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (report == MAP_FAILED) return 2;
  char scratch[FAULT_PATH_SIZE];
  fault_scratch_make(scratch);
  totals sum = {0};
  uint64_t passed = 0, failed = 0;
  for (size_t i = 0; i < fault_scenario_count; i++) {
    uint64_t before = sum.bad;
    if (only < fault_scenario_count && only != i) continue;
    memset(report, 0, sizeof *report);
    /* In turn: the next run has them the other way round, or --journal= says it. */
    uint64_t turn = journal > 0 ? journal : 1 + (i + seed) % 2;
    run_scenario(&fault_scenarios[i], scratch, what, runs, seed, (unsigned)turn, report, &sum);
    if (sum.bad == before) passed++;
    if (sum.bad != before) failed++;
  }
  fault_scratch_remove(scratch);
  printf("%llu runs, %llu with an injected failure, %llu bad\n", (unsigned long long)sum.runs,
         (unsigned long long)sum.injected, (unsigned long long)sum.bad);
  if (sum.injected == 0) failed++; /* nothing was shown */
  printf("%llu passed, %llu failed\n", (unsigned long long)passed, (unsigned long long)failed);
  return failed == 0 ? 0 : 1;
}
