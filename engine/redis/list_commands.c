/* list_commands.c - LPUSH and its like. What moves elements between lists, or waits for them, is in
 * list_move_commands.c. */
#include "engine/redis/collections.h"
#include "models/keyvalue/list.h"

#define POSITIONS_FIRST_CAPACITY 16

static int open_list(med_redis_call *call, med_collection *list) {
  return med_redis_open_collection(call, 1, MED_KV_LIST, list);
}

/* ---- At the ends ---- */
static int push(med_redis_call *call, bool front, bool only_present) {
  med_collection list;
  int rc;
  MED_TRY(open_list(call, &list));
  if (only_present && !list.exists) {
    med_reply_integer(call->reply, 0);
    goto done;
  }
  for (size_t i = 2; i < call->argc; i++) MED_TRY(med_list_push(&list, front, call->argv[i]));
  MED_TRY(med_collection_save(&list));
  med_redis_signal_key(call, call->argv[1]);
  med_reply_integer(call->reply, (int64_t)list.meta.count);
done:
  return rc;
}

static int lpush_command(med_redis_call *call) { return push(call, true, false); }
static int rpush_command(med_redis_call *call) { return push(call, false, false); }
static int lpushx_command(med_redis_call *call) { return push(call, true, true); }
static int rpushx_command(med_redis_call *call) { return push(call, false, true); }

static int pop(med_redis_call *call, bool front) {
  med_collection list;
  med_slice element;
  int64_t count = 1;
  int rc = MEDLEY_OK;
  if (call->argc > 3) return med_redis_wrong_arity(call);
  if (call->argc == 3) MED_TRY(med_redis_arg_not_negative(call, 2, &count));
  MED_TRY(open_list(call, &list));
  if (!list.exists) {
    med_reply_null(call->reply);
    goto done;
  }
  if (call->argc == 3) med_reply_list_begin(call->reply);
  while (count-- > 0 && (rc = med_list_pop(&list, front, &element)) == MEDLEY_OK) {
    med_reply_bulk_slice(call->reply, element);
  }
  if (rc != MEDLEY_OK && rc != MEDLEY_NOT_FOUND) goto done;
  if (call->argc == 3) med_reply_list_end(call->reply);
  rc = med_collection_save(&list);
done:
  return rc;
}

static int lpop_command(med_redis_call *call) { return pop(call, true); }
static int rpop_command(med_redis_call *call) { return pop(call, false); }

static int llen_command(med_redis_call *call) {
  med_collection list;
  int rc = open_list(call, &list);
  if (rc == MEDLEY_OK) med_reply_integer(call->reply, (int64_t)list.meta.count);
  return rc;
}

/* ---- By index ---- */
/* A Redis index, negative from the end, as one of ours; false if it is outside. */
static bool index_of(const med_collection *list, int64_t index, uint64_t *at) {
  int64_t count = (int64_t)list->meta.count;
  if (index < 0) index += count;
  *at = (uint64_t)index;
  return index >= 0 && index < count;
}

/* First and count of the elements from start to stop, both included. */
static void range_of(const med_collection *list, int64_t start, int64_t stop, uint64_t *first, uint64_t *count) {
  int64_t len = (int64_t)list->meta.count;
  if (start < 0) start += len;
  if (stop < 0) stop += len;
  if (start < 0) start = 0;
  if (stop >= len) stop = len - 1;
  *first = (uint64_t)start;
  *count = start > stop || start >= len ? 0 : (uint64_t)(stop - start + 1);
}

static int lrange_command(med_redis_call *call) {
  med_collection list;
  med_list_walk walk;
  int64_t start, stop;
  uint64_t first, count;
  int rc;
  MED_TRY(med_redis_arg_integer(call, 2, &start));
  MED_TRY(med_redis_arg_integer(call, 3, &stop));
  MED_TRY(open_list(call, &list));
  range_of(&list, start, stop, &first, &count);
  med_reply_list_begin(call->reply);
  MED_TRY(med_list_walk_open(&list, first, false, &walk));
  for (; count > 0 && rc == MEDLEY_OK; count--) {
    med_slice element;
    rc = med_list_walk_next(&walk);
    if (rc == MEDLEY_OK) rc = med_element_load(&list, &walk.element, &element);
    if (rc == MEDLEY_OK) med_reply_bulk_slice(call->reply, element);
    if (rc == MEDLEY_OK) rc = med_redis_poll(call);
  }
  med_list_walk_close(&walk);
  med_reply_list_end(call->reply);
done:
  return rc;
}

static int lindex_command(med_redis_call *call) {
  med_collection list;
  med_slice element;
  int64_t index;
  uint64_t at;
  int rc;
  MED_TRY(open_list(call, &list));
  if (!list.exists) {
    med_reply_null(call->reply);
    goto done;
  }
  MED_TRY(med_redis_arg_integer(call, 2, &index));
  if (!index_of(&list, index, &at)) {
    med_reply_null(call->reply);
    goto done;
  }
  MED_TRY(med_list_get(&list, at, &element));
  med_reply_bulk_slice(call->reply, element);
done:
  return rc;
}

static int lset_command(med_redis_call *call) {
  med_collection list;
  int64_t index;
  uint64_t at;
  int rc;
  MED_TRY(open_list(call, &list));
  if (!list.exists) return med_redis_error(call, MEDLEY_NOT_FOUND, "ERR no such key");
  MED_TRY(med_redis_arg_integer(call, 2, &index));
  if (!index_of(&list, index, &at)) return med_redis_error(call, MEDLEY_RANGE, "ERR index out of range");
  MED_TRY(med_list_set(&list, at, call->argv[3]));
  MED_TRY(med_collection_save(&list));
  med_reply_ok(call->reply);
done:
  return rc;
}

static int ltrim_command(med_redis_call *call) {
  med_collection list;
  int64_t start, stop;
  uint64_t first, count;
  int rc;
  MED_TRY(med_redis_arg_integer(call, 2, &start));
  MED_TRY(med_redis_arg_integer(call, 3, &stop));
  MED_TRY(open_list(call, &list));
  range_of(&list, start, stop, &first, &count);
  if (count == 0 && list.exists) {
    bool removed;
    MED_TRY(med_redis_remove_key(call, call->argv[1], &removed));
  } else if (list.exists) {
    uint64_t end = first + count;
    if (end < list.meta.count) MED_TRY(med_list_remove(&list, end, list.meta.count - end));
    if (first > 0) MED_TRY(med_list_remove(&list, 0, first));
    MED_TRY(med_collection_save(&list));
  }
  med_reply_ok(call->reply);
done:
  return rc;
}

/* ---- By value ---- */
static int find_element(med_redis_call *call, med_collection *list, med_slice wanted, uint64_t *index) {
  med_list_walk walk;
  bool equal = false;
  int rc = med_list_walk_open(list, 0, false, &walk);
  while (rc == MEDLEY_OK && !equal) {
    rc = med_list_walk_next(&walk);
    if (rc == MEDLEY_OK) rc = med_element_equal(list, &walk.element, wanted, &equal);
    if (rc == MEDLEY_OK) rc = med_redis_poll(call);
  }
  *index = walk.index;
  med_list_walk_close(&walk);
  return rc;
}

static int linsert_command(med_redis_call *call) {
  med_collection list;
  uint64_t index;
  int rc;
  bool after = med_redis_arg_is(call, 2, "after");
  if (!after && !med_redis_arg_is(call, 2, "before")) return med_redis_syntax_error(call);
  MED_TRY(open_list(call, &list));
  if (!list.exists) {
    med_reply_integer(call->reply, 0);
    goto done;
  }
  rc = find_element(call, &list, call->argv[3], &index);
  if (rc == MEDLEY_NOT_FOUND) {
    med_reply_integer(call->reply, -1);
    return MEDLEY_OK;
  }
  if (rc != MEDLEY_OK) goto done;
  MED_TRY(med_list_insert(&list, index + after, call->argv[4]));
  MED_TRY(med_collection_save(&list));
  med_reply_integer(call->reply, (int64_t)list.meta.count);
done:
  return rc;
}

/* Indexes of elements, growing in the statement's arena. */
typedef struct positions {
  uint64_t *items;
  size_t count, capacity;
} positions;

static int positions_add(med_redis_call *call, positions *found, uint64_t index) {
  if (found->count == found->capacity) {
    size_t capacity = found->capacity > 0 ? found->capacity * 2 : POSITIONS_FIRST_CAPACITY;
    void *memory;
    int rc = med_redis_alloc(call, capacity * sizeof *found->items, &memory);
    if (rc != MEDLEY_OK) return rc;
    if (found->count > 0) memcpy(memory, found->items, found->count * sizeof *found->items);
    found->items = memory;
    found->capacity = capacity;
  }
  found->items[found->count++] = index;
  return MEDLEY_OK;
}

/* Where `wanted` stands: from the front, or from the back if reverse; after `skip` of them up to `limit` ones (0: all),
 * among the first `compared` elements looked at (0: all). */
typedef struct search {
  med_slice wanted;
  bool reverse;
  uint64_t skip, limit, compared;
} search;

static int find_all(med_redis_call *call, med_collection *list, search sought, positions *found) {
  med_list_walk walk;
  memset(found, 0, sizeof *found);
  if (list->meta.count == 0) return MEDLEY_OK;
  uint64_t left = sought.compared > 0 ? sought.compared : UINT64_MAX;
  int rc = med_list_walk_open(list, sought.reverse ? list->meta.count - 1 : 0, sought.reverse, &walk);
  for (; rc == MEDLEY_OK && left > 0; left--) {
    bool equal;
    rc = med_list_walk_next(&walk);
    if (rc == MEDLEY_OK) rc = med_element_equal(list, &walk.element, sought.wanted, &equal);
    if (rc == MEDLEY_OK) rc = med_redis_poll(call);
    if (rc != MEDLEY_OK || !equal) continue;
    if (sought.skip > 0) {
      sought.skip--;
      continue;
    }
    rc = positions_add(call, found, walk.index);
    if (sought.limit > 0 && found->count == sought.limit) break;
  }
  med_list_walk_close(&walk);
  return rc == MEDLEY_NOT_FOUND ? MEDLEY_OK : rc;
}

static int lrem_command(med_redis_call *call) {
  med_collection list;
  positions found;
  int64_t count;
  int rc;
  MED_TRY(med_redis_arg_integer(call, 2, &count));
  MED_TRY(open_list(call, &list));
  search sought = {.wanted = call->argv[3], .reverse = count < 0};
  sought.limit = count < 0 ? -(uint64_t)count : (uint64_t)count;
  MED_TRY(find_all(call, &list, sought, &found));
  /* From the back, so that the indexes in front stay what they are. */
  for (size_t i = 0; i < found.count; i++) {
    MED_TRY(med_list_remove(&list, found.items[sought.reverse ? i : found.count - 1 - i], 1));
  }
  MED_TRY(med_collection_save(&list));
  med_reply_integer(call->reply, (int64_t)found.count);
done:
  return rc;
}

static int parse_lpos(med_redis_call *call, search *sought, bool *list_wanted) {
  int64_t rank = 1, number;
  int rc = MEDLEY_OK;
  sought->limit = 1;
  for (size_t i = 3; i < call->argc; i += 2) {
    bool last = i + 1 == call->argc;
    if (med_redis_arg_is(call, i, "rank") && !last) {
      MED_TRY(med_redis_arg_integer(call, i + 1, &rank));
      if (rank == 0) {
        return med_redis_error(call, MEDLEY_RANGE,
                               "ERR RANK can't be zero: use 1 to start from the first match, 2 from the second ... or "
                               "use negative to start from the end of the list");
      }
    } else if (med_redis_arg_is(call, i, "count") && !last) {
      MED_TRY(med_redis_arg_at_least(call, i + 1, 0, "ERR COUNT can't be negative", &number));
      sought->limit = (uint64_t)number;
      *list_wanted = true;
    } else if (med_redis_arg_is(call, i, "maxlen") && !last) {
      MED_TRY(med_redis_arg_at_least(call, i + 1, 0, "ERR MAXLEN can't be negative", &number));
      sought->compared = (uint64_t)number;
    } else {
      return med_redis_syntax_error(call);
    }
  }
  sought->reverse = rank < 0;
  /* The smallest integer has no opposite: Redis then takes the first match. */
  sought->skip = rank == INT64_MIN ? 0 : (uint64_t)(rank < 0 ? -rank : rank) - 1;
done:
  return rc;
}

static int lpos_command(med_redis_call *call) {
  med_collection list;
  positions found;
  search sought = {.wanted = call->argv[2]};
  bool list_wanted = false;
  int rc;
  MED_TRY(parse_lpos(call, &sought, &list_wanted));
  MED_TRY(open_list(call, &list));
  MED_TRY(find_all(call, &list, sought, &found));
  if (list_wanted) {
    med_reply_list_begin(call->reply);
    for (size_t i = 0; i < found.count; i++) med_reply_integer(call->reply, (int64_t)found.items[i]);
    med_reply_list_end(call->reply);
  } else if (found.count > 0) {
    med_reply_integer(call->reply, (int64_t)found.items[0]);
  } else {
    med_reply_null(call->reply);
  }
done:
  return rc;
}

static const med_redis_command commands[] = {
    {"blmove", 6, MED_REDIS_WRITE | MED_REDIS_BLOCKING, 1, 2, 1, med_redis_blmove_command,
     "write denyoom noscript blocking", "list", "6.2.0"},
    {"blmpop", -5, MED_REDIS_WRITE | MED_REDIS_BLOCKING | MED_REDIS_FREES, 0, 0, 0, med_redis_blmpop_command,
     "write blocking movablekeys", "list", "7.0.0"},
    {"blpop", -3, MED_REDIS_WRITE | MED_REDIS_BLOCKING | MED_REDIS_FREES, 1, -2, 1, med_redis_blpop_command,
     "write noscript blocking", "list", "2.0.0"},
    {"brpop", -3, MED_REDIS_WRITE | MED_REDIS_BLOCKING | MED_REDIS_FREES, 1, -2, 1, med_redis_brpop_command,
     "write noscript blocking", "list", "2.0.0"},
    {"brpoplpush", 4, MED_REDIS_WRITE | MED_REDIS_BLOCKING, 1, 2, 1, med_redis_brpoplpush_command,
     "write denyoom noscript blocking", "list", "2.2.0"},
    {"lindex", 3, 0, 1, 1, 1, lindex_command, "readonly", "list", "1.0.0"},
    {"linsert", 5, MED_REDIS_WRITE, 1, 1, 1, linsert_command, "write denyoom", "list", "2.2.0"},
    {"llen", 2, 0, 1, 1, 1, llen_command, "readonly fast", "list", "1.0.0"},
    {"lmove", 5, MED_REDIS_WRITE, 1, 2, 1, med_redis_lmove_command, "write denyoom", "list", "6.2.0"},
    {"lmpop", -4, MED_REDIS_WRITE | MED_REDIS_FREES, 0, 0, 0, med_redis_lmpop_command, "write movablekeys", "list",
     "7.0.0"},
    {"lpop", -2, MED_REDIS_WRITE | MED_REDIS_FREES, 1, 1, 1, lpop_command, "write fast", "list", "1.0.0"},
    {"lpos", -3, 0, 1, 1, 1, lpos_command, "readonly", "list", "6.0.6"},
    {"lpush", -3, MED_REDIS_WRITE, 1, 1, 1, lpush_command, "write denyoom fast", "list", "1.0.0"},
    {"lpushx", -3, MED_REDIS_WRITE, 1, 1, 1, lpushx_command, "write denyoom fast", "list", "2.2.0"},
    {"lrange", 4, 0, 1, 1, 1, lrange_command, "readonly", "list", "1.0.0"},
    {"lrem", 4, MED_REDIS_WRITE | MED_REDIS_FREES, 1, 1, 1, lrem_command, "write", "list", "1.0.0"},
    {"lset", 4, MED_REDIS_WRITE, 1, 1, 1, lset_command, "write denyoom", "list", "1.0.0"},
    {"ltrim", 4, MED_REDIS_WRITE | MED_REDIS_FREES, 1, 1, 1, ltrim_command, "write", "list", "1.0.0"},
    {"rpop", -2, MED_REDIS_WRITE | MED_REDIS_FREES, 1, 1, 1, rpop_command, "write fast", "list", "1.0.0"},
    {"rpoplpush", 3, MED_REDIS_WRITE, 1, 2, 1, med_redis_rpoplpush_command, "write denyoom", "list", "1.2.0"},
    {"rpush", -3, MED_REDIS_WRITE, 1, 1, 1, rpush_command, "write denyoom fast", "list", "1.0.0"},
    {"rpushx", -3, MED_REDIS_WRITE, 1, 1, 1, rpushx_command, "write denyoom fast", "list", "2.2.0"},
};

const med_redis_table med_redis_list_commands = {commands, sizeof commands / sizeof commands[0]};
