/* test_keyvalue_failing.c - reading, writing and checking key-value records while memory ends or the store fails: each request of each of them fails once,
 * is answered by that and never taken for damage, and afterwards everything is as it was. */
#include "models/keyvalue/chunks.h"
#include "tests/unit/failing_kit.h"
#include "tests/unit/keyvalue_damage_kit.h"

static void fails_everywhere(failing_call *call, const char *name) {
  medley_error *error = med_txn_error(kit.kv.txn);
  ck_assert_uint_gt(failing_each(FAILING_MEMORY, call, name, error) + failing_each(FAILING_STORE, call, name, error),
                    0);
  damage_whole();
}
#define FAILS_EVERYWHERE(call_) fails_everywhere(call_, #call_)

static int undone(med_mark mark, int rc) {
  failing_inside++;
  OK(med_txn_rollback_to(kit.kv.txn, mark));
  failing_inside--;
  return rc;
}

/* ---- The check ---- */
static int check_all(void) {
  uint64_t printed = 0, count = 0;
  int rc = med_kv_check(kit.kv.txn, kit_problem, &printed, &count);
  ck_assert_uint_eq(count, 0);
  return rc;
}

START_TEST(the_check_ends_and_tells_no_damage) {
  med_kv other;
  OK(med_kv_open(kit.kv.txn, TEXT("other"), true, &other)); /* a second bucket, and a name in chunks */
  OK(med_string_set(&other, TEXT("k"), TEXT("v"), 0));
  med_collection hash;
  bool created;
  OK(med_hash_open(&kit.kv, TEXT("hash"), &kit.arena, &hash));
  OK(med_hash_put(&hash, ALL_OF(damage_long), TEXT("v"), false, &created));
  OK(med_collection_save(&hash));
  FAILS_EVERYWHERE(check_all);
}
END_TEST

/* ---- Strings and long keys ---- */
static int read_string(void) {
  med_buffer space = {0};
  med_slice value;
  int rc = med_string_get(&kit.kv, TEXT("long"), &space, &value);
  if (rc == MEDLEY_OK) ck_assert(med_slice_equal(value, ALL_OF(damage_long)));
  med_buffer_clear(&space);
  return rc;
}

static int find_long_key(void) {
  med_kv_meta meta;
  return med_kv_find(&kit.kv, ALL_OF(damage_long_key), &meta);
}

static int write_string(uint64_t offset, size_t len) {
  med_mark mark = med_txn_mark(kit.kv.txn);
  med_kv_meta meta;
  int rc;
  MED_TRY(med_kv_find(&kit.kv, TEXT("long"), &meta));
  MED_TRY(med_string_write(&kit.kv, TEXT("long"), &meta, offset, med_slice_of(damage_name, len)));
done:
  return undone(mark, rc);
}

static int write_inside(void) { return write_string(4000, DAMAGE_NAME); }
static int write_behind(void) { return write_string(DAMAGE_LONG + MED_CHUNK_SIZE, DAMAGE_NAME); }

static int put_string(void) {
  med_mark mark = med_txn_mark(kit.kv.txn);
  return undone(mark, med_string_set(&kit.kv, TEXT("new"), ALL_OF(damage_long), 0));
}

START_TEST(strings_and_long_keys) {
  FAILS_EVERYWHERE(read_string);
  FAILS_EVERYWHERE(find_long_key);
  FAILS_EVERYWHERE(write_inside);
  FAILS_EVERYWHERE(write_behind);
  FAILS_EVERYWHERE(put_string);
}
END_TEST

/* ---- Removing and walking ---- */
static int flush(void) {
  med_mark mark = med_txn_mark(kit.kv.txn);
  return undone(mark, med_kv_flush(&kit.kv));
}

static int walk_all(void) {
  med_kv_walk walk;
  int keys = 0, rc = med_kv_walk_open(&kit.kv, TEXT(""), &walk);
  while (rc == MEDLEY_OK && (rc = med_kv_walk_next(&walk)) == MEDLEY_OK) keys++;
  med_kv_walk_close(&walk);
  ck_assert(rc != MEDLEY_NOT_FOUND || keys == 9);
  return rc == MEDLEY_NOT_FOUND ? MEDLEY_OK : rc;
}

static int pick_key(void) {
  med_buffer key = {0};
  int rc = med_kv_random_key(&kit.kv, UINT64_MAX, &key);
  med_buffer_clear(&key);
  return rc;
}

START_TEST(removing_and_walking) {
  FAILS_EVERYWHERE(flush);
  FAILS_EVERYWHERE(walk_all);
  FAILS_EVERYWHERE(pick_key);
}
END_TEST

/* A record and its expiry entry that do not agree are no failure of the store. */
START_TEST(removing_what_is_not_indexed_is_damage) {
  REFUSES("a record and its expiry entry do not agree", med_kv_remove(&kit.kv, TEXT("short")),
          damage_number(damage_record_key(TEXT("short")), DAMAGE_HEADER, (uint64_t)1 << 60));
}
END_TEST

PROPERTY_MAIN_BETWEEN("keyvalue_failing", damage_open, damage_close, the_check_ends_and_tells_no_damage,
                      strings_and_long_keys, removing_and_walking, removing_what_is_not_indexed_is_damage)
