/* test_keyspace.c - the keys of buckets are a map: through moves, copies, expiry, rollbacks, reopening and sweeping. */
#include "models/keyvalue/record.h"
#include "models/keyvalue/string.h"
#include "tests/unit/collection_kit.h"

enum { KEYS = 120, BUCKETS = 3, ROUNDS = 12000 };

/* What each key should be: a string that says `number`, or nothing. */
typedef struct entry {
  bool present;
  uint32_t number;
  int64_t expires_ms;
} entry;
typedef struct model {
  entry entries[BUCKETS][KEYS];
} model;

static med_kv bucket_of(collection_kit *kit, unsigned bucket) {
  static const char *const names[BUCKETS] = {"0", "15", "named"};
  med_kv kv;
  KIT_OK(kit, med_kv_open(kit->kv.txn, med_slice_of_text(names[bucket]), true, &kv));
  return kv;
}

static void forget_expired(collection_kit *kit, model *all) {
  int64_t now_ms = med_kv_now_ms(&kit->kv);
  for (unsigned b = 0; b < BUCKETS; b++)
    for (unsigned k = 0; k < KEYS; k++) {
      entry *one = &all->entries[b][k];
      if (one->present && one->expires_ms != 0 && one->expires_ms <= now_ms) one->present = false;
    }
}

static void compare_all(collection_kit *kit, const model *all) {
  char name[KIT_NAME_MAX], *bytes = malloc(KIT_VALUE_MAX);
  med_buffer scratch = {0};
  for (unsigned b = 0; b < BUCKETS; b++) {
    med_kv kv = bucket_of(kit, b);
    uint64_t live = 0, count;
    for (unsigned k = 0; k < KEYS; k++) {
      const entry *one = &all->entries[b][k];
      med_slice value = {0};
      int rc = med_string_get(&kv, kit_name_slice(k, name), &scratch, &value);
      ck_assert_msg((rc == MEDLEY_OK) == one->present, "bucket %u key %u: %s", b, k, medley_status_name(rc));
      if (!one->present) continue;
      live++;
      ck_assert(med_slice_equal(value, kit_value(one->number, bytes)));
    }
    KIT_OK(kit, med_kv_count(&kv, &count));
    ck_assert_uint_eq(count, live); /* reading each in a write transaction has removed the expired ones */
    med_kv_walk walk;
    uint64_t walked = 0;
    KIT_OK(kit, med_kv_walk_open(&kv, med_slice_of("", 0), &walk));
    while (med_kv_walk_next(&walk) == MEDLEY_OK) walked++;
    med_kv_walk_close(&walk);
    ck_assert_uint_eq(walked, live);
  }
  med_buffer_clear(&scratch);
  free(bytes);
}

static void check_whole(collection_kit *kit) {
  uint64_t printed = 0, count = 0;
  KIT_OK(kit, med_kv_check(kit->kv.txn, kit_problem, &printed, &count));
  ck_assert_uint_eq(count, 0);
}

static void change_one(collection_kit *kit, model *all, uint64_t *random) {
  char name[KIT_NAME_MAX], other_name[KIT_NAME_MAX], *bytes = malloc(KIT_VALUE_MAX);
  unsigned b = (unsigned)property_below(random, BUCKETS), to_b = (unsigned)property_below(random, BUCKETS);
  unsigned k = (unsigned)property_below(random, KEYS), to_k = (unsigned)property_below(random, KEYS);
  med_kv kv = bucket_of(kit, b), to = bucket_of(kit, to_b);
  med_slice key = kit_name_slice(k, name), target = kit_name_slice(to_k, other_name);
  entry *one = &all->entries[b][k], *there = &all->entries[to_b][to_k];
  int rc;
  switch (property_below(random, 6)) {
    case 0:
    case 1: {
      uint32_t number = (uint32_t)property_random(random);
      int64_t expires_ms = property_below(random, 3) ? 0 : med_kv_now_ms(&kv) + 1 + (int64_t)property_below(random, 90);
      KIT_OK(kit, med_string_set(&kv, key, kit_value(number, bytes), expires_ms));
      *one = (entry){true, number, expires_ms};
      break;
    }
    case 2:
      rc = med_kv_remove(&kv, key);
      ck_assert_int_eq(rc, one->present ? MEDLEY_OK : MEDLEY_NOT_FOUND);
      one->present = false;
      break;
    case 3:
      rc = med_kv_move(&kv, key, &to, target);
      ck_assert_int_eq(rc, one->present ? MEDLEY_OK : MEDLEY_NOT_FOUND);
      if (one != there && one->present) {
        *there = *one;
        one->present = false;
      }
      break;
    case 4:
      rc = med_kv_copy(&kv, key, &to, target);
      ck_assert_int_eq(rc, one->present ? MEDLEY_OK : MEDLEY_NOT_FOUND);
      if (one->present) *there = *one;
      break;
    default: {
      med_kv_meta meta;
      rc = med_kv_find(&kv, key, &meta);
      ck_assert_int_eq(rc, one->present ? MEDLEY_OK : MEDLEY_NOT_FOUND);
      if (rc != MEDLEY_OK) break;
      meta.expires_ms = property_below(random, 2) ? 0 : med_kv_now_ms(&kv) + 1 + (int64_t)property_below(random, 90);
      one->expires_ms = meta.expires_ms;
      KIT_OK(kit, med_kv_save(&kv, key, &meta));
    }
  }
  free(bytes);
}

START_TEST(keys_are_a_map_through_moves_copies_expiry_rollbacks_and_reopening) {
  collection_kit kit;
  uint64_t random = property_seed("keyspace");
  kit_open(&kit, random);
  model *now = calloc(1, sizeof *now), *saved = calloc(1, sizeof *saved);
  for (unsigned round = 0; round < ROUNDS; round++) {
    change_one(&kit, now, &random);
    switch (property_below(&random, 400)) {
      case 0: kit_reopen(&kit); break;
      case 1: {
        med_mark mark = med_txn_mark(kit.kv.txn);
        *saved = *now;
        for (int i = 0; i < 30; i++) change_one(&kit, now, &random);
        KIT_OK(&kit, med_txn_rollback_to(kit.kv.txn, mark));
        *now = *saved;
        break;
      }
      case 2:
      case 3:
        kit.clock_us += 1000 * (int64_t)property_below(&random, 60);
        kit_next_transaction(&kit);
        break;
      case 4: {
        med_kv kv = bucket_of(&kit, 1);
        KIT_OK(&kit, med_kv_flush(&kv));
        memset(now->entries[1], 0, sizeof now->entries[1]);
        break;
      }
      case 5: {
        med_kv a = bucket_of(&kit, 0), b = bucket_of(&kit, 2);
        KIT_OK(&kit, med_kv_swap(&a, &b));
        entry swapped[KEYS];
        memcpy(swapped, now->entries[0], sizeof swapped);
        memcpy(now->entries[0], now->entries[2], sizeof swapped);
        memcpy(now->entries[2], swapped, sizeof swapped);
        break;
      }
      case 6: kit_sweep_all(&kit); break;
      case 7:
        forget_expired(&kit, now);
        compare_all(&kit, now);
        check_whole(&kit);
        break;
      default: break;
    }
    forget_expired(&kit, now);
  }
  compare_all(&kit, now);
  check_whole(&kit);
  for (unsigned b = 0; b < BUCKETS; b++) {
    med_kv kv = bucket_of(&kit, b);
    KIT_OK(&kit, med_kv_flush(&kv));
  }
  kit_sweep_all(&kit);
  ck_assert_uint_eq(kit_part_count(&kit), 0);
  check_whole(&kit);
  free(now);
  free(saved);
  kit_close(&kit);
}
END_TEST

START_TEST(keys_that_share_all_that_fits_a_tree_key_are_different_keys) {
  collection_kit kit;
  kit_open(&kit, 1);
  enum { LENGTHS = 8 };
  static const size_t lengths[LENGTHS] = {481, 482, 497, 498, 499, 1024, 1025, 9000};
  static char bytes[9001];
  char text[16];
  med_buffer scratch = {0};
  memset(bytes, 'k', sizeof bytes);
  for (int pass = 0; pass < 2; pass++)
    for (unsigned i = 0; i < LENGTHS; i++) {
      bytes[lengths[i] - 1] = (char)('a' + pass);
      snprintf(text, sizeof text, "%u-%d", i, pass);
      KIT_OK(&kit, med_string_set(&kit.kv, med_slice_of(bytes, lengths[i]), med_slice_of_text(text), 0));
      bytes[lengths[i] - 1] = 'k';
    }
  uint64_t count;
  KIT_OK(&kit, med_kv_count(&kit.kv, &count));
  ck_assert_uint_eq(count, 2 * LENGTHS);
  kit_reopen(&kit);
  for (int pass = 0; pass < 2; pass++)
    for (unsigned i = 0; i < LENGTHS; i++) {
      med_slice value;
      bytes[lengths[i] - 1] = (char)('a' + pass);
      snprintf(text, sizeof text, "%u-%d", i, pass);
      KIT_OK(&kit, med_string_get(&kit.kv, med_slice_of(bytes, lengths[i]), &scratch, &value));
      ck_assert(med_slice_equal(value, med_slice_of_text(text)));
      bytes[lengths[i] - 1] = 'k';
    }
  check_whole(&kit);
  med_buffer_clear(&scratch);
  kit_close(&kit);
}
END_TEST

START_TEST(the_check_finds_a_missing_expiry_entry_a_lost_chunk_and_a_wrong_count) {
  collection_kit kit;
  kit_open(&kit, 1);
  static char bytes[20000];
  for (size_t i = 0; i < sizeof bytes; i++) bytes[i] = (char)(i * 7919 >> 3);
  KIT_OK(&kit, med_string_set(&kit.kv, med_slice_of_text("long"), med_slice_of(bytes, sizeof bytes),
                              med_kv_now_ms(&kit.kv) + 1000));
  check_whole(&kit);
  med_kv_meta meta;
  KIT_OK(&kit, med_kv_find(&kit.kv, med_slice_of_text("long"), &meta));
  med_key part;
  med_kv_part_key(meta.object_id, &part);
  med_key_add_u32(&part, 2);
  uint8_t due[] = {1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 'l', 'o', 'n', 'g'};
  med_put_u64(due + 1, (uint64_t)meta.expires_ms);
  static const struct {
    med_tree tree;
    int which;
  } losses[] = {{MED_TREE_KV, 0}, {MED_TREE_EXPIRY, 1}, {MED_TREE_META, 2}};
  uint8_t count_key[] = {'k', 'v', '/', 'b', 0, 0, 0, 0};
  for (unsigned i = 0; i < 3; i++) {
    med_slice lost = i == 0   ? med_key_slice(&part)
                     : i == 1 ? med_slice_of(due, sizeof due)
                              : med_slice_of(count_key, sizeof count_key);
    med_mark mark = med_txn_mark(kit.kv.txn);
    KIT_OK(&kit, med_txn_delete(kit.kv.txn, losses[i].tree, lost));
    uint64_t count = 0;
    KIT_OK(&kit, med_kv_check(kit.kv.txn, NULL, NULL, &count));
    ck_assert_uint_gt(count, 0);
    KIT_OK(&kit, med_txn_rollback_to(kit.kv.txn, mark));
    check_whole(&kit);
  }
  kit_close(&kit);
}
END_TEST

START_TEST(the_check_tells_keys_that_no_record_and_no_part_has) {
  static const size_t lens[] = {3, MED_KV_TAIL_OFFSET + MED_KV_TAIL_MAX + 1, 3, 13};
  collection_kit kit;
  kit_open(&kit, 11);
  KIT_OK(&kit, med_string_set(&kit.kv, med_slice_of_text("k"), med_slice_of_text("v"), 0));
  for (unsigned i = 0; i < 4; i++) {
    uint8_t key[MED_KEY_SIZE_MAX];
    uint64_t printed = 0, count = 0;
    memset(key, i == 3 ? 0xFF : 0, sizeof key); /* the last: a part of the last of all objects */
    key[0] = i < 2 ? MED_KV_KEY_RECORD : MED_KV_KEY_PART;
    med_mark mark = med_txn_mark(kit.kv.txn);
    KIT_OK(&kit, med_txn_put(kit.kv.txn, MED_TREE_KV, med_slice_of(key, lens[i]), med_slice_of_text("x")));
    KIT_OK(&kit, med_kv_check(kit.kv.txn, kit_problem, &printed, &count));
    ck_assert_msg(count == 1, "key %u: %u problems", i, (unsigned)count);
    KIT_OK(&kit, med_txn_rollback_to(kit.kv.txn, mark));
    check_whole(&kit);
  }
  kit_close(&kit);
}
END_TEST

START_TEST(a_random_key_is_a_key_and_every_one_can_come_up) {
  collection_kit kit;
  uint64_t random = property_seed("random_key");
  kit_open(&kit, random);
  med_buffer key = {0};
  ck_assert_int_eq(med_kv_random_key(&kit.kv, 1, &key), MEDLEY_NOT_FOUND);
  bool seen[10] = {false};
  for (int i = 0; i < 10; i++) {
    char name[] = {'k', (char)('0' + i)};
    KIT_OK(&kit, med_string_set(&kit.kv, med_slice_of(name, 2), med_slice_of("", 0), 0));
  }
  for (int i = 0; i < 2000; i++) {
    KIT_OK(&kit, med_kv_random_key(&kit.kv, property_random(&random), &key));
    ck_assert(key.len == 2 && key.bytes[0] == 'k' && key.bytes[1] >= '0' && key.bytes[1] <= '9');
    seen[key.bytes[1] - '0'] = true;
  }
  for (int i = 0; i < 10; i++) ck_assert(seen[i]);
  med_buffer_clear(&key);
  kit_close(&kit);
}
END_TEST

START_TEST(the_sweep_removes_what_is_due_in_slices_and_nothing_else) {
  collection_kit kit;
  kit_open(&kit, 1);
  char name[KIT_NAME_MAX];
  for (unsigned i = 1; i <= 100; i++)
    KIT_OK(&kit, med_string_set(&kit.kv, kit_name_slice(i, name), med_slice_of_text("v"),
                                med_kv_now_ms(&kit.kv) + (i <= 60 ? 10 : 100000)));
  kit.clock_us += 50 * 1000;
  kit_next_transaction(&kit);
  uint64_t count;
  KIT_OK(&kit, med_kv_count(&kit.kv, &count));
  ck_assert_uint_eq(count, 100); /* nobody has looked yet */
  size_t swept, slices = 0;
  bool left = true;
  while (left) {
    KIT_OK(&kit, med_kv_sweep(kit.kv.txn, 7, &swept, &left));
    ck_assert_uint_le(swept, 7);
    slices++;
  }
  ck_assert_uint_ge(slices, 60 / 7);
  KIT_OK(&kit, med_kv_count(&kit.kv, &count));
  ck_assert_uint_eq(count, 40);
  check_whole(&kit);
  kit_close(&kit);
}
END_TEST

static int remember_bucket(void *context, med_slice name, uint32_t id) {
  uint64_t *seen = context;
  if (id < 16) *seen |= (uint64_t)1 << id;
  if (med_slice_equal(name, med_slice_of_text("sessions"))) *seen |= (uint64_t)1 << 20;
  if (med_slice_equal(name, med_slice_of_text("other"))) *seen |= (uint64_t)1 << 21;
  return 0;
}

static void expect_record(collection_kit *kit, med_tree tree, const void *key, size_t key_len, const void *bytes,
                          size_t len, size_t stamp_at) {
  med_slice value;
  uint8_t copy[64];
  KIT_OK(kit, med_txn_get(kit->kv.txn, tree, med_slice_of(key, key_len), &value));
  ck_assert_uint_eq(value.len, len);
  if (len == 0) return;
  memcpy(copy, value.bytes, len);
  if (stamp_at > 0) { /* the stamp is the transaction's number, whatever that is */
    ck_assert_uint_eq(med_get_u64(copy + stamp_at), med_txn_id(kit->kv.txn));
    med_put_u64(copy + stamp_at, 9);
  }
  ck_assert_mem_eq(copy, bytes, len);
}

START_TEST(records_have_the_bytes_that_the_format_says) {
  collection_kit kit;
  kit_open(&kit, 1);
  med_slice key = med_slice_of_text("k");
  KIT_OK(&kit, med_string_set(&kit.kv, key, med_slice_of_text("hi"), 0));
  expect_record(&kit, MED_TREE_KV, "\x01\0\0\0\0k", 6, "\x01\0\0\0\0\0\0\0\x09hi", 11, 1);
  kit.clock_us = (int64_t)1600000000 * 1000000;
  KIT_OK(&kit, med_string_set(&kit.kv, key, med_slice_of_text("hi"), (int64_t)1800000000000));
  expect_record(&kit, MED_TREE_KV, "\x01\0\0\0\0k", 6, "\x11\0\0\0\0\0\0\0\x09\x00\x00\x01\xA3\x18\x5C\x50\x00hi", 19,
                1);
  expect_record(&kit, MED_TREE_EXPIRY, "\x01\x00\x00\x01\xA3\x18\x5C\x50\x00\0\0\0\0k", 14, "", 0, 0);
  expect_record(&kit, MED_TREE_META, "kv/b\0\0\0\0", 8, "\0\0\0\0\0\0\0\x01", 8, 0);
  char text[5000];
  memset(text, 'a', sizeof text);
  KIT_OK(&kit, med_string_set(&kit.kv, key, med_slice_of(text, sizeof text), 0));
  med_kv_meta meta;
  KIT_OK(&kit, med_kv_find(&kit.kv, key, &meta));
  uint8_t record[25] = {0x21, 0, 0, 0, 0, 0, 0, 0, 9}, chunk_key[13] = {2};
  med_put_u64(record + 9, meta.object_id);
  med_put_u64(record + 17, 5000);
  expect_record(&kit, MED_TREE_KV, "\x01\0\0\0\0k", 6, record, sizeof record, 1);
  med_put_u64(chunk_key + 1, meta.object_id);
  chunk_key[12] = 1;
  med_slice chunk;
  KIT_OK(&kit, med_txn_get(kit.kv.txn, MED_TREE_KV, med_slice_of(chunk_key, sizeof chunk_key), &chunk));
  ck_assert_uint_eq(*(const uint8_t *)chunk.bytes, 1);
  ck_assert_uint_eq(med_get_u16((const uint8_t *)chunk.bytes + 1), 5000 - 4064);
  kit_close(&kit);
}
END_TEST

START_TEST(an_exchange_of_buckets_leaves_no_bucket_of_its_own_behind) {
  collection_kit kit;
  kit_open(&kit, 1);
  med_kv a = bucket_of(&kit, 0), b = bucket_of(&kit, 2), later;
  KIT_OK(&kit, med_string_set(&a, med_slice_of_text("k"), med_slice_of_text("v"), 0));
  KIT_OK(&kit, med_kv_swap(&a, &b));
  uint64_t seen = 0;
  KIT_OK(&kit, med_kv_each_bucket(kit.kv.txn, remember_bucket, &seen));
  ck_assert_uint_eq(seen, 0xFFFF);
  KIT_OK(&kit, med_kv_open(kit.kv.txn, med_slice_of_text("later"), true, &later));
  ck_assert_uint_eq(later.bucket_id, b.bucket_id + 1);
  check_whole(&kit);
  kit_close(&kit);
}
END_TEST

START_TEST(named_buckets_are_made_by_their_first_write_and_keep_their_ids) {
  collection_kit kit;
  kit_open(&kit, 1);
  med_kv kv, again;
  ck_assert_int_eq(med_kv_open(kit.kv.txn, med_slice_of_text("sessions"), false, &kv), MEDLEY_NOT_FOUND);
  KIT_OK(&kit, med_kv_open(kit.kv.txn, med_slice_of_text("sessions"), true, &kv));
  KIT_OK(&kit, med_kv_open(kit.kv.txn, med_slice_of_text("other"), true, &again));
  ck_assert_uint_ne(kv.bucket_id, again.bucket_id);
  ck_assert_uint_ge(kv.bucket_id, MED_KV_NUMBERED_BUCKETS);
  kit_reopen(&kit);
  KIT_OK(&kit, med_kv_open(kit.kv.txn, med_slice_of_text("sessions"), false, &again));
  ck_assert_uint_eq(kv.bucket_id, again.bucket_id);
  uint64_t seen = 0;
  KIT_OK(&kit, med_kv_each_bucket(kit.kv.txn, remember_bucket, &seen));
  ck_assert_uint_eq(seen, 0xFFFF | (uint64_t)3 << 20);
  ck_assert_int_eq(med_kv_open(kit.kv.txn, med_slice_of("", 0), true, &again), MEDLEY_TOO_BIG);
  kit_close(&kit);
}
END_TEST

PROPERTY_MAIN("keyspace", keys_are_a_map_through_moves_copies_expiry_rollbacks_and_reopening,
              keys_that_share_all_that_fits_a_tree_key_are_different_keys,
              the_check_finds_a_missing_expiry_entry_a_lost_chunk_and_a_wrong_count,
              the_check_tells_keys_that_no_record_and_no_part_has, a_random_key_is_a_key_and_every_one_can_come_up,
              the_sweep_removes_what_is_due_in_slices_and_nothing_else, records_have_the_bytes_that_the_format_says,
              an_exchange_of_buckets_leaves_no_bucket_of_its_own_behind,
              named_buckets_are_made_by_their_first_write_and_keep_their_ids)
