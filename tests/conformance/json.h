/* json.h - a small strict reader of JSON texts (RFC 8259) for test data.
 *
 * Whole numbers that fit are 64-bit integers, all others reals. Texts may hold NUL (from \u0000) and carry a length; a
 * NUL follows them. Nesting deeper than TEST_JSON_DEPTH_MAX, anything after the value, and every departure from the
 * grammar are refused. Lifetime: parse, then clear; clear accepts the empty state. */
#ifndef TEST_JSON_H
#define TEST_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TEST_JSON_DEPTH_MAX 64

typedef enum test_json_type {
  TEST_JSON_NULL = 0,
  TEST_JSON_BOOLEAN,
  TEST_JSON_INTEGER,
  TEST_JSON_REAL,
  TEST_JSON_TEXT,
  TEST_JSON_LIST,
  TEST_JSON_MAP
} test_json_type;

typedef struct test_json test_json;
struct test_json {
  test_json_type type;
  union {
    bool boolean;
    int64_t integer;
    double real;
    struct {
      char *bytes;
      size_t len;
    } text;
    struct { /* a map has its keys, which are TEXT, at the even places */
      test_json *items;
      size_t count;
    } list;
  } as;
};

/* Parses len bytes into *json. On failure answers false with json empty and *error_offset where it went wrong. */
bool test_json_parse(test_json *json, const char *text, size_t len, size_t *error_offset);
void test_json_clear(test_json *json);

/* The value under a key of a map; NULL if json is no map or has no such key. */
const test_json *test_json_get(const test_json *json, const char *key);
/* The text under a key; NULL if there is none of that type. */
const char *test_json_get_text(const test_json *json, const char *key);
/* Whether it is a text of exactly these bytes. */
bool test_json_is_text(const test_json *json, const char *bytes, size_t len);
/* Writes a shortened form for messages; always NUL-ended. Answers the length it would have liked. */
size_t test_json_print(const test_json *json, char *buffer, size_t size);

#endif
