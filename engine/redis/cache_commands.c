/* cache_commands.c - commands on a selected cache bucket: strings in shared memory, through engine/cache.h.
 *
 * No transaction is begun for them; inside of one they take part in it, as cache.h says. What reads before it writes
 * (SET with GET, INCR, APPEND) stores with the compare-and-set number that it has read, and begins anew if another session was
 * faster. MSET and DEL of several keys outside of a transaction are as many single steps. */
#include <ctype.h>
#include <stdio.h>
#include <strings.h>

#include "engine/cache.h"
#include "engine/redis/arguments.h"
#include "engine/redis/key_commands.h"
#include "engine/redis/server_commands.h"
#include "engine/redis/state.h"
#include "models/keyvalue/string.h"

static med_slice bucket_of(const med_redis_call *call) { return med_redis_client_bucket(call->client); }

/* ---- Reading and writing one key ---- */

typedef struct cache_value {
  bool present;
  medley_cache_item item; /* its value is in the call's scratch */
} cache_value;

static int read_value(med_redis_call *call, med_slice key, cache_value *value) {
  int rc = med_cache_get(call->session, bucket_of(call), key, &value->item);
  value->present = rc == MEDLEY_OK;
  if (rc == MEDLEY_NOT_FOUND) {
    memset(&value->item, 0, sizeof value->item);
    return MEDLEY_OK;
  }
  if (rc != MEDLEY_OK) return rc;
  call->scratch->len = 0;
  if (value->item.value.len > 0 && !med_buffer_append(call->scratch, value->item.value.bytes, value->item.value.len))
    return med_error_no_memory(med_session_error_slot(call->session));
  value->item.value = med_slice_of(call->scratch->bytes, call->scratch->len);
  return MEDLEY_OK;
}

/* Redis's words for a bucket that is full and may not evict. */
static int full(med_redis_call *call, int rc) {
  if (rc != MEDLEY_FULL) return rc;
  return med_redis_error(call, MEDLEY_FULL, "OOM command not allowed when used memory > 'maxmemory'.");
}

static int put(med_redis_call *call, medley_cache_mode mode, med_slice key, med_slice bytes, uint32_t flags,
               int64_t expires_us, uint64_t cas) {
  return full(call, med_cache_put(call->session, bucket_of(call), mode, key, bytes, flags, expires_us, cas));
}

/* Stores over what was read; *again: another session was faster. */
static int replace(med_redis_call *call, med_slice key, const cache_value *old, med_slice bytes, int64_t expires_us,
                   bool *again) {
  int rc = old->present
               ? put(call, MEDLEY_CACHE_CAS, key, bytes, old->item.flags, expires_us, old->item.cas)
               : put(call, MEDLEY_CACHE_ADD, key, bytes, 0, expires_us == MED_CACHE_KEEP_EXPIRY ? 0 : expires_us, 0);
  *again = rc == MEDLEY_CONSTRAINT || rc == MEDLEY_EXISTS || (rc == MEDLEY_NOT_FOUND && old->present);
  if (!*again) return rc;
  med_error_clear(med_session_error_slot(call->session));
  return med_redis_poll(call);
}

static void reply_value(med_redis_call *call, const cache_value *value) {
  if (value->present)
    med_reply_bulk_slice(call->reply, value->item.value);
  else
    med_reply_null(call->reply);
}

static int get_command(med_redis_call *call) {
  cache_value value;
  int rc = read_value(call, call->argv[1], &value);
  if (rc == MEDLEY_OK) reply_value(call, &value);
  return rc;
}

static int mget_command(med_redis_call *call) {
  med_reply_list_begin(call->reply);
  for (size_t i = 1; i < call->argc; i++) {
    cache_value value;
    int rc = read_value(call, call->argv[i], &value);
    if (rc != MEDLEY_OK) return rc;
    reply_value(call, &value);
  }
  med_reply_list_end(call->reply);
  return MEDLEY_OK;
}

/* ---- SET and its like ---- */

static int set_value(med_redis_call *call, med_slice bytes, const med_redis_set_options *options) {
  int64_t expires_us = 0, time_ms;
  bool again = false;
  int rc;
  if (options->expiry.present) {
    MED_TRY(med_redis_expiry_time(call, &options->expiry, &time_ms));
    if (__builtin_mul_overflow(time_ms, (int64_t)1000, &expires_us)) return med_redis_invalid_expiry(call);
  }
  if (options->keep_ttl) expires_us = MED_CACHE_KEEP_EXPIRY;
  do {
    cache_value old = {0};
    bool conditional = options->get || options->only_new || options->only_present || options->keep_ttl;
    if (conditional) MED_TRY(read_value(call, call->argv[1], &old));
    bool refused = (options->only_new && old.present) || (options->only_present && !old.present);
    if (!refused && conditional)
      MED_TRY(replace(call, call->argv[1], &old, bytes, expires_us, &again));
    else if (!refused)
      MED_TRY(put(call, MEDLEY_CACHE_SET, call->argv[1], bytes, 0, expires_us, 0));
    if (again) continue;
    if (options->get)
      reply_value(call, &old);
    else if (refused)
      med_reply_null(call->reply);
    else
      med_reply_ok(call->reply);
  } while (again);
done:
  return rc;
}

static int set_command(med_redis_call *call) {
  med_redis_set_options options;
  int rc = med_redis_parse_set(call, &options);
  return rc == MEDLEY_OK ? set_value(call, call->argv[2], &options) : rc;
}

static int setex_command(med_redis_call *call) {
  med_redis_set_options options = {.expiry = {true, true, false, call->argv[2]}};
  return set_value(call, call->argv[3], &options);
}

static int psetex_command(med_redis_call *call) {
  med_redis_set_options options = {.expiry = {true, true, true, call->argv[2]}};
  return set_value(call, call->argv[3], &options);
}

static int setnx_command(med_redis_call *call) {
  int rc = put(call, MEDLEY_CACHE_ADD, call->argv[1], call->argv[2], 0, 0, 0);
  if (rc != MEDLEY_OK && rc != MEDLEY_EXISTS) return rc;
  med_reply_integer(call->reply, rc == MEDLEY_OK);
  return MEDLEY_OK;
}

static int mset_command(med_redis_call *call) {
  if (call->argc % 2 == 0) return med_redis_wrong_arity(call);
  for (size_t i = 1; i < call->argc; i += 2) {
    int rc = put(call, MEDLEY_CACHE_SET, call->argv[i], call->argv[i + 1], 0, 0, 0);
    if (rc != MEDLEY_OK) return rc;
  }
  med_reply_ok(call->reply);
  return MEDLEY_OK;
}

static int getdel_command(med_redis_call *call) {
  cache_value value;
  int rc = read_value(call, call->argv[1], &value);
  if (rc != MEDLEY_OK) return rc;
  reply_value(call, &value);
  if (!value.present) return MEDLEY_OK;
  rc = med_cache_delete(call->session, bucket_of(call), call->argv[1]);
  return rc == MEDLEY_NOT_FOUND ? MEDLEY_OK : rc;
}

static int getex_command(med_redis_call *call) {
  med_redis_set_options options;
  cache_value value;
  int64_t expires_us = 0;
  int rc;
  MED_TRY(med_redis_parse_getex(call, &options));
  MED_TRY(read_value(call, call->argv[1], &value));
  if (value.present && options.expiry.present) {
    MED_TRY(med_redis_expiry_time(call, &options.expiry, &expires_us));
    if (__builtin_mul_overflow(expires_us, (int64_t)1000, &expires_us)) return med_redis_invalid_expiry(call);
  }
  reply_value(call, &value);
  if (!value.present || (!options.expiry.present && !options.persist)) goto done;
  rc = med_cache_touch(call->session, bucket_of(call), call->argv[1], expires_us);
  if (rc == MEDLEY_NOT_FOUND) rc = MEDLEY_OK;
done:
  return rc;
}

/* ---- Counters and APPEND ---- */

static int increment(med_redis_call *call, int64_t by) {
  for (;;) {
    cache_value old;
    int64_t number = 0;
    char digits[24];
    bool again;
    int rc = read_value(call, call->argv[1], &old);
    if (rc != MEDLEY_OK) return rc;
    if (old.present && !med_redis_parse_integer(old.item.value, &number)) return med_redis_not_an_integer(call);
    if (__builtin_add_overflow(number, by, &number))
      return med_redis_error(call, MEDLEY_RANGE, "ERR increment or decrement would overflow");
    size_t len = med_string_from_integer(number, digits);
    rc = replace(call, call->argv[1], &old, med_slice_of(digits, len), MED_CACHE_KEEP_EXPIRY, &again);
    if (rc != MEDLEY_OK) return rc;
    if (again) continue;
    med_reply_integer(call->reply, number);
    return MEDLEY_OK;
  }
}

static int incr_command(med_redis_call *call) { return increment(call, 1); }
static int decr_command(med_redis_call *call) { return increment(call, -1); }

static int incrby_command(med_redis_call *call) {
  int64_t by;
  int rc = med_redis_arg_integer(call, 2, &by);
  return rc == MEDLEY_OK ? increment(call, by) : rc;
}

static int decrby_command(med_redis_call *call) {
  int64_t by;
  int rc = med_redis_arg_integer(call, 2, &by);
  if (rc != MEDLEY_OK) return rc;
  if (by == INT64_MIN) return med_redis_error(call, MEDLEY_RANGE, "ERR decrement would overflow");
  return increment(call, -by);
}

static int append_command(med_redis_call *call) {
  for (;;) {
    cache_value old;
    bool again;
    int rc = read_value(call, call->argv[1], &old);
    if (rc != MEDLEY_OK) return rc;
    if (!old.present) call->scratch->len = 0;
    if (call->argv[2].len > 0 && !med_buffer_append(call->scratch, call->argv[2].bytes, call->argv[2].len))
      return med_error_no_memory(med_session_error_slot(call->session));
    med_slice whole = med_slice_of(call->scratch->bytes, call->scratch->len);
    rc = replace(call, call->argv[1], &old, whole, MED_CACHE_KEEP_EXPIRY, &again);
    if (rc != MEDLEY_OK) return rc;
    if (again) continue;
    med_reply_integer(call->reply, (int64_t)whole.len);
    return MEDLEY_OK;
  }
}

/* ---- Asking and removing ---- */

static int look(med_redis_call *call, med_slice key, bool *present, int64_t *expires_us, size_t *len) {
  int rc = med_cache_expiry(call->session, bucket_of(call), key, expires_us, len);
  *present = rc == MEDLEY_OK;
  return rc == MEDLEY_NOT_FOUND ? MEDLEY_OK : rc;
}

static int strlen_command(med_redis_call *call) {
  bool present;
  int64_t expires_us;
  size_t len = 0;
  int rc = look(call, call->argv[1], &present, &expires_us, &len);
  if (rc == MEDLEY_OK) med_reply_integer(call->reply, present ? (int64_t)len : 0);
  return rc;
}

static int type_command(med_redis_call *call) {
  bool present;
  int64_t expires_us;
  int rc = look(call, call->argv[1], &present, &expires_us, NULL);
  if (rc == MEDLEY_OK) med_reply_status(call->reply, present ? "string" : "none");
  return rc;
}

static int exists_command(med_redis_call *call) {
  int64_t count = 0;
  for (size_t i = 1; i < call->argc; i++) {
    bool present;
    int64_t expires_us;
    int rc = look(call, call->argv[i], &present, &expires_us, NULL);
    if (rc != MEDLEY_OK) return rc;
    count += present;
  }
  med_reply_integer(call->reply, count);
  return MEDLEY_OK;
}

static int del_command(med_redis_call *call) {
  int64_t count = 0;
  for (size_t i = 1; i < call->argc; i++) {
    int rc = med_cache_delete(call->session, bucket_of(call), call->argv[i]);
    if (rc != MEDLEY_OK && rc != MEDLEY_NOT_FOUND) return rc;
    count += rc == MEDLEY_OK;
  }
  med_reply_integer(call->reply, count);
  return MEDLEY_OK;
}

static int dbsize_command(med_redis_call *call) {
  medley_cache_stats stats;
  int rc = med_cache_stat(call->session, bucket_of(call), &stats);
  if (rc == MEDLEY_OK) med_reply_integer(call->reply, (int64_t)stats.items);
  return rc;
}

static int flushdb_command(med_redis_call *call) {
  bool known =
      call->argc == 1 || (call->argc == 2 && (med_redis_arg_is(call, 1, "sync") || med_redis_arg_is(call, 1, "async")));
  if (!known) return med_redis_syntax_error(call);
  int rc = med_cache_flush(call->session, bucket_of(call));
  if (rc == MEDLEY_OK) med_reply_ok(call->reply);
  return rc;
}

/* ---- Expiry ---- */

static int expire_key(med_redis_call *call, bool milliseconds) {
  int64_t when, present_us = 0;
  unsigned conditions;
  bool present;
  int rc;
  MED_TRY(med_redis_expire_conditions(call, &conditions));
  MED_TRY(med_redis_arg_integer(call, 2, &when));
  if ((!milliseconds && __builtin_mul_overflow(when, (int64_t)1000, &when)) ||
      __builtin_add_overflow(when, call->now_ms, &when) || when > INT64_MAX / 1000)
    return med_redis_invalid_expiry(call);
  MED_TRY(look(call, call->argv[1], &present, &present_us, NULL));
  bool set = present && med_redis_expire_holds(conditions, present_us / 1000, when);
  if (set && when <= call->now_ms)
    rc = med_cache_delete(call->session, bucket_of(call), call->argv[1]);
  else if (set)
    rc = med_cache_touch(call->session, bucket_of(call), call->argv[1], when * 1000);
  if (rc == MEDLEY_NOT_FOUND) rc = MEDLEY_OK;
  if (rc == MEDLEY_OK) med_reply_integer(call->reply, set);
done:
  return rc;
}

static int expire_command(med_redis_call *call) { return expire_key(call, false); }
static int pexpire_command(med_redis_call *call) { return expire_key(call, true); }

static int reply_ttl(med_redis_call *call, bool milliseconds) {
  int64_t ttl_ms;
  int rc = med_cache_ttl(call->session, bucket_of(call), call->argv[1], &ttl_ms);
  if (rc != MEDLEY_OK && rc != MEDLEY_NOT_FOUND) return rc;
  if (rc == MEDLEY_NOT_FOUND) ttl_ms = -2;
  med_reply_integer(call->reply, ttl_ms < 0 || milliseconds ? ttl_ms : (ttl_ms + 500) / 1000);
  return MEDLEY_OK;
}

static int ttl_command(med_redis_call *call) { return reply_ttl(call, false); }
static int pttl_command(med_redis_call *call) { return reply_ttl(call, true); }

static int persist_command(med_redis_call *call) {
  bool present;
  int64_t expires_us = 0;
  int rc = look(call, call->argv[1], &present, &expires_us, NULL);
  bool had = rc == MEDLEY_OK && present && expires_us != 0;
  if (had) rc = med_cache_touch(call->session, bucket_of(call), call->argv[1], 0);
  if (rc == MEDLEY_NOT_FOUND) rc = MEDLEY_OK;
  if (rc == MEDLEY_OK) med_reply_integer(call->reply, had);
  return rc;
}

/* ---- Which commands there are ---- */

static const struct {
  const char *name;
  int (*handler)(med_redis_call *call);
} handlers[] = {
    {"get", get_command},         {"set", set_command},         {"append", append_command}, {"dbsize", dbsize_command},
    {"decr", decr_command},       {"decrby", decrby_command},   {"del", del_command},       {"exists", exists_command},
    {"expire", expire_command},   {"flushdb", flushdb_command}, {"getdel", getdel_command}, {"getex", getex_command},
    {"incr", incr_command},       {"incrby", incrby_command},   {"mget", mget_command},     {"mset", mset_command},
    {"persist", persist_command}, {"pexpire", pexpire_command}, {"psetex", psetex_command}, {"pttl", pttl_command},
    {"setex", setex_command},     {"setnx", setnx_command},     {"strlen", strlen_command}, {"touch", exists_command},
    {"ttl", ttl_command},         {"type", type_command},       {"unlink", del_command}};

/* Numbered buckets are never caches: most commands need not ask. */
static bool may_be_cache(med_slice bucket) {
  const char *bytes = bucket.bytes;
  return !(bucket.len <= 2 && bytes[0] >= '0' && bytes[0] <= '9');
}

static int refuse(med_redis_call *call, med_slice bucket) {
  char name[MED_REDIS_NAME_MAX];
  size_t len = strlen(call->command->name);
  for (size_t i = 0; i < len; i++) name[i] = (char)toupper((unsigned char)call->command->name[i]);
  return med_redis_error(call, MEDLEY_UNSUPPORTED, "ERR cache bucket '%.*s' holds strings only: %.*s",
                         (int)(bucket.len < 100 ? bucket.len : 100), (const char *)bucket.bytes, (int)len, name);
}

int med_redis_refuse_cache(med_redis_call *call, med_slice bucket) {
  if (!may_be_cache(bucket)) return MEDLEY_OK;
  int rc = med_cache_find_bucket(call->session, bucket);
  if (rc == MEDLEY_NOT_FOUND) return MEDLEY_OK;
  return rc == MEDLEY_OK ? refuse(call, bucket) : rc;
}

int med_redis_cache_run(med_redis_call *call, bool *is_cache) {
  *is_cache = false;
  if (!may_be_cache(bucket_of(call))) return MEDLEY_OK;
  /* INFO, FLUSHALL and SWAPDB are about all durable buckets, whatever is selected. */
  bool about_keys = call->command->first_key != 0 || strcmp(call->command->group, "server") != 0;
  if (!about_keys && !(call->command->flags & MED_REDIS_CACHE)) return MEDLEY_OK;
  int rc = med_cache_find_bucket(call->session, bucket_of(call));
  if (rc == MEDLEY_NOT_FOUND) return MEDLEY_OK;
  *is_cache = true;
  if (rc != MEDLEY_OK) return rc;
  if (!(call->command->flags & MED_REDIS_CACHE)) return refuse(call, bucket_of(call));
  call->now_ms = med_cache_now_us(call->session) / 1000;
  struct med_cache_client **client = med_session_cache_client(call->session);
  size_t mark = med_cache_mark(*client);
  for (size_t i = 0; i < sizeof handlers / sizeof handlers[0]; i++) {
    if (strcmp(handlers[i].name, call->command->name) != 0) continue;
    rc = handlers[i].handler(call);
    /* Of a transaction's overlay a command that failed leaves nothing. */
    if (rc != MEDLEY_OK && med_cache_mark(*client) > mark) med_cache_rollback_to(*client, mark);
    return rc;
  }
  return refuse(call, bucket_of(call));
}

/* ---- CONFIG ---- */

static const char *const policies[] = {"segmented-lru", "noeviction",      "allkeys-lru",
                                       "allkeys-lfu",   "allkeys-random",  "volatile-lru",
                                       "volatile-lfu",  "volatile-random", "volatile-ttl"};
#define POLICY_COUNT (sizeof policies / sizeof policies[0])

typedef struct bucket_search {
  med_slice name;
  bool found;
  uint64_t size_bytes;
  medley_eviction eviction;
} bucket_search;

static int compare_bucket(void *context, const med_cache_bucket_info *info) {
  bucket_search *search = context;
  if (!med_slice_equal(info->name, search->name)) return 0;
  search->found = true;
  search->size_bytes = info->size_bytes;
  search->eviction = info->eviction;
  return 1;
}

static bool find_bounds(med_redis_call *call, bucket_search *search) {
  memset(search, 0, sizeof *search);
  search->name = bucket_of(call);
  if (!may_be_cache(search->name)) return false;
  int rc = med_cache_each_bucket(call->session, compare_bucket, search);
  return (rc == MEDLEY_OK || rc == 1) && search->found && (size_t)search->eviction < POLICY_COUNT;
}

const char *med_redis_cache_setting(med_redis_call *call, const char *name) {
  bucket_search search;
  bool size = strcmp(name, "maxmemory") == 0;
  if ((!size && strcmp(name, "maxmemory-policy") != 0) || !find_bounds(call, &search)) return NULL;
  if (!size) return policies[search.eviction];
  call->scratch->len = 0;
  if (!med_buffer_printf(call->scratch, "%llu", (unsigned long long)search.size_bytes)) return NULL;
  return call->scratch->bytes;
}

/* A number of bytes, with Redis's units: 100, 100k, 100kb, 5m, 5mb, 1g, 1gb. */
static bool parse_memory(med_slice value, uint64_t *bytes) {
  static const struct {
    const char *unit;
    uint64_t factor;
  } units[] = {{"", 1},        {"b", 1},        {"k", 1000},       {"kb", 1024},
               {"m", 1000000}, {"mb", 1048576}, {"g", 1000000000}, {"gb", 1073741824}};
  size_t digits = 0;
  while (digits < value.len && isdigit(((const unsigned char *)value.bytes)[digits])) digits++;
  int64_t number;
  if (!med_redis_parse_integer(med_slice_of(value.bytes, digits), &number)) return false;
  for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
    size_t len = strlen(units[i].unit);
    if (value.len - digits == len && strncasecmp((const char *)value.bytes + digits, units[i].unit, len) == 0)
      return !__builtin_mul_overflow((uint64_t)number, units[i].factor, bytes);
  }
  return false;
}

static int setting_failed(med_redis_call *call, const char *name, const char *why) {
  return med_redis_error(call, MEDLEY_RANGE, "ERR CONFIG SET failed (possibly related to argument '%s') - %s", name,
                         why);
}

int med_redis_cache_set_setting(med_redis_call *call, const char *name, med_slice value, bool *done) {
  bucket_search search;
  bool size = strcmp(name, "maxmemory") == 0;
  *done = false;
  if (!size && strcmp(name, "maxmemory-policy") != 0) return MEDLEY_OK;
  if (size && !parse_memory(value, &search.size_bytes))
    return setting_failed(call, name, "argument must be a memory value");
  uint64_t wanted_bytes = size ? search.size_bytes : 0;
  size_t policy = 0;
  while (!size && policy < POLICY_COUNT &&
         !(value.len == strlen(policies[policy]) && strncasecmp(value.bytes, policies[policy], value.len) == 0))
    policy++;
  if (policy == POLICY_COUNT)
    return setting_failed(call, name,
                          "argument must be one of: segmented-lru, noeviction, allkeys-lru, allkeys-lfu, "
                          "allkeys-random, volatile-lru, volatile-lfu, volatile-random, volatile-ttl");
  if (!find_bounds(call, &search)) return MEDLEY_OK;
  *done = true;
  if (size)
    search.size_bytes = wanted_bytes;
  else
    search.eviction = (medley_eviction)policy;
  return med_cache_create(call->session, search.name, search.size_bytes, search.eviction);
}
