/* select_totals.c - integers and counts by groups.h, which knows no NaN; reals vector by vector. */
#include "engine/cql/select_totals.h"

#include "engine/cql/scalar.h"
#include "models/widecolumn/groups.h"
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

/* ---- Integers and counts ---- */
static bool has_reals(const med_wide_column *column) {
  return med_wide_segment_type(column->type.kind) == MED_COLUMN_REALS;
}

/* Where the column's total is; one that is new has been added. MED_WIDE_GROUP_TOTALS_MAX: there is no room. */
static size_t total_of(med_wide_group_query *query, const med_wide_column *column) {
  size_t at = 0;
  while (at < query->total_count && query->totals[at] != column) at++;
  if (at == query->total_count && at < MED_WIDE_GROUP_TOTALS_MAX) query->totals[query->total_count++] = column;
  return at;
}

static int poll(void *run) { return med_session_poll(((med_cql_run *)run)->session); }

/* False: there are reals, or too many columns. */
static bool make_query(med_cql_run *run, const med_cql_select_plan *plan, const med_cql_bounds *bounds,
                       med_wide_group_query *query) {
  *query = (med_wide_group_query){.only_sealed = true, .poll = poll, .poll_context = run};
  if (bounds->test_count > MED_WIDE_GROUP_TESTS_MAX) return false;
  for (size_t i = 0; i < bounds->test_count; i++) {
    const med_cql_test *test = &bounds->tests[i];
    med_wide_group_test *made = &query->tests[query->test_count++];
    *made = (med_wide_group_test){.column = test->columns[0], .value = test->values[0]};
    (void)med_cql_comparison_of(test->relation->operation, &made->compare);
    if (has_reals(made->column)) return false;
  }
  for (size_t i = 0; i < plan->count; i++) {
    const med_cql_expression *expression = plan->selected[i].expression;
    if (expression->aggregate == MED_CQL_COUNT_ROWS) continue;
    const med_wide_column *column = expression->arguments[0]->column;
    size_t at = total_of(query, column);
    if (has_reals(column) || at == MED_WIDE_GROUP_TOTALS_MAX) return false;
    if (expression->aggregate == MED_CQL_MIN || expression->aggregate == MED_CQL_MAX) query->bounds[at] = true;
  }
  return true;
}

static int add_total(med_cql_run *run, const med_cql_expression *expression, const med_wide_total *total,
                     med_cql_accumulator *accumulator) {
  uint8_t bytes[8];
  if (total->count == 0) return MEDLEY_OK;
  if (expression->aggregate == MED_CQL_COUNT) {
    accumulator->count += total->count;
    return MEDLEY_OK;
  }
  if (expression->aggregate == MED_CQL_SUM || expression->aggregate == MED_CQL_AVG) {
    accumulator->count += total->count;
    accumulator->integer += total->as.integers.sum;
    return MEDLEY_OK;
  }
  int64_t found = expression->aggregate == MED_CQL_MIN ? total->as.integers.min : total->as.integers.max;
  return med_cql_accumulator_offer(
      run, expression, med_wide_segment_of_integer(expression->arguments[0]->column->type.kind, found, bytes),
      accumulator);
}

/* UNSUPPORTED, without a message: a segment does not store a column. */
static int add_groups(med_cql_run *run, const med_cql_select_plan *plan, med_wide_group_query *query,
                      med_cql_accumulator *accumulators) {
  med_wide_groups *groups;
  int rc = med_wide_groups_make(run->txn, plan->table, query, &groups);
  if (rc != MEDLEY_OK) return rc;
  for (size_t i = 0; rc == MEDLEY_OK && i < plan->count; i++) {
    const med_cql_expression *expression = plan->selected[i].expression;
    med_cql_accumulator *accumulator = &accumulators[expression->slot];
    if (expression->aggregate == MED_CQL_COUNT_ROWS)
      accumulator->count += med_wide_groups_rows(groups, 0);
    else
      rc = add_total(run, expression,
                     med_wide_groups_total(groups, 0, total_of(query, expression->arguments[0]->column)), accumulator);
  }
  med_wide_groups_free(groups);
  return rc;
}

/* ---- Reals ---- */
static void and_rows(uint64_t *rows, const uint64_t *with) {
  for (size_t i = 0; i < MED_VECTOR_WORDS; i++) rows[i] &= with[i];
}

static int add_integers(med_cql_run *run, const med_cql_expression *expression, const med_wide_vector *vector,
                        const uint64_t *selected, med_cql_accumulator *accumulator) {
  med_integer_total found = {0};
  med_column_total_integers(vector->values.integers, selected, &found);
  med_wide_total total = {.count = found.count, .as.integers = {found.sum, found.min, found.max}};
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
  int rc = med_wide_segment_scan_some(scan, column, selected, &vector);
  if (rc != MEDLEY_OK) return rc;
  and_rows(there, vector->present);
  if (!med_rows_any(there)) return MEDLEY_OK;
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
    if (!med_rows_any(selected)) return rc;
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

static int add_segments(med_cql_run *run, med_wide_segment_scan *scan, const med_cql_select_plan *plan,
                        const med_cql_bounds *bounds, med_cql_accumulator *accumulators, bool *all) {
  uint64_t selected[MED_VECTOR_WORDS];
  size_t rows;
  int rc;
  while ((rc = med_wide_segment_scan_next(scan, &rows, selected)) == MEDLEY_OK) {
    if (med_wide_segment_scan_is_first(scan)) rc = has_columns(scan, plan, bounds, all);
    if (rc == MEDLEY_OK && *all) rc = add_rows(run, scan, plan, bounds, selected, accumulators);
    if (rc != MEDLEY_OK || !*all) return rc;
  }
  return rc == MEDLEY_NOT_FOUND ? MEDLEY_OK : rc;
}

static int add_vectors(med_cql_run *run, const med_cql_select_plan *plan, const med_cql_bounds *bounds,
                       med_cql_accumulator *accumulators, bool *taken) {
  med_wide_segment_scan *scan;
  size_t size = plan->aggregate_count * sizeof *accumulators;
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

int med_cql_totals_add(med_cql_run *run, const med_cql_select_plan *plan, const med_cql_bounds *bounds,
                       med_cql_accumulator *accumulators, bool *taken) {
  med_wide_group_query query;
  *taken = takes(plan, bounds, run->txn);
  if (!*taken) return MEDLEY_OK;
  if (!make_query(run, plan, bounds, &query)) return add_vectors(run, plan, bounds, accumulators, taken);
  int rc = add_groups(run, plan, &query, accumulators);
  *taken = rc != MEDLEY_UNSUPPORTED;
  return *taken ? rc : MEDLEY_OK;
}
