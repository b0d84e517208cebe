/* literal.c - see literal.h. The outermost place where a term does not fit is the one that the message names, as in
 * Cassandra; so fitting is looked at before anything is made. Recursion is as deep as the type. */
#include "engine/cql/literal.h"

#include <stdio.h>

#include "engine/cql/collection.h"
#include "models/widecolumn/value_text.h"

/* ---- Places ---- */

bool med_cql_place_write(const med_cql_place *place, med_buffer *text) {
  const char *open = place->kind == MED_CQL_PLACE_VALUE ? "value(" : place->kind == MED_CQL_PLACE_KEY ? "key(" : "";
  bool wraps = *open != '\0';
  if (wraps && !med_buffer_append(text, open, strlen(open))) return false;
  if (place->outer != NULL && !med_cql_place_write(place->outer, text)) return false;
  if (wraps) return med_buffer_append_byte(text, ')');
  if (place->kind == MED_CQL_PLACE_COMPONENT) return med_buffer_printf(text, "[%zu]", place->index);
  if (place->kind == MED_CQL_PLACE_FIELD && !med_buffer_append_byte(text, '.')) return false;
  return place->name.len == 0 || med_buffer_append(text, place->name.bytes, place->name.len);
}

/* ---- Failing ---- */

static int at_term(const med_cql_literals *l, const med_cql_term *term, int rc, medley_error *error) {
  if (rc != MEDLEY_OK && l->text.bytes != NULL) med_error_set_position(error, l->text.bytes, l->text.len, term->at);
  return rc;
}

/* The pieces of a message as text; freed by the caller. */
typedef struct pieces {
  med_buffer place, term, type;
} pieces;

static bool write_pieces(const med_wide_type *type, const med_cql_term *term, const med_cql_place *place, pieces *p) {
  *p = (pieces){0};
  return med_cql_place_write(place, &p->place) && med_cql_term_write(term, &p->term) &&
         (type == NULL || med_wide_type_write(type, &p->type)) && med_buffer_append_byte(&p->place, 0) &&
         med_buffer_append_byte(&p->term, 0) && med_buffer_append_byte(&p->type, 0);
}

static void clear_pieces(pieces *p) {
  med_buffer_clear(&p->place);
  med_buffer_clear(&p->term);
  med_buffer_clear(&p->type);
}

static const char *literal_name(med_cql_term_kind kind) {
  switch (kind) {
    case MED_CQL_BOOLEAN: return "BOOLEAN";
    case MED_CQL_INTEGER: return "INTEGER";
    case MED_CQL_REAL: return "FLOAT";
    case MED_CQL_STRING: return "STRING";
    case MED_CQL_BLOB: return "HEX";
    case MED_CQL_UUID: return "UUID";
    case MED_CQL_DURATION: return "DURATION";
    case MED_CQL_LIST: return "list";
    case MED_CQL_SET: return "set";
    case MED_CQL_MAP: return "map";
    case MED_CQL_FIELDS: return "user type";
    case MED_CQL_TUPLE: return "tuple type";
    default: return NULL;
  }
}

static bool is_constant(med_cql_term_kind kind) { return kind >= MED_CQL_BOOLEAN && kind <= MED_CQL_DURATION; }

/* The term itself does not fit. */
static int refuse(const med_wide_type *type, const med_cql_term *term, const med_cql_place *place,
                  medley_error *error) {
  pieces p;
  int rc = MEDLEY_NO_MEMORY;
  const char *name = literal_name(term->kind);
  if (write_pieces(type, term, place, &p)) {
    const char *text = p.term.bytes;
    int len = (int)p.term.len - 1;
    if (term->kind == MED_CQL_STRING) text = term->text.bytes, len = (int)term->text.len; /* without quotes */
    if (is_constant(term->kind))
      rc = med_error_set(error, MEDLEY_TYPE, "Invalid %s constant (%.*s) for \"%s\" of type %s", name, len, text,
                         p.place.bytes, p.type.bytes);
    else if (name != NULL)
      rc = med_error_set(error, MEDLEY_TYPE, "Invalid %s literal for %s of type %s", name, p.place.bytes, p.type.bytes);
    else
      rc = med_error_set(error, MEDLEY_TYPE, "Cannot assign value %s to %s of type %s", text, p.place.bytes,
                         p.type.bytes);
  } else {
    rc = med_error_no_memory(error);
  }
  clear_pieces(&p);
  return rc;
}

/* A call whose result has another type. */
static int refuse_call(const med_cql_literals *l, const med_wide_type *type, const med_cql_term *term,
                       const med_cql_place *place, medley_error *error) {
  const med_wide_type *own = NULL;
  med_buffer own_type = {0};
  pieces p;
  int rc = l->type_of(l->context, term, &own, error);
  if (rc != MEDLEY_OK) return rc;
  bool written = write_pieces(type, term, place, &p) && own != NULL && med_wide_type_write(own, &own_type);
  if (written && med_buffer_append_byte(&own_type, 0)) {
    rc = med_error_set(
        error, MEDLEY_TYPE, "Type error: cannot assign result of function %.*s (type %s) to %s (type %s)",
        (int)term->name.name.len, (const char *)term->name.name.bytes, own_type.bytes, p.place.bytes, p.type.bytes);
  } else {
    rc = med_error_no_memory(error);
  }
  med_buffer_clear(&own_type);
  clear_pieces(&p);
  return rc;
}

/* A part of the term does not fit; what: "value", "key", "component 1", "field f". */
static int refuse_part(const med_wide_type *type, const med_cql_term *term, const med_cql_term *part, const char *what,
                       const med_cql_place *place, medley_error *error) {
  pieces p;
  int rc;
  bool shows = term->kind != MED_CQL_TUPLE && term->kind != MED_CQL_FIELDS;
  const char *name = term->kind == MED_CQL_TUPLE ? "tuple" : literal_name(term->kind);
  if (write_pieces(type, part, place, &p))
    rc = med_error_set(error, MEDLEY_TYPE, "Invalid %s literal for %s: %s%s%s is not of type %s", name, p.place.bytes,
                       what, shows ? " " : "", shows ? p.term.bytes : "", p.type.bytes);
  else
    rc = med_error_no_memory(error);
  clear_pieces(&p);
  return rc;
}

/* ---- Whether a literal fits a type ---- */

static bool kind_is(med_wide_kind kind, const med_wide_kind *kinds, size_t count) {
  for (size_t i = 0; i < count; i++) {
    if (kinds[i] == kind) return true;
  }
  return false;
}
#define KIND_IS(kind, ...)                            \
  kind_is(kind, (const med_wide_kind[]){__VA_ARGS__}, \
          sizeof((const med_wide_kind[]){__VA_ARGS__}) / sizeof(med_wide_kind))

static bool constant_fits(med_cql_term_kind literal, med_wide_kind kind) {
  switch (literal) {
    case MED_CQL_STRING:
      return KIND_IS(kind, MED_WIDE_ASCII, MED_WIDE_TEXT, MED_WIDE_INET, MED_WIDE_DATE, MED_WIDE_TIME,
                     MED_WIDE_TIMESTAMP);
    case MED_CQL_INTEGER:
      return KIND_IS(kind, MED_WIDE_BIGINT, MED_WIDE_COUNTER, MED_WIDE_DATE, MED_WIDE_DECIMAL, MED_WIDE_DOUBLE,
                     MED_WIDE_DURATION, MED_WIDE_FLOAT, MED_WIDE_INT, MED_WIDE_SMALLINT, MED_WIDE_TIME,
                     MED_WIDE_TIMESTAMP, MED_WIDE_TINYINT, MED_WIDE_VARINT);
    case MED_CQL_REAL: return KIND_IS(kind, MED_WIDE_DECIMAL, MED_WIDE_DOUBLE, MED_WIDE_FLOAT);
    case MED_CQL_UUID: return KIND_IS(kind, MED_WIDE_UUID, MED_WIDE_TIMEUUID);
    case MED_CQL_BOOLEAN: return kind == MED_WIDE_BOOLEAN;
    case MED_CQL_BLOB: return kind == MED_WIDE_BLOB;
    default: return literal == MED_CQL_DURATION && kind == MED_WIDE_DURATION;
  }
}

bool med_cql_literal_fits(const med_wide_type *type, const med_cql_term *term) {
  return term->kind == MED_CQL_NULL || (is_constant(term->kind) && constant_fits(term->kind, type->kind));
}

/* The literal's shape, not its parts. {} is a map too, and a parenthesis with one term only groups if no tuple is wanted. */
static bool shape_fits(const med_wide_type *type, const med_cql_term *term) {
  switch (term->kind) {
    case MED_CQL_LIST: return type->kind == MED_WIDE_LIST;
    case MED_CQL_SET: return type->kind == MED_WIDE_SET || (term->count == 0 && type->kind == MED_WIDE_MAP);
    case MED_CQL_MAP: return type->kind == MED_WIDE_MAP;
    case MED_CQL_FIELDS: return type->kind == MED_WIDE_UDT;
    case MED_CQL_TUPLE: return type->kind == MED_WIDE_TUPLE && term->count <= type->part_count;
    default: return constant_fits(term->kind, type->kind);
  }
}

static bool only_groups(const med_wide_type *type, const med_cql_term *term) {
  return term->kind == MED_CQL_TUPLE && term->count == 1 && type->kind != MED_WIDE_TUPLE;
}

static int field_index(const med_wide_type *type, med_slice name) {
  for (int i = 0; i < type->part_count; i++) {
    if (med_slice_equal(type->fields[i], name)) return i;
  }
  return -1;
}

/* The type of the part of a literal whose shape fits; NULL for a field that the type has not. */
static const med_wide_type *part_type(const med_wide_type *type, const med_cql_term *term, size_t part) {
  if (type->kind == MED_WIDE_TUPLE) return &type->parts[part];
  if (type->kind == MED_WIDE_MAP) return &type->parts[part % 2];
  if (type->kind != MED_WIDE_UDT) return &type->parts[0];
  int index = field_index(type, term->names[part]);
  return index < 0 ? NULL : &type->parts[index];
}

static size_t part_count(const med_cql_term *term) { return term->kind == MED_CQL_MAP ? 2 * term->count : term->count; }

static int hinted_type(const med_cql_literals *l, const med_cql_term *term, med_wide_type *type, medley_error *error) {
  return med_wide_type_parse(term->type, l->finder, l->finder_context, l->arena, type, error);
}

/* fromJson makes whatever type is wanted. */
static bool takes_what_is_wanted(const med_cql_term *term) {
  return term->kind == MED_CQL_CALL && (med_slice_equal(term->name.name, med_slice_of_text("fromjson")) ||
                                        med_slice_equal(term->name.name, med_slice_of_text("from_json")));
}

/* *fits is set, or a failure answered that has nothing to do with fitting. */
static int look_whether_fits(const med_cql_literals *l, const med_wide_type *type, const med_cql_term *term, bool *fits,
                             medley_error *error) {
  const med_wide_type *own = NULL;
  med_wide_type hinted;
  int rc = MEDLEY_OK;
  *fits = true;
  if (term->kind == MED_CQL_NULL) return MEDLEY_OK;
  if (only_groups(type, term)) return look_whether_fits(l, type, term->items[0], fits, error);
  if (term->kind == MED_CQL_HINT) {
    rc = hinted_type(l, term, &hinted, error);
    if (rc == MEDLEY_OK) *fits = med_cql_type_accepts(type, &hinted);
    return rc;
  }
  if (literal_name(term->kind) == NULL) {
    if (l->type_of != NULL && !takes_what_is_wanted(term)) rc = l->type_of(l->context, term, &own, error);
    if (rc == MEDLEY_OK) *fits = own == NULL || med_cql_type_accepts(type, own);
    return rc;
  }
  *fits = shape_fits(type, term);
  if (is_constant(term->kind)) return MEDLEY_OK;
  for (size_t i = 0; i < part_count(term) && *fits && rc == MEDLEY_OK; i++) {
    const med_wide_type *part = part_type(type, term, i);
    if (part != NULL) rc = look_whether_fits(l, part, term->items[i], fits, error);
  }
  return rc;
}

/* ---- Values of constants ---- */

typedef struct unread_row {
  med_wide_kind kind;
  const char *format;
} unread_row;

/* What Cassandra says of a text that is no value of its type. */
static const unread_row unread_rows[] = {
    {MED_WIDE_TINYINT, "Unable to make byte from '%.*s'"},
    {MED_WIDE_SMALLINT, "Unable to make short from '%.*s'"},
    {MED_WIDE_INT, "Unable to make int from '%.*s'"},
    {MED_WIDE_BIGINT, "Unable to make long from '%.*s'"},
    {MED_WIDE_COUNTER, "Unable to make long from '%.*s'"},
    {MED_WIDE_VARINT, "unable to make int from '%.*s'"},
    {MED_WIDE_DECIMAL, "unable to make BigDecimal from '%.*s'"},
    {MED_WIDE_FLOAT, "Unable to make float from '%.*s'"},
    {MED_WIDE_DOUBLE, "Unable to make double from '%.*s'"},
    {MED_WIDE_BOOLEAN, "unable to make boolean from '%.*s'"},
    {MED_WIDE_UUID, "Unable to make UUID from '%.*s'"},
    {MED_WIDE_TIMEUUID, "Unknown timeuuid representation: %.*s"},
    {MED_WIDE_INET, "Unable to make inet address from '%.*s'"},
    {MED_WIDE_DATE, "Unable to coerce '%.*s' to a formatted date (long)"},
    {MED_WIDE_TIME, "Unable to coerce '%.*s' to a formatted time (long)"},
    {MED_WIDE_TIMESTAMP, "Unable to parse a date/time from '%.*s'"},
    {MED_WIDE_DURATION, "Unable to convert '%.*s' to a duration"},
    {MED_WIDE_ASCII, "Invalid ASCII character in string literal: '%.*s'"},
    {MED_WIDE_TEXT, "Invalid UTF-8 in string literal: '%.*s'"},
    {MED_WIDE_BLOB, "Unable to make bytes from '%.*s'"},
};

static int unread(med_wide_kind kind, med_slice text, int rc, medley_error *error) {
  int len = text.len > 100 ? 100 : (int)text.len;
  if (rc != MEDLEY_TYPE && rc != MEDLEY_RANGE) return rc;
  for (size_t i = 0; i < sizeof unread_rows / sizeof *unread_rows; i++) {
    if (unread_rows[i].kind == kind)
      return med_error_set(error, rc, unread_rows[i].format, len, (const char *)text.bytes);
  }
  return rc;
}

int med_cql_text_value(med_wide_kind kind, med_slice text, med_arena *arena, med_slice *value, medley_error *error) {
  med_buffer buffer = {0};
  int rc = unread(kind, text, med_wide_text_read(kind, text, &buffer, error), error);
  if (rc == MEDLEY_OK) return med_cql_value_take(&buffer, arena, value, error);
  med_buffer_clear(&buffer);
  return rc;
}

static int make_constant(const med_cql_literals *l, const med_wide_type *type, const med_cql_term *term,
                         med_slice *value, medley_error *error) {
  /* The digits of a blob stand behind 0x in the statement, so the text with it is there too. */
  med_slice text = term->text;
  if (term->kind == MED_CQL_BLOB) text = med_slice_of((const char *)text.bytes - 2, text.len + 2);
  return med_cql_text_value(type->kind, text, l->arena, value, error);
}

/* ---- Values of literals with parts ---- */

static int make(const med_cql_literals *l, const med_wide_type *type, const med_cql_term *term,
                const med_cql_place *place, med_slice *value, medley_error *error);

static med_cql_place place_of_part(const med_wide_type *type, const med_cql_term *term, size_t part,
                                   const med_cql_place *outer) {
  med_cql_place place = {.kind = MED_CQL_PLACE_VALUE, .outer = outer, .index = part};
  if (type->kind == MED_WIDE_MAP && part % 2 == 0) place.kind = MED_CQL_PLACE_KEY;
  if (type->kind == MED_WIDE_TUPLE) place.kind = MED_CQL_PLACE_COMPONENT;
  if (type->kind == MED_WIDE_UDT) place.kind = MED_CQL_PLACE_FIELD, place.name = term->names[part];
  return place;
}

static int unknown_field(const med_wide_type *type, med_slice field, medley_error *error) {
  return med_error_set(error, MEDLEY_TYPE, "Unknown field '%.*s' in value of user defined type %.*s", (int)field.len,
                       (const char *)field.bytes, (int)type->name.len, (const char *)type->name.bytes);
}

static int make_parts(const med_cql_literals *l, const med_wide_type *type, const med_cql_term *term,
                      const med_cql_place *place, med_slice *value, medley_error *error) {
  bool is_user_type = type->kind == MED_WIDE_UDT;
  size_t count = part_count(term), room = is_user_type ? type->part_count : count;
  med_slice *parts = med_arena_alloc(l->arena, (room + 1) * sizeof *parts);
  if (parts == NULL) return med_error_no_memory(error);
  memset(parts, 0, (room + 1) * sizeof *parts);
  for (size_t i = 0; i < count; i++) {
    med_cql_place inner = place_of_part(type, term, i, place);
    int index = is_user_type ? field_index(type, term->names[i]) : (int)i;
    if (index < 0) return at_term(l, term, unknown_field(type, term->names[i], error), error);
    int rc = make(l, part_type(type, term, i), term->items[i], &inner, &parts[index], error);
    if (rc != MEDLEY_OK) return rc;
  }
  return at_term(l, term, med_cql_collection_make(type, parts, room, l->arena, value, error), error);
}

/* What fits is made. */
static int make(const med_cql_literals *l, const med_wide_type *type, const med_cql_term *term,
                const med_cql_place *place, med_slice *value, medley_error *error) {
  med_wide_type hinted;
  *value = med_slice_of(NULL, 0);
  if (term->kind == MED_CQL_NULL) return MEDLEY_OK;
  if (only_groups(type, term)) return make(l, type, term->items[0], place, value, error);
  if (term->kind == MED_CQL_HINT) {
    int rc = hinted_type(l, term, &hinted, error);
    return rc != MEDLEY_OK ? at_term(l, term, rc, error)
                           : med_cql_literal(l, &hinted, term->items[0], place, value, error);
  }
  if (is_constant(term->kind)) return at_term(l, term, make_constant(l, type, term, value, error), error);
  if (literal_name(term->kind) != NULL) return make_parts(l, type, term, place, value, error);
  if (l->other == NULL) return at_term(l, term, refuse(type, term, place, error), error);
  return l->other(l->context, type, term, place, value, error);
}

/* ---- From the outside ---- */

static int check_tuple_size(const med_wide_type *type, const med_cql_term *term, const med_cql_place *place,
                            medley_error *error) {
  pieces p;
  int rc;
  if (write_pieces(type, term, place, &p))
    rc = med_error_set(error, MEDLEY_TYPE,
                       "Invalid tuple literal for %s: too many elements. Type %s expects %u but got %zu", p.place.bytes,
                       p.type.bytes, type->part_count, term->count);
  else
    rc = med_error_no_memory(error);
  clear_pieces(&p);
  return rc;
}

/* The first part that does not fit is named; its own parts are not looked for. */
static int check_parts(const med_cql_literals *l, const med_wide_type *type, const med_cql_term *term,
                       const med_cql_place *place, medley_error *error) {
  char what[160];
  for (size_t i = 0; i < part_count(term); i++) {
    const med_wide_type *part = part_type(type, term, i);
    bool fits = true;
    if (part == NULL) continue;
    int rc = look_whether_fits(l, part, term->items[i], &fits, error);
    if (rc != MEDLEY_OK) return at_term(l, term->items[i], rc, error);
    if (fits) continue;
    if (type->kind == MED_WIDE_TUPLE)
      (void)snprintf(what, sizeof what, "component %zu", i);
    else if (type->kind == MED_WIDE_UDT)
      (void)snprintf(what, sizeof what, "field %.*s", (int)term->names[i].len, (const char *)term->names[i].bytes);
    else
      (void)snprintf(what, sizeof what, "%s", type->kind == MED_WIDE_MAP && i % 2 == 0 ? "key" : "value");
    return at_term(l, term->items[i], refuse_part(part, term, term->items[i], what, place, error), error);
  }
  return MEDLEY_OK;
}

int med_cql_literal(const med_cql_literals *l, const med_wide_type *type, const med_cql_term *term,
                    const med_cql_place *place, med_slice *value, medley_error *error) {
  bool fits = true;
  int rc = MEDLEY_OK;
  while (only_groups(type, term)) term = term->items[0];
  bool has_parts = literal_name(term->kind) != NULL && !is_constant(term->kind);
  if (!has_parts) {
    rc = look_whether_fits(l, type, term, &fits, error);
    if (rc != MEDLEY_OK) return at_term(l, term, rc, error);
  } else if (type->kind == MED_WIDE_TUPLE && term->kind == MED_CQL_TUPLE && term->count > type->part_count) {
    return at_term(l, term, check_tuple_size(type, term, place, error), error);
  } else {
    fits = shape_fits(type, term);
  }
  if (!fits && term->kind == MED_CQL_CALL) return at_term(l, term, refuse_call(l, type, term, place, error), error);
  if (!fits) return at_term(l, term, refuse(type, term, place, error), error);
  if (has_parts) rc = check_parts(l, type, term, place, error);
  return rc != MEDLEY_OK ? rc : make(l, type, term, place, value, error);
}

/* ---- Types ---- */

bool med_cql_literal_type(const med_cql_term *term, med_wide_type *type) {
  static const med_wide_kind kinds[] = {
      [MED_CQL_BOOLEAN] = MED_WIDE_BOOLEAN, [MED_CQL_REAL] = MED_WIDE_DOUBLE, [MED_CQL_STRING] = MED_WIDE_TEXT,
      [MED_CQL_BLOB] = MED_WIDE_BLOB,       [MED_CQL_UUID] = MED_WIDE_UUID,   [MED_CQL_DURATION] = MED_WIDE_DURATION};
  med_buffer value = {0};
  if (!is_constant(term->kind)) return false;
  *type = med_wide_type_of(term->kind == MED_CQL_INTEGER ? MED_WIDE_VARINT : kinds[term->kind]);
  if (term->kind != MED_CQL_INTEGER) return true;
  if (med_wide_text_read(MED_WIDE_VARINT, term->text, &value, NULL) == MEDLEY_OK && value.len <= 8)
    *type = med_wide_type_of(value.len <= 4 ? MED_WIDE_INT : MED_WIDE_BIGINT);
  med_buffer_clear(&value);
  return true;
}

/* Frozen or not. */
static bool same_type(const med_wide_type *a, const med_wide_type *b) {
  if (a->kind != b->kind || a->part_count != b->part_count) return false;
  if (!med_slice_equal(a->keyspace, b->keyspace) || !med_slice_equal(a->name, b->name)) return false;
  for (unsigned i = 0; i < a->part_count; i++) {
    if (!same_type(&a->parts[i], &b->parts[i])) return false;
  }
  return true;
}

bool med_cql_type_accepts(const med_wide_type *wanted, const med_wide_type *given) {
  if (wanted->kind == MED_WIDE_BLOB) return true;
  if (wanted->kind == given->kind) return same_type(wanted, given);
  switch (wanted->kind) {
    case MED_WIDE_TEXT: return given->kind == MED_WIDE_ASCII;
    case MED_WIDE_UUID: return given->kind == MED_WIDE_TIMEUUID;
    case MED_WIDE_VARINT: return given->kind == MED_WIDE_INT || given->kind == MED_WIDE_BIGINT;
    case MED_WIDE_BIGINT: return given->kind == MED_WIDE_TIMESTAMP;
    case MED_WIDE_TIMESTAMP: return given->kind == MED_WIDE_BIGINT;
    default: return false;
  }
}
