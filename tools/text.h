/* text.h - growing byte buffers, and values written as text, for the files of the `medley` program.
 *
 * A program may give up where a library may not: when memory is short it says so and ends with status 2.
 * Threads: none. Lifetime: text_clear gives the bytes back; a zeroed struct is an empty text. */
#ifndef MEDLEY_TOOLS_TEXT_H
#define MEDLEY_TOOLS_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "engine/medley.h"

typedef struct text {
  char *bytes; /* NUL-ended once something was added, NULL before */
  size_t len;
  size_t capacity;
} text;

/* realloc that never answers NULL. */
void *text_allocate(void *old, size_t size);
void text_add(text *t, const void *bytes, size_t len);
void text_add_string(text *t, const char *string);
void text_add_format(text *t, const char *format, ...) __attribute__((format(printf, 2, 3), nonnull(2)));
void text_add_hex(text *t, const void *bytes, size_t len);
void text_clear(text *t);

/* The shortest decimal that reads back as the same double; always with a point, an exponent, inf or nan. */
void text_add_real(text *t, double real);
/* A JSON string with its quotes; what is no UTF-8 becomes U+FFFD. */
void text_add_json_string(text *t, const char *bytes, size_t len);
/* JSON of any value. Bytes that are no UTF-8, and BLOBs outside of Redis replies, become {"$hex":"..."}. */
void text_add_json(text *t, const medley_value *value, bool redis);
/* What a person reads: numbers, text as it is, lists and maps as JSON; NULL adds nothing. */
void text_add_plain(text *t, const medley_value *value, bool redis);
/* A word as redis-cli quotes it: "..." with \n, \xhh and their like. */
void text_add_redis_quoted(text *t, const char *bytes, size_t len);

/* The length of the UTF-8 character at bytes (1-4), or 0 if there is none. */
size_t text_character_len(const char *bytes, size_t len);
bool text_is_utf8(const char *bytes, size_t len);
/* Columns that a terminal needs for it. */
size_t text_width(const char *bytes, size_t len);
bool text_equal_ignoring_case(const char *a, size_t a_len, const char *b);

#endif
