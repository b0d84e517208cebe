/* test_wide_windows_random.c - a table with windows of time beside a twin without: the same statements, and the same answers.
 *
 * What is past is deleted from the twin, which computes by itself what that is. Keys of every shape (the time in the partition key, first or
 * later in the clustering key, either way, beside a key that is a hash) and of every type; times before and behind now; rows sealed at
 * random moments, the clock moved on, the file reopened, transactions undone, writes between two rows of an open reading; CQL and SQL, forwards,
 * backwards, in pages, by totals and groups. MEDLEY_TEST_SEED repeats a run, MEDLEY_TEST_LONG=1 makes it long. */
#include <string.h>

#include "tests/unit/session_kit.h"
#include "tests/unit/wide_windows.h"

enum { STEPS = 400, STEPS_LONG = 20000, PARTITIONS = 4, NUMBERS = 3, TEXT = 65536 };

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
  char folder[64], path[96];
  const shape *of;
  uint64_t random, seed;
  int64_t now_us;
  medley *db;
  medley_session *session;
  char *text[2]; /* answers of both tables */
  uint64_t compared, refused, sealed_max, windows_max;
} world;

static const char *const tables[2] = {"k.w", "k.p"};

static int64_t read_clock(void *context) { return *(int64_t *)context; }

static uint64_t below(world *w, uint64_t end) { return property_below(&w->random, end); }

/* ---- Statements ---- T is the table's name. */
static void name_table(const char *form, const char *table, char *text, size_t size) {
  size_t len = 0;
  for (const char *c = form; *c != '\0' && len + 8 < size; c++) {
    if (*c != '@')
      text[len++] = *c;
    else
      len += (size_t)snprintf(text + len, size - len, "%s", table);
  }
  text[len] = '\0';
}

static int run(world *w, medley_language language, const char *form, int table,
               int (*on_row)(void *, medley_statement *), void *context) {
  char text[2048];
  name_table(form, tables[table], text, sizeof text);
  return medley_exec(w->session, language, text, MEDLEY_NUL_ENDED, on_row, context);
}

static void plain(world *w, const char *text) {
  int rc = medley_exec(w->session, MEDLEY_LANGUAGE_CQL, text, MEDLEY_NUL_ENDED, NULL, NULL);
  ck_assert_msg(rc == MEDLEY_OK, "%s: %s", text, medley_session_error(w->session)->message);
}

/* On both, unless it is of a time that is past: that is refused, and leaves nothing. */
static void change(world *w, medley_language language, const char *form, bool is_past) {
  int rc = run(w, language, form, 0, NULL, NULL);
  const char *message = medley_session_error(w->session)->message;
  if (is_past) {
    ck_assert_msg(
        rc == (language == MEDLEY_LANGUAGE_SQL ? MEDLEY_ERROR : MEDLEY_RANGE) && strstr(message, "is past") != NULL,
        "%s: %s %s", form, medley_status_name(rc), message);
    w->refused++;
    return;
  }
  ck_assert_msg(rc == MEDLEY_OK, "%s: %s", form, message);
  rc = run(w, language, form, 1, NULL, NULL);
  ck_assert_msg(rc == MEDLEY_OK, "%s: %s", form, medley_session_error(w->session)->message);
}

static int add_row(void *context, medley_statement *statement) {
  char *text = context;
  size_t len = strlen(text);
  for (int i = 0; i < medley_column_count(statement) && len + 400 < TEXT; i++) {
    const char *value =
        medley_column_type(statement, i) == MEDLEY_TYPE_NULL ? "NULL" : medley_column_text(statement, i);
    len += (size_t)snprintf(text + len, TEXT - len, "%.300s|", value);
  }
  snprintf(text + len, TEXT - len, "\n");
  return 0;
}

static void compare(world *w, medley_language language, const char *form) {
  for (int i = 0; i < 2; i++) {
    w->text[i][0] = '\0';
    int rc = run(w, language, form, i, add_row, w->text[i]);
    ck_assert_msg(rc == MEDLEY_OK, "%s of %s: %s", form, tables[i], medley_session_error(w->session)->message);
  }
  ck_assert_msg(strcmp(w->text[0], w->text[1]) == 0, "%s\nwith windows:\n%s\nwithout:\n%s", form, w->text[0],
                w->text[1]);
  w->compared++;
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
  return w->now_us / 1000000 - keep - 2 * w->of->size_s +
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
  made.is_past = shape_is_past(w->of, time_s, w->now_us);
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
  compare(w, MEDLEY_LANGUAGE_SQL, form);
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
    case 0: compare(w, MEDLEY_LANGUAGE_CQL, cql[below(w, sizeof cql / sizeof cql[0])]); return;
    case 1: compare(w, MEDLEY_LANGUAGE_SQL, sql[below(w, sizeof sql / sizeof sql[0])]); return;
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
  compare(w, MEDLEY_LANGUAGE_CQL, form);
}

/* All rows in pages, in a new statement each. */
static void read_pages(world *w) {
  static const char *const forms[] = {"SELECT p, time, n, v FROM @",
                                      "SELECT p, time, n, v FROM @ WHERE v > 5 ALLOW FILTERING"};
  const char *form = forms[below(w, 2)];
  uint64_t rows = 1 + below(w, 6);
  for (int i = 0; i < 2; i++) {
    char text[256], state[2048];
    size_t state_len = 0;
    w->text[i][0] = '\0';
    name_table(form, tables[i], text, sizeof text);
    do {
      medley_statement *statement;
      const void *next;
      int rc;
      ck_assert_int_eq(medley_prepare(w->session, MEDLEY_LANGUAGE_CQL, text, MEDLEY_NUL_ENDED, &statement, NULL),
                       MEDLEY_OK);
      ck_assert_int_eq(medley_page_set(statement, rows, state, state_len), MEDLEY_OK);
      while ((rc = medley_step(statement)) == MEDLEY_ROW) add_row(w->text[i], statement);
      ck_assert_msg(rc == MEDLEY_DONE, "%s: %s", text, medley_session_error(w->session)->message);
      ck_assert_int_eq(medley_page_state(statement, &next, &state_len), MEDLEY_OK);
      ck_assert_uint_le(state_len, sizeof state);
      if (state_len > 0) memcpy(state, next, state_len);
      medley_statement_close(statement);
    } while (state_len > 0);
  }
  ck_assert_msg(strcmp(w->text[0], w->text[1]) == 0, "pages of %s\nwith windows:\n%s\nwithout:\n%s", form, w->text[0],
                w->text[1]);
  w->compared++;
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
  for (int i = 0; i < 2; i++) {
    char text[512];
    name_table(form, tables[i], text, sizeof text);
    w->text[i][0] = '\0';
    ck_assert_int_eq(medley_prepare(w->session, MEDLEY_LANGUAGE_CQL, text, MEDLEY_NUL_ENDED, &readings[i], NULL),
                     MEDLEY_OK);
  }
  while (open) {
    for (int i = 0; i < 2; i++) {
      int rc = medley_step(readings[i]);
      ck_assert_msg(rc == MEDLEY_ROW || rc == MEDLEY_DONE, "%s", medley_session_error(w->session)->message);
      open = open && rc == MEDLEY_ROW;
      if (rc == MEDLEY_ROW) add_row(w->text[i], readings[i]);
    }
    if (open && below(w, 3) == 0) change_anything(w);
  }
  for (int i = 0; i < 2; i++) medley_statement_close(readings[i]);
  ck_assert_msg(strcmp(w->text[0], w->text[1]) == 0, "written while read: %s\nwith windows:\n%s\nwithout:\n%s", form,
                w->text[0], w->text[1]);
  w->compared++;
}

/* ---- Time and files ---- */
typedef struct past_rows {
  world *w;
  char *statements;
  size_t len;
} past_rows;

/* The rows of the twin that are past, as statements. */
static int add_past(void *context, medley_statement *row) {
  past_rows *to = context;
  int64_t time_s = shape_read_time(to->w->of, medley_column_integer(row, 3));
  if (!shape_is_past(to->w->of, time_s, to->w->now_us)) return 0;
  to->len += (size_t)snprintf(to->statements + to->len, TEXT - to->len,
                              "DELETE FROM k.p WHERE p = fromJson('%s') AND time = fromJson('%s') AND n = %s;",
                              medley_column_text(row, 0), medley_column_text(row, 1), medley_column_text(row, 2));
  ck_assert_uint_lt(to->len, TEXT - 1000);
  return 0;
}

static void forget_past(world *w) {
  past_rows past = {.w = w, .statements = w->text[0]};
  past.statements[0] = '\0';
  char form[160];
  snprintf(form, sizeof form, "SELECT toJson(p), toJson(time), n, %s FROM k.p",
           w->of->unit[0] != '\0' ? "time" : "toUnixTimestamp(time)");
  int rc = medley_exec(w->session, MEDLEY_LANGUAGE_CQL, form, MEDLEY_NUL_ENDED, add_past, &past);
  ck_assert_msg(rc == MEDLEY_OK, "%s: %s", form, medley_session_error(w->session)->message);
  if (past.len > 0) plain(w, past.statements);
}

static void open_file(world *w) {
  medley_options options;
  medley_error error = {0};
  medley_options_init(&options);
  options.durability = MEDLEY_RELAXED;
  options.clock_us = read_clock;
  options.clock_context = &w->now_us;
  options.map_size_bytes = (uint64_t)1 << 30;
  options.seed = w->seed += 2; /* another one each time: versions of the catalog would repeat themselves */
  ck_assert_msg(medley_open(w->path, &options, &w->db, &error) == MEDLEY_OK, "%s", error.message);
  ck_assert_int_eq(medley_session_open(w->db, &w->session, &error), MEDLEY_OK);
}

static void close_file(world *w) {
  ck_assert_int_eq(medley_session_close(w->session), MEDLEY_OK);
  ck_assert_int_eq(medley_close(w->db), MEDLEY_OK);
}

static void print_problem(void *context, const char *problem) {
  (void)context;
  printf("%s\n", problem);
}

static void look_after(world *w) {
  medley_error error = {0};
  uint64_t problems = 1;
  int more = 0;
  switch (below(w, 5)) {
    case 0:
      w->now_us += (int64_t)below(w, (uint64_t)w->of->size_s * 2) * 1000000;
      if (below(w, 2)) forget_past(w);
      break;
    case 1:
      close_file(w);
      open_file(w);
      break;
    case 2:
      ck_assert_msg(medley_check(w->db, print_problem, NULL, &problems, &error) == MEDLEY_OK, "%s", error.message);
      ck_assert_uint_eq(problems, 0);
      break;
    default:
      for (uint64_t i = 1 + below(w, 20); i > 0; i--)
        ck_assert_msg(medley_maintain(w->db, 1, &more, &error) == MEDLEY_OK, "%s", error.message);
      break;
  }
  forget_past(w);
  uint64_t windows, sealed;
  windows_count(w->db, "k", "w", &windows, &sealed);
  if (windows > w->windows_max) w->windows_max = windows;
  if (sealed > w->sealed_max) w->sealed_max = sealed;
}

static void in_transaction(world *w) {
  bool undo = below(w, 2);
  kit_exec(w->session, MEDLEY_LANGUAGE_SQL, "BEGIN IMMEDIATE");
  for (uint64_t i = below(w, 6); i > 0; i--) {
    change_anything(w);
    if (below(w, 3) == 0) read_something(w);
  }
  read_and_write(w);
  kit_exec(w->session, MEDLEY_LANGUAGE_SQL, undo ? "ROLLBACK" : "COMMIT");
}

static void create(world *w) {
  char text[512], keep[40] = "", unit[24] = "";
  const shape *of = w->of;
  plain(w, "CREATE KEYSPACE k WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 1}");
  if (of->keep_s > 0) snprintf(keep, sizeof keep, ", 'keep': '%llds'", (long long)of->keep_s);
  if (of->unit[0] != '\0') snprintf(unit, sizeof unit, ", 'unit': '%s'", of->unit);
  for (int i = 0; i < 2; i++) {
    size_t len =
        (size_t)snprintf(text, sizeof text, "CREATE TABLE %s (%s, time %s, n int, v int, s text, %s) %s", tables[i],
                         of->partition, of->type, of->key, of->order[0] != '\0' ? of->order : "WITH ");
    if (i == 0)
      snprintf(text + len, sizeof text - len,
               "segment_rows = 2 AND time_window = {'column': 'time', 'size': '%llds'%s%s}", (long long)of->size_s,
               unit, keep);
    else
      snprintf(text + len, sizeof text - len, "segment_rows = 0");
    plain(w, text);
  }
}

static void random_steps(const shape *of, uint64_t seed) {
  world w = {.of = of, .random = seed, .seed = seed | 1, .now_us = INT64_C(2000000000) * 1000000};
  const char *memory = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp", *longer = getenv("MEDLEY_TEST_LONG");
  char lock[128];
  snprintf(w.folder, sizeof w.folder, "%s/medley-windows-XXXXXX", memory);
  ck_assert_ptr_nonnull(mkdtemp(w.folder));
  snprintf(w.path, sizeof w.path, "%s/db.medley", w.folder);
  for (int i = 0; i < 2; i++) ck_assert_ptr_nonnull(w.text[i] = malloc(TEXT));
  open_file(&w);
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
  close_file(&w);
  printf("%s %s: %llu answers, %llu refused, %llu windows, %llu of them sealed\n", of->type, of->key,
         (unsigned long long)w.compared, (unsigned long long)w.refused, (unsigned long long)w.windows_max,
         (unsigned long long)w.sealed_max);
  ck_assert_uint_gt(w.windows_max, 3);
  ck_assert_uint_gt(w.sealed_max, 0);
  for (int i = 0; i < 2; i++) free(w.text[i]);
  unlink(w.path);
  snprintf(lock, sizeof lock, "%s-lock", w.path);
  unlink(lock);
  rmdir(w.folder);
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
