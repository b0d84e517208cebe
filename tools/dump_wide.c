/* dump_wide.c - the wide-column part of `medley dump`: cql: lines that make keyspaces, types, tables and rows again.
 *
 * Rows go back as JSON, which every type has. A column with a time to live goes back with what is left of it, in a statement of its own; a
 * row of which every value has one gets no other. Timestamps, and times to live of single elements of collections, are not part of it. */
#include <stdlib.h>
#include <string.h>

#include "tools/dump.h"
#include "tools/text.h"

#define ROWS_A_TRANSACTION 5000

typedef struct wide_column {
  char *name;
  bool key, has_ttl; /* has_ttl: one can be asked for */
  int ttl_column;    /* in the row */
} wide_column;

typedef struct wide_dump {
  medley_session *session;
  FILE *out;
  text table; /* keyspace and name, quoted */
  wide_column *columns;
  int count;
  bool counters;
  text keys; /* of the present row: members of JSON, or relations */
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
  text_add_string(out, plain ? "\"" : "\"\\\"");
  for (const char *c = name; *c; c++) {
    if (*c == '"' || *c == '\\') text_add_string(out, "\\");
    text_add(out, c, 1);
  }
  text_add_string(out, plain ? "\": " : "\\\"\": ");
}

static int prepare(medley_session *session, const char *cql, medley_statement **statement) {
  return medley_prepare(session, MEDLEY_LANGUAGE_CQL, cql, strlen(cql), statement, NULL);
}

/* ---- What the columns are ---- found by asking for their times to live, which keys and collections do not have. */
static bool takes(wide_dump *d, const char *function, const char *name) {
  text cql = {0};
  medley_statement *statement = NULL;
  text_add_format(&cql, "SELECT %s(", function);
  add_cql_name(&cql, name);
  text_add_format(&cql, ") FROM %s", d->table.bytes);
  int rc = prepare(d->session, cql.bytes, &statement);
  medley_statement_close(statement);
  text_clear(&cql);
  return rc == MEDLEY_OK;
}

static bool is_key(wide_dump *d) {
  return strstr(medley_session_error(d->session)->message, "PRIMARY KEY part") != NULL;
}

static void free_columns(wide_dump *d) {
  for (int i = 0; i < d->count; i++) free(d->columns[i].name);
  free(d->columns);
  d->columns = NULL;
  d->count = 0;
}

static int find_columns(wide_dump *d) {
  text cql = {0};
  medley_statement *statement = NULL;
  text_add_format(&cql, "SELECT * FROM %s", d->table.bytes);
  int rc = prepare(d->session, cql.bytes, &statement);
  text_clear(&cql);
  int count = rc == MEDLEY_OK ? medley_column_count(statement) : 0;
  d->columns = text_allocate(NULL, ((size_t)count + 1) * sizeof *d->columns);
  for (; d->count < count; d->count++) {
    const char *name = medley_column_name(statement, d->count);
    d->columns[d->count] = (wide_column){.name = text_allocate(NULL, strlen(name) + 1)};
    memcpy(d->columns[d->count].name, name, strlen(name) + 1);
  }
  medley_statement_close(statement);
  for (int i = 0; i < d->count; i++) {
    d->columns[i].has_ttl = takes(d, "ttl", d->columns[i].name);
    d->columns[i].key = !d->columns[i].has_ttl && is_key(d);
  }
  return rc;
}

static int select_rows(wide_dump *d, medley_statement **statement) {
  text cql = {0};
  int next = d->count;
  text_add_string(&cql, "SELECT ");
  for (int i = 0; i < d->count; i++) {
    text_add_string(&cql, i ? ", toJson(" : "toJson(");
    add_cql_name(&cql, d->columns[i].name);
    text_add_string(&cql, ")");
  }
  for (int i = 0; i < d->count; i++) {
    if (!d->columns[i].has_ttl) continue;
    text_add_string(&cql, ", ttl(");
    add_cql_name(&cql, d->columns[i].name);
    text_add_string(&cql, ")");
    d->columns[i].ttl_column = next++;
  }
  text_add_format(&cql, " FROM %s", d->table.bytes);
  int rc = prepare(d->session, cql.bytes, statement);
  text_clear(&cql);
  return rc;
}

/* ---- Rows ---- */
static bool is_null(medley_statement *row, int column) { return strcmp(medley_column_text(row, column), "null") == 0; }

static bool expires(const wide_dump *d, medley_statement *row, int column) {
  return d->columns[column].has_ttl && medley_column_type(row, d->columns[column].ttl_column) != MEDLEY_TYPE_NULL;
}

static void add_member(const wide_dump *d, text *json, medley_statement *row, int column) {
  text_add_string(json, json->len > 1 ? ", " : "");
  add_json_name(json, d->columns[column].name);
  text_add_string(json, medley_column_text(row, column));
}

static void put_insert(wide_dump *d, const text *members, long long ttl) {
  fprintf(d->out, "cql: INSERT INTO %s JSON '", d->table.bytes);
  for (size_t i = 0; i < members->len; i++) {
    if (members->bytes[i] == '\'') fputc('\'', d->out);
    fputc(members->bytes[i], d->out);
  }
  fputs("}' DEFAULT UNSET", d->out);
  if (ttl > 0) fprintf(d->out, " USING TTL %lld", ttl);
  fputs(";\n", d->out);
}

static void put_row(wide_dump *d, medley_statement *row) {
  text members = {0};
  bool lasts = false, any_expires = false;
  d->keys.len = 0;
  text_add_string(&d->keys, "{");
  for (int i = 0; i < d->count; i++) {
    if (d->columns[i].key && !is_null(row, i)) add_member(d, &d->keys, row, i);
  }
  text_add(&members, d->keys.bytes, d->keys.len);
  for (int i = 0; i < d->count; i++) {
    if (d->columns[i].key || is_null(row, i)) continue;
    any_expires = any_expires || expires(d, row, i);
    if (expires(d, row, i)) continue;
    lasts = true;
    add_member(d, &members, row, i);
  }
  if (lasts || !any_expires) put_insert(d, &members, 0);
  for (int i = 0; i < d->count; i++) {
    if (d->columns[i].key || is_null(row, i) || !expires(d, row, i)) continue;
    members.len = 0;
    text_add(&members, d->keys.bytes, d->keys.len);
    add_member(d, &members, row, i);
    put_insert(d, &members, (long long)medley_column_integer(row, d->columns[i].ttl_column));
  }
  text_clear(&members);
}

static void put_json_literal(wide_dump *d, const char *json) {
  fputs("fromJson('", d->out);
  for (const char *c = json; *c; c++) {
    if (*c == '\'') fputc('\'', d->out);
    fputc(*c, d->out);
  }
  fputs("')", d->out);
}

static void put_name(wide_dump *d, const char *name) {
  text quoted = {0};
  add_cql_name(&quoted, name);
  fputs(quoted.bytes, d->out);
  text_clear(&quoted);
}

static void put_counters(wide_dump *d, medley_statement *row) {
  for (int i = 0; i < d->count; i++) {
    bool first = true;
    if (d->columns[i].key || is_null(row, i)) continue;
    fprintf(d->out, "cql: UPDATE %s SET ", d->table.bytes);
    put_name(d, d->columns[i].name);
    fputs(" += ", d->out);
    fputs(medley_column_text(row, i), d->out);
    for (int k = 0; k < d->count; k++) {
      if (!d->columns[k].key || is_null(row, k)) continue;
      fputs(first ? " WHERE " : " AND ", d->out);
      put_name(d, d->columns[k].name);
      fputs(" = ", d->out);
      put_json_literal(d, medley_column_text(row, k));
      first = false;
    }
    fputs(";\n", d->out);
  }
}

static int dump_rows(wide_dump *d, const char *keyspace, const char *name, bool counters) {
  medley_statement *row = NULL;
  long rows = 0;
  d->table.len = 0;
  add_cql_name(&d->table, keyspace);
  text_add_string(&d->table, ".");
  add_cql_name(&d->table, name);
  int rc = find_columns(d);
  if (rc == MEDLEY_OK) rc = select_rows(d, &row);
  fputs("BEGIN;\n", d->out);
  while (rc == MEDLEY_OK && (rc = medley_step(row)) == MEDLEY_ROW) {
    if (counters)
      put_counters(d, row);
    else
      put_row(d, row);
    if (++rows % ROWS_A_TRANSACTION == 0) fputs("COMMIT;\nBEGIN;\n", d->out);
    rc = MEDLEY_OK;
  }
  if (rc == MEDLEY_DONE) fputs("COMMIT;\n", d->out);
  medley_statement_close(row);
  free_columns(d);
  return rc == MEDLEY_DONE ? MEDLEY_OK : rc;
}

/* ---- Definitions ---- */
typedef enum pass { DEFINITIONS, ROWS, DERIVED } pass;

static int dump_pass(wide_dump *d, pass which) {
  medley_statement *thing = NULL;
  int rc = prepare(d->session, "DESCRIBE SCHEMA", &thing);
  while (rc == MEDLEY_OK && (rc = medley_step(thing)) == MEDLEY_ROW) {
    const char *type = medley_column_text(thing, 1), *create = medley_column_text(thing, 3);
    bool derived = strcmp(type, "index") == 0 || strcmp(type, "view") == 0, table = strcmp(type, "table") == 0;
    rc = MEDLEY_OK;
    if (which == (derived ? DERIVED : DEFINITIONS)) fprintf(d->out, "cql: %s\n", create);
    if (which == ROWS && table)
      rc =
          dump_rows(d, medley_column_text(thing, 0), medley_column_text(thing, 2), strstr(create, " counter,") != NULL);
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
  text_clear(&d.keys);
  return rc;
}
