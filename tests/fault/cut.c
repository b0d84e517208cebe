/* cut.c - see cut.h.
 *
 * Images are numbered through the whole trace in an order that depends on the seed alone. Process p of n takes the cuts
 * whose number is p modulo n. What it found stands in shared memory, so that nothing is lost when it dies. */
#include "tests/fault/cut.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define PROCESS_COUNT_MAX 64
#define IMAGE_TIME_LIMIT_S 60

typedef struct progress {
  uint64_t next_image; /* images below this one of this process are done */
  uint64_t cuts;
  uint64_t verdicts[FAULT_VERDICT_COUNT];
  char current[128];
  char first_bad[512];
  int failed;
} progress;

typedef struct worker {
  const fault_cut *cut;
  fault_image *image;
  progress *done;
  uint64_t image_number;
  char folder[4096];
} worker;

const char *fault_verdict_name(fault_verdict verdict) {
  static const char *const names[FAULT_VERDICT_COUNT] = {
      "good", "before the first acknowledgement", "lost", "inconsistent", "unopenable", "crashed or hung"};
  return names[verdict];
}

static void count_bad(progress *done, fault_verdict verdict, const char *why) {
  if (verdict != FAULT_GOOD && verdict != FAULT_UNACKNOWLEDGED && done->first_bad[0] == 0) {
    snprintf(done->first_bad, sizeof done->first_bad, "%s: %s: %.300s", done->current, fault_verdict_name(verdict),
             why);
  }
  done->verdicts[verdict]++;
}

static void check_one(worker *self, size_t cut_number, fault_variant variant, uint32_t copy) {
  uint64_t number = self->image_number++;
  if (number < self->done->next_image) return;
  fault_random random = fault_random_of(self->cut->seed, cut_number, (uint64_t)variant * 1000 + copy);
  char why[400] = "";
  snprintf(self->done->current, sizeof self->done->current, "cut %zu variant %d copy %u", cut_number, (int)variant,
           copy);
  if (fault_image_write(self->image, self->folder, variant, &random) != 0) {
    self->done->failed = 1;
    fprintf(stderr, "cut: cannot write an image into %s: %s\n", self->folder, strerror(errno));
    _exit(2);
  }
  alarm(IMAGE_TIME_LIMIT_S);
  count_bad(self->done, self->cut->check(self->cut->context, self->folder, cut_number, why, sizeof why), why);
  alarm(0);
  self->done->next_image = number + 1;
}

static void check_cut(worker *self, size_t cut_number) {
  const uint32_t copies[FAULT_VARIANT_COUNT] = {1, 1, self->cut->subset_count, self->cut->torn_count};
  for (int variant = 0; variant < FAULT_VARIANT_COUNT; variant++) {
    if (!fault_image_has(self->image, (fault_variant)variant)) continue;
    for (uint32_t copy = 0; copy < copies[variant]; copy++) check_one(self, cut_number, (fault_variant)variant, copy);
  }
}

static void run_worker(const fault_cut *cut, uint32_t process, progress *done) {
  worker self = {cut, fault_image_open(cut->trace), done, 0, {0}};
  uint64_t cut_count = 0;
  snprintf(self.folder, sizeof self.folder, "%s/%u", cut->scratch, process);
  mkdir(self.folder, 0700);
  for (size_t i = 0; i < cut->trace->count; i++) {
    bool differs = fault_image_begin(self.image, i);
    fault_random random = fault_random_of(cut->seed, i, UINT64_MAX);
    bool chosen = cut->every <= 1 || fault_random_below(&random, cut->every) == 0;
    if (differs && chosen) {
      if (cut_count % cut->process_count == process) check_cut(&self, i);
      cut_count++;
    }
    fault_image_finish(self.image, i);
  }
  done->cuts = cut_count;
  fault_image_close(self.image);
}

static pid_t start_worker(const fault_cut *cut, uint32_t process, progress *done) {
  fflush(NULL);
  pid_t pid = fork();
  if (pid != 0) return pid;
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  signal(SIGALRM, SIG_DFL);
  run_worker(cut, process, done);
  _exit(0);
}

/* Whether the process is to be started anew. */
static bool died(progress *done, int status) {
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return false;
  if (done->failed) return false;
  char why[64];
  if (WIFSIGNALED(status)) {
    snprintf(why, sizeof why, "signal %d%s", WTERMSIG(status), WTERMSIG(status) == SIGALRM ? " (time limit)" : "");
  } else {
    snprintf(why, sizeof why, "the checker exited with %d", WEXITSTATUS(status));
  }
  count_bad(done, FAULT_CRASHED, why);
  done->next_image++;
  return true;
}

int fault_cut_run(const fault_cut *cut, fault_cut_result *result) {
  uint32_t count = cut->process_count;
  pid_t pids[PROCESS_COUNT_MAX];
  if (count == 0 || count > PROCESS_COUNT_MAX) return -1;
  progress *all = mmap(NULL, count * sizeof *all, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (all == MAP_FAILED) return -1;
  uint32_t running = count;
  for (uint32_t p = 0; p < count; p++) pids[p] = start_worker(cut, p, &all[p]);
  while (running > 0) {
    int status;
    pid_t pid = waitpid(-1, &status, 0);
    for (uint32_t p = 0; p < count; p++) {
      if (pids[p] != pid) continue;
      bool again = died(&all[p], status);
      if (again) pids[p] = start_worker(cut, p, &all[p]);
      if (!again) running--;
    }
  }
  int rc = 0;
  *result = (fault_cut_result){0};
  for (uint32_t p = 0; p < count; p++) {
    for (int v = 0; v < FAULT_VERDICT_COUNT; v++) {
      result->verdicts[v] += all[p].verdicts[v];
      result->images += all[p].verdicts[v];
    }
    result->cuts = all[p].cuts;
    if (result->first_bad[0] == 0) memcpy(result->first_bad, all[p].first_bad, sizeof result->first_bad);
    if (all[p].failed) rc = -1;
  }
  munmap(all, count * sizeof *all);
  return rc;
}
