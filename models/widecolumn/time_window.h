/* time_window.h - tables whose rows stand in windows of time: what the property says, which window a row's key puts it into, which are past.
 *
 *   time_window = {'column': 'time', 'size': '1d', 'unit': 's', 'keep': '30d'}
 *
 * column: of the primary key, a timestamp, date, timeuuid, or an int or bigint, which then has a unit, s, ms or us, since 1970 (UTC). size and
 * keep: a count and s, m, h, d or w; without keep a window stays. A window is a number, the floor of time by size, also before 1970, so a row's
 * window is a function of its key. One whose end lies `keep` or more before the transaction's time is past: no reader sees it.
 * What a window holds and where: window_directory.h. Threads: none of this shares anything. Lifetime: of the table's arena. */
#ifndef MED_WIDECOLUMN_TIME_WINDOW_H
#define MED_WIDECOLUMN_TIME_WINDOW_H

#include "models/widecolumn/row_key.h"
#include "storage/column_kernels.h"

#define MED_WIDE_WINDOW_PROPERTY "time_window"
#define MED_WIDE_WINDOW_SECONDS_MAX ((uint64_t)36500 * 86400)

struct med_wide_time_window {
  size_t column;    /* its place among the table's */
  const char *unit; /* "s", "ms", "us"; NULL: the type has one of its own */
  int64_t tick;     /* what its numbers count, in tenths of a microsecond */
  uint64_t ticks;   /* of a window */
  uint64_t size_s;  /* of a window */
  uint64_t keep_s;  /* 0: for ever */
};

/* Sets time_window as the table's properties say; NULL if they do not name it. ERROR, UNSUPPORTED, RANGE, with a message, if it makes no sense, or
 * not for such a table: static columns, counters, explicit timestamps, indexes, views, families are not for windows. NO_MEMORY. */
MEDLEY_MUST_USE int med_wide_time_window_read(med_wide_table *table, med_arena *arena, medley_error *error);
/* The property's text in one form: size and keep in the largest unit, keep last. */
MEDLEY_MUST_USE bool med_wide_time_window_write(const med_wide_table *table, med_buffer *text);

/* The window of a value of the column, which has been checked. */
int64_t med_wide_time_window_of(const med_wide_table *table, med_slice value);
/* The window of a row of these values. */
int64_t med_wide_time_window_of_row(const med_wide_table *table, const med_slice *partition,
                                    const med_slice *clustering);
bool med_wide_time_window_is_past(const med_wide_time_window *of, int64_t number, int64_t now_us);
/* When that will be; INT64_MAX: never, or beyond 64 bits. */
int64_t med_wide_time_window_past_us(const med_wide_time_window *of, int64_t number);
/* "2023-11-14 00:00:00 to 2023-11-15 00:00:00". */
#define MED_WIDE_WINDOW_TEXT_SIZE 72
void med_wide_time_window_text(const med_wide_time_window *of, int64_t number, char text[MED_WIDE_WINDOW_TEXT_SIZE]);

/* Windows from first to last; none if first is behind last. */
typedef struct med_wide_window_span {
  int64_t first, last;
} med_wide_window_span;
#define MED_WIDE_WINDOWS_ALL ((med_wide_window_span){INT64_MIN, INT64_MAX})
static inline bool med_wide_window_span_has(const med_wide_window_span *span, int64_t number) {
  return span->first <= number && number <= span->last;
}
/* Takes windows off the span in which no value of the column compares so with the constant; of other columns it takes none. */
void med_wide_window_span_limit(const med_wide_table *table, const med_wide_column *column, med_compare compare,
                                med_slice constant, med_wide_window_span *span);
/* The windows of keys from <= key < to, both of the table. *prefix_len: how many bytes of `from` all of them begin with, which end where the time
 * stands, or ended if it is of the partition: such keys are in the order of their windows, or in one. 0: they are not; then *span is all. */
MEDLEY_MUST_USE int med_wide_window_span_of_keys(const med_wide_table *table, med_slice from, med_slice to,
                                                 med_wide_window_span *span, size_t *prefix_len);
/* The window in which keys at or behind a key (forward) begin, or those before it end. The key begins as those of the span do. */
int64_t med_wide_time_window_at(const med_wide_table *table, med_slice key, size_t prefix_len);
/* The window of a row's key; *known false if the key does not say it: a hash, or damaged. NO_MEMORY, without a message, as above. */
MEDLEY_MUST_USE int med_wide_time_window_of_key(const med_wide_table *table, med_slice key, bool *known,
                                                int64_t *number);

#endif
