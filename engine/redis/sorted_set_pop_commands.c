/* sorted_set_pop_commands.c - taking members with the lowest or highest scores, also by waiting for them. */
#include "engine/redis/blocking.h"
#include "engine/redis/collections.h"
#include "models/keyvalue/sorted_set.h"

/* Takes the first or last member out. NOT_FOUND in an empty set. */
static int pop_one(med_redis_call *call, med_collection *set, bool max, med_slice *member, double *score) {
  med_sorted_set_bound from, until;
  med_sorted_set_walk walk;
  med_sorted_set_bound_start(&from);
  med_sorted_set_bound_end(&until);
  int rc = med_sorted_set_walk_open(set, &from, &until, max, &walk);
  if (rc == MEDLEY_OK) rc = med_sorted_set_walk_next(&walk);
  if (rc == MEDLEY_OK) rc = med_redis_copy(call, walk.member, member);
  *score = walk.score;
  med_sorted_set_walk_close(&walk);
  return rc == MEDLEY_OK ? med_sorted_set_remove(set, *member) : rc;
}

/* Up to count of them: member and score, in a list of their own if `pairs`. */
static int pop_and_reply(med_redis_call *call, med_collection *set, bool max, int64_t count, bool pairs) {
  int rc = MEDLEY_OK;
  while (count-- > 0 && set->meta.count > 0 && rc == MEDLEY_OK) {
    med_slice member;
    double score;
    rc = pop_one(call, set, max, &member, &score);
    if (rc != MEDLEY_OK) break;
    if (pairs) med_reply_list_begin(call->reply);
    med_reply_bulk_slice(call->reply, member);
    med_reply_real(call->reply, score);
    if (pairs) med_reply_list_end(call->reply);
    rc = med_redis_poll(call);
  }
  return rc == MEDLEY_OK ? med_collection_save(set) : rc;
}

static int pop(med_redis_call *call, bool max) {
  med_collection set;
  int64_t count = 1;
  int rc = MEDLEY_OK;
  if (call->argc > 3) return med_redis_syntax_error(call);
  if (call->argc == 3) MED_TRY(med_redis_arg_not_negative(call, 2, &count));
  MED_TRY(med_redis_open_collection(call, 1, MED_KV_SORTED_SET, &set));
  med_reply_list_begin(call->reply);
  MED_TRY(pop_and_reply(call, &set, max, count, false));
  med_reply_list_end(call->reply);
done:
  return rc;
}

int med_redis_zpopmin_command(med_redis_call *call) { return pop(call, false); }
int med_redis_zpopmax_command(med_redis_call *call) { return pop(call, true); }

/* ---- From the first set that has any ---- */
typedef struct mpop {
  size_t first_key, key_count;
  bool max;
  int64_t count;
  bool flat; /* BZPOPMIN: key, member, score in one list */
} mpop;

/* NOT_FOUND, without a reply, if all keys are empty. */
static int pop_first(med_redis_call *call, const mpop *options) {
  for (size_t i = 0; i < options->key_count; i++) {
    med_collection set;
    int rc = med_redis_open_collection(call, options->first_key + i, MED_KV_SORTED_SET, &set);
    if (rc != MEDLEY_OK) return rc;
    if (!set.exists) continue;
    med_reply_list_begin(call->reply);
    med_reply_bulk_slice(call->reply, set.key);
    if (!options->flat) med_reply_list_begin(call->reply);
    rc = pop_and_reply(call, &set, options->max, options->count, !options->flat);
    if (!options->flat) med_reply_list_end(call->reply);
    med_reply_list_end(call->reply);
    return rc;
  }
  return MEDLEY_NOT_FOUND;
}

static int pop_or_wait(med_redis_call *call, bool max) {
  mpop options = {.first_key = 1, .key_count = call->argc - 2, .max = max, .count = 1, .flat = true};
  int64_t timeout_ms;
  int rc = med_redis_arg_timeout(call, call->argc - 1, &timeout_ms);
  if (rc == MEDLEY_OK) rc = pop_first(call, &options);
  return rc == MEDLEY_NOT_FOUND ? med_redis_block(call, timeout_ms, &call->argv[1], options.key_count) : rc;
}

int med_redis_bzpopmin_command(med_redis_call *call) { return pop_or_wait(call, false); }
int med_redis_bzpopmax_command(med_redis_call *call) { return pop_or_wait(call, true); }

/* numkeys key ... MIN | MAX [COUNT n] */
static int parse_mpop(med_redis_call *call, size_t at, mpop *options) {
  int64_t wanted;
  int rc = med_redis_arg_at_least(call, at, 1, "ERR numkeys should be greater than 0", &wanted);
  if (rc != MEDLEY_OK) return rc;
  if ((uint64_t)wanted >= call->argc - at - 1) return med_redis_syntax_error(call);
  options->first_key = at + 1;
  options->key_count = (size_t)wanted;
  options->count = -1;
  at += 1 + options->key_count;
  options->max = med_redis_arg_is(call, at, "max");
  if (!options->max && !med_redis_arg_is(call, at, "min")) return med_redis_syntax_error(call);
  for (at++; at < call->argc && rc == MEDLEY_OK; at += 2) {
    if (options->count != -1 || !med_redis_arg_is(call, at, "count") || at + 1 >= call->argc) {
      return med_redis_syntax_error(call);
    }
    rc = med_redis_arg_at_least(call, at + 1, 1, "ERR count should be greater than 0", &options->count);
  }
  if (options->count == -1) options->count = 1;
  return rc;
}

int med_redis_zmpop_command(med_redis_call *call) {
  mpop options = {.flat = false};
  int rc = parse_mpop(call, 1, &options);
  if (rc == MEDLEY_OK) rc = pop_first(call, &options);
  if (rc != MEDLEY_NOT_FOUND) return rc;
  med_reply_null_list(call->reply);
  return MEDLEY_OK;
}

int med_redis_bzmpop_command(med_redis_call *call) {
  mpop options = {.flat = false};
  int64_t timeout_ms;
  int rc = med_redis_arg_timeout(call, 1, &timeout_ms);
  if (rc == MEDLEY_OK) rc = parse_mpop(call, 2, &options);
  if (rc == MEDLEY_OK) rc = pop_first(call, &options);
  if (rc != MEDLEY_NOT_FOUND) return rc;
  return med_redis_block(call, timeout_ms, &call->argv[options.first_key], options.key_count);
}
