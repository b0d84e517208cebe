/* test_memory.c - buffers grow and keep what they hold; arenas align, and give back. */
#include <check.h>
#include <stdio.h>
#include <string.h>

#include "storage/memory.h"
#include "tests/unit/property.h"

START_TEST(a_buffer_keeps_what_was_appended) {
  uint64_t random = property_seed("buffer");
  static uint8_t model[200000];
  size_t len = 0;
  med_buffer buffer = {0};
  while (len + 1000 < sizeof model) {
    size_t more = (size_t)property_below(&random, 1000);
    for (size_t i = 0; i < more; i++) model[len + i] = (uint8_t)property_random(&random);
    ck_assert(med_buffer_append(&buffer, model + len, more));
    len += more;
    ck_assert_uint_eq(buffer.len, len);
    ck_assert_uint_ge(buffer.capacity, buffer.len);
  }
  ck_assert_mem_eq(buffer.bytes, model, len);
  med_buffer_clear(&buffer);
  ck_assert_ptr_null(buffer.bytes);
  ck_assert_uint_eq(buffer.len, 0);
  ck_assert(med_buffer_append_byte(&buffer, 'x'));
  ck_assert_uint_eq(buffer.len, 1);
  med_buffer_clear(&buffer);
  med_buffer_clear(&buffer);
}
END_TEST

START_TEST(a_reserve_that_cannot_be_leaves_the_buffer_as_it_was) {
  med_buffer buffer = {0};
  ck_assert(med_buffer_append(&buffer, "kept", 4));
  ck_assert(!med_buffer_reserve(&buffer, SIZE_MAX));
  ck_assert(!med_buffer_reserve(&buffer, SIZE_MAX / 2));
  ck_assert_uint_eq(buffer.len, 4);
  ck_assert_mem_eq(buffer.bytes, "kept", 4);
  ck_assert(med_buffer_append(&buffer, NULL, 0));
  med_buffer_clear(&buffer);
}
END_TEST

START_TEST(printing_into_a_buffer_appends_and_ends_in_nul) {
  med_buffer buffer = {0};
  ck_assert(med_buffer_printf(&buffer, "%s-%d", "a", 7));
  ck_assert(med_buffer_printf(&buffer, "%0500d", 1));
  ck_assert_uint_eq(buffer.len, 503);
  ck_assert_uint_eq(strlen(buffer.bytes), 503);
  ck_assert_mem_eq(buffer.bytes, "a-7000", 6);
  med_buffer_clear(&buffer);
}
END_TEST

START_TEST(a_copied_text_ends_in_nul_and_may_hold_one) {
  char *copy = med_strndup("ab\0c", 4);
  ck_assert_ptr_nonnull(copy);
  ck_assert_mem_eq(copy, "ab\0c\0", 5);
  med_free(copy);
  copy = med_strndup("", 0);
  ck_assert_str_eq(copy, "");
  med_free(copy);
  ck_assert_ptr_null(med_strndup("x", SIZE_MAX));
  med_free(NULL);
}
END_TEST

START_TEST(nothing_is_still_an_allocation) {
  void *none = med_alloc(0);
  ck_assert_ptr_nonnull(none);
  none = med_realloc(none, 0);
  ck_assert_ptr_nonnull(none);
  med_free(none);
  void *nothing = med_alloc_zero(0);
  ck_assert_ptr_nonnull(nothing); /* no size is a size */
  med_free(nothing);
  med_arena names = {0};
  ck_assert_str_eq(med_arena_strndup(&names, NULL, 0), "");
  med_arena_clear(&names);
  uint8_t *zeros = med_alloc_zero(1000);
  for (unsigned i = 0; i < 1000; i++) ck_assert_uint_eq(zeros[i], 0);
  med_free(zeros);
}
END_TEST

enum { PIECES = 400 };
typedef struct piece {
  uint8_t *bytes;
  size_t size;
} piece;

static void fill_arena(med_arena *arena, uint64_t *random) {
  piece pieces[PIECES];
  for (unsigned i = 0; i < PIECES; i++) {
    pieces[i].size = (size_t)property_below(random, property_below(random, 10) == 0 ? 20000 : 100);
    pieces[i].bytes = med_arena_alloc(arena, pieces[i].size);
    ck_assert_ptr_nonnull(pieces[i].bytes);
    ck_assert_uint_eq((uintptr_t)pieces[i].bytes % 16, 0);
    memset(pieces[i].bytes, (int)(i & 0xff), pieces[i].size);
  }
  size_t damaged = 0;
  for (unsigned i = 0; i < PIECES; i++)
    for (size_t j = 0; j < pieces[i].size; j++) damaged += pieces[i].bytes[j] != (i & 0xff);
  ck_assert_uint_eq(damaged, 0);
}

START_TEST(arena_pieces_are_aligned_and_apart) {
  uint64_t random = property_seed("arena");
  med_arena arena = {0};
  for (unsigned round = 0; round < 50; round++) {
    fill_arena(&arena, &random);
    med_arena_reset(&arena);
  }
  med_arena_clear(&arena);
  ck_assert_ptr_null(arena.block);
  med_arena_clear(&arena);
  med_arena_reset(&arena);
  fill_arena(&arena, &random);
  med_arena_clear(&arena);
}
END_TEST

START_TEST(a_reset_arena_hands_the_same_memory_out_again) {
  med_arena arena = {0};
  void *first = med_arena_alloc(&arena, 100);
  med_arena_reset(&arena);
  ck_assert_ptr_eq(med_arena_alloc(&arena, 100), first);
  med_arena_clear(&arena);
}
END_TEST

START_TEST(an_arena_copies_and_refuses_the_impossible) {
  med_arena arena = {0};
  char *copy = med_arena_copy(&arena, "text", 5);
  ck_assert_str_eq(copy, "text");
  ck_assert_ptr_nonnull(med_arena_copy(&arena, NULL, 0));
  ck_assert_ptr_null(med_arena_alloc(&arena, SIZE_MAX));
  ck_assert_ptr_null(med_arena_alloc(&arena, SIZE_MAX - 7));
  ck_assert_str_eq(copy, "text");
  med_arena_clear(&arena);
}
END_TEST

PROPERTY_MAIN("memory", a_buffer_keeps_what_was_appended, a_reserve_that_cannot_be_leaves_the_buffer_as_it_was,
              printing_into_a_buffer_appends_and_ends_in_nul, a_copied_text_ends_in_nul_and_may_hold_one,
              nothing_is_still_an_allocation, arena_pieces_are_aligned_and_apart,
              a_reset_arena_hands_the_same_memory_out_again, an_arena_copies_and_refuses_the_impossible)
