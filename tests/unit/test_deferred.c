/* test_deferred.c - changes that are put off (store.h): made before whoever could miss them, known to undo, made before a commit; beside a plain model.
 *
 * What is put off here: one key for each. */
#include <pthread.h>

#include "storage/memory.h"
#include "storage/store.h"
#include "tests/unit/store_kit.h"

enum { KEYS = 40, TAKEN_MAX = 4000, STEPS = 8000, DEPTH = 8 };

#define CONCERNED 5 /* first byte of keys that are put off */
#define TREE MED_TREE_GRAPH

typedef struct tally {
  size_t made, forgotten, ended; /* calls */
} tally;

typedef struct pending {
  med_deferred deferred; /* the first member */
  tally *tally;
  struct {
    uint8_t key;
    uint32_t value;
  } taken[TAKEN_MAX];
  size_t fails_at; /* the change whose making fails; SIZE_MAX: none */
} pending;

static store_kit kit;
static med_txn *txn;
static tally calls;
static pending *off; /* of the transaction */

static med_slice key_of(uint8_t first, uint8_t key, uint8_t *bytes) {
  bytes[0] = first;
  bytes[1] = key;
  return med_slice_of(bytes, 2);
}

/* A key that is put twice in one go has the last value, which is written as often as it was taken. */
static int make(med_deferred *deferred, med_txn *in) {
  pending *of = (pending *)deferred;
  uint8_t bytes[2];
  med_slice found;
  of->tally->made++;
  for (size_t i = deferred->made; i < deferred->count; i++) {
    if (i == of->fails_at) return med_error_set(med_txn_error(in), MEDLEY_IO, "it fails on purpose");
    med_slice key = key_of(CONCERNED, of->taken[i].key, bytes);
    int rc = med_txn_get(in, TREE, key, &found); /* who makes reads and is not made by that */
    if (rc == MEDLEY_OK || rc == MEDLEY_NOT_FOUND)
      rc = med_txn_put(in, TREE, key, med_slice_of(&of->taken[i].value, sizeof of->taken[i].value));
    if (rc != MEDLEY_OK) return rc;
  }
  return MEDLEY_OK;
}

static void forget(med_deferred *deferred) {
  pending *of = (pending *)deferred;
  of->tally->forgotten++;
  memset(&of->taken[deferred->count - 1], 0xFF, sizeof of->taken[0]);
}

static void end(med_deferred *deferred) {
  pending *of = (pending *)deferred;
  of->tally->ended++;
  med_free(of);
}

static void begin(void) {
  txn = store_kit_begin(&kit);
  ck_assert_ptr_null(med_txn_deferred(txn));
  ck_assert_int_eq(med_txn_settle(txn), MEDLEY_OK); /* of nothing */
  off = med_alloc_zero(sizeof *off);
  ck_assert_ptr_nonnull(off);
  memset(&calls, 0, sizeof calls);
  off->tally = &calls;
  off->fails_at = SIZE_MAX;
  off->deferred =
      (med_deferred){.tree = TREE, .first_bytes = UINT64_C(1) << CONCERNED, .make = make, .forget = forget, .end = end};
  med_txn_set_deferred(txn, &off->deferred);
  ck_assert_ptr_eq(med_txn_deferred(txn), &off->deferred);
}

static void setup(void) {
  memset(&kit, 0, sizeof kit);
  store_kit_open(&kit);
  begin();
}

static void rollback(void) {
  med_writer_rollback(kit.member);
  ck_assert_uint_eq(calls.ended, 1);
}

static void teardown(void) { store_kit_close(&kit); }

static void put_off(uint8_t key, uint32_t value) {
  uint64_t changes = med_txn_changes(txn);
  ck_assert_uint_lt(off->deferred.count, TAKEN_MAX);
  off->taken[off->deferred.count].key = key;
  off->taken[off->deferred.count].value = value;
  ck_assert_int_eq(med_txn_defer(txn), MEDLEY_OK);
  ck_assert_uint_ne(changes, med_txn_changes(txn)); /* whoever keeps what he found looks again */
}

static size_t waiting(void) { return off->deferred.count - off->deferred.made; }

static int get(uint8_t first, uint8_t key, uint32_t *value) {
  uint8_t bytes[2];
  med_slice found;
  int rc = med_txn_get(txn, TREE, key_of(first, key, bytes), &found);
  *value = 0;
  if (rc == MEDLEY_OK) memcpy(value, found.bytes, sizeof *value);
  return rc;
}

static void is_there(uint8_t key, uint32_t expected) {
  uint32_t value;
  ck_assert_int_eq(get(CONCERNED, key, &value), expected == 0 ? MEDLEY_NOT_FOUND : MEDLEY_OK);
  ck_assert_uint_eq(value, expected);
}

/* ---- When it is made ---- */
typedef int use(void);

static int use_get(void) {
  uint32_t value;
  int rc = get(CONCERNED, 1, &value);
  ck_assert_uint_eq(value, rc == MEDLEY_OK ? 11 : 0);
  return rc;
}
static int use_put(void) {
  uint8_t bytes[2];
  return med_txn_put(txn, TREE, key_of(CONCERNED, 2, bytes), med_slice_of("4567", 4));
}
static int use_delete(void) {
  uint8_t bytes[2];
  return med_txn_delete(txn, TREE, key_of(CONCERNED, 1, bytes));
}
static int use_delete_range(void) {
  uint8_t from[2], to[2];
  size_t deleted;
  int rc = med_txn_delete_range(txn, TREE, key_of(CONCERNED, 0, from), key_of(CONCERNED, 99, to), SIZE_MAX, &deleted);
  ck_assert_uint_eq(deleted, rc == MEDLEY_OK);
  return rc;
}

static med_cursor *cursor;

static int open_cursor(void) { return med_cursor_open(txn, TREE, &cursor); }
static int close_cursor(int rc, med_slice key) {
  ck_assert(rc != MEDLEY_OK || (key.len == 2 && ((const uint8_t *)key.bytes)[1] == 1));
  med_cursor_close(cursor);
  return rc;
}
static int use_seek(void) {
  uint8_t bytes[2];
  med_slice key = {0};
  int rc = open_cursor();
  if (rc == MEDLEY_OK) rc = med_cursor_seek(cursor, key_of(CONCERNED, 0, bytes), &key, NULL);
  return close_cursor(rc, key);
}
static int use_cursor_get(void) {
  uint8_t bytes[2];
  med_slice value, key = key_of(CONCERNED, 1, bytes);
  int rc = open_cursor();
  if (rc == MEDLEY_OK) rc = med_cursor_get(cursor, key, &value);
  return close_cursor(rc, key);
}
static int use_seek_before(void) {
  uint8_t bytes[2];
  med_slice key = {0};
  int rc = open_cursor();
  if (rc == MEDLEY_OK) rc = med_cursor_seek_before(cursor, key_of(CONCERNED, 2, bytes), &key, NULL);
  return close_cursor(rc, key);
}
static int use_first(void) {
  med_slice key = {0};
  int rc = open_cursor();
  if (rc == MEDLEY_OK) rc = med_cursor_first(cursor, &key, NULL);
  return close_cursor(rc, key);
}
static int use_last(void) {
  med_slice key = {0};
  int rc = open_cursor();
  if (rc == MEDLEY_OK) rc = med_cursor_last(cursor, &key, NULL);
  return close_cursor(rc, key);
}
static int use_settle(void) { return med_txn_settle(txn); }

static const struct {
  const char *name;
  use *call;
} uses[] = {{"get", use_get},
            {"put", use_put},
            {"delete", use_delete},
            {"delete range", use_delete_range},
            {"seek", use_seek},
            {"cursor get", use_cursor_get},
            {"seek before", use_seek_before},
            {"first", use_first},
            {"last", use_last},
            {"settle", use_settle}};
#define USE_COUNT (sizeof uses / sizeof uses[0])

START_TEST(whoever_could_miss_it_has_it_made_before) {
  for (size_t i = 0; i < USE_COUNT; i++) {
    med_mark mark = med_txn_mark(txn);
    size_t made = calls.made;
    put_off(1, 11);
    ck_assert_uint_eq(waiting(), 1);
    ck_assert_msg(uses[i].call() == MEDLEY_OK, "%s", uses[i].name);
    ck_assert_msg(waiting() == 0 && calls.made == made + 1, "%s: it still waits", uses[i].name);
    ck_assert_int_eq(med_txn_settle(txn), MEDLEY_OK);
    ck_assert_msg(calls.made == made + 1, "%s: it is made twice", uses[i].name);
    ck_assert_int_eq(med_txn_rollback_to(txn, mark), MEDLEY_OK);
    ck_assert_uint_eq(off->deferred.count, 0);
  }
  rollback();
}
END_TEST

/* A step of a cursor that stands before it. */
START_TEST(a_cursor_comes_to_what_was_put_off_behind_it) {
  uint8_t bytes[2];
  med_slice key;
  ck_assert_int_eq(med_txn_put(txn, TREE, key_of(CONCERNED, 3, bytes), med_slice_of("4567", 4)), MEDLEY_OK);
  ck_assert_int_eq(open_cursor(), MEDLEY_OK);
  ck_assert_int_eq(med_cursor_first(cursor, &key, NULL), MEDLEY_OK);
  put_off(7, 1);
  ck_assert_int_eq(med_cursor_next(cursor, &key, NULL), MEDLEY_OK);
  ck_assert(med_slice_equal(key, key_of(CONCERNED, 7, bytes)));
  put_off(5, 1);
  ck_assert_int_eq(med_cursor_previous(cursor, &key, NULL), MEDLEY_OK);
  ck_assert(med_slice_equal(key, key_of(CONCERNED, 5, bytes)));
  med_cursor_close(cursor);
  rollback();
}
END_TEST

START_TEST(what_does_not_concern_it_leaves_it_waiting) {
  uint8_t bytes[2], to[2];
  uint32_t value;
  size_t deleted;
  med_cursor *other;
  put_off(1, 11);
  static const uint8_t firsts[] = {0, CONCERNED - 1, CONCERNED + 1, 63, 64, 64 + CONCERNED, 255};
  for (size_t i = 0; i < sizeof firsts; i++) {
    med_slice key = key_of(firsts[i], 1, bytes);
    ck_assert_int_eq(med_txn_put(txn, TREE, key, med_slice_of("4567", 4)), MEDLEY_OK);
    ck_assert_int_eq(get(firsts[i], 1, &value), MEDLEY_OK);
    ck_assert_int_eq(med_txn_delete(txn, TREE, key), MEDLEY_OK);
  }
  ck_assert_int_eq(med_txn_get(txn, TREE, med_slice_of("", 0), &(med_slice){0}), MEDLEY_NOT_FOUND);
  ck_assert_int_eq(med_txn_put(txn, TREE, med_slice_of("", 0), med_slice_of("v", 1)), MEDLEY_TOO_BIG);
  med_slice key = key_of(CONCERNED, 1, bytes); /* in another tree */
  ck_assert_int_eq(med_txn_put(txn, MED_TREE_KV, key, med_slice_of("v", 1)), MEDLEY_OK);
  ck_assert_int_eq(med_txn_get(txn, MED_TREE_KV, key, NULL), MEDLEY_OK);
  ck_assert_int_eq(med_cursor_open(txn, MED_TREE_KV, &other), MEDLEY_OK);
  ck_assert_int_eq(med_cursor_first(other, NULL, NULL), MEDLEY_OK);
  med_cursor_close(other);
  ck_assert_int_eq(med_txn_delete_range(txn, MED_TREE_KV, key, key_of(CONCERNED, 9, to), SIZE_MAX, &deleted),
                   MEDLEY_OK);
  ck_assert_uint_eq(deleted, 1);
  ck_assert_int_eq(open_cursor(), MEDLEY_OK); /* which has not looked yet */
  med_cursor_close(cursor);
  ck_assert_uint_eq(waiting(), 1);
  ck_assert_uint_eq(calls.made, 0);
  is_there(1, 11);
  rollback();
}
END_TEST

/* ---- Undo ---- */
START_TEST(undo_forgets_what_was_taken_and_puts_off_again_what_was_made) {
  med_mark begin_mark = med_txn_mark(txn);
  put_off(1, 11);
  med_mark one = med_txn_mark(txn);
  put_off(2, 22);
  ck_assert_int_eq(med_txn_rollback_to(txn, one), MEDLEY_OK); /* taken and not made */
  ck_assert_uint_eq(off->deferred.count, 1);
  ck_assert_uint_eq(calls.forgotten, 1);
  put_off(3, 33);
  med_mark two = med_txn_mark(txn);
  ck_assert_int_eq(med_txn_settle(txn), MEDLEY_OK);
  is_there(3, 33);
  ck_assert_int_eq(med_txn_rollback_to(txn, two), MEDLEY_OK); /* made, and taken before */
  ck_assert_uint_eq(waiting(), 2);
  is_there(1, 11);
  is_there(2, 0);
  put_off(4, 44);
  is_there(4, 44);
  ck_assert_int_eq(med_txn_rollback_to(txn, one), MEDLEY_OK); /* across both makings */
  ck_assert_uint_eq(waiting(), 1);
  is_there(3, 0);
  is_there(4, 0);
  is_there(1, 11);
  ck_assert_int_eq(med_txn_rollback_to(txn, begin_mark), MEDLEY_OK);
  ck_assert_uint_eq(off->deferred.count, 0);
  ck_assert_uint_eq(off->deferred.made, 0);
  is_there(1, 0);
  ck_assert_uint_eq(calls.forgotten, 4);
  rollback();
}
END_TEST

typedef struct state {
  uint32_t values[KEYS]; /* 0: absent */
  size_t count;
} state;

static void compare(const state *now) {
  ck_assert_uint_eq(off->deferred.count, now->count);
  for (uint8_t key = 0; key < KEYS; key++) is_there(key, now->values[key]);
}

static void change(state *now, uint64_t *random) {
  uint8_t bytes[2], key = (uint8_t)property_below(random, KEYS);
  uint32_t value = 1 + (uint32_t)property_below(random, 1000000);
  uint64_t kind = property_below(random, 20);
  if (kind < 14 && now->count < TAKEN_MAX) {
    put_off(key, value);
    now->count++;
    now->values[key] = value;
  } else if (kind == 14) {
    ck_assert_int_eq(med_txn_put(txn, TREE, key_of(CONCERNED, key, bytes), med_slice_of(&value, sizeof value)),
                     MEDLEY_OK);
    now->values[key] = value;
  } else if (kind == 15) {
    int rc = med_txn_delete(txn, TREE, key_of(CONCERNED, key, bytes));
    ck_assert_int_eq(rc, now->values[key] == 0 ? MEDLEY_NOT_FOUND : MEDLEY_OK);
    now->values[key] = 0;
  } else if (kind == 16) {
    ck_assert_int_eq(med_txn_settle(txn), MEDLEY_OK);
  } else if (kind == 17 && waiting() > 0) { /* it fails, whole, and is tried again when it has to be */
    off->fails_at = off->deferred.made + (size_t)property_below(random, waiting());
    ck_assert_int_eq(med_txn_settle(txn), MEDLEY_IO);
    off->fails_at = SIZE_MAX;
  } else {
    is_there(key, now->values[key]);
  }
}

START_TEST(with_marks_in_one_another_it_is_as_if_all_were_made_at_once) {
  uint64_t random = property_seed("deferred");
  static state now, saved[DEPTH], committed;
  med_mark marks[DEPTH];
  int depth = 0;
  for (int step = 0; step < STEPS; step++) {
    uint64_t kind = property_below(&random, 30);
    if (kind == 0 && depth < DEPTH) {
      saved[depth] = now;
      marks[depth++] = med_txn_mark(txn);
    } else if (kind == 1 && depth > 0) {
      depth = (int)property_below(&random, (uint64_t)depth);
      ck_assert_int_eq(med_txn_rollback_to(txn, marks[depth]), MEDLEY_OK);
      now = saved[depth];
      if (property_below(&random, 2) == 0) compare(&now);
    } else if (kind == 2 && property_below(&random, 20) == 0) {
      bool commits = property_below(&random, 2) == 0;
      if (commits)
        store_kit_commit(&kit);
      else
        rollback();
      ck_assert_uint_eq(calls.ended, 1);
      if (commits)
        committed = now;
      else
        now = committed;
      now.count = committed.count = 0;
      depth = 0;
      begin();
      compare(&now);
    } else {
      change(&now, &random);
    }
  }
  compare(&now);
  rollback();
}
END_TEST

/* ---- Failures ---- */
START_TEST(a_making_that_fails_is_undone_and_tried_again) {
  for (size_t i = 0; i < USE_COUNT; i++) {
    med_mark mark = med_txn_mark(txn);
    put_off(1, 10);
    put_off(3, 33);
    put_off(1, 11);
    put_off(3, 34);
    off->fails_at = 3;
    for (int again = 0; again < 2; again++) {
      med_error_clear(&kit.error);
      ck_assert_msg(uses[i].call() == MEDLEY_IO, "%s", uses[i].name);
      ck_assert_str_eq(med_txn_error(txn)->message, "it fails on purpose");
      ck_assert_uint_eq(waiting(), 4);
      ck_assert(!med_txn_broken(txn));
    }
    off->fails_at = SIZE_MAX;
    is_there(1, 11);
    is_there(3, 34);
    ck_assert_uint_eq(waiting(), 0);
    ck_assert_int_eq(med_txn_rollback_to(txn, mark), MEDLEY_OK);
    is_there(1, 0);
  }
  rollback();
}
END_TEST

/* What was before stays what it was, though it was overwritten in vain. */
START_TEST(what_a_failed_making_has_overwritten_is_there_again) {
  uint8_t bytes[2];
  uint32_t value = 5;
  ck_assert_int_eq(med_txn_put(txn, TREE, key_of(CONCERNED, 1, bytes), med_slice_of(&value, sizeof value)), MEDLEY_OK);
  put_off(1, 11);
  put_off(2, 22);
  off->fails_at = 1;
  ck_assert_int_eq(med_txn_settle(txn), MEDLEY_IO);
  off->deferred.first_bytes = 0; /* so that it can be looked at */
  is_there(1, 5);
  is_there(2, 0);
  off->deferred.first_bytes = UINT64_C(1) << CONCERNED;
  off->fails_at = SIZE_MAX;
  is_there(1, 11);
  rollback();
}
END_TEST

START_TEST(without_undo_a_failure_breaks_the_batch) {
  med_txn_set_undo(txn, false);
  put_off(1, 11);
  put_off(2, 22);
  off->fails_at = 1;
  ck_assert_int_eq(med_txn_settle(txn), MEDLEY_IO);
  ck_assert(med_txn_broken(txn));
  off->fails_at = SIZE_MAX;
  ck_assert_int_eq(med_txn_settle(txn), MEDLEY_ABORTED); /* for good */
  rollback();
}
END_TEST

START_TEST(without_undo_it_is_made_all_the_same) {
  med_txn_set_undo(txn, false);
  put_off(1, 11);
  is_there(1, 11);
  put_off(2, 22);
  store_kit_commit(&kit);
  begin();
  is_there(1, 11);
  is_there(2, 22);
  rollback();
}
END_TEST

/* ---- The end ---- */
START_TEST(a_commit_makes_what_waits_and_a_rollback_does_not) {
  put_off(1, 11);
  store_kit_commit(&kit);
  ck_assert_uint_eq(calls.made, 1);
  ck_assert_uint_eq(calls.ended, 1);
  begin();
  is_there(1, 11);
  put_off(2, 22);
  rollback();
  ck_assert_uint_eq(calls.made, 0);
  begin();
  is_there(2, 0);
  rollback();
}
END_TEST

START_TEST(a_commit_that_cannot_make_it_answers_so_and_leaves_nothing) {
  uint8_t bytes[2];
  medley_error answer = {0};
  ck_assert_int_eq(med_txn_put(txn, TREE, key_of(9, 9, bytes), med_slice_of("4567", 4)), MEDLEY_OK);
  put_off(1, 11);
  put_off(2, 22);
  off->fails_at = 1;
  ck_assert_int_eq(med_writer_commit(kit.member, &answer), MEDLEY_IO);
  ck_assert_int_eq(answer.status, MEDLEY_IO);
  ck_assert_str_eq(answer.message, "it fails on purpose");
  ck_assert_uint_eq(calls.ended, 1);
  begin();
  uint32_t value;
  is_there(1, 0);
  ck_assert_int_eq(get(9, 9, &value), MEDLEY_NOT_FOUND);
  put_off(1, 12);
  off->fails_at = 0;
  ck_assert_int_eq(med_writer_commit(kit.member, NULL), MEDLEY_IO); /* nobody asks why */
  begin();
  is_there(1, 0);
  rollback();
}
END_TEST

/* Work that is handed over (med_writer_run): made with it, and all of it undone where that fails. */
static pthread_t worked_on;

static int work(med_txn *in, void *context) {
  const size_t *fails_at = context;
  uint8_t bytes[2];
  txn = in;
  worked_on = pthread_self();
  off = med_alloc_zero(sizeof *off);
  ck_assert_ptr_nonnull(off);
  off->tally = &calls;
  off->fails_at = *fails_at;
  off->deferred =
      (med_deferred){.tree = TREE, .first_bytes = UINT64_C(1) << CONCERNED, .make = make, .forget = forget, .end = end};
  med_txn_set_deferred(in, &off->deferred);
  put_off(1, 11);
  put_off(2, 22);
  return med_txn_put(in, TREE, key_of(9, 9, bytes), med_slice_of("4567", 4));
}

START_TEST(work_that_is_handed_over_is_made_whole_or_not_at_all) {
  uint32_t value;
  rollback();
  for (size_t fails_at = 0; fails_at < 3; fails_at++) {
    memset(&calls, 0, sizeof calls);
    int rc = med_writer_run(kit.member, work, &fails_at, 1000, &kit.error);
    ck_assert_int_eq(rc, fails_at < 2 ? MEDLEY_IO : MEDLEY_OK);
    ck_assert_uint_eq(calls.ended, 1);
    begin();
    is_there(1, fails_at < 2 ? 0 : 11);
    is_there(2, fails_at < 2 ? 0 : 22);
    ck_assert_int_eq(get(9, 9, &value), fails_at < 2 ? MEDLEY_NOT_FOUND : MEDLEY_OK);
    rollback();
  }
}
END_TEST

/* The same by whoever has the open batch: the longer he waits with his commit, the surer the work has come by then. */
typedef struct hand_over {
  size_t fails_at;
  int result;
  medley_error error;
} hand_over;

static void *hand_work_over(void *context) {
  hand_over *of = context;
  med_member *own;
  of->result = med_member_open(kit.store, &own);
  if (of->result != MEDLEY_OK) return NULL;
  of->result = med_writer_run(own, work, &of->fails_at, 60000, &of->error);
  med_member_close(own);
  return NULL;
}

static void run_by_another(size_t fails_at, useconds_t wait_us) {
  pthread_t thread;
  hand_over of = {.fails_at = fails_at};
  uint32_t value;
  uint8_t bytes[2];
  begin();
  ck_assert_int_eq(pthread_create(&thread, NULL, hand_work_over, &of), 0);
  usleep(wait_us);
  ck_assert_int_eq(med_txn_put(txn, TREE, key_of(9, 8, bytes), med_slice_of("4567", 4)), MEDLEY_OK);
  store_kit_commit(&kit);
  pthread_join(thread, NULL);
  ck_assert_int_eq(of.result, fails_at < 2 ? MEDLEY_IO : MEDLEY_OK);
  ck_assert(fails_at == 2 || strcmp(of.error.message, "it fails on purpose") == 0);
  begin();
  is_there(1, fails_at < 2 ? 0 : 11);
  is_there(2, fails_at < 2 ? 0 : 22);
  ck_assert_int_eq(get(9, 9, &value), fails_at < 2 ? MEDLEY_NOT_FOUND : MEDLEY_OK);
  ck_assert_int_eq(get(9, 8, &value), MEDLEY_OK); /* whoever ran it has what is his own */
  rollback();
}

START_TEST(whoever_runs_anothers_work_makes_what_it_put_off) {
  rollback();
  for (size_t fails_at = 0; fails_at < 3; fails_at++) {
    int waits = 0;
    do {
      ck_assert_int_lt(waits, 12);
      run_by_another(fails_at, 1000u << waits++);
    } while (!pthread_equal(worked_on, pthread_self()));
  }
}
END_TEST

PROPERTY_MAIN_BETWEEN("deferred", setup, teardown, whoever_could_miss_it_has_it_made_before,
                      a_cursor_comes_to_what_was_put_off_behind_it, what_does_not_concern_it_leaves_it_waiting,
                      undo_forgets_what_was_taken_and_puts_off_again_what_was_made,
                      with_marks_in_one_another_it_is_as_if_all_were_made_at_once,
                      a_making_that_fails_is_undone_and_tried_again,
                      what_a_failed_making_has_overwritten_is_there_again, without_undo_a_failure_breaks_the_batch,
                      without_undo_it_is_made_all_the_same, a_commit_makes_what_waits_and_a_rollback_does_not,
                      a_commit_that_cannot_make_it_answers_so_and_leaves_nothing,
                      work_that_is_handed_over_is_made_whole_or_not_at_all,
                      whoever_runs_anothers_work_makes_what_it_put_off)
