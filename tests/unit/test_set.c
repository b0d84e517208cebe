/* test_set.c - sets against an array, and the fairness of random choices. */
#include "models/keyvalue/set.h"

#include "models/keyvalue/sorted_set.h"
#include "tests/unit/collection_kit.h"

enum { NAMES = 1500, STEPS = 12000 };

typedef struct model {
  bool present[NAMES];
  size_t count;
} model;

static char names[NAMES][KIT_NAME_MAX];
static med_slice name_slices[NAMES];

static void make_names(void) {
  for (uint64_t i = 0; i < NAMES; i++) name_slices[i] = kit_name_slice(i, names[i]);
}

static med_collection open_set(collection_kit *kit) {
  med_collection set;
  KIT_OK(kit, med_set_open(&kit->kv, med_slice_of_text("set"), &kit->arena, &set));
  return set;
}

static size_t name_number(med_slice name) {
  for (size_t i = 0; i < NAMES; i++) {
    if (med_slice_equal(name, name_slices[i])) return i;
  }
  ck_abort_msg("a name that nobody wrote");
  return 0;
}

static void compare_all(collection_kit *kit, const model *expected) {
  med_collection set = open_set(kit);
  ck_assert_uint_eq(set.meta.count, expected->count);
  for (size_t i = 0; i < NAMES; i++) {
    bool has;
    KIT_OK(kit, med_set_has(&set, name_slices[i], &has));
    ck_assert(has == expected->present[i]);
  }
  med_member_walk walk;
  size_t seen = 0;
  KIT_OK(kit, med_member_walk_open(&set, med_slice_of(NULL, 0), &walk));
  while (med_member_walk_next(&walk) == MEDLEY_OK) {
    ck_assert(expected->present[name_number(walk.member)]);
    seen++;
  }
  ck_assert_uint_eq(seen, expected->count);
  med_member_walk_close(&walk);
  for (int i = 0; i < 20; i++) {
    med_slice member;
    int rc = med_set_pick(&set, &member, NULL);
    ck_assert_int_eq(rc, expected->count > 0 ? MEDLEY_OK : MEDLEY_NOT_FOUND);
    if (rc == MEDLEY_OK) ck_assert(expected->present[name_number(member)]);
  }
  kit_check(kit, "set");
  med_arena_reset(&kit->arena);
}

static void random_step(collection_kit *kit, model *expected, uint64_t *random, bool growing) {
  med_collection set = open_set(kit);
  size_t n = property_below(random, NAMES);
  if (property_below(random, 100) < (growing ? 80 : 30)) {
    bool added;
    KIT_OK(kit, med_set_add(&set, name_slices[n], &added));
    ck_assert(added == !expected->present[n]);
    expected->count += added;
    expected->present[n] = true;
  } else {
    int rc = med_set_remove(&set, name_slices[n]);
    ck_assert_int_eq(rc, expected->present[n] ? MEDLEY_OK : MEDLEY_NOT_FOUND);
    expected->count -= expected->present[n];
    expected->present[n] = false;
  }
  KIT_OK(kit, med_collection_save(&set));
}

START_TEST(a_set_is_a_set_through_reopening_and_rollbacks) {
  uint64_t seed = property_seed("set"), random = seed;
  collection_kit kit;
  make_names();
  kit_open(&kit, seed);
  static model expected, marked;
  memset(&expected, 0, sizeof expected);
  med_mark mark = 0;
  bool has_mark = false;
  for (int step = 0; step < STEPS; step++) {
    random_step(&kit, &expected, &random, step / 3000 % 2 == 0);
    uint64_t event = property_below(&random, 400);
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
    } else if (event == 3) {
      kit_reopen(&kit);
      has_mark = false;
      compare_all(&kit, &expected);
    }
  }
  med_collection set = open_set(&kit);
  while (set.meta.count > 0) {
    med_slice member;
    KIT_OK(&kit, med_set_pick(&set, &member, NULL));
    KIT_OK(&kit, med_set_remove(&set, member));
  }
  KIT_OK(&kit, med_collection_save(&set));
  kit_sweep_all(&kit);
  ck_assert_uint_eq(kit_part_count(&kit), 0);
  kit_close(&kit);
}
END_TEST

/* A set that is too big to be walked: every tenth of it must be chosen about as often as any other, and in the end each
 * member must have been chosen. The bounds are far outside of what chance does with fair choices. */
START_TEST(random_members_of_a_big_set_come_from_all_of_it) {
  enum { COUNT = 2000, PICKS = 60000, PARTS = 10 };
  collection_kit kit;
  kit_open(&kit, property_seed("random members"));
  med_collection set = open_set(&kit);
  for (unsigned i = 0; i < COUNT; i++) {
    char member[32];
    bool added;
    /* Most members share a long beginning, so that choosing among the bytes of keys would not be fair. */
    int len = snprintf(member, sizeof member, i < COUNT / 2 ? "%u" : "a common beginning %u", i + 1000);
    KIT_OK(&kit, med_set_add(&set, med_slice_of(member, (size_t)len), &added));
  }
  unsigned chosen[COUNT] = {0}, parts[PARTS] = {0};
  for (unsigned i = 0; i < PICKS; i++) {
    med_slice member;
    char text[32];
    KIT_OK(&kit, med_set_pick(&set, &member, NULL));
    snprintf(text, sizeof text, "%.*s", (int)member.len, (const char *)member.bytes);
    const char *digits = strrchr(text, ' ');
    unsigned number = (unsigned)atoi(digits != NULL ? digits + 1 : text) - 1000;
    ck_assert_uint_lt(number, COUNT);
    chosen[number]++;
    parts[number * PARTS / COUNT]++;
    if (i % 100 == 0) med_arena_reset(&kit.arena);
  }
  for (unsigned i = 0; i < PARTS; i++) {
    ck_assert_uint_gt(parts[i], PICKS / PARTS / 2);
    ck_assert_uint_lt(parts[i], PICKS / PARTS * 2);
  }
  for (unsigned i = 0; i < COUNT; i++) ck_assert_uint_gt(chosen[i], 0);
  KIT_OK(&kit, med_collection_save(&set));
  kit_check(&kit, "set");
  kit_close(&kit);
}
END_TEST

START_TEST(two_long_members_with_one_beginning_are_two_members) {
  collection_kit kit;
  kit_open(&kit, 1);
  med_collection set = open_set(&kit);
  char a[6000], b[6000];
  memset(a, 'x', sizeof a);
  memset(b, 'x', sizeof b);
  b[sizeof b - 1] = 'y';
  bool added, has;
  KIT_OK(&kit, med_set_add(&set, med_slice_of(a, sizeof a), &added));
  KIT_OK(&kit, med_set_has(&set, med_slice_of(b, sizeof b), &has));
  ck_assert(!has);
  KIT_OK(&kit, med_set_add(&set, med_slice_of(b, sizeof b), &added));
  ck_assert(added);
  ck_assert_uint_eq(set.meta.count, 2);
  KIT_OK(&kit, med_set_remove(&set, med_slice_of(a, sizeof a)));
  KIT_OK(&kit, med_set_has(&set, med_slice_of(b, sizeof b), &has));
  ck_assert(has);
  /* What a long name's key holds is itself the name of another member. */
  med_key stored = {.len = 0};
  med_part_add_name(&stored, med_slice_of(b, sizeof b));
  KIT_OK(&kit, med_set_has(&set, med_key_slice(&stored), &has));
  ck_assert(!has);
  kit_close(&kit);
}
END_TEST

PROPERTY_MAIN("set", a_set_is_a_set_through_reopening_and_rollbacks, random_members_of_a_big_set_come_from_all_of_it,
              two_long_members_with_one_beginning_are_two_members)
