/* run_kit.h - the sorted runs of one table beside a plain array of its rows in order: rows drawn at random, written with run_writer.h, and what should be
 * answered. In the sealing kit's transaction. */
#ifndef RUN_KIT_H
#define RUN_KIT_H

#include "models/widecolumn/record.h"
#include "models/widecolumn/run_writer.h"
#include "tests/unit/property.h"
#include "tests/unit/sealing_kit.h"

enum {
  RUN_TABLE = 77,
  RUN_ROWS_MAX = 3000,
  RUN_CLUSTERING = 9
}; /* where a tail's clustering parts are said to begin */

typedef struct plain_row {
  bool there;
  unsigned run;
  size_t tail_len, value_len;
  uint8_t tail[MED_WIDE_RUN_TAIL_MAX], value[MED_WIDE_RUN_VALUE_MAX];
} plain_row;

static plain_row plain[RUN_ROWS_MAX]; /* in order of their tails */
static size_t plain_count;

static inline med_slice plain_tail(size_t at) { return med_slice_of(plain[at].tail, plain[at].tail_len); }
static inline med_slice plain_value(size_t at) { return med_slice_of(plain[at].value, plain[at].value_len); }
static inline med_slice clustering_of(med_slice tail) {
  size_t len = tail.len - RUN_CLUSTERING;
  return med_slice_of((const uint8_t *)tail.bytes + RUN_CLUSTERING,
                      len < MED_WIDE_CLUSTERING_MAX ? len : MED_WIDE_CLUSTERING_MAX);
}
static inline med_slice plain_clustering(size_t at) { return clustering_of(plain_tail(at)); }

/* ---- Rows ---- */
/* Few tokens and few different bytes: so rows are neighbours, and some are what others begin with. */
static inline size_t draw_tail(uint64_t *random, uint8_t *tail) {
  static const uint8_t bytes[] = {0, 1, 0xFF};
  uint64_t kind = property_below(random, 20);
  size_t len = RUN_CLUSTERING + (size_t)property_below(random, 12);
  if (kind == 0) len = MED_WIDE_RUN_TAIL_MAX;
  if (kind == 1) len = RUN_CLUSTERING + (size_t)property_below(random, MED_WIDE_RUN_TAIL_MAX - RUN_CLUSTERING);
  memset(tail, 0, 8);
  tail[0] = property_below(random, 2) == 0 ? 0x7F : 0x80;
  tail[7] = (uint8_t)property_below(random, 6);
  for (size_t i = 8; i < len; i++) tail[i] = bytes[property_below(random, 3)];
  return len;
}

static inline void draw_value(uint64_t *random, plain_row *row) {
  uint64_t kind = property_below(random, 20);
  row->value_len = 1 + (size_t)property_below(random, kind < 3 ? MED_WIDE_RUN_VALUE_MAX : 60);
  if (kind == 18) row->value_len = 1;
  if (kind == 19) row->value_len = MED_WIDE_RUN_VALUE_MAX;
  for (size_t i = 0; i < row->value_len; i++) row->value[i] = (uint8_t)property_random(random);
}

static inline int compare_plain(const void *a, const void *b) {
  const plain_row *left = a, *right = b;
  return med_slice_compare(med_slice_of(left->tail, left->tail_len), med_slice_of(right->tail, right->tail_len));
}

/* About so many rows, each in one of the runs. */
static inline void draw_rows(uint64_t *random, size_t count, unsigned runs) {
  size_t kept = 0;
  for (size_t i = 0; i < count; i++) {
    plain[i].there = true;
    plain[i].run = (unsigned)property_below(random, runs);
    plain[i].tail_len = draw_tail(random, plain[i].tail);
    draw_value(random, &plain[i]);
  }
  qsort(plain, count, sizeof *plain, compare_plain);
  for (size_t i = 0; i < count; i++) {
    if (kept == 0 || compare_plain(&plain[kept - 1], &plain[i]) != 0) plain[kept++] = plain[i];
  }
  plain_count = kept;
}

/* The rows of a run; its number. */
static inline uint64_t write_plain_run(uint32_t table_id, unsigned run) {
  static med_wide_run_writer writer;
  OK(med_wide_run_writer_open(&writer, txn, table_id));
  for (size_t i = 0; i < plain_count; i++) {
    if (!plain[i].there || plain[i].run != run) continue;
    med_wide_run_writer_bound(&writer, plain_clustering(i), plain_clustering(i));
    OK(med_wide_run_writer_add(&writer, plain_tail(i), plain_value(i)));
  }
  OK(med_wide_run_writer_finish(&writer));
  return writer.number;
}

static inline void make_runs(uint64_t *random, size_t count, unsigned runs) {
  draw_rows(random, count, runs);
  for (unsigned run = 0; run < runs; run++) write_plain_run(RUN_TABLE, run);
}

/* ---- Places ---- among the plain rows; plain_count: none. */
static inline size_t plain_lower(med_slice tail) {
  size_t low = 0, high = plain_count;
  while (low < high) {
    size_t middle = low + (high - low) / 2;
    if (med_slice_compare(plain_tail(middle), tail) < 0)
      low = middle + 1;
    else
      high = middle;
  }
  return low;
}

static inline size_t plain_seek(med_slice tail, bool forward) {
  size_t at = plain_lower(tail);
  if (forward) {
    while (at < plain_count && !plain[at].there) at++;
    return at;
  }
  while (at > 0 && !plain[at - 1].there) at--;
  return at > 0 ? at - 1 : plain_count;
}

static inline size_t plain_find(med_slice tail) {
  size_t at = plain_lower(tail);
  return at < plain_count && plain[at].there && med_slice_equal(plain_tail(at), tail) ? at : plain_count;
}

static inline size_t plain_there(void) {
  size_t there = 0;
  for (size_t i = 0; i < plain_count; i++) there += plain[i].there;
  return there;
}

static inline void row_key_of(uint32_t table_id, med_slice tail, med_key *key) {
  med_wide_table_prefix(table_id, key);
  memcpy(key->bytes + key->len, tail.bytes, tail.len);
  key->len = (uint16_t)(key->len + tail.len);
}

/* ---- Answers ---- */
static inline void is_value(int rc, med_slice value, size_t at, const char *what) {
  ck_assert_msg(rc == (at < plain_count ? MEDLEY_OK : MEDLEY_NOT_FOUND), "%s: %s: %s", what, medley_status_name(rc),
                error.message);
  ck_assert_msg(at == plain_count || med_slice_equal(value, plain_value(at)), "%s: another row's value", what);
}

static inline void is_row(int rc, med_slice found, med_slice value, size_t at, const char *what) {
  med_key key;
  if (rc == MEDLEY_OK && at < plain_count) {
    row_key_of(RUN_TABLE, plain_tail(at), &key);
    ck_assert_msg(med_slice_equal(found, med_key_slice(&key)), "%s: another row, of %zu bytes instead of %zu", what,
                  found.len, (size_t)key.len);
  }
  is_value(rc, value, at, what);
}

static inline size_t run_list_count(void) {
  med_wide_run *runs;
  size_t count;
  OK(med_wide_runs_list(txn, RUN_TABLE, &arena, &runs, &count));
  return count;
}

/* Keys of the tree WIDE that are of the table's runs. */
static inline uint64_t count_run_keys(void) {
  med_cursor *cursor;
  med_slice key;
  med_key from;
  uint64_t count = 0;
  OK(med_cursor_open(txn, MED_TREE_WIDE, &cursor));
  for (uint8_t kind = MED_WIDE_KEY_RUN; kind <= MED_WIDE_KEY_BLOCK; kind++) {
    med_key_init(&from);
    med_key_add_u8(&from, kind);
    med_key_add_u32(&from, RUN_TABLE);
    int rc = med_cursor_seek(cursor, med_key_slice(&from), &key, NULL);
    for (; rc == MEDLEY_OK && med_slice_starts_with(key, med_key_slice(&from));
         rc = med_cursor_next(cursor, &key, NULL))
      count++;
  }
  med_cursor_close(cursor);
  return count;
}

/* Both ways, and proven. */
static inline void runs_are_as_plain(void) {
  med_wide_run_rows *rows;
  med_slice found = {0}, value = {0};
  med_key at;
  uint64_t keys = 0;
  OK(med_wide_run_rows_open(txn, RUN_TABLE, &rows));
  med_wide_table_prefix(RUN_TABLE, &at);
  int rc = med_wide_run_rows_seek(rows, med_key_slice(&at), true, &found, &value);
  for (size_t i = 0; i < plain_count; i++) {
    if (!plain[i].there) continue;
    is_row(rc, found, value, i, "forth");
    rc = med_wide_run_rows_next(rows, &found, &value);
  }
  is_row(rc, found, value, plain_count, "the end");
  (void)med_key_after_prefix(&at, med_key_slice(&at));
  for (size_t i = plain_count; i > 0; i--) {
    if (!plain[i - 1].there) continue;
    rc = med_wide_run_rows_seek(rows, med_key_slice(&at), false, &found, &value);
    is_row(rc, found, value, i - 1, "back");
    med_key_set(&at, found);
  }
  rc = med_wide_run_rows_seek(rows, med_key_slice(&at), false, &found, &value);
  is_row(rc, found, value, plain_count, "the beginning");
  med_wide_run_rows_close(rows);
  OK(med_wide_runs_check(txn, RUN_TABLE, &keys));
  ck_assert_uint_eq(keys, count_run_keys());
  ck_assert((run_list_count() == 0) == (plain_there() == 0));
}

#endif
