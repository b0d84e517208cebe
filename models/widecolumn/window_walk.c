/* window_walk.c - windows read one after the other, or merged. */
#include "models/widecolumn/window_walk.h"

#include "models/widecolumn/window_directory.h"

typedef struct member { /* a window that is open */
  med_wide_table window;
  med_wide_tiers tiers;
  med_wide_found head; /* where it is merged: what stands next in it */
} member;

struct med_wide_window_walk {
  const med_wide_tiers *outer;
  med_cursor *cursor; /* on the directory */
  /* Of the bounds */
  uint64_t bounds_number; /* the outer's when they were looked at */
  med_wide_window_span span;
  size_t prefix_len; /* of the keys, if they are in the order of their windows; else 0 */
  /* What is kept between two steps in one direction while nobody writes */
  bool kept, forward;
  uint64_t changes;
  med_key asked;
  member *one;          /* the window that is read, where they are read one by one */
  uint64_t one_changes; /* when it was found by its number */
  member *current;      /* of what was found last */
  /* Merged: all of the span, and of them those that have a head, as a heap */
  member **all, **heap;
  size_t all_count, heap_count;
  med_key key; /* of what was found last, as the table has it */
};

static med_txn *txn_of(const med_wide_window_walk *walk) { return walk->outer->txn; }
static const med_wide_table *table_of(const med_wide_window_walk *walk) { return walk->outer->table; }

/* ---- Windows ---- */
static void member_close(member *of) {
  if (of == NULL) return;
  med_wide_tiers_clear(&of->tiers);
  med_free(of);
}

static member *member_open(const med_wide_window_walk *walk, const med_wide_table *window) {
  member *made = med_alloc_zero(sizeof *made);
  if (made == NULL) return NULL;
  made->window = *window;
  med_wide_tiers_init(&made->tiers, txn_of(walk), &made->window);
  if (walk->outer->only_records) med_wide_tiers_only_records(&made->tiers);
  if (walk->outer->wanted != NULL) med_wide_tiers_columns(&made->tiers, walk->outer->wanted, walk->outer->times);
  if (walk->outer->holds) med_wide_tiers_hold(&made->tiers);
  return made;
}

/* The table's key as a window has it. */
static void own_key(uint32_t id, med_slice key, med_key *own) {
  med_key_set(own, key);
  med_put_u32(own->bytes + 1, id);
}

static bool is_own(const member *of, med_slice key) {
  const uint8_t *bytes = key.bytes;
  return key.len > MED_WIDE_TAIL_OFFSET && bytes[0] == MED_WIDE_KEY_ROW && med_get_u32(bytes + 1) == of->window.id;
}

/* NOT_FOUND if the window has nothing more. */
static int member_seek(member *of, med_slice key, bool forward) {
  med_key own;
  own_key(of->window.id, key, &own);
  int rc = forward ? med_wide_tiers_seek(&of->tiers, med_key_slice(&own), &of->head)
                   : med_wide_tiers_seek_before(&of->tiers, med_key_slice(&own), &of->head);
  return rc == MEDLEY_OK && !is_own(of, of->head.key) ? MEDLEY_NOT_FOUND : rc;
}

static void answer(med_wide_window_walk *walk, member *of, med_wide_found *found) {
  walk->current = of;
  own_key(table_of(walk)->id, of->head.key, &walk->key);
  *found = of->head;
  found->key = med_key_slice(&walk->key);
}

static med_slice tail_of(med_slice key) {
  return med_slice_of((const uint8_t *)key.bytes + MED_WIDE_TAIL_OFFSET, key.len - MED_WIDE_TAIL_OFFSET);
}

/* ---- The walk ---- */
int med_wide_window_walk_open(const med_wide_tiers *tiers, med_wide_window_walk **walk) {
  med_wide_window_walk *made = med_alloc_zero(sizeof *made);
  *walk = NULL;
  if (made == NULL) return med_error_no_memory(med_txn_error(tiers->txn));
  made->outer = tiers;
  made->bounds_number = tiers->bounds_number - 1;
  int rc = med_cursor_open(tiers->txn, MED_TREE_WIDE, &made->cursor);
  if (rc == MEDLEY_OK)
    *walk = made;
  else
    med_free(made);
  return rc;
}

static void leave_one(med_wide_window_walk *walk) {
  if (walk->current == walk->one) walk->current = NULL;
  member_close(walk->one);
  walk->one = NULL;
}

static void leave_all(med_wide_window_walk *walk) {
  for (size_t i = 0; i < walk->all_count; i++) member_close(walk->all[i]);
  med_free(walk->all);
  med_free(walk->heap);
  walk->all = walk->heap = NULL;
  walk->all_count = walk->heap_count = 0;
  walk->current = NULL;
}

void med_wide_window_walk_close(med_wide_window_walk *walk) {
  if (walk == NULL) return;
  leave_all(walk);
  leave_one(walk);
  med_cursor_close(walk->cursor);
  med_free(walk);
}

static int no_memory(const med_wide_window_walk *walk) { return med_error_no_memory(med_txn_error(txn_of(walk))); }

/* The bounds were moved: which windows they are of. */
static int look_at_bounds(med_wide_window_walk *walk) {
  const med_wide_tiers *outer = walk->outer;
  if (walk->bounds_number == outer->bounds_number) return MEDLEY_OK;
  walk->span = MED_WIDE_WINDOWS_ALL;
  walk->prefix_len = 0;
  if (outer->from != NULL) {
    int rc = med_wide_window_span_of_keys(table_of(walk), med_key_slice(outer->from), med_key_slice(outer->to),
                                          &walk->span, &walk->prefix_len);
    if (rc != MEDLEY_OK) return no_memory(walk);
  }
  if (outer->span.first > walk->span.first) walk->span.first = outer->span.first;
  if (outer->span.last < walk->span.last) walk->span.last = outer->span.last;
  leave_all(walk);
  walk->kept = false;
  walk->bounds_number = outer->bounds_number;
  return MEDLEY_OK;
}

/* Whether the last step's place can be gone on from. */
static bool goes_on(const med_wide_window_walk *walk, med_slice key, bool forward) {
  if (!walk->kept || walk->forward != forward || walk->changes != med_txn_changes(txn_of(walk))) return false;
  int order = med_slice_compare(med_key_slice(&walk->asked), key);
  return forward ? order <= 0 : order >= 0;
}

static void keep(med_wide_window_walk *walk, med_slice key, bool forward) {
  walk->kept = true;
  walk->forward = forward;
  walk->changes = med_txn_changes(txn_of(walk));
  walk->asked.len = (uint16_t)key.len;
  memcpy(walk->asked.bytes, key.bytes, key.len);
}

/* ---- One by one ---- */
static int enter(med_wide_window_walk *walk, const med_wide_table *window) {
  /* In a damaged file two windows may have one number of a table. */
  if (walk->one != NULL && walk->one->window.id == window->id &&
      walk->one->window.window_number == window->window_number)
    return MEDLEY_OK;
  leave_one(walk);
  walk->one = member_open(walk, window);
  return walk->one != NULL ? MEDLEY_OK : no_memory(walk);
}

/* The window in which keys from there on begin. */
static int64_t first_window(const med_wide_window_walk *walk, med_slice key, bool forward, bool up) {
  med_slice prefix = med_slice_of(walk->outer->from->bytes, walk->prefix_len);
  int64_t number = up ? walk->span.first : walk->span.last;
  if (forward || med_slice_starts_with(key, prefix))
    number = med_wide_time_window_at(table_of(walk), key, walk->prefix_len);
  if (number < walk->span.first) number = walk->span.first;
  return number > walk->span.last ? walk->span.last : number;
}

static bool is_within(const med_wide_window_walk *walk, const member *of) {
  med_slice tail = tail_of(of->head.key);
  return med_slice_compare(tail, tail_of(med_key_slice(walk->outer->from))) >= 0 &&
         med_slice_compare(tail, tail_of(med_key_slice(walk->outer->to))) < 0;
}

/* Goes on to the next window, unless that of `number` or one behind it is open. NOT_FOUND beyond the span. */
static int next_window(med_wide_window_walk *walk, int64_t number, bool up, bool stays) {
  med_wide_table window;
  if (stays && walk->one != NULL &&
      (up ? walk->one->window.window_number >= number : walk->one->window.window_number <= number))
    return MEDLEY_OK;
  int rc = med_wide_window_next(txn_of(walk), walk->cursor, table_of(walk), number, up, &window);
  if (rc == MEDLEY_OK && !med_wide_window_span_has(&walk->span, window.window_number)) return MEDLEY_NOT_FOUND;
  return rc == MEDLEY_OK ? enter(walk, &window) : rc;
}

/* Rows of a damaged file that stand in other windows than those of their times would be walked in circles. */
static int answer_in_order(med_wide_window_walk *walk, med_wide_found *found) {
  const med_wide_table *table = table_of(walk);
  answer(walk, walk->one, found);
  if (med_wide_time_window_at(table, found->key, walk->prefix_len) == walk->one->window.window_number) return MEDLEY_OK;
  return med_error_set(med_txn_error(txn_of(walk)), MEDLEY_CORRUPT,
                       "wide-column: table %.*s: a row stands in another window than that of its time",
                       (int)table->name.len, (const char *)table->name.bytes);
}

static int seek_in_order(med_wide_window_walk *walk, med_slice key, bool forward, med_wide_found *found) {
  med_slice from = med_key_slice(walk->outer->from), to = med_key_slice(walk->outer->to);
  const med_wide_table *table = table_of(walk);
  bool stays = goes_on(walk, key, forward), up = forward != table->columns[table->time_window->column].descending;
  if (forward ? med_slice_compare(key, to) >= 0 : med_slice_compare(key, from) <= 0) return MEDLEY_NOT_FOUND;
  if (forward && med_slice_compare(key, from) < 0) key = from;
  if (!forward && med_slice_compare(key, to) > 0) key = to;
  if (walk->span.first > walk->span.last) return MEDLEY_NOT_FOUND;
  int64_t number = first_window(walk, key, forward, up);
  walk->kept = false;
  for (;;) {
    int rc = next_window(walk, number, up, stays);
    if (rc != MEDLEY_OK) return rc;
    rc = member_seek(walk->one, key, forward);
    if (rc == MEDLEY_OK && is_within(walk, walk->one)) {
      rc = answer_in_order(walk, found);
      if (rc == MEDLEY_OK) keep(walk, key, forward);
      return rc;
    }
    if (rc != MEDLEY_OK && rc != MEDLEY_NOT_FOUND) return rc;
    number = walk->one->window.window_number;
    if (number == (up ? walk->span.last : walk->span.first)) return MEDLEY_NOT_FOUND;
    number += up ? 1 : -1;
    stays = false;
  }
}

/* ---- Merged ---- */
static bool comes_before(const med_wide_window_walk *walk, const member *a, const member *b) {
  int order = med_slice_compare(tail_of(a->head.key), tail_of(b->head.key));
  return walk->forward ? order < 0 : order > 0;
}

static void sink(med_wide_window_walk *walk, size_t at) {
  for (;;) {
    size_t first = at, child = 2 * at + 1;
    for (size_t i = child; i < child + 2 && i < walk->heap_count; i++) {
      if (comes_before(walk, walk->heap[i], walk->heap[first])) first = i;
    }
    if (first == at) return;
    member *moved = walk->heap[at];
    walk->heap[at] = walk->heap[first];
    walk->heap[first] = moved;
    at = first;
  }
}

static int add_member(med_wide_window_walk *walk, member *of, size_t *capacity) {
  if (walk->all_count == *capacity) {
    size_t more = 2 * *capacity + 16;
    member **all = med_realloc(walk->all, more * sizeof *all);
    if (all != NULL) walk->all = all;
    if (all == NULL) {
      member_close(of);
      return no_memory(walk);
    }
    *capacity = more;
  }
  walk->all[walk->all_count++] = of;
  return MEDLEY_OK;
}

/* All windows of the span; those that were open before stay so. Both are in order of their numbers. */
static int open_all(med_wide_window_walk *walk) {
  member **before = walk->all;
  size_t before_count = walk->all_count, at = 0, capacity = 0;
  med_wide_table window;
  int64_t number = walk->span.first;
  int rc = MEDLEY_OK;
  med_free(walk->heap);
  walk->all = walk->heap = NULL;
  walk->current = NULL;
  walk->all_count = walk->heap_count = 0;
  while (number <= walk->span.last) {
    rc = med_wide_window_next(txn_of(walk), walk->cursor, table_of(walk), number, true, &window);
    if (rc != MEDLEY_OK || window.window_number > walk->span.last) break;
    while (at < before_count && before[at]->window.window_number < window.window_number) member_close(before[at++]);
    bool same = at < before_count && before[at]->window.id == window.id;
    member *of = same ? before[at++] : member_open(walk, &window);
    rc = of != NULL ? add_member(walk, of, &capacity) : no_memory(walk);
    if (rc != MEDLEY_OK || window.window_number == INT64_MAX) break;
    number = window.window_number + 1;
  }
  while (at < before_count) member_close(before[at++]);
  med_free(before);
  if (rc != MEDLEY_OK && rc != MEDLEY_NOT_FOUND) return rc;
  walk->heap = med_alloc((walk->all_count + 1) * sizeof *walk->heap);
  return walk->heap != NULL ? MEDLEY_OK : no_memory(walk);
}

/* Every window is sought. */
static int begin_heap(med_wide_window_walk *walk, med_slice key, bool forward) {
  bool known = walk->heap != NULL && walk->changes == med_txn_changes(txn_of(walk));
  int rc = known ? MEDLEY_OK : open_all(walk);
  walk->forward = forward;
  walk->heap_count = 0;
  for (size_t i = 0; rc == MEDLEY_OK && i < walk->all_count; i++) {
    rc = member_seek(walk->all[i], key, forward);
    if (rc == MEDLEY_OK) walk->heap[walk->heap_count++] = walk->all[i];
    if (rc == MEDLEY_NOT_FOUND) rc = MEDLEY_OK;
  }
  for (size_t i = walk->heap_count / 2; rc == MEDLEY_OK && i-- > 0;) sink(walk, i);
  return rc;
}

/* The windows that stand before the key go on to it. */
static int move_heap(med_wide_window_walk *walk, med_slice key) {
  int rc = MEDLEY_OK;
  while (rc == MEDLEY_OK && walk->heap_count > 0) {
    int order = med_slice_compare(tail_of(walk->heap[0]->head.key), tail_of(key));
    if (walk->forward ? order >= 0 : order < 0) break;
    rc = member_seek(walk->heap[0], key, walk->forward);
    if (rc == MEDLEY_NOT_FOUND) {
      walk->heap[0] = walk->heap[--walk->heap_count];
      rc = MEDLEY_OK;
    }
    if (rc == MEDLEY_OK) sink(walk, 0);
  }
  return rc;
}

static int seek_merged(med_wide_window_walk *walk, med_slice key, bool forward, med_wide_found *found) {
  int rc = goes_on(walk, key, forward) ? move_heap(walk, key) : begin_heap(walk, key, forward);
  walk->kept = false;
  if (rc != MEDLEY_OK) return rc;
  keep(walk, key, forward);
  if (walk->heap_count == 0) return MEDLEY_NOT_FOUND;
  answer(walk, walk->heap[0], found);
  return MEDLEY_OK;
}

int med_wide_window_walk_seek(med_wide_window_walk *walk, med_slice key, bool forward, med_wide_found *found) {
  int rc = look_at_bounds(walk);
  if (rc != MEDLEY_OK) return rc;
  if (key.len < MED_WIDE_TAIL_OFFSET || med_get_u32((const uint8_t *)key.bytes + 1) != table_of(walk)->id)
    return MEDLEY_NOT_FOUND; /* behind the table's end */
  return walk->prefix_len > 0 ? seek_in_order(walk, key, forward, found) : seek_merged(walk, key, forward, found);
}

/* ---- One row ---- */
static int get_from(med_wide_window_walk *walk, const med_wide_table *window, med_slice key, med_wide_found *found) {
  med_key own;
  int rc = enter(walk, window);
  if (rc != MEDLEY_OK) return rc;
  own_key(window->id, key, &own);
  rc = med_wide_tiers_get(&walk->one->tiers, med_key_slice(&own), &walk->one->head);
  if (rc != MEDLEY_OK) return rc;
  walk->one->head.key = med_key_slice(&own);
  answer(walk, walk->one, found);
  return MEDLEY_OK;
}

/* The window that `one` is, if nobody wrote since it was found. */
static int find_window(med_wide_window_walk *walk, int64_t number, med_wide_table *window) {
  if (walk->one == NULL || walk->one->window.window_number != number ||
      walk->one_changes != med_txn_changes(txn_of(walk)))
    return med_wide_window_find(txn_of(walk), table_of(walk), number, window);
  *window = walk->one->window;
  return MEDLEY_OK;
}

int med_wide_window_walk_get(med_wide_window_walk *walk, med_slice key, med_wide_found *found) {
  const med_wide_table *table = table_of(walk);
  med_wide_table window;
  bool known;
  int64_t number = INT64_MIN;
  int rc = med_wide_time_window_of_key(table, key, &known, &number);
  if (rc != MEDLEY_OK) return no_memory(walk);
  if (known) {
    rc = find_window(walk, number, &window);
    walk->kept = false;
    walk->one_changes = med_txn_changes(txn_of(walk));
    return rc == MEDLEY_OK ? get_from(walk, &window, key, found) : rc;
  }
  walk->kept = false;
  while ((rc = med_wide_window_next(txn_of(walk), walk->cursor, table, number, true, &window)) == MEDLEY_OK) {
    rc = get_from(walk, &window, key, found);
    if (rc != MEDLEY_NOT_FOUND || window.window_number == INT64_MAX) return rc;
    number = window.window_number + 1;
  }
  return rc;
}

int med_wide_window_walk_row(med_wide_window_walk *walk, const med_wide_found *found, med_arena *arena,
                             med_wide_row *row) {
  return med_wide_tiers_row(&walk->current->tiers, found, arena, row);
}

static int load_partition(med_wide_window_walk *walk, const med_wide_table *window, const med_key *key,
                          med_arena *arena, med_wide_partition *partition) {
  med_key own;
  own_key(window->id, med_key_slice(key), &own);
  return med_wide_partition_load(txn_of(walk), window, &own, arena, partition);
}

int med_wide_window_walk_partition(med_wide_window_walk *walk, const med_key *key, med_arena *arena,
                                   med_wide_partition *partition) {
  med_wide_table window;
  int64_t number = INT64_MIN;
  int rc = MEDLEY_OK;
  if (walk->current != NULL) rc = load_partition(walk, &walk->current->window, key, arena, partition);
  while (rc == MEDLEY_OK && partition->whole_key.len == 0) {
    rc = med_wide_window_next(txn_of(walk), walk->cursor, table_of(walk), number, true, &window);
    if (rc == MEDLEY_OK) rc = load_partition(walk, &window, key, arena, partition);
    if (window.window_number == INT64_MAX) break;
    number = window.window_number + 1;
  }
  return rc == MEDLEY_NOT_FOUND ? MEDLEY_OK : rc;
}
