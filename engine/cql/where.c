/* where.c - relations sorted by what they can do: partitions, ranges of rows, indexes, tests. */
#include "engine/cql/where.h"

static bool is_equal_or_in(const med_cql_relation *relation) {
  return relation->operation == MED_CQL_EQUAL || relation->operation == MED_CQL_IN;
}
static bool is_lower(const med_cql_relation *relation) {
  return relation->operation == MED_CQL_GREATER || relation->operation == MED_CQL_GREATER_OR_EQUAL;
}
static bool is_upper(const med_cql_relation *relation) {
  return relation->operation == MED_CQL_LESS || relation->operation == MED_CQL_LESS_OR_EQUAL;
}

/* ---- What one column may have ---- Cassandra's rules and words. */
typedef struct asked { /* a column, by the relations so far */
  const med_cql_relation *first;
  const med_cql_relation *lower, *upper;
} asked;

static bool is_contained(const med_cql_relation *relation) {
  return relation->operation == MED_CQL_CONTAINS || relation->operation == MED_CQL_CONTAINS_KEY ||
         relation->left == MED_CQL_LEFT_ELEMENT;
}

static int add_to_column(med_cql_run *run, const med_cql_relation *relation, const med_cql_identifier *name,
                         asked *column) {
  const med_cql_relation *first = column->first;
  const med_cql_relation **slot = is_lower(relation) ? &column->lower : is_upper(relation) ? &column->upper : NULL;
  if (first == NULL) {
    column->first = relation;
  } else if (is_contained(first)) {
    if (is_contained(relation)) return MEDLEY_OK;
    return med_cql_fail(
        run, name->at, MEDLEY_ERROR,
        "Collection column %.*s can only be restricted by CONTAINS, CONTAINS KEY, or map-entry equality",
        MED_CQL_TEXT(name->name));
  } else if (is_equal_or_in(first)) {
    return med_cql_fail(run, name->at, MEDLEY_ERROR,
                        "%.*s cannot be restricted by more than one relation if it includes %s",
                        MED_CQL_TEXT(name->name), first->operation == MED_CQL_IN ? "a IN" : "an Equal");
  } else if (slot == NULL) {
    return med_cql_fail(run, name->at, MEDLEY_ERROR,
                        "Column \"%.*s\" cannot be restricted by both an equality and an inequality relation",
                        MED_CQL_TEXT(name->name));
  }
  if (slot == NULL) return MEDLEY_OK;
  if (*slot != NULL)
    return med_cql_fail(run, name->at, MEDLEY_ERROR, "More than one restriction was found for the %s bound on %.*s",
                        slot == &column->lower ? "start" : "end", MED_CQL_TEXT(name->name));
  *slot = relation;
  return MEDLEY_OK;
}

static int refuse_slice(med_cql_run *run, const med_cql_relation *relation, med_wide_kind kind) {
  return med_cql_fail(run, relation->at, MEDLEY_ERROR, "Slice restrictions are not supported on %s",
                      med_wide_kind_is_collection(kind) ? "collections containing durations"
                      : kind == MED_WIDE_TUPLE          ? "tuples containing durations"
                      : kind == MED_WIDE_UDT            ? "UDTs containing durations"
                                                        : "duration columns");
}

static const char *operator_text(const med_cql_relation *relation) {
  switch (relation->operation) {
    case MED_CQL_EQUAL: return "=";
    case MED_CQL_LESS: return "<";
    case MED_CQL_LESS_OR_EQUAL: return "<=";
    case MED_CQL_GREATER: return ">";
    case MED_CQL_GREATER_OR_EQUAL: return ">=";
    default: return "IN";
  }
}

/* What a type may be asked. CONTAINS is looked at with its value (bounds.c). */
static int check_type(med_cql_run *run, const med_cql_relation *relation, const med_wide_column *column) {
  const med_wide_type *type = &column->type;
  if (relation->left == MED_CQL_LEFT_ELEMENT) {
    if (type->kind == MED_WIDE_LIST)
      return med_cql_fail(run, relation->at, MEDLEY_ERROR,
                          "Indexes on list entries (%.*s[index] = value) are not currently supported.",
                          MED_CQL_TEXT(column->name));
    if (type->kind != MED_WIDE_MAP)
      return med_cql_fail(run, relation->at, MEDLEY_ERROR, "Column %.*s cannot be used as a map",
                          MED_CQL_TEXT(column->name));
    if (relation->operation == MED_CQL_EQUAL) return MEDLEY_OK;
    return med_cql_fail(run, relation->at, MEDLEY_ERROR, "Only EQ relations are supported on map entries");
  }
  if (is_contained(relation)) return MEDLEY_OK;
  if (med_wide_type_is_complex(type) && type->kind == MED_WIDE_UDT)
    return med_cql_fail(run, relation->at, MEDLEY_ERROR,
                        "Non-frozen UDT column '%.*s' (%s) cannot be restricted by any relation",
                        MED_CQL_TEXT(column->name), med_cql_type_text(run, type));
  if (med_wide_type_is_complex(type))
    return med_cql_fail(run, relation->at, MEDLEY_ERROR,
                        "Collection column '%.*s' (%s) cannot be restricted by a '%s' relation",
                        MED_CQL_TEXT(column->name), med_cql_type_text(run, type), operator_text(relation));
  bool slice = is_lower(relation) || is_upper(relation);
  return slice && !med_wide_type_has_order(type) ? refuse_slice(run, relation, type->kind) : MEDLEY_OK;
}

/* ---- Sorting ---- */
typedef struct sorter {
  med_cql_run *run;
  const med_cql_where *where;
  med_cql_purpose purpose;
  med_cql_restrictions *to;
  asked *columns; /* each of the table */
  asked tokens;
} sorter;

static size_t key_index(const med_wide_table *table, const med_wide_column *column) {
  size_t at = (size_t)(column - table->columns);
  return column->role == MED_WIDE_CLUSTERING ? at - table->partition_count : at;
}

static int add_to_columns(sorter *sort, const med_cql_relation *relation) {
  const med_wide_table *table = sort->to->table;
  int rc = MEDLEY_OK;
  for (size_t i = 0; rc == MEDLEY_OK && i < relation->column_count; i++) {
    size_t at = (size_t)(med_wide_table_column(table, relation->columns[i].name) - table->columns);
    rc = add_to_column(sort->run, relation, &relation->columns[i], &sort->columns[at]);
  }
  return rc;
}

static void add_test(sorter *sort, const med_cql_relation *relation) {
  for (size_t i = 0; i < sort->to->test_count; i++) {
    if (sort->to->tests[i] == relation) return;
  }
  sort->to->tests[sort->to->test_count++] = relation;
}

static int check_tuple(sorter *sort, const med_cql_relation *relation) {
  const med_wide_table *table = sort->to->table;
  const med_wide_column *last = NULL;
  for (size_t i = 0; i < relation->column_count; i++) {
    const med_wide_column *column;
    int rc = med_cql_find_column(sort->run, table, relation->columns[i].name, relation->columns[i].at, &column);
    if (rc != MEDLEY_OK) return rc;
    if (column->role != MED_WIDE_CLUSTERING)
      return med_cql_fail(sort->run, relation->columns[i].at, MEDLEY_ERROR,
                          "Multi-column relations can only be applied to clustering columns but was applied to: %.*s",
                          MED_CQL_TEXT(column->name));
    if (last != NULL && column != last + 1)
      return med_cql_fail(sort->run, relation->at, MEDLEY_ERROR,
                          "Clustering columns must appear in the PRIMARY KEY order in multi-column relations");
    last = column;
  }
  return add_to_columns(sort, relation);
}

static int check_tokens(sorter *sort, const med_cql_relation *relation) {
  const med_wide_table *table = sort->to->table;
  bool right = relation->column_count == table->partition_count;
  for (size_t i = 0; i < relation->column_count; i++) {
    const med_wide_column *column;
    int rc = med_cql_find_column(sort->run, table, relation->columns[i].name, relation->columns[i].at, &column);
    if (rc != MEDLEY_OK) return rc;
    right = right && column == &table->columns[i];
  }
  if (!right)
    return med_cql_fail(sort->run, relation->at, MEDLEY_ERROR,
                        "The token() function must be applied to all partition key components or none of them");
  if (relation->operation > MED_CQL_GREATER_OR_EQUAL || relation->operation == MED_CQL_NOT_EQUAL)
    return med_cql_fail(sort->run, relation->at, MEDLEY_ERROR,
                        "this relation is not supported with the token function");
  sort->to->tokens[sort->to->token_count++] = relation;
  return add_to_column(sort->run, relation, &relation->columns[0], &sort->tokens);
}

static int sort_single(sorter *sort, const med_cql_relation *relation) {
  const med_wide_table *table = sort->to->table;
  const med_wide_column *column;
  int rc = med_cql_find_column(sort->run, table, relation->columns[0].name, relation->columns[0].at, &column);
  if (rc == MEDLEY_OK) rc = check_type(sort->run, relation, column);
  if (rc == MEDLEY_OK) rc = add_to_columns(sort, relation);
  if (rc != MEDLEY_OK) return rc;
  bool key = column->role <= MED_WIDE_CLUSTERING;
  if (!key && sort->purpose != MED_CQL_FOR_SELECT)
    return med_cql_fail(sort->run, relation->columns[0].at, MEDLEY_ERROR,
                        "Non PRIMARY KEY columns found in where clause: %.*s", MED_CQL_TEXT(column->name));
  if (key && relation->left == MED_CQL_LEFT_COLUMN && is_equal_or_in(relation)) {
    const med_cql_relation **of_key = column->role == MED_WIDE_PARTITION ? sort->to->partition : sort->to->clustering;
    of_key[key_index(table, column)] = relation;
    return MEDLEY_OK;
  }
  if (column->role == MED_WIDE_PARTITION && sort->purpose != MED_CQL_FOR_SELECT)
    return med_cql_fail(
        sort->run, relation->columns[0].at, MEDLEY_ERROR,
        "Only EQ and IN relation are supported on the partition key (unless you use the token() function)");
  add_test(sort, relation);
  return MEDLEY_OK;
}

static int sort_relation(sorter *sort, const med_cql_relation *relation) {
  if (relation->operation == MED_CQL_LIKE)
    return med_cql_fail(sort->run, relation->at, MEDLEY_UNSUPPORTED,
                        "LIKE is not supported: there are no SASI indexes");
  if (relation->operation == MED_CQL_NOT_EQUAL)
    return med_cql_fail(sort->run, relation->at, MEDLEY_ERROR, "Unsupported \"!=\" relation: %.*s != ...",
                        MED_CQL_TEXT(relation->columns[0].name));
  if (relation->operation == MED_CQL_IS_NOT_NULL)
    return med_cql_fail(sort->run, relation->at, MEDLEY_ERROR, "Unsupported restriction: %.*s IS NOT NULL",
                        MED_CQL_TEXT(relation->columns[0].name));
  if (relation->left == MED_CQL_LEFT_TOKEN) return check_tokens(sort, relation);
  if (relation->left != MED_CQL_LEFT_TUPLE) return sort_single(sort, relation);
  int rc = check_tuple(sort, relation);
  if (rc != MEDLEY_OK) return rc;
  const med_wide_column *first = med_wide_table_column(sort->to->table, relation->columns[0].name);
  if (is_equal_or_in(relation))
    sort->to->clustering[key_index(sort->to->table, first)] = relation;
  else
    add_test(sort, relation);
  return MEDLEY_OK;
}

/* How many clustering columns from the first one on have their = or IN without a gap. What stands behind a gap is tested. */
static void count_equal(sorter *sort) {
  med_cql_restrictions *to = sort->to;
  size_t at = 0, count = to->table->clustering_count;
  while (at < count && to->clustering[at] != NULL) at += to->clustering[at]->column_count;
  to->equal_count = at;
  for (size_t i = 0, next = 0; i < count; i++) {
    if (to->clustering[i] == NULL) continue;
    if (i >= at || i < next) {
      add_test(sort, to->clustering[i]);
      to->clustering[i] = NULL;
    } else {
      next = i + to->clustering[i]->column_count;
    }
  }
}

/* Bounds of the column behind them; a tuple's first column narrows, and the tuple is tested. */
static void find_bounds(sorter *sort) {
  med_cql_restrictions *to = sort->to;
  if (to->equal_count >= to->table->clustering_count) return;
  med_slice name = med_wide_clustering(to->table)[to->equal_count].name;
  size_t kept = 0;
  for (size_t i = 0; i < to->test_count; i++) {
    const med_cql_relation *relation = to->tests[i];
    bool single = relation->left == MED_CQL_LEFT_COLUMN, tuple = relation->left == MED_CQL_LEFT_TUPLE;
    bool here = (single || tuple) && med_slice_equal(relation->columns[0].name, name);
    bool lower = here && is_lower(relation), upper = here && is_upper(relation);
    if (lower) to->lower = relation;
    if (upper) to->upper = relation;
    if ((!lower && !upper) || tuple) to->tests[kept++] = relation;
  }
  to->test_count = kept;
}

/* ---- What the table can answer ---- */
static bool index_answers(const med_wide_index *index, const med_wide_column *column,
                          const med_cql_relation *relation) {
  if (relation->left == MED_CQL_LEFT_ELEMENT)
    return index->target == MED_WIDE_INDEX_ENTRIES && relation->operation == MED_CQL_EQUAL;
  if (relation->left != MED_CQL_LEFT_COLUMN) return false;
  switch (relation->operation) {
    case MED_CQL_EQUAL: return index->target == MED_WIDE_INDEX_VALUE;
    case MED_CQL_CONTAINS:
      return index->target == MED_WIDE_INDEX_VALUES ||
             (index->target == MED_WIDE_INDEX_KEYS && column->type.kind == MED_WIDE_SET);
    case MED_CQL_CONTAINS_KEY: return index->target == MED_WIDE_INDEX_KEYS;
    default: return false;
  }
}

static void find_index(sorter *sort) {
  med_cql_restrictions *to = sort->to;
  for (size_t i = 0; i < to->test_count && to->index == NULL; i++) {
    const med_wide_column *column = med_wide_table_column(to->table, to->tests[i]->columns[0].name);
    for (size_t j = 0; j < to->table->index_count; j++) {
      if (to->table->indexes[j].column_id != column->id || !index_answers(&to->table->indexes[j], column, to->tests[i]))
        continue;
      to->index = &to->table->indexes[j];
      to->indexed = to->tests[i];
    }
  }
}

static int check_partition(sorter *sort) {
  med_cql_restrictions *to = sort->to;
  size_t restricted = 0, missing = 0;
  for (size_t i = to->table->partition_count; i-- > 0;) {
    if (to->partition[i] != NULL)
      restricted++;
    else
      missing = i;
  }
  to->whole_key = restricted == to->table->partition_count;
  to->whole_row = to->whole_key && to->equal_count == to->table->clustering_count;
  if (sort->purpose != MED_CQL_FOR_SELECT && !to->whole_key)
    return med_cql_fail(sort->run, sort->where->count > 0 ? sort->where->relations[0].at : 0, MEDLEY_ERROR,
                        "Some partition key parts are missing: %.*s", MED_CQL_TEXT(to->table->columns[missing].name));
  if (to->token_count > 0 && restricted > 0)
    return med_cql_fail(sort->run, to->tokens[0]->at, MEDLEY_ERROR,
                        "Columns \"%.*s\" cannot be restricted by both a normal relation and a token relation",
                        MED_CQL_TEXT(to->table->columns[0].name));
  for (size_t i = 0; !to->whole_key && i < to->table->partition_count; i++) {
    if (to->partition[i] != NULL) add_test(sort, to->partition[i]);
  }
  return MEDLEY_OK;
}

/* Without its partition a clustering range leads nowhere: all of it is tested. */
static void release_clustering(sorter *sort) {
  med_cql_restrictions *to = sort->to;
  for (size_t i = 0; i < to->table->clustering_count; i++) {
    if (to->clustering[i] != NULL) add_test(sort, to->clustering[i]);
    to->clustering[i] = NULL;
  }
  if (to->lower != NULL) add_test(sort, to->lower);
  if (to->upper != NULL) add_test(sort, to->upper);
  to->lower = to->upper = NULL;
  to->equal_count = 0;
}

static bool is_exact(const med_cql_restrictions *to, const med_cql_relation *relation) {
  return relation == to->lower || relation == to->upper; /* a tuple's test is of rows within its range */
}

int med_cql_refuse_gap(med_cql_run *run, const med_cql_restrictions *restrictions, const med_cql_relation *relation) {
  med_slice name = relation->columns[0].name;
  med_slice before = med_wide_clustering(restrictions->table)[restrictions->equal_count].name;
  if (restrictions->lower != NULL || restrictions->upper != NULL)
    return med_cql_fail(run, relation->at, MEDLEY_ERROR,
                        "Clustering column \"%.*s\" cannot be restricted (preceding column \"%.*s\" is restricted by a "
                        "non-EQ relation)",
                        MED_CQL_TEXT(name), MED_CQL_TEXT(before));
  return med_cql_fail(run, relation->at, MEDLEY_ERROR,
                      "PRIMARY KEY column \"%.*s\" cannot be restricted as preceding column \"%.*s\" is not restricted",
                      MED_CQL_TEXT(name), MED_CQL_TEXT(before));
}

static int check_tests(sorter *sort) {
  med_cql_restrictions *to = sort->to;
  for (size_t i = 0; i < to->test_count; i++) {
    if (to->tests[i] == to->indexed || is_exact(to, to->tests[i])) continue;
    to->filters = true;
    if (sort->purpose != MED_CQL_FOR_SELECT) return med_cql_refuse_gap(sort->run, to, to->tests[i]);
  }
  return MEDLEY_OK;
}

int med_cql_restrict(med_cql_run *run, const med_wide_table *table, const med_cql_where *where, med_cql_purpose purpose,
                     med_cql_restrictions *to) {
  sorter sort = {.run = run, .where = where, .purpose = purpose, .to = to};
  size_t slots = table->partition_count + table->clustering_count + 2 * where->count;
  size_t room = 3 * where->count + slots;
  *to = (med_cql_restrictions){.table = table};
  const med_cql_relation **pointers = med_cql_alloc(run, (room + slots) * sizeof *pointers);
  sort.columns = med_cql_alloc(run, (table->column_count + 1) * sizeof *sort.columns);
  if (pointers == NULL || sort.columns == NULL) return MEDLEY_NO_MEMORY;
  memset(pointers, 0, (room + slots) * sizeof *pointers);
  memset(sort.columns, 0, (table->column_count + 1) * sizeof *sort.columns);
  to->partition = pointers;
  to->clustering = to->partition + table->partition_count;
  to->tokens = to->clustering + table->clustering_count;
  to->tests = to->tokens + where->count;
  int rc;
  for (size_t i = 0; i < where->count; i++) MED_TRY(sort_relation(&sort, &where->relations[i]));
  count_equal(&sort);
  find_bounds(&sort);
  MED_TRY(check_partition(&sort));
  if (!to->whole_key) release_clustering(&sort);
  if (purpose == MED_CQL_FOR_SELECT) find_index(&sort);
  rc = check_tests(&sort);
done:
  return rc;
}
