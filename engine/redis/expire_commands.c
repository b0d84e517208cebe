/* expire_commands.c - EXPIRE and its like, TTL and its like, PERSIST; and buckets by number. */
#include <stdio.h>

#include "engine/redis/arguments.h"
#include "engine/redis/key_commands.h"
#include "engine/redis/state.h"

enum { ONLY_NEW = 1, ONLY_PRESENT = 2, ONLY_GREATER = 4, ONLY_LESS = 8 };

int med_redis_expire_conditions(med_redis_call *call, unsigned *conditions) {
  static const char *const words[] = {"nx", "xx", "gt", "lt"};
  *conditions = 0;
  for (size_t i = 3; i < call->argc; i++) {
    size_t word = 0;
    while (word < 4 && !med_redis_arg_is(call, i, words[word])) word++;
    if (word == 4)
      return med_redis_error(call, MEDLEY_SYNTAX, "ERR Unsupported option %.*s", (int)call->argv[i].len,
                             (const char *)call->argv[i].bytes);
    *conditions |= 1u << word;
  }
  if ((*conditions & ONLY_NEW) && (*conditions & (ONLY_PRESENT | ONLY_GREATER | ONLY_LESS)))
    return med_redis_error(call, MEDLEY_SYNTAX, "ERR NX and XX, GT or LT options at the same time are not compatible");
  if ((*conditions & ONLY_GREATER) && (*conditions & ONLY_LESS))
    return med_redis_error(call, MEDLEY_SYNTAX, "ERR GT and LT options at the same time are not compatible");
  return MEDLEY_OK;
}

/* No expiry is infinitely late. */
bool med_redis_expire_holds(unsigned conditions, int64_t present_ms, int64_t wanted_ms) {
  if ((conditions & ONLY_NEW) && present_ms != 0) return false;
  if ((conditions & ONLY_PRESENT) && present_ms == 0) return false;
  if ((conditions & ONLY_GREATER) && (present_ms == 0 || wanted_ms <= present_ms)) return false;
  return !((conditions & ONLY_LESS) && present_ms != 0 && wanted_ms >= present_ms);
}

static int expire_key(med_redis_call *call, bool relative, bool milliseconds) {
  int64_t when;
  unsigned conditions;
  med_kv_meta meta;
  int rc;
  MED_TRY(med_redis_expire_conditions(call, &conditions));
  MED_TRY(med_redis_arg_integer(call, 2, &when));
  if (!milliseconds && __builtin_mul_overflow(when, (int64_t)1000, &when)) return med_redis_invalid_expiry(call);
  if (relative && __builtin_add_overflow(when, call->now_ms, &when)) return med_redis_invalid_expiry(call);
  rc = med_kv_find(&call->kv, call->argv[1], &meta);
  bool set = rc == MEDLEY_OK && med_redis_expire_holds(conditions, meta.expires_ms, when);
  if (rc == MEDLEY_NOT_FOUND) rc = MEDLEY_OK;
  if (set && when <= call->now_ms) {
    rc = med_kv_remove_found(&call->kv, call->argv[1], &meta);
  } else if (set) {
    meta.expires_ms = when;
    rc = med_kv_save(&call->kv, call->argv[1], &meta);
  }
  if (rc == MEDLEY_OK) med_reply_integer(call->reply, set);
done:
  return rc;
}

int med_redis_expire_command(med_redis_call *call) { return expire_key(call, true, false); }
int med_redis_pexpire_command(med_redis_call *call) { return expire_key(call, true, true); }
int med_redis_expireat_command(med_redis_call *call) { return expire_key(call, false, false); }
int med_redis_pexpireat_command(med_redis_call *call) { return expire_key(call, false, true); }

/* -2: no key; -1: no expiry. */
static int reply_expiry(med_redis_call *call, bool relative, bool milliseconds) {
  med_kv_meta meta;
  int64_t answer = -2;
  int rc = med_kv_find(&call->kv, call->argv[1], &meta);
  if (rc == MEDLEY_OK && meta.expires_ms == 0) {
    answer = -1;
  } else if (rc == MEDLEY_OK) {
    answer = meta.expires_ms - (relative ? call->now_ms : 0);
    if (!milliseconds) answer = (answer + 500) / 1000;
  } else if (rc != MEDLEY_NOT_FOUND) {
    return rc;
  }
  med_reply_integer(call->reply, answer);
  return MEDLEY_OK;
}

int med_redis_ttl_command(med_redis_call *call) { return reply_expiry(call, true, false); }
int med_redis_pttl_command(med_redis_call *call) { return reply_expiry(call, true, true); }
int med_redis_expiretime_command(med_redis_call *call) { return reply_expiry(call, false, false); }
int med_redis_pexpiretime_command(med_redis_call *call) { return reply_expiry(call, false, true); }

int med_redis_persist_command(med_redis_call *call) {
  med_kv_meta meta;
  int rc = med_kv_find(&call->kv, call->argv[1], &meta);
  bool had = rc == MEDLEY_OK && meta.expires_ms != 0;
  if (rc == MEDLEY_NOT_FOUND) rc = MEDLEY_OK;
  if (had) {
    meta.expires_ms = 0;
    rc = med_kv_save(&call->kv, call->argv[1], &meta);
  }
  if (rc == MEDLEY_OK) med_reply_integer(call->reply, had);
  return rc;
}

/* ---- Buckets ---- */

int med_redis_check_bucket(med_redis_call *call, size_t index, const char *not_a_bucket) {
  int64_t number;
  med_slice word = call->argv[index];
  if (med_redis_parse_integer(word, &number)) {
    if (number >= 0 && number < MED_KV_NUMBERED_BUCKETS) return MEDLEY_OK;
    return med_redis_error(call, MEDLEY_RANGE, "ERR DB index is out of range");
  }
  if (word.len == 0) return med_redis_error(call, MEDLEY_RANGE, "%s", not_a_bucket);
  if (word.len > MED_KV_BUCKET_NAME_MAX)
    return med_redis_error(call, MEDLEY_TOO_BIG, "ERR a bucket's name is too long");
  return MEDLEY_OK;
}

int med_redis_arg_bucket(med_redis_call *call, size_t index, med_kv *kv, const char *not_a_bucket) {
  int rc = med_redis_check_bucket(call, index, not_a_bucket);
  if (rc == MEDLEY_OK) rc = med_redis_refuse_cache(call, call->argv[index]);
  return rc == MEDLEY_OK ? med_redis_open_bucket(call, call->argv[index], med_txn_writes(call->kv.txn), kv) : rc;
}
