/* test_redis_dump.c - DUMP and RESTORE: what comes back is what was there, and no bytes make up anything else. */
#include <check.h>
#include <stdarg.h>
#include <stdlib.h>

#include "engine/medley.h"
#include "storage/bytes.h"
#include "tests/unit/property.h"

#define NOW_US ((int64_t)2000000000 * 1000000)
#define CHECKSUM_SIZE 8
#define VERSION 1
enum { WORDS_MAX = 12 };

static medley *db;
static medley_session *session;

static int64_t test_clock(void *context) {
  (void)context;
  return NOW_US;
}

static void setup(void) {
  medley_options options;
  medley_error error;
  medley_options_init(&options);
  options.flags = MEDLEY_OPEN_MEMORY;
  options.clock_us = test_clock;
  ck_assert_int_eq(medley_open(NULL, &options, &db, &error), MEDLEY_OK);
  ck_assert_int_eq(medley_session_open(db, &session, &error), MEDLEY_OK);
}

static void teardown(void) {
  uint64_t problems = 0;
  medley_error error;
  ck_assert_int_eq(medley_check(db, NULL, NULL, &problems, &error), MEDLEY_OK);
  ck_assert_uint_eq(problems, 0);
  ck_assert_int_eq(medley_session_close(session), MEDLEY_OK);
  ck_assert_int_eq(medley_close(db), MEDLEY_OK);
}

static int run(const medley_value **reply, ...) {
  const char *words[WORDS_MAX];
  size_t count = 0;
  va_list arguments;
  va_start(arguments, reply);
  while ((words[count] = va_arg(arguments, const char *)) != NULL) count++;
  va_end(arguments);
  return medley_command(session, count, words, NULL, reply);
}
#define RUN(...) ck_assert_int_eq(run(NULL, __VA_ARGS__, NULL), MEDLEY_OK)

static int64_t number(const char *command, const char *key) {
  const medley_value *reply;
  ck_assert_int_eq(run(&reply, command, key, NULL), MEDLEY_OK);
  ck_assert_int_eq(reply->type, MEDLEY_TYPE_INTEGER);
  return reply->as.integer;
}

typedef struct payload {
  uint8_t bytes[4096];
  size_t len;
} payload;

static void dump(const char *key, payload *to) {
  const medley_value *reply;
  ck_assert_int_eq(run(&reply, "DUMP", key, NULL), MEDLEY_OK);
  ck_assert(reply->as.text.len > 0 && reply->as.text.len <= sizeof to->bytes);
  memcpy(to->bytes, reply->as.text.bytes, reply->as.text.len);
  to->len = reply->as.text.len;
}

static int restore(const char *key, const char *ttl, const payload *from, const char *option, const char *argument) {
  const char *words[] = {"RESTORE", key, ttl, (const char *)from->bytes, option, argument};
  size_t count = option == NULL ? 4 : argument == NULL ? 5 : 6;
  size_t lens[6] = {
      7, strlen(key), strlen(ttl), from->len, option ? strlen(option) : 0, argument ? strlen(argument) : 0};
  return medley_command(session, count, words, lens, NULL);
}

static const char *message(void) { return medley_session_error(session)->message; }

/* The checksum that belongs to what the payload is now. */
static void seal(payload *p) {
  med_put_u64(p->bytes + p->len - CHECKSUM_SIZE, med_hash64(p->bytes, p->len - CHECKSUM_SIZE, VERSION));
}

static const char *const keys[] = {"string", "list", "hash", "set", "sorted"};

static void make_keys(void) {
  RUN("SET", "string", "some text");
  RUN("RPUSH", "list", "one", "", "three");
  RUN("HSET", "hash", "a", "1", "b", "2");
  RUN("HPEXPIRE", "hash", "50000", "FIELDS", "1", "a");
  RUN("SADD", "set", "x", "yy", "zzz");
  RUN("ZADD", "sorted", "1.5", "x", "-inf", "y");
}

START_TEST(every_kind_of_value_comes_back) {
  make_keys();
  for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
    payload first, second;
    dump(keys[i], &first);
    ck_assert_int_eq(restore("copy", "0", &first, NULL, NULL), MEDLEY_OK);
    dump("copy", &second);
    ck_assert(first.len == second.len && memcmp(first.bytes, second.bytes, first.len) == 0);
    ck_assert_int_eq(number("PTTL", "copy"), -1);
    ck_assert_int_eq(restore("copy", "0", &first, NULL, NULL), MEDLEY_EXISTS);
    ck_assert_int_eq(restore("copy", "7000", &first, "REPLACE", NULL), MEDLEY_OK);
    ck_assert_int_eq(number("PTTL", "copy"), 7000);
    RUN("DEL", "copy");
  }
  const medley_value *reply;
  ck_assert_int_eq(run(&reply, "DUMP", "none", NULL), MEDLEY_OK);
  ck_assert_int_eq(reply->type, MEDLEY_TYPE_NULL);
}
END_TEST

/* Also with the checksum that belongs to the change: then it is the decoder that has to notice, or to make of it what commands could
 * have made as well. Whatever it refuses leaves nothing behind. */
static void try_payload(payload *p, size_t at) {
  int rc = restore("copy", "0", p, NULL, NULL);
  ck_assert_msg(rc == MEDLEY_OK || rc == MEDLEY_CORRUPT || rc == MEDLEY_UNSUPPORTED || rc == MEDLEY_RANGE,
                "byte %zu: %s: %s", at, medley_status_name(rc), message());
  if (rc != MEDLEY_OK) ck_assert_int_eq(number("EXISTS", "copy"), 0);
  if (rc == MEDLEY_OK && number("EXISTS", "copy") == 1) {
    payload again;
    dump("copy", &again);
  }
  RUN("DEL", "copy");
}

START_TEST(no_changed_byte_is_taken_for_what_it_is_not) {
  make_keys();
  for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
    payload whole, changed;
    dump(keys[i], &whole);
    for (size_t at = 0; at < whole.len; at++) {
      uint8_t values[] = {0, 1, 0x7F, 0xFF, (uint8_t)(whole.bytes[at] ^ 0x80), (uint8_t)(whole.bytes[at] + 1)};
      for (size_t v = 0; v < sizeof values; v++) {
        changed = whole;
        changed.bytes[at] = values[v];
        if (values[v] != whole.bytes[at]) {
          ck_assert_int_eq(restore("copy", "0", &changed, NULL, NULL), MEDLEY_CORRUPT);
          ck_assert_ptr_nonnull(strstr(message(), "checksum are wrong"));
        }
        if (at < whole.len - CHECKSUM_SIZE) seal(&changed);
        try_payload(&changed, at);
      }
    }
  }
}
END_TEST

START_TEST(a_payload_that_ends_early_or_goes_on_is_refused) {
  make_keys();
  for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
    payload whole, part;
    dump(keys[i], &whole);
    for (size_t len = 0; len < whole.len; len++) {
      part = whole;
      part.len = len;
      ck_assert_int_eq(restore("copy", "0", &part, NULL, NULL), MEDLEY_CORRUPT);
      if (len < 4 + CHECKSUM_SIZE) continue;
      seal(&part);
      int rc = restore("copy", "0", &part, NULL, NULL);
      ck_assert_int_eq(rc, i == 0 ? MEDLEY_OK : MEDLEY_CORRUPT); /* a shorter string is a string */
      if (i > 0) ck_assert_str_eq(message(), "ERR Bad data format");
      if (i > 0) ck_assert_int_eq(number("EXISTS", "copy"), 0);
      RUN("DEL", "copy");
    }
    part = whole;
    part.len++;
    seal(&part);
    ck_assert_int_eq(restore("copy", "0", &part, NULL, NULL), i == 0 ? MEDLEY_OK : MEDLEY_CORRUPT);
    RUN("DEL", "copy");
  }
}
END_TEST

START_TEST(a_refused_replacement_leaves_the_old_value) {
  payload p;
  make_keys();
  dump("list", &p);
  p.bytes[11] = 9; /* of nine elements, three are there */
  seal(&p);
  ck_assert_int_eq(restore("string", "0", &p, "REPLACE", NULL), MEDLEY_CORRUPT);
  ck_assert_int_eq(number("STRLEN", "string"), 9);
}
END_TEST

/* What had expired when it was taken in is not there. */
START_TEST(fields_that_have_ended_meanwhile_do_not_come_back) {
  payload p;
  RUN("HSET", "hash", "a", "1");
  RUN("HPEXPIRE", "hash", "50000", "FIELDS", "1", "a");
  dump("hash", &p);
  med_put_u64(p.bytes + p.len - CHECKSUM_SIZE - 8, 1000); /* long ago */
  seal(&p);
  ck_assert_int_eq(restore("copy", "5000", &p, NULL, NULL), MEDLEY_OK);
  ck_assert_int_eq(number("HLEN", "copy"), 0);
}
END_TEST

START_TEST(options_are_redis_own) {
  payload p;
  make_keys();
  dump("string", &p);
  ck_assert_int_eq(restore("copy", "-1", &p, NULL, NULL), MEDLEY_RANGE);
  ck_assert_int_eq(restore("copy", "soon", &p, NULL, NULL), MEDLEY_RANGE);
  ck_assert_int_eq(restore("copy", "9223372036854775807", &p, NULL, NULL), MEDLEY_RANGE);
  ck_assert_int_eq(restore("copy", "0", &p, "IDLETIME", "-1"), MEDLEY_RANGE);
  ck_assert_int_eq(restore("copy", "0", &p, "IDLETIME", "long"), MEDLEY_RANGE);
  ck_assert_int_eq(restore("copy", "0", &p, "IDLETIME", NULL), MEDLEY_SYNTAX);
  ck_assert_int_eq(restore("copy", "0", &p, "FREQ", "256"), MEDLEY_RANGE);
  ck_assert_int_eq(restore("copy", "0", &p, "FREQ", "-1"), MEDLEY_RANGE);
  ck_assert_int_eq(restore("copy", "0", &p, "FREQ", "often"), MEDLEY_RANGE);
  ck_assert_int_eq(restore("copy", "0", &p, "FREQ", NULL), MEDLEY_SYNTAX);
  ck_assert_int_eq(restore("copy", "0", &p, "QUICKLY", NULL), MEDLEY_SYNTAX);
  ck_assert_int_eq(number("EXISTS", "copy"), 0);
  ck_assert_int_eq(restore("copy", "0", &p, "IDLETIME", "5"), MEDLEY_OK);
  ck_assert_int_eq(restore("copy", "0", &p, "REPLACE", NULL), MEDLEY_OK);
  RUN("DEL", "copy");
  ck_assert_int_eq(restore("copy", "0", &p, "FREQ", "255"), MEDLEY_OK);
  RUN("DEL", "copy");
  ck_assert_int_eq(restore("copy", "2000000003000", &p, "ABSTTL", NULL), MEDLEY_OK);
  ck_assert_int_eq(number("PTTL", "copy"), 3000);
}
END_TEST

PROPERTY_MAIN_BETWEEN("redis_dump", setup, teardown, every_kind_of_value_comes_back,
                      no_changed_byte_is_taken_for_what_it_is_not, a_payload_that_ends_early_or_goes_on_is_refused,
                      a_refused_replacement_leaves_the_old_value, fields_that_have_ended_meanwhile_do_not_come_back,
                      options_are_redis_own)
