/* sealed.c - the same rows as records and sealed: room, ingest, and questions whose answers must be equal.
 *
 * medley-bench-sealed [ROWS [QUESTION]]: events of users in two tables of two databases in memory; in one of them rows are sealed, in the other
 * never. Every question, or those that have QUESTION in their names, is put to both in turn, five times; medians of processor time. Answers that
 * differ end it with status 1. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "bench/dice.h"
#include "engine/medley.h"

enum {
  ROUNDS = 5,
  BATCH = 10000,
  EVENTS_PER_USER = 80,
  ANSWER_SIZE = 4096,
  LOOKUPS = 2000,
  PARTITIONS = 200,
  INSERTS = 5000
};

#define MUST(condition)                                               \
  do {                                                                \
    if (!(condition)) {                                               \
      fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition); \
      exit(1);                                                        \
    }                                                                 \
  } while (0)

#define INSERT "INSERT INTO k.events (user, time, kind, duration, page, price, number) VALUES (?, ?, ?, ?, ?, ?, ?)"

/* Lookups bind a user, and a time. */
typedef struct question {
  const char *name;
  medley_language language;
  const char *text;
  int lookups; /* how many; 0: the text alone, over all rows */
} question;

/* Not a question but a name for its line. */
static const question inserts = {"CQL: new row in an old partition", MEDLEY_LANGUAGE_CQL, INSERT, INSERTS};

static const question questions[] = {
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

typedef struct table {
  medley *db;
  medley_session *session;
  uint64_t rows, bytes;
  double ingest_s, seal_s;
} table;

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

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

/* ---- Rows ---- event `row`: its user in turn, its time in its user's order. */
static int64_t user_of(uint64_t row, uint64_t rows) { return (int64_t)(row % (rows / EVENTS_PER_USER + 1)); }
static int64_t time_of(uint64_t row) { return INT64_C(1700000000000) + (int64_t)row * 250; }

/* `late`: milliseconds behind its own time, where no other row is. */
static void insert(medley_statement *statement, uint64_t row, uint64_t rows, int late) {
  med_dice dice;
  char kind[16], page[48];
  med_dice_init(&dice, 42, 1, row);
  int kind_len = snprintf(kind, sizeof kind, "kind%" PRIu64, med_dice_skewed(&dice, 20));
  int page_len = snprintf(page, sizeof page, "/shop/item/%" PRIu64 "/view", med_dice_below(&dice, 27000));
  medley_bind_integer(statement, 1, user_of(row, rows));
  medley_bind_integer(statement, 2, time_of(row) + late);
  medley_bind_text(statement, 3, kind, (size_t)kind_len);
  medley_bind_integer(statement, 4, med_dice_between(&dice, 0, 3599));
  medley_bind_text(statement, 5, page, (size_t)page_len);
  medley_bind_real(statement, 6, (double)med_dice_between(&dice, 99, 49999) / 100);
  medley_bind_integer(statement, 7, (int64_t)row);
  MUST(medley_step(statement) == MEDLEY_DONE);
  medley_reset(statement);
}

static void fill(table *of, uint64_t rows, int segment_rows) {
  medley_options options;
  medley_error error;
  medley_stats stats;
  char cql[400];
  int more = 1;
  medley_options_init(&options);
  options.flags |= MEDLEY_OPEN_MEMORY;
  MUST(medley_open("", &options, &of->db, &error) == MEDLEY_OK);
  MUST(medley_session_open(of->db, &of->session, &error) == MEDLEY_OK);
  run(of, "CREATE KEYSPACE k WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 1}");
  snprintf(cql, sizeof cql,
           "CREATE TABLE k.events (user bigint, time bigint, kind text, duration int, page text, price double, number "
           "bigint, PRIMARY KEY (user, time))%s",
           segment_rows == 0 ? " WITH segment_rows = 0" : "");
  run(of, cql);
  medley_statement *statement = prepare(of, MEDLEY_LANGUAGE_CQL, INSERT);
  double begin = now();
  for (uint64_t row = 0; row < rows;) {
    MUST(medley_begin(of->session, MEDLEY_WRITE) == MEDLEY_OK);
    for (int i = 0; i < BATCH && row < rows; i++) insert(statement, row++, rows, 0);
    MUST(medley_commit(of->session) == MEDLEY_OK);
  }
  of->ingest_s = now() - begin;
  medley_statement_close(statement);
  begin = now();
  while (more) MUST(medley_maintain(of->db, 10000000, &more, &error) == MEDLEY_OK);
  of->seal_s = now() - begin;
  MUST(medley_stat(of->db, &stats, &error) == MEDLEY_OK);
  of->rows = rows;
  of->bytes = stats.used_bytes;
}

/* ---- Questions ---- */
static void append(medley_statement *statement, char *answer, size_t *len, uint64_t *sum) {
  for (int i = 0; i < medley_column_count(statement); i++) {
    const char *text = medley_column_text(statement, i);
    for (const char *at = text != NULL ? text : "null"; *at != '\0'; at++) *sum = *sum * 31 + (unsigned char)*at;
    if (*len < ANSWER_SIZE)
      *len += (size_t)snprintf(answer + *len, ANSWER_SIZE - *len, "%s|", text != NULL ? text : "null");
  }
}

/* Seconds; the answer's beginning, and a sum over all of it. */
static double ask(table *of, const question *put, char *answer, uint64_t *sum) {
  med_dice dice;
  size_t len = 0;
  int rc = MEDLEY_OK;
  *sum = 0;
  answer[0] = '\0';
  med_dice_init(&dice, 42, 2, 0);
  medley_statement *statement = prepare(of, put->language, put->text);
  double begin = now();
  for (int i = 0; i < (put->lookups > 0 ? put->lookups : 1); i++) {
    uint64_t row = med_dice_below(&dice, of->rows);
    if (put->lookups > 0) medley_bind_integer(statement, 1, user_of(row, of->rows));
    if (medley_bind_count(statement) > 1) medley_bind_integer(statement, 2, time_of(row));
    while ((rc = medley_step(statement)) == MEDLEY_ROW) append(statement, answer, &len, sum);
    if (rc != MEDLEY_DONE) fprintf(stderr, "%s: %s\n", put->text, medley_session_error(of->session)->message);
    MUST(rc == MEDLEY_DONE);
    medley_reset(statement);
  }
  double seconds = now() - begin;
  medley_statement_close(statement);
  return seconds;
}

/* Seconds of new rows in partitions at random, without a commit: they go again. */
static double ask_inserts(table *of) {
  med_dice dice;
  med_dice_init(&dice, 42, 3, 0);
  medley_statement *statement = prepare(of, inserts.language, inserts.text);
  MUST(medley_begin(of->session, MEDLEY_WRITE) == MEDLEY_OK);
  double begin = now();
  for (int i = 0; i < INSERTS; i++) insert(statement, med_dice_below(&dice, of->rows), of->rows, 1);
  double seconds = now() - begin;
  medley_statement_close(statement);
  MUST(medley_rollback(of->session) == MEDLEY_OK);
  return seconds;
}

static int by_size(const void *a, const void *b) {
  double left = *(const double *)a, right = *(const double *)b;
  return (left > right) - (left < right);
}

static double median(double *times) {
  qsort(times, ROUNDS, sizeof *times, by_size);
  return times[ROUNDS / 2];
}

static void print_lookups(const question *put, double hot, double sealed) {
  printf("| %-38s | %9.2f us | %9.2f us | %7.2f |\n", put->name, hot / put->lookups * 1e6, sealed / put->lookups * 1e6,
         hot / sealed);
}

static void compare_inserts(table *tables) {
  double times[2][ROUNDS];
  for (int round = 0; round < ROUNDS; round++) {
    for (int i = 0; i < 2; i++) times[i][round] = ask_inserts(&tables[i]);
  }
  print_lookups(&inserts, median(times[0]), median(times[1]));
}

static void compare(table *tables, const question *put) {
  static char answers[2][ANSWER_SIZE + 256];
  double times[2][ROUNDS];
  uint64_t sums[2];
  for (int round = 0; round < ROUNDS; round++) {
    for (int i = 0; i < 2; i++) times[i][round] = ask(&tables[i], put, answers[i], &sums[i]);
    if (strcmp(answers[0], answers[1]) == 0 && sums[0] == sums[1]) continue;
    fprintf(stderr, "%s: the answers differ:\n%s\n%s\n", put->name, answers[0], answers[1]);
    exit(1);
  }
  double hot = median(times[0]), sealed = median(times[1]);
  if (put->lookups > 0)
    print_lookups(put, hot, sealed);
  else
    printf("| %-38s | %7.2f M/s | %7.2f M/s | %7.2f |\n", put->name, (double)tables[0].rows / 1e6 / hot,
           (double)tables[0].rows / 1e6 / sealed, hot / sealed);
  fflush(stdout);
}

int main(int argc, char **argv) {
  table tables[2] = {0};
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
  for (int i = 0; i < 2; i++) {
    (void)medley_session_close(tables[i].session);
    medley_close(tables[i].db);
  }
  return 0;
}
