/* wide_rows.c - cursors over wide-column tables. */
#include <string.h>

#include "engine/sql/wide_tables.h"

#define POLL_EVERY 64 /* rows between two looks at interrupt and deadline */

/* ---- Cursors ---- */
int med_wide_rows_open(sqlite3_vtab *base, sqlite3_vtab_cursor **opened) {
  wide_table *tab = wide_table_of(base);
  const med_wide_table *definition;
  int code = med_wide_table_now(tab, &definition);
  if (code != SQLITE_OK) return code;
  wide_cursor *cursor = med_alloc_zero(sizeof *cursor);
  if (cursor == NULL) return SQLITE_NOMEM;
  int rc = med_wide_reader_open(med_session_txn(tab->session), definition, &cursor->reader);
  if (rc != MEDLEY_OK) {
    med_free(cursor);
    return med_sql_tables_fail(tab->session, base, rc);
  }
  if (tab->open_cursors++ == 0) med_sql_remembered_forget(&tab->rows);
  cursor->catalog = med_wide_catalog_retain(tab->catalog);
  cursor->definition = definition;
  cursor->now_s = med_txn_now_us(med_session_txn(tab->session)) / 1000000;
  cursor->at_end = true;
  *opened = &cursor->base;
  return SQLITE_OK;
}

static void close_index(wide_cursor *cursor) {
  med_wide_index_reader_close(cursor->index);
  cursor->index = NULL;
}

int med_wide_rows_close(sqlite3_vtab_cursor *base) {
  wide_cursor *cursor = (wide_cursor *)base;
  wide_table_of_cursor(cursor)->open_cursors--;
  close_index(cursor);
  med_wide_vectors_close(cursor);
  med_wide_reader_close(cursor->reader);
  med_wide_catalog_release(cursor->catalog);
  med_arena_clear(&cursor->places);
  med_arena_clear(&cursor->arena);
  med_free(cursor);
  return SQLITE_OK;
}

static int fail(wide_cursor *cursor, int rc) {
  cursor->at_end = true;
  return med_sql_tables_fail(wide_table_of_cursor(cursor)->session, cursor->base.pVtab, rc);
}

/* ---- The next row ---- */
static int next_indexed(wide_cursor *cursor) {
  med_slice tail;
  for (;;) {
    int rc = med_wide_index_reader_next(cursor->index, &tail);
    if (rc != MEDLEY_OK) return rc;
    rc = med_wide_reader_at(cursor->reader, tail, &cursor->entry);
    if (rc != MEDLEY_NOT_FOUND) return rc; /* entries outlive what has expired */
  }
}

static int next_entry(wide_cursor *cursor) {
  if (cursor->index != NULL) return next_indexed(cursor);
  if (cursor->vectors.scan != NULL) return med_wide_vectors_next(cursor);
  int rc = med_wide_reader_next(cursor->reader, &cursor->entry);
  return rc == MEDLEY_NOT_FOUND && cursor->vectors.wanted ? med_wide_vectors_next(cursor) : rc;
}

static int advance(wide_cursor *cursor) {
  int rc = MEDLEY_OK;
  if (cursor->steps++ % POLL_EVERY == POLL_EVERY - 1) rc = med_session_poll(wide_table_of_cursor(cursor)->session);
  if (rc == MEDLEY_OK) rc = next_entry(cursor);
  cursor->at_end = rc != MEDLEY_OK;
  if (rc == MEDLEY_OK || rc == MEDLEY_NOT_FOUND) return SQLITE_OK;
  return fail(cursor, rc);
}

int med_wide_rows_next(sqlite3_vtab_cursor *base) {
  wide_cursor *cursor = (wide_cursor *)base;
  med_arena_reset(&cursor->arena);
  return advance(cursor);
}

int med_wide_rows_eof(sqlite3_vtab_cursor *base) { return ((wide_cursor *)base)->at_end; }

/* ---- Filter ---- */
/* The values of the arguments. VALUE: of all; NOTHING: one of them has no row; UNKNOWN: the first one, as *at, may have any. */
static int match_all(wide_cursor *cursor, size_t first_column, size_t count, sqlite3_value **argv, med_slice *values,
                     med_wide_match *all, size_t *at) {
  *all = MED_WIDE_MATCH_VALUE;
  for (size_t i = 0; i < count; i++) {
    med_wide_match match;
    int rc = med_wide_values_match(&cursor->definition->columns[first_column + i].type, argv[i], MED_WIDE_AS_EQUAL,
                                   &cursor->places, &values[i], &match);
    if (rc != MEDLEY_OK) return rc;
    if (match == MED_WIDE_MATCH_VALUE || *all == MED_WIDE_MATCH_NOTHING) continue;
    if (match == MED_WIDE_MATCH_NOTHING || *all == MED_WIDE_MATCH_VALUE) *at = first_column + i;
    *all = match;
  }
  return MEDLEY_OK;
}

static int read_all(wide_cursor *cursor) {
  med_wide_reader_tokens(cursor->reader, INT64_MIN, INT64_MAX);
  return MEDLEY_OK;
}

/* A text that is compared as a number: SQLite looks at all rows, unless it does not look at all. */
static int read_unknown(wide_cursor *cursor, int plan, size_t column) {
  const med_wide_table *table = cursor->definition;
  if (!(plan & MED_WIDE_PLAN_RELIED_ON)) return read_all(cursor);
  med_slice name = table->columns[column].name;
  return med_error_set(med_session_error_slot(wide_table_of_cursor(cursor)->session), MEDLEY_UNSUPPORTED,
                       "%.*s is a text and is compared with a number, for which there is no key: CAST it AS TEXT",
                       (int)name.len, (const char *)name.bytes);
}

static int match_bound(wide_cursor *cursor, const med_wide_type *type, sqlite3_value *given,
                       med_wide_comparing comparing, med_wide_bound *bound, bool *has, bool *possible) {
  med_wide_match match;
  int rc = med_wide_values_match(type, given, comparing, &cursor->places, &bound->value, &match);
  bound->inclusive = true; /* SQLite looks at the bound itself again */
  *has = match == MED_WIDE_MATCH_VALUE;
  if (match == MED_WIDE_MATCH_NOTHING) *possible = false;
  return rc;
}

/* What is longer than a key can be has no rows as an equal value, and is no bound. */
static int make_range(wide_cursor *cursor, const med_slice *equal, size_t count, const med_wide_bound *lower,
                      const med_wide_bound *upper, med_wide_range *range) {
  medley_error ignored = {0};
  int rc = med_wide_clustering_range(cursor->definition, equal, count, lower, upper, &cursor->places, range, &ignored);
  if (rc != MEDLEY_OK && rc != MEDLEY_NO_MEMORY && (lower != NULL || upper != NULL))
    rc = med_wide_clustering_range(cursor->definition, equal, count, NULL, NULL, &cursor->places, range, &ignored);
  return rc == MEDLEY_OK || rc == MEDLEY_NO_MEMORY ? rc : MEDLEY_NOT_FOUND;
}

static int filter_partition(wide_cursor *cursor, int plan, sqlite3_value **argv) {
  const med_wide_table *table = cursor->definition;
  size_t equal_count = (size_t)plan >> MED_WIDE_PLAN_NUMBER_SHIFT, key_count = table->partition_count + equal_count;
  med_slice values[2 * MED_WIDE_KEY_COLUMNS_MAX];
  const med_slice *equal = values + table->partition_count;
  med_wide_bound lower, upper;
  bool possible = true, has_lower = false, has_upper = false;
  med_wide_match keys;
  size_t at;
  int rc = match_all(cursor, 0, key_count, argv, values, &keys, &at);
  if (rc == MEDLEY_OK && keys == MED_WIDE_MATCH_UNKNOWN) return read_unknown(cursor, plan, at);
  possible = keys == MED_WIDE_MATCH_VALUE;
  const med_wide_type *next = &table->columns[key_count].type;
  argv += key_count;
  if (rc == MEDLEY_OK && plan & MED_WIDE_PLAN_LOWER)
    rc = match_bound(cursor, next, *argv++, MED_WIDE_AS_LOWER, &lower, &has_lower, &possible);
  if (rc == MEDLEY_OK && plan & MED_WIDE_PLAN_UPPER)
    rc = match_bound(cursor, next, *argv, MED_WIDE_AS_UPPER, &upper, &has_upper, &possible);
  if (rc != MEDLEY_OK || !possible) return rc == MEDLEY_OK ? MEDLEY_NOT_FOUND : rc;
  for (size_t i = 0; i < table->partition_count; i++) {
    if (values[i].len > UINT16_MAX) return MEDLEY_NOT_FOUND;
  }
  bool all = equal_count == 0 && !has_lower && !has_upper;
  med_wide_range range;
  if (!all) rc = make_range(cursor, equal, equal_count, has_lower ? &lower : NULL, has_upper ? &upper : NULL, &range);
  if (rc != MEDLEY_OK) return rc;
  return med_wide_reader_partition(cursor->reader, values, all ? NULL : &range, plan & MED_WIDE_PLAN_REVERSE);
}

static int filter_index(wide_cursor *cursor, int plan, sqlite3_value **argv) {
  const med_wide_table *table = cursor->definition;
  size_t column = (size_t)plan >> MED_WIDE_PLAN_NUMBER_SHIFT;
  const med_wide_index *index = med_wide_table_index(table, table->columns[column].id, MED_WIDE_INDEX_VALUE);
  med_slice value;
  med_wide_match match;
  size_t at;
  int rc = match_all(cursor, column, 1, argv, &value, &match, &at);
  if (rc == MEDLEY_OK && match == MED_WIDE_MATCH_UNKNOWN) return read_unknown(cursor, plan, at);
  if (rc != MEDLEY_OK || match == MED_WIDE_MATCH_NOTHING) return rc == MEDLEY_OK ? MEDLEY_NOT_FOUND : rc;
  return med_wide_index_reader_open(med_session_txn(wide_table_of_cursor(cursor)->session), table, index, value,
                                    &cursor->index);
}

int med_wide_rows_filter(sqlite3_vtab_cursor *base, int plan, const char *plan_text, int argc, sqlite3_value **argv) {
  wide_cursor *cursor = (wide_cursor *)base;
  int rc = MEDLEY_OK;
  (void)argc;
  close_index(cursor);
  med_wide_vectors_close(cursor);
  med_arena_reset(&cursor->places);
  med_arena_reset(&cursor->arena);
  cursor->at_end = true;
  switch (plan & MED_WIDE_PLAN_KIND) {
    case MED_WIDE_PLAN_PARTITION: rc = filter_partition(cursor, plan, argv); break;
    case MED_WIDE_PLAN_INDEX: rc = filter_index(cursor, plan, argv); break;
    default:
      rc = read_all(cursor);
      if (rc == MEDLEY_OK) rc = med_wide_vectors_plan(cursor, plan, plan_text, argv);
      break;
  }
  if (rc == MEDLEY_NOT_FOUND) return SQLITE_OK;
  return rc == MEDLEY_OK ? advance(cursor) : fail(cursor, rc);
}

/* ---- Columns ---- */
void med_wide_rows_times(const med_wide_entry *entry, int64_t now_s, int64_t *youngest_us, int64_t *expiry_s) {
  const med_wide_row *row = entry->clustering != NULL ? entry->row : entry->statics;
  bool marked = row->marker.present && med_wide_is_live(row->marker.expiry_s, now_s);
  *youngest_us = marked ? row->marker.timestamp_us : MED_WIDE_NO_TIMESTAMP;
  *expiry_s = !marked ? 0 : row->marker.expiry_s > 0 ? row->marker.expiry_s : INT64_MAX;
  for (size_t i = 0; i < row->count; i++) {
    const med_wide_cell *cell = &row->cells[i];
    if (!med_wide_cell_is_live(cell, now_s)) continue;
    int64_t expiry = cell->expiry_s > 0 ? cell->expiry_s : INT64_MAX;
    if (cell->timestamp_us > *youngest_us) *youngest_us = cell->timestamp_us;
    if (expiry > *expiry_s) *expiry_s = expiry;
  }
}

/* All of a sealed row is of one time. */
static int find_times(wide_cursor *cursor, int64_t *youngest_us, int64_t *expiry_s) {
  const wide_vectors *vectors = &cursor->vectors;
  *expiry_s = INT64_MAX;
  if (vectors->scan != NULL) {
    int rc = med_wide_segment_scan_time(vectors->scan, vectors->row, youngest_us);
    if (rc == MEDLEY_OK) rc = med_wide_segment_scan_expiry(vectors->scan, vectors->row, expiry_s);
    if (*expiry_s == 0) *expiry_s = INT64_MAX;
    return rc;
  }
  med_wide_rows_times(&cursor->entry, cursor->now_s, youngest_us, expiry_s);
  return MEDLEY_OK;
}

static int give_hidden(wide_cursor *cursor, sqlite3_context *context, bool is_ttl) {
  int64_t youngest_us, expiry_s;
  int rc = find_times(cursor, &youngest_us, &expiry_s);
  if (rc != MEDLEY_OK) return rc;
  if (is_ttl && expiry_s > 0 && expiry_s != INT64_MAX)
    sqlite3_result_int64(context, expiry_s - cursor->now_s);
  else if (!is_ttl && youngest_us != MED_WIDE_NO_TIMESTAMP)
    sqlite3_result_int64(context, youngest_us);
  return MEDLEY_OK;
}

/* The value of a column in the present row, borrowed or in `bytes` or the cursor's arena. */
static int find_value(wide_cursor *cursor, size_t at, uint8_t bytes[8], med_slice *value) {
  const med_wide_table *table = cursor->definition;
  const med_wide_entry *entry = &cursor->entry;
  const med_wide_column *column = &table->columns[at];
  size_t keys = table->partition_count + table->clustering_count;
  bool sealed = cursor->vectors.scan != NULL, ok = true;
  *value = med_slice_of(NULL, 0);
  if (sealed && at >= keys) return med_wide_vectors_value(cursor, column, bytes, value);
  int rc = sealed ? med_wide_vectors_key(cursor) : MEDLEY_OK;
  if (rc != MEDLEY_OK) return rc;
  if (at < table->partition_count)
    *value = entry->partition[at];
  else if (at < keys && entry->clustering != NULL)
    *value = entry->clustering[at - table->partition_count];
  else if (at >= keys)
    *value = med_wide_row_value(column->role == MED_WIDE_STATIC ? entry->statics : entry->row, column, cursor->now_s,
                                &cursor->arena, &ok);
  return ok ? MEDLEY_OK : MEDLEY_NO_MEMORY;
}

int med_wide_rows_column(sqlite3_vtab_cursor *base, sqlite3_context *context, int index) {
  wide_cursor *cursor = (wide_cursor *)base;
  const med_wide_table *table = cursor->definition;
  size_t at = (size_t)index;
  uint8_t bytes[8];
  med_slice value;
  int rc;
  if (sqlite3_vtab_nochange(context)) return SQLITE_OK; /* an UPDATE that does not set it */
  if (at >= table->column_count) {
    rc = give_hidden(cursor, context, at == table->column_count);
  } else {
    rc = find_value(cursor, at, bytes, &value);
    if (rc == MEDLEY_OK)
      rc = med_wide_values_give(context, &table->columns[at].type, value, &cursor->arena,
                                med_session_error_slot(wide_table_of_cursor(cursor)->session));
  }
  return rc == MEDLEY_OK ? SQLITE_OK : med_sql_tables_fail(wide_table_of_cursor(cursor)->session, base->pVtab, rc);
}

int med_wide_rows_rowid(sqlite3_vtab_cursor *base, sqlite3_int64 *id) {
  wide_cursor *cursor = (wide_cursor *)base;
  int rc = cursor->vectors.scan != NULL ? med_wide_vectors_key(cursor) : MEDLEY_OK;
  if (rc != MEDLEY_OK) return med_sql_tables_fail(wide_table_of_cursor(cursor)->session, base->pVtab, rc);
  return med_sql_remembered_number(&wide_table_of_cursor(cursor)->rows, cursor->entry.tail, id);
}
