/* sort_commands.c - SORT and SORT_RO: elements of a list, set or sorted set in the order of themselves or of other keys. */
#include <stdlib.h>

#include "engine/redis/collections.h"
#include "models/keyvalue/hash.h"
#include "models/keyvalue/list.h"
#include "models/keyvalue/sorted_set.h"
#include "models/keyvalue/string.h"

typedef struct item {
  med_slice element;
  med_slice by; /* what it is compared by, if words */
  bool has_by;
  double score;
  size_t place; /* keeps equal ones in their order */
} item;

typedef struct sort {
  med_redis_call *call;
  bool descending, words, unsorted, has_by;
  int64_t offset, limit; /* limit below 0: all */
  med_slice by;
  size_t store; /* index of the target, or 0 */
  size_t *gets; /* indexes of patterns */
  size_t get_count;
  med_kv_type type; /* 0: there is no such key */
  item *items;
  size_t count, capacity;
} sort;

/* ---- Words ---- */
static int parse(sort *work, bool read_only) {
  med_redis_call *call = work->call;
  void *memory;
  int rc;
  MED_TRY(med_redis_alloc(call, call->argc * sizeof(size_t), &memory));
  work->gets = memory;
  work->limit = -1;
  for (size_t i = 2; i < call->argc; i++) {
    size_t left = call->argc - i - 1;
    if (med_redis_arg_is(call, i, "asc")) {
      work->descending = false;
    } else if (med_redis_arg_is(call, i, "desc")) {
      work->descending = true;
    } else if (med_redis_arg_is(call, i, "alpha")) {
      work->words = true;
    } else if (med_redis_arg_is(call, i, "limit") && left >= 2) {
      MED_TRY(med_redis_arg_integer(call, i + 1, &work->offset));
      MED_TRY(med_redis_arg_integer(call, i + 2, &work->limit));
      i += 2;
    } else if (!read_only && med_redis_arg_is(call, i, "store") && left >= 1) {
      work->store = ++i;
    } else if (med_redis_arg_is(call, i, "by") && left >= 1) {
      work->by = call->argv[++i];
      work->has_by = true;
      work->unsorted = work->by.len == 0 || memchr(work->by.bytes, '*', work->by.len) == NULL;
    } else if (med_redis_arg_is(call, i, "get") && left >= 1) {
      work->gets[work->get_count++] = ++i;
    } else {
      return med_redis_syntax_error(call);
    }
  }
done:
  return rc;
}

/* ---- Elements ---- */
static int add_item(sort *work, med_slice element) {
  if (work->count == work->capacity) {
    size_t capacity = work->capacity > 0 ? work->capacity * 2 : 64;
    void *memory;
    int rc = med_redis_alloc(work->call, capacity * sizeof(item), &memory);
    if (rc != MEDLEY_OK) return rc;
    if (work->count > 0) memcpy(memory, work->items, work->count * sizeof(item));
    work->items = memory;
    work->capacity = capacity;
  }
  item *added = &work->items[work->count];
  memset(added, 0, sizeof *added);
  added->place = work->count++;
  int rc = med_redis_copy(work->call, element, &added->element);
  return rc == MEDLEY_OK ? med_redis_poll(work->call) : rc;
}

static int read_list(sort *work) {
  med_collection list;
  med_list_walk walk;
  int rc = med_redis_open_collection(work->call, 1, MED_KV_LIST, &list);
  bool reverse = work->unsorted && work->descending;
  if (rc == MEDLEY_OK) rc = med_list_walk_open(&list, reverse ? list.meta.count - 1 : 0, reverse, &walk);
  if (rc != MEDLEY_OK) return rc;
  while (rc == MEDLEY_OK && (rc = med_list_walk_next(&walk)) == MEDLEY_OK) {
    med_slice element;
    rc = med_element_load(&list, &walk.element, &element);
    if (rc == MEDLEY_OK) rc = add_item(work, element);
  }
  med_list_walk_close(&walk);
  return rc == MEDLEY_NOT_FOUND ? MEDLEY_OK : rc;
}

static int read_set(sort *work) {
  med_collection set;
  med_member_walk walk;
  int rc = med_redis_open_collection(work->call, 1, work->type, &set);
  if (rc == MEDLEY_OK) rc = med_member_walk_open(&set, med_slice_of(NULL, 0), &walk);
  if (rc != MEDLEY_OK) return rc;
  while (rc == MEDLEY_OK && (rc = med_member_walk_next(&walk)) == MEDLEY_OK) rc = add_item(work, walk.member);
  med_member_walk_close(&walk);
  return rc == MEDLEY_NOT_FOUND ? MEDLEY_OK : rc;
}

/* In the order of scores, or against it. */
static int read_sorted_set(sort *work) {
  med_collection set;
  med_sorted_set_walk walk;
  med_sorted_set_bound from, until;
  med_sorted_set_bound_start(&from);
  med_sorted_set_bound_end(&until);
  bool reverse = work->unsorted && work->descending;
  int rc = med_redis_open_collection(work->call, 1, MED_KV_SORTED_SET, &set);
  if (rc == MEDLEY_OK) rc = med_sorted_set_walk_open(&set, &from, &until, reverse, &walk);
  if (rc != MEDLEY_OK) return rc;
  while (rc == MEDLEY_OK && (rc = med_sorted_set_walk_next(&walk)) == MEDLEY_OK) rc = add_item(work, walk.member);
  med_sorted_set_walk_close(&walk);
  return rc == MEDLEY_NOT_FOUND ? MEDLEY_OK : rc;
}

static int read_elements(sort *work) {
  med_kv_meta meta;
  int rc = med_kv_find(&work->call->kv, work->call->argv[1], &meta);
  if (rc != MEDLEY_OK) return rc == MEDLEY_NOT_FOUND ? MEDLEY_OK : rc;
  work->type = meta.type;
  if (meta.type == MED_KV_SET && work->unsorted && work->store != 0) {
    /* What is stored must not depend on an order that nobody chose. */
    work->unsorted = false;
    work->words = true;
    work->has_by = false;
  }
  if (meta.type == MED_KV_SET) return read_set(work);
  return meta.type == MED_KV_SORTED_SET ? read_sorted_set(work) : read_list(work);
}

/* ---- Patterns ---- a*b and a*b->field, with the element in place of the star. # is the element itself. */
static int read_string(med_redis_call *call, med_slice key, med_slice *value) {
  med_kv_meta meta;
  med_slice borrowed;
  int rc = med_kv_find(&call->kv, key, &meta);
  if (rc == MEDLEY_OK && meta.type != MED_KV_STRING) rc = MEDLEY_NOT_FOUND;
  if (rc == MEDLEY_OK) rc = med_string_load(&call->kv, &meta, call->scratch, &borrowed);
  return rc == MEDLEY_OK ? med_redis_copy(call, borrowed, value) : rc;
}

static int read_hash_field(med_redis_call *call, med_slice key, med_slice field, med_slice *value) {
  med_kv_meta meta;
  med_collection hash;
  med_slice borrowed;
  int rc = med_kv_find(&call->kv, key, &meta);
  if (rc == MEDLEY_OK && meta.type != MED_KV_HASH) rc = MEDLEY_NOT_FOUND;
  if (rc == MEDLEY_OK) rc = med_hash_open(&call->kv, key, med_session_arena(call->session), &hash);
  if (rc == MEDLEY_OK) rc = med_hash_get(&hash, field, &borrowed, NULL);
  return rc == MEDLEY_OK ? med_redis_copy(call, borrowed, value) : rc;
}

/* NOT_FOUND if there is nothing of the right type. */
static int look_up(med_redis_call *call, med_slice pattern, med_slice element, med_slice *value) {
  const char *text = pattern.bytes;
  if (pattern.len == 1 && text[0] == '#') {
    *value = element;
    return MEDLEY_OK;
  }
  const char *star = pattern.len > 0 ? memchr(text, '*', pattern.len) : NULL;
  if (star == NULL) return MEDLEY_NOT_FOUND;
  size_t before = (size_t)(star - text), after = pattern.len - before - 1;
  const char *arrow = memmem(star + 1, after, "->", 2);
  med_slice field = med_slice_of(NULL, 0);
  if (arrow != NULL && arrow + 2 < text + pattern.len) {
    field = med_slice_of(arrow + 2, (size_t)(text + pattern.len - arrow - 2));
    after = (size_t)(arrow - star - 1);
  }
  void *memory;
  size_t len = before + element.len + after;
  int rc = med_redis_alloc(call, len, &memory);
  if (rc != MEDLEY_OK) return rc;
  char *key = memory;
  memcpy(key, text, before);
  if (element.len > 0) memcpy(key + before, element.bytes, element.len);
  memcpy(key + before + element.len, star + 1, after);
  if (field.len > 0) return read_hash_field(call, med_slice_of(key, len), field, value);
  return read_string(call, med_slice_of(key, len), value);
}

/* ---- Order ---- */
/* Fills what the items are compared by. */
static int prepare(sort *work) {
  bool failed = false;
  for (size_t i = 0; i < work->count; i++) {
    item *present = &work->items[i];
    present->by = present->element;
    int rc = work->has_by ? look_up(work->call, work->by, present->element, &present->by) : MEDLEY_OK;
    if (rc != MEDLEY_OK && rc != MEDLEY_NOT_FOUND) return rc;
    present->has_by = rc == MEDLEY_OK;
    if (present->has_by && !work->words && !med_redis_parse_loose_real(present->by, true, &present->score))
      failed = true;
    rc = med_redis_poll(work->call);
    if (rc != MEDLEY_OK) return rc;
  }
  if (!failed) return MEDLEY_OK;
  return med_redis_error(work->call, MEDLEY_TYPE, "ERR One or more scores can't be converted into double");
}

static int compare_items(const void *a, const void *b, void *context) {
  const item *x = a, *y = b;
  const sort *work = context;
  int order = 0;
  if (!work->words) {
    order = x->score < y->score ? -1 : x->score > y->score;
    if (order == 0) order = med_slice_compare(x->element, y->element);
  } else if (x->has_by && y->has_by) {
    order = med_slice_compare(x->by, y->by);
  } else {
    order = (int)x->has_by - (int)y->has_by;
  }
  if (work->descending) order = -order;
  if (order == 0) order = x->place < y->place ? -1 : x->place > y->place;
  return order;
}

/* First and end of the items that LIMIT leaves. */
static void limit_items(const sort *work, size_t *first, size_t *end) {
  uint64_t offset = work->offset > 0 ? (uint64_t)work->offset : 0;
  *first = offset < work->count ? (size_t)offset : work->count;
  *end = work->count;
  if (work->limit >= 0 && (uint64_t)work->limit < work->count - *first) *end = *first + (size_t)work->limit;
}

/* ---- Output ---- */
typedef int (*on_output)(void *context, const med_slice *value); /* NULL: there is none */

static int output(sort *work, on_output consume, void *context) {
  size_t first, end;
  int rc = MEDLEY_OK;
  limit_items(work, &first, &end);
  for (size_t i = first; i < end && rc == MEDLEY_OK; i++) {
    if (work->get_count == 0) rc = consume(context, &work->items[i].element);
    for (size_t j = 0; j < work->get_count && rc == MEDLEY_OK; j++) {
      med_slice value;
      rc = look_up(work->call, work->call->argv[work->gets[j]], work->items[i].element, &value);
      if (rc == MEDLEY_OK || rc == MEDLEY_NOT_FOUND) rc = consume(context, rc == MEDLEY_OK ? &value : NULL);
    }
    if (rc == MEDLEY_OK) rc = med_redis_poll(work->call);
  }
  return rc;
}

static int reply_output(void *context, const med_slice *value) {
  med_redis_call *call = context;
  if (value != NULL) {
    med_reply_bulk_slice(call->reply, *value);
  } else {
    med_reply_null(call->reply);
  }
  return MEDLEY_OK;
}

static int store_output(void *context, const med_slice *value) {
  return med_list_push(context, false, value != NULL ? *value : med_slice_of(NULL, 0));
}

static int store(sort *work) {
  med_redis_call *call = work->call;
  med_collection list;
  bool removed;
  int rc;
  /* A pattern may lead to the target itself: it is read in full before it goes. */
  sort values = {.call = call, .limit = -1};
  size_t first, end;
  limit_items(work, &first, &end);
  for (size_t i = first; i < end; i++) {
    if (work->get_count == 0) MED_TRY(add_item(&values, work->items[i].element));
    for (size_t j = 0; j < work->get_count; j++) {
      med_slice value = med_slice_of(NULL, 0);
      rc = look_up(call, call->argv[work->gets[j]], work->items[i].element, &value);
      if (rc != MEDLEY_OK && rc != MEDLEY_NOT_FOUND) goto done;
      MED_TRY(add_item(&values, value));
    }
  }
  MED_TRY(med_redis_remove_key(call, call->argv[work->store], &removed));
  if (values.count > 0) {
    MED_TRY(med_redis_open_collection(call, work->store, MED_KV_LIST, &list));
    MED_TRY(output(&values, store_output, &list));
    MED_TRY(med_collection_save(&list));
    med_redis_signal_key(call, call->argv[work->store]);
  }
  med_reply_integer(call->reply, (int64_t)values.count);
  rc = MEDLEY_OK;
done:
  return rc;
}

static int sort_elements(med_redis_call *call, bool read_only) {
  sort work = {.call = call};
  int rc;
  MED_TRY(parse(&work, read_only));
  MED_TRY(read_elements(&work));
  if (!work.unsorted) {
    MED_TRY(prepare(&work));
    if (work.count > 1) qsort_r(work.items, work.count, sizeof(item), compare_items, &work);
  }
  if (work.store != 0) return store(&work);
  med_reply_list_begin(call->reply);
  MED_TRY(output(&work, reply_output, call));
  med_reply_list_end(call->reply);
done:
  return rc;
}

static int sort_command(med_redis_call *call) { return sort_elements(call, false); }
static int sort_ro_command(med_redis_call *call) { return sort_elements(call, true); }

static const med_redis_command commands[] = {
    {"sort", -2, MED_REDIS_WRITE, 1, 1, 1, sort_command, "write denyoom movablekeys", "generic", "1.0.0"},
    {"sort_ro", -2, 0, 1, 1, 1, sort_ro_command, "readonly movablekeys", "generic", "7.0.0"},
};

const med_redis_table med_redis_sort_commands = {commands, sizeof commands / sizeof commands[0]};
