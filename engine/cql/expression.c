/* expression.c - expressions made from terms, and their values. Calls and what is put together of others are made in
 * expression_make.c, aggregates in aggregate.c. */
#include "engine/cql/expression.h"

#include "engine/cql/aggregate.h"
#include "engine/cql/collection.h"
#include "engine/cql/evaluate.h"
#include "engine/cql/expression_make.h"
#include "engine/cql/where.h"
#include "models/widecolumn/token.h"

static bool is_named(const med_cql_term *term, const char *name) {
  return term->kind == MED_CQL_CALL && term->name.keyspace.bytes == NULL &&
         med_slice_equal(term->name.name, med_slice_of_text(name));
}

static int make_token(med_cql_run *run, const med_cql_term *term, med_cql_expression **result) {
  med_cql_expression *made = *result = med_cql_expression_new(run, MED_CQL_IS_TOKEN, term);
  if (made == NULL) return MEDLEY_NO_MEMORY;
  made->type = med_wide_type_of(MED_WIDE_BIGINT);
  if (run->table == NULL || term->count != run->table->partition_count)
    return med_cql_fail(run, term->at, MEDLEY_ERROR,
                        "Invalid number of arguments in call to function token: %zu required but %zu provided",
                        run->table != NULL ? run->table->partition_count : (size_t)1, term->count);
  made->count = term->count;
  made->arguments = med_cql_alloc(run, term->count * sizeof *made->arguments);
  if (made->arguments == NULL) return MEDLEY_NO_MEMORY;
  for (size_t i = 0; i < term->count; i++) {
    int rc = med_cql_expression_make(run, term->items[i], &run->table->columns[i].type, NULL, &made->arguments[i]);
    if (rc != MEDLEY_OK) return rc;
  }
  return MEDLEY_OK;
}

static int make_cell_fact(med_cql_run *run, const med_cql_term *term, bool ttl, med_cql_expression **result) {
  const char *name = ttl ? "TTL" : "WRITETIME";
  med_cql_expression *made = *result = med_cql_expression_new(run, ttl ? MED_CQL_IS_TTL : MED_CQL_IS_WRITETIME, term);
  if (made == NULL) return MEDLEY_NO_MEMORY;
  made->type = med_wide_type_of(ttl ? MED_WIDE_INT : MED_WIDE_BIGINT);
  if (run->table == NULL || term->count != 1 || term->items[0]->kind != MED_CQL_COLUMN)
    return med_cql_fail(run, term->at, MEDLEY_ERROR, "%s takes the name of a column", name);
  int rc = med_cql_find_column(run, run->table, term->items[0]->name.name, term->items[0]->at, &made->column);
  if (rc != MEDLEY_OK) return rc;
  if (made->column->role <= MED_WIDE_CLUSTERING)
    return med_cql_fail(run, term->at, MEDLEY_ERROR, "Cannot use selection function %s on PRIMARY KEY part %.*s",
                        ttl ? "ttl" : "writeTime", MED_CQL_TEXT(made->column->name));
  if (med_wide_type_is_complex(&made->column->type))
    return med_cql_fail(run, term->at, MEDLEY_ERROR, "Cannot use selection function %s on non-frozen %s %.*s",
                        ttl ? "ttl" : "writeTime", made->column->type.kind == MED_WIDE_UDT ? "UDT" : "collection",
                        MED_CQL_TEXT(made->column->name));
  return MEDLEY_OK;
}

/* ---- Columns and their parts ---- */
static int make_column(med_cql_run *run, const med_cql_term *term, med_cql_expression **result) {
  med_cql_expression *made = *result = med_cql_expression_new(run, MED_CQL_IS_COLUMN, term);
  if (made == NULL) return MEDLEY_NO_MEMORY;
  if (run->table == NULL)
    return med_cql_fail(run, term->at, MEDLEY_ERROR, "a column is no constant: %.*s", MED_CQL_TEXT(term->name.name));
  int rc = med_cql_find_column(run, run->table, term->name.name, term->at, &made->column);
  if (rc == MEDLEY_OK) made->type = made->column->type;
  return rc;
}

static int make_field(med_cql_run *run, const med_cql_term *term, size_t *aggregates, med_cql_expression *made) {
  made->count = 1;
  made->by_field = true;
  int rc = med_cql_expression_make(run, term->items[0], NULL, aggregates, &made->arguments[0]);
  if (rc != MEDLEY_OK) return rc;
  const med_wide_type *type = &made->arguments[0]->type;
  for (uint16_t i = 0; type->kind == MED_WIDE_UDT && i < type->part_count; i++) {
    if (!med_slice_equal(type->fields[i], term->text)) continue;
    made->field = i;
    made->type = type->parts[i];
    return MEDLEY_OK;
  }
  return med_cql_fail(run, term->at, MEDLEY_NOT_FOUND, "%s has no field %.*s", med_cql_type_text(run, type),
                      MED_CQL_TEXT(term->text));
}

static int make_part(med_cql_run *run, const med_cql_term *term, size_t *aggregates, med_cql_expression **result) {
  bool slice = term->kind == MED_CQL_SLICE_OF;
  med_cql_expression *made = *result = med_cql_expression_new(run, slice ? MED_CQL_IS_SLICE : MED_CQL_IS_PART, term);
  if (made == NULL) return MEDLEY_NO_MEMORY;
  made->arguments = med_cql_alloc(run, 3 * sizeof *made->arguments);
  if (made->arguments == NULL) return MEDLEY_NO_MEMORY;
  if (term->kind == MED_CQL_FIELD_OF) return make_field(run, term, aggregates, made);
  made->count = slice ? 3 : 2;
  int rc = med_cql_expression_make(run, term->items[0], NULL, aggregates, &made->arguments[0]);
  if (rc != MEDLEY_OK) return rc;
  const med_wide_type *type = &made->arguments[0]->type;
  if (type->kind != MED_WIDE_MAP && type->kind != MED_WIDE_SET)
    return med_cql_fail(run, term->at, MEDLEY_ERROR, "Invalid element selection: %s is not a collection of keys",
                        med_cql_type_text(run, type));
  made->type = slice ? *type : type->parts[type->kind == MED_WIDE_MAP];
  for (size_t i = 1; rc == MEDLEY_OK && i < made->count; i++) {
    made->arguments[i] = NULL;
    if (term->items[i] != NULL)
      rc = med_cql_expression_make(run, term->items[i], &type->parts[0], aggregates, &made->arguments[i]);
  }
  return rc;
}

int med_cql_expression_make(med_cql_run *run, const med_cql_term *term, const med_wide_type *wanted, size_t *aggregates,
                            med_cql_expression **made) {
  med_cql_aggregate_kind aggregate;
  int rc;
  term = med_cql_expression_inner(term, wanted);
  switch (term->kind) {
    case MED_CQL_COLUMN: rc = make_column(run, term, made); break;
    case MED_CQL_FIELD_OF:
    case MED_CQL_ELEMENT_OF:
    case MED_CQL_SLICE_OF: rc = make_part(run, term, aggregates, made); break;
    case MED_CQL_CALL:
      if (is_named(term, "token"))
        rc = make_token(run, term, made);
      else if (is_named(term, "ttl") || is_named(term, "writetime"))
        rc = make_cell_fact(run, term, is_named(term, "ttl"), made);
      else if (med_cql_aggregate_find(term, &aggregate))
        rc = med_cql_aggregate_make(run, term, aggregate, aggregates, made);
      else
        rc = med_cql_expression_call(run, term, wanted, aggregates, made);
      break;
    case MED_CQL_CAST:
    case MED_CQL_NEGATE:
    case MED_CQL_ARITHMETIC: rc = med_cql_expression_call(run, term, wanted, aggregates, made); break;
    case MED_CQL_STAR: return med_cql_fail(run, term->at, MEDLEY_SYNTAX, "* is no value");
    default:
      if (!med_cql_expression_is_put_together(term, wanted)) return med_cql_expression_literal(run, term, wanted, made);
      rc = med_cql_expression_put_together(run, term, aggregates, made);
  }
  if (rc == MEDLEY_OK && wanted != NULL && !med_cql_type_accepts(wanted, &(*made)->type))
    return med_cql_fail(run, term->at, MEDLEY_TYPE,
                        "Type error: a value of type %s stands where one of type %s is wanted",
                        med_cql_type_text(run, &(*made)->type), med_cql_type_text(run, wanted));
  return rc;
}

/* ---- Values ---- */
static int fact_of_cell(const med_cql_expression *expression, const med_cql_row_scope *scope, med_slice *value) {
  const med_wide_row *row = expression->column->role == MED_WIDE_STATIC ? scope->entry->statics : scope->entry->row;
  const med_wide_cell *cells;
  if (med_wide_row_cells(row, expression->column->id, &cells) == 0) return MEDLEY_OK;
  if (!med_wide_cell_is_live(&cells[0], scope->now_s)) return MEDLEY_OK;
  bool ttl = expression->kind == MED_CQL_IS_TTL;
  if (ttl && cells[0].expiry_s == 0) return MEDLEY_OK;
  uint8_t *bytes = med_arena_alloc(scope->arena, 8);
  if (bytes == NULL) return MEDLEY_NO_MEMORY;
  if (ttl)
    med_put_u32(bytes, (uint32_t)((int64_t)cells[0].expiry_s - scope->now_s));
  else
    med_put_u64(bytes, (uint64_t)cells[0].timestamp_us);
  *value = med_slice_of(bytes, ttl ? 4 : 8);
  return MEDLEY_OK;
}

static int put_u64(const med_cql_row_scope *scope, uint64_t number, med_slice *value) {
  uint8_t *bytes = med_arena_alloc(scope->arena, 8);
  if (bytes == NULL) return MEDLEY_NO_MEMORY;
  med_put_u64(bytes, number);
  *value = med_slice_of(bytes, 8);
  return MEDLEY_OK;
}

static int values_of(med_cql_run *run, const med_cql_expression *expression, const med_cql_row_scope *scope,
                     med_slice *values) {
  int rc = MEDLEY_OK;
  for (size_t i = 0; rc == MEDLEY_OK && i < expression->count; i++) {
    values[i] = med_slice_of(NULL, 0);
    if (expression->arguments[i] != NULL)
      rc = med_cql_expression_value(run, expression->arguments[i], scope, &values[i]);
  }
  return rc;
}

static int token_value(med_cql_run *run, const med_cql_expression *expression, const med_cql_row_scope *scope,
                       med_slice *value) {
  med_slice values[MED_WIDE_KEY_COLUMNS_MAX];
  int rc = values_of(run, expression, scope, values);
  if (rc != MEDLEY_OK) return rc;
  for (size_t i = 0; i < expression->count; i++) {
    if (med_wide_is_null(values[i])) return MEDLEY_OK;
    if (values[i].len > UINT16_MAX)
      return med_cql_fail(run, expression->term->at, MEDLEY_TOO_BIG, "Key length of %zu is longer than maximum of %d",
                          values[i].len, UINT16_MAX);
  }
  return put_u64(scope, (uint64_t)med_wide_token_of_values(values, expression->count), value);
}

static void part_value(const med_cql_expression *expression, const med_slice *values, med_slice *value) {
  const med_wide_type *type = &expression->arguments[0]->type;
  med_wide_parts parts;
  med_slice part, mapped;
  if (med_wide_is_null(values[0])) return;
  med_wide_parts_init(type, values[0], &parts);
  for (uint32_t i = 0; med_wide_parts_next(&parts, &part); i++) {
    if (expression->by_field) {
      if (i != expression->field) continue;
      *value = part;
      return;
    }
    if (type->kind == MED_WIDE_MAP && !med_wide_parts_next(&parts, &mapped)) return;
    if (med_wide_is_null(values[1]) || med_wide_value_compare(&type->parts[0], part, values[1]) != 0) continue;
    *value = type->kind == MED_WIDE_MAP ? mapped : part;
    return;
  }
}

static int slice_value(const med_cql_expression *expression, const med_slice *values, const med_cql_row_scope *scope,
                       med_slice *value) {
  const med_wide_type *type = &expression->type;
  med_wide_parts parts;
  med_slice part, mapped;
  med_buffer made = {0};
  uint32_t count = 0;
  if (med_wide_is_null(values[0])) return MEDLEY_OK;
  bool ok = med_wide_put_count(&made, 0);
  med_wide_parts_init(type, values[0], &parts);
  while (ok && med_wide_parts_next(&parts, &part)) {
    if (type->kind == MED_WIDE_MAP && !med_wide_parts_next(&parts, &mapped)) break;
    if (!med_wide_is_null(values[1]) && med_wide_value_compare(&type->parts[0], part, values[1]) < 0) continue;
    if (!med_wide_is_null(values[2]) && med_wide_value_compare(&type->parts[0], part, values[2]) > 0) continue;
    count++;
    ok = med_wide_put_part(&made, part) && (type->kind != MED_WIDE_MAP || med_wide_put_part(&made, mapped));
  }
  if (ok) med_put_u32((uint8_t *)made.bytes, count);
  if (ok && count > 0) *value = med_wide_copy(scope->arena, med_slice_of(made.bytes, made.len), &ok);
  med_buffer_clear(&made);
  return ok ? MEDLEY_OK : MEDLEY_NO_MEMORY;
}

static int call_value(med_cql_run *run, const med_cql_expression *expression, const med_cql_row_scope *scope,
                      med_slice *value) {
  med_slice values[MED_CQL_ARGUMENTS_MAX + 1];
  int rc = values_of(run, expression, scope, values);
  if (rc != MEDLEY_OK) return rc;
  med_cql_environment environment = {med_txn_now_us(run->txn), &run->random, scope->arena};
  return med_cql_expression_placed(
      run, expression->term, med_cql_function_run(&expression->function, values, &environment, value, run->error));
}

static int put_together_value(med_cql_run *run, const med_cql_expression *expression, const med_cql_row_scope *scope,
                              med_slice *value) {
  med_slice *values = med_arena_alloc(scope->arena, (expression->count + 1) * sizeof *values);
  int rc = values == NULL ? MEDLEY_NO_MEMORY : values_of(run, expression, scope, values);
  if (rc != MEDLEY_OK) return rc;
  return med_cql_expression_placed(
      run, expression->term,
      med_cql_collection_make(&expression->type, values, expression->count, scope->arena, value, run->error));
}

static int literal_value(med_cql_run *run, const med_cql_expression *expression, const med_cql_row_scope *scope,
                         med_slice *value) {
  med_arena *arena = run->arena;
  run->arena = scope->arena;
  int rc = med_cql_evaluate(run, expression->term, &expression->type, med_slice_of_text("selection"), value);
  run->arena = arena;
  return rc;
}

int med_cql_expression_value(med_cql_run *run, const med_cql_expression *expression, const med_cql_row_scope *scope,
                             med_slice *value) {
  bool ok = true;
  med_slice values[4];
  int rc = MEDLEY_OK;
  *value = med_slice_of(NULL, 0);
  switch (expression->kind) {
    case MED_CQL_IS_LITERAL: rc = literal_value(run, expression, scope, value); break;
    case MED_CQL_IS_COLUMN:
      if (scope->entry != NULL)
        *value = med_cql_column_value(run->table, expression->column, scope->entry, scope->now_s, scope->arena, &ok);
      break;
    case MED_CQL_IS_CALL: rc = call_value(run, expression, scope, value); break;
    case MED_CQL_IS_TOKEN: rc = token_value(run, expression, scope, value); break;
    case MED_CQL_IS_WRITETIME:
    case MED_CQL_IS_TTL:
      if (scope->entry != NULL) rc = fact_of_cell(expression, scope, value);
      break;
    case MED_CQL_IS_PART:
    case MED_CQL_IS_SLICE:
      rc = values_of(run, expression, scope, values);
      if (rc == MEDLEY_OK && expression->kind == MED_CQL_IS_PART) part_value(expression, values, value);
      if (rc == MEDLEY_OK && expression->kind == MED_CQL_IS_SLICE) rc = slice_value(expression, values, scope, value);
      break;
    case MED_CQL_IS_PUT_TOGETHER: rc = put_together_value(run, expression, scope, value); break;
    case MED_CQL_IS_AGGREGATE: rc = med_cql_aggregate_value(run, expression, scope, value); break;
  }
  return rc == MEDLEY_NO_MEMORY || !ok ? med_cql_no_memory(run) : rc;
}
