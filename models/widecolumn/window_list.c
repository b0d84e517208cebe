/* window_list.c - see window_list.h. */
#include "models/widecolumn/window_list.h"

#include <stdlib.h>

#include "models/widecolumn/record.h"

static int compare(const void *a, const void *b) {
  const med_wide_listed_window *x = a, *y = b;
  return x->id < y->id ? -1 : x->id > y->id;
}

static int add(med_txn *txn, med_buffer *all, med_slice key, med_slice value, uint64_t *damaged) {
  med_wide_listed_window listed;
  uint32_t flags;
  int64_t number;
  int rc = med_wide_window_take(txn, key, value, &listed.table_id, &number, &listed.id, &flags);
  if (rc != MEDLEY_OK) {
    ++*damaged;
    med_error_clear(med_txn_error(txn));
    return MEDLEY_OK;
  }
  return med_buffer_append(all, &listed, sizeof listed) ? MEDLEY_OK : med_error_no_memory(med_txn_error(txn));
}

int med_wide_window_list_read(med_txn *txn, med_wide_window_list *list) {
  const uint8_t first[2] = {MED_WIDE_KEY_WINDOW, 0};
  med_buffer all = {0};
  med_cursor *cursor;
  med_slice key, value;
  *list = (med_wide_window_list){0};
  int rc = med_cursor_open(txn, MED_TREE_WIDE, &cursor);
  if (rc != MEDLEY_OK) return rc;
  rc = med_cursor_seek(cursor, med_slice_of(first, sizeof first), &key, &value);
  while (rc == MEDLEY_OK && *(const uint8_t *)key.bytes == MED_WIDE_KEY_WINDOW) {
    rc = add(txn, &all, key, value, &list->damaged);
    if (rc == MEDLEY_OK) rc = med_cursor_next(cursor, &key, &value);
  }
  med_cursor_close(cursor);
  list->count = all.len / sizeof *list->at;
  if (list->count > 0) list->at = med_alloc(all.len);
  if (list->at != NULL) memcpy(list->at, all.bytes, all.len);
  med_buffer_clear(&all);
  if (list->count > 0 && list->at == NULL) return med_error_no_memory(med_txn_error(txn));
  if (list->count > 0) qsort(list->at, list->count, sizeof *list->at, compare);
  return rc == MEDLEY_NOT_FOUND ? MEDLEY_OK : rc;
}

void med_wide_window_list_clear(med_wide_window_list *list) {
  med_free(list->at);
  *list = (med_wide_window_list){0};
}

const med_wide_listed_window *med_wide_window_list_find(const med_wide_window_list *list, uint32_t id) {
  const med_wide_listed_window wanted = {.id = id};
  return list->count > 0 ? bsearch(&wanted, list->at, list->count, sizeof *list->at, compare) : NULL;
}
