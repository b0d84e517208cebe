/* select_rows.c - running a SELECT: rows found, tested, shown. */
#include "engine/cql/convert.h"
#include "engine/cql/evaluate.h"
#include "engine/cql/json.h"
#include "engine/cql/select_cursor.h"

#define POLL_EVERY 64 /* rows between two looks at interrupt and deadline */

/* ---- Rows ---- */
/* Interrupt and deadline, now and then. */
static int look_up(med_cql_select_cursor *cursor) {
  return cursor->visited++ % POLL_EVERY == 0 ? med_session_poll(cursor->run->session) : MEDLEY_OK;
}

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

/* Tails begin with their partition's token, and an index has them in order. */
static bool is_behind(const med_cql_bounds *bounds, med_slice tail) {
  return tail.len >= 8 && (int64_t)(med_get_u64(tail.bytes) ^ (UINT64_C(1) << 63)) > bounds->token_to;
}

/* ROW with the row of the index's next entry. An entry of a static column stands for its whole partition: OK, and that is to be read. DONE
 * when there are no more. */
static int next_indexed(med_cql_select_cursor *cursor, med_wide_entry *entry) {
  med_slice tail;
  bool is_static = cursor->indexed->columns[0]->role == MED_WIDE_STATIC, ok = true;
  for (;;) {
    int rc = look_up(cursor); /* entries outlive their rows: there may be many without any */
    if (rc == MEDLEY_OK) rc = med_wide_index_reader_next(cursor->index, &tail);
    if (rc == MEDLEY_NOT_FOUND || (rc == MEDLEY_OK && is_behind(&cursor->bounds, tail))) return MEDLEY_DONE;
    if (rc == MEDLEY_OK) rc = med_wide_reader_at(cursor->reader, tail, entry);
    if (rc == MEDLEY_NOT_FOUND) continue;
    if (rc != MEDLEY_OK) return rc;
    if (!is_static) return MEDLEY_ROW;
    bool passed = med_cql_test_passes(cursor->indexed, cursor->plan->table, entry, cursor->now_s, &cursor->arena, &ok);
    if (!ok) return med_cql_no_memory(cursor->run);
    if (passed) return med_wide_reader_partition(cursor->reader, entry->partition, NULL, false);
  }
}

static int next_unfiltered(med_cql_select_cursor *cursor, med_wide_entry *entry) {
  for (;;) {
    if (!cursor->reading) {
      int rc = cursor->index != NULL ? next_indexed(cursor, entry) : next_place(cursor);
      if (rc == MEDLEY_ROW) return MEDLEY_OK;
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

/* Whether PER PARTITION LIMIT leaves the row out; of groups that they begin. */
static bool is_beyond_limit(const med_cql_select_cursor *cursor, const med_wide_entry *entry) {
  if (cursor->in_partition < cursor->partition_limit) return false;
  return !cursor->plan->grouped || !cursor->grouping || !med_cql_select_in_group(cursor, entry);
}

int med_cql_select_entry(med_cql_select_cursor *cursor, med_wide_entry *entry) {
  for (;;) {
    med_arena_reset(&cursor->arena);
    int rc = look_up(cursor);
    if (rc == MEDLEY_OK) rc = next_unfiltered(cursor, entry);
    if (rc != MEDLEY_OK) return rc;
    if (entry->first && !cursor->plan->where.whole_key && !med_cql_select_goes_on(cursor, entry))
      cursor->in_partition = 0;
    bool ok = true;
    bool passed = passes(cursor, entry, &ok);
    if (!ok) return med_cql_no_memory(cursor->run);
    if (!passed) continue;
    if (is_beyond_limit(cursor, entry)) {
      if (cursor->reading) med_wide_reader_skip_partition(cursor->reader);
      continue;
    }
    cursor->in_partition += !cursor->plan->grouped;
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

int med_cql_select_show(med_cql_select_cursor *cursor, const med_wide_entry *entry, med_arena *arena,
                        medley_value *row) {
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

/* Of a whole key the rows are read, and tested. */
static int open_index(med_cql_select_cursor *cursor) {
  const med_cql_restrictions *where = &cursor->plan->where;
  const med_cql_bounds *bounds = &cursor->bounds;
  if (where->index == NULL || where->whole_key || bounds->nothing) return MEDLEY_OK;
  for (size_t i = 0; i < bounds->test_count; i++) {
    if (bounds->tests[i].relation == where->indexed) cursor->indexed = &bounds->tests[i];
  }
  int rc = med_wide_index_reader_open(cursor->run->txn, cursor->plan->table, where->index, bounds->index_value,
                                      &cursor->index);
  if (rc != MEDLEY_OK || bounds->token_from == INT64_MIN) return rc;
  med_wide_index_reader_token(cursor->index, bounds->token_from);
  return MEDLEY_OK;
}

static void want_columns(const med_cql_select_cursor *cursor, const med_cql_expression *expression, bool *wanted,
                         bool *times) {
  if (expression == NULL) return;
  if (expression->kind == MED_CQL_IS_WRITETIME) *times = true;
  if (expression->column != NULL) wanted[expression->column - cursor->plan->table->columns] = true;
  for (size_t i = 0; i < expression->count; i++) want_columns(cursor, expression->arguments[i], wanted, times);
}

/* What is shown and what is tested: of sealed rows the rest is not read. */
static int choose_columns(med_cql_select_cursor *cursor) {
  const med_cql_select_plan *plan = cursor->plan;
  const med_wide_table *table = plan->table;
  if (!(table->flags & MED_WIDE_TABLE_SEGMENTS)) return MEDLEY_OK;
  bool times = false;
  bool *wanted = med_cql_alloc(cursor->run, table->column_count * sizeof *wanted);
  if (wanted == NULL) return MEDLEY_NO_MEMORY;
  memset(wanted, 0, table->column_count * sizeof *wanted);
  for (size_t i = 0; i < plan->count; i++) want_columns(cursor, plan->selected[i].expression, wanted, &times);
  for (size_t i = 0; i < cursor->bounds.test_count; i++) {
    const med_cql_test *test = &cursor->bounds.tests[i];
    for (size_t j = 0; j < test->relation->column_count; j++) wanted[test->columns[j] - table->columns] = true;
  }
  med_wide_reader_columns(cursor->reader, wanted, times);
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
  if (plan->grouped && plan->group_count == 0) cursor->partition_limit = UINT64_MAX; /* one group over all partitions */
  MED_TRY(med_cql_bounds_make(run, &plan->where, &cursor->bounds));
  MED_TRY(med_wide_reader_open(run->txn, plan->table, &cursor->reader));
  med_wide_reader_distinct(cursor->reader, plan->ast->distinct);
  med_wide_window_span span = med_cql_bounds_windows(plan->table, &cursor->bounds);
  med_wide_reader_windows(cursor->reader, &span);
  MED_TRY(choose_columns(cursor));
  MED_TRY(open_index(cursor));
  cursor->row = med_cql_alloc(run, (plan->count + 1) * sizeof *cursor->row);
  cursor->accumulators = med_cql_alloc(run, (plan->aggregate_count + 1) * sizeof *cursor->accumulators);
  if (cursor->row == NULL || cursor->accumulators == NULL) return MEDLEY_NO_MEMORY;
  memset(cursor->accumulators, 0, (plan->aggregate_count + 1) * sizeof *cursor->accumulators);
done:
  return rc;
}

int med_cql_select_open(med_cql_run *run, const med_cql_select_plan *plan, const med_cql_page *page,
                        med_cql_select_cursor **opened) {
  med_cql_select_cursor *cursor = med_alloc_zero(sizeof *cursor);
  *opened = NULL;
  if (cursor == NULL) return med_cql_no_memory(run);
  cursor->run = run;
  cursor->plan = plan;
  int rc = open_cursor(cursor);
  if (rc == MEDLEY_OK) rc = med_cql_select_open_page(cursor, page);
  if (rc != MEDLEY_OK) {
    med_cql_select_close(cursor);
    return rc;
  }
  *opened = cursor;
  return MEDLEY_OK;
}

static int next_plain(med_cql_select_cursor *cursor) {
  med_wide_entry entry;
  int rc = med_cql_select_entry(cursor, &entry);
  if (rc == MEDLEY_NOT_FOUND) return MEDLEY_DONE;
  if (rc == MEDLEY_OK && cursor->paged) rc = med_cql_select_remember(cursor, entry.tail);
  if (rc == MEDLEY_OK) rc = med_cql_select_show(cursor, &entry, &cursor->arena, cursor->row);
  return rc == MEDLEY_OK ? MEDLEY_ROW : rc;
}

int med_cql_select_next(med_cql_select_cursor *cursor, const medley_value **row) {
  const med_cql_select_plan *plan = cursor->plan;
  cursor->run->table = plan->table;
  if (cursor->answered >= cursor->limit || (cursor->paged && cursor->page_left == 0)) return MEDLEY_DONE;
  *row = cursor->row;
  int rc = plan->sort      ? med_cql_select_sorted(cursor, row)
           : plan->grouped ? med_cql_select_group(cursor, cursor->row)
                           : next_plain(cursor);
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
  med_arena_clear(&cursor->answer_arena);
  med_arena_clear(&cursor->arena);
  med_free(cursor);
}
