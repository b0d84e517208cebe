/* limits.c - how much a transaction may change and how far the file may grow: page cap, size limit, full disk.
 *
 * Copy-on-write needs pages even for a delete, so growth stops before the end: a quarter of a small map and the blocks behind
 * the end of the file are kept for statements that free space. */
#include <errno.h>
#include <fcntl.h>

#include "storage/txn.h"

#define RESERVE_SIZE ((uint64_t)1 << 20)
#define RESERVE_OF_MAP_MAX ((uint64_t)256 << 20)
#define ROOM_PAGES_ON_FULL_DISK 64
#define ROOM_PAGES_MIN 16 /* what one more statement may need before it is looked at again */

static uint64_t tree_pages(const med_store *store, MDB_txn *mdb, int tree) {
  MDB_stat stat;
  if (mdb_stat(mdb, store->trees[tree], &stat) != MDB_SUCCESS) return 0;
  return stat.ms_branch_pages + stat.ms_leaf_pages + stat.ms_overflow_pages;
}

uint64_t med_batch_pages(const med_store *store, const med_batch *batch) {
  uint64_t pages = 0;
  for (int tree = 0; tree < MED_TREE_COUNT; tree++) {
    uint64_t touched = batch->operations[tree] * 2; /* a leaf and a page of its own */
    if (touched == 0) continue;
    uint64_t present = tree_pages(store, batch->mdb, tree);
    pages += touched < present ? touched : present;
  }
  return pages;
}

/* ---- Limits ---- looked at every few operations, because counting pages has a price. */

/* Pages of the free list that a write transaction may take now; those that the newest commit freed are still in its
 * snapshot. LMDB shows its free list to readers alone. */
static uint64_t free_pages(const med_store *store) {
  MDB_env *env = store->env;
  const MDB_dbi free_list = 0;
  MDB_txn *reader;
  MDB_cursor *cursor;
  if (mdb_txn_begin(env, NULL, MDB_RDONLY, &reader) != MDB_SUCCESS) return 0;
  uint64_t pages = 0, newest = mdb_txn_id(reader), pinned = store->pinned_id;
  if (pinned > 0 && pinned < newest) newest = pinned;
  MDB_val key, numbers;
  if (mdb_cursor_open(reader, free_list, &cursor) == MDB_SUCCESS) {
    while (mdb_cursor_get(cursor, &key, &numbers, MDB_NEXT) == MDB_SUCCESS) {
      uint64_t commit_id, count;
      if (key.mv_size != sizeof commit_id || numbers.mv_size < sizeof count) break;
      memcpy(&commit_id, key.mv_data, sizeof commit_id);
      memcpy(&count, numbers.mv_data, sizeof count);
      if (commit_id < newest) pages += count;
    }
    mdb_cursor_close(cursor);
  }
  mdb_txn_abort(reader);
  return pages;
}

/* How many pages may be allocated below a limit, this transaction's own included. */
static uint64_t room_below(const med_store *store, uint64_t limit_bytes) {
  MDB_envinfo info;
  if (mdb_env_info(store->env, &info) != MDB_SUCCESS) return 0;
  uint64_t limit = limit_bytes / MED_PAGE_SIZE, end = info.me_last_pgno + 1;
  uint64_t room = limit > end ? limit - end : 0;
  return room > MED_BATCH_PAGES_MAX ? room : room + free_pages(store);
}

/* The map has an end that nothing may pass: a quarter of a small one is kept for deletes, which copy pages too. The size
 * limit is the user's: deletes may pass it for a while. */
static uint64_t room_in_batch(const med_store *store, med_batch *batch) {
  if (!batch->room_known) {
    uint64_t map_bytes = store->map_size_bytes, kept = map_bytes / 4;
    if (kept > RESERVE_OF_MAP_MAX) kept = RESERVE_OF_MAP_MAX;
    batch->room_pages = room_below(store, map_bytes - kept);
    if (store->options.size_limit_bytes > 0) {
      uint64_t room = room_below(store, store->options.size_limit_bytes);
      if (room < batch->room_pages) batch->room_pages = room;
    }
    batch->room_known = true;
  }
  uint64_t taken = med_batch_pages(store, batch);
  return batch->room_pages > taken ? batch->room_pages - taken : 0;
}

/* SQLite keeps pages that it no longer needs for its next rows; their number stands in the header of page 1. */
#define SQL_FREE_COUNT_AT 36

static uint64_t free_sql_pages(med_txn *txn) {
  uint32_t first = 1;
  MDB_val key = {sizeof first, &first}, page;
  if (mdb_get(txn->mdb, txn->store->trees[MED_TREE_SQL], &key, &page) != MDB_SUCCESS) return 0;
  return page.mv_size == MED_PAGE_VALUE_SIZE ? med_get_u32((const uint8_t *)page.mv_data + SQL_FREE_COUNT_AT) : 0;
}

static uint64_t member_pages(const med_txn *txn) {
  uint64_t pages = 0;
  for (int tree = 0; tree < MED_TREE_COUNT; tree++) {
    uint64_t touched = (txn->batch->operations[tree] - txn->operations_at_begin[tree]) * 2;
    if (touched == 0) continue;
    uint64_t present = tree_pages(txn->store, txn->mdb, tree);
    pages += touched < present ? touched : present;
  }
  return pages;
}

int med_txn_check_limits(med_txn *txn) {
  txn->batch->uncounted = 0;
  const medley_options *options = &txn->store->options;
  if (member_pages(txn) > options->txn_page_cap || med_batch_pages(txn->store, txn->batch) > MED_BATCH_PAGES_MAX) {
    return med_error_set(txn->error, MEDLEY_TXN_TOO_BIG,
                         "store: the transaction changes more than %u pages: commit in smaller steps",
                         options->txn_page_cap);
  }
  if (txn->may_fill) return MEDLEY_OK;
  if (txn->store->disk_full) med_store_keep_reserve(txn->store); /* somebody may have made room */
  if (txn->store->disk_full && free_pages(txn->store) + free_sql_pages(txn) < ROOM_PAGES_ON_FULL_DISK) {
    return med_error_set(txn->error, MEDLEY_FULL, "store: the disk is full: deletes still work");
  }
  if (room_in_batch(txn->store, txn->batch) + free_sql_pages(txn) > ROOM_PAGES_MIN) return MEDLEY_OK;
  uint64_t limit = options->size_limit_bytes > 0 ? options->size_limit_bytes : txn->store->map_size_bytes;
  return med_error_set(txn->error, MEDLEY_FULL, "store: the size limit of %llu bytes is reached: deletes still work",
                       (unsigned long long)limit);
}

int med_txn_begin_statement(med_txn *txn, bool frees) {
  bool look = !txn->looked || (txn->may_fill && !frees);
  txn->may_fill = frees;
  txn->looked = true;
  return look ? med_txn_check_limits(txn) : MEDLEY_OK;
}

/* ---- The reserve ---- blocks allocated behind the end of the file, so that a full disk still takes deletes: they too
 * copy pages. The caller holds the write lock and has just committed. */
void med_store_keep_reserve(med_store *store) {
  if (store->options.flags & MEDLEY_OPEN_MEMORY) return;
  MDB_envinfo info;
  if (mdb_env_info(store->env, &info) != MDB_SUCCESS) return;
  uint64_t end = (info.me_last_pgno + 1) * MED_PAGE_SIZE;
  if (!store->disk_full && end + RESERVE_SIZE <= store->reserved_end) return;
  uint64_t reserved_end = end + 2 * RESERVE_SIZE;
  int rc;
  do rc = fallocate(store->data_fd, FALLOC_FL_KEEP_SIZE, (off_t)end, (off_t)(reserved_end - end));
  while (rc != 0 && errno == EINTR);
  if (rc == 0) store->reserved_end = reserved_end;
  store->disk_full = rc != 0 && (errno == ENOSPC || errno == EDQUOT) && end + RESERVE_SIZE > store->reserved_end;
}
