/* arithmetic.c - CQL's operators: which types meet, what type comes out, and the computing, as Cassandra does it on Java's
 * numbers: integers wrap around, decimals have 34 digits (quotients 32 behind the first), reals are IEEE's. */
#include <math.h>
#include <stdio.h>

#include "engine/cql/scalar.h"
#include "models/widecolumn/time_text.h"

#define DECIMAL_DIGITS 34      /* MathContext.DECIMAL128 */
#define QUOTIENT_DIGITS_MIN 32 /* as in DecimalType.divide */
#define QUOTIENT_SCALE_MAX 1000
#define DAY_MS 86400000ll

/* ---- Types ---- */

static med_wide_kind larger_whole(med_wide_kind a, med_wide_kind b) {
  if (med_wide_kind_size(a) < med_wide_kind_size(b)) a = b;
  return a == MED_WIDE_COUNTER ? MED_WIDE_BIGINT : a;
}

static med_wide_kind result_kind(med_wide_kind a, med_wide_kind b) {
  bool real = med_cql_is_real(a) || med_cql_is_real(b);
  if (a == MED_WIDE_DECIMAL || b == MED_WIDE_DECIMAL) return MED_WIDE_DECIMAL;
  if (a == MED_WIDE_VARINT || b == MED_WIDE_VARINT) return real ? MED_WIDE_DECIMAL : MED_WIDE_VARINT;
  if (!real) return larger_whole(a, b);
  bool wide = a == MED_WIDE_DOUBLE || b == MED_WIDE_DOUBLE || med_wide_kind_size(a) == 8 || med_wide_kind_size(b) == 8;
  return wide ? MED_WIDE_DOUBLE : MED_WIDE_FLOAT;
}

static const char *type_text(const med_wide_type *type, med_buffer *text) {
  if (type == NULL) return "?";
  return med_wide_type_write(type, text) && med_buffer_append_byte(text, 0) ? text->bytes : "?";
}

/* format has the types left and right of the operation. */
static int refuse(char operation, const med_wide_type *left, const med_wide_type *right, medley_error *error) {
  med_buffer left_text = {0}, right_text = {0};
  const char *a = type_text(left, &left_text), *b = type_text(right, &right_text);
  int rc;
  if (left == NULL && right == NULL)
    rc = med_error_set(error, MEDLEY_TYPE, "the operation '? %c ?' is ambiguous: use type casts to disambiguate",
                       operation);
  else
    rc = med_error_set(error, MEDLEY_TYPE, "the '%c' operation is not supported between %s and %s", operation, a, b);
  med_buffer_clear(&left_text);
  med_buffer_clear(&right_text);
  return rc;
}

static int fail(const med_cql_function *function, const char *why, medley_error *error) {
  med_buffer left = {0}, right = {0};
  const char *a = type_text(&function->arguments[0], &left), *b = type_text(&function->arguments[1], &right);
  int rc = med_error_set(error, MEDLEY_ERROR, "the operation '%s %c %s' failed: %s", a, function->operation, b, why);
  med_buffer_clear(&left);
  med_buffer_clear(&right);
  return rc;
}

/* ---- Integers and reals ---- */

static int run_whole(const med_cql_function *function, const med_slice *arguments, med_cql_environment *e,
                     med_slice *value, medley_error *error) {
  int64_t left = med_cql_whole_of(arguments[0]), right = med_cql_whole_of(arguments[1]);
  uint64_t a = (uint64_t)left, b = (uint64_t)right, result = 0;
  bool divides = function->operation == '/' || function->operation == '%';
  if (divides && right == 0) return fail(function, "/ by zero", error);
  switch (function->operation) {
    case '+': result = a + b; break;
    case '-': result = a - b; break;
    case '*': result = a * b; break;
    case '/': result = right == -1 ? 0 - a : (uint64_t)(left / right); break; /* the smallest number wraps around */
    default: result = right == -1 ? 0 : (uint64_t)(left % right);
  }
  return med_cql_put_whole(e, function->result.kind, (int64_t)result, value, error);
}

static double real_argument(const med_cql_function *function, const med_slice *arguments, size_t index) {
  if (med_cql_is_real(function->arguments[index].kind)) return med_cql_real_of(arguments[index]);
  return (double)med_cql_whole_of(arguments[index]);
}

/* A sum, product or quotient of two floats, computed as doubles and rounded once more, is the float one. */
static int run_real(const med_cql_function *function, const med_slice *arguments, med_cql_environment *e,
                    med_slice *value, medley_error *error) {
  double a = real_argument(function, arguments, 0), b = real_argument(function, arguments, 1), result;
  if (function->result.kind == MED_WIDE_FLOAT) a = (double)(float)a, b = (double)(float)b;
  switch (function->operation) {
    case '+': result = a + b; break;
    case '-': result = a - b; break;
    case '*': result = a * b; break;
    case '/': result = a / b; break;
    default: result = fmod(a, b);
  }
  return med_cql_put_real(e, function->result.kind, result, value, error);
}

/* ---- Numbers of many digits ---- */

static int too_big(medley_error *error) {
  return med_error_set(error, MEDLEY_TOO_BIG, "cql: a number has too many digits");
}

static int run_varint(const med_cql_function *function, const med_slice *arguments, med_cql_environment *e,
                      med_slice *value, medley_error *error) {
  med_wide_digits a, b, result, rest;
  bool fits = true;
  med_wide_digits_of(arguments[0], &a);
  med_wide_digits_of(arguments[1], &b);
  switch (function->operation) {
    case '-':
      b.negative = !b.negative && b.count > 0;
      /* fall through */
    case '+': fits = med_wide_digits_add(&a, &b, &result); break;
    case '*': fits = med_wide_digits_multiply(&a, &b, &result); break;
    default:
      if (b.count == 0) return fail(function, "BigInteger divide by zero", error);
      med_wide_digits_divide(&a, &b, &result, &rest);
      if (function->operation == '%') result = rest;
  }
  return fits ? med_cql_put_varint(e, &result, value, error) : too_big(error);
}

static int64_t precision(const med_cql_decimal *decimal) {
  return decimal->digits.count > 0 ? decimal->digits.count : 1;
}

static void strip_zeros(med_cql_decimal *decimal) {
  med_wide_digits *digits = &decimal->digits;
  if (digits->count == 0) decimal->scale = 0;
  for (; digits->count > 0 && digits->digits[digits->count - 1] == 0; digits->count--) decimal->scale--;
}

/* Rounded half up at the scale that Cassandra chooses. b is not zero. */
static bool divide(med_cql_decimal *a, med_cql_decimal *b, med_cql_decimal *quotient) {
  static const med_wide_digits one = {.count = 1, .digits = {1}};
  med_wide_digits rest;
  int64_t first = (precision(a) - a->scale) - (precision(b) - b->scale), scale = QUOTIENT_DIGITS_MIN - first;
  if (scale < a->scale) scale = a->scale;
  if (scale < b->scale) scale = b->scale;
  if (scale > QUOTIENT_SCALE_MAX) scale = QUOTIENT_SCALE_MAX;
  int64_t shift = scale - a->scale + b->scale;
  if (!med_wide_digits_shift(shift < 0 ? &b->digits : &a->digits, (uint64_t)(shift < 0 ? -shift : shift))) return false;
  bool negative = a->digits.negative != b->digits.negative;
  med_wide_digits_divide(&a->digits, &b->digits, &quotient->digits, &rest);
  rest.negative = b->digits.negative = quotient->digits.negative = false;
  if (!med_wide_digits_add(&rest, &rest, &rest)) return false;
  if (med_wide_digits_compare(&rest, &b->digits) >= 0 &&
      !med_wide_digits_add(&quotient->digits, &one, &quotient->digits))
    return false;
  quotient->digits.negative = negative && quotient->digits.count > 0;
  quotient->scale = scale;
  strip_zeros(quotient);
  return true;
}

static int run_decimal(const med_cql_function *function, const med_slice *arguments, med_cql_environment *e,
                       med_slice *value, medley_error *error) {
  med_cql_decimal a, b, result;
  med_wide_digits quotient;
  bool fits = true, divides = function->operation == '/' || function->operation == '%';
  int rc;
  MED_TRY(med_cql_decimal_of(function->arguments[0].kind, arguments[0], &a, error));
  MED_TRY(med_cql_decimal_of(function->arguments[1].kind, arguments[1], &b, error));
  if (divides && b.digits.count == 0)
    return fail(function, a.digits.count == 0 ? "Division undefined" : "Division by zero", error);
  switch (function->operation) {
    case '*':
      fits = med_wide_digits_multiply(&a.digits, &b.digits, &result.digits);
      result.scale = a.scale + b.scale;
      break;
    case '/': fits = divide(&a, &b, &result); break;
    case '%':
      fits = med_cql_decimal_align(&a, &b);
      result.scale = a.scale;
      if (fits) med_wide_digits_divide(&a.digits, &b.digits, &quotient, &result.digits);
      break;
    default:
      if (function->operation == '-') b.digits.negative = !b.digits.negative && b.digits.count > 0;
      fits = med_cql_decimal_align(&a, &b) && med_wide_digits_add(&a.digits, &b.digits, &result.digits);
      result.scale = a.scale;
  }
  if (!fits) return too_big(error);
  if (!divides) result.scale -= (int64_t)med_wide_digits_round(&result.digits, DECIMAL_DIGITS, true);
  rc = med_cql_put_decimal(e, &result, value, error);
done:
  return rc;
}

/* ---- Times and texts ---- */

/* The same day of another month, or its last. */
static int64_t add_months(int64_t days, int64_t months) {
  int64_t year;
  unsigned month, day;
  med_wide_date_of(days, &year, &month, &day);
  int64_t all = year * 12 + (month - 1) + months, new_year = all / 12 - (all % 12 < 0);
  unsigned new_month = (unsigned)(all - new_year * 12) + 1;
  int64_t first = med_wide_days_of(new_year, new_month, 1);
  int64_t next = med_wide_days_of(new_month == 12 ? new_year + 1 : new_year, new_month == 12 ? 1 : new_month + 1, 1);
  return first + day - 1 < next ? first + day - 1 : next - 1;
}

/* timestamp or date + - duration. Within the years of a date nothing overflows. */
static int run_time(const med_cql_function *function, const med_slice *arguments, med_cql_environment *e,
                    med_slice *value, medley_error *error) {
  bool is_date = function->result.kind == MED_WIDE_DATE;
  int64_t months = 0, days = 0, nanoseconds = 0, sign = function->operation == '-' ? -1 : 1;
  med_slice duration = arguments[1];
  if (!med_wide_take_vint(&duration, &months) || !med_wide_take_vint(&duration, &days) ||
      !med_wide_take_vint(&duration, &nanoseconds))
    return med_error_set(error, MEDLEY_TYPE, "cql: a duration is damaged");
  if (is_date && nanoseconds != 0) return med_error_set(error, MEDLEY_TYPE, "The duration must have a day precision");
  int64_t ms = is_date ? med_cql_ms_of_date(arguments[0]) : med_cql_whole_of(arguments[0]);
  int64_t day = ms / DAY_MS - (ms % DAY_MS < 0), in_day = ms - day * DAY_MS;
  if (day < -(1ll << 31) || day >= 1ll << 31)
    return med_error_set(error, MEDLEY_RANGE, "cql: a timestamp is out of the range of a date");
  day = (months != 0 ? add_months(day, sign * months) : day) + sign * days;
  ms = day * DAY_MS + in_day + sign * (nanoseconds / 1000000);
  return is_date ? med_cql_put_date(e, ms, value, error) : med_cql_put_whole(e, MED_WIDE_TIMESTAMP, ms, value, error);
}

static int run_text(const med_cql_function *function, const med_slice *arguments, med_cql_environment *e,
                    med_slice *value, medley_error *error) {
  size_t left = arguments[0].len, right = arguments[1].len;
  char *text = med_arena_alloc(e->arena, left + right + 1);
  (void)function;
  if (text == NULL) return med_error_no_memory(error);
  if (left > 0) memcpy(text, arguments[0].bytes, left);
  if (right > 0) memcpy(text + left, arguments[1].bytes, right);
  *value = med_slice_of(text, left + right);
  return MEDLEY_OK;
}

/* ---- Finding ---- */

static bool is_text(med_wide_kind kind) { return kind == MED_WIDE_TEXT || kind == MED_WIDE_ASCII; }

static void choose(med_cql_function *function, med_wide_kind left, med_wide_kind right) {
  bool sums = function->operation == '+' || function->operation == '-';
  bool is_time = left == MED_WIDE_TIMESTAMP || left == MED_WIDE_DATE;
  function->run = NULL;
  if (sums && is_time && right == MED_WIDE_DURATION) {
    function->run = run_time;
    function->result = med_wide_type_of(left);
  } else if (function->operation == '+' && is_text(left) && is_text(right)) {
    function->run = run_text;
    function->result = med_wide_type_of(left == right ? left : MED_WIDE_TEXT);
  } else if (med_cql_is_number(left) && med_cql_is_number(right)) {
    med_wide_kind kind = result_kind(left, right);
    function->result = med_wide_type_of(kind);
    function->run = kind == MED_WIDE_DECIMAL  ? run_decimal
                    : kind == MED_WIDE_VARINT ? run_varint
                    : med_cql_is_real(kind)   ? run_real
                                              : run_whole;
  }
}

/* The type that an argument without one has beside the other. */
static med_wide_type type_beside(const med_wide_type *other) {
  bool is_time = other->kind == MED_WIDE_TIMESTAMP || other->kind == MED_WIDE_DATE;
  return is_time ? med_wide_type_of(MED_WIDE_DURATION) : *other;
}

int med_cql_operator_find(char operation, const med_wide_type *left, const med_wide_type *right,
                          med_cql_function *function, medley_error *error) {
  *function = (med_cql_function){.count = 2, .operation = operation};
  if (left == NULL && right == NULL) return refuse(operation, left, right, error);
  function->arguments[0] = left != NULL ? *left : *right;
  function->arguments[1] = right != NULL ? *right : type_beside(left);
  choose(function, function->arguments[0].kind, function->arguments[1].kind);
  if (function->run == NULL) return refuse(operation, &function->arguments[0], &function->arguments[1], error);
  (void)snprintf(function->name, sizeof function->name, "%c", operation);
  return MEDLEY_OK;
}

/* ---- Negation ---- */

static int run_negation(const med_cql_function *function, const med_slice *arguments, med_cql_environment *e,
                        med_slice *value, medley_error *error) {
  med_wide_kind kind = function->result.kind;
  med_cql_decimal decimal;
  if (med_cql_is_whole(kind))
    return med_cql_put_whole(e, kind, (int64_t)(0 - (uint64_t)med_cql_whole_of(arguments[0])), value, error);
  if (med_cql_is_real(kind)) return med_cql_put_real(e, kind, -med_cql_real_of(arguments[0]), value, error);
  int rc = med_cql_decimal_of(kind, arguments[0], &decimal, error);
  if (rc != MEDLEY_OK) return rc;
  decimal.digits.negative = !decimal.digits.negative && decimal.digits.count > 0;
  return kind == MED_WIDE_VARINT ? med_cql_put_varint(e, &decimal.digits, value, error)
                                 : med_cql_put_decimal(e, &decimal, value, error);
}

int med_cql_negation_find(const med_wide_type *type, med_cql_function *function, medley_error *error) {
  if (type == NULL)
    return med_error_set(error, MEDLEY_TYPE, "the operation '- ?' is ambiguous: use type casts to disambiguate");
  if (!med_cql_is_number(type->kind)) {
    med_buffer text = {0};
    int rc = med_error_set(error, MEDLEY_TYPE, "the '-' operation is not supported for %s", type_text(type, &text));
    med_buffer_clear(&text);
    return rc;
  }
  *function =
      (med_cql_function){.run = run_negation, .count = 1, .arguments = {*type}, .result = *type, .operation = '-'};
  if (type->kind == MED_WIDE_COUNTER) function->result = med_wide_type_of(MED_WIDE_BIGINT);
  (void)snprintf(function->name, sizeof function->name, "-");
  return MEDLEY_OK;
}
