/* keyvalue_tables.h - what the three files of the key-value tables share: kinds, tables, cursors.
 *
 * keyvalue_tables.c connects, plans and registers; keyvalue_rows.c reads; keyvalue_writes.c writes and keeps savepoints.
 * Not for anybody else. Threads and lifetime: as the session's. */
#ifndef MED_SQL_KEYVALUE_TABLES_H
#define MED_SQL_KEYVALUE_TABLES_H

#include "engine/sql/marks.h"
#include "engine/sql/remembered.h"
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

extern const kind_facts med_kv_table_facts[TABLE_KIND_COUNT];

/* Plan bits, which are idxNum; argv comes in this order. */
enum { PLAN_BUCKET = 1, PLAN_KEY = 2, PLAN_FROM = 4, PLAN_TO = 8, PLAN_PART = 16 };

typedef struct remembered_row {
  med_slice bucket, key, part;
} remembered_row;

typedef struct table {
  sqlite3_vtab base;
  medley_session *session;
  sqlite3 *handle;
  table_kind kind;
  char *bucket; /* the default of the hidden column */
  int open_cursors;
  med_sql_remembered rows; /* by their names (med_kv_rows_remembered) */
  med_sql_marks marks;
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
  med_buffer bucket, key, part, until, names;
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

static inline table *table_of(sqlite3_vtab *base) { return (table *)base; }
static inline table *table_of_cursor(cursor *cur) { return (table *)cur->base.pVtab; }
static inline med_slice buffer_slice(const med_buffer *buffer) { return med_slice_of(buffer->bytes, buffer->len); }

/* The collection at key, of the table's type; TYPE if it is of another. */
MEDLEY_MUST_USE int med_kv_table_open_collection(table_kind kind, med_kv *kv, med_slice key, med_arena *arena,
                                                 med_collection *object);

/* ---- sqlite3_module's functions ---- */
int med_kv_rows_open(sqlite3_vtab *base, sqlite3_vtab_cursor **opened);
int med_kv_rows_close(sqlite3_vtab_cursor *base);
int med_kv_rows_filter(sqlite3_vtab_cursor *base, int bits, const char *plan_text, int argc, sqlite3_value **argv);
int med_kv_rows_next(sqlite3_vtab_cursor *base);
int med_kv_rows_eof(sqlite3_vtab_cursor *base);
int med_kv_rows_column(sqlite3_vtab_cursor *base, sqlite3_context *context, int index);
int med_kv_rows_rowid(sqlite3_vtab_cursor *base, sqlite3_int64 *id);
/* The row of that number; false if there is none. */
bool med_kv_rows_remembered(const table *tab, sqlite3_int64 number, remembered_row *row);
int med_kv_writes_update(sqlite3_vtab *base, int argc, sqlite3_value **argv, sqlite3_int64 *id);
int med_kv_writes_begin(sqlite3_vtab *base);
int med_kv_writes_commit(sqlite3_vtab *base);
int med_kv_writes_rollback(sqlite3_vtab *base);
int med_kv_writes_savepoint(sqlite3_vtab *base, int number);
int med_kv_writes_release(sqlite3_vtab *base, int number);
int med_kv_writes_rollback_to(sqlite3_vtab *base, int number);

#endif
