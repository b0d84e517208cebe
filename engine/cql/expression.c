/* expression.c - expressions made from terms, and their values. Calls and what is put together of others are made in
 * expression_make.c. */
#include "engine/cql/expression.h"

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

/* ---- Aggregates ---- */
static const struct {
  const char *name;
  med_cql_aggregate_kind kind;
} aggregate_names[] = {
    {"count", MED_CQL_COUNT}, {"min", MED_CQL_MIN}, {"max", MED_CQL_MAX}, {"sum", MED_CQL_SUM}, {"avg", MED_CQL_AVG}};

static bool is_aggregate(const med_cql_term *term, med_cql_aggregate_kind *kind) {
  for (size_t i = 0; i < sizeof aggregate_names / sizeof aggregate_names[0]; i++) {
    if (!is_named(term, aggregate_names[i].name)) continue;
    *kind = aggregate_names[i].kind;
    return true;
  }
  return false;
}

static bool is_number(med_wide_kind kind) {
  return kind == MED_WIDE_TINYINT || kind == MED_WIDE_SMALLINT || kind == MED_WIDE_INT || kind == MED_WIDE_BIGINT ||
         kind == MED_WIDE_COUNTER || kind == MED_WIDE_FLOAT || kind == MED_WIDE_DOUBLE || kind == MED_WIDE_VARINT ||
         kind == MED_WIDE_DECIMAL;
}

static int make_aggregate(med_cql_run *run, const med_cql_term *term, med_cql_aggregate_kind kind, size_t *aggregates,
                          med_cql_expression **result) {
  med_cql_expression *made = *result = med_cql_expression_new(run, MED_CQL_IS_AGGREGATE, term);
  if (made == NULL) return MEDLEY_NO_MEMORY;
  if (aggregates == NULL)
    return med_cql_fail(run, term->at, MEDLEY_ERROR,
                        "aggregate functions are allowed only in a selection, and not within each other");
  if (term->count != 1)
    return med_cql_fail(run, term->at, MEDLEY_ERROR,
                        "Invalid number of arguments in call to function %.*s: 1 required but %zu provided",
                        MED_CQL_TEXT(term->name.name), term->count);
  const med_cql_term *of = term->items[0];
  bool rows = kind == MED_CQL_COUNT && (of->kind == MED_CQL_STAR || of->kind == MED_CQL_INTEGER);
  made->aggregate = rows ? MED_CQL_COUNT_ROWS : kind;
  made->slot = (*aggregates)++;
  made->type = med_wide_type_of(MED_WIDE_BIGINT);
  if (rows) return MEDLEY_OK;
  made->count = 1;
  made->arguments = med_cql_alloc(run, sizeof *made->arguments);
  if (made->arguments == NULL) return MEDLEY_NO_MEMORY;
  int rc = med_cql_expression_make(run, of, NULL, NULL, &made->arguments[0]);
  if (rc != MEDLEY_OK || kind == MED_CQL_COUNT) return rc;
  made->type = made->arguments[0]->type;
  if (kind != MED_CQL_SUM && kind != MED_CQL_AVG) return MEDLEY_OK;
  if (!is_number(made->type.kind))
    return med_cql_fail(
        run, term->at, MEDLEY_TYPE,
        "Invalid call to function %.*s, none of its type signatures match (known type signatures: of numbers)",
        MED_CQL_TEXT(term->name.name));
  if (made->type.kind == MED_WIDE_VARINT || made->type.kind == MED_WIDE_DECIMAL)
    rc = med_cql_operator_find('+', &made->type, &made->type, &made->plus, run->error);
  return rc;
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
      else if (is_aggregate(term, &aggregate))
        rc = make_aggregate(run, term, aggregate, aggregates, made);
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

static int aggregate_value(med_cql_run *run, const med_cql_expression *expression, const med_cql_row_scope *scope,
                           med_slice *value);

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
    case MED_CQL_IS_AGGREGATE: rc = aggregate_value(run, expression, scope, value); break;
  }
  return rc == MEDLEY_NO_MEMORY || !ok ? med_cql_no_memory(run) : rc;
}

/* ---- Accumulating ---- */
static int64_t integer_of(med_slice value) {
  switch (value.len) {
    case 1: return (int8_t) * (const uint8_t *)value.bytes;
    case 2: return (int16_t)med_get_u16(value.bytes);
    case 4: return (int32_t)med_get_u32(value.bytes);
    default: return (int64_t)med_get_u64(value.bytes);
  }
}

static double real_of(med_slice value) {
  double real;
  float single;
  uint64_t wide;
  uint32_t narrow;
  if (value.len == 4) {
    narrow = med_get_u32(value.bytes);
    memcpy(&single, &narrow, sizeof single);
    return (double)single;
  }
  wide = med_get_u64(value.bytes);
  memcpy(&real, &wide, sizeof real);
  return real;
}

static bool is_real(med_wide_kind kind) { return kind == MED_WIDE_FLOAT || kind == MED_WIDE_DOUBLE; }

static bool keep(med_cql_accumulator *accumulator, med_slice value) {
  accumulator->value.len = 0;
  accumulator->any = true;
  return med_buffer_append(&accumulator->value, value.len > 0 ? value.bytes : "", value.len) &&
         med_buffer_reserve(&accumulator->value, 1);
}

void med_cql_accumulator_add_real(med_cql_accumulator *accumulator, double real) {
  double sum = accumulator->real + real;
  bool greater = (accumulator->real < 0 ? -accumulator->real : accumulator->real) >= (real < 0 ? -real : real);
  accumulator->lost += greater ? (accumulator->real - sum) + real : (real - sum) + accumulator->real;
  accumulator->real = sum;
}

static int add_sum(med_cql_run *run, const med_cql_expression *expression, med_slice value,
                   const med_cql_row_scope *scope, med_cql_accumulator *accumulator) {
  const med_wide_type *type = &expression->arguments[0]->type;
  accumulator->count++;
  if (is_real(type->kind)) {
    med_cql_accumulator_add_real(accumulator, real_of(value));
  } else if (expression->plus.run != NULL) {
    med_slice sum = value, both[2] = {med_slice_of(accumulator->value.bytes, accumulator->value.len), value};
    med_cql_environment environment = {0, &run->random, scope->arena};
    int rc =
        accumulator->any ? med_cql_function_run(&expression->plus, both, &environment, &sum, run->error) : MEDLEY_OK;
    if (rc != MEDLEY_OK) return med_cql_expression_placed(run, expression->term, rc);
    return keep(accumulator, sum) ? MEDLEY_OK : med_cql_no_memory(run);
  } else {
    accumulator->integer = (int64_t)((uint64_t)accumulator->integer + (uint64_t)integer_of(value));
  }
  return MEDLEY_OK;
}

int med_cql_accumulator_offer(med_cql_run *run, const med_cql_expression *expression, med_slice value,
                              med_cql_accumulator *accumulator) {
  const med_wide_type *type = &expression->arguments[0]->type;
  int order = 0;
  if (accumulator->any)
    order = med_wide_value_compare(type, value, med_slice_of(accumulator->value.bytes, accumulator->value.len));
  if (accumulator->any && (expression->aggregate == MED_CQL_MIN ? order >= 0 : order <= 0)) return MEDLEY_OK;
  return keep(accumulator, value) ? MEDLEY_OK : med_cql_no_memory(run);
}

static int add_to(med_cql_run *run, const med_cql_expression *expression, const med_cql_row_scope *scope,
                  med_cql_accumulator *accumulator) {
  med_slice value;
  if (expression->aggregate == MED_CQL_COUNT_ROWS) {
    accumulator->count++;
    return MEDLEY_OK;
  }
  int rc = med_cql_expression_value(run, expression->arguments[0], scope, &value);
  if (rc != MEDLEY_OK || med_wide_is_null(value)) return rc;
  switch (expression->aggregate) {
    case MED_CQL_SUM:
    case MED_CQL_AVG: return add_sum(run, expression, value, scope, accumulator);
    case MED_CQL_MIN:
    case MED_CQL_MAX: return med_cql_accumulator_offer(run, expression, value, accumulator);
    default: accumulator->count++; return MEDLEY_OK;
  }
}

int med_cql_aggregate_add(med_cql_run *run, const med_cql_expression *expression, const med_cql_row_scope *scope,
                          med_cql_accumulator *accumulators) {
  if (expression->kind == MED_CQL_IS_AGGREGATE) return add_to(run, expression, scope, &accumulators[expression->slot]);
  int rc = MEDLEY_OK;
  for (size_t i = 0; rc == MEDLEY_OK && i < expression->count; i++) {
    if (expression->arguments[i] != NULL)
      rc = med_cql_aggregate_add(run, expression->arguments[i], scope, accumulators);
  }
  return rc;
}

/* A number as a value of a type; of integers the low bytes, as in Cassandra. */
static int put_number(const med_cql_row_scope *scope, const med_wide_type *type, int64_t integer, double real,
                      med_slice *value) {
  uint8_t bytes[8];
  size_t len = med_wide_kind_size(type->kind);
  uint64_t bits = (uint64_t)integer;
  if (type->kind == MED_WIDE_DOUBLE) memcpy(&bits, &real, sizeof bits);
  if (type->kind == MED_WIDE_FLOAT) {
    float single = (float)real;
    uint32_t narrow;
    memcpy(&narrow, &single, sizeof narrow);
    bits = narrow;
  }
  med_put_u64(bytes, bits);
  bool ok = true;
  *value = med_wide_copy(scope->arena, med_slice_of(bytes + 8 - len, len), &ok);
  return ok ? MEDLEY_OK : MEDLEY_NO_MEMORY;
}

/* Sums of varints and decimals, and their averages by CQL's own division. */
static int big_number(med_cql_run *run, const med_cql_expression *expression, const med_cql_accumulator *accumulator,
                      const med_cql_row_scope *scope, med_slice *value) {
  med_slice sum = med_slice_of(accumulator->value.bytes, accumulator->value.len);
  static const uint8_t zero[5] = {0};
  bool ok = true;
  if (!accumulator->any) sum = med_slice_of(zero, expression->type.kind == MED_WIDE_DECIMAL ? 5 : 1);
  if (expression->aggregate == MED_CQL_SUM || !accumulator->any) {
    *value = med_wide_copy(scope->arena, sum, &ok);
    return ok ? MEDLEY_OK : MEDLEY_NO_MEMORY;
  }
  static const med_wide_type bigint = {.kind = MED_WIDE_BIGINT};
  med_cql_function divide;
  uint8_t count[8];
  med_put_u64(count, accumulator->count);
  med_slice both[2] = {sum, med_slice_of(count, sizeof count)};
  med_cql_environment environment = {0, &run->random, scope->arena};
  int rc = med_cql_operator_find('/', &expression->type, &bigint, &divide, run->error);
  if (rc == MEDLEY_OK) rc = med_cql_function_run(&divide, both, &environment, value, run->error);
  return med_cql_expression_placed(run, expression->term, rc);
}

static int aggregate_value(med_cql_run *run, const med_cql_expression *expression, const med_cql_row_scope *scope,
                           med_slice *value) {
  const med_cql_accumulator *accumulator = &scope->accumulators[expression->slot];
  bool ok = true;
  switch (expression->aggregate) {
    case MED_CQL_COUNT_ROWS:
    case MED_CQL_COUNT: return put_u64(scope, accumulator->count, value);
    case MED_CQL_MIN:
    case MED_CQL_MAX:
      if (accumulator->any)
        *value = med_wide_copy(scope->arena, med_slice_of(accumulator->value.bytes, accumulator->value.len), &ok);
      return ok ? MEDLEY_OK : MEDLEY_NO_MEMORY;
    default: break;
  }
  if (expression->plus.run != NULL) return big_number(run, expression, accumulator, scope, value);
  double real = accumulator->real + accumulator->lost;
  bool average = expression->aggregate == MED_CQL_AVG && accumulator->count > 0;
  if (average) real /= (double)accumulator->count;
  return put_number(scope, &expression->type,
                    average ? accumulator->integer / (int64_t)accumulator->count : accumulator->integer, real, value);
}
