/* columns.c - how small and how fast columns are: each encoding on values that it is made for, beside LZ4 of the same bytes.
 *
 * medley-bench-columns [ROWS]. Unlike the rest of bench/ it looks inside of storage/: no statement reaches columns by themselves. Five
 * rounds, ours and LZ4's in turn, medians of processor time. `decode` is vectors from memory, `read` the same through pages,
 * checksums and LMDB; LZ4 packs the raw bytes (8 for a number) into pages of the same size, and is unpacked from memory. */
#include <inttypes.h>
#include <lz4.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "bench/dice.h"
#include "storage/column_kernels.h"
#include "storage/column_reader.h"
#include "storage/column_reals.h"
#include "storage/column_writer.h"
#include "storage/writer.h"

enum { ROUNDS = 5, PAYLOAD_MAX = 9000, TEXT_MAX = 64, LZ4_PAGE = MED_VALUE_SIZE_MAX, LZ4_RAW_MAX = 1 << 16 };

typedef struct shape {
  const char *name;
  med_column_type type;
  void (*make)(med_dice *dice, size_t row, int64_t *integer, double *real, char *text);
} shape;

static void make_constant(med_dice *dice, size_t row, int64_t *integer, double *real, char *text) {
  (void)dice, (void)row, (void)real, (void)text;
  *integer = 7;
}
static void make_small(med_dice *dice, size_t row, int64_t *integer, double *real, char *text) {
  (void)row, (void)real, (void)text;
  *integer = med_dice_between(dice, 0, 3599);
}
static void make_user(med_dice *dice, size_t row, int64_t *integer, double *real, char *text) {
  (void)dice, (void)real, (void)text;
  *integer = (int64_t)(row / 80); /* sorted by user */
}
static void make_time(med_dice *dice, size_t row, int64_t *integer, double *real, char *text) {
  (void)real, (void)text;
  *integer = INT64_C(1700000000000) + (int64_t)row * 250 + med_dice_between(dice, 0, 200);
}
static void make_seconds(med_dice *dice, size_t row, int64_t *integer, double *real, char *text) {
  (void)row, (void)real, (void)text;
  *integer = INT64_C(1700000000000) + med_dice_between(dice, 0, 86399) * 1000;
}
static void make_distinct(med_dice *dice, size_t row, int64_t *integer, double *real, char *text) {
  (void)row, (void)real, (void)text;
  *integer = (int64_t)med_dice_mix(med_dice_below(dice, 30));
}
static void make_any(med_dice *dice, size_t row, int64_t *integer, double *real, char *text) {
  (void)row, (void)real, (void)text;
  *integer = (int64_t)med_dice_roll(dice);
}
static void make_price(med_dice *dice, size_t row, int64_t *integer, double *real, char *text) {
  (void)row, (void)integer, (void)text;
  *real = (double)med_dice_between(dice, 99, 49999) / 100;
}
static void make_measure(med_dice *dice, size_t row, int64_t *integer, double *real, char *text) {
  (void)row, (void)integer, (void)text;
  *real = sqrt((double)med_dice_below(dice, 1000000));
}
static void make_kind(med_dice *dice, size_t row, int64_t *integer, double *real, char *text) {
  (void)row, (void)integer, (void)real;
  snprintf(text, TEXT_MAX, "event-%02d", (int)med_dice_skewed(dice, 20));
}
static void make_path(med_dice *dice, size_t row, int64_t *integer, double *real, char *text) {
  (void)row, (void)integer, (void)real;
  snprintf(text, TEXT_MAX, "/forum/topic-%d/page-%d", (int)med_dice_skewed(dice, 3000), (int)med_dice_below(dice, 9));
}
static void make_session(med_dice *dice, size_t row, int64_t *integer, double *real, char *text) {
  (void)row, (void)integer, (void)real;
  snprintf(text, TEXT_MAX, "%016" PRIx64, med_dice_roll(dice));
}

static const shape shapes[] = {
    {"integer, constant", MED_COLUMN_INTEGERS, make_constant},
    {"integer, 0 to 3,599", MED_COLUMN_INTEGERS, make_small},
    {"integer, sorted runs", MED_COLUMN_INTEGERS, make_user},
    {"integer, timestamps", MED_COLUMN_INTEGERS, make_time},
    {"integer, full seconds", MED_COLUMN_INTEGERS, make_seconds},
    {"integer, 30 far apart", MED_COLUMN_INTEGERS, make_distinct},
    {"integer, any bits", MED_COLUMN_INTEGERS, make_any},
    {"real, prices", MED_COLUMN_REALS, make_price},
    {"real, no decimals", MED_COLUMN_REALS, make_measure},
    {"text, 20 kinds", MED_COLUMN_TEXTS, make_kind},
    {"text, paths", MED_COLUMN_TEXTS, make_path},
    {"text, random hex", MED_COLUMN_TEXTS, make_session},
};

/* One column, its raw bytes, and the store that it is written to. */
typedef struct bench {
  size_t rows;
  const shape *shape;
  int64_t *integers;
  double *reals;
  med_slice *texts;
  char *text_bytes;
  char *raw; /* what LZ4 gets */
  size_t raw_size;
  char *packed; /* LZ4's pages, each behind its length(4) and raw length(4) */
  size_t packed_size, packed_pages;
  uint8_t *payloads; /* of each vector of numbers: codec(8), length(8), bytes */
  med_store *store;
  med_member *member;
  med_txn *reader;
  med_page_run run;
  uint64_t pages;
  medley_error error;
} bench;

static volatile uint64_t sink;

#define MUST(condition)                                                                             \
  do {                                                                                              \
    if (!(condition)) {                                                                             \
      fprintf(stderr, "medley-bench-columns: failed: %s (%s)\n", #condition, state->error.message); \
      exit(1);                                                                                      \
    }                                                                                               \
  } while (0)

/* Processor time: others who compute on the same machine do not count. */
static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static int by_size(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

static double median(double *values) {
  qsort(values, ROUNDS, sizeof *values, by_size);
  return values[ROUNDS / 2];
}

static size_t vector_rows(const bench *state, size_t from) {
  return state->rows - from < MED_VECTOR_ROWS ? state->rows - from : MED_VECTOR_ROWS;
}

/* ---- Ours ---- */
static void make_column(bench *state) {
  med_dice dice;
  char text[TEXT_MAX] = "";
  med_dice_init(&dice, 1, 2, 3);
  state->raw_size = 0;
  for (size_t row = 0; row < state->rows; row++) {
    state->shape->make(&dice, row, &state->integers[row], &state->reals[row], text);
    size_t len = strlen(text);
    const void *raw = state->shape->type == MED_COLUMN_TEXTS   ? (const void *)text
                      : state->shape->type == MED_COLUMN_REALS ? (const void *)&state->reals[row]
                                                               : (const void *)&state->integers[row];
    size_t raw_len = state->shape->type == MED_COLUMN_TEXTS ? len : 8;
    memcpy(state->text_bytes + row * TEXT_MAX, text, len);
    state->texts[row] = med_slice_of(state->text_bytes + row * TEXT_MAX, len);
    memcpy(state->raw + state->raw_size, raw, raw_len);
    state->raw_size += raw_len;
  }
}

static int add_vector(bench *state, med_column_writer *writer, med_txn *txn, size_t from) {
  size_t rows = vector_rows(state, from);
  if (state->shape->type == MED_COLUMN_INTEGERS) {
    return med_column_writer_add_integers(writer, txn, state->integers + from, NULL, rows);
  }
  if (state->shape->type == MED_COLUMN_REALS)
    return med_column_writer_add_reals(writer, txn, state->reals + from, NULL, rows);
  return med_column_writer_add_texts(writer, txn, state->texts + from, NULL, rows);
}

static double write_column(bench *state, uint64_t id) {
  med_column_writer *writer;
  med_page_run_init(&state->run, MED_TREE_WIDE, med_slice_of_text("bench"), id);
  MUST(med_column_writer_open(&state->run, state->shape->type, &writer, &state->error) == MEDLEY_OK);
  MUST(med_writer_begin(state->member, true, 1000, &state->error) == MEDLEY_OK);
  med_txn *txn = med_member_txn(state->member);
  double begin = now();
  for (size_t from = 0; from < state->rows; from += MED_VECTOR_ROWS)
    MUST(add_vector(state, writer, txn, from) == MEDLEY_OK);
  MUST(med_column_writer_finish(writer, txn) == MEDLEY_OK);
  double seconds = now() - begin;
  MUST(med_page_run_count(txn, &state->run, &state->pages) == MEDLEY_OK);
  MUST(med_writer_commit(state->member, &state->error) == MEDLEY_OK);
  med_column_writer_close(writer);
  return seconds;
}

static double read_column(bench *state) {
  static int64_t integers[MED_VECTOR_ROWS];
  static double reals[MED_VECTOR_ROWS];
  static med_slice texts[MED_VECTOR_ROWS];
  static med_vector_rows rows;
  med_column_reader *reader;
  MUST(med_column_reader_open(state->reader, &state->run, state->shape->type, &reader) == MEDLEY_OK);
  double begin = now();
  for (uint64_t vector = 0; vector * MED_VECTOR_ROWS < state->rows; vector++) {
    med_column_type type = state->shape->type;
    int rc = type == MED_COLUMN_INTEGERS ? med_column_reader_integers(reader, vector, &rows, integers)
             : type == MED_COLUMN_REALS  ? med_column_reader_reals(reader, vector, &rows, reals)
                                         : med_column_reader_texts(reader, vector, &rows, texts);
    MUST(rc == MEDLEY_OK);
    sink += (uint64_t)integers[5] + (uint64_t)reals[5] + texts[5].len;
  }
  double seconds = now() - begin;
  med_column_reader_close(reader);
  return seconds;
}

/* Whole vectors of numbers, encoded one by one; what decoding costs without pages. */
static void encode_vectors(bench *state) {
  static med_real_plan real_plan;
  med_integer_plan plan;
  uint8_t *to = state->payloads;
  for (size_t from = 0; from < state->rows; from += MED_VECTOR_ROWS) {
    uint64_t codec, len;
    if (state->shape->type == MED_COLUMN_REALS) {
      med_column_reals_plan(state->reals + from, vector_rows(state, from), &real_plan);
      med_column_reals_encode(&real_plan, state->reals + from, vector_rows(state, from), to + 16);
      codec = real_plan.codec, len = med_column_padded(real_plan.size);
    } else {
      med_column_integers_plan(state->integers + from, vector_rows(state, from), &plan);
      med_column_integers_encode(&plan, state->integers + from, vector_rows(state, from), to + 16);
      codec = plan.codec, len = med_column_padded(plan.size);
    }
    memcpy(to, &codec, sizeof codec);
    memcpy(to + 8, &len, sizeof len);
    to += 16 + len;
  }
}

static double decode_vectors(bench *state) {
  static int64_t integers[MED_VECTOR_ROWS];
  static double reals[MED_VECTOR_ROWS];
  const uint8_t *at = state->payloads;
  double begin = now();
  for (size_t from = 0; from < state->rows; from += MED_VECTOR_ROWS, at += 16) {
    uint64_t codec, len;
    memcpy(&codec, at, sizeof codec);
    memcpy(&len, at + 8, sizeof len);
    med_slice payload = med_slice_of(at + 16, len);
    size_t rows = vector_rows(state, from);
    MUST(state->shape->type == MED_COLUMN_REALS
             ? med_column_reals_decode((med_column_codec)codec, payload, rows, reals)
             : med_column_integers_decode((med_column_codec)codec, payload, rows, integers));
    sink += (uint64_t)integers[5] + (uint64_t)reals[5];
    at += len;
  }
  return now() - begin;
}

/* ---- LZ4 of the same bytes ---- */
static void pack_lz4(bench *state) {
  char *to = state->packed;
  state->packed_pages = 0;
  for (size_t at = 0; at < state->raw_size; state->packed_pages++) {
    int raw = (int)(state->raw_size - at < LZ4_RAW_MAX ? state->raw_size - at : LZ4_RAW_MAX);
    int packed = LZ4_compress_destSize(state->raw + at, to + 8, &raw, LZ4_PAGE);
    MUST(packed > 0);
    memcpy(to, &packed, 4);
    memcpy(to + 4, &raw, 4);
    to += 8 + packed;
    at += (size_t)raw;
  }
  state->packed_size = (size_t)(to - state->packed);
}

static double unpack_lz4(bench *state) {
  static char raw[LZ4_RAW_MAX];
  double begin = now();
  for (size_t at = 0; at < state->packed_size;) {
    int packed, expected;
    memcpy(&packed, state->packed + at, 4);
    memcpy(&expected, state->packed + at + 4, 4);
    MUST(LZ4_decompress_safe(state->packed + at + 8, raw, packed, sizeof raw) == expected);
    sink += (uint64_t)raw[5];
    at += 8 + (size_t)packed;
  }
  return now() - begin;
}

static void measure(bench *state, const shape *of) {
  static uint64_t next_id = 1;
  double written[ROUNDS], decoded[ROUNDS], read[ROUNDS], unpacked[ROUNDS];
  bool numbers = of->type != MED_COLUMN_TEXTS;
  size_t deleted;
  state->shape = of;
  make_column(state);
  pack_lz4(state);
  if (numbers) encode_vectors(state);
  for (int round = 0; round < ROUNDS; round++) {
    written[round] = write_column(state, next_id++);
    MUST(med_txn_renew(state->reader) == MEDLEY_OK);
    decoded[round] = numbers ? decode_vectors(state) : 0;
    unpacked[round] = unpack_lz4(state);
    read_column(state); /* the first reader of a page waits for the kernel to map it */
    read[round] = read_column(state);
    med_txn_reset(state->reader);
    MUST(med_writer_begin(state->member, true, 1000, &state->error) == MEDLEY_OK);
    MUST(med_txn_delete_range(med_member_txn(state->member), MED_TREE_WIDE, med_slice_of_text("bench"),
                              med_slice_of_text("benci"), SIZE_MAX, &deleted) == MEDLEY_OK);
    MUST(med_writer_commit(state->member, &state->error) == MEDLEY_OK);
  }
  double millions = (double)state->rows / 1e6, decode = median(decoded), lz4 = median(unpacked), through = median(read);
  double ours_size = (double)state->pages * 4096 / (double)state->rows;
  double lz4_size = (double)state->packed_pages * 4096 / (double)state->rows;
  printf("| %-22s | %7.2f | %6.0f | ", of->name, ours_size, millions / median(written));
  if (numbers) printf("%6.0f", millions / decode);
  if (!numbers) printf("%6s", "-");
  printf(" | %6.0f | %7.2f | %6.0f | %5.2f | %6.2f |\n", millions / through, lz4_size, millions / lz4,
         ours_size / lz4_size, lz4 / (numbers ? decode : through));
}

/* ---- Scans ---- */
static double scan_filter_sum(bench *state, const med_page_run *amounts) {
  static int64_t values[MED_VECTOR_ROWS];
  static med_vector_rows rows;
  uint64_t selected[MED_VECTOR_WORDS];
  med_integer_total total = {0};
  med_column_reader *amount;
  MUST(med_column_reader_open(state->reader, amounts, MED_COLUMN_INTEGERS, &amount) == MEDLEY_OK);
  double begin = now();
  for (uint64_t vector = 0; vector * MED_VECTOR_ROWS < state->rows; vector++) {
    MUST(med_column_reader_integers(amount, vector, &rows, values) == MEDLEY_OK);
    med_column_compare_integers(values, rows.rows, MED_LESS, 1800, selected);
    med_column_total_integers(values, selected, &total);
  }
  double seconds = now() - begin;
  med_column_reader_close(amount);
  sink += (uint64_t)total.sum;
  return seconds;
}

static void measure_scans(bench *state) {
  double filtered[ROUNDS];
  state->shape = &shapes[1];
  make_column(state);
  write_column(state, 1000);
  MUST(med_txn_renew(state->reader) == MEDLEY_OK);
  for (int round = 0; round < ROUNDS; round++) filtered[round] = scan_filter_sum(state, &state->run);
  med_txn_reset(state->reader);
  printf("\nsum of the half below a constant: %.0f million rows/s\n", (double)state->rows / 1e6 / median(filtered));
}

static void open_bench(bench *state, size_t rows) {
  medley_options options;
  medley_options_init(&options);
  options.flags = MEDLEY_OPEN_MEMORY;
  *state = (bench){.rows = rows};
  MUST(med_store_open("", &options, &state->store, &state->error) == MEDLEY_OK);
  MUST(med_member_open(state->store, &state->member) == MEDLEY_OK);
  MUST(med_txn_open_reader(state->store, &state->reader, &state->error) == MEDLEY_OK);
  state->integers = calloc(rows, sizeof *state->integers);
  state->reals = calloc(rows, sizeof *state->reals);
  state->texts = calloc(rows, sizeof *state->texts);
  state->text_bytes = calloc(rows, TEXT_MAX);
  state->raw = calloc(rows, TEXT_MAX);
  state->packed = calloc(rows, TEXT_MAX + 8);
  state->payloads = calloc(rows / MED_VECTOR_ROWS + 1, PAYLOAD_MAX);
  MUST(state->integers != NULL && state->reals != NULL && state->texts != NULL && state->text_bytes != NULL);
  MUST(state->raw != NULL && state->packed != NULL && state->payloads != NULL);
}

static void close_bench(bench *state) {
  med_txn_close_reader(state->reader);
  med_member_close(state->member);
  med_store_close(state->store);
  free(state->integers);
  free(state->reals);
  free(state->texts);
  free(state->text_bytes);
  free(state->raw);
  free(state->packed);
  free(state->payloads);
}

int main(int argc, char **argv) {
  static bench state;
  size_t rows = argc > 1 ? strtoul(argv[1], NULL, 10) : 1000000;
  if (rows == 0 || rows > 50000000) {
    fprintf(stderr, "usage: medley-bench-columns [ROWS]\n");
    return 2;
  }
  open_bench(&state, rows);
  printf(
      "%zu rows; bytes a value, pages of 4,096 included; million values a second; LZ4: size and speed are ours over "
      "LZ4's\n\n",
      rows);
  printf("| values                 | bytes   | write  | decode | read   | LZ4 b.  | unpack | size  | speed  |\n");
  printf("|---|---:|---:|---:|---:|---:|---:|---:|---:|\n");
  for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) measure(&state, &shapes[i]);
  measure_scans(&state);
  close_bench(&state);
  return 0;
}
