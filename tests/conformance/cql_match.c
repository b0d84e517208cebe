/* cql_match.c - see cql_match.h. The cell is walked once, from the left. */
#include "tests/conformance/cql_match.h"

#include <ctype.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

typedef const char *cursor;

static void skip_blanks(cursor *at) {
  while (**at == ' ') (*at)++;
}

static bool take(cursor *at, char c) {
  if (**at != c) return false;
  (*at)++;
  return true;
}

static bool take_text(cursor *at, const char *text, size_t len) {
  if (strncmp(*at, text, len) != 0) return false;
  *at += len;
  return true;
}

/* The character as cqlsh shows it; in a quoted text the quote is doubled. */
static size_t show_character(char c, bool quoted, char shown[4]) {
  size_t len = 0;
  if (c == '\n' || c == '\t' || c == '\r' || c == '\\') shown[len++] = '\\';
  shown[len++] = c == '\n' ? 'n' : c == '\t' ? 't' : c == '\r' ? 'r' : c;
  if (quoted && c == '\'') shown[len++] = '\'';
  return len;
}

static bool match_text(const medley_value *value, cursor *at, bool inside) {
  bool quoted = inside && take(at, '\'');
  for (size_t i = 0; i < value->as.text.len; i++) {
    char shown[4];
    size_t len = show_character(value->as.text.bytes[i], quoted, shown);
    if (!take_text(at, shown, len)) return false;
  }
  return !quoted || take(at, '\'');
}

static bool match_integer(int64_t integer, cursor *at) {
  char digits[24];
  int len = snprintf(digits, sizeof digits, "%lld", (long long)integer);
  return take_text(at, digits, (size_t)len);
}

static bool match_real(double real, cursor *at) {
  char *end = NULL, shown[64];
  int digits = 0;
  double cell = strtod(*at, &end);
  if (end == *at) return false;
  for (const char *c = *at; c < end && (*c | 32) != 'e'; c++) digits += isdigit((unsigned char)*c) != 0;
  *at = end;
  if (isnan(real) || isnan(cell)) return isnan(real) && isnan(cell);
  snprintf(shown, sizeof shown, "%.*g", digits > 0 ? digits : 1, real);
  double rounded = strtod(shown, NULL);
  return !(rounded < cell) && !(rounded > cell);
}

static bool match_blob(const medley_value *value, cursor *at) {
  if (!take_text(at, "0x", 2)) return false;
  for (size_t i = 0; i < value->as.text.len; i++) {
    char hex[3];
    snprintf(hex, sizeof hex, "%02x", (unsigned)(unsigned char)value->as.text.bytes[i]);
    if (!take_text(at, hex, 2)) return false;
  }
  return true;
}

static bool match(const medley_value *value, cursor *at, bool inside);

static bool match_list(const medley_value *value, cursor *at) {
  static const char open[] = "[{(", close[] = "]})";
  const char *bracket = **at != '\0' ? strchr(open, **at) : NULL;
  if (bracket == NULL) return false;
  (*at)++;
  for (size_t i = 0; i < value->as.list.count; i++) {
    if (i > 0 && !take(at, ',')) return false;
    skip_blanks(at);
    if (!match(&value->as.list.items[i], at, true)) return false;
  }
  (void)take(at, ','); /* a tuple of one */
  return take(at, close[bracket - open]);
}

static bool match_map(const medley_value *value, cursor *at) {
  if (!take(at, '{')) return false;
  for (size_t i = 0; i < value->as.map.count; i++) {
    if (i > 0 && !take(at, ',')) return false;
    skip_blanks(at);
    if (!match(&value->as.map.keys[i], at, true) || !take(at, ':')) return false;
    skip_blanks(at);
    if (!match(&value->as.map.values[i], at, true)) return false;
  }
  return take(at, '}');
}

static bool match(const medley_value *value, cursor *at, bool inside) {
  switch (value->type) {
    case MEDLEY_TYPE_NULL: return take_text(at, "null", 4) || take_text(at, "None", 4);
    case MEDLEY_TYPE_BOOLEAN: return take_text(at, value->as.boolean ? "True" : "False", value->as.boolean ? 4 : 5);
    case MEDLEY_TYPE_INTEGER: return match_integer(value->as.integer, at);
    case MEDLEY_TYPE_REAL: return match_real(value->as.real, at);
    case MEDLEY_TYPE_TEXT: return match_text(value, at, inside);
    case MEDLEY_TYPE_BLOB: return match_blob(value, at);
    case MEDLEY_TYPE_LIST: return match_list(value, at);
    case MEDLEY_TYPE_MAP: return match_map(value, at);
    default: return false;
  }
}

/* Blanks at the ends of a text are not told from those of the table. */
static bool match_trimmed(const medley_value *value, const char *cell) {
  medley_value inner = *value;
  cursor at = cell;
  while (inner.as.text.len > 0 && isspace((unsigned char)*inner.as.text.bytes))
    inner.as.text.bytes++, inner.as.text.len--;
  while (inner.as.text.len > 0 && isspace((unsigned char)inner.as.text.bytes[inner.as.text.len - 1]))
    inner.as.text.len--;
  return match_text(&inner, &at, false) && *at == '\0';
}

bool test_cql_match(const medley_value *value, const char *cell) {
  cursor at = cell;
  if (match(value, &at, false) && *at == '\0') return true;
  /* An empty collection that is not frozen is null. */
  return value->type == MEDLEY_TYPE_TEXT && match_trimmed(value, cell);
}

/* ---- Printing ---- */

typedef struct printer {
  char *text;
  size_t size, len;
} printer;

static void print(printer *p, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void print(printer *p, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  int len = p->len < p->size ? vsnprintf(p->text + p->len, p->size - p->len, format, arguments) : 0;
  va_end(arguments);
  p->len += len > 0 ? (size_t)len : 0;
}

static void print_value(printer *p, const medley_value *value, bool inside) {
  bool is_map = value->type == MEDLEY_TYPE_MAP;
  switch (value->type) {
    case MEDLEY_TYPE_NULL: print(p, "null"); return;
    case MEDLEY_TYPE_BOOLEAN: print(p, "%s", value->as.boolean ? "True" : "False"); return;
    case MEDLEY_TYPE_INTEGER: print(p, "%lld", (long long)value->as.integer); return;
    case MEDLEY_TYPE_REAL: print(p, "%.12g", value->as.real); return;
    case MEDLEY_TYPE_TEXT: print(p, inside ? "'%.*s'" : "%.*s", (int)value->as.text.len, value->as.text.bytes); return;
    case MEDLEY_TYPE_BLOB:
      print(p, "0x");
      for (size_t i = 0; i < value->as.text.len; i++)
        print(p, "%02x", (unsigned)(unsigned char)value->as.text.bytes[i]);
      return;
    case MEDLEY_TYPE_LIST:
    case MEDLEY_TYPE_MAP: break;
    default: print(p, "?"); return;
  }
  size_t count = is_map ? value->as.map.count : value->as.list.count;
  print(p, is_map ? "{" : "[");
  for (size_t i = 0; i < count; i++) {
    if (i > 0) print(p, ", ");
    if (is_map) print_value(p, &value->as.map.keys[i], true), print(p, ": ");
    print_value(p, is_map ? &value->as.map.values[i] : &value->as.list.items[i], true);
  }
  print(p, is_map ? "}" : "]");
}

void test_cql_print(const medley_value *value, char *text, size_t size) {
  printer p = {.text = text, .size = size};
  text[0] = '\0';
  print_value(&p, value, false);
}
