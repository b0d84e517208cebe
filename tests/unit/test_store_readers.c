/* test_store_readers.c - a reader that is held up while it begins, between its number and its roots.
 *
 * No test can hold a thread inside of LMDB. So three of LMDB's functions are put in front of the library's own, and make it
 * look to storage as it does after such a held_up. */
#include <dlfcn.h>

#include "storage/txn.h"
#include "storage/writer.h"
#include "tests/unit/property.h"

static struct {
  void (*meanwhile)(void); /* runs once, while a reader is held up */
  int beginnings_before;   /* of readers, that are not held up */
  MDB_txn *held;           /* has the number of before and the roots of after */
  size_t held_number;
  size_t shown_by_pages; /* by the meta pages, for as long as it is not 0 */
} held_up;

static void *real(const char *name) {
  void *function = dlsym(RTLD_NEXT, name);
  ck_assert_ptr_nonnull(function);
  return function;
}

static size_t real_number(const MDB_txn *txn) {
  void *function = real("mdb_txn_id");
  size_t (*number)(const MDB_txn *);
  memcpy(&number, &function, sizeof number);
  return number((MDB_txn *)(uintptr_t)txn);
}

int mdb_txn_renew(MDB_txn *txn) {
  void *function = real("mdb_txn_renew");
  int (*renew)(MDB_txn *);
  memcpy(&renew, &function, sizeof renew);
  if (txn == held_up.held) held_up.held = NULL;
  void (*meanwhile)(void) = held_up.meanwhile;
  int code = renew(txn);
  if (meanwhile == NULL || code != MDB_SUCCESS || held_up.beginnings_before-- > 0) return code;
  held_up.meanwhile = NULL;
  held_up.held_number = real_number(txn);
  mdb_txn_reset(txn);
  meanwhile();
  code = renew(txn);
  held_up.held = txn;
  return code;
}

size_t mdb_txn_id(MDB_txn *txn) { return txn == held_up.held ? held_up.held_number : real_number(txn); }

int mdb_env_info(MDB_env *env, MDB_envinfo *info) {
  void *function = real("mdb_env_info");
  int (*ask)(MDB_env *, MDB_envinfo *);
  memcpy(&ask, &function, sizeof ask);
  int code = ask(env, info);
  if (held_up.shown_by_pages != 0) info->me_last_txnid = held_up.shown_by_pages;
  return code;
}

/* ---- The store ---- */
static med_store *store;
static med_member *member;
static med_txn *reader;
static uint64_t newest;

static void commit_once(void) {
  medley_error error = {0};
  ck_assert_int_eq(med_writer_begin(member, true, 1000, &error), MEDLEY_OK);
  med_txn *txn = med_member_txn(member);
  newest = med_txn_id(txn);
  ck_assert_int_eq(med_txn_put(txn, MED_TREE_KV, med_slice_of_text("k"), med_slice_of(&newest, sizeof newest)),
                   MEDLEY_OK);
  ck_assert_int_eq(med_writer_commit(member, &error), MEDLEY_OK);
}

static void commit_twice(void) {
  commit_once();
  commit_once();
}

/* The second commit has written its roots and not yet its number. */
static void commit_twice_and_half_show_it(void) {
  commit_twice();
  held_up.shown_by_pages = newest - 1;
}

static void open_all(void) {
  medley_options options;
  medley_error error = {0};
  medley_options_init(&options);
  options.flags = MEDLEY_OPEN_MEMORY;
  memset(&held_up, 0, sizeof held_up);
  ck_assert_msg(med_store_open("", &options, &store, &error) == MEDLEY_OK, "%s", error.message);
  ck_assert_int_eq(med_member_open(store, &member), MEDLEY_OK);
  ck_assert_int_eq(med_txn_open_reader(store, &reader, NULL), MEDLEY_OK);
  commit_once();
  ck_assert_int_eq(med_txn_renew(reader), MEDLEY_OK); /* from now on it is renewed */
  med_txn_reset(reader);
}

static void close_all(void) {
  med_txn_close_reader(reader);
  med_member_close(member);
  med_store_close(store);
}

static void expect_number_of_what_is_read(uint64_t expected) {
  med_slice value;
  uint64_t read;
  ck_assert_int_eq(med_txn_get(reader, MED_TREE_KV, med_slice_of_text("k"), &value), MEDLEY_OK);
  ck_assert_uint_eq(value.len, sizeof read);
  memcpy(&read, value.bytes, sizeof read);
  ck_assert_uint_eq(read, expected);
  ck_assert_uint_eq(med_txn_id(reader), expected);
}

START_TEST(a_reader_that_is_held_up_for_two_commits_begins_again) {
  open_all();
  held_up.meanwhile = commit_twice;
  ck_assert_int_eq(med_txn_renew(reader), MEDLEY_OK);
  ck_assert(held_up.meanwhile == NULL);
  expect_number_of_what_is_read(newest);
  close_all();
}
END_TEST

START_TEST(a_reader_that_copied_a_half_written_meta_page_begins_again) {
  open_all();
  held_up.meanwhile = commit_twice_and_half_show_it;
  ck_assert_int_eq(med_txn_renew(reader), MEDLEY_OK);
  ck_assert(held_up.meanwhile == NULL);
  expect_number_of_what_is_read(newest);
  close_all();
}
END_TEST

/* The next commit is being flushed, so storage looks a second time, and it is only then that the thread is held up. */
START_TEST(a_reader_that_is_held_up_when_storage_looks_again_reads_one_commit) {
  open_all();
  held_up.shown_by_pages = newest + 1;
  held_up.beginnings_before = 1;
  held_up.meanwhile = commit_twice_and_half_show_it;
  ck_assert_int_eq(med_txn_renew(reader), MEDLEY_OK);
  ck_assert(held_up.meanwhile == NULL);
  expect_number_of_what_is_read(med_txn_id(reader));
  close_all();
}
END_TEST

/* The process of the next commit died after its meta page: nobody sees this commit until somebody writes. */
START_TEST(a_reader_beside_an_interrupted_commit_reads_the_one_before) {
  open_all();
  held_up.shown_by_pages = newest + 1;
  ck_assert_int_eq(med_txn_renew(reader), MEDLEY_OK);
  expect_number_of_what_is_read(newest);
  close_all();
}
END_TEST

PROPERTY_MAIN("store_readers", a_reader_that_is_held_up_for_two_commits_begins_again,
              a_reader_that_copied_a_half_written_meta_page_begins_again,
              a_reader_that_is_held_up_when_storage_looks_again_reads_one_commit,
              a_reader_beside_an_interrupted_commit_reads_the_one_before)
