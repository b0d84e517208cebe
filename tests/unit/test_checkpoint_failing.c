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
    acknowledged[i] = (i == 1 ? put_and_checkpoint(store, keys[i]) : put(store, keys[i])) == MEDLEY_OK;
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
  static const char *const calls[] = {"mdb_txn_begin", "mdb_txn_renew", "mdb_env_sync"};
  for (size_t i = 0; i < sizeof calls / sizeof *calls; i++) ck_assert_uint_gt(fail_each(calls[i], EIO), 0);
}
END_TEST

PROPERTY_MAIN_BETWEEN("checkpoint_failing", setup_seed, teardown, calls_to_the_system_fail_one_after_the_other,
                      calls_to_lmdb_fail_one_after_the_other)
