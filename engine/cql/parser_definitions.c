/* parser_definitions.c - CREATE: keyspaces, tables, types, indexes, views; and the properties behind WITH. */
#include "engine/cql/parsing.h"

/* ---- WITH ---- */

static bool read_clustering_order(med_cql_parser *p, uint32_t at, med_cql_with *with) {
  med_cql_list order = {0};
  if (with->clustering_order_count > 0)
    return med_cql_parser_fail(p, MEDLEY_SYNTAX, at, "syntax error: CLUSTERING ORDER BY is written twice");
  if (!med_cql_expect_words(p, "order by") || !med_cql_expect_symbol(p, '(')) return false;
  do {
    med_cql_order *added = med_cql_list_add(p, &order, sizeof *added);
    if (added == NULL || !med_cql_parse_identifier(p, &added->column)) return false;
    added->descending = med_cql_take_word(p, "desc");
    if (!added->descending && !med_cql_take_word(p, "asc")) return med_cql_expected(p, "ASC or DESC");
  } while (med_cql_take_symbol(p, ','));
  with->clustering_order = order.items;
  with->clustering_order_count = order.count;
  return med_cql_expect_symbol(p, ')');
}

static bool read_property(med_cql_parser *p, med_cql_list *properties) {
  med_cql_property *added = med_cql_list_add(p, properties, sizeof *added);
  return added != NULL && med_cql_parse_identifier(p, &added->name) && med_cql_expect_symbol(p, '=') &&
         med_cql_parse_property_value(p, &added->value);
}

bool med_cql_parse_with(med_cql_parser *p, bool creates_table, med_cql_with *with) {
  med_cql_list properties = {0};
  if (!med_cql_take_word(p, "with")) return true;
  do {
    med_cql_token next = med_cql_peek(p);
    bool is_property = !creates_table || (next.kind == MED_CQL_TOKEN_SYMBOL && next.symbol == '=');
    uint32_t at = p->token.at;
    bool fine;
    if (!is_property && med_cql_take_word(p, "clustering")) {
      fine = read_clustering_order(p, at, with);
    } else if (!is_property && med_cql_take_word(p, "compact")) {
      with->compact_storage = true;
      with->compact_at = at;
      fine = med_cql_expect_word(p, "storage");
    } else {
      fine = read_property(p, &properties);
    }
    if (!fine) return false;
  } while (med_cql_take_word(p, "and"));
  with->properties = properties.items;
  with->count = properties.count;
  return true;
}

/* ---- Keyspaces ---- */

static bool create_keyspace(med_cql_parser *p, med_cql_statement *statement) {
  med_cql_keyspace_definition *keyspace = &statement->as.keyspace;
  statement->kind = MED_CQL_CREATE_KEYSPACE;
  if (!med_cql_parse_if_exists(p, true, &keyspace->tolerant) || !med_cql_parse_identifier(p, &keyspace->name))
    return false;
  return med_cql_at_word(p, "with") ? med_cql_parse_with(p, false, &keyspace->with) : med_cql_expected(p, "WITH");
}

/* ---- Tables ---- */

bool med_cql_parse_column_definition(med_cql_parser *p, bool is_field, med_cql_column_definition *column) {
  if (!med_cql_parse_identifier(p, &column->name)) return false;
  column->type_at = p->token.at;
  if (!med_cql_parse_type(p, &column->type)) return false;
  column->is_static = !is_field && med_cql_take_word(p, "static");
  return true;
}

static bool read_names(med_cql_parser *p, med_cql_list *names, bool more) {
  while (more) {
    med_cql_identifier *added = med_cql_list_add(p, names, sizeof *added);
    if (added == NULL || !med_cql_parse_identifier(p, added)) return false;
    more = med_cql_take_symbol(p, ',');
  }
  return true;
}

/* Behind PRIMARY KEY: (a, b), ((a, b), c). */
static bool read_key(med_cql_parser *p, med_cql_key *key) {
  med_cql_list clustering = {0};
  key->at = p->token.at;
  if (!med_cql_expect_symbol(p, '(')) return false;
  if (med_cql_at_symbol(p, '(')) {
    if (!med_cql_parse_identifiers(p, &key->partition, &key->partition_count)) return false;
  } else {
    med_cql_list partition = {0};
    med_cql_identifier *added = med_cql_list_add(p, &partition, sizeof *added);
    if (added == NULL || !med_cql_parse_identifier(p, added)) return false;
    key->partition = partition.items;
    key->partition_count = 1;
  }
  if (!read_names(p, &clustering, med_cql_take_symbol(p, ','))) return false;
  key->clustering = clustering.items;
  key->clustering_count = clustering.count;
  return med_cql_expect_symbol(p, ')');
}

static bool read_table_part(med_cql_parser *p, med_cql_list *columns, med_cql_key *key) {
  uint32_t at = p->token.at;
  if (med_cql_take_word(p, "primary")) {
    if (key->partition_count > 0)
      return med_cql_parser_fail(p, MEDLEY_ERROR, at, "Multiple PRIMARY KEYs specified (exactly one required)");
    return med_cql_expect_word(p, "key") && read_key(p, key);
  }
  med_cql_column_definition *added = med_cql_list_add(p, columns, sizeof *added);
  if (added == NULL || !med_cql_parse_column_definition(p, false, added)) return false;
  added->primary_key = med_cql_take_word(p, "primary");
  return !added->primary_key || med_cql_expect_word(p, "key");
}

static bool create_table(med_cql_parser *p, med_cql_statement *statement) {
  med_cql_table_definition *table = &statement->as.create_table;
  med_cql_list columns = {0};
  statement->kind = MED_CQL_CREATE_TABLE;
  if (!med_cql_parse_if_exists(p, true, &table->if_not_exists) || !med_cql_parse_name(p, &table->name)) return false;
  if (!med_cql_expect_symbol(p, '(')) return false;
  do {
    if (columns.count > 0 && med_cql_at_symbol(p, ')')) break; /* Cassandra takes a comma at the end */
    if (!read_table_part(p, &columns, &table->key)) return false;
  } while (med_cql_take_symbol(p, ','));
  table->columns = columns.items;
  table->count = columns.count;
  return med_cql_expect_symbol(p, ')') && med_cql_parse_with(p, true, &table->with);
}

/* ---- Types ---- */

static bool create_type(med_cql_parser *p, med_cql_statement *statement) {
  med_cql_type_definition *type = &statement->as.create_type;
  med_cql_list fields = {0};
  statement->kind = MED_CQL_CREATE_TYPE;
  if (!med_cql_parse_if_exists(p, true, &type->if_not_exists) || !med_cql_parse_name(p, &type->name)) return false;
  if (!med_cql_expect_symbol(p, '(')) return false;
  do {
    if (fields.count > 0 && med_cql_at_symbol(p, ')')) break;
    med_cql_column_definition *added = med_cql_list_add(p, &fields, sizeof *added);
    if (added == NULL || !med_cql_parse_column_definition(p, true, added)) return false;
  } while (med_cql_take_symbol(p, ','));
  type->fields = fields.items;
  type->count = fields.count;
  return med_cql_expect_symbol(p, ')');
}

/* ---- Indexes ---- */

static bool read_index_target(med_cql_parser *p, med_cql_index_definition *index) {
  static const char *const words[] = {NULL, "values", "keys", "entries", "full"}; /* as med_cql_index_target */
  med_cql_token next = med_cql_peek(p);
  bool called = next.kind == MED_CQL_TOKEN_SYMBOL && next.symbol == '(';
  for (size_t i = 1; called && i < sizeof words / sizeof *words; i++) {
    if (!med_cql_take_word(p, words[i])) continue;
    index->target = (med_cql_index_target)i;
    return med_cql_expect_symbol(p, '(') && med_cql_parse_identifier(p, &index->column) &&
           med_cql_expect_symbol(p, ')');
  }
  index->target = MED_CQL_INDEX_COLUMN;
  return med_cql_parse_identifier(p, &index->column);
}

static bool create_index(med_cql_parser *p, bool custom, med_cql_statement *statement) {
  med_cql_index_definition *index = &statement->as.create_index;
  med_cql_identifier name;
  statement->kind = MED_CQL_CREATE_INDEX;
  index->custom = custom;
  index->at = p->token.at;
  if (!med_cql_parse_if_exists(p, true, &index->if_not_exists)) return false;
  if (!med_cql_at_word(p, "on")) {
    if (!med_cql_parse_identifier(p, &name)) return false;
    index->name = name.name;
    index->at = name.at;
  }
  if (!med_cql_expect_word(p, "on") || !med_cql_parse_name(p, &index->table) || !med_cql_expect_symbol(p, '('))
    return false;
  if (!read_index_target(p, index)) return false;
  if (med_cql_at_symbol(p, ',')) return med_cql_parser_unsupported(p, p->token.at, "an index on several columns");
  if (!med_cql_expect_symbol(p, ')')) return false;
  index->using_at = p->token.at;
  if (med_cql_take_word(p, "using") && !med_cql_parse_string(p, &index->using_class)) return false;
  return med_cql_parse_with(p, false, &index->with);
}

/* ---- Views ---- */

static bool create_view(med_cql_parser *p, med_cql_statement *statement) {
  med_cql_view_definition *view = &statement->as.create_view;
  statement->kind = MED_CQL_CREATE_VIEW;
  if (!med_cql_expect_word(p, "view") || !med_cql_parse_if_exists(p, true, &view->if_not_exists)) return false;
  if (!med_cql_parse_name(p, &view->name) || !med_cql_expect_words(p, "as select")) return false;
  if (!med_cql_parse_select_list(p, &view->select) || !med_cql_expect_words(p, "primary key")) return false;
  return read_key(p, &view->key) && med_cql_parse_with(p, true, &view->with);
}

/* ---- CREATE ---- */

bool med_cql_parse_create(med_cql_parser *p, med_cql_statement *statement) {
  if (med_cql_take_word(p, "keyspace") || med_cql_take_word(p, "schema")) return create_keyspace(p, statement);
  if (med_cql_take_word(p, "table") || med_cql_take_word(p, "columnfamily")) return create_table(p, statement);
  if (med_cql_take_word(p, "type")) return create_type(p, statement);
  if (med_cql_take_word(p, "index")) return create_index(p, false, statement);
  if (med_cql_take_word(p, "custom")) return med_cql_expect_word(p, "index") && create_index(p, true, statement);
  if (med_cql_take_word(p, "materialized")) return create_view(p, statement);
  if (!med_cql_refuse_object(p, "CREATE", statement->at)) return false;
  return med_cql_expected(p, "KEYSPACE, TABLE, TYPE, INDEX or MATERIALIZED VIEW");
}
