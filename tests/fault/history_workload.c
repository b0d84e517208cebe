/* history_workload.c - the processes of the workload: see history_workload.h. */
#include "tests/fault/history_workload.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/fault/history_clients.h"

static void *map_shared(size_t size) {
  void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED) history_stop("mmap", "failed");
  return memory;
}

static void process_main(shared *all, const history_settings *settings, uint32_t process, uint32_t life) {
  pthread_t threads[CLIENTS_MAX];
  static client clients[CLIENTS_MAX];
  medley *db;
  medley_error error;
  if (medley_open(settings->path, NULL, &db, &error) != MEDLEY_OK) history_stop("open", error.message);
  for (uint32_t i = 0; i < settings->thread_count; i++) {
    uint32_t number = process * settings->thread_count + i;
    clients[i] = (client){.all = all, .log = &all->logs[number], .number = number, .db = db};
    clients[i].random = fault_random_of(settings->seed, number, life);
    if (pthread_create(&threads[i], NULL, history_client_main, &clients[i]) != 0)
      history_stop("thread", "cannot be made");
  }
  for (uint32_t i = 0; i < settings->thread_count; i++) pthread_join(threads[i], NULL);
  if (medley_close(db) != MEDLEY_OK) history_stop("close", "refused");
  fflush(stdout);
  _exit(0);
}

/* ---- Before and after ---- */
static void fill(const history_settings *settings) {
  medley *db;
  medley_error error;
  client c = {0};
  int rc;
  if (medley_open(settings->path, NULL, &db, &error) != MEDLEY_OK) history_stop("open", error.message);
  if (medley_session_open(db, &c.session, &error) != MEDLEY_OK) history_stop("session", error.message);
  static const char schema[] =
      "CREATE TABLE history (k INTEGER PRIMARY KEY, v TEXT); CREATE TABLE account (id INTEGER PRIMARY KEY, balance);";
  static const char wide_schema[] =
      "CREATE KEYSPACE history WITH replication = {'class': 'SimpleStrategy'};"
      "CREATE TABLE history.lists (k int PRIMARY KEY, v list<bigint>);"
      "CREATE TABLE history.rows (k int, at int, part int, v bigint, PRIMARY KEY (k, at, part)) WITH segment_rows = 64";
  rc = medley_exec(c.session, MEDLEY_LANGUAGE_SQL, schema, MEDLEY_NUL_ENDED, NULL, NULL);
  if (rc == MEDLEY_OK) rc = medley_exec(c.session, MEDLEY_LANGUAGE_CQL, wide_schema, MEDLEY_NUL_ENDED, NULL, NULL);
  c.debit = history_prepare(&c, "INSERT INTO account (balance, id) VALUES (?1, ?2)");
  for (uint32_t account = 0; account < ACCOUNTS && rc == MEDLEY_OK; account++)
    rc = history_add_to_account(&c, account, BALANCE);
  if (rc != MEDLEY_OK) history_stop("fill", medley_session_error(c.session)->message);
  medley_statement_close(c.debit);
  (void)medley_session_close(c.session);
  (void)medley_close(db);
}

/* MULTI takes a neighbour among those of one key of each kind that it cannot use: one that nobody has drawn yet, too. */
static uint32_t key_count(const shared *all) {
  return all->next_key < KEYS_MAX ? (all->next_key + MODELS - 1) / MODELS * MODELS : KEYS_MAX / MODELS * MODELS;
}

/* Reads every key, when all is over. */
static void read_everything(shared *all, const history_settings *settings, uint32_t number) {
  medley *db;
  medley_error error;
  client c = {.all = all, .log = &all->logs[number], .number = number};
  if (medley_open(settings->path, NULL, &db, &error) != MEDLEY_OK) history_stop("open", error.message);
  c.db = db;
  history_client_open(&c);
  for (uint32_t key = 0; key < key_count(all); key++) {
    if (!history_begin_record(&c)) history_stop("log", "full");
    int rc = history_read(&c, key);
    if (rc != MEDLEY_OK) history_note_failure(&c, rc, "last read");
    history_end_record(&c, rc == MEDLEY_OK ? HISTORY_OK : HISTORY_FAILED);
  }
  history_check_total(&c, MEDLEY_READ);
  history_client_close(&c);
  if (medley_close(db) != MEDLEY_OK) history_stop("close", "refused");
}

static shared *make_shared(const history_settings *settings) {
  shared *all = map_shared(sizeof *all);
  uint32_t clients = settings->process_count * settings->thread_count;
  for (uint32_t i = 0; i <= clients; i++) {
    client_log *log = &all->logs[i];
    log->txn_max = i == clients ? KEYS_MAX : settings->txn_count;
    log->op_max = log->txn_max * 3;
    log->list_max = log->txn_max * 128 + 65536;
    log->txns = map_shared((size_t)log->txn_max * sizeof *log->txns);
    log->ops = map_shared((size_t)log->op_max * sizeof *log->ops);
    log->lists = map_shared((size_t)log->list_max * sizeof *log->lists);
  }
  for (uint32_t i = 0; i < ACTIVE_KEYS; i++) all->active[i] = i;
  all->next_key = ACTIVE_KEYS;
  all->txns_left = settings->txn_count;
  return all;
}

static pid_t start_process(shared *all, const history_settings *settings, uint32_t process, uint32_t life) {
  fflush(stdout);
  pid_t child = fork();
  if (child < 0) history_stop("fork", "failed");
  if (child == 0) process_main(all, settings, process, life);
  return child;
}

/* Runs the processes; kills one after every so many transactions and starts another in its place. */
static uint64_t run_processes(shared *all, const history_settings *settings) {
  pid_t children[CLIENTS_MAX];
  uint32_t life = 0;
  uint64_t kills = 0;
  fault_random random = fault_random_of(settings->seed, 777, 1);
  for (uint32_t p = 0; p < settings->process_count; p++) children[p] = start_process(all, settings, p, life);
  uint32_t part = settings->txn_count / (settings->kill_count + 1);
  while (kills < settings->kill_count) {
    uint32_t mark = settings->txn_count - part * (uint32_t)(kills + 1);
    struct timespec wait = {0, 200000 + (long)fault_random_below(&random, 900000)};
    nanosleep(&wait, NULL);
    if (atomic_load(&all->txns_left) > mark) continue;
    uint32_t p = fault_random_below(&random, settings->process_count);
    int status;
    kill(children[p], SIGKILL);
    if (waitpid(children[p], &status, 0) != children[p]) history_stop("waitpid", "failed");
    kills++;
    children[p] = start_process(all, settings, p, ++life);
  }
  for (uint32_t p = 0; p < settings->process_count; p++) {
    int status;
    if (waitpid(children[p], &status, 0) != children[p]) history_stop("waitpid", "failed");
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) history_stop("a process", "did not end well");
  }
  return kills;
}

static void collect(shared *all, uint32_t clients, history_result *result) {
  uint64_t txn_total = 0, op_total = 0;
  for (uint32_t i = 0; i <= clients; i++) {
    txn_total += all->logs[i].txn_count;
    for (uint32_t j = 0; j < all->logs[i].txn_count; j++) op_total += all->logs[i].txns[j].op_count;
  }
  result->txns = calloc(txn_total + 1, sizeof *result->txns);
  result->ops = calloc(op_total + 1, sizeof *result->ops);
  if (result->txns == NULL || result->ops == NULL) history_stop("memory", "short");
  history_op *op = result->ops;
  for (uint32_t i = 0; i <= clients; i++) {
    const client_log *log = &all->logs[i];
    for (uint32_t j = 0; j < log->txn_count; j++) {
      const logged_txn *from = &log->txns[j];
      history_txn *to = &result->txns[result->txn_count++];
      *to = (history_txn){from->begin_ns, from->end_ns, (history_status)from->status, from->op_count, op};
      for (uint32_t k = 0; k < from->op_count; k++, op++) {
        const logged_op *logged = &log->ops[from->first_op + k];
        *op = (history_op){(history_op_kind)logged->kind, logged->key, logged->value, log->lists + logged->list,
                           logged->list_len};
        if (logged->key >= result->key_count) history_stop("a record", "has a key that was not read at the end");
      }
    }
    result->bank_reads += log->bank_reads;
    result->bank_wrong += log->bank_wrong;
    result->conflicts += log->conflicts;
    result->surprises += log->surprises;
    result->by_sql += log->by_model[0];
    result->by_list += log->by_model[1];
    result->by_string += log->by_model[2];
    result->by_hash += log->by_model[3];
    result->by_wide += log->by_model[4];
    result->by_rows += log->by_model[5];
    result->multi += log->multi;
  }
}

void history_run(const history_settings *settings, history_result *result) {
  uint32_t clients = settings->process_count * settings->thread_count;
  if (clients >= CLIENTS_MAX) history_stop("settings", "too many clients");
  memset(result, 0, sizeof *result);
  shared *all = make_shared(settings);
  pid_t filler = fork();
  if (filler == 0) {
    fill(settings);
    _exit(0);
  }
  int status;
  if (waitpid(filler, &status, 0) != filler || status != 0) history_stop("fill", "failed");
  result->kills = run_processes(all, settings);
  read_everything(all, settings, clients);
  result->key_count = key_count(all);
  collect(all, clients, result);
}
