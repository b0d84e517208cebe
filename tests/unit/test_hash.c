/* test_hash.c - hashes with expiring fields against an array. */
#include "models/keyvalue/hash.h"

#include "tests/unit/collection_kit.h"

enum { NAMES = 700, STEPS = 9000 };

typedef struct model {
  bool present[NAMES];
  uint32_t value[NAMES];
  int64_t expires_ms[NAMES]; /* 0: never */
} model;

static char names[NAMES][KIT_NAME_MAX];
static med_slice name_slices[NAMES];
static char space[KIT_VALUE_MAX];

static void make_names(void) {
  for (uint64_t i = 0; i < NAMES; i++) name_slices[i] = kit_name_slice(i, names[i]);
}

static med_collection open_hash(collection_kit *kit) {
  med_collection hash;
  KIT_OK(kit, med_hash_open(&kit->kv, med_slice_of_text("hash"), &kit->arena, &hash));
  return hash;
}

static void expire(model *expected, int64_t now_ms) {
  for (size_t i = 0; i < NAMES; i++) {
    if (expected->present[i] && expected->expires_ms[i] != 0 && expected->expires_ms[i] <= now_ms) {
      expected->present[i] = false;
    }
  }
}

static size_t name_number(med_slice name) {
  for (size_t i = 0; i < NAMES; i++) {
    if (med_slice_equal(name, name_slices[i])) return i;
  }
  ck_abort_msg("a name that nobody wrote");
  return 0;
}

/* In a transaction of its own, so that what is due is due. */
static void compare_all(collection_kit *kit, const model *expected) {
  med_collection hash = open_hash(kit);
  uint64_t count = 0, live, seen = 0;
  for (size_t i = 0; i < NAMES; i++) {
    med_slice value;
    int64_t expires_ms;
    int rc = med_hash_get(&hash, name_slices[i], &value, &expires_ms);
    ck_assert_int_eq(rc, expected->present[i] ? MEDLEY_OK : MEDLEY_NOT_FOUND);
    if (rc != MEDLEY_OK) continue;
    count++;
    ck_assert_int_eq(expires_ms, expected->expires_ms[i]);
    ck_assert(med_slice_equal(value, kit_value(expected->value[i], space)));
  }
  KIT_OK(kit, med_hash_count(&hash, &live));
  ck_assert_uint_eq(live, count);
  ck_assert(hash.exists == (count > 0));
  med_hash_walk walk;
  KIT_OK(kit, med_hash_walk_open(&hash, med_slice_of(NULL, 0), true, &walk));
  while (med_hash_walk_next(&walk) == MEDLEY_OK) {
    size_t i = name_number(walk.field);
    ck_assert(expected->present[i]);
    ck_assert(med_slice_equal(walk.value, kit_value(expected->value[i], space)));
    seen++;
  }
  ck_assert_uint_eq(seen, count);
  med_hash_walk_close(&walk);
  kit_check(kit, "hash");
  med_arena_reset(&kit->arena);
}

static void random_step(collection_kit *kit, model *expected, uint64_t *random) {
  int64_t now_ms = med_txn_now_us(kit->kv.txn) / 1000;
  med_collection hash = open_hash(kit);
  size_t n = property_below(random, NAMES);
  uint64_t choice = property_below(random, 100);
  if (choice < 50) {
    bool created, keep = choice % 2;
    uint32_t value = (uint32_t)property_random(random);
    KIT_OK(kit, med_hash_put(&hash, name_slices[n], kit_value(value, space), keep, &created));
    ck_assert(created == !expected->present[n]);
    if (!expected->present[n] || !keep) expected->expires_ms[n] = 0;
    expected->present[n] = true;
    expected->value[n] = value;
  } else if (choice < 75) {
    int rc = med_hash_delete(&hash, name_slices[n]);
    ck_assert_int_eq(rc, expected->present[n] ? MEDLEY_OK : MEDLEY_NOT_FOUND);
    expected->present[n] = false;
  } else {
    int64_t expires_ms = choice < 80 ? 0 : now_ms - 5 + (int64_t)property_below(random, 3000);
    int rc = med_hash_set_expiry(&hash, name_slices[n], expires_ms);
    ck_assert_int_eq(rc, expected->present[n] ? MEDLEY_OK : MEDLEY_NOT_FOUND);
    expected->expires_ms[n] = expires_ms;
    if (expires_ms != 0 && expires_ms <= now_ms) expected->present[n] = false;
  }
  KIT_OK(kit, med_collection_save(&hash));
}

START_TEST(a_hash_is_a_map_through_expiry_reopening_and_rollbacks) {
  uint64_t seed = property_seed("hash"), random = seed;
  collection_kit kit;
  make_names();
  kit_open(&kit, seed);
  static model expected, marked;
  memset(&expected, 0, sizeof expected);
  med_mark mark = 0;
  bool has_mark = false;
  for (int step = 0; step < STEPS; step++) {
    random_step(&kit, &expected, &random);
    uint64_t event = property_below(&random, 300);
    if (event == 0) compare_all(&kit, &expected);
    if (event == 1 && !has_mark) {
      mark = med_txn_mark(kit.kv.txn);
      marked = expected;
      has_mark = true;
    } else if (event == 2 && has_mark) {
      KIT_OK(&kit, med_txn_rollback_to(kit.kv.txn, mark));
      expected = marked;
      has_mark = false;
      compare_all(&kit, &expected);
    } else if (event < 8) {
      if (event == 7) {
        kit_reopen(&kit);
      } else {
        kit.clock_us += (int64_t)property_below(&random, 900) * 1000;
        kit_next_transaction(&kit);
      }
      has_mark = false;
      expire(&expected, med_txn_now_us(kit.kv.txn) / 1000);
      if (event == 6) {
        size_t swept;
        bool left;
        KIT_OK(&kit, med_kv_sweep(kit.kv.txn, 20, &swept, &left));
      }
      compare_all(&kit, &expected);
    }
  }
  KIT_OK(&kit, med_kv_remove(&kit.kv, med_slice_of_text("hash")));
  kit_sweep_all(&kit);
  ck_assert_uint_eq(kit_part_count(&kit), 0);
  kit_close(&kit);
}
END_TEST

/* Nobody touches the hash: the sweep alone finds what is due, also after a move. */
START_TEST(the_sweep_removes_due_fields_and_then_the_hash) {
  collection_kit kit;
  kit_open(&kit, 1);
  int64_t now_ms = kit.clock_us / 1000;
  med_collection hash = open_hash(&kit);
  for (uint64_t i = 0; i < 40; i++) {
    char name[KIT_NAME_MAX];
    med_slice field = kit_name_slice(i, name);
    KIT_OK(&kit, med_hash_put(&hash, field, med_slice_of_text("value"), false, NULL));
    KIT_OK(&kit, med_hash_set_expiry(&hash, field, now_ms + 1000 + (int64_t)i));
  }
  KIT_OK(&kit, med_collection_save(&hash));
  KIT_OK(&kit, med_kv_move(&kit.kv, med_slice_of_text("hash"), &kit.kv, med_slice_of_text("moved")));
  kit.clock_us += 1019 * 1000;
  kit_next_transaction(&kit);
  kit_sweep_all(&kit);
  med_kv_meta meta;
  KIT_OK(&kit, med_kv_find(&kit.kv, med_slice_of_text("moved"), &meta));
  ck_assert_uint_eq(meta.count, 20);
  ck_assert_uint_eq(meta.expiring_fields, 20);
  kit_check(&kit, "moved");
  kit.clock_us += 1000 * 1000;
  kit_next_transaction(&kit);
  kit_sweep_all(&kit);
  uint64_t count;
  KIT_OK(&kit, med_kv_count(&kit.kv, &count));
  ck_assert_uint_eq(count, 0);
  ck_assert_uint_eq(kit_part_count(&kit), 0);
  kit_close(&kit);
}
END_TEST

/* A reader removes nothing, and sees nothing that is due. */
START_TEST(a_reader_sees_no_expired_field) {
  collection_kit kit;
  kit_open(&kit, 1);
  int64_t now_ms = kit.clock_us / 1000;
  med_collection hash = open_hash(&kit);
  med_slice value;
  uint64_t count;
  KIT_OK(&kit, med_hash_put(&hash, med_slice_of_text("a"), med_slice_of_text("1"), false, NULL));
  KIT_OK(&kit, med_hash_put(&hash, med_slice_of_text("b"), med_slice_of_text("2"), false, NULL));
  KIT_OK(&kit, med_hash_set_expiry(&hash, med_slice_of_text("a"), now_ms + 10));
  KIT_OK(&kit, med_collection_save(&hash));
  kit_commit(&kit);
  for (int all = 0; all < 2; all++) {
    kit.clock_us += 10 * 1000;
    KIT_OK(&kit, med_txn_open_reader(kit.store, &kit.kv.txn, &kit.error));
    if (!med_txn_is_active(kit.kv.txn)) KIT_OK(&kit, med_txn_renew(kit.kv.txn));
    hash = open_hash(&kit);
    ck_assert(hash.exists == !all);
    ck_assert_int_eq(med_hash_get(&hash, med_slice_of_text("a"), &value, NULL), MEDLEY_NOT_FOUND);
    KIT_OK(&kit, med_hash_count(&hash, &count));
    ck_assert_uint_eq(count, all ? 0 : 1);
    for (int i = 0; i < 30; i++) {
      med_key name;
      int rc = med_hash_pick(&hash, &name);
      ck_assert_int_eq(rc, all ? MEDLEY_NOT_FOUND : MEDLEY_OK);
      if (rc == MEDLEY_OK) ck_assert(med_slice_equal(med_key_slice(&name), med_slice_of_text("b")));
    }
    med_txn_reset(kit.kv.txn);
    med_txn_close_reader(kit.kv.txn);
    kit_begin(&kit);
    hash = open_hash(&kit);
    if (!all) KIT_OK(&kit, med_hash_set_expiry(&hash, med_slice_of_text("b"), now_ms + 20));
    KIT_OK(&kit, med_collection_save(&hash));
    kit_commit(&kit);
  }
  kit_begin(&kit);
  kit_close(&kit);
}
END_TEST

START_TEST(a_value_of_a_mebibyte_comes_back_and_leaves_nothing_behind) {
  collection_kit kit;
  kit_open(&kit, 1);
  size_t len = (size_t)1 << 20;
  char *bytes = malloc(len);
  for (size_t i = 0; i < len; i++) bytes[i] = (char)(i * 2654435761u >> 13);
  med_slice big = med_slice_of(bytes, len), value;
  med_collection hash = open_hash(&kit);
  KIT_OK(&kit, med_hash_put(&hash, med_slice_of_text("f"), big, false, NULL));
  KIT_OK(&kit, med_hash_put(&hash, big, med_slice_of_text("of a big field"), false, NULL));
  KIT_OK(&kit, med_collection_save(&hash));
  kit_reopen(&kit);
  hash = open_hash(&kit);
  KIT_OK(&kit, med_hash_get(&hash, med_slice_of_text("f"), &value, NULL));
  ck_assert(med_slice_equal(value, big));
  KIT_OK(&kit, med_hash_get(&hash, big, &value, NULL));
  ck_assert(med_slice_equal(value, med_slice_of_text("of a big field")));
  KIT_OK(&kit, med_hash_set_expiry(&hash, big, kit.clock_us / 1000 + 5));
  KIT_OK(&kit, med_hash_put(&hash, med_slice_of_text("f"), med_slice_of_text(""), false, NULL));
  KIT_OK(&kit, med_hash_delete(&hash, big));
  KIT_OK(&kit, med_collection_save(&hash));
  ck_assert_uint_le(kit_part_count(&kit), 3); /* the field, perhaps its sample, perhaps the owner's record */
  free(bytes);
  kit_close(&kit);
}
END_TEST

PROPERTY_MAIN("hash", a_hash_is_a_map_through_expiry_reopening_and_rollbacks,
              the_sweep_removes_due_fields_and_then_the_hash, a_reader_sees_no_expired_field,
              a_value_of_a_mebibyte_comes_back_and_leaves_nothing_behind)
