/* bank.c - see bank.h. Without the key-value model both sides are SQL accounts. */
#include "tests/fault/bank.h"

#include <inttypes.h>

#include "tests/fault/calls.h"

_Static_assert(FAULT_LEDGER_ROWS == 16, "the DELETE of fault_bank_transfer says so too");

static bool has_keyvalue(const fault_workload *workload) {
  for (uint32_t i = 0; i < workload->model_count; i++) {
    if (workload->models[i] == &fault_keyvalue_model) return true;
  }
  return false;
}

static int increment(medley_session *session, const char *key, int64_t by) {
  int64_t result;
  return medley_kv_increment(session, "0", key, strlen(key), by, &result);
}

static void account_key(char key[32], uint32_t account) { snprintf(key, 32, "bank:%u", account); }

int fault_bank_create(const fault_workload *workload, medley_session *session) {
  int rc = fault_sql(session, "CREATE TABLE account (id INTEGER PRIMARY KEY, balance INTEGER NOT NULL)", 0, NULL);
  if (rc == MEDLEY_OK) {
    rc = fault_sql(
        session,
        "CREATE TABLE ledger (worker INTEGER, number INTEGER, sql_account INTEGER NOT NULL REFERENCES account, "
        "kv_account INTEGER NOT NULL, amount INTEGER NOT NULL, PRIMARY KEY (worker, number))",
        0, NULL);
  }
  for (int64_t id = 0; rc == MEDLEY_OK && id < FAULT_ACCOUNT_COUNT; id++) {
    char key[32];
    int64_t values[2] = {id, FAULT_OPENING_BALANCE};
    account_key(key, (uint32_t)id);
    rc = fault_sql(session, "INSERT INTO account VALUES (?, ?)", 2, values);
    if (rc == MEDLEY_OK && has_keyvalue(workload)) rc = increment(session, key, FAULT_OPENING_BALANCE);
  }
  return rc;
}

int fault_bank_transfer(const fault_workload *workload, fault_turn *turn, fault_state *state, uint64_t number) {
  uint32_t from = fault_random_below(turn->random, FAULT_ACCOUNT_COUNT);
  uint32_t to = fault_random_below(turn->random, FAULT_ACCOUNT_COUNT);
  int64_t amount = (int64_t)fault_random_below(turn->random, 201) - 100;
  bool keyvalue = has_keyvalue(workload);
  char key[32];
  account_key(key, to);
  state->sql_delta[from] -= amount;
  if (keyvalue) state->kv_delta[to] += amount;
  if (!keyvalue) state->sql_delta[to] += amount;
  state->recent[state->transfers % FAULT_LEDGER_ROWS] = amount;
  state->transfers++;
  medley_session *session = turn->session;
  if (session == NULL) return MEDLEY_OK;
  int64_t debit[2] = {-amount, from}, credit[2] = {amount, to};
  int64_t entry[5] = {turn->worker, (int64_t)number, from, to, amount};
  const char *update = "UPDATE account SET balance = balance + ? WHERE id = ?";
  int rc = fault_sql(session, update, 2, debit);
  if (rc == MEDLEY_OK) rc = keyvalue ? increment(session, key, amount) : fault_sql(session, update, 2, credit);
  if (rc == MEDLEY_OK) rc = fault_sql(session, "INSERT INTO ledger VALUES (?, ?, ?, ?, ?)", 5, entry);
  if (rc == MEDLEY_OK) {
    rc = fault_sql(session,
                   "DELETE FROM ledger WHERE worker = ?1 AND number <= (SELECT number FROM ledger WHERE worker = ?1 "
                   "ORDER BY number DESC LIMIT 1 OFFSET 16)",
                   1, entry);
  }
  if (rc == MEDLEY_OK && keyvalue) rc = increment(session, "bank:transfers", 1);
  return rc;
}

static int read_counter(medley_session *session, const char *key, int64_t *number) {
  medley_slice value;
  char text[32] = "";
  int rc = medley_kv_get(session, "0", key, strlen(key), &value);
  if (rc == MEDLEY_OK) memcpy(text, value.bytes, value.len < sizeof text - 1 ? value.len : sizeof text - 1);
  *number = strtoll(text, NULL, 10);
  return rc == MEDLEY_NOT_FOUND ? MEDLEY_OK : rc;
}

int fault_bank_judge(const fault_workload *workload, medley_session *session, const fault_state *const *states,
                     char *why, size_t why_size) {
  fault_text expected = {0}, found = {0};
  bool keyvalue = has_keyvalue(workload);
  int64_t transfers = 0, rows = 0, transferred = 0, sum = 0;
  for (uint32_t w = 0; w < workload->worker_count; w++) {
    transfers += (int64_t)states[w]->transfers;
    for (uint64_t i = 0; i < FAULT_LEDGER_ROWS && i < states[w]->transfers; i++) {
      transferred += states[w]->recent[i];
      rows++;
    }
  }
  int rc = fault_sql_rows(session, "SELECT count(*), ifnull(sum(amount), 0) FROM ledger", 0, NULL, &found);
  fault_text_add(&expected, "%" PRId64 "|%" PRId64 "\n", rows, transferred);
  for (int64_t id = 0; rc == MEDLEY_OK && id < FAULT_ACCOUNT_COUNT; id++) {
    int64_t sql_balance = FAULT_OPENING_BALANCE, kv_balance = FAULT_OPENING_BALANCE, sql_found = 0, kv_found = 0;
    char key[32];
    account_key(key, (uint32_t)id);
    for (uint32_t w = 0; w < workload->worker_count; w++) {
      sql_balance += states[w]->sql_delta[id];
      kv_balance += states[w]->kv_delta[id];
    }
    rc = fault_sql_number(session, "SELECT balance FROM account WHERE id = ?", 1, &id, &sql_found);
    if (rc == MEDLEY_OK && keyvalue) rc = read_counter(session, key, &kv_found);
    if (!keyvalue) kv_balance = 0;
    fault_text_add(&expected, "account %" PRId64 " sql %" PRId64 " kv %" PRId64 "\n", id, sql_balance, kv_balance);
    fault_text_add(&found, "account %" PRId64 " sql %" PRId64 " kv %" PRId64 "\n", id, sql_found, kv_found);
    sum += sql_found + kv_found;
  }
  int64_t count = transfers;
  if (rc == MEDLEY_OK && keyvalue) rc = read_counter(session, "bank:transfers", &count);
  fault_text_add(&expected, "sum %d transfers %" PRId64 "\n",
                 FAULT_ACCOUNT_COUNT * FAULT_OPENING_BALANCE * (keyvalue ? 2 : 1), transfers);
  fault_text_add(&found, "sum %" PRId64 " transfers %" PRId64 "\n", sum, count);
  if (rc == MEDLEY_OK && !fault_text_equal(&expected, &found)) {
    char difference[256];
    fault_text_difference(&expected, &found, difference, sizeof difference);
    snprintf(why, why_size, "bank: %s", difference);
    rc = FAULT_MISMATCH;
  } else if (rc != MEDLEY_OK) {
    snprintf(why, why_size, "bank: %s: %.200s", medley_status_name(rc), fault_error(session));
  }
  fault_text_clear(&expected);
  fault_text_clear(&found);
  return rc;
}
