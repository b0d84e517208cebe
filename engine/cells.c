/* cells.c - the typed calls for tables of cells: names become tables, calls become statements of the session's transaction. */
#include "models/widecolumn/cells.h"

#include "engine/cql/client.h"
#include "engine/cql/parser.h"
#include "engine/session_state.h"
#include "models/widecolumn/cells_scan.h"
#include "models/widecolumn/name_text.h"

#define BYTES_MAX ((size_t)1 << 40) /* beyond it a length is a mistake */

static bool is_bytes(med_slice bytes) { return (bytes.bytes != NULL || bytes.len == 0) && bytes.len <= BYTES_MAX; }

/* ---- Names ---- "keyspace.table"; a name without a keyspace is in the one that USE has chosen. */
static void split_name(const char *name, med_slice *keyspace, med_slice *table) {
  const char *dot = strchr(name, '.');
  *keyspace = dot != NULL ? med_slice_of(name, (size_t)(dot - name)) : med_slice_of(NULL, 0);
  *table = med_slice_of_text(dot != NULL ? dot + 1 : name);
}

static int find_table(medley_session *session, med_txn *txn, const char *name, const med_wide_table **table) {
  med_cql_client *client;
  med_wide_catalog *catalog;
  med_slice keyspace, in;
  int rc;
  MED_TRY(med_cql_client_open(session, &client));
  MED_TRY(med_cql_client_catalog(client, txn, &catalog));
  split_name(name, &keyspace, &in);
  if (keyspace.bytes == NULL) keyspace = med_slice_of(client->keyspace, client->keyspace_len);
  *table = med_wide_catalog_table(catalog, keyspace, in);
  if (*table == NULL) rc = med_error_set(&session->error, MEDLEY_NOT_FOUND, "cells: there is no table %.100s", name);
done:
  return rc;
}

/* ---- One call ---- */
static int poll_session(void *context) { return med_session_poll(context); }
static int64_t next_timestamp_us(void *context) { return med_session_next_timestamp_us(context); }

typedef struct cells_call {
  medley_session *session;
  med_cells_host host;
  med_cells cells;
} cells_call;

static int leave(medley_session *session, int rc) {
  rc = med_session_fail(session, MEDLEY_LANGUAGE_NONE, rc);
  med_session_leave(session);
  return rc;
}

static int end_call(cells_call *call, int rc) {
  med_cells_close(&call->cells);
  return leave(call->session, med_session_statement_end(call->session, rc, false));
}

/* Between this and end_call stands the work on one table, if it succeeds. */
static int begin_call(medley_session *session, int access, const char *name, cells_call *call) {
  if (name == NULL) return MEDLEY_MISUSE;
  int rc = med_session_enter(session);
  if (rc != MEDLEY_OK) return rc;
  *call = (cells_call){.session = session, .host = {session, poll_session, next_timestamp_us}};
  med_txn *txn;
  const med_wide_table *table;
  rc = med_session_statement_begin(session, access, &txn);
  if (rc != MEDLEY_OK) return leave(session, rc);
  rc = find_table(session, txn, name, &table);
  if (rc == MEDLEY_OK) rc = med_cells_open(txn, table, &call->host, &call->cells);
  return rc == MEDLEY_OK ? rc : end_call(call, rc);
}

/* ---- CREATE TABLE ---- */
static bool add(med_buffer *text, const char *bytes) { return med_buffer_append(text, bytes, strlen(bytes)); }

static bool add_string(med_buffer *text, const char *string) {
  bool ok = med_buffer_append_byte(text, '\'');
  for (const char *c = string; ok && *c != '\0'; c++)
    ok = (*c != '\'' || med_buffer_append_byte(text, '\'')) && med_buffer_append_byte(text, (uint8_t)*c);
  return ok && med_buffer_append_byte(text, '\'');
}

static bool add_name(med_buffer *text, const char *name) {
  med_slice keyspace, table;
  split_name(name, &keyspace, &table);
  return (keyspace.bytes == NULL || (med_wide_name_write(keyspace, text) && med_buffer_append_byte(text, '.'))) &&
         med_wide_name_write(table, text);
}

static bool add_versions(med_buffer *text, const medley_cells_family *families, size_t count) {
  bool ok = add(text, " AND " MED_WIDE_FAMILIES_PROPERTY " = {");
  for (size_t i = 0; ok && i < count; i++) {
    ok = (i == 0 || add(text, ", ")) && add_string(text, families[i].name);
    ok = ok && (families[i].max_versions == 0 ? add(text, ": 'all'")
                                              : med_buffer_printf(text, ": '%u'", families[i].max_versions));
  }
  return ok && add(text, "}");
}

static bool add_ttls(med_buffer *text, const medley_cells_family *families, size_t count) {
  bool ok = true, any = false;
  for (size_t i = 0; ok && i < count; i++) {
    if (families[i].ttl_s == 0) continue;
    ok = add(text, any ? ", " : " AND " MED_WIDE_FAMILY_TTL_PROPERTY " = {") && add_string(text, families[i].name) &&
         med_buffer_printf(text, ": '%u'", families[i].ttl_s);
    any = true;
  }
  return ok && (!any || add(text, "}"));
}

int medley_cells_create(medley_session *session, const char *table, const medley_cells_family *families, size_t count) {
  bool ok = table != NULL && families != NULL && count > 0 && count <= MED_WIDE_FAMILIES_MAX;
  for (size_t i = 0; ok && i < count; i++) ok = families[i].name != NULL;
  if (!ok) return MEDLEY_MISUSE;
  med_buffer text = {0};
  ok = add(&text, "CREATE TABLE ") && add_name(&text, table) &&
       add(&text,
           " (region int, key blob, family text, qualifier blob, version timestamp, value blob, "
           "PRIMARY KEY (region, key, family, qualifier, version)) WITH CLUSTERING ORDER BY "
           "(key ASC, family ASC, qualifier ASC, version DESC)") &&
       add_versions(&text, families, count) && add_ttls(&text, families, count);
  int rc;
  if (ok) {
    rc = medley_exec(session, MEDLEY_LANGUAGE_CQL, text.bytes, text.len, NULL, NULL);
  } else {
    rc = med_session_enter(session);
    if (rc == MEDLEY_OK) rc = leave(session, med_error_no_memory(&session->error));
  }
  med_buffer_clear(&text);
  return rc;
}

/* ---- Changes ---- */
static bool is_change(const medley_cells_change *change) {
  bool named = change->cell.family != NULL || change->kind == MEDLEY_CELLS_DELETE;
  return (unsigned)change->kind <= MEDLEY_CELLS_DELETE_VERSION && named && is_bytes(change->cell.qualifier) &&
         is_bytes(change->cell.value);
}

/* Whether they are well formed; *access: which room they may use. */
static bool are_changes(med_slice key, const medley_cells_change *changes, size_t count, int *access) {
  bool ok = is_bytes(key) && (changes != NULL || count == 0) && count <= BYTES_MAX;
  *access = MED_FREES;
  for (size_t i = 0; ok && i < count; i++) {
    ok = is_change(&changes[i]);
    if (changes[i].kind == MEDLEY_CELLS_PUT) *access = MED_WRITES;
  }
  return ok;
}

int medley_cells_mutate(medley_session *session, const char *table, const void *key, size_t key_len,
                        const medley_cells_change *changes, size_t count) {
  cells_call call;
  int access;
  if (!are_changes(med_slice_of(key, key_len), changes, count, &access)) return MEDLEY_MISUSE;
  int rc = begin_call(session, access, table, &call);
  if (rc != MEDLEY_OK) return rc;
  return end_call(&call, med_cells_apply(&call.cells, med_slice_of(key, key_len), changes, count));
}

int medley_cells_put(medley_session *session, const char *table, const void *key, size_t key_len,
                     const medley_cell *cells, size_t count) {
  cells_call call;
  med_slice row = med_slice_of(key, key_len);
  bool ok = is_bytes(row) && (cells != NULL || count == 0);
  for (size_t i = 0; ok && i < count; i++) {
    medley_cells_change put = {MEDLEY_CELLS_PUT, cells[i]};
    ok = is_change(&put);
  }
  if (!ok) return MEDLEY_MISUSE;
  int rc = begin_call(session, MED_WRITES, table, &call);
  if (rc != MEDLEY_OK) return rc;
  if (count == 0) rc = med_cells_apply(&call.cells, row, NULL, 0);
  for (size_t i = 0; rc == MEDLEY_OK && i < count; i++) {
    medley_cells_change put = {MEDLEY_CELLS_PUT, cells[i]};
    rc = med_cells_apply(&call.cells, row, &put, 1);
  }
  return end_call(&call, rc);
}

static bool is_check(const medley_cells_check *check) {
  return check != NULL && check->family != NULL && is_bytes(check->qualifier) && is_bytes(check->value) &&
         (unsigned)check->comparison <= MEDLEY_CELLS_GREATER_OR_EQUAL;
}

int medley_cells_check_and_mutate(medley_session *session, const char *table, const void *key, size_t key_len,
                                  const medley_cells_check *check, const medley_cells_change *changes, size_t count,
                                  int *applied) {
  cells_call call;
  int access;
  bool holds = false;
  med_slice row = med_slice_of(key, key_len);
  if (applied == NULL || !is_check(check) || !are_changes(row, changes, count, &access)) return MEDLEY_MISUSE;
  *applied = 0;
  int rc = begin_call(session, access, table, &call);
  if (rc != MEDLEY_OK) return rc;
  rc = med_cells_holds(&call.cells, row, check, &holds);
  if (rc == MEDLEY_OK && holds) rc = med_cells_apply(&call.cells, row, changes, count);
  rc = end_call(&call, rc);
  if (rc == MEDLEY_OK) *applied = holds;
  return rc;
}

int medley_cells_increment(medley_session *session, const char *table, const void *key, size_t key_len,
                           const char *family, medley_slice qualifier, int64_t by, int64_t *result) {
  cells_call call;
  int64_t sum = 0;
  const medley_cell column = {.family = family, .qualifier = qualifier};
  med_slice row = med_slice_of(key, key_len);
  if (result == NULL || family == NULL || !is_bytes(row) || !is_bytes(qualifier)) return MEDLEY_MISUSE;
  int rc = begin_call(session, MED_WRITES, table, &call);
  if (rc != MEDLEY_OK) return rc;
  rc = end_call(&call, med_cells_increment(&call.cells, row, &column, by, &sum));
  if (rc == MEDLEY_OK) *result = sum;
  return rc;
}

static int lend_bytes(medley_session *session, med_slice bytes, med_slice *lent) {
  med_buffer *scratch = &session->scratch;
  scratch->len = 0;
  if (!med_buffer_reserve(scratch, bytes.len + 1) || !med_buffer_append(scratch, bytes.bytes, bytes.len))
    return med_error_no_memory(&session->error);
  *lent = med_slice_of(scratch->bytes, scratch->len);
  return MEDLEY_OK;
}

int medley_cells_append(medley_session *session, const char *table, const void *key, size_t key_len, const char *family,
                        medley_slice qualifier, medley_slice bytes, medley_slice *result) {
  cells_call call;
  med_slice joined, lent = {0};
  const medley_cell column = {.family = family, .qualifier = qualifier};
  med_slice row = med_slice_of(key, key_len);
  if (family == NULL || !is_bytes(row) || !is_bytes(qualifier) || !is_bytes(bytes)) return MEDLEY_MISUSE;
  int rc = begin_call(session, MED_WRITES, table, &call);
  if (rc != MEDLEY_OK) return rc;
  rc = med_cells_append(&call.cells, row, &column, bytes, &joined);
  if (rc == MEDLEY_OK && result != NULL) rc = lend_bytes(session, joined, &lent);
  rc = end_call(&call, rc);
  if (rc == MEDLEY_OK && result != NULL) *result = lent;
  return rc;
}

/* ---- Reading ---- */
static bool is_query(const medley_cells_query *query) {
  bool ok = (query->columns != NULL || query->column_count == 0) &&
            (query->checks != NULL || query->check_count == 0) && is_bytes(query->qualifier_prefix) &&
            is_bytes(query->value) && is_bytes(query->start) && is_bytes(query->stop) && is_bytes(query->prefix) &&
            query->comparison != MEDLEY_CELLS_ABSENT && (unsigned)query->comparison <= MEDLEY_CELLS_GREATER_OR_EQUAL;
  for (size_t i = 0; ok && i < query->column_count; i++)
    ok = query->columns[i].family != NULL && is_bytes(query->columns[i].qualifier);
  for (size_t i = 0; ok && i < query->check_count; i++) ok = is_check(&query->checks[i]);
  return ok;
}

int medley_cells_get(medley_session *session, const char *table, const void *key, size_t key_len,
                     const medley_cells_query *query, medley_cells_row *row) {
  static const medley_cells_query all;
  cells_call call;
  med_cells_scan *scan;
  med_slice wanted = med_slice_of(key != NULL ? key : "", key_len);
  if (row == NULL || (key == NULL && key_len > 0) || (query != NULL && !is_query(query))) return MEDLEY_MISUSE;
  *row = (medley_cells_row){.key = wanted};
  int rc = begin_call(session, MED_READS, table, &call);
  if (rc != MEDLEY_OK) return rc;
  rc = med_cells_scan_open(&call.cells, wanted, query != NULL ? query : &all, &scan);
  if (rc == MEDLEY_OK) rc = med_cells_scan_next(scan, &session->cells, row);
  if (rc == MEDLEY_NOT_FOUND && scan != NULL) rc = MEDLEY_OK;
  med_cells_scan_close(scan);
  return end_call(&call, rc);
}

int medley_cells_scan(medley_session *session, const char *table, const medley_cells_query *query,
                      medley_cells_callback on_row, void *context) {
  static const medley_cells_query all;
  cells_call call;
  med_cells_scan *scan;
  medley_cells_row row;
  med_arena arena = {0};
  if (on_row == NULL || (query != NULL && !is_query(query))) return MEDLEY_MISUSE;
  int rc = begin_call(session, MED_READS, table, &call);
  if (rc != MEDLEY_OK) return rc;
  rc = med_cells_scan_open(&call.cells, med_slice_of(NULL, 0), query != NULL ? query : &all, &scan);
  while (rc == MEDLEY_OK && (rc = med_cells_scan_next(scan, &arena, &row)) == MEDLEY_OK) {
    if (on_row(context, &row) != 0) break;
  }
  if (rc == MEDLEY_NOT_FOUND && scan != NULL) rc = MEDLEY_OK;
  med_cells_scan_close(scan);
  med_arena_clear(&arena);
  return end_call(&call, rc);
}
