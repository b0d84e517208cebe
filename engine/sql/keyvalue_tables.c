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
 * Writing goes through the session's transaction like all else; savepoints are marks in its undo log. A row is remembered by
 * its names when SQLite asks for its rowid, since names are what identifies it. */
#include "engine/sql/keyvalue_tables.h"

#include <string.h>

const kind_facts med_kv_table_facts[TABLE_KIND_COUNT] = {
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

typedef struct module_context {
  medley_session *session;
  table_kind kind;
} module_context;

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
    *error = sqlite3_mprintf("%s takes one argument: the name of a bucket", med_kv_table_facts[module->kind].module);
    return SQLITE_ERROR;
  }
  int code = sqlite3_declare_vtab(handle, med_kv_table_facts[module->kind].schema);
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

static int disconnect(sqlite3_vtab *base) {
  table *tab = table_of(base);
  med_sql_remembered_forget(&tab->rows);
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
  const kind_facts *fact = &med_kv_table_facts[tab->kind];
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
    if (!constraint->usable && constraint->iColumn == med_kv_table_facts[tab->kind].bucket_column)
      return SQLITE_CONSTRAINT;
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

static const sqlite3_module module_methods = {
    .iVersion = 2,
    .xCreate = connect,
    .xConnect = connect,
    .xBestIndex = best_index,
    .xDisconnect = disconnect,
    .xDestroy = disconnect,
    .xOpen = med_kv_rows_open,
    .xClose = med_kv_rows_close,
    .xFilter = med_kv_rows_filter,
    .xNext = med_kv_rows_next,
    .xEof = med_kv_rows_eof,
    .xColumn = med_kv_rows_column,
    .xRowid = med_kv_rows_rowid,
    .xUpdate = med_kv_writes_update,
    .xBegin = med_kv_writes_begin,
    .xCommit = med_kv_writes_commit,
    .xRollback = med_kv_writes_rollback,
    .xSavepoint = med_kv_writes_savepoint,
    .xRelease = med_kv_writes_release,
    .xRollbackTo = med_kv_writes_rollback_to,
};

int med_sql_keyvalue_tables_register(medley_session *session, sqlite3 *handle) {
  for (int kind = 0; kind < TABLE_KIND_COUNT; kind++) {
    module_context *context = med_alloc(sizeof *context);
    if (context == NULL) return SQLITE_NOMEM;
    *context = (module_context){session, (table_kind)kind};
    int code = sqlite3_create_module_v2(handle, med_kv_table_facts[kind].module, &module_methods, context, med_free);
    if (code != SQLITE_OK) return code;
  }
  return SQLITE_OK;
}
