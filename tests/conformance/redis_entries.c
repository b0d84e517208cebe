/* redis_entries.c - reads entries, cuts commands into words, compares replies with what JSON can say of them. */
#include "tests/conformance/redis_entries.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "tests/conformance/json.h"
#include "tests/conformance/text_file.h"

#define WORD_COUNT_MAX 256

typedef struct word_list {
  char *bytes; /* all words, one after the other */
  const char *words[WORD_COUNT_MAX];
  size_t lens[WORD_COUNT_MAX];
  size_t count;
} word_list;

/* ---- Words ------------------------------------------------------------------------------------------------- */

static int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

/* Decodes escapes in place and answers the new length. */
static size_t decode_escapes(char *bytes, size_t len) {
  static const char letters[] = "\\\"nrtab", meanings[] = "\\\"\n\r\t\a\b";
  size_t to = 0;
  for (size_t i = 0; i < len; i++) {
    const char *letter = bytes[i] == '\\' && i + 1 < len ? strchr(letters, bytes[i + 1]) : NULL;
    if (letter != NULL && *letter != '\0') {
      bytes[to++] = meanings[letter - letters];
      i++;
    } else if (i + 3 < len && bytes[i] == '\\' && bytes[i + 1] == 'x' && hex_digit(bytes[i + 2]) >= 0 &&
               hex_digit(bytes[i + 3]) >= 0) {
      bytes[to++] = (char)(hex_digit(bytes[i + 2]) * 16 + hex_digit(bytes[i + 3]));
      i += 3;
    } else {
      bytes[to++] = bytes[i];
    }
  }
  return to;
}

static bool is_blank(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

static bool split_text(word_list *list, const test_json *command, bool binary) {
  list->bytes = test_redis_reply_must(calloc(1, command->as.text.len + 1));
  memcpy(list->bytes, command->as.text.bytes, command->as.text.len);
  size_t len = binary ? decode_escapes(list->bytes, command->as.text.len) : command->as.text.len;
  for (size_t i = 0; i < len;) {
    while (i < len && is_blank(list->bytes[i])) i++;
    size_t start = i;
    while (i < len && !is_blank(list->bytes[i])) i++;
    if (i == start) break;
    if (list->count == WORD_COUNT_MAX) return false;
    list->words[list->count] = list->bytes + start;
    list->lens[list->count++] = i - start;
  }
  return list->count > 0;
}

static bool split_list(word_list *list, const test_json *command, bool binary) {
  size_t size = 1;
  for (size_t i = 0; i < command->as.list.count; i++) {
    if (command->as.list.items[i].type != TEST_JSON_TEXT) return false;
    size += command->as.list.items[i].as.text.len + 1;
  }
  if (command->as.list.count == 0 || command->as.list.count > WORD_COUNT_MAX) return false;
  char *to = list->bytes = test_redis_reply_must(calloc(1, size));
  for (size_t i = 0; i < command->as.list.count; i++) {
    const test_json *word = &command->as.list.items[i];
    memcpy(to, word->as.text.bytes, word->as.text.len);
    list->words[i] = to;
    list->lens[i] = binary ? decode_escapes(to, word->as.text.len) : word->as.text.len;
    to += word->as.text.len + 1;
  }
  list->count = command->as.list.count;
  return true;
}

static bool split_command(word_list *list, const test_json *command, bool binary) {
  memset(list, 0, sizeof *list);
  if (command->type == TEST_JSON_TEXT) return split_text(list, command, binary);
  return command->type == TEST_JSON_LIST && split_list(list, command, binary);
}

/* ---- Comparing --------------------------------------------------------------------------------------------- */

static bool equals_text(const test_json *expected, const test_redis_reply *reply) {
  if (test_json_is_text(expected, reply->bytes, reply->len)) return true;
  bool has_code = reply->kind == TEST_REDIS_ERROR && reply->len > 4 && memcmp(reply->bytes, "ERR ", 4) == 0;
  return has_code && test_json_is_text(expected, reply->bytes + 4, reply->len - 4);
}

static bool equals_expected(const test_json *expected, const test_redis_reply *reply) {
  char *end;
  switch (expected->type) {
    case TEST_JSON_NULL: return reply->kind == TEST_REDIS_NIL;
    case TEST_JSON_BOOLEAN: return reply->kind == TEST_REDIS_INTEGER && reply->integer == expected->as.boolean;
    case TEST_JSON_INTEGER: return reply->kind == TEST_REDIS_INTEGER && reply->integer == expected->as.integer;
    case TEST_JSON_REAL:
      return reply->kind == TEST_REDIS_BULK && reply->len > 0 && strtod(reply->bytes, &end) == expected->as.real &&
             *end == '\0';
    case TEST_JSON_TEXT: return reply->bytes != NULL && equals_text(expected, reply);
    default: break;
  }
  if (reply->kind != TEST_REDIS_LIST || reply->count != expected->as.list.count) return false;
  for (size_t i = 0; i < reply->count; i++) {
    if (!equals_expected(&expected->as.list.items[i], reply->items[i])) return false;
  }
  return true;
}

/* Every reply has a place of its own among the expected items. */
static bool equals_in_any_order(const test_json *expected, const test_redis_reply *reply) {
  if (expected->type != TEST_JSON_LIST || reply->kind != TEST_REDIS_LIST) return equals_expected(expected, reply);
  if (expected->as.list.count != reply->count) return false;
  bool *taken = test_redis_reply_must(calloc(reply->count + 1, sizeof *taken));
  bool equal = true;
  for (size_t i = 0; equal && i < reply->count; i++) {
    size_t j = 0;
    while (j < reply->count && (taken[j] || !equals_in_any_order(&expected->as.list.items[j], reply->items[i]))) j++;
    equal = j < reply->count;
    if (equal) taken[j] = true;
  }
  free(taken);
  return equal;
}

/* ---- Entries ----------------------------------------------------------------------------------------------- */

/* Versions by their numbers, part by part. */
static int order_versions(const char *left, const char *right) {
  while (*left != '\0' || *right != '\0') {
    char *left_end, *right_end;
    long a = strtol(left, &left_end, 10), b = strtol(right, &right_end, 10);
    if (a != b) return a < b ? -1 : 1;
    if (left_end == left && right_end == right) return strcmp(left, right);
    left = *left_end == '.' ? left_end + 1 : left_end;
    right = *right_end == '.' ? right_end + 1 : right_end;
  }
  return 0;
}

/* Runs one command; false after it was reported. */
static bool check_command(const char *name, const test_redis_target *target, const test_json *command,
                          const test_json *expected, bool binary, bool sorted) {
  word_list list;
  bool ok = split_command(&list, command, binary);
  if (!ok) {
    printf("%s: a command is no text of words\n", name);
  } else {
    test_redis_reply *reply = target->run(target->context, list.count, list.words, list.lens);
    ok = sorted ? equals_in_any_order(expected, reply) : equals_expected(expected, reply);
    if (!ok) {
      char wanted[512];
      test_json_print(expected, wanted, sizeof wanted);
      printf("%s: ", name);
      test_redis_reply_print_words(stdout, list.count, list.words, list.lens);
      printf(": expected %s, got ", wanted);
      test_redis_reply_print(stdout, reply);
      printf("\n");
    }
    test_redis_reply_free(reply);
  }
  free(list.bytes);
  return ok;
}

static bool is_true(const test_json *entry, const char *key) {
  const test_json *value = test_json_get(entry, key);
  return value != NULL && value->type == TEST_JSON_BOOLEAN && value->as.boolean;
}

static void run_entry(const test_json *entry, const char *version, const test_redis_target *target,
                      test_redis_counts *counts) {
  const char *name = test_json_get_text(entry, "name"), *since = test_json_get_text(entry, "since");
  const test_json *commands = test_json_get(entry, "command"), *results = test_json_get(entry, "result");
  if (test_json_get(entry, "skipped") != NULL || (since != NULL && order_versions(since, version) > 0)) {
    counts->skipped++;
    return;
  }
  bool ok = name != NULL && commands != NULL && results != NULL && commands->type == TEST_JSON_LIST &&
            results->type == TEST_JSON_LIST && commands->as.list.count == results->as.list.count;
  if (!ok)
    printf("%s: command and result are not two lists of the same length\n", name != NULL ? name : "(nameless)");
  else if (!target->begin(target->context))
    ok = false;
  bool binary = is_true(entry, "command_binary"), sorted = is_true(entry, "sort_result");
  for (size_t i = 0; ok && i < commands->as.list.count; i++) {
    ok = check_command(name, target, &commands->as.list.items[i], &results->as.list.items[i], binary, sorted);
  }
  if (ok)
    counts->passed++;
  else
    counts->failed++;
}

void test_redis_entries_run(const char *path, const char *version, const test_redis_target *target,
                            test_redis_counts *counts) {
  test_text_file file;
  test_json entries;
  size_t offset = 0;
  if (!test_text_file_read(&file, path)) {
    counts->failed++;
    return;
  }
  for (size_t i = 0; i + 1 < file.line_count; i++) file.lines[i][strlen(file.lines[i])] = '\n';
  bool ok = test_json_parse(&entries, file.bytes, strlen(file.bytes), &offset) && entries.type == TEST_JSON_LIST;
  if (!ok) {
    printf("%s: no list of entries, at byte %zu\n", path, offset);
    counts->failed++;
  }
  for (size_t i = 0; ok && i < entries.as.list.count; i++) {
    run_entry(&entries.as.list.items[i], version, target, counts);
  }
  test_json_clear(&entries);
  test_text_file_clear(&file);
}
