/* relational_clients.c - the relational tasks of many clients: point reads, transfers, reads beside a writer. */
#include <stdio.h>
#include <stdlib.h>

#include "bench/workload_relational.h"

#define AMOUNT_MAX 100
#define READ_GRAIN 256

typedef struct client {
  const med_sql *sql;
  void *connection;
  void *select, *update, *insert;
  uint64_t scale;
  int64_t entry_first; /* ledger ids of this run start here */
  uint64_t reads_per_transaction, reads_left;
  int index;
} client;

typedef struct crowd_facts {
  med_contestant *contestant;
  uint64_t reads_per_transaction;
  int64_t entry_first;
} crowd_facts;

static void leave(void *argument) {
  client *self = argument;
  if (self->select) self->sql->finalize(self->select);
  if (self->update) self->sql->finalize(self->update);
  if (self->insert) self->sql->finalize(self->insert);
  if (self->connection) self->sql->disconnect(self->connection);
  free(self);
}

static int join(void *context, int index, void **out) {
  const crowd_facts *facts = context;
  const med_relational *state = facts->contestant->state;
  client *self = calloc(1, sizeof *self);
  self->sql = facts->contestant->peer->sql;
  self->scale = facts->contestant->place.scale;
  self->entry_first = facts->entry_first;
  self->reads_per_transaction = facts->reads_per_transaction;
  self->index = index;
  *out = self;
  int status = self->sql->connect(state->db, &self->connection);
  if (status == 0) {
    status = self->sql->prepare(self->connection, "SELECT balance, note FROM account WHERE id = ?", &self->select);
  }
  if (status == 0) {
    status =
        self->sql->prepare(self->connection, "UPDATE account SET balance = balance + ? WHERE id = ?", &self->update);
  }
  if (status == 0) {
    status = self->sql->prepare(self->connection, "INSERT INTO ledger VALUES (?, ?, ?, ?, ?)", &self->insert);
  }
  return status;
}

/* ---- Reads ---- */

static int read_account(client *self, med_dice *dice, uint64_t *answer) {
  const med_sql *sql = self->sql;
  size_t len;
  sql->bind_integer(self->select, 1, (int64_t)med_dice_below(dice, self->scale) + 1);
  if (sql->step(self->select) != MED_SQL_ROW) return -1;
  const char *note = sql->text(self->select, 1, &len);
  *answer += (uint64_t)sql->integer(self->select, 0) + (uint64_t)(unsigned char)note[0] * 7 + len;
  sql->reset(self->select);
  return 0;
}

static int operate_read(void *argument, uint64_t number, med_dice *dice, uint64_t *answer) {
  client *self = argument;
  (void)number;
  if (self->reads_per_transaction == 1) return read_account(self, dice, answer);
  if (self->reads_left == 0 && self->sql->begin(self->connection, 0) != 0) return -1;
  if (self->reads_left == 0) self->reads_left = self->reads_per_transaction;
  if (read_account(self, dice, answer) != 0) return -1;
  return --self->reads_left == 0 ? self->sql->commit(self->connection) : 0;
}

static int run(const med_crowd *crowd, med_sample *sample) {
  return med_crowd_run(crowd, sample) == 0 ? 0 : med_sample_fail(sample, med_peer_failure());
}

static int client_count(const med_contestant *contestant, const med_task *task) {
  return contestant->threads > 0 ? contestant->threads : task->clients;
}

int med_relational_read(med_contestant *contestant, const med_task *task, const med_order *order, med_sample *sample) {
  crowd_facts facts = {.contestant = contestant, .reads_per_transaction = (uint64_t)task->parameter};
  med_crowd crowd = {.client_count = client_count(contestant, task),
                     .operation_count = order->operation_count,
                     .seed = order->round_seed,
                     .latency_stride = task->latency_stride,
                     .context = &facts,
                     .join = join,
                     .operate = operate_read,
                     .leave = leave,
                     .server = contestant->server};
  /* Whole transactions only: one that stays open would hold its snapshot. */
  uint64_t unit = (uint64_t)task->parameter;
  crowd.grain = unit > READ_GRAIN ? unit : READ_GRAIN / unit * unit;
  crowd.operation_count = (crowd.operation_count + unit - 1) / unit * unit;
  return run(&crowd, sample);
}

/* ---- Transfers ---- */

static int add_to_balance(client *self, int64_t amount, int64_t id) {
  self->sql->bind_integer(self->update, 1, amount);
  self->sql->bind_integer(self->update, 2, id);
  int status = self->sql->step(self->update);
  self->sql->reset(self->update);
  return status == MED_SQL_DONE ? 0 : -1;
}

static int write_entry(client *self, int64_t id, int64_t from, int64_t to, int64_t amount) {
  const int64_t fields[] = {id, from, to, amount, id * 1000};
  for (int i = 0; i < 5; i++) self->sql->bind_integer(self->insert, i + 1, fields[i]);
  int status = self->sql->step(self->insert);
  self->sql->reset(self->insert);
  return status == MED_SQL_DONE ? 0 : -1;
}

static int transfer(client *self, int64_t entry_id, med_dice *dice) {
  int64_t from = (int64_t)med_dice_below(dice, self->scale) + 1;
  int64_t to = (int64_t)med_dice_below(dice, self->scale) + 1;
  int64_t amount = (int64_t)med_dice_below(dice, AMOUNT_MAX) + 1;
  /* The lower account first, so that two transfers on a server never wait for each other. */
  int64_t low = from < to ? from : to, high = from < to ? to : from;
  int status = self->sql->begin(self->connection, 1);
  if (status == 0) status = add_to_balance(self, low == from ? -amount : amount, low);
  if (status == 0) status = add_to_balance(self, low == from ? amount : -amount, high);
  if (status == 0) status = write_entry(self, entry_id, from, to, amount);
  return status == 0 ? self->sql->commit(self->connection) : status;
}

static int operate_transfer(void *argument, uint64_t number, med_dice *dice, uint64_t *answer) {
  client *self = argument;
  (void)answer;
  return transfer(self, self->entry_first + (int64_t)number, dice);
}

/* What every order of the same transfers leaves behind: the sum of the balances, each account's own, the entries. */
static int audit(med_contestant *contestant, med_sample *sample) {
  static const char *const checks[] = {"SELECT sum(balance) FROM account", "SELECT sum(balance * id) FROM account",
                                       "SELECT count(*) FROM ledger", "SELECT sum(amount * from_id) FROM ledger"};
  const med_relational *state = contestant->state;
  for (size_t i = 0; i < sizeof checks / sizeof checks[0]; i++) {
    int64_t number = 0;
    if (med_relational_number(contestant->peer->sql, state->connection, checks[i], &number) != 0) {
      return med_sample_fail(sample, med_peer_failure());
    }
    med_answer_add(&sample->answer, (uint64_t)number + i);
  }
  return 0;
}

int med_relational_transfer(med_contestant *contestant, const med_task *task, const med_order *order,
                            med_sample *sample) {
  med_relational *state = contestant->state;
  crowd_facts facts = {.contestant = contestant, .entry_first = state->entry_next};
  med_crowd crowd = {.client_count = client_count(contestant, task),
                     .operation_count = order->operation_count,
                     .seed = order->round_seed,
                     .latency_stride = task->latency_stride,
                     .context = &facts,
                     .join = join,
                     .operate = operate_transfer,
                     .leave = leave,
                     .server = contestant->server};
  if (run(&crowd, sample) != 0) return -1;
  state->entry_next += (int64_t)order->operation_count;
  return audit(contestant, sample);
}

/* ---- Reads beside a writer ---- The writer writes back what it found: the answer of the readers does not move. */

static int operate_writer(void *argument, uint64_t number, med_dice *dice) {
  client *self = argument;
  (void)number;
  if (self->sql->begin(self->connection, 1) != 0) return -1;
  for (int i = 0; i < 3; i++) {
    if (add_to_balance(self, 0, (int64_t)med_dice_below(dice, self->scale) + 1) != 0) return -1;
  }
  return self->sql->commit(self->connection);
}

int med_relational_read_beside_writer(med_contestant *contestant, const med_task *task, const med_order *order,
                                      med_sample *sample) {
  crowd_facts facts = {.contestant = contestant, .reads_per_transaction = 1};
  med_crowd crowd = {.client_count = client_count(contestant, task),
                     .operation_count = order->operation_count,
                     .seed = order->round_seed,
                     .latency_stride = task->latency_stride,
                     .context = &facts,
                     .join = join,
                     .operate = operate_read,
                     .leave = leave,
                     .operate_behind = operate_writer,
                     .grain = READ_GRAIN,
                     .server = contestant->server};
  return run(&crowd, sample);
}
