/* differential_queries.c - expressions and SELECT, from the top of the grammar down; `depth` bounds it. */
#include <stdio.h>
#include <string.h>

#include "tests/fault/differential_grammar.h"

const sql_table *sql_random_table(sql_generator *g, bool views) {
  for (int tries = 0; tries < 12 && g->schema->table_count > 0; tries++) {
    const sql_table *table = &g->schema->tables[below(g, g->schema->table_count)];
    if (((views && !g->only_tables) || !table->view) && table->column_count > 0) return table;
  }
  return NULL;
}

const char *sql_random_column(sql_generator *g, const sql_table *table) {
  if (percent(g, 1)) return "no_such_column";
  if (percent(g, 3) && !table->without_rowid && !table->view) return "rowid";
  return table->columns[below(g, table->column_count)];
}

/* ---- Expressions ---- */
void sql_literal(sql_generator *g) {
  switch (below(g, 12)) {
    case 0: ADD(g, "NULL"); break;
    case 1:
      ADD(g, "%s", PICK(g, "4611686018427387904", "-9223372036854775808", "4294967296", "1e300", "-0.0", "9e999"));
      break;
    case 2: ADD(g, "%d.%d", below(g, 20) - 5, below(g, 100)); break;
    case 3: ADD(g, "x'%02x%02x'", below(g, 256), below(g, 256)); break;
    case 4:
      ADD(g, "%s", PICK(g, "''", "'10'", "'1e2'", "'x''y'", "'%%b%%'", "'\xc3\xa9'", "'\xe6\x97\xa5'", "' 7 '"));
      break;
    case 5:
    case 6: ADD(g, "'%c%c'", 'a' + below(g, 4), 'A' + below(g, 4)); break;
    default: ADD(g, "%d", below(g, 30) - 4); break;
  }
}

static void bound_parameter(sql_generator *g) {
  sql_statement *s = g->statement;
  if (!g->parameters_allowed || s->parameter_count == PARAMETERS_MAX) {
    sql_literal(g);
    return;
  }
  sql_parameter *p = &s->parameters[s->parameter_count];
  p->kind = (parameter_kind)below(g, 5);
  p->integer = below(g, 40) - 5;
  p->real = (below(g, 4000) - 1000) / 8.0;
  p->bytes = g->blobs[s->parameter_count];
  p->len = (size_t)below(g, percent(g, 6) ? BLOB_MAX : 12);
  for (size_t i = 0; i < p->len; i++)
    p->bytes[i] = p->kind == PARAMETER_TEXT ? (uint8_t)('a' + (int)((i * 7 + p->len) % 26))
                                            : (uint8_t)fault_random_next(&g->random);
  ADD(g, "?%d", ++s->parameter_count);
}

static void column_reference(sql_generator *g, const scope *in) {
  while (in != NULL && in->outer != NULL && percent(g, 15)) in = in->outer;
  if (in == NULL || in->count == 0) {
    sql_literal(g);
    return;
  }
  int i = below(g, in->count);
  if (in->aliases[i][0] != '\0' && !percent(g, 10)) ADD(g, "%s.", in->aliases[i]);
  ADD(g, "%s", sql_random_column(g, in->tables[i]));
}

void sql_arguments(sql_generator *g, const scope *in, int count, int depth) {
  for (int i = 0; i < count; i++) {
    if (i > 0) ADD(g, ", ");
    sql_expression(g, in, depth);
  }
}

static void function_call(sql_generator *g, const scope *in, int depth) {
  static const struct {
    const char *name;
    int arguments;
  } functions[] = {{"abs", 1},      {"length", 1},     {"lower", 1},   {"upper", 1},
                   {"coalesce", 3}, {"ifnull", 2},     {"nullif", 2},  {"typeof", 1},
                   {"hex", 1},      {"quote", 1},      {"round", 1},   {"min", 2},
                   {"max", 3},      {"instr", 2},      {"replace", 3}, {"trim", 1},
                   {"unicode", 1},  {"iif", 3},        {"sign", 1},    {"substr", 2},
                   {"substr", 3},   {"json_array", 2}, {"likely", 1},  {"glob", 2},
                   {"like", 2},     {"char", 2},       {"total", 1},   {"no_such_function", 1}};
  int i = below(g, (int)(sizeof functions / sizeof *functions));
  if (i >= 26 && percent(g, 85)) i -= 20;
  ADD(g, "%s(", functions[i].name);
  sql_arguments(g, in, functions[i].arguments, depth - 1);
  ADD(g, ")");
}

static void subquery(sql_generator *g, const scope *in, int depth) {
  switch (below(g, 3)) {
    case 0:
      ADD(g, "%sEXISTS (", PICK(g, "", "NOT "));
      sql_select(g, in, 1 + below(g, 2), depth - 1);
      break;
    case 1:
      sql_expression(g, in, depth - 2);
      ADD(g, " %sIN (", PICK(g, "", "NOT "));
      sql_select(g, in, percent(g, 3) ? 2 : 1, depth - 1);
      break;
    default:
      ADD(g, "(");
      sql_select(g, in, 1, depth - 1);
      break;
  }
  ADD(g, ")");
}

static void case_expression(sql_generator *g, const scope *in, int depth) {
  ADD(g, "CASE");
  if (percent(g, 40)) {
    ADD(g, " ");
    sql_expression(g, in, depth - 1);
  }
  for (int i = 0; i <= below(g, 2); i++) {
    ADD(g, " WHEN ");
    sql_expression(g, in, depth - 1);
    ADD(g, " THEN ");
    sql_expression(g, in, depth - 1);
  }
  if (percent(g, 60)) {
    ADD(g, " ELSE ");
    sql_expression(g, in, depth - 1);
  }
  ADD(g, " END");
}

static void binary(sql_generator *g, const scope *in, int depth) {
  ADD(g, "(");
  sql_expression(g, in, depth - 1);
  ADD(g, " %s ",
      PICK(g, "+", "-", "*", "/", "%%", "||", "&", "|", "<<", ">>", "<", "<=", ">", ">=", "=", "==", "<>", "!=", "IS",
           "IS NOT", "AND", "OR", "LIKE", "GLOB", "<", "=", "AND", "OR"));
  sql_expression(g, in, depth - 1);
  ADD(g, ")");
}

static void compound_expression(sql_generator *g, const scope *in, int depth) {
  switch (below(g, 10)) {
    case 0:
      ADD(g, "%s(", PICK(g, "-", "+", "~", "NOT "));
      sql_expression(g, in, depth - 1);
      ADD(g, ")");
      break;
    case 1: function_call(g, in, depth); break;
    case 2: function_call(g, in, depth); break;
    case 3: case_expression(g, in, depth); break;
    case 4:
      ADD(g, "CAST(");
      sql_expression(g, in, depth - 1);
      ADD(g, " AS %s)", PICK(g, "INTEGER", "TEXT", "REAL", "BLOB", "NUMERIC"));
      break;
    case 5:
      sql_expression(g, in, depth - 1);
      ADD(g, "%s BETWEEN ", PICK(g, "", " NOT"));
      sql_literal(g);
      ADD(g, " AND ");
      sql_literal(g);
      break;
    case 6:
      sql_expression(g, in, depth - 1);
      ADD(g, " %sIN (", PICK(g, "", "NOT "));
      sql_arguments(g, in, 1 + below(g, 4), 0);
      ADD(g, ")");
      break;
    case 7:
      if (depth >= 2)
        subquery(g, in, depth);
      else
        sql_literal(g);
      break;
    default: binary(g, in, depth); break;
  }
}

void sql_expression(sql_generator *g, const scope *in, int depth) {
  if (depth > 0 && percent(g, 60)) {
    compound_expression(g, in, depth);
  } else if (in != NULL && in->count > 0 && percent(g, 65)) {
    column_reference(g, in);
  } else if (percent(g, 12)) {
    bound_parameter(g);
  } else {
    sql_literal(g);
  }
  if (percent(g, 2)) ADD(g, " COLLATE %s", PICK(g, "NOCASE", "RTRIM", "BINARY"));
}

void sql_condition(sql_generator *g, const scope *in, int depth) {
  if (percent(g, 60)) {
    column_reference(g, in);
    ADD(g, " %s ", PICK(g, "=", "<", ">", ">=", "<>", "IS", "LIKE"));
    sql_expression(g, in, 0);
  } else {
    sql_expression(g, in, depth);
  }
}

/* ---- SELECT ---- */
bool sql_add_source(sql_generator *g, scope *in) {
  const sql_table *table = sql_random_table(g, true);
  if (table == NULL || in->count == SCOPE_MAX) return false;
  in->tables[in->count] = table;
  snprintf(in->aliases[in->count], sizeof in->aliases[0], "q%d", g->alias_number++ % 1000);
  ADD(g, "%s AS %s", table->name, in->aliases[in->count]);
  in->count++;
  return true;
}

static void sources(sql_generator *g, scope *in, int depth) {
  if (!sql_add_source(g, in)) {
    ADD(g, "(SELECT 1)");
    return;
  }
  for (int joins = percent(g, 25) ? 1 + below(g, 2) : 0; joins > 0; joins--) {
    ADD(g, " %s ", PICK(g, "JOIN", "LEFT JOIN", "CROSS JOIN", ",", "RIGHT JOIN", "FULL JOIN", "NATURAL JOIN"));
    size_t before = (size_t)sqlite3_str_length(g->out);
    if (!sql_add_source(g, in)) break;
    bool plain = memchr(sqlite3_str_value(g->out) + before - 3, ',', 2) != NULL;
    if (!plain && percent(g, 80)) {
      ADD(g, " ON ");
      sql_condition(g, in, depth > 1 ? 1 : 0);
    }
  }
}

static void window(sql_generator *g, const scope *in) {
  ADD(g, "%s OVER (",
      PICK(g, "row_number()", "rank()", "dense_rank()", "count(*)", "sum(1)", "ntile(3)", "percent_rank()"));
  if (percent(g, 50)) {
    ADD(g, "PARTITION BY ");
    column_reference(g, in);
  }
  ADD(g, " ORDER BY ");
  column_reference(g, in);
  if (percent(g, 30)) ADD(g, " ROWS BETWEEN %d PRECEDING AND CURRENT ROW", below(g, 4));
  ADD(g, ")");
}

static void aggregate(sql_generator *g, const scope *in) {
  if (percent(g, 25)) {
    ADD(g, "count(*)");
    return;
  }
  ADD(g, "%s(%s", PICK(g, "sum", "avg", "min", "max", "count", "total", "group_concat"), PICK(g, "", "", "DISTINCT "));
  column_reference(g, in);
  ADD(g, ")");
  if (percent(g, 10)) {
    ADD(g, " FILTER (WHERE ");
    sql_condition(g, in, 0);
    ADD(g, ")");
  }
}

void sql_result_columns(sql_generator *g, const scope *in, int columns, bool grouped, int depth) {
  for (int i = 0; i < columns; i++) {
    if (i > 0) ADD(g, ", ");
    if (grouped && percent(g, 60)) {
      aggregate(g, in);
    } else if (percent(g, 6) && in->count > 0) {
      window(g, in);
    } else {
      sql_expression(g, in, depth);
    }
    if (percent(g, 10)) ADD(g, " AS r%d", i);
  }
}

/* FROM and what follows stand behind the result columns, which need to know it: it is built apart. */
static void select_core(sql_generator *g, const scope *outer, int columns, int depth) {
  scope in = {.outer = outer};
  sqlite3_str *front = g->out;
  bool grouped = percent(g, 22);
  g->out = sqlite3_str_new(NULL);
  sources(g, &in, depth);
  if (percent(g, 60)) {
    ADD(g, " WHERE ");
    sql_condition(g, &in, depth > 1 ? 2 : 1);
  }
  if (grouped && percent(g, 70)) {
    ADD(g, " GROUP BY ");
    column_reference(g, &in);
    if (percent(g, 30)) {
      ADD(g, " HAVING ");
      aggregate(g, &in);
      ADD(g, " > %d", below(g, 5));
    }
  }
  char *back = sqlite3_str_finish(g->out);
  g->out = front;
  ADD(g, "SELECT %s", percent(g, 12) ? "DISTINCT " : "");
  sql_result_columns(g, &in, columns, grouped, depth > 1 ? 2 : depth);
  ADD(g, " FROM %s", back != NULL ? back : "(SELECT 1)");
  sqlite3_free(back);
}

static void recursive_select(sql_generator *g, int columns) {
  ADD(g, "WITH RECURSIVE n(x, y) AS (SELECT %d, %d UNION ALL SELECT x + %d, %s FROM n WHERE x < %d LIMIT 40) SELECT ",
      below(g, 5), below(g, 5), 1 + below(g, 3), PICK(g, "y * 2", "x", "y || x", "y - x", "NULL"), 10 + below(g, 40));
  for (int i = 0; i < columns; i++)
    ADD(g, "%s%s", i > 0 ? ", " : "", PICK(g, "x", "y", "x + y", "x * 3 - 7", "'k' || x"));
  ADD(g, " FROM n");
}

int sql_select(sql_generator *g, const scope *outer, int columns, int depth) {
  if (columns <= 0) columns = 1 + below(g, 4);
  if (outer == NULL && percent(g, 6)) {
    recursive_select(g, columns);
    return columns;
  }
  if (outer == NULL && percent(g, 4)) {
    ADD(g, "WITH c AS MATERIALIZED (");
    select_core(g, NULL, 1, 1);
    ADD(g, ") ");
  }
  select_core(g, outer, columns, depth);
  if (percent(g, 8)) {
    ADD(g, " %s ", PICK(g, "UNION", "UNION ALL", "EXCEPT", "INTERSECT"));
    select_core(g, outer, percent(g, 3) ? columns + 1 : columns, depth - 1);
  }
  if (percent(g, 30))
    ADD(g, " ORDER BY %d%s%s", 1 + below(g, columns), PICK(g, "", " DESC", " ASC"), PICK(g, "", " NULLS LAST", ""));
  ADD(g, " LIMIT %d", below(g, 60));
  if (percent(g, 15)) ADD(g, " OFFSET %d", below(g, 6));
  return columns;
}
