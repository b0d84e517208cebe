/* power_cut.c - power cuts at every write and flush of a workload over all models.
 *
 * A child runs transactions on several threads under the recorder. From its trace, crash images are built for every moment
 * at which the power may go (image.h). Each is opened, checked with medley_check and compared with what had been
 * acknowledged: every worker must be in a state that it had been in, the same in every model, nothing older than its last
 * acknowledgement or than what a reader beside them was shown (durable), and no transaction may be there without those that
 * were acknowledged before it began (both levels). One image in eight is also written to and judged again.
 *
 * And cut again: the recovery from some images is recorded in turn, and the power goes in it.
 *
 * Usage: power_cut RECORDER [--seed=N] [--images=N] [--processes=N] [--keep=1] [--journal=1|2]; 1: with the redo log, 2: without.
 * "workload ..." and "recover ..." are the recorded children. */
#include "tests/fault/power_cut.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/fault/calls.h"
#include "tests/fault/cut.h"
#include "tests/fault/scratch.h"

#define IMAGES_SHORT 20000
#define IMAGES_LONG 1000000

typedef struct totals {
  uint64_t images, cuts, traces, bad, before_first, lost_relaxed, commits, members, batch_max;
} totals;

static fault_verdict judge_order(const fault_power_cut_history *history, const size_t *chosen, char *why, size_t size) {
  for (uint32_t w = 0; w < history->plan.worker_count; w++) {
    uint64_t number = history->states[w][chosen[w]].number;
    if (number == 0) continue;
    size_t begun = history->begun[w][number];
    for (uint32_t v = 0; v < history->plan.worker_count; v++) {
      uint64_t before = history->states[v][fault_power_cut_acked(history, v, begun)].number;
      uint64_t there = history->states[v][chosen[v]].number;
      if (before <= there) continue;
      snprintf(why, size,
               "transaction %llu of worker %u is there, but not %llu of worker %u (only %llu), acknowledged before it "
               "began",
               (unsigned long long)number, w, (unsigned long long)before, v, (unsigned long long)there);
      return FAULT_INCONSISTENT;
    }
  }
  return FAULT_GOOD;
}

static fault_verdict judge_image(const fault_power_cut_history *history, medley_session *session, size_t cut,
                                 size_t *chosen, char *why, size_t size) {
  fault_candidates candidates[FAULT_WORKER_COUNT_MAX];
  for (uint32_t w = 0; w < history->plan.worker_count; w++) {
    candidates[w] = (fault_candidates){history->states[w], (size_t)fault_power_cut_begun(history, w, cut) + 1};
  }
  if (fault_workload_judge(&history->workload, session, candidates, chosen, why, size) != MEDLEY_OK) {
    return FAULT_INCONSISTENT;
  }
  fault_verdict verdict = judge_order(history, chosen, why, size);
  for (uint32_t w = 0; verdict == FAULT_GOOD && !history->plan.relaxed && w < history->plan.worker_count; w++) {
    uint64_t there = history->states[w][chosen[w]].number;
    uint64_t acked = fault_power_cut_acked(history, w, cut), seen = fault_power_cut_seen(history, w, cut);
    if (chosen[w] >= acked && chosen[w] >= seen) continue;
    bool lost_acked = chosen[w] < acked;
    snprintf(why, size, "worker %u: transaction %llu was %s, %llu is what is there", w,
             (unsigned long long)(lost_acked ? acked : seen), lost_acked ? "acknowledged" : "shown to a reader",
             (unsigned long long)there);
    verdict = FAULT_LOST;
  }
  return verdict;
}

/* The database must go on from the image: one more transaction, then everything again. */
static fault_verdict go_on(const fault_power_cut_history *history, medley *db, medley_session *session,
                           const size_t *chosen, char *why, size_t size) {
  fault_candidates candidates[FAULT_WORKER_COUNT_MAX];
  size_t now[FAULT_WORKER_COUNT_MAX];
  fault_state next = history->states[0][chosen[0]];
  bool committed;
  int rc = fault_workload_run(&history->workload, session, 0, history->plan.txn_count + 1, &next, &committed);
  if (rc != MEDLEY_OK) {
    snprintf(why, size, "the image cannot be written to: %s: %.200s", medley_status_name(rc), fault_workload_error());
    return FAULT_INCONSISTENT;
  }
  for (uint32_t w = 0; w < history->plan.worker_count; w++) {
    candidates[w] = (fault_candidates){w == 0 ? &next : &history->states[w][chosen[w]], 1};
  }
  if (fault_workload_judge(&history->workload, session, candidates, now, why, size) != MEDLEY_OK ||
      fault_check(db, why, size) != MEDLEY_OK) {
    return FAULT_INCONSISTENT;
  }
  return FAULT_GOOD;
}

/* Before the workload's tables were acknowledged they may be absent, but only as a whole. */
static bool is_empty(medley_session *session) {
  int64_t count = 1;
  return fault_sql_number(session, "SELECT count(*) FROM sqlite_schema", 0, NULL, &count) == MEDLEY_OK && count == 0;
}

static fault_verdict check_image(void *context, const char *folder, size_t cut, char *why, size_t size) {
  const fault_power_cut_history *history = context;
  char path[FAULT_PATH_SIZE];
  medley_options options;
  medley *db = NULL;
  medley_session *session = NULL;
  size_t chosen[FAULT_WORKER_COUNT_MAX] = {0};
  fault_scratch_join(path, folder, FAULT_POWER_CUT_FILE);
  fault_workload_options(&history->workload, &options);
  bool required = history->plan.relaxed ? history->ready < cut : history->opened < cut;
  if (fault_open(path, &options, &db, &session, why, size) != MEDLEY_OK) {
    return required ? FAULT_UNOPENABLE : FAULT_UNACKNOWLEDGED;
  }
  fault_verdict verdict = FAULT_GOOD;
  bool may_be_empty = history->plan.relaxed || history->ready >= cut;
  if (fault_check(db, why, size) != MEDLEY_OK) {
    verdict = FAULT_INCONSISTENT;
  } else if (!(may_be_empty && is_empty(session))) {
    verdict = judge_image(history, session, cut, chosen, why, size);
    if (verdict == FAULT_GOOD && cut % 8 == 0) verdict = go_on(history, db, session, chosen, why, size);
  }
  medley_session_close(session);
  if (medley_close(db) != MEDLEY_OK && verdict == FAULT_GOOD) verdict = FAULT_INCONSISTENT;
  return verdict;
}

static void print_bad(const fault_cut_result *result) {
  printf("  BAD:");
  for (int v = FAULT_LOST; v < FAULT_VERDICT_COUNT; v++) {
    printf(" %llu %s;", (unsigned long long)result->verdicts[v], fault_verdict_name((fault_verdict)v));
  }
  printf("\n  first: %s\n", result->first_bad);
}

/* ---- The power goes a second time, while the database recovers from the first ---- */
typedef struct second_cut {
  const fault_power_cut_history *history;
  size_t first_cut; /* in the first trace */
  size_t copied;    /* in the second one: before it the image is not yet whole */
} second_cut;

static fault_verdict check_second(void *context, const char *folder, size_t cut, char *why, size_t size) {
  const second_cut *second = context;
  if (cut <= second->copied) return FAULT_GOOD;
  fault_power_cut_history history = *second->history;
  return check_image(&history, folder, second->first_cut, why, size);
}

/* Records the recovery from one image of the first trace, and cuts that. */
static bool cut_once_more(second_cut *second, const fault_trace *trace, const char *image, const char *scratch,
                          char **argv, uint32_t processes, totals *sum) {
  char files[FAULT_PATH_SIZE], images[FAULT_PATH_SIZE], path[FAULT_PATH_SIZE], source[FAULT_PATH_SIZE];
  fault_scratch_join(files, scratch, "files-again");
  fault_scratch_join(images, scratch, "images-again");
  fault_scratch_join(path, scratch, "trace-again");
  snprintf(source, sizeof source, "%s", image);
  if (mkdir(files, 0700) != 0 || mkdir(images, 0700) != 0) return false;
  char word[] = "recover";
  char *const child[] = {argv[0], word, source, files, NULL};
  int rc = fault_scratch_record(argv[1], files, path, 0, child);
  fault_trace again;
  fault_cut_result result = {0};
  if (rc != 0 || fault_trace_open(&again, path) != 0) {
    printf("  the recovery failed (exit status %d)\n", rc);
    return false;
  }
  second->copied = SIZE_MAX;
  for (size_t i = 0; i < again.count && second->copied == SIZE_MAX; i++)
    if (again.records[i]->type == FAULT_TRACE_MARK) second->copied = i;
  fault_cut cut = {&again,       images, second->history->plan.seed + second->first_cut, processes, 2, 3, 1,
                   check_second, second};
  bool ran = fault_cut_run(&cut, &result) == 0;
  uint64_t bad = fault_cut_bad(&result);
  if (bad > 0) printf("  in the recovery from cut %zu of %zu:\n", second->first_cut, trace->count);
  if (bad > 0) print_bad(&result);
  sum->images += result.images;
  sum->cuts += result.cuts;
  sum->bad += bad;
  fault_trace_close(&again);
  fault_scratch_remove(files);
  fault_scratch_remove(images);
  unlink(path);
  return ran;
}

static bool cut_twice(const fault_power_cut_history *history, const fault_trace *trace, const char *scratch,
                      char **argv, uint32_t processes, totals *sum) {
  enum { FIRST_CUTS = 2 };
  fault_random random = fault_random_of(history->plan.seed, trace->count, 4711);
  bool ran = history->ready < trace->count;
  for (int i = 0; i < FIRST_CUTS && ran; i++) {
    char folder[FAULT_PATH_SIZE];
    size_t at = history->ready + 1 + fault_random_below(&random, (uint32_t)(trace->count - history->ready - 1));
    fault_image *image = fault_image_open(trace);
    for (size_t r = 0; r < at; r++) {
      (void)fault_image_begin(image, r);
      fault_image_finish(image, r);
    }
    (void)fault_image_begin(image, at);
    fault_scratch_join(folder, scratch, "first-cut");
    ran = mkdir(folder, 0700) == 0 && fault_image_write(image, folder, FAULT_TORN, &random) == 0;
    second_cut second = {history, at, SIZE_MAX};
    ran = ran && cut_once_more(&second, trace, folder, scratch, argv, processes, sum);
    fault_scratch_remove(folder);
    fault_image_close(image);
  }
  return ran;
}

/* One trace and its images. Answers false if the workload or the builder failed. */
static bool run_plan(const fault_power_cut_plan *plan, char **argv, uint32_t processes, uint32_t every, bool keep,
                     totals *sum) {
  char scratch[FAULT_PATH_SIZE], files[FAULT_PATH_SIZE], images[FAULT_PATH_SIZE], trace_path[FAULT_PATH_SIZE];
  char numbers[6][24];
  fault_scratch_make(scratch);
  fault_scratch_join(files, scratch, "files");
  fault_scratch_join(images, scratch, "images");
  fault_scratch_join(trace_path, scratch, "trace");
  if (mkdir(files, 0700) != 0 || mkdir(images, 0700) != 0) return false;
  snprintf(numbers[0], sizeof numbers[0], "%llu", (unsigned long long)plan->seed);
  snprintf(numbers[1], sizeof numbers[1], "%u", plan->worker_count);
  snprintf(numbers[2], sizeof numbers[2], "%u", plan->txn_count);
  snprintf(numbers[3], sizeof numbers[3], "%u", plan->relaxed);
  snprintf(numbers[4], sizeof numbers[4], "%u", plan->journal);
  snprintf(numbers[5], sizeof numbers[5], "%u", plan->checkpoint_commits);
  char word[] = "workload";
  char *const child[] = {argv[0],    word,       files,      numbers[0], numbers[1],
                         numbers[2], numbers[3], numbers[4], numbers[5], NULL};
  int rc = fault_scratch_record(argv[1], files, trace_path, plan->worker_count > 1 ? 150 : 0, child);
  fault_trace trace;
  if (rc != 0 || fault_trace_open(&trace, trace_path) != 0) {
    printf("the workload failed (exit status %d)\n", rc);
    fault_scratch_remove(scratch);
    return false;
  }
  fault_power_cut_history history;
  fault_cut_result result;
  fault_power_cut_history_init(&history, plan, &trace);
  fault_cut cut = {&trace, images, plan->seed, processes, 2, 3, every, check_image, &history};
  bool ran = fault_cut_run(&cut, &result) == 0;
  uint64_t bad = fault_cut_bad(&result);
  printf("%s, %s, %u threads x %u transactions, seed %llu: %zu records, %llu images, %llu bad\n",
         plan->relaxed ? "relaxed" : "durable", plan->journal == MEDLEY_JOURNAL_NONE ? "no log" : "log",
         plan->worker_count, plan->txn_count, (unsigned long long)plan->seed, trace.count,
         (unsigned long long)result.images, (unsigned long long)bad);
  if (bad > 0) print_bad(&result);
  fflush(stdout);
  sum->images += result.images;
  sum->cuts += result.cuts;
  sum->bad += bad;
  sum->traces++;
  sum->before_first += result.verdicts[FAULT_UNACKNOWLEDGED];
  uint64_t bad_before = sum->bad;
  if (ran && bad == 0 && plan->journal != MEDLEY_JOURNAL_NONE) {
    ran = cut_twice(&history, &trace, scratch, argv, processes, sum);
    bad += sum->bad > bad_before ? sum->bad - bad_before : 0;
  }
  fault_power_cut_history_clear(&history);
  fault_trace_close(&trace);
  if (bad > 0 && keep) printf("  kept: %s\n", scratch);
  if (bad == 0 || !keep) fault_scratch_remove(scratch);
  return ran;
}

/* Threads for group commit, a lone writer, and the relaxed level, in turn; two rounds in three with the redo log, which begins anew after
 * a few commits in every other round. */
static fault_power_cut_plan plan_of(uint64_t seed, uint64_t round, uint32_t journal) {
  fault_power_cut_plan plan = {seed + round, 4, 30, 0, journal, (round + round / 4) % 2 == 0 ? 4 : 2000};
  if (journal == MEDLEY_JOURNAL_DEFAULT) plan.journal = round % 3 == 2 ? MEDLEY_JOURNAL_NONE : MEDLEY_JOURNAL_LOG;
  if (round % 4 == 1) plan.worker_count = 1, plan.txn_count = 90;
  if (round % 4 == 2) plan.worker_count = 8, plan.txn_count = 16;
  if (round % 4 == 3) plan.relaxed = 1;
  return plan;
}

int main(int argc, char **argv) {
  if (argc == 9 && strcmp(argv[1], "workload") == 0) {
    fault_power_cut_plan plan = {strtoull(argv[3], NULL, 10), (uint32_t)atoi(argv[4]), (uint32_t)atoi(argv[5]),
                                 (uint32_t)atoi(argv[6]),     (uint32_t)atoi(argv[7]), (uint32_t)atoi(argv[8])};
    return fault_power_cut_workload(&plan, argv[2]);
  }
  if (argc == 4 && strcmp(argv[1], "recover") == 0) return fault_power_cut_recover(argv[2], argv[3]);
  if (argc < 2) {
    fprintf(stderr, "usage: power_cut RECORDER [--seed=N] [--images=N] [--processes=N] [--keep=1] [--journal=N]\n");
    return 2;
  }
  uint64_t seed = fault_scratch_seed(argc, argv);
  uint64_t wanted =
      fault_scratch_number(argc, argv, "--images", NULL, fault_scratch_long() ? IMAGES_LONG : IMAGES_SHORT);
  uint32_t processes = (uint32_t)fault_scratch_number(argc, argv, "--processes", NULL, 2);
  uint32_t every = (uint32_t)fault_scratch_number(argc, argv, "--every", NULL, 3);
  bool keep = fault_scratch_number(argc, argv, "--keep", "MEDLEY_TEST_KEEP", 0) != 0;
  uint32_t journal = (uint32_t)fault_scratch_number(argc, argv, "--journal", NULL, MEDLEY_JOURNAL_DEFAULT);
  totals sum = {0};
  bool ran = true;
  for (uint64_t round = 0; ran && sum.images < wanted && sum.bad < 1000; round++) {
    fault_power_cut_plan plan = plan_of(seed, round, journal);
    ran = run_plan(&plan, argv, processes, every, keep, &sum);
  }
  printf("%llu traces, %llu cuts, %llu images, %llu bad, %llu unopenable before the first acknowledgement\n",
         (unsigned long long)sum.traces, (unsigned long long)sum.cuts, (unsigned long long)sum.images,
         (unsigned long long)sum.bad, (unsigned long long)sum.before_first);
  bool passed = ran && sum.bad == 0;
  printf("%d passed, %d failed\n", passed, !passed);
  return passed ? 0 : 1;
}
