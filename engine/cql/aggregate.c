/* aggregate.c - count, min, max, sum and avg: made, fed with rows, asked for their value. */
#include "engine/cql/aggregate.h"

#include <math.h>

#include "engine/cql/expression_make.h"
#include "engine/cql/scalar.h"

/* ---- Making ---- */
static const struct {
  const char *name;
  med_cql_aggregate_kind kind;
} aggregate_names[] = {
    {"count", MED_CQL_COUNT}, {"min", MED_CQL_MIN}, {"max", MED_CQL_MAX}, {"sum", MED_CQL_SUM}, {"avg", MED_CQL_AVG}};

bool med_cql_aggregate_find(const med_cql_term *term, med_cql_aggregate_kind *kind) {
  if (term->kind != MED_CQL_CALL || term->name.keyspace.bytes != NULL) return false;
  for (size_t i = 0; i < sizeof aggregate_names / sizeof aggregate_names[0]; i++) {
    if (!med_slice_equal(term->name.name, med_slice_of_text(aggregate_names[i].name))) continue;
    *kind = aggregate_names[i].kind;
    return true;
  }
  return false;
}

int med_cql_aggregate_make(med_cql_run *run, const med_cql_term *term, med_cql_aggregate_kind kind, size_t *aggregates,
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
  if (!med_cql_is_number(made->type.kind))
    return med_cql_fail(
        run, term->at, MEDLEY_TYPE,
        "Invalid call to function %.*s, none of its type signatures match (known type signatures: of numbers)",
        MED_CQL_TEXT(term->name.name));
  return MEDLEY_OK;
}

/* ---- Accumulating ---- */
static bool is_big(med_wide_kind kind) { return kind == MED_WIDE_VARINT || kind == MED_WIDE_DECIMAL; }

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

/* Exact, as Cassandra's sums are, and not rounded as its + is. */
static int add_big(med_cql_run *run, const med_cql_expression *expression, med_slice value,
                   const med_cql_row_scope *scope, med_cql_accumulator *accumulator) {
  med_wide_kind kind = expression->arguments[0]->type.kind;
  med_slice sum = value;
  if (accumulator->any) {
    med_cql_environment environment = {.arena = scope->arena};
    med_cql_decimal a, b;
    int rc = med_cql_decimal_of(kind, med_slice_of(accumulator->value.bytes, accumulator->value.len), &a, run->error);
    if (rc == MEDLEY_OK) rc = med_cql_decimal_of(kind, value, &b, run->error);
    if (rc != MEDLEY_OK) return rc;
    if (!med_cql_decimal_align(&a, &b) || !med_wide_digits_add(&a.digits, &b.digits, &a.digits))
      return med_cql_fail(run, expression->term->at, MEDLEY_TOO_BIG, "cql: a number has too many digits");
    rc = kind == MED_WIDE_VARINT ? med_cql_put_varint(&environment, &a.digits, &sum, run->error)
                                 : med_cql_put_decimal(&environment, &a, &sum, run->error);
    if (rc != MEDLEY_OK) return med_cql_expression_placed(run, expression->term, rc);
  }
  return keep(accumulator, sum) ? MEDLEY_OK : med_cql_no_memory(run);
}

static int add_sum(med_cql_run *run, const med_cql_expression *expression, med_slice value,
                   const med_cql_row_scope *scope, med_cql_accumulator *accumulator) {
  med_wide_kind kind = expression->arguments[0]->type.kind;
  accumulator->count++;
  if (is_big(kind)) return add_big(run, expression, value, scope, accumulator);
  if (med_cql_is_real(kind))
    med_cql_accumulator_add_real(accumulator, med_cql_real_of(value));
  else
    accumulator->integer += med_cql_whole_of(value);
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

/* ---- Values ---- */
/* Sums of varints and decimals, and their averages by CQL's own division. */
static int big_value(med_cql_run *run, const med_cql_expression *expression, const med_cql_accumulator *accumulator,
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

int med_cql_aggregate_value(med_cql_run *run, const med_cql_expression *expression, const med_cql_row_scope *scope,
                            med_slice *value) {
  const med_cql_accumulator *accumulator = &scope->accumulators[expression->slot];
  med_cql_environment environment = {.arena = scope->arena};
  med_wide_kind kind = expression->type.kind;
  bool ok = true, average = expression->aggregate == MED_CQL_AVG && accumulator->count > 0;
  switch (expression->aggregate) {
    case MED_CQL_COUNT_ROWS:
    case MED_CQL_COUNT:
      return med_cql_put_whole(&environment, MED_WIDE_BIGINT, (int64_t)accumulator->count, value, run->error);
    case MED_CQL_MIN:
    case MED_CQL_MAX:
      if (accumulator->any)
        *value = med_wide_copy(scope->arena, med_slice_of(accumulator->value.bytes, accumulator->value.len), &ok);
      return ok ? MEDLEY_OK : MEDLEY_NO_MEMORY;
    default: break;
  }
  if (is_big(kind)) return big_value(run, expression, accumulator, scope, value);
  if (med_cql_is_real(kind)) {
    /* What was lost of a sum that is infinite is no number. */
    double real = isfinite(accumulator->lost) ? accumulator->real + accumulator->lost : accumulator->real;
    return med_cql_put_real(&environment, kind, average ? real / (double)accumulator->count : real, value, run->error);
  }
  med_int128 whole = average ? accumulator->integer / (med_int128)accumulator->count : accumulator->integer;
  return med_cql_put_whole(&environment, kind, (int64_t)whole, value, run->error);
}
