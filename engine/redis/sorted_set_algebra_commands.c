/* sorted_set_algebra_commands.c - union, intersection and difference of sorted sets and sets, with weights.
 *
 * Scores are added up in the order of the sources' sizes, as Redis does it, so that sums are equal to the last bit. */
#include <math.h>
#include <stdlib.h>

#include "engine/redis/collections.h"
#include "models/keyvalue/set.h"
#include "models/keyvalue/sorted_set.h"

typedef enum operation { INTERSECTION, UNION, DIFFERENCE } operation;
typedef enum aggregate { SUM, MIN, MAX } aggregate;

typedef struct source {
  med_collection set;
  double weight;
  med_member_walk walk; /* of a union */
  bool open, ended;
} source;

typedef struct scored {
  med_slice member;
  double score;
} scored;

typedef struct combination {
  med_redis_call *call;
  operation wanted;
  bool stores, counts;
  aggregate aggregate;
  bool scores;    /* WITHSCORES */
  uint64_t limit; /* of ZINTERCARD; 0: none */
  source *sources;
  size_t source_count;
  scored *results;
  size_t count, capacity;
} combination;

/* ---- Words ---- */
static int open_sources(combination *work, size_t first) {
  void *memory;
  int rc = med_redis_alloc(work->call, work->source_count * sizeof(source), &memory);
  if (rc != MEDLEY_OK) return rc;
  work->sources = memory;
  memset(memory, 0, work->source_count * sizeof(source));
  for (size_t i = 0; i < work->source_count; i++) {
    source *from = &work->sources[i];
    med_kv_meta meta;
    from->weight = 1;
    rc = med_kv_find(&work->call->kv, work->call->argv[first + i], &meta);
    if (rc != MEDLEY_OK && rc != MEDLEY_NOT_FOUND) return rc;
    bool is_set = rc == MEDLEY_OK && meta.type == MED_KV_SET;
    rc = med_redis_open_collection(work->call, first + i, is_set ? MED_KV_SET : MED_KV_SORTED_SET, &from->set);
    if (rc != MEDLEY_OK) return rc;
  }
  return MEDLEY_OK;
}

static int parse_weights(combination *work, size_t *at) {
  for (size_t i = 0; i < work->source_count; i++) {
    if (!med_redis_parse_real(work->call->argv[++*at], &work->sources[i].weight)) {
      return med_redis_error(work->call, MEDLEY_RANGE, "ERR weight value is not a float");
    }
  }
  return MEDLEY_OK;
}

static int parse_aggregate(combination *work, size_t index) {
  if (med_redis_arg_is(work->call, index, "sum")) {
    work->aggregate = SUM;
  } else if (med_redis_arg_is(work->call, index, "min")) {
    work->aggregate = MIN;
  } else if (med_redis_arg_is(work->call, index, "max")) {
    work->aggregate = MAX;
  } else {
    return med_redis_syntax_error(work->call);
  }
  return MEDLEY_OK;
}

static int parse_options(combination *work, size_t at) {
  med_redis_call *call = work->call;
  bool weighs = work->wanted != DIFFERENCE && !work->counts;
  int rc = MEDLEY_OK;
  for (; at < call->argc && rc == MEDLEY_OK; at++) {
    size_t left = call->argc - at;
    if (weighs && left >= work->source_count + 1 && med_redis_arg_is(call, at, "weights")) {
      rc = parse_weights(work, &at);
    } else if (weighs && left >= 2 && med_redis_arg_is(call, at, "aggregate")) {
      rc = parse_aggregate(work, ++at);
    } else if (!work->stores && !work->counts && med_redis_arg_is(call, at, "withscores")) {
      work->scores = true;
    } else if (work->counts && left >= 2 && med_redis_arg_is(call, at, "limit")) {
      int64_t limit;
      rc = med_redis_arg_at_least(call, ++at, 0, "ERR LIMIT can't be negative", &limit);
      work->limit = rc == MEDLEY_OK ? (uint64_t)limit : 0;
    } else {
      rc = med_redis_syntax_error(call);
    }
  }
  return rc;
}

/* argv[at] is numkeys. */
static int parse(combination *work, size_t at) {
  med_redis_call *call = work->call;
  int64_t keys;
  int rc;
  MED_TRY(med_redis_arg_integer(call, at, &keys));
  if (keys < 1) {
    return med_redis_error(call, MEDLEY_RANGE, "ERR at least 1 input key is needed for '%s' command",
                           call->command->name);
  }
  if ((uint64_t)keys > call->argc - at - 1) return med_redis_syntax_error(call);
  work->source_count = (size_t)keys;
  MED_TRY(open_sources(work, at + 1));
  MED_TRY(parse_options(work, at + 1 + work->source_count));
done:
  return rc;
}

/* ---- Results ---- */
static int add_result(combination *work, med_slice member, double score) {
  if (!work->counts) {
    if (work->count == work->capacity) {
      size_t capacity = work->capacity > 0 ? work->capacity * 2 : 64;
      void *memory;
      int rc = med_redis_alloc(work->call, capacity * sizeof(scored), &memory);
      if (rc != MEDLEY_OK) return rc;
      if (work->count > 0) memcpy(memory, work->results, work->count * sizeof(scored));
      work->results = memory;
      work->capacity = capacity;
    }
    int rc = med_redis_copy(work->call, member, &work->results[work->count].member);
    if (rc != MEDLEY_OK) return rc;
    work->results[work->count].score = score;
  }
  work->count++;
  return med_redis_poll(work->call);
}

static double weigh(const source *from, double score) {
  double weighed = from->weight * score;
  return isnan(weighed) ? 0 : weighed;
}

static double join(const combination *work, double sum, double score) {
  if (work->aggregate == MIN) return score < sum ? score : sum;
  if (work->aggregate == MAX) return score > sum ? score : sum;
  sum += score;
  return isnan(sum) ? 0 : sum;
}

static int compare_sizes(const void *a, const void *b) {
  uint64_t x = ((const source *)a)->set.meta.count, y = ((const source *)b)->set.meta.count;
  return x < y ? -1 : x > y;
}

/* ---- Intersection and difference: one source is walked, the others are asked ---- */
static int ask(source *from, med_slice member, double *score, bool *has) {
  int rc;
  if (from->set.type == MED_KV_SET) {
    *score = 1;
    return med_set_has(&from->set, member, has);
  }
  rc = med_sorted_set_score(&from->set, member, score);
  *has = rc == MEDLEY_OK;
  return rc == MEDLEY_NOT_FOUND ? MEDLEY_OK : rc;
}

static int walk_first(combination *work) {
  source *first = &work->sources[0];
  med_member_walk walk;
  int rc = med_member_walk_open(&first->set, med_slice_of(NULL, 0), &walk);
  while (rc == MEDLEY_OK && (work->limit == 0 || work->count < work->limit)) {
    rc = med_member_walk_next(&walk);
    if (rc != MEDLEY_OK) break;
    double score = work->wanted == DIFFERENCE ? walk.score : weigh(first, walk.score);
    bool fits = true;
    for (size_t i = 1; i < work->source_count && fits && rc == MEDLEY_OK; i++) {
      double other;
      bool has;
      rc = ask(&work->sources[i], walk.member, &other, &has);
      fits = has == (work->wanted == INTERSECTION);
      if (rc == MEDLEY_OK && has && fits) score = join(work, score, work->sources[i].weight * other);
    }
    if (rc == MEDLEY_OK && fits) rc = add_result(work, walk.member, score);
  }
  med_member_walk_close(&walk);
  return rc == MEDLEY_NOT_FOUND ? MEDLEY_OK : rc;
}

/* ---- Union: a merge in name order ---- */
static int merge_step(source *from) {
  int rc = med_member_walk_next(&from->walk);
  from->ended = rc == MEDLEY_NOT_FOUND;
  return from->ended ? MEDLEY_OK : rc;
}

static source *merge_least(combination *work) {
  source *least = NULL;
  for (size_t i = 0; i < work->source_count; i++) {
    source *from = &work->sources[i];
    if (from->ended) continue;
    if (least == NULL || med_slice_compare(from->walk.parts.name, least->walk.parts.name) < 0) least = from;
  }
  return least;
}

/* The least name's score over all sources, which then stand behind it. */
static int merge_one(combination *work, source *least) {
  double score = weigh(least, least->walk.score);
  med_slice name = least->walk.parts.name;
  source *end = work->sources + work->source_count;
  int rc = MEDLEY_OK;
  for (source *from = least + 1; from < end && rc == MEDLEY_OK; from++) {
    if (from->ended || !med_slice_equal(from->walk.parts.name, name)) continue;
    score = join(work, score, weigh(from, from->walk.score));
    rc = merge_step(from);
  }
  if (rc == MEDLEY_OK) rc = add_result(work, least->walk.member, score);
  return rc == MEDLEY_OK ? merge_step(least) : rc;
}

static int merge(combination *work) {
  int rc = MEDLEY_OK;
  for (size_t i = 0; i < work->source_count && rc == MEDLEY_OK; i++) {
    source *from = &work->sources[i];
    rc = med_member_walk_open(&from->set, med_slice_of(NULL, 0), &from->walk);
    from->open = rc == MEDLEY_OK;
    if (rc == MEDLEY_OK) rc = merge_step(from);
  }
  for (source *least; rc == MEDLEY_OK && (least = merge_least(work)) != NULL;) rc = merge_one(work, least);
  for (size_t i = 0; i < work->source_count; i++) {
    if (work->sources[i].open) med_member_walk_close(&work->sources[i].walk);
  }
  return rc;
}

static int compare_scored(const void *a, const void *b) {
  const scored *x = a, *y = b;
  if (x->score != y->score) return x->score < y->score ? -1 : 1;
  return med_slice_compare(x->member, y->member);
}

static int combine(combination *work) {
  int rc;
  if (work->wanted != DIFFERENCE) {
    qsort(work->sources, work->source_count, sizeof(source), compare_sizes);
  }
  rc = work->wanted == UNION ? merge(work) : walk_first(work);
  if (rc == MEDLEY_OK && work->count > 1 && !work->counts) {
    qsort(work->results, work->count, sizeof(scored), compare_scored);
  }
  return rc;
}

/* ---- Commands ---- */
static int combine_and_reply(med_redis_call *call, operation wanted) {
  combination work = {.call = call, .wanted = wanted};
  int rc;
  MED_TRY(parse(&work, 1));
  MED_TRY(combine(&work));
  med_reply_list_begin(call->reply);
  for (size_t i = 0; i < work.count; i++) {
    med_reply_bulk_slice(call->reply, work.results[i].member);
    if (work.scores) med_reply_real(call->reply, work.results[i].score);
  }
  med_reply_list_end(call->reply);
done:
  return rc;
}

static int combine_and_store(med_redis_call *call, operation wanted) {
  combination work = {.call = call, .wanted = wanted, .stores = true};
  med_collection target;
  bool removed;
  int rc;
  MED_TRY(parse(&work, 2));
  MED_TRY(combine(&work));
  MED_TRY(med_redis_remove_key(call, call->argv[1], &removed));
  if (work.count > 0) {
    MED_TRY(med_redis_open_collection(call, 1, MED_KV_SORTED_SET, &target));
    for (size_t i = 0; i < work.count; i++) {
      MED_TRY(med_sorted_set_put(&target, work.results[i].member, work.results[i].score, NULL, NULL));
    }
    MED_TRY(med_collection_save(&target));
    med_redis_signal_key(call, call->argv[1]);
  }
  med_reply_integer(call->reply, (int64_t)work.count);
done:
  return rc;
}

int med_redis_zunion_command(med_redis_call *call) { return combine_and_reply(call, UNION); }
int med_redis_zinter_command(med_redis_call *call) { return combine_and_reply(call, INTERSECTION); }
int med_redis_zdiff_command(med_redis_call *call) { return combine_and_reply(call, DIFFERENCE); }
int med_redis_zunionstore_command(med_redis_call *call) { return combine_and_store(call, UNION); }
int med_redis_zinterstore_command(med_redis_call *call) { return combine_and_store(call, INTERSECTION); }
int med_redis_zdiffstore_command(med_redis_call *call) { return combine_and_store(call, DIFFERENCE); }

int med_redis_zintercard_command(med_redis_call *call) {
  combination work = {.call = call, .wanted = INTERSECTION, .counts = true};
  int rc = parse(&work, 1);
  if (rc == MEDLEY_OK) rc = combine(&work);
  if (rc == MEDLEY_OK) med_reply_integer(call->reply, (int64_t)work.count);
  return rc;
}
