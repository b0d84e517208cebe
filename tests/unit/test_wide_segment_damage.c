/* test_wide_segment_damage.c - segments with one thing wrong, whose checksums are good: whoever reads them says so, and so does the check. */
#include "models/widecolumn/pack.h"
#include "models/widecolumn/record.h"
#include "models/widecolumn/seal.h"
#include "tests/unit/property.h"
#include "tests/unit/segment_uses.h"

enum { PARTITIONS = 4, ROWS = 10 };

static med_mark mark;
static med_wide_segment segment; /* the first one, as it was sealed */

static void undo(void) { OK(med_txn_rollback_to(txn, mark)); }

/* Rows, a third of which expire; the last partition stays among the records. */
static void setup(void) {
  sealing_open();
  kinds_make("16", true);
  for (int p = 0; p < PARTITIONS; p++) {
    for (int c = 0; c < ROWS; c++) kinds_insert(p, c, c % 3 == 1 ? 1000 : 0);
  }
  kinds_sweep();
  for (int p = 0; p < PARTITIONS; p++) {
    for (int c = 0; c < ROWS + 2; c++) use_key(p, c);
  }
  segment = first_segment();
  ck_assert_uint_eq(problems(), 0);
  mark = med_txn_mark(txn);
}

static void teardown(void) {
  table = NULL;
  sealing_close();
}

/* It says CORRUPT, and what about. */
static void is_corrupt(int rc, const char *what) {
  const medley_error *said = med_txn_error(txn);
  ck_assert_msg(rc == MEDLEY_CORRUPT, "%s: %s", what, medley_status_name(rc));
  ck_assert_msg(said->status == MEDLEY_CORRUPT && said->message[0] != '\0', "%s: no message", what);
  med_error_clear(med_txn_error(txn));
}

static void is_answered(int rc, const char *what) {
  if (rc != MEDLEY_OK && rc != MEDLEY_NOT_FOUND) is_corrupt(rc, what);
}

/* ---- The directory ---- its record, number by number. */
typedef struct directory {
  med_key key; /* from 06 on */
  uint64_t id, rows, bytes, tail_len, column_count;
  uint64_t ids[3], types[3];
  uint64_t first_expiry, last_expiry;
  size_t without_expiries;   /* the length of what is before them */
  bool expires, ends_before; /* ends_before: its last key is before its first */
} directory;

static directory directory_of_segment(void) {
  directory of = {.key = segment.first, .id = segment.id, .rows = segment.rows, .bytes = segment.bytes};
  of.key.bytes[0] = MED_WIDE_KEY_SEGMENT;
  of.tail_len = (uint64_t)segment.last.len - MED_WIDE_TAIL_OFFSET;
  of.column_count = 3;
  for (size_t i = 0; i < 3; i++) {
    of.ids[i] = segment.columns[i].id;
    of.types[i] = segment.columns[i].type;
  }
  of.expires = true;
  of.first_expiry = segment.first_expiry_s;
  return of;
}

static void pack_directory(directory *of, med_buffer *record) {
  uint8_t tail[2 * MED_KEY_SIZE_MAX];
  memset(tail, 0xFF, sizeof tail);
  memcpy(tail, segment.last.bytes + MED_WIDE_TAIL_OFFSET, of->tail_len < 9 ? of->tail_len : 9);
  if (of->ends_before) tail[0] = 0;
  record->len = 0;
  ck_assert(med_pack_number(record, of->id) && med_pack_number(record, of->rows) &&
            med_pack_number(record, of->bytes) && med_pack_bytes(record, med_slice_of(tail, of->tail_len)) &&
            med_pack_number(record, of->column_count));
  for (size_t i = 0; i < 3; i++)
    ck_assert(med_pack_number(record, of->ids[i]) && med_pack_number(record, of->types[i]));
  of->without_expiries = record->len;
  if (of->expires) ck_assert(med_pack_number(record, of->first_expiry) && med_pack_number(record, of->last_expiry));
}

/* Puts these bytes in place of the segment's record; what looking for it answers. */
static int look_for(const med_key *key, med_slice record) {
  med_cursor *cursor;
  med_wide_segment found;
  med_key from;
  undo();
  med_key old = segment.first;
  old.bytes[0] = MED_WIDE_KEY_SEGMENT;
  OK(med_wide_record_delete(txn, med_key_slice(&old)));
  OK(med_wide_record_put(txn, med_key_slice(key), record));
  med_wide_table_prefix(table->id, &from);
  OK(med_cursor_open(txn, MED_TREE_WIDE, &cursor));
  int rc = med_wide_segment_behind(txn, cursor, med_key_slice(&from), &arena, &found);
  med_cursor_close(cursor);
  return rc;
}

static int look_for_directory(directory *of) {
  med_buffer record = {0};
  pack_directory(of, &record);
  int rc = look_for(&of->key, med_slice_of(record.bytes, record.len));
  med_buffer_clear(&record);
  return rc;
}

#define NO_DIRECTORY(what_, change_)            \
  do {                                          \
    directory of = directory_of_segment();      \
    change_;                                    \
    is_corrupt(look_for_directory(&of), what_); \
    ck_assert_msg(problems() > 0, "%s", what_); \
    is_corrupt(use_scan(), what_);              \
    is_corrupt(use_walk_forth(), what_);        \
    is_corrupt(use_walk_back(), what_);         \
    is_corrupt(use_sweep(), what_);             \
  } while (0)

START_TEST(a_record_of_a_segment_with_one_thing_wrong_is_damage) {
  directory whole = directory_of_segment();
  OK(look_for_directory(&whole));
  NO_DIRECTORY("a segment without rows", of.rows = 0);
  NO_DIRECTORY("more rows than a segment has", of.rows = MED_WIDE_SEGMENT_ROWS_MAX + 1);
  NO_DIRECTORY("more columns than a table has", of.column_count = MED_WIDE_COLUMNS_MAX + 1);
  NO_DIRECTORY("more columns than the record has", of.column_count = 300);
  NO_DIRECTORY("a column without a number", of.ids[0] = 0);
  NO_DIRECTORY("columns out of order", of.ids[2] = 1);
  NO_DIRECTORY("a column twice", of.ids[1] = of.ids[0]);
  NO_DIRECTORY("a column beyond every number", of.ids[2] = 65536);
  NO_DIRECTORY("a type that is none", of.types[1] = 0);
  NO_DIRECTORY("a type behind the last", of.types[1] = MED_COLUMN_TEXTS + 1);
  NO_DIRECTORY("a first expiry of 0", of.first_expiry = 0);
  NO_DIRECTORY("a first expiry beyond all time", of.first_expiry = UINT64_C(1) << 32);
  NO_DIRECTORY("a last expiry beyond all time", of.last_expiry = UINT64_C(1) << 32);
  NO_DIRECTORY("a last expiry before the first", of.last_expiry = of.first_expiry - 1);
  NO_DIRECTORY("a last key that is only a token", of.tail_len = 8);
  NO_DIRECTORY("a last key that is too long", of.tail_len = MED_KEY_SIZE_MAX);
  NO_DIRECTORY("a first key that is only a token", of.key.len = MED_WIDE_TAIL_OFFSET + 8);
  NO_DIRECTORY("a last key before the first", of.ends_before = true);
  NO_DIRECTORY("a first key as long as any", {
    memset(of.key.bytes + of.key.len, 0, MED_KEY_SIZE_MAX - of.key.len);
    of.key.len = MED_KEY_SIZE_MAX;
  });
}
END_TEST

/* Cut, longer, and with every byte another one. */
START_TEST(bytes_of_a_segments_record_are_read_or_are_damage) {
  med_buffer record = {0};
  directory whole = directory_of_segment();
  pack_directory(&whole, &record);
  for (size_t len = 0; len < record.len; len++) {
    int rc = look_for(&whole.key, med_slice_of(record.bytes, len));
    if (len == whole.without_expiries)
      OK(rc);
    else
      is_corrupt(rc, "a record that is cut");
  }
  for (size_t at = 0; at < record.len; at++) {
    for (unsigned change = 1; change < 256; change = change * 2 + 1) {
      record.bytes[at] = (char)(record.bytes[at] ^ change);
      is_answered(look_for(&whole.key, med_slice_of(record.bytes, record.len)), "a record with another byte");
      is_answered(use_scan(), "columns of another record");
      is_answered(use_walk_forth(), "rows of another record");
      is_answered(use_find(), "keys of another record");
      record.bytes[at] = (char)(record.bytes[at] ^ change);
    }
  }
  ck_assert(med_buffer_append_byte(&record, 0));
  is_corrupt(look_for(&whole.key, med_slice_of(record.bytes, record.len)), "a record with a byte too many");
  med_buffer_clear(&record);
}
END_TEST

START_TEST(keys_that_cannot_be_those_of_segments_are_refused) {
  med_cursor *cursor;
  med_wide_segment found;
  uint8_t bytes[MED_KEY_SIZE_MAX + 1] = {MED_WIDE_KEY_ROW, 0, 0, 0, KINDS_TABLE};
  static const size_t lens[] = {0, MED_WIDE_TAIL_OFFSET - 1, MED_KEY_SIZE_MAX + 1};
  OK(med_cursor_open(txn, MED_TREE_WIDE, &cursor));
  for (size_t i = 0; i < sizeof lens / sizeof *lens; i++) {
    med_slice key = med_slice_of(bytes, lens[i]);
    is_corrupt(med_wide_segment_at(txn, cursor, key, &arena, &found), "at");
    is_corrupt(med_wide_segment_before(txn, cursor, key, &arena, &found), "before");
    is_corrupt(med_wide_segment_behind(txn, cursor, key, &arena, &found), "behind");
  }
  OK(med_wide_segment_behind(txn, cursor, med_slice_of(bytes, MED_KEY_SIZE_MAX), &arena, &found));
  found.first.len = MED_WIDE_TAIL_OFFSET - 1;
  is_corrupt(med_wide_segment_put(txn, &found), "a segment without a first key");
  med_key key = {.len = 3, .bytes = {MED_WIDE_KEY_SEGMENT, 0, 0}};
  OK(med_txn_put(txn, MED_TREE_WIDE, med_key_slice(&key), med_slice_of(bytes, 1)));
  ck_assert_int_eq(med_wide_segment_before(txn, cursor, med_slice_of(bytes, 5), &arena, &found), MEDLEY_NOT_FOUND);
  med_cursor_close(cursor);
  expect_problem(mark, "a key of a segment that is none");
}
END_TEST

START_TEST(bits_of_rows_that_are_gone_are_whole_or_damage) {
  uint8_t bits[MED_WIDE_GONE_ROWS / 8] = {0};
  uint64_t gone;
  med_key key;
  med_key_init(&key);
  med_key_add_u8(&key, MED_WIDE_KEY_GONE);
  med_key_add_u32(&key, table->id);
  med_key_add_u64(&key, segment.id);
  med_key_add_u32(&key, 0);
  OK(med_txn_put(txn, MED_TREE_WIDE, med_key_slice(&key), med_slice_of(bits, sizeof bits - 1)));
  is_corrupt(med_wide_segment_count_gone(txn, &segment, &gone), "bits that are cut, counted");
  is_corrupt(med_wide_segment_remove(txn, &segment, 1), "bits that are cut, added to");
  is_corrupt(use_scan(), "bits that are cut, by columns");
  is_corrupt(use_walk_forth(), "bits that are cut, in order");
  is_corrupt(use_find(), "bits that are cut, by key");
  is_corrupt(use_sweep(), "bits that are cut, swept");
  expect_problem(mark, "bits that are cut");
  OK(med_wide_segment_remove(txn, &segment, 1));
  is_corrupt(med_wide_segment_remove(txn, &segment, 1), "a row that is removed twice");
  undo();
  OK(med_wide_segment_drop(txn, &segment));
  is_corrupt(med_wide_segment_drop(txn, &segment), "a segment that is dropped twice");
}
END_TEST

/* ---- Columns ---- */
static const struct {
  uint64_t number;
  med_column_type type;
  bool of_key;    /* rows in order are read without it */
  bool has_nulls; /* rows may be without a value */
} kinds[] = {{MED_WIDE_SEGMENT_TOKENS, MED_COLUMN_INTEGERS, false, false},
             {MED_WIDE_SEGMENT_RESTS, MED_COLUMN_TEXTS, false, false},
             {MED_WIDE_SEGMENT_TIMES, MED_COLUMN_INTEGERS, false, false},
             {MED_WIDE_SEGMENT_MARKERS, MED_COLUMN_INTEGERS, false, false},
             {MED_WIDE_SEGMENT_EXPIRIES, MED_COLUMN_INTEGERS, false, true},
             {MED_WIDE_SEGMENT_TTLS, MED_COLUMN_INTEGERS, false, true},
             {MED_WIDE_SEGMENT_COLUMN + 1, MED_COLUMN_INTEGERS, true, false},
             {MED_WIDE_SEGMENT_COLUMN + 2, MED_COLUMN_INTEGERS, true, false},
             {MED_WIDE_SEGMENT_COLUMN + 3, MED_COLUMN_TEXTS, false, true},
             {MED_WIDE_SEGMENT_COLUMN + 4, MED_COLUMN_INTEGERS, false, true},
             {MED_WIDE_SEGMENT_COLUMN + 5, MED_COLUMN_REALS, false, true},
             {MED_WIDE_SEGMENT_COLUMN + 6, MED_COLUMN_TEXTS, false, true},
             {MED_WIDE_SEGMENT_COLUMN + 7, MED_COLUMN_INTEGERS, false, true}};
#define KIND_COUNT (sizeof kinds / sizeof kinds[0])

/* A use of a damaged column notices, or answers what is right because it does not read the column. */
static void notices(int rc, bool reads, size_t kind, const char *use, const char *what) {
  char text[100];
  snprintf(text, sizeof text, "column %d, %s, %s", (int)kinds[kind].number, what, use);
  if (reads)
    is_corrupt(rc, text);
  else
    ck_assert_msg(rc == MEDLEY_OK, "%s: %s", text, medley_status_name(rc));
}

/* few: it has one row, the same for all readers. Then keys are other ones, which a walk that does not come by does not miss, and a column of the
 * key is as if it were not there. Markers are read by columns where the table has lost some. */
static void is_noticed(size_t kind, const char *what, bool few) {
  uint64_t number = kinds[kind].number;
  bool apart = number == MED_WIDE_SEGMENT_TTLS || number == MED_WIDE_SEGMENT_MARKERS || (few && kinds[kind].of_key);
  bool moved = few && number <= MED_WIDE_SEGMENT_RESTS;
  ck_assert_msg(problems() > 0, "column %d, %s: the check", (int)number, what);
  notices(use_scan(), !apart, kind, "by columns", what);
  if (!moved) notices(use_walk_forth(), !kinds[kind].of_key, kind, "in order", what);
  if (!moved) notices(use_walk_back(), !kinds[kind].of_key, kind, "backwards", what);
  is_answered(use_walk_forth(), what);
  is_answered(use_walk_back(), what);
  notices(use_find(), number != MED_WIDE_SEGMENT_RESTS, kind, "by key", what); /* numbers of the key are enough */
  for (int p = 0; p < PARTITIONS; p++) {                                       /* so that they are written anew */
    for (int c = 0; c < ROWS; c += 2) {
      kinds_key key;
      kinds_key_of(p, c, &key);
      is_answered(med_wide_delete_row(txn, table, &key.partition, &key.clustering, 5000, &arena), what);
    }
  }
  is_answered(use_sweep(), what);
  undo();
}

START_TEST(columns_that_are_missing_or_of_other_rows_are_noticed) {
  for (size_t i = 0; i < KIND_COUNT; i++) {
    odd_column odd = {kinds[i].type, 1, 1, 1, med_slice_of_text("x"), 0};
    drop_pages(&segment, kinds[i].number, true);
    is_noticed(i, "missing", false);
    put_column(&segment, kinds[i].number, &odd);
    is_noticed(i, "one row alone", true);
  }
}
END_TEST

START_TEST(columns_with_a_row_too_many_are_noticed) {
  for (size_t i = 0; i < KIND_COUNT; i++) {
    odd_column odd = {kinds[i].type, segment.rows + 1, segment.rows + 1, 1, med_slice_of_text("x"), 0};
    put_column(&segment, kinds[i].number, &odd);
    ck_assert_uint_gt(problems(), 0);
    is_answered(use_scan(), "a row too many, by columns");
    is_answered(use_walk_forth(), "a row too many, in order");
    is_answered(use_find(), "a row too many, by key");
    undo();
  }
}
END_TEST

START_TEST(rows_without_what_every_row_has_are_noticed) {
  for (size_t i = 0; i < KIND_COUNT; i++) {
    if (kinds[i].has_nulls) continue;
    odd_column odd = {kinds[i].type, segment.rows, 0, 1, med_slice_of_text("x"), 0};
    put_column(&segment, kinds[i].number, &odd);
    ck_assert_uint_gt(problems(), 0);
    if (!kinds[i].of_key) { /* else nothing is known by it, and rows are found by their keys */
      notices(use_scan(), kinds[i].number != MED_WIDE_SEGMENT_MARKERS, i, "by columns", "no values");
      notices(use_walk_forth(), true, i, "in order", "no values");
      notices(use_find(), kinds[i].number != MED_WIDE_SEGMENT_RESTS, i, "by key", "no values");
    } else {
      OK(use_scan());
      OK(use_find());
      ck_assert_uint_eq(used_rows, PARTITIONS * ROWS);
    }
    undo();
  }
}
END_TEST

START_TEST(columns_of_another_type_are_noticed) {
  for (size_t i = 6; i < KIND_COUNT; i++) {
    size_t at = (size_t)(kinds[i].number - MED_WIDE_SEGMENT_COLUMN - 1);
    med_wide_segment_column columns[KINDS_COLUMNS];
    med_wide_segment other = segment;
    odd_column odd = {kinds[i].type == MED_COLUMN_TEXTS ? MED_COLUMN_INTEGERS : MED_COLUMN_TEXTS,
                      segment.rows,
                      segment.rows,
                      1,
                      med_slice_of_text("x"),
                      0};
    memcpy(columns, segment.columns, sizeof columns);
    ck_assert_uint_eq(columns[at].id, at + 1);
    columns[at].type = odd.type;
    other.columns = columns;
    put_column(&segment, kinds[i].number, &odd);
    OK(med_wide_segment_put(txn, &other));
    is_corrupt(use_scan(), "another type, by columns");
    if (!kinds[i].of_key) is_corrupt(use_walk_forth(), "another type, in order");
    if (!kinds[i].of_key) is_corrupt(use_find(), "another type, by key");
    if (kinds[i].of_key) OK(use_find()); /* by their keys */
    expect_problem(mark, "another type");
  }
}
END_TEST

/* Rests are what keys end with. */
START_TEST(keys_that_are_none_are_noticed) {
  static const uint8_t bytes[MED_KEY_SIZE_MAX] = {0};
  static const size_t lens[] = {0, 1, MED_KEY_SIZE_MAX - MED_WIDE_TAIL_OFFSET - 8, MED_KEY_SIZE_MAX};
  for (size_t i = 0; i < sizeof lens / sizeof *lens; i++) {
    odd_column odd = {MED_COLUMN_TEXTS, segment.rows, segment.rows, 0, med_slice_of(bytes, lens[i]), 0};
    put_column(&segment, MED_WIDE_SEGMENT_RESTS, &odd);
    if (lens[i] != 1) is_corrupt(use_scan(), "rests of that length, by columns");
    is_corrupt(use_walk_forth(), "rests of that length, in order");
    if (lens[i] != 1) is_corrupt(use_walk_back(), "rests of that length, backwards");
    is_answered(use_find(), "rests of that length, by key");
    for (int row = 0; row < PARTITIONS * ROWS; row++) {
      kinds_key key;
      kinds_key_of(row / ROWS, row % ROWS, &key);
      if (row % 4 > 0)
        is_answered(med_wide_delete_row(txn, table, &key.partition, &key.clustering, 5000, &arena), "a deletion");
    }
    is_corrupt(use_sweep(), "rests of that length, written anew");
    expect_problem(mark, "rests of that length");
  }
}
END_TEST

START_TEST(times_to_live_that_are_none_are_noticed) {
  static const int64_t odd_numbers[] = {0, -1, UINT32_MAX + INT64_C(1)};
  for (uint64_t number = MED_WIDE_SEGMENT_EXPIRIES; number <= MED_WIDE_SEGMENT_TTLS; number++) {
    for (size_t i = 0; i < 3; i++) {
      put_integers(&segment, number, odd_numbers[i], true);
      is_corrupt(use_walk_forth(), "a time to live, in order");
      is_answered(use_scan(), "a time to live, by columns");
      is_answered(use_expiry(), "a time to live, swept");
      expect_problem(mark, "a time to live");
    }
  }
  drop_pages(&segment, MED_WIDE_SEGMENT_EXPIRIES, true);
  segment.first_expiry_s = 1; /* long ago: rows are counted */
  OK(med_wide_segment_put(txn, &segment));
  is_corrupt(use_expiry(), "expiries that are missing");
}
END_TEST

PROPERTY_MAIN_BETWEEN("wide_segment_damage", setup, teardown, a_record_of_a_segment_with_one_thing_wrong_is_damage,
                      bytes_of_a_segments_record_are_read_or_are_damage,
                      keys_that_cannot_be_those_of_segments_are_refused, bits_of_rows_that_are_gone_are_whole_or_damage,
                      columns_that_are_missing_or_of_other_rows_are_noticed, columns_with_a_row_too_many_are_noticed,
                      rows_without_what_every_row_has_are_noticed, columns_of_another_type_are_noticed,
                      keys_that_are_none_are_noticed, times_to_live_that_are_none_are_noticed)
