/* cells_scan.h - rows of a table of cells, one or a range, forwards or backwards: the cells that a query asks for.
 *
 * What a query means stands in medley.h, section "Cells". A scan walks the cells' keys and leaps over what is not asked for: the rest of a column
 * whose versions are found, columns between those that are named, the rest of a row that has its cells. Backwards, a row is found from
 * its end and read from its beginning.
 *
 * Nothing is written between two rows: a scan has looked at the beginning of the next one. Threads and lifetime: as the transaction's; the
 * query outlives the scan. */
#ifndef MED_WIDECOLUMN_CELLS_SCAN_H
#define MED_WIDECOLUMN_CELLS_SCAN_H

#include "models/widecolumn/cells.h"

#define MED_CELLS_ROW_SIZE_MAX ((size_t)256 << 20)

typedef struct med_cells_scan med_cells_scan;

/* Rows of a range; or, if key has bytes, that row alone. NOT_FOUND for an unknown family. */
MEDLEY_MUST_USE int med_cells_scan_open(med_cells *cells, med_slice key, const medley_cells_query *query,
                                        med_cells_scan **scan);
/* The next row that has such cells, in the arena, its families' names in the catalog. NOT_FOUND at the end; TOO_BIG beyond
 * MED_CELLS_ROW_SIZE_MAX. The arena is reset before each row that is looked at. */
MEDLEY_MUST_USE int med_cells_scan_next(med_cells_scan *scan, med_arena *arena, medley_cells_row *row);
void med_cells_scan_close(med_cells_scan *scan); /* NULL is allowed */

#endif
