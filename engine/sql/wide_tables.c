/* wide_tables.c - wide-column tables as virtual tables: connecting, and keeping to what CQL defines.
 *
 *   SELECT time, page FROM "shop.events" WHERE user_id = 7 AND time >= ? ORDER BY time DESC LIMIT 20
 *
 * Columns are in CQL's order: partition key, clustering key, static, regular. A partition that has only static columns is a row whose
 * clustering columns are NULL, as in CQL. */
#include "engine/sql/wide_tables.h"

#include <stdarg.h>
#include <string.h>

#include "engine/cql/client.h"

int med_wide_table_refuse(wide_table *tab, int code, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  char *text = sqlite3_vmprintf(format, arguments);
  va_end(arguments);
  sqlite3_free(tab->base.zErrMsg);
  tab->base.zErrMsg = text != NULL ? sqlite3_mprintf("%s: %s", tab->name->name, text) : NULL;
  sqlite3_free(text);
  return code;
}

/* ---- Connect ---- */
static int connect(sqlite3 *handle, void *context, int argc, const char *const *argv, sqlite3_vtab **made,
                   char **error) {
  const med_wide_name *name = context;
  (void)argv;
  if (argc > 3) {
    *error = sqlite3_mprintf("%s takes no arguments", name->name);
    return SQLITE_ERROR;
  }
  int code = sqlite3_declare_vtab(handle, name->schema);
  if (code != SQLITE_OK) {
    *error = sqlite3_mprintf("%s cannot be a table of SQL: %s", name->name, sqlite3_errmsg(handle));
    return code;
  }
  wide_table *opened = med_alloc_zero(sizeof *opened);
  if (opened == NULL) return SQLITE_NOMEM;
  opened->name = name;
  opened->session = name->session;
  opened->handle = handle;
  (void)sqlite3_vtab_config(handle, SQLITE_VTAB_CONSTRAINT_SUPPORT, 1);
  (void)sqlite3_vtab_config(handle, SQLITE_VTAB_INNOCUOUS);
  *made = &opened->base;
  return SQLITE_OK;
}

static int disconnect(sqlite3_vtab *base) {
  wide_table *tab = wide_table_of(base);
  med_sql_remembered_forget(&tab->rows);
  med_wide_catalog_release(tab->catalog);
  med_free(tab);
  return SQLITE_OK;
}

/* ---- Definitions ---- */
static int has_the_shape(const wide_table *tab, const med_wide_table *definition, bool *same) {
  med_buffer shape = {0};
  size_t schema_len;
  bool ok = med_wide_names_shape(definition, &shape, &schema_len);
  *same = ok && shape.len == tab->name->shape_len && memcmp(shape.bytes, tab->name->shape, shape.len) == 0;
  med_buffer_clear(&shape);
  return ok ? MEDLEY_OK : MEDLEY_NO_MEMORY;
}

static int look_up(wide_table *tab, med_wide_catalog *catalog) {
  const med_wide_table *definition =
      med_wide_catalog_table(catalog, med_wide_name_keyspace(tab->name), med_wide_name_table(tab->name));
  bool same = false;
  if (definition != NULL && has_the_shape(tab, definition, &same) != MEDLEY_OK) return SQLITE_NOMEM;
  if (!same) {
    med_wide_names_set_outdated(tab->session);
    return med_wide_table_refuse(tab, SQLITE_ERROR, "the table was %s since the statement was prepared",
                                 definition != NULL ? "altered" : "dropped");
  }
  med_wide_catalog_release(tab->catalog);
  tab->catalog = med_wide_catalog_retain(catalog);
  tab->definition = definition;
  tab->has_hidden = med_wide_table_has_hidden(definition);
  return SQLITE_OK;
}

int med_wide_table_now(wide_table *tab, const med_wide_table **definition) {
  med_cql_client *client;
  med_wide_catalog *catalog;
  int rc = med_cql_client_open(tab->session, &client);
  if (rc == MEDLEY_OK) rc = med_cql_client_catalog(client, med_session_txn(tab->session), &catalog);
  if (rc != MEDLEY_OK) return med_sql_tables_fail(tab->session, &tab->base, rc);
  int code = catalog != tab->catalog ? look_up(tab, catalog) : SQLITE_OK;
  *definition = tab->definition;
  return code;
}

/* ---- Transactions ---- */
static int begin(sqlite3_vtab *base) {
  return med_sql_marks_begin(&wide_table_of(base)->marks, wide_table_of(base)->session);
}
static int commit(sqlite3_vtab *base) {
  med_sql_marks_commit(&wide_table_of(base)->marks, wide_table_of(base)->session);
  return SQLITE_OK;
}
static int rollback(sqlite3_vtab *base) {
  med_sql_marks_rollback(&wide_table_of(base)->marks);
  return SQLITE_OK;
}
static int savepoint(sqlite3_vtab *base, int number) {
  return med_sql_marks_savepoint(&wide_table_of(base)->marks, wide_table_of(base)->session, base, number);
}
static int release(sqlite3_vtab *base, int number) {
  med_sql_marks_release(&wide_table_of(base)->marks, number);
  return SQLITE_OK;
}
static int rollback_to(sqlite3_vtab *base, int number) {
  return med_sql_marks_rollback_to(&wide_table_of(base)->marks, wide_table_of(base)->session, base, number);
}

/* Without xCreate a module is a table by its name alone. */
static const sqlite3_module module_methods = {
    .iVersion = 2,
    .xConnect = connect,
    .xBestIndex = med_wide_plans_best_index,
    .xDisconnect = disconnect,
    .xOpen = med_wide_rows_open,
    .xClose = med_wide_rows_close,
    .xFilter = med_wide_rows_filter,
    .xNext = med_wide_rows_next,
    .xEof = med_wide_rows_eof,
    .xColumn = med_wide_rows_column,
    .xRowid = med_wide_rows_rowid,
    .xUpdate = med_wide_writes_update,
    .xBegin = begin,
    .xCommit = commit,
    .xRollback = rollback,
    .xSavepoint = savepoint,
    .xRelease = release,
    .xRollbackTo = rollback_to,
};

const sqlite3_module *med_wide_tables_module(void) { return &module_methods; }
