/* test_column_dictionary.c - numbers of texts: given once, taken back, written, read. */
#include "storage/column_dictionary.h"
#include "storage/store.h"
#include "tests/unit/column_kit.h"

static med_slice word(char *buffer, uint64_t number) {
  return med_slice_of(buffer, (size_t)snprintf(buffer, 32, "word %llu", (unsigned long long)number));
}

static uint32_t add(med_dictionary_writer *dictionary, uint64_t number) {
  char buffer[32];
  uint32_t code;
  ck_assert_int_eq(med_column_dictionary_add(dictionary, word(buffer, number), &code), MEDLEY_OK);
  return code;
}

static void expect_read(const med_dictionary_writer *written, const uint64_t *numbers) {
  med_dictionary read = {0};
  medley_error error;
  uint8_t page[MED_VALUE_SIZE_MAX];
  uint32_t next = 0;
  char buffer[32];
  ck_assert_int_eq(med_column_dictionary_start(&read, written->end.count, &error), MEDLEY_OK);
  for (uint32_t i = 0; i < written->end.page_count; i++) {
    size_t len = med_column_dictionary_page(written, i, page);
    uint8_t *exact = column_kit_exact(page, len);
    ck_assert_int_eq(med_column_dictionary_read(&read, med_slice_of(exact, len), &next, &error), MEDLEY_OK);
    free(exact);
  }
  ck_assert_uint_eq(next, written->end.count);
  for (uint32_t i = 0; i < next; i++) ck_assert(med_slice_equal(read.texts[i], word(buffer, numbers[i])));
  med_column_dictionary_drop(&read);
}

START_TEST(a_text_has_one_number_until_the_dictionary_is_full) {
  med_dictionary_writer dictionary = {0};
  static uint64_t numbers[MED_DICTIONARY_ENTRIES_MAX];
  uint32_t code = 0, count = 0;
  for (uint64_t i = 0; (code = add(&dictionary, i * 7)) != MED_DICTIONARY_NONE; i++) {
    ck_assert_uint_eq(code, count);
    numbers[count++] = i * 7;
    ck_assert_uint_eq(add(&dictionary, i / 2 * 7), i / 2);
  }
  ck_assert_uint_eq(dictionary.end.page_count, MED_DICTIONARY_PAGES);
  ck_assert_uint_gt(count, 4000);
  ck_assert_uint_eq(add(&dictionary, 7), 1);
  expect_read(&dictionary, numbers);
  med_column_dictionary_empty(&dictionary);
  ck_assert_uint_eq(add(&dictionary, 7), 0);
  med_column_dictionary_clear(&dictionary);
}
END_TEST

START_TEST(what_is_cut_off_was_never_there) {
  uint64_t seed = property_seed("column_dictionary");
  med_dictionary_writer dictionary = {0};
  uint64_t numbers[3000];
  for (int round = 0; round < 200; round++) {
    med_dictionary_mark mark = dictionary.end;
    for (uint64_t n = property_below(&seed, 60); n > 0; n--) {
      uint64_t number = property_below(&seed, 1000);
      uint32_t before = dictionary.end.count, code = add(&dictionary, number);
      if (code == before) numbers[code] = number;
      ck_assert_uint_eq(numbers[code], number);
    }
    if (property_below(&seed, 2) == 0) {
      med_column_dictionary_cut(&dictionary, mark);
      ck_assert_uint_eq(dictionary.end.count, mark.count);
    }
    expect_read(&dictionary, numbers);
  }
  med_column_dictionary_clear(&dictionary);
}
END_TEST

START_TEST(golden_bytes) {
  static const uint8_t golden[] = {'M', 'R', 2,  1, 2,  0, 0,  0, 0,   0,   0,   0,   0,  0,
                                   0,   0,   22, 0, 24, 0, 27, 0, 'a', 'b', 'c', 'd', 'e'};
  med_dictionary_writer dictionary = {0};
  uint8_t page[MED_VALUE_SIZE_MAX];
  uint32_t code;
  ck_assert_int_eq(med_column_dictionary_add(&dictionary, med_slice_of_text("ab"), &code), MEDLEY_OK);
  ck_assert_int_eq(med_column_dictionary_add(&dictionary, med_slice_of_text("cde"), &code), MEDLEY_OK);
  ck_assert_uint_eq(med_column_dictionary_page(&dictionary, 0, page), sizeof golden);
  ck_assert_mem_eq(page, golden, sizeof golden);
  med_column_dictionary_clear(&dictionary);
  med_dictionary read = {0};
  medley_error error;
  uint32_t next = 0;
  ck_assert_int_eq(med_column_dictionary_start(&read, 2, &error), MEDLEY_OK);
  ck_assert_int_eq(med_column_dictionary_read(&read, med_slice_of(page, sizeof golden), &next, &error), MEDLEY_OK);
  ck_assert_int_eq(med_column_dictionary_start(&read, 2, &error), MEDLEY_OK);
  page[16] = 23; /* texts begin behind each other, the first one behind the offsets */
  next = 0;
  ck_assert_int_eq(med_column_dictionary_read(&read, med_slice_of(page, sizeof golden), &next, &error), MEDLEY_CORRUPT);
  med_column_dictionary_drop(&read);
}
END_TEST

START_TEST(damaged_pages_are_read_into_bounds_or_refused) {
  uint64_t seed = property_seed("column_dictionary damaged"), sum = 0;
  med_dictionary_writer dictionary = {0};
  med_dictionary read = {0};
  medley_error error;
  uint8_t page[MED_VALUE_SIZE_MAX];
  int refused = 0;
  for (uint64_t i = 0; i < 50; i++) add(&dictionary, i);
  for (int round = 0; round < 3000; round++) {
    size_t len = med_column_dictionary_page(&dictionary, 0, page);
    if (property_below(&seed, 4) == 0) len = (size_t)property_below(&seed, len);
    uint32_t next = 0;
    uint8_t *exact = column_kit_exact(page, len);
    column_kit_damage(exact, len, &seed);
    ck_assert_int_eq(med_column_dictionary_start(&read, 40 + (uint32_t)property_below(&seed, 20), &error), MEDLEY_OK);
    refused += med_column_dictionary_read(&read, med_slice_of(exact, len), &next, &error) != MEDLEY_OK;
    ck_assert_uint_le(next, read.count);
    for (uint32_t i = 0; i < next; i++) {
      for (size_t j = 0; j < read.texts[i].len; j++) sum += ((const uint8_t *)read.texts[i].bytes)[j];
    }
    free(exact);
  }
  ck_assert_int_eq(med_column_dictionary_start(&read, MED_DICTIONARY_ENTRIES_MAX + 1, &error), MEDLEY_CORRUPT);
  ck_assert_uint_gt(sum, 0);
  ck_assert_int_gt(refused, 500);
  med_column_dictionary_drop(&read);
  med_column_dictionary_clear(&dictionary);
}
END_TEST

PROPERTY_MAIN("column_dictionary", a_text_has_one_number_until_the_dictionary_is_full, what_is_cut_off_was_never_there,
              golden_bytes, damaged_pages_are_read_into_bounds_or_refused)
