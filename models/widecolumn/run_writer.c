/* run_writer.c - blocks filled and put, runs merged. */
#include "models/widecolumn/run_writer.h"

#include <assert.h>

#include "models/widecolumn/pack.h"
#include "models/widecolumn/record.h"

bool med_wide_run_takes(med_slice tail, med_slice value) {
  return tail.len <= MED_WIDE_RUN_TAIL_MAX && value.len <= MED_WIDE_RUN_VALUE_MAX;
}

static void begin(med_wide_run_writer *writer, med_txn *txn, uint32_t table_id, uint64_t number) {
  writer->txn = txn;
  writer->table_id = table_id;
  writer->number = number;
  writer->rows = writer->count = writer->len = 0;
  writer->bounded = false;
}

int med_wide_run_writer_open(med_wide_run_writer *writer, med_txn *txn, uint32_t table_id) {
  uint64_t number;
  int rc = med_txn_next_id(txn, &number);
  if (rc == MEDLEY_OK) begin(writer, txn, table_id, number);
  return rc;
}

static size_t block_size(size_t count, size_t len) {
  return MED_WIDE_BLOCK_HEADER_SIZE + count * MED_WIDE_BLOCK_ROW_SIZE + len;
}

static int put_block(med_wide_run_writer *writer) {
  uint8_t value[MED_VALUE_SIZE_MAX];
  med_key key;
  size_t lengths = writer->count * MED_WIDE_BLOCK_ROW_SIZE;
  if (writer->count == 0) return MEDLEY_OK;
  med_put_u16(value, (uint16_t)writer->count);
  memcpy(value + MED_WIDE_BLOCK_HEADER_SIZE, writer->lengths, lengths);
  memcpy(value + MED_WIDE_BLOCK_HEADER_SIZE + lengths, writer->bytes, writer->len);
  med_wide_block_key(writer->table_id, writer->number, med_key_slice(&writer->fence), &key);
  int rc = med_txn_put(writer->txn, MED_TREE_WIDE, med_key_slice(&key),
                       med_slice_of(value, block_size(writer->count, writer->len)));
  writer->count = writer->len = 0;
  return rc;
}

int med_wide_run_writer_add(med_wide_run_writer *writer, med_slice tail, med_slice value) {
  int rc = MEDLEY_OK;
  assert(med_wide_run_takes(tail, value));
  assert(writer->rows == 0 || med_slice_compare(med_key_slice(&writer->last), tail) < 0);
  if (block_size(writer->count + 1, writer->len + tail.len + value.len) > MED_VALUE_SIZE_MAX) rc = put_block(writer);
  if (rc != MEDLEY_OK) return rc;
  if (writer->rows == 0) med_key_set(&writer->first, tail);
  if (writer->count == 0) med_key_set(&writer->fence, tail);
  med_key_set(&writer->last, tail);
  uint8_t *lengths = writer->lengths + writer->count * MED_WIDE_BLOCK_ROW_SIZE;
  med_put_u16(lengths, (uint16_t)tail.len);
  med_put_u16(lengths + 2, (uint16_t)value.len);
  memcpy(writer->bytes + writer->len, tail.bytes, tail.len);
  memcpy(writer->bytes + writer->len + tail.len, value.bytes, value.len);
  writer->len += tail.len + value.len;
  writer->count++;
  writer->rows++;
  return MEDLEY_OK;
}

void med_wide_run_writer_bound(med_wide_run_writer *writer, med_slice low, med_slice high) {
  if (!writer->bounded || med_slice_compare(low, med_key_slice(&writer->low)) < 0) med_key_set(&writer->low, low);
  if (!writer->bounded || med_slice_compare(high, med_key_slice(&writer->high)) > 0) med_key_set(&writer->high, high);
  writer->bounded = true;
}

int med_wide_run_writer_finish(med_wide_run_writer *writer) {
  med_key key;
  med_buffer record = {0};
  int rc = put_block(writer);
  if (rc != MEDLEY_OK || writer->rows == 0) return rc;
  assert(writer->bounded);
  bool ok = med_pack_number(&record, writer->rows) && med_pack_bytes(&record, med_key_slice(&writer->first)) &&
            med_pack_bytes(&record, med_key_slice(&writer->last)) &&
            med_pack_bytes(&record, med_key_slice(&writer->low)) &&
            med_pack_bytes(&record, med_key_slice(&writer->high));
  med_wide_run_key(writer->table_id, writer->number, &key);
  rc = ok ? med_txn_put(writer->txn, MED_TREE_WIDE, med_key_slice(&key), med_slice_of(record.bytes, record.len))
          : med_error_no_memory(med_txn_error(writer->txn));
  med_buffer_clear(&record);
  return rc;
}

/* ---- Merging ---- */
/* Runs of one size differ by less than a factor of four. */
static unsigned size_of(const med_wide_run *run) {
  unsigned size = 0;
  for (uint64_t rows = run->rows; rows >= 4; rows /= 4) size++;
  return size;
}

/* Those with numbers from one on, but below another. */
static void only(med_wide_run *runs, size_t *count, uint64_t from, uint64_t below) {
  size_t kept = 0;
  for (size_t i = 0; i < *count; i++) {
    if (runs[i].number >= from && runs[i].number < below) runs[kept++] = runs[i];
  }
  *count = kept;
}

/* Those to be merged, of the smallest size that has enough of them, and all that are smaller; *count 0: none. */
static void choose(med_wide_run *runs, size_t *count, uint64_t rows_max) {
  size_t of_size[40] = {0}, chosen = 0; /* more sizes than a number has */
  uint64_t rows = 0;
  unsigned size = 0;
  for (size_t i = 0; i < *count; i++) of_size[size_of(&runs[i])]++;
  while (size < 40 && of_size[size] < MED_WIDE_RUNS_OF_A_SIZE) size++;
  for (size_t i = 0; i < *count; i++) {
    if (size_of(&runs[i]) > size) continue;
    rows += runs[i].rows;
    runs[chosen++] = runs[i];
  }
  *count = size < 40 && rows <= rows_max ? chosen : 0;
}

static int drop(med_txn *txn, uint32_t table_id, uint64_t number) {
  med_key from, to;
  size_t deleted;
  med_wide_block_key(table_id, number, med_slice_of("", 0), &from);
  (void)med_key_after_prefix(&to, med_key_slice(&from)); /* it begins with 0c */
  int rc = med_txn_delete_range(txn, MED_TREE_WIDE, med_key_slice(&from), med_key_slice(&to), SIZE_MAX, &deleted);
  if (rc != MEDLEY_OK) return rc;
  med_wide_run_key(table_id, number, &from);
  rc = med_txn_delete(txn, MED_TREE_WIDE, med_key_slice(&from));
  return rc == MEDLEY_NOT_FOUND ? med_error_set(med_txn_error(txn), MEDLEY_CORRUPT, "wide-column: a run is missing")
                                : rc;
}

/* None is longer than it may be; in a damaged file they may come before what the run has. */
static int copy_row(med_wide_run_writer *writer, med_slice key, med_slice value) {
  med_slice tail = med_slice_of((const uint8_t *)key.bytes + MED_WIDE_TAIL_OFFSET, key.len - MED_WIDE_TAIL_OFFSET);
  if (writer->rows > 0 && med_slice_compare(med_key_slice(&writer->last), tail) >= 0)
    return med_error_set(med_txn_error(writer->txn), MEDLEY_CORRUPT, "wide-column: rows of a run are not in order");
  return med_wide_run_writer_add(writer, tail, value);
}

static int copy_rows(med_wide_run_rows *rows, uint32_t table_id, med_wide_run_writer *writer) {
  med_key at;
  med_slice key, value;
  med_wide_table_prefix(table_id, &at);
  int rc = med_wide_run_rows_seek(rows, med_key_slice(&at), true, &key, &value);
  while (rc == MEDLEY_OK) {
    rc = copy_row(writer, key, value);
    if (rc == MEDLEY_OK) rc = med_wide_run_rows_next(rows, &key, &value);
  }
  return rc == MEDLEY_NOT_FOUND ? MEDLEY_OK : rc;
}

static int merge(med_txn *txn, uint32_t table_id, const med_wide_run *runs, size_t count) {
  med_wide_run_rows *rows;
  med_wide_run_writer *writer = med_alloc(sizeof *writer);
  if (writer == NULL) return med_error_no_memory(med_txn_error(txn));
  int rc = med_wide_run_rows_open(txn, table_id, &rows);
  if (rc == MEDLEY_OK) rc = med_wide_run_rows_only(rows, runs, count);
  if (rc == MEDLEY_OK) {
    med_wide_run_rows_own(rows);
    rc = med_wide_run_writer_open(writer, txn, table_id);
  }
  for (size_t i = 0; rc == MEDLEY_OK && i < count; i++) med_wide_run_writer_bound(writer, runs[i].low, runs[i].high);
  if (rc == MEDLEY_OK) rc = copy_rows(rows, table_id, writer);
  if (rc == MEDLEY_OK) rc = med_wide_run_writer_finish(writer);
  med_wide_run_rows_close(rows);
  med_free(writer);
  for (size_t i = 0; rc == MEDLEY_OK && i < count; i++) rc = drop(txn, table_id, runs[i].number);
  return rc;
}

int med_wide_runs_merge(med_txn *txn, uint32_t table_id, uint64_t above, uint64_t rows_max) {
  int rc = MEDLEY_OK;
  size_t count = 1;
  while (rc == MEDLEY_OK && count > 0) {
    med_arena arena = {0};
    med_wide_run *runs;
    rc = med_wide_runs_list(txn, table_id, &arena, &runs, &count);
    if (rc == MEDLEY_OK) only(runs, &count, above + 1, UINT64_MAX);
    if (rc == MEDLEY_OK) choose(runs, &count, rows_max);
    if (rc == MEDLEY_OK && count > 0) rc = merge(txn, table_id, runs, count);
    med_arena_clear(&arena);
  }
  return rc;
}

/* ---- Gathering ---- */
/* Behind the last row of a run. */
static void go_on(med_wide_run_writer *writer, const med_wide_run *run) {
  writer->rows = run->rows;
  med_key_set(&writer->first, run->first);
  med_key_set(&writer->last, run->last);
  med_wide_run_writer_bound(writer, run->low, run->high);
}

static int move_rows(med_wide_run_rows *rows, med_wide_run_writer *writer, uint64_t limit, uint64_t *moved) {
  med_key at;
  med_slice key, value;
  med_wide_table_prefix(writer->table_id, &at);
  int rc = med_wide_run_rows_seek(rows, med_key_slice(&at), true, &key, &value);
  while (rc == MEDLEY_OK && *moved < limit) {
    rc = copy_row(writer, key, value);
    if (rc == MEDLEY_OK) rc = med_wide_run_rows_take(rows);
    if (rc == MEDLEY_OK) rc = med_wide_run_rows_next(rows, &key, &value);
    ++*moved;
  }
  return rc;
}

static int gather(med_txn *txn, uint32_t table_id, const med_wide_run *runs, size_t count, uint64_t limit,
                  med_wide_run_writer *writer, uint64_t *moved, bool *done) {
  med_wide_run_rows *rows;
  int rc = med_wide_run_rows_open(txn, table_id, &rows);
  if (rc != MEDLEY_OK) return rc;
  med_wide_run_rows_own(rows);
  for (size_t i = 0; i < count; i++) med_wide_run_writer_bound(writer, runs[i].low, runs[i].high);
  rc = med_wide_run_rows_only(rows, runs, count);
  if (rc == MEDLEY_OK) rc = move_rows(rows, writer, limit, moved);
  *done = rc == MEDLEY_NOT_FOUND;
  if (rc == MEDLEY_OK || *done) rc = med_wide_run_rows_settle(rows);
  if (rc == MEDLEY_OK) rc = med_wide_run_writer_finish(writer);
  med_wide_run_rows_close(rows);
  return rc;
}

int med_wide_runs_gather(med_txn *txn, uint32_t table_id, uint64_t target, uint64_t limit, uint64_t *moved,
                         bool *done) {
  med_arena arena = {0};
  med_wide_run *runs;
  const med_wide_run *begun = NULL;
  size_t count;
  med_wide_run_writer *writer = med_alloc(sizeof *writer);
  *moved = 0;
  if (writer == NULL) return med_error_no_memory(med_txn_error(txn));
  int rc = med_wide_runs_list(txn, table_id, &arena, &runs, &count);
  for (size_t i = 0; rc == MEDLEY_OK && i < count; i++) {
    if (runs[i].number == target) begun = med_arena_copy(&arena, &runs[i], sizeof runs[i]);
    if (runs[i].number == target && begun == NULL) rc = med_error_no_memory(med_txn_error(txn));
  }
  begin(writer, txn, table_id, target);
  if (begun != NULL) go_on(writer, begun);
  if (rc == MEDLEY_OK) only(runs, &count, 0, target);
  *done = rc == MEDLEY_OK && count == 0;
  if (rc == MEDLEY_OK && count > 0) rc = gather(txn, table_id, runs, count, limit, writer, moved, done);
  med_arena_clear(&arena);
  med_free(writer);
  return rc;
}
