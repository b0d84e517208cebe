/* define_derived.c - CREATE INDEX and CREATE MATERIALIZED VIEW: defined, and filled from the rows that are there. */
#include "engine/cql/define.h"
#include "engine/cql/where.h"
#include "models/widecolumn/walk.h"

#define POLL_EVERY 256

/* Calls fill for every row and every partition's static columns, live or not. */
typedef int (*row_filler)(med_cql_run *run, const med_wide_place_of_row *place, const med_wide_row *row, void *context,
                          med_arena *arena);

static int each_row(med_cql_run *run, const med_wide_table *table, row_filler fill, void *context) {
  med_wide_walker *walker;
  med_wide_walked walked;
  uint64_t visited = 0;
  int rc = med_wide_walker_open(run->txn, table, &walker);
  if (rc != MEDLEY_OK) return rc;
  while ((rc = med_wide_walker_next(walker, &walked)) == MEDLEY_OK) {
    if (visited++ % POLL_EVERY == 0) rc = med_session_poll(run->session);
    if (rc == MEDLEY_OK) rc = fill(run, &walked.place, &walked.row, context, walked.arena);
    if (rc != MEDLEY_OK) break;
  }
  med_wide_walker_close(walker);
  return rc == MEDLEY_NOT_FOUND ? MEDLEY_OK : rc;
}

/* ---- Indexes ---- */
static int target_of(med_cql_run *run, const med_cql_index_definition *definition, const med_wide_column *column,
                     med_wide_index_target *target) {
  const med_wide_type *type = &column->type;
  bool complex = med_wide_type_is_complex(type) && type->kind != MED_WIDE_UDT;
  *target = complex ? MED_WIDE_INDEX_VALUES : MED_WIDE_INDEX_VALUE;
  const char *wrong = NULL;
  switch (definition->target) {
    case MED_CQL_INDEX_COLUMN: break;
    case MED_CQL_INDEX_VALUES:
      if (!complex) wrong = "values";
      break;
    case MED_CQL_INDEX_KEYS:
      if (!complex || type->kind != MED_WIDE_MAP) wrong = "keys";
      *target = MED_WIDE_INDEX_KEYS;
      break;
    case MED_CQL_INDEX_ENTRIES:
      if (!complex || type->kind != MED_WIDE_MAP) wrong = "entries";
      *target = MED_WIDE_INDEX_ENTRIES;
      break;
    case MED_CQL_INDEX_FULL:
      if (!med_wide_kind_is_collection(type->kind) || !type->frozen) wrong = "full";
      *target = MED_WIDE_INDEX_VALUE;
      break;
  }
  if (wrong != NULL)
    return med_cql_fail(run, definition->column.at, MEDLEY_ERROR, "Cannot create %s() index on %.*s. It has type %s",
                        wrong, MED_CQL_TEXT(column->name), med_cql_type_text(run, type));
  if (type->kind == MED_WIDE_UDT && !type->frozen)
    return med_cql_fail(run, definition->column.at, MEDLEY_ERROR, "Cannot create index on non-frozen UDT column %.*s",
                        MED_CQL_TEXT(column->name));
  return MEDLEY_OK;
}

static int check_column(med_cql_run *run, const med_cql_index_definition *definition, const med_wide_table *table,
                        const med_wide_column *column) {
  if (table->flags & MED_WIDE_TABLE_COUNTER)
    return med_cql_fail(run, definition->table.at, MEDLEY_ERROR,
                        "Secondary indexes on counter tables aren't supported");
  if (table->flags & MED_WIDE_TABLE_VIEW)
    return med_cql_fail(run, definition->table.at, MEDLEY_ERROR,
                        "Secondary indexes on materialized views aren't supported");
  if (column->role == MED_WIDE_PARTITION && table->partition_count == 1)
    return med_cql_fail(run, definition->column.at, MEDLEY_ERROR,
                        "Cannot create secondary index on the only partition key column %.*s",
                        MED_CQL_TEXT(column->name));
  if (!med_wide_type_has_order(&column->type))
    return med_cql_fail(run, definition->column.at, MEDLEY_ERROR, "Secondary indexes are not supported on %s columns",
                        column->type.kind == MED_WIDE_DURATION ? "duration" : "these");
  return MEDLEY_OK;
}

/* Those of a name that a name of an index may have, as many as there is room for. */
static int word_characters(med_slice name, char *to, size_t room) {
  const char *bytes = name.bytes;
  size_t len = 0;
  for (size_t i = 0; i < name.len && len < room; i++) {
    char c = bytes[i];
    if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_') to[len++] = c;
  }
  return (int)len;
}

static int index_name(med_cql_run *run, const med_cql_index_definition *definition, const med_wide_table *table,
                      med_slice *name) {
  *name = definition->name;
  if (name->bytes != NULL) return med_cql_check_name(run, "index", MED_CQL_INDEX_NAME_MAX, *name, definition->at);
  char column[MED_CQL_INDEX_NAME_MAX - MED_WIDE_NAME_MAX - 16]; /* with room for the rest and the number */
  int column_len = word_characters(definition->column.name, column, sizeof column);
  med_buffer made = {0};
  const med_wide_table *other;
  bool ok = true;
  for (unsigned number = 0; ok; number++) { /* table_column_idx, table_column_idx_1, ... */
    made.len = 0;
    ok = med_buffer_printf(&made, "%.*s_%.*s_idx", MED_CQL_TEXT(table->name), column_len, column);
    if (ok && number > 0) ok = med_buffer_printf(&made, "_%u", number);
    if (!ok ||
        med_wide_catalog_index(run->catalog, table->keyspace, med_slice_of(made.bytes, made.len), &other) == NULL)
      break;
  }
  if (ok) *name = med_wide_copy(run->arena, med_slice_of(made.bytes, made.len), &ok);
  med_buffer_clear(&made);
  return ok ? MEDLEY_OK : med_cql_no_memory(run);
}

static int fill_index(med_cql_run *run, const med_wide_place_of_row *place, const med_wide_row *row, void *context,
                      med_arena *arena) {
  return med_wide_index_add(run->txn, place, context, row, arena);
}

/* What is derived would have to be taken back row by row when a window goes. */
static int check_base(med_cql_run *run, uint32_t at, const med_wide_table *table, const char *what) {
  if (table->time_window == NULL) return MEDLEY_OK;
  return med_cql_fail(run, at, MEDLEY_UNSUPPORTED, "%s is not supported in a table with time windows", what);
}

int med_cql_define_index(med_cql_run *run, const med_cql_index_definition *definition) {
  const med_wide_table *old, *other;
  const med_wide_column *column;
  med_wide_index index;
  int rc;
  if (definition->custom)
    return med_cql_fail(run, definition->at, MEDLEY_UNSUPPORTED, "CREATE CUSTOM INDEX is not supported: %.*s",
                        MED_CQL_TEXT(definition->using_class));
  if (definition->using_class.bytes != NULL)
    return med_cql_fail(run, definition->using_at, MEDLEY_ERROR, "Cannot specify index class for a non-CUSTOM index");
  if (definition->with.count > 0)
    return med_cql_fail(run, definition->with.properties[0].name.at, MEDLEY_ERROR,
                        "Cannot specify options for a non-CUSTOM index");
  MED_TRY(med_cql_find_table(run, &definition->table, &old));
  MED_TRY(check_base(run, definition->at, old, "CREATE INDEX"));
  MED_TRY(med_cql_find_column(run, old, definition->column.name, definition->column.at, &column));
  MED_TRY(check_column(run, definition, old, column));
  MED_TRY(target_of(run, definition, column, &index.target));
  MED_TRY(index_name(run, definition, old, &index.name));
  if (med_wide_catalog_index(run->catalog, old->keyspace, index.name, &other) != NULL) {
    if (definition->if_not_exists) return MEDLEY_OK;
    return med_cql_fail(run, definition->at, MEDLEY_EXISTS, "Index '%.*s' already exists", MED_CQL_TEXT(index.name));
  }
  const med_wide_index *same = med_wide_table_index(old, column->id, index.target);
  if (same != NULL && definition->if_not_exists) return MEDLEY_OK;
  if (same != NULL)
    return med_cql_fail(run, definition->at, MEDLEY_EXISTS, "Index %.*s is a duplicate of existing index %.*s",
                        MED_CQL_TEXT(index.name), MED_CQL_TEXT(same->name));
  med_wide_table table = *old;
  med_wide_index *indexes = med_cql_alloc(run, (old->index_count + 1) * sizeof *indexes);
  if (indexes == NULL) return MEDLEY_NO_MEMORY;
  if (old->index_count > 0) memcpy(indexes, old->indexes, old->index_count * sizeof *indexes);
  index.column_id = column->id;
  MED_TRY(med_wide_catalog_next_id(run->txn, &index.id));
  indexes[table.index_count++] = index;
  table.indexes = indexes;
  MED_TRY(med_wide_catalog_put_table(run->txn, &table));
  rc = each_row(run, &table, fill_index, &indexes[old->index_count]);
done:
  return rc;
}

int med_cql_drop_index(med_cql_run *run, const med_cql_drop *drop) {
  const med_wide_table *old = NULL;
  med_slice keyspace;
  int rc = med_cql_keyspace_of(run, &drop->name, &keyspace);
  if (rc == MEDLEY_NOT_FOUND && drop->if_exists) return MEDLEY_OK;
  if (rc != MEDLEY_OK) return rc;
  const med_wide_index *index = med_wide_catalog_index(run->catalog, keyspace, drop->name.name, &old);
  if (index == NULL && drop->if_exists) return MEDLEY_OK;
  if (index == NULL)
    return med_cql_fail(run, drop->name.at, MEDLEY_NOT_FOUND, "Index '%.*s.%.*s' doesn't exist", MED_CQL_TEXT(keyspace),
                        MED_CQL_TEXT(drop->name.name));
  med_wide_table table = *old;
  med_wide_index *indexes = med_cql_alloc(run, old->index_count * sizeof *indexes);
  if (indexes == NULL) return MEDLEY_NO_MEMORY;
  table.index_count = 0;
  for (size_t i = 0; i < old->index_count; i++) {
    if (&old->indexes[i] != index) indexes[table.index_count++] = old->indexes[i];
  }
  table.indexes = indexes;
  rc = med_wide_catalog_drop_index_rows(run->txn, index->id);
  return rc == MEDLEY_OK ? med_wide_catalog_put_table(run->txn, &table) : rc;
}

/* ---- Views ---- */
static int view_filter(med_cql_run *run, const med_cql_relation *relation, const med_wide_column *column,
                       med_wide_table *view, med_wide_filter *filters) {
  static const struct {
    med_cql_operator operation;
    med_wide_comparison comparison;
  } comparisons[] = {{MED_CQL_EQUAL, MED_WIDE_EQUAL},
                     {MED_CQL_LESS, MED_WIDE_LESS},
                     {MED_CQL_LESS_OR_EQUAL, MED_WIDE_LESS_OR_EQUAL},
                     {MED_CQL_GREATER, MED_WIDE_GREATER},
                     {MED_CQL_GREATER_OR_EQUAL, MED_WIDE_GREATER_OR_EQUAL}};
  for (size_t i = 0; i < sizeof comparisons / sizeof comparisons[0]; i++) {
    if (comparisons[i].operation != relation->operation) continue;
    med_cql_test test;
    int rc = med_cql_test_make(run, run->table, relation, &test);
    if (rc != MEDLEY_OK) return rc;
    if (med_wide_is_null(test.values[0]))
      return med_cql_fail(run, relation->at, MEDLEY_ERROR, "Invalid null value in condition for column %.*s",
                          MED_CQL_TEXT(column->name));
    filters[view->filter_count++] = (med_wide_filter){column->id, comparisons[i].comparison, test.values[0]};
    return MEDLEY_OK;
  }
  return med_cql_fail(run, relation->at, MEDLEY_UNSUPPORTED,
                      "this relation is not supported in the WHERE of a materialized view");
}

static bool is_key_of(const med_wide_table *view, const med_wide_column *base_column) {
  for (size_t i = 0; i < view->partition_count + view->clustering_count; i++) {
    if (view->columns[i].base_id == base_column->id) return true;
  }
  return false;
}

static int view_filters(med_cql_run *run, const med_cql_view_definition *definition, const med_wide_table *base,
                        bool *not_null, med_wide_table *view) {
  const med_cql_where *where = &definition->select.where;
  med_wide_filter *filters = med_cql_alloc(run, (where->count + 1) * sizeof *filters);
  if (filters == NULL) return MEDLEY_NO_MEMORY;
  for (size_t i = 0; i < where->count; i++) {
    const med_cql_relation *relation = &where->relations[i];
    const med_wide_column *column;
    if (relation->left != MED_CQL_LEFT_COLUMN)
      return med_cql_fail(run, relation->at, MEDLEY_UNSUPPORTED,
                          "this relation is not supported in the WHERE of a materialized view");
    int rc = med_cql_find_column(run, base, relation->columns[0].name, relation->columns[0].at, &column);
    if (rc != MEDLEY_OK) return rc;
    if (column->role == MED_WIDE_STATIC || med_wide_type_is_complex(&column->type))
      return med_cql_fail(run, relation->at, MEDLEY_UNSUPPORTED,
                          "column %.*s cannot be in the WHERE of a materialized view", MED_CQL_TEXT(column->name));
    not_null[column - base->columns] = true;
    if (relation->operation == MED_CQL_IS_NOT_NULL && is_key_of(view, column)) continue;
    if (relation->operation == MED_CQL_IS_NOT_NULL)
      return med_cql_fail(run, relation->at, MEDLEY_UNSUPPORTED,
                          "IS NOT NULL is not supported for %.*s, which is not in the view's key",
                          MED_CQL_TEXT(column->name));
    rc = view_filter(run, relation, column, view, filters);
    if (rc != MEDLEY_OK) return rc;
  }
  view->filters = filters;
  return MEDLEY_OK;
}

/* The view's columns are those that were selected and those of its key, as regular ones until the key is arranged. */
static int view_columns(med_cql_run *run, const med_cql_view_definition *definition, const med_wide_table *base,
                        med_wide_column *columns, size_t *count) {
  const med_cql_select *select = &definition->select;
  size_t regular_keys = 0;
  *count = 0;
  for (size_t i = 0; i < base->column_count; i++) {
    const med_wide_column *column = &base->columns[i];
    bool selected = select->selector_count == 0, key = false;
    for (size_t j = 0; j < select->selector_count; j++)
      selected = selected || (select->selectors[j].term->kind == MED_CQL_COLUMN &&
                              med_slice_equal(select->selectors[j].term->name.name, column->name));
    for (size_t j = 0; j < definition->key.partition_count; j++)
      key = key || med_slice_equal(definition->key.partition[j].name, column->name);
    for (size_t j = 0; j < definition->key.clustering_count; j++)
      key = key || med_slice_equal(definition->key.clustering[j].name, column->name);
    if (column->role <= MED_WIDE_CLUSTERING && !key)
      return med_cql_fail(run, definition->key.at, MEDLEY_ERROR,
                          "Cannot create Materialized View %.*s without primary key columns from base %.*s (%.*s)",
                          MED_CQL_TEXT(definition->name.name), MED_CQL_TEXT(base->name), MED_CQL_TEXT(column->name));
    regular_keys += key && column->role == MED_WIDE_REGULAR;
    if (column->role == MED_WIDE_STATIC && (key || (selected && select->selector_count > 0)))
      return med_cql_fail(run, definition->select.table.at, MEDLEY_ERROR,
                          "Unable to include static column '%.*s' in a materialized view", MED_CQL_TEXT(column->name));
    if (column->role == MED_WIDE_STATIC || (!selected && !key)) continue;
    columns[*count] = *column;
    columns[*count].role = MED_WIDE_REGULAR;
    columns[*count].descending = false;
    columns[*count].base_id = column->id;
    columns[*count].id = (uint16_t)(*count + 1);
    ++*count;
  }
  if (regular_keys > 1)
    return med_cql_fail(run, definition->key.at, MEDLEY_ERROR,
                        "Cannot include more than one non-primary key column in materialized view primary key");
  return MEDLEY_OK;
}

static int check_selectors(med_cql_run *run, const med_cql_view_definition *definition, const med_wide_table *base) {
  const med_cql_select *select = &definition->select;
  for (size_t i = 0; i < select->selector_count; i++) {
    const med_cql_term *term = select->selectors[i].term;
    const med_wide_column *column;
    if (term->kind != MED_CQL_COLUMN)
      return med_cql_fail(run, term->at, MEDLEY_ERROR,
                          "Can only select columns by name when defining a materialized view");
    if (select->selectors[i].alias.name.bytes != NULL)
      return med_cql_fail(run, term->at, MEDLEY_ERROR, "Cannot use alias when defining a materialized view");
    int rc = med_cql_find_column(run, base, term->name.name, term->at, &column);
    if (rc != MEDLEY_OK) return rc;
  }
  return MEDLEY_OK;
}

/* Columns arranged for the key must all be said to be not null. */
static int check_not_null(med_cql_run *run, const med_cql_view_definition *definition, const med_wide_table *base,
                          const med_wide_table *view, const bool *not_null) {
  for (size_t i = 0; i < view->partition_count + view->clustering_count; i++) {
    const med_wide_column *column = med_wide_table_column_by_id(base, view->columns[i].base_id);
    if (!not_null[column - base->columns])
      return med_cql_fail(run, definition->select.table.at, MEDLEY_ERROR,
                          "Primary key column '%.*s' is required to be filtered by 'IS NOT NULL'",
                          MED_CQL_TEXT(column->name));
  }
  return MEDLEY_OK;
}

static int fill_view(med_cql_run *run, const med_wide_place_of_row *place, const med_wide_row *row, void *context,
                     med_arena *arena) {
  return place->clustering == NULL ? MEDLEY_OK : med_wide_view_add(run->txn, place, context, row, arena);
}

int med_cql_define_view(med_cql_run *run, const med_cql_view_definition *definition) {
  const med_wide_table *base;
  med_wide_table view = {
      .name = definition->name.name, .flags = MED_WIDE_TABLE_VIEW, .gc_grace_s = MED_WIDE_GC_GRACE_DEFAULT};
  size_t count;
  int rc;
  MED_TRY(med_cql_keyspace_of(run, &definition->name, &view.keyspace));
  med_cql_name from = definition->select.table;
  if (from.keyspace.bytes == NULL) from.keyspace = view.keyspace;
  MED_TRY(med_cql_find_table(run, &from, &base));
  run->table = base;
  MED_TRY(check_base(run, from.at, base, "CREATE MATERIALIZED VIEW"));
  MED_TRY(med_cql_check_name(run, "materialized view", MED_WIDE_NAME_MAX, view.name, definition->name.at));
  if (!med_slice_equal(base->keyspace, view.keyspace))
    return med_cql_fail(run, definition->name.at, MEDLEY_ERROR,
                        "Cannot create a materialized view on a table in a separate keyspace ('%.*s' != '%.*s')",
                        MED_CQL_TEXT(base->keyspace), MED_CQL_TEXT(view.keyspace));
  if (base->flags & (MED_WIDE_TABLE_COUNTER | MED_WIDE_TABLE_VIEW))
    return med_cql_fail(run, from.at, MEDLEY_ERROR, "Materialized views cannot be created against %s",
                        base->flags & MED_WIDE_TABLE_VIEW ? "other materialized views" : "counter tables");
  if (med_wide_catalog_table(run->catalog, view.keyspace, view.name) != NULL) {
    if (definition->if_not_exists) return MEDLEY_OK;
    return med_cql_fail(run, definition->name.at, MEDLEY_EXISTS,
                        "Cannot add already existing table \"%.*s\" to keyspace \"%.*s\"", MED_CQL_TEXT(view.name),
                        MED_CQL_TEXT(view.keyspace));
  }
  med_wide_column *columns = med_cql_alloc(run, (base->column_count + 1) * sizeof *columns);
  bool *not_null = med_cql_alloc(run, base->column_count + 1);
  if (columns == NULL || not_null == NULL) return MEDLEY_NO_MEMORY;
  memset(not_null, 0, base->column_count + 1);
  MED_TRY(check_selectors(run, definition, base));
  MED_TRY(view_columns(run, definition, base, columns, &count));
  MED_TRY(med_cql_arrange_key(run, &definition->key, &definition->with, view.name, columns, count));
  med_cql_finish_table(&view, columns, count);
  MED_TRY(view_filters(run, definition, base, not_null, &view));
  MED_TRY(check_not_null(run, definition, base, &view, not_null));
  MED_TRY(med_cql_table_options(run, &definition->with, &view));
  if (definition->select.selector_count == 0) view.flags |= MED_WIDE_TABLE_VIEW_ALL;
  view.base_name = base->name;
  view.next_column_id = (uint16_t)(count + 1);
  MED_TRY(med_wide_catalog_next_id(run->txn, &view.id));
  MED_TRY(med_wide_catalog_put_table(run->txn, &view));
  rc = each_row(run, base, fill_view, &view);
done:
  return rc;
}
