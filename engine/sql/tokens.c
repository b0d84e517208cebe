/* tokens.c - see tokens.h. */
#include "engine/sql/tokens.h"

#include <string.h>
#include <strings.h>

static bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\f' || c == '\r'; }
static bool is_digit(char c) { return c >= '0' && c <= '9'; }
static bool is_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || is_digit(c) || c == '_' || c == '$' ||
         (unsigned char)c >= 0x80;
}

size_t med_sql_skip_blanks(const char *text, size_t len, size_t at) {
  while (at < len) {
    const char *rest = text + at;
    size_t left = len - at;
    if (is_blank(*rest)) {
      at++;
    } else if (left >= 2 && rest[0] == '-' && rest[1] == '-') {
      while (at < len && text[at] != '\n') at++;
    } else if (left >= 2 && rest[0] == '/' && rest[1] == '*') {
      at += 2;
      while (at < len && !(at + 1 < len && text[at] == '*' && text[at + 1] == '/')) at++;
      at = at + 2 < len ? at + 2 : len;
    } else {
      return at;
    }
  }
  return at;
}

/* From the opening quote at `at` behind the closing one, which is doubled inside; 0 if there is none. */
static size_t skip_quoted(const char *text, size_t len, size_t at, char close) {
  for (at++; at < len; at++) {
    if (text[at] != close) continue;
    if (close == ']' || at + 1 == len || text[at + 1] != close) return at + 1;
    at++;
  }
  return 0;
}

static size_t skip_words(const char *text, size_t len, size_t at) {
  while (at < len && is_word(text[at])) at++;
  return at;
}

/* With a point and an exponent, whose sign belongs to it; 0xe has none. */
static size_t skip_number(const char *text, size_t len, size_t at) {
  if (text[at - 1] == '0' && at < len && (text[at] == 'x' || text[at] == 'X')) return skip_words(text, len, at);
  for (; at < len; at++) {
    bool sign = (text[at] == '+' || text[at] == '-') && (text[at - 1] == 'e' || text[at - 1] == 'E');
    if (!is_word(text[at]) && text[at] != '.' && !sign) break;
  }
  return at;
}

static size_t skip_symbol(const char *text, size_t len, size_t at) {
  static const char *const longer[] = {"->>", "->", "<=", ">=", "<>", "!=", "==", "||", "<<", ">>"};
  for (size_t i = 0; i < sizeof longer / sizeof *longer; i++) {
    size_t size = strlen(longer[i]);
    if (len - at >= size && memcmp(text + at, longer[i], size) == 0) return at + size;
  }
  return at + 1;
}

med_sql_token med_sql_next_token(const char *text, size_t len, size_t *at) {
  size_t from = med_sql_skip_blanks(text, len, *at), end = 0;
  char c = from < len ? text[from] : ';', next = from + 1 < len ? text[from + 1] : '\0';
  med_sql_token_kind kind = MED_SQL_SYMBOL;
  if (c == ';' || c == '\0') {
    kind = MED_SQL_END;
    end = c == ';' && from < len ? from + 1 : from;
  } else if (c == '"' || c == '`' || c == '[') {
    kind = MED_SQL_NAME;
    end = skip_quoted(text, len, from, c == '[' ? ']' : c);
  } else if (c == '\'' || ((c == 'x' || c == 'X') && next == '\'')) {
    kind = MED_SQL_VALUE;
    end = skip_quoted(text, len, from + (c != '\''), '\'');
  } else if (is_digit(c) || (c == '.' && is_digit(next))) {
    kind = MED_SQL_VALUE;
    end = skip_number(text, len, from + 1);
  } else if (c == '?' || c == ':' || c == '@' || c == '$') {
    kind = MED_SQL_VALUE;
    end = skip_words(text, len, from + 1);
  } else if (is_word(c)) {
    kind = MED_SQL_WORD;
    end = skip_words(text, len, from);
  } else {
    end = skip_symbol(text, len, from);
  }
  if (end == 0 && kind != MED_SQL_END)
    return *at = len, (med_sql_token){MED_SQL_BAD, med_slice_of(text + from, len - from)};
  *at = end;
  return (med_sql_token){kind, med_slice_of(text + from, end - from)};
}

bool med_sql_token_is(const med_sql_token *token, const char *expected) {
  return (token->kind == MED_SQL_WORD || token->kind == MED_SQL_SYMBOL) && token->text.len == strlen(expected) &&
         strncasecmp(token->text.bytes, expected, token->text.len) == 0;
}

bool med_sql_token_name(const med_sql_token *token, med_buffer *name) {
  const char *bytes = token->text.bytes;
  if (token->kind != MED_SQL_NAME) return med_buffer_append(name, bytes, token->text.len);
  for (size_t i = 1; i + 1 < token->text.len; i++) {
    if (!med_buffer_append_byte(name, (uint8_t)bytes[i])) return false;
    if (bytes[0] != '[' && bytes[i] == bytes[0]) i++;
  }
  return true;
}

bool med_sql_quote_name(med_slice name, med_buffer *text) {
  const char *bytes = name.bytes;
  bool ok = med_buffer_append_byte(text, '"');
  for (size_t i = 0; ok && i < name.len; i++)
    ok = (bytes[i] != '"' || med_buffer_append_byte(text, '"')) && med_buffer_append_byte(text, (uint8_t)bytes[i]);
  return ok && med_buffer_append_byte(text, '"');
}
