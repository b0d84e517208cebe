/* statement_split.c - see statement_split.h.
 *
 * A trigger's body holds semicolons. As in SQLite's own sqlite3_complete, it ends with the words `; END ;`: an END that
 * closes a CASE never follows a semicolon. A batch of CQL holds semicolons too, and ends with the words `APPLY BATCH`. */
#include "tools/statement_split.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

void statement_split_init(statement_splitter *splitter, medley_language default_language) {
  *splitter = (statement_splitter){.default_language = default_language, .line = 1, .column = 1};
}

void statement_split_clear(statement_splitter *splitter) { text_clear(&splitter->buffer); }

void statement_split_feed(statement_splitter *s, const char *bytes, size_t len) {
  if (s->start > 0 && s->start >= s->buffer.len / 2) {
    memmove(s->buffer.bytes, s->buffer.bytes + s->start, s->buffer.len - s->start);
    s->buffer.len -= s->start;
    if (s->begun) {
      s->body -= s->start;
      s->scan -= s->start;
    }
    s->start = 0;
  }
  text_add(&s->buffer, bytes, len);
}

bool statement_split_is_inside(const statement_splitter *splitter) { return splitter->begun; }

/* Moves the start of what is left, keeping its line and column. */
static void advance(statement_splitter *s, size_t to) {
  for (; s->start < to; s->start++) {
    if (s->buffer.bytes[s->start] == '\n') {
      s->line++;
      s->column = 1;
    } else {
      s->column++;
    }
  }
}

static bool ends_with_line(medley_language language) {
  return language == MEDLEY_LANGUAGE_REDIS || language == MEDLEY_LANGUAGE_NONE;
}

/* The end of the comment at `at`; 0 if there is no comment there; -1 if more input may make one or end it. */
static long comment_end(const statement_splitter *s, size_t at, bool at_end) {
  const char *from = s->buffer.bytes + at;
  size_t left = s->buffer.len - at;
  bool line = from[0] == '#';
  if (left >= 2 && (memcmp(from, "--", 2) == 0 || memcmp(from, "//", 2) == 0)) line = true;
  if (line) {
    const char *newline = memchr(from, '\n', left);
    if (!newline) return at_end ? (long)s->buffer.len : -1;
    return (long)(newline + 1 - s->buffer.bytes);
  }
  if (left >= 2 && from[0] == '/' && from[1] == '*') {
    const char *close = memmem(from + 2, left - 2, "*/", 2);
    if (!close) return at_end ? 0 : -1; /* left open: the language says what is wrong */
    return (long)(close + 2 - s->buffer.bytes);
  }
  if (left == 1 && (from[0] == '-' || from[0] == '/') && !at_end) return -1;
  return 0;
}

/* Skips blanks, empty statements and comments between statements. False if more input is needed. */
static bool skip_to_statement(statement_splitter *s, bool at_end) {
  for (;;) {
    size_t at = s->start;
    while (at < s->buffer.len && (isspace((unsigned char)s->buffer.bytes[at]) || s->buffer.bytes[at] == ';')) at++;
    advance(s, at);
    if (at == s->buffer.len) return false;
    long end = comment_end(s, at, at_end);
    if (end < 0) return false;
    if (end == 0) return true;
    advance(s, (size_t)end);
  }
}

/* Finds the tag at the start, and begins the statement. False if more input is needed to know. */
static bool begin_statement(statement_splitter *s, bool at_end) {
  const char *bytes = s->buffer.bytes;
  size_t at = s->start;
  while (at < s->buffer.len && isalpha((unsigned char)bytes[at])) at++;
  if (at == s->buffer.len && !at_end) return false;
  medley_language language = s->default_language;
  if (bytes[s->start] == '.') {
    language = MEDLEY_LANGUAGE_NONE;
  } else if (at > s->start && at < s->buffer.len && bytes[at] == ':') {
    char name[16] = "";
    for (size_t i = 0; i < at - s->start && i < sizeof name - 1; i++) name[i] = (char)tolower(bytes[s->start + i]);
    medley_language tagged = medley_language_by_name(name, strlen(name));
    if (tagged != MEDLEY_LANGUAGE_NONE) {
      language = tagged;
      at++;
      while (at < s->buffer.len && (bytes[at] == ' ' || bytes[at] == '\t')) at++;
      if (at == s->buffer.len && !at_end) return false;
      advance(s, at);
    }
  }
  s->begun = true;
  s->language = language;
  s->body = s->scan = s->start;
  s->body_line = s->line;
  s->body_column = s->column;
  s->place = SPLIT_PLAIN;
  s->word_count = 0;
  s->create = s->trigger = s->after_semicolon = s->after_end = false;
  s->begin = s->batch = s->after_apply = s->applied = false;
  return true;
}

static void note_word_of_batch(statement_splitter *s, const char *word, size_t len) {
  bool is_batch = text_equal_ignoring_case(word, len, "batch");
  if (s->word_count == 1) s->begin = text_equal_ignoring_case(word, len, "begin");
  if (s->begin && (s->word_count == 2 || s->word_count == 3) && is_batch) s->batch = true;
  if (s->after_apply && is_batch) s->applied = true;
  s->after_apply = s->batch && text_equal_ignoring_case(word, len, "apply");
}

static void note_word(statement_splitter *s, const char *word, size_t len) {
  s->word_count++;
  if (s->language == MEDLEY_LANGUAGE_CQL) {
    note_word_of_batch(s, word, len);
    return;
  }
  if (s->word_count == 1) s->create = text_equal_ignoring_case(word, len, "create");
  bool may_be_trigger = s->create && !s->trigger && (s->word_count == 2 || s->word_count == 3);
  if (may_be_trigger && text_equal_ignoring_case(word, len, "trigger")) s->trigger = true;
  if (s->trigger) {
    s->after_end = s->after_semicolon && text_equal_ignoring_case(word, len, "end");
    s->after_semicolon = false;
  }
}

static bool opens_quotes(const statement_splitter *s, char c) {
  if (c == '\'' || c == '"') return true;
  if (s->language == MEDLEY_LANGUAGE_CQL) return false;
  return c == '`' || (c == '[' && s->language == MEDLEY_LANGUAGE_SQL);
}

/* Whether a semicolon here ends the statement. */
static bool ends_at_semicolon(statement_splitter *s) {
  if (s->batch) return s->applied;
  if (!s->trigger || s->after_end) return true;
  s->after_semicolon = true;
  return false;
}

/* One character outside of words. True if the statement ends before it. */
static bool scan_symbol(statement_splitter *s, char c, char next) {
  s->scan++;
  if ((c == '-' && next == '-') || (c == '/' && next == '/' && s->language != MEDLEY_LANGUAGE_SQL)) {
    s->place = SPLIT_LINE_COMMENT;
  } else if (c == '/' && next == '*') {
    s->place = SPLIT_BLOCK_COMMENT;
    s->scan++;
  } else if (c == '$' && next == '$' && s->language == MEDLEY_LANGUAGE_CQL) {
    s->place = SPLIT_DOLLARS;
    s->scan++;
  } else if (c == ';') {
    return ends_at_semicolon(s);
  } else if (!isspace((unsigned char)c)) {
    s->after_semicolon = s->after_end = s->after_apply = false;
    if (!opens_quotes(s, c)) return false;
    s->place = SPLIT_QUOTED;
    s->quote = c == '[' ? ']' : c;
  }
  return false;
}

/* One step of the scan in plain text. 1: the statement ended before s->scan; 0: go on; -1: more input is needed. */
static int scan_plain(statement_splitter *s, bool at_end) {
  const char *bytes = s->buffer.bytes;
  char c = bytes[s->scan];
  bool last = s->scan + 1 == s->buffer.len;
  if (isalpha((unsigned char)c) || c == '_') {
    size_t end = s->scan;
    while (end < s->buffer.len && (isalnum((unsigned char)bytes[end]) || bytes[end] == '_')) end++;
    if (end == s->buffer.len && !at_end) return -1;
    note_word(s, bytes + s->scan, end - s->scan);
    s->scan = end;
    return 0;
  }
  if ((c == '-' || c == '/' || c == '$') && last && !at_end) return -1;
  return scan_symbol(s, c, last ? '\0' : bytes[s->scan + 1]) ? 1 : 0;
}

static bool escapes_with_backslash(medley_language language) {
  return language == MEDLEY_LANGUAGE_CYPHER || language == MEDLEY_LANGUAGE_SEARCH;
}

/* Scans on to the end of the statement, exclusive of its semicolon: 1 found, 0 not in the input so far. */
static bool scan_to_semicolon(statement_splitter *s, bool at_end, size_t *end) {
  const char *bytes = s->buffer.bytes;
  while (s->scan < s->buffer.len) {
    char c = bytes[s->scan];
    switch (s->place) {
      case SPLIT_PLAIN: {
        int step = scan_plain(s, at_end);
        if (step < 0) return false;
        if (step > 0) {
          *end = s->scan - 1;
          return true;
        }
        break;
      }
      case SPLIT_QUOTED:
        if (c == '\\' && escapes_with_backslash(s->language)) {
          if (s->scan + 1 == s->buffer.len && !at_end) return false;
          s->scan++;
        } else if (c == s->quote) {
          s->place = SPLIT_PLAIN;
        }
        s->scan++;
        break;
      case SPLIT_DOLLARS:
      case SPLIT_BLOCK_COMMENT: {
        const char *close = s->place == SPLIT_DOLLARS ? "$$" : "*/";
        bool last = s->scan + 1 == s->buffer.len;
        if (c == *close && last && !at_end) return false;
        if (c == *close && !last && bytes[s->scan + 1] == close[1]) {
          s->place = SPLIT_PLAIN;
          s->scan++;
        }
        s->scan++;
        break;
      }
      case SPLIT_LINE_COMMENT:
        if (c == '\n') s->place = SPLIT_PLAIN;
        s->scan++;
        break;
    }
  }
  if (s->scan > s->buffer.len) s->scan = s->buffer.len;
  *end = s->buffer.len;
  return at_end;
}

static bool scan_to_newline(statement_splitter *s, bool at_end, size_t *end) {
  const char *newline = NULL;
  if (s->scan < s->buffer.len) newline = memchr(s->buffer.bytes + s->scan, '\n', s->buffer.len - s->scan);
  s->scan = s->buffer.len;
  *end = newline ? (size_t)(newline - s->buffer.bytes) : s->buffer.len;
  return newline || at_end;
}

static bool begins_as_sessions(const char *bytes, size_t len) {
  static const char *const words[] = {"begin", "commit", "end", "rollback", "savepoint", "release"};
  size_t word_len = 0;
  while (word_len < len && isalpha((unsigned char)bytes[word_len])) word_len++;
  for (size_t i = 0; i < sizeof words / sizeof *words; i++)
    if (text_equal_ignoring_case(bytes, word_len, words[i])) return true;
  return false;
}

/* BEGIN; COMMIT; ROLLBACK; SAVEPOINT x; and their longer forms, as one line of a language whose statements are lines, or as
 * a statement of CQL, where only BEGIN BATCH is another thing. */
static bool belongs_to_session(const statement_splitter *s, const char *bytes, size_t len) {
  if (s->language == MEDLEY_LANGUAGE_CQL) return !s->batch && begins_as_sessions(bytes, len);
  if (!ends_with_line(s->language)) return false;
  if (len == 0 || bytes[len - 1] != ';' || memchr(bytes, ';', len) != bytes + len - 1) return false;
  return begins_as_sessions(bytes, len);
}

static void end_statement(statement_splitter *s, size_t end, input_statement *statement) {
  size_t len = end - s->body;
  const char *bytes = s->buffer.bytes + s->body;
  while (len && isspace((unsigned char)bytes[len - 1])) len--;
  *statement = (input_statement){s->language, bytes, len, s->body_line, s->body_column};
  if (belongs_to_session(s, bytes, len)) statement->language = MEDLEY_LANGUAGE_SQL;
  size_t next = end < s->buffer.len ? end + 1 : end; /* past the semicolon or the newline */
  advance(s, next);
  s->begun = false;
}

bool statement_split_next(statement_splitter *s, bool at_end, input_statement *statement) {
  for (;;) {
    if (!s->begun) {
      if (!skip_to_statement(s, at_end)) return false;
      if (!begin_statement(s, at_end)) return false;
    }
    size_t end = s->body;
    bool found = ends_with_line(s->language) ? scan_to_newline(s, at_end, &end) : scan_to_semicolon(s, at_end, &end);
    if (!found) return false;
    end_statement(s, end, statement);
    if (statement->len) return true;
  }
}
