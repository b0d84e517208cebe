/* checkpoint_kit.h - a database with a log in a folder of its own, opened, written and read by keys: for tests of what a failure or another process
 * leaves of the two. */
#ifndef CHECKPOINT_KIT_H
#define CHECKPOINT_KIT_H

#include <check.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "storage/checkpoint.h"
#include "storage/log.h"
#include "storage/writer.h"
#include "tests/unit/property.h"

static char directory[64], path[128], log_path[136];
static medley_options options;
static medley_error error;

static inline void setup(void) {
  snprintf(directory, sizeof directory, "/tmp/medley-test-checkpoint-XXXXXX");
  ck_assert_ptr_nonnull(mkdtemp(directory));
  snprintf(path, sizeof path, "%s/db", directory);
  snprintf(log_path, sizeof log_path, "%s-log", path);
  medley_options_init(&options);
}

static inline void teardown(void) {
  char command[100];
  snprintf(command, sizeof command, "rm -rf '%s'", directory);
  ck_assert_int_eq(system(command), 0);
}

static inline int try_open(med_store **store) {
  memset(&error, 0, sizeof error);
  return med_store_open(path, &options, store, &error);
}

static inline med_store *open_store(void) {
  med_store *store;
  ck_assert_msg(try_open(&store) == MEDLEY_OK, "%s", error.message);
  return store;
}

static inline int put_bytes(med_store *store, const char *key, med_slice value) {
  med_member *member;
  memset(&error, 0, sizeof error);
  int rc = med_member_open(store, &member);
  if (rc != MEDLEY_OK) return rc;
  rc = med_writer_begin(member, true, 5000, &error);
  if (rc == MEDLEY_OK) {
    rc = med_txn_put(med_member_txn(member), MED_TREE_KV, med_slice_of_text(key), value);
    if (rc == MEDLEY_OK)
      rc = med_writer_commit(member, &error);
    else
      med_writer_rollback(member);
  }
  med_member_close(member);
  return rc;
}

static inline int put(med_store *store, const char *key) { return put_bytes(store, key, med_slice_of_text("value")); }

static inline bool has(med_store *store, const char *key) {
  med_txn *reader;
  med_slice found = {0};
  ck_assert_int_eq(med_txn_open_reader(store, &reader, &error), MEDLEY_OK);
  ck_assert_int_eq(med_txn_renew(reader), MEDLEY_OK);
  int rc = med_txn_get(reader, MED_TREE_KV, med_slice_of_text(key), &found);
  med_txn_reset(reader);
  med_txn_close_reader(reader);
  return rc == MEDLEY_OK;
}

/* The number of the log's checkpoint. */
static inline uint64_t checkpoint_id(void) {
  med_log log;
  med_log_init(&log);
  ck_assert_int_eq(med_log_open(&log, log_path, false, &error), MEDLEY_OK);
  ck_assert_int_eq(med_log_read_header(&log, &error), MEDLEY_OK);
  uint64_t id = log.header.checkpoint_id;
  med_log_clear(&log);
  return id;
}

/* What a process leaves that is killed after two commits, "one" and "two". */
static inline void leave_database(void) {
  pid_t child = fork();
  if (child == 0) {
    med_store *store = open_store();
    if (put(store, "one") != MEDLEY_OK || put(store, "two") != MEDLEY_OK) _exit(1);
    _exit(0); /* without closing */
  }
  int status;
  ck_assert_int_eq(waitpid(child, &status, 0), child);
  ck_assert_int_eq(status, 0);
}

#endif
