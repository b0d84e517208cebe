/* cql_kit.h - CQL's terms as text with every structure visible, and a statement parsed or refused. */
#ifndef CQL_KIT_H
#define CQL_KIT_H

#include <string.h>

#include "engine/cql/literal.h"
#include "engine/cql/parser.h"
#include "models/widecolumn/value_text.h"
#include "tests/unit/property.h"

static inline void cql_add(med_buffer *text, const char *bytes, size_t len) {
  ck_assert(len == 0 || med_buffer_append(text, bytes, len));
}
static inline void cql_add_text(med_buffer *text, const char *bytes) { cql_add(text, bytes, strlen(bytes)); }
static inline void cql_add_slice(med_buffer *text, med_slice slice) { cql_add(text, slice.bytes, slice.len); }

/* kind[text or name](items): 1 + ? is +(int 1, ?1). */
static inline void cql_add_term(med_buffer *text, const med_cql_term *term) {
  static const char *const names[] = {"null", "boolean", "int", "real",   "string", "blob",  "uuid",    "duration",
                                      "list", "set",     "map", "fields", "tuple",  "?",     "call",    "cast",
                                      "hint", "negate",  "",    "*",      "column", "field", "element", "slice"};
  if (term == NULL) {
    cql_add_text(text, "none");
    return;
  }
  cql_add_text(text, names[term->kind]);
  if (term->kind == MED_CQL_MARKER) ck_assert(med_buffer_printf(text, "%d", term->parameter));
  if (term->kind == MED_CQL_ARITHMETIC) cql_add(text, &term->operation, 1);
  if (term->text.len > 0 || term->name.name.len > 0 || term->type.len > 0) cql_add_text(text, " ");
  cql_add_slice(text, term->text);
  if (term->name.keyspace.len > 0) cql_add_slice(text, term->name.keyspace), cql_add_text(text, ".");
  cql_add_slice(text, term->name.name);
  cql_add_slice(text, term->type);
  size_t count = term->kind == MED_CQL_MAP ? 2 * term->count : term->count;
  if (count == 0) return;
  cql_add_text(text, "(");
  for (size_t i = 0; i < count; i++) {
    if (i > 0) cql_add_text(text, ", ");
    if (term->kind == MED_CQL_FIELDS) cql_add_slice(text, term->names[i]), cql_add_text(text, ": ");
    cql_add_term(text, term->items[i]);
  }
  cql_add_text(text, ")");
}

typedef struct cql_parsed {
  med_arena arena;
  med_cql_statement *statement;
  med_cql_markers markers;
  size_t used;
  medley_error error;
  int status;
} cql_parsed;

static inline void cql_parse_bytes(cql_parsed *parsed, med_slice text) {
  memset(parsed, 0, sizeof *parsed);
  parsed->status =
      med_cql_parse(text, &parsed->arena, &parsed->statement, &parsed->markers, &parsed->used, &parsed->error);
}

static inline void cql_parse(cql_parsed *parsed, const char *text) {
  cql_parse_bytes(parsed, med_slice_of_text(text));
  ck_assert_msg(parsed->status == MEDLEY_OK, "%s: %s", text, parsed->error.message);
}

static inline void cql_clear(cql_parsed *parsed) { med_arena_clear(&parsed->arena); }

static inline void cql_refused(const char *text, int status, int line, int column, const char *message) {
  cql_parsed parsed;
  cql_parse_bytes(&parsed, med_slice_of_text(text));
  ck_assert_msg(parsed.status == status, "%s: %d %s", text, parsed.status, parsed.error.message);
  ck_assert_str_eq(parsed.error.message, message);
  ck_assert_msg(parsed.error.line == line && parsed.error.column == column, "%s: %d:%d", text, parsed.error.line,
                parsed.error.column);
  ck_assert(parsed.statement == NULL);
  cql_clear(&parsed);
}

/* user type u: {a int, "B" text}, of keyspace ks */
static inline int cql_find_type(void *context, med_slice keyspace, med_slice name, med_wide_type *type) {
  static const med_wide_type parts[] = {{.kind = MED_WIDE_INT}, {.kind = MED_WIDE_TEXT}};
  static const med_slice fields[] = {{"a", 1}, {"B", 1}};
  (void)context;
  (void)keyspace;
  if (!med_slice_equal(name, med_slice_of_text("u"))) return MEDLEY_NOT_FOUND;
  *type = (med_wide_type){.kind = MED_WIDE_UDT, .part_count = 2, .parts = parts, .fields = fields};
  type->keyspace = med_slice_of_text("ks");
  type->name = med_slice_of_text("u");
  return MEDLEY_OK;
}

static inline void cql_type(const char *text, med_arena *arena, med_wide_type *type) {
  ck_assert_msg(med_wide_type_parse(med_slice_of_text(text), cql_find_type, NULL, arena, type, NULL) == MEDLEY_OK, "%s",
                text);
}

/* The value of a type as CQL writes it. */
static inline void cql_value_is(const med_wide_type *type, med_slice value, const char *wanted, const char *what) {
  med_buffer text = {0};
  medley_error error = {0};
  ck_assert_msg(med_wide_value_check(type, value, &error) == MEDLEY_OK, "%s: %s", what, error.message);
  ck_assert(med_wide_text_write(type, value, &text) && med_buffer_append_byte(&text, 0));
  ck_assert_msg(strcmp(text.bytes, wanted) == 0, "%s: %s instead of %s", what, text.bytes, wanted);
  med_buffer_clear(&text);
}

/* The value of a literal of a type; text "null" is null. */
static inline med_slice cql_literal(const med_wide_type *type, const char *text, med_arena *arena) {
  char *statement = med_arena_alloc(arena, strlen(text) + 64);
  med_cql_statement *parsed;
  med_cql_markers markers;
  size_t used;
  medley_error error = {0};
  med_slice value;
  ck_assert(statement != NULL);
  sprintf(statement, "INSERT INTO t (c) VALUES (%s)", text);
  ck_assert_msg(med_cql_parse(med_slice_of_text(statement), arena, &parsed, &markers, &used, &error) == MEDLEY_OK,
                "%s: %s", text, error.message);
  med_cql_literals literals = {.arena = arena, .finder = cql_find_type};
  med_cql_place place = med_cql_place_of(med_slice_of_text("c"));
  ck_assert_msg(med_cql_literal(&literals, type, parsed->as.insert.values[0], &place, &value, &error) == MEDLEY_OK,
                "%s: %s", text, error.message);
  return value;
}

#define ck_assert_slice_eq(slice, literal)                                                                          \
  do {                                                                                                              \
    med_slice found_slice = (slice);                                                                                \
    ck_assert_msg(med_slice_equal(found_slice, med_slice_of_text(literal)), "%.*s is not %s", (int)found_slice.len, \
                  (const char *)found_slice.bytes, literal);                                                        \
  } while (0)

#endif
