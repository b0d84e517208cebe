/* test_sorted_runs.c - runs written and read beside a plain array of their rows: sought, walked, found, taken away, merged, proven, in any order. */
#include "tests/unit/run_kit.h"

enum { ROUNDS = 6, STEPS = 3000 };

static uint64_t seed;

/* Neighbours by number have runs, too. */
static void setup(void) {
  sealing_open();
  seed = property_seed("sorted runs");
  draw_rows(&seed, 40, 1);
  write_plain_run(RUN_TABLE - 1, 0);
  write_plain_run(RUN_TABLE + 1, 0);
}

static void teardown(void) { sealing_close(); }

/* ---- Anything in any order ---- */
typedef struct reading {
  med_wide_run_rows *rows;
  uint64_t *random;
  bool owns;
  size_t last;  /* answered last forwards: `next` goes on behind it; plain_count: it may not be asked */
  size_t found; /* may be taken; plain_count: none */
} reading;

/* A row's tail, or the least behind it, or one that is none: shorter, or longer than any row's. */
static size_t draw_sought(const reading *of, uint8_t *tail) {
  static const uint8_t ends[] = {0, 0xFF};
  uint64_t kind = property_below(of->random, 10);
  if (kind == 0) return draw_tail(of->random, tail);
  size_t at = (size_t)property_below(of->random, plain_count);
  if (kind < 4 && of->last < plain_count) at = of->last;
  size_t len = plain[at].tail_len;
  memcpy(tail, plain[at].tail, len);
  if (kind == 1) return (size_t)property_below(of->random, len);
  if (kind < 4 && len < MED_KEY_SIZE_MAX - MED_WIDE_TAIL_OFFSET) tail[len++] = 0;
  if (kind == 4) {
    while (len < MED_KEY_SIZE_MAX - MED_WIDE_TAIL_OFFSET && property_below(of->random, 4) > 0)
      tail[len++] = ends[property_below(of->random, 2)];
  }
  return len;
}

static void seek_something(reading *of) {
  med_slice found = {0}, value = {0};
  uint8_t bytes[MED_KEY_SIZE_MAX];
  med_key key;
  med_slice tail = med_slice_of(bytes, draw_sought(of, bytes));
  bool forward = property_below(of->random, 3) > 0;
  size_t at = plain_seek(tail, forward);
  row_key_of(RUN_TABLE, tail, &key);
  int rc = med_wide_run_rows_seek(of->rows, med_key_slice(&key), forward, &found, &value);
  is_row(rc, found, value, at, forward ? "at or behind" : "before");
  of->found = at;
  of->last = forward ? at : plain_count;
}

static void go_on(reading *of) {
  med_slice found = {0}, value = {0};
  uint8_t behind[MED_WIDE_RUN_TAIL_MAX + 1] = {0};
  for (uint64_t left = property_below(of->random, 30); left > 0 && of->last < plain_count; left--) {
    memcpy(behind, plain[of->last].tail, plain[of->last].tail_len);
    behind[plain[of->last].tail_len] = 0;
    size_t at = plain_seek(med_slice_of(behind, plain[of->last].tail_len + 1), true);
    int rc = med_wide_run_rows_next(of->rows, &found, &value);
    is_row(rc, found, value, at, "next");
    of->found = of->last = at;
  }
}

/* Without the parts of a clustering key, or with them. */
static void find_something(reading *of) {
  med_slice value = {0};
  uint8_t bytes[MED_KEY_SIZE_MAX];
  med_key key;
  med_slice tail = med_slice_of(bytes, draw_sought(of, bytes)), clustering = {0};
  if (tail.len >= RUN_CLUSTERING && property_below(of->random, 2) == 0) clustering = clustering_of(tail);
  row_key_of(RUN_TABLE, tail, &key);
  of->found = plain_find(tail);
  of->last = plain_count;
  is_value(med_wide_run_rows_find(of->rows, med_key_slice(&key), clustering, &value), value, of->found, "find");
}

static void settle_now(reading *of) {
  OK(med_wide_run_rows_settle(of->rows));
  of->found = plain_count;
}

static void take_it(reading *of) {
  if (of->found == plain_count) return;
  OK(med_wide_run_rows_take(of->rows));
  plain[of->found].there = false;
  of->found = plain_count;
  if (!of->owns || property_below(of->random, 10) == 0) OK(med_wide_run_rows_settle(of->rows));
}

/* Rows in a row, so that whole blocks and runs become empty. */
static void take_many(reading *of) {
  for (uint64_t left = property_below(of->random, 60); left > 0; left--) {
    take_it(of);
    if (of->last == plain_count) return;
    med_slice found = {0}, value = {0};
    size_t at = plain_seek(plain_tail(of->last), true); /* the last one is gone, if it could be taken */
    if (at == of->last) return;
    is_row(med_wide_run_rows_next(of->rows, &found, &value), found, value, at, "next behind what was taken");
    of->found = of->last = at;
  }
}

/* Rows that were taken stand in a new run. */
static void others_write_a_run(uint64_t *random, unsigned run) {
  for (size_t i = 0; i < plain_count; i++) {
    if (plain[i].there || property_below(random, 4) > 0) continue;
    plain[i].there = true;
    plain[i].run = run;
  }
  write_plain_run(RUN_TABLE, run);
}

static void others_take_a_row(uint64_t *random) {
  med_wide_run_rows *rows;
  med_slice value;
  med_key key;
  size_t at = (size_t)property_below(random, plain_count);
  if (!plain[at].there) return;
  OK(med_wide_run_rows_open(txn, RUN_TABLE, &rows));
  row_key_of(RUN_TABLE, plain_tail(at), &key);
  OK(med_wide_run_rows_find(rows, med_key_slice(&key), plain_clustering(at), &value));
  OK(med_wide_run_rows_take(rows));
  OK(med_wide_run_rows_settle(rows));
  med_wide_run_rows_close(rows);
  plain[at].there = false;
}

static void others_write(reading *of, unsigned step) {
  uint64_t kind = property_below(of->random, 20);
  if (of->owns) return;
  of->found = plain_count;
  if (kind == 0) others_write_a_run(of->random, 1000 + step);
  if (kind == 1) OK(med_wide_runs_merge(txn, RUN_TABLE, 0, UINT64_MAX));
  if (kind > 1 && kind < 10) others_take_a_row(of->random);
  if (kind >= 10) OK(med_txn_put(txn, MED_TREE_WIDE, med_slice_of("\x09", 1), med_slice_of(&step, sizeof step)));
}

static void play(uint64_t *random, bool owns) {
  reading of = {.random = random, .owns = owns, .last = plain_count, .found = plain_count};
  OK(med_wide_run_rows_open(txn, RUN_TABLE, &of.rows));
  if (owns) med_wide_run_rows_own(of.rows);
  for (unsigned step = 0; step < STEPS; step++) {
    uint64_t kind = property_below(random, 20);
    if (kind < 6) seek_something(&of);
    if (kind >= 6 && kind < 11) go_on(&of);
    if (kind >= 11 && kind < 15) find_something(&of);
    if (kind >= 15 && kind < 17) take_it(&of);
    if (kind == 17) take_many(&of);
    if (kind == 18) others_write(&of, step);
    if (kind == 19) settle_now(&of);
  }
  OK(med_wide_run_rows_settle(of.rows));
  med_wide_run_rows_close(of.rows);
  runs_are_as_plain();
}

static void play_rounds(bool owns) {
  static const size_t counts[ROUNDS] = {RUN_ROWS_MAX, 800, 300, 100, 20, 3};
  for (int round = 0; round < ROUNDS; round++) {
    med_mark mark = med_txn_mark(txn);
    make_runs(&seed, counts[round], 1 + (unsigned)property_below(&seed, 7));
    runs_are_as_plain();
    play(&seed, owns);
    OK(med_txn_rollback_to(txn, mark));
  }
}

START_TEST(an_owner_reads_and_takes_rows_in_any_order) { play_rounds(true); }
END_TEST
START_TEST(who_reads_sees_what_others_write_meanwhile) { play_rounds(false); }
END_TEST

/* ---- Reading ---- */
START_TEST(keys_outside_of_the_table_are_its_ends) {
  static const uint8_t before[] = {MED_WIDE_KEY_ROW, 0, 0, 0, RUN_TABLE - 1, 0xFF, 0xFF};
  static const uint8_t behind[] = {MED_WIDE_KEY_ROW, 0, 0, 0, RUN_TABLE + 1};
  static const uint8_t first[] = {MED_WIDE_KEY_ROW}, none[] = {MED_WIDE_KEY_ROW, 0, 0, 0, RUN_TABLE};
  const med_slice at_begin[] = {med_slice_of(before, sizeof before), med_slice_of(first, 1),
                                med_slice_of(none, sizeof none - 1), med_slice_of(none, sizeof none)};
  med_wide_run_rows *rows;
  med_slice found = {0}, value = {0}, end = med_slice_of(behind, sizeof behind);
  make_runs(&seed, 200, 3);
  OK(med_wide_run_rows_open(txn, RUN_TABLE, &rows));
  for (size_t i = 0; i < sizeof at_begin / sizeof *at_begin; i++) {
    is_row(med_wide_run_rows_seek(rows, at_begin[i], true, &found, &value), found, value, 0, "from the beginning");
    ck_assert_int_eq(med_wide_run_rows_seek(rows, at_begin[i], false, &found, &value), MEDLEY_NOT_FOUND);
  }
  is_row(med_wide_run_rows_seek(rows, end, false, &found, &value), found, value, plain_count - 1, "from the end");
  ck_assert_int_eq(med_wide_run_rows_seek(rows, end, true, &found, &value), MEDLEY_NOT_FOUND);
  med_wide_run_rows_close(rows);
}
END_TEST

START_TEST(a_table_without_runs_has_no_rows) {
  med_wide_run_rows *rows;
  med_slice found, value;
  med_key key;
  plain_count = 0;
  runs_are_as_plain();
  OK(med_wide_run_rows_open(txn, RUN_TABLE, &rows));
  row_key_of(RUN_TABLE, med_slice_of("123456789", 9), &key);
  for (int forward = 0; forward < 2; forward++)
    ck_assert_int_eq(med_wide_run_rows_seek(rows, med_key_slice(&key), forward, &found, &value), MEDLEY_NOT_FOUND);
  ck_assert_int_eq(med_wide_run_rows_find(rows, med_key_slice(&key), (med_slice){0}, &value), MEDLEY_NOT_FOUND);
  ck_assert_int_eq(med_wide_run_rows_next(rows, &found, &value), MEDLEY_NOT_FOUND);
  OK(med_wide_run_rows_settle(rows));
  med_wide_run_rows_close(rows);
  med_wide_run_rows_close(NULL);
  static med_wide_run_writer writer;
  OK(med_wide_run_writer_open(&writer, txn, RUN_TABLE));
  OK(med_wide_run_writer_finish(&writer)); /* a run of no rows is none */
  ck_assert_uint_eq(run_list_count(), 0);
}
END_TEST

/* Blocks whose first tail is as long as any: behind their keys there is nothing but the next block's. */
START_TEST(rows_of_the_longest_tails_are_walked_as_others_are) {
  plain_count = 30;
  for (size_t i = 0; i < plain_count; i++) {
    plain[i] = (plain_row){.there = true, .tail_len = MED_WIDE_RUN_TAIL_MAX, .value_len = MED_WIDE_RUN_VALUE_MAX};
    plain[i].tail[7] = (uint8_t)(i / 10);
    plain[i].tail[MED_WIDE_RUN_TAIL_MAX - 1] = (uint8_t)(i % 10 * 7);
  }
  write_plain_run(RUN_TABLE, 0);
  ck_assert_uint_gt(count_run_keys(), 8);
  runs_are_as_plain();
  play(&seed, true);
}
END_TEST

/* The row behind the last answer was taken, and is not the next one. */
START_TEST(a_step_passes_over_what_was_taken) {
  med_wide_run_rows *rows;
  med_slice found = {0}, value = {0};
  med_key key;
  make_runs(&seed, 20, 1);
  for (int owns = 0; owns < 2; owns++) {
    size_t at = owns ? 5 : 1;
    OK(med_wide_run_rows_open(txn, RUN_TABLE, &rows));
    if (owns) med_wide_run_rows_own(rows);
    row_key_of(RUN_TABLE, plain_tail(at), &key);
    OK(med_wide_run_rows_seek(rows, med_key_slice(&key), true, &found, &value));
    OK(med_wide_run_rows_take(rows));
    plain[at].there = false;
    if (!owns) OK(med_wide_run_rows_settle(rows));
    row_key_of(RUN_TABLE, plain_tail(at - 1), &key);
    OK(med_wide_run_rows_seek(rows, med_key_slice(&key), true, &found, &value));
    key.bytes[key.len++] = 0;
    int rc = med_wide_run_rows_seek(rows, med_key_slice(&key), true, &found, &value);
    is_row(rc, found, value, at + 1, "the row behind what was taken");
    OK(med_wide_run_rows_settle(rows));
    med_wide_run_rows_close(rows);
  }
  runs_are_as_plain();
}
END_TEST

START_TEST(a_table_of_many_runs_is_read_as_others_are) {
  make_runs(&seed, 400, 40);
  ck_assert_uint_gt(run_list_count(), 30);
  runs_are_as_plain();
  play(&seed, true);
}
END_TEST

/* What the caller says of a clustering key is believed. */
START_TEST(a_run_is_passed_by_where_its_bounds_say_so) {
  med_wide_run_rows *rows;
  med_slice value = {0};
  med_key key;
  make_runs(&seed, 300, 1);
  OK(med_wide_run_rows_open(txn, RUN_TABLE, &rows));
  for (size_t i = 0; i < plain_count; i++) {
    row_key_of(RUN_TABLE, plain_tail(i), &key);
    int rc =
        med_wide_run_rows_find(rows, med_key_slice(&key),
                               med_slice_of("\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF", 14), &value);
    ck_assert_int_eq(rc, MEDLEY_NOT_FOUND);
    rc = med_wide_run_rows_find(rows, med_key_slice(&key), plain_clustering(i), &value);
    is_value(rc, value, i, "within the bounds");
  }
  med_wide_run_rows_close(rows);
}
END_TEST

START_TEST(only_the_runs_that_were_chosen_are_read) {
  med_wide_run_rows *rows;
  med_wide_run *runs;
  size_t count;
  med_slice found = {0}, value = {0};
  med_key at;
  make_runs(&seed, 500, 4);
  OK(med_wide_runs_list(txn, RUN_TABLE, &arena, &runs, &count));
  ck_assert_uint_eq(count, 4);
  OK(med_wide_run_rows_open(txn, RUN_TABLE, &rows));
  OK(med_wide_run_rows_only(rows, runs + 1, 2));
  med_wide_table_prefix(RUN_TABLE, &at);
  int rc = med_wide_run_rows_seek(rows, med_key_slice(&at), true, &found, &value);
  for (size_t i = 0; i < plain_count; i++) {
    if (plain[i].run != 1 && plain[i].run != 2) continue;
    is_row(rc, found, value, i, "of two runs");
    OK(med_txn_put(txn, MED_TREE_WIDE, med_slice_of("\x09", 1), med_slice_of(&i, sizeof i)));
    rc = med_wide_run_rows_next(rows, &found, &value);
  }
  ck_assert_int_eq(rc, MEDLEY_NOT_FOUND);
  med_wide_run_rows_close(rows);
}
END_TEST

/* Another transaction that only reads. */
START_TEST(a_snapshot_keeps_its_runs) {
  med_wide_run_rows *rows;
  med_txn *reader;
  med_slice found = {0}, value = {0};
  med_key at;
  make_runs(&seed, 400, 3);
  OK(med_writer_commit(member, &error));
  OK(med_txn_open_reader(store, &reader, &error));
  OK(med_txn_renew(reader));
  OK(med_writer_begin(member, false, 10000, &error));
  txn = med_member_txn(member);
  OK(med_wide_run_rows_open(reader, RUN_TABLE, &rows));
  med_wide_table_prefix(RUN_TABLE, &at);
  int rc = med_wide_run_rows_seek(rows, med_key_slice(&at), true, &found, &value);
  for (size_t i = 0; i < plain_count; i++) {
    is_row(rc, found, value, i, "of a snapshot");
    others_take_a_row(&seed);
    rc = med_wide_run_rows_next(rows, &found, &value);
  }
  ck_assert_int_eq(rc, MEDLEY_NOT_FOUND);
  med_wide_run_rows_close(rows);
  med_txn_close_reader(reader);
  runs_are_as_plain();
}
END_TEST

/* ---- Taking away ---- */
START_TEST(with_its_last_row_a_run_leaves_the_directory) {
  med_wide_run_rows *rows;
  med_slice found = {0}, value = {0};
  med_key at;
  make_runs(&seed, 600, 3);
  med_wide_table_prefix(RUN_TABLE, &at);
  for (unsigned run = 0; run < 3; run++) {
    ck_assert_uint_eq(run_list_count(), 3 - run);
    OK(med_wide_run_rows_open(txn, RUN_TABLE, &rows));
    med_wide_run_rows_own(rows);
    int rc = med_wide_run_rows_seek(rows, med_key_slice(&at), true, &found, &value);
    for (size_t i = 0; i < plain_count; i++) {
      if (!plain[i].there) continue;
      is_row(rc, found, value, i, "next");
      if (plain[i].run == run) {
        OK(med_wide_run_rows_take(rows));
        plain[i].there = false;
      }
      rc = med_wide_run_rows_next(rows, &found, &value);
    }
    OK(med_wide_run_rows_settle(rows));
    med_wide_run_rows_close(rows);
    runs_are_as_plain();
  }
  ck_assert_uint_eq(count_run_keys(), 0);
}
END_TEST

START_TEST(a_row_is_taken_once_and_only_when_it_was_found) {
  med_wide_run_rows *rows;
  med_slice value;
  med_key key;
  make_runs(&seed, 30, 1);
  row_key_of(RUN_TABLE, plain_tail(0), &key);
  OK(med_wide_run_rows_open(txn, RUN_TABLE, &rows));
  ck_assert_int_eq(med_wide_run_rows_take(rows), MEDLEY_CORRUPT);
  OK(med_wide_run_rows_find(rows, med_key_slice(&key), (med_slice){0}, &value));
  OK(med_wide_run_rows_settle(rows)); /* of nothing */
  OK(med_wide_run_rows_take(rows));
  ck_assert_int_eq(med_wide_run_rows_take(rows), MEDLEY_CORRUPT);
  OK(med_wide_run_rows_settle(rows));
  ck_assert_int_eq(med_wide_run_rows_take(rows), MEDLEY_CORRUPT);
  med_wide_run_rows_close(rows);
  plain[0].there = false;
  runs_are_as_plain();
}
END_TEST

/* ---- Merging ---- */
/* So many rows in each of the runs, one after the other in turn. */
static void make_sizes(const size_t *sizes, unsigned runs) {
  size_t left[16], all = 0;
  for (unsigned run = 0; run < runs; run++) all += left[run] = sizes[run];
  plain_count = 0;
  for (unsigned run = 0; plain_count < all; run = (run + 1) % runs) {
    if (left[run] == 0) continue;
    left[run]--;
    plain_row *row = &plain[plain_count];
    *row = (plain_row){.there = true, .run = run, .tail_len = 12, .value_len = 1 + plain_count % 40};
    med_put_u32(row->tail + 8, (uint32_t)plain_count++);
  }
  for (unsigned run = 0; run < runs; run++) write_plain_run(RUN_TABLE, run);
}

static void merges(const size_t *sizes, unsigned runs, uint64_t rows_max, size_t expected) {
  med_mark mark = med_txn_mark(txn);
  make_sizes(sizes, runs);
  ck_assert_uint_eq(run_list_count(), runs);
  OK(med_wide_runs_merge(txn, RUN_TABLE, 0, rows_max));
  ck_assert_msg(run_list_count() == expected, "%zu runs instead of %zu", run_list_count(), expected);
  runs_are_as_plain();
  OK(med_txn_rollback_to(txn, mark));
}

START_TEST(four_runs_of_one_size_are_merged_and_what_is_smaller_with_them) {
  merges((size_t[]){10, 10, 10, 10}, 4, UINT64_MAX, 1);
  merges((size_t[]){4, 15, 4, 15}, 4, UINT64_MAX, 1);
  merges((size_t[]){10, 10, 10}, 3, UINT64_MAX, 3);
  merges((size_t[]){3, 4, 15, 16}, 4, UINT64_MAX, 4);
  merges((size_t[]){15, 16, 15, 16}, 4, UINT64_MAX, 4);
  merges((size_t[]){1, 2, 3, 1}, 4, UINT64_MAX, 1);
  merges((size_t[]){600, 600, 600, 10, 10, 10, 10}, 7, UINT64_MAX, 4);
  merges((size_t[]){20, 20, 20, 20, 5, 2, 5}, 7, UINT64_MAX, 1);
  merges((size_t[]){20, 5, 20, 5, 20, 5, 5}, 7, UINT64_MAX, 1);   /* what is made is the fourth of its size */
  merges((size_t[]){500, 20, 20, 20, 20, 500}, 6, UINT64_MAX, 3); /* larger ones stay */
}
END_TEST

START_TEST(runs_of_too_many_rows_stay) {
  merges((size_t[]){10, 10, 10, 10}, 4, 40, 1);
  merges((size_t[]){10, 10, 10, 10}, 4, 39, 4);
  merges((size_t[]){10, 10, 10, 10, 2}, 5, 41, 5);
  merges((size_t[]){10, 10, 10, 10, 2}, 5, 42, 1);
  merges((size_t[]){10, 10, 10, 10}, 4, 0, 4);
}
END_TEST

START_TEST(a_merge_of_runs_that_lost_rows_keeps_those_that_are_there) {
  for (int round = 0; round < 10; round++) {
    med_mark mark = med_txn_mark(txn);
    make_runs(&seed, 400, 4);
    for (int i = 0; i < 300; i++) others_take_a_row(&seed);
    OK(med_wide_runs_merge(txn, RUN_TABLE, 0, UINT64_MAX));
    runs_are_as_plain();
    OK(med_txn_rollback_to(txn, mark));
  }
}
END_TEST

/* Its bounds are those of all. */
START_TEST(a_merged_run_has_the_bounds_of_all) {
  med_wide_run *runs;
  size_t count;
  make_sizes((size_t[]){10, 10, 10, 10}, 4);
  OK(med_wide_runs_merge(txn, RUN_TABLE, 0, UINT64_MAX));
  OK(med_wide_runs_list(txn, RUN_TABLE, &arena, &runs, &count));
  ck_assert_uint_eq(count, 1);
  ck_assert_uint_eq(runs[0].rows, 40);
  ck_assert(med_slice_equal(runs[0].first, plain_tail(0)) && med_slice_equal(runs[0].last, plain_tail(39)));
  ck_assert(med_slice_equal(runs[0].low, plain_clustering(0)) && med_slice_equal(runs[0].high, plain_clustering(39)));
}
END_TEST

/* ---- Gathering ---- */
enum { GATHERED_LATER = 4 }; /* the number of a run that is made meanwhile, and of those before it */

/* Its bounds have room for all rows that should be in it. */
static void is_run(const med_wide_run *run, unsigned of) {
  uint64_t rows = 0;
  for (size_t i = 0; i < plain_count; i++) {
    if (!plain[i].there || (plain[i].run == GATHERED_LATER) != (of == GATHERED_LATER)) continue;
    ck_assert(med_slice_compare(run->low, plain_clustering(i)) <= 0);
    ck_assert(med_slice_compare(run->high, plain_clustering(i)) >= 0);
    rows++;
  }
  ck_assert_uint_ge(run->rows, rows);
}

/* One row is in one run after each slice, also while others take some; runs with higher numbers stay. */
static void gather_in_slices(uint64_t slice) {
  uint64_t target, moved, moved_in_all = 0, there;
  med_wide_run *runs;
  size_t count;
  bool done = false;
  draw_rows(&seed, 400, GATHERED_LATER + 1);
  for (unsigned run = 0; run < GATHERED_LATER; run++) write_plain_run(RUN_TABLE, run);
  OK(med_txn_next_id(txn, &target));
  uint64_t later = write_plain_run(RUN_TABLE, GATHERED_LATER);
  there = plain_there();
  for (int slices = 0; !done; slices++) {
    ck_assert_uint_le((uint64_t)slices, there / slice + 1);
    OK(med_wide_runs_gather(txn, RUN_TABLE, target, slice, &moved, &done));
    ck_assert_uint_le(moved, slice);
    ck_assert(done || moved == slice);
    moved_in_all += moved;
    runs_are_as_plain();
    if (property_below(&seed, 2) == 0) others_take_a_row(&seed);
  }
  ck_assert_uint_gt(moved_in_all, 0);
  OK(med_wide_runs_list(txn, RUN_TABLE, &arena, &runs, &count));
  ck_assert_uint_eq(count, 2);
  ck_assert(runs[0].number == target && runs[1].number == later);
  is_run(&runs[0], 0);
  is_run(&runs[1], GATHERED_LATER);
  OK(med_wide_runs_gather(txn, RUN_TABLE, target, slice, &moved, &done));
  ck_assert(done && moved == 0);
}

START_TEST(what_is_left_of_runs_is_gathered_in_slices) {
  for (int round = 0; round < 20; round++) {
    med_mark mark = med_txn_mark(txn);
    gather_in_slices(round == 0 ? UINT64_MAX : 10 + property_below(&seed, 90));
    OK(med_txn_rollback_to(txn, mark));
  }
}
END_TEST

START_TEST(rows_that_may_stand_in_a_run_are_those_that_have_room) {
  static const uint8_t bytes[MED_VALUE_SIZE_MAX];
  for (size_t more = 0; more < 2; more++) {
    ck_assert(med_wide_run_takes(med_slice_of(bytes, MED_WIDE_RUN_TAIL_MAX + more), med_slice_of(bytes, 1)) == !more);
    ck_assert(med_wide_run_takes(med_slice_of(bytes, 9), med_slice_of(bytes, MED_WIDE_RUN_VALUE_MAX + more)) == !more);
  }
}
END_TEST

PROPERTY_MAIN_BETWEEN("sorted_runs", setup, teardown, an_owner_reads_and_takes_rows_in_any_order,
                      who_reads_sees_what_others_write_meanwhile, keys_outside_of_the_table_are_its_ends,
                      a_table_without_runs_has_no_rows, rows_of_the_longest_tails_are_walked_as_others_are,
                      a_table_of_many_runs_is_read_as_others_are, a_step_passes_over_what_was_taken,
                      a_run_is_passed_by_where_its_bounds_say_so, only_the_runs_that_were_chosen_are_read,
                      a_snapshot_keeps_its_runs, with_its_last_row_a_run_leaves_the_directory,
                      a_row_is_taken_once_and_only_when_it_was_found,
                      four_runs_of_one_size_are_merged_and_what_is_smaller_with_them, runs_of_too_many_rows_stay,
                      a_merge_of_runs_that_lost_rows_keeps_those_that_are_there, a_merged_run_has_the_bounds_of_all,
                      what_is_left_of_runs_is_gathered_in_slices, rows_that_may_stand_in_a_run_are_those_that_have_room)
