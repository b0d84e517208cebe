/* test_status.c - the texts of the codes, and the one error slot. */
#include <check.h>
#include <stdio.h>
#include <string.h>

#include "storage/status.h"
#include "tests/unit/property.h"

START_TEST(every_code_has_its_name_and_its_sentence) {
#define CHECK_CODE(name, number, text)                 \
  ck_assert_int_eq(MEDLEY_##name, number);             \
  ck_assert_str_eq(medley_status_name(number), #name); \
  ck_assert_str_eq(medley_status_text(number), text);
  MEDLEY_STATUS_LIST(CHECK_CODE)
#undef CHECK_CODE
}
END_TEST

START_TEST(other_numbers_are_unknown) {
  static const int numbers[] = {-1, 32, 100000, -2147483647 - 1, 2147483647};
  for (unsigned i = 0; i < sizeof numbers / sizeof *numbers; i++) {
    ck_assert_str_eq(medley_status_name(numbers[i]), "UNKNOWN");
    ck_assert_str_eq(medley_status_text(numbers[i]), "unknown status");
  }
}
END_TEST

START_TEST(setting_fills_the_slot_and_answers_the_status) {
  medley_error error;
  memset(&error, 0x55, sizeof error);
  med_error_clear(&error);
  ck_assert_int_eq(error.status, MEDLEY_OK);
  ck_assert_str_eq(error.message, "");
  ck_assert_int_eq(error.line, 0);
  error.line = 3;
  error.language = MEDLEY_LANGUAGE_REDIS;
  ck_assert_int_eq(med_error_set(&error, MEDLEY_BUSY, "writer: %s: %d", "busy", 7), MEDLEY_BUSY);
  ck_assert_int_eq(error.status, MEDLEY_BUSY);
  ck_assert_int_eq(error.foreign_code, 0);
  ck_assert_str_eq(error.message, "writer: busy: 7");
  ck_assert_int_eq(error.line, 3);
  ck_assert_int_eq(error.language, MEDLEY_LANGUAGE_REDIS);
  ck_assert_int_eq(med_error_set_foreign(&error, MEDLEY_IO, -30, "x"), MEDLEY_IO);
  ck_assert_int_eq(error.foreign_code, -30);
  ck_assert_int_eq(med_error_no_memory(&error), MEDLEY_NO_MEMORY);
  ck_assert_str_eq(error.message, "out of memory");
}
END_TEST

START_TEST(a_slot_that_is_not_there_is_allowed) {
  med_error_clear(NULL);
  ck_assert_int_eq(med_error_set(NULL, MEDLEY_FULL, "%d", 1), MEDLEY_FULL);
  ck_assert_int_eq(med_error_set_foreign(NULL, MEDLEY_IO, 5, "x"), MEDLEY_IO);
  ck_assert_int_eq(med_error_no_memory(NULL), MEDLEY_NO_MEMORY);
  med_error_set_position(NULL, "a", 1, 0);
}
END_TEST

/* Number of bytes of the UTF-8 character at `at`, 0 if it is not a whole one. */
static size_t character_size(const char *at) {
  unsigned char lead = (unsigned char)*at;
  size_t size = lead < 0x80 ? 1 : lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : lead >= 0xC0 ? 2 : 0;
  for (size_t i = 1; i < size; i++)
    if (((unsigned char)at[i] & 0xC0) != 0x80) return 0;
  return size;
}

START_TEST(a_long_message_is_cut_between_characters) {
  static const char *const characters[] = {"a", "\xc3\xa9", "\xe2\x82\xac", "\xf0\x9f\x99\x82"};
  uint64_t random = property_seed("messages");
  for (unsigned round = 0; round < 5000; round++) {
    char text[600] = "";
    size_t len = 0, end = 200 + (size_t)property_below(&random, 300);
    while (len < end) {
      const char *character = characters[property_below(&random, 4)];
      memcpy(text + len, character, strlen(character) + 1);
      len += strlen(character);
    }
    medley_error error;
    med_error_set(&error, MEDLEY_ERROR, "%s", text);
    size_t kept = strlen(error.message);
    ck_assert_uint_lt(kept, MEDLEY_ERROR_MESSAGE_SIZE);
    ck_assert_mem_eq(error.message, text, kept);
    if (len < MEDLEY_ERROR_MESSAGE_SIZE) ck_assert_uint_eq(kept, len);
    if (len >= MEDLEY_ERROR_MESSAGE_SIZE) ck_assert_uint_ge(kept, MEDLEY_ERROR_MESSAGE_SIZE - 4);
    for (size_t at = 0; at < kept; at += character_size(error.message + at))
      ck_assert_uint_gt(character_size(error.message + at), 0);
  }
}
END_TEST

START_TEST(positions_count_lines_and_bytes_from_one) {
  static const struct {
    size_t offset;
    int line, column;
  } cases[] = {{0, 1, 1}, {2, 1, 3}, {3, 2, 1}, {4, 3, 1}, {6, 3, 3}, {7, 3, 4}, {99, 3, 4}};
  for (unsigned i = 0; i < sizeof cases / sizeof *cases; i++) {
    medley_error error = {0};
    med_error_set_position(&error, "ab\n\nxyz", 7, cases[i].offset);
    ck_assert_int_eq(error.line, cases[i].line);
    ck_assert_int_eq(error.column, cases[i].column);
  }
}
END_TEST

static int third_fails(int failing, int *steps) {
  int rc;
  for (int i = 0; i < 5; i++) {
    MED_TRY(i == failing ? MEDLEY_FULL : MEDLEY_OK);
    *steps += 1;
  }
done:
  return rc;
}

START_TEST(try_stops_at_the_first_failure) {
  int steps = 0;
  ck_assert_int_eq(third_fails(2, &steps), MEDLEY_FULL);
  ck_assert_int_eq(steps, 2);
  ck_assert_int_eq(third_fails(-1, &steps), MEDLEY_OK);
  ck_assert_int_eq(steps, 7);
}
END_TEST

PROPERTY_MAIN("status", every_code_has_its_name_and_its_sentence, other_numbers_are_unknown,
              setting_fills_the_slot_and_answers_the_status, a_slot_that_is_not_there_is_allowed,
              a_long_message_is_cut_between_characters, positions_count_lines_and_bytes_from_one,
              try_stops_at_the_first_failure)
