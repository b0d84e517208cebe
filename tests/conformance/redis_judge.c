/* redis_judge.c - one function for each way of comparing. */
#include "tests/conformance/redis_judge.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tests/conformance/redis_differences.h"

/* Times may pass between the two runs of a command. */
#define TOLERANCE_MS 5000
#define TOLERANCE_S 5
#define SCAN_STEPS_MAX 100000
#define COUNT_TRIES_MAX 20
#define COUNT_WAIT_NS 100000000L

static size_t sort_width(test_redis_way way) {
  if (way == TEST_REDIS_ANY_ORDER || way == TEST_REDIS_SCAN) return 1;
  return way == TEST_REDIS_PAIRS_ANY_ORDER || way == TEST_REDIS_SCAN_PAIRS ? 2 : 0;
}

static void sort_both(test_redis_reply *ours, test_redis_reply *theirs, test_redis_way way) {
  if (sort_width(way) == 0) return;
  test_redis_reply_sort(ours, sort_width(way));
  test_redis_reply_sort(theirs, sort_width(way));
}

/* ---- EXEC -------------------------------------------------------------------------------------------------- */

static bool agree_exec(const test_redis_pair *pair, test_redis_reply *ours, test_redis_reply *theirs) {
  for (size_t i = 0; i < pair->queued_count && i < ours->count && i < theirs->count; i++) {
    sort_both(ours->items[i], theirs->items[i], pair->queued[i]);
  }
  return test_redis_reply_equal(ours, theirs);
}

/* ---- Times and counts -------------------------------------------------------------------------------------- */

static bool agree_about(const test_redis_command *command, const test_redis_reply *ours,
                        const test_redis_reply *theirs) {
  if (ours->kind != TEST_REDIS_INTEGER || theirs->kind != TEST_REDIS_INTEGER)
    return test_redis_reply_equal(ours, theirs);
  if (ours->integer < 0 || theirs->integer < 0) return ours->integer == theirs->integer;
  int64_t apart = ours->integer - theirs->integer;
  bool seconds = test_redis_command_is(command, "TTL") || test_redis_command_is(command, "EXPIRETIME");
  int64_t tolerance = seconds ? TOLERANCE_S : TOLERANCE_MS;
  return apart <= tolerance && apart >= -tolerance;
}

/* Redis counts expired keys until it has met them, which it does all the time. */
static bool agree_count(test_redis_pair *pair, const test_redis_command *command, test_redis_reply **ours,
                        test_redis_reply **theirs) {
  for (int i = 0; i < COUNT_TRIES_MAX && !test_redis_reply_equal(*ours, *theirs); i++) {
    nanosleep(&(struct timespec){.tv_nsec = COUNT_WAIT_NS}, NULL);
    test_redis_reply_free(*ours);
    test_redis_reply_free(*theirs);
    *ours = test_redis_pair_run_medley(pair, command);
    *theirs = test_redis_pair_run_redis(pair, command);
  }
  return test_redis_reply_equal(*ours, *theirs);
}

/* ---- Random replies ---------------------------------------------------------------------------------------- */

static bool agree_random_key(test_redis_pair *pair, const test_redis_reply *ours, const test_redis_reply *theirs) {
  if (ours->kind != theirs->kind) return false;
  if (ours->kind != TEST_REDIS_BULK) return test_redis_reply_equal(ours, theirs);
  return test_redis_pair_has(pair, ours->bytes, ours->len);
}

static test_redis_reply *whole_collection(test_redis_pair *pair, const test_redis_command *command) {
  static const char *const with_scores[] = {"0", "-1", "WITHSCORES", NULL};
  const char *key = command->words[1];
  size_t len = command->lens[1];
  if (command->way == TEST_REDIS_RANDOM_FIELDS) return test_redis_pair_ask_key(pair, false, "HGETALL", key, len, NULL);
  if (command->way == TEST_REDIS_RANDOM_SCORED)
    return test_redis_pair_ask_key(pair, false, "ZRANGE", key, len, with_scores);
  return test_redis_pair_ask_key(pair, false, "SMEMBERS", key, len, NULL);
}

/* Whether the items from index on are an element of the collection: a member, or a field and its value. */
static bool is_element(const test_redis_reply *whole, size_t whole_width, const test_redis_reply *reply, size_t index,
                       size_t width) {
  for (size_t i = 0; i + whole_width <= whole->count; i += whole_width) {
    bool same = true;
    for (size_t j = 0; same && j < width; j++) {
      same = test_redis_reply_equal_scores(reply->items[index + j], whole->items[i + j]);
    }
    if (same) return true;
  }
  return false;
}

static bool is_distinct(const test_redis_reply *reply, size_t width) {
  for (size_t i = 0; i < reply->count; i += width) {
    for (size_t j = i + width; j < reply->count; j += width) {
      if (test_redis_reply_equal(reply->items[i], reply->items[j])) return false;
    }
  }
  return true;
}

static bool agree_random_elements(test_redis_pair *pair, const test_redis_command *command, test_redis_reply *ours,
                                  const test_redis_reply *theirs) {
  if (ours->kind != theirs->kind || ours->count != theirs->count) return false;
  if (ours->kind != TEST_REDIS_LIST && ours->kind != TEST_REDIS_BULK) return test_redis_reply_equal(ours, theirs);
  test_redis_reply *whole = whole_collection(pair, command);
  size_t whole_width = command->way == TEST_REDIS_RANDOM_MEMBERS ? 1 : 2, width = command->count > 3 ? 2 : 1;
  test_redis_reply single = {.kind = TEST_REDIS_LIST, .items = &ours, .count = 1};
  const test_redis_reply *elements = ours->kind == TEST_REDIS_LIST ? ours : &single;
  bool agree = elements->count % width == 0;
  for (size_t i = 0; agree && i < elements->count; i += width)
    agree = is_element(whole, whole_width, elements, i, width);
  bool repeats = command->count > 2 && command->words[2][0] == '-';
  if (agree && !repeats) agree = is_distinct(elements, width);
  test_redis_reply_free(whole);
  return agree;
}

static void add_members(test_redis_command *command, const char *name, const test_redis_command *of,
                        const test_redis_reply *reply) {
  test_redis_command_clear(command);
  test_redis_command_add_text(command, name);
  test_redis_command_add(command, of->words[1], of->lens[1]);
  if (reply->kind == TEST_REDIS_BULK) test_redis_command_add(command, reply->bytes, reply->len);
  for (size_t i = 0; i < reply->count; i++)
    test_redis_command_add(command, reply->items[i]->bytes, reply->items[i]->len);
}

/* Gives the server back what it popped and takes from it what Medley popped: the same number, all of them members. */
static bool pop_alike(test_redis_pair *pair, const test_redis_command *command, const test_redis_reply *ours,
                      const test_redis_reply *theirs) {
  test_redis_command *fix = test_redis_reply_must(malloc(sizeof *fix));
  size_t count = ours->kind == TEST_REDIS_BULK ? 1 : ours->count;
  add_members(fix, "SADD", command, theirs);
  test_redis_reply_free(test_redis_pair_run_redis(pair, fix));
  add_members(fix, "SREM", command, ours);
  test_redis_reply *removed = test_redis_pair_run_redis(pair, fix);
  bool agree = removed->kind == TEST_REDIS_INTEGER && (size_t)removed->integer == count;
  test_redis_reply_free(removed);
  free(fix);
  return agree;
}

static bool agree_popped(test_redis_pair *pair, const test_redis_command *command, test_redis_reply *ours,
                         test_redis_reply *theirs) {
  if (ours->kind != theirs->kind || ours->count != theirs->count) return false;
  if (ours->kind == TEST_REDIS_LIST && ours->count == 0) return true;
  if (ours->kind != TEST_REDIS_LIST && ours->kind != TEST_REDIS_BULK) return test_redis_reply_equal(ours, theirs);
  bool is_gone = !test_redis_pair_has(pair, command->words[1], command->lens[1]);
  if (!is_gone) return pop_alike(pair, command, ours, theirs);
  test_redis_reply_sort(ours, 1);
  test_redis_reply_sort(theirs, 1);
  return test_redis_reply_equal(ours, theirs);
}

/* ---- Scans ------------------------------------------------------------------------------------------------- */

static void drop_repeated(test_redis_reply *reply, size_t width) {
  size_t kept = 0;
  for (size_t i = 0; i + width <= reply->count; i += width) {
    bool repeated = kept > 0 && test_redis_reply_equal(reply->items[kept - width], reply->items[i]);
    for (size_t j = 0; j < width; j++) {
      if (repeated)
        test_redis_reply_free(reply->items[i + j]);
      else
        reply->items[kept + j] = reply->items[i + j];
    }
    if (!repeated) kept += width;
  }
  reply->count = kept;
}

/* Goes on from a first reply [cursor, elements] until the cursor is 0; the elements sorted, each once. NULL if a reply is
 * not of that shape or the iteration does not end. */
static test_redis_reply *scan_all(test_redis_pair *pair, bool of_medley, const test_redis_command *command,
                                  const test_redis_reply *first) {
  size_t cursor_index = test_redis_command_is(command, "SCAN") ? 1 : 2;
  test_redis_command *next = test_redis_reply_must(malloc(sizeof *next));
  test_redis_reply *all = test_redis_reply_new(TEST_REDIS_LIST), *reply = NULL;
  bool done = false;
  for (int step = 0; step < SCAN_STEPS_MAX && !done; step++) {
    const test_redis_reply *present = step == 0 ? first : reply;
    if (present->kind != TEST_REDIS_LIST || present->count != 2 || present->items[0]->kind != TEST_REDIS_BULK) break;
    test_redis_reply *elements = present->items[1];
    for (size_t i = 0; i < elements->count; i++) {
      const test_redis_reply *element = elements->items[i];
      test_redis_reply_append(all, test_redis_reply_text(element->kind, element->bytes, element->len));
    }
    done = strcmp(present->items[0]->bytes, "0") == 0;
    if (done) break;
    test_redis_command_clear(next);
    for (size_t i = 0; i < command->count; i++) {
      if (i == cursor_index)
        test_redis_command_add(next, present->items[0]->bytes, present->items[0]->len);
      else
        test_redis_command_add(next, command->words[i], command->lens[i]);
    }
    test_redis_reply_free(reply);
    reply = of_medley ? test_redis_pair_run_medley(pair, next) : test_redis_pair_run_redis(pair, next);
  }
  test_redis_reply_free(reply);
  free(next);
  if (!done) {
    test_redis_reply_free(all);
    return NULL;
  }
  test_redis_reply_sort(all, sort_width(command->way));
  drop_repeated(all, sort_width(command->way));
  return all;
}

static bool agree_scan(test_redis_pair *pair, const test_redis_command *command, test_redis_reply **ours,
                       test_redis_reply **theirs) {
  size_t cursor_index = test_redis_command_is(command, "SCAN") ? 1 : 2;
  if ((*ours)->kind != (*theirs)->kind) return false;
  if ((*ours)->kind != TEST_REDIS_LIST) return test_redis_reply_equal(*ours, *theirs);
  bool from_start =
      cursor_index < command->count && command->lens[cursor_index] == 1 && command->words[cursor_index][0] == '0';
  if (!from_start) return true; /* a cursor that nobody gave out: any answer of that shape */
  test_redis_reply *all_medley = scan_all(pair, true, command, *ours),
                   *all_redis = scan_all(pair, false, command, *theirs);
  if (all_medley == NULL || all_redis == NULL) {
    test_redis_reply_free(all_medley);
    test_redis_reply_free(all_redis);
    return false;
  }
  test_redis_reply_free(*ours);
  test_redis_reply_free(*theirs);
  *ours = all_medley;
  *theirs = all_redis;
  return test_redis_reply_equal(*ours, *theirs);
}

/* ---- Public function --------------------------------------------------------------------------------------- */

static bool agree_in_its_way(test_redis_pair *pair, const test_redis_command *command, test_redis_reply **ours,
                             test_redis_reply **theirs) {
  switch (command->way) {
    case TEST_REDIS_ABOUT: return agree_about(command, *ours, *theirs);
    case TEST_REDIS_KEY_COUNT: return agree_count(pair, command, ours, theirs);
    case TEST_REDIS_RANDOM_KEY: return agree_random_key(pair, *ours, *theirs);
    case TEST_REDIS_RANDOM_MEMBERS:
    case TEST_REDIS_RANDOM_FIELDS:
    case TEST_REDIS_RANDOM_SCORED: return agree_random_elements(pair, command, *ours, *theirs);
    case TEST_REDIS_POPPED_MEMBERS: return agree_popped(pair, command, *ours, *theirs);
    case TEST_REDIS_SCAN:
    case TEST_REDIS_SCAN_PAIRS: return agree_scan(pair, command, ours, theirs);
    default: sort_both(*ours, *theirs, command->way); return test_redis_reply_equal(*ours, *theirs);
  }
}

/* SORT of redis-server 7.0 looks at errno without having set it to 0: an overflow in any earlier command makes it refuse
 * numbers. Reading a cursor sets errno to 0. */
static void clear_server_errno(test_redis_pair *pair, const test_redis_command *command) {
  if (pair->in_multi || !(test_redis_command_is(command, "SORT") || test_redis_command_is(command, "SORT_RO"))) return;
  test_redis_reply_free(test_redis_pair_ask(pair, false, (const char *const[]){"SCAN", "0", "COUNT", "1", NULL}));
}

void test_redis_judge_run(test_redis_pair *pair, const test_redis_command *command, test_redis_reply **ours,
                          test_redis_reply **theirs, bool *agree) {
  *ours = test_redis_pair_run_medley(pair, command);
  clear_server_errno(pair, command);
  *theirs = test_redis_pair_run_redis(pair, command);
  if (test_redis_command_is(command, "EXEC"))
    *agree = agree_exec(pair, *ours, *theirs);
  else if (pair->in_multi)
    *agree = test_redis_reply_equal(*ours, *theirs);
  else
    *agree = agree_in_its_way(pair, command, ours, theirs);
}
