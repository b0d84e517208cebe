/* json_values.c - values read from JSON, and what is said when they are none, as Cassandra says it. Recursion is as deep as the
 * type; a string may hold the JSON of a collection, once for each level. */
#include "engine/cql/collection.h"
#include "engine/cql/json_text.h"
#include "engine/cql/scalar.h"

#define MEMBERS_MAX 4096 /* more than any table has columns; names are compared with each other */

/* ---- Failing ---- */

static const char *wanted_name(med_wide_kind kind) {
  switch (kind) {
    case MED_WIDE_ASCII: return "an ascii string";
    case MED_WIDE_TEXT: return "a UTF-8 string";
    case MED_WIDE_BLOB: return "a string representation of a blob";
    case MED_WIDE_BOOLEAN: return "a boolean value";
    case MED_WIDE_TINYINT: return "a tinyint value";
    case MED_WIDE_SMALLINT: return "a smallint value";
    case MED_WIDE_INT: return "an int value";
    case MED_WIDE_BIGINT:
    case MED_WIDE_COUNTER: return "a bigint value";
    case MED_WIDE_VARINT: return "a varint value";
    case MED_WIDE_FLOAT: return "a float value";
    case MED_WIDE_DOUBLE: return "a double value";
    case MED_WIDE_DECIMAL: return "a decimal value";
    case MED_WIDE_DATE: return "a string representation of a date value";
    case MED_WIDE_TIME: return "a string representation of a time value";
    case MED_WIDE_TIMESTAMP: return "a long or a datestring representation of a timestamp value";
    case MED_WIDE_UUID: return "a string representation of a uuid";
    case MED_WIDE_TIMEUUID: return "a string representation of a timeuuid";
    case MED_WIDE_INET: return "a string representation of an inet value";
    case MED_WIDE_DURATION: return "a string representation of a duration";
    case MED_WIDE_LIST: return "a list";
    case MED_WIDE_SET: return "a list (representing a set)";
    case MED_WIDE_TUPLE: return "a list representation of a tuple";
    default: return "a map";
  }
}

static int refuse(med_wide_kind kind, med_slice value, medley_error *error) {
  const char *bytes = value.bytes;
  size_t len = value.len;
  if (*bytes == '"') bytes++, len -= 2;
  return med_error_set(error, MEDLEY_TYPE, "Expected %s, but got a %s: %.*s", wanted_name(kind),
                       med_cql_json_class(value), len > 80 ? 80 : (int)len, bytes);
}

/* ---- Values without parts ---- */

static bool takes_number(med_wide_kind kind) { return med_cql_is_number(kind) || kind == MED_WIDE_TIMESTAMP; }

static bool is_whole(med_slice value) { return strcmp(med_cql_json_class(value), "Double") != 0; }

static int read_number(med_wide_kind kind, med_slice value, med_arena *arena, med_slice *bytes, medley_error *error) {
  bool needs_whole = !med_cql_is_real(kind) && kind != MED_WIDE_DECIMAL;
  if (!takes_number(kind) || (needs_whole && !is_whole(value))) return refuse(kind, value, error);
  int rc = med_cql_text_value(kind, value, arena, bytes, error);
  return rc == MEDLEY_RANGE ? refuse(kind, value, error) : rc;
}

static int read_simple(const med_wide_type *type, med_slice value, med_arena *arena, med_slice *bytes,
                       medley_error *error) {
  char first = *(const char *)value.bytes;
  uint8_t yes = first == 't';
  med_slice text;
  if (first == 't' || first == 'f') {
    if (type->kind != MED_WIDE_BOOLEAN) return refuse(type->kind, value, error);
    *bytes = med_slice_of(med_arena_copy(arena, &yes, 1), 1);
    return bytes->bytes != NULL ? MEDLEY_OK : med_error_no_memory(error);
  }
  if (first == '[' || first == '{') return refuse(type->kind, value, error);
  if (first != '"') return read_number(type->kind, value, arena, bytes, error);
  int rc = med_cql_json_string(value, arena, &text, error);
  return rc != MEDLEY_OK ? rc : med_cql_text_value(type->kind, text, arena, bytes, error);
}

/* ---- Values with parts ---- */

static int read_value(const med_wide_type *type, med_slice value, med_arena *arena, med_slice *bytes,
                      medley_error *error);

static size_t count_items(med_slice value) {
  med_cql_json_items items;
  med_slice item;
  size_t count = 0;
  med_cql_json_items_init(value, &items);
  while (med_cql_json_items_next(&items, &item)) count++;
  return count;
}

static int refuse_null(med_wide_kind kind, medley_error *error) {
  return med_error_set(error, MEDLEY_TYPE, "Invalid null %s",
                       kind == MED_WIDE_LIST  ? "element in list"
                       : kind == MED_WIDE_SET ? "element in set"
                                              : "value in map");
}

static int check_tuple_size(const med_wide_type *type, med_slice value, size_t count, medley_error *error) {
  int len = value.len > 80 ? 80 : (int)value.len;
  if (count == type->part_count) return MEDLEY_OK;
  return med_error_set(error, MEDLEY_TYPE, "Tuple %s items (expected %u): %.*s",
                       count > type->part_count ? "contains extra" : "is missing", type->part_count, len,
                       (const char *)value.bytes);
}

/* Lists, sets, tuples; and maps, whose keys are strings that hold any type. */
static int read_items(const med_wide_type *type, med_slice value, med_arena *arena, med_slice *bytes,
                      medley_error *error) {
  bool is_tuple = type->kind == MED_WIDE_TUPLE;
  size_t count = count_items(value), index = 0;
  med_cql_json_items items;
  med_slice item, *parts = med_arena_alloc(arena, (count + 1) * sizeof *parts);
  int rc = is_tuple ? check_tuple_size(type, value, count, error) : MEDLEY_OK;
  if (parts == NULL) return med_error_no_memory(error);
  med_cql_json_items_init(value, &items);
  while (rc == MEDLEY_OK && med_cql_json_items_next(&items, &item)) {
    rc = read_value(&type->parts[is_tuple ? index : index % type->part_count], item, arena, &parts[index], error);
    if (rc == MEDLEY_OK && !is_tuple && med_wide_is_null(parts[index])) rc = refuse_null(type->kind, error);
    index++;
  }
  return rc != MEDLEY_OK ? rc : med_cql_collection_make(type, parts, count, arena, bytes, error);
}

static int read_fields(const med_wide_type *type, med_slice value, med_arena *arena, med_slice *bytes,
                       medley_error *error) {
  med_cql_json_member *members = NULL;
  size_t count = 0;
  med_slice *parts = med_arena_alloc(arena, (type->part_count + 1u) * sizeof *parts);
  if (parts == NULL) return med_error_no_memory(error);
  memset(parts, 0, (type->part_count + 1u) * sizeof *parts);
  int rc = med_cql_json_members(value, arena, &members, &count, error);
  for (size_t i = 0; i < count && rc == MEDLEY_OK; i++) {
    unsigned field = 0;
    while (field < type->part_count && !med_slice_equal(type->fields[field], members[i].name)) field++;
    if (field == type->part_count)
      return med_error_set(error, MEDLEY_TYPE, "Unknown field '%.*s' in value of user defined type %.*s",
                           (int)members[i].name.len, (const char *)members[i].name.bytes, (int)type->name.len,
                           (const char *)type->name.bytes);
    rc = read_value(&type->parts[field], members[i].value, arena, &parts[field], error);
  }
  return rc != MEDLEY_OK ? rc : med_cql_collection_make(type, parts, type->part_count, arena, bytes, error);
}

static int read_value(const med_wide_type *type, med_slice value, med_arena *arena, med_slice *bytes,
                      medley_error *error) {
  bool is_object = type->kind == MED_WIDE_MAP || type->kind == MED_WIDE_UDT;
  char first = *(const char *)value.bytes;
  *bytes = med_slice_of(NULL, 0);
  if (first == 'n') return MEDLEY_OK;
  if (type->kind < MED_WIDE_LIST) return read_simple(type, value, arena, bytes, error);
  if (first == '"') { /* the JSON of a collection in a string, as in a map's key */
    med_slice text, inner;
    int rc = med_cql_json_string(value, arena, &text, error);
    if (rc == MEDLEY_OK) rc = med_cql_json_check(text, &inner, error);
    if (rc != MEDLEY_OK) return rc;
    value = inner;
    first = *(const char *)value.bytes;
  }
  if (first != (is_object ? '{' : '[')) return refuse(type->kind, value, error);
  return type->kind == MED_WIDE_UDT ? read_fields(type, value, arena, bytes, error)
                                    : read_items(type, value, arena, bytes, error);
}

int med_cql_json_read(const med_wide_type *type, med_slice text, med_arena *arena, med_slice *value,
                      medley_error *error) {
  med_slice checked;
  int rc = med_cql_json_check(text, &checked, error);
  return rc != MEDLEY_OK ? rc : read_value(type, checked, arena, value, error);
}

/* ---- Members ---- */

int med_cql_json_members(med_slice text, med_arena *arena, med_cql_json_member **members, size_t *count,
                         medley_error *error) {
  med_cql_json_items items;
  med_slice object, key, value;
  int rc = med_cql_json_check(text, &object, error);
  if (rc != MEDLEY_OK) return rc;
  if (*(const char *)object.bytes != '{') return refuse(MED_WIDE_MAP, object, error);
  size_t room = count_items(object) / 2;
  if (room > MEMBERS_MAX)
    return med_error_set(error, MEDLEY_TOO_BIG, "a JSON object has more than %d members", MEMBERS_MAX);
  *members = med_arena_alloc(arena, (room + 1) * sizeof **members);
  if (*members == NULL) return med_error_no_memory(error);
  *count = 0;
  med_cql_json_items_init(object, &items);
  while (med_cql_json_items_next(&items, &key) && med_cql_json_items_next(&items, &value)) {
    med_slice name;
    size_t place = 0;
    rc = med_cql_json_name(key, arena, &name, error);
    if (rc != MEDLEY_OK) return rc;
    while (place < *count && !med_slice_equal((*members)[place].name, name)) place++;
    (*members)[place] = (med_cql_json_member){name, value};
    if (place == *count) (*count)++;
  }
  return MEDLEY_OK;
}
