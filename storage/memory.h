/* memory.h - the one door for allocation, growing buffers, and arenas.
 *
 * Nothing outside memory.c calls malloc or its like. All functions answer NULL or 0 when memory is short, and leave
 * what they were given as it was. Threads: a buffer or an arena belongs to one thread at a time. */
#ifndef MED_STORAGE_MEMORY_H
#define MED_STORAGE_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

void *med_alloc(size_t size) __attribute__((malloc, warn_unused_result));
void *med_alloc_zero(size_t size) __attribute__((malloc, warn_unused_result));
/* NULL on failure; then `memory` is still valid. */
void *med_realloc(void *memory, size_t size) __attribute__((warn_unused_result));
void med_free(void *memory);
/* A NUL-ended copy of len bytes. */
char *med_strndup(const char *bytes, size_t len) __attribute__((malloc, warn_unused_result));

/* An owned, growing run of bytes. {0} is an empty one. */
typedef struct med_buffer {
  char *bytes;
  size_t len;
  size_t capacity;
} med_buffer;

void med_buffer_clear(med_buffer *buffer); /* gives the memory back; the buffer is empty and usable */
/* Room for `more` bytes behind len. */
bool med_buffer_reserve(med_buffer *buffer, size_t more) __attribute__((warn_unused_result));
bool med_buffer_append(med_buffer *buffer, const void *bytes, size_t len) __attribute__((warn_unused_result));
bool med_buffer_append_byte(med_buffer *buffer, uint8_t byte) __attribute__((warn_unused_result));
/* printf into the buffer; a NUL stands behind len. */
bool med_buffer_printf(med_buffer *buffer, const char *format, ...)
    __attribute__((format(printf, 2, 3), warn_unused_result));

/* Memory of one statement: allocations are aligned to 16 bytes and freed together. {0} is an empty one. */
typedef struct med_arena {
  struct med_arena_block *block; /* the newest; older ones are linked behind it */
} med_arena;

void *med_arena_alloc(med_arena *arena, size_t size) __attribute__((warn_unused_result));
void *med_arena_copy(med_arena *arena, const void *bytes, size_t len) __attribute__((warn_unused_result));
/* The same, with a NUL behind the bytes. */
char *med_arena_strndup(med_arena *arena, const char *bytes, size_t len) __attribute__((warn_unused_result));
void med_arena_reset(med_arena *arena); /* keeps one block for the next statement */
void med_arena_clear(med_arena *arena); /* gives all memory back */

#endif
