/* tables.c - what other models look like from SQL: the virtual tables of a connection. */
#include "engine/session_state.h"

int med_sql_tables_register(void *context, sqlite3 *handle) {
  (void)context;
  (void)handle;
  return SQLITE_OK;
}
