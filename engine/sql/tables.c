/* tables.c - registering the virtual tables of every model, and their errors. */
#include "engine/sql/tables.h"

#include "engine/sql/group_query.h"
#include "engine/sql/wide_names.h"

int med_sql_tables_register(void *context, sqlite3 *handle) {
  int code = med_sql_keyvalue_tables_register(context, handle);
  if (code == SQLITE_OK) code = med_group_table_register(context, handle);
  return code == SQLITE_OK ? med_wide_names_register(context) : code;
}

int med_sql_tables_fail(medley_session *session, sqlite3_vtab *table, int rc) {
  const medley_error *error = med_session_error_slot(session);
  sqlite3_free(table->zErrMsg);
  table->zErrMsg = sqlite3_mprintf("%s", error->status == rc ? error->message : medley_status_text(rc));
  switch (rc) {
    case MEDLEY_OK: return SQLITE_OK;
    case MEDLEY_NO_MEMORY: return SQLITE_NOMEM;
    case MEDLEY_FULL:
    case MEDLEY_TXN_TOO_BIG: return SQLITE_FULL;
    case MEDLEY_CONSTRAINT:
    case MEDLEY_EXISTS: return SQLITE_CONSTRAINT_VTAB;
    case MEDLEY_READ_ONLY: return SQLITE_READONLY;
    case MEDLEY_TOO_BIG: return SQLITE_TOOBIG;
    case MEDLEY_TYPE: return SQLITE_MISMATCH;
    case MEDLEY_CORRUPT: return SQLITE_CORRUPT_VTAB;
    case MEDLEY_INTERRUPTED:
    case MEDLEY_DEADLINE: return SQLITE_INTERRUPT;
    default: return SQLITE_ERROR;
  }
}

int med_sql_tables_constraint(sqlite3 *handle, int extended) {
  int on_conflict = sqlite3_vtab_on_conflict(handle);
  return on_conflict == SQLITE_ABORT || on_conflict == SQLITE_REPLACE ? extended : SQLITE_CONSTRAINT;
}
