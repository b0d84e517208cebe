/* segment_value.c - numbers of columns and values of rows. */
#include "models/widecolumn/segment_value.h"

#include <string.h>

#include "models/widecolumn/value.h"

/* Of a float's fraction, in a double's place. */
#define FRACTION_SHIFT 29
#define FLOAT_FRACTION UINT32_C(0x7FFFFF)

med_column_type med_wide_segment_type(med_wide_kind kind) {
  switch (kind) {
    case MED_WIDE_INT:
    case MED_WIDE_BIGINT:
    case MED_WIDE_SMALLINT:
    case MED_WIDE_TINYINT:
    case MED_WIDE_TIMESTAMP:
    case MED_WIDE_TIME:
    case MED_WIDE_DATE:
    case MED_WIDE_BOOLEAN: return MED_COLUMN_INTEGERS;
    case MED_WIDE_FLOAT:
    case MED_WIDE_DOUBLE: return MED_COLUMN_REALS;
    default: return MED_COLUMN_TEXTS;
  }
}

int64_t med_wide_segment_integer(med_wide_kind kind, med_slice value) {
  const uint8_t *bytes = value.bytes;
  switch (value.len) {
    case 1: return kind == MED_WIDE_BOOLEAN ? bytes[0] : (int8_t)bytes[0];
    case 2: return (int16_t)med_get_u16(bytes);
    case 4: return kind == MED_WIDE_DATE ? (int64_t)med_get_u32(bytes) : (int32_t)med_get_u32(bytes);
    default: return (int64_t)med_get_u64(bytes);
  }
}

double med_wide_segment_real(med_slice value) {
  uint64_t bits;
  double real;
  if (value.len == 8) {
    bits = med_get_u64(value.bytes);
  } else {
    uint32_t narrow = med_get_u32(value.bytes);
    float number;
    memcpy(&number, &narrow, sizeof number);
    real = (double)number;
    if (number == number) return real;
    bits =
        (uint64_t)(narrow >> 31) << 63 | UINT64_C(0x7FF) << 52 | (uint64_t)(narrow & FLOAT_FRACTION) << FRACTION_SHIFT;
  }
  memcpy(&real, &bits, sizeof real);
  return real;
}

med_slice med_wide_segment_of_integer(med_wide_kind kind, int64_t number, uint8_t bytes[8]) {
  size_t len = med_wide_kind_size(kind);
  med_put_u64(bytes, (uint64_t)number);
  return med_slice_of(bytes + 8 - len, len);
}

med_slice med_wide_segment_of_real(med_wide_kind kind, double number, uint8_t bytes[8]) {
  uint64_t bits;
  uint32_t narrow_bits;
  memcpy(&bits, &number, sizeof bits);
  if (kind == MED_WIDE_DOUBLE) {
    med_put_u64(bytes, bits);
    return med_slice_of(bytes, 8);
  }
  float narrow = number == number ? (float)number : 0;
  memcpy(&narrow_bits, &narrow, sizeof narrow_bits);
  if (number != number)
    narrow_bits =
        (uint32_t)(bits >> 63) << 31 | UINT32_C(0xFF) << 23 | ((uint32_t)(bits >> FRACTION_SHIFT) & FLOAT_FRACTION);
  med_put_u32(bytes, narrow_bits);
  return med_slice_of(bytes, 4);
}
