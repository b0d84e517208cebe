/* differential_judge.h - whether two answers to one statement are the same, and what may differ although it should not. */
#ifndef DIFFERENTIAL_JUDGE_H
#define DIFFERENTIAL_JUDGE_H

#include "engine/medley.h"
#include "tests/fault/differential_pair.h"

/* What one side answered. */
typedef struct answer {
  int status;        /* a medley_status */
  sqlite3_str *text; /* columns, rows, changes, rowid, transaction */
  char message[MEDLEY_ERROR_MESSAGE_SIZE];
  bool interrupted; /* the stock side gave up: the statement takes too long */
  bool read_only;
} answer;

/* db: the stock side, to look whether a name is a view's. excuses: EXCUSES counters. */
bool answers_agree(sqlite3 *db, const answer *stock, const answer *mine, const sql_statement *s, uint64_t *excuses);
bool answer_is_refused_pragma(const answer *mine, const sql_statement *s);
bool answer_is_conflict(int status);
/* Behind blanks and semicolons, without regard to case. */
bool sql_begins_with(const char *text, const char *const *words, size_t count);

#endif
