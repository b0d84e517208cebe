/* column_dump.c - writes a column of many shapes, and puts out its values and the pages that they became.
 *
 * column_dump TYPE SEED, for column_format, which reads the pages from what FORMAT.md says alone. Standard output: for each row `V`,
 * whether it has a value(1), length(4) and bytes; then for each page `P`, number(8), length(4) and bytes. Little-endian. */
#include "storage/column_page.h"
#include "storage/column_writer.h"
#include "storage/native.h"
#include "storage/writer.h"
#include "tests/unit/column_kit.h"

enum { TEXT_MAX = 80, LONG_MAX = 9000 };

static int64_t integers[MED_VECTOR_ROWS];
static double reals[MED_VECTOR_ROWS];
static med_slice texts[MED_VECTOR_ROWS];
static char text_bytes[MED_VECTOR_ROWS][TEXT_MAX], long_bytes[LONG_MAX];

static void make_text(size_t row, uint64_t shape, uint64_t *seed) {
  char *to = text_bytes[row];
  size_t len = (size_t)property_below(seed, 40);
  if (shape == 0) len = (size_t)snprintf(to, TEXT_MAX, "kind %d", (int)property_below(seed, 9));
  if (shape == 1) len = (size_t)snprintf(to, TEXT_MAX, "/a/page/of/%d", (int)property_below(seed, 3000));
  for (size_t i = 0; shape > 1 && i < len; i++) {
    to[i] = shape == 2 ? (char)property_random(seed) : "ab"[property_below(seed, 9) == 0];
  }
  texts[row] = med_slice_of(to, len);
  if (shape == 3 && property_below(seed, 300) == 0) texts[row] = med_slice_of(long_bytes, LONG_MAX - row);
}

static void make_vector(size_t vector, size_t rows, uint64_t *present, uint64_t *seed) {
  uint64_t nulls = property_below(seed, 3), shape = property_below(seed, 5);
  column_kit_integers((enum column_shape)property_below(seed, SHAPE_COUNT), integers, rows, seed);
  memset(present, 0, MED_VECTOR_WORDS * sizeof *present);
  for (size_t row = 0; row < rows; row++) {
    if (vector % 3 == 0) memcpy(&reals[row], &integers[row], sizeof reals[row]);
    if (vector % 3 != 0) reals[row] = (double)(integers[row] % 100000) / 100;
    if (vector % 5 == 1 && property_below(seed, 50) == 0) reals[row] = 1.0 / 3;
    make_text(row, shape, seed);
    if (nulls == 0 || property_below(seed, nulls == 1 ? 3 : 60) == 0) med_rows_add(present, row);
  }
}

static void must(int rc) {
  if (rc != MEDLEY_OK) exit(3);
}

static void put(const void *bytes, size_t len) {
  if (fwrite(bytes, 1, len, stdout) != len) exit(3);
}

static void put_part(char tag, uint64_t number, size_t number_size, const void *bytes, size_t len) {
  uint32_t size = (uint32_t)len;
  put(&tag, 1);
  put(&number, number_size);
  put(&size, sizeof size);
  put(bytes, len);
}

static void put_values(med_column_type type, const uint64_t *present, size_t rows) {
  for (size_t row = 0; row < rows; row++) {
    const void *bytes = type == MED_COLUMN_INTEGERS ? (const void *)&integers[row]
                        : type == MED_COLUMN_REALS  ? (const void *)&reals[row]
                                                    : texts[row].bytes;
    size_t len = type == MED_COLUMN_TEXTS ? texts[row].len : 8;
    bool has = med_rows_has(present, row);
    put_part('V', has, 1, bytes, has ? len : 0);
  }
}

static int add_vector(med_column_writer *writer, med_txn *txn, med_column_type type, const uint64_t *present,
                      size_t rows) {
  if (type == MED_COLUMN_INTEGERS) return med_column_writer_add_integers(writer, txn, integers, present, rows);
  if (type == MED_COLUMN_REALS) return med_column_writer_add_reals(writer, txn, reals, present, rows);
  return med_column_writer_add_texts(writer, txn, texts, present, rows);
}

/* The tree holds nothing else. */
static void put_pages(med_txn *txn) {
  med_cursor *cursor;
  med_slice key, page;
  must(med_cursor_open(txn, MED_TREE_WIDE, &cursor));
  for (int rc = med_cursor_first(cursor, &key, &page); rc == MEDLEY_OK; rc = med_cursor_next(cursor, &key, &page)) {
    put_part('P', med_get_u64((const uint8_t *)key.bytes + key.len - 8), 8, page.bytes, page.len);
  }
  med_cursor_close(cursor);
}

/* The whole column; its values are put out on the way. */
static void write_column(med_txn *txn, med_column_type type, uint64_t seed, medley_error *error) {
  med_page_run run;
  med_column_writer *writer;
  uint64_t present[MED_VECTOR_WORDS];
  size_t all = MED_GROUP_ROWS + 3000 + (size_t)property_below(&seed, 900);
  for (size_t i = 0; i < LONG_MAX; i++) long_bytes[i] = (char)property_random(&seed);
  med_page_run_init(&run, MED_TREE_WIDE, med_slice_of_text("c"), 1);
  must(med_column_writer_open(&run, type, &writer, error));
  for (size_t from = 0; from < all; from += MED_VECTOR_ROWS) {
    size_t rows = all - from < MED_VECTOR_ROWS ? all - from : MED_VECTOR_ROWS;
    make_vector(from / MED_VECTOR_ROWS, rows, present, &seed);
    put_values(type, present, rows);
    must(add_vector(writer, txn, type, present, rows));
  }
  must(med_column_writer_finish(writer, txn));
  med_column_writer_close(writer);
}

int main(int argc, char **argv) {
  med_store *store;
  med_member *member;
  medley_error error;
  medley_options options;
  if (argc != 3) return 2;
  medley_options_init(&options);
  options.flags = MEDLEY_OPEN_MEMORY;
  must(med_store_open("", &options, &store, &error));
  must(med_member_open(store, &member));
  must(med_writer_begin(member, true, 1000, &error));
  write_column(med_member_txn(member), (med_column_type)atoi(argv[1]), strtoull(argv[2], NULL, 0), &error);
  put_pages(med_member_txn(member));
  must(med_writer_commit(member, &error));
  med_member_close(member);
  med_store_close(store);
  return fflush(stdout) == 0 ? 0 : 3;
}
