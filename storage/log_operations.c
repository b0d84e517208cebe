/* log_operations.c - see log_operations.h. */
#include "storage/log_operations.h"

#include "storage/native.h"
#include "storage/txn.h"

#define SAME_BYTES_MIN 16 /* fewer equal bytes between two differences cost less than another range */
#define RANGE_HEADER_SIZE 4
#define KEPT_SIZE ((size_t)1 << 20)

typedef enum operation {
  OPERATION_PUT = 1,
  OPERATION_DELETE = 2,
  OPERATION_CHANGE_PAGE = 3,
  OPERATION_PUT_PAGE = 4,
  OPERATION_DELETE_PAGE = 5
} operation;

void med_log_operations_start(med_log_operations *list, bool wanted) {
  if (list->bytes.capacity > KEPT_SIZE) med_buffer_clear(&list->bytes);
  list->bytes.len = 0;
  list->wanted = wanted;
  list->too_many = false;
}

void med_log_operations_clear(med_log_operations *list) {
  med_buffer_clear(&list->bytes);
  med_log_operations_start(list, false);
}

/* ---- Writing ---- */
/* Room for len more bytes, which the caller fills in, or NULL. */
static uint8_t *add(med_log_operations *list, size_t len) {
  if (!list->wanted || list->too_many) return NULL;
  if (list->bytes.len + len > MED_LOG_RAW_SIZE_MAX || !med_buffer_reserve(&list->bytes, len)) {
    list->too_many = true;
    return NULL;
  }
  uint8_t *at = (uint8_t *)list->bytes.bytes + list->bytes.len;
  list->bytes.len += len;
  return at;
}

void med_log_operations_put(med_log_operations *list, med_tree tree, med_slice key, med_slice stored) {
  uint8_t *at = add(list, 6 + key.len + stored.len);
  if (at == NULL) return;
  at[0] = OPERATION_PUT;
  at[1] = (uint8_t)tree;
  med_put_u16(at + 2, (uint16_t)key.len);
  med_put_u16(at + 4, (uint16_t)stored.len);
  memcpy(at + 6, key.bytes, key.len);
  if (stored.len > 0) memcpy(at + 6 + key.len, stored.bytes, stored.len);
}

void med_log_operations_delete(med_log_operations *list, med_tree tree, med_slice key) {
  uint8_t *at = add(list, 4 + key.len);
  if (at == NULL) return;
  at[0] = OPERATION_DELETE;
  at[1] = (uint8_t)tree;
  med_put_u16(at + 2, (uint16_t)key.len);
  memcpy(at + 4, key.bytes, key.len);
}

static uint8_t *add_page(med_log_operations *list, operation kind, uint32_t page_number, size_t more) {
  uint8_t *at = add(list, 5 + more);
  if (at == NULL) return NULL;
  at[0] = (uint8_t)kind;
  med_put_u32(at + 1, page_number);
  return at + 5;
}

enum { STRIDE = 64 };

static bool are_same(const uint8_t *a, const uint8_t *b) {
  uint64_t differences = 0;
  for (size_t at = 0; at < STRIDE; at += 8) differences |= med_native_u64(a + at) ^ med_native_u64(b + at);
  return differences == 0;
}

/* The next range of bytes that differ, from *from on; false if there is none. Looks at eight bytes at a time, where all is the same at more. */
static bool next_difference(const uint8_t *old, const uint8_t *page, size_t *from, size_t *len) {
  size_t at = *from;
  while (at + STRIDE <= MED_PAGE_VALUE_SIZE && are_same(old + at, page + at)) at += STRIDE;
  while (at < MED_PAGE_VALUE_SIZE && memcmp(old + at, page + at, 8) == 0) at += 8;
  if (at >= MED_PAGE_VALUE_SIZE) return false;
  size_t end = at + 8;
  for (size_t look = end; look < MED_PAGE_VALUE_SIZE && look - end < SAME_BYTES_MIN; look += 8)
    if (memcmp(old + look, page + look, 8) != 0) end = look + 8;
  *from = at;
  *len = end - at;
  return true;
}

void med_log_operations_put_page(med_log_operations *list, uint32_t page_number, const uint8_t *old,
                                 const uint8_t *page) {
  size_t begin = list->bytes.len, size = 0;
  if (!list->wanted || list->too_many) return;
  uint8_t *at = old != NULL ? add_page(list, OPERATION_CHANGE_PAGE, page_number, 2) : NULL;
  uint16_t count = 0;
  for (size_t from = 0, len; at != NULL && next_difference(old, page, &from, &len); from += len) {
    size += RANGE_HEADER_SIZE + len;
    at = size < MED_PAGE_VALUE_SIZE ? add(list, RANGE_HEADER_SIZE + len) : NULL;
    if (at == NULL) break;
    med_put_u16(at, (uint16_t)from);
    med_put_u16(at + 2, (uint16_t)len);
    memcpy(at + RANGE_HEADER_SIZE, page + from, len);
    count++;
  }
  if (at != NULL) {
    med_put_u16((uint8_t *)list->bytes.bytes + begin + 5, count);
    return;
  }
  list->bytes.len = begin; /* there was none before, or the differences are as long as the page */
  at = add_page(list, OPERATION_PUT_PAGE, page_number, MED_PAGE_VALUE_SIZE);
  if (at != NULL) memcpy(at, page, MED_PAGE_VALUE_SIZE);
}

void med_log_operations_delete_page(med_log_operations *list, uint32_t page_number) {
  (void)add_page(list, OPERATION_DELETE_PAGE, page_number, 0);
}

/* ---- Doing them again ---- */
typedef struct reading {
  const uint8_t *at;
  size_t left;
  MDB_txn *mdb;
  const MDB_dbi *trees;
} reading;

/* The next len bytes, or NULL. */
static const uint8_t *take(reading *in, size_t len) {
  if (len > in->left) return NULL;
  const uint8_t *at = in->at;
  in->at += len;
  in->left -= len;
  return at;
}

/* Operations answer LMDB's codes; MDB_CORRUPTED for what does not fit. */
static int apply_record(reading *in, bool put) {
  const uint8_t *at = take(in, put ? 5 : 3);
  if (at == NULL) return MDB_CORRUPTED;
  size_t key_len = med_get_u16(at + 1), value_len = put ? med_get_u16(at + 3) : 0;
  if (at[0] >= MED_TREE_COUNT || at[0] == MED_TREE_SQL || key_len == 0 || key_len > MED_KEY_SIZE_MAX ||
      value_len > MED_PAGE_VALUE_SIZE)
    return MDB_CORRUPTED;
  const uint8_t *key_bytes = take(in, key_len), *value_bytes = take(in, value_len);
  if (key_bytes == NULL || value_bytes == NULL) return MDB_CORRUPTED;
  MDB_val key = {key_len, (void *)(uintptr_t)key_bytes}, value = {value_len, (void *)(uintptr_t)value_bytes};
  if (put) return mdb_put(in->mdb, in->trees[at[0]], &key, &value, 0);
  int code = mdb_del(in->mdb, in->trees[at[0]], &key, NULL);
  return code == MDB_NOTFOUND ? MDB_CORRUPTED : code;
}

static int change_page(reading *in, MDB_val *key, uint8_t *page) {
  MDB_val old;
  const uint8_t *at = take(in, 2);
  if (at == NULL) return MDB_CORRUPTED;
  int code = mdb_get(in->mdb, in->trees[MED_TREE_SQL], key, &old);
  if (code != MDB_SUCCESS || old.mv_size != MED_PAGE_VALUE_SIZE) return code == MDB_SUCCESS ? MDB_CORRUPTED : code;
  memcpy(page, old.mv_data, MED_PAGE_VALUE_SIZE);
  for (unsigned count = med_get_u16(at); count > 0; count--) {
    const uint8_t *range = take(in, RANGE_HEADER_SIZE);
    if (range == NULL) return MDB_CORRUPTED;
    size_t from = med_get_u16(range), len = med_get_u16(range + 2);
    const uint8_t *bytes = take(in, len);
    if (bytes == NULL || from + len > MED_PAGE_VALUE_SIZE) return MDB_CORRUPTED;
    memcpy(page + from, bytes, len);
  }
  return MDB_SUCCESS;
}

static int apply_page(reading *in, operation kind) {
  const uint8_t *at = take(in, 4);
  if (at == NULL) return MDB_CORRUPTED;
  uint32_t page_number = med_get_u32(at);
  MDB_val key = {sizeof page_number, &page_number};
  if (page_number == 0) return MDB_CORRUPTED;
  if (kind == OPERATION_DELETE_PAGE) {
    int code = mdb_del(in->mdb, in->trees[MED_TREE_SQL], &key, NULL);
    return code == MDB_NOTFOUND ? MDB_CORRUPTED : code;
  }
  uint8_t page[MED_PAGE_VALUE_SIZE];
  if (kind == OPERATION_CHANGE_PAGE) {
    int code = change_page(in, &key, page);
    if (code != MDB_SUCCESS) return code == MDB_NOTFOUND ? MDB_CORRUPTED : code;
  } else {
    const uint8_t *bytes = take(in, MED_PAGE_VALUE_SIZE);
    if (bytes == NULL) return MDB_CORRUPTED;
    memcpy(page, bytes, MED_PAGE_VALUE_SIZE);
  }
  MDB_val value = {MED_PAGE_VALUE_SIZE, page};
  return mdb_put(in->mdb, in->trees[MED_TREE_SQL], &key, &value, 0);
}

int med_log_operations_apply(med_slice operations, MDB_txn *mdb, const MDB_dbi *trees, medley_error *error) {
  reading in = {operations.bytes, operations.len, mdb, trees};
  while (in.left > 0) {
    int kind = *take(&in, 1), code;
    switch (kind) {
      case OPERATION_PUT:
      case OPERATION_DELETE: code = apply_record(&in, kind == OPERATION_PUT); break;
      case OPERATION_CHANGE_PAGE:
      case OPERATION_PUT_PAGE:
      case OPERATION_DELETE_PAGE: code = apply_page(&in, (operation)kind); break;
      default: code = MDB_CORRUPTED;
    }
    if (code == MDB_SUCCESS) continue;
    if (code != MDB_CORRUPTED) return med_store_fail(error, code, "log");
    return med_error_set(error, MEDLEY_CORRUPT, "log: an operation does not fit the database: %zu bytes before the end",
                         in.left);
  }
  return MEDLEY_OK;
}
