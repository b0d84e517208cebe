/* describe.c - definitions written as CQL. */
#include "engine/cql/describe.h"

#include <string.h>

#include "engine/cql/define.h"
#include "models/widecolumn/name_text.h"
#include "models/widecolumn/value_text.h"

typedef struct writer {
  med_cql_run *run;
  const med_cql_describe *describe;
  med_cql_described *first, *last;
  bool whole; /* with create_statement */
  med_buffer text;
  bool ok;
} writer;

static bool lists(const med_cql_describe *describe) {
  return describe->kind == MED_CQL_DESCRIBE_KEYSPACES || describe->kind == MED_CQL_DESCRIBE_TABLES ||
         describe->kind == MED_CQL_DESCRIBE_TYPES;
}

int med_cql_describe_column_count(const med_cql_describe *describe) { return lists(describe) ? 3 : 4; }

/* ---- Text ---- */
static void put(writer *to, const char *text) { to->ok = to->ok && med_buffer_append(&to->text, text, strlen(text)); }
static void put_slice(writer *to, med_slice text) {
  to->ok = to->ok && med_buffer_append(&to->text, text.bytes, text.len);
}

static void put_name(writer *to, med_slice name) { to->ok = to->ok && med_wide_name_write(name, &to->text); }

static void put_full_name(writer *to, med_slice keyspace, med_slice name) {
  put_name(to, keyspace);
  put(to, ".");
  put_name(to, name);
}

static medley_value text_value(writer *to, med_slice text) {
  char *copy = med_arena_strndup(to->run->arena, text.len > 0 ? text.bytes : "", text.len);
  if (copy == NULL) to->ok = false;
  return (medley_value){.type = MEDLEY_TYPE_TEXT, .as.text = {copy, copy != NULL ? text.len : 0}};
}

/* The text that was put together, or none, becomes a row. */
static void end_row(writer *to, med_slice keyspace, const char *type, med_slice name) {
  med_cql_described *row = med_arena_alloc(to->run->arena, sizeof *row);
  medley_value *values = med_arena_alloc(to->run->arena, 4 * sizeof *values);
  if (row == NULL || values == NULL) {
    to->ok = false;
    return;
  }
  values[0] = text_value(to, keyspace);
  values[1] = text_value(to, med_slice_of_text(type));
  values[2] = text_value(to, name);
  values[3] = text_value(to, med_slice_of(to->text.bytes, to->text.len));
  to->text.len = 0;
  *row = (med_cql_described){.values = values};
  if (to->last != NULL)
    to->last->next = row;
  else
    to->first = row;
  to->last = row;
}

/* ---- Things ---- */
static void put_properties(writer *to, const med_wide_property *properties, size_t count, bool first,
                           const char *indent) {
  for (size_t i = 0; i < count; i++) {
    put(to, first && i == 0 ? " WITH " : indent);
    if (!(first && i == 0)) put(to, "AND ");
    put_slice(to, properties[i].name);
    put(to, " = ");
    put_slice(to, properties[i].value);
  }
}

static void write_keyspace(writer *to, const med_wide_keyspace *keyspace) {
  if (to->whole) {
    put(to, "CREATE KEYSPACE ");
    put_name(to, keyspace->name);
    put_properties(to, keyspace->properties, keyspace->property_count, true, " ");
    put(to, ";");
  }
  end_row(to, keyspace->name, "keyspace", keyspace->name);
}

static void write_user_type(writer *to, const med_wide_user_type *type) {
  if (to->whole) {
    put(to, "CREATE TYPE ");
    put_full_name(to, type->keyspace, type->name);
    put(to, " (");
    for (size_t i = 0; i < type->count; i++) {
      put(to, i > 0 ? ",\n    " : "\n    ");
      put_name(to, type->fields[i]);
      put(to, " ");
      put_slice(to, type->types[i]);
    }
    put(to, "\n);");
  }
  end_row(to, type->keyspace, "type", type->name);
}

static void put_key(writer *to, const med_wide_table *table) {
  put(to, "PRIMARY KEY (");
  if (table->partition_count > 1) put(to, "(");
  for (size_t i = 0; i < table->partition_count + table->clustering_count; i++) {
    if (i > 0) put(to, ", ");
    put_name(to, table->columns[i].name);
    if (table->partition_count > 1 && i + 1 == table->partition_count) put(to, ")");
  }
  put(to, ")");
}

static void put_with(writer *to, const med_wide_table *table) {
  bool first = true;
  if (table->clustering_count > 0) {
    put(to, " WITH CLUSTERING ORDER BY (");
    for (size_t i = 0; i < table->clustering_count; i++) {
      const med_wide_column *column = &med_wide_clustering(table)[i];
      if (i > 0) put(to, ", ");
      put_name(to, column->name);
      put(to, column->descending ? " DESC" : " ASC");
    }
    put(to, ")");
    first = false;
  }
  put_properties(to, table->properties, table->property_count, first, "\n    ");
  put(to, ";");
}

static void write_index(writer *to, const med_wide_table *table, const med_wide_index *index) {
  static const char *const targets[] = {"", "values(", "keys(", "entries("};
  const med_wide_column *column = med_wide_table_column_by_id(table, index->column_id);
  put(to, "CREATE INDEX ");
  put_name(to, index->name);
  put(to, " ON ");
  put_full_name(to, table->keyspace, table->name);
  put(to, " (");
  bool full = index->target == MED_WIDE_INDEX_VALUE && med_wide_kind_is_collection(column->type.kind);
  put(to, full ? "full(" : targets[index->target]);
  put_name(to, column->name);
  put(to, full || index->target != MED_WIDE_INDEX_VALUE ? "));" : ");");
  end_row(to, table->keyspace, "index", index->name);
}

static void put_filters(writer *to, const med_wide_table *view, const med_wide_table *base) {
  static const char *const comparisons[] = {" = ", " < ", " <= ", " > ", " >= ", " != "};
  put(to, "\n    WHERE ");
  for (size_t i = 0; i < view->partition_count + view->clustering_count; i++) {
    if (i > 0) put(to, " AND ");
    put_name(to, view->columns[i].name);
    put(to, " IS NOT NULL");
  }
  for (size_t i = 0; base != NULL && i < view->filter_count; i++) {
    const med_wide_column *column = med_wide_table_column_by_id(base, view->filters[i].base_id);
    if (column == NULL) continue;
    put(to, " AND ");
    put_name(to, column->name);
    put(to, comparisons[view->filters[i].comparison]);
    to->ok = to->ok && med_wide_text_write(&column->type, view->filters[i].value, &to->text);
  }
}

static void write_view(writer *to, const med_wide_table *view) {
  if (to->whole) {
    put(to, "CREATE MATERIALIZED VIEW ");
    put_full_name(to, view->keyspace, view->name);
    put(to, " AS\n    SELECT ");
    bool all = view->flags & MED_WIDE_TABLE_VIEW_ALL;
    if (all) put(to, "*");
    for (size_t i = 0; !all && i < view->column_count; i++) {
      if (i > 0) put(to, ", ");
      put_name(to, view->columns[i].name);
    }
    put(to, "\n    FROM ");
    put_full_name(to, view->keyspace, view->base_name);
    put_filters(to, view, med_wide_catalog_table(to->run->catalog, view->keyspace, view->base_name));
    put(to, "\n    ");
    put_key(to, view);
    put_with(to, view);
  }
  end_row(to, view->keyspace, "view", view->name);
}

static void write_table(writer *to, const med_wide_table *table) {
  if (table->flags & MED_WIDE_TABLE_VIEW) {
    write_view(to, table);
    return;
  }
  if (to->whole) {
    put(to, "CREATE TABLE ");
    put_full_name(to, table->keyspace, table->name);
    put(to, " (");
    for (size_t i = 0; i < table->column_count; i++) {
      put(to, "\n    ");
      put_name(to, table->columns[i].name);
      put(to, " ");
      to->ok = to->ok && med_wide_type_write(&table->columns[i].type, &to->text);
      put(to, table->columns[i].role == MED_WIDE_STATIC ? " static," : ",");
    }
    put(to, "\n    ");
    put_key(to, table);
    put(to, "\n)");
    put_with(to, table);
  }
  end_row(to, table->keyspace, "table", table->name);
  for (size_t i = 0; to->whole && i < table->index_count; i++) write_index(to, table, &table->indexes[i]);
  for (size_t i = 0; to->whole && i < table->view_count; i++) write_view(to, table->views[i]);
}

/* ---- Which ---- a keyspace without bytes: all. */
static bool is_in(med_slice wanted, med_slice keyspace) {
  return wanted.bytes == NULL || med_slice_equal(wanted, keyspace);
}

static void all_types(writer *to, med_slice in) {
  size_t count;
  const med_wide_user_type *types = med_wide_catalog_user_types(to->run->catalog, &count);
  /* Those that others use come first: a type is written once all that it names are. */
  bool *written = med_arena_alloc(to->run->arena, count + 1);
  med_wide_type *whole = med_arena_alloc(to->run->arena, (count + 1) * sizeof *whole);
  to->ok = to->ok && written != NULL && whole != NULL;
  for (size_t i = 0; to->ok && i < count; i++) {
    med_wide_type_scope scope = {to->run->catalog, types[i].keyspace, to->run->arena, 0};
    int rc = med_wide_catalog_find_type(&scope, types[i].keyspace, types[i].name, &whole[i]);
    if (rc != MEDLEY_OK) whole[i] = (med_wide_type){0};
    to->ok = rc != MEDLEY_NO_MEMORY;
  }
  if (!to->ok) return;
  memset(written, 0, count + 1);
  for (size_t left = count, before = count + 1; left > 0 && left < before;) {
    before = left;
    for (size_t i = 0; i < count; i++) {
      bool ready = !written[i];
      for (size_t j = 0; ready && j < count; j++)
        ready = j == i || written[j] || !med_cql_type_uses(&whole[i], &types[j]);
      if (!ready) continue;
      written[i] = true;
      left--;
      if (is_in(in, types[i].keyspace)) write_user_type(to, &types[i]);
    }
  }
}

static void all_tables(writer *to, med_slice in, bool views) {
  size_t count;
  const med_wide_table *tables = med_wide_catalog_tables(to->run->catalog, &count);
  for (size_t i = 0; i < count; i++) {
    bool is_view = tables[i].flags & MED_WIDE_TABLE_VIEW;
    if (is_in(in, tables[i].keyspace) && (!is_view || views)) write_table(to, &tables[i]);
  }
}

static void whole_keyspace(writer *to, const med_wide_keyspace *of) {
  write_keyspace(to, of);
  all_types(to, of->name);
  all_tables(to, of->name, false); /* each with its views */
}

static int not_there(med_cql_run *run, const med_cql_describe *describe, const char *what) {
  return med_cql_fail(run, describe->name.at, MEDLEY_NOT_FOUND, "%s '%.*s' not found", what,
                      MED_CQL_TEXT(describe->name.name));
}

static int one_thing(writer *to, const med_cql_describe *describe) {
  med_cql_run *run = to->run;
  med_cql_describe_kind kind = describe->kind;
  bool any = kind == MED_CQL_DESCRIBE_ANY;
  const med_wide_keyspace *found_keyspace = NULL;
  if (kind == MED_CQL_DESCRIBE_KEYSPACE || (any && describe->name.keyspace.bytes == NULL)) {
    med_slice name = describe->name.name.bytes != NULL ? describe->name.name : run->keyspace;
    found_keyspace = med_wide_catalog_keyspace(run->catalog, name);
    if (found_keyspace != NULL) whole_keyspace(to, found_keyspace);
    if (found_keyspace != NULL) return MEDLEY_OK;
    if (!any) return not_there(run, describe, "keyspace");
  }
  med_slice in;
  int rc = med_cql_keyspace_of(run, &describe->name, &in);
  if (rc != MEDLEY_OK) return rc;
  const med_wide_table *found = med_wide_catalog_table(run->catalog, in, describe->name.name), *of;
  bool is_view = found != NULL && found->flags & MED_WIDE_TABLE_VIEW;
  const med_wide_user_type *type = med_wide_catalog_user_type(run->catalog, in, describe->name.name);
  const med_wide_index *of_index = med_wide_catalog_index(run->catalog, in, describe->name.name, &of);
  if (found != NULL && (any || kind == (is_view ? MED_CQL_DESCRIBE_VIEW : MED_CQL_DESCRIBE_TABLE)))
    write_table(to, found);
  else if (type != NULL && (any || kind == MED_CQL_DESCRIBE_TYPE))
    write_user_type(to, type);
  else if (of_index != NULL && (any || kind == MED_CQL_DESCRIBE_INDEX))
    write_index(to, of, of_index);
  else
    return not_there(run, describe,
                     kind == MED_CQL_DESCRIBE_TABLE   ? "table"
                     : kind == MED_CQL_DESCRIBE_VIEW  ? "materialized view"
                     : kind == MED_CQL_DESCRIBE_TYPE  ? "type"
                     : kind == MED_CQL_DESCRIBE_INDEX ? "index"
                                                      : "object");
  return MEDLEY_OK;
}

int med_cql_describe_run(med_cql_run *run, const med_cql_describe *describe, med_cql_described **rows) {
  writer to = {.run = run, .describe = describe, .whole = !lists(describe), .ok = true};
  med_slice in = run->keyspace.len > 0 ? run->keyspace : med_slice_of(NULL, 0);
  size_t count;
  int rc = MEDLEY_OK;
  const med_wide_keyspace *keyspaces = med_wide_catalog_keyspaces(run->catalog, &count);
  switch (describe->kind) {
    case MED_CQL_DESCRIBE_KEYSPACES:
      for (size_t i = 0; i < count; i++) write_keyspace(&to, &keyspaces[i]);
      break;
    case MED_CQL_DESCRIBE_SCHEMA:
      for (size_t i = 0; i < count; i++) whole_keyspace(&to, &keyspaces[i]);
      break;
    case MED_CQL_DESCRIBE_TABLES: all_tables(&to, in, true); break;
    case MED_CQL_DESCRIBE_TYPES: all_types(&to, in); break;
    default: rc = one_thing(&to, describe); break;
  }
  med_buffer_clear(&to.text);
  *rows = to.first;
  return rc == MEDLEY_OK && !to.ok ? med_cql_no_memory(run) : rc;
}
