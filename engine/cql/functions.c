/* functions.c - the scalar functions by name: the table, which row a call means, and running it. */
#include "engine/cql/functions.h"

#include <stdio.h>

#include "engine/cql/json.h"
#include "engine/cql/scalar.h"

#define EPOCH_1582_MS 12219292800000ll
#define CLOCK_LEAST 0x8080808080808080ull /* of the last eight bytes, which are compared as signed ones */
#define CLOCK_MOST 0x7F7F7F7F7F7F7F7Full

/* ---- uuids ---- */

/* splitmix64 */
static uint64_t next_random(uint64_t *state) {
  uint64_t z = *state += 0x9E3779B97F4A7C15u;
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
  return z ^ (z >> 31);
}

/* ticks: 100 ns since 1582. */
static int put_timeuuid(med_cql_environment *e, uint64_t ticks, uint64_t clock, med_slice *value, medley_error *error) {
  uint8_t bytes[16];
  med_put_u32(bytes, (uint32_t)ticks);
  med_put_u16(bytes + 4, (uint16_t)(ticks >> 32));
  med_put_u16(bytes + 6, (uint16_t)(0x1000 | ((ticks >> 48) & 0xFFF)));
  med_put_u64(bytes + 8, clock);
  return med_cql_put_bytes(e, bytes, sizeof bytes, value, error);
}

static uint64_t ticks_of_ms(int64_t ms) { return ((uint64_t)ms + EPOCH_1582_MS) * 10000; }

static int run_uuid(const med_cql_function *function, const med_slice *arguments, med_cql_environment *e,
                    med_slice *value, medley_error *error) {
  uint8_t bytes[16];
  (void)function;
  (void)arguments;
  med_put_u64(bytes, next_random(e->random));
  med_put_u64(bytes + 8, next_random(e->random));
  bytes[6] = (uint8_t)(0x40 | (bytes[6] & 0x0F));
  bytes[8] = (uint8_t)(0x80 | (bytes[8] & 0x3F));
  return med_cql_put_bytes(e, bytes, sizeof bytes, value, error);
}

static int run_now(const med_cql_function *function, const med_slice *arguments, med_cql_environment *e,
                   med_slice *value, medley_error *error) {
  uint64_t ticks = ((uint64_t)e->now_us + EPOCH_1582_MS * 1000) * 10;
  (void)function;
  (void)arguments;
  return put_timeuuid(e, ticks, (next_random(e->random) & 0x3FFFFFFFFFFFFFFFull) | 1ull << 63, value, error);
}

static int run_min_timeuuid(const med_cql_function *function, const med_slice *arguments, med_cql_environment *e,
                            med_slice *value, medley_error *error) {
  (void)function;
  return put_timeuuid(e, ticks_of_ms(med_cql_whole_of(arguments[0])), CLOCK_LEAST, value, error);
}

static int run_max_timeuuid(const med_cql_function *function, const med_slice *arguments, med_cql_environment *e,
                            med_slice *value, medley_error *error) {
  (void)function;
  return put_timeuuid(e, ticks_of_ms(med_cql_whole_of(arguments[0])) + 9999, CLOCK_MOST, value, error);
}

/* ---- Times ---- */

static int put_ms(const med_cql_function *function, med_cql_environment *e, int64_t ms, med_slice *value,
                  medley_error *error) {
  if (function->result.kind == MED_WIDE_DATE) return med_cql_put_date(e, ms, value, error);
  return med_cql_put_whole(e, function->result.kind, ms, value, error);
}

static int run_current(const med_cql_function *function, const med_slice *arguments, med_cql_environment *e,
                       med_slice *value, medley_error *error) {
  const int64_t day_us = 86400000000;
  (void)arguments;
  int64_t day = e->now_us / day_us - (e->now_us % day_us < 0);
  if (function->result.kind == MED_WIDE_TIME)
    return med_cql_put_whole(e, MED_WIDE_TIME, (e->now_us - day * day_us) * 1000, value, error);
  return put_ms(function, e, e->now_us / 1000 - (e->now_us % 1000 < 0), value, error);
}

static int run_to_time(const med_cql_function *function, const med_slice *arguments, med_cql_environment *e,
                       med_slice *value, medley_error *error) {
  med_wide_kind from = function->arguments[0].kind;
  int64_t ms = from == MED_WIDE_TIMEUUID ? med_cql_ms_of_timeuuid(arguments[0])
               : from == MED_WIDE_DATE   ? med_cql_ms_of_date(arguments[0])
                                         : med_cql_whole_of(arguments[0]);
  return put_ms(function, e, ms, value, error);
}

/* ---- JSON ---- */

static int run_to_json(const med_cql_function *function, const med_slice *arguments, med_cql_environment *e,
                       med_slice *value, medley_error *error) {
  med_buffer text = {0};
  int rc = MEDLEY_NO_MEMORY;
  if (med_cql_json_write(&function->arguments[0], arguments[0], &text))
    rc = med_cql_put_bytes(e, text.bytes, text.len, value, error);
  else
    (void)med_error_no_memory(error);
  med_buffer_clear(&text);
  return rc;
}

static int run_from_json(const med_cql_function *function, const med_slice *arguments, med_cql_environment *e,
                         med_slice *value, medley_error *error) {
  return med_cql_json_read(&function->result, arguments[0], e->arena, value, error);
}

/* ---- Bytes ---- */

static int run_as_blob(const med_cql_function *function, const med_slice *arguments, med_cql_environment *e,
                       med_slice *value, medley_error *error) {
  (void)function;
  return med_cql_put_bytes(e, arguments[0].bytes, arguments[0].len, value, error);
}

static int run_blob_as(const med_cql_function *function, const med_slice *arguments, med_cql_environment *e,
                       med_slice *value, medley_error *error) {
  med_buffer hex = {0}, type = {0};
  const uint8_t *bytes = arguments[0].bytes;
  if (med_wide_value_check(&function->result, arguments[0], NULL) == MEDLEY_OK)
    return med_cql_put_bytes(e, bytes, arguments[0].len, value, error);
  bool fine = med_wide_type_write(&function->result, &type) && med_buffer_append_byte(&type, 0);
  for (size_t i = 0; i < arguments[0].len && i < 40; i++) fine = fine && med_buffer_printf(&hex, "%02x", bytes[i]);
  fine = fine && med_buffer_append_byte(&hex, 0);
  int rc = !fine ? med_error_no_memory(error)
                 : med_error_set(
                       error, MEDLEY_TYPE,
                       "In call to function system.%s, value 0x%s is not a valid binary representation for type %s",
                       function->name, hex.bytes, type.bytes);
  med_buffer_clear(&hex);
  med_buffer_clear(&type);
  return rc;
}

/* ---- The table ---- */

typedef int (*runner)(const med_cql_function *function, const med_slice *arguments, med_cql_environment *e,
                      med_slice *value, medley_error *error);

typedef struct function_row {
  const char *name, *spaced;
  med_wide_kind argument; /* 0: none */
  med_wide_kind result;
  runner run;
} function_row;

static const function_row rows[] = {
    {"uuid", "uuid", 0, MED_WIDE_UUID, run_uuid},
    {"now", "now", 0, MED_WIDE_TIMEUUID, run_now},
    {"currenttimeuuid", "current_timeuuid", 0, MED_WIDE_TIMEUUID, run_now},
    {"currenttimestamp", "current_timestamp", 0, MED_WIDE_TIMESTAMP, run_current},
    {"currentdate", "current_date", 0, MED_WIDE_DATE, run_current},
    {"currenttime", "current_time", 0, MED_WIDE_TIME, run_current},
    {"mintimeuuid", "min_timeuuid", MED_WIDE_TIMESTAMP, MED_WIDE_TIMEUUID, run_min_timeuuid},
    {"maxtimeuuid", "max_timeuuid", MED_WIDE_TIMESTAMP, MED_WIDE_TIMEUUID, run_max_timeuuid},
    {"dateof", "date_of", MED_WIDE_TIMEUUID, MED_WIDE_TIMESTAMP, run_to_time},
    {"unixtimestampof", "unix_timestamp_of", MED_WIDE_TIMEUUID, MED_WIDE_BIGINT, run_to_time},
    {"todate", "to_date", MED_WIDE_TIMEUUID, MED_WIDE_DATE, run_to_time},
    {"todate", "to_date", MED_WIDE_TIMESTAMP, MED_WIDE_DATE, run_to_time},
    {"totimestamp", "to_timestamp", MED_WIDE_TIMEUUID, MED_WIDE_TIMESTAMP, run_to_time},
    {"totimestamp", "to_timestamp", MED_WIDE_DATE, MED_WIDE_TIMESTAMP, run_to_time},
    {"tounixtimestamp", "to_unix_timestamp", MED_WIDE_TIMEUUID, MED_WIDE_BIGINT, run_to_time},
    {"tounixtimestamp", "to_unix_timestamp", MED_WIDE_TIMESTAMP, MED_WIDE_BIGINT, run_to_time},
    {"tounixtimestamp", "to_unix_timestamp", MED_WIDE_DATE, MED_WIDE_BIGINT, run_to_time},
};
#define ROW_COUNT (sizeof rows / sizeof *rows)

static bool is_named(const function_row *row, med_slice name) {
  return med_slice_equal(name, med_slice_of_text(row->name)) || med_slice_equal(name, med_slice_of_text(row->spaced));
}

/* ---- Whether a call fits a row ---- */

static bool fits(med_wide_kind wanted, const med_cql_argument *argument) {
  med_wide_type type = med_wide_type_of(wanted), own;
  if (argument->type != NULL) return med_cql_type_accepts(&type, argument->type);
  if (argument->term == NULL || !med_cql_literal_type(argument->term, &own)) return true;
  return med_cql_literal_fits(&type, argument->term);
}

static int refuse_count(const char *name, size_t wanted, size_t count, medley_error *error) {
  return med_error_set(error, MEDLEY_TYPE,
                       "Invalid number of arguments in call to function %s: %zu required but %zu provided", name,
                       wanted, count);
}

static int refuse_argument(const char *name, const med_cql_argument *argument, med_wide_kind wanted,
                           medley_error *error) {
  med_wide_type type = med_wide_type_of(wanted);
  med_buffer given = {0}, expected = {0};
  bool fine =
      argument->type != NULL ? med_wide_type_write(argument->type, &given) : med_cql_term_write(argument->term, &given);
  fine = fine && med_buffer_append_byte(&given, 0) && med_wide_type_write(&type, &expected) &&
         med_buffer_append_byte(&expected, 0);
  int rc = !fine ? med_error_no_memory(error)
                 : med_error_set(error, MEDLEY_TYPE,
                                 "Type error: %s cannot be passed as argument 0 of function system.%s of type %s",
                                 given.bytes, name, expected.bytes);
  med_buffer_clear(&given);
  med_buffer_clear(&expected);
  return rc;
}

/* Several rows of the name, none of which fits, or more than one. */
static int refuse_rows(med_slice name, bool ambiguous, medley_error *error) {
  med_buffer text = {0};
  bool fine = true;
  for (size_t i = 0; i < ROW_COUNT; i++) {
    med_wide_type argument, result;
    if (!is_named(&rows[i], name)) continue;
    argument = med_wide_type_of(rows[i].argument);
    result = med_wide_type_of(rows[i].result);
    fine = fine && (text.len == 0 || med_buffer_append(&text, ", ", 2)) &&
           med_buffer_printf(&text, "system.%s : (", rows[i].name) && med_wide_type_write(&argument, &text) &&
           med_buffer_append(&text, ") -> ", 5) && med_wide_type_write(&result, &text);
  }
  fine = fine && med_buffer_append_byte(&text, 0);
  int rc = fine ? MEDLEY_TYPE : med_error_no_memory(error);
  if (fine && ambiguous)
    rc = med_error_set(error, rc,
                       "Ambiguous call to function %.*s (can be matched by following signatures: %s): use type casts",
                       (int)name.len, (const char *)name.bytes, text.bytes);
  else if (fine)
    rc = med_error_set(error, rc,
                       "Invalid call to function %.*s, none of its type signatures match (known type signatures: %s)",
                       (int)name.len, (const char *)name.bytes, text.bytes);
  med_buffer_clear(&text);
  return rc;
}

static void use_row(const function_row *row, med_cql_function *function) {
  *function = (med_cql_function){.run = row->run, .count = row->argument != 0};
  if (row->argument != 0) function->arguments[0] = med_wide_type_of(row->argument);
  function->result = med_wide_type_of(row->result);
  (void)snprintf(function->name, sizeof function->name, "%s", row->name);
}

/* NOT_FOUND if no row has the name. */
static int find_row(med_slice name, const med_cql_argument *arguments, size_t count, med_cql_function *function,
                    medley_error *error) {
  const function_row *last = NULL, *found = NULL;
  size_t named = 0, fitting = 0;
  for (size_t i = 0; i < ROW_COUNT; i++) {
    if (!is_named(&rows[i], name)) continue;
    last = &rows[i];
    named++;
    if (count != (rows[i].argument != 0) || (count == 1 && !fits(rows[i].argument, &arguments[0]))) continue;
    /* An argument of exactly the type wins over one that is only accepted. */
    bool exact = count == 1 && arguments[0].type != NULL && arguments[0].type->kind == rows[i].argument;
    fitting = exact ? 1 : fitting + 1;
    found = &rows[i];
    if (exact) break;
  }
  if (named == 0) return MEDLEY_NOT_FOUND;
  if (fitting == 1) {
    use_row(found, function);
    return MEDLEY_OK;
  }
  if (named > 1) return refuse_rows(name, fitting > 1, error);
  if (count != (last->argument != 0)) return refuse_count(last->name, last->argument != 0, count, error);
  return refuse_argument(last->name, &arguments[0], last->argument, error);
}

/* ---- intAsBlob, blobAsInt ---- */

/* What stands behind the prefix and before the suffix, if it is a type without parts. */
static bool type_between(med_slice name, const char *prefix, const char *suffix, med_wide_type *type) {
  med_arena none = {0};
  size_t before = strlen(prefix), after = strlen(suffix);
  const char *bytes = name.bytes;
  if (name.len <= before + after || memcmp(bytes, prefix, before) != 0) return false;
  if (memcmp(bytes + name.len - after, suffix, after) != 0) return false;
  med_slice text = med_slice_of(bytes + before, name.len - before - after);
  if (memchr(text.bytes, '<', text.len) != NULL) return false;
  bool found = med_wide_type_parse(text, NULL, NULL, &none, type, NULL) == MEDLEY_OK && type->kind != MED_WIDE_BLOB;
  med_arena_clear(&none);
  return found && type->kind < MED_WIDE_LIST;
}

static bool find_conversion(med_slice name, med_cql_function *function) {
  med_wide_type type, blob = med_wide_type_of(MED_WIDE_BLOB);
  bool from = type_between(name, "", "_as_blob", &type) || type_between(name, "", "asblob", &type);
  if (!from && !type_between(name, "blobas", "", &type) && !type_between(name, "blob_as_", "", &type)) return false;
  *function = (med_cql_function){.run = from ? run_as_blob : run_blob_as, .count = 1};
  function->arguments[0] = from ? type : blob;
  function->result = from ? blob : type;
  (void)snprintf(function->name, sizeof function->name, "%.*s", (int)name.len, (const char *)name.bytes);
  return true;
}

/* ---- toJson, fromJson ---- */

static int find_json(med_slice name, const med_cql_argument *arguments, size_t count, const med_wide_type *wanted,
                     med_cql_function *function, medley_error *error) {
  bool to = med_slice_equal(name, med_slice_of_text("tojson")) || med_slice_equal(name, med_slice_of_text("to_json"));
  bool from =
      med_slice_equal(name, med_slice_of_text("fromjson")) || med_slice_equal(name, med_slice_of_text("from_json"));
  med_wide_type own = med_wide_type_of(MED_WIDE_TEXT);
  if (!to && !from) return MEDLEY_NOT_FOUND;
  if (count != 1) return refuse_count(to ? "tojson" : "fromjson", 1, count, error);
  *function = (med_cql_function){.run = to ? run_to_json : run_from_json, .count = 1, .takes_null = to};
  (void)snprintf(function->name, sizeof function->name, "%s", to ? "tojson" : "fromjson");
  if (to) {
    if (arguments[0].type != NULL) own = *arguments[0].type;
    if (arguments[0].type == NULL && arguments[0].term != NULL) (void)med_cql_literal_type(arguments[0].term, &own);
    function->result = med_wide_type_of(MED_WIDE_TEXT);
  } else {
    if (wanted == NULL)
      return med_error_set(error, MEDLEY_TYPE,
                           "fromJson() cannot be used in the selection clause of a SELECT statement");
    if (!fits(MED_WIDE_TEXT, &arguments[0])) return refuse_argument("fromjson", &arguments[0], MED_WIDE_TEXT, error);
    function->result = *wanted;
  }
  function->arguments[0] = own;
  return MEDLEY_OK;
}

/* ---- From the outside ---- */

int med_cql_function_find(med_slice name, const med_cql_argument *arguments, size_t count, const med_wide_type *wanted,
                          med_cql_function *function, medley_error *error) {
  int rc = find_row(name, arguments, count, function, error);
  if (rc == MEDLEY_NOT_FOUND) rc = find_json(name, arguments, count, wanted, function, error);
  if (rc == MEDLEY_NOT_FOUND && find_conversion(name, function)) {
    if (count != 1) return refuse_count(function->name, 1, count, error);
    bool fit = fits(function->arguments[0].kind, &arguments[0]);
    rc = fit ? MEDLEY_OK : refuse_argument(function->name, &arguments[0], function->arguments[0].kind, error);
  }
  if (rc == MEDLEY_NOT_FOUND)
    return med_error_set(error, rc, "Unknown function '%.*s'", (int)name.len, (const char *)name.bytes);
  return rc;
}

int med_cql_function_run(const med_cql_function *function, const med_slice *arguments, med_cql_environment *environment,
                         med_slice *value, medley_error *error) {
  *value = med_slice_of(NULL, 0);
  for (size_t i = 0; i < function->count; i++) {
    if (med_wide_is_null(arguments[i]) && !function->takes_null) return MEDLEY_OK;
  }
  return function->run(function, arguments, environment, value, error);
}
