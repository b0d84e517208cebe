/* test_column_writer.c - whole columns: written in slices of any size, read back, checked, damaged. */
#include "storage/column_check.h"
#include "storage/column_reader.h"
#include "storage/column_writer.h"
#include "tests/unit/column_made.h"
#include "tests/unit/store_kit.h"

enum { ROWS_MAX = 3 * MED_GROUP_ROWS };

static int add_vector(med_column_writer *writer, med_txn *txn, const column *made, size_t from, size_t rows) {
  uint64_t present[MED_VECTOR_WORDS] = {0};
  size_t count = 0;
  for (size_t row = 0; row < rows; row++) {
    if (made->has[from + row]) med_rows_add(present, row);
    count += made->has[from + row];
  }
  const uint64_t *given = count == rows ? NULL : present;
  if (made->type == MED_COLUMN_INTEGERS) {
    return med_column_writer_add_integers(writer, txn, made->integers + from, given, rows);
  }
  if (made->type == MED_COLUMN_REALS) return med_column_writer_add_reals(writer, txn, made->reals + from, given, rows);
  return med_column_writer_add_texts(writer, txn, made->texts + from, given, rows);
}

/* In several transactions. */
static uint64_t write_column(store_kit *kit, const med_page_run *run, const column *made) {
  med_column_writer *writer;
  ck_assert_int_eq(med_column_writer_open(run, made->type, &writer, &kit->error), MEDLEY_OK);
  med_txn *txn = store_kit_begin(kit);
  for (size_t from = 0, vector = 1; from < made->rows; from += MED_VECTOR_ROWS, vector++) {
    size_t rows = made->rows - from < MED_VECTOR_ROWS ? made->rows - from : MED_VECTOR_ROWS;
    ck_assert_msg(add_vector(writer, txn, made, from, rows) == MEDLEY_OK, "%s", kit->error.message);
    if (vector % 50 != 0) continue;
    store_kit_commit(kit);
    txn = store_kit_begin(kit);
  }
  ck_assert_int_eq(med_column_writer_finish(writer, txn), MEDLEY_OK);
  uint64_t pages;
  ck_assert_int_eq(med_page_run_count(txn, run, &pages), MEDLEY_OK);
  store_kit_commit(kit);
  med_column_writer_close(writer);
  return pages;
}

static void expect_codes(med_column_reader *reader, const column *made, uint64_t vector, size_t *coded_vectors) {
  static uint32_t codes[MED_VECTOR_ROWS];
  static med_vector_rows rows;
  const med_slice *texts;
  bool coded;
  ck_assert_int_eq(med_column_reader_codes(reader, vector, &rows, codes, &coded), MEDLEY_OK);
  if (!coded) return;
  ++*coded_vectors;
  ck_assert_int_eq(med_column_reader_dictionary(reader, (uint32_t)(vector / MED_GROUP_VECTORS), &texts), MEDLEY_OK);
  bool good = true;
  for (size_t row = 0; row < rows.rows; row++) {
    size_t at = vector * MED_VECTOR_ROWS + row;
    good = good && med_rows_has(rows.present, row) == made->has[at];
    good = good && (!made->has[at] || med_slice_equal(texts[codes[row]], made->texts[at]));
  }
  ck_assert(good);
}

static medley_error *read_error; /* of the transaction that is read in */

static void expect_vector(med_column_reader *reader, const column *made, uint64_t vector) {
  static int64_t integers[MED_VECTOR_ROWS];
  static double reals[MED_VECTOR_ROWS];
  static med_slice texts[MED_VECTOR_ROWS];
  static med_vector_rows rows;
  size_t from = vector * MED_VECTOR_ROWS, nulls = 0;
  int rc = made->type == MED_COLUMN_INTEGERS ? med_column_reader_integers(reader, vector, &rows, integers)
           : made->type == MED_COLUMN_REALS  ? med_column_reader_reals(reader, vector, &rows, reals)
                                             : med_column_reader_texts(reader, vector, &rows, texts);
  ck_assert_msg(rc == MEDLEY_OK, "vector %d: %d %s", (int)vector, rc, read_error->message);
  ck_assert_uint_eq(rows.rows, made->rows - from < MED_VECTOR_ROWS ? made->rows - from : MED_VECTOR_ROWS);
  bool good = true; /* Check writes a line for each of its assertions: one for a vector is enough */
  for (size_t row = 0; row < rows.rows; row++) {
    bool has = made->has[from + row];
    double real = has ? made->reals[from + row] : 0;
    good = good && med_rows_has(rows.present, row) == has;
    nulls += !has;
    if (made->type == MED_COLUMN_INTEGERS) good = good && integers[row] == (has ? made->integers[from + row] : 0);
    if (made->type == MED_COLUMN_REALS) good = good && memcmp(&reals[row], &real, sizeof real) == 0;
    if (made->type == MED_COLUMN_TEXTS && has) good = good && med_slice_equal(texts[row], made->texts[from + row]);
    if (made->type == MED_COLUMN_TEXTS && !has) good = good && texts[row].len == 0;
  }
  ck_assert_msg(good, "vector %d differs", (int)vector);
  ck_assert_uint_eq(rows.nulls, nulls);
}

/* Of a vector of integers, without decoding it: which are within bounds, and those of a few rows. */
static void expect_within(med_column_reader *reader, const column *made, uint64_t vector, uint64_t *seed) {
  static int64_t integers[MED_VECTOR_ROWS];
  static med_vector_rows rows;
  uint64_t found[MED_VECTOR_WORDS], wanted[MED_VECTOR_WORDS] = {0};
  size_t from = vector * MED_VECTOR_ROWS, left = made->rows - from;
  size_t there = left < MED_VECTOR_ROWS ? left : MED_VECTOR_ROWS, some = (size_t)property_below(seed, 100);
  int64_t low = made->integers[from + property_below(seed, there)];
  int64_t high = made->integers[from + property_below(seed, there)];
  for (size_t i = 0; i < some; i++) {
    size_t row = (size_t)property_below(seed, there);
    if (made->has[from + row]) med_rows_add(wanted, row);
  }
  bool good = true;
  int rc = med_column_reader_within(reader, vector, low, high, &rows, found);
  ck_assert_msg(rc == MEDLEY_OK, "vector %d: within: %d %s", (int)vector, rc, read_error->message);
  for (size_t row = 0; row < MED_VECTOR_ROWS; row++) {
    bool has = row < there && made->has[from + row];
    int64_t value = has ? made->integers[from + row] : 0;
    good = good && med_rows_has(rows.present, row) == has;
    good = good && med_rows_has(found, row) == (has && low <= value && value <= high);
  }
  ck_assert_msg(good, "vector %d: within", (int)vector);
  rc = med_column_reader_integers_of(reader, vector, wanted, &rows, integers);
  ck_assert_msg(rc == MEDLEY_OK, "vector %d: a few: %d %s", (int)vector, rc, read_error->message);
  for (size_t row = 0; row < MED_VECTOR_ROWS; row++) {
    good = good && med_rows_has(rows.present, row) == (row < there && made->has[from + row]);
    if (med_rows_has(wanted, row)) good = good && integers[row] == made->integers[from + row];
  }
  ck_assert_msg(good, "vector %d: a few", (int)vector);
  size_t first = (size_t)property_below(seed, MED_VECTOR_ROWS), end = first + (size_t)property_below(seed, 80);
  ck_assert_int_eq(med_column_reader_integer_range(reader, vector, first, end, &rows, integers), MEDLEY_OK);
  size_t last = end < there ? end : there;
  if (first < last) good = rows.first <= first && rows.end >= last && rows.end <= there;
  for (size_t row = 0; row < MED_VECTOR_ROWS; row++) {
    bool read = row >= rows.first && row < rows.end, has = read && made->has[from + row];
    good = good && med_rows_has(rows.present, row) == has;
    if (read) good = good && integers[row] == (has ? made->integers[from + row] : 0);
  }
  ck_assert_msg(good, "vector %d: rows %d to %d", (int)vector, (int)first, (int)end);
}

/* Some rows of a vector of texts. */
static void expect_range(med_column_reader *reader, const column *made, uint64_t vector, uint64_t *seed) {
  static med_slice texts[MED_VECTOR_ROWS];
  static med_vector_rows rows;
  size_t from = vector * MED_VECTOR_ROWS, left = made->rows - from;
  size_t first = (size_t)property_below(seed, MED_VECTOR_ROWS);
  size_t end = first + (size_t)property_below(seed, property_below(seed, 3) == 0 ? 2 : 300);
  int rc = med_column_reader_text_range(reader, vector, first, end, &rows, texts);
  ck_assert_msg(rc == MEDLEY_OK, "vector %d: %d %s", (int)vector, rc, read_error->message);
  bool good = true;
  size_t there = left < MED_VECTOR_ROWS ? left : MED_VECTOR_ROWS, wanted = end < there ? end : there;
  if (first < wanted) good = rows.first <= first && rows.end >= wanted && rows.end <= there;
  for (size_t row = 0; row < MED_VECTOR_ROWS; row++) {
    bool read = row >= rows.first && row < rows.end;
    good = good && (read || !med_rows_has(rows.present, row));
    if (!read) continue;
    bool has = made->has[from + row];
    good = good && med_rows_has(rows.present, row) == has;
    good = good && (has ? med_slice_equal(texts[row], made->texts[from + row]) : texts[row].len == 0);
  }
  ck_assert(good);
}

/* Every vector in order, and some at random; answers how many were coded. */
static size_t expect_column(med_txn *txn, const med_page_run *run, const column *made, uint64_t *seed) {
  med_column_reader *reader;
  const med_column_group *group;
  size_t vectors = (made->rows + MED_VECTOR_ROWS - 1) / MED_VECTOR_ROWS, coded = 0;
  read_error = med_txn_error(txn);
  ck_assert_int_eq(med_column_reader_open(txn, run, made->type, &reader), MEDLEY_OK);
  for (uint64_t vector = 0; vector < vectors; vector++) {
    expect_vector(reader, made, vector);
    if (made->type == MED_COLUMN_TEXTS) expect_codes(reader, made, vector, &coded);
  }
  for (int i = 0; i < 20; i++) expect_vector(reader, made, property_below(seed, vectors));
  for (int i = 0; i < 200 && made->type == MED_COLUMN_TEXTS; i++) {
    expect_range(reader, made, property_below(seed, vectors), seed);
  }
  for (int i = 0; i < 200 && made->type == MED_COLUMN_INTEGERS; i++)
    expect_within(reader, made, property_below(seed, vectors), seed);
  int64_t none[MED_VECTOR_ROWS];
  uint64_t no_rows[MED_VECTOR_WORDS] = {0};
  med_vector_rows rows;
  if (made->type == MED_COLUMN_INTEGERS) {
    ck_assert_int_eq(med_column_reader_integers(reader, vectors, &rows, none), MEDLEY_NOT_FOUND);
    ck_assert_int_eq(med_column_reader_within(reader, vectors, 0, 1, &rows, no_rows), MEDLEY_NOT_FOUND);
    ck_assert_int_eq(med_column_reader_integers_of(reader, vectors, no_rows, &rows, none), MEDLEY_NOT_FOUND);
  }
  uint32_t groups = (uint32_t)((vectors + MED_GROUP_VECTORS - 1) / MED_GROUP_VECTORS);
  ck_assert_int_eq(med_column_reader_group(reader, groups, &group), MEDLEY_NOT_FOUND);
  med_column_reader_close(reader);
  return coded;
}

static size_t round_trip(store_kit *kit, const column *made, uint64_t id, uint64_t *seed) {
  med_page_run run;
  uint64_t pages;
  med_page_run_init(&run, MED_TREE_WIDE, med_slice_of_text("column"), id);
  uint64_t written = write_column(kit, &run, made);
  med_txn *reader = store_kit_reader(kit);
  size_t coded = expect_column(reader, &run, made, seed);
  int rc = med_column_check(reader, &run, made->type, made->rows);
  ck_assert_msg(rc == MEDLEY_OK, "%s", med_txn_error(reader)->message);
  ck_assert_int_eq(med_column_check(reader, &run, made->type, made->rows + 1), MEDLEY_CORRUPT);
  ck_assert_int_eq(med_page_run_count(reader, &run, &pages), MEDLEY_OK);
  ck_assert_uint_eq(pages, written);
  med_txn_close_reader(reader);
  expect_column(store_kit_begin(kit), &run, made, seed); /* where somebody writes, too */
  store_kit_commit(kit);
  return coded;
}

static void try_columns(med_column_type type, int rounds, const char *name) {
  uint64_t seed = property_seed(name);
  store_kit kit = {0};
  store_kit_open(&kit);
  for (int round = 0; round < rounds; round++) {
    column made;
    column_open(&made, type, 1 + (size_t)property_below(&seed, 1 + property_below(&seed, ROWS_MAX)));
    make_rows(&made, &seed);
    if (type != MED_COLUMN_TEXTS) make_numbers(&made, &seed);
    if (type == MED_COLUMN_TEXTS) make_texts(&made, (enum text_shape)(round % TEXT_SHAPES), &seed);
    round_trip(&kit, &made, (uint64_t)round + 1, &seed);
    column_close(&made);
  }
  store_kit_close(&kit);
}

START_TEST(columns_of_integers_come_back) { try_columns(MED_COLUMN_INTEGERS, 30, "columns of integers"); }
END_TEST
START_TEST(columns_of_reals_come_back) { try_columns(MED_COLUMN_REALS, 30, "columns of reals"); }
END_TEST
START_TEST(columns_of_texts_come_back) { try_columns(MED_COLUMN_TEXTS, 30, "columns of texts"); }
END_TEST

/* A column of that many rows, all with a value. */
static void make_full(column *made, med_column_type type, size_t rows) {
  column_open(made, type, rows);
  memset(made->has, 1, rows);
}

START_TEST(headers_answer_count_sum_least_and_most_without_a_value_read) {
  store_kit kit = {0};
  column made;
  store_kit_open(&kit);
  make_full(&made, MED_COLUMN_INTEGERS, MED_GROUP_ROWS + 10);
  for (size_t row = 0; row < made.rows; row++)
    made.integers[row] = row == 77 ? INT64_MIN : INT64_MAX - (int64_t)(row & 1);
  made.has[5] = false;
  med_page_run run;
  med_page_run_init(&run, MED_TREE_WIDE, med_slice_of_text("c"), 1);
  write_column(&kit, &run, &made);
  med_txn *txn = store_kit_reader(&kit);
  med_column_reader *reader;
  const med_column_group *group;
  ck_assert_int_eq(med_column_reader_open(txn, &run, MED_COLUMN_INTEGERS, &reader), MEDLEY_OK);
  ck_assert_int_eq(med_column_reader_group(reader, 0, &group), MEDLEY_OK);
  ck_assert_uint_eq(group->rows, MED_GROUP_ROWS);
  ck_assert_uint_eq(group->nulls, 1);
  ck_assert_int_eq(group->min.integer, INT64_MIN);
  ck_assert_int_eq(group->max.integer, INT64_MAX);
  med_int128 sum = 0; /* far beyond 64 bits */
  for (size_t row = 0; row < MED_GROUP_ROWS; row++) sum += row == 5 ? 0 : made.integers[row];
  ck_assert(group->sum == sum && sum > (med_int128)INT64_MAX * 60000);
  ck_assert_int_eq(group->zones[1].min.integer, INT64_MAX - 1);
  ck_assert_int_eq(med_column_reader_group(reader, 1, &group), MEDLEY_OK);
  ck_assert_uint_eq(group->rows, 10);
  med_column_reader_close(reader);
  med_txn_close_reader(txn);
  column_close(&made);
  store_kit_close(&kit);
}
END_TEST

START_TEST(a_sum_of_reals_keeps_what_a_plain_one_loses) {
  store_kit kit = {0};
  column made;
  med_page_run run;
  med_column_reader *reader;
  const med_column_group *group;
  store_kit_open(&kit);
  make_full(&made, MED_COLUMN_REALS, 3000);
  for (size_t row = 0; row < made.rows; row++) made.reals[row] = 0.1;
  made.reals[0] = 1e17;
  made.reals[2999] = -1e17;
  med_page_run_init(&run, MED_TREE_WIDE, med_slice_of_text("c"), 1);
  write_column(&kit, &run, &made);
  med_txn *txn = store_kit_reader(&kit);
  ck_assert_int_eq(med_column_reader_open(txn, &run, MED_COLUMN_REALS, &reader), MEDLEY_OK);
  ck_assert_int_eq(med_column_reader_group(reader, 0, &group), MEDLEY_OK);
  ck_assert_double_eq_tol(group->real_sum, 299.8, 1e-9);
  med_column_reader_close(reader);
  med_txn_close_reader(txn);
  column_close(&made);
  store_kit_close(&kit);
}
END_TEST

START_TEST(constant_and_empty_vectors_have_no_pages_and_few_texts_are_codes) {
  store_kit kit = {0};
  column made;
  med_page_run run;
  uint64_t seed = 3;
  store_kit_open(&kit);
  make_full(&made, MED_COLUMN_INTEGERS, 5 * MED_VECTOR_ROWS);
  for (size_t row = 0; row < made.rows; row++) made.integers[row] = 42;
  memset(made.has, 0, MED_VECTOR_ROWS);
  med_page_run_init(&run, MED_TREE_WIDE, med_slice_of_text("c"), 1);
  ck_assert_uint_eq(write_column(&kit, &run, &made), 1);
  column_close(&made);
  make_full(&made, MED_COLUMN_TEXTS, MED_GROUP_ROWS);
  make_texts(&made, TEXT_FEW, &seed);
  ck_assert_uint_eq(round_trip(&kit, &made, 2, &seed), MED_GROUP_VECTORS);
  med_page_run_init(&run, MED_TREE_WIDE, med_slice_of_text("column"), 2);
  med_txn *txn = store_kit_reader(&kit);
  uint64_t pages;
  ck_assert_int_eq(med_page_run_count(txn, &run, &pages), MEDLEY_OK);
  ck_assert_uint_le(pages, 2 + 12); /* 5 bits a row */
  med_txn_close_reader(txn);
  column_close(&made);
  store_kit_close(&kit);
}
END_TEST

/* Page `number` of the run, as a copy that may be changed; put back with write_back. */
static uint8_t *copy_page(med_txn *txn, const med_page_run *run, uint64_t number, size_t *len) {
  med_slice page;
  ck_assert_int_eq(med_page_run_get(txn, run, number, &page), MEDLEY_OK);
  *len = page.len;
  return column_kit_exact(page.bytes, page.len);
}

static void write_back(med_txn *txn, const med_page_run *run, uint64_t number, uint8_t *page, size_t len) {
  med_page_run_end end = {0};
  ck_assert_int_eq(med_page_run_append(txn, run, &end, number, med_slice_of(page, len)), MEDLEY_OK);
  free(page);
}

START_TEST(a_check_notices_headers_that_are_not_of_their_values) {
  /* Offsets of group rows' sum, smallest, largest, a zone's smallest and largest, and empty rows. */
  static const size_t at[] = {48, 32, 40, 72 + 8, 72 + 16};
  store_kit kit = {0};
  column made;
  med_page_run run;
  size_t len;
  store_kit_open(&kit);
  make_full(&made, MED_COLUMN_INTEGERS, 3000);
  for (size_t row = 0; row < made.rows; row++) made.integers[row] = (int64_t)(row * row % 1000);
  med_page_run_init(&run, MED_TREE_WIDE, med_slice_of_text("c"), 1);
  write_column(&kit, &run, &made);
  for (size_t i = 0; i < sizeof at / sizeof *at; i++) {
    med_txn *txn = store_kit_begin(&kit);
    ck_assert_int_eq(med_column_check(txn, &run, made.type, made.rows), MEDLEY_OK);
    uint8_t *page = copy_page(txn, &run, MED_COLUMN_HEADER_AT, &len);
    page[at[i]] = (uint8_t)(at[i] == 40 || at[i] == 88 ? page[at[i]] - 1 : page[at[i]] + 1);
    write_back(txn, &run, MED_COLUMN_HEADER_AT, page, len);
    ck_assert_msg(med_column_check(txn, &run, made.type, made.rows) == MEDLEY_CORRUPT, "offset %d", (int)at[i]);
    med_writer_rollback(kit.member);
  }
  column_close(&made);
  store_kit_close(&kit);
}
END_TEST

START_TEST(pieces_beyond_their_vector_and_long_texts_read_twice_are_refused) {
  store_kit kit = {0};
  column made;
  med_page_run run;
  size_t len;
  static char bytes[20000];
  uint64_t seed = 5;
  store_kit_open(&kit);
  make_full(&made, MED_COLUMN_TEXTS, 10);
  for (size_t row = 0; row < made.rows; row++) made.texts[row] = med_slice_of(bytes, row < 2 ? sizeof bytes : 1);
  for (size_t i = 0; i < sizeof bytes; i++) bytes[i] = (char)property_random(&seed);
  made.bytes = NULL;
  med_page_run_init(&run, MED_TREE_WIDE, med_slice_of_text("c"), 1);
  write_column(&kit, &run, &made);
  med_txn *txn = store_kit_begin(&kit);
  ck_assert_int_eq(med_column_check(txn, &run, made.type, made.rows), MEDLEY_OK);
  uint8_t *page = copy_page(txn, &run, 10, &len); /* 5 pages of each long text, then their pieces and the others' */
  size_t second = page[8 + 8] | (size_t)page[8 + 9] << 8;
  ck_assert_uint_eq(page[second + 8], 5);
  page[second + 8] = 0;
  write_back(txn, &run, 10, page, len);
  ck_assert_int_eq(med_column_check(txn, &run, made.type, made.rows), MEDLEY_CORRUPT);
  page = copy_page(txn, &run, 10, &len);
  page[second + 8] = 5;
  page[8 + 2 * 8 + 4]++; /* one row more than there are */
  write_back(txn, &run, 10, page, len);
  ck_assert_int_eq(med_column_check(txn, &run, made.type, made.rows), MEDLEY_CORRUPT);
  store_kit_commit(&kit);
  column_close(&made);
  store_kit_close(&kit);
}
END_TEST

START_TEST(texts_that_do_not_repeat_leave_no_dictionary) {
  store_kit kit = {0};
  column made;
  med_page_run run;
  med_column_reader *reader;
  const med_column_group *group;
  static char bytes[4096][16];
  store_kit_open(&kit);
  make_full(&made, MED_COLUMN_TEXTS, 4096);
  for (size_t row = 0; row < made.rows; row++) {
    size_t len = (size_t)snprintf(bytes[row], sizeof bytes[row], "%zx", row * 0x9E3779B97F4A7C15u);
    made.texts[row] = med_slice_of(bytes[row], len);
  }
  med_page_run_init(&run, MED_TREE_WIDE, med_slice_of_text("c"), 1);
  write_column(&kit, &run, &made);
  med_txn *txn = store_kit_reader(&kit);
  ck_assert_int_eq(med_column_reader_open(txn, &run, MED_COLUMN_TEXTS, &reader), MEDLEY_OK);
  ck_assert_int_eq(med_column_reader_group(reader, 0, &group), MEDLEY_OK);
  ck_assert_uint_eq(group->dictionary_texts, 0);
  med_column_reader_close(reader);
  med_txn_close_reader(txn);
  column_close(&made);
  store_kit_close(&kit);
}
END_TEST

START_TEST(what_may_not_follow_is_refused) {
  store_kit kit = {0};
  med_page_run run;
  med_column_writer *writer;
  int64_t values[MED_VECTOR_ROWS] = {0};
  double reals[1] = {0};
  store_kit_open(&kit);
  med_page_run_init(&run, MED_TREE_WIDE, med_slice_of_text("c"), 1);
  ck_assert_int_eq(med_column_writer_open(&run, MED_COLUMN_INTEGERS, &writer, &kit.error), MEDLEY_OK);
  med_txn *txn = store_kit_begin(&kit);
  ck_assert_int_eq(med_column_writer_add_reals(writer, txn, reals, NULL, 1), MEDLEY_MISUSE);
  ck_assert_int_eq(med_column_writer_add_integers(writer, txn, values, NULL, 0), MEDLEY_MISUSE);
  ck_assert_int_eq(med_column_writer_add_integers(writer, txn, values, NULL, MED_VECTOR_ROWS + 1), MEDLEY_MISUSE);
  ck_assert_int_eq(med_column_writer_add_integers(writer, txn, values, NULL, MED_VECTOR_ROWS), MEDLEY_OK);
  ck_assert_int_eq(med_column_writer_add_integers(writer, txn, values, NULL, 5), MEDLEY_OK);
  ck_assert_int_eq(med_column_writer_add_integers(writer, txn, values, NULL, 5), MEDLEY_MISUSE);
  ck_assert_int_eq(med_column_writer_finish(writer, txn), MEDLEY_OK);
  med_column_writer_close(writer);
  store_kit_commit(&kit);
  store_kit_close(&kit);
}
END_TEST

START_TEST(a_writer_that_failed_takes_nothing_more_and_a_rollback_leaves_nothing) {
  store_kit kit = {0};
  medley_options options;
  med_page_run run;
  med_column_writer *writer;
  uint64_t seed = 8, pages;
  int64_t values[MED_VECTOR_ROWS];
  int rc = MEDLEY_OK;
  medley_options_init(&options);
  options.flags = MEDLEY_OPEN_MEMORY;
  options.txn_page_cap = 1024;
  ck_assert_int_eq(med_store_open("", &options, &kit.store, &kit.error), MEDLEY_OK);
  ck_assert_int_eq(med_member_open(kit.store, &kit.member), MEDLEY_OK);
  med_page_run_init(&run, MED_TREE_WIDE, med_slice_of_text("c"), 1);
  ck_assert_int_eq(med_column_writer_open(&run, MED_COLUMN_INTEGERS, &writer, &kit.error), MEDLEY_OK);
  med_txn *txn = store_kit_begin(&kit);
  column_kit_integers(SHAPE_ANY, values, MED_VECTOR_ROWS, &seed);
  for (int vector = 0; rc == MEDLEY_OK && vector < 4000; vector++) {
    rc = med_column_writer_add_integers(writer, txn, values, NULL, MED_VECTOR_ROWS);
  }
  ck_assert_int_eq(rc, MEDLEY_TXN_TOO_BIG);
  ck_assert_int_eq(med_column_writer_add_integers(writer, txn, values, NULL, MED_VECTOR_ROWS), MEDLEY_MISUSE);
  ck_assert_int_eq(med_column_writer_finish(writer, txn), MEDLEY_MISUSE);
  med_column_writer_close(writer);
  med_writer_rollback(kit.member);
  txn = store_kit_reader(&kit);
  ck_assert_int_eq(med_page_run_count(txn, &run, &pages), MEDLEY_OK);
  ck_assert_uint_eq(pages, 0);
  med_txn_close_reader(txn);
  store_kit_close(&kit);
}
END_TEST

/* Reads the whole column in every way; what it says does not matter. */
static void read_anyhow(med_txn *txn, const med_page_run *run, med_column_type type, int *corrupt) {
  static int64_t integers[MED_VECTOR_ROWS];
  static double reals[MED_VECTOR_ROWS];
  static med_slice texts[MED_VECTOR_ROWS];
  static uint32_t codes[MED_VECTOR_ROWS];
  static med_vector_rows rows;
  med_column_reader *reader;
  uint64_t sum = 0;
  bool coded;
  ck_assert_int_eq(med_column_reader_open(txn, run, type, &reader), MEDLEY_OK);
  for (uint64_t vector = 0; vector < MED_GROUP_VECTORS; vector++) {
    int rc = type == MED_COLUMN_INTEGERS ? med_column_reader_integers(reader, vector, &rows, integers)
             : type == MED_COLUMN_REALS  ? med_column_reader_reals(reader, vector, &rows, reals)
                                         : med_column_reader_texts(reader, vector, &rows, texts);
    for (size_t row = 0; rc == MEDLEY_OK && type == MED_COLUMN_TEXTS && row < rows.rows; row++) {
      for (size_t i = 0; i < texts[row].len; i++) sum += ((const uint8_t *)texts[row].bytes)[i];
    }
    *corrupt += rc == MEDLEY_CORRUPT;
    uint64_t few[MED_VECTOR_WORDS] = {[0] = 5, [9] = UINT64_MAX};
    if (type == MED_COLUMN_INTEGERS) {
      ck_assert_int_eq(med_column_reader_within(reader, vector, -1, 1000, &rows, few), rc);
      (void)!med_column_reader_integers_of(reader, vector, few, &rows, integers);
      (void)!med_column_reader_integer_range(reader, vector, 500, 520, &rows, integers);
    }
    if (type == MED_COLUMN_TEXTS) (void)!med_column_reader_text_range(reader, vector, 500, 600, &rows, texts);
    if (type == MED_COLUMN_TEXTS) (void)!med_column_reader_codes(reader, vector, &rows, codes, &coded);
  }
  ck_assert_uint_ne(sum, 1);
  (void)!med_column_check(txn, run, type, 5000);
  med_column_reader_close(reader);
}

START_TEST(damaged_pages_with_good_checksums_are_read_within_bounds_or_refused) {
  uint64_t seed = property_seed("columns damaged");
  store_kit kit = {0};
  int corrupt = 0;
  store_kit_open(&kit);
  for (int round = 0; round < 120; round++) {
    column made;
    med_page_run run, bad;
    med_page_run_end end = {0};
    med_column_type type = (med_column_type)(1 + round % 3);
    column_open(&made, type, 5000);
    make_rows(&made, &seed);
    make_numbers(&made, &seed);
    make_texts(&made, (enum text_shape)property_below(&seed, TEXT_SHAPES), &seed);
    med_page_run_init(&run, MED_TREE_WIDE, med_slice_of_text("c"), 2 * (uint64_t)round + 1);
    med_page_run_init(&bad, MED_TREE_WIDE, med_slice_of_text("c"), 2 * (uint64_t)round + 2);
    write_column(&kit, &run, &made);
    med_txn *txn = store_kit_begin(&kit);
    for (uint32_t i = 0; i < 400; i++) { /* a copy with some pages changed */
      uint64_t number = i < 380 ? i : i < 399 ? MED_COLUMN_DICTIONARY_AT + i - 380 : MED_COLUMN_HEADER_AT;
      med_slice page;
      if (med_page_run_get(txn, &run, number, &page) != MEDLEY_OK) continue;
      uint8_t *copy = column_kit_exact(page.bytes, page.len);
      if (property_below(&seed, 2) == 0) column_kit_damage(copy, page.len, &seed);
      if (property_below(&seed, 60) != 0) {
        ck_assert_int_eq(med_page_run_append(txn, &bad, &end, number, med_slice_of(copy, page.len)), MEDLEY_OK);
      }
      free(copy);
    }
    store_kit_commit(&kit);
    txn = store_kit_reader(&kit);
    read_anyhow(txn, &bad, type, &corrupt);
    med_txn_close_reader(txn);
    column_close(&made);
  }
  ck_assert_int_gt(corrupt, 500);
  store_kit_close(&kit);
}
END_TEST

PROPERTY_MAIN("column_writer", columns_of_integers_come_back, columns_of_reals_come_back, columns_of_texts_come_back,
              headers_answer_count_sum_least_and_most_without_a_value_read, a_sum_of_reals_keeps_what_a_plain_one_loses,
              constant_and_empty_vectors_have_no_pages_and_few_texts_are_codes,
              a_check_notices_headers_that_are_not_of_their_values,
              pieces_beyond_their_vector_and_long_texts_read_twice_are_refused,
              texts_that_do_not_repeat_leave_no_dictionary, what_may_not_follow_is_refused,
              a_writer_that_failed_takes_nothing_more_and_a_rollback_leaves_nothing,
              damaged_pages_with_good_checksums_are_read_within_bounds_or_refused)
