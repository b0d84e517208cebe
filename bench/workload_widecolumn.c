/* workload_widecolumn.c - events of users: ingest by batches, groups, sums, ranges, partitions. What the events are:
 * workload_widecolumn.h. */
#include "bench/workload_widecolumn.h"

#include <stdlib.h>

#include "bench/workload.h"

#define LOAD_BATCH 10000
#define BATCH_MAX 10000
#define TOP_COUNT 10

typedef struct column_state {
  void *db, *connection;
  uint64_t event_count; /* that are there; the next one's number */
  med_event batch[BATCH_MAX];
} column_state;

typedef struct column_client {
  const med_columns *columns;
  void *connection;
  uint64_t seed, users;
  int limit;
} column_client;

static int can_run(const med_peer *peer) { return peer->columns != NULL; }

/* ---- Loading ---- */

static int append(med_contestant *contestant, int count) {
  column_state *state = contestant->state;
  uint64_t users = med_event_users(contestant->place.scale);
  for (int i = 0; i < count; i++) {
    state->batch[i] = med_event_make(contestant->seed, state->event_count + (uint64_t)i, users);
  }
  state->event_count += (uint64_t)count;
  return contestant->peer->columns->append(state->connection, state->batch, count);
}

static int open_workload(med_contestant *contestant) {
  const med_columns *columns = contestant->peer->columns;
  column_state *state = calloc(1, sizeof *state);
  if (!state) return med_peer_fail("no memory");
  contestant->state = state;
  int status = columns->open(&contestant->place, &state->db);
  if (status == 0) status = columns->connect(state->db, &state->connection);
  while (status == 0 && state->event_count < contestant->place.scale) {
    uint64_t left = contestant->place.scale - state->event_count;
    status = append(contestant, left < LOAD_BATCH ? (int)left : LOAD_BATCH);
  }
  return status == 0 && columns->loaded ? columns->loaded(state->db) : status;
}

static void close_workload(med_contestant *contestant) {
  column_state *state = contestant->state;
  if (state->connection) contestant->peer->columns->disconnect(state->connection);
  if (state->db) contestant->peer->columns->close(state->db);
  free(state);
  contestant->state = NULL;
}

/* ---- Whole columns ---- */

static void add_group(uint64_t *answer, const med_group *group, int place) {
  uint64_t mixed = med_dice_mix(group->key + (uint64_t)place) ^ group->count;
  med_answer_add(answer, med_dice_mix(mixed) ^ (uint64_t)group->sum);
}

static int finish(med_sample *sample, int status) {
  return status < 0 ? med_sample_fail(sample, med_peer_failure()) : 0;
}

enum { BY_TYPE, SUM_ALL, SUM_RANGE, TOP_USERS };

static int ask(med_contestant *contestant, int question, const med_order *order, med_group *groups) {
  const med_columns *columns = contestant->peer->columns;
  const column_state *state = contestant->state;
  med_dice dice;
  if (question == BY_TYPE) return columns->by_type(state->connection, groups, MED_EVENT_TYPE_COUNT);
  if (question == TOP_USERS) return columns->top_users(state->connection, groups, TOP_COUNT);
  uint64_t width = question == SUM_RANGE ? state->event_count / 100 + 1 : state->event_count;
  med_dice_init(&dice, order->round_seed, 1, 1);
  uint64_t first = question == SUM_RANGE ? med_dice_below(&dice, state->event_count - width + 1) : 0;
  med_event from = med_event_make(contestant->seed, first, 1);
  int64_t to_us = from.time_us + (int64_t)width * MED_EVENT_STEP_US;
  return columns->sum(state->connection, from.time_us, to_us, groups) == 0 ? 1 : -1;
}

static int run_question(med_contestant *contestant, const med_task *task, const med_order *order, med_sample *sample) {
  const column_state *state = contestant->state;
  med_group groups[TOP_COUNT + MED_EVENT_TYPE_COUNT] = {{0}};
  med_usage before;
  med_sample_start(&before, contestant->server);
  int count = ask(contestant, task->parameter, order, groups);
  med_sample_stop(sample, &before, contestant->server);
  sample->operation_count = state->event_count;
  for (int i = 0; i < count; i++) add_group(&sample->answer, &groups[i], i);
  return finish(sample, count);
}

/* ---- Ingest: batches of task->parameter rows, then a sum of what is there ---- */

static int run_ingest(med_contestant *contestant, const med_task *task, const med_order *order, med_sample *sample) {
  column_state *state = contestant->state;
  med_usage before;
  med_group total = {0};
  int status = 0;
  med_sample_start(&before, contestant->server);
  for (uint64_t i = 0; i < order->operation_count && status == 0; i++) {
    uint64_t started_ns = med_sample_now_ns();
    status = append(contestant, task->parameter);
    med_histogram_record(&sample->latency, med_sample_now_ns() - started_ns);
  }
  med_sample_stop(sample, &before, contestant->server);
  sample->operation_count = order->operation_count * (uint64_t)task->parameter;
  if (status == 0) status = contestant->peer->columns->sum(state->connection, 0, INT64_MAX, &total);
  add_group(&sample->answer, &total, 0);
  return finish(sample, status);
}

/* ---- One partition ---- */

static int join(void *context, int index, void **out) {
  const med_contestant *contestant = context;
  const column_state *state = contestant->state;
  column_client *self = calloc(1, sizeof *self);
  (void)index;
  if (!self) return med_peer_fail("no memory");
  *self = (column_client){.columns = contestant->peer->columns, .users = med_event_users(contestant->place.scale)};
  *out = self;
  return self->columns->connect(state->db, &self->connection);
}

static void leave(void *argument) {
  column_client *self = argument;
  if (self->connection) self->columns->disconnect(self->connection);
  free(self);
}

static int read_partition(void *argument, med_dice *dice, uint64_t *answer, int limit) {
  column_client *self = argument;
  med_group total = {0};
  uint32_t user = 1 + (uint32_t)med_dice_below(dice, self->users);
  int status = self->columns->partition(self->connection, user, limit, &total);
  add_group(answer, &total, 0);
  return status;
}

static int operate_all(void *argument, uint64_t number, med_dice *dice, uint64_t *answer) {
  (void)number;
  return read_partition(argument, dice, answer, 0);
}

static int operate_first(void *argument, uint64_t number, med_dice *dice, uint64_t *answer) {
  (void)number;
  return read_partition(argument, dice, answer, 20);
}

static int run_partition(med_contestant *contestant, const med_task *task, const med_order *order, med_sample *sample) {
  med_crowd crowd = {.client_count = contestant->threads > 0 ? contestant->threads : task->clients,
                     .operation_count = order->operation_count,
                     .seed = order->round_seed,
                     .latency_stride = task->latency_stride,
                     .context = contestant,
                     .join = join,
                     .operate = task->parameter == 0 ? operate_all : operate_first,
                     .leave = leave,
                     .server = contestant->server};
  return finish(sample, med_crowd_run(&crowd, sample));
}

/* clang-format off */
#define INGEST(rows, text) .title = "durable ingest, " text " a commit", .unit = "rows", .clients = 1, .first_count = 2, \
    .latency_stride = 1, .run = run_ingest, .parameter = (rows)
#define QUESTION(what) .unit = "rows", .clients = 1, .reads_only = 1, .run = run_question, .parameter = (what)
static const med_task tasks[] = {
    {.id = "by-type", .title = "group by a low-cardinality column", QUESTION(BY_TYPE),
     .targets = {{"duckdb", 2}, {"rocksdb", 50}}},
    {.id = "sum", .title = "sum of a column", QUESTION(SUM_ALL), .targets = {{"duckdb", 4}}},
    {.id = "sum-range", .title = "sum of a column, 1 % time range", QUESTION(SUM_RANGE), .targets = {{"duckdb", 1.5}}},
    {.id = "top-users", .title = "top users", QUESTION(TOP_USERS), .targets = {{"duckdb", 1.2}}},
    {.id = "partition", .title = "one partition", .unit = "partitions", .clients = 1, .first_count = 10,
     .reads_only = 1, .latency_stride = 1, .run = run_partition, .targets = {{"rocksdb", 1}, {"duckdb", 10}}},
    {.id = "partition-20", .title = "first 20 rows of a partition", .unit = "partitions", .clients = 1,
     .first_count = 10, .reads_only = 1, .latency_stride = 1, .run = run_partition, .parameter = 20,
     .targets = {{"rocksdb", 1}, {"duckdb", 10}}},
    {.id = "ingest-10000", INGEST(10000, "10,000 rows"), .targets = {{"rocksdb", 6}}},
    {.id = "ingest-1000", INGEST(1000, "1,000 rows"), .targets = {{"rocksdb", 4}}},
    {.id = "ingest-100", INGEST(100, "100 rows"), .targets = {{"rocksdb", 1.5}, {"duckdb", 2.5}}},
    {.id = "ingest-1", INGEST(1, "one row"), .targets = {{"rocksdb", 0.5}}},
};
/* clang-format on */

const med_workload med_workload_widecolumn = {
    .name = "widecolumn",
    .summary = "events of users: ingest, groups, sums, ranges, partitions",
    .scale_default = 1000000,
    .scale_unit = "events",
    .can_run = can_run,
    .open = open_workload,
    .close = close_workload,
    .tasks = tasks,
    .task_count = sizeof tasks / sizeof tasks[0],
};
