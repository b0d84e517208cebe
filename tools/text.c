/* text.c - see text.h. */
#include "tools/text.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <wchar.h>

void *text_allocate(void *old, size_t size) {
  void *memory = realloc(old, size ? size : 1);
  if (!memory) {
    fprintf(stderr, "medley: out of memory\n");
    exit(2);
  }
  return memory;
}

static void reserve(text *t, size_t more) {
  if (t->capacity - t->len > more) return;
  size_t capacity = t->capacity ? t->capacity : 64;
  while (capacity - t->len <= more) capacity *= 2;
  t->bytes = text_allocate(t->bytes, capacity);
  t->capacity = capacity;
}

void text_add(text *t, const void *bytes, size_t len) {
  reserve(t, len);
  if (len) memcpy(t->bytes + t->len, bytes, len);
  t->len += len;
  t->bytes[t->len] = 0;
}

void text_add_string(text *t, const char *string) { text_add(t, string, strlen(string)); }

void text_add_format(text *t, const char *format, ...) {
  va_list arguments, again;
  va_start(arguments, format);
  va_copy(again, arguments);
  int len = vsnprintf(NULL, 0, format, arguments);
  va_end(arguments);
  if (len > 0) {
    reserve(t, (size_t)len);
    vsnprintf(t->bytes + t->len, (size_t)len + 1, format, again);
    t->len += (size_t)len;
  }
  va_end(again);
}

void text_add_hex(text *t, const void *bytes, size_t len) {
  static const char digits[] = "0123456789abcdef";
  const unsigned char *from = bytes;
  reserve(t, len * 2);
  for (size_t i = 0; i < len; i++) {
    t->bytes[t->len++] = digits[from[i] >> 4];
    t->bytes[t->len++] = digits[from[i] & 15];
  }
  t->bytes[t->len] = 0;
}

void text_clear(text *t) {
  free(t->bytes);
  *t = (text){0};
}

void text_add_real(text *t, double real) {
  char digits[40];
  if (!isfinite(real)) {
    text_add_string(t, isnan(real) ? "nan" : real > 0 ? "inf" : "-inf");
    return;
  }
  for (int precision = 15; precision <= 17; precision++) {
    snprintf(digits, sizeof digits, "%.*g", precision, real);
    if (strtod(digits, NULL) == real) break;
  }
  text_add_string(t, digits);
  if (!strpbrk(digits, ".e")) text_add_string(t, ".0");
}

size_t text_character_len(const char *bytes, size_t len) {
  const unsigned char *b = (const unsigned char *)bytes;
  if (!len) return 0;
  if (b[0] < 0x80) return 1;
  size_t need = b[0] >= 0xC2 && b[0] <= 0xDF   ? 2
                : b[0] >= 0xE0 && b[0] <= 0xEF ? 3
                : b[0] >= 0xF0 && b[0] <= 0xF4 ? 4
                                               : 0;
  if (!need || need > len) return 0;
  for (size_t i = 1; i < need; i++)
    if ((b[i] & 0xC0) != 0x80) return 0;
  /* Overlong forms, surrogates and what lies beyond U+10FFFF. */
  if (b[0] == 0xE0 && b[1] < 0xA0) return 0;
  if (b[0] == 0xED && b[1] > 0x9F) return 0;
  if (b[0] == 0xF0 && b[1] < 0x90) return 0;
  if (b[0] == 0xF4 && b[1] > 0x8F) return 0;
  return need;
}

bool text_is_utf8(const char *bytes, size_t len) {
  for (size_t i = 0; i < len;) {
    size_t step = text_character_len(bytes + i, len - i);
    if (!step) return false;
    i += step;
  }
  return true;
}

static uint32_t code_point(const char *bytes, size_t len) {
  const unsigned char *b = (const unsigned char *)bytes;
  static const unsigned char lead_mask[] = {0, 0x7F, 0x1F, 0x0F, 0x07};
  uint32_t code = b[0] & lead_mask[len];
  for (size_t i = 1; i < len; i++) code = code << 6 | (b[i] & 0x3F);
  return code;
}

size_t text_width(const char *bytes, size_t len) {
  size_t width = 0;
  for (size_t i = 0; i < len;) {
    size_t step = text_character_len(bytes + i, len - i);
    int columns = 1;
    if (step > 1) columns = wcwidth((wchar_t)code_point(bytes + i, step));
    width += columns < 0 ? 1 : (size_t)columns;
    i += step ? step : 1;
  }
  return width;
}

bool text_equal_ignoring_case(const char *a, size_t a_len, const char *b) {
  return strlen(b) == a_len && strncasecmp(a, b, a_len) == 0;
}

void text_add_json_string(text *t, const char *bytes, size_t len) {
  text_add(t, "\"", 1);
  for (size_t i = 0; i < len;) {
    unsigned char c = (unsigned char)bytes[i];
    size_t step = text_character_len(bytes + i, len - i);
    if (!step)
      text_add_string(t, "\xEF\xBF\xBD");
    else if (c == '"' || c == '\\')
      text_add_format(t, "\\%c", c);
    else if (c == '\n')
      text_add_string(t, "\\n");
    else if (c == '\r')
      text_add_string(t, "\\r");
    else if (c == '\t')
      text_add_string(t, "\\t");
    else if (c < 0x20 || c == 0x7F)
      text_add_format(t, "\\u%04x", c);
    else
      text_add(t, bytes + i, step);
    i += step ? step : 1;
  }
  text_add(t, "\"", 1);
}

static void add_json_bytes(text *t, const medley_value *value, bool redis) {
  bool as_text = value->type != MEDLEY_TYPE_BLOB || redis;
  if (as_text && text_is_utf8(value->as.text.bytes, value->as.text.len)) {
    text_add_json_string(t, value->as.text.bytes, value->as.text.len);
    return;
  }
  text_add_string(t, "{\"$hex\":\"");
  text_add_hex(t, value->as.text.bytes, value->as.text.len);
  text_add_string(t, "\"}");
}

static void add_json_list(text *t, const medley_value *value, bool redis) {
  text_add_string(t, "[");
  for (size_t i = 0; i < value->as.list.count; i++) {
    if (i) text_add_string(t, ",");
    text_add_json(t, &value->as.list.items[i], redis);
  }
  text_add_string(t, "]");
}

static void add_json_map(text *t, const medley_value *value, bool redis) {
  text_add_string(t, "{");
  for (size_t i = 0; i < value->as.map.count; i++) {
    const medley_value *key = &value->as.map.keys[i];
    text plain = {0};
    text_add_plain(&plain, key, redis);
    if (i) text_add_string(t, ",");
    text_add_json_string(t, plain.bytes ? plain.bytes : "", plain.len);
    text_add_string(t, ":");
    text_add_json(t, &value->as.map.values[i], redis);
    text_clear(&plain);
  }
  text_add_string(t, "}");
}

void text_add_json(text *t, const medley_value *value, bool redis) {
  switch (value->type) {
    case MEDLEY_TYPE_NULL: text_add_string(t, "null"); break;
    case MEDLEY_TYPE_BOOLEAN: text_add_string(t, value->as.boolean ? "true" : "false"); break;
    case MEDLEY_TYPE_INTEGER: text_add_format(t, "%lld", (long long)value->as.integer); break;
    case MEDLEY_TYPE_REAL: /* JSON has no word for infinity */
      if (isfinite(value->as.real))
        text_add_real(t, value->as.real);
      else
        text_add_string(t, "null");
      break;
    case MEDLEY_TYPE_TEXT:
    case MEDLEY_TYPE_STATUS:
    case MEDLEY_TYPE_BLOB: add_json_bytes(t, value, redis); break;
    case MEDLEY_TYPE_LIST:
    case MEDLEY_TYPE_PATH: add_json_list(t, value, redis); break;
    case MEDLEY_TYPE_MAP: add_json_map(t, value, redis); break;
    case MEDLEY_TYPE_NODE:
      text_add_format(t, "{\"id\":%lld,\"labels\":", (long long)value->as.node.id);
      text_add_json(t, value->as.node.labels, redis);
      text_add_string(t, ",\"properties\":");
      text_add_json(t, value->as.node.properties, redis);
      text_add_string(t, "}");
      break;
    case MEDLEY_TYPE_RELATIONSHIP:
      text_add_format(t, "{\"id\":%lld,\"start\":%lld,\"end\":%lld,\"type\":", (long long)value->as.relationship.id,
                      (long long)value->as.relationship.start_id, (long long)value->as.relationship.end_id);
      text_add_json(t, value->as.relationship.type, redis);
      text_add_string(t, ",\"properties\":");
      text_add_json(t, value->as.relationship.properties, redis);
      text_add_string(t, "}");
      break;
  }
}

void text_add_plain(text *t, const medley_value *value, bool redis) {
  switch (value->type) {
    case MEDLEY_TYPE_NULL: break;
    case MEDLEY_TYPE_REAL: text_add_real(t, value->as.real); break;
    case MEDLEY_TYPE_TEXT:
    case MEDLEY_TYPE_STATUS: text_add(t, value->as.text.bytes, value->as.text.len); break;
    case MEDLEY_TYPE_BLOB:
      if (redis) {
        text_add(t, value->as.text.bytes, value->as.text.len);
      } else {
        text_add_string(t, "x'");
        text_add_hex(t, value->as.text.bytes, value->as.text.len);
        text_add_string(t, "'");
      }
      break;
    default: text_add_json(t, value, redis); break;
  }
}

void text_add_redis_quoted(text *t, const char *bytes, size_t len) {
  reserve(t, len + 2);
  text_add(t, "\"", 1);
  for (size_t i = 0; i < len; i++) {
    unsigned char c = (unsigned char)bytes[i];
    if (c == '"' || c == '\\')
      text_add_format(t, "\\%c", c);
    else if (c == '\n')
      text_add_string(t, "\\n");
    else if (c == '\r')
      text_add_string(t, "\\r");
    else if (c == '\t')
      text_add_string(t, "\\t");
    else if (c == '\a')
      text_add_string(t, "\\a");
    else if (c == '\b')
      text_add_string(t, "\\b");
    else if (c >= 0x20 && c < 0x7F)
      text_add(t, &bytes[i], 1);
    else
      text_add_format(t, "\\x%02x", c);
  }
  text_add(t, "\"", 1);
}
