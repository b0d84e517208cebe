/* wide_names.c - modules registered and dropped as tables of CQL come and go. */
#include "engine/sql/wide_names.h"

#include <stdio.h>
#include <string.h>

#include "engine/cql/client.h"
#include "engine/session_state.h"
#include "engine/sql/tokens.h"
#include "engine/sql/wide_tables.h"

typedef struct known_name {
  const med_wide_name *name; /* the module's */
  bool seen;
} known_name;

struct med_wide_names {
  uint64_t version; /* of the definitions that are registered; 0: none */
  known_name *known;
  size_t count, capacity;
  bool outdated;
};

/* ---- What a table looks like ---- */
bool med_wide_table_has_hidden(const med_wide_table *table) {
  for (size_t i = 0; i < table->column_count; i++) {
    med_slice name = table->columns[i].name;
    if (name.len == 4 && sqlite3_strnicmp(name.bytes, "_ttl", 4) == 0) return false;
    if (name.len == 10 && sqlite3_strnicmp(name.bytes, "_writetime", 10) == 0) return false;
  }
  return !(table->flags & MED_WIDE_TABLE_COUNTER);
}

static bool append_schema(const med_wide_table *table, med_buffer *text) {
  bool ok = med_buffer_printf(text, "CREATE TABLE x(");
  for (size_t i = 0; ok && i < table->column_count; i++) {
    const med_wide_column *column = &table->columns[i];
    ok = (i == 0 || med_buffer_append(text, ", ", 2)) && med_sql_quote_name(column->name, text) &&
         med_buffer_printf(text, " %s%s", med_wide_values_declared(&column->type),
                           column->role == MED_WIDE_PARTITION ? " NOT NULL" : "");
  }
  if (ok && med_wide_table_has_hidden(table))
    ok = med_buffer_printf(text, ", _ttl INTEGER HIDDEN, _writetime INTEGER HIDDEN");
  return ok && med_buffer_append_byte(text, ')');
}

bool med_wide_names_shape(const med_wide_table *table, med_buffer *shape, size_t *schema_len) {
  if (!append_schema(table, shape)) return false;
  *schema_len = shape->len;
  bool ok = true;
  for (size_t i = 0; ok && i < table->column_count; i++) {
    const med_wide_column *column = &table->columns[i];
    bool indexed = med_wide_table_index(table, column->id, MED_WIDE_INDEX_VALUE) != NULL;
    ok = med_buffer_printf(shape, " %d%d%d ", (int)column->role, column->descending, indexed) &&
         med_wide_type_write(&column->type, shape);
  }
  return ok;
}

/* ---- Names ---- */
static void free_name(void *context) {
  med_wide_name *name = context;
  if (name == NULL) return;
  med_free(name->name);
  med_free(name->schema);
  med_free(name->shape);
  med_free(name);
}

static med_wide_name *make_name(medley_session *session, const med_wide_table *table) {
  med_buffer shape = {0}, text = {0};
  size_t schema_len = 0;
  med_wide_name *name = med_alloc_zero(sizeof *name);
  bool ok = name != NULL && med_wide_names_shape(table, &shape, &schema_len) &&
            med_buffer_append(&text, table->keyspace.bytes, table->keyspace.len) &&
            med_buffer_append_byte(&text, '.') && med_buffer_append(&text, table->name.bytes, table->name.len);
  if (ok) {
    *name = (med_wide_name){.session = session,
                            .name = med_strndup(text.bytes, text.len),
                            .keyspace_len = table->keyspace.len,
                            .schema = med_strndup(shape.bytes, schema_len),
                            .shape = med_strndup(shape.bytes, shape.len),
                            .shape_len = shape.len};
    ok = name->name != NULL && name->schema != NULL && name->shape != NULL;
  }
  med_buffer_clear(&shape);
  med_buffer_clear(&text);
  if (ok) return name;
  free_name(name);
  return NULL;
}

static bool same_shape(const med_wide_name *a, const med_wide_name *b) {
  return strcmp(a->name, b->name) == 0 && a->shape_len == b->shape_len && memcmp(a->shape, b->shape, a->shape_len) == 0;
}

/* Both are mostly in the same order: the search goes on where the last one ended. */
static known_name *find(med_wide_names *names, const char *name, size_t *at) {
  for (size_t i = 0; i < names->count; i++) {
    known_name *known = &names->known[(*at + i) % names->count];
    if (sqlite3_stricmp(known->name->name, name) != 0) continue;
    *at = (size_t)(known - names->known) + 1;
    return known;
  }
  return NULL;
}

static bool make_room(med_wide_names *names) {
  if (names->count < names->capacity) return true;
  size_t capacity = names->capacity * 2 + 8;
  known_name *known = med_realloc(names->known, capacity * sizeof *known);
  if (known == NULL) return false;
  names->known = known;
  names->capacity = capacity;
  return true;
}

/* OK, NO_MEMORY. SQLite frees the name if it cannot take it. *changed: it is one that SQLite knew with other columns. */
static int add_table(med_wide_names *names, medley_session *session, sqlite3 *handle, const med_wide_table *table,
                     size_t *at, bool *changed) {
  med_wide_name *name = make_name(session, table);
  if (name == NULL || !make_room(names)) {
    free_name(name);
    return MEDLEY_NO_MEMORY;
  }
  known_name *known = find(names, name->name, at);
  if (known != NULL && (known->seen || same_shape(known->name, name))) {
    known->seen = true;
    free_name(name);
    return MEDLEY_OK;
  }
  if (sqlite3_create_module_v2(handle, name->name, med_wide_tables_module(), name, free_name) != SQLITE_OK)
    return MEDLEY_NO_MEMORY;
  *changed = *changed || known != NULL;
  if (known == NULL) known = &names->known[names->count++];
  *known = (known_name){name, true};
  return MEDLEY_OK;
}

static int drop_unseen(med_wide_names *names, sqlite3 *handle, bool *changed) {
  size_t kept = 0;
  int rc = MEDLEY_OK;
  for (size_t i = 0; i < names->count; i++) {
    known_name known = names->known[i];
    if (rc != MEDLEY_OK || known.seen)
      names->known[kept++] = known;
    else if (sqlite3_create_module_v2(handle, known.name->name, NULL, NULL, NULL) != SQLITE_OK)
      rc = MEDLEY_NO_MEMORY;
    else
      *changed = true;
  }
  names->count = kept;
  return rc;
}

static int bring_up_to_date(med_wide_names *names, medley_session *session, sqlite3 *handle,
                            const med_wide_catalog *catalog) {
  size_t count, at = 0;
  bool changed = false;
  const med_wide_table *tables = med_wide_catalog_tables(catalog, &count);
  for (size_t i = 0; i < names->count; i++) names->known[i].seen = false;
  names->version = 0; /* until all is done */
  for (size_t i = 0; i < count; i++) {
    int rc = add_table(names, session, handle, &tables[i], &at, &changed);
    if (rc != MEDLEY_OK) return rc;
  }
  int rc = drop_unseen(names, handle, &changed);
  if (rc == MEDLEY_OK && changed) rc = med_sql_forget_schema(session->sql);
  if (rc == MEDLEY_OK) names->version = med_wide_catalog_version(catalog);
  return rc;
}

int med_wide_names_refresh(medley_session *session, sqlite3 *handle) {
  med_wide_names *names = *med_session_wide_names(session);
  med_txn *txn = med_session_txn(session);
  uint64_t version;
  med_cql_client *client;
  med_wide_catalog *catalog;
  int rc;
  MED_TRY(med_wide_catalog_version_now(txn, &version));
  if (version == names->version && (version != 0 || names->count == 0)) return rc;
  MED_TRY(med_cql_client_open(session, &client));
  MED_TRY(med_cql_client_catalog(client, txn, &catalog));
  rc = bring_up_to_date(names, session, handle, catalog);
  if (rc == MEDLEY_NO_MEMORY) rc = med_error_no_memory(med_session_error_slot(session));
done:
  return rc;
}

/* ---- Life ---- */
int med_wide_names_register(medley_session *session) {
  med_wide_names **slot = med_session_wide_names(session);
  if (*slot == NULL) *slot = med_alloc_zero(sizeof **slot);
  if (*slot == NULL) return SQLITE_NOMEM;
  (*slot)->version = 0;
  (*slot)->count = 0;
  return SQLITE_OK;
}

void med_wide_names_close(med_wide_names *names) {
  if (names == NULL) return;
  med_free(names->known);
  med_free(names);
}

bool med_wide_names_any(medley_session *session) { return (*med_session_wide_names(session))->count > 0; }

void med_wide_names_set_outdated(medley_session *session) { (*med_session_wide_names(session))->outdated = true; }

bool med_wide_names_take_outdated(medley_session *session) {
  med_wide_names *names = *med_session_wide_names(session);
  uint64_t version = 0;
  bool outdated = names->outdated;
  names->outdated = false;
  return outdated ||
         (med_wide_catalog_version_now(med_session_txn(session), &version) == MEDLEY_OK && version != names->version);
}

void med_wide_names_explain(medley_session *session, medley_error *error) {
  static const char words[] = "no such table: ";
  med_wide_names *names = *med_session_wide_names(session);
  char *found = strstr(error->message, words);
  size_t at = 0, len = strlen(error->message);
  if (found == NULL || names->count == 0) return;
  const known_name *known = find(names, found + sizeof words - 1, &at);
  if (known == NULL) return;
  (void)snprintf(error->message + len, sizeof error->message - len, " (write \"%s\" in double quotes)",
                 known->name->name);
}
