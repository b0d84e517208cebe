/* redis.c - runs a JSON file of Redis commands and their expected replies against Medley.
 *
 *   redis FILE.json [--version 7.0.15]
 *
 * redis_entries.h describes the file. Each entry begins with an empty database and a session of its own. Ends with
 * `N passed, N failed`, counted in entries; each entry that fails is named with its command. */
#include <stdlib.h>
#include <string.h>

#include "tests/conformance/redis_entries.h"

#define VERSION_DEFAULT "7.0.15"

typedef struct target_state {
  medley *db;
  medley_session *session;
} target_state;

static bool begin_entry(void *context) {
  target_state *state = context;
  medley_error error;
  const char *words[] = {"FLUSHALL"};
  const size_t lens[] = {8};
  if (medley_session_close(state->session) != MEDLEY_OK) return false;
  state->session = NULL;
  if (medley_session_open(state->db, &state->session, &error) != MEDLEY_OK) {
    printf("the session cannot be opened: %s\n", error.message);
    return false;
  }
  if (medley_command(state->session, 1, words, lens, NULL) == MEDLEY_OK) return true;
  printf("FLUSHALL failed: %s\n", medley_session_error(state->session)->message);
  return false;
}

static test_redis_reply *run_command(void *context, size_t count, const char *const *words, const size_t *lens) {
  target_state *state = context;
  return test_redis_reply_run(state->session, count, words, lens);
}

int main(int argc, char **argv) {
  const char *version = VERSION_DEFAULT;
  if (argc == 4 && strcmp(argv[2], "--version") == 0) {
    version = argv[3];
  } else if (argc != 2) {
    fprintf(stderr, "usage: redis FILE.json [--version %s]\n", VERSION_DEFAULT);
    return 2;
  }
  target_state state = {0};
  test_redis_target target = {.context = &state, .begin = begin_entry, .run = run_command};
  test_redis_counts counts = {0};
  medley_options options;
  medley_error error;
  medley_options_init(&options);
  options.flags |= MEDLEY_OPEN_MEMORY;
  if (medley_open(NULL, &options, &state.db, &error) != MEDLEY_OK) {
    fprintf(stderr, "the database cannot be opened: %s\n", error.message);
    return 2;
  }
  test_redis_entries_run(argv[1], version, &target, &counts);
  if (medley_session_close(state.session) != MEDLEY_OK || medley_close(state.db) != MEDLEY_OK) counts.failed++;
  if (counts.skipped > 0) printf("%zu skipped: marked so, or newer than %s\n", counts.skipped, version);
  printf("%zu passed, %zu failed\n", counts.passed, counts.failed);
  return counts.failed == 0 && counts.passed > 0 ? 0 : 1;
}
