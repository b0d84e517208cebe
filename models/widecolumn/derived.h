/* derived.h - what follows from a table's rows: the entries of its indexes and the rows of its views.
 *
 * Both are functions of the stored row alone, expired cells included. Time passing changes nothing in storage: whoever reads by an index asks
 * the row whether it has the value still, and a view's row carries the time at which it ends. Kept in the transaction that changes the row.
 * Threads and lifetime: as the transaction's. */
#ifndef MED_WIDECOLUMN_DERIVED_H
#define MED_WIDECOLUMN_DERIVED_H

#include "models/widecolumn/partition.h"

/* A row of a table with its key. clustering NULL: the partition's static columns. */
typedef struct med_wide_place_of_row {
  const med_wide_table *table;
  const med_slice *partition, *clustering;
  med_slice tail; /* of the row's key */
} med_wide_place_of_row;

/* The values that the row has in an index, in their order and in the arena. Those that are equal in it have one entry and are here once. */
typedef struct med_wide_index_values {
  med_wide_type type;
  med_slice *values;
  size_t count;
} med_wide_index_values;
/* OK, NO_MEMORY. */
MEDLEY_MUST_USE int med_wide_index_values_of(const med_wide_place_of_row *place, const med_wide_index *index,
                                             const med_wide_row *row, med_arena *arena, med_wide_index_values *values,
                                             medley_error *error);
/* The type of an index's entries; parts of it may be in the arena. False if memory is short. */
bool med_wide_index_type(const med_wide_table *table, const med_wide_index *index, med_arena *arena,
                         med_wide_type *type);

MEDLEY_MUST_USE int med_wide_indexes_update(med_txn *txn, const med_wide_place_of_row *place, const med_wide_row *old,
                                            const med_wide_row *row, med_arena *arena);
/* One index alone: for CREATE INDEX on a table with rows. */
MEDLEY_MUST_USE int med_wide_index_add(med_txn *txn, const med_wide_place_of_row *place, const med_wide_index *index,
                                       const med_wide_row *row, med_arena *arena);

/* The row that a view has of a row. *there: whether it has one; then partition and clustering have its key. */
typedef struct med_wide_view_row {
  bool there;
  med_slice *partition, *clustering;
  med_wide_row row;
} med_wide_view_row;
MEDLEY_MUST_USE int med_wide_view_row_of(const med_wide_place_of_row *place, const med_wide_table *view,
                                         const med_wide_row *row, med_arena *arena, med_wide_view_row *made,
                                         medley_error *error);
MEDLEY_MUST_USE int med_wide_views_update(med_txn *txn, const med_wide_place_of_row *place, const med_wide_row *old,
                                          const med_wide_row *row, med_arena *arena);
/* One view alone: for CREATE MATERIALIZED VIEW on a table with rows. */
MEDLEY_MUST_USE int med_wide_view_add(med_txn *txn, const med_wide_place_of_row *place, const med_wide_table *view,
                                      const med_wide_row *row, med_arena *arena);

#endif
