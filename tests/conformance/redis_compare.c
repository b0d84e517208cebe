/* redis_compare.c - the same random commands to Medley and to a real redis-server, every reply compared.
 *
 *   redis_compare [--seed N] [--count N] [--failures N] [--print-from N]
 *   redis_compare --entries FILE.json      checks a file for `redis` against the real server instead
 *
 * Two clients take turns, so that WATCH has something to see. Whole states are compared now and then and at the end.
 * After a difference both sides are emptied, so that it is counted once. Without redis-server: says so, exit code 77. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "tests/conformance/redis_differences.h"
#include "tests/conformance/redis_entries.h"
#include "tests/conformance/redis_judge.h"

#define COUNT_DEFAULT 100000
#define FAILURES_SHOWN_DEFAULT 20
#define STATE_INTERVAL 2000
#define STATE_TOLERANCE_MS 5000
#define EXIT_SKIPPED 77

typedef struct comparison {
  medley *db;
  test_redis_server server;
  test_redis_pair clients[2], observer;
  test_redis_random random;
  test_redis_command command;
  uint64_t seed;
  size_t index, count; /* of commands */
  size_t passed, failed, failures_shown;
  size_t print_from; /* commands from this one on are printed */
  size_t allowed[TEST_REDIS_RULE_COUNT];
} comparison;

/* ---- Reporting --------------------------------------------------------------------------------------------- */

static void print_command(const test_redis_command *command) {
  test_redis_reply_print_words(stdout, command->count, command->words, command->lens);
}

static void report(comparison *run, const test_redis_reply *ours, const test_redis_reply *theirs) {
  run->failed++;
  if (run->failed > run->failures_shown) return;
  printf("seed %" PRIu64 ", command %zu: ", run->seed, run->index);
  print_command(&run->command);
  printf("\n  redis:  ");
  if (theirs != NULL) test_redis_reply_print(stdout, theirs);
  printf("\n  medley: ");
  if (ours != NULL) test_redis_reply_print(stdout, ours);
  printf("\n");
  fflush(stdout);
}

static void forget_watches(test_redis_pair *client) {
  test_redis_reply_free(client->watched_absent);
  client->watched_absent = NULL;
}

/* ---- States ------------------------------------------------------------------------------------------------ */

static void empty_both(comparison *run) {
  for (size_t i = 0; i < 2; i++) {
    test_redis_pair *client = &run->clients[i];
    if (client->in_multi) test_redis_pair_tell_both(client, (const char *const[]){"DISCARD", NULL});
    client->in_multi = false;
    client->queued_count = 0;
    forget_watches(client);
    test_redis_pair_tell_both(client, (const char *const[]){"UNWATCH", NULL});
    test_redis_pair_tell_both(client, (const char *const[]){"SELECT", "0", NULL});
    snprintf(client->database, sizeof client->database, "0");
  }
  test_redis_pair_tell_both(&run->observer, (const char *const[]){"FLUSHALL", NULL});
}

static void compare_states(comparison *run) {
  test_redis_reply *ours = test_redis_pair_state(&run->observer, true);
  test_redis_reply *theirs = test_redis_pair_state(&run->observer, false);
  const test_redis_reply *medley_key = NULL, *redis_key = NULL;
  if (!test_redis_states_equal(ours, theirs, STATE_TOLERANCE_MS, &medley_key, &redis_key)) {
    test_redis_command_clear(&run->command);
    test_redis_command_add_text(&run->command, "(the states after it: database, key, type, expiry, content)");
    report(run, medley_key, redis_key);
    empty_both(run);
  }
  test_redis_reply_free(ours);
  test_redis_reply_free(theirs);
}

/* ---- One command ------------------------------------------------------------------------------------------- */

static void make_simple(comparison *run, const char *name) {
  test_redis_command_clear(&run->command);
  test_redis_command_add_text(&run->command, name);
}

static void make_watch(comparison *run) {
  char key[8];
  make_simple(run, "WATCH");
  size_t count = 1 + (size_t)test_redis_random_below(&run->random, 3);
  for (size_t i = 0; i < count; i++) {
    snprintf(key, sizeof key, "%c%d", "shltz"[test_redis_random_below(&run->random, 5)],
             (int)test_redis_random_below(&run->random, 4));
    test_redis_command_add_text(&run->command, key);
  }
}

/* In MULTI: mostly commands that will succeed, sometimes one that is refused at once, and in the end EXEC or DISCARD. */
static void make_in_multi(comparison *run) {
  uint64_t dice = test_redis_random_below(&run->random, 100);
  if (dice < 16)
    make_simple(run, "EXEC");
  else if (dice < 19)
    make_simple(run, "DISCARD");
  else if (dice < 20)
    make_simple(run, "MULTI");
  else if (dice < 21)
    make_watch(run);
  else if (dice < 22)
    make_simple(run, "GET");
  else
    test_redis_random_command(&run->random, true, &run->command);
}

static void make_command(comparison *run, const test_redis_pair *client) {
  if (client->in_multi) {
    make_in_multi(run);
    return;
  }
  uint64_t dice = test_redis_random_below(&run->random, 1000);
  if (dice < 25)
    make_simple(run, "MULTI");
  else if (dice < 45)
    make_watch(run);
  else if (dice < 48)
    make_simple(run, "UNWATCH");
  else if (dice < 50)
    make_simple(run, "EXEC");
  else if (dice < 52)
    make_simple(run, "DISCARD");
  else
    test_redis_random_command(&run->random, false, &run->command);
}

static void remember_watches(test_redis_pair *client, const test_redis_command *command) {
  if (client->watched_absent == NULL) client->watched_absent = test_redis_reply_new(TEST_REDIS_LIST);
  for (size_t i = 1; i < command->count; i++) {
    if (test_redis_pair_has(client, command->words[i], command->lens[i])) continue;
    const char *database = client->database;
    test_redis_reply_append(client->watched_absent, test_redis_reply_text(TEST_REDIS_BULK, database, strlen(database)));
    test_redis_reply_append(client->watched_absent,
                            test_redis_reply_text(TEST_REDIS_BULK, command->words[i], command->lens[i]));
  }
}

static void select_on_server(test_redis_pair *client, const char *database) {
  test_redis_reply_free(test_redis_pair_ask(client, false, (const char *const[]){"SELECT", database, NULL}));
}

static bool is_absent_again(test_redis_pair *client) {
  bool absent = false;
  for (size_t i = 0; client->watched_absent != NULL && i < client->watched_absent->count; i += 2) {
    const test_redis_reply *key = client->watched_absent->items[i + 1];
    select_on_server(client, client->watched_absent->items[i]->bytes);
    absent = absent || !test_redis_pair_has(client, key->bytes, key->len);
  }
  select_on_server(client, client->database);
  return absent;
}

/* Keeps the client's queue and watches in step with what the server said. */
static void follow(test_redis_pair *client, const test_redis_command *command, const test_redis_reply *theirs) {
  bool ok = theirs->kind != TEST_REDIS_ERROR;
  if (!client->in_multi) {
    client->in_multi = ok && test_redis_command_is(command, "MULTI");
    if (ok && test_redis_command_is(command, "WATCH")) remember_watches(client, command);
    if (ok && test_redis_command_is(command, "UNWATCH")) forget_watches(client);
    if (ok && test_redis_command_is(command, "SELECT")) {
      snprintf(client->database, sizeof client->database, "%.*s", (int)command->lens[1], command->words[1]);
    }
  } else if (test_redis_command_is(command, "EXEC") || test_redis_command_is(command, "DISCARD")) {
    client->in_multi = false;
    client->queued_count = 0;
    forget_watches(client);
  } else if (ok && client->queued_count < TEST_REDIS_QUEUE_MAX) {
    client->queued[client->queued_count++] = command->way;
  }
}

static bool first_key_is_set(comparison *run, test_redis_pair *client) {
  if (client->in_multi || run->command.count < 2) return false;
  test_redis_reply *type =
      test_redis_pair_ask_key(client, false, "TYPE", run->command.words[1], run->command.lens[1], NULL);
  bool is_set = type->bytes != NULL && strcmp(type->bytes, "set") == 0;
  test_redis_reply_free(type);
  return is_set;
}

/* A range by name of a sorted set whose scores differ is not specified: Redis's answer depends on how the set is stored. */
static bool is_unspecified(test_redis_pair *client, const test_redis_command *command) {
  static const char *const all[] = {"0", "-1", "WITHSCORES", NULL};
  bool by_name = test_redis_command_has(command, "BYLEX") || test_redis_command_is(command, "ZLEXCOUNT") ||
                 test_redis_command_is(command, "ZRANGEBYLEX") || test_redis_command_is(command, "ZREVRANGEBYLEX") ||
                 test_redis_command_is(command, "ZREMRANGEBYLEX");
  size_t key_index = test_redis_command_is(command, "ZRANGESTORE") ? 2 : 1;
  if (!by_name || client->in_multi || command->count <= key_index) return false;
  test_redis_reply *scored =
      test_redis_pair_ask_key(client, false, "ZRANGE", command->words[key_index], command->lens[key_index], all);
  bool differ = false;
  for (size_t i = 3; i < scored->count; i += 2) differ |= !test_redis_reply_equal(scored->items[1], scored->items[i]);
  test_redis_reply_free(scored);
  return differ;
}

/* A failed EXEC must have left Medley as it was; before: its state then. The server went on, so both are emptied. */
static void check_rolled_back(comparison *run, const test_redis_reply *before) {
  const test_redis_reply *key_before = NULL, *key_after = NULL;
  test_redis_reply *after = test_redis_pair_state(&run->observer, true);
  if (!test_redis_states_equal(before, after, 0, &key_before, &key_after)) {
    test_redis_command_clear(&run->command);
    test_redis_command_add_text(&run->command,
                                "(a failed EXEC changed Medley; shown as redis: before, as medley: after)");
    report(run, key_after, key_before);
  }
  test_redis_reply_free(after);
  empty_both(run);
}

static void run_command(comparison *run) {
  test_redis_pair *client = &run->clients[test_redis_random_chance(&run->random, 25)];
  test_redis_reply *ours, *theirs, *before = NULL;
  bool agree;
  do make_command(run, client);
  while (is_unspecified(client, &run->command));
  if (run->index >= run->print_from) {
    printf("%zu, client %d: ", run->index, client == &run->clients[1]);
    print_command(&run->command);
    printf("\n");
  }
  if (client->in_multi && test_redis_command_is(&run->command, "EXEC"))
    before = test_redis_pair_state(&run->observer, true);
  test_redis_judge_run(client, &run->command, &ours, &theirs, &agree);
  test_redis_rule rule = TEST_REDIS_NO_RULE;
  if (!agree) {
    bool is_exec = test_redis_command_is(&run->command, "EXEC");
    test_redis_circumstances circumstances = {.first_key_is_set = !is_exec && first_key_is_set(run, client),
                                              .watched_absent_again = is_exec && is_absent_again(client)};
    rule = test_redis_difference(&run->command, ours, theirs, circumstances);
  }
  follow(client, &run->command, theirs);
  run->allowed[rule]++;
  if (!agree && rule == TEST_REDIS_NO_RULE) {
    report(run, ours, theirs);
    empty_both(run);
  } else {
    run->passed++;
    if (rule == TEST_REDIS_EXEC_ROLLS_BACK) check_rolled_back(run, before);
    if (rule == TEST_REDIS_NAMED_BUCKET || rule == TEST_REDIS_WATCH_ABSENT_AGAIN) empty_both(run);
  }
  test_redis_reply_free(ours);
  test_redis_reply_free(theirs);
  test_redis_reply_free(before);
}

static bool compare(comparison *run) {
  medley_options options;
  medley_error error;
  medley_options_init(&options);
  options.flags |= MEDLEY_OPEN_MEMORY;
  if (medley_open(NULL, &options, &run->db, &error) != MEDLEY_OK) {
    fprintf(stderr, "the database cannot be opened: %s\n", error.message);
    return false;
  }
  bool ok = test_redis_pair_open(&run->clients[0], run->db, &run->server) &&
            test_redis_pair_open(&run->clients[1], run->db, &run->server) &&
            test_redis_pair_open(&run->observer, run->db, &run->server);
  for (run->index = 1; ok && run->index <= run->count; run->index++) {
    run_command(run);
    if (run->index % STATE_INTERVAL == 0) compare_states(run);
  }
  if (ok) compare_states(run);
  bool closed = test_redis_pair_close(&run->clients[0]) && test_redis_pair_close(&run->clients[1]) &&
                test_redis_pair_close(&run->observer);
  return medley_close(run->db) == MEDLEY_OK && closed && ok;
}

/* ---- Entries against the real server ----------------------------------------------------------------------- */

typedef struct server_target {
  const test_redis_server *server;
  test_redis_connection *connection;
} server_target;

static bool begin_entry(void *context) {
  server_target *state = context;
  test_redis_server_disconnect(state->connection);
  state->connection = test_redis_server_connect(state->server);
  if (state->connection == NULL) return false;
  const char *words[] = {"FLUSHALL"};
  const size_t lens[] = {8};
  test_redis_reply_free(test_redis_server_run(state->connection, 1, words, lens));
  return true;
}

static test_redis_reply *run_entry_command(void *context, size_t count, const char *const *words, const size_t *lens) {
  return test_redis_server_run(((server_target *)context)->connection, count, words, lens);
}

static void check_entries(comparison *run, const char *path) {
  server_target state = {.server = &run->server};
  test_redis_target target = {.context = &state, .begin = begin_entry, .run = run_entry_command};
  test_redis_counts counts = {0};
  test_redis_entries_run(path, "7.0.15", &target, &counts);
  test_redis_server_disconnect(state.connection);
  run->passed = counts.passed;
  run->failed = counts.failed;
}

/* ---- Program ----------------------------------------------------------------------------------------------- */

static bool read_arguments(comparison *run, int argc, char **argv, const char **entries) {
  run->count = COUNT_DEFAULT;
  run->failures_shown = FAILURES_SHOWN_DEFAULT;
  run->print_from = SIZE_MAX;
  for (int i = 1; i < argc; i += 2) {
    if (i + 1 == argc) return false;
    if (strcmp(argv[i], "--seed") == 0)
      run->seed = strtoull(argv[i + 1], NULL, 10);
    else if (strcmp(argv[i], "--count") == 0)
      run->count = strtoull(argv[i + 1], NULL, 10);
    else if (strcmp(argv[i], "--failures") == 0)
      run->failures_shown = strtoull(argv[i + 1], NULL, 10);
    else if (strcmp(argv[i], "--print-from") == 0)
      run->print_from = strtoull(argv[i + 1], NULL, 10);
    else if (strcmp(argv[i], "--entries") == 0)
      *entries = argv[i + 1];
    else
      return false;
  }
  if (run->seed == 0 && getrandom(&run->seed, 4, 0) != 4) run->seed = 1;
  return true;
}

static void print_summary(const comparison *run) {
  printf("seed %" PRIu64 "\n", run->seed);
  for (int i = 1; i < TEST_REDIS_RULE_COUNT; i++) {
    if (run->allowed[i] > 0)
      printf("%zu replies differed as rule %s allows\n", run->allowed[i], test_redis_rule_name((test_redis_rule)i));
  }
}

int main(int argc, char **argv) {
  static comparison run;
  const char *entries = NULL;
  if (!read_arguments(&run, argc, argv, &entries)) {
    fprintf(stderr,
            "usage: redis_compare [--seed N] [--count N] [--failures N] [--print-from N] [--entries FILE.json]\n");
    return 2;
  }
  if (!test_redis_server_start(&run.server)) {
    fprintf(stderr, "SKIPPED: redis-server cannot be started\n");
    return EXIT_SKIPPED;
  }
  test_redis_random_init(&run.random, run.seed);
  if (entries != NULL)
    check_entries(&run, entries);
  else if (!compare(&run))
    run.failed++;
  test_redis_server_stop(&run.server);
  if (entries == NULL) print_summary(&run);
  printf("%zu passed, %zu failed\n", run.passed, run.failed);
  return run.failed == 0 && run.passed > 0 ? 0 : 1;
}
