/* keyvalue_collections.c - tasks on one hash, one list and one sorted set of `scale` elements, in Redis commands.
 *
 * Commands go in groups of 16: a server gets them as one pipeline, an embedded peer runs its writes as one
 * transaction. Reads need no transaction. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/workload_keyvalue.h"

#define GROUP_SIZE 16
#define FILL_GROUP_SIZE 512
#define WORD_SIZE 40
#define WORD_COUNT_MAX 6
#define LIST_WINDOW 10
#define LIST_REACH 1000 /* reads stay that near to one of the ends, where lists are read */

static const char *const names[] = {"bench:hash", "bench:list", "bench:zset"};

typedef struct command_words {
  int count;
  const char *words[WORD_COUNT_MAX];
  size_t lens[WORD_COUNT_MAX];
  char bytes[WORD_COUNT_MAX][WORD_SIZE];
} command_words;

static void clear_words(command_words *command) { command->count = 0; }

static void add_word(command_words *command, const char *word) {
  command->words[command->count] = word;
  command->lens[command->count++] = strlen(word);
}

static void add_number(command_words *command, const char *prefix, int64_t number) {
  char *bytes = command->bytes[command->count];
  snprintf(bytes, WORD_SIZE, "%s%lld", prefix, (long long)number);
  add_word(command, bytes);
}

static int send_words(const med_kv *kv, void *connection, const command_words *command, int64_t *answers) {
  return kv->command(connection, command->count, command->words, command->lens, answers);
}

static int begin_group(const med_kv *kv, void *connection) { return kv->begin_batch ? kv->begin_batch(connection) : 0; }

static int end_group(const med_kv *kv, void *connection, int64_t *answers) {
  if (kv->flush(connection, answers) != 0) return -1;
  return kv->end_batch ? kv->end_batch(connection) : 0;
}

/* ---- Filling ---- */

static void fill_command(command_words *command, int kind, const char *name, uint64_t element) {
  int64_t value = (int64_t)(med_dice_mix(element) >> 40);
  clear_words(command);
  add_word(command, kind == MED_KEYVALUE_HASH ? "HSET" : kind == MED_KEYVALUE_LIST ? "RPUSH" : "ZADD");
  add_word(command, name);
  if (kind == MED_KEYVALUE_SORTED_SET) add_number(command, "", value);
  if (kind != MED_KEYVALUE_LIST) add_number(command, "element", (int64_t)element);
  if (kind != MED_KEYVALUE_SORTED_SET) add_number(command, "value", value);
}

static int fill(const med_contestant *contestant, int kind, const char *name) {
  const med_kv *kv = contestant->peer->kv;
  const med_keyvalue *state = contestant->state;
  command_words command;
  int64_t answers = 0;
  int status = 0;
  for (uint64_t element = 0; element < contestant->place.scale && status == 0; element++) {
    if (element % FILL_GROUP_SIZE == 0) status = begin_group(kv, state->connection);
    fill_command(&command, kind, name, element);
    if (status == 0) status = send_words(kv, state->connection, &command, &answers);
    int ends = element % FILL_GROUP_SIZE == FILL_GROUP_SIZE - 1 || element == contestant->place.scale - 1;
    if (status == 0 && ends) status = end_group(kv, state->connection, &answers);
  }
  return status;
}

static int fill_all(med_contestant *contestant) {
  med_keyvalue *state = contestant->state;
  int status = 0;
  if (state->has_collections) return 0;
  state->has_collections = 1;
  for (int kind = 0; kind < 3 && status == 0; kind++) status = fill(contestant, kind, names[kind]);
  return status;
}

/* ---- Reading and writing ---- */

static void read_command(command_words *command, int kind, uint64_t scale, med_dice *dice) {
  int64_t element = (int64_t)med_dice_below(dice, scale);
  clear_words(command);
  add_word(command, kind == MED_KEYVALUE_HASH ? "HGET" : kind == MED_KEYVALUE_LIST ? "LRANGE" : "ZSCORE");
  add_word(command, names[kind]);
  if (kind == MED_KEYVALUE_LIST) {
    int64_t from = element % LIST_REACH;
    if (med_dice_chance(dice, 500)) from = -from - LIST_WINDOW;
    add_number(command, "", from);
    add_number(command, "", from + LIST_WINDOW - 1);
  } else {
    add_number(command, "element", element);
  }
}

static void write_command(command_words *command, int kind, uint64_t scale, uint64_t number, med_dice *dice) {
  int64_t element = (int64_t)med_dice_below(dice, scale);
  clear_words(command);
  if (kind == MED_KEYVALUE_LIST) {
    add_word(command, number % 2 == 0 ? "RPUSH" : "LPOP");
    add_word(command, names[kind]);
    if (number % 2 == 0) add_number(command, "value", element);
    return;
  }
  add_word(command, kind == MED_KEYVALUE_HASH ? "HSET" : "ZINCRBY");
  add_word(command, names[kind]);
  if (kind == MED_KEYVALUE_SORTED_SET) add_number(command, "", element % 100 + 1);
  add_number(command, "element", element);
  if (kind == MED_KEYVALUE_HASH) add_number(command, "value", element * 2);
}

static int operate(med_contestant *contestant, const med_task *task, const med_order *order, int writes,
                   int64_t *answers) {
  const med_kv *kv = contestant->peer->kv;
  const med_keyvalue *state = contestant->state;
  command_words command;
  int status = 0;
  for (uint64_t number = 0; number < order->operation_count && status == 0; number++) {
    med_dice dice;
    med_dice_init(&dice, order->round_seed, 400, number);
    if (writes && number % GROUP_SIZE == 0) status = begin_group(kv, state->connection);
    if (writes)
      write_command(&command, task->parameter, contestant->place.scale, number, &dice);
    else
      read_command(&command, task->parameter, contestant->place.scale, &dice);
    if (status == 0) status = send_words(kv, state->connection, &command, answers);
    int ends = number % GROUP_SIZE == GROUP_SIZE - 1 || number == order->operation_count - 1;
    if (status == 0 && ends) {
      status = writes ? end_group(kv, state->connection, answers) : kv->flush(state->connection, answers);
    }
  }
  return status;
}

static int run(med_contestant *contestant, const med_task *task, const med_order *order, int writes,
               med_sample *sample) {
  med_usage before;
  int64_t answers = 0;
  if (!contestant->peer->kv->command) return MED_SAMPLE_ABSENT;
  int status = fill_all(contestant);
  med_sample_start(&before, contestant->server);
  if (status == 0) status = operate(contestant, task, order, writes, &answers);
  med_sample_stop(sample, &before, contestant->server);
  sample->operation_count = order->operation_count;
  sample->answer = (uint64_t)answers;
  return status == 0 ? 0 : med_sample_fail(sample, med_peer_failure());
}

int med_keyvalue_collection_read(med_contestant *contestant, const med_task *task, const med_order *order,
                                 med_sample *sample) {
  return run(contestant, task, order, 0, sample);
}

int med_keyvalue_collection_write(med_contestant *contestant, const med_task *task, const med_order *order,
                                  med_sample *sample) {
  return run(contestant, task, order, 1, sample);
}

int med_keyvalue_collection_delete(med_contestant *contestant, const med_task *task, const med_order *order,
                                   med_sample *sample) {
  static const char name[] = "bench:doomed";
  const med_kv *kv = contestant->peer->kv;
  const med_keyvalue *state = contestant->state;
  command_words command;
  med_usage before;
  int64_t answers = 0;
  (void)order;
  if (!kv->command) return MED_SAMPLE_ABSENT;
  int status = fill(contestant, task->parameter, name);
  clear_words(&command);
  add_word(&command, "DEL");
  add_word(&command, name);
  med_sample_start(&before, contestant->server);
  if (status == 0) status = send_words(kv, state->connection, &command, &answers);
  if (status == 0) status = kv->flush(state->connection, &answers);
  med_sample_stop(sample, &before, contestant->server);
  med_histogram_record(&sample->latency, sample->wall_ns);
  sample->operation_count = 1;
  sample->answer = (uint64_t)answers;
  return status == 0 ? 0 : med_sample_fail(sample, med_peer_failure());
}
