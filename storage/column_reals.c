/* column_reals.c - decimals found, written and read; other reals as the integers of their bits. */
#include "storage/column_reals.h"

#include "storage/native.h"

enum {
  HEADER = 8,
  EXPONENT_MAX = 15,
  SAMPLE = 32,
  EXCEPTION_SIZE = 10,
  EXCEPTIONS_PART = 8, /* more than one of so many: they are no decimals */
};

/* Added and taken away it rounds to an integer; and its bits, with an integer added, are those of their sum. Both hold below 2^51. */
#define ROUNDING 6755399441055744.0
#define ROUNDING_BITS 0x4338000000000000u
#define DECIMAL_END 2251799813685248.0 /* 2^51 */

static const double powers[EXPONENT_MAX + 1] = {1e0, 1e1, 1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                                1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15};

static uint64_t bits_of(double value) {
  uint64_t bits;
  memcpy(&bits, &value, sizeof bits);
  return bits;
}

/* Whether the value is, bit for bit, an integer divided by that power of ten. */
static bool as_decimal(double value, unsigned exponent, int64_t *integer) {
  double scaled = value * powers[exponent];
  if (!(scaled > -DECIMAL_END && scaled < DECIMAL_END)) return false;
  double rounded = (scaled + ROUNDING) - ROUNDING;
  *integer = (int64_t)rounded;
  return bits_of((double)*integer / powers[exponent]) == bits_of(value);
}

/* The smallest exponent with the fewest exceptions among some of the values. */
static unsigned choose_exponent(const double *values, size_t count) {
  size_t step = count > SAMPLE ? count / SAMPLE : 1, best_failures = SIZE_MAX;
  unsigned best = 0;
  for (unsigned exponent = 0; exponent <= EXPONENT_MAX && best_failures > 0; exponent++) {
    size_t failures = 0;
    int64_t integer;
    for (size_t i = 0; i < count; i += step) failures += !as_decimal(values[i], exponent, &integer);
    if (failures < best_failures) {
      best_failures = failures;
      best = exponent;
    }
  }
  return best;
}

/* False if too many values are no decimals. An exception's place holds its neighbour's integer, which costs least. */
static bool take_decimals(const double *values, size_t count, med_real_plan *plan) {
  int64_t last = 0;
  bool has_last = false;
  plan->exponent = choose_exponent(values, count);
  plan->exceptions = 0;
  for (size_t i = 0; i < count; i++) {
    if (as_decimal(values[i], plan->exponent, &plan->integers[i])) {
      last = plan->integers[i];
      for (size_t before = i; !has_last && before > 0; before--) plan->integers[before - 1] = last;
      has_last = true;
      continue;
    }
    plan->integers[i] = last;
    plan->exception_at[plan->exceptions++] = (uint16_t)i;
    if (plan->exceptions > count / EXCEPTIONS_PART) return false;
  }
  return true;
}

static size_t decimals_size(const med_real_plan *plan) {
  return HEADER + med_column_padded(plan->integer_plan.size) + plan->exceptions * EXCEPTION_SIZE;
}

void med_column_reals_plan(const double *values, size_t count, med_real_plan *plan) {
  if (take_decimals(values, count, plan)) {
    med_integer_plan bits_plan;
    int64_t bits[MED_VECTOR_ROWS];
    med_column_integers_plan(plan->integers, count, &plan->integer_plan);
    plan->codec = MED_CODEC_DECIMALS;
    plan->size = decimals_size(plan);
    memcpy(bits, values, count * sizeof *bits);
    med_column_integers_plan(bits, count, &bits_plan);
    if (plan->size < bits_plan.size) return;
  }
  memcpy(plan->integers, values, count * sizeof *values);
  med_column_integers_plan(plan->integers, count, &plan->integer_plan);
  plan->codec = plan->integer_plan.codec;
  plan->size = plan->integer_plan.size;
  plan->exceptions = 0;
}

void med_column_reals_encode(const med_real_plan *plan, const double *values, size_t count, uint8_t *to) {
  if (plan->codec != MED_CODEC_DECIMALS) {
    med_column_integers_encode(&plan->integer_plan, plan->integers, count, to);
    return;
  }
  size_t integers_size = med_column_padded(plan->integer_plan.size);
  memset(to, 0, HEADER + integers_size);
  to[0] = (uint8_t)plan->exponent;
  to[1] = (uint8_t)plan->integer_plan.codec;
  med_native_put_u16(to + 2, (uint16_t)plan->exceptions);
  med_native_put_u16(to + 4, (uint16_t)integers_size);
  med_column_integers_encode(&plan->integer_plan, plan->integers, count, to + HEADER);
  to += HEADER + integers_size;
  for (size_t i = 0; i < plan->exceptions; i++) med_native_put_real(to + 8 * i, values[plan->exception_at[i]]);
  to += 8 * plan->exceptions;
  for (size_t i = 0; i < plan->exceptions; i++) med_native_put_u16(to + 2 * i, plan->exception_at[i]);
}

/* ---- Reading ---- */
typedef uint64_t four_integers __attribute__((vector_size(32)));
typedef double four_reals __attribute__((vector_size(32)));

/* Up to MED_VECTOR_ROWS of them, in fours: what lies behind count is overwritten with anything. */
static void divide(const int64_t *integers, size_t count, double power, double *values) {
  for (size_t i = 0; i < count; i += 4) {
    four_integers part;
    memcpy(&part, integers + i, sizeof part);
    four_reals reals = ((four_reals)(part + ROUNDING_BITS) - ROUNDING) / power;
    memcpy(values + i, &reals, sizeof reals);
  }
}

static bool decode_decimals(med_slice payload, size_t count, double *values) {
  int64_t integers[MED_VECTOR_ROWS];
  const uint8_t *from = payload.bytes;
  if (payload.len < HEADER || from[0] > EXPONENT_MAX) return false;
  size_t exceptions = med_native_u16(from + 2), integers_size = med_native_u16(from + 4);
  if (payload.len != med_column_padded(HEADER + integers_size + exceptions * EXCEPTION_SIZE)) return false;
  med_slice part = med_slice_of(from + HEADER, integers_size);
  if (!med_column_integers_decode((med_column_codec)from[1], part, count, integers)) return false;
  memset(integers + count, 0, (size_t)(-count & 3) * sizeof *integers);
  divide(integers, count, powers[from[0]], values);
  const uint8_t *raw = from + HEADER + integers_size, *at = raw + 8 * exceptions;
  for (size_t i = 0; i < exceptions; i++) {
    size_t row = med_native_u16(at + 2 * i);
    if (row >= count) return false;
    values[row] = med_native_real(raw + 8 * i);
  }
  return true;
}

bool med_column_reals_decode(med_column_codec codec, med_slice payload, size_t count, double *values) {
  if (count == 0 || count > MED_VECTOR_ROWS) return false;
  if (codec == MED_CODEC_DECIMALS) return decode_decimals(payload, count, values);
  int64_t bits[MED_VECTOR_ROWS];
  if (!med_column_integers_decode(codec, payload, count, bits)) return false;
  memcpy(values, bits, count * sizeof *values);
  return true;
}
