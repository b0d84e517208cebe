/* test_checkpoint_failing.c - the n-th call of one kind to the system or to LMDB fails, for every n, while a database with a log is opened after a
 * crash, written, checkpointed and closed: what was acknowledged is there afterwards, and what failed has said so.
 *
 * The linker leads the calls through here. tests/fault does the same to whole scenarios, from outside and in other processes. */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <lmdb.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "storage/checkpoint.h"
#include "storage/writer.h"
#include "tests/unit/property.h"

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
SYSTEM_CALL(int, unlink, (const char *path), (path))
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
static char directory[64], path[128], seed_path[140];
static medley_options options;
static medley_error error;

static int put(med_store *store, const char *key, bool checkpoint) {
  med_member *member;
  memset(&error, 0, sizeof error);
  int rc = med_member_open(store, &member);
  if (rc != MEDLEY_OK) return rc;
  rc = med_writer_begin(member, true, 5000, &error);
  if (rc == MEDLEY_OK) {
    rc = med_txn_put(med_member_txn(member), MED_TREE_KV, med_slice_of_text(key), med_slice_of_text("value"));
    if (rc == MEDLEY_OK)
      rc = med_writer_commit(member, &error);
    else
      med_writer_rollback(member);
  }
  if (checkpoint) med_writer_checkpoint(member);
  med_member_close(member);
  return rc;
}

static bool has(med_store *store, const char *key) {
  med_txn *reader;
  med_slice found = {0};
  ck_assert_int_eq(med_txn_open_reader(store, &reader, &error), MEDLEY_OK);
  ck_assert_int_eq(med_txn_renew(reader), MEDLEY_OK);
  int rc = med_txn_get(reader, MED_TREE_KV, med_slice_of_text(key), &found);
  med_txn_reset(reader);
  med_txn_close_reader(reader);
  return rc == MEDLEY_OK;
}

/* A file and a log that a killed process left behind two commits, kept to begin with. */
static void setup(void) {
  snprintf(directory, sizeof directory, "/tmp/medley-test-failing-XXXXXX");
  ck_assert_ptr_nonnull(mkdtemp(directory));
  snprintf(path, sizeof path, "%s/db", directory);
  snprintf(seed_path, sizeof seed_path, "%s/seed", directory);
  medley_options_init(&options);
  pid_t child = fork();
  if (child == 0) {
    med_store *store;
    if (med_store_open(path, &options, &store, &error) != MEDLEY_OK) _exit(1);
    _exit(put(store, "one", false) == MEDLEY_OK && put(store, "two", false) == MEDLEY_OK ? 0 : 2);
  }
  int status;
  ck_assert_int_eq(waitpid(child, &status, 0), child);
  ck_assert_int_eq(status, 0);
  char command[600];
  snprintf(command, sizeof command, "mkdir '%s' && cp '%s'* '%s'/", seed_path, path, seed_path);
  ck_assert_int_eq(system(command), 0);
}

static void teardown(void) {
  char command[100];
  snprintf(command, sizeof command, "rm -rf '%s'", directory);
  ck_assert_int_eq(system(command), 0);
}

static void begin_again(void) {
  char command[600];
  snprintf(command, sizeof command, "rm -f '%s'*; cp '%s'/db* '%s/'", path, seed_path, directory);
  ck_assert_int_eq(system(command), 0);
}

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
  for (int i = 0; i < KEYS; i++) acknowledged[i] = put(store, keys[i], i == 1) == MEDLEY_OK;
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
  ck_assert_int_eq(put(store, "after", false), MEDLEY_OK);
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

PROPERTY_MAIN_BETWEEN("checkpoint_failing", setup, teardown, calls_to_the_system_fail_one_after_the_other,
                      calls_to_lmdb_fail_one_after_the_other)
