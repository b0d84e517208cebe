/* test_control.c - which SQL texts act on the session's transaction, and where wrong ones are wrong. */
#include "engine/sql/control.h"
#include "tests/unit/property.h"

static med_control parse(const char *text, int expected) {
  med_control control;
  medley_error error = {0};
  int rc = med_control_parse(text, strlen(text), &control, &error);
  ck_assert_msg(rc == expected, "%s: %s", text, error.message);
  return control;
}

START_TEST(transaction_statements_are_recognised_in_all_their_forms) {
  static const struct {
    const char *text;
    med_control_kind kind;
    medley_mode mode;
    const char *name;
  } cases[] = {
      {"begin", MED_CONTROL_BEGIN, MEDLEY_DEFER, ""},
      {" /* c */ BEGIN -- x\n immediate TRANSACTION ; select 1", MED_CONTROL_BEGIN, MEDLEY_WRITE, ""},
      {"BEGIN EXCLUSIVE;", MED_CONTROL_BEGIN, MEDLEY_WRITE, ""},
      {"begin deferred transaction", MED_CONTROL_BEGIN, MEDLEY_DEFER, ""},
      {"END", MED_CONTROL_COMMIT, 0, ""},
      {"commit transaction;", MED_CONTROL_COMMIT, 0, ""},
      {"rollback", MED_CONTROL_ROLLBACK, 0, ""},
      {"ROLLBACK TRANSACTION TO SAVEPOINT \"a b\"", MED_CONTROL_ROLLBACK_TO, 0, "a b"},
      {"rollback to x1;", MED_CONTROL_ROLLBACK_TO, 0, "x1"},
      {"SAVEPOINT [s]", MED_CONTROL_SAVEPOINT, 0, "s"},
      {"release `n`", MED_CONTROL_RELEASE, 0, "n"},
      {"RELEASE SAVEPOINT n", MED_CONTROL_RELEASE, 0, "n"},
      {"; ; begin", MED_CONTROL_BEGIN, MEDLEY_DEFER, ""},
      {"beginning", MED_CONTROL_NONE, 0, ""},
      {"select 'begin'", MED_CONTROL_NONE, 0, ""},
      {"", MED_CONTROL_NONE, 0, ""},
      {"/* open", MED_CONTROL_NONE, 0, ""},
  };
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    med_control control = parse(cases[i].text, MEDLEY_OK);
    ck_assert_msg(control.kind == cases[i].kind, "%s", cases[i].text);
    if (control.kind == MED_CONTROL_BEGIN) ck_assert_int_eq(control.mode, cases[i].mode);
    ck_assert(med_slice_equal(control.name, med_slice_of_text(cases[i].name)));
  }
}
END_TEST

START_TEST(the_text_ends_behind_its_semicolon) {
  static const char text[] = "commit ; select 1";
  ck_assert_uint_eq(parse(text, MEDLEY_OK).used, 8);
  ck_assert_uint_eq(parse("commit", MEDLEY_OK).used, 6);
}
END_TEST

START_TEST(a_wrong_word_is_an_error_at_its_position) {
  med_control control;
  medley_error error = {0};
  static const char text[] = "ROLLBACK\n  TOO x";
  ck_assert_int_eq(med_control_parse(text, sizeof text - 1, &control, &error), MEDLEY_SYNTAX);
  ck_assert_int_eq(error.line, 2);
  ck_assert_int_eq(error.column, 3);
  ck_assert_str_eq(error.message, "near \"TOO\": syntax error");
  static const char *const wrong[] = {"savepoint", "savepoint 5", "release $x",
                                      "begin now", "commit to x", "savepoint 'a"};
  for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) (void)parse(wrong[i], MEDLEY_SYNTAX);
}
END_TEST

PROPERTY_MAIN("control", transaction_statements_are_recognised_in_all_their_forms, the_text_ends_behind_its_semicolon,
              a_wrong_word_is_an_error_at_its_position)
