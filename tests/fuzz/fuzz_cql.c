/* fuzz_cql.c - CQL: statements parsed one after another; literals, texts and JSON of every type made into values.
 *
 * The first byte chooses: 0 statements, 1 a literal, 2 JSON, 3 a text without quotes. The second one, except before
 * statements, chooses the type. What was made must be a value of its type, and JSON must give it back. */
#include "engine/cql/functions.h"
#include "engine/cql/json.h"
#include "engine/cql/convert.h"
#include "engine/cql/parser.h"
#include "models/widecolumn/value_text.h"
#include "tests/fuzz/target.h"

static const char *const types[] = {"ascii",
                                    "bigint",
                                    "blob",
                                    "boolean",
                                    "counter",
                                    "decimal",
                                    "double",
                                    "float",
                                    "int",
                                    "timestamp",
                                    "uuid",
                                    "text",
                                    "varint",
                                    "timeuuid",
                                    "inet",
                                    "date",
                                    "time",
                                    "smallint",
                                    "tinyint",
                                    "duration",
                                    "list<int>",
                                    "set<text>",
                                    "map<int, text>",
                                    "map<frozen<list<text>>, frozen<set<double>>>",
                                    "tuple<int, text, timestamp>",
                                    "list<frozen<tuple<decimal, frozen<map<text, blob>>>>>",
                                    "set<varint>"};

enum { STATEMENTS_MAX = 200, TERM_LEN_MAX = 4096 };

/* Every term that a SELECT list reaches, as deep as it goes. */
static unsigned height_of(const med_cql_term *term) {
  unsigned height = 0;
  size_t count = term->kind == MED_CQL_MAP ? 2 * term->count : term->count;
  for (size_t i = 0; i < count; i++) {
    unsigned below = term->items[i] != NULL ? height_of(term->items[i]) : 0;
    if (below > height) height = below;
  }
  return height + 1;
}

static void look_at(const med_cql_statement *statement, size_t marker_count) {
  if (statement->kind != MED_CQL_SELECT) return;
  MUST(statement->as.select.selector_count == 0 || marker_count < 1u << 20);
  for (size_t i = 0; i < statement->as.select.selector_count; i++) {
    const med_cql_term *term = statement->as.select.selectors[i].term;
    med_buffer text = {0};
    MUST(height_of(term) == term->height && term->height <= MED_CQL_DEPTH_MAX);
    MUST(med_cql_term_write(term, &text));
    med_buffer_clear(&text);
  }
}

static void run_statements(const char *bytes, size_t len) {
  for (int i = 0; i < STATEMENTS_MAX && len > 0; i++) {
    med_arena arena = {0};
    med_cql_statement *statement;
    med_cql_markers markers;
    medley_error error = {0};
    size_t used = 0;
    int rc = med_cql_parse(med_slice_of(bytes, len), &arena, &statement, &markers, &used, &error);
    MUST(used > 0 && used <= len);
    MUST(rc == MEDLEY_OK || (statement == NULL && error.status == rc && error.line > 0));
    if (statement != NULL) look_at(statement, markers.count);
    med_arena_clear(&arena);
    if (rc != MEDLEY_OK) return;
    bytes += used;
    len -= used;
  }
}

/* JSON has no NaN, no infinity, and no null keys that are not text; what else it has comes back as it was. */
static bool json_holds(const med_wide_type *type) {
  if (type->kind == MED_WIDE_DOUBLE || type->kind == MED_WIDE_FLOAT) return false;
  for (unsigned i = 0; i < type->part_count; i++) {
    if (!json_holds(&type->parts[i])) return false;
  }
  return true;
}

static void look_at_value(const med_wide_type *type, med_slice value, med_arena *arena) {
  med_buffer text = {0};
  med_slice again;
  medley_value shown;
  med_cql_place place = med_cql_place_of(med_slice_of_text("c"));
  MUST(med_wide_value_check(type, value, NULL) == MEDLEY_OK);
  MUST(med_wide_text_write(type, value, &text));
  text.len = 0;
  MUST(med_cql_json_write(type, value, &text));
  if (json_holds(type)) {
    MUST(med_cql_json_read(type, med_slice_of(text.bytes, text.len), arena, &again, NULL) == MEDLEY_OK);
    MUST(med_wide_value_compare(type, value, again) == 0);
  }
  MUST(med_cql_show(type, value, arena, &shown, NULL) == MEDLEY_OK);
  MUST(med_cql_bind(type, &shown, &place, arena, &again, NULL) == MEDLEY_OK);
  MUST(med_wide_value_compare(type, value, again) == 0);
  med_buffer_clear(&text);
}

static void run_literal(const med_wide_type *type, const char *bytes, size_t len, med_arena *arena) {
  static const char before[] = "INSERT INTO t (c) VALUES (";
  med_cql_statement *statement;
  med_cql_markers markers;
  med_slice value;
  size_t used;
  if (len > TERM_LEN_MAX) return;
  char *text = med_arena_alloc(arena, sizeof before + len + 1);
  MUST(text != NULL);
  memcpy(text, before, sizeof before - 1);
  memcpy(text + sizeof before - 1, bytes, len);
  text[sizeof before - 1 + len] = ')';
  med_slice all = med_slice_of(text, sizeof before + len);
  if (med_cql_parse(all, arena, &statement, &markers, &used, NULL) != MEDLEY_OK || statement->as.insert.count != 1)
    return;
  med_cql_literals literals = {.text = all, .arena = arena};
  med_cql_place place = med_cql_place_of(med_slice_of_text("c"));
  if (med_cql_literal(&literals, type, statement->as.insert.values[0], &place, &value, NULL) == MEDLEY_OK)
    look_at_value(type, value, arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
  input in = {bytes, size};
  med_arena arena = {0};
  med_wide_type type;
  med_slice value;
  unsigned what = input_byte(&in) % 4u;
  if (what == 0) {
    run_statements((const char *)in.bytes, in.left);
    return 0;
  }
  const char *name = types[input_byte(&in) % (sizeof types / sizeof *types)];
  MUST(med_wide_type_parse(med_slice_of_text(name), NULL, NULL, &arena, &type, NULL) == MEDLEY_OK);
  med_slice text = med_slice_of(in.bytes, in.left);
  if (what == 1) {
    run_literal(&type, text.bytes, text.len, &arena);
  } else if (what == 2) {
    if (med_cql_json_read(&type, text, &arena, &value, NULL) == MEDLEY_OK) look_at_value(&type, value, &arena);
  } else if (type.kind < MED_WIDE_LIST) {
    if (med_cql_text_value(type.kind, text, &arena, &value, NULL) == MEDLEY_OK) look_at_value(&type, value, &arena);
  }
  med_arena_clear(&arena);
  return 0;
}
