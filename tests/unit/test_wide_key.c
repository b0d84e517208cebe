/* test_wide_key.c - keys of random values of random types keep the values' order and give them back. */
#include <string.h>

#include "models/widecolumn/number.h"
#include "models/widecolumn/value_key.h"
#include "tests/unit/property.h"

enum { ROUNDS = 4000, VALUES = 6 };

static med_wide_type random_type(uint64_t *random, unsigned depth, med_arena *arena) {
  static const med_wide_kind kinds[] = {
      MED_WIDE_ASCII,    MED_WIDE_BIGINT, MED_WIDE_BLOB,      MED_WIDE_BOOLEAN, MED_WIDE_DECIMAL,  MED_WIDE_DOUBLE,
      MED_WIDE_FLOAT,    MED_WIDE_INT,    MED_WIDE_TIMESTAMP, MED_WIDE_UUID,    MED_WIDE_TEXT,     MED_WIDE_VARINT,
      MED_WIDE_TIMEUUID, MED_WIDE_INET,   MED_WIDE_DATE,      MED_WIDE_TIME,    MED_WIDE_SMALLINT, MED_WIDE_TINYINT,
      MED_WIDE_LIST,     MED_WIDE_SET,    MED_WIDE_MAP,       MED_WIDE_TUPLE};
  med_wide_type type = {.kind = kinds[property_below(random, depth == 3 ? 18 : 22)], .frozen = true};
  if (type.kind < MED_WIDE_LIST) return med_wide_type_of(type.kind);
  type.part_count = type.kind == MED_WIDE_MAP ? 2 : type.kind == MED_WIDE_TUPLE ? 3 : 1;
  med_wide_type *parts = med_arena_alloc(arena, type.part_count * sizeof *parts);
  ck_assert(parts != NULL);
  for (unsigned i = 0; i < type.part_count; i++) parts[i] = random_type(random, depth + 1, arena);
  type.parts = parts;
  return type;
}

static void fill(uint64_t *random, uint8_t *bytes, size_t len) {
  static const uint8_t edges[] = {0x00, 0x01, 0x7F, 0x80, 0xFF, 0xFE};
  for (size_t i = 0; i < len; i++)
    bytes[i] = property_below(random, 3) ? edges[property_below(random, 6)] : (uint8_t)property_random(random);
}

static void random_scalar(uint64_t *random, med_wide_kind kind, med_buffer *value) {
  uint8_t bytes[24];
  size_t len = med_wide_kind_size(kind);
  if (len == 0) len = kind == MED_WIDE_INET ? (property_below(random, 2) ? 4 : 16) : property_below(random, 5);
  if (kind == MED_WIDE_VARINT) len++;
  if (kind == MED_WIDE_DECIMAL) len += 5;
  fill(random, bytes, len);
  if (kind == MED_WIDE_ASCII || kind == MED_WIDE_TEXT)
    for (size_t i = 0; i < len; i++) bytes[i] &= 0x7F;
  if (kind == MED_WIDE_BOOLEAN) bytes[0] &= 1;
  if (kind == MED_WIDE_TIME) bytes[0] = bytes[1] = bytes[2] = 0;
  if (kind == MED_WIDE_TIMEUUID || (kind == MED_WIDE_UUID && property_below(random, 2)))
    bytes[6] = (bytes[6] & 15) | 16;
  if (kind == MED_WIDE_DECIMAL && property_below(random, 2))
    med_put_u32(bytes, (uint32_t)property_below(random, 4) - 2);
  if (kind == MED_WIDE_DECIMAL && bytes[0] == 0x80) bytes[0] = 0; /* a scale that stays within 32 bits */
  ck_assert(med_buffer_append(value, bytes, len));
}

static void random_value(uint64_t *random, const med_wide_type *type, med_buffer *value) {
  ck_assert(med_buffer_reserve(value, 1));
  if (type->kind < MED_WIDE_LIST) {
    random_scalar(random, type->kind, value);
    return;
  }
  med_buffer part = {0}, first = {0};
  unsigned count = type->kind == MED_WIDE_TUPLE ? 3 : (unsigned)property_below(random, 3);
  if (type->kind != MED_WIDE_TUPLE) ck_assert(med_wide_put_count(value, count));
  size_t start = value->len;
  for (unsigned i = 0; i < count; i++) {
    part.len = 0;
    random_value(random, &type->parts[type->kind == MED_WIDE_TUPLE ? i : 0], &part);
    if (i == 1 && (type->kind == MED_WIDE_SET || type->kind == MED_WIDE_MAP)) {
      int order =
          med_wide_value_compare(type->parts, med_slice_of(first.bytes, first.len), med_slice_of(part.bytes, part.len));
      if (order >= 0) { /* not in order: leave it at one */
        med_put_u32((uint8_t *)value->bytes + start - 4, 1);
        break;
      }
    }
    if (i == 0)
      ck_assert(med_buffer_reserve(&first, 1) && (part.len == 0 || med_buffer_append(&first, part.bytes, part.len)));
    bool null = type->kind == MED_WIDE_TUPLE && property_below(random, 4) == 0;
    ck_assert(med_wide_put_part(value, null ? med_slice_of(NULL, 0) : med_slice_of(part.bytes, part.len)));
    if (type->kind != MED_WIDE_MAP) continue;
    part.len = 0;
    random_value(random, &type->parts[1], &part);
    ck_assert(med_wide_put_part(value, med_slice_of(part.bytes, part.len)));
  }
  med_buffer_clear(&part);
  med_buffer_clear(&first);
}

static med_slice slice_of(const med_buffer *buffer) { return med_slice_of(buffer->bytes, buffer->len); }

/* Another part follows: neither order nor the end may be confused by it. */
static void check_round_trip(const med_wide_type *type, const med_buffer *value, bool descending,
                             const med_buffer *key) {
  med_buffer whole = {0}, again = {0};
  ck_assert(med_buffer_append(&whole, key->bytes, key->len) && med_buffer_append(&whole, "\xFF\0rest", 6));
  med_slice rest = slice_of(&whole);
  ck_assert_int_eq(med_wide_key_take(type, descending, &rest, &again), MEDLEY_OK);
  ck_assert(med_slice_equal(rest, med_slice_of("\xFF\0rest", 6)));
  ck_assert_int_eq(med_wide_value_compare(type, slice_of(value), slice_of(&again)), 0);
  med_buffer_clear(&whole);
  med_buffer_clear(&again);
}

START_TEST(keys_are_in_the_order_of_their_values_and_give_them_back) {
  uint64_t random = property_seed("wide_key");
  for (int round = 0; round < ROUNDS; round++) {
    med_arena arena = {0};
    med_wide_type type = random_type(&random, 0, &arena);
    bool descending = property_below(&random, 2) == 0;
    med_buffer values[VALUES] = {{0}}, keys[VALUES] = {{0}};
    for (int i = 0; i < VALUES; i++) {
      random_value(&random, &type, &values[i]);
      ck_assert_int_eq(med_wide_value_check(&type, slice_of(&values[i]), NULL), MEDLEY_OK);
      ck_assert_int_eq(med_wide_key_add(&type, slice_of(&values[i]), descending, &keys[i]), MEDLEY_OK);
      check_round_trip(&type, &values[i], descending, &keys[i]);
      for (int k = 0; k < i; k++) {
        int wanted = property_sign(med_wide_value_compare(&type, slice_of(&values[k]), slice_of(&values[i])));
        int order = property_sign(med_slice_compare(slice_of(&keys[k]), slice_of(&keys[i])));
        ck_assert_int_eq(order, descending ? -wanted : wanted);
        bool prefix = med_slice_starts_with(slice_of(&keys[k]), slice_of(&keys[i]));
        ck_assert(prefix == (wanted == 0));
      }
    }
    for (int i = 0; i < VALUES; i++) med_buffer_clear(&values[i]), med_buffer_clear(&keys[i]);
    med_arena_clear(&arena);
  }
}
END_TEST

START_TEST(bytes_that_are_no_key_are_refused_or_give_a_value) {
  uint64_t random = property_seed("wide_key damaged");
  unsigned refused = 0;
  for (int round = 0; round < ROUNDS; round++) {
    med_arena arena = {0};
    med_buffer value = {0};
    uint8_t bytes[40];
    med_wide_type type = random_type(&random, 0, &arena);
    fill(&random, bytes, sizeof bytes);
    med_slice key = med_slice_of(bytes, property_below(&random, sizeof bytes));
    int rc = med_wide_key_take(&type, property_below(&random, 2) == 0, &key, &value);
    if (rc == MEDLEY_OK)
      ck_assert_int_eq(med_wide_value_check(&type, slice_of(&value), NULL), MEDLEY_OK);
    else {
      refused++;
      ck_assert_int_eq(rc, MEDLEY_CORRUPT);
      ck_assert_uint_eq(value.len, 0);
      ck_assert_ptr_eq(key.bytes, bytes);
    }
    med_buffer_clear(&value);
    med_arena_clear(&arena);
  }
  ck_assert_uint_gt(refused, 0);
  ck_assert_uint_lt(refused, ROUNDS);
}
END_TEST

START_TEST(a_decimal_whose_scale_leaves_32_bits_has_no_key) {
  med_wide_type type = med_wide_type_of(MED_WIDE_DECIMAL);
  med_buffer key = {0};
  ck_assert_int_eq(med_wide_key_add(&type, med_slice_of("\x80\0\0\0\x0A", 5), false, &key), MEDLEY_RANGE);
  ck_assert_uint_eq(key.len, 0);
  med_buffer_clear(&key);
}
END_TEST

/* ---- Damage ---- */
static int take(const char *type_text, med_slice key) {
  med_arena arena = {0};
  med_buffer value = {0};
  med_wide_type type;
  ck_assert_int_eq(med_wide_type_parse(med_slice_of_text(type_text), NULL, NULL, &arena, &type, NULL), MEDLEY_OK);
  int rc = med_wide_key_take(&type, false, &key, &value);
  ck_assert(rc == MEDLEY_OK || value.len == 0);
  med_buffer_clear(&value);
  med_arena_clear(&arena);
  return rc;
}
#define IS_NO_KEY(type_, literal_) \
  ck_assert_int_eq(take(type_, med_slice_of(literal_, sizeof(literal_) - 1)), MEDLEY_CORRUPT)

START_TEST(a_key_with_one_thing_wrong_is_refused) {
  ck_assert_int_eq(take("decimal", med_slice_of("\2\1\0\0\0\1\x15\0", 8)), MEDLEY_OK); /* 2 */
  IS_NO_KEY("decimal", "");
  IS_NO_KEY("decimal", "\3");                           /* a sign that is none */
  IS_NO_KEY("decimal", "\2\1\0\0\0");                   /* an exponent that is cut */
  IS_NO_KEY("decimal", "\2\1\0\0\0\1\x66\0");           /* digits beyond 99 */
  IS_NO_KEY("decimal", "\2\1\0\0\0\1\0");               /* no digits */
  IS_NO_KEY("decimal", "\2\1\0\0\0\1\1\0");             /* only zeros */
  IS_NO_KEY("decimal", "\2\1\0\0\0\1\2\0");             /* a zero first */
  IS_NO_KEY("decimal", "\2\xFF\xFF\xFF\xFF\xFF\x15\0"); /* an exponent beyond every scale */
  IS_NO_KEY("decimal", "\2\0\0\0\0\0\x15\0");
  IS_NO_KEY("varint", "\x80");       /* a length that is cut */
  IS_NO_KEY("varint", "\x80\0");     /* of nothing */
  IS_NO_KEY("varint", "\x80\2\1");   /* of more than there is */
  IS_NO_KEY("varint", "\xFF\xFF\1"); /* of more than a number may have */
  IS_NO_KEY("int", "\x80\0\0");
  IS_NO_KEY("uuid", "\x40\0\0");
  IS_NO_KEY("duration", "\2\2\2"); /* has no order, so no key */
  IS_NO_KEY("text", "a");
  IS_NO_KEY("text", "a\0");
  IS_NO_KEY("text", "a\0\1");
  IS_NO_KEY("frozen<list<int>>", "");
  IS_NO_KEY("frozen<list<int>>", "\2");
  IS_NO_KEY("frozen<list<int>>", "\1\x80\0\0\1");
  IS_NO_KEY("frozen<map<int, int>>", "\1\x80\0\0\1\0"); /* a key without its value */
  IS_NO_KEY("tuple<int, int>", "\1\x80\0\0\1");
}
END_TEST

/* Two digits in each byte; a number has an odd count of them at most, so that the last one of the last byte is 0. */
START_TEST(a_decimal_of_too_many_digits_is_no_key) {
  enum { BYTES_MAX = (MED_WIDE_NUMBER_DIGITS_MAX + 1) / 2 };
  static const struct {
    int bytes, last, status;
  } cases[] = {{BYTES_MAX, 0, MEDLEY_OK},
               {BYTES_MAX, 10, MEDLEY_OK},
               {BYTES_MAX, 1, MEDLEY_CORRUPT},
               {BYTES_MAX + 1, 0, MEDLEY_CORRUPT},
               {BYTES_MAX + 1, 10, MEDLEY_CORRUPT}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    med_buffer key = {0};
    ck_assert(med_buffer_append(&key, "\2\1\0\0\0\1", 6));
    for (int at = 1; at <= cases[i].bytes; at++)
      ck_assert(med_buffer_append_byte(&key, (uint8_t)(1 + (at == 1 ? 11 : at == cases[i].bytes ? cases[i].last : 0))));
    ck_assert(med_buffer_append_byte(&key, 0));
    ck_assert_int_eq(take("decimal", slice_of(&key)), cases[i].status);
    med_buffer_clear(&key);
  }
}
END_TEST

PROPERTY_MAIN("wide_key", a_key_with_one_thing_wrong_is_refused, a_decimal_of_too_many_digits_is_no_key,
              keys_are_in_the_order_of_their_values_and_give_them_back,
              bytes_that_are_no_key_are_refused_or_give_a_value, a_decimal_whose_scale_leaves_32_bits_has_no_key)
