/* parser.c - a statement by its first word; what is refused by name; and the short statements. */
#include "engine/cql/parsing.h"

#include <stdio.h>

/* ---- Refused by name ---- */

static void upper_case(const med_cql_token *token, char *to, size_t size) {
  const char *bytes = token->text.bytes;
  size_t len = token->text.len < size ? token->text.len : size - 1;
  for (size_t i = 0; i < len; i++)
    to[i] = (char)(bytes[i] >= 'a' && bytes[i] <= 'z' ? bytes[i] - ('a' - 'A') : bytes[i]);
  to[len] = '\0';
}

bool med_cql_refuse_object(med_cql_parser *p, const char *verb, uint32_t at) {
  static const char *const objects[] = {"role", "user", "function", "aggregate", "trigger", "identity"};
  char name[32], what[64];
  med_cql_token next = med_cql_peek(p);
  if (med_cql_at_word(p, "or") && med_cql_token_is_word(&next, "replace")) { /* CREATE OR REPLACE FUNCTION */
    med_cql_advance(p);
    med_cql_advance(p);
  }
  for (size_t i = 0; i < sizeof objects / sizeof *objects; i++) {
    if (!med_cql_at_word(p, objects[i])) continue;
    upper_case(&p->token, name, sizeof name);
    (void)snprintf(what, sizeof what, "%s %s", verb, name);
    return med_cql_parser_unsupported(p, at, what);
  }
  return true;
}

/* Statements by their first word: rights, and the commands of cqlsh, which are no CQL. True if it is none of them. */
static bool refuse_word(med_cql_parser *p) {
  static const char *const rights[] = {"grant", "revoke", "list"};
  static const char *const commands[] = {"capture", "clear",  "consistency", "copy",   "exit", "expand", "help",
                                         "login",   "paging", "quit",        "serial", "show", "source", "tracing"};
  char name[32], what[64];
  upper_case(&p->token, name, sizeof name);
  for (size_t i = 0; i < sizeof rights / sizeof *rights; i++) {
    if (med_cql_at_word(p, rights[i])) return med_cql_parser_unsupported(p, p->token.at, name);
  }
  for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
    if (!med_cql_at_word(p, commands[i])) continue;
    (void)snprintf(what, sizeof what, "%s, a command of cqlsh,", name);
    return med_cql_parser_unsupported(p, p->token.at, what);
  }
  return true;
}

/* ---- Short statements ---- */

static bool parse_truncate(med_cql_parser *p, med_cql_statement *statement) {
  statement->kind = MED_CQL_TRUNCATE;
  if (!med_cql_take_word(p, "table")) (void)med_cql_take_word(p, "columnfamily");
  return med_cql_parse_name(p, &statement->as.table);
}

static bool parse_use(med_cql_parser *p, med_cql_statement *statement) {
  statement->kind = MED_CQL_USE;
  return med_cql_parse_identifier(p, &statement->as.use);
}

static bool at_end(const med_cql_parser *p) { return p->token.kind == MED_CQL_TOKEN_END || med_cql_at_symbol(p, ';'); }

typedef struct describe_row {
  const char *word;
  med_cql_describe_kind kind;
  enum { NAME_NONE, NAME_KEYSPACE, NAME_ANY } name;
} describe_row;

static const describe_row describe_rows[] = {
    {"keyspaces", MED_CQL_DESCRIBE_KEYSPACES, NAME_NONE},
    {"keyspace", MED_CQL_DESCRIBE_KEYSPACE, NAME_KEYSPACE},
    {"tables", MED_CQL_DESCRIBE_TABLES, NAME_NONE},
    {"table", MED_CQL_DESCRIBE_TABLE, NAME_ANY},
    {"columnfamilies", MED_CQL_DESCRIBE_TABLES, NAME_NONE},
    {"columnfamily", MED_CQL_DESCRIBE_TABLE, NAME_ANY},
    {"types", MED_CQL_DESCRIBE_TYPES, NAME_NONE},
    {"type", MED_CQL_DESCRIBE_TYPE, NAME_ANY},
    {"index", MED_CQL_DESCRIBE_INDEX, NAME_ANY},
    {"schema", MED_CQL_DESCRIBE_SCHEMA, NAME_NONE},
};

static bool describe_object(med_cql_parser *p, const describe_row *row, med_cql_describe *describe) {
  med_cql_identifier keyspace;
  describe->kind = row->kind;
  if (row->name == NAME_NONE || (row->name == NAME_KEYSPACE && at_end(p))) return true;
  if (row->name == NAME_ANY) return med_cql_parse_name(p, &describe->name);
  if (!med_cql_parse_identifier(p, &keyspace)) return false;
  describe->name = (med_cql_name){.name = keyspace.name, .at = keyspace.at};
  return true;
}

static bool refuse_description(med_cql_parser *p, uint32_t at) {
  static const char *const objects[] = {"cluster", "function", "functions", "aggregate", "aggregates", "full", "only"};
  char name[32], what[64];
  for (size_t i = 0; i < sizeof objects / sizeof *objects; i++) {
    if (!med_cql_at_word(p, objects[i])) continue;
    upper_case(&p->token, name, sizeof name);
    (void)snprintf(what, sizeof what, "DESCRIBE %s", name);
    return med_cql_parser_unsupported(p, at, what);
  }
  return true;
}

static bool describe_what(med_cql_parser *p, med_cql_statement *statement) {
  med_cql_describe *describe = &statement->as.describe;
  if (!refuse_description(p, statement->at)) return false;
  for (size_t i = 0; i < sizeof describe_rows / sizeof *describe_rows; i++) {
    if (med_cql_take_word(p, describe_rows[i].word)) return describe_object(p, &describe_rows[i], describe);
  }
  if (med_cql_take_word(p, "materialized")) {
    describe->kind = MED_CQL_DESCRIBE_VIEW;
    return med_cql_expect_word(p, "view") && med_cql_parse_name(p, &describe->name);
  }
  describe->kind = MED_CQL_DESCRIBE_ANY;
  return med_cql_parse_name(p, &describe->name);
}

static bool parse_describe(med_cql_parser *p, med_cql_statement *statement) {
  statement->kind = MED_CQL_DESCRIBE;
  if (!describe_what(p, statement)) return false;
  return !med_cql_at_word(p, "with") || med_cql_parser_unsupported(p, p->token.at, "DESCRIBE ... WITH INTERNALS");
}

/* ---- The statement ---- */

static bool parse_statement(med_cql_parser *p, med_cql_statement *statement) {
  static const struct {
    const char *word;
    bool (*parse)(med_cql_parser *, med_cql_statement *);
  } rows[] = {{"select", med_cql_parse_select},
              {"insert", med_cql_parse_insert},
              {"update", med_cql_parse_update},
              {"delete", med_cql_parse_delete},
              {"begin", med_cql_parse_batch},
              {"truncate", parse_truncate},
              {"use", parse_use},
              {"create", med_cql_parse_create},
              {"alter", med_cql_parse_alter},
              {"drop", med_cql_parse_drop},
              {"describe", parse_describe},
              {"desc", parse_describe}};
  statement->at = p->token.at;
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    if (!med_cql_take_word(p, rows[i].word)) continue;
    if (!rows[i].parse(p, statement)) return false;
    return at_end(p) || med_cql_expected(p, "the end of the statement");
  }
  return refuse_word(p) && med_cql_expected(p, "a statement");
}

int med_cql_parse(med_slice text, med_arena *arena, med_cql_statement **statement, med_cql_markers *markers,
                  size_t *used, medley_error *error) {
  med_cql_parser p = {.lexer = {.text = text}, .arena = arena, .error = error, .rc = MEDLEY_OK};
  *statement = NULL;
  *markers = (med_cql_markers){0};
  *used = text.len;
  if (text.len > INT32_MAX) return med_error_set(error, MEDLEY_TOO_BIG, "cql: the text has more than 2 GiB");
  med_cql_advance(&p);
  if (!at_end(&p)) {
    med_cql_statement *parsed = med_arena_alloc(arena, sizeof *parsed);
    if (parsed == NULL) return med_error_no_memory(error);
    memset(parsed, 0, sizeof *parsed);
    if (!parse_statement(&p, parsed)) return p.rc;
    *statement = parsed;
    *markers = (med_cql_markers){p.markers.items, p.markers.count};
  }
  if (p.token.kind != MED_CQL_TOKEN_END) *used = p.lexer.at;
  return MEDLEY_OK;
}
