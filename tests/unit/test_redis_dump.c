/* test_redis_dump.c - DUMP and RESTORE: what comes back is what was there, and no bytes make up anything else. */
#include <check.h>
#include <stdarg.h>
#include <stdlib.h>

#include "engine/session.h"
#include "tests/unit/failing_kit.h"
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

/* ---- Each contradiction ---- */
enum { TYPE_AT = 3, COUNT_AT = 4, FIRST_AT = 12 };

static void is_refused(const char *what, payload p) {
  seal(&p);
  ck_assert_msg(restore("copy", "0", &p, NULL, NULL) == MEDLEY_CORRUPT, "%s", what);
  ck_assert_msg(strcmp(message(), "ERR Bad data format") == 0, "%s: %s", what, message());
  ck_assert_int_eq(number("EXISTS", "copy"), 0);
}
#define IS_REFUSED(what_, key_, change_) \
  do {                                   \
    payload p;                           \
    dump(key_, &p);                      \
    change_;                             \
    is_refused(what_, p);                \
  } while (0)

START_TEST(each_contradiction_of_a_payload_is_refused) {
  make_keys();
  IS_REFUSED("no type has number 0", "list", p.bytes[TYPE_AT] = 0);
  IS_REFUSED("nor 6", "list", p.bytes[TYPE_AT] = 6);
  for (size_t i = 1; i < sizeof keys / sizeof keys[0]; i++) {
    IS_REFUSED("nothing is counted", keys[i], med_put_u64(p.bytes + COUNT_AT, 0));
    IS_REFUSED("more is counted than is there", keys[i], p.bytes[COUNT_AT + 7]++);
    IS_REFUSED("more than can be", keys[i], med_put_u64(p.bytes + COUNT_AT, UINT64_MAX));
    IS_REFUSED("less is counted than is there", keys[i], p.bytes[COUNT_AT + 7]--);
    IS_REFUSED("a text is longer than all", keys[i], med_put_u32(p.bytes + FIRST_AT, UINT32_MAX));
    IS_REFUSED("a text takes the checksum", keys[i],
               med_put_u32(p.bytes + FIRST_AT, (uint32_t)(p.len - FIRST_AT - CHECKSUM_SIZE)));
  }
  IS_REFUSED("a score is no number", "sorted", memset(p.bytes + FIRST_AT + 5, 0xFF, 8));
  IS_REFUSED("a value is cut", "hash", med_put_u32(p.bytes + FIRST_AT + 5, 1000));
  IS_REFUSED("a list as a hash", "list", p.bytes[TYPE_AT] = 2);
  IS_REFUSED("a hash as a list", "hash", p.bytes[TYPE_AT] = 3);
}
END_TEST

/* ---- Memory that ends, a store that fails ---- */
static char long_text[20000];
static payload taken;
static const char *taken_key;

static int in_transaction(size_t count, const char *const *words, const size_t *lens, const medley_value **reply) {
  failing_what what = failing.what;
  failing.what = FAILING_NOTHING;
  ck_assert_int_eq(medley_begin(session, MEDLEY_WRITE), MEDLEY_OK);
  failing.what = what;
  int rc = medley_command(session, count, words, lens, reply);
  failing.what = FAILING_NOTHING;
  return rc;
}

/* The reply, or what failed, is the session's until then. */
static void leave(int rc) {
  medley_error said = *medley_session_error(session);
  ck_assert_int_eq(medley_rollback(session), MEDLEY_OK);
  if (rc != MEDLEY_OK) *med_session_error_slot(session) = said;
}

static int dump_again(void) {
  const char *words[] = {"DUMP", taken_key};
  const medley_value *reply;
  int rc = in_transaction(2, words, NULL, &reply);
  if (rc == MEDLEY_OK && taken.len > 0) {
    ck_assert_uint_eq(reply->as.text.len, taken.len);
    ck_assert_mem_eq(reply->as.text.bytes, taken.bytes, taken.len);
  }
  leave(rc);
  return rc;
}

static int restore_again(void) {
  const char *words[] = {"RESTORE", "copy", "5000", (const char *)taken.bytes, "REPLACE"};
  size_t lens[] = {7, 4, 4, taken.len, 7};
  int rc = in_transaction(5, words, lens, NULL);
  leave(rc);
  return rc;
}

static void fails_everywhere(failing_call *call, const char *name) {
  ck_assert_uint_gt(failing_each(FAILING_MEMORY, call, name, med_session_error_slot(session)), 0);
  ck_assert_uint_gt(failing_each(FAILING_STORE, call, name, med_session_error_slot(session)), 0);
}

START_TEST(each_request_of_both_may_fail) {
  make_keys();
  RUN("SET", "copy", "what is replaced");
  for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
    taken_key = keys[i];
    dump(taken_key, &taken);
    fails_everywhere(dump_again, taken_key);
    fails_everywhere(restore_again, taken_key);
    ck_assert_int_eq(number("STRLEN", "copy"), 16);
  }
  taken.len = 0;
  taken_key = "long";
  memset(long_text, 'l', sizeof long_text - 1);
  RUN("SET", "long", long_text);
  fails_everywhere(dump_again, taken_key);
  RUN("DEL", "long");
  RUN("HSET", "long", long_text, long_text);
  fails_everywhere(dump_again, taken_key);
  RUN("DEL", "long");
  RUN("RPUSH", "long", long_text);
  fails_everywhere(dump_again, taken_key);
}
END_TEST

PROPERTY_MAIN_BETWEEN("redis_dump", setup, teardown, every_kind_of_value_comes_back,
                      no_changed_byte_is_taken_for_what_it_is_not, a_payload_that_ends_early_or_goes_on_is_refused,
                      a_refused_replacement_leaves_the_old_value, fields_that_have_ended_meanwhile_do_not_come_back,
                      options_are_redis_own, each_contradiction_of_a_payload_is_refused, each_request_of_both_may_fail)
