/* column_kit.h - values of many shapes for tests of columns: what each encoding is for, and what none is. */
#ifndef COLUMN_KIT_H
#define COLUMN_KIT_H

#include <string.h>

#include "storage/column_vector.h"
#include "tests/unit/property.h"

enum column_shape {
  SHAPE_CONSTANT,
  SHAPE_SMALL,    /* below 1,000 around some number */
  SHAPE_TIMES,    /* ascending by about 1,000 */
  SHAPE_RUNS,     /* equal neighbours */
  SHAPE_FEW,      /* a few different ones, far apart */
  SHAPE_ANY,      /* any bits */
  SHAPE_EXTREMES, /* the ends of the range */
  SHAPE_SCALED,   /* multiples of some number */
  SHAPE_COUNT
};

static inline void column_kit_integers(enum column_shape shape, int64_t *values, size_t count, uint64_t *seed) {
  uint64_t base = property_number(seed), few[9];
  uint64_t kinds = 1 + property_below(seed, 9);
  for (size_t i = 0; i < kinds; i++) few[i] = property_random(seed);
  for (size_t i = 0; i < count; i++) {
    switch (shape) {
      case SHAPE_SMALL: values[i] = (int64_t)(base + property_below(seed, 1000)); break;
      case SHAPE_TIMES: values[i] = (int64_t)(base += 990 + property_below(seed, 20)); break;
      case SHAPE_RUNS:
        if (property_below(seed, 30) == 0) base = property_number(seed);
        values[i] = (int64_t)base;
        break;
      case SHAPE_FEW: values[i] = (int64_t)few[property_below(seed, kinds)]; break;
      case SHAPE_ANY: values[i] = (int64_t)property_random(seed); break;
      case SHAPE_SCALED:
        values[i] =
            (int64_t)(base + property_below(seed, (few[0] & 7) == 0 ? UINT64_C(1) << 36 : 500) * (few[0] >> 44));
        break;
      case SHAPE_EXTREMES: values[i] = property_below(seed, 2) == 0 ? INT64_MIN : INT64_MAX; break;
      default: values[i] = (int64_t)base;
    }
  }
}

/* An exact copy, so that a sanitizer sees the first byte that is read beyond it. */
static inline uint8_t *column_kit_exact(const void *bytes, size_t len) {
  uint8_t *copy = malloc(len > 0 ? len : 1);
  memcpy(copy, bytes, len);
  return copy;
}

/* Some bytes of it changed. */
static inline void column_kit_damage(uint8_t *bytes, size_t len, uint64_t *seed) {
  for (uint64_t n = 1 + property_below(seed, 4); n > 0 && len > 0; n--) {
    size_t at = (size_t)property_below(seed, property_below(seed, 2) == 0 && len > 32 ? 32 : len);
    bytes[at] =
        (uint8_t)(property_below(seed, 2) == 0 ? property_random(seed) : bytes[at] ^ 1u << property_below(seed, 8));
  }
}

#endif
