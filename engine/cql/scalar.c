/* scalar.c - see scalar.h. */
#include "engine/cql/scalar.h"

#include <math.h>

#include "models/widecolumn/value_text.h"

#define EPOCH_DAY (1ll << 31)
#define DAY_MS 86400000ll
#define EPOCH_1582_MS 12219292800000ll /* from 1582-10-15 to 1970-01-01 */

bool med_cql_is_whole(med_wide_kind kind) {
  return kind == MED_WIDE_TINYINT || kind == MED_WIDE_SMALLINT || kind == MED_WIDE_INT || kind == MED_WIDE_BIGINT ||
         kind == MED_WIDE_COUNTER;
}

bool med_cql_is_real(med_wide_kind kind) { return kind == MED_WIDE_FLOAT || kind == MED_WIDE_DOUBLE; }

bool med_cql_is_number(med_wide_kind kind) {
  return med_cql_is_whole(kind) || med_cql_is_real(kind) || kind == MED_WIDE_VARINT || kind == MED_WIDE_DECIMAL;
}

/* ---- Out of values ---- */

int64_t med_cql_whole_of(med_slice value) {
  const uint8_t *bytes = value.bytes;
  uint64_t number = value.len > 0 && bytes[0] >= 0x80 ? UINT64_MAX : 0;
  for (size_t i = 0; i < value.len; i++) number = number << 8 | bytes[i];
  return (int64_t)number;
}

double med_cql_real_of(med_slice value) {
  double wide;
  float narrow;
  uint64_t bits = value.len == 8 ? med_get_u64(value.bytes) : 0;
  uint32_t narrow_bits = value.len == 4 ? med_get_u32(value.bytes) : 0;
  memcpy(&wide, &bits, sizeof wide);
  memcpy(&narrow, &narrow_bits, sizeof narrow);
  return value.len == 8 ? wide : (double)narrow;
}

/* A real's decimal is that of its shortest text, as Java's BigDecimal.valueOf has it. */
static int decimal_of_real(med_wide_kind kind, med_slice value, med_cql_decimal *decimal, medley_error *error) {
  med_wide_type type = med_wide_type_of(kind);
  med_buffer text = {0}, bytes = {0};
  if (!isfinite(med_cql_real_of(value)))
    return med_error_set(error, MEDLEY_TYPE, "cql: a real that is not finite is no decimal");
  int rc = med_wide_text_write(&type, value, &text) ? MEDLEY_OK : med_error_no_memory(error);
  if (rc == MEDLEY_OK) rc = med_wide_text_read(MED_WIDE_DECIMAL, med_slice_of(text.bytes, text.len), &bytes, error);
  if (rc == MEDLEY_OK) rc = med_cql_decimal_of(MED_WIDE_DECIMAL, med_slice_of(bytes.bytes, bytes.len), decimal, error);
  med_buffer_clear(&text);
  med_buffer_clear(&bytes);
  return rc;
}

int med_cql_decimal_of(med_wide_kind kind, med_slice value, med_cql_decimal *decimal, medley_error *error) {
  if (med_cql_is_real(kind)) return decimal_of_real(kind, value, decimal, error);
  size_t skipped = kind == MED_WIDE_DECIMAL ? 4 : 0;
  decimal->scale = kind == MED_WIDE_DECIMAL ? (int32_t)med_get_u32(value.bytes) : 0;
  med_wide_digits_of(med_slice_of((const uint8_t *)value.bytes + skipped, value.len - skipped), &decimal->digits);
  return MEDLEY_OK;
}

bool med_cql_decimal_align(med_cql_decimal *a, med_cql_decimal *b) {
  med_cql_decimal *coarse = a->scale < b->scale ? a : b, *fine = coarse == a ? b : a;
  if (!med_wide_digits_shift(&coarse->digits, (uint64_t)(fine->scale - coarse->scale))) return false;
  coarse->scale = fine->scale;
  return true;
}

int64_t med_cql_ms_of_timeuuid(med_slice timeuuid) {
  uint64_t high = med_get_u64(timeuuid.bytes);
  uint64_t ticks = (high & 0xFFF) << 48 | ((high << 16) & 0xFFFF00000000ull) | high >> 32;
  return (int64_t)(ticks / 10000) - EPOCH_1582_MS;
}

int64_t med_cql_ms_of_date(med_slice date) { return ((int64_t)med_get_u32(date.bytes) - EPOCH_DAY) * DAY_MS; }

/* ---- Into values ---- */

int med_cql_put_bytes(med_cql_environment *e, const void *bytes, size_t len, med_slice *value, medley_error *error) {
  void *copy = med_arena_copy(e->arena, bytes, len);
  *value = med_slice_of(copy, len);
  return copy != NULL ? MEDLEY_OK : med_error_no_memory(error);
}

int med_cql_put_whole(med_cql_environment *e, med_wide_kind kind, int64_t number, med_slice *value,
                      medley_error *error) {
  uint8_t bytes[8];
  size_t size = med_wide_kind_size(kind);
  med_put_u64(bytes, (uint64_t)number);
  return med_cql_put_bytes(e, bytes + 8 - size, size, value, error);
}

int med_cql_put_real(med_cql_environment *e, med_wide_kind kind, double number, med_slice *value, medley_error *error) {
  uint8_t bytes[8];
  uint64_t bits;
  uint32_t narrow_bits;
  float narrow = (float)number;
  memcpy(&bits, &number, sizeof bits);
  memcpy(&narrow_bits, &narrow, sizeof narrow_bits);
  med_put_u64(bytes, bits);
  if (kind == MED_WIDE_FLOAT) med_put_u32(bytes, narrow_bits);
  return med_cql_put_bytes(e, bytes, kind == MED_WIDE_FLOAT ? 4 : 8, value, error);
}

static int put_digits(med_cql_environment *e, size_t before, const med_wide_digits *digits, int32_t scale,
                      med_slice *value, medley_error *error) {
  uint8_t bytes[4 + MED_WIDE_NUMBER_SIZE_MAX];
  med_put_u32(bytes, (uint32_t)scale);
  size_t len = med_wide_digits_write(digits, bytes + before);
  if (len == 0) return med_error_set(error, MEDLEY_TOO_BIG, "cql: a number has too many digits");
  return med_cql_put_bytes(e, bytes, before + len, value, error);
}

int med_cql_put_varint(med_cql_environment *e, const med_wide_digits *digits, med_slice *value, medley_error *error) {
  return put_digits(e, 0, digits, 0, value, error);
}

int med_cql_put_decimal(med_cql_environment *e, const med_cql_decimal *decimal, med_slice *value, medley_error *error) {
  if (decimal->scale < INT32_MIN || decimal->scale > INT32_MAX)
    return med_error_set(error, MEDLEY_RANGE, "cql: a decimal's exponent is too big");
  return put_digits(e, 4, &decimal->digits, (int32_t)decimal->scale, value, error);
}

int med_cql_put_date(med_cql_environment *e, int64_t ms, med_slice *value, medley_error *error) {
  uint8_t bytes[4];
  int64_t day = ms / DAY_MS - (ms % DAY_MS < 0) + EPOCH_DAY;
  if (day < 0 || day > UINT32_MAX)
    return med_error_set(error, MEDLEY_RANGE, "cql: a time is out of the range of a date");
  med_put_u32(bytes, (uint32_t)day);
  return med_cql_put_bytes(e, bytes, sizeof bytes, value, error);
}
