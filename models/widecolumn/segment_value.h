/* segment_value.h - values as columns hold them: integers, reals, texts; there and back, bit for bit.
 *
 * FORMAT.md section "Wide-column", "Segment". Threads: nothing is shared. */
#ifndef MED_WIDECOLUMN_SEGMENT_VALUE_H
#define MED_WIDECOLUMN_SEGMENT_VALUE_H

#include "models/widecolumn/type.h"
#include "storage/bytes.h"
#include "storage/column_vector.h"

/* How a column of that kind is stored. */
med_column_type med_wide_segment_type(med_wide_kind kind);

/* The number of a value that med_wide_value_check let pass, of a kind that is stored as integers; as reals. A float is the double that
 * has its bits: also a NaN, which an arithmetic conversion may change. */
int64_t med_wide_segment_integer(med_wide_kind kind, med_slice value);
double med_wide_segment_real(med_slice value);

/* The value of a number, whose bytes are in `bytes`. */
med_slice med_wide_segment_of_integer(med_wide_kind kind, int64_t number, uint8_t bytes[8]);
med_slice med_wide_segment_of_real(med_wide_kind kind, double number, uint8_t bytes[8]);

#endif
