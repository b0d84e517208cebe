/* test_cache_eviction.c - each policy keeps its bound and evicts what its name says. */
#include "tests/unit/cache_kit.h"

static const medley_eviction all_policies[] = {
    MEDLEY_EVICT_SEGMENTED_LRU,  MEDLEY_EVICT_NONE,         MEDLEY_EVICT_ALLKEYS_LRU,  MEDLEY_EVICT_ALLKEYS_LFU,
    MEDLEY_EVICT_ALLKEYS_RANDOM, MEDLEY_EVICT_VOLATILE_LRU, MEDLEY_EVICT_VOLATILE_LFU, MEDLEY_EVICT_VOLATILE_RANDOM,
    MEDLEY_EVICT_VOLATILE_TTL};
enum { POLICIES = sizeof all_policies / sizeof *all_policies };

#define FAR (KIT_START + 1000000 * SECOND)

static int put_number(med_cache_segment *segment, const char *prefix, int number, size_t len, int64_t expires_us) {
  char key[64];
  static char bytes[8192];
  snprintf(key, sizeof key, "%s %d", prefix, number);
  med_cache_change change = {.key = kit_text(key), .value = {bytes, len}, .expires_us = expires_us};
  return med_cache_segment_put(segment, &change, KIT_START);
}

static int count_present(med_cache_segment *segment, const char *prefix, int from, int to) {
  int count = 0;
  char key[64];
  for (int i = from; i < to; i++) {
    snprintf(key, sizeof key, "%s %d", prefix, i);
    count += kit_has(segment, key, KIT_START);
  }
  return count;
}

static void use_all(med_cache_segment *segment, const char *prefix, int count, int times) {
  char key[64];
  for (int i = 0; i < count * times; i++) {
    snprintf(key, sizeof key, "%s %d", prefix, i % count);
    (void)kit_use(segment, key);
  }
}

/* How many items of that length fit. */
static int capacity_of(const med_cache_segment *segment, size_t len) {
  return (int)(segment->chunk_count / med_cache_chunks_for(strlen("scan 12345"), len));
}

START_TEST(ten_times_more_than_fits_stays_within_the_bound) {
  uint64_t random = kit_seed("ten_times_more_than_fits_stays_within_the_bound");
  for (int p = 0; p < POLICIES; p++) {
    med_cache_segment *segment = kit_open(2 * MIB, all_policies[p]);
    uint64_t put_bytes = 0;
    int refused = 0;
    for (int i = 0; put_bytes < 20 * MIB; i++) {
      size_t len = kit_random(&random) % 8000;
      put_bytes += len;
      int rc = put_number(segment, "k", i, len, FAR + i);
      ck_assert(rc == MEDLEY_OK || (rc == MEDLEY_FULL && all_policies[p] == MEDLEY_EVICT_NONE));
      refused += rc == MEDLEY_FULL;
      if (rc == MEDLEY_OK) ck_assert_int_eq(count_present(segment, "k", i, i + 1), 1);
    }
    ck_assert_int_eq(refused > 0, all_policies[p] == MEDLEY_EVICT_NONE);
    medley_cache_stats stats;
    ck_assert_int_eq(med_cache_segment_stat(segment, &stats), MEDLEY_OK);
    ck_assert_uint_le(stats.bytes, stats.size_bytes);
    ck_assert_uint_gt(stats.bytes, stats.size_bytes * 8 / 10);
    ck_assert_uint_eq(stats.size_bytes, 2 * MIB);
    kit_audit(segment);
    med_cache_segment_close(segment);
  }
}
END_TEST

/* A working set used twice, then ten times the capacity of things that are used once. */
static int survivors_of_a_scan(medley_eviction eviction, int *working) {
  med_cache_segment *segment = kit_open(8 * MIB, eviction);
  int capacity = capacity_of(segment, 400);
  *working = capacity / 5;
  for (int i = 0; i < *working; i++) KIT_CHECK(put_number(segment, "hot", i, 400, 0) == MEDLEY_OK);
  use_all(segment, "hot", *working, 2);
  for (int i = 0; i < capacity * 10; i++) KIT_CHECK(put_number(segment, "scan", i, 400, 0) == MEDLEY_OK);
  int left = count_present(segment, "hot", 0, *working);
  kit_audit(segment);
  med_cache_segment_close(segment);
  return left;
}

START_TEST(a_scan_does_not_push_out_what_is_used_again_but_does_so_with_plain_lru) {
  int working, left = survivors_of_a_scan(MEDLEY_EVICT_SEGMENTED_LRU, &working);
  ck_assert_msg(left * 10 >= working * 9, "%d of %d are left", left, working);
  left = survivors_of_a_scan(MEDLEY_EVICT_ALLKEYS_LRU, &working);
  ck_assert_int_eq(left, 0);
}
END_TEST

START_TEST(the_default_lets_a_new_working_set_replace_an_old_one) {
  med_cache_segment *segment = kit_open(4 * MIB, MEDLEY_EVICT_SEGMENTED_LRU);
  int working = capacity_of(segment, 400) / 3;
  for (int generation = 0; generation < 6; generation++) {
    char prefix[24];
    snprintf(prefix, sizeof prefix, "set%d", generation);
    for (int i = 0; i < working; i++) KIT_CHECK(put_number(segment, prefix, i, 400, 0) == MEDLEY_OK);
    use_all(segment, prefix, working, 3);
  }
  int first = count_present(segment, "set0", 0, working), last = count_present(segment, "set5", 0, working);
  ck_assert_msg(last * 10 >= working * 9, "%d of the newest %d", last, working);
  ck_assert_msg(first * 10 <= working, "%d of the oldest %d", first, working);
  kit_audit(segment);
  med_cache_segment_close(segment);
}
END_TEST

START_TEST(plain_lru_evicts_what_was_used_longest_ago) {
  med_cache_segment *segment = kit_open(MIB, MEDLEY_EVICT_ALLKEYS_LRU); /* one shard: exact */
  int capacity = capacity_of(segment, 400) * 63 / 64;                   /* without the reserve of holds */
  for (int i = 0; i < capacity - 4; i++) KIT_CHECK(put_number(segment, "k", i, 400, 0) == MEDLEY_OK);
  ck_assert_int_eq(count_present(segment, "k", 0, capacity - 4), capacity - 4); /* a look is no use */
  use_all(segment, "k", 50, 1);                                                 /* the oldest 50 */
  for (int i = 0; i < 100; i++) KIT_CHECK(put_number(segment, "new", i, 400, 0) == MEDLEY_OK);
  ck_assert_int_eq(count_present(segment, "k", 0, 50), 50);
  int gone = 100 - count_present(segment, "k", 50, 150);
  ck_assert_msg(gone >= 90, "%d of the next oldest went", gone);
  ck_assert_int_eq(count_present(segment, "k", 160, capacity - 4), capacity - 164);
  ck_assert_int_eq(count_present(segment, "new", 0, 100), 100);
  med_cache_segment_close(segment);
}
END_TEST

START_TEST(lfu_keeps_what_is_used_often_and_forgets_it_when_it_no_longer_is) {
  med_cache_segment *segment = kit_open(2 * MIB, MEDLEY_EVICT_ALLKEYS_LFU);
  int capacity = capacity_of(segment, 400), working = capacity / 5;
  for (int i = 0; i < working; i++) KIT_CHECK(put_number(segment, "hot", i, 400, 0) == MEDLEY_OK);
  use_all(segment, "hot", working, 50);
  for (int i = 0; i < capacity * 5; i++) KIT_CHECK(put_number(segment, "scan", i, 400, 0) == MEDLEY_OK);
  int left = count_present(segment, "hot", 0, working);
  ck_assert_msg(left * 10 >= working * 9, "%d of %d are left", left, working);
  /* A day later the counters have run down. */
  int64_t tomorrow = KIT_START + 86400 * SECOND;
  for (int i = 0; i < capacity * 5; i++) {
    char key[64], bytes[400] = {0};
    snprintf(key, sizeof key, "later %d", i);
    med_cache_change change = {.key = kit_text(key), .value = {bytes, sizeof bytes}};
    KIT_CHECK(med_cache_segment_put(segment, &change, tomorrow) == MEDLEY_OK);
  }
  left = count_present(segment, "hot", 0, working);
  ck_assert_msg(left * 10 <= working, "%d of %d are left after a day", left, working);
  kit_audit(segment);
  med_cache_segment_close(segment);
}
END_TEST

START_TEST(random_gives_every_key_a_chance_to_stay_and_to_go) {
  med_cache_segment *segment = kit_open(2 * MIB, MEDLEY_EVICT_ALLKEYS_RANDOM);
  int capacity = capacity_of(segment, 400);
  for (int i = 0; i < capacity * 2; i++) KIT_CHECK(put_number(segment, "k", i, 400, 0) == MEDLEY_OK);
  /* The order of arrival is not the order of leaving: the first half has survivors, the second has lost some. */
  ck_assert_int_gt(count_present(segment, "k", 0, capacity), capacity / 20);
  ck_assert_int_lt(count_present(segment, "k", capacity, capacity * 2), capacity * 19 / 20);
  med_cache_segment_close(segment);
}
END_TEST

START_TEST(volatile_policies_never_evict_what_has_no_expiry) {
  static const medley_eviction policies[] = {MEDLEY_EVICT_VOLATILE_LRU, MEDLEY_EVICT_VOLATILE_LFU,
                                             MEDLEY_EVICT_VOLATILE_RANDOM, MEDLEY_EVICT_VOLATILE_TTL};
  for (size_t p = 0; p < sizeof policies / sizeof *policies; p++) {
    med_cache_segment *segment = kit_open(2 * MIB, policies[p]);
    int capacity = capacity_of(segment, 400), kept = capacity / 3;
    for (int i = 0; i < kept; i++) KIT_CHECK(put_number(segment, "kept", i, 400, 0) == MEDLEY_OK);
    for (int i = 0; i < capacity * 3; i++) {
      KIT_CHECK(put_number(segment, "volatile", i, 400, FAR + i) == MEDLEY_OK);
    }
    ck_assert_int_eq(count_present(segment, "kept", 0, kept), kept);
    /* An expiry that touch gives makes a key a victim; without one it no longer is. */
    ck_assert_int_eq(med_cache_segment_touch(segment, kit_text("kept 0"), FAR, KIT_START), MEDLEY_OK);
    int rc = MEDLEY_OK;
    for (int i = 0; i < capacity * 3 && rc == MEDLEY_OK; i++) rc = put_number(segment, "more", i, 400, 0);
    ck_assert_int_eq(rc, MEDLEY_FULL); /* once nothing volatile is left */
    ck_assert_int_eq(count_present(segment, "kept", 0, 1), 0);
    ck_assert_int_eq(count_present(segment, "kept", 1, kept), kept - 1);
    ck_assert_int_eq(count_present(segment, "volatile", 0, capacity * 3), 0);
    kit_audit(segment);
    med_cache_segment_close(segment);
  }
}
END_TEST

START_TEST(volatile_ttl_evicts_what_is_due_soon) {
  med_cache_segment *segment = kit_open(MIB, MEDLEY_EVICT_VOLATILE_TTL);
  int half = capacity_of(segment, 400) * 63 / 64 / 2 - 2;
  for (int i = 0; i < half; i++) { /* mixed, so that age does not decide */
    KIT_CHECK(put_number(segment, "late", i, 400, FAR) == MEDLEY_OK);
    KIT_CHECK(put_number(segment, "soon", i, 400, KIT_START + SECOND * (i + 1)) == MEDLEY_OK);
  }
  for (int i = 0; i < half / 2; i++) KIT_CHECK(put_number(segment, "new", i, 400, FAR) == MEDLEY_OK);
  ck_assert_int_eq(count_present(segment, "late", 0, half), half);
  ck_assert_int_eq(count_present(segment, "new", 0, half / 2), half / 2);
  ck_assert_int_le(count_present(segment, "soon", 0, half), half / 2 + 5);
  med_cache_segment_close(segment);
}
END_TEST

START_TEST(volatile_lru_and_lfu_keep_what_is_used) {
  static const medley_eviction policies[] = {MEDLEY_EVICT_VOLATILE_LRU, MEDLEY_EVICT_VOLATILE_LFU};
  for (size_t p = 0; p < sizeof policies / sizeof *policies; p++) {
    med_cache_segment *segment = kit_open(2 * MIB, policies[p]);
    int capacity = capacity_of(segment, 400), working = capacity / 10;
    for (int i = 0; i < working; i++) KIT_CHECK(put_number(segment, "hot", i, 400, FAR) == MEDLEY_OK);
    for (int i = 0; i < capacity * 3; i++) {
      KIT_CHECK(put_number(segment, "scan", i, 400, FAR) == MEDLEY_OK);
      if (i % (working / 2) == 0) use_all(segment, "hot", working, 2);
    }
    int left = count_present(segment, "hot", 0, working);
    ck_assert_msg(left * 10 >= working * 9, "%d of %d are left", left, working);
    med_cache_segment_close(segment);
  }
}
END_TEST

START_TEST(noeviction_refuses_with_full_and_changes_nothing) {
  med_cache_segment *segment = kit_open(MIB, MEDLEY_EVICT_NONE);
  int stored = 0, rc;
  while ((rc = put_number(segment, "k", stored, 1000, 0)) == MEDLEY_OK) stored++;
  ck_assert_int_eq(rc, MEDLEY_FULL);
  ck_assert_int_eq(count_present(segment, "k", 0, stored), stored);
  /* A larger value over a present one is refused and leaves it; one of the same length fits. */
  KIT_CHECK(put_number(segment, "k", 0, 8000, 0) == MEDLEY_FULL);
  med_cache_hit hit;
  KIT_CHECK(med_cache_segment_look(segment, kit_text("k 0"), KIT_START, &hit) == MEDLEY_OK);
  ck_assert_uint_eq(hit.value_len, 1000);
  KIT_CHECK(put_number(segment, "k", 0, 1000, 0) == MEDLEY_OK);
  ck_assert_int_eq(med_cache_segment_delete(segment, kit_text("k 1"), KIT_START), MEDLEY_OK);
  KIT_CHECK(put_number(segment, "again", 0, 1000, 0) == MEDLEY_OK);
  medley_cache_stats stats;
  ck_assert_int_eq(med_cache_segment_stat(segment, &stats), MEDLEY_OK);
  ck_assert_uint_eq(stats.evictions, 0);
  kit_audit(segment);
  med_cache_segment_close(segment);
}
END_TEST

START_TEST(what_has_expired_makes_room_under_noeviction) {
  med_cache_segment *segment = kit_open(2 * MIB, MEDLEY_EVICT_NONE);
  int stored = 0;
  while (put_number(segment, "k", stored, 1000, KIT_START + SECOND) == MEDLEY_OK) stored++;
  char bytes[1000] = {0};
  med_cache_change change = {.key = kit_text("late"), .value = {bytes, sizeof bytes}};
  KIT_CHECK(med_cache_segment_put(segment, &change, KIT_START) == MEDLEY_FULL);
  KIT_CHECK(med_cache_segment_put(segment, &change, KIT_START + SECOND) == MEDLEY_OK);
  kit_audit(segment);
  med_cache_segment_close(segment);
}
END_TEST

START_TEST(leases_that_are_never_filled_stay_few) {
  for (int p = 0; p < POLICIES; p++) {
    med_cache_segment *segment = kit_open(MIB, all_policies[p]);
    for (int i = 0; i < 1000; i++) (void)put_number(segment, "k", i, 400, 0);
    int before = count_present(segment, "k", 0, 1000);
    for (int i = 0; i < 100000; i++) {
      char key[64];
      snprintf(key, sizeof key, "missing %d", i);
      med_cache_hit hit;
      KIT_CHECK(med_cache_segment_lease(segment, kit_text(key), KIT_START, NULL, &hit) == MEDLEY_NOT_FOUND);
      ck_assert_uint_ne(hit.lease, 0);
    }
    ck_assert_int_eq(count_present(segment, "k", 0, 1000), before);
    medley_cache_stats stats;
    ck_assert_int_eq(med_cache_segment_stat(segment, &stats), MEDLEY_OK);
    ck_assert_uint_le(segment->shards[0].lists[MED_CACHE_LEASES].chunks, segment->share / 16 + 2);
    kit_audit(segment);
    med_cache_segment_close(segment);
  }
}
END_TEST

int main(void) {
  Suite *suite = suite_create("cache_eviction");
  TCase *policies = tcase_create("policies");
  tcase_set_timeout(policies, 0);
  tcase_add_test(policies, ten_times_more_than_fits_stays_within_the_bound);
  tcase_add_test(policies, a_scan_does_not_push_out_what_is_used_again_but_does_so_with_plain_lru);
  tcase_add_test(policies, the_default_lets_a_new_working_set_replace_an_old_one);
  tcase_add_test(policies, plain_lru_evicts_what_was_used_longest_ago);
  tcase_add_test(policies, lfu_keeps_what_is_used_often_and_forgets_it_when_it_no_longer_is);
  tcase_add_test(policies, random_gives_every_key_a_chance_to_stay_and_to_go);
  tcase_add_test(policies, volatile_policies_never_evict_what_has_no_expiry);
  tcase_add_test(policies, volatile_ttl_evicts_what_is_due_soon);
  tcase_add_test(policies, volatile_lru_and_lfu_keep_what_is_used);
  tcase_add_test(policies, noeviction_refuses_with_full_and_changes_nothing);
  tcase_add_test(policies, what_has_expired_makes_room_under_noeviction);
  tcase_add_test(policies, leases_that_are_never_filled_stay_few);
  suite_add_tcase(suite, policies);
  return kit_run(suite);
}
