/* dump_wide.c - the wide-column part of `medley dump`: cql: lines that make keyspaces, types, tables and rows again.
 *
 * What lasts of a row is an INSERT of JSON, which every type has; each value with a time to live follows in an UPDATE with what is left
 * of it, which leaves the row's own life as it is. A row of which every value has one has no lasting part: it is an INSERT of
 * those that live longest. Static columns are written once, before the first row of their partition. In a table with a default time to
 * live what lasts says so. How long windows of time are kept is said when all rows are there. Timestamps, times to live of single elements of collections, and whether a row was made by UPDATE alone
 * are not part of it. */
#include "tools/dump_wide.h"

#include <stdlib.h>
#include <string.h>

#include "tools/dump.h"

#define ROWS_A_TRANSACTION 5000

typedef struct wide_dump {
  medley_session *session;
  FILE *out;
  text table; /* keyspace and name, quoted */
  dump_columns columns;
  text *values;   /* of the present row, as JSON; empty: null */
  text partition; /* of the row before: the values of its key */
} wide_dump;

static void add_cql_name(text *out, const char *name) {
  text_add_string(out, "\"");
  for (const char *c = name; *c; c++) text_add(out, *c == '"' ? "\"\"" : c, *c == '"' ? 2 : 1);
  text_add_string(out, "\"");
}

/* A member's name: what is not in lower case has a second pair of quotes. */
static void add_json_name(text *out, const char *name) {
  bool plain = *name != 0;
  for (const char *c = name; *c; c++)
    plain = plain && ((*c >= 'a' && *c <= 'z') || (*c >= '0' && *c <= '9') || *c == '_');
  text quoted = {0};
  text_add_string(&quoted, plain ? "" : "\"");
  text_add_string(&quoted, name);
  text_add_string(&quoted, plain ? "" : "\"");
  text_add_json_string(out, quoted.bytes, quoted.len);
  text_add_string(out, ": ");
  text_clear(&quoted);
}

static int prepare(medley_session *session, const char *cql, medley_statement **statement) {
  return medley_prepare(session, MEDLEY_LANGUAGE_CQL, cql, strlen(cql), statement, NULL);
}

/* ---- Reading rows ---- */
/* Whether a column has one time to live: keys have none, and collections one for each element. */
static bool has_ttl(wide_dump *d, const char *name) {
  text cql = {0};
  medley_statement *statement = NULL;
  text_add_string(&cql, "SELECT ttl(");
  add_cql_name(&cql, name);
  text_add_format(&cql, ") FROM %s", d->table.bytes);
  int rc = prepare(d->session, cql.bytes, &statement);
  medley_statement_close(statement);
  text_clear(&cql);
  return rc == MEDLEY_OK;
}

static void add_selected(text *cql, const char *function, const char *name) {
  text_add_format(cql, "%s%s", cql->len > 7 ? ", " : "", function);
  add_cql_name(cql, name);
  text_add_string(cql, *function ? ")" : "");
}

/* Every column as JSON, then as it is, then the times to live. */
static int select_rows(wide_dump *d, medley_statement **statement) {
  text cql = {0};
  int count = d->columns.count, next = 2 * count;
  text_add_string(&cql, "SELECT ");
  for (int i = 0; i < count; i++) add_selected(&cql, "toJson(", d->columns.at[i].name);
  for (int i = 0; i < count; i++) add_selected(&cql, "", d->columns.at[i].name);
  for (int i = 0; i < count; i++) {
    dump_column *column = &d->columns.at[i];
    column->has_ttl = column->role >= DUMP_STATIC && !d->columns.counters && has_ttl(d, column->name);
    if (!column->has_ttl) continue;
    column->ttl_column = next++;
    add_selected(&cql, "ttl(", column->name);
  }
  text_add_format(&cql, " FROM %s", d->table.bytes);
  int rc = prepare(d->session, cql.bytes, statement);
  text_clear(&cql);
  return rc;
}

static void read_values(wide_dump *d, medley_statement *row) {
  for (int i = 0; i < d->columns.count; i++) {
    d->values[i].len = 0;
    if (medley_column_type(row, d->columns.count + i) == MEDLEY_TYPE_NULL) continue;
    dump_json_add(&d->values[i], medley_column_text(row, i), medley_column_value(row, d->columns.count + i));
  }
}

/* Whether a column of these is given. */
static bool has(const wide_dump *d, int column, dump_role role) {
  return d->columns.at[column].role == role && d->values[column].len > 0;
}

/* Seconds; 0: it lasts. */
static int64_t ttl_of(const wide_dump *d, medley_statement *row, int column) {
  return d->columns.at[column].has_ttl ? medley_column_integer(row, d->columns.at[column].ttl_column) : 0;
}

/* Notes the row's partition; whether it is another than that of the row before. */
static bool begins_partition(wide_dump *d) {
  text key = {0};
  for (int i = 0; i < d->columns.count && d->columns.at[i].role == DUMP_PARTITION; i++) {
    text_add(&key, d->values[i].bytes, d->values[i].len);
    text_add(&key, ",", 1);
  }
  bool same = key.len == d->partition.len && memcmp(key.bytes, d->partition.bytes, key.len) == 0;
  text_clear(&d->partition);
  d->partition = key;
  return !same;
}

/* ---- Writing rows ---- */
static void add_member(const wide_dump *d, text *json, int column) {
  text_add_string(json, json->len > 1 ? ", " : "");
  add_json_name(json, d->columns.at[column].name);
  text_add(json, d->values[column].bytes, d->values[column].len);
}

static void put_quoted(wide_dump *d, const text *json) {
  fputc('\'', d->out);
  for (size_t i = 0; i < json->len; i++) {
    if (json->bytes[i] == '\'') fputc('\'', d->out);
    fputc(json->bytes[i], d->out);
  }
  fputc('\'', d->out);
}

static void put_name(wide_dump *d, const char *name) {
  text quoted = {0};
  add_cql_name(&quoted, name);
  fputs(quoted.bytes, d->out);
  text_clear(&quoted);
}

static bool is_key_of(dump_role key, dump_role role) {
  return key == DUMP_PARTITION || (key == DUMP_CLUSTERING && role == DUMP_REGULAR);
}

/* An INSERT of the key and of the columns of the role whose time to live is ttl. */
static void put_insert(wide_dump *d, medley_statement *row, dump_role role, int64_t ttl) {
  text json = {0};
  text_add_string(&json, "{");
  for (int i = 0; i < d->columns.count; i++) {
    bool is_key = is_key_of(d->columns.at[i].role, role);
    if (is_key || (has(d, i, role) && ttl_of(d, row, i) == ttl)) add_member(d, &json, i);
  }
  text_add_string(&json, "}");
  fprintf(d->out, "cql: INSERT INTO %s JSON ", d->table.bytes);
  put_quoted(d, &json);
  fputs(" DEFAULT UNSET", d->out);
  if (ttl > 0 || d->columns.default_ttl) fprintf(d->out, " USING TTL %lld", (long long)ttl);
  fputs(";\n", d->out);
  text_clear(&json);
}

static void put_where(wide_dump *d, dump_role role) {
  for (int i = 0; i < d->columns.count && is_key_of(d->columns.at[i].role, role); i++) {
    fputs(i ? " AND " : " WHERE ", d->out);
    put_name(d, d->columns.at[i].name);
    fputs(" = fromJson(", d->out);
    put_quoted(d, &d->values[i]);
    fputc(')', d->out);
  }
  fputs(";\n", d->out);
}

static void put_update(wide_dump *d, int column, int64_t ttl) {
  fprintf(d->out, "cql: UPDATE %s USING TTL %lld SET ", d->table.bytes, (long long)ttl);
  put_name(d, d->columns.at[column].name);
  fputs(" = fromJson(", d->out);
  put_quoted(d, &d->values[column]);
  fputc(')', d->out);
  put_where(d, d->columns.at[column].role);
}

/* The columns of a role: static ones, or those of the row. */
static void put_columns(wide_dump *d, medley_statement *row, dump_role role) {
  bool lasts = false;
  int64_t longest = 0;
  for (int i = 0; i < d->columns.count; i++) {
    int64_t ttl = has(d, i, role) ? ttl_of(d, row, i) : 0;
    lasts = lasts || (has(d, i, role) && ttl == 0);
    longest = ttl > longest ? ttl : longest;
  }
  int64_t inserted = lasts ? 0 : longest;
  if (role == DUMP_REGULAR || lasts || longest > 0) put_insert(d, row, role, inserted);
  for (int i = 0; i < d->columns.count; i++) {
    int64_t ttl = has(d, i, role) ? ttl_of(d, row, i) : 0;
    if (ttl > 0 && ttl != inserted) put_update(d, i, ttl);
  }
}

static void put_counters(wide_dump *d, dump_role role) {
  for (int i = 0; i < d->columns.count; i++) {
    if (!has(d, i, role)) continue;
    fprintf(d->out, "cql: UPDATE %s SET ", d->table.bytes);
    put_name(d, d->columns.at[i].name);
    fprintf(d->out, " += %s", d->values[i].bytes);
    put_where(d, role);
  }
}

static void put_row(wide_dump *d, medley_statement *row) {
  read_values(d, row);
  bool has_row = true; /* a partition of static columns alone has nothing in the place of the other keys */
  for (int i = 0; i < d->columns.count; i++)
    has_row = has_row && (d->columns.at[i].role != DUMP_CLUSTERING || d->values[i].len > 0);
  bool begins = begins_partition(d);
  if (d->columns.counters) {
    if (begins) put_counters(d, DUMP_STATIC);
    put_counters(d, DUMP_REGULAR);
  } else {
    if (begins) put_columns(d, row, DUMP_STATIC);
    if (has_row) put_columns(d, row, DUMP_REGULAR);
  }
}

static int dump_rows(wide_dump *d) {
  medley_statement *row = NULL;
  long rows = 0;
  int rc = select_rows(d, &row);
  d->values = text_allocate(NULL, (size_t)d->columns.count * sizeof *d->values);
  memset(d->values, 0, (size_t)d->columns.count * sizeof *d->values);
  text_clear(&d->partition);
  fputs("BEGIN;\n", d->out);
  while (rc == MEDLEY_OK && (rc = medley_step(row)) == MEDLEY_ROW) {
    put_row(d, row);
    if (++rows % ROWS_A_TRANSACTION == 0) fputs("COMMIT;\nBEGIN;\n", d->out);
    rc = MEDLEY_OK;
  }
  if (rc == MEDLEY_DONE) fputs("COMMIT;\n", d->out);
  medley_statement_close(row);
  for (int i = 0; i < d->columns.count; i++) text_clear(&d->values[i]);
  free(d->values);
  return rc == MEDLEY_DONE ? MEDLEY_OK : rc;
}

static int dump_table(wide_dump *d, const char *keyspace, const char *name, const char *create) {
  d->table.len = 0;
  add_cql_name(&d->table, keyspace);
  text_add_string(&d->table, ".");
  add_cql_name(&d->table, name);
  int rc = MEDLEY_ERROR;
  if (dump_columns_read(&d->columns, create))
    rc = dump_rows(d);
  else
    fprintf(stderr, "medley: the definition of %s is not understood\n", d->table.bytes);
  dump_columns_clear(&d->columns);
  return rc;
}

/* ---- Definitions ---- */
/* Where a definition says how long windows are kept, from the comma before it on, and the map that says it: it is the map's last entry.
 * All NULL if it does not. */
typedef struct kept_windows {
  const char *map, *keep, *end; /* from "{", from ", 'keep'", behind "}" */
} kept_windows;

static kept_windows find_keep(const char *create) {
  static const char name[] = "time_window = ";
  kept_windows found = {0};
  char quote = 0;
  for (const char *at = create; *at; at++) {
    if (quote != 0) {
      if (*at == quote) quote = 0; /* a doubled one begins the next string */
      continue;
    }
    if (*at == '\'' || *at == '"') quote = *at;
    if (strncmp(at, name, sizeof name - 1) == 0) found.map = at + sizeof name - 1;
    if (found.map != NULL && *at == ',') found.keep = at;
    if (found.map != NULL && *at == '}') {
      found.end = at + 1;
      break;
    }
  }
  bool keeps = found.end != NULL && found.keep != NULL && strncmp(found.keep, ", 'keep': ", 10) == 0;
  return keeps ? found : (kept_windows){0};
}

/* While rows are loaded, windows are kept whatever their time: what has gone since the dump was made goes with the last statement. */
static void put_definition(wide_dump *d, const char *create) {
  kept_windows windows = find_keep(create);
  if (windows.map == NULL)
    fprintf(d->out, "cql: %s\n", create);
  else
    fprintf(d->out, "cql: %.*s%s\n", (int)(windows.keep - create), create, windows.end - 1);
}

static void put_keep(wide_dump *d, const char *keyspace, const char *name, const char *create) {
  kept_windows windows = find_keep(create);
  if (windows.map == NULL) return;
  text table = {0};
  add_cql_name(&table, keyspace);
  text_add_string(&table, ".");
  add_cql_name(&table, name);
  fprintf(d->out, "cql: ALTER TABLE %s WITH time_window = %.*s;\n", table.bytes, (int)(windows.end - windows.map),
          windows.map);
  text_clear(&table);
}

typedef enum pass { DEFINITIONS, ROWS, DERIVED } pass;

static int dump_pass(wide_dump *d, pass which) {
  medley_statement *thing = NULL;
  int rc = prepare(d->session, "DESCRIBE SCHEMA", &thing);
  while (rc == MEDLEY_OK && (rc = medley_step(thing)) == MEDLEY_ROW) {
    const char *type = medley_column_text(thing, 1), *create = medley_column_text(thing, 3);
    bool derived = strcmp(type, "index") == 0 || strcmp(type, "view") == 0, table = strcmp(type, "table") == 0;
    rc = MEDLEY_OK;
    if (which == (derived ? DERIVED : DEFINITIONS)) put_definition(d, create);
    if (which == DERIVED && table) put_keep(d, medley_column_text(thing, 0), medley_column_text(thing, 2), create);
    if (which == ROWS && table) rc = dump_table(d, medley_column_text(thing, 0), medley_column_text(thing, 2), create);
  }
  medley_statement_close(thing);
  return rc == MEDLEY_DONE ? MEDLEY_OK : rc;
}

int dump_wide(medley_session *session, FILE *out) {
  wide_dump d = {.session = session, .out = out};
  int rc = dump_pass(&d, DEFINITIONS);
  if (rc == MEDLEY_OK) rc = dump_pass(&d, ROWS);
  if (rc == MEDLEY_OK) rc = dump_pass(&d, DERIVED);
  text_clear(&d.table);
  text_clear(&d.partition);
  return rc;
}
