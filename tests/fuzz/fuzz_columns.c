/* fuzz_columns.c - columns: payloads of every encoding and pages of every kind from whatever bytes there are, and whole columns that
 * storage wrote, patched under good checksums.
 *
 * The first byte chooses. Even: codec(1) values(2), the rest is the payload, and also a page of each kind. Odd: type(1) shape(1)
 * rows(2) make a column; the rest are patches: page(1) offset(2) length(1) bytes. Then all of it is read in every way. What is answered
 * must lie in memory, and rows within the vector. */
#include "storage/column_check.h"
#include "storage/column_dictionary.h"
#include "storage/column_reader.h"
#include "storage/column_reals.h"
#include "storage/column_texts.h"
#include "storage/column_writer.h"
#include "storage/writer.h"
#include "tests/fuzz/target.h"

enum { ROWS_MAX = 6000, PAGES_MAX = 128 };

static med_store *store;
static med_member *member;
static medley_error error;
static uint64_t sum; /* of all bytes that were answered, so that they are looked at */
static int64_t integers[MED_VECTOR_ROWS];
static double reals[MED_VECTOR_ROWS];
static med_slice texts[MED_VECTOR_ROWS];
static uint32_t codes[MED_VECTOR_ROWS];

static void open_store(void) {
  medley_options options;
  medley_options_init(&options);
  options.flags = MEDLEY_OPEN_MEMORY;
  MUST(med_store_open("", &options, &store, &error) == MEDLEY_OK);
  MUST(med_member_open(store, &member) == MEDLEY_OK);
}

static void look(med_slice bytes) {
  for (size_t i = 0; i < bytes.len; i++) sum += ((const uint8_t *)bytes.bytes)[i];
}

/* ---- Bytes from nowhere ---- */
static void try_page(med_slice page) {
  uint16_t count;
  bool is_bytes;
  med_column_piece piece;
  med_column_group group;
  med_dictionary dictionary = {0};
  uint32_t next = 0;
  int rc = med_column_page_read(page, &count, &is_bytes, &error);
  for (uint16_t i = 0; rc == MEDLEY_OK && !is_bytes && i < count; i++) {
    rc = med_column_page_piece(page, count, i, &piece, &error);
    if (rc != MEDLEY_OK) break;
    MUST(piece.rows <= MED_VECTOR_ROWS && piece.values >= 1 && piece.values <= piece.rows);
    look(piece.payload);
    look(piece.rows_with);
  }
  if (med_column_group_read(page, &group, &error) == MEDLEY_OK) MUST(group.vectors <= MED_GROUP_VECTORS);
  MUST(med_column_dictionary_start(&dictionary, 100, &error) == MEDLEY_OK);
  if (med_column_dictionary_read(&dictionary, page, &next, &error) == MEDLEY_OK) {
    for (uint32_t i = 0; i < next; i++) look(dictionary.texts[i]);
  }
  med_column_dictionary_drop(&dictionary);
}

static void try_payload(med_column_codec codec, size_t count, med_slice payload) {
  med_arena arena = {0};
  if (med_column_integers_decode(codec, payload, count, integers))
    look(med_slice_of(integers, count * sizeof *integers));
  if (med_column_integers_decode_codes(codec, payload, count, 1000, codes)) {
    for (size_t i = 0; i < count; i++) MUST(codes[i] < 1000);
  }
  if (med_column_reals_decode(codec, payload, count, reals)) look(med_slice_of(reals, count * sizeof *reals));
  if (med_column_texts_decode(codec, payload, count, &arena, texts) == MEDLEY_OK) {
    for (size_t i = 0; i < count; i++) look(texts[i]);
  }
  med_arena_clear(&arena);
}

/* ---- A column, patched ---- */
static char words[64][80];

static void make_vector(unsigned shape, size_t from, size_t rows) {
  for (size_t i = 0; i < rows; i++) {
    uint64_t row = from + i, mixed = row * 0x9E3779B97F4A7C15u;
    uint64_t value = shape % 4 == 0   ? row * 1000 + mixed % 7
                     : shape % 4 == 1 ? row / 40
                     : shape % 4 == 2 ? mixed
                                      : mixed % 5;
    integers[i] = (int64_t)value;
    reals[i] = shape % 3 == 0 ? (double)(value % 10000) / 100 : (double)value * 0.37;
    size_t word = mixed >> 58, len = shape % 5 == 0 ? 6 : 1 + mixed % sizeof words[0];
    texts[i] = med_slice_of(words[word], len);
  }
  if (shape & 32) texts[0] = med_slice_of(words, sizeof words); /* a long one */
}

static int add_vector(med_column_writer *writer, med_txn *txn, med_column_type type, const uint64_t *present,
                      size_t rows) {
  if (type == MED_COLUMN_INTEGERS) return med_column_writer_add_integers(writer, txn, integers, present, rows);
  if (type == MED_COLUMN_REALS) return med_column_writer_add_reals(writer, txn, reals, present, rows);
  return med_column_writer_add_texts(writer, txn, texts, present, rows);
}

static void write_column(med_txn *txn, const med_page_run *run, med_column_type type, unsigned shape, size_t rows) {
  med_column_writer *writer;
  uint64_t present[MED_VECTOR_WORDS];
  MUST(med_column_writer_open(run, type, &writer, &error) == MEDLEY_OK);
  for (size_t from = 0; from < rows; from += MED_VECTOR_ROWS) {
    size_t part = rows - from < MED_VECTOR_ROWS ? rows - from : MED_VECTOR_ROWS;
    make_vector(shape, from, part);
    med_rows_fill(present, part);
    for (size_t i = 0; i < MED_VECTOR_WORDS; i++) present[i] &= 0xF0F7FFFF5555F0F7u;
    MUST(add_vector(writer, txn, type, shape & 16 ? present : NULL, part) == MEDLEY_OK);
  }
  MUST(med_column_writer_finish(writer, txn) == MEDLEY_OK);
  med_column_writer_close(writer);
}

/* Copies the run with the patches. A patch of no bytes leaves its page out. */
static void patch_column(med_txn *txn, const med_page_run *from, const med_page_run *to, input in) {
  med_page_run_end end = {0};
  uint8_t page[MED_VALUE_SIZE_MAX];
  for (uint32_t i = 0; i < PAGES_MAX; i++) {
    uint64_t number = i < 100 ? i : i < 116 ? MED_COLUMN_DICTIONARY_AT + i - 100 : MED_COLUMN_HEADER_AT;
    med_slice found;
    if (med_page_run_get(txn, from, number, &found) != MEDLEY_OK) continue;
    bool left_out = false;
    size_t len = found.len;
    memcpy(page, found.bytes, len);
    for (input patches = in; patches.left >= 5;) {
      uint32_t which = input_byte(&patches) % PAGES_MAX;
      size_t at = input_number(&patches, 2) % len, part;
      const uint8_t *bytes = input_take(&patches, input_byte(&patches), &part);
      if (which != i && !(which > 116 && number == MED_COLUMN_HEADER_AT)) continue;
      left_out = left_out || part == 0;
      memcpy(page + at, bytes, part < len - at ? part : len - at);
    }
    if (!left_out) MUST(med_page_run_append(txn, to, &end, number, med_slice_of(page, len)) == MEDLEY_OK);
    if (number == MED_COLUMN_HEADER_AT) break;
  }
}

static bool is_known(int rc) {
  return rc == MEDLEY_OK || rc == MEDLEY_CORRUPT || rc == MEDLEY_NOT_FOUND || rc == MEDLEY_NEWER_FORMAT;
}

static int read_vector(med_column_reader *reader, med_column_type type, uint64_t vector, med_vector_rows *rows) {
  if (type == MED_COLUMN_INTEGERS) return med_column_reader_integers(reader, vector, rows, integers);
  if (type == MED_COLUMN_REALS) return med_column_reader_reals(reader, vector, rows, reals);
  int rc = med_column_reader_texts(reader, vector, rows, texts);
  for (size_t row = 0; rc == MEDLEY_OK && row < rows->rows; row++) look(texts[row]);
  return rc;
}

/* What is found packed is what was decoded, rc: how that went. */
static void find_integers(med_column_reader *reader, uint64_t vector, int rc, med_vector_rows *rows) {
  uint64_t found[MED_VECTOR_WORDS], few[MED_VECTOR_WORDS] = {[0] = 6, [8] = 1};
  int64_t low = integers[7] < integers[500] ? integers[7] : integers[500], high = integers[20];
  MUST(med_column_reader_within(reader, vector, low, high, rows, found) == rc);
  for (size_t row = 0; rc == MEDLEY_OK && row < rows->rows; row++)
    MUST(med_rows_has(found, row) ==
         (med_rows_has(rows->present, row) && low <= integers[row] && integers[row] <= high));
  MUST(is_known(med_column_reader_integers_of(reader, vector, few, rows, integers)));
  MUST(is_known(med_column_reader_integer_range(reader, vector, 300 + vector, 350, rows, integers)));
}

static void read_column(med_txn *txn, const med_page_run *run, med_column_type type, size_t made) {
  med_column_reader *reader;
  const med_slice *dictionary;
  med_vector_rows rows;
  bool coded;
  int rc = med_column_check(txn, run, type, made);
  MUST(is_known(rc));
  MUST(med_column_reader_open(txn, run, type, &reader) == MEDLEY_OK);
  for (uint64_t vector = 0; vector <= MED_GROUP_VECTORS; vector++) {
    rc = read_vector(reader, type, vector, &rows);
    MUST(is_known(rc));
    if (rc == MEDLEY_OK) MUST(rows.rows <= MED_VECTOR_ROWS && med_rows_count(rows.present) == rows.rows - rows.nulls);
    if (type == MED_COLUMN_INTEGERS) find_integers(reader, vector, rc, &rows);
    if (type != MED_COLUMN_TEXTS) continue;
    rc = med_column_reader_text_range(reader, vector, 300 + vector, 400, &rows, texts);
    MUST(is_known(rc));
    rc = med_column_reader_codes(reader, vector, &rows, codes, &coded);
    MUST(is_known(rc));
    if (rc != MEDLEY_OK || !coded || med_column_reader_dictionary(reader, 0, &dictionary) != MEDLEY_OK) continue;
    for (size_t row = 0; row < rows.rows; row++) {
      if (med_rows_has(rows.present, row)) look(dictionary[codes[row]]);
    }
  }
  med_column_reader_close(reader);
}

static void try_column(input *in) {
  med_page_run good, bad;
  med_txn *reader;
  med_column_type type = (med_column_type)(1 + input_byte(in) % 3);
  unsigned shape = input_byte(in);
  size_t rows = 1 + input_number(in, 2) % ROWS_MAX;
  size_t deleted;
  med_page_run_init(&good, MED_TREE_WIDE, med_slice_of_text("c"), 1);
  med_page_run_init(&bad, MED_TREE_WIDE, med_slice_of_text("c"), 2);
  MUST(med_writer_begin(member, true, 1000, &error) == MEDLEY_OK);
  med_txn *txn = med_member_txn(member);
  write_column(txn, &good, type, shape, rows);
  MUST(med_column_check(txn, &good, type, rows) == MEDLEY_OK);
  patch_column(txn, &good, &bad, *in);
  read_column(txn, &bad, type, rows);
  MUST(med_writer_commit(member, &error) == MEDLEY_OK);
  MUST(med_txn_open_reader(store, &reader, &error) == MEDLEY_OK && med_txn_renew(reader) == MEDLEY_OK);
  read_column(reader, &bad, type, rows);
  med_txn_close_reader(reader);
  MUST(med_writer_begin(member, true, 1000, &error) == MEDLEY_OK);
  MUST(med_txn_delete_range(med_member_txn(member), MED_TREE_WIDE, med_slice_of_text("c"), med_slice_of_text("d"),
                            SIZE_MAX, &deleted) == MEDLEY_OK);
  MUST(med_writer_commit(member, &error) == MEDLEY_OK);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
  if (size < 4) return 0;
  if (store == NULL) {
    open_store();
    for (size_t i = 0; i < sizeof words; i++) ((char *)words)[i] = (char)('a' + i * i % 23);
  }
  input in = {bytes + 1, size - 1};
  if (bytes[0] % 2 == 1) {
    try_column(&in);
    return 0;
  }
  med_column_codec codec = (med_column_codec)input_byte(&in);
  size_t count = input_number(&in, 2) % (MED_VECTOR_ROWS + 2);
  try_payload(codec, count, med_slice_of(in.bytes, in.left));
  try_page(med_slice_of(in.bytes, in.left));
  input_any_status((int)sum);
  return 0;
}
