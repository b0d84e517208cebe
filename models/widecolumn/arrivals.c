/* arrivals.c - rows in memory, one behind the other, until they are made. */
#include "models/widecolumn/arrivals.h"

#include <stdlib.h>

#include "models/widecolumn/catalog.h"
#include "models/widecolumn/places.h"
#include "models/widecolumn/run_writer.h"
#include "models/widecolumn/seal.h"
#include "models/widecolumn/window_directory.h"

#define TABLES_MAX 8                      /* definitions; a transaction that inserts into more does so at once */
#define PATIENCE 2                        /* rows that are not put off, at first, */
#define PATIENCE_GROWTH 8                 /* and as many times more whenever few were put off in vain */
#define ROWS_MAX 65536                    /* that wait to be made */
#define BYTES_MAX ((size_t)16 << 20)      /* of them */
#define KEPT_BYTES_MAX ((size_t)64 << 20) /* of all rows of the transaction, since undo may put them off again */
#define FEW 32                            /* rows that were put off in vain */
#define RUN_PART 256                      /* a run has at least this part of a segment's rows, */
#define RUN_ROWS_MIN 4                    /* and as many rows */

typedef struct arrived {
  uint64_t token; /* the first bytes of its tail: what is compared first */
  size_t offset;  /* in bytes: key, record, the ids of columns that become null */
  uint32_t record_len;
  uint16_t key_len, null_count;
  uint16_t clustering; /* where its parts begin in the key */
  uint16_t table;      /* among the definitions */
} arrived;

/* ---- Rows ---- */
typedef struct definition {
  med_wide_table table, outer; /* outer: that of a window */
  med_wide_catalog *catalog;   /* NULL: the caller's table was made by hand */
  bool noted;                  /* its first run was noted, when so many rows of the transaction had been made */
  size_t noted_at;
  med_wide_places where; /* of a table that is append-only: looked at for each row */
  bool looking;          /* `where` is open, and as the tree was after so many changes of it: */
  uint64_t changes;
} definition;

typedef struct arrivals {
  med_deferred deferred; /* the first member */
  uint32_t patience, passed;
  definition tables[TABLES_MAX];
  uint32_t table_count;
  med_buffer rows;  /* arrived */
  med_buffer bytes; /* what they point at */
  uint64_t taken;   /* rows that were ever put off: changes of the transaction that are none of the tree */
  /* Of append-only tables: numbers of rows, and one more, by the hashes of their keys; 0: free. Those of the first rows are in it. */
  med_buffer keys; /* uint32_t */
  size_t indexed;
  uint64_t seed; /* of the hashes */
} arrivals;

static arrivals *of_txn(const med_txn *txn) { return (arrivals *)med_txn_deferred(txn); }
static arrived *rows_of(const arrivals *of) { return (arrived *)of->rows.bytes; }
static med_slice key_of(const arrivals *of, const arrived *row) {
  return med_slice_of(of->bytes.bytes + row->offset, row->key_len);
}
static med_slice tail_of(const arrivals *of, const arrived *row) {
  return med_slice_of(of->bytes.bytes + row->offset + MED_WIDE_TAIL_OFFSET,
                      (size_t)row->key_len - MED_WIDE_TAIL_OFFSET);
}
static med_slice clustering_of(const arrivals *of, const arrived *row) {
  return med_slice_of(of->bytes.bytes + row->offset + row->clustering, (size_t)row->key_len - row->clustering);
}
static med_slice record_of(const arrivals *of, const arrived *row) {
  return med_slice_of(of->bytes.bytes + row->offset + row->key_len, row->record_len);
}

/* ---- Making ---- */
static uint64_t rows_min(const med_wide_table *table) {
  uint64_t part = table->segment_rows / RUN_PART;
  return part > RUN_ROWS_MIN ? part : RUN_ROWS_MIN;
}

static int compare_rows(const void *a, const void *b, void *context) {
  const arrived *left = *(const arrived *const *)a, *right = *(const arrived *const *)b;
  if (left->token != right->token) return left->token < right->token ? -1 : 1;
  int order = med_slice_compare(key_of(context, left), key_of(context, right));
  return order != 0 ? order : left < right ? -1 : left > right;
}

/* One row as its INSERT would have written it. */
static int make_row(const arrivals *of, med_txn *txn, const arrived *row, med_arena *arena) {
  med_wide_arrived_row made = {.table = &of->tables[row->table].table,
                               .key = key_of(of, row),
                               .record = record_of(of, row),
                               .null_count = row->null_count};
  made.nulls = med_arena_copy(arena, of->bytes.bytes + row->offset + row->key_len + row->record_len,
                              (size_t)row->null_count * sizeof(uint16_t));
  int rc = made.nulls != NULL ? med_wide_apply_arrived(txn, &made, arena) : med_error_no_memory(med_txn_error(txn));
  med_arena_reset(arena);
  return rc;
}

static int make_rows(const arrivals *of, med_txn *txn, const arrived *const *rows, size_t count) {
  med_arena arena = {0};
  int rc = MEDLEY_OK;
  for (size_t i = 0; rc == MEDLEY_OK && i < count; i++) rc = make_row(of, txn, rows[i], &arena);
  med_arena_clear(&arena);
  return rc;
}

/* Rows that are new and short go to the front of the list, in order; those that have to be made one by one behind them, in order. */
static int divide(const arrivals *of, med_txn *txn, const med_wide_table *table, const arrived **rows, size_t count,
                  size_t *fresh) {
  med_wide_places where;
  size_t others = 0;
  const arrived **behind = med_alloc((count + 1) * sizeof *behind);
  if (behind == NULL) return med_error_no_memory(med_txn_error(txn));
  *fresh = 0;
  int rc = med_wide_places_open(&where, txn, table, true);
  for (size_t i = 0; rc == MEDLEY_OK && i < count; i++) {
    med_slice key = key_of(of, rows[i]);
    bool again = i > 0 && med_slice_equal(key_of(of, rows[i - 1]), key), there = false;
    if (!again) rc = med_wide_places_have(&where, key, clustering_of(of, rows[i]), &there);
    if (again || there || !med_wide_run_takes(tail_of(of, rows[i]), record_of(of, rows[i])))
      behind[others++] = rows[i];
    else
      rows[(*fresh)++] = rows[i];
  }
  med_wide_places_close(&where);
  if (others > 0) memcpy(rows + *fresh, behind, others * sizeof *behind);
  med_free(behind);
  return rc;
}

/* The table's first run is noted in its definition, of which the one at hand may be out of date. */
static int note_runs(med_txn *txn, med_wide_table *table) {
  med_wide_catalog *catalog;
  size_t count;
  if (table->flags & MED_WIDE_TABLE_RUNS) return MEDLEY_OK;
  if (table->window_of != NULL) return med_wide_window_note(txn, table, MED_WIDE_TABLE_RUNS);
  int rc = med_wide_catalog_open(txn, &catalog);
  if (rc != MEDLEY_OK) return rc;
  const med_wide_table *tables = med_wide_catalog_tables(catalog, &count);
  for (size_t i = 0; i < count; i++) {
    if (tables[i].id != table->id) continue;
    med_wide_table noted = tables[i];
    noted.flags |= MED_WIDE_TABLE_RUNS;
    rc = tables[i].flags & MED_WIDE_TABLE_RUNS ? MEDLEY_OK : med_wide_catalog_put_table(txn, &noted);
  }
  med_wide_catalog_release(catalog);
  table->flags |= MED_WIDE_TABLE_RUNS;
  return rc;
}

static int write_run(const arrivals *of, med_txn *txn, const med_wide_table *table, const arrived *const *rows,
                     size_t count) {
  med_wide_run_writer *writer = med_alloc(sizeof *writer);
  if (writer == NULL) return med_error_no_memory(med_txn_error(txn));
  int rc = med_wide_run_writer_open(writer, txn, table->id);
  for (size_t i = 0; rc == MEDLEY_OK && i < count; i++) {
    med_wide_run_writer_bound(writer, clustering_of(of, rows[i]), clustering_of(of, rows[i]));
    rc = med_wide_run_writer_add(writer, tail_of(of, rows[i]), record_of(of, rows[i]));
  }
  if (rc == MEDLEY_OK) rc = med_wide_run_writer_finish(writer);
  med_free(writer);
  return rc == MEDLEY_OK ? med_wide_seal_note_run(txn, table, count) : rc;
}

static int make_many(const arrivals *of, med_txn *txn, med_wide_table *table, const arrived **rows, size_t count) {
  size_t fresh = 0;
  qsort_r(rows, count, sizeof *rows, compare_rows, (void *)(uintptr_t)of);
  int rc = divide(of, txn, table, rows, count, &fresh);
  if (rc != MEDLEY_OK) return rc;
  if (fresh < rows_min(table)) return make_rows(of, txn, rows, count);
  rc = note_runs(txn, table);
  if (rc == MEDLEY_OK) rc = write_run(of, txn, table, rows, fresh);
  return rc == MEDLEY_OK ? make_rows(of, txn, rows + fresh, count - fresh) : rc;
}

/* Undo has taken the run back, and put its rows off again. */
static void look_whether_undone(const arrivals *of, definition *own) {
  if (!own->noted || of->deferred.made > own->noted_at) return;
  own->noted = false;
  own->table.flags &= ~(uint32_t)MED_WIDE_TABLE_RUNS;
}

static int make_of(arrivals *of, med_txn *txn, uint32_t table, const arrived **rows) {
  const arrived *all = rows_of(of);
  definition *own = &of->tables[table];
  size_t count = 0;
  look_whether_undone(of, own);
  uint32_t flags = own->table.flags;
  for (size_t i = of->deferred.made; i < of->deferred.count; i++) {
    if (all[i].table == table) rows[count++] = &all[i];
  }
  int rc =
      count < rows_min(&own->table) ? make_rows(of, txn, rows, count) : make_many(of, txn, &own->table, rows, count);
  if (rc == MEDLEY_OK && flags != own->table.flags) {
    own->noted = true;
    own->noted_at = of->deferred.made;
  }
  if (rc != MEDLEY_OK) own->table.flags = flags; /* what was noted is undone */
  return rc;
}

static int make(med_deferred *deferred, med_txn *txn) {
  arrivals *of = (arrivals *)deferred;
  size_t count = deferred->count - deferred->made;
  const arrived **rows = med_alloc((count + 1) * sizeof *rows);
  int rc = rows != NULL ? MEDLEY_OK : med_error_no_memory(med_txn_error(txn));
  if (count < FEW && of->patience < UINT32_MAX / PATIENCE_GROWTH) of->patience *= PATIENCE_GROWTH;
  of->passed = 0;
  for (uint32_t i = 0; rc == MEDLEY_OK && i < of->table_count; i++) rc = make_of(of, txn, i, rows);
  med_free(rows);
  return rc;
}

static void forget(med_deferred *deferred) {
  arrivals *of = (arrivals *)deferred;
  of->rows.len -= sizeof(arrived);
  of->bytes.len = rows_of(of)[of->rows.len / sizeof(arrived)].offset;
  if (of->indexed > of->rows.len / sizeof(arrived)) of->keys.len = of->indexed = 0;
}

static void stop_looking(definition *own) {
  if (own->looking) med_wide_places_close(&own->where);
  own->looking = false;
}

static void end(med_deferred *deferred) {
  arrivals *of = (arrivals *)deferred;
  for (uint32_t i = 0; i < of->table_count; i++) {
    stop_looking(&of->tables[i]);
    med_wide_catalog_release(of->tables[i].catalog);
  }
  med_buffer_clear(&of->keys);
  med_buffer_clear(&of->rows);
  med_buffer_clear(&of->bytes);
  med_free(of);
}

/* ---- Taking ---- */
bool med_wide_arrivals_may_take(const med_wide_write *write) {
  const med_wide_table *table = write->table;
  if (!write->may_wait || !write->marker || write->clustering == NULL || (table->append_only && write->ttl_s != 0))
    return false;
  if (!med_wide_seal_takes_records(table) || med_wide_table_derives(table)) return false;
  for (size_t i = 0; i < write->change_count; i++) {
    const med_wide_change *change = &write->changes[i];
    if (change->kind != MED_WIDE_CHANGE_SET || med_wide_type_is_complex(&change->column->type)) return false;
  }
  return true;
}

static bool is_full(const arrivals *of) {
  size_t waiting = of->deferred.count - of->deferred.made;
  if (waiting == 0) return false;
  return waiting >= ROWS_MAX || of->bytes.len - rows_of(of)[of->deferred.made].offset >= BYTES_MAX;
}

static const uint64_t first_bytes = 1u << MED_WIDE_KEY_ROW | 1u << MED_WIDE_KEY_SEGMENT | 1u << MED_WIDE_KEY_PAGE |
                                    1u << MED_WIDE_KEY_GONE | 1u << MED_WIDE_KEY_SEALING | 1u << MED_WIDE_KEY_RUN |
                                    1u << MED_WIDE_KEY_BLOCK;

int med_wide_arrivals_accept(med_txn *txn, bool *accepted) {
  arrivals *of = of_txn(txn);
  *accepted = false;
  if (of == NULL) {
    of = med_alloc_zero(sizeof *of);
    if (of == NULL) return med_error_no_memory(med_txn_error(txn));
    of->deferred =
        (med_deferred){.tree = MED_TREE_WIDE, .first_bytes = first_bytes, .make = make, .forget = forget, .end = end};
    of->patience = PATIENCE;
    of->seed = med_store_random(med_txn_store(txn));
    med_txn_set_deferred(txn, &of->deferred);
  }
  if (of->passed < of->patience) {
    of->passed++;
    return MEDLEY_OK;
  }
  if (is_full(of)) {
    uint32_t patience = of->patience, passed = of->passed;
    int rc = med_txn_settle(txn);
    if (rc != MEDLEY_OK) return rc;
    of->patience = patience;
    of->passed = passed;
  }
  *accepted = of->bytes.len < KEPT_BYTES_MAX;
  return MEDLEY_OK;
}

/* The definition's number among those of the transaction; TABLES_MAX if there is no room for it. */
static uint32_t find_definition(arrivals *of, const med_wide_table *table) {
  uint32_t at = 0;
  while (at < of->table_count && (of->tables[at].table.id != table->id || of->tables[at].catalog != table->catalog))
    at++;
  if (at < of->table_count || at == TABLES_MAX) return at;
  definition *made = &of->tables[of->table_count++];
  made->table = *table;
  if (table->window_of != NULL) {
    made->outer = *table->window_of;
    made->table.window_of = &made->outer;
  }
  made->catalog = table->catalog != NULL ? med_wide_catalog_retain(table->catalog) : NULL;
  return at;
}

bool med_wide_arrivals_has_runs(const med_txn *txn, uint32_t table_id) {
  const arrivals *of = of_txn(txn);
  for (uint32_t i = 0; of != NULL && i < of->table_count; i++) {
    const definition *own = &of->tables[i];
    if (own->table.id == table_id && own->noted && of->deferred.made > own->noted_at) return true;
  }
  return false;
}

/* ---- Keys of append-only tables ---- have to be new. */
static uint64_t hash_of(const arrivals *of, const arrived *row) {
  return med_hash64(of->bytes.bytes + row->offset, row->key_len, of->seed);
}

/* All rows that are there are in the index, in no more than half of its places. False if memory is short. */
static bool index_rows(arrivals *of) {
  size_t count = of->deferred.count, capacity = of->keys.len / sizeof(uint32_t);
  if (of->keys.len == 0 || 2 * (count + 1) > capacity) {
    for (capacity = 64; capacity < 4 * (count + 1);) capacity *= 2;
    of->keys.len = of->indexed = 0;
    if (!med_buffer_reserve(&of->keys, capacity * sizeof(uint32_t))) return false;
    of->keys.len = capacity * sizeof(uint32_t);
    memset(of->keys.bytes, 0, of->keys.len);
  }
  uint32_t *numbers = (uint32_t *)of->keys.bytes;
  for (; of->indexed < count; of->indexed++) {
    const arrived *row = &rows_of(of)[of->indexed];
    if (!of->tables[row->table].table.append_only) continue;
    size_t at = (size_t)hash_of(of, row) & (capacity - 1);
    while (numbers[at] != 0) at = (at + 1) & (capacity - 1);
    numbers[at] = (uint32_t)of->indexed + 1;
  }
  return true;
}

static bool is_put_off(const arrivals *of, med_slice key) {
  size_t capacity = of->keys.len / sizeof(uint32_t);
  const uint32_t *numbers = (const uint32_t *)of->keys.bytes;
  size_t at = (size_t)med_hash64(key.bytes, key.len, of->seed) & (capacity - 1);
  for (; numbers[at] != 0; at = (at + 1) & (capacity - 1)) {
    if (med_slice_equal(key_of(of, &rows_of(of)[numbers[at] - 1]), key)) return true;
  }
  return false;
}

/* With what an earlier row has opened, unless something was written since. */
static int look(const arrivals *of, med_txn *txn, definition *own, med_slice key, med_slice clustering, bool *there) {
  uint64_t changes = med_txn_changes(txn) - of->taken;
  int rc = MEDLEY_OK;
  if (own->looking && own->changes != changes) stop_looking(own);
  if (!own->looking) {
    own->looking = true;
    own->changes = changes;
    rc = med_wide_places_open(&own->where, txn, &own->table, false);
  }
  if (rc == MEDLEY_OK) rc = med_wide_places_have(&own->where, key, clustering, there);
  if (rc != MEDLEY_OK) stop_looking(own);
  return rc;
}

static int check_new(arrivals *of, med_txn *txn, definition *own, med_slice key, med_slice clustering) {
  bool there = false;
  if (!own->table.append_only) return MEDLEY_OK;
  if (!index_rows(of)) return med_error_no_memory(med_txn_error(txn));
  med_txn_look_around(txn, true);
  int rc = is_put_off(of, key) ? MEDLEY_EXISTS : look(of, txn, own, key, clustering, &there);
  med_txn_look_around(txn, false);
  return rc == MEDLEY_EXISTS || (rc == MEDLEY_OK && there) ? med_wide_refuse_present(txn, &own->table) : rc;
}

static bool append(arrivals *of, med_slice key, const med_wide_row *row, const med_wide_write *write, arrived *made) {
  static const uint8_t form = MED_WIDE_FORM_INLINE;
  med_buffer *bytes = &of->bytes;
  bool ok = med_buffer_append(bytes, key.bytes, key.len) && med_buffer_append(bytes, &form, 1) &&
            med_wide_row_encode(row, bytes);
  made->record_len = (uint32_t)(bytes->len - made->offset - key.len);
  for (size_t i = 0; ok && i < write->change_count; i++) {
    if (!med_wide_is_null(write->changes[i].value)) continue;
    ok = med_buffer_append(bytes, &write->changes[i].column->id, sizeof write->changes[i].column->id);
    made->null_count++;
  }
  return ok && med_buffer_append(&of->rows, made, sizeof *made);
}

int med_wide_arrivals_add(med_txn *txn, const med_wide_table *table, med_slice key, size_t clustering,
                          const med_wide_row *row, const med_wide_write *write, bool *added) {
  arrivals *of = of_txn(txn);
  uint32_t at = find_definition(of, table);
  *added = at < TABLES_MAX;
  if (!*added) return MEDLEY_OK;
  arrived made = {.token = med_get_u64((const uint8_t *)key.bytes + MED_WIDE_TAIL_OFFSET),
                  .offset = of->bytes.len,
                  .key_len = (uint16_t)key.len,
                  .clustering = (uint16_t)clustering,
                  .table = (uint16_t)at};
  size_t rows_len = of->rows.len;
  med_slice parts = med_slice_of((const uint8_t *)key.bytes + clustering, key.len - clustering);
  int rc = check_new(of, txn, &of->tables[at], key, parts);
  if (rc != MEDLEY_OK) return rc;
  rc = append(of, key, row, write, &made) ? med_txn_defer(txn) : med_error_no_memory(med_txn_error(txn));
  if (rc == MEDLEY_OK) {
    of->taken++;
    return rc;
  }
  of->rows.len = rows_len;
  of->bytes.len = made.offset;
  return rc;
}
