/* windows.c - the same rows in one table and in one with windows of time: questions whose answers must be equal; and a window that is past.
 *
 * medley-bench-windows [ROWS [WINDOWS]]: events of users in two databases in memory, both sealed. Every question is put to both in turn, five
 * times; medians of processor time. Answers that differ end it with status 1. Then a table of one window of ROWS rows, as records and sealed: the
 * clock is moved until it is past, and it is measured what a reader waits, the first slice of the sweep takes, and all of them. */
#include <inttypes.h>
#include <stdbool.h>
#include <string.h>

#include "bench/dice.h"
#include "bench/table_pair.h"

enum { EVENTS_PER_USER = 100, LOOKUPS = 2000, PARTITIONS = 200 };

#define START_MS INT64_C(1699920000000) /* a day begins */
#define DAY_MS INT64_C(86400000)

/* LAST: when the last day begins. */
static const med_pair_question questions[] = {
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

/* ---- Rows ---- event `row`: its user in turn, its time in order over all windows. */
static int64_t user_of(const med_pair_table *of, uint64_t row) {
  return (int64_t)(row % (of->rows / EVENTS_PER_USER + 1));
}
static int64_t time_of(const med_pair_table *of, uint64_t row) {
  return START_MS + (int64_t)(row * (uint64_t)DAY_MS / of->rows * of->windows);
}

static void bind_insert(const med_pair_table *of, medley_statement *statement, uint64_t row) {
  med_dice dice;
  char kind[16];
  med_dice_init(&dice, 42, 1, row);
  int kind_len = snprintf(kind, sizeof kind, "kind%" PRIu64, med_dice_skewed(&dice, 20));
  medley_bind_integer(statement, 1, user_of(of, row));
  medley_bind_integer(statement, 2, time_of(of, row));
  medley_bind_text(statement, 3, kind, (size_t)kind_len);
  medley_bind_integer(statement, 4, med_dice_between(&dice, 0, 3599));
}

static void bind_lookup(const med_pair_table *of, medley_statement *statement, uint64_t row) {
  medley_bind_integer(statement, 1, user_of(of, row));
  if (medley_bind_count(statement) > 1) medley_bind_integer(statement, 2, time_of(of, row));
}

static void fill(med_pair_table *of, uint64_t rows, uint64_t windows, const char *with) {
  char create[400];
  of->clock_us = START_MS * 1000;
  of->rows = rows;
  of->windows = windows;
  snprintf(create, sizeof create,
           "CREATE TABLE k.events (user bigint, time bigint, kind text, duration int, PRIMARY KEY (user, time))%s",
           with);
  med_pair_fill(of, create, "INSERT INTO k.events (user, time, kind, duration) VALUES (?, ?, ?, ?)", bind_insert);
}

/* ---- Questions ---- */
static void compare(med_pair_table *tables, const med_pair_question *put) {
  char text[300];
  double medians[2];
  med_pair_question asked = *put;
  const char *last = strstr(put->text, "LAST");
  if (last != NULL) {
    snprintf(text, sizeof text, "%.*s%" PRId64 "%s", (int)(last - put->text), put->text,
             START_MS + (int64_t)(tables[0].windows - 1) * DAY_MS, last + 4);
    asked.text = text;
  }
  med_pair_compare(tables, &asked, bind_lookup, medians);
  double scale = 1e6 / (put->lookups > 0 ? put->lookups : 1), whole = medians[0] * scale, windows = medians[1] * scale;
  printf("| %-30s | %12.2f us | %12.2f us | %6.2f |\n", put->name, whole, windows, windows / whole);
  fflush(stdout);
}

/* ---- A window that is past ---- */
static void expire(uint64_t rows, bool sealed) {
  med_pair_table of = {0};
  medley_error error;
  uint64_t sum, slices = 0;
  char answer[MED_PAIR_ANSWER_SIZE];
  int more = 1;
  const med_pair_question count = {"", MEDLEY_LANGUAGE_CQL, "SELECT count(*) FROM k.events", 0};
  char with[160];
  snprintf(with, sizeof with, " WITH %stime_window = {'column': 'time', 'size': '1d', 'unit': 'ms', 'keep': '1d'}",
           sealed ? "" : "segment_rows = 0 AND ");
  fill(&of, rows, 1, with);
  double before = med_pair_ask(&of, &count, NULL, answer, &sum);
  of.clock_us += 2 * DAY_MS * 1000;
  double after = med_pair_ask(&of, &count, NULL, answer, &sum);
  double begin = med_pair_now(), first = 0, longest = 0;
  while (more) {
    double slice = med_pair_now();
    MUST(medley_maintain(of.db, 1, &more, &error) == MEDLEY_OK);
    slice = med_pair_now() - slice;
    if (slices++ == 0) first = slice;
    if (slice > longest) longest = slice;
  }
  printf("| %-8s | %9.3f ms | %9.3f ms | %9.3f ms | %7" PRIu64 " | %9.3f ms | %7.2f s | %8.1f | %6.1f |\n",
         sealed ? "sealed" : "records", before * 1e3, after * 1e3, first * 1e3, slices, longest * 1e3,
         med_pair_now() - begin, (double)of.bytes / 1e6, (double)med_pair_bytes(&of) / 1e6);
  med_pair_close(&of);
}

int main(int argc, char **argv) {
  med_pair_table tables[2] = {0};
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
  for (int i = 0; i < 2; i++) med_pair_close(&tables[i]);
  printf("\n| %" PRIu64
         " rows past | count(*) before | count(*) after | first slice | slices | longest | all slices | MB before | MB "
         "after |\n"
         "|---|---:|---:|---:|---:|---:|---:|---:|---:|\n",
         rows);
  expire(rows, false);
  expire(rows, true);
  return 0;
}
