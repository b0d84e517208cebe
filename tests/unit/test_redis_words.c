/* test_redis_words.c - what stands around every Redis command: words, patterns, numbers, replies. */
#include <math.h>
#include <string.h>

#include "engine/redis/arguments.h"
#include "engine/redis/reply.h"
#include "engine/redis/words.h"
#include "tests/unit/property.h"

/* ---- Words ---- */

static int split(const char *text, med_arena *memory, med_redis_words *words, size_t *used, size_t *error_offset) {
  return med_redis_words_split(text, strlen(text), memory, words, used, error_offset);
}

static void expect_words(const char *text, size_t count, const char *const *expected) {
  med_arena memory = {0};
  med_redis_words words;
  size_t used, error_offset;
  ck_assert_msg(split(text, &memory, &words, &used, &error_offset) == MEDLEY_OK, "%s", text);
  ck_assert_msg(words.count == count, "%s: %zu words", text, words.count);
  for (size_t i = 0; i < count; i++)
    ck_assert_msg(med_slice_equal(words.items[i].text, med_slice_of_text(expected[i])), "%s: word %zu", text, i);
  med_arena_clear(&memory);
}
#define WORDS(text, ...)                                    \
  do {                                                      \
    const char *const list[] = {__VA_ARGS__};               \
    expect_words(text, sizeof list / sizeof list[0], list); \
  } while (0)

START_TEST(words_are_split_and_unquoted_as_redis_cli_does) {
  WORDS("set a b", "set", "a", "b");
  WORDS("  set\ta   'b c'  ", "set", "a", "b c");
  WORDS("a \"x\\n\\t\\r\\a\\b\\\\\\\"\\x41\\q\"", "a", "x\n\t\r\a\b\\\"Aq");
  WORDS("a 'it\\'s' '\\n'", "a", "it's", "\\n");
  WORDS("a \"\" ''", "a", "", "");
  WORDS("a b\\n", "a", "b\\n");
  WORDS("pre\"fix\"", "prefix");
  WORDS("a \"\\xZZ\"", "a", "xZZ");
}
END_TEST

START_TEST(an_unbalanced_quote_is_an_error_with_its_place) {
  static const struct {
    const char *text;
    size_t offset;
  } cases[] = {{"set a \"b", 6}, {"set 'a", 4}, {"set \"a\"b c", 4}, {"'a'b", 0}};
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    med_arena memory = {0};
    med_redis_words words;
    size_t used, error_offset;
    ck_assert_int_eq(split(cases[i].text, &memory, &words, &used, &error_offset), MEDLEY_SYNTAX);
    ck_assert_uint_eq(error_offset, cases[i].offset);
    med_arena_clear(&memory);
  }
}
END_TEST

START_TEST(one_line_is_taken_and_blank_ones_are_skipped) {
  med_arena memory = {0};
  med_redis_words words;
  size_t used, error_offset;
  ck_assert_int_eq(split("\n \n get a\r\nget b", &memory, &words, &used, &error_offset), MEDLEY_OK);
  ck_assert_uint_eq(words.count, 2);
  ck_assert_uint_eq(used, strlen("\n \n get a\r\n"));
  ck_assert(med_slice_equal(words.items[1].text, med_slice_of_text("a")));
  ck_assert_int_eq(split(" \n\n", &memory, &words, &used, &error_offset), MEDLEY_OK);
  ck_assert_uint_eq(words.count, 0);
  ck_assert_uint_eq(used, 3);
  med_arena_clear(&memory);
}
END_TEST

START_TEST(parameters_are_unquoted_names_and_question_marks_only) {
  static const struct {
    const char *text;
    bool is_parameter;
  } cases[] = {{"$name", true},  {":n", true},    {"@_x1", true},  {"?", true},     {"?12", true},
               {"$1", false},    {":5", false},   {"$", false},    {"?a", false},   {"a?", false},
               {"\"?\"", false}, {"'$x'", false}, {"$a-b", false}, {":a:b", false}, {"h?llo", false}};
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    med_arena memory = {0};
    med_redis_words words;
    size_t used, error_offset;
    ck_assert_int_eq(split(cases[i].text, &memory, &words, &used, &error_offset), MEDLEY_OK);
    ck_assert_uint_eq(words.count, 1);
    ck_assert_msg(words.items[0].is_parameter == cases[i].is_parameter, "%s", cases[i].text);
    med_arena_clear(&memory);
  }
}
END_TEST

START_TEST(no_text_can_break_the_splitter) {
  uint64_t random = property_seed("words");
  static const char alphabet[] = "ab\"'\\x4 \t\n$:?\0\xFF";
  for (int round = 0; round < 100000; round++) {
    char text[24];
    size_t len = property_below(&random, sizeof text), used, error_offset;
    for (size_t i = 0; i < len; i++) text[i] = alphabet[property_below(&random, sizeof alphabet - 1)];
    med_arena memory = {0};
    med_redis_words words;
    int rc = med_redis_words_split(text, len, &memory, &words, &used, &error_offset);
    ck_assert(rc == MEDLEY_OK || rc == MEDLEY_SYNTAX);
    ck_assert_uint_le(used, len);
    ck_assert(rc == MEDLEY_OK || error_offset < len);
    med_arena_clear(&memory);
  }
}
END_TEST

/* ---- Patterns ---- */

static bool glob(const char *pattern, const char *text) {
  return med_redis_glob_match(med_slice_of_text(pattern), med_slice_of_text(text), false);
}

START_TEST(patterns_match_as_in_redis) {
  static const struct {
    const char *pattern, *text;
    bool matches;
  } cases[] = {{"*", "", true},
               {"", "", true},
               {"", "a", false},
               {"a*c", "abbc", true},
               {"a*c", "abbd", false},
               {"h?llo", "hello", true},
               {"h?llo", "hllo", false},
               {"h[ae]llo", "hallo", true},
               {"h[^e]llo", "hello", false},
               {"h[a-c]llo", "hbllo", true},
               {"h[c-a]llo", "hbllo", true},
               {"\\*", "*", true},
               {"\\*", "a", false},
               {"a\\", "a\\", true},
               {"[abc", "b", true},
               {"[abc", "d", false},
               {"**a**", "xax", true},
               {"*a*b*", "ba", false},
               {"[\\]]", "]", true},
               {"[a-]", "-", false},
               {"[a-]", "^", true},
               {"[]", "]", false}};
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
    ck_assert_msg(glob(cases[i].pattern, cases[i].text) == cases[i].matches, "%s against %s", cases[i].pattern,
                  cases[i].text);
  ck_assert(med_redis_glob_match(med_slice_of_text("MAX*"), med_slice_of_text("maxmemory"), true));
}
END_TEST

START_TEST(many_stars_take_no_longer_than_the_product_of_the_lengths) {
  char pattern[201], text[5001];
  for (size_t i = 0; i < 200; i += 2) memcpy(pattern + i, "*a", 2);
  pattern[199] = 'b';
  pattern[200] = 0;
  memset(text, 'a', 5000);
  text[5000] = 0;
  ck_assert(!glob(pattern, text)); /* an exponential matcher would not come back */
}
END_TEST

/* ---- Numbers ---- */

START_TEST(reals_are_read_as_redis_reads_them) {
  static const struct {
    const char *text;
    bool valid;
    double real;
  } cases[] = {{"1.5", true, 1.5}, {"-1e3", true, -1000}, {"inf", true, INFINITY}, {"-inf", true, -INFINITY},
               {"nan", false, 0},  {"", false, 0},        {" 1", false, 0},        {"1 ", false, 0},
               {"1x", false, 0},   {"1e400", false, 0},   {"0x10", true, 16},      {"+5", true, 5}};
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    double real = 0;
    ck_assert_msg(med_redis_parse_real(med_slice_of_text(cases[i].text), &real) == cases[i].valid, "%s", cases[i].text);
    if (cases[i].valid) ck_assert_msg(real == cases[i].real, "%s", cases[i].text);
  }
}
END_TEST

START_TEST(long_reals_are_printed_without_an_exponent_and_without_zeros_at_the_end) {
  static const struct {
    long double real;
    const char *text;
  } cases[] = {{3.0L, "3"}, {10.5L, "10.5"}, {-0.0L, "0"}, {1e20L, "100000000000000000000"}, {5.0e-3L, "0.005"}};
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    char text[MED_REDIS_LONG_REAL_SIZE];
    size_t len = med_redis_print_long_real(cases[i].real, text);
    ck_assert_msg(med_slice_equal(med_slice_of(text, len), med_slice_of_text(cases[i].text)), "%s", cases[i].text);
  }
}
END_TEST

/* ---- Replies ---- */

START_TEST(a_reply_nests_and_counts) {
  med_arena memory = {0};
  med_reply reply;
  medley_value value;
  medley_error error;
  med_reply_init(&reply, &memory);
  med_reply_list_begin(&reply);
  for (int i = 0; i < 100; i++) med_reply_integer(&reply, i);
  ck_assert_uint_eq(med_reply_list_count(&reply), 100);
  med_reply_list_begin(&reply);
  med_reply_real(&reply, 0.1);
  med_reply_real(&reply, -INFINITY);
  med_reply_null(&reply);
  med_reply_list_end(&reply);
  ck_assert_uint_eq(med_reply_list_count(&reply), 101);
  med_reply_list_end(&reply);
  ck_assert_int_eq(med_reply_take(&reply, &error, &value), MEDLEY_OK);
  ck_assert_int_eq(value.type, MEDLEY_TYPE_LIST);
  ck_assert_uint_eq(value.as.list.count, 101);
  ck_assert_int_eq(value.as.list.items[99].as.integer, 99);
  const medley_value *inner = &value.as.list.items[100];
  ck_assert_uint_eq(inner->as.list.count, 3);
  ck_assert(med_slice_equal(med_slice_of(inner->as.list.items[0].as.text.bytes, inner->as.list.items[0].as.text.len),
                            med_slice_of_text("0.10000000000000001")));
  ck_assert(med_slice_equal(med_slice_of(inner->as.list.items[1].as.text.bytes, inner->as.list.items[1].as.text.len),
                            med_slice_of_text("-inf")));
  ck_assert_int_eq(inner->as.list.items[2].type, MEDLEY_TYPE_NULL);
  med_reply_restart(&reply);
  med_reply_list_begin(&reply);
  med_reply_list_end(&reply);
  ck_assert_int_eq(med_reply_take(&reply, &error, &value), MEDLEY_OK);
  ck_assert(value.type == MEDLEY_TYPE_LIST && value.as.list.count == 0);
  med_arena_clear(&memory);
}
END_TEST

PROPERTY_MAIN("redis_words", words_are_split_and_unquoted_as_redis_cli_does,
              an_unbalanced_quote_is_an_error_with_its_place, one_line_is_taken_and_blank_ones_are_skipped,
              parameters_are_unquoted_names_and_question_marks_only, no_text_can_break_the_splitter,
              patterns_match_as_in_redis, many_stars_take_no_longer_than_the_product_of_the_lengths,
              reals_are_read_as_redis_reads_them,
              long_reals_are_printed_without_an_exponent_and_without_zeros_at_the_end, a_reply_nests_and_counts)
