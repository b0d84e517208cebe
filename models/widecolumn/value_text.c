/* value_text.c - CQL's literals. Dates and times are read in time_text.c. Writing recurses as deep as the type. */
#include "models/widecolumn/value_text.h"

#include <arpa/inet.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "models/widecolumn/name_text.h"
#include "models/widecolumn/number.h"
#include "models/widecolumn/time_text.h"
#include "storage/real_text.h"

#define DAY_MS 86400000ll
#define SECOND_NS 1000000000ll
#define EPOCH_DAY (1ll << 31) /* the date 1970-01-01 */
#define REAL_LEN_MAX 1100     /* of a double's text: more digits than any double has */

/* ---- Writing ---- */

static bool write_quoted(med_slice value, med_buffer *text) {
  const char *bytes = value.bytes;
  bool fine = med_buffer_append_byte(text, '\'');
  for (size_t i = 0; i < value.len && fine; i++) {
    if (bytes[i] == '\'') fine = med_buffer_append_byte(text, '\'');
    fine = fine && med_buffer_append_byte(text, (uint8_t)bytes[i]);
  }
  return fine && med_buffer_append_byte(text, '\'');
}

static bool write_hex(const uint8_t *bytes, size_t len, med_buffer *text) {
  for (size_t i = 0; i < len; i++) {
    if (!med_buffer_printf(text, "%02x", bytes[i])) return false;
  }
  return true;
}

static bool write_uuid(const uint8_t *uuid, med_buffer *text) {
  static const uint8_t lens[] = {4, 2, 2, 2, 6};
  for (size_t i = 0; i < sizeof lens; uuid += lens[i++]) {
    if ((i > 0 && !med_buffer_append_byte(text, '-')) || !write_hex(uuid, lens[i], text)) return false;
  }
  return true;
}

static bool write_digits(const uint8_t *digits, size_t count, med_buffer *text) {
  for (size_t i = 0; i < count; i++) {
    if (!med_buffer_append_byte(text, (uint8_t)('0' + digits[i]))) return false;
  }
  return true;
}

static bool write_varint(med_slice value, med_buffer *text) {
  med_wide_digits digits;
  med_wide_digits_of(value, &digits);
  if (digits.count == 0) return med_buffer_append_byte(text, '0');
  return (!digits.negative || med_buffer_append_byte(text, '-')) && write_digits(digits.digits, digits.count, text);
}

/* Java's form: an exponent only if the scale is negative or the number is smaller than a millionth. */
static bool write_decimal(med_slice value, med_buffer *text) {
  const uint8_t *bytes = value.bytes;
  int64_t scale = (int32_t)med_get_u32(bytes);
  med_wide_digits digits;
  med_wide_digits_of(med_slice_of(bytes + 4, value.len - 4), &digits);
  if (digits.count == 0) digits.digits[digits.count++] = 0;
  if (digits.negative && !med_buffer_append_byte(text, '-')) return false;
  int64_t exponent = digits.count - 1 - scale;
  if (scale >= 0 && exponent >= -6) {
    int64_t whole = digits.count - scale;
    if (whole > 0 ? !write_digits(digits.digits, (size_t)whole, text) : !med_buffer_append_byte(text, '0'))
      return false;
    if (scale == 0) return true;
    if (!med_buffer_append_byte(text, '.')) return false;
    for (int64_t i = whole; i < 0; i++) {
      if (!med_buffer_append_byte(text, '0')) return false;
    }
    return write_digits(digits.digits + (whole > 0 ? whole : 0), (size_t)(whole > 0 ? scale : digits.count), text);
  }
  if (!write_digits(digits.digits, 1, text)) return false;
  if (digits.count > 1 &&
      !(med_buffer_append_byte(text, '.') && write_digits(digits.digits + 1, digits.count - 1u, text)))
    return false;
  return med_buffer_printf(text, "E%+lld", (long long)exponent);
}

static bool write_date(int64_t days, med_buffer *text) {
  int64_t year;
  unsigned month, day;
  med_wide_date_of(days, &year, &month, &day);
  if (year < 0 || year > 9999) return med_buffer_printf(text, "%lld", (long long)(days + EPOCH_DAY));
  return med_buffer_printf(text, "'%04d-%02u-%02u'", (int)year, month, day);
}

static bool write_timestamp(int64_t ms, med_buffer *text) {
  int64_t days = ms / DAY_MS - (ms % DAY_MS < 0), year, rest = ms - days * DAY_MS;
  unsigned month, day;
  med_wide_date_of(days, &year, &month, &day);
  if (year < 0 || year > 9999) return med_buffer_printf(text, "%lld", (long long)ms);
  return med_buffer_printf(text, "'%04d-%02u-%02u %02d:%02d:%02d.%03d+0000'", (int)year, month, day,
                           (int)(rest / 3600000), (int)(rest / 60000 % 60), (int)(rest / 1000 % 60),
                           (int)(rest % 1000));
}

static bool write_time(int64_t ns, med_buffer *text) {
  int64_t seconds = ns / SECOND_NS;
  return med_buffer_printf(text, "'%02d:%02d:%02d.%09d'", (int)(seconds / 3600), (int)(seconds / 60 % 60),
                           (int)(seconds % 60), (int)(ns % SECOND_NS));
}

/* Months, days and nanoseconds as they are: 14mo3d5ns. */
static bool write_duration(med_slice value, med_buffer *text) {
  static const char *const units[] = {"mo", "d", "ns"};
  bool any = false;
  size_t start = text->len;
  for (int i = 0; i < 3; i++) {
    int64_t number;
    if (!med_wide_take_vint(&value, &number)) return false;
    if (number == 0) continue;
    if (number < 0 && !any && !med_buffer_append_byte(text, '-')) return false;
    uint64_t size = number < 0 ? 0 - (uint64_t)number : (uint64_t)number;
    if (!med_buffer_printf(text, "%llu%s", (unsigned long long)size, units[i])) return false;
    any = true;
  }
  return text->len > start || med_buffer_append(text, "0ns", 3);
}

/* The fewest digits that give the number back. */
static bool write_real(double number, int digits, int digits_max, med_buffer *text) {
  if (isnan(number)) return med_buffer_append(text, "NaN", 3);
  if (isinf(number)) return med_buffer_printf(text, "%sInfinity", number < 0 ? "-" : "");
  size_t start = text->len;
  for (;; digits++) {
    text->len = start;
    if (!med_buffer_printf(text, "%.*g", digits, number)) return false;
    double again = strtod(text->bytes + start, NULL);
    bool same = digits_max > 9 ? memcmp(&again, &number, sizeof again) == 0 : (float)again == (float)number;
    if (digits == digits_max || same) break;
  }
  for (size_t i = start; i < text->len; i++) { /* the host's locale may have another decimal point */
    if (strchr("0123456789+-e", text->bytes[i]) == NULL) text->bytes[i] = '.';
  }
  if (strpbrk(text->bytes + start, ".e") == NULL) return med_buffer_append(text, ".0", 2);
  return true;
}

static bool write_bits(const uint8_t *bytes, bool is_double, med_buffer *text) {
  double wide;
  float narrow;
  uint64_t bits = is_double ? med_get_u64(bytes) : 0;
  uint32_t narrow_bits = is_double ? 0 : med_get_u32(bytes);
  memcpy(&wide, &bits, sizeof wide);
  memcpy(&narrow, &narrow_bits, sizeof narrow);
  return is_double ? write_real(wide, 15, 17, text) : write_real((double)narrow, 6, 9, text);
}

static bool write_inet(med_slice value, med_buffer *text) {
  char name[INET6_ADDRSTRLEN];
  if (inet_ntop(value.len == 4 ? AF_INET : AF_INET6, value.bytes, name, sizeof name) == NULL) return false;
  return med_buffer_printf(text, "'%s'", name);
}

static bool write_parts(const med_wide_type *type, med_slice value, med_buffer *text) {
  med_wide_parts parts;
  bool collection = med_wide_kind_is_collection(type->kind), map = type->kind == MED_WIDE_MAP;
  char close = type->kind == MED_WIDE_LIST ? ']' : type->kind == MED_WIDE_TUPLE ? ')' : '}';
  med_wide_parts_init(type, value, &parts);
  if (!med_buffer_append_byte(text, close == ']' ? '[' : close == ')' ? '(' : '{')) return false;
  for (unsigned index = 0; collection || index < type->part_count; index++) {
    med_slice part = med_slice_of(NULL, 0);
    if (!med_wide_parts_next(&parts, &part) && collection) break;
    if (index > 0 && !med_buffer_printf(text, "%s", map && index % 2 == 1 ? ": " : ", ")) return false;
    if (type->kind == MED_WIDE_UDT &&
        !(med_wide_name_write(type->fields[index], text) && med_buffer_append(text, ": ", 2)))
      return false;
    if (!med_wide_text_write(&type->parts[collection ? index % type->part_count : index], part, text)) return false;
  }
  return med_buffer_append_byte(text, (uint8_t)close);
}

bool med_wide_text_write(const med_wide_type *type, med_slice value, med_buffer *text) {
  if (med_wide_is_null(value)) return med_buffer_append(text, "null", 4);
  switch (type->kind) {
    case MED_WIDE_ASCII:
    case MED_WIDE_TEXT: return write_quoted(value, text);
    case MED_WIDE_BLOB: return med_buffer_append(text, "0x", 2) && write_hex(value.bytes, value.len, text);
    case MED_WIDE_BOOLEAN: return med_buffer_printf(text, "%s", *(const uint8_t *)value.bytes ? "true" : "false");
    case MED_WIDE_UUID:
    case MED_WIDE_TIMEUUID: return write_uuid(value.bytes, text);
    case MED_WIDE_DECIMAL: return write_decimal(value, text);
    case MED_WIDE_DOUBLE: return write_bits(value.bytes, true, text);
    case MED_WIDE_FLOAT: return write_bits(value.bytes, false, text);
    case MED_WIDE_TIMESTAMP: return write_timestamp((int64_t)med_get_u64(value.bytes), text);
    case MED_WIDE_DATE: return write_date(med_get_u32(value.bytes) - EPOCH_DAY, text);
    case MED_WIDE_TIME: return write_time((int64_t)med_get_u64(value.bytes), text);
    case MED_WIDE_INET: return write_inet(value, text);
    case MED_WIDE_DURATION: return write_duration(value, text);
    default: return type->kind >= MED_WIDE_LIST ? write_parts(type, value, text) : write_varint(value, text);
  }
}

/* ---- Reading ---- */

static int refuse(medley_error *error, med_slice text) {
  int len = text.len > 60 ? 60 : (int)text.len;
  return med_error_set(error, MEDLEY_TYPE, "'%.*s' is no value of its type", len, (const char *)text.bytes);
}

static int append(med_buffer *value, const void *bytes, size_t len, medley_error *error) {
  return med_buffer_append(value, bytes, len) ? MEDLEY_OK : med_error_no_memory(error);
}

/* [-]digits as two's complement; answers MEDLEY_OK and its shortest bytes. */
static int read_whole(med_slice text, uint8_t number[MED_WIDE_NUMBER_SIZE_MAX], size_t *len, medley_error *error) {
  const char *at = text.bytes, *end = at + text.len;
  med_wide_digits digits = {.count = 0};
  if (text.len > 0 && *at == '-') digits.negative = true, at++;
  if (at == end) return refuse(error, text);
  for (; at < end; at++) {
    if (*at < '0' || *at > '9') return refuse(error, text);
    if (digits.count == 0 && *at == '0') continue;
    if (digits.count == MED_WIDE_NUMBER_DIGITS_MAX) return med_error_set(error, MEDLEY_TOO_BIG, "a number is too long");
    digits.digits[digits.count++] = (uint8_t)(*at - '0');
  }
  *len = med_wide_digits_write(&digits, number);
  return *len > 0 ? MEDLEY_OK : med_error_set(error, MEDLEY_TOO_BIG, "a number is too long");
}

static int read_integer(size_t size, med_slice text, med_buffer *value, medley_error *error) {
  uint8_t number[MED_WIDE_NUMBER_SIZE_MAX], bytes[8];
  size_t len = 0;
  int rc = read_whole(text, number, &len, error);
  if (rc != MEDLEY_OK) return rc;
  if (size == 0) return append(value, number, len, error);
  if (len > size) return med_error_set(error, MEDLEY_RANGE, "a number does not fit in %zu bytes", size);
  memset(bytes, number[0] >= 0x80 ? 0xFF : 0, size);
  memcpy(bytes + size - len, number, len);
  return append(value, bytes, size, error);
}

static int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static int read_uuid(med_wide_kind kind, med_slice text, med_buffer *value, medley_error *error) {
  const char *from = text.bytes;
  uint8_t uuid[16];
  if (text.len != 36) return refuse(error, text);
  for (size_t i = 0, at = 0; i < sizeof uuid; i++, at += 2) {
    if ((i == 4 || i == 6 || i == 8 || i == 10) && from[at++] != '-') return refuse(error, text);
    int high = hex_digit(from[at]), low = hex_digit(from[at + 1]);
    if (high < 0 || low < 0) return refuse(error, text);
    uuid[i] = (uint8_t)(high << 4 | low);
  }
  if (kind == MED_WIDE_TIMEUUID && uuid[6] >> 4 != 1) return refuse(error, text);
  return append(value, uuid, sizeof uuid, error);
}

static int read_blob(med_slice text, med_buffer *value, medley_error *error) {
  const char *from = text.bytes;
  size_t start = value->len;
  if (text.len < 2 || text.len % 2 != 0 || from[0] != '0' || (from[1] | 32) != 'x') return refuse(error, text);
  for (size_t i = 2; i < text.len; i += 2) {
    int high = hex_digit(from[i]), low = hex_digit(from[i + 1]);
    if (high < 0 || low < 0) {
      value->len = start;
      return refuse(error, text);
    }
    if (!med_buffer_append_byte(value, (uint8_t)(high << 4 | low))) {
      value->len = start;
      return med_error_no_memory(error);
    }
  }
  return MEDLEY_OK;
}

static int read_inet(med_slice text, med_buffer *value, medley_error *error) {
  char name[INET6_ADDRSTRLEN] = "";
  uint8_t bytes[16];
  if (text.len >= sizeof name) return refuse(error, text);
  memcpy(name, text.bytes, text.len);
  if (inet_pton(AF_INET, name, bytes) == 1) return append(value, bytes, 4, error);
  return inet_pton(AF_INET6, name, bytes) == 1 ? append(value, bytes, 16, error) : refuse(error, text);
}

/* ---- Numbers with a point or an exponent ---- */

typedef struct real_text { /* a number's text taken apart */
  const char *whole, *fraction, *end;
  size_t whole_len, fraction_len;
  bool negative;
  int64_t exponent; /* at most 10 digits: beyond every limit */
} real_text;

static size_t digits_len(const char *at, const char *end) {
  const char *start = at;
  while (at < end && *at >= '0' && *at <= '9') at++;
  return (size_t)(at - start);
}

/* [+-]digits[.digits][e[+-]digits], with a digit before or behind the point, as Java's numbers are. */
static bool take_apart(med_slice text, real_text *parts) {
  const char *at = text.bytes, *end = at + text.len;
  *parts = (real_text){.end = end};
  if (at < end && (*at == '-' || *at == '+')) parts->negative = *at++ == '-';
  parts->whole = at;
  parts->whole_len = digits_len(at, end);
  parts->fraction = at += parts->whole_len;
  if (at < end && *at == '.') {
    parts->fraction = ++at;
    parts->fraction_len = digits_len(at, end);
    at += parts->fraction_len;
  }
  if (parts->whole_len + parts->fraction_len == 0) return false;
  if (at == end) return true;
  if ((*at++ | 32) != 'e') return false;
  bool negative = at < end && *at == '-';
  if (at < end && (*at == '-' || *at == '+')) at++;
  size_t len = digits_len(at, end);
  if (len == 0 || at + len != end) return false;
  for (size_t i = 0; i < len && parts->exponent < 10000000000; i++)
    parts->exponent = parts->exponent * 10 + (at[i] - '0');
  if (negative) parts->exponent = -parts->exponent;
  return true;
}

static bool add_digits(med_wide_digits *digits, const char *from, size_t len) {
  for (size_t i = 0; i < len; i++) {
    if (digits->count == 0 && from[i] == '0') continue;
    if (digits->count == MED_WIDE_NUMBER_DIGITS_MAX) return false;
    digits->digits[digits->count++] = (uint8_t)(from[i] - '0');
  }
  return true;
}

static int read_decimal(med_slice text, med_buffer *value, medley_error *error) {
  uint8_t bytes[4 + MED_WIDE_NUMBER_SIZE_MAX];
  med_wide_digits digits = {.count = 0};
  real_text parts;
  size_t len = 0;
  if (!take_apart(text, &parts)) return refuse(error, text);
  int64_t scale = (int64_t)parts.fraction_len - parts.exponent;
  if (scale < INT32_MIN || scale > INT32_MAX)
    return med_error_set(error, MEDLEY_RANGE, "a decimal's exponent is too big");
  bool fits =
      add_digits(&digits, parts.whole, parts.whole_len) && add_digits(&digits, parts.fraction, parts.fraction_len);
  digits.negative = parts.negative && digits.count > 0;
  if (fits) len = med_wide_digits_write(&digits, bytes + 4);
  if (len == 0) return med_error_set(error, MEDLEY_TOO_BIG, "a number is too long");
  med_put_u32(bytes, (uint32_t)scale);
  return append(value, bytes, 4 + len, error);
}

static bool read_named_real(med_slice text, double *number) {
  const char *at = text.bytes, *end = at + text.len;
  bool negative = at < end && *at == '-';
  if (at < end && (*at == '-' || *at == '+')) at++;
  size_t len = (size_t)(end - at);
  *number = len == 3 && strncasecmp(at, "nan", 3) == 0 ? (double)NAN : (double)INFINITY;
  if (negative && !isnan(*number)) *number = -*number;
  return isnan(*number) || (len == 8 && strncasecmp(at, "infinity", 8) == 0);
}

/* A float is rounded once, from its text. Too big a number is infinite and too small a one 0, as in Java. */
static int read_real(bool is_double, med_slice text, med_buffer *value, medley_error *error) {
  char copy[REAL_LEN_MAX + 1];
  uint8_t bytes[8];
  real_text parts;
  double wide;
  float narrow;
  if (!read_named_real(text, &wide)) {
    if (!take_apart(text, &parts)) return refuse(error, text);
    if (text.len > REAL_LEN_MAX) return med_error_set(error, MEDLEY_TOO_BIG, "a number is too long");
    memcpy(copy, text.bytes, text.len);
    copy[text.len] = '\0';
    wide = is_double ? med_real_text_double(copy, NULL) : (double)med_real_text_float(copy, NULL);
  }
  narrow = (float)wide;
  uint64_t bits = 0;
  uint32_t narrow_bits = 0;
  memcpy(&bits, &wide, sizeof bits);
  memcpy(&narrow_bits, &narrow, sizeof narrow_bits);
  if (is_double)
    med_put_u64(bytes, bits);
  else
    med_put_u32(bytes, narrow_bits);
  return append(value, bytes, is_double ? 8 : 4, error);
}

int med_wide_text_read(med_wide_kind kind, med_slice text, med_buffer *value, medley_error *error) {
  med_wide_type type = {.kind = kind};
  switch (kind) {
    case MED_WIDE_ASCII:
    case MED_WIDE_TEXT: {
      int rc = med_wide_value_check(&type, text, error);
      return rc != MEDLEY_OK ? rc : append(value, text.bytes, text.len, error);
    }
    case MED_WIDE_BOOLEAN: {
      bool yes = text.len == 4 && strncasecmp(text.bytes, "true", 4) == 0;
      bool no = text.len == 5 && strncasecmp(text.bytes, "false", 5) == 0;
      return yes || no ? append(value, yes ? "\1" : "\0", 1, error) : refuse(error, text);
    }
    case MED_WIDE_BIGINT:
    case MED_WIDE_COUNTER:
    case MED_WIDE_INT:
    case MED_WIDE_SMALLINT:
    case MED_WIDE_TINYINT:
    case MED_WIDE_VARINT: return read_integer(med_wide_kind_size(kind), text, value, error);
    case MED_WIDE_UUID:
    case MED_WIDE_TIMEUUID: return read_uuid(kind, text, value, error);
    case MED_WIDE_BLOB: return read_blob(text, value, error);
    case MED_WIDE_INET: return read_inet(text, value, error);
    case MED_WIDE_DECIMAL: return read_decimal(text, value, error);
    case MED_WIDE_DOUBLE: return read_real(true, text, value, error);
    case MED_WIDE_FLOAT: return read_real(false, text, value, error);
    case MED_WIDE_DATE: return med_wide_date_read(text, value, error);
    case MED_WIDE_TIME: return med_wide_time_read(text, value, error);
    case MED_WIDE_TIMESTAMP: return med_wide_timestamp_read(text, value, error);
    case MED_WIDE_DURATION: return med_wide_duration_read(text, value, error);
    default: return med_error_set(error, MEDLEY_UNSUPPORTED, "a value with parts is not read from its text");
  }
}
