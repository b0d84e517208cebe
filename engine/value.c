/* value.c - deep copies of values, and the names of languages. */
#include <math.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "engine/language.h"
#include "storage/real_text.h"

#define NESTING_MAX 100
#define VALUE_BYTES_MAX ((size_t)1 << 40) /* also what a forgotten length looks like */

static const struct {
  medley_language language;
  const char *name;
} languages[] = {
    {MEDLEY_LANGUAGE_SQL, "sql"},       {MEDLEY_LANGUAGE_REDIS, "redis"},   {MEDLEY_LANGUAGE_CQL, "cql"},
    {MEDLEY_LANGUAGE_CYPHER, "cypher"}, {MEDLEY_LANGUAGE_SEARCH, "search"},
};

const char *medley_language_name(medley_language language) {
  for (size_t i = 0; i < sizeof languages / sizeof languages[0]; i++) {
    if (languages[i].language == language) return languages[i].name;
  }
  return NULL;
}

medley_language medley_language_by_name(const char *name, size_t len) {
  if (name == NULL) return MEDLEY_LANGUAGE_NONE;
  if (len == MEDLEY_NUL_ENDED) len = strlen(name);
  for (size_t i = 0; i < sizeof languages / sizeof languages[0]; i++) {
    if (strlen(languages[i].name) == len && strncasecmp(languages[i].name, name, len) == 0) {
      return languages[i].language;
    }
  }
  return MEDLEY_LANGUAGE_NONE;
}

/* ---- Copies ---- */
static int copy_value(med_arena *arena, const medley_value *value, medley_value *copy, int depth);

static int copy_bytes(med_arena *arena, const medley_value *value, medley_value *copy) {
  if (value->as.text.len > VALUE_BYTES_MAX) return MEDLEY_TOO_BIG;
  copy->as.text.bytes = med_arena_strndup(arena, value->as.text.bytes, value->as.text.len);
  return copy->as.text.bytes != NULL ? MEDLEY_OK : MEDLEY_NO_MEMORY;
}

static int copy_items(med_arena *arena, const medley_value *items, size_t count, const medley_value **copied,
                      int depth) {
  medley_value *copies = med_arena_alloc(arena, count * sizeof *copies);
  if (copies == NULL) return MEDLEY_NO_MEMORY;
  *copied = copies;
  int rc = MEDLEY_OK;
  for (size_t i = 0; i < count && rc == MEDLEY_OK; i++) rc = copy_value(arena, &items[i], &copies[i], depth + 1);
  return rc;
}

static int copy_part(med_arena *arena, const medley_value *part, const medley_value **copied, int depth) {
  *copied = NULL;
  return part == NULL ? MEDLEY_OK : copy_items(arena, part, 1, copied, depth);
}

static int copy_value(med_arena *arena, const medley_value *value, medley_value *copy, int depth) {
  if (depth > NESTING_MAX) return MEDLEY_TOO_BIG;
  *copy = *value;
  int rc = MEDLEY_OK;
  switch (value->type) {
    case MEDLEY_TYPE_NULL:
    case MEDLEY_TYPE_BOOLEAN:
    case MEDLEY_TYPE_INTEGER:
    case MEDLEY_TYPE_REAL: return MEDLEY_OK;
    case MEDLEY_TYPE_TEXT:
    case MEDLEY_TYPE_STATUS:
    case MEDLEY_TYPE_BLOB: return copy_bytes(arena, value, copy);
    case MEDLEY_TYPE_LIST:
    case MEDLEY_TYPE_PATH:
      return copy_items(arena, value->as.list.items, value->as.list.count, &copy->as.list.items, depth);
    case MEDLEY_TYPE_MAP:
      rc = copy_items(arena, value->as.map.keys, value->as.map.count, &copy->as.map.keys, depth);
      if (rc != MEDLEY_OK) return rc;
      return copy_items(arena, value->as.map.values, value->as.map.count, &copy->as.map.values, depth);
    case MEDLEY_TYPE_NODE:
      rc = copy_part(arena, value->as.node.labels, &copy->as.node.labels, depth);
      if (rc != MEDLEY_OK) return rc;
      return copy_part(arena, value->as.node.properties, &copy->as.node.properties, depth);
    case MEDLEY_TYPE_RELATIONSHIP:
      rc = copy_part(arena, value->as.relationship.type, &copy->as.relationship.type, depth);
      if (rc != MEDLEY_OK) return rc;
      return copy_part(arena, value->as.relationship.properties, &copy->as.relationship.properties, depth);
  }
  return MEDLEY_TYPE;
}

int med_value_copy(med_arena *arena, const medley_value *value, medley_value *copy) {
  return copy_value(arena, value, copy, 0);
}

/* ---- Conversions ---- as SQLite makes them: the longest numeric prefix, 0 if there is none. */

#define NUMBER_TEXT_MAX 400

static size_t copy_number(const char *bytes, size_t len, char *number) {
  size_t at = 0;
  while (at < len && (bytes[at] == ' ' || (bytes[at] >= '\t' && bytes[at] <= '\r'))) at++;
  size_t count = len - at < NUMBER_TEXT_MAX - 1 ? len - at : NUMBER_TEXT_MAX - 1;
  memcpy(number, bytes + at, count);
  number[count] = '\0';
  return count;
}

int64_t med_value_real_to_integer(double real) {
  if (isnan(real)) return 0;
  if (real <= -9223372036854775808.0) return INT64_MIN;
  if (real >= 9223372036854775808.0) return INT64_MAX;
  return (int64_t)real;
}

double med_value_text_to_real(const char *bytes, size_t len) {
  char number[NUMBER_TEXT_MAX];
  copy_number(bytes, len, number);
  const char *digits = number + (number[0] == '-' || number[0] == '+');
  if (digits[0] != '.' && (digits[0] < '0' || digits[0] > '9')) return 0;
  if (digits[0] == '0' && (digits[1] == 'x' || digits[1] == 'X')) return 0;
  return med_real_text_double(number, NULL);
}

int64_t med_value_text_to_integer(const char *bytes, size_t len) {
  char number[NUMBER_TEXT_MAX];
  copy_number(bytes, len, number);
  return strtoll(number, NULL, 10);
}

size_t med_value_real_to_text(double real, char *text, size_t size) {
  if (isinf(real)) return (size_t)snprintf(text, size, real > 0 ? "Inf" : "-Inf");
  sqlite3_snprintf((int)size, text, "%!.15g", real);
  return strlen(text);
}
