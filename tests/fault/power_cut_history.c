/* power_cut_history.c - the recorded child, and what its marks say. */
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

#include "tests/fault/calls.h"
#include "tests/fault/power_cut.h"
#include "tests/fault/scratch.h"

#define WORKLOAD_TIME_LIMIT_S 120

typedef struct thread {
  pthread_t id;
  const fault_power_cut_plan *plan;
  const fault_workload *workload;
  medley *db;
  fault_state *state;
  uint32_t worker;
  uint64_t first, last;
  int mark_fd;
  int failed;
} thread;

static void put_mark(int fd, uint32_t kind, uint32_t worker, uint64_t number) {
  fault_mark mark = {kind, worker, number};
  if (write(fd, &mark, sizeof mark) != sizeof mark) _exit(4);
}

static void *run_thread(void *argument) {
  thread *self = argument;
  medley_session *session = NULL;
  medley_error error = {0};
  if (medley_session_open(self->db, &session, &error) != MEDLEY_OK) {
    fprintf(stderr, "workload: session: %s\n", error.message);
    self->failed = 1;
    return NULL;
  }
  for (uint64_t number = self->first; !self->failed && number <= self->last; number++) {
    bool committed;
    put_mark(self->mark_fd, FAULT_MARK_BEGUN, self->worker, number);
    int rc = fault_workload_run(self->workload, session, self->worker, number, self->state, &committed);
    if (rc != MEDLEY_OK) {
      fprintf(stderr, "workload: worker %u transaction %llu: %s: %s\n", self->worker, (unsigned long long)number,
              medley_status_name(rc), fault_workload_error());
      self->failed = 1;
    } else {
      put_mark(self->mark_fd, FAULT_MARK_ACKED, self->worker, number);
    }
  }
  medley_session_close(session);
  return NULL;
}

/* ---- A reader beside the workers ---- it marks what it was shown, which must not be lost from then on. */
typedef struct observer {
  pthread_t id;
  const fault_workload *workload;
  medley *db;
  int mark_fd;
  int failed;
  _Atomic bool stops;
} observer;

/* The newest transaction of the worker that one of the models has, in one snapshot. */
static int look_at_worker(const observer *self, medley_session *session, uint32_t worker, uint64_t *newest) {
  int rc = medley_begin(session, MEDLEY_READ);
  *newest = 0;
  for (uint32_t m = 0; rc == MEDLEY_OK && m < self->workload->model_count; m++) {
    uint64_t number = 0;
    rc = self->workload->models[m]->read_tick(session, worker, &number);
    if (number > *newest) *newest = number;
  }
  int ended = medley_commit(session);
  return rc != MEDLEY_OK ? rc : ended;
}

static void *run_observer(void *argument) {
  observer *self = argument;
  medley_session *session = NULL;
  medley_error error = {0};
  uint64_t seen[FAULT_WORKER_COUNT_MAX] = {0};
  if (medley_session_open(self->db, &session, &error) != MEDLEY_OK) self->failed = 1;
  while (!self->failed && !self->stops) {
    for (uint32_t w = 0; !self->failed && w < self->workload->worker_count; w++) {
      uint64_t newest;
      self->failed = look_at_worker(self, session, w, &newest) != MEDLEY_OK;
      if (self->failed) fprintf(stderr, "workload: reader: %s\n", fault_error(session));
      if (newest > seen[w]) put_mark(self->mark_fd, FAULT_MARK_SEEN, w, seen[w] = newest);
    }
  }
  medley_session_close(session);
  return NULL;
}

static int run_half(const fault_power_cut_plan *plan, const fault_workload *workload, medley *db, fault_state *states,
                    int mark_fd, int half) {
  thread threads[FAULT_WORKER_COUNT_MAX];
  observer reader = {.workload = workload, .db = db, .mark_fd = mark_fd};
  int failed = 0;
  bool observed = plan->worker_count > 1; /* a lone writer stays alone */
  if (observed && pthread_create(&reader.id, NULL, run_observer, &reader) != 0) _exit(4);
  for (uint32_t w = 0; w < plan->worker_count; w++) {
    uint64_t middle = plan->txn_count / 2;
    threads[w] = (thread){
        0,       plan, workload, db, &states[w], w, half == 0 ? 1 : middle + 1, half == 0 ? middle : plan->txn_count,
        mark_fd, 0};
    if (pthread_create(&threads[w].id, NULL, run_thread, &threads[w]) != 0) _exit(4);
  }
  for (uint32_t w = 0; w < plan->worker_count; w++) {
    pthread_join(threads[w].id, NULL);
    failed += threads[w].failed;
  }
  reader.stops = true;
  if (observed) pthread_join(reader.id, NULL);
  return failed + reader.failed;
}

int fault_power_cut_workload(const fault_power_cut_plan *plan, const char *folder) {
  char path[FAULT_PATH_SIZE], marks[FAULT_PATH_SIZE], why[300];
  fault_workload workload;
  medley_options options;
  alarm(WORKLOAD_TIME_LIMIT_S);
  fault_workload_init(&workload, plan->seed, plan->worker_count);
  fault_workload_options(&workload, &options);
  options.durability = plan->relaxed ? MEDLEY_RELAXED : MEDLEY_DURABLE;
  options.journal = (medley_journal)plan->journal;
  options.checkpoint_commits = plan->checkpoint_commits;
  fault_scratch_join(path, folder, FAULT_POWER_CUT_FILE);
  fault_scratch_join(marks, folder, "marks.ack");
  int mark_fd = open(marks, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
  fault_state *states = calloc(plan->worker_count, sizeof *states);
  if (mark_fd < 0 || states == NULL) return 4;
  int rc = 0;
  for (int half = 0; rc == 0 && half < 2; half++) {
    medley *db = NULL;
    medley_session *session = NULL;
    if (fault_open(path, &options, &db, &session, why, sizeof why) != MEDLEY_OK) {
      fprintf(stderr, "workload: %s\n", why);
      return 5;
    }
    if (half == 0) {
      put_mark(mark_fd, FAULT_MARK_OPENED, 0, 0);
      if (fault_workload_create(&workload, session) != MEDLEY_OK) {
        fprintf(stderr, "workload: create: %s\n", fault_error(session));
        return 5;
      }
      put_mark(mark_fd, FAULT_MARK_READY, 0, 0);
    }
    rc = run_half(plan, &workload, db, states, mark_fd, half);
    int more = 1;
    medley_error error;
    if (rc == 0 && medley_maintain(db, 100000, &more, &error) != MEDLEY_OK) {
      fprintf(stderr, "workload: maintain: %s\n", error.message);
      rc = 6;
    }
    medley_session_close(session);
    if (medley_close(db) != MEDLEY_OK) rc = 6;
  }
  free(states);
  return rc;
}

/* ---- A second cut ---- */
static int copy_durably(const char *from, const char *to) {
  if (fault_scratch_copy(from, to) != 0) return -1;
  int fd = open(to, O_RDWR | O_CLOEXEC);
  int rc = fd < 0 ? -1 : fsync(fd);
  if (fd >= 0) close(fd);
  return rc;
}

int fault_power_cut_recover(const char *image, const char *folder) {
  static const char *const names[] = {FAULT_POWER_CUT_FILE, FAULT_POWER_CUT_FILE "-log"};
  char from[FAULT_PATH_SIZE], to[FAULT_PATH_SIZE], why[300];
  alarm(WORKLOAD_TIME_LIMIT_S);
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    fault_scratch_join(from, image, names[i]);
    fault_scratch_join(to, folder, names[i]);
    if (access(from, F_OK) == 0 && copy_durably(from, to) != 0) return 4;
  }
  int folder_fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (folder_fd < 0 || fsync(folder_fd) != 0) return 4;
  close(folder_fd);
  fault_scratch_join(to, folder, "marks.ack");
  int mark_fd = open(to, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
  if (mark_fd < 0) return 4;
  put_mark(mark_fd, FAULT_MARK_READY, 0, 0);
  fault_scratch_join(to, folder, FAULT_POWER_CUT_FILE);
  medley *db = NULL;
  medley_session *session = NULL;
  medley_options options;
  fault_workload workload;
  fault_workload_init(&workload, 1, 1);
  fault_workload_options(&workload, &options);
  if (fault_open(to, &options, &db, &session, why, sizeof why) != MEDLEY_OK) {
    fprintf(stderr, "recover: %s\n", why);
    return 5;
  }
  medley_session_close(session);
  return medley_close(db) == MEDLEY_OK ? 0 : 6;
}

/* ---- What the marks say ---- */
static void note_mark(fault_power_cut_history *history, const fault_mark *mark, size_t position) {
  if (mark->kind == FAULT_MARK_OPENED) history->opened = position;
  if (mark->kind == FAULT_MARK_READY) history->ready = position;
  if (mark->worker >= history->plan.worker_count || mark->number > history->plan.txn_count) return;
  if (mark->kind == FAULT_MARK_BEGUN) history->begun[mark->worker][mark->number] = position;
  if (mark->kind == FAULT_MARK_ACKED) history->acked[mark->worker][mark->number] = position;
  if (mark->kind == FAULT_MARK_SEEN) history->seen[mark->worker][mark->number] = position;
}

void fault_power_cut_history_init(fault_power_cut_history *history, const fault_power_cut_plan *plan,
                                  const fault_trace *trace) {
  *history = (fault_power_cut_history){.plan = *plan, .opened = SIZE_MAX, .ready = SIZE_MAX};
  fault_workload_init(&history->workload, plan->seed, plan->worker_count);
  for (uint32_t w = 0; w < plan->worker_count; w++) {
    history->begun[w] = malloc((plan->txn_count + 1) * sizeof(size_t));
    history->acked[w] = malloc((plan->txn_count + 1) * sizeof(size_t));
    history->seen[w] = malloc((plan->txn_count + 1) * sizeof(size_t));
    history->states[w] = calloc(plan->txn_count + 1, sizeof(fault_state));
    if (history->begun[w] == NULL || history->acked[w] == NULL || history->seen[w] == NULL ||
        history->states[w] == NULL)
      abort();
    for (uint64_t n = 0; n <= plan->txn_count; n++)
      history->begun[w][n] = history->acked[w][n] = history->seen[w][n] = SIZE_MAX;
    for (uint64_t n = 1; n <= plan->txn_count; n++) {
      bool committed;
      history->states[w][n] = history->states[w][n - 1];
      if (fault_workload_run(&history->workload, NULL, w, n, &history->states[w][n], &committed) != MEDLEY_OK) abort();
    }
  }
  for (size_t i = 0; i < trace->count; i++) {
    fault_mark mark;
    if (trace->records[i]->type != FAULT_TRACE_MARK || trace->records[i]->len != sizeof mark) continue;
    memcpy(&mark, fault_trace_payload(trace->records[i]), sizeof mark);
    note_mark(history, &mark, i);
  }
  for (uint32_t w = 0; w < plan->worker_count; w++) /* who was shown one was shown those before it */
    for (uint64_t n = plan->txn_count; n > 0; n--)
      if (history->seen[w][n - 1] > history->seen[w][n]) history->seen[w][n - 1] = history->seen[w][n];
}

void fault_power_cut_history_clear(fault_power_cut_history *history) {
  for (uint32_t w = 0; w < history->plan.worker_count; w++) {
    free(history->begun[w]);
    free(history->acked[w]);
    free(history->seen[w]);
    free(history->states[w]);
  }
}

/* Positions grow with the number. */
static uint64_t newest_before(const size_t *positions, uint64_t count, size_t end) {
  uint64_t low = 0, high = count;
  while (low < high) {
    uint64_t middle = (low + high + 1) / 2;
    if (positions[middle] < end) low = middle;
    if (positions[middle] >= end) high = middle - 1;
  }
  return low;
}

uint64_t fault_power_cut_begun(const fault_power_cut_history *history, uint32_t worker, size_t end) {
  return newest_before(history->begun[worker], history->plan.txn_count, end);
}
uint64_t fault_power_cut_acked(const fault_power_cut_history *history, uint32_t worker, size_t end) {
  return newest_before(history->acked[worker], history->plan.txn_count, end);
}
uint64_t fault_power_cut_seen(const fault_power_cut_history *history, uint32_t worker, size_t end) {
  return newest_before(history->seen[worker], history->plan.txn_count, end);
}
