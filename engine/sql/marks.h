/* marks.h - the savepoints of a virtual table: SQLite's numbers as marks in the transaction's undo log.
 *
 * Those from before the table was first written are where it was when that happened. Threads and lifetime: as the session's. */
#ifndef MED_SQL_MARKS_H
#define MED_SQL_MARKS_H

#include "engine/sql/tables.h"

#define MED_SQL_MARKS_MAX 512

typedef struct med_sql_marks {
  med_mark begun;
  med_mark at[MED_SQL_MARKS_MAX];
  int count;
} med_sql_marks;

/* sqlite3_module's functions of these names; SQLite codes. READONLY outside of a write. */
int med_sql_marks_begin(med_sql_marks *marks, medley_session *session);
void med_sql_marks_commit(med_sql_marks *marks, medley_session *session);
void med_sql_marks_rollback(med_sql_marks *marks);
int med_sql_marks_savepoint(med_sql_marks *marks, medley_session *session, sqlite3_vtab *table, int number);
void med_sql_marks_release(med_sql_marks *marks, int number);
int med_sql_marks_rollback_to(med_sql_marks *marks, medley_session *session, sqlite3_vtab *table, int number);

#endif
