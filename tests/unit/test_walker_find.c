/* test_walker_find.c - the way to the identity in a snapshot that its meta pages tell of: found, or told to be damaged. */
#include <check.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "storage/walker.h"
#include "storage/walker_format.h"
#include "storage/writer.h"
#include "tests/unit/property.h"

#define PAGE 4096
#define RECORDS 200 /* enough for branches above the leaf with the header */

static char path[64];
static uint8_t *image;
static size_t image_size;
static uint8_t identity[16];
static int fd = -1;
static medley_error error;

/* ---- A file of ours, in memory ---- */
static void make_file(void) {
  medley_options options;
  med_store *store;
  med_member *member;
  medley_options_init(&options);
  options.journal = MEDLEY_JOURNAL_NONE;
  ck_assert_int_eq(med_store_open(path, &options, &store, &error), MEDLEY_OK);
  memcpy(identity, med_store_identity(store), sizeof identity);
  ck_assert_int_eq(med_member_open(store, &member), MEDLEY_OK);
  ck_assert_int_eq(med_writer_begin(member, true, 1000, &error), MEDLEY_OK);
  for (int i = 0; i < RECORDS; i++) {
    char key[16], value[300] = "";
    int len = snprintf(key, sizeof key, "a%05d", i); /* before "header" */
    ck_assert_int_eq(med_txn_put(med_member_txn(member), MED_TREE_META, med_slice_of(key, (size_t)len),
                                 med_slice_of(value, sizeof value)),
                     MEDLEY_OK);
  }
  ck_assert_int_eq(med_writer_commit(member, &error), MEDLEY_OK);
  med_member_close(member);
  med_store_close(store);
}

static void setup(void) {
  snprintf(path, sizeof path, "/tmp/medley-test-find-%d", (int)getpid());
  unlink(path);
  make_file();
  FILE *file = fopen(path, "rb");
  ck_assert_ptr_nonnull(file);
  ck_assert_int_eq(fseek(file, 0, SEEK_END), 0);
  image_size = (size_t)ftell(file);
  image = malloc(image_size);
  rewind(file);
  ck_assert_uint_eq(fread(image, 1, image_size, file), image_size);
  fclose(file);
  unlink(path);
  fd = memfd_create("find", 0);
  ck_assert_int_ge(fd, 0);
  ck_assert_int_eq(pwrite(fd, image, image_size, 0), (ssize_t)image_size);
}

static void teardown(void) {
  char beside[80];
  close(fd);
  free(image);
  snprintf(beside, sizeof beside, "%s-lock", path);
  unlink(beside);
}

static int find(uint8_t found[16]) {
  memset(&error, 0, sizeof error);
  return med_walker_find_identity(fd, image_size, image, found, &error);
}

/* ---- The way ---- */
static const uint8_t *main_root(void) {
  const uint8_t *first = image + PAGE_HEADER_SIZE, *second = first + PAGE;
  const uint8_t *newest = med_native_u64(second + 128) > med_native_u64(first + 128) ? second : first;
  return image + load_tree(newest + 72).root * PAGE;
}

static const uint8_t *find_on(const uint8_t *page, const char *key) {
  for (unsigned i = 0; i < page_node_count(page); i++) {
    const uint8_t *node = page_node(page, i);
    if (med_slice_compare(node_key(node), med_slice_of_text(key)) == 0) return node;
  }
  ck_abort_msg("no record %s", key);
  return NULL;
}

static const uint8_t *meta_root(void) { return image + load_tree(node_data(find_on(main_root(), "meta"))).root * PAGE; }

/* "header" is behind all others. */
static const uint8_t *last_leaf(void) {
  const uint8_t *page = meta_root();
  while (page_flags(page) == PAGE_BRANCH) page = image + node_child(page_node(page, page_node_count(page) - 1)) * PAGE;
  return page;
}

static void patch(const uint8_t *at, const void *bytes, size_t len) {
  ck_assert_int_eq(pwrite(fd, bytes, len, at - image), (ssize_t)len);
}

static void restore(const uint8_t *at, size_t len) { patch(at, at, len); }

static void expect_damage(const char *words) {
  uint8_t found[16];
  ck_assert_int_eq(find(found), MEDLEY_CORRUPT);
  ck_assert_msg(strstr(error.message, words) != NULL, "%s", error.message);
}

START_TEST(the_identity_is_found_below_branches) {
  uint8_t found[16];
  ck_assert_int_eq(page_flags(meta_root()), PAGE_BRANCH);
  ck_assert_msg(find(found) == MEDLEY_OK, "%s", error.message);
  ck_assert_mem_eq(found, identity, sizeof identity);
}
END_TEST

/* No single byte makes up another identity, but those of the identity itself: its record's checksum is not looked at here. */
START_TEST(no_changed_byte_on_the_way_leads_elsewhere) {
  const uint8_t *pages[] = {main_root(), meta_root(), last_leaf()};
  const uint8_t *own = node_data(find_on(last_leaf(), "header")) + 16;
  int corrupt = 0;
  for (size_t p = 0; p < 3; p++) {
    for (size_t at = 0; at < PAGE; at++) {
      const uint8_t *place = pages[p] + at;
      uint8_t values[] = {0, 0xFF, (uint8_t)(*place ^ 1), (uint8_t)(*place ^ 0x80), (uint8_t)(*place + 1)};
      for (size_t v = 0; v < sizeof values; v++) {
        uint8_t found[16];
        patch(place, &values[v], 1);
        int rc = find(found);
        ck_assert_msg(rc == MEDLEY_OK || rc == MEDLEY_CORRUPT, "page %zu byte %zu: %s", p, at, error.message);
        corrupt += rc == MEDLEY_CORRUPT;
        bool is_own = place >= own && place < own + 16;
        if (rc == MEDLEY_OK && !is_own) ck_assert_msg(memcmp(found, identity, 16) == 0, "page %zu byte %zu", p, at);
      }
      restore(place, 1);
    }
  }
  ck_assert_int_gt(corrupt, 200);
}
END_TEST

START_TEST(pages_outside_of_the_file_and_trees_without_an_end_are_told) {
  const uint8_t *root = meta_root();
  const uint8_t *last = page_node(root, page_node_count(root) - 1);
  uint64_t number = (uint64_t)(root - image) / PAGE;
  uint8_t child[6] = {(uint8_t)number, (uint8_t)(number >> 8), (uint8_t)(number >> 16)};
  patch(last, child, sizeof child); /* size and flags of a branch's node are its child's number */
  expect_damage("too deep");
  patch(last, "\xff\xff\xff\xff\0\0", 6);
  expect_damage("outside of the file");
  patch(last, "\1\0\0\0\0\0", 6);
  expect_damage("outside of the file"); /* a meta page */
  restore(last, 6);
  patch(root + 10, "\4\0", 2);
  expect_damage("neither branch nor leaf");
  restore(root + 10, 2);
  uint8_t no_nodes[2] = {PAGE_HEADER_SIZE, 0};
  patch(root + 12, no_nodes, 2);
  expect_damage("missing");
  restore(root + 12, 2);
}
END_TEST

START_TEST(records_of_another_kind_or_size_are_told) {
  const uint8_t *tree = find_on(main_root(), "meta"), *header = find_on(last_leaf(), "header");
  patch(tree + 4, "\0\0", 2);
  expect_damage("a tree is missing");
  restore(tree + 4, 2);
  patch(tree, "\x20\0", 2);
  expect_damage("a tree is missing");
  restore(tree, 2);
  patch(header + 4, "\1\0", 2);
  expect_damage("header is damaged");
  restore(header + 4, 2);
  patch(header, "\x10\0", 2);
  expect_damage("header is damaged");
  restore(header, 2);
  patch(header, "\xff\x0f", 2);
  expect_damage("outside of its page");
  restore(header, 2);
  patch(header + 6, "\xff\x0f", 2);
  expect_damage("outside of its page");
}
END_TEST

START_TEST(damaged_meta_pages_a_short_file_and_an_unreadable_one_are_told) {
  uint8_t found[16], metas[2 * PAGE];
  memcpy(metas, image, sizeof metas);
  for (int i = 0; i < 2; i++) metas[i * PAGE + PAGE_HEADER_SIZE] ^= 1;
  ck_assert_int_eq(med_walker_find_identity(fd, image_size, metas, found, &error), MEDLEY_CORRUPT);
  memcpy(metas, image, sizeof metas);
  for (int i = 0; i < 2; i++) metas[i * PAGE + PAGE_HEADER_SIZE + 24] ^= 1; /* the page size */
  ck_assert_int_eq(med_walker_find_identity(fd, image_size, metas, found, &error), MEDLEY_CORRUPT);
  ck_assert_int_eq(med_walker_find_identity(-1, image_size, image, found, &error), MEDLEY_IO);
  ck_assert_int_eq(ftruncate(fd, 2 * PAGE), 0);
  expect_damage("ends early");
}
END_TEST

/* ---- Two meta pages ---- */
static void put_u64(uint8_t *at, uint64_t value) { memcpy(at, &value, sizeof value); }

static void make_metas(uint8_t metas[2 * PAGE], uint64_t even_id, uint64_t odd_id) {
  memset(metas, 0, 2 * PAGE);
  for (int i = 0; i < 2; i++) {
    uint8_t *body = metas + i * PAGE + PAGE_HEADER_SIZE;
    memcpy(body, &META_MAGIC, sizeof META_MAGIC);
    put_u64(body + 120, 100);
    put_u64(body + 128, i == 0 ? even_id : odd_id);
  }
}

START_TEST(the_newest_commit_is_that_of_a_whole_page_in_its_own_place) {
  uint8_t metas[2 * PAGE];
  make_metas(metas, 8, 7);
  ck_assert_uint_eq(med_walker_newest_commit(metas), 8);
  make_metas(metas, 8, 9);
  ck_assert_uint_eq(med_walker_newest_commit(metas), 9);
  make_metas(metas, 8, 10); /* an even number in the odd place */
  ck_assert_uint_eq(med_walker_newest_commit(metas), 8);
  make_metas(metas, 8, 9);
  metas[PAGE + PAGE_HEADER_SIZE] ^= 1; /* torn */
  ck_assert_uint_eq(med_walker_newest_commit(metas), 8);
}
END_TEST

START_TEST(meta_pages_of_an_earlier_time_or_another_file_do_not_follow) {
  uint8_t saved[2 * PAGE], present[2 * PAGE];
  make_metas(saved, 8, 7);
  ck_assert(med_walker_metas_may_follow(saved, saved, 8));
  make_metas(present, 8, 9);
  ck_assert(med_walker_metas_may_follow(present, saved, 8));
  make_metas(present, 6, 7); /* older than both */
  ck_assert(!med_walker_metas_may_follow(present, saved, 8));
  make_metas(present, 8, 7);
  put_u64(present + PAGE_HEADER_SIZE + 120, 99); /* the same number, another last page */
  ck_assert(!med_walker_metas_may_follow(present, saved, 8));
  present[PAGE_HEADER_SIZE] ^= 1; /* torn ones may */
  ck_assert(med_walker_metas_may_follow(present, saved, 8));
  make_metas(present, 5, 7); /* never written in that place */
  ck_assert(med_walker_metas_may_follow(present, saved, 8));
}
END_TEST

PROPERTY_MAIN_BETWEEN("walker_find", setup, teardown, the_identity_is_found_below_branches,
                      no_changed_byte_on_the_way_leads_elsewhere,
                      pages_outside_of_the_file_and_trees_without_an_end_are_told,
                      records_of_another_kind_or_size_are_told,
                      damaged_meta_pages_a_short_file_and_an_unreadable_one_are_told,
                      the_newest_commit_is_that_of_a_whole_page_in_its_own_place,
                      meta_pages_of_an_earlier_time_or_another_file_do_not_follow)
