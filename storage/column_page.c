/* column_page.c - bytes of a group's header and of a page of pieces, written and checked. */
#include "storage/column_page.h"

#include <assert.h>

#include "storage/native.h"
#include "storage/page_run.h"
#include "storage/status.h"
#include "storage/store.h"

enum { VERSION = 1, GROUP_HEADER = 72, ZONE_SIZE = 24, ENTRY_SIZE = 8, FLAG_NULLS = 1 };

static int corrupt(medley_error *error, const char *what) {
  return med_error_set(error, MEDLEY_CORRUPT, "column: %s", what);
}

/* ---- The header of a group ---- */
size_t med_column_group_write(const med_column_group *group, uint8_t *page) {
  med_page_header_write(page, MED_PAGE_COLUMN_GROUP, VERSION, (uint16_t)group->vectors);
  med_native_put_u32(page + 8, (uint32_t)group->type);
  med_native_put_u32(page + 12, group->rows);
  med_native_put_u32(page + 16, group->nulls);
  med_native_put_u32(page + 20, group->pages);
  med_native_put_u32(page + 24, group->dictionary_pages);
  med_native_put_u32(page + 28, group->dictionary_texts);
  med_native_put_u64(page + 32, group->min.prefix);
  med_native_put_u64(page + 40, group->max.prefix);
  med_native_put_u64(page + 48, (uint64_t)group->sum);
  med_native_put_i64(page + 56, (int64_t)(group->sum >> 64));
  med_native_put_real(page + 64, group->real_sum);
  for (size_t i = 0; i < group->vectors; i++) {
    uint8_t *to = page + GROUP_HEADER + i * ZONE_SIZE;
    med_native_put_u32(to, group->zones[i].page);
    med_native_put_u32(to + 4, group->zones[i].nulls);
    med_native_put_u64(to + 8, group->zones[i].min.prefix);
    med_native_put_u64(to + 16, group->zones[i].max.prefix);
  }
  return GROUP_HEADER + group->vectors * ZONE_SIZE;
}

static bool zones_are_sound(const med_column_group *group) {
  uint64_t nulls = 0;
  for (size_t i = 0; i < group->vectors; i++) {
    const med_column_zone *zone = &group->zones[i];
    size_t rows = med_column_group_vector_rows(group, i);
    bool constant = zone->nulls == 0 && group->type != MED_COLUMN_TEXTS;
    if (zone->nulls > rows) return false;
    if (zone->page == MED_COLUMN_NO_PAGE ? zone->nulls != rows && !constant : zone->page >= group->pages) return false;
    nulls += zone->nulls;
  }
  return nulls == group->nulls;
}

int med_column_group_read(med_slice page, med_column_group *group, medley_error *error) {
  uint16_t vectors;
  const uint8_t *from = page.bytes;
  int rc = med_page_header_read(page, MED_PAGE_COLUMN_GROUP, VERSION, &vectors, error);
  if (rc != MEDLEY_OK) return rc;
  if (page.len != GROUP_HEADER + (size_t)vectors * ZONE_SIZE)
    return corrupt(error, "the header of a group has another length");
  group->type = (med_column_type)med_native_u32(from + 8);
  group->rows = med_native_u32(from + 12);
  group->nulls = med_native_u32(from + 16);
  group->vectors = vectors;
  group->pages = med_native_u32(from + 20);
  group->dictionary_pages = med_native_u32(from + 24);
  group->dictionary_texts = med_native_u32(from + 28);
  group->min.prefix = med_native_u64(from + 32);
  group->max.prefix = med_native_u64(from + 40);
  group->sum =
      (med_int128)(((__extension__(unsigned __int128) med_native_u64(from + 56)) << 64) | med_native_u64(from + 48));
  group->real_sum = med_native_real(from + 64);
  if (group->rows == 0 || group->rows > MED_GROUP_ROWS) return corrupt(error, "a group has no rows, or too many");
  if (vectors != (group->rows + MED_VECTOR_ROWS - 1) / MED_VECTOR_ROWS) return corrupt(error, "a group lacks vectors");
  if (group->pages > MED_COLUMN_DICTIONARY_AT) return corrupt(error, "a group has too many pages");
  for (size_t i = 0; i < vectors; i++) {
    const uint8_t *zone = from + GROUP_HEADER + i * ZONE_SIZE;
    group->zones[i].page = med_native_u32(zone);
    group->zones[i].nulls = med_native_u32(zone + 4);
    group->zones[i].min.prefix = med_native_u64(zone + 8);
    group->zones[i].max.prefix = med_native_u64(zone + 16);
  }
  return zones_are_sound(group) ? MEDLEY_OK : corrupt(error, "the header of a group contradicts itself");
}

/* ---- Pages of pieces ---- */
size_t med_column_page_room(const med_column_page_writer *page) {
  size_t taken = MED_PAGE_HEADER_SIZE + (page->piece_count + 1) * ENTRY_SIZE + page->used;
  if (taken >= MED_VALUE_SIZE_MAX || page->piece_count == MED_COLUMN_PIECES_MAX) return 0;
  return (MED_VALUE_SIZE_MAX - taken) & ~(size_t)7;
}

uint8_t *med_column_page_add(med_column_page_writer *page, const med_column_piece *piece, bool has_nulls, size_t size) {
  assert(size <= med_column_page_room(page) && size % 8 == 0);
  size_t at = page->piece_count++;
  page->pieces[at].offset = (uint16_t)page->used;
  page->pieces[at].first_row = piece->first_row;
  page->pieces[at].rows = piece->rows;
  page->pieces[at].codec = (uint8_t)piece->codec;
  page->pieces[at].has_nulls = has_nulls;
  uint8_t *payload = page->payloads + page->used;
  memset(payload, 0, size);
  page->used += size;
  return payload;
}

size_t med_column_page_finish(med_column_page_writer *page, uint8_t *to) {
  size_t payloads = MED_PAGE_HEADER_SIZE + page->piece_count * ENTRY_SIZE;
  med_page_header_write(to, MED_PAGE_COLUMN_VECTORS, VERSION, (uint16_t)page->piece_count);
  for (size_t i = 0; i < page->piece_count; i++) {
    uint8_t *entry = to + MED_PAGE_HEADER_SIZE + i * ENTRY_SIZE;
    med_native_put_u16(entry, (uint16_t)(payloads + page->pieces[i].offset));
    med_native_put_u16(entry + 2, page->pieces[i].first_row);
    med_native_put_u16(entry + 4, page->pieces[i].rows);
    entry[6] = page->pieces[i].codec;
    entry[7] = page->pieces[i].has_nulls ? FLAG_NULLS : 0;
  }
  memcpy(to + payloads, page->payloads, page->used);
  size_t len = payloads + page->used;
  page->piece_count = page->used = 0;
  return len;
}

int med_column_page_read(med_slice page, uint16_t *piece_count, bool *is_bytes, medley_error *error) {
  *is_bytes = page.len > 2 && ((const uint8_t *)page.bytes)[2] == MED_PAGE_COLUMN_BYTES;
  int rc = med_page_header_read(page, *is_bytes ? MED_PAGE_COLUMN_BYTES : MED_PAGE_COLUMN_VECTORS, VERSION, piece_count,
                                error);
  if (rc != MEDLEY_OK || *is_bytes) return rc;
  return page.len >= MED_PAGE_HEADER_SIZE + (size_t)*piece_count * ENTRY_SIZE ? MEDLEY_OK
                                                                              : corrupt(error, "a page is too short");
}

/* Splits the bitmap of rows off the payload. */
static bool take_bitmap(med_column_piece *piece) {
  size_t words = ((size_t)piece->rows + 63) / 64, values = 0, tail = piece->rows % 64;
  if (piece->payload.len < words * 8) return false;
  const uint8_t *bytes = piece->payload.bytes;
  for (size_t i = 0; i < words; i++) values += (size_t)__builtin_popcountll(med_native_u64(bytes + 8 * i));
  if (tail != 0 && med_native_u64(bytes + 8 * (words - 1)) >> tail != 0) return false;
  piece->values = (uint16_t)values;
  piece->rows_with = med_slice_of(bytes, words * 8);
  piece->payload = med_slice_of(bytes + words * 8, piece->payload.len - words * 8);
  return values > 0;
}

int med_column_page_piece(med_slice page, uint16_t piece_count, uint16_t index, med_column_piece *piece,
                          medley_error *error) {
  const uint8_t *from = page.bytes, *entry = from + MED_PAGE_HEADER_SIZE + (size_t)index * ENTRY_SIZE;
  size_t begin = med_native_u16(entry), end = index + 1 < piece_count ? med_native_u16(entry + ENTRY_SIZE) : page.len;
  size_t payloads = MED_PAGE_HEADER_SIZE + (size_t)piece_count * ENTRY_SIZE;
  piece->first_row = med_native_u16(entry + 2);
  piece->rows = piece->values = med_native_u16(entry + 4);
  piece->codec = (med_column_codec)entry[6];
  piece->rows_with = med_slice_of(NULL, 0);
  if (begin < payloads || end < begin || end > page.len) return corrupt(error, "a piece lies outside of its page");
  if (piece->rows == 0 || piece->rows > MED_VECTOR_ROWS - piece->first_row % MED_VECTOR_ROWS || entry[7] > FLAG_NULLS) {
    return corrupt(error, "a piece has no rows, or such of two vectors");
  }
  piece->payload = med_slice_of(from + begin, end - begin);
  if (entry[7] == FLAG_NULLS && !take_bitmap(piece))
    return corrupt(error, "a piece does not say which rows have a value");
  return MEDLEY_OK;
}
