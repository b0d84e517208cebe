/* window_list.h - all entries of the directory of windows (window_directory.h) by their numbers: for med_wide_check.
 *
 * Threads: none of this shares anything. Lifetime: until it is cleared; {0} is empty. */
#ifndef MED_WIDECOLUMN_WINDOW_LIST_H
#define MED_WIDECOLUMN_WINDOW_LIST_H

#include "models/widecolumn/window_directory.h"

typedef struct med_wide_listed_window {
  uint32_t id, table_id;
} med_wide_listed_window;

typedef struct med_wide_window_list {
  med_wide_listed_window *at; /* by id */
  size_t count;
  uint64_t damaged; /* entries that are none */
} med_wide_window_list;

MEDLEY_MUST_USE int med_wide_window_list_read(med_txn *txn, med_wide_window_list *list);
void med_wide_window_list_clear(med_wide_window_list *list);
/* NULL if there is none. */
const med_wide_listed_window *med_wide_window_list_find(const med_wide_window_list *list, uint32_t id);

#endif
