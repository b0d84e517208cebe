/* parser_alterations.c - ALTER and DROP. */
#include "engine/cql/parsing.h"

/* ---- ALTER TABLE and ALTER TYPE ---- */

/* One column or field, or several in parentheses. types: each with its type. */
static bool read_columns(med_cql_parser *p, bool types, bool is_field, med_cql_alter *alter) {
  med_cql_list columns = {0};
  bool several = med_cql_take_symbol(p, '(');
  do {
    med_cql_column_definition *added = med_cql_list_add(p, &columns, sizeof *added);
    if (added == NULL) return false;
    if (!(types ? med_cql_parse_column_definition(p, is_field, added) : med_cql_parse_identifier(p, &added->name)))
      return false;
  } while ((several || !is_field) && med_cql_take_symbol(p, ','));
  alter->columns = columns.items;
  alter->count = columns.count;
  return !several || med_cql_expect_symbol(p, ')');
}

static bool alter_add(med_cql_parser *p, bool is_type, med_cql_alter *alter) {
  alter->kind = MED_CQL_ALTER_ADD;
  return med_cql_parse_if_exists(p, true, &alter->column_tolerant) && read_columns(p, true, is_type, alter);
}

static bool alter_drop(med_cql_parser *p, med_cql_alter *alter) {
  uint32_t at = p->token.at;
  alter->kind = MED_CQL_ALTER_DROP;
  med_cql_token next = med_cql_peek(p);
  if (med_cql_at_word(p, "compact") && med_cql_token_is_word(&next, "storage"))
    return med_cql_parser_unsupported(p, at, "DROP COMPACT STORAGE");
  if (!med_cql_parse_if_exists(p, false, &alter->column_tolerant) || !read_columns(p, false, false, alter))
    return false;
  if (med_cql_at_word(p, "using")) return med_cql_parser_unsupported(p, p->token.at, "DROP ... USING TIMESTAMP");
  return true;
}

static bool alter_rename(med_cql_parser *p, med_cql_alter *alter) {
  med_cql_list from = {0}, to = {0};
  alter->kind = MED_CQL_ALTER_RENAME;
  if (!med_cql_parse_if_exists(p, false, &alter->column_tolerant)) return false;
  do {
    med_cql_identifier *old = med_cql_list_add(p, &from, sizeof *old);
    med_cql_identifier *new = old == NULL ? NULL : med_cql_list_add(p, &to, sizeof *new);
    if (new == NULL || !med_cql_parse_identifier(p, old) || !med_cql_expect_word(p, "to")) return false;
    if (!med_cql_parse_identifier(p, new)) return false;
  } while (med_cql_take_word(p, "and"));
  alter->from = from.items;
  alter->to = to.items;
  alter->count = from.count;
  return true;
}

static bool alter_column_type(med_cql_parser *p, med_cql_alter *alter) {
  med_cql_list columns = {0};
  alter->kind = MED_CQL_ALTER_COLUMN_TYPE;
  if (!med_cql_parse_if_exists(p, false, &alter->column_tolerant)) return false;
  med_cql_column_definition *column = med_cql_list_add(p, &columns, sizeof *column);
  if (column == NULL || !med_cql_parse_identifier(p, &column->name) || !med_cql_expect_word(p, "type")) return false;
  column->type_at = p->token.at;
  alter->columns = columns.items;
  alter->count = 1;
  return med_cql_parse_type(p, &column->type);
}

static bool alter_with(med_cql_parser *p, med_cql_alter *alter) {
  alter->kind = MED_CQL_ALTER_WITH;
  return med_cql_at_word(p, "with") ? med_cql_parse_with(p, false, &alter->with) : med_cql_expected(p, "WITH");
}

static bool alter_table(med_cql_parser *p, med_cql_statement *statement) {
  med_cql_alter *alter = &statement->as.alter;
  statement->kind = MED_CQL_ALTER_TABLE;
  if (!med_cql_parse_if_exists(p, false, &alter->if_exists) || !med_cql_parse_name(p, &alter->name)) return false;
  if (med_cql_take_word(p, "add")) return alter_add(p, false, alter);
  if (med_cql_take_word(p, "drop")) return alter_drop(p, alter);
  if (med_cql_take_word(p, "rename")) return alter_rename(p, alter);
  if (med_cql_take_word(p, "alter")) return alter_column_type(p, alter);
  if (med_cql_at_word(p, "with")) return alter_with(p, alter);
  return med_cql_expected(p, "ADD, DROP, RENAME, ALTER or WITH");
}

static bool alter_type(med_cql_parser *p, med_cql_statement *statement) {
  med_cql_alter *alter = &statement->as.alter;
  statement->kind = MED_CQL_ALTER_TYPE;
  if (!med_cql_parse_if_exists(p, false, &alter->if_exists) || !med_cql_parse_name(p, &alter->name)) return false;
  if (med_cql_take_word(p, "add")) return alter_add(p, true, alter);
  if (med_cql_take_word(p, "rename")) return alter_rename(p, alter);
  if (med_cql_take_word(p, "alter")) return alter_column_type(p, alter);
  return med_cql_expected(p, "ADD, RENAME or ALTER");
}

/* ---- ALTER ---- */

static bool alter_keyspace(med_cql_parser *p, med_cql_statement *statement) {
  med_cql_keyspace_definition *keyspace = &statement->as.keyspace;
  statement->kind = MED_CQL_ALTER_KEYSPACE;
  if (!med_cql_parse_if_exists(p, false, &keyspace->tolerant) || !med_cql_parse_identifier(p, &keyspace->name))
    return false;
  return med_cql_at_word(p, "with") ? med_cql_parse_with(p, false, &keyspace->with) : med_cql_expected(p, "WITH");
}

static bool alter_view(med_cql_parser *p, med_cql_statement *statement) {
  med_cql_alter *alter = &statement->as.alter;
  statement->kind = MED_CQL_ALTER_VIEW;
  if (!med_cql_expect_word(p, "view") || !med_cql_parse_if_exists(p, false, &alter->if_exists)) return false;
  return med_cql_parse_name(p, &alter->name) && alter_with(p, alter);
}

bool med_cql_parse_alter(med_cql_parser *p, med_cql_statement *statement) {
  if (med_cql_take_word(p, "keyspace") || med_cql_take_word(p, "schema")) return alter_keyspace(p, statement);
  if (med_cql_take_word(p, "table") || med_cql_take_word(p, "columnfamily")) return alter_table(p, statement);
  if (med_cql_take_word(p, "type")) return alter_type(p, statement);
  if (med_cql_take_word(p, "materialized")) return alter_view(p, statement);
  if (!med_cql_refuse_object(p, "ALTER", statement->at)) return false;
  return med_cql_expected(p, "KEYSPACE, TABLE, TYPE or MATERIALIZED VIEW");
}

/* ---- DROP ---- */

bool med_cql_parse_drop(med_cql_parser *p, med_cql_statement *statement) {
  static const struct {
    const char *word;
    med_cql_object object;
  } rows[] = {{"keyspace", MED_CQL_KEYSPACE},  {"schema", MED_CQL_KEYSPACE}, {"table", MED_CQL_TABLE},
              {"columnfamily", MED_CQL_TABLE}, {"type", MED_CQL_TYPE},       {"index", MED_CQL_INDEX},
              {"materialized", MED_CQL_VIEW}};
  med_cql_drop *drop = &statement->as.drop;
  med_cql_identifier keyspace;
  statement->kind = MED_CQL_DROP;
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    if (!med_cql_take_word(p, rows[i].word)) continue;
    drop->object = rows[i].object;
    if (drop->object == MED_CQL_VIEW && !med_cql_expect_word(p, "view")) return false;
    if (!med_cql_parse_if_exists(p, false, &drop->if_exists)) return false;
    if (drop->object != MED_CQL_KEYSPACE) return med_cql_parse_name(p, &drop->name);
    if (!med_cql_parse_identifier(p, &keyspace)) return false;
    drop->name = (med_cql_name){.name = keyspace.name, .at = keyspace.at};
    return true;
  }
  if (!med_cql_refuse_object(p, "DROP", statement->at)) return false;
  return med_cql_expected(p, "KEYSPACE, TABLE, TYPE, INDEX or MATERIALIZED VIEW");
}
