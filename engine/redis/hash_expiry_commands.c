/* hash_expiry_commands.c - fields that expire: the commands of Redis 7.4, and those of 8.0 that set, get and expire at once. */
#include "engine/redis/arguments.h"
#include "engine/redis/collections.h"
#include "models/keyvalue/hash.h"

/* Redis keeps 46 bits of milliseconds. */
#define EXPIRY_MS_MAX (((int64_t)1 << 46) - 2)

/* Codes that a field answers. */
enum { FIELD_ABSENT = -2, FIELD_WITHOUT_EXPIRY = -1, CONDITION_FAILED = 0, EXPIRY_SET = 1, FIELD_DELETED = 2 };

/* ---- FIELDS numfields field ... ---- */
typedef struct field_list {
  size_t first, count;
} field_list;

/* argv[at] is FIELDS; width words belong to each field, and nothing follows unless `open`. */
static int parse_fields(med_redis_call *call, size_t at, size_t width, field_list *fields) {
  int64_t count;
  if (at >= call->argc || !med_redis_arg_is(call, at, "fields")) {
    return med_redis_error(call, MEDLEY_SYNTAX,
                           "ERR Mandatory argument FIELDS is missing or not at the right position");
  }
  if (at + 1 >= call->argc) return med_redis_wrong_arity(call);
  int rc = med_redis_arg_at_least(call, at + 1, 1, "ERR Parameter `numFields` should be greater than 0", &count);
  if (rc != MEDLEY_OK) return rc;
  if ((uint64_t)count > call->argc || (size_t)count * width != call->argc - at - 2) {
    return med_redis_error(call, MEDLEY_SYNTAX, "ERR The `numfields` parameter must match the number of arguments");
  }
  fields->first = at + 2;
  fields->count = (size_t)count;
  return MEDLEY_OK;
}

/* ---- HEXPIRE and its like: key time [NX | XX | GT | LT] FIELDS ... ---- */
typedef enum condition { ALWAYS, IF_NONE, IF_ANY, IF_LATER, IF_EARLIER } condition;

static bool condition_holds(condition wanted, int64_t present_ms, int64_t expires_ms) {
  switch (wanted) {
    case IF_NONE: return present_ms == 0;
    case IF_ANY: return present_ms != 0;
    case IF_LATER: return present_ms != 0 && expires_ms > present_ms;
    case IF_EARLIER: return present_ms == 0 || expires_ms < present_ms;
    case ALWAYS: break;
  }
  return true;
}

static int parse_time(med_redis_call *call, size_t index, bool relative, bool seconds, int64_t *expires_ms) {
  int64_t amount;
  int rc = med_redis_arg_integer(call, index, &amount);
  if (rc != MEDLEY_OK) return rc;
  if (amount < 0) return med_redis_error(call, MEDLEY_RANGE, "ERR invalid expire time, must be >= 0");
  bool beyond = seconds && __builtin_mul_overflow(amount, (int64_t)1000, &amount);
  beyond = beyond || (relative && __builtin_add_overflow(amount, call->now_ms, &amount));
  if (beyond || amount > EXPIRY_MS_MAX) return med_redis_invalid_expiry(call);
  *expires_ms = amount;
  return MEDLEY_OK;
}

static condition parse_condition(med_redis_call *call, size_t *at) {
  static const struct {
    const char *word;
    condition wanted;
  } words[] = {{"nx", IF_NONE}, {"xx", IF_ANY}, {"gt", IF_LATER}, {"lt", IF_EARLIER}};
  for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
    if (!med_redis_arg_is(call, *at, words[i].word)) continue;
    ++*at;
    return words[i].wanted;
  }
  return ALWAYS;
}

static int expire_field(med_redis_call *call, med_collection *hash, med_slice field, condition wanted,
                        int64_t expires_ms) {
  int64_t present_ms = 0, code = CONDITION_FAILED;
  int rc = med_hash_get(hash, field, NULL, &present_ms);
  if (rc == MEDLEY_NOT_FOUND) code = FIELD_ABSENT;
  if (rc == MEDLEY_OK && condition_holds(wanted, present_ms, expires_ms)) {
    /* In the past, and 0 too, which would mean never. */
    bool past = expires_ms <= call->now_ms;
    code = past ? FIELD_DELETED : EXPIRY_SET;
    rc = past ? med_hash_delete(hash, field) : med_hash_set_expiry(hash, field, expires_ms);
  }
  if (rc != MEDLEY_OK && rc != MEDLEY_NOT_FOUND) return rc;
  med_reply_integer(call->reply, code);
  return MEDLEY_OK;
}

static int expire_fields(med_redis_call *call, bool relative, bool seconds) {
  med_collection hash;
  field_list fields;
  int64_t expires_ms = 0;
  size_t at = 3;
  int rc;
  MED_TRY(parse_time(call, 2, relative, seconds, &expires_ms));
  condition wanted = parse_condition(call, &at);
  MED_TRY(parse_fields(call, at, 1, &fields));
  MED_TRY(med_redis_open_collection(call, 1, MED_KV_HASH, &hash));
  med_reply_list_begin(call->reply);
  for (size_t i = 0; i < fields.count && rc == MEDLEY_OK; i++) {
    rc = expire_field(call, &hash, call->argv[fields.first + i], wanted, expires_ms);
  }
  med_reply_list_end(call->reply);
  if (rc == MEDLEY_OK) rc = med_collection_save(&hash);
done:
  return rc;
}

int med_redis_hexpire_command(med_redis_call *call) { return expire_fields(call, true, true); }
int med_redis_hpexpire_command(med_redis_call *call) { return expire_fields(call, true, false); }
int med_redis_hexpireat_command(med_redis_call *call) { return expire_fields(call, false, true); }
int med_redis_hpexpireat_command(med_redis_call *call) { return expire_fields(call, false, false); }

/* ---- HTTL and its like: key FIELDS ... ---- */
typedef enum shown { SECONDS_LEFT, MS_LEFT, AT_SECONDS, AT_MS } shown;

static int64_t show_expiry(const med_redis_call *call, int64_t expires_ms, shown form) {
  int64_t left_ms = expires_ms - call->now_ms;
  switch (form) {
    case SECONDS_LEFT: return (left_ms + 999) / 1000;
    case MS_LEFT: return left_ms;
    case AT_SECONDS: return (expires_ms + 999) / 1000;
    case AT_MS: break;
  }
  return expires_ms;
}

static int show_fields(med_redis_call *call, shown form) {
  med_collection hash;
  field_list fields;
  int rc;
  MED_TRY(parse_fields(call, 2, 1, &fields));
  MED_TRY(med_redis_open_collection(call, 1, MED_KV_HASH, &hash));
  med_reply_list_begin(call->reply);
  for (size_t i = 0; i < fields.count; i++) {
    int64_t expires_ms = 0, code;
    rc = med_hash_get(&hash, call->argv[fields.first + i], NULL, &expires_ms);
    if (rc != MEDLEY_OK && rc != MEDLEY_NOT_FOUND) break;
    code = rc == MEDLEY_NOT_FOUND ? FIELD_ABSENT : FIELD_WITHOUT_EXPIRY;
    med_reply_integer(call->reply, expires_ms != 0 ? show_expiry(call, expires_ms, form) : code);
    rc = MEDLEY_OK;
  }
  med_reply_list_end(call->reply);
done:
  return rc;
}

int med_redis_httl_command(med_redis_call *call) { return show_fields(call, SECONDS_LEFT); }
int med_redis_hpttl_command(med_redis_call *call) { return show_fields(call, MS_LEFT); }
int med_redis_hexpiretime_command(med_redis_call *call) { return show_fields(call, AT_SECONDS); }
int med_redis_hpexpiretime_command(med_redis_call *call) { return show_fields(call, AT_MS); }

int med_redis_hpersist_command(med_redis_call *call) {
  med_collection hash;
  field_list fields;
  int rc;
  MED_TRY(parse_fields(call, 2, 1, &fields));
  MED_TRY(med_redis_open_collection(call, 1, MED_KV_HASH, &hash));
  med_reply_list_begin(call->reply);
  for (size_t i = 0; i < fields.count && rc == MEDLEY_OK; i++) {
    int64_t expires_ms = 0, code = EXPIRY_SET;
    rc = med_hash_get(&hash, call->argv[fields.first + i], NULL, &expires_ms);
    if (rc == MEDLEY_NOT_FOUND) code = FIELD_ABSENT;
    if (rc == MEDLEY_OK && expires_ms == 0) code = FIELD_WITHOUT_EXPIRY;
    if (code == EXPIRY_SET && rc == MEDLEY_OK) rc = med_hash_set_expiry(&hash, call->argv[fields.first + i], 0);
    med_reply_integer(call->reply, code);
    if (rc == MEDLEY_NOT_FOUND) rc = MEDLEY_OK;
  }
  med_reply_list_end(call->reply);
  if (rc == MEDLEY_OK) rc = med_collection_save(&hash);
done:
  return rc;
}

/* ---- HGETDEL, HGETEX, HSETEX of Redis 8.0 ---- */
static int reply_value(med_redis_call *call, med_collection *hash, med_slice field, bool *present) {
  med_slice value;
  int rc = med_hash_get(hash, field, &value, NULL);
  *present = rc == MEDLEY_OK;
  if (rc == MEDLEY_OK) med_reply_bulk_slice(call->reply, value);
  if (rc == MEDLEY_NOT_FOUND) med_reply_null(call->reply);
  return rc == MEDLEY_NOT_FOUND ? MEDLEY_OK : rc;
}

int med_redis_hgetdel_command(med_redis_call *call) {
  med_collection hash;
  field_list fields;
  int rc;
  MED_TRY(parse_fields(call, 2, 1, &fields));
  MED_TRY(med_redis_open_collection(call, 1, MED_KV_HASH, &hash));
  med_reply_list_begin(call->reply);
  for (size_t i = 0; i < fields.count && rc == MEDLEY_OK; i++) {
    bool present;
    rc = reply_value(call, &hash, call->argv[fields.first + i], &present);
    if (rc == MEDLEY_OK && present) rc = med_hash_delete(&hash, call->argv[fields.first + i]);
  }
  med_reply_list_end(call->reply);
  if (rc == MEDLEY_OK) rc = med_collection_save(&hash);
done:
  return rc;
}

/* Sets, or with 0 takes away, the expiry of a field that is there. */
static int change_expiry(med_redis_call *call, med_collection *hash, med_slice field, int64_t expires_ms) {
  if (expires_ms != 0 && expires_ms <= call->now_ms) return med_hash_delete(hash, field);
  return med_hash_set_expiry(hash, field, expires_ms);
}

int med_redis_hgetex_command(med_redis_call *call) {
  med_collection hash;
  field_list fields;
  med_redis_expiry expiry = {.present = false};
  int64_t expires_ms = 0;
  size_t at = 2;
  int rc = MEDLEY_OK;
  bool persist = med_redis_arg_is(call, at, "persist");
  if (persist || med_redis_expiry_word(call, &at, &expiry)) at++;
  if (expiry.present) MED_TRY(med_redis_expiry_time(call, &expiry, &expires_ms));
  MED_TRY(parse_fields(call, at, 1, &fields));
  MED_TRY(med_redis_open_collection(call, 1, MED_KV_HASH, &hash));
  med_reply_list_begin(call->reply);
  for (size_t i = 0; i < fields.count && rc == MEDLEY_OK; i++) {
    bool present;
    rc = reply_value(call, &hash, call->argv[fields.first + i], &present);
    if (rc == MEDLEY_OK && present && (persist || expiry.present)) {
      rc = change_expiry(call, &hash, call->argv[fields.first + i], expires_ms);
    }
  }
  med_reply_list_end(call->reply);
  if (rc == MEDLEY_OK) rc = med_collection_save(&hash);
done:
  return rc;
}

typedef struct setex_options {
  bool if_none, if_all, keep; /* FNX, FXX, KEEPTTL */
  med_redis_expiry expiry;
  int64_t expires_ms;
} setex_options;

static int parse_setex(med_redis_call *call, size_t *at, setex_options *options) {
  memset(options, 0, sizeof *options);
  for (; *at < call->argc && !med_redis_arg_is(call, *at, "fields"); ++*at) {
    if (med_redis_arg_is(call, *at, "fnx") && !options->if_all && !options->if_none) {
      options->if_none = true;
    } else if (med_redis_arg_is(call, *at, "fxx") && !options->if_none && !options->if_all) {
      options->if_all = true;
    } else if (med_redis_arg_is(call, *at, "keepttl") && !options->expiry.present && !options->keep) {
      options->keep = true;
    } else if (options->keep || !med_redis_expiry_word(call, at, &options->expiry)) {
      return med_redis_error(call, MEDLEY_SYNTAX, "ERR unknown argument: %.*s",
                             (int)(call->argv[*at].len < 100 ? call->argv[*at].len : 100),
                             (const char *)call->argv[*at].bytes);
    }
  }
  return options->expiry.present ? med_redis_expiry_time(call, &options->expiry, &options->expires_ms) : MEDLEY_OK;
}

/* *hold: whether FNX or FXX is true of all fields. */
static int check_setex(med_redis_call *call, med_collection *hash, const setex_options *options,
                       const field_list *fields, bool *hold) {
  *hold = true;
  if (!options->if_none && !options->if_all) return MEDLEY_OK;
  for (size_t i = 0; i < fields->count; i++) {
    int rc = med_hash_get(hash, call->argv[fields->first + 2 * i], NULL, NULL);
    if (rc != MEDLEY_OK && rc != MEDLEY_NOT_FOUND) return rc;
    if ((rc == MEDLEY_OK) != options->if_all) *hold = false;
  }
  return MEDLEY_OK;
}

int med_redis_hsetex_command(med_redis_call *call) {
  med_collection hash;
  field_list fields;
  setex_options options;
  size_t at = 2;
  bool hold;
  int rc;
  MED_TRY(parse_setex(call, &at, &options));
  MED_TRY(parse_fields(call, at, 2, &fields));
  MED_TRY(med_redis_open_collection(call, 1, MED_KV_HASH, &hash));
  MED_TRY(check_setex(call, &hash, &options, &fields, &hold));
  for (size_t i = 0; i < fields.count && hold; i++) {
    const med_slice *pair = &call->argv[fields.first + 2 * i];
    MED_TRY(med_hash_put(&hash, pair[0], pair[1], options.keep, NULL));
    if (options.expiry.present) MED_TRY(change_expiry(call, &hash, pair[0], options.expires_ms));
  }
  MED_TRY(med_collection_save(&hash));
  med_reply_integer(call->reply, hold);
done:
  return rc;
}
