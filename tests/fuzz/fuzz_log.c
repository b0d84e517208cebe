/* fuzz_log.c - the redo log: its file, read from whatever bytes there are, and its operations, done in an LMDB environment.
 *
 * The first byte chooses. Even: the rest is the file. Odd: the rest are patches of a log that storage made, whose checksums are
 * made good again if the byte has bit 2: offset(3) length(1) bytes. Bit 3: the rest are operations, done at once; so reach them
 * also those who do not guess a checksum. What a log answers must lie inside of the memory that it owns; operations may be refused, but
 * an environment in which they were done can be read in full. */
#include <fcntl.h>
#include <lmdb.h>
#include <stdio.h>
#include <unistd.h>

#include "storage/log_operations.h"
#include "tests/fuzz/target.h"

enum { PATCHED = 1, REPAIRED = 2, OPERATIONS = 4, RECORDS = 6, FILE_MAX = 1 << 16, SALT = 77, CHECKPOINT = 5 };
enum { CHECKSUM_AT = 56, RECORD_HEADER = 40 };

static char path[64], env_path[72];
static MDB_env *env;
static MDB_dbi trees[MED_TREE_COUNT];
static medley_error error;

static const char *folder(void) { return access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp"; }

static void remove_env(void) { unlink(env_path); }

/* Eight trees, a few keys, two pages of SQLite's. */
static void open_env(void) {
  MDB_txn *txn;
  snprintf(path, sizeof path, "%s/medley-fuzz-log-%d", folder(), (int)getpid());
  snprintf(env_path, sizeof env_path, "%s-env", path);
  unlink(env_path);
  MUST(mdb_env_create(&env) == 0 && mdb_env_set_maxdbs(env, MED_TREE_COUNT) == 0);
  MUST(mdb_env_set_mapsize(env, 16 << 20) == 0);
  MUST(mdb_env_open(env, env_path, MDB_NOSUBDIR | MDB_NOSYNC | MDB_NOLOCK, 0600) == 0);
  MUST(atexit(remove_env) == 0 && mdb_txn_begin(env, NULL, 0, &txn) == 0);
  for (int tree = 0; tree < MED_TREE_COUNT; tree++) {
    char name[2] = {(char)('a' + tree), 0};
    MUST(mdb_dbi_open(txn, name, MDB_CREATE | (tree == MED_TREE_SQL ? MDB_INTEGERKEY : 0), &trees[tree]) == 0);
    for (uint32_t i = 1; i <= 2; i++) {
      static uint8_t page[MED_PAGE_VALUE_SIZE];
      MDB_val key = {sizeof i, &i}, value = {tree == MED_TREE_SQL ? sizeof page : 20, page};
      MUST(mdb_put(txn, trees[tree], &key, &value, 0) == 0);
    }
  }
  MUST(mdb_txn_commit(txn) == 0);
}

static uint64_t sum_of(const void *bytes, size_t len) {
  uint64_t sum = 0;
  for (size_t i = 0; i < len; i++) sum += ((const uint8_t *)bytes)[i];
  return sum;
}

/* In a transaction that is given up: an input has no effect on the next one. */
static void try_operations(med_slice operations) {
  MDB_txn *txn;
  MDB_cursor *cursor;
  MDB_val key, value;
  uint64_t sum = 0;
  MUST(mdb_txn_begin(env, NULL, 0, &txn) == 0);
  int rc = med_log_operations_apply(operations, txn, trees, &error);
  MUST(rc == MEDLEY_OK || rc == MEDLEY_CORRUPT || rc == MEDLEY_FULL || rc == MEDLEY_TXN_TOO_BIG);
  for (int tree = 0; rc == MEDLEY_OK && tree < MED_TREE_COUNT; tree++) {
    MUST(mdb_cursor_open(txn, trees[tree], &cursor) == 0);
    while (mdb_cursor_get(cursor, &key, &value, MDB_NEXT) == 0) {
      MUST(tree != MED_TREE_SQL || (key.mv_size == 4 && value.mv_size == MED_PAGE_VALUE_SIZE));
      sum += sum_of(key.mv_data, key.mv_size) + sum_of(value.mv_data, value.mv_size);
    }
    mdb_cursor_close(cursor);
  }
  input_any_status((int)sum);
  mdb_txn_abort(txn);
}

static void store_file(const uint8_t *bytes, size_t size) {
  int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  MUST(fd >= 0 && write(fd, bytes, size) == (ssize_t)size && close(fd) == 0);
}

static void try_file(const uint8_t *bytes, size_t size) {
  med_log log;
  med_log_record record;
  bool outdated, present;
  uint64_t last = 0;
  store_file(bytes, size);
  med_log_init(&log);
  MUST(med_log_open(&log, path, false, &error) == MEDLEY_OK);
  int rc = med_log_read_header(&log, &error);
  MUST(rc == MEDLEY_OK || rc == MEDLEY_NOT_FOUND || rc == MEDLEY_NEWER_FORMAT);
  if (rc == MEDLEY_OK) {
    MUST(med_log_is_outdated(&log, &outdated, &error) == MEDLEY_OK);
    MUST(med_log_is_present(&log, &present, &error) == MEDLEY_OK);
    last = log.header.checkpoint_id;
    while ((rc = med_log_next(&log, &record, &error)) == MEDLEY_OK) {
      MUST(record.id > last && log.tail <= size + 7);
      last = record.id;
      try_operations(record.operations);
    }
    MUST(rc == MEDLEY_NOT_FOUND || rc == MEDLEY_CORRUPT);
  }
  med_log_clear(&log);
}

/* Two generations; the newer one has records of each kind of operation. */
static size_t make_log(uint8_t *bytes) {
  static uint8_t old[MED_PAGE_VALUE_SIZE], page[MED_PAGE_VALUE_SIZE];
  med_log log;
  med_log_operations list = {0};
  med_log_header header = {.salt = SALT - 1, .checkpoint_id = CHECKPOINT - 1, .identity = "an identity...."};
  unlink(path);
  med_log_init(&log);
  MUST(med_log_open(&log, path, true, &error) == MEDLEY_OK);
  MUST(med_log_write_header(&log, &header, &error) == MEDLEY_OK);
  header.salt = SALT;
  header.checkpoint_id = CHECKPOINT;
  MUST(med_log_write_header(&log, &header, &error) == MEDLEY_OK);
  page[9] = page[4000] = 1;
  for (uint64_t i = 1; i <= RECORDS; i++) {
    med_log_operations_start(&list, true);
    if (i % 3 == 0) med_log_operations_put_page(&list, 1, old, page);
    if (i % 3 == 1) med_log_operations_put(&list, MED_TREE_KV, med_slice_of("key", 3), med_slice_of(page, 300));
    if (i % 3 == 2) med_log_operations_delete(&list, MED_TREE_KV, med_slice_of("key", 3));
    if (i == RECORDS) med_log_operations_delete_page(&list, 2);
    MUST(med_log_append(&log, CHECKPOINT + i, med_slice_of(list.bytes.bytes, list.bytes.len), &error) == 0);
    MUST(med_log_flush(&log, &error) == 0);
  }
  med_log_operations_clear(&list);
  size_t size = (size_t)log.tail;
  MUST(size <= FILE_MAX && pread(log.fd, bytes, size, 0) == (ssize_t)size);
  med_log_clear(&log);
  return size;
}

/* What the patches broke is made valid again, so that what lies behind the checksums is reached. */
static void repair(uint8_t *bytes, size_t size) {
  uint8_t *header = bytes; /* the second generation's place */
  uint64_t salt = med_get_u64(header + 32);
  uint64_t chain = med_hash64(header + MED_LOG_PAGE, 2 * (size_t)MED_LOG_PAGE, med_hash64(header, CHECKSUM_AT, 0));
  med_put_u64(header + CHECKSUM_AT, chain);
  for (size_t at = MED_LOG_FIRST_RECORD; at + RECORD_HEADER <= size;) {
    size_t stored = med_get_u32(bytes + at + 4);
    if (stored > size - at - RECORD_HEADER) return;
    med_put_u64(bytes + at + 24, chain);
    chain = med_hash64(bytes + at + RECORD_HEADER, stored, med_hash64(bytes + at, 32, salt));
    med_put_u64(bytes + at + 32, chain);
    at += (RECORD_HEADER + stored + 7) / 8 * 8;
  }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
  static uint8_t good[FILE_MAX], bad[FILE_MAX];
  static size_t good_size;
  if (size < 1) return 0;
  if (env == NULL) {
    open_env();
    good_size = make_log(good);
  }
  input in = {bytes + 1, size - 1};
  if (bytes[0] & OPERATIONS) {
    try_operations(med_slice_of(in.bytes, in.left));
  } else if (bytes[0] & PATCHED) {
    memcpy(bad, good, good_size);
    while (in.left >= 5) {
      /* Counted from the records on, and round again: that is where most is. */
      size_t at = (MED_LOG_FIRST_RECORD + input_number(&in, 3)) % good_size, len, wanted = input_byte(&in);
      const uint8_t *from = input_take(&in, wanted, &len);
      memcpy(bad + at, from, len < good_size - at ? len : good_size - at);
    }
    if (bytes[0] & REPAIRED) repair(bad, good_size);
    try_file(bad, good_size);
  } else {
    try_file(in.bytes, in.left);
  }
  unlink(path);
  return 0;
}
