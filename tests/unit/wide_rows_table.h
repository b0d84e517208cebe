/* wide_rows_table.h - the table of test_wide_rows.c, defined without CQL. */
#ifndef WIDE_ROWS_TABLE_H
#define WIDE_ROWS_TABLE_H

#include <check.h>

#include "models/widecolumn/catalog.h"
#include "models/widecolumn/sweep.h"

static inline med_wide_column wide_rows_column(uint16_t id, const char *name, const char *type, med_wide_role role,
                                               med_arena *arena) {
  med_wide_column made = {.id = id, .name = med_slice_of_text(name), .role = role};
  medley_error error;
  ck_assert_int_eq(med_wide_type_parse(med_slice_of_text(type), NULL, NULL, arena, &made.type, &error), MEDLEY_OK);
  return made;
}

/* k.t (p int, id int, s int static, a int, b int, tags set<int>), an index on a, one on tags, a view by a. */
static inline void wide_rows_create_view(med_txn *txn, const med_wide_column *columns) {
  med_wide_column view_columns[4] = {columns[3], columns[0], columns[1], columns[4]};
  for (uint16_t i = 0; i < 4; i++) {
    view_columns[i].base_id = view_columns[i].id;
    view_columns[i].id = (uint16_t)(i + 1);
    view_columns[i].descending = false;
    view_columns[i].role = i == 0 ? MED_WIDE_PARTITION : i == 3 ? MED_WIDE_REGULAR : MED_WIDE_CLUSTERING;
  }
  med_wide_table view = {.id = 103,
                         .flags = MED_WIDE_TABLE_VIEW,
                         .keyspace = med_slice_of_text("k"),
                         .name = med_slice_of_text("v"),
                         .base_name = med_slice_of_text("t"),
                         .columns = view_columns,
                         .column_count = 4,
                         .partition_count = 1,
                         .clustering_count = 2,
                         .next_column_id = 5};
  ck_assert_int_eq(med_wide_catalog_put_table(txn, &view), MEDLEY_OK);
}

static inline void wide_rows_create(med_txn *txn, med_arena *arena, bool descending, bool timestamps, bool derives,
                                    uint32_t grace_s) {
  med_wide_column columns[6];
  columns[0] = wide_rows_column(1, "p", "int", MED_WIDE_PARTITION, arena);
  columns[1] = wide_rows_column(2, "id", "int", MED_WIDE_CLUSTERING, arena);
  columns[2] = wide_rows_column(3, "s", "int", MED_WIDE_STATIC, arena);
  columns[3] = wide_rows_column(4, "a", "int", MED_WIDE_REGULAR, arena);
  columns[4] = wide_rows_column(5, "b", "int", MED_WIDE_REGULAR, arena);
  columns[5] = wide_rows_column(6, "tags", "set<int>", MED_WIDE_REGULAR, arena);
  columns[1].descending = descending;
  med_wide_index indexes[2] = {
      {.id = 101, .name = med_slice_of_text("i"), .column_id = 4},
      {.id = 102, .name = med_slice_of_text("j"), .column_id = 6, .target = MED_WIDE_INDEX_VALUES}};
  med_wide_property property = {med_slice_of_text(MED_WIDE_SEGMENT_ROWS_PROPERTY), med_slice_of_text("4")};
  med_wide_table table = {.id = 100,
                          .properties = &property,
                          .property_count = 1,
                          .keyspace = med_slice_of_text("k"),
                          .name = med_slice_of_text("t"),
                          .columns = columns,
                          .column_count = 6,
                          .partition_count = 1,
                          .clustering_count = 1,
                          .next_column_id = 7,
                          .gc_grace_s = grace_s,
                          .indexes = indexes,
                          .index_count = derives ? 2 : 0};
  if (timestamps) table.flags = MED_WIDE_TABLE_TIMESTAMPS;
  ck_assert_int_eq(med_wide_catalog_put_table(txn, &table), MEDLEY_OK);
  if (derives) wide_rows_create_view(txn, columns);
  for (uint32_t drawn = 0; drawn < 103;) ck_assert_int_eq(med_wide_catalog_next_id(txn, &drawn), MEDLEY_OK);
  ck_assert_int_eq(med_wide_sweep_request(txn), MEDLEY_OK);
}

#endif
