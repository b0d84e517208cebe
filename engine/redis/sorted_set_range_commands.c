/* sorted_set_range_commands.c - ranges of a sorted set by place, score and name: replied, stored, counted, removed. */
#include "engine/redis/collections.h"
#include "models/keyvalue/sorted_set.h"

typedef enum range_kind { BY_RANK, BY_SCORE, BY_NAME } range_kind;

/* What the words say, before the set is looked at. */
typedef struct range_words {
  range_kind kind;
  bool reverse, scores;
  bool limited;
  int64_t offset, limit; /* limit below 0: all */
  int64_t start, stop;   /* BY_RANK */
  double min, max;       /* BY_SCORE */
  med_slice min_name, max_name;
  bool min_open, max_open;        /* BY_SCORE, BY_NAME: the end itself does not belong to it */
  bool min_none, max_all;         /* BY_NAME: - and + */
  bool min_is_plus, max_is_minus; /* BY_NAME: + and - at the wrong end: nothing */
} range_words;

/* ---- Ends ---- */
static int parse_score_end(med_redis_call *call, size_t index, double *score, bool *open) {
  med_slice text = call->argv[index];
  *open = text.len > 0 && *(const char *)text.bytes == '(';
  if (*open) text = med_slice_of((const char *)text.bytes + 1, text.len - 1);
  if (med_redis_parse_loose_real(text, false, score)) return MEDLEY_OK;
  return med_redis_error(call, MEDLEY_RANGE, "ERR min or max is not a float");
}

static int parse_name_end(med_redis_call *call, size_t index, med_slice *name, bool *open, bool *minus, bool *plus) {
  const char *text = call->argv[index].bytes;
  size_t len = call->argv[index].len;
  *minus = len == 1 && text[0] == '-';
  *plus = len == 1 && text[0] == '+';
  *open = len > 0 && text[0] == '(';
  *name = med_slice_of(len > 0 ? text + 1 : text, len > 0 ? len - 1 : 0);
  if (*minus || *plus || *open || (len > 0 && text[0] == '[')) return MEDLEY_OK;
  return med_redis_error(call, MEDLEY_RANGE, "ERR min or max not valid string range item");
}

static int parse_ends(med_redis_call *call, size_t min, size_t max, range_words *range) {
  int rc;
  bool min_minus, max_plus;
  if (range->kind == BY_RANK) {
    MED_TRY(med_redis_arg_integer(call, min, &range->start));
    MED_TRY(med_redis_arg_integer(call, max, &range->stop));
  } else if (range->kind == BY_SCORE) {
    MED_TRY(parse_score_end(call, min, &range->min, &range->min_open));
    MED_TRY(parse_score_end(call, max, &range->max, &range->max_open));
  } else {
    MED_TRY(parse_name_end(call, min, &range->min_name, &range->min_open, &min_minus, &range->min_is_plus));
    MED_TRY(parse_name_end(call, max, &range->max_name, &range->max_open, &range->max_is_minus, &max_plus));
    range->min_none = min_minus;
    range->max_all = max_plus;
  }
done:
  return rc;
}

/* ---- From words to bounds: the members in [from, until) ---- */
typedef struct bounds {
  med_sorted_set_bound from, until;
  bool empty;
} bounds;

static int bounds_by_rank(med_collection *set, const range_words *range, bounds *found) {
  int64_t count = (int64_t)set->meta.count, start = range->start, stop = range->stop;
  if (start < 0) start += count;
  if (stop < 0) stop += count;
  if (start < 0) start = 0;
  if (stop >= count) stop = count - 1;
  found->empty = start > stop || start >= count;
  if (found->empty) return MEDLEY_OK;
  if (range->reverse) {
    int64_t first = count - 1 - stop;
    stop = count - 1 - start;
    start = first;
  }
  int rc = med_sorted_set_bound_rank(set, (uint64_t)start, &found->from);
  return rc == MEDLEY_OK ? med_sorted_set_bound_rank(set, (uint64_t)stop + 1, &found->until) : rc;
}

static int bounds_by_name(med_collection *set, const range_words *range, bounds *found) {
  int rc = MEDLEY_OK;
  found->empty = range->min_is_plus || range->max_is_minus;
  med_sorted_set_bound_start(&found->from);
  med_sorted_set_bound_end(&found->until);
  if (!range->min_none && !found->empty) {
    MED_TRY(med_sorted_set_bound_name(set, range->min_name, range->min_open, &found->from));
  }
  if (!range->max_all && !found->empty) {
    MED_TRY(med_sorted_set_bound_name(set, range->max_name, !range->max_open, &found->until));
  }
done:
  return rc;
}

static int find_bounds(med_collection *set, const range_words *range, bounds *found) {
  int rc = MEDLEY_OK;
  found->empty = !set->exists;
  if (found->empty) return MEDLEY_OK;
  if (range->kind == BY_RANK) {
    rc = bounds_by_rank(set, range, found);
  } else if (range->kind == BY_NAME) {
    rc = bounds_by_name(set, range, found);
  } else {
    med_sorted_set_bound_score(range->min, range->min_open, &found->from);
    med_sorted_set_bound_score(range->max, !range->max_open, &found->until);
  }
  if (rc != MEDLEY_OK || found->empty) return rc;
  found->empty = med_slice_compare(med_key_slice(&found->from), med_key_slice(&found->until)) >= 0;
  return MEDLEY_OK;
}

/* A LIMIT's offset that is far in is found by its place rather than by steps. */
#define OFFSET_STEPS_MAX 64

static int skip_by_place(med_collection *set, const range_words *range, bounds *found) {
  uint64_t first, end, offset = (uint64_t)range->offset;
  int rc;
  MED_TRY(med_sorted_set_bound_place(set, &found->from, &first));
  MED_TRY(med_sorted_set_bound_place(set, &found->until, &end));
  found->empty = end <= first || offset >= end - first;
  if (found->empty) goto done;
  if (range->reverse) {
    MED_TRY(med_sorted_set_bound_rank(set, end - offset, &found->until));
  } else {
    MED_TRY(med_sorted_set_bound_rank(set, first + offset, &found->from));
  }
done:
  return rc;
}

/* ---- What is done with each member ---- */
typedef int (*on_member)(void *context, med_slice member, double score);

static int each_in_range(med_redis_call *call, med_collection *set, const range_words *range, on_member consume,
                         void *context) {
  bounds found;
  med_sorted_set_walk walk;
  int64_t skip = range->limited ? range->offset : 0, left = range->limited ? range->limit : -1;
  int rc = find_bounds(set, range, &found);
  if (rc == MEDLEY_OK && !found.empty && skip > OFFSET_STEPS_MAX) {
    rc = skip_by_place(set, range, &found);
    skip = 0;
  }
  if (rc != MEDLEY_OK || found.empty || skip < 0) return rc; /* a negative offset finds nothing, as in Redis */
  rc = med_sorted_set_walk_open(set, &found.from, &found.until, range->reverse, &walk);
  if (rc != MEDLEY_OK) return rc;
  while (left != 0 && (rc = med_sorted_set_walk_next(&walk)) == MEDLEY_OK) {
    if (skip-- > 0) continue;
    rc = consume(context, walk.member, walk.score);
    if (rc == MEDLEY_OK) rc = med_redis_poll(call);
    if (rc != MEDLEY_OK) break;
    if (left > 0) left--;
  }
  med_sorted_set_walk_close(&walk);
  return rc == MEDLEY_NOT_FOUND ? MEDLEY_OK : rc;
}

typedef struct replying {
  med_redis_call *call;
  bool scores;
} replying;

static int reply_member(void *context, med_slice member, double score) {
  replying *to = context;
  med_reply_bulk_slice(to->call->reply, member);
  if (to->scores) med_reply_real(to->call->reply, score);
  return MEDLEY_OK;
}

/* Members kept for a STORE, in the statement's arena: the target may be the source. */
typedef struct keeping {
  med_redis_call *call;
  struct kept {
    med_slice member;
    double score;
  } * items;
  size_t count, capacity;
} keeping;

static int keep_member(void *context, med_slice member, double score) {
  keeping *kept = context;
  if (kept->count == kept->capacity) {
    size_t capacity = kept->capacity > 0 ? kept->capacity * 2 : 64;
    void *memory;
    int rc = med_redis_alloc(kept->call, capacity * sizeof *kept->items, &memory);
    if (rc != MEDLEY_OK) return rc;
    if (kept->count > 0) memcpy(memory, kept->items, kept->count * sizeof *kept->items);
    kept->items = memory;
    kept->capacity = capacity;
  }
  kept->items[kept->count].score = score;
  return med_redis_copy(kept->call, member, &kept->items[kept->count++].member);
}

static int store_kept(med_redis_call *call, const keeping *kept) {
  med_collection target;
  bool removed;
  int rc;
  MED_TRY(med_redis_remove_key(call, call->argv[1], &removed));
  if (kept->count > 0) {
    MED_TRY(med_redis_open_collection(call, 1, MED_KV_SORTED_SET, &target));
    for (size_t i = 0; i < kept->count; i++) {
      MED_TRY(med_sorted_set_put(&target, kept->items[i].member, kept->items[i].score, NULL, NULL));
    }
    MED_TRY(med_collection_save(&target));
    med_redis_signal_key(call, call->argv[1]);
  }
  med_reply_integer(call->reply, (int64_t)kept->count);
done:
  return rc;
}

/* ---- ZRANGE and its older forms ---- */
/* Which options a form knows; the older ones have fixed kind and direction. */
typedef struct range_form {
  bool fixed;
  range_kind kind;
  bool reverse;
  size_t key; /* index of the key; the target of ZRANGESTORE stands before it */
} range_form;

static int parse_options(med_redis_call *call, const range_form *form, range_words *range) {
  bool store = form->key == 2;
  for (size_t i = form->key + 3; i < call->argc; i++) {
    if (!store && med_redis_arg_is(call, i, "withscores")) {
      range->scores = true;
    } else if (med_redis_arg_is(call, i, "limit") && i + 2 < call->argc) {
      int rc = med_redis_arg_integer(call, i + 1, &range->offset);
      if (rc == MEDLEY_OK) rc = med_redis_arg_integer(call, i + 2, &range->limit);
      if (rc != MEDLEY_OK) return rc;
      range->limited = true;
      i += 2;
    } else if (!form->fixed && !range->reverse && med_redis_arg_is(call, i, "rev")) {
      range->reverse = true;
    } else if (!form->fixed && range->kind == BY_RANK && med_redis_arg_is(call, i, "bylex")) {
      range->kind = BY_NAME;
    } else if (!form->fixed && range->kind == BY_RANK && med_redis_arg_is(call, i, "byscore")) {
      range->kind = BY_SCORE;
    } else {
      return med_redis_syntax_error(call);
    }
  }
  return MEDLEY_OK;
}

static int parse_range(med_redis_call *call, const range_form *form, range_words *range) {
  memset(range, 0, sizeof *range);
  range->kind = form->kind;
  range->reverse = form->reverse;
  range->limit = -1;
  int rc = parse_options(call, form, range);
  if (rc != MEDLEY_OK) return rc;
  if (range->kind == BY_RANK && range->limit != -1) {
    return med_redis_error(call, MEDLEY_SYNTAX,
                           "ERR syntax error, LIMIT is only supported in combination with either BYSCORE or BYLEX");
  }
  if (range->scores && range->kind == BY_NAME) {
    return med_redis_error(call, MEDLEY_SYNTAX, "ERR syntax error, WITHSCORES not supported in combination with BYLEX");
  }
  if (range->kind == BY_RANK) range->limited = false; /* LIMIT with a count of -1 says nothing, as in Redis */
  bool swapped = range->reverse && range->kind != BY_RANK;
  size_t min = form->key + (swapped ? 2 : 1), max = form->key + (swapped ? 1 : 2);
  return parse_ends(call, min, max, range);
}

static int reply_range(med_redis_call *call, range_form form) {
  range_words range;
  med_collection set;
  int rc;
  form.key = 1;
  MED_TRY(parse_range(call, &form, &range));
  MED_TRY(med_redis_open_collection(call, 1, MED_KV_SORTED_SET, &set));
  replying to = {call, range.scores};
  med_reply_list_begin(call->reply);
  MED_TRY(each_in_range(call, &set, &range, reply_member, &to));
  med_reply_list_end(call->reply);
done:
  return rc;
}

int med_redis_zrange_command(med_redis_call *call) { return reply_range(call, (range_form){.fixed = false}); }
int med_redis_zrevrange_command(med_redis_call *call) {
  return reply_range(call, (range_form){.fixed = true, .kind = BY_RANK, .reverse = true});
}
int med_redis_zrangebyscore_command(med_redis_call *call) {
  return reply_range(call, (range_form){.fixed = true, .kind = BY_SCORE});
}
int med_redis_zrevrangebyscore_command(med_redis_call *call) {
  return reply_range(call, (range_form){.fixed = true, .kind = BY_SCORE, .reverse = true});
}
int med_redis_zrangebylex_command(med_redis_call *call) {
  return reply_range(call, (range_form){.fixed = true, .kind = BY_NAME});
}
int med_redis_zrevrangebylex_command(med_redis_call *call) {
  return reply_range(call, (range_form){.fixed = true, .kind = BY_NAME, .reverse = true});
}

int med_redis_zrangestore_command(med_redis_call *call) {
  range_form form = {.key = 2};
  range_words range;
  med_collection set;
  keeping kept = {.call = call};
  int rc;
  MED_TRY(parse_range(call, &form, &range));
  MED_TRY(med_redis_open_collection(call, 2, MED_KV_SORTED_SET, &set));
  MED_TRY(each_in_range(call, &set, &range, keep_member, &kept));
  MED_TRY(store_kept(call, &kept));
done:
  return rc;
}

/* ---- Counting and removing ---- */
static int open_range(med_redis_call *call, range_kind kind, med_collection *set, bounds *found) {
  range_words range = {.kind = kind};
  int rc = parse_ends(call, 2, 3, &range);
  if (rc == MEDLEY_OK) rc = med_redis_open_collection(call, 1, MED_KV_SORTED_SET, set);
  return rc == MEDLEY_OK ? find_bounds(set, &range, found) : rc;
}

static int count_range(med_redis_call *call, range_kind kind) {
  med_collection set;
  bounds found;
  uint64_t first = 0, end = 0;
  int rc;
  MED_TRY(open_range(call, kind, &set, &found));
  if (!found.empty) {
    MED_TRY(med_sorted_set_bound_place(&set, &found.from, &first));
    MED_TRY(med_sorted_set_bound_place(&set, &found.until, &end));
  }
  med_reply_integer(call->reply, end > first ? (int64_t)(end - first) : 0);
done:
  return rc;
}

int med_redis_zcount_command(med_redis_call *call) { return count_range(call, BY_SCORE); }
int med_redis_zlexcount_command(med_redis_call *call) { return count_range(call, BY_NAME); }

static int remove_range(med_redis_call *call, range_kind kind) {
  med_collection set;
  bounds found;
  uint64_t removed = 0;
  int rc;
  MED_TRY(open_range(call, kind, &set, &found));
  if (!found.empty) MED_TRY(med_sorted_set_remove_range(&set, &found.from, &found.until, &removed));
  MED_TRY(med_collection_save(&set));
  med_reply_integer(call->reply, (int64_t)removed);
done:
  return rc;
}

int med_redis_zremrangebyrank_command(med_redis_call *call) { return remove_range(call, BY_RANK); }
int med_redis_zremrangebyscore_command(med_redis_call *call) { return remove_range(call, BY_SCORE); }
int med_redis_zremrangebylex_command(med_redis_call *call) { return remove_range(call, BY_NAME); }
