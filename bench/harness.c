/* harness.c - see harness.h. One round of one task: every peer gets the same order, answers are compared, times kept. */
#include "bench/harness.h"

#include <stdlib.h>
#include <string.h>

#include "bench/contestant_process.h"

#define CALIBRATION_TRIES 6
#define OWN_TRIES 2
#define GROWTH_MAX 12.0

typedef struct harness_run {
  const med_setting *setting;
  med_outcome *outcome;
  med_contestant_process processes[MED_PEER_COUNT_MAX];
  int is_open[MED_PEER_COUNT_MAX];
  med_sample *samples; /* one for each peer, of the present round */
  int tasks_done, tasks_total;
} harness_run;

static void show(const harness_run *run, const char *task, const char *peer, int round) {
  if (!run->setting->progress) return;
  int width = 24, filled = run->tasks_total ? run->tasks_done * width / run->tasks_total : 0;
  fprintf(run->setting->progress, "\r\033[K[%.*s%.*s] %d/%d %s: %s", filled, "########################", width - filled,
          "........................", run->tasks_done, run->tasks_total, task, peer);
  if (round >= 0) fprintf(run->setting->progress, ", round %d", round + 1);
  fflush(run->setting->progress);
}

/* A filter is the beginning of an id, or with a point at its end the whole of it. */
static int is_wanted(const med_setting *setting, const med_task *task) {
  const char *filter = setting->task_filter;
  size_t len = filter ? strlen(filter) : 0;
  if (len > 0 && filter[len - 1] == '.') return strlen(task->id) == len - 1 && strncmp(task->id, filter, len - 1) == 0;
  return len == 0 || strncmp(task->id, filter, len) == 0;
}

static med_result *result_of(harness_run *run, int task_row, int peer) {
  return &run->outcome->results[task_row * run->setting->peer_count + peer];
}

/* ---- One round ---- */

static void note_failure(harness_run *run, med_result *result, const char *text) {
  if (result->status == 0) run->outcome->failure_count++;
  result->status = -1;
  snprintf(result->failure, sizeof result->failure, "%s", text);
}

/* Every peer in turn; those that failed before are left out. counts: operations of each peer. */
static void do_round(harness_run *run, int task_row, int task_index, const uint64_t *counts, uint64_t round_seed,
                     int round) {
  for (int peer = 0; peer < run->setting->peer_count; peer++) {
    med_result *result = result_of(run, task_row, peer);
    if (result->status != 0) continue;
    show(run, result->task->title, result->peer->name, round);
    med_sample *sample = &run->samples[peer];
    med_order order = {.operation_count = counts[peer], .round_seed = round_seed};
    if (med_contestant_process_run(&run->processes[peer], task_index, &order, sample) != 0) {
      run->is_open[peer] = 0;
      note_failure(run, result, "the peer's process ended");
    } else if (sample->status == MED_SAMPLE_ABSENT) {
      result->status = MED_SAMPLE_ABSENT;
    } else if (sample->status != 0) {
      note_failure(run, result, sample->failure);
    }
  }
}

/* The answer of the first peer that has one is what the others must answer, if they did as many operations. */
static void compare_answers(harness_run *run, int task_row, const uint64_t *counts) {
  const med_sample *first = NULL;
  int first_peer = 0;
  for (int peer = 0; peer < run->setting->peer_count; peer++) {
    med_result *result = result_of(run, task_row, peer);
    if (result->status != 0) continue;
    if (!first) {
      first = &run->samples[peer];
      first_peer = peer;
      continue;
    }
    if (counts[peer] != counts[first_peer]) continue;
    result->answers_compared++;
    result_of(run, task_row, first_peer)->answers_compared++;
    if (run->samples[peer].answer != first->answer) {
      char text[MED_FAILURE_SIZE];
      snprintf(text, sizeof text, "its answer %016llx differs from %s's %016llx",
               (unsigned long long)run->samples[peer].answer, run->setting->peers[first_peer]->name,
               (unsigned long long)first->answer);
      note_failure(run, result, text);
    }
  }
}

static void give_all(uint64_t *counts, uint64_t count) {
  for (int peer = 0; peer < MED_PEER_COUNT_MAX; peer++) counts[peer] = count;
}

static double growth_wanted(const harness_run *run, int peer) {
  double wall_ns = (double)run->samples[peer].wall_ns;
  double growth = run->setting->budget_ms * 1e6 / (wall_ns > 1 ? wall_ns : 1);
  return growth > GROWTH_MAX ? GROWTH_MAX : growth;
}

static uint64_t grown(uint64_t count, double growth, const med_task *task) {
  count = (uint64_t)((double)count * growth) + 1;
  return count < task->first_count ? task->first_count : count;
}

/* Rounds with equal numbers of operations, which grow until the slowest peer is busy for about the budget; their
 * answers are compared. What they change in the data, they change for every peer alike. */
static void find_counts(harness_run *run, int task_row, int task_index, uint64_t *counts) {
  const med_task *task = &run->setting->workload->tasks[task_index];
  give_all(counts, task->first_count);
  for (int attempt = 0; attempt < CALIBRATION_TRIES; attempt++) {
    double slowest = GROWTH_MAX;
    uint64_t seed = med_dice_mix(run->setting->seed ^ (uint64_t)(task_index * 1000 + 500 + attempt));
    do_round(run, task_row, task_index, counts, seed, -1);
    compare_answers(run, task_row, counts);
    if (task->first_count == 0) return;
    for (int peer = 0; peer < run->setting->peer_count; peer++) {
      if (result_of(run, task_row, peer)->status != 0) continue;
      if (growth_wanted(run, peer) < slowest) slowest = growth_wanted(run, peer);
    }
    if (slowest > 0.7 && slowest < 1.5) break;
    give_all(counts, grown(counts[0], slowest, task));
    if (slowest < 1.5) break;
  }
}

/* A fast peer would be done with a slow one's work before the clock has ticked: where nothing is changed, each gets as
 * much as fills its budget. */
static void find_own_counts(harness_run *run, int task_row, int task_index, uint64_t *counts) {
  const med_task *task = &run->setting->workload->tasks[task_index];
  for (int attempt = 0; attempt < OWN_TRIES; attempt++) {
    do_round(run, task_row, task_index, counts, med_dice_mix(run->setting->seed + (uint64_t)attempt), -1);
    for (int peer = 0; peer < run->setting->peer_count; peer++) {
      if (result_of(run, task_row, peer)->status == 0)
        counts[peer] = grown(counts[peer], growth_wanted(run, peer), task);
    }
  }
}

static void keep(med_result *result, const med_sample *sample, double *cpu, double *written, int round) {
  double operations = sample->operation_count > 0 ? (double)sample->operation_count : 1;
  double seconds = sample->wall_ns > 0 ? (double)sample->wall_ns / 1e9 : 1e-9;
  result->rates[round] = operations / seconds;
  result->operation_count = sample->operation_count;
  cpu[round] = (double)sample->cpu_ns / 1e3 / operations;
  written[round] = (double)sample->written_bytes / operations;
  if ((double)sample->peak_bytes > result->peak_bytes) result->peak_bytes = (double)sample->peak_bytes;
  result->disk_bytes = (double)sample->disk_bytes;
  result->cpu_us = med_statistics_median(cpu, (size_t)round + 1);
  result->written_bytes = med_statistics_median(written, (size_t)round + 1);
  result->round_count = round + 1;
  med_histogram_merge(&result->latency, &sample->latency);
}

/* ---- What the rounds say together ---- */

static double target_of(const med_task *task, const med_peer *peer) {
  for (int i = 0; i < MED_TARGET_COUNT_MAX && task->targets[i].peer; i++) {
    if (strcmp(task->targets[i].peer, peer->name) == 0) return task->targets[i].ratio;
  }
  return 0;
}

static void compare_with_medley(med_result *result, const med_result *medley, uint64_t seed) {
  double ratios[MED_STATISTICS_COUNT_MAX];
  size_t wins = 0, count = (size_t)result->round_count;
  result->target = target_of(result->task, result->peer);
  if (strcmp(medley->peer->name, "medley") != 0) return; /* it has no part in this workload, or another runs alone */
  if (result == medley || medley->status != 0 || result->status != 0) return;
  for (size_t i = 0; i < count; i++) {
    ratios[i] = medley->rates[i] / result->rates[i];
    if (ratios[i] > 1) wins++;
  }
  med_interval interval = med_statistics_bootstrap(ratios, count, seed);
  result->ratio_to_peer = interval.middle;
  result->ratio_low = interval.low;
  result->ratio_high = interval.high;
  result->sign_chance = med_statistics_sign_test(wins, count);
  result->cpu_ratio = medley->cpu_us > 0 ? result->cpu_us / medley->cpu_us : 0;
}

static void summarize(harness_run *run, int task_row) {
  for (int peer = 0; peer < run->setting->peer_count; peer++) {
    med_result *result = result_of(run, task_row, peer);
    size_t count = (size_t)result->round_count;
    result->rate = med_statistics_median(result->rates, count);
    result->rate_low = med_statistics_quantile(result->rates, count, 0.25);
    result->rate_high = med_statistics_quantile(result->rates, count, 0.75);
    result->p50_us = (double)med_histogram_quantile(&result->latency, 0.50) / 1e3;
    result->p95_us = (double)med_histogram_quantile(&result->latency, 0.95) / 1e3;
    result->p99_us = (double)med_histogram_quantile(&result->latency, 0.99) / 1e3;
    result->max_us = (double)result->latency.max / 1e3;
    compare_with_medley(result, result_of(run, task_row, 0), run->setting->seed);
  }
}

static void do_task(harness_run *run, int task_row, int task_index) {
  double cpu[MED_PEER_COUNT_MAX][MED_STATISTICS_COUNT_MAX], written[MED_PEER_COUNT_MAX][MED_STATISTICS_COUNT_MAX];
  const med_setting *setting = run->setting;
  for (int peer = 0; peer < setting->peer_count; peer++) {
    med_result *result = result_of(run, task_row, peer);
    *result = (med_result){.task = &setting->workload->tasks[task_index], .peer = setting->peers[peer]};
    if (!run->is_open[peer]) {
      result->status = -1;
      snprintf(result->failure, sizeof result->failure, "%s", run->outcome->open_failure[peer]);
    }
  }
  uint64_t counts[MED_PEER_COUNT_MAX];
  const med_task *task = &setting->workload->tasks[task_index];
  if (setting->operation_count > 0)
    give_all(counts, setting->operation_count);
  else
    find_counts(run, task_row, task_index, counts);
  if (setting->operation_count == 0 && task->reads_only && task->first_count > 0) {
    find_own_counts(run, task_row, task_index, counts);
  }
  for (int round = 0; round < setting->rounds; round++) {
    uint64_t seed = med_dice_mix(setting->seed ^ (uint64_t)(task_index * 1000 + round));
    do_round(run, task_row, task_index, counts, seed, round);
    compare_answers(run, task_row, counts);
    for (int peer = 0; peer < setting->peer_count; peer++) {
      med_result *result = result_of(run, task_row, peer);
      if (result->status == 0) keep(result, &run->samples[peer], cpu[peer], written[peer], round);
    }
  }
  summarize(run, task_row);
}

/* ---- The whole run ---- */

static void open_all(harness_run *run) {
  for (int peer = 0; peer < run->setting->peer_count; peer++) {
    char *failure = run->outcome->open_failure[peer];
    show(run, "loading", run->setting->peers[peer]->name, -1);
    run->is_open[peer] =
        med_contestant_process_open(&run->processes[peer], &run->outcome->load_seconds[peer], failure) == 0;
    if (!run->is_open[peer]) run->outcome->failure_count++;
  }
}

int med_harness_run(const med_setting *setting, med_outcome *outcome) {
  harness_run run = {.setting = setting, .outcome = outcome};
  int task_row = 0, status = 0;
  *outcome = (med_outcome){.setting = setting};
  for (int i = 0; i < setting->workload->task_count; i++)
    run.tasks_total += is_wanted(setting, &setting->workload->tasks[i]);
  outcome->results = calloc((size_t)(run.tasks_total * setting->peer_count + 1), sizeof *outcome->results);
  run.samples = calloc((size_t)setting->peer_count, sizeof *run.samples);
  if (!outcome->results || !run.samples) status = -1;
  /* All processes first: a fork would hand one peer's socket and memory to the next. */
  for (int peer = 0; peer < setting->peer_count && status == 0; peer++) {
    status = med_contestant_process_start(&run.processes[peer], setting, setting->peers[peer]);
  }
  if (status == 0) open_all(&run);
  for (int i = 0; i < setting->workload->task_count && status == 0; i++) {
    if (!is_wanted(setting, &setting->workload->tasks[i])) continue;
    do_task(&run, task_row++, i);
    run.tasks_done++;
  }
  for (int peer = 0; peer < setting->peer_count; peer++) med_contestant_process_end(&run.processes[peer]);
  if (setting->progress) fprintf(setting->progress, "\r\033[K");
  outcome->result_count = task_row * setting->peer_count;
  free(run.samples);
  return status;
}

void med_harness_clear(med_outcome *outcome) {
  free(outcome->results);
  outcome->results = NULL;
  outcome->result_count = 0;
}
