/* parser_changes.c - INSERT, UPDATE, DELETE and BATCH. */
#include "engine/cql/parsing.h"

/* ---- USING ---- */

static bool read_using_part(med_cql_parser *p, bool ttl, med_cql_using *using) {
  uint32_t at = p->token.at;
  const med_cql_term **into = NULL;
  const char *name = "TTL";
  if (ttl && med_cql_take_word(p, "ttl")) {
    into = &using->ttl;
  } else if (med_cql_take_word(p, "timestamp")) {
    into = &using->timestamp;
    name = "TIMESTAMP";
  } else {
    return med_cql_expected(p, ttl ? "TIMESTAMP or TTL" : "TIMESTAMP");
  }
  if (*into != NULL) return med_cql_parser_fail(p, MEDLEY_SYNTAX, at, "syntax error: USING %s is written twice", name);
  return med_cql_parse_count(p, into);
}

static bool read_using(med_cql_parser *p, bool ttl, med_cql_using *using) {
  if (!med_cql_take_word(p, "using")) return true;
  if (!read_using_part(p, ttl, using)) return false;
  while (ttl && med_cql_take_word(p, "and")) {
    if (!read_using_part(p, ttl, using)) return false;
  }
  return true;
}

/* ---- INSERT ---- */

static bool read_insert_json(med_cql_parser *p, med_cql_insert *insert) {
  if (med_cql_at_marker(p)) {
    if (!med_cql_parse_marker(p, &insert->json)) return false;
  } else {
    if (p->token.kind != MED_CQL_TOKEN_STRING) return med_cql_expected(p, "a string or a bind marker");
    if (!med_cql_parse_term(p, &insert->json)) return false;
  }
  if (!med_cql_take_word(p, "default")) return true;
  insert->default_unset = med_cql_take_word(p, "unset");
  return insert->default_unset || med_cql_expect_word(p, "null");
}

static bool read_insert_values(med_cql_parser *p, med_cql_insert *insert) {
  med_cql_list values = {0};
  uint32_t at = p->token.at;
  size_t count = 0;
  if (!med_cql_parse_identifiers(p, &insert->columns, &count) || !med_cql_expect_word(p, "values")) return false;
  if (!med_cql_expect_symbol(p, '(')) return false;
  do {
    if (!med_cql_parse_term_into(p, &values)) return false;
  } while (med_cql_take_symbol(p, ','));
  if (!med_cql_expect_symbol(p, ')')) return false;
  if (values.count != count) return med_cql_parser_fail(p, MEDLEY_ERROR, at, "Unmatched column names/values");
  insert->values = values.items;
  insert->count = count;
  return true;
}

bool med_cql_parse_insert(med_cql_parser *p, med_cql_statement *statement) {
  med_cql_insert *insert = &statement->as.insert;
  statement->kind = MED_CQL_INSERT;
  if (!med_cql_expect_word(p, "into") || !med_cql_parse_name(p, &insert->table)) return false;
  bool json = med_cql_take_word(p, "json");
  if (!(json ? read_insert_json(p, insert) : read_insert_values(p, insert))) return false;
  return med_cql_parse_if_exists(p, true, &insert->if_not_exists) && read_using(p, true, &insert->using);
}

/* ---- UPDATE ---- */

static bool expected_column(med_cql_parser *p, uint32_t at) {
  return med_cql_parser_fail(
      p, MEDLEY_SYNTAX, at,
      "syntax error: Only expressions of the form X = X + <value>, X = X - <value> and X = <value> + X "
      "are supported");
}

/* Behind `column =`: value, column + value, column - value, value + column. */
static bool read_operation(med_cql_parser *p, med_cql_assignment *assignment) {
  med_cql_token next = med_cql_peek(p);
  med_cql_identifier column;
  bool plus = next.kind == MED_CQL_TOKEN_SYMBOL && next.symbol == '+';
  bool minus = next.kind == MED_CQL_TOKEN_SYMBOL && next.symbol == '-';
  uint32_t at = p->token.at;
  if (med_cql_is_name(&p->token) && (plus || minus)) {
    if (!med_cql_parse_identifier(p, &column)) return false;
    if (!med_slice_equal(column.name, assignment->column.name)) return expected_column(p, at);
    med_cql_advance(p);
    assignment->kind = plus ? MED_CQL_ADD : MED_CQL_SUBTRACT;
    return med_cql_parse_term(p, &assignment->value);
  }
  p->in_assignment = true;
  bool fine = med_cql_parse_term(p, &assignment->value);
  p->in_assignment = false;
  if (!fine || !med_cql_take_symbol(p, '+')) return fine;
  at = p->token.at;
  if (!med_cql_parse_identifier(p, &column)) return false;
  assignment->kind = MED_CQL_PREPEND;
  return med_slice_equal(column.name, assignment->column.name) || expected_column(p, at);
}

static bool read_assignment(med_cql_parser *p, med_cql_assignment *assignment) {
  if (!med_cql_parse_identifier(p, &assignment->column)) return false;
  assignment->kind = MED_CQL_SET_VALUE;
  if (med_cql_take_symbol(p, '=')) return read_operation(p, assignment);
  if (med_cql_take_symbol(p, '[')) {
    assignment->kind = MED_CQL_SET_ELEMENT;
    if (!med_cql_parse_term(p, &assignment->element) || !med_cql_expect_symbol(p, ']')) return false;
  } else if (med_cql_take_symbol(p, '.')) {
    assignment->kind = MED_CQL_SET_FIELD;
    if (!med_cql_parse_identifier(p, &assignment->field)) return false;
  } else if (med_cql_take_symbol(p, MED_CQL_PAIR('+', '='))) {
    assignment->kind = MED_CQL_ADD;
    return med_cql_parse_term(p, &assignment->value);
  } else if (med_cql_take_symbol(p, MED_CQL_PAIR('-', '='))) {
    assignment->kind = MED_CQL_SUBTRACT;
    return med_cql_parse_term(p, &assignment->value);
  }
  return med_cql_expect_symbol(p, '=') && med_cql_parse_term(p, &assignment->value);
}

bool med_cql_parse_update(med_cql_parser *p, med_cql_statement *statement) {
  med_cql_update *update = &statement->as.update;
  med_cql_list assignments = {0};
  statement->kind = MED_CQL_UPDATE;
  if (!med_cql_parse_name(p, &update->table) || !read_using(p, true, &update->using)) return false;
  if (!med_cql_expect_word(p, "set")) return false;
  do {
    med_cql_assignment *added = med_cql_list_add(p, &assignments, sizeof *added);
    if (added == NULL || !read_assignment(p, added)) return false;
  } while (med_cql_take_symbol(p, ','));
  update->assignments = assignments.items;
  update->count = assignments.count;
  if (!med_cql_expect_word(p, "where") || !med_cql_parse_where(p, &update->where)) return false;
  return !med_cql_take_word(p, "if") || med_cql_parse_if(p, &update->if_kind, &update->conditions);
}

/* ---- DELETE ---- */

bool med_cql_parse_delete(med_cql_parser *p, med_cql_statement *statement) {
  med_cql_delete *delete = &statement->as.delete;
  med_cql_list targets = {0};
  statement->kind = MED_CQL_DELETE;
  if (!med_cql_at_word(p, "from")) {
    do {
      const med_cql_term **added = med_cql_list_add(p, &targets, sizeof *added);
      if (added == NULL || !med_cql_parse_target(p, added)) return false;
    } while (med_cql_take_symbol(p, ','));
  }
  delete->targets = targets.items;
  delete->count = targets.count;
  if (!med_cql_expect_word(p, "from") || !med_cql_parse_name(p, &delete->table)) return false;
  if (!read_using(p, false, &delete->using)) return false;
  if (!med_cql_expect_word(p, "where") || !med_cql_parse_where(p, &delete->where)) return false;
  return !med_cql_take_word(p, "if") || med_cql_parse_if(p, &delete->if_kind, &delete->conditions);
}

/* ---- BATCH ---- */

static bool read_batched(med_cql_parser *p, med_cql_list *statements) {
  med_cql_statement *added = med_cql_list_add(p, statements, sizeof *added);
  if (added == NULL) return false;
  added->at = p->token.at;
  bool fine;
  if (med_cql_take_word(p, "insert"))
    fine = med_cql_parse_insert(p, added);
  else if (med_cql_take_word(p, "update"))
    fine = med_cql_parse_update(p, added);
  else if (med_cql_take_word(p, "delete"))
    fine = med_cql_parse_delete(p, added);
  else
    return med_cql_expected(p, "INSERT, UPDATE, DELETE or APPLY BATCH");
  (void)med_cql_take_symbol(p, ';');
  return fine;
}

bool med_cql_parse_batch(med_cql_parser *p, med_cql_statement *statement) {
  med_cql_batch *batch = &statement->as.batch;
  med_cql_list statements = {0};
  statement->kind = MED_CQL_BATCH;
  if (med_cql_take_word(p, "unlogged"))
    batch->kind = MED_CQL_BATCH_UNLOGGED;
  else if (med_cql_take_word(p, "counter"))
    batch->kind = MED_CQL_BATCH_COUNTER;
  if (!med_cql_expect_word(p, "batch") || !read_using(p, false, &batch->using)) return false;
  while (!med_cql_at_word(p, "apply")) {
    if (!read_batched(p, &statements)) return false;
  }
  batch->statements = statements.items;
  batch->count = statements.count;
  return med_cql_expect_words(p, "apply batch");
}
