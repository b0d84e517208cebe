/* workload_ycsb.c - the six core mixes of YCSB (Cooper et al., Benchmarking cloud serving systems with YCSB, 2010) over
 * records of 1,000 bytes: A 50 % updates, B 5 %, C none, D 5 % inserts and reads of what is new, E scans of up to 100
 * with 5 % inserts, F 50 % read-modify-write. Records are chosen by a Zipf distribution with exponent 0.99.
 *
 * Unlike YCSB: a record is one value, not ten fields, and one client runs each mix, so that answers can be compared. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/workload.h"

#define RECORD_SIZE 1000
#define KEY_SIZE 20
#define LOAD_BATCH 2000
#define SCAN_LENGTH_MAX 100
#define ZIPF_EXPONENT 0.99

typedef struct ycsb_state {
  void *db, *connection;
  uint64_t record_count; /* grows by inserts */
  double zeta, zeta_two; /* of the Zipf distribution over the first `scale` records */
} ycsb_state;

typedef struct ycsb_mix {
  int read_percent, update_percent, insert_percent, scan_percent; /* the rest is read-modify-write */
  int latest;                                                     /* reads prefer what was inserted last */
} ycsb_mix;

static const ycsb_mix mixes[] = {
    {.read_percent = 50, .update_percent = 50},
    {.read_percent = 95, .update_percent = 5},
    {.read_percent = 100},
    {.read_percent = 95, .insert_percent = 5, .latest = 1},
    {.insert_percent = 5, .scan_percent = 95},
    {.read_percent = 50},
};

/* Hashed, so that neighbours in popularity are not neighbours in the tree. */
static void make_key(uint64_t record, char *key) {
  char text[32];
  snprintf(text, sizeof text, "user%016llx", (unsigned long long)med_dice_mix(record));
  memcpy(key, text, KEY_SIZE);
}

static void make_record(uint64_t record, uint64_t version, char *value) {
  med_dice dice;
  med_dice_init(&dice, version, 500, record);
  for (int i = 0; i < RECORD_SIZE; i += 8) {
    uint64_t roll = (med_dice_roll(&dice) & UINT64_C(0x0f0f0f0f0f0f0f0f)) | UINT64_C(0x6060606060606060);
    memcpy(value + i, &roll, 8);
  }
}

/* ---- Zipf, by the method of Gray et al. (Quickly generating billion-record synthetic databases, 1994) ---- */

static double zeta_of(uint64_t count) {
  double sum = 0;
  for (uint64_t i = 1; i <= count; i++) sum += 1 / pow((double)i, ZIPF_EXPONENT);
  return sum;
}

static uint64_t zipf(const ycsb_state *state, uint64_t count, med_dice *dice) {
  double u = (double)(med_dice_roll(dice) >> 11) / (double)(UINT64_C(1) << 53);
  double at = u * state->zeta;
  if (at < 1) return 0;
  if (at < 1 + pow(0.5, ZIPF_EXPONENT)) return 1;
  double alpha = 1 / (1 - ZIPF_EXPONENT);
  double eta = (1 - pow(2 / (double)count, 1 - ZIPF_EXPONENT)) / (1 - state->zeta_two / state->zeta);
  uint64_t rank = (uint64_t)((double)count * pow(eta * u - eta + 1, alpha));
  return rank < count ? rank : count - 1;
}

/* ---- The load phase ---- */

static int can_run(const med_peer *peer) { return peer->kv && peer->kv->put && peer->kv->scan; }

static int put_record(const med_kv *kv, const ycsb_state *state, uint64_t record, uint64_t version) {
  char key[KEY_SIZE], value[RECORD_SIZE];
  make_key(record, key);
  make_record(record, version, value);
  return kv->put(state->connection, key, sizeof key, value, sizeof value);
}

static int open_workload(med_contestant *contestant) {
  const med_kv *kv = contestant->peer->kv;
  ycsb_state *state = calloc(1, sizeof *state);
  contestant->state = state;
  state->record_count = contestant->place.scale;
  state->zeta = zeta_of(state->record_count);
  state->zeta_two = zeta_of(2);
  int status = kv->open(&contestant->place, &state->db);
  if (status == 0) status = kv->connect(state->db, &state->connection);
  for (uint64_t record = 0; record < state->record_count && status == 0; record++) {
    if (record % LOAD_BATCH == 0) status = kv->begin_batch(state->connection);
    if (status == 0) status = put_record(kv, state, record, contestant->seed);
    int ends = record % LOAD_BATCH == LOAD_BATCH - 1 || record == state->record_count - 1;
    if (status == 0 && ends) status = kv->end_batch(state->connection);
  }
  return status == 0 && kv->loaded ? kv->loaded(state->db) : status;
}

static void close_workload(med_contestant *contestant) {
  const med_kv *kv = contestant->peer->kv;
  ycsb_state *state = contestant->state;
  if (state->connection) kv->disconnect(state->connection);
  if (state->db) kv->close(state->db);
  free(state);
  contestant->state = NULL;
}

/* ---- Running ---- */

static uint64_t choose(const ycsb_state *state, const ycsb_mix *mix, med_dice *dice) {
  uint64_t rank = zipf(state, state->record_count, dice);
  return mix->latest ? state->record_count - 1 - rank : rank;
}

static int read_record(const med_kv *kv, const ycsb_state *state, uint64_t record, uint64_t *answer) {
  char key[KEY_SIZE];
  const void *value;
  size_t len;
  uint64_t head = 0;
  make_key(record, key);
  int status = kv->get(state->connection, key, sizeof key, &value, &len);
  if (status != MED_KV_FOUND) return -1;
  memcpy(&head, value, len < sizeof head ? len : sizeof head);
  med_answer_add(answer, head + len);
  return 0;
}

static int operate(const med_kv *kv, ycsb_state *state, const ycsb_mix *mix, med_dice *dice, uint64_t *answer) {
  int draw = (int)med_dice_below(dice, 100);
  uint64_t version = med_dice_roll(dice);
  if ((draw -= mix->insert_percent) < 0) return put_record(kv, state, state->record_count++, version);
  uint64_t record = choose(state, mix, dice);
  if ((draw -= mix->read_percent) < 0) return read_record(kv, state, record, answer);
  if ((draw -= mix->update_percent) < 0) return put_record(kv, state, record, version);
  if ((draw -= mix->scan_percent) < 0) {
    char key[KEY_SIZE];
    uint64_t bytes = 0;
    make_key(record, key);
    int limit = 1 + (int)med_dice_below(dice, SCAN_LENGTH_MAX);
    int status = kv->scan(state->connection, key, sizeof key, limit, &bytes);
    *answer += bytes;
    return status;
  }
  int status = read_record(kv, state, record, answer);
  return status == 0 ? put_record(kv, state, record, version) : status;
}

static int run(med_contestant *contestant, const med_task *task, const med_order *order, med_sample *sample) {
  const med_kv *kv = contestant->peer->kv;
  ycsb_state *state = contestant->state;
  med_usage before;
  int status = 0;
  med_sample_start(&before, contestant->server);
  for (uint64_t number = 0; number < order->operation_count && status == 0; number++) {
    med_dice dice;
    med_dice_init(&dice, order->round_seed, 600, number);
    uint64_t started_ns = med_sample_now_ns();
    status = operate(kv, state, &mixes[task->parameter], &dice, &sample->answer);
    med_histogram_record(&sample->latency, med_sample_now_ns() - started_ns);
  }
  med_sample_stop(sample, &before, contestant->server);
  sample->operation_count = order->operation_count;
  return status == 0 ? 0 : med_sample_fail(sample, med_peer_failure());
}

/* clang-format off */
#define MIX(letter, words, index, ratio) \
  {.id = letter, .title = words, .unit = "operations", .clients = 1, .first_count = 100, .run = run, \
   .targets = {{"rocksdb", ratio}}, .parameter = index}
static const med_task tasks[] = {
    MIX("a", "YCSB A: 50 % reads, 50 % updates", 0, 0.7),
    MIX("b", "YCSB B: 95 % reads, 5 % updates", 1, 0.7),
    MIX("c", "YCSB C: reads", 2, 1.0),
    MIX("d", "YCSB D: 95 % reads of the latest, 5 % inserts", 3, 0.7),
    MIX("e", "YCSB E: 95 % scans, 5 % inserts", 4, 1.0),
    MIX("f", "YCSB F: 50 % reads, 50 % read-modify-write", 5, 0.7),
};
/* clang-format on */

const med_workload med_workload_ycsb = {
    .name = "ycsb",
    .summary = "YCSB's core mixes over 1,000-byte records",
    .scale_default = 100000,
    .scale_unit = "records",
    .can_run = can_run,
    .open = open_workload,
    .close = close_workload,
    .tasks = tasks,
    .task_count = sizeof tasks / sizeof tasks[0],
};
