/* name_text.c - names as CQL has to have them written. */
#include "models/widecolumn/name_text.h"

/* In alphabetical order. Every other keyword is a name where a name stands. */
static const char *const reserved[] = {
    "add",         "allow",        "alter",    "and",     "apply",        "asc",   "authorize", "batch",    "begin",
    "by",          "columnfamily", "create",   "default", "delete",       "desc",  "drop",      "entries",  "execute",
    "false",       "from",         "full",     "grant",   "if",           "in",    "index",     "infinity", "insert",
    "into",        "is",           "keyspace", "limit",   "materialized", "mbean", "mbeans",    "modify",   "nan",
    "norecursive", "not",          "null",     "on",      "or",           "order", "primary",   "rename",   "replace",
    "revoke",      "schema",       "select",   "set",     "table",        "to",    "token",     "true",     "truncate",
    "unlogged",    "unset",        "update",   "use",     "using",        "view",  "where",     "with",
};

static char lower(char c) { return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c; }

/* Order of a word, whatever its case, and one of the list. */
static int compare_word(med_slice text, const char *word) {
  const char *bytes = text.bytes;
  for (size_t i = 0; i < text.len; i++) {
    int order = lower(bytes[i]) - word[i]; /* which is not zero at the word's end */
    if (order != 0) return order;
  }
  return word[text.len] == '\0' ? 0 : -1;
}

bool med_wide_word_is_reserved(med_slice word) {
  size_t low = 0, high = sizeof reserved / sizeof *reserved;
  while (low < high) {
    size_t middle = (low + high) / 2;
    int order = compare_word(word, reserved[middle]);
    if (order == 0) return true;
    if (order < 0)
      high = middle;
    else
      low = middle + 1;
  }
  return false;
}

bool med_wide_name_write(med_slice name, med_buffer *text) {
  const char *bytes = name.bytes;
  bool plain = name.len > 0 && bytes[0] >= 'a' && bytes[0] <= 'z';
  for (size_t i = 0; i < name.len; i++)
    plain = plain && ((bytes[i] >= 'a' && bytes[i] <= 'z') || (bytes[i] >= '0' && bytes[i] <= '9') || bytes[i] == '_');
  if (!plain || med_wide_word_is_reserved(name)) return med_wide_name_quote(name, text);
  return med_buffer_append(text, name.bytes, name.len);
}

bool med_wide_name_quote(med_slice name, med_buffer *text) {
  const char *bytes = name.bytes;
  bool ok = med_buffer_append_byte(text, '"');
  for (size_t i = 0; ok && i < name.len; i++)
    ok = (bytes[i] != '"' || med_buffer_append_byte(text, '"')) && med_buffer_append_byte(text, (uint8_t)bytes[i]);
  return ok && med_buffer_append_byte(text, '"');
}
