/* expression_make.c - see expression_make.h. */
#include "engine/cql/expression_make.h"

#include "engine/cql/evaluate.h"

med_cql_expression *med_cql_expression_new(med_cql_run *run, med_cql_expression_kind kind, const med_cql_term *term) {
  med_cql_expression *made = med_cql_alloc(run, sizeof *made);
  if (made != NULL) *made = (med_cql_expression){.kind = kind, .term = term};
  return made;
}

static bool only_groups(const med_cql_term *term, const med_wide_type *wanted) {
  return term->kind == MED_CQL_TUPLE && term->count == 1 && (wanted == NULL || wanted->kind != MED_WIDE_TUPLE);
}

static bool takes_what_is_wanted(const med_cql_term *term) {
  if (only_groups(term, NULL)) return takes_what_is_wanted(term->items[0]);
  return term->kind == MED_CQL_MARKER || term->kind == MED_CQL_NULL || term->kind == MED_CQL_LIST ||
         term->kind == MED_CQL_SET || term->kind == MED_CQL_MAP || term->kind == MED_CQL_FIELDS ||
         term->kind == MED_CQL_TUPLE;
}

const med_cql_term *med_cql_expression_inner(const med_cql_term *term, const med_wide_type *wanted) {
  while (only_groups(term, wanted)) term = term->items[0];
  return term;
}

/* ---- Literals ---- */
int med_cql_expression_literal(med_cql_run *run, const med_cql_term *term, const med_wide_type *wanted,
                               med_cql_expression **made) {
  *made = med_cql_expression_new(run, MED_CQL_IS_LITERAL, term);
  if (*made == NULL) return MEDLEY_NO_MEMORY;
  if (term->kind == MED_CQL_HINT) {
    int rc = med_cql_read_type(run, term->type, term->at, run->keyspace, &(*made)->type);
    if (rc != MEDLEY_OK) return rc;
    (*made)->term = term->items[0];
  } else if (wanted != NULL) {
    (*made)->type = *wanted;
  } else if (!med_cql_literal_type(term, &(*made)->type)) {
    return med_cql_fail(run, term->at, MEDLEY_ERROR,
                        "Cannot infer type for term %s in selection clause (try using a cast to force a type)",
                        term->kind == MED_CQL_MARKER ? "?"
                        : term->kind == MED_CQL_NULL ? "null"
                                                     : "of this form");
  }
  med_slice value; /* seen to be one of the type */
  bool planning = run->planning;
  run->planning = true;
  int rc = med_cql_evaluate(run, (*made)->term, &(*made)->type, med_slice_of_text("selection"), &value);
  run->planning = planning;
  return rc;
}

/* ---- Calls ---- */
static const med_wide_type *known_type(const med_cql_expression *expression) {
  return expression != NULL ? &expression->type : NULL;
}

static bool is_constant(const med_cql_term *term) {
  med_wide_type type;
  return med_cql_literal_type(med_cql_expression_inner(term, NULL), &type);
}

/* Constants are what is wanted of them as arguments of a call, and where all of a sum is constant. */
static bool constants_take(const med_cql_term *term, const med_wide_type *wanted) {
  if (term->kind == MED_CQL_CALL) return true;
  if (term->kind == MED_CQL_CAST || wanted == NULL) return false;
  for (size_t i = 0; i < term->count; i++) {
    const med_cql_term *item = med_cql_expression_inner(term->items[i], NULL);
    bool computes = item->kind == MED_CQL_ARITHMETIC || item->kind == MED_CQL_NEGATE;
    if (computes ? !constants_take(item, wanted) : !is_constant(item) && !takes_what_is_wanted(item)) return false;
  }
  return true;
}

/* Arguments with types of their own first; the others become what the function wants of them. */
static int make_arguments(med_cql_run *run, const med_cql_term *term, const med_wide_type *wanted, size_t *aggregates,
                          med_cql_expression *made, const med_wide_type **types) {
  bool takes = constants_take(term, wanted);
  made->count = term->count;
  made->arguments = med_cql_alloc(run, (term->count + 1) * sizeof *made->arguments);
  if (made->arguments == NULL) return MEDLEY_NO_MEMORY;
  for (size_t i = 0; i < term->count; i++) {
    made->arguments[i] = NULL;
    if (takes_what_is_wanted(term->items[i]) || (takes && is_constant(term->items[i]))) {
      types[i] = NULL;
      continue;
    }
    const med_wide_type *inner = takes && term->kind != MED_CQL_CALL ? wanted : NULL;
    int rc = med_cql_expression_make(run, term->items[i], inner, aggregates, &made->arguments[i]);
    if (rc != MEDLEY_OK) return rc;
    types[i] = known_type(made->arguments[i]);
  }
  return MEDLEY_OK;
}

static int make_rest(med_cql_run *run, med_cql_expression *made) {
  for (size_t i = 0; i < made->count; i++) {
    if (made->arguments[i] != NULL) continue;
    int rc = med_cql_expression_literal(run, made->term->items[i], &made->function.arguments[i], &made->arguments[i]);
    if (rc != MEDLEY_OK) return rc;
  }
  return MEDLEY_OK;
}

/* The failure of a function's search, where the term is. */
int med_cql_expression_placed(med_cql_run *run, const med_cql_term *term, int rc) {
  if (rc != MEDLEY_OK && rc != MEDLEY_NO_MEMORY && run->error->line == 0)
    med_error_set_position(run->error, run->text.bytes, run->text.len, term->at);
  return rc;
}

int med_cql_expression_call(med_cql_run *run, const med_cql_term *term, const med_wide_type *wanted, size_t *aggregates,
                            med_cql_expression **result) {
  const med_wide_type *types[MED_CQL_ARGUMENTS_MAX + 1] = {0};
  med_cql_expression *made = *result = med_cql_expression_new(run, MED_CQL_IS_CALL, term);
  if (made == NULL) return MEDLEY_NO_MEMORY;
  if (term->count > MED_CQL_ARGUMENTS_MAX)
    return med_cql_fail(run, term->at, MEDLEY_ERROR,
                        "Invalid number of arguments in call to function %.*s: %zu provided",
                        MED_CQL_TEXT(term->name.name), term->count);
  int rc = make_arguments(run, term, wanted, aggregates, made, types);
  if (rc != MEDLEY_OK) return rc;
  med_error_clear(run->error);
  if (term->kind == MED_CQL_ARITHMETIC) {
    if (types[0] == NULL && types[1] == NULL) types[0] = types[1] = wanted;
    rc = med_cql_operator_find(term->operation, types[0], types[1], &made->function, run->error);
  } else if (term->kind == MED_CQL_NEGATE) {
    rc = med_cql_negation_find(types[0] != NULL ? types[0] : wanted, &made->function, run->error);
  } else if (term->kind == MED_CQL_CAST) {
    med_wide_type to;
    rc = med_cql_read_type(run, term->type, term->at, run->keyspace, &to);
    if (rc == MEDLEY_OK) rc = med_cql_cast_find(types[0] != NULL ? types[0] : &to, &to, &made->function, run->error);
  } else {
    med_cql_argument found[MED_CQL_ARGUMENTS_MAX + 1];
    for (size_t i = 0; i < term->count; i++) found[i] = (med_cql_argument){types[i], term->items[i]};
    rc = med_cql_function_find(term->name.name, found, term->count, wanted, &made->function, run->error);
    if (rc == MEDLEY_NOT_FOUND)
      return med_cql_fail(run, term->at, MEDLEY_NOT_FOUND, "Unknown function '%.*s'", MED_CQL_TEXT(term->name.name));
  }
  if (rc != MEDLEY_OK) return med_cql_expression_placed(run, term, rc);
  made->type = made->function.result;
  return make_rest(run, made);
}

/* ---- Putting together ---- */
static bool has_parts(med_cql_term_kind kind) {
  return kind == MED_CQL_LIST || kind == MED_CQL_SET || kind == MED_CQL_MAP || kind == MED_CQL_TUPLE;
}

bool med_cql_expression_is_put_together(const med_cql_term *term, const med_wide_type *wanted) {
  return wanted == NULL && has_parts(term->kind) && term->count > 0;
}

/* A tuple has a type for each part; the elements of a collection have that of the first one, or of its key and its value. */
static int type_of_parts(med_cql_run *run, const med_cql_term *term, med_cql_expression *made) {
  static const med_wide_kind kinds[] = {[MED_CQL_LIST] = MED_WIDE_LIST,
                                        [MED_CQL_SET] = MED_WIDE_SET,
                                        [MED_CQL_MAP] = MED_WIDE_MAP,
                                        [MED_CQL_TUPLE] = MED_WIDE_TUPLE};
  bool is_tuple = term->kind == MED_CQL_TUPLE;
  size_t count = is_tuple ? made->count : term->kind == MED_CQL_MAP ? 2 : 1;
  if (count > MED_WIDE_TYPE_PARTS_MAX)
    return med_cql_fail(run, term->at, MEDLEY_TOO_BIG, "a tuple has more than %d components", MED_WIDE_TYPE_PARTS_MAX);
  med_wide_type *parts = med_cql_alloc(run, count * sizeof *parts);
  if (parts == NULL) return MEDLEY_NO_MEMORY;
  for (size_t i = 0; i < count; i++) {
    parts[i] = made->arguments[i]->type;
    parts[i].frozen = parts[i].kind >= MED_WIDE_LIST;
    bool ordered = term->kind == MED_CQL_SET || (term->kind == MED_CQL_MAP && i == 0);
    if (ordered && !med_wide_type_has_order(&parts[i]))
      return med_cql_fail(run, term->at, MEDLEY_TYPE, "Durations are not allowed inside sets or as map keys");
  }
  made->type =
      (med_wide_type){.kind = kinds[term->kind], .frozen = is_tuple, .part_count = (uint16_t)count, .parts = parts};
  return MEDLEY_OK;
}

int med_cql_expression_put_together(med_cql_run *run, const med_cql_term *term, size_t *aggregates,
                                    med_cql_expression **result) {
  med_cql_expression *made = *result = med_cql_expression_new(run, MED_CQL_IS_PUT_TOGETHER, term);
  size_t width = term->kind == MED_CQL_MAP ? 2 : 1;
  if (made == NULL) return MEDLEY_NO_MEMORY;
  made->count = width * term->count;
  made->arguments = med_cql_alloc(run, made->count * sizeof *made->arguments);
  if (made->arguments == NULL) return MEDLEY_NO_MEMORY;
  for (size_t i = 0; i < made->count; i++) {
    const med_wide_type *wanted = term->kind != MED_CQL_TUPLE && i >= width ? &made->arguments[i % width]->type : NULL;
    int rc = med_cql_expression_make(run, term->items[i], wanted, aggregates, &made->arguments[i]);
    if (rc != MEDLEY_OK) return rc;
  }
  return type_of_parts(run, term, made);
}
