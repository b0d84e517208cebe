/* text_file.h - a text file in memory, cut into lines.
 *
 * Lines end in NUL instead of their line end; a carriage return before it is dropped. Bytes of the file that are NUL
 * themselves cut a line short. Threads: none. Lifetime: read, then clear; clear accepts the empty state. */
#ifndef TEST_TEXT_FILE_H
#define TEST_TEXT_FILE_H

#include <stdbool.h>
#include <stddef.h>

typedef struct test_text_file {
  char *bytes;
  size_t len;
  char **lines;
  size_t line_count;
} test_text_file;

/* False, with the reason on stderr, if it cannot be read. */
bool test_text_file_read(test_text_file *file, const char *path);
void test_text_file_clear(test_text_file *file);

#endif
