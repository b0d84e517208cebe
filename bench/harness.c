/* harness.c - see harness.h. One round of one task: every peer gets the same order, answers are compared, times kept. */
#include "bench/harness.h"

#include <stdlib.h>
#include <string.h>

#include "bench/contestant_process.h"

#define CALIBRATION_TRIES 6
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

static int is_wanted(const med_setting *setting, const med_task *task) {
  return !setting->task_filter || strncmp(task->id, setting->task_filter, strlen(setting->task_filter)) == 0;
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

/* Every peer in turn; those that failed before are left out. */
static void do_round(harness_run *run, int task_row, int task_index, const med_order *order, int round) {
  for (int peer = 0; peer < run->setting->peer_count; peer++) {
    med_result *result = result_of(run, task_row, peer);
    if (result->status != 0) continue;
    show(run, result->task->title, result->peer->name, round);
    med_sample *sample = &run->samples[peer];
    if (med_contestant_process_run(&run->processes[peer], task_index, order, sample) != 0) {
      run->is_open[peer] = 0;
      note_failure(run, result, "the peer's process ended");
    } else if (sample->status == MED_SAMPLE_ABSENT) {
      result->status = MED_SAMPLE_ABSENT;
    } else if (sample->status != 0) {
      note_failure(run, result, sample->failure);
    }
  }
}

/* The answer of the first peer that has one is what the others must answer. */
static void compare_answers(harness_run *run, int task_row) {
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

/* Operations that keep the slowest peer busy for about the budget. What the tries change in the data, they change for
 * every peer alike. */
static uint64_t find_count(harness_run *run, int task_row, int task_index, med_order *order) {
  const med_task *task = &run->setting->workload->tasks[task_index];
  double budget_ns = run->setting->budget_ms * 1e6;
  order->operation_count = task->first_count;
  if (task->first_count == 0) {
    do_round(run, task_row, task_index, order, -1);
    compare_answers(run, task_row);
    return 0;
  }
  for (int attempt = 0; attempt < CALIBRATION_TRIES; attempt++) {
    double slowest_ns = 1;
    order->round_seed = med_dice_mix(run->setting->seed ^ (uint64_t)(task_index * 1000 + 500 + attempt));
    do_round(run, task_row, task_index, order, -1);
    compare_answers(run, task_row);
    for (int peer = 0; peer < run->setting->peer_count; peer++) {
      if (result_of(run, task_row, peer)->status != 0) continue;
      if ((double)run->samples[peer].wall_ns > slowest_ns) slowest_ns = (double)run->samples[peer].wall_ns;
    }
    double growth = budget_ns / slowest_ns;
    if (growth > 0.7 && growth < 1.5) break;
    if (growth > GROWTH_MAX) growth = GROWTH_MAX;
    order->operation_count = (uint64_t)((double)order->operation_count * growth) + 1;
    if (order->operation_count < task->first_count) order->operation_count = task->first_count;
    if (growth < 1.5) break;
  }
  return order->operation_count;
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
  med_order order = {0};
  order.operation_count = find_count(run, task_row, task_index, &order);
  for (int round = 0; round < setting->rounds; round++) {
    order.round_seed = med_dice_mix(setting->seed ^ (uint64_t)(task_index * 1000 + round));
    do_round(run, task_row, task_index, &order, round);
    compare_answers(run, task_row);
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
