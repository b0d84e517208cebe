/* keyvalue_tables.c - the buckets of the key-value model as virtual tables.
 *
 *   kv(key, type, value, expires_ms)         strings have a value, collections only a type; writable (strings)
 *   kv_hash(key, field, value, expires_ms)   a row for each field; writable
 *   kv_set(key, member)                      writable
 *   kv_zset(key, member, score)              in member order; writable
 *   kv_list(key, position, element)          read-only
 * each with a hidden column `bucket`. Keys, fields and members are text, byte for byte; values and elements are text if
 * they are UTF-8 without a zero byte, else blobs. Expired things are not there.
 *
 * Access paths: bucket = ?, key = ? (one record), key ranges (a walk from the bound), and behind key = ? also field = ? or
 * member = ? (one record). An IN list becomes one look-up for each of its values. SQLite checks every constraint again.
 *
 * Writing goes through the session's transaction like all else; savepoints are marks in its undo log. A row that is to be
 * updated or deleted is remembered by its names when SQLite asks for its rowid, since names are what identifies it. */
#include <assert.h>
#include <math.h>
#include <string.h>

#include "engine/sql/tables.h"
#include "models/keyvalue/hash.h"
#include "models/keyvalue/list.h"
#include "models/keyvalue/set.h"
#include "models/keyvalue/sorted_set.h"
#include "models/keyvalue/string.h"

typedef enum table_kind { TABLE_STRING, TABLE_HASH, TABLE_SET, TABLE_ZSET, TABLE_LIST, TABLE_KIND_COUNT } table_kind;

typedef struct kind_facts {
  const char *module;
  const char *schema;
  med_kv_type type;
  int bucket_column;
  bool has_part; /* column 1 is a field or member that finds one row */
  bool writable;
} kind_facts;

static const kind_facts facts[TABLE_KIND_COUNT] = {
    {"kv", "CREATE TABLE x(key TEXT NOT NULL, type TEXT, value, expires_ms INTEGER, bucket TEXT HIDDEN)", MED_KV_STRING,
     4, false, true},
    {"kv_hash", "CREATE TABLE x(key TEXT NOT NULL, field TEXT NOT NULL, value, expires_ms INTEGER, bucket TEXT HIDDEN)",
     MED_KV_HASH, 4, true, true},
    {"kv_set", "CREATE TABLE x(key TEXT NOT NULL, member TEXT NOT NULL, bucket TEXT HIDDEN)", MED_KV_SET, 2, true,
     true},
    {"kv_zset", "CREATE TABLE x(key TEXT NOT NULL, member TEXT NOT NULL, score REAL, bucket TEXT HIDDEN)",
     MED_KV_SORTED_SET, 3, true, true},
    {"kv_list", "CREATE TABLE x(key TEXT NOT NULL, position INTEGER, element, bucket TEXT HIDDEN)", MED_KV_LIST, 3,
     false, false},
};

/* Plan bits, which are idxNum; argv comes in this order. */
enum { PLAN_BUCKET = 1, PLAN_KEY = 2, PLAN_FROM = 4, PLAN_TO = 8, PLAN_PART = 16 };

typedef struct remembered_row {
  char *bucket, *key, *part;
  size_t bucket_len, key_len, part_len;
} remembered_row;

#define SAVEPOINT_DEPTH_MAX 512

typedef struct module_context {
  medley_session *session;
  table_kind kind;
} module_context;

typedef struct table {
  sqlite3_vtab base;
  medley_session *session;
  sqlite3 *handle;
  table_kind kind;
  char *bucket; /* the default of the hidden column */
  int open_cursors;
  remembered_row *rows;
  size_t row_count;
  med_mark begun;
  med_mark marks[SAVEPOINT_DEPTH_MAX];
  int mark_count;
} table;

typedef struct cursor {
  sqlite3_vtab_cursor base;
  med_kv kv;
  bool has_bucket; /* false: the bucket does not exist, there are no rows */
  bool at_end;
  bool one_key;
  bool one_part;
  bool walking;   /* keys */
  bool in_object; /* parts of the present key */
  med_buffer bucket, key, part, until;
  bool until_set, until_inclusive;
  med_kv_walk keys;
  med_arena arena;
  med_buffer scratch;
  med_collection object;
  med_hash_walk fields;
  med_member_walk members;
  med_list_walk elements;
  /* the present row */
  const char *type;
  med_slice row_key, row_part, row_value;
  bool row_has_value;
  int64_t row_expires_ms, row_position;
  double row_score;
} cursor;

static table *table_of(sqlite3_vtab *base) { return (table *)base; }
static table *table_of_cursor(cursor *cur) { return (table *)cur->base.pVtab; }

/* ---- Connect ---- */
static void unquote(char *text) {
  size_t len = strlen(text);
  char quote = text[0];
  if (len < 2 || (quote != '\'' && quote != '"') || text[len - 1] != quote) return;
  size_t to = 0;
  for (size_t at = 1; at < len - 1; at++) {
    if (text[at] == quote && text[at + 1] == quote) at++;
    text[to++] = text[at];
  }
  text[to] = '\0';
}

static int connect(sqlite3 *handle, void *context, int argc, const char *const *argv, sqlite3_vtab **made,
                   char **error) {
  const module_context *module = context;
  if (argc > 4) {
    *error = sqlite3_mprintf("%s takes one argument: the name of a bucket", facts[module->kind].module);
    return SQLITE_ERROR;
  }
  int code = sqlite3_declare_vtab(handle, facts[module->kind].schema);
  if (code != SQLITE_OK) return code;
  table *opened = med_alloc_zero(sizeof *opened);
  const char *bucket = argc > 3 ? argv[3] : "0";
  char *copy = med_strndup(bucket, strlen(bucket));
  if (opened == NULL || copy == NULL) {
    med_free(opened);
    med_free(copy);
    return SQLITE_NOMEM;
  }
  unquote(copy);
  opened->session = module->session;
  opened->kind = module->kind;
  opened->handle = handle;
  opened->bucket = copy;
  (void)sqlite3_vtab_config(handle, SQLITE_VTAB_CONSTRAINT_SUPPORT, 1);
  (void)sqlite3_vtab_config(handle, SQLITE_VTAB_INNOCUOUS);
  *made = &opened->base;
  return SQLITE_OK;
}

static void forget_rows(table *tab) {
  for (size_t i = 0; i < tab->row_count; i++) {
    med_free(tab->rows[i].bucket);
    med_free(tab->rows[i].key);
    med_free(tab->rows[i].part);
  }
  med_free(tab->rows);
  tab->rows = NULL;
  tab->row_count = 0;
}

static int disconnect(sqlite3_vtab *base) {
  table *tab = table_of(base);
  forget_rows(tab);
  med_free(tab->bucket);
  med_free(tab);
  return SQLITE_OK;
}

/* ---- Planning ---- */
typedef struct plan {
  int bits;
  int arguments[5]; /* constraint of each bit, or -1 */
} plan;

static int bit_index(int bit) { return __builtin_ctz((unsigned)bit); }

static void offer(plan *chosen, int bit, int constraint) {
  if (chosen->bits & bit) return;
  chosen->bits |= bit;
  chosen->arguments[bit_index(bit)] = constraint;
}

static void look_at(const table *tab, plan *chosen, const struct sqlite3_index_constraint *constraint, int index) {
  const kind_facts *fact = &facts[tab->kind];
  bool equal = constraint->op == SQLITE_INDEX_CONSTRAINT_EQ;
  if (constraint->iColumn == fact->bucket_column && equal) offer(chosen, PLAN_BUCKET, index);
  if (constraint->iColumn == 1 && fact->has_part && equal) offer(chosen, PLAN_PART, index);
  if (constraint->iColumn != 0) return;
  switch (constraint->op) {
    case SQLITE_INDEX_CONSTRAINT_EQ: offer(chosen, PLAN_KEY, index); break;
    case SQLITE_INDEX_CONSTRAINT_GT:
    case SQLITE_INDEX_CONSTRAINT_GE: offer(chosen, PLAN_FROM, index); break;
    case SQLITE_INDEX_CONSTRAINT_LT:
    case SQLITE_INDEX_CONSTRAINT_LE: offer(chosen, PLAN_TO, index); break;
    default: break;
  }
}

/* Costs are in records: what a look-up reads, and guesses for the rest that keep look-ups on the inside of a join. */
static void estimate(const table *tab, plan *chosen, sqlite3_index_info *info) {
  bool parts = tab->kind != TABLE_STRING;
  if (chosen->bits & PLAN_KEY && (!parts || chosen->bits & PLAN_PART)) {
    info->estimatedCost = 1;
    info->estimatedRows = 1;
    info->idxFlags = SQLITE_INDEX_SCAN_UNIQUE;
  } else if (chosen->bits & PLAN_KEY) {
    info->estimatedCost = 12;
    info->estimatedRows = 10;
  } else {
    double rows = parts ? 10e6 : 1e6;
    if (chosen->bits & PLAN_FROM) rows /= 4;
    if (chosen->bits & PLAN_TO) rows /= 4;
    info->estimatedCost = rows;
    info->estimatedRows = (sqlite3_int64)rows;
  }
}

static int best_index(sqlite3_vtab *base, sqlite3_index_info *info) {
  const table *tab = table_of(base);
  plan chosen = {0, {-1, -1, -1, -1, -1}};
  for (int i = 0; i < info->nConstraint; i++) {
    const struct sqlite3_index_constraint *constraint = &info->aConstraint[i];
    /* A bucket that another table of the join tells must be told before: there is no plan without it. */
    if (!constraint->usable && constraint->iColumn == facts[tab->kind].bucket_column) return SQLITE_CONSTRAINT;
    if (!constraint->usable) continue;
    const char *collation = sqlite3_vtab_collation(info, i);
    if (collation != NULL && sqlite3_stricmp(collation, "BINARY") != 0) continue;
    look_at(tab, &chosen, constraint, i);
  }
  if (chosen.bits & PLAN_KEY)
    chosen.bits &= ~(PLAN_FROM | PLAN_TO);
  else
    chosen.bits &= ~PLAN_PART;
  int argument = 0;
  for (int bit = 1; bit <= PLAN_PART; bit <<= 1) {
    if (chosen.bits & bit) info->aConstraintUsage[chosen.arguments[bit_index(bit)]].argvIndex = ++argument;
  }
  info->idxNum = chosen.bits;
  info->idxStr = sqlite3_mprintf("%s%s%s%s%s", chosen.bits & PLAN_BUCKET ? "bucket=" : "",
                                 chosen.bits & PLAN_KEY ? " key=" : "", chosen.bits & PLAN_FROM ? " key>" : "",
                                 chosen.bits & PLAN_TO ? " key<" : "", chosen.bits & PLAN_PART ? " part=" : "");
  if (info->idxStr == NULL) return SQLITE_NOMEM;
  info->needToFreeIdxStr = 1;
  estimate(tab, &chosen, info);
  return SQLITE_OK;
}

/* ---- Cursors ---- */
static int cursor_open(sqlite3_vtab *base, sqlite3_vtab_cursor **opened) {
  table *tab = table_of(base);
  cursor *cur = med_alloc_zero(sizeof *cur);
  if (cur == NULL) return SQLITE_NOMEM;
  if (tab->open_cursors++ == 0) forget_rows(tab);
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

static int cursor_close(sqlite3_vtab_cursor *base) {
  cursor *cur = (cursor *)base;
  table_of_cursor(cur)->open_cursors--;
  end_walks(cur);
  med_buffer_clear(&cur->bucket);
  med_buffer_clear(&cur->key);
  med_buffer_clear(&cur->part);
  med_buffer_clear(&cur->until);
  med_buffer_clear(&cur->scratch);
  med_arena_clear(&cur->arena);
  med_free(cur);
  return SQLITE_OK;
}

static int fail_cursor(cursor *cur, int rc) {
  end_walks(cur);
  return med_sql_tables_fail(table_of_cursor(cur)->session, cur->base.pVtab, rc);
}

static med_slice buffer_slice(const med_buffer *buffer) { return med_slice_of(buffer->bytes, buffer->len); }

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

static int open_collection(table_kind kind, med_kv *kv, med_slice key, med_arena *arena, med_collection *object) {
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
  int rc = open_collection(table_of_cursor(cur)->kind, &cur->kv, cur->row_key, &cur->arena, &cur->object);
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
    if (cur->keys.meta.type != facts[tab->kind].type) continue;
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

static int cursor_next(sqlite3_vtab_cursor *base) {
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
  int rc = open_collection(kind, &cur->kv, cur->row_key, &cur->arena, &cur->object);
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

static int filter(sqlite3_vtab_cursor *base, int bits, const char *plan_text, int argc, sqlite3_value **argv) {
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

static int cursor_eof(sqlite3_vtab_cursor *base) { return ((cursor *)base)->at_end; }

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

static int column(sqlite3_vtab_cursor *base, sqlite3_context *context, int index) {
  cursor *cur = (cursor *)base;
  table_kind kind = table_of_cursor(cur)->kind;
  if (index == 0) {
    result_name(context, cur->row_key);
  } else if (index == facts[kind].bucket_column) {
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

static int remember(table *tab, const cursor *cur) {
  if ((tab->row_count & (tab->row_count + 1)) == 0 || tab->rows == NULL) {
    size_t capacity = tab->row_count * 2 + 2;
    remembered_row *rows = med_realloc(tab->rows, capacity * sizeof *rows);
    if (rows == NULL) return SQLITE_NOMEM;
    tab->rows = rows;
  }
  med_slice part = facts[tab->kind].has_part ? cur->row_part : med_slice_of("", 0);
  remembered_row row = {med_strndup(cur->bucket.bytes, cur->bucket.len),
                        med_strndup(cur->row_key.bytes, cur->row_key.len),
                        med_strndup(part.bytes, part.len),
                        cur->bucket.len,
                        cur->row_key.len,
                        part.len};
  if (row.bucket == NULL || row.key == NULL || row.part == NULL) {
    med_free(row.bucket);
    med_free(row.key);
    med_free(row.part);
    return SQLITE_NOMEM;
  }
  tab->rows[tab->row_count++] = row;
  return SQLITE_OK;
}

static int rowid(sqlite3_vtab_cursor *base, sqlite3_int64 *id) {
  cursor *cur = (cursor *)base;
  table *tab = table_of_cursor(cur);
  int code = remember(tab, cur);
  *id = (sqlite3_int64)tab->row_count;
  return code;
}

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
  tab->base.zErrMsg = sqlite3_mprintf("%s: %s", facts[tab->kind].module, text);
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
    tab->base.zErrMsg = sqlite3_mprintf("NOT NULL constraint failed: %s.%s", facts[tab->kind].module, what);
    return SQLITE_CONSTRAINT_NOTNULL;
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
  const kind_facts *fact = &facts[tab->kind];
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
  if (sqlite3_value_type(columns[2]) == SQLITE_NULL) return refuse(tab, SQLITE_CONSTRAINT_NOTNULL, "value is NULL");
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
    rc = open_collection(tab->kind, &call->kv, key, &call->arena, &object);
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
    default: return med_set_add(object, part, NULL);
  }
}

static int put_row(write_call *call) {
  med_slice key = buffer_slice(&call->key);
  if (call->tab->kind == TABLE_STRING) {
    return med_string_set(&call->kv, key, buffer_slice(&call->value), call->has_expiry ? call->expires_ms : 0);
  }
  med_collection object;
  int rc = open_collection(call->tab->kind, &call->kv, key, &call->arena, &object);
  if (rc == MEDLEY_OK && !object.exists) rc = med_collection_create(&object);
  if (rc == MEDLEY_OK) rc = put_part(call, &object, buffer_slice(&call->part));
  return rc == MEDLEY_OK ? med_collection_save(&object) : rc;
}

static int delete_row(write_call *call, const remembered_row *row) {
  med_kv kv;
  int rc = med_kv_open(med_session_txn(call->tab->session), med_slice_of(row->bucket, row->bucket_len), false, &kv);
  med_slice key = med_slice_of(row->key, row->key_len), part = med_slice_of(row->part, row->part_len);
  if (rc == MEDLEY_OK && call->tab->kind == TABLE_STRING) rc = med_kv_remove(&kv, key);
  if (rc != MEDLEY_OK || call->tab->kind == TABLE_STRING) return rc == MEDLEY_NOT_FOUND ? MEDLEY_OK : rc;
  med_collection object;
  rc = open_collection(call->tab->kind, &kv, key, &call->arena, &object);
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
  return med_slice_equal(buffer_slice(&call->bucket), med_slice_of(row->bucket, row->bucket_len)) &&
         med_slice_equal(buffer_slice(&call->key), med_slice_of(row->key, row->key_len)) &&
         med_slice_equal(buffer_slice(&call->part), med_slice_of(row->part, row->part_len));
}

/* SQLITE_OK to go on, SQLITE_DONE to leave the row out, or a constraint. */
static int resolve_conflict(write_call *call, sqlite3 *handle, bool found) {
  if (!found) return SQLITE_OK;
  int on_conflict = sqlite3_vtab_on_conflict(handle);
  if (on_conflict == SQLITE_REPLACE) return SQLITE_OK;
  if (on_conflict == SQLITE_IGNORE) return SQLITE_DONE;
  table *tab = call->tab;
  sqlite3_free(tab->base.zErrMsg);
  const char *part = !facts[tab->kind].has_part ? "" : tab->kind == TABLE_HASH ? ", field" : ", member";
  tab->base.zErrMsg = sqlite3_mprintf("UNIQUE constraint failed: %s.key%s", facts[tab->kind].module, part);
  return SQLITE_CONSTRAINT_UNIQUE;
}

static int write_row(write_call *call, sqlite3 *handle, const remembered_row *old, sqlite3_value **columns) {
  table *tab = call->tab;
  int code = take_row(call, columns);
  if (code != SQLITE_OK) return code;
  bool found = false;
  int rc = med_kv_open(med_session_txn(tab->session), buffer_slice(&call->bucket), true, &call->kv);
  bool moves = old == NULL || !same_row(call, old);
  if (rc == MEDLEY_OK && moves) rc = exists(call, buffer_slice(&call->key), buffer_slice(&call->part), &found);
  if (rc == MEDLEY_OK) {
    code = resolve_conflict(call, handle, found);
    if (code != SQLITE_OK) return code == SQLITE_DONE ? SQLITE_OK : code;
    if (old != NULL && moves) rc = delete_row(call, old);
    if (rc == MEDLEY_OK) rc = put_row(call);
  }
  return rc == MEDLEY_OK ? SQLITE_OK : med_sql_tables_fail(tab->session, &tab->base, rc);
}

/* argv[0]: rowid of the old row or NULL; argc 1: delete; argv[2...]: the new row. */
static int update(sqlite3_vtab *base, int argc, sqlite3_value **argv, sqlite3_int64 *id) {
  table *tab = table_of(base);
  if (!facts[tab->kind].writable) return refuse(tab, SQLITE_READONLY, "this table can only be read");
  const remembered_row *old = NULL;
  if (sqlite3_value_type(argv[0]) != SQLITE_NULL) {
    sqlite3_int64 number = sqlite3_value_int64(argv[0]);
    if (number < 1 || (size_t)number > tab->row_count) return refuse(tab, SQLITE_ERROR, "a row was lost");
    old = &tab->rows[number - 1];
  }
  write_call call = {.tab = tab};
  int code;
  if (argc == 1) {
    int rc = old != NULL ? delete_row(&call, old) : MEDLEY_OK;
    code = rc == MEDLEY_OK ? SQLITE_OK : med_sql_tables_fail(tab->session, base, rc);
  } else {
    code = write_row(&call, tab->handle, old, argv + 2);
    *id = 0;
  }
  med_arena_clear(&call.arena);
  med_buffer_clear(&call.bucket);
  med_buffer_clear(&call.key);
  med_buffer_clear(&call.part);
  med_buffer_clear(&call.value);
  return code;
}

/* ---- Transactions ---- SQLite's savepoints are marks in the undo log; those from before the table was first written are
 * where it was when that happened. */
static int begin(sqlite3_vtab *base) {
  table *tab = table_of(base);
  med_txn *txn = med_session_txn(tab->session);
  if (txn == NULL || !med_txn_writes(txn)) return SQLITE_READONLY;
  tab->begun = med_txn_mark(txn);
  tab->mark_count = 0;
  return SQLITE_OK;
}

static int end(sqlite3_vtab *base) {
  table_of(base)->mark_count = 0;
  return SQLITE_OK;
}

static int savepoint(sqlite3_vtab *base, int number) {
  table *tab = table_of(base);
  if (number < 0 || number >= SAVEPOINT_DEPTH_MAX) return refuse(tab, SQLITE_ERROR, "savepoints are nested too deeply");
  while (tab->mark_count < number) tab->marks[tab->mark_count++] = tab->begun;
  tab->marks[number] = med_txn_mark(med_session_txn(tab->session));
  tab->mark_count = number + 1;
  return SQLITE_OK;
}

static int release(sqlite3_vtab *base, int number) {
  table *tab = table_of(base);
  if (number >= 0 && number < tab->mark_count) tab->mark_count = number;
  return SQLITE_OK;
}

static int rollback_to(sqlite3_vtab *base, int number) {
  table *tab = table_of(base);
  med_mark mark = number >= 0 && number < tab->mark_count ? tab->marks[number] : tab->begun;
  med_txn *txn = med_session_txn(tab->session);
  if (mark >= med_txn_mark(txn)) return SQLITE_OK; /* another table of the statement was here before */
  int rc = med_txn_rollback_to(txn, mark);
  return rc == MEDLEY_OK ? SQLITE_OK : med_sql_tables_fail(tab->session, base, rc);
}

static const sqlite3_module module_methods = {
    .iVersion = 2,
    .xCreate = connect,
    .xConnect = connect,
    .xBestIndex = best_index,
    .xDisconnect = disconnect,
    .xDestroy = disconnect,
    .xOpen = cursor_open,
    .xClose = cursor_close,
    .xFilter = filter,
    .xNext = cursor_next,
    .xEof = cursor_eof,
    .xColumn = column,
    .xRowid = rowid,
    .xUpdate = update,
    .xBegin = begin,
    .xCommit = end,
    .xRollback = end,
    .xSavepoint = savepoint,
    .xRelease = release,
    .xRollbackTo = rollback_to,
};

int med_sql_keyvalue_tables_register(medley_session *session, sqlite3 *handle) {
  for (int kind = 0; kind < TABLE_KIND_COUNT; kind++) {
    module_context *context = med_alloc(sizeof *context);
    if (context == NULL) return SQLITE_NOMEM;
    *context = (module_context){session, (table_kind)kind};
    int code = sqlite3_create_module_v2(handle, facts[kind].module, &module_methods, context, med_free);
    if (code != SQLITE_OK) return code;
  }
  return SQLITE_OK;
}
