/* cache_kit.h - what the tests of cache segments share: opening, short calls, and an audit of every chunk. */
#ifndef MED_TESTS_CACHE_KIT_H
#define MED_TESTS_CACHE_KIT_H

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "models/keyvalue/cache_layout.h"

#define MIB ((uint64_t)1 << 20)
#define SECOND ((int64_t)1000000)
#define KIT_START ((int64_t)1700000000 * SECOND)

/* For loops: Check's own assertions tell the parent process of each one that holds. */
#define KIT_CHECK(condition)                                             \
  do {                                                                   \
    if (!(condition)) ck_abort_msg("line %d: %s", __LINE__, #condition); \
  } while (0)

static const uint8_t kit_identity[16] = "cache kit test.";

static inline med_cache_place kit_place(const char *directory, uint64_t bucket_id) {
  med_cache_place place = {directory, 7, (uint64_t)getpid(), kit_identity, bucket_id, NULL};
  return place;
}

static inline med_cache_segment *kit_open(uint64_t size_bytes, medley_eviction eviction) {
  med_cache_segment *segment;
  medley_error error = {0};
  med_cache_place place = kit_place(NULL, 1);
  int rc = med_cache_segment_open(&place, size_bytes, eviction, true, 42, &segment, &error);
  ck_assert_msg(rc == MEDLEY_OK, "open: %s", error.message);
  return segment;
}

static inline med_slice kit_text(const char *text) { return med_slice_of(text, strlen(text)); }

static inline int kit_put(med_cache_segment *segment, medley_cache_mode mode, const char *key, const char *value,
                          int64_t expires_us, int64_t now_us) {
  med_cache_change change = {.mode = mode, .key = kit_text(key), .value = kit_text(value), .expires_us = expires_us};
  return med_cache_segment_put(segment, &change, now_us);
}
static inline int kit_set(med_cache_segment *segment, const char *key, const char *value) {
  return kit_put(segment, MEDLEY_CACHE_SET, key, value, 0, KIT_START);
}
static inline int kit_set_bytes(med_cache_segment *segment, const char *key, size_t value_len, char fill) {
  char *bytes = malloc(value_len + 1);
  memset(bytes, fill, value_len + 1);
  med_cache_change change = {.mode = MEDLEY_CACHE_SET, .key = kit_text(key), .value = {bytes, value_len}};
  int rc = med_cache_segment_put(segment, &change, KIT_START);
  free(bytes);
  return rc;
}
static inline bool kit_has(med_cache_segment *segment, const char *key, int64_t now_us) {
  med_cache_hit hit;
  return med_cache_segment_look(segment, kit_text(key), now_us, &hit) == MEDLEY_OK;
}
/* A use, as a reader makes it. */
static inline int kit_use(med_cache_segment *segment, const char *key) {
  med_cache_hit hit;
  return med_cache_segment_get(segment, kit_text(key), KIT_START, NULL, &hit);
}
static inline void kit_expect_at(med_cache_segment *segment, const char *key, const char *value, int64_t now_us) {
  med_buffer got = {0};
  med_cache_hit hit;
  int rc = med_cache_segment_get(segment, kit_text(key), now_us, &got, &hit);
  if (value == NULL) {
    ck_assert_msg(rc == MEDLEY_NOT_FOUND, "%s is there", key);
  } else {
    ck_assert_msg(rc == MEDLEY_OK, "%s: %s", key, medley_status_name(rc));
    ck_assert_uint_eq(got.len, strlen(value));
    ck_assert(got.len == 0 || memcmp(got.bytes, value, got.len) == 0);
    ck_assert_uint_eq(hit.value_len, got.len);
  }
  med_buffer_clear(&got);
}
static inline void kit_expect(med_cache_segment *segment, const char *key, const char *value) {
  kit_expect_at(segment, key, value, KIT_START);
}

/* Every chunk is either free or in exactly one item, and every counter says what is there. Nobody else may be inside. */
static inline void kit_audit(med_cache_segment *segment) {
  uint8_t *seen = calloc(segment->chunk_count, 1);
  uint64_t used = 0;
  for (uint32_t i = 0; i < segment->shard_count; i++) {
    KIT_CHECK(med_cache_lock_shard(segment, i) == MEDLEY_OK);
    const med_cache_shard *shard = &segment->shards[i];
    uint64_t items = 0, chunks = 0, holds = 0, listed[MED_CACHE_LIST_COUNT] = {0};
    for (uint32_t bucket = 0; bucket < segment->table_len; bucket++) {
      uint32_t number = med_cache_table_of(segment, i)[bucket];
      for (; number != 0; number = med_cache_chunk_at(segment, number)->hash_next) {
        const med_cache_chunk *item = med_cache_chunk_at(segment, number);
        uint32_t count = med_cache_item_chunks(segment, item), chunk = number;
        KIT_CHECK(item->kind != MED_CACHE_FREE);
        KIT_CHECK(med_cache_shard_of(segment, item->hash) == i);
        for (uint32_t k = 0; k < count; k++, chunk = med_cache_chunk_at(segment, chunk)->next) {
          KIT_CHECK(chunk != 0);
          KIT_CHECK(!seen[chunk]);
          seen[chunk] = 1;
        }
        KIT_CHECK(chunk == 0);
        chunks += count;
        items += item->kind == MED_CACHE_VALUE;
        holds += item->kind == MED_CACHE_HOLD ? count : 0;
        listed[item->list] += count;
      }
    }
    KIT_CHECK(shard->items == items);
    KIT_CHECK(shard->chunks == chunks);
    KIT_CHECK(shard->hold_chunks == holds);
    for (int list = 1; list < MED_CACHE_LIST_COUNT; list++) {
      uint64_t sum = 0;
      uint32_t older = 0, number = shard->lists[list].newest;
      for (; number != 0; number = med_cache_chunk_at(segment, number)->older) {
        KIT_CHECK(med_cache_chunk_at(segment, number)->list == list);
        KIT_CHECK(med_cache_chunk_at(segment, number)->newer == older);
        sum += med_cache_item_chunks(segment, med_cache_chunk_at(segment, number));
        older = number;
      }
      KIT_CHECK(shard->lists[list].oldest == older);
      KIT_CHECK(shard->lists[list].chunks == sum);
      KIT_CHECK(listed[list] == sum);
    }
    used += chunks;
    med_cache_unlock_shard(segment, i);
  }
  const med_cache_pool *pool = &segment->header->pool;
  uint64_t free_count = segment->chunk_count - pool->unused_next;
  for (uint32_t number = pool->free_head; number != 0; number = med_cache_chunk_at(segment, number)->next) {
    KIT_CHECK(!seen[number]);
    seen[number] = 1;
    free_count++;
  }
  KIT_CHECK(free_count == atomic_load(&pool->free_count));
  KIT_CHECK(used + free_count == segment->chunk_count - 1);
  free(seen);
}

/* A seed from the environment (MEDLEY_SEED) or the clock, printed. */
static inline uint64_t kit_seed(const char *test) {
  const char *given = getenv("MEDLEY_SEED");
  uint64_t seed = given != NULL ? strtoull(given, NULL, 0) : (uint64_t)time(NULL);
  printf("%s: seed %llu\n", test, (unsigned long long)seed);
  return seed;
}
static inline uint64_t kit_random(uint64_t *state) { /* splitmix64 of Vigna */
  uint64_t z = (*state += 0x9e3779b97f4a7c15u);
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return z ^ (z >> 31);
}

static inline int kit_run(Suite *suite) {
  SRunner *runner = srunner_create(suite);
  srunner_run_all(runner, CK_ENV);
  int failed = srunner_ntests_failed(runner);
  printf("%d passed, %d failed\n", srunner_ntests_run(runner) - failed, failed);
  srunner_free(runner);
  return failed != 0;
}

#endif
