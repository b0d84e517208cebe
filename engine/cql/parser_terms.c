/* parser_terms.c - literals, markers, calls, arithmetic, and what a SELECT list has besides.
 *
 * A parenthesis is a tuple of one until its context says that it only groups; `(type) term` is a type hint, which is told
 * from a group by what follows it. */
#include "engine/cql/parsing.h"

/* ---- Nodes ---- */

static med_cql_term *new_term(med_cql_parser *p, med_cql_term_kind kind, uint32_t at) {
  med_cql_term *term = med_arena_alloc(p->arena, sizeof *term);
  if (term == NULL) {
    p->rc = med_error_no_memory(p->error);
    return NULL;
  }
  *term = (med_cql_term){.kind = kind, .at = at, .height = 1};
  return term;
}

/* Chains such as 1 + 1 + 1 are deep on their left, so the depth of reading does not bound the height. */
static bool set_items(med_cql_parser *p, med_cql_term *term, const med_cql_term **items, size_t item_count) {
  term->items = items;
  term->count = term->kind == MED_CQL_MAP ? item_count / 2 : item_count;
  for (size_t i = 0; i < item_count; i++) {
    if (items[i] != NULL && items[i]->height >= term->height) term->height = items[i]->height + 1;
  }
  if (term->height <= MED_CQL_DEPTH_MAX) return true;
  return med_cql_parser_fail(p, MEDLEY_TOO_BIG, term->at, "nested more than %d deep", MED_CQL_DEPTH_MAX);
}

/* A node with up to three items. */
static med_cql_term *new_parent(med_cql_parser *p, med_cql_term_kind kind, uint32_t at, const med_cql_term *first,
                                const med_cql_term *second) {
  med_cql_term *term = new_term(p, kind, at);
  const med_cql_term **items = term == NULL ? NULL : med_arena_alloc(p->arena, 3 * sizeof *items);
  if (items == NULL) {
    p->rc = med_error_no_memory(p->error);
    return NULL;
  }
  items[0] = first;
  items[1] = second;
  items[2] = NULL;
  return set_items(p, term, items, second == NULL ? 1 : 2) ? term : NULL;
}

/* ---- Literals ---- */

static bool take_literal(med_cql_parser *p, med_cql_term_kind kind, uint32_t at, size_t skipped,
                         const med_cql_term **term) {
  med_cql_term *literal = new_term(p, kind, at);
  if (literal == NULL) return false;
  const char *text = p->lexer.text.bytes;
  size_t end = p->token.at + p->token.text.len;
  literal->text = med_slice_of(text + at + skipped, end - at - skipped);
  if ((kind == MED_CQL_STRING || kind == MED_CQL_BOOLEAN) && !med_cql_unquote(p, &p->token, &literal->text))
    return false;
  med_cql_advance(p);
  *term = literal;
  return true;
}

static bool kind_of_number(const med_cql_token *token, med_cql_term_kind *kind) {
  bool named = med_cql_token_is_word(token, "nan") || med_cql_token_is_word(token, "infinity");
  if (token->kind == MED_CQL_TOKEN_INTEGER)
    *kind = MED_CQL_INTEGER;
  else if (token->kind == MED_CQL_TOKEN_REAL || named)
    *kind = MED_CQL_REAL;
  else if (token->kind == MED_CQL_TOKEN_DURATION)
    *kind = MED_CQL_DURATION;
  else
    return false;
  return true;
}

/* Numbers, strings, blobs, uuids, true, false, null: whether the present token is one, and which. */
static bool kind_of_literal(const med_cql_token *token, med_cql_term_kind *kind) {
  if (kind_of_number(token, kind)) return true;
  if (token->kind == MED_CQL_TOKEN_STRING)
    *kind = MED_CQL_STRING;
  else if (token->kind == MED_CQL_TOKEN_HEX)
    *kind = MED_CQL_BLOB;
  else if (token->kind == MED_CQL_TOKEN_UUID)
    *kind = MED_CQL_UUID;
  else if (med_cql_token_is_word(token, "true") || med_cql_token_is_word(token, "false"))
    *kind = MED_CQL_BOOLEAN;
  else if (med_cql_token_is_word(token, "null"))
    *kind = MED_CQL_NULL;
  else
    return false;
  return true;
}

/* A minus that touches a number belongs to it. */
static bool at_negative(const med_cql_parser *p, med_cql_term_kind *kind) {
  med_cql_token number = med_cql_peek(p);
  return med_cql_at_symbol(p, '-') && number.at == p->token.at + 1 && kind_of_number(&number, kind);
}

/* A literal at the present token; *there says whether there is one. */
static bool read_literal(med_cql_parser *p, const med_cql_term **term, bool *there) {
  med_cql_term_kind kind;
  uint32_t at = p->token.at;
  *there = true;
  if (at_negative(p, &kind)) {
    med_cql_advance(p);
    return take_literal(p, kind, at, 0, term);
  }
  if (kind_of_literal(&p->token, &kind)) return take_literal(p, kind, at, kind == MED_CQL_BLOB ? 2 : 0, term);
  *there = false;
  return true;
}

bool med_cql_parse_string(med_cql_parser *p, med_slice *text) {
  if (p->token.kind != MED_CQL_TOKEN_STRING) return med_cql_expected(p, "a string");
  if (!med_cql_unquote(p, &p->token, text)) return false;
  med_cql_advance(p);
  return true;
}

/* A property's map has constants alone, or nothing. */
static bool check_property_map(med_cql_parser *p, const med_cql_term *map) {
  bool is_map = map->kind == MED_CQL_MAP || (map->kind == MED_CQL_SET && map->count == 0);
  if (!is_map) return med_cql_parser_fail(p, MEDLEY_SYNTAX, map->at, "syntax error: a property's value is no map");
  for (size_t i = 0; map->kind == MED_CQL_MAP && i < 2 * map->count; i++) {
    const med_cql_term *term = map->items[i];
    if (term->kind >= MED_CQL_BOOLEAN && term->kind <= MED_CQL_DURATION) continue;
    return med_cql_parser_fail(
        p, MEDLEY_SYNTAX, term->at, "syntax error: Invalid property %s: it is no constant%s",
        i % 2 == 0 ? "name" : "value",
        term->kind == MED_CQL_MARKER ? " (bind variables are not supported in DDL queries)" : "");
  }
  return true;
}

bool med_cql_parse_property_value(med_cql_parser *p, const med_cql_term **term) {
  bool there;
  if (med_cql_at_symbol(p, '{')) return med_cql_parse_term(p, term) && check_property_map(p, *term);
  if (med_cql_at_word(p, "null")) return med_cql_expected(p, "a value");
  if (!read_literal(p, term, &there)) return false;
  if (there) return true;
  if (!med_cql_is_name(&p->token)) return med_cql_expected(p, "a value");
  return take_literal(p, MED_CQL_STRING, p->token.at, 0, term);
}

/* ---- Markers ---- */

bool med_cql_at_marker(const med_cql_parser *p) {
  return p->token.kind == MED_CQL_TOKEN_MARKER || med_cql_at_symbol(p, ':');
}

/* The slot that a name is in or belongs into. */
static int *marker_slot(const med_cql_parser *p, med_slice name) {
  const med_slice *names = p->markers.items;
  size_t at = (size_t)med_hash64(name.bytes, name.len, 0) & (p->slot_count - 1);
  while (p->marker_slots[at] != 0 && !med_slice_equal(names[p->marker_slots[at] - 1], name))
    at = (at + 1) & (p->slot_count - 1);
  return &p->marker_slots[at];
}

/* At most half of the slots are taken. */
static bool grow_slots(med_cql_parser *p) {
  const int *old = p->marker_slots;
  size_t old_count = p->slot_count;
  if (2 * (p->named_count + 1) <= old_count) return true;
  p->slot_count = old_count == 0 ? 8 : 2 * old_count;
  p->marker_slots = med_arena_alloc(p->arena, p->slot_count * sizeof *p->marker_slots);
  if (p->marker_slots == NULL) {
    p->rc = med_error_no_memory(p->error);
    return false;
  }
  memset(p->marker_slots, 0, p->slot_count * sizeof *p->marker_slots);
  const med_slice *names = p->markers.items;
  for (size_t i = 0; i < old_count; i++) {
    if (old[i] != 0) *marker_slot(p, names[old[i] - 1]) = old[i];
  }
  return true;
}

static bool number_marker(med_cql_parser *p, med_slice name, med_cql_term *marker) {
  int *slot = NULL;
  if (name.bytes != NULL) {
    if (!grow_slots(p)) return false;
    slot = marker_slot(p, name);
    marker->parameter = *slot;
    if (*slot != 0) return true;
  }
  med_slice *added = med_cql_list_add(p, &p->markers, sizeof *added);
  if (added == NULL) return false;
  *added = name;
  marker->parameter = (int)p->markers.count;
  if (slot == NULL) return true;
  *slot = marker->parameter;
  p->named_count++;
  return true;
}

/* :name, where the colon and the name are two tokens: its name is put together in lower case, unless it is quoted. */
static bool read_colon_name(med_cql_parser *p, med_slice *name) {
  med_slice plain;
  med_cql_advance(p);
  if (p->token.kind != MED_CQL_TOKEN_WORD && p->token.kind != MED_CQL_TOKEN_QUOTED)
    return med_cql_expected(p, "the name of a marker");
  if (!med_cql_unquote(p, &p->token, &plain)) return false;
  char *copy = med_arena_alloc(p->arena, plain.len + 1);
  if (copy == NULL) {
    p->rc = med_error_no_memory(p->error);
    return false;
  }
  copy[0] = ':';
  if (plain.len > 0) memcpy(copy + 1, plain.bytes, plain.len);
  *name = med_slice_of(copy, plain.len + 1);
  return true;
}

bool med_cql_parse_marker(med_cql_parser *p, const med_cql_term **term) {
  med_cql_term *marker = new_term(p, MED_CQL_MARKER, p->token.at);
  if (marker == NULL) return false;
  med_slice name = p->token.text;
  if (p->token.kind != MED_CQL_TOKEN_MARKER) {
    if (!read_colon_name(p, &name)) return false;
  } else if (name.len == 1) {
    name = med_slice_of(NULL, 0);
  }
  if (!number_marker(p, name, marker)) return false;
  med_cql_advance(p);
  *term = marker;
  return true;
}

bool med_cql_parse_count(med_cql_parser *p, const med_cql_term **term) {
  bool there;
  med_cql_term_kind kind;
  if (med_cql_at_marker(p)) return med_cql_parse_marker(p, term);
  if (p->token.kind == MED_CQL_TOKEN_INTEGER || (at_negative(p, &kind) && kind == MED_CQL_INTEGER))
    return read_literal(p, term, &there);
  return med_cql_expected(p, "a whole number or a bind marker");
}

/* ---- Collections ---- */

bool med_cql_parse_term_into(med_cql_parser *p, med_cql_list *terms) {
  const med_cql_term *item, **added;
  if (!med_cql_parse_term(p, &item)) return false;
  added = med_cql_list_add(p, terms, sizeof *added);
  if (added != NULL) *added = item;
  return added != NULL;
}

/* Terms with commas between them, none if the closing symbol comes at once. */
static bool read_items(med_cql_parser *p, int close, med_cql_list *items) {
  if (med_cql_take_symbol(p, close)) return true;
  do {
    if (!med_cql_parse_term_into(p, items)) return false;
  } while (med_cql_take_symbol(p, ','));
  return med_cql_expect_symbol(p, close);
}

static bool finish_items(med_cql_parser *p, med_cql_term_kind kind, uint32_t at, const med_cql_list *items,
                         med_cql_term **term) {
  *term = new_term(p, kind, at);
  return *term != NULL && set_items(p, *term, items->items, items->count);
}

static bool read_list(med_cql_parser *p, const med_cql_term **term) {
  med_cql_list items = {0};
  med_cql_term *list;
  uint32_t at = p->token.at;
  med_cql_advance(p);
  if (!read_items(p, ']', &items) || !finish_items(p, MED_CQL_LIST, at, &items, &list)) return false;
  *term = list;
  return true;
}

/* Behind the brace: a user type's fields. */
static bool read_fields(med_cql_parser *p, uint32_t at, const med_cql_term **term) {
  med_cql_list names = {0}, items = {0};
  med_cql_term *fields;
  do {
    med_cql_identifier name;
    if (!med_cql_parse_identifier(p, &name) || !med_cql_expect_symbol(p, ':')) return false;
    med_slice *added = med_cql_list_add(p, &names, sizeof *added);
    if (added == NULL || !med_cql_parse_term_into(p, &items)) return false;
    *added = name.name;
  } while (med_cql_take_symbol(p, ','));
  if (!med_cql_expect_symbol(p, '}') || !finish_items(p, MED_CQL_FIELDS, at, &items, &fields)) return false;
  fields->names = names.items;
  *term = fields;
  return true;
}

static bool read_braces(med_cql_parser *p, const med_cql_term **term) {
  med_cql_list items = {0};
  med_cql_term *braces;
  uint32_t at = p->token.at;
  bool is_map = false;
  med_cql_advance(p);
  if (med_cql_is_name(&p->token)) {
    med_cql_token next = med_cql_peek(p);
    if (next.kind == MED_CQL_TOKEN_SYMBOL && next.symbol == ':') return read_fields(p, at, term);
  }
  if (!med_cql_at_symbol(p, '}')) {
    do {
      if (!med_cql_parse_term_into(p, &items)) return false;
      if (items.count == 1) is_map = med_cql_at_symbol(p, ':');
      if (is_map && (!med_cql_expect_symbol(p, ':') || !med_cql_parse_term_into(p, &items))) return false;
    } while (med_cql_take_symbol(p, ','));
  }
  if (!med_cql_expect_symbol(p, '}')) return false;
  if (!finish_items(p, is_map ? MED_CQL_MAP : MED_CQL_SET, at, &items, &braces)) return false;
  *term = braces;
  return true;
}

/* ---- Parentheses: hints, groups, tuples ---- */

static bool is_native(med_slice type) {
  static const char *const names[] = {"ascii",  "bigint",    "blob",     "boolean", "counter", "date",     "decimal",
                                      "double", "duration",  "float",    "inet",    "int",     "smallint", "text",
                                      "time",   "timestamp", "timeuuid", "tinyint", "uuid",    "varchar",  "varint"};
  med_cql_token token = {.kind = MED_CQL_TOKEN_WORD, .text = type};
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    if (med_cql_token_is_word(&token, names[i])) return true;
  }
  return false;
}

/* Whether `(` begins a hint: a type, `)`, and then something that no operator and no end can be. */
static bool at_hint(const med_cql_parser *p) {
  med_cql_lexer lexer = p->lexer;
  med_cql_token token, first;
  med_cql_term_kind kind;
  med_cql_lexer_next(&lexer, &token);
  first = token;
  if (!med_cql_skip_type(&lexer, &token, p->depth)) return false;
  bool has_parts = token.at > first.at + first.text.len;
  if (token.kind != MED_CQL_TOKEN_SYMBOL || token.symbol != ')') return false;
  med_cql_lexer_next(&lexer, &token);
  if (kind_of_literal(&token, &kind)) return true;
  if (token.kind == MED_CQL_TOKEN_MARKER) return true;
  if (token.kind == MED_CQL_TOKEN_SYMBOL) {
    if (token.symbol == '(' || token.symbol == '{') return true;
    if (token.symbol == '[') return !p->columns || has_parts;
    if (token.symbol != '-' && token.symbol != ':') return false;
    if (!is_native(first.text) && !has_parts) return false;
    med_cql_lexer_next(&lexer, &first);
    return token.symbol == ':' || (first.at == token.at + 1 && kind_of_number(&first, &kind));
  }
  /* A name: that of a function, or in a SELECT list of a column. Words such as FROM and AS end the group. */
  if (!med_cql_is_name(&token) || med_cql_token_is_word(&token, "as")) return med_cql_token_is_word(&token, "token");
  med_cql_lexer_next(&lexer, &first);
  return p->columns || (first.kind == MED_CQL_TOKEN_SYMBOL && (first.symbol == '(' || first.symbol == '.'));
}

static bool read_factor(med_cql_parser *p, const med_cql_term **term);

static bool read_hint(med_cql_parser *p, const med_cql_term **term) {
  uint32_t at = p->token.at;
  med_slice type;
  const med_cql_term *hinted;
  med_cql_advance(p);
  if (!med_cql_parse_type(p, &type) || !med_cql_expect_symbol(p, ')') || !read_factor(p, &hinted)) return false;
  med_cql_term *hint = new_parent(p, MED_CQL_HINT, at, hinted, NULL);
  if (hint == NULL) return false;
  hint->type = type;
  *term = hint;
  return true;
}

static bool read_parenthesis(med_cql_parser *p, const med_cql_term **term) {
  med_cql_list items = {0};
  med_cql_term *tuple;
  uint32_t at = p->token.at;
  if (at_hint(p)) return read_hint(p, term);
  med_cql_advance(p);
  if (med_cql_at_symbol(p, ')')) return med_cql_expected(p, "a value");
  if (!read_items(p, ')', &items) || !finish_items(p, MED_CQL_TUPLE, at, &items, &tuple)) return false;
  *term = tuple;
  return true;
}

/* ---- Names: calls and columns ---- */

static bool read_cast(med_cql_parser *p, const med_cql_term **term) {
  uint32_t at = p->token.at;
  const med_cql_term *cast_one;
  med_slice type;
  med_cql_advance(p);
  med_cql_advance(p);
  if (!med_cql_parse_term(p, &cast_one) || !med_cql_expect_word(p, "as") || !med_cql_parse_type(p, &type)) return false;
  if (!med_cql_expect_symbol(p, ')')) return false;
  med_cql_term *cast = new_parent(p, MED_CQL_CAST, at, cast_one, NULL);
  if (cast == NULL) return false;
  cast->type = type;
  *term = cast;
  return true;
}

/* Behind the opening parenthesis of a call. */
static bool read_arguments(med_cql_parser *p, med_cql_list *items) {
  med_cql_token next = med_cql_peek(p);
  bool closes = next.kind == MED_CQL_TOKEN_SYMBOL && next.symbol == ')';
  if (!med_cql_at_symbol(p, '*') || !closes) return read_items(p, ')', items);
  const med_cql_term **added = med_cql_list_add(p, items, sizeof *added);
  if (added == NULL || (*added = new_term(p, MED_CQL_STAR, p->token.at)) == NULL) return false;
  med_cql_advance(p);
  return med_cql_expect_symbol(p, ')');
}

static bool read_call(med_cql_parser *p, med_cql_name name, const med_cql_term **term) {
  med_cql_list items = {0};
  med_cql_term *call;
  if (!med_cql_expect_symbol(p, '(') || !read_arguments(p, &items)) return false;
  if (!finish_items(p, MED_CQL_CALL, name.at, &items, &call)) return false;
  call->name = name;
  *term = call;
  return true;
}

/* Whether the present name and what follows are keyspace.function( */
static bool at_qualified_call(const med_cql_parser *p) {
  med_cql_lexer lexer = p->lexer;
  med_cql_token token;
  med_cql_lexer_next(&lexer, &token);
  if (token.kind != MED_CQL_TOKEN_SYMBOL || token.symbol != '.') return false;
  med_cql_lexer_next(&lexer, &token);
  if (!med_cql_is_name(&token)) return false;
  med_cql_lexer_next(&lexer, &token);
  return token.kind == MED_CQL_TOKEN_SYMBOL && token.symbol == '(';
}

static bool read_named(med_cql_parser *p, const med_cql_term **term) {
  med_cql_token next = med_cql_peek(p);
  med_cql_identifier identifier = {.at = p->token.at, .name = med_slice_of_text("token")};
  med_cql_name name;
  bool is_call = next.kind == MED_CQL_TOKEN_SYMBOL && next.symbol == '(';
  if (is_call && med_cql_at_word(p, "cast")) return read_cast(p, term);
  if (at_qualified_call(p)) return med_cql_parse_name(p, &name) && read_call(p, name, term);
  if (!is_call && !p->columns) return med_cql_expected(p, "a value");
  if (!(is_call && med_cql_take_word(p, "token")) && !med_cql_parse_identifier(p, &identifier)) return false;
  name = (med_cql_name){.name = identifier.name, .at = identifier.at};
  if (is_call) return read_call(p, name, term);
  med_cql_term *column = new_term(p, MED_CQL_COLUMN, name.at);
  if (column == NULL) return false;
  column->name = name;
  *term = column;
  return true;
}

/* ---- What follows a selector: .field, [element], [from..to] ---- */

static bool read_field_of(med_cql_parser *p, const med_cql_term **term) {
  med_cql_identifier field;
  uint32_t at = p->token.at;
  med_cql_advance(p);
  if (!med_cql_parse_identifier(p, &field)) return false;
  med_cql_term *parent = new_parent(p, MED_CQL_FIELD_OF, at, *term, NULL);
  if (parent == NULL) return false;
  parent->text = field.name;
  *term = parent;
  return true;
}

static bool read_element_of(med_cql_parser *p, bool slices, const med_cql_term **term) {
  const med_cql_term *from = NULL, *to = NULL;
  uint32_t at = p->token.at;
  bool columns = p->columns, fine = true, is_slice = false;
  p->columns = false;
  med_cql_advance(p);
  if (!slices || !med_cql_at_symbol(p, MED_CQL_PAIR('.', '.'))) fine = med_cql_parse_term(p, &from);
  if (fine && slices) is_slice = med_cql_take_symbol(p, MED_CQL_PAIR('.', '.'));
  if (fine && is_slice && !med_cql_at_symbol(p, ']')) fine = med_cql_parse_term(p, &to);
  p->columns = columns;
  if (!fine || !med_cql_expect_symbol(p, ']')) return false;
  if (is_slice && from == NULL && to == NULL) return med_cql_expected(p, "a bound of the slice before it");
  med_cql_term *parent = new_parent(p, is_slice ? MED_CQL_SLICE_OF : MED_CQL_ELEMENT_OF, at, *term, from);
  if (parent == NULL) return false;
  parent->items[2] = to;
  if (is_slice && !set_items(p, parent, parent->items, 3)) return false;
  *term = parent;
  return true;
}

static bool read_modifiers(med_cql_parser *p, const med_cql_term **term) {
  for (;;) {
    if (med_cql_at_symbol(p, '.')) {
      if (!read_field_of(p, term)) return false;
    } else if (med_cql_at_symbol(p, '[')) {
      if (!read_element_of(p, true, term)) return false;
    } else {
      return true;
    }
  }
}

bool med_cql_parse_target(med_cql_parser *p, const med_cql_term **term) {
  med_cql_identifier column;
  med_cql_term *target;
  if (!med_cql_parse_identifier(p, &column) || (target = new_term(p, MED_CQL_COLUMN, column.at)) == NULL) return false;
  target->name = (med_cql_name){.name = column.name, .at = column.at};
  *term = target;
  if (med_cql_at_symbol(p, '.')) return read_field_of(p, term);
  return !med_cql_at_symbol(p, '[') || read_element_of(p, false, term);
}

/* ---- Arithmetic ---- */

static bool read_simple(med_cql_parser *p, const med_cql_term **term) {
  bool there;
  if (!read_literal(p, term, &there) || there) return p->rc == MEDLEY_OK;
  if (med_cql_at_marker(p)) return med_cql_parse_marker(p, term);
  if (med_cql_at_symbol(p, '[')) return read_list(p, term);
  if (med_cql_at_symbol(p, '{')) return read_braces(p, term);
  if (med_cql_at_symbol(p, '(')) return read_parenthesis(p, term);
  if (med_cql_is_name(&p->token) || med_cql_at_word(p, "token")) return read_named(p, term);
  return med_cql_expected(p, p->columns ? "a column or a value" : "a value");
}

static bool read_negation(med_cql_parser *p, const med_cql_term **term) {
  const med_cql_term *negated;
  uint32_t at = p->token.at;
  med_cql_advance(p);
  if (!read_factor(p, &negated)) return false;
  med_cql_term *negation = new_parent(p, MED_CQL_NEGATE, at, negated, NULL);
  *term = negation;
  return negation != NULL;
}

static bool read_factor(med_cql_parser *p, const med_cql_term **term) {
  med_cql_term_kind kind;
  if (!med_cql_enter(p)) return false;
  bool negates = med_cql_at_symbol(p, '-') && !at_negative(p, &kind);
  bool fine = negates ? read_negation(p, term) : read_simple(p, term);
  if (fine && p->columns && !negates) fine = read_modifiers(p, term);
  med_cql_leave(p);
  return fine;
}

static char operator_of(const med_cql_parser *p, const char *operators) {
  if (p->token.kind != MED_CQL_TOKEN_SYMBOL || p->token.symbol > 127) return '\0';
  return strchr(operators, p->token.symbol) != NULL ? (char)p->token.symbol : '\0';
}

/* In `c = value + c` the plus is the assignment's. */
static bool is_assignments_plus(const med_cql_parser *p) {
  med_cql_lexer lexer = p->lexer;
  med_cql_token token;
  if (!p->in_assignment || !med_cql_at_symbol(p, '+')) return false;
  med_cql_lexer_next(&lexer, &token);
  if (!med_cql_is_name(&token)) return false;
  med_cql_lexer_next(&lexer, &token);
  return token.kind != MED_CQL_TOKEN_SYMBOL || (token.symbol != '(' && token.symbol != '.');
}

/* One level of precedence: operands of the level above it, from the left. */
static bool read_level(med_cql_parser *p, bool sums, const med_cql_term **term) {
  if (!(sums ? read_level(p, false, term) : read_factor(p, term))) return false;
  for (char operation; (operation = operator_of(p, sums ? "+-" : "*/%")) != '\0';) {
    const med_cql_term *right;
    uint32_t at = p->token.at;
    if (sums && is_assignments_plus(p)) break;
    med_cql_advance(p);
    if (!(sums ? read_level(p, false, &right) : read_factor(p, &right))) return false;
    med_cql_term *parent = new_parent(p, MED_CQL_ARITHMETIC, at, *term, right);
    if (parent == NULL) return false;
    parent->operation = operation;
    *term = parent;
  }
  return true;
}

bool med_cql_parse_term(med_cql_parser *p, const med_cql_term **term) { return read_level(p, true, term); }

bool med_cql_parse_selector(med_cql_parser *p, const med_cql_term **term) {
  p->columns = true;
  bool fine = med_cql_parse_term(p, term);
  p->columns = false;
  return fine;
}
