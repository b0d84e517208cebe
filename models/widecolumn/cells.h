/* cells.h - rows of a table of cells (family.h) as HBase has them: put, deleted, counted up, compared; cells_scan.h reads them.
 *
 * What the calls mean stands in medley.h, section "Cells". Each cell is a row of the table, in its one partition, region 0; its key orders
 * cells by row, family, qualifier, and the newest version first. So a column's newest cell is found by one lookup, a row and a range of rows
 * are a range of clustering keys.
 *
 * A put deletes what its family's max_versions no longer allows, MED_CELLS_TRIM_MAX versions at most, so that a put after the number was
 * lowered is as quick as another; readers count for themselves. Deleting is the table's (mutation.h): without explicit timestamps
 * nothing is left, so a version that is put later is there, whatever was deleted before; HBase hides it until its next compaction.
 *
 * A failed call leaves what the caller's mark undoes. Threads and lifetime: as the transaction's. */
#ifndef MED_WIDECOLUMN_CELLS_H
#define MED_WIDECOLUMN_CELLS_H

#include "models/widecolumn/family.h"
#include "models/widecolumn/read.h"

#define MED_CELLS_VALUE_MAX (MED_WIDE_RECORD_SIZE_MAX - 4096)
#define MED_CELLS_TRIM_MAX 64

/* What the model needs of whoever calls it. */
typedef struct med_cells_host {
  void *context;
  int (*poll)(void *context);                  /* OK, or why to stop, with a message */
  int64_t (*next_timestamp_us)(void *context); /* of a write */
} med_cells_host;

typedef struct med_cells {
  med_txn *txn;
  med_wide_table table; /* with the flags that are set now */
  const med_cells_host *host;
  int64_t now_ms;
  med_wide_reader *reader; /* of single columns; NULL until one is read */
  med_arena arena;         /* of what is read and written for one change */
} med_cells;

/* TYPE if the table is none of cells. The table and the host outlive the cells. */
MEDLEY_MUST_USE int med_cells_open(med_txn *txn, const med_wide_table *table, const med_cells_host *host,
                                   med_cells *cells);
void med_cells_close(med_cells *cells);

MEDLEY_MUST_USE int med_cells_apply(med_cells *cells, med_slice key, const medley_cells_change *changes, size_t count);
MEDLEY_MUST_USE int med_cells_holds(med_cells *cells, med_slice key, const medley_cells_check *check, bool *holds);
/* column: family and qualifier. */
MEDLEY_MUST_USE int med_cells_increment(med_cells *cells, med_slice key, const medley_cell *column, int64_t by,
                                        int64_t *result);
/* *result lives until the next call. */
MEDLEY_MUST_USE int med_cells_append(med_cells *cells, med_slice key, const medley_cell *column, med_slice bytes,
                                     med_slice *result);

/* ---- For cells_scan.c too ---- */
/* A cell's key as the table has it. Lifetime: of the slices it was made of; it points into itself and is not copied. */
typedef struct med_cells_place {
  uint8_t region[4], version[8];
  med_slice partition[1], clustering[4];
} med_cells_place;
enum { MED_CELLS_ROW = 1, MED_CELLS_FAMILY_OF_ROW = 2, MED_CELLS_COLUMN = 3 }; /* how many parts of the key count */
void med_cells_place_init(med_cells_place *place, med_slice key, med_slice family, med_slice qualifier,
                          int64_t version_ms);
/* The clustering keys of a row, a family of it, or a column; up_to_ms (NULL: none) only of a column. In the arena. */
MEDLEY_MUST_USE int med_cells_range(med_cells *cells, const med_cells_place *place, size_t parts,
                                    const int64_t *up_to_ms, med_arena *arena, med_wide_range *range);
/* Whether a cell's key can have these parts: no row has another. */
bool med_cells_has_room(med_slice key, med_slice family, med_slice qualifier);
/* RANGE for an empty key, TOO_BIG for one that has no room for family and qualifier. */
MEDLEY_MUST_USE int med_cells_check_key(med_cells *cells, med_slice key, med_slice family, med_slice qualifier);
/* NOT_FOUND, with a message. */
MEDLEY_MUST_USE int med_cells_family(med_cells *cells, const char *name, const med_wide_family **family);
bool med_cells_compares(med_slice value, medley_cells_comparison comparison, med_slice constant);
static inline int64_t med_cells_version(const med_wide_entry *entry) {
  return (int64_t)med_get_u64(entry->clustering[MED_CELLS_VERSION - 1].bytes);
}
/* A row that has no value, which only CQL and SQL make, is a cell with an empty one. */
med_slice med_cells_value(const med_cells *cells, const med_wide_entry *entry);

#endif
