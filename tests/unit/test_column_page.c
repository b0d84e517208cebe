/* test_column_page.c - pages of pieces and headers of groups: bytes, limits, damage. */
#include "storage/column_page.h"
#include "storage/store.h"
#include "tests/unit/column_kit.h"

static med_column_group sound_group(void) {
  med_column_group group = {.type = MED_COLUMN_INTEGERS, .rows = 1500, .nulls = 3, .vectors = 2, .pages = 2};
  group.min.integer = -5;
  group.max.integer = 9;
  group.sum = -7;
  group.zones[0] = (med_column_zone){.page = 1, .nulls = 3, .min.integer = -5, .max.integer = 9};
  group.zones[1] = (med_column_zone){.page = MED_COLUMN_NO_PAGE, .min.integer = 4, .max.integer = 4};
  return group;
}

START_TEST(a_header_comes_back_as_it_was_written) {
  static const uint8_t golden[] = {
      'M',  'R',  3,    1,    2,    0,    0,    0,    1,    0,    0,    0,    0xDC, 5,    0,    0,    3,    0,
      0,    0,    2,    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,    0xFB, 0xFF, 0xFF, 0xFF,
      0xFF, 0xFF, 0xFF, 0xFF, 9,    0,    0,    0,    0,    0,    0,    0,    0xF9, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF,
      0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0,    0,    0,    0,    0,    0,    0,    0,
      1,    0,    0,    0,    3,    0,    0,    0,    0xFB, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 9,    0,
      0,    0,    0,    0,    0,    0,    0xFF, 0xFF, 0xFF, 0xFF, 0,    0,    0,    0,    4,    0,    0,    0,
      0,    0,    0,    0,    4,    0,    0,    0,    0,    0,    0,    0};
  med_column_group group = sound_group(), read;
  medley_error error;
  uint8_t page[MED_VALUE_SIZE_MAX];
  size_t len = med_column_group_write(&group, page);
  ck_assert_uint_eq(len, sizeof golden);
  ck_assert_mem_eq(page, golden, sizeof golden);
  ck_assert_int_eq(med_column_group_read(med_slice_of(page, len), &read, &error), MEDLEY_OK);
  ck_assert(read.sum == -7 && read.rows == 1500 && read.zones[1].max.integer == 4 && read.zones[0].page == 1);
}
END_TEST

static int read_group(const med_column_group *group) {
  uint8_t page[MED_VALUE_SIZE_MAX];
  med_column_group read;
  medley_error error;
  return med_column_group_read(med_slice_of(page, med_column_group_write(group, page)), &read, &error);
}

START_TEST(headers_that_contradict_themselves_are_refused) {
  med_column_group group = sound_group();
  group.zones[0].page = 2;
  ck_assert_int_eq(read_group(&group), MEDLEY_CORRUPT);
  group = sound_group();
  group.zones[0].nulls = 4;
  ck_assert_int_eq(read_group(&group), MEDLEY_CORRUPT);
  group = sound_group();
  group.zones[0].nulls = group.nulls = 1025; /* of 1,024 rows */
  ck_assert_int_eq(read_group(&group), MEDLEY_CORRUPT);
  group = sound_group();
  group.zones[0].page = MED_COLUMN_NO_PAGE; /* neither empty nor constant */
  ck_assert_int_eq(read_group(&group), MEDLEY_CORRUPT);
  group = sound_group();
  group.rows = 1024;
  ck_assert_int_eq(read_group(&group), MEDLEY_CORRUPT);
  group = sound_group();
  group.rows = 0;
  group.vectors = 0;
  ck_assert_int_eq(read_group(&group), MEDLEY_CORRUPT);
  group = sound_group();
  group.type = MED_COLUMN_TEXTS; /* a constant vector of texts has its text written */
  ck_assert_int_eq(read_group(&group), MEDLEY_CORRUPT);
}
END_TEST

START_TEST(pieces_come_back_and_the_page_is_never_above_its_limit) {
  uint64_t seed = property_seed("column_page");
  static med_column_page_writer writer;
  static uint8_t page[MED_VALUE_SIZE_MAX];
  medley_error error;
  for (int round = 0; round < 300; round++) {
    size_t sizes[MED_COLUMN_PIECES_MAX], count = 0, room;
    while ((room = med_column_page_room(&writer)) > 0 && property_below(&seed, 200) != 0) {
      size_t size = (size_t)property_below(&seed, 1 + property_below(&seed, room / 8 + 1)) * 8;
      med_column_piece piece = {.first_row = (uint16_t)(count * 100), .rows = 1, .codec = MED_CODEC_RUNS};
      memset(med_column_page_add(&writer, &piece, false, size), (int)count, size);
      sizes[count++] = size;
    }
    size_t len = med_column_page_finish(&writer, page);
    ck_assert_uint_le(len, MED_VALUE_SIZE_MAX);
    uint16_t found;
    bool is_bytes;
    ck_assert_int_eq(med_column_page_read(med_slice_of(page, len), &found, &is_bytes, &error), MEDLEY_OK);
    ck_assert(found == count && !is_bytes);
    for (uint16_t i = 0; i < count; i++) {
      med_column_piece piece;
      ck_assert_int_eq(med_column_page_piece(med_slice_of(page, len), found, i, &piece, &error), MEDLEY_OK);
      ck_assert_uint_eq(piece.payload.len, sizes[i]);
      ck_assert_uint_eq(piece.first_row, (uint16_t)(i * 100));
      bool good = true;
      for (size_t j = 0; j < sizes[i]; j++) good = good && ((const uint8_t *)piece.payload.bytes)[j] == i;
      ck_assert(good);
    }
  }
}
END_TEST

START_TEST(damaged_pages_are_taken_apart_within_bounds_or_refused) {
  uint64_t seed = property_seed("column_page damaged"), sum = 0;
  static med_column_page_writer writer;
  static uint8_t page[MED_VALUE_SIZE_MAX];
  medley_error error;
  int refused = 0;
  for (int round = 0; round < 3000; round++) {
    uint64_t with = property_random(&seed) | 1;
    med_column_piece piece = {.first_row = 1024, .rows = 64, .codec = MED_CODEC_RUNS};
    memcpy(med_column_page_add(&writer, &piece, true, 80), &with, sizeof with);
    piece = (med_column_piece){.first_row = 1088, .rows = 10, .codec = MED_CODEC_PACKED};
    med_column_page_add(&writer, &piece, false, 40);
    size_t len = med_column_page_finish(&writer, page);
    if (property_below(&seed, 4) == 0) len = (size_t)property_below(&seed, len);
    uint8_t *exact = column_kit_exact(page, len);
    column_kit_damage(exact, len, &seed);
    uint16_t count = 0;
    bool is_bytes;
    int rc = med_column_page_read(med_slice_of(exact, len), &count, &is_bytes, &error);
    for (uint16_t i = 0; rc == MEDLEY_OK && !is_bytes && i < count; i++) {
      rc = med_column_page_piece(med_slice_of(exact, len), count, i, &piece, &error);
      if (rc != MEDLEY_OK) break;
      if (piece.values < 1 || piece.values > piece.rows || piece.rows > MED_VECTOR_ROWS) ck_abort();
      for (size_t j = 0; j < piece.payload.len; j++) sum += ((const uint8_t *)piece.payload.bytes)[j];
    }
    refused += rc != MEDLEY_OK;
    free(exact);
  }
  ck_assert_int_gt(refused, 500);
  ck_assert_uint_gt(sum, 0);
}
END_TEST

PROPERTY_MAIN("column_page", a_header_comes_back_as_it_was_written, headers_that_contradict_themselves_are_refused,
              pieces_come_back_and_the_page_is_never_above_its_limit,
              damaged_pages_are_taken_apart_within_bounds_or_refused)
