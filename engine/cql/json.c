/* json.c - values written as JSON. Recursion is as deep as the type. */
#include "engine/cql/json.h"

#include <math.h>

#include "engine/cql/convert.h"
#include "engine/cql/scalar.h"
#include "models/widecolumn/value_text.h"

static bool add(med_buffer *text, const char *bytes) { return med_buffer_append(text, bytes, strlen(bytes)); }

/* The inside of a JSON string. */
static bool write_escaped(med_slice value, med_buffer *text) {
  static const char special[] = "\"\\\b\f\n\r\t", letters[] = "\"\\bfnrt";
  const char *bytes = value.bytes;
  for (size_t i = 0; i < value.len; i++) {
    const char *found = bytes[i] != '\0' ? strchr(special, bytes[i]) : NULL;
    bool fine;
    if (found != NULL)
      fine = med_buffer_append_byte(text, '\\') && med_buffer_append_byte(text, (uint8_t)letters[found - special]);
    else if ((unsigned char)bytes[i] < 0x20)
      fine = med_buffer_printf(text, "\\u%04X", (unsigned)(unsigned char)bytes[i]);
    else
      fine = med_buffer_append_byte(text, (uint8_t)bytes[i]);
    if (!fine) return false;
  }
  return true;
}

static bool write_string(med_slice value, med_buffer *text) {
  return add(text, "\"") && write_escaped(value, text) && add(text, "\"");
}

bool med_cql_json_write_name(med_slice name, med_buffer *text) {
  const char *bytes = name.bytes;
  bool upper = false;
  for (size_t i = 0; i < name.len; i++) upper = upper || (bytes[i] >= 'A' && bytes[i] <= 'Z');
  const char *quote = upper ? "\\\"" : "";
  return add(text, "\"") && add(text, quote) && write_escaped(name, text) && add(text, quote) && add(text, "\"");
}

/* The text a row shows for it, in quotes; a timestamp ends in Z, which stands for the zone. */
static bool write_shown(const med_wide_type *type, med_slice value, med_buffer *text) {
  med_arena arena = {0};
  medley_value shown;
  bool fine = med_cql_show(type, value, &arena, &shown, NULL) == MEDLEY_OK;
  if (fine) {
    med_slice bytes = med_slice_of(shown.as.text.bytes, shown.as.text.len);
    bool zoned = type->kind == MED_WIDE_TIMESTAMP && bytes.len > 8 && memchr(bytes.bytes, ':', bytes.len) != NULL;
    if (zoned) bytes.len -= 8; /* 000+0000 */
    fine = add(text, "\"") && med_buffer_append(text, bytes.bytes, bytes.len) && (!zoned || add(text, "Z")) &&
           add(text, "\"");
  }
  med_arena_clear(&arena);
  return fine;
}

/* Keys of objects are strings: what is none is put into one. */
static bool write_key(const med_wide_type *type, med_slice value, med_buffer *text) {
  med_buffer key = {0};
  bool fine = med_cql_json_write(type, value, &key);
  if (fine && key.bytes[0] == '"')
    fine = med_buffer_append(text, key.bytes, key.len);
  else
    fine = fine && write_string(med_slice_of(key.bytes, key.len), text);
  med_buffer_clear(&key);
  return fine;
}

static bool write_collection(const med_wide_type *type, med_slice value, med_buffer *text) {
  med_wide_parts parts;
  bool is_map = type->kind == MED_WIDE_MAP;
  med_slice part;
  med_wide_parts_init(type, value, &parts);
  if (!add(text, is_map ? "{" : "[")) return false;
  for (size_t i = 0; med_wide_parts_next(&parts, &part); i++) {
    bool is_key = is_map && i % 2 == 0;
    if (i > 0 && !add(text, is_map && !is_key ? ": " : ", ")) return false;
    const med_wide_type *part_type = &type->parts[is_map && !is_key ? 1 : 0];
    if (!(is_key ? write_key(part_type, part, text) : med_cql_json_write(part_type, part, text))) return false;
  }
  return add(text, is_map ? "}" : "]");
}

static bool write_tuple(const med_wide_type *type, med_slice value, med_buffer *text) {
  med_wide_parts parts;
  bool named = type->kind == MED_WIDE_UDT;
  med_wide_parts_init(type, value, &parts);
  if (!add(text, named ? "{" : "[")) return false;
  for (unsigned i = 0; i < type->part_count; i++) {
    med_slice part = med_slice_of(NULL, 0);
    (void)med_wide_parts_next(&parts, &part);
    if (i > 0 && !add(text, ", ")) return false;
    if (named && !(med_cql_json_write_name(type->fields[i], text) && add(text, ": "))) return false;
    if (!med_cql_json_write(&type->parts[i], part, text)) return false;
  }
  return add(text, named ? "}" : "]");
}

bool med_cql_json_write(const med_wide_type *type, med_slice value, med_buffer *text) {
  if (med_wide_is_null(value)) return add(text, "null");
  switch (type->kind) {
    case MED_WIDE_ASCII:
    case MED_WIDE_TEXT: return write_string(value, text);
    case MED_WIDE_BLOB: return add(text, "\"") && med_wide_text_write(type, value, text) && add(text, "\"");
    case MED_WIDE_FLOAT:
    case MED_WIDE_DOUBLE: /* JSON has no NaN and no infinity */
      return isfinite(med_cql_real_of(value)) ? med_wide_text_write(type, value, text) : add(text, "null");
    case MED_WIDE_UUID:
    case MED_WIDE_TIMEUUID:
    case MED_WIDE_INET:
    case MED_WIDE_DATE:
    case MED_WIDE_TIME:
    case MED_WIDE_TIMESTAMP:
    case MED_WIDE_DURATION: return write_shown(type, value, text);
    case MED_WIDE_LIST:
    case MED_WIDE_SET:
    case MED_WIDE_MAP: return write_collection(type, value, text);
    case MED_WIDE_TUPLE:
    case MED_WIDE_UDT: return write_tuple(type, value, text);
    default: return med_wide_text_write(type, value, text);
  }
}
