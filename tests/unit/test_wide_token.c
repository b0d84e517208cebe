/* test_wide_token.c - tokens are those that Cassandra's drivers and servers compute. */
#include <check.h>

#include "models/widecolumn/token.h"

START_TEST(tokens_are_cassandras) {
  ck_assert_int_eq(med_wide_token(med_slice_of_text("123")), -7468325962851647638);
  ck_assert_int_eq(med_wide_token(med_slice_of_text("9223372036854775807")), 7162290910810015547);
  ck_assert_int_eq(med_wide_token(med_slice_of("\x10\x10\x10\x10\x10\x10\x10\x10", 8)), 1446172840243228796);
}
END_TEST

START_TEST(bytes_above_7f_at_the_end_are_signed) {
  char many[50];
  for (int i = 0; i < 10; i++) memcpy(many + 5 * i, "\x00\xff\x10\xfa\x99", 5);
  ck_assert_int_eq(med_wide_token(med_slice_of(many, sizeof many)), 5837342703291459765);
  ck_assert_int_eq(med_wide_token(med_slice_of("\xfe\xfe\xfe\xfe\xfe\xfe\xfe\xfe", 8)), -8927430733708461935);
}
END_TEST

START_TEST(an_empty_key_has_the_smallest_token) { ck_assert_int_eq(med_wide_token(med_slice_of(NULL, 0)), INT64_MIN); }
END_TEST

START_TEST(several_values_hash_like_their_joined_bytes) {
  med_slice values[] = {med_slice_of_text("ab"), med_slice_of_text(""), med_slice_of_text("a value beyond one block")};
  char joined[] =
      "\0\2ab\0\0\0\0\0\x18"
      "a value beyond one block";
  ck_assert_int_eq(med_wide_token_of_values(values, 3), med_wide_token(med_slice_of(joined, sizeof joined)));
  ck_assert_int_eq(med_wide_token_of_values(values, 1), med_wide_token(values[0]));
}
END_TEST

int main(void) {
  Suite *suite = suite_create("wide_token");
  TCase *cases = tcase_create("token");
  tcase_add_test(cases, tokens_are_cassandras);
  tcase_add_test(cases, bytes_above_7f_at_the_end_are_signed);
  tcase_add_test(cases, an_empty_key_has_the_smallest_token);
  tcase_add_test(cases, several_values_hash_like_their_joined_bytes);
  suite_add_tcase(suite, cases);
  SRunner *runner = srunner_create(suite);
  srunner_run_all(runner, CK_ENV);
  int failed = srunner_ntests_failed(runner);
  srunner_free(runner);
  return failed == 0 ? 0 : 1;
}
