/* json_text.c - see json_text.h. RFC 8259, strictly. */
#include "engine/cql/json_text.h"

#include "models/widecolumn/value_text.h"

typedef struct reader {
  const char *text;
  size_t len, at;
  bool deep; /* the reason for a failure */
} reader;

static bool take(reader *r, char c) {
  if (r->at == r->len || r->text[r->at] != c) return false;
  r->at++;
  return true;
}

static void skip_blanks(reader *r) {
  while (r->at < r->len &&
         (r->text[r->at] == ' ' || r->text[r->at] == '\t' || r->text[r->at] == '\n' || r->text[r->at] == '\r'))
    r->at++;
}

static bool is_digit(char c) { return c >= '0' && c <= '9'; }

static int hex_digit(char c) {
  if (is_digit(c)) return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* ---- Finding the end of a value ---- */

static bool skip_digits(reader *r) {
  size_t start = r->at;
  while (r->at < r->len && is_digit(r->text[r->at])) r->at++;
  return r->at > start;
}

static bool skip_number(reader *r) {
  (void)take(r, '-');
  if (!take(r, '0') && !skip_digits(r)) return false;
  if (take(r, '.') && !skip_digits(r)) return false;
  if (!take(r, 'e') && !take(r, 'E')) return true;
  if (!take(r, '+')) (void)take(r, '-');
  return skip_digits(r);
}

static bool skip_string(reader *r) {
  if (!take(r, '"')) return false;
  while (r->at < r->len) {
    char c = r->text[r->at++];
    if (c == '"') return true;
    if ((unsigned char)c < 0x20) return false;
    if (c != '\\') continue;
    if (r->at == r->len || memchr("\"\\/bfnrtu", r->text[r->at], 9) == NULL) return false;
    if (r->text[r->at++] != 'u') continue;
    for (int i = 0; i < 4; i++) {
      if (r->at == r->len || hex_digit(r->text[r->at++]) < 0) return false;
    }
  }
  return false;
}

static bool skip_word(reader *r, const char *word) {
  size_t len = strlen(word);
  if (r->len - r->at < len || memcmp(r->text + r->at, word, len) != 0) return false;
  r->at += len;
  return true;
}

static bool skip_value(reader *r, unsigned depth);

static bool skip_container(reader *r, bool is_object, unsigned depth) {
  char close = is_object ? '}' : ']';
  r->at++;
  skip_blanks(r);
  if (take(r, close)) return true;
  do {
    skip_blanks(r);
    if (is_object) {
      if (!skip_string(r)) return false;
      skip_blanks(r);
      if (!take(r, ':')) return false;
      skip_blanks(r);
    }
    if (!skip_value(r, depth + 1)) return false;
    skip_blanks(r);
  } while (take(r, ','));
  return take(r, close);
}

static bool skip_value(reader *r, unsigned depth) {
  if (depth > MED_CQL_JSON_DEPTH_MAX) {
    r->deep = true;
    return false;
  }
  if (r->at == r->len) return false;
  switch (r->text[r->at]) {
    case '{': return skip_container(r, true, depth);
    case '[': return skip_container(r, false, depth);
    case '"': return skip_string(r);
    case 't': return skip_word(r, "true");
    case 'f': return skip_word(r, "false");
    case 'n': return skip_word(r, "null");
    default: return skip_number(r);
  }
}

int med_cql_json_check(med_slice text, med_slice *value, medley_error *error) {
  reader r = {.text = text.bytes, .len = text.len};
  int len = text.len > 100 ? 100 : (int)text.len;
  skip_blanks(&r);
  size_t start = r.at;
  bool fine = skip_value(&r, 1);
  size_t end = r.at;
  skip_blanks(&r);
  if (r.deep) return med_error_set(error, MEDLEY_TOO_BIG, "JSON is nested more than %d deep", MED_CQL_JSON_DEPTH_MAX);
  if (!fine || r.at != r.len)
    return med_error_set(error, MEDLEY_TYPE, "Could not decode JSON string at byte %zu. (String was: %.*s)", r.at + 1,
                         len, r.text);
  *value = med_slice_of(r.text + start, end - start);
  return MEDLEY_OK;
}

/* ---- Items ---- */

void med_cql_json_items_init(med_slice value, med_cql_json_items *items) {
  *items = (med_cql_json_items){.text = value, .at = 1};
}

bool med_cql_json_items_next(med_cql_json_items *items, med_slice *item) {
  reader r = {.text = items->text.bytes, .len = items->text.len, .at = items->at};
  skip_blanks(&r);
  if (!take(&r, ',')) (void)take(&r, ':');
  skip_blanks(&r);
  size_t start = r.at;
  if (r.at == r.len || r.text[r.at] == ']' || r.text[r.at] == '}' || !skip_value(&r, 1)) return false;
  *item = med_slice_of(r.text + start, r.at - start);
  items->at = r.at;
  return true;
}

/* ---- Strings ---- */

static unsigned unit_at(const char *hex) {
  unsigned unit = 0;
  for (int i = 0; i < 4; i++) unit = unit << 4 | (unsigned)hex_digit(hex[i]);
  return unit;
}

static size_t put_character(char *to, unsigned c) {
  if (c < 0x80) {
    to[0] = (char)c;
    return 1;
  }
  size_t size = c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
  for (size_t i = size - 1; i > 0; i--, c >>= 6) to[i] = (char)(0x80 | (c & 0x3F));
  to[0] = (char)((size == 2 ? 0xC0 : size == 3 ? 0xE0 : 0xF0) | c);
  return size;
}

/* Behind the u; answers how many bytes of the text it took, 0 if it is half a pair. */
static size_t take_unicode(const char *at, const char *end, char *to, size_t *written) {
  unsigned c = unit_at(at);
  size_t taken = 4;
  if (c >= 0xD800 && c < 0xDC00 && end - at >= 10 && at[4] == '\\' && at[5] == 'u') {
    unsigned low = unit_at(at + 6);
    if (low < 0xDC00 || low > 0xDFFF) return 0;
    c = 0x10000 + ((c - 0xD800) << 10) + (low - 0xDC00);
    taken = 10;
  } else if (c >= 0xD800 && c <= 0xDFFF) {
    return 0;
  }
  *written = put_character(to, c);
  return taken;
}

int med_cql_json_string(med_slice value, med_arena *arena, med_slice *text, medley_error *error) {
  static const char escapes[] = "\"\\/bfnrt", meant[] = "\"\\/\b\f\n\r\t";
  const char *at = (const char *)value.bytes + 1, *end = (const char *)value.bytes + value.len - 1;
  char *copy = med_arena_alloc(arena, value.len); /* an escape is never shorter than what it means */
  size_t len = 0;
  if (copy == NULL) return med_error_no_memory(error);
  while (at < end) {
    if (*at != '\\') {
      copy[len++] = *at++;
    } else if (at[1] != 'u') {
      copy[len++] = meant[strchr(escapes, at[1]) - escapes];
      at += 2;
    } else {
      size_t written = 0, taken = take_unicode(at + 2, end, copy + len, &written);
      if (taken == 0) return med_error_set(error, MEDLEY_TYPE, "Could not decode JSON string: half a surrogate pair");
      len += written;
      at += 2 + taken;
    }
  }
  *text = med_slice_of(copy, len);
  return MEDLEY_OK;
}

/* ---- Names ---- */

static const char *class_of_number(med_slice value) {
  med_buffer bytes = {0};
  if (memchr(value.bytes, '.', value.len) != NULL || memchr(value.bytes, 'e', value.len) != NULL ||
      memchr(value.bytes, 'E', value.len) != NULL)
    return "Double";
  bool small = med_wide_text_read(MED_WIDE_VARINT, value, &bytes, NULL) == MEDLEY_OK;
  size_t len = bytes.len;
  med_buffer_clear(&bytes);
  return small && len <= 4 ? "Integer" : small && len <= 8 ? "Long" : "BigInteger";
}

const char *med_cql_json_class(med_slice value) {
  switch (*(const char *)value.bytes) {
    case '"': return "String";
    case '[': return "ArrayList";
    case '{': return "LinkedHashMap";
    case 't':
    case 'f': return "Boolean";
    case 'n': return "null";
    default: return class_of_number(value);
  }
}

int med_cql_json_name(med_slice key, med_arena *arena, med_slice *name, medley_error *error) {
  int rc = med_cql_json_string(key, arena, name, error);
  if (rc != MEDLEY_OK) return rc;
  char *bytes = (char *)(uintptr_t)name->bytes; /* the arena's own copy */
  if (name->len >= 2 && bytes[0] == '"' && bytes[name->len - 1] == '"') {
    *name = med_slice_of(bytes + 1, name->len - 2);
    return MEDLEY_OK;
  }
  for (size_t i = 0; i < name->len; i++) {
    if (bytes[i] >= 'A' && bytes[i] <= 'Z') bytes[i] = (char)(bytes[i] + ('a' - 'A'));
  }
  return MEDLEY_OK;
}
