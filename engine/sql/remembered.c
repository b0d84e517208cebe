/* remembered.c - rows by number, and numbers by row: an array, and a table of hashes over it. */
#include "engine/sql/remembered.h"

#define ROWS_MAX ((size_t)1 << 31)

/* The slot that has the row, or the free one where it would be. */
static uint32_t *slot_of(const med_sql_remembered *remembered, med_slice row) {
  uint8_t hash[16];
  med_hash128(row.bytes, row.len, hash);
  size_t at = (size_t)med_get_u64(hash) & (remembered->slot_count - 1);
  while (remembered->slots[at] != 0 && !med_slice_equal(remembered->rows[remembered->slots[at] - 1], row))
    at = (at + 1) & (remembered->slot_count - 1);
  return &remembered->slots[at];
}

static bool make_room(med_sql_remembered *remembered) {
  if (remembered->count < remembered->capacity) return true;
  size_t capacity = remembered->capacity > 0 ? remembered->capacity * 2 : 8;
  med_slice *rows = med_realloc(remembered->rows, capacity * sizeof *rows);
  if (rows == NULL) return false;
  remembered->rows = rows;
  uint32_t *slots = med_alloc_zero(2 * capacity * sizeof *slots);
  if (slots == NULL) return false;
  med_free(remembered->slots);
  remembered->slots = slots;
  remembered->slot_count = 2 * capacity;
  remembered->capacity = capacity;
  for (size_t i = 0; i < remembered->count; i++) *slot_of(remembered, rows[i]) = (uint32_t)i + 1;
  return true;
}

int med_sql_remembered_number(med_sql_remembered *remembered, med_slice row, sqlite3_int64 *number) {
  if (!make_room(remembered)) return SQLITE_NOMEM;
  uint32_t *slot = slot_of(remembered, row);
  if (*slot == 0) {
    if (remembered->count >= ROWS_MAX) return SQLITE_TOOBIG;
    char *copy = med_strndup(row.bytes, row.len);
    if (copy == NULL) return SQLITE_NOMEM;
    remembered->rows[remembered->count++] = med_slice_of(copy, row.len);
    *slot = (uint32_t)remembered->count;
  }
  *number = *slot;
  return SQLITE_OK;
}

med_slice med_sql_remembered_row(const med_sql_remembered *remembered, sqlite3_int64 number) {
  if (number < 1 || (uint64_t)number > remembered->count) return med_slice_of(NULL, 0);
  return remembered->rows[number - 1];
}

void med_sql_remembered_forget(med_sql_remembered *remembered) {
  for (size_t i = 0; i < remembered->count; i++) med_free((void *)remembered->rows[i].bytes);
  med_free(remembered->rows);
  med_free(remembered->slots);
  *remembered = (med_sql_remembered){0};
}
