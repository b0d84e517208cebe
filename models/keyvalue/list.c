/* list.c - elements at positions. */
#include "models/keyvalue/list.h"

#include "models/keyvalue/runs.h"

#define SHIFT_MAX 32 /* elements that an edit moves rather than cut a dense list into runs */
#define POSITION_SIGN ((uint64_t)1 << 63)

int med_list_open(med_kv *kv, med_slice key, med_arena *arena, med_collection *list) {
  return med_collection_open(kv, key, MED_KV_LIST, arena, list);
}

static void element_key(const med_collection *list, int64_t position, med_key *key) {
  med_part_key(list, MED_PART_ELEMENT, key);
  med_key_add_i64(key, position);
}

static int position_of(med_collection *list, uint64_t index, int64_t *position) {
  if (index >= list->meta.count) return MEDLEY_NOT_FOUND;
  if (med_runs_is_dense(list)) {
    *position = (int64_t)((uint64_t)list->meta.head + index);
    return MEDLEY_OK;
  }
  med_run run;
  uint64_t offset;
  int rc = med_runs_find(list, index, &run, &offset);
  if (rc == MEDLEY_OK) *position = (int64_t)((uint64_t)run.start + offset);
  return rc;
}

static int read_record(med_collection *list, int64_t position, med_slice *record) {
  med_key key;
  element_key(list, position, &key);
  int rc = med_txn_get(list->kv->txn, MED_TREE_KV, med_key_slice(&key), record);
  return rc == MEDLEY_NOT_FOUND ? med_collection_damaged(list, "an element is missing") : rc;
}

static int read_element(med_collection *list, int64_t position, med_element *element) {
  med_slice record;
  int rc = read_record(list, position, &record);
  return rc == MEDLEY_OK ? med_element_take(list, &record, element) : rc;
}

static int write_element(med_collection *list, int64_t position, med_slice bytes) {
  med_part_record record;
  record.len = 0;
  int rc = med_element_add(list, &record, bytes, 0);
  if (rc != MEDLEY_OK) return rc;
  med_key key;
  element_key(list, position, &key);
  list->changed = true;
  return med_txn_put(list->kv->txn, MED_TREE_KV, med_key_slice(&key), med_slice_of(record.bytes, record.len));
}

/* ---- At the ends ---- */
int med_list_push(med_collection *list, bool front, med_slice element) {
  int rc;
  MED_TRY(med_collection_create(list));
  bool dense = med_runs_is_dense(list);
  int64_t position = front ? list->meta.head - 1 : list->meta.tail;
  MED_TRY(write_element(list, position, element));
  if (!dense) {
    med_run run = {position, 1};
    MED_TRY(med_runs_insert(list, front ? 0 : list->meta.count, run));
  }
  if (front) {
    list->meta.head--;
  } else {
    list->meta.tail++;
  }
  list->meta.count++;
done:
  return rc;
}

int med_list_pop(med_collection *list, bool front, med_slice *element) {
  if (list->meta.count == 0) return MEDLEY_NOT_FOUND;
  uint64_t index = front ? 0 : list->meta.count - 1;
  med_slice borrowed;
  int rc;
  MED_TRY(med_list_get(list, index, &borrowed));
  void *copy = med_arena_copy(list->arena, borrowed.bytes, borrowed.len);
  if (copy == NULL) return med_error_no_memory(med_txn_error(list->kv->txn));
  *element = med_slice_of(copy, borrowed.len);
  MED_TRY(med_list_remove(list, index, 1));
done:
  return rc;
}

/* ---- By index ---- */
int med_list_get(med_collection *list, uint64_t index, med_slice *element) {
  int64_t position;
  med_element found;
  int rc;
  MED_TRY(position_of(list, index, &position));
  MED_TRY(read_element(list, position, &found));
  MED_TRY(med_element_load(list, &found, element));
done:
  return rc;
}

int med_list_set(med_collection *list, uint64_t index, med_slice element) {
  int64_t position;
  med_element present;
  int rc;
  MED_TRY(position_of(list, index, &position));
  MED_TRY(read_element(list, position, &present));
  MED_TRY(med_element_drop(list, &present));
  MED_TRY(write_element(list, position, element));
done:
  return rc;
}

/* Moves the record at one position to another. */
static int move_record(med_collection *list, int64_t from, int64_t to) {
  med_slice present;
  med_part_record record;
  med_key key;
  int rc = read_record(list, from, &present);
  if (rc != MEDLEY_OK) return rc;
  if (present.len > sizeof record.bytes) return med_collection_damaged(list, "an element is too long");
  record.len = present.len;
  memcpy(record.bytes, present.bytes, present.len);
  element_key(list, to, &key);
  return med_txn_put(list->kv->txn, MED_TREE_KV, med_key_slice(&key), med_slice_of(record.bytes, record.len));
}

/* Opens a gap of one position in front of index in a dense list, by moving the shorter side outwards. */
static int open_gap(med_collection *list, uint64_t index, int64_t *position) {
  uint64_t count = list->meta.count;
  int64_t head = list->meta.head, tail = list->meta.tail;
  int rc = MEDLEY_OK;
  if (index <= count / 2) {
    for (uint64_t i = 0; i < index && rc == MEDLEY_OK; i++) {
      rc = move_record(list, head + (int64_t)i, head + (int64_t)i - 1);
    }
    list->meta.head--;
    *position = head + (int64_t)index - 1;
  } else {
    for (uint64_t i = 0; i < count - index && rc == MEDLEY_OK; i++) {
      rc = move_record(list, tail - 1 - (int64_t)i, tail - (int64_t)i);
    }
    list->meta.tail++;
    *position = head + (int64_t)index;
  }
  return rc;
}

static uint64_t shorter_side(const med_collection *list, uint64_t index, uint64_t behind) {
  uint64_t after = list->meta.count - behind;
  return index < after ? index : after;
}

int med_list_insert(med_collection *list, uint64_t index, med_slice element) {
  if (index > list->meta.count) return MEDLEY_NOT_FOUND;
  if (index == 0 || index == list->meta.count) return med_list_push(list, index == 0, element);
  int64_t position;
  int rc;
  if (med_runs_is_dense(list) && shorter_side(list, index, index) <= SHIFT_MAX) {
    MED_TRY(open_gap(list, index, &position));
    MED_TRY(write_element(list, position, element));
  } else {
    bool dense = med_runs_is_dense(list);
    if (dense) MED_TRY(med_runs_make(list));
    position = list->meta.tail;
    /* One position is left out, so that the list cannot be taken for a dense one. */
    list->meta.tail += dense ? 2 : 1;
    MED_TRY(write_element(list, position, element));
    med_run run = {position, 1};
    MED_TRY(med_runs_insert(list, index, run));
  }
  list->meta.count++;
done:
  return rc;
}

/* Deletes the records of neighbouring positions, with the chunks of long elements. */
static int delete_records(med_collection *list, med_run run) {
  med_key from, to;
  element_key(list, run.start, &from);
  element_key(list, (int64_t)((uint64_t)run.start + run.len), &to);
  med_part_walk walk;
  med_slice start = med_slice_of(from.bytes + MED_PART_PREFIX_SIZE, (size_t)from.len - MED_PART_PREFIX_SIZE);
  int rc = med_part_walk_open(list, MED_PART_ELEMENT, start, false, &walk);
  for (uint64_t i = 0; i < run.len && rc == MEDLEY_OK; i++) {
    med_element element;
    rc = med_part_walk_next(&walk);
    if (rc == MEDLEY_OK) rc = med_element_take(list, &walk.value, &element);
    if (rc == MEDLEY_OK) rc = med_element_drop(list, &element);
  }
  med_part_walk_close(&walk);
  size_t deleted = 0;
  if (rc == MEDLEY_OK) {
    rc = run.len == 1 ? med_txn_delete(list->kv->txn, MED_TREE_KV, med_key_slice(&from))
                      : med_txn_delete_range(list->kv->txn, MED_TREE_KV, med_key_slice(&from), med_key_slice(&to),
                                             SIZE_MAX, &deleted);
  }
  return rc == MEDLEY_NOT_FOUND ? med_collection_damaged(list, "an element is missing") : rc;
}

/* Closes the gap of a removed run in a dense list, by moving the shorter side inwards. Its records are gone. */
static int close_gap(med_collection *list, uint64_t index, uint64_t count) {
  uint64_t after = list->meta.count - index - count;
  int64_t head = list->meta.head, tail = list->meta.tail, width = (int64_t)count;
  uint64_t moved = index < after ? index : after;
  int rc = MEDLEY_OK;
  for (uint64_t i = 0; i < moved && rc == MEDLEY_OK; i++) {
    int64_t from = index < after ? head + (int64_t)(index - 1 - i) : head + (int64_t)(index + count + i);
    rc = move_record(list, from, index < after ? from + width : from - width);
  }
  if (rc != MEDLEY_OK) return rc;
  /* What was moved and not overwritten stands at the outer end. */
  int64_t stale = index < after ? head : tail - width;
  uint64_t present = moved < count ? moved : count;
  med_key from, to;
  size_t deleted;
  if (index >= after) stale = tail - (int64_t)present;
  element_key(list, stale, &from);
  element_key(list, stale + (int64_t)present, &to);
  if (index < after) {
    list->meta.head += width;
  } else {
    list->meta.tail -= width;
  }
  if (present == 0) return MEDLEY_OK;
  return med_txn_delete_range(list->kv->txn, MED_TREE_KV, med_key_slice(&from), med_key_slice(&to), SIZE_MAX, &deleted);
}

static int remove_dense(med_collection *list, uint64_t index, uint64_t count) {
  med_run run = {(int64_t)((uint64_t)list->meta.head + index), count};
  int rc = delete_records(list, run);
  if (rc == MEDLEY_OK) rc = close_gap(list, index, count);
  list->meta.count -= count;
  return rc;
}

static int remove_from_runs(med_collection *list, uint64_t index, uint64_t count) {
  int rc = MEDLEY_OK;
  while (count > 0 && rc == MEDLEY_OK) {
    med_run run;
    rc = med_runs_remove(list, index, count, &run);
    if (rc == MEDLEY_OK) rc = delete_records(list, run);
    if (rc != MEDLEY_OK) break;
    count -= run.len;
    list->meta.count -= run.len;
  }
  if (rc != MEDLEY_OK) return rc;
  if (list->meta.count > 0) return med_runs_unmake(list);
  list->meta.head = list->meta.tail = 0; /* the tree went with its last run */
  return MEDLEY_OK;
}

int med_list_remove(med_collection *list, uint64_t index, uint64_t count) {
  if (index >= list->meta.count) return count == 0 ? MEDLEY_OK : MEDLEY_NOT_FOUND;
  if (count > list->meta.count - index) count = list->meta.count - index;
  if (count == 0) return MEDLEY_OK;
  list->changed = true;
  if (med_runs_is_dense(list)) {
    if (shorter_side(list, index, index + count) <= SHIFT_MAX) return remove_dense(list, index, count);
    int rc = med_runs_make(list);
    if (rc != MEDLEY_OK) return rc;
  }
  return remove_from_runs(list, index, count);
}

/* ---- Walking ---- */
int med_list_walk_open(med_collection *list, uint64_t index, bool reverse, med_list_walk *walk) {
  memset(walk, 0, sizeof *walk);
  walk->list = list;
  walk->reverse = reverse;
  walk->next_index = index;
  if (index >= list->meta.count) return MEDLEY_OK;
  walk->left = reverse ? index + 1 : list->meta.count - index;
  return MEDLEY_OK;
}

/* Stands the walk in front of the run that next_index lies in. */
static int enter_run(med_list_walk *walk) {
  med_collection *list = walk->list;
  med_run run = {list->meta.head, list->meta.count};
  uint64_t offset = walk->next_index;
  int rc = med_runs_is_dense(list) ? MEDLEY_OK : med_runs_find(list, walk->next_index, &run, &offset);
  if (rc != MEDLEY_OK) return rc;
  walk->left_in_run = walk->reverse ? offset + 1 : run.len - offset;
  uint64_t position = (uint64_t)run.start + offset + (walk->reverse ? 1 : 0);
  uint8_t from[8];
  med_put_u64(from, position ^ POSITION_SIGN);
  med_part_walk_close(&walk->parts);
  return med_part_walk_open(list, MED_PART_ELEMENT, med_slice_of(from, sizeof from), walk->reverse, &walk->parts);
}

int med_list_walk_next(med_list_walk *walk) {
  if (walk->left == 0) return MEDLEY_NOT_FOUND;
  int rc = walk->left_in_run == 0 ? enter_run(walk) : MEDLEY_OK;
  if (rc == MEDLEY_OK) rc = med_part_walk_next(&walk->parts);
  if (rc == MEDLEY_NOT_FOUND) return med_collection_damaged(walk->list, "an element is missing");
  if (rc != MEDLEY_OK) return rc;
  walk->left--;
  walk->left_in_run--;
  walk->index = walk->next_index;
  walk->next_index += walk->reverse ? UINT64_MAX : 1;
  return med_element_take(walk->list, &walk->parts.value, &walk->element);
}

void med_list_walk_close(med_list_walk *walk) { med_part_walk_close(&walk->parts); }
