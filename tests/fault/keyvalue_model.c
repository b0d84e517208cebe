/* keyvalue_model.c - strings (short and chunked), counters, hashes, lists, sets and sorted sets in bucket 0.
 *
 * Keys of worker 3 are "w03:h0", "w03:s1" ...: letter of the type, number. All are compared, unknown ones too. */
#include <inttypes.h>
#include <string.h>

#include "tests/fault/calls.h"
#include "tests/fault/model.h"

#define STRING_COUNT 4
#define PIECE_COUNT_MAX 4
#define PIECE_LEN_MAX 15000
#define COUNTER_COUNT 3
#define COLLECTION_COUNT 2
#define MEMBER_COUNT 12
#define LIST_LEN_MAX 40
#define KEY_SIZE 32
#define KEY_COUNT_MAX 64

typedef struct string_reference { /* what was SET and then APPENDed */
  uint32_t piece_count;
  uint32_t lens[PIECE_COUNT_MAX];
  uint64_t seeds[PIECE_COUNT_MAX];
} string_reference;

typedef struct list_reference {
  uint32_t count;
  int32_t items[LIST_LEN_MAX];
} list_reference;

typedef struct reference {
  uint64_t number;
  int64_t extra;
  string_reference strings[STRING_COUNT];
  bool counter_there[COUNTER_COUNT];
  int64_t counters[COUNTER_COUNT];
  uint32_t hash_there[COLLECTION_COUNT]; /* bit n: field n */
  int64_t fields[COLLECTION_COUNT][MEMBER_COUNT];
  list_reference lists[COLLECTION_COUNT];
  uint32_t set_there[COLLECTION_COUNT];
  uint32_t sorted_there[COLLECTION_COUNT];
  int32_t scores[COLLECTION_COUNT][MEMBER_COUNT];
} reference;
_Static_assert(sizeof(reference) <= FAULT_REFERENCE_SIZE_MAX, "the reference must fit");

static int create(medley_session *session, uint32_t worker_count) {
  (void)session;
  (void)worker_count;
  return MEDLEY_OK;
}

static void make_key(char key[KEY_SIZE], const fault_turn *turn, char type, uint32_t number) {
  snprintf(key, KEY_SIZE, "w%02u:%c%u", turn->worker, type, number);
}

static int change_string(fault_turn *turn, reference *known) {
  uint32_t number = fault_random_below(turn->random, STRING_COUNT);
  string_reference *string = &known->strings[number];
  uint32_t choice = fault_random_below(turn->random, 100);
  uint32_t len = 1 + fault_random_below(turn->random, fault_random_percent(turn->random, 15) ? PIECE_LEN_MAX : 80);
  uint64_t seed = fault_random_next(turn->random);
  char key[KEY_SIZE];
  make_key(key, turn, 's', number);
  if (choice < 15) {
    *string = (string_reference){0};
    return turn->session == NULL ? MEDLEY_OK : fault_redis(turn->session, NULL, "DEL", key, (char *)NULL);
  }
  bool append = choice < 45 && string->piece_count < PIECE_COUNT_MAX;
  if (!append) string->piece_count = 0;
  string->lens[string->piece_count] = len;
  string->seeds[string->piece_count++] = seed;
  if (turn->session == NULL) return MEDLEY_OK;
  uint8_t bytes[PIECE_LEN_MAX + 8];
  fault_model_fill(bytes, len, seed);
  int rc = fault_redis_bytes(turn->session, append ? "APPEND" : "SET", key, bytes, len);
  if (rc == MEDLEY_OK && choice > 90) {
    rc = fault_redis(turn->session, NULL, "EXPIRE", key, "2000000000", (char *)NULL);
  }
  return rc;
}

static int change_counter(fault_turn *turn, reference *known) {
  uint32_t number = fault_random_below(turn->random, COUNTER_COUNT);
  int32_t by = (int32_t)fault_random_below(turn->random, 2000) - 1000;
  char key[KEY_SIZE], amount[16];
  make_key(key, turn, 'c', number);
  snprintf(amount, sizeof amount, "%d", by);
  known->counter_there[number] = true;
  known->counters[number] += by;
  return turn->session == NULL ? MEDLEY_OK : fault_redis(turn->session, NULL, "INCRBY", key, amount, (char *)NULL);
}

static int change_hash(fault_turn *turn, reference *known) {
  uint32_t number = fault_random_below(turn->random, COLLECTION_COUNT);
  uint32_t member = fault_random_below(turn->random, MEMBER_COUNT);
  uint32_t choice = fault_random_below(turn->random, 100);
  int32_t value = (int32_t)fault_random_below(turn->random, 2000) - 1000;
  char key[KEY_SIZE], field[16], amount[16];
  make_key(key, turn, 'h', number);
  snprintf(field, sizeof field, "f%02u", member);
  snprintf(amount, sizeof amount, "%d", value);
  bool there = (known->hash_there[number] >> member & 1) != 0;
  known->hash_there[number] |= 1u << member;
  if (choice < 40) {
    known->fields[number][member] = value;
    if (turn->session == NULL) return MEDLEY_OK;
    return fault_redis(turn->session, NULL, "HSET", key, field, amount, (char *)NULL);
  }
  if (choice < 75) {
    known->fields[number][member] = (there ? known->fields[number][member] : 0) + value;
    if (turn->session == NULL) return MEDLEY_OK;
    return fault_redis(turn->session, NULL, "HINCRBY", key, field, amount, (char *)NULL);
  }
  known->hash_there[number] = choice < 95 ? known->hash_there[number] & ~(1u << member) : 0;
  if (turn->session == NULL) return MEDLEY_OK;
  if (choice < 95) return fault_redis(turn->session, NULL, "HDEL", key, field, (char *)NULL);
  return fault_redis(turn->session, NULL, "DEL", key, (char *)NULL);
}

static void list_insert(list_reference *list, uint32_t at, int32_t item) {
  memmove(list->items + at + 1, list->items + at, (list->count - at) * sizeof *list->items);
  list->items[at] = item;
  list->count++;
}

static void list_remove(list_reference *list, uint32_t at) {
  list->count--;
  memmove(list->items + at, list->items + at + 1, (list->count - at) * sizeof *list->items);
}

static int change_list(fault_turn *turn, reference *known) {
  uint32_t number = fault_random_below(turn->random, COLLECTION_COUNT);
  list_reference *list = &known->lists[number];
  uint32_t choice = fault_random_below(turn->random, 100);
  int32_t item = (int32_t)fault_random_below(turn->random, 100000);
  uint32_t at = list->count > 0 ? fault_random_below(turn->random, list->count) : 0;
  char key[KEY_SIZE], text[16], index[16];
  make_key(key, turn, 'l', number);
  snprintf(text, sizeof text, "%d", item);
  snprintf(index, sizeof index, "%u", at);
  if (choice < 55 && list->count < LIST_LEN_MAX) {
    bool left = choice % 2 == 0;
    list_insert(list, left ? 0 : list->count, item);
    if (turn->session == NULL) return MEDLEY_OK;
    return fault_redis(turn->session, NULL, left ? "LPUSH" : "RPUSH", key, text, (char *)NULL);
  }
  if (list->count == 0) return MEDLEY_OK;
  if (choice < 70) {
    list->items[at] = item;
    if (turn->session == NULL) return MEDLEY_OK;
    return fault_redis(turn->session, NULL, "LSET", key, index, text, (char *)NULL);
  }
  if (choice < 80) {
    memmove(list->items, list->items + at, (list->count - at) * sizeof *list->items);
    list->count -= at;
    if (turn->session == NULL) return MEDLEY_OK;
    return fault_redis(turn->session, NULL, "LTRIM", key, index, "-1", (char *)NULL);
  }
  list_remove(list, choice % 2 == 0 ? 0 : list->count - 1);
  if (turn->session == NULL) return MEDLEY_OK;
  return fault_redis(turn->session, NULL, choice % 2 == 0 ? "LPOP" : "RPOP", key, (char *)NULL);
}

static int change_set(fault_turn *turn, reference *known) {
  uint32_t number = fault_random_below(turn->random, COLLECTION_COUNT);
  uint32_t first = fault_random_below(turn->random, MEMBER_COUNT);
  uint32_t second = fault_random_below(turn->random, MEMBER_COUNT);
  bool add = fault_random_percent(turn->random, 65);
  uint32_t bits = 1u << first | 1u << second;
  char key[KEY_SIZE], a[16], b[16];
  make_key(key, turn, 't', number);
  snprintf(a, sizeof a, "m%02u", first);
  snprintf(b, sizeof b, "m%02u", second);
  known->set_there[number] = add ? known->set_there[number] | bits : known->set_there[number] & ~bits;
  if (turn->session == NULL) return MEDLEY_OK;
  return fault_redis(turn->session, NULL, add ? "SADD" : "SREM", key, a, b, (char *)NULL);
}

static int change_sorted(fault_turn *turn, reference *known) {
  uint32_t number = fault_random_below(turn->random, COLLECTION_COUNT);
  uint32_t member = fault_random_below(turn->random, MEMBER_COUNT);
  uint32_t choice = fault_random_below(turn->random, 100);
  int32_t value = (int32_t)fault_random_below(turn->random, 200) - 100;
  char key[KEY_SIZE], name[16], score[16];
  make_key(key, turn, 'z', number);
  snprintf(name, sizeof name, "m%02u", member);
  snprintf(score, sizeof score, "%d", value);
  bool there = (known->sorted_there[number] >> member & 1) != 0;
  if (choice >= 80) {
    known->sorted_there[number] &= ~(1u << member);
    if (turn->session == NULL) return MEDLEY_OK;
    return fault_redis(turn->session, NULL, "ZREM", key, name, (char *)NULL);
  }
  known->sorted_there[number] |= 1u << member;
  known->scores[number][member] = (choice >= 45 && there ? known->scores[number][member] : 0) + value;
  if (turn->session == NULL) return MEDLEY_OK;
  return fault_redis(turn->session, NULL, choice < 45 ? "ZADD" : "ZINCRBY", key, score, name, (char *)NULL);
}

/* A command against a key of another type must fail and change nothing. */
static int fail_command(fault_turn *turn) {
  char key[KEY_SIZE];
  if (turn->session == NULL || turn->queued) return MEDLEY_OK;
  snprintf(key, sizeof key, "w%02u:p", turn->worker); /* the tick's hash */
  int rc = fault_redis(turn->session, NULL, "RPUSH", key, "1", "2", (char *)NULL);
  if (rc == MEDLEY_TYPE) return MEDLEY_OK;
  if (rc != MEDLEY_OK) return rc;
  /* Before the first tick the key is free, and the command was right: take it back. */
  return fault_redis(turn->session, NULL, "DEL", key, (char *)NULL);
}

static int change(fault_turn *turn, void *reference_bytes) {
  reference *known = reference_bytes;
  uint32_t choice = fault_random_below(turn->random, 100);
  if (choice < 22) return change_string(turn, known);
  if (choice < 34) return change_counter(turn, known);
  if (choice < 52) return change_hash(turn, known);
  if (choice < 66) return change_list(turn, known);
  if (choice < 80) return change_set(turn, known);
  if (choice < 95) return change_sorted(turn, known);
  return turn->may_fail ? fail_command(turn) : MEDLEY_OK;
}

static int tick(fault_turn *turn, void *reference_bytes, uint64_t number) {
  reference *known = reference_bytes;
  char key[KEY_SIZE], text[24], extra[24];
  known->number = number;
  known->extra = fault_random_below(turn->random, 1u << 30);
  if (turn->session == NULL) return MEDLEY_OK;
  snprintf(key, sizeof key, "w%02u:p", turn->worker);
  snprintf(text, sizeof text, "%" PRIu64, number);
  snprintf(extra, sizeof extra, "%" PRId64, known->extra);
  return fault_redis(turn->session, NULL, "HSET", key, "number", text, "extra", extra, (char *)NULL);
}

static int read_tick(medley_session *session, uint32_t worker, uint64_t *number) {
  const medley_value *reply = NULL;
  char key[KEY_SIZE], text[32] = "";
  snprintf(key, sizeof key, "w%02u:p", worker);
  int rc = fault_redis(session, &reply, "HGET", key, "number", (char *)NULL);
  *number = 0;
  if (rc == MEDLEY_OK && reply->type == MEDLEY_TYPE_TEXT && reply->as.text.len < sizeof text) {
    memcpy(text, reply->as.text.bytes, reply->as.text.len);
    *number = strtoull(text, NULL, 10);
  }
  return rc;
}

/* ---- What the database holds ---- */
typedef struct key_list {
  char keys[KEY_COUNT_MAX][KEY_SIZE];
  uint32_t count;
  char prefix[8];
} key_list;

static int note_key(void *context, medley_slice key, const medley_slice *value) {
  key_list *list = context;
  size_t prefix_len = strlen(list->prefix);
  (void)value;
  if (key.len < prefix_len || memcmp(key.bytes, list->prefix, prefix_len) != 0) return 1;
  if (key.len >= KEY_SIZE || list->count == KEY_COUNT_MAX) return 1;
  memcpy(list->keys[list->count], key.bytes, key.len);
  list->keys[list->count++][key.len] = 0;
  return 0;
}

static int compare_values(const void *a, const void *b) {
  const medley_value *x = a, *y = b;
  size_t len = x->as.text.len < y->as.text.len ? x->as.text.len : y->as.text.len;
  int order = memcmp(x->as.text.bytes, y->as.text.bytes, len);
  return order != 0 ? order : (x->as.text.len > y->as.text.len) - (x->as.text.len < y->as.text.len);
}

static void add_value(fault_text *text, const medley_value *value) {
  if (value->type == MEDLEY_TYPE_INTEGER) {
    fault_text_add(text, " %" PRId64, value->as.integer);
  } else if (value->type == MEDLEY_TYPE_TEXT || value->type == MEDLEY_TYPE_STATUS || value->type == MEDLEY_TYPE_BLOB) {
    fault_text_add(text, " %.*s", (int)value->as.text.len, value->as.text.bytes);
  } else {
    fault_text_add(text, " (type %d)", (int)value->type);
  }
}

/* A reply of names, or of pairs of name and value, in order of the names unless `ordered`. */
static void add_list(fault_text *text, const medley_value *reply, size_t width, bool ordered) {
  medley_value pairs[256];
  size_t count = reply->type == MEDLEY_TYPE_LIST ? reply->as.list.count : 0;
  if (reply->type == MEDLEY_TYPE_MAP) {
    count = reply->as.map.count * 2;
    for (size_t i = 0; i < count && i < 256; i++) {
      pairs[i] = i % 2 == 0 ? reply->as.map.keys[i / 2] : reply->as.map.values[i / 2];
    }
  } else {
    for (size_t i = 0; i < count && i < 256; i++) pairs[i] = reply->as.list.items[i];
  }
  if (count > 256) count = 256;
  if (!ordered) qsort(pairs, count / width, width * sizeof *pairs, compare_values);
  for (size_t i = 0; i < count; i++) add_value(text, &pairs[i]);
}

static int dump_key(medley_session *session, const char *key, fault_text *text) {
  const medley_value *reply = NULL;
  int rc;
  fault_text_add(text, "%s", key + 4);
  switch (key[4]) {
    case 's':
    case 'c':
      rc = fault_redis(session, &reply, "GET", key, (char *)NULL);
      if (rc != MEDLEY_OK) return rc;
      if (key[4] == 'c' || reply->type != MEDLEY_TYPE_TEXT) {
        add_value(text, reply);
      } else {
        fault_text_add(text, " %zu:%016" PRIx64, reply->as.text.len,
                       fault_text_hash(reply->as.text.bytes, reply->as.text.len));
      }
      break;
    case 'h':
    case 'p':
      rc = fault_redis(session, &reply, "HGETALL", key, (char *)NULL);
      if (rc == MEDLEY_OK) add_list(text, reply, 2, false);
      break;
    case 'l':
      rc = fault_redis(session, &reply, "LRANGE", key, "0", "-1", (char *)NULL);
      if (rc == MEDLEY_OK) add_list(text, reply, 1, true);
      break;
    case 't':
      rc = fault_redis(session, &reply, "SMEMBERS", key, (char *)NULL);
      if (rc == MEDLEY_OK) add_list(text, reply, 1, false);
      break;
    default:
      rc = fault_redis(session, &reply, "ZRANGE", key, "0", "-1", "WITHSCORES", (char *)NULL);
      if (rc == MEDLEY_OK) add_list(text, reply, 2, false);
      break;
  }
  fault_text_add(text, "\n");
  return rc;
}

static int database_dump(medley_session *session, uint32_t worker, fault_text *text) {
  key_list list = {.count = 0};
  snprintf(list.prefix, sizeof list.prefix, "w%02u:", worker);
  int rc = medley_kv_each(session, "0", list.prefix, strlen(list.prefix), note_key, &list);
  for (uint32_t i = 0; rc == MEDLEY_OK && i < list.count; i++) rc = dump_key(session, list.keys[i], text);
  return rc;
}

/* ---- What it must hold, in the order of the keys: c h l p s t z ---- */
static void dump_members(fault_text *text, char type, uint32_t number, uint32_t there, const int32_t *scores) {
  if (there == 0) return;
  fault_text_add(text, "%c%u", type, number);
  for (uint32_t m = 0; m < MEMBER_COUNT; m++) {
    if ((there >> m & 1) == 0) continue;
    fault_text_add(text, " m%02u", m);
    if (scores != NULL) fault_text_add(text, " %d", scores[m]);
  }
  fault_text_add(text, "\n");
}

static void dump_hash(fault_text *text, const reference *known, uint32_t number) {
  if (known->hash_there[number] == 0) return;
  fault_text_add(text, "h%u", number);
  for (uint32_t m = 0; m < MEMBER_COUNT; m++) {
    if ((known->hash_there[number] >> m & 1) != 0) {
      fault_text_add(text, " f%02u %" PRId64, m, known->fields[number][m]);
    }
  }
  fault_text_add(text, "\n");
}

static void dump_string(fault_text *text, const string_reference *string, uint32_t number) {
  uint8_t bytes[PIECE_COUNT_MAX * PIECE_LEN_MAX + 8];
  size_t len = 0;
  if (string->piece_count == 0) return;
  for (uint32_t i = 0; i < string->piece_count; i++) {
    fault_model_fill(bytes + len, string->lens[i], string->seeds[i]);
    len += string->lens[i];
  }
  fault_text_add(text, "s%u %zu:%016" PRIx64 "\n", number, len, fault_text_hash(bytes, len));
}

static void reference_dump(const void *reference_bytes, uint32_t worker, fault_text *text) {
  const reference *known = reference_bytes;
  (void)worker;
  for (uint32_t i = 0; i < COUNTER_COUNT; i++) {
    if (known->counter_there[i]) fault_text_add(text, "c%u %" PRId64 "\n", i, known->counters[i]);
  }
  for (uint32_t i = 0; i < COLLECTION_COUNT; i++) dump_hash(text, known, i);
  for (uint32_t i = 0; i < COLLECTION_COUNT; i++) {
    if (known->lists[i].count == 0) continue;
    fault_text_add(text, "l%u", i);
    for (uint32_t n = 0; n < known->lists[i].count; n++) fault_text_add(text, " %d", known->lists[i].items[n]);
    fault_text_add(text, "\n");
  }
  if (known->number > 0) {
    fault_text_add(text, "p extra %" PRId64 " number %" PRIu64 "\n", known->extra, known->number);
  }
  for (uint32_t i = 0; i < STRING_COUNT; i++) dump_string(text, &known->strings[i], i);
  for (uint32_t i = 0; i < COLLECTION_COUNT; i++) dump_members(text, 't', i, known->set_there[i], NULL);
  for (uint32_t i = 0; i < COLLECTION_COUNT; i++) {
    dump_members(text, 'z', i, known->sorted_there[i], known->scores[i]);
  }
}

const fault_model fault_keyvalue_model = {"keyvalue", sizeof(reference), create,        change,
                                          tick,       read_tick,         database_dump, reference_dump};
