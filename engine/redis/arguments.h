/* arguments.h - words that several commands share: expiry options and long doubles. What every handler needs is in
 * command.h. */
#ifndef MED_REDIS_ARGUMENTS_H
#define MED_REDIS_ARGUMENTS_H

#include "engine/redis/command.h"

/* EX n, PX n, EXAT n, PXAT n. */
typedef struct med_redis_expiry {
  bool present, relative, milliseconds;
  med_slice word; /* n, read by med_redis_expiry_time */
} med_redis_expiry;

/* If argv[*at] is one of the four and a word follows: takes both, leaves *at on the second. */
bool med_redis_expiry_word(med_redis_call *call, size_t *at, med_redis_expiry *expiry);
/* The time in milliseconds since 1970, with Redis's messages for a wrong one. */
MEDLEY_MUST_USE int med_redis_expiry_time(med_redis_call *call, const med_redis_expiry *expiry, int64_t *time_ms);
/* "ERR invalid expire time in 'x' command". */
int med_redis_invalid_expiry(med_redis_call *call);

/* The options of SET from argv[3] on, and of GETEX from argv[2] on. */
typedef struct med_redis_set_options {
  bool only_new, only_present, get, keep_ttl, persist;
  med_redis_expiry expiry;
} med_redis_set_options;
MEDLEY_MUST_USE int med_redis_parse_set(med_redis_call *call, med_redis_set_options *options);
MEDLEY_MUST_USE int med_redis_parse_getex(med_redis_call *call, med_redis_set_options *options);

/* INCRBYFLOAT and HINCRBYFLOAT calculate in long double and print without an exponent. */
#define MED_REDIS_LONG_REAL_SIZE 5120
bool med_redis_parse_long_real(med_slice text, long double *real);
size_t med_redis_print_long_real(long double real, char text[MED_REDIS_LONG_REAL_SIZE]);

/* lcs.c */
int med_redis_lcs_command(med_redis_call *call);

#endif
