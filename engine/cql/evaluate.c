/* evaluate.c - values of terms without a row. */
#include "engine/cql/evaluate.h"

#include "engine/cql/convert.h"
#include "engine/cql/expression.h"
#include "engine/cql/literal.h"

/* While planning a marker stands for some value of its type: it may be within a collection, where null may not be. */
static med_slice some_value(const med_wide_type *type) {
  static const uint8_t zeros[16] = {0}, timeuuid[16] = {[6] = 0x10, [8] = 0x80};
  size_t size = med_wide_kind_size(type->kind);
  if (type->kind == MED_WIDE_TIMEUUID) return med_slice_of(timeuuid, sizeof timeuuid);
  if (size > 0) return med_slice_of(zeros, size);
  switch (type->kind) {
    case MED_WIDE_DECIMAL: return med_slice_of(zeros, 5);
    case MED_WIDE_VARINT: return med_slice_of(zeros, 1);
    case MED_WIDE_DURATION: return med_slice_of(zeros, 3);
    case MED_WIDE_LIST:
    case MED_WIDE_SET:
    case MED_WIDE_MAP:
    case MED_WIDE_INET: return med_slice_of(zeros, 4); /* no elements; 0.0.0.0 */
    default: return med_slice_of(zeros, 0);            /* no text; a tuple of nulls */
  }
}

static int bound_value(med_cql_run *run, const med_wide_type *type, const med_cql_term *term,
                       const med_cql_place *place, med_slice *value) {
  *value = some_value(type);
  if (run->planning) return MEDLEY_OK;
  const medley_value *bound = &run->statement->parameters[term->parameter - 1].value;
  int rc = med_cql_bind(type, bound, place, run->arena, value, run->error);
  if (rc != MEDLEY_OK && rc != MEDLEY_NO_MEMORY)
    med_error_set_position(run->error, run->text.bytes, run->text.len, term->at);
  return rc;
}

static int other_value(void *context, const med_wide_type *type, const med_cql_term *term, const med_cql_place *place,
                       med_slice *value, medley_error *error) {
  med_cql_run *run = context;
  med_cql_expression *expression;
  (void)error;
  if (term->kind == MED_CQL_MARKER) return bound_value(run, type, term, place, value);
  const med_wide_table *table = run->table;
  bool token = term->kind == MED_CQL_CALL && med_slice_equal(term->name.name, med_slice_of_text("token"));
  if (!token) run->table = NULL; /* a value cannot depend on a column */
  int rc = med_cql_expression_make(run, term, type, NULL, &expression);
  *value = med_slice_of(NULL, 0);
  med_cql_row_scope scope = {.arena = run->arena, .now_s = med_txn_now_us(run->txn) / 1000000};
  if (rc == MEDLEY_OK && !run->planning) rc = med_cql_expression_value(run, expression, &scope, value);
  run->table = table;
  return rc;
}

static int type_of_other(void *context, const med_cql_term *term, const med_wide_type **type, medley_error *error) {
  med_cql_run *run = context;
  med_cql_expression *expression;
  (void)error;
  *type = NULL;
  if (term->kind == MED_CQL_MARKER) return MEDLEY_OK;
  int rc = med_cql_expression_make(run, term, NULL, NULL, &expression);
  if (rc == MEDLEY_OK) *type = &expression->type;
  return rc;
}

int med_cql_evaluate(med_cql_run *run, const med_cql_term *term, const med_wide_type *type, med_slice name,
                     med_slice *value) {
  med_wide_type_scope scope = {run->catalog, run->keyspace, run->arena, 0};
  med_cql_literals literals = {.text = run->text,
                               .arena = run->arena,
                               .finder = med_wide_catalog_find_type,
                               .finder_context = &scope,
                               .other = other_value,
                               .type_of = type_of_other,
                               .context = run,
                               .planning = run->planning};
  med_cql_place place = med_cql_place_of(name);
  return med_cql_literal(&literals, type, term, &place, value, run->error);
}

int med_cql_evaluate_number(med_cql_run *run, const med_cql_term *term, med_wide_kind kind, const char *what,
                            bool *null, int64_t *number) {
  med_wide_type type = med_wide_type_of(kind);
  med_slice value = {0};
  int rc = med_cql_evaluate(run, term, &type, med_slice_of_text(what), &value);
  *null = med_wide_is_null(value);
  if (rc != MEDLEY_OK || *null) return rc;
  *number = kind == MED_WIDE_INT ? (int64_t)(int32_t)med_get_u32(value.bytes) : (int64_t)med_get_u64(value.bytes);
  return MEDLEY_OK;
}
