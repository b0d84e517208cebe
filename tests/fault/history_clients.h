/* history_clients.h - one client of the workload: its choices, its statements, and what it remembers. */
#ifndef HISTORY_CLIENTS_H
#define HISTORY_CLIENTS_H

#include <stdatomic.h>
#include <stdbool.h>

#include "engine/medley.h"
#include "tests/fault/history_check.h"
#include "tests/fault/random.h"

enum {
  CLIENTS_MAX = 32,
  ACTIVE_KEYS = 16,
  VALUES_PER_KEY = 32,
  KEYS_MAX = 1 << 17,
  OPS_MAX = 6,  /* of a transaction */
  ACCOUNTS = 8, /* half of them in SQL */
  MODELS = 6,   /* what a key is: history_clients.c */
  PARTS = 8,    /* rows of a value: two records and a run, where they are a transaction's first */
  BALANCE = 100,
  TEXT_MAX = 4096
};
#define TOTAL (ACCOUNTS * BALANCE)

typedef struct logged_op {
  uint32_t kind, key, value, list, list_len;
} logged_op;

typedef struct logged_txn {
  uint64_t begin_ns, end_ns;
  uint32_t status, op_count, first_op;
} logged_txn;

/* What one client has done: written by it alone. */
typedef struct client_log {
  _Atomic uint32_t txn_count, value_count;
  uint32_t txn_max, op_count, op_max, list_len, list_max, next_value;
  uint64_t bank_reads, bank_wrong, conflicts, surprises, by_model[MODELS], multi;
  logged_txn *txns;
  logged_op *ops;
  uint32_t *lists;
} client_log;

typedef struct shared {
  _Atomic uint32_t active[ACTIVE_KEYS], used[ACTIVE_KEYS], next_key, txns_left;
  client_log logs[CLIENTS_MAX];
} shared;

typedef struct client {
  shared *all;
  client_log *log;
  uint32_t number;
  medley *db;
  medley_session *session;
  medley_statement *append, *read, *wide_append, *wide_read, *rows_append, *rows_read, *rows_last, *debit, *sum;
  fault_random random;
  uint32_t *scratch; /* a list that was read */
  uint32_t scratch_len;
} client;

_Noreturn void history_stop(const char *what, const char *why);

/* c->db is open; the session and its statements are made here. */
void history_client_open(client *c);
void history_client_close(client *c);
/* Works until no transactions are left; for pthread_create. */
void *history_client_main(void *context);

medley_statement *history_prepare(client *c, const char *text);
int history_add_to_account(client *c, uint32_t account, int amount);
/* false if the log is full. */
bool history_begin_record(client *c);
void history_end_record(client *c, history_status status);
int history_read(client *c, uint32_t key);
void history_check_total(client *c, medley_mode mode);
void history_note_failure(client *c, int rc, const char *where);

#endif
