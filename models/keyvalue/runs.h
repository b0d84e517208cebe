/* runs.h - the order of an edited list's elements: runs of neighbouring positions in a counted B+tree.
 *
 * FORMAT.md section "Collections". An element of a list never moves; an edit in the middle changes the runs:
 *
 *   before  LINSERT   [100 .. 199]                      the list is dense: there is no tree, index i is position head + i
 *   after             [100 .. 149] [200] [150 .. 199]   the new element took a free position, 200
 *
 * Node 0 is the root. Node: level(1) zero(1) entries(2) next free node number(4, of the root only), then entries of
 * 16 bytes: elements(8) and the first position(8) in a leaf, elements(8) and node number(8) above. At most 112 entries.
 * A list whose runs have become one is dense again.
 *
 * Cost for r runs: log(r) / log(56) nodes read, and written again by an edit. */
#ifndef MED_KEYVALUE_RUNS_H
#define MED_KEYVALUE_RUNS_H

#include "models/keyvalue/collection.h"

typedef struct med_run {
  int64_t start; /* position of its first element */
  uint64_t len;
} med_run;

/* Whether index and position differ by meta.head alone. */
static inline bool med_runs_is_dense(const med_collection *list) {
  return (uint64_t)list->meta.tail - (uint64_t)list->meta.head == list->meta.count;
}
/* The tree of one run, which the list is so far. */
MEDLEY_MUST_USE int med_runs_make(med_collection *list);
/* If there is but one run left: takes head and tail from it and drops the tree. */
MEDLEY_MUST_USE int med_runs_unmake(med_collection *list);
/* The run that the element at index lies in, and how far in. */
MEDLEY_MUST_USE int med_runs_find(med_collection *list, uint64_t index, med_run *run, uint64_t *offset);
/* Puts a run in front of the element at index, or behind all of them. */
MEDLEY_MUST_USE int med_runs_insert(med_collection *list, uint64_t index, med_run run);
/* Takes up to count elements from index on out, all of one run; *removed says which. */
MEDLEY_MUST_USE int med_runs_remove(med_collection *list, uint64_t index, uint64_t count, med_run *removed);

#endif
