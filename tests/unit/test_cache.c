/* test_cache.c - what a cache segment does with values: every size, every mode, numbers, expiry. */
#include "tests/unit/cache_kit.h"

START_TEST(values_of_every_length_come_back_as_they_were) {
  med_cache_segment *segment = kit_open(4 * MIB, MEDLEY_EVICT_SEGMENTED_LRU);
  med_buffer got = {0};
  med_cache_hit hit;
  static const size_t key_lens[] = {0, 1, 8, 71, 72, 73, 195, 196, 197, 1024};
  char *bytes = malloc(MIB), key[1024];
  memset(key, 'k', sizeof key);
  for (size_t i = 0; i < MIB; i++) bytes[i] = (char)(i * 31 + i / 253);
  for (size_t k = 0; k < sizeof key_lens / sizeof *key_lens; k++) {
    for (size_t len = 0; len < 400; len++) {
      med_cache_change change = {.key = {key, key_lens[k]}, .value = {bytes + len, len}, .flags = (uint32_t)len};
      KIT_CHECK(med_cache_segment_put(segment, &change, KIT_START) == MEDLEY_OK);
      KIT_CHECK(med_cache_segment_get(segment, change.key, KIT_START, &got, &hit) == MEDLEY_OK);
      ck_assert_uint_eq(got.len, len);
      ck_assert(len == 0 || memcmp(got.bytes, bytes + len, len) == 0);
      ck_assert_uint_eq(hit.flags, len);
    }
  }
  kit_audit(segment);
  free(bytes);
  med_buffer_clear(&got);
  med_cache_segment_close(segment);
}
END_TEST

START_TEST(a_value_may_be_a_quarter_of_the_bucket_and_not_a_byte_more) {
  static const uint64_t sizes[] = {MIB, 3 * MIB, 16 * MIB, 64 * MIB};
  for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
    med_cache_segment *segment = kit_open(sizes[i], MEDLEY_EVICT_SEGMENTED_LRU);
    size_t largest = med_cache_segment_value_size_max(segment);
    ck_assert_uint_eq(largest, sizes[i] / 4);
    KIT_CHECK(kit_set_bytes(segment, "large", largest + 1, 'x') == MEDLEY_TOO_BIG);
    for (int n = 0; n < 12; n++) { /* four times what fits: the older ones make room, from every shard */
      char key[32], fill = (char)('a' + n);
      snprintf(key, sizeof key, "large %d", n);
      KIT_CHECK(kit_set_bytes(segment, key, largest, fill) == MEDLEY_OK);
      med_buffer got = {0};
      med_cache_hit hit;
      KIT_CHECK(med_cache_segment_get(segment, kit_text(key), KIT_START, &got, &hit) == MEDLEY_OK);
      ck_assert_uint_eq(got.len, largest);
      ck_assert_int_eq(got.bytes[0], fill);
      ck_assert_int_eq(got.bytes[largest / 2], fill);
      ck_assert_int_eq(got.bytes[largest - 1], fill);
      med_buffer_clear(&got);
    }
    kit_audit(segment);
    med_cache_segment_close(segment);
  }
}
END_TEST

START_TEST(keys_beyond_1024_bytes_are_refused) {
  med_cache_segment *segment = kit_open(MIB, MEDLEY_EVICT_SEGMENTED_LRU);
  char key[1025];
  memset(key, 'k', sizeof key);
  med_cache_change change = {.key = {key, sizeof key}, .value = {"v", 1}};
  med_cache_hit hit;
  KIT_CHECK(med_cache_segment_put(segment, &change, KIT_START) == MEDLEY_TOO_BIG);
  KIT_CHECK(med_cache_segment_get(segment, change.key, KIT_START, NULL, &hit) == MEDLEY_NOT_FOUND);
  change.key.len = 1024;
  KIT_CHECK(med_cache_segment_put(segment, &change, KIT_START) == MEDLEY_OK);
  KIT_CHECK(med_cache_segment_get(segment, change.key, KIT_START, NULL, &hit) == MEDLEY_OK);
  med_cache_segment_close(segment);
}
END_TEST

START_TEST(each_mode_refuses_what_it_should_and_then_changes_nothing) {
  med_cache_segment *segment = kit_open(MIB, MEDLEY_EVICT_SEGMENTED_LRU);
  KIT_CHECK(kit_put(segment, MEDLEY_CACHE_REPLACE, "k", "1", 0, KIT_START) == MEDLEY_NOT_FOUND);
  KIT_CHECK(kit_put(segment, MEDLEY_CACHE_APPEND, "k", "1", 0, KIT_START) == MEDLEY_NOT_FOUND);
  KIT_CHECK(kit_put(segment, MEDLEY_CACHE_PREPEND, "k", "1", 0, KIT_START) == MEDLEY_NOT_FOUND);
  KIT_CHECK(kit_put(segment, MEDLEY_CACHE_CAS, "k", "1", 0, KIT_START) == MEDLEY_NOT_FOUND);
  kit_expect(segment, "k", NULL);
  KIT_CHECK(kit_put(segment, MEDLEY_CACHE_ADD, "k", "one", 0, KIT_START) == MEDLEY_OK);
  KIT_CHECK(kit_put(segment, MEDLEY_CACHE_ADD, "k", "two", 0, KIT_START) == MEDLEY_EXISTS);
  kit_expect(segment, "k", "one");
  KIT_CHECK(kit_put(segment, MEDLEY_CACHE_REPLACE, "k", "three", 0, KIT_START) == MEDLEY_OK);
  kit_expect(segment, "k", "three");
  ck_assert_int_eq(med_cache_segment_delete(segment, kit_text("k"), KIT_START), MEDLEY_OK);
  ck_assert_int_eq(med_cache_segment_delete(segment, kit_text("k"), KIT_START), MEDLEY_NOT_FOUND);
  kit_audit(segment);
  med_cache_segment_close(segment);
}
END_TEST

START_TEST(cas_stores_only_over_what_was_seen) {
  med_cache_segment *segment = kit_open(MIB, MEDLEY_EVICT_SEGMENTED_LRU);
  med_cache_hit hit;
  KIT_CHECK(kit_set(segment, "k", "one") == MEDLEY_OK);
  KIT_CHECK(med_cache_segment_get(segment, kit_text("k"), KIT_START, NULL, &hit) == MEDLEY_OK);
  med_cache_change change = {.mode = MEDLEY_CACHE_CAS, .key = kit_text("k"), .value = kit_text("two"), .cas = hit.cas};
  KIT_CHECK(kit_set(segment, "k", "meanwhile") == MEDLEY_OK);
  KIT_CHECK(med_cache_segment_put(segment, &change, KIT_START) == MEDLEY_CONSTRAINT);
  kit_expect(segment, "k", "meanwhile");
  KIT_CHECK(med_cache_segment_get(segment, kit_text("k"), KIT_START, NULL, &hit) == MEDLEY_OK);
  change.cas = hit.cas;
  KIT_CHECK(med_cache_segment_put(segment, &change, KIT_START) == MEDLEY_OK);
  KIT_CHECK(med_cache_segment_put(segment, &change, KIT_START) == MEDLEY_CONSTRAINT);
  kit_expect(segment, "k", "two");
  /* Gone and set again with the same value: another number. */
  KIT_CHECK(med_cache_segment_get(segment, kit_text("k"), KIT_START, NULL, &hit) == MEDLEY_OK);
  change.cas = hit.cas;
  ck_assert_int_eq(med_cache_segment_flush(segment), MEDLEY_OK);
  KIT_CHECK(kit_set(segment, "k", "two") == MEDLEY_OK);
  KIT_CHECK(med_cache_segment_put(segment, &change, KIT_START) == MEDLEY_CONSTRAINT);
  med_cache_segment_close(segment);
}
END_TEST

static int compare_numbers(const void *a, const void *b) {
  uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
  return x < y ? -1 : x > y;
}

START_TEST(cas_numbers_never_repeat_in_a_segment) {
  enum { COUNT = 20000 };
  med_cache_segment *segment = kit_open(16 * MIB, MEDLEY_EVICT_SEGMENTED_LRU);
  uint64_t *numbers = malloc(COUNT * sizeof *numbers);
  for (int i = 0; i < COUNT; i++) {
    char key[32];
    med_cache_hit hit;
    snprintf(key, sizeof key, "%d", i % 500);
    KIT_CHECK(kit_set(segment, key, "v") == MEDLEY_OK);
    KIT_CHECK(med_cache_segment_look(segment, kit_text(key), KIT_START, &hit) == MEDLEY_OK);
    numbers[i] = hit.cas;
  }
  qsort(numbers, COUNT, sizeof *numbers, compare_numbers);
  for (int i = 1; i < COUNT; i++) ck_assert_uint_ne(numbers[i - 1], numbers[i]);
  free(numbers);
  med_cache_segment_close(segment);
}
END_TEST

START_TEST(append_and_prepend_grow_a_value_and_keep_flags_and_expiry) {
  med_cache_segment *segment = kit_open(MIB, MEDLEY_EVICT_SEGMENTED_LRU);
  med_cache_change change = {
      .key = kit_text("k"), .value = kit_text("m"), .flags = 9, .expires_us = KIT_START + SECOND};
  KIT_CHECK(med_cache_segment_put(segment, &change, KIT_START) == MEDLEY_OK);
  char model[1200] = "m";
  for (int i = 0; i < 100; i++) {
    char more[16];
    snprintf(more, sizeof more, "%c%04d", i % 2 ? '<' : '>', i);
    change.mode = i % 2 ? MEDLEY_CACHE_PREPEND : MEDLEY_CACHE_APPEND;
    change.value = kit_text(more);
    change.flags = 1;
    change.expires_us = 0;
    KIT_CHECK(med_cache_segment_put(segment, &change, KIT_START) == MEDLEY_OK);
    size_t len = strlen(model);
    if (i % 2) memmove(model + 5, model, len + 1);
    memcpy(i % 2 ? model : model + len, more, i % 2 ? 5 : 6);
    kit_expect(segment, "k", model);
  }
  med_cache_hit hit;
  KIT_CHECK(med_cache_segment_look(segment, kit_text("k"), KIT_START, &hit) == MEDLEY_OK);
  ck_assert_uint_eq(hit.flags, 9);
  ck_assert_int_eq(hit.expires_us, KIT_START + SECOND);
  kit_audit(segment);
  size_t largest = med_cache_segment_value_size_max(segment);
  KIT_CHECK(kit_set_bytes(segment, "k", largest, 'x') == MEDLEY_OK);
  KIT_CHECK(kit_put(segment, MEDLEY_CACHE_APPEND, "k", "y", 0, KIT_START) == MEDLEY_TOO_BIG);
  KIT_CHECK(kit_put(segment, MEDLEY_CACHE_PREPEND, "k", "y", 0, KIT_START) == MEDLEY_TOO_BIG);
  med_cache_segment_close(segment);
}
END_TEST

START_TEST(numbers_wrap_upwards_and_stop_at_zero) {
  med_cache_segment *segment = kit_open(MIB, MEDLEY_EVICT_SEGMENTED_LRU);
  uint64_t result = 0;
  med_slice key = kit_text("n");
  ck_assert_int_eq(med_cache_segment_increment(segment, key, 1, false, KIT_START, &result), MEDLEY_NOT_FOUND);
  static const struct {
    const char *from;
    uint64_t by;
    bool decrement;
    int status;
    const char *to;
  } cases[] = {
      {"0", 1, false, MEDLEY_OK, "1"},
      {"9", 1, false, MEDLEY_OK, "10"},
      {"10", 1, true, MEDLEY_OK, "9"}, /* one digit, not "9 " */
      {"5", 6, true, MEDLEY_OK, "0"},
      {"007", 1, false, MEDLEY_OK, "8"},
      {"18446744073709551615", 1, false, MEDLEY_OK, "0"},
      {"18446744073709551615", 2, false, MEDLEY_OK, "1"},
      {"1", UINT64_MAX, false, MEDLEY_OK, "0"},
      {"18446744073709551616", 1, false, MEDLEY_TYPE, "18446744073709551616"},
      {"", 1, false, MEDLEY_TYPE, ""},
      {"-1", 1, false, MEDLEY_TYPE, "-1"},
      {"1 ", 1, false, MEDLEY_TYPE, "1 "},
      {"1.5", 1, true, MEDLEY_TYPE, "1.5"},
      {"000000000000000000001", 1, false, MEDLEY_TYPE, "000000000000000000001"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    med_cache_change change = {
        .key = key, .value = kit_text(cases[i].from), .flags = 3, .expires_us = KIT_START + SECOND};
    KIT_CHECK(med_cache_segment_put(segment, &change, KIT_START) == MEDLEY_OK);
    int rc = med_cache_segment_increment(segment, key, cases[i].by, cases[i].decrement, KIT_START, &result);
    ck_assert_msg(rc == cases[i].status, "%s: %s", cases[i].from, medley_status_name(rc));
    kit_expect(segment, "n", cases[i].to);
    med_cache_hit hit;
    KIT_CHECK(med_cache_segment_look(segment, key, KIT_START, &hit) == MEDLEY_OK);
    ck_assert_uint_eq(hit.flags, 3);
    ck_assert_int_eq(hit.expires_us, KIT_START + SECOND);
  }
  /* A number whose new digit no longer fits into its chunk. */
  char long_key[72];
  memset(long_key, 'k', 71);
  long_key[71] = '\0';
  KIT_CHECK(kit_set(segment, long_key, "9") == MEDLEY_OK);
  ck_assert_int_eq(med_cache_segment_increment(segment, kit_text(long_key), 1, false, KIT_START, &result), MEDLEY_OK);
  kit_expect(segment, long_key, "10");
  kit_audit(segment);
  med_cache_segment_close(segment);
}
END_TEST

START_TEST(a_value_is_gone_at_its_expiry_and_not_before) {
  med_cache_segment *segment = kit_open(MIB, MEDLEY_EVICT_SEGMENTED_LRU);
  int64_t end = KIT_START + 10 * SECOND;
  KIT_CHECK(kit_put(segment, MEDLEY_CACHE_SET, "k", "v", end, KIT_START) == MEDLEY_OK);
  kit_expect_at(segment, "k", "v", end - 1);
  KIT_CHECK(kit_put(segment, MEDLEY_CACHE_ADD, "k", "w", 0, end - 1) == MEDLEY_EXISTS);
  kit_expect_at(segment, "k", NULL, end);
  KIT_CHECK(kit_put(segment, MEDLEY_CACHE_ADD, "k", "w", end + SECOND, end) == MEDLEY_OK);
  /* touch moves the end, get_and_touch takes it away */
  ck_assert_int_eq(med_cache_segment_touch(segment, kit_text("k"), end + 5 * SECOND, end), MEDLEY_OK);
  kit_expect_at(segment, "k", "w", end + 4 * SECOND);
  med_cache_hit hit;
  ck_assert_int_eq(med_cache_segment_get_and_touch(segment, kit_text("k"), 0, end + 4 * SECOND, NULL, &hit), MEDLEY_OK);
  ck_assert_int_eq(hit.expires_us, 0);
  kit_expect_at(segment, "k", "w", end + 4000 * SECOND);
  ck_assert_int_eq(med_cache_segment_touch(segment, kit_text("none"), 0, end), MEDLEY_NOT_FOUND);
  /* A set takes the old expiry away unless it is to be kept. */
  ck_assert_int_eq(med_cache_segment_touch(segment, kit_text("k"), end + 9000 * SECOND, end), MEDLEY_OK);
  med_cache_change change = {.key = kit_text("k"), .value = kit_text("x"), .keep_expiry = true};
  KIT_CHECK(med_cache_segment_put(segment, &change, end) == MEDLEY_OK);
  KIT_CHECK(med_cache_segment_look(segment, kit_text("k"), end, &hit) == MEDLEY_OK);
  ck_assert_int_eq(hit.expires_us, end + 9000 * SECOND);
  change.keep_expiry = false;
  KIT_CHECK(med_cache_segment_put(segment, &change, end) == MEDLEY_OK);
  KIT_CHECK(med_cache_segment_look(segment, kit_text("k"), end, &hit) == MEDLEY_OK);
  ck_assert_int_eq(hit.expires_us, 0);
  med_cache_segment_close(segment);
}
END_TEST

START_TEST(writes_free_what_has_expired_although_nobody_asks_for_it) {
  med_cache_segment *segment = kit_open(4 * MIB, MEDLEY_EVICT_SEGMENTED_LRU);
  char key[24];
  for (int i = 0; i < 3000; i++) {
    snprintf(key, sizeof key, "short %d", i);
    KIT_CHECK(kit_put(segment, MEDLEY_CACHE_SET, key, "v", KIT_START + SECOND, KIT_START) == MEDLEY_OK);
  }
  medley_cache_stats stats;
  ck_assert_int_eq(med_cache_segment_stat(segment, &stats), MEDLEY_OK);
  ck_assert_uint_eq(stats.items, 3000);
  for (int i = 0; i < 20000; i++) { /* few keys, so that only the crawler can meet the others */
    snprintf(key, sizeof key, "other %d", i % 40);
    KIT_CHECK(kit_put(segment, MEDLEY_CACHE_SET, key, "v", 0, KIT_START + 2 * SECOND) == MEDLEY_OK);
  }
  ck_assert_int_eq(med_cache_segment_stat(segment, &stats), MEDLEY_OK);
  ck_assert_uint_eq(stats.items, 40);
  ck_assert_uint_eq(stats.expirations, 3000);
  ck_assert_uint_eq(stats.evictions, 0);
  kit_audit(segment);
  med_cache_segment_close(segment);
}
END_TEST

START_TEST(flush_leaves_nothing_and_gives_all_memory_back) {
  med_cache_segment *segment = kit_open(2 * MIB, MEDLEY_EVICT_ALLKEYS_LRU);
  char key[32];
  for (int i = 0; i < 2000; i++) {
    snprintf(key, sizeof key, "%d", i);
    KIT_CHECK(kit_set_bytes(segment, key, (size_t)i, 'x') == MEDLEY_OK);
  }
  ck_assert_int_eq(med_cache_segment_flush(segment), MEDLEY_OK);
  medley_cache_stats stats;
  ck_assert_int_eq(med_cache_segment_stat(segment, &stats), MEDLEY_OK);
  ck_assert_uint_eq(stats.items, 0);
  ck_assert_uint_eq(stats.bytes, 0);
  ck_assert_uint_eq(atomic_load(&segment->header->pool.free_count), segment->chunk_count - 1);
  kit_audit(segment);
  med_cache_segment_close(segment);
}
END_TEST

/* Random operations beside a plain array; memory is never short, so that nothing may be missing. */
enum { MODEL_KEYS = 60, MODEL_VALUE_MAX = 700 };
typedef struct model_value {
  size_t len;
  uint32_t flags;
  bool present;
  char bytes[MODEL_VALUE_MAX];
} model_value;

static void change_both(med_cache_segment *segment, model_value *model, const med_cache_change *change) {
  size_t len = change->value.len;
  bool is_set = change->mode == MEDLEY_CACHE_SET;
  if (!is_set && model->len + len > MODEL_VALUE_MAX) return;
  ck_assert_int_eq(med_cache_segment_put(segment, change, KIT_START),
                   is_set || model->present ? MEDLEY_OK : MEDLEY_NOT_FOUND);
  if (!is_set && !model->present) return;
  if (is_set) {
    model->len = 0;
    model->flags = change->flags;
    model->present = true;
  }
  if (change->mode == MEDLEY_CACHE_PREPEND) {
    memmove(model->bytes + len, model->bytes, model->len);
    memcpy(model->bytes, change->value.bytes, len);
  } else {
    memcpy(model->bytes + model->len, change->value.bytes, len);
  }
  model->len += len;
}

static void compare_both(med_cache_segment *segment, const model_value *model, med_slice key, med_buffer *got) {
  med_cache_hit hit;
  int rc = med_cache_segment_get(segment, key, KIT_START, got, &hit);
  ck_assert_int_eq(rc, model->present ? MEDLEY_OK : MEDLEY_NOT_FOUND);
  if (rc != MEDLEY_OK) return;
  ck_assert_uint_eq(got->len, model->len);
  ck_assert(got->len == 0 || memcmp(got->bytes, model->bytes, got->len) == 0);
  ck_assert_uint_eq(hit.flags, model->flags);
}

START_TEST(a_segment_does_what_an_array_does) {
  static model_value model[MODEL_KEYS];
  static const medley_cache_mode modes[] = {MEDLEY_CACHE_SET, MEDLEY_CACHE_APPEND, MEDLEY_CACHE_PREPEND};
  uint64_t random = kit_seed("a_segment_does_what_an_array_does");
  med_cache_segment *segment = kit_open(MIB, MEDLEY_EVICT_NONE);
  med_buffer got = {0};
  for (int step = 0; step < 60000; step++) {
    size_t k = kit_random(&random) % MODEL_KEYS, len = kit_random(&random) % 200;
    char key[160], bytes[200];
    snprintf(key, sizeof key, "%0*d", (int)(k * 2 + 1), (int)k);
    for (size_t i = 0; i < len; i++) bytes[i] = (char)kit_random(&random);
    med_cache_change change = {.key = kit_text(key), .value = {bytes, len}, .flags = (uint32_t)step};
    uint64_t what = kit_random(&random) % 6;
    if (what < 3) {
      change.mode = modes[what];
      change_both(segment, &model[k], &change);
    } else if (what == 3) {
      ck_assert_int_eq(med_cache_segment_delete(segment, change.key, KIT_START),
                       model[k].present ? MEDLEY_OK : MEDLEY_NOT_FOUND);
      model[k].present = false;
      model[k].len = 0;
    } else {
      compare_both(segment, &model[k], change.key, &got);
    }
    if (step % 1000 == 0) kit_audit(segment);
  }
  kit_audit(segment);
  med_buffer_clear(&got);
  med_cache_segment_close(segment);
}
END_TEST

START_TEST(bounds_outside_of_the_limits_are_refused) {
  med_cache_segment *segment;
  medley_error error = {0};
  med_cache_place place = kit_place(NULL, 1);
  ck_assert_int_eq(med_cache_segment_open(&place, MIB - 1, MEDLEY_EVICT_NONE, true, 1, &segment, &error), MEDLEY_RANGE);
  ck_assert_ptr_null(segment);
  ck_assert_int_eq(med_cache_segment_open(&place, UINT64_MAX, MEDLEY_EVICT_NONE, true, 1, &segment, &error),
                   MEDLEY_RANGE);
  ck_assert_int_eq(med_cache_segment_open(&place, MIB, (medley_eviction)9, true, 1, &segment, &error), MEDLEY_RANGE);
  med_cache_segment_close(NULL);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("cache");
  TCase *values = tcase_create("values");
  tcase_set_timeout(values, 0);
  tcase_add_test(values, values_of_every_length_come_back_as_they_were);
  tcase_add_test(values, a_value_may_be_a_quarter_of_the_bucket_and_not_a_byte_more);
  tcase_add_test(values, keys_beyond_1024_bytes_are_refused);
  tcase_add_test(values, each_mode_refuses_what_it_should_and_then_changes_nothing);
  tcase_add_test(values, cas_stores_only_over_what_was_seen);
  tcase_add_test(values, cas_numbers_never_repeat_in_a_segment);
  tcase_add_test(values, append_and_prepend_grow_a_value_and_keep_flags_and_expiry);
  tcase_add_test(values, numbers_wrap_upwards_and_stop_at_zero);
  tcase_add_test(values, flush_leaves_nothing_and_gives_all_memory_back);
  tcase_add_test(values, a_segment_does_what_an_array_does);
  tcase_add_test(values, bounds_outside_of_the_limits_are_refused);
  suite_add_tcase(suite, values);
  TCase *expiry = tcase_create("expiry");
  tcase_set_timeout(expiry, 0);
  tcase_add_test(expiry, a_value_is_gone_at_its_expiry_and_not_before);
  tcase_add_test(expiry, writes_free_what_has_expired_although_nobody_asks_for_it);
  suite_add_tcase(suite, expiry);
  return kit_run(suite);
}
