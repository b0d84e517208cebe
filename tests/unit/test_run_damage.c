/* test_run_damage.c - sorted runs with good checksums and wrong contents: who reads, takes and merges answers CORRUPT or what can be read, goes forward
 * and comes to an end; the check names what is wrong. */
#include "models/widecolumn/pack.h"
#include "tests/unit/run_kit.h"

static uint64_t seed;
static med_mark whole; /* before the damage */

static void setup(void) {
  sealing_open();
  seed = property_seed("run damage");
}

static void teardown(void) { sealing_close(); }

/* ---- Whoever reads ---- */
static void is_answered(int rc, const char *what) {
  ck_assert_msg(rc == MEDLEY_OK || rc == MEDLEY_NOT_FOUND || rc == MEDLEY_CORRUPT, "%s: %s: %s", what,
                medley_status_name(rc), error.message);
  ck_assert_msg(rc != MEDLEY_CORRUPT || error.message[0] != '\0', "%s: damage without a message", what);
}

/* Each row is behind, or before, the one that was there. */
static int walk(bool forward, bool by_next) {
  med_wide_run_rows *rows;
  med_slice found = {0}, value = {0};
  med_key at;
  med_wide_table_prefix(RUN_TABLE, &at);
  if (!forward) (void)med_key_after_prefix(&at, med_key_slice(&at));
  int rc = med_wide_run_rows_open(txn, RUN_TABLE, &rows);
  if (rc != MEDLEY_OK) return rc;
  rc = med_wide_run_rows_seek(rows, med_key_slice(&at), forward, &found, &value);
  while (rc == MEDLEY_OK) {
    int order = med_slice_compare(found, med_key_slice(&at));
    ck_assert_msg(forward ? order >= 0 : order < 0, "a walk that does not move on");
    ck_assert_uint_gt(value.len, 0);
    med_key_set(&at, found);
    if (forward) at.bytes[at.len++] = 0;
    rc = by_next ? med_wide_run_rows_next(rows, &found, &value)
                 : med_wide_run_rows_seek(rows, med_key_slice(&at), forward, &found, &value);
  }
  med_wide_run_rows_close(rows);
  return rc;
}

static int find_all(void) {
  med_wide_run_rows *rows;
  med_slice value;
  med_key key;
  int answer = MEDLEY_OK;
  int rc = med_wide_run_rows_open(txn, RUN_TABLE, &rows);
  if (rc != MEDLEY_OK) return rc;
  for (size_t i = 0; i < plain_count; i++) {
    row_key_of(RUN_TABLE, plain_tail(i), &key);
    rc = med_wide_run_rows_find(rows, med_key_slice(&key), plain_clustering(i), &value);
    is_answered(rc, "find");
    if (rc != MEDLEY_OK) answer = rc;
  }
  med_wide_run_rows_close(rows);
  return answer;
}

/* Undone. */
static int take_all(void) {
  med_wide_run_rows *rows;
  med_slice found = {0}, value;
  med_mark mark = med_txn_mark(txn);
  med_key at;
  med_wide_table_prefix(RUN_TABLE, &at);
  int rc = med_wide_run_rows_open(txn, RUN_TABLE, &rows);
  if (rc != MEDLEY_OK) return rc;
  med_wide_run_rows_own(rows);
  rc = med_wide_run_rows_seek(rows, med_key_slice(&at), true, &found, &value);
  while (rc == MEDLEY_OK) {
    rc = med_wide_run_rows_take(rows);
    if (rc == MEDLEY_OK) rc = med_wide_run_rows_next(rows, &found, &value);
  }
  if (rc == MEDLEY_NOT_FOUND) rc = med_wide_run_rows_settle(rows);
  med_wide_run_rows_close(rows);
  OK(med_txn_rollback_to(txn, mark));
  return rc;
}

static int merge_all(void) {
  med_mark mark = med_txn_mark(txn);
  int rc = med_wide_runs_merge(txn, RUN_TABLE, 0, UINT64_MAX);
  OK(med_txn_rollback_to(txn, mark));
  return rc;
}

static int check(void) {
  uint64_t keys = 0;
  return med_wide_runs_check(txn, RUN_TABLE, &keys);
}

static void is_read(void) {
  med_error_clear(&error);
  is_answered(walk(true, false), "forth");
  is_answered(walk(true, true), "forth by next");
  is_answered(walk(false, false), "back");
  is_answered(find_all(), "find");
  is_answered(take_all(), "take");
  is_answered(merge_all(), "merge");
  is_answered(check(), "check");
}

/* The check finds it; then it is undone. */
static void is_noticed(const char *what) {
  med_error_clear(&error);
  int rc = check();
  ck_assert_msg(rc == MEDLEY_CORRUPT && error.status == rc && error.message[0] != '\0', "%s: the check says %s", what,
                medley_status_name(rc));
  is_read();
  OK(med_txn_rollback_to(txn, whole));
  OK(check());
}

/* ---- Entries and blocks made by hand ---- */
typedef struct record {
  med_key key;
  size_t len;
  uint8_t bytes[MED_VALUE_SIZE_MAX];
} record;

static void put(const record *of) {
  OK(med_txn_put(txn, MED_TREE_WIDE, med_key_slice(&of->key), med_slice_of(of->bytes, of->len)));
}

static void drop(const record *of) { OK(med_txn_delete(txn, MED_TREE_WIDE, med_key_slice(&of->key))); }

/* The one of that number among the table's entries, or blocks. False if there are fewer. */
static bool find_record(uint8_t kind, size_t number, record *to) {
  med_cursor *cursor;
  med_slice key, value;
  med_key from;
  med_key_init(&from);
  med_key_add_u8(&from, kind);
  med_key_add_u32(&from, RUN_TABLE);
  OK(med_cursor_open(txn, MED_TREE_WIDE, &cursor));
  int rc = med_cursor_seek(cursor, med_key_slice(&from), &key, &value);
  for (; rc == MEDLEY_OK && number > 0; number--) rc = med_cursor_next(cursor, &key, &value);
  bool there = rc == MEDLEY_OK && med_slice_starts_with(key, med_key_slice(&from));
  if (there) {
    med_key_set(&to->key, key);
    memcpy(to->bytes, value.bytes, value.len);
    to->len = value.len;
  }
  med_cursor_close(cursor);
  return there;
}

/* A block of the rows of these texts, each of nine bytes; and what is said of them. */
typedef struct by_hand {
  uint64_t run;
  const char *fence, *tails[4];
  size_t count, said_count;   /* said_count 0: as many as there are */
  size_t tail_len, value_len; /* of the last one, as is said; 0: as it is */
  size_t more;                /* bytes behind the rows */
} by_hand;

static void put_by_hand(const by_hand *of) {
  static record made;
  made.len = MED_WIDE_BLOCK_HEADER_SIZE + MED_WIDE_BLOCK_ROW_SIZE * of->count;
  med_put_u16(made.bytes, (uint16_t)(of->said_count != 0 ? of->said_count : of->count));
  for (size_t i = 0; i < of->count; i++) {
    uint8_t *lengths = made.bytes + MED_WIDE_BLOCK_HEADER_SIZE + i * MED_WIDE_BLOCK_ROW_SIZE;
    bool odd = i == of->count - 1;
    med_put_u16(lengths, (uint16_t)(odd && of->tail_len != 0 ? of->tail_len : 9));
    med_put_u16(lengths + 2, (uint16_t)(odd && of->value_len != 0 ? of->value_len : 1));
    memcpy(made.bytes + made.len, of->tails[i], 9);
    made.bytes[made.len + 9] = 'v';
    made.len += 10;
  }
  memset(made.bytes + made.len, 0, of->more);
  made.len += of->more;
  med_wide_block_key(RUN_TABLE, of->run, med_slice_of_text(of->fence), &made.key);
  put(&made);
}

static void put_entry(uint64_t number, med_slice first, med_slice last, med_slice low, med_slice high, size_t more) {
  med_buffer bytes = {0};
  med_key key;
  ck_assert(med_pack_number(&bytes, 4) && med_pack_bytes(&bytes, first) && med_pack_bytes(&bytes, last) &&
            med_pack_bytes(&bytes, low) && med_pack_bytes(&bytes, high));
  for (; more > 0; more--) ck_assert(med_buffer_append_byte(&bytes, 0));
  med_wide_run_key(RUN_TABLE, number, &key);
  OK(med_txn_put(txn, MED_TREE_WIDE, med_key_slice(&key), med_slice_of(bytes.bytes, bytes.len)));
  med_buffer_clear(&bytes);
}

static void put_texts(uint64_t number, const char *first, const char *last) {
  put_entry(number, med_slice_of_text(first), med_slice_of_text(last), med_slice_of("a", 1), med_slice_of("z", 1), 0);
}

/* Runs 5 and 8 of two blocks each. */
static void setup_by_hand(void) {
  plain_count = 0;
  put_texts(5, "tttttttta", "ttttttttq");
  put_by_hand(&(by_hand){.run = 5, .fence = "tttttttta", .tails = {"tttttttta", "ttttttttc", "tttttttte"}, .count = 3});
  put_by_hand(&(by_hand){.run = 5, .fence = "ttttttttg", .tails = {"ttttttttk", "ttttttttq"}, .count = 2});
  put_texts(8, "ttttttttb", "ttttttttr");
  put_by_hand(&(by_hand){.run = 8, .fence = "ttttttttb", .tails = {"ttttttttb"}, .count = 1});
  put_by_hand(&(by_hand){.run = 8, .fence = "ttttttttp", .tails = {"ttttttttp", "ttttttttr"}, .count = 2});
  whole = med_txn_mark(txn);
  OK(check());
}

#define SECOND_BLOCK(...) put_by_hand(&(by_hand){.run = 5, .fence = "ttttttttg", __VA_ARGS__})

/* Whoever reads the block notices, too. */
static void is_malformed(const char *what) {
  ck_assert_msg(walk(true, false) == MEDLEY_CORRUPT, "%s: a walk forth", what);
  ck_assert_msg(walk(true, true) == MEDLEY_CORRUPT, "%s: steps", what);
  ck_assert_msg(walk(false, false) == MEDLEY_CORRUPT, "%s: a walk back", what);
  ck_assert_msg(take_all() == MEDLEY_CORRUPT, "%s: taking", what);
  is_noticed(what);
}

START_TEST(a_block_with_one_thing_wrong_is_damage) {
  setup_by_hand();
  SECOND_BLOCK(.count = 0);
  is_malformed("no rows");
  SECOND_BLOCK(.count = 0, .more = 1);
  is_malformed("nothing but a byte too many");
  SECOND_BLOCK(.tails = {"ttttttttk"}, .count = 1, .said_count = 2);
  is_malformed("more rows than there are");
  SECOND_BLOCK(.tails = {"ttttttttk", "ttttttttq"}, .count = 2, .said_count = 1);
  is_malformed("fewer rows than there are");
  SECOND_BLOCK(.tails = {"ttttttttk"}, .count = 1, .said_count = 0xFFFF);
  is_malformed("more rows than a block can have");
  SECOND_BLOCK(.tails = {"ttttttttk"}, .count = 1, .said_count = 800);
  is_malformed("more rows than there are lengths");
  SECOND_BLOCK(.tails = {"ttttttttk"}, .count = 1, .said_count = 500, .more = 3000);
  is_malformed("more rows than fit");
  SECOND_BLOCK(.tails = {"ttttttttk", "ttttttttq"}, .count = 2, .more = 1);
  is_malformed("a byte too many");
  SECOND_BLOCK(.tails = {"ttttttttk"}, .count = 1, .tail_len = 8, .value_len = 2);
  is_malformed("a tail that is only a token");
  SECOND_BLOCK(.tails = {"ttttttttk"}, .count = 1, .more = MED_WIDE_RUN_TAIL_MAX - 8,
               .tail_len = MED_WIDE_RUN_TAIL_MAX + 1);
  is_malformed("a tail that is too long");
  SECOND_BLOCK(.tails = {"ttttttttk"}, .count = 1, .tail_len = 10, .value_len = 0x10000);
  is_malformed("a row without a value");
  SECOND_BLOCK(.tails = {"ttttttttk"}, .count = 1, .more = MED_WIDE_RUN_VALUE_MAX,
               .value_len = MED_WIDE_RUN_VALUE_MAX + 1);
  is_malformed("a value that is too long");
  SECOND_BLOCK(.tails = {"ttttttttk", "ttttttttq"}, .count = 2, .value_len = 2);
  is_malformed("a value behind the end");
  SECOND_BLOCK(.tails = {"ttttttttq", "ttttttttk"}, .count = 2);
  is_noticed("rows out of order");
  SECOND_BLOCK(.tails = {"ttttttttk", "ttttttttk"}, .count = 2);
  is_noticed("a row twice");
  SECOND_BLOCK(.tails = {"ttttttttf", "ttttttttq"}, .count = 2);
  is_noticed("a row before the block's key");
  SECOND_BLOCK(.tails = {"ttttttttb", "ttttttttd"}, .count = 2);
  is_noticed("rows before those of the block before");
  SECOND_BLOCK(.tails = {"ttttttttk", "tttttttts"}, .count = 2);
  is_noticed("a row behind the run's last");
}
END_TEST

START_TEST(blocks_that_overlap_or_are_of_no_run_are_damage) {
  setup_by_hand();
  put_by_hand(&(by_hand){.run = 5, .fence = "tttttttta", .tails = {"tttttttta", "ttttttttg"}, .count = 2});
  is_noticed("a block that ends where the next one begins");
  put_by_hand(&(by_hand){.run = 5, .fence = "tttttttt0", .tails = {"tttttttt5"}, .count = 1});
  is_noticed("a row before the run's first");
  for (uint64_t run = 4; run <= 9; run++) {
    if (run == 5 || run == 8) continue;
    put_by_hand(&(by_hand){.run = run, .fence = "ttttttttx", .tails = {"ttttttttx"}, .count = 1});
    is_noticed("a block of no run");
  }
  static record odd;
  ck_assert(find_record(MED_WIDE_KEY_BLOCK, 2, &odd)); /* as if it were of the run before */
  drop(&odd);
  put_by_hand(&(by_hand){.run = 7, .fence = "ttttttttb", .tails = {"ttttttttb"}, .count = 1});
  is_noticed("a block of no run, whose rows would fit another one");
  ck_assert(find_record(MED_WIDE_KEY_BLOCK, 0, &odd));
  odd.key.len = 13;
  put(&odd);
  is_noticed("a block's key without a tail");
  ck_assert(find_record(MED_WIDE_KEY_BLOCK, 0, &odd));
  memset(odd.key.bytes + odd.key.len, 0, MED_KEY_SIZE_MAX - odd.key.len);
  odd.key.len = MED_KEY_SIZE_MAX;
  put(&odd);
  is_noticed("a block's key as long as any");
}
END_TEST

START_TEST(a_run_without_blocks_is_damage) {
  setup_by_hand();
  static record odd;
  static const uint64_t numbers[] = {4, 6, 9};
  for (size_t i = 0; i < 3; i++) {
    put_texts(numbers[i], "tttttttta", "ttttttttz");
    is_noticed("a run that has no block");
  }
  for (size_t number = 0; number < 4; number += 2) { /* of the first run, of the last */
    ck_assert(find_record(MED_WIDE_KEY_BLOCK, number, &odd));
    drop(&odd);
    OK(check()); /* it may have lost those rows */
    ck_assert(find_record(MED_WIDE_KEY_BLOCK, number, &odd));
    drop(&odd);
    is_noticed("a run that has lost its blocks");
  }
  for (size_t number = 0; number < 2; number++) {
    ck_assert(find_record(MED_WIDE_KEY_RUN, number, &odd));
    drop(&odd);
    is_noticed("blocks that have lost their run");
  }
}
END_TEST

START_TEST(an_entry_with_one_thing_wrong_is_damage) {
  static const uint8_t bytes[MED_VALUE_SIZE_MAX];
  static record odd;
  med_slice first = med_slice_of_text("tttttttta"), last = med_slice_of_text("ttttttttq"), low = med_slice_of("a", 1);
  med_slice long_tail = med_slice_of(bytes, MED_WIDE_RUN_TAIL_MAX + 1), token = med_slice_of("tttttttt", 8);
  med_slice high = med_slice_of("z", 1), long_part = med_slice_of(bytes, 3000);
  setup_by_hand();
  for (size_t len = 10; len <= 14; len++) {
    ck_assert(find_record(MED_WIDE_KEY_RUN, 0, &odd));
    odd.key.bytes[13] = 0;
    odd.key.len = (uint16_t)len;
    if (len == 13) continue;
    put(&odd);
    is_noticed("a key of another length");
  }
  put_entry(5, token, last, low, high, 0);
  is_noticed("a first tail that is only a token");
  put_entry(5, token, token, low, high, 0);
  is_noticed("a last tail that is only a token");
  put_entry(5, long_tail, last, low, high, 0);
  is_noticed("a first tail that is too long");
  put_entry(5, first, med_slice_of("tttttttta\xFF", 10), low, high, 0);
  is_noticed("a last tail before the last row");
  put_entry(5, last, first, low, high, 0);
  is_noticed("a last tail before the first");
  put_entry(5, first, last, long_part, high, 0);
  is_noticed("a low part that is too long");
  put_entry(5, first, last, low, long_part, 0);
  is_noticed("a high part that is too long");
  put_entry(5, first, last, high, low, 0);
  is_noticed("a high part below the low one");
  put_entry(5, first, last, low, high, 1);
  is_noticed("a byte too many");
  ck_assert(find_record(MED_WIDE_KEY_RUN, 0, &odd));
  for (odd.len--; odd.len > 0; odd.len--) {
    put(&odd);
    is_noticed("a record that is cut");
  }
}
END_TEST

/* Bounds that are longer than keys may be are in no room of a key's size. */
START_TEST(a_merge_of_runs_with_bounds_too_long_is_damage) {
  static const uint8_t bytes[MED_VALUE_SIZE_MAX] = {1};
  setup_by_hand();
  for (uint64_t number = 20; number < 24; number++) {
    static char tail[] = "uuuuuuuu0";
    tail[8]++;
    put_by_hand(&(by_hand){.run = number, .fence = tail, .tails = {tail}, .count = 1});
    put_entry(number, med_slice_of(tail, 9), med_slice_of(tail, 9), med_slice_of(bytes, 1), med_slice_of(bytes, 3500),
              0);
  }
  ck_assert_int_eq(med_wide_runs_merge(txn, RUN_TABLE, 0, UINT64_MAX), MEDLEY_CORRUPT);
  OK(med_txn_rollback_to(txn, whole));
}
END_TEST

START_TEST(a_row_that_stands_in_two_runs_is_damage) {
  setup_by_hand();
  put_by_hand(&(by_hand){.run = 8, .fence = "ttttttttb", .tails = {"ttttttttc"}, .count = 1});
  ck_assert_int_eq(walk(true, false), MEDLEY_CORRUPT);
  ck_assert_int_eq(walk(true, true), MEDLEY_CORRUPT);
  ck_assert_int_eq(walk(false, false), MEDLEY_CORRUPT);
  ck_assert_int_eq(take_all(), MEDLEY_CORRUPT);
  for (uint64_t number = 20; number < 22; number++) { /* so that there are four */
    put_by_hand(&(by_hand){.run = number, .fence = "uuuuuuuuu", .tails = {"uuuuuuuuu"}, .count = 1});
    put_texts(number, "uuuuuuuuu", "uuuuuuuuu");
  }
  ck_assert_int_eq(med_wide_runs_merge(txn, RUN_TABLE, 0, UINT64_MAX), MEDLEY_CORRUPT);
}
END_TEST

START_TEST(rows_that_are_not_where_their_block_says_end_a_walk) {
  setup_by_hand();
  put_by_hand(&(by_hand){.run = 5, .fence = "ttttttttg", .tails = {"ttttttttb", "ttttttttd"}, .count = 2});
  ck_assert_int_eq(walk(true, false), MEDLEY_CORRUPT);
  ck_assert_int_eq(walk(true, true), MEDLEY_CORRUPT);
  OK(med_txn_rollback_to(txn, whole));
  put_by_hand(&(by_hand){.run = 5, .fence = "tttttttta", .tails = {"tttttttta", "ttttttttl"}, .count = 2});
  ck_assert_int_eq(walk(false, false), MEDLEY_CORRUPT);
  OK(med_txn_rollback_to(txn, whole));
  put_by_hand(&(by_hand){.run = 5, .fence = "ttttttttg", .tails = {"ttttttttq", "ttttttttk"}, .count = 2});
  ck_assert_int_eq(walk(true, true), MEDLEY_CORRUPT);
}
END_TEST

/* A block, or entry, that somebody else has taken away, though the runs are owned. */
START_TEST(what_is_gone_while_it_is_owned_is_damage) {
  for (uint8_t kind = MED_WIDE_KEY_RUN; kind <= MED_WIDE_KEY_BLOCK; kind++) {
    static record gone;
    med_wide_run_rows *rows;
    med_slice found, value;
    med_key at;
    med_mark mark = med_txn_mark(txn);
    plain_count = 0;
    put_texts(5, "tttttttta", "tttttttta");
    put_by_hand(&(by_hand){.run = 5, .fence = "tttttttta", .tails = {"tttttttta"}, .count = 1});
    med_wide_table_prefix(RUN_TABLE, &at);
    OK(med_wide_run_rows_open(txn, RUN_TABLE, &rows));
    med_wide_run_rows_own(rows);
    OK(med_wide_run_rows_seek(rows, med_key_slice(&at), true, &found, &value));
    OK(med_wide_run_rows_take(rows));
    ck_assert(find_record(kind, 0, &gone));
    drop(&gone);
    ck_assert_int_eq(med_wide_run_rows_settle(rows), MEDLEY_CORRUPT);
    med_wide_run_rows_close(rows);
    OK(med_txn_rollback_to(txn, mark));
  }
}
END_TEST

/* ---- Each byte ---- */
/* What stands there is read, or damage; whatever is noticed by the check, as most is. */
static void change_bytes(uint8_t kind) {
  static const uint8_t changes[] = {0x01, 0x80, 0xFF};
  static record at;
  for (size_t number = 0; find_record(kind, number, &at); number++) {
    size_t end = at.len < 200 ? at.len : 200; /* what is behind are values */
    for (size_t i = 0; i < end; i++) {
      for (size_t c = 0; c < sizeof changes; c++) {
        at.bytes[i] ^= changes[c];
        put(&at);
        is_read();
        at.bytes[i] ^= changes[c];
      }
    }
    for (size_t len = at.len; at.len > 0; at.len = at.len < 20 ? at.len - 1 : at.len * 3 / 4) {
      put(&at);
      is_read();
      if (at.len < len) ck_assert_int_eq(check(), MEDLEY_CORRUPT);
    }
    OK(med_txn_rollback_to(txn, whole));
    OK(check());
  }
}

static void make_small_runs(void) {
  make_runs(&seed, 60, 4);
  for (size_t i = 0; i < plain_count; i++) plain[i].there = false;
  whole = med_txn_mark(txn);
  OK(check());
}

START_TEST(other_bytes_in_blocks_are_read_or_are_damage) {
  make_small_runs();
  change_bytes(MED_WIDE_KEY_BLOCK);
}
END_TEST

START_TEST(other_bytes_in_the_directory_are_read_or_are_damage) {
  make_small_runs();
  change_bytes(MED_WIDE_KEY_RUN);
}
END_TEST

PROPERTY_MAIN_BETWEEN("run_damage", setup, teardown, a_block_with_one_thing_wrong_is_damage,
                      blocks_that_overlap_or_are_of_no_run_are_damage, a_run_without_blocks_is_damage,
                      an_entry_with_one_thing_wrong_is_damage, a_merge_of_runs_with_bounds_too_long_is_damage,
                      a_row_that_stands_in_two_runs_is_damage, rows_that_are_not_where_their_block_says_end_a_walk,
                      what_is_gone_while_it_is_owned_is_damage, other_bytes_in_blocks_are_read_or_are_damage,
                      other_bytes_in_the_directory_are_read_or_are_damage)
