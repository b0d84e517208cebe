/* workload_open.c - from nothing to the first answer: a new database, a connection, one question; and what an idle one
 * holds in memory (the peak column: resident bytes that opening added). */
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "bench/workload.h"

typedef struct open_state {
  uint64_t folder_next;
} open_state;

enum { OPEN_SQL, OPEN_KV }; /* a task's parameter */

static int can_run(const med_peer *peer) { return (peer->sql || peer->kv) && !peer->server; }

static int open_workload(med_contestant *contestant) {
  contestant->state = calloc(1, sizeof(open_state));
  return 0;
}

static void close_workload(med_contestant *contestant) {
  free(contestant->state);
  contestant->state = NULL;
}

static int ask_sql(const med_sql *sql, void *connection, uint64_t *answer) {
  void *statement = NULL;
  int status = sql->prepare(connection, "SELECT 6 * 7", &statement);
  if (status == 0) status = sql->step(statement) == MED_SQL_ROW ? 0 : -1;
  if (status == 0) *answer += (uint64_t)sql->integer(statement, 0);
  if (statement) sql->finalize(statement);
  return status;
}

static int ask_kv(const med_kv *kv, void *connection, uint64_t *answer) {
  const void *value;
  size_t len;
  int status = kv->get(connection, "nobody", 6, &value, &len);
  if (status == MED_KV_MISSING) *answer += 1;
  return status < 0 ? -1 : 0;
}

static int open_and_ask(const med_peer *peer, const med_place *place, int parameter, med_sample *sample,
                        uint64_t *resident) {
  void *db = NULL, *connection = NULL;
  uint64_t before = med_sample_resident_bytes(), started_ns = med_sample_now_ns();
  int is_sql = parameter == OPEN_SQL;
  int status = is_sql ? peer->sql->open(place, &db) : peer->kv->open(place, &db);
  if (status == 0) status = is_sql ? peer->sql->connect(db, &connection) : peer->kv->connect(db, &connection);
  if (status == 0)
    status = is_sql ? ask_sql(peer->sql, connection, &sample->answer) : ask_kv(peer->kv, connection, &sample->answer);
  med_histogram_record(&sample->latency, med_sample_now_ns() - started_ns);
  uint64_t after = med_sample_resident_bytes();
  if (after > before && after - before > *resident) *resident = after - before;
  if (connection) (is_sql ? peer->sql->disconnect : peer->kv->disconnect)(connection);
  if (db) (is_sql ? peer->sql->close : peer->kv->close)(db);
  return status;
}

static int run(med_contestant *contestant, const med_task *task, const med_order *order, med_sample *sample) {
  open_state *state = contestant->state;
  med_usage before;
  uint64_t resident = 0, asked_ns = 0;
  int status = 0;
  if (task->parameter == OPEN_SQL ? !contestant->peer->sql : !contestant->peer->kv) return MED_SAMPLE_ABSENT;
  med_sample_start(&before, 0);
  for (uint64_t i = 0; i < order->operation_count && status == 0; i++) {
    char folder[4096];
    med_place place = contestant->place;
    snprintf(folder, sizeof folder, "%s/%llu", place.folder, (unsigned long long)state->folder_next++);
    if (mkdir(folder, 0700) != 0) return med_sample_fail(sample, "cannot make a folder");
    place.folder = folder;
    status = open_and_ask(contestant->peer, &place, task->parameter, sample, &resident);
  }
  med_sample_stop(sample, &before, 0);
  asked_ns = sample->latency.sum; /* closing and clearing up are not what is asked for */
  sample->wall_ns = asked_ns > 0 ? asked_ns : 1;
  sample->operation_count = order->operation_count;
  sample->peak_bytes = resident;
  return status == 0 ? 0 : med_sample_fail(sample, med_peer_failure());
}

static const med_task tasks[] = {
    {.id = "open-sql",
     .title = "new database to the first answer, SQL",
     .unit = "opens",
     .clients = 1,
     .first_count = 2,
     .run = run,
     .parameter = OPEN_SQL},
    {.id = "open-kv",
     .title = "new database to the first answer, key-value",
     .unit = "opens",
     .clients = 1,
     .first_count = 2,
     .run = run,
     .parameter = OPEN_KV},
};

const med_workload med_workload_open = {
    .name = "open",
    .summary = "a new database to its first answer, and the memory of an idle one",
    .scale_default = 1,
    .scale_unit = "database",
    .can_run = can_run,
    .open = open_workload,
    .close = close_workload,
    .tasks = tasks,
    .task_count = sizeof tasks / sizeof tasks[0],
};
