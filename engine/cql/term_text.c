/* term_text.c - a term as text, near to how it was written. */
#include "engine/cql/literal.h"

static bool add(med_buffer *text, const char *bytes) { return med_buffer_append(text, bytes, strlen(bytes)); }
static bool add_slice(med_buffer *text, med_slice slice) {
  return slice.len == 0 || med_buffer_append(text, slice.bytes, slice.len);
}

static bool write_items(const med_cql_term *term, const char *open, const char *close, med_buffer *text) {
  size_t count = term->kind == MED_CQL_MAP ? 2 * term->count : term->count;
  if (!add(text, open)) return false;
  for (size_t i = 0; i < count; i++) {
    if (i > 0 && !add(text, term->kind == MED_CQL_MAP && i % 2 == 1 ? ": " : ", ")) return false;
    if (term->kind == MED_CQL_FIELDS && !(add_slice(text, term->names[i]) && add(text, ": "))) return false;
    if (!med_cql_term_write(term->items[i], text)) return false;
  }
  return add(text, close);
}

static bool write_call(const med_cql_term *term, med_buffer *text) {
  if (term->name.keyspace.bytes != NULL && !(add_slice(text, term->name.keyspace) && add(text, "."))) return false;
  return add_slice(text, term->name.name) && write_items(term, "(", ")", text);
}

static bool write_string(med_slice string, med_buffer *text) {
  const char *bytes = string.bytes;
  if (!add(text, "'")) return false;
  for (size_t i = 0; i < string.len; i++) {
    if (bytes[i] == '\'' && !add(text, "'")) return false;
    if (!med_buffer_append_byte(text, (uint8_t)bytes[i])) return false;
  }
  return add(text, "'");
}

static bool write_slice_of(const med_cql_term *term, med_buffer *text) {
  if (!med_cql_term_write(term->items[0], text) || !add(text, "[")) return false;
  if (term->items[1] != NULL && !med_cql_term_write(term->items[1], text)) return false;
  if (!add(text, "..")) return false;
  return (term->items[2] == NULL || med_cql_term_write(term->items[2], text)) && add(text, "]");
}

bool med_cql_term_write(const med_cql_term *term, med_buffer *text) {
  char operation[] = {' ', term->operation, ' ', '\0'};
  switch (term->kind) {
    case MED_CQL_STRING: return write_string(term->text, text);
    case MED_CQL_BLOB: return add(text, "0x") && add_slice(text, term->text);
    case MED_CQL_LIST: return write_items(term, "[", "]", text);
    case MED_CQL_SET:
    case MED_CQL_MAP:
    case MED_CQL_FIELDS: return write_items(term, "{", "}", text);
    case MED_CQL_TUPLE: return write_items(term, "(", ")", text);
    case MED_CQL_MARKER: return add(text, "?");
    case MED_CQL_CALL: return write_call(term, text);
    case MED_CQL_CAST:
      return add(text, "cast(") && med_cql_term_write(term->items[0], text) && add(text, " as ") &&
             add_slice(text, term->type) && add(text, ")");
    case MED_CQL_HINT:
      return add(text, "(") && add_slice(text, term->type) && add(text, ")") &&
             med_cql_term_write(term->items[0], text);
    case MED_CQL_NEGATE: return add(text, "-") && med_cql_term_write(term->items[0], text);
    case MED_CQL_ARITHMETIC:
      return med_cql_term_write(term->items[0], text) && add(text, operation) &&
             med_cql_term_write(term->items[1], text);
    case MED_CQL_STAR: return add(text, "*");
    case MED_CQL_COLUMN: return add_slice(text, term->name.name);
    case MED_CQL_FIELD_OF:
      return med_cql_term_write(term->items[0], text) && add(text, ".") && add_slice(text, term->text);
    case MED_CQL_ELEMENT_OF:
      return med_cql_term_write(term->items[0], text) &&
             write_items(&(med_cql_term){.items = term->items + 1, .count = 1}, "[", "]", text);
    case MED_CQL_SLICE_OF: return write_slice_of(term, text);
    default: return add_slice(text, term->text); /* null, true, numbers, uuids, durations */
  }
}
