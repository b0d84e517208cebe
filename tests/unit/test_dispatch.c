/* test_dispatch.c - statements as a program meets them: tails, parameters, columns, positions, misuse. */
#include "tests/unit/session_kit.h"

static medley_statement *prepare(medley_session *session, medley_language language, const char *text) {
  medley_statement *statement;
  int rc = medley_prepare(session, language, text, MEDLEY_NUL_ENDED, &statement, NULL);
  ck_assert_msg(rc == MEDLEY_OK, "%s: %s", text, medley_session_error(session)->message);
  return statement;
}

START_TEST(the_tail_is_where_the_next_statement_begins) {
  session_kit kit;
  kit_open(&kit);
  const char *text = "SELECT 1; -- one\n SELECT 2;  ", *tail;
  medley_statement *statement;
  ck_assert_int_eq(medley_prepare(kit.session, MEDLEY_LANGUAGE_SQL, text, MEDLEY_NUL_ENDED, &statement, &tail),
                   MEDLEY_OK);
  ck_assert_str_eq(tail, " -- one\n SELECT 2;  ");
  medley_statement_close(statement);
  ck_assert_int_eq(medley_prepare(kit.session, MEDLEY_LANGUAGE_SQL, tail, MEDLEY_NUL_ENDED, &statement, &tail),
                   MEDLEY_OK);
  medley_statement_close(statement);
  ck_assert_int_eq(medley_prepare(kit.session, MEDLEY_LANGUAGE_SQL, tail, MEDLEY_NUL_ENDED, &statement, &tail),
                   MEDLEY_OK);
  ck_assert_ptr_null(statement);
  kit_close(&kit);
}
END_TEST

START_TEST(parameters_are_found_by_every_style_of_name) {
  session_kit kit;
  kit_open(&kit);
  medley_statement *statement = prepare(kit.session, MEDLEY_LANGUAGE_SQL, "SELECT ?1, :a, @b, $c, :a, ?");
  ck_assert_int_eq(medley_bind_count(statement), 5);
  ck_assert_int_eq(medley_bind_index(statement, "a"), 2);
  ck_assert_int_eq(medley_bind_index(statement, ":a"), 2);
  ck_assert_int_eq(medley_bind_index(statement, "@b"), 3);
  ck_assert_int_eq(medley_bind_index(statement, "$c"), 4);
  ck_assert_int_eq(medley_bind_index(statement, "d"), 0);
  ck_assert_ptr_null(medley_bind_name(statement, 5));
  ck_assert_int_eq(medley_bind_integer(statement, 6, 1), MEDLEY_RANGE);
  ck_assert_int_eq(medley_bind_integer(statement, 0, 1), MEDLEY_RANGE);
  ck_assert_int_eq(medley_bind_integer(statement, 1, -5), MEDLEY_OK);
  char word[] = "copied";
  ck_assert_int_eq(medley_bind_text(statement, 2, word, MEDLEY_NUL_ENDED), MEDLEY_OK);
  word[0] = 'X';
  ck_assert_int_eq(medley_bind_real(statement, 3, 0.5), MEDLEY_OK);
  ck_assert_int_eq(medley_bind_blob(statement, 4, "a\0b", 3), MEDLEY_OK);
  ck_assert_int_eq(medley_bind_boolean(statement, 5, 7), MEDLEY_OK);
  for (int round = 0; round < 2; round++) {
    ck_assert_int_eq(medley_step(statement), MEDLEY_ROW);
    ck_assert_int_eq(medley_column_integer(statement, 0), -5);
    ck_assert_str_eq(medley_column_text(statement, 1), "copied");
    ck_assert(medley_column_real(statement, 2) == 0.5);
    ck_assert_uint_eq(medley_column_bytes(statement, 3), 3);
    ck_assert_int_eq(memcmp(medley_column_blob(statement, 3), "a\0b", 3), 0);
    ck_assert_int_eq(medley_column_type(statement, 3), MEDLEY_TYPE_BLOB);
    ck_assert_str_eq(medley_column_text(statement, 4), "copied");
    ck_assert_int_eq(medley_column_boolean(statement, 5), 1);
    ck_assert_int_eq(medley_reset(statement), MEDLEY_OK);
  }
  ck_assert_int_eq(medley_bind_clear(statement), MEDLEY_OK);
  ck_assert_int_eq(medley_step(statement), MEDLEY_ROW);
  ck_assert_int_eq(medley_column_type(statement, 0), MEDLEY_TYPE_NULL);
  medley_statement_close(statement);
  kit_close(&kit);
}
END_TEST

START_TEST(numbers_and_texts_convert_as_in_sqlite) {
  session_kit kit;
  kit_open(&kit);
  medley_statement *statement =
      prepare(kit.session, MEDLEY_LANGUAGE_SQL, "SELECT ' 12abc', 3.99, 'x', 9e99, -7, x'3132', '1e3', NULL, 0.1");
  ck_assert_int_eq(medley_step(statement), MEDLEY_ROW);
  ck_assert_int_eq(medley_column_integer(statement, 0), 12);
  ck_assert_int_eq(medley_column_integer(statement, 1), 3);
  ck_assert_int_eq(medley_column_integer(statement, 2), 0);
  ck_assert_int_eq(medley_column_integer(statement, 3), INT64_MAX);
  ck_assert_str_eq(medley_column_text(statement, 4), "-7");
  ck_assert_int_eq(medley_column_integer(statement, 5), 12);
  ck_assert(medley_column_real(statement, 6) == 1000);
  ck_assert_str_eq(medley_column_text(statement, 7), "");
  ck_assert_str_eq(medley_column_text(statement, 8), "0.1");
  ck_assert_str_eq(medley_column_text(statement, 99), "");
  ck_assert_int_eq(medley_column_integer(statement, -1), 0);
  medley_statement_close(statement);
  kit_close(&kit);
}
END_TEST

START_TEST(a_length_belongs_to_its_row_and_column) {
  session_kit kit;
  kit_open(&kit);
  medley_statement *statement =
      prepare(kit.session, MEDLEY_LANGUAGE_SQL, "SELECT 'longer', x'0001' UNION ALL SELECT 'abc', 12345");
  ck_assert_int_eq(medley_step(statement), MEDLEY_ROW);
  ck_assert_str_eq(medley_column_text(statement, 0), "longer");
  ck_assert_uint_eq(medley_column_bytes(statement, 1), 2);
  ck_assert_uint_eq(medley_column_bytes(statement, 0), 6);
  ck_assert_uint_eq(medley_column_bytes(statement, 2), 0);
  ck_assert_int_eq(medley_step(statement), MEDLEY_ROW);
  ck_assert_uint_eq(medley_column_bytes(statement, 0), 3);
  ck_assert_uint_eq(medley_column_bytes(statement, 1), 5);
  ck_assert_int_eq(medley_step(statement), MEDLEY_DONE);
  ck_assert_uint_eq(medley_column_bytes(statement, 1), 0);
  medley_statement_close(statement);
  kit_close(&kit);
}
END_TEST

START_TEST(an_error_has_its_language_and_its_position_in_the_whole_text) {
  session_kit kit;
  kit_open(&kit);
  ck_assert_int_eq(
      medley_exec(kit.session, MEDLEY_LANGUAGE_SQL, "SELECT 1;\nSELECT 2;\n  SELEC 3", MEDLEY_NUL_ENDED, NULL, NULL),
      MEDLEY_SYNTAX);
  const medley_error *error = medley_session_error(kit.session);
  ck_assert_int_eq(error->language, MEDLEY_LANGUAGE_SQL);
  ck_assert_int_eq(error->line, 3);
  ck_assert_int_eq(error->column, 3);
  ck_assert_int_eq(medley_exec(kit.session, MEDLEY_LANGUAGE_REDIS, "SET a 1\nNOSUCH x", MEDLEY_NUL_ENDED, NULL, NULL),
                   MEDLEY_SYNTAX);
  ck_assert_int_eq(error->language, MEDLEY_LANGUAGE_REDIS);
  ck_assert_int_eq(error->line, 2);
  medley_statement *statement;
  ck_assert_int_eq(medley_prepare(kit.session, MEDLEY_LANGUAGE_CYPHER, "MATCH (n)", MEDLEY_NUL_ENDED, &statement, NULL),
                   MEDLEY_UNSUPPORTED);
  ck_assert_str_eq(medley_session_error(kit.session)->message, "cypher is not built yet");
  ck_assert_int_eq(medley_prepare(kit.session, (medley_language)77, "x", MEDLEY_NUL_ENDED, &statement, NULL),
                   MEDLEY_UNSUPPORTED);
  kit_close(&kit);
}
END_TEST

static int stop_at_two(void *context, medley_statement *statement) {
  int *count = context;
  (void)statement;
  return ++*count == 2;
}

START_TEST(a_row_callback_can_stop_a_text) {
  session_kit kit;
  kit_open(&kit);
  int count = 0;
  ck_assert_int_eq(medley_exec(kit.session, MEDLEY_LANGUAGE_SQL, "VALUES (1), (2), (3); SELECT nothing",
                               MEDLEY_NUL_ENDED, stop_at_two, &count),
                   MEDLEY_INTERRUPTED);
  ck_assert_int_eq(count, 2);
  kit_close(&kit);
}
END_TEST

START_TEST(a_schema_change_is_followed_by_prepared_statements) {
  session_kit kit;
  kit_open(&kit);
  SQL_OK(kit.session, "CREATE TABLE t(a); INSERT INTO t VALUES (1)");
  medley_statement *statement = prepare(kit.session, MEDLEY_LANGUAGE_SQL, "SELECT * FROM t");
  ck_assert_int_eq(medley_column_count(statement), 1);
  SQL_OK(kit.session, "ALTER TABLE t ADD COLUMN b DEFAULT 5");
  ck_assert_int_eq(medley_step(statement), MEDLEY_ROW);
  ck_assert_int_eq(medley_column_count(statement), 2);
  ck_assert_int_eq(medley_column_integer(statement, 1), 5);
  ck_assert_str_eq(medley_column_name(statement, 1), "b");
  medley_statement_close(statement);
  kit_close(&kit);
}
END_TEST

START_TEST(lists_and_maps_are_refused_as_sql_parameters) {
  session_kit kit;
  kit_open(&kit);
  medley_value item = {.type = MEDLEY_TYPE_INTEGER, .as.integer = 1};
  medley_value list = {.type = MEDLEY_TYPE_LIST, .as.list = {&item, 1}};
  medley_statement *statement = prepare(kit.session, MEDLEY_LANGUAGE_SQL, "SELECT ?");
  ck_assert_int_eq(medley_bind_value(statement, 1, &list), MEDLEY_OK);
  ck_assert_int_eq(medley_step(statement), MEDLEY_TYPE);
  medley_value deep[200];
  deep[0] = item;
  for (int i = 1; i < 200; i++) deep[i] = (medley_value){.type = MEDLEY_TYPE_LIST, .as.list = {&deep[i - 1], 1}};
  ck_assert_int_eq(medley_bind_value(statement, 1, &deep[199]), MEDLEY_TOO_BIG);
  medley_statement_close(statement);
  kit_close(&kit);
}
END_TEST

START_TEST(opening_twice_shares_and_other_options_are_refused) {
  char path[64], lock[80];
  snprintf(path, sizeof path, "/tmp/medley-test-twice-%d", (int)getpid());
  medley *first, *second;
  medley_error error;
  medley_options options;
  medley_options_init(&options);
  ck_assert_int_eq(medley_open(path, &options, &first, &error), MEDLEY_OK);
  ck_assert_int_eq(medley_open(path, NULL, &second, &error), MEDLEY_OK);
  ck_assert_ptr_eq(first, second);
  options.durability = MEDLEY_RELAXED;
  medley *third;
  ck_assert_int_eq(medley_open(path, &options, &third, &error), MEDLEY_MISUSE);
  ck_assert_ptr_null(third);
  medley_options_init(&options);
  options.flags |= MEDLEY_OPEN_NO_THREADS | MEDLEY_OPEN_MEMORY;
  ck_assert_int_eq(medley_open(NULL, &options, &third, &error), MEDLEY_OK);
  ck_assert_int_eq(medley_close(third), MEDLEY_OK);
  options.maintenance_ms = 10; /* is a thread */
  ck_assert_int_eq(medley_open(NULL, &options, &third, &error), MEDLEY_MISUSE);
  ck_assert_ptr_nonnull(strstr(error.message, "maintenance_ms"));
  options.struct_size = 3;
  ck_assert_int_eq(medley_open(path, &options, &third, &error), MEDLEY_MISUSE);
  ck_assert_int_eq(medley_close(second), MEDLEY_OK);
  ck_assert_int_eq(medley_close(first), MEDLEY_OK);
  snprintf(lock, sizeof lock, "%s-lock", path);
  unlink(path);
  unlink(lock);
}
END_TEST

PROPERTY_MAIN("dispatch", the_tail_is_where_the_next_statement_begins, parameters_are_found_by_every_style_of_name,
              numbers_and_texts_convert_as_in_sqlite, a_length_belongs_to_its_row_and_column,
              an_error_has_its_language_and_its_position_in_the_whole_text, a_row_callback_can_stop_a_text,
              a_schema_change_is_followed_by_prepared_statements, lists_and_maps_are_refused_as_sql_parameters,
              opening_twice_shares_and_other_options_are_refused)
