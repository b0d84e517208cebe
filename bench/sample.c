/* sample.c - what the kernel says about a process: time, processor time, writes, memory, files. */
#include "bench/sample.h"

#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* Under callgrind only what is measured is counted (bench/instructions): the requests are no-operations elsewhere. */
#ifdef MED_BENCH_CALLGRIND
#include <valgrind/callgrind.h>
#else
#define CALLGRIND_START_INSTRUMENTATION ((void)0)
#define CALLGRIND_STOP_INSTRUMENTATION ((void)0)
#endif

#define NS_PER_S UINT64_C(1000000000)

uint64_t med_sample_now_ns(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (uint64_t)now.tv_sec * NS_PER_S + (uint64_t)now.tv_nsec;
}

int med_sample_fail(med_sample *sample, const char *reason) {
  sample->status = -1;
  snprintf(sample->failure, sizeof sample->failure, "%s", reason);
  return -1;
}

/* The number behind `name` in a file of "name: number" lines; 0 if there is none. */
static uint64_t read_number(const char *path, const char *name) {
  char line[256];
  uint64_t number = 0;
  FILE *file = fopen(path, "r");
  if (!file) return 0;
  while (fgets(line, sizeof line, file)) {
    if (strncmp(line, name, strlen(name)) == 0) {
      number = strtoull(line + strlen(name), NULL, 10);
      break;
    }
  }
  fclose(file);
  return number;
}

/* The 4th (parent), 14th and 15th (ticks in user and kernel mode) fields of /proc/ID/stat. The name in the 2nd may hold
 * blanks and parentheses: fields are counted from the last closing one. */
static int read_stat(pid_t pid, pid_t *parent, uint64_t *ticks) {
  char path[64], text[1024];
  snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
  FILE *file = fopen(path, "r");
  if (!file) return -1;
  size_t len = fread(text, 1, sizeof text - 1, file);
  fclose(file);
  text[len] = 0;
  const char *at = strrchr(text, ')');
  if (!at) return -1;
  int parent_id = 0;
  unsigned long user = 0, kernel = 0;
  if (sscanf(at + 1, " %*c %d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &parent_id, &user, &kernel) != 3) return -1;
  *parent = (pid_t)parent_id;
  *ticks = user + kernel;
  return 0;
}

static void add_process(pid_t pid, med_usage *usage) {
  char path[64];
  pid_t parent;
  uint64_t ticks = 0;
  if (read_stat(pid, &parent, &ticks) == 0) usage->cpu_ns += ticks * (NS_PER_S / (uint64_t)sysconf(_SC_CLK_TCK));
  snprintf(path, sizeof path, "/proc/%d/io", (int)pid);
  usage->written_bytes += read_number(path, "wchar:");
}

static void add_server(pid_t server, med_usage *usage) {
  add_process(server, usage);
  DIR *processes = opendir("/proc");
  if (!processes) return;
  for (struct dirent *entry; (entry = readdir(processes)) != NULL;) {
    pid_t pid = (pid_t)strtol(entry->d_name, NULL, 10), parent = 0;
    uint64_t ticks;
    if (pid > 0 && read_stat(pid, &parent, &ticks) == 0 && parent == server) add_process(pid, usage);
  }
  closedir(processes);
}

static void take_usage(med_usage *usage, pid_t server) {
  struct timespec cpu;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &cpu);
  usage->cpu_ns = (uint64_t)cpu.tv_sec * NS_PER_S + (uint64_t)cpu.tv_nsec;
  usage->written_bytes = read_number("/proc/self/io", "wchar:");
  if (server > 0) add_server(server, usage);
}

static void reset_peak(void) {
  int file = open("/proc/self/clear_refs", O_WRONLY | O_CLOEXEC);
  if (file < 0) return; /* then the peak is the process's own, which is no less true */
  ssize_t written = write(file, "5", 1);
  (void)written;
  close(file);
}

void med_sample_start(med_usage *before, pid_t server) {
  reset_peak();
  take_usage(before, server);
  before->wall_ns = med_sample_now_ns();
  CALLGRIND_START_INSTRUMENTATION;
}

void med_sample_stop(med_sample *sample, const med_usage *before, pid_t server) {
  med_usage after;
  CALLGRIND_STOP_INSTRUMENTATION;
  sample->wall_ns = med_sample_now_ns() - before->wall_ns;
  take_usage(&after, server);
  sample->cpu_ns = after.cpu_ns - before->cpu_ns;
  sample->written_bytes = after.written_bytes - before->written_bytes;
  sample->peak_bytes = read_number("/proc/self/status", "VmHWM:") * 1024;
}

uint64_t med_sample_resident_bytes(void) { return read_number("/proc/self/status", "VmRSS:") * 1024; }

/* nftw has no context argument: the sum of the one walk that runs is here. */
static _Thread_local uint64_t walked_bytes;

static int add_file(const char *path, const struct stat *facts, int kind, struct FTW *walk) {
  (void)path;
  (void)walk;
  if (kind == FTW_F) walked_bytes += (uint64_t)facts->st_blocks * 512;
  return 0;
}

uint64_t med_sample_disk_bytes(const char *folder) {
  walked_bytes = 0;
  nftw(folder, add_file, 16, FTW_PHYS);
  return walked_bytes;
}
