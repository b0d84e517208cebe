/* test_wide_segment_vectors.c - segments of several vectors: columns that begin late, rows of which only some expire, walks over the borders, and each
 * question to a scan by itself; whole, and with one thing wrong. */
#include "models/widecolumn/segment_lookup.h"
#include "storage/column_page.h"
#include "tests/unit/property.h"
#include "tests/unit/segment_uses.h"

enum { ROWS = 2400 }; /* of one partition: three vectors */

static med_mark mark;
static med_wide_segment segment;

static void undo(void) { OK(med_txn_rollback_to(txn, mark)); }

static void teardown(void) {
  table = NULL;
  used_key_count = 0;
  sealing_close();
}

/* Of a row's number. */
typedef uint32_t ttl_of(int number);
typedef size_t values_of(int number);

static void open_as(const char *segment_rows, ttl_of *ttl, values_of *values) {
  sealing_open();
  kinds_make(segment_rows, true);
  for (int c = 0; c < ROWS; c++) kinds_insert_some(0, c, ttl(c), values(c));
  kinds_sweep();
  segment = first_segment();
  mark = med_txn_mark(txn);
}

static void open_with(ttl_of *ttl, values_of *values) { open_as("4096", ttl, values); }

static uint32_t never(int number) { return number < 0; }
static uint32_t late(int number) { return number >= 1500 ? 1000 + (uint32_t)number % 7 : 0; }
static uint32_t early(int number) { return number < 500 ? 1000 : 0; }
static uint32_t always(int number) { return 1000 + (uint32_t)number % 7; }
static uint32_t falling(int number) { return 9000 - (uint32_t)number; }
static size_t nearly_all(int number) { return number % 3 == 0 ? 4 : 5; }
static size_t late_ones(int number) { return number < ROWS - 10 ? 3 : 5; }

static void is_corrupt(int rc, const char *what) {
  ck_assert_msg(rc == MEDLEY_CORRUPT && med_txn_error(txn)->status == MEDLEY_CORRUPT, "%s: %s", what,
                medley_status_name(rc));
  med_error_clear(med_txn_error(txn));
}

static void sees_all(void) {
  ck_assert_uint_eq(segment.rows, ROWS);
  OK(use_scan());
  OK(use_walk_forth());
  ck_assert_uint_eq(used_rows, ROWS);
  OK(use_walk_back());
  ck_assert_uint_eq(used_rows, ROWS);
  used_key_count = 0;
  for (int c = 0; c < ROWS; c += 100) use_key(0, c);
  OK(use_find());
  ck_assert_uint_eq(used_rows, ROWS / 100);
  ck_assert_uint_eq(problems(), 0);
}

START_TEST(expiries_are_those_of_all_vectors) {
  static const struct {
    ttl_of *ttl;
    bool expires;
    uint32_t last_behind_first; /* 0: not all expire */
  } cases[] = {{never, false, 0}, {late, true, 0}, {early, true, 0}, {always, true, 6}, {falling, true, ROWS - 1}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    open_with(cases[i].ttl, nearly_all);
    ck_assert((segment.first_expiry_s > 0) == cases[i].expires);
    ck_assert_uint_eq(segment.last_expiry_s,
                      cases[i].last_behind_first > 0 ? segment.first_expiry_s + cases[i].last_behind_first : 0);
    sees_all();
    for (int c = 0; c < ROWS; c += 2) kinds_delete(0, c);
    kinds_sweep(); /* anew, by columns */
    segment = first_segment();
    ck_assert_uint_eq(segment.rows, ROWS / 2);
    ck_assert((segment.first_expiry_s > 0) == cases[i].expires);
    ck_assert((segment.last_expiry_s > 0) == (cases[i].last_behind_first > 0));
    ck_assert_uint_eq(problems(), 0);
    teardown();
  }
}
END_TEST

/* In the last vector: those before get rows without a value. */
START_TEST(a_column_begins_where_its_first_value_is) {
  open_with(never, late_ones);
  sees_all();
  ck_assert_uint_eq(segment.column_count, KINDS_COLUMNS);
  teardown();
}
END_TEST

/* ---- Each question by itself ---- in the last vector. */
typedef int question(med_wide_segment_scan *scan, const med_wide_column *column);

static med_slice constant_of(const med_wide_column *column) {
  static const uint8_t nine[8] = {0, 0, 0, 9};
  return med_wide_segment_type(column->type.kind) == MED_COLUMN_TEXTS
             ? med_slice_of_text("even")
             : med_slice_of(nine, med_wide_kind_size(column->type.kind));
}

static int ask_vector(med_wide_segment_scan *scan, const med_wide_column *column) {
  const med_wide_vector *vector;
  return med_wide_segment_scan_vector(scan, column, &vector);
}

static int ask_present(med_wide_segment_scan *scan, const med_wide_column *column) {
  uint64_t present[MED_VECTOR_WORDS];
  return med_wide_segment_scan_present(scan, column, present);
}

static int ask_texts(med_wide_segment_scan *scan, const med_wide_column *column) {
  med_wide_texts texts;
  return med_wide_segment_scan_texts(scan, column, &texts);
}

static int ask_match(med_wide_segment_scan *scan, const med_wide_column *column) {
  uint64_t selected[MED_VECTOR_WORDS];
  int rc;
  med_rows_fill(selected, 100);
  MED_TRY(med_wide_segment_scan_match(scan, column, MED_EQUAL, constant_of(column), selected));
  MED_TRY(med_wide_segment_scan_match(scan, column, MED_EQUAL, constant_of(column), selected));
  MED_TRY(med_wide_segment_scan_match(scan, column, MED_LESS_EQUAL, constant_of(column), selected));
  if (med_wide_segment_type(column->type.kind) == MED_COLUMN_TEXTS)
    MED_TRY(med_wide_segment_scan_match(scan, column, MED_EQUAL, med_slice_of_text("odd"), selected));
done:
  return rc;
}

static int ask_bounds(med_wide_segment_scan *scan, const med_wide_column *column) {
  bool any;
  int64_t min, max;
  return med_wide_segment_scan_bounds(scan, column, &any, &min, &max);
}

static int ask_some(med_wide_segment_scan *scan, const med_wide_column *column) {
  bool some, all;
  return med_wide_segment_scan_ask(scan, column, MED_LESS, 4, &some, &all);
}

static int ask_header(med_wide_segment_scan *scan, const med_wide_column *column) {
  const med_column_group *header;
  return med_wide_segment_scan_header(scan, column, &header);
}

static const struct {
  const char *name;
  question *ask;
  bool of_integers, of_texts; /* else of any */
} questions[] = {{"vector", ask_vector, false, false}, {"present", ask_present, false, false},
                 {"texts", ask_texts, false, true},    {"match", ask_match, false, false},
                 {"bounds", ask_bounds, true, false},  {"some", ask_some, true, false},
                 {"header", ask_header, false, false}};
#define QUESTION_COUNT (sizeof questions / sizeof questions[0])

static bool fits(size_t number, const med_wide_column *column) {
  med_column_type type = med_wide_segment_type(column->type.kind);
  return (!questions[number].of_integers || type == MED_COLUMN_INTEGERS) &&
         (!questions[number].of_texts || type == MED_COLUMN_TEXTS);
}

/* Of the vector of that number. */
static int ask(size_t number, const med_wide_column *column, uint64_t vector) {
  med_wide_segment_scan *scan;
  uint64_t live[MED_VECTOR_WORDS];
  size_t rows;
  int rc = med_wide_segment_scan_open(txn, table, &scan);
  for (uint64_t i = 0; rc == MEDLEY_OK && i <= vector; i++) rc = med_wide_segment_scan_next(scan, &rows, live);
  if (rc == MEDLEY_OK) rc = questions[number].ask(scan, column);
  med_wide_segment_scan_close(scan);
  return rc;
}

static void all_notice(const med_wide_column *column, const char *what) {
  char text[100];
  for (size_t i = 0; i < QUESTION_COUNT; i++) {
    if (!fits(i, column)) continue;
    snprintf(text, sizeof text, "%.*s, %s: %s", (int)column->name.len, (const char *)column->name.bytes, what,
             questions[i].name);
    is_corrupt(ask(i, column, 2), text);
  }
  ck_assert_uint_gt(problems(), 0);
  undo();
}

START_TEST(each_question_about_a_damaged_column_is_answered_by_that) {
  open_with(early, nearly_all);
  for (size_t i = 2; i < table->column_count; i++) {
    const med_wide_column *column = &table->columns[i];
    med_column_type type = med_wide_segment_type(column->type.kind);
    uint64_t number = (uint64_t)MED_WIDE_SEGMENT_COLUMN + column->id;
    med_wide_segment other = segment;
    med_wide_segment_column columns[KINDS_COLUMNS];
    for (size_t k = 0; k < QUESTION_COUNT; k++) {
      if (fits(k, column)) OK(ask(k, column, 2));
    }
    drop_pages(&segment, number, true);
    all_notice(column, "missing");
    odd_column one_vector = {type, MED_VECTOR_ROWS, MED_VECTOR_ROWS, 3, med_slice_of_text("even"), 0};
    put_column(&segment, number, &one_vector);
    all_notice(column, "only the first vector");
    memcpy(columns, segment.columns, sizeof columns);
    columns[column->id - 1].type = type == MED_COLUMN_TEXTS ? MED_COLUMN_INTEGERS : MED_COLUMN_TEXTS;
    other.columns = columns;
    OK(med_wide_segment_put(txn, &other));
    all_notice(column, "another type");
  }
  teardown();
}
END_TEST

START_TEST(a_column_without_any_value_answers_that) {
  open_with(never, nearly_all);
  const med_wide_column *b = &table->columns[3], *a = &table->columns[2];
  med_wide_segment_scan *scan;
  uint64_t live[MED_VECTOR_WORDS], selected[MED_VECTOR_WORDS];
  bool any = true, some = true, all = true;
  int64_t min, max;
  size_t rows;
  odd_column empty = {MED_COLUMN_INTEGERS, ROWS, 0, 0, {0}, 0};
  put_column(&segment, (uint64_t)MED_WIDE_SEGMENT_COLUMN + b->id, &empty);
  empty.type = MED_COLUMN_TEXTS;
  put_column(&segment, (uint64_t)MED_WIDE_SEGMENT_COLUMN + a->id, &empty);
  ck_assert_uint_eq(problems(), 0);
  for (size_t i = 0; i < QUESTION_COUNT; i++) {
    if (fits(i, b)) OK(ask(i, b, 2));
    if (fits(i, a)) OK(ask(i, a, 2));
  }
  OK(med_wide_segment_scan_open(txn, table, &scan));
  OK(med_wide_segment_scan_next(scan, &rows, live));
  OK(med_wide_segment_scan_bounds(scan, b, &any, &min, &max));
  OK(med_wide_segment_scan_ask(scan, b, MED_LESS, 4, &some, &all));
  ck_assert(!any && !some && !all);
  OK(med_wide_segment_scan_match(scan, a, MED_GREATER_EQUAL, med_slice_of_text(""), live));
  ck_assert_uint_eq(med_rows_count(live), 0);
  OK(med_wide_segment_scan_present(scan, a, selected));
  ck_assert_uint_eq(med_rows_count(selected), 0);
  med_wide_segment_scan_close(scan);
  OK(use_walk_forth());
  ck_assert_uint_eq(used_rows, ROWS);
  teardown();
}
END_TEST

/* As of a table that has gained them since: the other columns answer, and rows are found by their keys. */
START_TEST(a_segment_need_not_have_every_column) {
  open_with(never, nearly_all);
  for (size_t gone = 1; gone < KINDS_COLUMNS;
       gone += gone < 3 ? 1 : 2) { /* c alone; or both of the key, and another one */
    med_wide_segment other = segment;
    med_wide_segment_column columns[KINDS_COLUMNS];
    other.columns = columns;
    other.column_count = 0;
    for (size_t i = 0; i < KINDS_COLUMNS; i++) {
      if (i != gone && (gone < 2 || i >= 2))
        columns[other.column_count++] = segment.columns[i];
      else
        drop_pages(&segment, (uint64_t)MED_WIDE_SEGMENT_COLUMN + segment.columns[i].id, true);
    }
    OK(med_wide_segment_put(txn, &other));
    const med_wide_column *column = &table->columns[gone];
    for (size_t i = 0; i < QUESTION_COUNT; i++) {
      if (gone >= 2 && fits(i, column)) OK(ask(i, column, 2));
    }
    sees_all();
    use_key(0, -1);
    use_key(0, ROWS);
    OK(use_find());
    ck_assert_uint_eq(used_rows, ROWS / 100);
    undo();
  }
  teardown();
}
END_TEST

/* ---- Keys ---- */
static void delete_half(int rows) {
  for (int c = 0; c < rows; c += 2) kinds_delete(0, c);
}

START_TEST(rows_that_are_not_in_order_are_not_written_anew) {
  open_with(never, nearly_all);
  odd_column tokens = {MED_COLUMN_INTEGERS, ROWS, ROWS, 0, {0}, -1};
  med_wide_place place;
  OK(med_wide_key_place(table, med_key_slice(&segment.first), &place, &error));
  delete_half(ROWS);
  tokens.integer = place.token;
  put_column(&segment, MED_WIDE_SEGMENT_TOKENS, &tokens);
  is_corrupt(use_sweep(), "tokens that fall");
  is_corrupt(use_walk_forth(), "tokens that fall, in order");
  ck_assert_uint_gt(problems(), 0);
  undo();
  delete_half(ROWS);
  odd_column rests = {MED_COLUMN_TEXTS, ROWS, ROWS, 0, {0}, 0};
  rests.text = med_slice_of(segment.first.bytes + MED_WIDE_TAIL_OFFSET + 8,
                            (size_t)segment.first.len - MED_WIDE_TAIL_OFFSET - 8);
  put_column(&segment, MED_WIDE_SEGMENT_RESTS, &rests);
  is_corrupt(use_sweep(), "one key for all rows");
  ck_assert_uint_gt(problems(), 0);
  teardown();
  open_as("800", never, nearly_all);
  ck_assert_uint_lt(segment.rows, ROWS);
  tokens = (odd_column){MED_COLUMN_INTEGERS, segment.rows, segment.rows, INT64_MAX, {0}, 0};
  delete_half((int)segment.rows);
  put_column(&segment, MED_WIDE_SEGMENT_TOKENS, &tokens);
  is_corrupt(use_sweep(), "rows behind their segment's end");
  ck_assert_uint_gt(problems(), 0);
  teardown();
}
END_TEST

/* The rows of a partition are those of its own record, and of its token. */
START_TEST(a_key_of_a_partition_has_the_place_of_all_its_rows) {
  med_cursor *cursor;
  med_wide_segment_place place;
  med_key key;
  open_with(never, nearly_all);
  kinds_tree_key(0, 0, &key);
  key.len = (uint16_t)(key.len - 4); /* without c, */
  key.bytes[key.len - 1] = MED_WIDE_SUB_PARTITION;
  OK(med_cursor_open(txn, MED_TREE_WIDE, &cursor));
  OK(med_wide_segment_lookup(txn, cursor, &segment, table, med_key_slice(&key), &place));
  ck_assert_uint_eq(place.low, 0);
  ck_assert_uint_eq(place.high, ROWS);
  ck_assert(!place.is_row);
  key.len = 4;
  is_corrupt(med_wide_segment_lookup(txn, cursor, &segment, table, med_key_slice(&key), &place), "no key");
  med_cursor_close(cursor);
  teardown();
}
END_TEST

/* From before and behind the table, and back and forth at one place. */
START_TEST(rows_are_sought_from_anywhere) {
  med_wide_segment_rows *rows;
  med_slice found;
  med_key before, behind, key;
  open_with(never, nearly_all);
  kinds_tree_key(0, 1200, &key);
  med_wide_table_prefix(KINDS_TABLE - 1, &before);
  med_wide_table_prefix(KINDS_TABLE + 1, &behind);
  OK(med_wide_segment_rows_open(txn, table->id, &rows));
  for (int round = 0; round < 2; round++) {
    OK(med_wide_segment_rows_seek(rows, med_key_slice(&before), &found));
    ck_assert(med_slice_equal(found, med_key_slice(&segment.first)));
    ck_assert_int_eq(med_wide_segment_rows_seek_before(rows, med_key_slice(&before), &found), MEDLEY_NOT_FOUND);
    ck_assert_int_eq(med_wide_segment_rows_seek_before(rows, med_key_slice(&before), &found), MEDLEY_NOT_FOUND);
    OK(med_wide_segment_rows_seek_before(rows, med_key_slice(&behind), &found));
    ck_assert(med_slice_equal(found, med_key_slice(&segment.last)));
    ck_assert_int_eq(med_wide_segment_rows_seek(rows, med_key_slice(&behind), &found), MEDLEY_NOT_FOUND);
    ck_assert_int_eq(med_wide_segment_rows_seek(rows, med_key_slice(&behind), &found), MEDLEY_NOT_FOUND);
    for (int step = 0; step < 6; step++) {
      int rc = step % 2 == 0 ? med_wide_segment_rows_seek(rows, med_key_slice(&key), &found)
                             : med_wide_segment_rows_seek_before(rows, med_key_slice(&key), &found);
      OK(rc);
      ck_assert(med_slice_equal(found, med_key_slice(&key)) == (step % 2 == 0));
    }
  }
  med_wide_segment_rows_close(rows);
  teardown();
}
END_TEST

PROPERTY_MAIN("wide_segment_vectors", expiries_are_those_of_all_vectors, a_column_begins_where_its_first_value_is,
              each_question_about_a_damaged_column_is_answered_by_that, a_column_without_any_value_answers_that,
              a_segment_need_not_have_every_column, rows_that_are_not_in_order_are_not_written_anew,
              a_key_of_a_partition_has_the_place_of_all_its_rows, rows_are_sought_from_anywhere)
