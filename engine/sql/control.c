/* control.c - a tokenizer just large enough for transaction statements. */
#include "engine/sql/control.h"

#include <strings.h>

#include "engine/sql/tokens.h"

typedef struct scanner {
  const char *text;
  size_t len;
  size_t at;
} scanner;

static bool is_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '$' ||
         (unsigned char)c >= 0x80;
}

static void skip_blanks(scanner *scan) { scan->at = med_sql_skip_blanks(scan->text, scan->len, scan->at); }

static med_slice next_word(scanner *scan) {
  skip_blanks(scan);
  size_t begin = scan->at;
  while (scan->at < scan->len && is_word(scan->text[scan->at])) scan->at++;
  return med_slice_of(scan->text + begin, scan->at - begin);
}

static bool word_is(med_slice word, const char *keyword) {
  return word.len == strlen(keyword) && strncasecmp(word.bytes, keyword, word.len) == 0;
}

/* The word, if it comes next; otherwise nothing is taken. */
static bool take_word(scanner *scan, const char *keyword) {
  size_t at = scan->at;
  if (word_is(next_word(scan), keyword)) return true;
  scan->at = at;
  return false;
}

/* A name, quoted or not. Doubled quotes inside are kept as they are written. */
static med_slice take_name(scanner *scan) {
  skip_blanks(scan);
  if (scan->at >= scan->len) return med_slice_of(NULL, 0);
  char open = scan->text[scan->at];
  char close = open == '[' ? ']' : open;
  if ((open >= '0' && open <= '9') || open == '$') return med_slice_of(NULL, 0);
  if (open != '"' && open != '\'' && open != '`' && open != '[') return next_word(scan);
  size_t begin = ++scan->at;
  while (scan->at < scan->len && scan->text[scan->at] != close) scan->at++;
  med_slice name = med_slice_of(scan->text + begin, scan->at - begin);
  if (scan->at >= scan->len) return med_slice_of(NULL, 0);
  scan->at++;
  return name;
}

/* TRANSACTION, and a name behind it that means nothing, as in SQLite. */
static void take_transaction(scanner *scan) {
  if (!take_word(scan, "transaction")) return;
  size_t at = scan->at;
  med_slice name = take_name(scan);
  if (name.len == 0 || word_is(name, "to")) scan->at = at;
}

static int syntax_error(const scanner *scan, size_t at, medley_error *error) {
  size_t end = at;
  while (end < scan->len && is_word(scan->text[end])) end++;
  if (end == at && end < scan->len) end++;
  if (at >= scan->len)
    med_error_set(error, MEDLEY_SYNTAX, "incomplete input");
  else
    med_error_set(error, MEDLEY_SYNTAX, "near \"%.*s\": syntax error", (int)(end - at), scan->text + at);
  med_error_set_position(error, scan->text, scan->len, at);
  return MEDLEY_SYNTAX;
}

static int parse_name(scanner *scan, med_control *control, medley_error *error) {
  control->name = take_name(scan);
  return control->name.len > 0 ? MEDLEY_OK : syntax_error(scan, scan->at, error);
}

static int parse_begin(scanner *scan, med_control *control) {
  control->kind = MED_CONTROL_BEGIN;
  control->mode = MEDLEY_DEFER;
  if (take_word(scan, "immediate") || take_word(scan, "exclusive"))
    control->mode = MEDLEY_WRITE;
  else
    (void)take_word(scan, "deferred");
  take_transaction(scan);
  return MEDLEY_OK;
}

static int parse_rollback(scanner *scan, med_control *control, medley_error *error) {
  control->kind = MED_CONTROL_ROLLBACK;
  take_transaction(scan);
  if (!take_word(scan, "to")) return MEDLEY_OK;
  control->kind = MED_CONTROL_ROLLBACK_TO;
  (void)take_word(scan, "savepoint");
  return parse_name(scan, control, error);
}

static int parse_known(scanner *scan, med_slice word, med_control *control, medley_error *error) {
  if (word_is(word, "begin")) return parse_begin(scan, control);
  if (word_is(word, "rollback")) return parse_rollback(scan, control, error);
  if (word_is(word, "commit") || word_is(word, "end")) {
    control->kind = MED_CONTROL_COMMIT;
    take_transaction(scan);
    return MEDLEY_OK;
  }
  if (word_is(word, "savepoint")) {
    control->kind = MED_CONTROL_SAVEPOINT;
    return parse_name(scan, control, error);
  }
  if (!word_is(word, "release")) return MEDLEY_OK;
  control->kind = MED_CONTROL_RELEASE;
  (void)take_word(scan, "savepoint");
  return parse_name(scan, control, error);
}

static void skip_empty_statements(scanner *scan) {
  for (;;) {
    skip_blanks(scan);
    if (scan->at >= scan->len || scan->text[scan->at] != ';') return;
    scan->at++;
  }
}

med_slice med_control_first_word(const char *text, size_t text_len) {
  scanner scan = {text, text_len, 0};
  skip_empty_statements(&scan);
  return next_word(&scan);
}

int med_control_parse(const char *text, size_t text_len, med_control *control, medley_error *error) {
  scanner scan = {text, text_len, 0};
  *control = (med_control){.kind = MED_CONTROL_NONE};
  skip_empty_statements(&scan);
  int rc = parse_known(&scan, next_word(&scan), control, error);
  if (rc != MEDLEY_OK || control->kind == MED_CONTROL_NONE) return rc;
  skip_blanks(&scan);
  if (scan.at < scan.len && scan.text[scan.at] != ';') return syntax_error(&scan, scan.at, error);
  control->used = scan.at < scan.len ? scan.at + 1 : scan.len;
  return MEDLEY_OK;
}
