/* modify_run.c - applying changes: values taken, rows found, conditions asked, the model called. */
#include "engine/cql/evaluate.h"
#include "engine/cql/json.h"
#include "engine/cql/modify.h"

/* One statement of a batch on its way: its values are taken before anything is written. */
typedef struct change {
  const med_cql_modify_plan *plan;
  med_wide_table table; /* the plan's, with the flags that are set now */
  bool timestamped;
  int64_t timestamp_us;
  uint32_t ttl_s;
  med_cql_bounds bounds;       /* not of an INSERT */
  const med_slice *partition;  /* of an INSERT */
  const med_slice *clustering; /* NULL: static columns alone */
  bool marker;
  med_wide_change *statics, *regulars;
  size_t static_count, regular_count;
} change;

/* ---- USING ---- */
static int take_timestamp(med_cql_run *run, const med_cql_using *batch, change *to) {
  const med_cql_term *term = to->plan->using->timestamp;
  bool null;
  if (term == NULL && batch != NULL) term = batch->timestamp;
  to->timestamp_us = med_session_next_timestamp_us(run->session);
  if (term == NULL) return MEDLEY_OK;
  int64_t number = 0;
  int rc = med_cql_evaluate_number(run, term, MED_WIDE_BIGINT, "[timestamp]", &null, &number);
  if (rc != MEDLEY_OK) return rc;
  if (null) return med_cql_fail(run, term->at, MEDLEY_ERROR, "Invalid null value of timestamp");
  if (number == INT64_MIN)
    return med_cql_fail(run, term->at, MEDLEY_RANGE, "Out of bound timestamp, must be in [%lld, %lld]",
                        (long long)INT64_MIN + 1, (long long)INT64_MAX);
  to->timestamp_us = number;
  to->timestamped = true;
  return MEDLEY_OK;
}

static int take_ttl(med_cql_run *run, change *to) {
  const med_cql_term *term = to->plan->using->ttl;
  bool null = true;
  int64_t number = 0;
  to->ttl_s = to->plan->table->default_ttl_s;
  if (term == NULL) return MEDLEY_OK;
  int rc = med_cql_evaluate_number(run, term, MED_WIDE_INT, "[ttl]", &null, &number);
  if (rc != MEDLEY_OK) return rc;
  if (null) number = 0; /* none, not the table's */
  if (number < 0)
    return med_cql_fail(run, term->at, MEDLEY_RANGE, "A TTL must be greater or equal to 0, but was %lld",
                        (long long)number);
  if (number > MED_WIDE_TTL_MAX)
    return med_cql_fail(run, term->at, MEDLEY_RANGE, "ttl is too large. requested (%lld) maximum (%d)",
                        (long long)number, MED_WIDE_TTL_MAX);
  to->ttl_s = (uint32_t)number;
  return MEDLEY_OK;
}

/* ---- Values of assignments ---- */
static int take_element(med_cql_run *run, const med_cql_target *target, med_wide_change *to) {
  static const med_wide_type index = {.kind = MED_WIDE_INT};
  const med_wide_type *type = &target->column->type;
  bool list = type->kind == MED_WIDE_LIST;
  int rc = med_cql_evaluate(run, target->element, list ? &index : &type->parts[0], target->column->name, &to->element);
  if (rc != MEDLEY_OK) return rc;
  if (med_wide_is_null(to->element))
    return med_cql_fail(run, target->element->at, MEDLEY_ERROR,
                        list ? "Invalid null value for list index" : "Invalid null map key");
  if (list) to->index = (int32_t)med_get_u32(to->element.bytes);
  return MEDLEY_OK;
}

static int take_counter(med_cql_run *run, const med_cql_target *target, med_wide_change *to) {
  bool null;
  int64_t number = 0;
  int rc = med_cql_evaluate_number(run, target->value, MED_WIDE_BIGINT, "counter", &null, &number);
  if (rc != MEDLEY_OK) return rc;
  if (null) return med_cql_fail(run, target->value->at, MEDLEY_ERROR, "Invalid null value for counter increment");
  to->index = target->negative ? (int64_t)(0 - (uint64_t)number) : number;
  return MEDLEY_OK;
}

static const med_wide_type *value_type(const med_cql_target *target, med_wide_type *keys) {
  const med_wide_type *type = &target->column->type;
  switch (target->kind) {
    case MED_WIDE_CHANGE_SET_ELEMENT:
    case MED_WIDE_CHANGE_SET_AT: return &type->parts[type->kind == MED_WIDE_MAP];
    case MED_WIDE_CHANGE_SET_FIELD: return &type->parts[target->field];
    case MED_WIDE_CHANGE_REMOVE:
      if (type->kind != MED_WIDE_MAP) return type;
      *keys = (med_wide_type){.kind = MED_WIDE_SET, .frozen = true, .part_count = 1, .parts = type->parts};
      return keys;
    default: return type;
  }
}

/* *skip: the change is none (a null that is added). */
static int take_change(med_cql_run *run, const med_cql_target *target, med_wide_change *to, bool *skip) {
  med_wide_type keys;
  *to = (med_wide_change){.kind = target->kind, .column = target->column, .index = target->field};
  *skip = false;
  if (target->kind == MED_WIDE_CHANGE_ADD_COUNTER) return take_counter(run, target, to);
  int rc = target->element != NULL ? take_element(run, target, to) : MEDLEY_OK;
  if (rc == MEDLEY_OK && target->value != NULL)
    rc = med_cql_evaluate(run, target->value, value_type(target, &keys), target->column->name, &to->value);
  if (med_wide_is_null(to->value))
    *skip = target->kind == MED_WIDE_CHANGE_ADD || target->kind == MED_WIDE_CHANGE_PREPEND ||
            target->kind == MED_WIDE_CHANGE_REMOVE;
  return rc;
}

static int take_changes(med_cql_run *run, change *to) {
  const med_cql_modify_plan *plan = to->plan;
  to->statics = med_cql_alloc(run, (plan->count + 1) * sizeof *to->statics);
  to->regulars = med_cql_alloc(run, (plan->count + 1) * sizeof *to->regulars);
  if (to->statics == NULL || to->regulars == NULL) return MEDLEY_NO_MEMORY;
  for (size_t i = 0; i < plan->count; i++) {
    bool is_static = plan->targets[i].column->role == MED_WIDE_STATIC, skip;
    med_wide_change *slot = is_static ? &to->statics[to->static_count] : &to->regulars[to->regular_count];
    int rc = take_change(run, &plan->targets[i], slot, &skip);
    if (rc != MEDLEY_OK) return rc;
    if (skip) continue;
    to->static_count += is_static;
    to->regular_count += !is_static;
  }
  return MEDLEY_OK;
}

/* ---- INSERT ---- */
static int check_key(med_cql_run *run, const med_cql_modify_plan *plan, const med_slice *values, size_t count) {
  const med_wide_table *table = plan->table;
  const med_cql_term *json = plan->ast->as.insert.json;
  uint32_t at = json != NULL ? json->at : plan->key[0]->at;
  for (size_t i = 0; i < count; i++) {
    if (json == NULL) at = plan->key[i]->at;
    if (med_wide_is_null(values[i]))
      return med_cql_fail(run, at, MEDLEY_ERROR, "Invalid null value in condition for column %.*s",
                          MED_CQL_TEXT(table->columns[i].name));
    if (i < table->partition_count && values[i].len > UINT16_MAX)
      return med_cql_fail(run, at, MEDLEY_TOO_BIG, "Key length of %zu is longer than maximum of %d", values[i].len,
                          UINT16_MAX);
  }
  if (json == NULL) at = plan->key[0]->at;
  if (table->partition_count == 1 && values[0].len == 0)
    return med_cql_fail(run, at, MEDLEY_ERROR, "Key may not be empty");
  return MEDLEY_OK;
}

static int take_insert_key(med_cql_run *run, change *to) {
  const med_wide_table *table = to->plan->table;
  size_t count = table->partition_count + (to->plan->has_clustering ? table->clustering_count : 0);
  med_slice *values = med_cql_alloc(run, (count + 1) * sizeof *values);
  if (values == NULL) return MEDLEY_NO_MEMORY;
  for (size_t i = 0; i < count; i++) {
    int rc = med_cql_evaluate(run, to->plan->key[i], &table->columns[i].type, table->columns[i].name, &values[i]);
    if (rc != MEDLEY_OK) return rc;
  }
  to->partition = values;
  to->clustering = to->plan->has_clustering ? values + table->partition_count : NULL;
  return check_key(run, to->plan, values, count);
}

static int json_member(med_cql_run *run, change *to, const med_cql_json_member *members, size_t count,
                       const med_wide_column *column, bool *there, med_slice *value) {
  *there = false;
  *value = med_slice_of(NULL, 0);
  for (size_t i = 0; i < count; i++) {
    if (!med_slice_equal(members[i].name, column->name)) continue;
    *there = true;
    int rc = med_cql_json_read(&column->type, members[i].value, run->arena, value, run->error);
    if (rc == MEDLEY_OK || rc == MEDLEY_NO_MEMORY) return rc;
    char message[MEDLEY_ERROR_MESSAGE_SIZE];
    memcpy(message, run->error->message, sizeof message);
    return med_cql_fail(run, to->plan->ast->as.insert.json->at, rc, "Error decoding JSON value for %.*s: %.180s",
                        MED_CQL_TEXT(column->name), message);
  }
  return MEDLEY_OK;
}

static int check_members(med_cql_run *run, const change *to, const med_cql_json_member *members, size_t count) {
  for (size_t i = 0; i < count; i++) {
    if (med_wide_table_column(to->plan->table, members[i].name) == NULL)
      return med_cql_fail(run, to->plan->ast->as.insert.json->at, MEDLEY_ERROR,
                          "JSON values map contains unrecognized column: %.*s", MED_CQL_TEXT(members[i].name));
  }
  return MEDLEY_OK;
}

static int take_json(med_cql_run *run, change *to) {
  const med_wide_table *table = to->plan->table;
  const med_cql_insert *insert = &to->plan->ast->as.insert;
  static const med_wide_type text = {.kind = MED_WIDE_TEXT};
  med_slice json, value;
  med_cql_json_member *members;
  size_t count;
  int rc;
  MED_TRY(med_cql_evaluate(run, insert->json, &text, med_slice_of_text("[json]"), &json));
  if (med_wide_is_null(json))
    return med_cql_fail(run, insert->json->at, MEDLEY_ERROR, "Got null for INSERT JSON values");
  rc = med_cql_json_members(json, run->arena, &members, &count, run->error);
  if (rc != MEDLEY_OK && rc != MEDLEY_NO_MEMORY && run->error->line == 0)
    med_error_set_position(run->error, run->text.bytes, run->text.len, insert->json->at);
  if (rc != MEDLEY_OK) return rc;
  MED_TRY(check_members(run, to, members, count));
  size_t keys = table->partition_count + table->clustering_count, clustering = 0, regulars = 0;
  med_slice *values = med_cql_alloc(run, (keys + 1) * sizeof *values);
  to->statics = med_cql_alloc(run, (table->column_count + 1) * sizeof *to->statics);
  to->regulars = med_cql_alloc(run, (table->column_count + 1) * sizeof *to->regulars);
  if (values == NULL || to->statics == NULL || to->regulars == NULL) return MEDLEY_NO_MEMORY;
  for (size_t i = 0; i < table->column_count; i++) {
    const med_wide_column *column = &table->columns[i];
    bool there;
    MED_TRY(json_member(run, to, members, count, column, &there, &value));
    if (i < keys) {
      values[i] = value;
      clustering += !med_wide_is_null(value) && i >= table->partition_count; /* null is as if it were left out */
      continue;
    }
    regulars += !med_wide_is_null(value) && column->role == MED_WIDE_REGULAR;
    if (!there && insert->default_unset) continue;
    med_wide_change set = {.kind = MED_WIDE_CHANGE_SET, .column = column, .value = value};
    if (column->role == MED_WIDE_STATIC)
      to->statics[to->static_count++] = set;
    else
      to->regulars[to->regular_count++] = set;
  }
  bool row = clustering > 0 || regulars > 0 || to->static_count == 0 || table->clustering_count == 0;
  to->partition = values;
  to->clustering = row ? values + table->partition_count : NULL;
  rc = check_key(run, to->plan, values, row ? keys : table->partition_count);
done:
  return rc;
}

static int take(med_cql_run *run, const med_cql_modify_plan *plan, const med_cql_using *batch, change *to) {
  int rc;
  *to = (change){.plan = plan, .table = *plan->table};
  run->table = plan->table;
  MED_TRY(take_timestamp(run, batch, to));
  MED_TRY(take_ttl(run, to));
  if (plan->ast->kind == MED_CQL_INSERT) {
    to->marker = true;
    if (plan->ast->as.insert.json != NULL) return take_json(run, to);
    MED_TRY(take_insert_key(run, to));
  } else {
    MED_TRY(med_cql_bounds_make(run, &plan->where, &to->bounds));
  }
  rc = take_changes(run, to);
done:
  return rc;
}

/* Flags of the table that the statement is the first to need. The plan's table stays as it is: its copy is used. */
static int note_flags(med_cql_run *run, change *to) {
  bool changed;
  bool sets = to->ttl_s > 0 && (to->marker || to->static_count + to->regular_count > 0);
  uint32_t flags = (to->timestamped ? MED_WIDE_TABLE_TIMESTAMPS : 0u) | (sets ? MED_WIDE_TABLE_EXPIRES : 0u);
  /* An earlier statement of the batch may have set some. */
  med_cql_client *client;
  med_wide_catalog *catalog;
  int rc;
  if ((to->table.flags & flags) == flags && run->flags_noted == 0) return MEDLEY_OK;
  MED_TRY(med_cql_client_open(run->session, &client));
  MED_TRY(med_cql_client_catalog(client, run->txn, &catalog));
  const med_wide_table *now = med_wide_catalog_table(catalog, to->table.keyspace, to->table.name);
  if (now != NULL) to->table.flags |= now->flags;
  MED_TRY(med_wide_table_note(run->txn, &to->table, flags, &changed));
  to->table.flags |= flags;
  run->flags_noted += changed;
done:
  return rc;
}

/* ---- Applying ---- scratch: of one row. What is done with rows is forgotten one by one: a batch may change a large one ten thousand times. */
static int apply_row(med_cql_run *run, const change *to, const med_slice *partition, const med_slice *clustering,
                     med_arena *scratch) {
  med_wide_write write = {
      .table = &to->table, .partition = partition, .timestamp_us = to->timestamp_us, .ttl_s = to->ttl_s};
  int rc = med_session_poll(run->session);
  if (rc == MEDLEY_OK && to->static_count > 0) {
    write.changes = to->statics;
    write.change_count = to->static_count;
    rc = med_wide_apply(run->txn, &write, scratch);
    med_arena_reset(scratch);
  }
  if (rc != MEDLEY_OK || clustering == NULL || (to->regular_count == 0 && !to->marker)) return rc;
  write.clustering = clustering;
  write.marker = to->marker;
  write.may_wait = to->plan->ast->kind == MED_CQL_INSERT && to->plan->if_kind == MED_CQL_IF_NONE;
  write.changes = to->regulars;
  write.change_count = to->regular_count;
  rc = med_wide_apply(run->txn, &write, scratch);
  med_arena_reset(scratch);
  return rc;
}

static int delete_rows(med_cql_run *run, const change *to, const med_slice *partition, med_arena *scratch) {
  const med_cql_bounds *bounds = &to->bounds;
  int rc = med_session_poll(run->session);
  if (rc == MEDLEY_OK && bounds->all_rows)
    rc = med_wide_delete_range(run->txn, &to->table, partition, NULL, to->timestamp_us, scratch);
  for (size_t i = 0; rc == MEDLEY_OK && i < bounds->range_count; i++) {
    med_arena_reset(scratch);
    rc = med_session_poll(run->session);
    if (rc != MEDLEY_OK) break;
    rc = to->plan->where.whole_row
             ? med_wide_delete_row(run->txn, &to->table, partition, bounds->rows[i], to->timestamp_us, scratch)
             : med_wide_delete_range(run->txn, &to->table, partition, &bounds->ranges[i], to->timestamp_us, scratch);
  }
  med_arena_reset(scratch);
  return rc;
}

static int change_rows(med_cql_run *run, const change *to, const med_slice *partition, med_arena *scratch) {
  const med_cql_bounds *bounds = &to->bounds;
  static const med_slice no_clustering[1];
  if (!to->plan->where.whole_row || to->table.clustering_count == 0)
    return apply_row(run, to, partition, to->plan->where.whole_row ? no_clustering : NULL, scratch);
  int rc = MEDLEY_OK;
  for (size_t i = 0; rc == MEDLEY_OK && i < bounds->range_count; i++)
    rc = apply_row(run, to, partition, bounds->rows[i], scratch);
  return rc;
}

static int apply(med_cql_run *run, const change *to, med_arena *scratch) {
  const med_cql_modify_plan *plan = to->plan;
  int rc = MEDLEY_OK;
  if (plan->ast->kind == MED_CQL_INSERT) return apply_row(run, to, to->partition, to->clustering, scratch);
  if (to->bounds.nothing) return MEDLEY_OK;
  bool whole = plan->ast->kind == MED_CQL_DELETE && plan->count == 0;
  for (size_t i = 0; rc == MEDLEY_OK && i < to->bounds.partition_count; i++) {
    rc = whole ? delete_rows(run, to, to->bounds.partitions[i], scratch)
               : change_rows(run, to, to->bounds.partitions[i], scratch);
  }
  return rc;
}

/* ---- Conditions ---- */
static med_cql_row_key key_of(const change *to) {
  static const med_slice no_clustering[1];
  if (to->plan->ast->kind == MED_CQL_INSERT) return (med_cql_row_key){to->partition, to->clustering};
  const med_cql_bounds *bounds = &to->bounds; /* of one partition, and one row or none: planning has seen to it */
  bool row = to->plan->where.whole_row;
  return (med_cql_row_key){bounds->partitions[0], !row                                     ? NULL
                                                  : to->plan->table->clustering_count == 0 ? no_clustering
                                                                                           : bounds->rows[0]};
}

static int check_partitions(med_cql_run *run, const med_cql_batch_plan *plan, const change *changes) {
  const med_slice *first = key_of(&changes[0]).partition;
  for (size_t i = 1; i < plan->count; i++) {
    const med_slice *other = key_of(&changes[i]).partition;
    for (size_t j = 0; j < plan->plans[i].table->partition_count; j++) {
      if (!med_slice_equal(first[j], other[j]))
        return med_cql_fail(run, plan->plans[i].ast->at, MEDLEY_ERROR,
                            "Batch with conditions cannot span multiple partitions");
    }
  }
  return MEDLEY_OK;
}

static int show_batch(med_cql_run *run, const med_cql_batch_plan *plan, const change *changes,
                      med_cql_applied *applied) {
  med_cql_row_key *keys = med_cql_alloc(run, plan->count * sizeof *keys);
  size_t count = 0;
  if (keys == NULL) return MEDLEY_NO_MEMORY;
  for (size_t i = 0; i < plan->count; i++) {
    if (plan->plans[i].if_kind != MED_CQL_IF_NONE) keys[count++] = key_of(&changes[i]);
  }
  return med_cql_conditions_show(run, plan, keys, count, applied);
}

/* Every condition is asked before anything is written. */
static int all_hold(med_cql_run *run, const med_cql_batch_plan *plan, const change *changes, med_cql_applied *applied,
                    bool *hold) {
  medley_value *shown = med_cql_alloc(run, (plan->shown_count + 1) * sizeof *shown);
  applied->rows = med_cql_alloc(run, sizeof *applied->rows);
  if (shown == NULL || applied->rows == NULL) return MEDLEY_NO_MEMORY;
  for (size_t i = 0; i <= plan->shown_count; i++) shown[i] = (medley_value){.type = MEDLEY_TYPE_NULL};
  *hold = true;
  int rc = check_partitions(run, plan, changes);
  for (size_t i = 0; rc == MEDLEY_OK && *hold && i < plan->count; i++) {
    if (changes[i].plan->if_kind == MED_CQL_IF_NONE) continue;
    med_cql_row_key key = key_of(&changes[i]);
    run->table = changes[i].plan->table;
    rc = med_session_poll(run->session);
    if (rc != MEDLEY_OK) break;
    rc = med_cql_conditions_hold(run, plan, changes[i].plan, &key, hold, plan->batch ? NULL : shown + 1);
  }
  shown[0] = (medley_value){.type = MEDLEY_TYPE_BOOLEAN, .as.boolean = *hold};
  applied->rows[0] = shown;
  applied->count = 1;
  return rc == MEDLEY_OK && plan->batch && !*hold ? show_batch(run, plan, changes, applied) : rc;
}

int med_cql_modify_run(med_cql_run *run, const med_cql_batch_plan *plan, med_cql_applied *applied) {
  change *changes = med_cql_alloc(run, (plan->count + 1) * sizeof *changes);
  med_arena scratch = {0};
  *applied = (med_cql_applied){0};
  if (changes == NULL) return MEDLEY_NO_MEMORY;
  bool hold = true;
  int rc = MEDLEY_OK;
  for (size_t i = 0; i < plan->count; i++) MED_TRY(take(run, &plan->plans[i], plan->using, &changes[i]));
  if (plan->conditional) MED_TRY(all_hold(run, plan, changes, applied, &hold));
  for (size_t i = 0; hold && i < plan->count; i++) {
    MED_TRY(note_flags(run, &changes[i]));
    MED_TRY(apply(run, &changes[i], &scratch));
  }
done:
  med_arena_clear(&scratch);
  return rc;
}
