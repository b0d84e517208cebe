/* marks.c - savepoints of virtual tables. */
#include "engine/sql/marks.h"

#include "engine/session_state.h"

int med_sql_marks_begin(med_sql_marks *marks, medley_session *session) {
  med_txn *txn = med_session_txn(session);
  if (txn == NULL || !med_txn_writes(txn)) return SQLITE_READONLY;
  marks->begun = med_txn_mark(txn);
  marks->count = 0;
  return SQLITE_OK;
}

void med_sql_marks_commit(med_sql_marks *marks, medley_session *session) {
  marks->count = 0;
  med_session_statement_committed(session);
}

void med_sql_marks_rollback(med_sql_marks *marks) { marks->count = 0; }

int med_sql_marks_savepoint(med_sql_marks *marks, medley_session *session, sqlite3_vtab *table, int number) {
  if (number < 0 || number >= MED_SQL_MARKS_MAX) {
    sqlite3_free(table->zErrMsg);
    table->zErrMsg = sqlite3_mprintf("savepoints are nested too deeply");
    return SQLITE_ERROR;
  }
  while (marks->count < number) marks->at[marks->count++] = marks->begun;
  marks->at[number] = med_txn_mark(med_session_txn(session));
  marks->count = number + 1;
  return SQLITE_OK;
}

void med_sql_marks_release(med_sql_marks *marks, int number) {
  if (number >= 0 && number < marks->count) marks->count = number;
}

int med_sql_marks_rollback_to(med_sql_marks *marks, medley_session *session, sqlite3_vtab *table, int number) {
  med_mark mark = number >= 0 && number < marks->count ? marks->at[number] : marks->begun;
  med_txn *txn = med_session_txn(session);
  if (mark >= med_txn_mark(txn)) return SQLITE_OK; /* another table of the statement was here before */
  int rc = med_txn_rollback_to(txn, mark);
  return rc == MEDLEY_OK ? SQLITE_OK : med_sql_tables_fail(session, table, rc);
}
