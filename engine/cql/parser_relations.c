/* parser_relations.c - WHERE and IF: relations between columns and terms. */
#include "engine/cql/parsing.h"

/* ---- Left sides ---- */

bool med_cql_parse_identifiers(med_cql_parser *p, const med_cql_identifier **identifiers, size_t *count) {
  med_cql_list list = {0};
  if (!med_cql_expect_symbol(p, '(')) return false;
  do {
    med_cql_identifier *added = med_cql_list_add(p, &list, sizeof *added);
    if (added == NULL || !med_cql_parse_identifier(p, added)) return false;
  } while (med_cql_take_symbol(p, ','));
  *identifiers = list.items;
  *count = list.count;
  return med_cql_expect_symbol(p, ')');
}

static bool read_column(med_cql_parser *p, bool condition, med_cql_relation *relation) {
  med_cql_identifier *column = med_arena_alloc(p->arena, sizeof *column);
  if (column == NULL) {
    p->rc = med_error_no_memory(p->error);
    return false;
  }
  if (!med_cql_parse_identifier(p, column)) return false;
  relation->columns = column;
  relation->column_count = 1;
  relation->left = MED_CQL_LEFT_COLUMN;
  if (med_cql_take_symbol(p, '[')) {
    relation->left = MED_CQL_LEFT_ELEMENT;
    return med_cql_parse_term(p, &relation->element) && med_cql_expect_symbol(p, ']');
  }
  if (condition && med_cql_take_symbol(p, '.')) {
    relation->left = MED_CQL_LEFT_FIELD;
    return med_cql_parse_identifier(p, &relation->field);
  }
  return true;
}

static bool read_left(med_cql_parser *p, bool condition, med_cql_relation *relation) {
  relation->at = p->token.at;
  if (condition) return read_column(p, true, relation);
  if (med_cql_at_symbol(p, '(')) {
    relation->left = MED_CQL_LEFT_TUPLE;
  } else if (med_cql_take_word(p, "token")) {
    relation->left = MED_CQL_LEFT_TOKEN;
  } else {
    return read_column(p, false, relation);
  }
  return med_cql_parse_identifiers(p, &relation->columns, &relation->column_count);
}

/* ---- Operators and right sides ---- */

static bool read_comparison(med_cql_parser *p, med_cql_operator *operation) {
  static const struct {
    int symbol;
    med_cql_operator operation;
  } rows[] = {{'=', MED_CQL_EQUAL},   {MED_CQL_PAIR('!', '='), MED_CQL_NOT_EQUAL},
              {'<', MED_CQL_LESS},    {MED_CQL_PAIR('<', '='), MED_CQL_LESS_OR_EQUAL},
              {'>', MED_CQL_GREATER}, {MED_CQL_PAIR('>', '='), MED_CQL_GREATER_OR_EQUAL}};
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    if (!med_cql_take_symbol(p, rows[i].symbol)) continue;
    *operation = rows[i].operation;
    return true;
  }
  return med_cql_expected(p, "an operator");
}

/* Behind IN: a marker, or terms in parentheses, perhaps none. */
static bool read_in(med_cql_parser *p, med_cql_relation *relation) {
  med_cql_list values = {0};
  relation->operation = MED_CQL_IN;
  if (med_cql_at_marker(p)) return med_cql_parse_marker(p, &relation->value);
  if (!med_cql_expect_symbol(p, '(')) return false;
  if (med_cql_take_symbol(p, ')')) return true;
  do {
    if (!med_cql_parse_term_into(p, &values)) return false;
  } while (med_cql_take_symbol(p, ','));
  relation->values = values.items;
  relation->value_count = values.count;
  return med_cql_expect_symbol(p, ')');
}

static bool read_right(med_cql_parser *p, bool condition, med_cql_relation *relation) {
  bool column = relation->left == MED_CQL_LEFT_COLUMN && !condition;
  bool in = condition || relation->left == MED_CQL_LEFT_COLUMN || relation->left == MED_CQL_LEFT_TUPLE;
  if (in && med_cql_take_word(p, "in")) return read_in(p, relation);
  if (column && med_cql_take_word(p, "is")) {
    relation->operation = MED_CQL_IS_NOT_NULL;
    return med_cql_expect_words(p, "not null");
  }
  if (column && med_cql_take_word(p, "contains")) {
    /* A column called key is no value, so KEY here is always the keyword. */
    relation->operation = med_cql_take_word(p, "key") ? MED_CQL_CONTAINS_KEY : MED_CQL_CONTAINS;
  } else if (column && med_cql_take_word(p, "like")) {
    relation->operation = MED_CQL_LIKE;
  } else if (!read_comparison(p, &relation->operation)) {
    return false;
  }
  return med_cql_parse_term(p, &relation->value);
}

/* ---- Lists of relations ---- */

/* Whether the present parenthesis holds a relation: it does not if it holds names only. */
static bool at_group(const med_cql_parser *p) {
  med_cql_lexer lexer = p->lexer;
  med_cql_token token;
  if (!med_cql_at_symbol(p, '(')) return false;
  med_cql_lexer_next(&lexer, &token);
  if (!med_cql_is_name(&token)) return true;
  med_cql_lexer_next(&lexer, &token);
  return token.kind != MED_CQL_TOKEN_SYMBOL || (token.symbol != ',' && token.symbol != ')');
}

static bool read_relation(med_cql_parser *p, bool condition, med_cql_relation *relation) {
  if (!condition && at_group(p)) {
    if (!med_cql_enter(p)) return false;
    med_cql_advance(p);
    bool fine = read_relation(p, condition, relation) && med_cql_expect_symbol(p, ')');
    med_cql_leave(p);
    return fine;
  }
  return read_left(p, condition, relation) && read_right(p, condition, relation);
}

static bool read_relations(med_cql_parser *p, bool condition, med_cql_where *where) {
  med_cql_list relations = {0};
  do {
    med_cql_relation *added = med_cql_list_add(p, &relations, sizeof *added);
    if (added == NULL || !read_relation(p, condition, added)) return false;
  } while (med_cql_take_word(p, "and"));
  where->relations = relations.items;
  where->count = relations.count;
  return true;
}

bool med_cql_parse_where(med_cql_parser *p, med_cql_where *where) { return read_relations(p, false, where); }

bool med_cql_parse_if(med_cql_parser *p, med_cql_if_kind *kind, med_cql_where *conditions) {
  med_cql_token next = med_cql_peek(p);
  /* A column may be called exists. */
  bool ends = next.kind == MED_CQL_TOKEN_END || next.kind == MED_CQL_TOKEN_WORD ||
              (next.kind == MED_CQL_TOKEN_SYMBOL && next.symbol == ';');
  if (med_cql_at_word(p, "exists") && ends && !med_cql_token_is_word(&next, "in")) {
    med_cql_advance(p);
    *kind = MED_CQL_IF_EXISTS;
    return true;
  }
  *kind = MED_CQL_IF_CONDITIONS;
  return read_relations(p, true, conditions);
}
