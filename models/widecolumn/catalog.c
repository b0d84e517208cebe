/* catalog.c - definitions found by name, and changed. */
#include "models/widecolumn/catalog.h"

#include "models/widecolumn/record.h"
#include "models/widecolumn/value.h"

/* Behind MED_WIDE_KEY_CATALOG. User types come before the tables that use them. */
enum { ENTRY_VERSION = 0, ENTRY_KEYSPACE = 1, ENTRY_USER_TYPE = 2, ENTRY_TABLE = 3, ENTRY_NEXT_ID = 4 };

struct med_wide_catalog {
  uint64_t version;
  uint32_t references;
  med_arena arena;
  med_wide_keyspace *keyspaces;
  med_wide_user_type *types;
  med_wide_table *tables;
  size_t keyspace_count, type_count, table_count;
};

static void entry_key(unsigned entry, const med_slice *names, size_t count, med_key *key) {
  med_key_init(key);
  med_key_add_u8(key, MED_WIDE_KEY_CATALOG);
  med_key_add_u8(key, (uint8_t)entry);
  for (size_t i = 0; i < count; i++) (void)med_key_add_escaped(key, names[i], 2 * MED_WIDE_NAME_MAX + 2);
}

int med_wide_catalog_version_now(med_txn *txn, uint64_t *version) {
  med_key key;
  med_slice value;
  entry_key(ENTRY_VERSION, NULL, 0, &key);
  *version = 0;
  int rc = med_txn_get(txn, MED_TREE_WIDE, med_key_slice(&key), &value);
  if (rc == MEDLEY_NOT_FOUND) return MEDLEY_OK;
  if (rc == MEDLEY_OK && value.len != 8)
    return med_error_set(med_txn_error(txn), MEDLEY_CORRUPT, "wide-column: the version of the catalog is damaged");
  if (rc == MEDLEY_OK) *version = med_get_u64(value.bytes);
  return rc;
}

/* ---- Reading all ---- */
typedef struct loader {
  med_txn *txn;
  med_wide_catalog *catalog;
  med_buffer space;
} loader;

/* The names in an entry's key behind its first two bytes: escaped, each ended by 00 00. */
static int take_name(med_slice *key, med_arena *arena, med_slice *name, medley_error *error) {
  const uint8_t *bytes = key->bytes;
  uint8_t *copy = med_arena_alloc(arena, key->len + 1);
  size_t len = 0, i = 0;
  if (copy == NULL) return med_error_no_memory(error);
  for (; i + 1 < key->len && (bytes[i] != 0 || bytes[i + 1] != 0); i++) {
    copy[len++] = bytes[i];
    if (bytes[i] == 0) i++;
  }
  if (i + 1 >= key->len || len == 0 || len > MED_WIDE_NAME_MAX)
    return med_error_set(error, MEDLEY_CORRUPT, "wide-column: a damaged name in the catalog");
  *name = med_slice_of(copy, len);
  *key = med_slice_of(bytes + i + 2, key->len - i - 2);
  return MEDLEY_OK;
}

static int load_entry(loader *to, unsigned entry, med_slice names, med_slice record) {
  med_wide_catalog *catalog = to->catalog;
  medley_error *error = med_txn_error(to->txn);
  med_slice name[2] = {{0}};
  for (size_t i = 0; i < (entry == ENTRY_KEYSPACE ? 1 : 2); i++) {
    int rc = take_name(&names, &catalog->arena, &name[i], error);
    if (rc != MEDLEY_OK) return rc;
  }
  const void *copy = med_arena_copy(&catalog->arena, record.bytes, record.len);
  if (copy == NULL) return med_error_no_memory(error);
  record = med_slice_of(copy, record.len);
  if (entry == ENTRY_KEYSPACE) {
    med_wide_keyspace *keyspace = &catalog->keyspaces[catalog->keyspace_count++];
    keyspace->name = name[0];
    return med_wide_keyspace_read(record, &catalog->arena, keyspace, error);
  }
  if (entry == ENTRY_USER_TYPE) {
    med_wide_user_type *type = &catalog->types[catalog->type_count++];
    type->keyspace = name[0];
    type->name = name[1];
    return med_wide_user_type_read(record, &catalog->arena, type, error);
  }
  med_wide_table *table = &catalog->tables[catalog->table_count++];
  table->keyspace = name[0];
  table->name = name[1];
  med_wide_type_scope scope = {catalog, table->keyspace, &catalog->arena, 0};
  int rc = med_wide_table_read(record, med_wide_catalog_find_type, &scope, &catalog->arena, table, error);
  table->catalog = catalog;
  return rc;
}

/* Calls load for each entry, or only counts them. */
static int each_entry(loader *to, med_cursor *cursor, unsigned entry, size_t *count) {
  med_key prefix;
  med_slice key, value;
  entry_key(entry, NULL, 0, &prefix);
  int rc = med_cursor_seek(cursor, med_key_slice(&prefix), &key, &value);
  for (; rc == MEDLEY_OK && med_slice_starts_with(key, med_key_slice(&prefix));
       rc = med_cursor_next(cursor, &key, &value)) {
    med_slice record;
    if (count != NULL) {
      ++*count;
      continue;
    }
    rc = med_wide_record_open(to->txn, value, &to->space, &record);
    if (rc == MEDLEY_OK) rc = load_entry(to, entry, med_slice_of((const uint8_t *)key.bytes + 2, key.len - 2), record);
    if (rc != MEDLEY_OK) return rc;
  }
  return rc == MEDLEY_NOT_FOUND ? MEDLEY_OK : rc;
}

/* Views copy cells and make keys from their tables' values, and compare with them. Columns that the table no longer has are null. */
static bool fits_table(const med_wide_table *view, const med_wide_table *base) {
  for (size_t i = 0; i < view->column_count; i++) {
    const med_wide_column *column = &view->columns[i], *of = med_wide_table_column_by_id(base, column->base_id);
    bool is_key = column->role <= MED_WIDE_CLUSTERING;
    if (of == NULL) continue;
    if (!med_wide_type_equal(&column->type, &of->type) || (is_key && med_wide_type_is_complex(&of->type))) return false;
  }
  for (size_t i = 0; i < view->filter_count; i++) {
    const med_wide_column *of = med_wide_table_column_by_id(base, view->filters[i].base_id);
    if (of == NULL) continue;
    if (med_wide_type_is_complex(&of->type) ||
        med_wide_value_check(&of->type, view->filters[i].value, NULL) != MEDLEY_OK)
      return false;
  }
  return true;
}

static bool is_view_of(const med_wide_table *view, const med_wide_table *base) {
  return (view->flags & MED_WIDE_TABLE_VIEW) != 0 && med_slice_equal(view->keyspace, base->keyspace) &&
         med_slice_equal(view->base_name, base->name);
}

static int link_views_of(med_wide_catalog *catalog, med_wide_table *base, medley_error *error) {
  size_t count = 0;
  for (size_t i = 0; i < catalog->table_count; i++) count += is_view_of(&catalog->tables[i], base);
  if (count == 0) return MEDLEY_OK;
  base->views = med_arena_alloc(&catalog->arena, count * sizeof(void *));
  if (base->views == NULL) return med_error_no_memory(error);
  for (size_t i = 0; i < catalog->table_count; i++) {
    const med_wide_table *view = &catalog->tables[i];
    if (!is_view_of(view, base)) continue;
    if (!fits_table(view, base))
      return med_error_set(error, MEDLEY_CORRUPT, "wide-column: view %.*s is none of its table", (int)view->name.len,
                           (const char *)view->name.bytes);
    base->views[base->view_count++] = view;
  }
  return MEDLEY_OK;
}

static int link_views(med_wide_catalog *catalog, medley_error *error) {
  int rc = MEDLEY_OK;
  for (size_t i = 0; rc == MEDLEY_OK && i < catalog->table_count; i++)
    rc = link_views_of(catalog, &catalog->tables[i], error);
  return rc;
}

int med_wide_catalog_open(med_txn *txn, med_wide_catalog **catalog) {
  *catalog = med_alloc_zero(sizeof **catalog);
  if (*catalog == NULL) return med_error_no_memory(med_txn_error(txn));
  med_wide_catalog *made = *catalog;
  made->references = 1;
  loader to = {.txn = txn, .catalog = made};
  med_cursor *cursor = NULL;
  size_t keyspaces = 0, types = 0, tables = 0;
  int rc;
  MED_TRY(med_wide_catalog_version_now(txn, &made->version));
  MED_TRY(med_cursor_open(txn, MED_TREE_WIDE, &cursor));
  MED_TRY(each_entry(&to, cursor, ENTRY_KEYSPACE, &keyspaces));
  MED_TRY(each_entry(&to, cursor, ENTRY_USER_TYPE, &types));
  MED_TRY(each_entry(&to, cursor, ENTRY_TABLE, &tables));
  made->keyspaces = med_arena_alloc(&made->arena, (keyspaces + 1) * sizeof *made->keyspaces);
  made->types = med_arena_alloc(&made->arena, (types + 1) * sizeof *made->types);
  made->tables = med_arena_alloc(&made->arena, (tables + 1) * sizeof *made->tables);
  if (made->keyspaces == NULL || made->types == NULL || made->tables == NULL) {
    rc = med_error_no_memory(med_txn_error(txn));
    goto done;
  }
  MED_TRY(each_entry(&to, cursor, ENTRY_KEYSPACE, NULL));
  MED_TRY(each_entry(&to, cursor, ENTRY_USER_TYPE, NULL));
  MED_TRY(each_entry(&to, cursor, ENTRY_TABLE, NULL));
  rc = link_views(made, med_txn_error(txn));
done:
  med_cursor_close(cursor);
  med_buffer_clear(&to.space);
  if (rc != MEDLEY_OK) {
    med_wide_catalog_release(made);
    *catalog = NULL;
  }
  return rc;
}

med_wide_catalog *med_wide_catalog_retain(med_wide_catalog *catalog) {
  catalog->references++;
  return catalog;
}

void med_wide_catalog_release(med_wide_catalog *catalog) {
  if (catalog == NULL || --catalog->references > 0) return;
  med_arena_clear(&catalog->arena);
  med_free(catalog);
}

uint64_t med_wide_catalog_version(const med_wide_catalog *catalog) { return catalog->version; }

/* ---- Finding ---- */
const med_wide_keyspace *med_wide_catalog_keyspace(const med_wide_catalog *catalog, med_slice name) {
  for (size_t i = 0; i < catalog->keyspace_count; i++) {
    if (med_slice_equal(catalog->keyspaces[i].name, name)) return &catalog->keyspaces[i];
  }
  return NULL;
}

const med_wide_table *med_wide_catalog_table(const med_wide_catalog *catalog, med_slice keyspace, med_slice name) {
  for (size_t i = 0; i < catalog->table_count; i++) {
    const med_wide_table *table = &catalog->tables[i];
    if (med_slice_equal(table->name, name) && med_slice_equal(table->keyspace, keyspace)) return table;
  }
  return NULL;
}

const med_wide_user_type *med_wide_catalog_user_type(const med_wide_catalog *catalog, med_slice keyspace,
                                                     med_slice name) {
  for (size_t i = 0; i < catalog->type_count; i++) {
    const med_wide_user_type *type = &catalog->types[i];
    if (med_slice_equal(type->name, name) && med_slice_equal(type->keyspace, keyspace)) return type;
  }
  return NULL;
}

const med_wide_index *med_wide_catalog_index(const med_wide_catalog *catalog, med_slice keyspace, med_slice name,
                                             const med_wide_table **table) {
  for (size_t i = 0; i < catalog->table_count; i++) {
    *table = &catalog->tables[i];
    if (!med_slice_equal((*table)->keyspace, keyspace)) continue;
    for (size_t j = 0; j < (*table)->index_count; j++) {
      if (med_slice_equal((*table)->indexes[j].name, name)) return &(*table)->indexes[j];
    }
  }
  return NULL;
}

const med_wide_keyspace *med_wide_catalog_keyspaces(const med_wide_catalog *catalog, size_t *count) {
  *count = catalog->keyspace_count;
  return catalog->keyspaces;
}

const med_wide_table *med_wide_catalog_tables(const med_wide_catalog *catalog, size_t *count) {
  *count = catalog->table_count;
  return catalog->tables;
}

const med_wide_user_type *med_wide_catalog_user_types(const med_wide_catalog *catalog, size_t *count) {
  *count = catalog->type_count;
  return catalog->types;
}

/* Fields may be of further user types: each is one level deeper. */
int med_wide_catalog_find_type(void *context, med_slice keyspace, med_slice name, med_wide_type *type) {
  med_wide_type_scope *scope = context;
  if (keyspace.len == 0) keyspace = scope->keyspace;
  const med_wide_user_type *found = med_wide_catalog_user_type(scope->catalog, keyspace, name);
  if (found == NULL) return MEDLEY_NOT_FOUND;
  if (scope->depth >= MED_WIDE_TYPE_DEPTH_MAX) return MEDLEY_TOO_BIG;
  med_wide_type *parts = med_arena_alloc(scope->arena, (found->count + 1) * sizeof *parts);
  if (parts == NULL) return MEDLEY_NO_MEMORY;
  med_wide_type_scope inner = {scope->catalog, found->keyspace, scope->arena, scope->depth + 1};
  size_t size = 1;
  for (size_t i = 0; i < found->count; i++) {
    int rc = med_wide_type_parse(found->types[i], med_wide_catalog_find_type, &inner, scope->arena, &parts[i], NULL);
    if (rc != MEDLEY_OK) return rc;
    size += med_wide_type_size(&parts[i]);
    if (size > MED_WIDE_TYPE_SIZE_MAX) return MEDLEY_TOO_BIG;
  }
  *type = (med_wide_type){.kind = MED_WIDE_UDT, .part_count = (uint16_t)found->count, .parts = parts};
  type->keyspace = found->keyspace;
  type->name = found->name;
  type->fields = found->fields;
  return MEDLEY_OK;
}

/* ---- Changing ---- */
static int draw_version(med_txn *txn) {
  med_key key;
  uint8_t value[8];
  entry_key(ENTRY_VERSION, NULL, 0, &key);
  med_put_u64(value, med_store_random(med_txn_store(txn)) | 1);
  return med_txn_put(txn, MED_TREE_WIDE, med_key_slice(&key), med_slice_of(value, sizeof value));
}

static int put_entry(med_txn *txn, const med_key *key, bool written, med_buffer *record) {
  int rc = written ? draw_version(txn) : med_error_no_memory(med_txn_error(txn));
  if (rc == MEDLEY_OK) rc = med_wide_record_put(txn, med_key_slice(key), med_slice_of(record->bytes, record->len));
  med_buffer_clear(record);
  return rc;
}

int med_wide_catalog_put_keyspace(med_txn *txn, const med_wide_keyspace *keyspace) {
  med_key key;
  med_buffer record = {0};
  entry_key(ENTRY_KEYSPACE, &keyspace->name, 1, &key);
  return put_entry(txn, &key, med_wide_keyspace_write(keyspace, &record), &record);
}

int med_wide_catalog_put_user_type(med_txn *txn, const med_wide_user_type *type) {
  med_key key;
  med_buffer record = {0};
  entry_key(ENTRY_USER_TYPE, (med_slice[]){type->keyspace, type->name}, 2, &key);
  return put_entry(txn, &key, med_wide_user_type_write(type, &record), &record);
}

int med_wide_catalog_put_table(med_txn *txn, const med_wide_table *table) {
  med_key key;
  med_buffer record = {0};
  entry_key(ENTRY_TABLE, (med_slice[]){table->keyspace, table->name}, 2, &key);
  return put_entry(txn, &key, med_wide_table_write(table, &record), &record);
}

static int drop_entry(med_txn *txn, unsigned entry, const med_slice *names, size_t count) {
  med_key key;
  entry_key(entry, names, count, &key);
  int rc = draw_version(txn);
  return rc == MEDLEY_OK ? med_wide_record_delete(txn, med_key_slice(&key)) : rc;
}

int med_wide_catalog_drop_keyspace(med_txn *txn, med_slice name) { return drop_entry(txn, ENTRY_KEYSPACE, &name, 1); }

int med_wide_catalog_drop_user_type(med_txn *txn, med_slice keyspace, med_slice name) {
  return drop_entry(txn, ENTRY_USER_TYPE, (med_slice[]){keyspace, name}, 2);
}

/* 02, the first byte of the keys that are to go, and their number. */
static int queue_dropped(med_txn *txn, unsigned first, uint32_t id) {
  med_key key;
  med_key_init(&key);
  med_key_add_u8(&key, MED_WIDE_KEY_DROPPED);
  med_key_add_u8(&key, (uint8_t)first);
  med_key_add_u32(&key, id);
  return med_txn_put(txn, MED_TREE_WIDE, med_key_slice(&key), med_slice_of("", 0));
}

int med_wide_catalog_drop_index_rows(med_txn *txn, uint32_t index_id) {
  return queue_dropped(txn, MED_WIDE_KEY_INDEX, index_id);
}

int med_wide_catalog_drop_rows(med_txn *txn, uint32_t id) {
  static const unsigned all[] = {MED_WIDE_KEY_ROW,     MED_WIDE_KEY_SEGMENT, MED_WIDE_KEY_PAGE, MED_WIDE_KEY_GONE,
                                 MED_WIDE_KEY_SEALING, MED_WIDE_KEY_RUN,     MED_WIDE_KEY_BLOCK};
  int rc = MEDLEY_OK;
  for (size_t i = 0; rc == MEDLEY_OK && i < sizeof all / sizeof all[0]; i++) rc = queue_dropped(txn, all[i], id);
  return rc;
}

/* A table with windows has nothing but their directory, and the sweep goes on from there. */
int med_wide_catalog_drop_table(med_txn *txn, const med_wide_table *table) {
  int rc = table->time_window != NULL ? queue_dropped(txn, MED_WIDE_KEY_WINDOW, table->id)
                                      : med_wide_catalog_drop_rows(txn, table->id);
  for (size_t i = 0; rc == MEDLEY_OK && i < table->index_count; i++)
    rc = med_wide_catalog_drop_index_rows(txn, table->indexes[i].id);
  return rc == MEDLEY_OK ? drop_entry(txn, ENTRY_TABLE, (med_slice[]){table->keyspace, table->name}, 2) : rc;
}

int med_wide_catalog_free_id(med_txn *txn, uint32_t *id) {
  med_key key;
  med_slice value;
  entry_key(ENTRY_NEXT_ID, NULL, 0, &key);
  *id = 1;
  int rc = med_txn_get(txn, MED_TREE_WIDE, med_key_slice(&key), &value);
  if (rc == MEDLEY_NOT_FOUND) return MEDLEY_OK;
  if (rc == MEDLEY_OK && (value.len != 4 || med_get_u32(value.bytes) == 0))
    return med_error_set(med_txn_error(txn), MEDLEY_CORRUPT, "wide-column: the counter of tables is damaged");
  if (rc == MEDLEY_OK) *id = med_get_u32(value.bytes);
  return rc;
}

int med_wide_catalog_next_id(med_txn *txn, uint32_t *id) {
  med_key key;
  uint8_t next[4];
  int rc = med_wide_catalog_free_id(txn, id);
  if (rc != MEDLEY_OK) return rc;
  if (*id == UINT32_MAX)
    return med_error_set(med_txn_error(txn), MEDLEY_TOO_BIG, "wide-column: the numbers of tables are used up");
  med_put_u32(next, *id + 1);
  entry_key(ENTRY_NEXT_ID, NULL, 0, &key);
  return med_txn_put(txn, MED_TREE_WIDE, med_key_slice(&key), med_slice_of(next, sizeof next));
}
