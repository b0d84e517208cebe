/* walker.h - reads an LMDB 0.9 data file with its own eyes, before LMDB maps it.
 *
 * LMDB trusts its file: a truncated one is a SIGBUS at first look, a crafted one writes outside of its pages. This
 * walker reads pread copies, checks every number before it is used, and needs nothing of LMDB. FORMAT.md says what the
 * trees hold; the layout of LMDB's pages is drawn in walker.c. What it is not: a check of what the values mean. The
 * caller does that in the callback.
 *
 * What walk accepts, LMDB 0.9.24 reads and writes without crashing. The file must not change meanwhile: the caller holds
 * the write lock or owns the file. check_header alone may run beside a writer.
 *
 * Invariants
 *  1. Each page is reached at most once, and none is both free and used; so the walk ends.   test_walker, fuzz walker
 *  2. Memory: two bits for each page of the file, and one page for each level of depth.      test_walker
 *  3. Nothing but pread touches the descriptor; its position stays as it is.                 test_walker
 * Threads: a call shares nothing with another. */
#ifndef MED_STORAGE_WALKER_H
#define MED_STORAGE_WALKER_H

#include "storage/bytes.h"
#include "storage/status.h"

/* One key and its value. All of it is borrowed for the call. */
typedef struct med_walker_entry {
  med_slice tree; /* name of the named tree; empty for a plain record of the main one */
  med_slice key;
  med_slice value;      /* bytes NULL if it is longer than one page holds; len is always its length */
  uint64_t page_number; /* where it stands: its leaf, or the first page of its overflow run */
} med_walker_entry;

/* Anything but MEDLEY_OK ends the walk, which then answers it; the callback has filled the error. */
typedef int (*med_walker_callback)(void *context, const med_walker_entry *entry);

typedef struct med_walker_report {
  uint32_t page_size;
  uint64_t file_pages;
  uint64_t last_page; /* highest page ever handed out */
  uint64_t txn_id;    /* of the newest commit */
  uint64_t tree_count;
  uint64_t branch_pages, leaf_pages, overflow_pages; /* of all trees, the free list's own included */
  uint64_t free_pages;
  uint64_t leaked_pages; /* neither free nor used: harmless, and never used again */
  uint64_t entry_count;
} med_walker_report;

/* Cheap, for every open of a file that has bytes: both meta pages, and that the file is as long as they say. OK,
 * NOT_A_DATABASE (it never was one), CORRUPT, IO or NO_MEMORY. An empty file is OK: LMDB makes a new one of it. */
MEDLEY_MUST_USE int med_walker_check_header(int fd, uint64_t file_size, medley_error *error);

/* For a file beside which a redo log lies (checkpoint.h): whether the two meta pages that are `present` in it may be what came after
 * the `saved` ones of commit checkpoint_id. Torn ones may; older ones, or others of the same number, may not. */
bool med_walker_metas_may_follow(const uint8_t *present, const uint8_t *saved, uint64_t checkpoint_id);
/* Number of the newest commit that one of two meta pages tells of; torn ones tell nothing. */
uint64_t med_walker_newest_commit(const uint8_t *metas);
/* The 16 bytes of identity in the header record of the snapshot whose two meta pages are given: only the pages on the way to it
 * are read, and nothing of them is believed unchecked. CORRUPT if there is none, IO, or NO_MEMORY. */
MEDLEY_MUST_USE int med_walker_find_identity(int fd, uint64_t file_size, const uint8_t *metas, uint8_t identity[16],
                                             medley_error *error);

/* Every page of the newest snapshot. on_entry and report may be NULL. Same answers, and the callback's. */
MEDLEY_MUST_USE int med_walker_walk(int fd, uint64_t file_size, med_walker_callback on_entry, void *context,
                                    med_walker_report *report, medley_error *error);

#endif
