/* store_care.c - what the environment knows about itself, backups, and checking the whole file. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "storage/checkpoint.h"
#include "storage/page_vfs.h"
#include "storage/txn.h"
#include "storage/walker.h"

const char *med_store_path(const med_store *store) { return store->path; }
const medley_options *med_store_options(const med_store *store) { return &store->options; }

/* Under a redo log a dead process's pin may still be needed: readers are forgotten inside of checkpoints alone. */
int med_store_check_readers(med_store *store) {
  int dead_count = 0;
  if (store->checkpoint != NULL && med_checkpoint_is_enabled(store->checkpoint)) return 0;
  (void)mdb_reader_check(store->env, &dead_count);
  return dead_count;
}

/* ---- Numbers ---- */
static uint64_t tree_bytes(const med_txn *txn, int tree) {
  MDB_stat stat;
  if (mdb_stat(txn->mdb, txn->store->trees[tree], &stat) != MDB_SUCCESS) return 0;
  return (stat.ms_branch_pages + stat.ms_leaf_pages + stat.ms_overflow_pages) * (uint64_t)MED_PAGE_SIZE;
}

typedef struct reader_list {
  uint64_t newest, oldest, pinned;
  uint32_t count;
} reader_list;

/* Lines of mdb_reader_list: pid, thread, and the snapshot's number or "-". */
static int on_reader(const char *line, void *context) {
  reader_list *readers = context;
  unsigned long long txn_id;
  if (sscanf(line, "%*d %*x %llu", &txn_id) != 1) return 0;
  readers->count++;
  if (txn_id == readers->pinned) return 0; /* nobody's: the checkpoint's */
  if (txn_id < readers->oldest) readers->oldest = txn_id;
  return 0;
}

int med_store_stat(med_txn *txn, medley_stats *stats) {
  med_store *store = txn->store;
  MDB_envinfo info;
  int code = mdb_env_info(store->env, &info);
  if (code != MDB_SUCCESS) return med_store_fail(txn->error, code, "stat");
  struct stat status;
  if (fstat(store->data_fd, &status) == 0) stats->file_bytes = (uint64_t)status.st_size;
  stats->size_limit_bytes =
      store->options.size_limit_bytes > 0 ? store->options.size_limit_bytes : (uint64_t)info.me_mapsize;
  stats->commit_id = info.me_last_txnid;
  stats->format_version = store->format_version;
  stats->reader_count_max = info.me_maxreaders;
  for (int tree = 0; tree < MED_TREE_COUNT; tree++) {
    uint64_t bytes = tree_bytes(txn, tree);
    stats->used_bytes += bytes;
    if (tree == MED_TREE_SQL)
      stats->sql_bytes += bytes;
    else if (tree == MED_TREE_KV || tree == MED_TREE_EXPIRY)
      stats->key_value_bytes += bytes;
    else
      stats->other_bytes += bytes;
  }
  reader_list readers = {info.me_last_txnid, info.me_last_txnid, store->pinned_id, 0};
  (void)mdb_reader_list(store->env, on_reader, &readers);
  stats->readers = readers.count;
  stats->oldest_reader_lag = readers.newest - readers.oldest;
  if (store->checkpoint == NULL) return MEDLEY_OK;
  return med_checkpoint_stat(store->checkpoint, &stats->log_bytes, &stats->log_commits, txn->error);
}

/* ---- Backup ---- */
/* Always compacting: LMDB's plain copy takes its write mutex, which cannot be waited for with an end. */
int med_store_backup(med_store *store, const char *path, medley_error *error) {
  int rc = med_store_usable(store, error);
  if (rc != MEDLEY_OK) return rc;
  int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (fd < 0) {
    int status = errno == EEXIST ? MEDLEY_EXISTS : MEDLEY_CANNOT_OPEN;
    return med_error_set_foreign(error, status, errno, "backup: %s: %s", strerror(errno), path);
  }
  int code = mdb_env_copyfd2(store->env, fd, MDB_CP_COMPACT);
  if (code == MDB_SUCCESS && fsync(fd) != 0) code = errno;
  if (close(fd) != 0 && code == MDB_SUCCESS) code = errno;
  (void)med_checkpoint_await(store->checkpoint, UINT64_MAX); /* a copy has nothing that the original may still lose */
  rc = code == MDB_SUCCESS ? med_store_flush_directory(path, error) : med_store_fail(error, code, "backup");
  if (rc != MEDLEY_OK) (void)unlink(path);
  return rc;
}

/* ---- Check ---- */
typedef struct check_state {
  void (*on_problem)(void *, const char *);
  void *context;
  uint64_t problem_count;
} check_state;

static void report(check_state *check, const char *text) {
  check->problem_count++;
  if (check->on_problem != NULL) check->on_problem(check->context, text);
}

/* Our trees' values carry checksums of their own; this reads each of them through a cursor. */
static int check_tree(check_state *check, med_txn *txn, med_tree tree) {
  med_cursor *cursor;
  int rc = med_cursor_open(txn, tree, &cursor);
  if (rc != MEDLEY_OK) return rc;
  med_slice key, value;
  for (rc = med_cursor_first(cursor, &key, &value); rc != MEDLEY_NOT_FOUND;
       rc = med_cursor_next(cursor, &key, &value)) {
    if (rc == MEDLEY_OK) continue;
    report(check, med_txn_error(txn)->message);
    if (rc != MEDLEY_CORRUPT || med_txn_error(txn)->foreign_code != 0) break; /* the tree itself is damaged */
  }
  med_cursor_close(cursor);
  return MEDLEY_OK;
}

/* Page by page and not number by number: a damaged number may be as large as any. */
static void check_page(void *context, uint32_t page, med_slice value) {
  char text[96];
  if (med_page_vfs_value_is_sound(page, value)) return;
  (void)snprintf(text, sizeof text, "sql: page %u does not match its checksum", page);
  report(context, text);
}

static int check_snapshot(check_state *check, med_store *store, medley_error *error) {
  med_txn *txn;
  int rc = med_txn_open_reader(store, &txn, error);
  if (rc != MEDLEY_OK) return rc;
  rc = med_txn_renew(txn);
  for (int tree = 0; rc == MEDLEY_OK && tree < MED_TREE_COUNT; tree++) {
    rc = tree == MED_TREE_SQL ? med_txn_each_page(txn, check_page, check) : check_tree(check, txn, (med_tree)tree);
  }
  med_txn_reset(txn);
  med_txn_close_reader(txn);
  return rc;
}

/* What is wrong with the log is told like what is wrong with the file. */
static int check_log(check_state *check, const med_store *store, medley_error *error) {
  if (store->checkpoint == NULL) return MEDLEY_OK;
  medley_error found = {0};
  int rc = med_checkpoint_check(store->checkpoint, &found);
  if (rc == MEDLEY_CORRUPT || rc == MEDLEY_NEWER_FORMAT) {
    report(check, found.message);
    return MEDLEY_OK;
  }
  if (rc != MEDLEY_OK && error != NULL) *error = found;
  return rc;
}

int med_store_check(med_store *store, void (*on_problem)(void *, const char *), void *context, uint64_t *problem_count,
                    medley_error *error) {
  check_state check = {on_problem, context, 0};
  struct stat status;
  if (fstat(store->data_fd, &status) != 0) status.st_size = 0;
  int rc = med_walker_walk(store->data_fd, (uint64_t)status.st_size, NULL, NULL, NULL, error);
  if (rc == MEDLEY_CORRUPT || rc == MEDLEY_NOT_A_DATABASE) {
    report(&check, error != NULL ? error->message : "the file's pages are damaged");
    rc = MEDLEY_OK; /* found, reported, and not read through the map */
  } else if (rc == MEDLEY_OK) {
    rc = check_snapshot(&check, store, error);
  }
  if (rc == MEDLEY_OK) rc = check_log(&check, store, error);
  *problem_count += check.problem_count;
  return rc;
}
