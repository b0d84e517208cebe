/* words.c - splitting a line into words. */
#include "engine/redis/words.h"

#include <ctype.h>

typedef struct splitter {
  const char *text;
  size_t at, end;
  med_arena *memory;
  char *out; /* room for the whole line: a word is never longer than its source */
  size_t out_len;
} splitter;

static int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

static bool is_space(char c) { return isspace((unsigned char)c) != 0; }
static void put(splitter *in, char c) { in->out[in->out_len++] = c; }

/* Behind a backslash in double quotes. */
static void read_escape(splitter *in) {
  char c = in->text[in->at];
  if (c == 'x' && in->at + 2 < in->end && hex_digit(in->text[in->at + 1]) >= 0 &&
      hex_digit(in->text[in->at + 2]) >= 0) {
    put(in, (char)(hex_digit(in->text[in->at + 1]) * 16 + hex_digit(in->text[in->at + 2])));
    in->at += 3;
    return;
  }
  static const char letters[] = "nrtba", meanings[] = "\n\r\t\b\a";
  const char *found = memchr(letters, c, sizeof letters - 1);
  put(in, found != NULL ? meanings[found - letters] : c);
  in->at++;
}

/* From behind the opening quote to behind the closing one; false if there is none or a word goes on behind it. */
static bool read_quoted(splitter *in, char quote) {
  while (in->at < in->end) {
    char c = in->text[in->at++];
    if (c == quote) return in->at == in->end || is_space(in->text[in->at]);
    if (c == '\\' && quote == '"' && in->at < in->end)
      read_escape(in);
    else if (c == '\\' && quote == '\'' && in->at < in->end && in->text[in->at] == '\'')
      put(in, in->text[in->at++]);
    else
      put(in, c);
  }
  return false;
}

static bool read_word(splitter *in, bool *quoted) {
  *quoted = false;
  while (in->at < in->end && !is_space(in->text[in->at])) {
    char c = in->text[in->at++];
    if (c == '"' || c == '\'') {
      *quoted = true;
      return read_quoted(in, c);
    }
    if (c != 0) put(in, c);
    if (c == 0) in->at = in->end;
  }
  return true;
}

static bool all_digits(med_slice text) {
  for (size_t i = 0; i < text.len; i++)
    if (!isdigit(((const unsigned char *)text.bytes)[i])) return false;
  return true;
}

static bool is_parameter(med_slice word) {
  const unsigned char *bytes = word.bytes;
  if (word.len == 0) return false;
  if (bytes[0] == '?') return word.len <= 6 && all_digits(med_slice_of(bytes + 1, word.len - 1));
  if (word.len < 2 || (bytes[0] != '$' && bytes[0] != ':' && bytes[0] != '@')) return false;
  if (!isalpha(bytes[1]) && bytes[1] != '_') return false;
  for (size_t i = 2; i < word.len; i++)
    if (!isalnum(bytes[i]) && bytes[i] != '_') return false;
  return true;
}

static bool add_word(splitter *in, med_redis_words *words, const med_redis_word *word) {
  if (words->count == words->capacity) {
    size_t capacity = words->capacity == 0 ? 8 : words->capacity * 2;
    med_redis_word *items = med_arena_alloc(in->memory, capacity * sizeof *items);
    if (items == NULL) return false;
    if (words->count > 0) memcpy(items, words->items, words->count * sizeof *items);
    words->items = items;
    words->capacity = capacity;
  }
  words->items[words->count++] = *word;
  return true;
}

static int split_line(splitter *in, med_redis_words *words, size_t *error_offset) {
  for (;;) {
    while (in->at < in->end && is_space(in->text[in->at])) in->at++;
    if (in->at == in->end) return MEDLEY_OK;
    med_redis_word word = {.offset = in->at};
    size_t begin = in->out_len;
    bool quoted;
    if (!read_word(in, &quoted)) {
      *error_offset = word.offset;
      return MEDLEY_SYNTAX;
    }
    word.text = med_slice_of(in->out + begin, in->out_len - begin);
    word.is_parameter = !quoted && is_parameter(word.text);
    if (!add_word(in, words, &word)) return MEDLEY_NO_MEMORY;
  }
}

int med_redis_words_split(const char *text, size_t text_len, med_arena *memory, med_redis_words *words, size_t *used,
                          size_t *error_offset) {
  *words = (med_redis_words){NULL, 0, 0};
  *error_offset = 0;
  size_t begin = 0;
  while (begin < text_len && is_space(text[begin])) begin++;
  const char *line_end = begin < text_len ? memchr(text + begin, '\n', text_len - begin) : NULL;
  size_t end = line_end != NULL ? (size_t)(line_end - text) : text_len;
  *used = line_end != NULL ? end + 1 : text_len;
  if (begin == end) return MEDLEY_OK;
  splitter in = {text, begin, end, memory, med_arena_alloc(memory, end - begin), 0};
  return in.out == NULL ? MEDLEY_NO_MEMORY : split_line(&in, words, error_offset);
}
