/* cql_script.c - see cql_script.h. */
#include "tests/conformance/cql_script.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

void test_cql_script_init(test_cql_script *script, const char *text, size_t len) {
  *script = (test_cql_script){.at = text, .end = text + len, .line = 1};
}

/* Behind what begins at `at` and ends with `close`, or the end. */
static const char *behind(const char *at, const char *end, const char *close) {
  size_t len = strlen(close);
  const char *found = memmem(at, (size_t)(end - at), close, len);
  return found == NULL ? end : found + len;
}

/* Behind a comment, a string, a word, or one character. */
static const char *skip_token(const char *at, const char *end) {
  bool more = at + 1 < end;
  if (more && ((at[0] == '-' && at[1] == '-') || (at[0] == '/' && at[1] == '/'))) return behind(at + 2, end, "\n");
  if (more && at[0] == '/' && at[1] == '*') return behind(at + 2, end, "*/");
  if (more && at[0] == '$' && at[1] == '$') return behind(at + 2, end, "$$");
  if (*at == '\'' || *at == '"') return behind(at + 1, end, *at == '"' ? "\"" : "'");
  if (!isalpha((unsigned char)*at)) return at + 1;
  while (at < end && (isalnum((unsigned char)*at) || *at == '_')) at++;
  return at;
}

static bool is_word(const char *at, const char *token_end, const char *word) {
  size_t len = strlen(word);
  return (size_t)(token_end - at) == len && strncasecmp(at, word, len) == 0;
}

static bool is_blank(const char *at, const char *token_end) {
  return isspace((unsigned char)*at) ||
         (token_end - at > 1 && (memcmp(at, "--", 2) == 0 || memcmp(at, "//", 2) == 0 || memcmp(at, "/*", 2) == 0));
}

static void count_lines(test_cql_script *script, const char *to) {
  for (; script->at < to; script->at++) script->line += *script->at == '\n';
}

bool test_cql_script_next(test_cql_script *script, test_cql_statement *statement) {
  bool begins_batch = false, in_batch = false, after_apply = false, applied = false;
  size_t words = 0;
  statement->text = NULL;
  while (script->at < script->end) {
    const char *at = script->at, *next = skip_token(at, script->end);
    if (*at == ';' && statement->text != NULL && (!in_batch || applied)) {
      statement->len = (size_t)(at - statement->text);
      statement->last_line = script->line;
      script->at = next;
      return true;
    }
    if (!is_blank(at, next) && *at != ';') {
      if (statement->text == NULL) statement->text = at, statement->first_line = script->line;
      if (words == 0) begins_batch = is_word(at, next, "begin");
      if (begins_batch && words > 0 && words < 3 && is_word(at, next, "batch")) in_batch = true;
      applied = applied || (after_apply && is_word(at, next, "batch"));
      after_apply = in_batch && is_word(at, next, "apply");
      words++;
    }
    count_lines(script, next);
  }
  if (statement->text == NULL) return false;
  statement->len = (size_t)(script->end - statement->text);
  statement->last_line = script->line;
  return true;
}
