/* test_wide_windows_random.c - a table with windows of time beside a twin without: the same statements, and the same answers.
 *
 * What is past is deleted from the twin, which computes by itself what that is. Keys of every shape (the time in the partition key, first or
 * later in the clustering key, either way, beside a key that is a hash) and of every type; times before and behind now; rows sealed at
 * random moments, the clock moved on, the file reopened, transactions undone, writes between two rows of an open reading; CQL and SQL, forwards,
 * backwards, in pages, by totals and groups. MEDLEY_TEST_SEED repeats a run, MEDLEY_TEST_LONG=1 makes it long. */
#include "tests/unit/twins.h"
#include "tests/unit/wide_windows.h"

enum { STEPS = 400, STEPS_LONG = 20000, PARTITIONS = 4, NUMBERS = 3 };

static const shape shapes[] = {
    {"timestamp", "p int", "PRIMARY KEY (p, time, n)", "", "", 3600, 5 * 3600},
    {"timestamp", "p int", "PRIMARY KEY (p, time, n)", "WITH CLUSTERING ORDER BY (time DESC, n ASC) AND ", "", 3600, 0},
    {"bigint", "p int", "PRIMARY KEY ((p, time), n)", "", "s", 7200, 3 * 7200},
    {"int", "p int", "PRIMARY KEY (p, n, time)", "", "s", 3600, 4 * 3600},
    {"date", "p int", "PRIMARY KEY (p, time, n)", "WITH CLUSTERING ORDER BY (time DESC, n DESC) AND ", "", 2 * 86400,
     6 * 86400},
    {"timeuuid", "p int", "PRIMARY KEY (p, time, n)", "", "", 3600, 5 * 3600},
    {"timeuuid", "p int", "PRIMARY KEY (p, n, time)", "WITH CLUSTERING ORDER BY (n DESC, time DESC) AND ", "", 5400,
     5400},
    {"bigint", "p text", "PRIMARY KEY (p, time, n)", "", "ms", 3600, 5 * 3600},
    {"timestamp", "p text", "PRIMARY KEY ((p, time), n)", "", "", 3600, 5 * 3600},
    {"bigint", "p int", "PRIMARY KEY (time, p, n)", "", "us", 1800, 7200},
    {"timestamp", "p decimal", "PRIMARY KEY ((p, n), time)", "WITH CLUSTERING ORDER BY (time DESC) AND ", "", 3600,
     7200},
};

typedef struct world {
  twins pair;
  const shape *of;
  uint64_t random, refused, sealed_max, windows_max;
} world;

static uint64_t below(world *w, uint64_t end) { return property_below(&w->random, end); }

/* On both, unless it is of a time that is past: that is refused, and leaves nothing. */
static void change(world *w, medley_language language, const char *form, bool is_past) {
  int rc = twins_run(&w->pair, language, form, 0, NULL, NULL);
  const char *message = twins_message(&w->pair);
  if (is_past) {
    ck_assert_msg(
        rc == (language == MEDLEY_LANGUAGE_SQL ? MEDLEY_ERROR : MEDLEY_RANGE) && strstr(message, "is past") != NULL,
        "%s: %s %s", form, medley_status_name(rc), message);
    w->refused++;
    return;
  }
  ck_assert_msg(rc == MEDLEY_OK, "%s: %s", form, message);
  rc = twins_run(&w->pair, language, form, 1, NULL, NULL);
  ck_assert_msg(rc == MEDLEY_OK, "%s: %s", form, twins_message(&w->pair));
}

/* ---- Values ---- */
static void partition_text(const world *w, uint64_t p, char *text, size_t size) {
  if (strcmp(w->of->partition, "p text") == 0)
    snprintf(text, size, "'%0*llu'", p % 2 == 0 ? 200 : 5, (unsigned long long)p); /* every second one is a hash */
  else if (strcmp(w->of->partition, "p decimal") == 0)
    snprintf(text, size, "%llu.%s", (unsigned long long)p, p % 2 == 0 ? "00" : "5");
  else
    snprintf(text, size, "%llu", (unsigned long long)p);
}

/* Some windows around now. */
static int64_t any_time_s(world *w) {
  int64_t keep = w->of->keep_s > 0 ? w->of->keep_s : 3 * w->of->size_s;
  if (below(w, 40) == 0) return -(int64_t)below(w, (uint64_t)w->of->size_s * 3); /* before 1970 */
  return w->pair.now_us / 1000000 - keep - 2 * w->of->size_s +
         (int64_t)below(w, (uint64_t)(keep + 4 * w->of->size_s)) / 600 * 600;
}

typedef struct key {
  char partition[240], time[64];
  uint64_t n;
  bool is_past;
} key;

static key any_key(world *w) {
  key made;
  int64_t time_s = any_time_s(w);
  partition_text(w, below(w, PARTITIONS), made.partition, sizeof made.partition);
  shape_time(w->of, time_s, made.time, sizeof made.time);
  made.n = below(w, NUMBERS);
  made.is_past = shape_is_past(w->of, time_s, w->pair.now_us);
  return made;
}

/* ---- Changing ---- */
static void insert(world *w, bool sql) {
  char form[1024];
  key of = any_key(w);
  int v = (int)below(w, 50);
  if (sql && strcmp(w->of->partition, "p decimal") != 0)
    snprintf(form, sizeof form, "INSERT OR REPLACE INTO \"@\" (p, time, n, v, s) VALUES (%s, %s, %llu, %d, 'q%d')",
             of.partition, shape_sql_time(w->of, of.time), (unsigned long long)of.n, v, v % 7);
  else
    snprintf(form, sizeof form, "INSERT INTO @ (p, time, n, v, s) VALUES (%s, %s, %llu, %d, 's%d')%s", of.partition,
             of.time, (unsigned long long)of.n, v, v % 7, below(w, 12) == 0 ? " USING TTL 9000" : "");
  bool is_sql = form[7] == 'O';
  change(w, is_sql ? MEDLEY_LANGUAGE_SQL : MEDLEY_LANGUAGE_CQL, form, of.is_past);
}

static void update(world *w) {
  char form[1024], value[16];
  key of = any_key(w);
  bool deletes = below(w, 4) == 0;
  snprintf(value, sizeof value, "%d", (int)below(w, 50));
  snprintf(form, sizeof form, "UPDATE @ SET v = %s WHERE p = %s AND time = %s AND n = %llu", deletes ? "null" : value,
           of.partition, of.time, (unsigned long long)of.n);
  change(w, MEDLEY_LANGUAGE_CQL, form, of.is_past && !deletes);
}

/* In the order of the key's columns. */
static void delete (world *w) {
  char form[1024];
  key of = any_key(w);
  size_t len = (size_t)snprintf(form, sizeof form, "DELETE FROM @ WHERE p = %s", of.partition);
  bool in_partition = strstr(w->of->key, "((p, time)") != NULL || strstr(w->of->key, "(time,") != NULL;
  bool n_in_partition = strstr(w->of->key, "((p, n)") != NULL, n_first = strstr(w->of->key, "(p, n, time)") != NULL;
  uint64_t how = below(w, 6);
  if (in_partition) len += (size_t)snprintf(form + len, sizeof form - len, " AND time = %s", of.time);
  if (n_in_partition || (n_first && how > 0))
    len += (size_t)snprintf(form + len, sizeof form - len, " AND n = %llu", (unsigned long long)of.n);
  if (!in_partition && (how > 0 || below(w, 3) > 0) && !(n_first && how == 0))
    len += (size_t)snprintf(form + len, sizeof form - len, " AND time %s %s",
                            how == 1   ? "<"
                            : how == 2 ? ">="
                                       : "=",
                            of.time);
  if (!n_in_partition && !n_first && how > 2)
    snprintf(form + len, sizeof form - len, " AND n = %llu", (unsigned long long)of.n);
  change(w, MEDLEY_LANGUAGE_CQL, form, false);
}

static void change_anything(world *w) {
  uint64_t what = below(w, 100);
  if (what < 60)
    insert(w, what < 15);
  else if (what < 80)
    update(w);
  else
    delete (w);
}

/* ---- Reading ---- */
/* In SQL, by bounds of the time. */
static void read_times(world *w, const key *of, const key *other) {
  char form[1024], from[80], to[80];
  snprintf(from, sizeof from, "%s", shape_sql_time(w->of, of->time));
  snprintf(to, sizeof to, "%s", shape_sql_time(w->of, other->time));
  switch (below(w, 4)) {
    case 0:
      snprintf(form, sizeof form,
               "SELECT p, n, v FROM \"@\" WHERE time >= %s AND time < %s AND v < 40 ORDER BY p, time, n", from, to);
      break;
    case 1:
      snprintf(form, sizeof form,
               "SELECT s, count(*), sum(v) FROM \"@\" WHERE time > %s AND time <= %s GROUP BY s ORDER BY s", from, to);
      break;
    default:
      snprintf(form, sizeof form, "SELECT p, n, v FROM \"@\" WHERE time %s %s ORDER BY p, n, v",
               below(w, 2) ? "=" : "<", from);
      break;
  }
  twins_compare(&w->pair, MEDLEY_LANGUAGE_SQL, form);
}

static void read_something(world *w) {
  char form[1024];
  key of = any_key(w), other = any_key(w);
  bool p_alone = strstr(w->of->key, "(p, ") != NULL && strstr(w->of->key, "((") == NULL;
  bool reads_time = strstr(w->of->key, "(p, time, n)") != NULL && p_alone;
  static const char *const cql[] = {
      "SELECT * FROM @", "SELECT p, time, n FROM @ LIMIT 5", "SELECT count(*), count(v), sum(v), min(v), max(v) FROM @",
      "SELECT p, n, v FROM @ PER PARTITION LIMIT 2", "SELECT * FROM @ WHERE v > 20 ALLOW FILTERING"};
  static const char *const sql[] = {
      "SELECT s, count(*), sum(v) FROM \"@\" GROUP BY s ORDER BY s",
      "SELECT count(*), sum(v), min(s) FROM \"@\" WHERE v < 30",
      "SELECT n, v, s FROM \"@\" WHERE v >= 10 ORDER BY p, time, n",
      "SELECT a.n, b.v FROM \"@\" a JOIN \"@\" b USING (p, time, n) ORDER BY a.p, a.time, a.n"};
  switch (below(w, 11)) {
    case 0: twins_compare(&w->pair, MEDLEY_LANGUAGE_CQL, cql[below(w, sizeof cql / sizeof cql[0])]); return;
    case 1: twins_compare(&w->pair, MEDLEY_LANGUAGE_SQL, sql[below(w, sizeof sql / sizeof sql[0])]); return;
    case 2:
      snprintf(form, sizeof form, "SELECT * FROM @ WHERE p = %s AND time = %s AND n = %llu", of.partition, of.time,
               (unsigned long long)of.n);
      break;
    case 3:
      snprintf(form, sizeof form, "SELECT count(*), sum(v) FROM @ WHERE time >= %s AND time < %s ALLOW FILTERING",
               of.time, other.time);
      break;
    case 4:
      if (!reads_time) return;
      snprintf(form, sizeof form,
               "SELECT * FROM @ WHERE p = %s AND time >%s %s AND time < %s ORDER BY time %s LIMIT %d", of.partition,
               below(w, 2) ? "=" : "", of.time, other.time, below(w, 2) ? "ASC" : "DESC", (int)below(w, 9) + 1);
      break;
    case 5:
      if (!p_alone) return;
      snprintf(form, sizeof form, "SELECT * FROM @ WHERE p IN (%s, %s)", of.partition, other.partition);
      break;
    case 7:
    case 8: read_times(w, &of, &other); return;
    case 6: /* either way, also where windows are merged */
      if (!p_alone) return;
      snprintf(form, sizeof form, "SELECT * FROM @ WHERE p = %s ORDER BY %s %s LIMIT %d", of.partition,
               reads_time ? "time" : "n", below(w, 2) ? "ASC" : "DESC", (int)below(w, 30) + 1);
      break;
    case 9: snprintf(form, sizeof form, "SELECT DISTINCT %s FROM @", shape_partition_names(w->of)); break;
    default:
      snprintf(form, sizeof form, "SELECT p, time, n, v FROM @ WHERE token(%s) > %lld", shape_partition_names(w->of),
               (long long)property_random(&w->random));
      break;
  }
  twins_compare(&w->pair, MEDLEY_LANGUAGE_CQL, form);
}

/* All rows in pages, in a new statement each. */
static void read_pages(world *w) {
  static const char *const forms[] = {"SELECT p, time, n, v FROM @",
                                      "SELECT p, time, n, v FROM @ WHERE v > 5 ALLOW FILTERING"};
  const char *form = forms[below(w, 2)];
  uint64_t rows = 1 + below(w, 6);
  twins_forget_answers(&w->pair);
  for (int i = 0; i < 2; i++) {
    const char *text = twins_statement(&w->pair, form, i);
    char state[2048];
    size_t state_len = 0;
    do {
      medley_statement *statement;
      const void *next;
      int rc;
      ck_assert_int_eq(
          medley_prepare(w->pair.kit.session, MEDLEY_LANGUAGE_CQL, text, MEDLEY_NUL_ENDED, &statement, NULL),
          MEDLEY_OK);
      ck_assert_int_eq(medley_page_set(statement, rows, state, state_len), MEDLEY_OK);
      while ((rc = medley_step(statement)) == MEDLEY_ROW) twins_add_row(&w->pair.answers[i], statement);
      ck_assert_msg(rc == MEDLEY_DONE, "%s: %s", text, twins_message(&w->pair));
      ck_assert_int_eq(medley_page_state(statement, &next, &state_len), MEDLEY_OK);
      ck_assert_uint_le(state_len, sizeof state);
      if (state_len > 0) memcpy(state, next, state_len);
      medley_statement_close(statement);
    } while (state_len > 0);
  }
  twins_agree(&w->pair, "pages of ", form);
}

/* Two readings that are open while both tables are written to. */
static void read_and_write(world *w) {
  medley_statement *readings[2];
  bool open = true;
  char form[512];
  key of = any_key(w);
  bool p_alone = strstr(w->of->key, "((") == NULL && strstr(w->of->key, "(p, ") != NULL;
  if (p_alone && below(w, 2))
    snprintf(form, sizeof form, "SELECT p, time, n, v FROM @ WHERE p = %s", of.partition);
  else
    snprintf(form, sizeof form, "SELECT p, time, n, v FROM @");
  twins_forget_answers(&w->pair);
  for (int i = 0; i < 2; i++) {
    const char *text = twins_statement(&w->pair, form, i);
    ck_assert_int_eq(
        medley_prepare(w->pair.kit.session, MEDLEY_LANGUAGE_CQL, text, MEDLEY_NUL_ENDED, &readings[i], NULL),
        MEDLEY_OK);
  }
  while (open) {
    for (int i = 0; i < 2; i++) {
      int rc = medley_step(readings[i]);
      ck_assert_msg(rc == MEDLEY_ROW || rc == MEDLEY_DONE, "%s", twins_message(&w->pair));
      open = open && rc == MEDLEY_ROW;
      if (rc == MEDLEY_ROW) twins_add_row(&w->pair.answers[i], readings[i]);
    }
    if (open && below(w, 3) == 0) change_anything(w);
  }
  for (int i = 0; i < 2; i++) medley_statement_close(readings[i]);
  twins_agree(&w->pair, "written while read: ", form);
}

/* ---- Time and files ---- */
typedef struct past_rows {
  world *w;
  med_buffer statements;
} past_rows;

/* The rows of the twin that are past, as statements. */
static int add_past(void *context, medley_statement *row) {
  past_rows *to = context;
  int64_t time_s = shape_read_time(to->w->of, medley_column_integer(row, 3));
  if (!shape_is_past(to->w->of, time_s, to->w->pair.now_us)) return 0;
  twins_enlarged(med_buffer_printf(&to->statements,
                                   "DELETE FROM k.p WHERE p = fromJson('%s') AND time = fromJson('%s') AND n = %s;",
                                   medley_column_text(row, 0), medley_column_text(row, 1), medley_column_text(row, 2)));
  return 0;
}

static void forget_past(world *w) {
  past_rows past = {.w = w};
  char form[160];
  snprintf(form, sizeof form, "SELECT toJson(p), toJson(time), n, %s FROM k.p",
           w->of->unit[0] != '\0' ? "time" : "toUnixTimestamp(time)");
  int rc = medley_exec(w->pair.kit.session, MEDLEY_LANGUAGE_CQL, form, MEDLEY_NUL_ENDED, add_past, &past);
  ck_assert_msg(rc == MEDLEY_OK, "%s: %s", form, twins_message(&w->pair));
  if (past.statements.len > 0) kit_exec(w->pair.kit.session, MEDLEY_LANGUAGE_CQL, past.statements.bytes);
  med_buffer_clear(&past.statements);
}

static void look_after(world *w) {
  switch (below(w, 5)) {
    case 0:
      w->pair.now_us += (int64_t)below(w, (uint64_t)w->of->size_s * 2) * 1000000;
      if (below(w, 2)) forget_past(w);
      break;
    case 1: twins_reopen(&w->pair); break;
    case 2: twins_check(&w->pair); break;
    default: twins_maintain(&w->pair, 1 + below(w, 20)); break;
  }
  forget_past(w);
  uint64_t windows, sealed;
  windows_count(w->pair.kit.db, "k", "w", &windows, &sealed);
  if (windows > w->windows_max) w->windows_max = windows;
  if (sealed > w->sealed_max) w->sealed_max = sealed;
}

static void in_transaction(world *w) {
  bool undo = below(w, 2);
  kit_exec(w->pair.kit.session, MEDLEY_LANGUAGE_SQL, "BEGIN IMMEDIATE");
  for (uint64_t i = below(w, 6); i > 0; i--) {
    change_anything(w);
    if (below(w, 3) == 0) read_something(w);
  }
  read_and_write(w);
  kit_exec(w->pair.kit.session, MEDLEY_LANGUAGE_SQL, undo ? "ROLLBACK" : "COMMIT");
}

static void create(world *w) {
  char text[512], keep[40] = "", unit[24] = "";
  const shape *of = w->of;
  if (of->keep_s > 0) snprintf(keep, sizeof keep, ", 'keep': '%llds'", (long long)of->keep_s);
  if (of->unit[0] != '\0') snprintf(unit, sizeof unit, ", 'unit': '%s'", of->unit);
  for (int i = 0; i < 2; i++) {
    size_t len = (size_t)snprintf(text, sizeof text, "CREATE TABLE %s (%s, time %s, n int, v int, s text, %s) %s",
                                  w->pair.tables[i], of->partition, of->type, of->key,
                                  of->order[0] != '\0' ? of->order : "WITH ");
    if (i == 0)
      snprintf(text + len, sizeof text - len,
               "segment_rows = 2 AND time_window = {'column': 'time', 'size': '%llds'%s%s}", (long long)of->size_s,
               unit, keep);
    else
      snprintf(text + len, sizeof text - len, "segment_rows = 0");
    kit_exec(w->pair.kit.session, MEDLEY_LANGUAGE_CQL, text);
  }
}

static void random_steps(const shape *of, uint64_t seed) {
  world w = {.of = of, .random = seed};
  const char *longer = getenv("MEDLEY_TEST_LONG");
  w.pair = (twins){.tables = {"k.w", "k.p"},
                   .ways = {"with windows", "without"},
                   .seed = seed | 1,
                   .now_us = INT64_C(2000000000) * 1000000};
  twins_open(&w.pair, "windows");
  create(&w);
  for (int i = longer != NULL && strcmp(longer, "1") == 0 ? STEPS_LONG : STEPS; i > 0; i--) {
    uint64_t what = below(&w, 100);
    if (what < 55)
      change_anything(&w);
    else if (what < 80)
      read_something(&w);
    else if (what < 86)
      read_pages(&w);
    else if (what < 91)
      in_transaction(&w);
    else
      look_after(&w);
  }
  printf("%s %s: %llu answers, %llu refused, %llu windows, %llu of them sealed\n", of->type, of->key,
         (unsigned long long)w.pair.compared, (unsigned long long)w.refused, (unsigned long long)w.windows_max,
         (unsigned long long)w.sealed_max);
  ck_assert_uint_gt(w.windows_max, 3);
  ck_assert_uint_gt(w.sealed_max, 0);
  twins_close(&w.pair);
}

START_TEST(windows_answer_as_one_table_does) {
  uint64_t seed = property_seed("wide_windows_random");
  random_steps(&shapes[_i], seed + (uint64_t)_i);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("wide_windows_random");
  TCase *tcase = tcase_create("wide_windows_random");
  tcase_set_timeout(tcase, 0);
  tcase_add_loop_test(tcase, windows_answer_as_one_table_does, 0, sizeof shapes / sizeof shapes[0]);
  suite_add_tcase(suite, tcase);
  SRunner *runner = srunner_create(suite);
  srunner_run_all(runner, CK_ENV);
  int failed = srunner_ntests_failed(runner);
  printf("%d passed, %d failed\n", srunner_ntests_run(runner) - failed, failed);
  srunner_free(runner);
  return failed != 0;
}
