/* list_move_commands.c - elements that move from list to list, and commands that wait for elements. */
#include "engine/redis/blocking.h"
#include "engine/redis/collections.h"
#include "models/keyvalue/list.h"

/* LEFT or RIGHT. */
static int parse_side(med_redis_call *call, size_t index, bool *front) {
  *front = med_redis_arg_is(call, index, "left");
  if (*front || med_redis_arg_is(call, index, "right")) return MEDLEY_OK;
  return med_redis_syntax_error(call);
}

/* ---- From the list at argv[1] to the one at argv[2] ---- */
/* NOT_FOUND, without a reply, if there is nothing to move. */
static int move(med_redis_call *call, bool from_front, bool to_front) {
  med_collection source, target;
  med_slice element;
  int rc;
  bool same = med_slice_equal(call->argv[1], call->argv[2]);
  MED_TRY(med_redis_open_collection(call, 1, MED_KV_LIST, &source));
  if (!source.exists) return MEDLEY_NOT_FOUND;
  if (!same) MED_TRY(med_redis_open_collection(call, 2, MED_KV_LIST, &target));
  MED_TRY(med_list_pop(&source, from_front, &element));
  MED_TRY(med_list_push(same ? &source : &target, to_front, element));
  MED_TRY(med_collection_save(&source));
  if (!same) MED_TRY(med_collection_save(&target));
  med_redis_signal_key(call, call->argv[2]);
  med_reply_bulk_slice(call->reply, element);
done:
  return rc;
}

static int move_or_null(med_redis_call *call, bool from_front, bool to_front) {
  int rc = move(call, from_front, to_front);
  if (rc != MEDLEY_NOT_FOUND) return rc;
  med_reply_null(call->reply);
  return MEDLEY_OK;
}

int med_redis_rpoplpush_command(med_redis_call *call) { return move_or_null(call, false, true); }

int med_redis_lmove_command(med_redis_call *call) {
  bool from_front, to_front;
  int rc = parse_side(call, 3, &from_front);
  if (rc == MEDLEY_OK) rc = parse_side(call, 4, &to_front);
  return rc == MEDLEY_OK ? move_or_null(call, from_front, to_front) : rc;
}

static int move_or_wait(med_redis_call *call, bool from_front, bool to_front, size_t timeout_index) {
  int64_t timeout_ms;
  int rc = med_redis_arg_timeout(call, timeout_index, &timeout_ms);
  if (rc == MEDLEY_OK) rc = move(call, from_front, to_front);
  return rc == MEDLEY_NOT_FOUND ? med_redis_block(call, timeout_ms, &call->argv[1], 1) : rc;
}

int med_redis_brpoplpush_command(med_redis_call *call) { return move_or_wait(call, false, true, 3); }

int med_redis_blmove_command(med_redis_call *call) {
  bool from_front, to_front;
  int rc = parse_side(call, 3, &from_front);
  if (rc == MEDLEY_OK) rc = parse_side(call, 4, &to_front);
  return rc == MEDLEY_OK ? move_or_wait(call, from_front, to_front, 5) : rc;
}

/* ---- From the first list that has any ---- */
/* Key and element; NOT_FOUND if all keys are empty. */
static int pop_first(med_redis_call *call, bool front) {
  for (size_t i = 1; i + 1 < call->argc; i++) {
    med_collection list;
    med_slice element;
    int rc = med_redis_open_collection(call, i, MED_KV_LIST, &list);
    if (rc != MEDLEY_OK) return rc;
    if (!list.exists) continue;
    rc = med_list_pop(&list, front, &element);
    if (rc == MEDLEY_OK) rc = med_collection_save(&list);
    if (rc != MEDLEY_OK) return rc;
    med_reply_list_begin(call->reply);
    med_reply_bulk_slice(call->reply, call->argv[i]);
    med_reply_bulk_slice(call->reply, element);
    med_reply_list_end(call->reply);
    return MEDLEY_OK;
  }
  return MEDLEY_NOT_FOUND;
}

static int pop_or_wait(med_redis_call *call, bool front) {
  int64_t timeout_ms;
  int rc = med_redis_arg_timeout(call, call->argc - 1, &timeout_ms);
  if (rc == MEDLEY_OK) rc = pop_first(call, front);
  return rc == MEDLEY_NOT_FOUND ? med_redis_block(call, timeout_ms, &call->argv[1], call->argc - 2) : rc;
}

int med_redis_blpop_command(med_redis_call *call) { return pop_or_wait(call, true); }
int med_redis_brpop_command(med_redis_call *call) { return pop_or_wait(call, false); }

/* ---- LMPOP and BLMPOP: numkeys key ... LEFT | RIGHT [COUNT n] ---- */
typedef struct mpop {
  size_t first_key, key_count;
  bool front;
  int64_t count;
} mpop;

static int parse_mpop(med_redis_call *call, size_t at, mpop *options) {
  int64_t wanted;
  int rc = med_redis_arg_at_least(call, at, 1, "ERR numkeys should be greater than 0", &wanted);
  if (rc != MEDLEY_OK) return rc;
  if ((uint64_t)wanted >= call->argc - at - 1) return med_redis_syntax_error(call);
  options->first_key = at + 1;
  options->key_count = (size_t)wanted;
  options->count = -1;
  at += 1 + options->key_count;
  rc = parse_side(call, at, &options->front);
  for (at++; at < call->argc && rc == MEDLEY_OK; at += 2) {
    if (options->count != -1 || !med_redis_arg_is(call, at, "count") || at + 1 >= call->argc) {
      return med_redis_syntax_error(call);
    }
    rc = med_redis_arg_at_least(call, at + 1, 1, "ERR count should be greater than 0", &options->count);
  }
  if (options->count == -1) options->count = 1;
  return rc;
}

static int pop_several(med_redis_call *call, const mpop *options) {
  for (size_t i = 0; i < options->key_count; i++) {
    med_collection list;
    med_slice element;
    int rc = med_redis_open_collection(call, options->first_key + i, MED_KV_LIST, &list);
    if (rc != MEDLEY_OK) return rc;
    if (!list.exists) continue;
    med_reply_list_begin(call->reply);
    med_reply_bulk_slice(call->reply, list.key);
    med_reply_list_begin(call->reply);
    for (int64_t left = options->count; left > 0 && list.meta.count > 0 && rc == MEDLEY_OK; left--) {
      rc = med_list_pop(&list, options->front, &element);
      if (rc == MEDLEY_OK) med_reply_bulk_slice(call->reply, element);
    }
    med_reply_list_end(call->reply);
    med_reply_list_end(call->reply);
    return rc == MEDLEY_OK ? med_collection_save(&list) : rc;
  }
  return MEDLEY_NOT_FOUND;
}

int med_redis_lmpop_command(med_redis_call *call) {
  mpop options;
  int rc = parse_mpop(call, 1, &options);
  if (rc == MEDLEY_OK) rc = pop_several(call, &options);
  if (rc != MEDLEY_NOT_FOUND) return rc;
  med_reply_null_list(call->reply);
  return MEDLEY_OK;
}

int med_redis_blmpop_command(med_redis_call *call) {
  mpop options;
  int64_t timeout_ms;
  int rc = med_redis_arg_timeout(call, 1, &timeout_ms);
  if (rc == MEDLEY_OK) rc = parse_mpop(call, 2, &options);
  if (rc == MEDLEY_OK) rc = pop_several(call, &options);
  if (rc != MEDLEY_NOT_FOUND) return rc;
  return med_redis_block(call, timeout_ms, &call->argv[options.first_key], options.key_count);
}
