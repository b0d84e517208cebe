/* scalar.h - values taken apart for computing, and put together again. */
#ifndef MED_CQL_SCALAR_H
#define MED_CQL_SCALAR_H

#include "engine/cql/functions.h"
#include "models/widecolumn/number.h"

typedef struct med_cql_decimal { /* digits * 10 ^ -scale */
  med_wide_digits digits;
  int64_t scale;
} med_cql_decimal;

/* tinyint, smallint, int, bigint, counter */
bool med_cql_is_whole(med_wide_kind kind);
bool med_cql_is_real(med_wide_kind kind); /* float, double */
bool med_cql_is_number(med_wide_kind kind);

/* The number's kind must be one of the function's name; of at most 64 bits, a varint's and a boolean's are whole, too. */
int64_t med_cql_whole_of(med_slice value);
double med_cql_real_of(med_slice value);
/* Any number, TYPE for one that is not finite. */
MEDLEY_MUST_USE int med_cql_decimal_of(med_wide_kind kind, med_slice value, med_cql_decimal *decimal,
                                       medley_error *error);

/* Both with the larger scale; false if one had too many digits then. */
MEDLEY_MUST_USE bool med_cql_decimal_align(med_cql_decimal *a, med_cql_decimal *b);

/* Results, in the environment's arena. */
MEDLEY_MUST_USE int med_cql_put_bytes(med_cql_environment *e, const void *bytes, size_t len, med_slice *value,
                                      medley_error *error);
/* The low bytes of the number, as many as the kind has. */
MEDLEY_MUST_USE int med_cql_put_whole(med_cql_environment *e, med_wide_kind kind, int64_t number, med_slice *value,
                                      medley_error *error);
MEDLEY_MUST_USE int med_cql_put_real(med_cql_environment *e, med_wide_kind kind, double number, med_slice *value,
                                     medley_error *error);
MEDLEY_MUST_USE int med_cql_put_varint(med_cql_environment *e, const med_wide_digits *digits, med_slice *value,
                                       medley_error *error);
MEDLEY_MUST_USE int med_cql_put_decimal(med_cql_environment *e, const med_cql_decimal *decimal, med_slice *value,
                                        medley_error *error);

/* 100 ns since 1582-10-15 and back, in a time uuid's 60 bits. */
int64_t med_cql_ms_of_timeuuid(med_slice timeuuid);
/* Days since 1970-01-01 of a time, RANGE beyond what a date holds. */
MEDLEY_MUST_USE int med_cql_put_date(med_cql_environment *e, int64_t ms, med_slice *value, medley_error *error);
int64_t med_cql_ms_of_date(med_slice date);

#endif
