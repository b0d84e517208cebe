/* column_dictionary.c - numbers for texts, and the pages that hold them. */
#include "storage/column_dictionary.h"

#include "storage/native.h"
#include "storage/page_run.h"
#include "storage/status.h"

/* A page: header, number of its first text(4), zero(4), an offset(2) for each text and one more, the bytes. */
enum { VERSION = 1, PAGE_HEADER = 16, OFFSET_SIZE = 2, EMPTY_PAGE = PAGE_HEADER + OFFSET_SIZE };
enum { SLOTS = 2 * MED_DICTIONARY_ENTRIES_MAX };

void med_column_dictionary_clear(med_dictionary_writer *dictionary) {
  med_buffer_clear(&dictionary->bytes);
  med_free(dictionary->offsets);
  med_free(dictionary->slots);
  *dictionary = (med_dictionary_writer){0};
}

void med_column_dictionary_empty(med_dictionary_writer *dictionary) {
  dictionary->end = (med_dictionary_mark){0};
  dictionary->bytes.len = 0;
  if (dictionary->slots != NULL) memset(dictionary->slots, 0, SLOTS * sizeof *dictionary->slots);
}

static int allocate(med_dictionary_writer *dictionary) {
  if (dictionary->slots != NULL) return MEDLEY_OK;
  dictionary->offsets = med_alloc((MED_DICTIONARY_ENTRIES_MAX + 1) * sizeof *dictionary->offsets);
  if (dictionary->offsets == NULL) return MEDLEY_NO_MEMORY;
  dictionary->slots = med_alloc_zero(SLOTS * sizeof *dictionary->slots);
  if (dictionary->slots == NULL) {
    med_free(dictionary->offsets);
    dictionary->offsets = NULL;
    return MEDLEY_NO_MEMORY;
  }
  dictionary->offsets[0] = 0;
  return MEDLEY_OK;
}

static med_slice text_at(const med_dictionary_writer *dictionary, uint32_t code) {
  uint32_t from = dictionary->offsets[code], len = dictionary->offsets[code + 1] - from;
  return med_slice_of(len > 0 ? dictionary->bytes.bytes + from : "", len);
}

/* Where the text is, or would be put. */
static size_t find_slot(const med_dictionary_writer *dictionary, med_slice text) {
  size_t slot = med_hash64(text.bytes, text.len, 0) % SLOTS;
  while (dictionary->slots[slot] != 0 && !med_slice_equal(text_at(dictionary, dictionary->slots[slot] - 1u), text)) {
    slot = (slot + 1) % SLOTS;
  }
  return slot;
}

/* Takes room in the last page, or in a new one; false if there is none. */
static bool take_room(med_dictionary_writer *dictionary, size_t len) {
  med_dictionary_mark *end = &dictionary->end;
  if (len > MED_VALUE_SIZE_MAX - EMPTY_PAGE - OFFSET_SIZE || end->count == MED_DICTIONARY_ENTRIES_MAX) return false;
  if (end->page_count == 0 || end->page_used + len + OFFSET_SIZE > MED_VALUE_SIZE_MAX) {
    if (end->page_count == MED_DICTIONARY_PAGES) return false;
    dictionary->page_first[end->page_count++] = end->count;
    end->page_used = EMPTY_PAGE;
  }
  end->page_used += len + OFFSET_SIZE;
  return true;
}

int med_column_dictionary_add(med_dictionary_writer *dictionary, med_slice text, uint32_t *code) {
  int rc = allocate(dictionary);
  if (rc != MEDLEY_OK) return rc;
  size_t slot = find_slot(dictionary, text);
  *code = MED_DICTIONARY_NONE;
  if (dictionary->slots[slot] != 0) {
    *code = dictionary->slots[slot] - 1u;
    return MEDLEY_OK;
  }
  if (!med_buffer_reserve(&dictionary->bytes, text.len)) return MEDLEY_NO_MEMORY;
  if (!take_room(dictionary, text.len)) return MEDLEY_OK;
  if (!med_buffer_append(&dictionary->bytes, text.bytes, text.len)) return MEDLEY_NO_MEMORY;
  *code = dictionary->end.count++;
  dictionary->offsets[dictionary->end.count] = (uint32_t)dictionary->bytes.len;
  dictionary->slots[slot] = (uint16_t)dictionary->end.count;
  return MEDLEY_OK;
}

void med_column_dictionary_cut(med_dictionary_writer *dictionary, med_dictionary_mark mark) {
  /* From the last one on: nothing that stays has been put behind it in the table because it was there. */
  while (dictionary->end.count > mark.count) {
    dictionary->slots[find_slot(dictionary, text_at(dictionary, dictionary->end.count - 1))] = 0;
    dictionary->end.count--;
    dictionary->bytes.len = dictionary->offsets[dictionary->end.count];
  }
  dictionary->end = mark;
}

size_t med_column_dictionary_page(const med_dictionary_writer *dictionary, uint32_t index, uint8_t *page) {
  bool last = index + 1 == dictionary->end.page_count;
  uint32_t first = dictionary->page_first[index];
  uint32_t count = (last ? dictionary->end.count : dictionary->page_first[index + 1]) - first;
  size_t at = PAGE_HEADER + (count + 1) * OFFSET_SIZE;
  med_page_header_write(page, MED_PAGE_COLUMN_DICTIONARY, VERSION, (uint16_t)count);
  med_native_put_u32(page + 8, first);
  med_native_put_u32(page + 12, 0);
  for (uint32_t i = 0; i < count; i++) {
    med_slice text = text_at(dictionary, first + i);
    med_native_put_u16(page + PAGE_HEADER + i * OFFSET_SIZE, (uint16_t)at);
    if (text.len > 0) memcpy(page + at, text.bytes, text.len);
    at += text.len;
  }
  med_native_put_u16(page + PAGE_HEADER + count * OFFSET_SIZE, (uint16_t)at);
  return at;
}

/* ---- Reading ---- */
int med_column_dictionary_start(med_dictionary *dictionary, uint32_t count, medley_error *error) {
  dictionary->count = 0;
  med_arena_reset(&dictionary->arena);
  if (count > MED_DICTIONARY_ENTRIES_MAX) {
    return med_error_set(error, MEDLEY_CORRUPT, "column: a dictionary of %u texts", (unsigned)count);
  }
  dictionary->texts = med_arena_alloc(&dictionary->arena, (count + 1) * sizeof *dictionary->texts);
  if (dictionary->texts == NULL) return med_error_no_memory(error);
  dictionary->count = count;
  return MEDLEY_OK;
}

int med_column_dictionary_read(med_dictionary *dictionary, med_slice page, uint32_t *next, medley_error *error) {
  uint16_t count;
  int rc = med_page_header_read(page, MED_PAGE_COLUMN_DICTIONARY, VERSION, &count, error);
  if (rc != MEDLEY_OK) return rc;
  size_t heap = PAGE_HEADER + ((size_t)count + 1) * OFFSET_SIZE;
  uint8_t *copy = heap > page.len ? NULL : med_arena_copy(&dictionary->arena, page.bytes, page.len);
  if (heap > page.len || med_native_u32((const uint8_t *)page.bytes + 8) != *next ||
      count > dictionary->count - *next) {
    return med_error_set(error, MEDLEY_CORRUPT, "column: a dictionary page does not fit behind %u texts", *next);
  }
  if (copy == NULL) return med_error_no_memory(error);
  for (size_t i = 0, from = heap; i < count; i++) {
    size_t begin = med_native_u16(copy + PAGE_HEADER + i * OFFSET_SIZE);
    size_t end = med_native_u16(copy + PAGE_HEADER + (i + 1) * OFFSET_SIZE);
    if (begin != from || end < begin || end > page.len) {
      return med_error_set(error, MEDLEY_CORRUPT, "column: a text of a dictionary page lies outside of it");
    }
    dictionary->texts[(*next)++] = med_slice_of(copy + begin, end - begin);
    from = end;
  }
  return MEDLEY_OK;
}

void med_column_dictionary_drop(med_dictionary *dictionary) {
  med_arena_clear(&dictionary->arena);
  *dictionary = (med_dictionary){0};
}
