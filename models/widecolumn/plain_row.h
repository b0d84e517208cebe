/* plain_row.h - rows that lose nothing in a segment, as their records have them; keys in order, taken apart.
 *
 * Plain is what one INSERT or UPDATE makes of a row without collections: one timestamp, one time to live or none, no tombstones, no cells with
 * paths.
 * Threads: none of this shares anything. */
#ifndef MED_WIDECOLUMN_PLAIN_ROW_H
#define MED_WIDECOLUMN_PLAIN_ROW_H

#include "models/widecolumn/row.h"
#include "models/widecolumn/row_key.h"

/* The columns of a table that stand by themselves in segments, by id: regular ones that are not complex, and of the key integers and texts, for who
 * reads by columns. */
typedef struct med_wide_sealed_columns {
  const med_wide_table *table;
  const med_wide_column **columns; /* the table's */
  size_t count;
} med_wide_sealed_columns;
bool med_wide_segment_keeps(const med_wide_column *key_column);
/* The list is in the arena. False if memory is short. */
MEDLEY_MUST_USE bool med_wide_sealed_columns_list(const med_wide_table *table, med_arena *arena,
                                                  med_wide_sealed_columns *list);

#define MED_WIDE_PLAIN_CELL_SIZE 4 /* what a record has for each of its values besides, about */

typedef struct med_wide_plain_row {
  int64_t timestamp_us;
  uint32_t ttl_s, expiry_s; /* of marker and cells; 0: none */
  bool marked;
  size_t bytes;      /* of its values and what each of them needs: what it takes as a record, about, but for the key */
  med_slice *values; /* of each column of the list, without bytes where it has none; the caller's room */
} med_wide_plain_row;

/* What a record takes besides its values, about. */
static inline size_t med_wide_plain_row_size(size_t key_len) { return key_len + 8; }

/* A row's record, taken apart; values are borrowed from it. Cells of columns that the table no longer has are left out. *plain false: the rest
 * means nothing. CORRUPT. */
MEDLEY_MUST_USE int med_wide_plain_row_take(const med_wide_sealed_columns *columns, med_slice record,
                                            med_wide_plain_row *row, bool *plain, medley_error *error);

/* Keys one after the other. {0} is the beginning. */
typedef struct med_wide_key_walk {
  med_key partition; /* of the last key */
  bool hashed;
} med_wide_key_walk;

/* As med_wide_key_place; a partition that was the last key's is known without looking at its values. *fresh: it was not. */
MEDLEY_MUST_USE int med_wide_key_walk_place(med_wide_key_walk *walk, const med_wide_table *table, med_slice key,
                                            med_wide_place *place, bool *fresh, medley_error *error);

#endif
