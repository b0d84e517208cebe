/* parser_queries.c - SELECT. */
#include "engine/cql/parsing.h"

/* JSON and DISTINCT are names too: they are keywords if a selector follows. */
static bool take_modifier(med_cql_parser *p, const char *word) {
  med_cql_token next = med_cql_peek(p);
  if (!med_cql_at_word(p, word)) return false;
  bool selects = med_cql_token_is_word(&next, "token") || next.kind == MED_CQL_TOKEN_STRING;
  if (med_cql_is_name(&next)) selects = !med_cql_token_is_word(&next, "as");
  if (next.kind == MED_CQL_TOKEN_SYMBOL) selects = next.symbol == '*' || next.symbol == '(';
  if (next.kind > MED_CQL_TOKEN_STRING && next.kind < MED_CQL_TOKEN_SYMBOL) selects = true;
  if (selects) med_cql_advance(p);
  return selects;
}

static bool read_selectors(med_cql_parser *p, med_cql_select *select) {
  med_cql_list selectors = {0};
  const char *text = p->lexer.text.bytes;
  if (med_cql_take_symbol(p, '*')) return true;
  do {
    med_cql_selector *selector = med_cql_list_add(p, &selectors, sizeof *selector);
    size_t start = p->token.at;
    if (selector == NULL || !med_cql_parse_selector(p, &selector->term)) return false;
    selector->text = med_slice_of(text + start, p->end - start);
    if (med_cql_take_word(p, "as") && !med_cql_parse_identifier(p, &selector->alias)) return false;
  } while (med_cql_take_symbol(p, ','));
  select->selectors = selectors.items;
  select->selector_count = selectors.count;
  return true;
}

bool med_cql_parse_select_list(med_cql_parser *p, med_cql_select *select) {
  if (!read_selectors(p, select) || !med_cql_expect_word(p, "from") || !med_cql_parse_name(p, &select->table))
    return false;
  return !med_cql_take_word(p, "where") || med_cql_parse_where(p, &select->where);
}

static bool read_group_by(med_cql_parser *p, med_cql_select *select) {
  med_cql_list columns = {0};
  if (!med_cql_take_word(p, "group")) return true;
  if (!med_cql_expect_word(p, "by")) return false;
  do {
    const med_cql_term **added = med_cql_list_add(p, &columns, sizeof *added);
    if (added == NULL || !med_cql_parse_selector(p, added)) return false;
  } while (med_cql_take_symbol(p, ','));
  select->group_by = columns.items;
  select->group_count = columns.count;
  return true;
}

static bool read_order_by(med_cql_parser *p, med_cql_select *select) {
  med_cql_list order = {0};
  if (!med_cql_take_word(p, "order")) return true;
  if (!med_cql_expect_word(p, "by")) return false;
  do {
    med_cql_order *added = med_cql_list_add(p, &order, sizeof *added);
    if (added == NULL || !med_cql_parse_identifier(p, &added->column)) return false;
    if (!med_cql_take_word(p, "asc")) added->descending = med_cql_take_word(p, "desc");
  } while (med_cql_take_symbol(p, ','));
  select->order_by = order.items;
  select->order_count = order.count;
  return true;
}

static bool read_limits(med_cql_parser *p, med_cql_select *select) {
  if (med_cql_take_word(p, "per")) {
    if (!med_cql_expect_words(p, "partition limit") || !med_cql_parse_count(p, &select->per_partition_limit))
      return false;
  }
  return !med_cql_take_word(p, "limit") || med_cql_parse_count(p, &select->limit);
}

bool med_cql_parse_select(med_cql_parser *p, med_cql_statement *statement) {
  med_cql_select *select = &statement->as.select;
  statement->kind = MED_CQL_SELECT;
  select->json = take_modifier(p, "json");
  select->distinct = take_modifier(p, "distinct");
  if (!med_cql_parse_select_list(p, select) || !read_group_by(p, select) || !read_order_by(p, select)) return false;
  if (!read_limits(p, select)) return false;
  select->allow_filtering = med_cql_take_word(p, "allow");
  return !select->allow_filtering || med_cql_expect_word(p, "filtering");
}
