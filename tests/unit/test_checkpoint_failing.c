/* test_checkpoint_failing.c - the n-th call of one kind to the system or to LMDB fails, for every n, while a database with a log is opened after a
 * crash, written, checkpointed and closed: what was acknowledged is there afterwards, and what failed has said so.
 *
 * The linker leads the calls through here. tests/fault does the same to whole scenarios, from outside and in other processes. */
#include <errno.h>
#include <fcntl.h>
#include <lmdb.h>
#include <sys/stat.h>

#include "tests/unit/checkpoint_kit.h"

/* ---- Calls that fail ---- */
static struct failing {
  const char *call; /* NULL: none */
  int code;         /* errno, or LMDB's */
  unsigned left;
  bool struck;
} failing;

static bool due(const char *call) {
  if (failing.call == NULL || failing.struck || strcmp(call, failing.call) != 0 || --failing.left > 0) return false;
  failing.struck = true;
  return true;
}

#define SYSTEM_CALL(type_, name_, parameters_, arguments_) \
  type_ __real_##name_ parameters_;                        \
  type_ __wrap_##name_ parameters_;                        \
  type_ __wrap_##name_ parameters_ {                       \
    if (due(#name_)) {                                     \
      errno = failing.code;                                \
      return -1;                                           \
    }                                                      \
    return __real_##name_ arguments_;                      \
  }
SYSTEM_CALL(ssize_t, pread64, (int fd, void *bytes, size_t len, off64_t at), (fd, bytes, len, at))
SYSTEM_CALL(ssize_t, pwrite64, (int fd, const void *bytes, size_t len, off64_t at), (fd, bytes, len, at))
SYSTEM_CALL(int, fstat64, (int fd, struct stat64 *status), (fd, status))
SYSTEM_CALL(int, unlink, (const char *name), (name))
SYSTEM_CALL(int, fdatasync, (int fd), (fd))
SYSTEM_CALL(int, sync_file_range, (int fd, off64_t at, off64_t len, unsigned how), (fd, at, len, how))

#define LMDB_CALL(name_, parameters_, arguments_) \
  int __real_##name_ parameters_;                 \
  int __wrap_##name_ parameters_;                 \
  int __wrap_##name_ parameters_ { return due(#name_) ? failing.code : __real_##name_ arguments_; }
LMDB_CALL(mdb_txn_begin, (MDB_env * env, MDB_txn *parent, unsigned flags, MDB_txn **txn), (env, parent, flags, txn))
LMDB_CALL(mdb_txn_renew, (MDB_txn * txn), (txn))
LMDB_CALL(mdb_env_sync, (MDB_env * env, int force), (env, force))
LMDB_CALL(mdb_env_info, (MDB_env * env, MDB_envinfo *info), (env, info))
LMDB_CALL(mdb_cursor_open, (MDB_txn * txn, MDB_dbi dbi, MDB_cursor **cursor), (txn, dbi, cursor))
LMDB_CALL(mdb_cursor_get, (MDB_cursor * cursor, MDB_val *key, MDB_val *value, MDB_cursor_op how),
          (cursor, key, value, how))

/* A commit that fails has ended its transaction. */
int __real_mdb_txn_commit(MDB_txn *txn);
int __wrap_mdb_txn_commit(MDB_txn *txn);
int __wrap_mdb_txn_commit(MDB_txn *txn) {
  if (!due("mdb_txn_commit")) return __real_mdb_txn_commit(txn);
  mdb_txn_abort(txn);
  return failing.code;
}

/* ---- The database ---- */
static void copy_database(const char *from, const char *to) {
  char command[400];
  snprintf(command, sizeof command, "mkdir -p '%s/%s' && rm -f '%s/%s'/db* && cp '%s/%s'/db* '%s/%s/'", directory, to,
           directory, to, directory, from, directory, to);
  ck_assert_int_eq(system(command), 0);
}

/* A file and a log that a killed process left, kept to begin with. */
static void setup_seed(void) {
  setup();
  leave_database();
  copy_database(".", "seed");
}

static int put_and_checkpoint(med_store *store, const char *key) {
  med_member *member;
  int rc = put(store, key);
  if (med_member_open(store, &member) != MEDLEY_OK) return rc;
  med_writer_checkpoint(member);
  med_member_close(member);
  return rc;
}

/* More than a record of the log holds. */
static int put_much(med_store *store, const char *key) {
  enum { VALUES = 1200, SIZE = 4000 };
  static uint8_t value[SIZE];
  med_member *member;
  uint64_t random = 1;
  if (med_member_open(store, &member) != MEDLEY_OK) return MEDLEY_NO_MEMORY;
  int rc = med_writer_begin(member, true, 5000, &error);
  bool begun = rc == MEDLEY_OK;
  for (uint32_t i = 0; rc == MEDLEY_OK && i < VALUES; i++) {
    char name[16];
    for (size_t at = 0; at < SIZE; at += 8) med_put_u64(value + at, property_random(&random));
    snprintf(name, sizeof name, "much %u", i);
    rc = med_txn_put(med_member_txn(member), MED_TREE_KV, med_slice_of_text(name), med_slice_of(value, SIZE));
  }
  if (rc == MEDLEY_OK)
    rc = med_txn_put(med_member_txn(member), MED_TREE_KV, med_slice_of_text(key), med_slice_of_text(key));
  if (rc == MEDLEY_OK)
    rc = med_writer_commit(member, &error);
  else if (begun)
    med_writer_rollback(member);
  med_member_close(member);
  return rc;
}

static void count_page(void *context, uint32_t page_number, med_slice value) {
  (void)page_number;
  (void)value;
  ++*(unsigned *)context;
}

/* SQL's pages, of which there are none: a failure is told. */
static void look_at_pages(med_store *store) {
  med_txn *txn;
  uint32_t last = 1;
  unsigned count = 0;
  bool struck = failing.struck;
  if (med_txn_open_reader(store, &txn, &error) != MEDLEY_OK) return;
  int rc = med_txn_renew(txn);
  if (rc == MEDLEY_OK) rc = med_txn_last_page(txn, &last);
  if (rc == MEDLEY_OK) rc = med_txn_each_page(txn, count_page, &count);
  ck_assert_msg(rc == MEDLEY_OK || failing.struck != struck || struck, "pages: %s", medley_status_name(rc));
  ck_assert(rc != MEDLEY_OK || (last == 0 && count == 0));
  med_txn_close_reader(txn);
}

static void begin_again(void) { copy_database("seed", "."); }

static const char *const keys[] = {"three", "four", "five", "six"};
enum { KEYS = sizeof keys / sizeof *keys };

/* One life of a database; says which keys were acknowledged. */
static void live(bool *acknowledged) {
  med_store *store;
  memset(&error, 0, sizeof error);
  int rc = med_store_open(path, &options, &store, &error);
  if (rc != MEDLEY_OK) {
    ck_assert_msg(error.message[0] != '\0', "%s without a message", medley_status_name(rc));
    return;
  }
  for (int i = 0; i < KEYS; i++)
    acknowledged[i] = (i == 1   ? put_and_checkpoint(store, keys[i])
                       : i == 2 ? put_much(store, keys[i])
                                : put(store, keys[i])) == MEDLEY_OK;
  look_at_pages(store);
  med_store_close(store);
}

static void look_again(const bool *acknowledged, const char *call, unsigned n) {
  med_store *store;
  memset(&error, 0, sizeof error);
  ck_assert_msg(med_store_open(path, &options, &store, &error) == MEDLEY_OK, "%s number %u: %s", call, n,
                error.message);
  ck_assert_msg(has(store, "one") && has(store, "two"), "%s number %u: what was there is lost", call, n);
  for (int i = 0; i < KEYS; i++)
    ck_assert_msg(!acknowledged[i] || has(store, keys[i]), "%s number %u: %s is lost", call, n, keys[i]);
  ck_assert_int_eq(put(store, "after"), MEDLEY_OK);
  med_store_close(store);
}

/* Answers how many such calls there are. */
static unsigned fail_each(const char *call, int code) {
  for (unsigned n = 1;; n++) {
    bool acknowledged[KEYS] = {false};
    begin_again();
    failing = (struct failing){.call = call, .code = code, .left = n};
    live(acknowledged);
    bool struck = failing.struck;
    failing = (struct failing){0};
    look_again(acknowledged, call, n);
    if (!struck) return n - 1;
  }
}

START_TEST(calls_to_the_system_fail_one_after_the_other) {
  static const char *const calls[] = {"pread64", "pwrite64", "fstat64", "unlink", "fdatasync", "sync_file_range"};
  for (size_t i = 0; i < sizeof calls / sizeof *calls; i++) {
    unsigned count = fail_each(calls[i], EIO);
    ck_assert_msg(count > 0, "%s is never called", calls[i]);
    ck_assert_uint_gt(fail_each(calls[i], EINTR), 0);
    ck_assert_uint_gt(fail_each(calls[i], ENOSPC), 0);
  }
  static const int absent[] = {ENOSYS, EINVAL, ESPIPE}; /* there is no such call: fdatasync does all of it */
  for (size_t i = 0; i < sizeof absent / sizeof *absent; i++) ck_assert_uint_gt(fail_each(calls[5], absent[i]), 0);
  ck_assert_uint_gt(fail_each("unlink", ENOENT), 0);
}
END_TEST

START_TEST(calls_to_lmdb_fail_one_after_the_other) {
  static const char *const calls[] = {"mdb_txn_begin",  "mdb_txn_renew",   "mdb_env_sync",  "mdb_env_info",
                                      "mdb_txn_commit", "mdb_cursor_open", "mdb_cursor_get"};
  for (size_t i = 0; i < sizeof calls / sizeof *calls; i++) ck_assert_uint_gt(fail_each(calls[i], EIO), 0);
}
END_TEST

PROPERTY_MAIN_BETWEEN("checkpoint_failing", setup_seed, teardown, calls_to_the_system_fail_one_after_the_other,
                      calls_to_lmdb_fail_one_after_the_other)
