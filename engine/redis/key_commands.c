/* key_commands.c - commands on keys of any type: removing, asking, renaming, copying, walking. Expiry is in
 * expire_commands.c. */
#include <stdio.h>
#include <strings.h>

#include "engine/redis/key_commands.h"
#include "engine/redis/state.h"
#include "models/keyvalue/string.h"

static const char *const type_names[] = {"none", "string", "hash", "list", "set", "zset"};

static int not_found_is_ok(int rc) { return rc == MEDLEY_NOT_FOUND ? MEDLEY_OK : rc; }

/* ---- Removing and asking ---- */

static int del_command(med_redis_call *call) {
  int64_t removed = 0;
  for (size_t i = 1; i < call->argc; i++) {
    int rc = med_kv_remove(&call->kv, call->argv[i]);
    removed += rc == MEDLEY_OK;
    if (not_found_is_ok(rc) != MEDLEY_OK) return rc;
  }
  med_reply_integer(call->reply, removed);
  return MEDLEY_OK;
}

static int exists_command(med_redis_call *call) {
  int64_t count = 0;
  for (size_t i = 1; i < call->argc; i++) {
    med_kv_meta meta;
    int rc = med_kv_find(&call->kv, call->argv[i], &meta);
    count += rc == MEDLEY_OK;
    if (not_found_is_ok(rc) != MEDLEY_OK) return rc;
  }
  med_reply_integer(call->reply, count);
  return MEDLEY_OK;
}

static int type_command(med_redis_call *call) {
  med_kv_meta meta;
  int rc = med_kv_find(&call->kv, call->argv[1], &meta);
  if (not_found_is_ok(rc) != MEDLEY_OK) return rc;
  med_reply_status(call->reply, rc == MEDLEY_OK ? type_names[meta.type] : "none");
  return MEDLEY_OK;
}

/* ---- Renaming, moving, copying ---- */

static int no_such_key(med_redis_call *call) { return med_redis_error(call, MEDLEY_NOT_FOUND, "ERR no such key"); }

static int rename_key(med_redis_call *call, bool only_new, bool *renamed) {
  med_kv_meta meta;
  *renamed = true;
  int rc = med_kv_find(&call->kv, call->argv[1], &meta);
  if (rc == MEDLEY_NOT_FOUND) return no_such_key(call);
  if (rc != MEDLEY_OK) return rc;
  if (med_slice_equal(call->argv[1], call->argv[2])) {
    *renamed = !only_new;
    return MEDLEY_OK;
  }
  if (only_new) {
    rc = med_kv_find(&call->kv, call->argv[2], &meta);
    if (rc == MEDLEY_OK) *renamed = false;
    if (rc != MEDLEY_NOT_FOUND) return rc;
  }
  rc = med_kv_move(&call->kv, call->argv[1], &call->kv, call->argv[2]);
  if (rc == MEDLEY_OK) med_redis_signal_key(call, call->argv[2]);
  return rc;
}

static int rename_command(med_redis_call *call) {
  bool renamed;
  int rc = rename_key(call, false, &renamed);
  if (rc == MEDLEY_OK) med_reply_ok(call->reply);
  return rc;
}

static int renamenx_command(med_redis_call *call) {
  bool renamed;
  int rc = rename_key(call, true, &renamed);
  if (rc == MEDLEY_OK) med_reply_integer(call->reply, renamed);
  return rc;
}

/* Signals a key of another bucket than the selected one. */
static void signal_in(med_redis_call *call, const med_kv *kv, med_slice key) {
  med_kv selected = call->kv;
  call->kv = *kv;
  med_redis_signal_key(call, key);
  call->kv = selected;
}

static int move_command(med_redis_call *call) {
  med_kv to;
  med_kv_meta meta;
  int64_t number;
  if (med_redis_parse_integer(call->argv[2], &number) && (number < INT32_MIN || number > INT32_MAX))
    return med_redis_error(call, MEDLEY_RANGE, "ERR value is out of range, value must between %d and %d", INT32_MIN,
                           INT32_MAX);
  int rc = med_redis_arg_bucket(call, 2, &to, "ERR value is not an integer or out of range");
  if (rc != MEDLEY_OK) return rc;
  if (to.bucket_id == call->kv.bucket_id)
    return med_redis_error(call, MEDLEY_MISUSE, "ERR source and destination objects are the same");
  rc = med_kv_find(&call->kv, call->argv[1], &meta);
  if (rc == MEDLEY_OK) {
    rc = med_kv_find(&to, call->argv[1], &meta);
    if (rc == MEDLEY_NOT_FOUND) {
      rc = med_kv_move(&call->kv, call->argv[1], &to, call->argv[1]);
      if (rc == MEDLEY_OK) {
        signal_in(call, &to, call->argv[1]);
        med_reply_integer(call->reply, 1);
      }
      return rc;
    }
  }
  if (not_found_is_ok(rc) == MEDLEY_OK) med_reply_integer(call->reply, 0);
  return not_found_is_ok(rc);
}

static int copy_command(med_redis_call *call) {
  med_kv to = call->kv;
  med_kv_meta meta;
  bool replace = false;
  int rc;
  for (size_t i = 3; i < call->argc; i++) {
    if (med_redis_arg_is(call, i, "replace")) {
      replace = true;
    } else if (med_redis_arg_is(call, i, "db") && i + 1 < call->argc) {
      MED_TRY(med_redis_arg_bucket(call, ++i, &to, "ERR value is not an integer or out of range"));
    } else {
      return med_redis_syntax_error(call);
    }
  }
  if (to.bucket_id == call->kv.bucket_id && med_slice_equal(call->argv[1], call->argv[2]))
    return med_redis_error(call, MEDLEY_MISUSE, "ERR source and destination objects are the same");
  rc = med_kv_find(&call->kv, call->argv[1], &meta);
  if (rc == MEDLEY_OK && !replace) {
    rc = med_kv_find(&to, call->argv[2], &meta);
    if (rc == MEDLEY_OK)
      rc = MEDLEY_NOT_FOUND; /* the target is in the way */
    else if (rc == MEDLEY_NOT_FOUND)
      rc = MEDLEY_OK;
  }
  if (rc == MEDLEY_OK) {
    MED_TRY(med_kv_copy(&call->kv, call->argv[1], &to, call->argv[2]));
    signal_in(call, &to, call->argv[2]);
    med_reply_integer(call->reply, 1);
  } else if (rc == MEDLEY_NOT_FOUND) {
    med_reply_integer(call->reply, 0);
    rc = MEDLEY_OK;
  }
done:
  return rc;
}

/* ---- Walking ---- */

static int keys_command(med_redis_call *call) {
  med_kv_walk walk;
  int rc = med_kv_walk_open_tail(&call->kv, med_slice_of("", 0), &walk);
  if (rc != MEDLEY_OK) return rc;
  med_reply_list_begin(call->reply);
  while ((rc = med_kv_walk_next(&walk)) == MEDLEY_OK) {
    if (med_redis_glob_match(call->argv[1], walk.key, false)) med_reply_bulk_slice(call->reply, walk.key);
    rc = med_redis_poll(call);
    if (rc != MEDLEY_OK) break;
  }
  med_reply_list_end(call->reply);
  med_kv_walk_close(&walk);
  return not_found_is_ok(rc);
}

/* Looks at up to COUNT keys; *next is the tail of the first one that was not looked at. */
static int scan_keys(med_redis_call *call, const med_redis_scan *scan, med_kv_walk *walk, bool *more, med_key *next) {
  *more = false;
  for (size_t looked = 0;; looked++) {
    int rc = med_kv_walk_next(walk);
    if (rc != MEDLEY_OK) return not_found_is_ok(rc);
    if (looked == scan->count) {
      med_slice tail = med_kv_walk_tail(walk);
      med_key_set(next, tail);
      *more = true;
      return MEDLEY_OK;
    }
    bool wanted = med_redis_scan_matches(scan, walk->key);
    const char *type = type_names[walk->meta.type];
    if (wanted && scan->has_type)
      wanted = scan->type.len == strlen(type) && strncasecmp(scan->type.bytes, type, scan->type.len) == 0;
    if (wanted) med_reply_bulk_slice(call->reply, walk->key);
    rc = med_redis_poll(call);
    if (rc != MEDLEY_OK) return rc;
  }
}

static int scan_command(med_redis_call *call) {
  med_redis_scan scan;
  med_kv_walk walk;
  med_key next;
  bool more;
  int rc = med_redis_scan_parse(call, 1, MED_REDIS_SCAN_TYPE, &scan);
  if (rc != MEDLEY_OK) return rc;
  med_slice from = scan.from_start ? med_slice_of("", 0) : med_key_slice(&scan.position);
  rc = med_kv_walk_open_tail(&call->kv, from, &walk);
  if (rc != MEDLEY_OK) return rc;
  /* The keys are collected first, because the cursor stands before them in the reply. */
  med_reply keys;
  med_reply *reply = call->reply;
  med_reply_init(&keys, reply->memory);
  med_reply_list_begin(&keys);
  call->reply = &keys;
  rc = scan_keys(call, &scan, &walk, &more, &next);
  call->reply = reply;
  med_kv_walk_close(&walk);
  if (rc != MEDLEY_OK) return rc;
  medley_value found;
  rc = med_reply_take(&keys, med_session_error_slot(call->session), &found);
  if (rc != MEDLEY_OK) return rc;
  med_slice position = med_key_slice(&next);
  med_redis_scan_reply_cursor(call, more ? &position : NULL);
  med_reply_value(call->reply, &found);
  med_reply_list_end(call->reply);
  return MEDLEY_OK;
}

static int randomkey_command(med_redis_call *call) {
  uint64_t random = med_store_random(med_txn_store(call->kv.txn));
  int rc = med_kv_random_key(&call->kv, random, call->scratch);
  if (rc == MEDLEY_OK) med_reply_bulk(call->reply, call->scratch->bytes, call->scratch->len);
  if (rc == MEDLEY_NOT_FOUND) med_reply_null(call->reply);
  return not_found_is_ok(rc);
}

/* ---- OBJECT ---- */

#define EMBEDDED_STRING_MAX 44 /* of Redis's encodings: what is told, not what is done here */
#define SMALL_COLLECTION_MAX 128

static const char *string_encoding(const med_kv_meta *meta) {
  int64_t integer;
  if (meta->object_id == 0 && med_string_to_integer(meta->inline_value, &integer)) return "int";
  return meta->count <= EMBEDDED_STRING_MAX ? "embstr" : "raw";
}

static const char *encoding(const med_kv_meta *meta) {
  bool small = meta->count <= SMALL_COLLECTION_MAX;
  switch (meta->type) {
    case MED_KV_STRING: return string_encoding(meta);
    case MED_KV_HASH: return small ? "listpack" : "hashtable";
    case MED_KV_LIST: return "quicklist";
    case MED_KV_SET: return "hashtable";
    default: return small ? "listpack" : "skiplist";
  }
}

/* The key that OBJECT asks about: OK, or null is replied and *found is false. */
static int find_object(med_redis_call *call, med_kv_meta *meta, bool *found) {
  int rc = med_kv_find(&call->kv, call->argv[2], meta);
  *found = rc == MEDLEY_OK;
  if (rc == MEDLEY_NOT_FOUND) med_reply_null(call->reply);
  return not_found_is_ok(rc);
}

static int object_encoding_command(med_redis_call *call) {
  med_kv_meta meta;
  bool found;
  int rc = find_object(call, &meta, &found);
  if (found) med_reply_bulk_text(call->reply, encoding(&meta));
  return rc;
}

static int object_refcount_command(med_redis_call *call) {
  med_kv_meta meta;
  bool found;
  int rc = find_object(call, &meta, &found);
  if (found) med_reply_integer(call->reply, 1);
  return rc;
}

static int object_idletime_command(med_redis_call *call) {
  med_kv_meta meta;
  bool found;
  int rc = find_object(call, &meta, &found);
  if (found) med_reply_integer(call->reply, 0);
  return rc;
}

static int object_freq_command(med_redis_call *call) {
  med_kv_meta meta;
  bool found;
  int rc = find_object(call, &meta, &found);
  if (!found) return rc;
  return med_redis_error(call, MEDLEY_UNSUPPORTED,
                         "ERR An LFU maxmemory policy is not selected, access frequency not tracked. Please note that "
                         "when switching between policies at runtime LRU and LFU data will take some time to adjust.");
}

static int memory_usage_command(med_redis_call *call) {
  med_kv_meta meta;
  bool found;
  int64_t samples;
  if (call->argc > 3) {
    if (call->argc != 5 || !med_redis_arg_is(call, 3, "samples")) return med_redis_syntax_error(call);
    int rc = med_redis_arg_integer(call, 4, &samples);
    if (rc != MEDLEY_OK) return rc;
    if (samples < 0) return med_redis_syntax_error(call);
  }
  int rc = find_object(call, &meta, &found);
  /* What the record takes, and a page's share for each element: an estimate, as Redis's is. */
  uint64_t elements = meta.type == MED_KV_STRING ? meta.count : meta.count * 64;
  if (found) med_reply_integer(call->reply, (int64_t)(call->argv[2].len + 48 + elements));
  return rc;
}

/* There are no replicas: none has acknowledged anything. */
static int wait_command(med_redis_call *call) {
  int64_t replicas, timeout;
  int rc = med_redis_arg_integer(call, 1, &replicas);
  if (rc != MEDLEY_OK) return rc;
  if (!med_redis_parse_integer(call->argv[2], &timeout))
    return med_redis_error(call, MEDLEY_RANGE, "ERR timeout is not an integer or out of range");
  if (timeout < 0) return med_redis_error(call, MEDLEY_RANGE, "ERR timeout is negative");
  med_reply_integer(call->reply, 0);
  return MEDLEY_OK;
}

#define FREES (MED_REDIS_WRITE | MED_REDIS_FREES)
#define EXPIRES (MED_REDIS_WRITE | MED_REDIS_CACHE)
static const med_redis_command commands[] = {
    {"copy", -3, MED_REDIS_WRITE, 1, 2, 1, copy_command, "write denyoom", "generic", "6.2.0"},
    {"del", -2, FREES | MED_REDIS_CACHE, 1, -1, 1, del_command, "write", "generic", "1.0.0"},
    {"dump", 2, 0, 1, 1, 1, med_redis_dump_command, "readonly", "generic", "2.6.0"},
    {"exists", -2, MED_REDIS_CACHE, 1, -1, 1, exists_command, "readonly fast", "generic", "1.0.0"},
    {"expire", -3, EXPIRES, 1, 1, 1, med_redis_expire_command, "write fast", "generic", "1.0.0"},
    {"expireat", -3, MED_REDIS_WRITE, 1, 1, 1, med_redis_expireat_command, "write fast", "generic", "1.2.0"},
    {"expiretime", 2, 0, 1, 1, 1, med_redis_expiretime_command, "readonly fast", "generic", "7.0.0"},
    {"keys", 2, 0, 0, 0, 0, keys_command, "readonly", "generic", "1.0.0"},
    {"move", 3, MED_REDIS_WRITE, 1, 1, 1, move_command, "write fast", "generic", "1.0.0"},
    {"object", -2, 0, 0, 0, 0, NULL, "", "generic", "2.2.3"},
    {"object encoding", 3, 0, 2, 2, 1, object_encoding_command, "readonly", "generic", "2.2.3"},
    {"object freq", 3, 0, 2, 2, 1, object_freq_command, "readonly", "generic", "4.0.0"},
    {"object idletime", 3, 0, 2, 2, 1, object_idletime_command, "readonly", "generic", "2.2.3"},
    {"object refcount", 3, 0, 2, 2, 1, object_refcount_command, "readonly", "generic", "2.2.3"},
    {"memory", -2, 0, 0, 0, 0, NULL, "", "server", "4.0.0"},
    {"memory usage", -3, 0, 2, 2, 1, memory_usage_command, "readonly", "server", "4.0.0"},
    {"persist", 2, EXPIRES, 1, 1, 1, med_redis_persist_command, "write fast", "generic", "2.2.0"},
    {"pexpire", -3, EXPIRES, 1, 1, 1, med_redis_pexpire_command, "write fast", "generic", "2.6.0"},
    {"pexpireat", -3, MED_REDIS_WRITE, 1, 1, 1, med_redis_pexpireat_command, "write fast", "generic", "2.6.0"},
    {"pexpiretime", 2, 0, 1, 1, 1, med_redis_pexpiretime_command, "readonly fast", "generic", "7.0.0"},
    {"pttl", 2, MED_REDIS_CACHE, 1, 1, 1, med_redis_pttl_command, "readonly fast", "generic", "2.6.0"},
    {"randomkey", 1, 0, 0, 0, 0, randomkey_command, "readonly", "generic", "1.0.0"},
    {"rename", 3, MED_REDIS_WRITE, 1, 2, 1, rename_command, "write", "generic", "1.0.0"},
    {"renamenx", 3, MED_REDIS_WRITE, 1, 2, 1, renamenx_command, "write fast", "generic", "1.0.0"},
    {"restore", -4, MED_REDIS_WRITE, 1, 1, 1, med_redis_restore_command, "write denyoom", "generic", "2.6.0"},
    {"scan", -2, 0, 0, 0, 0, scan_command, "readonly", "generic", "2.8.0"},
    {"touch", -2, MED_REDIS_CACHE, 1, -1, 1, exists_command, "readonly fast", "generic", "3.2.1"},
    {"ttl", 2, MED_REDIS_CACHE, 1, 1, 1, med_redis_ttl_command, "readonly fast", "generic", "1.0.0"},
    {"type", 2, MED_REDIS_CACHE, 1, 1, 1, type_command, "readonly fast", "generic", "1.0.0"},
    {"unlink", -2, FREES | MED_REDIS_CACHE, 1, -1, 1, del_command, "write fast", "generic", "4.0.0"},
    {"wait", 3, MED_REDIS_KEYLESS, 0, 0, 0, wait_command, "noscript", "generic", "3.0.0"},
};
const med_redis_table med_redis_key_commands = {commands, sizeof commands / sizeof commands[0]};
