/* cast.c - CAST: from which type to which, and Java's conversions between its numbers. */
#include <math.h>
#include <stdio.h>

#include "engine/cql/scalar.h"
#include "models/widecolumn/value_text.h"

static bool is_text(med_wide_kind kind) { return kind == MED_WIDE_TEXT || kind == MED_WIDE_ASCII; }

static bool may_cast(med_wide_kind from, med_wide_kind to) {
  if (from == to) return true;
  if (is_text(to))
    return from < MED_WIDE_LIST && from != MED_WIDE_BLOB && from != MED_WIDE_DURATION && from != MED_WIDE_TEXT;
  if (med_cql_is_number(from)) return med_cql_is_number(to) && to != MED_WIDE_COUNTER;
  switch (from) {
    case MED_WIDE_TIMESTAMP: return to == MED_WIDE_DATE;
    case MED_WIDE_DATE: return to == MED_WIDE_TIMESTAMP;
    case MED_WIDE_TIMEUUID: return to == MED_WIDE_TIMESTAMP || to == MED_WIDE_DATE;
    default: return false;
  }
}

/* ---- To text ---- */

/* 2024-02-29T12:00:00.000Z out of '2024-02-29 12:00:00.000+0000'; a number beyond the calendar stays one. */
static void make_iso(med_buffer *text) {
  if (text->len < 15) return;
  text->len -= 5;
  text->bytes[text->len++] = 'Z';
  char *blank = memchr(text->bytes, ' ', text->len);
  if (blank != NULL) *blank = 'T';
}

static int cast_to_text(const med_wide_type *from, med_slice argument, med_cql_environment *e, med_slice *value,
                        medley_error *error) {
  med_buffer text = {0};
  if (is_text(from->kind)) return med_cql_put_bytes(e, argument.bytes, argument.len, value, error);
  if (!med_wide_text_write(from, argument, &text)) {
    med_buffer_clear(&text);
    return med_error_no_memory(error);
  }
  if (text.bytes[0] == '\'') {
    memmove(text.bytes, text.bytes + 1, text.len - 2);
    text.len -= 2;
    if (from->kind == MED_WIDE_TIMESTAMP) make_iso(&text);
  }
  int rc = med_cql_put_bytes(e, text.bytes, text.len, value, error);
  med_buffer_clear(&text);
  return rc;
}

/* ---- Between numbers ---- */

/* (long) of a real: towards zero, the nearest there is, 0 for NaN. */
static int64_t whole_of_real(double real) {
  if (isnan(real)) return 0;
  if (real >= 9223372036854775808.0) return INT64_MAX;
  return real < -9223372036854775808.0 ? INT64_MIN : (int64_t)real;
}

/* (int), from which short and byte are cut. */
static int64_t int_of_real(double real) {
  int64_t whole = whole_of_real(real);
  return whole > INT32_MAX ? INT32_MAX : whole < INT32_MIN ? INT32_MIN : whole;
}

/* The whole part, towards zero. */
static int truncate_decimal(med_cql_decimal *decimal, medley_error *error) {
  if (decimal->scale <= 0) {
    if (!med_wide_digits_shift(&decimal->digits, (uint64_t)-decimal->scale))
      return med_error_set(error, MEDLEY_TOO_BIG, "cql: a number has too many digits");
  } else {
    int64_t left = (int64_t)decimal->digits.count - decimal->scale;
    decimal->digits.count = (uint16_t)(left > 0 ? left : 0);
    if (decimal->digits.count == 0) decimal->digits.negative = false;
  }
  decimal->scale = 0;
  return MEDLEY_OK;
}

/* The low 64 bits of the whole part, as BigInteger.longValue has them. */
static int low_bits(med_cql_decimal *decimal, int64_t *bits, medley_error *error) {
  uint64_t size = 0;
  int rc = truncate_decimal(decimal, error);
  for (size_t i = 0; i < decimal->digits.count; i++) size = size * 10 + decimal->digits.digits[i];
  *bits = (int64_t)(decimal->digits.negative ? 0 - size : size);
  return rc;
}

/* A decimal or varint as the nearest double, or float. */
static int real_of_text(med_wide_kind from, med_slice argument, med_wide_kind to, med_cql_environment *e,
                        med_slice *value, medley_error *error) {
  med_wide_type type = med_wide_type_of(from);
  med_buffer text = {0}, bytes = {0};
  int rc = med_wide_text_write(&type, argument, &text) ? MEDLEY_OK : med_error_no_memory(error);
  if (rc == MEDLEY_OK) rc = med_wide_text_read(to, med_slice_of(text.bytes, text.len), &bytes, error);
  if (rc == MEDLEY_OK) rc = med_cql_put_bytes(e, bytes.bytes, bytes.len, value, error);
  med_buffer_clear(&text);
  med_buffer_clear(&bytes);
  return rc;
}

static int cast_to_real(med_wide_kind from, med_slice argument, med_wide_kind to, med_cql_environment *e,
                        med_slice *value, medley_error *error) {
  if (med_cql_is_real(from)) return med_cql_put_real(e, to, med_cql_real_of(argument), value, error);
  return real_of_text(from, argument, to, e, value, error);
}

static int cast_to_whole(med_wide_kind from, med_slice argument, med_wide_kind to, med_cql_environment *e,
                         med_slice *value, medley_error *error) {
  med_cql_decimal decimal;
  int64_t whole;
  int rc = MEDLEY_OK;
  if (med_cql_is_whole(from)) {
    whole = med_cql_whole_of(argument);
  } else if (med_cql_is_real(from)) {
    whole = to == MED_WIDE_BIGINT ? whole_of_real(med_cql_real_of(argument)) : int_of_real(med_cql_real_of(argument));
  } else {
    MED_TRY(med_cql_decimal_of(from, argument, &decimal, error));
    MED_TRY(low_bits(&decimal, &whole, error));
  }
  rc = med_cql_put_whole(e, to, whole, value, error);
done:
  return rc;
}

static int cast_to_many_digits(med_wide_kind from, med_slice argument, med_wide_kind to, med_cql_environment *e,
                               med_slice *value, medley_error *error) {
  med_cql_decimal decimal = {.scale = 0};
  uint8_t bytes[8];
  int rc;
  if (to == MED_WIDE_VARINT && med_cql_is_real(from)) {
    med_put_u64(bytes, (uint64_t)whole_of_real(med_cql_real_of(argument)));
    med_wide_digits_of(med_slice_of(bytes, sizeof bytes), &decimal.digits);
  } else {
    MED_TRY(med_cql_decimal_of(from, argument, &decimal, error));
  }
  if (to == MED_WIDE_DECIMAL) return med_cql_put_decimal(e, &decimal, value, error);
  MED_TRY(truncate_decimal(&decimal, error));
  rc = med_cql_put_varint(e, &decimal.digits, value, error);
done:
  return rc;
}

/* ---- Between times ---- */

static int cast_time(med_wide_kind from, med_slice argument, med_wide_kind to, med_cql_environment *e, med_slice *value,
                     medley_error *error) {
  int64_t ms = from == MED_WIDE_TIMEUUID ? med_cql_ms_of_timeuuid(argument)
               : from == MED_WIDE_DATE   ? med_cql_ms_of_date(argument)
                                         : med_cql_whole_of(argument);
  return to == MED_WIDE_DATE ? med_cql_put_date(e, ms, value, error)
                             : med_cql_put_whole(e, MED_WIDE_TIMESTAMP, ms, value, error);
}

/* ---- CAST ---- */

static int run_cast(const med_cql_function *function, const med_slice *arguments, med_cql_environment *e,
                    med_slice *value, medley_error *error) {
  med_wide_kind from = function->arguments[0].kind, to = function->result.kind;
  if (from == to) return med_cql_put_bytes(e, arguments[0].bytes, arguments[0].len, value, error);
  if (is_text(to)) return cast_to_text(&function->arguments[0], arguments[0], e, value, error);
  if (!med_cql_is_number(from)) return cast_time(from, arguments[0], to, e, value, error);
  if (med_cql_is_real(to)) return cast_to_real(from, arguments[0], to, e, value, error);
  if (med_cql_is_whole(to)) return cast_to_whole(from, arguments[0], to, e, value, error);
  return cast_to_many_digits(from, arguments[0], to, e, value, error);
}

int med_cql_cast_find(const med_wide_type *from, const med_wide_type *to, med_cql_function *function,
                      medley_error *error) {
  if (!may_cast(from->kind, to->kind) || (from->kind >= MED_WIDE_LIST && !med_wide_type_equal(from, to))) {
    med_buffer from_text = {0}, to_text = {0};
    int rc = MEDLEY_NO_MEMORY;
    if (med_wide_type_write(from, &from_text) && med_buffer_append_byte(&from_text, 0) &&
        med_wide_type_write(to, &to_text) && med_buffer_append_byte(&to_text, 0))
      rc = med_error_set(error, MEDLEY_TYPE, "%s cannot be cast to %s", from_text.bytes, to_text.bytes);
    else
      (void)med_error_no_memory(error);
    med_buffer_clear(&from_text);
    med_buffer_clear(&to_text);
    return rc;
  }
  *function = (med_cql_function){.run = run_cast, .count = 1, .arguments = {*from}, .result = *to};
  (void)snprintf(function->name, sizeof function->name, "cast");
  return MEDLEY_OK;
}
