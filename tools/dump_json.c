/* dump_json.c - CQL's JSON of a value, with the numbers that JSON does not have.
 *
 * toJson writes null for them, as Cassandra does. Text and value are walked side by side, because both have their parts in the same
 * order; a part that the value does not show is copied. A key of a map is a string, which may hold the JSON of a collection: it is
 * taken out, walked, and put back. Recursion is as deep as the type, which CQL bounds. */
#include <math.h>
#include <string.h>

#include "tools/dump_wide.h"

static bool is_special(const medley_value *value) {
  return value && value->type == MEDLEY_TYPE_REAL && !isfinite(value->as.real);
}

static bool holds_special(const medley_value *value) {
  bool found = is_special(value);
  if (value && value->type == MEDLEY_TYPE_LIST) {
    for (size_t i = 0; i < value->as.list.count && !found; i++) found = holds_special(&value->as.list.items[i]);
  } else if (value && value->type == MEDLEY_TYPE_MAP) {
    for (size_t i = 0; i < value->as.map.count && !found; i++)
      found = holds_special(&value->as.map.keys[i]) || holds_special(&value->as.map.values[i]);
  }
  return found;
}

static void add_special(text *out, double real) {
  text_add_string(out, isnan(real) ? "\"NaN\"" : real > 0 ? "\"Infinity\"" : "\"-Infinity\"");
}

/* Where the scalar ends that begins there. */
static const char *end_of_scalar(const char *json) {
  if (*json != '"') return json + strcspn(json, ",]}");
  for (json++; *json && *json != '"'; json++) {
    if (*json == '\\' && json[1]) json++;
  }
  return *json ? json + 1 : json;
}

static const char *add_scalar(text *out, const char *json, const medley_value *value) {
  const char *end = end_of_scalar(json);
  if (is_special(value))
    add_special(out, value->as.real);
  else
    text_add(out, json, (size_t)(end - json));
  return end;
}

/* The JSON that a string holds: of what has to be escaped, JSON itself has quotes and backslashes alone. */
static void add_unescaped(text *out, const char *json, const char *end) {
  for (; json < end; json++) {
    if (*json == '\\') json++;
    text_add(out, json, 1);
  }
}

static const char *add_value(text *out, const char *json, const medley_value *value);

static const char *add_key(text *out, const char *json, const medley_value *key) {
  bool has_parts = key && (key->type == MEDLEY_TYPE_LIST || key->type == MEDLEY_TYPE_MAP);
  if (!has_parts || !holds_special(key)) return add_scalar(out, json, key);
  const char *end = end_of_scalar(json);
  text inner = {0}, walked = {0};
  text_add_string(&inner, "");
  add_unescaped(&inner, json + 1, end - 1);
  add_value(&walked, inner.bytes, key);
  text_add_json_string(out, walked.bytes, walked.len);
  text_clear(&inner);
  text_clear(&walked);
  return end;
}

static const char *add_punctuation(text *out, const char *json, const char *which) {
  size_t len = strspn(json, which);
  text_add(out, json, len);
  return json + len;
}

static const char *add_list(text *out, const char *json, const medley_value *value) {
  size_t count = value && value->type == MEDLEY_TYPE_LIST ? value->as.list.count : 0;
  text_add(out, json++, 1);
  const char *before = NULL; /* text of another form ends the walk */
  for (size_t i = 0; *json && *json != ']' && json != before; i++) {
    before = json;
    json = add_value(out, json, i < count ? &value->as.list.items[i] : NULL);
    json = add_punctuation(out, json, ", ");
  }
  text_add(out, json, *json ? 1 : 0);
  return *json ? json + 1 : json;
}

static const char *add_object(text *out, const char *json, const medley_value *value) {
  size_t count = value && value->type == MEDLEY_TYPE_MAP ? value->as.map.count : 0;
  text_add(out, json++, 1);
  const char *before = NULL;
  for (size_t i = 0; *json && *json != '}' && json != before; i++) {
    before = json;
    json = add_key(out, json, i < count ? &value->as.map.keys[i] : NULL);
    json = add_punctuation(out, json, ": ");
    json = add_value(out, json, i < count ? &value->as.map.values[i] : NULL);
    json = add_punctuation(out, json, ", ");
  }
  text_add(out, json, *json ? 1 : 0);
  return *json ? json + 1 : json;
}

static const char *add_value(text *out, const char *json, const medley_value *value) {
  if (*json == '[') return add_list(out, json, value);
  if (*json == '{') return add_object(out, json, value);
  return add_scalar(out, json, value);
}

void dump_json_add(text *out, const char *json, const medley_value *value) {
  if (holds_special(value))
    add_value(out, json, value);
  else
    text_add_string(out, json);
}
