/* test_walker.c - the walker accepts what LMDB writes and names the page of everything it should refuse. */
#include <check.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "storage/walker.h"
#include "tests/unit/lmdb_shapes.h"

enum { PAGE = 4096, HEADER = 16, SEEDS = 6 };

static char path[256];

static void make_path(void) {
  const char *folder = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
  snprintf(path, sizeof path, "%s/medley-walker-%d.mdb", folder, (int)getpid());
}

static void remove_path(void) {
  char lock[300];
  snprintf(lock, sizeof lock, "%s-lock", path);
  unlink(path);
  unlink(lock);
}

static int walk_with(med_walker_callback on_entry, void *context, med_walker_report *report, medley_error *error) {
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  struct stat status;
  ck_assert_int_ge(fd, 0);
  ck_assert_int_eq(fstat(fd, &status), 0);
  memset(error, 0, sizeof *error);
  int rc = med_walker_walk(fd, (uint64_t)status.st_size, on_entry, context, report, error);
  ck_assert_int_eq(lseek(fd, 0, SEEK_CUR), 0);
  close(fd);
  return rc;
}

static int walk(med_walker_report *report, medley_error *error) { return walk_with(NULL, NULL, report, error); }

static int check_header(medley_error *error) {
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  struct stat status;
  ck_assert_int_eq(fstat(fd, &status), 0);
  memset(error, 0, sizeof *error);
  int rc = med_walker_check_header(fd, (uint64_t)status.st_size, error);
  close(fd);
  return rc;
}

/* ---- What LMDB writes ---- */
START_TEST(every_shape_that_lmdb_writes_is_accepted) {
  lmdb_shape shape = (lmdb_shape)_i;
  for (uint64_t seed = 1; seed <= SEEDS; seed++) {
    lmdb_shape_build(path, shape, seed);
    for (unsigned round = 0; round < 3; round++) {
      medley_error error;
      med_walker_report report;
      ck_assert_msg(check_header(&error) == MEDLEY_OK, "%s, seed %d: %s", lmdb_shape_name(shape), (int)seed,
                    error.message);
      ck_assert_msg(walk(&report, &error) == MEDLEY_OK, "%s, seed %d: %s", lmdb_shape_name(shape), (int)seed,
                    error.message);
      ck_assert_uint_eq(report.leaked_pages, 0);
      ck_assert_int_eq(lmdb_workout(path, seed * 31 + round, 6), 0);
    }
  }
}
END_TEST

START_TEST(a_file_shorter_than_its_last_page_is_whole_if_the_rest_is_free) {
  medley_error error;
  med_walker_report report;
  lmdb_shape_build(path, SHAPE_GIVEN_UP, 1);
  ck_assert_int_eq(check_header(&error), MEDLEY_OK);
  ck_assert_int_eq(walk(&report, &error), MEDLEY_OK);
  ck_assert_uint_gt(report.last_page, report.file_pages + 100);
}
END_TEST

START_TEST(an_empty_file_is_a_new_one) {
  medley_error error;
  med_walker_report report;
  file_store(path, (const uint8_t *)"", 0);
  ck_assert_int_eq(check_header(&error), MEDLEY_OK);
  ck_assert_int_eq(walk(&report, &error), MEDLEY_OK);
  ck_assert_uint_eq(report.entry_count, 0);
}
END_TEST

START_TEST(roots_of_a_commit_that_failed_do_no_harm_in_the_older_meta_page) {
  uint64_t size;
  medley_error error;
  lmdb_shape_build(path, SHAPE_CHURN, 4);
  uint8_t *bytes = file_load(path, &size);
  uint64_t txn_ids[2];
  for (unsigned i = 0; i < 2; i++) memcpy(&txn_ids[i], bytes + i * PAGE + HEADER + 128, 8);
  uint8_t *older = bytes + (txn_ids[0] > txn_ids[1] ? PAGE : 0) + HEADER;
  static const uint64_t root = 1000000;
  memcpy(older + 72 + 40, &root, sizeof root);
  file_store(path, bytes, size);
  free(bytes);
  ck_assert_int_eq(check_header(&error), MEDLEY_OK);
  ck_assert_int_eq(walk(NULL, &error), MEDLEY_OK);
  ck_assert_int_eq(lmdb_workout(path, 1, 6), 0);
}
END_TEST

typedef struct seen {
  uint64_t entries, bytes, big;
  unsigned stop_after;
} seen;

static int count_entry(void *context, const med_walker_entry *entry) {
  seen *all = context;
  all->entries++;
  if (entry->value.bytes == NULL) {
    ck_assert_uint_gt(entry->value.len, PAGE - HEADER);
    all->big++;
  } else {
    const uint8_t *bytes = entry->value.bytes;
    for (size_t i = 0; i < entry->value.len; i++) all->bytes += bytes[i] == bytes[entry->value.len - 1];
  }
  ck_assert(med_slice_equal(entry->tree, med_slice_of_text("t")));
  ck_assert_uint_gt(entry->key.len, 0);
  return all->stop_after != 0 && all->entries == all->stop_after ? MEDLEY_INTERRUPTED : MEDLEY_OK;
}

START_TEST(the_callback_sees_every_record_and_can_stop_the_walk) {
  medley_error error;
  med_walker_report report;
  seen all = {0};
  lmdb_shape_build(path, SHAPE_OVERFLOW, 3);
  ck_assert_int_eq(walk_with(count_entry, &all, &report, &error), MEDLEY_OK);
  ck_assert_uint_eq(all.entries, report.entry_count);
  ck_assert_uint_gt(all.big, 10);
  ck_assert_uint_gt(all.bytes, 0);
  seen some = {.stop_after = 5};
  ck_assert_int_eq(walk_with(count_entry, &some, &report, &error), MEDLEY_INTERRUPTED);
  ck_assert_uint_eq(some.entries, 5);
}
END_TEST

/* ---- Crafted files ---- The image of a file, and where its parts are. */
typedef struct image {
  uint8_t *bytes;
  uint64_t size;
  uint8_t *meta;      /* of the newest commit, behind the page header */
  uint8_t *main_leaf; /* root of the main tree, a leaf with one node */
  uint8_t *record;    /* of the tree "t" */
  uint8_t *root;      /* its root page */
  uint8_t *leaf;      /* its leftmost leaf */
  uint64_t root_number, leaf_number;
} image;

static uint16_t get_16(const uint8_t *at) { return (uint16_t)(at[0] | at[1] << 8); }
static uint64_t get_64(const uint8_t *at) {
  uint64_t value;
  memcpy(&value, at, sizeof value);
  return value;
}
static void set_16(uint8_t *at, unsigned value) {
  at[0] = (uint8_t)value;
  at[1] = (uint8_t)(value >> 8);
}
static void set_64(uint8_t *at, uint64_t value) { memcpy(at, &value, sizeof value); }
static uint8_t *node_of(uint8_t *page, unsigned index) { return page + get_16(page + HEADER + 2 * index); }
static uint64_t child_of(const uint8_t *node) {
  return get_16(node) | (uint64_t)get_16(node + 2) << 16 | (uint64_t)get_16(node + 4) << 32;
}
static uint8_t *page_of(const image *im, uint64_t number) { return im->bytes + number * PAGE; }

static image load_image(lmdb_shape shape, uint64_t seed) {
  image im = {0};
  lmdb_shape_build(path, shape, seed);
  im.bytes = file_load(path, &im.size);
  uint8_t *first = im.bytes + HEADER, *second = first + PAGE;
  im.meta = get_64(second + 128) > get_64(first + 128) ? second : first;
  im.main_leaf = page_of(&im, get_64(im.meta + 72 + 40));
  uint8_t *node = node_of(im.main_leaf, 0);
  im.record = node + 8 + get_16(node + 6);
  im.root_number = get_64(im.record + 40);
  im.root = page_of(&im, im.root_number);
  im.leaf_number = im.root_number;
  im.leaf = im.root;
  while (get_16(im.leaf + 10) == 1) {
    im.leaf_number = child_of(node_of(im.leaf, 0));
    im.leaf = page_of(&im, im.leaf_number);
  }
  return im;
}

/* The changed image must be refused, with these words, and by check_header as well if `header`. */
static void refuse(image *im, int status, const char *words, bool header) {
  medley_error error;
  file_store(path, im->bytes, im->size);
  int rc = walk(NULL, &error);
  ck_assert_msg(rc == status, "answered %s (%s), expected %s", medley_status_name(rc), error.message, words);
  ck_assert_msg(strstr(error.message, words) != NULL, "\"%s\" lacks \"%s\"", error.message, words);
  ck_assert_int_eq(error.status, status);
  rc = check_header(&error);
  ck_assert_msg(rc == (header ? status : MEDLEY_OK), "check_header answered %s", medley_status_name(rc));
  free(im->bytes);
}

/* name, shape, the change, status, words of the message, whether check_header refuses it too */
#define CRAFTED_LIST(X)                                                                                                \
  X(text_is_not_a_database, SHAPE_SMALL, memset(im.bytes, 'x', im.size), MEDLEY_NOT_A_DATABASE, "page 0", true)        \
  X(a_short_file_is_not_a_database, SHAPE_SMALL, im.size = 100, MEDLEY_NOT_A_DATABASE, "too short", true)              \
  X(another_version_is_not_a_database, SHAPE_SMALL, im.bytes[HEADER + 4] = 2, MEDLEY_NOT_A_DATABASE, "version", true)  \
  X(a_file_cut_in_its_meta_pages, SHAPE_SMALL, im.size = PAGE, MEDLEY_CORRUPT, "ends early", true)                     \
  X(a_file_cut_in_half, SHAPE_DEEP, im.size = im.size / 2 / PAGE * PAGE, MEDLEY_CORRUPT, "", true)                     \
  X(a_second_meta_page_without_magic, SHAPE_SMALL, im.bytes[PAGE + HEADER] ^= 1, MEDLEY_CORRUPT, "page 1", true)       \
  X(page_sizes_that_differ, SHAPE_SMALL, set_16(im.bytes + PAGE + HEADER + 24, 8192), MEDLEY_CORRUPT, "page size",     \
    true)                                                                                                              \
  X(a_page_size_of_five_thousand, SHAPE_SMALL, set_16(im.bytes + HEADER + 24, 5000), MEDLEY_CORRUPT, "page size",      \
    true)                                                                                                              \
  X(flags_of_a_fixed_map, SHAPE_SMALL, im.meta[24 + 4] |= 1, MEDLEY_CORRUPT, "flags", true)                            \
  X(duplicates_in_the_main_tree, SHAPE_SMALL, im.meta[72 + 4] |= 4, MEDLEY_CORRUPT, "flags", true)                     \
  X(a_transaction_on_the_wrong_meta_page, SHAPE_SMALL, set_64(im.meta + 128, get_64(im.meta + 128) + 1),               \
    MEDLEY_CORRUPT, "does not belong", true)                                                                           \
  X(a_last_page_far_behind_the_end, SHAPE_SMALL, set_64(im.meta + 120, im.size), MEDLEY_CORRUPT, "", true)             \
  X(a_last_page_before_the_roots, SHAPE_SMALL, set_64(im.meta + 120, 1), MEDLEY_CORRUPT, "root", true)                 \
  X(a_root_behind_the_end, SHAPE_SMALL, set_64(im.meta + 72 + 40, 4000), MEDLEY_CORRUPT, "root", true)                 \
  X(a_root_that_is_a_meta_page, SHAPE_SMALL, set_64(im.meta + 72 + 40, 1), MEDLEY_CORRUPT, "root", true)               \
  X(a_map_smaller_than_the_pages, SHAPE_SMALL, set_64(im.meta + 16, PAGE), MEDLEY_CORRUPT, "map", true)                \
  X(a_tree_deeper_than_the_stack, SHAPE_SMALL, set_16(im.record + 6, 33), MEDLEY_CORRUPT, "deeper", false)             \
  X(a_named_tree_with_duplicates, SHAPE_SMALL, im.record[4] = 4, MEDLEY_CORRUPT, "unknown flags", false)               \
  X(a_wrong_page_number, SHAPE_DEEP, im.root[0] ^= 1, MEDLEY_CORRUPT, "wrong page number", false)                      \
  X(a_page_that_says_it_is_dirty, SHAPE_DEEP, im.leaf[10] |= 0x10, MEDLEY_CORRUPT, "not a leaf", false)                \
  X(a_page_of_fixed_size_keys, SHAPE_SMALL, im.leaf[10] |= 0x20, MEDLEY_CORRUPT, "not a leaf", false)                  \
  X(a_branch_that_points_at_its_root, SHAPE_DEEP, set_16(node_of(im.root, 1), (unsigned)im.root_number),               \
    MEDLEY_CORRUPT, "reached twice", false)                                                                            \
  X(a_branch_whose_children_are_one, SHAPE_DEEP, memcpy(node_of(im.root, 1), node_of(im.root, 0), 6), MEDLEY_CORRUPT,  \
    "reached twice", false)                                                                                            \
  X(a_child_behind_the_end, SHAPE_DEEP, set_16(node_of(im.root, 0) + 2, 40), MEDLEY_CORRUPT, "outside", false)         \
  X(a_lower_bound_above_the_upper, SHAPE_SMALL, set_16(im.leaf + 12, PAGE - 2), MEDLEY_CORRUPT, "lower bound", false)  \
  X(a_lower_bound_inside_the_header, SHAPE_SMALL, set_16(im.leaf + 12, 8), MEDLEY_CORRUPT, "lower bound", false)       \
  X(an_upper_bound_behind_the_page, SHAPE_SMALL, set_16(im.leaf + 14, PAGE + 2), MEDLEY_CORRUPT, "upper bound", false) \
  X(an_empty_leaf, SHAPE_SMALL, set_16(im.leaf + 12, HEADER), MEDLEY_CORRUPT, "too few", false)                        \
  X(an_odd_node_offset, SHAPE_SMALL, im.leaf[HEADER] |= 1, MEDLEY_CORRUPT, "offset", false)                            \
  X(a_node_offset_below_the_upper_bound, SHAPE_SMALL, set_16(im.leaf + HEADER, 20), MEDLEY_CORRUPT, "offset", false)   \
  X(one_node_twice, SHAPE_SMALL, memcpy(im.leaf + HEADER, im.leaf + HEADER + 2, 2), MEDLEY_CORRUPT, "overlap", false)  \
  X(a_key_behind_the_page, SHAPE_SMALL, set_16(node_of(im.leaf, 0) + 6, 5000), MEDLEY_CORRUPT, "larger", false)        \
  X(a_key_without_bytes, SHAPE_SMALL, set_16(node_of(im.leaf, 0) + 6, 0), MEDLEY_CORRUPT, "page", false)               \
  X(a_value_behind_the_page, SHAPE_SMALL, set_16(node_of(im.leaf, 0) + 2, 1), MEDLEY_CORRUPT, "larger", false)         \
  X(a_node_with_duplicates, SHAPE_SMALL, node_of(im.leaf, 0)[4] = 4, MEDLEY_CORRUPT, "unknown flags", false)           \
  X(keys_out_of_order, SHAPE_DEEP, node_of(im.leaf, 1)[8] = 0, MEDLEY_CORRUPT, "order", false)                         \
  X(a_key_above_the_bound_of_its_page, SHAPE_DEEP,                                                                     \
    node_of(im.leaf, (get_16(im.leaf + 12) - HEADER) / 2u - 1u)[8] = 0xff, MEDLEY_CORRUPT, "bound", false)             \
  X(entries_miscounted, SHAPE_DEEP, im.record[32] ^= 1, MEDLEY_CORRUPT, "entries miscounted", false)                   \
  X(leaf_pages_miscounted, SHAPE_DEEP, im.record[16] ^= 1, MEDLEY_CORRUPT, "leaf pages miscounted", false)             \
  X(branch_pages_miscounted, SHAPE_DEEP, im.record[8] ^= 1, MEDLEY_CORRUPT, "branch pages miscounted", false)

#define CRAFTED_TEST(name, shape, change, status, words, header) \
  START_TEST(name) {                                             \
    image im = load_image(shape, 7);                             \
    change;                                                      \
    refuse(&im, status, words, header);                          \
  }                                                              \
  END_TEST
CRAFTED_LIST(CRAFTED_TEST)

/* ---- Overflow runs and the free list ---- */
static uint8_t *first_big_node(const image *im) {
  for (uint64_t number = 2; number < im->size / PAGE; number++) {
    uint8_t *page = page_of(im, number);
    if (number != im->leaf_number) continue;
    for (unsigned i = 0; i < (get_16(page + 12) - HEADER) / 2u; i++) {
      if (node_of(page, i)[4] & 1) return node_of(page, i);
    }
  }
  ck_abort_msg("the leaf has no big value");
  return NULL;
}

START_TEST(damaged_overflow_runs_are_refused) {
  static const char *const words[] = {"not an overflow", "too short", "outside", "wrong page number", "outside"};
  for (unsigned i = 0; i < sizeof words / sizeof *words; i++) {
    image im = load_image(SHAPE_OVERFLOW, 5);
    uint8_t *node = first_big_node(&im);
    uint8_t *pointer = node + 8 + get_16(node + 6);
    uint8_t *run = page_of(&im, get_64(pointer));
    if (i == 0) run[10] = 2;
    if (i == 1) set_16(run + 12, 0);
    if (i == 2) set_16(run + 14, 9);
    if (i == 3) run[0] ^= 1;
    if (i == 4) set_64(pointer, im.size);
    refuse(&im, MEDLEY_CORRUPT, words[i], false);
  }
}
END_TEST

/* A free record inside of its leaf, with at least three numbers. */
static uint8_t *free_node(const image *im) {
  uint8_t *leaf = page_of(im, get_64(im->meta + 24 + 40));
  for (unsigned i = 0; i < (get_16(leaf + 12) - HEADER) / 2u; i++) {
    uint8_t *node = node_of(leaf, i);
    if ((node[4] & 1) == 0 && get_64(node + 16) >= 3) return node;
  }
  ck_abort_msg("no free record is long enough");
  return NULL;
}

START_TEST(damaged_free_records_are_refused) {
  static const char *const words[] = {"free and used", "out of order", "outside", "shorter", "impossible transaction"};
  for (unsigned i = 0; i < sizeof words / sizeof *words; i++) {
    image im = load_image(SHAPE_OVERFLOW, 9);
    uint8_t *numbers = free_node(&im) + 16;
    if (i == 0) set_64(numbers, 1);
    if (i == 0) set_64(numbers + 8, im.root_number);
    if (i == 1) set_64(numbers + 16, get_64(numbers + 8));
    if (i == 2) set_64(numbers + 8 * get_64(numbers), 1);
    if (i == 3) set_64(numbers, 1000);
    if (i == 4) {
      uint8_t *leaf = page_of(&im, get_64(im.meta + 24 + 40));
      set_64(node_of(leaf, (get_16(leaf + 12) - HEADER) / 2u - 1) + 8, 1000000);
    }
    refuse(&im, MEDLEY_CORRUPT, words[i], false);
  }
}
END_TEST

/* ---- The suite ---- */
static Suite *suite(void) {
  Suite *s = suite_create("walker");
  TCase *accept = tcase_create("accepts");
  tcase_add_checked_fixture(accept, make_path, remove_path);
  tcase_set_timeout(accept, 0);
  tcase_add_loop_test(accept, every_shape_that_lmdb_writes_is_accepted, 0, SHAPE_COUNT);
  tcase_add_test(accept, a_file_shorter_than_its_last_page_is_whole_if_the_rest_is_free);
  tcase_add_test(accept, an_empty_file_is_a_new_one);
  tcase_add_test(accept, roots_of_a_commit_that_failed_do_no_harm_in_the_older_meta_page);
  tcase_add_test(accept, the_callback_sees_every_record_and_can_stop_the_walk);
  suite_add_tcase(s, accept);
  TCase *refuses = tcase_create("refuses");
  tcase_add_checked_fixture(refuses, make_path, remove_path);
  tcase_set_timeout(refuses, 0);
#define CRAFTED_ADD(name, shape, change, status, words, header) tcase_add_test(refuses, name);
  CRAFTED_LIST(CRAFTED_ADD)
  tcase_add_test(refuses, damaged_overflow_runs_are_refused);
  tcase_add_test(refuses, damaged_free_records_are_refused);
  suite_add_tcase(s, refuses);
  return s;
}

int main(void) {
  SRunner *runner = srunner_create(suite());
  srunner_run_all(runner, CK_ENV);
  int failed = srunner_ntests_failed(runner);
  printf("%d passed, %d failed\n", srunner_ntests_run(runner) - failed, failed);
  srunner_free(runner);
  return failed != 0;
}
