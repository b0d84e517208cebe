/* test_wide_arrivals_random.c - a table whose rows arrive in runs beside a twin that takes each at once: the same statements, and the same answers.
 *
 * Transactions of many INSERTs, in the order of time or in none, of keys that are new, there already, or given twice, which append-only tables refuse; read, changed and taken back in
 * between; tables altered and emptied meanwhile; runs merged, sealed, expired at random moments, the file reopened. Rows are long, so runs have many blocks.
 * MEDLEY_TEST_SEED repeats a run, MEDLEY_TEST_LONG=1 makes it long. */
#include "models/widecolumn/sorted_runs.h"

#include "engine/database.h"
#include "models/widecolumn/catalog.h"
#include "tests/unit/twins.h"

enum { TRANSACTIONS = 70, TRANSACTIONS_LONG = 20000, PARTITIONS = 12 };

/* How a table's keys look. */
typedef struct shape {
  const char *partition; /* column and type */
  const char *key, *order;
  int segment_rows;
  bool appended; /* the tables are append-only */
  bool hashed;   /* every other partition key is so long that only its hash stands in the tree */
} shape;

static const shape shapes[] = {
    {"p int", "PRIMARY KEY (p, c, d)", "", 128, false, false},
    {"p int", "PRIMARY KEY (p, c, d)", "CLUSTERING ORDER BY (c DESC, d ASC) AND", 1000, false, false},
    {"p text", "PRIMARY KEY (p, c, d)", "", 500, false, true},
    {"p int", "PRIMARY KEY ((p, c), d)", "", 1000, false, false},
    {"p int", "PRIMARY KEY (p, c, d)", "", 600, true, false},
    {"p text", "PRIMARY KEY (p, d, c)", "", 200, true, true},
    {"p int", "PRIMARY KEY ((p, c, d))", "", 128, false, false},
};

typedef struct world {
  twins pair;
  const shape *of;
  uint64_t random;
  int64_t time;
  bool extra; /* the column was added */
  uint64_t inserted, refused, runs_max, blocks_max;
} world;

static uint64_t below(world *w, uint64_t end) { return property_below(&w->random, end); }

static void control(world *w, const char *text) { kit_exec(w->pair.kit.session, MEDLEY_LANGUAGE_SQL, text); }

/* What an append-only table refuses leaves nothing. */
static int change_one(world *w, const char *form, int table) {
  int rc = twins_run(&w->pair, MEDLEY_LANGUAGE_CQL, form, table, NULL, NULL);
  bool refused = w->of->appended && (rc == MEDLEY_EXISTS || rc == MEDLEY_UNSUPPORTED);
  w->refused += refused;
  ck_assert_msg(rc == MEDLEY_OK || refused, "%s: %s", form, twins_message(&w->pair));
  return rc;
}

static void change(world *w, const char *form) {
  int first = change_one(w, form, 0), second = change_one(w, form, 1);
  ck_assert_msg(first == second, "%s: %s, and at once %s", form, medley_status_name(first), medley_status_name(second));
}

/* ---- Keys ---- */
typedef struct key {
  char partition[240];
  int64_t c;
  uint64_t d;
} key;

/* Of an event that comes now, or any. */
static key any_key(world *w, bool event) {
  key made;
  uint64_t p = below(w, PARTITIONS);
  if (w->of->hashed)
    snprintf(made.partition, sizeof made.partition, "'%0*llu'", p % 2 == 0 ? 200 : 5, (unsigned long long)p);
  else
    snprintf(made.partition, sizeof made.partition, "%llu", (unsigned long long)p);
  if (event) w->time += (int64_t)below(w, 3);
  made.c = event ? w->time : w->time - (int64_t)below(w, 60);
  made.d = below(w, 3);
  return made;
}

static void where(const key *of, char *text, size_t size) {
  snprintf(text, size, "p = %s AND c = %lld AND d = %llu", of->partition, (long long)of->c, (unsigned long long)of->d);
}

static void insert_form(world *w, bool event, char *form, size_t size) {
  key of = any_key(w, event);
  char v[16] = "null", text[1400], extra[32] = "";
  if (below(w, 6) > 0) snprintf(v, sizeof v, "%d", (int)below(w, 50));
  /* Some are so long that they stand in no run. */
  size_t len = below(w, 30) == 0 ? 1100 : (size_t)below(w, 300);
  memset(text, 'a' + (int)below(w, 20), len);
  text[len] = '\0';
  if (w->extra && below(w, 2)) snprintf(extra, sizeof extra, ", %d", (int)below(w, 9));
  bool some = below(w, 5) == 0; /* only one of the columns */
  size_t at = (size_t)snprintf(form, size, "INSERT INTO @ (p, c, d%s%s%s) VALUES (%s, %lld, %llu", some ? "" : ", v",
                               below(w, 8) > 0 || !some ? ", s" : "", extra[0] != '\0' ? ", e" : "", of.partition,
                               (long long)of.c, (unsigned long long)of.d);
  bool has_text = strstr(form, ", s") != NULL && strstr(form, ", s") < strstr(form, ") VALUES");
  if (!some) at += (size_t)snprintf(form + at, size - at, ", %s", v);
  if (has_text) at += (size_t)snprintf(form + at, size - at, ", '%s'", text);
  at += (size_t)snprintf(form + at, size - at, "%s)", extra);
  if (below(w, 25) == 0) snprintf(form + at, size - at, " USING TTL %d", (int)below(w, 900) + 1);
  w->inserted++;
}

/* ---- Changing ---- */
/* First all of them into one table, then into the other: what is put off is not disturbed, or, if it comes last, nothing else settles it. */
static void insert_many(world *w) {
  enum { MANY = 120, SIZE = 2048 };
  static char forms[MANY][SIZE];
  int answers[2][MANY];
  size_t count = 1 + (size_t)below(w, below(w, 3) == 0 ? MANY : 20);
  bool events = below(w, 3) > 0;
  for (size_t i = 0; i < count; i++) insert_form(w, events, forms[i], SIZE);
  int first = (int)below(w, 2);
  for (int turn = 0; turn < 2; turn++) {
    int table = first ^ turn;
    for (size_t i = 0; i < count; i++) answers[table][i] = change_one(w, forms[i], table);
  }
  for (size_t i = 0; i < count; i++) ck_assert_msg(answers[0][i] == answers[1][i], "%s", forms[i]);
}

static void insert_batch(world *w) {
  static char form[3600];
  size_t len = (size_t)snprintf(form, sizeof form, "BEGIN BATCH ");
  for (uint64_t i = 2 + below(w, 20); i > 0; i--) {
    key of = any_key(w, below(w, 2) == 0);
    len += (size_t)snprintf(form + len, sizeof form - len, "INSERT INTO @ (p, c, d, v) VALUES (%s, %lld, %llu, %d); ",
                            of.partition, (long long)of.c, (unsigned long long)of.d, (int)below(w, 50));
    if (len > 3000) break;
  }
  snprintf(form + len, sizeof form - len, "APPLY BATCH");
  change(w, form);
}

static void change_row(world *w) {
  char form[1024], place[512];
  key of = any_key(w, false);
  where(&of, place, sizeof place);
  switch (below(w, 6)) {
    case 0: snprintf(form, sizeof form, "UPDATE @ SET v = %d WHERE %s", (int)below(w, 50), place); break;
    case 1: snprintf(form, sizeof form, "UPDATE @ SET s = null WHERE %s", place); break;
    case 2: snprintf(form, sizeof form, "DELETE FROM @ WHERE %s", place); break;
    case 3:
      snprintf(form, sizeof form, "INSERT INTO @ (p, c, d, v) VALUES (%s, %lld, %llu, 7) IF NOT EXISTS", of.partition,
               (long long)of.c, (unsigned long long)of.d);
      break;
    case 4:
      if (strstr(w->of->key, "(p, c") == NULL || strstr(w->of->key, "((") != NULL) return;
      snprintf(form, sizeof form, "DELETE FROM @ WHERE p = %s AND c > %lld AND c < %lld", of.partition, (long long)of.c,
               (long long)of.c + 8);
      break;
    default: snprintf(form, sizeof form, "DELETE v FROM @ WHERE %s", place); break;
  }
  change(w, form);
}

static void alter(world *w) {
  if (below(w, 6) == 0) {
    change(w, "TRUNCATE @");
  } else {
    change(w, w->extra ? "ALTER TABLE @ DROP e" : "ALTER TABLE @ ADD e int");
    w->extra = !w->extra;
  }
}

/* ---- Reading ---- */
static void read_something(world *w) {
  char form[1024], place[512];
  key of = any_key(w, false);
  bool scan = strstr(w->of->key, "(p, c") == NULL || strstr(w->of->key, "((") != NULL;
  where(&of, place, sizeof place);
  switch (below(w, 8)) {
    case 0: twins_compare(&w->pair, MEDLEY_LANGUAGE_CQL, "SELECT * FROM @"); return;
    case 1: snprintf(form, sizeof form, "SELECT * FROM @ WHERE %s", place); break;
    case 2:
      twins_compare(&w->pair, MEDLEY_LANGUAGE_SQL, "SELECT v, count(*), sum(c) FROM \"@\" GROUP BY v ORDER BY v");
      return;
    case 3: snprintf(form, sizeof form, "SELECT count(*), sum(v), min(c), max(c) FROM @"); break;
    case 4:
      if (scan) return;
      snprintf(form, sizeof form, "SELECT c, d, v, s FROM @ WHERE p = %s ORDER BY c %s LIMIT %d", of.partition,
               below(w, 2) ? "ASC" : "DESC", (int)below(w, 40) + 1);
      break;
    case 5:
      if (scan) return;
      snprintf(form, sizeof form, "SELECT c, d, v FROM @ WHERE p = %s AND c >= %lld AND c < %lld", of.partition,
               (long long)of.c - 9, (long long)of.c + 9);
      break;
    case 6:
      twins_compare(&w->pair, MEDLEY_LANGUAGE_SQL, "SELECT p, c, d, v, s FROM \"@\" WHERE v > 20 ORDER BY p, c, d");
      return;
    default: snprintf(form, sizeof form, "SELECT p, c, v FROM @ WHERE v > 25 LIMIT 20 ALLOW FILTERING"); break;
  }
  twins_compare(&w->pair, MEDLEY_LANGUAGE_CQL, form);
}

/* ---- Files ---- */
static void count_runs(world *w) {
  med_txn *txn;
  medley_error error;
  med_wide_catalog *catalog;
  med_wide_run *runs;
  med_arena arena = {0};
  size_t count;
  uint64_t keys = 0;
  ck_assert_int_eq(med_txn_open_reader(w->pair.kit.db->store, &txn, &error), MEDLEY_OK);
  ck_assert_int_eq(med_txn_renew(txn), MEDLEY_OK);
  ck_assert_int_eq(med_wide_catalog_open(txn, &catalog), MEDLEY_OK);
  const med_wide_table *table = med_wide_catalog_table(catalog, med_slice_of_text("k"), med_slice_of_text("t"));
  ck_assert_int_eq(med_wide_runs_list(txn, table->id, &arena, &runs, &count), MEDLEY_OK);
  ck_assert_int_eq(med_wide_runs_check(txn, table->id, &keys), MEDLEY_OK);
  if (count > w->runs_max) w->runs_max = count;
  if (keys - count > w->blocks_max) w->blocks_max = keys - count;
  med_arena_clear(&arena);
  med_wide_catalog_release(catalog);
  med_txn_close_reader(txn);
}

static void look_after(world *w) {
  count_runs(w);
  switch (below(w, 8)) {
    case 0: w->pair.now_us += (int64_t)below(w, 400) * 1000000; break;
    case 1: twins_reopen(&w->pair); break;
    case 2: twins_check(&w->pair); break;
    case 3: twins_maintain(&w->pair, 1 + below(w, 20)); break;
    default: break;
  }
}

/* ---- The play ---- */
static void some_steps(world *w) {
  for (uint64_t left = 1 + below(w, 6); left > 0; left--) {
    uint64_t what = below(w, 100);
    if (what < 45)
      insert_many(w);
    else if (what < 50)
      insert_batch(w);
    else if (what < 70)
      change_row(w);
    else if (what < 72)
      alter(w);
    else
      read_something(w);
  }
}

/* What comes behind a savepoint is taken back, or not. */
static void some_taken_back(world *w) {
  bool extra = w->extra;
  control(w, "SAVEPOINT a");
  some_steps(w);
  if (below(w, 2)) {
    control(w, "ROLLBACK TO a");
    w->extra = extra;
  }
  if (below(w, 2)) some_steps(w);
}

static void transaction(world *w) {
  bool extra = w->extra;
  control(w, "BEGIN IMMEDIATE");
  some_steps(w);
  if (below(w, 3) == 0) some_taken_back(w);
  if (below(w, 10) == 0) {
    control(w, "ROLLBACK");
    w->extra = extra;
  } else {
    control(w, "COMMIT");
  }
}

static void play(const shape *of, uint64_t seed, unsigned transactions, uint64_t *runs, uint64_t *blocks) {
  static world w;
  char text[512];
  w = (world){.of = of, .random = seed};
  w.pair = (twins){.tables = {"k.t", "k.u"},
                   .ways = {"in runs", "at once"},
                   .seed = seed | 1,
                   .now_us = (int64_t)1790000000 * 1000000};
  twins_open(&w.pair, "arrivals");
  for (int i = 0; i < 2; i++) {
    snprintf(text, sizeof text,
             "CREATE TABLE %s (%s, c bigint, d int, v int, s text, %s) WITH %s append_only = %s AND segment_rows = %d",
             w.pair.tables[i], of->partition, of->key, of->order, of->appended ? "true" : "false",
             i == 0 ? of->segment_rows : 0);
    kit_exec(w.pair.kit.session, MEDLEY_LANGUAGE_CQL, text);
  }
  for (unsigned left = transactions; left > 0; left--) {
    if (below(&w, 5) == 0)
      some_steps(&w); /* each statement by itself */
    else
      transaction(&w);
    look_after(&w);
    if (below(&w, 4) == 0) twins_compare(&w.pair, MEDLEY_LANGUAGE_CQL, "SELECT * FROM @");
  }
  twins_compare(&w.pair, MEDLEY_LANGUAGE_CQL, "SELECT * FROM @");
  twins_check(&w.pair);
  printf("%s %s: %llu rows inserted, %llu refused, %llu answers, up to %llu runs and %llu blocks\n", of->partition,
         of->key, (unsigned long long)w.inserted, (unsigned long long)w.refused, (unsigned long long)w.pair.compared,
         (unsigned long long)w.runs_max, (unsigned long long)w.blocks_max);
  fflush(stdout);
  if (w.runs_max > *runs) *runs = w.runs_max;
  if (w.blocks_max > *blocks) *blocks = w.blocks_max;
  twins_close(&w.pair);
}

START_TEST(rows_that_arrive_together_answer_as_those_that_come_one_by_one) {
  bool is_long = getenv("MEDLEY_TEST_LONG") != NULL && strcmp(getenv("MEDLEY_TEST_LONG"), "1") == 0;
  uint64_t seed = property_seed("wide_arrivals_random");
  uint64_t runs = 0, blocks = 0;
  for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++)
    play(&shapes[i], seed + i, is_long ? TRANSACTIONS_LONG : TRANSACTIONS, &runs, &blocks);
  ck_assert_msg(runs > 2 && blocks > 20, "hardly any runs were written");
}
END_TEST

PROPERTY_MAIN("wide_arrivals_random", rows_that_arrive_together_answer_as_those_that_come_one_by_one)
