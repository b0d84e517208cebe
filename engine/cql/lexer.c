/* lexer.c - CQL's text as tokens: the longest token at each place, as Cassandra's lexer takes it. */
#include "engine/cql/lexer.h"

static const char *bytes_of(const med_cql_lexer *lexer) { return lexer->text.bytes; }

/* The byte at a place; 0 behind the end, which no rule takes. */
static char byte_at(const med_cql_lexer *lexer, size_t at) { return at < lexer->text.len ? bytes_of(lexer)[at] : '\0'; }

static bool is_digit(char c) { return c >= '0' && c <= '9'; }
static bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
static bool is_hex(char c) { return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }
static bool is_word(char c) { return is_digit(c) || is_letter(c) || c == '_'; }

static size_t skip_digits(const med_cql_lexer *lexer, size_t at) {
  while (is_digit(byte_at(lexer, at))) at++;
  return at;
}

static size_t skip_word(const med_cql_lexer *lexer, size_t at) {
  while (is_word(byte_at(lexer, at))) at++;
  return at;
}

/* Past blanks and comments. False, with the place of its beginning, if a comment is left open. */
static bool skip_blanks(med_cql_lexer *lexer) {
  const char *bytes = bytes_of(lexer);
  for (size_t len = lexer->text.len; lexer->at < len;) {
    char c = bytes[lexer->at], next = byte_at(lexer, lexer->at + 1);
    if (c == ' ' || c == '\t' || c == '\n' || c == '\r') {
      lexer->at++;
    } else if ((c == '-' || c == '/') && next == c) {
      while (lexer->at < len && bytes[lexer->at] != '\n' && bytes[lexer->at] != '\r') lexer->at++;
    } else if (c == '/' && next == '*') {
      const char *from = bytes + lexer->at + 2;
      const char *end = memmem(from, len - lexer->at - 2, "*/", 2);
      if (end == NULL) return false;
      lexer->at = (size_t)(end + 2 - bytes);
    } else {
      break;
    }
  }
  return true;
}

/* ---- Each answers the place behind the token, or 0 if there is none of its kind ---- */

static size_t end_of_uuid(const med_cql_lexer *lexer, size_t at) {
  static const uint8_t lens[] = {8, 4, 4, 4, 12};
  for (size_t part = 0; part < sizeof lens; part++) {
    if (part > 0 && byte_at(lexer, at++) != '-') return 0;
    for (size_t i = 0; i < lens[part]; i++) {
      if (!is_hex(byte_at(lexer, at++))) return 0;
    }
  }
  return at;
}

/* The length of a duration's unit, 0 for none: the longest of y mo w d h m s ms us ns and the sign for micro with s. */
static size_t unit_len(const med_cql_lexer *lexer, size_t at) {
  char first = (char)(byte_at(lexer, at) | 32), second = (char)(byte_at(lexer, at + 1) | 32);
  if ((first == 'm' && second == 'o') || ((first == 'm' || first == 'u' || first == 'n') && second == 's')) return 2;
  if (at + 2 < lexer->text.len && memcmp(bytes_of(lexer) + at, "\xC2\xB5", 2) == 0)
    return (byte_at(lexer, at + 2) | 32) == 's' ? 3 : 0;
  return first != 0 && strchr("ywdhms", first) != NULL ? 1 : 0;
}

static size_t end_of_units(const med_cql_lexer *lexer, size_t at) {
  size_t end = 0;
  for (;;) {
    size_t digits = skip_digits(lexer, at), unit = digits > at ? unit_len(lexer, digits) : 0;
    if (unit == 0) return end;
    at = end = digits + unit;
  }
}

/* Number and unit pairs in the order of `units`: behind the last one that is there, or `at`. */
static size_t end_of_designated(const med_cql_lexer *lexer, size_t at, const char *units) {
  for (; *units != '\0'; units++) {
    size_t digits = skip_digits(lexer, at);
    if (digits > at && byte_at(lexer, digits) == *units) at = digits + 1;
  }
  return at;
}

/* P1Y2M3DT4H5M6S, P3W, P0001-02-03T04:05:06; a P alone is a name here, which Cassandra's lexer takes for a duration. */
static size_t end_of_iso_duration(const med_cql_lexer *lexer, size_t at) {
  static const char form[] = "0000-00-00T00:00:00";
  size_t start = at + 1, i = 0;
  if (byte_at(lexer, at) != 'P') return 0;
  while (form[i] != '\0' &&
         (form[i] == '0' ? is_digit(byte_at(lexer, start + i)) : byte_at(lexer, start + i) == form[i]))
    i++;
  if (form[i] == '\0') return start + i;
  size_t end = skip_digits(lexer, start);
  if (end > start && byte_at(lexer, end) == 'W') return end + 1;
  end = end_of_designated(lexer, start, "YMD");
  if (byte_at(lexer, end) == 'T') {
    size_t time = end_of_designated(lexer, end + 1, "HMS");
    if (time > end + 1) end = time;
  }
  return end > start && end == skip_word(lexer, at) ? end : 0; /* P1Y2 is a name */
}

static size_t end_of_real(const med_cql_lexer *lexer, size_t integer) {
  size_t at = integer;
  if (byte_at(lexer, at) == '.' && byte_at(lexer, at + 1) != '.') at = skip_digits(lexer, at + 1);
  if ((byte_at(lexer, at) | 32) == 'e') {
    size_t digits = at + 1 + (byte_at(lexer, at + 1) == '+' || byte_at(lexer, at + 1) == '-');
    size_t end = skip_digits(lexer, digits);
    if (end > digits) at = end;
  }
  return at > integer ? at : 0;
}

/* Behind the closing quote, doubled ones being part of the text; 0 if it is left open. */
static size_t end_of_quoted(const med_cql_lexer *lexer, size_t at, char quote) {
  for (at++; at < lexer->text.len; at++) {
    if (bytes_of(lexer)[at] != quote) continue;
    if (byte_at(lexer, at + 1) != quote) return at + 1;
    at++;
  }
  return 0;
}

static size_t end_of_dollars(const med_cql_lexer *lexer, size_t at) {
  const char *from = bytes_of(lexer) + at + 2, *end = memmem(from, lexer->text.len - at - 2, "$$", 2);
  return end == NULL ? 0 : (size_t)(end + 2 - bytes_of(lexer));
}

/* ---- Putting tokens together ---- */

static size_t take(med_cql_token *token, med_cql_token_kind kind, size_t end) {
  token->kind = kind;
  return end;
}

static size_t bad(med_cql_token *token, size_t end, const char *problem) {
  token->problem = problem;
  return take(token, MED_CQL_TOKEN_BAD, end);
}

static size_t scan_number(const med_cql_lexer *lexer, size_t at, med_cql_token *token) {
  size_t end = end_of_uuid(lexer, at);
  if (end > 0) return take(token, MED_CQL_TOKEN_UUID, end);
  if (byte_at(lexer, at) == '0' && (byte_at(lexer, at + 1) | 32) == 'x') {
    for (end = at + 2; is_hex(byte_at(lexer, end));) end++;
    return take(token, MED_CQL_TOKEN_HEX, end);
  }
  end = end_of_units(lexer, at);
  if (end > 0) return take(token, MED_CQL_TOKEN_DURATION, end);
  size_t integer = skip_digits(lexer, at);
  end = end_of_real(lexer, integer);
  return end > 0 ? take(token, MED_CQL_TOKEN_REAL, end) : take(token, MED_CQL_TOKEN_INTEGER, integer);
}

static size_t scan_word(const med_cql_lexer *lexer, size_t at, med_cql_token *token) {
  size_t end = end_of_uuid(lexer, at);
  if (end > 0) return take(token, MED_CQL_TOKEN_UUID, end);
  end = end_of_iso_duration(lexer, at);
  if (end > 0) return take(token, MED_CQL_TOKEN_DURATION, end);
  return take(token, MED_CQL_TOKEN_WORD, skip_word(lexer, at));
}

static size_t scan_quoted(const med_cql_lexer *lexer, size_t at, med_cql_token *token) {
  char quote = byte_at(lexer, at);
  size_t end = quote == '$' ? end_of_dollars(lexer, at) : end_of_quoted(lexer, at, quote);
  if (end == 0) {
    return bad(token, lexer->text.len, quote == '"' ? "a quoted name is left open" : "a string is left open");
  }
  return take(token, quote == '"' ? MED_CQL_TOKEN_QUOTED : MED_CQL_TOKEN_STRING, end);
}

static size_t scan_symbol(const med_cql_lexer *lexer, size_t at, med_cql_token *token) {
  static const char pairs[][3] = {"<=", ">=", "!=", "+=", "-=", ".."};
  char first = byte_at(lexer, at), second = byte_at(lexer, at + 1);
  for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
    if (first != pairs[i][0] || second != pairs[i][1]) continue;
    token->symbol = MED_CQL_PAIR(first, second);
    return take(token, MED_CQL_TOKEN_SYMBOL, at + 2);
  }
  if (first == '\0' || strchr("()[]{},.:;=<>+-*/%", first) == NULL) {
    size_t end = at + 1; /* a whole character of UTF-8, so that the message is */
    while (end < at + 4 && (byte_at(lexer, end) & 0xC0) == 0x80) end++;
    return bad(token, end, "a character that CQL does not use");
  }
  token->symbol = first;
  return take(token, MED_CQL_TOKEN_SYMBOL, at + 1);
}

static size_t scan(const med_cql_lexer *lexer, size_t at, med_cql_token *token) {
  char first = byte_at(lexer, at), second = byte_at(lexer, at + 1);
  if (is_digit(first)) return scan_number(lexer, at, token);
  if (is_letter(first)) return scan_word(lexer, at, token);
  if (first == '\'' || first == '"' || (first == '$' && second == '$')) return scan_quoted(lexer, at, token);
  if (first == '?') return take(token, MED_CQL_TOKEN_MARKER, skip_digits(lexer, at + 1));
  if ((first == '$' || first == '@') && (is_letter(second) || second == '_'))
    return take(token, MED_CQL_TOKEN_MARKER, skip_word(lexer, at + 1));
  return scan_symbol(lexer, at, token);
}

void med_cql_lexer_next(med_cql_lexer *lexer, med_cql_token *token) {
  bool closed = skip_blanks(lexer);
  size_t at = lexer->at, end = at;
  *token = (med_cql_token){.kind = MED_CQL_TOKEN_END, .at = (uint32_t)at};
  if (!closed)
    end = bad(token, lexer->text.len, "a comment is left open");
  else if (at < lexer->text.len)
    end = scan(lexer, at, token);
  token->text = med_slice_of(at < lexer->text.len ? bytes_of(lexer) + at : "", end - at);
  lexer->at = end;
}
