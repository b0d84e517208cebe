/* test_wide_rows.c - the wide-column model against a plain one in memory that keeps everything it was ever told.
 *
 * Writes with random timestamps and times to live, deletes of cells, rows, ranges and partitions, sets replaced and changed, in any order; the
 * clock moves on, the sweep runs, transactions are rolled back, the file is reopened, all at random moments. Segments of a few rows are made,
 * joined, written to and freed meanwhile: the table's property says so. MEDLEY_TEST_SEED repeats a run, MEDLEY_TEST_LONG=1 makes it long. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "models/widecolumn/catalog.h"
#include "models/widecolumn/mutation.h"
#include "models/widecolumn/read.h"
#include "models/widecolumn/segment.h"
#include "models/widecolumn/sorted_runs.h"
#include "models/widecolumn/sweep.h"
#include "storage/writer.h"
#include "tests/unit/property.h"
#include "tests/unit/wide_plain.h"
#include "tests/unit/wide_rows_table.h"

enum {
  GRACE_S = 2000,
  WINDOW_S = 1000
}; /* no write is older than WINDOW_S, so nothing that is forgotten after GRACE_S matters */
enum {
  TRANSACTIONS = 1500,
  TRANSACTIONS_LONG = 200000
}; /* of each test; some 4.5 operations in one, so the long form has millions */

/* ---- The database ---- */
typedef struct world {
  char folder[64], path[96];
  int64_t clock_us;
  uint64_t seed;
  med_store *store;
  med_member *member;
  med_txn *txn;
  med_wide_catalog *catalog;
  const med_wide_table *table;
  med_arena arena;
  medley_error error;
  plain model, committed;
  bool calm; /* most writes are plain, so that many rows are sealed */
  bool descending;
  bool bursts;           /* nothing is derived from the rows, and many are inserted together */
  uint64_t runs_max;     /* that the table ever had */
  uint64_t rows;         /* of a partition, that are written to: few, so that most writes meet another */
  uint64_t segments_max; /* that the table ever had */
  uint64_t gone_max;     /* rows that a segment had lost */
  uint64_t operations, reopened;
} world;

#define OK(w, expression)                                                                                    \
  do {                                                                                                       \
    int rc_ = (expression);                                                                                  \
    ck_assert_msg(rc_ == MEDLEY_OK, "%s: %s: %s", #expression, medley_status_name(rc_), (w)->error.message); \
  } while (0)

static int64_t read_clock(void *context) { return *(int64_t *)context; }

static void read_catalog(world *w) {
  med_wide_catalog_release(w->catalog);
  w->catalog = NULL;
  OK(w, med_wide_catalog_open(w->txn, &w->catalog));
  w->table = med_wide_catalog_table(w->catalog, med_slice_of_text("k"), med_slice_of_text("t"));
}

static void begin(world *w) {
  OK(w, med_writer_begin(w->member, false, 10000, &w->error));
  w->txn = med_member_txn(w->member);
  read_catalog(w);
  med_arena_reset(&w->arena);
}

static void commit(world *w) {
  OK(w, med_writer_commit(w->member, &w->error));
  w->committed = w->model;
}

static void open_store(world *w) {
  medley_options options;
  medley_options_init(&options);
  options.durability = MEDLEY_RELAXED;
  options.clock_us = read_clock;
  options.clock_context = &w->clock_us;
  options.map_size_bytes = (uint64_t)1 << 30;
  options.seed = w->seed;
  OK(w, med_store_open(w->path, &options, &w->store, &w->error));
  OK(w, med_member_open(w->store, &w->member));
}

static void close_store(world *w) {
  med_member_close(w->member);
  med_store_close(w->store);
}

static void world_open(world *w, uint64_t seed, bool descending, bool timestamps, bool bursts) {
  memset(w, 0, sizeof *w);
  w->descending = descending;
  w->bursts = bursts;
  w->rows = bursts ? ROWS : ROWS / 2;
  w->clock_us = (int64_t)1700000000 * 1000000;
  w->seed = seed | 1;
  for (int p = 0; p < PARTITIONS; p++) {
    w->model.deleted_us[p] = INT64_MIN;
    for (int id = 0; id < ROWS; id++) w->model.rows[p][id].deleted_us = w->model.rows[p][id].set_deleted_us = INT64_MIN;
  }
  const char *memory = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
  snprintf(w->folder, sizeof w->folder, "%s/medley-wide-XXXXXX", memory);
  ck_assert_ptr_nonnull(mkdtemp(w->folder));
  snprintf(w->path, sizeof w->path, "%s/db.medley", w->folder);
  open_store(w);
  begin(w);
  wide_rows_create(w->txn, &w->arena, descending, timestamps, !bursts, GRACE_S);
  commit(w);
}

static void world_close(world *w) {
  char command[128];
  med_wide_catalog_release(w->catalog);
  close_store(w);
  med_arena_clear(&w->arena);
  unlink(w->path);
  snprintf(command, sizeof command, "%s-lock", w->path);
  unlink(command);
  rmdir(w->folder);
}

static med_slice number(world *w, int32_t value) {
  uint8_t *bytes = med_arena_alloc(&w->arena, 4);
  ck_assert_ptr_nonnull(bytes);
  med_put_u32(bytes, (uint32_t)value);
  return med_slice_of(bytes, 4);
}

static const med_wide_column *named(const world *w, const char *name) {
  return med_wide_table_column(w->table, med_slice_of_text(name));
}

static med_slice set_of(world *w, unsigned bits) {
  med_buffer value = {0};
  bool ok = med_wide_put_count(&value, (uint32_t)__builtin_popcount(bits));
  for (int i = 0; i < ELEMENTS; i++) {
    if (bits >> i & 1) ok = ok && med_wide_put_part(&value, number(w, i));
  }
  med_slice copy = med_wide_copy(&w->arena, med_slice_of(value.bytes, value.len), &ok);
  ck_assert(ok);
  med_buffer_clear(&value);
  return copy;
}

static void compare_partition(world *w, int partition, bool descending, bool reverse);

/* ---- One random operation on both ---- */
typedef struct operation {
  int partition, id;
  int64_t timestamp_us;
  uint32_t ttl_s;
  int64_t expiry_s;
} operation;

static cell cell_of(const operation *o, int32_t value, bool tombstone) {
  return (cell){true, tombstone, o->timestamp_us, tombstone ? 0 : o->expiry_s, tombstone ? 0 : value};
}

static void apply(world *w, const operation *o, bool statics, bool marker, med_wide_change *changes, size_t count) {
  bool waits = w->bursts && marker && !statics;
  med_slice partition = number(w, o->partition), id = number(w, o->id);
  med_wide_write write = {.table = w->table,
                          .partition = &partition,
                          .clustering = statics ? NULL : &id,
                          .timestamp_us = o->timestamp_us,
                          .ttl_s = o->ttl_s,
                          .marker = marker,
                          .may_wait = waits,
                          .changes = changes,
                          .change_count = count};
  OK(w, med_wide_apply(w->txn, &write, &w->arena));
}

static void write_cells(world *w, const operation *o, uint64_t *random) {
  row *r = &w->model.rows[o->partition][o->id];
  med_wide_change changes[2];
  size_t count = 0;
  bool calm = w->calm && property_below(random, 4) > 0;
  bool marker = calm || property_below(random, 2) == 0;
  if (marker) settle(&r->marker, cell_of(o, 0, false));
  for (int i = 0; i < 2; i++) {
    if (property_below(random, 2) == 0 && !calm) continue;
    bool tombstone = property_below(random, 5) == 0 && !calm;
    int32_t value = (int32_t)property_below(random, 6);
    settle(i == 0 ? &r->a : &r->b, cell_of(o, value, tombstone));
    changes[count++] = (med_wide_change){.kind = MED_WIDE_CHANGE_SET,
                                         .column = named(w, i == 0 ? "a" : "b"),
                                         .value = tombstone ? med_slice_of(NULL, 0) : number(w, value)};
  }
  apply(w, o, false, marker, changes, count);
}

static void write_set(world *w, const operation *o, uint64_t *random) {
  row *r = &w->model.rows[o->partition][o->id];
  unsigned bits = (unsigned)property_below(random, 1u << ELEMENTS);
  unsigned kind = (unsigned)property_below(random, 4);
  med_wide_change change = {.column = named(w, "tags"), .value = set_of(w, bits)};
  if (kind == 0) {
    change.kind = MED_WIDE_CHANGE_SET;
    if (o->timestamp_us - 1 > r->set_deleted_us) r->set_deleted_us = o->timestamp_us - 1;
  } else {
    change.kind = kind == 3 ? MED_WIDE_CHANGE_REMOVE : MED_WIDE_CHANGE_ADD;
  }
  for (int i = 0; i < ELEMENTS; i++) {
    if (bits >> i & 1) settle(&r->set[i], cell_of(o, 0, kind == 3));
  }
  if (kind == 0 && bits == 0) change.value = set_of(w, 0);
  apply(w, o, false, false, &change, 1);
}

static void write_static(world *w, const operation *o, uint64_t *random) {
  bool tombstone = property_below(random, 5) == 0;
  int32_t value = (int32_t)property_below(random, 6);
  settle(&w->model.statics[o->partition], cell_of(o, value, tombstone));
  med_wide_change change = {.kind = MED_WIDE_CHANGE_SET,
                            .column = named(w, "s"),
                            .value = tombstone ? med_slice_of(NULL, 0) : number(w, value)};
  apply(w, o, true, false, &change, 1);
}

static void delete_something(world *w, const operation *o, uint64_t *random) {
  med_slice partition = number(w, o->partition), id = number(w, o->id);
  unsigned kind = (unsigned)property_below(random, 6);
  if (kind < 3) {
    delete_row(&w->model, o->partition, o->id, o->timestamp_us);
    OK(w, med_wide_delete_row(w->txn, w->table, &partition, &id, o->timestamp_us, &w->arena));
  } else if (kind < 5) {
    int to = o->id + 1 + (int)property_below(random, w->rows);
    med_wide_bound lower = {number(w, o->id), true}, upper = {number(w, to), false};
    med_wide_range bytes;
    for (int i = o->id; i < to && i < ROWS; i++) delete_row(&w->model, o->partition, i, o->timestamp_us);
    OK(w, med_wide_clustering_range(w->table, NULL, 0, &lower, &upper, &w->arena, &bytes, &w->error));
    OK(w, med_wide_delete_range(w->txn, w->table, &partition, &bytes, o->timestamp_us, &w->arena));
  } else {
    if (o->timestamp_us > w->model.deleted_us[o->partition]) w->model.deleted_us[o->partition] = o->timestamp_us;
    OK(w, med_wide_delete_range(w->txn, w->table, &partition, NULL, o->timestamp_us, &w->arena));
  }
}

static operation draw_operation(world *w, uint64_t *random, bool timestamps) {
  int64_t now_s = w->clock_us / 1000000;
  operation o = {(int)property_below(random, PARTITIONS), (int)property_below(random, w->rows), 0, 0, 0};
  static int64_t last;
  /* Few different ones, so that many are equal. */
  o.timestamp_us = timestamps ? (now_s - (int64_t)property_below(random, WINDOW_S)) * 1000000 : ++last + w->clock_us;
  if (property_below(random, w->calm ? 20 : 3) == 0) {
    o.ttl_s = 1 + (uint32_t)property_below(random, 300);
    o.expiry_s = now_s + o.ttl_s;
  }
  return o;
}

/* Rows that are inserted together, nothing being read in between; what comes after some place among them may be taken back. */
static void burst(world *w, uint64_t *random, bool timestamps) {
  uint64_t count = 2 + property_below(random, 30), marked = property_below(random, 2 * count);
  med_mark mark = med_txn_mark(w->txn);
  plain before = w->model;
  for (uint64_t i = 0; i < count; i++) {
    operation o = draw_operation(w, random, timestamps);
    if (i == marked) {
      mark = med_txn_mark(w->txn);
      before = w->model;
    }
    write_cells(w, &o, random);
    w->operations++;
  }
  if (marked >= count) return;
  if (property_below(random, 2) == 0)
    compare_partition(w, (int)property_below(random, PARTITIONS), w->descending, true);
  OK(w, med_txn_rollback_to(w->txn, mark));
  w->model = before;
}

static void random_operation(world *w, uint64_t *random, bool timestamps) {
  operation o = draw_operation(w, random, timestamps);
  unsigned choice = (unsigned)property_below(random, 100);
  if (w->bursts && property_below(random, 4) == 0) {
    burst(w, random, timestamps);
    return;
  }
  if (choice < (w->calm ? 65 : 45))
    write_cells(w, &o, random);
  else if (choice < 70)
    write_set(w, &o, random);
  else if (choice < 82)
    write_static(w, &o, random);
  else
    delete_something(w, &o, random);
}

/* ---- Comparing ---- */
static void expect_cell(const world *w, const cell *expected, int64_t deleted_us, med_slice found, const char *what) {
  bool there = visible(expected, deleted_us, w->clock_us / 1000000);
  ck_assert_msg(there != med_wide_is_null(found), "%s: %s", what, there ? "is missing" : "should not be there");
  if (there) ck_assert_msg((int32_t)med_get_u32(found.bytes) == expected->value, "%s: another value", what);
}

static unsigned expected_set(const world *w, const row *r, int64_t deleted_us) {
  unsigned bits = 0;
  int64_t up_to = r->set_deleted_us > deleted_us ? r->set_deleted_us : deleted_us;
  for (int i = 0; i < ELEMENTS; i++) bits |= (unsigned)visible(&r->set[i], up_to, w->clock_us / 1000000) << i;
  return bits;
}

static bool row_visible(const world *w, int partition, int id) {
  const row *r = &w->model.rows[partition][id];
  int64_t up_to = deleted(&w->model, partition, id), now_s = w->clock_us / 1000000;
  return visible(&r->marker, up_to, now_s) || visible(&r->a, up_to, now_s) || visible(&r->b, up_to, now_s) ||
         expected_set(w, r, up_to) != 0;
}

static void compare_row(world *w, const med_wide_entry *entry, int partition, int id) {
  const row *r = &w->model.rows[partition][id];
  int64_t up_to = deleted(&w->model, partition, id), now_s = w->clock_us / 1000000;
  bool ok = true;
  expect_cell(w, &r->a, up_to, med_wide_row_value(entry->row, named(w, "a"), now_s, &w->arena, &ok), "a");
  expect_cell(w, &r->b, up_to, med_wide_row_value(entry->row, named(w, "b"), now_s, &w->arena, &ok), "b");
  med_slice set = med_wide_row_value(entry->row, named(w, "tags"), now_s, &w->arena, &ok);
  unsigned bits = expected_set(w, r, up_to);
  if (bits == 0) {
    ck_assert(med_wide_is_null(set));
    return;
  }
  ck_assert_msg(med_slice_equal(set, set_of(w, bits)), "partition %d row %d: the set differs", partition, id);
}

static void compare_partition(world *w, int partition, bool descending, bool reverse) {
  med_wide_reader *reader;
  med_wide_entry entry;
  med_slice key = number(w, partition);
  int64_t now_s = w->clock_us / 1000000;
  bool any = false, ok = true,
       has_static = visible(&w->model.statics[partition], w->model.deleted_us[partition], now_s);
  OK(w, med_wide_reader_open(w->txn, w->table, &reader));
  OK(w, med_wide_reader_partition(reader, &key, NULL, reverse));
  for (int i = 0; i < ROWS; i++) {
    int id = descending != reverse ? ROWS - 1 - i : i;
    if (!row_visible(w, partition, id)) continue;
    any = true;
    OK(w, med_wide_reader_next(reader, &entry));
    ck_assert_ptr_nonnull(entry.clustering);
    ck_assert_int_eq((int32_t)med_get_u32(entry.clustering[0].bytes), id);
    compare_row(w, &entry, partition, id);
    expect_cell(w, &w->model.statics[partition], w->model.deleted_us[partition],
                med_wide_row_value(entry.statics, named(w, "s"), now_s, &w->arena, &ok), "s");
  }
  int rc = med_wide_reader_next(reader, &entry);
  if (!any && has_static) {
    ck_assert_int_eq(rc, MEDLEY_OK);
    ck_assert_ptr_null(entry.clustering);
    rc = med_wide_reader_next(reader, &entry);
  }
  ck_assert_msg(rc == MEDLEY_NOT_FOUND, "partition %d: more rows than there should be", partition);
  med_wide_reader_close(reader);
}

/* By the index on a: every row that has the value, and no other once the reader has been asked. */
static void compare_index(world *w, int32_t value) {
  med_wide_index_reader *index;
  med_wide_reader *reader;
  med_wide_entry entry;
  med_slice tail;
  int found = 0, expected = 0, rc;
  int64_t now_s = w->clock_us / 1000000;
  OK(w, med_wide_index_reader_open(w->txn, w->table, &w->table->indexes[0], number(w, value), &index));
  OK(w, med_wide_reader_open(w->txn, w->table, &reader));
  while ((rc = med_wide_index_reader_next(index, &tail)) == MEDLEY_OK) {
    if (med_wide_reader_at(reader, tail, &entry) != MEDLEY_OK) continue;
    bool ok = true;
    med_slice a = med_wide_row_value(entry.row, named(w, "a"), now_s, &w->arena, &ok);
    found += !med_wide_is_null(a) && (int32_t)med_get_u32(a.bytes) == value;
  }
  ck_assert_int_eq(rc, MEDLEY_NOT_FOUND);
  for (int p = 0; p < PARTITIONS; p++) {
    for (int id = 0; id < ROWS; id++) {
      const cell *a = &w->model.rows[p][id].a;
      expected += visible(a, deleted(&w->model, p, id), now_s) && a->value == value;
    }
  }
  ck_assert_int_eq(found, expected);
  med_wide_index_reader_close(index);
  med_wide_reader_close(reader);
}

static void tell(void *context, const char *problem) {
  (void)context;
  printf("%s\n", problem);
}

/* The whole table, in as many readings as it takes, each going on behind the row that the last one came to. */
static void compare_scan(world *w, uint64_t *random) {
  med_wide_reader *reader;
  med_wide_entry entry;
  uint8_t tail[MED_KEY_SIZE_MAX];
  size_t tail_len = 0;
  int found = 0, expected = 0, rc = MEDLEY_OK;
  while (rc == MEDLEY_OK) {
    OK(w, med_wide_reader_open(w->txn, w->table, &reader));
    if (tail_len > 0) OK(w, med_wide_reader_resume(reader, med_slice_of(tail, tail_len)));
    for (uint64_t left = 1 + property_below(random, 12); left > 0; left--) {
      rc = med_wide_reader_next(reader, &entry);
      if (rc != MEDLEY_OK) break;
      memcpy(tail, entry.tail.bytes, entry.tail.len);
      tail_len = entry.tail.len;
      if (entry.clustering == NULL) continue;
      int p = (int32_t)med_get_u32(entry.partition[0].bytes), id = (int32_t)med_get_u32(entry.clustering[0].bytes);
      ck_assert(row_visible(w, p, id));
      compare_row(w, &entry, p, id);
      found++;
    }
    med_wide_reader_close(reader);
  }
  ck_assert_msg(rc == MEDLEY_NOT_FOUND, "%s", w->error.message);
  for (int p = 0; p < PARTITIONS; p++) {
    for (int id = 0; id < ROWS; id++) expected += row_visible(w, p, id);
  }
  ck_assert_int_eq(found, expected);
}

/* Every row by its tail, in any order. */
static void compare_places(world *w, uint64_t *random) {
  static uint8_t tails[PARTITIONS * ROWS][64];
  size_t lens[PARTITIONS * ROWS], count = 0;
  med_wide_reader *reader;
  med_wide_entry entry;
  OK(w, med_wide_reader_open(w->txn, w->table, &reader));
  while (med_wide_reader_next(reader, &entry) == MEDLEY_OK) {
    if (entry.clustering == NULL) continue;
    ck_assert(count < PARTITIONS * ROWS && entry.tail.len <= sizeof tails[0]);
    memcpy(tails[count], entry.tail.bytes, entry.tail.len);
    lens[count++] = entry.tail.len;
  }
  for (size_t i = 0; i < 2 * count; i++) {
    size_t at = (size_t)property_below(random, count);
    OK(w, med_wide_reader_at(reader, med_slice_of(tails[at], lens[at]), &entry));
    compare_row(w, &entry, (int32_t)med_get_u32(entry.partition[0].bytes),
                (int32_t)med_get_u32(entry.clustering[0].bytes));
  }
  med_wide_reader_close(reader);
}

static void count_segments(world *w) {
  med_cursor *cursor;
  med_wide_segment segment;
  med_key at;
  uint64_t count = 0, gone;
  med_wide_table_prefix(w->table->id, &at);
  OK(w, med_cursor_open(w->txn, MED_TREE_WIDE, &cursor));
  while (med_wide_segment_behind(w->txn, cursor, med_key_slice(&at), &w->arena, &segment) == MEDLEY_OK) {
    OK(w, med_wide_segment_count_gone(w->txn, &segment, &gone));
    if (gone > w->gone_max) w->gone_max = gone;
    at = segment.last;
    count++;
  }
  if (count > w->segments_max) w->segments_max = count;
  med_cursor_close(cursor);
  med_wide_run *runs;
  size_t run_count;
  OK(w, med_wide_runs_list(w->txn, w->table->id, &w->arena, &runs, &run_count));
  if (run_count > w->runs_max) w->runs_max = run_count;
}

static void compare_all(world *w, bool descending, uint64_t *random) {
  for (int p = 0; p < PARTITIONS; p++) compare_partition(w, p, descending, property_below(random, 2) == 0);
  if (!w->bursts) compare_index(w, (int32_t)property_below(random, 6));
  compare_scan(w, random);
  compare_places(w, random);
}

/* In a transaction that only reads, where readers keep what they have found. */
static void compare_snapshot(world *w, bool descending, uint64_t *random) {
  med_txn *writing = w->txn;
  OK(w, med_txn_open_reader(w->store, &w->txn, &w->error));
  OK(w, med_txn_renew(w->txn));
  read_catalog(w);
  compare_all(w, descending, random);
  med_txn_close_reader(w->txn);
  w->txn = writing;
}

static void check_all(world *w) {
  uint64_t problems = 0;
  OK(w, med_wide_check(w->txn, tell, NULL, &problems));
  ck_assert_int_eq((int)problems, 0);
}

static void sweep_all(world *w) {
  bool left = true;
  for (int i = 0; left && i < 1000; i++) {
    size_t swept;
    OK(w, med_wide_sweep(w->txn, 1 + (size_t)i % 7, &swept, &left));
  }
  ck_assert(!left);
  read_catalog(w); /* the table may have got its first segment */
}

/* Some of them are taken back. */
static void random_operations(world *w, uint64_t *random, bool timestamps) {
  for (uint64_t left = 1 + property_below(random, 8); left > 0; left--) {
    med_mark mark = med_txn_mark(w->txn);
    plain before = w->model;
    random_operation(w, random, timestamps);
    w->operations++;
    if (property_below(random, 10) > 0) continue;
    OK(w, med_txn_rollback_to(w->txn, mark));
    w->model = before;
  }
}

static void play(const char *name, bool descending, bool timestamps, bool calm, bool bursts) {
  bool is_long = getenv("MEDLEY_TEST_LONG") != NULL && strcmp(getenv("MEDLEY_TEST_LONG"), "1") == 0;
  uint64_t seed = property_seed(name), random = seed;
  static world w;
  world_open(&w, seed, descending, timestamps, bursts);
  w.calm = calm;
  unsigned transactions = is_long ? TRANSACTIONS_LONG : bursts ? TRANSACTIONS / 3 : TRANSACTIONS;
  for (unsigned left = transactions; left > 0; left--) {
    begin(&w);
    random_operations(&w, &random, timestamps);
    if (property_below(&random, 4) == 0) sweep_all(&w);
    count_segments(&w);
    if (property_below(&random, 3) == 0) compare_all(&w, descending, &random);
    if (property_below(&random, 30) == 0) check_all(&w);
    if (property_below(&random, 12) == 0) {
      med_writer_rollback(w.member);
      w.model = w.committed;
    } else {
      commit(&w);
    }
    if (property_below(&random, 4) == 0) compare_snapshot(&w, descending, &random);
    if (property_below(&random, 3) == 0) w.clock_us += (int64_t)property_below(&random, 100) * 1000000;
    if (property_below(&random, 60) == 0) {
      close_store(&w);
      open_store(&w);
      w.reopened++;
    }
  }
  begin(&w);
  compare_all(&w, descending, &random);
  check_all(&w);
  commit(&w);
  printf(
      "%s: %llu operations, reopened %llu times, up to %llu segments, up to %llu rows gone from one, up to %llu runs\n",
      name, (unsigned long long)w.operations, (unsigned long long)w.reopened, (unsigned long long)w.segments_max,
      (unsigned long long)w.gone_max, (unsigned long long)w.runs_max);
  if (calm) ck_assert_msg(w.segments_max > 2 && w.gone_max > 1, "hardly anything was sealed");
  if (bursts) ck_assert_msg(w.runs_max > 0, "hardly any runs were written");
  world_close(&w);
}

START_TEST(what_is_seen_is_what_cassandras_rules_say_whatever_the_order_of_writes) {
  play("timestamps", false, true, false, false);
}
END_TEST
START_TEST(the_same_in_descending_order) { play("timestamps, descending", true, true, false, false); }
END_TEST
START_TEST(without_explicit_timestamps_what_comes_later_wins_and_no_tombstone_stays) {
  play("in order", false, false, false, false);
}
END_TEST
START_TEST(sealed_rows_are_read_written_and_deleted_as_others_are) { play("sealed", false, false, true, false); }
END_TEST
START_TEST(sealed_rows_in_descending_order_too) { play("sealed, descending", true, false, true, false); }
END_TEST

START_TEST(rows_that_are_inserted_together_are_as_others_are) { play("bursts", false, false, true, true); }
END_TEST
START_TEST(and_in_descending_order) { play("bursts, descending", true, false, true, true); }
END_TEST

PROPERTY_MAIN("wide_rows", rows_that_are_inserted_together_are_as_others_are, and_in_descending_order,
              what_is_seen_is_what_cassandras_rules_say_whatever_the_order_of_writes, the_same_in_descending_order,
              without_explicit_timestamps_what_comes_later_wins_and_no_tombstone_stays,
              sealed_rows_are_read_written_and_deleted_as_others_are, sealed_rows_in_descending_order_too)
