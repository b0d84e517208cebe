/* wide_plans.c - which constraints and orders of SQL a wide-column table answers by its key.
 *
 * A whole partition key by = (IN is a look-up for each value), then clustering columns by = in their order, then a range of the next one;
 * or, without the key, an indexed column by =; else all rows, of which sealed ones are looked at by comparisons of regular columns
 * (wide_vectors.c). SQLite looks at every constraint again, so a plan may find too
 * much, never too little: a range is only read where SQL and the key have one order (wide_values.h). */
#include <string.h>

#include "engine/sql/wide_tables.h"

/* What is not counted is guessed: wide-column tables are large, and SQLite takes a table of its own without statistics for one of a
 * million rows, which should bring the keys in a join rather than be brought to by all rows here. */
#define TABLE_ROWS 25000000
#define PARTITION_ROWS 20
#define INDEXED_ROWS 50

typedef struct plan {
  const med_wide_table *table;
  sqlite3_index_info *info;
  int equal[2 * MED_WIDE_KEY_COLUMNS_MAX];                              /* of each key column: the constraint, or -1 */
  int lower[MED_WIDE_KEY_COLUMNS_MAX], upper[MED_WIDE_KEY_COLUMNS_MAX]; /* of each clustering column */
  int indexed; /* the constraint on a column with an index, or -1 */
  size_t indexed_column;
  int tests[MED_WIDE_PLAN_TESTS_MAX]; /* constraints that a scan looks at */
  size_t test_count;
  size_t equal_count; /* clustering columns */
  int number;         /* idxNum */
  med_buffer text;    /* idxStr */
} plan;

static bool has_index(const med_wide_table *table, const med_wide_column *column) {
  return (column->role == MED_WIDE_REGULAR || column->role == MED_WIDE_CLUSTERING) &&
         med_wide_table_index(table, column->id, MED_WIDE_INDEX_VALUE) != NULL;
}

/* Whether it is compared with a number that is known already. */
static bool is_number(sqlite3_index_info *info, int constraint) {
  sqlite3_value *value;
  if (sqlite3_vtab_rhs_value(info, constraint, &value) != SQLITE_OK || value == NULL) return false;
  return sqlite3_value_type(value) == SQLITE_INTEGER || sqlite3_value_type(value) == SQLITE_FLOAT;
}

static bool has_windows_of(const med_wide_table *table, const med_wide_column *column) {
  return table->time_window != NULL && column == &table->columns[table->time_window->column];
}

/* Whether sealed rows, or windows of time, can be held against the comparison: where the column's order is SQL's, or for equality where it has equal values equal.
 * An IN would be a scan for each value. */
static bool is_test(const plan *to, int number, const med_wide_column *column) {
  bool sealed = column->role == MED_WIDE_REGULAR && to->table->flags & MED_WIDE_TABLE_SEGMENTS;
  if (!sealed && !has_windows_of(to->table, column)) return false;
  if (sqlite3_vtab_in(to->info, number, -1) || to->test_count == MED_WIDE_PLAN_TESTS_MAX) return false;
  switch (to->info->aConstraint[number].op) {
    case SQLITE_INDEX_CONSTRAINT_EQ:
      if (med_wide_segment_type(column->type.kind) != MED_COLUMN_TEXTS) return true;
      break;
    case SQLITE_INDEX_CONSTRAINT_GT:
    case SQLITE_INDEX_CONSTRAINT_GE:
    case SQLITE_INDEX_CONSTRAINT_LT:
    case SQLITE_INDEX_CONSTRAINT_LE: break;
    default: return false;
  }
  return med_wide_values_have_sql_order(&column->type);
}

static void look_at(plan *to, int number) {
  const struct sqlite3_index_constraint *constraint = &to->info->aConstraint[number];
  if (!constraint->usable || constraint->iColumn < 0) return;
  size_t at = (size_t)constraint->iColumn;
  if (at >= to->table->column_count) return; /* a hidden column */
  const char *collation = sqlite3_vtab_collation(to->info, number);
  if (collation != NULL && sqlite3_stricmp(collation, "BINARY") != 0) return;
  const med_wide_column *column = &to->table->columns[at];
  if (med_wide_values_are_text(&column->type) && is_number(to->info, number)) return;
  size_t partitions = to->table->partition_count, keys = partitions + to->table->clustering_count;
  int *slot = NULL;
  if (is_test(to, number, column)) to->tests[to->test_count++] = number;
  switch (constraint->op) {
    case SQLITE_INDEX_CONSTRAINT_EQ:
      if (to->indexed < 0 && has_index(to->table, column)) {
        to->indexed = number;
        to->indexed_column = at;
      }
      if (at < keys) slot = &to->equal[at];
      break;
    case SQLITE_INDEX_CONSTRAINT_GT:
    case SQLITE_INDEX_CONSTRAINT_GE:
      if (at >= partitions && at < keys && med_wide_values_have_sql_order(&column->type))
        slot = &to->lower[at - partitions];
      break;
    case SQLITE_INDEX_CONSTRAINT_LT:
    case SQLITE_INDEX_CONSTRAINT_LE:
      if (at >= partitions && at < keys && med_wide_values_have_sql_order(&column->type))
        slot = &to->upper[at - partitions];
      break;
    default: break;
  }
  if (slot != NULL && *slot < 0) *slot = number;
}

/* ---- Order ---- */
/* Whether what is read comes in the order that is asked for, or in its reverse. */
static bool gives_order(const plan *to, bool *reverse) {
  const med_wide_table *table = to->table;
  size_t next = to->equal_count;
  *reverse = false;
  for (int i = 0; i < to->info->nOrderBy; i++) {
    const struct sqlite3_index_orderby *term = &to->info->aOrderBy[i];
    if (term->iColumn < 0 || (size_t)term->iColumn >= table->column_count) return false;
    size_t at = (size_t)term->iColumn;
    if (at < table->partition_count + to->equal_count) continue; /* one value in all rows */
    if (at != table->partition_count + next || next >= table->clustering_count) return false;
    const med_wide_column *column = &table->columns[at];
    bool against = (term->desc != 0) != column->descending;
    if (!med_wide_values_can_sort(&column->type) || (next > to->equal_count && against != *reverse)) return false;
    *reverse = against;
    next++;
  }
  return true;
}

/* ---- The plan ---- */
static void use(plan *to, int constraint, int *argument, const char *operation, size_t column) {
  const med_wide_column *used = &to->table->columns[column];
  med_slice name = used->name;
  to->info->aConstraintUsage[constraint].argvIndex = ++*argument;
  /* SQLite looks at the values of an IN again as texts, whatever they are. */
  if (med_wide_values_are_text(&used->type) && sqlite3_vtab_in(to->info, constraint, -1))
    to->number |= MED_WIDE_PLAN_RELIED_ON;
  if (!med_buffer_printf(&to->text, "%s%.*s%s", *argument > 1 ? " " : "", (int)name.len, (const char *)name.bytes,
                         operation))
    to->number = -1;
}

/* to->number is -1 if memory was short. */
static void plan_partition(plan *to) {
  const med_wide_table *table = to->table;
  size_t partitions = table->partition_count, equal = 0;
  int argument = 0;
  while (equal < table->clustering_count && to->equal[partitions + equal] >= 0) equal++;
  to->equal_count = equal;
  to->number = MED_WIDE_PLAN_PARTITION | (int)(equal << MED_WIDE_PLAN_NUMBER_SHIFT);
  for (size_t i = 0; i < partitions + equal; i++) use(to, to->equal[i], &argument, "=", i);
  double rows = PARTITION_ROWS;
  for (size_t i = 0; i < equal; i++) rows /= 5;
  if (equal < table->clustering_count && to->lower[equal] >= 0) {
    to->number |= MED_WIDE_PLAN_LOWER;
    use(to, to->lower[equal], &argument, ">", partitions + equal);
    rows /= 3;
  }
  if (equal < table->clustering_count && to->upper[equal] >= 0) {
    to->number |= MED_WIDE_PLAN_UPPER;
    use(to, to->upper[equal], &argument, "<", partitions + equal);
    rows /= 3;
  }
  bool one = equal == table->clustering_count, exact = true;
  for (size_t i = 0; i < partitions + equal; i++)
    exact = exact && !med_wide_values_are_text(&table->columns[i].type); /* a number may be equal to several texts */
  if (one && exact) to->info->idxFlags = SQLITE_INDEX_SCAN_UNIQUE;
  if (one || rows < 2) rows = one ? 1 : 2;
  to->info->estimatedRows = (sqlite3_int64)rows;
  to->info->estimatedCost = 4 + 2 * rows;
  bool reverse;
  if (!gives_order(to, &reverse)) return;
  to->info->orderByConsumed = to->info->nOrderBy > 0;
  if (to->info->nOrderBy > 0 && to->number >= 0) to->number |= MED_WIDE_PLAN_RELIED_ON;
  if (reverse && to->number >= 0) to->number |= MED_WIDE_PLAN_REVERSE;
  if (reverse && !med_buffer_append(&to->text, " backwards", 10)) to->number = -1;
}

static void plan_index(plan *to) {
  int argument = 0;
  to->number = MED_WIDE_PLAN_INDEX | (int)(to->indexed_column << MED_WIDE_PLAN_NUMBER_SHIFT);
  if (!med_buffer_append(&to->text, "index ", 6)) to->number = -1;
  use(to, to->indexed, &argument, "=", to->indexed_column);
  to->info->estimatedRows = INDEXED_ROWS;
  to->info->estimatedCost = 4.0 * INDEXED_ROWS; /* each row is looked up */
}

/* Neither cost nor rows are less by it, for all that is known: a join keeps its order. */
static void plan_scan(plan *to) {
  to->number = MED_WIDE_PLAN_SCAN | (int)(to->test_count << MED_WIDE_PLAN_NUMBER_SHIFT);
  for (size_t i = 0; i < to->test_count; i++) {
    const struct sqlite3_index_constraint *constraint = &to->info->aConstraint[to->tests[i]];
    med_slice name = to->table->columns[constraint->iColumn].name;
    bool lower = constraint->op == SQLITE_INDEX_CONSTRAINT_GT || constraint->op == SQLITE_INDEX_CONSTRAINT_GE;
    bool equal = constraint->op == SQLITE_INDEX_CONSTRAINT_EQ;
    to->info->aConstraintUsage[to->tests[i]].argvIndex = (int)i + 1;
    if (!med_buffer_printf(&to->text, "%d:%.*s%s ", constraint->iColumn, (int)name.len, (const char *)name.bytes,
                           equal   ? "="
                           : lower ? ">"
                                   : "<"))
      to->number = -1;
  }
}

static bool has_whole_key(const plan *to) {
  for (size_t i = 0; i < to->table->partition_count; i++) {
    if (to->equal[i] < 0) return false;
  }
  return true;
}

int med_wide_plans_best_index(sqlite3_vtab *base, sqlite3_index_info *info) {
  plan chosen = {.info = info, .indexed = -1};
  int code = med_wide_table_now(wide_table_of(base), &chosen.table);
  if (code != SQLITE_OK) return code;
  memset(chosen.equal, -1, sizeof chosen.equal);
  memset(chosen.lower, -1, sizeof chosen.lower);
  memset(chosen.upper, -1, sizeof chosen.upper);
  for (int i = 0; i < info->nConstraint; i++) look_at(&chosen, i);
  info->estimatedRows = TABLE_ROWS;
  info->estimatedCost = 2.0 * TABLE_ROWS;
  if (has_whole_key(&chosen))
    plan_partition(&chosen);
  else if (chosen.indexed >= 0)
    plan_index(&chosen);
  else
    plan_scan(&chosen);
  info->idxNum = chosen.number;
  if (chosen.number >= 0)
    info->idxStr = sqlite3_mprintf("%.*s", (int)chosen.text.len, chosen.text.len > 0 ? chosen.text.bytes : "");
  info->needToFreeIdxStr = 1;
  med_buffer_clear(&chosen.text);
  return info->idxStr != NULL ? SQLITE_OK : SQLITE_NOMEM;
}
