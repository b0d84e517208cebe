/* page_run.c - keys of a run's pages, and the header of a page. */
#include "storage/page_run.h"

#include <assert.h>

#include "storage/native.h"

enum { MAGIC = 0x524D }; /* "MR" where the low byte comes first */

void med_page_run_init(med_page_run *run, med_tree tree, med_slice prefix, uint64_t id) {
  assert(prefix.len <= MED_RUN_PREFIX_SIZE_MAX);
  run->tree = tree;
  run->prefix_len = (uint8_t)prefix.len;
  if (prefix.len > 0) memcpy(run->prefix, prefix.bytes, prefix.len);
  run->id = id;
}

static void add_run(med_key *key, const med_page_run *run) {
  med_key_init(key);
  memcpy(key->bytes, run->prefix, run->prefix_len);
  key->len = run->prefix_len;
  med_key_add_u64(key, run->id);
}

static void page_key(med_key *key, const med_page_run *run, uint64_t number) {
  add_run(key, run);
  med_key_add_u64(key, number);
}

int med_page_run_append(med_txn *txn, const med_page_run *run, med_page_run_end *end, uint64_t number, med_slice page) {
  if (number < end->next) {
    return med_error_set(med_txn_error(txn), MEDLEY_MISUSE, "run: pages are appended in order: %llu before %llu",
                         (unsigned long long)number, (unsigned long long)end->next);
  }
  med_key key;
  page_key(&key, run, number);
  int rc = med_txn_put(txn, run->tree, med_key_slice(&key), page);
  if (rc != MEDLEY_OK) return rc;
  end->next = number + 1;
  return MEDLEY_OK;
}

int med_page_run_get(med_txn *txn, const med_page_run *run, uint64_t number, med_slice *page) {
  med_key key;
  page_key(&key, run, number);
  return med_txn_get(txn, run->tree, med_key_slice(&key), page);
}

int med_page_run_get_near(med_cursor *cursor, const med_page_run *run, uint64_t number, med_slice *page) {
  med_key key;
  page_key(&key, run, number);
  return med_cursor_get(cursor, med_key_slice(&key), page);
}

int med_page_run_count(med_txn *txn, const med_page_run *run, uint64_t *page_count) {
  med_key from;
  med_cursor *cursor;
  med_slice key;
  *page_count = 0;
  add_run(&from, run);
  int rc = med_cursor_open(txn, run->tree, &cursor);
  if (rc != MEDLEY_OK) return rc;
  rc = med_cursor_seek(cursor, med_key_slice(&from), &key, NULL);
  while (rc == MEDLEY_OK && med_slice_starts_with(key, med_key_slice(&from))) {
    ++*page_count;
    rc = med_cursor_next(cursor, &key, NULL);
  }
  med_cursor_close(cursor);
  return rc == MEDLEY_NOT_FOUND ? MEDLEY_OK : rc;
}

void med_page_header_write(uint8_t *page, med_page_kind kind, uint8_t version, uint16_t count) {
  med_native_put_u16(page, MAGIC);
  page[2] = (uint8_t)kind;
  page[3] = version;
  med_native_put_u16(page + 4, count);
  med_native_put_u16(page + 6, 0);
}

int med_page_header_read(med_slice page, med_page_kind kind, uint8_t version, uint16_t *count, medley_error *error) {
  const uint8_t *bytes = (const uint8_t *)page.bytes;
  if (page.len < MED_PAGE_HEADER_SIZE || med_native_u16(bytes) != MAGIC || med_native_u16(bytes + 6) != 0) {
    return med_error_set(error, MEDLEY_CORRUPT, "run: a page does not begin as one");
  }
  if (bytes[2] != kind) {
    return med_error_set(error, MEDLEY_CORRUPT, "run: a page has kind %d where %d belongs", bytes[2], (int)kind);
  }
  if (bytes[3] == 0 || bytes[3] > version) {
    return med_error_set(error, bytes[3] == 0 ? MEDLEY_CORRUPT : MEDLEY_NEWER_FORMAT,
                         "run: a page of kind %d has version %d, known is %d", (int)kind, bytes[3], version);
  }
  *count = med_native_u16(bytes + 4);
  return MEDLEY_OK;
}
