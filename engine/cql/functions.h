/* functions.h - the scalar functions of CQL, its operators and casts: found by name and types, then run on values.
 *
 * What is found once (at prepare) is run for every row. Values are the protocol's bytes; a null argument makes the result
 * null, except toJson's. Time and chance come from the caller. Each name has Cassandra 4's spelling and the one with
 * underscores that came later: toDate and to_date, intAsBlob and int_as_blob.
 * Not here: aggregates, token, ttl, writetime. */
#ifndef MED_CQL_FUNCTIONS_H
#define MED_CQL_FUNCTIONS_H

#include "engine/cql/literal.h"

#define MED_CQL_ARGUMENTS_MAX 2

typedef struct med_cql_environment {
  int64_t now_us;   /* since 1970: one for the whole statement, so that all of it has one time */
  uint64_t *random; /* the state of a generator, which now() and uuid() move on */
  med_arena *arena; /* of results */
} med_cql_environment;

typedef struct med_cql_function med_cql_function;
struct med_cql_function {
  int (*run)(const med_cql_function *function, const med_slice *arguments, med_cql_environment *environment,
             med_slice *value, medley_error *error);
  char name[40];
  size_t count;
  med_wide_type
      arguments[MED_CQL_ARGUMENTS_MAX]; /* each argument's bytes must be of such a value (med_cql_type_accepts) */
  med_wide_type result;
  char operation;  /* of an operator */
  bool takes_null; /* it is run even if an argument is null */
};

/* An argument before it has a value. */
typedef struct med_cql_argument {
  const med_wide_type *type; /* NULL if it takes what is wanted */
  const med_cql_term *term;  /* then a constant here must be one that may stand there; NULL or any other term may */
} med_cql_argument;

/* A function by its name in its stored form. wanted: the type of the place where the call stands, or NULL; fromJson needs
 * it, and it must live as long as the function, as must the arguments' types. TYPE in Cassandra's words if the arguments do
 * not fit, NOT_FOUND if there is no such function. */
MEDLEY_MUST_USE int med_cql_function_find(med_slice name, const med_cql_argument *arguments, size_t count,
                                          const med_wide_type *wanted, med_cql_function *function, medley_error *error);
/* + - * / % of numbers; timestamp or date + - duration; text + text. An argument without a type (NULL) has the
 * other one's, or is a duration beside a time. TYPE. */
MEDLEY_MUST_USE int med_cql_operator_find(char operation, const med_wide_type *left, const med_wide_type *right,
                                          med_cql_function *function, medley_error *error);
/* - value; of a type that is not known (NULL) it is refused. TYPE. */
MEDLEY_MUST_USE int med_cql_negation_find(const med_wide_type *type, med_cql_function *function, medley_error *error);
/* CAST(value AS type). TYPE. */
MEDLEY_MUST_USE int med_cql_cast_find(const med_wide_type *from, const med_wide_type *to, med_cql_function *function,
                                      medley_error *error);

/* Arguments have been checked for the function's types. TYPE, RANGE, TOO_BIG, NO_MEMORY; MEDLEY_ERROR for a division by
 * zero. */
MEDLEY_MUST_USE int med_cql_function_run(const med_cql_function *function, const med_slice *arguments,
                                         med_cql_environment *environment, med_slice *value, medley_error *error);

#endif
