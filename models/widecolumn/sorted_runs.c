/* sorted_runs.c - runs read as one sequence.
 *
 * Each run keeps the block that was read last, as a copy. Of a block that lost rows the key stays: it says where rows begin at the earliest.
 * When others have written, the directory is read anew, as they may have added runs or merged them. */
#include "models/widecolumn/sorted_runs.h"

#include <assert.h>

#include "models/widecolumn/record.h"

static int damaged(med_txn *txn, const char *what) {
  return med_error_set(med_txn_error(txn), MEDLEY_CORRUPT, "wide-column: %s", what);
}

/* ---- Runs ---- */
typedef struct run {
  med_wide_run entry;
  med_wide_block *block; /* NULL: none was read yet */
  bool loaded;           /* it is as the file has it, but for rows that were taken */
  bool taken_any;
  uint64_t taken[(MED_WIDE_BLOCK_ROWS_MAX + 63) / 64];
  bool answered; /* `has` and `at` are the answer to what was asked last, or before in the same direction */
  bool has;      /* the row that comes next is `at`; else there is none */
  size_t at;
} run;

struct med_wide_run_rows {
  med_txn *txn;
  uint32_t table_id;
  med_cursor *cursor;
  bool owns, chosen; /* chosen: the runs were named by the caller */
  uint64_t changes;  /* of the transaction, when the directory and blocks were read */
  run *runs;
  size_t count;
  run *found; /* whose row was answered last; NULL: nobody's */
  bool forward;
  med_key asked; /* the tail that was asked for last */
  med_key key;   /* of the row that was found */
  med_wide_block *spare;
  med_arena blocks, directory, older;
};

static bool is_taken(const run *of, size_t row) { return of->taken[row / 64] >> row % 64 & 1; }

static int set_runs(med_wide_run_rows *rows, const med_wide_run *runs, size_t count) {
  rows->count = 0;
  rows->runs = med_arena_alloc(&rows->directory, (count + 1) * sizeof *rows->runs);
  if (rows->runs == NULL) return med_error_no_memory(med_txn_error(rows->txn));
  memset(rows->runs, 0, (count + 1) * sizeof *rows->runs);
  rows->count = count;
  for (size_t i = 0; i < count; i++) rows->runs[i].entry = runs[i];
  return MEDLEY_OK;
}

static int read_directory(med_wide_run_rows *rows) {
  med_wide_run *runs;
  size_t count;
  int rc = med_wide_runs_list(rows->txn, rows->table_id, &rows->directory, &runs, &count);
  if (rc == MEDLEY_OK) rc = set_runs(rows, runs, count);
  if (rc == MEDLEY_OK) rows->changes = med_txn_changes(rows->txn);
  return rc;
}

int med_wide_run_rows_open(med_txn *txn, uint32_t table_id, med_wide_run_rows **opened) {
  med_wide_run_rows *rows = med_alloc_zero(sizeof *rows);
  *opened = NULL;
  if (rows == NULL) return med_error_no_memory(med_txn_error(txn));
  rows->txn = txn;
  rows->table_id = table_id;
  int rc = read_directory(rows);
  if (rc == MEDLEY_OK) rc = med_cursor_open(txn, MED_TREE_WIDE, &rows->cursor);
  if (rc != MEDLEY_OK) {
    med_wide_run_rows_close(rows);
    return rc;
  }
  *opened = rows;
  return MEDLEY_OK;
}

int med_wide_run_rows_only(med_wide_run_rows *rows, const med_wide_run *runs, size_t count) {
  rows->chosen = true;
  return set_runs(rows, runs, count);
}

void med_wide_run_rows_close(med_wide_run_rows *rows) {
  if (rows == NULL) return;
  med_cursor_close(rows->cursor);
  med_arena_clear(&rows->blocks);
  med_arena_clear(&rows->directory);
  med_arena_clear(&rows->older);
  med_free(rows);
}

void med_wide_run_rows_own(med_wide_run_rows *rows) { rows->owns = true; }

/* ---- Rows that leave ---- */
/* The rows that stay, as a value. */
static size_t put_together(const run *of, uint8_t *to) {
  const med_wide_block *from = of->block;
  size_t left = 0, at;
  for (size_t row = 0; row < from->count; row++) left += !is_taken(of, row);
  med_put_u16(to, (uint16_t)left);
  uint8_t *lengths = to + MED_WIDE_BLOCK_HEADER_SIZE;
  at = MED_WIDE_BLOCK_HEADER_SIZE + left * MED_WIDE_BLOCK_ROW_SIZE;
  for (size_t row = 0; row < from->count; row++) {
    if (is_taken(of, row)) continue;
    med_put_u16(lengths, from->tail_lens[row]);
    med_put_u16(lengths + 2, from->value_lens[row]);
    lengths += MED_WIDE_BLOCK_ROW_SIZE;
    size_t len = (size_t)from->tail_lens[row] + from->value_lens[row];
    memcpy(to + at, from->bytes + from->tails[row], len);
    at += len;
  }
  return left > 0 ? at : 0;
}

/* With its last row a run goes. */
static int drop_if_empty(med_wide_run_rows *rows, const run *of) {
  med_key prefix, key;
  med_slice found;
  med_wide_block_key(rows->table_id, of->entry.number, med_slice_of("", 0), &prefix);
  int rc = med_cursor_seek(rows->cursor, med_key_slice(&prefix), &found, NULL);
  if (rc == MEDLEY_OK && med_slice_starts_with(found, med_key_slice(&prefix))) return rc;
  if (rc != MEDLEY_OK && rc != MEDLEY_NOT_FOUND) return rc;
  med_wide_run_key(rows->table_id, of->entry.number, &key);
  rc = med_txn_delete(rows->txn, MED_TREE_WIDE, med_key_slice(&key));
  return rc == MEDLEY_NOT_FOUND ? damaged(rows->txn, "a run is missing in its directory") : rc;
}

static int write_block(med_wide_run_rows *rows, run *of) {
  uint8_t value[MED_VALUE_SIZE_MAX];
  int rc;
  if (!of->taken_any) return MEDLEY_OK;
  size_t len = put_together(of, value);
  med_slice key = med_key_slice(&of->block->key);
  of->taken_any = of->loaded = false;
  if (len > 0) return med_txn_put(rows->txn, MED_TREE_WIDE, key, med_slice_of(value, len));
  rc = med_txn_delete(rows->txn, MED_TREE_WIDE, key);
  if (rc == MEDLEY_NOT_FOUND) rc = damaged(rows->txn, "a block of a run is missing");
  return rc == MEDLEY_OK ? drop_if_empty(rows, of) : rc;
}

int med_wide_run_rows_settle(med_wide_run_rows *rows) {
  bool alone = med_txn_changes(rows->txn) == rows->changes;
  int rc = MEDLEY_OK;
  for (size_t i = 0; rc == MEDLEY_OK && i < rows->count; i++) {
    run *of = &rows->runs[i];
    if (!of->taken_any) continue;
    rows->found = NULL; /* whoever goes on asks this run anew */
    of->answered = false;
    rc = write_block(rows, of);
  }
  if (alone) rows->changes = med_txn_changes(rows->txn);
  return rc;
}

int med_wide_run_rows_take(med_wide_run_rows *rows) {
  run *of = rows->found;
  if (of == NULL || !of->loaded || is_taken(of, of->at)) return damaged(rows->txn, "a row of a run is taken twice");
  of->taken[of->at / 64] |= UINT64_C(1) << of->at % 64;
  of->taken_any = true;
  return MEDLEY_OK;
}

/* ---- Reading ---- */
static bool is_block_of(const med_wide_run_rows *rows, const run *of, med_slice key) {
  const uint8_t *bytes = key.bytes;
  return key.len > MED_WIDE_BLOCK_TAIL_OFFSET && bytes[0] == MED_WIDE_KEY_BLOCK &&
         med_get_u32(bytes + 1) == rows->table_id &&
         med_get_u64(bytes + MED_WIDE_RUN_NUMBER_OFFSET) == of->entry.number;
}

static med_wide_block *new_block(med_wide_run_rows *rows) {
  med_wide_block *made = rows->spare;
  if (made == NULL) return med_arena_alloc(&rows->blocks, sizeof *made);
  rows->spare = made->next;
  return made;
}

/* What a cursor has found becomes the run's block. NOT_FOUND if it is another one's. */
static int load(med_wide_run_rows *rows, run *of, int rc, med_slice key, med_slice value) {
  if (rc != MEDLEY_OK) return rc;
  if (!is_block_of(rows, of, key)) return MEDLEY_NOT_FOUND;
  if (of->loaded && med_slice_equal(key, med_key_slice(&of->block->key))) return MEDLEY_OK;
  if (of->taken_any) { /* the slices may move by this, so the block is looked for again */
    med_key copy;
    med_key_set(&copy, key);
    rc = write_block(rows, of);
    if (rc == MEDLEY_OK) rc = med_cursor_seek(rows->cursor, med_key_slice(&copy), &key, &value);
    if (rc != MEDLEY_OK) return rc;
    if (!med_slice_equal(key, med_key_slice(&copy))) return damaged(rows->txn, "a block of a run is missing");
  }
  if (of->block == NULL) of->block = new_block(rows);
  if (of->block == NULL) return med_error_no_memory(med_txn_error(rows->txn));
  of->loaded = med_wide_block_take(key, value, of->block);
  memset(of->taken, 0, sizeof of->taken);
  return of->loaded ? MEDLEY_OK : damaged(rows->txn, "a block of a run is damaged");
}

/* The block in which rows from there on begin, or, not forward, end. */
static int find_block(med_wide_run_rows *rows, run *of, med_slice tail, bool forward) {
  med_key at;
  med_slice key = {0}, value = {0};
  med_wide_block_key(rows->table_id, of->entry.number, tail, &at);
  if (forward || tail.len > MED_WIDE_RUN_TAIL_MAX) at.bytes[at.len++] = 0; /* what is not behind it is before this */
  int rc = med_cursor_seek_before(rows->cursor, med_key_slice(&at), &key, &value);
  rc = load(rows, of, rc, key, value);
  if (rc != MEDLEY_NOT_FOUND || !forward) return rc;
  med_wide_block_key(rows->table_id, of->entry.number, med_slice_of("", 0), &at);
  rc = med_cursor_seek(rows->cursor, med_key_slice(&at), &key, &value);
  return load(rows, of, rc, key, value);
}

static int next_block(med_wide_run_rows *rows, run *of, bool forward) {
  med_key at = of->block->key;
  med_slice key = {0}, value = {0};
  if (forward) at.bytes[at.len++] = 0; /* a block's key is shorter than keys may be */
  int rc = forward ? med_cursor_seek(rows->cursor, med_key_slice(&at), &key, &value)
                   : med_cursor_seek_before(rows->cursor, med_key_slice(&at), &key, &value);
  return load(rows, of, rc, key, value);
}

/* The first row from `at` on that was not taken, or the last one before it; in this block, or those beyond. */
static int settle_on(med_wide_run_rows *rows, run *of, size_t at, bool forward) {
  for (;;) {
    if (forward) {
      while (at < of->block->count && is_taken(of, at)) at++;
    } else {
      while (at > 0 && is_taken(of, at - 1)) at--;
    }
    of->has = forward ? at < of->block->count : at > 0;
    of->at = forward ? at : at - 1;
    if (of->has) return MEDLEY_OK;
    int rc = next_block(rows, of, forward);
    if (rc != MEDLEY_OK) return rc == MEDLEY_NOT_FOUND ? MEDLEY_OK : rc;
    at = forward ? 0 : of->block->count;
  }
}

/* The block that is there has the answer, or not. */
static bool covers(const run *of, med_slice tail) {
  return of->loaded && med_wide_tails_compare(med_wide_block_tail(of->block, 0), tail) <= 0 &&
         med_wide_tails_compare(tail, med_wide_block_tail(of->block, of->block->count - 1)) <= 0;
}

/* Of a run: the first row at or behind a tail, or the last one before it. */
static int seek_run(med_wide_run_rows *rows, run *of, med_slice tail, bool forward) {
  of->has = false;
  if (forward ? med_wide_tails_compare(tail, of->entry.last) > 0 : med_wide_tails_compare(tail, of->entry.first) <= 0)
    return MEDLEY_OK;
  if (!covers(of, tail)) {
    int rc = find_block(rows, of, tail, forward);
    if (rc != MEDLEY_OK) return rc == MEDLEY_NOT_FOUND ? MEDLEY_OK : rc;
  }
  return settle_on(rows, of, med_wide_block_lower_bound(of->block, tail), forward);
}

/* Others may have changed blocks, added runs or merged them. */
static int look_again(med_wide_run_rows *rows) {
  if (rows->owns || med_txn_changes(rows->txn) == rows->changes) return MEDLEY_OK;
  for (size_t i = 0; i < rows->count; i++) {
    run *of = &rows->runs[i];
    assert(!of->taken_any); /* he does not own them: he has settled */
    of->answered = of->loaded = false;
    if (rows->chosen || of->block == NULL) continue;
    of->block->next = rows->spare;
    rows->spare = of->block;
  }
  if (rows->chosen) rows->changes = med_txn_changes(rows->txn);
  if (rows->chosen) return MEDLEY_OK;
  rows->count = 0;
  med_arena before = rows->older;
  rows->older = rows->directory;
  rows->directory = before;
  med_arena_reset(&rows->directory);
  return read_directory(rows);
}

/* It may be asked in another direction, or further back. */
static int look_at(med_wide_run_rows *rows, med_slice tail, bool forward) {
  int rc = look_again(rows);
  if (rc != MEDLEY_OK) return rc;
  int moved = med_wide_tails_compare(med_key_slice(&rows->asked), tail);
  bool goes_on = rows->forward == forward && (forward ? moved <= 0 : moved >= 0);
  for (size_t i = 0; !goes_on && i < rows->count; i++) rows->runs[i].answered = false;
  rows->forward = forward;
  med_key_set(&rows->asked, tail);
  return MEDLEY_OK;
}

/* Where a key is: before the table's rows, among them, behind them. */
static int side_of(const med_wide_run_rows *rows, med_slice key) {
  med_key prefix;
  med_wide_table_prefix(rows->table_id, &prefix);
  size_t len = key.len < prefix.len ? key.len : prefix.len;
  int order = memcmp(key.bytes, prefix.bytes, len);
  return order != 0 ? order : key.len < prefix.len ? -1 : 0;
}

static med_slice tail_of(med_slice key) {
  return med_slice_of((const uint8_t *)key.bytes + MED_WIDE_TAIL_OFFSET, key.len - MED_WIDE_TAIL_OFFSET);
}

/* Who walks asks for what is behind the last answer: a run whose row is there still has its answer. */
static bool still_answers(const run *of, med_slice tail, bool forward) {
  if (!of->answered || !of->has) return of->answered;
  if (is_taken(of, of->at)) return false;
  int order = med_wide_tails_compare(med_wide_block_tail(of->block, of->at), tail);
  return forward ? order >= 0 : order < 0;
}

/* What is asked for is the row behind the last answer, most likely. */
static bool next_answers(run *of, med_slice tail) {
  if (!of->answered || !of->has || of->at + 1 >= of->block->count || is_taken(of, of->at + 1)) return false;
  if (med_wide_tails_compare(med_wide_block_tail(of->block, of->at), tail) >= 0 ||
      med_wide_tails_compare(med_wide_block_tail(of->block, of->at + 1), tail) < 0)
    return false;
  of->at++;
  return true;
}

static int answer(med_wide_run_rows *rows, run *of, med_slice tail, bool forward) {
  if (still_answers(of, tail, forward) || (forward && next_answers(of, tail))) return MEDLEY_OK;
  int rc = seek_run(rows, of, tail, forward);
  of->answered = rc == MEDLEY_OK;
  return rc;
}

/* Rows of a damaged block that are not where its key says would be walked for ever. */
static int choose(med_wide_run_rows *rows, bool forward) {
  for (size_t i = 0; i < rows->count; i++) {
    run *of = &rows->runs[i];
    if (!of->has) continue;
    int order = rows->found == NULL ? -1
                                    : med_wide_tails_compare(med_wide_block_tail(of->block, of->at),
                                                             med_wide_block_tail(rows->found->block, rows->found->at));
    if (order == 0) return damaged(rows->txn, "a row stands in two runs");
    if (rows->found == NULL || (order < 0) == forward) rows->found = of;
  }
  if (rows->found == NULL) return MEDLEY_NOT_FOUND;
  bool before =
      med_wide_tails_compare(med_wide_block_tail(rows->found->block, rows->found->at), med_key_slice(&rows->asked)) < 0;
  return before == forward ? damaged(rows->txn, "rows of a run are not in order") : MEDLEY_OK;
}

static void tell(med_wide_run_rows *rows, med_slice *found, med_slice *value) {
  med_slice there = med_wide_block_tail(rows->found->block, rows->found->at);
  med_wide_table_prefix(rows->table_id, &rows->key);
  memcpy(rows->key.bytes + rows->key.len, there.bytes, there.len);
  rows->key.len = (uint16_t)(rows->key.len + there.len);
  *found = med_key_slice(&rows->key);
  *value = med_wide_block_value(rows->found->block, rows->found->at);
}

int med_wide_run_rows_seek(med_wide_run_rows *rows, med_slice key, bool forward, med_slice *found, med_slice *value) {
  int side = side_of(rows, key);
  med_slice tail = side == 0 ? tail_of(key) : med_slice_of("", 0);
  rows->found = NULL;
  if (forward ? side > 0 : side < 0) return MEDLEY_NOT_FOUND;
  uint8_t behind[MED_WIDE_RUN_TAIL_MAX];
  if (tail.len > MED_KEY_SIZE_MAX) tail.len = MED_KEY_SIZE_MAX;
  if (side > 0) { /* the last row is looked for */
    memset(behind, 0xFF, sizeof behind);
    tail = med_slice_of(behind, sizeof behind);
  }
  int rc = look_at(rows, tail, forward);
  for (size_t i = 0; rc == MEDLEY_OK && i < rows->count; i++) rc = answer(rows, &rows->runs[i], tail, forward);
  if (rc == MEDLEY_OK) rc = choose(rows, forward);
  if (rc != MEDLEY_OK) return rc;
  tell(rows, found, value);
  return MEDLEY_OK;
}

/* As if it were asked for what is behind a row: what runs have answered is the answer to that, not to what is before. */
static void ask_behind(med_wide_run_rows *rows, med_slice tail) {
  memcpy(rows->asked.bytes, tail.bytes, tail.len);
  rows->asked.bytes[tail.len] = 0;
  rows->asked.len = (uint16_t)(tail.len + 1);
}

int med_wide_run_rows_next(med_wide_run_rows *rows, med_slice *found, med_slice *value) {
  run *of = rows->found;
  if (of == NULL || !rows->forward || (!rows->owns && med_txn_changes(rows->txn) != rows->changes)) {
    med_key behind = rows->key;
    behind.bytes[behind.len++] = 0; /* a row's key is shorter than keys may be */
    return med_wide_run_rows_seek(rows, med_key_slice(&behind), true, found, value);
  }
  rows->found = NULL;
  ask_behind(rows, med_wide_block_tail(of->block, of->at));
  int rc = settle_on(rows, of, of->at + 1, true);
  of->answered = rc == MEDLEY_OK;
  if (rc == MEDLEY_OK) rc = choose(rows, true);
  if (rc == MEDLEY_OK) tell(rows, found, value);
  return rc;
}

int med_wide_run_rows_find(med_wide_run_rows *rows, med_slice key, med_slice clustering, med_slice *value) {
  med_slice tail = tail_of(key);
  rows->found = NULL;
  int rc = look_at(rows, tail, true);
  for (size_t i = 0; rc == MEDLEY_OK && i < rows->count; i++) {
    run *of = &rows->runs[i];
    if (!med_wide_run_reaches(&of->entry, clustering)) continue;
    rc = answer(rows, of, tail, true);
    if (rc != MEDLEY_OK) return rc;
    if (!of->has || !med_slice_equal(med_wide_block_tail(of->block, of->at), tail)) continue;
    rows->found = of;
    *value = med_wide_block_value(of->block, of->at);
    return MEDLEY_OK;
  }
  return rc == MEDLEY_OK ? MEDLEY_NOT_FOUND : rc;
}

const med_wide_run *med_wide_run_rows_entry(const med_wide_run_rows *rows) {
  return rows->found != NULL ? &rows->found->entry : NULL;
}
