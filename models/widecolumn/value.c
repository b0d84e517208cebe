/* value.c - checking and comparing values. Recursion is as deep as the type, which type.c bounds. */
#include "models/widecolumn/value.h"

#include "models/widecolumn/number.h"

#define DAY_NS 86400000000000ll

/* ---- Parts ---- */

void med_wide_parts_init(const med_wide_type *type, med_slice value, med_wide_parts *parts) {
  *parts = (med_wide_parts){.next = value.bytes, .left = value.len, .count = type->part_count};
  if (!med_wide_kind_is_collection(type->kind)) return;
  parts->damaged = value.len < 4;
  if (parts->damaged) return;
  uint32_t count = med_get_u32(parts->next);
  parts->next += 4;
  parts->left -= 4;
  /* Each part takes four bytes at least: this also keeps twice the count within its type. */
  uint32_t width = type->kind == MED_WIDE_MAP ? 2 : 1;
  if (count > parts->left / 4 / width)
    parts->damaged = true;
  else
    parts->count = count * width;
}

bool med_wide_parts_next(med_wide_parts *parts, med_slice *part) {
  if (parts->damaged || parts->count == 0 || parts->left == 0) return false;
  parts->damaged = true;
  if (parts->left < 4) return false;
  int32_t len = (int32_t)med_get_u32(parts->next);
  parts->next += 4;
  parts->left -= 4;
  if (len >= 0 && (size_t)len > parts->left) return false;
  *part = len < 0 ? med_slice_of(NULL, 0) : med_slice_of(parts->next, (size_t)len);
  parts->next += part->len;
  parts->left -= part->len;
  parts->count--;
  parts->damaged = false;
  return true;
}

bool med_wide_put_count(med_buffer *value, uint32_t count) {
  uint8_t bytes[4];
  med_put_u32(bytes, count);
  return med_buffer_append(value, bytes, sizeof bytes);
}

bool med_wide_put_part(med_buffer *value, med_slice part) {
  if (part.len > INT32_MAX) return false;
  return med_wide_put_count(value, med_wide_is_null(part) ? UINT32_MAX : (uint32_t)part.len) &&
         (part.len == 0 || med_buffer_append(value, part.bytes, part.len));
}

/* ---- Checking ---- */

static bool is_ascii(med_slice text) {
  const uint8_t *bytes = text.bytes;
  for (size_t i = 0; i < text.len; i++) {
    if (bytes[i] >= 0x80) return false;
  }
  return true;
}

/* Bytes of the character at `at`, 0 if it is none: shortest form only, no surrogates, up to 10FFFF. */
static size_t utf8_size(const uint8_t *at, size_t left) {
  if (at[0] < 0x80) return 1;
  size_t size = at[0] >= 0xF0 ? 4 : at[0] >= 0xE0 ? 3 : 2;
  if (at[0] < 0xC2 || at[0] > 0xF4 || left < size) return 0;
  for (size_t i = 1; i < size; i++) {
    if ((at[i] & 0xC0) != 0x80) return 0;
  }
  if ((at[0] == 0xE0 && at[1] < 0xA0) || (at[0] == 0xED && at[1] > 0x9F)) return 0;
  if ((at[0] == 0xF0 && at[1] < 0x90) || (at[0] == 0xF4 && at[1] > 0x8F)) return 0;
  return size;
}

static bool is_utf8(med_slice text) {
  const uint8_t *bytes = text.bytes;
  for (size_t i = 0, size; i < text.len; i += size) {
    size = utf8_size(bytes + i, text.len - i);
    if (size == 0) return false;
  }
  return true;
}

bool med_wide_take_vint(med_slice *from, int64_t *number) {
  const uint8_t *bytes = from->bytes;
  if (from->len == 0) return false;
  unsigned extra = 0;
  while (extra < 8 && (bytes[0] & (0x80u >> extra)) != 0) extra++;
  if (from->len < extra + 1u) return false;
  uint64_t value = extra >= 7 ? 0 : bytes[0] & (0xFFu >> (extra + 1));
  for (unsigned i = 1; i <= extra; i++) value = (value << 8) | bytes[i];
  *number = (int64_t)((value >> 1) ^ (0 - (value & 1)));
  *from = med_slice_of(bytes + extra + 1, from->len - extra - 1);
  return true;
}

static bool is_duration(med_slice value) {
  int64_t months, days, nanoseconds;
  if (!med_wide_take_vint(&value, &months) || !med_wide_take_vint(&value, &days)) return false;
  if (!med_wide_take_vint(&value, &nanoseconds) || value.len > 0) return false;
  if (months != (int32_t)months || days != (int32_t)days) return false;
  bool negative = months < 0 || days < 0 || nanoseconds<0, positive = months> 0 || days > 0 || nanoseconds > 0;
  return !(negative && positive);
}

static int check_parts(const med_wide_type *type, med_slice value, medley_error *error) {
  med_wide_parts parts;
  med_slice part, before = med_slice_of(NULL, 0);
  bool collection = med_wide_kind_is_collection(type->kind);
  unsigned index = 0;
  med_wide_parts_init(type, value, &parts);
  while (med_wide_parts_next(&parts, &part)) {
    if (collection && med_wide_is_null(part))
      return med_error_set(error, MEDLEY_TYPE, "null is not supported inside collections");
    const med_wide_type *part_type = &type->parts[collection ? index % type->part_count : index];
    int rc = med_wide_value_check(part_type, part, error);
    if (rc != MEDLEY_OK) return rc;
    if (type->kind == MED_WIDE_SET || (type->kind == MED_WIDE_MAP && index % 2 == 0)) {
      if (index > 0 && med_wide_value_compare(part_type, before, part) >= 0)
        return med_error_set(error, MEDLEY_TYPE, "the elements of a set or the keys of a map are not in order");
      before = part;
    }
    index++;
  }
  if (parts.damaged || parts.left > 0 || (collection && parts.count > 0))
    return med_error_set(error, MEDLEY_TYPE, "the bytes of a collection, tuple or user type are not whole");
  return MEDLEY_OK;
}

static int check_number(size_t len, medley_error *error) {
  if (len == 0) return med_error_set(error, MEDLEY_TYPE, "a number has no bytes");
  if (len <= MED_WIDE_NUMBER_SIZE_MAX) return MEDLEY_OK;
  return med_error_set(error, MEDLEY_TOO_BIG, "a number has more than %d bytes", MED_WIDE_NUMBER_SIZE_MAX);
}

int med_wide_value_check(const med_wide_type *type, med_slice value, medley_error *error) {
  const uint8_t *bytes = value.bytes;
  size_t size = med_wide_kind_size(type->kind);
  bool fine = true;
  if (med_wide_is_null(value)) return MEDLEY_OK;
  if (size > 0 && value.len != size)
    return med_error_set(error, MEDLEY_TYPE, "Expected %zu bytes for the value (%zu)", size, value.len);
  switch (type->kind) {
    case MED_WIDE_ASCII: fine = is_ascii(value); break;
    case MED_WIDE_TEXT: fine = is_utf8(value); break;
    case MED_WIDE_BOOLEAN: fine = bytes[0] <= 1; break;
    case MED_WIDE_INET: fine = value.len == 4 || value.len == 16; break;
    case MED_WIDE_TIMEUUID: fine = bytes[6] >> 4 == 1; break;
    case MED_WIDE_TIME: fine = med_get_u64(bytes) < (uint64_t)DAY_NS; break;
    case MED_WIDE_DURATION: fine = is_duration(value); break;
    case MED_WIDE_VARINT: return check_number(value.len, error);
    case MED_WIDE_DECIMAL: return check_number(value.len < 4 ? 0 : value.len - 4, error);
    default:
      if (type->kind >= MED_WIDE_LIST) return check_parts(type, value, error);
  }
  return fine ? MEDLEY_OK : med_error_set(error, MEDLEY_TYPE, "the bytes are no value of kind %d", (int)type->kind);
}

/* ---- Comparing ---- */

uint64_t med_wide_uuid_order(const uint8_t uuid[16]) {
  uint64_t high = med_get_u64(uuid), version = (high >> 12) & 0xF;
  if (version == 1) return high << 48 | ((high << 16) & 0xFFFF00000000ull) | high >> 32;
  return version << 60 | (high >> 16) << 12 | (high & 0xFFF);
}

uint64_t med_wide_real_order(uint64_t bits, bool is_double) {
  uint64_t sign = is_double ? 1ull << 63 : 1ull << 31, mask = sign | (sign - 1);
  uint64_t infinity = is_double ? 0x7FF0000000000000ull : 0x7F800000ull;
  uint64_t nan = is_double ? 0x7FF8000000000000ull : 0x7FC00000ull;
  if ((bits & ~sign & mask) > infinity) bits = nan;
  return (bits & sign) != 0 ? ~bits & mask : bits | sign;
}

uint64_t med_wide_real_unorder(uint64_t order, bool is_double) {
  uint64_t sign = is_double ? 1ull << 63 : 1ull << 31, mask = sign | (sign - 1);
  return (order & sign) != 0 ? order & ~sign : ~order & mask;
}

static int compare_u64(uint64_t a, uint64_t b) { return a < b ? -1 : a > b; }
static int compare_i64(int64_t a, int64_t b) { return a < b ? -1 : a > b; }

static int compare_signed_bytes(med_slice a, med_slice b) {
  int8_t first_a = *(const int8_t *)a.bytes, first_b = *(const int8_t *)b.bytes;
  if ((first_a < 0) != (first_b < 0)) return first_a < 0 ? -1 : 1;
  return med_slice_compare(a, b);
}

static int compare_varint(med_slice a, med_slice b) {
  a = med_wide_number_shortest(a);
  b = med_wide_number_shortest(b);
  bool negative = *(const uint8_t *)a.bytes >= 0x80;
  if (negative != (*(const uint8_t *)b.bytes >= 0x80) || a.len == b.len) return compare_signed_bytes(a, b);
  return (a.len < b.len) != negative ? -1 : 1;
}

static int compare_decimal(med_slice a, med_slice b) {
  const uint8_t *bytes_a = a.bytes, *bytes_b = b.bytes;
  med_wide_digits da, db;
  med_wide_digits_of(med_slice_of(bytes_a + 4, a.len - 4), &da);
  med_wide_digits_of(med_slice_of(bytes_b + 4, b.len - 4), &db);
  int sign_a = da.count == 0 ? 0 : da.negative ? -1 : 1, sign_b = db.count == 0 ? 0 : db.negative ? -1 : 1;
  if (sign_a != sign_b || sign_a == 0) return compare_i64(sign_a, sign_b);
  int order =
      compare_i64((int64_t)da.count - (int32_t)med_get_u32(bytes_a), (int64_t)db.count - (int32_t)med_get_u32(bytes_b));
  while (da.digits[da.count - 1] == 0) da.count--;
  while (db.digits[db.count - 1] == 0) db.count--;
  if (order == 0) order = med_slice_compare(med_slice_of(da.digits, da.count), med_slice_of(db.digits, db.count));
  return sign_a * order;
}

static int compare_uuid(med_slice a, med_slice b, bool by_time) {
  const uint8_t *bytes_a = a.bytes, *bytes_b = b.bytes;
  int order = compare_u64(med_wide_uuid_order(bytes_a), med_wide_uuid_order(bytes_b));
  uint64_t flip = by_time ? 0x8080808080808080ull : 0; /* timeuuid takes the last eight bytes as signed */
  return order != 0 ? order : compare_u64(med_get_u64(bytes_a + 8) ^ flip, med_get_u64(bytes_b + 8) ^ flip);
}

static int compare_parts(const med_wide_type *type, med_slice a, med_slice b) {
  med_wide_parts parts_a, parts_b;
  bool collection = med_wide_kind_is_collection(type->kind);
  med_wide_parts_init(type, a, &parts_a);
  med_wide_parts_init(type, b, &parts_b);
  for (unsigned index = 0;; index++) {
    med_slice part_a = med_slice_of(NULL, 0), part_b = part_a;
    bool more_a = med_wide_parts_next(&parts_a, &part_a), more_b = med_wide_parts_next(&parts_b, &part_b);
    if (!more_a && !more_b) return 0;
    if (collection && more_a != more_b) return more_b ? -1 : 1;
    int order = med_wide_value_compare(&type->parts[collection ? index % type->part_count : index], part_a, part_b);
    if (order != 0) return order;
  }
}

int med_wide_value_compare(const med_wide_type *type, med_slice a, med_slice b) {
  if (med_wide_is_null(a) || med_wide_is_null(b)) return (int)med_wide_is_null(b) - (int)med_wide_is_null(a);
  switch (type->kind) {
    case MED_WIDE_BIGINT:
    case MED_WIDE_COUNTER:
    case MED_WIDE_INT:
    case MED_WIDE_TIMESTAMP:
    case MED_WIDE_SMALLINT:
    case MED_WIDE_TINYINT: return compare_signed_bytes(a, b);
    case MED_WIDE_DOUBLE:
      return compare_u64(med_wide_real_order(med_get_u64(a.bytes), true),
                         med_wide_real_order(med_get_u64(b.bytes), true));
    case MED_WIDE_FLOAT:
      return compare_u64(med_wide_real_order(med_get_u32(a.bytes), false),
                         med_wide_real_order(med_get_u32(b.bytes), false));
    case MED_WIDE_VARINT: return compare_varint(a, b);
    case MED_WIDE_DECIMAL: return compare_decimal(a, b);
    case MED_WIDE_UUID: return compare_uuid(a, b, false);
    case MED_WIDE_TIMEUUID: return compare_uuid(a, b, true);
    default: return type->kind >= MED_WIDE_LIST ? compare_parts(type, a, b) : med_slice_compare(a, b);
  }
}
