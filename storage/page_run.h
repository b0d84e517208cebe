/* page_run.h - a run: an immutable sequence of pages in a tree, under one prefix and one id.
 *
 * FORMAT.md section "Runs". What it is: where bulk data of the models lies. A page is one value of at most
 * MED_VALUE_SIZE_MAX bytes, so that it has exactly one page of LMDB and the free list stays simple. What it is not: what the
 * pages mean (column_writer.h for columns), and which runs exist: that is said by a record of the model that owns the run, which
 * it puts last. A run without such a record is invisible, and may be built over several transactions. Its owner deletes its keys.
 *
 * A run of the edited list of models/keyvalue/runs.h is another thing.
 *
 * Threads: nothing is shared. Lifetime: a page that was read lives as every slice of its transaction does.
 *
 * Invariants
 *  1. The pages of a run are put in ascending order of their numbers, which may have gaps.    med_page_run_append
 *  2. No page is put twice and none is changed.                                               med_page_run_append
 *  3. Every page begins with a header that says its kind and version.                         med_page_header_read */
#ifndef MED_STORAGE_PAGE_RUN_H
#define MED_STORAGE_PAGE_RUN_H

#include "storage/store.h"

#define MED_RUN_PREFIX_SIZE_MAX 64

typedef struct med_page_run {
  med_tree tree;
  uint8_t prefix_len;
  uint8_t prefix[MED_RUN_PREFIX_SIZE_MAX];
  uint64_t id; /* the owner's: one of med_txn_next_id, or what tells the runs of a prefix apart */
} med_page_run;

/* The prefix is copied; its length is at most MED_RUN_PREFIX_SIZE_MAX (asserted). No two models, and no two prefixes of a tree,
 * may be such that one begins with the other. */
void med_page_run_init(med_page_run *run, med_tree tree, med_slice prefix, uint64_t id);

/* Where a run that is being written has come to. {0} is its beginning. */
typedef struct med_page_run_end {
  uint64_t next; /* the smallest number that may be put */
} med_page_run_end;

/* Puts a page behind the last one. MISUSE if the number is below end->next; TOO_BIG above MED_VALUE_SIZE_MAX. After a failure the
 * end is as it was. */
MEDLEY_MUST_USE int med_page_run_append(med_txn *txn, const med_page_run *run, med_page_run_end *end, uint64_t number,
                                        med_slice page);
/* NOT_FOUND (without filling the error slot) if the run has no such page. */
MEDLEY_MUST_USE int med_page_run_get(med_txn *txn, const med_page_run *run, uint64_t number, med_slice *page);
/* The same with a cursor on the run's tree, for whoever reads several pages of a run, or of neighbours. */
MEDLEY_MUST_USE int med_page_run_get_near(med_cursor *cursor, const med_page_run *run, uint64_t number,
                                          med_slice *page);
/* How many pages there are: walks all of them. For checks. */
MEDLEY_MUST_USE int med_page_run_count(med_txn *txn, const med_page_run *run, uint64_t *page_count);

/* ---- The header of every page ---- 8 bytes. Numbers in pages are as native.h reads them. */
#define MED_PAGE_HEADER_SIZE 8

/* Part of the file format: append only. */
typedef enum med_page_kind {
  MED_PAGE_COLUMN_VECTORS = 1,
  MED_PAGE_COLUMN_DICTIONARY = 2,
  MED_PAGE_COLUMN_GROUP = 3,
  MED_PAGE_COLUMN_BYTES = 4,
} med_page_kind;

/* count: of whatever a page of this kind holds. */
void med_page_header_write(uint8_t *page, med_page_kind kind, uint8_t version, uint16_t count);
/* CORRUPT, with a message, if the page is not of that kind, or of a later version than `version`. */
MEDLEY_MUST_USE int med_page_header_read(med_slice page, med_page_kind kind, uint8_t version, uint16_t *count,
                                         medley_error *error);

#endif
