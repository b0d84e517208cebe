/* value_text.h - values as CQL's literals: writing all types, reading those without parts.
 *
 * A timestamp is '2024-02-29 12:00:00.000+0000' and a date '2024-02-29' in the years 0 to 9999, beyond them their number. */
#ifndef MED_WIDECOLUMN_VALUE_TEXT_H
#define MED_WIDECOLUMN_VALUE_TEXT_H

#include "models/widecolumn/value.h"

/* The value has been checked. Text-like values are between single quotes; null is null. False if memory is short. */
MEDLEY_MUST_USE bool med_wide_text_write(const med_wide_type *type, med_slice value, med_buffer *text);

/* The value of a literal's text, without quotes; appended to *value. TYPE if the text is no value of the type, RANGE if it is
 * beyond it, TOO_BIG beyond number.h's limit, UNSUPPORTED for types with parts, NO_MEMORY; then *value is as it was. */
MEDLEY_MUST_USE int med_wide_text_read(med_wide_kind kind, med_slice text, med_buffer *value, medley_error *error);

#endif
