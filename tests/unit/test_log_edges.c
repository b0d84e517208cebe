/* test_log_edges.c - the redo log's file when it cannot be opened, written or flushed, and records made by hand that no writer makes. */
#include <check.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "storage/log.h"
#include "tests/unit/property.h"

#define RECORD_HEADER 40
#define MAGIC 0x4D4C5231u
#define LZ4 1u
#define ALONE 2u
#define SALT 11
#define AREA ((size_t)2 << 20)

static char path[64];
static med_log test_log;
static medley_error error;

static void setup(void) {
  snprintf(path, sizeof path, "/tmp/medley-test-log-edges-%d", (int)getpid());
  unlink(path);
  med_log_init(&test_log);
  ck_assert_int_eq(med_log_open(&test_log, path, true, &error), MEDLEY_OK);
}

static void teardown(void) {
  med_log_clear(&test_log);
  unlink(path);
}

static int write_header(med_log *log, uint64_t salt, uint64_t checkpoint_id, medley_error *slot) {
  med_log_header header = {.salt = salt, .checkpoint_id = checkpoint_id, .identity = "0123456789abcde"};
  return med_log_write_header(log, &header, slot);
}

static void begin(uint64_t salt, uint64_t checkpoint_id) {
  ck_assert_int_eq(write_header(&test_log, salt, checkpoint_id, &error), MEDLEY_OK);
}

static void append(uint64_t id, size_t len, bool flush) {
  char *bytes = malloc(len);
  uint64_t state = id;
  for (size_t i = 0; i < len; i++) bytes[i] = (char)property_random(&state);
  ck_assert_int_eq(med_log_append(&test_log, id, med_slice_of(bytes, len), &error), MEDLEY_OK);
  if (flush) ck_assert_int_eq(med_log_flush(&test_log, &error), MEDLEY_OK);
  free(bytes);
}

static void reopen(void) {
  med_log_clear(&test_log);
  memset(&error, 0, sizeof error);
  ck_assert_int_eq(med_log_open(&test_log, path, false, &error), MEDLEY_OK);
  ck_assert_int_eq(med_log_read_header(&test_log, &error), MEDLEY_OK);
}

static int next(void) {
  med_log_record record;
  return med_log_next(&test_log, &record, &error);
}

/* ---- Opening ---- */
START_TEST(what_is_no_file_of_ours_is_not_opened) {
  med_log other;
  med_log_init(&other);
  ck_assert_int_eq(med_log_open(&other, "/nowhere/log", false, &error), MEDLEY_NOT_FOUND);
  ck_assert_int_eq(med_log_open(&other, "/nowhere/log", true, &error), MEDLEY_CANNOT_OPEN);
  ck_assert_int_eq(med_log_open(&other, "/dev/null", false, &error), MEDLEY_CANNOT_OPEN);
  ck_assert_int_eq(med_log_open(&other, "/tmp", false, &error), MEDLEY_CANNOT_OPEN);
  char link_path[80];
  snprintf(link_path, sizeof link_path, "%s-link", path);
  unlink(link_path);
  ck_assert_int_eq(symlink(path, link_path), 0);
  ck_assert_int_eq(med_log_open(&other, link_path, false, &error), MEDLEY_CANNOT_OPEN);
  unlink(link_path);
  ck_assert_int_eq(other.fd, -1);
  med_log_clear(&other);
}
END_TEST

/* ---- Failing writes and flushes ---- */
static void use_device(const char *device) {
  int fd = open(device, O_RDWR);
  ck_assert_int_ge(fd, 0);
  ck_assert_int_eq(dup2(fd, test_log.fd), test_log.fd);
  close(fd);
}

START_TEST(a_full_disk_leaves_the_log_as_it_was) {
  begin(SALT, 7);
  uint64_t tail = test_log.tail, chain = test_log.chain;
  use_device("/dev/full");
  ck_assert_int_eq(med_log_append(&test_log, 8, med_slice_of_text("x"), &error), MEDLEY_FULL);
  test_log.initialised_to = 0; /* the zeros ahead of it cannot be written either */
  ck_assert_int_eq(med_log_append(&test_log, 8, med_slice_of_text("x"), &error), MEDLEY_FULL);
  ck_assert_int_eq(write_header(&test_log, SALT, 8, &error), MEDLEY_FULL);
  ck_assert(test_log.tail == tail && test_log.chain == chain && test_log.last_id == 7);
  ck_assert_uint_eq(test_log.header.checkpoint_id, 7);
}
END_TEST

START_TEST(after_a_failed_flush_nobody_knows) {
  begin(SALT, 7);
  append(8, 100, true);
  use_device("/dev/null"); /* takes every byte, and cannot be flushed */
  ck_assert_int_eq(med_log_append(&test_log, 9, med_slice_of_text("x"), &error), MEDLEY_OK);
  ck_assert_int_eq(med_log_flush(&test_log, NULL), MEDLEY_IO);
  ck_assert_int_eq(med_log_take_back(&test_log, test_log.tail, 0, 8, &error), MEDLEY_COMMIT_UNKNOWN);
  ck_assert_ptr_nonnull(strstr(error.message, "unknown"));
  ck_assert_int_eq(write_header(&test_log, SALT, 8, NULL), MEDLEY_COMMIT_UNKNOWN);
  ck_assert_int_eq(med_log_flush(&test_log, &error), MEDLEY_IO);
}
END_TEST

/* ---- Headers ---- */
START_TEST(another_ones_newer_header_is_noticed) {
  bool present = false;
  med_log other;
  begin(SALT, 7);
  ck_assert_int_eq(med_log_is_present(&test_log, &present, &error), MEDLEY_OK);
  ck_assert(present);
  med_log_init(&other);
  ck_assert_int_eq(med_log_open(&other, path, false, &error), MEDLEY_OK);
  ck_assert_int_eq(med_log_is_present(&other, &present, &error), MEDLEY_OK);
  ck_assert(!present); /* it has read none yet */
  ck_assert_int_eq(med_log_read_header(&other, &error), MEDLEY_OK);
  ck_assert_int_eq(write_header(&other, SALT + 1, 9, &error), MEDLEY_OK);
  med_log_clear(&other);
  ck_assert_int_eq(med_log_is_present(&test_log, &present, &error), MEDLEY_OK);
  ck_assert(!present);
  ck_assert_int_eq(ftruncate(test_log.fd, 10), 0);
  ck_assert_int_eq(med_log_is_present(&test_log, &present, &error), MEDLEY_OK);
  ck_assert(present); /* nothing newer is there */
}
END_TEST

static bool is_outdated(void) {
  bool outdated = true;
  ck_assert_int_eq(med_log_is_outdated(&test_log, &outdated, &error), MEDLEY_OK);
  return outdated;
}

static void change_byte(uint64_t at) {
  uint8_t byte;
  ck_assert_int_eq(pread(test_log.fd, &byte, 1, (off_t)at), 1);
  byte ^= 0x10;
  ck_assert_int_eq(pwrite(test_log.fd, &byte, 1, (off_t)at), 1);
}

/* Generation 2 stands in the first place; its damage leaves generation 1. */
static void damage_second_header(uint64_t salt) {
  begin(SALT, 7);
  append(8, 50, true);
  begin(salt, 8);
  append(9, 50, true);
  change_byte(MED_LOG_PAGE + 9);
  reopen();
  ck_assert_uint_eq(test_log.header.generation, 1);
}

START_TEST(only_a_whole_record_under_another_salt_shows_that_a_damaged_header_was_good) {
  damage_second_header(SALT + 1);
  ck_assert(is_outdated());
  change_byte(MED_LOG_FIRST_RECORD); /* its magic number */
  ck_assert(!is_outdated());
  change_byte(MED_LOG_FIRST_RECORD);
  change_byte(MED_LOG_FIRST_RECORD + 4); /* its length: far too long */
  ck_assert(!is_outdated());
  change_byte(MED_LOG_FIRST_RECORD + 4);
  ck_assert_int_eq(ftruncate(test_log.fd, MED_LOG_FIRST_RECORD + 10), 0);
  ck_assert(!is_outdated());
}
END_TEST

START_TEST(a_header_that_was_never_whole_or_has_the_same_salt_shows_nothing) {
  damage_second_header(SALT);
  ck_assert(!is_outdated());
  ck_assert_int_eq(ftruncate(test_log.fd, 0), 0);
  med_log_clear(&test_log);
  ck_assert_int_eq(med_log_open(&test_log, path, false, &error), MEDLEY_OK);
  begin(SALT, 7);
  begin(SALT + 1, 8);
  reopen();
  ck_assert_uint_eq(test_log.header.generation, 2);
  ck_assert(!is_outdated()); /* both are whole */
  ck_assert_int_eq(ftruncate(test_log.fd, MED_LOG_HEADER_SIZE + 9), 0);
  ck_assert(!is_outdated()); /* there is no second one */
}
END_TEST

/* ---- Records made by hand ---- */
typedef struct record {
  uint32_t stored, raw, flags;
  uint64_t id, chain;
  const char *payload;
  size_t payload_len;
} record;

static void put_record(uint64_t at, const record *wanted) {
  uint8_t bytes[512] = {0};
  med_put_u32(bytes, MAGIC);
  med_put_u32(bytes + 4, wanted->stored);
  med_put_u32(bytes + 8, wanted->raw);
  med_put_u32(bytes + 12, wanted->flags);
  med_put_u64(bytes + 16, wanted->id);
  med_put_u64(bytes + 24, wanted->chain);
  memcpy(bytes + RECORD_HEADER, wanted->payload, wanted->payload_len);
  med_put_u64(bytes + 32, med_hash64(bytes + RECORD_HEADER, wanted->payload_len, med_hash64(bytes, 32, SALT)));
  ck_assert_int_eq(pwrite(test_log.fd, bytes, RECORD_HEADER + wanted->payload_len, (off_t)at),
                   (ssize_t)(RECORD_HEADER + wanted->payload_len));
}

START_TEST(a_sound_record_whose_contents_do_not_unpack_is_told) {
  begin(SALT, 7);
  record wanted = {.stored = 8, .raw = 8, .id = 8, .chain = test_log.chain, .payload = "12345678", .payload_len = 8};
  put_record(test_log.tail, &wanted);
  reopen();
  ck_assert_int_eq(next(), MEDLEY_OK);
  wanted.raw = 9; /* not packed, and yet of another length */
  put_record(MED_LOG_FIRST_RECORD, &wanted);
  reopen();
  ck_assert_int_eq(next(), MEDLEY_CORRUPT);
  wanted.flags = LZ4;
  wanted.payload = "\xF0\xFF\xFF\xFF\xFF\xFF\xFF\xFF";
  put_record(MED_LOG_FIRST_RECORD, &wanted);
  reopen();
  ck_assert_int_eq(next(), MEDLEY_CORRUPT);
  ck_assert_ptr_nonnull(strstr(error.message, "cannot be unpacked"));
}
END_TEST

/* Each of them looks like a record that was lost behind a damaged one, but for one thing. */
START_TEST(what_only_resembles_a_lost_record_is_none) {
  static const record almost[] = {
      {.stored = 0x7FFFFFFF, .raw = 8, .flags = ALONE, .id = 9, .payload = "12345678", .payload_len = 8},
      {.stored = 8, .raw = 0x7FFFFFFF, .flags = ALONE, .id = 9, .payload = "12345678", .payload_len = 8},
      {.stored = 4000000, .raw = 8, .flags = ALONE, .id = 9, .payload = "12345678", .payload_len = 8},
      {.stored = 9, .raw = 8, .flags = ALONE, .id = 9, .payload = "12345678", .payload_len = 8},
      {.stored = 8, .raw = 8, .flags = 0, .id = 9, .payload = "12345678", .payload_len = 8},
      {.stored = 8, .raw = 8, .flags = ALONE, .id = 7, .payload = "12345678", .payload_len = 8},
  };
  begin(SALT, 7);
  uint64_t at = MED_LOG_FIRST_RECORD + 1024;
  for (size_t i = 0; i < sizeof almost / sizeof almost[0]; i++) {
    put_record(at, &almost[i]);
    reopen();
    ck_assert_msg(next() == MEDLEY_NOT_FOUND, "record %zu: %s", i, error.message);
  }
  record lost = {.stored = 8, .raw = 8, .flags = ALONE, .id = 9, .payload = "12345678", .payload_len = 8};
  put_record(at, &lost);
  reopen();
  ck_assert_int_eq(next(), MEDLEY_CORRUPT);
}
END_TEST

START_TEST(a_lost_record_is_found_far_behind_the_damage) {
  begin(SALT, 7);
  append(8, AREA, false);
  append(9, 100, false);
  append(10, 100, true);
  append(11, 100, true); /* it was flushed before this one was written */
  change_byte(MED_LOG_FIRST_RECORD + 100);
  reopen();
  ck_assert_int_eq(next(), MEDLEY_CORRUPT);
  ck_assert_ptr_nonnull(strstr(error.message, "there are commits behind it"));
}
END_TEST

PROPERTY_MAIN_BETWEEN("log_edges", setup, teardown, what_is_no_file_of_ours_is_not_opened,
                      a_full_disk_leaves_the_log_as_it_was, after_a_failed_flush_nobody_knows,
                      another_ones_newer_header_is_noticed,
                      only_a_whole_record_under_another_salt_shows_that_a_damaged_header_was_good,
                      a_header_that_was_never_whole_or_has_the_same_salt_shows_nothing,
                      a_sound_record_whose_contents_do_not_unpack_is_told, what_only_resembles_a_lost_record_is_none,
                      a_lost_record_is_found_far_behind_the_damage)
