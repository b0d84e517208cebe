/* keyvalue_rows.c - cursors over the key-value tables: finding keys and parts, and their columns. */
#include <assert.h>
#include <string.h>

#include "engine/sql/keyvalue_tables.h"

/* ---- Cursors ---- */
int med_kv_rows_open(sqlite3_vtab *base, sqlite3_vtab_cursor **opened) {
  table *tab = table_of(base);
  cursor *cur = med_alloc_zero(sizeof *cur);
  if (cur == NULL) return SQLITE_NOMEM;
  if (tab->open_cursors++ == 0) med_sql_remembered_forget(&tab->rows);
  *opened = &cur->base;
  return SQLITE_OK;
}

static void close_object(cursor *cur) {
  if (!cur->in_object) return;
  cur->in_object = false;
  switch (table_of_cursor(cur)->kind) {
    case TABLE_HASH: med_hash_walk_close(&cur->fields); break;
    case TABLE_SET:
    case TABLE_ZSET: med_member_walk_close(&cur->members); break;
    case TABLE_LIST: med_list_walk_close(&cur->elements); break;
    default: break;
  }
}

static void end_walks(cursor *cur) {
  close_object(cur);
  if (cur->walking) med_kv_walk_close(&cur->keys);
  cur->walking = false;
  cur->at_end = true;
}

int med_kv_rows_close(sqlite3_vtab_cursor *base) {
  cursor *cur = (cursor *)base;
  table_of_cursor(cur)->open_cursors--;
  end_walks(cur);
  med_buffer_clear(&cur->bucket);
  med_buffer_clear(&cur->key);
  med_buffer_clear(&cur->part);
  med_buffer_clear(&cur->until);
  med_buffer_clear(&cur->names);
  med_buffer_clear(&cur->scratch);
  med_arena_clear(&cur->arena);
  med_free(cur);
  return SQLITE_OK;
}

static int fail_cursor(cursor *cur, int rc) {
  end_walks(cur);
  return med_sql_tables_fail(table_of_cursor(cur)->session, cur->base.pVtab, rc);
}

/* ---- One row ---- */
static const char *type_name(med_kv_type type) {
  switch (type) {
    case MED_KV_STRING: return "string";
    case MED_KV_HASH: return "hash";
    case MED_KV_LIST: return "list";
    case MED_KV_SET: return "set";
    case MED_KV_SORTED_SET: return "zset";
  }
  return NULL;
}

static int fill_string_row(cursor *cur, med_slice key, const med_kv_meta *meta) {
  cur->row_key = key;
  cur->type = type_name(meta->type);
  cur->row_expires_ms = meta->expires_ms;
  cur->row_has_value = meta->type == MED_KV_STRING;
  return cur->row_has_value ? med_string_load(&cur->kv, meta, &cur->scratch, &cur->row_value) : MEDLEY_OK;
}

/* The next part of the open object: OK with the row filled, or NOT_FOUND. */
static int next_part(cursor *cur) {
  int rc;
  switch (table_of_cursor(cur)->kind) {
    case TABLE_HASH:
      rc = med_hash_walk_next(&cur->fields);
      if (rc != MEDLEY_OK) return rc;
      cur->row_part = cur->fields.field;
      cur->row_value = cur->fields.value;
      cur->row_expires_ms = cur->fields.expires_ms;
      return rc;
    case TABLE_SET:
    case TABLE_ZSET:
      rc = med_member_walk_next(&cur->members);
      if (rc != MEDLEY_OK) return rc;
      cur->row_part = cur->members.member;
      cur->row_score = cur->members.score;
      return rc;
    case TABLE_LIST:
      rc = med_list_walk_next(&cur->elements);
      if (rc != MEDLEY_OK) return rc;
      cur->row_position++;
      return med_element_load(&cur->object, &cur->elements.element, &cur->row_value);
    default: return MEDLEY_NOT_FOUND;
  }
}

int med_kv_table_open_collection(table_kind kind, med_kv *kv, med_slice key, med_arena *arena, med_collection *object) {
  switch (kind) {
    case TABLE_HASH: return med_hash_open(kv, key, arena, object);
    case TABLE_SET: return med_set_open(kv, key, arena, object);
    case TABLE_ZSET: return med_sorted_set_open(kv, key, arena, object);
    default: return med_list_open(kv, key, arena, object);
  }
}

static int open_parts(cursor *cur) {
  med_slice all = med_slice_of(NULL, 0);
  switch (table_of_cursor(cur)->kind) {
    case TABLE_HASH: return med_hash_walk_open(&cur->object, all, true, &cur->fields);
    case TABLE_SET:
    case TABLE_ZSET: return med_member_walk_open(&cur->object, all, &cur->members);
    default: cur->row_position = -1; return med_list_walk_open(&cur->object, 0, false, &cur->elements);
  }
}

/* The collection at a key of the table's type: opened, and its parts begun. NOT_FOUND if there is none. */
static int open_object(cursor *cur, med_slice key) {
  close_object(cur);
  med_arena_reset(&cur->arena);
  cur->key.len = 0;
  if (!med_buffer_append(&cur->key, key.bytes, key.len)) return MEDLEY_NO_MEMORY;
  cur->row_key = buffer_slice(&cur->key);
  int rc = med_kv_table_open_collection(table_of_cursor(cur)->kind, &cur->kv, cur->row_key, &cur->arena, &cur->object);
  if (rc != MEDLEY_OK) return rc;
  if (!cur->object.exists) return MEDLEY_NOT_FOUND;
  rc = open_parts(cur);
  cur->in_object = rc == MEDLEY_OK;
  return rc;
}

static bool beyond_until(const cursor *cur, med_slice key) {
  if (!cur->until_set) return false;
  int order = med_slice_compare(key, buffer_slice(&cur->until));
  return order > 0 || (order == 0 && !cur->until_inclusive);
}

/* The next key of the table's type within the range: its string row, or its first part. */
static int next_key(cursor *cur) {
  const table *tab = table_of_cursor(cur);
  int rc;
  while ((rc = med_kv_walk_next(&cur->keys)) == MEDLEY_OK) {
    rc = med_session_poll(tab->session);
    if (rc != MEDLEY_OK) return rc;
    if (beyond_until(cur, cur->keys.key)) return MEDLEY_NOT_FOUND;
    if (tab->kind == TABLE_STRING) return fill_string_row(cur, cur->keys.key, &cur->keys.meta);
    if (cur->keys.meta.type != med_kv_table_facts[tab->kind].type) continue;
    rc = open_object(cur, cur->keys.key);
    if (rc == MEDLEY_OK) rc = next_part(cur);
    if (rc != MEDLEY_NOT_FOUND) return rc;
  }
  return rc;
}

static int advance(cursor *cur) {
  int rc = cur->in_object ? next_part(cur) : MEDLEY_NOT_FOUND;
  if (rc == MEDLEY_NOT_FOUND && cur->walking) {
    close_object(cur);
    rc = next_key(cur);
  }
  if (rc == MEDLEY_OK) return SQLITE_OK;
  if (rc != MEDLEY_NOT_FOUND) return fail_cursor(cur, rc);
  end_walks(cur);
  return SQLITE_OK;
}

int med_kv_rows_next(sqlite3_vtab_cursor *base) {
  cursor *cur = (cursor *)base;
  if (cur->one_part) {
    end_walks(cur);
    return SQLITE_OK;
  }
  return advance(cur);
}

/* ---- Filter ---- */
/* The bytes of a text or number. False for what no text equals: NULL and blobs. */
static int take_text(sqlite3_value *value, med_buffer *buffer, bool *is_text) {
  buffer->len = 0;
  int type = sqlite3_value_type(value);
  *is_text = type != SQLITE_NULL && type != SQLITE_BLOB;
  if (!*is_text) return MEDLEY_OK;
  const char *bytes = (const char *)sqlite3_value_text(value);
  if (bytes == NULL) return MEDLEY_NO_MEMORY;
  return med_buffer_append(buffer, bytes, (size_t)sqlite3_value_bytes(value)) ? MEDLEY_OK : MEDLEY_NO_MEMORY;
}

static int find_string(cursor *cur) {
  med_kv_meta meta;
  int rc = med_kv_find(&cur->kv, buffer_slice(&cur->key), &meta);
  if (rc == MEDLEY_OK) rc = fill_string_row(cur, buffer_slice(&cur->key), &meta);
  cur->one_part = true;
  return rc;
}

static int find_part(cursor *cur) {
  table_kind kind = table_of_cursor(cur)->kind;
  med_arena_reset(&cur->arena);
  cur->row_key = buffer_slice(&cur->key);
  cur->row_part = buffer_slice(&cur->part);
  int rc = med_kv_table_open_collection(kind, &cur->kv, cur->row_key, &cur->arena, &cur->object);
  if (rc != MEDLEY_OK) return rc;
  cur->one_part = true;
  if (!cur->object.exists) return MEDLEY_NOT_FOUND;
  if (kind == TABLE_HASH) return med_hash_get(&cur->object, cur->row_part, &cur->row_value, &cur->row_expires_ms);
  if (kind == TABLE_ZSET) return med_sorted_set_score(&cur->object, cur->row_part, &cur->row_score);
  bool has = false;
  rc = med_set_has(&cur->object, cur->row_part, &has);
  return rc == MEDLEY_OK && !has ? MEDLEY_NOT_FOUND : rc;
}

/* A key of another type than the table's has no rows in it. */
static int find_one(cursor *cur, int bits) {
  int rc;
  if (table_of_cursor(cur)->kind == TABLE_STRING) {
    rc = find_string(cur);
  } else if (bits & PLAN_PART) {
    rc = find_part(cur);
  } else {
    med_buffer key = cur->key; /* open_object copies into cur->key */
    cur->key = (med_buffer){0};
    rc = open_object(cur, buffer_slice(&key));
    med_buffer_clear(&key);
    if (rc == MEDLEY_OK) rc = next_part(cur);
  }
  return rc == MEDLEY_TYPE ? MEDLEY_NOT_FOUND : rc;
}

typedef struct arguments {
  bool possible; /* no argument makes an empty answer */
  bool from_set;
} arguments;

static int take_arguments(cursor *cur, int bits, sqlite3_value **argv, arguments *taken) {
  const table *tab = table_of_cursor(cur);
  *taken = (arguments){.possible = true};
  int rc = MEDLEY_OK, argument = 0;
  bool is_text = true;
  cur->bucket.len = 0;
  if (bits & PLAN_BUCKET) {
    MED_TRY(take_text(argv[argument++], &cur->bucket, &is_text));
    taken->possible = is_text;
  } else if (!med_buffer_append(&cur->bucket, tab->bucket, strlen(tab->bucket))) {
    return MEDLEY_NO_MEMORY;
  }
  if (bits & (PLAN_KEY | PLAN_FROM)) {
    sqlite3_value *value = argv[argument++];
    MED_TRY(take_text(value, &cur->key, &is_text));
    taken->possible = taken->possible && is_text; /* no text is above a blob */
    taken->from_set = true;
  }
  if (bits & PLAN_TO) {
    sqlite3_value *value = argv[argument++];
    MED_TRY(take_text(value, &cur->until, &is_text));
    cur->until_set = is_text;
    cur->until_inclusive = true; /* SQLite looks at the bound itself again */
    if (sqlite3_value_type(value) == SQLITE_NULL) taken->possible = false;
  }
  if (bits & PLAN_PART) {
    MED_TRY(take_text(argv[argument++], &cur->part, &is_text));
    taken->possible = taken->possible && is_text;
  }
done:
  return rc;
}

int med_kv_rows_filter(sqlite3_vtab_cursor *base, int bits, const char *plan_text, int argc, sqlite3_value **argv) {
  cursor *cur = (cursor *)base;
  (void)plan_text;
  (void)argc;
  end_walks(cur);
  cur->one_part = cur->until_set = false;
  arguments taken;
  int rc = take_arguments(cur, bits, argv, &taken);
  if (rc != MEDLEY_OK) return fail_cursor(cur, rc);
  med_txn *txn = med_session_txn(table_of_cursor(cur)->session);
  assert(txn != NULL);
  if (!taken.possible) return SQLITE_OK;
  rc = med_kv_open(txn, buffer_slice(&cur->bucket), false, &cur->kv);
  if (rc == MEDLEY_NOT_FOUND) return SQLITE_OK;
  if (rc != MEDLEY_OK) return fail_cursor(cur, rc);
  cur->at_end = false;
  if (bits & PLAN_KEY) {
    rc = find_one(cur, bits);
    if (rc == MEDLEY_OK) return SQLITE_OK;
    if (rc != MEDLEY_NOT_FOUND) return fail_cursor(cur, rc);
    end_walks(cur);
    return SQLITE_OK;
  }
  rc = med_kv_walk_open(&cur->kv, taken.from_set ? buffer_slice(&cur->key) : med_slice_of(NULL, 0), &cur->keys);
  if (rc != MEDLEY_OK) return fail_cursor(cur, rc);
  cur->walking = true;
  return advance(cur);
}

int med_kv_rows_eof(sqlite3_vtab_cursor *base) { return ((cursor *)base)->at_end; }

/* ---- Columns ---- */
static bool is_text(med_slice bytes) {
  const uint8_t *at = bytes.bytes, *end = at + bytes.len;
  while (at < end) {
    if (*at == 0) return false;
    int more = *at < 0x80                   ? 0
               : *at >= 0xC2 && *at <= 0xDF ? 1
               : (*at & 0xF0) == 0xE0       ? 2
               : *at >= 0xF0 && *at <= 0xF4 ? 3
                                            : -1;
    if (more < 0 || end - at <= more) return false;
    if ((*at == 0xE0 && at[1] < 0xA0) || (*at == 0xED && at[1] > 0x9F)) return false;
    if ((*at == 0xF0 && at[1] < 0x90) || (*at == 0xF4 && at[1] > 0x8F)) return false;
    for (at++; more > 0; more--, at++) {
      if ((*at & 0xC0) != 0x80) return false;
    }
  }
  return true;
}

static void result_name(sqlite3_context *context, med_slice name) {
  sqlite3_result_text64(context, name.len > 0 ? name.bytes : "", name.len, SQLITE_TRANSIENT, SQLITE_UTF8);
}

static void result_value(sqlite3_context *context, med_slice value) {
  if (is_text(value))
    result_name(context, value);
  else
    sqlite3_result_blob64(context, value.bytes, value.len, SQLITE_TRANSIENT);
}

static void result_expiry(sqlite3_context *context, int64_t expires_ms) {
  if (expires_ms == 0)
    sqlite3_result_null(context);
  else
    sqlite3_result_int64(context, expires_ms);
}

static void string_column(const cursor *cur, sqlite3_context *context, int column) {
  if (column == 1)
    sqlite3_result_text(context, cur->type, -1, SQLITE_STATIC);
  else if (column == 2 && cur->row_has_value)
    result_value(context, cur->row_value);
  else if (column == 3)
    result_expiry(context, cur->row_expires_ms);
}

int med_kv_rows_column(sqlite3_vtab_cursor *base, sqlite3_context *context, int index) {
  cursor *cur = (cursor *)base;
  table_kind kind = table_of_cursor(cur)->kind;
  if (index == 0) {
    result_name(context, cur->row_key);
  } else if (index == med_kv_table_facts[kind].bucket_column) {
    result_name(context, buffer_slice(&cur->bucket));
  } else if (kind == TABLE_STRING) {
    string_column(cur, context, index);
  } else if (kind == TABLE_LIST) {
    if (index == 1)
      sqlite3_result_int64(context, cur->row_position);
    else
      result_value(context, cur->row_value);
  } else if (index == 1) {
    result_name(context, cur->row_part);
  } else if (kind == TABLE_ZSET) {
    sqlite3_result_double(context, cur->row_score);
  } else if (index == 2) {
    result_value(context, cur->row_value);
  } else {
    result_expiry(context, cur->row_expires_ms);
  }
  return SQLITE_OK;
}

/* ---- Numbers ---- A row's names: bucket's length(4), key's length(4), bucket, key, part. */
int med_kv_rows_rowid(sqlite3_vtab_cursor *base, sqlite3_int64 *id) {
  cursor *cur = (cursor *)base;
  table *tab = table_of_cursor(cur);
  uint8_t lengths[8];
  med_put_u32(lengths, (uint32_t)cur->bucket.len);
  med_put_u32(lengths + 4, (uint32_t)cur->row_key.len);
  cur->names.len = 0;
  bool ok = med_buffer_append(&cur->names, lengths, sizeof lengths) &&
            med_buffer_append(&cur->names, cur->bucket.bytes, cur->bucket.len) &&
            med_buffer_append(&cur->names, cur->row_key.bytes, cur->row_key.len);
  if (ok && tab->kind == TABLE_LIST)
    ok = med_buffer_append(&cur->names, &cur->row_position, sizeof cur->row_position);
  else if (ok && med_kv_table_facts[tab->kind].has_part)
    ok = med_buffer_append(&cur->names, cur->row_part.bytes, cur->row_part.len);
  return ok ? med_sql_remembered_number(&tab->rows, buffer_slice(&cur->names), id) : SQLITE_NOMEM;
}

bool med_kv_rows_remembered(const table *tab, sqlite3_int64 number, remembered_row *row) {
  med_slice names = med_sql_remembered_row(&tab->rows, number);
  if (names.bytes == NULL) return false;
  const uint8_t *bytes = names.bytes;
  size_t bucket_len = med_get_u32(bytes), key_len = med_get_u32(bytes + 4);
  row->bucket = med_slice_of(bytes + 8, bucket_len);
  row->key = med_slice_of(bytes + 8 + bucket_len, key_len);
  row->part = med_slice_of(bytes + 8 + bucket_len + key_len, names.len - 8 - bucket_len - key_len);
  return true;
}
