/* time_text.h - dates, times, timestamps and durations read from the texts that Cassandra takes for them.
 *
 *   date       2024-02-29, or days with 1970-01-01 at 2^31
 *   time       8:12:54.123456789, or nanoseconds since midnight
 *   timestamp  2024-02-29[(T| )12:00[:00[.123]]][ ][Z|UTC|GMT|+02|+0200|+02:00], or milliseconds since 1970; without a zone it
 *              is UTC (Cassandra: the server's zone)
 *   duration   1y2mo3w4d5h6m7s8ms9us10ns, P1Y2M3DT4H5M6S, P3W, P0001-02-03T04:05:06; a minus before it
 * Each appends the value's bytes. TYPE if the text is none, RANGE if it is beyond what the type holds, NO_MEMORY. */
#ifndef MED_WIDECOLUMN_TIME_TEXT_H
#define MED_WIDECOLUMN_TIME_TEXT_H

#include "models/widecolumn/value.h"

MEDLEY_MUST_USE int med_wide_date_read(med_slice text, med_buffer *value, medley_error *error);
MEDLEY_MUST_USE int med_wide_time_read(med_slice text, med_buffer *value, medley_error *error);
MEDLEY_MUST_USE int med_wide_timestamp_read(med_slice text, med_buffer *value, medley_error *error);
MEDLEY_MUST_USE int med_wide_duration_read(med_slice text, med_buffer *value, medley_error *error);

/* A duration of parts that have one sign (asserted). */
MEDLEY_MUST_USE bool med_wide_duration_put(int32_t months, int32_t days, int64_t nanoseconds, med_buffer *value);
/* Days since 1970-01-01 in the Gregorian calendar, also before it was. month and day from 1. */
int64_t med_wide_days_of(int64_t year, unsigned month, unsigned day);
void med_wide_date_of(int64_t days, int64_t *year, unsigned *month, unsigned *day);

#endif
