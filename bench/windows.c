/* windows.c - the same rows in one table and in one with windows of time: questions whose answers must be equal; and a window that is past.
 *
 * medley-bench-windows [ROWS [WINDOWS]]: events of users in two databases in memory, both sealed. Every question is put to both in turn, five
 * times; medians of processor time. Answers that differ end it with status 1. Then a table of one window of ROWS rows, as records and sealed: the
 * clock is moved until it is past, and it is measured what a reader waits, the first slice of the sweep takes, and all of them. */
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "bench/dice.h"
#include "engine/medley.h"

enum { ROUNDS = 5, BATCH = 10000, EVENTS_PER_USER = 100, LOOKUPS = 2000, PARTITIONS = 200 };

#define START_MS INT64_C(1699920000000) /* a day begins */
#define DAY_MS INT64_C(86400000)

#define MUST(condition)                                               \
  do {                                                                \
    if (!(condition)) {                                               \
      fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition); \
      exit(1);                                                        \
    }                                                                 \
  } while (0)

/* Lookups bind a user, and a time. */
typedef struct question {
  const char *name;
  medley_language language;
  const char *text;
  int lookups; /* how many; 0: the text alone, over all rows */
} question;

static const question questions[] = {
    {"CQL: row by key", MEDLEY_LANGUAGE_CQL, "SELECT kind, duration FROM k.events WHERE user = ? AND time = ?",
     LOOKUPS},
    {"CQL: partition", MEDLEY_LANGUAGE_CQL, "SELECT time, duration FROM k.events WHERE user = ?", PARTITIONS},
    {"CQL: its last 20 rows", MEDLEY_LANGUAGE_CQL,
     "SELECT time, duration FROM k.events WHERE user = ? ORDER BY time DESC LIMIT 20", PARTITIONS},
    {"CQL: 20 rows from a time on", MEDLEY_LANGUAGE_CQL,
     "SELECT time, duration FROM k.events WHERE user = ? AND time >= ? LIMIT 20", PARTITIONS},
    {"CQL: count(*), sum(duration)", MEDLEY_LANGUAGE_CQL, "SELECT count(*), sum(duration) FROM k.events", 0},
    {"SQL: count and avg by kind", MEDLEY_LANGUAGE_SQL,
     "SELECT kind, count(*), avg(duration) FROM \"k.events\" GROUP BY kind ORDER BY kind", 0},
    {"SQL: the same of the last day", MEDLEY_LANGUAGE_SQL,
     "SELECT kind, count(*), avg(duration) FROM \"k.events\" WHERE time >= LAST GROUP BY kind ORDER BY kind", 0},
    {"CQL: all rows by tokens", MEDLEY_LANGUAGE_CQL, "SELECT user, time, duration FROM k.events", 0},
};

typedef struct table {
  medley *db;
  medley_session *session;
  int64_t clock_us;
  uint64_t rows, windows, bytes;
  double ingest_s, seal_s;
} table;

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static int64_t read_clock(void *context) { return *(int64_t *)context; }

static void run(table *of, const char *cql) {
  if (medley_exec(of->session, MEDLEY_LANGUAGE_CQL, cql, strlen(cql), NULL, NULL) == MEDLEY_OK) return;
  fprintf(stderr, "%s: %s\n", cql, medley_session_error(of->session)->message);
  exit(1);
}

static medley_statement *prepare(table *of, medley_language language, const char *text) {
  medley_statement *statement;
  if (medley_prepare(of->session, language, text, strlen(text), &statement, NULL) == MEDLEY_OK) return statement;
  fprintf(stderr, "%s: %s\n", text, medley_session_error(of->session)->message);
  exit(1);
}

/* ---- Rows ---- event `row`: its user in turn, its time in order over all windows. */
static int64_t user_of(const table *of, uint64_t row) { return (int64_t)(row % (of->rows / EVENTS_PER_USER + 1)); }
static int64_t time_of(const table *of, uint64_t row) {
  return START_MS + (int64_t)(row * (uint64_t)DAY_MS / of->rows * of->windows);
}

static void insert(table *of, medley_statement *statement, uint64_t row) {
  med_dice dice;
  char kind[16];
  med_dice_init(&dice, 42, 1, row);
  int kind_len = snprintf(kind, sizeof kind, "kind%" PRIu64, med_dice_skewed(&dice, 20));
  medley_bind_integer(statement, 1, user_of(of, row));
  medley_bind_integer(statement, 2, time_of(of, row));
  medley_bind_text(statement, 3, kind, (size_t)kind_len);
  medley_bind_integer(statement, 4, med_dice_between(&dice, 0, 3599));
  MUST(medley_step(statement) == MEDLEY_DONE);
  medley_reset(statement);
}

static uint64_t bytes_used(table *of) {
  medley_stats stats;
  medley_error error;
  MUST(medley_stat(of->db, &stats, &error) == MEDLEY_OK);
  return stats.used_bytes;
}

static void fill(table *of, uint64_t rows, uint64_t windows, const char *with) {
  medley_options options;
  medley_error error;
  char cql[400];
  int more = 1;
  medley_options_init(&options);
  options.flags |= MEDLEY_OPEN_MEMORY;
  options.clock_us = read_clock;
  options.clock_context = &of->clock_us;
  of->clock_us = START_MS * 1000;
  of->rows = rows;
  of->windows = windows;
  MUST(medley_open("", &options, &of->db, &error) == MEDLEY_OK);
  MUST(medley_session_open(of->db, &of->session, &error) == MEDLEY_OK);
  run(of, "CREATE KEYSPACE k WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 1}");
  snprintf(cql, sizeof cql,
           "CREATE TABLE k.events (user bigint, time bigint, kind text, duration int, PRIMARY KEY (user, time))%s",
           with);
  run(of, cql);
  medley_statement *statement =
      prepare(of, MEDLEY_LANGUAGE_CQL, "INSERT INTO k.events (user, time, kind, duration) VALUES (?, ?, ?, ?)");
  double begin = now();
  for (uint64_t row = 0; row < rows;) {
    MUST(medley_begin(of->session, MEDLEY_WRITE) == MEDLEY_OK);
    for (int i = 0; i < BATCH && row < rows; i++) insert(of, statement, row++);
    MUST(medley_commit(of->session) == MEDLEY_OK);
  }
  of->ingest_s = now() - begin;
  medley_statement_close(statement);
  begin = now();
  while (more) MUST(medley_maintain(of->db, 10000000, &more, &error) == MEDLEY_OK);
  of->seal_s = now() - begin;
  of->bytes = bytes_used(of);
}

static void close_table(table *of) {
  MUST(medley_session_close(of->session) == MEDLEY_OK);
  MUST(medley_close(of->db) == MEDLEY_OK);
}

/* ---- Questions ---- */
/* Seconds; *sum: of all that was answered. */
static double ask(table *of, const question *put, uint64_t *sum) {
  med_dice dice;
  char text[300];
  int rc = MEDLEY_OK;
  const char *last = strstr(put->text, "LAST");
  *sum = 0;
  med_dice_init(&dice, 42, 2, 0);
  if (last != NULL)
    snprintf(text, sizeof text, "%.*s%" PRId64 "%s", (int)(last - put->text), put->text,
             START_MS + (int64_t)(of->windows - 1) * DAY_MS, last + 4);
  else
    snprintf(text, sizeof text, "%s", put->text);
  medley_statement *statement = prepare(of, put->language, text);
  double begin = now();
  for (int i = 0; i < (put->lookups > 0 ? put->lookups : 1); i++) {
    uint64_t row = med_dice_below(&dice, of->rows);
    if (put->lookups > 0) medley_bind_integer(statement, 1, user_of(of, row));
    if (medley_bind_count(statement) > 1) medley_bind_integer(statement, 2, time_of(of, row));
    while ((rc = medley_step(statement)) == MEDLEY_ROW) {
      for (int column = 0; column < medley_column_count(statement); column++) {
        for (const char *at = medley_column_text(statement, column); *at != '\0'; at++)
          *sum = *sum * 31 + (unsigned char)*at;
      }
    }
    if (rc != MEDLEY_DONE) fprintf(stderr, "%s: %s\n", text, medley_session_error(of->session)->message);
    MUST(rc == MEDLEY_DONE);
    medley_reset(statement);
  }
  double seconds = now() - begin;
  medley_statement_close(statement);
  return seconds;
}

static int by_size(const void *a, const void *b) {
  double left = *(const double *)a, right = *(const double *)b;
  return (left > right) - (left < right);
}

static void compare(table *tables, const question *put) {
  double times[2][ROUNDS];
  uint64_t sums[2];
  for (int round = 0; round < ROUNDS; round++) {
    for (int i = 0; i < 2; i++) times[i][round] = ask(&tables[i], put, &sums[i]);
    if (sums[0] == sums[1]) continue;
    fprintf(stderr, "%s: the answers differ\n", put->name);
    exit(1);
  }
  for (int i = 0; i < 2; i++) qsort(times[i], ROUNDS, sizeof times[i][0], by_size);
  double scale = 1e6 / (put->lookups > 0 ? put->lookups : 1), whole = times[0][ROUNDS / 2] * scale;
  double windows = times[1][ROUNDS / 2] * scale;
  printf("| %-30s | %12.2f us | %12.2f us | %6.2f |\n", put->name, whole, windows, windows / whole);
  fflush(stdout);
}

/* ---- A window that is past ---- */
static void expire(uint64_t rows, bool sealed) {
  table of = {0};
  medley_error error;
  uint64_t sum, slices = 0;
  int more = 1;
  const question count = {"", MEDLEY_LANGUAGE_CQL, "SELECT count(*) FROM k.events", 0};
  char with[160];
  snprintf(with, sizeof with, " WITH %stime_window = {'column': 'time', 'size': '1d', 'unit': 'ms', 'keep': '1d'}",
           sealed ? "" : "segment_rows = 0 AND ");
  fill(&of, rows, 1, with);
  double before = ask(&of, &count, &sum);
  of.clock_us += 2 * DAY_MS * 1000;
  double after = ask(&of, &count, &sum);
  double begin = now(), first = 0, longest = 0;
  while (more) {
    double slice = now();
    MUST(medley_maintain(of.db, 1, &more, &error) == MEDLEY_OK);
    slice = now() - slice;
    if (slices++ == 0) first = slice;
    if (slice > longest) longest = slice;
  }
  printf("| %-8s | %9.3f ms | %9.3f ms | %9.3f ms | %7" PRIu64 " | %9.3f ms | %7.2f s | %8.1f | %6.1f |\n",
         sealed ? "sealed" : "records", before * 1e3, after * 1e3, first * 1e3, slices, longest * 1e3, now() - begin,
         (double)of.bytes / 1e6, (double)bytes_used(&of) / 1e6);
  close_table(&of);
}

int main(int argc, char **argv) {
  table tables[2] = {0};
  char with[160];
  uint64_t rows = argc > 1 ? strtoull(argv[1], NULL, 10) : 1000000;
  uint64_t windows = argc > 2 ? strtoull(argv[2], NULL, 10) : 100;
  if (rows < 1000 || windows < 1) {
    fprintf(stderr, "usage: medley-bench-windows [ROWS [WINDOWS]], 1000 rows at least\n");
    return 2;
  }
  /* As many rows a segment as a window has at most, so that windows are sealed, too. */
  uint64_t segment_rows = rows / windows / 8 < 16384 ? rows / windows / 8 + 1 : 16384;
  snprintf(with, sizeof with, " WITH segment_rows = %" PRIu64, segment_rows);
  fill(&tables[0], rows, windows, with);
  snprintf(with, sizeof with,
           " WITH segment_rows = %" PRIu64 " AND time_window = {'column': 'time', 'size': '1d', 'unit': 'ms'}",
           segment_rows);
  fill(&tables[1], rows, windows, with);
  printf("%" PRIu64 " rows, %" PRIu64 " windows | one table | windows\nbytes a row        | %7.1f | %6.1f\n", rows,
         windows, (double)tables[0].bytes / (double)rows, (double)tables[1].bytes / (double)rows);
  printf("inserted, M rows/s | %7.3f | %6.3f\nsealed, M rows/s   | %7.3f | %6.3f\n\n",
         (double)rows / 1e6 / tables[0].ingest_s, (double)rows / 1e6 / tables[1].ingest_s,
         (double)rows / 1e6 / tables[0].seal_s, (double)rows / 1e6 / tables[1].seal_s);
  printf("| question                       | one table       | windows         | times  |\n|---|---:|---:|---:|\n");
  for (size_t i = 0; i < sizeof questions / sizeof questions[0]; i++) compare(tables, &questions[i]);
  for (int i = 0; i < 2; i++) close_table(&tables[i]);
  printf("\n| %" PRIu64
         " rows past | count(*) before | count(*) after | first slice | slices | longest | all slices | MB before | MB "
         "after |\n"
         "|---|---:|---:|---:|---:|---:|---:|---:|---:|\n",
         rows);
  expire(rows, false);
  expire(rows, true);
  return 0;
}
