/* test_keys.c - memcmp order of keys is the order of the values that they were made of. */
#include <check.h>
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "storage/keys.h"
#include "tests/unit/property.h"

enum { ROOM = 120, PART_MAX = 300, ROUNDS = 60000 };

static int key_order(const med_key *a, const med_key *b) {
  return property_sign(med_slice_compare(med_key_slice(a), med_key_slice(b)));
}

/* ---- Tuples ---- A random tuple, comparable field by field. */
typedef enum field_kind { U8, U16, U32, U64, I64, REAL, ESCAPED, FIELD_KINDS } field_kind;
typedef struct field {
  uint64_t number;
  double real;
  uint8_t bytes[PART_MAX];
  size_t len;
} field;

static double random_real(uint64_t *random) {
  static const double special[] = {0.0, -0.0, 1.0, -1.0, DBL_MIN, -DBL_MIN, DBL_MAX, -DBL_MAX, 5e-324, -5e-324};
  uint64_t choice = property_below(random, 24);
  if (choice < 10) return special[choice];
  if (choice == 10) return INFINITY;
  if (choice == 11) return -INFINITY;
  if (choice < 16) return (double)(int64_t)property_below(random, 7) - 3;
  double value;
  do {
    uint64_t bits = property_random(random);
    memcpy(&value, &bits, sizeof value);
  } while (value != value);
  return value;
}

/* Few different bytes and short parts, so that tuples often share a beginning. */
static void random_field(field *f, size_t len_max, uint64_t *random) {
  static const uint8_t alphabet[] = {0, 0, 1, 'a', 'b', 0xFE, 0xFF, 0xFF};
  f->number = property_below(random, 3) == 0 ? property_below(random, 3) : property_number(random);
  f->real = random_real(random);
  f->len = (size_t)property_below(random, property_below(random, 4) == 0 ? len_max + 1 : 4);
  for (size_t i = 0; i < f->len; i++) f->bytes[i] = alphabet[property_below(random, sizeof alphabet)];
}

static void add_field(med_key *key, field_kind kind, const field *f) {
  switch (kind) {
    case U8: med_key_add_u8(key, (uint8_t)f->number); break;
    case U16: med_key_add_u16(key, (uint16_t)f->number); break;
    case U32: med_key_add_u32(key, (uint32_t)f->number); break;
    case U64: med_key_add_u64(key, f->number); break;
    case I64: med_key_add_i64(key, (int64_t)f->number); break;
    case REAL: med_key_add_real(key, f->real); break;
    default: ck_assert(med_key_add_escaped(key, med_slice_of(f->bytes, f->len), ROOM)); break;
  }
}

static int compare_numbers(uint64_t a, uint64_t b) { return a < b ? -1 : a > b; }

static int field_order(field_kind kind, const field *a, const field *b) {
  switch (kind) {
    case U8: return compare_numbers((uint8_t)a->number, (uint8_t)b->number);
    case U16: return compare_numbers((uint16_t)a->number, (uint16_t)b->number);
    case U32: return compare_numbers((uint32_t)a->number, (uint32_t)b->number);
    case U64: return compare_numbers(a->number, b->number);
    case I64: return (int64_t)a->number < (int64_t)b->number ? -1 : (int64_t)a->number > (int64_t)b->number;
    case REAL: return a->real < b->real ? -1 : a->real > b->real;
    default: return property_sign(med_slice_compare(med_slice_of(a->bytes, a->len), med_slice_of(b->bytes, b->len)));
  }
}

START_TEST(tuples_sort_like_their_fields) {
  uint64_t random = property_seed("tuples");
  for (unsigned round = 0; round < ROUNDS; round++) {
    med_key left, right;
    int expected = 0;
    med_key_init(&left);
    med_key_init(&right);
    for (unsigned i = 0; i < 4; i++) {
      field_kind kind = (field_kind)property_below(&random, FIELD_KINDS);
      field a, b;
      random_field(&a, 50, &random);
      random_field(&b, 50, &random);
      if (property_below(&random, 2)) b = a;
      add_field(&left, kind, &a);
      add_field(&right, kind, &b);
      if (expected == 0) expected = field_order(kind, &a, &b);
    }
    ck_assert_msg(key_order(&left, &right) == expected, "round %u", round);
  }
}
END_TEST

START_TEST(a_real_comes_back_from_its_sortable_bits) {
  uint64_t random = property_seed("reals");
  for (unsigned i = 0; i < ROUNDS; i++) {
    double value = random_real(&random);
    ck_assert(med_key_real_from_bits(med_key_real_bits(value)) == value);
  }
  ck_assert_uint_eq(med_key_real_bits(-0.0), med_key_real_bits(0.0));
  ck_assert_uint_lt(med_key_real_bits(-INFINITY), med_key_real_bits(-DBL_MAX));
  ck_assert_uint_lt(med_key_real_bits(DBL_MAX), med_key_real_bits(INFINITY));
}
END_TEST

START_TEST(bytes_of_a_last_part_are_stored_as_they_are) {
  med_key key;
  med_key_init(&key);
  med_key_add_u8(&key, 1);
  ck_assert(med_key_add_bytes(&key, med_slice_of("a\0b", 3), 48));
  ck_assert_uint_eq(key.len, 4);
  ck_assert_mem_eq(key.bytes, "\1a\0b", 4);
  ck_assert(med_key_add_bytes(&key, med_slice_of(NULL, 0), 48));
  ck_assert_uint_eq(key.len, 4);
}
END_TEST

START_TEST(no_escaped_part_is_a_prefix_of_another) {
  uint64_t random = property_seed("prefixes");
  for (unsigned i = 0; i < ROUNDS; i++) {
    field a, b;
    med_key left, right;
    random_field(&a, 200, &random);
    random_field(&b, 200, &random);
    if (a.len == b.len && memcmp(a.bytes, b.bytes, a.len) == 0) continue;
    med_key_init(&left);
    med_key_init(&right);
    med_key_add_escaped(&left, med_slice_of(a.bytes, a.len), ROOM);
    med_key_add_escaped(&right, med_slice_of(b.bytes, b.len), ROOM);
    ck_assert_uint_le(left.len, ROOM);
    ck_assert(!med_slice_starts_with(med_key_slice(&left), med_key_slice(&right)));
    ck_assert(!med_slice_starts_with(med_key_slice(&right), med_key_slice(&left)));
  }
}
END_TEST

/* Long parts sort by what fits, and stay different from each other. */
START_TEST(long_parts_keep_to_their_room_and_sort_by_their_prefix) {
  uint64_t random = property_seed("long parts");
  for (unsigned i = 0; i < ROUNDS; i++) {
    bool escaped = property_below(&random, 2) != 0;
    field a, b;
    med_key left, right;
    random_field(&a, PART_MAX, &random);
    random_field(&b, PART_MAX, &random);
    med_key_init(&left);
    med_key_init(&right);
    med_slice one = med_slice_of(a.bytes, a.len), other = med_slice_of(b.bytes, b.len);
    bool whole = escaped ? med_key_add_escaped(&left, one, ROOM) : med_key_add_bytes(&left, one, ROOM);
    whole &= escaped ? med_key_add_escaped(&right, other, ROOM) : med_key_add_bytes(&right, other, ROOM);
    ck_assert_uint_le(left.len, ROOM);
    size_t common = 0;
    while (common < a.len && common < b.len && a.bytes[common] == b.bytes[common]) common++;
    if (whole || common < (ROOM - 24) / 2)
      ck_assert_int_eq(key_order(&left, &right), property_sign(med_slice_compare(one, other)));
    if (med_slice_compare(one, other) != 0) ck_assert_int_ne(key_order(&left, &right), 0);
  }
}
END_TEST

/* Whoever knows the hash could otherwise name a short key that takes the place of a long one. */
START_TEST(a_whole_part_never_equals_a_cut_one) {
  uint8_t part[PART_MAX];
  med_key cut, whole;
  memset(part, 'k', sizeof part);
  for (unsigned escaped = 0; escaped < 2; escaped++) {
    med_key_init(&cut);
    bool complete = escaped ? med_key_add_escaped(&cut, med_slice_of(part, sizeof part), ROOM)
                            : med_key_add_bytes(&cut, med_slice_of(part, sizeof part), ROOM);
    ck_assert(!complete);
    med_key_init(&whole);
    complete = escaped ? med_key_add_escaped(&whole, med_key_slice(&cut), ROOM)
                       : med_key_add_bytes(&whole, med_key_slice(&cut), ROOM);
    ck_assert(!complete || key_order(&cut, &whole) != 0);
  }
}
END_TEST

START_TEST(the_key_after_a_prefix_bounds_everything_that_begins_with_it) {
  uint64_t random = property_seed("after prefix");
  for (unsigned i = 0; i < ROUNDS; i++) {
    field prefix, other;
    med_key after;
    random_field(&prefix, 30, &random);
    random_field(&other, 30, &random);
    med_slice begin = med_slice_of(prefix.bytes, prefix.len), any = med_slice_of(other.bytes, other.len);
    if (!med_key_after_prefix(&after, begin)) {
      for (size_t j = 0; j < prefix.len; j++) ck_assert_uint_eq(prefix.bytes[j], 0xFF);
      continue;
    }
    bool within = med_slice_compare(any, begin) >= 0 && med_slice_compare(any, med_key_slice(&after)) < 0;
    ck_assert(within == med_slice_starts_with(any, begin));
  }
}
END_TEST

PROPERTY_MAIN("keys", tuples_sort_like_their_fields, a_real_comes_back_from_its_sortable_bits,
              bytes_of_a_last_part_are_stored_as_they_are, no_escaped_part_is_a_prefix_of_another,
              long_parts_keep_to_their_room_and_sort_by_their_prefix, a_whole_part_never_equals_a_cut_one,
              the_key_after_a_prefix_bounds_everything_that_begins_with_it)
