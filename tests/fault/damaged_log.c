/* damaged_log.c - flipped bits, missing ends and foreign contents in a redo log: told, or cut at the last whole record, never
 * applied wrongly, and never a crash.
 *
 * A process runs the workload with many checkpoints and is killed. What it leaves, file and log, is copied; for each damage the two
 * are laid out anew and opened in a child process. Allowed are: a fitting error, after which the sound log opens the file
 * beside it as if nothing had been tried; every worker's last state; or, if the last record was hit, the one before the last
 * transaction. In the other half the file's meta pages are those that a power cut left: the checkpoint's own.
 *
 * Usage: damaged_log [--seed=N] [--cases=N] */
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/fault/calls.h"
#include "tests/fault/scratch.h"
#include "tests/fault/workload.h"

#define CASES_SHORT 1200
#define CASES_LONG 50000
#define WORKERS 3
#define TXNS 40
#define COMMITS_BETWEEN_CHECKPOINTS 30
#define TIME_LIMIT_S 60
#define REPORTED_MAX 12
#define DAMAGE_MAX 600
#define HEADER_SIZE 12288
#define METAS_AT 4096 /* in a header; FORMAT.md section "Log" */
#define METAS_SIZE 8192
#define GENERATION_AT 40
#define CHECKSUM_AT 56
#define RECORDS_AT (2 * HEADER_SIZE)

typedef enum outcome { CRASHED, TOLD, SAME, OLDER, DIFFERENT, UNFITTING, NOT_LEFT_ALONE, OUTCOME_COUNT } outcome;
static const char *const outcome_names[OUTCOME_COUNT] = {"crashed",
                                                         "told",
                                                         "as before",
                                                         "without the last transaction",
                                                         "reads differently",
                                                         "unfitting error",
                                                         "changed by an opening that failed"};

typedef enum damage_kind { FLIP, CUT, ZEROS, NOISE, KIND_COUNT } damage_kind;
static const char *const kind_names[KIND_COUNT] = {"flipped bits", "cut ends", "zeros", "noise"};

typedef struct shared {
  fault_state states[WORKERS][TXNS + 1]; /* after each transaction */
  int outcome;
  char why[300];
} shared;

typedef struct log_test {
  char path[FAULT_PATH_SIZE], log_path[FAULT_PATH_SIZE + 8];
  char *data, *log, *bad;
  size_t data_size, log_size, bad_size;
  size_t last_begins, last_record, records_end;
  fault_workload workload;
  medley_options options;
  shared *all;
  uint64_t counts[KIND_COUNT][OUTCOME_COUNT];
} log_test;

static void run_and_die(log_test *test) {
  medley *db;
  medley_session *session;
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (fault_open(test->path, &test->options, &db, &session, test->all->why, sizeof test->all->why) != MEDLEY_OK)
    _exit(1);
  int rc = fault_workload_create(&test->workload, session);
  for (uint64_t n = 1; rc == MEDLEY_OK && n <= TXNS; n++) {
    for (uint32_t w = 0; rc == MEDLEY_OK && w < WORKERS; w++) {
      bool committed;
      test->all->states[w][n] = test->all->states[w][n - 1];
      rc = fault_workload_run(&test->workload, session, w, n, &test->all->states[w][n], &committed);
    }
  }
  if (rc != MEDLEY_OK) _exit(1);
  raise(SIGKILL);
}

static void make_files(log_test *test) {
  int status;
  fflush(NULL);
  pid_t pid = fork();
  if (pid == 0) run_and_die(test);
  if (pid < 0 || waitpid(pid, &status, 0) != pid || !WIFSIGNALED(status)) {
    printf("the workload failed: %s\n", test->all->why);
    exit(1);
  }
  test->data = (char *)fault_scratch_read(test->path, &test->data_size);
  test->log = (char *)fault_scratch_read(test->log_path, &test->log_size);
  test->bad = malloc(test->log_size);
  if (test->data == NULL || test->log == NULL || test->bad == NULL) exit(2);
}

/* What a power cut may leave of the file's meta pages: those of the newer header. */
static void lay_out(log_test *test, const char *log, size_t log_size, bool power_cut) {
  char lock_path[FAULT_PATH_SIZE + 8];
  snprintf(lock_path, sizeof lock_path, "%s-lock", test->path);
  unlink(lock_path);
  char metas[METAS_SIZE];
  int newer = memcmp(test->log + HEADER_SIZE + GENERATION_AT, test->log + GENERATION_AT, 8) > 0;
  memcpy(metas, test->data, METAS_SIZE);
  if (power_cut) memcpy(test->data, test->log + newer * HEADER_SIZE + METAS_AT, METAS_SIZE);
  bool written = fault_scratch_write(test->path, test->data, test->data_size) == 0 &&
                 fault_scratch_write(test->log_path, log, log_size) == 0;
  memcpy(test->data, metas, METAS_SIZE);
  if (!written) _exit(3);
}

/* The workers take turns, so what is there is what was there after one of all transactions. Answers how many came later, the fewest
 * that fit: one that was rolled back leaves no trace. */
static size_t count_missing(const log_test *test, const size_t *chosen) {
  const size_t all = (size_t)TXNS * WORKERS;
  for (size_t missing = 0; missing <= all; missing++) {
    bool fits = true;
    for (size_t w = 0; fits && w < WORKERS; w++) {
      size_t there = (all - missing + WORKERS - 1 - w) / WORKERS;
      fits = test->all->states[w][there].number == test->all->states[w][chosen[w]].number;
    }
    if (fits) return missing;
  }
  return SIZE_MAX;
}

static outcome judge(log_test *test, medley_session *session, size_t missing_max) {
  fault_candidates candidates[WORKERS];
  size_t chosen[WORKERS];
  for (uint32_t w = 0; w < WORKERS; w++) candidates[w] = (fault_candidates){test->all->states[w], TXNS + 1};
  int rc = fault_workload_judge(&test->workload, session, candidates, chosen, test->all->why, sizeof test->all->why);
  if (rc != MEDLEY_OK) return DIFFERENT;
  size_t missing = count_missing(test, chosen);
  if (missing == 0) return SAME;
  snprintf(test->all->why, sizeof test->all->why, "%zu transactions are missing", missing);
  return missing <= missing_max ? OLDER : DIFFERENT;
}

static outcome look(log_test *test, size_t missing_max) {
  medley *db;
  medley_session *session;
  int rc = fault_open(test->path, &test->options, &db, &session, test->all->why, sizeof test->all->why);
  if (rc != MEDLEY_OK) {
    bool fits = rc == MEDLEY_CORRUPT || rc == MEDLEY_CANNOT_OPEN || rc == MEDLEY_NEWER_FORMAT;
    return fits ? TOLD : UNFITTING;
  }
  rc = fault_check(db, test->all->why, sizeof test->all->why);
  outcome found = rc == MEDLEY_OK ? judge(test, session, missing_max) : DIFFERENT;
  medley_session_close(session);
  medley_close(db);
  return found;
}

/* In the child: the damaged log, and if it was refused, the sound one beside what that left. */
static void try_case(log_test *test, bool power_cut, size_t missing_max) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  alarm(TIME_LIMIT_S);
  lay_out(test, test->bad, test->bad_size, power_cut);
  outcome found = look(test, missing_max);
  if (found == TOLD) {
    if (fault_scratch_write(test->log_path, test->log, test->log_size) != 0) _exit(3);
    if (look(test, 0) != SAME) found = NOT_LEFT_ALONE;
  }
  test->all->outcome = found;
  _exit(0);
}

/* Where damage is of interest: the headers' fields, their meta pages, the records. */
static size_t choose_place(const log_test *test, fault_random *random) {
  uint32_t choice = fault_random_below(random, 100);
  if (choice < 15) return fault_random_below(random, 2) * HEADER_SIZE + fault_random_below(random, 64);
  if (choice < 25) return fault_random_below(random, RECORDS_AT);
  if (choice < 35) return RECORDS_AT + fault_random_below(random, 40);
  return RECORDS_AT + fault_random_below(random, (uint32_t)(test->records_end - RECORDS_AT));
}

static damage_kind damage(log_test *test, fault_random *random, size_t *first) {
  damage_kind kind = (damage_kind)(fault_random_percent(random, 60) ? FLIP : fault_random_below(random, KIND_COUNT));
  size_t at = choose_place(test, random), len = 1 + fault_random_below(random, DAMAGE_MAX);
  memcpy(test->bad, test->log, test->log_size);
  test->bad_size = test->log_size;
  if (at + len > test->log_size) len = test->log_size - at;
  if (kind == FLIP) test->bad[at] = (char)(test->bad[at] ^ 1 << fault_random_below(random, 8));
  if (kind == CUT) test->bad_size = at;
  if (kind == ZEROS) memset(test->bad + at, 0, len);
  for (size_t i = 0; kind == NOISE && i < len; i++) test->bad[at + i] = (char)fault_random_below(random, 256);
  while (at < test->bad_size && test->bad[at] == test->log[at]) at++; /* zeros over what is zero damage nothing */
  *first = at;
  return kind;
}

static uint64_t number_at(const char *bytes, size_t len) {
  uint64_t number = 0;
  for (size_t i = 0; i < len; i++) number = number << 8 | (unsigned char)bytes[i];
  return number;
}

/* Where the last record begins, or the padding before it, which no checksum covers; and where it ends. */
static void find_last_record(log_test *test) {
  int newer = memcmp(test->log + HEADER_SIZE + GENERATION_AT, test->log + GENERATION_AT, 8) > 0;
  const char *chain = test->log + newer * HEADER_SIZE + CHECKSUM_AT;
  size_t at = RECORDS_AT, padding = at;
  while (at + 40 <= test->log_size && memcmp(test->log + at, "MLR1", 4) == 0 &&
         memcmp(test->log + at + 24, chain, 8) == 0) {
    test->last_record = at;
    test->last_begins = padding;
    chain = test->log + at + 32;
    padding = at + 40 + number_at(test->log + at + 4, 4);
    at = (padding + 7) / 8 * 8;
  }
  test->records_end = at;
}

static bool run_case(log_test *test, fault_random *random, uint64_t number, uint64_t *reported) {
  size_t at;
  int status = 0;
  damage_kind kind = damage(test, random, &at);
  bool power_cut = number % 2 == 1;
  test->all->outcome = CRASHED;
  snprintf(test->all->why, sizeof test->all->why, "it ended early");
  fflush(NULL);
  pid_t pid = fork();
  /* Rolled-back transactions may stand between two records. After a power cut nothing tells that the log once went on behind a cut. */
  size_t all = (size_t)TXNS * WORKERS, missing_max = at >= test->last_begins ? WORKERS : 0;
  if (power_cut && (kind == CUT || (kind != FLIP && at + DAMAGE_MAX > test->last_record))) missing_max = all;
  if (pid == 0) try_case(test, power_cut, missing_max);
  if (pid < 0 || waitpid(pid, &status, 0) != pid) exit(2);
  outcome found = (outcome)test->all->outcome;
  test->counts[kind][found]++;
  bool bad = found != TOLD && found != SAME && found != OLDER;
  if (bad && (*reported)++ < REPORTED_MAX) {
    printf("BAD: %s at byte %zu of %zu%s: %s: %s\n", kind_names[kind], at, test->records_end,
           power_cut ? ", after a power cut" : "", outcome_names[found], test->all->why);
  }
  return !bad;
}

int main(int argc, char **argv) {
  static log_test test;
  char folder[FAULT_PATH_SIZE];
  uint64_t seed = fault_scratch_seed(argc, argv), bad = 0, reported = 0, told = 0;
  uint64_t cases = fault_scratch_number(argc, argv, "--cases", NULL, fault_scratch_long() ? CASES_LONG : CASES_SHORT);
  fault_random random = fault_random_of(seed, 6, 6);
  fault_scratch_make(folder);
  fault_scratch_join(test.path, folder, "damaged.medley");
  snprintf(test.log_path, sizeof test.log_path, "%s-log", test.path);
  fault_workload_init(&test.workload, seed, WORKERS);
  fault_workload_options(&test.workload, &test.options);
  test.options.map_size_bytes = (uint64_t)64 << 20;
  test.options.journal = MEDLEY_JOURNAL_LOG;
  test.options.flags |= MEDLEY_OPEN_NO_THREADS; /* the same log each time */
  test.options.checkpoint_commits = COMMITS_BETWEEN_CHECKPOINTS;
  test.all = mmap(NULL, sizeof *test.all, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (test.all == MAP_FAILED) return 2;
  make_files(&test);
  find_last_record(&test);
  printf("a log of %zu bytes, the last record at %zu\n", test.records_end, test.last_record);
  for (uint64_t i = 0; i < cases; i++) bad += !run_case(&test, &random, i, &reported);
  for (int kind = 0; kind < KIND_COUNT; kind++) {
    printf("%-12s:", kind_names[kind]);
    for (int i = 0; i < OUTCOME_COUNT; i++) {
      printf(" %llu %s%s", (unsigned long long)test.counts[kind][i], outcome_names[i],
             i + 1 < OUTCOME_COUNT ? "," : "\n");
    }
    told += test.counts[kind][TOLD];
  }
  fault_scratch_remove(folder);
  printf("%d passed, %d failed\n", bad == 0 && told > 0, bad > 0 || told == 0);
  return bad == 0 && told > 0 ? 0 : 1;
}
