/* test_statement_split.c - how the shell cuts its input into statements. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/property.h"
#include "tools/statement_split.h"

/* Every statement as `language line:column [text]`, one a line; fed in pieces of piece_len bytes. */
static char *cut(const char *input, medley_language language, size_t piece_len) {
  statement_splitter splitter;
  input_statement statement;
  text found = {0};
  size_t len = strlen(input);
  statement_split_init(&splitter, language);
  text_add(&found, "", 0);
  for (size_t at = 0; at <= len; at += piece_len) {
    bool at_end = at + piece_len > len;
    size_t piece = at_end ? len - at : piece_len;
    statement_split_feed(&splitter, input + at, piece);
    while (statement_split_next(&splitter, at_end, &statement)) {
      const char *name = medley_language_name(statement.language);
      text_add_format(&found, "%s %d:%d [%.*s]\n", name ? name : "shell", statement.line, statement.column,
                      (int)statement.len, statement.bytes);
    }
  }
  statement_split_clear(&splitter);
  return found.bytes;
}

/* However the input arrives, the statements are the same. */
static void expect_cut(const char *input, medley_language language, const char *expected) {
  const size_t pieces[] = {strlen(input) + 1, 1, 2, 3, 7};
  for (size_t i = 0; i < sizeof pieces / sizeof *pieces; i++) {
    char *found = cut(input, language, pieces[i]);
    ck_assert_str_eq(found, expected);
    free(found);
  }
}

START_TEST(sql_ends_at_semicolons_outside_of_quotes_and_comments) {
  expect_cut("SELECT 'a;b''c;', \"x;\", [y;], `z;` /* ; */ -- ;\n FROM t;\n SELECT 2", MEDLEY_LANGUAGE_SQL,
             "sql 1:1 [SELECT 'a;b''c;', \"x;\", [y;], `z;` /* ; */ -- ;\n FROM t]\nsql 3:2 [SELECT 2]\n");
}
END_TEST

START_TEST(a_trigger_ends_with_its_end) {
  expect_cut(
      "CREATE TEMP TRIGGER x AFTER INSERT ON t BEGIN SELECT CASE WHEN 1 THEN 2 END; DELETE FROM u; END;\nSELECT 1;",
      MEDLEY_LANGUAGE_SQL,
      "sql 1:1 [CREATE TEMP TRIGGER x AFTER INSERT ON t BEGIN SELECT CASE WHEN 1 THEN 2 END; DELETE FROM u; END]\n"
      "sql 2:1 [SELECT 1]\n");
}
END_TEST

START_TEST(a_table_called_trigger_is_no_trigger) {
  expect_cut("CREATE TABLE trigger_log (x); SELECT trigger; SELECT 2;", MEDLEY_LANGUAGE_SQL,
             "sql 1:1 [CREATE TABLE trigger_log (x)]\nsql 1:31 [SELECT trigger]\nsql 1:47 [SELECT 2]\n");
}
END_TEST

START_TEST(a_tag_gives_the_language_of_one_statement) {
  expect_cut("redis: SET a ';'\r\nSELECT 1; redis:GET a\nsql:\nSELECT 2;cypher: MATCH (n {s: 'it\\';'});",
             MEDLEY_LANGUAGE_SQL,
             "redis 1:8 [SET a ';']\nsql 2:1 [SELECT 1]\nredis 2:17 [GET a]\nsql 3:5 [\nSELECT 2]\n"
             "cypher 4:18 [MATCH (n {s: 'it\\';'})]\n");
}
END_TEST

START_TEST(cql_ends_at_semicolons_outside_of_strings_comments_and_batches) {
  expect_cut(
      "USE a; SELECT ';', \";\", $$;'$$ // ; \n FROM t -- ; \n;/*;*/SELECT m[1] FROM t", MEDLEY_LANGUAGE_CQL,
      "cql 1:1 [USE a]\ncql 1:8 [SELECT ';', \";\", $$;'$$ // ; \n FROM t -- ;]\ncql 3:7 [SELECT m[1] FROM t]\n");
  expect_cut(
      "begin batch INSERT INTO t (a) VALUES ('apply batch;'); DELETE FROM apply WHERE batch = 1; Apply /**/ Batch; USE "
      "b;",
      MEDLEY_LANGUAGE_CQL,
      "cql 1:1 [begin batch INSERT INTO t (a) VALUES ('apply batch;'); DELETE FROM apply WHERE batch = 1; Apply "
      "/**/ Batch]\ncql 1:109 [USE b]\n");
  expect_cut("BEGIN UNLOGGED BATCH\nUPDATE t SET a = 1;\nAPPLY BATCH;SELECT begin, batch FROM t; BEGIN BATCH ;",
             MEDLEY_LANGUAGE_CQL,
             "cql 1:1 [BEGIN UNLOGGED BATCH\nUPDATE t SET a = 1;\nAPPLY BATCH]\ncql 3:13 [SELECT begin, batch FROM t]\n"
             "cql 3:41 [BEGIN BATCH ;]\n");
  expect_cut("BEGIN; CREATE TABLE trigger (a int); ROLLBACK TO s; $$ ;", MEDLEY_LANGUAGE_CQL,
             "sql 1:1 [BEGIN]\ncql 1:8 [CREATE TABLE trigger (a int)]\nsql 1:38 [ROLLBACK TO s]\ncql 1:53 [$$ ;]\n");
}
END_TEST

START_TEST(what_is_no_language_is_no_tag) {
  expect_cut("SET user:1 x\nnobody: x\n", MEDLEY_LANGUAGE_REDIS, "redis 1:1 [SET user:1 x]\nredis 2:1 [nobody: x]\n");
}
END_TEST

START_TEST(transactions_belong_to_the_session_in_every_language) {
  expect_cut("BEGIN;\nSET a 1\nsavepoint s;\nROLLBACK TO s;\nEND;\nBEGIN\nBEGIN; SET a 2;\n", MEDLEY_LANGUAGE_REDIS,
             "sql 1:1 [BEGIN;]\nredis 2:1 [SET a 1]\nsql 3:1 [savepoint s;]\nsql 4:1 [ROLLBACK TO s;]\nsql 5:1 [END;]\n"
             "redis 6:1 [BEGIN]\nredis 7:1 [BEGIN; SET a 2;]\n");
}
END_TEST

START_TEST(blanks_comments_and_empty_statements_give_nothing) {
  expect_cut(" ;;\n-- a;b\n/* c; */ # d\n// e\nredis:\n;", MEDLEY_LANGUAGE_SQL, "");
}
END_TEST

START_TEST(dot_commands_end_with_their_line) {
  expect_cut(".format csv\nSELECT 1;\n  .quit", MEDLEY_LANGUAGE_SQL,
             "shell 1:1 [.format csv]\nsql 2:1 [SELECT 1]\nshell 3:3 [.quit]\n");
}
END_TEST

START_TEST(what_never_ends_is_handed_on_at_the_end) {
  expect_cut("SELECT 'a;\n b", MEDLEY_LANGUAGE_SQL, "sql 1:1 [SELECT 'a;\n b]\n");
  expect_cut("SELECT 1 /* ;", MEDLEY_LANGUAGE_SQL, "sql 1:1 [SELECT 1 /* ;]\n");
}
END_TEST

/* Random inputs out of the pieces that matter: any way of feeding gives the same statements. */
START_TEST(feeding_in_pieces_never_matters) {
  static const char *const parts[] = {
      "SELECT ", ";",        "'",     "\"", "--",   "/*", "*/", "\n",     "redis:", "BEGIN", "END",
      "CREATE ", "TRIGGER ", " ",     "a",  "[",    "]",  ".",  "-",      "/",      "*",     "#",
      "\\",      "cypher:",  "sql: ", "`",  "\r\n", "$",  "$$", "BATCH ", "APPLY "};
  static const medley_language languages[] = {MEDLEY_LANGUAGE_SQL, MEDLEY_LANGUAGE_CQL, MEDLEY_LANGUAGE_REDIS};
  uint64_t random = property_seed("statement_split");
  for (int round = 0; round < 9000; round++) { /* 3,000 of each */
    text input = {0};
    uint64_t count = 1 + property_below(&random, 40);
    text_add(&input, "", 0);
    for (uint64_t i = 0; i < count; i++)
      text_add_string(&input, parts[property_below(&random, sizeof parts / sizeof *parts)]);
    medley_language language = languages[round % 3];
    char *whole = cut(input.bytes, language, input.len + 1);
    for (size_t piece = 1; piece < 5; piece++) {
      char *pieces = cut(input.bytes, language, piece);
      ck_assert_msg(strcmp(whole, pieces) == 0, "input [%s], pieces of %zu:\n%s\nwhole:\n%s", input.bytes, piece,
                    pieces, whole);
      free(pieces);
    }
    free(whole);
    text_clear(&input);
  }
}
END_TEST

PROPERTY_MAIN("statement_split", sql_ends_at_semicolons_outside_of_quotes_and_comments, a_trigger_ends_with_its_end,
              a_table_called_trigger_is_no_trigger, a_tag_gives_the_language_of_one_statement,
              what_is_no_language_is_no_tag, cql_ends_at_semicolons_outside_of_strings_comments_and_batches,
              transactions_belong_to_the_session_in_every_language, blanks_comments_and_empty_statements_give_nothing,
              dot_commands_end_with_their_line, what_never_ends_is_handed_on_at_the_end,
              feeding_in_pieces_never_matters)
