/* workload.c - see workload.h. */
#include "tests/fault/workload.h"

#include <stdlib.h>

#include "tests/fault/bank.h"
#include "tests/fault/calls.h"

static const fault_model *const all_models[] = {&fault_sql_model, &fault_wide_model, &fault_keyvalue_model};
#define ALL_MODEL_COUNT (sizeof all_models / sizeof all_models[0])
_Static_assert(ALL_MODEL_COUNT <= FAULT_MODEL_COUNT_MAX / 2, "fault_state has room for that many references");

void fault_workload_init(fault_workload *workload, uint64_t seed, uint32_t worker_count) {
  const char *names = getenv("MEDLEY_TEST_MODELS");
  *workload = (fault_workload){.seed = seed, .worker_count = worker_count};
  for (size_t i = 0; i < ALL_MODEL_COUNT; i++) {
    if (names != NULL && names[0] != 0 && strstr(names, all_models[i]->name) == NULL) continue;
    workload->models[workload->model_count++] = all_models[i];
  }
}

void fault_workload_options(const fault_workload *workload, medley_options *options) {
  medley_options_init(options);
  options->map_size_bytes = (uint64_t)256 << 20;
  options->sql_cache_bytes = 16 << 10; /* small: SQLite spills pages before the commit */
  options->seed = workload->seed + 1;
}

int fault_workload_create(const fault_workload *workload, medley_session *session) {
  int rc = medley_begin(session, MEDLEY_WRITE);
  for (uint32_t i = 0; rc == MEDLEY_OK && i < workload->model_count; i++) {
    rc = workload->models[i]->create(session, workload->worker_count);
  }
  if (rc == MEDLEY_OK) rc = fault_bank_create(workload, session);
  if (rc == MEDLEY_OK) rc = medley_commit(session);
  return rc;
}

static _Thread_local char last_error[MEDLEY_ERROR_MESSAGE_SIZE];
const char *fault_workload_error(void) { return last_error; }

static void keep_error(medley_session *session, int rc) {
  if (rc == MEDLEY_OK || session == NULL) return;
  snprintf(last_error, sizeof last_error, "%s", fault_error(session));
}

/* ---- One transaction ---- */
typedef enum transaction_kind { TICK_ALONE, EXEC, ROLLED_BACK, WITH_SAVEPOINT, TRANSFER, PLAIN } transaction_kind;

typedef struct transaction {
  const fault_workload *workload;
  fault_turn turn;
  uint64_t number;
  fault_state *state; /* a copy, taken over if the transaction commits */
  transaction_kind kind;
  bool touched[FAULT_MODEL_COUNT_MAX];
} transaction;

static transaction_kind choose_kind(const fault_workload *workload, fault_random *random) {
  uint32_t choice = fault_random_below(random, 100);
  if (choice < 20) return TICK_ALONE;
  if (choice < 28) return workload->models[workload->model_count - 1] == &fault_keyvalue_model ? EXEC : PLAIN;
  if (choice < 36) return ROLLED_BACK;
  if (choice < 48) return WITH_SAVEPOINT;
  if (choice < 68) return TRANSFER;
  return PLAIN;
}

static int change_some(transaction *txn, uint32_t model_bits, uint32_t count_max) {
  const fault_workload *workload = txn->workload;
  uint32_t count = 1 + fault_random_below(txn->turn.random, count_max);
  int rc = MEDLEY_OK;
  while (rc == MEDLEY_OK && count > 0) {
    uint32_t model = fault_random_below(txn->turn.random, workload->model_count);
    if ((model_bits >> model & 1) == 0) continue;
    rc = workload->models[model]->change(&txn->turn, txn->state->references[model]);
    txn->touched[model] = true;
    count--;
  }
  return rc;
}

/* Each model is the last one in its turn: what it has put off by then is made by the commit. */
static int tick_touched(transaction *txn) {
  uint32_t count = txn->workload->model_count;
  int rc = MEDLEY_OK;
  for (uint32_t i = 0; rc == MEDLEY_OK && i < count; i++) {
    uint32_t model = (uint32_t)((i + txn->number) % count);
    if (!txn->touched[model]) continue;
    rc = txn->workload->models[model]->tick(&txn->turn, txn->state->references[model], txn->number);
    txn->state->ticks[model] = txn->number;
  }
  txn->state->number = txn->number;
  return rc;
}

static int run_savepoint(transaction *txn, uint32_t model_bits) {
  medley_session *session = txn->turn.session;
  fault_state before = *txn->state;
  bool touched[FAULT_MODEL_COUNT_MAX];
  memcpy(touched, txn->touched, sizeof touched);
  int rc = session == NULL ? MEDLEY_OK : medley_savepoint(session, "middle");
  if (rc == MEDLEY_OK) rc = change_some(txn, model_bits, 4);
  if (rc == MEDLEY_OK && session != NULL) rc = medley_rollback_to(session, "middle");
  if (rc == MEDLEY_OK && session != NULL) rc = medley_release(session, "middle");
  *txn->state = before;
  memcpy(txn->touched, touched, sizeof touched);
  return rc;
}

static int run_body(transaction *txn) {
  fault_random *random = txn->turn.random;
  uint32_t all = (1u << txn->workload->model_count) - 1;
  uint32_t model_bits =
      fault_random_percent(random, 55) ? all : 1u << fault_random_below(random, txn->workload->model_count);
  int rc = MEDLEY_OK;
  if (txn->kind == TRANSFER) {
    rc = fault_bank_transfer(txn->workload, &txn->turn, txn->state, txn->number);
    memset(txn->touched, 1, sizeof txn->touched); /* its tick goes to every model */
    if (rc == MEDLEY_OK && fault_random_percent(random, 50)) rc = change_some(txn, all, 2);
  } else {
    rc = change_some(txn, model_bits, 5);
    if (rc == MEDLEY_OK && txn->kind == WITH_SAVEPOINT) rc = run_savepoint(txn, model_bits);
    if (rc == MEDLEY_OK && txn->kind == WITH_SAVEPOINT) rc = change_some(txn, model_bits, 2);
  }
  return rc == MEDLEY_OK ? tick_touched(txn) : rc;
}

static int run_exec(transaction *txn) {
  medley_session *session = txn->turn.session;
  uint32_t last = txn->workload->model_count - 1;
  txn->turn.queued = true;
  int rc = session == NULL ? MEDLEY_OK : fault_redis(session, NULL, "MULTI", (char *)NULL);
  if (rc == MEDLEY_OK) rc = change_some(txn, 1u << last, 4);
  if (rc == MEDLEY_OK) rc = tick_touched(txn);
  if (session == NULL) return rc;
  keep_error(session, rc);
  if (rc != MEDLEY_OK) {
    (void)!fault_redis(session, NULL, "DISCARD", (char *)NULL);
    return rc;
  }
  rc = fault_redis(session, NULL, "EXEC", (char *)NULL);
  keep_error(session, rc);
  return rc;
}

static int run_explicit(transaction *txn) {
  medley_session *session = txn->turn.session;
  medley_mode mode = fault_random_percent(txn->turn.random, 25) ? MEDLEY_DEFER : MEDLEY_WRITE;
  int rc = session == NULL ? MEDLEY_OK : medley_begin(session, mode);
  keep_error(session, rc);
  if (rc != MEDLEY_OK) return rc;
  rc = run_body(txn);
  keep_error(session, rc);
  if (session == NULL) return rc;
  if (rc == MEDLEY_OK && txn->kind != ROLLED_BACK) {
    rc = medley_commit(session);
    keep_error(session, rc);
  } else if (medley_session_state(session) != MEDLEY_NO_TRANSACTION) {
    int rolled_back = medley_rollback(session);
    if (rc == MEDLEY_OK) rc = rolled_back;
  }
  return rc;
}

int fault_workload_run(const fault_workload *workload, medley_session *session, uint32_t worker, uint64_t number,
                       fault_state *state, bool *committed) {
  fault_random random = fault_random_of(workload->seed, worker + 100, number);
  fault_state copy = *state;
  transaction txn = {workload, {session, &random, worker, true, false}, number, &copy, PLAIN, {false}};
  int rc;
  fault_error_clear();
  txn.kind = choose_kind(workload, &random);
  if (txn.kind == TICK_ALONE) {
    txn.touched[fault_random_below(&random, workload->model_count)] = true;
    rc = tick_touched(&txn);
    keep_error(session, rc);
  } else if (txn.kind == EXEC) {
    rc = run_exec(&txn);
  } else {
    rc = run_explicit(&txn);
  }
  *committed = rc == MEDLEY_OK && txn.kind != ROLLED_BACK;
  if (*committed) *state = copy;
  return rc;
}

/* ---- The judge ---- */
static int read_ticks(const fault_workload *workload, medley_session *session, uint32_t worker, uint64_t *ticks) {
  int rc = MEDLEY_OK;
  for (uint32_t i = 0; rc == MEDLEY_OK && i < workload->model_count; i++) {
    rc = workload->models[i]->read_tick(session, worker, &ticks[i]);
  }
  return rc;
}

/* The newest candidate in which every model has the tick that was found. */
static bool find_candidate(const fault_workload *workload, const fault_candidates *candidates, const uint64_t *ticks,
                           size_t *chosen) {
  for (size_t i = candidates->count; i-- > 0;) {
    bool fits = true;
    for (uint32_t m = 0; m < workload->model_count; m++) fits = fits && candidates->states[i].ticks[m] == ticks[m];
    if (!fits) continue;
    *chosen = i;
    return true;
  }
  return false;
}

static void describe_ticks(const fault_workload *workload, const fault_candidates *candidates, uint32_t worker,
                           const uint64_t *ticks, char *why, size_t why_size) {
  fault_text text = {0};
  for (uint32_t m = 0; m < workload->model_count; m++) {
    fault_text_add(&text, " %s %llu", workload->models[m]->name, (unsigned long long)ticks[m]);
  }
  snprintf(why, why_size, "worker %u is in no state it ever was in:%s (candidates: number %llu to %llu)", worker,
           text.bytes, (unsigned long long)candidates->states[0].number,
           (unsigned long long)candidates->states[candidates->count - 1].number);
  fault_text_clear(&text);
}

static int compare_model(const fault_workload *workload, medley_session *session, uint32_t model, uint32_t worker,
                         const fault_state *state, char *why, size_t why_size) {
  const fault_model *compared = workload->models[model];
  fault_text expected = {0}, found = {0};
  compared->reference_dump(state->references[model], worker, &expected);
  int rc = compared->database_dump(session, worker, &found);
  if (rc != MEDLEY_OK) {
    snprintf(why, why_size, "%s of worker %u cannot be read: %s: %.200s", compared->name, worker,
             medley_status_name(rc), fault_error(session));
  } else if (!fault_text_equal(&expected, &found)) {
    char difference[256];
    fault_text_difference(&expected, &found, difference, sizeof difference);
    snprintf(why, why_size, "%s of worker %u after %llu: %s", compared->name, worker, (unsigned long long)state->number,
             difference);
    rc = FAULT_MISMATCH;
  }
  fault_text_clear(&expected);
  fault_text_clear(&found);
  return rc;
}

int fault_workload_judge_worker(const fault_workload *workload, medley_session *session,
                                const fault_candidates *candidates, uint32_t worker, size_t *chosen, char *why,
                                size_t why_size) {
  uint64_t ticks[FAULT_MODEL_COUNT_MAX] = {0};
  int rc = read_ticks(workload, session, worker, ticks);
  if (rc != MEDLEY_OK) {
    snprintf(why, why_size, "ticks of worker %u cannot be read: %s: %.200s", worker, medley_status_name(rc),
             fault_error(session));
    return rc;
  }
  if (!find_candidate(workload, candidates, ticks, chosen)) {
    describe_ticks(workload, candidates, worker, ticks, why, why_size);
    return FAULT_MISMATCH;
  }
  for (uint32_t m = 0; rc == MEDLEY_OK && m < workload->model_count; m++) {
    rc = compare_model(workload, session, m, worker, &candidates->states[*chosen], why, why_size);
  }
  return rc;
}

int fault_workload_judge(const fault_workload *workload, medley_session *session, const fault_candidates *candidates,
                         size_t *chosen, char *why, size_t why_size) {
  const fault_state *states[FAULT_WORKER_COUNT_MAX];
  int rc = medley_begin(session, MEDLEY_READ);
  if (rc != MEDLEY_OK) snprintf(why, why_size, "begin: %.200s", fault_error(session));
  for (uint32_t w = 0; rc == MEDLEY_OK && w < workload->worker_count; w++) {
    rc = fault_workload_judge_worker(workload, session, &candidates[w], w, &chosen[w], why, why_size);
    if (rc == MEDLEY_OK) states[w] = &candidates[w].states[chosen[w]];
  }
  if (rc == MEDLEY_OK) rc = fault_bank_judge(workload, session, states, why, why_size);
  if (medley_session_state(session) != MEDLEY_NO_TRANSACTION) medley_rollback(session);
  return rc;
}
