/* test_log.c - the redo log's file: records come back in order, torn and foreign bytes never do. */
#include <fcntl.h>
#include <unistd.h>

#include "storage/log.h"
#include "tests/unit/property.h"

static char path[64];
static med_log test_log;
static medley_error error;

static void open_log(void) {
  snprintf(path, sizeof path, "/tmp/medley-test-log-%d", (int)getpid());
  unlink(path);
  med_log_init(&test_log);
  ck_assert_int_eq(med_log_open(&test_log, path, false, &error), MEDLEY_NOT_FOUND);
  ck_assert_int_eq(med_log_open(&test_log, path, true, &error), MEDLEY_OK);
  ck_assert_int_eq(med_log_read_header(&test_log, &error), MEDLEY_NOT_FOUND);
}

static void close_log(void) {
  med_log_clear(&test_log);
  unlink(path);
}

static void write_header(uint64_t salt, uint64_t checkpoint_id) {
  med_log_header header = {.salt = salt, .checkpoint_id = checkpoint_id, .identity = "0123456789abcde"};
  memset(header.metas, (int)checkpoint_id, sizeof header.metas);
  ck_assert_int_eq(med_log_write_header(&test_log, &header, &error), MEDLEY_OK);
}

/* What record number id holds: some compress, some do not, one is empty. */
static size_t content(uint64_t id, char *bytes, size_t size) {
  size_t len = id % 5 == 4 ? 0 : (size_t)(id * 97 % size);
  uint64_t state = id;
  for (size_t i = 0; i < len; i++) bytes[i] = id % 2 == 0 ? 'a' : (char)property_random(&state);
  return len;
}

static void append(uint64_t id, bool flush) {
  char bytes[9000];
  size_t len = content(id, bytes, sizeof bytes);
  ck_assert_int_eq(med_log_append(&test_log, id, med_slice_of(bytes, len), &error), MEDLEY_OK);
  if (flush) ck_assert_int_eq(med_log_flush(&test_log, &error), MEDLEY_OK);
}

static void reopen(void) {
  med_log_clear(&test_log);
  ck_assert_int_eq(med_log_open(&test_log, path, false, &error), MEDLEY_OK);
}

/* Reads from the header on: records first to last, and what comes then. */
static void expect_records(uint64_t first, uint64_t last, int then) {
  reopen();
  ck_assert_int_eq(med_log_read_header(&test_log, &error), MEDLEY_OK);
  med_log_record record;
  char bytes[9000];
  for (uint64_t id = first; id <= last; id++) {
    ck_assert_msg(med_log_next(&test_log, &record, &error) == MEDLEY_OK, "record %llu", (unsigned long long)id);
    ck_assert_uint_eq(record.id, id);
    size_t len = content(id, bytes, sizeof bytes);
    ck_assert_uint_eq(record.operations.len, len);
    ck_assert(len == 0 || memcmp(record.operations.bytes, bytes, len) == 0);
  }
  ck_assert_int_eq(med_log_next(&test_log, &record, &error), then);
}

static void change_byte(off_t at, uint8_t by) {
  uint8_t byte;
  ck_assert_int_eq(pread(test_log.fd, &byte, 1, at), 1);
  byte ^= by;
  ck_assert_int_eq(pwrite(test_log.fd, &byte, 1, at), 1);
}

START_TEST(records_come_back_in_order_and_the_newer_header_counts) {
  open_log();
  write_header(11, 7);
  for (uint64_t id = 8; id < 60; id++) append(id, id % 3 == 0);
  ck_assert_int_eq(med_log_flush(&test_log, &error), MEDLEY_OK);
  expect_records(8, 59, MEDLEY_NOT_FOUND);
  ck_assert_uint_eq(test_log.header.checkpoint_id, 7);
  ck_assert_int_eq(test_log.header.metas[100], 7);
  write_header(12, 59);
  expect_records(60, 59, MEDLEY_NOT_FOUND); /* those of the other salt are none any more */
  append(60, true);
  expect_records(60, 60, MEDLEY_NOT_FOUND);
  close_log();
}
END_TEST

START_TEST(a_torn_header_leaves_the_one_before) {
  open_log();
  write_header(11, 7);
  append(8, true);
  write_header(12, 8);
  change_byte((off_t)(test_log.header.generation & 1) * MED_LOG_HEADER_SIZE + 5000, 1);
  reopen();
  ck_assert_int_eq(med_log_read_header(&test_log, &error), MEDLEY_OK);
  ck_assert_uint_eq(test_log.header.checkpoint_id, 7);
  expect_records(8, 8, MEDLEY_NOT_FOUND);
  close_log();
}
END_TEST

START_TEST(a_header_of_a_newer_format_is_refused) {
  open_log();
  write_header(11, 7);
  uint8_t bytes[MED_LOG_HEADER_SIZE];
  off_t at = (off_t)(test_log.header.generation & 1) * MED_LOG_HEADER_SIZE;
  ck_assert_int_eq(pread(test_log.fd, bytes, sizeof bytes, at), sizeof bytes);
  med_put_u32(bytes + 8, MED_LOG_VERSION + 1);
  med_put_u64(bytes + 56, med_hash64(bytes + MED_LOG_PAGE, 2 * MED_LOG_PAGE, med_hash64(bytes, 56, 0)));
  ck_assert_int_eq(pwrite(test_log.fd, bytes, sizeof bytes, at), sizeof bytes);
  ck_assert_int_eq(med_log_read_header(&test_log, &error), MEDLEY_NEWER_FORMAT);
  close_log();
}
END_TEST

START_TEST(a_torn_last_record_ends_the_log_and_a_damaged_one_before_others_is_told) {
  open_log();
  write_header(11, 7);
  uint64_t tails[20];
  for (uint64_t id = 8; id < 20; id++) {
    tails[id] = test_log.tail;
    append(id, true);
  }
  change_byte((off_t)tails[19] + 20, 4);
  expect_records(8, 18, MEDLEY_NOT_FOUND);
  change_byte((off_t)tails[12] + 20, 4);
  expect_records(8, 11, MEDLEY_CORRUPT);
  close_log();
}
END_TEST

/* Without a flush in between a power cut may leave a later record whole and an earlier one torn. */
START_TEST(unflushed_records_behind_a_torn_one_are_no_damage) {
  open_log();
  write_header(11, 7);
  append(8, true);
  uint64_t torn = test_log.tail;
  append(9, false);
  append(10, false);
  append(11, false);
  change_byte((off_t)torn + 20, 1);
  expect_records(8, 8, MEDLEY_NOT_FOUND);
  close_log();
}
END_TEST

START_TEST(a_record_that_is_taken_back_is_gone_and_its_place_is_used_again) {
  open_log();
  write_header(11, 7);
  append(8, true);
  uint64_t tail = test_log.tail, chain = test_log.chain;
  append(9, true);
  ck_assert_int_eq(med_log_take_back(&test_log, tail, chain, 8, &error), MEDLEY_OK);
  append(9, true);
  expect_records(8, 9, MEDLEY_NOT_FOUND);
  close_log();
}
END_TEST

/* Whatever bytes are flipped or cut off: what is answered is a beginning of what was written, or CORRUPT. */
START_TEST(no_damage_makes_up_a_record) {
  uint64_t seed = property_seed("log damage");
  for (int round = 0; round < 300; round++) {
    open_log();
    write_header(property_random(&seed), 7);
    uint64_t count = 1 + property_below(&seed, 12);
    for (uint64_t id = 8; id < 8 + count; id++) append(id, property_below(&seed, 2) == 0);
    uint64_t end = test_log.tail;
    for (uint64_t flips = 1 + property_below(&seed, 3); flips > 0; flips--)
      change_byte((off_t)property_below(&seed, end), (uint8_t)(1 + property_below(&seed, 255)));
    if (property_below(&seed, 4) == 0) ck_assert_int_eq(ftruncate(test_log.fd, (off_t)property_below(&seed, end)), 0);
    reopen();
    int rc = med_log_read_header(&test_log, &error);
    ck_assert(rc == MEDLEY_OK || rc == MEDLEY_NOT_FOUND || rc == MEDLEY_NEWER_FORMAT);
    med_log_record record;
    char bytes[9000];
    for (uint64_t id = 8; rc == MEDLEY_OK && (rc = med_log_next(&test_log, &record, &error)) == MEDLEY_OK; id++) {
      ck_assert_uint_eq(record.id, id);
      size_t len = content(id, bytes, sizeof bytes);
      ck_assert(record.operations.len == len && (len == 0 || memcmp(record.operations.bytes, bytes, len) == 0));
    }
    ck_assert(rc == MEDLEY_NOT_FOUND || rc == MEDLEY_CORRUPT || rc == MEDLEY_NEWER_FORMAT);
    close_log();
  }
}
END_TEST

/* Torn: nothing was written behind it. Damaged later: something was, and the older header is of a time that is gone. */
START_TEST(a_damaged_header_is_told_from_a_torn_one) {
  bool outdated = true;
  for (int commits = 0; commits < 2; commits++) {
    open_log();
    write_header(7, 100);
    append(101, true);
    append(102, true);
    write_header(8, 102);
    if (commits > 0) append(103, true);
    change_byte(60, 0x10); /* generation 2 stands in the first place; this byte is none of its fields */
    change_byte(MED_LOG_PAGE + 9, 0x10);
    reopen();
    ck_assert_int_eq(med_log_read_header(&test_log, &error), MEDLEY_OK);
    ck_assert_uint_eq(test_log.header.generation, 1);
    ck_assert_int_eq(med_log_is_outdated(&test_log, &outdated, &error), MEDLEY_OK);
    ck_assert(outdated == (commits > 0));
    ck_assert_uint_eq(test_log.header.salt, 7);
    close_log();
  }
}
END_TEST

PROPERTY_MAIN("log", a_damaged_header_is_told_from_a_torn_one, records_come_back_in_order_and_the_newer_header_counts,
              a_torn_header_leaves_the_one_before, a_header_of_a_newer_format_is_refused,
              a_torn_last_record_ends_the_log_and_a_damaged_one_before_others_is_told,
              unflushed_records_behind_a_torn_one_are_no_damage,
              a_record_that_is_taken_back_is_gone_and_its_place_is_used_again, no_damage_makes_up_a_record)
