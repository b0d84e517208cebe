/* define_tables.c - CREATE TABLE, ALTER TABLE, ALTER MATERIALIZED VIEW. */
#include "engine/cql/define.h"

#include "models/widecolumn/time_window.h"

/* ---- Columns ---- */
static int make_column(med_cql_run *run, const med_cql_column_definition *definition, med_slice keyspace, uint16_t id,
                       med_wide_column *column) {
  *column = (med_wide_column){.id = id, .name = definition->name.name};
  column->role = definition->is_static ? MED_WIDE_STATIC : MED_WIDE_REGULAR;
  int rc = med_cql_read_own_type(run, definition, keyspace, &column->type);
  if (rc != MEDLEY_OK) return rc;
  rc = med_cql_check_nesting(run, definition->type_at, &column->type);
  if (rc != MEDLEY_OK) return rc;
  if (column->type.kind != MED_WIDE_COUNTER && med_cql_type_has_counter(&column->type))
    return med_cql_fail(run, definition->type_at, MEDLEY_TYPE, "Counters are not allowed inside collections: %s",
                        med_cql_type_text(run, &column->type));
  return MEDLEY_OK;
}

static int check_counters(med_cql_run *run, uint32_t at, med_wide_table *table) {
  size_t counters = 0, others = 0;
  for (size_t i = table->partition_count + table->clustering_count; i < table->column_count; i++) {
    counters += table->columns[i].type.kind == MED_WIDE_COUNTER;
    others += table->columns[i].type.kind != MED_WIDE_COUNTER;
  }
  if (counters > 0 && others > 0)
    return med_cql_fail(run, at, MEDLEY_ERROR, "Cannot mix counter and non counter columns in the same table");
  if (counters > 0) table->flags |= MED_WIDE_TABLE_COUNTER;
  return MEDLEY_OK;
}

/* ---- Keys ---- */
static int take_key_column(med_cql_run *run, const med_cql_identifier *identifier, med_slice table_name,
                           med_wide_role role, med_wide_column *columns, size_t count, size_t place) {
  size_t at = place;
  while (at < count && !med_slice_equal(columns[at].name, identifier->name)) at++;
  if (at == count) {
    bool again = false;
    for (size_t i = 0; i < place; i++) again = again || med_slice_equal(columns[i].name, identifier->name);
    return med_cql_fail(run, identifier->at, MEDLEY_ERROR,
                        again ? "Duplicate column '%.*s' in PRIMARY KEY clause for table '%.*s'"
                              : "Unknown column '%.*s' referenced in PRIMARY KEY for table '%.*s'",
                        MED_CQL_TEXT(identifier->name), MED_CQL_TEXT(table_name));
  }
  med_wide_column column = columns[at];
  if (column.role == MED_WIDE_STATIC)
    return med_cql_fail(run, identifier->at, MEDLEY_ERROR, "Static column '%.*s' cannot be part of the PRIMARY KEY",
                        MED_CQL_TEXT(column.name));
  if (med_wide_type_is_complex(&column.type))
    return med_cql_fail(run, identifier->at, MEDLEY_ERROR,
                        "Invalid non-frozen %s type %s for PRIMARY KEY column '%.*s'",
                        column.type.kind == MED_WIDE_UDT ? "user-defined" : "collection",
                        med_cql_type_text(run, &column.type), MED_CQL_TEXT(column.name));
  if (!med_wide_type_has_order(&column.type))
    return med_cql_fail(run, identifier->at, MEDLEY_ERROR, "%s type is not supported for PRIMARY KEY column '%.*s'",
                        column.type.kind == MED_WIDE_COUNTER ? "counter" : "duration", MED_CQL_TEXT(column.name));
  column.role = role;
  memmove(columns + place + 1, columns + place, (at - place) * sizeof *columns);
  columns[place] = column;
  return MEDLEY_OK;
}

static int take_directions(med_cql_run *run, const med_cql_key *key, const med_cql_with *with,
                           med_wide_column *columns) {
  const med_cql_order *order = with->clustering_order;
  if (with->clustering_order_count == 0) return MEDLEY_OK;
  for (size_t i = 0; i < with->clustering_order_count; i++) {
    if (i >= key->clustering_count || !med_slice_equal(order[i].column.name, key->clustering[i].name))
      return med_cql_fail(run, order[i].column.at, MEDLEY_ERROR,
                          "Clustering key columns must exactly match columns in CLUSTERING ORDER BY directive");
    columns[key->partition_count + i].descending = order[i].descending;
  }
  if (with->clustering_order_count == key->clustering_count) return MEDLEY_OK;
  return med_cql_fail(run, order[0].column.at, MEDLEY_ERROR,
                      "Clustering key columns must exactly match columns in CLUSTERING ORDER BY directive");
}

int med_cql_arrange_key(med_cql_run *run, const med_cql_key *key, const med_cql_with *with, med_slice table_name,
                        med_wide_column *columns, size_t count) {
  if (key->partition_count > MED_WIDE_KEY_COLUMNS_MAX || key->clustering_count > MED_WIDE_KEY_COLUMNS_MAX)
    return med_cql_fail(run, key->at, MEDLEY_TOO_BIG, "a key of more than %d columns", MED_WIDE_KEY_COLUMNS_MAX);
  int rc = MEDLEY_OK;
  for (size_t i = 0; rc == MEDLEY_OK && i < key->partition_count; i++)
    rc = take_key_column(run, &key->partition[i], table_name, MED_WIDE_PARTITION, columns, count, i);
  for (size_t i = 0; rc == MEDLEY_OK && i < key->clustering_count; i++)
    rc = take_key_column(run, &key->clustering[i], table_name, MED_WIDE_CLUSTERING, columns, count,
                         key->partition_count + i);
  return rc == MEDLEY_OK ? take_directions(run, key, with, columns) : rc;
}

void med_cql_finish_table(med_wide_table *table, med_wide_column *columns, size_t count) {
  med_wide_columns_sort(columns, count);
  table->columns = columns;
  table->column_count = count;
  table->partition_count = table->clustering_count = 0;
  for (size_t i = 0; i < count; i++) {
    table->partition_count += columns[i].role == MED_WIDE_PARTITION;
    table->clustering_count += columns[i].role == MED_WIDE_CLUSTERING;
  }
}

/* ---- CREATE TABLE ---- */
static int find_key(med_cql_run *run, const med_cql_table_definition *definition, med_cql_key *key) {
  *key = definition->key;
  for (size_t i = 0; i < definition->count; i++) {
    if (!definition->columns[i].primary_key) continue;
    if (key->partition_count > 0)
      return med_cql_fail(run, definition->columns[i].name.at, MEDLEY_ERROR,
                          "Multiple PRIMARY KEY specified for table '%.*s' (exactly one required)",
                          MED_CQL_TEXT(definition->name.name));
    key->partition = &definition->columns[i].name;
    key->partition_count = 1;
  }
  if (key->partition_count > 0) return MEDLEY_OK;
  return med_cql_fail(run, definition->name.at, MEDLEY_ERROR,
                      "No PRIMARY KEY specified for table '%.*s' (exactly one required)",
                      MED_CQL_TEXT(definition->name.name));
}

static int create_table(med_cql_run *run, const med_cql_table_definition *definition) {
  med_slice name = definition->name.name;
  med_wide_table table = {.name = name, .gc_grace_s = MED_WIDE_GC_GRACE_DEFAULT};
  med_cql_key key;
  int rc;
  MED_TRY(med_cql_keyspace_of(run, &definition->name, &table.keyspace));
  MED_TRY(med_cql_check_name(run, "table", MED_WIDE_NAME_MAX, name, definition->name.at));
  if (med_wide_catalog_table(run->catalog, table.keyspace, name) != NULL) {
    if (definition->if_not_exists) return MEDLEY_OK;
    return med_cql_fail(run, definition->name.at, MEDLEY_EXISTS,
                        "Cannot add already existing table \"%.*s\" to keyspace \"%.*s\"", MED_CQL_TEXT(name),
                        MED_CQL_TEXT(table.keyspace));
  }
  if (definition->count > MED_WIDE_COLUMNS_MAX)
    return med_cql_fail(run, definition->name.at, MEDLEY_TOO_BIG, "a table of more than %d columns",
                        MED_WIDE_COLUMNS_MAX);
  med_wide_column *columns = med_cql_alloc(run, (definition->count + 1) * sizeof *columns);
  if (columns == NULL) return MEDLEY_NO_MEMORY;
  bool statics = false;
  for (size_t i = 0; i < definition->count; i++) {
    const med_cql_column_definition *column = &definition->columns[i];
    for (size_t j = 0; j < i; j++) {
      if (med_slice_equal(columns[j].name, column->name.name))
        return med_cql_fail(run, column->name.at, MEDLEY_ERROR, "Duplicate column '%.*s' declaration for table '%.*s'",
                            MED_CQL_TEXT(column->name.name), MED_CQL_TEXT(name));
    }
    MED_TRY(make_column(run, column, table.keyspace, (uint16_t)(i + 1), &columns[i]));
    statics = statics || column->is_static;
  }
  MED_TRY(find_key(run, definition, &key));
  MED_TRY(med_cql_arrange_key(run, &key, &definition->with, name, columns, definition->count));
  if (statics && key.clustering_count == 0)
    return med_cql_fail(
        run, definition->name.at, MEDLEY_ERROR,
        "Static columns are only useful (and thus allowed) if the table has at least one clustering column");
  med_cql_finish_table(&table, columns, definition->count);
  table.next_column_id = (uint16_t)(definition->count + 1);
  MED_TRY(check_counters(run, definition->name.at, &table));
  MED_TRY(med_cql_table_options(run, &definition->with, &table));
  MED_TRY(med_wide_catalog_next_id(run->txn, &table.id));
  rc = med_wide_catalog_put_table(run->txn, &table);
done:
  return rc;
}

/* ---- ALTER TABLE ---- */
/* A table is one of counters from its beginning, or never: also where no column of either kind is left. */
static int check_added_counter(med_cql_run *run, uint32_t at, const med_wide_table *table,
                               const med_wide_column *column) {
  bool counters = table->flags & MED_WIDE_TABLE_COUNTER;
  if (counters == (column->type.kind == MED_WIDE_COUNTER)) return MEDLEY_OK;
  return med_cql_fail(run, at, MEDLEY_ERROR,
                      counters ? "Cannot have a non counter column (\"%.*s\") in a counter table"
                               : "Cannot have a counter column (\"%.*s\") in a non counter table",
                      MED_CQL_TEXT(column->name));
}

/* A view of all columns gets those that its base has got: the ones with the highest numbers. */
static int add_to_view(med_cql_run *run, const med_wide_table *base, uint16_t first_id, const med_wide_table *view) {
  med_wide_table table = *view;
  med_wide_column *columns = med_cql_alloc(run, (view->column_count + base->column_count) * sizeof *columns);
  if (columns == NULL) return MEDLEY_NO_MEMORY;
  size_t count = view->column_count;
  memcpy(columns, view->columns, count * sizeof *columns);
  for (size_t i = 0; i < base->column_count; i++) {
    if (base->columns[i].id < first_id || base->columns[i].role != MED_WIDE_REGULAR) continue;
    columns[count] = base->columns[i];
    columns[count].base_id = base->columns[i].id;
    columns[count++].id = table.next_column_id++;
  }
  med_cql_finish_table(&table, columns, count);
  return med_wide_catalog_put_table(run->txn, &table);
}

static int add_columns(med_cql_run *run, const med_cql_alter *alter, med_wide_table *table) {
  size_t count = table->column_count;
  uint16_t first_id = table->next_column_id;
  med_wide_column *columns = med_cql_alloc(run, (count + alter->count + 1) * sizeof *columns);
  if (columns == NULL) return MEDLEY_NO_MEMORY;
  memcpy(columns, table->columns, count * sizeof *columns);
  for (size_t i = 0; i < alter->count; i++) {
    const med_cql_column_definition *definition = &alter->columns[i];
    bool there = false;
    for (size_t j = 0; j < count; j++) there = there || med_slice_equal(columns[j].name, definition->name.name);
    if (there && alter->column_tolerant) continue;
    if (there)
      return med_cql_fail(run, definition->name.at, MEDLEY_EXISTS, "Column with name '%.*s' already exists",
                          MED_CQL_TEXT(definition->name.name));
    if (count >= MED_WIDE_COLUMNS_MAX || table->next_column_id == UINT16_MAX)
      return med_cql_fail(run, definition->name.at, MEDLEY_TOO_BIG, "a table of more than %d columns",
                          MED_WIDE_COLUMNS_MAX);
    int rc = make_column(run, definition, table->keyspace, table->next_column_id, &columns[count]);
    if (rc != MEDLEY_OK) return rc;
    if (definition->is_static && table->clustering_count == 0)
      return med_cql_fail(
          run, definition->name.at, MEDLEY_ERROR,
          "Static columns are only useful (and thus allowed) if the table has at least one clustering column");
    rc = check_added_counter(run, definition->name.at, table, &columns[count]);
    if (rc != MEDLEY_OK) return rc;
    count++;
    table->next_column_id++;
  }
  med_cql_finish_table(table, columns, count);
  int rc = MEDLEY_OK;
  for (size_t i = 0; rc == MEDLEY_OK && i < table->view_count; i++) {
    if (table->views[i]->flags & MED_WIDE_TABLE_VIEW_ALL) rc = add_to_view(run, table, first_id, table->views[i]);
  }
  return rc;
}

static int check_drop(med_cql_run *run, const med_wide_table *table, const med_wide_column *column, uint32_t at) {
  if (column->role <= MED_WIDE_CLUSTERING)
    return med_cql_fail(run, at, MEDLEY_ERROR, "Cannot drop PRIMARY KEY column %.*s", MED_CQL_TEXT(column->name));
  for (size_t i = 0; i < table->index_count; i++) {
    if (table->indexes[i].column_id == column->id)
      return med_cql_fail(run, at, MEDLEY_ERROR,
                          "Cannot drop column %.*s because it has dependent secondary indexes (%.*s)",
                          MED_CQL_TEXT(column->name), MED_CQL_TEXT(table->indexes[i].name));
  }
  if (table->view_count > 0)
    return med_cql_fail(run, at, MEDLEY_ERROR, "Cannot drop column %.*s on base table %.*s with materialized views",
                        MED_CQL_TEXT(column->name), MED_CQL_TEXT(table->name));
  return MEDLEY_OK;
}

static int drop_columns(med_cql_run *run, const med_cql_alter *alter, med_wide_table *table) {
  size_t count = table->column_count;
  med_wide_column *columns = med_cql_alloc(run, (count + 1) * sizeof *columns);
  if (columns == NULL) return MEDLEY_NO_MEMORY;
  memcpy(columns, table->columns, count * sizeof *columns);
  for (size_t i = 0; i < alter->count; i++) {
    med_slice name = alter->columns[i].name.name;
    size_t at = 0;
    while (at < count && !med_slice_equal(columns[at].name, name)) at++;
    if (at == count && alter->column_tolerant) continue;
    if (at == count)
      return med_cql_fail(run, alter->columns[i].name.at, MEDLEY_NOT_FOUND,
                          "Column %.*s was not found in table '%.*s.%.*s'", MED_CQL_TEXT(name),
                          MED_CQL_TEXT(table->keyspace), MED_CQL_TEXT(table->name));
    int rc = check_drop(run, table, &columns[at], alter->columns[i].name.at);
    if (rc != MEDLEY_OK) return rc;
    memmove(columns + at, columns + at + 1, (count - at - 1) * sizeof *columns);
    count--;
  }
  med_cql_finish_table(table, columns, count);
  return MEDLEY_OK;
}

/* The columns of before, each under its new name; the old names are free only when the statement is done. */
static int rename_column(med_cql_run *run, const med_cql_alter *alter, size_t number, const med_wide_table *table,
                         med_wide_column *columns) {
  med_cql_identifier from = alter->from[number], to = alter->to[number];
  const med_wide_column *column = med_wide_table_column(table, from.name);
  bool taken = med_wide_table_column(table, to.name) != NULL;
  if (column == NULL && alter->column_tolerant) return MEDLEY_OK;
  if (column == NULL || !med_slice_equal(columns[column - table->columns].name, from.name))
    return med_cql_fail(run, from.at, MEDLEY_NOT_FOUND, "Column %.*s doesn't exist", MED_CQL_TEXT(from.name));
  if (column->role > MED_WIDE_CLUSTERING)
    return med_cql_fail(run, from.at, MEDLEY_ERROR, "Cannot rename non PRIMARY KEY column %.*s",
                        MED_CQL_TEXT(column->name));
  for (size_t i = 0; i < table->column_count; i++) taken = taken || med_slice_equal(columns[i].name, to.name);
  if (taken)
    return med_cql_fail(
        run, to.at, MEDLEY_EXISTS,
        "Cannot rename column %.*s to %.*s in table '%.*s.%.*s'; another column with that name already exists",
        MED_CQL_TEXT(column->name), MED_CQL_TEXT(to.name), MED_CQL_TEXT(table->keyspace), MED_CQL_TEXT(table->name));
  for (size_t i = 0; i < table->index_count; i++) {
    if (table->indexes[i].column_id == column->id)
      return med_cql_fail(run, from.at, MEDLEY_ERROR,
                          "Can't rename column %.*s because it has dependent secondary indexes (%.*s)",
                          MED_CQL_TEXT(column->name), MED_CQL_TEXT(table->indexes[i].name));
  }
  if (table->time_window != NULL && column == &table->columns[table->time_window->column])
    return med_cql_fail(run, from.at, MEDLEY_UNSUPPORTED,
                        "renaming column %.*s is not supported: the time windows of the table are told by it",
                        MED_CQL_TEXT(column->name));
  columns[column - table->columns].name = to.name;
  return MEDLEY_OK;
}

/* A view's columns have the names that the base's have. */
static int rename_in_view(med_cql_run *run, const med_wide_table *base, const med_wide_table *view) {
  med_wide_table table = *view;
  med_wide_column *columns = med_cql_alloc(run, (view->column_count + 1) * sizeof *columns);
  if (columns == NULL) return MEDLEY_NO_MEMORY;
  for (size_t i = 0; i < view->column_count; i++) {
    const med_wide_column *of = med_wide_table_column_by_id(base, view->columns[i].base_id);
    columns[i] = view->columns[i];
    if (of != NULL) columns[i].name = of->name;
  }
  med_cql_finish_table(&table, columns, view->column_count);
  return med_wide_catalog_put_table(run->txn, &table);
}

static int rename_columns(med_cql_run *run, const med_cql_alter *alter, med_wide_table *table) {
  med_wide_column *columns = med_cql_alloc(run, (table->column_count + 1) * sizeof *columns);
  int rc = MEDLEY_OK;
  if (columns == NULL) return MEDLEY_NO_MEMORY;
  memcpy(columns, table->columns, table->column_count * sizeof *columns);
  for (size_t i = 0; rc == MEDLEY_OK && i < alter->count; i++) rc = rename_column(run, alter, i, table, columns);
  if (rc == MEDLEY_OK) med_cql_finish_table(table, columns, table->column_count);
  for (size_t i = 0; rc == MEDLEY_OK && i < table->view_count; i++) rc = rename_in_view(run, table, table->views[i]);
  return rc;
}

static int alter_table(med_cql_run *run, const med_cql_alter *alter, bool view) {
  med_slice keyspace;
  int rc = med_cql_keyspace_of(run, &alter->name, &keyspace);
  if (rc == MEDLEY_NOT_FOUND && alter->if_exists) return MEDLEY_OK;
  if (rc != MEDLEY_OK) return rc;
  const med_wide_table *old = med_wide_catalog_table(run->catalog, keyspace, alter->name.name);
  if (old == NULL && alter->if_exists) return MEDLEY_OK;
  if (old == NULL || (view && !(old->flags & MED_WIDE_TABLE_VIEW)))
    return med_cql_fail(run, alter->name.at, MEDLEY_NOT_FOUND, "%s '%.*s.%.*s' doesn't exist",
                        view ? "Materialized view" : "Table", MED_CQL_TEXT(keyspace), MED_CQL_TEXT(alter->name.name));
  if (!view && old->flags & MED_WIDE_TABLE_VIEW)
    return med_cql_fail(run, alter->name.at, MEDLEY_ERROR,
                        "Cannot use ALTER TABLE on a materialized view; use ALTER MATERIALIZED VIEW instead");
  med_wide_table table = *old;
  switch (alter->kind) {
    case MED_CQL_ALTER_ADD: rc = add_columns(run, alter, &table); break;
    case MED_CQL_ALTER_DROP: rc = drop_columns(run, alter, &table); break;
    case MED_CQL_ALTER_RENAME: rc = rename_columns(run, alter, &table); break;
    case MED_CQL_ALTER_COLUMN_TYPE:
      return med_cql_fail(run, alter->name.at, MEDLEY_ERROR, "Altering column types is no longer supported");
    case MED_CQL_ALTER_WITH: rc = med_cql_table_options(run, &alter->with, &table); break;
  }
  bool others = alter->kind != MED_CQL_ALTER_WITH;
  if (rc == MEDLEY_OK && others) rc = med_cql_check_families(run, alter->name.at, &table);
  if (rc == MEDLEY_OK && others) rc = med_cql_check_windows(run, NULL, alter->name.at, &table);
  if (rc == MEDLEY_OK && others) rc = med_cql_check_append_only(run, NULL, alter->name.at, &table);
  return rc == MEDLEY_OK ? med_wide_catalog_put_table(run->txn, &table) : rc;
}

int med_cql_define_table(med_cql_run *run, const med_cql_statement *statement) {
  if (statement->kind == MED_CQL_CREATE_TABLE) return create_table(run, &statement->as.create_table);
  return alter_table(run, &statement->as.alter, statement->kind == MED_CQL_ALTER_VIEW);
}
