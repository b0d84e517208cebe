/* redis_reply.c - replies as trees: making, comparing, sorting, printing. */
#include "tests/conformance/redis_reply.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* Texts longer than this are printed with their beginning and length only. */
#define PRINTED_TEXT_MAX 120
#define PRINTED_ITEMS_MAX 40

void *test_redis_reply_must(void *memory) {
  if (memory != NULL) return memory;
  fprintf(stderr, "out of memory\n");
  exit(2);
}

/* ---- Making ------------------------------------------------------------------------------------------------ */

test_redis_reply *test_redis_reply_new(test_redis_kind kind) {
  test_redis_reply *reply = test_redis_reply_must(calloc(1, sizeof *reply));
  reply->kind = kind;
  return reply;
}

test_redis_reply *test_redis_reply_text(test_redis_kind kind, const char *bytes, size_t len) {
  test_redis_reply *reply = test_redis_reply_new(kind);
  reply->bytes = test_redis_reply_must(calloc(1, len + 1));
  if (len > 0) memcpy(reply->bytes, bytes, len);
  reply->len = len;
  return reply;
}

void test_redis_reply_append(test_redis_reply *list, test_redis_reply *item) {
  if ((list->count & (list->count + 1)) == 0 || list->items == NULL) { /* full at 0, 1, 3, 7, ... */
    size_t capacity = list->count * 2 + 1;
    list->items = test_redis_reply_must(realloc(list->items, capacity * sizeof(test_redis_reply *)));
  }
  list->items[list->count++] = item;
}

void test_redis_reply_free(test_redis_reply *reply) {
  if (reply == NULL) return;
  for (size_t i = 0; i < reply->count; i++) test_redis_reply_free(reply->items[i]);
  free(reply->items);
  free(reply->bytes);
  free(reply);
}

static test_redis_reply *integer_reply(int64_t integer) {
  test_redis_reply *reply = test_redis_reply_new(TEST_REDIS_INTEGER);
  reply->integer = integer;
  return reply;
}

static test_redis_reply *real_reply(double real) {
  char text[64];
  int len = snprintf(text, sizeof text, "%.17g", real);
  return test_redis_reply_text(TEST_REDIS_BULK, text, (size_t)len);
}

test_redis_reply *test_redis_reply_of_value(const medley_value *value) {
  test_redis_reply *list;
  switch (value->type) {
    case MEDLEY_TYPE_BOOLEAN: return integer_reply(value->as.boolean != 0);
    case MEDLEY_TYPE_INTEGER: return integer_reply(value->as.integer);
    case MEDLEY_TYPE_REAL: return real_reply(value->as.real);
    case MEDLEY_TYPE_STATUS: return test_redis_reply_text(TEST_REDIS_STATUS, value->as.text.bytes, value->as.text.len);
    case MEDLEY_TYPE_TEXT:
    case MEDLEY_TYPE_BLOB: return test_redis_reply_text(TEST_REDIS_BULK, value->as.text.bytes, value->as.text.len);
    case MEDLEY_TYPE_LIST:
      list = test_redis_reply_new(TEST_REDIS_LIST);
      for (size_t i = 0; i < value->as.list.count; i++) {
        test_redis_reply_append(list, test_redis_reply_of_value(&value->as.list.items[i]));
      }
      return list;
    case MEDLEY_TYPE_MAP:
      list = test_redis_reply_new(TEST_REDIS_LIST);
      for (size_t i = 0; i < value->as.map.count; i++) {
        test_redis_reply_append(list, test_redis_reply_of_value(&value->as.map.keys[i]));
        test_redis_reply_append(list, test_redis_reply_of_value(&value->as.map.values[i]));
      }
      return list;
    default: return test_redis_reply_new(TEST_REDIS_NIL);
  }
}

test_redis_reply *test_redis_reply_run(medley_session *session, size_t count, const char *const *words,
                                       const size_t *lens) {
  const medley_value *value = NULL;
  int rc = medley_command(session, count, words, lens, &value);
  if (rc == MEDLEY_OK && value != NULL) return test_redis_reply_of_value(value);
  if (rc == MEDLEY_OK) return test_redis_reply_new(TEST_REDIS_NIL);
  const char *message = medley_session_error(session)->message;
  return test_redis_reply_text(TEST_REDIS_ERROR, message, strlen(message));
}

/* ---- Comparing --------------------------------------------------------------------------------------------- */

static int order_numbers(int64_t left, int64_t right) { return left < right ? -1 : left > right; }

static int order_bytes(const test_redis_reply *left, const test_redis_reply *right) {
  size_t len = left->len < right->len ? left->len : right->len;
  int order = len > 0 ? memcmp(left->bytes, right->bytes, len) : 0;
  if (order != 0) return order;
  return order_numbers((int64_t)left->len, (int64_t)right->len);
}

int test_redis_reply_order(const test_redis_reply *left, const test_redis_reply *right) {
  if (left->kind != right->kind) return order_numbers(left->kind, right->kind);
  if (left->kind == TEST_REDIS_INTEGER) return order_numbers(left->integer, right->integer);
  if (left->kind != TEST_REDIS_LIST) return order_bytes(left, right);
  for (size_t i = 0; i < left->count && i < right->count; i++) {
    int order = test_redis_reply_order(left->items[i], right->items[i]);
    if (order != 0) return order;
  }
  return order_numbers((int64_t)left->count, (int64_t)right->count);
}

/* Messages live in a buffer of fixed size: a full one may lack its end. */
static bool equal_cut_errors(const test_redis_reply *left, const test_redis_reply *right) {
  const size_t full = MEDLEY_ERROR_MESSAGE_SIZE - 8; /* a cut may fall before a character of several bytes */
  size_t len = left->len < right->len ? left->len : right->len;
  return len >= full && memcmp(left->bytes, right->bytes, full) == 0;
}

static bool is_zero(const test_redis_reply *reply) {
  return strcmp(reply->bytes, "0") == 0 || strcmp(reply->bytes, "-0") == 0;
}

/* The walk of both ways to be equal. */
static bool equal(const test_redis_reply *left, const test_redis_reply *right, bool scores) {
  if (left->kind == TEST_REDIS_ERROR && right->kind == TEST_REDIS_ERROR && equal_cut_errors(left, right)) return true;
  bool bulks = left->kind == TEST_REDIS_BULK && right->kind == TEST_REDIS_BULK;
  if (scores && bulks && is_zero(left) && is_zero(right)) return true;
  if (left->kind != TEST_REDIS_LIST || right->kind != TEST_REDIS_LIST) return test_redis_reply_order(left, right) == 0;
  if (left->count != right->count) return false;
  for (size_t i = 0; i < left->count; i++) {
    if (!equal(left->items[i], right->items[i], scores)) return false;
  }
  return true;
}

bool test_redis_reply_equal_scores(const test_redis_reply *left, const test_redis_reply *right) {
  return equal(left, right, true);
}

bool test_redis_reply_equal(const test_redis_reply *left, const test_redis_reply *right) {
  return equal(left, right, false);
}

bool test_redis_reply_holds(const test_redis_reply *list, const test_redis_reply *item) {
  for (size_t i = 0; i < list->count; i++) {
    if (test_redis_reply_order(list->items[i], item) == 0) return true;
  }
  return false;
}

static int order_groups(const void *left, const void *right) {
  test_redis_reply *const *a = left, *const *b = right;
  return test_redis_reply_order(a[0], b[0]);
}

/* The first of a group decides: it is a member or a field, of which there are no two alike. */
void test_redis_reply_sort(test_redis_reply *reply, size_t width) {
  if (reply->kind != TEST_REDIS_LIST || reply->count % width != 0 || reply->count == 0) return;
  qsort(reply->items, reply->count / width, width * sizeof(test_redis_reply *), order_groups);
}

/* ---- Printing ---------------------------------------------------------------------------------------------- */

static void print_bytes(FILE *stream, const char *bytes, size_t len) {
  size_t shown = len < PRINTED_TEXT_MAX ? len : PRINTED_TEXT_MAX;
  fputc('"', stream);
  for (size_t i = 0; i < shown; i++) {
    unsigned char byte = (unsigned char)bytes[i];
    if (byte == '"' || byte == '\\')
      fprintf(stream, "\\%c", byte);
    else if (isprint(byte))
      fputc(byte, stream);
    else
      fprintf(stream, "\\x%02x", byte);
  }
  fputc('"', stream);
  if (shown < len) fprintf(stream, "...(%zu bytes)", len);
}

void test_redis_reply_print(FILE *stream, const test_redis_reply *reply) {
  switch (reply->kind) {
    case TEST_REDIS_NIL: fprintf(stream, "(nil)"); return;
    case TEST_REDIS_INTEGER: fprintf(stream, "(integer) %" PRId64, reply->integer); return;
    case TEST_REDIS_BULK: print_bytes(stream, reply->bytes, reply->len); return;
    case TEST_REDIS_STATUS: fprintf(stream, "%s", reply->bytes); return;
    case TEST_REDIS_ERROR:
      fprintf(stream, "(error) ");
      print_bytes(stream, reply->bytes, reply->len);
      return;
    case TEST_REDIS_LIST: break;
  }
  fprintf(stream, "[");
  for (size_t i = 0; i < reply->count && i < PRINTED_ITEMS_MAX; i++) {
    if (i > 0) fprintf(stream, ", ");
    test_redis_reply_print(stream, reply->items[i]);
  }
  if (reply->count > PRINTED_ITEMS_MAX) fprintf(stream, ", ... (%zu items)", reply->count);
  fprintf(stream, "]");
}

static bool is_plain(const char *bytes, size_t len) {
  for (size_t i = 0; i < len; i++) {
    if (!isgraph((unsigned char)bytes[i]) || bytes[i] == '"' || bytes[i] == '\\') return false;
  }
  return len > 0 && len < PRINTED_TEXT_MAX;
}

void test_redis_reply_print_words(FILE *stream, size_t count, const char *const *words, const size_t *lens) {
  for (size_t i = 0; i < count; i++) {
    if (i > 0) fputc(' ', stream);
    if (is_plain(words[i], lens[i]))
      fprintf(stream, "%.*s", (int)lens[i], words[i]);
    else
      print_bytes(stream, words[i], lens[i]);
  }
}
