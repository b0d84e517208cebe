/* test_cache_sharing.c - a cache segment between callers: leases, and holds of committing transactions. */
#include "tests/unit/cache_kit.h"

/* ---- Leases ---- */
static uint64_t lease_at(med_cache_segment *segment, const char *key, int64_t now_us) {
  med_cache_hit hit;
  ck_assert_int_eq(med_cache_segment_lease(segment, kit_text(key), now_us, NULL, &hit), MEDLEY_NOT_FOUND);
  return hit.lease;
}
static uint64_t lease(med_cache_segment *segment, const char *key) { return lease_at(segment, key, KIT_START); }
static int fill(med_cache_segment *segment, const char *key, uint64_t token, const char *value) {
  return med_cache_segment_fill(segment, kit_text(key), token, kit_text(value), 5, 0, KIT_START);
}

START_TEST(one_caller_gets_the_lease_and_fills) {
  med_cache_segment *segment = kit_open(MIB, MEDLEY_EVICT_SEGMENTED_LRU);
  uint64_t token = lease(segment, "k");
  ck_assert_uint_ne(token, 0);
  ck_assert_uint_eq(lease(segment, "k"), 0);
  kit_expect(segment, "k", NULL);
  ck_assert_int_eq(fill(segment, "k", token + 1, "other"), MEDLEY_CONSTRAINT);
  ck_assert_int_eq(fill(segment, "other", token, "other"), MEDLEY_CONSTRAINT);
  ck_assert_int_eq(med_cache_segment_check_lease(segment, kit_text("k"), token, KIT_START), MEDLEY_OK);
  ck_assert_int_eq(fill(segment, "k", token, "value"), MEDLEY_OK);
  kit_expect(segment, "k", "value");
  ck_assert_int_eq(fill(segment, "k", token, "again"), MEDLEY_CONSTRAINT);
  med_buffer got = {0};
  med_cache_hit hit;
  ck_assert_int_eq(med_cache_segment_lease(segment, kit_text("k"), KIT_START, &got, &hit), MEDLEY_OK);
  ck_assert_uint_eq(got.len, 5);
  ck_assert_uint_eq(hit.flags, 5);
  ck_assert_uint_eq(hit.lease, 0);
  med_buffer_clear(&got);
  kit_audit(segment);
  med_cache_segment_close(segment);
}
END_TEST

START_TEST(every_change_of_a_key_voids_its_lease) {
  med_cache_segment *segment = kit_open(MIB, MEDLEY_EVICT_SEGMENTED_LRU);
  med_cache_commit commit;
  for (int way = 0; way < 7; way++) {
    uint64_t token = lease(segment, "k");
    ck_assert_uint_ne(token, 0);
    switch (way) {
      case 0: ck_assert_int_eq(med_cache_segment_delete(segment, kit_text("k"), KIT_START), MEDLEY_NOT_FOUND); break;
      case 1: ck_assert_int_eq(kit_set(segment, "k", "set"), MEDLEY_OK); break;
      case 2: ck_assert_int_eq(kit_put(segment, MEDLEY_CACHE_ADD, "k", "set", 0, KIT_START), MEDLEY_OK); break;
      case 3: ck_assert_int_eq(med_cache_segment_flush(segment), MEDLEY_OK); break;
      case 4: med_cache_segment_void_lease(segment, kit_text("k"), token); break;
      case 5: /* a transaction that commits, and is long over when the fill comes */
      case 6:
        ck_assert_int_eq(med_cache_commit_begin(segment, &commit), MEDLEY_OK);
        if (way == 5) ck_assert_int_eq(med_cache_commit_hold(segment, &commit, kit_text("k"), 0, KIT_START), MEDLEY_OK);
        if (way == 6) ck_assert_int_eq(med_cache_commit_hold_all(segment, &commit, false), MEDLEY_OK);
        med_cache_commit_release(segment, &commit, kit_text("k"), NULL, 0, 0, KIT_START);
        med_cache_commit_end(segment, &commit);
        break;
      default: break;
    }
    ck_assert_int_eq(fill(segment, "k", token, "stale"), MEDLEY_CONSTRAINT);
    ck_assert_int_eq(med_cache_segment_check_lease(segment, kit_text("k"), token, KIT_START), MEDLEY_CONSTRAINT);
    kit_expect(segment, "k", way == 1 || way == 2 ? "set" : NULL);
    (void)!med_cache_segment_delete(segment, kit_text("k"), KIT_START);
  }
  kit_audit(segment);
  med_cache_segment_close(segment);
}
END_TEST

START_TEST(a_lease_ends_with_its_time_and_the_next_caller_gets_one) {
  med_cache_segment *segment = kit_open(MIB, MEDLEY_EVICT_SEGMENTED_LRU);
  uint64_t first = lease(segment, "k"), end = KIT_START + MED_CACHE_LEASE_US;
  ck_assert_uint_eq(lease_at(segment, "k", end - 1), 0);
  uint64_t second = lease_at(segment, "k", end);
  ck_assert_uint_ne(second, 0);
  ck_assert_uint_ne(second, first);
  ck_assert_int_eq(med_cache_segment_fill(segment, kit_text("k"), first, kit_text("late"), 0, 0, end),
                   MEDLEY_CONSTRAINT);
  ck_assert_int_eq(med_cache_segment_fill(segment, kit_text("k"), second, kit_text("new"), 0, 0, end), MEDLEY_OK);
  kit_expect_at(segment, "k", "new", end);
  med_cache_segment_close(segment);
}
END_TEST

START_TEST(an_expired_value_gives_a_lease) {
  med_cache_segment *segment = kit_open(MIB, MEDLEY_EVICT_SEGMENTED_LRU);
  ck_assert_int_eq(kit_put(segment, MEDLEY_CACHE_SET, "k", "old", KIT_START + 1, KIT_START), MEDLEY_OK);
  uint64_t token = lease_at(segment, "k", KIT_START + 1);
  ck_assert_uint_ne(token, 0);
  ck_assert_int_eq(med_cache_segment_fill(segment, kit_text("k"), token, kit_text("new"), 0, 0, KIT_START + 2),
                   MEDLEY_OK);
  kit_expect_at(segment, "k", "new", KIT_START + 3);
  med_cache_segment_close(segment);
}
END_TEST

/* ---- Holds ---- */
static void begin_hold(med_cache_segment *segment, med_cache_commit *commit, const char *key) {
  ck_assert_int_eq(med_cache_commit_begin(segment, commit), MEDLEY_OK);
  ck_assert_int_eq(med_cache_commit_hold(segment, commit, kit_text(key), 0, KIT_START), MEDLEY_OK);
}
static void release(med_cache_segment *segment, const med_cache_commit *commit, const char *key, const char *value) {
  med_slice slice = kit_text(value != NULL ? value : "");
  med_cache_commit_release(segment, commit, kit_text(key), value != NULL ? &slice : NULL, 7, 0, KIT_START);
}

START_TEST(a_held_key_is_missing_and_gives_no_lease_until_the_transaction_ends) {
  med_cache_segment *segment = kit_open(MIB, MEDLEY_EVICT_SEGMENTED_LRU);
  med_cache_commit commit;
  uint64_t result;
  ck_assert_int_eq(kit_set(segment, "k", "1"), MEDLEY_OK);
  begin_hold(segment, &commit, "k");
  kit_expect(segment, "k", NULL);
  ck_assert_uint_eq(lease(segment, "k"), 0);
  ck_assert_int_eq(kit_put(segment, MEDLEY_CACHE_ADD, "k", "x", 0, KIT_START), MEDLEY_EXISTS);
  ck_assert_int_eq(kit_put(segment, MEDLEY_CACHE_APPEND, "k", "x", 0, KIT_START), MEDLEY_NOT_FOUND);
  ck_assert_int_eq(med_cache_segment_touch(segment, kit_text("k"), 0, KIT_START), MEDLEY_NOT_FOUND);
  ck_assert_int_eq(med_cache_segment_increment(segment, kit_text("k"), 1, false, KIT_START, &result), MEDLEY_NOT_FOUND);
  release(segment, &commit, "k", "2");
  med_cache_commit_end(segment, &commit);
  kit_expect(segment, "k", "2");
  begin_hold(segment, &commit, "k");
  release(segment, &commit, "k", NULL);
  med_cache_commit_end(segment, &commit);
  kit_expect(segment, "k", NULL);
  ck_assert_uint_ne(lease(segment, "k"), 0);
  kit_audit(segment);
  med_cache_segment_close(segment);
}
END_TEST

START_TEST(what_others_write_to_a_held_key_leaves_it_missing) {
  med_cache_segment *segment = kit_open(MIB, MEDLEY_EVICT_SEGMENTED_LRU);
  for (int way = 0; way < 3; way++) {
    med_cache_commit commit;
    begin_hold(segment, &commit, "k");
    if (way == 0) ck_assert_int_eq(kit_set(segment, "k", "theirs"), MEDLEY_OK);
    if (way == 1) ck_assert_int_eq(med_cache_segment_delete(segment, kit_text("k"), KIT_START), MEDLEY_NOT_FOUND);
    if (way == 2) ck_assert_int_eq(med_cache_segment_flush(segment), MEDLEY_OK);
    kit_expect(segment, "k", NULL);
    release(segment, &commit, "k", "ours");
    med_cache_commit_end(segment, &commit);
    kit_expect(segment, "k", NULL);
  }
  kit_audit(segment);
  med_cache_segment_close(segment);
}
END_TEST

START_TEST(a_later_transaction_takes_the_hold_over_in_any_order_of_their_ends) {
  med_cache_segment *segment = kit_open(MIB, MEDLEY_EVICT_SEGMENTED_LRU);
  for (int order = 0; order < 4; order++) {
    bool later_ends_first = (order & 1) != 0, later_commits = (order & 2) != 0;
    med_cache_commit earlier, later;
    begin_hold(segment, &earlier, "k");
    begin_hold(segment, &later, "k");
    for (int i = 0; i < 2; i++) {
      if ((i == 0) == later_ends_first) {
        release(segment, &later, "k", later_commits ? "later" : NULL);
        med_cache_commit_end(segment, &later);
      } else {
        release(segment, &earlier, "k", "earlier");
        med_cache_commit_end(segment, &earlier);
      }
    }
    kit_expect(segment, "k", later_commits ? "later" : NULL);
  }
  kit_audit(segment);
  med_cache_segment_close(segment);
}
END_TEST

START_TEST(while_everything_is_held_everything_is_missing) {
  med_cache_segment *segment = kit_open(2 * MIB, MEDLEY_EVICT_SEGMENTED_LRU);
  med_cache_commit commit, other;
  ck_assert_int_eq(kit_set(segment, "a", "1"), MEDLEY_OK);
  ck_assert_int_eq(med_cache_commit_begin(segment, &commit), MEDLEY_OK);
  ck_assert_int_eq(med_cache_commit_hold_all(segment, &commit, false), MEDLEY_OK);
  ck_assert_int_eq(med_cache_commit_hold(segment, &commit, kit_text("b"), 0, KIT_START), MEDLEY_OK);
  kit_expect(segment, "a", NULL);
  ck_assert_uint_eq(lease(segment, "a"), 0);
  ck_assert_uint_eq(lease(segment, "c"), 0);
  ck_assert_int_eq(kit_set(segment, "a", "theirs"), MEDLEY_OK);
  ck_assert_int_eq(kit_put(segment, MEDLEY_CACHE_ADD, "a", "theirs", 0, KIT_START), MEDLEY_EXISTS);
  begin_hold(segment, &other, "d"); /* a later transaction ends first: its value shows when the segment opens */
  release(segment, &other, "d", "later");
  med_cache_commit_end(segment, &other);
  kit_expect(segment, "d", NULL);
  med_cache_commit_reopen(segment, &commit);
  kit_expect(segment, "b", NULL); /* still held by itself */
  kit_expect(segment, "d", "later");
  release(segment, &commit, "b", "2");
  med_cache_commit_end(segment, &commit);
  kit_expect(segment, "a", NULL);
  kit_expect(segment, "b", "2");
  ck_assert_int_eq(kit_set(segment, "a", "3"), MEDLEY_OK);
  kit_expect(segment, "a", "3");
  kit_audit(segment);
  med_cache_segment_close(segment);
}
END_TEST

START_TEST(holds_are_bounded_and_are_never_evicted) {
  static const medley_eviction policies[] = {MEDLEY_EVICT_SEGMENTED_LRU, MEDLEY_EVICT_NONE};
  for (int p = 0; p < 2; p++) {
    med_cache_segment *segment = kit_open(MIB, policies[p]);
    int filled = 0;
    char key[32];
    for (int rc = MEDLEY_OK; rc == MEDLEY_OK && filled < 20000; filled++) { /* no memory is free */
      snprintf(key, sizeof key, "filler %d", filled);
      rc = kit_set(segment, key, "v");
    }
    med_cache_commit commit;
    ck_assert_int_eq(med_cache_commit_begin(segment, &commit), MEDLEY_OK);
    int held = 0, rc = MEDLEY_OK;
    while (rc == MEDLEY_OK) {
      snprintf(key, sizeof key, "held %d", held++);
      rc = med_cache_commit_hold(segment, &commit, kit_text(key), 0, KIT_START);
    }
    ck_assert_int_eq(rc, MEDLEY_FULL);
    ck_assert_int_gt(held, 100);
    ck_assert_int_lt(held, (int)segment->chunk_count / 2);
    for (int i = 0; i < 20000; i++) {
      snprintf(key, sizeof key, "more %d", i);
      (void)kit_set(segment, key, "v");
    }
    for (int i = 0; i < held - 1; i++) {
      snprintf(key, sizeof key, "held %d", i);
      ck_assert_uint_eq(lease(segment, key), 0);
      release(segment, &commit, key, i % 2 ? "stored" : NULL);
    }
    med_cache_commit_end(segment, &commit);
    kit_audit(segment);
    ck_assert_uint_eq(segment->shards[0].hold_chunks, 0);
    med_cache_segment_close(segment);
  }
}
END_TEST

START_TEST(too_many_committing_transactions_are_refused_and_slots_come_back) {
  static med_cache_commit commits[MED_CACHE_SLOT_COUNT + 1];
  med_cache_segment *segment = kit_open(MIB, MEDLEY_EVICT_SEGMENTED_LRU);
  for (int round = 0; round < 3; round++) {
    for (int i = 0; i < MED_CACHE_SLOT_COUNT; i++) {
      ck_assert_int_eq(med_cache_commit_begin(segment, &commits[i]), MEDLEY_OK);
    }
    ck_assert_int_eq(med_cache_commit_begin(segment, &commits[MED_CACHE_SLOT_COUNT]), MEDLEY_BUSY);
    for (int i = 0; i < MED_CACHE_SLOT_COUNT; i++) med_cache_commit_end(segment, &commits[i]);
  }
  med_cache_segment_close(segment);
}
END_TEST

static TCase *add_case(Suite *suite, const char *name) {
  TCase *tests = tcase_create(name);
  tcase_set_timeout(tests, 0);
  suite_add_tcase(suite, tests);
  return tests;
}

int main(void) {
  Suite *suite = suite_create("cache_sharing");
  TCase *leases = add_case(suite, "leases");
  tcase_add_test(leases, one_caller_gets_the_lease_and_fills);
  tcase_add_test(leases, every_change_of_a_key_voids_its_lease);
  tcase_add_test(leases, a_lease_ends_with_its_time_and_the_next_caller_gets_one);
  tcase_add_test(leases, an_expired_value_gives_a_lease);
  TCase *holds = add_case(suite, "holds");
  tcase_add_test(holds, a_held_key_is_missing_and_gives_no_lease_until_the_transaction_ends);
  tcase_add_test(holds, what_others_write_to_a_held_key_leaves_it_missing);
  tcase_add_test(holds, a_later_transaction_takes_the_hold_over_in_any_order_of_their_ends);
  tcase_add_test(holds, while_everything_is_held_everything_is_missing);
  tcase_add_test(holds, holds_are_bounded_and_are_never_evicted);
  tcase_add_test(holds, too_many_committing_transactions_are_refused_and_slots_come_back);
  return kit_run(suite);
}
