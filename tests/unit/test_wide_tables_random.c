/* test_wide_tables_random.c - the same random statements of SQL on a wide-column table and on a table of SQL's own, in transactions with
 * savepoints: the same statuses, numbers of changes, contents and answers. Rows are sealed in between, a few together.
 *
 * MEDLEY_TEST_SEED repeats a run, MEDLEY_TEST_LONG=1 makes it fifty times as long. */
#include <stdbool.h>

#include "tests/unit/sealed_rows.h"
#include "tests/unit/session_kit.h"

#define STATEMENTS 4000
#define STATEMENTS_LONG 200000

typedef struct world {
  session_kit kit;
  uint64_t random;
  bool in_transaction;
  int savepoints;
  uint64_t sealed_max, sealings; /* rows that were sealed at one time; how often some were */
} world;

static unsigned below(world *w, unsigned end) { return (unsigned)property_below(&w->random, end); }

static const char *pick(world *w, const char *const *texts, unsigned count) { return texts[below(w, count)]; }
#define PICK(w_, texts_) pick(w_, texts_, (unsigned)(sizeof(texts_) / sizeof *(texts_)))

static const char *const words[] = {"''", "'a'", "'b'", "'ba'", "char(233)"};

static void make_term(world *w, char *text, size_t size) {
  static const char *const operations[] = {"=", "<", "<=", ">", ">="};
  const char *operation = PICK(w, operations), *word = PICK(w, words);
  int a = (int)below(w, 5), c = (int)below(w, 7) - 1, d = (int)below(w, 7) - 1;
  switch (below(w, 11)) {
    case 0: snprintf(text, size, "a = %d", a); break;
    case 1: snprintf(text, size, "a = %d AND b %s %s", a, operation, word); break;
    case 2: snprintf(text, size, "a = %d AND b = %s AND c %s %d", a, word, operation, c); break;
    case 3: snprintf(text, size, "a = %d AND b = %s AND c = %d", a, word, c); break;
    case 4: snprintf(text, size, "a IN (%d, %d) AND b IN (%s, 'b')", a, c, word); break;
    case 5: snprintf(text, size, "a IN (0, %d) AND b >= %s AND b < 'bb'", a, word); break;
    case 6: snprintf(text, size, "v = %d", a); break;
    case 7: snprintf(text, size, "v IS NULL AND c > %d", c); break;
    case 8: snprintf(text, size, "a = %d AND b = %s AND c BETWEEN %d.5 AND %d", a, word, c, d); break;
    case 9: snprintf(text, size, "v IN (1, %d) AND w LIKE '%%a%%'", a); break;
    default: snprintf(text, size, "c %s %d", operation, c); break;
  }
}

static void make_condition(world *w, char *text, size_t size) {
  char one[120], other[120];
  make_term(w, one, sizeof one);
  make_term(w, other, sizeof other);
  if (below(w, 3) == 0)
    snprintf(text, size, "(%s) OR (%s)", one, other);
  else
    snprintf(text, size, "%s", one);
}

static size_t make_rows(world *w, char *text, size_t size) {
  size_t len = 0;
  for (unsigned i = 0, count = 1 + below(w, 3); i < count; i++) {
    const char *v = below(w, 4) == 0 ? "NULL" : below(w, 2) == 0 ? "1" : "2";
    len += (size_t)snprintf(text + len, size - len, "%s(%u, %s, %u, %s, %s)", i > 0 ? ", " : "", below(w, 4),
                            PICK(w, words), below(w, 6), v, below(w, 4) == 0 ? "NULL" : PICK(w, words));
  }
  return len;
}

/* A change, with the table's name left out: %1$s. */
static void make_change(world *w, char *text, size_t size) {
  static const char *const inserts[] = {"INSERT", "INSERT OR IGNORE", "INSERT OR REPLACE"};
  static const char *const settings[] = {"v = v + 1", "v = NULL",     "w = substr(w || 'a', 1, 3), v = 1",
                                         "w = NULL",  "v = c, w = b", "a = a, v = a"};
  char rows[300], condition[260];
  make_condition(w, condition, sizeof condition);
  switch (below(w, 8)) {
    case 0: snprintf(text, size, "DELETE FROM %%1$s WHERE %s", condition); break;
    case 1:
    case 2: snprintf(text, size, "UPDATE %%1$s SET %s WHERE %s", PICK(w, settings), condition); break;
    case 3:
      snprintf(text, size, "%s INTO %%1$s SELECT a, b, (c + 1) %%%% 6, v, w FROM %%1$s WHERE %s", PICK(w, inserts),
               condition);
      break;
    default:
      make_rows(w, rows, sizeof rows);
      snprintf(text, size, "%s INTO %%1$s VALUES %s", PICK(w, inserts), rows);
      break;
  }
}

static void make_query(world *w, char *text, size_t size) {
  static const char *const orders[] = {"a, b, c", "b DESC, a, c", "a, b DESC, c", "a, b, c DESC", "c, b, a"};
  char condition[260];
  make_condition(w, condition, sizeof condition);
  if (below(w, 4) == 0)
    snprintf(text, size,
             "SELECT count(*), sum(y.c), min(x.w) FROM %%1$s x JOIN %%1$s y ON y.a = x.v AND y.b = x.b WHERE x.c < 3");
  else
    snprintf(text, size,
             "SELECT count(*), group_concat(a || b || c || ifnull(v, '-') || ifnull(w, '-')) FROM (SELECT * FROM %%1$s "
             "WHERE %s ORDER BY %s)",
             condition, PICK(w, orders));
}

/* In place of each %1$s the name; %% is one. */
static void fill_in(const char *form, const char *name, char *text, size_t size) {
  size_t len = 0;
  for (; *form != '\0' && len + 1 < size; form++) {
    if (strncmp(form, "%1$s", 4) == 0) {
      len += (size_t)snprintf(text + len, size - len, "%s", name);
      form += 3;
    } else {
      if (strncmp(form, "%%", 2) == 0) form++;
      text[len++] = *form;
    }
  }
  text[len] = '\0';
}

/* The statement on both tables: the same status, rows, changes. */
static void run_both(world *w, const char *form) {
  static const char *const names[] = {"\"shop.t\"", "stock"};
  kit_rows rows[2];
  int rc[2];
  int64_t changes[2];
  char text[800], message[MEDLEY_ERROR_MESSAGE_SIZE] = "";
  for (int i = 0; i < 2; i++) {
    fill_in(form, names[i], text, sizeof text);
    rc[i] = kit_run(w->kit.session, MEDLEY_LANGUAGE_SQL, text, &rows[i]);
    changes[i] = medley_changes(w->kit.session);
    if (i == 0) snprintf(message, sizeof message, "%s", medley_session_error(w->kit.session)->message);
  }
  ck_assert_msg(rc[0] == rc[1], "%s: %s (%s), expected %s", form, medley_status_name(rc[0]), message,
                medley_status_name(rc[1]));
  ck_assert_msg(rc[0] == MEDLEY_OK || rc[0] == MEDLEY_CONSTRAINT, "%s: %s", text, message);
  if (rc[0] != MEDLEY_OK) return;
  ck_assert_msg(strcmp(rows[0].text, rows[1].text) == 0, "%s:\n%sexpected\n%s", form, rows[0].text, rows[1].text);
  ck_assert_msg(changes[0] == changes[1], "%s: %d changes, expected %d", form, (int)changes[0], (int)changes[1]);
}

static void control(world *w) {
  unsigned choice = below(w, 5);
  if (!w->in_transaction) {
    SQL_OK(w->kit.session, "BEGIN");
    w->in_transaction = true;
  } else if (choice == 0 || (choice == 1 && w->savepoints == 0)) {
    SQL_OK(w->kit.session, choice == 0 ? "COMMIT" : "ROLLBACK");
    w->in_transaction = false;
    w->savepoints = 0;
  } else if (choice == 1) {
    SQL_OK(w->kit.session, "RELEASE s");
    w->savepoints--;
  } else if (choice == 2 && w->savepoints > 0) {
    SQL_OK(w->kit.session, "ROLLBACK TO s");
  } else {
    SQL_OK(w->kit.session, "SAVEPOINT s");
    w->savepoints++;
  }
}

static void seal(world *w) {
  if (w->in_transaction || below(w, 20) > 0) return;
  sealed_rows_maintain(w->kit.db);
  uint64_t rows = sealed_rows_count(w->kit.db, "shop", "t");
  if (rows > w->sealed_max) w->sealed_max = rows;
  w->sealings += rows > 0;
}

static void define(world *w) {
  static const char *const definitions[] = {
      "CREATE KEYSPACE shop WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 1}",
      ("CREATE TABLE shop.t (a int, b text, c timestamp, v int, w text, PRIMARY KEY (a, b, c)) "
       "WITH CLUSTERING ORDER BY (b DESC, c ASC) AND segment_rows = 5"),
      "CREATE INDEX ON shop.t (v)"};
  for (size_t i = 0; i < 3; i++) kit_exec(w->kit.session, MEDLEY_LANGUAGE_CQL, definitions[i]);
  SQL_OK(w->kit.session,
         "CREATE TABLE stock (a INTEGER NOT NULL, b TEXT NOT NULL, c INTEGER NOT NULL, v INTEGER, w TEXT, "
         "PRIMARY KEY (a, b, c)); CREATE INDEX stock_v ON stock (v)");
}

static void check(world *w) {
  medley_error error = {0};
  uint64_t problems = 1;
  ck_assert_msg(medley_check(w->kit.db, NULL, NULL, &problems, &error) == MEDLEY_OK, "%s", error.message);
  ck_assert_uint_eq(problems, 0);
}

START_TEST(a_wide_column_table_does_what_a_table_of_sql_does) {
  static const char all[] =
      "SELECT count(*), group_concat(a || b || c || ifnull(v, '-') || ifnull(w, '-')) FROM (SELECT * FROM %1$s ORDER "
      "BY a, b, c)";
  world w = {.random = property_seed("wide_tables_random")};
  char text[600];
  kit_open(&w.kit);
  define(&w);
  const char *is_long = getenv("MEDLEY_TEST_LONG");
  int statements = is_long != NULL && strcmp(is_long, "1") == 0 ? STATEMENTS_LONG : STATEMENTS;
  for (int i = 0; i < statements; i++) {
    seal(&w);
    unsigned choice = below(&w, 10);
    if (choice == 0) {
      control(&w);
    } else if (choice < 5) {
      make_change(&w, text, sizeof text);
      run_both(&w, text);
    } else {
      make_query(&w, text, sizeof text);
      run_both(&w, text);
    }
    if (i % 8 == 0) run_both(&w, all);
  }
  if (w.in_transaction) SQL_OK(w.kit.session, "COMMIT");
  run_both(&w, all);
  check(&w);
  printf("%d statements; rows were sealed %d times, up to %d\n", statements, (int)w.sealings, (int)w.sealed_max);
  ck_assert_msg(w.sealings > 20 && w.sealed_max > 10, "hardly anything was sealed");
  kit_close(&w.kit);
}
END_TEST

PROPERTY_MAIN("wide_tables_random", a_wide_column_table_does_what_a_table_of_sql_does)
