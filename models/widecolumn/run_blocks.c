/* run_blocks.c - entries and blocks read with distrust, and proven. */
#include "models/widecolumn/run_blocks.h"

#include "models/widecolumn/pack.h"
#include "models/widecolumn/record.h"

static int damaged(med_txn *txn, const char *what) {
  return med_error_set(med_txn_error(txn), MEDLEY_CORRUPT, "wide-column: %s", what);
}

/* ---- The directory ---- */
void med_wide_run_prefix(uint32_t table_id, med_key *key) {
  med_key_init(key);
  med_key_add_u8(key, MED_WIDE_KEY_RUN);
  med_key_add_u32(key, table_id);
}

void med_wide_run_key(uint32_t table_id, uint64_t number, med_key *key) {
  med_wide_run_prefix(table_id, key);
  med_key_add_u64(key, number);
}

void med_wide_block_key(uint32_t table_id, uint64_t number, med_slice tail, med_key *key) {
  med_key_init(key);
  med_key_add_u8(key, MED_WIDE_KEY_BLOCK);
  med_key_add_u32(key, table_id);
  med_key_add_u64(key, number);
  if (tail.len > MED_WIDE_RUN_TAIL_MAX)
    tail.len = MED_WIDE_RUN_TAIL_MAX; /* a key that is sought; no row's is as long */
  if (tail.len > 0) memcpy(key->bytes + key->len, tail.bytes, tail.len);
  key->len = (uint16_t)(key->len + tail.len);
}

static bool is_tail(med_slice tail) { return tail.len > 8 && tail.len <= MED_WIDE_RUN_TAIL_MAX; }

static int take_run(med_txn *txn, med_slice key, med_slice value, med_arena *arena, med_wide_run *run) {
  if (key.len != MED_WIDE_BLOCK_TAIL_OFFSET) return damaged(txn, "a run's key that is none");
  run->number = med_get_u64((const uint8_t *)key.bytes + MED_WIDE_RUN_NUMBER_OFFSET);
  const void *copy = med_arena_copy(arena, value.bytes, value.len);
  if (copy == NULL) return med_error_no_memory(med_txn_error(txn));
  value.bytes = copy;
  bool ok = med_unpack_number(&value, &run->rows) && med_unpack_bytes(&value, &run->first) &&
            med_unpack_bytes(&value, &run->last) && med_unpack_bytes(&value, &run->low) &&
            med_unpack_bytes(&value, &run->high) && value.len == 0 && is_tail(run->first) && is_tail(run->last) &&
            med_slice_compare(run->first, run->last) <= 0 && run->low.len <= MED_WIDE_CLUSTERING_MAX &&
            run->high.len <= MED_WIDE_CLUSTERING_MAX && med_slice_compare(run->low, run->high) <= 0;
  return ok ? MEDLEY_OK : damaged(txn, "the record of a run is damaged");
}

static int add_run(med_txn *txn, med_arena *arena, med_wide_run **runs, size_t *count, size_t *capacity) {
  if (*count < *capacity) return MEDLEY_OK;
  *capacity = 2 * *capacity + 16;
  med_wide_run *more = med_arena_alloc(arena, *capacity * sizeof *more);
  if (more == NULL) return med_error_no_memory(med_txn_error(txn));
  if (*count > 0) memcpy(more, *runs, *count * sizeof *more);
  *runs = more;
  return MEDLEY_OK;
}

int med_wide_runs_list(med_txn *txn, uint32_t table_id, med_arena *arena, med_wide_run **runs, size_t *count) {
  med_key prefix;
  med_cursor *cursor;
  med_slice key, value;
  size_t capacity = 0;
  *runs = NULL;
  *count = 0;
  int rc = med_cursor_open(txn, MED_TREE_WIDE, &cursor);
  if (rc != MEDLEY_OK) return rc;
  med_wide_run_prefix(table_id, &prefix);
  rc = med_cursor_seek(cursor, med_key_slice(&prefix), &key, &value);
  for (; rc == MEDLEY_OK && med_slice_starts_with(key, med_key_slice(&prefix));
       rc = med_cursor_next(cursor, &key, &value)) {
    MED_TRY(add_run(txn, arena, runs, count, &capacity));
    MED_TRY(take_run(txn, key, value, arena, &(*runs)[*count]));
    ++*count;
  }
  if (rc == MEDLEY_NOT_FOUND) rc = MEDLEY_OK;
done:
  med_cursor_close(cursor);
  return rc;
}

/* ---- Blocks ---- */
bool med_wide_block_take(med_slice key, med_slice value, med_wide_block *to) {
  const uint8_t *bytes = value.bytes;
  if (key.len > MED_WIDE_BLOCK_TAIL_OFFSET + MED_WIDE_RUN_TAIL_MAX || key.len <= MED_WIDE_BLOCK_TAIL_OFFSET ||
      value.len < MED_WIDE_BLOCK_HEADER_SIZE)
    return false;
  size_t count = med_get_u16(bytes), at = MED_WIDE_BLOCK_HEADER_SIZE + count * MED_WIDE_BLOCK_ROW_SIZE;
  if (count == 0 || count > MED_WIDE_BLOCK_ROWS_MAX || at > value.len || value.len > sizeof to->bytes) return false;
  med_key_set(&to->key, key);
  memcpy(to->bytes, bytes, value.len);
  to->count = count;
  for (size_t row = 0; row < count; row++) {
    const uint8_t *lengths = bytes + MED_WIDE_BLOCK_HEADER_SIZE + row * MED_WIDE_BLOCK_ROW_SIZE;
    size_t tail_len = med_get_u16(lengths), value_len = med_get_u16(lengths + 2);
    if (tail_len <= 8 || tail_len > MED_WIDE_RUN_TAIL_MAX) return false;
    if (value_len == 0 || value_len > MED_WIDE_RUN_VALUE_MAX || tail_len + value_len > value.len - at) return false;
    to->tails[row] = (uint16_t)at;
    to->tail_lens[row] = (uint16_t)tail_len;
    to->value_lens[row] = (uint16_t)value_len;
    at += tail_len + value_len;
  }
  return at == value.len;
}

size_t med_wide_block_lower_bound(const med_wide_block *of, med_slice tail) {
  size_t low = 0, high = of->count;
  while (low < high) {
    size_t middle = low + (high - low) / 2;
    if (med_wide_tails_compare(med_wide_block_tail(of, middle), tail) < 0)
      low = middle + 1;
    else
      high = middle;
  }
  return low;
}

/* ---- Proving ---- */
typedef struct checking {
  med_txn *txn;
  const med_wide_run *runs;
  size_t count, at; /* the run whose blocks come, and how many of them were there */
  uint64_t blocks;
  med_key last; /* tail of the row before, of the same run; no bytes: there was none */
  med_wide_block block;
} checking;

static int check_block(checking *work, med_slice key, med_slice value) {
  med_wide_block *of = &work->block;
  if (!med_wide_block_take(key, value, of)) return damaged(work->txn, "a block of a run is damaged");
  uint64_t number = med_get_u64(of->key.bytes + MED_WIDE_RUN_NUMBER_OFFSET);
  while (work->at < work->count && work->runs[work->at].number < number) {
    if (work->blocks == 0) return damaged(work->txn, "a run has no block");
    work->at++;
    work->blocks = work->last.len = 0;
  }
  if (work->at == work->count || work->runs[work->at].number != number)
    return damaged(work->txn, "a block is of no run");
  const med_wide_run *entry = &work->runs[work->at];
  med_slice fence =
      med_slice_of(of->key.bytes + MED_WIDE_BLOCK_TAIL_OFFSET, (size_t)of->key.len - MED_WIDE_BLOCK_TAIL_OFFSET);
  if (med_slice_compare(fence, med_key_slice(&work->last)) <= 0 ||
      med_slice_compare(med_wide_block_tail(of, 0), fence) < 0 ||
      med_slice_compare(med_wide_block_tail(of, 0), entry->first) < 0 ||
      med_slice_compare(med_wide_block_tail(of, of->count - 1), entry->last) > 0)
    return damaged(work->txn, "a block is not where its rows say");
  for (size_t row = 1; row < of->count; row++) {
    if (med_slice_compare(med_wide_block_tail(of, row - 1), med_wide_block_tail(of, row)) >= 0)
      return damaged(work->txn, "rows of a block are not in order");
  }
  med_slice last = med_wide_block_tail(of, of->count - 1);
  med_key_set(&work->last, last);
  work->blocks++;
  return MEDLEY_OK;
}

static int check_blocks(checking *work, uint32_t table_id, uint64_t *keys) {
  med_key prefix;
  med_cursor *cursor;
  med_slice key, value;
  int rc = med_cursor_open(work->txn, MED_TREE_WIDE, &cursor);
  if (rc != MEDLEY_OK) return rc;
  med_wide_block_key(table_id, 0, med_slice_of("", 0), &prefix);
  prefix.len = MED_WIDE_RUN_NUMBER_OFFSET;
  rc = med_cursor_seek(cursor, med_key_slice(&prefix), &key, &value);
  while (rc == MEDLEY_OK && med_slice_starts_with(key, med_key_slice(&prefix))) {
    rc = check_block(work, key, value);
    ++*keys;
    if (rc == MEDLEY_OK) rc = med_cursor_next(cursor, &key, &value);
  }
  med_cursor_close(cursor);
  if (rc != MEDLEY_OK && rc != MEDLEY_NOT_FOUND) return rc;
  return work->count == 0 || (work->at == work->count - 1 && work->blocks > 0)
             ? MEDLEY_OK
             : damaged(work->txn, "a run has no block");
}

int med_wide_runs_check(med_txn *txn, uint32_t table_id, uint64_t *keys) {
  med_arena arena = {0};
  med_wide_run *runs;
  checking *work = med_alloc_zero(sizeof *work);
  size_t count;
  if (work == NULL) return med_error_no_memory(med_txn_error(txn));
  int rc = med_wide_runs_list(txn, table_id, &arena, &runs, &count);
  work->txn = txn;
  work->runs = runs;
  work->count = count;
  if (rc == MEDLEY_OK) rc = check_blocks(work, table_id, keys);
  if (rc == MEDLEY_OK) *keys += count;
  med_arena_clear(&arena);
  med_free(work);
  return rc;
}
