/* scan.h - what SCAN, HSCAN, SSCAN and ZSCAN have in common: cursors and options.
 *
 * Redis's cursor is a position in a hash table; here it is the number of a position that the hub remembers, the bytes of
 * a tree key. Positions are kept for the last MED_REDIS_SCAN_POSITIONS scans that are under way; a cursor that is no longer known
 * begins anew, so that an element that is there during the whole scan is never missed. */
#ifndef MED_REDIS_SCAN_H
#define MED_REDIS_SCAN_H

#include "engine/redis/command.h"

#define MED_REDIS_SCAN_POSITIONS 1024

typedef struct med_redis_scan {
  bool from_start; /* else `position` says where to go on */
  med_key position;
  bool has_pattern;
  med_slice pattern; /* MATCH */
  size_t count;      /* COUNT, at least 1; 10 if not given */
  bool has_type;
  med_slice type; /* TYPE: SCAN only */
  bool no_values; /* NOVALUES: HSCAN of 7.4 */
} med_redis_scan;

enum { MED_REDIS_SCAN_TYPE = 1 << 0, MED_REDIS_SCAN_NO_VALUES = 1 << 1 };

/* Reads the cursor at argv[cursor_index] and the options behind it; `allowed` says which beside MATCH and COUNT. */
MEDLEY_MUST_USE int med_redis_scan_parse(med_redis_call *call, size_t cursor_index, unsigned allowed,
                                         med_redis_scan *scan);
/* Opens the reply's outer list and writes the cursor: 0 if position is NULL (the scan is over), else a new one that
 * leads to those bytes (at most MED_KEY_SIZE_MAX). The caller writes the inner list and ends the outer one. */
void med_redis_scan_reply_cursor(med_redis_call *call, const med_slice *position);
bool med_redis_scan_matches(const med_redis_scan *scan, med_slice text);

#endif
