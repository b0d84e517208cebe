/* family.h - tables of cells (cells.h): their shape, and the families that their properties name.
 *
 * A table of cells is a table of this shape that has the property max_versions:
 *   (region int, key blob, family text, qualifier blob, version timestamp, value blob,
 *    PRIMARY KEY (region, key, family, qualifier, version)), version descending, the others ascending
 *   max_versions = {'info': '3', 'log': 'all'}     its families, and how many versions of a column each keeps
 *   family_time_to_live = {'log': '86400'}         seconds; others have the table's default_time_to_live; {}: all do
 * Threads: none of this shares anything. Lifetime: of the arena. */
#ifndef MED_WIDECOLUMN_FAMILY_H
#define MED_WIDECOLUMN_FAMILY_H

#include "models/widecolumn/schema.h"

#define MED_WIDE_FAMILIES_PROPERTY "max_versions"
#define MED_WIDE_FAMILY_TTL_PROPERTY "family_time_to_live"
#define MED_WIDE_FAMILIES_MAX 100
#define MED_WIDE_VERSIONS_MAX 1000 /* that a family can keep, unless it keeps all */

struct med_wide_family {
  med_slice name;        /* with a NUL behind it */
  uint32_t max_versions; /* 0: all */
  uint32_t ttl_s;        /* 0: the table's default */
};

/* The columns, in the order that a table has them in. */
enum { MED_CELLS_REGION, MED_CELLS_KEY, MED_CELLS_FAMILY, MED_CELLS_QUALIFIER, MED_CELLS_VERSION, MED_CELLS_VALUE };

/* Whether the columns are those of a table of cells. */
bool med_wide_family_shape(const med_wide_table *table);
/* Sets families and family_count as the table's properties say; none if there is no max_versions. ERROR, with a message, if the properties say
 * nothing that makes sense, RANGE for a number beyond its bounds, NO_MEMORY. */
MEDLEY_MUST_USE int med_wide_family_read(med_wide_table *table, med_arena *arena, medley_error *error);
/* NULL if there is none. */
const med_wide_family *med_wide_family_find(const med_wide_table *table, med_slice name);

#endif
