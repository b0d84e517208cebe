/* words.h - one line of Redis's command language as words, quoted as in redis-cli, with parameters.
 *
 * "..." knows \n \r \t \b \a \xhh and a backslash before anything else; '...' knows \' only. A closing quote must be followed
 * by a space or the end. Unquoted words $name, :name and @name (a name begins with a letter or _), ? and ?n are
 * parameters; in quotes they are words. */
#ifndef MED_REDIS_WORDS_H
#define MED_REDIS_WORDS_H

#include "storage/bytes.h"
#include "storage/memory.h"

typedef struct med_redis_word {
  med_slice text; /* the word, or the parameter as it was written */
  bool is_parameter;
  int parameter; /* its number; for the owner of the words */
  size_t offset; /* in the text, for messages */
} med_redis_word;

typedef struct med_redis_words {
  med_redis_word *items;
  size_t count, capacity;
} med_redis_words;

/* Splits the first line of text that is not blank; *used: how many bytes that took, the line's end included. words->count 0:
 * there was none. Items and texts lie in memory. SYNTAX: *error_offset is where the unbalanced quote begins. */
MEDLEY_MUST_USE int med_redis_words_split(const char *text, size_t text_len, med_arena *memory, med_redis_words *words,
                                          size_t *used, size_t *error_offset);

#endif
