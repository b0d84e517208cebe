/* test_redis_sessions.c - Redis commands of several sessions: waiting, channels, effects of commits, cache buckets, threads.
 *
 * Nothing here depends on how long something takes: who must wait is given all the time it needs, and who must not is
 * given a timeout that ends the test instead of hanging it. */
#include <pthread.h>
#include <sched.h>
#include <stdarg.h>
#include <stdbool.h>
#include <string.h>

#include "engine/medley.h"
#include "tests/unit/property.h"

enum { WORDS_MAX = 12, THREADS = 4 };

static medley *open_database(void) {
  medley_options options;
  medley_error error;
  medley *db;
  medley_options_init(&options);
  options.flags = MEDLEY_OPEN_MEMORY;
  ck_assert_msg(medley_open(NULL, &options, &db, &error) == MEDLEY_OK, "%s", error.message);
  return db;
}

static medley_session *open_session(medley *db) {
  medley_session *session;
  medley_error error;
  ck_assert_msg(medley_session_open(db, &session, &error) == MEDLEY_OK, "%s", error.message);
  return session;
}

/* Runs a command given as words up to NULL; answers the status. */
static int run(medley_session *session, const medley_value **reply, ...) {
  const char *words[WORDS_MAX];
  size_t count = 0;
  va_list arguments;
  va_start(arguments, reply);
  while ((words[count] = va_arg(arguments, const char *)) != NULL) count++;
  va_end(arguments);
  return medley_command(session, count, words, NULL, reply);
}
#define RUN(session, ...)                                                                               \
  do {                                                                                                  \
    int run_rc = run(session, NULL, __VA_ARGS__, NULL);                                                 \
    ck_assert_msg(run_rc == MEDLEY_OK, "%s: %s", #__VA_ARGS__, medley_session_error(session)->message); \
  } while (0)

static bool is_text(const medley_value *value, const char *text) {
  return (value->type == MEDLEY_TYPE_TEXT || value->type == MEDLEY_TYPE_STATUS) && value->as.text.len == strlen(text) &&
         memcmp(value->as.text.bytes, text, strlen(text)) == 0;
}

static void expect_text(medley_session *session, const char *key, const char *text) {
  const medley_value *reply;
  ck_assert_int_eq(run(session, &reply, "GET", key, NULL), MEDLEY_OK);
  if (text == NULL)
    ck_assert_int_eq(reply->type, MEDLEY_TYPE_NULL);
  else
    ck_assert_msg(is_text(reply, text), "%s is not %s but of type %d: %.*s", key, text, (int)reply->type,
                  reply->type == MEDLEY_TYPE_TEXT ? (int)reply->as.text.len : 0,
                  reply->type == MEDLEY_TYPE_TEXT ? reply->as.text.bytes : "");
}

static void expect_integer(const medley_value *reply, int64_t integer) {
  ck_assert_int_eq(reply->type, MEDLEY_TYPE_INTEGER);
  ck_assert_int_eq(reply->as.integer, integer);
}

/* Waits until as many clients are in the queue of waiters. */
static void wait_for_waiters(medley_session *session, int count) {
  char wanted[40];
  snprintf(wanted, sizeof wanted, "blocked_clients:%d\r\n", count);
  for (;;) {
    const medley_value *reply;
    ck_assert_int_eq(run(session, &reply, "INFO", "clients", NULL), MEDLEY_OK);
    if (memmem(reply->as.text.bytes, reply->as.text.len, wanted, strlen(wanted)) != NULL) return;
    sched_yield();
  }
}

/* ---- Waiting ---- */

typedef struct waiter {
  medley *db;
  const char *key;
  char got[32]; /* the element; empty: nothing came */
  int rc;
  medley_session *session; /* of the thread, for interrupts */
} waiter;

static void *pop_one(void *context) {
  waiter *self = context;
  const medley_value *reply;
  self->rc = run(self->session, &reply, "BLPOP", self->key, "60", NULL);
  if (self->rc == MEDLEY_OK && reply->type == MEDLEY_TYPE_LIST)
    snprintf(self->got, sizeof self->got, "%.*s", (int)reply->as.list.items[1].as.text.len,
             reply->as.list.items[1].as.text.bytes);
  return NULL;
}

START_TEST(who_waits_longest_is_served_first) {
  medley *db = open_database();
  medley_session *session = open_session(db);
  waiter waiters[THREADS];
  pthread_t threads[THREADS];
  for (int i = 0; i < THREADS; i++) {
    waiters[i] = (waiter){.db = db, .key = "queue", .session = open_session(db)};
    pthread_create(&threads[i], NULL, pop_one, &waiters[i]);
    wait_for_waiters(session, i + 1);
  }
  RUN(session, "RPUSH", "queue", "first", "second");
  pthread_join(threads[0], NULL);
  pthread_join(threads[1], NULL);
  RUN(session, "RPUSH", "queue", "third");
  pthread_join(threads[2], NULL);
  RUN(session, "RPUSH", "queue", "fourth");
  pthread_join(threads[3], NULL);
  static const char *const order[THREADS] = {"first", "second", "third", "fourth"};
  for (int i = 0; i < THREADS; i++) {
    ck_assert_int_eq(waiters[i].rc, MEDLEY_OK);
    ck_assert_str_eq(waiters[i].got, order[i]);
    ck_assert_int_eq(medley_session_close(waiters[i].session), MEDLEY_OK);
  }
  ck_assert_int_eq(medley_session_close(session), MEDLEY_OK);
  ck_assert_int_eq(medley_close(db), MEDLEY_OK);
}
END_TEST

START_TEST(a_push_in_a_transaction_wakes_with_its_commit_and_a_rolled_back_one_never) {
  medley *db = open_database();
  medley_session *session = open_session(db);
  waiter waiting = {.db = db, .key = "queue", .session = open_session(db)};
  pthread_t thread;
  pthread_create(&thread, NULL, pop_one, &waiting);
  wait_for_waiters(session, 1);
  ck_assert_int_eq(medley_begin(session, MEDLEY_WRITE), MEDLEY_OK);
  RUN(session, "RPUSH", "queue", "lost");
  ck_assert_int_eq(medley_rollback(session), MEDLEY_OK);
  wait_for_waiters(session, 1);
  ck_assert_int_eq(medley_begin(session, MEDLEY_WRITE), MEDLEY_OK);
  RUN(session, "RPUSH", "queue", "kept");
  ck_assert_int_eq(medley_commit(session), MEDLEY_OK);
  pthread_join(thread, NULL);
  ck_assert_str_eq(waiting.got, "kept");
  ck_assert_int_eq(medley_session_close(waiting.session), MEDLEY_OK);
  ck_assert_int_eq(medley_session_close(session), MEDLEY_OK);
  ck_assert_int_eq(medley_close(db), MEDLEY_OK);
}
END_TEST

START_TEST(an_interrupt_ends_the_waiting_and_a_timeout_answers_null) {
  medley *db = open_database();
  medley_session *session = open_session(db);
  waiter waiting = {.db = db, .key = "queue", .session = open_session(db)};
  pthread_t thread;
  pthread_create(&thread, NULL, pop_one, &waiting);
  wait_for_waiters(session, 1);
  medley_session_interrupt(waiting.session);
  pthread_join(thread, NULL);
  ck_assert_int_eq(waiting.rc, MEDLEY_INTERRUPTED);
  wait_for_waiters(session, 0);
  const medley_value *reply;
  ck_assert_int_eq(run(waiting.session, &reply, "BLPOP", "queue", "0.01", NULL), MEDLEY_OK);
  ck_assert_int_eq(reply->type, MEDLEY_TYPE_NULL);
  ck_assert_int_ne(run(waiting.session, &reply, "BLPOP", "queue", "-1", NULL), MEDLEY_OK);
  ck_assert_str_eq(medley_session_error(waiting.session)->message, "ERR timeout is negative");
  ck_assert_int_eq(medley_session_close(waiting.session), MEDLEY_OK);
  ck_assert_int_eq(medley_session_close(session), MEDLEY_OK);
  ck_assert_int_eq(medley_close(db), MEDLEY_OK);
}
END_TEST

/* ---- Channels ---- */

static void expect_message(medley_session *session, const char *kind, const char *channel, const char *payload) {
  const medley_value *message;
  ck_assert_int_eq(medley_next_message(session, 0, &message), MEDLEY_OK);
  ck_assert_int_eq(message->type, MEDLEY_TYPE_LIST);
  size_t count = message->as.list.count;
  ck_assert(is_text(&message->as.list.items[0], kind));
  ck_assert(is_text(&message->as.list.items[count - 2], channel));
  ck_assert(is_text(&message->as.list.items[count - 1], payload));
}

START_TEST(messages_come_in_order_after_the_commit_and_not_after_a_rollback) {
  medley *db = open_database();
  medley_session *sender = open_session(db), *receiver = open_session(db);
  const medley_value *reply;
  RUN(receiver, "SUBSCRIBE", "news");
  RUN(receiver, "PSUBSCRIBE", "n*");
  ck_assert_int_eq(run(sender, &reply, "PUBLISH", "news", "one", NULL), MEDLEY_OK);
  expect_integer(reply, 2);
  expect_message(receiver, "message", "news", "one");
  expect_message(receiver, "pmessage", "news", "one");
  ck_assert_int_eq(medley_begin(sender, MEDLEY_WRITE), MEDLEY_OK);
  RUN(sender, "PUBLISH", "news", "two");
  ck_assert_int_eq(medley_next_message(receiver, 0, &reply), MEDLEY_NOT_FOUND);
  ck_assert_int_eq(medley_savepoint(sender, "s"), MEDLEY_OK);
  RUN(sender, "PUBLISH", "news", "three");
  ck_assert_int_eq(medley_rollback_to(sender, "s"), MEDLEY_OK);
  ck_assert_int_eq(medley_commit(sender), MEDLEY_OK);
  expect_message(receiver, "message", "news", "two");
  expect_message(receiver, "pmessage", "news", "two");
  ck_assert_int_eq(medley_begin(sender, MEDLEY_WRITE), MEDLEY_OK);
  RUN(sender, "PUBLISH", "news", "four");
  ck_assert_int_eq(medley_rollback(sender), MEDLEY_OK);
  RUN(sender, "MULTI");
  RUN(sender, "PUBLISH", "news", "five");
  RUN(sender, "INCR", "news");
  RUN(sender, "EXEC");
  RUN(sender, "MULTI");
  RUN(sender, "PUBLISH", "news", "six");
  RUN(sender, "LPUSH", "news", "wrong type");
  ck_assert_int_eq(run(sender, NULL, "EXEC", NULL), MEDLEY_TYPE);
  expect_message(receiver, "message", "news", "five");
  expect_message(receiver, "pmessage", "news", "five");
  ck_assert_int_eq(medley_next_message(receiver, 0, &reply), MEDLEY_NOT_FOUND);
  RUN(receiver, "UNSUBSCRIBE");
  RUN(receiver, "PUNSUBSCRIBE");
  ck_assert_int_eq(run(sender, &reply, "PUBLISH", "news", "seven", NULL), MEDLEY_OK);
  expect_integer(reply, 0);
  ck_assert_int_eq(medley_session_close(receiver), MEDLEY_OK);
  ck_assert_int_eq(medley_session_close(sender), MEDLEY_OK);
  ck_assert_int_eq(medley_close(db), MEDLEY_OK);
}
END_TEST

/* ---- Parameters ---- */

START_TEST(parameters_are_words_and_a_list_is_many) {
  medley *db = open_database();
  medley_session *session = open_session(db);
  medley_statement *statement;
  const char *text = "MSET $key ? :n 2.5";
  ck_assert_int_eq(medley_prepare(session, MEDLEY_LANGUAGE_REDIS, text, MEDLEY_NUL_ENDED, &statement, NULL), MEDLEY_OK);
  ck_assert_int_eq(medley_bind_count(statement), 3);
  ck_assert_int_eq(medley_statement_writes(statement), 1);
  ck_assert_int_eq(medley_step(statement), MEDLEY_TYPE); /* null is no word */
  ck_assert_int_eq(medley_bind_text(statement, medley_bind_index(statement, "key"), "a b", 3), MEDLEY_OK);
  ck_assert_int_eq(medley_bind_integer(statement, 2, -7), MEDLEY_OK);
  ck_assert_int_eq(medley_bind_blob(statement, 3, "\0n", 2), MEDLEY_OK);
  ck_assert_int_eq(medley_step(statement), MEDLEY_ROW);
  ck_assert_str_eq(medley_column_text(statement, 0), "OK");
  ck_assert_int_eq(medley_step(statement), MEDLEY_DONE);
  medley_statement_close(statement);
  expect_text(session, "a b", "-7");
  ck_assert_int_eq(medley_prepare(session, MEDLEY_LANGUAGE_REDIS, "DEL ?", MEDLEY_NUL_ENDED, &statement, NULL),
                   MEDLEY_OK);
  medley_value keys[2] = {{.type = MEDLEY_TYPE_TEXT, .as = {.text = {"a b", 3}}},
                          {.type = MEDLEY_TYPE_BLOB, .as = {.text = {"\0n", 2}}}};
  medley_value list = {.type = MEDLEY_TYPE_LIST, .as = {.list = {keys, 2}}};
  ck_assert_int_eq(medley_bind_value(statement, 1, &list), MEDLEY_OK);
  ck_assert_int_eq(medley_step(statement), MEDLEY_ROW);
  ck_assert_int_eq(medley_column_integer(statement, 0), 2);
  ck_assert_int_eq(medley_column_type(statement, 0), MEDLEY_TYPE_INTEGER);
  medley_statement_close(statement);
  ck_assert_int_eq(medley_session_close(session), MEDLEY_OK);
  ck_assert_int_eq(medley_close(db), MEDLEY_OK);
}
END_TEST

/* ---- What was dumped can be restored ---- */

START_TEST(every_type_comes_back_from_its_dump_and_no_other_bytes_do) {
  medley *db = open_database();
  medley_session *session = open_session(db);
  RUN(session, "SET", "string", "text");
  RUN(session, "RPUSH", "list", "a", "b", "a");
  RUN(session, "HSET", "hash", "f", "1", "g", "2");
  RUN(session, "SADD", "set", "x", "y");
  RUN(session, "ZADD", "zset", "1.5", "m", "-inf", "n");
  static const char *const keys[] = {"string", "list", "hash", "set", "zset"};
  for (int i = 0; i < 5; i++) {
    const medley_value *reply;
    char dump[256];
    ck_assert_int_eq(run(session, &reply, "DUMP", keys[i], NULL), MEDLEY_OK);
    size_t len = reply->as.text.len;
    ck_assert_uint_lt(len, sizeof dump);
    memcpy(dump, reply->as.text.bytes, len);
    const char *words[] = {"RESTORE", "again", "0", dump, "REPLACE"};
    size_t lens[] = {7, 5, 1, len, 7};
    ck_assert_int_eq(medley_command(session, 5, words, lens, NULL), MEDLEY_OK);
    ck_assert_int_eq(run(session, &reply, "DUMP", "again", NULL), MEDLEY_OK);
    ck_assert(reply->as.text.len == len && memcmp(reply->as.text.bytes, dump, len) == 0);
    for (size_t at = 0; at < len; at++) {
      dump[at] ^= 0x10;
      ck_assert_int_eq(medley_command(session, 5, words, lens, NULL), MEDLEY_CORRUPT);
      dump[at] ^= 0x10;
    }
    for (lens[3] = 0; lens[3] < len; lens[3]++)
      ck_assert_int_eq(medley_command(session, 5, words, lens, NULL), MEDLEY_CORRUPT);
  }
  ck_assert_int_eq(run(session, NULL, "RESTORE", "list", "0", "x", NULL), MEDLEY_EXISTS);
  ck_assert_int_eq(medley_session_close(session), MEDLEY_OK);
  ck_assert_int_eq(medley_close(db), MEDLEY_OK);
}
END_TEST

/* ---- Cache buckets ---- */

START_TEST(a_selected_cache_bucket_answers_string_commands_and_refuses_the_others) {
  medley *db = open_database();
  medley_session *session = open_session(db);
  const medley_value *reply;
  ck_assert_int_eq(medley_cache_create(session, "pages", 4 << 20, MEDLEY_EVICT_SEGMENTED_LRU), MEDLEY_OK);
  RUN(session, "SELECT", "pages");
  RUN(session, "SET", "a", "1", "EX", "100");
  expect_text(session, "a", "1");
  ck_assert_int_eq(run(session, &reply, "INCRBY", "a", "41", NULL), MEDLEY_OK);
  expect_integer(reply, 42);
  ck_assert_int_eq(run(session, &reply, "TTL", "a", NULL), MEDLEY_OK);
  expect_integer(reply, 100); /* a counter keeps its expiry */
  ck_assert_int_eq(run(session, &reply, "SET", "a", "x", "NX", NULL), MEDLEY_OK);
  ck_assert_int_eq(reply->type, MEDLEY_TYPE_NULL);
  ck_assert_int_eq(run(session, &reply, "SET", "a", "x", "XX", "GET", "KEEPTTL", NULL), MEDLEY_OK);
  ck_assert(is_text(reply, "42"));
  ck_assert_int_eq(run(session, &reply, "APPEND", "a", "yz", NULL), MEDLEY_OK);
  expect_integer(reply, 3);
  ck_assert_int_eq(run(session, &reply, "PERSIST", "a", NULL), MEDLEY_OK);
  expect_integer(reply, 1);
  RUN(session, "MSET", "b", "2", "c", "3");
  ck_assert_int_eq(run(session, &reply, "DBSIZE", NULL), MEDLEY_OK);
  expect_integer(reply, 3);
  ck_assert_int_eq(run(session, &reply, "DEL", "b", "none", NULL), MEDLEY_OK);
  expect_integer(reply, 1);
  ck_assert_int_eq(run(session, NULL, "HSET", "h", "f", "v", NULL), MEDLEY_UNSUPPORTED);
  ck_assert_str_eq(medley_session_error(session)->message, "ERR cache bucket 'pages' holds strings only: HSET");
  ck_assert_int_eq(run(session, NULL, "INCR", "a", NULL), MEDLEY_RANGE);
  ck_assert_int_eq(run(session, NULL, "WATCH", "a", NULL), MEDLEY_UNSUPPORTED);
  RUN(session, "INFO");
  RUN(session, "SELECT", "0");
  RUN(session, "SET", "k", "durable");
  ck_assert_int_eq(run(session, NULL, "MOVE", "k", "pages", NULL), MEDLEY_UNSUPPORTED);
  expect_text(session, "k", "durable");
  RUN(session, "SELECT", "pages");
  ck_assert_int_eq(run(session, &reply, "CONFIG", "GET", "maxmemory", NULL), MEDLEY_OK);
  ck_assert(is_text(&reply->as.list.items[1], "4194304"));
  RUN(session, "CONFIG", "SET", "maxmemory-policy", "allkeys-lru");
  ck_assert_int_eq(run(session, &reply, "CONFIG", "GET", "maxmemory-policy", NULL), MEDLEY_OK);
  ck_assert(is_text(&reply->as.list.items[1], "allkeys-lru"));
  RUN(session, "SET", "c", "3"); /* other bounds begin with an empty bucket */
  /* In a transaction: seen by this session, by others after the commit, by nobody after a rollback. */
  ck_assert_int_eq(medley_begin(session, MEDLEY_WRITE), MEDLEY_OK);
  RUN(session, "SET", "c", "changed");
  expect_text(session, "c", "changed");
  ck_assert_int_eq(medley_rollback(session), MEDLEY_OK);
  expect_text(session, "c", "3");
  RUN(session, "FLUSHDB");
  expect_text(session, "c", NULL);
  RUN(session, "SELECT", "0");
  RUN(session, "HSET", "h", "f", "v");
  ck_assert_int_eq(medley_session_close(session), MEDLEY_OK);
  ck_assert_int_eq(medley_close(db), MEDLEY_OK);
}
END_TEST

/* ---- Threads ---- */

enum { INCREMENTS = 200 };
static void *count_up(void *context) {
  medley_session *session = context;
  for (int i = 0; i < INCREMENTS; i++) {
    const char *words[] = {"INCR", "counter"};
    if (medley_command(session, 2, words, NULL, NULL) != MEDLEY_OK) return context;
  }
  return NULL;
}

/* The optimistic way: read, calculate, write if nobody was there between. */
static void *count_up_watching(void *context) {
  medley_session *session = context;
  for (int done = 0; done < INCREMENTS;) {
    const medley_value *reply;
    char text[24];
    if (run(session, NULL, "WATCH", "watched", NULL) != MEDLEY_OK) return context;
    if (run(session, &reply, "GET", "watched", NULL) != MEDLEY_OK) return context;
    long number = reply->type == MEDLEY_TYPE_NULL ? 0 : strtol(reply->as.text.bytes, NULL, 10);
    snprintf(text, sizeof text, "%ld", number + 1);
    if (run(session, NULL, "MULTI", NULL) != MEDLEY_OK) return context;
    if (run(session, NULL, "SET", "watched", text, NULL) != MEDLEY_OK) return context;
    if (run(session, &reply, "EXEC", NULL) != MEDLEY_OK) return context;
    done += reply->type == MEDLEY_TYPE_LIST;
  }
  return NULL;
}

static void count_in_threads(void *(*work)(void *), const char *key) {
  medley *db = open_database();
  medley_session *sessions[THREADS], *reader = open_session(db);
  pthread_t threads[THREADS];
  char expected[24];
  for (int i = 0; i < THREADS; i++) {
    sessions[i] = open_session(db);
    pthread_create(&threads[i], NULL, work, sessions[i]);
  }
  for (int i = 0; i < THREADS; i++) {
    void *failed;
    pthread_join(threads[i], &failed);
    ck_assert_msg(failed == NULL, "%s", medley_session_error(sessions[i])->message);
    ck_assert_int_eq(medley_session_close(sessions[i]), MEDLEY_OK);
  }
  snprintf(expected, sizeof expected, "%d", THREADS * INCREMENTS);
  expect_text(reader, key, expected);
  ck_assert_int_eq(medley_session_close(reader), MEDLEY_OK);
  ck_assert_int_eq(medley_close(db), MEDLEY_OK);
}

START_TEST(counters_of_many_threads_lose_nothing) { count_in_threads(count_up, "counter"); }
END_TEST
START_TEST(watch_lets_no_change_come_between) { count_in_threads(count_up_watching, "watched"); }
END_TEST

PROPERTY_MAIN("redis_sessions", who_waits_longest_is_served_first,
              a_push_in_a_transaction_wakes_with_its_commit_and_a_rolled_back_one_never,
              an_interrupt_ends_the_waiting_and_a_timeout_answers_null,
              messages_come_in_order_after_the_commit_and_not_after_a_rollback, parameters_are_words_and_a_list_is_many,
              every_type_comes_back_from_its_dump_and_no_other_bytes_do,
              a_selected_cache_bucket_answers_string_commands_and_refuses_the_others,
              counters_of_many_threads_lose_nothing, watch_lets_no_change_come_between)
