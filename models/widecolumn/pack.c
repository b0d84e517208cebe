/* pack.c - numbers of seven bits a byte, and strings behind their length. */
#include "models/widecolumn/pack.h"

bool med_pack_number(med_buffer *to, uint64_t number) {
  uint8_t bytes[MED_PACK_NUMBER_SIZE_MAX];
  size_t len = 0;
  do {
    bytes[len++] = (uint8_t)((number & 0x7F) | (number > 0x7F ? 0x80 : 0));
    number >>= 7;
  } while (number > 0);
  return med_buffer_append(to, bytes, len);
}

bool med_pack_signed(med_buffer *to, int64_t number) {
  return med_pack_number(to, ((uint64_t)number << 1) ^ (number < 0 ? UINT64_MAX : 0));
}

bool med_pack_bytes(med_buffer *to, med_slice bytes) {
  return med_pack_number(to, bytes.len) && med_buffer_append(to, bytes.bytes, bytes.len);
}

bool med_unpack_number(med_slice *from, uint64_t *number) {
  const uint8_t *bytes = from->bytes;
  uint64_t sum = 0;
  for (size_t i = 0; i < from->len && i < MED_PACK_NUMBER_SIZE_MAX; i++) {
    uint64_t part = bytes[i] & 0x7F;
    if (i == MED_PACK_NUMBER_SIZE_MAX - 1 && part > 1) return false;
    sum |= part << (7 * i);
    if (bytes[i] & 0x80) continue;
    *number = sum;
    *from = med_slice_of(bytes + i + 1, from->len - i - 1);
    return true;
  }
  return false;
}

bool med_unpack_signed(med_slice *from, int64_t *number) {
  uint64_t bits;
  if (!med_unpack_number(from, &bits)) return false;
  *number = (int64_t)((bits >> 1) ^ (bits & 1 ? UINT64_MAX : 0));
  return true;
}

bool med_unpack_bytes(med_slice *from, med_slice *bytes) {
  uint64_t len;
  med_slice rest = *from;
  if (!med_unpack_number(&rest, &len) || len > rest.len) return false;
  *bytes = med_slice_of(rest.bytes, (size_t)len);
  *from = med_slice_of((const uint8_t *)rest.bytes + len, rest.len - (size_t)len);
  return true;
}
