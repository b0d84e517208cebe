/* string_commands.c - GET, SET and the other commands on strings and counters. */
#include <math.h>
#include <stdio.h>

#include "engine/redis/arguments.h"
#include "engine/redis/command.h"
#include "models/keyvalue/string.h"

/* ---- Reading ---- */

static int reply_value(med_redis_call *call, int rc, med_slice value) {
  if (rc == MEDLEY_OK) med_reply_bulk_slice(call->reply, value);
  if (rc == MEDLEY_NOT_FOUND) med_reply_null(call->reply);
  return rc == MEDLEY_NOT_FOUND ? MEDLEY_OK : rc;
}

static int get_command(med_redis_call *call) {
  med_slice value = {0};
  int rc = med_string_get(&call->kv, call->argv[1], call->scratch, &value);
  return reply_value(call, rc, value);
}

static int mget_command(med_redis_call *call) {
  med_reply_list_begin(call->reply);
  for (size_t i = 1; i < call->argc; i++) {
    med_kv_meta meta;
    med_slice value = {0};
    int rc = med_kv_find(&call->kv, call->argv[i], &meta);
    if (rc == MEDLEY_OK && meta.type != MED_KV_STRING) rc = MEDLEY_NOT_FOUND;
    if (rc == MEDLEY_OK) rc = med_string_load(&call->kv, &meta, call->scratch, &value);
    rc = reply_value(call, rc, value);
    if (rc != MEDLEY_OK) return rc;
  }
  med_reply_list_end(call->reply);
  return MEDLEY_OK;
}

static int strlen_command(med_redis_call *call) {
  uint64_t len;
  int rc = med_string_len(&call->kv, call->argv[1], &len);
  if (rc == MEDLEY_OK) med_reply_integer(call->reply, (int64_t)len);
  return rc;
}

static int getrange_command(med_redis_call *call) {
  int64_t start, end;
  med_kv_meta meta;
  med_slice part = {0};
  int rc;
  MED_TRY(med_redis_arg_integer(call, 2, &start));
  MED_TRY(med_redis_arg_integer(call, 3, &end));
  rc = med_kv_find_typed(&call->kv, call->argv[1], MED_KV_STRING, &meta);
  if (rc == MEDLEY_OK) {
    int64_t len = (int64_t)meta.count;
    if (start < 0 && end < 0 && start > end) goto empty;
    if (start < 0) start = start + len < 0 ? 0 : start + len;
    if (end < 0) end = end + len < 0 ? 0 : end + len;
    if (end >= len) end = len - 1;
    if (start > end || len == 0) goto empty;
    MED_TRY(med_string_read(&call->kv, &meta, (uint64_t)start, (uint64_t)(end - start) + 1, call->scratch, &part));
  } else if (rc != MEDLEY_NOT_FOUND) {
    return rc;
  }
empty:
  rc = MEDLEY_OK;
  med_reply_bulk_slice(call->reply, part);
done:
  return rc;
}

/* ---- SET and its like ---- */

static bool set_word(med_redis_call *call, size_t at, med_redis_set_options *options) {
  if (med_redis_arg_is(call, at, "nx") && !options->only_present) return options->only_new = true;
  if (med_redis_arg_is(call, at, "xx") && !options->only_new) return options->only_present = true;
  if (med_redis_arg_is(call, at, "get")) return options->get = true;
  if (options->expiry.present || options->persist) return false;
  if (med_redis_arg_is(call, at, "keepttl")) return options->keep_ttl = true;
  return false;
}

static bool getex_word(med_redis_call *call, size_t at, med_redis_set_options *options) {
  if (!med_redis_arg_is(call, at, "persist") || options->expiry.present) return false;
  return options->persist = true;
}

static int parse_set_options(med_redis_call *call, size_t from,
                             bool (*word)(med_redis_call *, size_t, med_redis_set_options *),
                             med_redis_set_options *options) {
  memset(options, 0, sizeof *options);
  for (size_t i = from; i < call->argc; i++) {
    if (word(call, i, options)) continue;
    if (options->keep_ttl || options->persist || !med_redis_expiry_word(call, &i, &options->expiry))
      return med_redis_syntax_error(call);
  }
  return MEDLEY_OK;
}

/* The key as it is, of any type; a zeroed meta if there is none. */
static int find_any(med_redis_call *call, med_slice key, med_kv_meta *meta, bool *present) {
  int rc = med_kv_find(&call->kv, key, meta);
  *present = rc == MEDLEY_OK;
  if (rc == MEDLEY_NOT_FOUND) {
    memset(meta, 0, sizeof *meta);
    rc = MEDLEY_OK;
  }
  return rc;
}

static int reply_old(med_redis_call *call, const med_kv_meta *meta, bool present) {
  med_slice value = {0};
  if (!present) return reply_value(call, MEDLEY_NOT_FOUND, value);
  if (meta->type != MED_KV_STRING)
    return med_redis_error(call, MEDLEY_TYPE, "WRONGTYPE Operation against a key holding the wrong kind of value");
  int rc = med_string_load(&call->kv, meta, call->scratch, &value);
  return reply_value(call, rc, value);
}

static int set_value(med_redis_call *call, size_t value_index, const med_redis_set_options *options) {
  int64_t expires_ms = 0;
  med_kv_meta meta;
  bool present;
  int rc;
  if (options->expiry.present) MED_TRY(med_redis_expiry_time(call, &options->expiry, &expires_ms));
  MED_TRY(find_any(call, call->argv[1], &meta, &present));
  if (options->get) MED_TRY(reply_old(call, &meta, present));
  if ((options->only_new && present) || (options->only_present && !present)) {
    if (!options->get) med_reply_null(call->reply);
    goto done;
  }
  if (!options->keep_ttl) meta.expires_ms = expires_ms;
  MED_TRY(med_string_store(&call->kv, call->argv[1], &meta, call->argv[value_index]));
  if (!options->get) med_reply_ok(call->reply);
done:
  return rc;
}

int med_redis_parse_set(med_redis_call *call, med_redis_set_options *options) {
  return parse_set_options(call, 3, set_word, options);
}

int med_redis_parse_getex(med_redis_call *call, med_redis_set_options *options) {
  return parse_set_options(call, 2, getex_word, options);
}

static int set_command(med_redis_call *call) {
  med_redis_set_options options;
  int rc = med_redis_parse_set(call, &options);
  return rc == MEDLEY_OK ? set_value(call, 2, &options) : rc;
}

static int setex_command(med_redis_call *call) {
  med_redis_set_options options = {.expiry = {true, true, false, call->argv[2]}};
  return set_value(call, 3, &options);
}

static int psetex_command(med_redis_call *call) {
  med_redis_set_options options = {.expiry = {true, true, true, call->argv[2]}};
  return set_value(call, 3, &options);
}

static int setnx_command(med_redis_call *call) {
  med_kv_meta meta;
  bool present;
  int rc = find_any(call, call->argv[1], &meta, &present);
  if (rc == MEDLEY_OK && !present) rc = med_string_store(&call->kv, call->argv[1], &meta, call->argv[2]);
  if (rc == MEDLEY_OK) med_reply_integer(call->reply, !present);
  return rc;
}

static int getset_command(med_redis_call *call) {
  med_kv_meta meta;
  bool present;
  int rc;
  MED_TRY(find_any(call, call->argv[1], &meta, &present));
  MED_TRY(reply_old(call, &meta, present));
  meta.expires_ms = 0;
  MED_TRY(med_string_store(&call->kv, call->argv[1], &meta, call->argv[2]));
done:
  return rc;
}

static int getdel_command(med_redis_call *call) {
  med_kv_meta meta;
  bool present;
  int rc;
  MED_TRY(find_any(call, call->argv[1], &meta, &present));
  MED_TRY(reply_old(call, &meta, present));
  if (present) MED_TRY(med_kv_remove_found(&call->kv, call->argv[1], &meta));
done:
  return rc;
}

static int getex_command(med_redis_call *call) {
  med_redis_set_options options;
  med_kv_meta meta;
  med_slice value = {0};
  int64_t expires_ms = 0;
  int rc;
  MED_TRY(med_redis_parse_getex(call, &options));
  rc = med_kv_find_typed(&call->kv, call->argv[1], MED_KV_STRING, &meta);
  if (rc == MEDLEY_NOT_FOUND) return reply_value(call, rc, value);
  if (rc != MEDLEY_OK) return rc;
  if (options.expiry.present) MED_TRY(med_redis_expiry_time(call, &options.expiry, &expires_ms));
  MED_TRY(med_string_load(&call->kv, &meta, call->scratch, &value));
  med_reply_bulk_slice(call->reply, value);
  if (!options.expiry.present && (!options.persist || meta.expires_ms == 0)) goto done;
  meta.expires_ms = expires_ms;
  MED_TRY(med_kv_save(&call->kv, call->argv[1], &meta));
done:
  return rc;
}

static int set_pairs(med_redis_call *call) {
  for (size_t i = 1; i < call->argc; i += 2) {
    int rc = med_string_set(&call->kv, call->argv[i], call->argv[i + 1], 0);
    if (rc != MEDLEY_OK) return rc;
  }
  return MEDLEY_OK;
}

static int mset_command(med_redis_call *call) {
  if (call->argc % 2 == 0) return med_redis_wrong_arity(call);
  int rc = set_pairs(call);
  if (rc == MEDLEY_OK) med_reply_ok(call->reply);
  return rc;
}

static int msetnx_command(med_redis_call *call) {
  if (call->argc % 2 == 0) return med_redis_wrong_arity(call);
  for (size_t i = 1; i < call->argc; i += 2) {
    med_kv_meta meta;
    int rc = med_kv_find(&call->kv, call->argv[i], &meta);
    if (rc == MEDLEY_OK) med_reply_integer(call->reply, 0);
    if (rc != MEDLEY_NOT_FOUND) return rc;
  }
  int rc = set_pairs(call);
  if (rc == MEDLEY_OK) med_reply_integer(call->reply, 1);
  return rc;
}

/* ---- Changing a part ---- */

static int append_command(med_redis_call *call) {
  uint64_t len;
  int rc = med_string_append(&call->kv, call->argv[1], call->argv[2], &len);
  if (rc == MEDLEY_OK) med_reply_integer(call->reply, (int64_t)len);
  return rc;
}

static int setrange_command(med_redis_call *call) {
  int64_t offset;
  med_kv_meta meta;
  bool created;
  int rc;
  MED_TRY(med_redis_arg_integer(call, 2, &offset));
  if (offset < 0) return med_redis_error(call, MEDLEY_RANGE, "ERR offset is out of range");
  if (call->argv[3].len == 0) { /* nothing is made for nothing */
    uint64_t len;
    MED_TRY(med_string_len(&call->kv, call->argv[1], &len));
    med_reply_integer(call->reply, (int64_t)len);
    goto done;
  }
  MED_TRY(med_kv_find_or_create(&call->kv, call->argv[1], MED_KV_STRING, &meta, &created));
  MED_TRY(med_string_write(&call->kv, call->argv[1], &meta, (uint64_t)offset, call->argv[3]));
  med_reply_integer(call->reply, (int64_t)meta.count);
done:
  return rc;
}

/* ---- Counters ---- */

static int increment(med_redis_call *call, int64_t by) {
  int64_t result;
  int rc = med_string_increment(&call->kv, call->argv[1], by, &result);
  if (rc == MEDLEY_OK) med_reply_integer(call->reply, result);
  return rc;
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

static int incrbyfloat_command(med_redis_call *call) {
  med_kv_meta meta;
  bool created;
  long double value = 0, by;
  med_slice present = {0};
  char text[MED_REDIS_LONG_REAL_SIZE];
  int rc;
  MED_TRY(med_kv_find_or_create(&call->kv, call->argv[1], MED_KV_STRING, &meta, &created));
  if (!created) MED_TRY(med_string_load(&call->kv, &meta, call->scratch, &present));
  if ((!created && !med_redis_parse_long_real(present, &value)) || !med_redis_parse_long_real(call->argv[2], &by))
    return med_redis_not_a_float(call);
  value += by;
  if (isnan(value) || isinf(value))
    return med_redis_error(call, MEDLEY_RANGE, "ERR increment would produce NaN or Infinity");
  med_slice result = med_slice_of(text, med_redis_print_long_real(value, text));
  MED_TRY(med_string_store(&call->kv, call->argv[1], &meta, result));
  med_reply_bulk_slice(call->reply, result);
done:
  return rc;
}

static const med_redis_command commands[] = {
    {"append", 3, MED_REDIS_WRITE | MED_REDIS_CACHE, 1, 1, 1, append_command, "write denyoom fast", "string", "2.0.0"},
    {"decr", 2, MED_REDIS_WRITE | MED_REDIS_CACHE, 1, 1, 1, decr_command, "write denyoom fast", "string", "1.0.0"},
    {"decrby", 3, MED_REDIS_WRITE | MED_REDIS_CACHE, 1, 1, 1, decrby_command, "write denyoom fast", "string", "1.0.0"},
    {"get", 2, MED_REDIS_CACHE, 1, 1, 1, get_command, "readonly fast", "string", "1.0.0"},
    {"getdel", 2, MED_REDIS_WRITE | MED_REDIS_CACHE, 1, 1, 1, getdel_command, "write fast", "string", "6.2.0"},
    {"getex", -2, MED_REDIS_WRITE | MED_REDIS_CACHE, 1, 1, 1, getex_command, "write fast", "string", "6.2.0"},
    {"getrange", 4, 0, 1, 1, 1, getrange_command, "readonly", "string", "2.4.0"},
    {"getset", 3, MED_REDIS_WRITE, 1, 1, 1, getset_command, "write denyoom fast", "string", "1.0.0"},
    {"incr", 2, MED_REDIS_WRITE | MED_REDIS_CACHE, 1, 1, 1, incr_command, "write denyoom fast", "string", "1.0.0"},
    {"incrby", 3, MED_REDIS_WRITE | MED_REDIS_CACHE, 1, 1, 1, incrby_command, "write denyoom fast", "string", "1.0.0"},
    {"incrbyfloat", 3, MED_REDIS_WRITE, 1, 1, 1, incrbyfloat_command, "write denyoom fast", "string", "2.6.0"},
    {"lcs", -3, 0, 1, 2, 1, med_redis_lcs_command, "readonly", "string", "7.0.0"},
    {"mget", -2, MED_REDIS_CACHE, 1, -1, 1, mget_command, "readonly fast", "string", "1.0.0"},
    {"mset", -3, MED_REDIS_WRITE | MED_REDIS_CACHE, 1, -1, 2, mset_command, "write denyoom", "string", "1.0.1"},
    {"msetnx", -3, MED_REDIS_WRITE, 1, -1, 2, msetnx_command, "write denyoom", "string", "1.0.1"},
    {"psetex", 4, MED_REDIS_WRITE | MED_REDIS_CACHE, 1, 1, 1, psetex_command, "write denyoom", "string", "2.6.0"},
    {"set", -3, MED_REDIS_WRITE | MED_REDIS_CACHE, 1, 1, 1, set_command, "write denyoom", "string", "1.0.0"},
    {"setex", 4, MED_REDIS_WRITE | MED_REDIS_CACHE, 1, 1, 1, setex_command, "write denyoom", "string", "2.0.0"},
    {"setnx", 3, MED_REDIS_WRITE | MED_REDIS_CACHE, 1, 1, 1, setnx_command, "write denyoom fast", "string", "1.0.0"},
    {"setrange", 4, MED_REDIS_WRITE, 1, 1, 1, setrange_command, "write denyoom", "string", "2.2.0"},
    {"strlen", 2, MED_REDIS_CACHE, 1, 1, 1, strlen_command, "readonly fast", "string", "2.2.0"},
    {"substr", 4, 0, 1, 1, 1, getrange_command, "readonly", "string", "1.0.0"},
};
const med_redis_table med_redis_string_commands = {commands, sizeof commands / sizeof commands[0]};
