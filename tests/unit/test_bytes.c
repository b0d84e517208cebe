/* test_bytes.c - slices, big-endian numbers, hashes. */
#include <check.h>
#include <stdio.h>
#include <string.h>

#include "storage/bytes.h"
#include "tests/unit/property.h"

START_TEST(slices_compare_like_memcmp_and_a_prefix_comes_first) {
  ck_assert_int_lt(med_slice_compare(med_slice_of_text("abc"), med_slice_of_text("abd")), 0);
  ck_assert_int_lt(med_slice_compare(med_slice_of_text("ab"), med_slice_of_text("abc")), 0);
  ck_assert_int_gt(med_slice_compare(med_slice_of_text("b"), med_slice_of_text("abc")), 0);
  ck_assert_int_eq(med_slice_compare(med_slice_of_text("abc"), med_slice_of_text("abc")), 0);
  ck_assert_int_lt(med_slice_compare(med_slice_of("\x7f", 1), med_slice_of("\x80", 1)), 0);
}
END_TEST

START_TEST(empty_slices_need_no_memory) {
  med_slice none = med_slice_of(NULL, 0);
  ck_assert(med_slice_equal(none, none));
  ck_assert(med_slice_equal(none, med_slice_of_text("")));
  ck_assert_int_eq(med_slice_compare(none, none), 0);
  ck_assert_int_lt(med_slice_compare(none, med_slice_of("\0", 1)), 0);
  ck_assert(med_slice_starts_with(med_slice_of_text("abc"), none));
  ck_assert(!med_slice_starts_with(none, med_slice_of_text("a")));
}
END_TEST

START_TEST(starts_with_looks_at_the_whole_prefix) {
  ck_assert(med_slice_starts_with(med_slice_of_text("abc"), med_slice_of_text("ab")));
  ck_assert(med_slice_starts_with(med_slice_of_text("abc"), med_slice_of_text("abc")));
  ck_assert(!med_slice_starts_with(med_slice_of_text("abc"), med_slice_of_text("abcd")));
  ck_assert(!med_slice_starts_with(med_slice_of_text("abc"), med_slice_of_text("b")));
}
END_TEST

START_TEST(numbers_come_back_and_their_bytes_are_in_their_order) {
  uint64_t random = property_seed("bytes");
  for (unsigned i = 0; i < 20000; i++) {
    uint64_t a = property_number(&random), b = property_number(&random);
    uint8_t left[8], right[8];
    med_put_u64(left, a);
    med_put_u64(right, b);
    ck_assert_uint_eq(med_get_u64(left), a);
    ck_assert_int_eq(property_sign(memcmp(left, right, 8)), a < b ? -1 : a > b);
    med_put_u32(left, (uint32_t)a);
    ck_assert_uint_eq(med_get_u32(left), (uint32_t)a);
    med_put_u16(left, (uint16_t)a);
    ck_assert_uint_eq(med_get_u16(left), (uint16_t)a);
  }
}
END_TEST

START_TEST(bytes_of_numbers_are_big_endian) {
  uint8_t bytes[8];
  med_put_u64(bytes, 0x0102030405060708);
  ck_assert_mem_eq(bytes, "\1\2\3\4\5\6\7\10", 8);
  med_put_u32(bytes, 0xFFFEFDFC);
  ck_assert_mem_eq(bytes, "\xff\xfe\xfd\xfc", 4);
  med_put_u16(bytes, 0x80FF);
  ck_assert_mem_eq(bytes, "\x80\xff", 2);
}
END_TEST

/* The hashes are part of the file format: these are the published values of XXH3 for no bytes. */
START_TEST(hashes_are_those_of_the_file_format) {
  uint8_t hash[16];
  ck_assert_uint_eq(med_hash64("", 0, 0), 0x2d06800538d394c2);
  med_hash128("", 0, hash);
  ck_assert_mem_eq(hash, "\x99\xaa\x06\xd3\x01\x47\x98\xd8\x60\x01\xc3\x24\x46\x8d\x49\x7f", 16);
}
END_TEST

/* Whatever vectors the processor has: what the system's libxxhash answers. */
START_TEST(hashes_of_every_length_are_those_of_the_file_format) {
  static const struct {
    size_t len;
    uint64_t hash;
  } published[] = {{16, 0x666db6fd9384758b},  {240, 0x3140e3ccfb1040ae},  {241, 0xa4229944f92b9879},
                   {512, 0xbcad429e023bb913}, {1025, 0x4efb8c16d2af889f}, {4072, 0x2d222909ca563d6a},
                   {5000, 0x6f035fcf52835002}};
  uint8_t bytes[5001];
  for (size_t i = 0; i < sizeof bytes; i++) bytes[i] = (uint8_t)(i * i + i / 7);
  for (size_t i = 0; i < sizeof published / sizeof published[0]; i++)
    ck_assert_uint_eq(med_hash64(bytes + 1, published[i].len, 7), published[i].hash);
}
END_TEST

START_TEST(hashes_depend_on_every_byte_and_on_the_seed) {
  uint8_t page[4096] = {0};
  uint64_t plain = med_hash64(page, sizeof page, 7);
  ck_assert_uint_ne(plain, med_hash64(page, sizeof page, 8));
  ck_assert_uint_ne(plain, med_hash64(page, sizeof page - 1, 7));
  for (size_t i = 0; i < sizeof page; i++) {
    page[i] = 1;
    ck_assert_uint_ne(plain, med_hash64(page, sizeof page, 7));
    page[i] = 0;
  }
  ck_assert_uint_eq(plain, med_hash64(page, sizeof page, 7));
}
END_TEST

PROPERTY_MAIN("bytes", slices_compare_like_memcmp_and_a_prefix_comes_first, empty_slices_need_no_memory,
              starts_with_looks_at_the_whole_prefix, numbers_come_back_and_their_bytes_are_in_their_order,
              bytes_of_numbers_are_big_endian, hashes_are_those_of_the_file_format,
              hashes_of_every_length_are_those_of_the_file_format, hashes_depend_on_every_byte_and_on_the_seed)
