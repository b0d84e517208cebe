/* arguments.c - reading a command's words as numbers and options, and the errors in Redis's own words. */
#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#include "engine/redis/command.h"
#include "models/keyvalue/string.h"
#include "storage/real_text.h"

#define REAL_TEXT_MAX 5119 /* Redis's own bound for a long double's text */

int med_redis_error(med_redis_call *call, int status, const char *format, ...) {
  char message[MEDLEY_ERROR_MESSAGE_SIZE];
  va_list arguments;
  va_start(arguments, format);
  int len = vsnprintf(message, sizeof message, format, arguments);
  va_end(arguments);
  /* An error is one line, whatever words were quoted in it. */
  for (int i = 0; i < len && i < (int)sizeof message - 1; i++)
    if (message[i] == '\r' || message[i] == '\n') message[i] = ' ';
  return med_error_set(med_session_error_slot(call->session), status, "%s", message);
}

int med_redis_syntax_error(med_redis_call *call) { return med_redis_error(call, MEDLEY_SYNTAX, "ERR syntax error"); }
int med_redis_not_an_integer(med_redis_call *call) {
  return med_redis_error(call, MEDLEY_RANGE, "ERR value is not an integer or out of range");
}
int med_redis_not_a_float(med_redis_call *call) {
  return med_redis_error(call, MEDLEY_RANGE, "ERR value is not a valid float");
}

bool med_redis_parse_integer(med_slice text, int64_t *integer) { return med_string_to_integer(text, integer); }

bool med_redis_parse_real(med_slice text, double *real) {
  char copy[REAL_TEXT_MAX + 1], *end = NULL;
  const unsigned char *bytes = text.bytes;
  if (text.len == 0 || text.len > REAL_TEXT_MAX || bytes[0] <= ' ') return false;
  if (memchr(bytes, 0, text.len) != NULL) return false;
  memcpy(copy, bytes, text.len);
  copy[text.len] = 0;
  errno = 0;
  *real = med_real_text_double(copy, &end);
  if (end != copy + text.len || isnan(*real)) return false;
  return !(errno == ERANGE && (isinf(*real) || fpclassify(*real) == FP_ZERO));
}

int med_redis_arg_integer(med_redis_call *call, size_t index, int64_t *integer) {
  return med_redis_parse_integer(call->argv[index], integer) ? MEDLEY_OK : med_redis_not_an_integer(call);
}

int med_redis_arg_real(med_redis_call *call, size_t index, double *real) {
  return med_redis_parse_real(call->argv[index], real) ? MEDLEY_OK : med_redis_not_a_float(call);
}

bool med_redis_arg_is(const med_redis_call *call, size_t index, const char *word) {
  size_t len = strlen(word);
  return index < call->argc && call->argv[index].len == len && strncasecmp(call->argv[index].bytes, word, len) == 0;
}

int med_redis_poll(med_redis_call *call) { return med_session_poll(call->session); }
