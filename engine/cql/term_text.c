/* term_text.c - a term as text, near to how it was written. */
#include "engine/cql/literal.h"

static bool add(med_buffer *text, const char *bytes) { return med_buffer_append(text, bytes, strlen(bytes)); }
static bool add_slice(med_buffer *text, med_slice slice) {
  return slice.len == 0 || med_buffer_append(text, slice.bytes, slice.len);
}

/* as_name: as Cassandra names a column of a result by its term. */
static bool write_term(const med_cql_term *term, bool as_name, med_buffer *text);

static bool write_items(const med_cql_term *term, const char *open, const char *close, bool as_name, med_buffer *text) {
  size_t count = term->kind == MED_CQL_MAP ? 2 * term->count : term->count;
  if (!add(text, open)) return false;
  for (size_t i = 0; i < count; i++) {
    if (i > 0 && !add(text, term->kind == MED_CQL_MAP && i % 2 == 1 ? ": " : ", ")) return false;
    if (term->kind == MED_CQL_FIELDS && !(add_slice(text, term->names[i]) && add(text, ": "))) return false;
    if (!write_term(term->items[i], as_name, text)) return false;
  }
  return add(text, close);
}

/* Functions of the system bear its name, but for those that read what is kept beside a cell; all rows are count. */
static bool write_call(const med_cql_term *term, bool as_name, med_buffer *text) {
  med_slice name = term->name.name;
  bool beside =
      med_slice_equal(name, med_slice_of_text("ttl")) || med_slice_equal(name, med_slice_of_text("writetime"));
  bool counts = med_slice_equal(name, med_slice_of_text("count")) && term->count == 1 &&
                (term->items[0]->kind == MED_CQL_STAR || term->items[0]->kind == MED_CQL_INTEGER);
  if (as_name && counts) return add(text, "count");
  if (term->name.keyspace.bytes != NULL) {
    if (!add_slice(text, term->name.keyspace) || !add(text, ".")) return false;
  } else if (as_name && !beside && !add(text, "system.")) {
    return false;
  }
  return add_slice(text, name) && write_items(term, "(", ")", as_name, text);
}

static bool add_lower(med_buffer *text, med_slice slice) {
  const char *bytes = slice.bytes;
  for (size_t i = 0; i < slice.len; i++) {
    char c = bytes[i] >= 'A' && bytes[i] <= 'Z' ? (char)(bytes[i] + ('a' - 'A')) : bytes[i];
    if (!med_buffer_append_byte(text, (uint8_t)c)) return false;
  }
  return true;
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

static bool write_slice_of(const med_cql_term *term, bool as_name, med_buffer *text) {
  if (!write_term(term->items[0], as_name, text) || !add(text, "[")) return false;
  if (term->items[1] != NULL && !write_term(term->items[1], as_name, text)) return false;
  if (!add(text, "..")) return false;
  return (term->items[2] == NULL || write_term(term->items[2], as_name, text)) && add(text, "]");
}

static bool write_term(const med_cql_term *term, bool as_name, med_buffer *text) {
  char operation[] = {' ', term->operation, ' ', '\0'};
  switch (term->kind) {
    case MED_CQL_STRING: return write_string(term->text, text);
    case MED_CQL_BLOB: return add(text, "0x") && add_slice(text, term->text);
    case MED_CQL_LIST: return write_items(term, "[", "]", as_name, text);
    case MED_CQL_SET:
    case MED_CQL_MAP:
    case MED_CQL_FIELDS: return write_items(term, "{", "}", as_name, text);
    case MED_CQL_TUPLE: return write_items(term, "(", ")", as_name, text);
    case MED_CQL_MARKER: return add(text, "?");
    case MED_CQL_CALL: return write_call(term, as_name, text);
    case MED_CQL_CAST:
      return add(text, "cast(") && write_term(term->items[0], as_name, text) && add(text, " as ") &&
             (as_name ? add_lower(text, term->type) : add_slice(text, term->type)) && add(text, ")");
    case MED_CQL_HINT:
      return add(text, "(") && add_slice(text, term->type) && add(text, ")") &&
             write_term(term->items[0], as_name, text);
    case MED_CQL_NEGATE: return add(text, "-") && write_term(term->items[0], as_name, text);
    case MED_CQL_ARITHMETIC:
      return write_term(term->items[0], as_name, text) && add(text, operation) &&
             write_term(term->items[1], as_name, text);
    case MED_CQL_STAR: return add(text, "*");
    case MED_CQL_COLUMN: return add_slice(text, term->name.name);
    case MED_CQL_FIELD_OF:
      return write_term(term->items[0], as_name, text) && add(text, ".") && add_slice(text, term->text);
    case MED_CQL_ELEMENT_OF:
      return write_term(term->items[0], as_name, text) &&
             write_items(&(med_cql_term){.items = term->items + 1, .count = 1}, "[", "]", as_name, text);
    case MED_CQL_SLICE_OF: return write_slice_of(term, as_name, text);
    default: return add_slice(text, term->text); /* null, true, numbers, uuids, durations */
  }
}

bool med_cql_term_write(const med_cql_term *term, med_buffer *text) { return write_term(term, false, text); }

bool med_cql_term_name(const med_cql_term *term, med_buffer *text) { return write_term(term, true, text); }
