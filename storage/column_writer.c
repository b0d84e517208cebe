/* column_writer.c - vectors into pieces, pieces into pages, groups into headers.
 *
 * A vector's values are moved together first, so that empty rows cost a bit and nothing else. They are then cut where a page is
 * full: fit_* says how many of the next values the rest of the page takes, and plans their encoding. */
#include "storage/column_writer.h"

#include <math.h>

#include "storage/column_dictionary.h"
#include "storage/column_page.h"
#include "storage/column_reals.h"
#include "storage/column_texts.h"
#include "storage/memory.h"
#include "storage/native.h"

enum {
  BITMAP_SIZE = MED_VECTOR_ROWS / 8,
  CODES_HEADER = 8,
  CODES_CLEARLY = 8, /* LZ4 does not often do better than one byte of so many */
  REFUSED_MAX = 3,   /* so that codes are tried for one of eight vectors at least */
  LONG_SIZE = 16,
  BYTES_PER_PAGE = MED_VALUE_SIZE_MAX - MED_PAGE_HEADER_SIZE,
  LONG_MIN = MED_VALUE_SIZE_MAX - 256,                                     /* shorter texts fit an empty page */
  LONG_ROOM = MED_VALUE_SIZE_MAX - 2 * MED_PAGE_HEADER_SIZE - BITMAP_SIZE, /* of one */
  SPLIT_SIZE_MIN = 512, /* a page with less room than that is full, if the vector has to be cut for it */
  SPLIT_STEP = 32,      /* numbers are cut at full lanes */
  VERSION = 1,
};

#define PAGE_PENDING (MED_COLUMN_NO_PAGE - 1) /* of a zone whose first piece is in the page that is being filled */

struct med_column_writer {
  med_page_run run;
  med_page_run_end end;
  uint64_t rows;
  uint32_t group_number;
  bool ended;  /* a short vector came, or finish */
  bool failed; /* the run is of no use */
  med_column_group group;
  double real_sum, real_error; /* Neumaier's */
  med_column_page_writer page;
  med_dictionary_writer dictionary;
  /* The vector at hand: its values moved together, and the row of each. */
  bool coded;       /* texts that are stored as codes, in integers */
  unsigned refused; /* vectors of the group in a row for which codes were tried in vain */
  unsigned untried; /* vectors for which they are not to be tried */
  size_t count;
  uint16_t row_of[MED_VECTOR_ROWS];
  int64_t integers[MED_VECTOR_ROWS];
  double reals[MED_VECTOR_ROWS];
  med_slice texts[MED_VECTOR_ROWS];
  /* The piece at hand. */
  med_integer_plan integer_plan;
  med_real_plan real_plan;
  med_text_plan text_plan;
  uint8_t bytes[MED_VALUE_SIZE_MAX];
};

int med_column_writer_open(const med_page_run *run, med_column_type type, med_column_writer **writer,
                           medley_error *error) {
  *writer = med_alloc_zero(sizeof **writer);
  if (*writer == NULL) return med_error_no_memory(error);
  (*writer)->run = *run;
  (*writer)->group.type = type;
  return MEDLEY_OK;
}

void med_column_writer_close(med_column_writer *writer) {
  if (writer == NULL) return;
  med_column_dictionary_clear(&writer->dictionary);
  med_free(writer);
}

/* ---- Pages ---- */
static int put_page(med_column_writer *writer, med_txn *txn, uint32_t number, size_t len) {
  uint64_t at = (uint64_t)writer->group_number << 32 | number;
  return med_page_run_append(txn, &writer->run, &writer->end, at, med_slice_of(writer->bytes, len));
}

/* The page gets its number only now: bytes of long texts may have been put since it was begun. */
static int flush_page(med_column_writer *writer, med_txn *txn) {
  if (writer->page.piece_count == 0) return MEDLEY_OK;
  med_column_group *group = &writer->group;
  size_t len = med_column_page_finish(&writer->page, writer->bytes);
  int rc = put_page(writer, txn, group->pages, len);
  if (rc != MEDLEY_OK) return rc;
  for (size_t i = 0; i < group->vectors; i++) {
    if (group->zones[i].page == PAGE_PENDING) group->zones[i].page = group->pages;
  }
  group->pages++;
  return MEDLEY_OK;
}

static int finish_group(med_column_writer *writer, med_txn *txn) {
  med_column_group *group = &writer->group;
  if (group->rows == 0) return MEDLEY_OK;
  int rc = flush_page(writer, txn);
  group->dictionary_pages = writer->dictionary.end.page_count;
  group->dictionary_texts = writer->dictionary.end.count;
  for (uint32_t i = 0; rc == MEDLEY_OK && i < group->dictionary_pages; i++) {
    size_t len = med_column_dictionary_page(&writer->dictionary, i, writer->bytes);
    rc = put_page(writer, txn, MED_COLUMN_DICTIONARY_AT + i, len);
  }
  if (rc != MEDLEY_OK) return rc;
  bool finite = isfinite(writer->real_sum) && isfinite(writer->real_error);
  group->real_sum = finite ? writer->real_sum + writer->real_error : writer->real_sum;
  rc = put_page(writer, txn, MED_COLUMN_HEADER_AT, med_column_group_write(group, writer->bytes));
  if (rc != MEDLEY_OK) return rc;
  *group = (med_column_group){.type = group->type};
  writer->real_sum = writer->real_error = 0;
  writer->group_number++;
  writer->refused = writer->untried = 0;
  med_column_dictionary_empty(&writer->dictionary);
  return MEDLEY_OK;
}

/* ---- What the header says ---- */
static void sum_reals(med_column_writer *writer) {
  for (size_t i = 0; i < writer->count; i++) {
    double value = writer->reals[i], sum = writer->real_sum + value;
    bool larger = fabs(writer->real_sum) >= fabs(value);
    writer->real_error += larger ? (writer->real_sum - sum) + value : (value - sum) + writer->real_sum;
    writer->real_sum = sum;
  }
}

static bool bound_less(med_column_type type, med_column_bound a, med_column_bound b) {
  if (type == MED_COLUMN_INTEGERS) return a.integer < b.integer;
  return type == MED_COLUMN_REALS ? med_real_less(a.real, b.real) : a.prefix < b.prefix;
}

static med_column_bound bound_at(const med_column_writer *writer, size_t i) {
  med_column_bound bound = {0};
  if (writer->group.type == MED_COLUMN_INTEGERS) bound.integer = writer->integers[i];
  if (writer->group.type == MED_COLUMN_REALS) bound.real = writer->reals[i];
  if (writer->group.type == MED_COLUMN_TEXTS) bound.prefix = med_column_text_prefix(writer->texts[i]);
  return bound;
}

/* True if all values are equal, bit for bit; never of texts, whose bounds do not say all. */
static bool find_bounds(const med_column_writer *writer, med_column_zone *zone) {
  bool equal = writer->group.type != MED_COLUMN_TEXTS;
  zone->min = zone->max = bound_at(writer, 0);
  uint64_t first = zone->min.prefix;
  for (size_t i = 1; i < writer->count; i++) {
    med_column_bound bound = bound_at(writer, i);
    if (bound_less(writer->group.type, bound, zone->min)) zone->min = bound;
    if (bound_less(writer->group.type, zone->max, bound)) zone->max = bound;
    equal = equal && bound.prefix == first;
  }
  return equal;
}

/* Adds the vector to the header. True if its values have to be written, too. */
static bool describe(med_column_writer *writer, size_t rows) {
  med_column_group *group = &writer->group;
  med_column_zone *zone = &group->zones[group->vectors++];
  bool first = group->nulls == group->rows;
  zone->nulls = (uint32_t)(rows - writer->count);
  zone->page = MED_COLUMN_NO_PAGE;
  group->rows += (uint32_t)rows;
  group->nulls += zone->nulls;
  zone->min = zone->max = (med_column_bound){0};
  if (writer->count == 0) return false;
  bool constant = find_bounds(writer, zone) && zone->nulls == 0;
  if (first || bound_less(group->type, zone->min, group->min)) group->min = zone->min;
  if (first || bound_less(group->type, group->max, zone->max)) group->max = zone->max;
  for (size_t i = 0; i < writer->count; i++) {
    if (group->type == MED_COLUMN_INTEGERS) group->sum += writer->integers[i];
    if (group->type == MED_COLUMN_TEXTS) group->sum += (med_int128)writer->texts[i].len;
  }
  if (group->type == MED_COLUMN_REALS) sum_reals(writer);
  return !constant;
}

/* ---- Pieces: how many of the next values fit ---- Each answers 0 if none do. */
static void plan_numbers(med_column_writer *writer, size_t from, size_t count) {
  if (writer->group.type == MED_COLUMN_REALS) {
    med_column_reals_plan(writer->reals + from, count, &writer->real_plan);
  } else {
    med_column_integers_plan(writer->integers + from, count, &writer->integer_plan);
  }
}

static size_t numbers_size(const med_column_writer *writer) {
  if (writer->group.type == MED_COLUMN_REALS) return med_column_padded(writer->real_plan.size);
  return med_column_padded(writer->integer_plan.size) + (writer->coded ? CODES_HEADER : 0);
}

static size_t fit_numbers(med_column_writer *writer, size_t from, size_t left, size_t room) {
  plan_numbers(writer, from, left);
  size_t size = numbers_size(writer), count = left;
  if (size <= room) return left;
  for (size_t guess = count * room / size; guess >= SPLIT_STEP; guess -= SPLIT_STEP) {
    count = guess & ~(size_t)(SPLIT_STEP - 1);
    plan_numbers(writer, from, count);
    if (numbers_size(writer) <= room) return count;
  }
  return 0;
}

static size_t fit(med_column_writer *writer, size_t from, size_t left, size_t room, size_t *size) {
  bool bytes = writer->group.type == MED_COLUMN_TEXTS && !writer->coded;
  size_t count = bytes ? med_column_texts_plan(writer->texts + from, left, room, &writer->text_plan)
                       : fit_numbers(writer, from, left, room);
  *size = bytes ? med_column_padded(writer->text_plan.size) : numbers_size(writer);
  return count;
}

static med_column_codec planned_codec(const med_column_writer *writer) {
  if (writer->group.type == MED_COLUMN_REALS) return writer->real_plan.codec;
  if (writer->group.type == MED_COLUMN_INTEGERS) return writer->integer_plan.codec;
  return writer->coded ? MED_CODEC_CODES : writer->text_plan.codec;
}

static void encode(const med_column_writer *writer, size_t from, size_t count, uint8_t *to) {
  if (writer->group.type == MED_COLUMN_REALS) {
    med_column_reals_encode(&writer->real_plan, writer->reals + from, count, to);
  } else if (writer->coded) {
    to[0] = (uint8_t)writer->integer_plan.codec;
    med_column_integers_encode(&writer->integer_plan, writer->integers + from, count, to + CODES_HEADER);
  } else if (writer->group.type == MED_COLUMN_TEXTS) {
    med_column_texts_encode(&writer->text_plan, writer->texts + from, to);
  } else {
    med_column_integers_encode(&writer->integer_plan, writer->integers + from, count, to);
  }
}

/* Rows [first, end) of the vector, of which values [from, from + count) are; answers where their payload goes. */
static uint8_t *add_piece(med_column_writer *writer, med_column_codec codec, size_t first, size_t end, size_t from,
                          size_t count, size_t size) {
  bool has_nulls = count != end - first;
  med_column_zone *zone = &writer->group.zones[writer->group.vectors - 1];
  if (zone->page == MED_COLUMN_NO_PAGE) zone->page = PAGE_PENDING;
  size_t bitmap = has_nulls ? (end - first + 63) / 64 * 8 : 0;
  size_t vector_row = (writer->group.vectors - 1u) * (size_t)MED_VECTOR_ROWS;
  med_column_piece piece = {
      .first_row = (uint16_t)(vector_row + first), .rows = (uint16_t)(end - first), .codec = codec};
  uint8_t *to = med_column_page_add(&writer->page, &piece, has_nulls, bitmap + size);
  if (has_nulls) {
    uint64_t rows_with[MED_VECTOR_WORDS] = {0};
    for (size_t i = from; i < from + count; i++) med_rows_add(rows_with, writer->row_of[i] - first);
    memcpy(to, rows_with, bitmap);
  }
  return to + bitmap;
}

/* Puts the text's bytes into pages of their own, and a piece that says where. */
static int add_long(med_column_writer *writer, med_txn *txn, size_t first, size_t end, size_t from) {
  med_slice text = writer->texts[from];
  uint32_t first_page = writer->group.pages;
  if (text.len > MED_COLUMN_TEXT_SIZE_MAX) {
    return med_error_set(med_txn_error(txn), MEDLEY_TOO_BIG, "column: a text of %zu bytes is above the limit of %u",
                         text.len, MED_COLUMN_TEXT_SIZE_MAX);
  }
  for (size_t at = 0; at < text.len; at += BYTES_PER_PAGE) {
    size_t len = text.len - at < BYTES_PER_PAGE ? text.len - at : BYTES_PER_PAGE;
    med_page_header_write(writer->bytes, MED_PAGE_COLUMN_BYTES, VERSION, 0);
    memcpy(writer->bytes + MED_PAGE_HEADER_SIZE, (const uint8_t *)text.bytes + at, len);
    int rc = put_page(writer, txn, writer->group.pages, MED_PAGE_HEADER_SIZE + len);
    if (rc != MEDLEY_OK) return rc;
    writer->group.pages++;
  }
  uint8_t *to = add_piece(writer, MED_CODEC_LONG, first, end, from, 1, LONG_SIZE);
  med_native_put_u64(to, text.len);
  med_native_put_u32(to + 8, first_page);
  return MEDLEY_OK;
}

/* Whether the text fits no page, however empty. */
static bool is_long(med_column_writer *writer, size_t from) {
  if (writer->group.type != MED_COLUMN_TEXTS || writer->coded || writer->texts[from].len < LONG_MIN) return false;
  return med_column_texts_plan(writer->texts + from, 1, LONG_ROOM, &writer->text_plan) == 0;
}

/* One more piece of the vector, whose rows from *row and values from *from on are left; or none, and a new page. */
static int place_piece(med_column_writer *writer, med_txn *txn, size_t rows, size_t *row, size_t *from) {
  size_t left = writer->count - *from, size = LONG_SIZE, room = med_column_page_room(&writer->page), count = 0;
  size_t bitmap = left == rows - *row ? 0 : BITMAP_SIZE;
  bool alone = false, empty = writer->page.piece_count == 0;
  if (room > bitmap + LONG_SIZE) count = fit(writer, *from, left, room - bitmap, &size);
  if (count == 0 && room > bitmap + LONG_SIZE) alone = is_long(writer, *from);
  if (alone) count = 1;
  if (count == 0 && empty) return med_error_set(med_txn_error(txn), MEDLEY_TOO_BIG, "column: a value fits no page");
  if (count == 0 || (count < left && !alone && !empty && size < SPLIT_SIZE_MIN)) return flush_page(writer, txn);
  size_t end = count == left ? rows : writer->row_of[*from + count];
  int rc = MEDLEY_OK;
  if (alone) {
    rc = add_long(writer, txn, *row, end, *from);
  } else {
    encode(writer, *from, count, add_piece(writer, planned_codec(writer), *row, end, *from, count, size));
  }
  *from += count;
  *row = end;
  return rc;
}

static int place(med_column_writer *writer, med_txn *txn, size_t rows) {
  int rc = MEDLEY_OK;
  for (size_t row = 0, from = 0; rc == MEDLEY_OK && from < writer->count;) {
    rc = place_piece(writer, txn, rows, &row, &from);
  }
  return rc;
}

/* ---- Texts that repeat ---- */
/* Texts that did not repeat in the vectors before hardly begin to: codes are tried for fewer and fewer of them. */
static bool tries_codes(med_column_writer *writer) {
  if (writer->untried == 0) return true;
  writer->untried--;
  return false;
}

static void count_refused(med_column_writer *writer) {
  writer->refused = writer->coded ? 0 : writer->refused + (writer->refused < REFUSED_MAX);
  writer->untried = (1u << writer->refused) - 1;
}

/* Stores the vector as codes if that is smaller: new texts of the dictionary are counted by a quarter, because more of
 * them will come, unless nearly all are new. */
static int choose_codes(med_column_writer *writer, med_txn *txn) {
  med_dictionary_mark mark = writer->dictionary.end;
  size_t raw = 0, used = writer->dictionary.bytes.len;
  uint32_t code;
  writer->coded = false;
  for (size_t i = 0; i < writer->count; i++) {
    int rc = med_column_dictionary_add(&writer->dictionary, writer->texts[i], &code);
    if (rc != MEDLEY_OK) return med_error_no_memory(med_txn_error(txn));
    if (code == MED_DICTIONARY_NONE) {
      med_column_dictionary_cut(&writer->dictionary, mark);
      return MEDLEY_OK;
    }
    writer->integers[i] = code;
    raw += writer->texts[i].len;
  }
  size_t fresh = writer->dictionary.end.count - mark.count;
  size_t added = writer->dictionary.bytes.len - used + 2 * fresh;
  med_column_integers_plan(writer->integers, writer->count, &writer->integer_plan);
  size_t coded = writer->integer_plan.size + (fresh > writer->count * 3 / 4 ? added : added / 4);
  size_t plain = raw;
  if (coded > raw / CODES_CLEARLY) { /* the start of the vector says how well its bytes compress */
    size_t sample = med_column_texts_plan(writer->texts, writer->count, MED_TEXTS_PAYLOAD_MAX, &writer->text_plan);
    if (sample > 0) plain = writer->text_plan.size * writer->count / sample;
  }
  writer->coded = coded < plain;
  if (!writer->coded) med_column_dictionary_cut(&writer->dictionary, mark);
  return MEDLEY_OK;
}

/* ---- Vectors ---- */
static int begin_vector(med_column_writer *writer, med_txn *txn, med_column_type type, const uint64_t *present,
                        size_t rows) {
  if (type != writer->group.type || rows == 0 || rows > MED_VECTOR_ROWS || writer->ended) {
    return med_error_set(med_txn_error(txn), MEDLEY_MISUSE, "column: a vector of %zu rows and type %d cannot follow",
                         rows, (int)type);
  }
  writer->count = 0;
  for (size_t row = 0; row < rows; row++) {
    writer->row_of[writer->count] = (uint16_t)row;
    writer->count += present == NULL || med_rows_has(present, row);
  }
  writer->ended = rows < MED_VECTOR_ROWS;
  writer->coded = false;
  return MEDLEY_OK;
}

static int end_vector(med_column_writer *writer, med_txn *txn, size_t rows) {
  int rc = MEDLEY_OK;
  if (describe(writer, rows)) {
    if (writer->group.type == MED_COLUMN_TEXTS && tries_codes(writer)) {
      rc = choose_codes(writer, txn);
      count_refused(writer);
    }
    if (rc == MEDLEY_OK) rc = place(writer, txn, rows);
  }
  writer->rows += rows;
  if (rc == MEDLEY_OK && writer->group.vectors == MED_GROUP_VECTORS) rc = finish_group(writer, txn);
  if (rc != MEDLEY_OK) writer->ended = writer->failed = true;
  return rc;
}

int med_column_writer_add_integers(med_column_writer *writer, med_txn *txn, const int64_t *values,
                                   const uint64_t *present, size_t rows) {
  int rc = begin_vector(writer, txn, MED_COLUMN_INTEGERS, present, rows);
  if (rc != MEDLEY_OK) return rc;
  for (size_t i = 0; i < writer->count; i++) writer->integers[i] = values[writer->row_of[i]];
  return end_vector(writer, txn, rows);
}

int med_column_writer_add_reals(med_column_writer *writer, med_txn *txn, const double *values, const uint64_t *present,
                                size_t rows) {
  int rc = begin_vector(writer, txn, MED_COLUMN_REALS, present, rows);
  if (rc != MEDLEY_OK) return rc;
  for (size_t i = 0; i < writer->count; i++) writer->reals[i] = values[writer->row_of[i]];
  return end_vector(writer, txn, rows);
}

int med_column_writer_add_texts(med_column_writer *writer, med_txn *txn, const med_slice *values,
                                const uint64_t *present, size_t rows) {
  int rc = begin_vector(writer, txn, MED_COLUMN_TEXTS, present, rows);
  if (rc != MEDLEY_OK) return rc;
  for (size_t i = 0; i < writer->count; i++) writer->texts[i] = values[writer->row_of[i]];
  return end_vector(writer, txn, rows);
}

int med_column_writer_finish(med_column_writer *writer, med_txn *txn) {
  if (writer->failed) return med_error_set(med_txn_error(txn), MEDLEY_MISUSE, "column: the writer has failed before");
  int rc = finish_group(writer, txn);
  writer->ended = true;
  writer->failed = rc != MEDLEY_OK;
  return rc;
}
