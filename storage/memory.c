/* memory.c - the one owner of the C allocator; buffers double, arenas chain blocks. */
#include "storage/memory.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BUFFER_CAPACITY_MIN 64
#define ARENA_BLOCK_SIZE 4096
#define ARENA_KEPT_SIZE_MAX ((size_t)256 * 1024) /* a larger block is not kept for the next statement */
#define ARENA_ALIGNMENT 16

void *med_alloc(size_t size) { return malloc(size > 0 ? size : 1); }
void *med_alloc_zero(size_t size) { return calloc(1, size > 0 ? size : 1); }
void *med_realloc(void *memory, size_t size) { return realloc(memory, size > 0 ? size : 1); }
void med_free(void *memory) { free(memory); }

char *med_strndup(const char *bytes, size_t len) {
  if (len == SIZE_MAX) return NULL;
  char *copy = med_alloc(len + 1);
  if (copy == NULL) return NULL;
  if (len > 0) memcpy(copy, bytes, len);
  copy[len] = '\0';
  return copy;
}

/* ---- Buffers ---- */
void med_buffer_clear(med_buffer *buffer) {
  med_free(buffer->bytes);
  *buffer = (med_buffer){0};
}

bool med_buffer_reserve(med_buffer *buffer, size_t more) {
  if (more > SIZE_MAX / 2 - buffer->len) return false;
  size_t needed = buffer->len + more;
  if (needed <= buffer->capacity) return true;
  size_t capacity = buffer->capacity < BUFFER_CAPACITY_MIN ? BUFFER_CAPACITY_MIN : buffer->capacity;
  while (capacity < needed) capacity *= 2;
  char *bytes = med_realloc(buffer->bytes, capacity);
  if (bytes == NULL) return false;
  buffer->bytes = bytes;
  buffer->capacity = capacity;
  return true;
}

bool med_buffer_append(med_buffer *buffer, const void *bytes, size_t len) {
  if (!med_buffer_reserve(buffer, len)) return false;
  if (len > 0) memcpy(buffer->bytes + buffer->len, bytes, len);
  buffer->len += len;
  return true;
}

bool med_buffer_append_byte(med_buffer *buffer, uint8_t byte) { return med_buffer_append(buffer, &byte, 1); }

bool med_buffer_printf(med_buffer *buffer, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  int len = vsnprintf(NULL, 0, format, arguments);
  va_end(arguments);
  if (len < 0 || !med_buffer_reserve(buffer, (size_t)len + 1)) return false;
  va_start(arguments, format);
  (void)vsnprintf(buffer->bytes + buffer->len, (size_t)len + 1, format, arguments);
  va_end(arguments);
  buffer->len += (size_t)len;
  return true;
}

/* ---- Arenas ---- */
struct med_arena_block {
  struct med_arena_block *older;
  size_t size; /* of bytes */
  size_t used;
  size_t padding; /* keeps bytes aligned to 16 */
  uint8_t bytes[];
};

static struct med_arena_block *add_block(med_arena *arena, size_t size) {
  size_t block_size = size > ARENA_BLOCK_SIZE ? size : ARENA_BLOCK_SIZE;
  if (arena->block != NULL && arena->block->size < ARENA_KEPT_SIZE_MAX && block_size < arena->block->size * 2) {
    block_size = arena->block->size * 2;
  }
  struct med_arena_block *block = med_alloc(sizeof *block + block_size);
  if (block == NULL) return NULL;
  block->older = arena->block;
  block->size = block_size;
  block->used = 0;
  block->padding = 0;
  arena->block = block;
  return block;
}

void *med_arena_alloc(med_arena *arena, size_t size) {
  if (size > SIZE_MAX / 4) return NULL;
  size_t rounded = (size + ARENA_ALIGNMENT - 1) & ~(size_t)(ARENA_ALIGNMENT - 1);
  if (rounded == 0) rounded = ARENA_ALIGNMENT;
  struct med_arena_block *block = arena->block;
  if (block == NULL || block->size - block->used < rounded) {
    block = add_block(arena, rounded);
    if (block == NULL) return NULL;
  }
  void *memory = block->bytes + block->used;
  block->used += rounded;
  return memory;
}

void *med_arena_copy(med_arena *arena, const void *bytes, size_t len) {
  void *copy = med_arena_alloc(arena, len);
  if (copy != NULL && len > 0) memcpy(copy, bytes, len);
  return copy;
}

char *med_arena_strndup(med_arena *arena, const char *bytes, size_t len) {
  char *copy = med_arena_alloc(arena, len + 1);
  if (copy == NULL) return NULL;
  if (len > 0) memcpy(copy, bytes, len);
  copy[len] = '\0';
  return copy;
}

void med_arena_reset(med_arena *arena) {
  struct med_arena_block *kept = arena->block;
  if (kept == NULL) return;
  struct med_arena_block *older = kept->older;
  while (older != NULL) {
    struct med_arena_block *next = older->older;
    med_free(older);
    older = next;
  }
  kept->older = NULL;
  kept->used = 0;
  if (kept->size <= ARENA_KEPT_SIZE_MAX) return;
  med_free(kept);
  arena->block = NULL;
}

void med_arena_clear(med_arena *arena) {
  while (arena->block != NULL) {
    struct med_arena_block *older = arena->block->older;
    med_free(arena->block);
    arena->block = older;
  }
}
