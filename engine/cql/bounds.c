/* bounds.c - the values of a WHERE clause: places to read, and tests of rows. */
#include <stdlib.h>

#include "engine/cql/evaluate.h"
#include "engine/cql/where.h"
#include "models/widecolumn/token.h"

#define COMBINATIONS_MAX 100000 /* of IN lists */

/* ---- A relation's values ---- */
/* IN ?: the list that was bound, taken apart. */
static int list_values(med_cql_run *run, const med_cql_relation *relation, const med_wide_type *element, med_slice name,
                       med_slice **values, size_t *count) {
  med_wide_type list = {.kind = MED_WIDE_LIST, .frozen = true, .part_count = 1, .parts = element};
  med_slice value;
  int rc = med_cql_evaluate(run, relation->value, &list, name, &value);
  *count = 0;
  if (rc != MEDLEY_OK) return rc;
  if (med_wide_is_null(value)) {
    if (run->planning) return MEDLEY_OK;
    return med_cql_fail(run, relation->at, MEDLEY_ERROR, "Invalid null value for IN restriction");
  }
  med_wide_parts parts;
  med_wide_parts_init(&list, value, &parts);
  *values = med_cql_alloc(run, (parts.count + 1) * sizeof **values);
  if (*values == NULL) return MEDLEY_NO_MEMORY;
  while (med_wide_parts_next(&parts, &(*values)[*count])) ++*count;
  return MEDLEY_OK;
}

/* The values of one side of a relation on one column: one, or those of IN. */
static int column_values(med_cql_run *run, const med_cql_relation *relation, const med_wide_type *type, med_slice name,
                         med_slice **values, size_t *count) {
  if (relation->operation == MED_CQL_IN && relation->value != NULL)
    return list_values(run, relation, type, name, values, count);
  size_t terms = relation->operation == MED_CQL_IN ? relation->value_count : 1;
  *values = med_cql_alloc(run, (terms + 1) * sizeof **values);
  if (*values == NULL) return MEDLEY_NO_MEMORY;
  for (*count = 0; *count < terms; ++*count) {
    const med_cql_term *term = relation->operation == MED_CQL_IN ? relation->values[*count] : relation->value;
    int rc = med_cql_evaluate(run, term, type, name, &(*values)[*count]);
    if (rc != MEDLEY_OK) return rc;
  }
  return MEDLEY_OK;
}

/* The values of a tuple relation: column_count of them for each tuple. */
static int tuple_values(med_cql_run *run, const med_cql_relation *relation, const med_wide_column *columns,
                        med_slice **values, size_t *tuples) {
  size_t width = relation->column_count;
  med_wide_type *types = med_cql_alloc(run, width * sizeof *types);
  if (types == NULL) return MEDLEY_NO_MEMORY;
  for (size_t i = 0; i < width; i++) types[i] = columns[i].type;
  med_wide_type tuple = {.kind = MED_WIDE_TUPLE, .frozen = true, .part_count = (uint16_t)width, .parts = types};
  med_slice *whole;
  int rc = column_values(run, relation, &tuple, columns[0].name, &whole, tuples);
  if (rc != MEDLEY_OK) return rc;
  *values = med_cql_alloc(run, (*tuples * width + 1) * sizeof **values);
  if (*values == NULL) return MEDLEY_NO_MEMORY;
  for (size_t i = 0; i < *tuples; i++) {
    med_wide_parts parts;
    for (size_t j = 0; j < width; j++) (*values)[i * width + j] = med_slice_of(NULL, 0);
    if (med_wide_is_null(whole[i])) continue;
    med_wide_parts_init(&tuple, whole[i], &parts);
    for (size_t j = 0; j < width && med_wide_parts_next(&parts, &(*values)[i * width + j]); j++) {
    }
  }
  return MEDLEY_OK;
}

/* ---- Tests ---- */
static int test_type(med_cql_run *run, const med_cql_relation *relation, const med_wide_column *column,
                     med_cql_test *test) {
  const med_wide_type *type = &column->type;
  bool map = type->kind == MED_WIDE_MAP;
  test->type = *type;
  if (relation->left == MED_CQL_LEFT_ELEMENT) {
    if (!map && type->kind != MED_WIDE_LIST)
      return med_cql_fail(run, relation->at, MEDLEY_ERROR, "Column %.*s cannot be used as a map",
                          MED_CQL_TEXT(column->name));
    static const med_wide_type index = {.kind = MED_WIDE_INT};
    test->type = type->parts[map];
    return med_cql_evaluate(run, relation->element, map ? &type->parts[0] : &index, column->name, &test->element);
  }
  if (relation->left == MED_CQL_LEFT_FIELD) {
    for (uint16_t i = 0; type->kind == MED_WIDE_UDT && i < type->part_count; i++) {
      if (!med_slice_equal(type->fields[i], relation->field.name)) continue;
      test->type = type->parts[i];
      test->field = i;
      return MEDLEY_OK;
    }
    return med_cql_fail(run, relation->field.at, MEDLEY_NOT_FOUND, "%.*s has no field %.*s", MED_CQL_TEXT(column->name),
                        MED_CQL_TEXT(relation->field.name));
  }
  bool contains = relation->operation == MED_CQL_CONTAINS, key = relation->operation == MED_CQL_CONTAINS_KEY;
  if ((contains && !med_wide_kind_is_collection(type->kind)) || (key && !map))
    return med_cql_fail(run, relation->at, MEDLEY_ERROR, "Cannot use %s on %scolumn %.*s",
                        contains ? "CONTAINS" : "CONTAINS KEY", contains ? "non-collection " : "non-map ",
                        MED_CQL_TEXT(column->name));
  if (contains || key) test->type = type->parts[contains && map];
  return MEDLEY_OK;
}

int med_cql_test_make(med_cql_run *run, const med_wide_table *table, const med_cql_relation *relation,
                      med_cql_test *test) {
  *test = (med_cql_test){.relation = relation};
  test->columns = med_cql_alloc(run, relation->column_count * sizeof *test->columns);
  if (test->columns == NULL) return MEDLEY_NO_MEMORY;
  for (size_t i = 0; i < relation->column_count; i++) {
    int rc = med_cql_find_column(run, table, relation->columns[i].name, relation->columns[i].at, &test->columns[i]);
    if (rc != MEDLEY_OK) return rc;
  }
  if (relation->left == MED_CQL_LEFT_TUPLE)
    return tuple_values(run, relation, test->columns[0], &test->values, &test->count);
  int rc = test_type(run, relation, test->columns[0], test);
  if (rc != MEDLEY_OK) return rc;
  return column_values(run, relation, &test->type, test->columns[0]->name, &test->values, &test->count);
}

med_slice med_cql_column_value(const med_wide_table *table, const med_wide_column *column, const med_wide_entry *entry,
                               int64_t now_s, med_arena *arena, bool *ok) {
  size_t at = (size_t)(column - table->columns);
  switch (column->role) {
    case MED_WIDE_PARTITION: return entry->partition[at];
    case MED_WIDE_CLUSTERING:
      return entry->clustering == NULL ? med_slice_of(NULL, 0) : entry->clustering[at - table->partition_count];
    case MED_WIDE_STATIC: return med_wide_row_value(entry->statics, column, now_s, arena, ok);
    default: return med_wide_row_value(entry->row, column, now_s, arena, ok);
  }
}

static bool compares(med_cql_operator operation, int order) {
  switch (operation) {
    case MED_CQL_EQUAL:
    case MED_CQL_IN: return order == 0;
    case MED_CQL_NOT_EQUAL: return order != 0;
    case MED_CQL_LESS: return order < 0;
    case MED_CQL_LESS_OR_EQUAL: return order <= 0;
    case MED_CQL_GREATER: return order > 0;
    default: return order >= 0;
  }
}

/* A part of a collection or user type: by key, index or number. */
static med_slice part_of(const med_cql_test *test, med_slice value) {
  const med_wide_type *type = &test->columns[0]->type;
  med_wide_parts parts;
  med_slice part, mapped;
  med_wide_parts_init(type, value, &parts);
  uint32_t wanted = test->field;
  if (type->kind == MED_WIDE_LIST) wanted = test->element.len == 4 ? med_get_u32(test->element.bytes) : UINT32_MAX;
  for (uint32_t i = 0; med_wide_parts_next(&parts, &part); i++) {
    if (type->kind == MED_WIDE_MAP) {
      if (!med_wide_parts_next(&parts, &mapped)) break;
      if (!med_wide_is_null(test->element) && med_wide_value_compare(&type->parts[0], part, test->element) == 0)
        return mapped;
    } else if (i == wanted) {
      return part;
    }
  }
  return med_slice_of(NULL, 0);
}

static bool contains(const med_cql_test *test, med_slice value) {
  const med_wide_type *type = &test->columns[0]->type;
  med_wide_parts parts;
  med_slice part, mapped;
  if (med_wide_is_null(value) || med_wide_is_null(test->values[0])) return false;
  med_wide_parts_init(type, value, &parts);
  while (med_wide_parts_next(&parts, &part)) {
    if (type->kind == MED_WIDE_MAP && !med_wide_parts_next(&parts, &mapped)) break;
    if (type->kind == MED_WIDE_MAP && test->relation->operation == MED_CQL_CONTAINS) part = mapped;
    if (med_wide_value_compare(&test->type, part, test->values[0]) == 0) return true;
  }
  return false;
}

static int compare_tuple(const med_cql_test *test, const med_slice *values, const med_slice *row) {
  for (size_t i = 0; i < test->relation->column_count; i++) {
    int order = med_wide_value_compare(&test->columns[i]->type, row[i], values[i]);
    if (order != 0) return order;
  }
  return 0;
}

static bool tuple_passes(const med_cql_test *test, const med_wide_table *table, const med_wide_entry *entry) {
  if (entry->clustering == NULL) return false;
  const med_slice *row = entry->clustering + (test->columns[0] - med_wide_clustering(table));
  for (size_t i = 0; i < test->count; i++) {
    const med_slice *values = test->values + i * test->relation->column_count;
    bool null = false;
    for (size_t j = 0; j < test->relation->column_count; j++) null = null || med_wide_is_null(values[j]);
    if (!null && compares(test->relation->operation, compare_tuple(test, values, row))) return true;
  }
  return false;
}

med_slice med_cql_test_left(const med_cql_test *test, const med_wide_table *table, const med_wide_entry *entry,
                            int64_t now_s, med_arena *arena, bool *ok) {
  med_slice value = med_cql_column_value(table, test->columns[0], entry, now_s, arena, ok);
  bool whole = test->relation->left == MED_CQL_LEFT_COLUMN || med_wide_is_null(value);
  return whole ? value : part_of(test, value);
}

bool med_cql_test_passes(const med_cql_test *test, const med_wide_table *table, const med_wide_entry *entry,
                         int64_t now_s, med_arena *arena, bool *ok) {
  if (test->relation->left == MED_CQL_LEFT_TUPLE) return tuple_passes(test, table, entry);
  med_slice value = med_cql_test_left(test, table, entry, now_s, arena, ok);
  med_cql_operator operation = test->relation->operation;
  if (operation == MED_CQL_CONTAINS || operation == MED_CQL_CONTAINS_KEY) return contains(test, value);
  for (size_t i = 0; i < test->count; i++) {
    if (med_wide_is_null(value) || med_wide_is_null(test->values[i])) continue;
    if (compares(operation, med_wide_value_compare(&test->type, value, test->values[i]))) return true;
  }
  return false;
}

bool med_cql_comparison_of(med_cql_operator operation, med_compare *compare) {
  switch (operation) {
    case MED_CQL_EQUAL: *compare = MED_EQUAL; return true;
    case MED_CQL_NOT_EQUAL: *compare = MED_NOT_EQUAL; return true;
    case MED_CQL_LESS: *compare = MED_LESS; return true;
    case MED_CQL_LESS_OR_EQUAL: *compare = MED_LESS_EQUAL; return true;
    case MED_CQL_GREATER: *compare = MED_GREATER; return true;
    case MED_CQL_GREATER_OR_EQUAL: *compare = MED_GREATER_EQUAL; return true;
    default: return false;
  }
}

med_wide_window_span med_cql_bounds_windows(const med_wide_table *table, const med_cql_bounds *bounds) {
  med_wide_window_span span = MED_WIDE_WINDOWS_ALL;
  for (size_t i = 0; i < bounds->test_count; i++) {
    const med_cql_test *test = &bounds->tests[i];
    med_compare compare;
    if (test->relation->left == MED_CQL_LEFT_COLUMN && test->count == 1 &&
        med_cql_comparison_of(test->relation->operation, &compare))
      med_wide_window_span_limit(table, test->columns[0], compare, test->values[0], &span);
  }
  return span;
}

/* ---- Partitions ---- */
typedef struct combinations { /* rows of `width` values; each step adds columns to all of them */
  med_slice *values;
  size_t count, width, used;
} combinations;

static int combine(med_cql_run *run, uint32_t at, combinations *all, const med_slice *values, size_t count,
                   size_t width) {
  if (count > 0 && all->count > COMBINATIONS_MAX / count)
    return med_cql_fail(run, at, MEDLEY_TOO_BIG, "IN: more than %d combinations of values", COMBINATIONS_MAX);
  med_slice *made = med_cql_alloc(run, (all->count * count + 1) * all->width * sizeof *made);
  if (made == NULL) return MEDLEY_NO_MEMORY;
  size_t rows = 0;
  for (size_t i = 0; i < all->count; i++) {
    for (size_t j = 0; j < count; j++, rows++) {
      memcpy(made + rows * all->width, all->values + i * all->width, all->used * sizeof *made);
      memcpy(made + rows * all->width + all->used, values + j * width, width * sizeof *made);
    }
  }
  all->values = made;
  all->count = rows;
  all->used += width;
  return MEDLEY_OK;
}

static int begin_combinations(med_cql_run *run, size_t width, combinations *all) {
  *all = (combinations){.count = 1, .width = width > 0 ? width : 1};
  all->values = med_cql_alloc(run, all->width * sizeof *all->values);
  return all->values != NULL ? MEDLEY_OK : MEDLEY_NO_MEMORY;
}

/* values: of `width` columns in turn. None may be null. */
static int check_key_values(med_cql_run *run, const med_cql_relation *relation, const med_slice *values, size_t count,
                            const med_wide_column *columns, size_t width) {
  for (size_t i = 0; i < count; i++) {
    if (med_wide_is_null(values[i]))
      return med_cql_fail(run, relation->at, MEDLEY_ERROR, "Invalid null value in condition for column %.*s",
                          MED_CQL_TEXT(columns[i % width].name));
  }
  return MEDLEY_OK;
}

typedef struct placed { /* for sorting: a token, or the bytes of a range */
  const med_slice *values;
  int64_t token;
  med_wide_range range;
} placed;

static int compare_tokens(const void *a, const void *b) {
  const placed *x = a, *y = b;
  return x->token < y->token ? -1 : x->token > y->token;
}

static int compare_ranges(const void *a, const void *b) {
  const placed *x = a, *y = b;
  return med_slice_compare(x->range.from, y->range.from);
}

static bool same_values(const med_slice *a, const med_slice *b, size_t count) {
  for (size_t i = 0; i < count; i++) {
    if (!med_slice_equal(a[i], b[i])) return false;
  }
  return true;
}

static int make_partitions(med_cql_run *run, const med_cql_restrictions *from, med_cql_bounds *bounds) {
  const med_wide_table *table = from->table;
  size_t width = table->partition_count;
  combinations all;
  int rc = begin_combinations(run, width, &all);
  for (size_t i = 0; rc == MEDLEY_OK && i < width; i++) {
    med_slice *values;
    size_t count;
    const med_cql_relation *relation = from->partition[i];
    MED_TRY(column_values(run, relation, &table->columns[i].type, table->columns[i].name, &values, &count));
    if (!run->planning) MED_TRY(check_key_values(run, relation, values, count, &table->columns[i], 1));
    rc = combine(run, relation->at, &all, values, count, 1);
  }
  if (rc != MEDLEY_OK || run->planning) return rc;
  placed *sorted = med_cql_alloc(run, (all.count + 1) * sizeof *sorted);
  bounds->partitions = med_cql_alloc(run, (all.count + 1) * sizeof *bounds->partitions);
  if (sorted == NULL || bounds->partitions == NULL) return MEDLEY_NO_MEMORY;
  for (size_t i = 0; i < all.count; i++) {
    sorted[i].values = all.values + i * width;
    if (width == 1 && sorted[i].values[0].len == 0)
      return med_cql_fail(run, from->partition[0]->at, MEDLEY_ERROR, "Key may not be empty");
    for (size_t j = 0; j < width; j++) {
      if (sorted[i].values[j].len > UINT16_MAX)
        return med_cql_fail(run, from->partition[j]->at, MEDLEY_TOO_BIG,
                            "Key length of %zu is longer than maximum of %d", sorted[i].values[j].len, UINT16_MAX);
    }
    sorted[i].token = med_wide_token_of_values(sorted[i].values, width);
  }
  if (all.count > 1) qsort(sorted, all.count, sizeof *sorted, compare_tokens);
  for (size_t i = 0; i < all.count; i++) {
    bool again = false;
    for (size_t j = i; j-- > 0 && !again && sorted[j].token == sorted[i].token;)
      again = same_values(sorted[j].values, sorted[i].values, width);
    if (!again) bounds->partitions[bounds->partition_count++] = sorted[i].values;
  }
done:
  return rc;
}

/* ---- Rows ---- */
static int bound_of(med_cql_run *run, const med_cql_relation *relation, const med_wide_column *column,
                    med_wide_bound *bound) {
  med_slice *values;
  size_t count;
  int rc;
  if (relation->left == MED_CQL_LEFT_TUPLE) {
    rc = tuple_values(run, relation, column, &values, &count);
    bound->inclusive = true; /* the other columns decide */
  } else {
    rc = column_values(run, relation, &column->type, column->name, &values, &count);
    bound->inclusive = relation->operation == MED_CQL_GREATER_OR_EQUAL || relation->operation == MED_CQL_LESS_OR_EQUAL;
  }
  if (rc != MEDLEY_OK || run->planning) return rc;
  bound->value = values[0];
  return check_key_values(run, relation, values, relation->column_count, column, relation->column_count);
}

static int equal_values(med_cql_run *run, const med_cql_restrictions *from, combinations *all) {
  const med_wide_column *columns = med_wide_clustering(from->table);
  int rc = MEDLEY_OK;
  for (size_t i = 0; rc == MEDLEY_OK && i < from->equal_count; i += from->clustering[i]->column_count) {
    const med_cql_relation *relation = from->clustering[i];
    bool tuple = relation->left == MED_CQL_LEFT_TUPLE;
    med_slice *values;
    size_t count;
    rc = tuple ? tuple_values(run, relation, &columns[i], &values, &count)
               : column_values(run, relation, &columns[i].type, columns[i].name, &values, &count);
    if (rc == MEDLEY_OK && !run->planning)
      rc = check_key_values(run, relation, values, count * relation->column_count, &columns[i], relation->column_count);
    if (rc == MEDLEY_OK) rc = combine(run, relation->at, all, values, count, relation->column_count);
  }
  return rc;
}

static int make_ranges(med_cql_run *run, const med_cql_restrictions *from, med_cql_bounds *bounds) {
  const med_wide_table *table = from->table;
  const med_wide_column *next = med_wide_clustering(table) + from->equal_count;
  med_wide_bound lower = {0}, upper = {0};
  combinations all;
  int rc;
  bounds->all_rows = from->equal_count == 0 && from->lower == NULL && from->upper == NULL;
  if (bounds->all_rows) return MEDLEY_OK;
  MED_TRY(begin_combinations(run, table->clustering_count, &all));
  MED_TRY(equal_values(run, from, &all));
  if (from->lower != NULL) MED_TRY(bound_of(run, from->lower, next, &lower));
  if (from->upper != NULL) MED_TRY(bound_of(run, from->upper, next, &upper));
  if (run->planning) return MEDLEY_OK;
  placed *sorted = med_cql_alloc(run, (all.count + 1) * sizeof *sorted);
  bounds->ranges = med_cql_alloc(run, (all.count + 1) * sizeof *bounds->ranges);
  bounds->rows = med_cql_alloc(run, (all.count + 1) * sizeof *bounds->rows);
  if (sorted == NULL || bounds->ranges == NULL || bounds->rows == NULL) return MEDLEY_NO_MEMORY;
  for (size_t i = 0; i < all.count; i++) {
    sorted[i].values = all.values + i * all.width;
    MED_TRY(med_wide_clustering_range(table, sorted[i].values, from->equal_count, from->lower != NULL ? &lower : NULL,
                                      from->upper != NULL ? &upper : NULL, run->arena, &sorted[i].range, run->error));
  }
  if (all.count > 1) qsort(sorted, all.count, sizeof *sorted, compare_ranges);
  for (size_t i = 0; i < all.count; i++) {
    if (i > 0 && med_slice_equal(sorted[i].range.from, sorted[i - 1].range.from)) continue;
    bounds->rows[bounds->range_count] = sorted[i].values;
    bounds->ranges[bounds->range_count++] = sorted[i].range;
  }
done:
  return rc;
}

/* ---- Tokens ---- */
static int make_tokens(med_cql_run *run, const med_cql_restrictions *from, med_cql_bounds *bounds) {
  static const med_wide_type bigint = {.kind = MED_WIDE_BIGINT};
  for (size_t i = 0; i < from->token_count; i++) {
    const med_cql_relation *relation = from->tokens[i];
    med_slice value;
    int rc = med_cql_evaluate(run, relation->value, &bigint, med_slice_of_text("token"), &value);
    if (rc != MEDLEY_OK) return rc;
    if (run->planning) continue;
    if (med_wide_is_null(value)) return med_cql_fail(run, relation->at, MEDLEY_ERROR, "Invalid null token value");
    int64_t token = (int64_t)med_get_u64(value.bytes);
    bool greater = relation->operation == MED_CQL_GREATER, less = relation->operation == MED_CQL_LESS;
    bool upper = less || relation->operation == MED_CQL_LESS_OR_EQUAL;
    bool lower = greater || relation->operation == MED_CQL_GREATER_OR_EQUAL;
    if (upper && token == INT64_MIN) continue; /* the ring ends where it begins: none, as in Cassandra */
    if (greater && token == INT64_MAX) {
      bounds->nothing = true;
      continue;
    }
    if (!upper) bounds->token_from = token + greater;
    if (!lower) bounds->token_to = token - less;
  }
  if (bounds->token_from > bounds->token_to) bounds->nothing = true;
  return MEDLEY_OK;
}

/* Nothing is equal to null, or before or behind it. */
static int check_test_values(med_cql_run *run, const med_cql_test *test) {
  const med_cql_relation *relation = test->relation;
  bool element = relation->left == MED_CQL_LEFT_ELEMENT;
  size_t width = relation->column_count;
  if (relation->left == MED_CQL_LEFT_TUPLE)
    return check_key_values(run, relation, test->values, test->count * width, test->columns[0], width);
  if (element && med_wide_is_null(test->element))
    return med_cql_fail(run, relation->at, MEDLEY_ERROR, "Unsupported null map key for column %.*s",
                        MED_CQL_TEXT(test->columns[0]->name));
  for (size_t i = 0; i < test->count; i++) {
    if (med_wide_is_null(test->values[i]))
      return med_cql_fail(run, relation->at, MEDLEY_ERROR, "Unsupported null %svalue for column %.*s",
                          element ? "map " : "", MED_CQL_TEXT(test->columns[0]->name));
  }
  return MEDLEY_OK;
}

/* The key of the index's entries that the relation asks for. */
static int make_index_value(med_cql_run *run, const med_cql_test *test, med_cql_bounds *bounds) {
  bounds->index_value = test->values[0];
  if (test->relation->left != MED_CQL_LEFT_ELEMENT) return MEDLEY_OK;
  med_buffer pair = {0};
  bool ok = med_wide_put_part(&pair, test->element) && med_wide_put_part(&pair, test->values[0]);
  if (ok) bounds->index_value = med_wide_copy(run->arena, med_slice_of(pair.bytes, pair.len), &ok);
  med_buffer_clear(&pair);
  return ok ? MEDLEY_OK : med_cql_no_memory(run);
}

int med_cql_bounds_make(med_cql_run *run, const med_cql_restrictions *from, med_cql_bounds *bounds) {
  *bounds = (med_cql_bounds){.all_rows = true, .token_from = INT64_MIN, .token_to = INT64_MAX};
  int rc = MEDLEY_OK;
  if (from->whole_key) MED_TRY(make_partitions(run, from, bounds));
  if (from->whole_key) MED_TRY(make_ranges(run, from, bounds));
  MED_TRY(make_tokens(run, from, bounds));
  if (from->whole_key && !run->planning &&
      (bounds->partition_count == 0 || (!bounds->all_rows && bounds->range_count == 0)))
    bounds->nothing = true;
  bounds->tests = med_cql_alloc(run, (from->test_count + 1) * sizeof *bounds->tests);
  if (bounds->tests == NULL) return MEDLEY_NO_MEMORY;
  for (size_t i = 0; i < from->test_count; i++) {
    MED_TRY(med_cql_test_make(run, from->table, from->tests[i], &bounds->tests[i]));
    if (!run->planning) MED_TRY(check_test_values(run, &bounds->tests[i]));
    if (from->tests[i] == from->indexed && !run->planning) MED_TRY(make_index_value(run, &bounds->tests[i], bounds));
  }
  bounds->test_count = from->test_count;
done:
  return rc;
}
