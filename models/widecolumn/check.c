/* check.c - proving that definitions, rows, index entries and views agree with each other.
 *
 * Table by table: every record decodes, values are of their types, partitions stand where their keys say, and a row's index entries and view
 * rows are there and equal; every segment is what its record says, and none overlaps another one. What is derived from a row with a value that
 * is none of its type is not looked for. Nobody passes a row by that is there: the bounds of clustering keys that runs and the state of sealing
 * have contain their rows. Then one pass over tree WIDE: every key is of a kind and of something that is defined or was dropped.
 * A table's windows are looked at one by one, as tables; each row is to be of its window's time, and nothing stands outside of them.
 * There are as many entries of an index, rows of views and pages of segments as were found to be right: so there are no others. Then the
 * parts of long records: each belongs to a record that was seen. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "models/widecolumn/derived.h"
#include "models/widecolumn/seal.h"
#include "models/widecolumn/segment_check.h"
#include "models/widecolumn/sorted_runs.h"
#include "models/widecolumn/sweep.h"
#include "models/widecolumn/walk.h"
#include "models/widecolumn/window_list.h"

typedef struct index_count {
  const med_wide_index *index;
  uint64_t made, seen; /* entries that rows make, that there are */
} index_count;

/* Rows of a table that are there, and that nobody finds who looks for their keys. */
typedef struct unreached {
  med_wide_seal_reach reach; /* of sealed rows */
  uint64_t sealed, in_runs;  /* how many are beyond that, and beyond the bounds of their runs */
  uint64_t run;              /* the number of the one in which the first of those stands */
} unreached;

typedef struct check {
  med_txn *txn;
  const med_wide_catalog *catalog;
  void (*on_problem)(void *, const char *);
  void *context;
  uint64_t *problem_count;
  med_arena arena;       /* of one record */
  med_buffer object_ids; /* eight bytes each, in memory order */
  index_count *indexes;
  size_t index_count;
  med_wide_window_list windows;
  uint64_t view_rows, view_rows_made;
  uint64_t segment_keys, segment_keys_seen; /* pages and bits of gone rows: that segments have, that there are */
  uint64_t run_keys, run_keys_seen;         /* entries and blocks of runs, likewise */
} check;

static void problem(check *work, const char *format, ...) MED_PRINTF(2, 3);
static void problem(check *work, const char *format, ...) {
  char text[MEDLEY_ERROR_MESSAGE_SIZE];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(text, sizeof text, format, arguments);
  va_end(arguments);
  (*work->problem_count)++;
  if (work->on_problem != NULL) work->on_problem(work->context, text);
}

static int tell_damage(check *work, int rc) {
  if (rc != MEDLEY_CORRUPT) return rc;
  problem(work, "%s", med_txn_error(work->txn)->message);
  med_error_clear(med_txn_error(work->txn));
  return MEDLEY_OK;
}

static const med_wide_table *table_by_id(const check *work, uint32_t id) {
  size_t count;
  const med_wide_table *tables = med_wide_catalog_tables(work->catalog, &count);
  for (size_t i = 0; i < count; i++) {
    if (tables[i].id == id) return &tables[i];
  }
  return NULL;
}

/* NULL if there is none. */
static index_count *count_of_index(check *work, uint32_t id) {
  for (size_t i = 0; i < work->index_count; i++) {
    if (work->indexes[i].index->id == id) return &work->indexes[i];
  }
  return NULL;
}

static int list_indexes(check *work) {
  size_t count, all = 0;
  const med_wide_table *tables = med_wide_catalog_tables(work->catalog, &count);
  for (size_t i = 0; i < count; i++) all += tables[i].index_count;
  work->indexes = med_alloc_zero((all + 1) * sizeof *work->indexes);
  if (work->indexes == NULL) return med_error_no_memory(med_txn_error(work->txn));
  for (size_t i = 0; i < count; i++) {
    for (size_t j = 0; j < tables[i].index_count; j++) work->indexes[work->index_count++].index = &tables[i].indexes[j];
  }
  return MEDLEY_OK;
}

/* A problem, unless what is not defined was dropped and waits to be freed. */
static int check_dropped(check *work, unsigned first, uint32_t id, const char *what) {
  uint8_t key[6] = {MED_WIDE_KEY_DROPPED, (uint8_t)first};
  med_slice value;
  med_put_u32(key + 2, id);
  int rc = med_txn_get(work->txn, MED_TREE_WIDE, med_slice_of(key, sizeof key), &value);
  if (rc != MEDLEY_NOT_FOUND) return rc;
  problem(work, "wide-column: %s %u, which is not", what, id);
  return MEDLEY_OK;
}

/* ---- Rows ---- what has been read has been accepted (row.h); here also texts and the order of paths are looked at. */
static bool is_text(const med_wide_type *type) { return type->kind == MED_WIDE_TEXT || type->kind == MED_WIDE_ASCII; }

static bool cell_is_right(const med_wide_column *column, const med_wide_cell *cell, const med_wide_cell *before) {
  const med_wide_type *type = &column->type, *value = type;
  bool follows = before != NULL && before->column_id == cell->column_id;
  if (!med_wide_type_is_complex(type))
    return !follows &&
           (cell->tombstone || !is_text(type) || med_wide_value_check(type, cell->value, NULL) == MEDLEY_OK);
  if (follows && med_wide_row_compare_paths(type, before, cell) >= 0) return false;
  if (!cell->has_path) return true;
  bool has_keys = type->kind == MED_WIDE_SET || type->kind == MED_WIDE_MAP;
  if (has_keys && med_wide_value_check(&type->parts[0], cell->path, NULL) != MEDLEY_OK) return false;
  if (cell->tombstone || type->kind == MED_WIDE_SET) return true;
  value = &type->parts[type->kind == MED_WIDE_UDT ? med_get_u16(cell->path.bytes) : type->kind == MED_WIDE_MAP];
  return med_wide_value_check(value, cell->value, NULL) == MEDLEY_OK;
}

static bool check_cells(check *work, const med_wide_table *table, const med_wide_row *row) {
  for (size_t i = 0; i < row->count; i++) {
    const med_wide_column *column = med_wide_table_column_by_id(table, row->cells[i].column_id);
    if (column == NULL || cell_is_right(column, &row->cells[i], i > 0 ? &row->cells[i - 1] : NULL)) continue;
    problem(work, "wide-column: table %.*s: a value of column %.*s is none of its type or not in its place",
            (int)table->name.len, (const char *)table->name.bytes, (int)column->name.len,
            (const char *)column->name.bytes);
    return false;
  }
  return true;
}

static int check_entry(check *work, const med_wide_place_of_row *place, const med_wide_index *index,
                       const med_wide_type *type, med_slice value) {
  med_key key;
  bool whole;
  med_slice found;
  int rc = med_wide_index_key(index->id, type, value, place->tail, &key, &whole, med_txn_error(work->txn));
  if (rc == MEDLEY_OK) rc = med_txn_get(work->txn, MED_TREE_WIDE, med_key_slice(&key), &found);
  if (rc == MEDLEY_NOT_FOUND || (rc == MEDLEY_OK && !med_slice_equal(found, whole ? med_slice_of("", 0) : place->tail)))
    problem(work, "wide-column: index %.*s: an entry is %s", (int)index->name.len, (const char *)index->name.bytes,
            rc == MEDLEY_OK ? "of another row than its key says" : "missing");
  return rc == MEDLEY_NOT_FOUND ? MEDLEY_OK : rc;
}

static int check_entries(check *work, const med_wide_place_of_row *place, const med_wide_row *row) {
  for (size_t i = 0; i < place->table->index_count; i++) {
    const med_wide_index *index = &place->table->indexes[i];
    index_count *entries = count_of_index(work, index->id);
    med_wide_role role = med_wide_table_column_by_id(place->table, index->column_id)->role;
    if (role != MED_WIDE_PARTITION && (role == MED_WIDE_STATIC) != (place->clustering == NULL)) continue;
    med_wide_index_values values;
    int rc = med_wide_index_values_of(place, index, row, &work->arena, &values, med_txn_error(work->txn));
    for (size_t j = 0; rc == MEDLEY_OK && j < values.count; j++)
      rc = check_entry(work, place, index, &values.type, values.values[j]);
    if (rc != MEDLEY_OK) return rc;
    entries->made += values.count;
  }
  return MEDLEY_OK;
}

/* The bytes of the view's row must be those that are made of the base row now. */
static int check_view(check *work, const med_wide_place_of_row *place, const med_wide_table *view,
                      const med_wide_row *row) {
  medley_error *error = med_txn_error(work->txn);
  med_wide_view_row made;
  med_key partition, key;
  bool hashed;
  med_buffer parts = {0}, expected = {0}, space = {0};
  med_slice found;
  int rc;
  MED_TRY(med_wide_view_row_of(place, view, row, &work->arena, &made, error));
  if (!made.there) goto done;
  work->view_rows_made++;
  MED_TRY(med_wide_partition_key(view, made.partition, &partition, &hashed, error));
  MED_TRY(med_wide_clustering_parts(view, made.clustering, view->clustering_count, &parts, error));
  med_wide_row_key(&partition, med_slice_of(parts.bytes, parts.len), &key);
  if (!med_wide_row_encode(&made.row, &expected)) MED_TRY(med_error_no_memory(error));
  rc = med_wide_record_get(work->txn, med_key_slice(&key), &space, &found);
  if (rc == MEDLEY_NOT_FOUND ||
      (rc == MEDLEY_OK && !med_slice_equal(found, med_slice_of(expected.bytes, expected.len)))) {
    problem(work, "wide-column: view %.*s: a row is %s", (int)view->name.len, (const char *)view->name.bytes,
            rc == MEDLEY_OK ? "not what its table says" : "missing");
    rc = MEDLEY_OK;
  }
done:
  med_buffer_clear(&parts);
  med_buffer_clear(&expected);
  med_buffer_clear(&space);
  return rc;
}

static int check_derived(check *work, const med_wide_place_of_row *place, const med_wide_row *row) {
  int rc = check_entries(work, place, row);
  for (size_t i = 0; rc == MEDLEY_OK && i < place->table->view_count; i++)
    rc = check_view(work, place, place->table->views[i], row);
  return rc;
}

static int check_token(check *work, const med_wide_table *table, const med_slice *values, med_slice partition) {
  med_key expected;
  bool hashed;
  int rc = med_wide_partition_key(table, values, &expected, &hashed, med_txn_error(work->txn));
  if (rc == MEDLEY_OK && !med_slice_equal(partition, med_key_slice(&expected)))
    problem(work, "wide-column: table %.*s: a partition is not where its key says", (int)table->name.len,
            (const char *)table->name.bytes);
  return rc;
}

static void check_window(check *work, const med_wide_table *table, const med_wide_walked *walked) {
  const med_wide_place_of_row *place = &walked->place;
  if (table->window_of == NULL || place->clustering == NULL ||
      med_wide_time_window_of_row(table->window_of, place->partition, place->clustering) == table->window_number)
    return;
  problem(work, "wide-column: table %.*s: a row stands in another window than that of its time", (int)table->name.len,
          (const char *)table->name.bytes);
}

static void check_bounds(unreached *rows, const med_wide_walked *walked) {
  if (walked->sealed) rows->sealed += !med_wide_seal_reaches(&rows->reach, walked->clustering_parts);
  if (walked->run == NULL || med_wide_run_reaches(walked->run, walked->clustering_parts)) return;
  if (rows->in_runs++ == 0) rows->run = walked->run->number;
}

static void tell_unreached(check *work, const med_wide_table *table, const unreached *rows) {
  if (rows->in_runs > 0)
    problem(work, "wide-column: table %.*s: %llu rows are beyond the bounds of their runs, the first one in run %llu",
            (int)table->name.len, (const char *)table->name.bytes, (unsigned long long)rows->in_runs,
            (unsigned long long)rows->run);
  if (rows->sealed > 0)
    problem(work, "wide-column: table %.*s: %llu sealed rows are beyond the bounds that the state of sealing has",
            (int)table->name.len, (const char *)table->name.bytes, (unsigned long long)rows->sealed);
}

static int check_row(check *work, const med_wide_table *table, const med_wide_walked *walked) {
  check_window(work, table, walked);
  int rc = check_token(work, table, walked->place.partition, med_key_slice(&walked->partition_key));
  if (rc != MEDLEY_OK) return rc;
  work->view_rows += walked->place.clustering != NULL && (table->flags & MED_WIDE_TABLE_VIEW) != 0;
  return check_cells(work, table, &walked->row) ? check_derived(work, &walked->place, &walked->row) : MEDLEY_OK;
}

/* Damage ends the walk over the table's segments. */
static int check_segments(check *work, const med_wide_table *table) {
  med_cursor *cursor;
  med_wide_segment segment;
  med_key at, last;
  uint64_t count = 0;
  int rc = med_cursor_open(work->txn, MED_TREE_WIDE, &cursor);
  if (rc != MEDLEY_OK) return rc;
  med_wide_table_prefix(table->id, &at);
  while ((rc = med_wide_segment_behind(work->txn, cursor, med_key_slice(&at), &work->arena, &segment)) == MEDLEY_OK) {
    if (count > 0 && med_slice_compare(med_key_slice(&segment.first), med_key_slice(&last)) <= 0)
      problem(work, "wide-column: table %.*s: segment %llu overlaps the one before", (int)table->name.len,
              (const char *)table->name.bytes, (unsigned long long)segment.id);
    rc = med_wide_segment_check(work->txn, table, &segment, &work->segment_keys);
    med_arena_reset(&work->arena);
    if (rc != MEDLEY_OK) break;
    at = segment.first;
    last = segment.last;
    count++;
  }
  med_cursor_close(cursor);
  if (count > 0 && !(table->flags & MED_WIDE_TABLE_SEGMENTS))
    problem(work, "wide-column: table %.*s: has segments, and its definition says that it has none",
            (int)table->name.len, (const char *)table->name.bytes);
  return rc == MEDLEY_NOT_FOUND ? MEDLEY_OK : tell_damage(work, rc);
}

static int check_runs(check *work, const med_wide_table *table) {
  uint64_t keys = 0;
  int rc = med_wide_runs_check(work->txn, table->id, &keys);
  work->run_keys += keys;
  if (keys > 0 && !(table->flags & MED_WIDE_TABLE_RUNS))
    problem(work, "wide-column: table %.*s: has runs, and its definition says that it has none", (int)table->name.len,
            (const char *)table->name.bytes);
  return tell_damage(work, rc);
}

/* Damage ends the table's walk. */
static int check_table(check *work, const med_wide_table *table) {
  med_wide_walker *walker;
  med_wide_walked walked;
  unreached rows = {0};
  int rc = tell_damage(work, med_wide_seal_check(work->txn, table->id, &rows.reach));
  if (rc == MEDLEY_OK) rc = med_wide_walker_open(work->txn, table, &walker);
  if (rc != MEDLEY_OK) return rc;
  while ((rc = med_wide_walker_next(walker, &walked)) == MEDLEY_OK) {
    check_bounds(&rows, &walked);
    rc = check_row(work, table, &walked);
    med_arena_reset(&work->arena);
    if (rc != MEDLEY_OK) break;
  }
  med_wide_walker_close(walker);
  tell_unreached(work, table, &rows);
  return rc == MEDLEY_NOT_FOUND ? MEDLEY_OK : tell_damage(work, rc);
}

/* ---- Windows ---- */
/* A window of a table that is; those of one that was dropped wait to be freed with it. */
static bool is_window(check *work, uint32_t id) {
  const med_wide_listed_window *listed = med_wide_window_list_find(&work->windows, id);
  return listed != NULL && table_by_id(work, listed->table_id) != NULL;
}

static bool is_index_or_table(check *work, uint32_t id) {
  return table_by_id(work, id) != NULL || count_of_index(work, id) != NULL;
}

/* Each has a number of its own, and a table. */
static int check_directory(check *work) {
  const med_wide_window_list *list = &work->windows;
  uint32_t next;
  if (list->damaged > 0)
    problem(work, "wide-column: %llu entries of windows are damaged", (unsigned long long)list->damaged);
  int rc = med_wide_catalog_free_id(work->txn, &next);
  if (rc != MEDLEY_OK) return tell_damage(work, rc);
  for (size_t i = 0; rc == MEDLEY_OK && i < list->count; i++) {
    const med_wide_listed_window *listed = &list->at[i];
    const med_wide_table *table = table_by_id(work, listed->table_id);
    if (listed->id >= next || is_index_or_table(work, listed->id) || (i > 0 && list->at[i - 1].id == listed->id))
      problem(work, "wide-column: the number of window %u is another one's, or yet to be given", listed->id);
    if (table != NULL && table->time_window == NULL)
      problem(work, "wide-column: a window of table %u, which has none", listed->table_id);
    if (table == NULL) rc = check_dropped(work, MED_WIDE_KEY_WINDOW, listed->table_id, "a window of table");
  }
  return rc;
}

/* ---- All of the tree ---- */
static int remember_object(check *work, med_slice value) {
  const uint8_t *bytes = value.bytes;
  if (value.len != 13 || bytes[0] != 1) return MEDLEY_OK;
  uint64_t id = med_get_u64(bytes + 1);
  return med_buffer_append(&work->object_ids, &id, sizeof id) ? MEDLEY_OK
                                                              : med_error_no_memory(med_txn_error(work->txn));
}

static void count_key(check *work, uint8_t kind) {
  work->segment_keys_seen += kind == MED_WIDE_KEY_PAGE || kind == MED_WIDE_KEY_GONE;
  work->run_keys_seen += kind == MED_WIDE_KEY_RUN || kind == MED_WIDE_KEY_BLOCK;
}

static int check_key(check *work, med_slice key, med_slice value) {
  const uint8_t *bytes = key.bytes;
  if (bytes[0] == MED_WIDE_KEY_CATALOG || bytes[0] == MED_WIDE_KEY_ROW || bytes[0] == MED_WIDE_KEY_SEGMENT) {
    int rc = remember_object(work, value);
    if (rc != MEDLEY_OK) return rc;
  }
  if (bytes[0] <= MED_WIDE_KEY_PART || bytes[0] == MED_WIDE_KEY_WINDOW) return MEDLEY_OK;
  if (bytes[0] > MED_WIDE_KEY_BLOCK || key.len < (bytes[0] == MED_WIDE_KEY_SEALING ? 5 : 6)) {
    problem(work, "wide-column: a key of an unknown kind");
    return MEDLEY_OK;
  }
  uint32_t id = med_get_u32(bytes + 1);
  if (bytes[0] == MED_WIDE_KEY_INDEX) {
    index_count *entries = count_of_index(work, id);
    if (entries == NULL) return check_dropped(work, MED_WIDE_KEY_INDEX, id, "entries of index");
    entries->seen++;
    return MEDLEY_OK;
  }
  const med_wide_table *table = table_by_id(work, id);
  if (table != NULL && table->time_window != NULL)
    problem(work, "wide-column: rows of table %.*s outside of its windows", (int)table->name.len,
            (const char *)table->name.bytes);
  else if (table != NULL || is_window(work, id))
    count_key(work, bytes[0]);
  else if (med_wide_window_list_find(&work->windows, id) == NULL)
    return check_dropped(work, bytes[0], id, "rows of table");
  return MEDLEY_OK;
}

static int compare_ids(const void *a, const void *b) {
  uint64_t x, y;
  memcpy(&x, a, sizeof x);
  memcpy(&y, b, sizeof y);
  return x < y ? -1 : x > y;
}

static int check_parts(check *work, med_cursor *cursor) {
  const uint8_t prefix[1] = {MED_WIDE_KEY_PART};
  med_slice key;
  size_t count = work->object_ids.len / 8;
  uint64_t last = 0;
  if (count > 0) qsort(work->object_ids.bytes, count, 8, compare_ids);
  int rc = med_cursor_seek(cursor, med_slice_of(prefix, 1), &key, NULL);
  for (; rc == MEDLEY_OK && *(const uint8_t *)key.bytes == MED_WIDE_KEY_PART;
       rc = med_cursor_next(cursor, &key, NULL)) {
    uint64_t id = key.len == 13 ? med_get_u64((const uint8_t *)key.bytes + 1) : 0;
    if (id != 0 && id == last) continue;
    last = id;
    if (count == 0 || bsearch(&id, work->object_ids.bytes, count, 8, compare_ids) == NULL)
      problem(work, "wide-column: parts of object %llu, which no record has", (unsigned long long)id);
  }
  return rc == MEDLEY_NOT_FOUND ? MEDLEY_OK : rc;
}

static int check_one(check *work, const med_wide_table *table) {
  int rc = check_segments(work, table);
  if (rc == MEDLEY_OK) rc = check_runs(work, table);
  return rc == MEDLEY_OK ? check_table(work, table) : rc;
}

static int check_windows(check *work, const med_wide_table *table) {
  med_cursor *cursor;
  med_wide_table window;
  int64_t number = INT64_MIN;
  int rc = med_cursor_open(work->txn, MED_TREE_WIDE, &cursor);
  if (rc != MEDLEY_OK) return rc;
  while ((rc = med_wide_window_next_of_all(work->txn, cursor, table, number, &window)) == MEDLEY_OK) {
    if (window.flags & ~table->flags & MED_WIDE_TABLE_SEGMENTS)
      problem(work, "wide-column: table %.*s: a window has segments, and its definition says that none has",
              (int)table->name.len, (const char *)table->name.bytes);
    rc = check_one(work, &window);
    if (rc != MEDLEY_OK || window.window_number == INT64_MAX) break;
    number = window.window_number + 1;
  }
  med_cursor_close(cursor);
  return rc == MEDLEY_NOT_FOUND ? MEDLEY_OK : tell_damage(work, rc);
}

static int check_tables(check *work) {
  size_t count;
  const med_wide_table *tables = med_wide_catalog_tables(work->catalog, &count);
  int rc = MEDLEY_OK;
  for (size_t i = 0; rc == MEDLEY_OK && i < count; i++)
    rc = tables[i].time_window != NULL ? check_windows(work, &tables[i]) : check_one(work, &tables[i]);
  return rc;
}

static void compare_counts(check *work) {
  for (size_t i = 0; i < work->index_count; i++) {
    const index_count *of = &work->indexes[i];
    if (of->made != of->seen)
      problem(work, "wide-column: index %.*s has %llu entries, its table makes %llu", (int)of->index->name.len,
              (const char *)of->index->name.bytes, (unsigned long long)of->seen, (unsigned long long)of->made);
  }
  if (work->view_rows != work->view_rows_made)
    problem(work, "wide-column: views have %llu rows, their tables make %llu", (unsigned long long)work->view_rows,
            (unsigned long long)work->view_rows_made);
  if (work->segment_keys != work->segment_keys_seen)
    problem(work, "wide-column: segments have %llu pages, there are %llu", (unsigned long long)work->segment_keys,
            (unsigned long long)work->segment_keys_seen);
}

/* A number that is given again would mix the rows of two tables. */
static int check_numbers(check *work) {
  size_t count;
  uint32_t next;
  const med_wide_table *tables = med_wide_catalog_tables(work->catalog, &count);
  int rc = med_wide_catalog_free_id(work->txn, &next);
  if (rc != MEDLEY_OK) return tell_damage(work, rc);
  for (size_t i = 0; i < count; i++) {
    bool free = tables[i].id >= next;
    for (size_t j = 0; j < tables[i].index_count; j++) free = free || tables[i].indexes[j].id >= next;
    if (free)
      problem(work, "wide-column: the number of table %.*s or an index of it is yet to be given",
              (int)tables[i].name.len, (const char *)tables[i].name.bytes);
  }
  return MEDLEY_OK;
}

static int check_tree(check *work) {
  med_cursor *cursor;
  med_slice key, value;
  int rc = med_wide_window_list_read(work->txn, &work->windows);
  if (rc == MEDLEY_OK) rc = check_numbers(work);
  if (rc == MEDLEY_OK) rc = check_directory(work);
  if (rc == MEDLEY_OK) rc = check_tables(work);
  if (rc != MEDLEY_OK) return rc;
  rc = med_cursor_open(work->txn, MED_TREE_WIDE, &cursor);
  if (rc != MEDLEY_OK) return rc;
  rc = med_cursor_first(cursor, &key, &value);
  while (rc == MEDLEY_OK) {
    MED_TRY(tell_damage(work, check_key(work, key, value)));
    med_arena_reset(&work->arena);
    rc = med_cursor_next(cursor, &key, &value);
  }
  if (rc != MEDLEY_NOT_FOUND) goto done;
  compare_counts(work);
  rc = check_parts(work, cursor);
done:
  med_cursor_close(cursor);
  return rc;
}

int med_wide_check(med_txn *txn, void (*on_problem)(void *context, const char *problem), void *context,
                   uint64_t *problem_count) {
  check work = {.txn = txn, .on_problem = on_problem, .context = context, .problem_count = problem_count};
  med_wide_catalog *catalog;
  int rc = med_wide_catalog_open(txn, &catalog);
  bool is_type = rc == MEDLEY_SYNTAX || rc == MEDLEY_TYPE || rc == MEDLEY_NOT_FOUND || rc == MEDLEY_UNSUPPORTED ||
                 rc == MEDLEY_TOO_BIG; /* what a column's type says is none */
  if (rc != MEDLEY_OK) return tell_damage(&work, is_type ? MEDLEY_CORRUPT : rc);
  work.catalog = catalog;
  rc = list_indexes(&work);
  if (rc == MEDLEY_OK) rc = check_tree(&work);
  med_free(work.indexes);
  med_wide_window_list_clear(&work.windows);
  med_wide_catalog_release(catalog);
  med_arena_clear(&work.arena);
  med_buffer_clear(&work.object_ids);
  return rc;
}
