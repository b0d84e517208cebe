/* wide_values.c - see wide_values.h. */
#include "engine/sql/wide_values.h"

#include <math.h>
#include <string.h>

#include "engine/cql/convert.h"
#include "engine/cql/json.h"
#include "models/widecolumn/value_text.h"

typedef enum shape { AS_INTEGER, AS_REAL, AS_TEXT, AS_BLOB, AS_CQL_TEXT, AS_JSON } shape;

static shape shape_of(med_wide_kind kind) {
  switch (kind) {
    case MED_WIDE_TINYINT:
    case MED_WIDE_SMALLINT:
    case MED_WIDE_INT:
    case MED_WIDE_BIGINT:
    case MED_WIDE_COUNTER:
    case MED_WIDE_TIMESTAMP:
    case MED_WIDE_BOOLEAN: return AS_INTEGER;
    case MED_WIDE_FLOAT:
    case MED_WIDE_DOUBLE: return AS_REAL;
    case MED_WIDE_ASCII:
    case MED_WIDE_TEXT: return AS_TEXT;
    case MED_WIDE_BLOB: return AS_BLOB;
    case MED_WIDE_LIST:
    case MED_WIDE_SET:
    case MED_WIDE_MAP:
    case MED_WIDE_UDT:
    case MED_WIDE_TUPLE: return AS_JSON;
    default: return AS_CQL_TEXT;
  }
}

const char *med_wide_values_declared(const med_wide_type *type) {
  switch (shape_of(type->kind)) {
    case AS_INTEGER: return "INTEGER";
    case AS_REAL: return "REAL";
    case AS_BLOB: return "BLOB";
    default: return "TEXT";
  }
}

bool med_wide_values_have_sql_order(const med_wide_type *type) {
  shape shown = shape_of(type->kind);
  return shown == AS_INTEGER || shown == AS_REAL || shown == AS_TEXT || shown == AS_BLOB;
}

bool med_wide_values_can_sort(const med_wide_type *type) {
  return med_wide_values_have_sql_order(type) && shape_of(type->kind) != AS_REAL;
}

bool med_wide_values_are_text(const med_wide_type *type) {
  shape shown = shape_of(type->kind);
  return shown == AS_TEXT || shown == AS_CQL_TEXT || shown == AS_JSON;
}

/* ---- Giving ---- */
static int64_t integer_of(med_slice value) {
  const uint8_t *bytes = value.bytes;
  uint64_t number = value.len > 0 && bytes[0] >= 0x80 ? UINT64_MAX : 0;
  for (size_t i = 0; i < value.len; i++) number = number << 8 | bytes[i];
  return (int64_t)number;
}

static double real_of(med_slice value) {
  double wide;
  float narrow;
  uint64_t bits = value.len == 8 ? med_get_u64(value.bytes) : 0;
  uint32_t narrow_bits = value.len == 4 ? med_get_u32(value.bytes) : 0;
  memcpy(&wide, &bits, sizeof wide);
  memcpy(&narrow, &narrow_bits, sizeof narrow);
  return value.len == 8 ? wide : (double)narrow;
}

static int give_written(sqlite3_context *context, const med_wide_type *type, med_slice value, medley_error *error) {
  med_buffer text = {0};
  bool written =
      type->kind == MED_WIDE_VARINT ? med_wide_text_write(type, value, &text) : med_cql_json_write(type, value, &text);
  if (written) sqlite3_result_text64(context, text.bytes, text.len, SQLITE_TRANSIENT, SQLITE_UTF8);
  med_buffer_clear(&text);
  return written ? MEDLEY_OK : med_error_no_memory(error);
}

static int give_shown(sqlite3_context *context, const med_wide_type *type, med_slice value, med_arena *arena,
                      medley_error *error) {
  medley_value shown;
  int rc = med_cql_show(type, value, arena, &shown, error);
  if (rc != MEDLEY_OK) return rc;
  sqlite3_result_text64(context, shown.as.text.bytes, shown.as.text.len, SQLITE_TRANSIENT, SQLITE_UTF8);
  return MEDLEY_OK;
}

int med_wide_values_give(sqlite3_context *context, const med_wide_type *type, med_slice value, med_arena *arena,
                         medley_error *error) {
  if (med_wide_is_null(value)) {
    sqlite3_result_null(context);
    return MEDLEY_OK;
  }
  switch (shape_of(type->kind)) {
    case AS_INTEGER:
      sqlite3_result_int64(context, type->kind == MED_WIDE_BOOLEAN ? integer_of(value) & 1 : integer_of(value));
      return MEDLEY_OK;
    case AS_REAL: sqlite3_result_double(context, real_of(value)); return MEDLEY_OK;
    case AS_TEXT:
      sqlite3_result_text64(context, value.len > 0 ? value.bytes : "", value.len, SQLITE_TRANSIENT, SQLITE_UTF8);
      return MEDLEY_OK;
    case AS_BLOB: sqlite3_result_blob64(context, value.bytes, value.len, SQLITE_TRANSIENT); return MEDLEY_OK;
    case AS_JSON: return give_written(context, type, value, error);
    case AS_CQL_TEXT: break;
  }
  return type->kind == MED_WIDE_VARINT ? give_written(context, type, value, error)
                                       : give_shown(context, type, value, arena, error);
}

/* ---- Taking ---- */
static bool is_whole(double real) { return real == floor(real) && real >= -0x1p63 && real < 0x1p63; }

/* The text of a text or number, as SQLite's affinity makes it. False if memory is short. */
static bool text_of(sqlite3_value *given, medley_value *value) {
  const char *bytes = (const char *)sqlite3_value_text(given);
  *value = (medley_value){.type = MEDLEY_TYPE_TEXT, .as.text = {bytes, (size_t)sqlite3_value_bytes(given)}};
  return bytes != NULL;
}

/* What is bound for a value of SQLite's. False if memory is short. */
static bool bound_of(sqlite3_value *given, medley_value *value) {
  *value = (medley_value){.type = MEDLEY_TYPE_NULL};
  switch (sqlite3_value_type(given)) {
    case SQLITE_INTEGER:
      *value = (medley_value){.type = MEDLEY_TYPE_INTEGER, .as.integer = sqlite3_value_int64(given)};
      return true;
    case SQLITE_FLOAT:
      *value = (medley_value){.type = MEDLEY_TYPE_REAL, .as.real = sqlite3_value_double(given)};
      return true;
    case SQLITE_TEXT: return text_of(given, value);
    case SQLITE_BLOB: {
      const void *bytes = sqlite3_value_blob(given);
      size_t len = (size_t)sqlite3_value_bytes(given);
      *value = (medley_value){.type = MEDLEY_TYPE_BLOB, .as.text = {len > 0 ? bytes : "", len}};
      return bytes != NULL || len == 0;
    }
    default: return true;
  }
}

static bool is_number(const medley_value *value) {
  return value->type == MEDLEY_TYPE_INTEGER || value->type == MEDLEY_TYPE_REAL;
}

/* SQL's text of a blob is CQL's. */
static int read_blob_text(const medley_value *bound, med_arena *arena, med_slice *value, medley_error *error) {
  med_buffer bytes = {0};
  int rc = med_wide_text_read(MED_WIDE_BLOB, med_slice_of(bound->as.text.bytes, bound->as.text.len), &bytes, error);
  const void *copy = rc == MEDLEY_OK ? med_arena_copy(arena, bytes.len > 0 ? bytes.bytes : "", bytes.len) : NULL;
  if (copy != NULL)
    *value = med_slice_of(copy, bytes.len);
  else if (rc == MEDLEY_OK)
    rc = med_error_no_memory(error);
  med_buffer_clear(&bytes);
  return rc;
}

static int read_value(const med_wide_type *type, const medley_value *bound, const med_cql_place *place,
                      med_arena *arena, med_slice *value, medley_error *error) {
  if (shape_of(type->kind) == AS_JSON && bound->type == MEDLEY_TYPE_TEXT)
    return med_cql_json_read(type, med_slice_of(bound->as.text.bytes, bound->as.text.len), arena, value, error);
  return med_cql_bind(type, bound, place, arena, value, error);
}

int med_wide_values_take(const med_wide_column *column, sqlite3_value *given, med_arena *arena, med_slice *value,
                         medley_error *error) {
  medley_value bound;
  const med_wide_type *type = &column->type;
  shape shown = shape_of(type->kind);
  med_cql_place place = med_cql_place_of(column->name);
  if (shown == AS_INTEGER || shown == AS_REAL) (void)sqlite3_value_numeric_type(given);
  if (!bound_of(given, &bound)) return med_error_no_memory(error);
  if (shown == AS_BLOB && bound.type == MEDLEY_TYPE_TEXT) return read_blob_text(&bound, arena, value, error);
  if (is_number(&bound) && shown == AS_TEXT && !text_of(given, &bound)) return med_error_no_memory(error);
  if (bound.type == MEDLEY_TYPE_REAL && (shown == AS_INTEGER || type->kind == MED_WIDE_VARINT) &&
      is_whole(bound.as.real))
    bound = (medley_value){.type = MEDLEY_TYPE_INTEGER, .as.integer = (int64_t)bound.as.real};
  return read_value(type, &bound, &place, arena, value, error);
}

/* ---- Comparing ---- */
/* The whole number on the near side of a real. */
static bool round_real(medley_value *bound, med_wide_comparing comparing) {
  double real = comparing == MED_WIDE_AS_LOWER   ? floor(bound->as.real)
                : comparing == MED_WIDE_AS_UPPER ? ceil(bound->as.real)
                                                 : bound->as.real;
  if (!is_whole(real)) return false;
  *bound = (medley_value){.type = MEDLEY_TYPE_INTEGER, .as.integer = (int64_t)real};
  return true;
}

/* Whether a column of the type is ever compared with such a value as equals, or ordered among its own kind; the value is brought
 * to where SQLite's affinity brings it. */
static bool is_comparable(shape shown, sqlite3_value *given, medley_value *bound, med_wide_comparing comparing,
                          bool *ok) {
  switch (shown) {
    case AS_INTEGER:
    case AS_REAL:
      (void)sqlite3_value_numeric_type(given);
      *ok = bound_of(given, bound);
      if (!*ok || !is_number(bound)) return false;
      if (shown == AS_INTEGER) return bound->type == MEDLEY_TYPE_INTEGER || round_real(bound, comparing);
      if (sqlite3_value_double(given) == 0) /* a key has -0 before 0, SQL has them equal */
        *bound = (medley_value){.type = MEDLEY_TYPE_REAL, .as.real = comparing == MED_WIDE_AS_LOWER ? -0.0 : 0.0};
      return true;
    case AS_BLOB: *ok = bound_of(given, bound); return bound->type == MEDLEY_TYPE_BLOB;
    default:
      if (sqlite3_value_type(given) == SQLITE_BLOB) return false;
      *ok = text_of(given, bound);
      return true;
  }
}

int med_wide_values_match(const med_wide_type *type, sqlite3_value *given, med_wide_comparing comparing,
                          med_arena *arena, med_slice *value, med_wide_match *match) {
  medley_value bound;
  medley_error ignored = {0};
  med_cql_place place = med_cql_place_of(med_slice_of_text("value"));
  bool ok = true;
  *match = MED_WIDE_MATCH_NOTHING;
  if (sqlite3_value_type(given) == SQLITE_NULL) return MEDLEY_OK;
  if (comparing != MED_WIDE_AS_EQUAL) *match = MED_WIDE_MATCH_UNKNOWN;
  bool number = sqlite3_value_type(given) == SQLITE_INTEGER || sqlite3_value_type(given) == SQLITE_FLOAT;
  if (number && med_wide_values_are_text(type) && !sqlite3_value_frombind(given)) { /* a parameter has no affinity */
    *match = MED_WIDE_MATCH_UNKNOWN;
    return MEDLEY_OK;
  }
  if (!is_comparable(shape_of(type->kind), given, &bound, comparing, &ok)) return ok ? MEDLEY_OK : MEDLEY_NO_MEMORY;
  if (!ok) return MEDLEY_NO_MEMORY;
  int rc = read_value(type, &bound, &place, arena, value, &ignored);
  if (rc == MEDLEY_NO_MEMORY) return rc;
  if (rc == MEDLEY_OK) *match = MED_WIDE_MATCH_VALUE;
  return MEDLEY_OK;
}
