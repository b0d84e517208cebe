/* test_list.c - lists against an array. */
#include "models/keyvalue/list.h"

#include "models/keyvalue/runs.h"
#include "tests/unit/collection_kit.h"

enum { LEN_MAX = 4000, STEPS = 6000 };

typedef struct model {
  uint32_t values[LEN_MAX + 1];
  size_t len;
} model;

static char space[KIT_VALUE_MAX];

static void model_insert(model *list, size_t at, uint32_t value) {
  memmove(list->values + at + 1, list->values + at, (list->len - at) * sizeof(uint32_t));
  list->values[at] = value;
  list->len++;
}

static void model_remove(model *list, size_t at, size_t count) {
  memmove(list->values + at, list->values + at + count, (list->len - at - count) * sizeof(uint32_t));
  list->len -= count;
}

static med_collection open_list(collection_kit *kit) {
  med_collection list;
  KIT_OK(kit, med_list_open(&kit->kv, med_slice_of_text("list"), &kit->arena, &list));
  return list;
}

static void compare_element(collection_kit *kit, med_slice element, uint32_t value) {
  (void)kit;
  med_slice expected = kit_value(value, space);
  ck_assert_uint_eq(element.len, expected.len);
  ck_assert(med_slice_equal(element, expected));
}

static void compare_walk(collection_kit *kit, const model *expected, size_t from, bool reverse) {
  med_collection list = open_list(kit);
  med_list_walk walk;
  size_t at = from;
  KIT_OK(kit, med_list_walk_open(&list, from, reverse, &walk));
  int rc;
  while ((rc = med_list_walk_next(&walk)) == MEDLEY_OK) {
    med_slice element;
    ck_assert_uint_lt(at, expected->len);
    ck_assert_uint_eq(walk.index, at);
    KIT_OK(kit, med_element_load(&list, &walk.element, &element));
    compare_element(kit, element, expected->values[at]);
    at += reverse ? SIZE_MAX : 1;
  }
  ck_assert_int_eq(rc, MEDLEY_NOT_FOUND);
  if (expected->len > 0) ck_assert_uint_eq(at, reverse ? SIZE_MAX : expected->len);
  med_list_walk_close(&walk);
}

static void compare_all(collection_kit *kit, const model *expected, uint64_t *random) {
  med_collection list = open_list(kit);
  ck_assert_uint_eq(list.meta.count, expected->len);
  ck_assert(list.exists == (expected->len > 0));
  if (expected->len > 0) {
    compare_walk(kit, expected, 0, false);
    compare_walk(kit, expected, expected->len - 1, true);
    compare_walk(kit, expected, property_below(random, expected->len), false);
    compare_walk(kit, expected, property_below(random, expected->len), true);
  }
  kit_check(kit, "list");
  med_arena_reset(&kit->arena);
}

static void random_step(collection_kit *kit, model *expected, uint64_t *random, bool growing) {
  med_collection list = open_list(kit);
  uint32_t value = (uint32_t)property_random(random);
  med_slice bytes = kit_value(value, space), element;
  size_t len = expected->len, at = property_below(random, len + 1);
  uint64_t choice = property_below(random, growing ? 60 : 100);
  if (choice < 30 && len < LEN_MAX) {
    KIT_OK(kit, med_list_push(&list, choice % 2, bytes));
    model_insert(expected, choice % 2 ? 0 : len, value);
  } else if (choice < 50 && len < LEN_MAX) {
    KIT_OK(kit, med_list_insert(&list, at, bytes));
    model_insert(expected, at, value);
  } else if (choice < 55 && at < len) {
    KIT_OK(kit, med_list_set(&list, at, bytes));
    expected->values[at] = value;
  } else if (choice < 60 && at < len) {
    KIT_OK(kit, med_list_get(&list, at, &element));
    compare_element(kit, element, expected->values[at]);
  } else if (choice < 80 && len > 0) {
    bool front = choice % 2;
    KIT_OK(kit, med_list_pop(&list, front, &element));
    compare_element(kit, element, expected->values[front ? 0 : len - 1]);
    model_remove(expected, front ? 0 : len - 1, 1);
  } else if (at < len) {
    uint64_t count = 1 + property_below(random, choice < 97 ? 3 : 200);
    KIT_OK(kit, med_list_remove(&list, at, count));
    model_remove(expected, at, count < len - at ? count : len - at);
  }
  KIT_OK(kit, med_collection_save(&list));
}

START_TEST(a_list_is_an_array_through_edits_reopening_and_rollbacks) {
  uint64_t seed = property_seed("list"), random = seed;
  collection_kit kit;
  kit_open(&kit, seed);
  static model expected, marked;
  expected.len = 0;
  med_mark mark = 0;
  bool has_mark = false;
  for (int step = 0; step < STEPS; step++) {
    random_step(&kit, &expected, &random, step / 1000 % 2 == 0);
    uint64_t event = property_below(&random, 200);
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
  while (expected.len > 0) {
    med_collection list = open_list(&kit);
    med_slice element;
    KIT_OK(&kit, med_list_pop(&list, true, &element));
    KIT_OK(&kit, med_collection_save(&list));
    model_remove(&expected, 0, 1);
  }
  ck_assert_int_eq(open_list(&kit).exists, false);
  kit_sweep_all(&kit);
  ck_assert_uint_eq(kit_part_count(&kit), 0);
  kit_close(&kit);
}
END_TEST

START_TEST(many_edits_in_the_middle_make_a_deep_tree_of_runs) {
  uint64_t seed = property_seed("runs"), random = seed;
  collection_kit kit;
  kit_open(&kit, seed);
  enum { LEN = 60000, EDITS = 24000 };
  med_collection list = open_list(&kit);
  uint32_t *values = calloc(LEN + EDITS, sizeof *values);
  size_t len = 0;
  for (uint32_t i = 0; i < LEN; i++) {
    KIT_OK(&kit, med_list_push(&list, false, med_slice_of(&i, sizeof i)));
    values[len++] = i;
  }
  for (uint32_t i = 0; i < EDITS; i++) {
    size_t at = i % 3 ? property_below(&random, len) : len / 2;
    uint32_t value = LEN + i;
    if (i % 7 == 6) {
      KIT_OK(&kit, med_list_remove(&list, at, 1));
      memmove(values + at, values + at + 1, (--len - at) * sizeof *values);
    } else {
      KIT_OK(&kit, med_list_insert(&list, at, med_slice_of(&value, sizeof value)));
      memmove(values + at + 1, values + at, (len++ - at) * sizeof *values);
      values[at] = value;
    }
  }
  ck_assert(!med_runs_is_dense(&list));
  ck_assert_uint_eq(list.meta.count, len);
  KIT_OK(&kit, med_collection_save(&list));
  kit_reopen(&kit);
  list = open_list(&kit);
  med_list_walk walk;
  KIT_OK(&kit, med_list_walk_open(&list, 0, false, &walk));
  for (size_t i = 0; i < len; i++) {
    KIT_OK(&kit, med_list_walk_next(&walk));
    ck_assert(med_slice_equal(walk.element.bytes, med_slice_of(&values[i], sizeof *values)));
  }
  ck_assert_int_eq(med_list_walk_next(&walk), MEDLEY_NOT_FOUND);
  med_list_walk_close(&walk);
  kit_check(&kit, "list");
  KIT_OK(&kit, med_list_remove(&list, 10, len - 20));
  ck_assert_uint_eq(list.meta.count, 20);
  KIT_OK(&kit, med_list_remove(&list, 1, 19)); /* one element is one run */
  ck_assert(med_runs_is_dense(&list));
  KIT_OK(&kit, med_collection_save(&list));
  kit_check(&kit, "list");
  free(values);
  kit_close(&kit);
}
END_TEST

START_TEST(an_element_of_a_mebibyte_comes_back_and_leaves_nothing_behind) {
  collection_kit kit;
  kit_open(&kit, 1);
  size_t len = (size_t)1 << 20;
  char *bytes = malloc(len);
  for (size_t i = 0; i < len; i++) bytes[i] = (char)(i * 2654435761u >> 13);
  med_collection list = open_list(&kit);
  KIT_OK(&kit, med_list_push(&list, false, med_slice_of(bytes, len)));
  KIT_OK(&kit, med_list_push(&list, true, med_slice_of_text("short")));
  KIT_OK(&kit, med_collection_save(&list));
  kit_reopen(&kit);
  list = open_list(&kit);
  med_slice element;
  KIT_OK(&kit, med_list_get(&list, 1, &element));
  ck_assert(med_slice_equal(element, med_slice_of(bytes, len)));
  ck_assert_uint_gt(kit_part_count(&kit), 200);
  KIT_OK(&kit, med_list_set(&list, 1, med_slice_of_text("now short")));
  ck_assert_uint_eq(kit_part_count(&kit), 2);
  KIT_OK(&kit, med_list_push(&list, false, med_slice_of(bytes, len)));
  KIT_OK(&kit, med_collection_save(&list));
  KIT_OK(&kit, med_kv_remove(&kit.kv, med_slice_of_text("list")));
  ck_assert_uint_gt(kit_part_count(&kit), 200); /* removed at once, freed by the sweep */
  kit_sweep_all(&kit);
  ck_assert_uint_eq(kit_part_count(&kit), 0);
  med_slice too_long = med_slice_of(bytes, (size_t)MED_ELEMENT_SIZE_MAX + 1);
  list = open_list(&kit);
  ck_assert_int_eq(med_list_push(&list, false, too_long), MEDLEY_TOO_BIG);
  free(bytes);
  kit_close(&kit);
}
END_TEST

START_TEST(an_index_behind_the_end_is_not_found_and_another_type_is_refused) {
  collection_kit kit;
  kit_open(&kit, 1);
  med_collection list = open_list(&kit);
  med_slice element;
  ck_assert_int_eq(med_list_get(&list, 0, &element), MEDLEY_NOT_FOUND);
  ck_assert_int_eq(med_list_pop(&list, true, &element), MEDLEY_NOT_FOUND);
  KIT_OK(&kit, med_list_push(&list, true, med_slice_of_text("a")));
  ck_assert_int_eq(med_list_get(&list, 1, &element), MEDLEY_NOT_FOUND);
  ck_assert_int_eq(med_list_set(&list, 1, element), MEDLEY_NOT_FOUND);
  ck_assert_int_eq(med_list_insert(&list, 2, element), MEDLEY_NOT_FOUND);
  KIT_OK(&kit, med_collection_save(&list));
  med_collection other;
  ck_assert_int_eq(med_collection_open(&kit.kv, list.key, MED_KV_SET, &kit.arena, &other), MEDLEY_TYPE);
  kit_close(&kit);
}
END_TEST

PROPERTY_MAIN("list", a_list_is_an_array_through_edits_reopening_and_rollbacks,
              many_edits_in_the_middle_make_a_deep_tree_of_runs,
              an_element_of_a_mebibyte_comes_back_and_leaves_nothing_behind,
              an_index_behind_the_end_is_not_found_and_another_type_is_refused)
