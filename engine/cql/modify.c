/* modify.c - planning changes: columns found, kinds of assignments, what Cassandra refuses. */
#include "engine/cql/modify.h"

#include "engine/cql/evaluate.h"

static bool is_counter(const med_wide_table *table) { return table->flags & MED_WIDE_TABLE_COUNTER; }

static int check_view(med_cql_run *run, const med_cql_name *name, const med_wide_table *table) {
  if (!(table->flags & MED_WIDE_TABLE_VIEW)) return MEDLEY_OK;
  return med_cql_fail(run, name->at, MEDLEY_ERROR, "Cannot directly modify a materialized view");
}

/* The types of what is written, seen while planning. */
static int check_value(med_cql_run *run, const med_cql_term *term, const med_wide_type *type, med_slice name) {
  med_slice value;
  bool planning = run->planning;
  run->planning = true;
  int rc = med_cql_evaluate(run, term, type, name, &value);
  run->planning = planning;
  return rc;
}

static int refuse_timestamp(med_cql_run *run, const med_cql_term *timestamp) {
  return med_cql_fail(run, timestamp->at, MEDLEY_UNSUPPORTED,
                      "USING TIMESTAMP is not supported in a table with time windows");
}

static int check_append_only(med_cql_run *run, uint32_t at, const med_wide_table *table, const char *what) {
  if (!table->append_only) return MEDLEY_OK;
  return med_cql_fail(run, at, MEDLEY_UNSUPPORTED, "%s is not supported: the table is append_only", what);
}

static int check_using(med_cql_run *run, const med_cql_modify_plan *plan) {
  bool null;
  int64_t number;
  const med_cql_using *using = plan->using;
  int rc = MEDLEY_OK;
  if (using->timestamp != NULL && plan->if_kind != MED_CQL_IF_NONE)
    return med_cql_fail(run, using->timestamp->at, MEDLEY_ERROR,
                        "Cannot provide custom timestamp for conditional updates");
  if (using->timestamp != NULL && is_counter(plan->table))
    return med_cql_fail(run, using->timestamp->at, MEDLEY_ERROR, "Cannot provide custom timestamp for counter updates");
  if (using->ttl != NULL && is_counter(plan->table))
    return med_cql_fail(run, using->ttl->at, MEDLEY_ERROR, "Cannot provide custom TTL for counter updates");
  if (using->timestamp != NULL && plan->table->time_window != NULL) return refuse_timestamp(run, using->timestamp);
  if (using->ttl != NULL && plan->table->append_only)
    return med_cql_fail(run, using->ttl->at, MEDLEY_UNSUPPORTED,
                        "USING TTL is not supported: the table is append_only");
  bool planning = run->planning;
  run->planning = true;
  if (using->timestamp != NULL)
    rc = med_cql_evaluate_number(run, using->timestamp, MED_WIDE_BIGINT, "[timestamp]", &null, &number);
  if (rc == MEDLEY_OK && using->ttl != NULL)
    rc = med_cql_evaluate_number(run, using->ttl, MED_WIDE_INT, "[ttl]", &null, &number);
  run->planning = planning;
  return rc;
}

static void note_column(med_cql_modify_plan *plan, const med_wide_column *column) {
  plan->statics = plan->statics || column->role == MED_WIDE_STATIC;
  plan->regulars = plan->regulars || column->role == MED_WIDE_REGULAR;
}

/* ---- INSERT ---- */
static int check_insert_key(med_cql_run *run, med_cql_modify_plan *plan) {
  const med_wide_table *table = plan->table;
  const med_wide_column *missing = NULL;
  size_t clustering = 0;
  for (size_t i = 0; i < table->partition_count + table->clustering_count; i++) {
    if (plan->key[i] != NULL) {
      clustering += i >= table->partition_count;
      continue;
    }
    if (i < table->partition_count)
      return med_cql_fail(run, plan->ast->as.insert.table.at, MEDLEY_ERROR,
                          "Some partition key parts are missing: %.*s", MED_CQL_TEXT(table->columns[i].name));
    if (missing == NULL) missing = &table->columns[i];
  }
  plan->has_clustering = missing == NULL;
  bool only_statics = plan->statics && !plan->regulars && clustering == 0;
  if (missing != NULL && !only_statics)
    return med_cql_fail(run, plan->ast->as.insert.table.at, MEDLEY_ERROR, "Some clustering keys are missing: %.*s",
                        MED_CQL_TEXT(missing->name));
  return MEDLEY_OK;
}

static int plan_insert(med_cql_run *run, const med_cql_insert *insert, med_cql_modify_plan *plan) {
  const med_wide_table *table;
  int rc;
  plan->using = &insert->using;
  plan->if_kind = insert->if_not_exists ? MED_CQL_IF_NOT_EXISTS : MED_CQL_IF_NONE;
  MED_TRY(med_cql_find_table(run, &insert->table, &table));
  plan->table = run->table = table;
  MED_TRY(check_view(run, &insert->table, table));
  if (is_counter(table))
    return med_cql_fail(run, insert->table.at, MEDLEY_ERROR,
                        "INSERT statements are not allowed on counter tables, use UPDATE instead");
  MED_TRY(check_using(run, plan));
  if (insert->json != NULL) {
    static const med_wide_type text = {.kind = MED_WIDE_TEXT};
    return check_value(run, insert->json, &text, med_slice_of_text("[json]"));
  }
  size_t keys = table->partition_count + table->clustering_count;
  plan->targets = med_cql_alloc(run, (insert->count + 1) * sizeof *plan->targets);
  plan->key = med_cql_alloc(run, (keys + 1) * sizeof *plan->key);
  if (plan->targets == NULL || plan->key == NULL) return MEDLEY_NO_MEMORY;
  memset(plan->key, 0, (keys + 1) * sizeof *plan->key);
  for (size_t i = 0; i < insert->count; i++) {
    const med_wide_column *column;
    MED_TRY(med_cql_find_column(run, table, insert->columns[i].name, insert->columns[i].at, &column));
    for (size_t j = 0; j < i; j++) {
      if (med_slice_equal(insert->columns[j].name, column->name))
        return med_cql_fail(run, insert->columns[i].at, MEDLEY_ERROR, "The column names contains duplicates");
    }
    MED_TRY(check_value(run, insert->values[i], &column->type, column->name));
    note_column(plan, column);
    if (column->role <= MED_WIDE_CLUSTERING)
      plan->key[column - table->columns] = insert->values[i];
    else
      plan->targets[plan->count++] =
          (med_cql_target){.column = column, .kind = MED_WIDE_CHANGE_SET, .value = insert->values[i]};
  }
  rc = check_insert_key(run, plan);
done:
  return rc;
}

/* ---- UPDATE ---- */
static int field_of(med_cql_run *run, const med_wide_column *column, const med_cql_identifier *field,
                    uint16_t *number) {
  if (column->type.kind != MED_WIDE_UDT)
    return med_cql_fail(run, field->at, MEDLEY_ERROR, "Invalid operation (%.*s.%.*s = ...) for non-UDT column %.*s",
                        MED_CQL_TEXT(column->name), MED_CQL_TEXT(field->name), MED_CQL_TEXT(column->name));
  if (column->type.frozen)
    return med_cql_fail(run, field->at, MEDLEY_ERROR, "Invalid operation (%.*s.%.*s = ...) for frozen UDT column %.*s",
                        MED_CQL_TEXT(column->name), MED_CQL_TEXT(field->name), MED_CQL_TEXT(column->name));
  for (uint16_t i = 0; i < column->type.part_count; i++) {
    if (!med_slice_equal(column->type.fields[i], field->name)) continue;
    *number = i;
    return MEDLEY_OK;
  }
  return med_cql_fail(run, field->at, MEDLEY_NOT_FOUND, "UDT column %.*s does not have a field named %.*s",
                      MED_CQL_TEXT(column->name), MED_CQL_TEXT(field->name));
}

static int plan_element(med_cql_run *run, const med_cql_term *element, uint32_t at, bool deletes,
                        med_cql_target *target) {
  static const med_wide_type index = {.kind = MED_WIDE_INT};
  const med_wide_type *type = &target->column->type;
  if (!med_wide_kind_is_collection(type->kind) || (type->kind == MED_WIDE_SET && !deletes))
    return med_cql_fail(run, at, MEDLEY_ERROR, "Invalid operation (%.*s[...]) for %s column %.*s",
                        MED_CQL_TEXT(target->column->name), type->kind == MED_WIDE_SET ? "set" : "non collection",
                        MED_CQL_TEXT(target->column->name));
  if (type->frozen)
    return med_cql_fail(run, at, MEDLEY_ERROR, "Invalid operation (%.*s[...]) for frozen collection column %.*s",
                        MED_CQL_TEXT(target->column->name), MED_CQL_TEXT(target->column->name));
  target->element = element;
  target->kind = type->kind == MED_WIDE_LIST ? MED_WIDE_CHANGE_SET_AT
                 : deletes                   ? MED_WIDE_CHANGE_REMOVE_ELEMENT
                                             : MED_WIDE_CHANGE_SET_ELEMENT;
  int rc = check_value(run, element, type->kind == MED_WIDE_LIST ? &index : &type->parts[0], target->column->name);
  if (rc == MEDLEY_OK && !deletes)
    rc = check_value(run, target->value, &type->parts[type->kind == MED_WIDE_MAP], target->column->name);
  return rc;
}

/* column = column + value and its like. */
static int plan_sum(med_cql_run *run, const med_cql_assignment *assignment, med_cql_target *target) {
  const med_wide_column *column = target->column;
  const med_wide_type *type = &column->type;
  bool subtract = assignment->kind == MED_CQL_SUBTRACT;
  static const med_wide_type bigint = {.kind = MED_WIDE_BIGINT};
  if (type->kind == MED_WIDE_COUNTER) {
    if (assignment->kind == MED_CQL_PREPEND)
      return med_cql_fail(run, assignment->column.at, MEDLEY_ERROR, "Invalid operation for counter column %.*s",
                          MED_CQL_TEXT(column->name));
    target->kind = MED_WIDE_CHANGE_ADD_COUNTER;
    target->negative = subtract;
    return check_value(run, target->value, &bigint, column->name);
  }
  if (!med_wide_kind_is_collection(type->kind))
    return med_cql_fail(
        run, assignment->column.at, MEDLEY_ERROR, "Invalid operation (%.*s = %.*s %c ...) for non counter column %.*s",
        MED_CQL_TEXT(column->name), MED_CQL_TEXT(column->name), subtract ? '-' : '+', MED_CQL_TEXT(column->name));
  if (type->frozen)
    return med_cql_fail(run, assignment->column.at, MEDLEY_ERROR,
                        "Invalid operation (%.*s = %.*s %c ...) for frozen collection column %.*s",
                        MED_CQL_TEXT(column->name), MED_CQL_TEXT(column->name), subtract ? '-' : '+',
                        MED_CQL_TEXT(column->name));
  if (assignment->kind == MED_CQL_PREPEND && type->kind != MED_WIDE_LIST)
    return med_cql_fail(run, assignment->column.at, MEDLEY_ERROR, "Invalid operation for non list column %.*s",
                        MED_CQL_TEXT(column->name));
  target->kind = subtract                              ? MED_WIDE_CHANGE_REMOVE
                 : assignment->kind == MED_CQL_PREPEND ? MED_WIDE_CHANGE_PREPEND
                                                       : MED_WIDE_CHANGE_ADD;
  med_wide_type keys = {.kind = MED_WIDE_SET, .frozen = true, .part_count = 1, .parts = type->parts};
  return check_value(run, target->value, subtract && type->kind == MED_WIDE_MAP ? &keys : type, column->name);
}

static int plan_assignment(med_cql_run *run, const med_cql_assignment *assignment, med_cql_target *target) {
  const med_wide_column *column = target->column;
  target->value = assignment->value;
  switch (assignment->kind) {
    case MED_CQL_SET_VALUE:
      target->kind = MED_WIDE_CHANGE_SET;
      if (column->type.kind == MED_WIDE_COUNTER)
        return med_cql_fail(
            run, assignment->column.at, MEDLEY_ERROR,
            "Cannot set the value of counter column %.*s (counters can only be incremented/decremented, not set)",
            MED_CQL_TEXT(column->name));
      return check_value(run, target->value, &column->type, column->name);
    case MED_CQL_SET_ELEMENT: return plan_element(run, assignment->element, assignment->column.at, false, target);
    case MED_CQL_SET_FIELD: {
      target->kind = MED_WIDE_CHANGE_SET_FIELD;
      int rc = field_of(run, column, &assignment->field, &target->field);
      return rc == MEDLEY_OK ? check_value(run, target->value, &column->type.parts[target->field], column->name) : rc;
    }
    default: return plan_sum(run, assignment, target);
  }
}

/* How much of the row's key WHERE must give, and may: of static columns alone none of the clustering columns. */
static int check_row_key(med_cql_run *run, const med_cql_modify_plan *plan, uint32_t at, const char *statement) {
  const med_cql_restrictions *where = &plan->where;
  const med_wide_table *table = plan->table;
  bool none = where->equal_count == 0 && where->lower == NULL && where->upper == NULL;
  bool only_statics = !plan->regulars && !plan->condition_regulars && (plan->statics || plan->condition_statics);
  if (only_statics && table->clustering_count > 0) {
    if (none) return MEDLEY_OK;
    return med_cql_fail(
        run, at, MEDLEY_ERROR,
        "Invalid restrictions on clustering columns since the %s statement modifies only static columns", statement);
  }
  if (where->whole_row) return MEDLEY_OK;
  if (plan->ast->kind == MED_CQL_DELETE && plan->if_kind != MED_CQL_IF_NONE)
    return med_cql_fail(
        run, at, MEDLEY_ERROR,
        "DELETE statements must restrict all PRIMARY KEY columns with equality relations in order to %s",
        plan->regulars ? "delete non static columns" : "use IF condition on non static columns");
  if (where->lower != NULL || where->upper != NULL)
    return med_cql_fail(run, at, MEDLEY_ERROR,
                        "Slice restrictions are not supported on the clustering columns in %s statements", statement);
  return med_cql_fail(run, at, MEDLEY_ERROR, "Some clustering keys are missing: %.*s",
                      MED_CQL_TEXT(med_wide_clustering(table)[where->equal_count].name));
}

/* What has a condition is of one row. */
static int check_no_in(med_cql_run *run, const med_cql_modify_plan *plan, bool batch) {
  const med_cql_restrictions *where = &plan->where;
  const char *changes = plan->ast->kind == MED_CQL_DELETE ? "deletions" : "updates";
  if (plan->ast->kind == MED_CQL_INSERT) return MEDLEY_OK;
  for (size_t i = 0; i < plan->table->partition_count; i++) {
    const med_cql_relation *relation = where->partition[i];
    if (relation == NULL || relation->operation != MED_CQL_IN) continue;
    if (batch)
      return med_cql_fail(
          run, relation->at, MEDLEY_ERROR,
          "Batch with conditions cannot span multiple partitions (you cannot use IN on the partition key)");
    return med_cql_fail(run, relation->at, MEDLEY_ERROR, "IN on the partition key is not supported with conditional %s",
                        changes);
  }
  for (size_t i = 0; i < plan->table->clustering_count; i++) {
    const med_cql_relation *relation = where->clustering[i];
    if (relation != NULL && relation->operation == MED_CQL_IN)
      return med_cql_fail(run, relation->at, MEDLEY_ERROR,
                          "IN on the clustering key columns is not supported with conditional %s", changes);
  }
  return MEDLEY_OK;
}

/* A column is set once, or changed in parts. given: of each column, 0, SET or PART so far. */
static int check_again(med_cql_run *run, const med_cql_assignment *assignment, uint8_t *given) {
  enum { SET = 1, PART = 2 };
  bool sets = assignment->kind == MED_CQL_SET_VALUE;
  if (*given == SET || (sets && *given != 0))
    return med_cql_fail(run, assignment->column.at, MEDLEY_SYNTAX, "Multiple incompatible setting of column %.*s",
                        MED_CQL_TEXT(assignment->column.name));
  *given = sets ? SET : PART;
  return MEDLEY_OK;
}

static int plan_update(med_cql_run *run, const med_cql_update *update, med_cql_modify_plan *plan) {
  int rc;
  plan->using = &update->using;
  plan->if_kind = update->if_kind;
  plan->conditions = &update->conditions;
  MED_TRY(med_cql_find_table(run, &update->table, &plan->table));
  run->table = plan->table;
  MED_TRY(check_view(run, &update->table, plan->table));
  MED_TRY(check_append_only(run, update->table.at, plan->table, "UPDATE"));
  MED_TRY(check_using(run, plan));
  plan->targets = med_cql_alloc(run, (update->count + 1) * sizeof *plan->targets);
  uint8_t *given = med_cql_alloc(run, plan->table->column_count);
  if (plan->targets == NULL || given == NULL) return MEDLEY_NO_MEMORY;
  memset(given, 0, plan->table->column_count);
  for (size_t i = 0; i < update->count; i++) {
    const med_cql_assignment *assignment = &update->assignments[i];
    med_cql_target *target = &plan->targets[plan->count++];
    *target = (med_cql_target){0};
    MED_TRY(med_cql_find_column(run, plan->table, assignment->column.name, assignment->column.at, &target->column));
    if (target->column->role <= MED_WIDE_CLUSTERING)
      return med_cql_fail(run, assignment->column.at, MEDLEY_ERROR, "PRIMARY KEY part %.*s found in SET part",
                          MED_CQL_TEXT(target->column->name));
    MED_TRY(check_again(run, assignment, &given[target->column - plan->table->columns]));
    MED_TRY(plan_assignment(run, assignment, target));
    note_column(plan, target->column);
  }
  MED_TRY(med_cql_conditions_plan(run, plan));
  MED_TRY(med_cql_restrict(run, plan->table, &update->where, MED_CQL_FOR_UPDATE, &plan->where));
  rc = check_row_key(run, plan, update->table.at, "UPDATE");
done:
  return rc;
}

/* ---- DELETE ---- */
static int plan_target(med_cql_run *run, const med_cql_term *term, med_cql_target *target) {
  const med_cql_term *column = term->kind == MED_CQL_COLUMN ? term : term->items[0];
  if (column->kind != MED_CQL_COLUMN)
    return med_cql_fail(run, term->at, MEDLEY_ERROR, "DELETE takes columns, elements of collections and fields");
  *target = (med_cql_target){.kind = MED_WIDE_CHANGE_SET};
  int rc = med_cql_find_column(run, run->table, column->name.name, column->at, &target->column);
  if (rc != MEDLEY_OK) return rc;
  if (target->column->role <= MED_WIDE_CLUSTERING)
    return med_cql_fail(run, term->at, MEDLEY_ERROR,
                        "Invalid identifier %.*s for deletion (should not be a PRIMARY KEY part)",
                        MED_CQL_TEXT(target->column->name));
  if (term->kind == MED_CQL_ELEMENT_OF) return plan_element(run, term->items[1], term->at, true, target);
  if (term->kind == MED_CQL_FIELD_OF) {
    med_cql_identifier field = {term->text, term->at};
    target->kind = MED_WIDE_CHANGE_SET_FIELD;
    return field_of(run, target->column, &field, &target->field);
  }
  return MEDLEY_OK;
}

static int plan_delete(med_cql_run *run, const med_cql_delete *delete, med_cql_modify_plan *plan) {
  int rc;
  plan->using = &delete->using;
  plan->if_kind = delete->if_kind;
  plan->conditions = &delete->conditions;
  MED_TRY(med_cql_find_table(run, &delete->table, &plan->table));
  run->table = plan->table;
  MED_TRY(check_view(run, &delete->table, plan->table));
  MED_TRY(check_append_only(run, delete->table.at, plan->table, "DELETE"));
  MED_TRY(check_using(run, plan));
  plan->targets = med_cql_alloc(run, (delete->count + 1) * sizeof *plan->targets);
  if (plan->targets == NULL) return MEDLEY_NO_MEMORY;
  for (size_t i = 0; i < delete->count; i++) {
    MED_TRY(plan_target(run, delete->targets[i], &plan->targets[plan->count]));
    note_column(plan, plan->targets[plan->count++].column);
  }
  plan->regulars = plan->regulars || delete->count == 0;
  MED_TRY(med_cql_conditions_plan(run, plan));
  MED_TRY(med_cql_restrict(run, plan->table, &delete->where, MED_CQL_FOR_DELETE, &plan->where));
  if (delete->count > 0 || plan->if_kind != MED_CQL_IF_NONE) rc = check_row_key(run, plan, delete->table.at, "DELETE");
done:
  return rc;
}

/* ---- One statement, or a batch ---- */
static int plan_one(med_cql_run *run, const med_cql_statement *statement, med_cql_modify_plan *plan) {
  med_cql_bounds bounds;
  *plan = (med_cql_modify_plan){.ast = statement};
  int rc = MEDLEY_OK;
  switch (statement->kind) {
    case MED_CQL_INSERT: return plan_insert(run, &statement->as.insert, plan);
    case MED_CQL_UPDATE: rc = plan_update(run, &statement->as.update, plan); break;
    default: rc = plan_delete(run, &statement->as.delete, plan); break;
  }
  bool planning = run->planning;
  run->planning = true;
  if (rc == MEDLEY_OK) rc = med_cql_bounds_make(run, &plan->where, &bounds);
  run->planning = planning;
  return rc;
}

static int check_batched(med_cql_run *run, const med_cql_batch *batch, const med_cql_batch_plan *plan,
                         const med_cql_modify_plan *one) {
  const med_cql_term *timestamp = batch->using.timestamp;
  bool counter = is_counter(one->table), counters = batch->kind == MED_CQL_BATCH_COUNTER;
  const char *wrong = NULL;
  if (timestamp != NULL && one->table->time_window != NULL) return refuse_timestamp(run, timestamp);
  if (timestamp != NULL && one->using->timestamp != NULL)
    return med_cql_fail(run, one->using->timestamp->at, MEDLEY_ERROR,
                        "Timestamp must be set either on BATCH or individual statements");
  if (timestamp != NULL && counter)
    return med_cql_fail(run, timestamp->at, MEDLEY_ERROR, "Cannot provide custom timestamp for %s",
                        counters ? "counter BATCH" : "a BATCH containing counters");
  if (counters && !counter)
    wrong = "Cannot include non-counter statement in a counter batch";
  else if (counter != is_counter(plan->plans[0].table))
    wrong = "Counter and non-counter mutations cannot exist in the same batch";
  else if (counter && batch->kind == MED_CQL_BATCH_LOGGED)
    wrong = "Cannot include a counter statement in a logged batch";
  else if (plan->conditional && one->table != plan->plans[0].table)
    wrong = "Batch with conditions cannot span multiple tables";
  if (wrong != NULL) return med_cql_fail(run, one->ast->at, MEDLEY_ERROR, "%s", wrong);
  return plan->conditional ? check_no_in(run, one, true) : MEDLEY_OK;
}

static int check_batch(med_cql_run *run, const med_cql_batch *batch, const med_cql_batch_plan *plan) {
  if (batch->using.timestamp != NULL && plan->conditional)
    return med_cql_fail(run, batch->using.timestamp->at, MEDLEY_ERROR,
                        "Cannot provide custom timestamp for conditional BATCH");
  int rc = MEDLEY_OK;
  for (size_t i = 0; rc == MEDLEY_OK && i < plan->count; i++) rc = check_batched(run, batch, plan, &plan->plans[i]);
  return rc;
}

int med_cql_modify_plan_make(med_cql_run *run, const med_cql_statement *statement, med_cql_batch_plan *plan) {
  bool batch = statement->kind == MED_CQL_BATCH;
  size_t count = batch ? statement->as.batch.count : 1;
  *plan = (med_cql_batch_plan){.plans = med_cql_alloc(run, (count + 1) * sizeof *plan->plans)};
  if (plan->plans == NULL) return MEDLEY_NO_MEMORY;
  int rc;
  for (; plan->count < count; plan->count++) {
    MED_TRY(plan_one(run, batch ? &statement->as.batch.statements[plan->count] : statement, &plan->plans[plan->count]));
    plan->conditional = plan->conditional || plan->plans[plan->count].if_kind != MED_CQL_IF_NONE;
  }
  plan->batch = batch;
  if (batch) plan->using = &statement->as.batch.using;
  rc = MEDLEY_OK;
  if (batch)
    rc = check_batch(run, &statement->as.batch, plan);
  else if (plan->conditional)
    rc = check_no_in(run, &plan->plans[0], false);
  if (rc == MEDLEY_OK && plan->conditional) rc = med_cql_conditions_columns(run, plan);
done:
  return rc;
}

int med_cql_modify_add_columns(const med_cql_batch_plan *plan, medley_statement *statement) {
  med_statement_clear_columns(statement);
  if (!plan->conditional) return MEDLEY_OK;
  int rc = med_statement_add_column(statement, "[applied]", 9);
  for (size_t i = 0; rc == MEDLEY_OK && i < plan->shown_count; i++)
    rc = med_statement_add_column(statement, plan->shown[i]->name.bytes, plan->shown[i]->name.len);
  return rc;
}
