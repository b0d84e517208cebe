/* wide_writes.c - rows of wide-column tables that SQL inserts, updates and deletes.
 *
 * SQL's rules where they differ from CQL's: an INSERT of a row that is there is a conflict, and OR REPLACE puts the whole row in its place,
 * columns that are not named becoming NULL (static columns excepted, which are not the row's own). An UPDATE writes the columns
 * that it changes. A counter's new value is written as the difference. Each statement has one timestamp a row. */
#include <string.h>

#include "engine/sql/wide_tables.h"
#include "models/widecolumn/mutation.h"

typedef struct wide_write {
  wide_table *tab;
  med_wide_table table; /* the definition, with the flags that are set now */
  med_txn *txn;
  med_wide_reader *reader;
  med_arena arena;
  med_wide_entry old; /* the row that is there */
  bool found;
  bool updates;   /* columns that are not given stay */
  bool gives_all; /* UPDATE ... FROM: also those that it does not set, with the value that they have */
  bool replaces;  /* regular columns that are not given go */
  const med_slice *partition, *clustering; /* clustering NULL: static columns alone */
  int64_t timestamp_us;
  bool timestamped, has_ttl;
  uint32_t ttl_s;
  med_wide_change *statics, *regulars;
  size_t static_count, regular_count;
} wide_write;

static int fail(wide_write *write, int rc) {
  return rc == MEDLEY_OK ? SQLITE_OK : med_sql_tables_fail(write->tab->session, &write->tab->base, rc);
}

static int no_memory(wide_write *write) { return fail(write, MEDLEY_NO_MEMORY); }

static size_t key_count(const wide_write *write) {
  return write->table.partition_count + write->table.clustering_count;
}

/* ---- Values ---- */
static int take_value(wide_write *write, const med_wide_column *column, sqlite3_value *given, med_slice *value) {
  medley_error error = {0};
  int rc = med_wide_values_take(column, given, &write->arena, value, &error);
  if (rc == MEDLEY_OK) return SQLITE_OK;
  int code = rc == MEDLEY_NO_MEMORY                    ? SQLITE_NOMEM
             : rc == MEDLEY_TYPE || rc == MEDLEY_RANGE ? SQLITE_MISMATCH
             : rc == MEDLEY_TOO_BIG                    ? SQLITE_TOOBIG
                                                       : SQLITE_ERROR;
  const char *words = error.message[0] != '\0' ? error.message : medley_status_text(rc);
  if (strncmp(words, "cql: ", 5) == 0) words += 5;
  return med_wide_table_refuse(write->tab, code, "%.*s: %s", (int)column->name.len, (const char *)column->name.bytes,
                               words);
}

static int refuse_null(wide_write *write, const med_wide_column *column) {
  wide_table *tab = write->tab;
  sqlite3_free(tab->base.zErrMsg);
  tab->base.zErrMsg = sqlite3_mprintf("NOT NULL constraint failed: %s.%.*s", tab->name->name, (int)column->name.len,
                                      (const char *)column->name.bytes);
  return med_sql_tables_constraint(tab->handle, SQLITE_CONSTRAINT_NOTNULL);
}

static int take_ttl(wide_write *write, sqlite3_value *given) {
  if (sqlite3_value_numeric_type(given) != SQLITE_INTEGER)
    return med_wide_table_refuse(write->tab, SQLITE_MISMATCH, "_ttl is a whole number of seconds");
  sqlite3_int64 number = sqlite3_value_int64(given);
  if (number < 0 || number > MED_WIDE_TTL_MAX)
    return med_wide_table_refuse(write->tab, SQLITE_CONSTRAINT_VTAB, "_ttl is between 0 and %d seconds",
                                 MED_WIDE_TTL_MAX);
  write->ttl_s = (uint32_t)number;
  write->has_ttl = true;
  return SQLITE_OK;
}

static int take_writetime(wide_write *write, sqlite3_value *given) {
  if (sqlite3_value_numeric_type(given) != SQLITE_INTEGER || sqlite3_value_int64(given) == INT64_MIN)
    return med_wide_table_refuse(write->tab, SQLITE_MISMATCH, "_writetime is a number of microseconds since 1970");
  write->timestamp_us = sqlite3_value_int64(given);
  write->timestamped = true;
  return SQLITE_OK;
}

static bool gives_all(const wide_write *write, sqlite3_value **columns) {
  for (size_t i = 0; i < write->table.column_count; i++) {
    if (sqlite3_value_nochange(columns[i])) return false;
  }
  return true;
}

/* A time as it was shown is none that is set. */
static bool is_given(const wide_write *write, sqlite3_value **columns, bool is_ttl) {
  sqlite3_value *value = columns[write->table.column_count + !is_ttl];
  if (write->updates && sqlite3_value_nochange(value)) return false;
  if (sqlite3_value_type(value) == SQLITE_NULL) return false;
  int64_t now_s = med_txn_now_us(write->txn) / 1000000, youngest_us, expiry_s;
  if (!write->gives_all) return true;
  med_wide_rows_times(&write->old, now_s, &youngest_us, &expiry_s);
  return sqlite3_value_int64(value) != (is_ttl ? expiry_s - now_s : youngest_us);
}

/* The hidden columns; columns: all of them. */
static int take_hidden(wide_write *write, sqlite3_value **columns) {
  write->timestamp_us = med_session_next_timestamp_us(write->tab->session);
  write->ttl_s = write->table.default_ttl_s;
  if (!write->tab->has_hidden) return SQLITE_OK;
  sqlite3_value **hidden = columns + write->table.column_count;
  int code = SQLITE_OK;
  if (is_given(write, columns, true)) code = take_ttl(write, hidden[0]);
  if (code == SQLITE_OK && is_given(write, columns, false)) code = take_writetime(write, hidden[1]);
  return code;
}

/* ---- Changes ---- */
static int64_t counter_of(const wide_write *write, const med_wide_column *column, med_arena *arena, bool *ok) {
  if (!write->found) return 0;
  const med_wide_row *row = column->role == MED_WIDE_STATIC ? write->old.statics : write->old.row;
  med_slice value = med_wide_row_value(row, column, med_txn_now_us(write->txn) / 1000000, arena, ok);
  return *ok && value.len == 8 ? (int64_t)med_get_u64(value.bytes) : 0;
}

static int take_counter(wide_write *write, med_slice value, med_wide_change *change) {
  bool ok = true;
  int64_t present = counter_of(write, change->column, &write->arena, &ok);
  if (!ok) return no_memory(write);
  change->kind = MED_WIDE_CHANGE_ADD_COUNTER;
  change->index = (int64_t)(med_get_u64(value.bytes) - (uint64_t)present);
  return SQLITE_OK;
}

/* A column that UPDATE ... FROM gives with its own value is not written anew, unless for its time. */
static bool keeps_value(wide_write *write, const med_wide_column *column, med_slice value) {
  if (!write->gives_all || write->has_ttl || write->timestamped || column->type.kind == MED_WIDE_COUNTER) return false;
  bool ok = true;
  const med_wide_row *row = column->role == MED_WIDE_STATIC ? write->old.statics : write->old.row;
  med_slice old = med_wide_row_value(row, column, med_txn_now_us(write->txn) / 1000000, &write->arena, &ok);
  return ok && med_wide_is_null(old) == med_wide_is_null(value) && med_slice_equal(old, value);
}

static int take_change(wide_write *write, const med_wide_column *column, sqlite3_value *given) {
  bool is_static = column->role == MED_WIDE_STATIC, null = sqlite3_value_type(given) == SQLITE_NULL;
  med_wide_change change = {.kind = MED_WIDE_CHANGE_SET, .column = column};
  if (write->updates && sqlite3_value_nochange(given)) return SQLITE_OK;
  if (null && !write->updates && (is_static || !write->replaces)) return SQLITE_OK;
  if (!is_static && write->clustering == NULL) {
    if (null) return SQLITE_OK;
    return med_wide_table_refuse(write->tab, SQLITE_CONSTRAINT_VTAB,
                                 "a row without a clustering key has static columns alone, which %.*s is not",
                                 (int)column->name.len, (const char *)column->name.bytes);
  }
  int code = take_value(write, column, given, &change.value);
  if (code == SQLITE_OK && column->type.kind == MED_WIDE_COUNTER)
    code = null ? refuse_null(write, column) : take_counter(write, change.value, &change);
  if (code != SQLITE_OK || keeps_value(write, column, change.value)) return code;
  if (is_static)
    write->statics[write->static_count++] = change;
  else
    write->regulars[write->regular_count++] = change;
  return SQLITE_OK;
}

static int take_changes(wide_write *write, sqlite3_value **columns) {
  size_t count = write->table.column_count;
  write->statics = med_arena_alloc(&write->arena, (count + 1) * sizeof *write->statics);
  write->regulars = med_arena_alloc(&write->arena, (count + 1) * sizeof *write->regulars);
  if (write->statics == NULL || write->regulars == NULL) return no_memory(write);
  for (size_t i = key_count(write); i < count; i++) {
    int code = take_change(write, &write->table.columns[i], columns[i]);
    if (code != SQLITE_OK) return code;
  }
  return SQLITE_OK;
}

/* The flags that this write is the first to need; every statement after it reads the new definition. */
static int note_flags(wide_write *write) {
  bool changed;
  uint32_t flags = (write->timestamped ? MED_WIDE_TABLE_TIMESTAMPS : 0u) |
                   (write->ttl_s > 0 ? (uint32_t)MED_WIDE_TABLE_EXPIRES : 0u);
  int rc = med_wide_table_note(write->txn, &write->table, flags, &changed);
  write->table.flags |= flags;
  return fail(write, rc);
}

static int apply(wide_write *write) {
  bool marks = !write->updates && !(write->table.flags & MED_WIDE_TABLE_COUNTER);
  med_wide_write to = {.table = &write->table,
                       .partition = write->partition,
                       .timestamp_us = write->timestamp_us,
                       .ttl_s = write->ttl_s,
                       .changes = write->statics,
                       .change_count = write->static_count};
  int code = note_flags(write), rc = MEDLEY_OK;
  if (code != SQLITE_OK) return code;
  if (write->static_count > 0) rc = med_wide_apply(write->txn, &to, &write->arena);
  if (rc != MEDLEY_OK || write->clustering == NULL || (write->regular_count == 0 && !marks)) return fail(write, rc);
  to.clustering = write->clustering;
  to.marker = marks;
  to.changes = write->regulars;
  to.change_count = write->regular_count;
  return fail(write, med_wide_apply(write->txn, &to, &write->arena));
}

/* ---- INSERT ---- */
static int take_key(wide_write *write, sqlite3_value **columns) {
  const med_wide_table *table = &write->table;
  size_t keys = key_count(write), nulls = 0;
  med_slice *values = med_arena_alloc(&write->arena, (keys + 1) * sizeof *values);
  if (values == NULL) return no_memory(write);
  for (size_t i = 0; i < keys; i++) {
    if (i >= table->partition_count && sqlite3_value_type(columns[i]) == SQLITE_NULL) nulls++;
    int code = take_value(write, &table->columns[i], columns[i], &values[i]);
    if (code != SQLITE_OK) return code;
  }
  bool statics = nulls > 0 && nulls == table->clustering_count && med_wide_table_has_static(table);
  for (size_t i = 0; i < (statics ? table->partition_count : keys); i++) {
    if (med_wide_is_null(values[i])) return refuse_null(write, &table->columns[i]);
  }
  if (table->partition_count == 1 && values[0].len == 0)
    return med_wide_table_refuse(write->tab, SQLITE_CONSTRAINT_VTAB, "the partition key may not be empty");
  write->partition = values;
  write->clustering = statics ? NULL : values + table->partition_count;
  return SQLITE_OK;
}

/* The row of that key. A partition's static columns alone are no row of their own: they are written over. */
static int find_row(wide_write *write) {
  const med_wide_table *table = &write->table;
  med_wide_range range;
  if (write->clustering == NULL) return SQLITE_OK;
  int rc = med_wide_clustering_range(table, write->clustering, table->clustering_count, NULL, NULL, &write->arena,
                                     &range, med_txn_error(write->txn));
  if (rc == MEDLEY_OK) rc = med_wide_reader_partition(write->reader, write->partition, &range, false);
  if (rc == MEDLEY_OK) rc = med_wide_reader_next(write->reader, &write->old);
  write->found = rc == MEDLEY_OK;
  return rc == MEDLEY_NOT_FOUND ? SQLITE_OK : fail(write, rc);
}

static int refuse_conflict(wide_write *write) {
  wide_table *tab = write->tab;
  char *columns = NULL;
  for (size_t i = 0; i < key_count(write); i++) {
    med_slice name = write->table.columns[i].name;
    char *more = sqlite3_mprintf("%z%s%s.%.*s", columns, i > 0 ? ", " : "", tab->name->name, (int)name.len,
                                 (const char *)name.bytes);
    if (more == NULL) return SQLITE_NOMEM;
    columns = more;
  }
  sqlite3_free(tab->base.zErrMsg);
  tab->base.zErrMsg = sqlite3_mprintf("UNIQUE constraint failed: %z", columns);
  return med_sql_tables_constraint(tab->handle, SQLITE_CONSTRAINT_UNIQUE);
}

static int insert(wide_write *write, sqlite3_value **columns) {
  int code = take_key(write, columns);
  if (code == SQLITE_OK) code = find_row(write);
  if (code != SQLITE_OK) return code;
  bool replaces = sqlite3_vtab_on_conflict(write->tab->handle) == SQLITE_REPLACE;
  if (write->found && !replaces) return refuse_conflict(write);
  write->replaces = write->found;
  code = take_hidden(write, columns);
  if (code == SQLITE_OK) code = take_changes(write, columns);
  if (code == SQLITE_OK && write->table.flags & MED_WIDE_TABLE_COUNTER &&
      write->regular_count + write->static_count == 0)
    return med_wide_table_refuse(write->tab, SQLITE_CONSTRAINT_VTAB, "a row of counters has at least one value");
  return code == SQLITE_OK ? apply(write) : code;
}

/* ---- UPDATE and DELETE ---- */
static int refuse_key_change(wide_write *write, sqlite3_value **columns) {
  const med_wide_table *table = &write->table;
  for (size_t i = 0; i < key_count(write); i++) {
    const med_wide_column *column = &table->columns[i];
    med_slice old = {0}, value;
    if (sqlite3_value_nochange(columns[i])) continue;
    if (i < table->partition_count)
      old = write->partition[i];
    else if (write->clustering != NULL)
      old = write->clustering[i - table->partition_count];
    int code = take_value(write, column, columns[i], &value);
    if (code != SQLITE_OK) return code;
    if (med_wide_is_null(old) == med_wide_is_null(value) && med_slice_equal(old, value)) continue;
    return med_wide_table_refuse(write->tab, SQLITE_CONSTRAINT_VTAB,
                                 "%.*s is part of the primary key and cannot be updated: insert another row",
                                 (int)column->name.len, (const char *)column->name.bytes);
  }
  return SQLITE_OK;
}

static int update(wide_write *write, sqlite3_value **columns) {
  write->updates = true;
  write->gives_all = gives_all(write, columns);
  int code = refuse_key_change(write, columns);
  if (code == SQLITE_OK) code = take_hidden(write, columns);
  if (code == SQLITE_OK) code = take_changes(write, columns);
  bool times = write->has_ttl || write->timestamped;
  if (code == SQLITE_OK && times && write->regular_count + write->static_count == 0)
    return med_wide_table_refuse(write->tab, SQLITE_CONSTRAINT_VTAB,
                                 "_ttl and _writetime are those of the columns that an UPDATE sets: it sets none");
  return code == SQLITE_OK ? apply(write) : code;
}

/* Of a partition without rows: its static columns. */
static int delete_statics(wide_write *write) {
  const med_wide_table *table = &write->table;
  write->statics = med_arena_alloc(&write->arena, (table->column_count + 1) * sizeof *write->statics);
  if (write->statics == NULL) return no_memory(write);
  for (size_t i = key_count(write); i < table->column_count; i++) {
    if (table->columns[i].role != MED_WIDE_STATIC) continue;
    write->statics[write->static_count++] =
        (med_wide_change){.kind = MED_WIDE_CHANGE_SET, .column = &table->columns[i]};
  }
  return apply(write);
}

static int delete_row(wide_write *write) {
  write->updates = true; /* nothing is there because of it */
  write->timestamp_us = med_session_next_timestamp_us(write->tab->session);
  if (write->clustering == NULL) return delete_statics(write);
  return fail(write, med_wide_delete_row(write->txn, &write->table, write->partition, write->clustering,
                                         write->timestamp_us, &write->arena));
}

/* The row that SQLite has found before. It may be gone: a trigger has deleted it. */
static int find_old(wide_write *write, sqlite3_value *number) {
  med_slice tail = med_sql_remembered_row(&write->tab->rows, sqlite3_value_int64(number));
  if (med_wide_is_null(tail)) return med_wide_table_refuse(write->tab, SQLITE_ERROR, "a row was lost");
  int rc = med_wide_reader_at(write->reader, tail, &write->old);
  write->found = rc == MEDLEY_OK;
  write->partition = write->old.partition;
  write->clustering = write->old.clustering;
  return rc == MEDLEY_NOT_FOUND ? SQLITE_OK : fail(write, rc);
}

static int run(wide_write *write, int argc, sqlite3_value **argv) {
  if (sqlite3_value_type(argv[0]) == SQLITE_NULL) return insert(write, argv + 2);
  int code = find_old(write, argv[0]);
  if (code != SQLITE_OK || !write->found) return code;
  return argc == 1 ? delete_row(write) : update(write, argv + 2);
}

/* argv[0]: the number of the old row or NULL; argc 1: delete; argv[2...]: the new row. */
int med_wide_writes_update(sqlite3_vtab *base, int argc, sqlite3_value **argv, sqlite3_int64 *id) {
  wide_write write = {.tab = wide_table_of(base)};
  const med_wide_table *definition;
  int code = med_wide_table_now(write.tab, &definition);
  if (code != SQLITE_OK) return code;
  if (definition->flags & MED_WIDE_TABLE_VIEW)
    return med_wide_table_refuse(write.tab, SQLITE_READONLY, "a materialized view follows its table: write to that");
  write.table = *definition;
  write.txn = med_session_txn(write.tab->session);
  med_mark mark = med_txn_mark(write.txn); /* SQLite takes no savepoint for a statement of one row */
  med_wide_catalog *catalog = med_wide_catalog_retain(write.tab->catalog);
  code = fail(&write, med_wide_reader_open(write.txn, &write.table, &write.reader));
  if (code == SQLITE_OK) code = run(&write, argc, argv);
  *id = 0;
  med_wide_reader_close(write.reader);
  if (code != SQLITE_OK && med_txn_rollback_to(write.txn, mark) != MEDLEY_OK) med_txn_break(write.txn);
  med_wide_catalog_release(catalog);
  med_arena_clear(&write.arena);
  return code;
}
