/* test_wide_record.c - records of every length come back, and parts that are not those of their record are damage. */
#include <limits.h>

#include "models/widecolumn/record.h"
#include "tests/unit/property.h"
#include "tests/unit/sealing_kit.h"

enum { PART = MED_VALUE_SIZE_MAX, LONG = 2 * PART + 100 };

static const uint8_t key_bytes[] = {MED_WIDE_KEY_ROW, 0, 0, 0, 9, 1, 2, 3};
static const med_slice key = {key_bytes, sizeof key_bytes};
static uint8_t bytes[4 * PART];
static med_buffer space;
static med_mark mark;

static void setup(void) {
  sealing_open();
  for (size_t i = 0; i < sizeof bytes; i++) bytes[i] = (uint8_t)(i * 31 + i / 253);
  mark = med_txn_mark(txn);
}

static void teardown(void) {
  med_buffer_clear(&space);
  sealing_close();
}

static void undo(void) { OK(med_txn_rollback_to(txn, mark)); }

static size_t count_parts(void) {
  const uint8_t prefix = MED_WIDE_KEY_PART;
  med_cursor *cursor;
  med_slice at;
  size_t count = 0;
  OK(med_cursor_open(txn, MED_TREE_WIDE, &cursor));
  int rc = med_cursor_seek(cursor, med_slice_of(&prefix, 1), &at, NULL);
  for (; rc == MEDLEY_OK && *(const uint8_t *)at.bytes == MED_WIDE_KEY_PART; count++)
    rc = med_cursor_next(cursor, &at, NULL);
  med_cursor_close(cursor);
  return count;
}

static void is_there(size_t len) {
  med_slice found;
  OK(med_wide_record_get(txn, key, &space, &found));
  ck_assert(med_slice_equal(found, med_slice_of(bytes, len)));
  ck_assert_uint_eq(count_parts(), len > MED_WIDE_INLINE_MAX ? (len + PART - 1) / PART : 0);
}

START_TEST(records_of_every_length_take_each_others_place) {
  static const size_t lens[] = {0,        1,        MED_WIDE_INLINE_MAX, MED_WIDE_INLINE_MAX + 1, PART, PART + 1,
                                2 * PART, 4 * PART, 3 * PART - 1};
  med_slice found;
  for (size_t i = 0; i < sizeof lens / sizeof *lens; i++) {
    for (size_t j = 0; j < sizeof lens / sizeof *lens; j++) {
      OK(med_wide_record_add(txn, key, med_slice_of(lens[i] > 0 ? bytes : NULL, lens[i])));
      is_there(lens[i]);
      OK(med_wide_record_put(txn, key, med_slice_of(bytes, lens[j])));
      is_there(lens[j]);
      OK(med_wide_record_delete(txn, key));
      ck_assert_uint_eq(count_parts(), 0);
      ck_assert_int_eq(med_wide_record_get(txn, key, &space, &found), MEDLEY_NOT_FOUND);
      ck_assert_int_eq(med_wide_record_delete(txn, key), MEDLEY_NOT_FOUND);
    }
  }
}
END_TEST

/* Only its length is looked at: there are no such bytes. */
START_TEST(a_record_beyond_the_limit_is_refused) {
  med_slice much = med_slice_of(bytes, MED_WIDE_RECORD_SIZE_MAX + 1);
  ck_assert_int_eq(med_wide_record_add(txn, key, much), MEDLEY_TOO_BIG);
  ck_assert_int_eq(med_wide_record_put(txn, key, much), MEDLEY_TOO_BIG);
  ck_assert_uint_eq(count_parts(), 0);
}
END_TEST

/* ---- Damage ---- */
static void is_corrupt(int rc, const char *message) {
  const medley_error *said = med_txn_error(txn);
  ck_assert_msg(rc == MEDLEY_CORRUPT, "%s: %s", message, medley_status_name(rc));
  ck_assert_msg(strstr(said->message, message) != NULL, "%s: %s", message, said->message);
  med_error_clear(med_txn_error(txn));
}

static void part_key(uint32_t index, med_key *of) {
  med_slice value;
  OK(med_txn_get(txn, MED_TREE_WIDE, key, &value));
  med_key_init(of);
  med_key_add_u8(of, MED_WIDE_KEY_PART);
  med_key_add_u64(of, med_get_u64((const uint8_t *)value.bytes + 1));
  med_key_add_u32(of, index);
}

START_TEST(a_part_that_is_missing_or_of_another_length_is_damage) {
  med_slice found;
  med_key part;
  for (uint32_t index = 0; index < 3; index++) {
    size_t whole = index < 2 ? PART : 100;
    OK(med_wide_record_add(txn, key, med_slice_of(bytes, LONG)));
    part_key(index, &part);
    for (size_t len = whole - 1; len <= whole + 1 && len <= PART; len += 2) {
      OK(med_txn_put(txn, MED_TREE_WIDE, med_key_slice(&part), med_slice_of(bytes, len)));
      is_corrupt(med_wide_record_get(txn, key, &space, &found), "a part of a record has the wrong length");
    }
    OK(med_txn_delete(txn, MED_TREE_WIDE, med_key_slice(&part)));
    is_corrupt(med_wide_record_get(txn, key, &space, &found), "a part of a record is missing");
    is_corrupt(med_wide_record_delete(txn, key), "a part of a record is missing");
    is_corrupt(med_wide_record_put(txn, key, med_slice_of(bytes, 5)), "a part of a record is missing");
    undo();
  }
}
END_TEST

/* The head of a record in parts: form, object, length. */
START_TEST(a_head_with_one_thing_wrong_is_damage) {
  med_slice found;
  uint8_t head[14] = {1, 0, 0, 0, 0, 0, 0, 0, 7};
  med_put_u32(head + 9, (uint32_t)MED_WIDE_RECORD_SIZE_MAX + 1);
  OK(med_txn_put(txn, MED_TREE_WIDE, key, med_slice_of(head, 13)));
  is_corrupt(med_wide_record_get(txn, key, &space, &found), "a record is longer than any may be");
  med_put_u32(head + 9, UINT32_MAX);
  OK(med_txn_put(txn, MED_TREE_WIDE, key, med_slice_of(head, 13)));
  is_corrupt(med_wide_record_get(txn, key, &space, &found), "a record is longer than any may be");
  for (size_t len = 0; len <= sizeof head; len++) {
    if (len == 13) continue;
    OK(med_txn_put(txn, MED_TREE_WIDE, key, med_slice_of(head, len)));
    is_corrupt(med_wide_record_get(txn, key, &space, &found), "a record of unknown form");
  }
  for (unsigned form = 2; form <= UCHAR_MAX; form++) {
    head[0] = (uint8_t)form;
    OK(med_txn_put(txn, MED_TREE_WIDE, key, med_slice_of(head, 13)));
    is_corrupt(med_wide_record_get(txn, key, &space, &found), "a record of unknown form");
  }
}
END_TEST

PROPERTY_MAIN_BETWEEN("wide_record", setup, teardown, records_of_every_length_take_each_others_place,
                      a_record_beyond_the_limit_is_refused, a_part_that_is_missing_or_of_another_length_is_damage,
                      a_head_with_one_thing_wrong_is_damage)
