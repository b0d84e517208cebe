/* sealed.c - the same rows as records and sealed: room, ingest, and questions whose answers must be equal.
 *
 * medley-bench-sealed [ROWS [QUESTION]]: events of users in two tables of two databases in memory; in one of them rows are sealed, in the other
 * never. Every question, or those that have QUESTION in their names, is put to both in turn, five times; medians of processor time. Answers that
 * differ end it with status 1. */
#include <inttypes.h>
#include <string.h>

#include "bench/dice.h"
#include "bench/table_pair.h"

enum { EVENTS_PER_USER = 80, LOOKUPS = 2000, PARTITIONS = 200, INSERTS = 5000 };

#define INSERT "INSERT INTO k.events (user, time, kind, duration, page, price, number) VALUES (?, ?, ?, ?, ?, ?, ?)"

/* Not a question but a name for its line. */
static const med_pair_question inserts = {"CQL: new row in an old partition", MEDLEY_LANGUAGE_CQL, INSERT, INSERTS};

static const med_pair_question questions[] = {
    {"CQL: count(*)", MEDLEY_LANGUAGE_CQL, "SELECT count(*) FROM k.events", 0},
    {"CQL: sum(duration)", MEDLEY_LANGUAGE_CQL, "SELECT sum(duration) FROM k.events", 0},
    {"CQL: avg(price)", MEDLEY_LANGUAGE_CQL, "SELECT avg(price) FROM k.events", 0},
    {"CQL: sum of the half below a constant", MEDLEY_LANGUAGE_CQL,
     "SELECT count(*), sum(duration) FROM k.events WHERE duration < 1800 ALLOW FILTERING", 0},
    {"CQL: count of one kind", MEDLEY_LANGUAGE_CQL,
     "SELECT count(*) FROM k.events WHERE kind = 'kind7' ALLOW FILTERING", 0},
    {"CQL: sum of what no row has", MEDLEY_LANGUAGE_CQL,
     "SELECT sum(duration) FROM k.events WHERE number > 2000000000 ALLOW FILTERING", 0},
    {"SQL: count(*)", MEDLEY_LANGUAGE_SQL, "SELECT count(*) FROM \"k.events\"", 0},
    {"SQL: sum(duration)", MEDLEY_LANGUAGE_SQL, "SELECT sum(duration) FROM \"k.events\"", 0},
    {"SQL: count and avg by kind", MEDLEY_LANGUAGE_SQL,
     "SELECT kind, count(*), avg(duration) FROM \"k.events\" GROUP BY kind ORDER BY kind", 0},
    {"SQL: the same of a tenth of the rows", MEDLEY_LANGUAGE_SQL,
     "SELECT kind, count(*), avg(duration) FROM \"k.events\" WHERE duration < 360 GROUP BY kind ORDER BY kind", 0},
    {"SQL: sum of what few rows have", MEDLEY_LANGUAGE_SQL,
     "SELECT count(*), sum(duration) FROM \"k.events\" WHERE kind = 'kind7' AND price > 490.0", 0},
    {"SQL: largest time of a key", MEDLEY_LANGUAGE_SQL, "SELECT max(user), max(time) FROM \"k.events\"", 0},
    {"CQL: row by key", MEDLEY_LANGUAGE_CQL, "SELECT kind, duration, page FROM k.events WHERE user = ? AND time = ?",
     LOOKUPS},
    {"CQL: all of a row by key", MEDLEY_LANGUAGE_CQL, "SELECT * FROM k.events WHERE user = ? AND time = ?", LOOKUPS},
    {"CQL: partition", MEDLEY_LANGUAGE_CQL, "SELECT kind, duration, page FROM k.events WHERE user = ?", PARTITIONS},
    {"CQL: 25 rows of a partition", MEDLEY_LANGUAGE_CQL,
     "SELECT kind, duration, page FROM k.events WHERE user = ? AND time >= ? LIMIT 25", PARTITIONS},
};

/* ---- Rows ---- event `row`: its user in turn, its time in its user's order. */
static int64_t user_of(uint64_t row, uint64_t rows) { return (int64_t)(row % (rows / EVENTS_PER_USER + 1)); }
static int64_t time_of(uint64_t row) { return INT64_C(1700000000000) + (int64_t)row * 250; }

/* `late`: milliseconds behind its own time, where no other row is. */
static void bind_row(const med_pair_table *of, medley_statement *statement, uint64_t row, int late) {
  med_dice dice;
  char kind[16], page[48];
  med_dice_init(&dice, 42, 1, row);
  int kind_len = snprintf(kind, sizeof kind, "kind%" PRIu64, med_dice_skewed(&dice, 20));
  int page_len = snprintf(page, sizeof page, "/shop/item/%" PRIu64 "/view", med_dice_below(&dice, 27000));
  medley_bind_integer(statement, 1, user_of(row, of->rows));
  medley_bind_integer(statement, 2, time_of(row) + late);
  medley_bind_text(statement, 3, kind, (size_t)kind_len);
  medley_bind_integer(statement, 4, med_dice_between(&dice, 0, 3599));
  medley_bind_text(statement, 5, page, (size_t)page_len);
  medley_bind_real(statement, 6, (double)med_dice_between(&dice, 99, 49999) / 100);
  medley_bind_integer(statement, 7, (int64_t)row);
}

static void bind_insert(const med_pair_table *of, medley_statement *statement, uint64_t row) {
  bind_row(of, statement, row, 0);
}

static void bind_lookup(const med_pair_table *of, medley_statement *statement, uint64_t row) {
  medley_bind_integer(statement, 1, user_of(row, of->rows));
  if (medley_bind_count(statement) > 1) medley_bind_integer(statement, 2, time_of(row));
}

static void fill(med_pair_table *of, uint64_t rows, int segment_rows) {
  char create[400];
  of->rows = rows;
  snprintf(create, sizeof create,
           "CREATE TABLE k.events (user bigint, time bigint, kind text, duration int, page text, price double, number "
           "bigint, PRIMARY KEY (user, time))%s",
           segment_rows == 0 ? " WITH segment_rows = 0" : "");
  med_pair_fill(of, create, INSERT, bind_insert);
}

/* ---- Questions ---- */
/* Seconds of new rows in partitions at random, without a commit: they go again. */
static double ask_inserts(med_pair_table *of) {
  med_dice dice;
  med_dice_init(&dice, 42, 3, 0);
  medley_statement *statement = med_pair_prepare(of, inserts.language, inserts.text);
  MUST(medley_begin(of->session, MEDLEY_WRITE) == MEDLEY_OK);
  double begin = med_pair_now();
  for (int i = 0; i < INSERTS; i++) {
    bind_row(of, statement, med_dice_below(&dice, of->rows), 1);
    MUST(medley_step(statement) == MEDLEY_DONE);
    medley_reset(statement);
  }
  double seconds = med_pair_now() - begin;
  medley_statement_close(statement);
  MUST(medley_rollback(of->session) == MEDLEY_OK);
  return seconds;
}

static void print_lookups(const med_pair_question *put, double hot, double sealed) {
  printf("| %-38s | %9.2f us | %9.2f us | %7.2f |\n", put->name, hot / put->lookups * 1e6, sealed / put->lookups * 1e6,
         hot / sealed);
}

static void compare_inserts(med_pair_table *tables) {
  double times[2][MED_PAIR_ROUNDS];
  for (int round = 0; round < MED_PAIR_ROUNDS; round++) {
    for (int i = 0; i < 2; i++) times[i][round] = ask_inserts(&tables[i]);
  }
  print_lookups(&inserts, med_pair_median(times[0]), med_pair_median(times[1]));
}

static void compare(med_pair_table *tables, const med_pair_question *put) {
  double medians[2];
  med_pair_compare(tables, put, bind_lookup, medians);
  double hot = medians[0], sealed = medians[1];
  if (put->lookups > 0)
    print_lookups(put, hot, sealed);
  else
    printf("| %-38s | %7.2f M/s | %7.2f M/s | %7.2f |\n", put->name, (double)tables[0].rows / 1e6 / hot,
           (double)tables[0].rows / 1e6 / sealed, hot / sealed);
  fflush(stdout);
}

int main(int argc, char **argv) {
  med_pair_table tables[2] = {0};
  uint64_t rows = argc > 1 ? strtoull(argv[1], NULL, 10) : 1000000;
  const char *only = argc > 2 ? argv[2] : "";
  if (rows < 1000) {
    fprintf(stderr, "usage: medley-bench-sealed [ROWS [QUESTION]], 1000 rows at least\n");
    return 2;
  }
  for (int i = 0; i < 2; i++) fill(&tables[i], rows, i);
  printf("%" PRIu64 " rows          | records | sealed\nbytes a row        | %7.1f | %6.1f\n", rows,
         (double)tables[0].bytes / (double)rows, (double)tables[1].bytes / (double)rows);
  printf("inserted, M rows/s | %7.3f | %6.3f, then sealed %.3f\n\n", (double)rows / 1e6 / tables[0].ingest_s,
         (double)rows / 1e6 / tables[1].ingest_s, (double)rows / 1e6 / tables[1].seal_s);
  printf("| question                               | records      | sealed       | ratio   |\n|---|---:|---:|---:|\n");
  for (size_t i = 0; i < sizeof questions / sizeof questions[0]; i++) {
    if (strstr(questions[i].name, only) != NULL) compare(tables, &questions[i]);
  }
  if (strstr(inserts.name, only) != NULL) compare_inserts(tables);
  for (int i = 0; i < 2; i++) med_pair_close(&tables[i]);
  return 0;
}
