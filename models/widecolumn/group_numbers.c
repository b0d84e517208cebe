/* group_numbers.c - see group_numbers.h. */
#include "models/widecolumn/group_numbers.h"

#include <string.h>

#define SLOTS_FIRST 64u

static uint64_t mix(uint64_t value) { /* the finalizer of splitmix64 */
  value = (value ^ (value >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
  value = (value ^ (value >> 27)) * UINT64_C(0x94D049BB133111EB);
  return value ^ (value >> 31);
}

static bool slots_init(med_group_slots *slots, uint32_t size, uint64_t seed) {
  slots->seed = seed;
  slots->slots = med_alloc_zero(size * sizeof *slots->slots);
  slots->mask = size - 1;
  return slots->slots != NULL;
}

static void put_slot(med_group_slots *slots, uint64_t hash, uint32_t number) {
  uint32_t at = (uint32_t)hash & slots->mask;
  while (slots->slots[at] != 0) at = (at + 1) & slots->mask;
  slots->slots[at] = number + 1;
}

/* ---- Values ---- */
static uint64_t hash_text(const med_group_values *values, med_slice text) {
  return med_hash64(text.bytes, text.len, values->slots.seed);
}
static uint64_t hash_integer(const med_group_values *values, int64_t integer) {
  return mix((uint64_t)integer ^ values->slots.seed);
}
static uint64_t hash_of(const med_group_values *values, uint32_t number) {
  return values->is_text ? hash_text(values, values->texts[number]) : hash_integer(values, values->integers[number]);
}

static bool grow_values(med_group_values *values) {
  uint32_t capacity = values->capacity * 2 + SLOTS_FIRST / 2;
  if (values->is_text) {
    med_slice *texts = med_realloc(values->texts, capacity * sizeof *texts);
    if (texts == NULL) return false;
    values->texts = texts;
  } else {
    int64_t *integers = med_realloc(values->integers, capacity * sizeof *integers);
    if (integers == NULL) return false;
    values->integers = integers;
  }
  values->capacity = capacity;
  return true;
}

static bool grow_value_slots(med_group_values *values) {
  med_group_slots more;
  if (!slots_init(&more, (values->slots.mask + 1) * 2, values->slots.seed)) return false;
  for (uint32_t i = 1; i < values->count; i++) put_slot(&more, hash_of(values, i), i);
  med_free(values->slots.slots);
  values->slots = more;
  return true;
}

bool med_group_values_init(med_group_values *values, bool is_text, uint64_t seed) {
  *values = (med_group_values){.is_text = is_text};
  if (!slots_init(&values->slots, SLOTS_FIRST, seed) || !grow_values(values)) return false;
  values->count = 1; /* null */
  if (is_text)
    values->texts[0] = med_slice_of("", 0);
  else
    values->integers[0] = 0;
  return true;
}

void med_group_values_clear(med_group_values *values) {
  med_free(values->integers);
  med_free(values->texts);
  med_free(values->slots.slots);
  med_free(values->of_code);
  med_free(values->direct);
  med_arena_clear(&values->arena);
  *values = (med_group_values){0};
}

/* Room for one more, of which the slots know nothing yet. */
static bool make_room(med_group_values *values) {
  if (values->count == values->capacity && !grow_values(values)) return false;
  return values->count * 2 <= values->slots.mask || grow_value_slots(values);
}

bool med_group_values_integer(med_group_values *values, int64_t integer, uint32_t *number) {
  if (values->last != MED_GROUP_NULL && values->integers[values->last] == integer) {
    *number = values->last;
    return true;
  }
  uint64_t hash = hash_integer(values, integer);
  for (uint32_t at = (uint32_t)hash & values->slots.mask; values->slots.slots[at] != 0;
       at = (at + 1) & values->slots.mask) {
    *number = values->slots.slots[at] - 1;
    if (values->integers[*number] != integer) continue;
    values->last = *number;
    return true;
  }
  if (!make_room(values)) return false;
  *number = values->last = values->count++;
  values->integers[*number] = integer;
  put_slot(&values->slots, hash, *number);
  return true;
}

/* Whether the table has all integers within the bounds: it is made for the first ones that it can have. */
static bool has_direct(med_group_values *values, int64_t min, int64_t max) {
  if ((uint64_t)max - (uint64_t)min >= MED_GROUP_DIRECT) return false;
  if (values->direct == NULL) {
    /* From a multiple of its size on, that neighbours of the first ones be in it; without it there is the other way. */
    values->direct_from = (int64_t)((uint64_t)min & ~(uint64_t)(MED_GROUP_DIRECT - 1));
    values->direct = med_alloc_zero(MED_GROUP_DIRECT * sizeof *values->direct);
    if (values->direct == NULL) return false;
  }
  uint64_t from = (uint64_t)values->direct_from;
  return min >= values->direct_from && (uint64_t)max - from < MED_GROUP_DIRECT;
}

/* Each looks into the table, whatever the bounds promised. False if one of them has no number yet. */
static bool look_up(const uint32_t *direct, int64_t from, const int64_t *integers, size_t count, uint32_t *numbers) {
  uint32_t missing = 0;
  for (size_t i = 0; i < count; i++) {
    uint32_t number = direct[((uint64_t)integers[i] - (uint64_t)from) % MED_GROUP_DIRECT];
    numbers[i] = number;
    missing |= number == MED_GROUP_NULL;
  }
  return missing == 0;
}

/* The same, of which those that have no number get one. */
static bool look_up_or_add(med_group_values *values, const int64_t *integers, size_t count, uint32_t *numbers) {
  bool ok = true;
  for (size_t i = 0; ok && i < count; i++) {
    uint32_t *known = &values->direct[((uint64_t)integers[i] - (uint64_t)values->direct_from) % MED_GROUP_DIRECT];
    if (*known == MED_GROUP_NULL) ok = med_group_values_integer(values, integers[i], known);
    numbers[i] = *known;
  }
  return ok;
}

bool med_group_values_integers(med_group_values *values, const int64_t *integers, size_t count, int64_t min,
                               int64_t max, uint32_t *numbers) {
  if (has_direct(values, min, max))
    return look_up(values->direct, values->direct_from, integers, count, numbers) ||
           look_up_or_add(values, integers, count, numbers);
  bool ok = true;
  for (size_t i = 0; ok && i < count; i++) ok = med_group_values_integer(values, integers[i], &numbers[i]);
  return ok;
}

bool med_group_values_text(med_group_values *values, med_slice text, uint32_t *number) {
  uint64_t hash = hash_text(values, text);
  for (uint32_t at = (uint32_t)hash & values->slots.mask; values->slots.slots[at] != 0;
       at = (at + 1) & values->slots.mask) {
    *number = values->slots.slots[at] - 1;
    if (med_slice_equal(values->texts[*number], text)) return true;
  }
  void *copy = med_arena_copy(&values->arena, text.len > 0 ? text.bytes : "", text.len);
  if (copy == NULL || !make_room(values)) return false;
  *number = values->count++;
  values->texts[*number] = med_slice_of(copy, text.len);
  put_slot(&values->slots, hash, *number);
  return true;
}

static bool begin_dictionary(med_group_values *values, uint64_t dictionary, size_t count) {
  if (count > values->code_capacity) {
    uint32_t *of_code = med_realloc(values->of_code, count * sizeof *of_code);
    if (of_code == NULL) return false;
    values->of_code = of_code;
    values->code_capacity = count;
  }
  memset(values->of_code, 0, count * sizeof *values->of_code); /* MED_GROUP_NULL */
  values->dictionary = dictionary;
  values->code_count = count;
  return true;
}

bool med_group_values_codes(med_group_values *values, uint64_t dictionary, const med_slice *texts, size_t text_count,
                            const uint32_t *codes, size_t count, uint32_t *numbers) {
  if (values->dictionary != dictionary && !begin_dictionary(values, dictionary, text_count)) return false;
  const uint32_t *of_code = values->of_code;
  for (size_t i = 0; i < count; i++) {
    uint32_t code = codes[i];
    if (of_code[code] == MED_GROUP_NULL && !med_group_values_text(values, texts[code], &values->of_code[code]))
      return false;
    numbers[i] = of_code[code];
  }
  return true;
}

/* ---- Pairs ---- */
static uint64_t hash_pair(const med_group_pairs *pairs, uint32_t left, uint32_t right) {
  return mix(((uint64_t)left << 32 | right) ^ pairs->slots.seed);
}

static bool grow_pairs(med_group_pairs *pairs) {
  uint32_t capacity = pairs->capacity * 2 + SLOTS_FIRST / 2;
  uint32_t *left = med_realloc(pairs->left, capacity * sizeof *left);
  if (left == NULL) return false;
  pairs->left = left;
  uint32_t *right = med_realloc(pairs->right, capacity * sizeof *right);
  if (right == NULL) return false;
  pairs->right = right;
  pairs->capacity = capacity;
  return true;
}

static bool grow_pair_slots(med_group_pairs *pairs) {
  med_group_slots more;
  if (!slots_init(&more, (pairs->slots.mask + 1) * 2, pairs->slots.seed)) return false;
  for (uint32_t i = 0; i < pairs->count; i++) put_slot(&more, hash_pair(pairs, pairs->left[i], pairs->right[i]), i);
  med_free(pairs->slots.slots);
  pairs->slots = more;
  return true;
}

bool med_group_pairs_init(med_group_pairs *pairs, uint64_t seed) {
  *pairs = (med_group_pairs){0};
  return slots_init(&pairs->slots, SLOTS_FIRST, seed);
}

void med_group_pairs_clear(med_group_pairs *pairs) {
  med_free(pairs->left);
  med_free(pairs->right);
  med_free(pairs->slots.slots);
  *pairs = (med_group_pairs){0};
}

bool med_group_pairs_number(med_group_pairs *pairs, uint32_t left, uint32_t right, uint32_t *number) {
  uint64_t hash = hash_pair(pairs, left, right);
  for (uint32_t at = (uint32_t)hash & pairs->slots.mask; pairs->slots.slots[at] != 0;
       at = (at + 1) & pairs->slots.mask) {
    *number = pairs->slots.slots[at] - 1;
    if (pairs->left[*number] == left && pairs->right[*number] == right) return true;
  }
  if (pairs->count == pairs->capacity && !grow_pairs(pairs)) return false;
  if (pairs->count * 2 > pairs->slots.mask && !grow_pair_slots(pairs)) return false;
  *number = pairs->count++;
  pairs->left[*number] = left;
  pairs->right[*number] = right;
  put_slot(&pairs->slots, hash, *number);
  return true;
}
