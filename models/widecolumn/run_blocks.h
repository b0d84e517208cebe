/* run_blocks.h - what a sorted run (sorted_runs.h) is made of: its entry in the directory, and its blocks.
 *
 * FORMAT.md section "Wide-column", "Sorted run". Nothing in the file is believed.
 * Threads and lifetime: as the transaction's. */
#ifndef MED_WIDECOLUMN_RUN_BLOCKS_H
#define MED_WIDECOLUMN_RUN_BLOCKS_H

#include "models/widecolumn/row_key.h"
#include "storage/memory.h"
#include "storage/store.h"

#define MED_WIDE_RUN_TAIL_MAX \
  (MED_KEY_SIZE_MAX - 14) /* of a row that may stand in a run: a block's key has room for it and a byte more */
#define MED_WIDE_RUN_VALUE_MAX 1024 /* and its record, with the byte of its form */
#define MED_WIDE_BLOCK_ROW_SIZE 4   /* of a block for each of its rows, besides */
#define MED_WIDE_BLOCK_HEADER_SIZE 2
#define MED_WIDE_RUN_NUMBER_OFFSET 5 /* in a key of a run or block: behind its kind and the table's number */
#define MED_WIDE_BLOCK_TAIL_OFFSET 13

/* ---- The directory ---- */
typedef struct med_wide_run { /* an entry of the directory */
  uint64_t number;
  uint64_t rows;         /* when it was written: some may be gone */
  med_slice first, last; /* tails: no row of it is before or behind those */
  med_slice low, high;   /* parts of clustering keys: no row's are below or above those, whatever its partition */
} med_wide_run;

/* Whether a row with these parts may stand in it, as far as `low` and `high` say: else nobody looks there. No bytes: they are not known. */
static inline bool med_wide_run_reaches(const med_wide_run *run, med_slice clustering) {
  return clustering.bytes == NULL ||
         (med_slice_compare(run->low, clustering) <= 0 && med_slice_compare(clustering, run->high) <= 0);
}

/* 0b table: what the directory begins with; 0b table run; 0c table run tail. */
void med_wide_run_prefix(uint32_t table_id, med_key *key);
void med_wide_run_key(uint32_t table_id, uint64_t number, med_key *key);
void med_wide_block_key(uint32_t table_id, uint64_t number, med_slice tail, med_key *key);
/* All runs of a table, in the arena, in order of their numbers. CORRUPT. */
MEDLEY_MUST_USE int med_wide_runs_list(med_txn *txn, uint32_t table_id, med_arena *arena, med_wide_run **runs,
                                       size_t *count);

/* ---- Blocks ---- */
#define MED_WIDE_BLOCK_ROWS_MAX ((MED_VALUE_SIZE_MAX - MED_WIDE_BLOCK_HEADER_SIZE) / (MED_WIDE_BLOCK_ROW_SIZE + 1))

/* A block taken apart: a copy. tails: where they begin. */
typedef struct med_wide_block {
  struct med_wide_block *next; /* the reader's */
  med_key key;
  size_t count;
  uint16_t tails[MED_WIDE_BLOCK_ROWS_MAX], tail_lens[MED_WIDE_BLOCK_ROWS_MAX], value_lens[MED_WIDE_BLOCK_ROWS_MAX];
  uint8_t bytes[MED_VALUE_SIZE_MAX];
} med_wide_block;

static inline med_slice med_wide_block_tail(const med_wide_block *of, size_t row) {
  return med_slice_of(of->bytes + of->tails[row], of->tail_lens[row]);
}
static inline med_slice med_wide_block_value(const med_wide_block *of, size_t row) {
  return med_slice_of(of->bytes + of->tails[row] + of->tail_lens[row], of->value_lens[row]);
}
/* False if it is none. That its rows ascend is not looked at: a search that finds a row has compared it. */
MEDLEY_MUST_USE bool med_wide_block_take(med_slice key, med_slice value, med_wide_block *to);
/* The first row whose tail is not before one. */
size_t med_wide_block_lower_bound(const med_wide_block *of, med_slice tail);
/* memcmp order. Tails begin with a token, which tells most of them apart. */
static inline int med_wide_tails_compare(med_slice a, med_slice b) {
  if (a.len >= 8 && b.len >= 8) {
    uint64_t left = med_get_u64(a.bytes), right = med_get_u64(b.bytes);
    if (left != right) return left < right ? -1 : 1;
  }
  return med_slice_compare(a, b);
}

/* ---- Proving ---- CORRUPT with a message; *keys counts those of the table's runs. Where clustering parts begin in a tail is not known here: that all of
 * them are from `low` to `high` is proven where rows are walked (check.c). */
MEDLEY_MUST_USE int med_wide_runs_check(med_txn *txn, uint32_t table_id, uint64_t *keys);

#endif
