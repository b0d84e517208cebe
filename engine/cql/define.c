/* define.c - keyspaces, DROP, TRUNCATE, names and options. */
#include "engine/cql/define.h"

#include <stdlib.h>

#include "engine/cql/literal.h"
#include "models/widecolumn/family.h"
#include "models/widecolumn/time_window.h"

int med_cql_check_name(med_cql_run *run, const char *what, size_t max, med_slice name, uint32_t at) {
  const char *bytes = name.bytes;
  bool valid = name.len > 0;
  for (size_t i = 0; i < name.len; i++) {
    char c = bytes[i];
    valid = valid && ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_');
  }
  if (!valid)
    return med_cql_fail(
        run, at, MEDLEY_ERROR,
        "'%.*s' is not a valid %s name (must be alphanumeric character or underscore only: [a-zA-Z_0-9]+)",
        MED_CQL_TEXT(name), what);
  if (name.len > max)
    return med_cql_fail(run, at, MEDLEY_TOO_BIG, "%c%s names shouldn't be more than %zu characters long (got \"%.*s\")",
                        what[0] - ('a' - 'A'), what + 1, max, MED_CQL_TEXT(name));
  return MEDLEY_OK;
}

/* ---- Options ---- */
static int property_text(med_cql_run *run, const med_cql_term *term, med_slice *text) {
  med_buffer written = {0};
  bool ok = med_cql_term_write(term, &written);
  if (ok) *text = med_wide_copy(run->arena, med_slice_of(written.len > 0 ? written.bytes : "", written.len), &ok);
  med_buffer_clear(&written);
  return ok ? MEDLEY_OK : med_cql_no_memory(run);
}

int med_cql_properties(med_cql_run *run, const med_cql_with *with, const med_wide_property *old, size_t old_count,
                       const med_wide_property **properties, size_t *count) {
  med_wide_property *all = med_cql_alloc(run, (old_count + with->count + 1) * sizeof *all);
  if (all == NULL) return MEDLEY_NO_MEMORY;
  if (old_count > 0) memcpy(all, old, old_count * sizeof *all);
  *count = old_count;
  for (size_t i = 0; i < with->count; i++) {
    med_slice name = with->properties[i].name.name, text;
    int rc = property_text(run, with->properties[i].value, &text);
    if (rc != MEDLEY_OK) return rc;
    for (size_t j = 0; j < i; j++) {
      if (med_slice_equal(with->properties[j].name.name, name))
        return med_cql_fail(run, with->properties[i].name.at, MEDLEY_SYNTAX, "Multiple definition for property '%.*s'",
                            MED_CQL_TEXT(name));
    }
    size_t at = 0;
    while (at < *count && !med_slice_equal(all[at].name, name)) at++;
    all[at] = (med_wide_property){name, text};
    *count += at == *count;
  }
  *properties = all;
  return MEDLEY_OK;
}

/* What tunes a cluster's files and repairs is taken and shown again, and changes nothing here. segment_rows is not Cassandra's: how many rows
 * are sealed together, 0 for none; nor are those of the families of a table of cells, and time_window and append_only. */
static const char *const accepted_options[] = {"additional_write_policy",
                                               MED_WIDE_APPEND_ONLY_PROPERTY,
                                               "bloom_filter_fp_chance",
                                               "caching",
                                               "cdc",
                                               "comment",
                                               "compaction",
                                               "compression",
                                               "crc_check_chance",
                                               "dclocal_read_repair_chance",
                                               "default_time_to_live",
                                               "extensions",
                                               MED_WIDE_FAMILY_TTL_PROPERTY,
                                               "gc_grace_seconds",
                                               "max_index_interval",
                                               MED_WIDE_FAMILIES_PROPERTY,
                                               "memtable_flush_period_in_ms",
                                               "min_index_interval",
                                               "read_repair",
                                               "read_repair_chance",
                                               MED_WIDE_SEGMENT_ROWS_PROPERTY,
                                               "speculative_retry",
                                               MED_WIDE_WINDOW_PROPERTY};

static bool is_accepted(med_slice name) {
  for (size_t i = 0; i < sizeof accepted_options / sizeof accepted_options[0]; i++) {
    if (med_slice_equal(name, med_slice_of_text(accepted_options[i]))) return true;
  }
  return false;
}

static int option_number(med_cql_run *run, const med_cql_property *property, int64_t max, uint32_t *number) {
  const med_cql_term *term = property->value;
  char digits[24];
  char *end = digits;
  long long value = -1;
  if ((term->kind == MED_CQL_INTEGER || term->kind == MED_CQL_STRING) && term->text.len < sizeof digits) {
    memcpy(digits, term->text.bytes, term->text.len);
    digits[term->text.len] = '\0';
    value = strtoll(digits, &end, 10);
  }
  if (end == digits || *end != '\0')
    return med_cql_fail(run, term->at, MEDLEY_ERROR, "Invalid integer value for '%.*s'",
                        MED_CQL_TEXT(property->name.name));
  if (value < 0 || value > max)
    return med_cql_fail(run, term->at, MEDLEY_RANGE, "%.*s must be between 0 and %lld (got %lld)",
                        MED_CQL_TEXT(property->name.name), (long long)max, value);
  *number = (uint32_t)value;
  return MEDLEY_OK;
}

static int default_ttl(med_cql_run *run, const med_cql_property *property, med_wide_table *table) {
  int rc = option_number(run, property, MED_WIDE_TTL_MAX, &table->default_ttl_s);
  if (rc != MEDLEY_OK || table->default_ttl_s == 0) return rc;
  if (table->flags & MED_WIDE_TABLE_COUNTER)
    return med_cql_fail(run, property->name.at, MEDLEY_ERROR,
                        "Cannot set default_time_to_live on a table with counters");
  if (table->flags & MED_WIDE_TABLE_VIEW)
    return med_cql_fail(run, property->name.at, MEDLEY_ERROR,
                        "Cannot set default_time_to_live for a materialized view. Data in a materialized view always "
                        "expire at the same time than the corresponding data in the parent table.");
  return MEDLEY_OK;
}

/* Rows of counters and views are never sealed. */
static int segment_rows(med_cql_run *run, const med_cql_property *property, med_wide_table *table) {
  int rc = option_number(run, property, MED_WIDE_SEGMENT_ROWS_LIMIT, &table->segment_rows);
  if (rc != MEDLEY_OK || table->segment_rows == 0 || !(table->flags & (MED_WIDE_TABLE_COUNTER | MED_WIDE_TABLE_VIEW)))
    return rc;
  return med_cql_fail(run, property->name.at, MEDLEY_UNSUPPORTED,
                      MED_WIDE_SEGMENT_ROWS_PROPERTY
                      " is not supported for tables of counters and materialized views: their rows are not sealed");
}

int med_cql_table_options(med_cql_run *run, const med_cql_with *with, med_wide_table *table) {
  if (with->compact_storage)
    return med_cql_fail(run, with->compact_at, MEDLEY_UNSUPPORTED, "COMPACT STORAGE is not supported");
  int rc = MEDLEY_OK;
  for (size_t i = 0; rc == MEDLEY_OK && i < with->count; i++) {
    const med_cql_property *property = &with->properties[i];
    med_slice name = property->name.name;
    if (!is_accepted(name))
      return med_cql_fail(run, property->name.at, MEDLEY_SYNTAX, "Unknown property '%.*s'", MED_CQL_TEXT(name));
    if (med_slice_equal(name, med_slice_of_text("default_time_to_live"))) rc = default_ttl(run, property, table);
    if (med_slice_equal(name, med_slice_of_text("gc_grace_seconds")))
      rc = option_number(run, property, INT32_MAX, &table->gc_grace_s);
    if (med_slice_equal(name, med_slice_of_text(MED_WIDE_SEGMENT_ROWS_PROPERTY)))
      rc = segment_rows(run, property, table);
    if (med_slice_equal(name, med_slice_of_text(MED_WIDE_APPEND_ONLY_PROPERTY)))
      rc = med_cql_take_append_only(run, property, table);
  }
  if (rc != MEDLEY_OK) return rc;
  rc = med_cql_properties(run, with, table->properties, table->property_count, &table->properties,
                          &table->property_count);
  uint32_t at = with->count > 0 ? with->properties[0].name.at : 0;
  if (rc == MEDLEY_OK) rc = med_cql_check_families(run, at, table);
  if (rc == MEDLEY_OK) rc = med_cql_check_windows(run, with, at, table);
  return rc == MEDLEY_OK ? med_cql_check_append_only(run, with, at, table) : rc;
}

int med_cql_check_families(med_cql_run *run, uint32_t at, med_wide_table *table) {
  medley_error found = {0};
  int rc = med_wide_family_read(table, run->arena, &found);
  return rc == MEDLEY_OK ? rc : med_cql_fail(run, at, rc, "%s", found.message);
}

/* ---- Keyspaces ---- */
int med_cql_use(med_cql_run *run, const med_cql_identifier *keyspace) {
  med_cql_client *client;
  int rc = med_cql_client_open(run->session, &client);
  if (rc != MEDLEY_OK) return rc;
  if (med_wide_catalog_keyspace(run->catalog, keyspace->name) == NULL)
    return med_cql_fail(run, keyspace->at, MEDLEY_NOT_FOUND, "Keyspace '%.*s' does not exist",
                        MED_CQL_TEXT(keyspace->name));
  memcpy(client->keyspace, keyspace->name.bytes, keyspace->name.len);
  client->keyspace_len = keyspace->name.len;
  return MEDLEY_OK;
}

/* Cassandra's own. */
static bool is_system(med_slice name) {
  static const char *const names[] = {"system",        "system_auth",  "system_distributed",   "system_schema",
                                      "system_traces", "system_views", "system_virtual_schema"};
  for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
    if (med_slice_equal(name, med_slice_of_text(names[i]))) return true;
  }
  return false;
}

/* {'class': ...} */
static int check_replication(med_cql_run *run, const med_cql_property *property) {
  const med_cql_term *map = property->value;
  if (map->kind != MED_CQL_MAP && map->kind != MED_CQL_SET)
    return med_cql_fail(run, map->at, MEDLEY_SYNTAX, "Invalid value for property 'replication'. It should be a map.");
  for (size_t i = 0; map->kind == MED_CQL_MAP && i < map->count; i++) {
    if (med_slice_equal(map->items[2 * i]->text, med_slice_of_text("class"))) return MEDLEY_OK;
  }
  return med_cql_fail(run, map->at, MEDLEY_ERROR, "Missing replication strategy class");
}

static int keyspace_properties(med_cql_run *run, const med_cql_keyspace_definition *definition,
                               const med_wide_keyspace *old, med_wide_keyspace *keyspace) {
  const med_cql_with *with = &definition->with;
  bool replicated = old != NULL;
  for (size_t i = 0; i < with->count; i++) {
    const med_cql_property *property = &with->properties[i];
    bool replication = med_slice_equal(property->name.name, med_slice_of_text("replication"));
    if (!replication && !med_slice_equal(property->name.name, med_slice_of_text("durable_writes")))
      return med_cql_fail(run, property->name.at, MEDLEY_SYNTAX, "Unknown property '%.*s'",
                          MED_CQL_TEXT(property->name.name));
    int rc = replication ? check_replication(run, property) : MEDLEY_OK;
    if (rc != MEDLEY_OK) return rc;
    replicated = replicated || replication;
  }
  if (!replicated)
    return med_cql_fail(run, definition->name.at, MEDLEY_ERROR, "Missing mandatory option 'replication'");
  return med_cql_properties(run, with, old != NULL ? old->properties : NULL, old != NULL ? old->property_count : 0,
                            &keyspace->properties, &keyspace->property_count);
}

static int create_keyspace(med_cql_run *run, const med_cql_keyspace_definition *definition) {
  med_slice name = definition->name.name;
  int rc = med_cql_check_name(run, "keyspace", MED_WIDE_NAME_MAX, name, definition->name.at);
  if (rc != MEDLEY_OK) return rc;
  if (is_system(name))
    return med_cql_fail(run, definition->name.at, MEDLEY_ERROR, "system keyspace is not user-modifiable: %.*s",
                        MED_CQL_TEXT(name));
  if (med_wide_catalog_keyspace(run->catalog, name) != NULL) {
    if (definition->tolerant) return MEDLEY_OK;
    return med_cql_fail(run, definition->name.at, MEDLEY_EXISTS, "Cannot add existing keyspace \"%.*s\"",
                        MED_CQL_TEXT(name));
  }
  med_wide_keyspace keyspace = {.name = name};
  rc = keyspace_properties(run, definition, NULL, &keyspace);
  return rc == MEDLEY_OK ? med_wide_catalog_put_keyspace(run->txn, &keyspace) : rc;
}

static int alter_keyspace(med_cql_run *run, const med_cql_keyspace_definition *definition) {
  const med_wide_keyspace *old = med_wide_catalog_keyspace(run->catalog, definition->name.name);
  if (old == NULL && definition->tolerant) return MEDLEY_OK;
  if (old == NULL)
    return med_cql_fail(run, definition->name.at, MEDLEY_NOT_FOUND, "Keyspace '%.*s' doesn't exist",
                        MED_CQL_TEXT(definition->name.name));
  med_wide_keyspace keyspace = *old;
  int rc = keyspace_properties(run, definition, old, &keyspace);
  return rc == MEDLEY_OK ? med_wide_catalog_put_keyspace(run->txn, &keyspace) : rc;
}

/* ---- DROP ---- */
static int drop_keyspace(med_cql_run *run, const med_cql_drop *drop) {
  med_slice name = drop->name.name;
  if (med_wide_catalog_keyspace(run->catalog, name) == NULL) {
    if (drop->if_exists) return MEDLEY_OK;
    return med_cql_fail(run, drop->name.at, MEDLEY_NOT_FOUND, "Keyspace '%.*s' doesn't exist", MED_CQL_TEXT(name));
  }
  size_t count;
  int rc = MEDLEY_OK;
  const med_wide_table *tables = med_wide_catalog_tables(run->catalog, &count);
  for (size_t i = 0; rc == MEDLEY_OK && i < count; i++) {
    if (med_slice_equal(tables[i].keyspace, name)) rc = med_wide_catalog_drop_table(run->txn, &tables[i]);
  }
  const med_wide_user_type *types = med_wide_catalog_user_types(run->catalog, &count);
  for (size_t i = 0; rc == MEDLEY_OK && i < count; i++) {
    if (med_slice_equal(types[i].keyspace, name))
      rc = med_wide_catalog_drop_user_type(run->txn, types[i].keyspace, types[i].name);
  }
  return rc == MEDLEY_OK ? med_wide_catalog_drop_keyspace(run->txn, name) : rc;
}

static int drop_table(med_cql_run *run, const med_cql_drop *drop) {
  bool view = drop->object == MED_CQL_VIEW;
  med_slice keyspace;
  int rc = med_cql_keyspace_of(run, &drop->name, &keyspace);
  if (rc == MEDLEY_NOT_FOUND && drop->if_exists) return MEDLEY_OK;
  if (rc != MEDLEY_OK) return rc;
  const med_wide_table *table = med_wide_catalog_table(run->catalog, keyspace, drop->name.name);
  if (table == NULL && drop->if_exists) return MEDLEY_OK;
  if (table == NULL || (view && !(table->flags & MED_WIDE_TABLE_VIEW)))
    return med_cql_fail(run, drop->name.at, MEDLEY_NOT_FOUND, "%s '%.*s.%.*s' doesn't exist",
                        view ? "Materialized view" : "Table", MED_CQL_TEXT(keyspace), MED_CQL_TEXT(drop->name.name));
  if (!view && table->flags & MED_WIDE_TABLE_VIEW)
    return med_cql_fail(run, drop->name.at, MEDLEY_ERROR,
                        "Cannot use DROP TABLE on a materialized view. Please use DROP MATERIALIZED VIEW instead.");
  if (table->view_count > 0)
    return med_cql_fail(run, drop->name.at, MEDLEY_ERROR,
                        "Cannot drop a table when materialized views still depend on it (%.*s)",
                        MED_CQL_TEXT(table->views[0]->name));
  return med_wide_catalog_drop_table(run->txn, table);
}

static int drop_type(med_cql_run *run, const med_cql_drop *drop) {
  med_slice keyspace;
  int rc = med_cql_keyspace_of(run, &drop->name, &keyspace);
  if (rc == MEDLEY_NOT_FOUND && drop->if_exists) return MEDLEY_OK;
  if (rc != MEDLEY_OK) return rc;
  const med_wide_user_type *type = med_wide_catalog_user_type(run->catalog, keyspace, drop->name.name);
  if (type == NULL && drop->if_exists) return MEDLEY_OK;
  if (type == NULL)
    return med_cql_fail(run, drop->name.at, MEDLEY_NOT_FOUND, "Type '%.*s.%.*s' doesn't exist", MED_CQL_TEXT(keyspace),
                        MED_CQL_TEXT(drop->name.name));
  size_t count;
  const med_wide_table *tables = med_wide_catalog_tables(run->catalog, &count);
  for (size_t i = 0; i < count; i++) {
    for (size_t j = 0; j < tables[i].column_count; j++) {
      if (med_cql_type_uses(&tables[i].columns[j].type, type))
        return med_cql_fail(run, drop->name.at, MEDLEY_ERROR,
                            "Cannot drop user type '%.*s.%.*s' as it is still used by tables %.*s",
                            MED_CQL_TEXT(keyspace), MED_CQL_TEXT(type->name), MED_CQL_TEXT(tables[i].name));
    }
  }
  const med_wide_user_type *types = med_wide_catalog_user_types(run->catalog, &count);
  for (size_t i = 0; i < count; i++) {
    med_wide_type whole;
    med_wide_type_scope scope = {run->catalog, types[i].keyspace, run->arena, 0};
    if (&types[i] == type) continue;
    rc = med_wide_catalog_find_type(&scope, types[i].keyspace, types[i].name, &whole);
    if (rc != MEDLEY_OK) return rc == MEDLEY_NO_MEMORY ? med_cql_no_memory(run) : rc;
    if (med_cql_type_uses(&whole, type))
      return med_cql_fail(run, drop->name.at, MEDLEY_ERROR,
                          "Cannot drop user type '%.*s.%.*s' as it is still used by user types %.*s",
                          MED_CQL_TEXT(keyspace), MED_CQL_TEXT(type->name), MED_CQL_TEXT(types[i].name));
  }
  return med_wide_catalog_drop_user_type(run->txn, keyspace, type->name);
}

bool med_cql_type_uses(const med_wide_type *type, const med_wide_user_type *user_type) {
  if (type->kind == MED_WIDE_UDT && med_slice_equal(type->name, user_type->name) &&
      med_slice_equal(type->keyspace, user_type->keyspace))
    return true;
  for (unsigned i = 0; i < type->part_count; i++) {
    if (med_cql_type_uses(&type->parts[i], user_type)) return true;
  }
  return false;
}

/* ---- TRUNCATE ---- the table goes on under new numbers, and what stood under the old ones waits for the sweep. */
static int truncate_one(med_cql_run *run, const med_wide_table *table) {
  med_wide_table fresh = *table;
  med_wide_index *indexes = med_cql_alloc(run, (table->index_count + 1) * sizeof *indexes);
  if (indexes == NULL) return MEDLEY_NO_MEMORY;
  int rc;
  MED_TRY(med_wide_catalog_drop_table(run->txn, table));
  MED_TRY(med_wide_catalog_next_id(run->txn, &fresh.id));
  for (size_t i = 0; i < table->index_count; i++) {
    indexes[i] = table->indexes[i];
    MED_TRY(med_wide_catalog_next_id(run->txn, &indexes[i].id));
  }
  fresh.indexes = indexes;
  fresh.flags &= ~(uint32_t)(MED_WIDE_TABLE_SEGMENTS | MED_WIDE_TABLE_RUNS);
  rc = med_wide_catalog_put_table(run->txn, &fresh);
done:
  return rc;
}

static int truncate_table(med_cql_run *run, const med_cql_name *name) {
  const med_wide_table *table;
  int rc = med_cql_find_table(run, name, &table);
  if (rc != MEDLEY_OK) return rc;
  if (table->flags & MED_WIDE_TABLE_VIEW)
    return med_cql_fail(run, name->at, MEDLEY_ERROR,
                        "Cannot TRUNCATE materialized view directly; must truncate base table instead");
  rc = truncate_one(run, table);
  for (size_t i = 0; rc == MEDLEY_OK && i < table->view_count; i++) rc = truncate_one(run, table->views[i]);
  return rc;
}

int med_cql_define(med_cql_run *run, const med_cql_statement *statement) {
  switch (statement->kind) {
    case MED_CQL_TRUNCATE: return truncate_table(run, &statement->as.table);
    case MED_CQL_CREATE_KEYSPACE: return create_keyspace(run, &statement->as.keyspace);
    case MED_CQL_ALTER_KEYSPACE: return alter_keyspace(run, &statement->as.keyspace);
    case MED_CQL_CREATE_TYPE:
    case MED_CQL_ALTER_TYPE: return med_cql_define_type(run, statement);
    case MED_CQL_CREATE_INDEX: return med_cql_define_index(run, &statement->as.create_index);
    case MED_CQL_CREATE_VIEW: return med_cql_define_view(run, &statement->as.create_view);
    case MED_CQL_DROP:
      switch (statement->as.drop.object) {
        case MED_CQL_KEYSPACE: return drop_keyspace(run, &statement->as.drop);
        case MED_CQL_TYPE: return drop_type(run, &statement->as.drop);
        case MED_CQL_INDEX: return med_cql_drop_index(run, &statement->as.drop);
        default: return drop_table(run, &statement->as.drop);
      }
    default: return med_cql_define_table(run, statement);
  }
}
