/* json.c - recursive descent over the bytes, with the depth counted. */
#include "tests/conformance/json.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct reader {
  const char *text;
  size_t len, at;
  unsigned depth;
} reader;

static bool read_value(reader *in, test_json *json);

static int peek(const reader *in) { return in->at < in->len ? (unsigned char)in->text[in->at] : -1; }

static void skip_blanks(reader *in) {
  int c;
  while ((c = peek(in)) == ' ' || c == '\t' || c == '\n' || c == '\r') in->at++;
}

static bool take(reader *in, char expected) {
  if (peek(in) != expected) return false;
  in->at++;
  return true;
}

static bool take_word(reader *in, const char *word) {
  size_t len = strlen(word);
  if (in->len - in->at < len || memcmp(in->text + in->at, word, len) != 0) return false;
  in->at += len;
  return true;
}

/* ---- Texts ------------------------------------------------------------------------------------------------- */

static bool read_hex4(reader *in, uint32_t *code) {
  *code = 0;
  for (int i = 0; i < 4; i++) {
    int c = peek(in);
    uint32_t digit;
    if (c >= '0' && c <= '9')
      digit = (uint32_t)(c - '0');
    else if (c >= 'a' && c <= 'f')
      digit = (uint32_t)(c - 'a' + 10);
    else if (c >= 'A' && c <= 'F')
      digit = (uint32_t)(c - 'A' + 10);
    else
      return false;
    *code = *code * 16 + digit;
    in->at++;
  }
  return true;
}

/* After \u: one unit, or two that make a pair. A half of a pair alone is refused. */
static bool read_code_point(reader *in, uint32_t *code) {
  uint32_t low;
  if (!read_hex4(in, code)) return false;
  if (*code < 0xd800 || *code > 0xdfff) return true;
  if (*code > 0xdbff || !take_word(in, "\\u") || !read_hex4(in, &low) || low < 0xdc00 || low > 0xdfff) return false;
  *code = 0x10000 + ((*code - 0xd800) << 10) + (low - 0xdc00);
  return true;
}

static size_t put_utf8(char *to, uint32_t code) {
  if (code < 0x80) {
    to[0] = (char)code;
    return 1;
  }
  size_t len = code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
  for (size_t i = len - 1; i > 0; i--, code >>= 6) to[i] = (char)(0x80 | (code & 0x3f));
  to[0] = (char)((0xf00u >> len) | code);
  return len;
}

static bool read_escape(reader *in, char *to, size_t *len) {
  static const char letters[] = "\"\\/bfnrt", meanings[] = "\"\\/\b\f\n\r\t";
  int c = peek(in);
  if (c < 0) return false;
  in->at++;
  const char *letter = strchr(letters, c);
  if (c == 'u') {
    uint32_t code;
    if (!read_code_point(in, &code)) return false;
    *len += put_utf8(to + *len, code);
    return true;
  }
  if (letter == NULL || c == '\0') return false;
  to[(*len)++] = meanings[letter - letters];
  return true;
}

/* How many bytes up to the closing quote: no result is longer, because no escape is shorter than what it stands for. */
static size_t text_size_max(const reader *in) {
  size_t at = in->at;
  while (at < in->len && in->text[at] != '"') at += in->text[at] == '\\' ? 2 : 1;
  return at - in->at;
}

static bool read_text(reader *in, test_json *json) {
  if (!take(in, '"')) return false;
  size_t len = 0;
  char *to = malloc(text_size_max(in) + 1);
  if (to == NULL) return false;
  bool ok = true;
  int c;
  while (ok && (c = peek(in)) >= 0x20 && c != '"') {
    in->at++;
    if (c == '\\')
      ok = read_escape(in, to, &len);
    else
      to[len++] = (char)c;
  }
  if (!ok || !take(in, '"')) {
    free(to);
    return false;
  }
  to[len] = '\0';
  json->type = TEST_JSON_TEXT;
  json->as.text.bytes = to;
  json->as.text.len = len;
  return true;
}

/* ---- Numbers ----------------------------------------------------------------------------------------------- */

static size_t skip_digits(reader *in) {
  size_t start = in->at;
  while (peek(in) >= '0' && peek(in) <= '9') in->at++;
  return in->at - start;
}

static bool read_number(reader *in, test_json *json) {
  size_t start = in->at;
  bool whole = true;
  take(in, '-');
  bool zero = peek(in) == '0';
  size_t digits = skip_digits(in);
  if (digits == 0 || (zero && digits > 1)) return false;
  if (take(in, '.')) {
    whole = false;
    if (skip_digits(in) == 0) return false;
  }
  if (peek(in) == 'e' || peek(in) == 'E') {
    whole = false;
    in->at++;
    if (!take(in, '+')) take(in, '-');
    if (skip_digits(in) == 0) return false;
  }
  char number[400];
  if (in->at - start >= sizeof number) return false;
  memcpy(number, in->text + start, in->at - start);
  number[in->at - start] = '\0';
  errno = 0;
  json->type = TEST_JSON_INTEGER;
  if (whole) json->as.integer = strtoll(number, NULL, 10);
  if (whole && errno == 0) return true;
  json->type = TEST_JSON_REAL;
  json->as.real = strtod(number, NULL);
  return true;
}

/* ---- Lists and maps ---------------------------------------------------------------------------------------- */

static bool add_item(test_json *json, size_t *capacity, test_json **item) {
  if (json->as.list.count == *capacity) {
    *capacity = *capacity == 0 ? 8 : *capacity * 2;
    test_json *larger = realloc(json->as.list.items, *capacity * sizeof *larger);
    if (larger == NULL) return false;
    json->as.list.items = larger;
  }
  *item = &json->as.list.items[json->as.list.count++];
  memset(*item, 0, sizeof **item);
  return true;
}

static bool read_entry(reader *in, test_json *json, size_t *capacity) {
  test_json *item;
  skip_blanks(in);
  if (json->type == TEST_JSON_MAP) {
    if (!add_item(json, capacity, &item) || !read_text(in, item)) return false;
    skip_blanks(in);
    if (!take(in, ':')) return false;
  }
  return add_item(json, capacity, &item) && read_value(in, item);
}

static bool read_entries(reader *in, test_json *json, char close) {
  size_t capacity = 0;
  json->type = close == ']' ? TEST_JSON_LIST : TEST_JSON_MAP;
  in->at++;
  skip_blanks(in);
  if (take(in, close)) return true;
  do {
    if (!read_entry(in, json, &capacity)) return false;
    skip_blanks(in);
  } while (take(in, ','));
  return take(in, close);
}

static bool read_value(reader *in, test_json *json) {
  skip_blanks(in);
  if (++in->depth > TEST_JSON_DEPTH_MAX) return false;
  bool ok;
  switch (peek(in)) {
    case '{': ok = read_entries(in, json, '}'); break;
    case '[': ok = read_entries(in, json, ']'); break;
    case '"': ok = read_text(in, json); break;
    case 'n': ok = take_word(in, "null"); break;
    case 't':
    case 'f':
      json->type = TEST_JSON_BOOLEAN;
      json->as.boolean = peek(in) == 't';
      ok = take_word(in, json->as.boolean ? "true" : "false");
      break;
    default: ok = read_number(in, json);
  }
  in->depth--;
  return ok;
}

/* ---- Public functions -------------------------------------------------------------------------------------- */

bool test_json_parse(test_json *json, const char *text, size_t len, size_t *error_offset) {
  reader in = {.text = text, .len = len};
  memset(json, 0, sizeof *json);
  bool ok = read_value(&in, json);
  if (ok) skip_blanks(&in);
  if (error_offset != NULL) *error_offset = in.at;
  if (ok && in.at == len) return true;
  test_json_clear(json);
  return false;
}

void test_json_clear(test_json *json) {
  if (json->type == TEST_JSON_TEXT) free(json->as.text.bytes);
  if (json->type == TEST_JSON_LIST || json->type == TEST_JSON_MAP) {
    for (size_t i = 0; i < json->as.list.count; i++) test_json_clear(&json->as.list.items[i]);
    free(json->as.list.items);
  }
  memset(json, 0, sizeof *json);
}

const test_json *test_json_get(const test_json *json, const char *key) {
  if (json == NULL || json->type != TEST_JSON_MAP) return NULL;
  for (size_t i = 0; i + 1 < json->as.list.count; i += 2) {
    if (test_json_is_text(&json->as.list.items[i], key, strlen(key))) return &json->as.list.items[i + 1];
  }
  return NULL;
}

const char *test_json_get_text(const test_json *json, const char *key) {
  const test_json *value = test_json_get(json, key);
  return value != NULL && value->type == TEST_JSON_TEXT ? value->as.text.bytes : NULL;
}

bool test_json_is_text(const test_json *json, const char *bytes, size_t len) {
  return json->type == TEST_JSON_TEXT && json->as.text.len == len && memcmp(json->as.text.bytes, bytes, len) == 0;
}

/* Appends at *used as far as there is room, and counts on. */
static void append(char *buffer, size_t size, size_t *used, const char *format, ...) {
  va_list args;
  va_start(args, format);
  int len = vsnprintf(*used < size ? buffer + *used : NULL, *used < size ? size - *used : 0, format, args);
  va_end(args);
  if (len > 0) *used += (size_t)len;
}

static void print_value(const test_json *json, char *buffer, size_t size, size_t *used) {
  bool map = json->type == TEST_JSON_MAP;
  switch (json->type) {
    case TEST_JSON_NULL: append(buffer, size, used, "null"); break;
    case TEST_JSON_BOOLEAN: append(buffer, size, used, json->as.boolean ? "true" : "false"); break;
    case TEST_JSON_INTEGER: append(buffer, size, used, "%" PRId64, json->as.integer); break;
    case TEST_JSON_REAL: append(buffer, size, used, "%.17g", json->as.real); break;
    case TEST_JSON_TEXT: append(buffer, size, used, "\"%s\"", json->as.text.bytes); break;
    case TEST_JSON_LIST:
    case TEST_JSON_MAP:
      append(buffer, size, used, map ? "{" : "[");
      for (size_t i = 0; i < json->as.list.count && *used < size; i++) {
        if (i > 0) append(buffer, size, used, map && i % 2 == 1 ? ":" : ",");
        print_value(&json->as.list.items[i], buffer, size, used);
      }
      append(buffer, size, used, map ? "}" : "]");
  }
}

size_t test_json_print(const test_json *json, char *buffer, size_t size) {
  size_t used = 0;
  if (size > 0) buffer[0] = '\0';
  print_value(json, buffer, size, &used);
  return used;
}
