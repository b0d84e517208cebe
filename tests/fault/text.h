/* text.h - a growing text: what a model holds, written out so that two states can be compared and their difference shown.
 *
 * Running out of memory ends the program: these are tests. */
#ifndef FAULT_TEXT_H
#define FAULT_TEXT_H

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct fault_text {
  char *bytes; /* NUL-ended once something was added */
  size_t len, capacity;
} fault_text;

/* realloc; a test that makes realloc fail puts another one here. */
extern void *(*fault_text_allocator)(void *memory, size_t size);

__attribute__((format(printf, 2, 3))) static inline void fault_text_add(fault_text *text, const char *format, ...) {
  for (int attempt = 0; attempt < 2; attempt++) {
    va_list arguments;
    va_start(arguments, format);
    size_t room = text->capacity - text->len;
    int wanted = vsnprintf(room > 0 ? text->bytes + text->len : NULL, room, format, arguments);
    va_end(arguments);
    if (wanted < 0) abort();
    if ((size_t)wanted < room) {
      text->len += (size_t)wanted;
      return;
    }
    text->capacity = (text->capacity + (size_t)wanted + 1) * 2;
    text->bytes = fault_text_allocator(text->bytes, text->capacity);
    if (text->bytes == NULL) abort();
  }
}

static inline void fault_text_reset(fault_text *text) {
  text->len = 0;
  if (text->capacity > 0) text->bytes[0] = 0;
}

static inline void fault_text_clear(fault_text *text) {
  free(text->bytes);
  *text = (fault_text){0};
}

static inline int fault_text_equal(const fault_text *a, const fault_text *b) {
  return a->len == b->len && (a->len == 0 || memcmp(a->bytes, b->bytes, a->len) == 0);
}

/* FNV-1a, to write long bytes short. */
static inline uint64_t fault_text_hash(const void *bytes, size_t len) {
  uint64_t hash = 0xcbf29ce484222325u;
  for (size_t i = 0; i < len; i++) hash = (hash ^ ((const unsigned char *)bytes)[i]) * 0x100000001b3u;
  return hash;
}

/* The first lines in which the two differ, on one line. */
void fault_text_difference(const fault_text *expected, const fault_text *found, char *out, size_t out_size);

#endif
