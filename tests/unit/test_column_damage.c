/* test_column_damage.c - columns with one thing wrong, whose checksums are good: each is refused by what reads it, or by the check. */
#include "storage/column_check.h"
#include "storage/column_reader.h"
#include "storage/column_writer.h"
#include "storage/memory.h"
#include "tests/unit/column_kit.h"
#include "tests/unit/store_kit.h"

enum {
  PAGES = 20,  /* more than any column here has */
  PIECES = 10, /* the page behind the two long texts */
  AT_GROUP_PAGES = 20,
  AT_PAGES = 24,
  AT_TEXTS = 28, /* in a group's header, as the others; the two are of the dictionary */
  AT_MIN = 32,
  AT_MAX = 40,
  AT_ZONE = 72,
  ENTRY = 8,
  ENTRY_SIZE = 8 /* in a page of pieces */
};

typedef struct damage {
  store_kit kit;
  med_txn *txn;
  med_column_type type;
  uint64_t rows;
  med_page_run whole, bad;
} damage;

static void damage_open(damage *d, med_column_type type, uint64_t rows) {
  *d = (damage){.type = type, .rows = rows};
  store_kit_open(&d->kit);
  med_page_run_init(&d->whole, MED_TREE_WIDE, med_slice_of_text("c"), 1);
  med_page_run_init(&d->bad, MED_TREE_WIDE, med_slice_of_text("c"), 2);
  d->txn = store_kit_begin(&d->kit);
}

static void damage_close(damage *d) {
  store_kit_commit(&d->kit);
  store_kit_close(&d->kit);
}

static int check(damage *d, const med_page_run *run) { return med_column_check(d->txn, run, d->type, d->rows); }

static void begin_write(damage *d, med_column_writer **writer) {
  ck_assert_int_eq(med_column_writer_open(&d->whole, d->type, writer, &d->kit.error), MEDLEY_OK);
}

static void end_write(damage *d, med_column_writer *writer) {
  ck_assert_int_eq(med_column_writer_finish(writer, d->txn), MEDLEY_OK);
  med_column_writer_close(writer);
  ck_assert_int_eq(check(d, &d->whole), MEDLEY_OK);
}

/* The n-th number of a page in a run. */
static uint64_t page_number(uint32_t n) {
  return n < PAGES ? n : n == PAGES ? MED_COLUMN_DICTIONARY_AT : MED_COLUMN_HEADER_AT;
}

/* Makes the bad run anew, under the next id, as the whole one is but for page `number`: left out if len is 0, else these bytes. */
static void replace(damage *d, uint64_t number, const uint8_t *bytes, size_t len) {
  med_page_run_end end = {0};
  med_page_run_init(&d->bad, MED_TREE_WIDE, med_slice_of_text("c"), d->bad.id + 1);
  for (uint32_t n = 0; n <= PAGES + 1; n++) {
    med_slice page;
    if (med_page_run_get(d->txn, &d->whole, page_number(n), &page) != MEDLEY_OK) continue;
    bool is_it = page_number(n) == number;
    if (is_it && len == 0) continue;
    uint8_t *copy = column_kit_exact(is_it ? bytes : page.bytes, is_it ? len : page.len);
    med_slice put = med_slice_of(copy, is_it ? len : page.len);
    ck_assert_int_eq(med_page_run_append(d->txn, &d->bad, &end, page_number(n), put), MEDLEY_OK);
    free(copy);
  }
}

static uint8_t *copy_page(damage *d, uint64_t number, size_t *len) {
  med_slice page;
  ck_assert_int_eq(med_page_run_get(d->txn, &d->whole, number, &page), MEDLEY_OK);
  *len = page.len;
  return column_kit_exact(page.bytes, page.len);
}

/* The check of a column of which so many bytes of a page are others. */
static int with_bytes(damage *d, uint64_t number, size_t at, const void *bytes, size_t count) {
  size_t len;
  uint8_t *page = copy_page(d, number, &len);
  ck_assert_uint_le(at + count, len);
  memcpy(page + at, bytes, count);
  replace(d, number, page, len);
  free(page);
  return check(d, &d->bad);
}

static int with_number(damage *d, uint64_t number, size_t at, uint32_t value) {
  return with_bytes(d, number, at, &value, sizeof value);
}

/* ... of which a page is shorter; 0: it is not there. */
static int with_len(damage *d, uint64_t number, size_t len) {
  size_t whole;
  uint8_t *page = copy_page(d, number, &whole);
  ck_assert_uint_lt(len, whole);
  replace(d, number, page, len);
  free(page);
  return check(d, &d->bad);
}

/* Two texts of five pages each, then eight of one byte: pages 0 to 9, then the pieces. */
static void write_long_texts(damage *d) {
  static char bytes[20000];
  med_slice texts[10];
  uint64_t seed = 5;
  med_column_writer *writer;
  for (size_t i = 0; i < sizeof bytes; i++) bytes[i] = (char)property_random(&seed);
  for (size_t row = 0; row < 10; row++) texts[row] = med_slice_of(bytes, row < 2 ? sizeof bytes : 1);
  begin_write(d, &writer);
  ck_assert_int_eq(med_column_writer_add_texts(writer, d->txn, texts, NULL, 10), MEDLEY_OK);
  end_write(d, writer);
}

/* Where a piece begins in the page of pieces. */
static size_t piece_at(damage *d, uint64_t number, size_t piece) {
  med_slice page;
  ck_assert_int_eq(med_page_run_get(d->txn, &d->whole, number, &page), MEDLEY_OK);
  const uint8_t *entry = (const uint8_t *)page.bytes + ENTRY + piece * ENTRY_SIZE;
  return entry[0] | (size_t)entry[1] << 8;
}

START_TEST(a_long_text_is_refused_unless_all_of_it_is_there) {
  static const uint8_t huge[] = {0, 0, 0, 0, 0, 0, 0, 1}, none[8] = {0}, other_kind = 1;
  damage d;
  damage_open(&d, MED_COLUMN_TEXTS, 10);
  write_long_texts(&d);
  size_t first = piece_at(&d, PIECES, 0), second = piece_at(&d, PIECES, 1);
  uint16_t later = (uint16_t)(second + 8);
  ck_assert_int_eq(with_len(&d, 4, 0), MEDLEY_CORRUPT);   /* the last page */
  ck_assert_int_eq(with_len(&d, 2, 0), MEDLEY_CORRUPT);   /* one in the middle */
  ck_assert_int_eq(with_len(&d, 2, 900), MEDLEY_CORRUPT); /* a shorter one */
  ck_assert_int_eq(with_bytes(&d, 2, 2, &other_kind, 1), MEDLEY_CORRUPT);
  ck_assert_int_eq(with_bytes(&d, PIECES, first, huge, sizeof huge), MEDLEY_CORRUPT);
  ck_assert_int_eq(with_bytes(&d, PIECES, first, none, sizeof none), MEDLEY_CORRUPT); /* the empty text: another sum */
  ck_assert_int_eq(with_number(&d, PIECES, first + 8, PIECES - 1), MEDLEY_CORRUPT);   /* beyond the group's pages */
  ck_assert_int_eq(with_bytes(&d, PIECES, ENTRY + ENTRY_SIZE, &later, 2),
                   MEDLEY_CORRUPT); /* more than a place in the first piece */
  damage_close(&d);
}
END_TEST

START_TEST(a_vector_is_refused_unless_its_pieces_are_where_its_zone_says) {
  static const uint16_t two = 2;
  damage d;
  med_column_reader *reader;
  static med_slice texts[MED_VECTOR_ROWS];
  med_vector_rows rows;
  size_t len;
  damage_open(&d, MED_COLUMN_TEXTS, 10);
  write_long_texts(&d);
  ck_assert_int_eq(with_bytes(&d, PIECES, 4, &two, 2), MEDLEY_CORRUPT);                /* a piece less */
  ck_assert_int_eq(with_number(&d, MED_COLUMN_HEADER_AT, AT_ZONE, 0), MEDLEY_CORRUPT); /* in a page of bytes */
  uint8_t *page = copy_page(&d, MED_COLUMN_HEADER_AT, &len);
  memset(page + AT_ZONE, 0, 4);
  page[AT_GROUP_PAGES] = PIECES; /* and the page of pieces is none of the group's */
  replace(&d, MED_COLUMN_HEADER_AT, page, len);
  free(page);
  ck_assert_int_eq(med_column_reader_open(d.txn, &d.bad, d.type, &reader), MEDLEY_OK);
  ck_assert_int_eq(med_column_reader_text_range(reader, 0, 5, 6, &rows, texts), MEDLEY_CORRUPT);
  med_column_reader_close(reader);
  damage_close(&d);
}
END_TEST

static void write_few_texts(damage *d) {
  static med_slice texts[MED_VECTOR_ROWS];
  static char bytes[MED_VECTOR_ROWS][8];
  uint64_t seed = 6;
  med_column_writer *writer;
  for (size_t row = 0; row < MED_VECTOR_ROWS; row++) {
    int len = snprintf(bytes[row], sizeof bytes[row], "kind %d", (int)property_below(&seed, 9));
    texts[row] = med_slice_of(bytes[row], (size_t)len);
  }
  begin_write(d, &writer);
  for (uint64_t row = 0; row < d->rows; row += MED_VECTOR_ROWS)
    ck_assert_int_eq(med_column_writer_add_texts(writer, d->txn, texts, NULL, MED_VECTOR_ROWS), MEDLEY_OK);
  end_write(d, writer);
}

START_TEST(codes_are_refused_without_all_of_their_dictionary) {
  damage d;
  med_column_reader *reader;
  const med_slice *texts;
  damage_open(&d, MED_COLUMN_TEXTS, 4 * MED_VECTOR_ROWS);
  write_few_texts(&d);
  ck_assert_int_eq(with_number(&d, MED_COLUMN_HEADER_AT, AT_TEXTS, 10), MEDLEY_CORRUPT); /* one more than there are */
  ck_assert_int_eq(with_number(&d, MED_COLUMN_HEADER_AT, AT_PAGES, 17), MEDLEY_CORRUPT);
  ck_assert_int_eq(with_len(&d, MED_COLUMN_DICTIONARY_AT, 0), MEDLEY_CORRUPT);
  ck_assert_int_eq(with_len(&d, 0, piece_at(&d, 0, 3) + 4),
                   MEDLEY_CORRUPT); /* the last piece is shorter than its header */
  ck_assert_int_eq(med_column_reader_open(d.txn, &d.whole, d.type, &reader), MEDLEY_OK);
  ck_assert_int_eq(med_column_reader_dictionary(reader, 0, &texts), MEDLEY_OK);
  ck_assert_int_eq(med_column_reader_dictionary(reader, 1, &texts), MEDLEY_NOT_FOUND);
  med_column_reader_close(reader);
  damage_close(&d);
}
END_TEST

START_TEST(bounds_of_a_group_that_leave_values_out_are_noticed) {
  damage d;
  med_column_writer *writer;
  double reals[100];
  med_slice texts[100];
  char bytes[100][4];
  const double low = 1.5, high = 98.5;
  const uint64_t low_prefix = UINT64_C(0x3031) << 48, high_prefix = UINT64_C(0x3939) << 48; /* "01", "99" */
  for (size_t row = 0; row < 100; row++) {
    reals[row] = (double)row + 0.125;
    snprintf(bytes[row], sizeof bytes[row], "%02d", (int)row);
    texts[row] = med_slice_of(bytes[row], 2);
  }
  damage_open(&d, MED_COLUMN_REALS, 100);
  begin_write(&d, &writer);
  ck_assert_int_eq(med_column_writer_add_reals(writer, d.txn, reals, NULL, 100), MEDLEY_OK);
  end_write(&d, writer);
  ck_assert_int_eq(with_bytes(&d, MED_COLUMN_HEADER_AT, AT_MIN, &low, 8), MEDLEY_CORRUPT);
  ck_assert_int_eq(with_bytes(&d, MED_COLUMN_HEADER_AT, AT_MAX, &high, 8), MEDLEY_CORRUPT);
  damage_close(&d);
  damage_open(&d, MED_COLUMN_TEXTS, 100);
  begin_write(&d, &writer);
  ck_assert_int_eq(med_column_writer_add_texts(writer, d.txn, texts, NULL, 100), MEDLEY_OK);
  end_write(&d, writer);
  ck_assert_int_eq(with_bytes(&d, MED_COLUMN_HEADER_AT, AT_MIN, &low_prefix, 8), MEDLEY_CORRUPT);
  uint64_t less = high_prefix - 1;
  ck_assert_int_eq(with_bytes(&d, MED_COLUMN_HEADER_AT, AT_MAX, &high_prefix, 8), MEDLEY_OK);
  ck_assert_int_eq(with_bytes(&d, MED_COLUMN_HEADER_AT, AT_MAX, &less, 8), MEDLEY_CORRUPT);
  damage_close(&d);
}
END_TEST

START_TEST(a_group_that_is_not_full_has_no_other_behind_it) {
  damage d;
  med_page_run_end end = {0};
  damage_open(&d, MED_COLUMN_TEXTS, MED_VECTOR_ROWS);
  write_few_texts(&d);
  for (uint64_t group = 0; group < 2; group++) {
    for (uint32_t n = 0; n <= PAGES + 1; n++) {
      med_slice page;
      if (med_page_run_get(d.txn, &d.whole, page_number(n), &page) != MEDLEY_OK) continue;
      uint8_t *copy = column_kit_exact(page.bytes, page.len);
      ck_assert_int_eq(
          med_page_run_append(d.txn, &d.bad, &end, group << 32 | page_number(n), med_slice_of(copy, page.len)),
          MEDLEY_OK);
      free(copy);
    }
  }
  d.rows = 2 * MED_VECTOR_ROWS;
  ck_assert_int_eq(check(&d, &d.bad), MEDLEY_CORRUPT);
  damage_close(&d);
}
END_TEST

START_TEST(a_column_is_read_as_its_type_and_to_its_end) {
  damage d;
  med_column_reader *reader;
  med_vector_rows rows;
  static med_slice texts[MED_VECTOR_ROWS];
  static int64_t integers[MED_VECTOR_ROWS];
  damage_open(&d, MED_COLUMN_TEXTS, MED_VECTOR_ROWS);
  write_few_texts(&d);
  ck_assert_int_eq(med_column_reader_open(d.txn, &d.whole, d.type, &reader), MEDLEY_OK);
  ck_assert_int_eq(med_column_reader_integers(reader, 0, &rows, integers), MEDLEY_MISUSE);
  ck_assert_int_eq(med_column_reader_texts(reader, 1, &rows, texts), MEDLEY_NOT_FOUND);
  ck_assert_int_eq(med_column_reader_texts(reader, MED_GROUP_VECTORS, &rows, texts), MEDLEY_NOT_FOUND);
  ck_assert_int_eq(med_column_reader_texts(reader, UINT64_MAX, &rows, texts), MEDLEY_NOT_FOUND);
  ck_assert_int_eq(med_column_reader_texts(reader, 0, &rows, texts), MEDLEY_OK);
  med_column_reader_close(reader);
  damage_close(&d);
}
END_TEST

PROPERTY_MAIN("column_damage", a_long_text_is_refused_unless_all_of_it_is_there,
              a_vector_is_refused_unless_its_pieces_are_where_its_zone_says,
              codes_are_refused_without_all_of_their_dictionary, bounds_of_a_group_that_leave_values_out_are_noticed,
              a_group_that_is_not_full_has_no_other_behind_it, a_column_is_read_as_its_type_and_to_its_end)
