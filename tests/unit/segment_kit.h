/* segment_kit.h - the segments of the sealing kit's table: looked at, damaged, proven; and a table whose segments have every kind of column. */
#ifndef SEGMENT_KIT_H
#define SEGMENT_KIT_H

#include "models/widecolumn/mutation.h"
#include "models/widecolumn/seal.h"
#include "models/widecolumn/segment.h"
#include "models/widecolumn/sweep.h"
#include "storage/column_writer.h"
#include "tests/unit/sealing_kit.h"

static inline med_wide_segment first_segment(void) {
  med_cursor *cursor;
  med_wide_segment segment;
  med_key from;
  med_wide_table_prefix(table->id, &from);
  OK(med_cursor_open(txn, MED_TREE_WIDE, &cursor));
  OK(med_wide_segment_behind(txn, cursor, med_key_slice(&from), &arena, &segment));
  med_cursor_close(cursor);
  return segment;
}

static inline uint64_t problems(void) {
  uint64_t count = 0;
  OK(med_wide_check(txn, NULL, NULL, &count));
  return count;
}

/* There is one, and none once it is undone. */
static inline void expect_problem(med_mark mark, const char *what) {
  ck_assert_msg(problems() > 0, "%s is not noticed", what);
  OK(med_txn_rollback_to(txn, mark));
  ck_assert_uint_eq(problems(), 0);
}

/* ---- Damage ---- */
/* Pages of a column: all of them, or all but the header with their bounds. */
static inline void drop_pages(const med_wide_segment *segment, uint64_t number, bool header) {
  med_page_run run;
  med_key from, to;
  size_t deleted;
  med_wide_segment_run(segment, number, &run);
  med_key_init(&from);
  memcpy(from.bytes, run.prefix, run.prefix_len);
  from.len = run.prefix_len;
  med_key_add_u64(&from, run.id);
  to = from;
  med_key_add_u64(&from, 0);
  med_key_add_u64(&to, header ? UINT64_C(0x100000000) : 0xFFFFFF00);
  OK(med_txn_delete_range(txn, MED_TREE_WIDE, med_key_slice(&from), med_key_slice(&to), SIZE_MAX, &deleted));
}

/* What a column is replaced with: so many rows, of which the first ones have a value: the same, but for numbers that grow with each vector. */
typedef struct odd_column {
  med_column_type type;
  uint64_t rows, present;
  int64_t integer;
  med_slice text;
  int64_t step;
} odd_column;

static inline int add_odd_vector(med_column_writer *writer, const odd_column *odd, uint64_t vector) {
  static int64_t integers[MED_VECTOR_ROWS];
  static double reals[MED_VECTOR_ROWS];
  static med_slice texts[MED_VECTOR_ROWS];
  uint64_t present[MED_VECTOR_WORDS], before = vector * MED_VECTOR_ROWS, left = odd->rows - before;
  size_t rows = left < MED_VECTOR_ROWS ? (size_t)left : MED_VECTOR_ROWS;
  uint64_t some = odd->present > before ? odd->present - before : 0;
  for (size_t i = 0; i < rows; i++) {
    integers[i] = odd->integer + odd->step * (int64_t)vector;
    reals[i] = (double)integers[i];
    texts[i] = odd->text.bytes != NULL ? odd->text : med_slice_of("", 0);
  }
  med_rows_fill(present, some < rows ? (size_t)some : rows);
  if (odd->type == MED_COLUMN_INTEGERS) return med_column_writer_add_integers(writer, txn, integers, present, rows);
  if (odd->type == MED_COLUMN_REALS) return med_column_writer_add_reals(writer, txn, reals, present, rows);
  return med_column_writer_add_texts(writer, txn, texts, present, rows);
}

static inline void put_column(const med_wide_segment *segment, uint64_t number, const odd_column *odd) {
  med_column_writer *writer;
  med_page_run run;
  drop_pages(segment, number, true);
  med_wide_segment_run(segment, number, &run);
  OK(med_column_writer_open(&run, odd->type, &writer, &error));
  for (uint64_t i = 0; i * MED_VECTOR_ROWS < odd->rows; i++) OK(add_odd_vector(writer, odd, i));
  OK(med_column_writer_finish(writer, txn));
  med_column_writer_close(writer);
}

/* A column of integers in place of another one, without a value in its last row if it is not full. */
static inline void put_integers(const med_wide_segment *segment, uint64_t number, int64_t value, bool full) {
  odd_column odd = {MED_COLUMN_INTEGERS, segment->rows, segment->rows - !full, value, {0}, 0};
  put_column(segment, number, &odd);
}

/* ---- A table of every kind of column ---- (p int, c int), a text of few values, b tinyint that not every row has, d double, e blob that differs in
 * each row, f int, which can be dropped. */
enum { KINDS_TABLE = 100, KINDS_COLUMNS = 7 };

static inline void kinds_make(const char *segment_rows, bool with_f) {
  med_wide_column columns[KINDS_COLUMNS] = {
      {.id = 1, .name = med_slice_of_text("p"), .type = {.kind = MED_WIDE_INT}, .role = MED_WIDE_PARTITION},
      {.id = 2, .name = med_slice_of_text("c"), .type = {.kind = MED_WIDE_INT}, .role = MED_WIDE_CLUSTERING},
      {.id = 3, .name = med_slice_of_text("a"), .type = {.kind = MED_WIDE_TEXT}, .role = MED_WIDE_REGULAR},
      {.id = 4, .name = med_slice_of_text("b"), .type = {.kind = MED_WIDE_TINYINT}, .role = MED_WIDE_REGULAR},
      {.id = 5, .name = med_slice_of_text("d"), .type = {.kind = MED_WIDE_DOUBLE}, .role = MED_WIDE_REGULAR},
      {.id = 6, .name = med_slice_of_text("e"), .type = {.kind = MED_WIDE_BLOB}, .role = MED_WIDE_REGULAR},
      {.id = 7, .name = med_slice_of_text("f"), .type = {.kind = MED_WIDE_INT}, .role = MED_WIDE_REGULAR}};
  med_wide_property property = sealing_rows(segment_rows);
  med_wide_table made = sealing_table(KINDS_TABLE, "t", columns, with_f ? KINDS_COLUMNS : KINDS_COLUMNS - 1, &property);
  made.next_column_id = 8;
  made.gc_grace_s = 1000;
  made.flags = table != NULL ? table->flags : MED_WIDE_TABLE_EXPIRES;
  if (table == NULL)
    sealing_put_table(&made);
  else
    OK(med_wide_catalog_put_table(txn, &made));
  sealing_read_catalog("t");
}

typedef struct kinds_key {
  uint8_t p[4], c[4];
  med_slice partition, clustering;
} kinds_key;

static inline void kinds_key_of(int p, int c, kinds_key *key) {
  med_put_u32(key->p, (uint32_t)p);
  med_put_u32(key->c, (uint32_t)c);
  key->partition = med_slice_of(key->p, 4);
  key->clustering = med_slice_of(key->c, 4);
}

static inline void kinds_tree_key(int p, int c, med_key *key) {
  kinds_key values;
  med_key partition;
  med_buffer parts = {0};
  bool hashed;
  kinds_key_of(p, c, &values);
  OK(med_wide_partition_key(table, &values.partition, &partition, &hashed, &error));
  OK(med_wide_clustering_parts(table, &values.clustering, 1, &parts, &error));
  med_wide_row_key(&partition, med_slice_of(parts.bytes, parts.len), key);
  med_buffer_clear(&parts);
}

/* With the first so many of a, d, e, f and b; rows of an odd c have no marker. */
static inline void kinds_insert_some(int p, int c, uint32_t ttl_s, size_t count) {
  kinds_key key;
  char text[40];
  uint8_t small = (uint8_t)c, wide[8];
  double real = c / 4.0;
  uint64_t bits;
  memcpy(&bits, &real, sizeof bits);
  med_put_u64(wide, bits);
  kinds_key_of(p, c, &key);
  size_t len = (size_t)snprintf(text, sizeof text, "row %d of partition %d", c, p);
  med_wide_change changes[5] = {
      {.kind = MED_WIDE_CHANGE_SET, .column = &table->columns[2], .value = med_slice_of_text(c % 2 ? "odd" : "even")},
      {.kind = MED_WIDE_CHANGE_SET, .column = &table->columns[4], .value = med_slice_of(wide, 8)},
      {.kind = MED_WIDE_CHANGE_SET, .column = &table->columns[5], .value = med_slice_of(text, len)},
      {.kind = MED_WIDE_CHANGE_SET, .column = &table->columns[6], .value = med_slice_of(key.c, 4)},
      {.kind = MED_WIDE_CHANGE_SET, .column = &table->columns[3], .value = med_slice_of(&small, 1)}};
  med_wide_write write = {.table = table,
                          .partition = &key.partition,
                          .clustering = &key.clustering,
                          .timestamp_us = 1000 + p,
                          .ttl_s = ttl_s,
                          .marker = c % 2 == 0,
                          .changes = changes,
                          .change_count = count};
  OK(med_wide_apply(txn, &write, &arena));
  med_arena_reset(&arena);
}

/* Those of each third c have no b. */
static inline void kinds_insert(int p, int c, uint32_t ttl_s) { kinds_insert_some(p, c, ttl_s, c % 3 == 0 ? 4 : 5); }

static inline void kinds_delete(int p, int c) {
  kinds_key key;
  kinds_key_of(p, c, &key);
  OK(med_wide_delete_row(txn, table, &key.partition, &key.clustering, 5000, &arena));
  med_arena_reset(&arena);
}

/* A pass over the table, though few rows have gathered, in slices of that many rows. */
static inline int kinds_try_sweep(size_t limit) {
  bool left = true;
  int rc = med_wide_seal_request(txn, table);
  for (int i = 0; rc == MEDLEY_OK && left && i < 10000; i++) {
    size_t swept;
    rc = med_wide_sweep(txn, limit, &swept, &left);
  }
  ck_assert(rc != MEDLEY_OK || !left);
  return rc;
}

static inline void kinds_sweep(void) {
  OK(kinds_try_sweep(50));
  sealing_read_catalog("t");
}

#endif
