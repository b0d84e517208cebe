/* sorted_set_commands.c - ZADD and its like. Ranges, combinations and pops have files of their own. */
#include <math.h>

#include "engine/redis/collections.h"
#include "engine/redis/scan.h"
#include "models/keyvalue/sample.h"
#include "models/keyvalue/sorted_set.h"

static int open_set(med_redis_call *call, med_collection *set) {
  return med_redis_open_collection(call, 1, MED_KV_SORTED_SET, set);
}

/* ---- ZADD and ZINCRBY ---- */
typedef struct add_options {
  bool if_none, if_any, if_greater, if_less, count_changed, increment;
  size_t first; /* the first score */
} add_options;

static int parse_add(med_redis_call *call, add_options *options) {
  size_t at = 2;
  for (; at < call->argc; at++) {
    if (med_redis_arg_is(call, at, "nx")) {
      options->if_none = true;
    } else if (med_redis_arg_is(call, at, "xx")) {
      options->if_any = true;
    } else if (med_redis_arg_is(call, at, "gt")) {
      options->if_greater = true;
    } else if (med_redis_arg_is(call, at, "lt")) {
      options->if_less = true;
    } else if (med_redis_arg_is(call, at, "ch")) {
      options->count_changed = true;
    } else if (med_redis_arg_is(call, at, "incr")) {
      options->increment = true;
    } else {
      break;
    }
  }
  options->first = at;
  size_t words = call->argc - at;
  if (words % 2 == 1 || words == 0) return med_redis_syntax_error(call);
  if (options->if_none && options->if_any) {
    return med_redis_error(call, MEDLEY_SYNTAX, "ERR XX and NX options at the same time are not compatible");
  }
  if ((options->if_greater && options->if_none) || (options->if_less && options->if_none) ||
      (options->if_greater && options->if_less)) {
    return med_redis_error(call, MEDLEY_SYNTAX, "ERR GT, LT, and/or NX options at the same time are not compatible");
  }
  if (options->increment && words > 2) {
    return med_redis_error(call, MEDLEY_SYNTAX, "ERR INCR option supports a single increment-element pair");
  }
  return MEDLEY_OK;
}

typedef struct add_outcome {
  int64_t added, changed;
  bool processed; /* the last pair was not skipped by a condition */
  double score;   /* of the last pair */
} add_outcome;

static int add_pair(med_redis_call *call, med_collection *set, const add_options *options, double score,
                    med_slice member, add_outcome *outcome) {
  double present;
  bool created, changed;
  outcome->processed = false;
  int rc = med_sorted_set_score(set, member, &present);
  if (rc != MEDLEY_OK && rc != MEDLEY_NOT_FOUND) return rc;
  bool absent = rc == MEDLEY_NOT_FOUND;
  if (absent ? options->if_any : options->if_none) return MEDLEY_OK;
  if (!absent && options->increment) {
    score += present;
    if (isnan(score)) return med_redis_error(call, MEDLEY_RANGE, "ERR resulting score is not a number (NaN)");
  }
  outcome->score = score;
  if (!absent && ((options->if_greater && score <= present) || (options->if_less && score >= present))) {
    return MEDLEY_OK;
  }
  rc = med_sorted_set_put(set, member, score, &created, &changed);
  if (rc != MEDLEY_OK) return rc;
  outcome->processed = true;
  outcome->added += created;
  outcome->changed += changed;
  return MEDLEY_OK;
}

static int add(med_redis_call *call, const add_options *options, add_outcome *outcome) {
  med_collection set;
  double score;
  int rc = MEDLEY_OK;
  memset(outcome, 0, sizeof *outcome);
  for (size_t i = options->first; i < call->argc; i += 2) MED_TRY(med_redis_arg_real(call, i, &score));
  MED_TRY(open_set(call, &set));
  for (size_t i = options->first; i < call->argc; i += 2) {
    MED_TRY(med_redis_arg_real(call, i, &score));
    MED_TRY(add_pair(call, &set, options, score, call->argv[i + 1], outcome));
  }
  MED_TRY(med_collection_save(&set));
  if (outcome->added > 0) med_redis_signal_key(call, call->argv[1]);
done:
  return rc;
}

static int zadd_command(med_redis_call *call) {
  add_options options = {.first = 2};
  add_outcome outcome;
  int rc = parse_add(call, &options);
  if (rc == MEDLEY_OK) rc = add(call, &options, &outcome);
  if (rc != MEDLEY_OK) return rc;
  if (!options.increment) {
    med_reply_integer(call->reply, outcome.added + (options.count_changed ? outcome.changed : 0));
  } else if (outcome.processed) {
    med_reply_real(call->reply, outcome.score);
  } else {
    med_reply_null(call->reply);
  }
  return MEDLEY_OK;
}

static int zincrby_command(med_redis_call *call) {
  add_options options = {.increment = true, .first = 2};
  add_outcome outcome;
  int rc = add(call, &options, &outcome);
  if (rc == MEDLEY_OK) med_reply_real(call->reply, outcome.score);
  return rc;
}

static int zrem_command(med_redis_call *call) {
  med_collection set;
  int64_t removed = 0;
  int rc;
  MED_TRY(open_set(call, &set));
  for (size_t i = 2; i < call->argc; i++) {
    rc = med_sorted_set_remove(&set, call->argv[i]);
    if (rc != MEDLEY_OK && rc != MEDLEY_NOT_FOUND) goto done;
    removed += rc == MEDLEY_OK;
  }
  MED_TRY(med_collection_save(&set));
  med_reply_integer(call->reply, removed);
done:
  return rc;
}

/* ---- Asking ---- */
static int zcard_command(med_redis_call *call) {
  med_collection set;
  int rc = open_set(call, &set);
  if (rc == MEDLEY_OK) med_reply_integer(call->reply, (int64_t)set.meta.count);
  return rc;
}

static int reply_score(med_redis_call *call, med_collection *set, med_slice member) {
  double score;
  int rc = med_sorted_set_score(set, member, &score);
  if (rc == MEDLEY_OK) med_reply_real(call->reply, score);
  if (rc == MEDLEY_NOT_FOUND) med_reply_null(call->reply);
  return rc == MEDLEY_NOT_FOUND ? MEDLEY_OK : rc;
}

static int zscore_command(med_redis_call *call) {
  med_collection set;
  int rc = open_set(call, &set);
  return rc == MEDLEY_OK ? reply_score(call, &set, call->argv[2]) : rc;
}

static int zmscore_command(med_redis_call *call) {
  med_collection set;
  int rc = open_set(call, &set);
  if (rc != MEDLEY_OK) return rc;
  med_reply_list_begin(call->reply);
  for (size_t i = 2; i < call->argc && rc == MEDLEY_OK; i++) rc = reply_score(call, &set, call->argv[i]);
  med_reply_list_end(call->reply);
  return rc;
}

static int reply_rank(med_redis_call *call, bool reverse) {
  med_collection set;
  uint64_t rank;
  int rc = open_set(call, &set);
  if (rc == MEDLEY_OK) rc = med_sorted_set_rank(&set, call->argv[2], &rank);
  if (rc == MEDLEY_OK) med_reply_integer(call->reply, (int64_t)(reverse ? set.meta.count - 1 - rank : rank));
  if (rc == MEDLEY_NOT_FOUND) med_reply_null(call->reply);
  return rc == MEDLEY_NOT_FOUND ? MEDLEY_OK : rc;
}

static int zrank_command(med_redis_call *call) { return reply_rank(call, false); }
static int zrevrank_command(med_redis_call *call) { return reply_rank(call, true); }

static int zscan_command(med_redis_call *call) {
  med_collection set;
  med_redis_scan scan;
  med_member_walk walk;
  med_slice next, *position = NULL;
  bool over;
  int rc = med_redis_scan_open(call, MED_KV_SORTED_SET, 0, &scan, &set, &over);
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
    if (!med_redis_scan_matches(&scan, walk.member)) continue;
    med_reply_bulk_slice(call->reply, walk.member);
    med_reply_real(call->reply, walk.score);
  }
  med_member_walk_close(&walk);
  med_reply_list_end(call->reply);
  med_reply_list_end(call->reply);
  if (rc == MEDLEY_NOT_FOUND) rc = MEDLEY_OK;
done:
  return rc;
}

/* ---- Random members: by place, so that each is exactly equally likely ---- */
static int reply_at(med_redis_call *call, med_collection *set, uint64_t rank, bool scores) {
  med_sorted_set_bound from, until;
  med_sorted_set_walk walk;
  int rc = med_sorted_set_bound_rank(set, rank, &from);
  med_sorted_set_bound_end(&until);
  if (rc == MEDLEY_OK) rc = med_sorted_set_walk_open(set, &from, &until, false, &walk);
  if (rc != MEDLEY_OK) return rc;
  rc = med_sorted_set_walk_next(&walk);
  if (rc == MEDLEY_OK) {
    med_reply_bulk_slice(call->reply, walk.member);
    if (scores) med_reply_real(call->reply, walk.score);
  }
  med_sorted_set_walk_close(&walk);
  return rc;
}

static int reply_chosen_by_walk(med_redis_call *call, med_collection *set, uint64_t wanted, bool scores) {
  med_redis_choice choice = {call, set->meta.count, wanted};
  med_member_walk walk;
  int rc = med_member_walk_open(set, med_slice_of(NULL, 0), &walk);
  while (rc == MEDLEY_OK && choice.wanted > 0 && (rc = med_member_walk_next(&walk)) == MEDLEY_OK) {
    if (med_redis_choice_takes(&choice)) {
      med_reply_bulk_slice(call->reply, walk.member);
      if (scores) med_reply_real(call->reply, walk.score);
    }
    rc = med_redis_poll(call);
  }
  med_member_walk_close(&walk);
  return rc == MEDLEY_NOT_FOUND ? MEDLEY_OK : rc;
}

static int reply_picks(med_redis_call *call, med_collection *set, uint64_t wanted, bool repeats, bool scores) {
  med_redis_seen seen = {.call = call};
  uint64_t misses = 0, misses_max = MED_REDIS_MISSES_MAX + wanted;
  int rc = MEDLEY_OK;
  while (wanted > 0 && rc == MEDLEY_OK) {
    uint64_t rank = med_sample_random(set, set->meta.count);
    bool fresh = true;
    if (!repeats) rc = med_redis_seen_add(&seen, med_slice_of(&rank, sizeof rank), &fresh);
    if (!fresh && ++misses > misses_max) return med_collection_damaged(set, "fewer members than were counted");
    if (rc == MEDLEY_OK && fresh) {
      rc = reply_at(call, set, rank, scores);
      wanted--;
    }
    if (rc == MEDLEY_OK) rc = med_redis_poll(call);
  }
  return rc;
}

static int zrandmember_command(med_redis_call *call) {
  med_collection set;
  int64_t count;
  bool scores = call->argc == 4;
  int rc;
  if (call->argc == 2) {
    MED_TRY(open_set(call, &set));
    if (set.exists) return reply_picks(call, &set, 1, true, false);
    med_reply_null(call->reply);
    goto done;
  }
  MED_TRY(med_redis_arg_count(call, 2, &count));
  if (call->argc > 4 || (scores && !med_redis_arg_is(call, 3, "withscores"))) return med_redis_syntax_error(call);
  if (scores && (count < -(INT64_MAX / 2) || count > INT64_MAX / 2)) {
    return med_redis_error(call, MEDLEY_RANGE, "ERR value is out of range");
  }
  MED_TRY(open_set(call, &set));
  uint64_t total = set.meta.count, wanted = count < 0 ? (uint64_t)-count : (uint64_t)count;
  med_reply_list_begin(call->reply);
  if (total > 0 && count < 0) {
    rc = reply_picks(call, &set, wanted, true, scores);
  } else if (total > 0) {
    if (wanted > total) wanted = total;
    rc = med_redis_choice_walks(wanted, total) ? reply_chosen_by_walk(call, &set, wanted, scores)
                                               : reply_picks(call, &set, wanted, false, scores);
  }
  med_reply_list_end(call->reply);
done:
  return rc;
}

static const med_redis_command commands[] = {
    {"bzmpop", -5, MED_REDIS_WRITE | MED_REDIS_BLOCKING | MED_REDIS_FREES, 0, 0, 0, med_redis_bzmpop_command,
     "write blocking movablekeys", "sorted-set", "7.0.0"},
    {"bzpopmax", -3, MED_REDIS_WRITE | MED_REDIS_BLOCKING | MED_REDIS_FREES, 1, -2, 1, med_redis_bzpopmax_command,
     "write noscript blocking fast", "sorted-set", "5.0.0"},
    {"bzpopmin", -3, MED_REDIS_WRITE | MED_REDIS_BLOCKING | MED_REDIS_FREES, 1, -2, 1, med_redis_bzpopmin_command,
     "write noscript blocking fast", "sorted-set", "5.0.0"},
    {"zadd", -4, MED_REDIS_WRITE, 1, 1, 1, zadd_command, "write denyoom fast", "sorted-set", "1.2.0"},
    {"zcard", 2, 0, 1, 1, 1, zcard_command, "readonly fast", "sorted-set", "1.2.0"},
    {"zcount", 4, 0, 1, 1, 1, med_redis_zcount_command, "readonly fast", "sorted-set", "2.0.0"},
    {"zdiff", -3, 0, 0, 0, 0, med_redis_zdiff_command, "readonly movablekeys", "sorted-set", "6.2.0"},
    {"zdiffstore", -4, MED_REDIS_WRITE, 1, 1, 1, med_redis_zdiffstore_command, "write denyoom movablekeys",
     "sorted-set", "6.2.0"},
    {"zincrby", 4, MED_REDIS_WRITE, 1, 1, 1, zincrby_command, "write denyoom fast", "sorted-set", "1.2.0"},
    {"zinter", -3, 0, 0, 0, 0, med_redis_zinter_command, "readonly movablekeys", "sorted-set", "6.2.0"},
    {"zintercard", -3, 0, 0, 0, 0, med_redis_zintercard_command, "readonly movablekeys", "sorted-set", "7.0.0"},
    {"zinterstore", -4, MED_REDIS_WRITE, 1, 1, 1, med_redis_zinterstore_command, "write denyoom movablekeys",
     "sorted-set", "2.0.0"},
    {"zlexcount", 4, 0, 1, 1, 1, med_redis_zlexcount_command, "readonly fast", "sorted-set", "2.8.9"},
    {"zmpop", -4, MED_REDIS_WRITE | MED_REDIS_FREES, 0, 0, 0, med_redis_zmpop_command, "write movablekeys",
     "sorted-set", "7.0.0"},
    {"zmscore", -3, 0, 1, 1, 1, zmscore_command, "readonly fast", "sorted-set", "6.2.0"},
    {"zpopmax", -2, MED_REDIS_WRITE | MED_REDIS_FREES, 1, 1, 1, med_redis_zpopmax_command, "write fast", "sorted-set",
     "5.0.0"},
    {"zpopmin", -2, MED_REDIS_WRITE | MED_REDIS_FREES, 1, 1, 1, med_redis_zpopmin_command, "write fast", "sorted-set",
     "5.0.0"},
    {"zrandmember", -2, 0, 1, 1, 1, zrandmember_command, "readonly", "sorted-set", "6.2.0"},
    {"zrange", -4, 0, 1, 1, 1, med_redis_zrange_command, "readonly", "sorted-set", "1.2.0"},
    {"zrangebylex", -4, 0, 1, 1, 1, med_redis_zrangebylex_command, "readonly", "sorted-set", "2.8.9"},
    {"zrangebyscore", -4, 0, 1, 1, 1, med_redis_zrangebyscore_command, "readonly", "sorted-set", "1.0.5"},
    {"zrangestore", -5, MED_REDIS_WRITE, 1, 2, 1, med_redis_zrangestore_command, "write denyoom", "sorted-set",
     "6.2.0"},
    {"zrank", 3, 0, 1, 1, 1, zrank_command, "readonly fast", "sorted-set", "2.0.0"},
    {"zrem", -3, MED_REDIS_WRITE | MED_REDIS_FREES, 1, 1, 1, zrem_command, "write fast", "sorted-set", "1.2.0"},
    {"zremrangebylex", 4, MED_REDIS_WRITE | MED_REDIS_FREES, 1, 1, 1, med_redis_zremrangebylex_command, "write",
     "sorted-set", "2.8.9"},
    {"zremrangebyrank", 4, MED_REDIS_WRITE | MED_REDIS_FREES, 1, 1, 1, med_redis_zremrangebyrank_command, "write",
     "sorted-set", "2.0.0"},
    {"zremrangebyscore", 4, MED_REDIS_WRITE | MED_REDIS_FREES, 1, 1, 1, med_redis_zremrangebyscore_command, "write",
     "sorted-set", "1.2.0"},
    {"zrevrange", -4, 0, 1, 1, 1, med_redis_zrevrange_command, "readonly", "sorted-set", "1.2.0"},
    {"zrevrangebylex", -4, 0, 1, 1, 1, med_redis_zrevrangebylex_command, "readonly", "sorted-set", "2.8.9"},
    {"zrevrangebyscore", -4, 0, 1, 1, 1, med_redis_zrevrangebyscore_command, "readonly", "sorted-set", "2.2.0"},
    {"zrevrank", 3, 0, 1, 1, 1, zrevrank_command, "readonly fast", "sorted-set", "2.0.0"},
    {"zscan", -3, 0, 1, 1, 1, zscan_command, "readonly", "sorted-set", "2.8.0"},
    {"zscore", 3, 0, 1, 1, 1, zscore_command, "readonly fast", "sorted-set", "1.2.0"},
    {"zunion", -3, 0, 0, 0, 0, med_redis_zunion_command, "readonly movablekeys", "sorted-set", "6.2.0"},
    {"zunionstore", -4, MED_REDIS_WRITE, 1, 1, 1, med_redis_zunionstore_command, "write denyoom movablekeys",
     "sorted-set", "2.0.0"},
};

const med_redis_table med_redis_sorted_set_commands = {commands, sizeof commands / sizeof commands[0]};
