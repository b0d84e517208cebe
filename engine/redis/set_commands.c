/* set_commands.c - SADD and its like. What combines sets is in set_algebra_commands.c. */
#include "engine/redis/collections.h"
#include "engine/redis/scan.h"
#include "models/keyvalue/set.h"
#include "models/keyvalue/sorted_set.h"

static int open_set(med_redis_call *call, med_collection *set) {
  return med_redis_open_collection(call, 1, MED_KV_SET, set);
}

static int sadd_command(med_redis_call *call) {
  med_collection set;
  int64_t added_count = 0;
  int rc;
  MED_TRY(open_set(call, &set));
  for (size_t i = 2; i < call->argc; i++) {
    bool added;
    MED_TRY(med_set_add(&set, call->argv[i], &added));
    added_count += added;
  }
  MED_TRY(med_collection_save(&set));
  med_reply_integer(call->reply, added_count);
done:
  return rc;
}

static int srem_command(med_redis_call *call) {
  med_collection set;
  int64_t removed = 0;
  int rc;
  MED_TRY(open_set(call, &set));
  for (size_t i = 2; i < call->argc; i++) {
    rc = med_set_remove(&set, call->argv[i]);
    if (rc != MEDLEY_OK && rc != MEDLEY_NOT_FOUND) goto done;
    removed += rc == MEDLEY_OK;
  }
  MED_TRY(med_collection_save(&set));
  med_reply_integer(call->reply, removed);
done:
  return rc;
}

static int smove_command(med_redis_call *call) {
  med_collection source, target;
  bool moved = false, added;
  int rc;
  MED_TRY(open_set(call, &source));
  if (!source.exists) {
    med_reply_integer(call->reply, 0);
    goto done;
  }
  MED_TRY(med_redis_open_collection(call, 2, MED_KV_SET, &target));
  MED_TRY(med_set_has(&source, call->argv[3], &moved));
  if (moved && !med_slice_equal(call->argv[1], call->argv[2])) {
    MED_TRY(med_set_remove(&source, call->argv[3]));
    MED_TRY(med_set_add(&target, call->argv[3], &added));
    MED_TRY(med_collection_save(&source));
    MED_TRY(med_collection_save(&target));
  }
  med_reply_integer(call->reply, moved);
done:
  return rc;
}

/* ---- Asking ---- */
static int scard_command(med_redis_call *call) {
  med_collection set;
  int rc = open_set(call, &set);
  if (rc == MEDLEY_OK) med_reply_integer(call->reply, (int64_t)set.meta.count);
  return rc;
}

static int sismember_command(med_redis_call *call) {
  med_collection set;
  bool has;
  int rc = open_set(call, &set);
  if (rc == MEDLEY_OK) rc = med_set_has(&set, call->argv[2], &has);
  if (rc == MEDLEY_OK) med_reply_integer(call->reply, has);
  return rc;
}

static int smismember_command(med_redis_call *call) {
  med_collection set;
  int rc = open_set(call, &set);
  if (rc != MEDLEY_OK) return rc;
  med_reply_list_begin(call->reply);
  for (size_t i = 2; i < call->argc && rc == MEDLEY_OK; i++) {
    bool has;
    rc = med_set_has(&set, call->argv[i], &has);
    if (rc == MEDLEY_OK) med_reply_integer(call->reply, has);
  }
  med_reply_list_end(call->reply);
  return rc;
}

static int sscan_command(med_redis_call *call) {
  med_collection set;
  med_redis_scan scan;
  med_member_walk walk;
  med_slice next, *position = NULL;
  bool over;
  int rc = med_redis_scan_open(call, MED_KV_SET, 0, &scan, &set, &over);
  if (rc != MEDLEY_OK || over) return rc;
  uint64_t left = set.meta.count <= MED_REDIS_SCAN_WHOLE ? set.meta.count : scan.count;
  med_slice from = scan.from_start ? med_slice_of(NULL, 0) : med_key_slice(&scan.position);
  /* The cursor comes first in the reply: find where the next call goes on, then walk again. */
  MED_TRY(med_member_walk_open(&set, from, &walk));
  for (uint64_t i = 0; i <= left && rc == MEDLEY_OK; i++) rc = med_part_walk_next(&walk.parts);
  if (rc == MEDLEY_OK) {
    rc = med_redis_copy(call, walk.parts.name, &next);
    position = &next;
  }
  med_member_walk_close(&walk);
  if (rc != MEDLEY_OK && rc != MEDLEY_NOT_FOUND) return rc;
  med_redis_scan_reply_cursor(call, position);
  med_reply_list_begin(call->reply);
  MED_TRY(med_member_walk_open(&set, from, &walk));
  for (uint64_t i = 0; i < left && (rc = med_member_walk_next(&walk)) == MEDLEY_OK; i++) {
    if (med_redis_scan_matches(&scan, walk.member)) med_reply_bulk_slice(call->reply, walk.member);
  }
  med_member_walk_close(&walk);
  med_reply_list_end(call->reply);
  med_reply_list_end(call->reply);
  if (rc == MEDLEY_NOT_FOUND) rc = MEDLEY_OK;
done:
  return rc;
}

/* ---- Random members ---- Each chosen member is replied, and removed if `take`. */
typedef struct picking {
  med_redis_call *call;
  med_collection *set;
  bool take;
} picking;

static int choose_by_walk(picking *work, uint64_t wanted) {
  med_redis_choice choice = {work->call, work->set->meta.count, wanted};
  med_slice *chosen;
  void *memory = NULL;
  size_t count = 0, size;
  med_member_walk walk;
  if (__builtin_mul_overflow(work->take ? (size_t)wanted : 0, sizeof(med_slice), &size)) {
    return med_redis_no_memory(work->call);
  }
  int rc = med_redis_alloc(work->call, size, &memory);
  chosen = memory;
  if (rc == MEDLEY_OK) rc = med_member_walk_open(work->set, med_slice_of(NULL, 0), &walk);
  if (rc != MEDLEY_OK) return rc;
  while (rc == MEDLEY_OK && choice.wanted > 0 && (rc = med_member_walk_next(&walk)) == MEDLEY_OK) {
    if (med_redis_choice_takes(&choice)) {
      med_reply_bulk_slice(work->call->reply, walk.member);
      if (work->take) rc = med_redis_copy(work->call, walk.member, &chosen[count++]);
    }
    if (rc == MEDLEY_OK) rc = med_redis_poll(work->call);
  }
  med_member_walk_close(&walk);
  if (rc == MEDLEY_NOT_FOUND) rc = MEDLEY_OK;
  for (size_t i = 0; i < count && rc == MEDLEY_OK; i++) rc = med_set_remove(work->set, chosen[i]);
  return rc;
}

static int choose_one_by_one(picking *work, uint64_t wanted, bool repeats) {
  med_redis_seen seen = {.call = work->call};
  uint64_t misses = 0, misses_max = MED_REDIS_MISSES_MAX + wanted;
  int rc = MEDLEY_OK;
  while (wanted > 0 && rc == MEDLEY_OK) {
    med_key name;
    med_slice member;
    bool fresh = true;
    rc = med_set_pick(work->set, &member, &name);
    if (rc == MEDLEY_OK && !repeats && !work->take) {
      rc = med_redis_seen_add(&seen, med_key_slice(&name), &fresh);
    }
    if (rc != MEDLEY_OK) break;
    if (!fresh && ++misses > misses_max) return med_collection_damaged(work->set, "fewer members than were counted");
    if (fresh) {
      med_reply_bulk_slice(work->call->reply, member);
      wanted--;
      if (work->take) rc = med_set_remove(work->set, member);
    }
    if (rc == MEDLEY_OK) rc = med_redis_poll(work->call);
  }
  return rc;
}

static int choose(picking *work, uint64_t wanted) {
  uint64_t total = work->set->meta.count;
  if (wanted > total) wanted = total;
  if (wanted == 0) return MEDLEY_OK;
  return med_redis_choice_walks(wanted, total) ? choose_by_walk(work, wanted) : choose_one_by_one(work, wanted, false);
}

static int reply_one(picking *work) {
  if (!work->set->exists) {
    med_reply_null(work->call->reply);
    return MEDLEY_OK;
  }
  return choose_one_by_one(work, 1, false);
}

static int spop_command(med_redis_call *call) {
  med_collection set;
  picking work = {call, &set, true};
  int64_t count;
  int rc = MEDLEY_OK;
  if (call->argc > 3) return med_redis_syntax_error(call);
  if (call->argc == 3) MED_TRY(med_redis_arg_not_negative(call, 2, &count));
  MED_TRY(open_set(call, &set));
  if (call->argc == 2) {
    MED_TRY(reply_one(&work));
  } else {
    med_reply_list_begin(call->reply);
    MED_TRY(choose(&work, (uint64_t)count));
    med_reply_list_end(call->reply);
  }
  MED_TRY(med_collection_save(&set));
done:
  return rc;
}

static int srandmember_command(med_redis_call *call) {
  med_collection set;
  picking work = {call, &set, false};
  int64_t count;
  int rc = MEDLEY_OK;
  if (call->argc > 3) return med_redis_syntax_error(call);
  if (call->argc == 3) MED_TRY(med_redis_arg_count(call, 2, &count));
  MED_TRY(open_set(call, &set));
  if (call->argc == 2) return reply_one(&work);
  med_reply_list_begin(call->reply);
  if (count < 0 && set.exists) {
    MED_TRY(choose_one_by_one(&work, (uint64_t)-count, true));
  } else if (count > 0) {
    MED_TRY(choose(&work, (uint64_t)count));
  }
  med_reply_list_end(call->reply);
done:
  return rc;
}

static const med_redis_command commands[] = {
    {"sadd", -3, MED_REDIS_WRITE, 1, 1, 1, sadd_command, "write denyoom fast", "set", "1.0.0"},
    {"scard", 2, 0, 1, 1, 1, scard_command, "readonly fast", "set", "1.0.0"},
    {"sdiff", -2, 0, 1, -1, 1, med_redis_sdiff_command, "readonly", "set", "1.0.0"},
    {"sdiffstore", -3, MED_REDIS_WRITE, 1, -1, 1, med_redis_sdiffstore_command, "write denyoom", "set", "1.0.0"},
    {"sinter", -2, 0, 1, -1, 1, med_redis_sinter_command, "readonly", "set", "1.0.0"},
    {"sintercard", -3, 0, 0, 0, 0, med_redis_sintercard_command, "readonly movablekeys", "set", "7.0.0"},
    {"sinterstore", -3, MED_REDIS_WRITE, 1, -1, 1, med_redis_sinterstore_command, "write denyoom", "set", "1.0.0"},
    {"sismember", 3, 0, 1, 1, 1, sismember_command, "readonly fast", "set", "1.0.0"},
    {"smembers", 2, 0, 1, 1, 1, med_redis_sinter_command, "readonly", "set", "1.0.0"},
    {"smismember", -3, 0, 1, 1, 1, smismember_command, "readonly fast", "set", "6.2.0"},
    {"smove", 4, MED_REDIS_WRITE, 1, 2, 1, smove_command, "write fast", "set", "1.0.0"},
    {"spop", -2, MED_REDIS_WRITE | MED_REDIS_FREES, 1, 1, 1, spop_command, "write fast", "set", "1.0.0"},
    {"srandmember", -2, 0, 1, 1, 1, srandmember_command, "readonly", "set", "1.0.0"},
    {"srem", -3, MED_REDIS_WRITE | MED_REDIS_FREES, 1, 1, 1, srem_command, "write fast", "set", "1.0.0"},
    {"sscan", -3, 0, 1, 1, 1, sscan_command, "readonly", "set", "2.8.0"},
    {"sunion", -2, 0, 1, -1, 1, med_redis_sunion_command, "readonly", "set", "1.0.0"},
    {"sunionstore", -3, MED_REDIS_WRITE, 1, -1, 1, med_redis_sunionstore_command, "write denyoom", "set", "1.0.0"},
};

const med_redis_table med_redis_set_commands = {commands, sizeof commands / sizeof commands[0]};
