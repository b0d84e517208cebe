/* select_totals.c - vectors filtered and summed. */
#include "engine/cql/select_totals.h"

#include "engine/cql/scalar.h"
#include "models/widecolumn/segment_scan.h"
#include "models/widecolumn/segment_writer.h"

/* ---- What is taken ---- */
static bool is_sealed(const med_wide_column *column) {
  return (column->role == MED_WIDE_REGULAR && !med_wide_type_is_complex(&column->type)) ||
         med_wide_segment_keeps(column);
}

static bool takes_aggregate(const med_cql_expression *expression) {
  if (expression->kind != MED_CQL_IS_AGGREGATE) return false;
  if (expression->aggregate == MED_CQL_COUNT_ROWS) return true;
  const med_cql_expression *of = expression->arguments[0];
  if (of->kind != MED_CQL_IS_COLUMN || !is_sealed(of->column)) return false;
  return expression->aggregate == MED_CQL_COUNT || med_wide_segment_type(of->column->type.kind) != MED_COLUMN_TEXTS;
}

static bool takes_test(const med_cql_test *test) {
  med_compare compare;
  if (test->relation->left != MED_CQL_LEFT_COLUMN || !is_sealed(test->columns[0])) return false;
  if (!med_cql_comparison_of(test->relation->operation, &compare) || test->count != 1) return false;
  med_wide_kind kind = test->columns[0]->type.kind;
  switch (med_wide_segment_type(kind)) {
    case MED_COLUMN_INTEGERS: return true;
    case MED_COLUMN_REALS: { /* CQL has two zeros and one NaN, columns have one of each: the row path knows */
      double real = med_wide_segment_real(test->values[0]);
      return real < 0 || real > 0;
    }
    default: return kind == MED_WIDE_TEXT || kind == MED_WIDE_ASCII || kind == MED_WIDE_BLOB;
  }
}

static bool takes(const med_cql_select_plan *plan, const med_cql_bounds *bounds, const med_txn *txn) {
  if (!(plan->table->flags & MED_WIDE_TABLE_SEGMENTS) || med_wide_table_has_static(plan->table)) return false;
  if (plan->aggregate_count == 0 || plan->group_count > 0 || plan->ast->distinct || plan->where.whole_key ||
      plan->where.index != NULL || bounds->nothing)
    return false;
  if (bounds->token_from != INT64_MIN || bounds->token_to != INT64_MAX || med_txn_writes(txn)) return false;
  for (size_t i = 0; i < plan->count; i++) {
    if (!takes_aggregate(plan->selected[i].expression)) return false;
  }
  for (size_t i = 0; i < bounds->test_count; i++) {
    if (!takes_test(&bounds->tests[i])) return false;
  }
  return true;
}

/* ---- A vector ---- */
static void and_rows(uint64_t *rows, const uint64_t *with) {
  for (size_t i = 0; i < MED_VECTOR_WORDS; i++) rows[i] &= with[i];
}

static int add_total(med_cql_run *run, const med_cql_expression *expression, const med_integer_total *total,
                     med_cql_accumulator *accumulator) {
  uint8_t bytes[8];
  if (total->count == 0) return MEDLEY_OK;
  if (expression->aggregate == MED_CQL_SUM || expression->aggregate == MED_CQL_AVG) {
    accumulator->count += total->count;
    accumulator->integer += total->sum;
    return MEDLEY_OK;
  }
  int64_t found = expression->aggregate == MED_CQL_MIN ? total->min : total->max;
  return med_cql_accumulator_offer(
      run, expression, med_wide_segment_of_integer(expression->arguments[0]->column->type.kind, found, bytes),
      accumulator);
}

static int add_integers(med_cql_run *run, const med_cql_expression *expression, const med_wide_vector *vector,
                        const uint64_t *selected, med_cql_accumulator *accumulator) {
  med_integer_total total = {0};
  med_column_total_integers(vector->values.integers, selected, &total);
  return add_total(run, expression, &total, accumulator);
}

static uint64_t order_of(double real) {
  uint64_t bits;
  memcpy(&bits, &real, sizeof bits);
  return med_wide_real_order(bits, true);
}

static int add_reals(med_cql_run *run, const med_cql_expression *expression, const med_wide_vector *vector,
                     const uint64_t *selected, med_cql_accumulator *accumulator) {
  uint16_t rows[MED_VECTOR_ROWS];
  uint8_t bytes[8];
  size_t count = med_column_list_rows(selected, rows);
  if (count == 0) return MEDLEY_OK;
  if (expression->aggregate == MED_CQL_SUM || expression->aggregate == MED_CQL_AVG) {
    accumulator->count += count;
    for (size_t i = 0; i < count; i++) med_cql_accumulator_add_real(accumulator, vector->values.reals[rows[i]]);
    return MEDLEY_OK;
  }
  double found = vector->values.reals[rows[0]];
  for (size_t i = 1; i < count; i++) {
    double real = vector->values.reals[rows[i]];
    bool less = order_of(real) < order_of(found);
    if (less == (expression->aggregate == MED_CQL_MIN) && order_of(real) != order_of(found)) found = real;
  }
  return med_cql_accumulator_offer(run, expression,
                                   med_wide_segment_of_real(expression->arguments[0]->column->type.kind, found, bytes),
                                   accumulator);
}

static int add_vector(med_cql_run *run, med_wide_segment_scan *scan, const med_cql_expression *expression,
                      const uint64_t *selected, med_cql_accumulator *accumulator) {
  uint64_t there[MED_VECTOR_WORDS];
  const med_wide_vector *vector;
  memcpy(there, selected, sizeof there);
  if (expression->aggregate == MED_CQL_COUNT_ROWS) {
    accumulator->count += med_rows_count(there);
    return MEDLEY_OK;
  }
  const med_wide_column *column = expression->arguments[0]->column;
  if (expression->aggregate == MED_CQL_COUNT) {
    uint64_t present[MED_VECTOR_WORDS];
    int rc = med_wide_segment_scan_present(scan, column, present);
    and_rows(there, present);
    if (rc == MEDLEY_OK) accumulator->count += med_rows_count(there);
    return rc;
  }
  int rc = med_wide_segment_scan_vector(scan, column, &vector);
  if (rc != MEDLEY_OK) return rc;
  and_rows(there, vector->present);
  if (med_rows_count(there) == 0) return MEDLEY_OK;
  return med_wide_segment_type(column->type.kind) == MED_COLUMN_INTEGERS
             ? add_integers(run, expression, vector, there, accumulator)
             : add_reals(run, expression, vector, there, accumulator);
}

static int add_rows(med_cql_run *run, med_wide_segment_scan *scan, const med_cql_select_plan *plan,
                    const med_cql_bounds *bounds, uint64_t *selected, med_cql_accumulator *accumulators) {
  int rc = med_session_poll(run->session);
  for (size_t i = 0; rc == MEDLEY_OK && i < bounds->test_count; i++) {
    const med_cql_test *test = &bounds->tests[i];
    med_compare compare = MED_EQUAL;
    (void)med_cql_comparison_of(test->relation->operation, &compare);
    rc = med_wide_segment_scan_match(scan, test->columns[0], compare, test->values[0], selected);
    if (med_rows_count(selected) == 0) return rc;
  }
  for (size_t i = 0; rc == MEDLEY_OK && i < plan->count; i++) {
    const med_cql_expression *expression = plan->selected[i].expression;
    rc = add_vector(run, scan, expression, selected, &accumulators[expression->slot]);
  }
  return rc;
}

/* Whether the present segment stores all columns that are asked for. */
static int has_columns(med_wide_segment_scan *scan, const med_cql_select_plan *plan, const med_cql_bounds *bounds,
                       bool *all) {
  int rc = MEDLEY_OK;
  *all = true;
  for (size_t i = 0; rc == MEDLEY_OK && *all && i < bounds->test_count; i++)
    rc = med_wide_segment_scan_stores(scan, bounds->tests[i].columns[0], all);
  for (size_t i = 0; rc == MEDLEY_OK && *all && i < plan->count; i++) {
    const med_cql_expression *expression = plan->selected[i].expression;
    if (expression->aggregate != MED_CQL_COUNT_ROWS)
      rc = med_wide_segment_scan_stores(scan, expression->arguments[0]->column, all);
  }
  return rc;
}

/* ---- Segments as a whole ---- */
static bool is_integer(const med_wide_column *column) {
  return med_wide_segment_type(column->type.kind) == MED_COLUMN_INTEGERS;
}

/* By what headers say of integers: none of the segment's rows passes all tests, or every one does. */
static int ask_segment(med_wide_segment_scan *scan, const med_cql_bounds *bounds, bool *none, bool *all) {
  int rc = MEDLEY_OK;
  *none = false;
  *all = true;
  for (size_t i = 0; rc == MEDLEY_OK && i < bounds->test_count && !*none; i++) {
    const med_cql_test *test = &bounds->tests[i];
    const med_wide_column *column = test->columns[0];
    med_compare compare = MED_EQUAL;
    bool some = true, every = false;
    (void)med_cql_comparison_of(test->relation->operation, &compare);
    if (is_integer(column))
      rc = med_wide_segment_scan_ask(scan, column, compare,
                                     med_wide_segment_integer(column->type.kind, test->values[0]), &some, &every);
    *none = !some;
    *all = *all && every;
  }
  return rc;
}

/* Counts, and what is made of integers; sums of reals are added up one by one. */
static bool may_add_headers(const med_cql_select_plan *plan) {
  for (size_t i = 0; i < plan->count; i++) {
    const med_cql_expression *expression = plan->selected[i].expression;
    bool counts = expression->aggregate == MED_CQL_COUNT_ROWS || expression->aggregate == MED_CQL_COUNT;
    if (!counts && !is_integer(expression->arguments[0]->column)) return false;
  }
  return true;
}

static int add_header(med_cql_run *run, med_wide_segment_scan *scan, const med_cql_expression *expression,
                      med_cql_accumulator *accumulator) {
  const med_column_group *header;
  if (expression->aggregate == MED_CQL_COUNT_ROWS) {
    accumulator->count += med_wide_segment_scan_rows(scan);
    return MEDLEY_OK;
  }
  int rc = med_wide_segment_scan_header(scan, expression->arguments[0]->column, &header);
  if (rc != MEDLEY_OK || header == NULL || header->nulls >= header->rows) return rc;
  uint64_t count = header->rows - header->nulls;
  if (expression->aggregate == MED_CQL_COUNT) {
    accumulator->count += count;
    return MEDLEY_OK;
  }
  return add_total(run, expression, &(med_integer_total){count, header->sum, header->min.integer, header->max.integer},
                   accumulator);
}

/* *done: nothing is left to be done of the segment, at whose first vector the scan is. */
static int add_segment(med_cql_run *run, med_wide_segment_scan *scan, const med_cql_select_plan *plan,
                       const med_cql_bounds *bounds, med_cql_accumulator *accumulators, bool *done) {
  bool none, all;
  int rc = ask_segment(scan, bounds, &none, &all);
  *done = none;
  if (rc != MEDLEY_OK || none || !all || !may_add_headers(plan)) return rc;
  rc = med_wide_segment_scan_whole(scan, done);
  for (size_t i = 0; rc == MEDLEY_OK && *done && i < plan->count; i++) {
    const med_cql_expression *expression = plan->selected[i].expression;
    rc = add_header(run, scan, expression, &accumulators[expression->slot]);
  }
  return rc;
}

static int add_segments(med_cql_run *run, med_wide_segment_scan *scan, const med_cql_select_plan *plan,
                        const med_cql_bounds *bounds, med_cql_accumulator *accumulators, bool *all) {
  uint64_t selected[MED_VECTOR_WORDS];
  size_t rows;
  int rc;
  while ((rc = med_wide_segment_scan_next(scan, &rows, selected)) == MEDLEY_OK) {
    bool done = false;
    if (med_wide_segment_scan_is_first(scan)) {
      rc = has_columns(scan, plan, bounds, all);
      if (rc == MEDLEY_OK && *all) rc = add_segment(run, scan, plan, bounds, accumulators, &done);
    }
    if (rc == MEDLEY_OK && *all && !done) rc = add_rows(run, scan, plan, bounds, selected, accumulators);
    if (rc != MEDLEY_OK || !*all) return rc;
    if (done) med_wide_segment_scan_skip(scan);
  }
  return rc == MEDLEY_NOT_FOUND ? MEDLEY_OK : rc;
}

int med_cql_totals_add(med_cql_run *run, const med_cql_select_plan *plan, const med_cql_bounds *bounds,
                       med_cql_accumulator *accumulators, bool *taken) {
  med_wide_segment_scan *scan;
  size_t size = plan->aggregate_count * sizeof *accumulators;
  *taken = takes(plan, bounds, run->txn);
  if (!*taken) return MEDLEY_OK;
  med_cql_accumulator *before = med_arena_copy(run->arena, accumulators, size);
  if (before == NULL) return med_error_no_memory(med_txn_error(run->txn));
  med_wide_window_span span = med_cql_bounds_windows(plan->table, bounds);
  int rc = med_wide_segment_scan_open(run->txn, plan->table, &scan);
  if (rc != MEDLEY_OK) return rc;
  med_wide_segment_scan_windows(scan, &span);
  rc = add_segments(run, scan, plan, bounds, accumulators, taken);
  if (!*taken) memcpy(accumulators, before, size); /* the row path does all of it */
  med_wide_segment_scan_close(scan);
  return rc;
}
