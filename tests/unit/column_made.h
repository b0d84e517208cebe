/* column_made.h - a column in memory, made at random: rows with and without a value, numbers and texts of every shape. */
#ifndef COLUMN_MADE_H
#define COLUMN_MADE_H

#include <math.h>

#include "storage/bytes.h"
#include "storage/memory.h"
#include "tests/unit/column_kit.h"

enum { TEXT_MAX = 9000 };
enum text_shape { TEXT_FEW, TEXT_MANY, TEXT_WORDS, TEXT_ANY, TEXT_LONG, TEXT_MIXED, TEXT_SHAPES };

/* A column in memory. What is in rows without a value is anything. */
typedef struct column {
  med_column_type type;
  size_t rows;
  int64_t *integers;
  double *reals;
  med_slice *texts;
  bool *has;
  char *bytes;
} column;

static inline void column_open(column *made, med_column_type type, size_t rows) {
  *made =
      (column){type, rows, calloc(rows, 8), calloc(rows, 8), calloc(rows, sizeof(med_slice)), calloc(rows, 1), NULL};
}

static inline void column_close(column *made) {
  free(made->integers);
  free(made->reals);
  free(made->texts);
  free(made->has);
  free(made->bytes);
}

/* Rows with a value: all, some, hardly any, or none for a while. */
static inline void make_rows(column *made, uint64_t *seed) {
  uint64_t one_of = 1 + property_below(seed, 4) * property_below(seed, 300);
  bool all = property_below(seed, 3) == 0, gaps = property_below(seed, 2) == 0;
  for (size_t row = 0; row < made->rows; row++) {
    made->has[row] = all || property_below(seed, one_of) == 0;
    if (gaps && row / 3000 % 3 == 1) made->has[row] = false;
  }
}

static inline void make_numbers(column *made, uint64_t *seed) {
  for (size_t at = 0; at < made->rows;) {
    size_t part = 1 + (size_t)property_below(seed, 5000);
    if (part > made->rows - at) part = made->rows - at;
    column_kit_integers((enum column_shape)property_below(seed, SHAPE_COUNT), made->integers + at, part, seed);
    for (size_t i = at; i < at + part; i++) {
      made->reals[i] = property_below(seed, 400) == 0 ? sqrt((double)i) : (double)(made->integers[i] % 1000000) / 100;
    }
    at += part;
  }
}

/* One text of the shape into buffer; its length. */
static inline size_t make_text(enum text_shape shape, char *buffer, size_t row, uint64_t *seed) {
  size_t len = 0;
  if (shape == TEXT_MIXED) shape = (enum text_shape)(row / 2000 % 4);
  switch (shape) {
    case TEXT_FEW: return (size_t)snprintf(buffer, TEXT_MAX, "kind %d", (int)property_below(seed, 20));
    case TEXT_MANY:
      return (size_t)snprintf(buffer, TEXT_MAX, "/some/page/of/a/site/%d", (int)property_below(seed, 20000));
    case TEXT_WORDS:
      for (uint64_t n = property_below(seed, 30); n > 0; n--) {
        len += (size_t)snprintf(buffer + len, TEXT_MAX - len, "word%d ", (int)property_below(seed, 60));
      }
      return len;
    case TEXT_LONG:
      len = property_below(seed, 40) == 0 ? (size_t)property_below(seed, TEXT_MAX) : (size_t)property_below(seed, 60);
      break;
    default: len = (size_t)property_below(seed, 24);
  }
  for (size_t i = 0; i < len; i++) buffer[i] = (char)property_random(seed);
  return len;
}

static inline void make_texts(column *made, enum text_shape shape, uint64_t *seed) {
  med_buffer bytes = {0};
  static char buffer[TEXT_MAX];
  size_t at = 0;
  for (size_t row = 0; row < made->rows; row++) {
    made->texts[row].len = make_text(shape, buffer, row, seed);
    if (!med_buffer_append(&bytes, buffer, made->texts[row].len)) abort();
  }
  made->bytes = malloc(bytes.len + 1);
  memcpy(made->bytes, bytes.bytes == NULL ? "" : bytes.bytes, bytes.len);
  for (size_t row = 0; row < made->rows; at += made->texts[row++].len) made->texts[row].bytes = made->bytes + at;
  med_buffer_clear(&bytes);
}

#endif
