/* sealed_rows.h - how many rows of a wide-column table lie in segments: so that a test which means to meet sealed rows can say that it did. */
#ifndef SEALED_ROWS_H
#define SEALED_ROWS_H

#include <check.h>

#include "engine/database.h"
#include "models/widecolumn/catalog.h"
#include "models/widecolumn/segment.h"

/* Everything that has come to rest is sealed, and what nobody sees is freed. Outside of write transactions of this thread. */
static inline void sealed_rows_maintain(medley *db) {
  medley_error failure = {0};
  int more = 1;
  for (int slices = 0; more; slices++) {
    ck_assert_int_lt(slices, 100000);
    ck_assert_msg(medley_maintain(db, 1000, &more, &failure) == MEDLEY_OK, "%s", failure.message);
  }
}

/* In the newest snapshot. */
static inline uint64_t sealed_rows_count(medley *db, const char *keyspace, const char *name) {
  medley_error failure = {0};
  med_txn *reader;
  med_wide_catalog *catalog;
  med_cursor *cursor;
  med_arena arena = {0};
  med_wide_segment segment;
  med_key at;
  uint64_t rows = 0, gone;
  ck_assert_int_eq(med_txn_open_reader(db->store, &reader, &failure), MEDLEY_OK);
  ck_assert_int_eq(med_txn_renew(reader), MEDLEY_OK);
  ck_assert_int_eq(med_wide_catalog_open(reader, &catalog), MEDLEY_OK);
  const med_wide_table *table = med_wide_catalog_table(catalog, med_slice_of_text(keyspace), med_slice_of_text(name));
  ck_assert_msg(table != NULL, "no table %s.%s", keyspace, name);
  ck_assert_int_eq(med_cursor_open(reader, MED_TREE_WIDE, &cursor), MEDLEY_OK);
  med_wide_table_prefix(table->id, &at);
  while (med_wide_segment_behind(reader, cursor, med_key_slice(&at), &arena, &segment) == MEDLEY_OK) {
    ck_assert_int_eq(med_wide_segment_count_gone(reader, &segment, &gone), MEDLEY_OK);
    rows += segment.rows - gone;
    at = segment.last;
  }
  med_cursor_close(cursor);
  med_wide_catalog_release(catalog);
  med_txn_close_reader(reader);
  med_arena_clear(&arena);
  return rows;
}

#endif
