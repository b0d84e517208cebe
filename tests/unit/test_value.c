/* test_value.c - values: deep copies, conversions as SQLite makes them, the names of languages, and failures told to SQLite. */
#include <check.h>
#include <math.h>

#include "engine/language.h"
#include "engine/sql/tables.h"
#include "tests/unit/property.h"

static medley_value text_of(const char *bytes) {
  medley_value value = {.type = MEDLEY_TYPE_TEXT};
  value.as.text.bytes = bytes;
  value.as.text.len = strlen(bytes);
  return value;
}

static medley_value integer_of(int64_t integer) {
  return (medley_value){.type = MEDLEY_TYPE_INTEGER, .as.integer = integer};
}

static bool is_text(const medley_value *value, const char *text) {
  return value->type == MEDLEY_TYPE_TEXT && value->as.text.len == strlen(text) &&
         memcmp(value->as.text.bytes, text, value->as.text.len) == 0;
}

START_TEST(a_copy_of_a_graphs_values_shares_nothing) {
  char label[] = "Person", name[] = "name", ann[] = "Ann", knows[] = "KNOWS";
  medley_value labels_items[] = {text_of(label)}, keys[] = {text_of(name)}, values[] = {text_of(ann)};
  medley_value labels = {.type = MEDLEY_TYPE_LIST}, properties = {.type = MEDLEY_TYPE_MAP}, type = text_of(knows);
  labels.as.list.items = labels_items;
  labels.as.list.count = 1;
  properties.as.map.keys = keys;
  properties.as.map.values = values;
  properties.as.map.count = 1;
  medley_value path_items[3] = {
      {.type = MEDLEY_TYPE_NODE}, {.type = MEDLEY_TYPE_RELATIONSHIP}, {.type = MEDLEY_TYPE_NODE}};
  path_items[0].as.node.id = 1;
  path_items[0].as.node.labels = &labels;
  path_items[0].as.node.properties = &properties;
  path_items[1].as.relationship.start_id = 1;
  path_items[1].as.relationship.end_id = 2;
  path_items[1].as.relationship.type = &type;
  path_items[1].as.relationship.properties = &properties;
  path_items[2].as.node.id = 2; /* without labels and properties */
  medley_value path = {.type = MEDLEY_TYPE_PATH}, copy;
  path.as.list.items = path_items;
  path.as.list.count = 3;
  med_arena arena = {0};
  ck_assert_int_eq(med_value_copy(&arena, &path, &copy), MEDLEY_OK);
  label[0] = name[0] = ann[0] = knows[0] = '?';
  memset(path_items, 0, sizeof path_items);
  ck_assert_int_eq(copy.type, MEDLEY_TYPE_PATH);
  ck_assert_uint_eq(copy.as.list.count, 3);
  const medley_value *item = copy.as.list.items;
  ck_assert(is_text(&item[0].as.node.labels->as.list.items[0], "Person"));
  ck_assert(is_text(&item[0].as.node.properties->as.map.keys[0], "name"));
  ck_assert(is_text(&item[0].as.node.properties->as.map.values[0], "Ann"));
  ck_assert(is_text(item[1].as.relationship.type, "KNOWS"));
  ck_assert(is_text(&item[1].as.relationship.properties->as.map.values[0], "Ann"));
  ck_assert_int_eq(item[1].as.relationship.end_id, 2);
  ck_assert_ptr_null(item[2].as.node.labels);
  ck_assert_ptr_null(item[2].as.node.properties);
  med_arena_clear(&arena);
}
END_TEST

/* Each of them in every place where a value may stand. */
START_TEST(what_is_no_value_is_refused_wherever_it_stands) {
  medley_value wrong = {.type = (medley_type)99}, copy, good = integer_of(1);
  med_arena arena = {0};
  ck_assert_int_eq(med_value_copy(&arena, &wrong, &copy), MEDLEY_TYPE);
  medley_value list = {.type = MEDLEY_TYPE_LIST};
  list.as.list.items = &wrong;
  list.as.list.count = 1;
  ck_assert_int_eq(med_value_copy(&arena, &list, &copy), MEDLEY_TYPE);
  medley_value map = {.type = MEDLEY_TYPE_MAP};
  map.as.map.count = 1;
  map.as.map.keys = &wrong;
  map.as.map.values = &good;
  ck_assert_int_eq(med_value_copy(&arena, &map, &copy), MEDLEY_TYPE);
  map.as.map.keys = &good;
  map.as.map.values = &wrong;
  ck_assert_int_eq(med_value_copy(&arena, &map, &copy), MEDLEY_TYPE);
  medley_value node = {.type = MEDLEY_TYPE_NODE};
  node.as.node.labels = &wrong;
  ck_assert_int_eq(med_value_copy(&arena, &node, &copy), MEDLEY_TYPE);
  node.as.node.labels = NULL;
  node.as.node.properties = &wrong;
  ck_assert_int_eq(med_value_copy(&arena, &node, &copy), MEDLEY_TYPE);
  medley_value relationship = {.type = MEDLEY_TYPE_RELATIONSHIP};
  relationship.as.relationship.type = &wrong;
  ck_assert_int_eq(med_value_copy(&arena, &relationship, &copy), MEDLEY_TYPE);
  relationship.as.relationship.type = NULL;
  relationship.as.relationship.properties = &wrong;
  ck_assert_int_eq(med_value_copy(&arena, &relationship, &copy), MEDLEY_TYPE);
  medley_value endless = text_of("x");
  endless.as.text.len = MEDLEY_NUL_ENDED; /* a forgotten length */
  ck_assert_int_eq(med_value_copy(&arena, &endless, &copy), MEDLEY_TOO_BIG);
  medley_value nested[150];
  for (int i = 0; i < 149; i++) {
    nested[i] = (medley_value){.type = MEDLEY_TYPE_LIST};
    nested[i].as.list.items = &nested[i + 1];
    nested[i].as.list.count = 1;
  }
  nested[149] = good;
  ck_assert_int_eq(med_value_copy(&arena, &nested[0], &copy), MEDLEY_TOO_BIG);
  ck_assert_int_eq(med_value_copy(&arena, &nested[60], &copy), MEDLEY_OK);
  med_arena_clear(&arena);
}
END_TEST

/* The same numbers as sqlite3_column_int64 and its like give. */
START_TEST(conversions_are_sqlites) {
  static const char *const texts[] = {"12",
                                      " \t\n12x",
                                      "-7.9e1",
                                      "1e400",
                                      "-1e400",
                                      "0x1F",
                                      "",
                                      "x",
                                      ".5",
                                      "+.5e1",
                                      "-",
                                      "99999999999999999999",
                                      "-99999999999999999999",
                                      "nan",
                                      "inf",
                                      "1.",
                                      "007",
                                      "\v\f\r3"};
  sqlite3 *sqlite;
  sqlite3_stmt *statement;
  ck_assert_int_eq(sqlite3_open(":memory:", &sqlite), SQLITE_OK);
  ck_assert_int_eq(sqlite3_prepare_v2(sqlite, "SELECT ?", -1, &statement, NULL), SQLITE_OK);
  for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
    size_t len = strlen(texts[i]);
    sqlite3_bind_text(statement, 1, texts[i], (int)len, SQLITE_STATIC);
    ck_assert_int_eq(sqlite3_step(statement), SQLITE_ROW);
    ck_assert_msg(med_value_text_to_integer(texts[i], len) == sqlite3_column_int64(statement, 0), "'%s'", texts[i]);
    double ours = med_value_text_to_real(texts[i], len), theirs = sqlite3_column_double(statement, 0);
    ck_assert_msg(memcmp(&ours, &theirs, sizeof ours) == 0 || ours == theirs, "'%s': %g, %g", texts[i], ours, theirs);
    sqlite3_reset(statement);
  }
  static const double reals[] = {0.1, -2.0, 1e300, 1e-7, 123456789012345678.0, 3.0, -9.3e18, 9.3e18, 1e15};
  for (size_t i = 0; i < sizeof reals / sizeof reals[0]; i++) {
    char text[64];
    sqlite3_bind_double(statement, 1, reals[i]);
    ck_assert_int_eq(sqlite3_step(statement), SQLITE_ROW);
    ck_assert_int_eq(med_value_real_to_integer(reals[i]), sqlite3_column_int64(statement, 0));
    size_t len = med_value_real_to_text(reals[i], text, sizeof text);
    ck_assert_uint_eq(len, strlen(text));
    ck_assert_str_eq(text, (const char *)sqlite3_column_text(statement, 0));
    sqlite3_reset(statement);
  }
  sqlite3_finalize(statement);
  sqlite3_close(sqlite);
  char text[64];
  ck_assert_int_eq(med_value_real_to_integer(NAN), 0);
  med_value_real_to_text(INFINITY, text, sizeof text);
  ck_assert_str_eq(text, "Inf");
  med_value_real_to_text(-INFINITY, text, sizeof text);
  ck_assert_str_eq(text, "-Inf");
  char longer[1000]; /* of more digits than are looked at */
  memset(longer, '0', sizeof longer);
  longer[0] = '2';
  ck_assert(med_value_text_to_real(longer, sizeof longer) > 1e300);
}
END_TEST

START_TEST(languages_are_found_by_their_names) {
  ck_assert_int_eq(medley_language_by_name("Redis", MEDLEY_NUL_ENDED), MEDLEY_LANGUAGE_REDIS);
  ck_assert_int_eq(medley_language_by_name("sqlite", 3), MEDLEY_LANGUAGE_SQL);
  ck_assert_int_eq(medley_language_by_name("sqlite", 6), MEDLEY_LANGUAGE_NONE);
  ck_assert_int_eq(medley_language_by_name(NULL, 0), MEDLEY_LANGUAGE_NONE);
  ck_assert_str_eq(medley_language_name(MEDLEY_LANGUAGE_CYPHER), "cypher");
  ck_assert_ptr_null(medley_language_name(MEDLEY_LANGUAGE_NONE));
}
END_TEST

START_TEST(a_virtual_tables_failure_has_sqlites_code_and_our_words) {
  static const struct {
    int ours, theirs;
  } codes[] = {{MEDLEY_OK, SQLITE_OK},
               {MEDLEY_NO_MEMORY, SQLITE_NOMEM},
               {MEDLEY_FULL, SQLITE_FULL},
               {MEDLEY_TXN_TOO_BIG, SQLITE_FULL},
               {MEDLEY_CONSTRAINT, SQLITE_CONSTRAINT_VTAB},
               {MEDLEY_EXISTS, SQLITE_CONSTRAINT_VTAB},
               {MEDLEY_READ_ONLY, SQLITE_READONLY},
               {MEDLEY_TOO_BIG, SQLITE_TOOBIG},
               {MEDLEY_TYPE, SQLITE_MISMATCH},
               {MEDLEY_CORRUPT, SQLITE_CORRUPT_VTAB},
               {MEDLEY_INTERRUPTED, SQLITE_INTERRUPT},
               {MEDLEY_DEADLINE, SQLITE_INTERRUPT},
               {MEDLEY_IO, SQLITE_ERROR}};
  medley_options options;
  medley_error error = {0};
  medley *db;
  medley_session *session;
  medley_options_init(&options);
  options.flags = MEDLEY_OPEN_MEMORY;
  ck_assert_int_eq(medley_open(NULL, &options, &db, &error), MEDLEY_OK);
  ck_assert_int_eq(medley_session_open(db, &session, &error), MEDLEY_OK);
  sqlite3_vtab table = {0};
  for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
    ck_assert_int_eq(med_sql_tables_fail(session, &table, codes[i].ours), codes[i].theirs);
    if (codes[i].ours != MEDLEY_OK) ck_assert_str_eq(table.zErrMsg, medley_status_text(codes[i].ours));
    med_error_set(med_session_error_slot(session), codes[i].ours, "our own words");
    ck_assert_int_eq(med_sql_tables_fail(session, &table, codes[i].ours), codes[i].theirs);
    ck_assert_str_eq(table.zErrMsg, "our own words");
    med_error_clear(med_session_error_slot(session));
  }
  sqlite3_free(table.zErrMsg);
  ck_assert_int_eq(medley_session_close(session), MEDLEY_OK);
  ck_assert_int_eq(medley_close(db), MEDLEY_OK);
}
END_TEST

PROPERTY_MAIN("value", a_copy_of_a_graphs_values_shares_nothing, what_is_no_value_is_refused_wherever_it_stands,
              conversions_are_sqlites, languages_are_found_by_their_names,
              a_virtual_tables_failure_has_sqlites_code_and_our_words)
