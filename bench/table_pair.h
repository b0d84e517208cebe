/* table_pair.h - the same rows in two tables of two databases in memory, and the same asked of both: what medley-bench-sealed and
 * medley-bench-windows have in common.
 *
 * A failure ends the program with status 1: there is nobody to handle it. */
#ifndef MED_BENCH_TABLE_PAIR_H
#define MED_BENCH_TABLE_PAIR_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "engine/medley.h"

#define MUST(condition)                                               \
  do {                                                                \
    if (!(condition)) {                                               \
      fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition); \
      exit(1);                                                        \
    }                                                                 \
  } while (0)

enum { MED_PAIR_ROUNDS = 5, MED_PAIR_BATCH = 10000, MED_PAIR_ANSWER_SIZE = 4096 };

typedef struct med_pair_table {
  medley *db;
  medley_session *session;
  int64_t clock_us; /* 0: the system's */
  uint64_t rows, windows, bytes;
  double ingest_s, seal_s;
} med_pair_table;

/* Lookups bind what a row has for the statement's parameters. */
typedef struct med_pair_question {
  const char *name;
  medley_language language;
  const char *text;
  int lookups; /* how many; 0: the text alone, over all rows */
} med_pair_question;

/* Binds the parameters of an insert, or of a lookup, of a row. */
typedef void med_pair_bind(const med_pair_table *table, medley_statement *statement, uint64_t row);

/* Processor time of the process, in seconds. */
double med_pair_now(void);
void med_pair_exec(med_pair_table *table, const char *cql);
medley_statement *med_pair_prepare(med_pair_table *table, medley_language language, const char *text);
/* Makes the database and keyspace k, runs `create`, inserts rows 0 to table->rows - 1, and has all of it maintained. */
void med_pair_fill(med_pair_table *table, const char *create, const char *insert, med_pair_bind *bind);
uint64_t med_pair_bytes(med_pair_table *table);
void med_pair_close(med_pair_table *table);

/* Of the lookups, random ones, or of the one question; what is answered is part of it. */
double med_pair_ask(med_pair_table *table, const med_pair_question *question, med_pair_bind *bind, char *answer,
                    uint64_t *sum);
/* Puts it to both in turn; medians, if all answers were equal. */
void med_pair_compare(med_pair_table tables[2], const med_pair_question *question, med_pair_bind *bind,
                      double medians[2]);
/* Of MED_PAIR_ROUNDS times. */
double med_pair_median(double *times);

#endif
