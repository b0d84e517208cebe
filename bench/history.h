/* history.h - bench/history.jsonl: one flat JSON object a line, one line a result, appended by every run. */
#ifndef MED_BENCH_HISTORY_H
#define MED_BENCH_HISTORY_H

#include <stddef.h>

typedef struct med_record {
  char time[24], commit[24], machine[160], build[32], workload[24], task[32], title[80], unit[16], peer[24],
      version[64];
  char durability[12], status[12], failure[240];
  double scale, seed, rounds, clients, operations, answers_compared;
  double rate, rate_low, rate_high, p50_us, p95_us, p99_us, max_us, cpu_us, written_bytes, peak_bytes, disk_bytes;
  double ratio, ratio_low, ratio_high, cpu_ratio, sign_chance, target;
} med_record;

typedef struct med_history {
  med_record *records;
  size_t count;
  size_t bad_line; /* the first line that is not such an object, from 1; 0 if all are */
} med_history;

/* Reads one line; 0, or -1 if it is not a flat JSON object. Unknown names are passed over, absent ones stay empty. */
int med_history_parse(const char *line, med_record *record);
/* 0, or -1 if the file cannot be read (errno). Give back with med_history_clear. */
int med_history_read(const char *path, med_history *history);
void med_history_clear(med_history *history);
/* Leaves the newest record of each (machine, workload, durability, scale, task, peer), in the order of the first; a
 * peer that came later stands behind the others of its task. */
void med_history_keep_newest(med_history *history);
/* The newest record before any of `time` that a run with these circumstances can be compared with; NULL if none. */
const med_record *med_history_find(const med_history *history, const med_record *like);

#endif
