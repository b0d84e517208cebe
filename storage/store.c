/* store.c - transactions, the one door, undo and cursors over LMDB.
 *
 * Every value carries 8 bytes of XXH3-64 behind it, seeded by its key and tree: a flipped bit and a value that stands under
 * another key are both found on read. Undo is a log of previous values, replayed backwards: nested LMDB transactions would
 * cost 50 us beside a large parent and cannot hold SQL pages (see page_vfs.h). */
#include "storage/store.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "storage/checkpoint.h"
#include "storage/txn.h"

#define CHECKSUM_SIZE 8
#define OPERATIONS_BETWEEN_CHECKS 256
#define ID_BLOCK 64
#define FULL_DISK_BYTES ((uint64_t)1 << 20)

static const char next_id_key[] = "next id";

/* ---- Errors ---- */
static int status_of(int mdb_code) {
  switch (mdb_code) {
    case MDB_NOTFOUND: return MEDLEY_NOT_FOUND;
    case MDB_MAP_FULL:
    case ENOSPC:
    case EDQUOT:
    case EFBIG: return MEDLEY_FULL;
    case MDB_TXN_FULL: return MEDLEY_TXN_TOO_BIG;
    case MDB_READERS_FULL: return MEDLEY_READERS_FULL;
    case MDB_PANIC: return MEDLEY_DEAD;
    case MDB_BAD_TXN: return MEDLEY_ABORTED;
    case MDB_BAD_VALSIZE: return MEDLEY_TOO_BIG;
    case MDB_CORRUPTED:
    case MDB_PAGE_NOTFOUND:
    case MDB_CURSOR_FULL: return MEDLEY_CORRUPT;
    case MDB_INVALID:
    case MDB_VERSION_MISMATCH: return MEDLEY_NOT_A_DATABASE;
    case ENOMEM: return MEDLEY_NO_MEMORY;
    case EACCES:
    case EROFS: return MEDLEY_READ_ONLY;
    default: return MEDLEY_IO;
  }
}

int med_store_fail(medley_error *error, int mdb_code, const char *where) {
  int status = status_of(mdb_code);
  if (status == MEDLEY_NO_MEMORY) return med_error_no_memory(error);
  if (status == MEDLEY_FULL) {
    return med_error_set_foreign(error, status, mdb_code, "%s: no space left: delete something or raise the limit",
                                 where);
  }
  return med_error_set_foreign(error, status, mdb_code, "%s: %s", where, mdb_strerror(mdb_code));
}

int med_store_usable(const med_store *store, medley_error *error) {
  if (*store->fork_guard == 0) {
    return med_error_set(error, MEDLEY_FORKED, "store: a forked child may not use its parent's handle");
  }
  if (store->dead) {
    return med_error_set(error, MEDLEY_DEAD, "store: the handle is dead after a failed commit: reopen the database");
  }
  return MEDLEY_OK;
}

/* ---- Readers ---- */
int med_txn_open_reader(med_store *store, med_txn **txn, medley_error *error) {
  *txn = med_alloc_zero(sizeof **txn);
  if (*txn == NULL) return med_error_no_memory(error);
  (*txn)->store = store;
  (*txn)->error = error != NULL ? error : &(*txn)->own_error;
  return MEDLEY_OK;
}

static int begin_reader(med_txn *txn) {
  if (txn->mdb != NULL) return mdb_txn_renew(txn->mdb);
  return mdb_txn_begin(txn->store->env, NULL, MDB_RDONLY, &txn->mdb);
}

/* The number that a reader would be given now. */
static int present_number(med_store *store, uint64_t *number) {
  pthread_mutex_lock(&store->probe_mutex);
  int code = mdb_txn_renew(store->probe);
  if (code == MDB_SUCCESS) {
    *number = mdb_txn_id(store->probe);
    mdb_txn_reset(store->probe);
  }
  pthread_mutex_unlock(&store->probe_mutex);
  return code;
}

/* LMDB takes a commit's number N from the lock file first and copies that commit's roots from its meta page then. Commit N+2
 * overwrites this page: a thread that is held up in between gets roots of N+2, or half of them, under number N, and everything
 * that goes by numbers (pages remembered, upgrades) mixes two snapshots. N+2 begins to write only when N+1 is in the other meta
 * page and in the lock file. So a copy is sound if, after it, no meta page has a number above N (the usual case, and cheap
 * to see), or else if the lock file still says N: then N+1 is being flushed, or its process was killed there. */
static int begin_sound_reader(med_txn *txn) {
  for (;;) {
    int code = begin_reader(txn);
    if (code != MDB_SUCCESS) return code;
    uint64_t number = mdb_txn_id(txn->mdb), present = number;
    MDB_envinfo info;
    code = mdb_env_info(txn->store->env, &info);
    if (code == MDB_SUCCESS && info.me_last_txnid > number) code = present_number(txn->store, &present);
    if (code == MDB_SUCCESS && present == number) return code;
    mdb_txn_reset(txn->mdb);
    if (code != MDB_SUCCESS) return code;
  }
}

int med_txn_renew(med_txn *txn) {
  assert(!txn->active && txn->batch == NULL);
  int rc = med_store_usable(txn->store, txn->error);
  if (rc != MEDLEY_OK) return rc;
  int code = begin_sound_reader(txn);
  if (code == MDB_READERS_FULL && med_store_check_readers(txn->store) > 0) code = begin_sound_reader(txn);
  if (code != MDB_SUCCESS) {
    if (txn->mdb != NULL) mdb_txn_abort(txn->mdb);
    txn->mdb = NULL;
    return med_store_fail(txn->error, code, "store: read");
  }
  txn->id = mdb_txn_id(txn->mdb);
  if (med_checkpoint_await(txn->store->checkpoint, txn->id) &&
      (rc = med_store_usable(txn->store, txn->error)) != MEDLEY_OK) {
    mdb_txn_reset(txn->mdb);
    return rc;
  }
  txn->active = true;
  txn->now_us = 0;
  return MEDLEY_OK;
}

bool med_txn_go_on(med_txn *txn) {
  MDB_envinfo info;
  if (*txn->store->fork_guard == 0 || mdb_env_info(txn->store->env, &info) != MDB_SUCCESS) return false;
  if (info.me_last_txnid != txn->id) return false;
  txn->now_us = 0;
  return true;
}

void med_txn_reset(med_txn *txn) {
  if (txn == NULL || !txn->active) return;
  txn->active = false;
  if (*txn->store->fork_guard != 0) mdb_txn_reset(txn->mdb);
}

void med_txn_close_reader(med_txn *txn) {
  if (txn == NULL) return;
  if (txn->mdb != NULL && *txn->store->fork_guard != 0) mdb_txn_abort(txn->mdb);
  med_txn_clear(txn);
  med_free(txn);
}

/* ---- Facts ---- */
bool med_txn_is_active(const med_txn *txn) { return txn != NULL && txn->active; }
med_store *med_txn_store(const med_txn *txn) { return txn->store; }
bool med_txn_writes(const med_txn *txn) { return txn->batch != NULL; }
uint64_t med_txn_id(const med_txn *txn) { return txn->id; }
medley_error *med_txn_error(const med_txn *txn) { return txn->error; }
void med_txn_set_error_slot(med_txn *txn, medley_error *error) { txn->error = error != NULL ? error : &txn->own_error; }
void med_txn_break(med_txn *txn) { txn->batch->broken = true; }
uint64_t med_txn_changes(const med_txn *txn) { return txn->changes; }

bool med_txn_broken(const med_txn *txn) { return txn->batch != NULL && txn->batch->broken; }

int64_t med_txn_now_us(const med_txn *txn) {
  med_txn *mutable_txn = (med_txn *)(uintptr_t)txn;
  if (txn->now_us == 0) mutable_txn->now_us = med_store_now_us(txn->store);
  return txn->now_us;
}

/* ---- Batches ---- */
int med_batch_begin(med_store *store, med_batch *batch, medley_error *error) {
  med_buffer kept = batch->redo.bytes; /* its memory is used again */
  memset(batch, 0, sizeof *batch);
  batch->redo.bytes = kept;
  med_log_operations_start(&batch->redo, false);
  int rc = med_store_usable(store, error);
  if (rc != MEDLEY_OK) return rc;
  int code = mdb_txn_begin(store->env, NULL, 0, &batch->mdb);
  if (code != MDB_SUCCESS) {
    batch->mdb = NULL;
    if (code == MDB_PANIC) store->dead = true;
    return med_store_fail(error, code, "store: write");
  }
  batch->id = mdb_txn_id(batch->mdb);
  if (store->checkpoint == NULL) return MEDLEY_OK;
  rc = med_checkpoint_begin_batch(store->checkpoint, batch, error);
  if (rc == MEDLEY_OK) return rc;
  mdb_txn_abort(batch->mdb);
  batch->mdb = NULL;
  return rc;
}

/* After a failed commit: an environment that cannot begin any more failed at its meta page, which may be on disk. */
int med_store_failed_commit(med_store *store, int code, medley_error *error) {
  MDB_txn *probe = NULL;
  int probe_code = mdb_txn_begin(store->env, NULL, MDB_RDONLY, &probe);
  if (probe_code == MDB_SUCCESS) mdb_txn_abort(probe);
  /* LMDB calls a write that the disk took only in part an EIO. */
  struct statvfs disk;
  if (code == EIO && fstatvfs(store->data_fd, &disk) == 0 && disk.f_bavail * disk.f_frsize < FULL_DISK_BYTES)
    code = ENOSPC;
  if (probe_code != MDB_PANIC) return med_store_fail(error, code, "store: commit");
  store->dead = true;
  return med_error_set_foreign(error, MEDLEY_COMMIT_UNKNOWN, code,
                               "store: commit: %s: its outcome is unknown: reopen the database and look",
                               mdb_strerror(code));
}

int med_batch_commit(med_store *store, med_batch *batch, medley_error *error) {
  int rc;
  if (batch->redo.wanted) {
    rc = med_checkpoint_commit(store->checkpoint, batch, error);
  } else {
    int code = mdb_txn_commit(batch->mdb);
    batch->mdb = NULL;
    rc = code == MDB_SUCCESS ? MEDLEY_OK : med_store_failed_commit(store, code, error);
  }
  if (rc != MEDLEY_OK) store->id_next = store->id_end = 0;
  return rc;
}

void med_batch_abort(med_store *store, med_batch *batch) {
  store->id_next = store->id_end = 0;
  if (batch->mdb != NULL) mdb_txn_abort(batch->mdb);
  batch->mdb = NULL;
}

/* ---- A member in a batch ---- */
void med_txn_attach(med_txn *txn, med_store *store, med_batch *batch, medley_error *error) {
  txn->store = store;
  txn->batch = batch;
  txn->mdb = batch->mdb;
  txn->error = error != NULL ? error : &txn->own_error;
  txn->id = batch->id;
  txn->now_us = 0;
  txn->active = true;
  txn->undo_on = true;
  txn->may_fill = txn->looked = false;
  txn->thread = pthread_self();
  memcpy(txn->operations_at_begin, batch->operations, sizeof txn->operations_at_begin);
  txn->undo.len = 0;
  txn->deferred = NULL;
  txn->settling = false;
}

#define KEPT_UNDO_SIZE ((size_t)1 << 20)

void med_txn_detach(med_txn *txn) {
  if (txn->deferred != NULL) txn->deferred->end(txn->deferred);
  txn->deferred = NULL;
  txn->active = false;
  txn->batch = NULL;
  txn->mdb = NULL;
  if (txn->undo.capacity > KEPT_UNDO_SIZE) med_buffer_clear(&txn->undo);
}

void med_txn_clear(med_txn *txn) {
  med_buffer_clear(&txn->undo);
  med_buffer_clear(&txn->scratch);
}

int med_txn_count_operation(med_txn *txn, med_tree tree) {
  txn->batch->operations[tree]++;
  if (++txn->batch->uncounted < OPERATIONS_BETWEEN_CHECKS) return MEDLEY_OK;
  return med_txn_check_limits(txn);
}

/* ---- Values ---- */
static uint64_t checksum(med_tree tree, med_slice key, const void *bytes, size_t len) {
  return med_hash64(bytes, len, med_hash64(key.bytes, key.len, (uint64_t)tree));
}

static int unwrap(med_txn *txn, med_tree tree, med_slice key, const MDB_val *stored, med_slice *value) {
  const uint8_t *bytes = stored->mv_data;
  if (stored->mv_size >= CHECKSUM_SIZE && stored->mv_size <= MED_VALUE_SIZE_MAX + CHECKSUM_SIZE) {
    size_t len = stored->mv_size - CHECKSUM_SIZE;
    if (med_get_u64(bytes + len) == checksum(tree, key, bytes, len)) {
      if (value != NULL) *value = med_slice_of(bytes, len);
      return MEDLEY_OK;
    }
  }
  return med_error_set(txn->error, MEDLEY_CORRUPT,
                       "store: a value does not match its checksum: tree %d, key of %zu bytes", (int)tree, key.len);
}

static MDB_val mdb_slice(med_slice slice) {
  MDB_val val = {slice.len, (void *)(uintptr_t)slice.bytes};
  return val;
}

int med_txn_get(med_txn *txn, med_tree tree, med_slice key, med_slice *value) {
  assert(txn->active);
  if (key.len == 0 || key.len > MED_KEY_SIZE_MAX) return MEDLEY_NOT_FOUND;
  int rc = med_txn_settle_for(txn, tree, key);
  if (rc != MEDLEY_OK) return rc;
  MDB_val mdb_key = mdb_slice(key), stored;
  int code = mdb_get(txn->mdb, txn->store->trees[tree], &mdb_key, &stored);
  if (code == MDB_NOTFOUND) return MEDLEY_NOT_FOUND;
  if (code != MDB_SUCCESS) return med_store_fail(txn->error, code, "store: get");
  return unwrap(txn, tree, key, &stored, value);
}

/* ---- Undo ----
 * Entries lie one behind the other:
 *   tree(1) existed(1) key length(2) stored length(4) key, stored value, length of the entry(4)
 * in native order, since they never leave the process. Where the tree is MED_UNDO_DEFERRED, a change was put off, or, where it existed, such changes
 * were made: the stored value says how many had been before. */
#define UNDO_HEADER_SIZE 8
#define UNDO_TRAILER_SIZE 4

int med_txn_undo_append(med_txn *txn, unsigned tree, med_slice key, const MDB_val *old) {
  if (!txn->undo_on) return MEDLEY_OK;
  uint8_t header[UNDO_HEADER_SIZE] = {(uint8_t)tree, old != NULL};
  uint32_t old_len = old != NULL ? (uint32_t)old->mv_size : 0;
  uint16_t key_len = (uint16_t)key.len;
  memcpy(header + 2, &key_len, 2);
  memcpy(header + 4, &old_len, 4);
  uint32_t entry_len = (uint32_t)(UNDO_HEADER_SIZE + key.len + old_len + UNDO_TRAILER_SIZE);
  if (!med_buffer_reserve(&txn->undo, entry_len)) return med_error_no_memory(txn->error);
  char *at = txn->undo.bytes + txn->undo.len;
  memcpy(at, header, UNDO_HEADER_SIZE);
  memcpy(at + UNDO_HEADER_SIZE, key.bytes, key.len);
  if (old_len > 0) memcpy(at + UNDO_HEADER_SIZE + key.len, old->mv_data, old_len);
  memcpy(at + entry_len - UNDO_TRAILER_SIZE, &entry_len, UNDO_TRAILER_SIZE);
  txn->undo.len += entry_len;
  return MEDLEY_OK;
}

static int undo_entry(med_txn *txn, const uint8_t *entry) {
  uint16_t key_len;
  uint32_t old_len;
  if (entry[0] == MED_UNDO_DEFERRED) {
    med_txn_undo_deferred(txn, entry[1], entry + UNDO_HEADER_SIZE);
    return MDB_SUCCESS;
  }
  memcpy(&key_len, entry + 2, 2);
  memcpy(&old_len, entry + 4, 4);
  MDB_val key = {key_len, (void *)(uintptr_t)(entry + UNDO_HEADER_SIZE)};
  MDB_dbi dbi = txn->store->trees[entry[0]];
  med_slice logged = med_slice_of(key.mv_data, key.mv_size);
  if (entry[1]) {
    MDB_val old = {old_len, (void *)(uintptr_t)(entry + UNDO_HEADER_SIZE + key_len)};
    med_log_operations_put(&txn->batch->redo, (med_tree)entry[0], logged, med_slice_of(old.mv_data, old_len));
    return mdb_put(txn->mdb, dbi, &key, &old, 0);
  }
  int code = mdb_del(txn->mdb, dbi, &key, NULL);
  if (code == MDB_SUCCESS) med_log_operations_delete(&txn->batch->redo, (med_tree)entry[0], logged);
  return code == MDB_NOTFOUND ? MDB_SUCCESS : code;
}

med_mark med_txn_mark(const med_txn *txn) { return txn->undo.len; }

int med_txn_rollback_to(med_txn *txn, med_mark mark) {
  assert(txn->batch != NULL && mark <= txn->undo.len);
  txn->changes++;
  if (mark < txn->undo.len) txn->store->id_next = txn->store->id_end = 0;
  while (txn->undo.len > mark) {
    uint32_t entry_len;
    memcpy(&entry_len, txn->undo.bytes + txn->undo.len - UNDO_TRAILER_SIZE, UNDO_TRAILER_SIZE);
    txn->undo.len -= entry_len;
    int code = undo_entry(txn, (const uint8_t *)txn->undo.bytes + txn->undo.len);
    if (code == MDB_SUCCESS) continue;
    txn->batch->broken = true;
    return med_store_fail(txn->error, code, "store: rollback");
  }
  return MEDLEY_OK;
}

void med_txn_set_undo(med_txn *txn, bool on) { txn->undo_on = on; }

/* ---- The door ---- */
int med_txn_check_write(med_txn *txn, med_slice key, size_t value_len) {
  assert(txn->active);
  if (txn->batch == NULL) return med_error_set(txn->error, MEDLEY_READ_ONLY, "store: the transaction only reads");
  txn->changes++;
  if (txn->batch->broken) {
    if (txn->error->status != MEDLEY_OK) return MEDLEY_ABORTED; /* the first failure's words are the better ones */
    return med_error_set(txn->error, MEDLEY_ABORTED,
                         "store: the transaction failed before and can only be rolled back");
  }
  if (key.len == 0 || key.len > MED_KEY_SIZE_MAX) {
    return med_error_set(txn->error, MEDLEY_TOO_BIG, "store: a key has %zu bytes: 1 to %d are possible", key.len,
                         MED_KEY_SIZE_MAX);
  }
  if (value_len <= MED_VALUE_SIZE_MAX) return MEDLEY_OK;
  return med_error_set(txn->error, MEDLEY_TOO_BIG, "store: a value has %zu bytes: at most %d are possible", value_len,
                       MED_VALUE_SIZE_MAX);
}

int med_txn_door_answer(med_txn *txn, int code, const char *where) {
  if (code == MDB_SUCCESS) return MEDLEY_OK;
  txn->batch->broken = true;
  return med_store_fail(txn->error, code, where);
}

int med_txn_put(med_txn *txn, med_tree tree, med_slice key, med_slice value) {
  int rc = med_txn_settle_for(txn, tree, key);
  if (rc == MEDLEY_OK) rc = med_txn_check_write(txn, key, value.len);
  if (rc == MEDLEY_OK) rc = med_txn_count_operation(txn, tree);
  if (rc != MEDLEY_OK) return rc;
  uint8_t wrapped[MED_VALUE_SIZE_MAX + CHECKSUM_SIZE], key_copy[MED_KEY_SIZE_MAX];
  memcpy(key_copy, key.bytes, key.len); /* it may lie in a page that the put moves */
  key.bytes = key_copy;
  if (value.len > 0) memcpy(wrapped, value.bytes, value.len);
  med_put_u64(wrapped + value.len, checksum(tree, key, wrapped, value.len));
  MDB_val mdb_key = mdb_slice(key), stored = {value.len + CHECKSUM_SIZE, wrapped};
  if (txn->undo_on) {
    MDB_val old = stored;
    int code = mdb_put(txn->mdb, txn->store->trees[tree], &mdb_key, &old, MDB_NOOVERWRITE);
    if (code == MDB_SUCCESS) {
      med_log_operations_put(&txn->batch->redo, tree, key, med_slice_of(wrapped, stored.mv_size));
      rc = med_txn_undo_append(txn, tree, key, NULL);
      if (rc != MEDLEY_OK) txn->batch->broken = true;
      return rc;
    }
    if (code != MDB_KEYEXIST) return med_txn_door_answer(txn, code, "store: put");
    rc = med_txn_undo_append(txn, tree, key, &old);
    if (rc != MEDLEY_OK) return rc;
  }
  med_log_operations_put(&txn->batch->redo, tree, key, med_slice_of(wrapped, stored.mv_size));
  int code = mdb_put(txn->mdb, txn->store->trees[tree], &mdb_key, &stored, 0);
  return med_txn_door_answer(txn, code, "store: put");
}

int med_txn_delete(med_txn *txn, med_tree tree, med_slice key) {
  int rc = med_txn_settle_for(txn, tree, key);
  if (rc == MEDLEY_OK) rc = med_txn_check_write(txn, key, 0);
  if (rc != MEDLEY_OK) return rc;
  uint8_t key_copy[MED_KEY_SIZE_MAX];
  memcpy(key_copy, key.bytes, key.len); /* it may lie in the page that the delete changes */
  key.bytes = key_copy;
  MDB_val mdb_key = mdb_slice(key), old;
  MDB_dbi dbi = txn->store->trees[tree];
  if (txn->undo_on) {
    int code = mdb_get(txn->mdb, dbi, &mdb_key, &old);
    if (code == MDB_NOTFOUND) return MEDLEY_NOT_FOUND;
    if (code != MDB_SUCCESS) return med_txn_door_answer(txn, code, "store: delete");
    rc = med_txn_undo_append(txn, tree, key, &old);
    if (rc != MEDLEY_OK) return rc;
  }
  rc = med_txn_count_operation(txn, tree);
  if (rc != MEDLEY_OK) return rc;
  int code = mdb_del(txn->mdb, dbi, &mdb_key, NULL);
  if (code == MDB_NOTFOUND) return MEDLEY_NOT_FOUND;
  if (code == MDB_SUCCESS) med_log_operations_delete(&txn->batch->redo, tree, key);
  return med_txn_door_answer(txn, code, "store: delete");
}

int med_txn_delete_range(med_txn *txn, med_tree tree, med_slice from, med_slice to, size_t limit, size_t *deleted) {
  *deleted = 0;
  int rc = med_txn_settle_tree(txn, tree);
  if (rc == MEDLEY_OK) rc = med_txn_check_write(txn, from, 0);
  if (rc != MEDLEY_OK) return rc;
  MDB_cursor *cursor;
  int code = mdb_cursor_open(txn->mdb, txn->store->trees[tree], &cursor);
  if (code != MDB_SUCCESS) return med_store_fail(txn->error, code, "store: delete range");
  MDB_val key = mdb_slice(from), old;
  code = mdb_cursor_get(cursor, &key, &old, MDB_SET_RANGE);
  while (code == MDB_SUCCESS && *deleted < limit) {
    med_slice present = med_slice_of(key.mv_data, key.mv_size);
    if (med_slice_compare(present, to) >= 0) break;
    rc = med_txn_undo_append(txn, tree, present, &old);
    if (rc == MEDLEY_OK) rc = med_txn_count_operation(txn, tree);
    if (rc != MEDLEY_OK) break;
    med_log_operations_delete(&txn->batch->redo, tree, present);
    code = mdb_cursor_del(cursor, 0);
    if (code != MDB_SUCCESS) break;
    ++*deleted;
    code = mdb_cursor_get(cursor, &key, &old, MDB_NEXT); /* after a delete: what moved into its place */
  }
  mdb_cursor_close(cursor);
  if (rc != MEDLEY_OK) return rc;
  return code == MDB_SUCCESS || code == MDB_NOTFOUND ? MEDLEY_OK
                                                     : med_txn_door_answer(txn, code, "store: delete range");
}

/* ---- Cursors ---- */
struct med_cursor {
  med_txn *txn;
  med_tree tree;
  MDB_cursor *mdb;
};

int med_cursor_open(med_txn *txn, med_tree tree, med_cursor **cursor) {
  assert(txn->active);
  *cursor = med_alloc(sizeof **cursor);
  if (*cursor == NULL) return med_error_no_memory(txn->error);
  (*cursor)->txn = txn;
  (*cursor)->tree = tree;
  int code = mdb_cursor_open(txn->mdb, txn->store->trees[tree], &(*cursor)->mdb);
  if (code == MDB_SUCCESS) return MEDLEY_OK;
  med_free(*cursor);
  *cursor = NULL;
  return med_store_fail(txn->error, code, "store: cursor");
}

void med_cursor_close(med_cursor *cursor) {
  if (cursor == NULL) return;
  mdb_cursor_close(cursor->mdb);
  med_free(cursor);
}

static int cursor_answer(med_cursor *cursor, int code, MDB_val mdb_key, MDB_val stored, med_slice *key,
                         med_slice *value) {
  if (code == MDB_NOTFOUND || code == EINVAL) return MEDLEY_NOT_FOUND;
  if (code != MDB_SUCCESS) return med_store_fail(cursor->txn->error, code, "store: cursor");
  med_slice present = med_slice_of(mdb_key.mv_data, mdb_key.mv_size);
  if (key != NULL) *key = present;
  if (value == NULL) return MEDLEY_OK;
  return unwrap(cursor->txn, cursor->tree, present, &stored, value);
}

static int cursor_move(med_cursor *cursor, MDB_cursor_op operation, med_slice *key, med_slice *value) {
  MDB_val mdb_key = {0}, stored = {0};
  int rc = med_txn_settle_tree(cursor->txn, cursor->tree);
  if (rc != MEDLEY_OK) return rc;
  int code = mdb_cursor_get(cursor->mdb, &mdb_key, &stored, operation);
  return cursor_answer(cursor, code, mdb_key, stored, key, value);
}

int med_cursor_seek(med_cursor *cursor, med_slice from, med_slice *key, med_slice *value) {
  if (from.len == 0) return med_cursor_first(cursor, key, value);
  assert(from.len <= MED_KEY_SIZE_MAX);
  MDB_val mdb_key = mdb_slice(from), stored = {0};
  int rc = med_txn_settle_tree(cursor->txn, cursor->tree);
  if (rc != MEDLEY_OK) return rc;
  int code = mdb_cursor_get(cursor->mdb, &mdb_key, &stored, MDB_SET_RANGE);
  return cursor_answer(cursor, code, mdb_key, stored, key, value);
}

int med_cursor_get(med_cursor *cursor, med_slice key, med_slice *value) {
  if (key.len == 0 || key.len > MED_KEY_SIZE_MAX) return MEDLEY_NOT_FOUND;
  MDB_val mdb_key = mdb_slice(key), stored = {0};
  int rc = med_txn_settle_tree(cursor->txn, cursor->tree);
  if (rc != MEDLEY_OK) return rc;
  int code = mdb_cursor_get(cursor->mdb, &mdb_key, &stored, MDB_SET);
  return cursor_answer(cursor, code, mdb_key, stored, NULL, value);
}

int med_cursor_seek_before(med_cursor *cursor, med_slice to, med_slice *key, med_slice *value) {
  int rc = med_cursor_seek(cursor, to, NULL, NULL);
  if (rc == MEDLEY_NOT_FOUND) return med_cursor_last(cursor, key, value);
  return rc == MEDLEY_OK ? med_cursor_previous(cursor, key, value) : rc;
}

int med_cursor_first(med_cursor *cursor, med_slice *key, med_slice *value) {
  return cursor_move(cursor, MDB_FIRST, key, value);
}
int med_cursor_last(med_cursor *cursor, med_slice *key, med_slice *value) {
  return cursor_move(cursor, MDB_LAST, key, value);
}
int med_cursor_next(med_cursor *cursor, med_slice *key, med_slice *value) {
  return cursor_move(cursor, MDB_NEXT, key, value);
}
int med_cursor_previous(med_cursor *cursor, med_slice *key, med_slice *value) {
  return cursor_move(cursor, MDB_PREV, key, value);
}

/* ---- Numbers that never repeat ---- taken from the counter in blocks; a block that an abort or a rollback might have
 * taken back is forgotten, so numbers may be skipped but never repeat. */
int med_txn_next_id(med_txn *txn, uint64_t *id) {
  med_store *store = txn->store;
  if (store->id_next == store->id_end) {
    med_slice key = med_slice_of(next_id_key, sizeof next_id_key - 1), value = {0};
    uint64_t next = 1;
    int rc = med_txn_get(txn, MED_TREE_META, key, &value);
    if (rc == MEDLEY_OK && value.len == 8) next = med_get_u64(value.bytes);
    if (rc != MEDLEY_OK && rc != MEDLEY_NOT_FOUND) return rc;
    uint8_t bytes[8];
    med_put_u64(bytes, next + ID_BLOCK);
    rc = med_txn_put(txn, MED_TREE_META, key, med_slice_of(bytes, sizeof bytes));
    if (rc != MEDLEY_OK) return rc;
    store->id_next = next;
    store->id_end = next + ID_BLOCK;
  }
  *id = store->id_next++;
  return MEDLEY_OK;
}
