/* redis_entries.h - files of expected Redis replies, in the format of Redis's compatibility suites.
 *
 * A JSON list of {"name": text, "since": version, "command": [...], "result": [...]}. A command is a text whose words are
 * parted by blanks, or a list of words. With "command_binary": true its \xNN, \\, \", \n, \r, \t, \a and \b stand for
 * bytes. With "sort_result": true lists are compared without regard to order. Entries with "skipped", or "since" a
 * version after the one asked for, are passed over. Unknown fields are ignored.
 * Results: numbers, null, lists, and texts, which stand for a bulk text, a status or an error (with or without ERR). */
#ifndef TEST_REDIS_ENTRIES_H
#define TEST_REDIS_ENTRIES_H

#include "tests/conformance/redis_reply.h"

/* Whatever answers the commands. begin empties it before each entry; run gives one reply. */
typedef struct test_redis_target {
  void *context;
  bool (*begin)(void *context);
  test_redis_reply *(*run)(void *context, size_t count, const char *const *words, const size_t *lens);
} test_redis_target;

typedef struct test_redis_counts {
  size_t passed, failed, skipped;
} test_redis_counts;

/* Runs every entry of the file up to a version such as "7.0.15" and names what fails on stdout. */
void test_redis_entries_run(const char *path, const char *version, const test_redis_target *target,
                            test_redis_counts *counts);

#endif
