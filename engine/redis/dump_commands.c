/* dump_commands.c - DUMP and RESTORE: one key's value as bytes that another database can take in.
 *
 * The format is Medley's own (Redis's is its RDB file's, with its encodings): "MD", version(1), type(1), the value, and the
 * XXH3-64 of all that with the version as seed. A string is its bytes; the others are count(8) and for each element
 *   list, set: text      hash: text text expires in ms(8), 0: never      sorted set: text score bits(8)
 * where text is length(4) and bytes. Numbers are big-endian. What is restored goes through the same functions as any
 * write, so a made-up payload can hold nothing that commands could not have made. */
#include "engine/redis/key_commands.h"
#include "models/keyvalue/hash.h"
#include "models/keyvalue/list.h"
#include "models/keyvalue/set.h"
#include "models/keyvalue/sorted_set.h"
#include "models/keyvalue/string.h"

#define VERSION 1
#define HEADER_SIZE 4
#define CHECKSUM_SIZE 8

/* ---- DUMP ---- */

typedef struct dump {
  med_redis_call *call;
  med_buffer out;
} dump;

static int no_memory(med_redis_call *call) { return med_error_no_memory(med_session_error_slot(call->session)); }

static int put_u64(dump *to, uint64_t value) {
  uint8_t bytes[8];
  med_put_u64(bytes, value);
  return med_buffer_append(&to->out, bytes, sizeof bytes) ? MEDLEY_OK : no_memory(to->call);
}

static int put_text(dump *to, med_slice text) {
  uint8_t len[4];
  med_put_u32(len, (uint32_t)text.len);
  if (!med_buffer_append(&to->out, len, sizeof len)) return no_memory(to->call);
  if (text.len > 0 && !med_buffer_append(&to->out, text.bytes, text.len)) return no_memory(to->call);
  return med_redis_poll(to->call);
}

static int dump_string(dump *to, const med_kv_meta *meta) {
  med_slice value = {0};
  int rc = med_string_load(&to->call->kv, meta, to->call->scratch, &value);
  if (rc == MEDLEY_OK && value.len > 0 && !med_buffer_append(&to->out, value.bytes, value.len))
    rc = no_memory(to->call);
  return rc;
}

static int dump_list(dump *to, med_arena *arena) {
  med_collection list;
  med_list_walk walk;
  med_slice text;
  int rc = med_list_open(&to->call->kv, to->call->argv[1], arena, &list);
  if (rc == MEDLEY_OK) rc = put_u64(to, list.meta.count);
  if (rc != MEDLEY_OK) return rc;
  MED_TRY(med_list_walk_open(&list, 0, false, &walk));
  while ((rc = med_list_walk_next(&walk)) == MEDLEY_OK) {
    rc = med_element_load(&list, &walk.element, &text);
    if (rc == MEDLEY_OK) rc = put_text(to, text);
    if (rc != MEDLEY_OK) break;
  }
  med_list_walk_close(&walk);
done:
  return rc;
}

static int dump_hash(dump *to, med_arena *arena) {
  med_collection hash;
  med_hash_walk walk;
  uint64_t count;
  int rc = med_hash_open(&to->call->kv, to->call->argv[1], arena, &hash);
  if (rc == MEDLEY_OK) rc = med_hash_count(&hash, &count);
  if (rc == MEDLEY_OK) rc = put_u64(to, count);
  if (rc != MEDLEY_OK) return rc;
  MED_TRY(med_hash_walk_open(&hash, med_slice_of("", 0), true, &walk));
  while ((rc = med_hash_walk_next(&walk)) == MEDLEY_OK) {
    rc = put_text(to, walk.field);
    if (rc == MEDLEY_OK) rc = put_text(to, walk.value);
    if (rc == MEDLEY_OK) rc = put_u64(to, (uint64_t)walk.expires_ms);
    if (rc != MEDLEY_OK) break;
  }
  med_hash_walk_close(&walk);
done:
  return rc;
}

static int dump_members(dump *to, med_arena *arena, bool scores) {
  med_collection set;
  med_member_walk walk;
  int rc = scores ? med_sorted_set_open(&to->call->kv, to->call->argv[1], arena, &set)
                  : med_set_open(&to->call->kv, to->call->argv[1], arena, &set);
  if (rc == MEDLEY_OK) rc = put_u64(to, set.meta.count);
  if (rc != MEDLEY_OK) return rc;
  MED_TRY(med_member_walk_open(&set, med_slice_of("", 0), &walk));
  while ((rc = med_member_walk_next(&walk)) == MEDLEY_OK) {
    rc = put_text(to, walk.member);
    if (rc == MEDLEY_OK && scores) rc = put_u64(to, med_key_real_bits(walk.score));
    if (rc != MEDLEY_OK) break;
  }
  med_member_walk_close(&walk);
done:
  return rc;
}

static int dump_value(dump *to, const med_kv_meta *meta) {
  med_arena *arena = med_session_arena(to->call->session);
  int rc = MEDLEY_OK;
  switch (meta->type) {
    case MED_KV_STRING: rc = dump_string(to, meta); break;
    case MED_KV_LIST: rc = dump_list(to, arena); break;
    case MED_KV_HASH: rc = dump_hash(to, arena); break;
    case MED_KV_SET: rc = dump_members(to, arena, false); break;
    case MED_KV_SORTED_SET: rc = dump_members(to, arena, true); break;
  }
  return rc == MEDLEY_NOT_FOUND ? MEDLEY_OK : rc; /* the end of a walk */
}

int med_redis_dump_command(med_redis_call *call) {
  med_kv_meta meta;
  dump to = {call, {0}};
  int rc = med_kv_find(&call->kv, call->argv[1], &meta);
  if (rc == MEDLEY_NOT_FOUND) {
    med_reply_null(call->reply);
    return MEDLEY_OK;
  }
  if (rc != MEDLEY_OK) return rc;
  uint8_t header[HEADER_SIZE] = {'M', 'D', VERSION, (uint8_t)meta.type};
  rc = med_buffer_append(&to.out, header, sizeof header) ? dump_value(&to, &meta) : no_memory(call);
  if (rc == MEDLEY_OK) rc = put_u64(&to, med_hash64(to.out.bytes, to.out.len, VERSION));
  if (rc == MEDLEY_OK) med_reply_bulk(call->reply, to.out.bytes, to.out.len);
  med_buffer_clear(&to.out);
  return rc;
}

/* ---- RESTORE ---- */

typedef struct restore {
  med_redis_call *call;
  const uint8_t *at, *end;
  bool damaged;
} restore;

static uint64_t take_u64(restore *from) {
  if (from->end - from->at < 8) {
    from->damaged = true;
    return 0;
  }
  from->at += 8;
  return med_get_u64(from->at - 8);
}

static med_slice take_text(restore *from) {
  if (from->end - from->at < 4 || (size_t)(from->end - from->at - 4) < med_get_u32(from->at)) {
    from->damaged = true;
    return med_slice_of("", 0);
  }
  med_slice text = med_slice_of(from->at + 4, med_get_u32(from->at));
  from->at += 4 + text.len;
  return text;
}

static int restore_element(restore *from, med_collection *collection) {
  med_slice text = take_text(from);
  if (collection->type == MED_KV_LIST) return from->damaged ? MEDLEY_OK : med_list_push(collection, false, text);
  if (collection->type == MED_KV_SET) {
    bool added;
    return from->damaged ? MEDLEY_OK : med_set_add(collection, text, &added);
  }
  if (collection->type == MED_KV_SORTED_SET) {
    uint64_t bits = take_u64(from);
    if (from->damaged) return MEDLEY_OK;
    double score = med_key_real_from_bits(bits);
    if (score != score) from->damaged = true;
    return from->damaged ? MEDLEY_OK : med_sorted_set_put(collection, text, score, NULL, NULL);
  }
  med_slice value = take_text(from);
  int64_t expires_ms = (int64_t)take_u64(from);
  if (from->damaged) return MEDLEY_OK;
  int rc = med_hash_put(collection, text, value, false, NULL);
  if (rc == MEDLEY_OK && expires_ms != 0) rc = med_hash_set_expiry(collection, text, expires_ms);
  return rc;
}

static int restore_collection(restore *from, med_kv_type type) {
  med_collection collection;
  med_redis_call *call = from->call;
  int rc = med_collection_open(&call->kv, call->argv[1], type, med_session_arena(call->session), &collection);
  if (rc != MEDLEY_OK) return rc;
  uint64_t count = take_u64(from);
  if (count == 0) from->damaged = true;
  for (uint64_t i = 0; i < count && !from->damaged && rc == MEDLEY_OK; i++) {
    rc = restore_element(from, &collection);
    if (rc == MEDLEY_OK) rc = med_redis_poll(call);
  }
  if (from->at != from->end) from->damaged = true;
  return rc == MEDLEY_OK && !from->damaged ? med_collection_save(&collection) : rc;
}

static int restore_value(restore *from, med_kv_type type, int64_t expires_ms) {
  med_redis_call *call = from->call;
  int rc;
  if (type == MED_KV_STRING)
    return med_string_set(&call->kv, call->argv[1], med_slice_of(from->at, (size_t)(from->end - from->at)), expires_ms);
  if (type < MED_KV_STRING || type > MED_KV_SORTED_SET) from->damaged = true;
  rc = from->damaged ? MEDLEY_OK : restore_collection(from, type);
  if (rc == MEDLEY_OK && from->damaged) rc = med_redis_error(call, MEDLEY_CORRUPT, "ERR Bad data format");
  if (rc != MEDLEY_OK || expires_ms == 0) return rc;
  med_kv_meta meta;
  rc = med_kv_find(&call->kv, call->argv[1], &meta);
  if (rc == MEDLEY_NOT_FOUND) return MEDLEY_OK; /* every field had expired */
  if (rc != MEDLEY_OK) return rc;
  meta.expires_ms = expires_ms;
  return med_kv_save(&call->kv, call->argv[1], &meta);
}

typedef struct restore_options {
  bool replace, absolute;
  int64_t ttl;
} restore_options;

static int parse_options(med_redis_call *call, restore_options *options) {
  int64_t number;
  int rc = MEDLEY_OK;
  for (size_t i = 4; i < call->argc; i++) {
    bool more = i + 1 < call->argc;
    if (med_redis_arg_is(call, i, "replace")) {
      options->replace = true;
    } else if (med_redis_arg_is(call, i, "absttl")) {
      options->absolute = true;
    } else if (med_redis_arg_is(call, i, "idletime") && more) {
      MED_TRY(med_redis_arg_integer(call, ++i, &number));
      if (number < 0) return med_redis_error(call, MEDLEY_RANGE, "ERR Invalid IDLETIME value, must be >= 0");
    } else if (med_redis_arg_is(call, i, "freq") && more) {
      MED_TRY(med_redis_arg_integer(call, ++i, &number));
      if (number < 0 || number > 255)
        return med_redis_error(call, MEDLEY_RANGE, "ERR Invalid FREQ value, must be >= 0 and <= 255");
    } else {
      return med_redis_syntax_error(call);
    }
  }
done:
  return rc;
}

static int check_target(med_redis_call *call, restore_options *options) {
  med_kv_meta meta;
  int rc = options->replace ? MEDLEY_NOT_FOUND : med_kv_find(&call->kv, call->argv[1], &meta);
  if (rc == MEDLEY_OK) return med_redis_error(call, MEDLEY_EXISTS, "BUSYKEY Target key name already exists.");
  if (rc != MEDLEY_NOT_FOUND) return rc;
  rc = med_redis_arg_integer(call, 2, &options->ttl);
  if (rc == MEDLEY_OK && options->ttl < 0)
    rc = med_redis_error(call, MEDLEY_RANGE, "ERR Invalid TTL value, must be >= 0");
  return rc;
}

int med_redis_restore_command(med_redis_call *call) {
  restore_options options = {0};
  med_slice payload = call->argv[3];
  const uint8_t *bytes = payload.bytes;
  int rc;
  MED_TRY(parse_options(call, &options));
  MED_TRY(check_target(call, &options));
  if (payload.len < HEADER_SIZE + CHECKSUM_SIZE || bytes[0] != 'M' || bytes[1] != 'D' || bytes[2] != VERSION ||
      med_hash64(bytes, payload.len - CHECKSUM_SIZE, VERSION) != med_get_u64(bytes + payload.len - CHECKSUM_SIZE))
    return med_redis_error(call, MEDLEY_CORRUPT, "ERR DUMP payload version or checksum are wrong");
  if (options.ttl > 0 && !options.absolute && __builtin_add_overflow(options.ttl, call->now_ms, &options.ttl))
    return med_redis_error(call, MEDLEY_RANGE, "ERR Invalid TTL value, must be >= 0");
  rc = med_kv_remove(&call->kv, call->argv[1]);
  if (rc != MEDLEY_OK && rc != MEDLEY_NOT_FOUND) return rc;
  restore from = {call, bytes + HEADER_SIZE, bytes + payload.len - CHECKSUM_SIZE, false};
  MED_TRY(restore_value(&from, (med_kv_type)bytes[3], options.ttl));
  med_redis_signal_key(call, call->argv[1]);
  med_reply_ok(call->reply);
done:
  return rc;
}
