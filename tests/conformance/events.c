/* events.c - review events of a real site in a wide-column table, loaded by `medley load`, and questions about them.
 *
 *   events MEDLEY CSV [--rows N]
 *
 * CSV has the columns reviewerId, vendorId, rating, date. Its first N rows (default 40,000; 0: all) go into a wide-column table with the
 * program MEDLEY, and, by code of this file, into a table of a stock SQLite. Each question is asked in CQL, in SQL of Medley's, and
 * of the stock table: the answers must be the same, before and after the rows are sealed. Then rows are changed on both sides, and the
 * questions are asked again. Ends with `N passed, N failed`. */
#include <sqlite3.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "engine/medley.h"

#define ROWS_DEFAULT 40000

typedef struct rows {
  char **lines;
  size_t count;
} rows;

typedef struct world {
  char folder[64], database[96], csv[96];
  medley *db;
  medley_session *session;
  sqlite3 *stock;
  int passed, failed;
} world;

/* CQL or SQL may be NULL. Times are milliseconds. */
typedef struct question {
  const char *name, *cql, *sql, *stock;
  bool sorted; /* the order of the rows does not count */
} question;

#define MS "CAST(strftime('%s', date) AS INTEGER) * 1000"

static const question questions[] = {
    {"how many events are there?", "SELECT count(*) FROM site.review", "SELECT count(*) FROM \"site.review\"",
     "SELECT count(*) FROM review", false},
    {"the last twenty of a vendor",
     "SELECT toUnixTimestamp(date), reviewerid, rating FROM site.review WHERE vendorid = 3 LIMIT 20",
     "SELECT date, reviewerid, rating FROM \"site.review\" WHERE vendorid = 3 ORDER BY date DESC, reviewerid LIMIT 20",
     "SELECT " MS ", reviewerid, rating FROM review WHERE vendorid = 3 ORDER BY date DESC, reviewerid LIMIT 20", false},
    {"the first ten of a vendor",
     "SELECT toUnixTimestamp(date), reviewerid FROM site.review WHERE vendorid = 1 ORDER BY date ASC, reviewerid DESC "
     "LIMIT 10",
     "SELECT date, reviewerid FROM \"site.review\" WHERE vendorid = 1 ORDER BY date, reviewerid DESC LIMIT 10",
     "SELECT " MS ", reviewerid FROM review WHERE vendorid = 1 ORDER BY date, reviewerid DESC LIMIT 10", false},
    {"a month of a vendor",
     "SELECT count(*), sum(rating), min(rating), max(rating), toUnixTimestamp(max(date)) FROM site.review WHERE "
     "vendorid = 2 AND date >= '2006-05-01' AND date < '2006-06-01'",
     "SELECT count(*), sum(rating), min(rating), max(rating), max(date) FROM \"site.review\" WHERE vendorid = 2 AND "
     "date "
     ">= strftime('%s', '2006-05-01') * 1000 AND date < strftime('%s', '2006-06-01') * 1000",
     "SELECT count(*), sum(rating), min(rating), max(rating), max(" MS ") FROM review WHERE vendorid = 2 AND date >= "
     "'2006-05-01' AND date < '2006-06-01'",
     false},
    {"a day of three vendors",
     "SELECT vendorid, reviewerid FROM site.review WHERE vendorid IN (1, 2, 5) AND date >= '2006-05-04' AND date < "
     "'2006-05-05'",
     "SELECT vendorid, reviewerid FROM \"site.review\" WHERE vendorid IN (1, 2, 5) AND date >= strftime('%s', "
     "'2006-05-04') "
     "* 1000 AND date < strftime('%s', '2006-05-05') * 1000",
     "SELECT vendorid, reviewerid FROM review WHERE vendorid IN (1, 2, 5) AND date >= '2006-05-04' AND date < "
     "'2006-05-05'",
     true},
    {"each vendor", "SELECT vendorid, count(*), sum(rating) FROM site.review GROUP BY vendorid",
     "SELECT vendorid, count(*), sum(rating) FROM \"site.review\" GROUP BY vendorid",
     "SELECT vendorid, count(*), sum(rating) FROM review GROUP BY vendorid", true},
    {"the newest review of each vendor",
     "SELECT vendorid, toUnixTimestamp(date), reviewerid FROM site.review PER PARTITION LIMIT 1",
     "SELECT vendorid, date, min(reviewerid) FROM \"site.review\" a WHERE date = (SELECT max(date) FROM "
     "\"site.review\" b "
     "WHERE b.vendorid = a.vendorid) GROUP BY vendorid",
     "SELECT vendorid, " MS
     ", min(reviewerid) FROM review a WHERE date = (SELECT max(date) FROM review b WHERE b.vendorid "
     "= a.vendorid) GROUP BY vendorid",
     true},
    {"one star", "SELECT vendorid, reviewerid FROM site.review WHERE rating = 1 ALLOW FILTERING",
     "SELECT vendorid, reviewerid FROM \"site.review\" WHERE rating = 1",
     "SELECT vendorid, reviewerid FROM review WHERE rating = 1", true},
    {"per hour of the day", NULL,
     "SELECT strftime('%H', date / 1000, 'unixepoch') AS hour, count(*), sum(rating) FROM \"site.review\" GROUP BY "
     "hour",
     "SELECT strftime('%H', date) AS hour, count(*), sum(rating) FROM review GROUP BY hour", false},
    {"per month and rating", NULL,
     "SELECT strftime('%Y-%m', date / 1000, 'unixepoch') AS month, rating, count(*) FROM \"site.review\" GROUP BY "
     "month, "
     "rating ORDER BY month, rating",
     "SELECT strftime('%Y-%m', date) AS month, rating, count(*) FROM review GROUP BY month, rating ORDER BY month, "
     "rating",
     false},
    {"the vendors' names, by reviews", NULL,
     "SELECT name, count(*) AS n FROM vendor JOIN \"site.review\" ON vendorid = vendor.id WHERE vendor.id < 20 GROUP "
     "BY "
     "vendor.id ORDER BY n DESC, name",
     "SELECT name, count(*) AS n FROM vendor JOIN review ON vendorid = vendor.id WHERE vendor.id < 20 GROUP BY "
     "vendor.id "
     "ORDER BY n DESC, name",
     false},
    {"who wrote most", NULL,
     "SELECT reviewerid, count(*) AS n FROM \"site.review\" GROUP BY reviewerid ORDER BY n DESC, reviewerid LIMIT 20",
     "SELECT reviewerid, count(*) AS n FROM review GROUP BY reviewerid ORDER BY n DESC, reviewerid LIMIT 20", false},
};

/* What is done to both sides: in CQL or SQL, and to the stock table. */
static const question changes[] = {
    {"old reviews of a vendor go", "DELETE FROM site.review WHERE vendorid = 3 AND date < '2006-04-20'", NULL,
     "DELETE FROM review WHERE vendorid = 3 AND date < '2006-04-20'", false},
    {"a vendor goes", "DELETE FROM site.review WHERE vendorid = 4", NULL, "DELETE FROM review WHERE vendorid = 4",
     false},
    {"ratings are corrected", NULL,
     "UPDATE \"site.review\" SET rating = rating + 1 WHERE vendorid IN (1, 2) AND rating < 5 AND date > strftime('%s', "
     "'2006-05-01') * 1000",
     "UPDATE review SET rating = rating + 1 WHERE vendorid IN (1, 2) AND rating < 5 AND date > '2006-05-01'", false},
    {"one star is not counted", NULL, "DELETE FROM \"site.review\" WHERE rating = 1 AND vendorid < 50",
     "DELETE FROM review WHERE rating = 1 AND vendorid < 50", false},
    {"a review is written",
     "INSERT INTO site.review (vendorid, date, reviewerid, rating) VALUES (1, '2033-01-01', 7, 5)", NULL,
     "INSERT INTO review VALUES (1, '2033-01-01 00:00', 7, 5)", false},
};

/* Every column of every row has a part in it. */
static const question all_of_it = {
    "what a change leaves behind", NULL,
    "SELECT count(*), sum(rating), sum(vendorid), sum(reviewerid), sum(date), sum((vendorid * 7 + reviewerid) % 1009 * "
    "(date / 60000 % 1013 + rating)) FROM \"site.review\"",
    "SELECT count(*), sum(rating), sum(vendorid), sum(reviewerid), sum(" MS
    "), sum((vendorid * 7 + reviewerid) % 1009 "
    "* ((" MS ") / 60000 % 1013 + rating)) FROM review",
    false};

static void *must(void *memory) {
  if (memory != NULL) return memory;
  fputs("out of memory\n", stderr);
  exit(2);
}

static bool fail(world *w, const char *what, const char *why) {
  w->failed++;
  printf("FAILED: %s: %s\n", what, why);
  return false;
}

/* ---- Answers ---- */
static void add_cell(char **line, const char *cell) {
  size_t len = *line != NULL ? strlen(*line) : 0;
  char *longer = must(realloc(*line, len + strlen(cell) + 2));
  sprintf(longer + len, "%s%s", len > 0 ? "\t" : "", cell);
  *line = longer;
}

static void add_line(rows *to, char *line) {
  to->lines = must(realloc(to->lines, (to->count + 1) * sizeof *to->lines));
  to->lines[to->count++] = line;
}

static void rows_clear(rows *of) {
  for (size_t i = 0; i < of->count; i++) free(of->lines[i]);
  free(of->lines);
  *of = (rows){0};
}

static bool ask(world *w, medley_language language, const char *text, rows *answer) {
  medley_statement *statement = NULL;
  int rc = medley_prepare(w->session, language, text, strlen(text), &statement, NULL);
  while (rc == MEDLEY_OK && (rc = medley_step(statement)) == MEDLEY_ROW) {
    char *line = NULL;
    for (int i = 0; i < medley_column_count(statement); i++) {
      const char *cell = medley_column_text(statement, i);
      add_cell(&line, cell != NULL ? cell : "");
    }
    add_line(answer, line);
    rc = MEDLEY_OK;
  }
  medley_statement_close(statement);
  return rc == MEDLEY_DONE || fail(w, text, medley_session_error(w->session)->message);
}

static bool ask_stock(world *w, const char *text, rows *answer) {
  sqlite3_stmt *statement = NULL;
  int code = sqlite3_prepare_v2(w->stock, text, -1, &statement, NULL);
  while (code == SQLITE_OK && (code = sqlite3_step(statement)) == SQLITE_ROW) {
    char *line = NULL;
    for (int i = 0; i < sqlite3_column_count(statement); i++) {
      const char *cell = (const char *)sqlite3_column_text(statement, i);
      add_cell(&line, cell != NULL ? cell : "");
    }
    add_line(answer, line);
    code = SQLITE_OK;
  }
  sqlite3_finalize(statement);
  return code == SQLITE_DONE || fail(w, text, sqlite3_errmsg(w->stock));
}

static int compare_lines(const void *a, const void *b) { return strcmp(*(char *const *)a, *(char *const *)b); }

static void judge(world *w, const question *asked, const char *language, rows *found, rows *expected) {
  bool same = found->count == expected->count && expected->count > 0;
  if (asked->sorted && same) qsort(found->lines, found->count, sizeof *found->lines, compare_lines);
  for (size_t i = 0; same && i < found->count; i++) {
    same = strcmp(found->lines[i], expected->lines[i]) == 0;
    if (!same) printf("  row %zu: found %s, expected %s\n", i + 1, found->lines[i], expected->lines[i]);
  }
  if (same)
    w->passed++;
  else
    printf("  %s: %zu rows, expected %zu\n", language, found->count, expected->count);
  if (!same) fail(w, asked->name, "another answer");
}

static void ask_question(world *w, const question *asked) {
  rows expected = {0}, found = {0};
  if (!ask_stock(w, asked->stock, &expected)) return;
  if (asked->sorted) qsort(expected.lines, expected.count, sizeof *expected.lines, compare_lines);
  if (asked->cql != NULL && ask(w, MEDLEY_LANGUAGE_CQL, asked->cql, &found)) judge(w, asked, "CQL", &found, &expected);
  rows_clear(&found);
  if (ask(w, MEDLEY_LANGUAGE_SQL, asked->sql, &found)) judge(w, asked, "SQL", &found, &expected);
  rows_clear(&found);
  rows_clear(&expected);
}

/* It must change something, the same number of rows on both sides where Medley tells (CQL does not), and leave the same behind. */
static void make_change(world *w, const question *change) {
  rows none = {0};
  bool cql = change->cql != NULL;
  if (!ask(w, cql ? MEDLEY_LANGUAGE_CQL : MEDLEY_LANGUAGE_SQL, cql ? change->cql : change->sql, &none) ||
      !ask_stock(w, change->stock, &none))
    return;
  rows_clear(&none);
  int64_t changed = medley_changes(w->session), expected = sqlite3_changes64(w->stock);
  if (expected == 0) fail(w, change->name, "nothing is changed");
  if (!cql && changed != expected) {
    printf("  %lld rows changed, expected %lld\n", (long long)changed, (long long)expected);
    fail(w, change->name, "another number of rows");
  }
  ask_question(w, &all_of_it);
}

/* ---- Loading ---- */
/* The first rows into a file of their own, and into the stock table. */
static bool read_events(world *w, const char *path, long row_count) {
  char line[256];
  FILE *from = fopen(path, "r"), *to = fopen(w->csv, "w");
  sqlite3_stmt *insert = NULL;
  long count = -1;
  bool fine = from != NULL && to != NULL &&
              sqlite3_exec(w->stock,
                           "CREATE TABLE review (vendorid INTEGER, date TEXT, reviewerid INTEGER, rating INTEGER, "
                           "PRIMARY KEY (vendorid, date, reviewerid)); BEGIN",
                           NULL, NULL, NULL) == SQLITE_OK &&
              sqlite3_prepare_v2(w->stock, "REPLACE INTO review VALUES (?, ?, ?, ?)", -1, &insert, NULL) == SQLITE_OK;
  while (fine && (row_count == 0 || count < row_count) && fgets(line, sizeof line, from) != NULL) {
    int reviewer, vendor, rating;
    char date[32];
    fputs(line, to);
    if (count++ < 0) continue; /* the names */
    fine = sscanf(line, "%d,%d,%d,%16[^\r\n]", &reviewer, &vendor, &rating, date) == 4;
    sqlite3_bind_int(insert, 1, vendor);
    sqlite3_bind_text(insert, 2, date, -1, SQLITE_TRANSIENT);
    sqlite3_bind_int(insert, 3, reviewer);
    sqlite3_bind_int(insert, 4, rating);
    fine = fine && sqlite3_step(insert) == SQLITE_DONE && sqlite3_reset(insert) == SQLITE_OK;
  }
  sqlite3_finalize(insert);
  if (from != NULL) fclose(from);
  if (to != NULL && fclose(to) != 0) fine = false;
  return (fine && count > 0 && sqlite3_exec(w->stock, "COMMIT", NULL, NULL, NULL) == SQLITE_OK) ||
         fail(w, path, "the events cannot be read");
}

static bool open_database(world *w) {
  medley_options options;
  medley_error error = {0};
  medley_options_init(&options);
  int rc = medley_open(w->database, &options, &w->db, &error);
  if (rc == MEDLEY_OK) rc = medley_session_open(w->db, &w->session, &error);
  return rc == MEDLEY_OK || fail(w, w->database, error.message);
}

static bool close_database(world *w) {
  int rc = medley_session_close(w->session);
  if (rc == MEDLEY_OK) rc = medley_close(w->db);
  w->session = NULL;
  w->db = NULL;
  return rc == MEDLEY_OK || fail(w, w->database, "the database cannot be closed");
}

static bool define(world *w) {
  static const char *const statements[] = {
      "CREATE KEYSPACE site WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 1}",
      "CREATE TABLE site.review (vendorid int, date timestamp, reviewerid int, rating int, PRIMARY KEY (vendorid, "
      "date, "
      "reviewerid)) WITH CLUSTERING ORDER BY (date DESC, reviewerid ASC) AND segment_rows = 4096"};
  rows none = {0};
  bool fine = open_database(w);
  for (size_t i = 0; fine && i < 2; i++) fine = ask(w, MEDLEY_LANGUAGE_CQL, statements[i], &none);
  return fine && close_database(w);
}

static bool load(world *w, const char *program) {
  int status = 0;
  fflush(stdout);
  pid_t child = fork();
  if (child == 0) {
    execl(program, program, "load", w->database, "--table", "site.review", w->csv, (char *)NULL);
    _exit(127);
  }
  bool fine = child > 0 && waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0;
  w->passed += fine;
  return fine || fail(w, "medley load", "it ended with another status than 0");
}

static bool make_vendors(world *w) {
  static const char sql[] =
      "CREATE TABLE vendor (id INTEGER PRIMARY KEY, name TEXT); INSERT INTO vendor WITH RECURSIVE n(i) AS (SELECT 0 "
      "UNION "
      "ALL SELECT i + 1 FROM n WHERE i < 300) SELECT i, 'vendor ' || i FROM n";
  return (medley_exec(w->session, MEDLEY_LANGUAGE_SQL, sql, strlen(sql), NULL, NULL) == MEDLEY_OK &&
          sqlite3_exec(w->stock, sql, NULL, NULL, NULL) == SQLITE_OK) ||
         fail(w, "vendors", "they cannot be made");
}

static void ask_all(world *w) {
  for (size_t i = 0; i < sizeof questions / sizeof questions[0]; i++) ask_question(w, &questions[i]);
}

static void check(world *w) {
  uint64_t problems = 0;
  medley_error error = {0};
  if (medley_check(w->db, NULL, NULL, &problems, &error) != MEDLEY_OK || problems > 0)
    fail(w, "medley_check", error.message);
  else
    w->passed++;
}

static uint64_t bytes_used(world *w) {
  medley_stats stats = {0};
  medley_error error = {0};
  if (medley_stat(w->db, &stats, &error) != MEDLEY_OK) fail(w, "medley_stat", error.message);
  return stats.other_bytes;
}

/* The rows come to rest and are sealed: they take less room then. */
static void seal(world *w) {
  medley_error error = {0};
  int more = 1, rc = MEDLEY_OK;
  uint64_t before = bytes_used(w);
  while (rc == MEDLEY_OK && more) rc = medley_maintain(w->db, 100000, &more, &error);
  printf("%llu KiB, sealed %llu KiB\n", (unsigned long long)before / 1024, (unsigned long long)bytes_used(w) / 1024);
  if (rc != MEDLEY_OK)
    fail(w, "medley_maintain", error.message);
  else if (bytes_used(w) > before / 2)
    fail(w, "medley_maintain", "the rows are not sealed");
  else
    w->passed++;
}

static void run(world *w, const char *program, const char *csv, long row_count) {
  if (sqlite3_open(":memory:", &w->stock) != SQLITE_OK || !read_events(w, csv, row_count)) return;
  if (!define(w) || !load(w, program) || !load(w, program)) return; /* twice: rows of the same key are the same rows */
  if (!open_database(w) || !make_vendors(w)) return;
  ask_all(w);
  seal(w);
  ask_all(w);
  for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) make_change(w, &changes[i]);
  ask_all(w);
  check(w);
  close_database(w);
}

int main(int argc, char **argv) {
  world w = {.folder = "/tmp/medley-events-XXXXXX"};
  bool counted = argc == 5 && strcmp(argv[3], "--rows") == 0;
  if ((argc != 3 && !counted) || mkdtemp(w.folder) == NULL) {
    fputs("usage: events MEDLEY CSV [--rows N]\n", stderr);
    return 2;
  }
  snprintf(w.database, sizeof w.database, "%s/events.medley", w.folder);
  snprintf(w.csv, sizeof w.csv, "%s/events.csv", w.folder);
  run(&w, argv[1], argv[2], counted ? strtol(argv[4], NULL, 10) : ROWS_DEFAULT);
  sqlite3_close(w.stock);
  char lock[128];
  snprintf(lock, sizeof lock, "%s-lock", w.database);
  unlink(lock);
  unlink(w.database);
  unlink(w.csv);
  rmdir(w.folder);
  printf("%d passed, %d failed\n", w.passed, w.failed);
  return w.failed == 0 && w.passed > 0 ? 0 : 1;
}
