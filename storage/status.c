/* status.c - the texts of the status codes, and the one error slot. */
#include "storage/status.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

const char *medley_status_text(int status) {
  switch (status) {
#define STATUS_TEXT(name, number, text) \
  case number: return text;
    MEDLEY_STATUS_LIST(STATUS_TEXT)
#undef STATUS_TEXT
    default: return "unknown status";
  }
}

const char *medley_status_name(int status) {
  switch (status) {
#define STATUS_NAME(name, number, text) \
  case number: return #name;
    MEDLEY_STATUS_LIST(STATUS_NAME)
#undef STATUS_NAME
    default: return "UNKNOWN";
  }
}

/* Cuts a message that filled its slot before the UTF-8 character that does not fit whole. */
static void trim_partial_character(char *message, size_t size) {
  size_t end = strlen(message);
  if (end + 1 < size) return;
  size_t start = end;
  while (start > 0 && ((unsigned char)message[start - 1] & 0xC0) == 0x80) start--;
  if (start == 0) return;
  unsigned char lead = (unsigned char)message[start - 1];
  size_t needed = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : lead >= 0xC0 ? 2 : 1;
  if (end - (start - 1) < needed) message[start - 1] = '\0';
}

static int set_message(medley_error *error, int status, int foreign_code, const char *format, va_list arguments) {
  if (error == NULL) return status;
  error->status = status;
  error->foreign_code = foreign_code;
  (void)vsnprintf(error->message, sizeof error->message, format, arguments);
  trim_partial_character(error->message, sizeof error->message);
  return status;
}

int med_error_set(medley_error *error, int status, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  set_message(error, status, 0, format, arguments);
  va_end(arguments);
  return status;
}

int med_error_set_foreign(medley_error *error, int status, int foreign_code, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  set_message(error, status, foreign_code, format, arguments);
  va_end(arguments);
  return status;
}

int med_error_no_memory(medley_error *error) { return med_error_set(error, MEDLEY_NO_MEMORY, "out of memory"); }

void med_error_clear(medley_error *error) {
  if (error == NULL) return;
  error->status = MEDLEY_OK;
  error->foreign_code = 0;
  error->language = MEDLEY_LANGUAGE_NONE;
  error->line = error->column = 0;
  error->message[0] = '\0';
}

void med_error_set_position(medley_error *error, const char *text, size_t text_len, size_t offset) {
  if (error == NULL) return;
  if (offset > text_len) offset = text_len;
  int line = 1;
  size_t line_start = 0;
  for (size_t i = 0; i < offset; i++) {
    if (text[i] != '\n') continue;
    line++;
    line_start = i + 1;
  }
  error->line = line;
  error->column = (int)(offset - line_start) + 1;
}
