/* keyvalue_writes.c - rows of the key-value tables that SQL inserts, updates and deletes, and their savepoints. */
#include <math.h>
#include <string.h>

#include "engine/sql/keyvalue_tables.h"

/* ---- Writing ---- */
typedef struct write {
  table *tab;
  med_kv kv;
  med_arena arena;
  med_buffer bucket, key, part, value;
  bool has_expiry;
  int64_t expires_ms;
  double score;
} write_call;

static int refuse(table *tab, int code, const char *text) {
  sqlite3_free(tab->base.zErrMsg);
  tab->base.zErrMsg = sqlite3_mprintf("%s: %s", med_kv_table_facts[tab->kind].module, text);
  return code;
}

static int take_bytes(sqlite3_value *value, med_buffer *buffer) {
  buffer->len = 0;
  const void *bytes =
      sqlite3_value_type(value) == SQLITE_BLOB ? sqlite3_value_blob(value) : (const void *)sqlite3_value_text(value);
  size_t len = (size_t)sqlite3_value_bytes(value);
  if (bytes == NULL && len > 0) return SQLITE_NOMEM;
  return med_buffer_append(buffer, bytes, len) ? SQLITE_OK : SQLITE_NOMEM;
}

static int take_name(table *tab, sqlite3_value *value, med_buffer *buffer, const char *what) {
  if (sqlite3_value_type(value) == SQLITE_NULL) {
    sqlite3_free(tab->base.zErrMsg);
    tab->base.zErrMsg =
        sqlite3_mprintf("NOT NULL constraint failed: %s.%s", med_kv_table_facts[tab->kind].module, what);
    return med_sql_tables_constraint(tab->handle, SQLITE_CONSTRAINT_NOTNULL);
  }
  return take_bytes(value, buffer);
}

static int take_expiry(table *tab, sqlite3_value *value, write_call *call) {
  if (sqlite3_value_type(value) == SQLITE_NULL) return SQLITE_OK;
  if (sqlite3_value_numeric_type(value) != SQLITE_INTEGER)
    return refuse(tab, SQLITE_MISMATCH, "expires_ms is an integer");
  call->expires_ms = sqlite3_value_int64(value);
  call->has_expiry = true;
  if (call->expires_ms <= 0)
    return refuse(tab, SQLITE_CONSTRAINT_VTAB, "expires_ms is a time in milliseconds since 1970");
  return SQLITE_OK;
}

/* columns: the values of the new row, in the order of the schema. */
static int take_row(write_call *call, sqlite3_value **columns) {
  table *tab = call->tab;
  const kind_facts *fact = &med_kv_table_facts[tab->kind];
  sqlite3_value *bucket = columns[fact->bucket_column];
  int code = SQLITE_OK;
  if (sqlite3_value_type(bucket) != SQLITE_NULL)
    code = take_bytes(bucket, &call->bucket);
  else if (!med_buffer_append(&call->bucket, tab->bucket, strlen(tab->bucket)))
    code = SQLITE_NOMEM;
  if (code == SQLITE_OK) code = take_name(tab, columns[0], &call->key, "key");
  if (code == SQLITE_OK && fact->has_part) {
    code = take_name(tab, columns[1], &call->part, tab->kind == TABLE_HASH ? "field" : "member");
  }
  if (code != SQLITE_OK || tab->kind == TABLE_SET) return code;
  if (tab->kind == TABLE_ZSET) {
    int type = sqlite3_value_numeric_type(columns[2]);
    if (type != SQLITE_INTEGER && type != SQLITE_FLOAT) return refuse(tab, SQLITE_MISMATCH, "score is a number");
    call->score = sqlite3_value_double(columns[2]);
    return isnan(call->score) ? refuse(tab, SQLITE_MISMATCH, "score is not a number") : SQLITE_OK;
  }
  if (tab->kind == TABLE_STRING && sqlite3_value_type(columns[1]) != SQLITE_NULL &&
      sqlite3_stricmp((const char *)sqlite3_value_text(columns[1]), "string") != 0) {
    return refuse(tab, SQLITE_CONSTRAINT_VTAB, "only strings can be written: use kv_hash, kv_set or kv_zset");
  }
  if (sqlite3_value_type(columns[2]) == SQLITE_NULL)
    return refuse(tab, med_sql_tables_constraint(tab->handle, SQLITE_CONSTRAINT_NOTNULL), "value is NULL");
  code = take_bytes(columns[2], &call->value);
  return code == SQLITE_OK ? take_expiry(tab, columns[3], call) : code;
}

static int exists(write_call *call, med_slice key, med_slice part, bool *found) {
  table *tab = call->tab;
  med_kv_meta meta;
  int rc;
  if (tab->kind == TABLE_STRING) {
    rc = med_kv_find(&call->kv, key, &meta);
  } else {
    med_collection object;
    rc = med_kv_table_open_collection(tab->kind, &call->kv, key, &call->arena, &object);
    double score;
    if (rc == MEDLEY_OK && !object.exists)
      rc = MEDLEY_NOT_FOUND;
    else if (rc == MEDLEY_OK && tab->kind == TABLE_HASH)
      rc = med_hash_get(&object, part, NULL, NULL);
    else if (rc == MEDLEY_OK && tab->kind == TABLE_ZSET)
      rc = med_sorted_set_score(&object, part, &score);
    else if (rc == MEDLEY_OK) {
      bool has = false;
      rc = med_set_has(&object, part, &has);
      if (rc == MEDLEY_OK && !has) rc = MEDLEY_NOT_FOUND;
    }
  }
  *found = rc == MEDLEY_OK;
  return rc == MEDLEY_NOT_FOUND ? MEDLEY_OK : rc;
}

static int put_part(write_call *call, med_collection *object, med_slice part) {
  int rc;
  switch (call->tab->kind) {
    case TABLE_HASH:
      rc = med_hash_put(object, part, buffer_slice(&call->value), false, NULL);
      if (rc == MEDLEY_OK && call->has_expiry) rc = med_hash_set_expiry(object, part, call->expires_ms);
      return rc;
    case TABLE_ZSET: return med_sorted_set_put(object, part, call->score, NULL, NULL);
    default: {
      bool added;
      return med_set_add(object, part, &added);
    }
  }
}

static int put_row(write_call *call) {
  med_slice key = buffer_slice(&call->key);
  if (call->tab->kind == TABLE_STRING) {
    return med_string_set(&call->kv, key, buffer_slice(&call->value), call->has_expiry ? call->expires_ms : 0);
  }
  med_collection object;
  int rc = med_kv_table_open_collection(call->tab->kind, &call->kv, key, &call->arena, &object);
  if (rc == MEDLEY_OK && !object.exists) rc = med_collection_create(&object);
  if (rc == MEDLEY_OK) rc = put_part(call, &object, buffer_slice(&call->part));
  return rc == MEDLEY_OK ? med_collection_save(&object) : rc;
}

static int delete_row(write_call *call, const remembered_row *row) {
  med_kv kv;
  int rc = med_kv_open(med_session_txn(call->tab->session), row->bucket, false, &kv);
  med_slice key = row->key, part = row->part;
  if (rc == MEDLEY_OK && call->tab->kind == TABLE_STRING) rc = med_kv_remove(&kv, key);
  if (rc != MEDLEY_OK || call->tab->kind == TABLE_STRING) return rc == MEDLEY_NOT_FOUND ? MEDLEY_OK : rc;
  med_collection object;
  rc = med_kv_table_open_collection(call->tab->kind, &kv, key, &call->arena, &object);
  if (rc != MEDLEY_OK || !object.exists) return rc;
  if (call->tab->kind == TABLE_HASH)
    rc = med_hash_delete(&object, part);
  else if (call->tab->kind == TABLE_ZSET)
    rc = med_sorted_set_remove(&object, part);
  else
    rc = med_set_remove(&object, part);
  if (rc == MEDLEY_NOT_FOUND) rc = MEDLEY_OK;
  return rc == MEDLEY_OK ? med_collection_save(&object) : rc;
}

static bool same_row(const write_call *call, const remembered_row *row) {
  return med_slice_equal(buffer_slice(&call->bucket), row->bucket) &&
         med_slice_equal(buffer_slice(&call->key), row->key) && med_slice_equal(buffer_slice(&call->part), row->part);
}

/* SQLITE_OK to go on, or a constraint. */
static int resolve_conflict(write_call *call, bool found) {
  table *tab = call->tab;
  if (!found || sqlite3_vtab_on_conflict(tab->handle) == SQLITE_REPLACE) return SQLITE_OK;
  sqlite3_free(tab->base.zErrMsg);
  const char *part = !med_kv_table_facts[tab->kind].has_part ? "" : tab->kind == TABLE_HASH ? ", field" : ", member";
  tab->base.zErrMsg = sqlite3_mprintf("UNIQUE constraint failed: %s.key%s", med_kv_table_facts[tab->kind].module, part);
  return med_sql_tables_constraint(tab->handle, SQLITE_CONSTRAINT_UNIQUE);
}

static int write_row(write_call *call, const remembered_row *old, sqlite3_value **columns) {
  table *tab = call->tab;
  int code = take_row(call, columns);
  if (code != SQLITE_OK) return code;
  bool found = false;
  int rc = med_kv_open(med_session_txn(tab->session), buffer_slice(&call->bucket), true, &call->kv);
  bool moves = old == NULL || !same_row(call, old);
  if (rc == MEDLEY_OK && moves) rc = exists(call, buffer_slice(&call->key), buffer_slice(&call->part), &found);
  if (rc == MEDLEY_OK) {
    code = resolve_conflict(call, found);
    if (code != SQLITE_OK) return code;
    if (old != NULL && moves) rc = delete_row(call, old);
    if (rc == MEDLEY_OK) rc = put_row(call);
  }
  return rc == MEDLEY_OK ? SQLITE_OK : med_sql_tables_fail(tab->session, &tab->base, rc);
}

/* argv[0]: rowid of the old row or NULL; argc 1: delete; argv[2...]: the new row. */
int med_kv_writes_update(sqlite3_vtab *base, int argc, sqlite3_value **argv, sqlite3_int64 *id) {
  table *tab = table_of(base);
  if (!med_kv_table_facts[tab->kind].writable) return refuse(tab, SQLITE_READONLY, "this table can only be read");
  remembered_row remembered, *old = NULL;
  if (sqlite3_value_type(argv[0]) != SQLITE_NULL) {
    if (!med_kv_rows_remembered(tab, sqlite3_value_int64(argv[0]), &remembered))
      return refuse(tab, SQLITE_ERROR, "a row was lost");
    old = &remembered;
  }
  write_call call = {.tab = tab};
  int code;
  med_txn *txn = med_session_txn(tab->session);
  med_mark mark = med_txn_mark(txn); /* SQLite takes no savepoint for a statement of one row */
  if (argc == 1) {
    int rc = old != NULL ? delete_row(&call, old) : MEDLEY_OK;
    code = rc == MEDLEY_OK ? SQLITE_OK : med_sql_tables_fail(tab->session, base, rc);
  } else {
    code = write_row(&call, old, argv + 2);
    *id = 0;
  }
  if (code != SQLITE_OK && med_txn_rollback_to(txn, mark) != MEDLEY_OK) med_txn_break(txn);
  med_arena_clear(&call.arena);
  med_buffer_clear(&call.bucket);
  med_buffer_clear(&call.key);
  med_buffer_clear(&call.part);
  med_buffer_clear(&call.value);
  return code;
}

/* ---- Transactions ---- */
int med_kv_writes_begin(sqlite3_vtab *base) {
  return med_sql_marks_begin(&table_of(base)->marks, table_of(base)->session);
}

int med_kv_writes_commit(sqlite3_vtab *base) {
  med_sql_marks_commit(&table_of(base)->marks, table_of(base)->session);
  return SQLITE_OK;
}

int med_kv_writes_rollback(sqlite3_vtab *base) {
  med_sql_marks_rollback(&table_of(base)->marks);
  return SQLITE_OK;
}

int med_kv_writes_savepoint(sqlite3_vtab *base, int number) {
  return med_sql_marks_savepoint(&table_of(base)->marks, table_of(base)->session, base, number);
}

int med_kv_writes_release(sqlite3_vtab *base, int number) {
  med_sql_marks_release(&table_of(base)->marks, number);
  return SQLITE_OK;
}

int med_kv_writes_rollback_to(sqlite3_vtab *base, int number) {
  return med_sql_marks_rollback_to(&table_of(base)->marks, table_of(base)->session, base, number);
}
