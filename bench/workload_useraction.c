/* workload_useraction.c - one user's action over every model there is, at 1, 4 and 16 clients: a payment between two
 * accounts, its ledger entry, an event, the session's refresh, the cached profile's end. */
#include <stdio.h>
#include <stdlib.h>

#include "bench/workload.h"

#define AMOUNT_MAX 100

typedef struct action_state {
  void *db;
  uint64_t number_next;
} action_state;

typedef struct action_client {
  const med_actor *actor;
  void *connection;
  uint64_t scale, number_first;
} action_client;

static int can_run(const med_peer *peer) { return peer->actor != NULL; }

static int open_workload(med_contestant *contestant) {
  action_state *state = calloc(1, sizeof *state);
  contestant->state = state;
  return contestant->peer->actor->open(&contestant->place, &state->db);
}

static void close_workload(med_contestant *contestant) {
  action_state *state = contestant->state;
  if (state->db) contestant->peer->actor->close(state->db);
  free(state);
  contestant->state = NULL;
}

static int join(void *context, int index, void **out) {
  const med_contestant *contestant = context;
  const action_state *state = contestant->state;
  action_client *self = calloc(1, sizeof *self);
  (void)index;
  *self = (action_client){
      .actor = contestant->peer->actor, .scale = contestant->place.scale, .number_first = state->number_next};
  *out = self;
  return self->actor->connect(state->db, &self->connection);
}

static void leave(void *argument) {
  action_client *self = argument;
  if (self->connection) self->actor->disconnect(self->connection);
  free(self);
}

static int operate(void *argument, uint64_t number, med_dice *dice, uint64_t *answer) {
  action_client *self = argument;
  uint64_t hits = 0;
  med_action action = {.number = self->number_first + number,
                       .payer = 1 + (uint32_t)med_dice_below(dice, self->scale),
                       .person = 1 + (uint32_t)med_dice_below(dice, self->scale),
                       .amount = 1 + (int64_t)med_dice_below(dice, AMOUNT_MAX)};
  action.payee = 1 + (uint32_t)((action.payer + med_dice_below(dice, self->scale - 1)) % self->scale);
  int status = self->actor->act(self->connection, &action, &hits);
  *answer += hits;
  return status;
}

static int audit(const med_contestant *contestant, med_sample *sample) {
  const action_state *state = contestant->state;
  void *connection = NULL;
  med_audit audited = {0};
  int status = contestant->peer->actor->connect(state->db, &connection);
  if (status == 0) status = contestant->peer->actor->audit(connection, &audited);
  if (connection) contestant->peer->actor->disconnect(connection);
  if (status != 0) return med_sample_fail(sample, med_peer_failure());
  med_answer_add(&sample->answer, (uint64_t)audited.balance);
  med_answer_add(&sample->answer, (uint64_t)audited.entries + 1);
  med_answer_add(&sample->answer, (uint64_t)audited.touches + 2);
  med_answer_add(&sample->answer, (uint64_t)audited.events + 3);
  return 0;
}

static int run(med_contestant *contestant, const med_task *task, const med_order *order, med_sample *sample) {
  action_state *state = contestant->state;
  med_crowd crowd = {.client_count = contestant->threads > 0 ? contestant->threads : task->clients,
                     .operation_count = order->operation_count,
                     .seed = order->round_seed,
                     .latency_stride = task->latency_stride,
                     .context = contestant,
                     .join = join,
                     .operate = operate,
                     .leave = leave,
                     .server = contestant->server};
  if (contestant->place.scale < 2) return med_sample_fail(sample, "a payment needs two accounts");
  if (med_crowd_run(&crowd, sample) != 0) return med_sample_fail(sample, med_peer_failure());
  state->number_next += order->operation_count;
  return audit(contestant, sample);
}

/* clang-format off */
static const med_task tasks[] = {
    {.id = "action-1", .title = "user action, 1 client", .unit = "actions", .clients = 1, .first_count = 8,
     .latency_stride = 1, .run = run, .targets = {{"sqlite", 1}, {"stack", 5}}},
    {.id = "action-4", .title = "user action, 4 clients", .unit = "actions", .clients = 4, .first_count = 32,
     .latency_stride = 1, .run = run, .targets = {{"sqlite", 4}}},
    {.id = "action-16", .title = "user action, 16 clients", .unit = "actions", .clients = 16, .first_count = 500,
     .latency_stride = 1, .run = run, .targets = {{"sqlite", 6}, {"stack", 10}}},
};
/* clang-format on */

const med_workload med_workload_useraction = {
    .name = "useraction",
    .summary = "one action over SQL, sessions and cache, in one transaction where the peer has one",
    .scale_default = 20000,
    .scale_unit = "persons",
    .can_run = can_run,
    .open = open_workload,
    .close = close_workload,
    .tasks = tasks,
    .task_count = sizeof tasks / sizeof tasks[0],
};
