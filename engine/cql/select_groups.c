/* select_groups.c - rows of a SELECT put together in groups, and put into one order. */
#include <stdlib.h>

#include "engine/cql/select_cursor.h"
#include "engine/cql/select_totals.h"

#define SORTED_BYTES_MAX ((size_t)256 << 20)

/* ---- Groups ---- */
static bool copy_values(med_arena *arena, const med_slice *values, size_t count, const med_slice **copies) {
  med_slice *made = med_arena_alloc(arena, (count + 1) * sizeof *made);
  bool ok = made != NULL;
  for (size_t i = 0; ok && i < count; i++) made[i] = med_wide_copy(arena, values[i], &ok);
  *copies = made;
  return ok;
}

static const med_wide_row *copy_row(med_arena *arena, const med_wide_row *row, bool *ok) {
  med_wide_row *copy = med_arena_copy(arena, row, sizeof *row);
  if (copy == NULL) {
    *ok = false;
    return NULL;
  }
  if (row->count > 0) copy->cells = med_arena_copy(arena, row->cells, row->count * sizeof *row->cells);
  if (row->count > 0 && copy->cells == NULL) *ok = false;
  for (size_t i = 0; *ok && i < row->count; i++) {
    copy->cells[i].path = med_wide_copy(arena, row->cells[i].path, ok);
    copy->cells[i].value = med_wide_copy(arena, row->cells[i].value, ok);
  }
  return copy;
}

static int begin_group(med_cql_select_cursor *cursor, const med_wide_entry *entry) {
  const med_wide_table *table = cursor->plan->table;
  med_arena_reset(&cursor->group_arena);
  for (size_t i = 0; i < cursor->plan->aggregate_count; i++) {
    med_cql_accumulator *accumulator = &cursor->accumulators[i];
    med_buffer kept = accumulator->value;
    *accumulator = (med_cql_accumulator){.value = kept};
  }
  cursor->grouping = true;
  cursor->in_partition++;
  cursor->group = (med_wide_entry){0};
  bool ok = copy_values(&cursor->group_arena, entry->partition, table->partition_count, &cursor->group.partition);
  if (ok && entry->clustering != NULL)
    ok = copy_values(&cursor->group_arena, entry->clustering, table->clustering_count, &cursor->group.clustering);
  if (ok) cursor->group.row = copy_row(&cursor->group_arena, entry->row, &ok);
  if (ok) cursor->group.statics = copy_row(&cursor->group_arena, entry->statics, &ok);
  cursor->group.token = entry->token;
  return ok ? MEDLEY_OK : med_cql_no_memory(cursor->run);
}

static bool is_one_group(const med_cql_select_plan *plan, const med_wide_entry *x, const med_wide_entry *y) {
  bool ok = true;
  for (size_t i = 0; i < plan->group_count; i++) {
    med_slice a = med_cql_column_value(plan->table, plan->group[i], x, 0, NULL, &ok);
    med_slice b = med_cql_column_value(plan->table, plan->group[i], y, 0, NULL, &ok);
    if (med_wide_is_null(a) != med_wide_is_null(b) || !med_slice_equal(a, b)) return false;
  }
  return true;
}

bool med_cql_select_in_group(const med_cql_select_cursor *cursor, const med_wide_entry *entry) {
  return is_one_group(cursor->plan, &cursor->group, entry);
}

/* A row that has come into the last page's last group since then: that was answered. */
static bool is_answered(const med_cql_select_cursor *cursor, const med_wide_entry *entry) {
  if (cursor->grouping || !med_cql_select_goes_on(cursor, entry)) return false;
  med_wide_entry last = {.partition = entry->partition, .clustering = cursor->page_clustering};
  return is_one_group(cursor->plan, &last, entry);
}

static int accumulate(med_cql_select_cursor *cursor, const med_wide_entry *entry) {
  med_cql_row_scope scope = {entry, NULL, cursor->now_s, &cursor->arena};
  int rc = MEDLEY_OK;
  for (size_t i = 0; rc == MEDLEY_OK && i < cursor->plan->count; i++)
    rc = med_cql_aggregate_add(cursor->run, cursor->plan->selected[i].expression, &scope, cursor->accumulators);
  return rc;
}

/* Before the first row: the sealed ones may be added up without being read one by one. */
static int add_totals(med_cql_select_cursor *cursor) {
  bool taken = false;
  if (cursor->begun) return MEDLEY_OK;
  cursor->begun = true;
  int rc = med_cql_totals_add(cursor->run, cursor->plan, &cursor->bounds, cursor->accumulators, &taken);
  if (rc != MEDLEY_OK || !taken) return rc;
  med_wide_reader_only_records(cursor->reader);
  cursor->grouping = true; /* the records go into the same group */
  return MEDLEY_OK;
}

static int show_group(med_cql_select_cursor *cursor, medley_value *row, med_cql_sorted_row *sorted) {
  const med_wide_entry *first = cursor->grouping ? &cursor->group : NULL;
  bool ok = true;
  if (sorted == NULL) med_arena_reset(&cursor->answer_arena);
  if (sorted != NULL && first != NULL && first->clustering != NULL)
    ok = copy_values(&cursor->answer_arena, first->clustering, cursor->plan->table->clustering_count,
                     &sorted->clustering);
  return ok ? med_cql_select_show(cursor, first, &cursor->answer_arena, row) : med_cql_no_memory(cursor->run);
}

/* Reads on to the end of the group, and shows it; the row that begins the next one is taken into it at once, or left to the next page. sorted:
 * the group's place in an order is kept, and what was shown before; or NULL. */
static int next_group(med_cql_select_cursor *cursor, medley_value *row, med_cql_sorted_row *sorted) {
  med_wide_entry entry;
  if (cursor->ended) return MEDLEY_DONE;
  int rc = add_totals(cursor);
  while (rc == MEDLEY_OK && (rc = med_cql_select_entry(cursor, &entry)) == MEDLEY_OK) {
    if (is_answered(cursor, &entry)) continue;
    bool ends = cursor->grouping && !med_cql_select_in_group(cursor, &entry);
    if (ends) rc = show_group(cursor, row, sorted);
    if (rc == MEDLEY_OK && ends && cursor->paged && cursor->page_left == 1) return MEDLEY_ROW;
    if (rc == MEDLEY_OK && (ends || !cursor->grouping)) rc = begin_group(cursor, &entry);
    if (rc == MEDLEY_OK) rc = accumulate(cursor, &entry);
    if (rc == MEDLEY_OK && cursor->paged) rc = med_cql_select_remember(cursor, entry.tail);
    if (rc == MEDLEY_OK && ends) return MEDLEY_ROW;
  }
  if (rc != MEDLEY_NOT_FOUND) return rc;
  cursor->ended = true;
  /* An aggregate over nothing is a row; a group of nothing is not. */
  if (!cursor->grouping && cursor->plan->group_count > 0) return MEDLEY_DONE;
  rc = show_group(cursor, row, sorted);
  return rc == MEDLEY_OK ? MEDLEY_ROW : rc;
}

int med_cql_select_group(med_cql_select_cursor *cursor, medley_value *row) { return next_group(cursor, row, NULL); }

/* ---- Sorting ---- */
typedef struct sort_entry {
  med_cql_sorted_row row;
  size_t number;
  const med_wide_table *table;
  bool reverse;
} sort_entry;

static int compare_sorted(const void *a, const void *b) {
  const sort_entry *x = a, *y = b;
  const med_wide_column *columns = med_wide_clustering(x->table);
  for (size_t i = 0; i < x->table->clustering_count; i++) {
    if (x->row.clustering == NULL || y->row.clustering == NULL) break;
    int order = med_wide_value_compare(&columns[i].type, x->row.clustering[i], y->row.clustering[i]);
    if (order != 0) return columns[i].descending != x->reverse ? -order : order;
  }
  return x->number < y->number ? -1 : 1;
}

/* As deep as the value's type. */
static size_t size_of(const medley_value *value) {
  size_t size = sizeof *value;
  switch (value->type) {
    case MEDLEY_TYPE_TEXT:
    case MEDLEY_TYPE_BLOB: return size + value->as.text.len;
    case MEDLEY_TYPE_LIST:
      for (size_t i = 0; i < value->as.list.count; i++) size += size_of(&value->as.list.items[i]);
      return size;
    case MEDLEY_TYPE_MAP:
      for (size_t i = 0; i < value->as.map.count; i++)
        size += size_of(&value->as.map.keys[i]) + size_of(&value->as.map.values[i]);
      return size;
    default: return size;
  }
}

static int count_bytes(med_cql_select_cursor *cursor, const med_cql_sorted_row *sorted) {
  size_t keys = sorted->clustering != NULL ? cursor->plan->table->clustering_count : 0;
  cursor->sorted_bytes += sizeof(sort_entry);
  for (size_t i = 0; i < keys; i++) cursor->sorted_bytes += sizeof(med_slice) + sorted->clustering[i].len;
  for (size_t i = 0; i < cursor->plan->shown_count; i++) cursor->sorted_bytes += size_of(&sorted->values[i]);
  if (cursor->sorted_bytes <= SORTED_BYTES_MAX) return MEDLEY_OK;
  return med_error_set(cursor->run->error, MEDLEY_TOO_BIG,
                       "cql: the rows to be sorted take more than %zu bytes of memory", SORTED_BYTES_MAX);
}

/* ROW with the next row or group as it is found, kept with the others; or DONE. */
static int next_unsorted(med_cql_select_cursor *cursor, med_cql_sorted_row *sorted) {
  med_arena *arena = &cursor->answer_arena;
  med_wide_entry entry;
  medley_value *row = med_arena_alloc(arena, (cursor->plan->shown_count + 1) * sizeof *row);
  if (row == NULL) return med_cql_no_memory(cursor->run);
  *sorted = (med_cql_sorted_row){.values = row};
  if (cursor->plan->grouped) return next_group(cursor, row, sorted);
  int rc = med_cql_select_entry(cursor, &entry);
  if (rc != MEDLEY_OK) return rc == MEDLEY_NOT_FOUND ? MEDLEY_DONE : rc;
  if (entry.clustering != NULL &&
      !copy_values(arena, entry.clustering, cursor->plan->table->clustering_count, &sorted->clustering))
    return med_cql_no_memory(cursor->run);
  rc = med_cql_select_show(cursor, &entry, arena, row);
  return rc == MEDLEY_OK ? MEDLEY_ROW : rc;
}

static int sort_rows(med_cql_select_cursor *cursor) {
  med_buffer entries = {0};
  sort_entry next = {.table = cursor->plan->table, .reverse = cursor->plan->reverse};
  int rc;
  while ((rc = next_unsorted(cursor, &next.row)) == MEDLEY_ROW) {
    rc = count_bytes(cursor, &next.row);
    if (rc == MEDLEY_OK && !med_buffer_append(&entries, &next, sizeof next)) rc = med_cql_no_memory(cursor->run);
    if (rc != MEDLEY_OK) break;
    next.number++;
  }
  cursor->sorted_count = next.number;
  if (rc == MEDLEY_DONE) {
    rc = MEDLEY_OK;
    if (cursor->sorted_count > 1) qsort(entries.bytes, cursor->sorted_count, sizeof next, compare_sorted);
    cursor->sorted = med_arena_alloc(&cursor->answer_arena, (cursor->sorted_count + 1) * sizeof *cursor->sorted);
    if (cursor->sorted == NULL) rc = med_cql_no_memory(cursor->run);
    for (size_t i = 0; rc == MEDLEY_OK && i < cursor->sorted_count; i++) {
      memcpy(&next, entries.bytes + i * sizeof next, sizeof next);
      cursor->sorted[i] = next.row;
    }
  }
  med_buffer_clear(&entries);
  cursor->is_sorted = rc == MEDLEY_OK;
  return rc;
}

int med_cql_select_sorted(med_cql_select_cursor *cursor, const medley_value **row) {
  int rc = cursor->is_sorted ? MEDLEY_OK : sort_rows(cursor);
  if (rc != MEDLEY_OK) return rc;
  if (cursor->sorted_at == cursor->sorted_count) return MEDLEY_DONE;
  *row = cursor->sorted[cursor->sorted_at++].values;
  return MEDLEY_ROW;
}
