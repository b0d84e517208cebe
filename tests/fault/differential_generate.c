/* differential_generate.c - statements that change, define, look and transact; see differential_generate.h. */
#include "tests/fault/differential_generate.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/fault/differential_grammar.h"

/* ---- INSERT, UPDATE, DELETE ---- */
static const char *conflict_clause(sql_generator *g) {
  return percent(g, 35) ? PICK(g, " OR ROLLBACK", " OR ABORT", " OR FAIL", " OR IGNORE", " OR REPLACE") : "";
}

static void returning(sql_generator *g, const sql_table *table) {
  scope in = {.count = 1, .tables = {table}};
  if (!percent(g, 12)) return;
  ADD(g, " RETURNING ");
  if (percent(g, 40)) {
    ADD(g, "*");
  } else {
    sql_result_columns(g, &in, 1 + below(g, 2), false, 1);
  }
}

static void upsert(sql_generator *g, const sql_table *table) {
  scope in = {.count = 1, .tables = {table}};
  ADD(g, " ON CONFLICT");
  if (percent(g, 60)) ADD(g, " (%s)", sql_random_column(g, table));
  if (percent(g, 40)) {
    ADD(g, " DO NOTHING");
    return;
  }
  ADD(g, " DO UPDATE SET %s = ", sql_random_column(g, table));
  if (percent(g, 50)) {
    ADD(g, "excluded.%s", sql_random_column(g, table));
  } else {
    sql_expression(g, &in, 1);
  }
}

static void insert_statement(sql_generator *g) {
  const sql_table *table = sql_random_table(g, percent(g, 10));
  if (table == NULL) {
    ADD(g, "INSERT INTO nothing VALUES (1)");
    return;
  }
  int columns = table->column_count;
  if (percent(g, 4))
    ADD(g, "REPLACE INTO %s", table->name);
  else
    ADD(g, "INSERT%s INTO %s", conflict_clause(g), table->name);
  if (percent(g, 3)) {
    ADD(g, " DEFAULT VALUES");
    returning(g, table);
    return;
  }
  if (percent(g, 50)) {
    columns = 1 + below(g, table->column_count);
    ADD(g, " (");
    int first = below(g, table->column_count - columns + 1);
    for (int i = 0; i < columns; i++) ADD(g, "%s%s", i > 0 ? ", " : "", table->columns[first + i]);
    ADD(g, ")");
  }
  if (percent(g, 2)) columns++;
  if (percent(g, 15)) {
    ADD(g, " ");
    sql_select(g, NULL, columns, 2);
  } else {
    for (int rows = percent(g, 40) ? 1 + below(g, 5) : 1, row = 0; row < rows; row++) {
      ADD(g, "%s(", row == 0 ? " VALUES " : ", ");
      sql_arguments(g, NULL, columns, percent(g, 20) ? 1 : 0);
      ADD(g, ")");
    }
    if (percent(g, 15)) upsert(g, table);
  }
  returning(g, table);
}

static void where(sql_generator *g, const scope *in, int share) {
  if (!percent(g, share)) return;
  ADD(g, " WHERE ");
  sql_condition(g, in, 2);
}

static void update_statement(sql_generator *g) {
  const sql_table *table = sql_random_table(g, percent(g, 10));
  if (table == NULL) {
    ADD(g, "UPDATE nothing SET x = 1");
    return;
  }
  scope in = {.count = 1, .tables = {table}};
  snprintf(in.aliases[0], sizeof in.aliases[0], "%.7s", table->name);
  ADD(g, "UPDATE%s %s SET ", conflict_clause(g), table->name);
  for (int i = 0; i <= below(g, 2); i++) {
    ADD(g, "%s%s = ", i > 0 ? ", " : "", sql_random_column(g, table));
    sql_expression(g, &in, 2);
  }
  if (percent(g, 5)) {
    ADD(g, " FROM ");
    if (!sql_add_source(g, &in)) ADD(g, "(SELECT 1)");
  }
  where(g, &in, 85);
  returning(g, table);
}

static void delete_statement(sql_generator *g) {
  const sql_table *table = sql_random_table(g, percent(g, 5));
  if (table == NULL) {
    ADD(g, "DELETE FROM nothing");
    return;
  }
  scope in = {.count = 1, .tables = {table}};
  snprintf(in.aliases[0], sizeof in.aliases[0], "%.7s", table->name);
  ADD(g, "DELETE FROM %s", table->name);
  where(g, &in, 90);
  returning(g, table);
}

/* Tables stay small, so that joins of them do. */
static void thin_out(sql_generator *g) {
  const sql_table *table = sql_random_table(g, false);
  if (table == NULL) {
    ADD(g, "SELECT 1");
  } else if (table->without_rowid) {
    ADD(g, "DELETE FROM %s WHERE (SELECT count(*) FROM %s) > 40", table->name, table->name);
  } else {
    ADD(g, "DELETE FROM %s WHERE rowid NOT IN (SELECT rowid FROM %s ORDER BY rowid DESC LIMIT %d)", table->name,
        table->name, 20 + below(g, 20));
  }
}

/* ---- Schema ---- */
static void column_constraints(sql_generator *g, bool primary) {
  if (primary) ADD(g, " PRIMARY KEY%s", PICK(g, "", "", " AUTOINCREMENT", " DESC", " ON CONFLICT REPLACE"));
  if (percent(g, 12)) ADD(g, " NOT NULL%s", PICK(g, "", " ON CONFLICT IGNORE", " ON CONFLICT REPLACE"));
  if (percent(g, 12)) ADD(g, " UNIQUE%s", PICK(g, "", "", " ON CONFLICT ROLLBACK", " ON CONFLICT FAIL"));
  if (percent(g, 15)) {
    ADD(g, " DEFAULT ");
    if (percent(g, 80))
      sql_literal(g);
    else
      ADD(g, "(abs(-%d) + 1)", below(g, 9));
  }
  if (percent(g, 6)) ADD(g, " CHECK (%s)", PICK(g, "1", "a < 20", "a IS NOT NULL", "length(b) < 50"));
  if (percent(g, 8)) ADD(g, " COLLATE %s", PICK(g, "NOCASE", "RTRIM", "BINARY"));
}

static void foreign_key(sql_generator *g) {
  const sql_table *parent = sql_random_table(g, false);
  if (parent == NULL) return;
  ADD(g, " REFERENCES %s(%s)%s%s%s", parent->name, percent(g, 75) ? parent->columns[0] : sql_random_column(g, parent),
      PICK(g, "", " ON DELETE CASCADE", " ON DELETE SET NULL", " ON DELETE RESTRICT", " ON DELETE SET DEFAULT"),
      PICK(g, "", " ON UPDATE CASCADE", " ON UPDATE SET NULL"),
      PICK(g, "", " DEFERRABLE INITIALLY DEFERRED", " NOT DEFERRABLE"));
}

static void create_table(sql_generator *g) {
  static const char letters[] = "abcdefgh";
  bool temporary = g->temporary && percent(g, 8), without_rowid = percent(g, 15), strict = percent(g, 8);
  ADD(g, "CREATE %sTABLE %st%d", temporary ? "TEMP " : "", g->temporary && percent(g, 10) ? "IF NOT EXISTS " : "",
      below(g, TABLE_NAMES));
  if (percent(g, 6)) {
    ADD(g, " AS ");
    g->only_tables = true; /* the types of a view's columns are what SQLite remembers of them */
    sql_select(g, NULL, 1 + below(g, 3), 2);
    g->only_tables = false;
    return;
  }
  int columns = 1 + below(g, 6);
  int primary = percent(g, 75) || without_rowid ? 0 : -1;
  for (int i = 0; i < columns; i++) {
    ADD(g, "%s%c %s", i == 0 ? " (" : ", ", letters[i],
        i == primary && percent(g, 60) ? "INTEGER"
                                       : PICK(g, "INTEGER", "TEXT", "REAL", "BLOB", "INT", strict ? "ANY" : "NUMERIC",
                                              strict ? "TEXT" : "VARCHAR(9)"));
    column_constraints(g, i == primary);
    if (i > 0 && percent(g, 12)) foreign_key(g);
    if (i > 1 && percent(g, 6)) ADD(g, " GENERATED ALWAYS AS (a + 1) %s", PICK(g, "VIRTUAL", "STORED"));
  }
  if (percent(g, 10) && columns > 1) ADD(g, ", UNIQUE (a, b)");
  if (percent(g, 5)) ADD(g, ", CHECK (a <> 13)");
  ADD(g, ")%s%s%s", without_rowid ? " WITHOUT ROWID" : "", without_rowid && strict ? "," : "", strict ? " STRICT" : "");
}

static void create_index(sql_generator *g) {
  const sql_table *table = sql_random_table(g, false);
  if (table == NULL) {
    create_table(g);
    return;
  }
  ADD(g, "CREATE %sINDEX i%d ON %s (", percent(g, 25) ? "UNIQUE " : "", below(g, 8), table->name);
  if (percent(g, 25)) {
    ADD(g, "%s(%s)", PICK(g, "lower", "abs", "length", "typeof"), sql_random_column(g, table));
  } else {
    ADD(g, "%s%s", sql_random_column(g, table), PICK(g, "", " DESC", " COLLATE NOCASE"));
  }
  if (percent(g, 30)) ADD(g, ", %s", sql_random_column(g, table));
  ADD(g, ")");
  if (percent(g, 20)) {
    ADD(g, " WHERE %s IS NOT NULL", sql_random_column(g, table));
  }
}

static void create_view(sql_generator *g) {
  g->parameters_allowed = percent(g, 3);
  ADD(g, "CREATE %sVIEW v%d AS ", g->temporary && percent(g, 6) ? "TEMP " : "", below(g, 3));
  sql_select(g, NULL, 0, 2);
}

/* Bodies write little, so that triggers of triggers come to an end. */
static void create_trigger(sql_generator *g) {
  const sql_table *table = sql_random_table(g, true), *target = sql_random_table(g, false);
  if (table == NULL || target == NULL) {
    create_table(g);
    return;
  }
  g->parameters_allowed = false;
  ADD(g, "CREATE TRIGGER g%d %s %s ON %s", below(g, 6), table->view ? "INSTEAD OF" : PICK(g, "BEFORE", "AFTER"),
      PICK(g, "INSERT", "UPDATE", "DELETE"), table->name);
  if (percent(g, 30)) ADD(g, " WHEN %d < %d", below(g, 5), below(g, 9));
  ADD(g, " BEGIN ");
  switch (below(g, 6)) {
    case 0:
      ADD(g, "SELECT RAISE(%s, 'stop') WHERE (SELECT count(*) FROM %s) > %d;", PICK(g, "ABORT", "FAIL", "ROLLBACK"),
          target->name, below(g, 25));
      break;
    case 1: ADD(g, "SELECT RAISE(IGNORE) WHERE (SELECT count(*) FROM %s) %% 3 = 1;", target->name); break;
    case 2: ADD(g, "DELETE FROM %s WHERE %s = %d;", target->name, target->columns[0], below(g, 20)); break;
    case 3:
      ADD(g, "UPDATE%s %s SET %s = %d WHERE %s = %d;", conflict_clause(g), target->name,
          target->columns[target->column_count - 1], below(g, 9), target->columns[0], below(g, 20));
      break;
    default:
      ADD(g, "INSERT%s INTO %s (%s) SELECT %d WHERE (SELECT count(*) FROM %s) < 40;", conflict_clause(g), target->name,
          target->columns[0], below(g, 60), target->name);
      break;
  }
  ADD(g, " END");
}

static void alter_table(sql_generator *g) {
  const sql_table *table = sql_random_table(g, percent(g, 5));
  if (table == NULL) {
    create_table(g);
    return;
  }
  ADD(g, "ALTER TABLE %s ", table->name);
  switch (below(g, 4)) {
    case 0: ADD(g, "RENAME TO t%d", below(g, TABLE_NAMES)); break;
    case 1: ADD(g, "RENAME COLUMN %s TO %c", sql_random_column(g, table), 'a' + below(g, 10)); break;
    case 2: ADD(g, "DROP COLUMN %s", sql_random_column(g, table)); break;
    default:
      ADD(g, "ADD COLUMN %c %s", 'a' + below(g, 10), PICK(g, "INTEGER", "TEXT", "REAL", ""));
      if (percent(g, 40)) ADD(g, " DEFAULT %d", below(g, 9));
      if (percent(g, 20)) ADD(g, " NOT NULL");
      if (percent(g, 10)) foreign_key(g);
      break;
  }
}

static void drop_something(sql_generator *g) {
  /* With nothing to do it takes Medley's write lock, and not SQLite's: only where nobody else is. */
  const char *exists = g->temporary ? PICK(g, "", "IF EXISTS ") : "";
  switch (below(g, 5)) {
    case 0: ADD(g, "DROP TABLE %st%d", exists, below(g, TABLE_NAMES)); break;
    case 1: ADD(g, "DROP VIEW %sv%d", exists, below(g, 3)); break;
    case 2: ADD(g, "DROP INDEX %si%d", exists, below(g, 8)); break;
    default: ADD(g, "DROP TRIGGER %sg%d", exists, below(g, 6)); break;
  }
}

static void schema_statement(sql_generator *g) {
  int tables = 0;
  for (int i = 0; i < g->schema->table_count; i++) tables += !g->schema->tables[i].view;
  if (tables < 3) {
    create_table(g);
    return;
  }
  switch (below(g, 12)) {
    case 0:
    case 1: create_table(g); break;
    case 2:
    case 3: create_index(g); break;
    case 4: create_view(g); break;
    case 5:
    case 6: create_trigger(g); break;
    case 7:
    case 8: alter_table(g); break;
    /* Other sessions learn the statistics when they next read the schema, which may be at different times. */
    case 9: ADD(g, "%s", g->temporary ? PICK(g, "ANALYZE", "REINDEX", "REINDEX NOCASE") : "REINDEX"); break;
    default: drop_something(g); break;
  }
}

/* ---- Transactions, looks, and broken text ---- */
static void transaction_statement(sql_generator *g, bool in_transaction) {
  if (!in_transaction && percent(g, 70)) {
    ADD(g, "%s",
        PICK(g, "BEGIN", "BEGIN IMMEDIATE", "BEGIN DEFERRED TRANSACTION", "BEGIN EXCLUSIVE", "SAVEPOINT s0", "begin"));
    return;
  }
  switch (below(g, 9)) {
    case 0: ADD(g, "SAVEPOINT s%d", below(g, 3)); break;
    case 1: ADD(g, "SAVEPOINT s%d", below(g, 3)); break;
    case 2: ADD(g, "RELEASE %ss%d", PICK(g, "", "SAVEPOINT "), below(g, 3)); break;
    case 3:
    case 4: ADD(g, "ROLLBACK %sTO s%d", PICK(g, "", "TRANSACTION "), below(g, 3)); break;
    case 5: ADD(g, "%s", PICK(g, "ROLLBACK", "ROLLBACK TRANSACTION", "BEGIN")); break;
    default: ADD(g, "%s", PICK(g, "COMMIT", "END", "COMMIT TRANSACTION", "commit -- done")); break;
  }
}

static void look_statement(sql_generator *g, bool in_transaction) {
  const sql_table *table = sql_random_table(g, true);
  const char *name = table != NULL ? table->name : "t0";
  switch (below(g, 8)) {
    case 0: ADD(g, "PRAGMA foreign_key_check"); break;
    case 1: ADD(g, "PRAGMA table_info(%s)", name); break;
    case 2: ADD(g, "PRAGMA index_list(%s)", name); break;
    case 3: ADD(g, "PRAGMA integrity_check"); break;
    case 4: ADD(g, "SELECT %s last_insert_rowid(), total_changes() >= 0", g->temporary ? "changes()," : ""); break;
    case 5: ADD(g, "SELECT type, name, tbl_name, sql FROM sqlite_schema ORDER BY rowid"); break;
    case 6:
      /* It holds until the next commit: that of a read which is still open on one side would not be the same. */
      if (in_transaction) {
        ADD(g, "PRAGMA defer_foreign_keys = %s", PICK(g, "ON", "OFF"));
        break;
      }
      /* fall through */
    default:
      ADD(g, "EXPLAIN QUERY PLAN ");
      sql_select(g, NULL, 0, 2);
      break;
  }
}

/* A word less, or another one. */
static void break_text(sql_generator *g, sql_statement *s) {
  size_t len = strlen(s->text);
  size_t at = (size_t)below(g, (int)(len > 400 ? 400 : len) + 1);
  if (at >= len) return;
  switch (below(g, 3)) {
    case 0: s->text[at] = '\0'; break;
    case 1: s->text[at] = "$();'\"x "[below(g, 8)]; break;
    default:
      for (size_t i = at; i < len && i < at + 6; i++) s->text[i] = ' ';
      break;
  }
}

static bool is_temporary_schema_text(const char *text) { return strstr(text, "TEMP ") != NULL; }

void sql_generate(sql_generator *g, const sql_schema *schema, bool in_transaction, sql_statement *statement) {
  memset(statement, 0, sizeof *statement);
  g->schema = schema;
  g->statement = statement;
  g->out = sqlite3_str_new(NULL);
  g->alias_number = 0;
  g->parameters_allowed = percent(g, 50);
  int kind = below(g, 100);
  if (schema->table_count < 3) kind = 90;
  if (kind < 27)
    insert_statement(g);
  else if (kind < 40)
    update_statement(g);
  else if (kind < 46)
    delete_statement(g);
  else if (kind < 49)
    thin_out(g);
  else if (kind < 72)
    sql_select(g, NULL, 0, 3);
  else if (kind < 86)
    transaction_statement(g, in_transaction);
  else if (kind < 95)
    schema_statement(g);
  else
    look_statement(g, in_transaction);
  statement->text = sqlite3_str_finish(g->out);
  if (statement->text == NULL) statement->text = sqlite3_mprintf("SELECT 1");
  if (percent(g, 2) && !is_temporary_schema_text(statement->text)) break_text(g, statement);
}

sql_generator *sql_generator_open(uint64_t seed, bool temporary) {
  sql_generator *g = calloc(1, sizeof *g);
  if (g == NULL) return NULL;
  g->random = fault_random_of(seed, 1, 2);
  g->temporary = temporary;
  return g;
}
void sql_generator_close(sql_generator *generator) { free(generator); }
fault_random *sql_generator_random(sql_generator *generator) { return &generator->random; }

/* ---- The schema as it is ---- */
static void load_columns(sqlite3 *db, sql_table *table) {
  sqlite3_stmt *stmt;
  char *text = sqlite3_mprintf("SELECT name FROM pragma_table_xinfo(%Q) WHERE hidden <> 1", table->name);
  if (sqlite3_prepare_v2(db, text, -1, &stmt, NULL) == SQLITE_OK) {
    while (sqlite3_step(stmt) == SQLITE_ROW && table->column_count < COLUMNS_MAX) {
      const char *name = (const char *)sqlite3_column_text(stmt, 0);
      /* Names that need quotes are left to SELECT *. */
      if (name == NULL || strlen(name) >= NAME_SIZE ||
          strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789") != strlen(name))
        continue;
      snprintf(table->columns[table->column_count++], NAME_SIZE, "%s", name);
    }
  }
  sqlite3_finalize(stmt);
  sqlite3_free(text);
}

void sql_schema_load(sqlite3 *db, sql_schema *schema) {
  sqlite3_stmt *stmt;
  schema->table_count = 0;
  int code = sqlite3_prepare_v2(
      db,
      "SELECT name, type = 'view', sql LIKE '%WITHOUT ROWID%' FROM sqlite_schema WHERE type IN ('table', 'view') AND "
      "name NOT LIKE "
      "'sqlite%' UNION ALL SELECT name, type = 'view', sql LIKE '%WITHOUT ROWID%' FROM sqlite_temp_schema "
      "WHERE type IN ('table', 'view')",
      -1, &stmt, NULL);
  while (code == SQLITE_OK && sqlite3_step(stmt) == SQLITE_ROW && schema->table_count < TABLES_MAX) {
    sql_table *table = &schema->tables[schema->table_count];
    memset(table, 0, sizeof *table);
    snprintf(table->name, NAME_SIZE, "%s", (const char *)sqlite3_column_text(stmt, 0));
    table->view = sqlite3_column_int(stmt, 1) != 0;
    table->without_rowid = sqlite3_column_int(stmt, 2) != 0;
    load_columns(db, table);
    schema->table_count++;
  }
  sqlite3_finalize(stmt);
}
