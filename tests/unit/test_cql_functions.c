/* test_cql_functions.c - CQL's scalar functions, operators and casts. */
#include "engine/cql/functions.h"
#include "tests/unit/cql_kit.h"

#define NOW_US 1709208000123456ll /* 2024-02-29 12:00:00.123456 */

typedef struct kit {
  med_arena arena;
  uint64_t random;
  med_cql_environment environment;
  med_wide_type types[2];
  med_slice values[2];
  med_cql_argument arguments[2];
  med_cql_function function;
  medley_error error;
} kit;

static void open_kit(kit *k) {
  memset(k, 0, sizeof *k);
  k->random = 7;
  k->environment = (med_cql_environment){.now_us = NOW_US, .random = &k->random, .arena = &k->arena};
}

/* "type literal" */
static void set_argument(kit *k, size_t index, const char *text) {
  char type[64];
  size_t len = strcspn(text, " ");
  memcpy(type, text, len);
  type[len] = '\0';
  cql_type(type, &k->arena, &k->types[index]);
  k->values[index] = cql_literal(&k->types[index], text + len + 1, &k->arena);
  k->arguments[index].type = &k->types[index];
}

static void run(kit *k, int rc, const char *wanted, const char *what) {
  med_slice value;
  med_buffer text = {0};
  ck_assert_msg(rc == MEDLEY_OK, "%s: %s", what, k->error.message);
  rc = med_cql_function_run(&k->function, k->values, &k->environment, &value, &k->error);
  ck_assert_msg(rc == MEDLEY_OK, "%s: %s", what, k->error.message);
  ck_assert(med_wide_type_write(&k->function.result, &text) && med_buffer_append_byte(&text, ' '));
  size_t len = text.len;
  ck_assert_msg(strncmp(wanted, text.bytes, len) == 0, "%s: %.*s", what, (int)len, text.bytes);
  cql_value_is(&k->function.result, value, wanted + len, what);
  med_buffer_clear(&text);
  med_arena_clear(&k->arena);
}

static void calls(const char *name, const char *argument, const char *wanted) {
  kit k;
  open_kit(&k);
  if (argument != NULL) set_argument(&k, 0, argument);
  int rc = med_cql_function_find(med_slice_of_text(name), k.arguments, argument != NULL, NULL, &k.function, &k.error);
  run(&k, rc, wanted, name);
}

static void operates(char operation, const char *left, const char *right, const char *wanted) {
  kit k;
  open_kit(&k);
  set_argument(&k, 0, left);
  set_argument(&k, 1, right);
  int rc = med_cql_operator_find(operation, k.arguments[0].type, k.arguments[1].type, &k.function, &k.error);
  run(&k, rc, wanted, left);
}

static void casts(const char *from, const char *wanted) {
  kit k;
  char type[64];
  size_t len = strcspn(wanted, " ");
  open_kit(&k);
  memcpy(type, wanted, len);
  type[len] = '\0';
  set_argument(&k, 0, from);
  cql_type(type, &k.arena, &k.types[1]);
  int rc = med_cql_cast_find(&k.types[0], &k.types[1], &k.function, &k.error);
  run(&k, rc, wanted, from);
}

START_TEST(times_are_taken_apart_and_made) {
  calls("currenttimestamp", NULL, "timestamp '2024-02-29 12:00:00.123+0000'");
  calls("current_date", NULL, "date '2024-02-29'");
  calls("currenttime", NULL, "time '12:00:00.123456000'");
  calls("todate", "timestamp '1969-12-31 23:59:59'", "date '1969-12-31'");
  calls("to_date", "timeuuid 13814000-1dd2-11b2-8080-808080808080", "date '1970-01-01'");
  calls("totimestamp", "date '2024-02-29'", "timestamp '2024-02-29 00:00:00.000+0000'");
  calls("tounixtimestamp", "timestamp 1234", "bigint 1234");
  calls("tounixtimestamp", "date '1970-01-02'", "bigint 86400000");
  calls("mintimeuuid", "timestamp '2013-01-01 00:05+0000'", "timeuuid e23f1e00-53a6-11e2-8080-808080808080");
  calls("maxtimeuuid", "timestamp '2013-01-01 00:05+0000'", "timeuuid e23f450f-53a6-11e2-7f7f-7f7f7f7f7f7f");
  calls("dateof", "timeuuid e23f1e00-53a6-11e2-8080-808080808080", "timestamp '2013-01-01 00:05:00.000+0000'");
  calls("unixtimestampof", "timeuuid e23f1e00-53a6-11e2-8080-808080808080", "bigint 1356998700000");
  calls("todate", "timestamp null", "date null");
}
END_TEST

START_TEST(uuids_have_their_version_and_do_not_repeat) {
  kit k;
  med_slice first, second;
  med_wide_type uuid = med_wide_type_of(MED_WIDE_UUID), timeuuid = med_wide_type_of(MED_WIDE_TIMEUUID);
  open_kit(&k);
  ck_assert_int_eq(med_cql_function_find(med_slice_of_text("uuid"), NULL, 0, NULL, &k.function, NULL), MEDLEY_OK);
  ck_assert_int_eq(med_cql_function_run(&k.function, NULL, &k.environment, &first, NULL), MEDLEY_OK);
  ck_assert_int_eq(med_cql_function_run(&k.function, NULL, &k.environment, &second, NULL), MEDLEY_OK);
  ck_assert_int_eq(med_wide_value_check(&uuid, first, NULL), MEDLEY_OK);
  ck_assert(((const uint8_t *)first.bytes)[6] >> 4 == 4 && !med_slice_equal(first, second));
  ck_assert_int_eq(med_cql_function_find(med_slice_of_text("now"), NULL, 0, NULL, &k.function, NULL), MEDLEY_OK);
  ck_assert_int_eq(med_cql_function_run(&k.function, NULL, &k.environment, &first, NULL), MEDLEY_OK);
  ck_assert_int_eq(med_cql_function_run(&k.function, NULL, &k.environment, &second, NULL), MEDLEY_OK);
  ck_assert_int_eq(med_wide_value_check(&timeuuid, first, NULL), MEDLEY_OK);
  ck_assert(!med_slice_equal(first, second));
  med_arena_clear(&k.arena);
}
END_TEST

START_TEST(bytes_of_values_are_blobs) {
  calls("intasblob", "int 258", "blob 0x00000102");
  calls("varchar_as_blob", "text 'a'", "blob 0x61");
  calls("blobasint", "blob 0x00000102", "int 258");
  calls("blob_as_text", "blob 0x61", "text 'a'");
  calls("blobastimestamp", "blob 0x0000000000000000", "timestamp '1970-01-01 00:00:00.000+0000'");
  calls("blobasint", "blob null", "int null");
  kit k;
  med_slice value;
  open_kit(&k);
  set_argument(&k, 0, "blob 0x0102");
  ck_assert_int_eq(med_cql_function_find(med_slice_of_text("blobasint"), k.arguments, 1, NULL, &k.function, &k.error),
                   MEDLEY_OK);
  ck_assert_int_eq(med_cql_function_run(&k.function, k.values, &k.environment, &value, &k.error), MEDLEY_TYPE);
  ck_assert_str_eq(
      k.error.message,
      "In call to function system.blobasint, value 0x0102 is not a valid binary representation for type int");
  med_arena_clear(&k.arena);
}
END_TEST

START_TEST(json_goes_through_functions) {
  calls("tojson", "list<int> [1,2]", "text '[1, 2]'");
  calls("to_json", "int null", "text 'null'");
  kit k;
  med_wide_type wanted;
  open_kit(&k);
  set_argument(&k, 0, "text '[3, 1]'");
  cql_type("set<int>", &k.arena, &wanted);
  int rc = med_cql_function_find(med_slice_of_text("fromjson"), k.arguments, 1, &wanted, &k.function, &k.error);
  run(&k, rc, "set<int> {1, 3}", "fromjson");
}
END_TEST

static void refuses(const char *name, const char *argument, const char *literal, size_t count, int status,
                    const char *message) {
  kit k;
  cql_parsed parsed;
  char statement[128];
  open_kit(&k);
  snprintf(statement, sizeof statement, "INSERT INTO t (c) VALUES (%s)", literal != NULL ? literal : "1");
  cql_parse(&parsed, statement);
  if (argument != NULL) set_argument(&k, 0, argument);
  if (literal != NULL) k.arguments[0].term = parsed.statement->as.insert.values[0];
  int rc = med_cql_function_find(med_slice_of_text(name), k.arguments, count, NULL, &k.function, &k.error);
  ck_assert_msg(rc == status, "%s: %d", name, rc);
  ck_assert_str_eq(k.error.message, message);
  cql_clear(&parsed);
  med_arena_clear(&k.arena);
}

START_TEST(calls_that_do_not_fit_are_refused_in_cassandras_words) {
  refuses("nix", NULL, NULL, 0, MEDLEY_NOT_FOUND, "Unknown function 'nix'");
  refuses("listasblob", NULL, NULL, 1, MEDLEY_NOT_FOUND, "Unknown function 'listasblob'");
  refuses("blobasblob", NULL, NULL, 1, MEDLEY_NOT_FOUND, "Unknown function 'blobasblob'");
  refuses("now", "int 1", NULL, 1, MEDLEY_TYPE,
          "Invalid number of arguments in call to function now: 0 required but 1 provided");
  refuses("dateof", "int 1", NULL, 1, MEDLEY_TYPE,
          "Type error: int cannot be passed as argument 0 of function system.dateof of type timeuuid");
  refuses("mintimeuuid", NULL, "0x00", 1, MEDLEY_TYPE,
          "Type error: 0x00 cannot be passed as argument 0 of function system.mintimeuuid of type timestamp");
  refuses("todate", "int 1", NULL, 1, MEDLEY_TYPE,
          "Invalid call to function todate, none of its type signatures match (known type signatures: system.todate : "
          "(timeuuid) -> date, system.todate : (timestamp) -> date)");
  refuses(
      "todate", NULL, NULL, 1, MEDLEY_TYPE,
      "Ambiguous call to function todate (can be matched by following signatures: system.todate : (timeuuid) -> date, "
      "system.todate : (timestamp) -> date): use type casts");
  refuses("fromjson", "text '1'", NULL, 1, MEDLEY_TYPE,
          "fromJson() cannot be used in the selection clause of a SELECT statement");
  refuses("tojson", NULL, NULL, 0, MEDLEY_TYPE,
          "Invalid number of arguments in call to function tojson: 1 required but 0 provided");
  refuses("intasblob", "text 'x'", NULL, 1, MEDLEY_TYPE,
          "Type error: text cannot be passed as argument 0 of function system.intasblob of type int");
}
END_TEST

START_TEST(a_constant_chooses_the_function_it_fits) {
  kit k;
  cql_parsed parsed;
  open_kit(&k);
  cql_parse(&parsed, "INSERT INTO t (c) VALUES ('2024-02-29')");
  k.arguments[0].term = parsed.statement->as.insert.values[0];
  ck_assert_int_eq(med_cql_function_find(med_slice_of_text("todate"), k.arguments, 1, NULL, &k.function, &k.error),
                   MEDLEY_OK);
  ck_assert_int_eq(k.function.arguments[0].kind, MED_WIDE_TIMESTAMP);
  cql_clear(&parsed);
}
END_TEST

START_TEST(numbers_meet_in_the_type_that_cassandra_says) {
  static const char *const names[] = {"tinyint", "smallint", "int",    "bigint", "counter",
                                      "float",   "double",   "varint", "decimal"};
  static const char *const results[][9] = {
      {"tinyint", "smallint", "int", "bigint", "bigint", "float", "double", "varint", "decimal"},
      {"smallint", "smallint", "int", "bigint", "bigint", "float", "double", "varint", "decimal"},
      {"int", "int", "int", "bigint", "bigint", "float", "double", "varint", "decimal"},
      {"bigint", "bigint", "bigint", "bigint", "bigint", "double", "double", "varint", "decimal"},
      {"bigint", "bigint", "bigint", "bigint", "bigint", "double", "double", "varint", "decimal"},
      {"float", "float", "float", "double", "double", "float", "double", "decimal", "decimal"},
      {"double", "double", "double", "double", "double", "double", "double", "decimal", "decimal"},
      {"varint", "varint", "varint", "varint", "varint", "decimal", "decimal", "varint", "decimal"},
      {"decimal", "decimal", "decimal", "decimal", "decimal", "decimal", "decimal", "decimal", "decimal"}};
  med_arena arena = {0};
  for (size_t i = 0; i < 9; i++) {
    for (size_t j = 0; j < 9; j++) {
      med_wide_type left, right, wanted;
      med_cql_function function;
      cql_type(names[i], &arena, &left);
      cql_type(names[j], &arena, &right);
      cql_type(results[i][j], &arena, &wanted);
      ck_assert_int_eq(med_cql_operator_find('*', &left, &right, &function, NULL), MEDLEY_OK);
      ck_assert_msg(function.result.kind == wanted.kind, "%s * %s", names[i], names[j]);
    }
  }
  med_arena_clear(&arena);
}
END_TEST

START_TEST(whole_numbers_wrap_around_and_divide_towards_zero) {
  operates('+', "tinyint 127", "tinyint 1", "tinyint -128");
  operates('-', "int -2147483648", "int 1", "int 2147483647");
  operates('*', "int 65536", "bigint 65536", "bigint 4294967296");
  operates('/', "int -7", "int 2", "int -3");
  operates('%', "int -7", "int 2", "int -1");
  operates('/', "bigint -9223372036854775808", "bigint -1", "bigint -9223372036854775808");
  operates('%', "bigint -9223372036854775808", "bigint -1", "bigint 0");
  operates('+', "counter 1", "tinyint 1", "bigint 2");
  operates('+', "int null", "int 1", "int null");
}
END_TEST

START_TEST(reals_are_rounded_as_their_type_is) {
  operates('+', "float 0.1", "float 0.2", "float 0.3");
  operates('+', "double 0.1", "double 0.2", "double 0.30000000000000004");
  operates('/', "double 1", "double 0", "double Infinity");
  operates('%', "double 5.5", "int 2", "double 1.5");
  operates('*', "int 16777217", "float 1", "float 16777216.0");
  operates('-', "float 1", "bigint 2", "double -1.0");
}
END_TEST

START_TEST(numbers_of_many_digits_are_exact) {
  operates('+', "varint 99999999999999999999", "int 1", "varint 100000000000000000000");
  operates('-', "varint 1", "varint 99999999999999999999", "varint -99999999999999999998");
  operates('*', "varint 99999999999999999999", "varint -1", "varint -99999999999999999999");
  operates('/', "varint 99999999999999999999", "int -10", "varint -9999999999999999999");
  operates('%', "varint -99999999999999999999", "int 10", "varint -9");
  operates('+', "decimal 1.10", "decimal 2.2", "decimal 3.30");
  operates('-', "decimal 1", "decimal 1.000", "decimal 0.000");
  operates('*', "decimal 1.5", "varint 2", "decimal 3.0");
  operates('%', "decimal 5.5", "int 2", "decimal 1.5");
  operates('/', "decimal 1", "int 4", "decimal 0.25");
  operates('/', "decimal 1", "int 3", "decimal 0.33333333333333333333333333333333");
  operates('/', "decimal 2", "int -3", "decimal -0.66666666666666666666666666666667");
  operates('/', "decimal 0", "int 3", "decimal 0");
  operates('/', "decimal 100", "decimal 0.5", "decimal 2E+2");
  operates('+', "decimal 1", "double 0.1", "decimal 1.1");
  operates('+', "decimal 12345678901234567890123456789012345", "decimal 0",
           "decimal 1.234567890123456789012345678901234E+34");
  operates('*', "decimal 1234567890123456789.5", "decimal 1234567890123456789.5",
           "decimal 1.524157875323883676253619888873647E+36");
}
END_TEST

START_TEST(durations_are_added_to_times) {
  operates('+', "timestamp '2024-01-31 12:00'", "duration 1mo", "timestamp '2024-02-29 12:00:00.000+0000'");
  operates('-', "timestamp '2024-03-31'", "duration 1mo1d", "timestamp '2024-02-28 00:00:00.000+0000'");
  operates('+', "timestamp '2024-02-28 23:00'", "duration 2h500ms", "timestamp '2024-02-29 01:00:00.500+0000'");
  operates('-', "timestamp '2024-01-15'", "duration 13mo", "timestamp '2022-12-15 00:00:00.000+0000'");
  operates('+', "date '1969-12-31'", "duration 1y1d", "date '1971-01-01'");
  operates('+', "ascii 'a'", "text 'b'", "text 'ab'");
  operates('+', "ascii ''", "ascii ''", "ascii ''");
}
END_TEST

static void fails(char operation, const char *left, const char *right, bool found, int status, const char *message) {
  kit k;
  med_slice value;
  open_kit(&k);
  if (left != NULL) set_argument(&k, 0, left);
  if (right != NULL) set_argument(&k, 1, right);
  int rc = med_cql_operator_find(operation, k.arguments[0].type, k.arguments[1].type, &k.function, &k.error);
  ck_assert_int_eq(rc == MEDLEY_OK, found);
  if (found) rc = med_cql_function_run(&k.function, k.values, &k.environment, &value, &k.error);
  ck_assert_msg(rc == status, "%c: %d %s", operation, rc, k.error.message);
  ck_assert_str_eq(k.error.message, message);
  med_arena_clear(&k.arena);
}

START_TEST(operations_that_cannot_be_are_refused) {
  fails('/', "int 1", "int 0", true, MEDLEY_ERROR, "the operation 'int / int' failed: / by zero");
  fails('%', "varint 1", "int 0", true, MEDLEY_ERROR, "the operation 'varint % int' failed: BigInteger divide by zero");
  fails('/', "decimal 1", "int 0", true, MEDLEY_ERROR, "the operation 'decimal / int' failed: Division by zero");
  fails('/', "decimal 0", "int 0", true, MEDLEY_ERROR, "the operation 'decimal / int' failed: Division undefined");
  fails('+', "int 1", "text 'x'", false, MEDLEY_TYPE, "the '+' operation is not supported between int and text");
  fails('*', "timestamp 0", "duration 1d", false, MEDLEY_TYPE,
        "the '*' operation is not supported between timestamp and duration");
  fails('+', NULL, NULL, false, MEDLEY_TYPE, "the operation '? + ?' is ambiguous: use type casts to disambiguate");
  fails('+', "date '2024-01-01'", "duration 1h", true, MEDLEY_TYPE, "The duration must have a day precision");
  fails('+', "date 4294967295", "duration 1d", true, MEDLEY_RANGE, "cql: a time is out of the range of a date");
  fails('+', "timestamp 9223372036854775807", "duration 1d", true, MEDLEY_RANGE,
        "cql: a timestamp is out of the range of a date");
  fails('+', "decimal 1E+2000", "decimal 1", true, MEDLEY_TOO_BIG, "cql: a number has too many digits");
  fails('+', "decimal 1", "double NaN", true, MEDLEY_TYPE, "cql: a real that is not finite is no decimal");
  fails('*', "decimal 1E-2147483647", "decimal 0.01", true, MEDLEY_RANGE, "cql: a decimal's exponent is too big");
}
END_TEST

START_TEST(an_argument_without_a_type_has_the_others) {
  med_wide_type left = med_wide_type_of(MED_WIDE_BIGINT), time = med_wide_type_of(MED_WIDE_TIMESTAMP);
  med_cql_function function;
  ck_assert_int_eq(med_cql_operator_find('+', NULL, &left, &function, NULL), MEDLEY_OK);
  ck_assert_int_eq(function.arguments[0].kind, MED_WIDE_BIGINT);
  ck_assert_int_eq(med_cql_operator_find('+', &time, NULL, &function, NULL), MEDLEY_OK);
  ck_assert_int_eq(function.arguments[1].kind, MED_WIDE_DURATION);
}
END_TEST

static void negates(const char *argument, const char *wanted) {
  kit k;
  open_kit(&k);
  set_argument(&k, 0, argument);
  run(&k, med_cql_negation_find(&k.types[0], &k.function, &k.error), wanted, argument);
}

START_TEST(numbers_are_negated) {
  negates("int 5", "int -5");
  negates("tinyint -128", "tinyint -128");
  negates("counter 1", "bigint -1");
  negates("double 0", "double -0.0");
  negates("varint 99999999999999999999", "varint -99999999999999999999");
  negates("decimal -1.50", "decimal 1.50");
  med_wide_type text = med_wide_type_of(MED_WIDE_TEXT);
  med_cql_function function;
  ck_assert_int_eq(med_cql_negation_find(&text, &function, NULL), MEDLEY_TYPE);
  ck_assert_int_eq(med_cql_negation_find(NULL, &function, NULL), MEDLEY_TYPE);
}
END_TEST

START_TEST(casts_convert_as_java_does) {
  casts("int 300", "tinyint 44");
  casts("double 1e30", "int 2147483647");
  casts("double -1e30", "bigint -9223372036854775808");
  casts("double 1e30", "bigint 9223372036854775807");
  casts("float NaN", "int 0");
  casts("double 3.99", "smallint 3");
  casts("double 70000", "smallint 4464");
  casts("varint 18446744073709551617", "int 1");
  casts("decimal -3.99", "int -3");
  casts("decimal 0.001", "varint 0");
  casts("decimal 1.5E+3", "bigint 1500");
  casts("double 2.5", "varint 2");
  casts("double 0.1", "decimal 0.1");
  casts("float 0.1", "decimal 0.1");
  casts("float 0.1", "double 0.10000000149011612");
  casts("double 0.1", "float 0.1");
  casts("varint 99999999999999999999", "double 1e+20");
  casts("decimal 0.1", "float 0.1");
  casts("counter 5", "int 5");
  casts("int 5", "decimal 5");
  casts("int 5", "text '5'");
  casts("boolean true", "ascii 'true'");
  casts("ascii 'x'", "text 'x'");
  casts("timestamp '2015-05-21 11:03:02'", "text '2015-05-21T11:03:02.000Z'");
  casts("date '2015-05-21'", "text '2015-05-21'");
  casts("time '11:03:02'", "text '11:03:02.000000000'");
  casts("inet '127.0.0.1'", "text '127.0.0.1'");
  casts("uuid 123e4567-e89b-42d3-a456-426655440000", "text '123e4567-e89b-42d3-a456-426655440000'");
  casts("timestamp '2015-05-21 11:03:02'", "date '2015-05-21'");
  casts("date '2015-05-21'", "timestamp '2015-05-21 00:00:00.000+0000'");
  casts("timeuuid e23f1e00-53a6-11e2-8080-808080808080", "timestamp '2013-01-01 00:05:00.000+0000'");
  casts("timeuuid e23f1e00-53a6-11e2-8080-808080808080", "date '2013-01-01'");
  casts("timestamp 9223372036854775807", "text '9223372036854775807'");
  casts("text 'x'", "text 'x'");
  casts("list<int> [1]", "list<int> [1]");
}
END_TEST

START_TEST(casts_that_are_not_in_the_table_are_refused) {
  static const char *const pairs[][2] = {
      {"text", "int"},   {"boolean", "int"},   {"int", "counter"},    {"blob", "text"},
      {"text", "ascii"}, {"duration", "text"}, {"list<int>", "text"}, {"list<int>", "list<bigint>"},
      {"date", "time"}};
  med_arena arena = {0};
  for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
    med_wide_type from, to;
    med_cql_function function;
    medley_error error = {0};
    char message[64];
    cql_type(pairs[i][0], &arena, &from);
    cql_type(pairs[i][1], &arena, &to);
    ck_assert_int_eq(med_cql_cast_find(&from, &to, &function, &error), MEDLEY_TYPE);
    snprintf(message, sizeof message, "%s cannot be cast to %s", pairs[i][0], pairs[i][1]);
    ck_assert_str_eq(error.message, message);
  }
  med_arena_clear(&arena);
}
END_TEST

PROPERTY_MAIN("cql_functions", times_are_taken_apart_and_made, uuids_have_their_version_and_do_not_repeat,
              bytes_of_values_are_blobs, json_goes_through_functions,
              calls_that_do_not_fit_are_refused_in_cassandras_words, a_constant_chooses_the_function_it_fits,
              numbers_meet_in_the_type_that_cassandra_says, whole_numbers_wrap_around_and_divide_towards_zero,
              reals_are_rounded_as_their_type_is, numbers_of_many_digits_are_exact, durations_are_added_to_times,
              operations_that_cannot_be_are_refused, an_argument_without_a_type_has_the_others, numbers_are_negated,
              casts_convert_as_java_does, casts_that_are_not_in_the_table_are_refused)
