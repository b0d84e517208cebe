/* value_key.c - order-preserving parts of keys, both ways. Recursion is as deep as the type. */
#include "models/widecolumn/value_key.h"

#include <assert.h>

#include "models/widecolumn/number.h"

#define SIGNED_BYTES 0x8080808080808080ull /* flips the sign of each of eight bytes */
#define EXPONENT_BIAS (1ll << 32)

enum { DECIMAL_NEGATIVE = 0, DECIMAL_ZERO = 1, DECIMAL_POSITIVE = 2 };
enum { VARINT_BIAS = 0x8000 };
enum { PART_END = 0, PART_THERE = 1 };

/* Whether the first bit of the bytes is a sign. */
static bool is_signed(med_wide_kind kind) {
  return kind == MED_WIDE_BIGINT || kind == MED_WIDE_INT || kind == MED_WIDE_TIMESTAMP || kind == MED_WIDE_SMALLINT ||
         kind == MED_WIDE_TINYINT;
}

/* ---- Adding ---- */

static bool add(med_buffer *key, const void *bytes, size_t len) { return med_buffer_append(key, bytes, len); }

static bool add_escaped(med_buffer *key, med_slice value) {
  const uint8_t *bytes = value.bytes;
  for (size_t i = 0; i < value.len; i++) {
    if (!med_buffer_append_byte(key, bytes[i])) return false;
    if (bytes[i] == 0 && !med_buffer_append_byte(key, 0xFF)) return false;
  }
  return add(key, "\0", 2);
}

static bool add_fixed(med_wide_kind kind, med_slice value, med_buffer *key) {
  uint8_t bytes[8];
  memcpy(bytes, value.bytes, value.len);
  if (is_signed(kind)) bytes[0] ^= 0x80;
  if (kind == MED_WIDE_DOUBLE) med_put_u64(bytes, med_wide_real_order(med_get_u64(bytes), true));
  if (kind == MED_WIDE_FLOAT) med_put_u32(bytes, (uint32_t)med_wide_real_order(med_get_u32(bytes), false));
  return add(key, bytes, value.len);
}

static bool add_uuid(med_wide_kind kind, const uint8_t *uuid, med_buffer *key) {
  uint8_t bytes[16];
  med_put_u64(bytes, med_wide_uuid_order(uuid));
  med_put_u64(bytes + 8, med_get_u64(uuid + 8) ^ (kind == MED_WIDE_TIMEUUID ? SIGNED_BYTES : 0));
  return add(key, bytes, sizeof bytes);
}

static bool add_varint(med_slice value, med_buffer *key) {
  uint8_t head[2];
  value = med_wide_number_shortest(value);
  bool negative = *(const uint8_t *)value.bytes >= 0x80;
  med_put_u16(head, (uint16_t)(negative ? VARINT_BIAS - value.len : VARINT_BIAS + value.len));
  return add(key, head, sizeof head) && add(key, value.bytes, value.len);
}

static int add_decimal(med_slice value, med_buffer *key) {
  uint8_t bytes[1 + 5 + MED_WIDE_NUMBER_DIGITS_MAX / 2 + 2];
  const uint8_t *from = value.bytes;
  size_t len = 1;
  med_wide_digits digits;
  med_wide_digits_of(med_slice_of(from + 4, value.len - 4), &digits);
  bytes[0] = digits.count == 0 ? DECIMAL_ZERO : digits.negative ? DECIMAL_NEGATIVE : DECIMAL_POSITIVE;
  if (digits.count > 0) {
    int64_t exponent = (int64_t)digits.count - (int32_t)med_get_u32(from);
    while (digits.digits[digits.count - 1] == 0) digits.count--;
    if (digits.count - exponent < INT32_MIN) return MEDLEY_RANGE;
    uint64_t biased = (uint64_t)(exponent + EXPONENT_BIAS);
    bytes[len++] = (uint8_t)(biased >> 32);
    med_put_u32(bytes + len, (uint32_t)biased);
    len += 4;
    for (unsigned i = 0; i < digits.count; i += 2)
      bytes[len++] = (uint8_t)(1 + 10 * digits.digits[i] + (i + 1 < digits.count ? digits.digits[i + 1] : 0));
    bytes[len++] = 0;
    for (size_t i = 1; i < len && digits.negative; i++) bytes[i] = (uint8_t)~bytes[i];
  }
  return add(key, bytes, len) ? MEDLEY_OK : MEDLEY_NO_MEMORY;
}

static int add_value(const med_wide_type *type, med_slice value, med_buffer *key);

static int add_parts(const med_wide_type *type, med_slice value, med_buffer *key) {
  med_wide_parts parts;
  bool collection = med_wide_kind_is_collection(type->kind);
  med_wide_parts_init(type, value, &parts);
  for (unsigned index = 0; collection || index < type->part_count; index++) {
    med_slice part = med_slice_of(NULL, 0);
    if (!med_wide_parts_next(&parts, &part) && collection) break;
    bool there = !med_wide_is_null(part);
    if (!med_buffer_append_byte(key, there ? PART_THERE : PART_END)) return MEDLEY_NO_MEMORY;
    if (!there) continue;
    int rc = add_value(&type->parts[collection ? index % type->part_count : index], part, key);
    if (rc != MEDLEY_OK) return rc;
  }
  return !collection || med_buffer_append_byte(key, PART_END) ? MEDLEY_OK : MEDLEY_NO_MEMORY;
}

static int add_value(const med_wide_type *type, med_slice value, med_buffer *key) {
  bool fine;
  switch (type->kind) {
    case MED_WIDE_ASCII:
    case MED_WIDE_TEXT:
    case MED_WIDE_BLOB:
    case MED_WIDE_INET: fine = add_escaped(key, value); break;
    case MED_WIDE_UUID:
    case MED_WIDE_TIMEUUID: fine = add_uuid(type->kind, value.bytes, key); break;
    case MED_WIDE_VARINT: fine = add_varint(value, key); break;
    case MED_WIDE_DECIMAL: return add_decimal(value, key);
    default:
      if (type->kind >= MED_WIDE_LIST) return add_parts(type, value, key);
      fine = add_fixed(type->kind, value, key);
  }
  return fine ? MEDLEY_OK : MEDLEY_NO_MEMORY;
}

int med_wide_key_add(const med_wide_type *type, med_slice value, bool descending, med_buffer *key) {
  size_t start = key->len;
  assert(!med_wide_is_null(value) && med_wide_type_has_order(type));
  int rc = add_value(type, value, key);
  if (rc != MEDLEY_OK) key->len = start;
  for (size_t i = start; i < key->len && descending; i++) key->bytes[i] = (char)~key->bytes[i];
  return rc;
}

/* ---- Taking ---- */

typedef struct key_reader {
  const uint8_t *next;
  size_t left;
  uint8_t invert; /* FF if descending */
} key_reader;

static bool take_byte(key_reader *key, uint8_t *byte) {
  if (key->left == 0) return false;
  *byte = *key->next++ ^ key->invert;
  key->left--;
  return true;
}

static bool take_bytes(key_reader *key, uint8_t *bytes, size_t len) {
  for (size_t i = 0; i < len; i++) {
    if (!take_byte(key, &bytes[i])) return false;
  }
  return true;
}

static int append(med_buffer *value, const void *bytes, size_t len) {
  return med_buffer_append(value, bytes, len) ? MEDLEY_OK : MEDLEY_NO_MEMORY;
}

static int take_escaped(key_reader *key, med_buffer *value) {
  uint8_t byte, mark;
  while (take_byte(key, &byte)) {
    if (byte == 0) {
      if (!take_byte(key, &mark) || (mark != 0 && mark != 0xFF)) return MEDLEY_CORRUPT;
      if (mark == 0) return MEDLEY_OK;
    }
    if (!med_buffer_append_byte(value, byte)) return MEDLEY_NO_MEMORY;
  }
  return MEDLEY_CORRUPT;
}

static int take_fixed(med_wide_kind kind, key_reader *key, med_buffer *value) {
  uint8_t bytes[8];
  size_t size = med_wide_kind_size(kind);
  if (size == 0 || size > sizeof bytes || !take_bytes(key, bytes, size)) return MEDLEY_CORRUPT;
  if (is_signed(kind)) bytes[0] ^= 0x80;
  if (kind == MED_WIDE_DOUBLE) med_put_u64(bytes, med_wide_real_unorder(med_get_u64(bytes), true));
  if (kind == MED_WIDE_FLOAT) med_put_u32(bytes, (uint32_t)med_wide_real_unorder(med_get_u32(bytes), false));
  return append(value, bytes, size);
}

static int take_uuid(med_wide_kind kind, key_reader *key, med_buffer *value) {
  uint8_t bytes[16];
  if (!take_bytes(key, bytes, sizeof bytes)) return MEDLEY_CORRUPT;
  uint64_t order = med_get_u64(bytes), high = (order << 4) >> 16 << 16 | (order >> 60) << 12 | (order & 0xFFF);
  if (order >> 60 == 1) high = order << 32 | ((order >> 32) & 0xFFFF) << 16 | order >> 48;
  med_put_u64(bytes, high);
  if (kind == MED_WIDE_TIMEUUID) med_put_u64(bytes + 8, med_get_u64(bytes + 8) ^ SIGNED_BYTES);
  return append(value, bytes, sizeof bytes);
}

static int take_varint(key_reader *key, med_buffer *value) {
  uint8_t head[2], bytes[MED_WIDE_NUMBER_SIZE_MAX];
  if (!take_bytes(key, head, sizeof head)) return MEDLEY_CORRUPT;
  int biased = med_get_u16(head);
  size_t len = (size_t)(biased < VARINT_BIAS ? VARINT_BIAS - biased : biased - VARINT_BIAS);
  if (len == 0 || len > sizeof bytes || !take_bytes(key, bytes, len)) return MEDLEY_CORRUPT;
  return append(value, bytes, len);
}

/* Digits up to the byte 00, after the exponent. */
static bool take_digits(key_reader *key, uint8_t invert, med_wide_digits *digits) {
  uint8_t byte;
  digits->count = 0;
  while (take_byte(key, &byte)) {
    byte ^= invert;
    if (byte == 0) break;
    if (byte > 100 || digits->count + 2 > MED_WIDE_NUMBER_DIGITS_MAX + 1) return false;
    digits->digits[digits->count++] = (uint8_t)((byte - 1) / 10);
    if (digits->count < MED_WIDE_NUMBER_DIGITS_MAX)
      digits->digits[digits->count++] = (uint8_t)((byte - 1) % 10);
    else if ((byte - 1) % 10 != 0)
      return false;
  }
  while (digits->count > 0 && digits->digits[digits->count - 1] == 0) digits->count--;
  return digits->count > 0 && digits->digits[0] != 0;
}

static int take_decimal(key_reader *key, med_buffer *value) {
  uint8_t sign, head[5], bytes[4 + MED_WIDE_NUMBER_SIZE_MAX] = {0};
  med_wide_digits digits;
  if (!take_byte(key, &sign) || sign > DECIMAL_POSITIVE) return MEDLEY_CORRUPT;
  if (sign == DECIMAL_ZERO) return append(value, bytes, 5);
  uint8_t invert = sign == DECIMAL_NEGATIVE ? 0xFF : 0;
  if (!take_bytes(key, head, sizeof head)) return MEDLEY_CORRUPT;
  for (size_t i = 0; i < sizeof head; i++) head[i] ^= invert;
  if (!take_digits(key, invert, &digits)) return MEDLEY_CORRUPT;
  digits.negative = sign == DECIMAL_NEGATIVE;
  int64_t exponent = (int64_t)((uint64_t)head[0] << 32 | med_get_u32(head + 1)) - EXPONENT_BIAS;
  int64_t scale = digits.count - exponent;
  size_t len = med_wide_digits_write(&digits, bytes + 4);
  if (len == 0 || scale != (int32_t)scale) return MEDLEY_CORRUPT;
  med_put_u32(bytes, (uint32_t)(int32_t)scale);
  return append(value, bytes, 4 + len);
}

static int take_value(const med_wide_type *type, key_reader *key, med_buffer *value);

static int take_parts(const med_wide_type *type, key_reader *key, med_buffer *value) {
  bool collection = med_wide_kind_is_collection(type->kind);
  size_t start = value->len;
  uint32_t index = 0;
  if (collection && !med_wide_put_count(value, 0)) return MEDLEY_NO_MEMORY;
  for (; collection || index < type->part_count; index++) {
    uint8_t mark;
    if (!take_byte(key, &mark) || mark > PART_THERE) return MEDLEY_CORRUPT;
    if (mark == PART_END && collection) break;
    size_t part = value->len;
    if (!med_wide_put_part(value, med_slice_of(NULL, 0))) return MEDLEY_NO_MEMORY;
    if (mark == PART_END) continue;
    int rc = take_value(&type->parts[collection ? index % type->part_count : index], key, value);
    if (rc != MEDLEY_OK) return rc;
    med_put_u32((uint8_t *)value->bytes + part, (uint32_t)(value->len - part - 4));
  }
  if (!collection) return MEDLEY_OK;
  if (index % type->part_count != 0) return MEDLEY_CORRUPT;
  med_put_u32((uint8_t *)value->bytes + start, index / type->part_count);
  return MEDLEY_OK;
}

static int take_value(const med_wide_type *type, key_reader *key, med_buffer *value) {
  switch (type->kind) {
    case MED_WIDE_ASCII:
    case MED_WIDE_TEXT:
    case MED_WIDE_BLOB:
    case MED_WIDE_INET: return take_escaped(key, value);
    case MED_WIDE_UUID:
    case MED_WIDE_TIMEUUID: return take_uuid(type->kind, key, value);
    case MED_WIDE_VARINT: return take_varint(key, value);
    case MED_WIDE_DECIMAL: return take_decimal(key, value);
    default: return type->kind >= MED_WIDE_LIST ? take_parts(type, key, value) : take_fixed(type->kind, key, value);
  }
}

int med_wide_key_take(const med_wide_type *type, bool descending, med_slice *key, med_buffer *value) {
  key_reader reader = {.next = key->bytes, .left = key->len, .invert = descending ? 0xFF : 0};
  size_t start = value->len;
  if (!med_buffer_reserve(value, 1)) return MEDLEY_NO_MEMORY; /* an empty value has an address, too */
  int rc = take_value(type, &reader, value);
  if (rc == MEDLEY_OK && med_wide_value_check(type, med_slice_of(value->bytes + start, value->len - start), NULL) != 0)
    rc = MEDLEY_CORRUPT;
  if (rc != MEDLEY_OK)
    value->len = start;
  else
    *key = med_slice_of(reader.next, reader.left);
  return rc;
}
