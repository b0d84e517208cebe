/* parsing.c - what all of the parser's files stand on. */
#include "engine/cql/parsing.h"

#include <stdarg.h>
#include <stdio.h>

#include "models/widecolumn/name_text.h"

#define SHOWN_MAX 40 /* bytes of a token in a message */

/* ---- Tokens ---- */

void med_cql_advance(med_cql_parser *p) {
  p->end = p->lexer.at;
  med_cql_lexer_next(&p->lexer, &p->token);
}

med_cql_token med_cql_peek(const med_cql_parser *p) {
  med_cql_lexer lexer = p->lexer;
  med_cql_token token;
  med_cql_lexer_next(&lexer, &token);
  return token;
}

static char lower(char c) { return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c; }

static bool same_word(med_slice text, const char *word, size_t len) {
  const char *bytes = text.bytes;
  if (text.len != len) return false;
  for (size_t i = 0; i < len; i++) {
    if (lower(bytes[i]) != word[i]) return false;
  }
  return true;
}

bool med_cql_token_is_word(const med_cql_token *token, const char *word) {
  return token->kind == MED_CQL_TOKEN_WORD && same_word(token->text, word, strlen(word));
}

bool med_cql_at_word(const med_cql_parser *p, const char *word) { return med_cql_token_is_word(&p->token, word); }

bool med_cql_at_symbol(const med_cql_parser *p, int symbol) {
  return p->token.kind == MED_CQL_TOKEN_SYMBOL && p->token.symbol == symbol;
}

bool med_cql_take_word(med_cql_parser *p, const char *word) {
  if (!med_cql_at_word(p, word)) return false;
  med_cql_advance(p);
  return true;
}

bool med_cql_take_symbol(med_cql_parser *p, int symbol) {
  if (!med_cql_at_symbol(p, symbol)) return false;
  med_cql_advance(p);
  return true;
}

/* Keywords are shown as people write them. */
static bool expected_word(med_cql_parser *p, const char *word, size_t len) {
  char upper[32];
  size_t i = 0;
  for (; i < len && i < sizeof upper - 1; i++) {
    upper[i] = (char)(word[i] >= 'a' && word[i] <= 'z' ? word[i] - ('a' - 'A') : word[i]);
  }
  upper[i] = '\0';
  return med_cql_expected(p, upper);
}

bool med_cql_expect_word(med_cql_parser *p, const char *word) {
  return med_cql_take_word(p, word) || expected_word(p, word, strlen(word));
}

bool med_cql_expect_words(med_cql_parser *p, const char *words) {
  while (*words != '\0') {
    size_t len = strcspn(words, " ");
    if (p->token.kind != MED_CQL_TOKEN_WORD || !same_word(p->token.text, words, len))
      return expected_word(p, words, len);
    med_cql_advance(p);
    words += len + (words[len] == ' ');
  }
  return true;
}

bool med_cql_expect_symbol(med_cql_parser *p, int symbol) {
  char shown[] = {'\'', (char)symbol, '\'', '\0'};
  return med_cql_take_symbol(p, symbol) || med_cql_expected(p, shown);
}

/* ---- Failing ---- */

bool med_cql_parser_fail(med_cql_parser *p, int status, uint32_t at, const char *format, ...) {
  char message[MEDLEY_ERROR_MESSAGE_SIZE];
  va_list arguments;
  va_start(arguments, format);
  (void)vsnprintf(message, sizeof message, format, arguments);
  va_end(arguments);
  p->rc = med_error_set(p->error, status, "cql: %s", message);
  med_error_set_position(p->error, p->lexer.text.bytes, p->lexer.text.len, at);
  return false;
}

bool med_cql_parser_unsupported(med_cql_parser *p, uint32_t at, const char *what) {
  return med_cql_parser_fail(p, MEDLEY_UNSUPPORTED, at, "%s is not supported", what);
}

/* Cut at a character. */
static int shown_len(med_slice text) {
  const char *bytes = text.bytes;
  size_t len = text.len < SHOWN_MAX ? text.len : SHOWN_MAX;
  while (len > 0 && len < text.len && (bytes[len] & 0xC0) == 0x80) len--;
  return (int)len;
}

bool med_cql_expected(med_cql_parser *p, const char *what) {
  const med_cql_token *token = &p->token;
  if (token->kind == MED_CQL_TOKEN_END)
    return med_cql_parser_fail(p, MEDLEY_SYNTAX, token->at,
                               "syntax error: unexpected end of the statement, expected %s", what);
  int len = shown_len(token->text);
  const char *text = token->text.bytes, *more = (size_t)len < token->text.len ? "..." : "";
  if (token->kind == MED_CQL_TOKEN_BAD)
    return med_cql_parser_fail(p, MEDLEY_SYNTAX, token->at, "syntax error: %s: %.*s%s", token->problem, len, text,
                               more);
  return med_cql_parser_fail(p, MEDLEY_SYNTAX, token->at, "syntax error: unexpected '%.*s%s', expected %s", len, text,
                             more, what);
}

static bool no_memory(med_cql_parser *p) {
  p->rc = med_error_no_memory(p->error);
  return false;
}

bool med_cql_enter(med_cql_parser *p) {
  if (++p->depth <= MED_CQL_DEPTH_MAX) return true;
  return med_cql_parser_fail(p, MEDLEY_TOO_BIG, p->token.at, "nested more than %d deep", MED_CQL_DEPTH_MAX);
}

void med_cql_leave(med_cql_parser *p) { p->depth--; }

/* ---- Names ---- */

bool med_cql_is_name(const med_cql_token *token) {
  if (token->kind != MED_CQL_TOKEN_WORD) return token->kind == MED_CQL_TOKEN_QUOTED;
  return !med_wide_word_is_reserved(token->text);
}

/* Without the quotes around it, doubled ones being one. */
static bool undouble(med_cql_parser *p, med_slice text, char quote, med_slice *undoubled) {
  const char *bytes = (const char *)text.bytes + 1;
  size_t len = text.len - 2, count = 0;
  *undoubled = med_slice_of(bytes, len);
  if (memchr(bytes, quote, len) == NULL) return true;
  char *copy = med_arena_alloc(p->arena, len);
  if (copy == NULL) return no_memory(p);
  for (size_t i = 0; i < len; i++) {
    copy[count++] = bytes[i];
    if (bytes[i] == quote) i++;
  }
  *undoubled = med_slice_of(copy, count);
  return true;
}

bool med_cql_unquote(med_cql_parser *p, const med_cql_token *token, med_slice *text) {
  const char *bytes = token->text.bytes;
  size_t len = token->text.len, upper = 0;
  if (bytes[0] == '\'' || bytes[0] == '"') return undouble(p, token->text, bytes[0], text);
  if (token->kind == MED_CQL_TOKEN_STRING) {
    *text = med_slice_of(bytes + 2, len - 4);
    return true;
  }
  while (upper < len && lower(bytes[upper]) == bytes[upper]) upper++;
  *text = token->text;
  if (upper == len) return true;
  char *copy = med_arena_alloc(p->arena, len);
  if (copy == NULL) return no_memory(p);
  for (size_t i = 0; i < len; i++) copy[i] = lower(bytes[i]);
  *text = med_slice_of(copy, len);
  return true;
}

bool med_cql_parse_identifier(med_cql_parser *p, med_cql_identifier *identifier) {
  if (!med_cql_is_name(&p->token)) return med_cql_expected(p, "a name");
  identifier->at = p->token.at;
  if (!med_cql_unquote(p, &p->token, &identifier->name)) return false;
  med_cql_advance(p);
  return true;
}

bool med_cql_parse_name(med_cql_parser *p, med_cql_name *name) {
  med_cql_identifier first, second;
  if (!med_cql_parse_identifier(p, &first)) return false;
  *name = (med_cql_name){.name = first.name, .at = first.at};
  if (!med_cql_take_symbol(p, '.')) return true;
  if (!med_cql_parse_identifier(p, &second)) return false;
  name->keyspace = first.name;
  name->name = second.name;
  return true;
}

bool med_cql_parse_if_exists(med_cql_parser *p, bool not_exists, bool *there) {
  *there = false;
  if (!med_cql_at_word(p, "if")) return true;
  *there = true;
  return med_cql_expect_words(p, not_exists ? "if not exists" : "if exists");
}

/* ---- Types ---- */

static bool is_symbol(const med_cql_token *token, int symbol) {
  return token->kind == MED_CQL_TOKEN_SYMBOL && token->symbol == symbol;
}

/* *token is the first of the type; at the end it is the first one behind it, or the one that is wrong. */
bool med_cql_skip_type(med_cql_lexer *lexer, med_cql_token *token, unsigned depth) {
  if (depth > MED_CQL_DEPTH_MAX) return false;
  bool custom = token->kind == MED_CQL_TOKEN_STRING;
  if (!custom && !med_cql_is_name(token) && !med_cql_token_is_word(token, "set")) return false;
  med_cql_lexer_next(lexer, token);
  if (custom) return true;
  if (is_symbol(token, '.')) {
    med_cql_lexer_next(lexer, token);
    if (!med_cql_is_name(token)) return false;
    med_cql_lexer_next(lexer, token);
  }
  if (!is_symbol(token, '<')) return true;
  do {
    med_cql_lexer_next(lexer, token);
    if (!med_cql_skip_type(lexer, token, depth + 1)) return false;
  } while (is_symbol(token, ','));
  if (!is_symbol(token, '>')) return false;
  med_cql_lexer_next(lexer, token);
  return true;
}

bool med_cql_parse_type(med_cql_parser *p, med_slice *type) {
  const char *text = p->lexer.text.bytes;
  med_cql_lexer lexer = p->lexer;
  med_cql_token token = p->token;
  size_t start = token.at;
  bool there = med_cql_skip_type(&lexer, &token, p->depth);
  while (p->token.at < token.at && p->token.kind != MED_CQL_TOKEN_END) med_cql_advance(p);
  if (!there) return med_cql_expected(p, "a type");
  *type = med_slice_of(text + start, p->end - start);
  return true;
}

/* ---- Lists ---- */

void *med_cql_list_add(med_cql_parser *p, med_cql_list *list, size_t item_size) {
  if (list->count == list->capacity) {
    size_t capacity = list->capacity == 0 ? 4 : 2 * list->capacity;
    void *items = med_arena_alloc(p->arena, capacity * item_size);
    if (items == NULL) {
      (void)no_memory(p);
      return NULL;
    }
    if (list->count > 0) memcpy(items, list->items, list->count * item_size);
    list->items = items;
    list->capacity = capacity;
  }
  return memset((char *)list->items + list->count++ * item_size, 0, item_size);
}
