/* table_pair.c - see table_pair.h. */
#include "bench/table_pair.h"

#include <string.h>
#include <time.h>

#include "bench/dice.h"

double med_pair_now(void) {
  struct timespec time;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

void med_pair_exec(med_pair_table *table, const char *cql) {
  if (medley_exec(table->session, MEDLEY_LANGUAGE_CQL, cql, strlen(cql), NULL, NULL) == MEDLEY_OK) return;
  fprintf(stderr, "%s: %s\n", cql, medley_session_error(table->session)->message);
  exit(1);
}

medley_statement *med_pair_prepare(med_pair_table *table, medley_language language, const char *text) {
  medley_statement *statement;
  if (medley_prepare(table->session, language, text, strlen(text), &statement, NULL) == MEDLEY_OK) return statement;
  fprintf(stderr, "%s: %s\n", text, medley_session_error(table->session)->message);
  exit(1);
}

/* ---- Rows ---- */
static int64_t read_clock(void *context) { return *(int64_t *)context; }

static void open_table(med_pair_table *table) {
  medley_options options;
  medley_error error;
  medley_options_init(&options);
  options.flags |= MEDLEY_OPEN_MEMORY;
  if (table->clock_us != 0) {
    options.clock_us = read_clock;
    options.clock_context = &table->clock_us;
  }
  MUST(medley_open("", &options, &table->db, &error) == MEDLEY_OK);
  MUST(medley_session_open(table->db, &table->session, &error) == MEDLEY_OK);
}

uint64_t med_pair_bytes(med_pair_table *table) {
  medley_stats stats;
  medley_error error;
  MUST(medley_stat(table->db, &stats, &error) == MEDLEY_OK);
  return stats.used_bytes;
}

static void insert_all(med_pair_table *table, medley_statement *statement, med_pair_bind *bind) {
  for (uint64_t row = 0; row < table->rows;) {
    MUST(medley_begin(table->session, MEDLEY_WRITE) == MEDLEY_OK);
    for (int i = 0; i < MED_PAIR_BATCH && row < table->rows; i++) {
      bind(table, statement, row++);
      MUST(medley_step(statement) == MEDLEY_DONE);
      medley_reset(statement);
    }
    MUST(medley_commit(table->session) == MEDLEY_OK);
  }
}

void med_pair_fill(med_pair_table *table, const char *create, const char *insert, med_pair_bind *bind) {
  medley_error error;
  int more = 1;
  open_table(table);
  med_pair_exec(table, "CREATE KEYSPACE k WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 1}");
  med_pair_exec(table, create);
  medley_statement *statement = med_pair_prepare(table, MEDLEY_LANGUAGE_CQL, insert);
  double begin = med_pair_now();
  insert_all(table, statement, bind);
  table->ingest_s = med_pair_now() - begin;
  medley_statement_close(statement);
  begin = med_pair_now();
  while (more) MUST(medley_maintain(table->db, 10000000, &more, &error) == MEDLEY_OK);
  table->seal_s = med_pair_now() - begin;
  table->bytes = med_pair_bytes(table);
}

void med_pair_close(med_pair_table *table) {
  MUST(medley_session_close(table->session) == MEDLEY_OK);
  MUST(medley_close(table->db) == MEDLEY_OK);
}

/* ---- Questions ---- */
/* The answer's beginning, and a sum over all of it. */
static void append(medley_statement *statement, char *answer, size_t *len, uint64_t *sum) {
  for (int i = 0; i < medley_column_count(statement); i++) {
    const char *text = medley_column_text(statement, i);
    for (const char *at = text != NULL ? text : "null"; *at != '\0'; at++) *sum = *sum * 31 + (unsigned char)*at;
    if (*len + 1 < MED_PAIR_ANSWER_SIZE)
      *len += (size_t)snprintf(answer + *len, MED_PAIR_ANSWER_SIZE - *len, "%.*s|", 200, text != NULL ? text : "null");
    if (*len > MED_PAIR_ANSWER_SIZE - 1) *len = MED_PAIR_ANSWER_SIZE - 1;
  }
}

double med_pair_ask(med_pair_table *table, const med_pair_question *question, med_pair_bind *bind, char *answer,
                    uint64_t *sum) {
  med_dice dice;
  size_t len = 0;
  int rc = MEDLEY_OK;
  *sum = 0;
  answer[0] = '\0';
  med_dice_init(&dice, 42, 2, 0);
  medley_statement *statement = med_pair_prepare(table, question->language, question->text);
  double begin = med_pair_now();
  for (int i = 0; i < (question->lookups > 0 ? question->lookups : 1); i++) {
    if (question->lookups > 0) bind(table, statement, med_dice_below(&dice, table->rows));
    while ((rc = medley_step(statement)) == MEDLEY_ROW) append(statement, answer, &len, sum);
    if (rc != MEDLEY_DONE) fprintf(stderr, "%s: %s\n", question->text, medley_session_error(table->session)->message);
    MUST(rc == MEDLEY_DONE);
    medley_reset(statement);
  }
  double seconds = med_pair_now() - begin;
  medley_statement_close(statement);
  return seconds;
}

static int by_size(const void *a, const void *b) {
  double left = *(const double *)a, right = *(const double *)b;
  return (left > right) - (left < right);
}

double med_pair_median(double *times) {
  qsort(times, MED_PAIR_ROUNDS, sizeof *times, by_size);
  return times[MED_PAIR_ROUNDS / 2];
}

void med_pair_compare(med_pair_table tables[2], const med_pair_question *question, med_pair_bind *bind,
                      double medians[2]) {
  static char answers[2][MED_PAIR_ANSWER_SIZE];
  double times[2][MED_PAIR_ROUNDS];
  uint64_t sums[2];
  for (int round = 0; round < MED_PAIR_ROUNDS; round++) {
    for (int i = 0; i < 2; i++) times[i][round] = med_pair_ask(&tables[i], question, bind, answers[i], &sums[i]);
    if (strcmp(answers[0], answers[1]) == 0 && sums[0] == sums[1]) continue;
    fprintf(stderr, "%s: the answers differ:\n%s\n%s\n", question->name, answers[0], answers[1]);
    exit(1);
  }
  for (int i = 0; i < 2; i++) medians[i] = med_pair_median(times[i]);
}
