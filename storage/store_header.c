/* store_header.c - the trees and the header record of a database: made when it is new, checked when it is not. */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "storage/checkpoint.h"
#include "storage/txn.h"

static const char *const tree_names[MED_TREE_COUNT] = {"meta", "sql",   "kv",     "expiry",
                                                       "wide", "graph", "search", "changes"};
static const char header_key[] = "header";
#define HEADER_SIZE 40
#define FORMAT_WITHOUT_LOG 1

static int open_trees(med_store *store, MDB_txn *mdb, bool create) {
  for (int tree = 0; tree < MED_TREE_COUNT; tree++) {
    unsigned flags = (tree == MED_TREE_SQL ? MDB_INTEGERKEY : 0) | (create ? MDB_CREATE : 0);
    int code = mdb_dbi_open(mdb, tree_names[tree], flags, &store->trees[tree]);
    if (code != MDB_SUCCESS) return code;
  }
  return MDB_SUCCESS;
}

/* Header record, FORMAT.md section "Header". */
static int read_header(med_store *store, med_slice value, const char *path, medley_error *error) {
  const uint8_t *bytes = value.bytes;
  if (value.len < HEADER_SIZE || memcmp(bytes, "medley\0\0", 8) != 0) {
    return med_error_set(error, MEDLEY_NOT_A_DATABASE, "open: not a Medley database: %s", path);
  }
  uint32_t version = med_get_u32(bytes + 8);
  if (version > MED_FORMAT_VERSION) {
    return med_error_set(error, MEDLEY_NEWER_FORMAT, "open: format %u is newer than this library's %u: %s", version,
                         MED_FORMAT_VERSION, path);
  }
  uint32_t page_size = med_get_u32(bytes + 12);
  if (page_size != MED_PAGE_SIZE) {
    return med_error_set(error, MEDLEY_UNSUPPORTED, "open: pages of %u bytes where this machine has %d: %s", page_size,
                         MED_PAGE_SIZE, path);
  }
  memcpy(store->identity, bytes + 16, sizeof store->identity);
  store->format_version = version;
  bool logs = version > FORMAT_WITHOUT_LOG;
  medley_journal wanted = store->options.journal;
  if (wanted != MEDLEY_JOURNAL_DEFAULT && logs != (wanted == MEDLEY_JOURNAL_LOG))
    return med_error_set(error, MEDLEY_MISUSE, "open: the database was made with%s a redo log: %s", logs ? "" : "out",
                         path);
  /* A database in memory has no checkpoint, and never this version: it is made by write_header. */
  if (logs && !(store->options.flags & MEDLEY_OPEN_READ_ONLY)) med_checkpoint_enable(store->checkpoint);
  return MEDLEY_OK;
}

static int write_header(med_store *store, med_txn *txn) {
  uint8_t bytes[HEADER_SIZE] = "medley\0";
  bool logs = store->options.journal != MEDLEY_JOURNAL_NONE && store->checkpoint != NULL;
  med_put_u32(bytes + 8, logs ? MED_FORMAT_VERSION : FORMAT_WITHOUT_LOG);
  med_put_u32(bytes + 12, MED_PAGE_SIZE);
  med_put_u64(store->identity, med_store_random(store));
  med_put_u64(store->identity + 8, med_store_random(store));
  memcpy(bytes + 16, store->identity, sizeof store->identity);
  med_put_u64(bytes + 32, (uint64_t)med_store_now_us(store));
  return med_txn_put(txn, MED_TREE_META, med_slice_of(header_key, sizeof header_key - 1),
                     med_slice_of(bytes, sizeof bytes));
}

static int find_header(med_txn *txn, med_slice *value) {
  return med_txn_get(txn, MED_TREE_META, med_slice_of(header_key, sizeof header_key - 1), value);
}

/* An LMDB file that holds something, but not our trees, is somebody else's. */
static bool is_empty_environment(MDB_env *env) {
  MDB_stat stat;
  return mdb_env_stat(env, &stat) == MDB_SUCCESS && stat.ms_entries == 0;
}

/* Handles of trees outlive the transaction that opened them only if it commits. */
static int keep_handles(med_txn *reader, medley_error *error) {
  int code = mdb_txn_commit(reader->mdb);
  reader->mdb = NULL; /* gone, whatever it answered */
  reader->active = false;
  return code == MDB_SUCCESS ? MEDLEY_OK : med_store_fail(error, code, "open");
}

static int open_existing(med_store *store, const char *path, medley_error *error) {
  med_txn *reader;
  int rc = med_txn_open_reader(store, &reader, error);
  if (rc != MEDLEY_OK) return rc;
  rc = med_txn_renew(reader);
  if (rc == MEDLEY_OK) {
    int code = open_trees(store, reader->mdb, false);
    med_slice value;
    if (code == MDB_SUCCESS) {
      rc = find_header(reader, &value);
      if (rc == MEDLEY_OK) rc = read_header(store, value, path, error);
      if (rc == MEDLEY_NOT_FOUND) {
        rc = med_error_set(error, MEDLEY_NOT_A_DATABASE, "open: not a Medley database: %s", path);
      }
      if (rc == MEDLEY_OK) rc = keep_handles(reader, error);
    } else {
      rc = code == MDB_NOTFOUND || code == MDB_INCOMPATIBLE
               ? med_error_set(error, MEDLEY_NOT_A_DATABASE, "open: not a Medley database: %s", path)
               : med_store_fail(error, code, "open");
    }
  }
  med_txn_reset(reader);
  med_txn_close_reader(reader);
  return rc;
}

static int create_contents(med_store *store, medley_error *error) {
  med_batch batch = {0};
  int rc = med_store_lock(store, store->options.busy_timeout_ms, error);
  if (rc != MEDLEY_OK) return rc;
  rc = med_batch_begin(store, &batch, error);
  if (rc == MEDLEY_OK) {
    med_txn txn = {0};
    int code = open_trees(store, batch.mdb, true);
    if (code != MDB_SUCCESS) rc = med_store_fail(error, code, "open");
    med_txn_attach(&txn, store, &batch, error);
    med_slice value;
    if (rc == MEDLEY_OK) rc = find_header(&txn, &value);
    if (rc == MEDLEY_NOT_FOUND) {
      rc = write_header(store, &txn);
    } else if (rc == MEDLEY_OK) { /* another process was faster */
      rc = read_header(store, value, store->path, error);
    }
    med_txn_detach(&txn);
    med_txn_clear(&txn);
    if (rc == MEDLEY_OK)
      rc = med_batch_commit(store, &batch, error);
    else
      med_batch_abort(store, &batch);
    if (rc == MEDLEY_OK) rc = open_existing(store, store->path, error);
  }
  med_store_unlock(store);
  return rc;
}

/* LMDB does not flush the directory: without this the whole file may be missing after a power cut. */
int med_store_flush_directory(const char *path, medley_error *error) {
  const char *slash = strrchr(path, '/');
  char *directory = slash == NULL ? med_strndup(".", 1) : med_strndup(path, slash == path ? 1 : (size_t)(slash - path));
  if (directory == NULL) return med_error_no_memory(error);
  int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  med_free(directory);
  int rc = fd >= 0 && fsync(fd) == 0 ? MEDLEY_OK : MEDLEY_IO;
  int code = errno;
  if (fd >= 0) close(fd);
  if (rc == MEDLEY_OK || code == EINVAL || code == EACCES) return MEDLEY_OK; /* not every file system can */
  return med_error_set_foreign(error, rc, code, "open: cannot flush the directory: %s", strerror(code));
}

int med_store_open_contents(med_store *store, const char *path, medley_error *error) {
  unsigned flags = store->options.flags;
  int rc;
  if (!is_empty_environment(store->env)) {
    rc = open_existing(store, path, error);
  } else if (flags & MEDLEY_OPEN_READ_ONLY) {
    rc = med_error_set(error, MEDLEY_NOT_A_DATABASE, "open: the file holds nothing: %s", path);
  } else {
    rc = create_contents(store, error);
  }
  /* Also for a file that exists: who made it may have died before it came to this. */
  if (rc != MEDLEY_OK || flags & (MEDLEY_OPEN_MEMORY | MEDLEY_OPEN_READ_ONLY)) return rc;
  return med_store_flush_directory(path, error);
}
