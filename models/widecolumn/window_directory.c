/* window_directory.c - see window_directory.h. */
#include "models/widecolumn/window_directory.h"

#include "models/widecolumn/record.h"
#include "models/widecolumn/seal.h"

#define KEY_SIZE 13
#define VALUE_SIZE 5

enum { WINDOW_SEGMENTS = 1 << 0, WINDOW_RUNS = 1 << 1 };

/* ---- Entries ---- */
static void entry_key(uint32_t table_id, int64_t number, med_key *key) {
  med_key_init(key);
  med_key_add_u8(key, MED_WIDE_KEY_WINDOW);
  med_key_add_u32(key, table_id);
  med_key_add_i64(key, number);
}

static int put_entry(med_txn *txn, const med_wide_table *window) {
  med_key key;
  uint8_t value[VALUE_SIZE];
  entry_key(window->window_of->id, window->window_number, &key);
  med_put_u32(value, window->id);
  value[4] = (uint8_t)((window->flags & MED_WIDE_TABLE_SEGMENTS ? WINDOW_SEGMENTS : 0) |
                       (window->flags & MED_WIDE_TABLE_RUNS ? WINDOW_RUNS : 0));
  return med_txn_put(txn, MED_TREE_WIDE, med_key_slice(&key), med_slice_of(value, sizeof value));
}

int med_wide_window_take(med_txn *txn, med_slice key, med_slice value, uint32_t *table_id, int64_t *number,
                         uint32_t *id, uint32_t *flags) {
  const uint8_t *of = key.bytes, *bytes = value.bytes;
  bool ok = key.len == KEY_SIZE && value.len == VALUE_SIZE && bytes[4] <= (WINDOW_SEGMENTS | WINDOW_RUNS);
  *table_id = ok ? med_get_u32(of + 1) : 0;
  *number = ok ? (int64_t)(med_get_u64(of + 5) ^ UINT64_C(1) << 63) : 0;
  *id = ok ? med_get_u32(bytes) : 0;
  *flags = ok && bytes[4] & WINDOW_SEGMENTS ? MED_WIDE_TABLE_SEGMENTS : 0;
  *flags |= ok && bytes[4] & WINDOW_RUNS ? MED_WIDE_TABLE_RUNS : 0;
  if (ok && *id != 0 && *id != *table_id) return MEDLEY_OK;
  return med_error_set(med_txn_error(txn), MEDLEY_CORRUPT, "wide-column: the entry of a window is damaged");
}

static void fill(const med_wide_table *table, int64_t number, uint32_t id, uint32_t flags, med_wide_table *window) {
  *window = *table;
  window->id = id;
  window->flags = (table->flags & ~(uint32_t)(MED_WIDE_TABLE_SEGMENTS | MED_WIDE_TABLE_RUNS)) | flags;
  window->time_window = NULL;
  window->window_of = table;
  window->window_number = number;
}

static int take(med_txn *txn, const med_wide_table *table, med_slice key, med_slice value, med_wide_table *window) {
  uint32_t table_id, id, flags;
  int64_t number;
  int rc = med_wide_window_take(txn, key, value, &table_id, &number, &id, &flags);
  if (rc == MEDLEY_OK) fill(table, number, id, flags, window);
  return rc;
}

/* ---- Finding ---- */
static bool is_past(const med_txn *txn, const med_wide_table *table, int64_t number) {
  return med_wide_time_window_is_past(table->time_window, number, med_txn_now_us(txn));
}

int med_wide_window_find(med_txn *txn, const med_wide_table *table, int64_t number, med_wide_table *window) {
  med_key key;
  med_slice value;
  if (is_past(txn, table, number)) return MEDLEY_NOT_FOUND;
  entry_key(table->id, number, &key);
  int rc = med_txn_get(txn, MED_TREE_WIDE, med_key_slice(&key), &value);
  return rc == MEDLEY_OK ? take(txn, table, med_key_slice(&key), value, window) : rc;
}

static bool of_table(const med_wide_table *table, med_slice key) {
  const uint8_t *bytes = key.bytes;
  return key.len >= 5 && bytes[0] == MED_WIDE_KEY_WINDOW && med_get_u32(bytes + 1) == table->id;
}

/* Whatever its time; the cursor stays on it. */
static int seek(med_txn *txn, med_cursor *cursor, const med_wide_table *table, int64_t from, bool up,
                med_wide_table *window) {
  med_key at;
  med_slice key, value;
  entry_key(table->id, from, &at);
  if (!up) med_key_add_u8(&at, 0); /* what is not behind it is before this */
  int rc = up ? med_cursor_seek(cursor, med_key_slice(&at), &key, &value)
              : med_cursor_seek_before(cursor, med_key_slice(&at), &key, &value);
  if (rc != MEDLEY_OK) return rc;
  return of_table(table, key) ? take(txn, table, key, value, window) : MEDLEY_NOT_FOUND;
}

/* The first window that is not past: those before it are. */
static int64_t first_kept(const med_txn *txn, const med_wide_table *table) {
  const med_wide_time_window *of = table->time_window;
  if (of->keep_s == 0) return INT64_MIN;
  int64_t low = INT64_MIN, high = INT64_MAX;
  while (low < high) {
    int64_t middle = (int64_t)((uint64_t)low + ((uint64_t)high - (uint64_t)low) / 2);
    if (is_past(txn, table, middle))
      low = middle + 1;
    else
      high = middle;
  }
  return low;
}

int med_wide_window_next(med_txn *txn, med_cursor *cursor, const med_wide_table *table, int64_t from, bool up,
                         med_wide_table *window) {
  if (up && is_past(txn, table, from)) from = first_kept(txn, table);
  int rc = seek(txn, cursor, table, from, up, window);
  return rc == MEDLEY_OK && is_past(txn, table, window->window_number) ? MEDLEY_NOT_FOUND : rc;
}

int med_wide_window_next_of_all(med_txn *txn, med_cursor *cursor, const med_wide_table *table, int64_t from,
                                med_wide_table *window) {
  return seek(txn, cursor, table, from, true, window);
}

static const med_wide_table *table_by_id(const med_wide_catalog *catalog, uint32_t id) {
  size_t count;
  const med_wide_table *tables = med_wide_catalog_tables(catalog, &count);
  for (size_t i = 0; i < count; i++) {
    if (tables[i].id == id && tables[i].time_window != NULL) return &tables[i];
  }
  return NULL;
}

int med_wide_window_by_id(med_txn *txn, const med_wide_catalog *catalog, uint32_t id, med_wide_table *window) {
  const uint8_t first[2] = {MED_WIDE_KEY_WINDOW, 0};
  med_cursor *cursor;
  med_slice key, value;
  int rc = med_cursor_open(txn, MED_TREE_WIDE, &cursor);
  if (rc != MEDLEY_OK) return rc;
  rc = med_cursor_seek(cursor, med_slice_of(first, sizeof first), &key, &value);
  for (; rc == MEDLEY_OK; rc = med_cursor_next(cursor, &key, &value)) {
    uint32_t table_id, found, flags;
    int64_t number;
    if (*(const uint8_t *)key.bytes != MED_WIDE_KEY_WINDOW) rc = MEDLEY_NOT_FOUND;
    if (rc == MEDLEY_OK) rc = med_wide_window_take(txn, key, value, &table_id, &number, &found, &flags);
    if (rc != MEDLEY_OK) break;
    const med_wide_table *table = found == id ? table_by_id(catalog, table_id) : NULL;
    if (table == NULL) continue;
    fill(table, number, id, flags, window);
    break;
  }
  med_cursor_close(cursor);
  return rc;
}

/* ---- When windows are past ---- */
static const uint8_t due_key[1] = {MED_WIDE_KEY_WINDOW};

static int put_due(med_txn *txn, int64_t due_us) {
  uint8_t value[8];
  med_put_u64(value, (uint64_t)due_us);
  return med_txn_put(txn, MED_TREE_WIDE, med_slice_of(due_key, sizeof due_key), med_slice_of(value, sizeof value));
}

/* INT64_MAX: never. */
static int get_due(med_txn *txn, int64_t *due_us) {
  med_slice value;
  *due_us = INT64_MAX;
  int rc = med_txn_get(txn, MED_TREE_WIDE, med_slice_of(due_key, sizeof due_key), &value);
  if (rc == MEDLEY_NOT_FOUND) return MEDLEY_OK;
  if (rc == MEDLEY_OK && value.len != 8)
    return med_error_set(med_txn_error(txn), MEDLEY_CORRUPT, "wide-column: when windows are past is damaged");
  if (rc == MEDLEY_OK) *due_us = (int64_t)med_get_u64(value.bytes);
  return rc;
}

int med_wide_windows_request(med_txn *txn) { return put_due(txn, INT64_MIN); }

/* ---- Changing ---- */
static int refuse_past(med_txn *txn, const med_wide_table *table, int64_t number) {
  char bounds[MED_WIDE_WINDOW_TEXT_SIZE];
  med_wide_time_window_text(table->time_window, number, bounds);
  return med_error_set(med_txn_error(txn), MEDLEY_RANGE,
                       "wide-column: table %.*s: the window %s of the row is past: its time to be kept is over",
                       (int)table->name.len, (const char *)table->name.bytes, bounds);
}

/* The window before a new one comes to rest, most likely: what it has is sealed, though it may be less than a pass waits for. */
static int seal_before(med_txn *txn, const med_wide_table *table, int64_t number) {
  med_cursor *cursor;
  med_wide_table before;
  if (number == INT64_MIN) return MEDLEY_OK;
  int rc = med_cursor_open(txn, MED_TREE_WIDE, &cursor);
  if (rc != MEDLEY_OK) return rc;
  rc = seek(txn, cursor, table, number - 1, false, &before);
  med_cursor_close(cursor);
  if (rc != MEDLEY_OK) return rc == MEDLEY_NOT_FOUND ? MEDLEY_OK : rc;
  return med_wide_seal_request(txn, &before);
}

int med_wide_window_need(med_txn *txn, const med_wide_table *table, int64_t number, med_wide_table *window) {
  uint32_t id;
  int64_t due_us, past_us = med_wide_time_window_past_us(table->time_window, number);
  int rc = med_wide_window_find(txn, table, number, window);
  if (rc != MEDLEY_NOT_FOUND) return rc;
  if (is_past(txn, table, number)) return refuse_past(txn, table, number);
  MED_TRY(med_wide_catalog_next_id(txn, &id));
  fill(table, number, id, 0, window);
  MED_TRY(put_entry(txn, window));
  MED_TRY(seal_before(txn, table, number));
  MED_TRY(get_due(txn, &due_us));
  if (past_us < due_us) rc = put_due(txn, past_us);
done:
  return rc;
}

int med_wide_window_note(med_txn *txn, med_wide_table *window, uint32_t flag) {
  const med_wide_table *table = window->window_of;
  window->flags |= flag;
  int rc = put_entry(txn, window);
  if (rc != MEDLEY_OK || flag != MED_WIDE_TABLE_SEGMENTS || table->flags & flag) return rc;
  med_wide_table noted = *table;
  noted.flags |= flag;
  return med_wide_catalog_put_table(txn, &noted);
}

int med_wide_window_drop(med_txn *txn, const med_wide_table *window) {
  med_key key;
  entry_key(window->window_of->id, window->window_number, &key);
  int rc = med_wide_catalog_drop_rows(txn, window->id);
  return rc == MEDLEY_OK ? med_txn_delete(txn, MED_TREE_WIDE, med_key_slice(&key)) : rc;
}

/* Of one table; *due_us: when the first that is left will be past, if that is sooner. */
static int expire_table(med_txn *txn, med_cursor *cursor, const med_wide_table *table, size_t limit, size_t *dropped,
                        int64_t *due_us) {
  med_wide_table window;
  int rc;
  while ((rc = seek(txn, cursor, table, INT64_MIN, true, &window)) == MEDLEY_OK &&
         is_past(txn, table, window.window_number)) {
    if (*dropped == limit) {
      *due_us = INT64_MIN;
      return MEDLEY_OK;
    }
    rc = med_wide_window_drop(txn, &window);
    if (rc != MEDLEY_OK) return rc;
    ++*dropped;
  }
  if (rc != MEDLEY_OK) return rc == MEDLEY_NOT_FOUND ? MEDLEY_OK : rc;
  int64_t past_us = med_wide_time_window_past_us(table->time_window, window.window_number);
  if (past_us < *due_us) *due_us = past_us;
  return MEDLEY_OK;
}

int med_wide_windows_expire(med_txn *txn, size_t limit, size_t *written, bool *left) {
  med_wide_catalog *catalog = NULL;
  med_cursor *cursor = NULL;
  int64_t due_us;
  size_t count;
  *written = 0;
  *left = false;
  int rc = get_due(txn, &due_us);
  if (rc != MEDLEY_OK || due_us > med_txn_now_us(txn)) return rc;
  due_us = INT64_MAX;
  MED_TRY(med_wide_catalog_open(txn, &catalog));
  MED_TRY(med_cursor_open(txn, MED_TREE_WIDE, &cursor));
  const med_wide_table *tables = med_wide_catalog_tables(catalog, &count);
  for (size_t i = 0; i < count; i++) {
    if (tables[i].time_window != NULL) MED_TRY(expire_table(txn, cursor, &tables[i], limit, written, &due_us));
  }
  *left = due_us == INT64_MIN;
  rc = put_due(txn, due_us);
  ++*written;
done:
  med_cursor_close(cursor);
  med_wide_catalog_release(catalog);
  return rc;
}
