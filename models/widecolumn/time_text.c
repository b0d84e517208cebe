/* time_text.c - see time_text.h. A reader walks the text once; what is left of it is no part of the value. */
#include "models/widecolumn/time_text.h"

#include <assert.h>
#include <strings.h>

#define DAY_NS 86400000000000ll
#define EPOCH_DAY (1ll << 31)

typedef struct reader {
  const char *at, *end;
} reader;

static int refuse(medley_error *error, med_slice text, const char *what) {
  int len = text.len > 60 ? 60 : (int)text.len;
  return med_error_set(error, MEDLEY_TYPE, "'%.*s' is no %s", len, (const char *)text.bytes, what);
}

static int out_of_range(medley_error *error, med_slice text, const char *what) {
  int len = text.len > 60 ? 60 : (int)text.len;
  return med_error_set(error, MEDLEY_RANGE, "'%.*s' is out of the range of a %s", len, (const char *)text.bytes, what);
}

static bool take(reader *r, char c) {
  if (r->at == r->end || *r->at != c) return false;
  r->at++;
  return true;
}

static bool at_digit(const reader *r) { return r->at < r->end && *r->at >= '0' && *r->at <= '9'; }

/* From `least` to `most` digits. False too if they are more than 64 bits hold. */
static bool take_digits(reader *r, int least, int most, int64_t *number) {
  int count = 0;
  *number = 0;
  for (; at_digit(r) && count < most; count++) {
    int digit = *r->at++ - '0';
    if (__builtin_mul_overflow(*number, 10, number) || __builtin_add_overflow(*number, digit, number)) return false;
  }
  return count >= least;
}

/* [-]digits and nothing else. *fits: whether it is a number of 64 bits. */
static bool is_whole(med_slice text, int64_t *number, bool *fits) {
  reader r = {text.bytes, (const char *)text.bytes + text.len};
  bool negative = take(&r, '-');
  *number = 0;
  *fits = true;
  if (r.at == r.end) return false;
  for (; at_digit(&r); r.at++) {
    int digit = negative ? '0' - *r.at : *r.at - '0';
    if (__builtin_mul_overflow(*number, 10, number) || __builtin_add_overflow(*number, digit, number)) *fits = false;
  }
  return r.at == r.end;
}

static int put(uint64_t number, size_t size, med_buffer *value, medley_error *error) {
  uint8_t bytes[8];
  med_put_u64(bytes, number);
  return med_buffer_append(value, bytes + 8 - size, size) ? MEDLEY_OK : med_error_no_memory(error);
}

/* ---- Dates ---- */

int64_t med_wide_days_of(int64_t year, unsigned month, unsigned day) {
  year -= month <= 2; /* years begin in March, so that the odd day is their last */
  int64_t era = (year >= 0 ? year : year - 399) / 400, in_era = year - era * 400;
  int64_t in_year = (153 * (int64_t)(month + (month > 2 ? -3u : 9u)) + 2) / 5 + day - 1;
  return era * 146097 + in_era * 365 + in_era / 4 - in_era / 100 + in_year - 719468;
}

void med_wide_date_of(int64_t days, int64_t *year, unsigned *month, unsigned *day) {
  days += 719468; /* eras of 400 years begin in March */
  int64_t era = (days >= 0 ? days : days - 146096) / 146097, in_era = days - era * 146097;
  int64_t years = (in_era - in_era / 1460 + in_era / 36524 - in_era / 146096) / 365;
  int64_t in_year = in_era - (365 * years + years / 4 - years / 100), shifted = (5 * in_year + 2) / 153;
  *day = (unsigned)(in_year - (153 * shifted + 2) / 5 + 1);
  *month = (unsigned)(shifted < 10 ? shifted + 3 : shifted - 9);
  *year = years + era * 400 + (*month <= 2);
}

static bool is_leap(int64_t year) { return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0); }

/* [+-]yyyy-mm-dd, a year of four to nine digits. */
static bool take_date(reader *r, int64_t *days) {
  static const uint8_t lens[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  int64_t year, month, day;
  bool negative = take(r, '-');
  if (!negative) (void)take(r, '+');
  if (!take_digits(r, 4, 9, &year) || !take(r, '-') || !take_digits(r, 2, 2, &month) || !take(r, '-')) return false;
  if (!take_digits(r, 2, 2, &day) || month < 1 || month > 12 || day < 1) return false;
  if (negative) year = -year;
  if (day > lens[month - 1] + (month == 2 && is_leap(year))) return false;
  *days = med_wide_days_of(year, (unsigned)month, (unsigned)day);
  return true;
}

int med_wide_date_read(med_slice text, med_buffer *value, medley_error *error) {
  reader r = {text.bytes, (const char *)text.bytes + text.len};
  int64_t number;
  bool fits;
  if (!is_whole(text, &number, &fits)) {
    if (!take_date(&r, &number) || r.at != r.end) return refuse(error, text, "date");
    number += EPOCH_DAY;
  }
  if (!fits || number < 0 || number > UINT32_MAX) return out_of_range(error, text, "date");
  return put((uint64_t)number, 4, value, error);
}

/* ---- Times ---- */

/* .f to .fffffffff as nanoseconds; none is 0. */
static bool take_fraction(reader *r, int64_t *nanoseconds) {
  *nanoseconds = 0;
  if (!take(r, '.')) return true;
  const char *start = r->at;
  if (!take_digits(r, 1, 9, nanoseconds) || at_digit(r)) return false;
  for (int64_t digits = r->at - start; digits < 9; digits++) *nanoseconds *= 10;
  return true;
}

/* hh:mm[:ss[.fffffffff]]; hours of one digit only in a time. */
static bool take_time(reader *r, bool in_timestamp, int64_t *nanoseconds) {
  int64_t hours, minutes, seconds = 0, fraction = 0;
  int least = in_timestamp ? 2 : 1;
  if (!take_digits(r, least, 2, &hours) || !take(r, ':') || !take_digits(r, least, 2, &minutes)) return false;
  if (take(r, ':')) {
    if (!take_digits(r, least, 2, &seconds) || !take_fraction(r, &fraction)) return false;
  } else if (!in_timestamp) {
    return false;
  }
  if (hours > 23 || minutes > 59 || seconds > 59) return false;
  *nanoseconds = ((hours * 60 + minutes) * 60 + seconds) * 1000000000 + fraction;
  return true;
}

int med_wide_time_read(med_slice text, med_buffer *value, medley_error *error) {
  reader r = {text.bytes, (const char *)text.bytes + text.len};
  int64_t number;
  bool fits;
  if (!is_whole(text, &number, &fits) && (!take_time(&r, false, &number) || r.at != r.end))
    return refuse(error, text, "time");
  if (!fits || number < 0 || number >= DAY_NS) return out_of_range(error, text, "time");
  return put((uint64_t)number, 8, value, error);
}

/* ---- Timestamps ---- */

static bool take_zone_name(reader *r) {
  size_t left = (size_t)(r->end - r->at);
  size_t len = left == 3 && (strncasecmp(r->at, "UTC", 3) == 0 || strncasecmp(r->at, "GMT", 3) == 0) ? 3
               : left == 1 && (*r->at | 32) == 'z'                                                   ? 1
                                                                                                     : 0;
  r->at += len;
  return len > 0;
}

/* [ ]Z, UTC, GMT, +hh, +hhmm, +hh:mm, or nothing. */
static bool take_zone(reader *r, int64_t *offset_minutes) {
  int64_t hours, minutes = 0;
  *offset_minutes = 0;
  if (r->at == r->end) return true;
  (void)take(r, ' ');
  if (take_zone_name(r)) return true;
  bool west = take(r, '-');
  if (!west && !take(r, '+')) return false;
  if (!take_digits(r, 2, 2, &hours)) return false;
  bool colon = take(r, ':');
  if ((colon || at_digit(r)) && !take_digits(r, 2, 2, &minutes)) return false;
  if (hours > 18 || minutes > 59) return false;
  *offset_minutes = (hours * 60 + minutes) * (west ? -1 : 1);
  return true;
}

/* Milliseconds since 1970. False if they are more than 64 bits hold: years of nine digits may be. */
static bool join_timestamp(int64_t days, int64_t time_ns, int64_t offset_minutes, int64_t *timestamp_ms) {
  int64_t seconds = days * 86400 + time_ns / 1000000000 - offset_minutes * 60, rest = time_ns / 1000000 % 1000;
  if (seconds < 0 && rest > 0) { /* both of one sign: neither is beyond what their sum is */
    seconds++;
    rest -= 1000;
  }
  return !__builtin_mul_overflow(seconds, 1000, timestamp_ms) &&
         !__builtin_add_overflow(*timestamp_ms, rest, timestamp_ms);
}

int med_wide_timestamp_read(med_slice text, med_buffer *value, medley_error *error) {
  reader r = {text.bytes, (const char *)text.bytes + text.len};
  int64_t number, time = 0, offset;
  bool fits;
  if (!is_whole(text, &number, &fits)) {
    if (!take_date(&r, &number)) return refuse(error, text, "timestamp");
    bool has_time = take(&r, 'T');
    if (!has_time && r.end - r.at > 1 && *r.at == ' ' && r.at[1] >= '0' && r.at[1] <= '9') has_time = take(&r, ' ');
    if ((has_time && !take_time(&r, true, &time)) || !take_zone(&r, &offset) || r.at != r.end)
      return refuse(error, text, "timestamp");
    fits = join_timestamp(number, time, offset, &number);
  }
  if (!fits) return out_of_range(error, text, "timestamp");
  return put((uint64_t)number, 8, value, error);
}

/* ---- Durations ---- */

typedef struct duration {
  int64_t months, days, nanoseconds;
  bool fits;
} duration;

typedef enum duration_part { MONTHS, DAYS, NANOSECONDS } duration_part;

static void add(duration *d, duration_part part, int64_t number, int64_t unit) {
  int64_t *sum = part == MONTHS ? &d->months : part == DAYS ? &d->days : &d->nanoseconds;
  int64_t product;
  if (__builtin_mul_overflow(number, unit, &product) || __builtin_add_overflow(*sum, product, sum)) d->fits = false;
}

typedef struct unit_row {
  const char *name;
  duration_part part;
  int64_t size;
} unit_row;

/* In the order in which Cassandra wants them. */
static const unit_row units[] = {{"y", MONTHS, 12},
                                 {"mo", MONTHS, 1},
                                 {"w", DAYS, 7},
                                 {"d", DAYS, 1},
                                 {"h", NANOSECONDS, 3600000000000},
                                 {"m", NANOSECONDS, 60000000000},
                                 {"s", NANOSECONDS, 1000000000},
                                 {"ms", NANOSECONDS, 1000000},
                                 {"us", NANOSECONDS, 1000},
                                 {"\xC2\xB5s", NANOSECONDS, 1000},
                                 {"ns", NANOSECONDS, 1}};
static const unit_row designators[] = {{"Y", MONTHS, 12}, {"M", MONTHS, 1}, {"D", DAYS, 1}};
static const unit_row time_designators[] = {
    {"H", NANOSECONDS, 3600000000000}, {"M", NANOSECONDS, 60000000000}, {"S", NANOSECONDS, 1000000000}};

/* Numbers with their units, which come in the order of the rows, each once; at least one. */
static bool take_units(reader *r, const unit_row *rows, size_t row_count, duration *d) {
  bool any = false;
  for (size_t next = 0; at_digit(r); any = true) {
    int64_t number;
    size_t len = 0, found = row_count;
    if (!take_digits(r, 1, 19, &number)) return false;
    for (size_t i = 0; i < row_count; i++) { /* the longest name: ms is no m */
      size_t name_len = strlen(rows[i].name);
      if (name_len <= len || (size_t)(r->end - r->at) < name_len) continue;
      if (strncasecmp(r->at, rows[i].name, name_len) == 0) found = i, len = name_len;
    }
    if (found == row_count || found < next) return false;
    r->at += len;
    next = found + 1;
    add(d, rows[found].part, number, rows[found].size);
  }
  return any;
}

/* Behind the P. */
static bool take_iso_duration(reader *r, duration *d) {
  static const unit_row fields[] = {{"-", MONTHS, 12},
                                    {"-", MONTHS, 1},
                                    {"T", DAYS, 1},
                                    {":", NANOSECONDS, 3600000000000},
                                    {":", NANOSECONDS, 60000000000},
                                    {"", NANOSECONDS, 1000000000}};
  int64_t number;
  const char *start = r->at;
  if (r->end - r->at > 4 && r->at[4] == '-') {
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
      if (!take_digits(r, i == 0 ? 4 : 2, i == 0 ? 4 : 2, &number)) return false;
      if (*fields[i].name != '\0' && !take(r, *fields[i].name)) return false;
      add(d, fields[i].part, number, fields[i].size);
    }
    return true;
  }
  if (take_digits(r, 1, 18, &number) && take(r, 'W')) {
    add(d, DAYS, number, 7);
    return true;
  }
  r->at = start;
  bool any = at_digit(r);
  if (any && !take_units(r, designators, 3, d)) return false;
  return take(r, 'T') ? take_units(r, time_designators, 3, d) : any;
}

static bool put_vint(int64_t number, med_buffer *value) {
  uint64_t zigzag = ((uint64_t)number << 1) ^ (uint64_t)(number >> 63);
  uint8_t bytes[9] = {0};
  unsigned extra = 0;
  while (extra < 8 && zigzag >> (7 * (extra + 1)) != 0) extra++;
  med_put_u64(bytes + 1, zigzag);
  uint8_t *first = bytes + 8 - extra;
  *first |= (uint8_t)(0xFF00u >> extra); /* as many ones as there are more bytes */
  return med_buffer_append(value, first, extra + 1u);
}

bool med_wide_duration_put(int32_t months, int32_t days, int64_t nanoseconds, med_buffer *value) {
  assert(!((months < 0 || days < 0 || nanoseconds < 0) && (months > 0 || days > 0 || nanoseconds > 0)));
  return put_vint(months, value) && put_vint(days, value) && put_vint(nanoseconds, value);
}

int med_wide_duration_read(med_slice text, med_buffer *value, medley_error *error) {
  reader r = {text.bytes, (const char *)text.bytes + text.len};
  duration d = {.fits = true};
  size_t start = value->len;
  int sign = take(&r, '-') ? -1 : 1;
  bool fine = take(&r, 'P') ? take_iso_duration(&r, &d) : take_units(&r, units, sizeof units / sizeof *units, &d);
  if (!fine || r.at != r.end) return refuse(error, text, "duration");
  if (!d.fits || d.months > INT32_MAX || d.days > INT32_MAX) return out_of_range(error, text, "duration");
  if (med_wide_duration_put((int32_t)(sign * d.months), (int32_t)(sign * d.days), sign * d.nanoseconds, value))
    return MEDLEY_OK;
  value->len = start;
  return med_error_no_memory(error);
}
