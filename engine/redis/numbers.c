/* numbers.c - expiry options, and long doubles as Redis reads and prints them. */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "engine/redis/arguments.h"
#include "storage/real_text.h"

bool med_redis_expiry_word(med_redis_call *call, size_t *at, med_redis_expiry *expiry) {
  static const struct {
    const char *word;
    bool relative, milliseconds;
  } forms[] = {{"ex", true, false}, {"px", true, true}, {"exat", false, false}, {"pxat", false, true}};
  if (expiry->present || *at + 1 >= call->argc) return false;
  for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
    if (!med_redis_arg_is(call, *at, forms[i].word)) continue;
    *expiry = (med_redis_expiry){true, forms[i].relative, forms[i].milliseconds, call->argv[++*at]};
    return true;
  }
  return false;
}

int med_redis_invalid_expiry(med_redis_call *call) {
  return med_redis_error(call, MEDLEY_RANGE, "ERR invalid expire time in '%s' command", call->command->name);
}

int med_redis_expiry_time(med_redis_call *call, const med_redis_expiry *expiry, int64_t *time_ms) {
  int64_t amount;
  if (!med_redis_parse_integer(expiry->word, &amount)) return med_redis_not_an_integer(call);
  if (amount <= 0) return med_redis_invalid_expiry(call);
  if (!expiry->milliseconds && __builtin_mul_overflow(amount, (int64_t)1000, &amount))
    return med_redis_invalid_expiry(call);
  if (expiry->relative && __builtin_add_overflow(amount, call->now_ms, &amount)) return med_redis_invalid_expiry(call);
  *time_ms = amount;
  return MEDLEY_OK;
}

bool med_redis_parse_long_real(med_slice text, long double *real) {
  char copy[MED_REDIS_LONG_REAL_SIZE], *end = NULL;
  const unsigned char *bytes = text.bytes;
  if (text.len == 0 || text.len >= sizeof copy || bytes[0] <= ' ') return false;
  if (memchr(bytes, 0, text.len) != NULL) return false;
  memcpy(copy, bytes, text.len);
  copy[text.len] = 0;
  errno = 0;
  *real = med_real_text_long_double(copy, &end);
  if (end != copy + text.len || isnan(*real)) return false;
  return !(errno == ERANGE && (isinf(*real) || fpclassify(*real) == FP_ZERO));
}

size_t med_redis_print_long_real(long double real, char text[MED_REDIS_LONG_REAL_SIZE]) {
  int printed = snprintf(text, MED_REDIS_LONG_REAL_SIZE, "%.17Lf", real);
  if (printed < 0 || printed >= MED_REDIS_LONG_REAL_SIZE) return 0;
  size_t len = (size_t)printed;
  char *point = strpbrk(text, ".,"); /* the host's locale may say a comma */
  if (point != NULL) {
    *point = '.';
    while (text[len - 1] == '0') len--;
    if (text[len - 1] == '.') len--;
  }
  if (len == 2 && text[0] == '-' && text[1] == '0') {
    text[0] = '0';
    len = 1;
  }
  return len;
}
