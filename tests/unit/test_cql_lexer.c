/* test_cql_lexer.c - CQL's text as tokens. */
#include <string.h>

#include "engine/cql/lexer.h"
#include "tests/unit/property.h"

static const char letters[] = {'e', 'w', 'q', 's', 'i', 'r', 'x', 'u', 'd', 'm', 'y', 'b'}; /* as med_cql_token_kind */

/* The tokens as a letter for the kind and the text, with a blank between them. */
static void expect_tokens(const char *text, const char *expected) {
  med_cql_lexer lexer = {.text = med_slice_of_text(text)};
  med_cql_token token;
  char found[512] = "";
  size_t len = 0;
  for (;;) {
    med_cql_lexer_next(&lexer, &token);
    if (token.kind == MED_CQL_TOKEN_END) break;
    len += (size_t)snprintf(found + len, sizeof found - len, "%s%c:%.*s", len > 0 ? " " : "", letters[token.kind],
                            (int)token.text.len, (const char *)token.text.bytes);
    ck_assert(memcmp(text + token.at, token.text.bytes, token.text.len) == 0);
  }
  ck_assert_uint_eq(lexer.at, strlen(text));
  ck_assert_str_eq(found, expected);
}

START_TEST(numbers_are_the_longest_that_fit) {
  expect_tokens("1 12.5 1. 1e5 1.5E-3 1e", "i:1 r:12.5 r:1. r:1e5 r:1.5E-3 i:1 w:e");
  expect_tokens("1..2", "i:1 y:.. i:2");
  expect_tokens("-1 a-1", "y:- i:1 w:a y:- i:1");
  expect_tokens("0x 0xAbz 0X1", "x:0x x:0xAb w:z x:0X1");
  expect_tokens("1x", "i:1 w:x");
}
END_TEST

START_TEST(uuids_and_durations_are_told_from_names_and_numbers) {
  expect_tokens("123e4567-e89b-12d3-a456-426655440000", "u:123e4567-e89b-12d3-a456-426655440000");
  expect_tokens("deadbeef-e89b-12d3-a456-426655440000", "u:deadbeef-e89b-12d3-a456-426655440000");
  expect_tokens("deadbeef-e89b-12d3-a456-42665544000",
                "w:deadbeef y:- w:e89b y:- d:12d i:3 y:- w:a456 y:- i:42665544000");
  expect_tokens("1h30m 1mo2d3MS 5\xC2\xB5s 1us1ns 1y2w 3s", "d:1h30m d:1mo2d3MS d:5\xC2\xB5s d:1us1ns d:1y2w d:3s");
  expect_tokens("1h30 2q", "d:1h i:30 i:2 w:q");
  expect_tokens("P1Y2M3DT4H5M6S PT5M P3W P0001-02-03T04:05:06", "d:P1Y2M3DT4H5M6S d:PT5M d:P3W d:P0001-02-03T04:05:06");
  expect_tokens("P PT P1Y2 p1y P1YT P1X", "w:P w:PT w:P1Y2 w:p1y w:P1YT w:P1X");
}
END_TEST

START_TEST(strings_and_names_end_at_their_quote) {
  expect_tokens("'it''s' \"A\"\"b\" $$a'b$c$$", "s:'it''s' q:\"A\"\"b\" s:$$a'b$c$$");
  expect_tokens("''\"\"", "s:'' q:\"\"");
  expect_tokens("'open''", "b:'open''");
  expect_tokens("\"open", "b:\"open");
  expect_tokens("$$open$", "b:$$open$");
}
END_TEST

START_TEST(comments_are_no_tokens) {
  expect_tokens("a -- b\nc // d\re /* f\n */ g --", "w:a w:c w:e w:g");
  expect_tokens("a/**/b", "w:a w:b");
  expect_tokens("a /* b", "w:a b:/* b");
}
END_TEST

START_TEST(markers_symbols_and_what_is_none) {
  expect_tokens("? ?12 $a @b_1 :c", "m:? m:?12 m:$a m:@b_1 y:: w:c");
  expect_tokens("<=>=!=+=-=..<>=", "y:<= y:>= y:!= y:+= y:-= y:.. y:< y:>=");
  expect_tokens("$ ~", "b:$ b:~");
  expect_tokens("\xC3\xA4", "b:\xC3\xA4");
  expect_tokens("", "");
}
END_TEST

START_TEST(a_zero_byte_is_a_bad_token_and_not_the_end) {
  med_cql_lexer lexer = {.text = med_slice_of("a\0b", 3)};
  med_cql_token token;
  med_cql_lexer_next(&lexer, &token);
  med_cql_lexer_next(&lexer, &token);
  ck_assert_int_eq(token.kind, MED_CQL_TOKEN_BAD);
  med_cql_lexer_next(&lexer, &token);
  ck_assert_int_eq(token.kind, MED_CQL_TOKEN_WORD);
}
END_TEST

PROPERTY_MAIN("cql_lexer", numbers_are_the_longest_that_fit, uuids_and_durations_are_told_from_names_and_numbers,
              strings_and_names_end_at_their_quote, comments_are_no_tokens, markers_symbols_and_what_is_none,
              a_zero_byte_is_a_bad_token_and_not_the_end)
