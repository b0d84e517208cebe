/* run.c - errors with places, names looked up. */
#include "engine/cql/run.h"

#include <stdarg.h>
#include <stdio.h>

int med_cql_fail(med_cql_run *run, uint32_t at, int status, const char *format, ...) {
  char message[MEDLEY_ERROR_MESSAGE_SIZE];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(message, sizeof message, format, arguments);
  va_end(arguments);
  med_error_set(run->error, status, "%s", message);
  med_error_set_position(run->error, run->text.bytes, run->text.len, at);
  return status;
}

int med_cql_no_memory(med_cql_run *run) { return med_error_no_memory(run->error); }

void *med_cql_alloc(med_cql_run *run, size_t size) {
  void *memory = med_arena_alloc(run->arena, size > 0 ? size : 1);
  if (memory == NULL) (void)med_cql_no_memory(run);
  return memory;
}

int med_cql_keyspace_of(med_cql_run *run, const med_cql_name *name, med_slice *keyspace) {
  *keyspace = name->keyspace.bytes != NULL ? name->keyspace : run->keyspace;
  if (keyspace->len == 0)
    return med_cql_fail(run, name->at, MEDLEY_ERROR,
                        "No keyspace has been specified. USE a keyspace, or explicitly specify keyspace.tablename");
  if (med_wide_catalog_keyspace(run->catalog, *keyspace) == NULL)
    return med_cql_fail(run, name->at, MEDLEY_NOT_FOUND, "keyspace %.*s does not exist", MED_CQL_TEXT(*keyspace));
  return MEDLEY_OK;
}

int med_cql_find_table(med_cql_run *run, const med_cql_name *name, const med_wide_table **table) {
  med_slice keyspace;
  int rc = med_cql_keyspace_of(run, name, &keyspace);
  if (rc != MEDLEY_OK) return rc;
  *table = med_wide_catalog_table(run->catalog, keyspace, name->name);
  if (*table != NULL) return MEDLEY_OK;
  return med_cql_fail(run, name->at, MEDLEY_NOT_FOUND, "table %.*s does not exist", MED_CQL_TEXT(name->name));
}

int med_cql_find_column(med_cql_run *run, const med_wide_table *table, med_slice name, uint32_t at,
                        const med_wide_column **column) {
  *column = med_wide_table_column(table, name);
  if (*column != NULL) return MEDLEY_OK;
  return med_cql_fail(run, at, MEDLEY_NOT_FOUND, "Undefined column name %.*s in table %.*s.%.*s", MED_CQL_TEXT(name),
                      MED_CQL_TEXT(table->keyspace), MED_CQL_TEXT(table->name));
}

const char *med_cql_type_text(med_cql_run *run, const med_wide_type *type) {
  med_buffer text = {0};
  const char *copy = NULL;
  if (med_wide_type_write(type, &text)) copy = med_arena_strndup(run->arena, text.bytes, text.len);
  med_buffer_clear(&text);
  return copy != NULL ? copy : "?";
}

int med_cql_read_type(med_cql_run *run, med_slice text, uint32_t at, med_slice keyspace, med_wide_type *type) {
  med_wide_type_scope scope = {run->catalog, keyspace, run->arena, 0};
  medley_error found = {0};
  int rc = med_wide_type_parse(text, med_wide_catalog_find_type, &scope, run->arena, type, &found);
  if (rc == MEDLEY_OK) return rc;
  if (rc == MEDLEY_NO_MEMORY) return med_cql_no_memory(run);
  return med_cql_fail(run, at, rc, "%s", found.message[0] != '\0' ? found.message : medley_status_text(rc));
}
