/* dump_columns.c - the columns of a wide-column table, read from the statement that makes it.
 *
 *   CREATE TABLE keyspace.name (
 *       name type,                     the key's columns first, in its order
 *       name type static,
 *       name type,
 *       PRIMARY KEY ((name, name), name)
 *   ) WITH ...
 *
 * DESCRIBE writes no other form: names are in lower case or in quotes, so that PRIMARY is none. */
#include <stdlib.h>
#include <string.h>

#include "tools/dump_wide.h"

static bool take(const char **at, const char *word) {
  size_t len = strlen(word);
  if (strncmp(*at, word, len) != 0) return false;
  *at += len;
  return true;
}

static void skip_blanks(const char **at) { *at += strspn(*at, " \n"); }

static bool take_name(const char **at, text *name) {
  name->len = 0;
  text_add_string(name, "");
  if (!take(at, "\"")) {
    size_t len = strcspn(*at, " .,()\"\n");
    text_add(name, *at, len);
    *at += len;
    return len > 0;
  }
  for (; **at; (*at)++) {
    if (**at == '"' && (*at)[1] != '"') return take(at, "\"");
    if (**at == '"') (*at)++;
    text_add(name, *at, 1);
  }
  return false;
}

/* To the comma behind it, which no type has outside of <> and of names in quotes. */
static bool take_type(const char **at, text *type) {
  int depth = 0;
  bool quoted = false;
  const char *begun = *at;
  for (; **at && (quoted || depth > 0 || **at != ','); (*at)++) {
    if (**at == '"') quoted = !quoted; /* twice for a doubled one */
    if (!quoted) depth += **at == '<' ? 1 : **at == '>' ? -1 : 0;
  }
  type->len = 0;
  text_add(type, begun, (size_t)(*at - begun));
  return take(at, ",");
}

static bool ends_with(const text *type, const char *end) {
  size_t len = strlen(end);
  return type->len >= len && strcmp(type->bytes + type->len - len, end) == 0;
}

static void add_column(dump_columns *columns, const text *name, const text *type) {
  dump_column column = {.name = text_allocate(NULL, name->len + 1), .role = DUMP_REGULAR};
  memcpy(column.name, name->bytes, name->len + 1);
  if (ends_with(type, " static")) column.role = DUMP_STATIC;
  if (strcmp(type->bytes, "counter") == 0 || strcmp(type->bytes, "counter static") == 0) columns->counters = true;
  columns->at = text_allocate(columns->at, ((size_t)columns->count + 1) * sizeof *columns->at);
  columns->at[columns->count++] = column;
}

/* The names of a list: the next columns have that role. */
static bool take_key(const char **at, dump_columns *columns, int *next, dump_role role, text *name) {
  do {
    skip_blanks(at);
    if (*next == columns->count || !take_name(at, name)) return false;
    if (strcmp(name->bytes, columns->at[*next].name) != 0) return false;
    columns->at[(*next)++].role = role;
  } while (take(at, ","));
  return true;
}

static bool read_key(const char **at, dump_columns *columns, text *name) {
  int next = 0;
  if (take(at, "(")) {
    if (!take_key(at, columns, &next, DUMP_PARTITION, name) || !take(at, ")")) return false;
  } else {
    skip_blanks(at);
    if (!take_name(at, name) || columns->count == 0) return false;
    columns->at[next++].role = DUMP_PARTITION;
  }
  if (take(at, ",") && !take_key(at, columns, &next, DUMP_CLUSTERING, name)) return false;
  return take(at, ")");
}

static bool read_all(const char **at, dump_columns *columns, text *name, text *type) {
  if (!take(at, "CREATE TABLE ") || !take_name(at, name) || !take(at, ".") || !take_name(at, name) || !take(at, " ("))
    return false;
  for (;;) {
    skip_blanks(at);
    if (take(at, "PRIMARY KEY (")) return read_key(at, columns, name);
    if (!take_name(at, name) || !take(at, " ") || !take_type(at, type)) return false;
    add_column(columns, name, type);
  }
}

bool dump_columns_read(dump_columns *columns, const char *create) {
  text name = {0}, type = {0};
  bool read = read_all(&create, columns, &name, &type);
  columns->default_ttl = read && strstr(create, "default_time_to_live") != NULL;
  text_clear(&name);
  text_clear(&type);
  return read;
}

void dump_columns_clear(dump_columns *columns) {
  for (int i = 0; i < columns->count; i++) free(columns->at[i].name);
  free(columns->at);
  *columns = (dump_columns){0};
}
