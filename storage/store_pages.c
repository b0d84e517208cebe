/* store_pages.c - SQLite's pages as a tree: the part of the one door that is for page_vfs.c alone. */
#include <assert.h>
#include <sys/stat.h>

#include "storage/txn.h"

/* ---- SQL pages ---- keys are native 32-bit numbers (MDB_INTEGERKEY). */
int med_txn_get_page(med_txn *txn, uint32_t page_number, med_slice *value) {
  assert(txn->active);
  MDB_val key = {sizeof page_number, &page_number}, stored;
  int code = mdb_get(txn->mdb, txn->store->trees[MED_TREE_SQL], &key, &stored);
  if (code == MDB_NOTFOUND) return MEDLEY_NOT_FOUND;
  if (code != MDB_SUCCESS) return med_store_fail(txn->error, code, "store: get page");
  *value = med_slice_of(stored.mv_data, stored.mv_size);
  return MEDLEY_OK;
}

int med_txn_put_page(med_txn *txn, uint32_t page_number, const uint8_t *value) {
  MDB_val key = {sizeof page_number, &page_number}, stored = {MED_PAGE_VALUE_SIZE, (void *)(uintptr_t)value};
  int rc = med_txn_check_write(txn, med_slice_of(&page_number, sizeof page_number), 0);
  if (rc == MEDLEY_OK) rc = med_txn_count_operation(txn, MED_TREE_SQL);
  if (rc != MEDLEY_OK) return rc;
  if (txn->batch->redo.wanted) {
    MDB_val old;
    int found = mdb_get(txn->mdb, txn->store->trees[MED_TREE_SQL], &key, &old);
    bool known = found == MDB_SUCCESS && old.mv_size == MED_PAGE_VALUE_SIZE;
    med_log_operations_put_page(&txn->batch->redo, page_number, known ? old.mv_data : NULL, value);
  }
  int code = mdb_put(txn->mdb, txn->store->trees[MED_TREE_SQL], &key, &stored, 0);
  return med_txn_door_answer(txn, code, "store: put page");
}

int med_txn_delete_page(med_txn *txn, uint32_t page_number) {
  MDB_val key = {sizeof page_number, &page_number};
  int rc = med_txn_check_write(txn, med_slice_of(&page_number, sizeof page_number), 0);
  if (rc == MEDLEY_OK) rc = med_txn_count_operation(txn, MED_TREE_SQL);
  if (rc != MEDLEY_OK) return rc;
  int code = mdb_del(txn->mdb, txn->store->trees[MED_TREE_SQL], &key, NULL);
  if (code == MDB_NOTFOUND) return MEDLEY_NOT_FOUND;
  if (code == MDB_SUCCESS) med_log_operations_delete_page(&txn->batch->redo, page_number);
  return med_txn_door_answer(txn, code, "store: delete page");
}

int med_txn_last_page(med_txn *txn, uint32_t *page_number) {
  *page_number = 0;
  MDB_cursor *cursor;
  int code = mdb_cursor_open(txn->mdb, txn->store->trees[MED_TREE_SQL], &cursor);
  if (code != MDB_SUCCESS) return med_store_fail(txn->error, code, "store: last page");
  MDB_val key, stored;
  code = mdb_cursor_get(cursor, &key, &stored, MDB_LAST);
  if (code == MDB_SUCCESS && key.mv_size == sizeof *page_number) memcpy(page_number, key.mv_data, sizeof *page_number);
  mdb_cursor_close(cursor);
  return code == MDB_SUCCESS || code == MDB_NOTFOUND ? MEDLEY_OK : med_store_fail(txn->error, code, "store: last page");
}

int med_txn_each_page(med_txn *txn, void (*on_page)(void *, uint32_t page_number, med_slice value), void *context) {
  MDB_cursor *cursor;
  int code = mdb_cursor_open(txn->mdb, txn->store->trees[MED_TREE_SQL], &cursor);
  if (code != MDB_SUCCESS) return med_store_fail(txn->error, code, "store: pages");
  MDB_val key, stored;
  while ((code = mdb_cursor_get(cursor, &key, &stored, MDB_NEXT)) == MDB_SUCCESS) {
    uint32_t page_number = 0;
    if (key.mv_size == sizeof page_number) memcpy(&page_number, key.mv_data, sizeof page_number);
    on_page(context, page_number, med_slice_of(stored.mv_data, stored.mv_size));
  }
  mdb_cursor_close(cursor);
  return code == MDB_NOTFOUND ? MEDLEY_OK : med_store_fail(txn->error, code, "store: pages");
}

/* A page value lies 16 bytes into a page of its own, whose header begins with the page's number in the file. The file's
 * size is asked for, because LMDB's last page number will not do: pages that were never written may be missing. */
#define LMDB_PAGE_HEADER_SIZE 16

bool med_txn_is_mapped(const med_txn *txn, const void *bytes, size_t length) {
  med_store *store = txn->store;
  const uint8_t *header = (const uint8_t *)bytes - LMDB_PAGE_HEADER_SIZE;
  if (txn->batch != NULL || ((uintptr_t)header & (MED_PAGE_SIZE - 1)) != 0) return false;
  uint64_t page_number;
  memcpy(&page_number, header, sizeof page_number);
  uint64_t end = page_number * MED_PAGE_SIZE + LMDB_PAGE_HEADER_SIZE + length;
  if (end <= store->file_bytes_seen) return true;
  struct stat status;
  if (fstat(store->data_fd, &status) != 0) return false;
  store->file_bytes_seen = (uint64_t)status.st_size;
  return end <= (uint64_t)status.st_size;
}
