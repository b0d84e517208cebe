/* crowd.c - clients in threads: they join, wait for each other, work, and leave. */
#include "bench/sample.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#define STACK_BYTES (1024 * 1024)

typedef struct crowd_client crowd_client;

typedef struct crowd_state {
  const med_crowd *crowd;
  pthread_barrier_t joined, begun;
  atomic_uint_least64_t next; /* the first operation that nobody has taken */
  atomic_int failed;          /* somebody could not join or failed: nobody goes on */
  atomic_int done;            /* the counted clients are done: the one behind them stops */
} crowd_state;

struct crowd_client {
  crowd_state *state;
  int index;
  uint64_t answer;
  med_histogram latency;
};

static int do_operation(crowd_client *client, void *handle, uint64_t number) {
  const med_crowd *crowd = client->state->crowd;
  med_dice dice;
  med_dice_init(&dice, crowd->seed, 0, number);
  if (!crowd->latency_stride || number % crowd->latency_stride != 0) {
    return crowd->operate(handle, number, &dice, &client->answer);
  }
  uint64_t started_ns = med_sample_now_ns();
  int status = crowd->operate(handle, number, &dice, &client->answer);
  med_histogram_record(&client->latency, med_sample_now_ns() - started_ns);
  return status;
}

/* Operations are taken from one counter, `grain` at a time: were they dealt out beforehand, the one client that a peer
 * starves would decide how long the run takes. */
static void do_share(crowd_client *client, void *handle) {
  crowd_state *state = client->state;
  const med_crowd *crowd = state->crowd;
  uint64_t grain = crowd->grain > 0 ? crowd->grain : 1;
  while (!atomic_load(&state->failed)) {
    uint64_t number = atomic_fetch_add(&state->next, grain);
    uint64_t end = number + grain < crowd->operation_count ? number + grain : crowd->operation_count;
    if (number >= crowd->operation_count) return;
    for (; number < end; number++) {
      if (do_operation(client, handle, number) == 0) continue;
      atomic_store(&state->failed, 1);
      return;
    }
  }
}

static void work_behind(crowd_client *client, void *handle) {
  crowd_state *state = client->state;
  for (uint64_t number = 0; !atomic_load(&state->done) && !atomic_load(&state->failed); number++) {
    med_dice dice;
    med_dice_init(&dice, state->crowd->seed, 1, number);
    if (state->crowd->operate_behind(handle, number, &dice) != 0) atomic_store(&state->failed, 1);
  }
}

static void *live(void *argument) {
  crowd_client *client = argument;
  crowd_state *state = client->state;
  void *handle = NULL;
  if (state->crowd->join(state->crowd->context, client->index, &handle) != 0) atomic_store(&state->failed, 1);
  pthread_barrier_wait(&state->joined);
  pthread_barrier_wait(&state->begun);
  if (!atomic_load(&state->failed)) {
    if (client->index < state->crowd->client_count)
      do_share(client, handle);
    else
      work_behind(client, handle);
  }
  if (handle) state->crowd->leave(handle);
  return NULL;
}

static int start_all(crowd_client *clients, pthread_t *threads, int thread_count) {
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setstacksize(&attributes, STACK_BYTES);
  for (int i = 0; i < thread_count; i++) {
    /* A thread that cannot be made would leave the others at the barrier for ever. */
    if (pthread_create(&threads[i], &attributes, live, &clients[i]) != 0) abort();
  }
  return pthread_attr_destroy(&attributes);
}

int med_crowd_run(const med_crowd *crowd, med_sample *sample) {
  int thread_count = crowd->client_count + (crowd->operate_behind ? 1 : 0);
  crowd_state state = {.crowd = crowd};
  crowd_client *clients = calloc((size_t)thread_count, sizeof *clients);
  pthread_t *threads = calloc((size_t)thread_count, sizeof *threads);
  if (!clients || !threads) abort();
  pthread_barrier_init(&state.joined, NULL, (unsigned)thread_count + 1);
  pthread_barrier_init(&state.begun, NULL, (unsigned)thread_count + 1);
  for (int i = 0; i < thread_count; i++) clients[i] = (crowd_client){.state = &state, .index = i};
  start_all(clients, threads, thread_count);
  med_usage before;
  pthread_barrier_wait(&state.joined);
  med_sample_start(&before, crowd->server);
  pthread_barrier_wait(&state.begun);
  for (int i = 0; i < crowd->client_count; i++) pthread_join(threads[i], NULL);
  med_sample_stop(sample, &before, crowd->server);
  atomic_store(&state.done, 1);
  for (int i = crowd->client_count; i < thread_count; i++) pthread_join(threads[i], NULL);
  for (int i = 0; i < crowd->client_count; i++) {
    sample->answer += clients[i].answer;
    med_histogram_merge(&sample->latency, &clients[i].latency);
  }
  sample->operation_count = crowd->operation_count;
  pthread_barrier_destroy(&state.joined);
  pthread_barrier_destroy(&state.begun);
  free(threads);
  free(clients);
  return atomic_load(&state.failed) ? -1 : 0;
}
