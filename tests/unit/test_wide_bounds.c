/* test_wide_bounds.c - the bounds of clustering keys by which readers pass runs and segments by: whatever a table looks like and has gone through, the check
 * is content with them; where they are narrower than the rows, with checksums that are right, it says so. */
#include <string.h>

#include "models/widecolumn/catalog.h"
#include "models/widecolumn/pack.h"
#include "models/widecolumn/seal.h"
#include "models/widecolumn/sorted_runs.h"
#include "models/widecolumn/sweep.h"
#include "models/widecolumn/walk.h"
#include "models/widecolumn/window_directory.h"
#include "tests/unit/behind_kit.h"
#include "tests/unit/sealed_rows.h"

#define NOW_S INT64_C(2000000000) /* of rows whose window is not past */
#define IN_RUNS "rows are beyond the bounds of their runs, the first one in run"
#define SEALED "sealed rows are beyond the bounds that the state of sealing has"
enum { PARTITIONS = 5, RUNS_MAX = 64, TOLD = 8192 };

/* How a table's keys look. */
typedef struct table_shape {
  const char *columns, *with;
  bool texts;    /* partition keys are texts, of which every other one stands as a hash */
  bool appended; /* nothing is changed or deleted */
  bool windows;
  bool expires;
} table_shape;

static const table_shape shapes[] = {
    {.columns = "p int, c bigint, d int, v int, PRIMARY KEY (p, c, d)"},
    {.columns = "p int, c bigint, d int, v int, PRIMARY KEY (p, c, d)",
     .with = "CLUSTERING ORDER BY (c DESC, d ASC) AND "},
    {.columns = "p int, c bigint, d int, v int, PRIMARY KEY (p, c, d)",
     .with = "CLUSTERING ORDER BY (c DESC, d DESC) AND "},
    {.columns = "p text, c bigint, d text, v int, PRIMARY KEY (p, d, c)", .texts = true},
    {.columns = "p int, c bigint, d int, v int, PRIMARY KEY ((p, c), d)"},
    {.columns = "p int, c bigint, d int, v int, PRIMARY KEY ((p, c, d))"},
    {.columns = "p int, c bigint, d int, v int, s int static, PRIMARY KEY (p, c, d)", .expires = true},
    {.columns = "p int, c bigint, d int, v int, PRIMARY KEY (p, c, d)",
     .with = "append_only = true AND ",
     .appended = true},
    {.columns = "p int, c timestamp, d int, v int, PRIMARY KEY (p, c, d)",
     .with = "time_window = {'column': 'c', 'size': '10s'} AND ",
     .windows = true},
    {.columns = "p int, c timestamp, d int, v int, PRIMARY KEY (p, c, d)",
     .with = "append_only = true AND CLUSTERING ORDER BY (c DESC, d ASC) AND time_window = {'column': 'c', 'size': "
             "'10s'} AND ",
     .appended = true,
     .windows = true},
};
enum { SHAPES = sizeof shapes / sizeof *shapes };

static const table_shape *of;
static int64_t now_us;
static uint64_t seed;
static med_arena arena;

static int64_t read_clock(void *context) {
  (void)context;
  return now_us;
}

static void open_shape(const table_shape *shape) {
  medley_options options;
  char text[512];
  medley_options_init(&options);
  options.flags = MEDLEY_OPEN_MEMORY;
  options.clock_us = read_clock;
  now_us = NOW_S * 1000000;
  kit_open_with(&kit, &options);
  of = shape;
  kit_exec(kit.session, MEDLEY_LANGUAGE_CQL,
           "CREATE KEYSPACE k WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 1}");
  snprintf(text, sizeof text, "CREATE TABLE k.t (%s) WITH %ssegment_rows = %d", of->columns,
           of->with != NULL ? of->with : "", of->windows ? 20 : 100);
  kit_exec(kit.session, MEDLEY_LANGUAGE_CQL, text);
}

static void close_shape(void) {
  med_arena_clear(&arena);
  kit_close(&kit);
}

/* ---- Rows ---- number i of them has a key of its own. */
static void key_of(int i, char p[260], char *c, char *d) {
  if (of->texts)
    sprintf(p, "'%0*d'", i % 2 == 0 ? 200 : 3, (i + i / 3) % PARTITIONS);
  else
    sprintf(p, "%d", (i + i / 3) % PARTITIONS);
  sprintf(c, "%lld", (long long)((of->windows ? NOW_S * 1000 : 0) + (of->windows ? 100 : 1) * (int64_t)i));
  sprintf(d, of->texts ? "'%.*s'" : "%.*s", of->texts ? 1 + i % 7 : 1, of->texts ? "zyxwvuts" : "3");
}

static void insert(int i) {
  char text[700], p[260], c[30], d[30];
  key_of(i, p, c, d);
  snprintf(text, sizeof text, "INSERT INTO k.t (p, c, d, v) VALUES (%s, %s, %s, %d)%s", p, c, d, i,
           of->expires && i % 3 == 0 ? " USING TTL 3600" : "");
  kit_exec(kit.session, MEDLEY_LANGUAGE_CQL, text);
}

/* So many of them, each so many further, in one transaction and in no order. */
static void insert_spread(int from, int count, int step) {
  kit_exec(kit.session, MEDLEY_LANGUAGE_SQL, "BEGIN");
  for (int i = count - 1; i >= 0; i -= 2) insert(from + i * step);
  for (int i = count - 2; i >= 0; i -= 2) insert(from + i * step);
  kit_exec(kit.session, MEDLEY_LANGUAGE_SQL, "COMMIT");
}

static void insert_many(int from, int count) { insert_spread(from, count, 1); }

static void change(int i, const char *form) {
  char text[700], p[260], c[30], d[30];
  key_of(i, p, c, d);
  snprintf(text, sizeof text, "%s k.t%s WHERE p = %s AND c = %s AND d = %s", form, *form == 'U' ? " SET v = 1" : "", p,
           c, d);
  kit_exec(kit.session, MEDLEY_LANGUAGE_CQL, text);
}

/* Some of the rows are changed where they stand, or go. */
static void change_some(int from, int to) {
  for (int i = from; i < to && !of->appended; i++) {
    if (property_below(&seed, 6) == 0) change(i, property_below(&seed, 2) == 0 ? "DELETE FROM" : "UPDATE");
  }
}

/* ---- The check ---- */
static char told[TOLD];

static void tell(void *context, const char *problem) {
  (void)context;
  size_t len = strlen(told);
  snprintf(told + len, sizeof told - len, "%s\n", problem);
}

static uint64_t problems(void) {
  uint64_t count = 0;
  told[0] = '\0';
  OK(med_wide_check(txn, tell, NULL, &count));
  return count;
}

static void is_content(const char *when) {
  begin();
  ck_assert_msg(problems() == 0, "shape %d, %s: %s", (int)(of - shapes), when, told);
  end();
}

/* As the only problem; then it is undone. */
static void is_told(const char *words, const char *what) {
  static const char table[] = "wide-column: table t: ";
  uint64_t count = problems();
  ck_assert_msg(count == 1 && strstr(told, words) != NULL && strncmp(told, table, strlen(table)) == 0,
                "shape %d, %s: \"%s\" is not in \"%s\"", (int)(of - shapes), what, words, told);
  OK(med_txn_rollback_to(txn, mark));
}

static void is_not_told(const char *what) {
  ck_assert_msg(problems() == 0, "shape %d, %s: %s", (int)(of - shapes), what, told);
  OK(med_txn_rollback_to(txn, mark));
}

/* ---- What there is ---- of the table, or of one of its windows. */
typedef struct span {
  uint64_t rows;
  med_key low, high; /* parts of clustering keys that are there */
} span;

static void widen(span *to, med_slice clustering) {
  if (to->rows == 0 || med_slice_compare(clustering, med_key_slice(&to->low)) < 0) med_key_set(&to->low, clustering);
  if (to->rows == 0 || med_slice_compare(clustering, med_key_slice(&to->high)) > 0) med_key_set(&to->high, clustering);
  to->rows++;
}

typedef struct spans {
  med_wide_run runs[RUNS_MAX];
  span of_runs[RUNS_MAX], sealed;
  size_t run_count;
} spans;

/* By the rows themselves, as med_wide_walker has them. */
static void measure(const med_wide_table *table, spans *to) {
  med_wide_walker *walker;
  med_wide_walked walked;
  med_wide_run *runs;
  int rc;
  *to = (spans){0};
  OK(med_wide_runs_list(txn, table->id, &arena, &runs, &to->run_count));
  ck_assert_uint_le(to->run_count, RUNS_MAX);
  for (size_t i = 0; i < to->run_count; i++) to->runs[i] = runs[i];
  OK(med_wide_walker_open(txn, table, &walker));
  while ((rc = med_wide_walker_next(walker, &walked)) == MEDLEY_OK) {
    ck_assert(!walked.sealed || walked.run == NULL);
    if (walked.sealed) widen(&to->sealed, walked.clustering_parts);
    for (size_t i = 0; walked.run != NULL && i < to->run_count; i++) {
      if (walked.run->number == to->runs[i].number) widen(&to->of_runs[i], walked.clustering_parts);
    }
  }
  ck_assert_int_eq(rc, MEDLEY_NOT_FOUND);
  med_wide_walker_close(walker);
  for (size_t i = 0; i < to->run_count; i++) ck_assert_uint_gt(to->of_runs[i].rows, 0);
}

/* ---- Damage ---- with checksums that are right. */
static void put_run(uint32_t table_id, const med_wide_run *run, const med_key *low, const med_key *high) {
  med_buffer value = {0};
  med_key key;
  ck_assert(med_pack_number(&value, run->rows) && med_pack_bytes(&value, run->first) &&
            med_pack_bytes(&value, run->last) && med_pack_bytes(&value, med_key_slice(low)) &&
            med_pack_bytes(&value, med_key_slice(high)));
  med_wide_run_key(table_id, run->number, &key);
  OK(med_txn_put(txn, MED_TREE_WIDE, med_key_slice(&key), med_slice_of(value.bytes, value.len)));
  med_buffer_clear(&value);
}

/* What stands before the bounds in the state of sealing and behind them stays. NULL: it says that nothing is known. */
static void put_reach(uint32_t table_id, const med_key *low, const med_key *high) {
  med_buffer made = {0};
  med_key key;
  med_slice value, rest, part;
  uint64_t number;
  med_key_init(&key);
  med_key_add_u8(&key, MED_WIDE_KEY_SEALING);
  med_key_add_u32(&key, table_id);
  OK(med_txn_get(txn, MED_TREE_WIDE, med_key_slice(&key), &value));
  rest = value;
  for (int i = 0; i < 3; i++) ck_assert(med_unpack_number(&rest, &number));
  size_t flags = value.len - rest.len, bounded = flags + 2;
  ck_assert_uint_eq(((const uint8_t *)value.bytes)[bounded], 1);
  rest = med_slice_of((const uint8_t *)value.bytes + bounded + 1, value.len - bounded - 1);
  ck_assert(med_unpack_bytes(&rest, &part) && med_unpack_bytes(&rest, &part));
  ck_assert(med_buffer_append(&made, value.bytes, bounded) && med_buffer_append_byte(&made, low != NULL));
  if (low != NULL) ck_assert(med_pack_bytes(&made, med_key_slice(low)) && med_pack_bytes(&made, med_key_slice(high)));
  ck_assert(med_buffer_append(&made, rest.bytes, rest.len));
  OK(med_txn_put(txn, MED_TREE_WIDE, med_key_slice(&key), med_slice_of(made.bytes, made.len)));
  med_buffer_clear(&made);
}

/* The bounds that are as near to those of the rows as can be, but leave the lowest, or the highest, out. False: no bound is below. */
static bool narrow(const span *rows, bool high_one, med_key *low, med_key *high) {
  *low = rows->low;
  *high = rows->high;
  if (high_one) {
    if (high->len == 0) return false;
    high->len--;
    if (med_slice_compare(med_key_slice(high), med_key_slice(low)) < 0) *low = *high;
    return true;
  }
  low->bytes[low->len++] = 0;
  if (med_slice_compare(med_key_slice(low), med_key_slice(high)) > 0) *high = *low;
  return true;
}

typedef struct tries {
  uint64_t runs, sealed;
} tries;

static void damage_runs(uint32_t table_id, const spans *there, tries *done) {
  med_key low, high;
  for (size_t i = 0; i < there->run_count; i++) {
    const med_wide_run *run = &there->runs[i];
    const span *rows = &there->of_runs[i];
    char words[200];
    snprintf(words, sizeof words, IN_RUNS " %llu", (unsigned long long)run->number);
    put_run(table_id, run, &rows->low, &rows->high);
    is_not_told("bounds that just have room for the rows of a run");
    for (int high_one = 0; high_one < 2; high_one++) {
      if (!narrow(rows, high_one, &low, &high)) continue;
      put_run(table_id, run, &low, &high);
      is_told(words, high_one ? "a run that ends too early" : "a run that begins too late");
      done->runs++;
    }
  }
}

static void damage_reach(uint32_t table_id, const spans *there, tries *done) {
  med_key low, high;
  if (there->sealed.rows == 0) return;
  put_reach(table_id, &there->sealed.low, &there->sealed.high);
  is_not_told("bounds that just have room for what is sealed");
  put_reach(table_id, NULL, NULL);
  is_not_told("bounds that are not known");
  for (int high_one = 0; high_one < 2; high_one++) {
    if (!narrow(&there->sealed, high_one, &low, &high)) continue;
    put_reach(table_id, &low, &high);
    is_told(SEALED, high_one ? "what is sealed ends too early" : "what is sealed begins too late");
    done->sealed++;
  }
}

/* Each of the bounds by itself. */
static void damage_table(const med_wide_table *table, tries *done) {
  static spans there;
  measure(table, &there);
  damage_runs(table->id, &there, done);
  damage_reach(table->id, &there, done);
}

static void damage_all(tries *done) {
  med_wide_catalog *catalog;
  med_wide_table window;
  med_cursor *cursor;
  int64_t number = INT64_MIN;
  *done = (tries){0};
  begin();
  OK(med_wide_catalog_open(txn, &catalog));
  const med_wide_table *table = med_wide_catalog_table(catalog, med_slice_of_text("k"), med_slice_of_text("t"));
  if (table->time_window == NULL) damage_table(table, done);
  OK(med_cursor_open(txn, MED_TREE_WIDE, &cursor));
  while (table->time_window != NULL && med_wide_window_next_of_all(txn, cursor, table, number, &window) == MEDLEY_OK) {
    damage_table(&window, done);
    number = window.window_number + 1;
  }
  med_cursor_close(cursor);
  med_wide_catalog_release(catalog);
  end();
}

/* ---- What tables go through ---- */
/* As medley_maintain makes one, which afterwards seals whatever is left. */
static void pass(void) {
  med_wide_catalog *catalog;
  bool left = true;
  begin();
  OK(med_wide_catalog_open(txn, &catalog));
  OK(med_wide_seal_request(txn, med_wide_catalog_table(catalog, med_slice_of_text("k"), med_slice_of_text("t"))));
  med_wide_catalog_release(catalog);
  for (int slices = 0; left; slices++) {
    size_t swept;
    ck_assert_int_lt(slices, 100000);
    OK(med_wide_sweep(txn, 1000, &swept, &left));
  }
  commit();
}

/* A large table gets rows in each of its segments' ranges, too few for those to be written anew: what a pass leaves in runs is moved into one. */
static void gather(void) {
  tries done;
  insert_spread(10000, 4000, 5);
  sealed_rows_maintain(kit.db);
  for (int i = 1; i <= 3; i++) insert_spread(10000 + i, 200, 85);
  is_content("many rows and a few in runs");
  pass();
  is_content("rows in runs gathered");
  damage_all(&done);
  ck_assert_uint_le(done.runs, 2);
  ck_assert_uint_gt(done.runs, 0);
}

static void play_shape(const table_shape *shape) {
  tries done;
  open_shape(shape);
  insert_many(0, 400);
  is_content("rows in runs");
  sealed_rows_maintain(kit.db);
  is_content("rows that were sealed");
  change_some(0, 400);
  if (!of->appended) insert_many(200, 30); /* again */
  is_content("some of the sealed rows changed");
  for (int i = 0; i < 4; i++) insert_many(3000 + 20 * i, 20);
  is_content("four runs merged");
  insert_many(1000, 60);
  insert_many(400, 12);
  change_some(1000, 1060);
  insert_many(600, 15);
  for (int i = 2000; i < 2010; i++) insert(i);
  is_content("several runs");
  damage_all(&done);
  ck_assert_msg(done.runs >= (of->windows ? 2 : 3) && done.sealed > 0, "shape %d: %llu of runs, %llu of sealed rows",
                (int)(of - shapes), (unsigned long long)done.runs, (unsigned long long)done.sealed);
  sealed_rows_maintain(kit.db);
  is_content("sealed again");
  if (!of->windows) gather();
  if (of->expires) {
    now_us += INT64_C(3601) * 1000000;
    is_content("some expired");
    sealed_rows_maintain(kit.db);
    is_content("what expired is gone");
  }
  damage_all(&done);
  ck_assert_uint_gt(done.sealed, 0);
  close_shape();
}

/* ---- Tests ---- */
static void setup(void) { seed = property_seed("wide bounds"); }

START_TEST(bounds_narrower_than_the_rows_are_told_whatever_the_table_looks_like) {
  for (size_t i = 0; i < SHAPES; i++) play_shape(&shapes[i]);
}
END_TEST

/* How many there are, in one line: not one for each. */
START_TEST(rows_beyond_the_bounds_are_counted) {
  static spans there;
  med_wide_catalog *catalog;
  med_key nothing = {.len = 1};
  char words[300];
  open_shape(&shapes[0]);
  insert_many(0, 400);
  sealed_rows_maintain(kit.db);
  insert_many(1000, 50);
  begin();
  OK(med_wide_catalog_open(txn, &catalog));
  const med_wide_table *table = med_wide_catalog_table(catalog, med_slice_of_text("k"), med_slice_of_text("t"));
  measure(table, &there);
  ck_assert_uint_eq(there.run_count, 1);
  nothing.bytes[0] = 0xFF;
  put_run(table->id, &there.runs[0], &nothing, &nothing);
  ck_assert_uint_gt(there.of_runs[0].rows, 40);
  snprintf(words, sizeof words, "table t: %llu " IN_RUNS " %llu", (unsigned long long)there.of_runs[0].rows,
           (unsigned long long)there.runs[0].number);
  is_told(words, "a run that has no row");
  put_reach(table->id, &nothing, &nothing);
  snprintf(words, sizeof words, "table t: %llu " SEALED, (unsigned long long)there.sealed.rows);
  is_told(words, "segments that have no row");
  med_wide_catalog_release(catalog);
  end();
  close_shape();
}
END_TEST

/* Also where a table's definition says that it has no segments. */
START_TEST(a_state_of_sealing_that_is_none_is_told) {
  med_wide_catalog *catalog;
  med_key key;
  uint64_t count = 0;
  open_shape(&shapes[0]);
  insert_many(0, 50);
  begin();
  OK(med_wide_catalog_open(txn, &catalog));
  const med_wide_table *table = med_wide_catalog_table(catalog, med_slice_of_text("k"), med_slice_of_text("t"));
  ck_assert(!(table->flags & MED_WIDE_TABLE_SEGMENTS));
  med_key_init(&key);
  med_key_add_u8(&key, MED_WIDE_KEY_SEALING);
  med_key_add_u32(&key, table->id);
  OK(med_txn_put(txn, MED_TREE_WIDE, med_key_slice(&key), med_slice_of("\1", 1)));
  med_wide_catalog_release(catalog);
  commit();
  told[0] = '\0';
  OK(medley_check(kit.db, tell, NULL, &count, &error));
  ck_assert_msg(count == 1 && strstr(told, "the state of sealing is damaged") != NULL, "%s", told);
  close_shape();
}
END_TEST

PROPERTY_MAIN_BETWEEN("wide_bounds", setup, NULL, bounds_narrower_than_the_rows_are_told_whatever_the_table_looks_like,
                      rows_beyond_the_bounds_are_counted, a_state_of_sealing_that_is_none_is_told)
