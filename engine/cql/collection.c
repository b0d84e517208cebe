/* collection.c - see collection.h. */
#include "engine/cql/collection.h"

#include <stdlib.h>

/* ---- Order, and no repetition ---- */

typedef struct sorting {
  const med_wide_type *key;
  const med_slice *parts;
  size_t width; /* parts an element has: 2 in a map */
} sorting;

/* Of elements that are equal the later one comes first, so that it is the one that stays. */
static int compare_elements(const void *a, const void *b, void *context) {
  const sorting *s = context;
  size_t first = *(const size_t *)a, second = *(const size_t *)b;
  int order = med_wide_value_compare(s->key, s->parts[first * s->width], s->parts[second * s->width]);
  return order != 0 ? order : first < second ? 1 : -1;
}

/* The places of the elements that stay, in order; answers how many, or SIZE_MAX if memory is short. */
static size_t order_elements(const sorting *s, size_t count, med_arena *arena, size_t **places) {
  size_t kept = 0, *order = med_arena_alloc(arena, (count + 1) * sizeof *order);
  if (order == NULL) return SIZE_MAX;
  for (size_t i = 0; i < count; i++) order[i] = i;
  if (count > 1) qsort_r(order, count, sizeof *order, compare_elements, (void *)(uintptr_t)s);
  for (size_t i = 0; i < count; i++) {
    bool repeated = kept > 0 && med_wide_value_compare(s->key, s->parts[order[kept - 1] * s->width],
                                                       s->parts[order[i] * s->width]) == 0;
    if (!repeated) order[kept++] = order[i];
  }
  *places = order;
  return kept;
}

/* ---- Bytes ---- */

static uint8_t *put_part(uint8_t *at, med_slice part) {
  med_put_u32(at, med_wide_is_null(part) ? UINT32_MAX : (uint32_t)part.len);
  if (part.len > 0) memcpy(at + 4, part.bytes, part.len);
  return at + 4 + part.len;
}

/* Room for a count, if there is one, and the parts. NULL with the error set. */
static uint8_t *allocate(const med_slice *parts, size_t count, med_arena *arena, size_t *size, medley_error *error) {
  *size = 4;
  for (size_t i = 0; i < count; i++) {
    *size += 4 + parts[i].len;
    if (*size > INT32_MAX) {
      med_error_set(error, MEDLEY_TOO_BIG, "cql: a value is larger than 2 GiB");
      return NULL;
    }
  }
  uint8_t *bytes = med_arena_alloc(arena, *size);
  if (bytes == NULL) (void)med_error_no_memory(error);
  return bytes;
}

static int make_collection(const med_wide_type *type, med_slice *parts, size_t count, med_arena *arena,
                           med_slice *value, medley_error *error) {
  size_t size, width = type->kind == MED_WIDE_MAP ? 2 : 1, elements = count / width, *places = NULL;
  sorting s = {.key = &type->parts[0], .parts = parts, .width = width};
  for (size_t i = 0; i < count; i++) {
    if (med_wide_is_null(parts[i]))
      return med_error_set(error, MEDLEY_TYPE, "null is not supported inside collections");
  }
  uint8_t *bytes = allocate(parts, count, arena, &size, error);
  if (bytes == NULL) return size > INT32_MAX ? MEDLEY_TOO_BIG : MEDLEY_NO_MEMORY;
  if (type->kind != MED_WIDE_LIST) {
    elements = order_elements(&s, elements, arena, &places);
    if (elements == SIZE_MAX) return med_error_no_memory(error);
  }
  med_put_u32(bytes, (uint32_t)elements);
  uint8_t *at = bytes + 4;
  for (size_t i = 0; i < elements; i++) {
    size_t place = places == NULL ? i : places[i];
    for (size_t part = 0; part < width; part++) at = put_part(at, parts[place * width + part]);
  }
  *value = med_slice_of(bytes, (size_t)(at - bytes));
  return MEDLEY_OK;
}

/* All components are written, the missing ones as null: equal tuples have equal bytes. */
static int make_tuple(const med_wide_type *type, const med_slice *parts, size_t count, med_arena *arena,
                      med_slice *value, medley_error *error) {
  size_t size;
  med_slice *all = med_arena_alloc(arena, (type->part_count + 1u) * sizeof *all);
  if (all == NULL) return med_error_no_memory(error);
  for (size_t i = 0; i < type->part_count; i++) all[i] = i < count ? parts[i] : med_slice_of(NULL, 0);
  uint8_t *bytes = allocate(all, type->part_count, arena, &size, error), *at = bytes;
  if (bytes == NULL) return size > INT32_MAX ? MEDLEY_TOO_BIG : MEDLEY_NO_MEMORY;
  for (size_t i = 0; i < type->part_count; i++) at = put_part(at, all[i]);
  *value = med_slice_of(bytes, (size_t)(at - bytes));
  return MEDLEY_OK;
}

int med_cql_collection_make(const med_wide_type *type, med_slice *parts, size_t count, med_arena *arena,
                            med_slice *value, medley_error *error) {
  return med_wide_kind_is_collection(type->kind) ? make_collection(type, parts, count, arena, value, error)
                                                 : make_tuple(type, parts, count, arena, value, error);
}

int med_cql_value_take(med_buffer *buffer, med_arena *arena, med_slice *value, medley_error *error) {
  void *copy = med_arena_copy(arena, buffer->len > 0 ? buffer->bytes : "", buffer->len);
  *value = med_slice_of(copy, buffer->len);
  med_buffer_clear(buffer);
  return copy != NULL ? MEDLEY_OK : med_error_no_memory(error);
}
