/* test_walker_bytes.c - every byte of small files changed in turn: the walker answers, and says no to each kind of damage that there is. */
#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "storage/walker.h"
#include "storage/walker_format.h"
#include "tests/unit/lmdb_shapes.h"
#include "tests/unit/property.h"

enum { PAGE = 4096, EVERY_BYTE = 72, COMPLAINTS_MAX = 60 };

static uint8_t *image;
static uint64_t size;
static int fd = -1;
static char complaints[COMPLAINTS_MAX][80];
static int complaint_count;

static void load_shape(lmdb_shape shape) {
  char path[64], lock[80];
  snprintf(path, sizeof path, "/tmp/medley-walker-bytes-%d", (int)getpid());
  lmdb_shape_build(path, shape, 7);
  image = file_load(path, &size);
  ck_assert_ptr_nonnull(image);
  snprintf(lock, sizeof lock, "%s-lock", path);
  unlink(path);
  unlink(lock);
  fd = memfd_create("walker", 0);
  ck_assert_int_eq(pwrite(fd, image, size, 0), (ssize_t)size);
}

static void unload(void) {
  close(fd);
  free(image);
}

static int walk(medley_error *error) {
  memset(error, 0, sizeof *error);
  return med_walker_walk(fd, size, NULL, NULL, NULL, error);
}

/* The words behind "file: page N: ". */
static void note_complaint(const char *message) {
  const char *words = strstr(message, ": ");
  words = words != NULL ? strstr(words + 2, ": ") : NULL;
  words = words != NULL ? words + 2 : message;
  for (int i = 0; i < complaint_count; i++) {
    if (strncmp(complaints[i], words, sizeof complaints[i] - 1) == 0) return;
  }
  if (complaint_count < COMPLAINTS_MAX) snprintf(complaints[complaint_count++], sizeof complaints[0], "%.79s", words);
}

static void try_byte(uint64_t at) {
  uint8_t own = image[at], values[] = {0, 0xFF, (uint8_t)(own ^ 1), (uint8_t)(own ^ 0x80), (uint8_t)(own + 8)};
  for (size_t v = 0; v < sizeof values; v++) {
    medley_error error;
    ck_assert_int_eq(pwrite(fd, &values[v], 1, (off_t)at), 1);
    int rc = walk(&error);
    ck_assert_msg(rc == MEDLEY_OK || rc == MEDLEY_CORRUPT || rc == MEDLEY_NOT_A_DATABASE, "byte %d: %s", (int)at,
                  error.message);
    if (rc != MEDLEY_OK) note_complaint(error.message);
  }
  ck_assert_int_eq(pwrite(fd, &own, 1, (off_t)at), 1);
}

/* The meta pages, the first nodes' places and the last nodes of every page; in between one byte in a few. */
START_TEST(no_changed_byte_makes_it_lose_its_way) {
  static const lmdb_shape shapes[] = {SHAPE_SMALL, SHAPE_MEDLEY, SHAPE_CHURN};
  for (size_t s = 0; s < sizeof shapes / sizeof shapes[0]; s++) {
    load_shape(shapes[s]);
    uint64_t pages = size / PAGE;
    uint64_t step = pages > 16 ? pages / 16 : 1;
    for (uint64_t page = 0; page < pages; page += page < 8 ? 1 : step) {
      for (uint64_t at = 0; at < PAGE; at += at < EVERY_BYTE || at >= PAGE - EVERY_BYTE ? 1 : 37)
        try_byte(page * PAGE + at);
    }
    medley_error error;
    ck_assert_msg(walk(&error) == MEDLEY_OK, "%s", error.message); /* everything was put back */
    unload();
  }
  ck_assert_int_ge(complaint_count, 15);
}
END_TEST

/* ---- Damage that takes more than a byte ---- */
static const uint8_t *newest_meta(void) {
  const uint8_t *first = image + PAGE_HEADER_SIZE, *second = first + PAGE;
  return med_native_u64(second + 128) > med_native_u64(first + 128) ? second : first;
}

static void patch(const uint8_t *at, const void *bytes, size_t len) {
  ck_assert_int_eq(pwrite(fd, bytes, len, at - image), (ssize_t)len);
}

static void expect(const char *words) {
  medley_error error;
  ck_assert_int_eq(walk(&error), MEDLEY_CORRUPT);
  ck_assert_msg(strstr(error.message, words) != NULL, "%s", error.message);
}

static void try_number(const uint8_t *at, uint64_t number, const char *words) {
  patch(at, &number, sizeof number);
  expect(words);
  patch(at, at, sizeof number);
}

START_TEST(numbers_out_of_range_in_the_meta_page_are_told_apart) {
  load_shape(SHAPE_MEDLEY);
  const uint8_t *body = newest_meta();
  uint64_t parity = med_native_u64(body + 128) & 1;
  try_number(body + 128, ((uint64_t)1 << 62) + 2 + parity, "transaction number is out of range");
  try_number(body + 128, med_native_u64(body + 128) + 1, "does not belong to this meta page");
  try_number(body + 120, (uint64_t)1 << 48, "last page is out of range");
  try_number(body + 16, 4096, "map is smaller");
  try_number(body + 72 + 40, 1, "root is outside of the file");
  try_number(body + 72 + 40, size / PAGE + 5, "outside of the file");
  try_number(body + 72 + 40, UINT64_MAX, "depth does not fit its root");
  static const uint8_t no_root[8] = {0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF};
  patch(body + 24 + 40, no_root, 8); /* an empty tree: no depth, and yet a leaf page */
  patch(body + 24 + 6, "\0\0", 2);
  uint64_t one = 1;
  patch(body + 24 + 16, &one, 8);
  expect("an empty tree has pages");
  unload();
}
END_TEST

START_TEST(a_file_that_is_shorter_than_it_was_told_to_be_ends_early) {
  medley_error error = {0};
  load_shape(SHAPE_MEDLEY);
  ck_assert_int_eq(ftruncate(fd, 4 * PAGE), 0);
  int rc = med_walker_walk(fd, size, NULL, NULL, NULL, &error);
  ck_assert_int_eq(rc, MEDLEY_CORRUPT);
  ck_assert_ptr_nonnull(strstr(error.message, "ends early"));
  unload();
}
END_TEST

/* The records of the free list lie in its leaf: numbers, the greatest first. */
static const uint8_t *free_node(unsigned index, unsigned *count) {
  const uint8_t *leaf = image + load_tree(newest_meta() + 24).root * PAGE;
  ck_assert_int_eq(page_flags(leaf), PAGE_LEAF);
  *count = page_node_count(leaf);
  ck_assert_uint_lt(index, *count);
  return page_node(leaf, index);
}

START_TEST(a_page_that_is_free_twice_or_free_and_used_is_told) {
  load_shape(SHAPE_CHURN);
  unsigned count;
  const uint8_t *node = free_node(0, &count);
  ck_assert_uint_ge(med_native_u64(node_data(node)), 1);
  const uint8_t *number = node_data(node) + 8; /* behind the count */
  uint64_t root = load_tree(newest_meta() + 72).root;
  if (med_native_u64(node_data(node)) == 1) try_number(number, root, "both free and used");
  if (count > 1) {
    unsigned ignored;
    const uint8_t *other = free_node(1, &ignored);
    uint64_t taken = med_native_u64(node_data(other) + 8);
    if (med_native_u64(node_data(node)) == 1) try_number(number, taken, "in the free list twice");
  }
  uint64_t impossible = med_native_u64(newest_meta() + 128) + 9;
  patch(node_key(node).bytes, &impossible, 8);
  medley_error error;
  ck_assert_int_eq(walk(&error), MEDLEY_CORRUPT);
  patch(node_key(node).bytes, node_key(node).bytes, 8);
  uint16_t odd = (uint16_t)(node_data_size(node) - 1);
  patch(node, &odd, 2);
  ck_assert_int_eq(walk(&error), MEDLEY_CORRUPT);
  unload();
}
END_TEST

PROPERTY_MAIN("walker_bytes", no_changed_byte_makes_it_lose_its_way,
              numbers_out_of_range_in_the_meta_page_are_told_apart,
              a_file_that_is_shorter_than_it_was_told_to_be_ends_early,
              a_page_that_is_free_twice_or_free_and_used_is_told)
