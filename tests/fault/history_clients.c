/* history_clients.c - see history_clients.h.
 *
 * Key k is, by k % 6, a SQL row's text, a Redis list, a Redis string, a hash field, a list in a wide-column row, or rows of a wide-column partition,
 * as many for each value as make a sorted run. A key takes some values and is then
 * replaced by a new one, so that lists stay short. The sum of the accounts is split over SQL rows and counters of the
 * key-value model: a transfer often moves an amount from one model to the other. */
#include "tests/fault/history_clients.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

_Noreturn void history_stop(const char *what, const char *why) {
  fprintf(stderr, "history: %s: %s\n", what, why);
  _exit(3);
}

static uint64_t now_ns(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* ---- Statements ---- */
static const medley_value *command(client *c, int *rc, size_t count, const char *const *words) {
  size_t lens[8];
  const medley_value *reply = NULL;
  for (size_t i = 0; i < count; i++) lens[i] = strlen(words[i]);
  *rc = medley_command(c->session, count, words, lens, &reply);
  return *rc == MEDLEY_OK ? reply : NULL;
}
#define COMMAND(c, rc, ...) \
  command((c), (rc), sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *), (const char *const[]){__VA_ARGS__})

static medley_statement *prepare(client *c, medley_language language, const char *text) {
  medley_statement *statement;
  if (medley_prepare(c->session, language, text, MEDLEY_NUL_ENDED, &statement, NULL) != MEDLEY_OK)
    history_stop(text, medley_session_error(c->session)->message);
  return statement;
}

medley_statement *history_prepare(client *c, const char *text) { return prepare(c, MEDLEY_LANGUAGE_SQL, text); }

static int step_to_end(medley_statement *statement) {
  int rc;
  do rc = medley_step(statement);
  while (rc == MEDLEY_ROW);
  if (rc == MEDLEY_DONE) rc = MEDLEY_OK;
  medley_reset(statement);
  return rc;
}

static bool is_text(const medley_value *value) {
  return value != NULL && (value->type == MEDLEY_TYPE_TEXT || value->type == MEDLEY_TYPE_BLOB);
}

/* ---- Lists ---- */
static void parse_list(client *c, const char *bytes, size_t len) {
  uint32_t value = 0;
  for (size_t i = 0; i < len; i++) {
    if (bytes[i] >= '0' && bytes[i] <= '9') value = value * 10 + (uint32_t)(bytes[i] - '0');
    if (bytes[i] != ',' && i + 1 < len) continue;
    if (value != 0) c->scratch[c->scratch_len++] = value;
    value = 0;
  }
}

static int read_row(client *c, uint32_t key) {
  (void)medley_bind_integer(c->read, 1, key);
  int rc = medley_step(c->read);
  if (rc == MEDLEY_ROW) {
    parse_list(c, medley_column_text(c->read, 0), medley_column_bytes(c->read, 0));
    rc = MEDLEY_DONE;
  }
  medley_reset(c->read);
  return rc == MEDLEY_DONE ? MEDLEY_OK : rc;
}

static void take_reply(client *c, const medley_value *reply) {
  if (reply == NULL) return;
  if (is_text(reply)) parse_list(c, reply->as.text.bytes, reply->as.text.len);
  for (size_t i = 0; reply->type == MEDLEY_TYPE_LIST && i < reply->as.list.count; i++)
    take_reply(c, &reply->as.list.items[i]);
}

static int read_wide_row(client *c, uint32_t key) {
  (void)medley_bind_integer(c->wide_read, 1, key);
  int rc = medley_step(c->wide_read);
  if (rc == MEDLEY_ROW) {
    const medley_value *list = medley_column_value(c->wide_read, 0);
    for (size_t i = 0; list->type == MEDLEY_TYPE_LIST && i < list->as.list.count; i++)
      c->scratch[c->scratch_len++] = (uint32_t)list->as.list.items[i].as.integer;
    rc = MEDLEY_DONE;
  }
  medley_reset(c->wide_read);
  return rc == MEDLEY_DONE ? MEDLEY_OK : rc;
}

/* A value is PARTS rows, or it is none that anybody wrote. */
static int read_rows(client *c, uint32_t key) {
  uint32_t at = 0, part = 0, value = 0;
  (void)medley_bind_integer(c->rows_read, 1, key);
  int rc = medley_step(c->rows_read);
  for (; rc == MEDLEY_ROW; rc = medley_step(c->rows_read)) {
    uint32_t found = (uint32_t)medley_column_value(c->rows_read, 2)->as.integer;
    if (part == 0) value = found;
    bool expected = medley_column_value(c->rows_read, 0)->as.integer == at &&
                    medley_column_value(c->rows_read, 1)->as.integer == part && found == value;
    if (!expected || part + 1 == PARTS) c->scratch[c->scratch_len++] = expected ? value : UINT32_MAX;
    part = (part + 1) % PARTS;
    at += part == 0;
  }
  if (part != 0) c->scratch[c->scratch_len++] = UINT32_MAX;
  medley_reset(c->rows_read);
  return rc == MEDLEY_DONE ? MEDLEY_OK : rc;
}

static void name_of(uint32_t key, char *name, size_t size) {
  if (key % MODELS == 3)
    snprintf(name, size, "history:hash:%u", key / 64);
  else
    snprintf(name, size, "history:%u", key);
}

static int read_list(client *c, uint32_t key) {
  char name[40], field[16];
  int rc;
  c->scratch_len = 0;
  name_of(key, name, sizeof name);
  snprintf(field, sizeof field, "%u", key);
  switch (key % MODELS) {
    case 0: return read_row(c, key);
    case 1: take_reply(c, COMMAND(c, &rc, "LRANGE", name, "0", "-1")); return rc;
    case 2: take_reply(c, COMMAND(c, &rc, "GET", name)); return rc;
    case 3: take_reply(c, COMMAND(c, &rc, "HGET", name, field)); return rc;
    case 4: return read_wide_row(c, key);
    default: return read_rows(c, key);
  }
}

/* The hash field is read and written again: in a transaction only. */
static int append_to_field(client *c, const char *name, const char *field, const char *text) {
  char whole[TEXT_MAX];
  int rc;
  const medley_value *reply = COMMAND(c, &rc, "HGET", name, field);
  if (rc != MEDLEY_OK) return rc;
  int len = is_text(reply) ? (int)reply->as.text.len : 0;
  snprintf(whole, sizeof whole, "%.*s%s", len, len > 0 ? reply->as.text.bytes : "", text);
  (void)COMMAND(c, &rc, "HSET", name, field, whole);
  return rc;
}

/* In a transaction only: where the last value stands is read before. */
static int append_rows(client *c, uint32_t key, uint32_t value) {
  int64_t at = 0;
  (void)medley_bind_integer(c->rows_last, 1, key);
  int rc = medley_step(c->rows_last);
  if (rc == MEDLEY_ROW) {
    at = medley_column_value(c->rows_last, 0)->as.integer + 1;
    rc = MEDLEY_DONE;
  }
  medley_reset(c->rows_last);
  rc = rc == MEDLEY_DONE ? MEDLEY_OK : rc;
  for (int part = 0; rc == MEDLEY_OK && part < PARTS; part++) {
    (void)medley_bind_integer(c->rows_append, 1, key);
    (void)medley_bind_integer(c->rows_append, 2, at);
    (void)medley_bind_integer(c->rows_append, 3, part);
    (void)medley_bind_integer(c->rows_append, 4, value);
    rc = step_to_end(c->rows_append);
  }
  return rc;
}

static int append_value(client *c, uint32_t key, uint32_t value) {
  char name[40], field[16], text[16];
  int rc;
  name_of(key, name, sizeof name);
  snprintf(field, sizeof field, "%u", key);
  snprintf(text, sizeof text, key % MODELS == 1 ? "%u" : "%u,", value);
  c->log->by_model[key % MODELS]++;
  switch (key % MODELS) {
    case 0:
      (void)medley_bind_integer(c->append, 1, key);
      (void)medley_bind_text(c->append, 2, text, strlen(text));
      return step_to_end(c->append);
    case 1: (void)COMMAND(c, &rc, "RPUSH", name, text); return rc;
    case 2: (void)COMMAND(c, &rc, "APPEND", name, text); return rc;
    case 3: return append_to_field(c, name, field, text);
    case 4:
      (void)medley_bind_integer(c->wide_append, 1, value);
      (void)medley_bind_integer(c->wide_append, 2, key);
      return step_to_end(c->wide_append);
    default: return append_rows(c, key, value);
  }
}

/* ---- Remembering ---- */
bool history_begin_record(client *c) {
  client_log *log = c->log;
  uint32_t number = log->txn_count;
  if (number >= log->txn_max || log->op_count + OPS_MAX > log->op_max ||
      log->list_len + OPS_MAX * (VALUES_PER_KEY * 8) > log->list_max)
    return false;
  log->txns[number] = (logged_txn){.begin_ns = now_ns(), .status = HISTORY_UNKNOWN, .first_op = log->op_count};
  atomic_signal_fence(memory_order_seq_cst);
  log->txn_count = number + 1;
  return true;
}

static logged_txn *present_record(client *c) { return &c->log->txns[c->log->txn_count - 1]; }

/* A client is killed between any two instructions, and its next life goes on with the same log: a place in it is taken before it
 * is filled, and counts before the record names it. The fences are for the compiler; one thread alone writes a log. */
static logged_op *record_op(client *c, history_op_kind kind, uint32_t key) {
  logged_op *op = &c->log->ops[c->log->op_count];
  c->log->op_count++;
  atomic_signal_fence(memory_order_seq_cst);
  *op = (logged_op){.kind = (uint32_t)kind, .key = key};
  atomic_signal_fence(memory_order_seq_cst);
  present_record(c)->op_count++;
  atomic_signal_fence(memory_order_seq_cst);
  return op;
}

static void record_list(client *c, logged_op *op) {
  uint32_t list = c->log->list_len;
  c->log->list_len += c->scratch_len;
  atomic_signal_fence(memory_order_seq_cst);
  memcpy(c->log->lists + list, c->scratch, c->scratch_len * sizeof *c->scratch);
  op->list = list;
  op->list_len = c->scratch_len;
  atomic_signal_fence(memory_order_seq_cst);
  op->kind = HISTORY_READ;
}

/* A read that failed was none. */
static void forget_op(client *c) {
  present_record(c)
      ->op_count--; /* first: a client that is killed in between leaves an unused place, not a shared one */
  atomic_signal_fence(memory_order_seq_cst);
  c->log->op_count--;
}

void history_end_record(client *c, history_status status) {
  logged_txn *record = present_record(c);
  record->end_ns = now_ns();
  atomic_thread_fence(memory_order_release);
  record->status = (uint32_t)status;
}

static bool explained(int rc) { return rc == MEDLEY_BUSY || rc == MEDLEY_SNAPSHOT; }

void history_note_failure(client *c, int rc, const char *where) {
  if (explained(rc)) {
    c->log->conflicts++;
    return;
  }
  if (c->log->surprises++ < 3)
    printf("SURPRISE at %s: %s: %s\n", where, medley_status_name(rc), medley_session_error(c->session)->message);
}

/* ---- Transactions of lists ---- */
static uint32_t some_key(client *c) {
  uint32_t i = fault_random_below(&c->random, ACTIVE_KEYS);
  if (atomic_fetch_add(&c->all->used[i], 1) >= VALUES_PER_KEY) {
    uint32_t next = atomic_fetch_add(&c->all->next_key, 1);
    if (next < KEYS_MAX / MODELS * MODELS) {
      c->all->active[i] = next;
      c->all->used[i] = 0;
    }
  }
  return c->all->active[i];
}

static int do_append(client *c, uint32_t key) {
  uint32_t value = (c->number + 1) << 24 | ++c->log->next_value;
  record_op(c, HISTORY_APPEND, key)->value = value;
  return append_value(c, key, value);
}

int history_read(client *c, uint32_t key) {
  logged_op *op = record_op(c, HISTORY_ASKED, key);
  int rc = read_list(c, key);
  if (rc == MEDLEY_OK)
    record_list(c, op);
  else
    forget_op(c);
  return rc;
}

static void commit_record(client *c) {
  int rc = medley_commit(c->session);
  if (rc == MEDLEY_OK) {
    history_end_record(c, HISTORY_OK);
    return;
  }
  history_note_failure(c, rc, "commit");
  if (medley_session_state(c->session) != MEDLEY_NO_TRANSACTION) (void)medley_rollback(c->session);
  history_end_record(c, rc == MEDLEY_COMMIT_UNKNOWN ? HISTORY_UNKNOWN : HISTORY_FAILED);
}

static void explicit_txn(client *c, medley_mode mode) {
  uint32_t ops = 1 + fault_random_below(&c->random, OPS_MAX - 1);
  int rc = medley_begin(c->session, mode);
  for (uint32_t i = 0; i < ops && rc == MEDLEY_OK; i++) {
    bool append = mode != MEDLEY_READ && fault_random_percent(&c->random, 50);
    rc = append ? do_append(c, some_key(c))
                : history_read(c, c->all->active[fault_random_below(&c->random, ACTIVE_KEYS)]);
  }
  if (rc == MEDLEY_OK && !fault_random_percent(&c->random, 4)) {
    commit_record(c);
    return;
  }
  if (rc != MEDLEY_OK) history_note_failure(c, rc, "statement");
  if (medley_session_state(c->session) != MEDLEY_NO_TRANSACTION) (void)medley_rollback(c->session);
  history_end_record(c, HISTORY_FAILED);
}

/* A savepoint whose inside is taken back: what was appended there is a write that never was. */
static void savepoint_txn(client *c) {
  int rc = medley_begin(c->session, MEDLEY_WRITE);
  if (rc == MEDLEY_OK) rc = do_append(c, some_key(c));
  if (rc == MEDLEY_OK) rc = medley_savepoint(c->session, "inner");
  for (int i = 0; i < 2 && rc == MEDLEY_OK; i++) {
    /* Not recorded: a value that nobody wrote, if it is ever seen. */
    rc = append_value(c, some_key(c), (c->number + 129) << 24 | (c->log->next_value & 0xffffff));
  }
  if (rc == MEDLEY_OK) rc = medley_rollback_to(c->session, "inner");
  if (rc == MEDLEY_OK) rc = medley_release(c->session, "inner");
  if (rc == MEDLEY_OK) rc = do_append(c, some_key(c));
  if (rc == MEDLEY_OK) {
    commit_record(c);
    return;
  }
  history_note_failure(c, rc, "savepoint");
  if (medley_session_state(c->session) != MEDLEY_NO_TRANSACTION) (void)medley_rollback(c->session);
  history_end_record(c, HISTORY_FAILED);
}

/* A string that is only written if it still is what was read: the call is a transaction, the read before it is none. */
static int exchange_string(client *c, uint32_t key) {
  char name[40], whole[TEXT_MAX];
  medley_slice present = {NULL, 0};
  uint32_t value = (c->number + 1) << 24 | ++c->log->next_value;
  name_of(key, name, sizeof name);
  int rc = medley_kv_get(c->session, "0", name, strlen(name), &present);
  if (rc != MEDLEY_OK && rc != MEDLEY_NOT_FOUND) return rc;
  bool is_there = rc == MEDLEY_OK;
  int old_len = is_there ? (int)present.len : 0;
  int len = snprintf(whole, sizeof whole, "%.*s%u,", old_len, is_there ? (const char *)present.bytes : "", value);
  record_op(c, HISTORY_APPEND, key)->value = value;
  c->log->by_model[key % MODELS]++;
  char old[TEXT_MAX];
  memcpy(old, whole, (size_t)old_len);
  return medley_kv_compare_and_set(c->session, "0", name, strlen(name), is_there ? old : NULL, (size_t)old_len, whole,
                                   (size_t)len);
}

/* One statement, or one call, is its own transaction. */
static void autocommit_txn(client *c) {
  uint32_t key = some_key(c);
  bool append = fault_random_percent(&c->random, 50) && key % MODELS != 3 && key % MODELS != 5;
  bool exchange = append && key % MODELS == 2 && fault_random_percent(&c->random, 50);
  int rc = exchange ? exchange_string(c, key) : append ? do_append(c, key) : history_read(c, key);
  if (exchange && rc == MEDLEY_CONSTRAINT) {
    c->log->conflicts++;
    history_end_record(c, HISTORY_FAILED);
    return;
  }
  if (rc != MEDLEY_OK) history_note_failure(c, rc, "autocommit");
  history_end_record(c, rc == MEDLEY_OK ? HISTORY_OK : rc == MEDLEY_COMMIT_UNKNOWN ? HISTORY_UNKNOWN : HISTORY_FAILED);
}

/* MULTI ... EXEC: the replies come with EXEC. */
static void multi_txn(client *c) {
  uint32_t keys[3];
  logged_op *ops[3];
  int rc, count = 1 + (int)fault_random_below(&c->random, 3);
  c->log->multi++;
  (void)COMMAND(c, &rc, "MULTI");
  for (int i = 0; i < count && rc == MEDLEY_OK; i++) {
    keys[i] = some_key(c);
    if (keys[i] % MODELS != 1 && keys[i] % MODELS != 2) keys[i] = keys[i] / MODELS * MODELS + 1 + keys[i] % 2;
    if (fault_random_percent(&c->random, 50)) {
      rc = do_append(c, keys[i]);
      ops[i] = NULL;
    } else {
      ops[i] = record_op(c, HISTORY_ASKED, keys[i]);
      rc = read_list(c, keys[i]);
    }
  }
  if (rc != MEDLEY_OK) {
    int ignored;
    history_note_failure(c, rc, "MULTI");
    (void)COMMAND(c, &ignored, "DISCARD");
  }
  const medley_value *reply = NULL;
  if (rc == MEDLEY_OK) {
    reply = COMMAND(c, &rc, "EXEC");
    if (rc != MEDLEY_OK) history_note_failure(c, rc, "EXEC");
  }
  bool done = reply != NULL && reply->type == MEDLEY_TYPE_LIST && reply->as.list.count == (size_t)count;
  for (int i = 0; i < count && done; i++) {
    if (ops[i] == NULL) continue;
    c->scratch_len = 0;
    take_reply(c, &reply->as.list.items[i]);
    record_list(c, ops[i]);
  }
  history_end_record(c, done ? HISTORY_OK : rc == MEDLEY_COMMIT_UNKNOWN ? HISTORY_UNKNOWN : HISTORY_FAILED);
}

/* ---- Accounts ---- */
int history_add_to_account(client *c, uint32_t account, int amount) {
  char name[32], text[16];
  int rc;
  if (account < ACCOUNTS / 2) {
    (void)medley_bind_integer(c->debit, 1, amount);
    (void)medley_bind_integer(c->debit, 2, account);
    return step_to_end(c->debit);
  }
  snprintf(name, sizeof name, "account:%u", account);
  snprintf(text, sizeof text, "%d", amount);
  (void)COMMAND(c, &rc, "INCRBY", name, text);
  return rc;
}

static int64_t number_of(const medley_value *value) {
  char text[32];
  if (value->type == MEDLEY_TYPE_INTEGER) return value->as.integer;
  if (!is_text(value) || value->as.text.len >= sizeof text) return -1000000;
  memcpy(text, value->as.text.bytes, value->as.text.len);
  text[value->as.text.len] = '\0';
  return strtoll(text, NULL, 10);
}

static int read_total(client *c, int64_t *total) {
  char name[32];
  int rc = medley_step(c->sum);
  if (rc == MEDLEY_ROW) *total = medley_column_integer(c->sum, 0);
  medley_reset(c->sum);
  if (rc != MEDLEY_ROW) return rc == MEDLEY_DONE ? MEDLEY_ERROR : rc;
  rc = MEDLEY_OK;
  for (uint32_t account = ACCOUNTS / 2; account < ACCOUNTS && rc == MEDLEY_OK; account++) {
    snprintf(name, sizeof name, "account:%u", account);
    const medley_value *reply = COMMAND(c, &rc, "GET", name);
    if (reply != NULL) *total += number_of(reply);
  }
  return rc;
}

void history_check_total(client *c, medley_mode mode) {
  int64_t total = 0;
  int rc = medley_begin(c->session, mode);
  if (rc == MEDLEY_OK) rc = read_total(c, &total);
  if (rc == MEDLEY_OK) {
    c->log->bank_reads++;
    if (total != TOTAL && c->log->bank_wrong++ < 3) printf("WRONG SUM: %lld instead of %d\n", (long long)total, TOTAL);
  } else {
    history_note_failure(c, rc, "sum");
  }
  if (medley_session_state(c->session) != MEDLEY_NO_TRANSACTION) (void)medley_rollback(c->session);
}

static void transfer(client *c) {
  uint32_t from = fault_random_below(&c->random, ACCOUNTS), to = fault_random_below(&c->random, ACCOUNTS);
  int amount = 1 + (int)fault_random_below(&c->random, 9);
  int rc = medley_begin(c->session, fault_random_percent(&c->random, 70) ? MEDLEY_WRITE : MEDLEY_DEFER);
  if (rc == MEDLEY_OK) rc = history_add_to_account(c, from, -amount);
  if (rc == MEDLEY_OK) rc = history_add_to_account(c, to, amount);
  if (rc == MEDLEY_OK && !fault_random_percent(&c->random, 5)) rc = medley_commit(c->session);
  if (rc != MEDLEY_OK) history_note_failure(c, rc, "transfer");
  if (medley_session_state(c->session) != MEDLEY_NO_TRANSACTION) (void)medley_rollback(c->session);
}

/* ---- Clients ---- */
void history_client_open(client *c) {
  medley_error error;
  if (medley_session_open(c->db, &c->session, &error) != MEDLEY_OK) history_stop("session", error.message);
  medley_session_set_busy_timeout_ms(c->session, 60000);
  c->append =
      history_prepare(c, "INSERT INTO history VALUES (?1, ?2) ON CONFLICT (k) DO UPDATE SET v = v || excluded.v");
  c->read = history_prepare(c, "SELECT v FROM history WHERE k = ?1");
  c->wide_append = prepare(c, MEDLEY_LANGUAGE_CQL, "UPDATE history.lists SET v = v + [?] WHERE k = ?");
  c->wide_read = prepare(c, MEDLEY_LANGUAGE_CQL, "SELECT v FROM history.lists WHERE k = ?");
  c->rows_append = prepare(c, MEDLEY_LANGUAGE_CQL, "INSERT INTO history.rows (k, at, part, v) VALUES (?, ?, ?, ?)");
  c->rows_read = prepare(c, MEDLEY_LANGUAGE_CQL, "SELECT at, part, v FROM history.rows WHERE k = ?");
  c->rows_last =
      prepare(c, MEDLEY_LANGUAGE_CQL, "SELECT at FROM history.rows WHERE k = ? ORDER BY at DESC, part DESC LIMIT 1");
  c->debit = history_prepare(c, "UPDATE account SET balance = balance + ?1 WHERE id = ?2");
  c->sum = history_prepare(c, "SELECT sum(balance) FROM account");
  c->scratch = malloc(KEYS_MAX * sizeof *c->scratch);
  if (c->scratch == NULL) history_stop("memory", "short");
}

void history_client_close(client *c) {
  medley_statement_close(c->append);
  medley_statement_close(c->read);
  medley_statement_close(c->wide_append);
  medley_statement_close(c->wide_read);
  medley_statement_close(c->rows_append);
  medley_statement_close(c->rows_read);
  medley_statement_close(c->rows_last);
  medley_statement_close(c->debit);
  medley_statement_close(c->sum);
  if (medley_session_close(c->session) != MEDLEY_OK) history_stop("session", "cannot be closed");
  free(c->scratch);
}

static bool take_turn(client *c) {
  uint32_t left = atomic_load(&c->all->txns_left);
  while (left > 0)
    if (atomic_compare_exchange_weak(&c->all->txns_left, &left, left - 1)) return true;
  return false;
}

void *history_client_main(void *context) {
  client *c = context;
  history_client_open(c);
  while (take_turn(c)) {
    uint32_t kind = fault_random_below(&c->random, 100);
    if (kind < 12) {
      transfer(c);
    } else if (kind < 18) {
      history_check_total(c, kind < 17 ? MEDLEY_READ : MEDLEY_DEFER);
    } else {
      if (!history_begin_record(c)) break;
      if (kind < 42)
        explicit_txn(c, MEDLEY_WRITE);
      else if (kind < 54)
        explicit_txn(c, MEDLEY_DEFER);
      else if (kind < 74)
        explicit_txn(c, MEDLEY_READ);
      else if (kind < 78)
        savepoint_txn(c);
      else if (kind < 90)
        autocommit_txn(c);
      else
        multi_txn(c);
    }
  }
  history_client_close(c);
  return NULL;
}
