/* hash_commands.c - HSET and its like. What gives fields an expiry is in hash_expiry_commands.c. */
#include <math.h>

#include "engine/redis/arguments.h"
#include "engine/redis/collections.h"
#include "engine/redis/scan.h"
#include "models/keyvalue/hash.h"
#include "models/keyvalue/string.h"

static int open_hash(med_redis_call *call, med_collection *hash) {
  return med_redis_open_collection(call, 1, MED_KV_HASH, hash);
}

/* ---- Writing ---- */
static int set_fields(med_redis_call *call, int64_t *created_count) {
  med_collection hash;
  int rc;
  *created_count = 0;
  if (call->argc % 2 == 1) return med_redis_wrong_arity(call);
  MED_TRY(open_hash(call, &hash));
  for (size_t i = 2; i + 1 < call->argc; i += 2) {
    bool created;
    MED_TRY(med_hash_put(&hash, call->argv[i], call->argv[i + 1], false, &created));
    *created_count += created;
  }
  MED_TRY(med_collection_save(&hash));
done:
  return rc;
}

static int hset_command(med_redis_call *call) {
  int64_t created;
  int rc = set_fields(call, &created);
  if (rc == MEDLEY_OK) med_reply_integer(call->reply, created);
  return rc;
}

static int hmset_command(med_redis_call *call) {
  int64_t created;
  int rc = set_fields(call, &created);
  if (rc == MEDLEY_OK) med_reply_ok(call->reply);
  return rc;
}

static int hsetnx_command(med_redis_call *call) {
  med_collection hash;
  int rc;
  MED_TRY(open_hash(call, &hash));
  rc = med_hash_get(&hash, call->argv[2], NULL, NULL);
  bool absent = rc == MEDLEY_NOT_FOUND;
  if (rc != MEDLEY_OK && !absent) goto done;
  rc = MEDLEY_OK;
  if (absent) MED_TRY(med_hash_put(&hash, call->argv[2], call->argv[3], false, NULL));
  MED_TRY(med_collection_save(&hash));
  med_reply_integer(call->reply, absent);
done:
  return rc;
}

static int hdel_command(med_redis_call *call) {
  med_collection hash;
  int64_t deleted = 0;
  int rc;
  MED_TRY(open_hash(call, &hash));
  for (size_t i = 2; i < call->argc; i++) {
    rc = med_hash_delete(&hash, call->argv[i]);
    if (rc != MEDLEY_OK && rc != MEDLEY_NOT_FOUND) goto done;
    deleted += rc == MEDLEY_OK;
  }
  MED_TRY(med_collection_save(&hash));
  med_reply_integer(call->reply, deleted);
done:
  return rc;
}

static int hincrby_command(med_redis_call *call) {
  med_collection hash;
  int64_t by, present = 0;
  med_slice value;
  int rc;
  MED_TRY(med_redis_arg_integer(call, 3, &by));
  MED_TRY(open_hash(call, &hash));
  rc = med_hash_get(&hash, call->argv[2], &value, NULL);
  if (rc != MEDLEY_OK && rc != MEDLEY_NOT_FOUND) goto done;
  if (rc == MEDLEY_OK && !med_redis_parse_integer(value, &present)) {
    return med_redis_error(call, MEDLEY_TYPE, "ERR hash value is not an integer");
  }
  if (__builtin_add_overflow(present, by, &present)) {
    return med_redis_error(call, MEDLEY_RANGE, "ERR increment or decrement would overflow");
  }
  char digits[24];
  size_t len = med_string_from_integer(present, digits);
  MED_TRY(med_hash_put(&hash, call->argv[2], med_slice_of(digits, len), true, NULL));
  MED_TRY(med_collection_save(&hash));
  med_reply_integer(call->reply, present);
done:
  return rc;
}

static int hincrbyfloat_command(med_redis_call *call) {
  med_collection hash;
  long double by, present = 0;
  med_slice value;
  char text[MED_REDIS_LONG_REAL_SIZE];
  int rc;
  if (!med_redis_parse_long_real(call->argv[3], &by)) return med_redis_not_a_float(call);
  if (isinf(by)) return med_redis_error(call, MEDLEY_RANGE, "ERR value is NaN or Infinity");
  MED_TRY(open_hash(call, &hash));
  rc = med_hash_get(&hash, call->argv[2], &value, NULL);
  if (rc != MEDLEY_OK && rc != MEDLEY_NOT_FOUND) goto done;
  if (rc == MEDLEY_OK && !med_redis_parse_long_real(value, &present)) {
    return med_redis_error(call, MEDLEY_TYPE, "ERR hash value is not a float");
  }
  present += by;
  if (isnan(present) || isinf(present)) {
    return med_redis_error(call, MEDLEY_RANGE, "ERR increment would produce NaN or Infinity");
  }
  size_t len = med_redis_print_long_real(present, text);
  MED_TRY(med_hash_put(&hash, call->argv[2], med_slice_of(text, len), true, NULL));
  MED_TRY(med_collection_save(&hash));
  med_reply_bulk(call->reply, text, len);
done:
  return rc;
}

/* ---- Reading ---- */
static int reply_field(med_redis_call *call, med_collection *hash, med_slice field) {
  med_slice value;
  int rc = med_hash_get(hash, field, &value, NULL);
  if (rc == MEDLEY_OK) med_reply_bulk_slice(call->reply, value);
  if (rc == MEDLEY_NOT_FOUND) med_reply_null(call->reply);
  return rc == MEDLEY_NOT_FOUND ? MEDLEY_OK : rc;
}

static int hget_command(med_redis_call *call) {
  med_collection hash;
  int rc = open_hash(call, &hash);
  return rc == MEDLEY_OK ? reply_field(call, &hash, call->argv[2]) : rc;
}

static int hmget_command(med_redis_call *call) {
  med_collection hash;
  int rc = open_hash(call, &hash);
  if (rc != MEDLEY_OK) return rc;
  med_reply_list_begin(call->reply);
  for (size_t i = 2; i < call->argc && rc == MEDLEY_OK; i++) rc = reply_field(call, &hash, call->argv[i]);
  med_reply_list_end(call->reply);
  return rc;
}

static int hlen_command(med_redis_call *call) {
  med_collection hash;
  uint64_t count;
  int rc = open_hash(call, &hash);
  if (rc == MEDLEY_OK) rc = med_hash_count(&hash, &count);
  if (rc == MEDLEY_OK) med_reply_integer(call->reply, (int64_t)count);
  return rc;
}

static int hexists_command(med_redis_call *call) {
  med_collection hash;
  int rc = open_hash(call, &hash);
  if (rc == MEDLEY_OK) rc = med_hash_get(&hash, call->argv[2], NULL, NULL);
  if (rc == MEDLEY_OK || rc == MEDLEY_NOT_FOUND) med_reply_integer(call->reply, rc == MEDLEY_OK);
  return rc == MEDLEY_NOT_FOUND ? MEDLEY_OK : rc;
}

static int hstrlen_command(med_redis_call *call) {
  med_collection hash;
  uint64_t len = 0;
  int rc = open_hash(call, &hash);
  if (rc == MEDLEY_OK) rc = med_hash_value_len(&hash, call->argv[2], &len);
  if (rc == MEDLEY_OK || rc == MEDLEY_NOT_FOUND) med_reply_integer(call->reply, (int64_t)len);
  return rc == MEDLEY_NOT_FOUND ? MEDLEY_OK : rc;
}

static int reply_all(med_redis_call *call, bool fields, bool values) {
  med_collection hash;
  med_hash_walk walk;
  int rc = open_hash(call, &hash);
  if (rc == MEDLEY_OK) rc = med_hash_walk_open(&hash, med_slice_of(NULL, 0), values, &walk);
  if (rc != MEDLEY_OK) return rc;
  med_reply_list_begin(call->reply);
  while (rc == MEDLEY_OK && (rc = med_hash_walk_next(&walk)) == MEDLEY_OK) {
    if (fields) med_reply_bulk_slice(call->reply, walk.field);
    if (values) med_reply_bulk_slice(call->reply, walk.value);
    rc = med_redis_poll(call);
  }
  med_reply_list_end(call->reply);
  med_hash_walk_close(&walk);
  return rc == MEDLEY_NOT_FOUND ? MEDLEY_OK : rc;
}

static int hgetall_command(med_redis_call *call) { return reply_all(call, true, true); }
static int hkeys_command(med_redis_call *call) { return reply_all(call, true, false); }
static int hvals_command(med_redis_call *call) { return reply_all(call, false, true); }

/* ---- Random fields ---- */
static int reply_picked(med_redis_call *call, med_collection *hash, const med_key *stored_name, bool values) {
  med_hash_walk walk;
  int rc = med_hash_walk_open(hash, med_key_slice(stored_name), values, &walk);
  if (rc != MEDLEY_OK) return rc;
  rc = med_hash_walk_next(&walk);
  if (rc == MEDLEY_OK) {
    med_reply_bulk_slice(call->reply, walk.field);
    if (values) med_reply_bulk_slice(call->reply, walk.value);
  }
  med_hash_walk_close(&walk);
  return rc;
}

static int reply_chosen_by_walk(med_redis_call *call, med_collection *hash, uint64_t wanted, uint64_t total,
                                bool values) {
  med_redis_choice choice = {call, total, wanted};
  med_hash_walk walk;
  int rc = med_hash_walk_open(hash, med_slice_of(NULL, 0), values, &walk);
  while (rc == MEDLEY_OK && choice.wanted > 0 && (rc = med_hash_walk_next(&walk)) == MEDLEY_OK) {
    if (med_redis_choice_takes(&choice)) {
      med_reply_bulk_slice(call->reply, walk.field);
      if (values) med_reply_bulk_slice(call->reply, walk.value);
    }
    rc = med_redis_poll(call);
  }
  med_hash_walk_close(&walk);
  return rc == MEDLEY_NOT_FOUND ? MEDLEY_OK : rc;
}

static int reply_picks(med_redis_call *call, med_collection *hash, uint64_t wanted, bool repeats, bool values) {
  med_redis_seen seen = {.call = call};
  uint64_t misses = 0, misses_max = MED_REDIS_MISSES_MAX + wanted;
  int rc = MEDLEY_OK;
  while (wanted > 0 && rc == MEDLEY_OK) {
    med_key name;
    bool fresh = true;
    rc = med_hash_pick(hash, &name);
    if (rc == MEDLEY_OK && !repeats) rc = med_redis_seen_add(&seen, med_key_slice(&name), &fresh);
    if (!fresh && ++misses > misses_max) return med_collection_damaged(hash, "fewer fields than were counted");
    if (rc == MEDLEY_OK && fresh) {
      rc = reply_picked(call, hash, &name, values);
      wanted--;
    }
    if (rc == MEDLEY_OK) rc = med_redis_poll(call);
  }
  return rc;
}

static int hrandfield_command(med_redis_call *call) {
  med_collection hash;
  int64_t count;
  uint64_t total;
  bool values = call->argc == 4;
  int rc;
  if (call->argc == 2) {
    med_key name;
    MED_TRY(open_hash(call, &hash));
    rc = med_hash_pick(&hash, &name);
    if (rc == MEDLEY_OK) return reply_picked(call, &hash, &name, false);
    if (rc == MEDLEY_NOT_FOUND) med_reply_null(call->reply);
    return rc == MEDLEY_NOT_FOUND ? MEDLEY_OK : rc;
  }
  MED_TRY(med_redis_arg_count(call, 2, &count));
  if (call->argc > 4 || (values && !med_redis_arg_is(call, 3, "withvalues"))) return med_redis_syntax_error(call);
  if (values && (count < -(INT64_MAX / 2) || count > INT64_MAX / 2)) {
    return med_redis_error(call, MEDLEY_RANGE, "ERR value is out of range");
  }
  MED_TRY(open_hash(call, &hash));
  MED_TRY(med_hash_count(&hash, &total));
  med_reply_list_begin(call->reply);
  uint64_t wanted = count < 0 ? (uint64_t)-count : (uint64_t)count;
  if (total > 0 && count < 0) {
    rc = reply_picks(call, &hash, wanted, true, values);
  } else if (total > 0) {
    if (wanted > total) wanted = total;
    rc = med_redis_choice_walks(wanted, total) ? reply_chosen_by_walk(call, &hash, wanted, total, values)
                                               : reply_picks(call, &hash, wanted, false, values);
  }
  med_reply_list_end(call->reply);
done:
  return rc;
}

static int hscan_command(med_redis_call *call) {
  med_collection hash;
  med_redis_scan scan;
  med_hash_walk walk;
  med_slice next, *position = NULL;
  bool over;
  int rc = med_redis_scan_open(call, MED_KV_HASH, MED_REDIS_SCAN_NO_VALUES, &scan, &hash, &over);
  if (rc != MEDLEY_OK || over) return rc;
  uint64_t left = hash.meta.count <= MED_REDIS_SCAN_WHOLE ? hash.meta.count : scan.count;
  med_slice from = scan.from_start ? med_slice_of(NULL, 0) : med_key_slice(&scan.position);
  /* The cursor comes first in the reply: find where the next call goes on, then walk again. */
  MED_TRY(med_hash_walk_open(&hash, from, false, &walk));
  for (uint64_t i = 0; i <= left && rc == MEDLEY_OK; i++) rc = med_hash_walk_next(&walk);
  if (rc == MEDLEY_OK) {
    rc = med_redis_copy(call, walk.parts.name, &next);
    position = &next;
  }
  med_hash_walk_close(&walk);
  if (rc != MEDLEY_OK && rc != MEDLEY_NOT_FOUND) return rc;
  med_redis_scan_reply_cursor(call, position);
  med_reply_list_begin(call->reply);
  MED_TRY(med_hash_walk_open(&hash, from, !scan.no_values, &walk));
  for (uint64_t i = 0; i < left && (rc = med_hash_walk_next(&walk)) == MEDLEY_OK; i++) {
    if (!med_redis_scan_matches(&scan, walk.field)) continue;
    med_reply_bulk_slice(call->reply, walk.field);
    if (!scan.no_values) med_reply_bulk_slice(call->reply, walk.value);
  }
  med_hash_walk_close(&walk);
  med_reply_list_end(call->reply);
  med_reply_list_end(call->reply);
  if (rc == MEDLEY_NOT_FOUND) rc = MEDLEY_OK;
done:
  return rc;
}

static const med_redis_command commands[] = {
    {"hdel", -3, MED_REDIS_WRITE | MED_REDIS_FREES, 1, 1, 1, hdel_command, "write fast", "hash", "2.0.0"},
    {"hexists", 3, 0, 1, 1, 1, hexists_command, "readonly fast", "hash", "2.0.0"},
    {"hexpire", -6, MED_REDIS_WRITE, 1, 1, 1, med_redis_hexpire_command, "write denyoom fast", "hash", "7.4.0"},
    {"hexpireat", -6, MED_REDIS_WRITE, 1, 1, 1, med_redis_hexpireat_command, "write denyoom fast", "hash", "7.4.0"},
    {"hexpiretime", -5, 0, 1, 1, 1, med_redis_hexpiretime_command, "readonly fast", "hash", "7.4.0"},
    {"hget", 3, 0, 1, 1, 1, hget_command, "readonly fast", "hash", "2.0.0"},
    {"hgetall", 2, 0, 1, 1, 1, hgetall_command, "readonly", "hash", "2.0.0"},
    {"hgetdel", -5, MED_REDIS_WRITE | MED_REDIS_FREES, 1, 1, 1, med_redis_hgetdel_command, "write fast", "hash",
     "8.0.0"},
    {"hgetex", -5, MED_REDIS_WRITE, 1, 1, 1, med_redis_hgetex_command, "write fast", "hash", "8.0.0"},
    {"hincrby", 4, MED_REDIS_WRITE, 1, 1, 1, hincrby_command, "write denyoom fast", "hash", "2.0.0"},
    {"hincrbyfloat", 4, MED_REDIS_WRITE, 1, 1, 1, hincrbyfloat_command, "write denyoom fast", "hash", "2.6.0"},
    {"hkeys", 2, 0, 1, 1, 1, hkeys_command, "readonly", "hash", "2.0.0"},
    {"hlen", 2, 0, 1, 1, 1, hlen_command, "readonly fast", "hash", "2.0.0"},
    {"hmget", -3, 0, 1, 1, 1, hmget_command, "readonly fast", "hash", "2.0.0"},
    {"hmset", -4, MED_REDIS_WRITE, 1, 1, 1, hmset_command, "write denyoom fast", "hash", "2.0.0"},
    {"hpersist", -5, MED_REDIS_WRITE, 1, 1, 1, med_redis_hpersist_command, "write fast", "hash", "7.4.0"},
    {"hpexpire", -6, MED_REDIS_WRITE, 1, 1, 1, med_redis_hpexpire_command, "write denyoom fast", "hash", "7.4.0"},
    {"hpexpireat", -6, MED_REDIS_WRITE, 1, 1, 1, med_redis_hpexpireat_command, "write denyoom fast", "hash", "7.4.0"},
    {"hpexpiretime", -5, 0, 1, 1, 1, med_redis_hpexpiretime_command, "readonly fast", "hash", "7.4.0"},
    {"hpttl", -5, 0, 1, 1, 1, med_redis_hpttl_command, "readonly fast", "hash", "7.4.0"},
    {"hrandfield", -2, 0, 1, 1, 1, hrandfield_command, "readonly", "hash", "6.2.0"},
    {"hscan", -3, 0, 1, 1, 1, hscan_command, "readonly", "hash", "2.8.0"},
    {"hset", -4, MED_REDIS_WRITE, 1, 1, 1, hset_command, "write denyoom fast", "hash", "2.0.0"},
    {"hsetex", -6, MED_REDIS_WRITE, 1, 1, 1, med_redis_hsetex_command, "write denyoom fast", "hash", "8.0.0"},
    {"hsetnx", 4, MED_REDIS_WRITE, 1, 1, 1, hsetnx_command, "write denyoom fast", "hash", "2.0.0"},
    {"hstrlen", 3, 0, 1, 1, 1, hstrlen_command, "readonly fast", "hash", "3.2.0"},
    {"httl", -5, 0, 1, 1, 1, med_redis_httl_command, "readonly fast", "hash", "7.4.0"},
    {"hvals", 2, 0, 1, 1, 1, hvals_command, "readonly", "hash", "2.0.0"},
};

const med_redis_table med_redis_hash_commands = {commands, sizeof commands / sizeof commands[0]};
