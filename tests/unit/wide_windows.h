/* wide_windows.h - shapes of tables with windows of time, times as each of them has them, and how many windows there are: for tests. */
#ifndef WIDE_WINDOWS_H
#define WIDE_WINDOWS_H

#include "engine/database.h"
#include "models/widecolumn/window_directory.h"
#include "tests/unit/sealed_rows.h"

typedef struct shape {
  const char *type, *partition, *key, *order, *unit;
  int64_t size_s, keep_s; /* keep_s 0: for ever */
} shape;

/* By the definition, and not by what is tested. */
static inline bool shape_is_past(const shape *of, int64_t time_s, int64_t now_us) {
  int64_t behind = time_s % of->size_s, start = time_s - (behind < 0 ? behind + of->size_s : behind);
  return of->keep_s > 0 && (start + of->size_s + of->keep_s) * 1000000 <= now_us;
}

/* As a term of CQL. */
static inline void shape_time(const shape *of, int64_t time_s, char *text, size_t size) {
  if (strcmp(of->type, "timestamp") == 0) {
    snprintf(text, size, "%lld", (long long)time_s * 1000);
  } else if (strcmp(of->type, "date") == 0) {
    int64_t days = time_s / 86400 - (time_s % 86400 < 0);
    snprintf(text, size, "%lld", (long long)days + (INT64_C(1) << 31));
  } else if (strcmp(of->type, "timeuuid") == 0) {
    uint64_t time = (uint64_t)(time_s * 10000000 + INT64_C(0x01B21DD213814000));
    snprintf(text, size, "%08llx-%04llx-1%03llx-8080-808080808080", (unsigned long long)(time & 0xFFFFFFFF),
             (unsigned long long)(time >> 32 & 0xFFFF), (unsigned long long)(time >> 48 & 0xFFF));
  } else {
    int64_t unit = strcmp(of->unit, "ms") == 0 ? 1000 : strcmp(of->unit, "us") == 0 ? 1000000 : 1;
    snprintf(text, size, "%lld", (long long)(time_s * unit));
  }
}

/* As a term of SQL. */
static inline const char *shape_sql_time(const shape *of, const char *time) {
  static char text[80];
  if (strcmp(of->type, "timeuuid") == 0) {
    snprintf(text, sizeof text, "'%s'", time);
    return text;
  }
  if (strcmp(of->type, "date") != 0) return time;
  snprintf(text, sizeof text, "date(%lld * 86400, 'unixepoch')", strtoll(time, NULL, 10) - (1ll << 31));
  return text;
}

/* Of an answer: the column's number, or milliseconds. */
static inline int64_t shape_read_time(const shape *of, int64_t number) {
  int64_t unit = strcmp(of->unit, "s") == 0 ? 1 : strcmp(of->unit, "us") == 0 ? 1000000 : 1000;
  return number / unit - (number % unit < 0);
}

static inline const char *shape_partition_names(const shape *of) {
  if (strstr(of->key, "((p, time)") != NULL) return "p, time";
  if (strstr(of->key, "((p, n)") != NULL) return "p, n";
  return strstr(of->key, "(time,") != NULL ? "time" : "p";
}

/* In the newest snapshot: windows, and those of them that have segments. */
static inline void windows_count(medley *db, const char *keyspace, const char *name, uint64_t *windows,
                                 uint64_t *sealed) {
  medley_error failure = {0};
  med_txn *reader;
  med_wide_catalog *catalog;
  med_cursor *cursor;
  med_wide_table window;
  int64_t number = INT64_MIN;
  *windows = *sealed = 0;
  ck_assert_int_eq(med_txn_open_reader(db->store, &reader, &failure), MEDLEY_OK);
  ck_assert_int_eq(med_txn_renew(reader), MEDLEY_OK);
  ck_assert_int_eq(med_wide_catalog_open(reader, &catalog), MEDLEY_OK);
  const med_wide_table *table = med_wide_catalog_table(catalog, med_slice_of_text(keyspace), med_slice_of_text(name));
  ck_assert_ptr_nonnull(table);
  ck_assert_int_eq(med_cursor_open(reader, MED_TREE_WIDE, &cursor), MEDLEY_OK);
  while (med_wide_window_next_of_all(reader, cursor, table, number, &window) == MEDLEY_OK) {
    ++*windows;
    *sealed += (window.flags & MED_WIDE_TABLE_SEGMENTS) != 0;
    number = window.window_number + 1;
  }
  med_cursor_close(cursor);
  med_wide_catalog_release(catalog);
  med_txn_close_reader(reader);
}

#endif
