/* answer.h - what a statement of a script answered, as lines of text, and whether they are the expected ones.
 *
 * A row of SQL is a line, its values parted by tabs. A Redis reply is a line, or one for each element of a list. README.md
 * says how values are written. Lifetime: init, clear. */
#ifndef TEST_ANSWER_H
#define TEST_ANSWER_H

#include <stdbool.h>
#include <stddef.h>

#include "engine/medley.h"

typedef struct test_answer {
  char **lines;
  size_t count;
  bool is_error;
  int status, line, column;
  char error_text[MEDLEY_ERROR_MESSAGE_SIZE + 64];
} test_answer;

/* Memory or the end of the program. */
void *test_answer_must(void *memory);

void test_answer_init(test_answer *answer);
void test_answer_clear(test_answer *answer);

/* The statement's present row. */
void test_answer_add_row(test_answer *answer, medley_statement *statement, medley_language language);
void test_answer_set_error(test_answer *answer, int status, const medley_error *error);

/* expected: lines of values, or one line `error STATUS [@LINE:COLUMN] [part of the message]`. sorted: the order of the
 * lines does not count. */
bool test_answer_matches(test_answer *answer, char *const *expected, size_t expected_count, bool sorted);
void test_answer_print(const test_answer *answer);

#endif
