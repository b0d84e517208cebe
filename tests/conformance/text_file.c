/* text_file.c - reads a file whole: test data is small enough, and lines stay where they are. */
#include "tests/conformance/text_file.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool read_bytes(test_text_file *file, FILE *stream) {
  size_t capacity = 1 << 16;
  file->bytes = malloc(capacity + 1);
  while (file->bytes != NULL) {
    file->len += fread(file->bytes + file->len, 1, capacity - file->len, stream);
    if (file->len < capacity) return ferror(stream) == 0;
    capacity *= 2;
    char *larger = realloc(file->bytes, capacity + 1);
    if (larger == NULL) return false;
    file->bytes = larger;
  }
  return false;
}

static bool cut_lines(test_text_file *file) {
  size_t count = 0;
  for (size_t i = 0; i < file->len; i++) count += file->bytes[i] == '\n';
  if (file->len > 0 && file->bytes[file->len - 1] != '\n') count++;
  file->lines = calloc(count + 1, sizeof *file->lines);
  if (file->lines == NULL) return false;
  char *line = file->bytes, *end = file->bytes + file->len;
  while (line < end) {
    char *stop = memchr(line, '\n', (size_t)(end - line));
    if (stop == NULL) stop = end;
    *stop = '\0';
    if (stop > line && stop[-1] == '\r') stop[-1] = '\0';
    file->lines[file->line_count++] = line;
    line = stop + 1;
  }
  return true;
}

bool test_text_file_read(test_text_file *file, const char *path) {
  memset(file, 0, sizeof *file);
  FILE *stream = fopen(path, "rb");
  if (stream == NULL) {
    fprintf(stderr, "%s: %s\n", path, strerror(errno));
    return false;
  }
  bool ok = read_bytes(file, stream) && cut_lines(file);
  if (!ok) fprintf(stderr, "%s: cannot be read: %s\n", path, strerror(errno));
  fclose(stream);
  if (!ok) test_text_file_clear(file);
  return ok;
}

void test_text_file_clear(test_text_file *file) {
  free(file->bytes);
  free(file->lines);
  memset(file, 0, sizeof *file);
}
