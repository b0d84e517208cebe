/* test_sorted_set.c - sorted sets against an array of members and scores. */
#include "models/keyvalue/sorted_set.h"

#include <math.h>

#include "tests/unit/collection_kit.h"

enum { NAMES = 1500, STEPS = 8000 };

typedef struct model {
  bool present[NAMES];
  double score[NAMES];
  size_t count;
} model;

static char names[NAMES][KIT_NAME_MAX];
static med_slice name_slices[NAMES];
static med_key stored[NAMES];

static void make_names(void) {
  for (uint64_t i = 0; i < NAMES; i++) {
    name_slices[i] = kit_name_slice(i, names[i]);
    stored[i].len = 0;
    med_part_add_name(&stored[i], name_slices[i]);
  }
}

static med_collection open_set(collection_kit *kit) {
  med_collection set;
  KIT_OK(kit, med_sorted_set_open(&kit->kv, med_slice_of_text("zset"), &kit->arena, &set));
  return set;
}

/* By score and then by stored name. */
static int compare_indexes(const void *a, const void *b, void *context) {
  const model *expected = context;
  size_t x = *(const size_t *)a, y = *(const size_t *)b;
  if (expected->score[x] != expected->score[y]) return expected->score[x] < expected->score[y] ? -1 : 1;
  return med_slice_compare(med_key_slice(&stored[x]), med_key_slice(&stored[y]));
}

static size_t sorted_indexes(const model *expected, size_t *indexes) {
  size_t count = 0;
  for (size_t i = 0; i < NAMES; i++) {
    if (expected->present[i]) indexes[count++] = i;
  }
  qsort_r(indexes, count, sizeof *indexes, compare_indexes, (void *)(uintptr_t)expected);
  return count;
}

static void compare_range(collection_kit *kit, med_collection *set, const model *expected, const size_t *indexes,
                          size_t from, size_t until, bool reverse) {
  med_sorted_set_bound low, high;
  med_sorted_set_walk walk;
  KIT_OK(kit, med_sorted_set_bound_rank(set, from, &low));
  KIT_OK(kit, med_sorted_set_bound_rank(set, until, &high));
  KIT_OK(kit, med_sorted_set_walk_open(set, &low, &high, reverse, &walk));
  for (size_t i = from; i < until; i++) {
    size_t index = indexes[reverse ? until - 1 - (i - from) : i];
    KIT_OK(kit, med_sorted_set_walk_next(&walk));
    ck_assert(med_slice_equal(walk.member, name_slices[index]));
    ck_assert(walk.score == expected->score[index]);
  }
  ck_assert_int_eq(med_sorted_set_walk_next(&walk), MEDLEY_NOT_FOUND);
  med_sorted_set_walk_close(&walk);
}

static void compare_all(collection_kit *kit, const model *expected, uint64_t *random) {
  size_t indexes[NAMES];
  size_t count = sorted_indexes(expected, indexes);
  med_collection set = open_set(kit);
  ck_assert_uint_eq(set.meta.count, count);
  compare_range(kit, &set, expected, indexes, 0, count, false);
  compare_range(kit, &set, expected, indexes, 0, count, true);
  for (int i = 0; i < 10 && count > 0; i++) {
    size_t from = property_below(random, count), until = from + property_below(random, count - from + 1);
    compare_range(kit, &set, expected, indexes, from, until, i % 2);
    uint64_t rank;
    KIT_OK(kit, med_sorted_set_rank(&set, name_slices[indexes[from]], &rank));
    ck_assert_uint_eq(rank, from);
    med_sorted_set_bound bound;
    med_sorted_set_bound_score(expected->score[indexes[from]], i % 2, &bound);
    KIT_OK(kit, med_sorted_set_bound_place(&set, &bound, &rank));
    size_t before = 0;
    for (size_t j = 0; j < count; j++) {
      double score = expected->score[indexes[j]], limit = expected->score[indexes[from]];
      before += i % 2 ? score <= limit : score < limit;
    }
    ck_assert_uint_eq(rank, before);
  }
  kit_check(kit, "zset");
  med_arena_reset(&kit->arena);
}

static double random_score(uint64_t *random) {
  static const double special[] = {0, -0.0, 1, -1, INFINITY, -INFINITY, 1e300, -1e300, 5e-324, 0.1};
  uint64_t choice = property_below(random, 30);
  if (choice < 10) return special[choice];
  if (choice < 20) return (double)property_below(random, 20) - 10;
  return ((double)property_below(random, 2000000) - 1000000) / 256;
}

static void random_step(collection_kit *kit, model *expected, uint64_t *random, bool growing) {
  med_collection set = open_set(kit);
  size_t n = property_below(random, NAMES);
  double score = random_score(random), present;
  bool created, changed;
  uint64_t choice = property_below(random, growing ? 70 : 100);
  if (choice < 60) {
    KIT_OK(kit, med_sorted_set_put(&set, name_slices[n], score, &created, &changed));
    ck_assert(created == !expected->present[n]);
    ck_assert(changed == (expected->present[n] && expected->score[n] != score));
    expected->count += created;
    expected->present[n] = true;
    expected->score[n] = score == 0 ? 0 : score;
  } else if (choice < 68) {
    int rc = med_sorted_set_score(&set, name_slices[n], &present);
    ck_assert_int_eq(rc, expected->present[n] ? MEDLEY_OK : MEDLEY_NOT_FOUND);
    if (rc == MEDLEY_OK) ck_assert(present == expected->score[n]);
  } else if (choice < 98) {
    int rc = med_sorted_set_remove(&set, name_slices[n]);
    ck_assert_int_eq(rc, expected->present[n] ? MEDLEY_OK : MEDLEY_NOT_FOUND);
    expected->count -= expected->present[n];
    expected->present[n] = false;
  } else if (expected->count > 0) {
    size_t indexes[NAMES];
    size_t count = sorted_indexes(expected, indexes);
    size_t from = property_below(random, count), until = from + property_below(random, count - from + 1) / 3;
    med_sorted_set_bound low, high;
    uint64_t removed;
    KIT_OK(kit, med_sorted_set_bound_rank(&set, from, &low));
    KIT_OK(kit, med_sorted_set_bound_rank(&set, until, &high));
    KIT_OK(kit, med_sorted_set_remove_range(&set, &low, &high, &removed));
    ck_assert_uint_eq(removed, until - from);
    for (size_t i = from; i < until; i++) expected->present[indexes[i]] = false;
    expected->count -= until - from;
  }
  KIT_OK(kit, med_collection_save(&set));
}

START_TEST(a_sorted_set_is_a_sorted_array_through_changes_reopening_and_rollbacks) {
  uint64_t seed = property_seed("sorted set"), random = seed;
  collection_kit kit;
  make_names();
  kit_open(&kit, seed);
  static model expected, marked;
  memset(&expected, 0, sizeof expected);
  med_mark mark = 0;
  bool has_mark = false;
  for (int step = 0; step < STEPS; step++) {
    random_step(&kit, &expected, &random, step / 2500 % 2 == 0);
    uint64_t event = property_below(&random, 300);
    if (event == 0) compare_all(&kit, &expected, &random);
    if (event == 1 && !has_mark) {
      mark = med_txn_mark(kit.kv.txn);
      marked = expected;
      has_mark = true;
    } else if (event == 2 && has_mark) {
      KIT_OK(&kit, med_txn_rollback_to(kit.kv.txn, mark));
      expected = marked;
      has_mark = false;
      compare_all(&kit, &expected, &random);
    } else if (event == 3) {
      kit_next_transaction(&kit);
      has_mark = false;
    } else if (event == 4 && property_below(&random, 5) == 0) {
      kit_reopen(&kit);
      has_mark = false;
      compare_all(&kit, &expected, &random);
    }
  }
  compare_all(&kit, &expected, &random);
  med_collection set = open_set(&kit);
  med_sorted_set_bound low, high;
  uint64_t removed;
  med_sorted_set_bound_start(&low);
  med_sorted_set_bound_end(&high);
  KIT_OK(&kit, med_sorted_set_remove_range(&set, &low, &high, &removed));
  ck_assert_uint_eq(removed, expected.count);
  KIT_OK(&kit, med_collection_save(&set));
  ck_assert(!open_set(&kit).exists);
  kit_sweep_all(&kit);
  ck_assert_uint_eq(kit_part_count(&kit), 0);
  kit_close(&kit);
}
END_TEST

/* Enough members for three levels of counts. */
START_TEST(places_are_right_in_a_set_of_many_levels) {
  uint64_t seed = property_seed("places"), random = seed;
  collection_kit kit;
  kit_open(&kit, seed);
  enum { COUNT = 40000 };
  med_collection set = open_set(&kit);
  for (uint64_t i = 0; i < COUNT; i++) {
    char member[32];
    uint64_t n = i * 7919 % COUNT;
    int len = snprintf(member, sizeof member, "m%06llu", (unsigned long long)n);
    KIT_OK(&kit, med_sorted_set_put(&set, med_slice_of(member, (size_t)len), (double)(n / 3), NULL, NULL));
  }
  KIT_OK(&kit, med_collection_save(&set));
  ck_assert_int_ge(set.meta.head, 2);
  kit_check(&kit, "zset");
  for (uint64_t n = 0; n < COUNT; n += 1 + property_below(&random, 50)) {
    char member[32];
    uint64_t rank;
    int len = snprintf(member, sizeof member, "m%06llu", (unsigned long long)n);
    KIT_OK(&kit, med_sorted_set_rank(&set, med_slice_of(member, (size_t)len), &rank));
    ck_assert_uint_eq(rank, n);
  }
  /* Empty whole groups, also the first ones, and fill them again. */
  med_sorted_set_bound low, high;
  uint64_t removed;
  med_sorted_set_bound_start(&low);
  KIT_OK(&kit, med_sorted_set_bound_rank(&set, 15000, &high));
  KIT_OK(&kit, med_sorted_set_remove_range(&set, &low, &high, &removed));
  ck_assert_uint_eq(removed, 15000);
  KIT_OK(&kit, med_sorted_set_bound_rank(&set, 5000, &low));
  KIT_OK(&kit, med_sorted_set_bound_rank(&set, 20000, &high));
  KIT_OK(&kit, med_sorted_set_remove_range(&set, &low, &high, &removed));
  KIT_OK(&kit, med_collection_save(&set));
  kit_check(&kit, "zset");
  for (uint64_t n = 0; n < COUNT; n += 3) {
    char member[32];
    int len = snprintf(member, sizeof member, "m%06llu", (unsigned long long)n);
    KIT_OK(&kit, med_sorted_set_put(&set, med_slice_of(member, (size_t)len), (double)(n / 3), NULL, NULL));
  }
  KIT_OK(&kit, med_collection_save(&set));
  kit_check(&kit, "zset");
  kit_close(&kit);
}
END_TEST

START_TEST(names_bound_a_range_of_equal_scores) {
  collection_kit kit;
  kit_open(&kit, 1);
  med_collection set = open_set(&kit);
  const char *members[] = {"", "a", "b", "ba", "c"};
  for (size_t i = 0; i < 5; i++) KIT_OK(&kit, med_sorted_set_put(&set, med_slice_of_text(members[i]), 7, NULL, NULL));
  for (size_t i = 0; i < 5; i++) {
    med_sorted_set_bound bound;
    uint64_t rank;
    for (unsigned behind = 0; behind < 2; behind++) {
      KIT_OK(&kit, med_sorted_set_bound_name(&set, med_slice_of_text(members[i]), behind, &bound));
      KIT_OK(&kit, med_sorted_set_bound_place(&set, &bound, &rank));
      ck_assert_uint_eq(rank, i + behind);
    }
  }
  kit_close(&kit);
}
END_TEST

PROPERTY_MAIN("sorted set", a_sorted_set_is_a_sorted_array_through_changes_reopening_and_rollbacks,
              places_are_right_in_a_set_of_many_levels, names_bound_a_range_of_equal_scores)
