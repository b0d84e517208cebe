/* conditions.c - IF: what a conditional statement finds, and what it shows of it. */
#include <stdlib.h>

#include "engine/cql/convert.h"
#include "engine/cql/modify.h"

/* ---- Planning ---- */
static bool has_duration(const med_wide_type *type) {
  bool found = type->kind == MED_WIDE_DURATION;
  for (unsigned i = 0; i < type->part_count && !found; i++) found = has_duration(&type->parts[i]);
  return found;
}

static const char *sign_of(med_cql_operator operation) {
  return operation == MED_CQL_LESS            ? "<"
         : operation == MED_CQL_LESS_OR_EQUAL ? "<="
         : operation == MED_CQL_GREATER       ? ">"
                                              : ">=";
}

/* Durations have no order. */
static int check_order(med_cql_run *run, const med_cql_test *test) {
  med_cql_operator operation = test->relation->operation;
  const med_wide_type *type = &test->type;
  if (operation < MED_CQL_LESS || operation > MED_CQL_GREATER_OR_EQUAL || !has_duration(type)) return MEDLEY_OK;
  if (type->kind == MED_WIDE_DURATION)
    return med_cql_fail(run, test->relation->at, MEDLEY_ERROR, "Slice conditions ( %s ) are not supported on durations",
                        sign_of(operation));
  return med_cql_fail(run, test->relation->at, MEDLEY_ERROR,
                      "Slice conditions are not supported on %s containing durations",
                      type->kind == MED_WIDE_TUPLE ? "tuples"
                      : type->kind == MED_WIDE_UDT ? "UDTs"
                                                   : "collections");
}

int med_cql_conditions_plan(med_cql_run *run, med_cql_modify_plan *plan) {
  bool planning = run->planning;
  int rc = MEDLEY_OK;
  if (plan->if_kind != MED_CQL_IF_NONE && plan->table->flags & MED_WIDE_TABLE_COUNTER)
    return med_cql_fail(run, plan->ast->at, MEDLEY_ERROR, "Conditional updates are not supported on counter tables");
  run->planning = true;
  for (size_t i = 0; rc == MEDLEY_OK && i < plan->conditions->count; i++) {
    const med_cql_relation *relation = &plan->conditions->relations[i];
    med_cql_test test;
    rc = med_cql_test_make(run, plan->table, relation, &test);
    if (rc != MEDLEY_OK) break;
    if (test.columns[0]->role <= MED_WIDE_CLUSTERING)
      rc = med_cql_fail(run, relation->at, MEDLEY_ERROR, "PRIMARY KEY column '%.*s' cannot have IF conditions",
                        MED_CQL_TEXT(test.columns[0]->name));
    else
      rc = check_order(run, &test);
    plan->condition_statics = plan->condition_statics || test.columns[0]->role == MED_WIDE_STATIC;
    plan->condition_regulars = plan->condition_regulars || test.columns[0]->role == MED_WIDE_REGULAR;
  }
  run->planning = planning;
  return rc;
}

/* A batch shows the key too, so that its rows can be told apart. */
int med_cql_conditions_columns(med_cql_run *run, med_cql_batch_plan *plan) {
  const med_wide_table *table = plan->plans[0].table;
  bool *there = med_cql_alloc(run, table->column_count);
  plan->shown = med_cql_alloc(run, table->column_count * sizeof *plan->shown);
  plan->shown_count = 0;
  if (there == NULL || plan->shown == NULL) return MEDLEY_NO_MEMORY;
  memset(there, 0, table->column_count);
  bool all = false;
  for (size_t i = 0; i < plan->count; i++)
    all = all || plan->plans[i].if_kind == MED_CQL_IF_NOT_EXISTS ||
          (plan->batch && plan->plans[i].if_kind == MED_CQL_IF_EXISTS);
  size_t first = all ? table->column_count : plan->batch ? table->partition_count + table->clustering_count : 0;
  for (; plan->shown_count < first; plan->shown_count++)
    plan->shown[plan->shown_count] = &table->columns[plan->shown_count];
  for (size_t i = 0; !all && i < plan->count; i++) {
    const med_cql_modify_plan *one = &plan->plans[i];
    for (size_t j = 0; one->if_kind == MED_CQL_IF_CONDITIONS && j < one->conditions->count; j++) {
      const med_wide_column *column = med_wide_table_column(table, one->conditions->relations[j].columns[0].name);
      bool *known = &there[column - table->columns];
      if (!*known) plan->shown[plan->shown_count++] = column;
      *known = true;
    }
  }
  return MEDLEY_OK;
}

/* ---- What is there ---- */
typedef struct present {
  med_arena arena; /* of what is read and compared: a batch may have ten thousand conditions */
  med_wide_reader *reader;
  med_wide_entry entry;
  bool exists; /* the row; of static columns alone: any of them */
  med_wide_partition partition;
  med_wide_row nothing;
} present;

static void present_clear(present *there) {
  med_wide_reader_close(there->reader);
  med_arena_clear(&there->arena);
}

static int find_statics(med_cql_run *run, const med_wide_table *table, const med_cql_row_key *key, present *there) {
  med_key partition;
  bool hashed;
  int rc = med_wide_partition_key(table, key->partition, &partition, &hashed, run->error);
  if (rc == MEDLEY_OK) rc = med_wide_partition_load(run->txn, table, &partition, &there->arena, &there->partition);
  med_wide_row_init(&there->nothing);
  there->entry = (med_wide_entry){.partition = key->partition,
                                  .clustering = key->clustering,
                                  .row = &there->nothing,
                                  .statics = &there->partition.statics};
  return rc;
}

static int find_row(med_cql_run *run, const med_wide_table *table, const med_cql_row_key *key, present *there) {
  med_wide_range range;
  int64_t now_s = med_txn_now_us(run->txn) / 1000000;
  if (key->clustering != NULL) {
    int rc = med_wide_clustering_range(table, key->clustering, table->clustering_count, NULL, NULL, &there->arena,
                                       &range, run->error);
    if (rc == MEDLEY_OK) rc = med_wide_reader_open(run->txn, table, &there->reader);
    if (rc == MEDLEY_OK) rc = med_wide_reader_partition(there->reader, key->partition, &range, false);
    if (rc == MEDLEY_OK) rc = med_wide_reader_next(there->reader, &there->entry);
    there->exists = rc == MEDLEY_OK;
    if (rc != MEDLEY_NOT_FOUND) return rc;
  }
  int rc = find_statics(run, table, key, there);
  if (rc == MEDLEY_OK && key->clustering == NULL)
    there->exists = med_wide_row_is_live(&there->partition.statics, now_s);
  return rc;
}

/* ---- Conditions ---- null is a value here: IF v = null asks whether there is none. */
static int one_holds(med_cql_run *run, const med_cql_test *test, med_slice left, bool *holds) {
  *holds = false;
  med_cql_operator operation = test->relation->operation;
  for (size_t i = 0; i < test->count && !*holds; i++) {
    med_slice right = test->values[i];
    bool null = med_wide_is_null(left) || med_wide_is_null(right);
    bool equal = null ? med_wide_is_null(left) && med_wide_is_null(right)
                      : med_wide_value_compare(&test->type, left, right) == 0;
    switch (operation) {
      case MED_CQL_EQUAL:
      case MED_CQL_IN: *holds = equal; break;
      case MED_CQL_NOT_EQUAL: *holds = !equal; break;
      default:
        if (med_wide_is_null(right))
          return med_cql_fail(run, test->relation->at, MEDLEY_ERROR, "Invalid comparison with null for operator \"%s\"",
                              sign_of(operation));
        if (med_wide_is_null(left)) break;
        int order = med_wide_value_compare(&test->type, left, right);
        *holds = operation == MED_CQL_LESS            ? order < 0
                 : operation == MED_CQL_LESS_OR_EQUAL ? order <= 0
                 : operation == MED_CQL_GREATER       ? order > 0
                                                      : order >= 0;
        break;
    }
  }
  return MEDLEY_OK;
}

static int all_hold(med_cql_run *run, const med_cql_modify_plan *plan, present *there, bool *hold) {
  int64_t now_s = med_txn_now_us(run->txn) / 1000000;
  *hold = true;
  for (size_t i = 0; *hold && i < plan->conditions->count; i++) {
    med_cql_test test;
    bool ok = true;
    int rc = med_cql_test_make(run, plan->table, &plan->conditions->relations[i], &test);
    if (rc != MEDLEY_OK) return rc;
    med_slice left = med_cql_test_left(&test, plan->table, &there->entry, now_s, &there->arena, &ok);
    rc = one_holds(run, &test, left, hold);
    if (!ok) return med_cql_no_memory(run);
    if (rc != MEDLEY_OK) return rc;
  }
  return MEDLEY_OK;
}

static int show_present(med_cql_run *run, const med_cql_batch_plan *plan, present *there, medley_value *row) {
  const med_wide_table *table = plan->plans[0].table;
  int64_t now_s = med_txn_now_us(run->txn) / 1000000;
  for (size_t i = 0; i < plan->shown_count; i++) {
    const med_wide_column *column = plan->shown[i];
    bool ok = true;
    bool hidden = !there->exists && column->role != MED_WIDE_STATIC;
    med_slice value =
        hidden ? med_slice_of(NULL, 0) : med_cql_column_value(table, column, &there->entry, now_s, &there->arena, &ok);
    int rc = ok ? med_cql_show(&column->type, value, run->arena, &row[i], run->error) : med_cql_no_memory(run);
    if (rc != MEDLEY_OK) return rc;
  }
  return MEDLEY_OK;
}

int med_cql_conditions_hold(med_cql_run *run, const med_cql_batch_plan *plan, const med_cql_modify_plan *one,
                            const med_cql_row_key *key, bool *hold, medley_value *row) {
  present there = {0};
  int rc = find_row(run, one->table, key, &there);
  *hold = false;
  if (rc == MEDLEY_OK && one->if_kind == MED_CQL_IF_EXISTS) *hold = there.exists;
  if (rc == MEDLEY_OK && one->if_kind == MED_CQL_IF_NOT_EXISTS) *hold = !there.exists;
  if (rc == MEDLEY_OK && one->if_kind == MED_CQL_IF_CONDITIONS) rc = all_hold(run, one, &there, hold);
  if (rc == MEDLEY_OK && !*hold && row != NULL) rc = show_present(run, plan, &there, row);
  present_clear(&there);
  return rc;
}

/* ---- A batch's rows ---- */
typedef struct placed { /* for sorting */
  med_cql_row_key key;
  med_slice from;
} placed;

static int compare_places(const void *a, const void *b) {
  const placed *x = a, *y = b;
  return med_slice_compare(x->from, y->from);
}

/* Those with clustering columns, in the order of rows, each once. */
static int sort_keys(med_cql_run *run, const med_wide_table *table, med_cql_row_key *keys, size_t *count) {
  placed *sorted = med_cql_alloc(run, (*count + 1) * sizeof *sorted);
  size_t rows = 0;
  if (sorted == NULL) return MEDLEY_NO_MEMORY;
  for (size_t i = 0; i < *count; i++) {
    med_wide_range range;
    if (keys[i].clustering == NULL) continue;
    int rc = med_wide_clustering_range(table, keys[i].clustering, table->clustering_count, NULL, NULL, run->arena,
                                       &range, run->error);
    if (rc != MEDLEY_OK) return rc;
    sorted[rows++] = (placed){keys[i], range.from};
  }
  if (rows > 1) qsort(sorted, rows, sizeof *sorted, compare_places);
  *count = 0;
  for (size_t i = 0; i < rows; i++) {
    if (i == 0 || !med_slice_equal(sorted[i].from, sorted[i - 1].from)) keys[(*count)++] = sorted[i].key;
  }
  return MEDLEY_OK;
}

/* A row for the key, if it is there; always: for what is there of it. */
static int show_row(med_cql_run *run, const med_cql_batch_plan *plan, const med_cql_row_key *key, bool always,
                    med_cql_applied *applied) {
  present there = {0};
  int rc = find_row(run, plan->plans[0].table, key, &there);
  if (rc == MEDLEY_OK && (there.exists || always)) {
    medley_value *values = med_cql_alloc(run, (plan->shown_count + 1) * sizeof *values);
    rc = values == NULL ? MEDLEY_NO_MEMORY : show_present(run, plan, &there, values + 1);
    if (rc == MEDLEY_OK) values[0] = (medley_value){.type = MEDLEY_TYPE_BOOLEAN, .as.boolean = false};
    if (rc == MEDLEY_OK) applied->rows[applied->count++] = values;
  }
  present_clear(&there);
  return rc;
}

int med_cql_conditions_show(med_cql_run *run, const med_cql_batch_plan *plan, med_cql_row_key *keys, size_t count,
                            med_cql_applied *applied) {
  med_cql_row_key statics = {keys[0].partition, NULL};
  *applied = (med_cql_applied){.rows = med_cql_alloc(run, (count + 1) * sizeof *applied->rows)};
  if (applied->rows == NULL) return MEDLEY_NO_MEMORY;
  int rc = sort_keys(run, plan->plans[0].table, keys, &count);
  for (size_t i = 0; rc == MEDLEY_OK && i < count; i++) rc = show_row(run, plan, &keys[i], false, applied);
  return rc == MEDLEY_OK && applied->count == 0 ? show_row(run, plan, &statics, true, applied) : rc;
}
