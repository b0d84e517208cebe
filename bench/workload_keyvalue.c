/* workload_keyvalue.c - gets and puts of strings, in the durable store and in the cache. */
#include "bench/workload_keyvalue.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LOAD_BATCH 10000
#define CHECK_COUNT 64
#define GET_GRAIN 256

enum { GET_TYPED, GET_PREPARED, GET_CACHE }; /* a get task's parameter */
enum { PUT_DURABLE, PUT_CACHE };

void med_keyvalue_key(uint64_t number, char *key) {
  static const char digits[] = "0123456789abcdef";
  uint64_t mixed = med_dice_mix(number);
  for (int i = 0; i < MED_KEYVALUE_KEY_SIZE; i++) key[i] = digits[mixed >> (4 * i) & 15];
}

/* Half of it is random: what compresses by half is what such peers are usually measured with. */
void med_keyvalue_value(uint64_t number, uint64_t version, char *value) {
  med_dice dice;
  med_dice_init(&dice, version, 200, number);
  memset(value, 'x', MED_KEYVALUE_VALUE_SIZE);
  for (int i = 0; i < MED_KEYVALUE_VALUE_SIZE / 16 * 8; i += 8) {
    uint64_t roll = med_dice_roll(&dice);
    memcpy(value + i, &roll, sizeof roll);
  }
}

uint64_t med_keyvalue_fingerprint(const void *value, size_t len) {
  uint64_t head = 0;
  memcpy(&head, value, len < sizeof head ? len : sizeof head);
  return (head >> 8) + len;
}

/* ---- The load phase ---- */

typedef int (*put_function)(void *connection, const void *key, size_t key_len, const void *value, size_t value_len);

static int load(const med_contestant *contestant, put_function put, int in_batches) {
  const med_kv *kv = contestant->peer->kv;
  const med_keyvalue *state = contestant->state;
  char key[MED_KEYVALUE_KEY_SIZE], value[MED_KEYVALUE_VALUE_SIZE];
  int status = 0;
  in_batches = in_batches && kv->begin_batch;
  for (uint64_t number = 0; number < contestant->place.scale && status == 0; number++) {
    if (in_batches && number % LOAD_BATCH == 0) status = kv->begin_batch(state->connection);
    med_keyvalue_key(number, key);
    med_keyvalue_value(number, contestant->seed, value);
    if (status == 0) status = put(state->connection, key, sizeof key, value, sizeof value);
    int ends = number % LOAD_BATCH == LOAD_BATCH - 1 || number == contestant->place.scale - 1;
    if (status == 0 && in_batches && ends) status = kv->end_batch(state->connection);
  }
  return status;
}

static int can_run(const med_peer *peer) { return peer->kv != NULL; }

static int open_workload(med_contestant *contestant) {
  const med_kv *kv = contestant->peer->kv;
  med_keyvalue *state = calloc(1, sizeof *state);
  contestant->state = state;
  int status = kv->open(&contestant->place, &state->db);
  if (status == 0) status = kv->connect(state->db, &state->connection);
  if (status == 0 && kv->put) status = load(contestant, kv->put, 1);
  return status == 0 && kv->loaded ? kv->loaded(state->db) : status;
}

static void close_workload(med_contestant *contestant) {
  const med_kv *kv = contestant->peer->kv;
  med_keyvalue *state = contestant->state;
  if (state->connection) kv->disconnect(state->connection);
  if (state->db) kv->close(state->db);
  free(state);
  contestant->state = NULL;
}

/* ---- Clients ---- */

typedef int (*get_function)(void *connection, const void *key, size_t key_len, const void **value, size_t *value_len);

typedef struct client {
  const med_kv *kv;
  void *connection;
  get_function get;
  put_function put;
  uint64_t scale, version;
} client;

typedef struct crowd_facts {
  med_contestant *contestant;
  get_function get;
  put_function put;
  uint64_t version;
} crowd_facts;

static void leave(void *argument) {
  client *self = argument;
  if (self->connection) self->kv->disconnect(self->connection);
  free(self);
}

static int join(void *context, int index, void **out) {
  const crowd_facts *facts = context;
  const med_keyvalue *state = facts->contestant->state;
  client *self = calloc(1, sizeof *self);
  (void)index;
  *self = (client){.kv = facts->contestant->peer->kv,
                   .get = facts->get,
                   .put = facts->put,
                   .scale = facts->contestant->place.scale,
                   .version = facts->version};
  *out = self;
  return self->kv->connect(state->db, &self->connection);
}

static int operate_get(void *argument, uint64_t number, med_dice *dice, uint64_t *answer) {
  client *self = argument;
  char key[MED_KEYVALUE_KEY_SIZE];
  const void *value;
  size_t len;
  (void)number;
  med_keyvalue_key(med_dice_below(dice, self->scale), key);
  int status = self->get(self->connection, key, sizeof key, &value, &len);
  if (status == MED_KV_FOUND) *answer += med_keyvalue_fingerprint(value, len);
  return status < 0 ? -1 : 0;
}

/* Two clients never write different values to one key: the value is a function of the key and the round. */
static int operate_put(void *argument, uint64_t number, med_dice *dice, uint64_t *answer) {
  client *self = argument;
  char key[MED_KEYVALUE_KEY_SIZE], value[MED_KEYVALUE_VALUE_SIZE];
  (void)dice;
  (void)answer;
  uint64_t record = (self->version + number * UINT64_C(7919)) % self->scale;
  med_keyvalue_key(record, key);
  med_keyvalue_value(record, self->version, value);
  return self->put(self->connection, key, sizeof key, value, sizeof value);
}

static med_crowd make_crowd(med_contestant *contestant, const med_task *task, const med_order *order,
                            crowd_facts *facts) {
  return (med_crowd){.client_count = contestant->threads > 0 ? contestant->threads : task->clients,
                     .operation_count = order->operation_count,
                     .seed = order->round_seed,
                     .latency_stride = task->latency_stride,
                     .context = facts,
                     .join = join,
                     .leave = leave,
                     .server = contestant->server};
}

static int run(const med_crowd *crowd, med_sample *sample) {
  return med_crowd_run(crowd, sample) == 0 ? 0 : med_sample_fail(sample, med_peer_failure());
}

/* A cache may drop what was put into it; one that holds everything with room to spare must not, and the answers show. */
static int fill_cache(med_contestant *contestant) {
  med_keyvalue *state = contestant->state;
  if (state->has_cache) return 0;
  state->has_cache = 1;
  if (contestant->peer->kv->cache_open && contestant->peer->kv->cache_open(state->db) != 0) return -1;
  return load(contestant, contestant->peer->kv->cache_put, 0);
}

static int run_get(med_contestant *contestant, const med_task *task, const med_order *order, med_sample *sample) {
  const med_kv *kv = contestant->peer->kv;
  crowd_facts facts = {.contestant = contestant, .get = kv->get};
  if (task->parameter == GET_PREPARED && kv->get_prepared) facts.get = kv->get_prepared;
  if (task->parameter == GET_CACHE) facts.get = kv->cache_get;
  if (!facts.get) return MED_SAMPLE_ABSENT;
  if (task->parameter == GET_CACHE && fill_cache(contestant) != 0) return med_sample_fail(sample, med_peer_failure());
  med_crowd crowd = make_crowd(contestant, task, order, &facts);
  crowd.operate = operate_get;
  crowd.grain = GET_GRAIN;
  return run(&crowd, sample);
}

static int check_puts(med_contestant *contestant, const med_order *order, get_function get, med_sample *sample) {
  const med_keyvalue *state = contestant->state;
  for (uint64_t i = 0; i < CHECK_COUNT; i++) {
    med_dice dice;
    char key[MED_KEYVALUE_KEY_SIZE];
    const void *value;
    size_t len;
    med_dice_init(&dice, order->round_seed, 300, i);
    med_keyvalue_key(med_dice_below(&dice, contestant->place.scale), key);
    int status = get(state->connection, key, sizeof key, &value, &len);
    if (status < 0) return med_sample_fail(sample, med_peer_failure());
    if (status == MED_KV_FOUND) med_answer_add(&sample->answer, med_keyvalue_fingerprint(value, len) + i);
  }
  return 0;
}

static int run_put(med_contestant *contestant, const med_task *task, const med_order *order, med_sample *sample) {
  const med_kv *kv = contestant->peer->kv;
  int is_cache = task->parameter == PUT_CACHE;
  crowd_facts facts = {
      .contestant = contestant, .put = is_cache ? kv->cache_put : kv->put, .version = order->round_seed};
  if (!facts.put) return MED_SAMPLE_ABSENT;
  if (is_cache && fill_cache(contestant) != 0) return med_sample_fail(sample, med_peer_failure());
  med_crowd crowd = make_crowd(contestant, task, order, &facts);
  crowd.operate = operate_put;
  if (run(&crowd, sample) != 0) return -1;
  return check_puts(contestant, order, is_cache ? kv->cache_get : kv->get, sample);
}

/* clang-format off */
static const med_task tasks[] = {
    {.id = "get", .title = "random get, typed C call", .unit = "gets", .clients = 1, .first_count = 1000,
     .latency_stride = 32, .reads_only = 1, .run = run_get, .targets = {{"lmdb", 0.8}}, .parameter = GET_TYPED},
    {.id = "get-prepared", .title = "random get through the dispatcher, prepared", .unit = "gets", .clients = 1,
     .first_count = 1000, .latency_stride = 32, .reads_only = 1, .run = run_get, .targets = {{"lmdb", 0.4}},
     .parameter = GET_PREPARED},
    {.id = "get-2", .title = "random get, typed C call, 2 threads", .unit = "gets", .clients = 2, .first_count = 1000,
     .latency_stride = 32, .reads_only = 1, .run = run_get, .targets = {{"lmdb", 0.8}}, .parameter = GET_TYPED},
    {.id = "cache-get", .title = "get of a cache bucket, 2 clients", .unit = "gets", .clients = 2, .first_count = 200,
     .latency_stride = 16, .reads_only = 1, .run = run_get, .targets = {{"redis", 20}}, .parameter = GET_CACHE},
    {.id = "cache-put", .title = "set of a cache bucket, 2 clients", .unit = "sets", .clients = 2, .first_count = 200,
     .latency_stride = 16, .run = run_put, .targets = {{"redis", 5}}, .parameter = PUT_CACHE},
    {.id = "put-1", .title = "durable set, 1 client", .unit = "sets", .clients = 1, .first_count = 8,
     .latency_stride = 1, .run = run_put, .targets = {{"rocksdb", 0.9}, {"redis", 3}}, .parameter = PUT_DURABLE},
    {.id = "put-16", .title = "durable set, 16 clients", .unit = "sets", .clients = 16, .first_count = 500,
     .latency_stride = 1, .run = run_put, .targets = {{"rocksdb", 1.5}, {"redis", 3}}, .parameter = PUT_DURABLE},
    {.id = "hash-read", .title = "HGET of a large hash", .unit = "commands", .clients = 1, .first_count = 256,
     .reads_only = 1, .run = med_keyvalue_collection_read, .targets = {{"redis", 0.5}}, .parameter = MED_KEYVALUE_HASH},
    {.id = "list-read", .title = "LRANGE of 10 near the end of a large list", .unit = "commands", .clients = 1,
     .first_count = 256, .reads_only = 1, .run = med_keyvalue_collection_read, .targets = {{"redis", 0.5}},
     .parameter = MED_KEYVALUE_LIST},
    {.id = "zset-read", .title = "ZSCORE of a large sorted set", .unit = "commands", .clients = 1, .first_count = 256,
     .reads_only = 1, .run = med_keyvalue_collection_read, .targets = {{"redis", 0.5}}, .parameter = MED_KEYVALUE_SORTED_SET},
    {.id = "hash-write", .title = "HSET of a large hash, 16 at once", .unit = "commands", .clients = 1,
     .first_count = 256, .run = med_keyvalue_collection_write, .targets = {{"redis", 0.5}},
     .parameter = MED_KEYVALUE_HASH},
    {.id = "list-write", .title = "RPUSH and LPOP of a large list, 16 at once", .unit = "commands", .clients = 1,
     .first_count = 256, .run = med_keyvalue_collection_write, .targets = {{"redis", 0.5}},
     .parameter = MED_KEYVALUE_LIST},
    {.id = "zset-write", .title = "ZINCRBY of a large sorted set, 16 at once", .unit = "commands", .clients = 1,
     .first_count = 256, .run = med_keyvalue_collection_write, .targets = {{"redis", 0.5}},
     .parameter = MED_KEYVALUE_SORTED_SET},
    {.id = "collection-delete", .title = "DEL of a large hash", .unit = "deletes", .clients = 1,
     .run = med_keyvalue_collection_delete, .parameter = MED_KEYVALUE_HASH},
};
/* clang-format on */

const med_workload med_workload_keyvalue = {
    .name = "keyvalue",
    .summary = "gets and sets of strings, the cache, hashes, lists and sorted sets",
    .scale_default = 100000,
    .scale_unit = "keys",
    .can_run = can_run,
    .open = open_workload,
    .close = close_workload,
    .tasks = tasks,
    .task_count = sizeof tasks / sizeof tasks[0],
};
