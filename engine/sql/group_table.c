/* group_table.c - medley_groups: a row for each group of a wide-column table, with its totals; without keys, all rows are one group.
 *
 *   medley_groups(table, spec, value, ...)   the values that the tests of the spec compare with, in their order
 *
 * What cannot be found by columns (a value of another type than its column's, a segment that does not store a column of the key) is asked of
 * SQLite: a statement on the table itself, whose rows are passed on. */
#include <math.h>
#include <string.h>

#include "engine/cql/client.h"
#include "engine/session_state.h"
#include "engine/sql/group_query.h"
#include "engine/sql/wide_values.h"

#define MODULE "medley_groups"

enum {
  AT_KEYS = 0,
  AT_ROWS = MED_WIDE_GROUP_KEYS_MAX,
  AT_TOTALS,
  AT_TABLE = AT_TOTALS + MED_WIDE_GROUP_TOTALS_MAX * MED_GROUP_FUNCTIONS,
  AT_SPEC,
  AT_VALUES,
  COLUMN_COUNT = AT_VALUES + MED_WIDE_GROUP_TESTS_MAX
};

typedef struct group_table {
  sqlite3_vtab base;
  medley_session *session;
  sqlite3 *handle;
} group_table;

typedef struct group_cursor {
  sqlite3_vtab_cursor base;
  med_group_spec spec;
  bool is_real[MED_WIDE_GROUP_TOTALS_MAX], is_blob[MED_WIDE_GROUP_KEYS_MAX], is_text[MED_WIDE_GROUP_KEYS_MAX];
  med_wide_group_order orders[MED_WIDE_GROUP_KEYS_MAX];
  size_t order_count;
  med_wide_groups *groups; /* one of the two */
  sqlite3_stmt *stmt;
  uint32_t *listed, listed_count, at; /* of groups: their numbers, in order; the present one */
  bool at_end;
  med_arena arena;
} group_cursor;

const char *const med_group_function_names[MED_GROUP_FUNCTIONS] = {"count", "sum", "total", "min", "max"};

static group_table *table_of(sqlite3_vtab *base) { return (group_table *)base; }
static group_table *table_of_cursor(const group_cursor *cursor) { return (group_table *)cursor->base.pVtab; }

/* ---- What is taken ---- */
static bool shows_number(const med_wide_column *of) {
  const char *declared = med_wide_values_declared(&of->type);
  return strcmp(declared, "INTEGER") == 0 || strcmp(declared, "REAL") == 0;
}

static bool shows_itself(const med_wide_column *of) {
  return shows_number(of) || med_wide_segment_type(of->type.kind) == MED_COLUMN_TEXTS;
}

bool med_group_takes_key(const med_wide_column *of) { return med_wide_groups_take_key(of) && shows_itself(of); }

bool med_group_takes_total(const med_wide_column *of, size_t function) {
  return med_wide_groups_take_total(of) && (function == MED_GROUP_COUNT || shows_number(of));
}

bool med_group_takes_test(const med_wide_column *of) { return med_wide_groups_take_test(of) && shows_itself(of); }

/* ---- The table ---- */
static bool write_schema(med_buffer *text) {
  bool ok = med_buffer_printf(text, "CREATE TABLE x(");
  for (size_t i = 0; ok && i < MED_WIDE_GROUP_KEYS_MAX; i++) ok = med_buffer_printf(text, MED_GROUP_KEY_COLUMN ", ", i);
  ok = ok && med_buffer_printf(text, MED_GROUP_ROWS_COLUMN);
  for (size_t i = 0; ok && i < MED_WIDE_GROUP_TOTALS_MAX; i++) {
    for (size_t f = 0; ok && f < MED_GROUP_FUNCTIONS; f++)
      ok = med_buffer_printf(text, ", " MED_GROUP_TOTAL_COLUMN, med_group_function_names[f], i);
  }
  ok = ok && med_buffer_printf(text, ", \"medley table\" HIDDEN, \"medley spec\" HIDDEN");
  for (size_t i = 0; ok && i < MED_WIDE_GROUP_TESTS_MAX; i++)
    ok = med_buffer_printf(text, ", \"medley value %zu\" HIDDEN", i);
  return ok && med_buffer_printf(text, ")"); /* with a NUL behind it */
}

static int connect(sqlite3 *handle, void *context, int argc, const char *const *argv, sqlite3_vtab **made,
                   char **message) {
  med_buffer schema = {0};
  (void)argc;
  (void)argv;
  (void)message;
  int code = write_schema(&schema) ? sqlite3_declare_vtab(handle, schema.bytes) : SQLITE_NOMEM;
  med_buffer_clear(&schema);
  if (code != SQLITE_OK) return code;
  group_table *opened = med_alloc_zero(sizeof *opened);
  if (opened == NULL) return SQLITE_NOMEM;
  opened->session = context;
  opened->handle = handle;
  (void)sqlite3_vtab_config(handle, SQLITE_VTAB_DIRECTONLY);
  *made = &opened->base;
  return SQLITE_OK;
}

static int disconnect(sqlite3_vtab *base) {
  med_free(table_of(base));
  return SQLITE_OK;
}

/* The arguments' texts, where they are written in the statement, for EXPLAIN QUERY PLAN. False if memory is short. */
static bool describe(sqlite3_index_info *info, const int *constraints, med_buffer *text) {
  bool ok = true;
  for (int i = 0; ok && i < 2; i++) {
    sqlite3_value *value;
    if (sqlite3_vtab_rhs_value(info, constraints[i], &value) != SQLITE_OK || value == NULL) continue;
    const char *part = (const char *)sqlite3_value_text(value);
    if (part != NULL && *part != '\0') ok = med_buffer_printf(text, "%s%s", text->len > 0 ? " " : "", part);
  }
  return ok;
}

/* Groups come in the order of their keys that is asked for: SQLite need not sort them, neither for GROUP BY nor for ORDER BY. What xFilter is
 * told of it: the number of arguments, and then, from the first term on, the key and one more, and its direction. */
enum { ARGUMENT_BITS = 5, TERM_BITS = 4 };

static bool take_order(const sqlite3_index_info *info, int *plan) {
  int terms = 0;
  if (info->nOrderBy == 0 || info->nOrderBy > MED_WIDE_GROUP_KEYS_MAX) return false;
  for (int i = 0; i < info->nOrderBy; i++) {
    int column = info->aOrderBy[i].iColumn;
    if (column < 0 || column >= AT_ROWS) return false;
    terms |= ((column + 1) << 1 | (info->aOrderBy[i].desc != 0)) << (ARGUMENT_BITS + i * TERM_BITS);
  }
  *plan |= terms;
  return true;
}

/* Terms of a key that is none are those of a column of nulls. */
static void read_order(group_cursor *cursor, int plan) {
  cursor->order_count = 0;
  for (plan >>= ARGUMENT_BITS; plan > 0; plan >>= TERM_BITS) {
    size_t key = (size_t)(plan >> 1 & 7) - 1;
    if (key < cursor->spec.key_count) cursor->orders[cursor->order_count++] = (med_wide_group_order){key, plan & 1};
  }
}

static int best_index(sqlite3_vtab *base, sqlite3_index_info *info) {
  int at[COLUMN_COUNT - AT_TABLE], count = 0;
  (void)base;
  memset(at, -1, sizeof at);
  for (int i = 0; i < info->nConstraint; i++) {
    int column = info->aConstraint[i].iColumn;
    if (column < AT_TABLE || info->aConstraint[i].op != SQLITE_INDEX_CONSTRAINT_EQ) continue;
    if (!info->aConstraint[i].usable) return SQLITE_CONSTRAINT;
    at[column - AT_TABLE] = i;
  }
  for (; count < COLUMN_COUNT - AT_TABLE && at[count] >= 0; count++) {
    info->aConstraintUsage[at[count]].argvIndex = count + 1;
    info->aConstraintUsage[at[count]].omit = 1;
  }
  info->idxNum = count;
  info->estimatedCost = 1000000;
  info->estimatedRows = 1000;
  if (count < 2) return SQLITE_OK; /* refused when it is run */
  info->orderByConsumed = take_order(info, &info->idxNum);
  med_buffer text = {0};
  if (describe(info, at, &text)) info->idxStr = sqlite3_mprintf("%.*s", (int)text.len, text.len > 0 ? text.bytes : "");
  info->needToFreeIdxStr = 1;
  med_buffer_clear(&text);
  return info->idxStr != NULL ? SQLITE_OK : SQLITE_NOMEM;
}

/* ---- Cursors ---- */
static int open(sqlite3_vtab *base, sqlite3_vtab_cursor **opened) {
  group_cursor *cursor = med_alloc_zero(sizeof *cursor);
  (void)base;
  if (cursor == NULL) return SQLITE_NOMEM;
  cursor->at_end = true;
  *opened = &cursor->base;
  return SQLITE_OK;
}

static void empty(group_cursor *cursor) {
  med_group_spec_clear(&cursor->spec);
  med_wide_groups_free(cursor->groups);
  cursor->groups = NULL;
  med_free(cursor->listed);
  cursor->listed = NULL;
  (void)sqlite3_finalize(cursor->stmt);
  cursor->stmt = NULL;
  med_arena_clear(&cursor->arena);
  cursor->at_end = true;
}

static int close_cursor(sqlite3_vtab_cursor *base) {
  empty((group_cursor *)base);
  med_free(base);
  return SQLITE_OK;
}

static int refuse(group_cursor *cursor, int code, const char *words) {
  sqlite3_free(cursor->base.pVtab->zErrMsg);
  cursor->base.pVtab->zErrMsg = sqlite3_mprintf("%s", words);
  return code;
}

static int fail(group_cursor *cursor, int rc) {
  return med_sql_tables_fail(table_of_cursor(cursor)->session, cursor->base.pVtab, rc);
}

/* ---- By columns ---- */
/* The value of a column that compares with its values as SQLite's does. UNSUPPORTED, without a message: there is none. */
static int constant_of(const med_wide_column *column, sqlite3_value *given, med_arena *arena, med_slice *value) {
  uint8_t bytes[8];
  switch (med_wide_segment_type(column->type.kind)) {
    case MED_COLUMN_INTEGERS: {
      if (sqlite3_value_numeric_type(given) != SQLITE_INTEGER) return MEDLEY_UNSUPPORTED;
      int64_t number = sqlite3_value_int64(given);
      *value = med_wide_segment_of_integer(column->type.kind, number, bytes);
      if (med_wide_segment_integer(column->type.kind, *value) != number) return MEDLEY_UNSUPPORTED;
      break;
    }
    case MED_COLUMN_REALS: {
      int type = sqlite3_value_numeric_type(given);
      double number = sqlite3_value_double(given);
      if (type != SQLITE_INTEGER && type != SQLITE_FLOAT) return MEDLEY_UNSUPPORTED;
      if (type == SQLITE_INTEGER && fabs(number) > 0x1p53) return MEDLEY_UNSUPPORTED;
      if (column->type.kind == MED_WIDE_FLOAT && (double)(float)number != number) return MEDLEY_UNSUPPORTED;
      *value = med_wide_segment_of_real(column->type.kind, number, bytes);
      break;
    }
    default: {
      bool blob = column->type.kind == MED_WIDE_BLOB;
      if (sqlite3_value_type(given) != (blob ? SQLITE_BLOB : SQLITE_TEXT)) return MEDLEY_UNSUPPORTED;
      const void *text = blob ? sqlite3_value_blob(given) : sqlite3_value_text(given);
      size_t len = (size_t)sqlite3_value_bytes(given);
      if (text == NULL && len > 0) return MEDLEY_NO_MEMORY;
      *value = med_slice_of(len > 0 ? text : "", len);
    }
  }
  void *copy = med_arena_copy(arena, value->bytes, value->len);
  *value = med_slice_of(copy, value->len);
  return copy != NULL ? MEDLEY_OK : MEDLEY_NO_MEMORY;
}

static med_slice slice_of(const med_buffer *buffer) { return med_slice_of(buffer->bytes, buffer->len); }

static int poll(void *context) { return med_session_poll(context); }

/* OK; UNSUPPORTED, without a message. */
static int fill_query(group_cursor *cursor, const med_wide_table *table, sqlite3_value **values,
                      med_wide_group_query *query) {
  const med_group_spec *spec = &cursor->spec;
  *query = (med_wide_group_query){.key_count = spec->key_count,
                                  .total_count = spec->total_count,
                                  .test_count = spec->test_count,
                                  .poll = poll,
                                  .poll_context = table_of_cursor(cursor)->session};
  for (size_t i = 0; i < spec->key_count; i++) {
    const med_wide_column *column = query->keys[i] = med_wide_table_column(table, slice_of(&spec->keys[i]));
    if (column == NULL || !med_group_takes_key(column)) return MEDLEY_UNSUPPORTED;
    cursor->is_text[i] = column->type.kind == MED_WIDE_TEXT || column->type.kind == MED_WIDE_ASCII;
    cursor->is_blob[i] = column->type.kind == MED_WIDE_BLOB;
  }
  for (size_t i = 0; i < spec->total_count; i++) {
    const med_wide_column *column = query->totals[i] = med_wide_table_column(table, slice_of(&spec->totals[i]));
    if (column == NULL || !med_group_takes_total(column, MED_GROUP_COUNT)) return MEDLEY_UNSUPPORTED;
    if (spec->functions[i] != 1u << MED_GROUP_COUNT && !med_group_takes_total(column, MED_GROUP_SUM))
      return MEDLEY_UNSUPPORTED;
    query->bounds[i] = (spec->functions[i] & (1u << MED_GROUP_MIN | 1u << MED_GROUP_MAX)) != 0;
    cursor->is_real[i] = med_wide_segment_type(column->type.kind) == MED_COLUMN_REALS;
  }
  for (size_t i = 0; i < spec->test_count; i++) {
    med_wide_group_test *test = &query->tests[i];
    test->column = med_wide_table_column(table, slice_of(&spec->tests[i]));
    test->compare = spec->compares[i];
    if (test->column == NULL || !med_group_takes_test(test->column)) return MEDLEY_UNSUPPORTED;
    int rc = constant_of(test->column, values[i], &cursor->arena, &test->value);
    if (rc != MEDLEY_OK) return rc;
  }
  return MEDLEY_OK;
}

/* UNSUPPORTED, without a message, if SQLite has to be asked. */
static int group_by_columns(group_cursor *cursor, med_slice name, sqlite3_value **values) {
  medley_session *session = table_of_cursor(cursor)->session;
  const char *point = memchr(name.bytes, '.', name.len);
  med_cql_client *client;
  med_wide_catalog *catalog;
  med_wide_group_query query;
  if (point == NULL) return MEDLEY_UNSUPPORTED;
  int rc = med_cql_client_open(session, &client);
  if (rc == MEDLEY_OK) rc = med_cql_client_catalog(client, med_session_txn(session), &catalog);
  if (rc != MEDLEY_OK) return rc;
  size_t keyspace_len = (size_t)(point - (const char *)name.bytes);
  const med_wide_table *table = med_wide_catalog_table(catalog, med_slice_of(name.bytes, keyspace_len),
                                                       med_slice_of(point + 1, name.len - keyspace_len - 1));
  if (table == NULL || table->flags & MED_WIDE_TABLE_COUNTER || med_wide_table_has_static(table))
    return MEDLEY_UNSUPPORTED;
  rc = fill_query(cursor, table, values, &query);
  if (rc == MEDLEY_NO_MEMORY) return med_error_no_memory(med_session_error_slot(session));
  if (rc == MEDLEY_OK) rc = med_wide_groups_make(med_session_txn(session), table, &query, &cursor->groups);
  if (rc != MEDLEY_TOO_BIG) return rc;
  med_error_clear(med_session_error_slot(session)); /* it is no failure: SQLite has room on its pages */
  return MEDLEY_UNSUPPORTED;
}

/* ---- By SQLite ---- */
static bool write_statement(const group_cursor *cursor, med_slice name, med_buffer *text) {
  const med_group_spec *spec = &cursor->spec;
  bool ok = med_buffer_printf(text, "SELECT ");
  for (size_t i = 0; ok && i < spec->key_count; i++)
    ok = med_sql_quote_name(slice_of(&spec->keys[i]), text) && med_buffer_append(text, ", ", 2);
  ok = ok && med_buffer_printf(text, "count(*)");
  for (size_t i = 0; ok && i < spec->total_count; i++) {
    for (size_t f = 0; ok && f < MED_GROUP_FUNCTIONS; f++) {
      bool wanted = spec->functions[i] >> f & 1;
      ok = med_buffer_printf(text, wanted ? ", %s(" : ", NULL", med_group_function_names[f]);
      if (ok && wanted) ok = med_sql_quote_name(slice_of(&spec->totals[i]), text) && med_buffer_append_byte(text, ')');
    }
  }
  ok = ok && med_buffer_printf(text, " FROM ") && med_sql_quote_name(name, text);
  for (size_t i = 0; ok && i < spec->test_count; i++)
    ok = med_buffer_printf(text, i == 0 ? " WHERE " : " AND ") && med_sql_quote_name(slice_of(&spec->tests[i]), text) &&
         med_buffer_printf(text, " %s ?%zu", med_group_spec_operator(spec->compares[i]), i + 1);
  for (size_t i = 0; ok && i < spec->key_count; i++)
    ok = med_buffer_printf(text, i == 0 ? " GROUP BY " : ", ") && med_sql_quote_name(slice_of(&spec->keys[i]), text);
  for (size_t i = 0; ok && i < cursor->order_count; i++)
    ok = med_buffer_printf(text, "%s %zu%s", i == 0 ? " ORDER BY" : ",", cursor->orders[i].key + 1,
                           cursor->orders[i].descending ? " DESC" : "");
  return ok;
}

static int fail_as_sqlite(group_cursor *cursor, int code) {
  return refuse(cursor, code, sqlite3_errmsg(table_of_cursor(cursor)->handle));
}

static int step(group_cursor *cursor) {
  int code = sqlite3_step(cursor->stmt);
  cursor->at_end = code != SQLITE_ROW;
  return code == SQLITE_ROW || code == SQLITE_DONE ? SQLITE_OK : fail_as_sqlite(cursor, code);
}

static int ask_sqlite(group_cursor *cursor, med_slice name, sqlite3_value **values) {
  sqlite3 *handle = table_of_cursor(cursor)->handle;
  med_buffer text = {0};
  int code = SQLITE_NOMEM;
  if (write_statement(cursor, name, &text))
    code = sqlite3_prepare_v2(handle, text.bytes, (int)text.len, &cursor->stmt, NULL);
  med_buffer_clear(&text);
  for (size_t i = 0; code == SQLITE_OK && i < cursor->spec.test_count; i++)
    code = sqlite3_bind_value(cursor->stmt, (int)i + 1, values[i]);
  return code == SQLITE_OK ? step(cursor) : fail_as_sqlite(cursor, code);
}

/* ---- Rows ---- */
static int list_groups(group_cursor *cursor) {
  cursor->listed = med_wide_groups_list(cursor->groups, cursor->orders, cursor->order_count, &cursor->listed_count);
  cursor->at = 0;
  cursor->at_end = cursor->listed_count == 0;
  return cursor->listed != NULL ? SQLITE_OK : SQLITE_NOMEM;
}

static int filter(sqlite3_vtab_cursor *base, int plan, const char *plan_text, int argc, sqlite3_value **argv) {
  group_cursor *cursor = (group_cursor *)base;
  (void)plan_text;
  empty(cursor);
  if (argc < 2) return refuse(cursor, SQLITE_ERROR, MODULE ": a table and what is asked of it have to be given");
  med_slice name = med_slice_of(sqlite3_value_text(argv[0]), (size_t)sqlite3_value_bytes(argv[0]));
  med_slice text = med_slice_of(sqlite3_value_text(argv[1]), (size_t)sqlite3_value_bytes(argv[1]));
  int rc = name.bytes != NULL && text.bytes != NULL ? med_group_spec_read(text, &cursor->spec) : MEDLEY_ERROR;
  if (rc == MEDLEY_NO_MEMORY) return SQLITE_NOMEM;
  if (rc != MEDLEY_OK || (size_t)argc - 2 != cursor->spec.test_count)
    return refuse(cursor, SQLITE_ERROR, MODULE ": not what it is asked with");
  read_order(cursor, plan);
  rc = group_by_columns(cursor, name, argv + 2);
  if (rc == MEDLEY_UNSUPPORTED) return ask_sqlite(cursor, name, argv + 2);
  return rc == MEDLEY_OK ? list_groups(cursor) : fail(cursor, rc);
}

static int next(sqlite3_vtab_cursor *base) {
  group_cursor *cursor = (group_cursor *)base;
  if (cursor->stmt != NULL) return step(cursor);
  cursor->at_end = ++cursor->at >= cursor->listed_count;
  return SQLITE_OK;
}

static int eof(sqlite3_vtab_cursor *base) { return ((group_cursor *)base)->at_end; }

static uint32_t group_of(const group_cursor *cursor) { return cursor->listed[cursor->at]; }

static void give_key(const group_cursor *cursor, sqlite3_context *context, size_t key) {
  int64_t integer = 0;
  med_slice text = {0};
  if (!med_wide_groups_key(cursor->groups, group_of(cursor), key, &integer, &text)) return;
  if (cursor->is_text[key])
    sqlite3_result_text64(context, text.bytes, text.len, SQLITE_TRANSIENT, SQLITE_UTF8);
  else if (cursor->is_blob[key])
    sqlite3_result_blob64(context, text.bytes, text.len, SQLITE_TRANSIENT);
  else
    sqlite3_result_int64(context, integer);
}

static void give_real(sqlite3_context *context, const med_wide_total *total, size_t function) {
  switch (function) {
    case MED_GROUP_SUM:
    case MED_GROUP_TOTAL: sqlite3_result_double(context, total->as.reals.sum + 0.0); break; /* SQLite begins with 0 */
    case MED_GROUP_MIN: sqlite3_result_double(context, total->as.reals.min); break;
    default: sqlite3_result_double(context, total->as.reals.max); break;
  }
}

static int give_integer(group_cursor *cursor, sqlite3_context *context, const med_wide_total *total, size_t function) {
  med_int128 sum = total->as.integers.sum;
  switch (function) {
    case MED_GROUP_SUM:
      if (sum < INT64_MIN || sum > INT64_MAX) return refuse(cursor, SQLITE_ERROR, "integer overflow");
      sqlite3_result_int64(context, (sqlite3_int64)sum);
      break;
    case MED_GROUP_TOTAL: sqlite3_result_double(context, (double)sum); break;
    case MED_GROUP_MIN: sqlite3_result_int64(context, total->as.integers.min); break;
    default: sqlite3_result_int64(context, total->as.integers.max); break;
  }
  return SQLITE_OK;
}

static int give_total(group_cursor *cursor, sqlite3_context *context, size_t at, size_t function) {
  if (at >= cursor->spec.total_count || !(cursor->spec.functions[at] >> function & 1)) return SQLITE_OK;
  const med_wide_total *total = med_wide_groups_total(cursor->groups, group_of(cursor), at);
  if (function == MED_GROUP_COUNT) {
    sqlite3_result_int64(context, (sqlite3_int64)total->count);
    return SQLITE_OK;
  }
  if (total->count == 0) {
    if (function == MED_GROUP_TOTAL) sqlite3_result_double(context, 0);
    return SQLITE_OK;
  }
  if (!cursor->is_real[at]) return give_integer(cursor, context, total, function);
  give_real(context, total, function);
  return SQLITE_OK;
}

static int column(sqlite3_vtab_cursor *base, sqlite3_context *context, int index) {
  group_cursor *cursor = (group_cursor *)base;
  if (index >= AT_TABLE) return SQLITE_OK;
  size_t total = (size_t)(index >= AT_TOTALS ? index - AT_TOTALS : 0);
  if (cursor->stmt != NULL) {
    size_t keys = cursor->spec.key_count;
    int at = index < AT_ROWS ? index : (int)keys + index - AT_ROWS;
    if (index >= AT_ROWS || (size_t)index < keys) sqlite3_result_value(context, sqlite3_column_value(cursor->stmt, at));
    return SQLITE_OK;
  }
  if (index == AT_ROWS) {
    sqlite3_result_int64(context, (sqlite3_int64)med_wide_groups_rows(cursor->groups, group_of(cursor)));
    return SQLITE_OK;
  }
  if (index >= AT_TOTALS) return give_total(cursor, context, total / MED_GROUP_FUNCTIONS, total % MED_GROUP_FUNCTIONS);
  if ((size_t)index < cursor->spec.key_count) give_key(cursor, context, (size_t)index);
  return SQLITE_OK;
}

static int rowid(sqlite3_vtab_cursor *base, sqlite3_int64 *id) {
  *id = ((group_cursor *)base)->at;
  return SQLITE_OK;
}

/* Without xCreate a module is a table by its name alone. */
static const sqlite3_module module_methods = {
    .xConnect = connect,
    .xBestIndex = best_index,
    .xDisconnect = disconnect,
    .xOpen = open,
    .xClose = close_cursor,
    .xFilter = filter,
    .xNext = next,
    .xEof = eof,
    .xColumn = column,
    .xRowid = rowid,
};

int med_group_table_register(medley_session *session, sqlite3 *handle) {
  return sqlite3_create_module_v2(handle, MODULE, &module_methods, session, NULL);
}
