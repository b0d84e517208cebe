/* column_integers.c - which encoding is smallest, writing it, reading it with distrust.
 *
 * Arithmetic is on unsigned numbers and wraps, so that the distance of the smallest and the largest integer is one too. */
#include "storage/column_integers.h"

#include "storage/bit_pack.h"
#include "storage/column_kernels.h"
#include "storage/native.h"

enum {
  PACKED_HEADER = 16,
  DELTAS_HEADER = 24,
  LISTED_HEADER = 16, /* of runs, and of distinct values */
  SCALED_HEADER = 24,
  SCALED_WIDTH_MIN = 8, /* narrower numbers are not worth a factor */
  DISTINCT_MAX = 256,
  DISTINCT_SLOTS = 1024,
  DISTINCT_WIDTH_MIN = 5, /* narrower numbers are packed as they are */
  NARROW_WIDTH_MAX = 29,  /* of codes and their base: their sum is below 2^31 */
};

typedef struct integer_facts {
  int64_t min, max;
  int64_t delta_min, delta_max;
  size_t runs;
} integer_facts;

static int64_t difference(int64_t a, int64_t b) { return (int64_t)((uint64_t)a - (uint64_t)b); }

static void look(const int64_t *values, size_t count, integer_facts *facts) {
  *facts = (integer_facts){values[0], values[0], INT64_MAX, INT64_MIN, 1};
  for (size_t i = 1; i < count; i++) {
    int64_t value = values[i], delta = difference(value, values[i - 1]);
    if (value < facts->min) facts->min = value;
    if (value > facts->max) facts->max = value;
    if (delta < facts->delta_min) facts->delta_min = delta;
    if (delta > facts->delta_max) facts->delta_max = delta;
    facts->runs += delta != 0;
  }
}

/* ---- Distinct values, in order of their first appearance ---- */
static size_t slot_of(int64_t value) { return (size_t)((uint64_t)value * 0x9E3779B97F4A7C15u >> 54) % DISTINCT_SLOTS; }

/* How many there are, or 0 if they are more than DISTINCT_MAX; *numbers, if not NULL, gets the number of each value's. */
static size_t find_distinct(const int64_t *values, size_t count, int64_t *distinct, uint64_t *numbers) {
  uint16_t slots[DISTINCT_SLOTS] = {0}; /* number + 1 */
  size_t found = 0;
  for (size_t i = 0; i < count; i++) {
    size_t slot = slot_of(values[i]);
    while (slots[slot] != 0 && distinct[slots[slot] - 1] != values[i]) slot = (slot + 1) % DISTINCT_SLOTS;
    if (slots[slot] == 0) {
      if (found == DISTINCT_MAX) return 0;
      distinct[found] = values[i];
      slots[slot] = (uint16_t)++found;
    }
    if (numbers != NULL) numbers[i] = slots[slot] - 1u;
  }
  return found;
}

/* ---- Choosing ---- */
static void take_if_smaller(med_integer_plan *plan, const med_integer_plan *other) {
  if (other->size < plan->size) *plan = *other;
}

static void plan_deltas(const integer_facts *facts, size_t count, med_integer_plan *plan) {
  if (count < 2) return;
  med_integer_plan deltas = {.codec = MED_CODEC_DELTAS, .base = facts->delta_min};
  deltas.width = med_bit_pack_width((uint64_t)difference(facts->delta_max, facts->delta_min));
  deltas.size = DELTAS_HEADER + med_bit_pack_size(count, deltas.width);
  take_if_smaller(plan, &deltas);
}

static void plan_runs(const int64_t *values, size_t count, const integer_facts *facts, med_integer_plan *plan) {
  if (facts->runs > count / 2) return;
  med_integer_plan runs = {.codec = MED_CODEC_RUNS, .base = facts->min, .width = plan->width, .entries = facts->runs};
  uint64_t longest = 0, length = 0;
  runs.width = med_bit_pack_width((uint64_t)difference(facts->max, facts->min));
  for (size_t i = 1; i < count; i++) {
    length = values[i] == values[i - 1] ? length + 1 : 0;
    if (length > longest) longest = length;
  }
  runs.number_width = med_bit_pack_width(longest);
  runs.size =
      LISTED_HEADER + med_bit_pack_size(runs.entries, runs.width) + med_bit_pack_size(runs.entries, runs.number_width);
  take_if_smaller(plan, &runs);
}

static void plan_distinct(const int64_t *values, size_t count, const integer_facts *facts, med_integer_plan *plan) {
  int64_t distinct[DISTINCT_MAX];
  med_integer_plan found = {.codec = MED_CODEC_DISTINCT, .base = facts->min};
  found.width = med_bit_pack_width((uint64_t)difference(facts->max, facts->min));
  if (found.width < DISTINCT_WIDTH_MIN) return;
  found.entries = find_distinct(values, count, distinct, NULL);
  if (found.entries == 0) return;
  found.number_width = med_bit_pack_width(found.entries - 1);
  found.size =
      LISTED_HEADER + med_bit_pack_size(found.entries, found.width) + med_bit_pack_size(count, found.number_width);
  take_if_smaller(plan, &found);
}

static void plan_unscaled(const int64_t *values, size_t count, const integer_facts *facts, med_integer_plan *plan) {
  *plan = (med_integer_plan){.codec = MED_CODEC_PACKED, .base = facts->min};
  plan->width = med_bit_pack_width((uint64_t)difference(facts->max, facts->min));
  plan->size = PACKED_HEADER + med_bit_pack_size(count, plan->width);
  plan_deltas(facts, count, plan);
  plan_runs(values, count, facts, plan);
  plan_distinct(values, count, facts, plan);
}

/* The largest number that all distances to the smallest value are multiples of; 1 of most, which is soon seen. */
static uint64_t find_factor(const int64_t *values, size_t count, int64_t min) {
  uint64_t factor = 0;
  for (size_t i = 0; i < count && factor != 1; i++) {
    uint64_t rest = (uint64_t)difference(values[i], min);
    if (factor != 0) rest %= factor; /* 0 for most, once the factor is found */
    while (rest != 0) {
      uint64_t next = factor == 0 ? 0 : factor % rest;
      factor = rest;
      rest = next;
    }
  }
  return factor;
}

static void unscale(const int64_t *values, size_t count, int64_t origin, uint64_t factor, int64_t *numbers) {
  for (size_t i = 0; i < count; i++) numbers[i] = (int64_t)((uint64_t)difference(values[i], origin) / factor);
}

/* Times in milliseconds that are full seconds, amounts that are full hundreds. */
static void plan_scaled(const int64_t *values, size_t count, const integer_facts *facts, med_integer_plan *plan) {
  int64_t numbers[MED_VECTOR_ROWS];
  med_integer_plan scaled;
  integer_facts scaled_facts;
  if (med_bit_pack_width((uint64_t)difference(facts->max, facts->min)) < SCALED_WIDTH_MIN) return;
  uint64_t factor = find_factor(values, count, facts->min);
  if (factor <= 1) return;
  unscale(values, count, facts->min, factor, numbers);
  look(numbers, count, &scaled_facts);
  plan_unscaled(numbers, count, &scaled_facts, &scaled);
  scaled.inner = scaled.codec;
  scaled.inner_size = scaled.size;
  scaled.codec = MED_CODEC_SCALED;
  scaled.size = SCALED_HEADER + med_column_padded(scaled.inner_size);
  scaled.origin = facts->min;
  scaled.factor = factor;
  take_if_smaller(plan, &scaled);
}

void med_column_integers_plan(const int64_t *values, size_t count, med_integer_plan *plan) {
  integer_facts facts;
  look(values, count, &facts);
  plan_unscaled(values, count, &facts, plan);
  plan_scaled(values, count, &facts, plan);
}

/* ---- Writing ---- */
static void encode_packed(const med_integer_plan *plan, const int64_t *values, size_t count, uint8_t *to) {
  uint64_t numbers[MED_VECTOR_ROWS];
  for (size_t i = 0; i < count; i++) numbers[i] = (uint64_t)difference(values[i], plan->base);
  memset(to, 0, PACKED_HEADER);
  med_native_put_i64(to, plan->base);
  to[8] = (uint8_t)plan->width;
  med_bit_pack_put(numbers, count, plan->width, to + PACKED_HEADER);
}

static void encode_deltas(const med_integer_plan *plan, const int64_t *values, size_t count, uint8_t *to) {
  uint64_t numbers[MED_VECTOR_ROWS] = {0};
  for (size_t i = 1; i < count; i++) {
    numbers[i] = (uint64_t)difference(difference(values[i], values[i - 1]), plan->base);
  }
  memset(to, 0, DELTAS_HEADER);
  med_native_put_i64(to, values[0]);
  med_native_put_i64(to + 8, plan->base);
  to[16] = (uint8_t)plan->width;
  med_bit_pack_put(numbers, count, plan->width, to + DELTAS_HEADER);
}

static void put_listed_header(const med_integer_plan *plan, uint8_t *to) {
  memset(to, 0, LISTED_HEADER);
  med_native_put_i64(to, plan->base);
  med_native_put_u16(to + 8, (uint16_t)plan->entries);
  to[10] = (uint8_t)plan->width;
  to[11] = (uint8_t)plan->number_width;
}

static void encode_runs(const med_integer_plan *plan, const int64_t *values, size_t count, uint8_t *to) {
  uint64_t numbers[MED_VECTOR_ROWS], lengths[MED_VECTOR_ROWS];
  size_t run = 0;
  for (size_t i = 0; i < count; i++) {
    if (i > 0 && values[i] == values[i - 1]) {
      lengths[run - 1]++;
    } else {
      numbers[run] = (uint64_t)difference(values[i], plan->base);
      lengths[run++] = 0;
    }
  }
  put_listed_header(plan, to);
  to += LISTED_HEADER;
  med_bit_pack_put(numbers, run, plan->width, to);
  med_bit_pack_put(lengths, run, plan->number_width, to + med_bit_pack_size(run, plan->width));
}

static void encode_distinct(const med_integer_plan *plan, const int64_t *values, size_t count, uint8_t *to) {
  int64_t distinct[DISTINCT_MAX];
  uint64_t numbers[MED_VECTOR_ROWS], list[DISTINCT_MAX];
  size_t entries = find_distinct(values, count, distinct, numbers);
  for (size_t i = 0; i < entries; i++) list[i] = (uint64_t)difference(distinct[i], plan->base);
  put_listed_header(plan, to);
  to += LISTED_HEADER;
  med_bit_pack_put(list, entries, plan->width, to);
  med_bit_pack_put(numbers, count, plan->number_width, to + med_bit_pack_size(entries, plan->width));
}

static void encode_as(med_column_codec codec, const med_integer_plan *plan, const int64_t *values, size_t count,
                      uint8_t *to) {
  switch ((int)codec) {
    case MED_CODEC_DELTAS: encode_deltas(plan, values, count, to); break;
    case MED_CODEC_RUNS: encode_runs(plan, values, count, to); break;
    case MED_CODEC_DISTINCT: encode_distinct(plan, values, count, to); break;
    default: encode_packed(plan, values, count, to);
  }
}

void med_column_integers_encode(const med_integer_plan *plan, const int64_t *values, size_t count, uint8_t *to) {
  int64_t numbers[MED_VECTOR_ROWS];
  if (plan->codec != MED_CODEC_SCALED) {
    encode_as(plan->codec, plan, values, count, to);
    return;
  }
  unscale(values, count, plan->origin, plan->factor, numbers);
  memset(to, 0, plan->size);
  med_native_put_i64(to, plan->origin);
  med_native_put_u64(to + 8, plan->factor);
  to[16] = (uint8_t)plan->inner;
  encode_as(plan->inner, plan, numbers, count, to + SCALED_HEADER);
}

/* ---- Reading ---- */
/* Packed numbers, whatever they stand for: value = origin + factor * (base + number). */
typedef struct packed_numbers {
  const uint8_t *from;
  unsigned width;
  int64_t origin;
  uint64_t factor, base;
} packed_numbers;

static bool find_packed(med_slice payload, size_t count, packed_numbers *packed) {
  const uint8_t *from = payload.bytes;
  if (payload.len < PACKED_HEADER || from[8] > 64) return false;
  if (payload.len != med_column_padded(PACKED_HEADER + med_bit_pack_size(count, from[8]))) return false;
  *packed = (packed_numbers){.from = from + PACKED_HEADER, .width = from[8], .factor = 1, .base = med_native_u64(from)};
  return true;
}

static bool decode_packed(med_slice payload, size_t count, uint64_t *values) {
  packed_numbers packed;
  if (!find_packed(payload, count, &packed)) return false;
  med_bit_pack_get(packed.from, count, packed.width, packed.base, values);
  return true;
}

static bool decode_deltas(med_slice payload, size_t count, uint64_t *values) {
  const uint8_t *from = payload.bytes;
  if (payload.len < DELTAS_HEADER || from[16] > 64) return false;
  if (payload.len != med_column_padded(DELTAS_HEADER + med_bit_pack_size(count, from[16]))) return false;
  med_bit_pack_get(from + DELTAS_HEADER, count, from[16], med_native_u64(from + 8), values);
  uint64_t value = med_native_u64(from);
  values[0] = value;
  for (size_t i = 1; i < count; i++) values[i] = value += values[i];
  return true;
}

/* Header of runs and of distinct values: true if the payload has the size that it says. */
static bool read_listed(med_slice payload, size_t *entries, unsigned *width, unsigned *number_width, size_t numbers,
                        bool numbers_of_entries) {
  const uint8_t *from = payload.bytes;
  if (payload.len < LISTED_HEADER) return false;
  *entries = med_native_u16(from + 8);
  *width = from[10];
  *number_width = from[11];
  if (*entries == 0 || *entries > MED_VECTOR_ROWS || *width > 64 || *number_width > 32) return false;
  size_t list = med_bit_pack_size(*entries, *width);
  size_t rest = med_bit_pack_size(numbers_of_entries ? *entries : numbers, *number_width);
  return payload.len == med_column_padded(LISTED_HEADER + list + rest);
}

static bool decode_runs(med_slice payload, size_t count, uint64_t *values) {
  uint64_t numbers[MED_VECTOR_ROWS], lengths[MED_VECTOR_ROWS];
  const uint8_t *from = payload.bytes;
  size_t runs, at = 0;
  unsigned width, length_width;
  if (!read_listed(payload, &runs, &width, &length_width, count, true)) return false;
  med_bit_pack_get(from + LISTED_HEADER, runs, width, med_native_u64(from), numbers);
  med_bit_pack_get(from + LISTED_HEADER + med_bit_pack_size(runs, width), runs, length_width, 1, lengths);
  for (size_t run = 0; run < runs; run++) {
    if (lengths[run] > count - at) return false;
    for (size_t end = at + lengths[run]; at < end; at++) values[at] = numbers[run];
  }
  return at == count;
}

static bool decode_distinct(med_slice payload, size_t count, uint64_t *values) {
  uint64_t list[MED_VECTOR_ROWS];
  uint32_t numbers[MED_VECTOR_ROWS];
  const uint8_t *from = payload.bytes;
  size_t entries;
  unsigned width, number_width;
  if (!read_listed(payload, &entries, &width, &number_width, count, false)) return false;
  med_bit_pack_get(from + LISTED_HEADER, entries, width, med_native_u64(from), list);
  med_bit_pack_get_u32(from + LISTED_HEADER + med_bit_pack_size(entries, width), count, number_width, numbers);
  for (size_t i = 0; i < count; i++) {
    if (numbers[i] >= entries) return false;
    values[i] = list[numbers[i]];
  }
  return true;
}

static bool decode_unscaled(med_column_codec codec, med_slice payload, size_t count, uint64_t *values) {
  switch ((int)codec) {
    case MED_CODEC_PACKED: return decode_packed(payload, count, values);
    case MED_CODEC_DELTAS: return decode_deltas(payload, count, values);
    case MED_CODEC_RUNS: return decode_runs(payload, count, values);
    case MED_CODEC_DISTINCT: return decode_distinct(payload, count, values);
    default: return false;
  }
}

bool med_column_integers_decode(med_column_codec codec, med_slice payload, size_t count, int64_t *values) {
  const uint8_t *from = payload.bytes;
  uint64_t *numbers = (uint64_t *)values;
  if (count == 0 || count > MED_VECTOR_ROWS) return false;
  if (codec != MED_CODEC_SCALED) return decode_unscaled(codec, payload, count, numbers);
  if (payload.len < SCALED_HEADER) return false;
  med_slice inner = med_slice_of(from + SCALED_HEADER, payload.len - SCALED_HEADER);
  if (!decode_unscaled((med_column_codec)from[16], inner, count, numbers)) return false;
  uint64_t origin = med_native_u64(from), factor = med_native_u64(from + 8);
  for (size_t i = 0; i < count; i++) numbers[i] = origin + factor * numbers[i];
  return true;
}

/* ---- Codes ---- */
/* Packed numbers that are narrow are unpacked as such. */
static bool decode_packed_codes(med_slice payload, size_t count, uint32_t end, uint32_t *codes) {
  const uint8_t *from = payload.bytes;
  uint32_t base = (uint32_t)med_native_u64(from), beyond = 0;
  if (payload.len != med_column_padded(PACKED_HEADER + med_bit_pack_size(count, from[8]))) return false;
  med_bit_pack_get_u32(from + PACKED_HEADER, count, from[8], codes);
  for (size_t i = 0; i < count; i++) {
    codes[i] += base;
    beyond |= end - 1 - codes[i]; /* the highest bit is set if the code is beyond: both are below 2^31 */
  }
  return beyond >> 31 == 0;
}

bool med_column_integers_decode_codes(med_column_codec codec, med_slice payload, size_t count, uint32_t end,
                                      uint32_t *codes) {
  const uint8_t *from = payload.bytes;
  int64_t values[MED_VECTOR_ROWS];
  uint64_t largest = 0;
  if (count == 0 || count > MED_VECTOR_ROWS || end == 0) return false;
  bool narrow = codec == MED_CODEC_PACKED && payload.len >= PACKED_HEADER && from[8] <= NARROW_WIDTH_MAX &&
                med_native_u64(from) < (uint64_t)1 << NARROW_WIDTH_MAX;
  if (narrow) return decode_packed_codes(payload, count, end, codes);
  if (!med_column_integers_decode(codec, payload, count, values)) return false;
  for (size_t i = 0; i < count; i++) {
    uint64_t code = (uint64_t)values[i];
    largest = code > largest ? code : largest;
    codes[i] = (uint32_t)code;
  }
  return largest < end;
}

/* ---- One of them, some of them ---- */
static bool find_scaled(med_slice payload, size_t count, packed_numbers *packed) {
  const uint8_t *from = payload.bytes;
  if (!find_packed(med_slice_of(from + SCALED_HEADER, payload.len - SCALED_HEADER), count, packed)) return false;
  packed->origin = med_native_i64(from);
  packed->factor = med_native_u64(from + 8);
  return true;
}

/* Whether each value can be read by itself, and then, if the payload is *sound, how. */
static bool stand_alone(med_column_codec codec, med_slice payload, size_t count, packed_numbers *packed, bool *sound) {
  const uint8_t *from = payload.bytes;
  bool scaled = codec == MED_CODEC_SCALED && payload.len >= SCALED_HEADER && from[16] == MED_CODEC_PACKED;
  if (codec != MED_CODEC_PACKED && !scaled) return false;
  *sound = scaled ? find_scaled(payload, count, packed) : find_packed(payload, count, packed);
  return true;
}

static int64_t value_at(const packed_numbers *packed, size_t count, size_t index) {
  uint64_t number = packed->base + med_bit_pack_get_one(packed->from, count, packed->width, index);
  return (int64_t)((uint64_t)packed->origin + packed->factor * number);
}

bool med_column_integers_pick(med_column_codec codec, med_slice payload, size_t count, const uint16_t *indexes,
                              size_t picked, int64_t *values) {
  packed_numbers packed;
  bool sound;
  if (count == 0 || count > MED_VECTOR_ROWS) return false;
  if (stand_alone(codec, payload, count, &packed, &sound)) {
    for (size_t i = 0; sound && i < picked; i++) values[indexes[i]] = value_at(&packed, count, indexes[i]);
    return sound;
  }
  int64_t decoded[MED_VECTOR_ROWS]; /* which decoding wants, and values need not be */
  if (!med_column_integers_decode(codec, payload, count, decoded)) return false;
  for (size_t i = 0; i < picked; i++) values[indexes[i]] = decoded[indexes[i]];
  return true;
}

bool med_column_integers_decode_one(med_column_codec codec, med_slice payload, size_t count, size_t index,
                                    int64_t *value) {
  int64_t values[MED_VECTOR_ROWS];
  uint16_t which = (uint16_t)index;
  if (index >= count || !med_column_integers_pick(codec, payload, count, &which, 1, values)) return false;
  *value = values[index];
  return true;
}

/* Whether larger numbers stand for larger values, none of which leaves 64 bits, and fit into 32. */
static bool keep_order(const packed_numbers *packed) {
  med_int128 mask = ((med_int128)1 << packed->width) - 1;
  if (packed->width > 32 || packed->factor == 0) return false;
  if (packed->factor == 1 && packed->origin == 0) return (int64_t)packed->base + mask <= INT64_MAX;
  return packed->base <= UINT32_MAX && packed->origin + (med_int128)packed->factor * (packed->base + mask) <= INT64_MAX;
}

static int64_t smallest_of(const packed_numbers *packed) {
  return (int64_t)((uint64_t)packed->origin + packed->factor * packed->base);
}

static void packed_within(const packed_numbers *packed, size_t count, int64_t low, int64_t high, uint64_t *found) {
  uint32_t numbers[MED_VECTOR_ROWS];
  int64_t smallest = smallest_of(packed);
  uint64_t largest = ((uint64_t)1 << packed->width) - 1, first = 0;
  memset(found, 0, MED_VECTOR_WORDS * sizeof *found);
  if (low > high || high < smallest) return;
  uint64_t last = (uint64_t)difference(high, smallest) / packed->factor;
  if (low > smallest) {
    uint64_t distance = (uint64_t)difference(low, smallest);
    first = distance / packed->factor + (distance % packed->factor != 0);
  }
  if (first > largest || first > last) return;
  if (last > largest) last = largest;
  med_bit_pack_get_u32(packed->from, count, packed->width, numbers);
  med_column_numbers_within(numbers, count, (uint32_t)first, (uint32_t)last, found);
}

bool med_column_integers_within(med_column_codec codec, med_slice payload, size_t count, int64_t low, int64_t high,
                                uint64_t *found) {
  packed_numbers packed;
  int64_t values[MED_VECTOR_ROWS];
  uint64_t up_to[MED_VECTOR_WORDS];
  bool sound;
  if (count == 0 || count > MED_VECTOR_ROWS) return false;
  if (stand_alone(codec, payload, count, &packed, &sound)) {
    if (!sound) return false;
    if (keep_order(&packed)) {
      packed_within(&packed, count, low, high, found);
      return true;
    }
  }
  if (!med_column_integers_decode(codec, payload, count, values)) return false;
  med_column_compare_integers(values, count, MED_GREATER_EQUAL, low, found);
  med_column_compare_integers(values, count, MED_LESS_EQUAL, high, up_to);
  for (size_t i = 0; i < MED_VECTOR_WORDS; i++) found[i] &= up_to[i];
  return true;
}
