/* differential_pair.h - a Medley database and a stock SQLite database beside it, that get the same statements.
 *
 * Each session of Medley lives on a thread of its own, because a write transaction does; they run in lockstep, one statement at
 * a time. The stock side is one connection for each session, in WAL mode, so that readers keep their snapshot there too. */
#ifndef DIFFERENTIAL_PAIR_H
#define DIFFERENTIAL_PAIR_H

#include "tests/fault/differential_generate.h"

enum { SESSIONS = 3 };

typedef struct differential_pair differential_pair;

/* Makes both databases anew; path is the common beginning of their names. Ends the program if that fails. */
differential_pair *pair_open(const char *path);
void pair_close(differential_pair *pair);
/* Closes both, whatever is open in them, and opens them again. */
void pair_reopen(differential_pair *pair);

/* Runs the statement in that session on both. Answers NULL if they agree; otherwise what they said (sqlite3_free). */
char *pair_run(differential_pair *pair, int session, const sql_statement *statement);
/* Compares the whole contents as that session sees them. */
char *pair_compare(differential_pair *pair, int session);

/* A read that stays unfinished on Medley's side while the session goes on, and must then have the rows of the moment when it
 * began. For a session that is alone. open ends the one that is open. */
char *pair_cursor_open(differential_pair *pair, int session, const char *table);
char *pair_cursor_finish(differential_pair *pair, int session);

bool pair_in_transaction(differential_pair *pair, int session);
/* The stock connection of a session, to look at its schema. */
sqlite3 *pair_stock(differential_pair *pair, int session);

/* Whether a table has used its greatest rowid: SQLite then draws random ones, which need not be equal. */
bool pair_has_random_rowids(differential_pair *pair, int session);

/* What is let pass although the two sides differ, or cannot be compared. */
typedef enum pair_excuse {
  EXCUSE_PRAGMA,     /* off the list, and refused by name */
  EXCUSE_ENDLESS,    /* the stock side gave up, and the other did not try */
  EXCUSE_ORDER,      /* both failed, one of them for want of the lock: which of two reasons is found first */
  EXCUSE_MISUSE,     /* a transaction statement out of place */
  EXCUSE_WORDS,      /* of the grammar of transaction statements */
  EXCUSE_VIEW,       /* SQLite remembered its columns */
  EXCUSE_UNREADABLE, /* a read across other statements that could not begin */
  EXCUSE_ABORTED,    /* one that a rollback ended */
  EXCUSE_ROWIDS,     /* a round that ended because a table draws random rowids */
  EXCUSES
} pair_excuse;

typedef struct pair_counts {
  uint64_t statements, failed, rows, busy, constraint, rolled_back, cursors;
  uint64_t excuses[EXCUSES];
} pair_counts;
pair_counts *pair_count(differential_pair *pair);

#endif
