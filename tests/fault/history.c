/* history.c - transactions over lists and accounts that live in different models, and a checker of what they saw.
 *
 * First the checker itself: histories with one planted anomaly of each kind, which it must name, and one without. Then the
 * workload over the public interface: threads in several processes, some of which are killed on the way. Then real histories
 * with a planted change, so that it is seen that the checker looks at them too.
 *
 * history [transactions]; MEDLEY_TEST_SEED repeats the choices (not the timing), MEDLEY_TEST_LONG=1 runs ten times as many. */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "tests/fault/history_workload.h"
#include "tests/fault/random.h"
#include "tests/fault/scratch.h"

enum { TRANSACTIONS = 200000, LONG_FACTOR = 10, PROCESSES = 2, THREADS = 4, KILLS = 50 };

static unsigned passed, failed;

static void expect(bool good, const char *what) {
  if (good)
    passed++;
  else
    failed++;
  if (!good) printf("FAILED: %s\n", what);
}

/* ---- Planted anomalies ---- */
enum { OPS = 5, TXNS = 5, LIST = 4, KEYS = 3 };
#define A(key, value) \
  { HISTORY_APPEND, key, value, NULL, 0 }
#define R(key, ...)                                                       \
  {                                                                       \
    HISTORY_READ, key, 0, (const uint32_t[]){0, __VA_ARGS__} + 1,         \
        sizeof((const uint32_t[]){0, __VA_ARGS__}) / sizeof(uint32_t) - 1 \
  }
#define NOTHING(key) \
  { HISTORY_READ, key, 0, (const uint32_t[]){0}, 0 }
#define ASKED(key) \
  { HISTORY_ASKED, key, 0, NULL, 0 }
#define T(begin, end, status, count, ...)                                     \
  {                                                                           \
    begin, end, HISTORY_##status, count, (const history_op[]) { __VA_ARGS__ } \
  }

typedef struct planted {
  const char *name;
  history_anomaly anomaly; /* ANOMALY_COUNT: none */
  uint32_t txn_count;
  history_txn txns[TXNS];
} planted;

/* The last transaction of each reads everything. */
static const planted plants[] = {
    {"a good history",
     ANOMALY_COUNT,
     5,
     {T(1, 4, OK, 2, A(0, 1), A(1, 2)), T(3, 6, OK, 3, R(0, 1), A(0, 3), R(0, 1, 3)), T(2, 5, FAILED, 1, A(1, 4)),
      T(7, 0, UNKNOWN, 1, A(1, 5)), T(20, 21, OK, 2, R(0, 1, 3), R(1, 2, 5))}},
    {"an unknown outcome that was none",
     ANOMALY_COUNT,
     2,
     {T(1, 0, UNKNOWN, 1, A(0, 1)), T(20, 21, OK, 1, NOTHING(0))}},
    {"an unknown outcome that was one, with a read that nobody saw",
     ANOMALY_COUNT,
     3,
     {T(1, 9, OK, 2, NOTHING(0), A(0, 1)), T(1, 0, UNKNOWN, 2, ASKED(0), A(0, 2)), T(20, 21, OK, 1, R(0, 1, 2))}},
    {"a lost update by an unknown outcome",
     ANOMALY_LOST_UPDATE,
     3,
     {T(1, 9, OK, 2, NOTHING(0), A(0, 1)), T(1, 0, UNKNOWN, 2, NOTHING(0), A(0, 2)), T(20, 21, OK, 1, R(0, 1, 2))}},
    {"read skew of an unknown outcome",
     ANOMALY_G_SINGLE,
     3,
     {T(1, 0, UNKNOWN, 3, NOTHING(0), R(1, 2), A(2, 3)), T(1, 9, OK, 2, A(0, 1), A(1, 2)),
      T(20, 21, OK, 3, R(0, 1), R(1, 2), R(2, 3))}},
    {"writes in two orders",
     ANOMALY_G0,
     3,
     {T(1, 9, OK, 2, A(0, 1), A(1, 2)), T(1, 9, OK, 2, A(0, 3), A(1, 4)), T(20, 21, OK, 2, R(0, 1, 3), R(1, 4, 2))}},
    {"a read of what was rolled back",
     ANOMALY_G1A,
     3,
     {T(1, 9, FAILED, 1, A(0, 1)), T(1, 9, OK, 1, R(0, 1)), T(20, 21, OK, 1, R(0, 1))}},
    {"a read of an intermediate state",
     ANOMALY_G1B,
     3,
     {T(1, 9, OK, 2, A(0, 1), A(0, 2)), T(1, 9, OK, 1, R(0, 1)), T(20, 21, OK, 1, R(0, 1, 2))}},
    {"two that read each other",
     ANOMALY_G1C,
     3,
     {T(1, 9, OK, 2, A(0, 1), R(1, 2)), T(1, 9, OK, 2, A(1, 2), R(0, 1)), T(20, 21, OK, 2, R(0, 1), R(1, 2))}},
    {"read skew",
     ANOMALY_G_SINGLE,
     3,
     {T(1, 9, OK, 2, NOTHING(0), R(1, 2)), T(1, 9, OK, 2, A(0, 1), A(1, 2)), T(20, 21, OK, 2, R(0, 1), R(1, 2))}},
    {"write skew",
     ANOMALY_G2,
     3,
     {T(1, 9, OK, 2, NOTHING(0), A(1, 2)), T(1, 9, OK, 2, NOTHING(1), A(0, 1)), T(20, 21, OK, 2, R(0, 1), R(1, 2))}},
    {"a lost update",
     ANOMALY_LOST_UPDATE,
     3,
     {T(1, 9, OK, 2, NOTHING(0), A(0, 1)), T(1, 9, OK, 2, NOTHING(0), A(0, 2)), T(20, 21, OK, 1, R(0, 1, 2))}},
    {"a reader of an old snapshot",
     ANOMALY_REAL_TIME,
     3,
     {T(1, 2, OK, 1, A(0, 1)), T(3, 4, OK, 1, NOTHING(0)), T(20, 21, OK, 1, R(0, 1))}},
    {"a writer put before one that had ended",
     ANOMALY_REAL_TIME,
     3,
     {T(1, 2, OK, 1, A(0, 1)), T(3, 4, OK, 1, A(0, 2)), T(20, 21, OK, 1, R(0, 2, 1))}},
    {"an unknown outcome seen, then not",
     ANOMALY_REAL_TIME,
     4,
     {T(1, 0, UNKNOWN, 1, A(0, 1)), T(5, 6, OK, 1, R(0, 1)), T(7, 8, OK, 1, NOTHING(0)), T(20, 21, OK, 1, R(0, 1))}},
    {"a write that is gone", ANOMALY_LOST_WRITE, 2, {T(1, 9, OK, 1, A(0, 1)), T(20, 21, OK, 1, NOTHING(0))}},
    {"a transaction blind to its own write",
     ANOMALY_INTERNAL,
     2,
     {T(1, 9, OK, 2, A(0, 1), NOTHING(0)), T(20, 21, OK, 1, R(0, 1))}},
    {"two reads of one snapshot that differ",
     ANOMALY_INTERNAL,
     3,
     {T(1, 9, OK, 1, A(0, 1)), T(1, 9, OK, 2, NOTHING(0), R(0, 1)), T(20, 21, OK, 1, R(0, 1))}},
    {"reads that are no prefixes",
     ANOMALY_ORDER,
     4,
     {T(1, 9, OK, 1, A(0, 1)), T(1, 9, OK, 1, A(0, 2)), T(1, 10, OK, 1, R(0, 2)), T(20, 21, OK, 1, R(0, 1, 2))}},
    {"a value from nowhere", ANOMALY_ORDER, 1, {T(20, 21, OK, 1, R(0, 7))}},
    {"a value twice", ANOMALY_ORDER, 2, {T(1, 2, OK, 1, A(0, 1)), T(20, 21, OK, 1, R(0, 1, 1))}},
};

static void check_plants(void) {
  for (size_t i = 0; i < sizeof plants / sizeof *plants; i++) {
    const planted *p = &plants[i];
    history_report report;
    uint64_t found = history_check(p->txns, p->txn_count, KEYS, &report, NULL);
    bool right = p->anomaly == ANOMALY_COUNT ? found == 0 : report.counts[p->anomaly] > 0;
    if (!right)
      for (int a = 0; a < ANOMALY_COUNT; a++)
        printf("  %s: %llu\n", history_anomaly_name((history_anomaly)a), (unsigned long long)report.counts[a]);
    expect(right, p->name);
  }
}

/* ---- Changes to a real history ---- */
/* A committed read with at least two values that is not the last one of its key. */
static history_op *some_read(history_result *result, fault_random *random) {
  for (int tries = 0; tries < 1000000; tries++) {
    history_txn *txn = &result->txns[fault_random_below(random, result->txn_count)];
    if (txn->status != HISTORY_OK || txn->op_count == 0) continue;
    history_op *op = &result->ops[(txn->ops - result->ops) + fault_random_below(random, txn->op_count)];
    if (op->kind == HISTORY_READ && op->list_len >= 2) return op;
  }
  return NULL;
}

static void check_changed(history_result *result, uint64_t seed, const char *what, unsigned kind) {
  fault_random random = fault_random_of(seed, 99, kind);
  history_report report;
  unsigned caught = 0;
  for (unsigned i = 0; i < 5; i++) {
    history_op *op = some_read(result, &random);
    if (op == NULL) break;
    history_op kept = *op;
    uint32_t list[4096];
    if (op->list_len > 4095) continue;
    memcpy(list, op->list, op->list_len * sizeof *list);
    op->list = list;
    if (kind == 0) op->list_len--; /* an older state than the transaction could have seen */
    if (kind == 1) list[op->list_len - 1] ^= 0x800000;
    if (kind == 2) {
      list[0] = kept.list[1];
      list[1] = kept.list[0];
    }
    caught += history_check(result->txns, result->txn_count, result->key_count, &report, NULL) > 0;
    *op = kept;
  }
  printf("%s: %u of 5 noticed\n", what, caught);
  /* One value less may still be a possible history: a reader beside the writer. */
  expect(kind == 0 ? caught >= 1 : caught == 5, what);
}

/* ---- The run ---- */
static void report_run(const history_result *r, const history_report *report) {
  printf(
      "%llu committed, %llu given up, %llu unknown (%llu of them happened), %llu dependencies, %u keys; writes by SQL "
      "row %llu, "
      "list %llu, string %llu, hash field %llu, wide-column list %llu, wide-column rows %llu; %llu through MULTI; %llu "
      "lock conflicts; %llu "
      "kills; %llu sums of "
      "accounts\n",
      (unsigned long long)report->committed, (unsigned long long)report->failed, (unsigned long long)report->unknown,
      (unsigned long long)report->unknown_seen, (unsigned long long)report->edges, r->key_count,
      (unsigned long long)r->by_sql, (unsigned long long)r->by_list, (unsigned long long)r->by_string,
      (unsigned long long)r->by_hash, (unsigned long long)r->by_wide, (unsigned long long)r->by_rows,
      (unsigned long long)r->multi, (unsigned long long)r->conflicts, (unsigned long long)r->kills,
      (unsigned long long)r->bank_reads);
  for (int a = 0; a < ANOMALY_COUNT; a++) {
    if (report->counts[a] > 0)
      printf("%s: %llu\n", history_anomaly_name((history_anomaly)a), (unsigned long long)report->counts[a]);
    expect(report->counts[a] == 0, history_anomaly_name((history_anomaly)a));
  }
}

static void run(uint64_t seed, uint32_t transactions) {
  char folder[FAULT_PATH_SIZE], path[FAULT_PATH_SIZE];
  fault_scratch_make(folder);
  fault_scratch_join(path, folder, "history.medley");
  history_settings settings = {path, seed, PROCESSES, THREADS, transactions, KILLS};
  history_result result;
  history_report report;
  history_run(&settings, &result);
  fault_scratch_remove(folder); /* what was seen lies in memory; judging it takes long */
  (void)history_check(result.txns, result.txn_count, result.key_count, &report, stdout);
  report_run(&result, &report);
  expect(report.committed > transactions / 4, "most transactions commit");
  expect(result.bank_reads > 0 && result.bank_wrong == 0, "the accounts add up in every snapshot");
  expect(result.surprises == 0, "no failure but lock conflicts");
  check_changed(&result, seed, "a read that misses its last value", 0);
  check_changed(&result, seed, "a read with a value from nowhere", 1);
  check_changed(&result, seed, "a read in another order", 2);
  free(result.txns);
  free(result.ops);
}

int main(int count, char **words) {
  const char *given = getenv("MEDLEY_TEST_SEED"), *is_long = getenv("MEDLEY_TEST_LONG");
  uint64_t seed = given != NULL ? strtoull(given, NULL, 0) : (uint64_t)time(NULL) * 1000003u + (uint64_t)getpid();
  uint32_t transactions = TRANSACTIONS * (is_long != NULL && *is_long == '1' ? LONG_FACTOR : 1);
  if (count > 1) transactions = (uint32_t)strtoul(words[1], NULL, 10);
  setvbuf(stdout, NULL, _IOLBF, 0);
  printf("history: MEDLEY_TEST_SEED=%llu\n", (unsigned long long)seed);
  check_plants();
  run(seed, transactions);
  printf("%u passed, %u failed\n", passed, failed);
  return failed != 0;
}
