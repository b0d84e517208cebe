/* contestant_process.c - both ends of the socket pair between the harness and one peer. */
#include "bench/contestant_process.h"

#include <errno.h>
#include <ftw.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { ORDER_OPEN = 1, ORDER_RUN = 2, ORDER_END = 3 };

typedef struct order_message {
  int kind;
  int task_index;
  med_order order;
} order_message;

static int send_all(int socket, const void *bytes, size_t len) {
  const char *at = bytes;
  while (len > 0) {
    ssize_t sent = send(socket, at, len, MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent <= 0) return -1;
    at += sent;
    len -= (size_t)sent;
  }
  return 0;
}

static int receive_all(int socket, void *bytes, size_t len) {
  char *at = bytes;
  while (len > 0) {
    ssize_t received = recv(socket, at, len, 0);
    if (received < 0 && errno == EINTR) continue;
    if (received <= 0) return -1;
    at += received;
    len -= (size_t)received;
  }
  return 0;
}

/* ---- The peer's side ---- */

static void do_open(const med_workload *workload, med_contestant *contestant, med_sample *sample) {
  if (contestant->peer->server && contestant->server == 0) {
    snprintf(sample->failure, sizeof sample->failure, "its server does not run (bench/peers/setup start)");
    sample->status = -1;
    return;
  }
  uint64_t started_ns = med_sample_now_ns();
  if (workload->open(contestant) != 0) med_sample_fail(sample, med_peer_failure());
  sample->wall_ns = med_sample_now_ns() - started_ns;
}

static void serve(int socket, const med_setting *setting, med_contestant *contestant) {
  const med_workload *workload = setting->workload;
  med_sample *sample = calloc(1, sizeof *sample);
  order_message message;
  if (!sample) return;
  while (receive_all(socket, &message, sizeof message) == 0) {
    if (message.kind == ORDER_END) break;
    memset(sample, 0, sizeof *sample);
    if (message.kind == ORDER_OPEN) {
      do_open(workload, contestant, sample);
    } else {
      const med_task *task = &workload->tasks[message.task_index];
      int status = task->run(contestant, task, &message.order, sample);
      if (status != 0) sample->status = status;
    }
    sample->disk_bytes = med_sample_disk_bytes(contestant->place.folder);
    if (send_all(socket, sample, sizeof *sample) != 0) break;
  }
  if (contestant->state) workload->close(contestant);
  free(sample);
}

static void live(int socket, const med_setting *setting, const med_peer *peer, const char *folder) {
  med_contestant contestant = {.peer = peer,
                               .place = {.folder = folder,
                                         .servers = setting->servers,
                                         .durability = setting->durability,
                                         .scale = setting->scale},
                               .seed = setting->seed,
                               .threads = setting->threads};
  if (peer->server) contestant.server = med_peer_server(&contestant.place, peer->server);
  serve(socket, setting, &contestant);
}

/* ---- The harness's side ---- */

int med_contestant_process_start(med_contestant_process *process, const med_setting *setting, const med_peer *peer) {
  int pair[2];
  snprintf(process->folder, sizeof process->folder, "%s/%s", setting->folder, peer->name);
  if (mkdir(process->folder, 0700) != 0) {
    fprintf(stderr, "medley-bench: %s: %s\n", process->folder, strerror(errno));
    return -1;
  }
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0) return -1;
  fflush(NULL);
  process->pid = fork();
  if (process->pid < 0) return -1;
  if (process->pid == 0) {
    close(pair[0]);
    live(pair[1], setting, peer, process->folder);
    _exit(0);
  }
  close(pair[1]);
  process->socket = pair[0];
  return 0;
}

static int exchange(med_contestant_process *process, const order_message *message, med_sample *sample) {
  if (process->socket <= 0) return -1;
  if (send_all(process->socket, message, sizeof *message) == 0 &&
      receive_all(process->socket, sample, sizeof *sample) == 0) {
    return 0;
  }
  close(process->socket);
  process->socket = 0;
  return -1;
}

int med_contestant_process_open(med_contestant_process *process, double *seconds, char *failure) {
  order_message message = {.kind = ORDER_OPEN};
  med_sample *sample = calloc(1, sizeof *sample);
  int status = sample ? exchange(process, &message, sample) : -1;
  failure[0] = 0;
  if (status != 0) {
    snprintf(failure, MED_FAILURE_SIZE, "the peer's process ended while loading");
  } else if (sample->status != 0) {
    snprintf(failure, MED_FAILURE_SIZE, "%s", sample->failure);
    status = -1;
  } else {
    *seconds = (double)sample->wall_ns / 1e9;
  }
  free(sample);
  return status;
}

int med_contestant_process_run(med_contestant_process *process, int task_index, const med_order *order,
                               med_sample *sample) {
  order_message message = {.kind = ORDER_RUN, .task_index = task_index, .order = *order};
  return exchange(process, &message, sample);
}

static int remove_entry(const char *path, const struct stat *facts, int kind, struct FTW *walk) {
  (void)facts;
  (void)kind;
  (void)walk;
  return remove(path);
}

void med_contestant_process_end(med_contestant_process *process) {
  /* An order, not a closed socket: processes that were forked later hold copies of this end. */
  order_message message = {.kind = ORDER_END};
  if (process->socket > 0) {
    send_all(process->socket, &message, sizeof message);
    close(process->socket);
  }
  process->socket = 0;
  if (process->pid > 0) waitpid(process->pid, NULL, 0);
  process->pid = 0;
  if (process->folder[0]) med_contestant_process_remove(process->folder);
}

void med_contestant_process_remove(const char *folder) { nftw(folder, remove_entry, 16, FTW_DEPTH | FTW_PHYS); }
