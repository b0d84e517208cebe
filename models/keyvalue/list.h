/* list.h - lists: elements by index, added and taken at both ends.
 *
 * FORMAT.md section "Collections". Layout: part 'e' position(8, signed) -> element. Positions in use lie in
 * [meta.head, meta.tail). A list that was only changed at its ends is dense: index i is position head + i. An edit in the
 * middle moves the shorter side if that is at most 32 elements; else the order of positions is kept in runs (runs.h).
 * Redis differs: its quicklist packs elements into nodes and walks those to find an index.
 *
 * Costs for n elements, r runs (1 unless edited in the middle): push and pop at the ends, get, set: one record, and
 * log(r) / log(56) small nodes if r > 1; insert and remove in the middle: the same, or up to 32 elements moved. Finding an
 * element by its value walks the list. */
#ifndef MED_KEYVALUE_LIST_H
#define MED_KEYVALUE_LIST_H

#include "models/keyvalue/collection.h"

MEDLEY_MUST_USE int med_list_open(med_kv *kv, med_slice key, med_arena *arena, med_collection *list);

MEDLEY_MUST_USE int med_list_push(med_collection *list, bool front, med_slice element);
/* The element, in the arena; NOT_FOUND in an empty list. */
MEDLEY_MUST_USE int med_list_pop(med_collection *list, bool front, med_slice *element);
/* index < meta.count in all of these, or NOT_FOUND. */
MEDLEY_MUST_USE int med_list_get(med_collection *list, uint64_t index, med_slice *element);
MEDLEY_MUST_USE int med_list_set(med_collection *list, uint64_t index, med_slice element);
/* In front of the element at index; index = meta.count: behind all. */
MEDLEY_MUST_USE int med_list_insert(med_collection *list, uint64_t index, med_slice element);
/* Takes count elements from index on out, as far as there are any. */
MEDLEY_MUST_USE int med_list_remove(med_collection *list, uint64_t index, uint64_t count);

/* Elements from index on, or in reverse from index back to the first. */
typedef struct med_list_walk {
  med_part_walk parts;
  med_collection *list;
  uint64_t next_index; /* of the element that the next step answers */
  uint64_t left;       /* elements until the end of the list */
  uint64_t left_in_run;
  bool reverse;
  uint64_t index;      /* of the present element */
  med_element element; /* not loaded: med_element_load, med_element_equal */
} med_list_walk;
MEDLEY_MUST_USE int med_list_walk_open(med_collection *list, uint64_t index, bool reverse, med_list_walk *walk);
MEDLEY_MUST_USE int med_list_walk_next(med_list_walk *walk); /* NOT_FOUND at the end */
void med_list_walk_close(med_list_walk *walk);

#endif
