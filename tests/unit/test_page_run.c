/* test_page_run.c - runs of pages: order, slices, dropping, and the header of a page. */
#include "storage/page_run.h"
#include "tests/unit/store_kit.h"

enum { PAGES = 700, DROP_SLICE = 60 };

/* Page n is as long as its number says, and full of it. */
static med_slice page_of(uint8_t *bytes, uint64_t n) {
  size_t len = (size_t)(n * 37 % (MED_VALUE_SIZE_MAX + 1));
  memset(bytes, (int)(n & 0xFF), len);
  return med_slice_of(bytes, len);
}

static void append(med_txn *txn, const med_page_run *run, med_page_run_end *end, uint64_t from, uint64_t to) {
  uint8_t bytes[MED_VALUE_SIZE_MAX];
  for (uint64_t n = from; n < to; n++) {
    ck_assert_int_eq(med_page_run_append(txn, run, end, n * 3, page_of(bytes, n)), MEDLEY_OK);
  }
}

static void expect_pages(med_txn *txn, const med_page_run *run, uint64_t count) {
  uint8_t bytes[MED_VALUE_SIZE_MAX];
  med_slice page;
  uint64_t found;
  for (uint64_t n = 0; n < count; n++) {
    ck_assert_int_eq(med_page_run_get(txn, run, n * 3, &page), MEDLEY_OK);
    ck_assert(med_slice_equal(page, page_of(bytes, n)));
    ck_assert_int_eq(med_page_run_get(txn, run, n * 3 + 1, &page), MEDLEY_NOT_FOUND);
  }
  ck_assert_int_eq(med_page_run_count(txn, run, &found), MEDLEY_OK);
  ck_assert_uint_eq(found, count);
}

START_TEST(a_run_built_over_several_transactions_reads_as_one) {
  store_kit kit = {0};
  med_page_run run;
  med_page_run_end end = {0};
  store_kit_open(&kit);
  med_page_run_init(&run, MED_TREE_WIDE, med_slice_of_text("p"), 7);
  for (uint64_t from = 0; from < PAGES; from += 100) {
    append(store_kit_begin(&kit), &run, &end, from, from + 100);
    store_kit_commit(&kit);
  }
  ck_assert_uint_eq(end.page_count, PAGES);
  med_txn *reader = store_kit_reader(&kit);
  expect_pages(reader, &run, PAGES);
  med_txn_close_reader(reader);
  store_kit_close(&kit);
}
END_TEST

START_TEST(pages_out_of_order_or_too_large_are_refused_and_change_nothing) {
  store_kit kit = {0};
  med_page_run run;
  med_page_run_end end = {0};
  uint8_t large[MED_VALUE_SIZE_MAX + 1] = {0};
  med_slice page = med_slice_of(large, 10);
  store_kit_open(&kit);
  med_page_run_init(&run, MED_TREE_WIDE, med_slice_of_text("p"), 1);
  med_txn *txn = store_kit_begin(&kit);
  ck_assert_int_eq(med_page_run_append(txn, &run, &end, 5, page), MEDLEY_OK);
  ck_assert_int_eq(med_page_run_append(txn, &run, &end, 5, page), MEDLEY_MISUSE);
  ck_assert_int_eq(med_page_run_append(txn, &run, &end, 4, page), MEDLEY_MISUSE);
  ck_assert_int_eq(med_page_run_append(txn, &run, &end, 6, med_slice_of(large, sizeof large)), MEDLEY_TOO_BIG);
  ck_assert_uint_eq(end.next, 6);
  ck_assert_uint_eq(end.page_count, 1);
  ck_assert_int_eq(med_page_run_get(txn, &run, 6, &page), MEDLEY_NOT_FOUND);
  store_kit_commit(&kit);
  store_kit_close(&kit);
}
END_TEST

START_TEST(dropping_in_slices_takes_that_run_and_no_neighbour) {
  store_kit kit = {0};
  med_page_run runs[3];
  uint64_t found, before = PAGES;
  bool done = false;
  store_kit_open(&kit);
  for (uint64_t i = 0; i < 3; i++) {
    med_page_run_end end = {0};
    med_page_run_init(&runs[i], MED_TREE_WIDE, med_slice_of_text("p"), 8 + i);
    append(store_kit_begin(&kit), &runs[i], &end, 0, PAGES);
    store_kit_commit(&kit);
  }
  for (int slices = 0; !done; slices++) {
    med_txn *txn = store_kit_begin(&kit);
    ck_assert_int_eq(med_page_run_drop(txn, &runs[1], DROP_SLICE, &done), MEDLEY_OK);
    ck_assert_int_eq(med_page_run_count(txn, &runs[1], &found), MEDLEY_OK);
    ck_assert_uint_eq(found, before < DROP_SLICE ? 0 : before - DROP_SLICE);
    before = found;
    store_kit_commit(&kit);
    ck_assert_int_le(slices, PAGES / DROP_SLICE + 1);
  }
  ck_assert_uint_eq(before, 0);
  med_txn *txn = store_kit_begin(&kit);
  ck_assert_int_eq(med_page_run_drop(txn, &runs[1], DROP_SLICE, &done), MEDLEY_OK);
  ck_assert(done);
  expect_pages(txn, &runs[0], PAGES);
  expect_pages(txn, &runs[2], PAGES);
  store_kit_commit(&kit);
  store_kit_close(&kit);
}
END_TEST

START_TEST(a_run_that_was_rolled_back_is_not_there) {
  store_kit kit = {0};
  med_page_run run;
  med_page_run_end end = {0};
  uint64_t found;
  store_kit_open(&kit);
  med_page_run_init(&run, MED_TREE_WIDE, med_slice_of_text(""), 1);
  append(store_kit_begin(&kit), &run, &end, 0, 50);
  med_writer_rollback(kit.member);
  med_txn *reader = store_kit_reader(&kit);
  ck_assert_int_eq(med_page_run_count(reader, &run, &found), MEDLEY_OK);
  ck_assert_uint_eq(found, 0);
  med_txn_close_reader(reader);
  store_kit_close(&kit);
}
END_TEST

START_TEST(keys_are_prefix_id_and_number_in_big_endian) {
  static const uint8_t key[] = {'p', 'q', 0, 0, 0, 0, 0, 0, 1, 2, 0, 0, 0, 9, 0xFF, 0xFF, 0xFF, 0xFF};
  store_kit kit = {0};
  med_page_run run;
  med_page_run_end end = {0};
  med_slice page;
  store_kit_open(&kit);
  med_page_run_init(&run, MED_TREE_GRAPH, med_slice_of_text("pq"), 0x102);
  med_txn *txn = store_kit_begin(&kit);
  ck_assert_int_eq(med_page_run_append(txn, &run, &end, 0x9FFFFFFFF, med_slice_of_text("page")), MEDLEY_OK);
  ck_assert_int_eq(med_txn_get(txn, MED_TREE_GRAPH, med_slice_of(key, sizeof key), &page), MEDLEY_OK);
  ck_assert(med_slice_equal(page, med_slice_of_text("page")));
  store_kit_commit(&kit);
  store_kit_close(&kit);
}
END_TEST

START_TEST(a_header_names_its_kind_and_what_is_no_header_is_refused) {
  static const uint8_t golden[] = {'M', 'R', 2, 1, 0x34, 0x12, 0, 0};
  uint8_t page[MED_PAGE_HEADER_SIZE];
  uint16_t count;
  medley_error error;
  med_page_header_write(page, MED_PAGE_COLUMN_DICTIONARY, 1, 0x1234);
  ck_assert_mem_eq(page, golden, sizeof golden);
  med_slice whole = med_slice_of(page, sizeof page);
  ck_assert_int_eq(med_page_header_read(whole, MED_PAGE_COLUMN_DICTIONARY, 1, &count, &error), MEDLEY_OK);
  ck_assert_uint_eq(count, 0x1234);
  ck_assert_int_eq(med_page_header_read(whole, MED_PAGE_COLUMN_GROUP, 1, &count, &error), MEDLEY_CORRUPT);
  whole.len--;
  ck_assert_int_eq(med_page_header_read(whole, MED_PAGE_COLUMN_DICTIONARY, 1, &count, &error), MEDLEY_CORRUPT);
  whole.len++;
  page[3] = 2;
  ck_assert_int_eq(med_page_header_read(whole, MED_PAGE_COLUMN_DICTIONARY, 1, &count, &error), MEDLEY_NEWER_FORMAT);
  page[3] = 0;
  ck_assert_int_eq(med_page_header_read(whole, MED_PAGE_COLUMN_DICTIONARY, 1, &count, &error), MEDLEY_CORRUPT);
  page[3] = 1;
  page[6] = 1;
  ck_assert_int_eq(med_page_header_read(whole, MED_PAGE_COLUMN_DICTIONARY, 1, &count, &error), MEDLEY_CORRUPT);
}
END_TEST

PROPERTY_MAIN("page_run", a_run_built_over_several_transactions_reads_as_one,
              pages_out_of_order_or_too_large_are_refused_and_change_nothing,
              dropping_in_slices_takes_that_run_and_no_neighbour, a_run_that_was_rolled_back_is_not_there,
              keys_are_prefix_id_and_number_in_big_endian, a_header_names_its_kind_and_what_is_no_header_is_refused)
