/* convert.c - see convert.h. Recursion is as deep as the type. */
#include "engine/cql/convert.h"

#include <math.h>
#include <stdio.h>

#include "engine/cql/collection.h"
#include "engine/cql/scalar.h"
#include "models/widecolumn/number.h"
#include "models/widecolumn/value_text.h"

/* ---- Binding ---- */

static const char *name_of(medley_type type) {
  static const char *const names[] = {"null",   "a boolean", "an integer", "a real",         "a text", "a blob",
                                      "a list", "a map",     "a node",     "a relationship", "a path", "a text"};
  return (unsigned)type < sizeof names / sizeof *names ? names[type] : "no value";
}

static int refuse(const med_wide_type *type, const medley_value *bound, const med_cql_place *place, int rc,
                  medley_error *error) {
  med_buffer place_text = {0}, type_text = {0};
  bool written = med_cql_place_write(place, &place_text) && med_buffer_append_byte(&place_text, 0) &&
                 med_wide_type_write(type, &type_text) && med_buffer_append_byte(&type_text, 0);
  if (!written)
    rc = med_error_no_memory(error);
  else if (rc == MEDLEY_RANGE)
    rc = med_error_set(error, rc, "cql: %s is out of the range of \"%s\" of type %s", name_of(bound->type),
                       place_text.bytes, type_text.bytes);
  else
    rc = med_error_set(error, rc, "cql: %s is no value for \"%s\" of type %s", name_of(bound->type), place_text.bytes,
                       type_text.bytes);
  med_buffer_clear(&place_text);
  med_buffer_clear(&type_text);
  return rc;
}

static int copy_bytes(med_slice bytes, med_arena *arena, med_slice *value, medley_error *error) {
  void *copy = med_arena_copy(arena, bytes.bytes, bytes.len);
  *value = med_slice_of(copy, bytes.len);
  return copy != NULL ? MEDLEY_OK : med_error_no_memory(error);
}

static bool takes_integer_text(med_wide_kind kind) {
  switch (kind) {
    case MED_WIDE_TINYINT:
    case MED_WIDE_SMALLINT:
    case MED_WIDE_INT:
    case MED_WIDE_BIGINT:
    case MED_WIDE_COUNTER:
    case MED_WIDE_VARINT:
    case MED_WIDE_DECIMAL:
    case MED_WIDE_FLOAT:
    case MED_WIDE_DOUBLE:
    case MED_WIDE_DATE:
    case MED_WIDE_TIME:
    case MED_WIDE_TIMESTAMP: return true;
    default: return false;
  }
}

/* The bytes of an integer for the kinds that are whole numbers of a size; 0 for other kinds, -1 out of range. */
static int whole_number(med_wide_kind kind, int64_t integer, uint8_t bytes[8]) {
  int size = kind == MED_WIDE_INT                                                                ? 4
             : kind == MED_WIDE_SMALLINT                                                         ? 2
             : kind == MED_WIDE_TINYINT                                                          ? 1
             : kind == MED_WIDE_BIGINT || kind == MED_WIDE_COUNTER || kind == MED_WIDE_TIMESTAMP ? 8
                                                                                                 : 0;
  int64_t limit = size == 0 || size == 8 ? INT64_MAX : ((int64_t)1 << (8 * size - 1)) - 1;
  if (integer > limit || integer < -limit - 1) return -1;
  med_put_u64(bytes, (uint64_t)integer);
  return size;
}

static int bind_integer(const med_wide_type *type, const medley_value *bound, const med_cql_place *place,
                        med_arena *arena, med_slice *value, medley_error *error) {
  char text[24];
  uint8_t boolean = (uint8_t)bound->as.integer, bytes[8];
  int size = whole_number(type->kind, bound->as.integer, bytes);
  if (size < 0) return refuse(type, bound, place, MEDLEY_RANGE, error);
  if (size > 0) return copy_bytes(med_slice_of(bytes + 8 - size, (size_t)size), arena, value, error);
  if (type->kind == MED_WIDE_BOOLEAN && (bound->as.integer == 0 || bound->as.integer == 1))
    return copy_bytes(med_slice_of(&boolean, 1), arena, value, error);
  if (!takes_integer_text(type->kind)) return refuse(type, bound, place, MEDLEY_TYPE, error);
  size_t len = (size_t)snprintf(text, sizeof text, "%lld", (long long)bound->as.integer);
  int rc = med_cql_text_value(type->kind, med_slice_of(text, len), arena, value, error);
  return rc == MEDLEY_RANGE ? refuse(type, bound, place, rc, error) : rc;
}

/* A float takes every double, rounded, as Cassandra's drivers do. */
static int bind_real(const med_wide_type *type, const medley_value *bound, const med_cql_place *place, med_arena *arena,
                     med_slice *value, medley_error *error) {
  static const med_wide_type as_double = {.kind = MED_WIDE_DOUBLE};
  uint8_t bytes[8];
  uint64_t bits;
  uint32_t narrow_bits;
  float narrow = (float)bound->as.real;
  memcpy(&bits, &bound->as.real, sizeof bits);
  memcpy(&narrow_bits, &narrow, sizeof narrow_bits);
  med_put_u64(bytes, bits);
  if (type->kind == MED_WIDE_DOUBLE) return copy_bytes(med_slice_of(bytes, 8), arena, value, error);
  if (type->kind == MED_WIDE_DECIMAL && isfinite(bound->as.real)) {
    med_buffer text = {0};
    int rc = med_wide_text_write(&as_double, med_slice_of(bytes, 8), &text) ? MEDLEY_OK : med_error_no_memory(error);
    if (rc == MEDLEY_OK) rc = med_cql_text_value(type->kind, med_slice_of(text.bytes, text.len), arena, value, error);
    med_buffer_clear(&text);
    return rc;
  }
  if (type->kind != MED_WIDE_FLOAT) return refuse(type, bound, place, MEDLEY_TYPE, error);
  med_put_u32(bytes, narrow_bits);
  return copy_bytes(med_slice_of(bytes, 4), arena, value, error);
}

static int bind_blob(const med_wide_type *type, const medley_value *bound, const med_cql_place *place, med_arena *arena,
                     med_slice *value, medley_error *error) {
  med_slice bytes = med_slice_of(bound->as.text.bytes, bound->as.text.len);
  bool as_bytes = type->kind == MED_WIDE_UUID || type->kind == MED_WIDE_TIMEUUID || type->kind == MED_WIDE_INET;
  if (type->kind == MED_WIDE_BLOB) return copy_bytes(bytes, arena, value, error);
  if (!as_bytes ||
      med_wide_value_check(type, med_slice_of(bytes.len > 0 ? bytes.bytes : "", bytes.len), NULL) != MEDLEY_OK)
    return refuse(type, bound, place, MEDLEY_TYPE, error);
  return copy_bytes(bytes, arena, value, error);
}

static int bind_text(const med_wide_type *type, const medley_value *bound, const med_cql_place *place, med_arena *arena,
                     med_slice *value, medley_error *error) {
  if (type->kind == MED_WIDE_BLOB || type->kind >= MED_WIDE_LIST) return refuse(type, bound, place, MEDLEY_TYPE, error);
  const char *bytes = bound->as.text.len > 0 ? bound->as.text.bytes : "";
  return med_cql_text_value(type->kind, med_slice_of(bytes, bound->as.text.len), arena, value, error);
}

static int bind_list(const med_wide_type *type, const medley_value *bound, const med_cql_place *place, med_arena *arena,
                     med_slice *value, medley_error *error) {
  bool is_tuple = type->kind == MED_WIDE_TUPLE;
  size_t count = bound->as.list.count;
  if ((!is_tuple && type->kind != MED_WIDE_LIST && type->kind != MED_WIDE_SET) ||
      (is_tuple && count > type->part_count))
    return refuse(type, bound, place, MEDLEY_TYPE, error);
  med_slice *parts = med_arena_alloc(arena, (count + 1) * sizeof *parts);
  if (parts == NULL) return med_error_no_memory(error);
  for (size_t i = 0; i < count; i++) {
    med_cql_place inner = {
        .kind = is_tuple ? MED_CQL_PLACE_COMPONENT : MED_CQL_PLACE_VALUE, .outer = place, .index = i};
    int rc = med_cql_bind(&type->parts[is_tuple ? i : 0], &bound->as.list.items[i], &inner, arena, &parts[i], error);
    if (rc != MEDLEY_OK) return rc;
  }
  return med_cql_collection_make(type, parts, count, arena, value, error);
}

static int bind_map(const med_wide_type *type, const medley_value *bound, const med_cql_place *place, med_arena *arena,
                    med_slice *value, medley_error *error) {
  size_t count = bound->as.map.count;
  if (type->kind != MED_WIDE_MAP) return refuse(type, bound, place, MEDLEY_TYPE, error);
  if (count > INT32_MAX) return med_error_set(error, MEDLEY_TOO_BIG, "cql: a map has too many entries");
  med_slice *parts = med_arena_alloc(arena, (2 * count + 1) * sizeof *parts);
  if (parts == NULL) return med_error_no_memory(error);
  for (size_t i = 0; i < 2 * count; i++) {
    const medley_value *part = i % 2 == 0 ? &bound->as.map.keys[i / 2] : &bound->as.map.values[i / 2];
    med_cql_place inner = {.kind = i % 2 == 0 ? MED_CQL_PLACE_KEY : MED_CQL_PLACE_VALUE, .outer = place};
    int rc = med_cql_bind(&type->parts[i % 2], part, &inner, arena, &parts[i], error);
    if (rc != MEDLEY_OK) return rc;
  }
  return med_cql_collection_make(type, parts, 2 * count, arena, value, error);
}

static bool is_text(const medley_value *value) {
  return value->type == MEDLEY_TYPE_TEXT || value->type == MEDLEY_TYPE_STATUS;
}

static int bind_fields(const med_wide_type *type, const medley_value *bound, const med_cql_place *place,
                       med_arena *arena, med_slice *value, medley_error *error) {
  med_slice *parts = med_arena_alloc(arena, (type->part_count + 1u) * sizeof *parts);
  if (parts == NULL) return med_error_no_memory(error);
  memset(parts, 0, (type->part_count + 1u) * sizeof *parts);
  for (size_t i = 0; i < bound->as.map.count; i++) {
    const medley_value *key = &bound->as.map.keys[i];
    unsigned field = 0;
    if (!is_text(key)) return refuse(type, bound, place, MEDLEY_TYPE, error);
    med_slice name = med_slice_of(key->as.text.bytes, key->as.text.len);
    while (field < type->part_count && !med_slice_equal(type->fields[field], name)) field++;
    if (field == type->part_count) {
      return med_error_set(error, MEDLEY_TYPE, "Unknown field '%.*s' in value of user defined type %.*s", (int)name.len,
                           (const char *)name.bytes, (int)type->name.len, (const char *)type->name.bytes);
    }
    med_cql_place inner = {.kind = MED_CQL_PLACE_FIELD, .outer = place, .name = name};
    int rc = med_cql_bind(&type->parts[field], &bound->as.map.values[i], &inner, arena, &parts[field], error);
    if (rc != MEDLEY_OK) return rc;
  }
  return med_cql_collection_make(type, parts, type->part_count, arena, value, error);
}

int med_cql_bind(const med_wide_type *type, const medley_value *bound, const med_cql_place *place, med_arena *arena,
                 med_slice *value, medley_error *error) {
  uint8_t boolean;
  *value = med_slice_of(NULL, 0);
  switch (bound->type) {
    case MEDLEY_TYPE_NULL: return MEDLEY_OK;
    case MEDLEY_TYPE_BOOLEAN:
      boolean = bound->as.boolean != 0;
      if (type->kind != MED_WIDE_BOOLEAN) return refuse(type, bound, place, MEDLEY_TYPE, error);
      return copy_bytes(med_slice_of(&boolean, 1), arena, value, error);
    case MEDLEY_TYPE_INTEGER: return bind_integer(type, bound, place, arena, value, error);
    case MEDLEY_TYPE_REAL: return bind_real(type, bound, place, arena, value, error);
    case MEDLEY_TYPE_STATUS:
    case MEDLEY_TYPE_TEXT: return bind_text(type, bound, place, arena, value, error);
    case MEDLEY_TYPE_BLOB: return bind_blob(type, bound, place, arena, value, error);
    case MEDLEY_TYPE_LIST: return bind_list(type, bound, place, arena, value, error);
    case MEDLEY_TYPE_MAP:
      return type->kind == MED_WIDE_UDT ? bind_fields(type, bound, place, arena, value, error)
                                        : bind_map(type, bound, place, arena, value, error);
    default: return refuse(type, bound, place, MEDLEY_TYPE, error);
  }
}

/* ---- Showing ---- */

static int show_bytes(medley_type type, const void *bytes, size_t len, med_arena *arena, medley_value *shown,
                      medley_error *error) {
  char *copy = med_arena_strndup(arena, bytes, len);
  if (copy == NULL) return med_error_no_memory(error);
  *shown = (medley_value){.type = type, .as.text = {copy, len}};
  return MEDLEY_OK;
}

/* 1y2mo3d4h5m6s7ms8us9ns */
static bool write_duration(med_slice value, med_buffer *text) {
  static const struct {
    const char *name;
    int part; /* of the value */
    int64_t size;
  } units[] = {{"y", 0, 12},          {"mo", 0, 1},         {"d", 1, 1},        {"h", 2, 3600000000000},
               {"m", 2, 60000000000}, {"s", 2, 1000000000}, {"ms", 2, 1000000}, {"us", 2, 1000},
               {"ns", 2, 1}};
  int64_t signed_part;
  uint64_t parts[3] = {0};
  bool negative = false;
  for (int i = 0; i < 3; i++) {
    if (!med_wide_take_vint(&value, &signed_part)) return false;
    negative = negative || signed_part < 0;
    parts[i] = signed_part < 0 ? 0 - (uint64_t)signed_part : (uint64_t)signed_part;
  }
  if (negative && !med_buffer_append_byte(text, '-')) return false;
  size_t start = text->len;
  for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
    uint64_t *left = &parts[units[i].part], size = (uint64_t)units[i].size;
    if (*left / size > 0 && !med_buffer_printf(text, "%llu%s", (unsigned long long)(*left / size), units[i].name))
      return false;
    *left %= size;
  }
  return text->len > start || med_buffer_append(text, "0ns", 3);
}

/* As in a literal, without the quotes; a timestamp with microseconds, as cqlsh has them. */
static bool write_text(const med_wide_type *type, med_slice value, med_buffer *text) {
  static const char zone[] = "+0000";
  if (type->kind == MED_WIDE_DURATION) return write_duration(value, text);
  if (!med_wide_text_write(type, value, text)) return false;
  if (text->len < 2 || text->bytes[0] != '\'') return true;
  memmove(text->bytes, text->bytes + 1, text->len - 2);
  text->len -= 2;
  if (type->kind != MED_WIDE_TIMESTAMP) return true;
  text->len -= sizeof zone - 1;
  return med_buffer_append(text, "000+0000", 8);
}

static int show_text(const med_wide_type *type, med_slice value, med_arena *arena, medley_value *shown,
                     medley_error *error) {
  med_buffer text = {0};
  int rc = MEDLEY_NO_MEMORY;
  if (write_text(type, value, &text))
    rc = show_bytes(MEDLEY_TYPE_TEXT, text.bytes, text.len, arena, shown, error);
  else
    (void)med_error_no_memory(error);
  med_buffer_clear(&text);
  return rc;
}

static int show_list(const med_wide_type *type, med_slice value, med_arena *arena, medley_value *shown,
                     medley_error *error) {
  med_wide_parts parts;
  med_wide_parts_init(type, value, &parts);
  bool is_tuple = type->kind == MED_WIDE_TUPLE;
  size_t count = is_tuple ? type->part_count : parts.count;
  medley_value *items = med_arena_alloc(arena, (count + 1) * sizeof *items);
  if (items == NULL) return med_error_no_memory(error);
  for (size_t i = 0; i < count; i++) {
    med_slice part = med_slice_of(NULL, 0);
    (void)med_wide_parts_next(&parts, &part);
    int rc = med_cql_show(&type->parts[is_tuple ? i : 0], part, arena, &items[i], error);
    if (rc != MEDLEY_OK) return rc;
  }
  *shown = (medley_value){.type = MEDLEY_TYPE_LIST, .as.list = {items, count}};
  return MEDLEY_OK;
}

static int show_map(const med_wide_type *type, med_slice value, med_arena *arena, medley_value *shown,
                    medley_error *error) {
  med_wide_parts parts;
  med_wide_parts_init(type, value, &parts);
  bool is_map = type->kind == MED_WIDE_MAP;
  size_t count = is_map ? parts.count / 2 : type->part_count;
  medley_value *keys = med_arena_alloc(arena, (2 * count + 1) * sizeof *keys);
  if (keys == NULL) return med_error_no_memory(error);
  medley_value *values = keys + count;
  for (size_t i = 0; i < count; i++) {
    med_slice part = med_slice_of(NULL, 0);
    int rc;
    if (is_map) {
      (void)med_wide_parts_next(&parts, &part);
      rc = med_cql_show(&type->parts[0], part, arena, &keys[i], error);
    } else {
      rc = show_bytes(MEDLEY_TYPE_TEXT, type->fields[i].bytes, type->fields[i].len, arena, &keys[i], error);
    }
    if (rc != MEDLEY_OK) return rc;
    part = med_slice_of(NULL, 0);
    (void)med_wide_parts_next(&parts, &part);
    rc = med_cql_show(&type->parts[is_map ? 1 : i], part, arena, &values[i], error);
    if (rc != MEDLEY_OK) return rc;
  }
  *shown = (medley_value){.type = MEDLEY_TYPE_MAP, .as.map = {keys, values, count}};
  return MEDLEY_OK;
}

int med_cql_show(const med_wide_type *type, med_slice value, med_arena *arena, medley_value *shown,
                 medley_error *error) {
  *shown = (medley_value){.type = MEDLEY_TYPE_NULL};
  if (med_wide_is_null(value)) return MEDLEY_OK;
  switch (type->kind) {
    case MED_WIDE_ASCII:
    case MED_WIDE_TEXT: return show_bytes(MEDLEY_TYPE_TEXT, value.bytes, value.len, arena, shown, error);
    case MED_WIDE_BLOB: return show_bytes(MEDLEY_TYPE_BLOB, value.bytes, value.len, arena, shown, error);
    case MED_WIDE_BOOLEAN:
      *shown = (medley_value){.type = MEDLEY_TYPE_BOOLEAN, .as.boolean = *(const uint8_t *)value.bytes};
      return MEDLEY_OK;
    case MED_WIDE_VARINT:
      value = med_wide_number_shortest(value);
      if (value.len > 8) return show_text(type, value, arena, shown, error);
      /* fall through */
    case MED_WIDE_TINYINT:
    case MED_WIDE_SMALLINT:
    case MED_WIDE_INT:
    case MED_WIDE_BIGINT:
    case MED_WIDE_COUNTER:
      *shown = (medley_value){.type = MEDLEY_TYPE_INTEGER, .as.integer = med_cql_whole_of(value)};
      return MEDLEY_OK;
    case MED_WIDE_FLOAT:
    case MED_WIDE_DOUBLE:
      *shown = (medley_value){.type = MEDLEY_TYPE_REAL, .as.real = med_cql_real_of(value)};
      return MEDLEY_OK;
    case MED_WIDE_LIST:
    case MED_WIDE_SET:
    case MED_WIDE_TUPLE: return show_list(type, value, arena, shown, error);
    case MED_WIDE_MAP:
    case MED_WIDE_UDT: return show_map(type, value, arena, shown, error);
    default: return show_text(type, value, arena, shown, error);
  }
}
