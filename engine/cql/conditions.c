/* conditions.c - IF: what a conditional statement finds, and what it shows of it. */
#include "engine/cql/convert.h"
#include "engine/cql/modify.h"

int med_cql_conditions_columns(med_cql_run *run, const med_cql_modify_plan *plan, const med_wide_column ***columns,
                               size_t *count) {
  const med_wide_table *table = plan->table;
  size_t room = table->column_count + (plan->conditions != NULL ? plan->conditions->count : 0);
  *columns = med_cql_alloc(run, (room + 1) * sizeof **columns);
  *count = 0;
  if (*columns == NULL) return MEDLEY_NO_MEMORY;
  if (plan->if_kind == MED_CQL_IF_NOT_EXISTS) {
    for (; *count < table->column_count; ++*count) (*columns)[*count] = &table->columns[*count];
    return MEDLEY_OK;
  }
  for (size_t i = 0; plan->if_kind == MED_CQL_IF_CONDITIONS && i < plan->conditions->count; i++) {
    const med_wide_column *column = med_wide_table_column(table, plan->conditions->relations[i].columns[0].name);
    bool there = false;
    for (size_t j = 0; j < *count; j++) there = there || (*columns)[j] == column;
    if (!there) (*columns)[(*count)++] = column;
  }
  return MEDLEY_OK;
}

/* ---- What is there ---- */
typedef struct present {
  med_wide_reader *reader;
  med_wide_entry entry;
  bool exists; /* the row; of static columns alone: any of them */
  med_wide_partition partition;
  med_wide_row nothing;
} present;

static int find_statics(med_cql_run *run, const med_wide_table *table, const med_cql_row_key *key, present *there) {
  med_key partition;
  bool hashed;
  int rc = med_wide_partition_key(table, key->partition, &partition, &hashed, run->error);
  if (rc == MEDLEY_OK) rc = med_wide_partition_load(run->txn, table, &partition, run->arena, &there->partition);
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
    int rc = med_wide_clustering_range(table, key->clustering, table->clustering_count, NULL, NULL, run->arena, &range,
                                       run->error);
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
                              operation == MED_CQL_LESS               ? "<"
                              : operation == MED_CQL_LESS_OR_EQUAL    ? "<="
                              : operation == MED_CQL_GREATER          ? ">"
                              : operation == MED_CQL_GREATER_OR_EQUAL ? ">="
                                                                      : "CONTAINS");
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

static int all_hold(med_cql_run *run, const med_cql_modify_plan *plan, const med_wide_entry *entry, bool *hold) {
  int64_t now_s = med_txn_now_us(run->txn) / 1000000;
  *hold = true;
  for (size_t i = 0; *hold && i < plan->conditions->count; i++) {
    med_cql_test test;
    bool ok = true;
    int rc = med_cql_test_make(run, plan->table, &plan->conditions->relations[i], &test);
    if (rc != MEDLEY_OK) return rc;
    med_cql_operator operation = test.relation->operation;
    if (operation == MED_CQL_CONTAINS || operation == MED_CQL_CONTAINS_KEY) {
      *hold = med_cql_test_passes(&test, plan->table, entry, now_s, run->arena, &ok);
    } else {
      med_slice left = med_cql_test_left(&test, plan->table, entry, now_s, run->arena, &ok);
      rc = one_holds(run, &test, left, hold);
    }
    if (!ok) return med_cql_no_memory(run);
    if (rc != MEDLEY_OK) return rc;
  }
  return MEDLEY_OK;
}

static int show_present(med_cql_run *run, const med_wide_table *table, const present *there,
                        const med_wide_column **shown, size_t count, medley_value *row) {
  int64_t now_s = med_txn_now_us(run->txn) / 1000000;
  for (size_t i = 0; i < count; i++) {
    bool ok = true;
    bool hidden = !there->exists && shown[i]->role != MED_WIDE_STATIC;
    med_slice value =
        hidden ? med_slice_of(NULL, 0) : med_cql_column_value(table, shown[i], &there->entry, now_s, run->arena, &ok);
    int rc = ok ? med_cql_show(&shown[i]->type, value, run->arena, &row[i], run->error) : med_cql_no_memory(run);
    if (rc != MEDLEY_OK) return rc;
  }
  return MEDLEY_OK;
}

int med_cql_conditions_hold(med_cql_run *run, const med_cql_modify_plan *plan, const med_cql_row_key *key, bool *hold,
                            const med_wide_column **shown, size_t shown_count, medley_value *row) {
  present there = {0};
  int rc = find_row(run, plan->table, key, &there);
  *hold = false;
  if (rc == MEDLEY_OK && plan->if_kind == MED_CQL_IF_EXISTS) *hold = there.exists;
  if (rc == MEDLEY_OK && plan->if_kind == MED_CQL_IF_NOT_EXISTS) *hold = !there.exists;
  if (rc == MEDLEY_OK && plan->if_kind == MED_CQL_IF_CONDITIONS) rc = all_hold(run, plan, &there.entry, hold);
  if (rc == MEDLEY_OK && !*hold && row != NULL) rc = show_present(run, plan->table, &there, shown, shown_count, row);
  med_wide_reader_close(there.reader);
  return rc;
}
