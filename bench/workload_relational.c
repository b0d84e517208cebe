/* workload_relational.c - loading, scans, bulk inserts, index and whole-table work; the tables of the relational tasks.
 * The tasks of many clients are in relational_clients.c. */
#include "bench/workload_relational.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LOAD_BATCH 10000
#define BULK_BATCH 1000
#define NOTE_SIZE 96

static const char *const schema[] = {
    "CREATE TABLE account (id INTEGER PRIMARY KEY, owner TEXT NOT NULL, balance BIGINT NOT NULL, note VARCHAR(100) NOT "
    "NULL)",
    ("CREATE TABLE ledger (id BIGINT PRIMARY KEY, from_id INTEGER NOT NULL, to_id INTEGER NOT NULL,"
     " amount BIGINT NOT NULL, made_at BIGINT NOT NULL)"),
    "CREATE TABLE item (id INTEGER PRIMARY KEY, name TEXT NOT NULL, price BIGINT NOT NULL)",
};

int med_relational_can_run(const med_peer *peer) { return peer->sql != NULL; }

int med_relational_number(const med_sql *sql, void *connection, const char *text, int64_t *number) {
  void *statement = NULL;
  int status = sql->prepare(connection, text, &statement);
  if (status == 0) status = sql->step(statement) == MED_SQL_ROW ? 0 : -1;
  if (status == 0) *number = sql->integer(statement, 0);
  if (statement) sql->finalize(statement);
  return status;
}

/* ---- The load phase ---- */

static int insert_account(const med_sql *sql, void *insert, uint64_t seed, uint64_t id) {
  char owner[32], note[NOTE_SIZE];
  med_dice dice;
  med_dice_init(&dice, seed, 100, id);
  int owner_len = snprintf(owner, sizeof owner, "owner%08llx", (unsigned long long)(med_dice_roll(&dice) >> 32));
  int note_len = (int)med_dice_between(&dice, 20, NOTE_SIZE - 1);
  for (int i = 0; i < note_len; i++) note[i] = (char)('a' + med_dice_below(&dice, 26));
  sql->bind_integer(insert, 1, (int64_t)id);
  sql->bind_text(insert, 2, owner, (size_t)owner_len);
  sql->bind_integer(insert, 3, MED_RELATIONAL_BALANCE);
  sql->bind_text(insert, 4, note, (size_t)note_len);
  int status = sql->step(insert);
  sql->reset(insert);
  return status == MED_SQL_DONE ? 0 : -1;
}

static int load_accounts(const med_contestant *contestant, void *connection) {
  const med_sql *sql = contestant->peer->sql;
  void *insert = NULL;
  int status = sql->prepare(connection, "INSERT INTO account VALUES (?, ?, ?, ?)", &insert);
  for (uint64_t id = 1; id <= contestant->place.scale && status == 0; id++) {
    if (id % LOAD_BATCH == 1) status = sql->begin(connection, 1);
    if (status == 0) status = insert_account(sql, insert, contestant->seed, id);
    if (status == 0 && (id % LOAD_BATCH == 0 || id == contestant->place.scale)) status = sql->commit(connection);
  }
  if (insert) sql->finalize(insert);
  return status;
}

int med_relational_open(med_contestant *contestant) {
  const med_sql *sql = contestant->peer->sql;
  med_relational *state = calloc(1, sizeof *state);
  contestant->state = state;
  state->entry_next = 1;
  int status = sql->open(&contestant->place, &state->db);
  if (status == 0) status = sql->connect(state->db, &state->connection);
  for (size_t i = 0; i < sizeof schema / sizeof schema[0] && status == 0; i++) {
    status = sql->exec(state->connection, schema[i]);
  }
  return status == 0 ? load_accounts(contestant, state->connection) : status;
}

void med_relational_close(med_contestant *contestant) {
  const med_sql *sql = contestant->peer->sql;
  med_relational *state = contestant->state;
  if (!state) return;
  if (state->connection) sql->disconnect(state->connection);
  if (state->db) sql->close(state->db);
  free(state);
  contestant->state = NULL;
}

/* ---- Tasks of one client ---- */

static int finish(med_sample *sample, int status) {
  return status == 0 ? 0 : med_sample_fail(sample, med_peer_failure());
}

static int run_scan(med_contestant *contestant, const med_task *task, const med_order *order, med_sample *sample) {
  const med_sql *sql = contestant->peer->sql;
  med_relational *state = contestant->state;
  void *select = NULL;
  med_usage before;
  (void)order;
  static const char *const texts[] = {"SELECT id, balance, note FROM account",
                                      "SELECT sum(balance), sum(length(note)), count(*) FROM account"};
  if (sql->prepare(state->connection, texts[task->parameter], &select) != 0) return finish(sample, -1);
  int row;
  med_sample_start(&before, contestant->server);
  while ((row = sql->step(select)) == MED_SQL_ROW) {
    size_t len = 0;
    if (task->parameter == 0)
      sql->text(select, 2, &len);
    else
      len = (size_t)sql->integer(select, 2);
    sample->answer += (uint64_t)sql->integer(select, 0) * 31 + (uint64_t)sql->integer(select, 1) + len;
  }
  med_sample_stop(sample, &before, contestant->server);
  sample->operation_count = contestant->place.scale;
  sql->finalize(select);
  return finish(sample, row == MED_SQL_DONE ? 0 : -1);
}

static int insert_items(const med_sql *sql, void *connection, void *insert, const med_order *order, uint64_t first) {
  int status = sql->begin(connection, 1);
  for (uint64_t i = first; i < first + BULK_BATCH && status == 0; i++) {
    char name[32];
    med_dice dice;
    med_dice_init(&dice, order->round_seed, 0, i);
    uint64_t roll = med_dice_roll(&dice);
    for (size_t c = 0; c < sizeof name; c++) name[c] = (char)('a' + (roll >> 2 * c & 15)); /* snprintf would show */
    sql->bind_integer(insert, 1, (int64_t)i + 1);
    sql->bind_text(insert, 2, name, sizeof name);
    sql->bind_integer(insert, 3, (int64_t)med_dice_below(&dice, 100000));
    if (sql->step(insert) != MED_SQL_DONE) status = -1;
    sql->reset(insert);
  }
  return status == 0 ? sql->commit(connection) : status;
}

static int run_bulk_insert(med_contestant *contestant, const med_task *task, const med_order *order,
                           med_sample *sample) {
  const med_sql *sql = contestant->peer->sql;
  med_relational *state = contestant->state;
  void *insert = NULL;
  med_usage before;
  int64_t total = 0, count = 0;
  (void)task;
  if (sql->exec(state->connection, "DELETE FROM item") != 0) return finish(sample, -1);
  int status = sql->prepare(state->connection, "INSERT INTO item VALUES (?, ?, ?)", &insert);
  med_sample_start(&before, contestant->server);
  for (uint64_t batch = 0; batch < order->operation_count && status == 0; batch++) {
    uint64_t started_ns = med_sample_now_ns();
    status = insert_items(sql, state->connection, insert, order, batch * BULK_BATCH);
    med_histogram_record(&sample->latency, med_sample_now_ns() - started_ns);
  }
  med_sample_stop(sample, &before, contestant->server);
  sample->operation_count = order->operation_count * BULK_BATCH;
  if (insert) sql->finalize(insert);
  if (status == 0) status = med_relational_number(sql, state->connection, "SELECT sum(price) FROM item", &total);
  if (status == 0) status = med_relational_number(sql, state->connection, "SELECT count(*) FROM item", &count);
  sample->answer = (uint64_t)total * 31 + (uint64_t)count;
  return finish(sample, status);
}

static int run_create_index(med_contestant *contestant, const med_task *task, const med_order *order,
                            med_sample *sample) {
  const med_sql *sql = contestant->peer->sql;
  med_relational *state = contestant->state;
  med_usage before;
  int64_t count = 0;
  (void)task;
  (void)order;
  med_sample_start(&before, contestant->server);
  int status = sql->exec(state->connection, "CREATE INDEX account_by_note ON account (note)");
  med_sample_stop(sample, &before, contestant->server);
  sample->operation_count = contestant->place.scale;
  if (status == 0) {
    status = med_relational_number(sql, state->connection, "SELECT count(*) FROM account WHERE note < 'm'", &count);
  }
  if (status == 0)
    status = sql->exec(state->connection, sql->drops_index_of_table ? "DROP INDEX account_by_note ON account"
                                                                    : "DROP INDEX account_by_note");
  sample->answer = (uint64_t)count;
  return finish(sample, status);
}

static int run_update_all(med_contestant *contestant, const med_task *task, const med_order *order,
                          med_sample *sample) {
  const med_sql *sql = contestant->peer->sql;
  med_relational *state = contestant->state;
  med_usage before;
  int64_t total = 0;
  (void)task;
  (void)order;
  med_sample_start(&before, contestant->server);
  int status = sql->exec(state->connection, "UPDATE account SET balance = balance + 1");
  med_sample_stop(sample, &before, contestant->server);
  sample->operation_count = contestant->place.scale;
  if (status == 0) status = med_relational_number(sql, state->connection, "SELECT sum(balance) FROM account", &total);
  sample->answer = (uint64_t)total;
  return finish(sample, status);
}

static const med_task relational_tasks[] = {
    {.id = "read-alone",
     .title = "point read by key, one per transaction",
     .unit = "reads",
     .clients = 1,
     .first_count = 1000,
     .latency_stride = 16,
     .reads_only = 1,
     .run = med_relational_read,
     .targets = {{"sqlite", 1.4}},
     .parameter = 1},
    {.id = "read-in-one",
     .title = "point read by key, 1,000 per transaction",
     .unit = "reads",
     .clients = 1,
     .first_count = 2000,
     .latency_stride = 16,
     .reads_only = 1,
     .run = med_relational_read,
     .targets = {{"sqlite", 1.1}},
     .parameter = 1000},
    {.id = "scan",
     .title = "full scan, rows to the caller",
     .unit = "rows",
     .clients = 1,
     .run = run_scan,
     .targets = {{"sqlite", 1.1}},
     .parameter = 0},
    {.id = "aggregate",
     .title = "full scan, sums only",
     .unit = "rows",
     .clients = 1,
     .run = run_scan,
     .targets = {{"sqlite", 1.1}},
     .parameter = 1},
    {.id = "bulk-insert",
     .title = "bulk insert, 1,000 rows a transaction",
     .unit = "rows",
     .clients = 1,
     .first_count = 1,
     .run = run_bulk_insert,
     .targets = {{"sqlite", 0.95}}},
    {.id = "create-index",
     .title = "CREATE INDEX",
     .unit = "rows",
     .clients = 1,
     .run = run_create_index,
     .targets = {{"sqlite", 0.8}}},
    {.id = "update-all",
     .title = "whole-table UPDATE",
     .unit = "rows",
     .clients = 1,
     .run = run_update_all,
     .targets = {{"sqlite", 0.8}}},
    {.id = "transfer-1",
     .title = "bank transfer, 1 client",
     .unit = "transfers",
     .clients = 1,
     .first_count = 8,
     .latency_stride = 1,
     .run = med_relational_transfer,
     .targets = {{"sqlite", 0.5}}},
    {.id = "transfer-16",
     .title = "bank transfer, 16 clients",
     .unit = "transfers",
     .clients = 16,
     .first_count = 1000,
     .latency_stride = 1,
     .run = med_relational_transfer,
     .targets = {{"sqlite", 6}, {"postgres", 2.5}, {"mariadb", 2.5}}},
    {.id = "transfer-64",
     .title = "bank transfer, 64 clients",
     .unit = "transfers",
     .clients = 64,
     .first_count = 2000,
     .latency_stride = 1,
     .run = med_relational_transfer,
     .targets = {{"sqlite", 8}, {"postgres", 2.5}, {"mariadb", 2.5}}},
    {.id = "read-beside-writer",
     .title = "point reads while a writer runs, 2 threads",
     .unit = "reads",
     .clients = 2,
     .first_count = 1000,
     .latency_stride = 16,
     .reads_only = 1,
     .run = med_relational_read_beside_writer,
     .targets = {{"sqlite", 1.3}},
     .parameter = 1},
};

const med_workload med_workload_relational = {
    .name = "relational",
    .summary = "point reads, scans, bulk work and bank transfers in SQL",
    .scale_default = 100000,
    .scale_unit = "accounts",
    .can_run = med_relational_can_run,
    .open = med_relational_open,
    .close = med_relational_close,
    .tasks = relational_tasks,
    .task_count = sizeof relational_tasks / sizeof relational_tasks[0],
};

/* clang-format off */
#define TRANSFER(count, words) \
  .id = "transfer-" #count, .title = "bank transfer, " words, .unit = "transfers", .clients = count, \
  .first_count = 8 + 30 * count, .latency_stride = 1, .run = med_relational_transfer
static const med_task tpcb_tasks[] = {
    {TRANSFER(1, "1 client"), .targets = {{"sqlite", 0.5}}},
    {TRANSFER(4, "4 clients")},
    {TRANSFER(16, "16 clients"), .targets = {{"sqlite", 6}, {"postgres", 2.5}, {"mariadb", 2.5}}},
    {TRANSFER(64, "64 clients"), .targets = {{"sqlite", 8}, {"postgres", 2.5}, {"mariadb", 2.5}}},
};
/* clang-format on */

const med_workload med_workload_tpcb = {
    .name = "tpcb",
    .summary = "bank transfers (2 updates, 1 insert) at 1, 4, 16 and 64 clients",
    .scale_default = 100000,
    .scale_unit = "accounts",
    .can_run = med_relational_can_run,
    .open = med_relational_open,
    .close = med_relational_close,
    .tasks = tpcb_tasks,
    .task_count = sizeof tpcb_tasks / sizeof tpcb_tasks[0],
};
