/* set_algebra_commands.c - intersection, union and difference of sets.
 *
 * All sets are in the order of their members' stored names, so that a union is one merge; intersection and difference
 * walk one set and ask the others. Redis differs: it collects a union in a hash table. */
#include "engine/redis/collections.h"
#include "models/keyvalue/set.h"
#include "models/keyvalue/sorted_set.h"

typedef enum operation { INTERSECTION, UNION, DIFFERENCE } operation;

/* What happens with each member of the result: it is replied, counted up to a limit, or kept for STORE. */
typedef struct result {
  med_redis_call *call;
  enum { REPLIES, COUNTS, KEEPS } use;
  uint64_t count, limit; /* limit 0: none */
  med_slice *kept;
  size_t capacity;
} result;

static int result_add(result *to, med_slice member) {
  if (to->use == REPLIES) med_reply_bulk_slice(to->call->reply, member);
  if (to->use == KEEPS) {
    if (to->count == to->capacity) {
      size_t capacity = to->capacity > 0 ? to->capacity * 2 : 64;
      void *memory;
      int rc = med_redis_alloc(to->call, capacity * sizeof(med_slice), &memory);
      if (rc != MEDLEY_OK) return rc;
      if (to->count > 0) memcpy(memory, to->kept, (size_t)to->count * sizeof(med_slice));
      to->kept = memory;
      to->capacity = capacity;
    }
    int rc = med_redis_copy(to->call, member, &to->kept[to->count]);
    if (rc != MEDLEY_OK) return rc;
  }
  to->count++;
  return med_redis_poll(to->call);
}

static bool result_is_full(const result *of) { return of->limit > 0 && of->count >= of->limit; }

/* Walks sets[0] and keeps the members that all others have, or that none has. */
static int walk_one(med_collection *sets, size_t set_count, bool wanted, result *to) {
  med_member_walk walk;
  int rc = med_member_walk_open(&sets[0], med_slice_of(NULL, 0), &walk);
  while (rc == MEDLEY_OK && !result_is_full(to) && (rc = med_member_walk_next(&walk)) == MEDLEY_OK) {
    bool fits = true;
    for (size_t i = 1; i < set_count && fits && rc == MEDLEY_OK; i++) {
      bool has;
      rc = med_set_has(&sets[i], walk.member, &has);
      fits = has == wanted;
    }
    if (rc == MEDLEY_OK && fits) rc = result_add(to, walk.member);
  }
  med_member_walk_close(&walk);
  return rc == MEDLEY_NOT_FOUND ? MEDLEY_OK : rc;
}

/* ---- Union: a merge ---- */
typedef struct merge {
  med_member_walk *walks;
  bool *ended;
  size_t count;
} merge;

static int merge_step(merge *of, size_t at) {
  int rc = med_member_walk_next(&of->walks[at]);
  of->ended[at] = rc == MEDLEY_NOT_FOUND;
  return of->ended[at] ? MEDLEY_OK : rc;
}

/* The least present name's walk; SIZE_MAX at the end. */
static size_t merge_least(const merge *of) {
  size_t least = SIZE_MAX;
  for (size_t i = 0; i < of->count; i++) {
    if (of->ended[i]) continue;
    if (least == SIZE_MAX || med_slice_compare(of->walks[i].parts.name, of->walks[least].parts.name) < 0) least = i;
  }
  return least;
}

static int merge_all(merge *of, result *to) {
  int rc = MEDLEY_OK;
  for (size_t i = 0; i < of->count && rc == MEDLEY_OK; i++) rc = merge_step(of, i);
  for (size_t least; rc == MEDLEY_OK && (least = merge_least(of)) != SIZE_MAX;) {
    med_slice name = of->walks[least].parts.name;
    rc = result_add(to, of->walks[least].member);
    for (size_t i = least + 1; i < of->count && rc == MEDLEY_OK; i++) {
      if (!of->ended[i] && med_slice_equal(of->walks[i].parts.name, name)) rc = merge_step(of, i);
    }
    if (rc == MEDLEY_OK) rc = merge_step(of, least);
  }
  return rc;
}

static int unite(med_redis_call *call, med_collection *sets, size_t set_count, result *to) {
  merge of = {.count = 0};
  void *walks, *ended;
  int rc;
  MED_TRY(med_redis_alloc(call, set_count * sizeof(med_member_walk), &walks));
  MED_TRY(med_redis_alloc(call, set_count * sizeof(bool), &ended));
  of.walks = walks;
  of.ended = ended;
  while (of.count < set_count) {
    MED_TRY(med_member_walk_open(&sets[of.count], med_slice_of(NULL, 0), &of.walks[of.count]));
    of.count++;
  }
  MED_TRY(merge_all(&of, to));
done:
  for (size_t i = 0; i < of.count; i++) med_member_walk_close(&of.walks[i]);
  return rc;
}

/* ---- All three ---- */
static int combine(med_redis_call *call, operation wanted, size_t first, size_t count, result *to) {
  void *memory;
  bool any_empty = false;
  size_t smallest = 0;
  int rc;
  MED_TRY(med_redis_alloc(call, count * sizeof(med_collection), &memory));
  med_collection *sets = memory;
  for (size_t i = 0; i < count; i++) {
    MED_TRY(med_redis_open_collection(call, first + i, MED_KV_SET, &sets[i]));
    any_empty = any_empty || !sets[i].exists;
    if (sets[i].meta.count < sets[smallest].meta.count) smallest = i;
  }
  if (wanted == UNION) return unite(call, sets, count, to);
  if (wanted == DIFFERENCE) return walk_one(sets, count, false, to);
  if (any_empty) goto done;
  med_collection walked = sets[smallest];
  sets[smallest] = sets[0];
  sets[0] = walked;
  rc = walk_one(sets, count, true, to);
done:
  return rc;
}

static int combine_and_reply(med_redis_call *call, operation wanted) {
  result to = {.call = call, .use = REPLIES};
  med_reply_list_begin(call->reply);
  int rc = combine(call, wanted, 1, call->argc - 1, &to);
  med_reply_list_end(call->reply);
  return rc;
}

static int combine_and_store(med_redis_call *call, operation wanted) {
  result to = {.call = call, .use = KEEPS};
  med_collection target;
  bool removed, added;
  int rc;
  MED_TRY(combine(call, wanted, 2, call->argc - 2, &to));
  MED_TRY(med_redis_remove_key(call, call->argv[1], &removed));
  if (to.count > 0) {
    MED_TRY(med_redis_open_collection(call, 1, MED_KV_SET, &target));
    for (uint64_t i = 0; i < to.count; i++) MED_TRY(med_set_add(&target, to.kept[i], &added));
    MED_TRY(med_collection_save(&target));
  }
  med_reply_integer(call->reply, (int64_t)to.count);
done:
  return rc;
}

int med_redis_sinter_command(med_redis_call *call) { return combine_and_reply(call, INTERSECTION); }
int med_redis_sunion_command(med_redis_call *call) { return combine_and_reply(call, UNION); }
int med_redis_sdiff_command(med_redis_call *call) { return combine_and_reply(call, DIFFERENCE); }
int med_redis_sinterstore_command(med_redis_call *call) { return combine_and_store(call, INTERSECTION); }
int med_redis_sunionstore_command(med_redis_call *call) { return combine_and_store(call, UNION); }
int med_redis_sdiffstore_command(med_redis_call *call) { return combine_and_store(call, DIFFERENCE); }

int med_redis_sintercard_command(med_redis_call *call) {
  result to = {.call = call, .use = COUNTS};
  size_t keys;
  int64_t limit = 0;
  int rc;
  MED_TRY(med_redis_arg_key_count(call, 1, &keys));
  for (size_t at = 2 + keys; at < call->argc; at += 2) {
    if (!med_redis_arg_is(call, at, "limit") || at + 1 >= call->argc) return med_redis_syntax_error(call);
    MED_TRY(med_redis_arg_at_least(call, at + 1, 0, "ERR LIMIT can't be negative", &limit));
  }
  to.limit = (uint64_t)limit;
  MED_TRY(combine(call, INTERSECTION, 2, keys, &to));
  med_reply_integer(call->reply, (int64_t)to.count);
done:
  return rc;
}
