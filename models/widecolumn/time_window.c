/* time_window.c - see time_window.h. Times are counted in the column's own steps, so that every value has a window and nothing overflows. */
#include "models/widecolumn/time_window.h"

#include <stdio.h>

#include "models/widecolumn/property_text.h"
#include "models/widecolumn/time_text.h"
#include "models/widecolumn/value_key.h"

#define SECOND INT64_C(10000000) /* in tenths of a microsecond */
#define DAY_S 86400
#define UUID_EPOCH INT64_C(0x01B21DD213814000) /* 1970 in a timeuuid's time, which begins in 1582 */
#define PART_SIZE_MAX 8                        /* bytes of a key's part that are the time */

/* ---- The property ---- */
static int refuse(medley_error *error, const char *what) {
  return med_error_set(error, MEDLEY_ERROR, "time_window: %s", what);
}

/* A count and a unit: "36h". */
static int take_duration(const char *name, med_slice text, uint64_t *seconds, medley_error *error) {
  static const char units[] = "smhdw";
  static const uint64_t sizes[] = {1, 60, 3600, DAY_S, 7 * DAY_S};
  const char *bytes = text.bytes, *unit = NULL;
  uint64_t count = 0;
  size_t at = 0;
  for (; at < text.len && bytes[at] >= '0' && bytes[at] <= '9'; at++) {
    if (count <= MED_WIDE_WINDOW_SECONDS_MAX) count = count * 10 + (uint64_t)(bytes[at] - '0');
  }
  if (at > 0 && at + 1 == text.len && bytes[at] != '\0') unit = strchr(units, bytes[at]);
  if (unit == NULL)
    return med_error_set(error, MEDLEY_ERROR, "time_window: %s must be a count and a unit of s, m, h, d, w, as '1d'",
                         name);
  *seconds = count <= MED_WIDE_WINDOW_SECONDS_MAX ? count * sizes[unit - units] : UINT64_MAX;
  if (count >= 1 && *seconds <= MED_WIDE_WINDOW_SECONDS_MAX) return MEDLEY_OK;
  return med_error_set(error, MEDLEY_RANGE, "time_window: %s must be between 1s and 36500d", name);
}

/* What the map says, as texts; NULL bytes: nothing. */
typedef struct said {
  med_slice column, size, unit, keep;
} said;

static int take_entry(med_slice *text, med_arena *arena, said *to, medley_error *error) {
  med_slice name, value;
  int rc = med_wide_property_string(text, arena, &name);
  if (rc == MEDLEY_OK) rc = med_wide_property_sign(text, ':') ? MEDLEY_OK : MEDLEY_ERROR;
  if (rc == MEDLEY_OK) rc = med_wide_property_string(text, arena, &value);
  if (rc == MEDLEY_NO_MEMORY) return med_error_no_memory(error);
  if (rc != MEDLEY_OK) return refuse(error, "it must be a map such as {'column': 'time', 'size': '1d', 'keep': '30d'}");
  med_slice *slot = med_slice_equal(name, med_slice_of_text("column")) ? &to->column
                    : med_slice_equal(name, med_slice_of_text("size")) ? &to->size
                    : med_slice_equal(name, med_slice_of_text("unit")) ? &to->unit
                    : med_slice_equal(name, med_slice_of_text("keep")) ? &to->keep
                                                                       : NULL;
  if (slot == NULL) return refuse(error, "it has column, size, unit and keep, and nothing else");
  if (slot->bytes != NULL) return refuse(error, "it says the same thing twice");
  *slot = value;
  return MEDLEY_OK;
}

static int take_map(med_slice text, med_arena *arena, said *to, medley_error *error) {
  bool more = med_wide_property_sign(&text, '{');
  int rc = more ? MEDLEY_OK : refuse(error, "it must be a map such as {'column': 'time', 'size': '1d', 'keep': '30d'}");
  while (rc == MEDLEY_OK && more) {
    rc = take_entry(&text, arena, to, error);
    more = rc == MEDLEY_OK && med_wide_property_sign(&text, ',');
  }
  if (rc != MEDLEY_OK) return rc;
  bool ends = med_wide_property_sign(&text, '}');
  med_wide_property_blanks(&text);
  if (!ends || text.len > 0) return refuse(error, "it must be a map of strings");
  if (to->column.bytes == NULL || to->size.bytes == NULL) return refuse(error, "it must say column and size");
  return MEDLEY_OK;
}

/* What the column's numbers count. */
static int take_unit(const med_wide_column *column, med_slice unit, med_wide_time_window *made, medley_error *error) {
  static const struct {
    const char *name;
    int64_t tick;
  } units[] = {{"s", SECOND}, {"ms", SECOND / 1000}, {"us", SECOND / 1000000}};
  med_wide_kind kind = column->type.kind;
  bool number = kind == MED_WIDE_INT || kind == MED_WIDE_BIGINT;
  if (!number && unit.bytes != NULL) return refuse(error, "only an int or bigint has a unit");
  switch (kind) {
    case MED_WIDE_TIMESTAMP: made->tick = SECOND / 1000; return MEDLEY_OK;
    case MED_WIDE_DATE: made->tick = DAY_S * SECOND; return MEDLEY_OK;
    case MED_WIDE_TIMEUUID: made->tick = 1; return MEDLEY_OK;
    default: break;
  }
  if (!number) return refuse(error, "its column must be a timestamp, date, timeuuid, or an int or bigint with a unit");
  for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
    if (unit.bytes == NULL || !med_slice_equal(unit, med_slice_of_text(units[i].name))) continue;
    made->unit = units[i].name;
    made->tick = units[i].tick;
    return MEDLEY_OK;
  }
  return refuse(error, "an int or bigint needs a unit, 's', 'ms' or 'us'");
}

static int take_column(const med_wide_table *table, const said *from, med_wide_time_window *made, medley_error *error) {
  const med_wide_column *column = med_wide_table_column(table, from->column);
  if (column == NULL || column->role > MED_WIDE_CLUSTERING)
    return refuse(error, "its column must be of the primary key");
  made->column = (size_t)(column - table->columns);
  int rc = take_unit(column, from->unit, made, error);
  if (rc == MEDLEY_OK) rc = take_duration("size", from->size, &made->size_s, error);
  if (rc == MEDLEY_OK && from->keep.bytes != NULL) rc = take_duration("keep", from->keep, &made->keep_s, error);
  if (rc != MEDLEY_OK) return rc;
  if (column->type.kind == MED_WIDE_DATE && (made->size_s % DAY_S != 0 || made->keep_s % DAY_S != 0))
    return refuse(error, "size and keep of a date must be whole days");
  made->ticks = (uint64_t)((med_int128)made->size_s * SECOND / made->tick);
  return MEDLEY_OK;
}

/* What would stand beside the windows, or need their rows read when they go. */
static int check_table(const med_wide_table *table, medley_error *error) {
  const char *what = NULL;
  if (med_wide_table_has_static(table)) what = "static columns are";
  if (table->flags & MED_WIDE_TABLE_COUNTER) what = "counters are";
  if (table->flags & MED_WIDE_TABLE_VIEW) what = "a materialized view is";
  if (table->flags & MED_WIDE_TABLE_TIMESTAMPS) what = "USING TIMESTAMP is";
  if (table->index_count > 0) what = "an index is";
  if (table->family_count > 0) what = "max_versions is";
  if (what == NULL) return MEDLEY_OK;
  return med_error_set(error, MEDLEY_UNSUPPORTED, "time_window: %s not supported in a table with time windows", what);
}

int med_wide_time_window_read(med_wide_table *table, med_arena *arena, medley_error *error) {
  med_slice text = med_wide_property_find(table, MED_WIDE_WINDOW_PROPERTY);
  said found = {0};
  table->time_window = NULL;
  if (text.bytes == NULL) return MEDLEY_OK;
  med_wide_time_window *made = med_arena_alloc(arena, sizeof *made);
  if (made == NULL) return med_error_no_memory(error);
  *made = (med_wide_time_window){0};
  int rc = check_table(table, error);
  if (rc == MEDLEY_OK) rc = take_map(text, arena, &found, error);
  if (rc == MEDLEY_OK) rc = take_column(table, &found, made, error);
  if (rc == MEDLEY_OK) table->time_window = made;
  return rc;
}

static bool put_text(med_buffer *to, const char *text) { return med_buffer_append(to, text, strlen(text)); }

static bool put_duration(med_buffer *to, const char *name, uint64_t seconds) {
  static const struct {
    char unit;
    uint64_t seconds;
  } units[] = {{'w', 7 * DAY_S}, {'d', DAY_S}, {'h', 3600}, {'m', 60}, {'s', 1}};
  char text[48];
  size_t i = 0;
  while (seconds % units[i].seconds != 0) i++;
  snprintf(text, sizeof text, ", '%s': '%llu%c'", name, (unsigned long long)(seconds / units[i].seconds),
           units[i].unit);
  return put_text(to, text);
}

bool med_wide_time_window_write(const med_wide_table *table, med_buffer *text) {
  const med_wide_time_window *of = table->time_window;
  med_slice name = table->columns[of->column].name;
  bool ok = put_text(text, "{'column': '");
  for (size_t i = 0; ok && i < name.len; i++) {
    char c = ((const char *)name.bytes)[i];
    ok = med_buffer_append_byte(text, (uint8_t)c) && (c != '\'' || med_buffer_append_byte(text, '\''));
  }
  ok = ok && put_text(text, "'") && put_duration(text, "size", of->size_s);
  if (of->unit != NULL) ok = ok && put_text(text, ", 'unit': '") && put_text(text, of->unit) && put_text(text, "'");
  if (of->keep_s > 0) ok = ok && put_duration(text, "keep", of->keep_s);
  return ok && put_text(text, "}");
}

/* ---- A value's window ---- raw: the first bytes of the value's part in an ascending key, as a number. */
static size_t part_size(med_wide_kind kind) {
  return kind == MED_WIDE_INT || kind == MED_WIDE_DATE ? 4 : PART_SIZE_MAX;
}

static int64_t ticks_of_raw(med_wide_kind kind, uint64_t raw) {
  switch (kind) {
    case MED_WIDE_INT: return (int64_t)raw - (INT64_C(1) << 31);
    case MED_WIDE_DATE: return (int64_t)raw - (INT64_C(1) << 31);
    case MED_WIDE_TIMEUUID:
      if (raw >> 60 != 1) raw = raw >> 60 == 0 ? 0 : (UINT64_C(1) << 60) - 1; /* an end that is no value */
      return (int64_t)(raw & ((UINT64_C(1) << 60) - 1)) - UUID_EPOCH;
    default: return (int64_t)(raw ^ UINT64_C(1) << 63);
  }
}

static uint64_t raw_of_value(med_wide_kind kind, med_slice value) {
  switch (kind) {
    case MED_WIDE_INT: return med_get_u32(value.bytes) ^ UINT32_C(1) << 31;
    case MED_WIDE_DATE: return med_get_u32(value.bytes);
    case MED_WIDE_TIMEUUID: return med_wide_uuid_order(value.bytes);
    default: return med_get_u64(value.bytes) ^ UINT64_C(1) << 63;
  }
}

static int64_t number_of(const med_wide_time_window *of, int64_t tick) {
  int64_t size = (int64_t)of->ticks, number = tick / size;
  return tick % size < 0 ? number - 1 : number;
}

static const med_wide_column *column_of(const med_wide_table *table) {
  return &table->columns[table->time_window->column];
}

int64_t med_wide_time_window_of(const med_wide_table *table, med_slice value) {
  med_wide_kind kind = column_of(table)->type.kind;
  return number_of(table->time_window, ticks_of_raw(kind, raw_of_value(kind, value)));
}

int64_t med_wide_time_window_of_row(const med_wide_table *table, const med_slice *partition,
                                    const med_slice *clustering) {
  size_t column = table->time_window->column;
  return med_wide_time_window_of(
      table, column < table->partition_count ? partition[column] : clustering[column - table->partition_count]);
}

/* ---- Its end ---- */
static med_int128 start_of(const med_wide_time_window *of, med_int128 number) { return number * of->ticks * of->tick; }

int64_t med_wide_time_window_past_us(const med_wide_time_window *of, int64_t number) {
  med_int128 past_us = (start_of(of, (med_int128)number + 1) + (med_int128)of->keep_s * SECOND) / (SECOND / 1000000);
  if (of->keep_s == 0 || past_us > INT64_MAX) return INT64_MAX;
  return past_us < INT64_MIN ? INT64_MIN : (int64_t)past_us;
}

bool med_wide_time_window_is_past(const med_wide_time_window *of, int64_t number, int64_t now_us) {
  return of->keep_s > 0 && med_wide_time_window_past_us(of, number) <= now_us;
}

static void put_time(med_int128 time, char *text, size_t size) {
  const int64_t most = INT64_C(1) << 46; /* seconds: two million years */
  med_int128 seconds = time / SECOND;    /* a window begins with a second */
  if (seconds > most || seconds < -most) {
    snprintf(text, size, "%s", seconds > 0 ? "the far future" : "the far past");
    return;
  }
  int64_t second = (int64_t)seconds, days = second / DAY_S - (second % DAY_S < 0), in_day = second - days * DAY_S, year;
  unsigned month, day;
  med_wide_date_of(days, &year, &month, &day);
  snprintf(text, size, "%04lld-%02u-%02u %02d:%02d:%02d", (long long)year, month, day, (int)(in_day / 3600),
           (int)(in_day / 60 % 60), (int)(in_day % 60));
}

void med_wide_time_window_text(const med_wide_time_window *of, int64_t number, char text[MED_WIDE_WINDOW_TEXT_SIZE]) {
  char from[32], to[32];
  put_time(start_of(of, number), from, sizeof from);
  put_time(start_of(of, (med_int128)number + 1), to, sizeof to);
  snprintf(text, MED_WIDE_WINDOW_TEXT_SIZE, "%s to %s", from, to);
}

/* ---- Spans ---- */
/* Of a timeuuid others have the same time. */
static int64_t window_beside(const med_wide_table *table, med_slice constant, med_compare compare) {
  med_wide_kind kind = column_of(table)->type.kind;
  int64_t tick = ticks_of_raw(kind, raw_of_value(kind, constant));
  if (kind != MED_WIDE_TIMEUUID && compare == MED_LESS && tick > INT64_MIN) tick--;
  if (kind != MED_WIDE_TIMEUUID && compare == MED_GREATER && tick < INT64_MAX) tick++;
  return number_of(table->time_window, tick);
}

void med_wide_window_span_limit(const med_wide_table *table, const med_wide_column *column, med_compare compare,
                                med_slice constant, med_wide_window_span *span) {
  if (table->time_window == NULL || column != column_of(table)) return;
  int64_t number = window_beside(table, constant, compare);
  bool lower = compare == MED_EQUAL || compare == MED_GREATER || compare == MED_GREATER_EQUAL;
  bool upper = compare == MED_EQUAL || compare == MED_LESS || compare == MED_LESS_EQUAL;
  if (lower && number > span->first) span->first = number;
  if (upper && number < span->last) span->last = number;
}

static uint64_t all_ones(size_t size) { return size == PART_SIZE_MAX ? UINT64_MAX : (UINT64_C(1) << 8 * size) - 1; }

/* The time's part behind the prefix as it stands in the key, what is missing being 00. */
static uint64_t raw_at(med_slice key, size_t prefix_len, size_t size) {
  uint64_t raw = 0;
  for (size_t i = 0; i < size; i++)
    raw = raw << 8 | (prefix_len + i < key.len ? ((const uint8_t *)key.bytes)[prefix_len + i] : 0);
  return raw;
}

static int64_t number_of_part(const med_wide_table *table, uint64_t raw) {
  med_wide_kind kind = column_of(table)->type.kind;
  if (column_of(table)->descending) raw ^= all_ones(part_size(kind));
  return number_of(table->time_window, ticks_of_raw(kind, raw));
}

int64_t med_wide_time_window_at(const med_wide_table *table, med_slice key, size_t prefix_len) {
  return number_of_part(table, raw_at(key, prefix_len, part_size(column_of(table)->type.kind)));
}

static bool take_row_mark(med_slice *left) {
  if (left->len == 0 || *(const uint8_t *)left->bytes != MED_WIDE_SUB_ROW) return false;
  med_wide_property_skip(left, 1);
  return true;
}

/* Where the time's part stands in a key: behind the parts of the columns before it. *found false if the key ends before that, or is a hash. */
static int find_part(const med_wide_table *table, med_slice key, size_t *at, bool *found) {
  const size_t fixed = MED_WIDE_TAIL_OFFSET + 9, hash = 16; /* 04 table token form */
  size_t column = table->time_window->column, first = 0;
  med_buffer value = {0};
  int rc = MEDLEY_OK;
  *found = false;
  if (key.len <= fixed) return MEDLEY_OK;
  med_slice left = med_slice_of((const uint8_t *)key.bytes + fixed, key.len - fixed);
  if (((const uint8_t *)key.bytes)[fixed - 1] == MED_WIDE_FORM_HASH) {
    if (column < table->partition_count || left.len < hash) return MEDLEY_OK;
    med_wide_property_skip(&left, hash);
    first = table->partition_count;
  }
  for (size_t i = first; rc == MEDLEY_OK && !*found; i++) {
    if (i == table->partition_count && !take_row_mark(&left)) break;
    *found = i == column;
    value.len = 0;
    if (!*found) rc = med_wide_key_take(&table->columns[i].type, table->columns[i].descending, &left, &value);
  }
  *at = key.len - left.len;
  med_buffer_clear(&value);
  return rc == MEDLEY_CORRUPT ? MEDLEY_OK : rc; /* an end of a range need not be a key */
}

int med_wide_window_span_of_keys(const med_wide_table *table, med_slice from, med_slice to, med_wide_window_span *span,
                                 size_t *prefix_len) {
  size_t size = part_size(column_of(table)->type.kind), at;
  bool found;
  med_key end;
  *span = MED_WIDE_WINDOWS_ALL;
  *prefix_len = 0;
  int rc = find_part(table, from, &at, &found);
  if (rc != MEDLEY_OK || !found) return rc;
  med_slice prefix = med_slice_of(from.bytes, at);
  (void)med_key_after_prefix(&end, prefix); /* it begins with 04 */
  if (med_slice_compare(to, med_key_slice(&end)) > 0) return MEDLEY_OK;
  uint64_t low = raw_at(from, at, size), high = all_ones(size);
  bool before = false; /* the part of `to` itself is not in the range */
  if (med_slice_starts_with(to, prefix)) {
    high = raw_at(to, at, size);
    before = to.len <= at + size;
  }
  *prefix_len = at;
  if (before && high == 0) {
    *span = (med_wide_window_span){1, 0};
    return MEDLEY_OK;
  }
  int64_t a = number_of_part(table, low), b = number_of_part(table, high - before);
  *span = column_of(table)->descending ? (med_wide_window_span){b, a} : (med_wide_window_span){a, b};
  return MEDLEY_OK;
}

int med_wide_time_window_of_key(const med_wide_table *table, med_slice key, bool *known, int64_t *number) {
  size_t at = 0;
  int rc = find_part(table, key, &at, known);
  *known = *known && key.len - at >= part_size(column_of(table)->type.kind);
  if (*known) *number = med_wide_time_window_at(table, key, at);
  return rc == MEDLEY_NO_MEMORY ? rc : MEDLEY_OK;
}
