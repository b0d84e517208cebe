/* select_rows.c - running a SELECT: rows found, tested, grouped, sorted, shown. */
#include <stdlib.h>

#include "engine/cql/convert.h"
#include "engine/cql/evaluate.h"
#include "engine/cql/json.h"
#include "engine/cql/select.h"
#include "engine/cql/select_totals.h"
#include "models/widecolumn/pack.h"

#define SORTED_BYTES_MAX ((size_t)256 << 20)
#define POLL_EVERY 64 /* rows between two looks at interrupt and deadline */

typedef struct sorted_row {
  const medley_value *values;
  const med_slice *clustering;
} sorted_row;

struct med_cql_select_cursor {
  med_cql_run *run;
  const med_cql_select_plan *plan;
  med_cql_bounds bounds;
  int64_t now_s;
  /* Where rows come from */
  med_wide_reader *reader;
  med_wide_index_reader *index;
  size_t partition_at, range_at; /* the next place to read */
  bool reading;
  uint64_t visited;
  /* The page: rows that it may still have, and the place of its last one */
  bool paged;
  uint64_t page_left;
  med_key page_tail;
  size_t page_partition_len; /* of page_tail; 0: no row yet */
  /* Limits */
  uint64_t limit, partition_limit; /* UINT64_MAX: none */
  uint64_t answered, in_partition;
  /* The group that is being put together */
  med_cql_accumulator *accumulators;
  med_arena group_arena;
  med_wide_entry group; /* a copy of its first row */
  bool grouping, ended;
  bool begun; /* the table's sealed rows have been asked for their totals */
  /* Rows to be sorted */
  med_arena sorted_arena;
  sorted_row *sorted;
  size_t sorted_count, sorted_at;
  bool is_sorted;
  /* The present row */
  med_arena arena;
  medley_value *row;
};

/* ---- Rows ---- */
/* Begins the next place; DONE when there is none. */
static int next_place(med_cql_select_cursor *cursor) {
  const med_cql_bounds *bounds = &cursor->bounds;
  size_t ranges = bounds->all_rows ? 1 : bounds->range_count;
  if (bounds->nothing) return MEDLEY_DONE;
  if (!cursor->plan->where.whole_key) {
    if (cursor->partition_at++ > 0) return MEDLEY_DONE;
    med_wide_reader_tokens(cursor->reader, bounds->token_from, bounds->token_to);
    return MEDLEY_OK;
  }
  if (cursor->range_at == ranges) {
    cursor->range_at = 0;
    cursor->partition_at++;
    cursor->in_partition = 0;
  }
  if (cursor->partition_at >= bounds->partition_count) return MEDLEY_DONE;
  size_t range = cursor->plan->reverse ? ranges - 1 - cursor->range_at : cursor->range_at;
  cursor->range_at++;
  return med_wide_reader_partition(cursor->reader, bounds->partitions[cursor->partition_at],
                                   bounds->all_rows ? NULL : &bounds->ranges[range], cursor->plan->reverse);
}

static int next_indexed(med_cql_select_cursor *cursor, med_wide_entry *entry) {
  med_slice tail;
  if (cursor->bounds.nothing) return MEDLEY_NOT_FOUND;
  for (;;) {
    int rc = med_wide_index_reader_next(cursor->index, &tail);
    if (rc != MEDLEY_OK) return rc;
    rc = med_wide_reader_at(cursor->reader, tail, entry);
    if (rc != MEDLEY_NOT_FOUND) return rc;
  }
}

static int next_unfiltered(med_cql_select_cursor *cursor, med_wide_entry *entry) {
  if (cursor->index != NULL) return next_indexed(cursor, entry);
  for (;;) {
    if (!cursor->reading) {
      int rc = next_place(cursor);
      if (rc != MEDLEY_OK) return rc == MEDLEY_DONE ? MEDLEY_NOT_FOUND : rc;
      cursor->reading = true;
    }
    int rc = med_wide_reader_next(cursor->reader, entry);
    if (rc != MEDLEY_NOT_FOUND) return rc;
    cursor->reading = false;
  }
}

static bool passes(med_cql_select_cursor *cursor, const med_wide_entry *entry, bool *ok) {
  for (size_t i = 0; i < cursor->bounds.test_count; i++) {
    if (!med_cql_test_passes(&cursor->bounds.tests[i], cursor->plan->table, entry, cursor->now_s, &cursor->arena, ok))
      return false;
  }
  return true;
}

/* ---- Pages ---- a state is 01, the table's number, rows answered so far in all and in the partition, the last row's tail. */
enum { PAGE_STATE_FORM = 1 };

/* The first row of a page may be of the partition in which the last page ended. */
static bool goes_on_in_partition(const med_cql_select_cursor *cursor, const med_wide_entry *entry) {
  size_t len = cursor->page_partition_len;
  return len > 0 && entry->tail.len >= len && memcmp(entry->tail.bytes, cursor->page_tail.bytes, len) == 0;
}

static int wrong_state(med_cql_run *run) {
  return med_error_set(run->error, MEDLEY_ERROR, "cql: Invalid value for the paging state");
}

static int remember_tail(med_cql_select_cursor *cursor, med_slice tail) {
  const med_wide_table *table = cursor->plan->table;
  med_key key;
  med_wide_place place;
  med_wide_table_prefix(table->id, &key);
  if (tail.len > MED_KEY_SIZE_MAX - (size_t)key.len) return wrong_state(cursor->run);
  memcpy(key.bytes + key.len, tail.bytes, tail.len);
  key.len = (uint16_t)(key.len + tail.len);
  int rc = med_wide_key_place(table, med_key_slice(&key), &place, cursor->run->error);
  if (rc != MEDLEY_OK) return wrong_state(cursor->run);
  memcpy(cursor->page_tail.bytes, tail.bytes, tail.len);
  cursor->page_tail.len = (uint16_t)tail.len;
  cursor->page_partition_len = place.partition.len - MED_WIDE_TAIL_OFFSET;
  return MEDLEY_OK;
}

bool med_cql_select_page_state(const med_cql_select_cursor *cursor, med_buffer *state) {
  if (!cursor->paged || cursor->page_left > 0 || cursor->page_tail.len == 0 || cursor->answered >= cursor->limit)
    return true;
  return med_buffer_append_byte(state, PAGE_STATE_FORM) && med_pack_number(state, cursor->plan->table->id) &&
         med_pack_number(state, cursor->answered) && med_pack_number(state, cursor->in_partition) &&
         med_buffer_append(state, cursor->page_tail.bytes, cursor->page_tail.len);
}

/* Of the places to read those before the state's row are passed over, and its own is begun behind it. */
static int resume_in_partitions(med_cql_select_cursor *cursor, med_slice tail) {
  const med_cql_bounds *bounds = &cursor->bounds;
  const med_wide_table *table = cursor->plan->table;
  size_t ranges = bounds->all_rows ? 1 : bounds->range_count, len = cursor->page_partition_len;
  for (size_t i = 0; i < bounds->partition_count; i++) {
    med_key key;
    bool hashed;
    int rc = med_wide_partition_key(table, bounds->partitions[i], &key, &hashed, cursor->run->error);
    if (rc != MEDLEY_OK) return rc;
    if ((size_t)key.len - MED_WIDE_TAIL_OFFSET != len || memcmp(key.bytes + MED_WIDE_TAIL_OFFSET, tail.bytes, len) != 0)
      continue;
    med_slice parts = med_slice_of((const uint8_t *)tail.bytes + len + 1, tail.len > len ? tail.len - len - 1 : 0);
    cursor->partition_at = i;
    for (size_t j = 0; j < ranges; j++) {
      const med_wide_range *range =
          bounds->all_rows ? NULL : &bounds->ranges[cursor->plan->reverse ? ranges - 1 - j : j];
      bool inside = range == NULL || med_wide_range_has(range, parts);
      bool passed = range != NULL && !inside && (med_slice_compare(parts, range->from) < 0) == cursor->plan->reverse;
      if (passed) continue;
      cursor->range_at = j + inside;
      if (!inside) return MEDLEY_OK;
      cursor->reading = true;
      rc = med_wide_reader_partition(cursor->reader, bounds->partitions[i], range, cursor->plan->reverse);
      return rc == MEDLEY_OK ? med_wide_reader_resume(cursor->reader, tail) : rc;
    }
    cursor->range_at = ranges;
    return MEDLEY_OK;
  }
  return wrong_state(cursor->run);
}

static int resume(med_cql_select_cursor *cursor, med_slice state) {
  uint64_t table_id, answered, in_partition;
  bool known = *(const uint8_t *)state.bytes == PAGE_STATE_FORM;
  state = med_slice_of((const uint8_t *)state.bytes + 1, state.len - 1);
  if (!known || !med_unpack_number(&state, &table_id) || !med_unpack_number(&state, &answered) ||
      !med_unpack_number(&state, &in_partition) || table_id != cursor->plan->table->id)
    return wrong_state(cursor->run);
  int rc = remember_tail(cursor, state);
  if (rc != MEDLEY_OK || cursor->bounds.nothing) return rc;
  cursor->answered = answered;
  cursor->in_partition = in_partition;
  if (cursor->index != NULL) {
    med_wide_index_reader_resume(cursor->index, state);
    return MEDLEY_OK;
  }
  if (cursor->plan->where.whole_key) return resume_in_partitions(cursor, state);
  cursor->partition_at = 1;
  cursor->reading = true;
  med_wide_reader_tokens(cursor->reader, cursor->bounds.token_from, cursor->bounds.token_to);
  return med_wide_reader_resume(cursor->reader, state);
}

/* The next row that is an answer, or NOT_FOUND. */
static int next_entry(med_cql_select_cursor *cursor, med_wide_entry *entry) {
  for (;;) {
    if (cursor->visited++ % POLL_EVERY == 0) {
      int stop = med_session_poll(cursor->run->session);
      if (stop != MEDLEY_OK) return stop;
    }
    int rc = next_unfiltered(cursor, entry);
    if (rc != MEDLEY_OK) return rc;
    if (entry->first && !cursor->plan->where.whole_key && !goes_on_in_partition(cursor, entry))
      cursor->in_partition = 0;
    med_arena_reset(&cursor->arena);
    bool ok = true;
    bool passed = passes(cursor, entry, &ok);
    if (!ok) return med_cql_no_memory(cursor->run);
    if (!passed) continue;
    if (cursor->in_partition >= cursor->partition_limit) {
      if (cursor->index == NULL) med_wide_reader_skip_partition(cursor->reader);
      continue;
    }
    cursor->in_partition++;
    return MEDLEY_OK;
  }
}

/* ---- A row as it is shown ---- */
static int show_json(med_cql_select_cursor *cursor, const med_cql_row_scope *scope, medley_value *row) {
  med_buffer text = {0};
  bool ok = med_buffer_append_byte(&text, '{');
  int rc = MEDLEY_OK;
  for (size_t i = 0; ok && rc == MEDLEY_OK && i < cursor->plan->count; i++) {
    const med_cql_selected *selected = &cursor->plan->selected[i];
    med_slice value;
    rc = med_cql_expression_value(cursor->run, selected->expression, scope, &value);
    if (rc != MEDLEY_OK) break;
    ok = (i == 0 || med_buffer_append(&text, ", ", 2)) && med_cql_json_write_name(selected->name, &text) &&
         med_buffer_append(&text, ": ", 2) && med_cql_json_write(&selected->expression->type, value, &text);
  }
  ok = ok && med_buffer_append_byte(&text, '}');
  char *copy = ok && rc == MEDLEY_OK ? med_arena_strndup(scope->arena, text.bytes, text.len) : NULL;
  if (copy != NULL) row[0] = (medley_value){.type = MEDLEY_TYPE_TEXT, .as.text = {copy, text.len}};
  med_buffer_clear(&text);
  if (rc == MEDLEY_OK && copy == NULL) rc = med_cql_no_memory(cursor->run);
  return rc;
}

static int show(med_cql_select_cursor *cursor, const med_wide_entry *entry, med_arena *arena, medley_value *row) {
  med_cql_row_scope scope = {entry, cursor->accumulators, cursor->now_s, arena};
  if (cursor->plan->ast->json) return show_json(cursor, &scope, row);
  int rc = MEDLEY_OK;
  for (size_t i = 0; rc == MEDLEY_OK && i < cursor->plan->count; i++) {
    const med_cql_expression *expression = cursor->plan->selected[i].expression;
    med_slice value;
    rc = med_cql_expression_value(cursor->run, expression, &scope, &value);
    if (rc == MEDLEY_OK) rc = med_cql_show(&expression->type, value, arena, &row[i], cursor->run->error);
  }
  return rc;
}

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
  cursor->grouping = entry != NULL;
  cursor->group = (med_wide_entry){0};
  if (entry == NULL) return MEDLEY_OK;
  bool ok = copy_values(&cursor->group_arena, entry->partition, table->partition_count, &cursor->group.partition);
  if (ok && entry->clustering != NULL)
    ok = copy_values(&cursor->group_arena, entry->clustering, table->clustering_count, &cursor->group.clustering);
  if (ok) cursor->group.row = copy_row(&cursor->group_arena, entry->row, &ok);
  if (ok) cursor->group.statics = copy_row(&cursor->group_arena, entry->statics, &ok);
  cursor->group.token = entry->token;
  return ok ? MEDLEY_OK : med_cql_no_memory(cursor->run);
}

static bool in_group(const med_cql_select_cursor *cursor, const med_wide_entry *entry) {
  const med_wide_table *table = cursor->plan->table;
  bool ok = true;
  for (size_t i = 0; i < cursor->plan->group_count; i++) {
    const med_wide_column *column = cursor->plan->group[i];
    med_slice a = med_cql_column_value(table, column, &cursor->group, 0, NULL, &ok);
    med_slice b = med_cql_column_value(table, column, entry, 0, NULL, &ok);
    if (med_wide_is_null(a) != med_wide_is_null(b) || !med_slice_equal(a, b)) return false;
  }
  return true;
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

/* Reads on to the end of the group, and shows it; the row that begins the next one is taken into it at once. */
static int next_group(med_cql_select_cursor *cursor) {
  const med_cql_select_plan *plan = cursor->plan;
  med_wide_entry entry;
  if (cursor->ended) return MEDLEY_DONE;
  int rc = add_totals(cursor);
  while (rc == MEDLEY_OK && (rc = next_entry(cursor, &entry)) == MEDLEY_OK) {
    if (!cursor->grouping) {
      rc = begin_group(cursor, &entry);
    } else if (!in_group(cursor, &entry)) {
      rc = show(cursor, &cursor->group, &cursor->sorted_arena, cursor->row);
      if (rc == MEDLEY_OK) rc = begin_group(cursor, &entry);
      if (rc == MEDLEY_OK) rc = accumulate(cursor, &entry);
      return rc == MEDLEY_OK ? MEDLEY_ROW : rc;
    }
    if (rc == MEDLEY_OK) rc = accumulate(cursor, &entry);
    if (rc != MEDLEY_OK) return rc;
  }
  if (rc != MEDLEY_NOT_FOUND) return rc;
  cursor->ended = true;
  /* An aggregate over nothing is a row; a group of nothing is not. */
  if (!cursor->grouping && plan->group_count > 0) return MEDLEY_DONE;
  rc = show(cursor, cursor->grouping ? &cursor->group : NULL, &cursor->sorted_arena, cursor->row);
  return rc == MEDLEY_OK ? MEDLEY_ROW : rc;
}

/* ---- Sorting ---- */
typedef struct sort_entry {
  sorted_row row;
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

static int sort_rows(med_cql_select_cursor *cursor) {
  const med_wide_table *table = cursor->plan->table;
  med_buffer entries = {0};
  med_wide_entry entry;
  size_t bytes = 0;
  int rc;
  while ((rc = next_entry(cursor, &entry)) == MEDLEY_OK) {
    medley_value *row = med_arena_alloc(&cursor->sorted_arena, (cursor->plan->count + 1) * sizeof *row);
    sort_entry sorted = {.number = entries.len / sizeof sorted, .table = table, .reverse = cursor->plan->reverse};
    bool ok = row != NULL;
    if (ok && entry.clustering != NULL)
      ok = copy_values(&cursor->sorted_arena, entry.clustering, table->clustering_count, &sorted.row.clustering);
    rc = ok ? show(cursor, &entry, &cursor->sorted_arena, row) : med_cql_no_memory(cursor->run);
    sorted.row.values = row;
    if (rc == MEDLEY_OK && !med_buffer_append(&entries, &sorted, sizeof sorted)) rc = med_cql_no_memory(cursor->run);
    for (size_t i = 0; rc == MEDLEY_OK && i < cursor->plan->count; i++)
      bytes += sizeof *row + (row[i].type == MEDLEY_TYPE_TEXT ? row[i].as.text.len : 0);
    if (rc == MEDLEY_OK && bytes > SORTED_BYTES_MAX)
      rc = med_error_set(cursor->run->error, MEDLEY_TOO_BIG,
                         "cql: the rows to be sorted take more than %zu bytes of memory", SORTED_BYTES_MAX);
    if (rc != MEDLEY_OK) break;
  }
  cursor->sorted_count = entries.len / sizeof(sort_entry);
  if (rc == MEDLEY_NOT_FOUND) {
    rc = MEDLEY_OK;
    if (cursor->sorted_count > 1) qsort(entries.bytes, cursor->sorted_count, sizeof(sort_entry), compare_sorted);
    cursor->sorted = med_arena_alloc(&cursor->sorted_arena, (cursor->sorted_count + 1) * sizeof *cursor->sorted);
    if (cursor->sorted == NULL) rc = med_cql_no_memory(cursor->run);
    for (size_t i = 0; rc == MEDLEY_OK && i < cursor->sorted_count; i++) {
      sort_entry sorted;
      memcpy(&sorted, entries.bytes + i * sizeof sorted, sizeof sorted);
      cursor->sorted[i] = sorted.row;
    }
  }
  med_buffer_clear(&entries);
  cursor->is_sorted = rc == MEDLEY_OK;
  return rc;
}

/* ---- The cursor ---- */
static int take_limit(med_cql_run *run, const med_cql_term *term, const char *name, uint64_t *limit) {
  bool null;
  int64_t number = 0;
  *limit = UINT64_MAX;
  if (term == NULL) return MEDLEY_OK;
  int rc = med_cql_evaluate_number(run, term, MED_WIDE_INT, name, &null, &number);
  if (rc != MEDLEY_OK) return rc;
  if (null) return med_cql_fail(run, term->at, MEDLEY_ERROR, "Invalid null value of %s", name);
  if (number <= 0) return med_cql_fail(run, term->at, MEDLEY_RANGE, "%s must be strictly positive", name);
  *limit = (uint64_t)number;
  return MEDLEY_OK;
}

static int open_cursor(med_cql_select_cursor *cursor) {
  med_cql_run *run = cursor->run;
  const med_cql_select_plan *plan = cursor->plan;
  int rc;
  run->table = plan->table;
  cursor->now_s = med_txn_now_us(run->txn) / 1000000;
  MED_TRY(take_limit(run, plan->ast->limit, "LIMIT", &cursor->limit));
  MED_TRY(take_limit(run, plan->ast->per_partition_limit, "PER PARTITION LIMIT", &cursor->partition_limit));
  MED_TRY(med_cql_bounds_make(run, &plan->where, &cursor->bounds));
  MED_TRY(med_wide_reader_open(run->txn, plan->table, &cursor->reader));
  med_wide_reader_distinct(cursor->reader, plan->ast->distinct);
  if (plan->where.index != NULL && !cursor->bounds.nothing)
    MED_TRY(med_wide_index_reader_open(run->txn, plan->table, plan->where.index, cursor->bounds.index_value,
                                       &cursor->index));
  cursor->row = med_cql_alloc(run, (plan->count + 1) * sizeof *cursor->row);
  cursor->accumulators = med_cql_alloc(run, (plan->aggregate_count + 1) * sizeof *cursor->accumulators);
  if (cursor->row == NULL || cursor->accumulators == NULL) return MEDLEY_NO_MEMORY;
  memset(cursor->accumulators, 0, (plan->aggregate_count + 1) * sizeof *cursor->accumulators);
done:
  return rc;
}

static bool is_grouped(const med_cql_select_plan *plan) { return plan->aggregate_count > 0 || plan->group_count > 0; }

static int open_page(med_cql_select_cursor *cursor, const med_cql_page *page) {
  cursor->paged = page->rows > 0;
  cursor->page_left = page->rows;
  if (!cursor->paged && page->state.len == 0) return MEDLEY_OK;
  if (is_grouped(cursor->plan) || cursor->plan->sort)
    return med_error_set(
        cursor->run->error, MEDLEY_UNSUPPORTED,
        "cql: pages of grouped rows, or of rows of several partitions in one order, are not supported");
  return page->state.len > 0 ? resume(cursor, page->state) : MEDLEY_OK;
}

int med_cql_select_open(med_cql_run *run, const med_cql_select_plan *plan, const med_cql_page *page,
                        med_cql_select_cursor **opened) {
  med_cql_select_cursor *cursor = med_alloc_zero(sizeof *cursor);
  *opened = NULL;
  if (cursor == NULL) return med_cql_no_memory(run);
  cursor->run = run;
  cursor->plan = plan;
  int rc = open_cursor(cursor);
  if (rc == MEDLEY_OK) rc = open_page(cursor, page);
  if (rc != MEDLEY_OK) {
    med_cql_select_close(cursor);
    return rc;
  }
  *opened = cursor;
  return MEDLEY_OK;
}

static int next_plain(med_cql_select_cursor *cursor) {
  med_wide_entry entry;
  int rc = next_entry(cursor, &entry);
  if (rc == MEDLEY_NOT_FOUND) return MEDLEY_DONE;
  if (rc == MEDLEY_OK && cursor->paged) rc = remember_tail(cursor, entry.tail);
  if (rc == MEDLEY_OK) rc = show(cursor, &entry, &cursor->arena, cursor->row);
  return rc == MEDLEY_OK ? MEDLEY_ROW : rc;
}

int med_cql_select_next(med_cql_select_cursor *cursor, const medley_value **row) {
  bool groups = is_grouped(cursor->plan);
  bool sorts = cursor->plan->sort && !groups;
  cursor->run->table = cursor->plan->table;
  if (cursor->answered >= cursor->limit || (cursor->paged && cursor->page_left == 0)) return MEDLEY_DONE;
  int rc;
  if (sorts) {
    rc = cursor->is_sorted ? MEDLEY_OK : sort_rows(cursor);
    if (rc != MEDLEY_OK) return rc;
    if (cursor->sorted_at == cursor->sorted_count) return MEDLEY_DONE;
    *row = cursor->sorted[cursor->sorted_at++].values;
    rc = MEDLEY_ROW;
  } else {
    if (groups) med_arena_reset(&cursor->sorted_arena);
    rc = groups ? next_group(cursor) : next_plain(cursor);
    *row = cursor->row;
  }
  cursor->answered += rc == MEDLEY_ROW;
  if (cursor->paged) cursor->page_left -= rc == MEDLEY_ROW;
  return rc;
}

void med_cql_select_close(med_cql_select_cursor *cursor) {
  if (cursor == NULL) return;
  med_wide_index_reader_close(cursor->index);
  med_wide_reader_close(cursor->reader);
  for (size_t i = 0; cursor->accumulators != NULL && i < cursor->plan->aggregate_count; i++)
    med_buffer_clear(&cursor->accumulators[i].value);
  med_arena_clear(&cursor->group_arena);
  med_arena_clear(&cursor->sorted_arena);
  med_arena_clear(&cursor->arena);
  med_free(cursor);
}
