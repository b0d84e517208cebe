/* select.c - planning a SELECT: what is shown, grouped, ordered, and whether the table can answer it. */
#include "engine/cql/select.h"

#include "engine/cql/evaluate.h"
#include "engine/cql/literal.h"

/* ---- What is shown ---- */
static int add_all_columns(med_cql_run *run, med_cql_select_plan *plan) {
  const med_wide_table *table = plan->table;
  plan->selected = med_cql_alloc(run, (table->column_count + 1) * sizeof *plan->selected);
  if (plan->selected == NULL) return MEDLEY_NO_MEMORY;
  for (size_t i = 0; i < table->column_count; i++) {
    med_cql_expression *expression = med_cql_alloc(run, sizeof *expression);
    if (expression == NULL) return MEDLEY_NO_MEMORY;
    *expression = (med_cql_expression){.kind = MED_CQL_IS_COLUMN, .column = &table->columns[i]};
    expression->type = table->columns[i].type;
    plan->selected[plan->count++] = (med_cql_selected){table->columns[i].name, expression};
  }
  return MEDLEY_OK;
}

/* Cassandra's names of what has none: a column's; count; system.max(v); a + 1. */
static int name_of(med_cql_run *run, const med_cql_selector *selector, med_slice *name) {
  med_buffer text = {0};
  if (selector->alias.name.bytes != NULL) {
    *name = selector->alias.name;
    return MEDLEY_OK;
  }
  bool ok = med_cql_term_name(selector->term, &text);
  if (ok) *name = med_wide_copy(run->arena, med_slice_of(text.bytes, text.len), &ok);
  med_buffer_clear(&text);
  return ok ? MEDLEY_OK : med_cql_no_memory(run);
}

static int add_selectors(med_cql_run *run, med_cql_select_plan *plan) {
  const med_cql_select *ast = plan->ast;
  plan->selected = med_cql_alloc(run, (ast->selector_count + 1) * sizeof *plan->selected);
  if (plan->selected == NULL) return MEDLEY_NO_MEMORY;
  for (size_t i = 0; i < ast->selector_count; i++) {
    med_cql_selected *selected = &plan->selected[plan->count++];
    int rc = name_of(run, &ast->selectors[i], &selected->name);
    if (rc == MEDLEY_OK)
      rc = med_cql_expression_make(run, ast->selectors[i].term, NULL, &plan->aggregate_count, &selected->expression);
    if (rc != MEDLEY_OK) return rc;
  }
  return MEDLEY_OK;
}

/* ---- DISTINCT ---- partitions, each once: nothing may ask for their rows. */
static bool has_column(const med_cql_expression *expression, const med_wide_column *column) {
  if (expression->column == column) return true;
  for (size_t i = 0; i < expression->count; i++) {
    if (expression->arguments[i] != NULL && has_column(expression->arguments[i], column)) return true;
  }
  return false;
}

static bool is_shown(const med_cql_select_plan *plan, const med_wide_column *column, size_t *at) {
  for (*at = 0; *at < plan->count; ++*at) {
    if (has_column(plan->selected[*at].expression, column)) return true;
  }
  return false;
}

static int check_distinct_where(med_cql_run *run, const med_cql_select_plan *plan) {
  const med_cql_where *where = &plan->ast->where;
  for (size_t i = 0; i < where->count; i++) {
    const med_wide_column *column = med_wide_table_column(plan->table, where->relations[i].columns[0].name);
    if (column->role != MED_WIDE_PARTITION && column->role != MED_WIDE_STATIC)
      return med_cql_fail(
          run, where->relations[i].at, MEDLEY_ERROR,
          "SELECT DISTINCT with WHERE clause only supports restriction by partition key and/or static columns.");
  }
  return MEDLEY_OK;
}

static int check_distinct(med_cql_run *run, const med_cql_select_plan *plan) {
  const med_cql_select *ast = plan->ast;
  size_t at;
  if (ast->per_partition_limit != NULL)
    return med_cql_fail(run, ast->per_partition_limit->at, MEDLEY_ERROR,
                        "PER PARTITION LIMIT is not allowed with SELECT DISTINCT queries");
  int rc = check_distinct_where(run, plan);
  if (rc != MEDLEY_OK) return rc;
  for (size_t i = 0; i < plan->table->column_count; i++) {
    const med_wide_column *column = &plan->table->columns[i];
    bool of_rows = column->role != MED_WIDE_PARTITION && column->role != MED_WIDE_STATIC;
    if (of_rows && is_shown(plan, column, &at))
      return med_cql_fail(
          run, ast->selectors != NULL ? ast->selectors[at].term->at : ast->table.at, MEDLEY_ERROR,
          "SELECT DISTINCT queries must only request partition key columns and/or static columns (not %.*s)",
          MED_CQL_TEXT(column->name));
  }
  for (size_t i = 0; !plan->where.whole_key && i < plan->table->partition_count; i++) {
    const med_wide_column *column = &plan->table->columns[i];
    if (!is_shown(plan, column, &at))
      return med_cql_fail(run, ast->selectors != NULL ? ast->selectors[0].term->at : ast->table.at, MEDLEY_ERROR,
                          "SELECT DISTINCT queries must request all the partition key columns (missing %.*s)",
                          MED_CQL_TEXT(column->name));
  }
  return MEDLEY_OK;
}

/* ---- GROUP BY ---- columns of the primary key in order; those that are restricted by = may be left out. */
static bool is_fixed(const med_cql_select_plan *plan, size_t key_column) {
  size_t partition = plan->table->partition_count;
  const med_cql_relation *relation =
      key_column < partition ? plan->where.partition[key_column] : plan->where.clustering[key_column - partition];
  return relation != NULL && relation->operation == MED_CQL_EQUAL;
}

static int make_groups(med_cql_run *run, med_cql_select_plan *plan) {
  const med_cql_select *ast = plan->ast;
  const med_wide_table *table = plan->table;
  size_t next = 0, keys = table->partition_count + table->clustering_count;
  plan->group = med_cql_alloc(run, (ast->group_count + 1) * sizeof(void *));
  if (plan->group == NULL) return MEDLEY_NO_MEMORY;
  for (size_t i = 0; i < ast->group_count; i++) {
    const med_cql_term *term = ast->group_by[i];
    const med_wide_column *column;
    if (term->kind != MED_CQL_COLUMN)
      return med_cql_fail(run, term->at, MEDLEY_UNSUPPORTED, "GROUP BY a function is not supported");
    int rc = med_cql_find_column(run, table, term->name.name, term->at, &column);
    if (rc != MEDLEY_OK) return rc;
    if (column->role > MED_WIDE_CLUSTERING)
      return med_cql_fail(run, term->at, MEDLEY_ERROR,
                          "Group by is currently only supported on the columns of the PRIMARY KEY, got %.*s",
                          MED_CQL_TEXT(column->name));
    while (next < keys && &table->columns[next] != column && is_fixed(plan, next)) next++;
    if (next == keys || &table->columns[next] != column)
      return med_cql_fail(
          run, term->at, MEDLEY_ERROR,
          "Group by currently only support groups of columns following their declared order in the PRIMARY KEY");
    if (ast->distinct && column->role == MED_WIDE_CLUSTERING)
      return med_cql_fail(run, term->at, MEDLEY_ERROR,
                          "Grouping on clustering columns is not allowed for SELECT DISTINCT queries");
    plan->group[plan->group_count++] = column;
    next++;
  }
  plan->grouped = plan->group_count > 0 || plan->aggregate_count > 0;
  if (plan->group_count == 0 || next >= table->partition_count) return MEDLEY_OK;
  return med_cql_fail(run, ast->group_by[0]->at, MEDLEY_ERROR,
                      "Group by is not supported on only a part of the partition key");
}

/* ---- ORDER BY ---- */
static int make_order(med_cql_run *run, med_cql_select_plan *plan) {
  const med_cql_select *ast = plan->ast;
  const med_wide_column *columns = med_wide_clustering(plan->table);
  size_t next = 0;
  if (ast->order_count == 0) return MEDLEY_OK;
  if (!plan->where.whole_key)
    return med_cql_fail(run, ast->order_by[0].column.at, MEDLEY_ERROR,
                        "ORDER BY is only supported when the partition key is restricted by an EQ or an IN.");
  for (size_t i = 0; i < ast->order_count; i++) {
    const med_cql_order *order = &ast->order_by[i];
    const med_wide_column *column;
    int rc = med_cql_find_column(run, plan->table, order->column.name, order->column.at, &column);
    if (rc != MEDLEY_OK) return rc;
    if (column->role != MED_WIDE_CLUSTERING)
      return med_cql_fail(run, order->column.at, MEDLEY_ERROR,
                          "Order by is currently only supported on the clustered columns of the PRIMARY KEY, got %.*s",
                          MED_CQL_TEXT(column->name));
    while (next < plan->table->clustering_count && &columns[next] != column &&
           is_fixed(plan, plan->table->partition_count + next))
      next++;
    bool reverse = order->descending != column->descending;
    if (&columns[next] != column || next == plan->table->clustering_count)
      return med_cql_fail(
          run, order->column.at, MEDLEY_ERROR,
          "Order by currently only supports the ordering of columns following their declared order in the PRIMARY KEY");
    if (i > 0 && reverse != plan->reverse)
      return med_cql_fail(run, order->column.at, MEDLEY_ERROR, "Unsupported order by relation");
    plan->reverse = reverse;
    next++;
  }
  bool one_row = plan->grouped && plan->group_count == 0;
  for (size_t i = 0; !one_row && i < plan->table->partition_count; i++)
    plan->sort = plan->sort || plan->where.partition[i]->operation == MED_CQL_IN;
  return MEDLEY_OK;
}

static int check_filtering(med_cql_run *run, const med_cql_select_plan *plan) {
  const med_cql_restrictions *where = &plan->where;
  if (!where->filters || plan->ast->allow_filtering) return MEDLEY_OK;
  uint32_t at = plan->ast->where.count > 0 ? plan->ast->where.relations[0].at : plan->ast->table.at;
  if (where->whole_key && where->test_count > 0) {
    const med_cql_relation *test = where->tests[0];
    const med_wide_column *column = med_wide_table_column(plan->table, test->columns[0].name);
    if (column->role == MED_WIDE_CLUSTERING && where->equal_count < plan->table->clustering_count &&
        column != med_wide_clustering(plan->table) + where->equal_count)
      return med_cql_refuse_gap(run, where, test);
  }
  return med_cql_fail(
      run, at, MEDLEY_ERROR,
      "Cannot execute this query as it might involve data filtering and thus may have unpredictable performance. "
      "If you want to execute this query despite the performance unpredictability, use ALLOW FILTERING");
}

static int check_limits(med_cql_run *run, const med_cql_select *ast) {
  bool null;
  int64_t number;
  int rc = MEDLEY_OK;
  if (ast->limit != NULL) rc = med_cql_evaluate_number(run, ast->limit, MED_WIDE_INT, "[limit]", &null, &number);
  if (rc == MEDLEY_OK && ast->per_partition_limit != NULL)
    rc = med_cql_evaluate_number(run, ast->per_partition_limit, MED_WIDE_INT, "[per_partition_limit]", &null, &number);
  return rc;
}

int med_cql_select_plan_make(med_cql_run *run, const med_cql_select *select, med_cql_select_plan *plan) {
  med_cql_bounds bounds;
  int rc;
  *plan = (med_cql_select_plan){.ast = select};
  MED_TRY(med_cql_find_table(run, &select->table, &plan->table));
  run->table = plan->table;
  MED_TRY(select->selector_count == 0 ? add_all_columns(run, plan) : add_selectors(run, plan));
  MED_TRY(med_cql_restrict(run, plan->table, &select->where, MED_CQL_FOR_SELECT, &plan->where));
  MED_TRY(med_cql_bounds_make(run, &plan->where, &bounds)); /* for the types of its values */
  if (select->distinct) MED_TRY(check_distinct(run, plan));
  plan->shown_count = select->json ? 1 : plan->count;
  MED_TRY(make_groups(run, plan));
  MED_TRY(make_order(run, plan));
  MED_TRY(check_filtering(run, plan));
  rc = check_limits(run, select);
done:
  return rc;
}

int med_cql_select_add_columns(const med_cql_select_plan *plan, medley_statement *statement) {
  med_statement_clear_columns(statement);
  if (plan->ast->json) return med_statement_add_column(statement, "[json]", 6);
  for (size_t i = 0; i < plan->count; i++) {
    int rc = med_statement_add_column(statement, plan->selected[i].name.bytes, plan->selected[i].name.len);
    if (rc != MEDLEY_OK) return rc;
  }
  return MEDLEY_OK;
}
